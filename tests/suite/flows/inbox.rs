//! What changed against a baseline: keys in, decisions, files and calls out.

use std::{fs, path::PathBuf};

use retort::{
    app::{
        Effect, Event, Ticket,
        action::{Action, BatchAction},
        event::{BatchCommand, InboxRead},
        overlays::Overlay,
    },
    engine::baselines,
    eval::{
        Baseline,
        baseline::{BaselineState, ObservedRow, inbox::Inbox},
    },
    model::{
        BatchId, CacheMode, Format, Input, Quality, Rule, Status, Verdict, VersionId, batch::BatchRequest,
        error::StoreError,
    },
    pipeline::batch::{BatchEnd, BatchEvent},
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
};
use uuid::Uuid;

use super::batch::{done, running};
use crate::suite::screens::snapshot_rows;
use crate::support::{
    batch::{filled, place, planned, spec},
    bench::{Bench, outcome},
    home::Home,
};

const BATCH: BatchId = BatchId(Uuid::from_u128(7));

/// A row as it came out: its number, how many answers passed and of how many, and what it says.
fn observed(number: u64, (passed, judged): (u64, u64), answer: &str) -> ObservedRow {
    let text = format!("My parcel {number} never came and nobody answers");
    let mut row = ObservedRow::new(&Input::of(text), ("demo", "1e2aa93"), Format::Json, place(number, 0));
    for at in 0..judged {
        row.take(Some(at < passed), answer.to_owned());
    }
    row
}

/// Answers that fit a line each.
fn says(sentiment: &str, reason: &str) -> String {
    format!("{{\"sentiment\": \"{sentiment}\", \"reason\": \"{reason}\"}}")
}

/// A baseline of six rows, and a batch in which one got worse, one is mended, and two say something else.
fn inbox() -> Inbox {
    let was = [
        (1, (3, 3), says("negative", "nobody answers the customer")),
        (2, (0, 1), says("neutral", "the parcel is late")),
        (3, (1, 1), says("negative", "the parcel never came")),
        (4, (1, 1), says("negative", "the customer waits")),
        (5, (1, 1), says("negative", "it is the same")),
    ];
    let mut baseline = Baseline::default();
    for (number, counts, answer) in &was {
        baseline.put(observed(*number, *counts, answer).line(BaselineState::Accepted));
    }
    let is = vec![
        observed(1, (0, 1), &says("neutral", "nobody answers the customer yet")),
        observed(2, (1, 1), &says("negative", "the parcel is late")),
        observed(3, (1, 1), &says("negative", "the parcel never came\\nand nobody says where it is")),
        observed(4, (1, 1), &says("negative", "the customer is angry")),
        observed(5, (1, 1), &says("negative", "it is the same")),
        observed(6, (1, 1), &says("negative", "it is a new one")),
    ];
    Inbox {
        prompt: "sentiment".to_owned(),
        path: PathBuf::from("/project/prompts/sentiment.baseline.jsonl"),
        exists: true,
        baseline,
        batch: BATCH,
        version: VersionId("1e2aa93".to_owned()),
        spec: spec(&["demo"]),
        whole: true,
        observed: is,
    }
}

/// The ticket under which an inbox is read.
fn reading(bench: &mut Bench) -> Ticket {
    let read = bench.take().into_iter().find_map(|effect| match effect {
        Effect::ReadInbox(ticket, wanted) => Some((ticket, wanted)),
        _ => None,
    });
    let (ticket, wanted) = read.expect("the inbox is read");
    assert_eq!((wanted.prompt.as_str(), wanted.batch), ("sentiment", BATCH));
    ticket
}

/// A batch that has ended, whose changes are being read.
fn asked() -> (Bench, Ticket) {
    let (mut bench, ticket) = running();
    bench.send(Event::BatchBegun(ticket, BATCH));
    bench.send(Event::Batch(ticket, vec![done(1, 0), done(2, 0), BatchEvent::Ended { end: BatchEnd::Complete }]));
    bench.take();
    bench.send(Event::Do(Action::Batch(BatchAction::ReviewChanges)));
    let ticket = reading(&mut bench);
    (bench, ticket)
}

fn opened(inbox: Inbox) -> Bench {
    let (mut bench, ticket) = asked();
    bench.send(Event::Inbox(ticket, Ok(Box::new(InboxRead { inbox, stale: false }))));
    bench
}

fn seen(bench: &mut Bench) -> String {
    bench.see();
    bench.screen().join("\n")
}

