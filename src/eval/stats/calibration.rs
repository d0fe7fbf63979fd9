//! Whether the confidence that a model states can be trusted: how often answers of a stated confidence are right, by how much
//! the two differ, and from which confidence on answers are as often right as is wanted.

use serde::{Deserialize, Serialize};

use crate::eval::stats::{
    Interval, SplitMix,
    exact_share::{at_least, exact_share},
    percentile, wilson,
};

/// An answer with the confidence that was stated for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StatedAnswer {
    /// What was stated, from 0 to 1.
    pub confidence: f64,
    /// Whether the answer is right.
    pub right: bool,
}

/// Answers of one stated confidence, or of neighbouring ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ConfidenceGroup {
    /// The lowest confidence in it.
    pub low: f64,
    /// The highest.
    pub high: f64,
    /// Their mean.
    pub stated: f64,
    pub answers: u64,
    /// Of them, those that are right.
    pub right: u64,
    /// The 95 % interval (Wilson) of the share that is right.
    pub interval: Interval,
}

impl ConfidenceGroup {
    /// Returns the share of its answers that is right, from 0 to 1.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.right as f64 / self.answers as f64
    }
}

/// Stated confidences weighed against what was right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Calibration {
    pub answers: u64,
    pub right: u64,
    /// Whether each group is one stated value; otherwise neighbouring ones stand together.
    pub by_value: bool,
    /// From the lowest confidence up.
    pub groups: Vec<ConfidenceGroup>,
    /// The expected calibration error: how far stated and right are apart on average, from 0 to 1.
    pub ece: f64,
    /// Where it may lie: 95 %, by the bootstrap.
    pub ece_interval: Interval,
    /// What a model that is right as often as it says would show at most with as many answers, in 95 of 100 cases.
    pub ece_by_chance: f64,
    /// The mean squared distance of stated and right, from 0 (perfect) to 1.
    pub brier: f64,
    /// Where it may lie: 95 %, by the bootstrap.
    pub brier_interval: Interval,
    /// The part of the Brier score that comes of stating other confidences than hold.
    pub reliability: f64,
    /// The part that is taken off it for telling right answers from wrong ones.
    pub resolution: f64,
    /// The part that any forecast of these answers has.
    pub uncertainty: f64,
}

/// Distinct values that are groups of their own, at most.
const MOST_VALUES: usize = 10;

/// Answers of a group of neighbouring values, at least.
const GROUP: usize = 10;

/// The numbers one interval may draw at most.
const DRAWS: usize = 20_000_000;

