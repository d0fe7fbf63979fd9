//! Blind comparison: which pairs of answers a person is shown, in which order, and what the votes come to.
//!
//! The order follows from a seed and the runs alone. Of two pairs the one has the contender that was named first on the left,
//! the other on the right; every tenth pair comes again the other way round, and says how much the side counts.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ops::AddAssign,
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    eval::{
        evidence::{LEVEL, QUANTILE},
        stats::{
            Advantage, Confusion, Distance, LengthBias, NotConnected, PairVotes, PositionBias, Preferences, SplitMix,
            Strengths, alpha, rows_needed, sign_test,
        },
    },
    model::{BatchId, RunId},
};

/// One pair of so many comes again.
const AGAIN: usize = 10;

/// The place in ten of the pair that comes again.
const AGAIN_AT: usize = 4;

/// How many pairs later it comes.
const LATER: usize = 8;

/// What a person says of two answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlindChoice {
    /// The left one, or the upper one, is better.
    Left,
    Right,
    /// They are as good.
    Tie,
    /// Neither will do: a tie, too.
    Bad,
    /// Nothing: the pair is left out.
    Skip,
}

impl BlindChoice {
    /// Lists all of them.
    pub const ALL: [Self; 5] = [Self::Left, Self::Right, Self::Tie, Self::Bad, Self::Skip];

    /// Returns its name, as it is stored and exported.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
            Self::Tie => "tie",
            Self::Bad => "bad",
            Self::Skip => "skip",
        }
    }
}

/// A vote that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindVote {
    /// The runs, as they stood.
    pub left: RunId,
    pub right: RunId,
    pub choice: BlindChoice,
    pub at: Timestamp,
}

/// Who is compared: a prompt on a target in a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlindContender {
    pub batch: BatchId,
    /// The prompt's and the target's places in the batch.
    pub prompt: u32,
    pub target: u32,
    /// What tells it from the others, in words.
    pub label: String,
    /// The words that would give it away in an answer.
    pub names: Vec<String>,
}

/// An answer that can be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct BlindAnswer {
    pub run: RunId,
    /// The row's number in its data set.
    pub row: u64,
    /// What was asked, by its hash, and which one of those with the same hash it is.
    pub input: (i64, u32),
    /// The contender's place.
    pub contender: usize,
    /// The answer's digest, white space around it left out.
    pub digest: u64,
    /// How many characters it has.
    pub length: u64,
    /// What judges say of it, from 0 to 1.
    pub judged: Option<f64>,
}

/// A blind comparison on record.
#[derive(Debug, Clone, PartialEq)]
pub struct BlindComparison {
    /// Its number on record.
    pub id: i64,
    pub seed: u64,
    /// What the batches are called.
    pub name: String,
    pub batches: Vec<BatchId>,
    pub contenders: Vec<BlindContender>,
    pub answers: Vec<BlindAnswer>,
    /// The votes in the order in which they were given.
    pub votes: Vec<BlindVote>,
    /// When the names were shown; no vote is taken from then on.
    pub revealed: Option<Timestamp>,
}

impl BlindComparison {
    /// Returns the runs of a pair, the left one first.
    #[must_use]
    pub fn runs(&self, pair: BlindPair) -> Option<(RunId, RunId)> {
        Some((self.answers.get(pair.left)?.run, self.answers.get(pair.right)?.run))
    }
}

/// Two answers, by their places among all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlindPair {
    pub left: usize,
    pub right: usize,
    /// Whether it was there before the other way round.
    pub again: bool,
}

/// The pairs of a comparison in the order in which they are shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlindPlan {
    pub pairs: Vec<BlindPair>,
    /// Pairs whose answers are the same: ties that nobody is asked about.
    pub alike: Vec<(usize, usize)>,
}

/// Returns what decides about the order of a pair.
fn order_of(seed: u64, one: RunId, other: RunId) -> u64 {
    let fold = |run: RunId| {
        let (high, low) = run.0.as_u64_pair();
        high.rotate_left(17) ^ low
    };
    let first = SplitMix::new(seed ^ fold(one)).draw();
    SplitMix::new(first.rotate_left(23) ^ fold(other)).draw()
}

