//! A batch of many rows on the screen: read a page at a time, its texts as they come in sight, everything that takes long in
//! steps between which keys are answered.

use std::sync::LazyLock;

use retort::{
    app::{
        Event, Ticket,
        batch::{Page, run_state::BatchState},
    },
    eval::whatif::Measured,
    model::{
        BatchId, CellIndex, DatasetRow, Input, Quality, Rule, RunStatus, Status, Verdict,
        batch::{BatchSpec, Cell},
        dataset::RowText,
    },
    pipeline::batch::{BatchEnd, BatchEvent},
    store::api::{
        BatchEntry, CellRow, FoundPrompt, FoundRows, Points, PromptFile, StoreReply, StoreRequest, StoredRow,
    },
};

use super::batch::{on_record, running, shown};
use crate::support::{
    batch::{filled, place, run, spec},
    bench::{Bench, outcome},
};

const ROWS: u64 = 20_000;

/// Rows whose texts are held, at most, and some to spare.
const HELD: usize = 10_500;

/// A cell of a row; every hundredth one fails, in a batch before every fiftieth.
fn cell(number: u64, wrong: u64) -> Cell {
    static ONE: LazyLock<Cell> = LazyLock::new(|| {
        let quality = Quality::of(vec![Verdict::new(Rule::Confidence, Status::Passed, "")]);
        match filled(place(1, 0), outcome("answer"), Some(quality)) {
            BatchEvent::Cell { cell, .. } => *cell,
            other => panic!("{other:?}"),
        }
    });
    let (place, fails) = (place(number, 0), number.is_multiple_of(wrong));
    Cell {
        place,
        run: run(place),
        status: if fails { RunStatus::Failed } else { RunStatus::Passed },
        failed: if fails { vec!["confidence".to_owned()] } else { Vec::new() },
        reason: fails.then(|| format!("{number} is a round number")),
        summary: format!("answer {number}"),
        ..ONE.clone()
    }
}

fn text(number: u64) -> String {
    format!("message {number} of a customer")
}

/// A record with two batches of many rows: it answers what is asked of it.
struct Record {
    rows: u64,
}

impl Record {
    /// Which of a batch's cells fail.
    fn wrong(batch: BatchId) -> u64 {
        static LAST: LazyLock<BatchId> = LazyLock::new(|| on_record().id);
        if batch == *LAST { 100 } else { 50 }
    }

    fn page(&self, after: Option<CellIndex>, limit: usize) -> std::ops::RangeInclusive<u64> {
        let first = after.map_or(1, |place| place.row + 1);
        first..=self.rows.min(first + limit as u64 - 1)
    }

    fn reply(&self, job: &StoreRequest) -> Option<StoreReply> {
        Some(match job {
            StoreRequest::Batches { .. } => {
                let entry = BatchEntry { cells: self.rows, end: Some("complete".to_owned()), ..on_record() };
                let before = BatchEntry { id: BatchId(uuid::Uuid::from_u128(9)), ..entry.clone() };
                StoreReply::Batches(vec![entry, before])
            }
            StoreRequest::Cells { batch, after, limit } => {
                let row = |number: u64| CellRow {
                    cell: cell(number, Self::wrong(*batch)),
                    fingerprint: 0,
                    seq: number.cast_signed(),
                };
                StoreReply::Cells(self.page(*after, *limit).map(row).collect())
            }
            StoreRequest::CellTexts { batch, rows } => {
                let row = |number: &u64| {
                    let input = Input::of(text(*number));
                    let text = RowText::of(&DatasetRow { number: *number, input, ..DatasetRow::default() });
                    StoredRow { text, cells: vec![cell(*number, Self::wrong(*batch))] }
                };
                StoreReply::CellTexts(rows.iter().map(row).collect())
            }
            StoreRequest::FindRows { text: wanted, after, limit, .. } => {
                let page = self.page(*after, *limit);
                let last = (*page.end() < self.rows).then(|| place(*page.end(), 0));
                let looked = page.clone().count() as u64;
                let rows = page.filter(|number| format!("{} answer {number}", text(*number)).contains(wanted));
                StoreReply::FoundRows(FoundRows { rows: rows.collect(), last, looked })
            }
            StoreRequest::Points { .. } => StoreReply::Points(Box::new(self.points())),
            StoreRequest::PromptFile(name) => {
                let found = FoundPrompt { path: "/p.toml".into(), prompt: prompt(), digest: "d".to_owned() };
                StoreReply::PromptFile(Box::new(PromptFile { name: name.clone(), found: Some(found) }))
            }
            _ => return None,
        })
    }

