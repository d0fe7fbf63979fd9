//! The batch screen: from the form to the last cell, keys in, state and effects out.

use std::time::Duration;

use retort::{
    app::{
        Effect, Event, ScreenId, Ticket,
        batch::{
            Page,
            grid_view::By,
            run_state::BatchState,
            setup::{AGAINST, FILE, MODELS, PASS_RATE, PROMPTS, ROWS},
        },
        event::{BatchCommand, BatchPreviewView},
        overlays::Overlay,
    },
    model::{
        BatchId, CellIndex, Expected, Prompt, Quality, Rule, Status, Verdict,
        batch::{BatchRequest, BatchSpec, ResumeMode},
        dataset::RowText,
        error::StoreError,
    },
    pipeline::{
        TimedEvent,
        batch::{BatchEnd, BatchEvent},
        ports::RunRecord,
    },
    store::api::{BatchEntry, CellRow, StoreReply, StoreRequest},
};

use crate::support::{
    batch::{filled, place, planned, record, run, spec},
    bench::{Bench, outcome},
};

/// A bench on whose batch screen the form is open, the data set named.
pub(crate) fn form() -> Bench {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("2n");
    bench.take();
    bench.send(Event::Paste("rows.csv".to_owned()));
    bench
}

fn plan(bench: &mut Bench) -> (Ticket, BatchRequest) {
    let planned = bench.take().into_iter().find_map(|effect| match effect {
        Effect::PlanBatch(ticket, order) => Some((ticket, *order)),
        _ => None,
    });
    planned.expect("the data is looked at")
}

/// All that were looked at since the last time.
pub(crate) fn plans(bench: &mut Bench) -> Vec<(Ticket, BatchRequest)> {
    let planned = |effect| match effect {
        Effect::PlanBatch(ticket, order) => Some((ticket, *order)),
        _ => None,
    };
    bench.take().into_iter().filter_map(planned).collect()
}

fn start(bench: &mut Bench) -> (Ticket, BatchRequest) {
    let started = bench.take().into_iter().find_map(|effect| match effect {
        Effect::StartBatch(ticket, order) => Some((ticket, *order)),
        _ => None,
    });
    started.expect("a batch is started")
}

pub(crate) fn controls(bench: &mut Bench) -> Vec<BatchCommand> {
    let control = |effect| match effect {
        Effect::BatchControl(_, control) => Some(control),
        _ => None,
    };
    bench.take().into_iter().filter_map(control).collect()
}

/// A batch that has begun.
pub(crate) fn running() -> (Bench, Ticket) {
    let mut bench = form();
    let (ticket, _) = plan(&mut bench);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    bench.keys("<f5>");
    let (ticket, _) = start(&mut bench);
    bench.send(Event::Batch(
        ticket,
        vec![BatchEvent::Rows { read: 10, all: true }, BatchEvent::Started { place: place(1, 0) }],
    ));
    (bench, ticket)
}

pub(crate) fn done(number: u64, target: u32) -> BatchEvent {
    filled(place(number, target), outcome("fine"), None)
}

/// A cell that is looked at, of whose run this was told.
pub(crate) fn cell(timeline: Vec<TimedEvent>) -> Bench {
    let (mut bench, ticket) = running();
    bench.send(Event::Batch(ticket, vec![done(1, 0), done(2, 0), done(3, 0)]));
    bench.keys("jl<left>");
    bench.take();
    bench.keys("<enter>");
    let (requests, _) = bench.jobs().remove(0);
    let record = RunRecord { timeline, ..record(place(2, 0), outcome("fine"), None) };
    bench.answer(requests, Ok(StoreReply::Run(Box::new(record))));
    bench
}

