//! What a batch may use: an estimate before the first call, the burn-down during it, and when it has to pause.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::model::{
    Cost, PicoDollars, Price, Spent, Usage,
    batch::{BatchLimits, Cap, Cell},
    outcome::Judging,
};

/// Cells that must have ended before a projection is believed: fewer say too little of the rest.
pub const ENOUGH: u64 = 5;

/// What a batch has used, and what it will have used in the end if it goes on like this.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchBudget {
    /// What may be used.
    pub caps: BatchLimits,
    /// Cells in all, if that is known.
    pub total: Option<u64>,
    /// Cells that ended now, failures included.
    pub done: u64,
    /// Cells that were answered before.
    pub kept: u64,
    /// Cells that were answered before, those that are still to be met among them.
    met_later: u64,
    /// Tokens in and out, those of judges and of earlier runs of the batch as well, as far as they are known;
    /// those of cached answers left out.
    pub tokens: u64,
    /// The sum of all costs that are known or bounded from below, likewise.
    pub cost: PicoDollars,
    /// Cells that earlier runs had answered, and what they took is known by.
    measured: u64,
    /// The tokens and the cost that earlier runs took for cells without an answer: no measure of the rest.
    lost: (u64, PicoDollars),
    /// Cells whose cost is not known.
    pub unpriced: u64,
    /// What all that is made of: the answers' part.
    pub answers: Spent,
    /// The judges' part.
    pub judging: Judging,
    began: Instant,
    /// Time of pauses that are over.
    rested: Duration,
    paused: Option<Instant>,
}

impl BatchBudget {
    /// Begins with nothing used.
    #[must_use]
    pub fn new(caps: BatchLimits, total: Option<u64>, now: Instant) -> Self {
        Self {
            caps,
            total,
            done: 0,
            kept: 0,
            met_later: 0,
            tokens: 0,
            cost: PicoDollars(0),
            measured: 0,
            lost: (0, PicoDollars(0)),
            unpriced: 0,
            answers: Spent::default(),
            judging: Judging::default(),
            began: now,
            rested: Duration::ZERO,
            paused: None,
        }
    }

    /// Begins a run of the batch with what it holds of earlier ones.
    pub(crate) fn begun(self, caps: BatchLimits, total: Option<u64>, now: Instant) -> Self {
        Self { caps, total, began: now, ..self }
    }

    /// Takes in a cell that has ended.
    pub fn take(&mut self, cell: &Cell) {
        self.done += 1;
        self.spend(cell);
    }

    /// Takes in what earlier runs of the batch took for cells: it counts towards the caps, and answered cells
    /// are a measure of those to come.
    pub fn before<'a>(&mut self, cells: impl IntoIterator<Item = &'a Cell>) {
        for cell in cells {
            let (tokens, cost) = (self.tokens, self.cost);
            self.spend(cell);
            if cell.answered() {
                self.measured += 1;
            } else {
                self.lost.0 = self.lost.0.saturating_add(self.tokens - tokens);
                self.lost.1.0 = self.lost.1.0.saturating_add(self.cost.0 - cost.0);
            }
        }
    }

    fn spend(&mut self, cell: &Cell) {
        let (own, judging) = (cell.spent(), cell.judging.unwrap_or_default());
        let unknown = cell.cost == Cost::Unknown || judging.cost == Cost::Unknown;
        self.unpriced += u64::from(unknown && cell.answered());
        let cost = cell.cost_with_judges().amount().unwrap_or_default();
        self.cost.0 = self.cost.0.saturating_add(cost.0);
        self.tokens = self.tokens.saturating_add(own.tokens()).saturating_add(judging.tokens);
        (self.answers, self.judging) = (self.answers.plus(own), self.judging.plus(judging));
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
        let kept = self.kept.max(self.met_later);
        self.total.map(|total| total.saturating_sub(self.done.saturating_add(kept)))
    }

    /// Notes that so many cells were answered before and will be met: they are not still to be asked.
    pub fn expect(&mut self, kept: u64) {
        self.met_later = kept;
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
        self.projected(self.cost.0, self.lost.1.0).map(PicoDollars)
    }

    /// Returns the tokens the whole will have taken, likewise.
    #[must_use]
    pub fn projected_tokens(&self) -> Option<u64> {
        self.projected(self.tokens, self.lost.0)
    }

    fn projected(&self, spent: u64, lost: u64) -> Option<u64> {
        let cells = self.done.saturating_add(self.measured);
        if cells < ENOUGH {
            return None;
        }
        let each = spent.saturating_sub(lost) as f64 / cells as f64;
        Some(spent.saturating_add((each * self.left()? as f64).round() as u64))
    }

    /// Returns the time until the cap on time is reached, if there is one.
    #[must_use]
    pub fn deadline(&self, now: Instant) -> Option<Duration> {
        self.caps.time.map(|most| most.saturating_sub(self.elapsed(now)))
    }

    /// Says which cap on money or tokens is reached, or will be by the projection; none while there is room.
    #[must_use]
    pub fn passed(&self) -> Option<(Cap, String)> {
        let BatchLimits { cost, tokens, time: _ } = self.caps;
        if let Some(dollars) = cost {
            let most = PicoDollars((dollars * 1e12).round().max(0.0) as u64);
            if self.cost >= most {
                return Some((Cap::Cost, format!("{} is spent, and the cap is {most}", self.cost)));
            }
            if let Some(projected) = self.projected_cost().filter(|projected| *projected > most) {
                return Some((Cap::Cost, format!("the projection of {projected} passes the cap of {most}")));
            }
        }
        if let Some(most) = tokens {
            if self.tokens >= most {
                return Some((Cap::Tokens, format!("{} tokens are used, and the cap is {most}", self.tokens)));
            }
            if let Some(projected) = self.projected_tokens().filter(|projected| *projected > most) {
                let why = format!("the projection of {projected} tokens passes the cap of {most}");
                return Some((Cap::Tokens, why));
            }
        }
        None
    }

    /// Says that the cap on time is reached; none while there is some left.
    #[must_use]
    pub fn time_is_up(&self, now: Instant) -> Option<(Cap, String)> {
        let most = self.caps.time?;
        (self.elapsed(now) >= most).then(|| (Cap::Time, format!("the cap of {most:?} on time is reached")))
    }
}