    fn points(&self) -> Points {
        let measured = |number: u64| Measured {
            seq: number.cast_signed(),
            value: Some(if number.is_multiple_of(100) { 0.1 } else { (6 + number % 5) as f64 / 10.0 }),
            decides: true,
            rest: true,
            ..Measured::default()
        };
        Points {
            rule: "confidence".to_owned(),
            prompts: vec![(Some("sentiment".to_owned()), self.rows)],
            version: None,
            prompt: Some(prompt()),
            judged: (1..=self.rows).map(measured).collect(),
        }
    }

    /// Answers what was asked so far. Tells whether anything was.
    fn answer(&self, bench: &mut Bench) -> bool {
        let asked: Vec<(Ticket, StoreReply)> =
            bench.jobs().into_iter().filter_map(|(ticket, job)| Some((ticket, self.reply(&job)?))).collect();
        let any = !asked.is_empty();
        for (ticket, reply) in asked {
            bench.answer(ticket, Ok(reply));
        }
        any
    }

    /// Answers whatever is asked, and lets the workbench do what it has to do.
    fn rest(&self, bench: &mut Bench) {
        while self.answer(bench) || bench.app.batch.has_work() || bench.app.batch.lacks_rows() {
            bench.send(Event::Tick);
        }
    }
}

fn prompt() -> retort::model::Prompt {
    let mut prompt = crate::support::points::prompt();
    prompt.response.min_confidence = Some(0.6);
    prompt
}

/// A batch that is being opened, its first cells read.
fn opening(record: &Record) -> Bench {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("2");
    record.answer(&mut bench);
    bench.keys("<enter>");
    record.answer(&mut bench);
    bench
}

fn opened(record: &Record) -> Bench {
    let mut bench = opening(record);
    record.rest(&mut bench);
    bench
}

fn screen(bench: &mut Bench) -> String {
    bench.see();
    bench.screen().join("\n")
}

#[test]
fn a_large_batch_is_read_a_page_at_a_time_and_keys_are_answered_meanwhile() {
    let record = Record { rows: ROWS };
    let mut bench = opening(&record);
    assert_eq!(bench.app.batch.page, Page::Table);
    assert!(screen(&mut bench).contains("▸ reading 4,096 of 20,000  esc stop"), "{}", screen(&mut bench));
    bench.keys("fjj");
    assert_eq!(shown(&bench).table.chosen(), Some(101), "from the first row that failed");
    record.rest(&mut bench);
    let shown = shown(&bench);
    assert_eq!((shown.grid.len() as u64, shown.grid.counts().by.failed), (ROWS, ROWS / 100));
    assert_eq!(shown.table.chosen(), Some(101), "nobody is taken away from where they look");
    assert!(shown.grid.texts_held() < HELD, "{} texts are held", shown.grid.texts_held());
    let bytes = shown.grid.bytes() / shown.grid.len();
    assert!(bytes <= 80, "{bytes} bytes for each cell");
    assert_eq!(shown.figures.total.tally.counts.passed, ROWS - ROWS / 100);
    assert!(!screen(&mut bench).contains("reading"), "{}", screen(&mut bench));
}

#[test]
fn what_rows_say_is_read_as_they_come_in_sight() {
    let record = Record { rows: ROWS };
    let mut bench = opened(&record);
    bench.keys("f");
    record.rest(&mut bench);
    bench.keys("G");
    assert!(!screen(&mut bench).contains("message 20000") && bench.wakes(), "it does not wait for a key");
    bench.send(Event::Tick);
    let asked: Vec<Vec<u64>> = bench
        .jobs()
        .into_iter()
        .filter_map(|(ticket, job)| {
            let reply = record.reply(&job)?;
            bench.answer(ticket, Ok(reply));
            let StoreRequest::CellTexts { rows, .. } = job else { return None };
            Some(rows)
        })
        .collect();
    assert!(asked.len() == 1 && asked[0].contains(&ROWS) && asked[0].len() <= 64, "{asked:?}");
    let seen = screen(&mut bench);
    assert!(seen.contains("message 20000 of a") && seen.contains("message 19990 of a"), "{seen}");
    for _ in 0..400 {
        bench.keys("<pageup>");
        record.rest(&mut bench);
    }
    assert!(shown(&bench).grid.texts_held() < HELD, "{} texts are held", shown(&bench).grid.texts_held());
    let first = shown(&bench).grid.number(shown(&bench).table.chosen().unwrap()).unwrap();
    assert!(screen(&mut bench).contains(&format!("message {first} of a")), "{}", screen(&mut bench));
}

