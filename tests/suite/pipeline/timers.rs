//! Every timer of an attempt.

use std::time::Duration;

use retort::{
    model::{Class, Commit, End, Outcome, RunRequest, Timer},
    pipeline::{Rules, RunEvent, Told},
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, answer, ended, keys, request};

fn rules() -> Rules {
    Rules { keys: keys("openai", &[("env:K", "k")]), ..Rules::default() }
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

fn first_fault(told: &[Told]) -> (Duration, Class, String) {
    told.iter()
        .find_map(|told| match &told.event {
            RunEvent::AttemptFailed { fault, .. } => Some((told.at, fault.class, fault.message.clone())),
            _ => None,
        })
        .unwrap()
}

async fn stalls(rules: Rules, request: RunRequest, steps: Vec<Step>) -> (Duration, Timer, String, Outcome) {
    let bench = Bench::with(rules, move |_, n| if n == 0 { steps.clone() } else { answer(&["{}"]) });
    let told = bench.tell(request).await;
    assert_eq!(bench.open(), 0, "a call that timed out is closed");
    let (at, class, message) = first_fault(&told);
    let Class::Timeout(timer) = class else { panic!("{class}: {message}") };
    (at, timer, message, ended(&told).clone())
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_runs_into_the_first_byte_timer() {
    let (at, timer, message, outcome) = stalls(rules(), request(&["a"]), vec![Step::Hang]).await;
    assert_eq!((at, timer), (Duration::from_secs(30), Timer::FirstByte));
    assert_eq!(message, "no response within 30s");
    assert_eq!((outcome.end, outcome.attempts), (End::Done, 2));
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

#[tokio::test(start_paused = true)]
async fn a_model_that_reasons_in_silence_has_longer() {
    let mut request = request(&["a"]);
    request.targets[0].card.reasons = true;
    let (at, timer, ..) = stalls(rules(), request, vec![headers(), Step::Hang]).await;
    assert_eq!((at, timer), (Duration::from_secs(180), Timer::FirstToken));
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
async fn this_machine_and_a_providers_own_setting_have_their_own_times() {
    let mut local = request(&["a"]);
    local.targets[0].base_url = Some("http://127.0.0.1:8080/v1".to_owned());
    let (at, ..) = stalls(rules(), local.clone(), vec![Step::Hang]).await;
    assert_eq!(at, Duration::from_secs(300));
    let mut own = rules();
    own.provider_timeouts.insert("openai".to_owned(), Duration::from_secs(7));
    let (at, ..) = stalls(own, local, vec![Step::Hang]).await;
    assert_eq!(at, Duration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_is_not_the_servers_fault() {
    use futures_util::StreamExt;
    let bench = Bench::with(rules(), |_, _| answer(&["{", "}"]));
    let mut stream = bench.pipeline.run(request(&["a"]));
    let mut last = None;
    while let Some(told) = stream.next().await {
        tokio::time::sleep(Duration::from_secs(60)).await;
        last = Some(told);
    }
    assert_eq!(ended(&last.into_iter().collect::<Vec<_>>()).end, End::Done);
}
