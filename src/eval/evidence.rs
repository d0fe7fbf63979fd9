//! Whether B is better than A, over the rows that both have, and how sure one may be.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    eval::stats::{Bootstrap, Interval, Paired, SignFlips, SplitMix, difference, rows_needed, sign_test},
    model::{ErrorKind, RunStatus, batch::Cell},
};

/// A difference is called one when chance gives it in fewer cases than this.
///
/// Of 1,000 comparisons of what is alike at most 50 may be called different. At a level of 5 % the
/// randomisation test, which is exact, does that every other time, and the sign test of many rows every
/// tenth; at 3 % 50 lies 3.7 standard errors above what is expected, 30. A difference of 10 points is still
/// found over 400 rows in 8 of 10 comparisons, the least where 40 of 100 rows go another way.
pub(crate) const LEVEL: f64 = 0.03;
/// The two-sided quantile of the normal distribution for it.
pub(crate) const QUANTILE: f64 = 2.170_090_377_584_56;
/// The difference, as a share, a comparison should be able to see.
const WANTED: f64 = 0.05;

/// The seed of every comparison's resamples: the same rows say the same every time.
pub const SEED: u64 = 1;

/// The fewest rows fixed or broken that the sign test can show a difference by: 7 of 7 give p = 0.016, 6 of 6 0.031.
/// The randomisation test of scores needs as many rows.
pub const FEWEST: u64 = 7;

/// One row with A and with B. `None` is not judged, or not there. Of several samples, see [`RowPair::of`].
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct RowPair {
    /// Whether A passed.
    pub a: Option<bool>,
    /// Whether B passed.
    pub b: Option<bool>,
    /// A's score, from 0 to 1.
    pub score_a: Option<f64>,
    /// B's score, from 0 to 1.
    pub score_b: Option<f64>,
}

/// What a comparison shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// B is better.
    Better,
    /// B is worse.
    Worse,
    /// Chance alone could have done it.
    NoDifference,
}

/// What a comparison goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The rows fixed and broken.
    Passes,
    /// The scores, where too few rows were fixed or broken to show anything.
    Scores,
}

/// A difference of B from A, and its 95 % interval, as shares from -1 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Difference {
    /// B less A.
    pub by: f64,
    /// Where the true one may lie.
    pub interval: Interval,
}

/// Returns the least gain, as a share from 0 to 1, that so many rows show in 8 of 10 comparisons, where this share of them
/// goes another way anyhow; none where they show none. In steps of a point.
#[must_use]
pub fn least_gain(rows: u64, discordant: f64) -> Option<f64> {
    let shows = |points: &u64| {
        let gain = *points as f64 / 100.0;
        rows_needed(discordant.max(gain), gain, QUANTILE).is_some_and(|needed| needed <= rows)
    };
    (1..=100).find(shows).filter(|_| rows >= FEWEST).map(|points| points as f64 / 100.0)
}

/// What paired rows say of B against A.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Evidence {
    /// Rows that pass with B alone.
    pub fixed: u64,
    /// Rows that pass with A alone.
    pub broken: u64,
    /// Rows that go the same way with both.
    pub unchanged: u64,
    /// Rows that were not judged with both.
    pub not_comparable: u64,
    /// How likely so uneven a split of the rows is by chance, from 0 to 1.
    pub p: f64,
    /// Of the pass rates; `None` without a comparable row.
    pub passed: Option<Difference>,
    /// Rows that were scored with both.
    pub scored: u64,
    /// Of the mean scores; `None` with fewer than two rows scored with both.
    pub score: Option<Difference>,
    /// How likely scores so far apart are by chance, from 0 to 1; there if `score` is.
    pub score_p: Option<f64>,
    /// What decides. Only one of the two ever does, so that looking twice does not show what is not there.
    pub basis: Basis,
    /// What it shows.
    pub shown: Conclusion,
    /// About how many more rows it takes to see 5 points; 0 if there are enough, `None` without a comparable row.
    pub more_rows: Option<u64>,
}

