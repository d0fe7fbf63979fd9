//! The quality report in Markdown, and in the text format of Prometheus (exposition format 0.0.4).

use std::{fmt::Write as _, time::Duration};

use crate::{
    eval::{
        evidence::Conclusion,
        quality::report::{
            CheckFigures, ClassLine, GroupBy, GroupRow, JudgeAgreement, NOT_COMPARABLE, QualityReport, Rate, Times,
            VersionChange, VersionComparison, Waits,
        },
        stats::Coefficient,
    },
    model::{Cost, ModalityTokens, RunStatus, Spent, StatusCounts, outcome::Judging},
    present::comparison::escaped,
    text::{
        format,
        format::{counted, duration, hundredths, whole_percent},
    },
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
            let words = ranks.into_iter().filter_map(|(name, millis)| {
                Some(format!("{name} {}", duration(Duration::from_millis(millis?.into()))))
            });
            format!("{}, n {n}", words.collect::<Vec<_>>().join(" "))
        },
    )
}

/// Says what retort itself waited; none where that is next to nothing.
#[must_use]
pub fn waits(waits: &Waits) -> Option<String> {
    let Waits { runs, total, longest } = *waits;
    let [total, longest] = [total, longest].map(Duration::from_millis).map(duration);
    (runs > 0).then(|| {
        format!(
            "{total} for limits, between tries and for free places, in {}, {longest} at most; no part \
             of the times, which are those of the answering attempts",
            counted(runs, "run")
        )
    })
}

/// The heads of the columns of [`agreements`].
pub const AGREEMENT_HEAD: [&str; 8] = [
    "JUDGE AGAINST PEOPLE",
    "BOTH PASS",
    "FALSE PASSES",
    "FALSE ALARMS",
    "BOTH FAIL",
    "AGREE",
    "KAPPA AND AC1",
    "WRONG ANSWERS LET PASS",
];

/// Writes how far judges and people agree, a row for each check a model judges by and of which answers are graded.
#[must_use]
pub fn agreements(report: &QualityReport) -> Vec<[String; 8]> {
    let row = |check: &CheckFigures| {
        let JudgeAgreement { table, agreed, false_passes, .. } = check.agreement.as_ref()?;
        Some([
            check.name.clone(),
            table.both.to_string(),
            table.judge_alone.to_string(),
            table.person_alone.to_string(),
            table.neither.to_string(),
            format!("{} of {}", whole_percent(*agreed), table.all()),
            coefficients(check.agreement.as_ref()?),
            rate(false_passes.as_ref()),
        ])
    };
    report.checks.iter().filter_map(row).collect()
}

/// Writes how far a judge and people agree on one line: `90% of 100, kappa 0.44 (0.16 to 0.73), AC1 0.88 (0.80 to 0.96)`.
#[must_use]
pub fn agreement(of: &JudgeAgreement) -> String {
    let false_passes = of
        .false_passes
        .as_ref()
        .map_or_else(String::new, |rate| format!("; {} of {} wrong answers pass", rate.part, rate.whole));
    format!("{} of {}, {}{false_passes}", whole_percent(of.agreed), of.table.all(), coefficients(of))
}

/// Says whether judges that were asked in both orders were swayed by them: `66% of 50 pairs the same in both orders (52 to 78);
/// 14 took the first, 3 the second, p=0.013`; none where none was asked so.
#[must_use]
pub fn orders(report: &QualityReport) -> Option<String> {
    let orders = report.orders?;
    let (share, interval) = orders.consistent_share()?;
    let all = orders.consistent + orders.first + orders.second;
    let (low, high) = (hundredths(interval.low, 0), hundredths(interval.high, 0));
    Some(format!(
        "{} of {all} pairs the same in both orders ({low} to {high}); {} took the first both times, {} the second, p={:.3}",
        whole_percent(share),
        orders.first,
        orders.second,
        orders.chance(),
    ))
}

/// Both coefficients: where most answers pass kappa is near 0 however well the two agree.
fn coefficients(of: &JudgeAgreement) -> String {
    format!("{}, {}", coefficient("kappa", of.kappa), coefficient("AC1", of.ac1))
}

