//! Exactly one end, whatever happens, and always a record.

use std::{sync::LazyLock, time::Duration};

use futures_util::{FutureExt, StreamExt};
use retort::{
    model::{Commit, ErrorKind, Outcome, RunEnd, RunRequest, RunStatus, Timer, settings::Timeouts},
    pipeline::{PipelineConfig, RunControl, RunEvent, TimedEvent},
};
use serde_json::json;

use crate::support::script::{Bench, Step, answer, cut, ended, fails, keys, request, until};

/// A bench on which a run goes through a walk, a retry, a fallback and an answer.
fn eventful(last: fn() -> Vec<Step>) -> Bench {
    let rules = PipelineConfig {
        cache: true,
        keys: keys("openai", &[("env:A", "a"), ("env:B", "b")]),
        ..PipelineConfig::default()
    };
    Bench::with(rules, move |call, n| match (call.target.name.as_str(), n) {
        ("a", 0) => fails(ErrorKind::Credential),
        ("a", _) => fails(ErrorKind::Overloaded),
        _ => last(),
    })
}

fn one_end(timeline: &[TimedEvent]) -> &Outcome {
    let ends = timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Ended { .. })).count();
    assert_eq!(ends, 1, "{timeline:#?}");
    assert!(timeline.windows(2).all(|pair| pair[0].at <= pair[1].at), "time does not run backwards");
    ended(timeline)
}

fn recorded(bench: &Bench) -> Vec<(Outcome, Vec<TimedEvent>)> {
    let started = bench.record.started.lock().unwrap().len();
    let ended = bench.record.ended.lock().unwrap();
    assert_eq!(started, ended.len(), "every run that started has ended on record");
    ended.iter().map(|run| (run.outcome.clone(), run.timeline.clone())).collect()
}

fn request_by(commit: Commit) -> RunRequest {
    RunRequest { commit, ..request(&["a", "b"]) }
}

const COMMITS: [Commit; 3] = [Commit::Buffered, Commit::Resettable, Commit::Live];

#[tokio::test(start_paused = true)]
async fn stopped_after_any_event_a_run_ends_once_with_its_part_kept() {
    for last in [|| answer(&["{", "}"]), || cut("{"), || fails(ErrorKind::Unknown)] as [fn() -> Vec<Step>; 3] {
        for commit in COMMITS {
            let whole = eventful(last).events(request_by(commit)).await;
            for stop in 0..whole.len() {
                let bench = eventful(last);
                let mut stream = bench.pipeline.run(request_by(commit));
                let mut timeline: Vec<TimedEvent> = (&mut stream).take(stop).collect().await;
                stream.control().stop();
                timeline.extend((&mut stream).collect::<Vec<_>>().await);
                assert!(stream.next().await.is_none());
                let outcome = one_end(&timeline);
                assert_eq!(outcome.end, RunEnd::Cancelled);
                assert_eq!(bench.open(), 0, "its connection is closed");
                let shown: String = timeline
                    .iter()
                    .filter_map(|timed| match &timed.event {
                        RunEvent::Delta { text, .. } => Some(text.as_str()),
                        _ => None,
                    })
                    .collect();
                assert!(outcome.text.starts_with(&shown), "{shown:?} of {:?}", outcome.text);
                assert_eq!(recorded(&bench)[0].0, *outcome);
            }
        }
    }
}

/// An answer that is not judged at once.
static LONG: LazyLock<String> = LazyLock::new(|| "yes ".repeat(8000));

/// Runs a request on the only thread there is for work of the processor, which is taken before the answer comes and
/// given back at the end: the answer waits to be judged. Does `then` once nothing else can happen, and returns what
/// was told.
fn while_judging(timeouts: Timeouts, then: impl FnOnce(&RunControl)) -> Vec<TimedEvent> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build().unwrap();
    let (give_back, taken) = std::sync::mpsc::channel::<()>();
    let timeline = runtime.block_on(async move {
        let rules = PipelineConfig { timeouts, keys: keys("openai", &[("env:A", "a")]), ..PipelineConfig::default() };
        let bench = Bench::with(rules, |_, _| answer(&[LONG.as_str()]));
        let mut stream = bench.pipeline.run(request(&["a"]));
        let (control, mut timeline) = (stream.control(), Vec::new());
        timeline.push(until(&mut stream, |event| matches!(event, RunEvent::Attempt { .. })).await);
        let thread = tokio::task::spawn_blocking(move || taken.recv());
        timeline.push(until(&mut stream, |event| matches!(event, RunEvent::Usage { .. })).await);
        for _ in 0..1000 {
            tokio::task::yield_now().await;
            assert!(stream.next().now_or_never().is_none(), "it waits for its verdicts");
        }
        then(&control);
        timeline.extend(stream.collect::<Vec<_>>().await);
        drop(give_back);
        let _ = thread.await;
        timeline
    });
    assert!(!timeline.iter().any(|timed| matches!(timed.event, RunEvent::Checked { .. })));
    assert_eq!(one_end(&timeline).text, *LONG);
    timeline
}

