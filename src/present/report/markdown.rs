//! A batch in Markdown: the figures of each prompt on each target, and the cells that did not pass.

use std::{io, io::Write};

use crate::{
    eval::tally::Tally,
    model::{RunStatus, Spent, StatusCounts},
    present::{
        comparison::escaped,
        report::{Entries, Whole},
    },
    text::format,
};

/// The characters of an answer that stand in the list.
const SHOWN: usize = 200;

/// The columns of the figures before those of the metrics.
const FIGURES: &str =
    "| prompt | target | cells | passed | failed | inconclusive | unchecked | errors | pass rate | score |";

/// Tells whether a text begins as such a report does: with a heading, and the table of figures soon after it.
pub(crate) fn begins(text: &str) -> bool {
    text.starts_with("# ") && text.lines().take(8).any(|line| line.starts_with(FIGURES))
}

/// Writes the report.
pub fn write(out: &mut dyn Write, whole: &Whole, entries: &dyn Entries) -> io::Result<()> {
    let total = whole.total();
    writeln!(out, "# {}\n", escaped(&whole.name))?;
    writeln!(out, "{}, from {}, {}\n", escaped(&whole.end), escaped(&whole.data), whole.made)?;
    figures(out, whole)?;
    if total.counts.passed + total.counts.unchecked == total.cells() {
        return Ok(());
    }
    writeln!(out, "\n| cell | prompt | target | verdict | why | answer |\n|---|---|---|---|---|---|")?;
    entries.each(None, &mut |entry| {
        if matches!(entry.cell.status, RunStatus::Passed | RunStatus::Unchecked | RunStatus::Cancelled) {
            return Ok(());
        }
        let (prompt, target) = whole.names(entry.cell.place);
        let answer: String = entry.read().chars().take(SHOWN).collect();
        let cells = [&whole.title(entry), prompt, target, entry.cell.status.word(), &entry.why(), &answer];
        writeln!(out, "| {} |", cells.map(escaped).join(" | "))
    })
}

/// Writes the table of the figures, and below it what of the whole stands in no column.
pub(crate) fn figures(out: &mut dyn Write, whole: &Whole) -> io::Result<()> {
    let total = whole.total();
    let names: Vec<&str> = total.metrics().map(|(name, _)| name).collect();
    write!(out, "{FIGURES}")?;
    names.iter().try_for_each(|name| write!(out, " {} |", escaped(name)))?;
    writeln!(out, " tokens | cost | p50 | p95 |")?;
    writeln!(out, "|---|---|{}", "--:|".repeat(12 + names.len()))?;
    for lane in &whole.lanes {
        let line = figures_of(&lane.tally, lane.tally.own(), &names);
        writeln!(out, "| {} | {} | {line} |", escaped(&lane.prompt_name), escaped(&lane.target_name))?;
    }
    if whole.lanes.len() > 1 {
        writeln!(out, "| **all** | | {} |", figures_of(&total, total.answers(), &names))?;
    }
    for (class, count) in &total.errors {
        writeln!(out, "\n{} × {}", count, escaped(class))?;
    }
    for line in total.apart() {
        writeln!(out, "\n{}", escaped(&line))?;
    }
    for unrun in total.unrun() {
        writeln!(out, "\nnot run: {}", escaped(&unrun.to_string()))?;
    }
    Ok(())
}

fn figures_of(tally: &Tally, spent: Spent, names: &[&str]) -> String {
    let unknown = || "–".to_owned();
    let share = |share: Option<f64>| share.map_or_else(unknown, format::percent);
    let unit = |score: Option<f64>| score.map_or_else(unknown, |score| format!("{score:.2}"));
    let time = |share| tally.latency(share).map_or_else(unknown, format::duration);
    let StatusCounts { passed, failed, inconclusive, unchecked, error, cancelled: _ } = tally.counts;
    let counts = [tally.cells(), passed, failed, inconclusive, unchecked, error];
    let mut cells: Vec<String> = counts.map(|count| count.to_string()).into();
    cells.extend([share(tally.pass_rate()), unit(tally.score())]);
    let means: std::collections::BTreeMap<&str, f64> = tally.metrics().collect();
    cells.extend(names.iter().map(|name| unit(means.get(name).copied())));
    cells.extend([format::all_tokens(&spent.usage), spent.cost.to_string(), time(0.5), time(0.95)]);
    cells.join(" | ")
}
