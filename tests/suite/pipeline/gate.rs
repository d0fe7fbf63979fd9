//! How much of an account is used at once and in a minute, and what waits for it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{FutureExt, StreamExt, future::join_all};
use proptest::{collection::vec, prelude::*};
use retort::{
    model::{CallError, ErrorKind, Input, Outcome, RunEnd, RunRequest, Usage, settings::AccountLimits},
    pipeline::{AccountState, PipelineConfig, RunEvent, TimedEvent},
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, answer, ended, keys, request, until};

fn rules(limits: AccountLimits) -> PipelineConfig {
    let limits = BTreeMap::from([("openai".to_owned(), limits)]);
    PipelineConfig { limits, keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() }
}

fn at_once(concurrency: usize) -> PipelineConfig {
    rules(AccountLimits { concurrency: Some(concurrency), ..AccountLimits::default() })
}

fn state(bench: &Bench) -> AccountState {
    bench.pipeline.accounts().remove(0)
}

fn queued(timeline: &[TimedEvent]) -> Vec<(String, Option<Duration>)> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Queued { why, wait } => Some((why.clone(), *wait)),
            _ => None,
        })
        .collect()
}

async fn all(bench: &Bench, count: usize) -> Vec<Outcome> {
    join_all((0..count).map(|_| bench.end(request(&["a"])))).await
}

