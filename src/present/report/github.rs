//! A batch as GitHub Actions shows it: annotations at the rows that did not pass, and the summary of a job.
//!
//! Workflow commands, and how their values are escaped: `packages/core/src/command.ts` of <https://github.com/actions/toolkit>.
//! What rows and models say is data in both: it is no command, and no markup.

use std::{collections::BTreeMap, fmt::Write as _, io, io::Write};

use crate::{
    eval::Gate,
    model::RunStatus,
    present::{
        baseline,
        comparison::escaped,
        report::{Entries, ReportCell, Whole, markdown},
    },
    text::{clean_line, format, truncate},
};

/// Annotations of one kind that GitHub keeps of a step.
const MOST_OF_A_KIND: usize = 10;

/// Rows in the summary.
const WORST: usize = 20;

/// The characters of a reason or an answer.
const SHOWN: usize = 300;

/// Writes annotations, each a line: errors for cells that failed or have no answer, warnings for those whose checks could
/// not run. `file` is the data set as a path in the repository, if it is one.
///
/// Where it was held against baselines, errors are for the rows that are not as they have them, and no others.
pub fn annotations(out: &mut String, whole: &Whole, entries: &dyn Entries, file: Option<&str>) -> io::Result<()> {
    let mut left = [("error", MOST_OF_A_KIND), ("warning", MOST_OF_A_KIND)];
    changes(out, whole, entries, file)?;
    entries.each(None, &mut |entry| {
        let kind = match entry.cell.status {
            RunStatus::Failed | RunStatus::Error if !whole.baselines.is_empty() => return Ok(()),
            RunStatus::Failed | RunStatus::Error => 0,
            RunStatus::Inconclusive => 1,
            RunStatus::Passed | RunStatus::Unchecked | RunStatus::Cancelled => return Ok(()),
        };
        let Some((command, left)) = left.get_mut(kind).filter(|(_, left)| *left > 0) else { return Ok(()) };
        *left -= 1;
        let why = format!("{}: {}", entry.cell.status.word(), short(&entry.why()));
        annotation(out, command, (file, entry.line), &titled(whole, entry), &why);
        Ok(())
    })
}

/// Writes a line that the runner obeys.
fn annotation(out: &mut String, command: &str, (file, line): (Option<&str>, Option<u64>), title: &str, words: &str) {
    out.push_str("::");
    out.push_str(command);
    let mut between = ' ';
    let line = line.map(|line| line.to_string());
    for (name, value) in [("file", file), ("line", line.as_deref().filter(|_| file.is_some())), ("title", Some(title))]
    {
        if let Some(value) = value {
            let _ = write!(out, "{between}{name}={}", property(value));
            between = ',';
        }
    }
    let _ = writeln!(out, "::{}", data(words));
}

/// Writes annotations at the rows that are not as their baselines have them.
fn changes(out: &mut String, whole: &Whole, entries: &dyn Entries, file: Option<&str>) -> io::Result<()> {
    let failing = whole.baselines.iter().flat_map(|own| own.review.changes.iter().map(move |change| (own, change)));
    let failing: Vec<_> = failing.filter(|(_, change)| change.fails()).take(MOST_OF_A_KIND).collect();
    let mut lines = BTreeMap::new();
    for (_, change) in &failing {
        lines.extend(change.now.as_ref().map(|now| (now.place.row, None)));
    }
    if lines.is_empty() && failing.is_empty() {
        return Ok(());
    }
    entries.each(None, &mut |entry| {
        if let Some(line) = lines.get_mut(&entry.cell.place.row) {
            *line = entry.line;
        }
        Ok(())
    })?;
    for (own, change) in failing {
        let line = change.now.as_ref().and_then(|now| lines.get(&now.place.row).copied().flatten());
        let title = format!("{}: {} · {} on {}", change.kind.word(), change.label(), own.prompt, change.target());
        let words = format!("{}: {}; {}", change.counts(), short(&baseline::what(change)), own.command());
        annotation(out, "error", (file, line), &short(&title), &words);
    }
    Ok(())
}

/// Writes what is another way than the baselines have it.
fn against(out: &mut dyn Write, whole: &Whole) -> io::Result<()> {
    for own in &whole.baselines {
        writeln!(out, "\n{}\n", escaped(&own.sentence()))?;
        let changes = &own.review.changes;
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "| change | id | row | passed | what |\n|---|---|---|---|---|")?;
        for change in changes.iter().take(WORST) {
            let cells =
                [change.kind.word(), &change.id(), change.label(), &change.counts(), &short(&baseline::what(change))];
            writeln!(out, "| {} |", cells.map(escaped).join(" | "))?;
        }
        let more = changes.len().saturating_sub(WORST);
        if more > 0 {
            writeln!(out, "\nand {} more", format::thousands(more as u64))?;
        }
        writeln!(out, "\nreview them: {}", escaped(&own.command()))?;
    }
    Ok(())
}