impl Calibration {
    /// Weighs answers; none where there are none, or where one states what is no number from 0 to 1.
    ///
    /// The expected calibration error is that of Naeini, Cooper and Hauskrecht 2015 over groups of one stated value each, or,
    /// where there are more than 10, over at most 10 groups of 10 answers or more in the order of what they state. The Brier
    /// score (1950, Monthly Weather Review 78:1) is split by the same groups as Murphy 1973 does (Journal of Applied
    /// Meteorology 12:595); the split is exact where a group is one value. Intervals are percentiles of the bootstrap.
    #[must_use]
    pub fn of(answers: &[StatedAnswer], rng: &mut SplitMix) -> Option<Self> {
        let stated = |answer: &StatedAnswer| (0.0..=1.0).contains(&answer.confidence);
        if answers.is_empty() || !answers.iter().all(stated) {
            return None;
        }
        let mut sorted = answers.to_vec();
        sorted.sort_by(|one, other| one.confidence.total_cmp(&other.confidence));
        let (groups, by_value) = groups(&sorted);
        let n = sorted.len() as f64;
        let right = sorted.iter().filter(|answer| answer.right).count() as u64;
        let base = right as f64 / n;
        let mean = |of: &dyn Fn(&ConfidenceGroup) -> f64| {
            groups.iter().map(|group| group.answers as f64 * of(group)).sum::<f64>() / n
        };
        let turns = (DRAWS / sorted.len()).clamp(200, 1000);
        let mut drawn: Vec<(f64, f64)> = Vec::with_capacity(turns);
        let mut by_chance: Vec<f64> = Vec::with_capacity(turns);
        let mut sample: Vec<StatedAnswer> = Vec::with_capacity(sorted.len());
        for _ in 0..turns {
            sample.clear();
            sample.extend((0..sorted.len()).filter_map(|_| sorted.get(rng.below(sorted.len()))));
            sample.sort_by(|one, other| one.confidence.total_cmp(&other.confidence));
            drawn.push((error_of(&self::groups(&sample).0), brier(&sample)));
            sample.clear();
            sample
                .extend(sorted.iter().map(|answer| StatedAnswer { right: chance(rng) < answer.confidence, ..*answer }));
            by_chance.push(error_of(&self::groups(&sample).0));
        }
        let (mut errors, mut scores): (Vec<f64>, Vec<f64>) = drawn.into_iter().unzip();
        by_chance.sort_unstable_by(f64::total_cmp);
        Some(Self {
            answers: sorted.len() as u64,
            right,
            by_value,
            ece: error_of(&groups),
            ece_interval: middle(&mut errors)?,
            ece_by_chance: percentile(&by_chance, 0.95)?,
            brier: brier(&sorted),
            brier_interval: middle(&mut scores)?,
            reliability: mean(&|group| (group.stated - group.share()).powi(2)),
            resolution: mean(&|group| (group.share() - base).powi(2)),
            uncertainty: base * (1.0 - base),
            groups,
        })
    }

    /// Tells whether stated and right are further apart than a model's that is right as often as it says.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.ece > self.ece_by_chance
    }

    /// Returns by how much more is stated than holds, on average; negative where less is.
    #[must_use]
    pub fn overstated(&self) -> f64 {
        let stated: f64 = self.groups.iter().map(|group| group.stated * group.answers as f64).sum();
        (stated - self.right as f64) / self.answers as f64
    }
}

/// A number from 0 to 1, 1 left out.
fn chance(rng: &mut SplitMix) -> f64 {
    (rng.draw() >> 11) as f64 / (1_u64 << 53) as f64
}

fn middle(values: &mut [f64]) -> Option<Interval> {
    values.sort_unstable_by(f64::total_cmp);
    Some(Interval { low: percentile(values, 0.025)?, high: percentile(values, 0.975)? })
}

fn brier(answers: &[StatedAnswer]) -> f64 {
    let distance = |answer: &StatedAnswer| (answer.confidence - f64::from(u8::from(answer.right))).powi(2);
    answers.iter().map(distance).sum::<f64>() / answers.len() as f64
}

fn error_of(groups: &[ConfidenceGroup]) -> f64 {
    let all: u64 = groups.iter().map(|group| group.answers).sum();
    let apart = |group: &ConfidenceGroup| group.answers as f64 * (group.stated - group.share()).abs();
    groups.iter().map(apart).sum::<f64>() / all as f64
}

/// Puts answers in the order of their confidence into groups, and tells whether each is one value.
fn groups(sorted: &[StatedAnswer]) -> (Vec<ConfidenceGroup>, bool) {
    let equal = |one: &StatedAnswer, next: &StatedAnswer| one.confidence.total_cmp(&next.confidence).is_eq();
    let by_value = sorted.chunk_by(equal).take(MOST_VALUES + 1).count() <= MOST_VALUES;
    let least = if by_value { 1 } else { (sorted.len().div_ceil(MOST_VALUES)).max(GROUP) };
    let (mut groups, mut group): (Vec<ConfidenceGroup>, Vec<StatedAnswer>) = (Vec::new(), Vec::new());
    // Equal values stay together, and too few at the end join those before them.
    let mut left = sorted.len();
    for same in sorted.chunk_by(equal) {
        group.extend(same);
        left -= same.len();
        if group.len() >= least && (by_value || left == 0 || left >= GROUP) {
            groups.extend(group_of(&group));
            group.clear();
        }
    }
    groups.extend(group_of(&group));
    (groups, by_value)
}

