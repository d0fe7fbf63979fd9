//! What the screen of what changed asks of the world: the inbox read, the baseline written, a row asked more often.

use crate::{
    app::{
        ask,
        context::Cx,
        event::{BatchCommand, BatchPreviewView, Effect, InboxRead, Ticket},
        intent::{InboxOpening, InboxStep},
        notices::Tone,
        overlay::After,
        overlays::{
            Overlay, Overlays,
            inbox::{InboxPane, asking::RowAsking},
        },
    },
    eval::baseline::ReviewDecision,
    model::RunStatus,
    pipeline::batch::{BatchEnd, BatchEvent},
};

impl Overlays {
    /// Shows what changed in a batch, once that was read.
    pub(crate) fn open_inbox(&mut self, opening: InboxOpening, cx: &mut Cx<'_, Self>) {
        self.push(InboxPane::new(opening).into());
        self.read_inbox(cx);
    }

    fn read_inbox(&mut self, cx: &mut Cx<'_, Self>) {
        if let Some(pane) = self.find::<InboxPane>() {
            let ticket = cx.out.ticket();
            pane.reading = Some(ticket);
            cx.effect(Effect::ReadInbox(ticket, pane.wanted()));
        }
    }

    /// Goes on with what changed.
    pub(crate) fn step_inbox(&mut self, step: InboxStep, cx: &mut Cx<'_, Self>) {
        let Some(pane) = self.find::<InboxPane>() else { return };
        match step {
            InboxStep::NextPrompt => {
                let prompt = (pane.prompt + 1) % pane.prompt_count().max(1);
                *pane = InboxPane { prompt, ..InboxPane::new(pane.opening.clone()) };
                self.read_inbox(cx);
            }
            InboxStep::Write => pane.write(cx),
            InboxStep::Reject { why, rest } => {
                let places =
                    if rest { pane.left() } else { pane.chosen().map(|(place, _)| place).into_iter().collect() };
                let after = pane.decide(places, &ReviewDecision::Reject(why));
                follow(after, cx);
            }
            InboxStep::Plan => {
                if let Some(RowAsking::Planning { request, ticket, .. }) = &mut pane.asking {
                    let own = cx.out.ticket();
                    *ticket = Some(own);
                    cx.effect(Effect::PlanBatch(own, request.clone()));
                }
            }
            InboxStep::Ask => {
                let Some(RowAsking::Offered { id, request, .. }) = pane.asking.take() else { return };
                let of = request.only.as_ref().map_or(0, Vec::len) as u64;
                let ticket = cx.out.ticket();
                pane.asking = Some(RowAsking::Running { id, ticket, done: 0, of, passed: 0, stopping: false });
                cx.effect(Effect::StartBatch(ticket, request));
            }
            InboxStep::Stop => drop(pane.stop(cx)),
        }
    }

    /// Takes in an inbox that was read: the first time, or once a row was asked more often.
    pub(crate) fn inbox_read(&mut self, ticket: Ticket, read: Result<Box<InboxRead>, String>, cx: &mut Cx<'_, Self>) {
        let Some(pane) = self.find::<InboxPane>() else { return };
        if pane.reading == Some(ticket) {
            pane.take(read);
            return;
        }
        let Some(RowAsking::Reading { id, .. }) = pane.asking.take_if(|asking| asking.waits_for(ticket)) else {
            return;
        };
        match read {
            Ok(read) => {
                let after = pane.asked(&id, read.inbox.observed);
                follow(after, cx);
            }
            Err(why) => pane.says = Some(why),
        }
    }

    /// Tells whether what comes under a ticket is of a row that is asked more often.
    pub(crate) fn asks_rows(&self, ticket: Ticket) -> bool {
        self.inbox().and_then(|pane| pane.asking.as_ref()).is_some_and(|asking| asking.waits_for(ticket))
    }

    /// Tells whether a row is asked more often just now.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(self.inbox().and_then(|pane| pane.asking.as_ref()), Some(RowAsking::Running { .. }))
    }

    fn inbox(&self) -> Option<&InboxPane> {
        self.iter().find_map(|overlay| match overlay {
            Overlay::Inbox(pane) => Some(pane),
            _ => None,
        })
    }

    /// Takes in what asking a row more often takes.
    pub(crate) fn rows_planned(&mut self, planned: Result<Box<BatchPreviewView>, String>) {
        if let Some(pane) = self.find::<InboxPane>() {
            pane.planned(planned);
        }
    }

    /// Takes in what a row that is asked more often was answered.
    pub(crate) fn rows_answered(&mut self, events: Vec<BatchEvent>, cx: &mut Cx<'_, Self>) {
        let Some(pane) = self.find::<InboxPane>() else { return };
        for event in events {
            match event {
                BatchEvent::Cell { cell, outcome, .. } | BatchEvent::Unrecorded { cell, outcome, .. } => {
                    cx.shared.metrics.take(&outcome, cx.shared.now.time.as_second());
                    if let Some(RowAsking::Running { done, passed, .. }) = &mut pane.asking {
                        *done += 1;
                        *passed += u64::from(cell.status == RunStatus::Passed);
                    }
                }
                BatchEvent::Ended { end } => {
                    if let BatchEnd::Failed { why } | BatchEnd::Capped { why, .. } = &end {
                        cx.say(Tone::Warning, why);
                    }
                    let Some(RowAsking::Running { id, .. }) = pane.asking.take() else { continue };
                    let ticket = cx.out.ticket();
                    pane.asking = Some(RowAsking::Reading { id, ticket });
                    cx.effect(Effect::ReadInbox(ticket, pane.wanted()));
                }
                BatchEvent::Started { .. }
                | BatchEvent::Reused { .. }
                | BatchEvent::Rows { .. }
                | BatchEvent::Paused { .. }
                | BatchEvent::Resumed => {}
            }
        }
    }

    /// Stops what is asked for the screen of what changed. Tells whether there was something.
    pub(crate) fn stop_asking(&mut self, cx: &mut Cx<'_, Self>) -> bool {
        self.find::<InboxPane>().is_some_and(|pane| pane.stop(cx))
    }
}

impl InboxPane {
    /// Writes the baseline with all that was decided.
    fn write(&mut self, cx: &mut Cx<'_, Overlays>) {
        let Some(decisions) = &self.decisions else { return };
        let inbox = decisions.inbox();
        let job = ask::write_baseline(inbox.path.clone(), Box::new(inbox.baseline.clone()));
        cx.ask(job, (), |overlays, (), written, cx| {
            let failed = written.err().map(|error| error.message);
            match (overlays.find::<Self>(), failed) {
                (Some(pane), failed) => pane.unsaved = failed,
                // It was left meanwhile.
                (None, Some(why)) => cx.say(Tone::Error, &why),
                (None, None) => {}
            }
        });
    }

    fn stop(&mut self, cx: &mut Cx<'_, Overlays>) -> bool {
        match &mut self.asking {
            Some(RowAsking::Running { ticket, stopping, .. }) if !*stopping => {
                *stopping = true;
                cx.effect(Effect::BatchControl(*ticket, BatchCommand::Stop));
                true
            }
            Some(
                RowAsking::Running { .. }
                | RowAsking::Planning { .. }
                | RowAsking::Offered { .. }
                | RowAsking::Reading { .. },
            )
            | None => false,
        }
    }
}

/// Does what follows something that was done elsewhere than by a key.
fn follow(after: After, cx: &mut Cx<'_, Overlays>) {
    match after {
        After::StayAnd(intent) | After::CloseAnd(intent) => cx.send(intent),
        After::Stay | After::Close => {}
    }
}
