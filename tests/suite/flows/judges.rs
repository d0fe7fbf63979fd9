//! From the X-ray of a run to what its judges were asked and said, on every screen.

use retort::{
    app::{
        Ticket,
        overlays::{Overlay, xray::Xray},
    },
    model::{
        Check, CheckKind, Cost, ErrorKind, Message, Role, RunEnd, RunId,
        error::StoreError,
        run_end::Reason,
        verdict::{Quality, Rule, Status, Verdict},
    },
    pipeline::{TimedEvent, event::RunEvent, ports::RunRecord},
    store::api::{StoreReply, StoreRequest},
};

use crate::support::{
    batch,
    bench::{
        Bench, ended, outcome, prepared, {self},
    },
    history,
};

/// That some runs judged a rubric.
fn judged(verdict: usize, runs: &[u64]) -> RunEvent {
    let runs = runs.iter().map(|run| history::id(*run)).collect();
    RunEvent::Judged { verdict, rule: Rule::Check("llm-rubric".to_owned()), runs, cost: Cost::Unknown }
}

fn told(event: RunEvent) -> TimedEvent {
    TimedEvent { at: std::time::Duration::from_millis(9), event }
}

/// What is on record of a judge's run.
fn judge(number: u64) -> RunRecord {
    let mut record = history::record(number, jiff::Timestamp::UNIX_EPOCH, outcome(&format!("{{\"pass\": {number}}}")));
    let message = |role, content: &str| Message::of(role, content);
    let mut first = prepared(record.run);
    if let RunEvent::Prepared { messages, .. } = &mut first {
        messages.push(message(Role::System, "You judge.\n\nBe strict.\u{1b}[2J"));
        messages.push(message(Role::User, "Is it polite?"));
    }
    record.timeline = vec![told(first)];
    record
}

/// An X-ray at the bench of a run whose rubrics were put to two judges, one of them twice.
pub(crate) fn scene() -> Bench {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, prepared(history::id(1)));
    bench.keys("<answers>o");
    bench.tell(ticket, judged(0, &[11, 12]));
    bench.tell(ticket, judged(1, &[13]));
    let verdict = Verdict::new(Rule::Confidence, Status::Passed, "fine");
    bench.tell(ticket, RunEvent::Checked { quality: Quality::of(vec![verdict]) });
    bench.tell(ticket, ended(outcome("x")));
    bench.take();
    bench
}

fn xray(bench: &Bench) -> &Xray {
    let Some(Overlay::Xray(xray)) = bench.app.overlay() else { panic!("no X-ray") };
    xray
}

fn rows(bench: &Bench) -> Vec<String> {
    xray(bench).lines().iter().map(|row| row.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

/// Presses the key and returns the run that is asked for.
fn press(bench: &mut Bench) -> (Ticket, RunId) {
    bench.take();
    bench.keys("J");
    let jobs = bench.jobs();
    let [(ticket, StoreRequest::OpenRun(run))] = jobs.as_slice() else { panic!("{jobs:?}") };
    (*ticket, *run)
}

/// Goes to the next judge.
fn step(bench: &mut Bench, number: u64) {
    let (ticket, run) = press(bench);
    assert_eq!(run, history::id(number));
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(judge(number)))));
}

#[test]
fn every_rubric_of_the_prompt_is_put_to_its_judge_or_to_that_of_the_settings() {
    let mut start = bench::start();
    start.settings.judge = Some("local:gemma-3".to_owned());
    let rubric = |judge: Option<&str>| {
        let judge = judge.map(str::to_owned);
        Check { judge, ..Check::of(CheckKind::LlmRubric).with("Is it kind?") }
    };
    let checks = [rubric(None), rubric(Some("demo")), rubric(Some("nobody:knows")), Check::of(CheckKind::IsJson)];
    start.starters[0].1.checks.extend(checks);
    let mut bench = Bench::with(start);
    bench.keys("<f5>");
    let started = bench.started();
    let [(_, request)] = started.as_slice() else { panic!("{started:?}") };
    let judges: Vec<_> = request.judges.iter().map(|(name, target)| (name.as_str(), target.name.as_str())).collect();
    assert_eq!(judges, [("", "local:gemma-3"), ("demo", "demo")], "who nobody knows is said by the check itself");
}

#[test]
fn the_judges_of_a_run_are_shown_one_after_the_other_and_esc_goes_back_to_the_run() {
    let mut bench = scene();
    assert!(!xray(&bench).judges.is_shown());
    step(&mut bench, 11);
    let shown = rows(&bench);
    assert!(shown[0].starts_with("judge 1 of 3, run") && shown[0].contains("llm-rubric"), "{shown:#?}");
    let at = |row: &str| shown.iter().position(|shown| shown == row).unwrap_or_else(|| panic!("{row}: {shown:#?}"));
    let order = ["system You judge.", "Be strict.", "user Is it polite?", "answer {\"pass\": 11}"].map(at);
    assert!(order.is_sorted(), "{shown:#?}");
    let steps = shown.iter().position(|row| row.contains(" prepared ")).unwrap();
    assert!(order[3] < steps && shown.last().unwrap().contains(" ended done"), "{shown:#?}");
    for number in [12, 13, 11] {
        step(&mut bench, number);
        assert!(rows(&bench).contains(&format!("answer {{\"pass\": {number}}}")));
        assert_eq!(bench.app.overlays.len(), 1, "in the place of the one before");
    }
    bench.keys("<tab>");
    assert!(rows(&bench).iter().any(|row| row.starts_with("judge ")), "the timeline names the judges");
    bench.keys("J");
    assert!(rows(&bench)[0].starts_with("judge 1 of 3"), "and the one that was shown is still there");
    bench.keys("<esc>");
    assert!(bench.app.overlays.is_empty());
}

