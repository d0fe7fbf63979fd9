//! The common jobs at the bench with the keys they take, and the tour of a first start.

use retort::{
    app::{Event, ScreenId},
    model::{Outcome, Quality, Rule, RunStatus, Status, Verdict, VersionId, model_list::ModelFacts, query::What},
    store::api::{StoreReply, StoreRequest},
};

use super::{freshness, history, versions, whatif};
use crate::support::{
    bench::{Bench, ended, outcome},
    history::id,
};

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

#[test]
fn two_versions_are_compared_in_three_keys() {
    let mut bench = versions::bench("a draft");
    bench.keys("V");
    versions::keeps(&mut bench);
    versions::lists(&mut bench, &["a draft", "second", "first"]);
    bench.keys("j");
    let screen = bench.screen().join("\n");
    assert!(screen.contains("[-a draft-]{+second+}"), "what they say otherwise, after two:\n{screen}");
    bench.keys("c");
    let pinned = bench.lane(1).spec.pinned.as_ref().map(|pinned| pinned.hash.clone());
    assert_eq!((bench.app.bench.lanes.len(), pinned), (2, Some(VersionId::of(&versions::prompt("second")).0)));
    for (ticket, job) in std::mem::take(&mut bench.recalls) {
        let StoreRequest::StoredAnswers(questions) = job else { continue };
        let answers = questions.iter().enumerate().map(|(at, question)| {
            let text = format!("answered by {}", question.source.prompt.system);
            Some(freshness::stored(question, &text, id(at as u64)))
        });
        let answers = answers.collect();
        bench.answer(ticket, Ok(StoreReply::StoredAnswers(answers)));
    }
    let screen = bench.screen().join("\n");
    assert!(
        screen.contains("answered by a draft") && screen.contains("answered by second"),
        "their answers stand side by side, none asked for:\n{screen}"
    );
    assert!(bench.started().is_empty());
}

#[test]
fn a_threshold_is_changed_in_four_keys() {
    let mut bench = whatif::quality();
    bench.keys("w");
    whatif::answer(&mut bench, false, crate::support::points::file());
    bench.keys("<left>");
    let (before, after) = bench.app.quality.what_if.as_deref().unwrap().before_and_after().unwrap();
    assert!(
        after.passes.unwrap().part > before.passes.unwrap().part,
        "stored answers are judged at once, without a call"
    );
    bench.keys("W<enter>");
    let (ticket, new) = whatif::written(&mut bench);
    assert_eq!(
        (new.name.as_str(), new.rule.as_str(), new.before, new.value),
        ("sentiment", "confidence", Some(0.7), 0.68)
    );
    bench.answer(ticket, Ok(whatif::set(&new)));
    assert_eq!(bench.app.quality.what_if.as_deref().unwrap().read().unwrap().knob.present, Some(0.68));
}

#[test]
fn failures_are_filtered_in_one_key() {
    let mut bench = history::listed();
    bench.keys("f");
    let (_, job) = history::asked(&mut bench, history::is_page);
    let StoreRequest::History { query, .. } = job else { panic!("{job:?}") };
    assert_eq!(query.filters.iter().map(|filter| &filter.what).collect::<Vec<_>>(), [&What::Status(RunStatus::Failed)]);
    let mut bench = whatif::quality();
    bench.keys("f");
    let screen = bench.screen().join("\n");
    assert!(bench.app.screen == ScreenId::Quality && !screen.contains("completeness"), "nothing failed it:\n{screen}");
}