/// A batch from the record whose only cell is asked four times, some of which are answered; the first
/// of them is looked at.
pub(crate) fn sampled(answered: &[u32]) -> Bench {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("2");
    let (list, _) = bench.jobs().remove(0);
    let entry = BatchEntry {
        id: BatchId(uuid::Uuid::from_u128(5)),
        spec: BatchSpec { samples: 4, ..spec(&["demo"]) },
        started: jiff::Timestamp::UNIX_EPOCH,
        name: "rows.csv".to_owned(),
        end: None,
        ended: None,
        why: None,
        gates: Vec::new(),
        cells: answered.len() as u64,
        answered: answered.len() as u64,
        failed: 0,
        running: false,
        job: None,
    };
    bench.answer(list, Ok(StoreReply::Batches(vec![entry])));
    bench.keys("<enter>");
    let (opened, _) = bench.jobs().remove(0);
    let cells = answered.iter().map(|sample| {
        let event = filled(CellIndex { sample: *sample, ..place(1, 0) }, outcome("fine"), None);
        let BatchEvent::Cell { cell, .. } = event else { panic!("{event:?}") };
        CellRow { cell: *cell, fingerprint: 0, seq: 1 }
    });
    bench.answer(opened, Ok(StoreReply::Cells(cells.collect())));
    bench.keys("<enter>");
    bench
}

pub(crate) fn shown(bench: &Bench) -> &retort::app::batch::run_state::ShownBatch {
    bench.app.batch.shown.as_ref().unwrap()
}

/// The form's lines.
fn lines(bench: &Bench) -> &retort::widgets::form::Form {
    &bench.app.batch.setup.form.as_ref().unwrap().form
}

pub(crate) fn line<'a>(bench: &'a Bench, label: &str) -> &'a retort::widgets::form::FormField {
    lines(bench).rows.iter().find(|row| row.label == label).unwrap()
}

/// A batch on record over a file.
pub(crate) fn on_record() -> BatchEntry {
    BatchEntry {
        id: BatchId(uuid::Uuid::from_u128(5)),
        spec: spec(&["demo"]),
        started: jiff::Timestamp::UNIX_EPOCH,
        name: "messages.csv".to_owned(),
        end: Some("complete".to_owned()),
        ended: None,
        why: None,
        gates: Vec::new(),
        cells: 4,
        answered: 4,
        failed: 0,
        running: false,
        job: None,
    }
}

#[test]
fn from_the_form_to_a_batch_that_runs() {
    let mut bench = form();
    let (ticket, order) = plan(&mut bench);
    assert_eq!((order.spec.data.as_str(), order.spec.targets.len(), order.concurrency), ("rows.csv", 2, 5));
    assert_eq!(order.spec.prompts.first().map(|(name, _)| name.as_str()), bench.app.bench.prompt_name.as_deref());
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    assert!(bench.app.batch.setup.planned.is_some() && bench.take().is_empty(), "no call is made");
    bench.keys("<f5>");
    let (ticket, started) = start(&mut bench);
    assert_eq!(started.spec, order.spec);
    assert_eq!((bench.app.batch.page, &shown(&bench).state), (Page::Table, &BatchState::Starting));
    bench.send(Event::Batch(
        ticket,
        vec![BatchEvent::Rows { read: 10, all: true }, BatchEvent::Started { place: place(1, 0) }],
    ));
    assert_eq!((shown(&bench).total(), &shown(&bench).state), (Some(20), &BatchState::Running));
    bench.send(Event::Batch(ticket, vec![done(1, 0), done(1, 1), BatchEvent::Ended { end: BatchEnd::Complete }]));
    assert_eq!(shown(&bench).state, BatchState::Over(BatchEnd::Complete));
    assert!(bench.says().contains("complete: 2 cells, 2 unchecked"), "{}", bench.says());
}

#[test]
fn a_batch_starts_from_the_bench_in_three_keys() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("2");
    let (list, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::Batches { .. })).unwrap();
    bench.answer(list, Ok(StoreReply::Batches(vec![on_record()])));
    bench.keys("n<f5>");
    let (ticket, order) = plan(&mut bench);
    assert_eq!(order.spec.data, "data/messages.csv", "the file of the last batch");
    assert_eq!(order.spec.targets, ["demo", "demo:slow"], "the models on the bench");
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    let (_, order) = start(&mut bench);
    assert_eq!(order.spec.targets.len(), 2);
}

#[test]
fn data_that_cannot_be_used_is_told_on_its_line() {
    let mut bench = form();
    let (ticket, _) = plan(&mut bench);
    bench.keys("<down><down>");
    bench.send(Event::Planned(ticket, Err("rows.csv, line 7: an unclosed quote".to_owned())));
    assert_eq!(line(&bench, FILE).error.as_deref(), Some("rows.csv, line 7: an unclosed quote"));
    assert_eq!(lines(&bench).at, 2, "nobody is taken away from where they type");
    bench.keys("<f5>");
    assert_eq!((bench.app.batch.page, lines(&bench).at), (Page::Form, 0), "F5 goes there");
}