#[test]
fn a_judge_of_a_run_on_record_is_shown_in_the_batch_and_the_history() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    let mut none = super::batch::cell(Vec::new());
    none.keys("oJ");
    assert_eq!(none.says(), "No judge was asked of this run");
    bench.take();
    bench.keys("<a-3>");
    let mut run = history::record(9, jiff::Timestamp::UNIX_EPOCH, outcome("fine"));
    run.timeline = vec![told(judged(0, &[11]))];
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let jobs = bench.jobs();
    let (page, _) = jobs.iter().find(|(_, job)| matches!(job, StoreRequest::History { .. })).unwrap();
    bench.answer(*page, Ok(StoreReply::History(history::page(now, 9..=9, false))));
    let jobs = bench.jobs();
    let (record, _) = jobs.iter().find(|(_, job)| matches!(job, StoreRequest::OpenRun(_))).unwrap();
    bench.answer(*record, Ok(StoreReply::Run(Box::new(run))));
    bench.keys("o");
    step(&mut bench, 11);
    assert!(rows(&bench).iter().any(|row| row == "user Is it polite?"));
    bench.keys("J");
    assert_eq!(bench.says(), "No other judge was asked");

    let mut cell = super::batch::cell(vec![told(judged(0, &[12]))]);
    cell.keys("o");
    step(&mut cell, 12);
    assert!(rows(&cell).iter().any(|row| row == "answer {\"pass\": 12}"));
    cell.keys("<esc>");
    assert!(cell.app.overlays.is_empty() && cell.app.batch.shown.as_ref().unwrap().detail.is_some());
}

#[test]
fn a_judge_that_is_not_on_record_any_more_is_told_and_the_next_one_can_be_reached() {
    let mut bench = scene();
    let (ticket, run) = press(&mut bench);
    bench.answer(ticket, Err(StoreError::new("no run is called so")));
    assert!(bench.says().starts_with(&format!("the judge's run {}", run.short())), "{}", bench.says());
    assert!(!xray(&bench).judges.is_shown());
    step(&mut bench, 12);
    assert!(xray(&bench).judges.is_shown());
}

#[test]
fn a_judge_that_did_not_answer_says_why() {
    let mut bench = scene();
    let (ticket, _) = press(&mut bench);
    let mut record = judge(11);
    record.outcome.text.clear();
    let error = retort::model::CallError::new(ErrorKind::Overloaded, "the server is busy");
    record.outcome.end = RunEnd::Failed { reasons: vec![Reason { target: "demo".to_owned(), error }] };
    bench.answer(ticket, Ok(StoreReply::Run(Box::new(record))));
    let shown = rows(&bench);
    assert!(shown.contains(&"answer nothing".to_owned()), "{shown:#?}");
    assert!(shown.last().unwrap().contains(" ended failed"), "{shown:#?}");
}

#[test]
fn late_records_of_judges_are_dropped() {
    let mut bench = scene();
    let (first, _) = press(&mut bench);
    let (second, run) = press(&mut bench);
    assert_eq!(run, history::id(12), "pressed twice it goes on");
    bench.answer(first, Ok(StoreReply::Run(Box::new(judge(11)))));
    assert!(!xray(&bench).judges.is_shown());
    bench.answer(second, Ok(StoreReply::Run(Box::new(judge(12)))));
    assert!(rows(&bench)[0].starts_with("judge 2 of 3"));
    let (late, _) = press(&mut bench);
    bench.keys("<esc>");
    bench.answer(late, Ok(StoreReply::Run(Box::new(judge(11)))));
    assert!(bench.app.overlays.is_empty());
    let mut bench = scene();
    let (late, _) = press(&mut bench);
    bench.keys("<esc><f5><answers>o");
    bench.answer(late, Ok(StoreReply::Run(Box::new(judge(11)))));
    assert!(!xray(&bench).judges.is_shown(), "another run has other judges");
}

#[test]
fn the_samples_of_a_cell_are_walked_round_those_that_have_an_answer() {
    let mut bench = super::batch::sampled(&[0, 1, 3]);
    let sample = |bench: &Bench| bench.app.batch.shown.as_ref().unwrap().detail.as_ref().unwrap().place.sample;
    assert_eq!(sample(&bench), 0);
    for (key, to) in [(".", 1), (".", 3), (".", 0), (",", 3), (",", 1)] {
        bench.take();
        bench.keys(key);
        let jobs = bench.jobs();
        let [(ticket, StoreRequest::OpenRun(run))] = jobs.as_slice() else { panic!("{jobs:?}") };
        let place = retort::model::CellIndex { sample: to, ..batch::place(1, 0) };
        assert_eq!((sample(&bench), *run), (to, batch::run(place)), "{key}");
        bench.answer(
            *ticket,
            Ok(StoreReply::Run(Box::new(batch::record(place, outcome(&format!("answer {to}")), None)))),
        );
        let detail = bench.app.batch.shown.as_ref().unwrap().detail.as_ref().unwrap();
        assert_eq!(detail.record.as_ref().unwrap().outcome.text, format!("answer {to}"));
    }
    bench.keys("<enter>");
    assert_eq!(sample(&bench), 1, "enter keeps to it");
    bench.keys("<esc>.");
    assert_eq!(bench.says(), "Next sample: open a cell first");
    let mut lone = super::batch::sampled(&[2]);
    lone.keys(".");
    assert_eq!((sample(&lone), lone.says()), (2, "no other sample of this cell has an answer yet"));
    let mut once = super::batch::cell(Vec::new());
    once.keys(".");
    assert_eq!(once.says(), "1 sample of each cell");
}
