//! What the record says of one kind of run against another: what is asked, when, and which answers count.

use retort::{
    app::{Effect, Event, Ticket, history::detail::Kinds},
    model::{
        BatchId, Outcome, Quality, Rule, Status, Verdict, VersionId,
        batch::Cell,
        error::StoreError,
        query::{Query, What},
    },
    pipeline::batch::{BatchEnd, BatchEvent},
    store::api::{BatchEntry, CellRow, StoreReply, StoreRequest},
};

use crate::support::{
    batch::{filled, place, planned, spec},
    bench::{Bench, attempt, delta, ended, outcome, prepared},
    history::{id, page, paired, record, sent_with},
};

/// Takes the questions about two kinds that were asked.
fn recorded(bench: &mut Bench) -> Vec<(Ticket, Query, Query)> {
    let of = |(ticket, job)| match job {
        StoreRequest::ComparePaired { a, b } => Some((ticket, *a, *b)),
        _ => None,
    };
    bench.jobs().into_iter().filter_map(of).collect()
}

fn answer(bench: &mut Bench, ticket: Ticket, fixed: u64) {
    bench.answer(ticket, Ok(StoreReply::Compared(Box::new(paired(fixed, 0, 20)))));
}

/// Runs the lanes; the runs that are started are ended by [`end`].
fn start(bench: &mut Bench) -> Vec<Ticket> {
    bench.take();
    bench.keys("<f5>");
    bench.started().into_iter().map(|(ticket, _)| ticket).collect()
}

/// Ends a run, by a number of its own.
fn end(bench: &mut Bench, ticket: Ticket, number: u64) {
    bench.tell(ticket, prepared(id(number)));
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, "yes"));
    bench.tell(ticket, ended(Outcome { run: id(number), ..outcome("yes") }));
}

fn targets(query: &Query) -> Vec<&str> {
    let all = query.filters.iter().filter_map(|filter| match &filter.what {
        What::Target(name) => Some(name.as_str()),
        _ => None,
    });
    all.collect()
}

/// The inputs fixed that a lane shows.
fn shown(bench: &Bench, at: usize) -> Option<u64> {
    bench.app.bench.comparison(bench.lane(at)).map(|paired| paired.evidence.fixed)
}

#[test]
fn each_lane_is_weighed_against_the_baseline_once_both_have_ended() {
    let mut bench = Bench::of(&["demo", "demo:slow", "demo:long"]);
    let tickets = start(&mut bench);
    end(&mut bench, tickets[0], 1);
    end(&mut bench, tickets[1], 2);
    assert!(recorded(&mut bench).is_empty(), "nothing is compared yet");
    bench.keys("<answers>d");
    let requests = recorded(&mut bench);
    assert_eq!(requests.len(), 1, "the third lane still runs");
    let (ticket, a, b) = &requests[0];
    assert_eq!((targets(a), targets(b)), (vec!["demo"], vec!["demo:slow"]));
    let version = VersionId::of(&bench.app.bench.prompt()).0;
    for what in [What::Version(version), What::Params("{}".to_owned()), What::FellBack(false)] {
        assert!(a.filters.iter().any(|filter| filter.what == what && !filter.not), "{what:?} {a:?}");
    }
    assert_eq!(shown(&bench, 1), None);
    answer(&mut bench, *ticket, 7);
    assert_eq!((shown(&bench, 0), shown(&bench, 1), shown(&bench, 2)), (None, Some(7), None));
    end(&mut bench, tickets[2], 3);
    let requests = recorded(&mut bench);
    assert_eq!(requests.iter().flat_map(|(_, _, b)| targets(b)).collect::<Vec<_>>(), ["demo:long"]);
    bench.keys("jk");
    assert!(recorded(&mut bench).is_empty(), "once for each change");
    // Another baseline is another question, and the way back is none.
    bench.keys("lb");
    let requests = recorded(&mut bench);
    assert_eq!(
        requests.iter().map(|(_, a, b)| (targets(a)[0], targets(b)[0])).collect::<Vec<_>>(),
        [("demo:slow", "demo"), ("demo:slow", "demo:long")]
    );
    assert_eq!(shown(&bench, 1), None);
    bench.keys("b3d");
    assert!(recorded(&mut bench).is_empty());
}

