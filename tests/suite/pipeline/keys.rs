//! Which key is used, cools, or rests after a refusal.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::Timestamp;
use retort::{
    model::{CallError, ErrorKind, RunEnd, RunRequest},
    pipeline::{
        BatchPlan, PipelineConfig, Readiness, RunEvent,
        event::NextStep,
        ports::{KeyMemory, PortFuture, World as _},
    },
    provider::Call,
};

use super::batch::{plan, rest, rows, until};
use crate::support::script::{Bench, Step, Still, answer, ended, fails, keys, request};

fn with_keys(list: &[(&str, &str)]) -> PipelineConfig {
    PipelineConfig { keys: keys("openai", list), ..PipelineConfig::default() }
}

fn label(call: &Call) -> &str {
    call.key.as_ref().unwrap().label.as_str()
}

fn used(bench: &Bench) -> Vec<String> {
    bench.calls().into_iter().filter_map(|(_, key)| key).collect()
}

fn limited(seconds: u64) -> Vec<Step> {
    vec![Step::Fail(CallError {
        retry_after: Some(Duration::from_secs(seconds)),
        ..CallError::new(ErrorKind::RateLimited, "too many")
    })]
}

fn next_keys(timeline: &[retort::pipeline::TimedEvent]) -> Vec<(String, Duration)> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::AttemptFailed { next: NextStep::NextKey { key, wait }, .. } => Some((key.clone(), *wait)),
            _ => None,
        })
        .collect()
}

