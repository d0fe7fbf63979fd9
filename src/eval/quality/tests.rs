//! What a review says of runs made up here.

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::{
    eval::{evidence::Conclusion, stats::percentile},
    model::{PicoDollars, RunStatus, StatusCounts, run_facts::TargetSpent},
    present::quality_report::{markdown, prometheus},
};

fn spent(cost: Cost) -> Spent {
    Spent { usage: Usage { input: Some(60), output: Some(40), ..Usage::default() }, cost }
}

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
        spent: spent(Cost::Known(PicoDollars(1_000_000_000))),
        attempts: 1,
        ..RunFacts::default()
    };
    change(&mut facts, names);
    facts
}

/// Ten runs: a failure, a cached answer, a demonstration, a stopped run, one that met an error on the way, and a
/// newer version that fails more.
fn runs(names: &mut Names) -> Vec<RunFacts> {
    (0..10)
        .map(|number| {
            facts(names, number, |run, names| match number {
                2 => (run.attempts, run.errors) = (2, vec![names.of("overloaded")]),
                3 => {
                    run.end = EndingWord::Failed;
                    run.class = Some(names.of("rate \"limited\""));
                    run.errors = vec![names.of("overloaded"), names.of("rate \"limited\"")];
                    (run.status, run.compared) = (RunStatus::Error, None);
                    run.spent = Spent::default();
                    run.marks.clear();
                    run.attempts = 3;
                }
                4 => (run.cached, run.spent) = (true, Spent::default()),
                5 => run.demo = true,
                6 => {
                    run.end = EndingWord::Cancelled;
                    (run.status, run.compared) = (RunStatus::Cancelled, None);
                }
                7.. => {
                    run.version = Some(names.of("bbbbbbbbbb"));
                    run.model = Some(names.of("gpt-4.1"));
                    (run.status, run.compared) = (RunStatus::Failed, Some(false));
                    let (confidence, rubric) = (names.of("confidence"), names.of("llm-rubric"));
                    run.marks = vec![(confidence, Status::Failed, Some(0.2)), (rubric, Status::Inconclusive, None)];
                    (run.spent, run.right) = (spent(Cost::Unknown), Some(number == 7));
                }
                _ => {}
            })
        })
        .collect()
}

fn review(names: Names, runs: &[RunFacts]) -> QualityReport {
    let mut review = Review::default();
    for run in runs {
        review.take(run);
    }
    review.named(names).report(&TimeZone::UTC)
}

fn reviewed() -> QualityReport {
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
    assert_eq!((times.n, times.p50, times.p90, times.p99), (6, 120, None, None));
    assert_eq!(report.first_token.unwrap().n, 6);
    assert_eq!((report.tokens_in, report.tokens_out, report.spent.tokens()), (420, 280, 700));
    assert_eq!((report.unpriced, report.retried, report.attempts), (3, 2, 13));
    assert_eq!(report.spent.cost, Cost::AtLeast(PicoDollars(4_000_000_000)), "three have no known cost");
    assert_eq!((report.confidence[9], report.confidence[2]), (6, 3));
    assert_eq!((report.graded, report.right), (3, 1));
    let check = |name: &str| report.checks.iter().find(|check| check.name == name).unwrap();
    let (rubric, confidence) = (check("llm-rubric"), check("confidence"));
    assert_eq!((rubric.pass.unwrap().part, rubric.pass.unwrap().whole, rubric.inconclusive), (0, 3, 3));
    assert_eq!(confidence.pass.unwrap().part, 6);
    assert_eq!(report.checks[0].name, "confidence", "what fails most comes first");
}

