//! What actions do in the table of a batch and in one of its cells.

use super::{
    AskedFor, Control, For, Page,
    detail::{Detail, Shows},
    look::Only,
    order::{Finished, MOST_AT_ONCE, Order},
    shown::{Shown, State},
};
use crate::{
    app::{
        Action, App, Effect,
        notice::Tone,
        overlay::{Overlay, Xray, copy},
        stored::Asked,
    },
    model::Place,
    pipeline::batch::BatchEvent,
    store::job::Job,
    text::Pasted,
};

/// Goes one step back inside the table: out of the filter line, the cell, the filter. Tells whether
/// there was one.
pub(super) fn leave(shown: &mut Shown) -> bool {
    if shown.look.typing {
        shown.look.typing = false;
    } else if shown.detail.take().is_some() {
    } else if !shown.look.shows_all() {
        shown.look.only = Only::All;
        shown.look.query = crate::app::line::Line::default();
        shown.table.hurry();
    } else {
        return false;
    }
    true
}

impl App {
    /// Does an action in the table, or in the cell that is looked at.
    pub(super) fn in_table(&mut self, action: Action) {
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
    pub(super) fn open_cell(&mut self) {
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

    fn open_place(&mut self, place: Place) {
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
        self.ask_store(Job::OpenRun(run), Asked::Batch(AskedFor::Run(place)));
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
            self.ask_store(Job::OpenRun(run), Asked::Batch(AskedFor::BaselineRun(place)));
        } else if !detail.step() {
            self.say(Tone::Info, "nothing to compare with: no column `expected`, and no baseline");
        }
    }

    /// Shows the run of a cell step by step.
    fn xray_cell(&mut self) {
        let Some(shown) = &self.batch.shown else {
            return;
        };
        if let Some(record) = shown.detail.as_ref().and_then(|detail| detail.record.as_ref()) {
            self.overlays.push(Overlay::Xray(Xray::of_run(&record.outcome.requested, &record.timeline)));
            return;
        }
        let place = shown.detail.as_ref().map(|detail| detail.place).or_else(|| shown.place());
        match place.and_then(|place| shown.grid.cell(place)) {
            Some(cell) => {
                let run = cell.run;
                self.ask_store(Job::OpenRun(run), Asked::Batch(AskedFor::Xray));
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
            State::Paused(_) => Control::Resume,
            _ => Control::Pause,
        };
        self.effects.push(Effect::BatchControl(ticket, control));
    }

    /// Goes on with a batch that is not complete.
    fn go_on(&mut self) {
        match self.batch.shown.as_ref().filter(|shown| shown.can_go_on()) {
            Some(shown) => {
                let order = Order { finished: Finished::Kept, ..shown.order.clone() };
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
        let places: Vec<Place> = match (&shown.detail, shown.table.chosen()) {
            (Some(detail), _) => vec![detail.place],
            (None, Some(at)) => {
                (0..shown.grid.samples()).filter_map(|sample| shown.grid.place(at, shown.column, sample)).collect()
            }
            (None, None) => Vec::new(),
        };
        if places.is_empty() {
            return;
        }
        let order = Order { again: places, finished: Finished::Kept, ..shown.order.clone() };
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
    pub(in crate::app) fn stop_batch(&mut self) -> bool {
        let Some((ticket, shown)) = self.running_batch() else {
            return false;
        };
        if shown.state == State::Stopping {
            return false;
        }
        shown.state = State::Stopping;
        self.effects.push(Effect::BatchControl(ticket, Control::Stop));
        true
    }

    /// Takes in what a batch tells; nobody waits for late ones.
    pub(in crate::app) fn batch_told(&mut self, ticket: crate::app::Ticket, events: Vec<BatchEvent>) {
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
            let (tone, says) = super::record::end(shown);
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
