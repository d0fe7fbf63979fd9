//! Experiments on a prompt: each part of one is a batch on record, so that nothing is asked twice, whatever stops it, and
//! every call of every part, the proposer's and the judges' among them, is made within the same limits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    engine::{
        Engine, Workspace,
        batch::{BatchPreview, earlier::each_cell, judged_by, roots},
    },
    eval::{
        evidence,
        experiment::{ExperimentEvent, ExperimentLimits, ExperimentSpent},
    },
    model::{
        BatchId, CacheMode, CellIndex, DatasetRow, Params, Prompt, RunId, RunStatus, Target, VersionId,
        batch::{BatchLimits, BatchRequest, BatchSpec, Cell, ExperimentPart, ResumeMode},
        dataset::{RowSource, ShortRows},
        error::StoreError,
        expected::Expected,
        id::hex,
    },
    pipeline::{
        batch::{BatchEnd, BatchEvent, BatchPlan, KnownCells, budget::BatchBudget},
        ports::RunRecord,
        spending::{Amount, Spending},
    },
    store::{
        Store,
        api::{Lineage, StoreReply, StoreRequest},
    },
    template::conversation,
    text::clean_line,
};

/// Of the cells of a part the share without an answer from which on nothing can be said.
const UNANSWERED: f64 = 0.2;

/// Why an experiment did not come to its end. What was answered is on record, and the same command goes on.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentStop {
    /// Somebody stopped it.
    #[error("stopped")]
    Stopped,
    /// A limit keeps it from going on.
    #[error("{0}")]
    Capped(String),
    /// It cannot be done.
    #[error("{0}")]
    Wrong(String),
    /// The record, or the data set.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What one part asks.
pub(crate) struct PartRequest<'r> {
    /// Its name.
    pub(crate) part: &'r str,
    /// The name that its runs have on record.
    pub(crate) prompt_name: &'r str,
    pub(crate) prompts: Vec<Prompt>,
    /// The target, then its fallbacks.
    pub(crate) lane: Vec<Target>,
    pub(crate) rows: Vec<Arc<DatasetRow>>,
    /// The places of the prompts that are asked of every row.
    pub(crate) asks: Vec<u32>,
    /// The held-out rows, by their digest; empty where none are asked.
    pub(crate) held_out: &'r str,
    /// Whether an answer that is there holds whatever its row says by now.
    pub(crate) keeps: bool,
}

/// What came of the cells of a part.
#[derive(Debug, Default)]
pub(crate) struct PartCells {
    pub(crate) cells: BTreeMap<CellIndex, Cell>,
}

/// An experiment under way.
pub struct Experiment<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) store: &'e Store,
    pub(crate) planned: BatchPreview,
    /// All rows of its data set.
    pub(crate) rows: Vec<Arc<DatasetRow>>,
    pub(crate) part: ExperimentPart,
    /// The parts that are on record already, those of others that have looked at the same held-out rows among them.
    pub(crate) on_record: Vec<(BatchId, ExperimentPart)>,
    spending: Spending,
    limits: ExperimentLimits,
    began: Instant,
    ledger: BatchBudget,
    counted: BTreeSet<RunId>,
    asked: u64,
    events: mpsc::Sender<ExperimentEvent>,
    stop: watch::Receiver<bool>,
}

/// How an experiment is told of and stopped.
pub struct ExperimentLine {
    /// Where its events go.
    pub events: mpsc::Sender<ExperimentEvent>,
    /// Becomes true when it is to stop.
    pub stop: watch::Receiver<bool>,
}

/// Reads all rows of what is planned; says why a prompt cannot be experimented with.
pub fn rows_of(planned: &BatchPreview) -> Result<Vec<Arc<DatasetRow>>, StoreError> {
    if planned.request.spec.prompts.iter().any(|(_, prompt)| conversation::goes_on(prompt)) {
        return Err(StoreError::wrong(
            "the prompt goes on from row to row (_conversation), so that its rows cannot be asked in another order",
        ));
    }
    let mut rows = Vec::new();
    planned.rows(|row| {
        rows.push(Arc::new(row));
        true
    })?;
    Ok(rows)
}

