//! What a batch came to, in Markdown, to be pasted where it is talked about.

use std::fmt::Write as _;

use crate::{
    app::batch::{run_state::ShownBatch, view::head::rate},
    model::RunStatus,
    text::{
        clean_line,
        format::{all_tokens, counted, duration},
    },
};

/// Cells that did not pass that are listed, at most.
const LISTED: usize = 50;

/// Writes a text as a cell of a table.
fn cell(text: &str) -> String {
    clean_line(text).as_str().replace('|', "\\|")
}

/// Writes the verdict, the gates, the figures of each model, and the cells that did not pass.
#[must_use]
pub fn markdown(shown: &ShownBatch) -> String {
    let spec = &shown.request.spec;
    let (counts, figures) = (shown.grid.counts(), &shown.figures);
    let prompts: Vec<&str> = spec.prompts.iter().map(|(name, _)| name.as_str()).collect();
    let mut out = String::new();
    let _ = writeln!(out, "## {} × {}\n", cell(&spec.name), cell(&prompts.join(", ")));
    let others = counts.by.others();
    let others = if others.is_empty() { others } else { format!(", {others}") };
    let passed = rate(counts.by.passed, counts.by.rated()).map(|rate| format!(", {rate} passed")).unwrap_or_default();
    let _ = writeln!(out, "{}{passed}{others}\n", counted(counts.done, "cell"));
    for sentence in &figures.verdict {
        let _ = writeln!(out, "{sentence}  ");
    }
    for gate in shown.judged_gates() {
        let _ = writeln!(out, "- {} {}", if gate.reached { "✓" } else { "✗" }, gate.words);
    }
    let _ =
        writeln!(out, "\n| model | passed | failed by | p50 | p95 | tokens | cost |\n|---|---|---|---|---|---|---|");
    for (column, own) in figures.columns.iter().enumerate() {
        let (tally, spent) = (&own.tally, own.tally.own());
        let unknown = || "–".to_owned();
        let failed: Vec<String> =
            own.failures().iter().map(|(name, count, _)| format!("{} {count}", cell(name))).collect();
        let time = |time: Option<_>| time.map_or_else(unknown, duration);
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(&shown.column_name(column)),
            rate(tally.counts.passed, tally.counts.rated()).unwrap_or_else(unknown),
            failed.join(", "),
            time(own.p50),
            time(own.p95),
            all_tokens(&spent.usage),
            spent.cost
        );
    }
    let wrong = |status| matches!(status, RunStatus::Failed | RunStatus::Error | RunStatus::Inconclusive);
    let (wrong, more) = shown.grid.first_of(wrong, LISTED);
    if !wrong.is_empty() {
        let _ = writeln!(out, "\n| row | model | | why | answer |\n|---|---|---|---|---|");
    }
    for own in wrong {
        let column = shown.grid.column_of(own.place).map(|column| shown.column_name(column)).unwrap_or_default();
        let rule = own.failed.first().map(|rule| format!("{rule}: ")).unwrap_or_default();
        let why = own.reason.as_ref().map(|reason| format!("{rule}{reason}")).unwrap_or_default();
        let (row, status) = (own.place.row, own.status);
        let _ = writeln!(out, "| {row} | {} | {status} | {} | {} |", cell(&column), cell(&why), cell(&own.summary));
    }
    if more > 0 {
        let _ = writeln!(out, "\nand {more} more");
    }
    out
}
