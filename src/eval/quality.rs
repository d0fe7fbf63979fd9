//! What logged runs come to: a fold over their facts, the same for the runs of this session and for all on record.
//!
//! A run comes out in one of six ways ([`crate::model::RunStatus`]); a pass rate is over those that passed, failed, are
//! inconclusive or have no answer. Times and tokens are those of answers that were asked just now: what came from
//! the cache is left out, and so is a demonstration wherever there is anything else. A demonstration never costs
//! anything.
//!
//! What a judge says is no answer: wherever there is one, the runs of judges are left out of everything, and what
//! judging the answers took stands apart from what they took.
//!
//! Counts by name, found by the name's number without a search.
//!
//! Times in order, so that the ranks of any groups among them are found by counting.

pub(crate) mod build;
pub(crate) mod report;

pub use crate::eval::quality::{
    build::{LiveFigures, Watched},
    report::{
        CheckFigures, ClassLine, GroupBy, GroupRow, JudgeAgreement, NOT_COMPARABLE, QualityReport, Rate, Times,
        TrendPoint, VersionChange, VersionComparison, Waits,
    },
};
use crate::{
    eval::stats::{Confusion, rank, telling_rank},
    model::{
        CacheSaving, Cost, ModalityTokens, Spent, Status, StatusCounts, Usage,
        outcome::Judging,
        run_facts::{EndingWord, Name, Names, RunFacts},
    },
    text::format::millis,
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
    modalities: ModalityTokens,
}

/// Counts of runs of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RunCounts {
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
    /// The graded answers, by how the rule came out and what the person says.
    graded: Confusion,
}

/// What became of the runs that met errors of one class.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Met {
    runs: u64,
    ended: u64,
    answered: u64,
    counts: StatusCounts,
}

/// The tokens and times of answers that were asked just now: of a demonstration, or of the others.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Live {
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
pub(crate) struct Timed {
    slot: u32,
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
    errors: ByName<Met>,
    /// By provider and model; every run is in one of them.
    targets: RunGroups,
    /// By prompt and version.
    versions: RunGroups,
    params: ByName<RunCounts>,
    /// By the slot, ascending.
    slots: Vec<(u32, RunCounts)>,
    /// The runs by which versions are compared.
    cases: Vec<Case>,
    graded: (u64, u64),
    /// What providers' caches of prompts saved; none where they were not used.
    cache_saving: Option<CacheSaving>,
    /// What judging took.
    judging: Judging,
    waits: Waits,
    /// The runs of judges, which are told where there are no others.
    judges: Option<Box<Self>>,
}

impl RunCounts {
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
        let modalities = ModalityTokens::default();
        Self { input: 0, output: 0, estimated: false, partial: false, cost: Cost::NOTHING, modalities }
    }
}

impl Sum {
    fn take(&mut self, Spent { usage, cost }: Spent) {
        self.input = self.input.saturating_add(usage.total_input().unwrap_or(0));
        self.output = self.output.saturating_add(usage.total_output().unwrap_or(0));
        self.estimated |= usage.estimated;
        self.partial |= usage.partial;
        self.cost = self.cost.plus(cost);
        let modalities = ModalityTokens::of(&usage);
        if !modalities.is_none() {
            self.modalities = self.modalities.plus(modalities);
        }
    }