impl RowPair {
    /// Makes one pair of the samples of a row with A and with B. They are not independent: a side passes if
    /// more than half of its judged samples do, and its score is their mean.
    #[must_use]
    pub fn of(a: Samples, b: Samples) -> Self {
        Self { a: a.passed(), b: b.passed(), score_a: a.score(), score_b: b.score() }
    }
}

impl Evidence {
    /// Compares rows, one pair each. The seed draws the resamples of the scores: the same seed gives the same
    /// evidence.
    ///
    /// Passes decide. Where fewer than seven rows were fixed or broken they cannot, and scores do: with a
    /// bootstrap interval that leaves 0 out and a randomisation test below 3 %, as the interval alone is
    /// too sure of few rows.
    #[must_use]
    pub fn of(pairs: impl IntoIterator<Item = RowPair>, seed: u64) -> Self {
        Self::compare_pairs(pairs, seed, true)
    }

    /// Counts the rows that were compared, by their passes or their scores.
    #[must_use]
    pub fn rows(&self) -> u64 {
        (self.fixed + self.broken + self.unchanged).max(self.scored)
    }

    /// Compares rows likewise and leaves the scores out where passes decide. The verdict and its sentence are the
    /// same, and of many rows are there in a fraction of the time.
    #[must_use]
    pub fn of_what_decides(pairs: impl IntoIterator<Item = RowPair>, seed: u64) -> Self {
        Self::compare_pairs(pairs, seed, false)
    }

    fn compare_pairs(pairs: impl IntoIterator<Item = RowPair>, seed: u64, always: bool) -> Self {
        let mut work = EvidenceInWork { always, ..EvidenceInWork::new(seed) };
        pairs.into_iter().for_each(|pair| work.take(pair));
        while !work.step(usize::MAX) {}
        work.evidence()
    }

    /// Says what rows show, of the scores what was found of them.
    fn of_rows(
        (rows, not_comparable): (Paired, u64),
        scored: u64,
        score: Option<Difference>,
        score_p: Option<f64>,
    ) -> Self {
        let (fixed, broken, unchanged) = (rows.second, rows.first, rows.both + rows.neither);
        let all = fixed + broken + unchanged;
        let p = sign_test(fixed, broken);
        let scores = score.zip(score_p).filter(|_| fixed + broken < FEWEST);
        let (sure, better) = match scores {
            Some((Difference { by, interval }, p)) => {
                (p < LEVEL && (interval.low > 0.0 || interval.high < 0.0), by > 0.0)
            }
            None => (p < LEVEL, fixed > broken),
        };
        let shown = match better {
            _ if !sure => Conclusion::NoDifference,
            true => Conclusion::Better,
            false => Conclusion::Worse,
        };
        let more_rows = (all > 0)
            .then(|| rows_needed((fixed + broken) as f64 / all as f64, WANTED, QUANTILE))
            .flatten()
            .map(|rows| rows.saturating_sub(all));
        Self {
            fixed,
            broken,
            unchanged,
            not_comparable,
            p,
            passed: difference(rows).map(|(by, interval)| Difference { by, interval }),
            scored,
            score,
            score_p,
            basis: if scores.is_some() { Basis::Scores } else { Basis::Passes },
            shown,
            more_rows,
        }
    }
}

/// Paired rows that are compared in steps: the scores of a million of them take seconds. Those whose passes decide are compared
/// without their scores, as [`Evidence::of_what_decides`] does.
#[derive(Debug, Clone)]
pub struct EvidenceInWork {
    rows: Paired,
    not_comparable: u64,
    pairs: u64,
    /// How far the scores of each row lie apart.
    apart: Vec<f64>,
    scored: u64,
    rng: SplitMix,
    /// Whether scores are compared where passes decide.
    always: bool,
    stage: EvidenceStage,
}

