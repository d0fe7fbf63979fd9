//! A batch as JSON Lines: an object for each cell, all of them with the same keys.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use serde::Serialize;

use super::{Entries, Entry, Whole};
use crate::{
    eval::tally::Taken,
    model::{PicoDollars, RunStatus, Verdict, outcome::Reason},
    text::json,
};

/// A cell as a line of JSON.
#[derive(Debug, Serialize)]
#[allow(clippy::struct_field_names, reason = "they are the keys of the object")]
pub struct Line<'a> {
    row: u64,
    line: Option<u64>,
    description: Option<&'a str>,
    prompt: &'a str,
    target: &'a str,
    /// Counted from 1.
    sample: u32,
    run: String,
    end: &'a str,
    standing: RunStatus,
    score: Option<f64>,
    why: String,
    class: Option<&'a str>,
    fallback: Option<&'a str>,
    given_up: &'a [Reason],
    cached: bool,
    tokens: Option<u64>,
    tokens_is: &'static str,
    /// US dollars; null where nobody knows.
    cost: Option<f64>,
    cost_is: &'static str,
    /// What judges took, which is no part of the rest; null where none was asked.
    judges: Option<Taken>,
    seconds: f64,
    /// Seconds that retort itself waited, which are no part of the others.
    waited: f64,
    input: &'a str,
    vars: BTreeMap<&'a str, &'a str>,
    answer: &'a str,
    verdicts: &'a [Verdict],
}

impl<'a> Line<'a> {
    /// Writes a cell in the words of this form.
    #[must_use]
    pub fn of(whole: &'a Whole, entry: &'a Entry) -> Self {
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
            standing: cell.status,
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
            seconds: cell.took.as_secs_f64(),
            waited: cell.waited.as_secs_f64(),
            input: &entry.input.text,
            vars: entry.input.texts(),
            answer: &entry.answer,
            verdicts: entry.quality.as_ref().map_or(&[], |quality| &quality.verdicts),
        }
    }
}

/// Writes the report.
pub fn write(out: &mut dyn Write, whole: &Whole, entries: &dyn Entries) -> io::Result<()> {
    entries.each(None, &mut |entry| writeln!(out, "{}", json::to_line(&Line::of(whole, entry))?))
}
