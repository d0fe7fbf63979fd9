//! What is answered from the cache, what is kept, and runs that share one answer.

use std::{sync::Arc, time::Duration};

use futures_util::StreamExt;
use retort::{
    model::{CacheMode, Cost, ErrorKind, Finish, PicoDollars, Provenance, RunEnd, RunRequest, RunStatus, Usage, Wire},
    pipeline::{
        PipelineConfig, RunEvent, TimedEvent,
        event::{DeltaPart, Lookup},
    },
    provider::WireEvent,
};

use crate::support::script::{Bench, Step, answer, ended, fails, keys, request, until};

fn lookups(timeline: &[TimedEvent]) -> Vec<&Lookup> {
    timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Cache { lookup } => Some(lookup),
            _ => None,
        })
        .collect()
}

fn by(cache: CacheMode) -> RunRequest {
    RunRequest { cache, ..request(&["a"]) }
}

fn kept(bench: &Bench) -> usize {
    bench.cache.0.lock().unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn the_same_again_is_answered_without_a_call_and_for_nothing() {
    let bench = Bench::new(|_, _| answer(&["{\"a\": ", "1}\n"]));
    let first = bench.end(request(&["a"])).await;
    let timeline = bench.events(request(&["a"])).await;
    let second = ended(&timeline);
    assert!(matches!(lookups(&timeline)[..], [Lookup::Hit { .. }]));
    assert_eq!((&second.text, &second.json, &second.timing), (&first.text, &first.json, &first.timing));
    assert_eq!((second.attempts, second.cost, bench.calls().len()), (0, Cost::Known(PicoDollars(0)), 1));
    assert!(matches!(second.provenance, Provenance::Cached { .. }) && second.status() == RunStatus::Passed);
    assert_ne!(first.run, second.run);
    let shown: String = timeline
        .iter()
        .filter_map(|timed| match &timed.event {
            RunEvent::Delta { attempt: 0, part: DeltaPart::Text, text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(shown, first.text);
}

#[tokio::test(start_paused = true)]
async fn modes_are_respected() {
    let bench = Bench::new(|_, n| answer(&["{\"n\":", &n.to_string(), "}"]));
    assert_eq!(bench.end(by(CacheMode::Off)).await.text, "{\"n\":0}");
    assert_eq!(kept(&bench), 0, "off does not write");
    assert_eq!(bench.end(by(CacheMode::On)).await.text, "{\"n\":1}");
    assert_eq!(bench.end(by(CacheMode::Refresh)).await.text, "{\"n\":2}");
    assert_eq!(bench.end(by(CacheMode::On)).await.text, "{\"n\":2}", "refresh writes over what is stored");
    assert_eq!(bench.end(by(CacheMode::Off)).await.text, "{\"n\":3}", "off does not read");
    let off =
        Bench::with(PipelineConfig { keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() }, |_, _| {
            answer(&["{}"])
        });
    let timeline = off.events(by(CacheMode::On)).await;
    assert!(matches!(lookups(&timeline)[..], [Lookup::Bypass { .. }]));
    assert_eq!(kept(&off), 0);
}

#[tokio::test(start_paused = true)]
async fn only_a_whole_and_good_answer_is_kept() {
    let ends = |text: &str, finish: Option<Finish>| {
        let mut steps = vec![Step::Say(WireEvent::Text(text.to_owned()))];
        steps.extend(finish.map(|finish| Step::Say(WireEvent::Finish(finish))));
        steps.push(Step::Say(WireEvent::End));
        steps
    };
    let rows = [
        (ends("{\"k\":1}", Some(Finish::Stop)), 1),
        (ends("{\"k\":1}", None), 1),
        (ends("{\"k\":1}", Some(Finish::Length)), 0),
        (ends("{\"k\":1}", Some(Finish::ContentFilter)), 0),
        (ends("{\"k\":1}", Some(Finish::Other("?".to_owned()))), 0),
        (ends("{\"other\":1}", Some(Finish::Stop)), 0),
        (ends("no json", Some(Finish::Stop)), 0),
        (fails(ErrorKind::CallerFault), 0),
    ];
    for (steps, want) in rows {
        let words = format!("{steps:?}");
        let bench = Bench::new(move |_, _| steps.clone());
        let mut request = request(&["a"]);
        Arc::make_mut(&mut request.prompt).response.required = vec!["k".to_owned()];
        bench.end(request).await;
        assert_eq!(kept(&bench), want, "{words}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_answer_is_judged_by_todays_rules() {
    let bench = Bench::new(|_, _| answer(&["{\"a\":1}"]));
    assert!(bench.end(request(&["a"])).await.status() == RunStatus::Passed);
    let mut stricter = request(&["a"]);
    Arc::make_mut(&mut stricter.prompt).response.required = vec!["b".to_owned()];
    let outcome = bench.end(stricter).await;
    assert!(outcome.status() != RunStatus::Passed && matches!(outcome.provenance, Provenance::Cached { .. }));
}

#[tokio::test(start_paused = true)]
async fn a_fallbacks_answer_is_not_the_heads() {
    let bench = Bench::new(|call, n| match (call.target.name.as_str(), n) {
        ("a", 0) => fails(ErrorKind::Unknown),
        ("a", _) => answer(&["{\"from\":\"a\"}"]),
        _ => answer(&["{\"from\":\"b\"}"]),
    });
    assert_eq!(bench.end(request(&["a", "b"])).await.target, "b");
    assert_eq!(bench.end(request(&["a", "b"])).await.target, "a", "the head is asked again");
    let b = bench.end(request(&["b"])).await;
    assert!(matches!(b.provenance, Provenance::Cached { .. }) && !b.fell_back(), "it is b's own");
}

#[tokio::test(start_paused = true)]
async fn a_demonstration_of_errors_is_played_anew() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let mut request = request(&["flaky"]);
    (request.targets[0].kind, request.targets[0].model) = (Wire::Demo, "flaky".to_owned());
    let timeline = bench.events(request).await;
    assert!(matches!(lookups(&timeline)[..], [Lookup::Bypass { .. }]) && ended(&timeline).demo);
    assert_eq!(kept(&bench), 0);
}

#[tokio::test(start_paused = true)]
async fn identical_runs_at_once_make_one_call() {
    let bench = Bench::new(|_, _| answer(&["{", "}"]));
    let runs = (0..5).map(|_| bench.events(request(&["a"])));
    let timeline = futures_util::future::join_all(runs).await;
    assert_eq!(bench.calls().len(), 1);
    assert!(timeline.iter().all(|timed| ended(timed).end == RunEnd::Done && ended(timed).text == "{}"));
    let joined = timeline.iter().filter(|timed| lookups(timed)[0] == &Lookup::Joined).count();
    let free = timeline.iter().filter(|timed| ended(timed).cost == Cost::Known(PicoDollars(0))).count();
    assert_eq!((joined, free), (4, 4));
    assert!(
        timeline
            .iter()
            .all(|timed| ended(timed).usage == Usage { input: Some(10), output: Some(2), ..Usage::default() })
    );
}

#[tokio::test(start_paused = true)]
async fn samples_and_other_inputs_do_not_share() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let runs = (0..5).map(|sample| bench.end(RunRequest { sample, ..request(&["a"]) }));
    futures_util::future::join_all(runs).await;
    assert_eq!(bench.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_leader_hands_over() {
    let bench = Bench::new(|_, n| if n == 0 { vec![Step::Hang] } else { answer(&["{}"]) });
    let mut leader = bench.pipeline.run(request(&["a"]));
    until(&mut leader, |event| matches!(event, RunEvent::Attempt { .. })).await;
    let control = leader.control();
    let others = futures_util::future::join_all((0..4).map(|_| bench.end(request(&["a"]))));
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        control.stop();
    };
    let (led, others, ()) = tokio::join!(leader.collect::<Vec<_>>(), others, stop);
    assert_eq!(ended(&led).end, RunEnd::Cancelled);
    assert!(others.iter().all(|outcome| outcome.end == RunEnd::Done));
    assert_eq!(bench.calls().len(), 2, "one of the waiting asks for all of them");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_failed_leader_ask_once_themselves() {
    let late_error = || [vec![Step::After(Duration::from_secs(1))], fails(ErrorKind::Unknown)].concat();
    let bench = Bench::new(move |_, n| if n == 0 { late_error() } else { answer(&["{}"]) });
    let ends = futures_util::future::join_all((0..4).map(|_| bench.end(request(&["a"])))).await;
    assert_eq!(ends.iter().filter(|outcome| outcome.end == RunEnd::Done).count(), 3);
    assert_eq!(bench.calls().len(), 4);
}
