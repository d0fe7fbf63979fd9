//! What a batch may use, and what an account lets through.

use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt};
use retort::{
    model::{
        Class, Cost, PicoDollars, Price,
        batch::{Caps, Cell},
    },
    pipeline::{BatchPlan, BatchStream, Known},
};

use super::batch::{cell_of, plan, rest, row_of, rows, until};
use crate::support::script::{Bench, answer, fails};

/// Each answer takes ten tokens in and two out, and costs a tenth of a cent.
fn bench() -> Bench {
    Bench::new(|_, _| answer(&["{", "}"]))
}

fn capped(bench: &Bench, caps: Caps, total: Option<u64>, count: u64) -> BatchStream {
    let mut plan = BatchPlan { caps, total, concurrency: 1, ..plan() };
    let price = Price { input: PicoDollars(0), output: PicoDollars(500_000_000), ..Price::default() };
    plan.targets[0][0][0].card.price = Some(price);
    bench.pipeline.batch(plan, rows(count))
}

const COST: Caps = Caps { cost: Some(0.003), tokens: None, time: None };
const TOKENS: Caps = Caps { cost: None, tokens: Some(30), time: None };
const TIME: Caps = Caps { cost: None, tokens: None, time: Some(Duration::from_millis(500)) };

#[tokio::test(start_paused = true)]
async fn a_cap_that_is_reached_pauses_it_and_more_room_lets_it_go_on() {
    for (caps, why) in [
        (COST, "$0.003000 is spent, and the cap is $0.003000"),
        (TOKENS, "36 tokens are used, and the cap is 30"),
        (TIME, "the cap of 500ms on time is reached"),
    ] {
        let bench = bench();
        let mut batch = capped(&bench, caps, None, 9);
        let words = until(&mut batch, "paused").await;
        assert_eq!(words.last().unwrap(), &format!("paused true: {why}"));
        let control = batch.control();
        // Without more room it is paused again.
        control.resume();
        assert_eq!(until(&mut batch, "paused").await[0], "resumed");
        control.set_caps(Caps::default());
        let words = rest(batch).await;
        assert_eq!((words[0].as_str(), words.last().unwrap().as_str()), ("resumed", "Complete"), "{why}");
        assert_eq!(bench.calls().len(), 9);
    }
}

#[tokio::test(start_paused = true)]
async fn more_room_does_not_end_a_pause_that_a_person_made() {
    let bench = bench();
    let mut batch = capped(&bench, Caps::default(), None, 9);
    until(&mut batch, "done 2").await;
    let control = batch.control();
    control.pause();
    until(&mut batch, "paused false").await;
    control.set_caps(COST);
    assert!(batch.next().now_or_never().is_none());
    assert!(bench.calls().len() <= 3);
    control.resume();
    assert_eq!(until(&mut batch, "paused true").await[0], "resumed");
}

