//! A batch that goes to a provider's batch API: its cells are made requests, handed over as a job, waited for and fetched;
//! then the batch runs as any other does, and the answers are at hand.
//!
//! Whatever a provider sees is noted in the job's state before it happens, so that whoever takes the job up, this program
//! or another start of it, knows what may have happened and pays for nothing twice.

pub(crate) mod build;
pub(crate) mod steps;

pub use crate::engine::batch::remote::steps::{ask_after, cancel};

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures_util::stream;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{
    engine::{
        Engine, Workspace,
        batch::{BatchPreview, Begun, on_record, start},
    },
    model::{
        BatchId, CallError, CellRef, ErrorKind, Target,
        batch::{BatchLimits, BatchRequest, ResumeMode},
        error::StoreError,
        remote_job::{BatchWay, JOB_VERSION, JobRest, RemoteJob, RemotePartStep},
    },
    pipeline::{
        batch::BatchAnswers,
        ports::{AnswerAtHand, AnswersAtHand},
    },
    provider::batch_api::{BatchClient, BatchLines, RemoteAnswer},
    store::{
        Store,
        api::{StoreRequest, StoredBatch},
        remote_answers::RemoteAnswers,
        remote_jobs::{JobFolder, RemoteJobs},
    },
    template::conversation,
};

/// How often cells are asked in a job, at most, before they have failed.
const ROUNDS: u32 = 3;

/// Answers that are taken in at once.
const TAKEN_IN: usize = 64;

/// How a batch goes to a provider.
#[derive(Debug, Clone)]
pub struct RemoteWay {
    pub way: BatchWay,
    pub rest: JobRest,
    /// How long after a job was handed over its state is asked first.
    pub poll: Duration,
    /// Whether it is only handed over, and not waited for.
    pub submit_only: bool,
    /// For a cluster of one's own: the file that the requests go to, and that which its answers come from.
    pub files: Option<(PathBuf, PathBuf)>,
}

/// How far a job came.
#[derive(Debug)]
pub enum JobEnd {
    /// All is here that is going to come.
    Fetched,
    /// It was handed over, and is not waited for.
    HandedOver,
    /// There was nothing to ask.
    Nothing,
    /// The provider refused all of it, in words: nothing was asked.
    Refused(String),
    /// The requests lie ready for a cluster of one's own, whose answers are to be put beside them.
    Written { requests: u64, out: PathBuf },
}

/// Says why a batch cannot go this way; none where it can.
#[must_use]
pub fn refusal(planned: &BatchPreview, way: BatchWay) -> Option<String> {
    let request = &planned.request;
    for ((name, prompt), lanes) in request.spec.prompts.iter().zip(&planned.targets) {
        let refused = lanes.iter().filter_map(|lane| lane.first()).find_map(|target| BatchLines(way).refusal(target));
        if refused.is_some() {
            return refused;
        }
        if prompt.tools.iter().any(|tool| tool.source().is_some()) {
            return Some(format!(
                "{name} has tools whose results come from here, so a row takes several calls, and a job at a provider \
                 makes one of each; leave --via out"
            ));
        }
        if conversation::goes_on(prompt) {
            return Some(format!(
                "{name} is told the answers to earlier rows, and a job at a provider asks all rows at once; leave --via out"
            ));
        }
    }
    let cap = request.limits.cost.filter(|_| way.is_half_price());
    let high = planned.estimate.at_half_price().cost.high.dollars();
    if let Some(cap) = cap.filter(|cap| high > *cap) {
        return Some(format!(
            "the job may cost up to ${high:.2} at the batch price, and --max-cost is ${cap:.2}: what is handed over is \
             paid for. Ask fewer rows (--only), or raise the cap"
        ));
    }
    None
}

/// A batch and its job.
pub struct RemoteBatch<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) store: &'a Store,
    pub(crate) planned: BatchPreview,
    pub(crate) how: RemoteWay,
    pub(crate) batch: BatchId,
    pub(crate) folder: JobFolder,
}

