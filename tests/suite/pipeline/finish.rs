//! What a finish reason makes of a run, whoever watches, and how long the end mark is waited for.

use std::time::Duration;

use retort::{
    model::{CacheMode, Commit, ErrorKind, Finish, Format, Rule, RunEnd, RunRequest, RunStatus, Usage},
    pipeline::{PipelineConfig, RunEvent},
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, answer, ended, keys, request};

fn rules() -> PipelineConfig {
    PipelineConfig { cache: true, keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() }
}

fn said(text: &str, finish: Option<Finish>) -> Vec<Step> {
    let mut steps = vec![
        Step::Say(WireEvent::Headers { status: 200, request_id: None }),
        Step::Say(WireEvent::Text(text.to_owned())),
    ];
    steps.extend(finish.map(|finish| Step::Say(WireEvent::Finish(finish))));
    steps
}

fn stopped(text: &str, reason: &str) -> Vec<Step> {
    [said(text, Some(Finish::read(reason))), vec![Step::Say(WireEvent::End)]].concat()
}

fn asks(format: Format, commit: Commit, targets: &[&str]) -> RunRequest {
    let mut request = RunRequest { commit, cache: CacheMode::On, ..request(targets) };
    let mut prompt = (*request.prompt).clone();
    prompt.response.format = format;
    request.prompt = prompt.into();
    request
}

