//! Any script, any caller, any moment to stop: the invariants hold.

use std::time::Duration;

use futures_util::StreamExt;
use proptest::{collection::vec, option, prelude::*};
use retort::{
    model::{CallError, Commit, ErrorKind, Finish, RunEnd, RunRequest, Timer},
    pipeline::{
        PipelineConfig, RunEvent, TimedEvent,
        event::{DeltaPart, NextStep},
        meter::RunMeter,
    },
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, ended, keys, request};

fn class() -> impl Strategy<Value = ErrorKind> {
    prop::sample::select(vec![
        ErrorKind::Quota,
        ErrorKind::RateLimited,
        ErrorKind::Overloaded,
        ErrorKind::Transient,
        ErrorKind::Timeout(Timer::Connect),
        ErrorKind::Region,
        ErrorKind::Credential,
        ErrorKind::ModelGone,
        ErrorKind::ContextTooLong,
        ErrorKind::ParamRejected,
        ErrorKind::ContentPolicy,
        ErrorKind::CallerFault,
        ErrorKind::NotAnApi,
        ErrorKind::TooLarge,
        ErrorKind::Unknown,
    ])
}

fn error() -> impl Strategy<Value = CallError> {
    let wait = option::of((0_u64..200).prop_map(Duration::from_secs));
    (class(), wait, option::of(any::<bool>())).prop_map(|(class, retry_after, should_retry)| CallError {
        retry_after,
        should_retry,
        param: Some("temperature".to_owned()),
        ..CallError::new(class, "chance")
    })
}

fn finish() -> impl Strategy<Value = Finish> {
    prop::sample::select(vec![Finish::Stop, Finish::Length, Finish::ContentFilter, Finish::Refusal, Finish::Unknown])
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0_u64..50).prop_map(|seconds| Step::After(Duration::from_secs(seconds))),
        4 => prop::sample::select(vec!["{", "}", "\"a\":1", "", " ", "é"])
            .prop_map(|text| Step::Say(WireEvent::Text(text.to_owned()))),
        1 => Just(Step::Say(WireEvent::Reasoning("hm".to_owned()))),
        1 => Just(Step::Say(WireEvent::Alive)),
        1 => Just(Step::Say(WireEvent::Headers { status: 200, request_id: None })),
        1 => Just(Step::Say(WireEvent::Model("other".to_owned()))),
        1 => finish().prop_map(|finish| Step::Say(WireEvent::Finish(finish))),
        2 => Just(Step::Say(WireEvent::End)),
        2 => error().prop_map(Step::Fail),
        1 => Just(Step::Hang),
    ]
}

fn commit() -> impl Strategy<Value = Commit> {
    prop::sample::select(vec![Commit::Buffered, Commit::Resettable, Commit::Live])
}

fn text_of(timeline: &[TimedEvent], wanted: u32) -> String {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Delta { attempt, part: DeltaPart::Text, text } if *attempt == wanted => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

fn invariants(bench: &Bench, request: &RunRequest, timeline: &[TimedEvent], rules: &PipelineConfig) {
    let outcome = ended(timeline);
    let count = |wanted: fn(&RunEvent) -> bool| timeline.iter().filter(|timed| wanted(&timed.event)).count();
    assert_eq!(count(|event| matches!(event, RunEvent::Ended { .. })), 1);
    let begun = count(|event| matches!(event, RunEvent::Attempt { .. }));
    assert_eq!((begun, begun), (bench.calls().len(), outcome.attempts as usize));
    // Each target has three keys, and one parameter that it can be asked without.
    let budget = rules.retry.total_attempts as usize + 4 * request.targets.len();
    assert!(begun <= budget, "{begun} attempts");
    let total = rules.timeouts.total;
    assert!(timeline.iter().all(|timed| timed.at <= total), "the deadline is kept");
    if outcome.end == RunEnd::Done {
        let spoken = (1..=outcome.attempts).any(|attempt| text_of(timeline, attempt) == outcome.text);
        assert!(spoken, "one attempt said all of it: {outcome:?}");
        assert!(outcome.quality.is_some() && !outcome.text.trim().is_empty());
    }
    let first_text =
        timeline.iter().position(|timed| matches!(timed.event, RunEvent::Delta { part: DeltaPart::Text, .. }));
    if let Some(shown) = first_text.filter(|_| request.commit != Commit::Buffered) {
        // An answer that is whole but of no use gives way to the next target, where it can be taken back.
        let useless = |timed: &TimedEvent| matches!(&timed.event, RunEvent::AttemptFailed { error, .. } if error.class == ErrorKind::BadOutput);
        let gives_way = request.commit == Commit::Resettable && timeline[shown..].iter().any(useless);
        let again = timeline[shown..].iter().any(|timed| matches!(timed.event, RunEvent::Attempt { .. }));
        assert!(!again || gives_way, "no second attempt after text was shown");
    }
    for pair in timeline.windows(2) {
        if let (RunEvent::AttemptFailed { error, next: NextStep::Retry { wait }, .. }, RunEvent::Attempt { .. }) =
            (&pair[0].event, &pair[1].event)
        {
            assert!(pair[1].at.saturating_sub(pair[0].at) >= *wait);
            let requests = error.retry_after.filter(|_| error.class != ErrorKind::ParamRejected);
            assert!(*wait >= requests.unwrap_or_default(), "never earlier than the server asks");
        }
    }
    let mut meter = RunMeter::new(&request.targets, request.prompt.tool_set());
    for timed in timeline {
        meter.take(timed);
    }
    assert_eq!(meter.outcome(), Some(outcome));
    assert_eq!(bench.open(), 0);
    let record = bench.record.ended.lock().unwrap();
    assert_eq!((record.len(), &record[0].outcome), (1, outcome));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_provider_does_a_run_keeps_its_word(
        scripts in vec(vec(step(), 0..10), 1..6),
        commit in commit(),
        stop in option::weighted(0.3, (0_usize..12, 0_u64..20)),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let list = [("env:A", "a"), ("env:B", "b"), ("env:C", "b")];
            let rules = PipelineConfig { cache: true, keys: keys("openai", &list), ..PipelineConfig::default() };
            let calls = std::sync::atomic::AtomicUsize::new(0);
            let bench = Bench::with(rules.clone(), move |_, _| {
                let call = calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                scripts[call % scripts.len()].clone()
            });
            let request = RunRequest { commit, ..request(&["a", "b", "c"]) };
            let mut stream = bench.pipeline.run(request.clone());
            let control = stream.control();
            let (events, seconds) = stop.unwrap_or_default();
            let mut timeline: Vec<TimedEvent> = (&mut stream).take(events).collect().await;
            let rest = stream.collect::<Vec<_>>();
            if stop.is_some() {
                let stop = async {
                    tokio::time::sleep(Duration::from_secs(seconds)).await;
                    control.stop();
                };
                timeline.extend(tokio::join!(rest, stop).0);
            } else {
                timeline.extend(rest.await);
            }
            invariants(&bench, &request, &timeline, &rules);
        });
    }
}
