//! A report in Markdown.

use std::{fmt::Write as _, time::Duration};

use super::report::{By, Change, ClassLine, Compared, Line, NOT_COMPARABLE, Rate, Report, Times, Waits};
use crate::{
    eval::{
        comparison::escaped,
        evidence::Shown,
        figures::{self, duration, hundredths, whole_percent},
    },
    model::{Cost, StatusCounts, outcome::Judging},
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

/// Writes times: `p50 0.92s p90 1.40s p95 2.10s p99 3.00s, n 120`, without those that so few say nothing of; nothing
/// is `–`.
#[must_use]
pub fn times(times: Option<&Times>) -> String {
    times.map_or_else(
        || "–".to_owned(),
        |Times { n, p50, p90, p95, p99 }| {
            let ranks = [("p50", Some(*p50)), ("p90", *p90), ("p95", *p95), ("p99", *p99)];
            let told = ranks.into_iter().filter_map(|(name, millis)| {
                Some(format!("{name} {}", duration(Duration::from_millis(millis?.into()))))
            });
            format!("{}, n {n}", told.collect::<Vec<_>>().join(" "))
        },
    )
}

/// Says what retort itself waited; none where that is next to nothing.
#[must_use]
pub fn waits(waits: &Waits) -> Option<String> {
    let Waits { runs, total, longest } = *waits;
    let [total, longest] = [total, longest].map(Duration::from_millis).map(duration);
    let runs_word = if runs == 1 { "run" } else { "runs" };
    (runs > 0).then(|| {
        format!(
            "{total} for limits, between tries and for free places, in {runs} {runs_word}, {longest} at most; no part \
             of the times, which are those of the answering attempts"
        )
    })
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
    if let Some(waits) = waits(&report.waits) {
        row("waited", &waits);
    }
    row("tokens", &tokens(report));
    row("cost", &cost(report.spent.cost, report.unpriced));
    if let Some(judges) = judges(report) {
        row("judges", &judges);
    }
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
    for unrun in &report.unrun {
        let _ = writeln!(out, "\nnot run: {}", escaped(&unrun.to_string()));
    }
    let head = by.word();
    let _ = write!(
        out,
        "\n## By {head}\n\n| {head} | runs | errors | passed | times | tokens | cost |\n|---|---|---|---|---|---|---|\n"
    );
    for line in report.lines(by) {
        let Line { name, prompt, runs, counts, pass, times: own, spent, unpriced, .. } = line;
        let errors = counts.error;
        let name =
            prompt.as_ref().map_or_else(|| escaped(name), |prompt| format!("{} {}", escaped(prompt), escaped(name)));
        let (pass, own, dollars) = (pass_rate(pass.as_ref(), counts), times(own.as_ref()), cost(spent.cost, *unpriced));
        let tokens = figures::all_tokens(&spent.usage);
        let _ = writeln!(out, "| {name} | {runs} | {errors} | {pass} | {own} | {tokens} | {dollars} |");
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

/// Writes tokens in and out, `12000 in, 340 out`, marked `≥` where there may be more and `~` where they are an estimate.
#[must_use]
pub fn tokens(report: &Report) -> String {
    let Report { spent, tokens_in, tokens_out, .. } = report;
    let side = |count: u64| figures::marked(&spent.usage, Some(count), |count| count.to_string());
    format!("{} in, {} out", side(*tokens_in), side(*tokens_out))
}

/// Writes a cost, and how many runs it leaves out.
#[must_use]
pub fn cost(cost: Cost, unpriced: u64) -> String {
    match unpriced {
        0 => cost.to_string(),
        1 => format!("{cost} (the cost of 1 run is not known)"),
        _ => format!("{cost} (the cost of {unpriced} runs is not known)"),
    }
}

/// Says what judging took, and of the runs of judges alone that they are; none where nothing was judged by a model.
#[must_use]
pub fn judges(report: &Report) -> Option<String> {
    if report.of_judges {
        return Some("all of these runs are those of judges".to_owned());
    }
    (report.judges != Judging::default())
        .then(|| format!("{}, no part of the above", figures::spent(&report.judges.spent())))
}
