//! What a batch will take, estimated before the first call.

use serde::{Deserialize, Serialize};

use crate::model::{PicoDollars, Price, Usage};

/// A number that is not known yet, from the least to the most that is likely.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span<T> {
    /// One in ten is less.
    pub low: T,
    /// Half are less.
    pub expected: T,
    /// One in ten is more.
    pub high: T,
}

/// What a batch will take, added up cell by cell before the first call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Cells.
    pub cells: u64,
    /// Tokens in; always an estimate of ours, from the lengths of the texts.
    pub input: u64,
    /// Tokens out.
    pub output: Span<u64>,
    /// What the priced cells will cost.
    pub cost: Span<PicoDollars>,
    /// Cells whose model has no known price: the cost leaves them out.
    pub unpriced: u64,
    /// Past answers that the lengths of the new ones are taken from; none where they are guessed.
    pub from: u64,
}

impl Estimate {
    /// Adds a cell: its tokens in, those that an answer is likely to have, and its model's price.
    pub fn add(&mut self, input: u64, output: Span<u64>, price: Option<&Price>) {
        self.cells += 1;
        self.input = self.input.saturating_add(input);
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.output.low, output.low);
        add(&mut self.output.expected, output.expected);
        add(&mut self.output.high, output.high);
        if price.is_none() {
            self.unpriced += 1;
        }
        let cost = |output| Usage { input: Some(input), output: Some(output), ..Usage::default() }.cost(price);
        for (sum, output) in [
            (&mut self.cost.low, output.low),
            (&mut self.cost.expected, output.expected),
            (&mut self.cost.high, output.high),
        ] {
            add(&mut sum.0, cost(output).amount().unwrap_or_default().0);
        }
    }

    /// Tells whether its cost says anything: each cell has a known price, or some cost something.
    #[must_use]
    pub fn is_priced(&self) -> bool {
        self.unpriced == 0 || self.cost.high.0 > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_adds_cells_up_and_names_those_without_a_price() {
        let price = Price { input: PicoDollars(2), output: PicoDollars(10), ..Price::default() };
        let (output, mut estimate) = (Span { low: 1, expected: 5, high: 20 }, Estimate::default());
        estimate.add(100, output, None);
        assert!(!estimate.is_priced());
        let free = Price::default();
        let mut mixed = estimate;
        mixed.add(100, output, Some(&free));
        assert!(!mixed.is_priced(), "nothing and unknown is unknown");
        assert_eq!(estimate.cost, Span::default());
        estimate.add(100, output, Some(&price));
        estimate.add(50, output, Some(&price));
        assert!(estimate.is_priced());
        let pico = |low, expected, high| Span {
            low: PicoDollars(low),
            expected: PicoDollars(expected),
            high: PicoDollars(high),
        };
        let output = Span { low: 3, expected: 15, high: 60 };
        let want = Estimate { cells: 3, input: 250, output, cost: pico(320, 400, 700), unpriced: 1, from: 0 };
        assert_eq!(estimate, want);
        estimate.add(u64::MAX, Span { low: u64::MAX, expected: u64::MAX, high: u64::MAX }, Some(&price));
        assert_eq!((estimate.input, estimate.cost), (u64::MAX, pico(u64::MAX, u64::MAX, u64::MAX)));
    }
}