impl<'a> RemoteBatch<'a> {
    /// Takes up the job of a batch, or begins one.
    pub async fn open(
        (engine, store, workspace): (&'a Engine, &'a Store, &Workspace),
        planned: &BatchPreview,
        how: RemoteWay,
    ) -> Result<Self, StoreError> {
        let state = stopped_on_record(store, &planned.request).await?;
        let jobs = RemoteJobs::of(&workspace.places);
        let folder = match jobs.of_batch(state.id)? {
            Some(folder) if folder.job.way != how.way => {
                let RemoteJob { id, way, .. } = &folder.job;
                return Err(StoreError::wrong(format!(
                    "this batch is the job {id} by {way} already: go on with --via {way}, or give it up by \
                     `retort batch --cancel {id}` and fetch what came with --via {way}"
                )));
            }
            Some(folder) => folder,
            None => jobs.begin(RemoteJob {
                version: JOB_VERSION,
                id: BatchId(Uuid::now_v7()).short(),
                way: how.way,
                batch: state.id,
                name: planned.request.spec.name.clone(),
                made: Timestamp::now(),
                round: 1,
                built: false,
                parts: Vec::new(),
                cancelled: None,
                foreign: Vec::new(),
                estimate: how.way.is_half_price().then(|| planned.estimate.at_half_price().cost.expected),
            })?,
        };
        let mut planned = planned.clone();
        if planned.request.resume == ResumeMode::Anew {
            // It has begun; from here on it goes on.
            planned.request.resume = ResumeMode::Resume;
        }
        // What is handed over is paid for: a cap was held against the estimate.
        planned.request.limits = BatchLimits::default();
        if how.rest != JobRest::Live {
            for lane in planned.targets.iter_mut().flatten() {
                lane.truncate(1);
            }
        }
        Ok(Self { engine, store, planned, how, batch: state.id, folder })
    }

    /// Returns the job's state.
    #[must_use]
    pub fn job(&self) -> &RemoteJob {
        &self.folder.job
    }

    /// Goes on until all is here that is going to come, and tells of what changes. Dropping the future leaves the job as
    /// it is, to be taken up.
    pub async fn advance(&mut self, tell: &mut dyn FnMut(String)) -> Result<JobEnd, StoreError> {
        loop {
            if !self.folder.job.built && self.folder.job.cancelled.is_none() {
                self.build(tell).await?;
            }
            if self.round_parts().next().is_none() {
                return Ok(if self.folder.job.round == 1 { JobEnd::Nothing } else { JobEnd::Fetched });
            }
            if let Some(end) = self.files_of_ones_own(tell)? {
                return Ok(end);
            }
            if self.how.way != BatchWay::Vllm && !self.wait(tell).await? {
                return Ok(JobEnd::HandedOver);
            }
            let again = self.missing()?;
            let job = &mut self.folder.job;
            if let Some((target, why)) = job.refusals().next().filter(|_| !job.has_answers()) {
                let end = format!("the provider refused the job for {target}: {why}");
                return Ok(if job.cancelled.is_some() { JobEnd::Fetched } else { JobEnd::Refused(end) });
            }
            let further = self.how.rest == JobRest::Job && self.how.way != BatchWay::Vllm;
            let stopped = job.cancelled.is_some() || job.refusals().next().is_some();
            if again == 0 || !further || stopped || job.round >= ROUNDS {
                return Ok(JobEnd::Fetched);
            }
            tell(format!("{again} of {} requests brought no answer; they are asked in a further job", job.lines()));
            (job.round, job.built) = (job.round + 1, false);
            self.folder.save()?;
        }
    }

    fn round_parts(&self) -> impl Iterator<Item = usize> {
        let job = &self.folder.job;
        let parts = job.parts.iter().enumerate().filter(|(_, part)| part.round == job.round).map(|(at, _)| at);
        parts.collect::<Vec<_>>().into_iter()
    }

    /// Counts the requests of this round that have no answer that stands; those of parts that were refused left out.
    fn missing(&self) -> Result<u64, StoreError> {
        let parts = self.round_parts().filter_map(|at| self.folder.job.parts.get(at));
        let fetched: Vec<_> = parts.filter(|part| matches!(part.step, RemotePartStep::Fetched { .. })).collect();
        let sent: u64 = fetched.iter().map(|part| part.lines).sum();
        let paths = fetched.iter().map(|part| self.folder.answers(part.number)).collect();
        let answers = RemoteAnswers::read(&self.folder.job.id, self.batch, paths)?;
        Ok(sent.saturating_sub(answers.usable()))
    }