#[test]
fn saved_prompts_are_read_before_the_data_is_looked_at() {
    let mut bench = form();
    bench.keys("<down><down><c-u>").take();
    bench.send(Event::Paste("sentiment, triage".to_owned()));
    let jobs = bench.jobs();
    let [(ticket, StoreRequest::OpenPrompt(name))] = jobs.as_slice() else { panic!("{jobs:?}") };
    assert_eq!(name, "triage");
    let prompt = Box::new(Prompt { user: "{{ input }} {{ tone }}".to_owned(), ..Prompt::default() });
    bench.answer(*ticket, Ok(StoreReply::Prompt { name: "triage".to_owned(), prompt, file: None }));
    let (_, order) = plan(&mut bench);
    assert_eq!(order.spec.prompts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["sentiment", "triage"]);
    assert_eq!(line(&bench, "{{ tone }}").value(), "", "each of its variables has a line");
    bench.send(Event::Paste(", gone".to_owned()));
    let (ticket, _) = bench.jobs().remove(0);
    bench.answer(ticket, Err(StoreError::new("no prompt is called gone")));
    assert_eq!(line(&bench, PROMPTS).error.as_deref(), Some("no prompt is called gone"));
}

#[test]
fn a_variable_without_a_value_is_told_on_its_line_and_f5_goes_there() {
    let mut bench = form();
    let (ticket, _) = plan(&mut bench);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["id", "Message"], 10)))));
    assert!(line(&bench, "{{ input }}").error.as_ref().is_some_and(|error| error.starts_with("no value")));
    bench.keys("<f5>");
    assert_eq!(lines(&bench).rows[lines(&bench).at].label, "{{ input }}");
    assert!(bench.take().iter().all(|effect| !matches!(effect, Effect::StartBatch(..))));
    bench.keys("<right><right>");
    assert_eq!(line(&bench, "{{ input }}").value(), "Message");
    let orders: Vec<_> = bench
        .take()
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::PlanBatch(ticket, order) => Some((ticket, *order)),
            _ => None,
        })
        .collect();
    let (ticket, order) = orders.last().unwrap();
    assert_eq!(order.spec.mapping.get("Message").map(String::as_str), Some("input"));
    bench.send(Event::Planned(*ticket, Ok(Box::new(planned(&["text"], 10)))));
    bench.keys("<left>").take();
    bench.keys("<c-u>").send(Event::Paste("the same for all".to_owned()));
    let orders = bench.take().into_iter().filter_map(|effect| match effect {
        Effect::PlanBatch(_, order) => Some(order.vars.get("input").cloned()),
        _ => None,
    });
    assert_eq!(orders.last().flatten().as_deref(), Some("the same for all"), "a constant");
}

#[test]
fn f5_waits_for_the_data_that_is_being_looked_at() {
    let mut bench = form();
    let (ticket, _) = plan(&mut bench);
    bench.keys("<f5>");
    assert_eq!(bench.app.batch.page, Page::Form);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    let (_, order) = start(&mut bench);
    assert_eq!((order.spec.data.as_str(), bench.app.batch.page), ("rows.csv", Page::Table));
    let mut bench = form();
    let (ticket, _) = plan(&mut bench);
    bench.keys("<f5>");
    bench.send(Event::Planned(ticket, Err("rows.csv: no such file".to_owned())));
    assert_eq!((bench.app.batch.page, lines(&bench).at), (Page::Form, 0));
}

#[test]
fn what_rows_expect_is_compared_without_being_asked_for() {
    let mut bench = form();
    let (ticket, first) = plan(&mut bench);
    assert_eq!(first.spec.expected, Expected::Off);
    let found = BatchPreviewView { suggested: Some(Expected::Fields), ..planned(&["text", "expected"], 10) };
    bench.send(Event::Planned(ticket, Ok(Box::new(found.clone()))));
    let (ticket, order) = plan(&mut bench);
    assert_eq!(order.spec.expected, Expected::Fields);
    bench.send(Event::Planned(ticket, Ok(Box::new(found))));
    assert!(bench.take().is_empty(), "it is looked at once more and not for ever");
}

