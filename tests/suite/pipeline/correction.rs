//! Answers that came but are not what was asked for: one further try with a changed request.

use std::{sync::Arc, time::Duration};

use retort::{
    model::{
        CallError, Commit, Cost, ErrorKind, Finish, Outcome, PicoDollars, Price, Role, RunEnd, RunRequest, RunStatus,
        Usage,
    },
    pipeline::{PipelineConfig, RunEvent, TimedEvent, event::NextStep},
    provider::{Call, WireEvent},
};

use crate::support::script::{Bench, Step, answer, ended, fails, keys, request};

fn rules(quality: Option<u32>) -> PipelineConfig {
    let mut rules =
        PipelineConfig { cache: true, keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    rules.retry.quality = quality;
    rules
}

fn asks(commit: Commit) -> RunRequest {
    let mut request = RunRequest { commit, ..request(&["a", "b"]) };
    let prompt = Arc::make_mut(&mut request.prompt);
    prompt.params.max_tokens = Some(400);
    prompt.response.required = vec!["mood".to_owned()];
    request.targets[0].card.max_output = Some(700);
    request.targets[0].card.price = Some(Price { input: PicoDollars(1), output: PicoDollars(100), ..Price::default() });
    request
}

/// The same with nobody to fall back on.
fn alone(commit: Commit) -> RunRequest {
    let mut request = asks(commit);
    request.targets.truncate(1);
    request
}

fn given_up(outcome: &Outcome) -> Vec<(&str, ErrorKind)> {
    outcome.given_up.iter().map(|reason| (reason.target.as_str(), reason.error.class)).collect()
}

/// A piece of an answer, ended by the token limit.
fn truncated(text: &str) -> Vec<Step> {
    let mut steps = answer(&[text]);
    for step in &mut steps {
        if let Step::Say(WireEvent::Finish(finish)) = step {
            *finish = Finish::Length;
        }
    }
    steps
}

fn failed(timeline: &[TimedEvent]) -> Vec<(ErrorKind, NextStep)> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::AttemptFailed { error, next, .. } => Some((error.class, next.clone())),
            _ => None,
        })
        .collect()
}

fn noted(timeline: &[TimedEvent]) -> Vec<String> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Attempt { notices, .. } => Some(notices.clone()),
            _ => None,
        })
        .flatten()
        .collect()
}

fn again() -> NextStep {
    NextStep::Retry { wait: Duration::ZERO }
}

const GOOD: &str = "{\"mood\":\"well\"}";

#[tokio::test(start_paused = true)]
async fn a_cut_answer_nobody_has_seen_is_asked_for_once_more_with_twice_the_room() {
    let bench = Bench::with(rules(None), |_, n| if n == 0 { truncated("{\"mo") } else { answer(&[GOOD]) });
    let timeline = bench.events(asks(Commit::Buffered)).await;
    assert_eq!(failed(&timeline), [(ErrorKind::Truncated, again())]);
    assert_eq!(bench.last_call().params.max_tokens, Some(700), "no further than the model goes");
    assert_eq!(noted(&timeline), ["the answer was cut at 400 tokens; max_tokens was raised to 700"]);
    let outcome = ended(&timeline);
    assert_eq!((&outcome.end, outcome.text.as_str(), outcome.attempts), (&RunEnd::Done, GOOD, 2));
    assert_eq!(outcome.cost, Cost::Known(PicoDollars(220)), "both attempts count");
    assert!(bench.cache.0.lock().unwrap().is_empty(), "the answer to a changed request is not kept");
}

#[tokio::test(start_paused = true)]
async fn a_second_cut_leads_on_as_any_other() {
    let bench = Bench::with(rules(None), |call, _| match call.target.name.as_str() {
        "a" => truncated("{\"mo"),
        _ => answer(&[GOOD]),
    });
    let timeline = bench.events(asks(Commit::Buffered)).await;
    assert_eq!(
        failed(&timeline),
        [(ErrorKind::Truncated, again()), (ErrorKind::Truncated, NextStep::NextModel { to: "b".to_owned() })]
    );
    assert_eq!((ended(&timeline).target.as_str(), bench.last_call().params.max_tokens), ("b", Some(400)));
}

