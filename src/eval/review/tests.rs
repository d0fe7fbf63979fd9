//! What a review says of runs made up here.

use std::time::Duration;

use super::*;
use crate::{
    eval::evidence::Shown,
    model::{RunStatus, StatusCounts},
};

fn facts(names: &mut Names, number: i64, change: impl FnOnce(&mut RunFacts, &mut Names)) -> RunFacts {
    let mut facts = RunFacts {
        started: 1_700_000_000 + number * 1800,
        prompt: Some(names.of("sentiment")),
        version: Some(names.of("aaaaaaaaaa")),
        params: Some(names.of("{\"temperature\":0.3,\"stop\":null}")),
        model: Some(names.of("gpt-4o-mini")),
        provider: Some(names.of("openai")),
        status: RunStatus::Passed,
        compared: Some(true),
        input: Some(number % 3),
        target: Some(names.of("m")),
        marks: vec![(names.of("format"), Status::Passed, None), (names.of("confidence"), Status::Passed, Some(0.95))],
        took: Some(Duration::from_millis(100 + number.unsigned_abs() * 10)),
        first_token: Some(Duration::from_millis(50)),
        tokens_in: Some(60),
        tokens_out: Some(40),
        cost: Some(PicoDollars(1_000_000_000)),
        attempts: 1,
        ..RunFacts::default()
    };
    change(&mut facts, names);
    facts
}

/// Ten runs: a failure, a cached answer, a demonstration, a stopped run, one that met a fault on the way, and a
/// newer version that fails more.
fn runs(names: &mut Names) -> Vec<RunFacts> {
    (0..10)
        .map(|number| {
            facts(names, number, |run, names| match number {
                2 => (run.attempts, run.faults) = (2, vec![names.of("overloaded")]),
                3 => {
                    run.end = Ending::Failed;
                    run.class = Some(names.of("rate \"limited\""));
                    run.faults = vec![names.of("overloaded"), names.of("rate \"limited\"")];
                    (run.status, run.compared) = (RunStatus::Error, None);
                    (run.tokens_in, run.tokens_out, run.cost) = (None, None, None);
                    run.marks.clear();
                    run.attempts = 3;
                }
                4 => run.cached = true,
                5 => run.demo = true,
                6 => {
                    run.end = Ending::Cancelled;
                    (run.status, run.compared) = (RunStatus::Cancelled, None);
                }
                7.. => {
                    run.version = Some(names.of("bbbbbbbbbb"));
                    run.model = Some(names.of("gpt-4.1"));
                    (run.status, run.compared) = (RunStatus::Failed, Some(false));
                    let (confidence, rubric) = (names.of("confidence"), names.of("llm-rubric"));
                    run.marks = vec![(confidence, Status::Failed, Some(0.2)), (rubric, Status::Inconclusive, None)];
                    (run.cost, run.right) = (None, Some(number == 7));
                }
                _ => {}
            })
        })
        .collect()
}

fn review(names: Names, runs: &[RunFacts]) -> Report {
    let mut review = Review::default();
    for run in runs {
        review.take(run);
    }
    review.named(names).report()
}

fn reviewed() -> Report {
    let mut names = Names::default();
    let runs = runs(&mut names);
    review(names, &runs)
}

