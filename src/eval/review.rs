//! What logged runs come to: a fold over their facts, the same for the runs of this session and for all on record.
//!
//! A run comes out in one of six ways ([`crate::model::RunStatus`]); a pass rate is over those that passed, failed, are
//! inconclusive or have no answer. Times and tokens are those of answers that were asked just now: what came from
//! the cache is left out, and so is a demonstration wherever there is anything else. A demonstration never costs
//! anything.
//!
//! What a judge says is no answer: wherever there is one, the runs of judges are left out of everything, and what
//! judging the answers took stands apart from what they took.

mod groups;
mod markdown;
mod ordered;
mod prometheus;
mod report;
mod told;
mod watched;

pub use markdown::{cost, judges, markdown, pass_rate, rate, times, tokens, waits};
pub use prometheus::prometheus;
pub use report::{By, Change, Check, ClassLine, Compared, Line, NOT_COMPARABLE, Point, Rate, Report, Times, Waits};
pub use watched::{Figures, Watched};

use groups::{ByName, Groups};

use crate::{
    eval::figures::millis,
    model::{
        Cost, Spent, Status, StatusCounts, Usage,
        facts::{Ending, Name, Names, RunFacts},
        outcome::Judging,
    },
};

/// Bins of the histogram of stated confidence.
pub const BINS: usize = 10;

/// Seconds of the finest stretch of a trend: a slot.
const SLOT: i64 = 300;

/// What was taken, in the few bytes of which there are many.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sum {
    input: u64,
    output: u64,
    estimated: bool,
    partial: bool,
    cost: Cost,
}

/// Counts of runs of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Group {
    runs: u64,
    counts: StatusCounts,
    /// What those took that are no demonstration.
    sum: Sum,
    /// What those took that are one.
    demo: Sum,
    unpriced: u64,
    /// When the first one started, in seconds since 1970.
    first: i64,
}

/// How often a rule held, and what it measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Marks {
    passed: u64,
    failed: u64,
    inconclusive: u64,
    scored: u64,
    sum: f64,
    /// Scores from 0 to 0.1, to 0.2, and so on; those beyond are in the outermost.
    bins: [u64; BINS],
}

/// What became of the runs that met faults of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Met {
    runs: u64,
    ended: u64,
    answered: u64,
    counts: StatusCounts,
}

/// The tokens and times of answers that were asked just now: of a demonstration, or of the others.
#[derive(Debug, Clone, Default, PartialEq)]
struct Live {
    sum: Sum,
    timed: Vec<Timed>,
}

/// A run of a prompt's version, as it is compared with those of another version.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Case {
    input: i64,
    /// Which of the prompt versions.
    version: u32,
    target: Option<Name>,
    passed: bool,
}

/// The times of one answer, kept once for all that is told of them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Timed {
    slot: u32,
    /// Which of the targets.
    target: u32,
    /// Which of the prompt versions; none is the largest.
    version: u32,
    /// Which of the names its parameters are; none is the largest.
    params: u32,
    /// Milliseconds.
    took: u32,
    /// Milliseconds; no time is the largest.
    first_token: u32,
}

/// What runs come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    names: Names,
    runs: u64,
    cached: u64,
    demo: u64,
    retried: u64,
    attempts: u64,
    fell_back: u64,
    unpriced: u64,
    /// Of the demonstration, and of all else.
    live: [Live; 2],
    checks: ByName<Marks>,
    faults: ByName<Met>,
    /// By provider and model; every run is in one of them.
    targets: Groups,
    /// By prompt and version.
    versions: Groups,
    params: ByName<Group>,
    /// By the slot, ascending.
    slots: Vec<(u32, Group)>,
    /// The runs by which versions are compared.
    cases: Vec<Case>,
    graded: (u64, u64),
    /// What judging took.
    judging: Judging,
    waits: Waits,
    /// The runs of judges, which are told where there are no others.
    judges: Option<Box<Self>>,
}

impl Group {
    fn take(&mut self, facts: &RunFacts) {
        self.count(facts);
        self.spend(facts, facts.spent);
    }

    fn count(&mut self, facts: &RunFacts) {
        if self.runs == 0 || facts.started < self.first {
            self.first = facts.started;
        }
        self.runs += 1;
        self.counts.add(facts.status);
    }

    /// Takes in what a run took of what the group is of.
    fn spend(&mut self, facts: &RunFacts, spent: Spent) {
        if facts.demo {
            self.demo.take(spent);
        } else {
            self.sum.take(spent);
            self.unpriced += u64::from(spent.cost == Cost::Unknown);
        }
    }

    fn join(&mut self, other: Self) {
        if other.runs > 0 {
            self.first = if self.runs == 0 { other.first } else { self.first.min(other.first) };
        }
        self.runs += other.runs;
        self.counts.join(other.counts);
        self.sum.take(other.sum.spent());
        self.demo.take(other.demo.spent());
        self.unpriced += other.unpriced;
    }

    /// Returns what its runs took: those of a demonstration where there are no others at all.
    fn spent(&self, is_demo: bool) -> Spent {
        if is_demo { self.demo.spent() } else { self.sum.spent() }
    }
}

impl Default for Sum {
    fn default() -> Self {
        Self { input: 0, output: 0, estimated: false, partial: false, cost: Cost::NOTHING }
    }
}

