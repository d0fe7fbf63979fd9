//! What actions do in the table of a batch and in one of its cells.
//!
//! Batches on record: listed, opened, compared with, and the runs of their cells.

use crate::{
    app::{
        Action, App, Effect,
        batch::{
            BatchQuestion, Control, For, Page,
            cell::{Detail, Shows},
            grid::{Baseline, Only},
            run_state::{BatchState, Shown},
            setup::{BatchOrder, Finished, MOST_AT_ONCE, capped},
        },
        overlays::{batch_limits::LimitsForm, copy, xray::Xray},
        status_bar::Tone,
        store_request::Pending,
    },
    model::{
        BatchId, CellIndex, DatasetRow,
        batch::{BatchLimits, Cell},
    },
    pipeline::{
        batch::{BatchEnd, BatchEvent},
        ports::RunRecord,
    },
    store::api::{BatchEntry, StoreReply, StoreRequest},
    text::Pasted,
    widgets::pick_list::PickItem,
};

/// Goes one step back inside the table: out of the filter line, the cell, the filter. Tells whether
/// there was one.
pub(crate) fn leave(shown: &mut Shown) -> bool {
    if shown.look.typing {
        shown.look.typing = false;
    } else if shown.detail.take().is_some() {
    } else if !shown.look.shows_all() {
        shown.look.only = Only::All;
        shown.look.query = crate::widgets::line_input::LineInput::default();
        shown.table.hurry();
    } else {
        return false;
    }
    true
}

impl App {
    /// Does an action in the table, or in the cell that is looked at.
    pub(crate) fn in_table(&mut self, action: Action) {
        match action {
            Action::Pause => self.pause_batch(),
            Action::MoreCalls | Action::FewerCalls => self.change_concurrency(action == Action::MoreCalls),
            Action::Limits => self.open_limits(),
            Action::AskAgain => self.ask_again(),
            Action::AskFailed => self.ask_failed(),
            Action::BatchBaseline => self.list_batches(For::Comparing),
            Action::Xray => self.xray_cell(),
            Action::Copy => self.copy_cell(),
            Action::Diff => self.diff_cell(),
            Action::NextSample | Action::PreviousSample => self.step_cell_sample(action == Action::NextSample),
            Action::OnlyChanged if self.batch.shown.as_ref().is_some_and(|shown| shown.baseline.is_none()) => {
                self.list_batches(For::Comparing);
            }
            Action::Accept if self.batch.shown.as_ref().is_some_and(|shown| shown.detail.is_some()) => {}
            Action::Accept => self.open_cell(),
            action => {
                if let Some(shown) = &mut self.batch.shown {
                    if shown.detail.is_some() {
                        self.go_in_cell(action);
                    } else {
                        go_in_table(shown, action);
                    }
                }
            }
        }
    }