#[test]
fn a_further_run_asks_again_and_a_late_answer_is_ignored() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("<answers>d");
    let tickets = start(&mut bench);
    end(&mut bench, tickets[0], 1);
    end(&mut bench, tickets[1], 2);
    let first = recorded(&mut bench).remove(0).0;
    let tickets = start(&mut bench);
    end(&mut bench, tickets[0], 3);
    assert!(recorded(&mut bench).is_empty());
    end(&mut bench, tickets[1], 4);
    let second = recorded(&mut bench).remove(0).0;
    answer(&mut bench, first, 7);
    assert_eq!(shown(&bench, 1), None, "it knew nothing of the newer runs");
    answer(&mut bench, second, 9);
    assert_eq!(shown(&bench, 1), Some(9));
    let tickets = start(&mut bench);
    end(&mut bench, tickets[0], 5);
    end(&mut bench, tickets[1], 6);
    let third = recorded(&mut bench).remove(0).0;
    assert_eq!(shown(&bench, 1), Some(9), "what was said before stays until there is more");
    bench.answer(third, Err(StoreError::new("the record is locked")));
    assert_eq!((shown(&bench, 1), bench.says()), (Some(9), ""), "the lanes go without it");
    assert!(recorded(&mut bench).is_empty());
}

#[test]
fn lanes_of_one_kind_and_lanes_without_a_baseline_are_not_weighed() {
    let mut bench = Bench::of(&["demo", "demo"]);
    bench.keys("<answers>d");
    let tickets = start(&mut bench);
    end(&mut bench, tickets[0], 1);
    end(&mut bench, tickets[1], 2);
    assert!(recorded(&mut bench).is_empty());
    let mut alone = Bench::of(&["demo"]);
    alone.keys("<answers>d");
    let tickets = start(&mut alone);
    end(&mut alone, tickets[0], 1);
    assert!(recorded(&mut alone).is_empty());
}

/// Compares the two newest runs of a history, made with two temperatures.
fn pair(temperatures: [f64; 2]) -> Bench {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-3>");
    let (ticket, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::History { .. })).unwrap();
    let now: jiff::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    bench.answer(ticket, Ok(StoreReply::History(page(now, 1..=9, false))));
    bench.take();
    bench.keys("  d");
    for (ticket, job) in bench.jobs() {
        if let StoreRequest::OpenRun(run) = job {
            let newer = run == id(9);
            let record = record(if newer { 9 } else { 8 }, now, outcome("yes"));
            let record = sent_with(temperatures[usize::from(newer)], record);
            bench.answer(ticket, Ok(StoreReply::Run(Box::new(record))));
        }
    }
    bench
}

fn kinds(bench: &Bench) -> &Kinds {
    &bench.app.history.pair.as_ref().unwrap().kinds
}

#[test]
fn two_runs_are_weighed_by_all_runs_of_either_kind() {
    let mut bench = pair([0.2, 0.7]);
    let (ticket, a, b) = recorded(&mut bench).remove(0);
    let with = |text: &str| What::Params(format!("{{\"temperature\":{text}}}"));
    assert!(a.filters.iter().any(|filter| filter.what == with("0.2")), "the older one is the baseline: {a:?}");
    assert!(b.filters.iter().any(|filter| filter.what == with("0.7")), "{b:?}");
    assert!(matches!(kinds(&bench), Kinds::Asked(apart) if *apart == ["other parameters"]));
    answer(&mut bench, ticket, 8);
    assert!(matches!(kinds(&bench), Kinds::Told(_, comparison) if comparison.evidence.fixed == 8));
    let mut failed = pair([0.2, 0.7]);
    let ticket = recorded(&mut failed).remove(0).0;
    failed.answer(ticket, Err(StoreError::new("the record is locked")));
    assert!(matches!(kinds(&failed), Kinds::Failed(why) if why == "the record is locked"));
}

#[test]
fn two_runs_of_one_kind_are_said_to_be() {
    let mut bench = pair([0.2, 0.2]);
    assert!(matches!(kinds(&bench), Kinds::Alike));
    assert!(recorded(&mut bench).is_empty());
}

#[test]
fn an_answer_about_runs_that_are_no_longer_compared_is_ignored() {
    let mut bench = pair([0.2, 0.7]);
    let ticket = recorded(&mut bench).remove(0).0;
    bench.keys("<esc>");
    answer(&mut bench, ticket, 8);
    assert!(bench.app.history.pair.is_none());
}