/// The baselines that are written, answered as if that went well.
fn written(bench: &mut Bench) -> Vec<Baseline> {
    let mut all = Vec::new();
    for (ticket, request) in bench.jobs() {
        if let StoreRequest::WriteBaseline { path, baseline } = request {
            bench.answer(ticket, Ok(StoreReply::BaselineWritten(path)));
            all.push(*baseline);
        }
    }
    all
}

/// The state of a row in a baseline.
fn state(baseline: &Baseline, number: u64) -> Option<BaselineState> {
    Some(baseline.line(&observed(number, (0, 0), "").row, "demo")?.state)
}

fn snapshot_sizes(name: &str, bench: &mut Bench) {
    for size in [(120, 40), (80, 24)] {
        bench.resize(size.0, size.1);
        bench.see();
        snapshot_rows(name, size, &bench.screen());
    }
    bench.resize(120, 40);
}

#[test]
fn the_screens_of_what_changed() {
    let mut bench = opened(inbox());
    snapshot_sizes("inbox-list", &mut bench);
    bench.keys("rit is no complaint<enter>aa");
    snapshot_sizes("inbox-decided", &mut bench);
    let mut empty = inbox();
    empty.observed.retain(|row| row.label.contains("parcel 5"));
    empty.baseline = Baseline::default();
    empty.baseline.put(empty.observed[0].line(BaselineState::Accepted));
    snapshot_sizes("inbox-nothing", &mut opened(empty));
    let none = Inbox { exists: false, baseline: Baseline::default(), whole: false, ..inbox() };
    snapshot_sizes("inbox-no-baseline", &mut opened(none));
}

#[test]
fn each_decision_is_written_at_once_and_taken_back() {
    let mut bench = opened(inbox());
    assert!(seen(&mut bench).contains("1 worse, 1 fixed, 2 text changed, 1 new, 1 as before"));
    // What got worse first.
    bench.keys("r");
    assert!(matches!(bench.app.overlay(), Some(Overlay::TextPrompt(_))));
    bench.keys("it is no complaint<enter>");
    let baseline = written(&mut bench).pop().unwrap();
    assert_eq!(state(&baseline, 1), Some(BaselineState::Rejected));
    assert!(baseline.text().contains("\"why\":\"it is no complaint\""), "{}", baseline.text());
    bench.keys("ap");
    let baseline = written(&mut bench).pop().unwrap();
    assert_eq!(
        (state(&baseline, 2), state(&baseline, 3)),
        (Some(BaselineState::Accepted), Some(BaselineState::Pinned))
    );
    bench.keys("u");
    let baseline = written(&mut bench).pop().unwrap();
    assert_eq!(state(&baseline, 3), Some(BaselineState::Accepted));
    assert!(seen(&mut bench).contains("1 accepted, 1 rejected; 3 undecided"), "{}", seen(&mut bench));
    // A new row has nothing it should be in its place.
    bench.keys("GrX<enter>");
    assert!(written(&mut bench).is_empty());
    assert!(seen(&mut bench).contains("cannot be rejected"), "{}", seen(&mut bench));
    bench.keys("A");
    assert_eq!(written(&mut bench).pop().unwrap().lines().count(), 6);
    bench.keys("<esc>");
    assert!(bench.app.overlay().is_none());
    assert_eq!(bench.says(), "prompts/sentiment.baseline.jsonl: 4 accepted, 1 rejected");
}

#[test]
fn a_filter_lists_one_kind_and_all_the_rest_is_what_is_listed() {
    let mut bench = opened(inbox());
    bench.keys("fff");
    assert!(seen(&mut bench).contains("[text changed 2]"), "{}", seen(&mut bench));
    bench.keys("A");
    let baseline = written(&mut bench).pop().unwrap();
    assert!(baseline.text().contains("the customer is angry") && !baseline.text().contains("customer yet"));
    bench.keys("ff");
    assert!(seen(&mut bench).contains("[all 5]") && seen(&mut bench).contains("3 undecided"), "{}", seen(&mut bench));
}

