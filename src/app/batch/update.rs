//! What actions do in the table of a batch and in one of its cells.
//!
//! The batches on record, listed, and the runs of their cells.

use crate::{
    app::{
        action::{BatchAction, Verb},
        ask,
        batch::{
            Batches, ListPurpose, Page,
            cell::{CellDetail, Shows},
            grid_view::Only,
            run_state::{BatchState, ShownBatch, Step},
            setup::{MOST_AT_ONCE, capped},
        },
        context::Cx,
        event::{BatchCommand, Effect, Ticket},
        intent::{BenchIntent, Intent, OverlayIntent},
        notices::Tone,
        overlays::{batch_limits::LimitsForm, xray::Xray},
    },
    model::{
        CellIndex,
        batch::{BatchLimits, BatchRequest, ResumeMode},
        dataset::RowText,
        error::StoreError,
    },
    pipeline::{
        batch::{BatchEnd, BatchEvent},
        ports::RunRecord,
    },
    store::api::{BatchEntry, WantedBlind},
    widgets::{motion::Motion, pick_list::PickItem},
};

/// Goes one step back inside the table: out of the filter line, the cell, the filter. Tells whether
/// there was one.
pub(crate) fn leave(shown: &mut ShownBatch) -> bool {
    if shown.look.typing {
        shown.look.typing = false;
    } else if std::mem::take(&mut shown.zoomed) || shown.stop_reading() || shown.leave_what_if() {
    } else if !shown.look.shows_all() {
        (shown.look.only, shown.look.chosen) = (Only::All, true);
        shown.look.query = crate::widgets::line_input::LineInput::default();
        shown.table.hurry();
    } else {
        return false;
    }
    true
}

impl Batches {
    /// Does an action of the batch's own in the table, or in the cell that is looked at.
    pub(crate) fn act_in_table(&mut self, action: BatchAction, cx: &mut Cx<'_, Self>) {
        // What is asked anew is asked of the batch as it is.
        let asks = matches!(action, BatchAction::Pause | BatchAction::AskAgain | BatchAction::AskFailed);
        if let Some(shown) = self.shown.as_mut().filter(|_| asks) {
            shown.leave_what_if();
        }
        let lacks_baseline = self.shown.as_ref().is_some_and(|shown| shown.baseline.is_none());
        match action {
            BatchAction::NewBatch => self.new_batch(cx),
            BatchAction::OpenBatch => self.list_batches(ListPurpose::Opening, cx),
            BatchAction::BatchEnding => self.open_ending(cx),
            BatchAction::CompareBlind => self.compare_blind(cx),
            BatchAction::Improve => self.experiment(true, cx),
            BatchAction::Ablate => self.experiment(false, cx),
            BatchAction::ReviewChanges => self.review_changes(cx),
            BatchAction::Pause => self.pause_batch(cx),
            BatchAction::Limits => self.open_limits(cx),
            BatchAction::AskAgain => self.ask_again(cx),
            BatchAction::AskFailed => self.ask_failed(cx),
            BatchAction::BatchBaseline => self.list_to_compare(cx),
            BatchAction::OnlyChanged if lacks_baseline => self.list_to_compare(cx),
            BatchAction::OnlyChanged => self.show_only(Only::Changed),
            BatchAction::BatchWhatIf => self.turn_what_if(cx),
            BatchAction::WriteBatchThreshold => self.ask_write(cx),
        }
    }

