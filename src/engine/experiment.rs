//! Experiments on a prompt: each part of one is a batch on record, so that nothing is asked twice, whatever stops it, and
//! every call of every part, the proposer's and the judges' among them, is made within the same limits.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    engine::{
        Engine,
        batch::{BatchPreview, earlier::each_cell, judged_by, roots},
    },
    eval::{evidence, experiment::ExperimentEvent},
    model::{
        BatchId, CacheMode, CellIndex, DatasetRow, Params, PicoDollars, Prompt, RunId, RunStatus, Target, VersionId,
        batch::{BatchLimits, BatchSpec, Cell, ExperimentPart, ResumeMode},
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
};

/// Of the cells of a part the share without an answer from which on nothing can be said.
const UNANSWERED: f64 = 0.2;

/// What an experiment may use; unset is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ExperimentLimits {
    /// US dollars.
    pub cost: Option<f64>,
    /// Tokens, in and out.
    pub tokens: Option<u64>,
    /// Calls of models.
    pub calls: Option<u64>,
    /// From its start, or from where it goes on.
    pub time: Option<Duration>,
}

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

/// What an experiment took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExperimentSpent {
    /// Answers that are there, those of earlier commands as well.
    pub cells: u64,
    /// Those of them that this command has asked.
    pub asked: u64,
    pub tokens: u64,
    /// As far as prices are known.
    pub cost: PicoDollars,
    /// Answers whose price is unknown.
    pub unpriced: u64,
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
        let spec = &planned.request.spec;
        let versions: Vec<_> = spec.prompts.iter().map(|(name, prompt)| (name, prompt.version())).collect();
        let fingerprints: Vec<u64> = rows.iter().map(|row| row.fingerprint()).collect();
        let asked = (kind, more, versions, &spec.behind, &fingerprints, &planned.request.judge);
        let experiment = hex(&serde_json::to_vec(&asked).unwrap_or_default());
        let request = StoreRequest::ExperimentParts { experiment: experiment.clone(), held_out: held_out.to_owned() };
        let StoreReply::ExperimentParts(on_record) = store.ask(request).await? else {
            return Err(StoreError::new("the record answered another question").into());
        };
        let own = on_record.iter().filter(|(_, part)| part.experiment == experiment);
        let newest = own.map(|(_, part)| part.number).max().unwrap_or(0);
        let number = if anew { newest + 1 } else { newest.max(1) };
        let run = hex(format!("{experiment} {number}").as_bytes());
        let name = format!("{kind}-{}", run.get(..6).unwrap_or_default());
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
        each_cell(&self.store, state.id, |row| {
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
                        let done = cells.len() as u64;
                        self.tell(ExperimentEvent::Progress { part: part.to_owned(), done, cells: all }).await;
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