#[tokio::test(start_paused = true)]
async fn no_more_calls_are_under_way_than_an_account_may_have() {
    let bench = Bench::with(at_once(2), |_, _| answer(&["{}"]));
    let outcomes = all(&bench, 7).await;
    assert!(outcomes.iter().all(|outcome| outcome.end == RunEnd::Done));
    assert_eq!((bench.most_open(), bench.calls().len(), state(&bench).under_way), (2, 7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waits_says_so_and_can_be_stopped() {
    let bench = Bench::with(at_once(1), |_, _| vec![Step::Hang]);
    let mut first = bench.pipeline.run(request(&["a"]));
    until(&mut first, |event| matches!(event, RunEvent::Attempt { .. })).await;
    let mut second = bench.pipeline.run(request(&["a"]));
    // The first one is under way once it is polled again.
    assert!(first.next().now_or_never().is_none());
    let timeline = until(&mut second, |event| matches!(event, RunEvent::Queued { .. })).await;
    assert_eq!(queued(&[timeline]), [("k has as many calls under way as it may".to_owned(), None)]);
    second.control().stop();
    let timeline: Vec<TimedEvent> = second.collect().await;
    assert_eq!((&ended(&timeline).end, ended(&timeline).attempts), (&RunEnd::Cancelled, 0));
    drop(first);
    assert_eq!(state(&bench).under_way, 0, "a dropped run leaves its place");
}

#[tokio::test(start_paused = true)]
async fn concurrency_halves_once_for_calls_overrun_together_and_grows_with_success() {
    let limited =
        || CallError { retry_after: Some(Duration::from_secs(1)), ..CallError::new(ErrorKind::RateLimited, "x") };
    let bench = Bench::with(at_once(8), move |_, n| match n {
        0..8 => vec![Step::After(Duration::from_millis(10)), Step::Fail(limited())],
        _ => answer(&["{}"]),
    });
    let runs = all(&bench, 8);
    let halved = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        state(&bench).concurrency
    };
    let (outcomes, halved) = tokio::join!(runs, halved);
    assert_eq!(halved, Some(4));
    assert!(outcomes.iter().all(|outcome| outcome.end == RunEnd::Done));
    all(&bench, 200).await;
    assert_eq!(state(&bench).concurrency, Some(8), "as many as are configured, and no more");
}

#[tokio::test(start_paused = true)]
async fn the_minutes_requests_are_spread_over_the_minute() {
    let limits = AccountLimits { requests_per_minute: Some(3), ..AccountLimits::default() };
    let bench = Bench::with(rules(limits), |_, _| answer(&["{}"]));
    let outcomes = all(&bench, 3).await;
    let times: Vec<_> = outcomes.iter().map(|outcome| outcome.timing.total.as_secs_f64()).collect();
    let third = 61.0 / 3.0;
    for (time, want) in times.iter().zip([0.1, third + 0.1, 2.0 * third + 0.1]) {
        assert!((time - want).abs() < 0.01, "{times:?}");
    }
    let timeline = bench.events(request(&["a"])).await;
    assert_eq!(queued(&timeline).len(), 1);
    assert_eq!(queued(&timeline)[0].0, "k spreads its requests over the minute");
}

/// When each call was made, and the tokens it took in the end.
type Made = Arc<Mutex<Vec<(tokio::time::Instant, u64)>>>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Runs come at any time, take any time, fail and are tried again, and use up to what they may.
    #[test]
    fn no_sixty_seconds_have_more_than_the_limits(
        requests in prop::option::of(1_u32..90),
        tokens in prop::option::of(400_u64..3000),
        at_once in prop::option::of(1_usize..8),
        runs in vec((0_u64..40_000, 0_u64..20_000, 0_u64..=68, 0_u64..=100, prop::bool::weighted(0.2)), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let limits = AccountLimits { concurrency: at_once, requests_per_minute: requests, tokens_per_minute: tokens };
        runtime.block_on(holds(limits, runs));
    }
}

async fn holds(limits: AccountLimits, runs: Vec<(u64, u64, u64, u64, bool)>) {
    let made = Made::default();
    let (noted, fates) = (Arc::clone(&made), runs.clone());
    let mut all = rules(limits);
    all.timeouts.total = Duration::from_secs(100_000);
    (all.retry.min_wait, all.retry.max_wait) = (Duration::from_millis(10), Duration::from_millis(10));
    let bench = Bench::with(all, move |call, before| {
        let at: usize = call.messages.last().unwrap().content.parse().unwrap();
        let (_, takes, input, output, fails) = fates[at];
        let fails = fails && before % 2 == 0;
        let billed = if fails { 0 } else { input + output };
        noted.lock().unwrap().push((tokio::time::Instant::now(), billed));
        if fails {
            return vec![
                Step::After(Duration::from_millis(takes)),
                Step::Fail(CallError::new(ErrorKind::Transient, "x")),
            ];
        }
        let usage = Usage { input: Some(input), output: Some(output), ..Usage::default() };
        let mut steps = answer(&["{}"]);
        steps.retain(|step| !matches!(step, Step::Say(WireEvent::Usage(_))));
        steps.insert(1, Step::Say(WireEvent::Usage(usage)));
        steps.insert(1, Step::After(Duration::from_millis(takes)));
        steps
    });
    let start = tokio::time::Instant::now();
    let one = async |at: usize, arrives: u64| {
        tokio::time::sleep(Duration::from_millis(arrives)).await;
        let mut request = request(&["a"]);
        Arc::make_mut(&mut request.prompt).params.max_tokens = Some(100);
        request.input = Input::of(at.to_string());
        bench.end(request).await
    };
    let ends = join_all(runs.iter().enumerate().map(|(at, (arrives, ..))| one(at, *arrives))).await;
    let made = made.lock().unwrap();
    let minute = Duration::from_secs(60);
    for (at, (from, _)) in made.iter().enumerate() {
        let within = made[at..].iter().filter(|(time, _)| *time < *from + minute);
        let (count, sum) = within.fold((0, 0), |(count, sum), (_, tokens)| (count + 1, sum + tokens));
        let after = from.duration_since(start);
        assert!(limits.requests_per_minute.is_none_or(|most| count <= most), "{count} requests from {after:?} on");
        assert!(limits.tokens_per_minute.is_none_or(|most| sum <= most), "{sum} tokens from {after:?} on");
    }
    let let_through = |outcome: &Outcome| outcome.end == RunEnd::Done || outcome.attempts == 3;
    assert!(ends.iter().all(let_through), "each is let through in the end");
    if let Some(most) = limits.requests_per_minute {
        let least = Duration::from_secs(60) / most;
        assert!(made.windows(2).all(|pair| pair[1].0 - pair[0].0 >= least), "they are spread evenly");
    }
}

#[tokio::test(start_paused = true)]
async fn the_first_call_of_an_account_shows_what_one_takes() {
    // Eight at once, each of which the provider counts as 2000 tokens whatever is set aside for it.
    let limits = AccountLimits { tokens_per_minute: Some(20_000), ..AccountLimits::default() };
    let made = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&made);
    let bench = Bench::with(rules(limits), move |_, _| {
        noted.lock().unwrap().push(tokio::time::Instant::now());
        let usage = Usage { input: Some(1000), output: Some(1000), ..Usage::default() };
        let mut steps = answer(&["{}"]);
        steps.retain(|step| !matches!(step, Step::Say(WireEvent::Usage(_))));
        steps.insert(1, Step::Say(WireEvent::Usage(usage)));
        steps
    });
    all(&bench, 30).await;
    let made = made.lock().unwrap();
    let minute = Duration::from_secs(60);
    let most =
        made.iter().map(|from| made.iter().filter(|time| *time >= from && **time < *from + minute).count()).max();
    assert!(most.is_some_and(|most| (8..=10).contains(&most)), "{most:?} calls of 2000 tokens in a minute");
    assert_eq!(made.len(), 30);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_set_aside_and_settled_with_what_was_used() {
    let limits = AccountLimits { tokens_per_minute: Some(1000), ..AccountLimits::default() };
    let bench = Bench::with(rules(limits), |_, _| answer(&["{}"]));
    let asks = |tokens| {
        let mut request = request(&["a"]);
        Arc::make_mut(&mut request.prompt).params.max_tokens = Some(tokens);
        request
    };
    let (first, second) = tokio::join!(bench.end(asks(800)), bench.end(asks(800)));
    assert_eq!(first.usage, Usage { input: Some(10), output: Some(1), ..Usage::default() });
    assert_eq!(bench.most_open(), 1, "two reservations do not fit");
    assert_eq!(second.timing.total, Duration::from_millis(200), "the first took little: the second goes on at once");
    assert_eq!(state(&bench).tokens, 22);
    let alone = bench.end(asks(5000)).await;
    assert_eq!(alone.end, RunEnd::Done, "a call larger than the limit goes alone");
}

#[tokio::test(start_paused = true)]
async fn headers_that_say_nothing_is_left_hold_the_next_call_back() {
    let bench = Bench::with(rules(AccountLimits::default()), |_, n| {
        let mut steps = answer(&["{}"]);
        if n == 0 {
            steps.insert(1, Step::Say(WireEvent::Exhausted(Duration::from_secs(20))));
        }
        steps
    });
    assert_eq!(bench.end(request(&["a"])).await.end, RunEnd::Done);
    let timeline = bench.events(request(&["a"])).await;
    let wait = Duration::from_millis(19_900);
    assert_eq!(queued(&timeline), [("k has nothing left of its limit".to_owned(), Some(wait))]);
    assert_eq!(ended(&timeline).timing.total, Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn a_lower_limit_holds_for_the_runs_under_way_and_says_who_waits() {
    let bench = Bench::with(at_once(4), |_, _| answer(&["{}", "", "", ""]));
    let lowered = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench.pipeline.set_concurrency("openai", Some(1));
        let before = state(&bench);
        // The four under way have ended by now; only one follows them at a time.
        let mut seen = Vec::new();
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(400)).await;
            seen.push((state(&bench).under_way, bench.open(), state(&bench).waiting));
        }
        (before, seen)
    };
    let (outcomes, (before, seen)) = tokio::join!(all(&bench, 8), lowered);
    assert!(outcomes.iter().all(|outcome| outcome.end == RunEnd::Done));
    assert_eq!((before.under_way, before.waiting, before.concurrency), (4, 4, Some(1)), "none is cut off");
    assert_eq!(seen[..4], [(1, 1, 3), (1, 1, 2), (1, 1, 1), (1, 1, 0)]);
    assert_eq!(seen[9], (0, 0, 0));
}

#[test]
fn accounts_are_listed_before_they_are_called() {
    let bench = Bench::with(at_once(4), |_, _| answer(&["{}"]));
    let AccountState { provider, account, under_way, concurrency, rests, .. } = state(&bench);
    assert_eq!((provider.as_str(), account.as_str()), ("openai", "k"));
    assert_eq!((under_way, concurrency, rests), (0, Some(4), None));
}

#[tokio::test(start_paused = true)]
async fn the_limit_can_be_moved_while_runs_wait() {
    let bench = Bench::with(at_once(1), |_, _| answer(&["{}"]));
    let wider = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        bench.pipeline.set_concurrency("openai", Some(3));
    };
    let (outcomes, ()) = tokio::join!(all(&bench, 4), wider);
    assert_eq!((outcomes.len(), bench.most_open()), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_runs_time_leads_on() {
    let bench = Bench::with(rules(AccountLimits::default()), |_, _| {
        let mut steps = answer(&["{}"]);
        steps.insert(1, Step::Say(WireEvent::Exhausted(Duration::from_secs(3000))));
        steps
    });
    bench.end(request(&["a"])).await;
    let outcome = bench.end(RunRequest { sample: 1, ..request(&["a"]) }).await;
    assert_eq!((outcome.end.word(), outcome.attempts, outcome.timing.total), ("failed", 0, Duration::ZERO));
}