    /// Reads whose the answers are that came so far.
    pub(crate) fn answers(&self) -> Result<RemoteAnswers, StoreError> {
        let job = &self.folder.job;
        let fetched = job.parts.iter().filter(|part| matches!(part.step, RemotePartStep::Fetched { .. }));
        let paths = fetched.map(|part| self.folder.answers(part.number)).collect();
        RemoteAnswers::read(&job.id, self.batch, paths)
    }

    /// Begins the batch itself, its answers at hand. Where the job was cancelled or a part of it refused, the cells that
    /// have an answer are all that is asked: then it is no whole batch, which the flag says, with why in words.
    pub async fn play(&self) -> Result<(Begun, Option<String>), StoreError> {
        let job = &self.folder.job;
        let (id, batch) = (job.id.clone(), self.batch);
        let answers = self.answers()?;
        let partial = match job.refusals().next() {
            _ if job.cancelled.is_some() => Some(format!("the job {id} was cancelled")),
            Some((target, why)) => Some(format!("the provider refused a part for {target}: {why}")),
            None => None,
        };
        let mut planned = self.planned.clone();
        if planned.judges.is_empty() && self.how.rest != JobRest::Live {
            // Nobody is asked: what is at hand is taken in as fast as it can be written down.
            planned.request.concurrency = planned.request.concurrency.max(TAKEN_IN);
        }
        if partial.is_some() {
            planned.request.only = Some(answers.places());
        }
        let source = JobAnswers { answers, batch, way: job.way, live: self.how.rest == JobRest::Live };
        let begun = start(self.engine, self.store, &planned, Some(BatchAnswers(Arc::new(source)))).await?;
        Ok((begun, partial))
    }

    /// Takes the job away: its answers are in the record.
    pub fn close(self) -> Result<(), StoreError> {
        self.folder.remove()
    }
}

/// Has the record begin a batch, or go on with one, and let go of it: nothing of it is under way here until its answers are.
pub(crate) async fn stopped_on_record(store: &Store, request: &BatchRequest) -> Result<StoredBatch, StoreError> {
    let state = on_record(store, request).await?;
    let end = StoreRequest::EndBatch { batch: state.id, end: "stopped".to_owned(), why: None, at: Timestamp::now() };
    store.ask(end).await?;
    Ok(state)
}

/// Talks to the provider of a target, with the key of a label; the one that is ready first where none is named.
pub(crate) fn client(
    engine: &Engine,
    way: BatchWay,
    target: &Target,
    label: Option<&str>,
) -> Result<BatchClient, StoreError> {
    let key = engine.pipeline.key(&target.provider, label);
    match (label, &key) {
        (Some(label), None) => Err(StoreError::new(format!(
            "the job was made with the key {label} of {}, which is not there now: without it the provider does not \
             find the job",
            target.provider
        ))),
        _ => Ok(BatchClient { providers: engine.providers.clone(), way, target: target.clone(), key }),
    }
}

/// The answers of a job, as the pipeline asks for them.
struct JobAnswers {
    answers: RemoteAnswers,
    batch: BatchId,
    way: BatchWay,
    live: bool,
}

impl AnswersAtHand for JobAnswers {
    fn has(&self, cell: &CellRef) -> bool {
        cell.batch == self.batch && self.answers.knows(cell).is_some()
    }

    fn answer(&self, cell: &CellRef, target: &Target) -> AnswerAtHand {
        let read = self.answers.line(cell).map_err(|error| error.to_string()).and_then(|line| {
            let line = line.ok_or_else(|| "the provider's batch brought no answer to it".to_owned())?;
            serde_json::from_str::<RemoteAnswer>(&line).map_err(|error| format!("its answer cannot be read: {error}"))
        });
        match read {
            Ok(answer) => {
                let (events, half_price) = answer.replay(self.way, target);
                AnswerAtHand { events, half_price }
            }
            Err(why) => {
                let error = CallError::new(ErrorKind::Transient, why);
                AnswerAtHand { events: Box::pin(stream::iter([Err(error)])), half_price: false }
            }
        }
    }

    fn then_live(&self) -> bool {
        self.live
    }
}