/// A batch of two targets that has begun.
fn batch() -> (Bench, Ticket) {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("2n");
    bench.take();
    bench.send(Event::Paste("rows.csv".to_owned()));
    let planned_for = bench.take().into_iter().find_map(|effect| match effect {
        Effect::PlanBatch(ticket, _) => Some(ticket),
        _ => None,
    });
    bench.send(Event::Planned(planned_for.unwrap(), Ok(Box::new(planned(&["text"], 100)))));
    bench.keys("<f5>");
    let started = bench.take().into_iter().find_map(|effect| match effect {
        Effect::StartBatch(ticket, _) => Some(ticket),
        _ => None,
    });
    (bench, started.unwrap())
}

/// A finished cell of a row; with the first target every third one fails.
fn judged(number: u64, target: u32) -> BatchEvent {
    let mark = if target == 0 && number.is_multiple_of(3) { Status::Failed } else { Status::Passed };
    let quality = Quality::of(vec![Verdict::new(Rule::Required, mark, "")]);
    filled(place(number, target), outcome("fine"), Some(quality))
}

fn rows(numbers: std::ops::RangeInclusive<u64>) -> Vec<BatchEvent> {
    numbers.flat_map(|number| [judged(number, 0), judged(number, 1)]).collect()
}

/// The columns that are weighed against the first, with what is fixed in each.
fn columns(bench: &Bench) -> Vec<(usize, u64)> {
    let shown = bench.app.batch.shown.as_ref().unwrap();
    shown.figures.between.iter().map(|(column, found)| (*column, found.fixed)).collect()
}

#[test]
fn the_columns_of_a_batch_are_weighed_as_cells_end_but_not_at_each() {
    let (mut bench, ticket) = batch();
    bench.send(Event::Batch(ticket, rows(1..=9)));
    assert_eq!(columns(&bench), [], "18 cells are few");
    bench.send(Event::Batch(ticket, rows(10..=15)));
    assert_eq!(columns(&bench), [(1, 5)]);
    bench.send(Event::Batch(ticket, rows(16..=21)));
    assert_eq!(columns(&bench), [(1, 5)], "12 cells more");
    bench.send(Event::Batch(ticket, rows(22..=30)));
    assert_eq!(columns(&bench), [(1, 10)]);
    bench.send(Event::Batch(ticket, [rows(31..=33), vec![BatchEvent::Ended { end: BatchEnd::Complete }]].concat()));
    assert_eq!(columns(&bench), [(1, 11)], "at the end all count");
}

#[test]
fn a_batch_is_weighed_against_the_one_it_is_compared_with() {
    let (mut bench, ticket) = batch();
    bench.send(Event::Batch(ticket, [rows(1..=30), vec![BatchEvent::Ended { end: BatchEnd::Complete }]].concat()));
    bench.take();
    bench.keys("b");
    let (list, _) = bench.jobs().remove(0);
    let entry = BatchEntry {
        id: BatchId(uuid::Uuid::from_u128(7)),
        spec: spec(&["demo", "demo:slow"]),
        started: "2026-03-01T11:00:00Z".parse().unwrap(),
        name: "rows.csv".to_owned(),
        end: Some("complete".to_owned()),
        ended: None,
        why: None,
        gates: Vec::new(),
        cells: 60,
        answered: 60,
        failed: 0,
        running: false,
        job: None,
    };
    bench.answer(list, Ok(StoreReply::Batches(vec![entry])));
    bench.keys("<enter>");
    let (cells, _) = bench.jobs().remove(0);
    let before = |number: u64, target: u32| {
        // The targets stood the other way round.
        let BatchEvent::Cell { cell, .. } = judged(number, 1 - target) else { panic!("no cell") };
        CellRow { cell: Cell { place: place(number, target), ..*cell }, fingerprint: 0, seq: 1 }
    };
    let all = (1..=30).flat_map(|number| [before(number, 0), before(number, 1)]).collect();
    bench.answer(cells, Ok(StoreReply::Cells(all)));
    let shown = bench.app.batch.shown.as_ref().unwrap();
    let found: Vec<_> = shown.figures.before.iter().map(|(at, found)| (*at, found.fixed, found.broken)).collect();
    assert_eq!(found, [(0, 0, 10), (1, 10, 0)]);
}
