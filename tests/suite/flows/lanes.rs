//! Lanes: their order, one alone, what is each one's own, samples, and what becomes of a cut answer.

use std::time::Duration;

use retort::{
    app::{
        Effect, Ticket,
        intent::ModelFor,
        overlays::Overlay,
        workbench::{Focus, lane::RunPhase},
    },
    model::{CacheMode, CallError, ErrorKind, LaneSpec, Params, Pinned, Prompt, RunEnd, RunRequest, run_end::Reason},
    pipeline::event::NextStep,
    store::api::StoreRequest,
};

use crate::support::bench::{Bench, attempt, delta, ended, failed, outcome};

fn run(bench: &mut Bench) -> Vec<(Ticket, RunRequest)> {
    bench.take();
    bench.keys("<f5>");
    bench.started()
}

fn asked(started: &[(Ticket, RunRequest)]) -> Vec<&str> {
    started.iter().map(|(_, request)| request.targets[0].name.as_str()).collect()
}

/// A bench whose only lane shows an answer that broke off.
fn cut(fallback: &[&str]) -> Bench {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    bench.app.bench.fallback = fallback.iter().map(|&name| name.to_owned()).collect();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "gpt-4o-mini"));
    bench.tell(ticket, delta(1, "{\"half\":"));
    let mut end = outcome("{\"half\":");
    (end.requested, end.target) = ("gpt-4o-mini".to_owned(), "gpt-4o-mini".to_owned());
    end.end = RunEnd::Interrupted { error: CallError::new(ErrorKind::Interrupted, "the connection closed") };
    bench.tell(ticket, ended(end));
    bench.take();
    bench
}

#[test]
fn lanes_change_places_with_what_they_show() {
    let mut bench = Bench::of(&["demo", "demo:slow", "gpt-4o-mini"]);
    let started = run(&mut bench);
    bench.tell(started[0].0, ended(outcome("mine")));
    bench.keys("<answers>>>");
    assert_eq!(bench.app.bench.targets(), ["demo:slow", "gpt-4o-mini", "demo"]);
    assert_eq!((bench.app.bench.focus, bench.shown(2).raw()), (Focus::Lane(2), "mine"));
    bench.keys(">");
    assert_eq!(bench.says(), "this is the last lane");
    bench.tell(started[1].0, ended(outcome("slow")));
    bench.keys("<lt>");
    assert_eq!((bench.shown(0).raw(), bench.shown(1).raw()), ("slow", "mine"));
}

#[test]
fn a_lane_that_is_alone_is_all_that_is_shown_and_run() {
    let mut bench = Bench::of(&["demo", "demo:slow", "gpt-4o-mini"]);
    bench.see();
    let wide = bench.app.bench.layout.lanes[1].pane.width;
    bench.keys("<answers>lZ");
    let lanes = &bench.app.bench.layout.lanes;
    assert!(lanes[0].pane.is_empty() && lanes[2].pane.is_empty() && lanes[1].pane.width > 2 * wide);
    assert_eq!(asked(&run(&mut bench)), ["demo:slow"]);
    bench.keys("<prompt><f5>");
    assert_eq!(asked(&bench.started()), ["demo:slow"], "also from another pane");
    bench.keys("<answers>l<f5>");
    assert_eq!(asked(&bench.started()), ["gpt-4o-mini"], "the next lane takes its place");
    bench.keys("Z");
    assert_eq!(asked(&run(&mut bench)).len(), 3);
}

