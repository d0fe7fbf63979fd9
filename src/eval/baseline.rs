//! A baseline: how each row came out on each target when a person last looked, as a file for a repository; and what is another
//! way by now.
//!
//! A line is a row on a target, without time, cost or host, so that a difference in a pull request is one of the answers.

pub mod inbox;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use serde::{Deserialize, Serialize};

use crate::{
    eval::{JsonTypes, extract, json_diff::canonical, stats::fisher},
    model::{
        CellIndex, Format, Input,
        dataset::{DatasetRow, RowText},
        expected::EXPECTED,
        id::hex,
    },
    text::{clean_line, json, suggest::quoted},
};

/// The ending of a baseline's name, after its prompt's.
pub const ENDING: &str = ".baseline.jsonl";

/// The largest answer, in bytes, that stands in the file; of a larger one its digest does.
const KEPT: usize = 2000;

/// The longest line, in bytes, that is read.
const LONGEST_LINE: usize = 1 << 20;

/// The digits of a row's name: of 10,000 rows two are called the same in one of five million files.
const DIGITS: usize = 12;

/// Samples of a row on a target that flips before it may be called another way: with the first one, three.
pub const ASKED_OF_A_FLIP: u64 = 3;

/// Samples of a row that is known to be flaky.
pub const ASKED_OF_FLAKY: u64 = 5;

/// Answers in a row that pass, after which a row is no longer flaky.
pub const STEADY: u64 = 20;

/// A difference of a flaky row is one when chance gives it in fewer cases than this, as in every comparison.
const LEVEL: f64 = crate::eval::evidence::LEVEL;

/// How a row on a target stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BaselineState {
    /// As a person took it.
    Accepted,
    /// It passes at times: it is asked several times, and judged by how often.
    Flaky,
    /// A test: each answer has to pass.
    Pinned,
    /// It came out another way, which a person did not take: it fails until it is as it was.
    Rejected,
}

impl BaselineState {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Flaky => "flaky",
            Self::Pinned => "pinned",
            Self::Rejected => "rejected",
        }
    }
}

/// An answer as a baseline keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected an answer, or `{\"sha256\": \"…\"}`")]
pub enum KeptAnswer {
    /// As the model wrote it.
    Text(String),
    /// One too long for the file.
    Digest {
        /// The SHA-256, in hex, of what is compared of it.
        sha256: String,
    },
}

impl KeptAnswer {
    /// Keeps an answer.
    #[must_use]
    pub fn of(answer: &str, wants_json: bool) -> Self {
        if answer.len() <= KEPT {
            Self::Text(answer.to_owned())
        } else {
            Self::Digest { sha256: hex(compared(answer, wants_json).as_bytes()) }
        }
    }

    /// Tells whether an answer is the same: JSON whatever the order of its keys and the spelling of its numbers, text
    /// whatever its white space.
    #[must_use]
    pub fn is(&self, answer: &str, wants_json: bool) -> bool {
        let other = compared(answer, wants_json);
        match self {
            Self::Text(text) => compared(text, wants_json) == other,
            Self::Digest { sha256 } => *sha256 == hex(other.as_bytes()),
        }
    }

    /// Returns its text, if the file has it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Digest { .. } => None,
        }
    }
}

/// Brings an answer into the form in which equal ones are alike.
fn compared(answer: &str, wants_json: bool) -> String {
    let found = wants_json.then(|| extract(answer, JsonTypes::OBJECT).ok()).flatten();
    found.map_or_else(|| answer.split_whitespace().collect::<Vec<_>>().join(" "), |(value, _)| canonical(&value))
}

/// One row on one target as it is expected to come out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineLine {
    /// The row's name, as [`row_name`] gives it.
    pub row: String,
    /// The beginning of what the row asks.
    pub label: String,
    /// The target's name.
    pub target: String,
    /// The version of the prompt, by its first digits.
    pub version: String,
    /// How many answers passed, and of how many that were judged.
    pub passed: [u64; 2],
    pub answer: KeptAnswer,
    pub state: BaselineState,
    /// Why it was rejected.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What a pinned row asks: it is a test also where the data set is not at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<Input>,
}

impl BaselineLine {
    /// Tells whether it passed more often than not; none where nothing was judged.
    #[must_use]
    pub fn passes(&self) -> Option<bool> {
        let [passed, judged] = self.passed;
        majority(passed, judged)
    }
}

fn majority(passed: u64, judged: u64) -> Option<bool> {
    (judged > 0).then_some(passed.saturating_mul(2) > judged)
}