/// Finds what is on record of an experiment of a kind: what it is known by, its parts with those of others that have looked at
/// the same held-out rows, and its newest number, 0 where it never began.
async fn known(
    store: &Store,
    planned: &BatchPreview,
    rows: &[Arc<DatasetRow>],
    (kind, more, held_out): (&str, &str, &str),
) -> Result<(String, Vec<(BatchId, ExperimentPart)>, u32), StoreError> {
    let spec = &planned.request.spec;
    let versions: Vec<_> = spec.prompts.iter().map(|(name, prompt)| (name, prompt.version())).collect();
    let fingerprints: Vec<u64> = rows.iter().map(|row| row.fingerprint()).collect();
    let asked = (kind, more, versions, &spec.behind, &fingerprints, &planned.request.judge);
    let experiment = hex(&serde_json::to_vec(&asked).unwrap_or_default());
    let request = StoreRequest::ExperimentParts { experiment: experiment.clone(), held_out: held_out.to_owned() };
    let StoreReply::ExperimentParts(on_record) = store.ask(request).await? else {
        return Err(StoreError::new("the record answered another question"));
    };
    let own = on_record.iter().filter(|(_, part)| part.experiment == experiment);
    let newest = own.map(|(_, part)| part.number).max().unwrap_or(0);
    Ok((experiment, on_record, newest))
}

fn named(kind: &str, experiment: &str, number: u32) -> String {
    let run = hex(format!("{experiment} {number}").as_bytes());
    format!("{kind}-{}", run.get(..6).unwrap_or_default())
}

/// Returns what the experiment is called that would go on; none where it would begin. `about` is as for [`Experiment::begin`].
pub async fn on_record(
    store: &Store,
    planned: &BatchPreview,
    rows: &[Arc<DatasetRow>],
    about: (&str, &str, &str),
) -> Result<Option<String>, StoreError> {
    let (experiment, _, newest) = known(store, planned, rows, about).await?;
    Ok((newest > 0).then(|| named(about.0, &experiment, newest)))
}

/// Makes of the request of a batch what an experiment asks: one prompt of one target, every row of the data set once.
#[must_use]
pub fn request_of(batch: BatchRequest, name: String, prompt: Prompt, target: Option<String>) -> BatchRequest {
    let rows = RowSource { pick: None, only: None, short: ShortRows::Padded, ..batch.rows };
    BatchRequest {
        spec: BatchSpec {
            prompts: vec![(name, prompt)],
            targets: target.into_iter().collect(),
            samples: 1,
            behind: BTreeMap::new(),
            again: None,
            part: None,
            ..batch.spec
        },
        rows,
        cache: CacheMode::Refresh,
        limits: BatchLimits::default(),
        allow_unpriced: true,
        resume: ResumeMode::Resume,
        only: None,
        session: None,
        ..batch
    }
}

/// Lists the models that an experiment asks first, those that judge, and `more` that it asks beside them.
pub fn asked<'a>(planned: &'a BatchPreview, more: impl IntoIterator<Item = &'a Target>) -> Vec<&'a Target> {
    let first = planned.targets.iter().flatten().filter_map(|lane| lane.first());
    first.chain(planned.judges.values()).chain(more).collect()
}

/// Says which of the models lacks its key: the answers that were paid for until its turn comes would come to nothing.
#[must_use]
pub fn missing_key(workspace: &Workspace, asked: &[&Target]) -> Option<String> {
    let missing = workspace.missing_keys();
    asked.iter().find_map(|target| {
        let variable = missing.get(&target.provider)?;
        Some(format!("{}: API key missing: set {variable}", clean_line(&target.name)))
    })
}

