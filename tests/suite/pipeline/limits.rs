//! Batches on servers that refuse what is too much: as fast as those allow, and nothing lost.

use std::time::Duration;

use futures_util::StreamExt as _;
use retort::{
    model::{CallError, ErrorKind},
    pipeline::{BatchEvent, BatchPlan, PipelineConfig},
};

use super::batch::{number, plan, rest, rows, until, word};
use crate::support::{
    limited::{Limited, Says},
    script::{Bench, Step, answer, fails, keys},
};

/// Servers of the simulation that the suite asks; `cargo bench -- limits` asks a thousand.
const SAMPLE: u64 = 12;

/// What a batch on a server made up from any seed may take, measured by the best number of calls at once.
const WORST: f64 = 1.3;

fn simulated(seeds: impl Iterator<Item = u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    for seed in seeds {
        let server = Limited::random(seed);
        let (best, at_once) = server.best();
        let batched = runtime.block_on(server.batch(64));
        let ratio = batched.seconds / best;
        let what = format!(
            "server {seed}, {} that says {:?}: {batched:?}, at best {best:.1} s with {at_once} at once",
            server.kind, server.says
        );
        assert_eq!((batched.done, batched.early), (server.count(), 0), "nothing is lost or asked too soon: {what}");
        assert!(ratio <= WORST, "{ratio:.2} times the best: {what}");
    }
}

#[test]
fn a_batch_takes_at_most_1_3_times_as_long_as_the_best_number_of_calls_at_once() {
    simulated(0..SAMPLE);
}

#[tokio::test(start_paused = true)]
async fn rows_that_are_each_refused_twice_do_not_wait_for_each_other() {
    for concurrency in [5, 8] {
        let batched = Limited::refusing(2, 1.0, Says::Right).batch(concurrency).await;
        assert_eq!((batched.done, batched.early, batched.calls), (40, 0, 120), "{batched:?}");
        assert!(batched.seconds <= 15.0, "{batched:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_takes_eight_at_a_time_is_kept_busy() {
    for concurrency in [16, 32, 64] {
        for says in [Says::Right, Says::Seconds, Says::Nothing] {
            let batched = Limited::at_once(8, says, 200, 0.3).batch(concurrency).await;
            assert_eq!((batched.done, batched.early), (200, 0), "{batched:?}");
            assert!(batched.seconds <= 15.0, "{says:?} {concurrency}: {batched:?}");
        }
    }
}

fn limited(seconds: u64) -> Vec<Step> {
    let limited = CallError::new(ErrorKind::RateLimited, "too many requests");
    vec![Step::Fail(CallError { status: Some(429), retry_after: Some(Duration::from_secs(seconds)), ..limited })]
}

fn with_keys(list: &[(&str, &str)]) -> PipelineConfig {
    PipelineConfig { keys: keys("openai", list), ..PipelineConfig::default() }
}

#[tokio::test(start_paused = true)]
async fn a_limited_key_is_told_with_when_it_frees_and_the_batch_goes_on_then() {
    let start = tokio::time::Instant::now();
    let bench = Bench::with(with_keys(&[("env:K", "k")]), move |_, _| {
        if start.elapsed() < Duration::from_secs(20) { limited(20) } else { answer(&["{}"]) }
    });
    let mut batch = bench.pipeline.batch(BatchPlan { concurrency: 5, ..plan() }, rows(40));
    let words = until(&mut batch, "paused").await;
    let why = "paused false: k is rate limited until 2026-11-22 12:00:20 UTC, and goes on then";
    assert_eq!((words.last().unwrap().as_str(), start.elapsed()), (why, Duration::ZERO));
    let calls = bench.calls().len();
    let words = [words, rest(batch).await].concat();
    assert!(calls <= 5 && words.contains(&"resumed".to_owned()), "{calls} {words:?}");
    assert_eq!(words.iter().filter(|word| word.starts_with("done")).count(), 40, "no row lost its tries");
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_key_that_lets_nothing_through_is_asked_more_and_more_seldom_and_told_within_five_seconds() {
    let bench = Bench::with(with_keys(&[("env:K", "k")]), |_, _| limited(1));
    let start = tokio::time::Instant::now();
    let mut batch = bench.pipeline.batch(BatchPlan { concurrency: 5, ..plan() }, rows(40));
    let words = until(&mut batch, "paused").await;
    assert!(start.elapsed() <= Duration::from_secs(5), "{:?} {words:?}", start.elapsed());
    assert!(words.last().unwrap().contains("has answered nothing for"), "{words:?}");
    let calls = bench.calls().len();
    let words = until(&mut batch, "paused true").await;
    assert!(bench.calls().len() <= calls + 20, "{} after {calls}", bench.calls().len());
    assert!(start.elapsed() >= Duration::from_secs(600), "{:?} {words:?}", start.elapsed());
    batch.control().drain();
    let words = rest(batch).await;
    assert!(words.last().unwrap().starts_with("Capped { cap: Account"), "{words:?}");
    assert!(!words.iter().any(|word| word.starts_with("failed")), "each row can be asked again: {words:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_an_hour_and_a_quota_that_is_used_up_stop_it_at_once_and_lose_nothing() {
    let hour = "k is rate limited until 2026-11-22 13:00:00 UTC";
    let quota = "k is out of credit or quota, and the provider does not say until when";
    for (refusal, why) in [(limited(3600), hour), (fails(ErrorKind::Quota), quota)] {
        let bench = Bench::with(with_keys(&[("env:K", "k")]), move |call, before| {
            if number(call) > 3 && before < 20 { refusal.clone() } else { answer(&["{}"]) }
        });
        let start = tokio::time::Instant::now();
        let mut batch = bench.pipeline.batch(plan(), rows(40));
        let words = until(&mut batch, "paused").await;
        assert_eq!(words.last().unwrap(), &format!("paused true: {why}"));
        assert!(start.elapsed() < Duration::from_secs(5) && bench.calls().len() <= 6, "{:?}", bench.calls().len());
        let control = batch.control();
        let mut refused = 0;
        let mut words = words;
        // A person has it tried again until it is let through.
        while let Some(event) = batch.next().await {
            words.push(word(&event));
            if matches!(event, BatchEvent::Paused { .. }) {
                refused += 1;
                control.resume();
            }
            if refused == 0 {
                refused += 1;
                control.resume();
            }
            assert!(refused < 30, "{words:?}");
        }
        assert_eq!(words.iter().filter(|word| word.starts_with("done")).count(), 40, "{words:?}");
        assert!(!words.iter().any(|word| word.starts_with("failed")), "{words:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn another_account_goes_on_while_one_is_limited() {
    let bench = Bench::with(with_keys(&[("env:A", "a"), ("env:B", "b")]), |call, _| {
        if call.key.as_ref().is_some_and(|key| key.label == "env:A") { limited(60) } else { answer(&["{}"]) }
    });
    let start = tokio::time::Instant::now();
    let words = rest(bench.pipeline.batch(BatchPlan { concurrency: 4, ..plan() }, rows(40))).await;
    assert_eq!(words.iter().filter(|word| word.starts_with("done")).count(), 40, "{words:?}");
    assert!(!words.iter().any(|word| word.starts_with("paused")), "{words:?}");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
}