/// How far the comparison is.
#[derive(Debug, Clone)]
enum EvidenceStage {
    Taking,
    Resampling(Bootstrap),
    Flipping(Difference, SignFlips),
    Done(Option<Difference>, Option<f64>),
}

impl EvidenceInWork {
    /// Begins without a row. The seed draws the resamples of the scores.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            rows: Paired::default(),
            not_comparable: 0,
            pairs: 0,
            apart: Vec::new(),
            scored: 0,
            rng: SplitMix::new(seed),
            always: false,
            stage: EvidenceStage::Taking,
        }
    }

    /// Takes a row in; all of them come before the first step.
    pub fn take(&mut self, pair: RowPair) {
        self.pairs += 1;
        match (pair.a, pair.b) {
            (Some(true), Some(true)) => self.rows.both += 1,
            (Some(true), Some(false)) => self.rows.first += 1,
            (Some(false), Some(true)) => self.rows.second += 1,
            (Some(false), Some(false)) => self.rows.neither += 1,
            _ => self.not_comparable += 1,
        }
        self.apart.extend(pair.score_b.zip(pair.score_a).map(|(b, a)| b - a).filter(|by| by.is_finite()));
    }

    /// Tells whether no row was taken in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs == 0
    }

    /// Draws scores of about so many rows, of one resample at least. Tells whether all is done.
    pub fn step(&mut self, rows: usize) -> bool {
        let mut left = rows;
        loop {
            let done = match &mut self.stage {
                EvidenceStage::Done(..) => return true,
                EvidenceStage::Taking => self.begin(),
                EvidenceStage::Resampling(bootstrap) => bootstrap.draw(&self.apart, &mut self.rng),
                EvidenceStage::Flipping(_, flips) => flips.draw(&mut self.rng),
            };
            if done {
                self.go_on();
            }
            left = left.saturating_sub(self.apart.len().max(1));
            if left == 0 {
                return matches!(self.stage, EvidenceStage::Done(..));
            }
        }
    }

    /// Leaves the scores out where passes decide. Tells whether there is a next stage; the bootstrap begins where none is.
    fn begin(&mut self) -> bool {
        self.scored = self.apart.len() as u64;
        if !self.always && self.rows.first + self.rows.second >= FEWEST {
            self.apart = Vec::new();
        }
        match Bootstrap::of(&self.apart) {
            Some(bootstrap) => {
                self.stage = EvidenceStage::Resampling(bootstrap);
                false
            }
            None => true,
        }
    }

    /// Goes to the next stage.
    fn go_on(&mut self) {
        let before = std::mem::replace(&mut self.stage, EvidenceStage::Done(None, None));
        self.stage = match before {
            EvidenceStage::Taking => EvidenceStage::Done(None, None),
            EvidenceStage::Resampling(bootstrap) => {
                let score = bootstrap.interval().map(|(by, interval)| Difference { by, interval });
                match score.zip(SignFlips::of(&self.apart)) {
                    Some((score, flips)) => EvidenceStage::Flipping(score, flips),
                    None => EvidenceStage::Done(score, None),
                }
            }
            EvidenceStage::Flipping(score, flips) => EvidenceStage::Done(Some(score), Some(flips.chance())),
            done @ EvidenceStage::Done(..) => done,
        };
    }

    /// Says what the rows show, once all is done.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        let (score, score_p) = match &self.stage {
            EvidenceStage::Done(score, score_p) => (*score, *score_p),
            EvidenceStage::Taking | EvidenceStage::Resampling(_) | EvidenceStage::Flipping(..) => (None, None),
        };
        Evidence::of_rows((self.rows, self.not_comparable), self.scored, score, score_p)
    }
}

/// What the samples of one row come to on one side.
#[derive(Debug, Clone, Copy, Default)]
pub struct Samples {
    judged: u64,
    passed: u64,
    scored: u64,
    sum: f64,
}

