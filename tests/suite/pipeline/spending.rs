//! What each attempt took, by the target that took it, and how sure that is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use retort::{
    model::{
        CallError, Check, CheckKind, Commit, Cost, ErrorKind, Finish, Outcome, PicoDollars, Price, Provenance, RunEnd,
        RunRequest, Spent, Status, Target, Timer, Usage,
        outcome::{AttemptUsage, Judging},
        settings::AccountLimits,
    },
    pipeline::{PipelineConfig, RunEvent},
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, answer, cut, ended, fails, keys, request, target, until};

const IN: u64 = 100;
const OUT: u64 = 1000;

fn price() -> Price {
    Price { input: PicoDollars(IN), output: PicoDollars(OUT), ..Price::default() }
}

fn rules() -> PipelineConfig {
    PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() }
}

/// A request to targets with a price, whose answer nobody sees before it is whole.
fn priced(targets: &[&str]) -> RunRequest {
    let mut request = RunRequest { commit: Commit::Buffered, ..request(targets) };
    for target in &mut request.targets {
        target.card.price = Some(price());
    }
    request
}

fn known(input: u64, output: u64) -> Cost {
    Cost::Known(PicoDollars(input * IN + output * OUT))
}

fn headers(status: u16) -> Step {
    Step::Say(WireEvent::Headers { status, request_id: None })
}

fn said(text: &str) -> Step {
    Step::Say(WireEvent::Text(text.to_owned()))
}

fn counted(input: u64, output: u64) -> Step {
    Step::Say(WireEvent::Usage(Usage { input: Some(input), output: Some(output), ..Usage::default() }))
}

fn finish(finish: Finish) -> [Step; 2] {
    [Step::Say(WireEvent::Finish(finish)), Step::Say(WireEvent::End)]
}

/// Asserts that a run's figures are the sums of those of its attempts.
fn adds_up(outcome: &Outcome) {
    let sum = outcome.by_attempt.iter().fold(Spent::default(), |sum, attempt| sum.plus(attempt.spent));
    assert_eq!((outcome.usage, outcome.cost), (sum.usage, sum.cost), "{outcome:#?}");
    let numbers: Vec<u32> = outcome.by_attempt.iter().map(|attempt| attempt.attempt).collect();
    assert_eq!(numbers, (1..=outcome.attempts).collect::<Vec<_>>());
    let took: Duration = outcome.by_attempt.iter().map(|attempt| attempt.took).sum();
    assert_eq!(outcome.timing.total, took + outcome.timing.waited, "{:?}", outcome.timing);
}

/// What the first attempt of a run took that takes these steps; the second one answers.
async fn first(steps: Vec<Step>) -> AttemptUsage {
    let bench = Bench::new(move |_, n| if n == 0 { steps.clone() } else { answer(&["{", "}"]) });
    let outcome = bench.end(priced(&["a", "b"])).await;
    adds_up(&outcome);
    outcome.by_attempt[0].clone()
}