#[test]
fn a_judge_is_set_against_the_people_who_graded_the_same_answers() {
    let mut names = Names::default();
    // The third table of `stats::agreement`: 85 both, 5 false passes, 5 false alarms, 5 neither.
    let says = [(85, true, true), (5, true, false), (5, false, true), (5, false, false)];
    let mut runs = Vec::new();
    for (times, judge, person) in says {
        for number in 0..times {
            runs.push(facts(&mut names, number, |run, names| {
                let status = if judge { Status::Passed } else { Status::Failed };
                run.marks = vec![(names.of("factuality"), status, None), (names.of("contains"), status, None)];
                run.right = Some(person);
            }));
        }
    }
    let open = facts(&mut names, 1, |run, names| {
        run.marks = vec![(names.of("factuality"), Status::Inconclusive, None)];
        run.right = Some(false);
    });
    let ungraded = facts(&mut names, 1, |run, names| {
        run.marks = vec![(names.of("factuality"), Status::Failed, None)];
    });
    let report = review(names, &[runs, vec![open, ungraded]].concat());
    let of = |name: &str| report.checks.iter().find(|check| check.name == name).unwrap().agreement;
    assert_eq!(of("contains"), None, "no model judges by it");
    let agreement = of("factuality").unwrap();
    assert_eq!(agreement.table, Confusion { both: 85, judge_alone: 5, person_alone: 5, neither: 5 });
    let passes = agreement.false_passes.unwrap();
    assert_eq!((passes.part, passes.whole), (5, 10), "what could not be judged is no false pass");
    assert!(
        (agreement.kappa.unwrap().value - 0.4444).abs() < 1e-4 && (agreement.ac1.unwrap().value - 0.8780).abs() < 1e-4
    );
    let page = markdown(&report, GroupBy::Model);
    assert!(page.contains("| factuality | 85 | 5 | 5 | 5 | 90% of 100 | kappa 0.44 ("), "{page}");
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
    let listed: Vec<_> = report
        .changes
        .iter()
        .map(|change| (change.prompt.as_str(), change.compared.as_ref().map(|one| (one.by, one.to.whole, one.shown))))
        .collect();
    let worse = ("sentiment", Some((-1.0, 3, Conclusion::NoDifference)));
    assert_eq!(listed, [worse, ("triage", Some((0.5, 20, Conclusion::Better)))]);
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
        assert!(markdown(&report, GroupBy::Version).contains(NOT_COMPARABLE), "another {apart}");
    }
}

#[test]
fn a_line_has_the_times_of_its_own_runs() {
    let report = reviewed();
    let listed = |by: GroupBy| -> Vec<(String, u64, Option<u64>, Option<u32>)> {
        let line = |line: &GroupRow| (line.name.clone(), line.runs, line.times.map(|t| t.n), line.times.map(|t| t.p50));
        report.lines(by).iter().map(line).collect()
    };
    let line = |name: &str, runs, n, p50| (name.to_owned(), runs, Some(n), Some(p50));
    assert_eq!(listed(GroupBy::Model), [line("gpt-4.1", 3, 3, 180), line("gpt-4o-mini", 7, 3, 110)]);
    assert_eq!(listed(GroupBy::Provider), [line("openai", 10, 6, 120)]);
    assert_eq!(listed(GroupBy::Prompt), [line("sentiment", 10, 6, 120)]);
    assert_eq!(listed(GroupBy::Version), [line("aaaaaaa", 7, 3, 110), line("bbbbbbb", 3, 3, 180)]);
    assert_eq!(listed(GroupBy::Params), [line("temperature 0.3", 10, 6, 120)]);
    let version = &report.versions[0];
    assert_eq!((version.prompt.as_deref(), version.value.as_deref()), (Some("sentiment"), Some("aaaaaaaaaa")));
    assert_eq!(report.params[0].value.as_deref(), Some("{\"temperature\":0.3,\"stop\":null}"));
    let shown: Vec<u64> = report.trend.iter().map(|point| u64::from(point.p50.unwrap_or(0))).collect();
    assert!(shown.contains(&100) && shown.contains(&180), "{shown:?}");
}

#[test]
fn a_class_of_error_tells_what_became_of_the_runs_that_met_it() {
    let shown: Vec<_> = reviewed()
        .classes
        .iter()
        .map(|line| {
            let count = |rate: Option<Rate>| rate.map(|rate| (rate.part, rate.whole));
            (line.name.clone(), count(line.met), line.ended, count(line.answered), count(line.pass))
        })
        .collect();
    let overloaded = ("overloaded".to_owned(), Some((2, 10)), 0, Some((1, 2)), Some((1, 2)));
    let limited = ("rate \"limited\"".to_owned(), Some((1, 10)), 1, Some((0, 1)), Some((0, 1)));
    assert_eq!(shown, [overloaded, limited]);
}

#[test]
fn a_demonstration_is_measured_only_where_there_is_nothing_else() {
    let mut names = Names::default();
    let shown = facts(&mut names, 0, |run, _| run.demo = true);
    let real = facts(&mut names, 5, |_, _| {});
    let alone = review(names.clone(), std::slice::from_ref(&shown));
    assert!(alone.is_demo());
    let figures = (alone.spent.tokens(), alone.times.unwrap().p50, alone.spent.cost, alone.unpriced);
    assert_eq!(figures, (100, 100, Cost::NOTHING, 0));
    assert_eq!((alone.models[0].spent.tokens(), alone.trend[0].spent.tokens()), (100, 100));
    let both = review(names, &[shown, real]);
    assert!(!both.is_demo());
    assert_eq!((both.spent.tokens(), both.times.unwrap().n, both.times.unwrap().p50), (100, 1, 150));
    assert_eq!(both.models.iter().map(|model| model.spent.tokens()).sum::<u64>(), 100);
}