/// Writes a coefficient of agreement with its interval: `kappa 0.44 (0.16 to 0.73)`.
pub(crate) fn coefficient(name: &str, coefficient: Option<Coefficient>) -> String {
    match coefficient {
        Some(Coefficient { value, interval, .. }) => {
            format!("{name} {value:.2} ({:.2} to {:.2})", interval.low, interval.high)
        }
        None => format!("{name} –"),
    }
}

/// Writes a report with the lines of a grouping.
#[must_use]
pub fn markdown(report: &QualityReport, by: GroupBy) -> String {
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
    if let Some(saved) = report.cache_saving {
        row("provider's cache", &saved.to_string());
    }
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
        for VersionChange { prompt, before, last, compared } in &report.changes {
            let prompt = escaped(prompt);
            let Some(VersionComparison { from, to, by, interval, shown }) = compared else {
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
                if *shown == Conclusion::NoDifference { " (no difference shown)" } else { "" },
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
    let agreements = agreements(report);
    if !agreements.is_empty() {
        let head = AGREEMENT_HEAD.map(str::to_lowercase).join(" | ");
        let _ = write!(out, "\n## Judges against people\n\n| {head} |\n{}|\n", "|---".repeat(AGREEMENT_HEAD.len()));
        for row in agreements {
            let _ = writeln!(out, "| {} |", row.map(|cell| escaped(&cell)).join(" | "));
        }
    }
    if let Some(orders) = orders(report) {
        let _ = writeln!(out, "\norder: {orders}");
    }
    let head = by.word();
    let _ = write!(
        out,
        "\n## By {head}\n\n| {head} | runs | errors | passed | times | tokens | cost |\n|---|---|---|---|---|---|---|\n"
    );
    for line in report.lines(by) {
        let GroupRow { name, prompt, runs, counts, pass, times: own, spent, unpriced, .. } = line;
        let errors = counts.error;
        let name =
            prompt.as_ref().map_or_else(|| escaped(name), |prompt| format!("{} {}", escaped(prompt), escaped(name)));
        let (pass, own, dollars) = (pass_rate(pass.as_ref(), counts), times(own.as_ref()), cost(spent.cost, *unpriced));
        let tokens = format::all_tokens(&spent.usage);
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

/// Writes tokens in and out, `12000 in, 340 out`, marked `≥` where there may be more and `~` where they are an estimate,
/// and how many of them are of pictures and recordings: `, of them 258 image, 300 audio tokens`.
#[must_use]
pub fn tokens(report: &QualityReport) -> String {
    let QualityReport { spent, tokens_in, tokens_out, .. } = report;
    let side = |count: u64| format::marked(&spent.usage, Some(count), |count| count.to_string());
    let of =
        format::modalities(ModalityTokens::of(&spent.usage)).map_or_else(String::new, |of| format!(", of them {of}"));
    format!("{} in, {} out{of}", side(*tokens_in), side(*tokens_out))
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
pub fn judges(report: &QualityReport) -> Option<String> {
    if report.of_judges {
        return Some("all of these runs are those of judges".to_owned());
    }
    (report.judges != Judging::default())
        .then(|| format!("{}, no part of the above", format::spent(&report.judges.spent())))
}

/// How sure tokens and costs can be.
const SURENESS: [&str; 4] = ["known", "estimated", "at_least", "unknown"];

/// Writes a report as gauges.
#[must_use]
pub fn prometheus(report: &QualityReport) -> String {
    let mut out = String::new();
    let mut family = |name: &str, help: &str, samples: &[(String, f64)]| {
        if samples.is_empty() {
            return;
        }
        let _ = writeln!(out, "# HELP retort_{name} {help}\n# TYPE retort_{name} gauge");
        for (labels, value) in samples {
            let _ = writeln!(out, "retort_{name}{labels} {value}");
        }
    };
    let plain = |value: u64| vec![(String::new(), value as f64)];
    family("runs", "Runs on record.", &plain(report.runs));
    let statuses = RunStatus::ALL.map(|status| (label("status", status.word()), report.counts.of(status) as f64));
    family("runs_by_status", "Runs by how they came out.", &statuses);
    let sides = [("in", report.tokens_in), ("out", report.tokens_out)];
    let sides = sides.map(|(side, count)| (label("direction", side), count as f64));
    family("tokens", "Tokens in and out of every billed call, cached answers and judges left out.", &sides);
    let modalities = ModalityTokens::of(&report.spent.usage);
    let of_kind = [("image", modalities.image), ("audio", modalities.audio), ("spoken", modalities.audio_output)];
    let of_kind: Vec<_> =
        of_kind.iter().filter_map(|(kind, count)| Some((label("kind", kind), (*count)? as f64))).collect();
    family("modality_tokens", "Tokens of pictures and recordings, parts of the above.", &of_kind);
    let saved: Vec<_> = report.cache_saving.iter().map(|saved| (String::new(), saved.dollars())).collect();
    family("cache_saved_dollars", "US dollars that providers' caches of prompts saved.", &saved);
    let judging = report.judges.spent();
    let spent = [("", "", report.spent), ("judge_", " that judges took", judging)];
    for (prefix, whose, Spent { usage, cost }) in spent {
        if prefix == "judge_" {
            family("judge_tokens", "Tokens in and out of the calls of judges.", &plain(usage.total().unwrap_or(0)));
        }
        let states = |now: &str| SURENESS.map(|state| (label("state", state), f64::from(u8::from(state == now))));
        family(
            &format!("{prefix}tokens_state"),
            &format!("How sure the tokens{whose} are."),
            &states(usage.sureness()),
        );
        let dollars: Vec<_> = cost.amount().iter().map(|amount| (String::new(), amount.dollars())).collect();
        family(&format!("{prefix}cost_dollars"), &format!("Cost in US dollars{whose}, as far as known."), &dollars);
        family(&format!("{prefix}cost_state"), &format!("How sure the cost{whose} is."), &states(cost.sureness()));
    }
    family("unpriced_runs", "Runs whose cost is not known.", &plain(report.unpriced));
    family("waited_seconds", "Time retort itself waited.", &[(String::new(), report.waits.total as f64 / 1000.0)]);
    family("attempts", "Calls made.", &plain(report.attempts));
    family("retried_runs", "Runs that took more than one call.", &plain(report.retried));
    family("fallback_runs", "Runs that another target answered.", &plain(report.fell_back));
    family("cached_runs", "Runs answered from the cache.", &plain(report.cached));
    let pass: Vec<_> = report.pass.iter().map(|rate| (String::new(), rate.share)).collect();
    family(
        "pass_ratio",
        "Runs that pass every check, of those that passed, failed, are inconclusive or have no answer.",
        &pass,
    );
    let checks = report.checks.iter().filter_map(|check| Some((label("check", &check.name), check.pass?.share)));
    family("check_pass_ratio", "Share of the answers a check is for that pass it.", &checks.collect::<Vec<_>>());
    let models = |value: fn(&GroupRow) -> Option<f64>| -> Vec<(String, f64)> {
        report.models.iter().filter_map(|line| Some((label("model", &line.name), value(line)?))).collect()
    };
    family("model_runs", "Runs by model.", &models(|line| Some(line.runs as f64)));
    family("model_errors", "Errors by model.", &models(|line| Some(line.counts.error as f64)));
    family("model_pass_ratio", "Pass rate by model.", &models(|line| line.pass.map(|rate| rate.share)));
    let classes = |value: fn(&ClassLine) -> Option<f64>| -> Vec<(String, f64)> {
        report.classes.iter().filter_map(|line| Some((label("class", &line.name), value(line)?))).collect()
    };
    family("class_runs", "Runs that met a fault, by class.", &classes(|line| line.met.map(|rate| rate.part as f64)));
    family("class_errors", "Runs that ended with a fault, by class.", &classes(|line| Some(line.ended as f64)));
    let passing = classes(|line| line.pass.map(|rate| rate.share));
    family("class_pass_ratio", "Pass rate of the runs that met a fault, by class.", &passing);
    for (name, help, times) in [
        ("response_seconds", "Response times of answering attempts, cached answers left out.", report.times),
        ("first_token_seconds", "Times to the first token.", report.first_token),
    ] {
        let ranks =
            times.map(|times| [("0.5", Some(times.p50)), ("0.9", times.p90), ("0.95", times.p95), ("0.99", times.p99)]);
        let samples: Vec<_> = ranks
            .iter()
            .flatten()
            .filter_map(|(share, millis)| Some((label("quantile", share), f64::from((*millis)?) / 1000.0)))
            .collect();
        family(name, help, &samples);
    }
    out
}

/// Writes a label, its value escaped.
fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{{{name}=\"{value}\"}}")
}