/// A number that is not known yet, from the least to the most that is likely.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Halves its cost: what the providers' batch APIs ask for.
    #[must_use]
    pub fn at_half_price(&self) -> Self {
        let half = |amount: PicoDollars| PicoDollars(amount.0.div_ceil(2));
        let Span { low, expected, high } = self.cost;
        Self { cost: Span { low: half(low), expected: half(expected), high: half(high) }, ..*self }
    }

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
    use crate::model::{CellIndex, RunId, RunStatus};

    fn cell(cost: Cost, tokens: u64) -> Cell {
        Cell {
            place: CellIndex::default(),
            run: RunId(uuid::Uuid::nil()),
            end: "done".to_owned(),
            status: RunStatus::Unchecked,
            cut_off: false,
            score: None,
            class: None,
            cached: false,
            batched: false,
            tokens: Some(tokens),
            cost,
            judging: None,
            took: Duration::from_secs(1),
            tokens_estimated: false,
            failed: Vec::new(),
            reason: None,
            tokens_partial: false,
            cache_saving: None,
            modalities: crate::model::ModalityTokens::default(),
            by_target: Vec::new(),
            waited: Duration::ZERO,
            summary: String::new(),
        }
    }

    fn known(pico: u64) -> Cost {
        Cost::Known(PicoDollars(pico))
    }

    fn judging(cost: Cost) -> Judging {
        Judging { cost, tokens: 3, ..Judging::default() }
    }

    const NONE: BatchLimits = BatchLimits { cost: None, tokens: None, time: None };

    #[test]
    fn what_is_used_is_summed_up_with_what_judges_took_and_without_what_was_cached() {
        let mut budget = BatchBudget::new(NONE, Some(10), Instant::now());
        budget.take(&cell(known(5), 7));
        budget.take(&Cell { cached: true, ..cell(known(0), 9) });
        budget.take(&Cell { judging: Some(judging(known(2))), cached: true, ..cell(known(1), 9) });
        budget.take(&cell(Cost::Unknown, 1));
        budget.take(&Cell { judging: Some(judging(Cost::Unknown)), ..cell(known(1), 1) });
        budget.take(&Cell { end: "failed".to_owned(), tokens: None, ..cell(Cost::Unknown, 0) });
        budget.keep();
        assert_eq!((budget.done, budget.kept, budget.left()), (6, 1, Some(3)));
        assert_eq!((budget.tokens, budget.cost, budget.unpriced), (15, PicoDollars(9), 2));
    }

    #[test]
    fn what_earlier_runs_took_is_spent_and_their_answers_measure_the_rest() {
        let caps = BatchLimits { cost: Some(250e-12), tokens: Some(90), time: None };
        let mut budget = BatchBudget::new(caps, Some(20), Instant::now());
        budget.before([&cell(known(100), 30), &Cell { end: "cancelled".to_owned(), ..cell(Cost::Unknown, 3) }]);
        assert_eq!((budget.done, budget.cost, budget.tokens, budget.unpriced), (0, PicoDollars(100), 33, 0));
        budget.keep();
        (1..ENOUGH).for_each(|_| budget.take(&cell(known(10), 3)));
        assert_eq!((budget.cost, budget.tokens, budget.left()), (PicoDollars(140), 45, Some(15)));
        // Five cells took 28 and 8.4 each.
        assert_eq!((budget.projected_cost(), budget.projected_tokens()), (Some(PicoDollars(560)), Some(171)));
        assert!(budget.passed().is_some_and(|(_, why)| why.contains("projection")), "{budget:?}");
        (0..11).for_each(|_| budget.take(&cell(known(10), 3)));
        assert!(budget.passed().is_some_and(|(_, why)| why.contains("is spent")), "{budget:?}");
    }

    #[test]
    fn a_projection_takes_the_mean_for_the_rest_once_enough_have_ended() {
        let start = Instant::now();
        let mut budget = BatchBudget::new(NONE, Some(20), start);
        for done in 0..ENOUGH {
            assert_eq!((budget.done, budget.projected_cost(), budget.projected_tokens()), (done, None, None));
            budget.take(&cell(known(10), 3));
        }
        for _ in 0..5 {
            budget.keep();
        }
        assert_eq!((budget.projected_cost(), budget.projected_tokens()), (Some(PicoDollars(150)), Some(45)));
        let later = start + Duration::from_secs(10);
        assert_eq!((budget.rate(later), budget.time_left(later)), (Some(0.5), Some(Duration::from_secs(20))));
        assert_eq!((budget.rate(start), budget.time_left(start)), (None, None));
        budget.total = None;
        assert_eq!((budget.left(), budget.projected_cost(), budget.time_left(later)), (None, None, None));
    }

    #[test]
    fn pauses_are_left_out_of_the_time() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let caps = BatchLimits { time: Some(Duration::from_secs(20)), ..NONE };
        let mut budget = BatchBudget::new(caps, None, start);
        budget.pause(at(10));
        budget.pause(at(15));
        assert_eq!(budget.elapsed(at(100)), Duration::from_secs(10));
        budget.resume(at(100));
        budget.resume(at(105));
        assert_eq!(budget.elapsed(at(107)), Duration::from_secs(17));
        assert_eq!((budget.deadline(at(107)), budget.time_is_up(at(107))), (Some(Duration::from_secs(3)), None));
        assert_eq!(budget.deadline(at(200)), Some(Duration::ZERO));
        let why = "the cap of 20s on time is reached".to_owned();
        assert_eq!((budget.time_is_up(at(110)), budget.passed()), (Some((Cap::Time, why)), None));
    }

    #[test]
    fn it_says_which_cap_is_passed() {
        let cent = 10_000_000_000;
        for (caps, cells, want) in [
            (NONE, 9, None),
            (BatchLimits { cost: Some(0.02), ..NONE }, 1, None),
            (BatchLimits { cost: Some(0.02), ..NONE }, 2, Some("$0.0200 is spent, and the cap is $0.0200")),
            (BatchLimits { cost: Some(0.0), ..NONE }, 0, Some("$0 is spent, and the cap is $0")),
            (BatchLimits { cost: Some(-1.0), ..NONE }, 0, Some("$0 is spent, and the cap is $0")),
            (BatchLimits { cost: Some(0.99), ..NONE }, 5, Some("the projection of $1.00 passes the cap of $0.9900")),
            (BatchLimits { cost: Some(1.0), ..NONE }, 5, None),
            (BatchLimits { tokens: Some(20), ..NONE }, 2, Some("20 tokens are used, and the cap is 20")),
            (BatchLimits { tokens: Some(999), ..NONE }, 5, Some("the projection of 1000 tokens passes the cap of 999")),
        ] {
            let mut budget = BatchBudget::new(caps, Some(100), Instant::now());
            (0..cells).for_each(|_| budget.take(&cell(known(cent), 10)));
            let why = budget.passed().map(|(_, why)| why);
            assert_eq!(why.as_deref(), want, "{caps:?}, {cells} cells");
        }
    }

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
