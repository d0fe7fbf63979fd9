//! Comparing lanes with a baseline: what is compared, when, and how one walks through it.

use retort::{
    app::{Event, Ticket, workbench::compare::LaneRelation},
    model::{Input, Prompt, RunId},
    pipeline::ports::RunRecord,
    store::api::{HistoryEntry, HistoryPage, StoreReply, StoreRequest},
    widgets::diff_view::Summary,
};

use crate::support::bench::{Bench, attempt, delta, ended, outcome, prepared};

/// A bench whose lanes have answered, and the tickets of their runs.
fn answered(answers: &[&str]) -> (Bench, Vec<Ticket>) {
    let mut bench = Bench::of(&["demo", "demo:slow", "demo:bad-json", "demo:long"][..answers.len()]);
    let tickets = run(&mut bench, answers);
    (bench, tickets)
}

fn run(bench: &mut Bench, answers: &[&str]) -> Vec<Ticket> {
    bench.take();
    bench.keys("<f5>");
    let tickets: Vec<Ticket> = bench.started().into_iter().map(|(ticket, _)| ticket).collect();
    for ((ticket, answer), number) in tickets.iter().zip(answers).zip(100..) {
        bench.tell(*ticket, prepared(RunId(uuid::Uuid::from_u128(number))));
        bench.tell(*ticket, attempt(1, "demo"));
        bench.tell(*ticket, delta(1, answer));
        bench.tell(*ticket, ended(outcome(answer)));
    }
    tickets
}

fn summary(bench: &Bench, at: usize) -> Summary {
    match bench.app.bench.relation(bench.lane(at)) {
        Some(LaneRelation::Differs(difference)) => difference.summary(),
        other => panic!("lane {at} is not compared: {other:?}"),
    }
}

fn waits(bench: &Bench, at: usize) -> &'static str {
    match bench.app.bench.relation(bench.lane(at)) {
        Some(LaneRelation::Waits(why)) => why,
        other => panic!("lane {at} waits for nothing: {other:?}"),
    }
}

