//! Batches on record: listed, opened, compared with, and the runs of their cells.

use super::{
    AskedFor, For, Page,
    look::{Baseline, Only},
    order::{Finished, Order},
    shown::{Shown, State},
};
use crate::{
    app::{
        App,
        choice::Item,
        notice::Tone,
        overlay::{Overlay, Xray},
        stored::Asked,
    },
    model::{
        BatchId, Place, Row,
        batch::{Caps, Cell},
    },
    pipeline::{batch::BatchEnd, port::RunRecord},
    store::job::{BatchEntry, Job, Reply},
};

/// Batches that are listed, at most.
const LISTED: usize = 200;

/// Rows whose texts are read at once.
const PAGE: usize = 64;

/// Cells that are read at once.
const CELLS: usize = 1_000_000;

/// Says how a batch ended.
pub(super) fn end(shown: &Shown) -> (Tone, String) {
    let counts = shown.grid.counts();
    let cells = if counts.done == 1 { "1 cell".to_owned() } else { format!("{} cells", counts.done) };
    let counted = match counts.by.others() {
        others if others.is_empty() => cells,
        others => format!("{cells}, {others}"),
    };
    match &shown.state {
        State::Over(BatchEnd::Complete) => (Tone::Info, format!("the batch is complete: {counted}")),
        State::Over(BatchEnd::Stopped) => (Tone::Info, format!("the batch was stopped: {counted}")),
        State::Over(BatchEnd::Capped { why, .. }) => (Tone::Warning, format!("the batch ended: {why}; {counted}")),
        State::Over(BatchEnd::Failed { why }) => {
            let unrecorded = match shown.unrecorded {
                0 => String::new(),
                1 => "; 1 answer is not on record and will be asked for again".to_owned(),
                many => format!("; {many} answers are not on record and will be asked for again"),
            };
            (Tone::Error, format!("the batch cannot go on: {why}{unrecorded}"))
        }
        _ => (Tone::Info, counted),
    }
}

impl App {
    /// Takes an answer of the store for the screen in.
    pub(in crate::app) fn batch_stored(&mut self, asked: AskedFor, reply: Reply) {
        match (asked, reply) {
            (AskedFor::List, Reply::Batches(entries)) => self.batches_listed(entries),
            (AskedFor::Prompt, Reply::Prompt { name, prompt, .. }) => self.batch_prompt(name, *prompt),
            (AskedFor::Open(order, id), Reply::Cells(rows)) => {
                self.batch_opened(*order, id, rows.into_iter().map(|row| row.cell).collect());
            }
            (AskedFor::Rows, Reply::CellRuns(records)) => self.rows_known(&records),
            (AskedFor::Baseline(name), Reply::Cells(rows)) => {
                self.batch_baseline(&name, rows.into_iter().map(|row| row.cell));
            }
            (asked, Reply::Run(record)) => self.batch_run(&asked, record),
            _ => {}
        }
    }

    /// Lists the batches on record, to open one or to compare with one.
    pub(super) fn list_batches(&mut self, what: For) {
        if what == For::Opening && self.batch.busy() {
            self.say(Tone::Warning, "a batch is under way; stop it first");
            return;
        }
        self.batch.list_for = what;
        self.batch.page = Page::List;
        self.batch.loading = true;
        self.ask_store(Job::Batches { limit: LISTED }, Asked::Batch(AskedFor::List));
    }

    /// Takes the list in.
    pub(in crate::app) fn batches_listed(&mut self, entries: Vec<BatchEntry>) {
        self.batch.loading = false;
        let own = self.batch.shown.as_ref().and_then(|shown| shown.id);
        let comparing = self.batch.list_for == For::Comparing;
        let items = entries.iter().enumerate().filter(|(_, entry)| !comparing || Some(entry.id) != own);
        let items = items.map(|(at, entry)| Item::new(at, entry.name.clone(), String::new()));
        self.batch.list.refill(items.collect());
        self.batch.entries = entries;
    }

    /// Opens the chosen batch, or takes it as the baseline.
    pub(super) fn pick_batch(&mut self) {
        let chosen = self.batch.list.chosen().map(|item| item.value);
        let Some(entry) = chosen.and_then(|at| self.batch.entries.get(at)) else {
            return;
        };
        let (id, spec) = (entry.id, entry.spec.clone());
        let asked = match self.batch.list_for {
            For::Comparing => AskedFor::Baseline(format!("{} {}", spec.name, id.short())),
            For::Opening => {
                let order = Order {
                    spec,
                    concurrency: self.settings.batch.concurrency,
                    caps: Caps::default(),
                    finished: Finished::Kept,
                    session: self.bench.session.clone(),
                    again: Vec::new(),
                };
                AskedFor::Open(Box::new(order), id)
            }
        };
        self.ask_store(Job::Cells { batch: id, after: None, limit: CELLS }, Asked::Batch(asked));
    }