fn rests(bench: &Bench, label: &str) -> Option<String> {
    let state = bench.pipeline.keys().into_iter().find(|key| key.label == label).unwrap().state;
    let now = Still::default().timestamp();
    match state {
        Readiness::Retired { until, why } => Some(format!("{why}, {} s", until.as_second() - now.as_second())),
        Readiness::Ready | Readiness::Cooling { .. } => None,
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_gives_way_to_the_next_at_once_and_is_tried_again_after_a_minute() {
    let bench = Bench::with(with_keys(&[("env:A", "a"), ("env:B", "b")]), |call, n| {
        if label(call) == "env:A" && n < 4 { fails(ErrorKind::Credential) } else { answer(&["{}"]) }
    });
    let timeline = bench.events(request(&["m"])).await;
    assert_eq!(next_keys(&timeline), [("env:B".to_owned(), Duration::ZERO)]);
    assert_eq!(ended(&timeline).end, RunEnd::Done);
    assert_eq!(bench.end(request(&["m"])).await.attempts, 1);
    assert_eq!(used(&bench), ["env:A", "env:B", "env:B"], "it rests while another is at hand");
    assert_eq!((rests(&bench, "env:A").as_deref(), rests(&bench, "env:B")), (Some("API key rejected, 59 s"), None));
    assert!(!format!("{timeline:?}{:?}", bench.pipeline.keys()).contains("sk-env"), "keys appear by label alone");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.end(request(&["m"])).await.attempts, 2, "refused once more, it rests once more");
    assert_eq!(rests(&bench, "env:A").as_deref(), Some("API key rejected, 59 s"));
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(bench.end(request(&["m"])).await.attempts, 1);
    assert_eq!((used(&bench)[3..].join(" "), rests(&bench, "env:A")), ("env:A env:B env:A".to_owned(), None));
}

#[tokio::test(start_paused = true)]
async fn a_person_has_the_only_key_tried_at_once_and_a_batch_until_it_was_refused_three_times() {
    let bench = Bench::with(with_keys(&[("env:A", "a")]), |_, _| fails(ErrorKind::Credential));
    for run in 1..=5 {
        let outcome = bench.end(request(&["m"])).await;
        assert_eq!((outcome.end.word(), bench.calls().len()), ("failed", run), "each new run has it tried");
    }
    let bench =
        Bench::with(
            with_keys(&[("env:A", "a")]),
            |_, n| {
                if n == 0 { fails(ErrorKind::Credential) } else { answer(&["{}"]) }
            },
        );
    let words = rest(bench.pipeline.batch(BatchPlan { concurrency: 1, ..plan() }, rows(4))).await;
    assert_eq!(words.iter().filter(|word| word.starts_with("done")).count(), 3, "one refusal takes one row: {words:?}");
    let bench =
        Bench::with(
            with_keys(&[("env:A", "a")]),
            |_, n| {
                if n < 3 { fails(ErrorKind::Credential) } else { answer(&["{}"]) }
            },
        );
    let mut batch = bench.pipeline.batch(BatchPlan { concurrency: 1, ..plan() }, rows(100));
    until(&mut batch, "failed 50").await;
    assert_eq!(bench.calls().len(), 3, "a hundred rows are not a hundred refusals");
    tokio::time::sleep(Duration::from_secs(60)).await;
    let words = rest(batch).await;
    assert_eq!(words.iter().filter(|word| word.starts_with("done")).count(), 50, "after a minute it is tried again");
    assert_eq!(rests(&bench, "env:A"), None);
}

#[tokio::test(start_paused = true)]
async fn what_one_request_did_wrong_puts_no_key_aside() {
    for class in [
        ErrorKind::ContentPolicy,
        ErrorKind::ModelGone,
        ErrorKind::CallerFault,
        ErrorKind::ContextTooLong,
        ErrorKind::Region,
        ErrorKind::ParamRejected,
        ErrorKind::Overloaded,
        ErrorKind::Unknown,
    ] {
        let bench = Bench::with(with_keys(&[("env:A", "a")]), move |_, n| {
            if n == 0 {
                vec![Step::Fail(CallError { status: Some(403), ..CallError::new(class, "x") })]
            } else {
                answer(&["{}"])
            }
        });
        bench.end(request(&["m"])).await;
        assert_eq!(bench.pipeline.keys()[0].state, Readiness::Ready, "{class}");
        assert_eq!(bench.end(RunRequest { sample: 1, ..request(&["m"]) }).await.end, RunEnd::Done, "{class}");
    }
}

/// Remembers one turn, and what rests.
struct Remembers(u64, Mutex<Vec<(String, bool)>>);

impl KeyMemory for Remembers {
    fn turn<'a>(&'a self, _provider: &'a str) -> PortFuture<'a, u64> {
        Box::pin(std::future::ready(self.0))
    }

    fn rests(&self, _provider: &str, label: &str, rest: Option<(Timestamp, &str)>) {
        self.1.lock().unwrap().push((label.to_owned(), rest.is_some()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_turn_goes_on_where_the_last_program_left_it_and_what_rests_is_remembered() {
    let list = [("env:A", "a"), ("env:B", "b"), ("env:C", "c")];
    for (turn, order) in [(0, "A B C A"), (1, "B C A B"), (5, "C A B C"), (u64::MAX, "A B C A")] {
        let mut bench = Bench::with(with_keys(&list), |_, _| answer(&["{}"]));
        bench.remembers(Arc::new(Remembers(turn, Mutex::default())));
        for _ in 0..4 {
            bench.end(request(&["m"])).await;
        }
        assert_eq!(used(&bench).join(" ").replace("env:", ""), order, "turn {turn}");
    }
    let memory = Arc::new(Remembers(1, Mutex::default()));
    let mut bench = Bench::with(with_keys(&[("env:A", "a"), ("env:B1", "b"), ("env:B2", "b")]), |call, n| {
        if n == 0 && label(call) == "env:B1" { fails(ErrorKind::Quota) } else { answer(&["{}"]) }
    });
    bench.remembers(Arc::clone(&memory) as Arc<dyn KeyMemory>);
    bench.end(request(&["m"])).await;
    tokio::time::sleep(Duration::from_secs(61)).await;
    bench.end(request(&["m"])).await;
    let timeline = memory.1.lock().unwrap().clone();
    let owned = |label: &str, rests| (label.to_owned(), rests);
    assert_eq!(timeline, [owned("env:B1", true), owned("env:B2", true), owned("env:B2", false)]);
}

#[tokio::test]
async fn a_walk_to_a_ready_key_is_free_also_while_the_clock_runs() {
    let names = ["env:A", "env:B", "env:C", "env:D", "env:E", "env:F"];
    let bench = Bench::with(with_keys(&names.map(|name| (name, name))), |call, _| {
        if label(call) == "env:F" { answer(&["{}"]) } else { fails(ErrorKind::Credential) }
    });
    assert_eq!(bench.end(request(&["m"])).await.end, RunEnd::Done);
    assert_eq!(used(&bench), names);
}

#[tokio::test(start_paused = true)]
async fn walks_over_refused_keys_cost_no_retries() {
    let names: Vec<String> = (0..12).map(|n| format!("env:{n}")).collect();
    let list: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let bench = Bench::with(with_keys(&list), |call, n| match label(call) {
        "env:11" if n < 13 => fails(ErrorKind::Transient),
        "env:11" => answer(&["{}"]),
        _ => fails(ErrorKind::Credential),
    });
    let outcome = bench.end(request(&["m"])).await;
    assert_eq!((outcome.end, outcome.attempts), (RunEnd::Done, 14));
}

#[tokio::test(start_paused = true)]
async fn while_every_key_rests_the_next_provider_is_asked() {
    let bench = Bench::with(with_keys(&[("env:A", "a")]), |call, _| {
        if call.target.name == "m" { fails(ErrorKind::Credential) } else { answer(&["{}"]) }
    });
    let two = || {
        let mut two = request(&["m", "local"]);
        two.targets[1].provider = "local".to_owned();
        two.targets[1].custom_endpoint = true;
        two
    };
    assert_eq!(bench.end(two()).await.target, "local");
    let timeline = bench.events(two()).await;
    let skipped = timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Skipped { target, error, next } => Some((target.clone(), error.to_string(), next.clone())),
        _ => None,
    });
    let (target, error, next) = skipped.unwrap();
    assert_eq!(target, "m");
    assert_eq!(error, "API key rejected: every key for openai rests: env:A (API key rejected)");
    assert_eq!(next, NextStep::NextModel { to: "local".to_owned() });
    assert_eq!(bench.calls().iter().filter(|(target, _)| target == "m").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_key_a_vendor_is_not_asked_and_the_words_say_what_to_do() {
    let bench = Bench::with(PipelineConfig::default(), |_, _| answer(&["{}"]));
    let outcome = bench.end(request(&["m"])).await;
    assert_eq!(outcome.end.to_string(), "m: API key missing: set OPENAI_API_KEY or add api_keys to [providers.openai]");
    assert_eq!((outcome.attempts, bench.calls().len()), (0, 0));
    let mut local = request(&["m"]);
    local.targets[0].custom_endpoint = true;
    assert_eq!(bench.end(local).await.end, RunEnd::Done, "another endpoint may need none");
}

#[tokio::test(start_paused = true)]
async fn keys_take_turns() {
    let bench = Bench::with(with_keys(&[("env:A", "a"), ("env:B", "b")]), |_, _| answer(&["{}"]));
    for _ in 0..4 {
        bench.end(request(&["m"])).await;
    }
    assert_eq!(used(&bench), ["env:A", "env:B", "env:A", "env:B"]);
}

#[tokio::test(start_paused = true)]
async fn a_limit_cools_the_account_and_another_account_goes_on_at_once() {
    let list = [("env:A1", "a"), ("env:A2", "a"), ("env:B", "b")];
    let bench =
        Bench::with(with_keys(&list), |call, _| if label(call) == "env:B" { answer(&["{}"]) } else { limited(60) });
    let timeline = bench.events(request(&["m"])).await;
    assert_eq!(next_keys(&timeline), [("env:B".to_owned(), Duration::ZERO)]);
    assert_eq!(used(&bench), ["env:A1", "env:B"], "the second key of a cooling account is spared");
    let cooling = bench.pipeline.keys().iter().filter(|key| matches!(key.state, Readiness::Cooling { .. })).count();
    assert_eq!(cooling, 2);
}

#[tokio::test(start_paused = true)]
async fn one_account_waits_and_takes_its_other_key() {
    let bench =
        Bench::with(
            with_keys(&[("env:A1", "a"), ("env:A2", "a")]),
            |_, n| {
                if n == 0 { limited(5) } else { answer(&["{}"]) }
            },
        );
    let timeline = bench.events(request(&["m"])).await;
    let walks = next_keys(&timeline);
    assert_eq!(walks.len(), 1);
    assert!(walks[0].0 == "env:A2" && walks[0].1 >= Duration::from_secs(5), "{walks:?}");
}

#[tokio::test(start_paused = true)]
async fn an_account_out_of_credit_rests_with_all_its_keys() {
    let bench = Bench::with(with_keys(&[("env:A1", "a"), ("env:A2", "a"), ("env:B", "b")]), |call, _| {
        if label(call) == "env:B" { answer(&["{}"]) } else { fails(ErrorKind::Quota) }
    });
    bench.end(request(&["m"])).await;
    assert_eq!(used(&bench), ["env:A1", "env:B"]);
    let rest = bench.pipeline.keys().iter().filter(|key| matches!(key.state, Readiness::Retired { .. })).count();
    assert_eq!(rest, 2);
}

#[tokio::test(start_paused = true)]
async fn another_run_waits_for_a_cooling_account() {
    let bench = Bench::with(with_keys(&[("env:A", "a")]), |_, n| if n == 0 { limited(30) } else { answer(&["{}"]) });
    let first = bench.events(request(&["m"]));
    let second = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        bench.events(RunRequest { sample: 1, ..request(&["m"]) }).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((ended(&first).attempts, ended(&second).attempts), (2, 1));
    let queued = second.iter().find_map(|timed| match &timed.event {
        RunEvent::Queued { why, wait } => Some((why.clone(), wait.unwrap())),
        _ => None,
    });
    let (why, wait) = queued.unwrap();
    assert_eq!(why, "every key for openai cools down");
    assert!(wait >= Duration::from_secs(20) && wait < Duration::from_secs(21), "{wait:?}");
}