impl Samples {
    /// Takes a sample in: whether it passed and its score, as far as it was judged and scored.
    pub fn take(&mut self, passed: Option<bool>, score: Option<f64>) {
        self.judged += u64::from(passed.is_some());
        self.passed += u64::from(passed == Some(true));
        if let Some(score) = score.filter(|score| score.is_finite()) {
            self.scored += 1;
            self.sum += score;
        }
    }

    /// Tells whether no sample was judged or scored.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.judged == 0 && self.scored == 0
    }

    fn passed(self) -> Option<bool> {
        (self.judged > 0).then_some(self.passed * 2 > self.judged)
    }

    fn score(self) -> Option<f64> {
        (self.scored > 0).then(|| self.sum / self.scored as f64)
    }
}

/// Tells whether a cell passed, as [`RunStatus::compared`] counts it; none where it says nothing of the answer.
#[must_use]
pub fn passed(cell: &Cell) -> Option<bool> {
    compared(cell.status, cell.class.as_deref())
}

fn compared(status: RunStatus, class: Option<&str>) -> Option<bool> {
    let of_the_answer = |class: &str| ErrorKind::OF_THE_ANSWER.iter().any(|own| own.to_string() == class);
    status.compared(status == RunStatus::Error && class.is_some_and(of_the_answer))
}

/// A prompt and a target, by their places in the batch.
pub type LaneKey = (u32, u32);

/// How a cell came out: whether it passed, and its score.
pub type JudgedCell = (Option<bool>, Option<f64>);

/// Tells how a cell came out that ended so, with an error of this class; none of one that was stopped, which is as if it had
/// not been asked.
#[must_use]
pub fn judged(status: RunStatus, class: Option<&str>, score: Option<f64>) -> Option<JudgedCell> {
    if status == RunStatus::Cancelled {
        return None;
    }
    let passed = compared(status, class);
    let score = if status == RunStatus::Error { passed.map(|_| 0.0) } else { score };
    Some((passed, score.filter(|_| passed.is_some())))
}

/// How the cells of each lane came out, by row and sample.
#[derive(Debug, Clone, Default)]
pub struct Lanes(BTreeMap<LaneKey, BTreeMap<(u64, u32), JudgedCell>>);

impl Lanes {
    /// Takes a cell in, as [`judged`] counts it.
    pub fn take(&mut self, cell: &Cell) {
        let place = cell.place;
        if let Some(judged) = judged(cell.status, cell.class.as_deref(), cell.score) {
            self.0.entry((place.prompt, place.target)).or_default().insert((place.row, place.sample), judged);
        }
    }