#[test]
fn a_path_is_completed_and_recent_files_are_offered() {
    let mut bench = form();
    bench.take();
    bench.keys("<tab>");
    let effects = bench.take();
    let [Effect::Complete(ticket, path)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(path, "rows.csv");
    bench.send(Event::Completed(*ticket, "rows.csv".to_owned(), Vec::new()));
    assert_eq!(lines(&bench).at, 1);
    let mut bench = Bench::new();
    bench.keys("2n");
    let (list, _) = bench.jobs().into_iter().rfind(|(_, job)| matches!(job, StoreRequest::Batches { .. })).unwrap();
    bench.answer(list, Ok(StoreReply::Batches(vec![on_record()])));
    assert_eq!(line(&bench, FILE).value(), "data/messages.csv", "the list came after the form");
    bench.keys("<c-u><enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::BatchChoices(_))));
    bench.keys("<enter>");
    assert_eq!(line(&bench, FILE).value(), "data/messages.csv");
}

#[test]
fn the_first_batch_of_all_is_that_of_the_sample() {
    let mut bench = Bench::of(&["demo", "demo:weak"]);
    bench.keys("2n");
    let (list, _) = bench.jobs().into_iter().rfind(|(_, job)| matches!(job, StoreRequest::Batches { .. })).unwrap();
    bench.answer(list, Ok(StoreReply::Batches(Vec::new())));
    let (_, order) = plan(&mut bench);
    assert_eq!((order.spec.data.as_str(), order.spec.targets.len()), ("sample:messages.csv", 2));
}

#[test]
fn models_are_picked_and_a_batch_to_compare_with_is_chosen() {
    let mut bench = form();
    let at = lines(&bench).rows.iter().position(|row| row.label == MODELS).unwrap();
    bench.keys("<down>").keys(&"<tab>".repeat(at - 1)).keys("<enter>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Models(_))));
    bench.keys("gpt-4o-mini<enter>");
    assert_eq!(line(&bench, MODELS).value(), "demo, demo:slow, gpt-4o-mini");
    let (list, _) =
        bench.jobs().into_iter().rfind(|(_, job)| matches!(job, StoreRequest::Batches { .. })).unwrap_or_else(|| {
            bench.keys("<esc>n");
            bench.jobs().into_iter().rfind(|(_, job)| matches!(job, StoreRequest::Batches { .. })).unwrap()
        });
    bench.answer(list, Ok(StoreReply::Batches(vec![on_record()])));
    bench.keys("<pagedown><enter><enter>");
    assert!(line(&bench, AGAINST).value().starts_with("messages.csv"), "{:?}", line(&bench, AGAINST));
    bench.keys("<backspace>");
    assert_eq!(line(&bench, AGAINST).value(), "");
}

#[test]
fn rows_are_there_before_their_answers_and_the_cell_under_the_cursor_below_them() {
    let (mut bench, ticket) = running();
    let text = |number: u64| RowText {
        number,
        text: format!("text {number}"),
        expected: "{\"a\": 1}".to_owned(),
        named: false,
    };
    bench.send(Event::BatchRows(ticket, (1..=10).map(text).collect()));
    assert_eq!((shown(&bench).grid.len(), shown(&bench).grid.counts().done), (10, 0));
    assert_eq!(shown(&bench).grid.line(9).map(|line| line.text), Some("text 10"));
    bench.take();
    bench.send(Event::Batch(ticket, vec![done(1, 0), done(2, 0)]));
    let (first, job) = bench.jobs().remove(0);
    assert_eq!(job, StoreRequest::OpenRun(run(place(1, 0))));
    bench.keys("jk");
    assert!(bench.jobs().is_empty(), "one run is read at a time");
    bench.answer(first, Ok(StoreReply::Run(Box::new(record(place(1, 0), outcome("fine"), None)))));
    assert!(shown(&bench).detail.as_ref().unwrap().record.is_some() && !shown(&bench).zoomed);
    bench.keys("j");
    let (_, job) = bench.jobs().remove(0);
    assert_eq!(job, StoreRequest::OpenRun(run(place(2, 0))));
    bench.keys("<tab>");
    assert_eq!(shown(&bench).column, 1, "tab goes to the next column");
    bench.keys("<tab>");
    assert_eq!(shown(&bench).column, 0, "round the end");
}

#[test]
fn failures_are_filtered_in_one_key_and_come_first_at_the_end() {
    let (mut bench, ticket) = running();
    let wrong = Quality::of(vec![Verdict::new(Rule::Required, Status::Failed, "no `a`")]);
    let failed = filled(place(2, 0), outcome("fine"), Some(wrong));
    let events = vec![done(1, 0), failed, done(3, 0)];
    bench.send(Event::Batch(ticket, events.clone()));
    let numbers = |bench: &Bench| {
        let shown = shown(bench);
        shown.table.seen().filter_map(|(at, _)| Some(shown.grid.line(at)?.number)).collect::<Vec<_>>()
    };
    bench.keys("f");
    assert_eq!(numbers(&bench), [2]);
    bench.keys("f");
    assert_eq!(numbers(&bench), [1, 2, 3]);
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Complete }]));
    assert_eq!(numbers(&bench), [1, 2, 3], "what a person has chosen stays");
    let (mut bench, ticket) = running();
    bench.send(Event::Batch(ticket, events));
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Complete }]));
    assert_eq!(numbers(&bench), [2], "the worst rows are shown at the end");
    let figures = &shown(&bench).figures;
    assert_eq!(figures.total.failures(), [("required".to_owned(), 1, false)]);
    bench.keys("<esc>");
    assert_eq!(numbers(&bench), [1, 2, 3]);
}

