//! A report in the text format of Prometheus (exposition format 0.0.4).

use std::fmt::Write as _;

use super::report::Report;
use crate::model::{RunStatus, Spent};

/// How sure tokens and costs can be.
const SURENESS: [&str; 4] = ["known", "estimated", "at_least", "unknown"];

/// Writes a report as gauges.
#[must_use]
pub fn prometheus(report: &Report) -> String {
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
    let models = |value: fn(&super::Line) -> Option<f64>| -> Vec<(String, f64)> {
        report.models.iter().filter_map(|line| Some((label("model", &line.name), value(line)?))).collect()
    };
    family("model_runs", "Runs by model.", &models(|line| Some(line.runs as f64)));
    family("model_errors", "Errors by model.", &models(|line| Some(line.counts.error as f64)));
    family("model_pass_ratio", "Pass rate by model.", &models(|line| line.pass.map(|rate| rate.share)));
    let classes = |value: fn(&super::ClassLine) -> Option<f64>| -> Vec<(String, f64)> {
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
