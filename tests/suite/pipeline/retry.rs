//! Retries, waits and fallbacks.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use retort::{
    model::{CallError, Commit, ErrorKind, RunEnd, RunRequest, RunStatus, settings::AccountLimits},
    pipeline::{PipelineConfig, RunEvent, TimedEvent, event::NextStep},
};

use crate::support::script::{Bench, Step, answer, ended, fails, keys, request, until};

fn nexts(timeline: &[TimedEvent]) -> Vec<(ErrorKind, NextStep)> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::AttemptFailed { error, next, .. } => Some((error.class, next.clone())),
            _ => None,
        })
        .collect()
}

fn retry(seconds: u64) -> NextStep {
    NextStep::Retry { wait: Duration::from_secs(seconds) }
}

fn to(name: &str) -> NextStep {
    NextStep::NextModel { to: name.to_owned() }
}

fn limited(seconds: u64) -> Vec<Step> {
    let error = CallError {
        retry_after: Some(Duration::from_secs(seconds)),
        ..CallError::new(ErrorKind::RateLimited, "too many requests")
    };
    vec![Step::Fail(error)]
}

#[tokio::test(start_paused = true)]
async fn a_passing_error_is_tried_three_times_four_seconds_apart() {
    let bench = Bench::new(|_, n| if n < 2 { fails(ErrorKind::Transient) } else { answer(&["{\"a\":", "1}"]) });
    let timeline = bench.events(request(&["a"])).await;
    assert_eq!(nexts(&timeline), [(ErrorKind::Transient, retry(4)), (ErrorKind::Transient, retry(4))]);
    let outcome = ended(&timeline);
    assert_eq!((&outcome.end, outcome.attempts, outcome.text.as_str()), (&RunEnd::Done, 3, "{\"a\":1}"));
    assert_eq!(outcome.timing.total, Duration::from_millis(8200));
    assert_eq!(outcome.timing.first_token, Some(Duration::from_millis(100)), "counted from the answering attempt");
}

#[tokio::test(start_paused = true)]
async fn all_models_fail_each_with_its_reason() {
    let bench = Bench::new(|call, _| match call.target.name.as_str() {
        "a" => fails(ErrorKind::Overloaded),
        _ => fails(ErrorKind::NotAnApi),
    });
    let timeline = bench.events(request(&["a", "b"])).await;
    assert_eq!(
        nexts(&timeline),
        [
            (ErrorKind::Overloaded, retry(4)),
            (ErrorKind::Overloaded, retry(4)),
            (ErrorKind::Overloaded, to("b")),
            (ErrorKind::NotAnApi, NextStep::GiveUp)
        ]
    );
    let outcome = ended(&timeline);
    assert_eq!(outcome.end.to_string(), "all models failed: a: overloaded: scripted; b: not an API: scripted");
    assert_eq!((outcome.attempts, outcome.target.as_str()), (4, "b"));
}

#[tokio::test(start_paused = true)]
async fn the_next_model_answers_and_the_outcome_says_so() {
    let bench = Bench::new(|call, _| match call.target.name.as_str() {
        "a" => fails(ErrorKind::Unknown),
        _ => answer(&["{}"]),
    });
    let outcome = bench.end(request(&["a", "b"])).await;
    assert!(outcome.fell_back() && outcome.status() == RunStatus::Passed);
    assert_eq!((outcome.requested.as_str(), outcome.target.as_str(), outcome.model.as_str()), ("a", "b", "b-1"));
}

