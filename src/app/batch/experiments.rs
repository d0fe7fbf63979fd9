//! Experiments on the prompt of a batch, or on that of the bench, with the rows of a batch.

use crate::{
    app::{
        action::{BatchAction, GlobalAction},
        batch::{Batches, Page, run_state::ShownBatch, setup::request},
        context::Cx,
        event::{ExperimentKind, ExperimentRequest},
        intent::{Intent, LabIntent, OnBench},
        notices::Tone,
    },
    eval::experiment::ExperimentLimits,
    model::{
        batch::{BatchLimits, BatchRequest, BatchSpec},
        error::StoreError,
    },
    store::api::BatchEntry,
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
        open(improves, batch, model, cx);
    }

    /// Shows the experiment of a kind on the prompt that is on the bench, as it is there, on its model, with the rows of the
    /// newest batch that asked it, or of the one that is set up.
    pub(crate) fn experiment_of_bench(
        &mut self,
        (improves, bench): (bool, Box<OnBench>),
        entries: Result<Vec<BatchEntry>, StoreError>,
        cx: &mut Cx<'_, Self>,
    ) {
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return cx.say(Tone::Error, &error.message),
        };
        let OnBench { prompt_name, prompt, targets, .. } = *bench;
        let Some(name) = prompt_name else { return };
        // What was asked again, or read from a pipe, is no data set.
        let whole = |spec: &BatchSpec| spec.again.is_none() && spec.part.is_none() && spec.data != "-";
        let asks = |spec: &BatchSpec| spec.prompts.iter().any(|(own, _)| *own == name);
        let set_up = self.setup.request().map(|request| request.spec.clone());
        let mut known = entries.into_iter().map(|entry| entry.spec).chain(set_up);
        let Some(spec) = known.find(|spec| whole(spec) && asks(spec)) else {
            let keymap = &cx.shared.keymap;
            let keys = keymap.shown(GlobalAction::ScreenBatch, false).zip(keymap.shown(BatchAction::NewBatch, false));
            let keys = keys.map_or_else(String::new, |(batch, new)| format!(" ({batch}, then {new})"));
            let words = format!("{name} was asked over no data set yet: set a batch up{keys}, this takes its rows");
            return cx.say(Tone::Warning, &words);
        };
        let model = targets.first().unwrap_or(&cx.shared.default_target).clone();
        let calls = cx.shared.settings.batch.concurrency;
        let prompts = vec![(name, prompt)];
        let spec = BatchSpec { prompts, targets: vec![model.clone()], ..spec };
        open(improves, request(spec, calls, BatchLimits::default(), ""), model, cx);
    }
}

/// Opens the experiment of a kind on the first prompt of a batch.
fn open(improves: bool, batch: BatchRequest, model: String, cx: &mut Cx<'_, Batches>) {
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
