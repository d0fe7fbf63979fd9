//! Experiments on the prompt of a batch, with its rows.

use crate::{
    app::{
        batch::{Batches, Page, run_state::ShownBatch, setup::request},
        context::Cx,
        event::{ExperimentKind, ExperimentRequest},
        intent::{Intent, LabIntent},
    },
    eval::experiment::ExperimentLimits,
    model::batch::{BatchLimits, BatchRequest},
};

/// Edits that are wanted of a proposer where nobody says otherwise, as at the command line.
const CANDIDATES: usize = 6;

impl Batches {
    /// Returns what the batch asks that is shown, is chosen in the list, or is set up.
    fn chosen_request(&self, cx: &Cx<'_, Self>) -> Option<BatchRequest> {
        match self.page {
            Page::Table => self.shown.as_ref().map(|shown| shown.request.clone()),
            Page::Form => self.setup.request().cloned(),
            Page::List => {
                let entry = self.list.chosen().and_then(|item| self.entries.get(item.value))?;
                let calls = cx.shared.settings.batch.concurrency;
                Some(request(entry.spec.clone(), calls, BatchLimits::default(), ""))
            }
        }
    }

    /// Tells whether there is a prompt with a data set to go on with.
    pub(crate) fn has_request(&self) -> bool {
        match self.page {
            Page::Table => self.shown.is_some(),
            Page::Form => self.setup.request().is_some(),
            Page::List => !self.list.is_empty(),
        }
    }

    /// Shows the experiment of a kind on the prompt of the batch, with its rows: of the column under the cursor, else of the
    /// first prompt and model.
    pub(crate) fn experiment(&self, improves: bool, cx: &mut Cx<'_, Self>) {
        let Some(mut batch) = self.chosen_request(cx) else { return };
        let place = self.shown.as_ref().filter(|_| self.page == Page::Table).and_then(ShownBatch::place);
        let (prompt, target) = place.map_or((0, 0), |place| (place.prompt as usize, place.target as usize));
        let lanes = batch.spec.lanes();
        let (_, targets) = lanes.get(prompt).or(lanes.first()).copied().unwrap_or_default();
        let model = targets.get(target).or(targets.first()).unwrap_or(&cx.shared.default_target).clone();
        if prompt < batch.spec.prompts.len() {
            batch.spec.prompts.swap(0, prompt);
        }
        batch.spec.prompts.truncate(1);
        let settings = &cx.shared.settings;
        let kind = if improves {
            // As at the command line, but for a default model that cannot be asked.
            let by = settings.judge.as_ref().unwrap_or(&cx.shared.default_target).clone();
            ExperimentKind::Improve { by, candidates: CANDIDATES }
        } else {
            ExperimentKind::Ablate
        };
        let limits = ExperimentLimits::default();
        let request = ExperimentRequest { kind, batch: Box::new(batch), model, limits, anew: false };
        cx.send(Intent::Lab(LabIntent::Open(Box::new(request))));
    }
}