/// Names a row for ever: the first digits of the SHA-256 of its input as JSON, what is expected of its answers left out.
#[must_use]
pub fn row_name(input: &Input) -> String {
    let mut asked = input.clone();
    asked.vars.remove(EXPECTED);
    // An input has no keys that JSON could not hold.
    hex(&serde_json::to_vec(&asked).unwrap_or_default()).chars().take(DIGITS).collect()
}

/// Says what a row asks, in a line.
#[must_use]
pub fn row_label(input: &Input) -> String {
    /// The characters of a label.
    const LABEL: usize = 60;
    let row = DatasetRow { input: input.clone(), ..DatasetRow::default() };
    clean_line(&RowText::of(&row).text).as_str().chars().take(LABEL).collect()
}

/// How the rows of a prompt are expected to come out, by row and target.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    lines: BTreeMap<(String, String), BaselineLine>,
}

impl Baseline {
    /// Reads the text of a file. The error begins with the line.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut lines: BTreeMap<(String, String), BaselineLine> = BTreeMap::new();
        let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
        for (place, line) in text.lines().enumerate() {
            let number = place + 1;
            let line = line.trim();
            if line.is_empty() {
                continue;
            }
            if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|mark| line.starts_with(mark)) {
                return Err(format!(
                    "{number}: a conflict of a merge; keep the lines of both sides, one for each row and target, and take \
                     its marks out"
                ));
            }
            if line.len() > LONGEST_LINE {
                return Err(format!("{number}: the line is longer than 1 MB"));
            }
            let read: BaselineLine = serde_json::from_str(line).map_err(|bad| {
                let words = bad.to_string();
                let words = words.split(" at line ").next().unwrap_or_default();
                format!("{number}: this is no line of a baseline: {}", clean_line(words))
            })?;
            if read.row.is_empty() || read.target.is_empty() || read.passed[0] > read.passed[1] {
                return Err(format!(
                    "{number}: a line names a row and a target, and no more answers that passed than there were"
                ));
            }
            let key = (read.row.clone(), read.target.clone());
            if let Some(known) = lines.get(&key).filter(|known| **known != read) {
                let first = places.get(&key).copied().unwrap_or_default();
                return Err(format!(
                    "{number}: row {} on {} has another line already, {first}; keep one of the two",
                    quoted(&known.row),
                    quoted(&known.target)
                ));
            }
            places.entry(key.clone()).or_insert(number);
            lines.insert(key, read);
        }
        Ok(Self { lines })
    }

    /// Writes it as a file holds it: a line for each row and target, in their order.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in self.lines.values() {
            // Nothing in a line could not be written as JSON.
            let _ = writeln!(text, "{}", json::to_line(line).unwrap_or_default());
        }
        text
    }

    /// Lists its lines in their order.
    pub fn lines(&self) -> impl Iterator<Item = &BaselineLine> {
        self.lines.values()
    }

    /// Finds the line of a row on a target.
    #[must_use]
    pub fn line(&self, row: &str, target: &str) -> Option<&BaselineLine> {
        self.lines.get(&(row.to_owned(), target.to_owned()))
    }

    /// Puts a line in the place of the one of its row and target.
    pub fn put(&mut self, line: BaselineLine) {
        self.lines.insert((line.row.clone(), line.target.clone()), line);
    }

    /// Takes a line out.
    pub fn remove(&mut self, row: &str, target: &str) {
        self.lines.remove(&(row.to_owned(), target.to_owned()));
    }
}

/// A row on a target as it came out.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedRow {
    /// The row's name.
    pub row: String,
    /// The beginning of what it asks.
    pub label: String,
    pub target: String,
    /// The version of the prompt, by its first digits.
    pub version: String,
    pub input: Input,
    /// Whether JSON was asked for.
    pub wants_json: bool,
    /// Where it is in its batch; the first of several.
    pub place: CellIndex,
    /// Answers that passed.
    pub passed: u64,
    /// Answers that were judged.
    pub judged: u64,
    /// Answers in a row that passed, up to now.
    pub steady: u64,
    /// The answers, each with whether it passed.
    pub answers: Vec<(Option<bool>, String)>,
}

impl ObservedRow {
    /// Begins before its first answer.
    #[must_use]
    pub fn new(input: &Input, (target, version): (&str, &str), format: Format, place: CellIndex) -> Self {
        Self {
            row: row_name(input),
            label: row_label(input),
            target: target.to_owned(),
            version: version.to_owned(),
            input: input.clone(),
            wants_json: format != Format::Text,
            place,
            passed: 0,
            judged: 0,
            steady: 0,
            answers: Vec::new(),
        }
    }

