//! Numbers from events.

use std::time::Duration;

use retort::{
    eval::quality::Watched,
    model::{CacheMode, Commit, Cost, ErrorKind, PicoDollars, Price, RunRequest, ToolSet},
    pipeline::{
        TimedEvent,
        meter::{Phase, RunMeter},
    },
};

use crate::support::script::{Bench, answer, ended, fails, request};

fn priced() -> RunRequest {
    let mut request = request(&["a"]);
    request.targets[0].card.price =
        Some(Price { input: PicoDollars(100), output: PicoDollars(1000), ..Price::default() });
    request
}

fn fold(request: &RunRequest, timeline: &[TimedEvent]) -> RunMeter {
    let mut meter = RunMeter::new(&request.targets, request.prompt.tool_set());
    for timed in timeline {
        meter.take(timed);
    }
    meter
}

#[tokio::test(start_paused = true)]
async fn a_meter_says_what_the_outcome_says() {
    for commit in [Commit::Buffered, Commit::Resettable] {
        let bench =
            Bench::new(|_, n| if n == 0 { fails(ErrorKind::Transient) } else { answer(&["{", "\"a\":1", "}"]) });
        let request = RunRequest { commit, ..priced() };
        let timeline = bench.events(request.clone()).await;
        let (meter, outcome) = (fold(&request, &timeline), ended(&timeline));
        assert_eq!((meter.phase(), meter.attempt()), (Phase::Ended, 2));
        assert_eq!(meter.first_token(), outcome.timing.first_token);
        assert_eq!(meter.first_token(), Some(Duration::from_millis(100)));
        assert_eq!((meter.tokens().count, meter.tokens().estimated), (3, false));
        assert_eq!(meter.tokens_per_second(), None, "three tokens say nothing of a rate");
        // The wait before the second attempt is no part of its time.
        assert_eq!(meter.elapsed(Duration::from_secs(99)), Duration::from_millis(300));
        assert_eq!(
            (outcome.timing.total, outcome.timing.waited),
            (Duration::from_millis(4300), Duration::from_secs(4))
        );
        assert_eq!((meter.cost(), outcome.cost), (outcome.cost, Cost::Known(PicoDollars(10 * 100 + 3 * 1000))));
    }
}

#[tokio::test(start_paused = true)]
async fn live_numbers_lead_to_the_final_ones() {
    let bench = Bench::new(|_, _| answer(&["{\"some\":", "\"words\"", "}"]));
    let timeline = bench.events(priced()).await;
    let mut meter = RunMeter::new(&priced().targets, ToolSet::default());
    let mut phases = Vec::new();
    for timed in &timeline {
        if phases.last() == Some(&Phase::Streaming) && meter.phase() == Phase::Streaming {
            assert!(meter.tokens().estimated || meter.tokens().count == 3);
            assert!(meter.cost().amount().is_some());
        }
        meter.take(timed);
        if phases.last() != Some(&meter.phase()) {
            phases.push(meter.phase());
        }
    }
    assert_eq!(phases, [Phase::Preparing, Phase::Sending, Phase::Waiting, Phase::Streaming, Phase::Ended]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_counts_down() {
    let bench = Bench::new(|_, _| fails(ErrorKind::Transient));
    let timeline = bench.events(request(&["a"])).await;
    let failed = timeline.iter().position(|timed| format!("{timed:?}").contains("AttemptFailed")).unwrap();
    let meter = fold(&request(&["a"]), &timeline[..=failed]);
    assert_eq!(meter.phase(), Phase::Backoff);
    assert_eq!(meter.wait_left(Duration::from_secs(1)), Some(Duration::from_secs(3)));
    assert_eq!(fold(&request(&["a"]), &timeline).wait_left(Duration::ZERO), None);
}

#[tokio::test(start_paused = true)]
async fn sums_keep_the_cached_and_the_unpriced_apart() {
    let bench = Bench::new(
        |call, _| if call.target.name == "bad" { fails(ErrorKind::CallerFault) } else { answer(&["{", "}"]) },
    );
    let mut watched = Watched::default();
    for request in [
        priced(),
        priced(),
        RunRequest { cache: CacheMode::Refresh, ..priced() },
        RunRequest { sample: 1, ..request(&["a"]) },
        request(&["bad"]),
    ] {
        watched.take(&bench.end(request).await, 0);
    }
    let figures = watched.figures();
    assert_eq!((figures.runs, figures.counts.error, figures.cached, figures.counts.cancelled), (5, 1, 1, 0));
    assert_eq!((figures.spent.tokens(), figures.unpriced), (36, 1));
    assert_eq!(figures.spent.cost, Cost::AtLeast(PicoDollars(2 * (10 * 100 + 2 * 1000))));
    assert_eq!((figures.counts.rated(), figures.counts.passed), (5, 4));
    let (times, first) = (figures.times.unwrap(), figures.first_token.unwrap());
    assert_eq!((times.n, times.p50, first.p50, first.p95), (3, 200, 100, None));
}