#[tokio::test(start_paused = true)]
async fn stopping_it_at_a_cap_says_so() {
    let bench = bench();
    let mut batch = capped(&bench, COST, None, 9);
    until(&mut batch, "paused").await;
    batch.control().stop();
    let want = "Capped { why: \"$0.003000 is spent, and the cap is $0.003000\" }";
    assert_eq!(rest(batch).await, [want]);
    assert_eq!(bench.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cap_that_the_last_cell_reaches_stops_nothing() {
    for caps in [COST, TOKENS, Caps { time: Some(Duration::from_millis(600)), ..TIME }] {
        assert_eq!(rest(capped(&bench(), caps, None, 3)).await.last().unwrap(), "Complete");
    }
}

#[tokio::test(start_paused = true)]
async fn it_pauses_when_the_projection_passes_the_cap() {
    let caps = Caps { cost: Some(0.05), tokens: Some(10_000), time: None };
    let bench = bench();
    let mut batch = capped(&bench, caps, Some(100), 100);
    let words = until(&mut batch, "paused").await;
    assert_eq!(words.last().unwrap(), "paused true: the projection of $0.1000 passes the cap of $0.0500");
    assert_eq!(bench.calls().len(), 5);
    let bench = self::bench();
    let mut batch = capped(&bench, Caps { cost: None, tokens: Some(1000), time: None }, Some(100), 100);
    let words = until(&mut batch, "paused").await;
    assert_eq!(words.last().unwrap(), "paused true: the projection of 1200 tokens passes the cap of 1000");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_overrun_gets_half_as_many_calls_and_then_more_again() {
    let bench = Bench::new(|_, before| if before == 0 { fails(Class::RateLimited) } else { answer(&["{", "}"]) });
    let now = |bench: &Bench| bench.pipeline.accounts().first().and_then(|account| account.concurrency);
    let mut batch = bench.pipeline.batch(BatchPlan { concurrency: 8, ..plan() }, rows(100));
    let (mut seen, mut most_at) = (Vec::new(), Vec::new());
    while let Some(event) = batch.next().await {
        let room = now(&bench);
        if seen.last() != Some(&room) {
            seen.push(room);
            most_at.push(super::batch::word(&event));
        }
    }
    let grows = [None, Some(8), Some(4), Some(5), Some(6), Some(7), Some(8)];
    let seen: Vec<_> = seen.into_iter().skip_while(Option::is_none).collect();
    assert_eq!(seen, grows[1..], "{most_at:?}");
    drop(batch);
    assert_eq!(now(&bench), None);
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_was_there_before_stays() {
    let bench = bench();
    bench.pipeline.set_concurrency("openai", Some(3));
    let batch = bench.pipeline.batch(BatchPlan { concurrency: 8, ..plan() }, rows(30));
    assert_eq!(rest(batch).await.last().unwrap(), "Complete");
    assert_eq!(bench.most_open(), 3);
    assert_eq!(bench.pipeline.accounts()[0].limits.concurrency, Some(3));
}

#[tokio::test(start_paused = true)]
async fn cells_that_will_be_kept_are_not_projected() {
    // Ninety of a hundred were answered before, after ten that no model answered: those are all that is left.
    let bench = bench();
    let ends = |number| if number <= 10 { "failed" } else { "done" };
    let known = (1..=100).map(|number| (cell_of(number, ends(number)), row_of(number).fingerprint()));
    let caps = Caps { cost: Some(0.02), tokens: None, time: None };
    let mut plan =
        BatchPlan { caps, total: Some(100), known: Known::of(known), retry_failed: true, concurrency: 1, ..plan() };
    plan.targets[0][0][0].card.price =
        Some(Price { input: PicoDollars(0), output: PicoDollars(500_000_000), ..Price::default() });
    let words = rest(bench.pipeline.batch(plan, rows(100))).await;
    assert!(!words.iter().any(|word| word.starts_with("paused")), "{words:?}");
    assert_eq!((words.last().unwrap().as_str(), bench.calls().len()), ("Complete", 10));
}

#[tokio::test(start_paused = true)]
async fn what_earlier_runs_took_counts_towards_the_caps_and_what_is_kept_is_told_whatever_they_are() {
    // Two of four were answered before, for two thirds of what may be spent.
    let earlier = |number| Cell { cost: Cost::Known(PicoDollars(1_000_000_000)), ..cell_of(number, "done") };
    let known = |count| Known::of((1..=count).map(|number| (earlier(number), row_of(number).fingerprint())));
    let batch = |bench: &Bench, count| {
        let mut plan = BatchPlan { caps: COST, total: Some(4), known: known(count), concurrency: 1, ..plan() };
        plan.targets[0][0][0].card.price =
            Some(Price { input: PicoDollars(0), output: PicoDollars(500_000_000), ..Price::default() });
        bench.pipeline.batch(plan, rows(4))
    };
    for (count, calls, last) in [
        (2, 1, "paused true: $0.003000 is spent, and the cap is $0.003000"),
        (3, 0, "paused true: $0.003000 is spent, and the cap is $0.003000"),
        (4, 0, "Complete"),
    ] {
        let bench = bench();
        let words = until(&mut batch(&bench, count), last).await;
        let kept = words.iter().filter(|word| word.starts_with("kept")).count() as u64;
        assert_eq!((kept, bench.calls().len()), (count, calls), "{words:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_two_batches_share_lasts_as_long_as_either() {
    let bench = bench();
    let now = |bench: &Bench| bench.pipeline.accounts().first().and_then(|account| account.concurrency);
    let begin = |concurrency| bench.pipeline.batch(BatchPlan { concurrency, ..plan() }, rows(20));
    let (mut one, mut other) = (begin(3), begin(5));
    assert!(one.next().await.is_some() && other.next().await.is_some());
    while one.next().await.is_some() {}
    drop(one);
    assert_eq!(now(&bench), Some(5), "the other one is still under way");
    bench.pipeline.set_concurrency("openai", Some(2));
    drop(other);
    assert_eq!(now(&bench), Some(2), "what a person says outlasts a batch");
}