#[tokio::test(start_paused = true)]
async fn what_a_call_may_have_taken_depends_on_how_far_it_came() {
    // The prompt has 20 characters, which are 5 tokens by our own estimate, and `{"half` is 2.
    let guess = 5 * IN + 2 * OUT;
    let refused = |status| vec![headers(status), Step::Fail(CallError::new(ErrorKind::Transient, "refused"))];
    let lost = CallError { unanswered: true, ..CallError::new(ErrorKind::Transient, "reset") };
    let least = |amount| Cost::AtLeast(PicoDollars(amount));
    for (name, steps, cost, sureness, tokens) in [
        ("refused at once", fails(ErrorKind::RateLimited), Cost::NOTHING, "known", None),
        ("refused with a status", refused(429), Cost::NOTHING, "known", None),
        ("a fault of the server", refused(503), Cost::NOTHING, "known", None),
        ("never connected", fails(ErrorKind::Timeout(Timer::Connect)), Cost::NOTHING, "known", None),
        ("sent, and no answer", vec![Step::Fail(lost)], Cost::Unknown, "unknown", None),
        ("sent, and silence", vec![Step::Hang], Cost::Unknown, "unknown", None),
        ("accepted, then closed", vec![headers(200)], Cost::Unknown, "unknown", None),
        ("accepted, then silence", vec![headers(200), Step::Hang], Cost::Unknown, "unknown", None),
        ("cut in the answer", cut("{\"half"), least(guess), "at_least", Some(7)),
        (
            "cut after the counts",
            vec![headers(200), counted(10, 3), said("{\"half")],
            least(10 * IN + 3 * OUT),
            "at_least",
            Some(13),
        ),
        (
            "whole, at the token limit",
            [vec![headers(200), said("{\"half"), counted(10, 3)], finish(Finish::Length).into()].concat(),
            known(10, 3),
            "known",
            Some(13),
        ),
        (
            "empty, but counted",
            [vec![headers(200), counted(10, 0)], finish(Finish::Stop).into()].concat(),
            known(10, 0),
            "known",
            Some(10),
        ),
        (
            "whole, and not counted",
            [vec![headers(200), said("{\"half")], finish(Finish::Length).into()].concat(),
            Cost::Estimated(PicoDollars(guess)),
            "estimated",
            Some(7),
        ),
    ] {
        let attempt = first(steps).await;
        let usage = attempt.spent.usage;
        assert_eq!((attempt.spent.cost, usage.sureness(), usage.total()), (cost, sureness, tokens), "{name}");
        assert!(!attempt.answered, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_stopped_costs_what_is_not_known_once_its_call_is_sent() {
    let slow = || [vec![Step::After(Duration::from_secs(1))], answer(&["{\"a\":", "1}"])].concat();
    let stopped = |when: fn(&RunEvent) -> bool, later: u64| async move {
        let bench = Bench::new(move |_, _| slow());
        let mut run = bench.pipeline.run(RunRequest { commit: Commit::Live, ..priced(&["a"]) });
        until(&mut run, when).await;
        let nothing = tokio::time::timeout(Duration::from_millis(later), run.next()).await;
        assert!(later == 0 || nothing.is_err(), "{nothing:?}");
        run.control().stop();
        let timeline: Vec<_> = run.collect().await;
        let outcome = ended(&timeline).clone();
        assert_eq!(outcome.end, RunEnd::Cancelled);
        adds_up(&outcome);
        outcome
    };
    let before = stopped(|event| matches!(event, RunEvent::Cache { .. }), 0).await;
    assert_eq!((before.cost, before.usage), (Cost::NOTHING, Usage::default()), "nothing was sent");
    let sent = stopped(|event| matches!(event, RunEvent::Attempt { .. }), 500).await;
    assert_eq!((sent.cost, sent.usage.sureness()), (Cost::Unknown, "unknown"));
    let headers = stopped(|event| matches!(event, RunEvent::Headers { .. }), 50).await;
    assert_eq!((headers.cost, headers.usage.sureness()), (Cost::Unknown, "unknown"));
    let text = stopped(|event| matches!(event, RunEvent::Delta { .. }), 50).await;
    assert_eq!(text.usage.sureness(), "at_least");
    assert!(matches!(text.cost, Cost::AtLeast(PicoDollars(1..))), "{}", text.cost);
    assert!(text.by_attempt[0].answered, "its part of an answer is the run's");
}

#[tokio::test(start_paused = true)]
async fn what_is_free_costs_nothing_however_it_ends() {
    let free = |target: &mut Target| target.card.price = Some(Price::default());
    let unknown = |target: &mut Target| target.card.price = None;
    for (change, cost) in [(free as fn(&mut _), Cost::NOTHING), (unknown, Cost::Unknown)] {
        for steps in [vec![Step::Hang], cut("{\"half"), answer(&["{", "}"])] {
            let bench = Bench::new(move |_, n| if n == 0 { steps.clone() } else { answer(&["{", "}"]) });
            let mut request = priced(&["a"]);
            change(&mut request.targets[0]);
            let outcome = bench.end(request).await;
            adds_up(&outcome);
            assert_eq!(outcome.cost, cost);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_target_shows_what_it_took_itself() {
    let bench = Bench::new(|call, n| match (call.target.name.as_str(), n) {
        ("a", 0) => cut("{\"half"),
        ("a", 1) => fails(ErrorKind::Overloaded),
        ("a", _) => [vec![headers(200), counted(10, 0)], finish(Finish::Stop).into()].concat(),
        _ => answer(&["{", "}"]),
    });
    let outcome = bench.end(priced(&["a", "b"])).await;
    adds_up(&outcome);
    assert!(outcome.fell_back());
    let shown: Vec<_> = outcome
        .by_target()
        .into_iter()
        .map(|(attempt, spent)| (attempt.target.as_str(), attempt.model.as_str(), spent.tokens(), spent.cost))
        .collect();
    let lost = Cost::AtLeast(PicoDollars(5 * IN + 2 * OUT + 10 * IN));
    assert_eq!(shown, [("a", "a-1", 17, lost), ("b", "b-1", 12, known(10, 2))]);
    assert_eq!(outcome.cost, Cost::AtLeast(PicoDollars(5 * IN + 2 * OUT + 10 * IN + 10 * IN + 2 * OUT)));
    assert_eq!((outcome.usage.total(), outcome.usage.sureness()), (Some(29), "at_least"));
    assert_eq!(outcome.answer_usage().total(), Some(12), "a rate is that of the answer");
    let answered: Vec<bool> = outcome.by_attempt.iter().map(|attempt| attempt.answered).collect();
    assert_eq!(answered, [false, false, false, true]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_set_aside_is_counted_once_and_answers_if_none_better_comes() {
    // The second try breaks off: the answer that was set aside is kept.
    let mut rules = rules();
    rules.retry.quality = Some(1);
    let bench = Bench::with(rules, |_, n| if n == 0 { answer(&["no ", "json"]) } else { fails(ErrorKind::Unknown) });
    let mut request = priced(&["a"]);
    Arc::make_mut(&mut request.prompt).response.required = vec!["k".to_owned()];
    let outcome = bench.end(request).await;
    adds_up(&outcome);
    assert_eq!((outcome.end.word(), outcome.text.as_str(), outcome.attempts), ("done", "no json", 2));
    assert_eq!((outcome.cost, outcome.usage.total()), (known(10, 2), Some(12)), "the second was refused");
    let answered: Vec<bool> = outcome.by_attempt.iter().map(|attempt| attempt.answered).collect();
    assert_eq!(answered, [true, false]);
}

#[tokio::test(start_paused = true)]
async fn the_time_of_an_answer_is_that_of_its_own_attempt_and_what_was_waited_stands_beside() {
    let slow = || [vec![Step::After(Duration::from_secs(9))], fails(ErrorKind::Transient)].concat();
    let bench = Bench::new(move |_, n| if n == 0 { slow() } else { answer(&["{", "}"]) });
    let check = |seconds: f64| Check { threshold: Some(seconds * 1000.0), ..Check::of(CheckKind::Latency) };
    let request = RunRequest { checks: vec![check(0.25), check(0.15)], ..priced(&["a"]) };
    let outcome = bench.end(request).await;
    adds_up(&outcome);
    let timing = outcome.timing;
    assert_eq!((timing.response, timing.took()), (Some(Duration::from_millis(200)), Duration::from_millis(200)));
    assert_eq!((timing.first_token, timing.first_byte), (Some(Duration::from_millis(100)), Some(Duration::ZERO)));
    assert_eq!((timing.waited, timing.total), (Duration::from_secs(4), Duration::from_millis(13_200)));
    let verdicts = &outcome.quality.as_ref().unwrap().verdicts;
    let latency: Vec<Status> =
        verdicts.iter().filter(|verdict| verdict.rule.to_string() == "latency").map(|verdict| verdict.status).collect();
    assert_eq!(latency, [Status::Passed, Status::Failed], "{verdicts:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_place_that_is_waited_for_is_no_part_of_an_answers_time() {
    let limits = AccountLimits { concurrency: Some(1), ..AccountLimits::default() };
    let bench =
        Bench::with(PipelineConfig { limits: BTreeMap::from([("openai".to_owned(), limits)]), ..rules() }, |_, _| {
            answer(&["{", "}"])
        });
    let runs = (0..3).map(|sample| bench.end(RunRequest { sample, ..priced(&["a"]) }));
    let mut outcomes = futures_util::future::join_all(runs).await;
    outcomes.sort_by_key(|outcome| outcome.timing.total);
    let millis = |time: Duration| time.as_millis();
    let times: Vec<_> =
        outcomes.iter().map(|outcome| (millis(outcome.timing.took()), millis(outcome.timing.waited))).collect();
    assert_eq!(times, [(200, 0), (200, 200), (200, 400)]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_from_the_cache_costs_nothing_and_waits_for_nothing() {
    let bench = Bench::new(|_, n| if n == 0 { cut("{\"half") } else { answer(&["{", "}"]) });
    let first = bench.end(priced(&["a"])).await;
    assert!(matches!(first.cost, Cost::AtLeast(_)) && first.timing.waited > Duration::ZERO);
    let second = bench.end(priced(&["a"])).await;
    assert!(matches!(second.provenance, Provenance::Cached { .. }));
    assert_eq!((second.cost, second.spent()), (Cost::NOTHING, Spent::default()));
    assert_eq!((second.by_attempt.len(), second.timing.waited), (0, Duration::ZERO));
    assert_eq!(second.usage.total(), Some(12), "those of the answer, not of the attempt before it");
    assert_eq!(second.timing.took(), first.timing.took());
}

#[tokio::test(start_paused = true)]
async fn one_that_waits_for_an_identical_run_shows_that_it_waited() {
    let bench = Bench::new(|_, _| answer(&["{", "}"]));
    let late = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench.end(priced(&["a"])).await
    };
    let (leader, follower) = tokio::join!(bench.end(priced(&["a"])), late);
    assert_eq!((leader.cost, leader.timing.waited), (known(10, 2), Duration::ZERO));
    assert_eq!((follower.cost, follower.timing.waited), (Cost::NOTHING, Duration::from_millis(150)));
}

#[tokio::test(start_paused = true)]
async fn what_judges_take_is_unknown_until_they_have_answered_and_never_the_runs_own() {
    let judged = || {
        let mut judge = target("j");
        judge.card.price = Some(price());
        let checks = vec![Check::of(CheckKind::LlmRubric).with("Is it kind?")];
        RunRequest { checks, judges: BTreeMap::from([(String::new(), judge)]), commit: Commit::Live, ..priced(&["m"]) }
    };
    let says = |judge: fn() -> Vec<Step>| {
        Bench::new(move |call, _| if call.target.name == "j" { judge() } else { answer(&["{", "}"]) })
    };
    let good = || answer(&[r#"{"reason": "Warm.", "pass": true, "score": 1}"#]);
    let outcome = says(good).end(judged()).await;
    adds_up(&outcome);
    assert_eq!(outcome.cost, known(10, 2));
    assert_eq!(outcome.judging, Some(Judging { cost: known(10, 1), tokens: 11, ..Judging::default() }));

    let bench = says(|| vec![headers(200), Step::Hang]);
    let mut run = bench.pipeline.run(judged());
    let control = run.control();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        control.stop();
    };
    let (timeline, ()) = tokio::join!((&mut run).collect::<Vec<_>>(), stop);
    let outcome = ended(&timeline);
    assert_eq!((&outcome.end, outcome.cost), (&RunEnd::Cancelled, known(10, 2)), "its own answer is whole");
    let judging = outcome.judging.unwrap();
    assert_eq!((judging.cost, judging.partial), (Cost::Unknown, true));
}
