//! What cells come to: passes, scores, metrics, tokens, cost, times and errors, one definition of each.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use crate::{
    eval::{Unrun, UnrunCounts, stats::telling_rank},
    model::{
        Cost, ModalityTokens, PicoDollars, Quality, RunStatus, Spent, Status, StatusCounts, Usage, batch::Cell,
        cost::CacheSaving, outcome::Judging,
    },
    text::format,
};

/// A mean that is still being taken.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn take(&mut self, value: f64, weight: f64) {
        self.sum += value * weight;
        self.weight += weight;
    }

    fn join(&mut self, other: Self) {
        self.sum += other.sum;
        self.weight += other.weight;
    }

    fn value(self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// What cells come to. A fold: cells are taken one at a time, in any order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// Cells by how they came out.
    pub counts: StatusCounts,
    /// Those without an answer, by the class of the error in words.
    pub errors: BTreeMap<String, u64>,
    /// Those whose answer ended before it was whole.
    pub cut_off: u64,
    /// Checks that could not run, by their rule and the reason.
    unrun: UnrunCounts,
    /// Those answered from the cache: neither their time, nor their tokens, nor their cost count.
    pub cached: u64,
    /// What the targets that were asked took themselves.
    own: Spent,
    /// What fallbacks took in their place, by their names.
    fallbacks: BTreeMap<String, Spent>,
    /// What runs took that were broken off before, of cells that were asked again.
    earlier: Spent,
    /// What providers' caches of prompts saved of all that; none where they were not used.
    pub cache_saving: Option<CacheSaving>,
    /// What judges took, apart from all answers.
    pub judges: Judging,
    /// Time retort itself waited, over all cells.
    pub waited: Duration,
    scores: Mean,
    metrics: BTreeMap<String, Mean>,
    /// How many of the cells that were answered just now took so many milliseconds.
    times: BTreeMap<u32, u64>,
}

impl Tally {
    /// Takes a cell in, with its verdicts where they are known. One that was stopped counts nowhere else, but for
    /// what it took.
    ///
    /// A cell that is inconclusive has no final score, and none is counted.
    pub fn take(&mut self, cell: &Cell, quality: Option<&Quality>) {
        self.counts.add(cell.status);
        self.cut_off += u64::from(cell.cut_off);
        self.spend(cell);
        match cell.status {
            RunStatus::Cancelled => return,
            RunStatus::Error => {
                let class = cell.class.clone().unwrap_or_else(|| cell.end.clone());
                *self.errors.entry(class).or_default() += 1;
                self.scores.take(0.0, 1.0);
            }
            RunStatus::Passed | RunStatus::Failed | RunStatus::Inconclusive | RunStatus::Unchecked => {}
        }
        if let (RunStatus::Passed | RunStatus::Failed, Some(score)) = (cell.status, cell.score) {
            self.scores.take(score, 1.0);
        }
        for verdict in quality.into_iter().flat_map(|quality| &quality.verdicts) {
            if let (Some(metric), Some(credit)) = (&verdict.metric, verdict.credit()) {
                self.metrics.entry(metric.clone()).or_default().take(credit, 1.0);
            }
            if verdict.status == Status::Inconclusive {
                self.unrun.take(&verdict.rule.to_string(), &verdict.reason, 1);
            }
        }
        if cell.cached {
            self.cached += 1;
        } else if let Some(took) = cell.timed().filter(|_| cell.answered()) {
            *self.times.entry(format::millis(took)).or_default() += 1;
        }
    }

    fn spend(&mut self, cell: &Cell) {
        self.save(cell.cache_saving);
        self.judges = self.judges.plus(cell.judging.unwrap_or_default());
        if cell.waited >= format::LEAST_WAIT {
            self.waited = self.waited.saturating_add(cell.waited);
        }
        match cell.by_target.split_first() {
            // The first target is the one that was asked.
            Some(((_, own), others)) => {
                self.own = self.own.plus(*own);
                for (target, spent) in others {
                    self.fall_back(target, *spent);
                }
            }
            None => self.own = self.own.plus(cell.spent()),
        }
    }

