//! A batch cell by cell: as CSV (RFC 4180), with nothing a spreadsheet would run, and as JSON Lines, all with the same keys.

use std::{borrow::Cow, collections::BTreeMap, io, io::Write};

use serde::Serialize;

use crate::{
    eval::tally::Taken,
    model::{Cost, PicoDollars, RunStatus, Verdict, run_end::Reason},
    present::report::{Entries, ReportCell, Whole},
    text::json,
};

/// The columns before the variables.
const BEFORE: &[&str] = &["row", "line", "description", "prompt", "target", "sample", "input"];

/// The columns after the variables.
const AFTER: &[&str] = &[
    "answer",
    "standing",
    "score",
    "why",
    "fallback",
    "cached",
    "tokens",
    "tokens_is",
    "cost",
    "cost_is",
    "judges_tokens",
    "judges_cost",
    "seconds",
    "waited",
    "run",
];

/// Tells whether a text begins as such a report does: with its columns.
pub(crate) fn csv_head(text: &str) -> bool {
    let columns = text.lines().next().unwrap_or_default().split(',');
    columns.take(BEFORE.len()).eq(BEFORE.iter().copied())
}

/// Writes the report. Costs are US dollars, and empty where nobody knows; so are all unknowns.
pub fn write_csv(out: &mut dyn Write, whole: &Whole, entries: &dyn Entries) -> io::Result<()> {
    let mut rows = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let variables = whole.variables.iter().map(|name| Cow::Owned(format!("input.{name}")));
    let heading = BEFORE.iter().map(|name| Cow::Borrowed(*name)).chain(variables);
    let heading = heading.chain(AFTER.iter().map(|name| Cow::Borrowed(*name)));
    rows.write_record(heading.map(|name| guarded(name).into_owned()))?;
    let dollars = |cost: Cost| cost.amount().map(|cost| cost.dollars().to_string()).unwrap_or_default();
    entries.each(None, &mut |entry| {
        let cell = &entry.cell;
        let (prompt, target) = whole.names(cell.place);
        let number = |number: Option<u64>| number.map(|number| number.to_string()).unwrap_or_default();
        let mut row = vec![
            cell.place.row.to_string(),
            number(entry.line),
            entry.description.clone().unwrap_or_default(),
            prompt.to_owned(),
            target.to_owned(),
            (cell.place.sample + 1).to_string(),
            entry.input.text.clone(),
        ];
        row.extend(
            whole.variables.iter().map(|name| entry.input.vars.get(name).map(ToString::to_string).unwrap_or_default()),
        );
        row.extend([
            entry.answer.clone(),
            cell.status.word().to_owned(),
            cell.score.map(|score| format!("{score:.4}")).unwrap_or_default(),
            entry.why(),
            entry.fallback.clone().unwrap_or_default(),
            cell.cached.to_string(),
            number(cell.tokens),
            cell.counted().sureness().to_owned(),
            dollars(cell.spent().cost),
            cell.spent().cost.sureness().to_owned(),
            number(cell.judging.map(|judging| judging.tokens)),
            cell.judging.map(|judging| dollars(judging.cost)).unwrap_or_default(),
            cell.timed().map(|took| format!("{:.3}", took.as_secs_f64())).unwrap_or_default(),
            format!("{:.3}", cell.waited.as_secs_f64()),
            cell.run.to_string(),
        ]);
        rows.write_record(row.iter().map(|text| guarded(Cow::Borrowed(text)).into_owned()))?;
        Ok(())
    })?;
    rows.flush()
}

