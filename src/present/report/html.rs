//! A batch as one page of HTML that needs no network: the figures, and a table of all cells that can
//! be sorted and filtered.
//!
//! The page allows itself its own style and its own script, each by its hash, and nothing else: what a
//! model wrote could load nothing and run nothing even if it were not escaped, which it is.

use std::{fmt, io, io::Write};

use sha2::{Digest as _, Sha256};

use crate::{
    eval::tally::Tally,
    model::{Cost, PicoDollars, RunStatus, Spent, StatusCounts, VarValue},
    present::report::{Entries, ReportCell, ReportLane, Whole},
    text::format,
};

const STYLE: &str = include_str!("../../../assets/report/report.css");
const SCRIPT: &str = include_str!("../../../assets/report/report.js");

/// The characters of an answer that are seen before it is opened.
const SEEN: usize = 100;

/// The columns of the table of cells.
const COLUMNS: &[(&str, bool)] = &[
    ("row", false),
    ("prompt", false),
    ("target", false),
    ("verdict", false),
    ("score", true),
    ("why", false),
    ("input", false),
    ("answer", false),
    ("tokens", true),
    ("cost", true),
    ("judges", true),
    ("time", true),
];

/// What says in its head who wrote the page.
const GENERATOR: &str = "<meta name=\"generator\" content=\"retort\">";

/// Tells whether a text begins as such a report does: with a page that retort wrote.
pub(crate) fn begins(text: &str) -> bool {
    let head = text.split_once("<style>").map_or(text, |(head, _)| head);
    head.starts_with("<!doctype html>") && head.contains(GENERATOR)
}