    fn save(&mut self, saved: Option<CacheSaving>) {
        self.cache_saving = self.cache_saving.into_iter().chain(saved).reduce(CacheSaving::plus);
    }

    /// Takes in what an earlier run of a cell took that is asked again; it counts nowhere else.
    pub fn take_earlier(&mut self, cell: &Cell) {
        self.earlier = self.earlier.plus(cell.spent());
        self.judges = self.judges.plus(cell.judging.unwrap_or_default());
        self.save(cell.cache_saving);
    }

    /// Notes that calls were made of which nothing is on record.
    pub fn take_unknown(&mut self) {
        let usage = Usage { partial: true, ..Usage::default() };
        self.earlier = self.earlier.plus(Spent { usage, cost: Cost::Unknown });
    }

    fn fall_back(&mut self, target: &str, spent: Spent) {
        let known = self.fallbacks.entry(target.to_owned()).or_default();
        *known = known.plus(spent);
    }

    /// Takes in what another has counted.
    pub fn join(&mut self, other: &Self) {
        let Self {
            counts,
            errors,
            cut_off,
            unrun,
            cached,
            own,
            fallbacks,
            earlier,
            judges,
            cache_saving,
            waited,
            scores,
            metrics,
            times,
        } = other;
        self.save(*cache_saving);
        self.counts.join(*counts);
        self.cut_off += cut_off;
        for (class, count) in errors {
            *self.errors.entry(class.clone()).or_default() += count;
        }
        self.unrun.join(unrun);
        self.cached += cached;
        self.own = self.own.plus(*own);
        for (target, spent) in fallbacks {
            self.fall_back(target, *spent);
        }
        self.earlier = self.earlier.plus(*earlier);
        self.judges = self.judges.plus(*judges);
        self.waited = self.waited.saturating_add(*waited);
        self.scores.join(*scores);
        for (metric, mean) in metrics {
            self.metrics.entry(metric.clone()).or_default().join(*mean);
        }
        for (time, count) in times {
            *self.times.entry(*time).or_default() += count;
        }
    }

    /// Counts the cells that have ended, those that were stopped left out.
    #[must_use]
    pub fn cells(&self) -> u64 {
        self.counts.rated() + self.counts.unchecked
    }

    /// Returns the share of cells that passed, as [`StatusCounts::pass_rate`].
    #[must_use]
    pub fn pass_rate(&self) -> Option<f64> {
        self.counts.pass_rate()
    }

    /// Returns the mean score, from 0 to 1. A cell without an answer scores 0; one without a score is
    /// left out. None if no cell is left.
    #[must_use]
    pub fn score(&self) -> Option<f64> {
        self.scores.value()
    }

    /// Lists the named metrics with the mean of what their checks give, from 0 to 1.
    pub fn metrics(&self) -> impl Iterator<Item = (&str, f64)> {
        self.metrics.iter().filter_map(|(name, mean)| Some((name.as_str(), mean.value()?)))
    }

    /// Returns what the targets that were asked took themselves; answers from the cache took nothing.
    #[must_use]
    pub fn own(&self) -> Spent {
        self.own
    }

    /// Lists what fallbacks took in their place, by their names.
    pub fn fallbacks(&self) -> impl Iterator<Item = (&str, Spent)> {
        self.fallbacks.iter().map(|(target, spent)| (target.as_str(), *spent))
    }

    /// Returns what all answers took, those of fallbacks and of earlier runs as well; judges are apart.
    #[must_use]
    pub fn answers(&self) -> Spent {
        self.fallbacks.values().fold(self.own.plus(self.earlier), |sum, spent| sum.plus(*spent))
    }

    /// Returns the time that this share of the answers took at most, cached ones left out; the nearest rank. None
    /// where too few answers were timed to say, as [`telling_rank`] has it.
    #[must_use]
    pub fn latency(&self, share: f64) -> Option<Duration> {
        let rank = telling_rank(self.times.values().sum(), share)?;
        let mut so_far = 0;
        let time = self.times.iter().find(|(_, count)| {
            so_far += **count;
            so_far >= rank
        });
        time.map(|(time, _)| Duration::from_millis(u64::from(*time)))
    }