#[tokio::test(start_paused = true)]
async fn there_is_no_more_room_than_the_model_has() {
    let bench = Bench::with(rules(None), |_, _| truncated("{"));
    let mut request = asks(Commit::Buffered);
    request.targets.truncate(1);
    request.targets[0].card.max_output = Some(400);
    assert_eq!(bench.end(request).await.attempts, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_seen_is_asked_for_again_only_where_the_settings_say_so() {
    for (commit, quality, attempts) in [
        (Commit::Resettable, None, 1),
        (Commit::Resettable, Some(0), 1),
        (Commit::Resettable, Some(1), 2),
        (Commit::Buffered, Some(0), 1),
        (Commit::Live, Some(1), 1),
    ] {
        let bench = Bench::with(rules(quality), |_, n| if n == 0 { truncated("{\"mo") } else { answer(&[GOOD]) });
        let mut request = asks(commit);
        request.targets.truncate(1);
        let outcome = bench.end(request).await;
        assert_eq!(outcome.attempts, attempts, "truncated, {commit:?}, {quality:?}");
        let bench = Bench::with(rules(quality), |_, n| answer(if n == 0 { &["{}"] } else { &[GOOD] }));
        let mut request = asks(commit);
        request.targets.truncate(1);
        let outcome = bench.end(request).await;
        assert_eq!(outcome.attempts, attempts, "wrong form, {commit:?}, {quality:?}");
        assert_eq!(
            (outcome.end.word(), outcome.status() == RunStatus::Passed),
            ("done", attempts == 2),
            "{commit:?}, {quality:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_wrong_form_goes_back_once_with_what_is_wrong_with_it() {
    let bench = Bench::with(rules(Some(1)), |_, n| answer(if n == 0 { &["{}"] } else { &[GOOD] }));
    let timeline = bench.events(asks(Commit::Resettable)).await;
    assert_eq!(failed(&timeline), [(ErrorKind::BadOutput, again())]);
    assert_eq!(noted(&timeline), ["the answer failed its checks; it was sent back with what is wrong with it"]);
    let call: Call = bench.last_call();
    let words: Vec<_> = call.messages.iter().map(|message| message.role).collect();
    assert_eq!(words, [Role::System, Role::User, Role::Assistant, Role::User]);
    assert_eq!(call.messages[2].content, "{}");
    assert!(call.messages[3].content.contains("mood"), "{}", call.messages[3].content);
    let outcome = ended(&timeline);
    assert!(outcome.status() == RunStatus::Passed && outcome.text == GOOD);
    assert_eq!(outcome.cost, Cost::Known(PicoDollars(220)), "both attempts count");
    assert!(bench.cache.0.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_fails_again_is_done_and_says_so() {
    let bench = Bench::with(rules(Some(1)), |_, _| answer(&["{}"]));
    let timeline = bench.events(alone(Commit::Buffered)).await;
    let outcome = ended(&timeline);
    assert_eq!((&outcome.end, outcome.status() == RunStatus::Passed, outcome.attempts), (&RunEnd::Done, false, 2));
}

#[tokio::test(start_paused = true)]
async fn a_correction_that_comes_to_nothing_leaves_the_answer_that_was_there() {
    for commit in [Commit::Buffered, Commit::Resettable] {
        let bench = Bench::with(rules(Some(1)), |_, n| if n == 0 { answer(&["{}"]) } else { fails(ErrorKind::Quota) });
        let timeline = bench.events(alone(commit)).await;
        assert_eq!(failed(&timeline), [(ErrorKind::BadOutput, again()), (ErrorKind::Quota, NextStep::GiveUp)]);
        let outcome = ended(&timeline);
        assert_eq!((&outcome.end, outcome.text.as_str(), outcome.attempts), (&RunEnd::Done, "{}", 2));
        assert_eq!(outcome.usage, Usage { input: Some(10), output: Some(1), ..Usage::default() });
        assert_eq!(outcome.cost, Cost::Known(PicoDollars(110)), "counted once; the refused try was free");
        assert!(outcome.quality.as_ref().is_some_and(|quality| quality.status() != RunStatus::Passed));
        assert_eq!(given_up(outcome), [("a", ErrorKind::Quota)], "why there is no better one stays with it");
        let shown = timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Delta { attempt: 1, .. })).count();
        assert_eq!(shown, 1, "{commit:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_the_wrong_form_gives_way_to_the_next_target() {
    for (quality, tries) in [(None, 1), (Some(0), 1), (Some(1), 2)] {
        for commit in [Commit::Buffered, Commit::Resettable] {
            for bad in ["Sure! It is well.", "{}", "[1]"] {
                let bench = Bench::with(rules(quality), move |call, _| {
                    answer(&[if call.target.name == "a" { bad } else { GOOD }])
                });
                let mut request = asks(commit);
                request.targets[1].card.price = request.targets[0].card.price.clone();
                let timeline = bench.events(request).await;
                let outcome = ended(&timeline);
                assert_eq!(
                    (&outcome.end, outcome.status() == RunStatus::Passed, outcome.target.as_str()),
                    (&RunEnd::Done, true, "b"),
                    "{bad}, {quality:?}, {commit:?}"
                );
                assert_eq!(
                    (outcome.text.as_str(), u64::from(outcome.attempts)),
                    (GOOD, tries + 1),
                    "{quality:?}, {commit:?}"
                );
                assert_eq!(given_up(outcome), [("a", ErrorKind::BadOutput)]);
                let to = NextStep::NextModel { to: "b".to_owned() };
                assert_eq!(failed(&timeline).last(), Some(&(ErrorKind::BadOutput, to)));
                assert_eq!(outcome.cost.amount(), Some(PicoDollars(110 * (1 + tries))), "what is put aside counts");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_only_fails_its_checks_or_is_out_already_stays() {
    let unsure = |commit| {
        let mut request = asks(commit);
        let response = &mut Arc::make_mut(&mut request.prompt).response;
        (response.confidence, response.min_confidence) = (Some("/mood_is".to_owned()), Some(0.9));
        request
    };
    let bench = Bench::with(rules(Some(1)), |_, _| answer(&["{\"mood\":\"well\",\"mood_is\":0.1}"]));
    let outcome = bench.end(unsure(Commit::Buffered)).await;
    assert_eq!(
        (&outcome.end, outcome.status() == RunStatus::Passed, outcome.attempts),
        (&RunEnd::Done, false, 1),
        "{:?}",
        outcome.quality
    );
    let live = Bench::with(rules(Some(1)), |_, _| answer(&["{}"]));
    let outcome = live.end(asks(Commit::Live)).await;
    assert_eq!((&outcome.end, outcome.status() == RunStatus::Passed, outcome.attempts), (&RunEnd::Done, false, 1));
}

#[tokio::test(start_paused = true)]
async fn where_no_target_does_better_the_best_answer_is_shown_with_what_failed() {
    for (first, second, best, text) in [
        ("{}", "no JSON", "a", "{}"),
        ("{}", "{ }", "a", "{}"),
        ("no JSON", "{}", "b", "{}"),
        ("no JSON", "not here either", "a", "no JSON"),
    ] {
        for commit in [Commit::Buffered, Commit::Resettable] {
            let bench = Bench::with(rules(None), move |call, _| {
                answer(&[if call.target.name == "a" { first } else { second }])
            });
            let timeline = bench.events(asks(commit)).await;
            let outcome = ended(&timeline);
            assert_eq!(
                (&outcome.end, outcome.status() == RunStatus::Passed, outcome.attempts),
                (&RunEnd::Done, false, 2)
            );
            assert_eq!((outcome.target.as_str(), outcome.text.as_str()), (best, text), "{first} or {second}");
            assert!(bench.cache.0.lock().unwrap().is_empty());
        }
    }
    for fate in [fails(ErrorKind::Overloaded), fails(ErrorKind::CallerFault), truncated("{\"mo")] {
        let bench = Bench::with(
            rules(None),
            move |call, _| {
                if call.target.name == "a" { answer(&["{}"]) } else { fate.clone() }
            },
        );
        let outcome = bench.end(asks(Commit::Buffered)).await;
        assert_eq!((&outcome.end, outcome.text.as_str(), outcome.target.as_str()), (&RunEnd::Done, "{}", "a"));
        assert_eq!(given_up(&outcome).len(), 2, "both say why: {:?}", outcome.given_up);
    }
}

#[tokio::test(start_paused = true)]
async fn the_budgets_hold_for_it_too() {
    let mut tight = rules(Some(1));
    tight.retry.total_attempts = 1;
    let bench = Bench::with(tight, |_, _| answer(&["{}"]));
    let outcome = bench.end(asks(Commit::Buffered)).await;
    assert_eq!((&outcome.end, outcome.attempts), (&RunEnd::Done, 1), "also where another target is left");
    let passing = Bench::with(rules(Some(1)), |_, n| match n {
        0 => answer(&["{}"]),
        1 => vec![Step::Fail(CallError::new(ErrorKind::Transient, "x"))],
        _ => answer(&[GOOD]),
    });
    let outcome = passing.end(asks(Commit::Buffered)).await;
    assert_eq!((outcome.attempts, outcome.status() == RunStatus::Passed), (3, true), "it is retried like any other");
    assert_eq!(passing.last_call().messages.len(), 4, "still changed");
}