    fn spent(&self) -> Spent {
        let Self { input, output, estimated, partial, cost, modalities } = *self;
        let usage = Usage { input: Some(input), output: Some(output), estimated, partial, ..Usage::default() };
        Spent { usage: modalities.within(usage), cost }
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

    fn graded(&mut self, status: Status, right: Option<bool>) {
        match (status, right) {
            (Status::Passed | Status::Failed, Some(right)) => self.graded.take(status == Status::Passed, right),
            (Status::Inconclusive, _) | (_, None) => {}
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
        let answered = facts.end == EndingWord::Done;
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
            self.checks.change(*rule, |own| {
                own.take(*status, *score);
                own.graded(*status, facts.right);
            });
        }
        for error in &facts.errors {
            self.errors.change(*error, |met| {
                met.runs += 1;
                met.ended += u64::from(facts.class == Some(*error));
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
        if !facts.demo {
            self.cache_saving = self.cache_saving.into_iter().chain(facts.cache_saving).reduce(CacheSaving::plus);
        }
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
            self.slots.insert(place, (slot, RunCounts::default()));
        }
        if let Some((_, group)) = self.slots.get_mut(place) {
            group.take(facts);
        }
    }
}

/// Something for each of some names, in the order they were met.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ByName<T> {
    /// One more than the place of each name; 0 for those not met.
    places: Vec<u32>,
    all: Vec<(Name, T)>,
}

/// Counts of runs by two names, each pair with its place in the order it was met.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RunGroups {
    /// The places of the pairs with each second name, and before them of those without one.
    places: Vec<Vec<u32>>,
    all: Vec<(Pair, RunCounts)>,
}

/// Two names, such as a provider and its model, a prompt and its version.
type Pair = (Option<Name>, Option<Name>);

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self { places: Vec::new(), all: Vec::new() }
    }
}

impl<T: Default> ByName<T> {
    /// Changes what belongs to a name.
    pub(crate) fn change(&mut self, name: Name, change: impl FnOnce(&mut T)) {
        if self.places.len() <= name.place() {
            self.places.resize(name.place() + 1, 0);
        }
        let Some(place) = self.places.get_mut(name.place()) else { return };
        if *place == 0 {
            self.all.push((name, T::default()));
            *place = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        }
        if let Some((_, own)) = self.all.get_mut(*place as usize - 1) {
            change(own);
        }
    }

    /// Returns what belongs to a name, if it was met.
    pub(crate) fn get(&self, name: Name) -> Option<&T> {
        let place = self.places.get(name.place())?.checked_sub(1)?;
        self.all.get(place as usize).map(|(_, own)| own)
    }

    /// Lists the names with what belongs to them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Name, &T)> {
        self.all.iter().map(|(name, own)| (*name, own))
    }
}

impl RunGroups {
    /// Takes a run into the group of a pair of names, and returns the group's place.
    pub(crate) fn take(&mut self, pair: Pair, facts: &RunFacts) -> u32 {
        self.change(pair, |group| group.take(facts))
    }

    /// Changes the group of a pair of names, and returns its place.
    pub(crate) fn change(&mut self, pair: Pair, change: impl FnOnce(&mut RunCounts)) -> u32 {
        let second = pair.1.map_or(0, |name| name.place() + 1);
        if self.places.len() <= second {
            self.places.resize_with(second + 1, Vec::new);
        }
        let Some(places) = self.places.get_mut(second) else { return u32::MAX };
        let all = &mut self.all;
        let known = places.iter().copied().find(|place| all.get(*place as usize).is_some_and(|(own, _)| *own == pair));
        let place = known.unwrap_or_else(|| {
            let next = u32::try_from(all.len()).unwrap_or(u32::MAX);
            all.push((pair, RunCounts::default()));
            places.push(next);
            next
        });
        if let Some((_, group)) = all.get_mut(place as usize) {
            change(group);
        }
        place
    }

    /// Lists the groups with their names and places, in the order they were met.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Pair, u32, RunCounts)> {
        (0..).zip(&self.all).map(|(place, (pair, group))| (*pair, place, *group))
    }
}

/// The shares that are told.
const SHARES: [f64; 4] = [0.5, 0.9, 0.95, 0.99];

/// Bits of a digit.
const DIGIT: u32 = 11;

/// Measured answers by their response times, and again by their times to the first token.
#[derive(Debug)]
pub(crate) struct Ordered {
    took: Vec<Timed>,
    first_token: Vec<Timed>,
}

/// The ranks of a group in the making.
#[derive(Debug, Clone, Copy, Default)]
struct Ranks {
    n: u64,
    seen: u64,
    /// How many are seen when each is reached.
    due: [u64; SHARES.len()],
    found: [u32; SHARES.len()],
    /// How many are reached.
    reached: usize,
}