#[test]
fn each_run_counts_where_it_belongs() {
    let report = reviewed();
    let StatusCounts { passed, failed, error, cancelled, .. } = report.counts;
    assert_eq!((report.runs, passed, failed, error, cancelled), (10, 5, 3, 1, 1));
    assert_eq!((report.cached, report.demo), (1, 1));
    let pass = report.pass.unwrap();
    assert_eq!((pass.part, pass.whole), (5, 9), "an error should have passed, too");
    let success = report.success.unwrap();
    assert_eq!((success.part, success.whole), (8, 10));
    // Runs 0, 1, 2, 7, 8, 9: neither cached, nor a demonstration, nor without an answer.
    let times = report.times.unwrap();
    assert_eq!((times.n, times.p50, times.p99), (6, 120, 190));
    assert_eq!(report.first_token.unwrap().n, 6);
    assert_eq!((report.tokens_in, report.tokens_out, report.tokens()), (420, 280, 700));
    assert_eq!((report.unpriced, report.retried, report.attempts), (3, 2, 13));
    assert!((report.cost - 0.004).abs() < 1e-12);
    assert_eq!((report.confidence[9], report.confidence[2]), (6, 3));
    assert_eq!((report.graded, report.right), (3, 1));
    let check = |name: &str| report.checks.iter().find(|check| check.name == name).unwrap();
    let (rubric, confidence) = (check("llm-rubric"), check("confidence"));
    assert_eq!((rubric.pass.unwrap().part, rubric.pass.unwrap().whole, rubric.inconclusive), (0, 3, 3));
    assert_eq!(confidence.pass.unwrap().part, 6);
    assert_eq!(report.checks[0].name, "confidence", "what fails most comes first");
}

#[test]
fn what_got_worse_since_the_last_version_comes_first() {
    let mut names = Names::default();
    let mut all = runs(&mut names);
    for number in 0..40 {
        all.push(facts(&mut names, 100 + number, |run, names| {
            run.prompt = Some(names.of("triage"));
            run.version = Some(names.of(if number < 20 { "cccccccc" } else { "dddddddd" }));
            run.input = Some(number % 20);
            run.compared = Some(number >= 10);
            run.status = if number >= 10 { RunStatus::Passed } else { RunStatus::Failed };
        }));
    }
    let report = review(names, &all);
    let told: Vec<_> = report
        .changes
        .iter()
        .map(|change| (change.prompt.as_str(), change.compared.as_ref().map(|one| (one.by, one.to.whole, one.shown))))
        .collect();
    let worse = ("sentiment", Some((-1.0, 3, Shown::NoDifference)));
    assert_eq!(told, [worse, ("triage", Some((0.5, 20, Shown::Better)))]);
    assert_eq!((report.changes[0].before.as_str(), report.changes[0].last.as_str()), ("aaaaaaa", "bbbbbbb"));
}

#[test]
fn versions_without_a_common_input_on_the_same_target_are_not_compared() {
    for apart in ["input", "target"] {
        let mut names = Names::default();
        let mut all = Vec::new();
        for number in 0..40 {
            all.push(facts(&mut names, number, |run, names| {
                let last = number >= 20;
                run.version = Some(names.of(if last { "dddddddd" } else { "cccccccc" }));
                run.input = Some(if apart == "input" { number } else { number % 20 });
                run.target = Some(names.of(if apart == "target" && last { "other" } else { "m" }));
                run.compared = Some(last);
                run.status = if last { RunStatus::Passed } else { RunStatus::Failed };
            }));
        }
        let report = review(names, &all);
        assert_eq!(report.changes.len(), 1);
        assert_eq!(report.changes[0].compared, None, "another {apart}");
        assert!(markdown(&report, By::Version).contains(NOT_COMPARABLE), "another {apart}");
    }
}

#[test]
fn a_line_has_the_times_of_its_own_runs() {
    let report = reviewed();
    let told = |by: By| -> Vec<(String, u64, Option<u64>, Option<u32>)> {
        let line = |line: &Line| (line.name.clone(), line.runs, line.times.map(|t| t.n), line.times.map(|t| t.p50));
        report.lines(by).iter().map(line).collect()
    };
    let line = |name: &str, runs, n, p50| (name.to_owned(), runs, Some(n), Some(p50));
    assert_eq!(told(By::Model), [line("gpt-4.1", 3, 3, 180), line("gpt-4o-mini", 7, 3, 110)]);
    assert_eq!(told(By::Provider), [line("openai", 10, 6, 120)]);
    assert_eq!(told(By::Prompt), [line("sentiment", 10, 6, 120)]);
    assert_eq!(told(By::Version), [line("aaaaaaa", 7, 3, 110), line("bbbbbbb", 3, 3, 180)]);
    assert_eq!(told(By::Params), [line("temperature 0.3", 10, 6, 120)]);
    let version = &report.versions[0];
    assert_eq!((version.prompt.as_deref(), version.value.as_deref()), (Some("sentiment"), Some("aaaaaaaaaa")));
    assert_eq!(report.params[0].value.as_deref(), Some("{\"temperature\":0.3,\"stop\":null}"));
    let shown: Vec<u64> = report.trend.iter().map(|point| u64::from(point.p50.unwrap_or(0))).collect();
    assert!(shown.contains(&100) && shown.contains(&180), "{shown:?}");
}