    /// Counts a further sample; one that was not judged says something all the same.
    pub fn take(&mut self, passed: Option<bool>, answer: String) {
        self.judged += u64::from(passed.is_some());
        self.passed += u64::from(passed == Some(true));
        self.answers.push((passed, answer));
    }

    /// Tells whether it passed more often than not; none where nothing was judged.
    #[must_use]
    pub fn passes(&self) -> Option<bool> {
        majority(self.passed, self.judged)
    }

    /// Returns the answer that stands for all: the first that came out as most did.
    #[must_use]
    pub fn answer(&self) -> &str {
        let most = self.passes();
        let found = self.answers.iter().find(|(passed, _)| *passed == most).or_else(|| self.answers.first());
        found.map_or("", |(_, answer)| answer)
    }

    /// Writes it as a baseline has it.
    #[must_use]
    pub fn line(&self, state: BaselineState) -> BaselineLine {
        BaselineLine {
            row: self.row.clone(),
            label: self.label.clone(),
            target: self.target.clone(),
            version: self.version.clone(),
            passed: [self.passed, self.judged],
            answer: KeptAnswer::of(self.answer(), self.wants_json),
            state,
            why: String::new(),
            input: (state == BaselineState::Pinned).then(|| self.input.clone()),
        }
    }
}

/// In what way a row on a target is another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It passed and does not.
    Worse,
    /// It did not pass and does, or no longer fails by a person's word.
    Fixed,
    /// It comes out as before, and says something else.
    Text,
    /// The baseline does not have it.
    New,
    /// The baseline has it, and the data set does not.
    Gone,
    /// It was flaky and has passed often enough in a row.
    Steady,
}

impl ChangeKind {
    /// Every kind, in the order in which they are looked at.
    pub const ALL: [Self; 6] = [Self::Worse, Self::Fixed, Self::Text, Self::New, Self::Gone, Self::Steady];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Fixed => "fixed",
            Self::Text => "text changed",
            Self::New => "new",
            Self::Gone => "gone",
            Self::Steady => "steady",
        }
    }
}

/// A row on a target that is not as the baseline has it.
#[derive(Debug, Clone, PartialEq)]
pub struct BaselineChange {
    pub kind: ChangeKind,
    /// As it was; none where it is new.
    pub before: Option<BaselineLine>,
    /// As it is; none where it is gone.
    pub now: Option<ObservedRow>,
    /// How likely so different a share of passes is by chance; none where one of the two is not there.
    pub p: Option<f64>,
}

impl BaselineChange {
    /// Returns the row's name.
    #[must_use]
    pub fn row(&self) -> &str {
        let before = self.before.as_ref().map(|line| line.row.as_str());
        self.now.as_ref().map(|now| now.row.as_str()).or(before).unwrap_or_default()
    }

    /// Returns the target's name.
    #[must_use]
    pub fn target(&self) -> &str {
        let before = self.before.as_ref().map(|line| line.target.as_str());
        self.now.as_ref().map(|now| now.target.as_str()).or(before).unwrap_or_default()
    }

    /// Returns what the row asks, in a line.
    #[must_use]
    pub fn label(&self) -> &str {
        let before = self.before.as_ref().map(|line| line.label.as_str());
        self.now.as_ref().map(|now| now.label.as_str()).or(before).unwrap_or_default()
    }

    /// Returns the row's name and the target's, by which a baseline has a line.
    #[must_use]
    pub fn key(&self) -> (&str, &str) {
        (self.row(), self.target())
    }

    /// Names it for the command line: `ROW@TARGET`.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}@{}", self.row(), self.target())
    }

    /// Tells whether a run in which it stands may not be called as good as the baseline: it got worse, a test is gone, or
    /// a row that nobody has accepted fails.
    #[must_use]
    pub fn fails(&self) -> bool {
        match self.kind {
            ChangeKind::Worse => true,
            ChangeKind::New => self.now.as_ref().and_then(ObservedRow::passes) == Some(false),
            ChangeKind::Gone => self.before.as_ref().is_some_and(|line| line.state == BaselineState::Pinned),
            ChangeKind::Fixed | ChangeKind::Text | ChangeKind::Steady => false,
        }
    }

    /// Returns why a person has rejected it; none where nobody has.
    #[must_use]
    pub fn rejected(&self) -> Option<&str> {
        self.before.as_ref().filter(|line| line.state == BaselineState::Rejected).map(|line| line.why.as_str())
    }

    /// Says how often it passed before and does now: `3/3 → 0/3, p=0.100`.
    #[must_use]
    pub fn counts(&self) -> String {
        let of = |passed: u64, judged: u64| {
            if judged == 0 { "not judged".to_owned() } else { format!("{passed}/{judged}") }
        };
        let before = self.before.as_ref().map(|line| of(line.passed[0], line.passed[1]));
        let now = self.now.as_ref().map(|now| of(now.passed, now.judged));
        let p = self.p.filter(|p| *p < 1.0).map_or_else(String::new, |p| format!(", p={p:.3}"));
        match (before, now) {
            (Some(before), Some(now)) => format!("{before} → {now}{p}"),
            (Some(only), None) | (None, Some(only)) => only,
            (None, None) => String::new(),
        }
    }
}