    /// Does something in the table, or in the cell that is looked at.
    pub(crate) fn in_table(&mut self, verb: Verb, cx: &mut Cx<'_, Self>) {
        let in_cell = self.shown.as_ref().is_some_and(|shown| shown.zoomed);
        match verb {
            Verb::Run => self.run_again(cx),
            Verb::NextPane | Verb::PreviousPane => {
                let forward = verb == Verb::NextPane;
                if !self.next_threshold(forward, cx) {
                    self.step_column(Step::Round(forward), cx);
                }
            }
            Verb::MoreCalls => self.change_concurrency(true, cx),
            Verb::FewerCalls => self.change_concurrency(false, cx),
            Verb::Xray => self.xray_cell(cx),
            Verb::Copy => {
                // What is copied is how it came out.
                self.in_rows(|shown| _ = shown.leave_what_if());
                cx.send(Intent::OpenCopy);
            }
            Verb::Diff => self.diff_cell(cx),
            Verb::NextSample | Verb::PreviousSample => {
                let forward = verb == Verb::NextSample;
                if !self.move_threshold(forward, true, cx) {
                    self.step_cell_sample(forward, cx);
                }
            }
            Verb::Accept if !in_cell => self.open_cell(cx),
            Verb::Filter if !in_cell => self.in_rows(|shown| shown.look.typing = true),
            Verb::Sort if !in_cell => self.in_rows(ShownBatch::sort),
            Verb::TurnSort if !in_cell => self.in_rows(ShownBatch::turn),
            Verb::OnlyFailed => self.show_only(Only::Failed),
            Verb::OnlyErrors => self.show_only(Only::Errors),
            Verb::ToBench => self.cell_to_bench(cx),
            Verb::Accept
            | Verb::Filter
            | Verb::Sort
            | Verb::TurnSort
            | Verb::Baseline
            | Verb::Next
            | Verb::Previous
            | Verb::Grade
            | Verb::Leave
            | Verb::Refresh
            | Verb::ExportRuns
            | Verb::ScoreRuns => {}
        }
    }

    /// Moves in the table, or in the cell that is looked at; sideways to the next column.
    pub(crate) fn go_in_table(&mut self, motion: Motion, cx: &mut Cx<'_, Self>) {
        if matches!(motion, Motion::Left | Motion::Right) && self.move_threshold(motion == Motion::Right, false, cx) {
            return;
        }
        let Some(shown) = &mut self.shown else {
            return;
        };
        match (motion, &mut shown.detail) {
            (Motion::Left, _) => self.step_column(Step::Left, cx),
            (Motion::Right, _) => self.step_column(Step::Right, cx),
            (motion, Some(detail)) if shown.zoomed => detail.view_mut().go(motion),
            (motion, _) => shown.table.go(motion),
        }
    }

    /// Goes to the next column; where a cell is looked at its neighbour is opened.
    fn step_column(&mut self, step: Step, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else {
            return;
        };
        let before = shown.place();
        shown.step_column(step);
        if shown.zoomed && shown.place() != before {
            self.open_cell(cx);
        }
    }

    /// Changes which rows are shown, or their order.
    fn in_rows(&mut self, change: impl FnOnce(&mut ShownBatch)) {
        if let Some(shown) = &mut self.shown {
            change(shown);
        }
    }

