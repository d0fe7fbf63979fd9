//! The common jobs at the bench with the keys they take, and the tour of a first start.

use retort::{
    app::Event,
    model::{Outcome, Quality, Rule, Status, Verdict, model_list::ModelFacts},
};

use crate::support::bench::{Bench, ended, outcome};

#[test]
fn a_prompt_is_begun_in_one_key_and_typed_into_at_once() {
    let mut bench = Bench::new();
    bench.keys("<c-n>").keys("Be brief.");
    assert_eq!(bench.app.bench.prompt().system, "Be brief.");
}

#[test]
fn another_model_takes_one_key_its_name_and_enter() {
    let mut bench = Bench::new();
    bench.keys("m").keys("slow").keys("<enter>");
    assert_eq!(bench.app.bench.targets(), ["demo:slow"]);
}

#[test]
fn a_second_lane_takes_two_keys_and_has_another_model() {
    let mut bench = Bench::new();
    bench.keys("c");
    let missing = ["openai", "anthropic", "gemini", "mistral"].map(|vendor| (vendor.to_owned(), "KEY".to_owned()));
    let facts = ModelFacts { missing_keys: missing.into(), ..ModelFacts::default() };
    bench.send(Event::Models(Box::new(facts)));
    bench.keys("<enter>");
    let targets = bench.app.bench.targets();
    assert!(targets.len() == 2 && targets[0] != targets[1], "{targets:?}: {}", bench.says());
}

#[test]
fn a_run_takes_one_key_and_why_it_failed_none() {
    let mut bench = Bench::new();
    bench.keys("<f5>");
    let ticket = bench.started()[0].0;
    let low = Verdict::new(Rule::Confidence, Status::Failed, "0.40 < minimum 0.70");
    bench.tell(ticket, ended(Outcome { quality: Some(Quality::of(vec![low])), ..outcome("{\"a\": 1}") }));
    let screen = bench.screen().join("\n");
    assert_eq!(screen.matches("0.40 < minimum 0.70").count(), 2, "in the lane and on the status line:\n{screen}");
}

#[test]
fn the_tour_says_what_to_try_next_until_it_is_ended_and_comes_back_when_asked_for() {
    let mut bench = Bench::new();
    let status = |bench: &Bench| bench.screen().iter().rev().nth(1).unwrap().trim_end().to_owned();
    assert!(status(&bench).ends_with("Next: F5 run the prompt on the input"), "{}", status(&bench));
    let ticket = bench.run();
    bench.tell(ticket, ended(outcome("fine")));
    assert!(status(&bench).contains("Next: c add a second model"), "{}", status(&bench));
    bench.keys("<esc>");
    assert!(!status(&bench).contains("Next:"), "{}", status(&bench));
    bench.keys("<c-p>start the tour<enter>");
    assert!(status(&bench).contains("Next: F5"), "{}", status(&bench));
}