/// A baseline held against what came out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct BaselineReview {
    /// What is another way: what got worse first, each kind in the order of its rows.
    pub changes: Vec<BaselineChange>,
    /// Rows on targets that are as they were.
    pub same: u64,
    /// Rows on targets that have no answer, or were judged before and are not now.
    pub unjudged: u64,
}

impl BaselineReview {
    /// Holds a baseline against what came out. `whole` says whether all rows were asked: without it none is gone.
    #[must_use]
    pub fn of(baseline: &Baseline, observed: &[ObservedRow], whole: bool) -> Self {
        let mut review = Self::default();
        let (mut seen, mut targets) = (BTreeSet::new(), BTreeSet::new());
        for now in observed {
            targets.insert(now.target.as_str());
            seen.insert((now.row.as_str(), now.target.as_str()));
            let before = baseline.line(&now.row, &now.target);
            // Where nobody answered there is nothing to be taken, and nothing to be held against what was.
            if now.answers.is_empty() || before.is_some_and(|line| now.judged == 0 && line.passed[1] > 0) {
                review.unjudged += 1;
                continue;
            }
            let kind = match before {
                None => Some(ChangeKind::New),
                Some(line) => change(line, now),
            };
            match kind {
                None => review.same += 1,
                Some(kind) => {
                    let p = before.filter(|line| line.passed[1] > 0 && now.judged > 0).map(|line| chance(line, now));
                    review.changes.push(BaselineChange { kind, before: before.cloned(), now: Some(now.clone()), p });
                }
            }
        }
        let gone = |line: &&BaselineLine| {
            whole
                && targets.contains(line.target.as_str())
                && !seen.contains(&(line.row.as_str(), line.target.as_str()))
        };
        for line in baseline.lines().filter(gone) {
            review.changes.push(BaselineChange {
                kind: ChangeKind::Gone,
                before: Some(line.clone()),
                now: None,
                p: None,
            });
        }
        // Stable: the rows of a kind stay in the order of the data set.
        review.changes.sort_by_key(|change| change.kind);
        review
    }

    /// Returns how many rows on targets are another way in this manner.
    #[must_use]
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }

    /// Tells whether what came out may be called as good as the baseline.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.unjudged == 0 && !self.changes.iter().any(BaselineChange::fails)
    }

    /// Says in a line what is another way.
    #[must_use]
    pub fn sentence(&self) -> String {
        let counts = ChangeKind::ALL.map(|kind| (kind, self.count(kind)));
        let mut parts: Vec<String> = counts
            .iter()
            .filter(|(kind, count)| *count > 0 || *kind == ChangeKind::Worse)
            .map(|(kind, count)| format!("{count} {}", kind.word()))
            .collect();
        parts.push(format!("{} as before", self.same));
        if self.unjudged > 0 {
            parts.push(format!("{} not judged", self.unjudged));
        }
        parts.join(", ")
    }
}

fn chance(line: &BaselineLine, now: &ObservedRow) -> f64 {
    fisher((line.passed[0], line.passed[1]), (now.passed, now.judged))
}

/// Tells in what way a row on a target is another than its line says; none where it is as it was.
fn change(line: &BaselineLine, now: &ObservedRow) -> Option<ChangeKind> {
    let says_the_same = || now.answers.iter().any(|(_, answer)| line.answer.is(answer, now.wants_json));
    let text = || (!says_the_same()).then_some(ChangeKind::Text);
    match line.state {
        BaselineState::Flaky => {
            let before = line.passed[0] as f64 / line.passed[1].max(1) as f64;
            let share = now.passed as f64 / now.judged.max(1) as f64;
            if line.passed[1] > 0 && chance(line, now) < LEVEL {
                Some(if share < before { ChangeKind::Worse } else { ChangeKind::Fixed })
            } else {
                (now.steady >= STEADY).then_some(ChangeKind::Steady)
            }
        }
        BaselineState::Pinned if now.passed < now.judged => Some(ChangeKind::Worse),
        BaselineState::Rejected => match now.passes() {
            Some(false) => Some(ChangeKind::Worse),
            // It was the text that was rejected, and there is no other yet.
            _ if line.passes() != Some(false) && !says_the_same() => Some(ChangeKind::Text),
            _ => Some(ChangeKind::Fixed),
        },
        BaselineState::Pinned | BaselineState::Accepted => match (line.passes(), now.passes()) {
            (Some(true), Some(false)) => Some(ChangeKind::Worse),
            (Some(false), Some(true)) => Some(ChangeKind::Fixed),
            // It is judged for the first time: nobody has looked at that.
            (None, Some(_)) => Some(ChangeKind::New),
            (_, None) | (Some(true), Some(true)) | (Some(false), Some(false)) => text(),
        },
    }
}

