//! From F5 to the end of a run, with everything that can happen between.

use std::time::Duration;

use retort::{
    app::{
        Action, Effect, Event, Ticket,
        action::{BenchAction, Verb},
        workbench::{Focus, lane::RunPhase},
    },
    model::{CacheMode, CallError, Commit, Cost, ErrorKind, Provenance, RunEnd, run_end::Reason},
    pipeline::event::{DeltaPart, Lookup, NextStep, RunEvent},
};

use crate::support::bench::{Bench, attempt, delta, ended, failed, outcome};

#[test]
fn f5_streams_an_answer_to_its_end() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<f5>");
    let (ticket, request) = bench.started().remove(0);
    assert_eq!(request.prompt_name.as_deref(), Some("sentiment"));
    assert_eq!(request.targets.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["demo"]);
    assert_eq!((request.cache, request.commit), (CacheMode::On, Commit::Resettable));
    assert_eq!(request.session.as_deref(), Some("default"));
    assert!(!request.input.text.is_empty());

    bench.tell(ticket, RunEvent::Cache { lookup: Lookup::Miss });
    assert!(matches!(bench.shown(0).state, RunPhase::Queued(_)));
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, "{\"sentiment\": "));
    bench.tell(ticket, delta(1, "\"negative\"}"));
    assert_eq!(bench.shown(0).state, RunPhase::Running);
    assert_eq!(bench.answer_of(0), "{\"sentiment\": \"negative\"}");

    bench.tell(ticket, ended(outcome("{\"sentiment\": \"negative\"}")));
    assert_eq!(bench.shown(0).state, RunPhase::Done);
    assert!(bench.shown(0).ticket.is_none() && bench.shown(0).card.is_none());
    assert_eq!((bench.figures().runs, bench.figures().counts.error), (1, 0));
    bench.tell(ticket, delta(1, "too late"));
    assert_eq!(bench.answer_of(0), "{\"sentiment\": \"negative\"}");
    assert_eq!(bench.figures().runs, 1);
}

#[test]
fn a_cached_answer_comes_whole_and_is_marked() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    let stored = "2026-02-01T00:00:00Z".parse().unwrap();
    bench.tell(ticket, RunEvent::Cache { lookup: Lookup::Hit { stored } });
    let mut cached = outcome("{\"a\": 1}");
    cached.provenance = Provenance::Cached { stored };
    bench.tell(ticket, ended(cached));
    assert_eq!(bench.shown(0).state, RunPhase::Cached { stored });
    assert_eq!(bench.answer_of(0), "{\"a\": 1}");
    assert_eq!(bench.figures().times, None);
}

#[test]
fn a_new_attempt_voids_the_text_of_the_one_before() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, "half an ans"));
    bench.tell(ticket, failed(1, ErrorKind::Transient, NextStep::Retry { wait: Duration::from_secs(4) }));
    bench.tell(ticket, attempt(2, "demo"));
    bench.tell(ticket, delta(2, "whole"));
    assert_eq!(bench.answer_of(0), "whole");
    assert_eq!(bench.shown(0).raw(), "whole");
}

#[test]
fn a_wait_counts_down_and_can_be_cut_short() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, failed(1, ErrorKind::RateLimited, NextStep::Retry { wait: Duration::from_secs(6) }));
    assert_eq!(bench.shown(0).wait_left(bench.app.shared.now), Some(Duration::from_secs(6)));
    bench.pass(Duration::from_secs(2));
    assert_eq!(bench.shown(0).wait_left(bench.app.shared.now), Some(Duration::from_secs(4)));
    assert!(bench.shown(0).waits_for_limit());
    bench.take();
    bench.keys("t");
    assert!(matches!(bench.take().as_slice(), [Effect::RetryNow(requests)] if *requests == ticket));
    assert!(bench.shown(0).wait_left(bench.app.shared.now).is_none());
    bench.keys("t");
    assert_eq!(bench.says(), "no run is waiting");
}

#[test]
fn ctrl_c_stops_and_keeps_what_came() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, "the first half"));
    bench.keys("i<c-c>");
    assert!(matches!(bench.take().as_slice(), [Effect::Stop(stopped)] if *stopped == ticket));
    assert_eq!(bench.shown(0).state, RunPhase::Cancelled);
    bench.tell(ticket, delta(1, " and a late piece"));
    assert_eq!(bench.shown(0).raw(), "the first half");
    let mut end = outcome("the first half");
    end.end = RunEnd::Cancelled;
    bench.tell(ticket, ended(end.clone()));
    bench.tell(ticket, ended(end));
    assert_eq!(bench.shown(0).state, RunPhase::Cancelled);
    assert_eq!(bench.figures().counts.cancelled, 1);
    assert_eq!(bench.shown(0).card.as_ref().unwrap().next[0].0, Action::Verb(Verb::Run));
}

#[test]
fn ctrl_c_twice_within_two_seconds_quits() {
    let mut bench = Bench::new();
    bench.run();
    bench.keys("<c-c>").keys("<c-c>");
    assert!(bench.quits());

    let mut slow = Bench::new();
    slow.keys("<c-c>");
    slow.pass(Duration::from_millis(2100));
    slow.keys("<c-c>");
    assert!(!slow.quits());
    slow.keys("<c-c>");
    assert!(slow.quits());
}