#[tokio::test(start_paused = true)]
async fn no_reason_but_a_good_one_makes_a_run_done() {
    for (reason, class) in [
        ("abort", ErrorKind::Interrupted),
        ("pause_turn", ErrorKind::Interrupted),
        ("OTHER", ErrorKind::Interrupted),
        ("a reason of next year", ErrorKind::Interrupted),
        ("insufficient_system_resource", ErrorKind::Overloaded),
        ("error", ErrorKind::Transient),
        ("RECITATION", ErrorKind::ContentPolicy),
        ("MALFORMED_FUNCTION_CALL", ErrorKind::BadOutput),
        ("model_context_window_exceeded", ErrorKind::ContextTooLong),
    ] {
        for format in [Format::Text, Format::Json] {
            for commit in [Commit::Live, Commit::Resettable, Commit::Buffered] {
                let bench = Bench::with(rules(), move |_, _| stopped("{\"a\":1}", reason));
                let timeline = bench.events(asks(format, commit, &["m"])).await;
                let outcome = ended(&timeline);
                assert_eq!(outcome.end.class(), Some(class), "{reason} {format:?} {commit:?}: {:?}", outcome.end);
                assert_eq!(outcome.status(), RunStatus::Error, "{reason}");
                assert!(bench.cache.0.lock().unwrap().is_empty(), "{reason}: nothing is kept");
                let recorded = bench.record.ended.lock().unwrap();
                assert_eq!(recorded[0].outcome, *outcome, "history says the same");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_broken_off_answer_is_asked_for_again_and_elsewhere() {
    for reason in ["abort", "insufficient_system_resource"] {
        let again = Bench::with(rules(), move |_, n| if n == 0 { stopped("x", reason) } else { answer(&["{}"]) });
        let outcome = again.end(asks(Format::Text, Commit::Buffered, &["m"])).await;
        assert_eq!((outcome.end, outcome.attempts), (RunEnd::Done, 2), "{reason}");
        let elsewhere = Bench::with(rules(), move |call, _| match call.target.name.as_str() {
            "m" => stopped("x", reason),
            _ => answer(&["{}"]),
        });
        let outcome = elsewhere.end(asks(Format::Text, Commit::Buffered, &["m", "good"])).await;
        assert_eq!((outcome.end, outcome.target.as_str()), (RunEnd::Done, "good"), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_text_that_was_cut_is_kept_and_fails_its_check() {
    for commit in [Commit::Live, Commit::Resettable, Commit::Buffered] {
        let bench = Bench::with(rules(), |_, _| stopped("This was cut", "length"));
        let outcome = bench.end(asks(Format::Text, commit, &["m"])).await;
        assert_eq!((outcome.end.clone(), outcome.text.as_str()), (RunEnd::Done, "This was cut"));
        assert!(outcome.status() == RunStatus::Failed && outcome.cut_off());
        let failed: Vec<_> = outcome.quality.as_ref().unwrap().failures().map(|verdict| verdict.rule.clone()).collect();
        assert_eq!(failed, [Rule::Finish]);
        assert!(bench.cache.0.lock().unwrap().is_empty());
        let mut allowed = asks(Format::Text, commit, &["m"]);
        let mut prompt = (*allowed.prompt).clone();
        prompt.response.finish = false;
        allowed.prompt = prompt.into();
        let outcome = bench.end(allowed).await;
        assert!(outcome.status() == RunStatus::Unchecked && !outcome.cut_off(), "the prompt takes it");
    }
}

#[tokio::test(start_paused = true)]
async fn json_that_was_cut_falls_back_and_json_that_is_whole_is_whole() {
    let bench = Bench::with(rules(), |call, _| match call.target.name.as_str() {
        "m" => stopped("{\"a\": [1, 2", "length"),
        _ => answer(&["{}"]),
    });
    let outcome = bench.end(asks(Format::Json, Commit::Buffered, &["m", "good"])).await;
    assert_eq!((outcome.end, outcome.target.as_str()), (RunEnd::Done, "good"));
    let bench = Bench::with(rules(), |_, _| stopped("{\"a\":1}", "length"));
    let outcome = bench.end(asks(Format::Json, Commit::Buffered, &["m"])).await;
    assert!(outcome.status() == RunStatus::Passed && !outcome.cut_off(), "{outcome:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_stays_open_after_its_reason_is_over_within_two_seconds() {
    let usage = Usage { input: Some(7), output: Some(3), ..Usage::default() };
    let counts = [Step::After(Duration::from_secs(1)), Step::Say(WireEvent::Usage(usage)), Step::Hang];
    let mut keep_alives = Vec::new();
    for _ in 0..100 {
        keep_alives.extend([Step::After(Duration::from_millis(100)), Step::Say(WireEvent::Alive)]);
    }
    for (rest, counted) in [(vec![Step::Hang], false), (counts.to_vec(), true), (keep_alives, false)] {
        for commit in [Commit::Live, Commit::Resettable, Commit::Buffered] {
            let steps = [said("Hi", Some(Finish::Stop)), rest.clone()].concat();
            let bench = Bench::with(rules(), move |_, _| steps.clone());
            let timeline = bench.events(asks(Format::Text, commit, &["m"])).await;
            let outcome = ended(&timeline);
            assert_eq!((&outcome.end, outcome.text.as_str(), outcome.attempts), (&RunEnd::Done, "Hi", 1));
            assert!(timeline.last().unwrap().at <= Duration::from_secs(2), "{:?}", timeline.last().unwrap().at);
            assert_eq!(outcome.usage == usage, counted);
            assert_eq!(bench.open(), 0, "its connection is closed");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn text_that_goes_on_after_a_reason_is_waited_for() {
    let mut steps = said("H", Some(Finish::Stop));
    steps.extend([Step::After(Duration::from_secs(20)), Step::Say(WireEvent::Text("i".to_owned()))]);
    steps.extend([Step::After(Duration::from_secs(20)), Step::Say(WireEvent::End)]);
    let late = steps.clone();
    let bench = Bench::with(rules(), move |_, _| late.clone());
    assert_eq!(bench.end(asks(Format::Text, Commit::Buffered, &["m"])).await.text, "H", "it is over by then");
    steps.remove(3);
    let bench = Bench::with(rules(), move |_, _| steps.clone());
    let outcome = bench.end(asks(Format::Text, Commit::Buffered, &["m"])).await;
    assert_eq!((outcome.text.as_str(), outcome.end), ("Hi", RunEnd::Done), "some repeat the reason on every piece");
}

#[tokio::test(start_paused = true)]
async fn what_is_odd_about_an_answer_is_told_once() {
    let notice = || Step::Say(WireEvent::Notice("the counts cannot be".to_owned()));
    let steps = [said("Hi", None), vec![notice(), notice()], stopped("!", "stop")[2..].to_vec()].concat();
    let bench = Bench::with(rules(), move |_, _| steps.clone());
    let timeline = bench.events(asks(Format::Text, Commit::Live, &["m"])).await;
    let notices = timeline.iter().filter(|timed| matches!(timed.event, RunEvent::Notice { attempt: 1, .. })).count();
    assert_eq!(notices, 1);
    assert_eq!(ended(&timeline).end, RunEnd::Done);
}
