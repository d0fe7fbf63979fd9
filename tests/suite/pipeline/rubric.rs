//! Judges, asked through the same pipeline.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{FutureExt, StreamExt};
use retort::{
    app::overlays::xray::Xray,
    eval::rubric::{JUDGE, is_judge, unfenced},
    model::{
        CacheMode, Check, CheckKind, Cost, ErrorKind, Outcome, PicoDollars, Price, Provenance, Role, RunEnd,
        RunRequest, RunStatus, Status, Turn, outcome::Judging,
    },
    pipeline::{BatchPlan, RunEvent},
    provider::Call,
};

use serde_json::{Value, json};

use super::batch::{plan, rest, rows, until};
use crate::support::script::{Bench, Step, answer, ended, fails, request, target};

const GOOD: &str = r#"{"reason": "Warm.", "pass": true, "score": 0.9}"#;
const BAD: &str = r#"{"reason": "Cold.", "pass": false, "score": 0.2}"#;

fn kind() -> Check {
    Check::of(CheckKind::LlmRubric).with("Is it kind?")
}

fn judged(checks: Vec<Check>) -> RunRequest {
    let mut judge = target("j");
    judge.card.price = Some(Price { input: PicoDollars(1), output: PicoDollars(100), ..Price::default() });
    RunRequest { checks, judges: BTreeMap::from([(String::new(), judge)]), ..request(&["m"]) }
}

fn bench(judge: impl Fn(usize) -> Vec<Step> + Send + Sync + 'static) -> Bench {
    Bench::new(move |call, before| if call.target.name == "j" { judge(before) } else { answer(&["{}"]) })
}

fn verdict(outcome: &Outcome) -> (Status, &str) {
    let verdict = outcome.quality.as_ref().unwrap().verdicts.last().unwrap();
    (verdict.status, verdict.reason.as_str())
}

/// What is on record: name, end and sample of each run, in the order they ended.
fn record(bench: &Bench) -> Vec<(String, String, u32)> {
    let ended = bench.record.ended.lock().unwrap();
    let one = |run: &retort::pipeline::ports::RunRecord| {
        (run.prompt_name.clone().unwrap(), run.outcome.end.word().to_owned(), run.sample)
    };
    ended.iter().map(one).collect()
}