#[test]
fn the_lane_with_the_focus_is_stopped_first() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.take();
    bench.keys("<f5>");
    let tickets: Vec<Ticket> = bench.started().into_iter().map(|(ticket, _)| ticket).collect();
    assert_eq!(tickets.len(), 2);
    bench.keys("<answers>l<c-c>");
    assert!(matches!(bench.take().as_slice(), [Effect::Stop(ticket)] if *ticket == tickets[1]));
    assert!(bench.shown(0).ticket.is_some());
    bench.keys("<c-c>");
    assert!(matches!(bench.take().as_slice(), [Effect::Stop(ticket)] if *ticket == tickets[0]));
}

#[test]
fn running_again_stops_the_run_before_and_ignores_what_it_still_tells() {
    let mut bench = Bench::new();
    let first = bench.run();
    bench.tell(first, attempt(1, "demo"));
    bench.keys("<f5>");
    let effects = bench.take();
    assert!(matches!(effects.as_slice(), [Effect::Stop(stopped), Effect::Start(..)] if *stopped == first));
    bench.tell(first, delta(1, "late"));
    bench.tell(first, ended(outcome("late")));
    assert!(bench.shown(0).answer.is_empty() && bench.shown(0).outcome.is_none());
    assert!(bench.shown(0).state.is_busy());
}

#[test]
fn a_cut_answer_is_kept_and_can_be_started_over() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo:cut"));
    bench.tell(ticket, delta(1, "{\"sentiment\": \"neg"));
    let error = CallError::new(ErrorKind::Interrupted, "the connection closed in mid-answer");
    bench.tell(ticket, failed(1, ErrorKind::Interrupted, NextStep::GiveUp));
    let mut cut = outcome("{\"sentiment\": \"neg");
    (cut.end, cut.cost) = (RunEnd::Interrupted { error }, Cost::Unknown);
    bench.tell(ticket, ended(cut));
    assert_eq!(bench.shown(0).state, RunPhase::Interrupted);
    assert_eq!(bench.answer_of(0), "{\"sentiment\": \"neg");
    let card = bench.shown(0).card.clone().unwrap();
    assert!(card.what.as_str().contains("the connection closed"), "{card:?}");
    assert!(card.next.iter().any(|(action, _)| *action == Action::Bench(BenchAction::Models)), "no fallback");
    bench.take();
    bench.keys("R");
    assert_eq!(bench.started().len(), 1);
}

#[test]
fn a_fallback_says_from_which_model_to_which() {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    bench.app.bench.fallback = vec!["demo".to_owned(), "gpt-4o-mini".to_owned(), "no-such".to_owned()];
    bench.take();
    bench.keys("<f5>");
    assert!(bench.says().contains("no model is called `no-such`"), "{}", bench.says());
    let (ticket, request) = bench.started().remove(0);
    assert_eq!(request.targets.iter().map(|target| target.name.as_str()).collect::<Vec<_>>(), ["gpt-4o-mini", "demo"]);
    bench.tell(ticket, attempt(1, "gpt-4o-mini"));
    bench.tell(ticket, failed(1, ErrorKind::Quota, NextStep::NextModel { to: "demo".to_owned() }));
    assert_eq!(bench.shown(0).state, RunPhase::Queued("falling back to demo".to_owned()));
    assert_eq!(bench.shown(0).survived[0].target, "gpt-4o-mini");
    bench.tell(ticket, attempt(2, "demo"));
    let mut end = outcome("{}");
    end.requested = "gpt-4o-mini".to_owned();
    bench.tell(ticket, ended(end));
    assert!(bench.shown(0).outcome.as_ref().unwrap().fell_back());
}

#[test]
fn when_all_models_fail_the_card_gives_every_reason_and_a_key_that_helps() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    let mut end = outcome("");
    let reason = |target: &str, class| Reason { target: target.to_owned(), error: CallError::new(class, "it said no") };
    end.end = RunEnd::Failed {
        reasons: vec![reason("a", ErrorKind::Overloaded), reason("b\u{1b}[31m", ErrorKind::Credential)],
    };
    bench.tell(ticket, ended(end));
    assert_eq!(bench.shown(0).state, RunPhase::Failed);
    let card = bench.shown(0).card.clone().unwrap();
    assert!(card.what.as_str().contains("All models failed"), "{card:?}");
    assert_eq!(card.tried.len(), 2);
    assert!(!card.tried[1].as_str().contains('\u{1b}') && card.tried[1].as_str().contains("API key rejected"));
    assert_eq!(card.next[0].0, Action::Bench(BenchAction::Models));
    assert_eq!(bench.figures().counts.error, 1);
}

#[test]
fn a_model_nobody_knows_is_a_card_with_the_nearest_name() {
    let mut bench = Bench::of(&["gpt-4o-mni"]);
    bench.take();
    bench.keys("<f5>");
    assert!(bench.started().is_empty());
    let card = bench.shown(0).card.clone().unwrap();
    assert!(card.what.as_str().contains("did you mean `gpt-4o-mini`?"), "{card:?}");
    assert_eq!(bench.shown(0).state, RunPhase::Failed);
}