#[test]
fn parameters_of_a_lanes_own_go_with_its_runs_and_the_session_alone() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    let prompt = bench.app.bench.prompt();
    bench.keys("<answers>lP1.2<enter>");
    let started = run(&mut bench);
    let own: Vec<Option<f64>> = started.iter().map(|(_, request)| request.params.temperature).collect();
    assert_eq!(own, [None, Some(1.2)]);
    assert!(started.iter().all(|(_, request)| *request.prompt == prompt));
    bench.pass(Duration::from_secs(2));
    let saved = bench.jobs().into_iter().find_map(|(_, job)| match job {
        StoreRequest::SaveSession(session) => Some(session.lanes),
        _ => None,
    });
    let own = Params { temperature: Some(1.2), ..Params::default() };
    let slow = LaneSpec { target: "demo:slow".to_owned(), params: own, pinned: None };
    assert_eq!(saved.unwrap(), ["demo".into(), slow]);
    bench.keys("Phot<enter>");
    let Some(Overlay::LaneParams(params)) = bench.app.overlay() else { panic!("the form stays open") };
    assert!(params.lane == 1 && params.form.rows[0].error.is_some());
    bench.keys("<c-u><enter>");
    assert_eq!(run(&mut bench)[1].1.params, Params::default(), "an empty line inherits");
}

#[test]
fn a_lane_held_to_a_version_runs_that_until_it_is_let_go() {
    let mut bench = Bench::of(&["demo", "demo"]);
    let old = Prompt { user: "Old: {{ input }} {{ tone }}".to_owned(), ..Prompt::default() };
    let pinned = Pinned { hash: "3fa9c2d1".to_owned(), name: Some("terse".to_owned()), prompt: Box::new(old.clone()) };
    bench.app.bench.pin(1, Some(pinned));
    bench.keys("<answers><f5>");
    assert!(bench.says().contains("give a value to tone"), "{}", bench.says());
    bench.keys("dry<esc>");
    let started = run(&mut bench);
    assert_eq!((&*started[0].1.prompt, &*started[1].1.prompt), (&bench.app.bench.prompt(), &old));
    bench.keys("<answers>l<c-p>unpin-lane<enter>");
    assert!(matches!(bench.take().as_slice(), [Effect::Stop(stopped)] if *stopped == started[1].0));
    let started = run(&mut bench);
    assert_eq!(started[1].1.prompt, started[0].1.prompt);
}