    /// Shows only the rows of a kind, or all; not behind a cell that is looked at.
    fn show_only(&mut self, only: Only) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| !shown.zoomed) {
            shown.show_only(only);
        }
    }

    /// Opens the cell under the cursor; while the filter is typed, ends that.
    pub(crate) fn open_cell(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else {
            return;
        };
        if shown.look.typing {
            shown.look.typing = false;
            return;
        }
        let Some(place) = shown.place() else {
            return;
        };
        if shown.grid.status_of(place).is_none() {
            shown.zoomed = false;
            cx.say(Tone::Info, "Not run yet");
            return;
        }
        shown.zoomed = true;
        self.open_place(place, cx);
    }

    /// Has the run of a cell read, and shows it.
    pub(crate) fn open_place(&mut self, place: CellIndex, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else {
            return;
        };
        let Some(run) = shown.grid.run_of(place) else {
            return;
        };
        if shown.detail.as_ref().is_some_and(|detail| detail.place == place && detail.run == run) {
            return;
        }
        shown.detail = Some(Box::new(CellDetail::new(place, run)));
        shown.asks_run = true;
        cx.ask(ask::open_run(run), place, Self::run_read);
    }

    /// Shows the cell under the cursor below the table, one run being read at a time.
    pub(crate) fn preview_cell(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = self.shown.as_mut().filter(|_| self.page == Page::Table) else {
            return;
        };
        if shown.zoomed || shown.asks_run {
            return;
        }
        match shown.place().filter(|place| shown.grid.status_of(*place).is_some()) {
            Some(place) => self.open_place(place, cx),
            None => shown.detail = None,
        }
    }

    /// Begins what is shown again: what is left of it, or a new batch.
    fn run_again(&mut self, cx: &mut Cx<'_, Self>) {
        if self.shown.as_ref().is_some_and(ShownBatch::can_go_on) {
            self.go_on(cx);
        } else {
            self.new_batch(cx);
        }
    }

    /// Puts the cell under the cursor on the bench: its prompt, input and model.
    fn cell_to_bench(&mut self, cx: &mut Cx<'_, Self>) {
        let detail = self.shown.as_ref().and_then(|shown| shown.detail.as_ref());
        match detail.and_then(|detail| detail.record.clone()) {
            Some(record) => cx.send(Intent::Bench(BenchIntent::Reopen { record, run: false })),
            None => cx.say(Tone::Info, "Not run yet"),
        }
    }

    /// Opens the next sample of the cell that has an answer, or the one before, round the end.
    fn step_cell_sample(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &self.shown else {
            return;
        };
        let Some(detail) = shown.detail.as_ref().filter(|_| shown.zoomed) else {
            return;
        };
        match shown.sample_beside(detail.place, forward) {
            Some(place) => self.open_place(place, cx),
            None if shown.grid.samples() > 1 => cx.say(Tone::Info, "no other sample of this cell has an answer yet"),
            None => cx.say(Tone::Info, "1 sample of each cell"),
        }
    }

    /// Shows what differs from what was expected, then from the baseline.
    fn diff_cell(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else {
            return;
        };
        let Some(detail) = &mut shown.detail else {
            return;
        };
        let before = shown.baseline.as_ref().and_then(|baseline| baseline.run(detail.place));
        if detail.shows != Shows::Baseline
            && !detail.is_compared()
            && let Some(before) = before
            && (detail.shows == Shows::Expected || !detail.has_expected())
        {
            cx.ask(ask::open_run(before), detail.place, Self::baseline_run_read);
        } else if !detail.step() {
            cx.say(Tone::Info, "nothing to compare with: no column `expected`, and no baseline");
        }
    }

    /// Opens the limits of the batch that is shown.
    fn open_limits(&self, cx: &mut Cx<'_, Self>) {
        match &self.shown {
            Some(shown) => cx.open(LimitsForm::new(&shown.request.limits, shown.request.spec.models())),
            None => cx.say(Tone::Info, "No batch is shown"),
        }
    }

    /// Sets other limits, at once where the batch is under way; it goes on if only a limit held it.
    pub(crate) fn set_limits(&mut self, caps: BatchLimits, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else {
            return;
        };
        shown.request.limits = caps;
        if let Some(budget) = &mut shown.budget {
            budget.caps = caps;
        }
        let words = capped(&caps);
        let what = if words.is_empty() { "no limits".to_owned() } else { format!("at most {}", words.join(", ")) };
        if let Some(ticket) = shown.ticket {
            cx.effect(Effect::BatchControl(ticket, BatchCommand::Caps(caps)));
            cx.say(Tone::Info, &format!("{what} from now on"));
        } else {
            cx.say(Tone::Info, &format!("{what} once it goes on"));
        }
    }

    /// Shows the run of a cell step by step.
    fn xray_cell(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &self.shown else {
            return;
        };
        if let Some(record) = shown.detail.as_ref().and_then(|detail| detail.record.as_ref()) {
            cx.open(Xray::of_record(record, cx.shared.now.time));
            return;
        }
        let place = shown.detail.as_ref().map(|detail| detail.place).or_else(|| shown.place());
        match place.and_then(|place| shown.grid.run_of(place)) {
            Some(run) => {
                cx.ask(ask::open_run(run), (), |_, (), record, cx| match record {
                    Ok(record) => cx.open(Xray::of_record(&record, cx.shared.now.time)),
                    Err(error) => cx.say(Tone::Error, &error.message),
                });
            }
            None => cx.say(Tone::Info, "Not run yet"),
        }
    }

    fn pause_batch(&mut self, cx: &mut Cx<'_, Self>) {
        let Some((ticket, shown)) = self.running_batch() else {
            self.go_on(cx);
            return;
        };
        let control = match shown.state {
            BatchState::Paused(_) => BatchCommand::Resume,
            BatchState::Starting
            | BatchState::Running
            | BatchState::Stopping
            | BatchState::Over(_)
            | BatchState::Record => BatchCommand::Pause,
        };
        cx.effect(Effect::BatchControl(ticket, control));
    }

    /// Goes on with a batch that is not complete.
    fn go_on(&mut self, cx: &mut Cx<'_, Self>) {
        match self.shown.as_ref().filter(|shown| shown.can_go_on()) {
            Some(shown) => {
                let request = BatchRequest { resume: ResumeMode::Resume, ..shown.request.clone() };
                self.begin_batch(request, cx);
            }
            None => cx.say(Tone::Info, "no batch is under way, and this one is complete"),
        }
    }

    fn change_concurrency(&mut self, more: bool, cx: &mut Cx<'_, Self>) {
        let Some((ticket, shown)) = self.running_batch() else {
            return;
        };
        let step = (shown.concurrency / 8).max(1);
        let calls = if more { shown.concurrency + step } else { shown.concurrency.saturating_sub(step) };
        shown.concurrency = calls.clamp(1, MOST_AT_ONCE);
        let control = BatchCommand::Concurrency(shown.concurrency);
        cx.effect(Effect::BatchControl(ticket, control));
    }

    /// Returns the batch under way and its ticket.
    fn running_batch(&mut self) -> Option<(Ticket, &mut ShownBatch)> {
        let shown = self.shown.as_mut()?;
        Some((shown.ticket?, shown))
    }

    /// Asks the cell under the cursor again, all its samples.
    fn ask_again(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &self.shown else {
            return;
        };
        let looked_at = shown.detail.as_ref().filter(|_| shown.zoomed);
        let places: Vec<CellIndex> = match (looked_at, shown.table.chosen()) {
            (Some(detail), _) => vec![detail.place],
            (None, Some(at)) => {
                (0..shown.grid.samples()).filter_map(|sample| shown.grid.place(at, shown.column, sample)).collect()
            }
            (None, None) => Vec::new(),
        };
        if places.is_empty() {
            return;
        }
        let request = BatchRequest { only: Some(places), resume: ResumeMode::RetryFailed, ..shown.request.clone() };
        let ticket = cx.out.ticket();
        if let Some(shown) = &mut self.shown {
            shown.again.push(ticket);
        }
        cx.effect(Effect::StartBatch(ticket, Box::new(request)));
    }

    /// Asks the cells again that failed to get an answer.
    fn ask_failed(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &self.shown else {
            return;
        };
        if shown.grid.counts().by.error == 0 {
            cx.say(Tone::Info, "every cell that was asked has an answer");
            return;
        }
        if shown.is_busy() {
            cx.say(Tone::Info, "the batch is under way; stop it first, or ask one cell again");
            return;
        }
        let request = BatchRequest { resume: ResumeMode::RetryFailed, ..shown.request.clone() };
        self.begin_batch(request, cx);
    }

    /// Stops the batch that is under way. Tells whether there is one.
    pub(crate) fn stop(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        let Some((ticket, shown)) = self.running_batch() else {
            return false;
        };
        if shown.state == BatchState::Stopping {
            return false;
        }
        shown.state = BatchState::Stopping;
        cx.effect(Effect::BatchControl(ticket, BatchCommand::Stop));
        true
    }

    /// Takes in what a batch tells; nobody waits for late ones.
    pub(crate) fn receive_events(&mut self, ticket: Ticket, events: Vec<BatchEvent>, cx: &mut Cx<'_, Self>) {
        let now = cx.shared.now.at;
        let waits = |shown: &&mut ShownBatch| shown.ticket == Some(ticket) || shown.again.contains(&ticket);
        let Some(shown) = self.shown.as_mut().filter(waits) else {
            return;
        };
        let mut ended = false;
        for event in events {
            if let BatchEvent::Cell { outcome, .. } | BatchEvent::Unrecorded { outcome, .. } = &event {
                cx.shared.metrics.take(outcome, cx.shared.now.time.as_second());
            }
            ended |= shown.hear(ticket, event, now);
        }
        if ended {
            let (tone, says) = end(shown);
            cx.say(tone, &says);
            shown.expire_figures();
            shown.owes_gates = true;
            self.work_on(cx);
            if !cx.shared.focused {
                cx.effect(Effect::Bell);
            }
        }
        let zoomed = |shown: &&ShownBatch| self.page == Page::Table && shown.zoomed;
        let stale = self.shown.as_ref().filter(zoomed).and_then(ShownBatch::stale);
        if let Some(place) = stale {
            self.open_place(place, cx);
        }
    }
}

