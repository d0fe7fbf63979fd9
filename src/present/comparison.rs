//! Runs of one prompt on one input beside each other: which figures they have, and where they differ.
//!
//! A [`ComparisonTable`] is a table with a column for each lane. The first lane is the baseline. Where
//! the answers are JSON objects, every field has a row of its own, in the order in which the
//! baseline has them. The figures are how each lane's runs ended, where from, how long they took, what they cost.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    fmt::Write as _,
    time::Duration,
};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    eval::groups::{AnswerCounts, Sample},
    model::{
        Cost, Outcome, Provenance, RunEnd, RunStatus, Spent, Usage, cost::CacheSaving, outcome::Judging,
        usage::tokens_per_second,
    },
    present::tool_calls::{counts, transcript},
    text::{
        diff::TextDiff,
        format,
        format::{age, duration, rate, tokens},
        reorders,
    },
};

/// One lane with the ends of all its samples.
#[derive(Debug, Clone)]
pub struct ComparedLane<'a> {
    /// The lane's name.
    pub name: String,
    /// How each sample ended, in order; never empty.
    pub outcomes: Vec<&'a Outcome>,
}

/// What of the answers a row sets side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RowKind {
    /// How a run went, and what it took.
    Figure,
    /// One field of JSON answers.
    Field,
    /// A whole answer.
    Answer,
}

/// What one lane has in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LaneCell {
    /// In words; raw, as models and providers wrote it.
    pub text: String,
    /// Whether it is something else than the baseline has. Figures never differ: no two runs take
    /// the same time.
    pub differs: bool,
}

/// A row: a label, and a cell for each lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparisonRow {
    /// What it is of: the figure's name, or the field's.
    pub label: String,
    pub kind: RowKind,
    /// One for each lane, in their order.
    pub cells: Vec<LaneCell>,
}

/// Lanes side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ComparisonTable {
    /// The lanes' names.
    pub names: Vec<String>,
    /// Figures first, then fields, then answers that are no JSON.
    pub rows: Vec<ComparisonRow>,
    /// Whether no lane has more than one answer.
    #[serde(skip)]
    single: bool,
}

impl ComparisonTable {
    /// Lays lanes beside each other. `now` tells how old a cached answer is.
    #[must_use]
    pub fn of(lanes: &[ComparedLane<'_>], now: Timestamp) -> Self {
        let mut rows = rows(lanes, now);
        rows.extend(field_rows(lanes));
        let single = lanes.iter().all(|lane| lane.outcomes.len() == 1);
        Self { names: lanes.iter().map(|lane| lane.name.clone()).collect(), rows, single }
    }

    /// Leaves out what is the same in every lane, but for the figures. Of whole answers, the words
    /// that the baseline has not are written `{+so+}`, those it alone has `[-so-]`.
    #[must_use]
    pub fn differences(mut self) -> Self {
        self.rows.retain(|row| row.kind == RowKind::Figure || row.cells.iter().any(|cell| cell.differs));
        for row in self.rows.iter_mut().filter(|row| self.single && row.kind == RowKind::Answer) {
            if let Some((baseline, others)) = row.cells.split_first_mut() {
                let others = others.iter_mut().filter(|cell| cell.differs && !baseline.text.is_empty());
                others.for_each(|cell| cell.text = marked(&baseline.text, &cell.text));
            }
        }
        self
    }

    /// Counts the fields or answers that differ from the baseline in any lane.
    #[must_use]
    pub fn differing(&self) -> usize {
        self.rows.iter().filter(|row| row.cells.iter().any(|cell| cell.differs)).count()
    }

    /// Writes the table in Markdown (GitHub's tables). Text of models cannot break out of it: pipes,
    /// line breaks and markup are escaped. What differs is bold.
    #[must_use]
    pub fn markdown(&self) -> String {
        table(self)
    }
}

/// Writes a text with what was added to another and what was removed from it in marks.
fn marked(old: &str, new: &str) -> String {
    let diff = TextDiff::new(old, new);
    diff.read(old, new).map(|(change, text)| change.marked(text)).collect()
}

/// Counts how often each text occurs, the first seen first.
fn counted(texts: impl IntoIterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for text in texts {
        match counts.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => counts.push((text, 1)),
        }
    }
    counts
}