#[test]
fn samples_are_asked_for_shown_one_by_one_and_cut_down_again() {
    let mut bench = Bench::of(&["demo"]);
    bench.keys("<answers>.");
    assert!(bench.says().contains("samples"));
    bench.keys("#<c-u>3<enter>");
    let started = run(&mut bench);
    assert_eq!(started.iter().map(|(_, request)| request.sample).collect::<Vec<_>>(), [0, 1, 2]);
    for (at, (ticket, _)) in started.iter().enumerate() {
        bench.tell(*ticket, attempt(1, "demo"));
        bench.tell(*ticket, delta(1, &format!("answer {at}")));
    }
    assert_eq!(bench.answer_of(0), "answer 0");
    bench.keys(".");
    assert_eq!(bench.answer_of(0), "answer 1");
    bench.keys(",,");
    assert_eq!((bench.answer_of(0).as_str(), bench.lane(0).shown_at()), ("answer 2", 2));
    bench.keys("#<c-u>99<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Samples(_))));
    bench.take();
    bench.keys("<c-u>2<enter>");
    assert!(matches!(bench.take().as_slice(), [Effect::Stop(stopped)] if *stopped == started[2].0));
    assert_eq!(bench.answer_of(0), "answer 1");
}

#[test]
fn a_slow_lane_holds_no_other_and_stopping_one_leaves_the_others() {
    let mut bench = Bench::of(&["demo", "demo:slow", "gpt-4o-mini"]);
    let started = run(&mut bench);
    bench.tell(started[0].0, attempt(1, "demo"));
    bench.tell(started[2].0, attempt(1, "gpt-4o-mini"));
    bench.tell(started[2].0, failed(1, ErrorKind::RateLimited, NextStep::Retry { wait: Duration::from_secs(9) }));
    bench.tell(started[0].0, ended(outcome("whole")));
    let states = |bench: &Bench| (0..3).map(|at| bench.shown(at).state.is_busy()).collect::<Vec<_>>();
    assert_eq!(states(&bench), [false, true, true]);
    bench.keys("<answers>l<c-c>");
    assert_eq!(states(&bench), [false, false, true]);
    assert_eq!((&bench.shown(0).state, &bench.shown(1).state), (&RunPhase::Done, &RunPhase::Cancelled));
    bench.take();
    bench.keys("r");
    assert_eq!(asked(&bench.started()), ["demo:slow"]);
}

#[test]
fn the_part_of_a_cut_answer_can_be_kept_and_is_still_no_whole_one() {
    let mut bench = cut(&[]);
    bench.keys("<answers>K");
    assert_eq!((&bench.shown(0).state, bench.shown(0).card.is_some()), (&RunPhase::Accepted, false));
    assert_eq!(bench.shown(0).raw(), "{\"half\":");
    bench.keys("R");
    assert_eq!(bench.started().len(), 0, "what was accepted is not run again as failed");
    bench.keys("K");
    assert!(bench.says().contains("no part of a broken answer"));

    let mut stopped = Bench::new();
    let ticket = stopped.run();
    stopped.tell(ticket, attempt(1, "demo"));
    stopped.tell(ticket, delta(1, "half"));
    stopped.keys("<answers><c-c>K");
    let mut end = outcome("half");
    end.end = RunEnd::Cancelled;
    stopped.tell(ticket, ended(end));
    assert_eq!((&stopped.shown(0).state, stopped.shown(0).card.is_some()), (&RunPhase::Accepted, false));
}

#[test]
fn a_cut_answer_starts_over_or_goes_to_the_next_model() {
    let mut bench = cut(&["gpt-4o-mini", "demo"]);
    bench.keys("<answers>F");
    let started = bench.started();
    assert_eq!((asked(&started), started[0].1.targets.len()), (vec!["demo"], 1));
    let mut over = cut(&[]);
    over.keys("<answers>r");
    let started = over.started();
    assert_eq!((asked(&started), started[0].1.cache), (vec!["gpt-4o-mini"], CacheMode::Refresh));
    let mut none = cut(&[]);
    none.keys("<answers>F");
    let Some(Overlay::Models(models)) = none.app.overlay() else { panic!("no list of models") };
    assert!(matches!(models.what, ModelFor::Lane(0)) && none.says().contains("no fallback is left"));
}

#[test]
fn of_several_samples_only_the_broken_one_that_is_shown_starts_over() {
    let mut bench = Bench::of(&["demo"]);
    bench.app.bench.set_samples(3);
    let started = run(&mut bench);
    for (ticket, _) in &started {
        bench.tell(*ticket, ended(outcome("{}")));
    }
    let again = |bench: &mut Bench| {
        bench.take();
        bench.keys("<answers>r");
        bench.started().iter().map(|(_, request)| request.sample).collect::<Vec<_>>()
    };
    assert_eq!(again(&mut bench), [0, 1, 2]);
    bench.keys(".<c-c>");
    assert_eq!(again(&mut bench), [1]);
}

#[test]
fn the_same_error_of_every_try_is_told_once() {
    let mut bench = Bench::of(&["gpt-4o-mini"]);
    let ticket = bench.run();
    for number in 1..=3 {
        bench.tell(ticket, attempt(number, "gpt-4o-mini"));
        let next = if number < 3 { NextStep::Retry { wait: Duration::from_secs(4) } } else { NextStep::GiveUp };
        bench.tell(ticket, failed(number, ErrorKind::Overloaded, next));
    }
    let mut end = outcome("");
    let error = CallError::new(ErrorKind::Overloaded, format!("the server says {}", ErrorKind::Overloaded));
    end.end = RunEnd::Failed { reasons: vec![Reason { target: "gpt-4o-mini".to_owned(), error }] };
    bench.tell(ticket, ended(end));
    let card = bench.shown(0).card.clone().unwrap();
    assert!(card.what.as_str().starts_with("gpt-4o-mini: "), "{card:?}");
    assert_eq!(card.tried.iter().map(retort::text::SanitizedText::as_str).collect::<Vec<_>>(), ["tried 3 times"]);
}