fn seen(bench: &Bench, at: usize) -> String {
    let rows = bench.shown(at).view().seen().map(|(_, row)| row.text.trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_first_lane_is_the_baseline_until_another_is_made_it() {
    let (mut bench, _) = answered(&["one two", "one three", "one two"]);
    assert!(bench.app.bench.relation(bench.lane(1)).is_none());
    bench.keys("<answers>d");
    assert_eq!(bench.says(), "what differs from demo");
    assert_eq!(summary(&bench, 1), Summary::Words { differ: 1, by_lines: false });
    assert_eq!(summary(&bench, 2), Summary::Same);
    assert_eq!((seen(&bench, 0).as_str(), seen(&bench, 1).as_str()), ("one two", "one [-two-]{+three+}"));
    bench.keys("lb");
    assert!(matches!(bench.app.bench.relation(bench.lane(1)), Some(LaneRelation::Baseline)));
    assert_eq!(seen(&bench, 0), "one [-three-]{+two+}");
    bench.keys("b");
    assert_eq!(bench.says(), "no baseline");
    assert!(bench.app.bench.relation(bench.lane(0)).is_none());
    assert_eq!(seen(&bench, 1), "one three");
}

#[test]
fn half_an_answer_is_not_compared() {
    let (mut bench, _) = answered(&["one two", "one three"]);
    bench.keys("<answers>d<f5>");
    let tickets: Vec<Ticket> = bench.started().into_iter().map(|(ticket, _)| ticket).collect();
    bench.tell(tickets[1], attempt(1, "demo"));
    bench.tell(tickets[1], delta(1, "one"));
    assert_eq!(waits(&bench, 1), "compared when whole");
    assert_eq!(seen(&bench, 1), "one");
    bench.tell(tickets[1], ended(outcome("one three")));
    assert_eq!(waits(&bench, 1), "waits for the baseline");
    bench.tell(tickets[0], ended(outcome("one three")));
    assert_eq!(summary(&bench, 1), Summary::Same);
    bench.keys("<f5>");
    let tickets: Vec<Ticket> = bench.started().into_iter().map(|(ticket, _)| ticket).collect();
    bench.tell(tickets[1], delta(1, "one"));
    bench.keys("l<c-c>");
    assert_eq!(waits(&bench, 1), "not whole: not compared");
}

#[test]
fn a_lane_by_itself_is_compared_with_its_answer_before() {
    let (mut bench, _) = answered(&["one two"]);
    bench.keys("d");
    assert_eq!(waits(&bench, 0), "no answer before this one");
    run(&mut bench, &["one 2"]);
    assert_eq!(seen(&bench, 0), "one [-two-]{+2+}");
    bench.keys("<f5>");
    let ticket = bench.started()[0].0;
    bench.tell(ticket, delta(1, "o"));
    bench.keys("<answers><c-c>");
    run(&mut bench, &["one II"]);
    assert_eq!(seen(&bench, 0), "one [-2-]{+II+}", "a stopped run is no answer to compare with");
}

#[test]
fn the_only_lane_keeps_an_answer_as_the_baseline_of_those_to_come() {
    let (mut bench, _) = answered(&["one two"]);
    bench.keys("<answers>b");
    assert!(bench.says().starts_with("this answer is the baseline; d shows"), "{}", bench.says());
    run(&mut bench, &["one"]);
    run(&mut bench, &["one two three"]);
    assert_eq!(summary(&bench, 0), Summary::Words { differ: 1, by_lines: false });
    bench.keys("d");
    assert_eq!(seen(&bench, 0), "one two {+three+}");
    bench.keys("b");
    assert!(bench.app.bench.relation(bench.lane(0)).is_none());
}

#[test]
fn json_is_compared_by_key() {
    let (mut bench, _) = answered(&[
        r#"{"label": "bad", "score": 0.9}"#,
        r#"{"score": 0.90, "label": "bad"}"#,
        r#"{"label": "good", "score": 0.9}"#,
        "no JSON at all",
    ]);
    bench.keys("d");
    assert_eq!(summary(&bench, 1), Summary::SameJson);
    assert_eq!(summary(&bench, 2), Summary::Fields { differ: 1, of: 2 });
    assert!(seen(&bench, 2).contains("[-\"bad\"-]{+\"good\"+},"), "{}", seen(&bench, 2));
    assert!(matches!(summary(&bench, 3), Summary::Words { .. }));
}

#[test]
fn differences_are_walked_once_the_lanes_are_compared() {
    let (mut bench, _) = answered(&["a b c d e", "a B c D e"]);
    bench.keys("<answers>dn");
    assert_eq!(bench.says(), "difference 1 of 2");
    assert_eq!(bench.app.bench.lane_at(), 1);
    bench.keys("n");
    assert_eq!(bench.says(), "difference 2 of 2");
    bench.keys("nN");
    assert_eq!(bench.says(), "difference 2 of 2");
    let (mut same, _) = answered(&["a", "a"]);
    same.keys("dn");
    assert_eq!(same.says(), "no lane in which anything differs");
}

#[test]
fn an_earlier_run_of_this_prompt_can_be_the_baseline() {
    let (mut bench, _) = answered(&["one two", "one three"]);
    let started = "2026-03-01T12:00:00Z".parse().unwrap();
    let entry = |id: u128, prompt: Option<&String>, end: &str| HistoryEntry {
        run: RunId(uuid::Uuid::from_u128(id)),
        prompt_name: prompt.cloned(),
        target: format!("model-{id}"),
        end: end.to_owned(),
        ..crate::support::history::entry(0, started, 12)
    };
    let name = bench.app.bench.prompt_name.clone();
    bench.keys("B");
    let ticket = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::History { .. })).unwrap().0;
    let runs = vec![
        entry(1, name.as_ref(), "done"),
        entry(2, None, "done"),
        entry(3, name.as_ref(), "failed"),
        entry(101, name.as_ref(), "done"),
    ];
    bench.answer(ticket, Ok(StoreReply::History(HistoryPage { runs, more: false })));
    let Some(retort::app::overlays::Overlay::CompareWith(bases)) = bench.app.overlay() else { panic!("no list") };
    let labels: Vec<&str> = bases.choice.shown().map(|item| item.label.as_str()).collect();
    assert_eq!(labels, ["demo", "demo:slow", "the answer before", "this answer", "model-1"]);
    bench.keys("model<enter>");
    let (ticket, job) = bench.jobs().pop().unwrap();
    assert_eq!(job, StoreRequest::OpenRun(RunId(uuid::Uuid::from_u128(1))));
    let mut end = outcome("one two");
    end.requested = "model-1".to_owned();
    let record = RunRecord {
        run: RunId(uuid::Uuid::from_u128(1)),
        started: "2026-03-01T11:48:00Z".parse().unwrap(),
        session: None,
        prompt_name: name,
        provider: "demo".to_owned(),
        sample: 0,
        prompt: Prompt::default(),
        input: Input::default(),
        outcome: end,
        pace: None,
        timeline: Vec::new(),
        cell: None,
        trace: None,
    };
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(record))));
    assert!(bench.says().starts_with("what differs from model-1 (run "), "{}", bench.says());
    assert_eq!(summary(&bench, 0), Summary::Same);
    assert_eq!(seen(&bench, 1), "one [-two-]{+three+}");
}

#[test]
fn lanes_scroll_together_by_what_matches_in_them() {
    let text = |lead: usize| {
        let lead = "some words to begin with\n".repeat(lead);
        lead + "\n" + &(0..60).map(|n| format!("paragraph {n}\n\n")).collect::<Vec<_>>().concat()
    };
    let (mut bench, _) = answered(&[&text(1), &text(12), "{\n  \"a\": 1\n}"]);
    bench.keys("<answers>gS").see();
    bench.keys("<c-d><c-d>");
    let first = |bench: &Bench, at: usize| seen(bench, at).lines().next().unwrap_or_default().to_owned();
    assert!(first(&bench, 0).starts_with("paragraph"), "{}", first(&bench, 0));
    assert_eq!(first(&bench, 0), first(&bench, 1), "by paragraphs");
    bench.keys("d").see();
    bench.keys("kkkk");
    assert!(first(&bench, 0).starts_with("paragraph"));
    assert_eq!(first(&bench, 0), first(&bench, 1), "by the diff");
    bench.keys("ljj");
    assert_eq!(first(&bench, 0), first(&bench, 1), "and back");
    bench.send(Event::Do(retort::widgets::motion::Motion::Bottom.into()));
    assert!(bench.shown(0).view().follows() && bench.shown(1).view().follows());
}
