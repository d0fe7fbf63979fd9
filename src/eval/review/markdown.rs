//! A report in Markdown.

use std::fmt::Write as _;

use super::report::{By, Change, ClassLine, Compared, Line, NOT_COMPARABLE, Rate, Report, Times};
use crate::{
    eval::{
        comparison::escaped,
        evidence::Shown,
        figures::{hundredths, whole_percent},
    },
    model::StatusCounts,
};

/// Writes a rate with its interval: `92% (85 to 96, 110 of 120)`; nothing is `–`.
#[must_use]
pub fn rate(rate: Option<&Rate>) -> String {
    rate.map_or_else(
        || "–".to_owned(),
        |rate| {
            let (low, high) = (hundredths(rate.interval.low, 0), hundredths(rate.interval.high, 0));
            format!("{} ({low} to {high}, {} of {})", whole_percent(rate.share), rate.part, rate.whole)
        },
    )
}

/// Writes a pass rate and how many of the others came out how: `92% (85 to 96, 110 of 120; 9 failed, 1 error)`.
#[must_use]
pub fn pass_rate(pass: Option<&Rate>, counts: &StatusCounts) -> String {
    let (text, others) = (rate(pass), counts.others());
    match text.strip_suffix(')') {
        _ if others.is_empty() => text,
        Some(open) => format!("{open}; {others})"),
        None => format!("{text} ({others})"),
    }
}

/// Writes times: `p50 0.92s p90 1.40s p95 2.10s p99 3.00s, n 120`; nothing is `–`.
#[must_use]
pub fn times(times: Option<&Times>) -> String {
    times.map_or_else(
        || "–".to_owned(),
        |times| {
            let shown = |millis: u32| crate::eval::figures::duration(std::time::Duration::from_millis(millis.into()));
            let [p50, p90, p95, p99] = [times.p50, times.p90, times.p95, times.p99].map(shown);
            format!("p50 {p50} p90 {p90} p95 {p95} p99 {p99}, n {}", times.n)
        },
    )
}

/// Writes a report with the lines of a grouping.
#[must_use]
pub fn markdown(report: &Report, by: By) -> String {
    let mut out = String::from("# Quality\n\n");
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(out, "- {name}: {value}");
    };
    row("runs", &report.runs.to_string());
    row("answered", &rate(report.success.as_ref()));
    row("passed every check", &pass_rate(report.pass.as_ref(), &report.counts));
    row("response time", &times(report.times.as_ref()));
    row("first token", &times(report.first_token.as_ref()));
    row("tokens", &tokens(report));
    row("cost", &cost(report.cost, report.unpriced));
    let (retried, fallbacks, cached) = (report.retried, report.fell_back, report.cached);
    row(
        "retried",
        &format!("{retried}, fallbacks {fallbacks}, from the cache {cached}, demonstration {}", report.demo),
    );
    if let Some(completeness) = report.completeness {
        row("completeness", &format!("{} of required fields filled", whole_percent(completeness)));
    }
    if report.graded > 0 {
        row("graded", &format!("{} right of {}", report.right, report.graded));
    }
    if !report.changes.is_empty() {
        out.push_str("\n## Since the last version\n\n| prompt | from | to | points | 95 % |\n|---|---|---|---|---|\n");
        for Change { prompt, before, last, compared } in &report.changes {
            let prompt = escaped(prompt);
            let Some(Compared { from, to, by, interval, shown }) = compared else {
                let _ = writeln!(out, "| {prompt} | {before} | {last} | {NOT_COMPARABLE} | |");
                continue;
            };
            let points = |share: f64| format!("{:+.0}", share * 100.0);
            let _ = writeln!(
                out,
                "| {prompt} | {before} {} | {last} {} | {}{} | {} to {} |",
                rate(Some(from)),
                rate(Some(to)),
                points(*by),
                if *shown == Shown::NoDifference { " (no difference shown)" } else { "" },
                points(interval.low),
                points(interval.high),
            );
        }
    }
    out.push_str("\n## By check\n\n| check | passed | inconclusive |\n|---|---|---|\n");
    for check in &report.checks {
        let _ = writeln!(out, "| {} | {} | {} |", escaped(&check.name), rate(check.pass.as_ref()), check.inconclusive);
    }
    let head = by.word();
    let _ = write!(
        out,
        "\n## By {head}\n\n| {head} | runs | errors | passed | times | cost |\n|---|---|---|---|---|---|\n"
    );
    for line in report.lines(by) {
        let Line { name, prompt, runs, counts, pass, times: own, cost: dollars, unpriced, .. } = line;
        let errors = counts.error;
        let name =
            prompt.as_ref().map_or_else(|| escaped(name), |prompt| format!("{} {}", escaped(prompt), escaped(name)));
        let (pass, own, dollars) = (pass_rate(pass.as_ref(), counts), times(own.as_ref()), cost(*dollars, *unpriced));
        let _ = writeln!(out, "| {name} | {runs} | {errors} | {pass} | {own} | {dollars} |");
    }
    if !report.classes.is_empty() {
        out.push_str("\n## Errors\n\n| class | runs that met it | ended with it | answered all the same | passed |\n");
        out.push_str("|---|---|---|---|---|\n");
        for ClassLine { name, met, ended, answered, pass } in &report.classes {
            let [met, answered, pass] = [met, answered, pass].map(|share| rate(share.as_ref()));
            let _ = writeln!(out, "| {} | {met} | {ended} | {answered} | {pass} |", escaped(name));
        }
    }
    if report.confidence.iter().any(|count| *count > 0) {
        out.push_str("\n## Stated confidence\n\n| from | answers |\n|---|---|\n");
        for (bin, count) in report.confidence.iter().enumerate() {
            let _ = writeln!(out, "| 0.{bin} | {count} |");
        }
    }
    out
}

/// Writes tokens in and out: `12000 in, 340 out`.
#[must_use]
pub fn tokens(report: &Report) -> String {
    format!("{} in, {} out", report.tokens_in, report.tokens_out)
}

/// Writes a cost and how many runs it leaves out.
#[must_use]
pub fn cost(dollars: f64, unpriced: u64) -> String {
    match (dollars, unpriced) {
        (0.0, 0) => "$0".to_owned(),
        (0.0, _) => format!("? ({unpriced} runs without a known price)"),
        (dollars, 0) => format!("${dollars:.6}"),
        (dollars, unpriced) => format!("${dollars:.6} and {unpriced} runs without a known price"),
    }
}