impl Batches {
    /// Goes on with what there is to work out of the batch on the screen, if there is anything: a step of it.
    pub(crate) fn work_on(&mut self, cx: &mut Cx<'_, Self>) {
        let Some(shown) = &mut self.shown else { return };
        if shown.table.is_ordering() || shown.listing.is_some() {
            shown.order_on();
        }
        shown.go_on_with_what_if();
        shown.work_out();
        if shown.figures_in_work.is_some() || shown.is_partial() || !std::mem::take(&mut shown.owes_gates) {
            return;
        }
        let gates = shown.judged_gates();
        if let Some(id) = shown.id.filter(|_| !gates.is_empty()) {
            cx.ask(ask::note_gates(id, gates), (), |_, (), noted, cx| {
                if let Err(error) = noted {
                    cx.say(Tone::Error, &error.message);
                }
            });
        }
    }
}

/// Batches that are listed, at most.
pub(crate) const LISTED: usize = 200;

/// Says how a batch ended.
pub(crate) fn end(shown: &ShownBatch) -> (Tone, String) {
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

impl Batches {
    /// Compares the answers of the batch that is shown without names; those of the newest with two contenders where none
    /// is shown.
    pub(crate) fn compare_blind(&self, cx: &mut Cx<'_, Self>) {
        let chosen = match self.page {
            Page::Table => self.shown.as_ref().and_then(|shown| shown.id),
            Page::List => self.list.chosen().and_then(|item| self.entries.get(item.value)).map(|entry| entry.id),
            Page::Form => None,
        };
        let batches = chosen.into_iter().collect();
        let wanted = WantedBlind { batches, seed: None, anew: false, at: cx.shared.now.time };
        cx.send(Intent::Overlay(OverlayIntent::OpenBlind(wanted)));
    }

    /// Lists the batches on record, to open one or to compare with one.
    pub(crate) fn list_batches(&mut self, what: ListPurpose, cx: &mut Cx<'_, Self>) {
        if what == ListPurpose::Opening && self.busy() {
            cx.say(Tone::Warning, "a batch is under way; stop it first");
            return;
        }
        self.list_for = what;
        self.page = Page::List;
        self.loading = true;
        cx.ask(ask::batches(LISTED), (), Self::batches_listed);
    }

    /// Lists the batches that the one on the screen can be compared with, once all its cells are here.
    fn list_to_compare(&mut self, cx: &mut Cx<'_, Self>) {
        match self.shown.as_ref().and_then(ShownBatch::why_not_whole) {
            Some(why) => cx.say(Tone::Info, why),
            None => self.list_batches(ListPurpose::Comparing, cx),
        }
    }

    /// Takes the list in.
    pub(crate) fn batches_listed(
        &mut self,
        (): (),
        entries: Result<Vec<BatchEntry>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        self.loading = false;
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        let own = self.shown.as_ref().and_then(|shown| shown.id);
        let comparing = self.list_for == ListPurpose::Comparing;
        let items = entries.iter().enumerate().filter(|(_, entry)| !comparing || Some(entry.id) != own);
        let items = items.map(|(at, entry)| PickItem::new(at, entry.name.clone(), String::new()));
        self.list.refill(items.collect());
        self.entries = entries;
        self.listed = true;
        if self.page == Page::Form {
            self.prefill(cx);
        }
    }

    /// Notes what the rows of a batch ask that has begun.
    pub(crate) fn rows_known(&mut self, ticket: Ticket, rows: &[RowText]) {
        if let Some(shown) = self.shown.as_mut().filter(|shown| shown.ticket == Some(ticket)) {
            for row in rows {
                shown.grid.know(row);
            }
            shown.table.grow(shown.grid.len());
        }
    }

    /// Takes the run of a cell in; why there is none is said in its place, too.
    fn run_read(&mut self, place: CellIndex, record: Result<Box<RunRecord>, StoreError>, cx: &mut Cx<'_, Self>) {
        if let Some(shown) = &mut self.shown {
            shown.asks_run = false;
        }
        let detail = self.shown.as_mut().and_then(|shown| shown.detail.as_mut());
        let detail = detail.filter(|detail| detail.place == place);
        match (detail, record) {
            (Some(detail), Ok(record)) if detail.run == record.run => detail.take(record),
            // Another cell is looked at by now.
            (_, Ok(_)) => {}
            (detail, Err(error)) => {
                cx.say(Tone::Error, &error.message);
                if let Some(detail) = detail {
                    detail.error = Some(error.message);
                }
            }
        }
    }

    /// Takes the run of the same cell of the baseline in.
    fn baseline_run_read(
        &mut self,
        place: CellIndex,
        record: Result<Box<RunRecord>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let record = match record {
            Ok(record) => record,
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        let detail = self.shown.as_mut().and_then(|shown| shown.detail.as_mut());
        if let Some(detail) = detail.filter(|detail| detail.place == place) {
            detail.compare(&record);
        }
    }
}