fn group_of(answers: &[StatedAnswer]) -> Option<ConfidenceGroup> {
    let (low, high) = (answers.first()?.confidence, answers.last()?.confidence);
    let right = answers.iter().filter(|answer| answer.right).count() as u64;
    let sum: f64 = answers.iter().map(|answer| answer.confidence).sum();
    let count = answers.len() as u64;
    Some(ConfidenceGroup {
        low,
        high,
        stated: sum / count as f64,
        answers: count,
        right,
        interval: wilson(right, count)?,
    })
}

/// The confidence from which on answers are right as often as is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PrecisionThreshold {
    pub threshold: f64,
    /// Answers at or above it.
    pub kept: u64,
    /// Of them, those that are right.
    pub kept_right: u64,
    /// What share of them is right at least: a one-sided bound of 95 % (Clopper and Pearson).
    pub bound: f64,
    /// Answers below it.
    pub rejected: u64,
    /// Of them, those that are right.
    pub rejected_right: u64,
}

/// What is said where no threshold is shown to hold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotShown {
    /// The best there is: the answers of the strictest threshold that was looked at, and those that are right.
    pub answers: u64,
    pub right: u64,
    /// About how many answers above a threshold it takes.
    pub needed: Option<u64>,
}

/// The one-sided level of a threshold's bound.
const LEVEL: f64 = 0.05;

/// Finds the lowest confidence at or above which answers are right as often as is wanted.
///
/// Thresholds are looked at from the strictest that has enough answers downwards, and the first whose bound is below what
/// is wanted ends the walk: a fixed sequence, in which each may be tested at the whole level.
///
/// # Errors
///
/// Says how many answers it takes where none is shown.
pub fn precision_threshold(answers: &[StatedAnswer], wanted: f64) -> Result<PrecisionThreshold, NotShown> {
    let mut sorted = answers.to_vec();
    sorted.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
    let (all, all_right) = (sorted.len() as u64, sorted.iter().filter(|answer| answer.right).count() as u64);
    // So many right ones without a wrong one would do.
    let enough = (LEVEL.ln() / wanted.ln()).ceil().max(1.0) as u64;
    let (mut kept, mut kept_right, mut found, mut first) = (0, 0, None, None);
    for same in sorted.chunk_by(|one, next| one.confidence.total_cmp(&next.confidence).is_eq()) {
        kept += same.len() as u64;
        kept_right += same.iter().filter(|answer| answer.right).count() as u64;
        if kept < enough {
            continue;
        }
        first.get_or_insert((kept, kept_right));
        let bound = exact_share(kept_right, kept, LEVEL).map_or(0.0, |interval| interval.low);
        let Some(threshold) = same.first().map(|answer| answer.confidence).filter(|_| bound >= wanted) else { break };
        found = Some(PrecisionThreshold {
            threshold,
            kept,
            kept_right,
            bound,
            rejected: all - kept,
            rejected_right: all_right - kept_right,
        });
    }
    found.ok_or_else(|| {
        let (answers, right) = first.unwrap_or((kept, kept_right));
        // What was seen, where that is enough; else half-way between what is wanted and no error.
        let seen = if answers > 0 { right as f64 / answers as f64 } else { 0.0 };
        let truth = if seen > wanted && seen < 1.0 { seen } else { f64::midpoint(wanted, 1.0) };
        NotShown { answers, right, needed: answers_needed(wanted, truth) }
    })
}

/// Answers that are counted up to, at most.
const MOST_NEEDED: u64 = 20_000;