#[test]
fn r_asks_the_models_whatever_the_cache_holds() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.take();
    bench.keys("<prompt>r");
    let fresh = bench.started();
    assert_eq!(fresh.len(), 2);
    assert!(fresh.iter().all(|(_, request)| request.cache == CacheMode::Refresh));
    bench.keys("<answers>r");
    assert_eq!(bench.started().len(), 1);
}

#[test]
fn a_variable_without_a_value_is_asked_for_before_anything_is_sent() {
    let mut bench = Bench::new();
    bench.app.bench.messages.field_mut(1).unwrap().set("{{ language }}: {{ input }}");
    bench.send(Event::Resized);
    assert_eq!(bench.app.bench.missing(), ["language"]);
    bench.take();
    bench.keys("<f5>");
    assert!(bench.started().is_empty());
    assert!(bench.says().contains("language"), "{}", bench.says());
    bench.keys("French<enter><f5>");
    let (_, request) = bench.started().remove(0);
    assert_eq!(request.input.value("language"), Some("French"));
}

#[test]
fn a_template_that_makes_no_sense_is_not_sent_and_says_where() {
    let mut bench = Bench::new();
    bench.app.bench.messages.field_mut(0).unwrap().set("{\n  {% if tone %}Be kind.");
    bench.send(Event::Resized);
    bench.take();
    bench.keys("<f5>");
    assert!(bench.started().is_empty());
    assert!(bench.says().contains("line 2, column 3: this `if` is not closed"), "{}", bench.says());
    assert_eq!(bench.app.bench.focus, Focus::Message(0));
}

#[test]
fn an_empty_prompt_is_not_sent() {
    let mut bench = Bench::new();
    bench.app.bench.messages.field_mut(0).unwrap().set("");
    bench.app.bench.messages.field_mut(1).unwrap().set("");
    bench.take();
    bench.keys("<f5>");
    assert!(bench.started().is_empty() && bench.says().contains("empty"));
}

#[test]
fn escapes_in_an_answer_reach_the_screen_as_nothing_however_they_are_cut() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, "a\u{1b}"));
    bench.tell(ticket, delta(1, "[31mb"));
    assert_eq!(bench.answer_of(0), "ab");
    assert_eq!(bench.shown(0).raw(), "a\u{1b}[31mb");
}

#[test]
fn reasoning_is_shown_until_the_answer_comes_and_when_asked_for() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, RunEvent::Delta { attempt: 1, part: DeltaPart::Reasoning, text: "let me see".to_owned() });
    assert!(bench.shown(0).shows_reasoning());
    bench.tell(ticket, delta(1, "it is 4"));
    assert!(!bench.shown(0).shows_reasoning());
    bench.keys("T");
    assert!(bench.shown(0).shows_reasoning());
}

#[test]
fn a_long_run_rings_when_it_ends_unseen() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.send(Event::Focused(false));
    bench.pass(Duration::from_secs(6));
    bench.take();
    bench.tell(ticket, ended(outcome("done")));
    assert!(bench.take().iter().any(|effect| matches!(effect, Effect::Bell)));
}

#[test]
fn an_idle_bench_never_wakes() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    assert!(bench.app.wake_at(bench.app.shared.now).is_some());
    bench.tell(ticket, ended(outcome("done")));
    bench.pass(Duration::from_secs(30));
    assert_eq!(bench.app.wake_at(bench.app.shared.now), None);
}

#[test]
fn every_lane_makes_as_many_runs_as_samples_are_asked_for_and_each_goes_its_own_way() {
    let mut bench = Bench::of(&["demo", "gpt-4o-mini"]);
    bench.app.bench.set_samples(2);
    bench.take();
    bench.keys("<f5>");
    let started = bench.started();
    let requests: Vec<(&str, u32)> =
        started.iter().map(|(_, request)| (request.targets[0].name.as_str(), request.sample)).collect();
    assert_eq!(requests, [("demo", 0), ("demo", 1), ("gpt-4o-mini", 0), ("gpt-4o-mini", 1)]);
    bench.tell(started[1].0, attempt(1, "demo"));
    bench.tell(started[1].0, delta(1, "the second"));
    bench.tell(started[0].0, ended(outcome("the first")));
    let words: Vec<(&str, bool)> =
        bench.lane(0).runs().map(|take| (take.raw(), take.state == RunPhase::Done)).collect();
    assert_eq!(words, [("the first", true), ("the second", false)]);
    bench.keys("<answers><c-c>");
    assert!(matches!(bench.take().as_slice(), [Effect::Stop(stopped)] if *stopped == started[1].0));
    assert!(bench.lane(1).runs().all(|take| take.ticket.is_some()));
    bench.keys("<c-p>run-failed<enter>");
    let again = bench.started();
    assert_eq!(again.iter().map(|(_, request)| request.sample).collect::<Vec<_>>(), [1]);
    bench.app.bench.set_samples(1);
    assert_eq!((bench.lane(0).samples(), bench.shown(0).raw()), (1, "the first"));
}
