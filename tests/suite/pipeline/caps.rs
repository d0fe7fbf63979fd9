//! What a batch may use, and what an account lets through.

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt as _, StreamExt};
use proptest::{collection::vec, prelude::*};
use retort::{
    model::{
        CallError, Cost, ErrorKind, Finish, PicoDollars, Price, RunEnd, Usage,
        batch::{BatchLimits, Cell},
    },
    pipeline::{BatchPlan, BatchStream, KnownCells},
    provider::WireEvent,
};

use super::batch::{cell_of, number, plan, rest, row_of, rows, until, word};
use crate::support::script::{Bench, Step, answer, fails, target};

/// Each answer takes ten tokens in and two out, and costs a tenth of a cent.
fn bench() -> Bench {
    Bench::new(|_, _| answer(&["{", "}"]))
}

/// A plan whose answers have two tokens at most.
fn limited(caps: BatchLimits) -> BatchPlan {
    let mut plan = BatchPlan { caps, concurrency: 1, ..plan() };
    Arc::make_mut(&mut plan.prompts[0].1).params.max_tokens = Some(2);
    let price = Price { input: PicoDollars(0), output: PicoDollars(500_000_000), ..Price::default() };
    plan.targets[0][0][0].card.price = Some(price);
    plan
}

fn capped(bench: &Bench, caps: BatchLimits, total: Option<u64>, count: u64) -> BatchStream {
    bench.pipeline.batch(BatchPlan { total, ..limited(caps) }, rows(count))
}

const COST: BatchLimits = BatchLimits { cost: Some(0.003), tokens: None, time: None };
/// Room for three answers, and for the bytes of one more.
const TOKENS: BatchLimits = BatchLimits { cost: None, tokens: Some(90), time: None };
const TIME: BatchLimits = BatchLimits { cost: None, tokens: None, time: Some(Duration::from_millis(500)) };

fn with_end(words: &[String], end: &str) -> usize {
    words.iter().filter(|word| word.starts_with(end)).count()
}

#[tokio::test(start_paused = true)]
async fn a_cap_that_is_reached_pauses_it_and_more_room_lets_it_go_on() {
    for (caps, why) in [
        (COST, "$0.003000 is spent, and the cap is $0.003000"),
        (
            TOKENS,
            "the next call to m may take up to 66 tokens (64 in, 2 out; a lower max_tokens sets less aside), and 54 of \
             90 are left",
        ),
        (TIME, "the cap of 500ms on time is reached"),
    ] {
        let bench = bench();
        let mut batch = capped(&bench, caps, None, 9);
        let words = until(&mut batch, "paused").await;
        assert_eq!(words.last().unwrap(), &format!("paused true: {why}"));
        let before = with_end(&words, "done");
        let control = batch.control();
        // Without more room it is paused again.
        control.resume();
        assert_eq!(until(&mut batch, "paused").await[0], "resumed");
        control.set_caps(BatchLimits::default());
        let words = rest(batch).await;
        assert_eq!((words[0].as_str(), words.last().unwrap().as_str()), ("resumed", "Complete"), "{why}");
        assert_eq!(with_end(&words, "done"), 9 - before, "{why}: none is lost and none told twice");
    }
}

