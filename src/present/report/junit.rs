//! A batch as `JUnit` XML, as CI services read it: a suite for each prompt on each target, a case for
//! each cell.
//!
//! There is no one standard; this is the common ground of Ant's, Jenkins' and GitLab's readers.

use std::{fmt, fmt::Write as _, io, io::Write};

use crate::{
    eval::tally::Tally,
    model::{RunStatus, Verdict},
    present::{
        baseline,
        baseline::PromptReview,
        report::{Entries, ReportCell, Whole},
    },
};

/// The characters of an answer that stand beside a failure.
const SHOWN: usize = 4000;

/// What the file begins with: XML, and who wrote it.
const PROLOGUE: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- written by retort -->\n";

/// Tells whether a text begins as such a report does: with its root, and who wrote it.
pub(crate) fn begins(text: &str) -> bool {
    text.strip_prefix(PROLOGUE).is_some_and(|rest| rest.starts_with("<testsuites name=\""))
}

/// Writes the report. Cells without an answer are errors, broken rules failures; a cell that is inconclusive or
/// has no check is skipped.
pub fn write(out: &mut dyn Write, whole: &Whole, entries: &dyn Entries) -> io::Result<()> {
    let name = if whole.complete() { whole.name.clone() } else { format!("{} ({})", whole.name, whole.end) };
    write!(out, "{PROLOGUE}")?;
    let changes = || whole.baselines.iter().flat_map(|own| &own.review.changes);
    let (more, failing) = (changes().count() as u64, changes().filter(|change| change.fails()).count() as u64);
    writeln!(out, "<testsuites name=\"{}\" {}>", Attribute(&name), counts(&whole.total(), (more, failing)))?;
    for lane in &whole.lanes {
        let name = format!("{} · {}", lane.prompt_name, lane.target_name);
        let counts = counts(&lane.tally, (0, 0));
        writeln!(out, "  <testsuite name=\"{}\" {counts} timestamp=\"{}\">", Attribute(&name), whole.made)?;
        let class = format!("{}.{}", lane.prompt_name, lane.target_name);
        entries.each(Some((lane.prompt, lane.target)), &mut |entry| case(out, whole, (&class, entry)))?;
        writeln!(out, "  </testsuite>")?;
    }
    whole.baselines.iter().try_for_each(|own| suite(out, whole, own))?;
    writeln!(out, "</testsuites>")
}

/// Writes a suite of the rows that are not as a baseline has them.
fn suite(out: &mut dyn Write, whole: &Whole, own: &PromptReview) -> io::Result<()> {
    let changes = &own.review.changes;
    let failing = changes.iter().filter(|change| change.fails()).count() as u64;
    let (name, none) = (format!("baseline · {}", own.prompt), Tally::default());
    let counts = counts(&none, (changes.len() as u64, failing));
    writeln!(out, "  <testsuite name=\"{}\" {counts} timestamp=\"{}\">", Attribute(&name), whole.made)?;
    for change in changes {
        let name = format!("{}: {}", change.id(), change.label());
        let (class, file) = (format!("{}.baseline", own.prompt), Attribute(&own.file));
        write!(out, "    <testcase name=\"{}\" classname=\"{}\" file=\"{file}\"", Attribute(&name), Attribute(&class))?;
        let why = format!("{}: {}", change.kind.word(), change.counts());
        let answer: String = baseline::what(change).chars().take(SHOWN).collect();
        if change.fails() {
            let kind = Attribute(change.kind.word());
            write!(out, ">\n      <failure type=\"{kind}\" message=\"{}\">", Attribute(&why))?;
            writeln!(out, "{}</failure>\n    </testcase>", Text(&answer))?;
        } else {
            writeln!(out, ">\n      <system-out>{} {}</system-out>\n    </testcase>", Text(&why), Text(&answer))?;
        }
    }
    writeln!(out, "  </testsuite>")
}

/// Counts cells that were stopped nowhere, for no case is written for them, and further cases with those that fail.
fn counts(tally: &Tally, (more, failing): (u64, u64)) -> String {
    format!(
        "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\"",
        tally.cells() + more,
        tally.counts.failed + failing,
        tally.counts.error,
        tally.counts.inconclusive + tally.counts.unchecked
    )
}

fn case(out: &mut dyn Write, whole: &Whole, (class, entry): (&str, &ReportCell)) -> io::Result<()> {
    let status = entry.cell.status;
    if status == RunStatus::Cancelled {
        return Ok(());
    }
    let (name, class) = (whole.title(entry), Attribute(class));
    let line = entry.line.map(|line| format!(" line=\"{line}\"")).unwrap_or_default();
    let took = entry.cell.timed().unwrap_or_default().as_secs_f64();
    write!(
        out,
        "    <testcase name=\"{}\" classname=\"{class}\" time=\"{took:.3}\" file=\"{}\"{line}",
        Attribute(&name),
        Attribute(&whole.data)
    )?;
    match status {
        RunStatus::Passed | RunStatus::Cancelled => return writeln!(out, "/>"),
        RunStatus::Inconclusive => {
            let why = format!("inconclusive: {}", entry.why());
            write!(out, ">\n      <skipped message=\"{}\"/>", Attribute(&why))?;
        }
        RunStatus::Unchecked => write!(out, ">\n      <skipped message=\"unchecked: it has no check\"/>")?,
        RunStatus::Error => {
            let kind = entry.cell.class.as_deref().unwrap_or(&entry.cell.end);
            let why = entry.why();
            write!(out, ">\n      <error type=\"{}\" message=\"{}\">", Attribute(kind), Attribute(&why))?;
            write!(out, "{}</error>", Text(&shown(entry)))?;
        }
        RunStatus::Failed => {
            let rules: Vec<String> = entry.failures().map(|Verdict { rule, .. }| rule.to_string()).collect();
            let kind = rules.first().map_or("score", String::as_str);
            write!(out, ">\n      <failure type=\"{}\" message=\"{}\">", Attribute(kind), Attribute(&entry.why()))?;
            write!(out, "{}</failure>", Text(&shown(entry)))?;
        }
    }
    writeln!(out, "\n    </testcase>")
}

/// The answer, shortened.
fn shown(entry: &ReportCell) -> String {
    let left = entry.read().chars().count().saturating_sub(SHOWN);
    let text: String = entry.read().chars().take(SHOWN).collect();
    if left > 0 { format!("{text}… ({left} characters more)") } else { text }
}

/// A text between two tags.
struct Text<'a>(&'a str);

/// A text between double quotes.
struct Attribute<'a>(&'a str);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(self.0, false, f)
    }
}

impl fmt::Display for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        written(self.0, true, f)
    }
}

/// Escapes what XML 1.0 gives a meaning, and leaves out what it has no way to write: a reader refuses
/// the whole file for one of those.
fn written(text: &str, attribute: bool, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for c in text.chars() {
        match c {
            '&' => f.write_str("&amp;")?,
            '<' => f.write_str("&lt;")?,
            '>' => f.write_str("&gt;")?,
            '"' => f.write_str("&quot;")?,
            '\r' => f.write_str("&#13;")?,
            '\n' | '\t' if attribute => write!(f, "&#{};", u32::from(c))?,
            '\n' | '\t' => f.write_char(c)?,
            // XML 1.0, section 2.2; the C1 controls are allowed there and obeyed by terminals.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => f.write_char(c)?,
        }
    }
    Ok(())
}