impl BlindPlan {
    /// Works the pairs out. Pairs that were voted on stay as they stood.
    #[must_use]
    pub fn of(comparison: &BlindComparison) -> Self {
        let mut rows: BTreeMap<(i64, u32), Vec<(usize, &BlindAnswer)>> = BTreeMap::new();
        for (at, answer) in comparison.answers.iter().enumerate() {
            rows.entry(answer.input).or_default().push((at, answer));
        }
        let (mut keyed, mut alike) = (Vec::new(), Vec::new());
        for mut row in rows.into_values() {
            row.sort_by_key(|(_, answer)| answer.contender);
            let pairs =
                row.iter().enumerate().flat_map(|(place, one)| row.iter().skip(place + 1).map(move |two| (one, two)));
            for ((one, a), (other, b)) in pairs.filter(|((_, a), (_, b))| a.contender != b.contender) {
                if a.digest == b.digest {
                    alike.push((*one, *other));
                } else {
                    keyed.push((order_of(comparison.seed, a.run, b.run), (*one, a.run), (*other, b.run)));
                }
            }
        }
        keyed.sort_unstable();
        let stood: BTreeSet<(RunId, RunId)> = first_votes(comparison).map(|vote| (vote.left, vote.right)).collect();
        let (mut pairs, mut due, mut turned) = (Vec::new(), VecDeque::new(), false);
        for (at, (key, (one, first), (other, second))) in keyed.into_iter().enumerate() {
            // Of two pairs one is turned: which, is drawn.
            turned = if at % 2 == 0 { key & 1 == 1 } else { !turned };
            let (swapped, kept) = (stood.contains(&(second, first)), stood.contains(&(first, second)));
            let (left, right) = if swapped || (turned && !kept) { (other, one) } else { (one, other) };
            pairs.push(BlindPair { left, right, again: false });
            if at % AGAIN == AGAIN_AT {
                due.push_back((at + LATER, BlindPair { left: right, right: left, again: true }));
            }
            while let Some((_, pair)) = due.front().filter(|(from, _)| *from <= at) {
                pairs.push(*pair);
                due.pop_front();
            }
        }
        pairs.extend(due.into_iter().map(|(_, pair)| pair));
        Self { pairs, alike }
    }

    /// Finds the first pair that nothing was said of, by its place.
    #[must_use]
    pub fn next(&self, comparison: &BlindComparison) -> Option<usize> {
        let said: BTreeSet<(RunId, RunId)> = comparison.votes.iter().map(|vote| (vote.left, vote.right)).collect();
        self.pairs.iter().position(|pair| comparison.runs(*pair).is_some_and(|runs| !said.contains(&runs)))
    }
}

/// Lists the votes on pairs as they stood first.
fn first_votes(comparison: &BlindComparison) -> impl Iterator<Item = &BlindVote> {
    let mut known = BTreeSet::new();
    comparison.votes.iter().filter(move |vote| known.insert((vote.left.min(vote.right), vote.left.max(vote.right))))
}

/// How a contender did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ContenderVotes {
    pub won: u64,
    pub lost: u64,
    /// Ties, pairs of the same answer among them.
    pub tied: u64,
}

/// How far a person and the judges prefer the same answers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JudgePreference {
    /// Pairs that both decide about: whether each prefers the contender that was named first.
    pub confusion: Confusion,
    /// What each says of each pair that both saw: 1 for the contender that was named first, 0 for a tie, -1.
    pub rated: Vec<Vec<f64>>,
    /// Who takes the longer answer, of the pairs that both decide about.
    pub length: LengthBias,
}

impl JudgePreference {
    /// Returns Krippendorff's alpha of all pairs, ties included; none where it cannot be told.
    #[must_use]
    pub fn alpha(&self) -> Option<f64> {
        alpha(&self.rated, Distance::Ordinal)
    }
}

