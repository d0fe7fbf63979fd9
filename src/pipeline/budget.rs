//! What a batch may use: an estimate before, the burn-down during it, and when it has to pause.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::model::{
    Cost, PicoDollars, Price, Usage,
    batch::{Caps, Cell},
};

/// Cells that must have ended before a projection is believed: fewer say too little of the rest.
pub const ENOUGH: u64 = 5;

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

    /// Tells whether no cell has a known price.
    #[must_use]
    pub fn is_unpriced(&self) -> bool {
        self.unpriced == self.cells
    }
}

/// What a batch has used, and what it will have used in the end if it goes on like this.
#[derive(Debug, Clone, PartialEq)]
pub struct Budget {
    /// What may be used.
    pub caps: Caps,
    /// Cells in all, if that is known.
    pub total: Option<u64>,
    /// Cells that ended now, failures included.
    pub done: u64,
    /// Cells that were answered before.
    pub kept: u64,
    /// Tokens in and out, as far as they are known; those of cached answers left out.
    pub tokens: u64,
    /// The sum of all costs that are known or bounded from below.
    pub cost: PicoDollars,
    /// Cells whose cost is not known.
    pub unpriced: u64,
    began: Instant,
    /// Time of pauses that are over.
    rested: Duration,
    paused: Option<Instant>,
}

impl Budget {
    /// Begins with nothing used.
    #[must_use]
    pub fn new(caps: Caps, total: Option<u64>, now: Instant) -> Self {
        Self {
            caps,
            total,
            done: 0,
            kept: 0,
            tokens: 0,
            cost: PicoDollars(0),
            unpriced: 0,
            began: now,
            rested: Duration::ZERO,
            paused: None,
        }
    }

    /// Takes in a cell that has ended.
    pub fn take(&mut self, cell: &Cell) {
        self.done += 1;
        match cell.cost {
            Cost::Unknown if cell.answered() => self.unpriced += 1,
            cost => self.cost = PicoDollars(self.cost.0.saturating_add(cost.amount().unwrap_or_default().0)),
        }
        if !cell.cached {
            self.tokens = self.tokens.saturating_add(cell.tokens.unwrap_or(0));
        }
    }

    /// Takes in a cell that was answered before.
    pub fn keep(&mut self) {
        self.kept += 1;
    }

    /// Notes that it rests from now on.
    pub fn pause(&mut self, now: Instant) {
        self.paused.get_or_insert(now);
    }

    /// Notes that it goes on.
    pub fn resume(&mut self, now: Instant) {
        if let Some(since) = self.paused.take() {
            self.rested += now.saturating_duration_since(since);
        }
    }

    /// Returns how long it has been going, pauses left out.
    #[must_use]
    pub fn elapsed(&self, now: Instant) -> Duration {
        self.paused.unwrap_or(now).saturating_duration_since(self.began).saturating_sub(self.rested)
    }

    /// Returns the cells that are still to end, if the total is known.
    #[must_use]
    pub fn left(&self) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(self.done + self.kept))
    }

    /// Returns cells a second so far.
    #[must_use]
    pub fn rate(&self, now: Instant) -> Option<f64> {
        let seconds = self.elapsed(now).as_secs_f64();
        (self.done > 0 && seconds > 0.0).then(|| self.done as f64 / seconds)
    }

    /// Returns how long the rest takes at this rate.
    #[must_use]
    pub fn time_left(&self, now: Instant) -> Option<Duration> {
        Duration::try_from_secs_f64(self.left()? as f64 / self.rate(now)?).ok()
    }

    /// Returns what the whole will have cost if the rest costs what the cells so far did on average; none
    /// before enough of them have ended.
    #[must_use]
    pub fn projected_cost(&self) -> Option<PicoDollars> {
        self.projected(self.cost.0).map(PicoDollars)
    }

    /// Returns the tokens the whole will have taken, likewise.
    #[must_use]
    pub fn projected_tokens(&self) -> Option<u64> {
        self.projected(self.tokens)
    }

    fn projected(&self, spent: u64) -> Option<u64> {
        if self.done < ENOUGH {
            return None;
        }
        let each = spent as f64 / self.done as f64;
        Some(spent.saturating_add((each * self.left()? as f64).round() as u64))
    }

    /// Returns the time until the cap on time is reached, if there is one.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Duration> {
        self.caps.time.map(|most| most.saturating_sub(self.elapsed(now)))
    }

    /// Says which cap is reached, or will be by the projection; none while there is room.
    #[must_use]
    pub fn passed(&self, now: Instant) -> Option<String> {
        let Caps { cost, tokens, time } = self.caps;
        if let Some(dollars) = cost {
            let most = PicoDollars((dollars * 1e12).round().max(0.0) as u64);
            if self.cost >= most {
                return Some(format!("{} is spent, and the cap is {most}", self.cost));
            }
            if let Some(projected) = self.projected_cost().filter(|projected| *projected > most) {
                return Some(format!("the projection of {projected} passes the cap of {most}"));
            }
        }
        if let Some(most) = tokens {
            if self.tokens >= most {
                return Some(format!("{} tokens are used, and the cap is {most}", self.tokens));
            }
            if let Some(projected) = self.projected_tokens().filter(|projected| *projected > most) {
                return Some(format!("the projection of {projected} tokens passes the cap of {most}"));
            }
        }
        let most = time?;
        (self.elapsed(now) >= most).then(|| format!("the cap of {most:?} on time is reached"))
    }
}