#[test]
fn a_class_of_fault_tells_what_became_of_the_runs_that_met_it() {
    let told: Vec<_> = reviewed()
        .classes
        .iter()
        .map(|line| {
            let count = |rate: Option<Rate>| rate.map(|rate| (rate.part, rate.whole));
            (line.name.clone(), count(line.met), line.ended, count(line.answered), count(line.pass))
        })
        .collect();
    let overloaded = ("overloaded".to_owned(), Some((2, 10)), 0, Some((1, 2)), Some((1, 2)));
    let limited = ("rate \"limited\"".to_owned(), Some((1, 10)), 1, Some((0, 1)), Some((0, 1)));
    assert_eq!(told, [overloaded, limited]);
}

#[test]
fn a_demonstration_is_measured_only_where_there_is_nothing_else() {
    let mut names = Names::default();
    let shown = facts(&mut names, 0, |run, _| run.demo = true);
    let real = facts(&mut names, 5, |_, _| {});
    let alone = review(names.clone(), std::slice::from_ref(&shown));
    assert!(alone.is_demo());
    assert_eq!((alone.tokens(), alone.times.unwrap().p50, alone.cost, alone.unpriced), (100, 100, 0.0, 0));
    let both = review(names, &[shown, real]);
    assert!(!both.is_demo());
    assert_eq!((both.tokens(), both.times.unwrap().n, both.times.unwrap().p50), (100, 1, 150));
}

#[test]
fn a_trend_has_few_stretches_whatever_its_span() {
    for step in [1, 7, 100, 5000] {
        let mut names = Names::default();
        let all: Vec<_> = (0..200).map(|number| facts(&mut names, number * step, |_, _| {})).collect();
        let report = review(names, &all);
        assert!(report.trend.len() <= 61, "{step}: {}", report.trend.len());
        assert_eq!(report.trend.iter().map(|point| point.runs).sum::<u64>(), 200);
        assert!(report.trend.is_sorted_by_key(|point| point.from));
    }
}

#[test]
fn the_runs_of_one_sitting_have_a_trend_too() {
    let mut names = Names::default();
    let all: Vec<_> = (0..40).map(|minute| facts(&mut names, 0, |run, _| run.started += minute * 60)).collect();
    let report = review(names, &all);
    assert_eq!((report.stretch, report.trend.len()), (300, 9));
}

#[test]
fn the_text_for_prometheus_is_read_by_its_grammar() {
    let text = prometheus(&reviewed());
    let mut typed = std::collections::BTreeSet::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(kind == "gauge" && typed.insert(name.to_owned()), "{line}");
        } else if !line.starts_with("# HELP ") {
            let (series, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(typed.contains(series.split('{').next().unwrap()), "{line}");
        }
    }
    assert!(text.contains("retort_class_errors{class=\"rate \\\"limited\\\"\"} 1"), "{text}");
    assert!(text.contains("retort_pass_ratio 0.5555"));
}

#[test]
fn markdown_has_a_row_for_each_line() {
    let text = markdown(&reviewed(), By::Version);
    for part in [
        "- passed every check: 56% (27 to 81, 5 of 9; 3 failed, 1 error)",
        "| sentiment bbbbbbb | 3 | 0 |",
        "| confidence |",
        "p50 0.12s",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}