#[test]
fn a_stop_does_not_wait_for_an_answer_that_is_being_judged() {
    let timeline = while_judging(Timeouts::default(), RunControl::stop);
    assert_eq!(one_end(&timeline).end, RunEnd::Cancelled);
}

#[test]
fn a_deadline_does_not_wait_for_an_answer_that_is_being_judged() {
    let timeouts = Timeouts { total: Duration::from_millis(500), ..Timeouts::default() };
    let timeline = while_judging(timeouts, |_| {});
    let RunEnd::Interrupted { error } = &one_end(&timeline).end else { panic!("{:?}", one_end(&timeline).end) };
    assert_eq!(error.class, ErrorKind::Timeout(Timer::Total));
}

#[tokio::test(start_paused = true)]
async fn dropped_after_any_event_a_run_is_closed_and_on_record_as_cancelled() {
    let whole = eventful(|| answer(&["{", "}"])).events(request_by(Commit::Live)).await;
    for drop_at in 1..=whole.len() {
        let bench = eventful(|| answer(&["{", "}"]));
        let mut stream = bench.pipeline.run(request_by(Commit::Live));
        let timeline: Vec<TimedEvent> = (&mut stream).take(drop_at).collect().await;
        drop(stream);
        assert_eq!(bench.open(), 0);
        let record = recorded(&bench);
        let end = if drop_at == whole.len() { RunEnd::Done } else { RunEnd::Cancelled };
        assert_eq!((record.len(), &record[0].0.end), (1, &end), "{timeline:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_happens_before_the_first_poll() {
    let bench = eventful(|| answer(&["{}"]));
    drop(bench.pipeline.run(request_by(Commit::Live)));
    assert!(recorded(&bench).is_empty() && bench.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_record_tells_what_the_stream_told_without_the_text() {
    for commit in COMMITS {
        let bench = eventful(|| answer(&["{", "}"]));
        let all = bench.events(request_by(commit)).await;
        let outcome = one_end(&all).clone();
        let timeline: Vec<TimedEvent> = all
            .iter()
            .filter(|timed| !matches!(timed.event, RunEvent::Delta { .. } | RunEvent::Ended { .. }))
            .cloned()
            .collect();
        assert_eq!(recorded(&bench), [(outcome, timeline)]);
        let run = bench.record.ended.lock().unwrap()[0].run;
        assert!(matches!(&all[0].event, RunEvent::Prepared { run: id, .. } if *id == run));
    }
}

#[tokio::test(start_paused = true)]
async fn attempts_are_counted_alike_everywhere() {
    let bench = eventful(|| cut("{"));
    let timeline = bench.events(request_by(Commit::Buffered)).await;
    let begun = timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Attempt { .. })).count();
    let failed = timeline.iter().filter(|timed| matches!(timed.event, RunEvent::AttemptFailed { .. })).count();
    assert_eq!((begun, failed), (bench.calls().len(), bench.calls().len()));
    assert_eq!(one_end(&timeline).attempts as usize, begun);
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_heard_in_every_wait() {
    for steps in [vec![Step::Hang], fails(ErrorKind::Transient)] {
        let bench = Bench::new(move |_, _| steps.clone());
        let stream = bench.pipeline.run(request(&["a"]));
        let control = stream.control();
        let stop = async {
            tokio::time::sleep(Duration::from_secs(2)).await;
            control.stop();
        };
        let (timeline, ()) = tokio::join!(stream.collect::<Vec<_>>(), stop);
        assert_eq!(
            (&one_end(&timeline).end, one_end(&timeline).timing.total),
            (&RunEnd::Cancelled, Duration::from_secs(2))
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_without_targets_fails() {
    let bench = Bench::new(|_, _| Vec::new());
    let timeline = bench.events(request(&[])).await;
    assert_eq!(one_end(&timeline).end.to_string(), "no model was asked");
}

#[tokio::test(start_paused = true)]
async fn the_json_of_a_run_is_never_that_of_its_reasoning_and_the_text_stays_as_it_came() {
    const PIECES: [&[&str]; 6] = [
        &[
            "<|channel|>analysis<|message|>Maybe {\"a\": 0}?<|end|><|start|>assi",
            "stant<|channel|>final<|message|>{\"a\":1}<|return|>",
        ],
        &["[THI", "NK]is it {\"a\": 0}?[/THINK]{\"a\":1}"],
        &["<thought>is it {\"a\": 0}?</thou", "ght>{\"a\":1}"],
        &["is it {\"a\": 0}?\n</think>\n{\"a\":1}"],
        &["<think>is it {\"a\": 0}?"],
        &["It is {'x': {\"a\": 0}}."],
    ];
    for (place, pieces) in PIECES.into_iter().enumerate() {
        let bench = Bench::new(move |_, _| answer(pieces));
        let outcome = bench.end(request(&["a"])).await;
        assert_eq!(outcome.text, pieces.concat());
        let (json, passed) = (outcome.json.as_deref().cloned(), outcome.quality.unwrap().status() == RunStatus::Passed);
        assert_eq!((json, passed), (if place < 4 { Some(json!({"a": 1})) } else { None }, place < 4), "{pieces:?}");
    }
}