impl Sum {
    fn take(&mut self, Spent { usage, cost }: Spent) {
        self.input = self.input.saturating_add(usage.total_input().unwrap_or(0));
        self.output = self.output.saturating_add(usage.total_output().unwrap_or(0));
        self.estimated |= usage.estimated;
        self.partial |= usage.partial;
        self.cost = self.cost.plus(cost);
    }

    fn spent(&self) -> Spent {
        let Self { input, output, estimated, partial, cost } = *self;
        let usage = Usage { input: Some(input), output: Some(output), estimated, partial, ..Usage::default() };
        Spent { usage, cost }
    }
}

impl Marks {
    fn take(&mut self, status: Status, score: Option<f64>) {
        match status {
            Status::Passed => self.passed += 1,
            Status::Failed => self.failed += 1,
            Status::Inconclusive => self.inconclusive += 1,
        }
        // What is no number would be none in every mean.
        if let Some(score) = score.filter(|score| score.is_finite()) {
            self.scored += 1;
            self.sum += score;
            let bin = ((score * BINS as f64) as usize).min(BINS - 1);
            if let Some(count) = self.bins.get_mut(bin) {
                *count += 1;
            }
        }
    }
}

impl Review {
    /// The names that facts are told in.
    pub fn names_mut(&mut self) -> &mut Names {
        &mut self.names
    }

    /// Takes over the names of facts that were taken in; numbers that were given stay as they are.
    #[must_use]
    pub fn named(self, names: Names) -> Self {
        Self { names, ..self }
    }

    /// Takes a run in. Its names are numbered by [`Review::names_mut`], or by those [`Review::named`] brings.
    pub fn take(&mut self, facts: &RunFacts) {
        if facts.judge {
            self.judges.get_or_insert_default().fold(facts);
        } else {
            self.fold(facts);
        }
    }

    fn fold(&mut self, facts: &RunFacts) {
        let live = !facts.cached;
        let answered = facts.end == Ending::Done;
        self.runs += 1;
        self.cached += u64::from(facts.cached);
        self.demo += u64::from(facts.demo);
        self.retried += u64::from(facts.attempts > 1);
        self.attempts += u64::from(facts.attempts);
        self.fell_back += u64::from(facts.fell_back);
        self.unpriced += u64::from(!facts.demo && facts.spent.cost == Cost::Unknown);
        if let Some(right) = facts.right {
            self.graded.0 += 1;
            self.graded.1 += u64::from(right);
        }
        let slot = u32::try_from(facts.started.div_euclid(SLOT)).unwrap_or_default();
        self.take_at(slot, facts);
        self.judging = self.judging.plus(facts.judging.unwrap_or_default());
        let target = self.take_target(facts);
        let version = facts
            .prompt
            .and(facts.version)
            .map_or(u32::MAX, |_| self.versions.take((facts.prompt, facts.version), facts));
        if let Some(params) = facts.params {
            self.params.change(params, |own| own.take(facts));
        }
        if let (Some(input), Some(passed)) = (facts.input, facts.compared.filter(|_| version != u32::MAX)) {
            self.cases.push(Case { input, version, target: facts.target, passed });
        }
        for (rule, status, score) in &facts.marks {
            self.checks.change(*rule, |own| own.take(*status, *score));
        }
        for fault in &facts.faults {
            self.faults.change(*fault, |met| {
                met.runs += 1;
                met.ended += u64::from(facts.class == Some(*fault));
                met.answered += u64::from(answered);
                met.counts.add(facts.status);
            });
        }
        if !live {
            return;
        }
        let [others, demo] = &mut self.live;
        let own = if facts.demo { demo } else { others };
        own.sum.take(facts.spent);
        self.waits.take(facts.waited);
        if let Some(took) = facts.took.filter(|_| answered) {
            let (took, first_token) = (millis(took), facts.first_token.map_or(u32::MAX, millis));
            let params = facts.params.map_or(u32::MAX, |name| u32::try_from(name.place()).unwrap_or(u32::MAX));
            own.timed.push(Timed { slot, target, version, params, took, first_token });
        }
    }

    /// Counts a run at the target that answered it, or was asked last, and what it took at those that took it.
    /// Returns the place of the first.
    fn take_target(&mut self, facts: &RunFacts) -> u32 {
        let own = (facts.provider, facts.model);
        if facts.by_target.is_empty() {
            return self.targets.take(own, facts);
        }
        for other in &facts.by_target {
            self.targets.change((other.provider, other.model), |group| group.spend(facts, other.spent));
        }
        self.targets.change(own, |group| group.count(facts))
    }

    /// Takes a run into its slot. Runs come mostly in the order of their slots.
    fn take_at(&mut self, slot: u32, facts: &RunFacts) {
        let place = match self.slots.last() {
            Some((last, _)) if *last == slot => self.slots.len() - 1,
            Some((last, _)) if *last > slot => self.slots.partition_point(|(known, _)| *known < slot),
            _ => self.slots.len(),
        };
        if self.slots.get(place).is_none_or(|(known, _)| *known != slot) {
            self.slots.insert(place, (slot, Group::default()));
        }
        if let Some((_, group)) = self.slots.get_mut(place) {
            group.take(facts);
        }
    }
}

#[cfg(test)]
mod tests;