    /// Says in words what fallbacks and judges took, how many tokens are of pictures and recordings, what providers'
    /// caches of prompts saved, and how long retort itself waited; a line for each.
    #[must_use]
    pub fn apart(&self) -> Vec<String> {
        let fallbacks =
            self.fallbacks().map(|(target, spent)| format!("{target} as a fallback: {}", format::spent(&spent)));
        let earlier = (!self.earlier.is_nothing())
            .then(|| format!("runs that were broken off before: {}", format::spent(&self.earlier)));
        let judges =
            (self.judges != Judging::default()).then(|| format!("judges: {}", format::spent(&self.judges.spent())));
        let waited = format::waited(self.waited)
            .map(|waited| format!("{waited}, all cells together; their times are those of the answering attempts"));
        let saved = self.cache_saving.map(|saved| format!("the provider's cache of prompts: {saved}"));
        let modalities = format::modalities(ModalityTokens::of(&self.answers().usage));
        let modalities = modalities.map(|modalities| format!("of the tokens: {modalities}"));
        fallbacks.chain(earlier).chain(modalities).chain(saved).chain(judges).chain(waited).collect()
    }

    /// Lists the checks that could not run, by rule and reason.
    pub fn unrun(&self) -> impl Iterator<Item = Unrun> {
        self.unrun.iter()
    }

    /// Returns all figures as they stand in `--json` and in JSON Lines, of what was taken those that are given:
    /// [`Tally::own`] of a target, [`Tally::answers`] of all together.
    #[must_use]
    pub fn figures(&self, spent: Spent) -> TallyFigures {
        TallyFigures {
            cells: self.cells(),
            passed: self.counts.passed,
            failed: self.counts.failed,
            inconclusive: self.counts.inconclusive,
            unchecked: self.counts.unchecked,
            errors: self.counts.error,
            cut_off: self.cut_off,
            cached: self.cached,
            pass_rate: self.pass_rate(),
            score: self.score(),
            metrics: self.metrics().map(|(name, mean)| (name.to_owned(), mean)).collect(),
            spent: Taken::of(spent),
            fallbacks: self.fallbacks().map(|(target, spent)| (target.to_owned(), Taken::of(spent))).collect(),
            earlier: (!self.earlier.is_nothing()).then(|| Taken::of(self.earlier)),
            cache_saved: self.cache_saving.map(CacheSaving::dollars),
            judges: (self.judges != Judging::default()).then(|| Taken::of(self.judges.spent())),
            waited: self.waited.as_secs_f64(),
            latency_p50: self.latency(0.5).map(|time| time.as_secs_f64()),
            latency_p95: self.latency(0.95).map(|time| time.as_secs_f64()),
            error_classes: self.errors.clone(),
            unrun: self.unrun().collect(),
        }
    }
}

/// The figures of a [`Tally`], for JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TallyFigures {
    /// Cells that have ended.
    pub cells: u64,
    /// Those of which every check ran and passed.
    pub passed: u64,
    /// Those of which a check failed.
    pub failed: u64,
    /// Those of which no check failed and at least one could not run.
    pub inconclusive: u64,
    /// Those without a check.
    pub unchecked: u64,
    /// Those without an answer.
    pub errors: u64,
    /// Those whose answer ended before it was whole: failed ones and errors.
    pub cut_off: u64,
    /// Those answered from the cache.
    pub cached: u64,
    /// From 0 to 1: those that passed of those that passed, failed, are inconclusive or have no answer.
    pub pass_rate: Option<f64>,
    /// From 0 to 1.
    pub score: Option<f64>,
    /// From 0 to 1, by name.
    pub metrics: BTreeMap<String, f64>,
    /// What the cells took that were asked just now: of a target its own attempts, of a batch all.
    #[serde(flatten)]
    pub spent: Taken,
    /// What fallbacks took in place of the targets that were asked, by their names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fallbacks: BTreeMap<String, Taken>,
    /// What runs took that were broken off before, of cells that were asked again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Taken>,
    /// US dollars that providers' caches of prompts saved, below zero where writing to them cost more; left out where
    /// they were not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_saved: Option<f64>,
    /// What judges took; no part of the rest.
    pub judges: Option<Taken>,
    /// Seconds that retort itself waited, over all cells.
    pub waited: f64,
    /// Seconds from the sending of the answering attempt; half of the answers took no longer.
    pub latency_p50: Option<f64>,
    /// Seconds, likewise; 95 of 100 answers took no longer. None below twenty.
    pub latency_p95: Option<f64>,
    /// Cells without an answer, by the class of the error.
    pub error_classes: BTreeMap<String, u64>,
    /// Checks that could not run.
    pub unrun: Vec<Unrun>,
}