/// How often each cell of a batch has to be asked again before it is called another way: twice where its verdict flips,
/// and where it is known to be flaky as often as that takes.
#[must_use]
pub fn again(baseline: &Baseline, observed: &[ObservedRow]) -> Vec<(CellIndex, u64)> {
    let of = |now: &ObservedRow| {
        let line = baseline.line(&now.row, &now.target)?;
        let wanted = match line.state {
            BaselineState::Flaky => ASKED_OF_FLAKY,
            // One answer that fails is enough.
            BaselineState::Pinned => return None,
            BaselineState::Accepted | BaselineState::Rejected => {
                let flips = matches!((line.passes(), now.passes()), (Some(before), Some(now)) if before != now);
                if flips { ASKED_OF_A_FLIP } else { return None }
            }
        };
        let more = wanted.saturating_sub(now.judged);
        (now.judged > 0 && more > 0).then_some((now.place, more))
    };
    observed.iter().filter_map(of).collect()
}

/// What a person decides of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewDecision {
    /// It is to be so from now on.
    Accept,
    /// It is to be as it was, for this reason.
    Reject(String),
    /// It passes at times.
    Flaky,
    /// It is a test from now on.
    Pin,
}

impl ReviewDecision {
    /// What may have been decided, in a word each.
    pub const WORDS: [&str; 4] = ["accepted", "rejected", "flaky", "pinned"];

    /// Returns what was decided in a word, which is also that of the row's state.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accept => BaselineState::Accepted,
            Self::Reject(_) => BaselineState::Rejected,
            Self::Flaky => BaselineState::Flaky,
            Self::Pin => BaselineState::Pinned,
        }
        .word()
    }
}

impl Baseline {
    /// Does what a person has decided of a change. The error says in words why that cannot be.
    pub fn decide(&mut self, change: &BaselineChange, decision: &ReviewDecision) -> Result<(), String> {
        let before = change.before.as_ref();
        let state = before.map_or(BaselineState::Accepted, |line| line.state);
        match (decision, &change.now) {
            (ReviewDecision::Accept, None) => self.remove(change.row(), change.target()),
            (ReviewDecision::Accept, Some(now)) => self.put(now.line(match state {
                BaselineState::Flaky if change.kind != ChangeKind::Steady => BaselineState::Flaky,
                BaselineState::Pinned => BaselineState::Pinned,
                BaselineState::Accepted | BaselineState::Rejected | BaselineState::Flaky => BaselineState::Accepted,
            })),
            (ReviewDecision::Reject(why), _) => match (change.kind, before) {
                (ChangeKind::Worse | ChangeKind::Text | ChangeKind::Gone, Some(line)) => {
                    let state = if state == BaselineState::Pinned { state } else { BaselineState::Rejected };
                    self.put(BaselineLine { state, why: why.clone(), ..line.clone() });
                }
                (kind, _) => {
                    return Err(format!(
                        "a row that is {} cannot be rejected: there is nothing it should be in its place",
                        kind.word()
                    ));
                }
            },
            (ReviewDecision::Flaky, Some(now)) if now.passed > 0 && now.passed < now.judged => {
                self.put(now.line(BaselineState::Flaky));
            }
            (ReviewDecision::Flaky, Some(now)) => {
                return Err(format!(
                    "{} of {} passed: a row is flaky once some of its answers pass and some do not; `retort batch \
                     --against-baseline` or --samples 5 asks it more often",
                    now.passed, now.judged
                ));
            }
            (ReviewDecision::Pin, Some(now)) => {
                // What got worse is no test that passes: it is held to what it was.
                let kept = before.filter(|_| change.kind == ChangeKind::Worse);
                let line = kept.cloned().unwrap_or_else(|| now.line(BaselineState::Pinned));
                self.put(BaselineLine { state: BaselineState::Pinned, input: Some(now.input.clone()), ..line });
            }
            (ReviewDecision::Flaky | ReviewDecision::Pin, None) => {
                return Err("a row that is gone can be accepted, which takes it out, or rejected".to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