#[test]
fn a_row_whose_text_is_not_at_hand_is_found_and_leaving_the_filter_ends_the_search() {
    let record = Record { rows: ROWS };
    let mut bench = opened(&record);
    bench.keys("f/message 15003 <enter>");
    // The page that was asked for at the first letter comes for nothing.
    assert!(record.answer(&mut bench) && record.answer(&mut bench));
    assert!(screen(&mut bench).contains("· searched 2,048 of 20,000"), "{}", screen(&mut bench));
    record.rest(&mut bench);
    let seen = screen(&mut bench);
    assert!(seen.contains("1 of 20000 · with message 15003") && seen.contains("message 15003 of a"), "{seen}");
    bench.keys("<esc>/Answer 1999<enter>");
    record.rest(&mut bench);
    assert_eq!(shown(&bench).table.len(), 11, "in upper or lower case, in an answer");
    bench.keys("<esc>/nobody says this<enter>");
    assert!(record.answer(&mut bench) && record.answer(&mut bench));
    assert!(screen(&mut bench).contains("Searching …"), "{}", screen(&mut bench));
    bench.keys("<esc>");
    record.answer(&mut bench);
    let searches = |(_, job): &(Ticket, StoreRequest)| matches!(job, StoreRequest::FindRows { .. });
    assert!(!bench.jobs().iter().any(searches), "nothing more is searched");
    assert_eq!((shown(&bench).table.len() as u64, bench.app.batch.page), (ROWS, Page::Table));
}

#[test]
fn esc_stops_the_reading_and_a_part_is_not_taken_for_the_whole() {
    let record = Record { rows: ROWS };
    let mut bench = opening(&record);
    bench.keys("<esc>");
    record.rest(&mut bench);
    assert_eq!(shown(&bench).grid.counts().done, 4096, "nothing more is read");
    let seen = screen(&mut bench);
    assert!(seen.contains("■ read in part: 4,096 of 20,000") && !seen.contains("Verdict"), "{seen}");
    for key in ["w", "b"] {
        bench.keys(key);
        assert_eq!(bench.says(), "only a part of its cells was read: open it again to read all", "{key}");
    }
    bench.keys("O");
    record.answer(&mut bench);
    bench.keys("<enter>");
    record.rest(&mut bench);
    assert_eq!(shown(&bench).grid.counts().done, ROWS, "opened again it is whole");
}

#[test]
fn a_large_batch_is_ordered_and_compared_in_steps() {
    let record = Record { rows: ROWS };
    let mut bench = opened(&record);
    bench.keys("b");
    record.answer(&mut bench);
    bench.keys("<enter>");
    record.answer(&mut bench);
    assert!(screen(&mut bench).contains("▸ reading what it is compared with: 4,096"), "{}", screen(&mut bench));
    record.rest(&mut bench);
    assert!(bench.says().starts_with("200 cells came out otherwise"), "{}", bench.says());
    assert_eq!(shown(&bench).table.len(), 200);
    let (_, evidence) = &shown(&bench).figures.before[0];
    assert_eq!((evidence.fixed, evidence.broken), (200, 0));
    bench.keys("css");
    record.rest(&mut bench);
    assert_eq!(shown(&bench).table.len() as u64, ROWS);
    assert_eq!(shown(&bench).listed.as_ref().map(|listed| listed.tally.cells()), None);
    let number = |bench: &Bench, at: usize| {
        let shown = shown(bench);
        shown.table.rows(at..at + 1).next().and_then(|row| shown.grid.number(row))
    };
    bench.keys("S");
    record.rest(&mut bench);
    assert_eq!(
        number(&bench, 0),
        Some(1),
        "turned round, all scores being alike: the passed and the failed stay in order"
    );
}