#[test]
fn a_cell_goes_to_the_bench_and_its_answers_to_the_what_if() {
    let (mut bench, ticket) = running();
    bench.send(Event::BatchBegun(ticket, BatchId(uuid::Uuid::from_u128(0xabcd_0000_0000))));
    bench.take();
    bench.send(Event::Batch(ticket, vec![done(1, 0), BatchEvent::Ended { end: BatchEnd::Complete }]));
    let (first, _) = bench.jobs().remove(0);
    bench.answer(first, Ok(StoreReply::Run(Box::new(record(place(1, 0), outcome("fine"), None)))));
    bench.keys("w");
    assert!(bench.app.screen == ScreenId::Batch && shown(&bench).what_if.is_some(), "it stays on its screen");
    bench.keys("<esc>");
    assert!(bench.app.batch.page == Page::Table && shown(&bench).what_if.is_none(), "and leads back");
    bench.keys("ww");
    assert!(shown(&bench).what_if.is_none(), "so does the key that led there");
    let second = ("second".to_owned(), Prompt::default());
    bench.app.batch.shown.as_mut().unwrap().request.spec.prompts.push(second);
    bench.keys("w");
    assert_eq!(bench.app.screen, ScreenId::Quality, "of several prompts one is chosen there");
    assert!(bench.app.quality.asking.line.text().starts_with("batch:"), "{:?}", bench.app.quality.asking.line);
    bench.keys("<esc>");
    assert_eq!((bench.app.screen, bench.app.batch.page), (ScreenId::Batch, Page::Table), "and leads back");
    assert!(bench.app.quality.what_if.is_none() && bench.app.quality.asking.line.is_empty(), "the report is as before");
    bench.keys("E");
    assert_eq!(bench.app.screen, ScreenId::Bench);
}

#[test]
fn leaving_the_screen_stops_nothing_and_coming_back_shows_the_same() {
    let (mut bench, ticket) = running();
    bench.keys("q");
    assert_eq!(bench.app.screen, ScreenId::Bench);
    assert!(controls(&mut bench).is_empty());
    bench.send(Event::Batch(ticket, vec![done(1, 0)]));
    assert_eq!(shown(&bench).grid.counts().done, 1);
    bench.keys("2");
    assert_eq!(bench.app.batch.page, Page::Table);
    bench.keys("<esc>");
    assert_eq!(bench.app.screen, ScreenId::Bench);
}

#[test]
fn a_batch_is_paused_goes_on_is_hurried_and_stopped() {
    let (mut bench, ticket) = running();
    bench.keys("p");
    assert_eq!(controls(&mut bench), [BatchCommand::Pause]);
    bench.send(Event::Batch(ticket, vec![BatchEvent::Paused { why: "asked to".to_owned(), cap: None }]));
    bench.keys(" ");
    assert_eq!(controls(&mut bench), [BatchCommand::Resume]);
    bench.keys("<a-up><a-up><a-down>");
    let calls = [BatchCommand::Concurrency(6), BatchCommand::Concurrency(7), BatchCommand::Concurrency(6)];
    assert_eq!(controls(&mut bench), calls);
    bench.keys("<c-c>");
    assert_eq!(controls(&mut bench), [BatchCommand::Stop]);
    assert_eq!(shown(&bench).state, BatchState::Stopping);
    bench.keys("<c-c>");
    assert!(bench.quits(), "twice quits");
}