/// Writes counted texts: one alone as it is, several each with its count, the most frequent first.
fn tally(mut counts: Vec<(String, usize)>) -> String {
    if let [(only, _)] = counts.as_slice() {
        return only.clone();
    }
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().map(|(text, count)| format!("{count}× {text}")).collect::<Vec<_>>().join(", ")
}

/// Makes the rows of all answers.
pub(crate) fn field_rows(lanes: &[ComparedLane<'_>]) -> Vec<ComparisonRow> {
    let answers: Vec<Vec<Vec<(String, String)>>> =
        lanes.iter().map(|lane| lane.outcomes.iter().map(|run| leaves(run)).collect()).collect();
    let mut seen = HashSet::new();
    let all = answers.iter().flatten().flatten().map(|(name, _)| name.as_str());
    let names: Vec<&str> = all.filter(|name| seen.insert(*name)).collect();
    let json = answers
        .iter()
        .map(|samples| samples.iter().filter(|leaves| !leaves.is_empty()).map(|leaves| by_place(leaves)).collect());
    let json: Vec<Vec<HashMap<&str, &str>>> = json.collect();
    let fields = names.into_iter().map(|name| {
        let value = |leaves: &HashMap<&str, &str>| (*leaves.get(name).unwrap_or(&"–")).to_owned();
        let lanes = json.iter().map(|samples| samples.iter().map(value).collect());
        row(name, RowKind::Field, lanes.collect(), false)
    });
    let mut rows: Vec<ComparisonRow> = fields.collect();
    let texts: Vec<Vec<String>> = lanes
        .iter()
        .zip(&answers)
        .map(|(lane, leaves)| {
            let runs = lane.outcomes.iter().zip(leaves);
            let plain = runs.filter(|(run, leaves)| leaves.is_empty() && !run.is_blank());
            plain.map(|(run, _)| transcript(run).trim().to_owned()).collect()
        })
        .collect();
    if texts.iter().any(|texts| !texts.is_empty()) {
        let json = answers.first().is_some_and(|samples| samples.iter().any(|leaves| !leaves.is_empty()));
        rows.push(row("answer", RowKind::Answer, texts, json));
    }
    rows
}

/// Makes a row of what each lane's samples say. A lane differs where none of its samples says what
/// one of the baseline's does: anything less may be chance. A lane without an answer differs in
/// nothing; one that answers in words differs from a baseline that answers in JSON.
fn row(label: &str, kind: RowKind, lanes: Vec<Vec<String>>, other_form: bool) -> ComparisonRow {
    let lanes: Vec<Vec<(String, usize)>> = lanes.into_iter().map(counted).collect();
    let baseline = lanes.first().cloned().unwrap_or_default();
    let shared = |words: &(String, usize)| baseline.iter().any(|(known, _)| *known == words.0);
    let cells = lanes.into_iter().map(|words| LaneCell {
        differs: !words.is_empty() && (other_form || !baseline.is_empty()) && !words.iter().any(shared),
        text: if kind == RowKind::Answer { listed(words) } else { tally(words) },
    });
    ComparisonRow { label: label.to_owned(), kind, cells: cells.collect() }
}

/// Writes whole answers one below the other, each under how often it was given.
fn listed(mut words: Vec<(String, usize)>) -> String {
    if let [(only, _)] = words.as_slice() {
        return only.clone();
    }
    words.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    words.into_iter().map(|(text, count)| format!("{count}×\n{text}")).collect::<Vec<_>>().join("\n\n")
}

/// The leaves of a JSON value that has more than this many are not compared one by one, but as a text.
const MOST_LEAVES: usize = 20_000;

/// So is a value the places of whose leaves take more bytes than this.
const MOST_PLACES: usize = 4 * 1024 * 1024;

/// The leaves of an answer by their places; of two at one place, as a `/` in a name makes them, the first.
fn by_place(leaves: &[(String, String)]) -> HashMap<&str, &str> {
    leaves.iter().rev().map(|(place, value)| (place.as_str(), value.as_str())).collect()
}

/// The leaves of a JSON value, each with its place: `a/b/0`.
#[derive(Default)]
struct Leaves {
    listed: Vec<(String, String)>,
    bytes: usize,
}

impl Leaves {
    fn push(&mut self, place: &str, value: String) {
        self.bytes += place.len();
        if self.are_too_many() {
            return;
        }
        self.listed.push((place.to_owned(), value));
    }

    fn are_too_many(&self) -> bool {
        self.listed.len() >= MOST_LEAVES || self.bytes > MOST_PLACES
    }
}

/// Lists the leaves of a JSON answer; none where it is no object or list, or has too many.
fn leaves(run: &Outcome) -> Vec<(String, String)> {
    fn walk(value: &Value, place: &mut String, out: &mut Leaves) {
        let start = place.len();
        let mut below = |name: &str, value: &Value| {
            if out.are_too_many() {
                return;
            }
            if start > 0 {
                place.push('/');
            }
            place.push_str(name);
            walk(value, place, out);
            place.truncate(start);
        };
        match value {
            Value::Object(fields) if !fields.is_empty() => fields.iter().for_each(|(name, value)| below(name, value)),
            Value::Array(items) if !items.is_empty() => {
                items.iter().enumerate().for_each(|(at, value)| below(&at.to_string(), value));
            }
            Value::String(text) => out.push(place, text.clone()),
            other => out.push(place, number(other)),
        }
    }
    let mut out = Leaves::default();
    if let Some(value) = run.json.as_deref().filter(|value| value.is_object() || value.is_array()) {
        walk(value, &mut String::new(), &mut out);
    }
    if out.are_too_many() { Vec::new() } else { out.listed }
}

/// Writes a value so that numbers of one value are one text: `1` for `1.0`.
fn number(value: &Value) -> String {
    match value.as_f64() {
        Some(number) if value.is_f64() => number.to_string(),
        _ => value.to_string(),
    }
}

/// Makes the rows. A figure that no lane has makes none.
pub(crate) fn rows(lanes: &[ComparedLane<'_>], now: Timestamp) -> Vec<ComparisonRow> {
    let row = |label: &str, cell: &dyn Fn(&[&Outcome]) -> Option<String>| {
        let cells: Vec<Option<String>> = lanes.iter().map(|lane| cell(&lane.outcomes)).collect();
        cells.iter().any(Option::is_some).then(|| ComparisonRow {
            label: label.to_owned(),
            kind: RowKind::Figure,
            cells: cells
                .into_iter()
                .map(|text| LaneCell { text: text.unwrap_or_else(|| "–".to_owned()), differs: false })
                .collect(),
        })
    };
    let rows = [
        row("verdict", &|runs| Some(tally(counted(runs.iter().map(|run| end(run)))))),
        row("answers", &|runs| (runs.len() > 1).then(|| grouped(runs))),
        row("checks", &checks),
        row("from", &|runs| Some(tally(counted(runs.iter().map(|run| origin(run, now)))))),
        row("served by", &served),
        row("first token", &|runs| median(runs, |run| run.timing.first_token.map(Figure::Time))),
        row("response", &|runs| median(runs, |run| run.took().map(Figure::Time))),
        row("waited", &waited),
        row("speed", &|runs| median(runs, speed)),
        row("tokens", &|runs| Some(used(runs))),
        row("cost", &|runs| Some(cost(runs))),
        row("provider's cache", &cache_saving),
        row("by target", &targets),
        row("judges", &judges),
    ];
    rows.into_iter().flatten().collect()
}

/// Counts equal answers: `6× A, 3× B, 1 invalid`. The letters are of each lane's own.
fn grouped(runs: &[&Outcome]) -> String {
    let samples: Vec<Sample<'_>> = runs.iter().map(|run| Sample::of(run)).collect();
    AnswerCounts::of(&samples).to_string()
}

fn end(run: &Outcome) -> String {
    match &run.end {
        RunEnd::Done | RunEnd::Cancelled => run.status().to_string(),
        RunEnd::Interrupted { .. } | RunEnd::Failed { .. } => format!("{}: {}", run.status(), run.end),
    }
}

fn checks(runs: &[&Outcome]) -> Option<String> {
    let judged: Vec<_> = runs.iter().filter_map(|run| run.quality.as_ref()).collect();
    match judged.as_slice() {
        [] => None,
        [quality] if runs.len() == 1 => {
            let (held, all) = quality.held();
            let broken = quality.failures().map(|verdict| format!("; {}: {}", verdict.rule, verdict.reason));
            (all > 0).then(|| format!("{held}/{all}{}", broken.collect::<String>()))
        }
        many => {
            let passed = many.iter().filter(|quality| quality.status() == RunStatus::Passed).count();
            let broken =
                counted(many.iter().flat_map(|quality| quality.failures().map(|broken| broken.rule.to_string())));
            let broken = if broken.is_empty() {
                String::new()
            } else {
                format!(
                    "; {}",
                    broken.iter().map(|(rule, times)| format!("{times}× {rule}")).collect::<Vec<_>>().join(", ")
                )
            };
            Some(format!("{passed} of {} passed{broken}", many.len()))
        }
    }
}

/// Says how an answer came about.
fn origin(run: &Outcome, now: Timestamp) -> String {
    let mut words = match run.provenance {
        Provenance::Cached { stored } => format!("cached {}", age(stored, now)),
        Provenance::Live if run.demo => "demonstration".to_owned(),
        Provenance::Live => "live".to_owned(),
        Provenance::Batch => "the provider's batch".to_owned(),
        Provenance::Imported { source, .. } => format!("imported from {source}"),
    };
    for count in counts(run) {
        let _ = write!(words, ", {count}");
    }
    if run.fell_back() {
        let _ = write!(words, ", fell back to {}", run.target);
    }
    words
}

fn served(runs: &[&Outcome]) -> Option<String> {
    let names: Vec<String> = runs.iter().filter_map(|run| run.served.clone()).collect();
    (!names.is_empty()).then(|| tally(counted(names)))
}

/// A number that has a middle.
#[derive(Clone, Copy)]
enum Figure {
    Time(Duration),
    Rate(f64),
}

impl Figure {
    fn number(self) -> f64 {
        match self {
            Self::Time(time) => time.as_secs_f64(),
            Self::Rate(rate) => rate,
        }
    }

    fn written(self) -> String {
        match self {
            Self::Time(time) => duration(time),
            Self::Rate(per_second) => rate(per_second),
        }
    }
}

/// The figure of one run, the median of several. Runs from the cache count only where there are no
/// others, and are marked: their times are those of the original.
fn median(runs: &[&Outcome], of: impl Fn(&Outcome) -> Option<Figure>) -> Option<String> {
    let live: Vec<&&Outcome> = runs.iter().filter(|run| run.provenance == Provenance::Live).collect();
    let cached = live.is_empty();
    let counted: Vec<&&Outcome> = if cached { runs.iter().collect() } else { live };
    let mut known: Vec<Figure> = counted.into_iter().filter_map(|run| of(run)).collect();
    known.sort_by(|one, other| one.number().total_cmp(&other.number()));
    let middle = known.get(known.len().saturating_sub(1) / 2)?.written();
    let of = if known.len() > 1 { format!(", median of {}", known.len()) } else { String::new() };
    Some(format!("{middle}{of}{}", if cached { ", of the original" } else { "" }))
}

fn speed(run: &Outcome) -> Option<Figure> {
    tokens_per_second(run.answer_usage().total_output()?, run.timing.generation?).map(Figure::Rate)
}

/// Sums up what retort itself waited for live answers, which is no part of their times.
fn waited(runs: &[&Outcome]) -> Option<String> {
    let live = runs.iter().filter(|run| run.provenance == Provenance::Live);
    let sum: Duration = live.map(|run| run.timing.waited).sum();
    format::waited(sum).map(|waited| waited.trim_start_matches("waited ").to_owned())
}

/// Sums up the tokens of all attempts, those of the originals where answers come from the cache.
fn used(runs: &[&Outcome]) -> String {
    tokens(&runs.iter().fold(Usage::default(), |sum, run| sum.plus(run.usage)))
}

/// Sums up what a provider's cache of prompts saved of what was paid now; none where it was not used.
fn cache_saving(runs: &[&Outcome]) -> Option<String> {
    let live = runs.iter().filter(|run| run.provenance == Provenance::Live);
    live.filter_map(|run| run.cache_saving).reduce(CacheSaving::plus).map(|saved| saved.to_string())
}

/// Sums up what judges took, which is no part of the rest.
fn judges(runs: &[&Outcome]) -> Option<String> {
    let judging = runs.iter().filter_map(|run| run.judging).reduce(Judging::plus)?;
    Some(format::spent(&judging.spent()))
}

/// Splits what was taken by the targets that took it, where fallbacks did.
fn targets(runs: &[&Outcome]) -> Option<String> {
    let mut all: Vec<(&str, Spent)> = Vec::new();
    for (attempt, spent) in runs.iter().flat_map(|run| run.by_target()) {
        match all.iter_mut().find(|(known, _)| *known == attempt.target) {
            Some((_, sum)) => *sum = sum.plus(spent),
            None => all.push((&attempt.target, spent)),
        }
    }
    let words = all.iter().map(|(target, spent)| format!("{target}: {}", format::spent(spent)));
    (all.len() > 1).then(|| words.collect::<Vec<_>>().join("; "))
}

/// What was paid now: nothing for a cached answer and a demonstration.
fn cost(runs: &[&Outcome]) -> String {
    let paid: Vec<Cost> = runs
        .iter()
        .filter(|run| !matches!(run.provenance, Provenance::Cached { .. }) && !run.demo)
        .map(|run| run.cost)
        .collect();
    let sum = paid.iter().copied().reduce(Cost::plus);
    let free: BTreeSet<&str> = runs
        .iter()
        .filter_map(|run| match run.provenance {
            _ if run.demo => Some("demonstration, no cost"),
            Provenance::Cached { .. } => Some("cached, $0 now"),
            Provenance::Live | Provenance::Batch | Provenance::Imported { .. } => None,
        })
        .collect();
    let words: Vec<String> =
        sum.map(|sum| sum.to_string()).into_iter().chain(free.into_iter().map(str::to_owned)).collect();
    words.join("; ")
}

/// Writes the table, a heading row first.
pub(crate) fn table(comparison: &ComparisonTable) -> String {
    let mut out = String::new();
    let mut line = |first: String, cells: Vec<String>| {
        let _ = write!(out, "| {first} |");
        for cell in cells {
            let _ = write!(out, " {cell} |");
        }
        out.push('\n');
    };
    line(String::new(), comparison.names.iter().map(|name| escaped(name)).collect());
    line("---".to_owned(), comparison.names.iter().map(|_| "---".to_owned()).collect());
    for row in &comparison.rows {
        let cells = row.cells.iter().map(|cell| {
            let text = escaped(&cell.text);
            if cell.differs && !text.is_empty() { format!("**{text}**") } else { text }
        });
        line(escaped(&row.label), cells.collect());
    }
    out
}

/// Writes a text so that it stays in its cell and is shown as it is.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '|' | '*' | '_' | '`' | '[' | ']' | '<' | '>' | '\\' | '~' | '#' | '&' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("<br>"),
            '\r' => {}
            c if c.is_control() || reorders(c) => {
                out.push('\u{fffd}');
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use serde_json::{Value, json};

    use super::*;
    use crate::model::{
        CallError, Cost, PicoDollars, Provenance, RunEnd, RunId, Usage, error::ErrorKind, outcome::Timing,
        run_end::Reason,
    };

    fn answered(text: &str) -> Outcome {
        Outcome {
            run: RunId(uuid::Uuid::nil()),
            end: RunEnd::Done,
            text: text.to_owned(),
            reasoning: String::new(),
            json: serde_json::from_str::<Value>(text).ok().map(Arc::new),
            requested: "a".to_owned(),
            target: "a".to_owned(),
            model: "a".to_owned(),
            served: None,
            provenance: Provenance::Live,
            demo: false,
            attempts: 1,
            finish: None,
            usage: Usage { input: Some(200), output: Some(40), ..Usage::default() },
            cost: Cost::Known(PicoDollars(50_000_000)),
            timing: Timing { total: Duration::from_millis(900), ..Timing::default() },
            quality: None,
            judging: None,
            cache_saving: None,
            by_attempt: Vec::new(),
            given_up: Vec::new(),
            calls: Vec::new(),
            rounds: Vec::new(),
        }
    }

    fn compared(lanes: &[&[Outcome]]) -> ComparisonTable {
        let entries: Vec<ComparedLane<'_>> = lanes
            .iter()
            .zip(["a", "b", "c"])
            .map(|(runs, name)| ComparedLane { name: name.to_owned(), outcomes: runs.iter().collect() })
            .collect();
        ComparisonTable::of(&entries, Timestamp::from_second(600).unwrap())
    }

    fn texts<'a>(comparison: &'a ComparisonTable, label: &str) -> Vec<&'a str> {
        let row = comparison.rows.iter().find(|row| row.label == label).unwrap_or_else(|| panic!("{comparison:?}"));
        row.cells.iter().map(|cell| cell.text.as_str()).collect()
    }

    fn marks(comparison: &ComparisonTable) -> Vec<(&str, Vec<bool>)> {
        let rows = comparison.rows.iter().filter(|row| row.kind != RowKind::Figure);
        rows.map(|row| (row.label.as_str(), row.cells.iter().map(|cell| cell.differs).collect())).collect()
    }

    #[test]
    fn fields_differ_by_value_whatever_their_order_and_spelling() {
        let one = [answered(r#"{"mood": "bad", "score": 1.0, "who": {"name": "Ann"}}"#)];
        let other = [answered(r#"{"who": {"name": "Bob"}, "score": 1, "mood": "bad"}"#)];
        let comparison = compared(&[&one, &other]);
        let want = vec![("mood", vec![false; 2]), ("score", vec![false; 2]), ("who/name", vec![false, true])];
        assert_eq!(marks(&comparison), want);
        assert_eq!(comparison.differing(), 1);
        assert_eq!(marks(&comparison.differences()), [("who/name", vec![false, true])]);
    }

    #[test]
    fn samples_differ_only_where_none_agrees_with_any_of_the_baseline() {
        let mood =
            |moods: &[&str]| moods.iter().map(|mood| answered(&json!({"mood": mood}).to_string())).collect::<Vec<_>>();
        let (one, near, far) =
            (mood(&["bad", "bad", "good"]), mood(&["good", "good", "bad"]), mood(&["odd", "odd", "odder"]));
        let comparison = compared(&[&one, &near, &far]);
        assert_eq!(texts(&comparison, "mood"), ["2× bad, 1× good", "2× good, 1× bad", "2× odd, 1× odder"]);
        assert_eq!(marks(&comparison), [("mood", vec![false, false, true])]);
    }

    #[test]
    fn a_lane_that_failed_differs_in_nothing_and_says_why() {
        let reasons = vec![Reason { target: "b".to_owned(), error: CallError::new(ErrorKind::Transient, "down") }];
        let failed = [Outcome { end: RunEnd::Failed { reasons }, text: String::new(), json: None, ..answered("") }];
        let comparison = compared(&[&[answered(r#"{"mood": "bad"}"#)], &failed]);
        assert!(texts(&comparison, "verdict")[1].contains("down"));
        assert_eq!(marks(&comparison), [("mood", vec![false, false])]);
    }

    #[test]
    fn words_in_place_of_json_are_a_difference() {
        let comparison = compared(&[&[answered(r#"{"mood": "bad"}"#)], &[answered("It is bad.")]]);
        assert_eq!(marks(&comparison), [("mood", vec![false, false]), ("answer", vec![false, true])]);
    }

    #[test]
    fn the_words_that_differ_are_marked_where_only_differences_are_wanted() {
        let comparison = compared(&[&[answered("The parcel is late.")], &[answered("The parcel is lost.")]]);
        assert_eq!(texts(&comparison, "answer"), ["The parcel is late.", "The parcel is lost."]);
        let marked = comparison.differences();
        assert_eq!(texts(&marked, "answer"), ["The parcel is late.", "The parcel is [-late-]{+lost+}."]);
    }

    #[test]
    fn answers_of_many_fields_are_compared_as_texts() {
        let long = |last: &str| format!("[{}{last}]", "1,".repeat(30_000));
        let comparison = compared(&[&[answered(&long("1"))], &[answered(&long("2"))]]);
        let answers = texts(&comparison, "answer");
        assert!(answers[0].ends_with(",1]") && answers[1].ends_with(",2]"), "{} rows", comparison.rows.len());
    }

    #[test]
    fn samples_are_grouped_by_what_they_say() {
        let texts_of = ["{\"a\": 1}", "{\"a\": 1.0}", "{\"a\": 2}"];
        let comparison = compared(&[&texts_of.map(answered), &[answered("x"), answered("y"), answered(" x ")]]);
        assert_eq!(texts(&comparison, "answers"), ["2× A, 1× B", "2× A, 1× B"]);
        let one = compared(&[&[answered("x")], &[answered("y")]]);
        assert!(one.rows.iter().all(|row| row.label != "answers"));
    }

    #[test]
    fn times_and_costs_of_cached_answers_are_those_of_the_original() {
        let stored = Provenance::Cached { stored: Timestamp::from_second(0).unwrap() };
        let slow = Timing { total: Duration::from_secs(8), ..Timing::default() };
        let cached = || Outcome { provenance: stored, timing: slow, ..answered("x") };
        let comparison = compared(&[&[cached()], &[answered("x"), cached(), answered("y")]]);
        assert_eq!(texts(&comparison, "response"), ["8.00s, of the original", "0.90s, median of 2"]);
        assert_eq!(texts(&comparison, "cost"), ["cached, $0 now", "$0.000100; cached, $0 now"]);
        assert_eq!(texts(&comparison, "from"), ["cached 10 min", "2× live, 1× cached 10 min"]);
    }

    #[test]
    fn an_unknown_cost_makes_the_sum_a_lower_bound() {
        let unpriced = || Outcome { cost: Cost::Unknown, ..answered("x") };
        let comparison = compared(&[&[answered("x"), unpriced()], &[unpriced(), unpriced()]]);
        assert_eq!(texts(&comparison, "cost"), ["≥$0.000050", "?"]);
    }

    #[test]
    fn markdown_keeps_every_text_in_its_cell() {
        let comparison = compared(&[&[answered("a|b\n<b>x</b>\u{1b}")], &[answered("*c*")]]);
        let table = comparison.markdown();
        let answer = table.lines().last().unwrap();
        assert_eq!(answer, "| answer | a\\|b<br>\\<b\\>x\\</b\\>\u{fffd} | **\\*c\\*** |");
        assert!(table.lines().all(|line| line.replace("\\|", "").matches('|').count() == 4), "{table}");
    }
}
