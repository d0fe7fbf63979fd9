//! The inbox of a prompt: its baseline held against what its newest batch on record came to.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    engine::batch::earlier::each_cell,
    eval::{
        Baseline, BaselineReview,
        baseline::{BaselineState, ObservedRow},
        calls_as_json,
    },
    model::{
        BatchId, CellIndex, ErrorKind, Outcome, Prompt, RunStatus, VersionId, batch::BatchSpec, error::StoreError,
        settings::Places,
    },
    pipeline::ports::RunRecord,
    store::{
        Store,
        api::{BatchEntry, CellRow, StoreReply, StoreRequest},
        baselines,
    },
};

/// Batches that are looked through for the newest of a prompt.
const LISTED: usize = 500;

/// Earlier batches that are looked through for how often a flaky row passed.
const EARLIER: usize = 30;

/// Runs of a page.
const PAGE: usize = 200;

/// A prompt's baseline and what its newest batch came to.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// The prompt's name.
    pub prompt: String,
    /// Where the baseline is, or will be.
    pub path: PathBuf,
    /// Whether there is one.
    pub exists: bool,
    pub baseline: Baseline,
    pub batch: BatchId,
    /// The version of the prompt that it asked.
    pub version: VersionId,
    /// What it asked; its data set as it was named.
    pub spec: BatchSpec,
    /// Whether all rows were asked.
    pub whole: bool,
    pub observed: Vec<ObservedRow>,
}

impl Inbox {
    /// Holds the baseline against what came out.
    #[must_use]
    pub fn review(&self) -> BaselineReview {
        BaselineReview::of(&self.baseline, &self.observed, self.whole)
    }

    /// Tells whether the prompt is another version by now than the batch asked.
    #[must_use]
    pub fn is_stale(&self, prompt: &Prompt) -> bool {
        self.version != VersionId::of(prompt)
    }
}

/// A batch and the ones that ask its cells again.
struct Found<'a> {
    entry: &'a BatchEntry,
    again: Vec<&'a BatchEntry>,
    /// Those before it that ask the same prompt, the newest first.
    earlier: Vec<&'a BatchEntry>,
}

/// Reads the baseline of a prompt and the newest batch that asked it, or the one that is named; none where there is no such
/// batch.
pub async fn inbox(
    places: &Places,
    store: &Store,
    (name, path): (&str, PathBuf),
    batch: Option<BatchId>,
) -> Result<Option<Inbox>, StoreError> {
    let baseline = baselines::read(places, &path)?;
    let StoreReply::Batches(entries) = store.ask(StoreRequest::Batches { limit: LISTED }).await? else {
        return Err(StoreError::new("the record does not list its batches; please report this"));
    };
    let Some(Found { entry, again, earlier }) = found(&entries, name, batch) else { return Ok(None) };
    let Some(at) = place_of(&entry.spec, name) else { return Ok(None) };
    let version =
        entry.spec.prompts.get(at).map_or_else(|| VersionId(String::new()), |(_, prompt)| VersionId::of(prompt));
    let (exists, baseline) = (baseline.is_some(), baseline.unwrap_or_default());
    let mut rows = Rows::default();
    for batch in std::iter::once(entry).chain(again.iter().copied()) {
        rows.read(store, batch, (name, at)).await?;
    }
    let flaky: BTreeSet<(&str, &str)> = baseline
        .lines()
        .filter(|line| line.state == BaselineState::Flaky)
        .map(|line| (line.row.as_str(), line.target.as_str()))
        .collect();
    if !flaky.is_empty() {
        rows.count_steady(store, &flaky, (name, &version), &earlier).await?;
    }
    Ok(Some(Inbox {
        prompt: name.to_owned(),
        path,
        exists,
        baseline,
        batch: entry.id,
        version,
        spec: entry.spec.clone(),
        // One that has just ended is not noted as such yet; whoever names it knows that it came to its end.
        whole: entry.end.as_deref() == Some("complete"),
        observed: rows.observed,
    }))
}

/// Finds a prompt's place in a batch.
fn place_of(spec: &BatchSpec, name: &str) -> Option<usize> {
    spec.prompts.iter().position(|(own, _)| own == name)
}

fn found<'a>(entries: &'a [BatchEntry], name: &str, batch: Option<BatchId>) -> Option<Found<'a>> {
    let asks = |entry: &BatchEntry| place_of(&entry.spec, name).is_some();
    let own = |entry: &BatchEntry| entry.spec.again.is_none() && asks(entry) && entry.cells > 0;
    let at = entries.iter().position(|entry| own(entry) && batch.is_none_or(|wanted| entry.id == wanted))?;
    let entry = entries.get(at)?;
    let again = entries.iter().filter(|other| other.spec.again == Some(entry.id)).collect();
    let earlier = entries.iter().skip(at + 1).filter(|entry| asks(entry)).take(EARLIER).collect();
    Some(Found { entry, again, earlier })
}