/// Writes the report.
pub fn write(out: &mut dyn Write, whole: &Whole, entries: &dyn Entries) -> io::Result<()> {
    let name = Html(&whole.name);
    let (style, script) = (hash(STYLE), hash(SCRIPT));
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n{GENERATOR}\n<meta \
         http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src '{style}'; script-src \
         '{script}'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" \
         content=\"no-referrer\">\n<title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    )?;
    writeln!(out, "<h1>{name}</h1>")?;
    let state = if whole.complete() { "note" } else { "note incomplete" };
    writeln!(
        out,
        "<p class=\"{state}\">{}</p>\n<p class=\"note\">{} · batch {} · {}</p>",
        Html(&whole.end),
        Html(&whole.data),
        whole.batch.short(),
        whole.made
    )?;
    summary(out, whole)?;
    filters(out, whole)?;
    write!(out, "<table id=\"cells\">\n<thead><tr>")?;
    for (column, number) in COLUMNS {
        let class = if *number { " class=\"number\"" } else { "" };
        write!(out, "<th scope=\"col\"{class}><button type=\"button\">{column}</button></th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    entries.each(None, &mut |entry| row(out, whole, entry))?;
    writeln!(out, "</tbody>\n</table>\n<script>{SCRIPT}</script>\n</body>\n</html>")
}

fn summary(out: &mut dyn Write, whole: &Whole) -> io::Result<()> {
    let total = whole.total();
    let metrics: Vec<&str> = total.metrics().map(|(name, _)| name).collect();
    writeln!(out, "<h2>Each prompt on each target</h2>\n<div class=\"wide\"><table>\n<thead><tr>")?;
    write!(out, "<th scope=\"col\">prompt</th><th scope=\"col\">target</th>")?;
    for column in ["cells", "passed", "failed", "inconclusive", "unchecked", "errors", "pass rate", "score"] {
        write!(out, "<th scope=\"col\" class=\"number\">{column}</th>")?;
    }
    metrics.iter().try_for_each(|name| write!(out, "<th scope=\"col\" class=\"number\">{}</th>", Html(name)))?;
    for column in ["tokens", "cost", "p50", "p95"] {
        write!(out, "<th scope=\"col\" class=\"number\">{column}</th>")?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    for ReportLane { prompt_name, target_name, tally, .. } in &whole.lanes {
        write!(out, "<tr><td>{}</td><td>{}</td>", Html(prompt_name), Html(target_name))?;
        figures_of(out, tally, tally.own(), &metrics)?;
    }
    if whole.lanes.len() > 1 {
        write!(out, "<tr><th scope=\"row\" colspan=\"2\">all</th>")?;
        figures_of(out, &total, total.answers(), &metrics)?;
    }
    writeln!(out, "</tbody></table></div>")?;
    if total.cached > 0 {
        writeln!(
            out,
            "<p class=\"note\">{} of {} from the cache: neither their time, nor their tokens, nor their cost count</p>",
            total.cached,
            total.cells()
        )?;
    }
    for line in total.apart() {
        writeln!(out, "<p class=\"note\">{}</p>", Html(&line))?;
    }
    for (class, count) in &total.errors {
        writeln!(out, "<p class=\"note\"><span class=\"error\">{count} × {}</span></p>", Html(class))?;
    }
    for unrun in total.unrun() {
        let words = unrun.to_string();
        writeln!(out, "<p class=\"note\"><span class=\"inconclusive\">not run: {}</span></p>", Html(&words))?;
    }
    Ok(())
}

fn figures_of(out: &mut dyn Write, tally: &Tally, spent: Spent, metrics: &[&str]) -> io::Result<()> {
    let unknown = || "–".to_owned();
    let unit = |score: Option<f64>| score.map_or_else(unknown, |score| format!("{score:.2}"));
    let time = |share| tally.latency(share).map_or_else(unknown, format::duration);
    let means: std::collections::BTreeMap<&str, f64> = tally.metrics().collect();
    let StatusCounts { passed, failed, inconclusive, unchecked, error, cancelled: _ } = tally.counts;
    let counts = [tally.cells(), passed, failed, inconclusive, unchecked, error];
    let mut cells: Vec<String> = counts.map(|count| count.to_string()).into();
    cells.push(tally.pass_rate().map_or_else(unknown, format::percent));
    cells.push(unit(tally.score()));
    cells.extend(metrics.iter().map(|name| unit(means.get(name).copied())));
    cells.push(format::all_tokens(&spent.usage));
    cells.extend([spent.cost.to_string(), time(0.5), time(0.95)]);
    cells.iter().try_for_each(|cell| write!(out, "<td class=\"number\">{}</td>", Html(cell)))?;
    writeln!(out, "</tr>")
}

fn filters(out: &mut dyn Write, whole: &Whole) -> io::Result<()> {
    writeln!(
        out,
        "<h2>Cells</h2>\n<form id=\"filter\" hidden><input name=\"words\" type=\"search\" placeholder=\"text in a \
         cell\" aria-label=\"text in a cell\"><select name=\"standing\" aria-label=\"standing\"><option \
         value=\"\">all</option><option value=\"not-passed\">not passed</option>"
    )?;
    for status in RunStatus::ALL.into_iter().filter(|status| *status != RunStatus::Cancelled) {
        write!(out, "<option>{status}</option>")?;
    }
    write!(
        out,
        "</select><select name=\"lane\" aria-label=\"prompt and target\"><option value=\"\">every target</option>"
    )?;
    for ReportLane { prompt, target, prompt_name, target_name, .. } in &whole.lanes {
        let (prompt_name, target_name) = (Html(prompt_name), Html(target_name));
        write!(out, "<option value=\"{prompt}-{target}\">{prompt_name} · {target_name}</option>")?;
    }
    writeln!(out, "</select><output></output></form>")
}

fn row(out: &mut dyn Write, whole: &Whole, entry: &ReportCell) -> io::Result<()> {
    let (cell, place) = (&entry.cell, entry.cell.place);
    let (prompt, target) = whole.names(place);
    let status = cell.status.word();
    let mut number = 0;
    let mut next = || {
        let label = COLUMNS.get(number).map_or("", |(label, _)| label);
        number += 1;
        label
    };
    let order = place.row as f64 + f64::from(place.sample) / f64::from(whole.samples.max(1));
    writeln!(out, "<tr data-standing=\"{status}\" data-lane=\"{}-{}\">", place.prompt, place.target)?;
    let title = whole.title(entry);
    let title = title.strip_prefix("row ").unwrap_or(&title);
    writeln!(
        out,
        "<td data-label=\"{}\" class=\"row\" data-value=\"{order}\"><span>{}</span></td>",
        next(),
        Html(title)
    )?;
    writeln!(out, "<td data-label=\"{}\" class=\"name\"><span>{}</span></td>", next(), Html(prompt))?;
    let reasons: Vec<String> =
        entry.given_up.iter().map(|reason| format!("{}: {}", reason.target, reason.error.class)).collect();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join("; ")) };
    let by = entry.fallback.as_ref().map(|other| format!("{target}, answered by {other}{why}"));
    let by = Html(by.as_deref().unwrap_or(target));
    writeln!(out, "<td data-label=\"{}\" class=\"name\"><span>{by}</span></td>", next())?;
    writeln!(out, "<td data-label=\"{}\" class=\"standing {status}\">{status}</td>", next())?;
    let score = cell.score.map(|score| format!("{score:.2}")).unwrap_or_default();
    writeln!(out, "<td data-label=\"{}\" class=\"number\" data-value=\"{score}\">{score}</td>", next())?;
    write!(out, "<td data-label=\"{}\">", next())?;
    self::why(out, entry)?;
    write!(out, "</td>\n<td data-label=\"{}\">", next())?;
    input(out, entry)?;
    write!(out, "</td>\n<td data-label=\"{}\">", next())?;
    opened(out, entry.read())?;
    let tokens = cell.tokens.map(|tokens| tokens.to_string()).unwrap_or_default();
    let tokens_shown = format::marked(&cell.counted(), cell.tokens, |tokens| tokens.to_string());
    writeln!(out, "</td>\n<td data-label=\"{}\" class=\"number\" data-value=\"{tokens}\">{tokens_shown}</td>", next())?;
    let dollars = |cost: Cost| cost.amount().map(PicoDollars::dollars).map(|cost| cost.to_string()).unwrap_or_default();
    let (cost, cached) = (cell.spent().cost, if cell.cached { ", cached" } else { "" });
    let (label, amount, cost) = (next(), dollars(cost), cost.to_string());
    let cost = Html(&cost);
    writeln!(out, "<td data-label=\"{label}\" class=\"number\" data-value=\"{amount}\">{cost}{cached}</td>")?;
    let (amount, judges) =
        cell.judging.map_or_else(Default::default, |judging| (dollars(judging.cost), judging.cost.to_string()));
    let (label, judges) = (next(), Html(&judges));
    writeln!(out, "<td data-label=\"{label}\" class=\"number\" data-value=\"{amount}\">{judges}</td>")?;
    let took = cell.timed().map(format::duration).unwrap_or_default();
    let millis = cell.timed().map(|took| format::millis(took).to_string()).unwrap_or_default();
    let waited = format::waited(cell.waited).map(|waited| format!(", {waited}")).unwrap_or_default();
    writeln!(out, "<td data-label=\"{}\" class=\"number\" data-value=\"{millis}\">{took}{waited}</td>\n</tr>", next())
}

/// Writes why it did not pass, and all verdicts behind it.
fn why(out: &mut dyn Write, entry: &ReportCell) -> io::Result<()> {
    let why = entry.why();
    let verdicts = entry.quality.as_ref().map_or(&[][..], |quality| &quality.verdicts);
    if verdicts.is_empty() {
        return write!(out, "<span>{}</span>", Html(&why));
    }
    let first = if why.is_empty() { format!("{} checks", verdicts.len()) } else { why };
    write!(out, "<details><summary>{}</summary><dl>", Html(&first))?;
    for verdict in verdicts {
        let class = verdict.status.word();
        let metric = verdict.metric.as_ref().map(|metric| format!(" ({metric})")).unwrap_or_default();
        let rule = verdict.rule.to_string();
        write!(out, "<dt><span class=\"{class}\">{class}</span> {}{}</dt>", Html(&rule), Html(&metric))?;
        write!(out, "<dd>{}</dd>", Html(&verdict.reason))?;
    }
    write!(out, "</dl></details>")
}

fn input(out: &mut dyn Write, entry: &ReportCell) -> io::Result<()> {
    if entry.input.vars.is_empty() {
        return opened(out, &entry.input.text);
    }
    let first = entry.input.vars.values().next().map(VarValue::as_str).filter(|_| entry.input.text.is_empty());
    let line = start(first.unwrap_or(&entry.input.text));
    write!(out, "<details><summary>{}</summary><dl>", Html(&line))?;
    if !entry.input.text.is_empty() {
        write!(out, "<dt>input</dt><dd>{}</dd>", Html(&entry.input.text))?;
    }
    for (name, value) in &entry.input.vars {
        write!(out, "<dt>{}</dt><dd>{}</dd>", Html(name), Html(value))?;
    }
    write!(out, "</dl></details>")
}

/// Writes a text: as it is where it is short, to be opened where it is long.
fn opened(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let line = start(text);
    if line == text {
        return write!(out, "<span>{}</span>", Html(text));
    }
    write!(out, "<details><summary>{}</summary><pre>{}</pre></details>", Html(&line), Html(text))
}

/// The beginning of a text on one line.
fn start(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SEEN) {
        Some((cut, _)) => format!("{}…", words.get(..cut).unwrap_or(&words)),
        None if words == text => words,
        None => format!("{words} "),
    }
}

/// A text that stays a text, between tags and between double quotes.
struct Html<'a>(&'a str);

impl fmt::Display for Html<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\n' | '\t' => f.write_char(c)?,
                // A page must not hold the first, and the others reorder or hide what is around them.
                c if c.is_control()
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}') =>
                {
                    f.write_char('\u{fffd}')?;
                }
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

/// Names a text as a content security policy does: its SHA-256 in base 64.
fn hash(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digest = Sha256::digest(text);
    let mut out = "sha256-".to_owned();
    for three in digest.chunks(3) {
        let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let digit = DIGITS.get((bits >> (18 - 6 * place)) as usize & 63).copied().unwrap_or(b'=');
            out.push(if place > three.len() { '=' } else { char::from(digit) });
        }
    }
    out
}