    fn go_in_cell(&mut self, action: Action) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        match action {
            Action::NextPane | Action::PreviousPane => {
                shown.table.step(if action == Action::NextPane { 1 } else { -1 });
                self.open_cell();
            }
            Action::Left | Action::Right => {
                let before = shown.place();
                shown.step_column(action == Action::Right);
                if shown.place() != before {
                    self.open_cell();
                }
            }
            action => {
                let Some(view) = shown.detail.as_mut().map(|detail| detail.view_mut()) else {
                    return;
                };
                view.go(action);
            }
        }
    }

    /// Opens the cell under the cursor; while the filter is typed, ends that.
    pub(crate) fn open_cell(&mut self) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        if shown.look.typing {
            shown.look.typing = false;
            return;
        }
        if let Some(place) = shown.place() {
            self.open_place(place);
        }
    }

    fn open_place(&mut self, place: CellIndex) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        let Some(run) = shown.grid.cell(place).map(|cell| cell.run) else {
            shown.detail = None;
            self.say(Tone::Info, "this cell has no answer yet");
            return;
        };
        if shown.detail.as_ref().is_some_and(|detail| detail.place == place && detail.run == run) {
            return;
        }
        shown.detail = Some(Box::new(Detail::new(place, run)));
        self.ask_store(StoreRequest::OpenRun(run), Pending::Batch(BatchQuestion::Run(place)));
    }

    /// Opens the next sample of the cell that has an answer, or the one before, round the end.
    fn step_cell_sample(&mut self, forward: bool) {
        let Some(shown) = &self.batch.shown else {
            return;
        };
        let Some(detail) = &shown.detail else {
            self.say(Tone::Info, "open a cell first");
            return;
        };
        match shown.sample_beside(detail.place, forward) {
            Some(place) => self.open_place(place),
            None if shown.grid.samples() > 1 => self.say(Tone::Info, "no other sample of this cell has an answer yet"),
            None => self.say(Tone::Info, "each cell of this batch is asked but once"),
        }
    }

    /// Shows what differs from what was expected, then from the baseline.
    fn diff_cell(&mut self) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        let Some(detail) = &mut shown.detail else {
            self.say(Tone::Info, "open a cell first");
            return;
        };
        let before = shown.baseline.as_ref().and_then(|baseline| baseline.cell(detail.place));
        if detail.shows != Shows::Baseline
            && !detail.is_compared()
            && let Some(before) = before
            && (detail.shows == Shows::Expected || !detail.has_expected())
        {
            let (run, place) = (before.run, detail.place);
            self.ask_store(StoreRequest::OpenRun(run), Pending::Batch(BatchQuestion::BaselineRun(place)));
        } else if !detail.step() {
            self.say(Tone::Info, "nothing to compare with: no column `expected`, and no baseline");
        }
    }

    /// Opens the limits of the batch that is shown.
    fn open_limits(&mut self) {
        match &self.batch.shown {
            Some(shown) => {
                let form = LimitsForm::new(&shown.order.caps);
                self.open(form);
            }
            None => self.say(Tone::Info, "no batch is shown"),
        }
    }

    /// Sets other limits, at once where the batch is under way; it goes on if only a limit held it.
    pub(crate) fn set_limits(&mut self, caps: BatchLimits) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        shown.order.caps = caps;
        if let Some(budget) = &mut shown.budget {
            budget.caps = caps;
        }
        let said = capped(&caps);
        let what = if said.is_empty() { "no limits".to_owned() } else { format!("at most {}", said.join(", ")) };
        if let Some(ticket) = shown.ticket {
            self.effects.push(Effect::BatchControl(ticket, Control::Caps(caps)));
            self.say(Tone::Info, &format!("{what} from now on"));
        } else {
            self.say(Tone::Info, &format!("{what} once it goes on"));
        }
    }

    /// Shows the run of a cell step by step.
    fn xray_cell(&mut self) {
        let Some(shown) = &self.batch.shown else {
            return;
        };
        if let Some(record) = shown.detail.as_ref().and_then(|detail| detail.record.as_ref()) {
            let xray = Xray::of_run(&record.outcome.requested, &record.timeline);
            self.open(xray);
            return;
        }
        let place = shown.detail.as_ref().map(|detail| detail.place).or_else(|| shown.place());
        match place.and_then(|place| shown.grid.cell(place)) {
            Some(cell) => {
                let run = cell.run;
                self.ask_store(StoreRequest::OpenRun(run), Pending::Batch(BatchQuestion::Xray));
            }
            None => self.say(Tone::Info, "this cell has no answer yet"),
        }
    }

    fn copy_cell(&mut self) {
        let detail = self.batch.shown.as_ref().and_then(|shown| shown.detail.as_ref());
        let Some(text) = detail.and_then(|detail| Some(detail.record.as_ref()?.outcome.text.clone())) else {
            self.say(Tone::Info, "open a cell first");
            return;
        };
        let text = Pasted::new(text);
        self.effects.push(Effect::Copy { what: copy::what("answer", &text), text });
    }

    fn pause_batch(&mut self) {
        let Some((ticket, shown)) = self.running_batch() else {
            self.go_on();
            return;
        };
        let control = match shown.state {
            BatchState::Paused(_) => Control::Resume,
            _ => Control::Pause,
        };
        self.effects.push(Effect::BatchControl(ticket, control));
    }

    /// Goes on with a batch that is not complete.
    fn go_on(&mut self) {
        match self.batch.shown.as_ref().filter(|shown| shown.can_go_on()) {
            Some(shown) => {
                let order = BatchOrder { finished: Finished::Kept, ..shown.order.clone() };
                self.begin_batch(order);
            }
            None => self.say(Tone::Info, "no batch is under way, and this one is complete"),
        }
    }

    fn change_concurrency(&mut self, more: bool) {
        let Some((ticket, shown)) = self.running_batch() else {
            self.say(Tone::Info, "no batch is under way");
            return;
        };
        let step = (shown.concurrency / 8).max(1);
        let calls = if more { shown.concurrency + step } else { shown.concurrency.saturating_sub(step) };
        shown.concurrency = calls.clamp(1, MOST_AT_ONCE);
        let control = Control::Concurrency(shown.concurrency);
        self.effects.push(Effect::BatchControl(ticket, control));
    }

    /// Returns the batch under way and its ticket.
    fn running_batch(&mut self) -> Option<(crate::app::Ticket, &mut Shown)> {
        let shown = self.batch.shown.as_mut()?;
        Some((shown.ticket?, shown))
    }

    /// Asks the cell under the cursor again, all its samples.
    fn ask_again(&mut self) {
        let Some(shown) = &self.batch.shown else {
            return;
        };
        let places: Vec<CellIndex> = match (&shown.detail, shown.table.chosen()) {
            (Some(detail), _) => vec![detail.place],
            (None, Some(at)) => {
                (0..shown.grid.samples()).filter_map(|sample| shown.grid.place(at, shown.column, sample)).collect()
            }
            (None, None) => Vec::new(),
        };
        if places.is_empty() {
            return;
        }
        let order = BatchOrder { again: places, finished: Finished::Kept, ..shown.order.clone() };
        let ticket = self.ticket();
        if let Some(shown) = &mut self.batch.shown {
            shown.again.push(ticket);
        }
        self.effects.push(Effect::StartBatch(ticket, Box::new(order)));
    }

    /// Asks the cells again that failed to get an answer.
    fn ask_failed(&mut self) {
        let Some(shown) = &self.batch.shown else {
            return;
        };
        if shown.grid.counts().by.error == 0 {
            self.say(Tone::Info, "every cell that was asked has an answer");
            return;
        }
        if shown.is_busy() {
            self.say(Tone::Info, "the batch is under way; stop it first, or ask one cell again");
            return;
        }
        let mut order = shown.order.clone();
        order.finished = Finished::FailedAgain;
        self.begin_batch(order);
    }

    /// Stops the batch that is under way. Tells whether there is one.
    pub(crate) fn stop_batch(&mut self) -> bool {
        let Some((ticket, shown)) = self.running_batch() else {
            return false;
        };
        if shown.state == BatchState::Stopping {
            return false;
        }
        shown.state = BatchState::Stopping;
        self.effects.push(Effect::BatchControl(ticket, Control::Stop));
        true
    }

    /// Takes in what a batch tells; nobody waits for late ones.
    pub(crate) fn batch_told(&mut self, ticket: crate::app::Ticket, events: Vec<BatchEvent>) {
        let now = self.now.at;
        let waits = |shown: &&mut Shown| shown.ticket == Some(ticket) || shown.again.contains(&ticket);
        let Some(shown) = self.batch.shown.as_mut().filter(waits) else {
            return;
        };
        let mut ended = false;
        for event in events {
            if let BatchEvent::Cell { outcome, .. } | BatchEvent::Unrecorded { outcome, .. } = &event {
                self.metrics.take(outcome, self.now.time.as_second());
            }
            ended |= shown.hear(ticket, event, now);
        }
        if ended {
            let (tone, says) = end(shown);
            self.say(tone, &says);
            if !self.focused {
                self.effects.push(Effect::Bell);
            }
        }
        let stale = self.batch.shown.as_ref().filter(|_| self.batch.page == Page::Table).and_then(Shown::stale);
        if let Some(place) = stale {
            self.open_place(place);
        }
    }
}