#[tokio::test(start_paused = true)]
async fn a_servers_wish_is_never_undercut() {
    let bench = Bench::new(|_, n| if n == 0 { limited(20) } else { answer(&["{}"]) });
    let outcome = bench.end(request(&["a"])).await;
    let total = outcome.timing.total;
    assert!(total >= Duration::from_secs(20) && total < Duration::from_millis(20_400), "{total:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wish_too_long_leads_to_the_next_model_and_tells_the_time() {
    let bench = Bench::new(|call, _| if call.target.name == "a" { limited(3600) } else { answer(&["{}"]) });
    let mut request = request(&["a", "b"]);
    let elsewhere = Arc::new("elsewhere".to_owned());
    request.targets[1].provider.clone_from(&elsewhere);
    request.targets[1].custom_endpoint = true;
    let timeline = bench.events(request).await;
    assert_eq!(nexts(&timeline), [(ErrorKind::RateLimited, to("b"))]);
    let failed = timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::AttemptFailed { error, .. } => Some(error.message.clone()),
        _ => None,
    });
    assert_eq!(failed.unwrap(), "too many requests; it asks to wait 3600s, until 2026-11-22 13:00:00 UTC");
    assert!(ended(&timeline).timing.total < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn no_wish_and_no_setting_is_too_long_to_count() {
    let bench = Bench::new(|_, _| limited(u64::MAX));
    assert_eq!(bench.end(request(&["a"])).await.end.word(), "failed");
    assert_eq!(bench.pipeline.keys().len(), 1);
    let mut rules = PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    rules.timeouts.total = Duration::MAX;
    rules.timeouts.answer = Some(Duration::MAX);
    rules.timeouts.progress = Some(Duration::MAX);
    rules.retry.max_retry_after = Duration::MAX;
    let bench = Bench::with(rules, |_, n| if n == 0 { answer(&[]) } else { answer(&["{}"]) });
    assert_eq!(bench.end(request(&["a"])).await.end.word(), "done");
}

#[tokio::test(start_paused = true)]
async fn eight_attempts_are_all() {
    let bench = Bench::new(|_, _| fails(ErrorKind::Transient));
    let outcome = bench.end(request(&["a", "b", "c", "d"])).await;
    assert_eq!(outcome.attempts, 8);
    let RunEnd::Failed { reasons } = outcome.end else { panic!("{:?}", outcome.end) };
    assert_eq!(reasons.iter().map(|reason| reason.target.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(bench.calls().len(), 8);
}

#[tokio::test(start_paused = true)]
async fn no_wait_outlasts_the_run() {
    let mut rules = PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    rules.timeouts.total = Duration::from_secs(6);
    let bench = Bench::with(rules, |_, _| fails(ErrorKind::Transient));
    let outcome = bench.end(request(&["a", "b"])).await;
    assert_eq!((outcome.attempts, outcome.timing.total), (3, Duration::from_secs(4)));
}

#[tokio::test(start_paused = true)]
async fn what_one_endpoint_refuses_another_takes() {
    for class in [ErrorKind::CallerFault, ErrorKind::ContentPolicy] {
        for commit in [Commit::Buffered, Commit::Resettable, Commit::Live] {
            let bench = Bench::new(move |call, _| if call.target.name == "a" { fails(class) } else { answer(&["{}"]) });
            let outcome = bench.end(RunRequest { commit, ..request(&["a", "b"]) }).await;
            assert_eq!((&outcome.end, outcome.target.as_str(), outcome.attempts), (&RunEnd::Done, "b", 2), "{class:?}");
            let given_up: Vec<_> =
                outcome.given_up.iter().map(|reason| (reason.target.as_str(), reason.error.class)).collect();
            assert_eq!(given_up, [("a", class)], "the reason stays with the answer");
        }
        let bench = Bench::new(move |_, _| fails(class));
        let outcome = bench.end(request(&["a", "b"])).await;
        assert_eq!((outcome.end.word(), outcome.attempts), ("failed", 2), "each is asked but once");
        assert!(outcome.given_up.is_empty(), "the end names them all");
    }
}

#[tokio::test(start_paused = true)]
async fn a_mistake_of_ones_own_is_not_tried_elsewhere() {
    let bench = Bench::new(|_, _| fails(ErrorKind::InvalidPrompt));
    let outcome = bench.end(request(&["a", "b"])).await;
    assert_eq!((outcome.end.word(), outcome.attempts), ("failed", 1));
}

#[tokio::test(start_paused = true)]
async fn a_context_too_long_asks_only_a_larger_one() {
    let bench = Bench::new(|call, _| match call.target.name.as_str() {
        "c" => answer(&["{}"]),
        _ => fails(ErrorKind::ContextTooLong),
    });
    let mut request = request(&["a", "b", "c"]);
    for (target, context) in request.targets.iter_mut().zip([8_000, 4_000, 32_000]) {
        target.card.context = Some(context);
    }
    let outcome = bench.end(request).await;
    assert_eq!(outcome.target, "c");
    assert_eq!(bench.calls().len(), 2, "b is not asked");
}

#[tokio::test(start_paused = true)]
async fn a_refused_parameter_is_left_out_once_and_at_once() {
    let refuses = |_: &_, n| {
        if n == 0 {
            let error =
                CallError { param: Some("temperature".to_owned()), ..CallError::new(ErrorKind::ParamRejected, "no") };
            vec![Step::Fail(error)]
        } else {
            answer(&["{}"])
        }
    };
    let bench = Bench::new(refuses);
    let timeline = bench.events(request(&["a"])).await;
    assert_eq!(nexts(&timeline), [(ErrorKind::ParamRejected, NextStep::Retry { wait: Duration::ZERO })]);
    assert_eq!(bench.last_call().params.temperature, None);
    let noticed = timeline.iter().any(|timed| {
        matches!(&timed.event, RunEvent::Attempt { number: 2, notices, .. }
            if notices == &["temperature was refused by a-1; left out"])
    });
    assert!(noticed);
    let never = Bench::new(|_, _| {
        let error =
            CallError { param: Some("temperature".to_owned()), ..CallError::new(ErrorKind::ParamRejected, "no") };
        vec![Step::Fail(error)]
    });
    assert_eq!(never.end(request(&["a"])).await.attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_wait_can_be_cut_short() {
    let bench = Bench::new(|_, n| if n == 0 { limited(60) } else { answer(&["{}"]) });
    let mut stream = bench.pipeline.run(request(&["a"]));
    let control = stream.control();
    until(&mut stream, |event| matches!(event, RunEvent::AttemptFailed { .. })).await;
    let hurry = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        control.retry_now();
    };
    let (timeline, ()) = tokio::join!(stream.collect::<Vec<_>>(), hurry);
    assert_eq!(ended(&timeline).timing.total, Duration::from_millis(1100));
}

#[tokio::test(start_paused = true)]
async fn an_empty_answer_is_none() {
    let bench = Bench::new(|_, n| if n == 0 { answer(&[]) } else { answer(&["{}"]) });
    let timeline = bench.events(request(&["a"])).await;
    assert_eq!(nexts(&timeline), [(ErrorKind::Transient, retry(4))]);
}

#[tokio::test(start_paused = true)]
async fn what_a_run_waits_is_told_apart_from_what_its_provider_takes() {
    let limits = AccountLimits { requests_per_minute: Some(2), ..AccountLimits::default() };
    let rules = PipelineConfig {
        limits: BTreeMap::from([("openai".to_owned(), limits)]),
        keys: keys("openai", &[("env:K", "k")]),
        ..PipelineConfig::default()
    };
    // The first try fails after two seconds, the second is let through half a minute after it and answers in 0.3 s.
    let bench = Bench::with(rules, |_, n| match n {
        0 => vec![Step::After(Duration::from_secs(2)), Step::Fail(CallError::new(ErrorKind::Transient, "x"))],
        _ => answer(&["{", "}", " "]),
    });
    let timing = bench.end(request(&["a"])).await.timing;
    let (whole, waited) = (Duration::from_millis(30_800), Duration::from_millis(28_500));
    assert_eq!((timing.total, timing.waited), (whole, waited), "the failed try is no wait");
    assert_eq!(timing.response, Some(Duration::from_millis(300)), "the answering attempt alone");
    let plain = Bench::new(|_, _| answer(&["{}"])).end(request(&["a"])).await.timing;
    assert_eq!((plain.waited, plain.response), (Duration::ZERO, Some(plain.total)));
}