    /// Pairs a lane with one of these or other lanes, the baseline, over the samples of rows that both have.
    #[must_use]
    pub fn pairs(&self, lane: LaneKey, base: &Self, first: LaneKey) -> Vec<RowPair> {
        let Some((old, new)) = base.0.get(&first).zip(self.0.get(&lane)) else {
            return Vec::new();
        };
        let mut rows: BTreeMap<u64, [Samples; 2]> = BTreeMap::new();
        for ((row, sample), (passed, score)) in new {
            if let Some((before, score_before)) = old.get(&(*row, *sample)) {
                let [a, b] = rows.entry(*row).or_default();
                a.take(*before, *score_before);
                b.take(*passed, *score);
            }
        }
        rows.into_values().map(|[a, b]| RowPair::of(a, b)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;
    use crate::{
        model::{CellIndex, Cost, RunId},
        present::evidence::chance,
    };

    fn cell(row: u64, target: u32, sample: u32, status: RunStatus) -> Cell {
        Cell {
            place: CellIndex { row, target, sample, ..CellIndex::default() },
            run: RunId(uuid::Uuid::nil()),
            end: if status == RunStatus::Error { "failed" } else { "done" }.to_owned(),
            status,
            cut_off: false,
            score: (status != RunStatus::Error).then_some(0.5),
            class: (status == RunStatus::Error).then(|| ErrorKind::Truncated.to_string()),
            cached: false,
            batched: false,
            tokens: None,
            cost: Cost::Unknown,
            judging: None,
            took: Duration::ZERO,
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

    fn lanes(cells: &[Cell]) -> Lanes {
        let mut lanes = Lanes::default();
        for cell in cells {
            lanes.take(cell);
        }
        lanes
    }

    #[test]
    fn lanes_are_paired_by_the_samples_of_rows_that_both_have() {
        let (passed, failed, error) = (RunStatus::Passed, RunStatus::Failed, RunStatus::Error);
        let all = lanes(&[
            cell(1, 0, 0, failed),
            cell(1, 1, 0, passed),
            cell(2, 0, 0, passed),
            cell(2, 0, 1, passed),
            cell(2, 1, 0, error),
            cell(2, 1, 1, failed),
            cell(3, 0, 0, passed),
            cell(4, 1, 0, passed),
        ]);
        let (yes, no) = (Some(true), Some(false));
        let pair = |a, b, score_b| RowPair { a, b, score_a: Some(0.5), score_b: Some(score_b) };
        assert_eq!(all.pairs((0, 1), &all, (0, 0)), [pair(no, yes, 0.5), pair(yes, no, 0.25)]);
        assert!(all.pairs((0, 2), &all, (0, 0)).is_empty() && all.pairs((0, 1), &all, (1, 0)).is_empty());
        let before = lanes(&[cell(1, 1, 0, failed)]);
        assert_eq!(all.pairs((0, 1), &before, (0, 1)), [pair(no, yes, 0.5)]);
    }

    #[test]
    fn what_says_nothing_of_the_answer_is_no_side_of_a_pair() {
        let passed = RunStatus::Passed;
        for status in [RunStatus::Inconclusive, RunStatus::Unchecked, RunStatus::Cancelled] {
            let all = lanes(&[cell(1, 0, 0, passed), cell(1, 1, 0, status)]);
            assert!(all.pairs((0, 1), &all, (0, 0)).iter().all(|pair| pair.b.is_none()), "{status}");
        }
        let limited = Cell { class: Some("rate limited".to_owned()), ..cell(1, 1, 0, RunStatus::Error) };
        let all = lanes(&[cell(1, 0, 0, passed), limited]);
        assert_eq!(all.pairs((0, 1), &all, (0, 0))[0].b, None, "a fault on the way is none of the answer");
    }

    #[test]
    fn a_cell_asked_again_counts_once() {
        let passed = RunStatus::Passed;
        let again = lanes(&[cell(1, 0, 0, RunStatus::Error), cell(1, 0, 0, passed), cell(1, 1, 0, passed)]);
        assert_eq!(again.pairs((0, 1), &again, (0, 0)).first().map(|pair| pair.a), Some(Some(true)));
    }

    fn pairs(both: usize, broken: usize, fixed: usize, neither: usize) -> Vec<RowPair> {
        [(both, true, true), (broken, true, false), (fixed, false, true), (neither, false, false)]
            .into_iter()
            .flat_map(|(count, a, b)| {
                std::iter::repeat_n(RowPair { a: Some(a), b: Some(b), ..RowPair::default() }, count)
            })
            .collect()
    }

    #[test]
    fn the_least_gain_that_rows_show_is_the_one_that_needs_so_many() {
        for (rows, discordant) in [(20, 0.2), (60, 0.2), (100, 0.3), (200, 0.2), (400, 0.3)] {
            let gain = least_gain(rows, discordant).unwrap();
            let needed = |gain: f64| rows_needed(discordant.max(gain), gain, QUANTILE).unwrap();
            assert!(needed(gain) <= rows && needed(gain - 0.01) > rows, "{rows} {gain}");
        }
        assert_eq!(least_gain(6, 0.2), None, "six of six are p = 0.031");
    }

    #[test]
    fn the_sentence_says_what_is_shown() {
        for ((both, broken, fixed, neither), sentence) in [
            ((60, 3, 14, 23), "B better: 14 fixed, 3 broken, p=0.013, +11 points (3 to 19)"),
            ((60, 14, 3, 23), "B worse: 3 fixed, 14 broken, p=0.013, -11 points (-19 to -3)"),
            ((0, 0, 0, 0), "not comparable: no common inputs"),
        ] {
            assert_eq!(Evidence::of(pairs(both, broken, fixed, neither), 1).sentence(), sentence);
        }
        let few = Evidence::of(pairs(40, 4, 6, 10), 1).sentence();
        assert!(
            few.starts_with("no difference shown: 6 fixed, 4 broken, p=0.754, +3 points (")
                && few.ends_with(" more rows needed to see 5 points"),
            "{few}"
        );
    }

    #[test]
    fn a_sentence_is_as_long_as_there_is_room_for() {
        let (better, few) = (Evidence::of(pairs(60, 3, 14, 23), 1), Evidence::of(pairs(40, 4, 6, 10), 1));
        let words = ("+ better", "+ worse");
        let needed =
            format!("no difference shown: 6 fixed, 4 broken; about {} more rows needed", few.more_rows.unwrap());
        for (found, room, text) in [
            (&better, 80, "+ better: 14 fixed, 3 broken, p=0.013, +11 points (3 to 19)"),
            (&better, 40, "+ better: 14 fixed, 3 broken"),
            (&better, 20, "+ better"),
            (&better, 0, "+ better"),
            (&few, 70, needed.as_str()),
            (&few, 60, "no difference shown: 6 fixed, 4 broken"),
            (&few, 30, "no difference shown"),
        ] {
            assert_eq!(found.sentence_within(words, room), text, "{room}");
        }
        assert_eq!(Evidence::of([], 1).sentence_within(words, 20), "not comparable");
    }

    #[test]
    fn what_was_not_judged_with_both_is_counted_apart() {
        let odd = [RowPair { a: Some(true), ..RowPair::default() }, RowPair::default()];
        let found = Evidence::of(pairs(1, 0, 0, 0).into_iter().chain(odd), 1);
        assert_eq!((found.unchanged, found.not_comparable), (1, 2));
        let json = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<Evidence>(&json).unwrap(), found);
    }

    #[test]
    fn scores_are_told_beside_passes() {
        let scored = (0..50).map(|n| RowPair {
            score_a: Some(0.5),
            score_b: Some(if n % 2 == 0 { 0.6 } else { 0.8 }),
            ..RowPair::default()
        });
        let score = Evidence::of(scored, 7).score.unwrap();
        assert!((score.by - 0.2).abs() < 1e-9 && score.interval.low > 0.15 && score.interval.high < 0.25, "{score:?}");
    }

    /// How many of 1,000 comparisons of 400 rows, with so many of 100 rows fixed and broken, show a difference.
    fn called(seed: u64, fixed: usize, broken: usize) -> usize {
        let mut rng = SplitMix::new(seed);
        (0..1000)
            .filter(|_| {
                let rows: Vec<RowPair> = (0..400)
                    .map(|_| match rng.below(100) {
                        n if n < fixed => RowPair { a: Some(false), b: Some(true), ..RowPair::default() },
                        n if n < fixed + broken => RowPair { a: Some(true), b: Some(false), ..RowPair::default() },
                        _ => RowPair { a: Some(true), b: Some(true), ..RowPair::default() },
                    })
                    .collect();
                Evidence::of(rows, 1).shown != Conclusion::NoDifference
            })
            .count()
    }

    /// The seeds that each simulation is made with.
    const SEEDS: [u64; 3] = [20_250_101, 20_250_102, 1];

    #[test]
    fn no_difference_is_rarely_called_one() {
        for (seed, discordance) in SEEDS.iter().flat_map(|seed| [2, 10, 20].map(|discordance| (*seed, discordance))) {
            let wrong = called(seed, discordance, discordance);
            assert!(wrong <= 50, "{wrong} of 1,000 at {discordance} + {discordance} of 100 from {seed}");
        }
    }

    /// With 20, 30 and 40 of 100 rows discordant.
    #[test]
    fn ten_points_are_found_at_four_hundred_rows() {
        for (fixed, broken) in [(15, 5), (20, 10), (25, 15)] {
            let found = called(20_250_101, fixed, broken);
            assert!(found >= 800, "{found} of 1,000 at {fixed} + {broken} of 100");
        }
    }

    /// Rows whose scores differ by these, judged alike with both.
    fn scored(differences: impl IntoIterator<Item = f64>) -> Vec<RowPair> {
        let pair = |by| RowPair { a: Some(false), b: Some(false), score_a: Some(0.5), score_b: Some(0.5 + by) };
        differences.into_iter().map(pair).collect()
    }

    #[test]
    fn scores_decide_where_passes_cannot() {
        let up = || (0..50).map(|n| if n % 2 == 0 { 0.1 } else { 0.3 });
        let found = Evidence::of(scored(up()), 7);
        assert_eq!((found.basis, found.shown), (Basis::Scores, Conclusion::Better));
        let line = found.sentence();
        assert!(
            line.starts_with("B better: 0 fixed, 0 broken; mean score +0.20 (0.1")
                && line.ends_with(") over 50 rows, p<0.001"),
            "{line}"
        );
        let alone = scored(up().map(|by| -by)).into_iter().map(|pair| RowPair { a: None, b: None, ..pair });
        let line = Evidence::of(alone, 7).sentence();
        assert!(line.starts_with("B worse: mean score -0.20 (-0.2"), "{line}");
        for (differences, shown) in [
            (vec![0.2, 0.2], Conclusion::NoDifference),
            (vec![0.2; 5], Conclusion::NoDifference),
            (vec![0.2; 6], Conclusion::NoDifference),
            (vec![0.2; 7], Conclusion::Better),
            (vec![0.0; 30], Conclusion::NoDifference),
        ] {
            assert_eq!(Evidence::of(scored(differences.clone()), 1).shown, shown, "{differences:?}");
        }
    }

    #[test]
    fn passes_decide_where_they_can_whatever_the_scores() {
        let rows = pairs(40, 5, 5, 10).into_iter().zip(scored((0..60).map(|_| 0.2)));
        let found = Evidence::of(rows.map(|(row, score)| RowPair { a: row.a, b: row.b, ..score }), 1);
        assert_eq!((found.basis, found.shown), (Basis::Passes, Conclusion::NoDifference));
        assert!(found.score_p < Some(0.001), "{found:?}");
    }

    #[test]
    fn one_score_is_nothing_to_compare() {
        let one = RowPair { score_a: Some(0.1), score_b: Some(0.2), ..RowPair::default() };
        assert_eq!(Evidence::of([one], 1).sentence(), "not comparable: only one input was scored with both");
    }

    /// Weighs samples, each with the row it is of.
    fn of_samples<R: Ord>(samples: impl IntoIterator<Item = (R, RowPair)>, seed: u64) -> Evidence {
        let mut rows: BTreeMap<R, [Samples; 2]> = BTreeMap::new();
        for (row, pair) in samples {
            let [a, b] = rows.entry(row).or_default();
            a.take(pair.a, pair.score_a);
            b.take(pair.b, pair.score_b);
        }
        Evidence::of(rows.into_values().map(|[a, b]| RowPair::of(a, b)), seed)
    }

    /// Five samples of each row that all go the same way are as much evidence as one.
    #[test]
    fn samples_of_a_row_count_as_one() {
        let rows = pairs(60, 3, 5, 23);
        let five = (0..5).flat_map(|_| rows.iter().copied().enumerate());
        assert_eq!(of_samples(five, 1), Evidence::of(rows.clone(), 1));
        let side =
            |a: Option<bool>, score_a: f64| RowPair { a, b: Some(true), score_a: Some(score_a), score_b: Some(1.0) };
        for (samples, fixed) in [
            (vec![side(Some(true), 0.0), side(Some(true), 1.0), side(Some(false), 0.5)], 0),
            (vec![side(Some(true), 0.0), side(Some(false), 1.0), side(Some(false), 0.5)], 1),
            (vec![side(Some(true), 0.0), side(Some(false), 1.0)], 1),
            (vec![side(Some(true), 0.5), side(None, f64::NAN)], 0),
        ] {
            let both = samples.iter().flat_map(|pair| [("one", *pair), ("two", *pair)]);
            let found = of_samples(both, 1);
            assert_eq!((found.fixed, found.scored), (fixed * 2, 2), "{samples:?}");
            assert!((found.score.unwrap().by - 0.5).abs() < 1e-12, "{samples:?}");
        }
    }

    #[test]
    fn a_p_is_never_written_as_a_level_it_is_below_and_one_between_the_levels_says_so() {
        for (p, written) in [
            (0.029_4, "p=0.029"),
            (0.029_6, "p<0.03"),
            (0.029_999_9, "p<0.03"),
            (0.03, "p=0.030, not below 0.03"),
            (0.031_25, "p=0.031, not below 0.03"),
            (0.05, "p=0.050"),
            (0.000_99, "p<0.001"),
            (1.0, "p=1.000"),
        ] {
            assert_eq!(chance(p), written, "{p}");
        }
        let six = Evidence::of(pairs(40, 0, 6, 10), 1);
        assert_eq!((six.shown, six.basis), (Conclusion::NoDifference, Basis::Passes));
        let sentence = six.sentence();
        assert!(
            sentence.starts_with("no difference shown: 6 fixed, 0 broken, p=0.031, not below 0.03, +11 points ("),
            "{sentence}"
        );
        assert_eq!(Evidence::of(pairs(40, 0, 7, 10), 1).shown, Conclusion::Better);
    }

    /// How many comparisons of scores from 0 to 1 in steps of 0.1, alike with A and B but for what is added to
    /// B's, show a difference.
    /// Comparisons that are simulated of each kind.
    const COMPARISONS: u64 = if cfg!(debug_assertions) { 200 } else { 1000 };

    fn called_by_scores(seed: u64, comparisons: u64, rows: usize, more: f64) -> usize {
        let mut rng = SplitMix::new(seed);
        (0..comparisons)
            .filter(|seed| {
                let mut one = || rng.below(11) as f64 / 10.0;
                let apart: Vec<f64> = (0..rows).map(|_| one() - one() + more).collect();
                Evidence::of(scored(apart), *seed).shown != Conclusion::NoDifference
            })
            .count()
    }

    #[test]
    fn scores_alike_are_rarely_called_different() {
        for (seed, rows) in SEEDS.iter().flat_map(|seed| [3, 10, 20].map(|rows| (*seed, rows))) {
            let wrong = called_by_scores(seed, COMPARISONS, rows, 0.0) as u64;
            assert!(wrong * 20 <= COMPARISONS, "{wrong} of {COMPARISONS} at {rows} rows from {seed}");
        }
    }

    /// 0.3 more over 30 rows and 0.1 more over 400, where one row's difference spreads by 0.45.
    #[test]
    fn scores_apart_are_found() {
        let found = called_by_scores(20_250_102, 200, 30, 0.3);
        assert!(found >= 160, "{found} of 200");
        let found = called_by_scores(20_250_102, 40, 400, 0.1);
        assert!(found >= 32, "{found} of 40");
    }
}
