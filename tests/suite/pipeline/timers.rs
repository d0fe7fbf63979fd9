//! Every timer of an attempt.

use std::time::Duration;

use retort::{
    model::{Commit, ErrorKind, Outcome, RunEnd, RunRequest, Timer},
    pipeline::{PipelineConfig, RunEvent, TimedEvent},
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, answer, ended, keys, request};

fn rules() -> PipelineConfig {
    PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() }
}

fn headers() -> Step {
    Step::Say(WireEvent::Headers { status: 200, request_id: None })
}

fn text() -> Step {
    Step::Say(WireEvent::Text("x".to_owned()))
}

fn after(seconds: u64) -> Step {
    Step::After(Duration::from_secs(seconds))
}

fn first_error(timeline: &[TimedEvent]) -> (Duration, ErrorKind, String) {
    timeline
        .iter()
        .find_map(|timed| match &timed.event {
            RunEvent::AttemptFailed { error, .. } => Some((timed.at, error.class, error.message.clone())),
            _ => None,
        })
        .unwrap()
}

async fn stalls(rules: PipelineConfig, request: RunRequest, steps: Vec<Step>) -> (Duration, Timer, String, Outcome) {
    let bench = Bench::with(rules, move |_, n| if n == 0 { steps.clone() } else { answer(&["{}"]) });
    let timeline = bench.events(request).await;
    assert_eq!(bench.open(), 0, "a call that timed out is closed");
    let (at, class, message) = first_error(&timeline);
    let ErrorKind::Timeout(timer) = class else { panic!("{class}: {message}") };
    (at, timer, message, ended(&timeline).clone())
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_runs_into_the_first_byte_timer() {
    let (at, timer, message, outcome) = stalls(rules(), request(&["a"]), vec![Step::Hang]).await;
    assert_eq!((at, timer), (Duration::from_secs(30), Timer::FirstByte));
    assert_eq!(message, "no response within 30s");
    assert_eq!((outcome.end, outcome.attempts), (RunEnd::Done, 2));
}

#[tokio::test(start_paused = true)]
async fn keep_alives_do_not_hold_up_the_first_token_timer() {
    let mut steps = vec![headers()];
    for _ in 0..10 {
        steps.extend([after(10), Step::Say(WireEvent::Alive)]);
    }
    let (at, timer, message, _) = stalls(rules(), request(&["a"]), steps).await;
    assert_eq!((at, timer), (Duration::from_secs(30), Timer::FirstToken));
    assert_eq!(message, "the response began, but no text came within 30s");
}

/// Each place a server may be, with what is known of it.
fn places() -> [(&'static str, RunRequest); 4] {
    let at = |url: &str, reasons: bool| {
        let mut request = request(&["a"]);
        request.targets[0].base_url = Some(url.to_owned());
        request.targets[0].card.reasons = reasons;
        request
    };
    [
        ("hosted", at("https://api.example.test/v1", false)),
        ("hosted, reasons", at("https://api.example.test/v1", true)),
        ("local", at("http://127.0.0.1:8080/v1", false)),
        ("local, reasons", at("http://localhost:8080/v1", true)),
    ]
}

/// When a server that is silent from the start, after its headers, and after some text runs out of time.
async fn silences(rules: &PipelineConfig, request: &RunRequest) -> [u64; 3] {
    let mut at = [0; 3];
    let stages = [vec![Step::Hang], vec![headers(), Step::Hang], vec![headers(), text(), Step::Hang]];
    for ((at, steps), timer) in at.iter_mut().zip(stages).zip([Timer::FirstByte, Timer::FirstToken, Timer::Idle]) {
        let buffered = RunRequest { commit: Commit::Buffered, ..request.clone() };
        let (elapsed, ran_out, ..) = stalls(rules.clone(), buffered, steps).await;
        assert_eq!(ran_out, timer);
        *at = elapsed.as_secs();
    }
    at
}

#[tokio::test(start_paused = true)]
async fn without_settings_only_the_first_token_is_waited_for_longer() {
    let expected = [[30, 30, 30], [180, 180, 30], [300, 300, 30], [300, 300, 30]];
    for ((place, request), expected) in places().iter().zip(expected) {
        assert_eq!(silences(&rules(), request).await, expected, "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_set_holds_everywhere_also_where_it_is_the_default() {
    for seconds in [7, 30] {
        let wait = Duration::from_secs(seconds);
        let mut answer = rules();
        answer.timeouts.answer = Some(wait);
        let mut longer = rules();
        longer.timeouts.answer = Some(wait * 9);
        longer.timeouts.local_answer = Some(wait * 8);
        for (place, mut request) in places() {
            assert_eq!(silences(&answer, &request).await, [seconds; 3], "{place}");
            let own = &mut request.targets[0].options.timeouts;
            own.answer = Some(wait);
            assert_eq!(silences(&longer, &request).await, [seconds; 3], "{place}, by its own");
            request.targets[0].options.timeouts.first_byte = Some(wait * 3);
            assert_eq!(silences(&longer, &request).await, [seconds * 3, seconds, seconds], "{place}, by its own");
        }
        let mut local = answer.clone();
        local.timeouts.local_answer = Some(wait * 2);
        for (place, request) in places() {
            let twice = if place.starts_with("local") { 2 } else { 1 };
            assert_eq!(silences(&local, &request).await, [seconds * twice; 3], "{place}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_timer_has_a_setting_of_its_own() {
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    let mut own = rules();
    own.timeouts.first_byte = seconds(3);
    own.timeouts.first_token = seconds(5);
    own.timeouts.idle = seconds(8);
    for (place, request) in places() {
        assert_eq!(silences(&own, &request).await, [3, 5, 8], "{place}");
    }
    own.timeouts.progress = seconds(4);
    let steps = vec![headers(), text(), after(3), Step::Say(WireEvent::Alive), Step::Hang];
    let (at, timer, ..) = stalls(own, request(&["a"]), steps).await;
    assert_eq!((at, timer), (Duration::from_secs(4), Timer::Progress), "shorter than the silence allowed");
}

#[tokio::test(start_paused = true)]
async fn silence_after_text_runs_into_the_idle_timer() {
    let request = RunRequest { commit: Commit::Live, ..request(&["a"]) };
    let (at, timer, message, outcome) = stalls(rules(), request, vec![headers(), after(20), text(), Step::Hang]).await;
    assert_eq!((at, timer), (Duration::from_secs(50), Timer::Idle));
    assert_eq!(message, "nothing more came for 30s");
    assert_eq!((outcome.end.word(), outcome.text.as_str()), ("interrupted", "x"));
}

#[tokio::test(start_paused = true)]
async fn keep_alives_alone_run_into_the_progress_timer() {
    let mut steps = vec![headers(), text()];
    for _ in 0..30 {
        steps.extend([after(20), Step::Say(WireEvent::Alive)]);
    }
    let (at, timer, message, _) = stalls(rules(), request(&["a"]), steps).await;
    assert_eq!((at, timer), (Duration::from_secs(180), Timer::Progress));
    assert_eq!(message, "only keep-alives came for 180s");
}

#[tokio::test(start_paused = true)]
async fn a_drip_runs_into_the_total_timer() {
    let mut steps = vec![headers()];
    for _ in 0..100 {
        steps.extend([after(20), text()]);
    }
    let buffered = RunRequest { commit: Commit::Buffered, ..request(&["a", "b"]) };
    let (at, timer, message, outcome) = stalls(rules(), buffered, steps).await;
    assert_eq!((at, timer), (Duration::from_secs(600), Timer::Total));
    assert_eq!(message, "the run took longer than 600s");
    assert_eq!((outcome.end.word(), outcome.attempts), ("failed", 1), "nothing follows the end of time");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_the_servers_error() {
    use futures_util::StreamExt;
    let bench = Bench::with(rules(), |_, _| answer(&["{", "}"]));
    let mut stream = bench.pipeline.run(request(&["a"]));
    let mut last = None;
    while let Some(timed) = stream.next().await {
        tokio::time::sleep(Duration::from_secs(60)).await;
        last = Some(timed);
    }
    assert_eq!(ended(&last.into_iter().collect::<Vec<_>>()).end, RunEnd::Done);
}