#[test]
fn ctrl_c_at_the_bench_stops_its_runs_first() {
    let (mut bench, _) = running();
    bench.keys("<a-1><prompt><f5>");
    bench.take();
    bench.keys("<c-c>");
    assert!(controls(&mut bench).is_empty());
    bench.keys("<c-c>");
    assert_eq!(controls(&mut bench), [BatchCommand::Stop]);
}

#[test]
fn quitting_asks_while_a_batch_runs() {
    let (mut bench, _) = running();
    bench.keys("qqq");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Confirm(_))));
    bench.keys("<enter>");
    let effects = bench.take();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::BatchControl(_, BatchCommand::Stop))));
    bench.effects.extend(effects);
    assert!(bench.quits());
}

#[test]
fn one_cell_or_the_failed_ones_are_asked_again() {
    let (mut bench, ticket) = running();
    bench.send(Event::Batch(ticket, vec![done(1, 0)]));
    bench.keys("r");
    let (again, order) = start(&mut bench);
    assert_eq!(order.only, Some(vec![place(1, 0)]));
    bench.send(Event::Batch(again, vec![BatchEvent::Started { place: place(1, 0) }]));
    assert_eq!(shown(&bench).grid.counts().done, 0);
    let end = BatchEvent::Ended { end: BatchEnd::Complete };
    bench.send(Event::Batch(again, vec![done(1, 0), end]));
    assert_eq!(
        (shown(&bench).grid.counts().done, &shown(&bench).state),
        (1, &BatchState::Running),
        "the batch goes on"
    );
    let mut failed = outcome("");
    failed.end = retort::model::RunEnd::Failed { reasons: Vec::new() };
    let event = filled(place(2, 1), failed, None);
    bench.send(Event::Batch(ticket, vec![event, BatchEvent::Ended { end: BatchEnd::Stopped }]));
    bench.keys("R");
    let (_, order) = start(&mut bench);
    assert_eq!(order.resume, ResumeMode::RetryFailed);
    assert_eq!(shown(&bench).grid.counts().done, 2, "what is known stays in sight");
}

#[test]
fn a_batch_that_was_stopped_goes_on() {
    let (mut bench, ticket) = running();
    bench.send(Event::Batch(ticket, vec![done(1, 0), BatchEvent::Ended { end: BatchEnd::Stopped }]));
    bench.take();
    bench.keys(" ");
    let (ticket, order) = start(&mut bench);
    assert_eq!(order.resume, ResumeMode::Resume);
    bench.send(Event::Batch(ticket, vec![done(2, 0), BatchEvent::Ended { end: BatchEnd::Complete }]));
    assert_eq!(shown(&bench).grid.counts().done, 2);
    bench.keys(" ");
    assert!(bench.says().contains("this one is complete"), "{}", bench.says());
}

#[test]
fn rows_are_narrowed_ordered_and_shown_again() {
    let (mut bench, ticket) = running();
    let slow = |number: u64, millis: u64| {
        let mut outcome = outcome("fine");
        outcome.timing.total = Duration::from_millis(millis);
        filled(place(number, 0), outcome, None)
    };
    let mut failed = outcome("");
    failed.end = retort::model::RunEnd::Failed { reasons: Vec::new() };
    let events = vec![slow(1, 100), slow(2, 900), slow(3, 500), filled(place(4, 0), failed, None)];
    bench.send(Event::Batch(ticket, events));
    let numbers = |bench: &Bench| {
        let shown = shown(bench);
        shown.table.seen().filter_map(|(at, _)| Some(shown.grid.line(at)?.number)).collect::<Vec<_>>()
    };
    bench.keys("f");
    assert_eq!(numbers(&bench), [4]);
    bench.keys("fsss");
    assert_eq!(shown(&bench).look.by, By::Latency);
    assert_eq!(numbers(&bench), [2, 3, 1, 4]);
    bench.keys("S");
    assert_eq!(numbers(&bench), [1, 3, 2, 4]);
    bench.keys("/thanks<enter>");
    assert_eq!(numbers(&bench), [2]);
    bench.keys("<esc>");
    assert_eq!(numbers(&bench).len(), 4);
    assert_eq!(bench.app.screen, ScreenId::Batch);
}