impl Ranks {
    fn of(n: u64) -> Self {
        Self { n, due: SHARES.map(|share| rank(n, share)), ..Self::default() }
    }

    fn take(&mut self, length: u32) {
        self.seen += 1;
        while self.due.get(self.reached) == Some(&self.seen) {
            if let Some(found) = self.found.get_mut(self.reached) {
                *found = length;
            }
            self.reached += 1;
        }
    }

    fn times(self) -> Option<Times> {
        let [p50, p90, p95, p99] = self.found;
        let [_, nine, nineteen, ninety_nine] = SHARES;
        let telling = |share, found| telling_rank(self.n, share).map(|_| found);
        let (p90, p95, p99) = (telling(nine, p90), telling(nineteen, p95), telling(ninety_nine, p99));
        (self.n > 0).then_some(Times { n: self.n, p50, p90, p95, p99 })
    }
}

/// Finds the ranks of so many groups of answers that are in the order of a length.
fn ranks(
    sorted: &[Timed],
    length: impl Fn(&Timed) -> u32,
    groups: usize,
    group: impl Fn(&Timed) -> Option<usize>,
) -> Vec<Option<Times>> {
    let mut counts = vec![0_u64; groups];
    for one in sorted {
        if let Some(count) = group(one).and_then(|at| counts.get_mut(at)) {
            *count += 1;
        }
    }
    let mut all: Vec<Ranks> = counts.into_iter().map(Ranks::of).collect();
    for one in sorted {
        if let Some(own) = group(one).and_then(|at| all.get_mut(at)) {
            own.take(length(one));
        }
    }
    all.into_iter().map(Ranks::times).collect()
}

/// Puts answers in the order of a length: by its digits, the lowest first, which takes a third of the time of a
/// sort that compares.
fn sorted(mut all: Vec<Timed>, length: impl Fn(&Timed) -> u32) -> Vec<Timed> {
    let most = all.iter().map(&length).max().unwrap_or(0);
    let mut next = all.clone();
    for shift in (0..u32::BITS).step_by(DIGIT as usize).take_while(|shift| most >> shift > 0) {
        let digit = |one: &Timed| (length(one) >> shift) as usize % (1 << DIGIT);
        let mut places = [0_usize; 1 << DIGIT];
        for one in &all {
            if let Some(count) = places.get_mut(digit(one)) {
                *count += 1;
            }
        }
        let mut before = 0;
        for place in &mut places {
            before += std::mem::replace(place, before);
        }
        for one in &all {
            let place = places.get_mut(digit(one));
            let place = place.map_or(usize::MAX, |place| std::mem::replace(place, *place + 1));
            if let Some(slot) = next.get_mut(place) {
                *slot = *one;
            }
        }
        std::mem::swap(&mut all, &mut next);
    }
    all
}

impl Ordered {
    /// Puts what was measured in order.
    pub(crate) fn of(live: &Live) -> Self {
        let mut first_token = live.timed.clone();
        first_token.retain(|one| one.first_token != u32::MAX);
        Self {
            took: sorted(live.timed.clone(), |one| one.took),
            first_token: sorted(first_token, |one| one.first_token),
        }
    }

    /// Returns the response times of so many groups of answers.
    pub(crate) fn took(&self, groups: usize, group: impl Fn(&Timed) -> Option<usize>) -> Vec<Option<Times>> {
        ranks(&self.took, |one| one.took, groups, group)
    }

    /// Returns their times to the first token.
    pub(crate) fn first_token(&self, groups: usize, group: impl Fn(&Timed) -> Option<usize>) -> Vec<Option<Times>> {
        ranks(&self.first_token, |one| one.first_token, groups, group)
    }

    /// Returns the response times and the times to the first token of all answers.
    pub(crate) fn all(&self) -> (Option<Times>, Option<Times>) {
        let one = |ranks: Vec<Option<Times>>| ranks.into_iter().next().flatten();
        (one(self.took(1, |_| Some(0))), one(self.first_token(1, |_| Some(0))))
    }
}

#[cfg(test)]
mod tests;