/// Writes the summary of a job in Markdown: whether it passed, the gates, the figures, and the rows that did worst.
pub fn summary(
    out: &mut dyn Write,
    whole: &Whole,
    entries: &dyn Entries,
    (passed, meaning, gates): (bool, &str, &[Gate]),
) -> io::Result<()> {
    let mark = if passed { "✅" } else { "❌" };
    writeln!(out, "## {mark} retort: {}\n", escaped(&whole.name))?;
    writeln!(out, "{}; the batch is {}\n", escaped(meaning), escaped(&whole.end))?;
    if !gates.is_empty() {
        writeln!(out, "| gate | |\n|---|---|")?;
        for Gate { reached, words } in gates {
            writeln!(out, "| {} | {} |", escaped(words), if *reached { "reached" } else { "**not reached**" })?;
        }
        writeln!(out)?;
    }
    markdown::figures(out, whole)?;
    against(out, whole)?;
    let mut worst: Vec<(f64, String)> = Vec::new();
    let mut others = 0_u64;
    entries.each(None, &mut |entry| {
        let rank = match entry.cell.status {
            RunStatus::Error => -1.0,
            RunStatus::Failed => entry.cell.score.unwrap_or(0.0),
            RunStatus::Inconclusive => 2.0,
            RunStatus::Passed | RunStatus::Unchecked | RunStatus::Cancelled => return Ok(()),
        };
        let place = worst.partition_point(|(other, _)| *other <= rank);
        worst.insert(place, (rank, row(whole, entry)));
        if worst.len() > WORST {
            worst.pop();
            others += 1;
        }
        Ok(())
    })?;
    if !worst.is_empty() {
        writeln!(out, "\n| cell | prompt | target | verdict | score | why | answer |\n|---|---|---|---|--:|---|---|")?;
        worst.iter().try_for_each(|(_, row)| writeln!(out, "{row}"))?;
    }
    if others > 0 {
        writeln!(out, "\nand {} more that did not pass", format::thousands(others))?;
    }
    writeln!(out)
}

fn row(whole: &Whole, entry: &ReportCell) -> String {
    let (prompt, target) = whole.names(entry.cell.place);
    let score = entry.cell.score.map(|score| format!("{score:.2}")).unwrap_or_default();
    let (why, answer) = (short(&entry.why()), short(entry.read()));
    let cells = [&whole.title(entry), prompt, target, entry.cell.status.word(), &score, &why, &answer];
    format!("| {} |", cells.map(escaped).join(" | "))
}

/// Names a cell with its lane, where there are several.
fn titled(whole: &Whole, entry: &ReportCell) -> String {
    let title = whole.title(entry);
    let (prompt, target) = whole.names(entry.cell.place);
    if whole.lanes.len() > 1 { format!("{title} · {prompt} on {target}") } else { title }
}

/// Brings a text into one line of a length that is read.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    truncate(clean_line(&line).as_str(), SHOWN).into_owned()
}

/// Escapes what a workflow command says, and takes the older form of a command out of it, for which there is no escape.
fn data(text: &str) -> String {
    clean_line(&text.replace("##[", "#\\#[")).as_str().replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes the value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Takes away from a line what GitHub's runner would obey: a command begins with `::`, white space before it left out, or
/// has `##[` anywhere (`ActionCommand.cs` of <https://github.com/actions/runner>). A line of JSON stays the same JSON.
#[must_use]
pub fn disarmed(line: &str, json: bool) -> String {
    let begins = line.trim_start().starts_with("::");
    let line = line.replace("##[", if json { "#\\u0023[" } else { "#\\#[" });
    if begins { line.replacen("::", "\\::", 1) } else { line }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_said_leaves_its_place_in_a_command() {
        assert_eq!(data("100% a\r\n::error::b"), data("100% a ::error::b"), "a line stays a line");
        assert!(data("100%").ends_with("100%25"));
        assert_eq!(property("row 1: a, b"), "row 1%3A a%2C b");
        assert!(!property("x,line=9::warning::").contains([',', ':']));
    }

    #[test]
    fn a_line_of_output_is_no_command() {
        for (line, said) in [
            ("::set-output name=a::b", "\\::set-output name=a::b"),
            ("  \u{a0}::stop-commands::x", "  \u{a0}\\::stop-commands::x"),
            ("row ##[error]x", "row #\\#[error]x"),
            ("##[group]##[b]", "#\\#[group]#\\#[b]"),
            ("row 3: a::b", "row 3: a::b"),
            ("plain # #[x]", "plain # #[x]"),
        ] {
            assert_eq!(disarmed(line, false), said);
        }
        let line = r###"{"answer":"##[add-mask]a ::x ####[b"}"###;
        let disarmed = disarmed(line, true);
        assert!(!disarmed.contains("##["), "{disarmed}");
        let [before, after] = [line, &disarmed].map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        assert_eq!(before, after);
    }
}