    /// Shows a batch from the record.
    pub(in crate::app) fn batch_opened(&mut self, order: Order, id: BatchId, cells: Vec<Cell>) {
        if self.batch.busy() {
            return;
        }
        let mut shown = Shown::new(order, State::Record);
        shown.id = Some(id);
        for cell in cells {
            shown.fill(cell);
        }
        self.batch.shown = Some(shown);
        self.batch.page = Page::Table;
    }

    /// Asks what the rows in sight say, where a batch from the record does not know it yet.
    pub(in crate::app) fn ask_rows(&mut self) {
        let asked = self.asked.values().any(|asked| *asked == Asked::Batch(AskedFor::Rows));
        let Some(shown) = self.batch.shown.as_ref().filter(|_| !asked && self.batch.page == Page::Table) else {
            return;
        };
        let (Some(batch), true) = (shown.id, shown.state == State::Record) else {
            return;
        };
        let unknown = shown.table.seen().find_map(|(at, _)| shown.grid.line(at).filter(|line| !line.asked));
        let Some(row) = unknown.map(|line| line.number) else {
            return;
        };
        // The place before the first of the row.
        let last = Place { row: row.saturating_sub(1), prompt: u32::MAX, target: u32::MAX, sample: u32::MAX };
        let limit = PAGE * shown.grid.cells_of_a_row().max(1);
        if let Some(shown) = &mut self.batch.shown {
            shown.grid.ask(row, PAGE);
        }
        self.ask_store(Job::CellRuns { batch, after: Some(last), limit }, Asked::Batch(AskedFor::Rows));
    }

    fn rows_known(&mut self, records: &[RunRecord]) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        for record in records {
            if let Some(cell) = record.cell.filter(|cell| Some(cell.batch) == shown.id) {
                shown.grid.know(&Row { number: cell.place.row, input: record.input.clone(), ..Row::default() });
            }
        }
    }

    /// Compares the batch on the screen with another one.
    pub(in crate::app) fn batch_baseline(&mut self, name: &str, cells: impl Iterator<Item = Cell>) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        self.batch.page = Page::Table;
        let baseline = Baseline::new(name.to_owned(), cells);
        let changed = shown.grid.all().filter(|cell| baseline.differs(cell)).count();
        shown.baseline = Some(baseline);
        shown.weighed.expire();
        shown.look.only = if changed > 0 { Only::Changed } else { Only::All };
        shown.table.hurry();
        let says = match changed {
            0 => format!("no cell came out otherwise than in {name}"),
            1 => format!("1 cell came out otherwise than in {name}"),
            n => format!("{n} cells came out otherwise than in {name}"),
        };
        self.say(Tone::Info, &says);
    }

    /// Takes the run of a cell in.
    pub(in crate::app) fn batch_run(&mut self, asked: &AskedFor, record: Box<RunRecord>) {
        if *asked == AskedFor::Xray {
            self.overlays.push(Overlay::Xray(Xray::of_outcome(&record.outcome, &record.timeline)));
            return;
        }
        let Some(detail) = self.batch.shown.as_mut().and_then(|shown| shown.detail.as_mut()) else {
            return;
        };
        match asked {
            AskedFor::Run(place) if detail.place == *place && detail.run == record.run => detail.take(record),
            AskedFor::BaselineRun(place) if detail.place == *place => detail.compare(&record),
            _ => {}
        }
    }

    /// Says why something that was asked for the screen did not come.
    pub(in crate::app) fn batch_fault(&mut self, asked: &AskedFor, why: &str) {
        match asked {
            AskedFor::List => self.batch.loading = false,
            AskedFor::Run(place) => {
                let detail = self.batch.shown.as_mut().and_then(|shown| shown.detail.as_mut());
                if let Some(detail) = detail.filter(|detail| detail.place == *place) {
                    detail.fault = Some(why.to_owned());
                }
            }
            AskedFor::Prompt => self.batch.setup.forget_wanted(),
            _ => {}
        }
        self.say(Tone::Error, why);
    }
}