/// Puts an apostrophe before what a spreadsheet would take for a formula.
///
/// OWASP's list of such beginnings, CSV injection: `=`, `+`, `-`, `@`, tab, carriage return, line feed,
/// and the full-width forms of the first four.
#[must_use]
pub fn guarded(text: Cow<'_, str>) -> Cow<'_, str> {
    let runs = |c: char| {
        matches!(c, '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
    };
    if text.starts_with(runs) { Cow::Owned(format!("'{text}")) } else { text }
}

/// A cell as a line of JSON.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[allow(clippy::struct_field_names, reason = "they are the keys of the object")]
pub struct CellRecord<'a> {
    /// Counted from 1.
    row: u64,
    /// The line of the data set that the row begins on; null where its file has no lines.
    line: Option<u64>,
    /// What the row is called, if it says so.
    description: Option<&'a str>,
    /// The prompt's name.
    prompt: &'a str,
    /// The model that was asked.
    target: &'a str,
    /// Counted from 1.
    sample: u32,
    /// The id of its run on record.
    run: String,
    /// How the run ended: `done`, or why there is no whole answer.
    end: &'a str,
    /// What came of it.
    #[serde(rename = "standing")]
    status: RunStatus,
    /// The mean of the checks by their weights, from 0 to 1; null where nothing was judged.
    score: Option<f64>,
    /// Why it did not pass; empty where it did.
    why: String,
    /// The kind of the error, if it failed with one.
    class: Option<&'a str>,
    /// The model that answered, where it is not the one that was asked.
    fallback: Option<&'a str>,
    /// Each model whose answer was not taken, with its error.
    given_up: &'a [Reason],
    /// Whether the answer is one that was stored before.
    cached: bool,
    /// Tokens in and out; null where nobody knows.
    tokens: Option<u64>,
    /// How sure they are: `known`, `estimated`, `at_least` or `unknown`.
    tokens_is: &'static str,
    /// US dollars; null where nobody knows.
    cost: Option<f64>,
    /// How sure it is, in the same words.
    cost_is: &'static str,
    /// What judges took, which is no part of the rest; null where none was asked.
    judges: Option<Taken>,
    /// How long the answer took; null where it came out of a provider's batch.
    seconds: Option<f64>,
    /// Seconds that retort itself waited, which are no part of the others.
    waited: f64,
    /// The text of the input.
    input: &'a str,
    /// The values of the variables, by their names.
    vars: BTreeMap<&'a str, &'a str>,
    /// As the model sent it; what came of it if it broke off.
    answer: &'a str,
    /// The answer with its rounds of tools and its calls, as it is read; left out where it has neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    transcript: Option<&'a str>,
    /// What each check found.
    verdicts: &'a [Verdict],
}

impl<'a> CellRecord<'a> {
    /// Writes a cell in the words of this form.
    #[must_use]
    pub fn of(whole: &'a Whole, entry: &'a ReportCell) -> Self {
        let cell = &entry.cell;
        let (prompt, target) = whole.names(cell.place);
        Self {
            row: cell.place.row,
            line: entry.line,
            description: entry.description.as_deref(),
            prompt,
            target,
            sample: cell.place.sample + 1,
            run: cell.run.to_string(),
            end: &cell.end,
            status: cell.status,
            score: cell.score,
            why: entry.why(),
            class: cell.class.as_deref(),
            fallback: entry.fallback.as_deref(),
            given_up: &entry.given_up,
            cached: cell.cached,
            tokens: cell.tokens,
            tokens_is: cell.counted().sureness(),
            cost: cell.spent().cost.amount().map(PicoDollars::dollars),
            cost_is: cell.spent().cost.sureness(),
            judges: cell.judging.map(|judging| Taken::of(judging.spent())),
            seconds: cell.timed().map(|took| took.as_secs_f64()),
            waited: cell.waited.as_secs_f64(),
            input: &entry.input.text,
            vars: entry.input.texts(),
            answer: &entry.answer,
            transcript: entry.transcript.as_deref(),
            verdicts: entry.quality.as_ref().map_or(&[], |quality| &quality.verdicts),
        }
    }
}

/// Tells whether a text begins as such a report does: with an object of its keys.
pub(crate) fn jsonl_head(text: &str) -> bool {
    let line = text.lines().next().unwrap_or_default();
    let keys = [",\"prompt\":", ",\"target\":", ",\"sample\":", ",\"run\":\"", ",\"standing\":\""];
    line.starts_with("{\"row\":") && keys.iter().all(|key| line.contains(key))
}

/// Writes the report.
pub fn write_jsonl(out: &mut dyn Write, whole: &Whole, entries: &dyn Entries) -> io::Result<()> {
    entries.each(None, &mut |entry| writeln!(out, "{}", json::to_line(&CellRecord::of(whole, entry))?))
}