fn go_in_table(shown: &mut Shown, action: Action) {
    match action {
        Action::Left | Action::Right => shown.step_column(action == Action::Right),
        Action::Filter => shown.look.typing = true,
        Action::OnlyFailed => shown.show_only(Only::Failed),
        Action::OnlyErrors => shown.show_only(Only::Errors),
        Action::OnlyChanged => shown.show_only(Only::Changed),
        Action::Sort => shown.sort(),
        Action::TurnSort => shown.turn(),
        action => shown.table.go(action),
    }
}

/// Batches that are listed, at most.
const LISTED: usize = 200;

/// Rows whose texts are read at once.
const PAGE: usize = 64;

/// Cells that are read at once.
const CELLS: usize = 1_000_000;

/// Says how a batch ended.
pub(crate) fn end(shown: &Shown) -> (Tone, String) {
    let counts = shown.grid.counts();
    let cells = if counts.done == 1 { "1 cell".to_owned() } else { format!("{} cells", counts.done) };
    let counted = match counts.by.others() {
        others if others.is_empty() => cells,
        others => format!("{cells}, {others}"),
    };
    match &shown.state {
        BatchState::Over(BatchEnd::Complete) => (Tone::Info, format!("the batch is complete: {counted}")),
        BatchState::Over(BatchEnd::Stopped) => (Tone::Info, format!("the batch was stopped: {counted}")),
        BatchState::Over(BatchEnd::Capped { why, .. }) => (Tone::Warning, format!("the batch ended: {why}; {counted}")),
        BatchState::Over(BatchEnd::Failed { why }) => {
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
    pub(crate) fn batch_stored(&mut self, asked: BatchQuestion, reply: StoreReply) {
        match (asked, reply) {
            (BatchQuestion::List, StoreReply::Batches(entries)) => self.batches_listed(entries),
            (BatchQuestion::Prompt, StoreReply::Prompt { name, prompt, .. }) => self.batch_prompt(name, *prompt),
            (BatchQuestion::Open(order, id), StoreReply::Cells(rows)) => {
                self.batch_opened(*order, id, rows.into_iter().map(|row| row.cell).collect());
            }
            (BatchQuestion::Rows, StoreReply::CellRuns(records)) => self.rows_known(&records),
            (BatchQuestion::Baseline(name), StoreReply::Cells(rows)) => {
                self.batch_baseline(&name, rows.into_iter().map(|row| row.cell));
            }
            (asked, StoreReply::Run(record)) => self.batch_run(&asked, record),
            _ => {}
        }
    }

    /// Lists the batches on record, to open one or to compare with one.
    pub(crate) fn list_batches(&mut self, what: For) {
        if what == For::Opening && self.batch.busy() {
            self.say(Tone::Warning, "a batch is under way; stop it first");
            return;
        }
        self.batch.list_for = what;
        self.batch.page = Page::List;
        self.batch.loading = true;
        self.ask_store(StoreRequest::Batches { limit: LISTED }, Pending::Batch(BatchQuestion::List));
    }

    /// Takes the list in.
    pub(crate) fn batches_listed(&mut self, entries: Vec<BatchEntry>) {
        self.batch.loading = false;
        let own = self.batch.shown.as_ref().and_then(|shown| shown.id);
        let comparing = self.batch.list_for == For::Comparing;
        let items = entries.iter().enumerate().filter(|(_, entry)| !comparing || Some(entry.id) != own);
        let items = items.map(|(at, entry)| PickItem::new(at, entry.name.clone(), String::new()));
        self.batch.list.refill(items.collect());
        self.batch.entries = entries;
    }

    /// Opens the chosen batch, or takes it as the baseline.
    pub(crate) fn pick_batch(&mut self) {
        let chosen = self.batch.list.chosen().map(|item| item.value);
        let Some(entry) = chosen.and_then(|at| self.batch.entries.get(at)) else {
            return;
        };
        let (id, spec) = (entry.id, entry.spec.clone());
        let asked = match self.batch.list_for {
            For::Comparing => BatchQuestion::Baseline(format!("{} {}", spec.name, id.short())),
            For::Opening => {
                let order = BatchOrder {
                    spec,
                    concurrency: self.settings.batch.concurrency,
                    caps: BatchLimits::default(),
                    finished: Finished::Kept,
                    session: self.bench.session.clone(),
                    again: Vec::new(),
                };
                BatchQuestion::Open(Box::new(order), id)
            }
        };
        self.ask_store(StoreRequest::Cells { batch: id, after: None, limit: CELLS }, Pending::Batch(asked));
    }

    /// Shows a batch from the record.
    pub(crate) fn batch_opened(&mut self, order: BatchOrder, id: BatchId, cells: Vec<Cell>) {
        if self.batch.busy() {
            return;
        }
        let mut shown = Shown::new(order, BatchState::Record);
        shown.id = Some(id);
        for cell in cells {
            shown.fill(cell);
        }
        self.batch.shown = Some(shown);
        self.batch.page = Page::Table;
    }

    /// Asks what the rows in sight say, where a batch from the record does not know it yet.
    pub(crate) fn ask_rows(&mut self) {
        let asked = self.asked.values().any(|asked| *asked == Pending::Batch(BatchQuestion::Rows));
        let Some(shown) = self.batch.shown.as_ref().filter(|_| !asked && self.batch.page == Page::Table) else {
            return;
        };
        let (Some(batch), true) = (shown.id, shown.state == BatchState::Record) else {
            return;
        };
        let unknown = shown.table.seen().find_map(|(at, _)| shown.grid.line(at).filter(|line| !line.asked));
        let Some(row) = unknown.map(|line| line.number) else {
            return;
        };
        // The place before the first of the row.
        let last = CellIndex { row: row.saturating_sub(1), prompt: u32::MAX, target: u32::MAX, sample: u32::MAX };
        let limit = PAGE * shown.grid.cells_of_a_row().max(1);
        if let Some(shown) = &mut self.batch.shown {
            shown.grid.ask(row, PAGE);
        }
        self.ask_store(StoreRequest::CellRuns { batch, after: Some(last), limit }, Pending::Batch(BatchQuestion::Rows));
    }

    fn rows_known(&mut self, records: &[RunRecord]) {
        let Some(shown) = &mut self.batch.shown else {
            return;
        };
        for record in records {
            if let Some(cell) = record.cell.filter(|cell| Some(cell.batch) == shown.id) {
                shown.grid.know(&DatasetRow {
                    number: cell.place.row,
                    input: record.input.clone(),
                    ..DatasetRow::default()
                });
            }
        }
    }

    /// Compares the batch on the screen with another one.
    pub(crate) fn batch_baseline(&mut self, name: &str, cells: impl Iterator<Item = Cell>) {
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
    pub(crate) fn batch_run(&mut self, asked: &BatchQuestion, record: Box<RunRecord>) {
        if *asked == BatchQuestion::Xray {
            self.open(Xray::of_outcome(&record.outcome, &record.timeline));
            return;
        }
        let Some(detail) = self.batch.shown.as_mut().and_then(|shown| shown.detail.as_mut()) else {
            return;
        };
        match asked {
            BatchQuestion::Run(place) if detail.place == *place && detail.run == record.run => detail.take(record),
            BatchQuestion::BaselineRun(place) if detail.place == *place => detail.compare(&record),
            _ => {}
        }
    }

    /// Says why something that was asked for the screen did not come.
    pub(crate) fn batch_fault(&mut self, asked: &BatchQuestion, why: &str) {
        match asked {
            BatchQuestion::List => self.batch.loading = false,
            BatchQuestion::Run(place) => {
                let detail = self.batch.shown.as_mut().and_then(|shown| shown.detail.as_mut());
                if let Some(detail) = detail.filter(|detail| detail.place == *place) {
                    detail.fault = Some(why.to_owned());
                }
            }
            BatchQuestion::Prompt => self.batch.setup.forget_wanted(),
            _ => {}
        }
        self.say(Tone::Error, why);
    }
}
