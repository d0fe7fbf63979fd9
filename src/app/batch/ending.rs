//! How the batch that is shown, or one on record, has ended: in a word for lists, and whole for whoever wants to know why.

use jiff::Timestamp;

use crate::{
    app::{
        batch::{
            Batches, Page,
            run_state::{BatchState, ShownBatch},
        },
        context::Cx,
        notices::Tone,
        overlays::batch_ending::{BatchEnding, BatchEndingPane},
    },
    pipeline::batch::BatchEnd,
    store::api::BatchEntry,
    text::format::ago,
    widgets::theme::Role,
};

/// Says how a batch on record ended, and how that is written. The words are those that an end is stored as.
#[must_use]
pub(crate) fn end_of_entry(entry: &BatchEntry) -> (&'static str, Role) {
    match (entry.end.as_deref(), entry.running) {
        (Some("complete"), _) => ("✓ complete", Role::Pass),
        (Some("stopped"), _) => ("■ stopped", Role::Wait),
        (Some("capped"), _) => ("■ limit reached", Role::Wait),
        (Some("failed"), _) => ("✗ could not go on", Role::Fail),
        (Some("part"), _) => ("✓ in part", Role::Pass),
        (Some(_), _) => ("■ ended", Role::Wait),
        (None, true) => ("▸ running", Role::Busy),
        (None, false) => ("■ broke off", Role::Wait),
    }
}

impl BatchEnding {
    /// Says how a batch on record ended.
    #[must_use]
    pub fn of_entry(entry: &BatchEntry, now: Timestamp) -> Self {
        let (how, role) = end_of_entry(entry);
        let own = match (entry.end.as_deref(), entry.running) {
            (Some("stopped"), _) => Some("A person stopped it, or its program ended."),
            (Some("part"), _) => Some("Every cell that was asked for has an answer; not all were asked for."),
            (None, false) => Some("Its program ended before it could say why: it crashed, or was killed."),
            _ => None,
        };
        Self {
            how,
            role,
            when: entry.ended.map(|ended| ago(ended, now)).unwrap_or_default(),
            why: entry.why.clone().or_else(|| own.map(str::to_owned)),
            gates: entry.gates.clone(),
        }
    }

    /// Says how the batch that is shown ended; none while it runs.
    #[must_use]
    pub fn of_shown(shown: &ShownBatch) -> Option<Self> {
        let (how, role, why) = match &shown.state {
            BatchState::Over(end) => {
                let (how, role) = match end {
                    BatchEnd::Complete => ("✓ complete", Role::Pass),
                    BatchEnd::Stopped => ("■ stopped", Role::Wait),
                    BatchEnd::Capped { .. } => ("■ limit reached", Role::Wait),
                    BatchEnd::Failed { .. } => ("✗ could not go on", Role::Fail),
                };
                (how, role, end.why().map(str::to_owned))
            }
            BatchState::Record => return shown.ending.clone(),
            BatchState::Paused(why) => ("‖ paused", Role::Wait, Some(why.clone())),
            BatchState::Starting | BatchState::Running | BatchState::Stopping => return None,
        };
        Some(Self { how, role, when: String::new(), why, gates: shown.judged_gates() })
    }
}

impl Batches {
    /// Opens how the batch ended that is shown, or the one under the cursor of the list.
    pub(crate) fn open_ending(&self, cx: &mut Cx<'_, Self>) {
        let ending = match self.page {
            Page::List => {
                let entry = self.list.chosen().and_then(|item| self.entries.get(item.value));
                entry.map(|entry| BatchEnding::of_entry(entry, cx.shared.now.time))
            }
            Page::Table => self.shown.as_ref().and_then(BatchEnding::of_shown),
            Page::Form => None,
        };
        match ending {
            Some(ending) => cx.open(BatchEndingPane::new(ending)),
            None => cx.say(Tone::Info, "the batch has not ended"),
        }
    }
}