fn case(call: &Call) -> Value {
    serde_json::from_str(unfenced(&call.messages.last().unwrap().content).unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_judge_makes_the_verdict_and_its_run_is_on_record() {
    for (words, mark, reason) in [
        (GOOD, Status::Passed, "score 0.90: Warm."),
        (BAD, Status::Failed, "score 0.20, the judge says it fails: Cold."),
    ] {
        let bench = bench(move |_| answer(&[words]));
        let timeline = bench.events(judged(vec![kind()])).await;
        let outcome = ended(&timeline);
        assert_eq!((verdict(outcome), &outcome.end), ((mark, reason), &RunEnd::Done));
        assert_eq!((case(&bench.last_call())["answer"].as_str(), outcome.text.as_str()), (Some("{}"), "{}"));
        let names = [(JUDGE.to_owned(), "done".to_owned(), 0), ("test".to_owned(), "done".to_owned(), 0)];
        assert_eq!(record(&bench), names);
        let run = bench.record.ended.lock().unwrap()[0].run;
        let cost = Cost::Known(PicoDollars(110));
        let at = |wanted: fn(&RunEvent) -> bool| timeline.iter().position(|timed| wanted(&timed.event)).unwrap();
        let (requests, checked) = (
            at(|event| matches!(event, RunEvent::Judged { .. })),
            at(|event| matches!(event, RunEvent::Checked { .. })),
        );
        assert!(requests < checked);
        let RunEvent::Judged { verdict, rule, runs, cost: timeline } = &timeline[requests].event else { panic!() };
        assert_eq!(
            (*verdict, rule.to_string().as_str(), runs.as_slice(), *timeline),
            (1, "llm-rubric", [run].as_slice(), cost)
        );
        // What it took is apart from the answer's own cost and time.
        assert_eq!(outcome.judging, Some(Judging { cost, tokens: 11, ..Judging::default() }));
        assert_eq!((outcome.cost, outcome.timing.total), (Cost::Unknown, Duration::from_millis(100)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_x_ray_of_a_judged_run_leads_to_what_its_judge_was_asked_and_said() {
    let bench = bench(|_| answer(&[GOOD]));
    for provenance in ["live", "cached"] {
        bench.events(judged(vec![kind()])).await;
        let runs = std::mem::take(&mut *bench.record.ended.lock().unwrap());
        let [judge, run] = runs.as_slice() else { panic!("{} runs", runs.len()) };
        assert_eq!(matches!(judge.outcome.provenance, Provenance::Live), provenance == "live");
        let mut xray = Xray::of_record(run, "2026-03-01T12:00:00Z".parse().unwrap());
        assert_eq!(xray.judges.step(), Some(judge.run));
        assert!(!xray.judges.take(run), "another run");
        assert!(xray.judges.take(judge));
        let rows: Vec<&str> = xray.judges.steps().iter().map(|step| step.detail.as_str()).collect();
        for part in ["Is it kind?", GOOD, "You judge the answer of a program"] {
            assert!(rows.iter().any(|row| row.contains(part)), "{provenance}, {part}: {rows:#?}");
        }
        assert!(!xray.judges.has_next());
    }
}

#[tokio::test(start_paused = true)]
async fn a_prompt_of_the_checks_own_is_what_the_judge_is_asked_and_its_run_is_that_of_a_judge() {
    let turns = |user: &str| vec![Turn::of(Role::System, "Grade by {{ tone }}."), Turn::of(Role::User, user)];
    let graded = Check { judge_prompt: turns("{{ output }}|{{ rubric }}|{{ input }}"), ..kind() };
    let mut known = Check { judge_prompt: turns("{{ completion }}|{{ ideal }}"), ..kind() };
    known.kind = CheckKind::Factuality.into();
    let mut closed = Check { judge_prompt: turns("{{ completion }}|{{ criteria }}"), ..kind() };
    closed.kind = CheckKind::ModelGradedClosedqa.into();
    for (check, said, mark, reason, score) in [
        (&graded, r#"{"score": 2.5}"#, Status::Passed, "score 2.50", 2.5),
        (&graded, r#"{"pass": "no", "score": 0}"#, Status::Failed, "score 0.00, the judge says it fails", 0.0),
        (&graded.clone().within(3.0), r#"{"score": 2.5}"#, Status::Failed, "2.50 < threshold 3.00", 2.5),
        (&graded.clone().negated(), r#"{"pass": true, "reason": "x"}"#, Status::Failed, "score 1.00: x", 1.0),
        (
            &known,
            "(D) they differ",
            Status::Failed,
            "score 0.00, the judge says it fails: it conflicts with the reference: they differ",
            0.0,
        ),
        (&known, r#"{"category": "a"}"#, Status::Passed, "score 0.50: it says less", 0.5),
        (&closed, "It is so.\nY", Status::Passed, "score 1.00: It is so. Y", 1.0),
    ] {
        let bench = bench(move |_| answer(&[said]));
        let mut request = judged(vec![check.clone()]);
        request.input.vars.insert("tone".to_owned(), "warmth".into());
        let outcome = bench.end(request).await;
        assert_eq!(verdict(&outcome), (mark, reason), "{said}");
        let judged = outcome.quality.as_ref().unwrap().verdicts.last().unwrap();
        assert_eq!((judged.score, judged.judge.as_deref()), (Some(score), Some("j, its own prompt")));
        assert!(judged.credit.is_none_or(|credit| (0.0..=1.0).contains(&credit)), "{judged:?}");
        let sent: Vec<String> = bench.last_call().messages.iter().map(|message| message.content.clone()).collect();
        assert_eq!(sent[0], "Grade by warmth.");
        assert!(sent[1].starts_with("{}|Is it kind?"), "{sent:?}");
        let ended = bench.record.ended.lock().unwrap();
        assert!(is_judge(ended[0].prompt_name.as_deref(), &ended[0].prompt));
        assert!(!is_judge(Some("mine"), &ended[0].prompt) && !is_judge(Some(JUDGE), &ended[1].prompt));
    }
    for (check, said, why) in [
        (&graded, "{}", "holds neither `pass` nor `score`"),
        (&graded, r#"{"score": "much"}"#, "not a number"),
        (&known, "perhaps", "no letter from (A) to (E)"),
        (&known, r#"{"category": "F"}"#, "the judge's `category`"),
        (&closed, "maybe", "ends neither with `Y` nor with `N`"),
        (&Check { judge_prompt: turns("{{ nothing }}"), ..kind() }, "{}", "nothing"),
    ] {
        let bench = bench(move |_| answer(&[said]));
        let mut request = judged(vec![check.clone()]);
        request.input.vars.insert("tone".to_owned(), "warmth".into());
        let outcome = bench.end(request).await;
        let (mark, reason) = verdict(&outcome);
        assert!(mark == Status::Inconclusive && reason.contains(why), "{said}: {reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_judge_that_is_asked_first_lists_once_what_it_judges_by_and_both_calls_are_counted() {
    let user = |text: &str| vec![Turn::of(Role::User, text)];
    let check = Check {
        judge_prompt: user("{{ criteria }}|{{ steps }}|{{ output }}|{{ maxScore }}"),
        first_prompt: user("How to check: {{ criteria }}"),
        repeat: Some(2),
        ..Check::of(CheckKind::GEval).with(json!(["kind", "short"]))
    };
    let bench =
        bench(|before| answer(&[if before == 0 { r#"{"steps": ["Read.", "Count."]}"# } else { r#"{"score": 8}"# }]));
    let outcome = bench.end(judged(vec![check.clone()])).await;
    assert_eq!(verdict(&outcome), (Status::Passed, "0.80 ≥ threshold 0.70, 2 judgements 0.80 to 0.80"));
    assert_eq!(bench.last_call().messages[0].content, "kind\nshort|Read.\n- Count.|{}|10");
    assert_eq!((check.judgements(), outcome.judging.unwrap().tokens), (3, 33));
    let samples: Vec<u32> = record(&bench).iter().filter(|run| run.0 == JUDGE).map(|run| run.2).collect();
    assert_eq!(samples, [0, 0, 1], "its steps are asked for once");

    let bench = self::bench(|_| answer(&["no steps"]));
    let outcome = bench.end(judged(vec![check])).await;
    let (mark, reason) = verdict(&outcome);
    assert!(mark == Status::Inconclusive && reason.contains("the judge's answer is not JSON"), "{reason}");
    assert_eq!(outcome.judging.unwrap().tokens, 11, "what it took is counted where nothing could be judged");
}

#[tokio::test(start_paused = true)]
async fn each_kind_that_has_an_own_prompt_is_told_its_variables_and_read_in_its_form() {
    let user = |text: &str| vec![Turn::of(Role::User, text)];
    let of = |kind, value: Option<&str>, text: &str| Check {
        value: value.map(Value::from),
        judge_prompt: user(text),
        ..Check::of(kind)
    };
    let faithful = Check {
        first_prompt: user("{{ question }} {{ answer }}"),
        ..of(CheckKind::Faithfulness, None, "{% for one in statements %}{{ one }};{% endfor %} in {{ context }}")
    };
    for (check, said, mark, reason, sent) in [
        (
            faithful,
            "One.\nTwo. Verdict: no. verdict: yes",
            Status::Failed,
            "0.50 < threshold 0.80: 1 of 2 supported",
            "One.;Two. Verdict: no. verdict: yes; in A. B.",
        ),
        (
            of(CheckKind::ContextRecall, Some("Oslo"), "{{ groundTruth }} in {{ context }}"),
            "Oslo. [Attributed]",
            Status::Passed,
            "1.00 ≥ threshold 0.80: 1 of 1 attributed",
            "Oslo in A. B.",
        ),
        (
            of(CheckKind::ContextRelevance, None, "{{ context }} for {{ query }}"),
            "B.",
            Status::Passed,
            "0.50 ≥ threshold 0.50: 1 of 2 needed",
            "A. B. for why?",
        ),
        (
            of(CheckKind::ConversationRelevance, None, "{{ messages[0].output }}"),
            r#"{"verdict": "yes"}"#,
            Status::Passed,
            "1.00 ≥ threshold 0.50: 1 of 1 turns relevant",
            "{}",
        ),
        (
            of(CheckKind::Pairwise, Some("old"), "{{ first }}, {{ second }}"),
            r#"{"better": "second", "reason": "r"}"#,
            Status::Passed,
            "0.50 ≥ threshold 0.50: a tie, since the second was taken both times: r",
            "old, {}",
        ),
        (
            of(CheckKind::Style, Some("plain"), "{{ style }}: {{ output }}"),
            r#"{"score": 1}"#,
            Status::Passed,
            "1.00 ≥ threshold 0.75",
            "plain: {}",
        ),
    ] {
        let bench = bench(move |_| answer(&[said]));
        let mut request = judged(vec![check.clone()]);
        for (name, text) in [("context", "A. B."), ("query", "why?")] {
            request.input.vars.insert(name.to_owned(), text.into());
        }
        let outcome = bench.end(request).await;
        assert_eq!(verdict(&outcome), (mark, reason), "{}", check.kind);
        assert_eq!(bench.last_call().messages[0].content, sent, "{}", check.kind);
    }
}

#[tokio::test(start_paused = true)]
async fn repeated_judgements_are_asked_together_and_their_spread_is_told() {
    let bench = bench(|before| answer(&[if before == 1 { BAD } else { GOOD }]));
    let outcome = bench.end(judged(vec![Check { repeat: Some(3), ..kind() }])).await;
    let want = "score 0.67, 3 judgements 0.20 to 0.90, 2 of them pass: Warm.";
    assert_eq!((verdict(&outcome), bench.most_open()), ((Status::Passed, want), 3));
    let samples: Vec<u32> = record(&bench).iter().filter(|run| run.0 == JUDGE).map(|run| run.2).collect();
    assert_eq!(samples, [0, 1, 2]);
    assert_eq!(
        outcome.judging,
        Some(Judging { cost: Cost::Known(PicoDollars(330)), tokens: 33, ..Judging::default() })
    );
}

#[tokio::test(start_paused = true)]
async fn several_rubrics_each_have_their_own_verdict() {
    let bench = Bench::new(|call, _| match call.target.name.as_str() {
        "m" => answer(&["{}"]),
        _ => answer(&[if case(call)["rubric"] == "Is it kind?" { GOOD } else { BAD }]),
    });
    let brief = Check::of(CheckKind::LlmRubric).with("Is it brief?");
    let named = Check { judge: Some("none".to_owned()), ..kind() };
    let timeline = bench.events(judged(vec![brief, named, kind(), Check::of(CheckKind::IsJson)])).await;
    let verdicts = &ended(&timeline).quality.as_ref().unwrap().verdicts;
    let marks: Vec<Status> = verdicts.iter().map(|verdict| verdict.status).collect();
    assert_eq!(marks, [Status::Passed, Status::Failed, Status::Inconclusive, Status::Passed, Status::Passed]);
    let judged = |timed: &retort::pipeline::TimedEvent| match timed.event {
        RunEvent::Judged { verdict, .. } => Some(verdict),
        _ => None,
    };
    assert_eq!(timeline.iter().filter_map(judged).collect::<Vec<_>>(), [1, 3]);
}

#[tokio::test(start_paused = true)]
async fn without_a_judge_that_answers_it_is_inconclusive_for_its_reason() {
    let bench = bench(|_| fails(ErrorKind::CallerFault));
    let nobody = RunRequest { judges: BTreeMap::new(), ..judged(vec![kind()]) };
    let outcome = bench.end(nobody).await;
    let want = "not applied: no model was named to judge it: use --judge MODEL, or `judge = \"…\"` in the check";
    assert_eq!((verdict(&outcome), outcome.judging), ((Status::Inconclusive, want), None));
    let outcome = bench.end(judged(vec![Check { judge: Some("other".to_owned()), ..kind() }])).await;
    assert!(verdict(&outcome).1.starts_with("not applied: the judge `other` is no model"), "{outcome:?}");
    assert!(!bench.calls().iter().any(|call| call.0 == "j"));
    let outcome = bench.end(judged(vec![kind()])).await;
    assert_eq!(outcome.status(), RunStatus::Inconclusive);
    let (mark, reason) = verdict(&outcome);
    assert!(
        mark == Status::Inconclusive && reason.starts_with("not applied: the judge j did not answer: j: "),
        "{reason}"
    );
    let bench = self::bench(|_| answer(&["Yes!"]));
    let (mark, reason) = (bench.end(judged(vec![kind()])).await, "not applied: the judge's answer is not JSON");
    assert!(verdict(&mark).0 == Status::Inconclusive && verdict(&mark).1.starts_with(reason), "{mark:?}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_the_cache_is_judged_and_its_judgement_comes_from_the_cache_too() {
    let bench = bench(|_| answer(&[GOOD]));
    bench.end(judged(Vec::new())).await;
    let first = bench.end(judged(vec![kind()])).await;
    assert!(matches!(first.provenance, Provenance::Cached { .. }));
    assert_eq!((verdict(&first).0, first.judging.unwrap().tokens), (Status::Passed, 11));
    let second = bench.end(judged(vec![kind()])).await;
    assert_eq!((verdict(&second), second.judging), (verdict(&first), Some(Judging::default())));
    assert_eq!(bench.calls().len(), 2);
    let fresh = bench.end(RunRequest { cache: CacheMode::Refresh, ..judged(vec![kind()]) }).await;
    assert_eq!((fresh.judging.unwrap().tokens, bench.calls().len()), (11, 4));
}

#[tokio::test(start_paused = true)]
async fn stopping_or_dropping_a_run_cancels_its_judge() {
    for stop in [true, false] {
        let bench = bench(|_| vec![Step::Hang]);
        let mut run = bench.pipeline.run(judged(vec![kind()]));
        while run.next().now_or_never().is_some() {}
        tokio::time::sleep(Duration::from_secs(1)).await;
        while run.next().now_or_never().is_some() {}
        assert_eq!((bench.open(), bench.calls().len()), (1, 2));
        if stop {
            run.control().stop();
            let timeline: Vec<_> = run.collect().await;
            assert_eq!((&ended(&timeline).end, ended(&timeline).text.as_str()), (&RunEnd::Cancelled, "{}"));
        } else {
            drop(run);
        }
        let mut runs = record(&bench);
        runs.sort();
        let want = [(JUDGE.to_owned(), "cancelled".to_owned(), 0), ("test".to_owned(), "cancelled".to_owned(), 0)];
        assert_eq!((bench.open(), runs.as_slice()), (0, want.as_slice()));
    }
}

#[tokio::test(start_paused = true)]
async fn one_call_at_a_time_is_enough_for_a_run_and_its_judges() {
    let bench = bench(|_| answer(&[GOOD]));
    let request = judged(vec![Check { repeat: Some(3), ..kind() }]);
    let mut plan = BatchPlan { concurrency: 1, judges: request.judges, ..plan() };
    let prompt = retort::model::Prompt { checks: request.checks, ..(*request.prompt).clone() };
    plan.prompts[0].1 = std::sync::Arc::new(prompt);
    let words = rest(bench.pipeline.batch(plan, rows(3))).await;
    assert_eq!(words.last().unwrap(), "Complete");
    assert_eq!((bench.calls().len(), bench.most_open()), (12, 1));
}

#[tokio::test(start_paused = true)]
async fn what_judges_take_counts_in_the_budget_of_a_batch() {
    let bench = bench(|_| answer(&[GOOD]));
    let request = judged(vec![kind()]);
    let mut plan = BatchPlan { concurrency: 1, judges: request.judges, ..plan() };
    let prompt = retort::model::Prompt { checks: request.checks, ..(*request.prompt).clone() };
    plan.prompts[0].1 = std::sync::Arc::new(prompt);
    let paused = async |tokens| {
        let mut plan = plan.clone();
        plan.caps.tokens = Some(tokens);
        let words = until(&mut bench.pipeline.batch(plan, rows(9)), "paused").await;
        (words.last().unwrap().clone(), words.iter().filter(|word| word.starts_with("done")).count())
    };
    let (why, done) = paused(10).await;
    let most: u64 = why.split("take up to ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(why.contains(", its judges ") && why.ends_with("and 10 of 10 are left"), "{why}");
    assert_eq!((done, bench.calls().len()), (0, 0), "none is begun that may pass the cap");
    // Each answer takes eleven tokens, and so does its judgement.
    let (why, done) = paused(most + 44).await;
    assert_eq!((done, bench.calls().len()), (3, 6), "{why}");
    assert!(why.ends_with(&format!("and {} of {} are left", most + 44 - 66, most + 44)), "{why}");
}

#[tokio::test(start_paused = true)]
async fn checks_and_the_least_score_of_a_row_are_the_rules_of_its_run() {
    let bench = bench(|_| answer(&[GOOD]));
    let contains = |text: &str| Check::of(CheckKind::Contains).with(text);
    let mut requests = RunRequest { checks: vec![contains("{"), contains("x")], ..request(&["m"]) };
    let outcome = bench.end(requests.clone()).await;
    assert_eq!((verdict(&outcome).0, outcome.status() == RunStatus::Passed), (Status::Failed, false));
    requests.min_score = Some(0.5);
    let outcome = bench.end(requests.clone()).await;
    assert!(outcome.status() == RunStatus::Passed);
    requests.min_score = Some(0.6);
    assert!(bench.end(requests.clone()).await.status() != RunStatus::Passed);
    for (checks, min_score, want) in [
        (vec![contains("x"), Check::of(CheckKind::Equals)], None, "in the checks of the row: `check[1].value`"),
        (vec![], Some(7.0), "in the row: `response.min_score`: expected a number from 0 to 1, found 7"),
    ] {
        let before = bench.calls().len();
        let timeline = bench.end(RunRequest { checks, min_score, ..requests.clone() }).await.end.to_string();
        assert!(timeline.contains(want) && bench.calls().len() == before, "{timeline}");
    }
}