#[test]
fn a_threshold_is_moved_over_a_large_batch_in_steps() {
    let record = Record { rows: ROWS };
    let mut bench = opened(&record);
    bench.keys("w");
    record.answer(&mut bench);
    assert!(screen(&mut bench).contains("reading the stored answers … 4,096 of 20,000"), "{}", screen(&mut bench));
    record.rest(&mut bench);
    assert_eq!(shown(&bench).grid.counts().by.passed, ROWS - 200, "as it is");
    bench.keys(".");
    assert!(bench.app.batch.has_work());
    record.rest(&mut bench);
    let fails = shown(&bench).grid.counts().by.failed;
    bench.keys("<left><left><left><left><left><left><left><left><left><left>");
    record.rest(&mut bench);
    assert!(shown(&bench).grid.counts().by.failed <= fails);
    bench.keys("<esc>");
    record.rest(&mut bench);
    let by = shown(&bench).grid.counts().by;
    assert_eq!((by.passed, by.failed), (ROWS - 200, 200), "and nothing has changed");
    assert_eq!(shown(&bench).figures.total.tally.counts.failed, 200);
}

#[test]
fn a_large_batch_under_way_holds_a_part_of_its_texts_and_reads_the_others_back() {
    let record = Record { rows: ROWS };
    let (mut bench, ticket) = running();
    bench.send(Event::BatchBegun(ticket, on_record().id));
    bench.send(Event::Batch(ticket, vec![BatchEvent::Rows { read: ROWS, all: true }]));
    let name = |number: u64| format!("{} by name", text(number));
    let known = |number: u64| RowText { number, text: name(number), expected: String::new(), named: true };
    for first in (1..=ROWS).step_by(500) {
        bench.send(Event::BatchRows(ticket, (first..first + 500).map(known).collect()));
    }
    assert_eq!(shown(&bench).grid.texts_held() as u64, ROWS, "what was not asked is not on record");
    for first in (1..=ROWS).step_by(500) {
        let done = |number: u64| {
            let BatchEvent::Cell { outcome, .. } = filled(place(number, 0), outcome("fine"), None) else { panic!() };
            let row = DatasetRow {
                number,
                description: Some(name(number)),
                input: Input::of(text(number)),
                ..DatasetRow::default()
            };
            BatchEvent::Cell { cell: Box::new(cell(number, 100)), outcome, row: row.into() }
        };
        let other = |number: u64| {
            let row = DatasetRow {
                number,
                description: Some(name(number)),
                input: Input::of(text(number)),
                ..DatasetRow::default()
            };
            let BatchEvent::Cell { cell, outcome, .. } = filled(place(number, 1), outcome("fine"), None) else {
                panic!()
            };
            BatchEvent::Cell { cell, outcome, row: row.into() }
        };
        bench.send(Event::Batch(
            ticket,
            (first..first + 500).flat_map(|number| [done(number), other(number)]).collect(),
        ));
    }
    bench.send(Event::Batch(ticket, vec![BatchEvent::Ended { end: BatchEnd::Complete }]));
    assert_eq!(shown(&bench).state, BatchState::Over(BatchEnd::Complete));
    assert!(shown(&bench).grid.texts_held() < HELD, "{} texts are held", shown(&bench).grid.texts_held());
    bench.keys("<esc>gG");
    record.rest(&mut bench);
    bench.keys("g<pagedown><pagedown><pagedown>");
    record.rest(&mut bench);
    let at = shown(&bench).grid.number(shown(&bench).table.chosen().unwrap()).unwrap();
    let seen = screen(&mut bench);
    assert!(seen.contains(&name(at)), "a row keeps its name where the record has its input, row {at}:\n{seen}");
    bench.keys("/message 1777<enter>");
    record.rest(&mut bench);
    assert_eq!(shown(&bench).table.len(), 11, "1777, and 17770 to 17779");
}

#[test]
fn more_cells_than_can_be_held_are_refused_in_words() {
    let mut bench = Bench::new();
    bench.keys("2");
    let (list, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::Batches { .. })).unwrap();
    let spec = BatchSpec { samples: 1, ..spec(&["demo"]) };
    let entry = BatchEntry { spec, cells: u64::from(u32::MAX) + 1, ..on_record() };
    bench.answer(list, Ok(StoreReply::Batches(vec![entry])));
    bench.keys("<enter>");
    assert!(bench.says().contains("more cells than the table can hold"), "{}", bench.says());
    assert!(bench.jobs().is_empty() && bench.app.batch.page == Page::List);
}