#[tokio::test(start_paused = true)]
async fn more_room_does_not_end_a_pause_that_a_person_made() {
    let bench = bench();
    let mut batch = capped(&bench, BatchLimits::default(), None, 9);
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
    let want = "Capped { cap: Cost, why: \"$0.003000 is spent, and the cap is $0.003000\" }";
    assert_eq!(rest(batch).await, [want]);
    assert_eq!(bench.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_under_way_at_a_cap_is_paid_for_and_ends_by_itself() {
    // Five cells are under way when the first of them has ended and the projection passes the cap.
    let bench = Bench::new(|call, _| {
        let wait = Step::After(Duration::from_secs(number(call)));
        std::iter::once(wait).chain(answer(&["{", "}"])).collect()
    });
    let plan = BatchPlan {
        concurrency: 12,
        total: Some(100),
        ..limited(BatchLimits { cost: Some(0.05), ..BatchLimits::default() })
    };
    let mut batch = bench.pipeline.batch(plan, rows(100));
    let control = batch.control();
    let mut words = until(&mut batch, "paused").await;
    control.drain();
    words.extend(rest(batch).await);
    let (done, calls) = (with_end(&words, "done"), bench.calls().len());
    assert!(done == calls && calls > 5, "{done} of {calls} calls are answered: {words:?}");
    assert_eq!(with_end(&words, "cancelled"), 0);
    assert!(words.last().unwrap().starts_with("Capped { cap: Cost"), "{words:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cap_that_the_last_cell_reaches_stops_nothing() {
    for caps in [
        COST,
        BatchLimits { tokens: Some(36 + 54), ..TOKENS },
        BatchLimits { time: Some(Duration::from_millis(600)), ..TIME },
    ] {
        assert_eq!(rest(capped(&bench(), caps, None, 3)).await.last().unwrap(), "Complete");
    }
}

#[tokio::test(start_paused = true)]
async fn it_pauses_when_the_projection_passes_the_cap() {
    let caps = BatchLimits { cost: Some(0.05), tokens: Some(10_000), time: None };
    let bench = bench();
    let mut batch = capped(&bench, caps, Some(100), 100);
    let words = until(&mut batch, "paused").await;
    assert_eq!(words.last().unwrap(), "paused true: the projection of $0.1000 passes the cap of $0.0500");
    assert_eq!(bench.calls().len(), 5);
    let bench = self::bench();
    let mut batch = capped(&bench, BatchLimits { cost: None, tokens: Some(1000), time: None }, Some(100), 100);
    let words = until(&mut batch, "paused").await;
    assert_eq!(words.last().unwrap(), "paused true: the projection of 1200 tokens passes the cap of 1000");
}

#[tokio::test(start_paused = true)]
async fn an_account_that_is_overrun_gets_half_as_many_calls_and_then_more_again() {
    let bench = Bench::new(|_, before| if before == 0 { fails(ErrorKind::RateLimited) } else { answer(&["{", "}"]) });
    let now = |bench: &Bench| bench.pipeline.accounts().first().and_then(|account| account.concurrency);
    let mut batch = bench.pipeline.batch(BatchPlan { concurrency: 8, ..plan() }, rows(100));
    let (mut seen, mut most_at) = (Vec::new(), Vec::new());
    while let Some(event) = batch.next().await {
        let room = now(&bench);
        if seen.last() != Some(&room) {
            seen.push(room);
            most_at.push(word(&event));
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
    let caps = BatchLimits { cost: Some(0.02), tokens: None, time: None };
    let plan = BatchPlan { total: Some(100), known: KnownCells::of(known), retry_failed: true, ..limited(caps) };
    let words = rest(bench.pipeline.batch(plan, rows(100))).await;
    assert!(!words.iter().any(|word| word.starts_with("paused")), "{words:?}");
    assert_eq!((words.last().unwrap().as_str(), bench.calls().len()), ("Complete", 10));
}

#[tokio::test(start_paused = true)]
async fn what_earlier_runs_took_counts_towards_the_caps_and_what_is_kept_is_told_whatever_they_are() {
    // Two of four were answered before, for two thirds of what may be spent.
    let earlier = |number| Cell { cost: Cost::Known(PicoDollars(1_000_000_000)), ..cell_of(number, "done") };
    let known = |count| KnownCells::of((1..=count).map(|number| (earlier(number), row_of(number).fingerprint())));
    let batch = |bench: &Bench, count| {
        bench.pipeline.batch(BatchPlan { total: Some(4), known: known(count), ..limited(COST) }, rows(4))
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

#[tokio::test(start_paused = true)]
async fn the_cap_on_time_cuts_off_what_hangs_and_more_time_asks_it_again() {
    let bench = Bench::new(|call, before| match number(call) {
        1 => answer(&["{}"]),
        _ if before < 3 => vec![Step::Hang],
        _ => answer(&["{}"]),
    });
    let caps = BatchLimits { time: Some(Duration::from_secs(2)), ..BatchLimits::default() };
    let start = tokio::time::Instant::now();
    let mut batch = bench.pipeline.batch(BatchPlan { caps, ..plan() }, rows(3));
    let words = until(&mut batch, "paused").await;
    assert_eq!(words.last().unwrap(), "paused true: the cap of 2s on time is reached");
    assert_eq!((start.elapsed(), with_end(&words, "done")), (Duration::from_secs(2), 1));
    assert_eq!(until(&mut batch, "cancelled 3").await.len(), 2, "both are cut off, and told so");
    assert_eq!(bench.open(), 0);
    batch.control().set_caps(BatchLimits::default());
    let words = rest(batch).await;
    assert_eq!(words, ["resumed", "start 2", "start 3", "done 2", "done 3", "Complete"]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_stopped_at_its_time_says_which_cap_and_asks_nothing_more() {
    let bench = Bench::new(|_, _| vec![Step::Hang]);
    let caps = BatchLimits { time: Some(Duration::from_secs(2)), ..BatchLimits::default() };
    let mut batch = bench.pipeline.batch(BatchPlan { caps, ..plan() }, rows(1));
    let control = batch.control();
    let start = tokio::time::Instant::now();
    let words = until(&mut batch, "paused").await;
    control.stop();
    let after = rest(batch).await;
    assert_eq!(after.last().unwrap(), "Capped { cap: Time, why: \"the cap of 2s on time is reached\" }", "{words:?}");
    assert_eq!((start.elapsed(), bench.calls().len()), (Duration::from_secs(2), 1));
    let ends: Vec<_> = bench.record.ended.lock().unwrap().iter().map(|run| run.outcome.end.clone()).collect();
    assert_eq!(ends, [RunEnd::Cancelled], "what was under way is on record as cut off");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_nothing_limits_ends_where_it_would_pass_a_cap() {
    let piece = "word ".repeat(400);
    let bench = Bench::new(move |_, _| answer(&[piece.as_str(); 20]));
    // What is set aside first are 1000 tokens; each piece has about 500.
    let caps = BatchLimits { tokens: Some(4000), ..BatchLimits::default() };
    let mut batch = bench.pipeline.batch(BatchPlan { caps, concurrency: 1, ..plan() }, rows(2));
    let words = until(&mut batch, "paused").await;
    assert!(words.last().unwrap().contains("a guess; max_tokens sets a limit"), "{words:?}");
    let ended = bench.record.ended.lock().unwrap();
    let text: usize = ended.iter().map(|run| run.outcome.text.len()).sum();
    assert!((2000..=16_000).contains(&text), "it goes on as long as there is room, and no longer: {text}");
    assert_eq!((bench.calls().len(), ended[0].outcome.end.word()), (1, "cancelled"));
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_counts_above_the_bound_is_learnt_at_once() {
    let bench = Bench::new(|_, _| {
        let usage = Usage { input: Some(5000), output: Some(2), ..Usage::default() };
        let mut steps = answer(&["{}"]);
        steps.insert(2, Step::Say(WireEvent::Usage(usage)));
        steps.retain(|step| !matches!(step, Step::Say(WireEvent::Usage(usage)) if usage.input == Some(10)));
        steps
    });
    let caps = BatchLimits { tokens: Some(12_000), ..BatchLimits::default() };
    let words = until(&mut bench.pipeline.batch(limited(caps), rows(9)), "paused").await;
    assert!(words.last().unwrap().contains("5000 in"), "{words:?}");
    assert_eq!(bench.calls().len(), 2, "a third would pass 12,000");
}

/// What one call comes to: tokens in and out, of which none would be a server that does not count, whether it fails after
/// them, and how long it takes.
type Fate = (u64, u64, bool, u64);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn however_many_calls_are_under_way_none_is_begun_that_may_pass_a_cap(
        fates in vec((1_u64..=60, 1_u64..=40, prop::bool::weighted(0.3), 0_u64..3000), 64),
        concurrency in 1_usize..12,
        tokens in prop::option::of(0_u64..3000),
        cost in prop::option::of(0_u64..3000),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(holds(fates, concurrency, tokens, cost));
    }
}

/// Runs thirty rows on a target that fails now and then, with another to fall back on, and adds up what the calls
/// took that were made.
async fn holds(fates: Vec<Fate>, concurrency: usize, tokens: Option<u64>, micro: Option<u64>) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let made = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = Arc::clone(&made);
    let bench = Bench::new(move |_, _| {
        let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (input, output, fails, takes) = fates[at % fates.len()];
        noted.lock().unwrap().push((input, output));
        let usage = Usage { input: Some(input), output: Some(output), ..Usage::default() };
        let end = if fails {
            vec![Step::Fail(CallError::new(ErrorKind::Transient, "scripted"))]
        } else {
            vec![Step::Say(WireEvent::Finish(Finish::Stop)), Step::Say(WireEvent::End)]
        };
        let begin = vec![
            Step::Say(WireEvent::Headers { status: 200, request_id: None }),
            Step::Say(WireEvent::Usage(usage)),
            Step::After(Duration::from_millis(takes)),
            Step::Say(WireEvent::Text("{}".to_owned())),
        ];
        [begin, end].concat()
    });
    // A token costs a millionth of a dollar.
    let price = Price { input: PicoDollars(1_000_000), output: PicoDollars(1_000_000), ..Price::default() };
    let caps = BatchLimits { cost: micro.map(|micro| micro as f64 * 1e-6), tokens, time: None };
    let mut own = BatchPlan { concurrency, ..limited(caps) };
    Arc::make_mut(&mut own.prompts[0].1).params.max_tokens = Some(40);
    own.targets[0][0].push(target("other"));
    own.targets[0][0].iter_mut().for_each(|target| target.card.price = Some(price.clone()));
    let mut batch = bench.pipeline.batch(own, rows(30));
    let control = batch.control();
    let mut words = Vec::new();
    while let Some(event) = batch.next().await {
        words.push(word(&event));
        if words.last().is_some_and(|word| word.starts_with("paused")) {
            control.stop();
        }
    }
    let spent: u64 = made.lock().unwrap().iter().map(|(input, output)| input + output).sum();
    assert!(tokens.is_none_or(|most| spent <= most), "{spent} of {tokens:?} tokens: {words:?}");
    assert!(micro.is_none_or(|most| spent <= most), "{spent} of {micro:?} millionths: {words:?}");
    if words.last().is_some_and(|word| word == "Complete") {
        return;
    }
    // It ended for want of room alone: a call takes 105 tokens at most.
    let least = [tokens, micro].into_iter().flatten().min().unwrap();
    let projected = words.iter().any(|word| word.contains("projection"));
    assert!(projected || spent + 105 > least, "{spent} of {least} are spent: {words:?}");
}