/// Returns how many answers it takes to show, with a power of 80 %, that the wanted share is right at least, where `truth` is;
/// none where that is not above what is wanted, or takes more than 20,000.
#[must_use]
pub fn answers_needed(wanted: f64, truth: f64) -> Option<u64> {
    const POWER: f64 = 0.8;
    if !(0.0 < wanted && wanted < truth && truth <= 1.0) {
        return None;
    }
    let shows = |n: u64| {
        // The fewest right answers whose bound is what is wanted.
        let (mut low, mut high) = (0, n + 1);
        while low < high {
            let middle = u64::midpoint(low, high);
            if at_least(middle, n, wanted) <= LEVEL { high = middle } else { low = middle + 1 }
        }
        low <= n && (truth >= 1.0 || at_least(low, n, truth) >= POWER)
    };
    // It comes and goes by a few answers, for they are counted whole: near the normal approximation, each is tried.
    let spread = 1.645 * (wanted * (1.0 - wanted)).sqrt() + 0.842 * (truth * (1.0 - truth)).sqrt();
    let about = (spread / (truth - wanted)).powi(2) as u64;
    (about / 2 + 1..=(2 * about + 40).min(MOST_NEEDED)).find(|n| shows(*n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(confidence: f64, right: usize, wrong: usize) -> impl Iterator<Item = StatedAnswer> {
        let answers = std::iter::repeat_n(true, right).chain(std::iter::repeat_n(false, wrong));
        answers.map(move |right| StatedAnswer { confidence, right })
    }

    fn pairs(confidences: &[f64], right: &[u8]) -> Vec<StatedAnswer> {
        confidences
            .iter()
            .zip(right)
            .map(|(&confidence, &right)| StatedAnswer { confidence, right: right == 1 })
            .collect()
    }

    fn of(answers: &[StatedAnswer]) -> Calibration {
        Calibration::of(answers, &mut SplitMix::new(7)).unwrap()
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 6e-5, "{found} for {expected}");
    }

    /// The first is the example of `torchmetrics.functional.calibration_error` with 2 bins (norm l1), whose values fall one to a
    /// bin and stated value; the second is computed with `sklearn.calibration.calibration_curve` of 10 bins.
    #[test]
    fn the_calibration_error_is_as_computed_elsewhere() {
        near(of(&pairs(&[0.25, 0.25, 0.55, 0.75, 0.75], &[0, 0, 1, 1, 1])).ece, 0.29);
        let curve = pairs(&[0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9, 1.0], &[0, 0, 0, 0, 1, 1, 1, 1, 1]);
        near(of(&curve).ece, 0.2167);
    }

    /// `sklearn.metrics.brier_score_loss`, the example of its documentation; the parts are Murphy's.
    #[test]
    fn the_brier_score_is_the_sum_of_its_parts() {
        near(of(&pairs(&[0.1, 0.9, 0.8, 0.3], &[0, 1, 1, 0])).brier, 0.0375);
        let answers: Vec<StatedAnswer> = stated(0.9, 8, 2).chain(stated(0.6, 5, 5)).chain(stated(0.3, 1, 4)).collect();
        let found = of(&answers);
        for (found, expected) in [
            (found.reliability, 0.01),
            (found.resolution, 0.0504),
            (found.uncertainty, 0.2464),
            (found.brier, 0.206),
            (found.ece, 0.1),
        ] {
            near(found, expected);
        }
        near(found.brier, found.reliability - found.resolution + found.uncertainty);
        let expected = [(0.0362, 0.6245), (0.2366, 0.7634), (0.4902, 0.9433)];
        for (group, (low, high)) in found.groups.iter().zip(expected) {
            near(group.interval.low, low);
            near(group.interval.high, high);
        }
    }

    /// 20,000 sets drawn with Python's `random` of a model that states 0.7, 0.8, 0.9 or 0.95 and is right as often as it says:
    /// the 95th percentile of their errors is 0.132 at 50 answers and 0.0665 at 200.
    #[test]
    fn a_model_that_is_right_as_often_as_it_says_is_not_called_off() {
        let mut rng = SplitMix::new(3);
        for (answers, most, room) in [(50, 0.132, 0.015), (200, 0.0665, 0.008)] {
            let sets = 100;
            let (mut off, mut by_chance, mut covered) = (0, 0.0, 0);
            for _ in 0..sets {
                let drawn: Vec<StatedAnswer> = (0..answers)
                    .map(|_| {
                        let confidence = [0.7, 0.8, 0.9, 0.95][rng.below(4)];
                        StatedAnswer { confidence, right: chance(&mut rng) < confidence }
                    })
                    .collect();
                let found = of(&drawn);
                off += u32::from(found.is_off());
                by_chance += found.ece_by_chance;
                // What these groups would have for certain: the expected square of stated and right.
                let expected =
                    drawn.iter().map(|one| one.confidence * (1.0 - one.confidence)).sum::<f64>() / f64::from(answers);
                covered += u32::from((found.brier_interval.low..=found.brier_interval.high).contains(&expected));
            }
            assert!(off <= 12, "{off} of {sets} sets of {answers} are called off");
            assert!((by_chance / f64::from(sets) - most).abs() < room, "{}", by_chance / f64::from(sets));
            assert!(covered >= 85, "{covered} of {sets} intervals of the Brier score hold what is true");
        }
        let boastful: Vec<StatedAnswer> = stated(0.95, 60, 40).collect();
        assert!(of(&boastful).is_off() && (of(&boastful).overstated() - 0.35).abs() < 1e-9);
    }

    #[test]
    fn many_stated_values_stand_together_and_none_is_torn_apart() {
        let many: Vec<StatedAnswer> =
            (0..137).map(|at| StatedAnswer { confidence: f64::from(at % 23) / 23.0, right: at % 3 == 0 }).collect();
        let found = of(&many);
        assert!(!found.by_value && found.groups.len() <= MOST_VALUES);
        assert_eq!(found.groups.iter().map(|group| group.answers).sum::<u64>(), 137);
        assert!(found.groups.iter().all(|group| group.answers >= GROUP as u64), "{:?}", found.groups);
        assert!(found.groups.windows(2).all(|two| two[0].high < two[1].low), "{:?}", found.groups);
        assert_eq!(Calibration::of(&[], &mut SplitMix::new(1)), None);
        assert_eq!(Calibration::of(&pairs(&[1.5], &[1]), &mut SplitMix::new(1)), None);
    }

    /// `SciPy` 1.12, `binom`: the first number of answers with which the fewest right ones that show the share come with a power
    /// of 80 %.
    #[test]
    fn so_many_answers_are_needed() {
        for (wanted, truth, needed) in
            [(0.9, 0.95, 179), (0.9, 0.97, 76), (0.95, 0.98, 234), (0.8, 0.9, 82), (0.8, 0.85, 365)]
        {
            assert_eq!(answers_needed(wanted, truth), Some(needed), "{wanted} where {truth} is true");
        }
        assert_eq!(answers_needed(0.9, 0.9), None);
    }

    #[test]
    fn a_threshold_holds_by_its_bound_and_not_by_what_was_seen() {
        // 95 of 100 is 0.8977 at least: not 0.9, though 0.95 was seen.
        let seen: Vec<StatedAnswer> = stated(0.9, 95, 5).chain(stated(0.5, 10, 90)).collect();
        let missed = precision_threshold(&seen, 0.9).unwrap_err();
        assert_eq!((missed.answers, missed.right, missed.needed), (100, 95, Some(179)));
        let found = precision_threshold(&seen, 0.85).unwrap();
        assert_eq!(
            (found.threshold, found.kept, found.kept_right, found.rejected, found.rejected_right),
            (0.9, 100, 95, 100, 10)
        );
        // Too few at the strictest: those below it come in until there are enough.
        let few: Vec<StatedAnswer> = stated(0.99, 5, 0).chain(stated(0.9, 30, 0)).chain(stated(0.4, 0, 40)).collect();
        near(precision_threshold(&few, 0.9).unwrap().threshold, 0.9);
        assert_eq!(precision_threshold(&few[..5], 0.9).unwrap_err().answers, 5);
    }
}
