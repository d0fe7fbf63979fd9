//! Which key is used, cools, or is dead.

use std::time::Duration;

use retort::{
    model::{Class, End, Fault, RunRequest},
    pipeline::{Readiness, Rules, RunEvent, event::Next},
    provider::Call,
};

use crate::support::script::{Bench, Step, answer, ended, fails, keys, request};

fn with_keys(list: &[(&str, &str)]) -> Rules {
    Rules { keys: keys("openai", list), ..Rules::default() }
}

fn label(call: &Call) -> &str {
    call.key.as_ref().unwrap().label.as_str()
}

fn used(bench: &Bench) -> Vec<String> {
    bench.calls().into_iter().filter_map(|(_, key)| key).collect()
}

fn limited(seconds: u64) -> Vec<Step> {
    vec![Step::Fail(Fault {
        retry_after: Some(Duration::from_secs(seconds)),
        ..Fault::new(Class::RateLimited, "too many")
    })]
}

fn next_keys(told: &[retort::pipeline::Told]) -> Vec<(String, Duration)> {
    told.iter()
        .filter_map(|told| match &told.event {
            RunEvent::AttemptFailed { next: Next::NextKey { key, wait }, .. } => Some((key.clone(), *wait)),
            _ => None,
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_gives_way_to_the_next_at_once_and_for_good() {
    let bench = Bench::with(with_keys(&[("env:A", "a"), ("env:B", "b")]), |call, _| {
        if label(call) == "env:A" { fails(Class::Credential) } else { answer(&["{}"]) }
    });
    let told = bench.tell(request(&["m"])).await;
    assert_eq!(next_keys(&told), [("env:B".to_owned(), Duration::ZERO)]);
    assert_eq!(ended(&told).end, End::Done);
    assert_eq!(bench.end(request(&["m"])).await.attempts, 1);
    assert_eq!(used(&bench), ["env:A", "env:B", "env:B"], "a dead key is never sent again");
    let states = bench.pipeline.keys();
    assert_eq!(states[0].state, Readiness::Dead { why: "key refused".to_owned() });
    assert_eq!(states[1].state, Readiness::Ready);
    assert!(!format!("{told:?}{states:?}").contains("sk-env"), "keys appear by label alone");
}

#[tokio::test]
async fn a_walk_to_a_ready_key_is_free_also_while_the_clock_runs() {
    let names = ["env:A", "env:B", "env:C", "env:D", "env:E", "env:F"];
    let bench = Bench::with(with_keys(&names.map(|name| (name, name))), |call, _| {
        if label(call) == "env:F" { answer(&["{}"]) } else { fails(Class::Credential) }
    });
    assert_eq!(bench.end(request(&["m"])).await.end, End::Done);
    assert_eq!(used(&bench), names);
}

#[tokio::test(start_paused = true)]
async fn walks_over_dead_keys_cost_no_retries() {
    let names: Vec<String> = (0..12).map(|n| format!("env:{n}")).collect();
    let list: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let bench = Bench::with(with_keys(&list), |call, n| match label(call) {
        "env:11" if n < 13 => fails(Class::Transient),
        "env:11" => answer(&["{}"]),
        _ => fails(Class::Credential),
    });
    let outcome = bench.end(request(&["m"])).await;
    assert_eq!((outcome.end, outcome.attempts), (End::Done, 14));
}

#[tokio::test(start_paused = true)]
async fn when_every_key_is_dead_the_next_provider_is_asked() {
    let bench = Bench::with(with_keys(&[("env:A", "a")]), |call, _| {
        if call.target.name == "m" { fails(Class::Credential) } else { answer(&["{}"]) }
    });
    let two = || {
        let mut two = request(&["m", "local"]);
        two.targets[1].provider = "local".to_owned();
        two.targets[1].custom_endpoint = true;
        two
    };
    assert_eq!(bench.end(two()).await.target, "local");
    let told = bench.tell(two()).await;
    let skipped = told.iter().find_map(|told| match &told.event {
        RunEvent::Skipped { target, fault, next } => Some((target.clone(), fault.to_string(), next.clone())),
        _ => None,
    });
    let (target, fault, next) = skipped.unwrap();
    assert_eq!(target, "m");
    assert_eq!(fault, "key refused: no key for openai is of use any more: env:A (key refused)");
    assert_eq!(next, Next::NextModel { to: "local".to_owned() });
    assert_eq!(bench.calls().iter().filter(|(target, _)| target == "m").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_key_a_vendor_is_not_asked_and_the_words_say_what_to_do() {
    let bench = Bench::with(Rules::default(), |_, _| answer(&["{}"]));
    let outcome = bench.end(request(&["m"])).await;
    assert_eq!(
        outcome.end.to_string(),
        "m: key refused: no key for openai: set OPENAI_API_KEY or add api_keys to [providers.openai]"
    );
    assert_eq!((outcome.attempts, bench.calls().len()), (0, 0));
    let mut local = request(&["m"]);
    local.targets[0].custom_endpoint = true;
    assert_eq!(bench.end(local).await.end, End::Done, "another endpoint may need none");
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
    let told = bench.tell(request(&["m"])).await;
    assert_eq!(next_keys(&told), [("env:B".to_owned(), Duration::ZERO)]);
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
    let told = bench.tell(request(&["m"])).await;
    let walks = next_keys(&told);
    assert_eq!(walks.len(), 1);
    assert!(walks[0].0 == "env:A2" && walks[0].1 >= Duration::from_secs(5), "{walks:?}");
}

#[tokio::test(start_paused = true)]
async fn an_account_out_of_credit_is_dead_with_all_its_keys() {
    let bench = Bench::with(with_keys(&[("env:A1", "a"), ("env:A2", "a"), ("env:B", "b")]), |call, _| {
        if label(call) == "env:B" { answer(&["{}"]) } else { fails(Class::Quota) }
    });
    bench.end(request(&["m"])).await;
    assert_eq!(used(&bench), ["env:A1", "env:B"]);
    let dead = bench.pipeline.keys().iter().filter(|key| matches!(key.state, Readiness::Dead { .. })).count();
    assert_eq!(dead, 2);
}

#[tokio::test(start_paused = true)]
async fn another_run_waits_for_a_cooling_account() {
    let bench = Bench::with(with_keys(&[("env:A", "a")]), |_, n| if n == 0 { limited(30) } else { answer(&["{}"]) });
    let first = bench.tell(request(&["m"]));
    let second = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        bench.tell(RunRequest { sample: 1, ..request(&["m"]) }).await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!((ended(&first).attempts, ended(&second).attempts), (2, 1));
    let queued = second.iter().find_map(|told| match &told.event {
        RunEvent::Queued { why, wait } => Some((why.clone(), wait.unwrap())),
        _ => None,
    });
    let (why, wait) = queued.unwrap();
    assert_eq!(why, "every key for openai cools down");
    assert!(wait >= Duration::from_secs(20) && wait < Duration::from_secs(21), "{wait:?}");
}
