//! Runs of one prompt on one input beside each other: which figures they have, and where they differ.
//!
//! A [`Comparison`] is a table with a column for each lane. The first lane is the baseline. Where
//! the answers are JSON objects, every field has a row of its own, in the order in which the
//! baseline has them.

mod fields;
mod figures;
mod markdown;

use jiff::Timestamp;
pub(super) use markdown::escaped;
use serde::Serialize;

use crate::{model::Outcome, text::diff::TextDiff};

/// One lane with the ends of all its samples.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// The lane's name.
    pub name: String,
    /// How each sample ended, in order; never empty.
    pub outcomes: Vec<&'a Outcome>,
}

/// What a row tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// How a run went, and what it took.
    Figure,
    /// One field of JSON answers.
    Field,
    /// A whole answer.
    Answer,
}

/// What one lane has in a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Cell {
    /// In words; raw, as models and providers wrote it.
    pub text: String,
    /// Whether it is something else than the baseline has. Figures never differ: no two runs take
    /// the same time.
    pub differs: bool,
}

/// A row: a label, and a cell for each lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// What it is of: the figure's name, or the field's.
    pub label: String,
    /// What it tells.
    pub kind: Kind,
    /// One for each lane, in their order.
    pub cells: Vec<Cell>,
}

/// Lanes side by side.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Comparison {
    /// The lanes' names.
    pub names: Vec<String>,
    /// Figures first, then fields, then answers that are no JSON.
    pub rows: Vec<Row>,
    /// Whether no lane has more than one answer.
    #[serde(skip)]
    single: bool,
}

impl Comparison {
    /// Lays lanes beside each other. `now` tells how old a cached answer is.
    #[must_use]
    pub fn of(lanes: &[Entry<'_>], now: Timestamp) -> Self {
        let mut rows = figures::rows(lanes, now);
        rows.extend(fields::rows(lanes));
        let single = lanes.iter().all(|lane| lane.outcomes.len() == 1);
        Self { names: lanes.iter().map(|lane| lane.name.clone()).collect(), rows, single }
    }

    /// Leaves out what is the same in every lane, but for the figures. Of whole answers, the words
    /// that the baseline has not are written `{+so+}`, those it alone has `[-so-]`.
    #[must_use]
    pub fn differences(mut self) -> Self {
        self.rows.retain(|row| row.kind == Kind::Figure || row.cells.iter().any(|cell| cell.differs));
        for row in self.rows.iter_mut().filter(|row| self.single && row.kind == Kind::Answer) {
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
        markdown::table(self)
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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use serde_json::{Value, json};

    use super::*;
    use crate::model::{
        Cost, End, Fault, PicoDollars, Provenance, RunId, Usage,
        fault::Class,
        outcome::{Reason, Timing},
    };

    fn answered(text: &str) -> Outcome {
        Outcome {
            run: RunId(uuid::Uuid::nil()),
            end: End::Done,
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
            by_attempt: Vec::new(),
            given_up: Vec::new(),
        }
    }

    fn compared(lanes: &[&[Outcome]]) -> Comparison {
        let entries: Vec<Entry<'_>> = lanes
            .iter()
            .zip(["a", "b", "c"])
            .map(|(runs, name)| Entry { name: name.to_owned(), outcomes: runs.iter().collect() })
            .collect();
        Comparison::of(&entries, Timestamp::from_second(600).unwrap())
    }

    fn texts<'a>(comparison: &'a Comparison, label: &str) -> Vec<&'a str> {
        let row = comparison.rows.iter().find(|row| row.label == label).unwrap_or_else(|| panic!("{comparison:?}"));
        row.cells.iter().map(|cell| cell.text.as_str()).collect()
    }

    fn marks(comparison: &Comparison) -> Vec<(&str, Vec<bool>)> {
        let told = comparison.rows.iter().filter(|row| row.kind != Kind::Figure);
        told.map(|row| (row.label.as_str(), row.cells.iter().map(|cell| cell.differs).collect())).collect()
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
        let reasons = vec![Reason { target: "b".to_owned(), fault: Fault::new(Class::Transient, "down") }];
        let failed = [Outcome { end: End::Failed { reasons }, text: String::new(), json: None, ..answered("") }];
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