#[test]
fn a_row_is_asked_more_often_before_it_is_flaky_and_the_cost_is_said_first() {
    let mut bench = opened(inbox());
    bench.keys("x");
    let (ticket, request) = planning(&mut bench);
    assert_eq!(
        (request.cache, request.spec.again, request.only.as_ref().unwrap().len()),
        (CacheMode::Off, Some(BATCH), 4)
    );
    let mut view = planned(&["text"], 10);
    view.estimate.unpriced = 0;
    bench.send(Event::Planned(ticket, Ok(Box::new(view))));
    assert!(seen(&mut bench).contains("4 calls past the cache, ≈ $0.0"), "{}", seen(&mut bench));
    snapshot_sizes("inbox-asking", &mut bench);
    assert!(bench.take().is_empty(), "nothing is asked yet");
    bench.keys("<enter>");
    let (ticket, order) = starting(&mut bench);
    assert_eq!(order.only.unwrap(), request.only.unwrap());
    let quality = |passes: bool| {
        let status = if passes { Status::Passed } else { Status::Failed };
        Quality { verdicts: vec![Verdict::new(Rule::Format, status, "as it is")], ..Quality::default() }
    };
    bench.send(Event::Batch(
        ticket,
        [true, false].map(|passes| filled(place(1, 0), outcome("fine"), Some(quality(passes)))).into(),
    ));
    assert!(seen(&mut bench).contains("asking: 2 of 4 answered, 1 passed"), "{}", seen(&mut bench));
    // What is asked is waited for.
    bench.keys("a");
    assert!(written(&mut bench).is_empty());
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Complete }]));
    let ticket = reading(&mut bench);
    let mut after = inbox();
    after.observed[0] = observed(1, (2, 5), &says("neutral", "nobody answers the customer yet"));
    bench.send(Event::Inbox(ticket, Ok(Box::new(InboxRead { inbox: after, stale: false }))));
    assert!(seen(&mut bench).contains("2 of 5 passed: it is flaky"), "{}", seen(&mut bench));
    let baseline = written(&mut bench).pop().unwrap();
    let line = baseline.lines().find(|line| line.state == BaselineState::Flaky).unwrap();
    assert_eq!(line.passed, [2, 5]);
}

#[test]
fn asking_is_declined_or_stopped_by_esc_and_what_came_counts() {
    let mut bench = opened(inbox());
    bench.keys("x");
    let (ticket, _) = planning(&mut bench);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    bench.keys("<esc>");
    assert!(bench.take().is_empty() && matches!(bench.app.overlay(), Some(Overlay::Inbox(_))));
    bench.keys("x");
    let (ticket, _) = planning(&mut bench);
    bench.send(Event::Planned(ticket, Err("rows.csv: it is gone".to_owned())));
    assert!(seen(&mut bench).contains("it cannot be asked: rows.csv: it is gone"));
    bench.keys("x");
    let (ticket, _) = planning(&mut bench);
    bench.send(Event::Planned(ticket, Ok(Box::new(planned(&["text"], 10)))));
    bench.keys("<enter>");
    let (ticket, _) = starting(&mut bench);
    bench.keys("<esc>");
    let stops = bench
        .take()
        .into_iter()
        .any(|effect| matches!(effect, Effect::BatchControl(own, BatchCommand::Stop) if own == ticket));
    assert!(stops && matches!(bench.app.overlay(), Some(Overlay::Inbox(_))));
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Stopped }]));
    let ticket = reading(&mut bench);
    bench.send(Event::Inbox(ticket, Ok(Box::new(InboxRead { inbox: inbox(), stale: false }))));
    assert!(seen(&mut bench).contains("No further answer was judged"), "{}", seen(&mut bench));
}

#[test]
fn what_cannot_be_read_or_written_names_file_and_line_and_nothing_is_lost() {
    let (mut bench, ticket) = asked();
    let why = "/project/prompts/sentiment.baseline.jsonl:3: this is no line of a baseline: expected value";
    bench.send(Event::Inbox(ticket, Err(why.to_owned())));
    assert!(seen(&mut bench).contains("sentiment.baseline.jsonl:3: this is no line"), "{}", seen(&mut bench));
    bench.keys("<esc>");
    let mut bench = opened(inbox());
    bench.keys("a");
    let (ticket, _) = bench.jobs().remove(0);
    bench.answer(ticket, Err(StoreError::new("cannot write prompts: permission denied")));
    assert!(seen(&mut bench).contains("! not written: cannot write prompts: permission denied"));
    bench.keys("<esc>");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Inbox(_))), "it is said once more before it is left");
    bench.keys("<c-s>");
    assert_eq!(written(&mut bench).len(), 1);
    bench.keys("<esc>");
    assert!(bench.app.overlay().is_none());
}