/// Lists the models of an experiment whose price nobody knows, `more` among them: no limit on cost can hold for them.
pub fn unpriced<'a>(planned: &'a BatchPreview, more: impl IntoIterator<Item = &'a Target>) -> Vec<String> {
    let all = planned.targets.iter().flatten().flatten().chain(planned.judges.values()).chain(more);
    let mut names: Vec<String> = all.filter(|target| !target.is_priced()).map(|target| target.name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

impl<'e> Experiment<'e> {
    /// Begins an experiment of a kind, `improve` or another, on what is planned: one prompt, one target. `more` is what else
    /// it depends on. The newest one that asks the same goes on, unless it is to begin anew.
    pub async fn begin(
        (engine, store): (&'e Engine, &'e Store),
        planned: BatchPreview,
        rows: Vec<Arc<DatasetRow>>,
        (kind, more, held_out): (&str, &str, &str),
        (limits, anew): (ExperimentLimits, bool),
        line: ExperimentLine,
    ) -> Result<Self, ExperimentStop> {
        let (experiment, on_record, newest) = known(store, &planned, &rows, (kind, more, held_out)).await?;
        let number = if anew { newest + 1 } else { newest.max(1) };
        let name = named(kind, &experiment, number);
        let resumed = number <= newest;
        let part = ExperimentPart { experiment, number, name: name.clone(), ..ExperimentPart::default() };
        let caps = BatchLimits { cost: limits.cost, tokens: limits.tokens, time: None };
        let this = Self {
            engine,
            store,
            ledger: BatchBudget::new(BatchLimits::default(), None, Instant::now()),
            planned,
            rows,
            part,
            on_record,
            spending: Spending::with_calls(caps, limits.calls),
            limits,
            began: Instant::now(),
            counted: BTreeSet::new(),
            asked: 0,
            events: line.events,
            stop: line.stop,
        };
        this.tell(ExperimentEvent::Began { name, resumed }).await;
        Ok(this)
    }

    /// Tells whoever listens; nobody has to.
    pub(crate) async fn tell(&self, event: ExperimentEvent) {
        drop(self.events.send(event).await);
    }

    async fn tell_progress(&self, part: &str, there: &BTreeMap<CellIndex, Cell>, cells: u64) {
        let (part, done, spent, calls) = (part.to_owned(), there.len() as u64, self.spent(), self.spending.calls());
        self.tell(ExperimentEvent::Progress { part, done, cells, spent, calls }).await;
    }

    /// Returns the target that is asked, and its fallbacks.
    pub(crate) fn lane(&self) -> Vec<Target> {
        self.planned.targets.iter().flatten().next().cloned().unwrap_or_default()
    }

    /// Returns the prompt as it is asked, and its name.
    pub(crate) fn prompt(&self) -> (String, Prompt) {
        self.planned.request.spec.prompts.first().cloned().unwrap_or_default()
    }

    /// Tells whether a part of this name is on record already.
    pub(crate) fn has(&self, part: &str) -> bool {
        self.on_record.iter().any(|(_, known)| {
            known.experiment == self.part.experiment && known.number == self.part.number && known.part == part
        })
    }

    /// Returns what it has taken.
    pub(crate) fn spent(&self) -> ExperimentSpent {
        let BatchBudget { tokens, cost, unpriced, .. } = self.ledger;
        ExperimentSpent { cells: self.counted.len() as u64, asked: self.asked, tokens, cost, unpriced }
    }

    /// Asks the cells of a part that have no answer yet, and returns all of them. `ends` looks at the answers after each and
    /// ends the part where it says so: cells under way end, no further one is asked.
    pub(crate) async fn ask(
        &mut self,
        request: PartRequest<'_>,
        mut ends: impl FnMut(&BTreeMap<CellIndex, Cell>) -> bool,
    ) -> Result<PartCells, ExperimentStop> {
        let PartRequest { part, prompt_name, prompts, lane, mut rows, asks, held_out, keeps } = request;
        rows.sort_by_key(|row| row.number);
        let rows_by: BTreeMap<u64, &Arc<DatasetRow>> = rows.iter().map(|row| (row.number, row)).collect();
        let place = |row: &Arc<DatasetRow>, prompt: u32| CellIndex { row: row.number, prompt, ..CellIndex::default() };
        let wanted: BTreeSet<CellIndex> =
            rows.iter().flat_map(|row| asks.iter().map(move |prompt| place(row, *prompt))).collect();
        let spec = self.spec((part, held_out), prompt_name, &prompts, &lane);
        let begin =
            StoreRequest::BeginBatch { spec: Box::new(spec), how: ResumeMode::RetryFailed, at: Timestamp::now() };
        let StoreReply::Batch(state) = self.store.ask(begin).await? else {
            return Err(StoreError::new("the record does not say which part has begun; please report this").into());
        };
        let mut cells: BTreeMap<CellIndex, Cell> = BTreeMap::new();
        each_cell(self.store, state.id, |row| {
            let is_same = rows_by.get(&row.cell.place.row).is_some_and(|own| own.fingerprint() == row.fingerprint);
            if wanted.contains(&row.cell.place) && (keeps || is_same) {
                cells.insert(row.cell.place, row.cell);
            }
        })
        .await?;
        for cell in cells.values() {
            // What earlier commands took counts as well.
            if self.counted.insert(cell.run) {
                self.ledger.before([cell]);
                self.spending.add(amount(cell));
            }
        }
        if too_many_unanswered(&cells) {
            cells.retain(|_, cell| !is_unanswered(cell));
        }
        cells.retain(|_, cell| cell.answered() || cell.end == "failed");
        let missing: Vec<CellIndex> = wanted.iter().filter(|place| !cells.contains_key(*place)).copied().collect();
        let mut end = Ok(());
        if !missing.is_empty() && !ends(&cells) {
            self.tell_progress(part, &cells, wanted.len() as u64).await;
            let plan = self.plan(state.id, prompt_name, prompts, &lane, missing)?;
            end = self.drive(plan, rows, (part, wanted.len() as u64), &mut cells, &mut ends).await;
        }
        if end.is_ok() && too_many_unanswered(&cells) {
            let unanswered = cells.values().filter(|cell| is_unanswered(cell));
            let why = unanswered.clone().next().map(|cell| cell.summary.clone()).unwrap_or_default();
            end = Err(ExperimentStop::Wrong(format!(
                "{} of {} answers did not come: {why}; the same command asks them again",
                unanswered.count(),
                cells.len()
            )));
        }
        let (word, why) = match &end {
            Ok(()) => ("complete", None),
            Err(ExperimentStop::Capped(why)) => ("capped", Some(why.clone())),
            Err(stop) => ("stopped", Some(stop.to_string())),
        };
        let note = StoreRequest::EndBatch { batch: state.id, end: word.to_owned(), why, at: Timestamp::now() };
        self.store.ask(note).await?;
        end?;
        Ok(PartCells { cells })
    }

    fn spec(
        &self,
        (part, held_out): (&str, &str),
        prompt_name: &str,
        prompts: &[Prompt],
        lane: &[Target],
    ) -> BatchSpec {
        let own = &self.planned.request.spec;
        let targets = lane.iter().map(|target| (target.name.clone(), target.digest()));
        let judges = self.planned.judges.iter().map(|(name, target)| (format!("judge {name}"), target.digest()));
        BatchSpec {
            name: format!("{} {part}", self.part.name),
            data: own.data.clone(),
            prompts: prompts.iter().map(|prompt| (prompt_name.to_owned(), prompt.clone())).collect(),
            targets: lane.first().map(|target| target.name.clone()).into_iter().collect(),
            samples: 1,
            mapping: own.mapping.clone(),
            behind: targets.chain(judges).collect(),
            expected: Expected::Off,
            again: None,
            part: Some(ExperimentPart { part: part.to_owned(), held_out: held_out.to_owned(), ..self.part.clone() }),
        }
    }

    /// Plans a part. Everything is asked anew: the cache keeps what has passed alone, so that a prompt that is answered by it
    /// would look better than it is.
    fn plan(
        &self,
        id: BatchId,
        prompt_name: &str,
        prompts: Vec<Prompt>,
        lane: &[Target],
        missing: Vec<CellIndex>,
    ) -> Result<BatchPlan, ExperimentStop> {
        let request = &self.planned.request;
        let time = self.limits.time.map(|most| most.saturating_sub(self.began.elapsed()));
        if time.is_some_and(|left| left.is_zero()) {
            return Err(ExperimentStop::Capped("the limit on time is reached".to_owned()));
        }
        let prompts = prompts.into_iter().map(|mut prompt| {
            judged_by(&mut prompt.checks, request.judge.as_deref());
            (prompt_name.to_owned(), Arc::new(prompt))
        });
        let prompts: Vec<_> = prompts.collect();
        Ok(BatchPlan {
            id,
            targets: vec![vec![lane.to_vec()]; prompts.len()],
            prompts,
            params: Params::default(),
            samples: 1,
            cache: CacheMode::Refresh,
            roots: roots(request),
            judges: self.planned.judges.clone(),
            caps: BatchLimits { time, ..BatchLimits::default() },
            concurrency: request.concurrency,
            total: None,
            session: None,
            known: KnownCells::default(),
            retry_failed: false,
            again: Some(missing),
            answers: None,
        })
    }

    async fn drive(
        &mut self,
        plan: BatchPlan,
        rows: Vec<Arc<DatasetRow>>,
        (part, all): (&str, u64),
        cells: &mut BTreeMap<CellIndex, Cell>,
        ends: &mut impl FnMut(&BTreeMap<CellIndex, Cell>) -> bool,
    ) -> Result<(), ExperimentStop> {
        let rows = stream::iter(rows.into_iter().map(|row| Ok((*row).clone())));
        let mut events = self.engine.pipeline.batch_within(plan, rows, &self.spending);
        let control = events.control();
        let (mut is_over, mut is_stopping) = (false, *self.stop.borrow());
        if is_stopping {
            return Err(ExperimentStop::Stopped);
        }
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(BatchEvent::Cell { cell, .. } | BatchEvent::Reused { cell, .. }) => {
                        if self.counted.insert(cell.run) {
                            self.ledger.take(&cell);
                        }
                        if cell.status != RunStatus::Cancelled {
                            self.asked += 1;
                            cells.insert(cell.place, *cell);
                        }
                        self.tell_progress(part, cells, all).await;
                        if !is_over && ends(cells) {
                            is_over = true;
                            control.drain();
                        }
                    }
                    Some(BatchEvent::Paused { why, cap }) => match cap {
                        None => self.tell(ExperimentEvent::Note { words: format!("paused: {why}") }).await,
                        Some(_) => control.drain(),
                    },
                    Some(BatchEvent::Ended { end }) => return match end {
                        _ if is_stopping => Err(ExperimentStop::Stopped),
                        _ if is_over => Ok(()),
                        BatchEnd::Complete => Ok(()),
                        BatchEnd::Stopped => Err(ExperimentStop::Stopped),
                        BatchEnd::Capped { why, .. } => Err(ExperimentStop::Capped(why)),
                        BatchEnd::Failed { why } => Err(ExperimentStop::Wrong(why)),
                    },
                    Some(BatchEvent::Unrecorded { .. } | BatchEvent::Started { .. } | BatchEvent::Rows { .. } | BatchEvent::Resumed) => {}
                    None => return Err(ExperimentStop::Stopped),
                },
                changed = self.stop.changed(), if !is_stopping => {
                    is_stopping = true;
                    if changed.is_ok() {
                        control.stop();
                    }
                }
            }
        }
    }

    /// Reads the run that filled a cell.
    pub(crate) async fn run(&self, run: RunId) -> Result<RunRecord, ExperimentStop> {
        match self.store.ask(StoreRequest::OpenRun(run)).await? {
            StoreReply::Run(record) => Ok(*record),
            _ => Err(StoreError::new("the record answered another question").into()),
        }
    }

    /// Keeps a prompt as a version of a name, edited from another.
    pub(crate) async fn keep(
        &self,
        prompt: &Prompt,
        parent: Option<&VersionId>,
        named: Option<&str>,
    ) -> Result<VersionId, ExperimentStop> {
        let (of, at) = (Lineage::Prompt(self.prompt().0), Timestamp::now());
        let keep = StoreRequest::KeepVersion { prompt: Box::new(prompt.clone()), of, parent: parent.cloned(), at };
        let StoreReply::VersionKept(version) = self.store.ask(keep).await? else {
            return Err(StoreError::new("the version was not kept").into());
        };
        if let Some(name) = named {
            let name = StoreRequest::NameVersion { version: version.clone(), name: name.to_owned(), at };
            self.store.ask(name).await?;
        }
        Ok(version)
    }
}

/// Returns what a cell took, its judges included, and one call.
fn amount(cell: &Cell) -> Amount {
    let judging = cell.judging.unwrap_or_default();
    Amount {
        tokens: cell.spent().tokens().saturating_add(judging.tokens),
        cost: cell.cost_with_judges().amount().unwrap_or_default(),
        calls: u64::from(!cell.cached),
    }
}

/// Tells whether no model has answered, for a reason that says nothing of the prompt.
fn is_unanswered(cell: &Cell) -> bool {
    cell.status == RunStatus::Error && evidence::passed(cell).is_none()
}

fn too_many_unanswered(cells: &BTreeMap<CellIndex, Cell>) -> bool {
    let unanswered = cells.values().filter(|cell| is_unanswered(cell)).count();
    unanswered as f64 > cells.len() as f64 * UNANSWERED
}