#[test]
fn letters_are_text_while_the_filter_is_typed() {
    let (mut bench, _) = running();
    bench.keys("/q?srn");
    assert_eq!(shown(&bench).look.query.text(), "q?srn");
    assert!(bench.app.overlays.is_empty());
    bench.keys("<esc><esc>");
    assert_eq!(bench.app.screen, ScreenId::Batch);
}

#[test]
fn a_cell_is_opened_compared_and_left() {
    let (mut bench, ticket) = running();
    bench.take();
    bench.send(Event::Batch(ticket, vec![done(1, 0), done(1, 1)]));
    let (requests, job) = bench.jobs().remove(0);
    assert_eq!(job, StoreRequest::OpenRun(run(place(1, 0))));
    bench.keys("<enter>");
    assert!(shown(&bench).zoomed && bench.jobs().is_empty(), "it was asked for already");
    bench.answer(requests, Ok(StoreReply::Run(Box::new(record(place(1, 0), outcome("fine"), None)))));
    assert!(shown(&bench).detail.as_ref().unwrap().record.is_some());
    bench.keys("o");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Xray(_))));
    bench.keys("<esc>y<enter>");
    assert!(bench.take().iter().any(|effect| matches!(effect, Effect::Copy { text, .. } if text.as_str() == "fine")));
    bench.keys("d");
    assert!(shown(&bench).detail.as_ref().unwrap().difference().is_some());
    bench.keys("<tab>");
    let (_, job) = bench.jobs().remove(0);
    assert_eq!(job, StoreRequest::OpenRun(run(place(1, 1))));
    bench.keys("<esc>");
    assert!(!shown(&bench).zoomed);
}

#[test]
fn late_words_of_a_batch_are_ignored() {
    let (mut bench, ticket) = running();
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Stopped }]));
    bench.send(Event::Batch(ticket, vec![done(1, 0)]));
    assert_eq!(shown(&bench).grid.counts().done, 0);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 1)))));
    assert_eq!(bench.app.batch.page, Page::Table);
}

#[test]
fn the_palette_goes_to_the_screen_of_an_action() {
    let mut bench = Bench::new();
    bench.keys("<c-p>new-batch<enter>");
    assert_eq!((bench.app.screen, bench.app.batch.page), (ScreenId::Batch, Page::Form));
    bench.keys("<c-p>add-lane<enter>");
    assert_eq!(bench.app.screen, ScreenId::Bench);
    assert_eq!(bench.app.overlay().map(|overlay| overlay.part().title()), Some("Models for a new lane"));
}

#[test]
fn how_a_batch_was_set_up_is_there_again_for_the_same_prompt_and_data_after_a_restart() {
    let mut bench = form();
    let fill = |bench: &mut Bench, label: &str, value: &str| {
        let at = lines(bench).rows.iter().position(|row| row.label == label).unwrap();
        bench.keys("<pageup>");
        bench.app.batch.setup.form.as_mut().unwrap().form.go(at);
        bench.keys("<c-u>").send(Event::Paste(value.to_owned()));
    };
    fill(&mut bench, ROWS, "1-5");
    fill(&mut bench, "cost $", "0.5");
    fill(&mut bench, PASS_RATE, "90%");
    let (ticket, _) = plans(&mut bench).pop().unwrap();
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 5)))));
    bench.keys("<f5>");
    start(&mut bench);
    let session = bench.app.bench.session(bench.app.shared.now);
    let mut again = crate::support::bench::start();
    again.session = Some(toml::from_str(&toml::to_string(&session).unwrap()).unwrap());
    let mut back = Bench::with(again);
    back.keys("2n").send(Event::Paste("rows.csv".to_owned()));
    let values = |bench: &Bench| [ROWS, "cost $", PASS_RATE].map(|label| line(bench, label).value());
    assert_eq!(values(&back), ["1-5", "0.5", "90%"]);
    let (_, order) = plans(&mut back).pop().unwrap();
    assert_eq!(order.limits.cost, Some(0.5));
    back.keys("<c-u>").send(Event::Paste("other.csv".to_owned()));
    assert_eq!(session.setups.len(), 1);
    let mut other = Bench::of(&["demo"]);
    other.app.bench.setups.clone_from(&session.setups);
    other.keys("2n").send(Event::Paste("other.csv".to_owned()));
    assert_eq!(values(&other), ["all", "", ""], "other data has a set-up of its own");
}