/// What calls took, for JSON.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Taken {
    /// In and out, as far as they are known.
    pub tokens: u64,
    /// How sure that is: `known`, `estimated`, `at_least` or `unknown`.
    pub tokens_is: &'static str,
    /// US dollars; none where no price is known.
    pub cost: Option<f64>,
    /// How sure that is, in the same words.
    pub cost_is: &'static str,
    /// How many of the tokens are of pictures and recordings; each left out where nobody counted any.
    #[serde(flatten)]
    pub modalities: ModalityTokens,
}

impl Taken {
    /// Writes what calls took in the units of JSON.
    #[must_use]
    pub fn of(Spent { usage, cost }: Spent) -> Self {
        Self {
            tokens: usage.total().unwrap_or(0),
            tokens_is: usage.sureness(),
            cost: cost.amount().map(PicoDollars::dollars),
            cost_is: cost.sureness(),
            modalities: ModalityTokens::of(&usage),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CellIndex, Rule, RunId, Verdict};

    fn cell(status: RunStatus, score: Option<f64>) -> Cell {
        let end = match status {
            RunStatus::Error => "failed",
            RunStatus::Cancelled => "cancelled",
            _ => "done",
        };
        Cell {
            place: CellIndex::default(),
            run: RunId(uuid::Uuid::nil()),
            end: end.to_owned(),
            status,
            cut_off: false,
            score,
            class: None,
            cached: false,
            batched: false,
            tokens: Some(10),
            cost: Cost::Known(PicoDollars(5)),
            judging: None,
            took: Duration::from_millis(100),
            tokens_estimated: false,
            failed: Vec::new(),
            reason: None,
            tokens_partial: false,
            cache_saving: None,
            modalities: ModalityTokens::default(),
            by_target: Vec::new(),
            waited: Duration::ZERO,
            summary: String::new(),
        }
    }

    #[test]
    fn an_error_and_what_is_inconclusive_did_not_pass_and_what_is_unchecked_is_left_out() {
        let mut tally = Tally::default();
        tally.take(&cell(RunStatus::Passed, Some(1.0)), None);
        tally.take(&cell(RunStatus::Failed, Some(0.5)), None);
        let class = Some("rate limited".to_owned());
        tally.take(&Cell { class, tokens: None, cost: Cost::Unknown, ..cell(RunStatus::Error, None) }, None);
        tally.take(&cell(RunStatus::Inconclusive, Some(1.0)), None);
        tally.take(&cell(RunStatus::Unchecked, None), None);
        tally.take(&cell(RunStatus::Cancelled, None), None);
        let counts = StatusCounts { passed: 1, failed: 1, inconclusive: 1, unchecked: 1, error: 1, cancelled: 1 };
        assert_eq!((tally.counts, tally.cells()), (counts, 5));
        assert_eq!(tally.pass_rate(), Some(0.25));
        assert_eq!(tally.score(), Some(0.5), "what is inconclusive has no final score");
        assert_eq!(tally.errors.get("rate limited"), Some(&1));
        assert_eq!(tally.own().cost, Cost::AtLeast(PicoDollars(25)), "what was stopped was paid for all the same");
        assert_eq!(Tally::default().pass_rate(), None);
    }

    #[test]
    fn checks_that_could_not_run_are_counted_by_rule_and_reason() {
        let open = |rule: &str, why: String| Verdict::new(Rule::Check(rule.to_owned()), Status::Inconclusive, why);
        let (mut one, mut other) = (Tally::default(), Tally::default());
        for number in 0..200 {
            let quality =
                Quality::of(vec![open("javascript", "unknown".to_owned()), open("rubric", format!("n{number}"))]);
            let tally = if number % 2 == 0 { &mut one } else { &mut other };
            tally.take(&cell(RunStatus::Inconclusive, None), Some(&quality));
        }
        one.join(&other);
        let unrun: Vec<Unrun> = one.unrun().collect();
        assert!(unrun.len() <= 51, "{}", unrun.len());
        assert_eq!(unrun.iter().map(|unrun| unrun.count).sum::<u64>(), 400);
        assert_eq!(unrun[0].to_string(), "200 × javascript: unknown");
    }

    #[test]
    fn a_cached_answer_costs_nothing_and_says_nothing_of_latency() {
        let mut tally = Tally::default();
        let slow = Duration::from_secs(9);
        tally.take(&Cell { cached: true, took: slow, ..cell(RunStatus::Passed, Some(1.0)) }, None);
        assert_eq!((tally.own().cost, tally.latency(0.5), tally.own().tokens()), (Cost::NOTHING, None, 0));
        tally.take(&Cell { cost: Cost::Unknown, tokens: None, ..cell(RunStatus::Passed, Some(1.0)) }, None);
        let own = tally.own();
        assert_eq!((own.cost, own.usage.sureness()), (Cost::Unknown, "unknown"), "an unknown price is never $0");
        tally.take(&cell(RunStatus::Passed, Some(1.0)), None);
        let own = tally.own();
        assert_eq!((own.cost, own.tokens(), own.usage.sureness()), (Cost::AtLeast(PicoDollars(5)), 10, "at_least"));
        assert_eq!((tally.latency(0.5), tally.latency(0.95)), (Some(Duration::from_millis(100)), None));
    }

    #[test]
    fn what_judges_took_stands_apart_and_counts_also_for_a_cached_answer() {
        let mut tally = Tally::default();
        let judging = Some(Judging { cost: Cost::Known(PicoDollars(3)), tokens: 4, ..Judging::default() });
        tally.take(&Cell { judging, ..cell(RunStatus::Passed, None) }, None);
        tally.take(&Cell { judging, cached: true, ..cell(RunStatus::Passed, None) }, None);
        assert_eq!((tally.answers().cost, tally.answers().tokens()), (Cost::Known(PicoDollars(5)), 10));
        assert_eq!((tally.judges.cost, tally.judges.tokens), (Cost::Known(PicoDollars(6)), 8));
        assert_eq!(tally.apart(), ["judges: 8 tokens, <$0.000001"]);
    }

    #[test]
    fn what_providers_caches_saved_is_summed() {
        let (mut tally, mut other) = (Tally::default(), Tally::default());
        assert_eq!(tally.apart(), [""; 0]);
        let of = |saved| Cell { cache_saving: Some(CacheSaving(saved)), ..cell(RunStatus::Passed, None) };
        tally.take(&of(-500_000_000), None);
        other.take(&of(1_800_000_000), None);
        other.take_earlier(&of(200_000_000));
        tally.join(&other);
        assert_eq!(tally.apart()[1], "the provider's cache of prompts: saved $0.001500");
    }

    #[test]
    fn tokens_of_pictures_and_recordings_are_summed_for_each_target_and_in_all() {
        let seen = |image, audio| Spent {
            usage: Usage { input: Some(9), image, audio, ..Usage::default() },
            cost: Cost::Known(PicoDollars(1)),
        };
        let (mut tally, mut other) = (Tally::default(), Tally::default());
        let by_target = vec![("a".to_owned(), seen(Some(5), None)), ("b".to_owned(), seen(Some(2), Some(3)))];
        tally.take(&Cell { by_target, ..cell(RunStatus::Passed, None) }, None);
        let modalities = ModalityTokens { image: Some(4), ..ModalityTokens::default() };
        other.take(&Cell { modalities, ..cell(RunStatus::Passed, None) }, None);
        tally.join(&other);
        assert_eq!(Taken::of(tally.own()).modalities.image, Some(9));
        let fallback = tally.fallbacks().next().map(|(_, spent)| Taken::of(spent).modalities);
        assert_eq!(fallback, Some(ModalityTokens { image: Some(2), audio: Some(3), audio_output: None }));
        assert!(tally.apart().contains(&"of the tokens: 11 image, 3 audio tokens".to_owned()), "{:?}", tally.apart());
    }

    #[test]
    fn each_target_has_what_it_took_itself() {
        let spent = |tokens, cost| Spent { usage: Usage { input: Some(tokens), ..Usage::default() }, cost };
        let (five, two) = (Cost::Known(PicoDollars(5)), Cost::Known(PicoDollars(2)));
        let mut tally = Tally::default();
        let by_target = vec![("a".to_owned(), spent(6, five)), ("b".to_owned(), spent(4, two))];
        tally.take(&Cell { by_target, cost: five.plus(two), ..cell(RunStatus::Passed, None) }, None);
        tally.take(&cell(RunStatus::Passed, None), None);
        assert_eq!((tally.own().tokens(), tally.own().cost), (16, Cost::Known(PicoDollars(10))));
        assert_eq!(tally.fallbacks().collect::<Vec<_>>(), [("b", spent(4, two))]);
        assert_eq!((tally.answers().tokens(), tally.answers().cost), (20, Cost::Known(PicoDollars(12))));
    }

    #[test]
    fn what_was_broken_off_before_is_part_of_what_all_took() {
        let mut tally = Tally::default();
        tally.take(&cell(RunStatus::Passed, None), None);
        tally.take_earlier(&Cell { cost: Cost::Unknown, tokens: None, ..cell(RunStatus::Cancelled, None) });
        assert_eq!(
            (tally.own().cost, tally.answers().cost),
            (Cost::Known(PicoDollars(5)), Cost::AtLeast(PicoDollars(5)))
        );
        assert_eq!(
            (tally.cells(), tally.apart()),
            (1, vec!["runs that were broken off before: ? tokens, ?".to_owned()])
        );
        let mut crashed = Tally::default();
        crashed.take_unknown();
        assert_eq!((crashed.answers().cost, crashed.answers().usage.sureness()), (Cost::Unknown, "unknown"));
    }

    #[test]
    fn waits_are_summed_up_where_they_are_worth_telling() {
        let mut tally = Tally::default();
        for millis in [99, 100, 400] {
            tally.take(&Cell { waited: Duration::from_millis(millis), ..cell(RunStatus::Passed, None) }, None);
        }
        assert_eq!(tally.waited, Duration::from_millis(500));
        assert!(tally.apart()[0].starts_with("waited 0.50s"), "{:?}", tally.apart());
    }

    #[test]
    fn quantiles_are_the_nearest_rank() {
        let mut tally = Tally::default();
        for millis in (1..=100).rev() {
            tally.take(&Cell { took: Duration::from_millis(millis), ..cell(RunStatus::Unchecked, None) }, None);
        }
        for (share, millis) in [(0.5, 50), (0.95, 95), (1.0, 100), (0.0, 1)] {
            assert_eq!(tally.latency(share), Some(Duration::from_millis(millis)), "{share}");
        }
    }

    #[test]
    fn joined_tallies_are_the_tally_of_all() {
        let verdict = |metric: &str, mark| Verdict {
            metric: Some(metric.to_owned()),
            ..Verdict::new(Rule::Check("contains".to_owned()), mark, "")
        };
        let quality = |mark| Quality::of(vec![verdict("tone", mark), verdict("length", Status::Passed)]);
        let (mut one, mut other, mut all) = (Tally::default(), Tally::default(), Tally::default());
        for (at, mark) in [Status::Passed, Status::Failed, Status::Inconclusive, Status::Passed].into_iter().enumerate()
        {
            let status = quality(mark).status();
            let cell = Cell { cached: at == 3, ..cell(status, Some(0.25)) };
            all.take(&cell, Some(&quality(mark)));
            if at % 2 == 0 { &mut one } else { &mut other }.take(&cell, Some(&quality(mark)));
        }
        one.join(&other);
        assert_eq!(one.figures(one.own()), all.figures(all.own()));
        assert_eq!(all.metrics().collect::<Vec<_>>(), [("length", 1.0), ("tone", 2.0 / 3.0)]);
    }
}