/// What the votes come to.
#[derive(Debug, Clone, PartialEq)]
pub struct BlindResult {
    /// Pairs that a vote was given on, ties among them; those that came again are counted once.
    pub votes: u64,
    pub ties: u64,
    /// Those of the ties where neither will do.
    pub bad: u64,
    pub skipped: u64,
    /// Pairs of the same answer.
    pub alike: u64,
    /// Decided votes for what stood left, and right.
    pub sides: (u64, u64),
    /// By the contender's place.
    pub contenders: Vec<ContenderVotes>,
    pub strengths: Result<Strengths, NotConnected>,
    /// Of the pairs that came twice and were decided about both times.
    pub orders: PositionBias,
    /// None where no judge has spoken of both answers of a pair.
    pub judges: Option<JudgePreference>,
}

impl BlindResult {
    /// Counts the votes of a comparison. Votes on runs that have been replaced are left out.
    #[must_use]
    pub fn of(comparison: &BlindComparison, plan: &BlindPlan) -> Self {
        let by_run: BTreeMap<RunId, &BlindAnswer> =
            comparison.answers.iter().map(|answer| (answer.run, answer)).collect();
        let mut counts = Counts::new(comparison.contenders.len());
        for &(one, other) in &plan.alike {
            if let (Some(one), Some(other)) = (comparison.answers.get(one), comparison.answers.get(other)) {
                counts.add((one.contender, other.contender), BlindChoice::Tie);
                counts.result.alike += 1;
            }
        }
        for vote in first_votes(comparison) {
            let (Some(left), Some(right)) = (by_run.get(&vote.left), by_run.get(&vote.right)) else { continue };
            counts.vote((left, right), vote.choice);
        }
        let mut result = counts.result;
        result.strengths = counts.preferences.strengths();
        result.orders = orders(comparison, &by_run);
        result.judges = Some(counts.judges).filter(|judges| !judges.rated.is_empty());
        result
    }
}

impl BlindResult {
    /// Tells whether the votes show which of two contenders is preferred, given by how much the first one is stronger: of two
    /// alone by the sign test over the decided votes, of more by the error of their strengths.
    #[must_use]
    pub fn is_shown(&self, one: usize, advantage: &Advantage) -> bool {
        match (self.contenders.as_slice(), self.contenders.get(one)) {
            ([_, _], Some(own)) => sign_test(own.won, own.lost) < LEVEL,
            _ => advantage.log_ratio.abs() > QUANTILE * advantage.error,
        }
    }

    /// Returns about how many decided votes would show a preference of this size of two contenders; none where it has none.
    #[must_use]
    pub fn votes_needed(share: f64) -> Option<u64> {
        rows_needed(1.0, (2.0 * share - 1.0).abs(), QUANTILE)
    }
}

/// What is counted vote by vote.
struct Counts {
    result: BlindResult,
    preferences: Preferences,
    judges: JudgePreference,
}

impl Counts {
    fn new(contenders: usize) -> Self {
        let result = BlindResult {
            votes: 0,
            ties: 0,
            bad: 0,
            skipped: 0,
            alike: 0,
            sides: (0, 0),
            contenders: vec![ContenderVotes::default(); contenders],
            strengths: Err(NotConnected { groups: Vec::new() }),
            orders: PositionBias::default(),
            judges: None,
        };
        Self { result, preferences: Preferences::of(contenders), judges: JudgePreference::default() }
    }

    fn add(&mut self, (left, right): (usize, usize), choice: BlindChoice) {
        let votes = match choice {
            BlindChoice::Left => PairVotes { first: 1, ..PairVotes::default() },
            BlindChoice::Right => PairVotes { second: 1, ..PairVotes::default() },
            BlindChoice::Tie | BlindChoice::Bad => PairVotes { ties: 1, ..PairVotes::default() },
            BlindChoice::Skip => return,
        };
        self.preferences.add((left, right), votes);
        for (at, won, lost) in [(left, votes.first, votes.second), (right, votes.second, votes.first)] {
            if let Some(own) = self.result.contenders.get_mut(at) {
                own.won.add_assign(won);
                own.lost.add_assign(lost);
                own.tied.add_assign(votes.ties);
            }
        }
    }