#[test]
fn a_batch_under_way_is_not_reviewed() {
    let (mut bench, ticket) = running();
    bench.send(Event::BatchBegun(ticket, BATCH));
    bench.take();
    bench.send(Event::Do(Action::Batch(BatchAction::ReviewChanges)));
    assert!(bench.app.overlay().is_none() && bench.says().contains("once it has ended"), "{}", bench.says());
}

fn planning(bench: &mut Bench) -> (Ticket, BatchRequest) {
    let found = bench.take().into_iter().find_map(|effect| match effect {
        Effect::PlanBatch(ticket, request) => Some((ticket, *request)),
        _ => None,
    });
    found.expect("what it takes is found out")
}

fn starting(bench: &mut Bench) -> (Ticket, BatchRequest) {
    let found = bench.take().into_iter().find_map(|effect| match effect {
        Effect::StartBatch(ticket, request) => Some((ticket, *request)),
        _ => None,
    });
    found.expect("it is asked")
}

/// A home with a baseline of four rows and a batch after it, in which the first got worse and the others say more.
fn recorded() -> Home {
    let home = Home::new();
    let prompt = |user: &str| {
        format!(
            "user = \"{user}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"not-contains\"\nvalue = \"sorry\"\n"
        )
    };
    let batch = ["batch", "p", "rows.txt", "--format", "lines", "-m", "demo:echo", "--no-cache", "--new"];
    home.file("work/rows.txt", "row 1\nrow 2\nrow 3\nrow 4\n");
    home.file("config/prompts/p.toml", &prompt("{{ input }}"));
    assert_eq!(home.run(&batch).code, Some(0));
    assert_eq!(home.run(&["review", "p", "--all"]).code, Some(0));
    home.file("config/prompts/p.toml", &prompt("{{ input }} and{% if input == 'row 1' %} sorry{% endif %} more"));
    assert_eq!(home.run(&batch).code, Some(100));
    home
}

/// Has the store and the engine answer what the workbench asks, until it asks nothing more.
async fn answered(bench: &mut Bench, store: &Store, home: &Home) {
    loop {
        let effects = bench.take();
        if effects.is_empty() {
            return;
        }
        for effect in effects {
            match effect {
                Effect::Store(ticket, request) => {
                    let answer = store.ask(request).await;
                    bench.answer(ticket, answer);
                }
                Effect::ReadInbox(ticket, wanted) => {
                    let read = baselines::of_name(&home.places(), store, &wanted.prompt, Some(wanted.batch)).await;
                    let (inbox, stale) = read.unwrap().unwrap();
                    bench.send(Event::Inbox(ticket, Ok(Box::new(InboxRead { inbox, stale }))));
                }
                _ => {}
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_byte_for_byte_what_the_command_writes() {
    let (by_command, on_screen) = (recorded(), recorded());
    let file = |home: &Home| fs::read_to_string(home.dir("config").join("prompts/p.baseline.jsonl")).unwrap();
    assert_eq!(file(&by_command), file(&on_screen));
    let listed = by_command.run(&["review", "p", "--json"]);
    let ids: Vec<String> = listed.lines().iter().map(|line| line["id"].as_str().unwrap().to_owned()).collect();
    let [worse, second, third, _] = &ids[..] else { panic!("{listed:?}") };
    let ran =
        by_command.run(&["review", "p", "--reject", worse, "--why", "no excuses", "--accept", second, "--pin", third]);
    assert_eq!(ran.code, Some(0), "{ran:?}");

    let store = Store::open(on_screen.places(), 10);
    let mut bench = Bench::of(&["demo"]);
    bench.keys("2");
    answered(&mut bench, &store, &on_screen).await;
    bench.send(Event::Do(Action::Batch(BatchAction::OpenBatch)));
    answered(&mut bench, &store, &on_screen).await;
    bench.send(Event::Do(Action::Batch(BatchAction::ReviewChanges)));
    answered(&mut bench, &store, &on_screen).await;
    assert!(seen(&mut bench).contains("1 worse, 3 text changed"), "{}", seen(&mut bench));
    bench.keys("rno excuses<enter>ap<esc>");
    answered(&mut bench, &store, &on_screen).await;
    assert_eq!(file(&on_screen), file(&by_command));
    assert_eq!(bench.says(), "prompts/p.baseline.jsonl: 1 accepted, 1 rejected, 1 pinned; 1 undecided");
    // What was decided is no longer another way; what was not still is.
    assert!(by_command.run(&["review", "p"]).out.contains("1 text changed"));
}