/// The rows of a batch, as they come in.
#[derive(Default)]
struct Rows {
    observed: Vec<ObservedRow>,
    /// Where each is, by its name and target.
    places: BTreeMap<(String, String), usize>,
    /// The fingerprint on record of each.
    fingerprints: BTreeMap<usize, u64>,
}

impl Rows {
    async fn read(&mut self, store: &Store, batch: &BatchEntry, (name, at): (&str, usize)) -> Result<(), StoreError> {
        let mut after: Option<CellIndex> = None;
        loop {
            let request = StoreRequest::CellRuns { batch: batch.id, after, limit: PAGE };
            let StoreReply::CellRuns(runs) = store.ask(request).await? else {
                return Err(StoreError::new("the record does not say what was answered; please report this"));
            };
            let is_last = runs.len() < PAGE;
            for run in runs {
                let Some(cell) = run.cell else { continue };
                after = Some(cell.place);
                if usize::try_from(cell.place.prompt) == Ok(at) {
                    self.take(&run, (name, &batch.spec), cell.row);
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn take(&mut self, run: &RunRecord, (name, spec): (&str, &BatchSpec), fingerprint: u64) {
        let Some(place) = run.cell.map(|cell| cell.place) else { return };
        let status = run.outcome.status();
        if status == RunStatus::Cancelled {
            return;
        }
        let Some(target) = target_of(spec, name, place.target) else { return };
        let version = VersionId::of(&run.prompt).short();
        let new = ObservedRow::new(&run.input, (target, &version), run.prompt.format().0, place);
        let next = self.observed.len();
        let at = *self.places.entry((new.row.clone(), new.target.clone())).or_insert(next);
        if at == next {
            self.observed.push(new);
            self.fingerprints.insert(at, fingerprint);
        }
        let passed = status.compared(run.outcome.end.class().is_some_and(ErrorKind::is_of_the_answer));
        // What says nothing of the answer is no answer.
        if let Some(row) = self.observed.get_mut(at).filter(|_| passed.is_some() || status == RunStatus::Unchecked) {
            row.take(passed, answer(&run.outcome));
        }
    }

    /// Counts how often flaky rows have passed in a row up to now, in this batch and those before it.
    async fn count_steady(
        &mut self,
        store: &Store,
        flaky: &BTreeSet<(&str, &str)>,
        (name, version): (&str, &VersionId),
        earlier: &[&BatchEntry],
    ) -> Result<(), StoreError> {
        let mut open: BTreeMap<(u64, String), usize> = BTreeMap::new();
        for (at, row) in self.observed.iter_mut().enumerate() {
            let is_flaky = flaky.contains(&(row.row.as_str(), row.target.as_str()));
            if is_flaky && row.judged > 0 && row.passed == row.judged {
                row.steady = row.judged;
                if let Some(fingerprint) = self.fingerprints.get(&at) {
                    open.insert((*fingerprint, row.target.clone()), at);
                }
            }
        }
        for batch in earlier {
            if open.is_empty() {
                break;
            }
            let own =
                batch.spec.prompts.iter().position(|(own, prompt)| own == name && VersionId::of(prompt) == *version);
            let Some(place) = own else { continue };
            each_cell(store, batch.id, |CellRow { cell, fingerprint, .. }| {
                if usize::try_from(cell.place.prompt) != Ok(place) {
                    return;
                }
                let Some(target) = target_of(&batch.spec, name, cell.place.target) else { return };
                let key = (fingerprint, target.to_owned());
                match (open.get(&key).and_then(|at| self.observed.get_mut(*at)), cell.status) {
                    (Some(row), RunStatus::Passed) => row.steady += 1,
                    (Some(_), RunStatus::Failed) => drop(open.remove(&key)),
                    (
                        _,
                        RunStatus::Passed
                        | RunStatus::Failed
                        | RunStatus::Error
                        | RunStatus::Inconclusive
                        | RunStatus::Unchecked
                        | RunStatus::Cancelled,
                    ) => {}
                }
            })
            .await?;
        }
        Ok(())
    }
}

/// Names a target of a batch by its place.
fn target_of<'a>(spec: &'a BatchSpec, name: &str, target: u32) -> Option<&'a str> {
    let (_, targets) = spec.lanes().into_iter().find(|(own, _)| *own == name)?;
    targets.get(usize::try_from(target).ok()?).map(String::as_str)
}

/// Writes what is compared of an answer: its text, and the calls of tools that it ended with.
fn answer(outcome: &Outcome) -> String {
    if outcome.calls.is_empty() {
        outcome.text.clone()
    } else {
        [outcome.text.trim(), &calls_as_json(&outcome.calls).to_string()].join("\n").trim().to_owned()
    }
}