#[test]
fn several_models_that_are_marked_are_those_of_the_batch() {
    let mut bench = form();
    let at = lines(&bench).rows.iter().position(|row| row.label == MODELS).unwrap();
    bench.app.batch.setup.form.as_mut().unwrap().form.go(at);
    bench.keys("<enter>");
    let marked = crate::support::bench::mark(&mut bench, 3);
    bench.keys("<enter>");
    assert_eq!(line(&bench, MODELS).value(), marked.join(", "), "they stand in the place of those before");
    let (ticket, order) = plans(&mut bench).pop().unwrap();
    assert_eq!(order.spec.targets, marked);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    bench.keys("<f5>");
    assert_eq!(start(&mut bench).1.spec.targets.len(), 3);
}

#[test]
fn the_time_that_a_batch_takes_is_estimated_beside_its_cost() {
    let mut bench = form();
    let (ticket, _) = plan(&mut bench);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    let row = |bench: &Bench| bench.screen().into_iter().find(|row| row.contains(" time  ")).unwrap();
    assert!(row(&bench).contains("at 5 calls at once") && row(&bench).contains("≈ 12 "), "{}", row(&bench));
    let found = BatchPreviewView { busy: None, ..planned(&["text"], 10) };
    bench.keys("x<backspace>");
    let (ticket, _) = plans(&mut bench).pop().unwrap();
    bench.send(Event::Planned(ticket, Ok(Box::new(found))));
    assert!(row(&bench).contains("unknown"), "{}", row(&bench));
}

#[test]
fn the_row_of_sums_is_of_the_rows_that_are_listed() {
    let (mut bench, ticket) = running();
    let row = |bench: &Bench| bench.screen().into_iter().find(|row| row.starts_with(" Listed ")).unwrap_or_default();
    bench.send(Event::Batch(ticket, (1..=4).flat_map(|row| [done(row, 0), done(row, 1)]).collect()));
    let wrong = Quality::of(vec![Verdict::new(Rule::Required, Status::Failed, "no `a`")]);
    let broken = filled(place(2, 1), outcome("fine"), Some(wrong));
    bench.send(Event::Batch(ticket, vec![broken, BatchEvent::Ended { end: BatchEnd::Complete }]));
    bench.see();
    assert!(row(&bench).contains("Listed  1 of 4 rows  2 cells"), "only the failed are listed: {}", row(&bench));
    bench.keys("f");
    assert!(row(&bench).contains("Listed  4 rows  8 cells"), "{}", row(&bench));
}

#[test]
fn a_key_that_cannot_act_says_why_on_every_page() {
    let mut bench = Bench::new();
    bench.keys("2");
    for key in ["f", "o", "d", ".", "<a-up>", "E", "R", "w", "L", "b", "c"] {
        bench.keys(key);
        assert!(bench.says().ends_with(": open a batch first"), "{key}: {}", bench.says());
    }
    let (mut bench, ticket) = running();
    bench.send(Event::Batch(ticket, vec![done(1, 0), BatchEvent::Ended { end: BatchEnd::Complete }]));
    for (key, why) in [
        (".", "open a cell first"),
        ("<a-up>", "no batch is under way"),
        ("R", "every cell that ran got an answer"),
        ("w", "no answer of this batch is stored yet"),
    ] {
        bench.keys(key);
        assert!(bench.says().ends_with(&format!(": {why}")), "{key}: {}", bench.says());
    }
}

#[test]
fn the_form_says_how_many_answers_are_there_already() {
    let mut bench = form();
    let (ticket, _) = plan(&mut bench);
    let view = BatchPreviewView { kept: 3, ..planned(&["text"], 10) };
    bench.send(Event::Planned(ticket, Ok(Box::new(view))));
    bench.see();
    let text = bench.screen().join("\n");
    assert!(text.contains("3 stored already: 17 to send"), "{text}");
}