    fn vote(&mut self, (left, right): (&BlindAnswer, &BlindAnswer), choice: BlindChoice) {
        match choice {
            BlindChoice::Skip => {
                self.result.skipped += 1;
                return;
            }
            BlindChoice::Left => self.result.sides.0 += 1,
            BlindChoice::Right => self.result.sides.1 += 1,
            BlindChoice::Tie => self.result.ties += 1,
            BlindChoice::Bad => {
                self.result.ties += 1;
                self.result.bad += 1;
            }
        }
        self.result.votes += 1;
        self.add((left.contender, right.contender), choice);
        let (Some(judged_left), Some(judged_right)) = (left.judged, right.judged) else { return };
        // The contender that was named first comes first, whichever side it stood on.
        let turned = left.contender > right.contender;
        let sign = |left: f64, right: f64| {
            let towards_left = f64::from(i8::from(left > right) - i8::from(left < right));
            if turned { -towards_left } else { towards_left }
        };
        let person = match choice {
            BlindChoice::Left => sign(1.0, 0.0),
            BlindChoice::Right => sign(0.0, 1.0),
            BlindChoice::Tie | BlindChoice::Bad | BlindChoice::Skip => 0.0,
        };
        let judge = sign(judged_left, judged_right);
        self.judges.rated.push(vec![judge, person]);
        if judge == 0.0 || person == 0.0 {
            return;
        }
        self.judges.confusion.take(judge > 0.0, person > 0.0);
        if left.length != right.length {
            let longer = if (left.length > right.length) == turned { -1.0 } else { 1.0 };
            self.judges.length.take(judge * longer > 0.0, person * longer > 0.0);
        }
    }
}

/// Holds each vote on a pair that came again against the first one on it.
fn orders(comparison: &BlindComparison, by_run: &BTreeMap<RunId, &BlindAnswer>) -> PositionBias {
    let mut orders = PositionBias::default();
    let mut first: BTreeMap<(RunId, RunId), BlindChoice> = BTreeMap::new();
    for vote in &comparison.votes {
        if !by_run.contains_key(&vote.left) || !by_run.contains_key(&vote.right) {
            continue;
        }
        let Some(before) = first.get(&(vote.right, vote.left)) else {
            first.insert((vote.left, vote.right), vote.choice);
            continue;
        };
        let tie = |choice| matches!(choice, BlindChoice::Tie | BlindChoice::Bad);
        match (*before, vote.choice) {
            (BlindChoice::Left, BlindChoice::Right) | (BlindChoice::Right, BlindChoice::Left) => {
                orders.consistent += 1;
            }
            (BlindChoice::Left, BlindChoice::Left) => orders.first += 1,
            (BlindChoice::Right, BlindChoice::Right) => orders.second += 1,
            (one, other) if tie(one) && tie(other) => orders.consistent += 1,
            // A tie and a decision are neither the same nor taken by a side.
            _ => {}
        }
    }
    orders
}

/// Hides the names of contenders where a text has them as words, and returns whether there were any.
#[must_use]
pub fn hide_names(text: &str, contenders: &[BlindContender]) -> (String, bool) {
    let mut names: Vec<Vec<char>> =
        contenders.iter().flat_map(|contender| &contender.names).map(|name| name.chars().collect()).collect();
    names.retain(|name| !name.is_empty());
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let chars: Vec<char> = text.chars().collect();
    let is_part = |at: Option<&char>| at.is_some_and(|c| c.is_alphanumeric());
    let same = |one: char, other: char| one == other || one.to_lowercase().eq(other.to_lowercase());
    let (mut out, mut at, mut found) = (String::with_capacity(text.len()), 0, false);
    while let Some(c) = chars.get(at) {
        let begins = at == 0 || !is_part(chars.get(at - 1));
        let hit = names.iter().filter(|_| begins).find(|name| {
            let own = chars.get(at..at + name.len()).unwrap_or_default();
            let is_it = own.len() == name.len() && own.iter().zip(*name).all(|(one, other)| same(*one, *other));
            is_it && !is_part(chars.get(at + name.len()))
        });
        if let Some(name) = hit {
            out.push_str(HIDDEN);
            at += name.len();
            found = true;
        } else {
            out.push(*c);
            at += 1;
        }
    }
    (out, found)
}

/// What stands for a name that is hidden.
const HIDDEN: &str = "[hidden]";

#[cfg(test)]
mod tests;
