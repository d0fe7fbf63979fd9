//! From a batch to what it came to otherwise than the baselines of its prompts have it.

use crate::{
    app::{
        batch::{Batches, Page, setup::request},
        context::Cx,
        intent::{InboxOpening, Intent, OverlayIntent},
        notices::Tone,
    },
    model::{
        BatchId,
        batch::{BatchLimits, BatchRequest},
    },
};

impl Batches {
    /// Goes through what changed in the batch that is shown, or is chosen in the list.
    pub(crate) fn review_changes(&self, cx: &mut Cx<'_, Self>) {
        let Some((batch, request)) = self.reviewed(cx) else {
            let what = if self.page == Page::Form { "start it first" } else { "it is not on record yet" };
            cx.say(Tone::Info, &format!("There is no batch to be reviewed: {what}"));
            return;
        };
        if self.shown.as_ref().is_some_and(|shown| shown.id == Some(batch) && shown.is_busy()) {
            cx.say(Tone::Info, "The batch is under way: what changed is reviewed once it has ended");
            return;
        }
        // Cells that were asked again belong to the batch that asked them first.
        let batch = request.spec.again.unwrap_or(batch);
        cx.send(Intent::Overlay(OverlayIntent::OpenInbox(Box::new(InboxOpening { batch, request }))));
    }

    fn reviewed(&self, cx: &Cx<'_, Self>) -> Option<(BatchId, BatchRequest)> {
        match self.page {
            Page::Table => self.shown.as_ref().and_then(|shown| Some((shown.id?, shown.request.clone()))),
            Page::List => {
                let entry = self.list.chosen().and_then(|item| self.entries.get(item.value))?;
                let calls = cx.shared.settings.batch.concurrency;
                Some((entry.id, request(entry.spec.clone(), calls, BatchLimits::default(), "")))
            }
            Page::Form => None,
        }
    }
}