#[test]
fn each_model_has_what_it_took_itself_and_the_runs_it_answered() {
    let mut names = Names::default();
    let (dear, free) = (Cost::Known(PicoDollars(1_000_000)), Cost::NOTHING);
    let run = facts(&mut names, 0, |run, names| {
        run.model = Some(names.of("free"));
        run.spent = spent(dear).plus(spent(free));
        let own = |model, cost| TargetSpent { provider: run.provider, model: Some(model), spent: spent(cost) };
        run.by_target = vec![own(names.of("dear"), dear), own(names.of("free"), free)];
    });
    let report = review(names, &[run]);
    let lines: Vec<_> = report
        .models
        .iter()
        .map(|line| (line.name.as_str(), line.runs, line.spent.cost, line.spent.tokens()))
        .collect();
    assert_eq!(lines, [("dear", 0, dear, 100), ("free", 1, free, 100)]);
    assert_eq!((report.spent.cost, report.spent.tokens()), (dear, 200));
    let prompt = &report.prompts[0];
    assert_eq!((prompt.spent.cost, prompt.spent.tokens(), prompt.runs), (dear, 200, 1));
}

#[test]
fn what_judges_say_is_no_answer_and_what_they_took_stands_apart() {
    let mut names = Names::default();
    let judging = Judging { cost: Cost::Known(PicoDollars(7)), tokens: 9, ..Judging::default() };
    let judged = facts(&mut names, 0, |run, _| run.judging = Some(judging));
    let judge = facts(&mut names, 1, |run, names| {
        (run.judge, run.model, run.prompt) = (true, Some(names.of("judge-model")), Some(names.of("judge")));
        (run.status, run.took) = (RunStatus::Failed, Some(Duration::from_secs(9)));
    });
    let both = review(names.clone(), &[judged, judge.clone()]);
    assert_eq!((both.runs, both.counts.failed, both.times.unwrap().n, both.spent.tokens()), (1, 0, 1, 100));
    assert_eq!((both.judges, both.models.len(), both.prompts.len()), (judging, 1, 1));
    assert!(
        markdown(&both, GroupBy::Model).contains("- judges: 9 tokens, <$0.000001"),
        "{}",
        markdown(&both, GroupBy::Model)
    );
    assert!(prometheus(&both).contains("retort_judge_tokens 9\n"), "{}", prometheus(&both));
    let alone = review(names, &[judge]);
    assert_eq!((alone.runs, alone.of_judges, alone.spent.tokens()), (1, true, 100));
    assert_eq!(alone.models[0].name, "judge-model");
}

