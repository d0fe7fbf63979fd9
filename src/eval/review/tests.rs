//! What a review says of runs made up here.

use std::{sync::Arc, time::Duration};

use super::*;

fn facts(number: i64, change: impl FnOnce(&mut RunFacts)) -> RunFacts {
    let name = |name: &str| -> Arc<str> { Arc::from(name) };
    let mut facts = RunFacts {
        started: 1_700_000_000 + number * 1800,
        prompt: Some(name("sentiment")),
        version: Some(name("aaaaaaaaaa")),
        target: name("gpt-4o-mini"),
        model: name("gpt-4o-mini"),
        provider: name("openai"),
        end: name("done"),
        class: None,
        passed: Some(true),
        marks: vec![(name("format"), Mark::Pass, None), (name("confidence"), Mark::Pass, Some(0.95))],
        took: Some(Duration::from_millis(100 + number.unsigned_abs() * 10)),
        first_token: Some(Duration::from_millis(50)),
        tokens: Some(100),
        cost: Some(PicoDollars(1_000_000_000)),
        attempts: 1,
        fell_back: false,
        cached: false,
        demo: false,
        right: None,
    };
    change(&mut facts);
    facts
}

/// Ten runs: a failure, a cached answer, a demonstration, a stopped run, and a newer version that fails more.
fn runs() -> Vec<RunFacts> {
    let name = |name: &str| -> Arc<str> { Arc::from(name) };
    (0..10)
        .map(|number| {
            facts(number, |run| match number {
                3 => {
                    run.end = name("failed");
                    run.class = Some(name("rate \"limited\""));
                    (run.passed, run.tokens, run.cost) = (None, None, None);
                    run.marks.clear();
                    run.attempts = 3;
                }
                4 => run.cached = true,
                5 => run.demo = true,
                6 => {
                    run.end = name("cancelled");
                    run.passed = None;
                }
                7.. => {
                    run.version = Some(name("bbbbbbbbbb"));
                    run.passed = Some(false);
                    run.marks =
                        vec![(name("confidence"), Mark::Fail, Some(0.2)), (name("llm-rubric"), Mark::Skipped, None)];
                    (run.cost, run.right) = (None, Some(number == 7));
                }
                _ => {}
            })
        })
        .collect()
}

fn review(runs: &[RunFacts]) -> Review {
    let mut review = Review::default();
    for run in runs {
        review.take(run);
    }
    review
}

#[test]
fn each_run_counts_where_it_belongs() {
    let report = review(&runs()).report();
    assert_eq!((report.runs, report.errors, report.cancelled, report.cached, report.demo), (10, 1, 1, 1, 1));
    let pass = report.pass.unwrap();
    assert_eq!((pass.part, pass.whole), (5, 8));
    let success = report.success.unwrap();
    assert_eq!((success.part, success.whole), (8, 10));
    // Runs 0, 1, 2, 7, 8, 9: neither cached, nor a demonstration, nor without an answer.
    let times = report.times.unwrap();
    assert_eq!((times.n, times.p50, times.p99), (6, 120, 190));
    assert_eq!(report.first_token.unwrap().n, 6);
    assert_eq!((report.tokens, report.unpriced, report.retried, report.attempts), (700, 3, 1, 12));
    assert!((report.cost - 0.004).abs() < 1e-12);
    assert_eq!((report.confidence[9], report.confidence[2]), (6, 3));
    assert_eq!((report.graded, report.right), (3, 1));
    let check = |name: &str| report.checks.iter().find(|check| check.name == name).unwrap();
    assert_eq!(check("llm-rubric").pass, None);
    assert_eq!((check("confidence").pass.unwrap().part, check("llm-rubric").skipped), (6, 3));
    assert_eq!(report.checks[0].name, "confidence", "what fails most comes first");
}

#[test]
fn what_got_worse_since_the_last_version_comes_first() {
    let mut all = runs();
    for number in 0..40 {
        all.push(facts(100 + number, |run| {
            run.prompt = Some(Arc::from("triage"));
            run.version = Some(Arc::from(if number < 20 { "cccccccc" } else { "dddddddd" }));
            run.passed = Some(number >= 10);
        }));
    }
    let report = review(&all).report();
    let told: Vec<_> = report.changes.iter().map(|change| (change.prompt.as_str(), change.by, change.shown)).collect();
    assert_eq!(told, [("sentiment", -1.0, true), ("triage", 0.5, true)]);
    assert_eq!((report.changes[0].before.as_str(), report.changes[0].last.as_str()), ("aaaaaaa", "bbbbbbb"));
}

#[test]
fn parts_that_are_joined_are_the_whole() {
    let all = runs();
    for at in 0..=all.len() {
        let (one, other) = all.split_at(at);
        let mut joined = review(one);
        joined.join(review(other));
        let (joined, whole) = (joined.report(), review(&all).report());
        assert_eq!(serde_json::to_value(&joined).unwrap(), serde_json::to_value(&whole).unwrap(), "{at}");
    }
}

#[test]
fn a_trend_has_few_stretches_whatever_its_span() {
    for step in [1, 7, 100, 5000] {
        let all: Vec<_> = (0..200).map(|number| facts(number * step, |_| {})).collect();
        let report = review(&all).report();
        assert!(report.trend.len() <= 61, "{step}: {}", report.trend.len());
        assert_eq!(report.trend.iter().map(|point| point.runs).sum::<u64>(), 200);
        assert!(report.trend.is_sorted_by_key(|point| point.from));
    }
}

#[test]
fn the_text_for_prometheus_is_read_by_its_grammar() {
    let text = prometheus(&review(&runs()).report());
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
    assert!(text.contains("retort_pass_ratio 0.625"));
}

#[test]
fn markdown_has_a_row_for_each_line() {
    let text = markdown(&review(&runs()).report(), By::Version);
    for part in
        ["- passed every check: 62% (31 to 86, 5 of 8)", "| sentiment bbbbbbb | 3 | 0 |", "| confidence |", "p50 0.12s"]
    {
        assert!(text.contains(part), "{part} in {text}");
    }
}