#[test]
fn how_sure_a_sum_is_is_the_same_in_words_in_markdown_in_json_and_for_prometheus() {
    for (cost, usage, words, tokens, sureness) in [
        (Cost::Known(PicoDollars(60_000_000)), Usage::default(), "$0.000060", "60 in, 40 out", "known"),
        (
            Cost::Estimated(PicoDollars(60_000_000)),
            Usage { estimated: true, ..Usage::default() },
            "~$0.000060",
            "~60 in, ~40 out",
            "estimated",
        ),
        (
            Cost::AtLeast(PicoDollars(60_000_000)),
            Usage { partial: true, ..Usage::default() },
            "≥$0.000060",
            "≥60 in, ≥40 out",
            "at_least",
        ),
        (Cost::Unknown, Usage::default(), "? (the cost of 1 run is not known)", "60 in, 40 out", "unknown"),
        (Cost::NOTHING, Usage::default(), "$0", "60 in, 40 out", "known"),
    ] {
        let mut names = Names::default();
        let run = facts(&mut names, 0, |run, _| {
            run.spent = Spent { usage: Usage { input: Some(60), output: Some(40), ..usage }, cost };
        });
        let report = review(names, &[run]);
        let text = markdown(&report, GroupBy::Model);
        assert!(text.contains(&format!("- cost: {words}\n")) && text.contains(&format!(" {words} |\n")), "{text}");
        assert!(text.contains(&format!("- tokens: {tokens}\n")), "{text}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["cost_is"], sureness);
        assert_eq!(json["models"][0]["cost_is"], sureness);
        assert_eq!(json["cost"].as_f64(), cost.amount().map(PicoDollars::dollars));
        let text = prometheus(&report);
        assert!(text.contains(&format!("retort_cost_state{{state=\"{sureness}\"}} 1\n")), "{text}");
        assert_eq!(text.contains("retort_cost_dollars "), cost != Cost::Unknown, "{text}");
    }
}

#[test]
fn waits_are_a_figure_of_their_own() {
    let mut names = Names::default();
    let waits = [4000, 20, 250].map(|millis| facts(&mut names, 0, |run, _| run.waited = Duration::from_millis(millis)));
    let report = review(names, &waits);
    assert_eq!(report.waits, Waits { runs: 2, total: 4250, longest: 4000 });
    let text = markdown(&report, GroupBy::Model);
    assert!(
        text.contains("- waited: 4.25s for limits, between tries and for free places, in 2 runs, 4.00s at most"),
        "{text}"
    );
}

#[test]
fn the_days_of_a_trend_are_those_of_the_zone() {
    let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
    let mut names = Names::default();
    let mut review = Review::default();
    // Half past midnight and half past eleven in the evening of each day, over the end of summer time.
    for day in 0..100 {
        for (hour, minute) in [(0, 30), (23, 30)] {
            let date = jiff::civil::date(2026, 9, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            let at = date.at(hour, minute, 0, 0).to_zoned(berlin.clone()).unwrap().timestamp();
            review.take(&facts(&mut names, 0, |run, _| run.started = at.as_second()));
        }
    }
    let review = review.named(names);
    let report = review.report(&berlin);
    assert_eq!((report.stretch, report.trend.len()), (2 * 86_400, 51));
    for point in &report.trend {
        let [from, to] = [point.from, point.to].map(|at| Timestamp::from_second(at).unwrap().to_zoned(berlin.clone()));
        assert_eq!((from.hour(), from.minute(), to.hour()), (0, 0, 0), "{from} to {to}");
        assert_eq!((to.date() - from.date()).get_days(), 2);
    }
    assert!(report.trend.windows(2).all(|pair| pair[0].to == pair[1].from));
    assert_eq!(report.trend.iter().map(|point| point.runs).sum::<u64>(), 200);
    let utc = review.report(&TimeZone::UTC);
    assert!(utc.trend.iter().all(|point| point.from % 86_400 == 0));
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
    let text = markdown(&reviewed(), GroupBy::Version);
    for part in [
        "- passed every check: 56% (27 to 81, 5 of 9; 3 failed, 1 error)",
        "| sentiment bbbbbbb | 3 | 0 |",
        "| confidence |",
        "p50 0.12s",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

fn timed(target: u32, took: u32, first_token: u32) -> Timed {
    Timed { slot: 0, target, version: 0, params: 0, took, first_token }
}

proptest! {
    #[test]
    fn every_group_has_the_ranks_of_its_own_sorted_times(
        all in proptest::collection::vec((0..3_u32, prop_oneof![0..50_u32, any::<u32>()], any::<u32>()), 0..200),
    ) {
        let timed = all.iter().map(|(target, took, first)| timed(*target, *took, *first)).collect();
        let ordered = Ordered::of(&Live { timed, ..Live::default() });
        let shown = ordered.took(3, |one| Some(one.target as usize));
        for (target, shown) in (0..3).zip(shown) {
            let mut own: Vec<u32> = all.iter().filter(|one| one.0 == target).map(|one| one.1).collect();
            own.sort_unstable();
            let rank = |share, least| percentile(&own, share).filter(|_| own.len() >= least);
            let want = rank(0.5, 1).map(|p50| Times {
                n: own.len() as u64, p50, p90: rank(0.9, 10), p95: rank(0.95, 20), p99: rank(0.99, 100),
            });
            prop_assert_eq!(shown, want);
        }
    }
}

#[test]
fn tokens_of_pictures_and_recordings_are_summed_in_all_and_for_each_line() {
    let mut names = Names::default();
    let seen = |image, audio| Spent {
        usage: Usage { input: Some(60), output: Some(40), image, audio, ..Usage::default() },
        cost: Cost::Known(PicoDollars(1)),
    };
    let runs = [
        facts(&mut names, 0, |run, _| run.spent = seen(Some(40), None)),
        facts(&mut names, 1, |run, _| run.spent = seen(Some(2), Some(7))),
        facts(&mut names, 2, |run, names| run.model = Some(names.of("gpt-4.1"))),
        facts(&mut names, 3, |run, _| {
            (run.demo, run.spent) = (true, seen(Some(9000), None));
        }),
    ];
    let report = review(names, &runs);
    assert_eq!((report.spent.usage.image, report.spent.usage.audio), (Some(42), Some(7)), "without the demonstration");
    let models: BTreeMap<&str, (Option<u64>, Option<u64>)> = report
        .models
        .iter()
        .map(|line| (line.name.as_str(), (line.spent.usage.image, line.spent.usage.audio)))
        .collect();
    assert_eq!(models["gpt-4o-mini"], (Some(42), Some(7)));
    assert_eq!(models["gpt-4.1"], (None, None));
    let json = serde_json::to_value(&report).unwrap();
    let line = json["models"].as_array().unwrap().iter().find(|line| line["name"] == "gpt-4o-mini").unwrap();
    assert_eq!((&line["image_tokens"], &line["audio_tokens"]), (&42.into(), &7.into()));
    let table = markdown(&report, GroupBy::Model);
    assert!(table.contains(", of them 42 image, 7 audio tokens"), "{table}");
    let text = prometheus(&report);
    assert!(text.contains("retort_modality_tokens{kind=\"image\"} 42"), "{text}");
}
