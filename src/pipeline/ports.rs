//! What the pipeline needs from the world, as traits: a cache, a record, time and chance.

use std::{future::Future, pin::Pin, sync::Arc, time::SystemTime};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use crate::pipeline::pace::AnswerPace;
use crate::{
    eval::program_check::ProgramEnd,
    model::{
        Attachment, CellIndex, CellRef, CheckProgram, Input, Outcome, Params, Part, PartFolders, Prompt, RunId, Target,
        Tool, ToolCall, VersionId, attachment::PartOrigin, batch::Cell, quirk::LearntQuirk, trace_parent::TraceParent,
    },
    pipeline::event::{RunEvent, TimedEvent, sent_with},
    provider::{WireStream, forward::RawAnswer},
};

/// A future behind a port.
pub type PortFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// An answer as the cache keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cached {
    /// When it was stored.
    pub stored: Timestamp,
    /// The outcome of the run that was stored; its provenance is live.
    pub outcome: Outcome,
    /// The bytes of the answer, where those of a program's request were passed on for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawAnswer>,
}

/// Answers by key, least recently used out first. A cache that fails answers like an empty one:
/// it never fails a run, but reports its error where the user sees it.
pub trait Cache: Send + Sync + 'static {
    /// Looks an answer up and marks it used.
    fn get<'a>(&'a self, key: &'a str) -> PortFuture<'a, Option<Cached>>;

    /// Stores an answer. Returns at once; the work is done behind.
    fn put(&self, key: String, cached: Cached);
}

/// All that is kept of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RunRecord {
    /// The run's id.
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// The session it belongs to.
    pub session: Option<String>,
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    /// The prompt as it was run.
    pub prompt: Prompt,
    /// Which of several samples of the same request it was.
    pub sample: u32,
    /// The provider of the target that answered, or was asked last.
    pub provider: String,
    /// The input as it was run.
    pub input: Input,
    /// How it ended.
    pub outcome: Outcome,
    /// Its timeline: every event but the deltas and the end.
    pub timeline: Vec<TimedEvent>,
    /// When the pieces of its answer came; none where it was not streamed, or before that was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<AnswerPace>,
    /// The cell of a batch it fills.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellRef>,
    /// The span of the program that asked for it; it is told to a collector, and not kept.
    #[serde(skip)]
    pub trace: Option<TraceParent>,
}

impl RunRecord {
    /// Returns the parameters that were sent to the first target, if the run came that far: those it took in the end,
    /// where it had refused others before.
    #[must_use]
    pub fn sent_params(&self) -> Option<&Params> {
        corrected_params(&self.timeline, &self.outcome.requested).or_else(|| prepared_params(&self.timeline))
    }

    /// Lists what went with the messages that were sent to the first target.
    pub fn attachments(&self) -> impl Iterator<Item = &Attachment> {
        sent_with(&self.timeline)
    }

    /// Writes it as it is shown and read by others: as it is kept, but that samples count from 1.
    pub fn shown(&self) -> serde_json::Result<Value> {
        let mut record = serde_json::to_value(self)?;
        for place in ["/sample", "/cell/place/sample"] {
            if let Some(sample) = record.pointer_mut(place) {
                *sample = sample.as_u64().map_or(0, |sample| sample + 1).into();
            }
        }
        Ok(record)
    }
}

fn prepared_params(timeline: &[TimedEvent]) -> Option<&Params> {
    timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Prepared { params, .. } => Some(params),
        _ => None,
    })
}

/// Returns the parameters that were sent to a target last, if they are others than those it was sent first: its refusals
/// have taught them.
#[must_use]
pub fn corrected_params<'a>(timeline: &'a [TimedEvent], requested: &str) -> Option<&'a Params> {
    let mut sent = timeline.iter().filter_map(|timed| match &timed.event {
        RunEvent::Attempt { target, params, .. } if target == requested => Some(params),
        _ => None,
    });
    let first = sent.next()?;
    sent.next_back().filter(|last| *last != first)
}

/// Where runs are recorded. Never fails a run; reports its error where the user sees it.
pub trait Recorder: Send + Sync + 'static {
    /// Notes that a run has started, so that a crash leaves a trace of it.
    fn started(&self, record: &RunStart);

    /// Keeps a run that has ended, and fills its cell with it. Returns at once; the work is done behind.
    fn ended(&self, record: RunRecord);

    /// Resolves once a batch may bring a further run: at once unless what came before is still to be written.
    /// The reason in words, with the file and the next step, if nothing can be written. A recorder that keeps
    /// nothing resolves at once.
    fn room(&self) -> PortFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }

    /// Resolves once a run that has ended is on the disk and would outlast a loss of power; the reason in
    /// words if it could not be kept. A recorder that keeps nothing resolves at once.
    fn settled(&self, _run: RunId) -> PortFuture<'_, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Keeps no run.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn started(&self, _record: &RunStart) {}

    fn ended(&self, _record: RunRecord) {}
}

/// What is known of a run when it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct RunStart {
    /// The run's id.
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// The session it belongs to.
    pub session: Option<String>,
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    /// The requested target.
    pub target: String,
    /// The requested model's name on the wire.
    pub model: String,
    /// The requested target's provider.
    pub provider: String,
    /// The prompt as it is run.
    pub prompt: Arc<Prompt>,
    /// The version the prompt was edited from, if that is known.
    pub parent: Option<VersionId>,
    /// Which of several samples of the same request it is.
    pub sample: u32,
}

/// Where the cells of a batch that ended before are read from.
pub trait CellPages: Send + Sync + 'static {
    /// Reads the cells behind a place, or from the first one, in the order of their places: some of them, and none only
    /// where there is no further one. The error says in words why they cannot be read.
    fn page(&self, after: Option<CellIndex>) -> PortFuture<'_, Result<Vec<Cell>, String>>;
}

/// What is remembered of keys from one run of the program to the next, by their labels. It never fails a run:
/// what cannot be remembered is not.
pub trait KeyMemory: Send + Sync + 'static {
    /// Returns how often keys of a provider were begun with before, by all runs of the program, and counts this
    /// time too.
    fn turn<'a>(&'a self, provider: &'a str) -> PortFuture<'a, u64>;

    /// Notes that a key rests until a time of day, and why; none if it is of use again. Returns at once.
    fn rests(&self, provider: &str, label: &str, rest: Option<(Timestamp, &str)>);
}

/// Remembers nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeyMemory;

impl KeyMemory for NoKeyMemory {
    fn turn<'a>(&'a self, _provider: &'a str) -> PortFuture<'a, u64> {
        Box::pin(std::future::ready(0))
    }

    fn rests(&self, _provider: &str, _label: &str, _rest: Option<(Timestamp, &str)>) {}
}

/// When a file was written, and its length in bytes.
pub type MemoryVersion = (SystemTime, u64);

/// What is remembered of models from one run of the program to the next. It never fails a run: what cannot be
/// remembered is not.
pub trait QuirkMemory: Send + Sync + 'static {
    /// Tells one state of what is remembered from another, if it can: it is read again where that changed.
    fn version(&self) -> Option<MemoryVersion> {
        None
    }

    /// Lists what all runs of the program have learnt of models and still counts.
    fn known(&self, now: Timestamp) -> PortFuture<'_, Vec<LearntQuirk>>;

    /// Notes what was learnt of a model. Resolves once it is kept, or cannot be.
    fn remember(&self, learnt: LearntQuirk) -> PortFuture<'_, ()>;
}

/// Remembers nothing of models.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoQuirkMemory;

impl QuirkMemory for NoQuirkMemory {
    fn known(&self, _now: Timestamp) -> PortFuture<'_, Vec<LearntQuirk>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn remember(&self, _learnt: LearntQuirk) -> PortFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A call that is answered from outside of its run.
#[derive(Debug, Clone, Copy)]
pub struct AskedTool<'a> {
    pub run: RunId,
    pub tool: &'a Tool,
    pub call: &'a ToolCall,
    /// The call's arguments, read.
    pub arguments: &'a Map<String, Value>,
}

/// The outside of tools: the programs, servers and people that answer calls.
pub trait ToolRunner: Send + Sync + 'static {
    /// Answers a call of a tool whose results come from outside. The error, in words for the model and the person, if
    /// it could not be answered. Dropping the future stops what was started for it.
    fn call<'a>(&'a self, asked: AskedTool<'a>) -> PortFuture<'a, Result<String, String>>;

    /// Ends what was started for a run and is not over with one call. Returns at once.
    fn ended(&self, run: RunId);
}

/// Answers no call.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoTools;

impl ToolRunner for NoTools {
    fn call<'a>(&'a self, asked: AskedTool<'a>) -> PortFuture<'a, Result<String, String>> {
        let why = format!("nothing is started here, and nobody asked, for {}", asked.tool.name);
        Box::pin(std::future::ready(Err(why)))
    }

    fn ended(&self, _run: RunId) {}
}

/// A program that is to judge an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramRun {
    pub program: CheckProgram,
    /// What it reads: one JSON object.
    pub asked: String,
    /// Who names it: its files lie beside the prompt or beside the data set.
    pub whose: PartOrigin,
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    /// Where it is started.
    pub folders: PartFolders,
}

/// The programs that judge answers.
pub trait ProgramRunner: Send + Sync + 'static {
    /// Runs a program to its end; the error in words if it could not be started, took too long or wrote too much.
    /// Dropping the future stops it with all it has started.
    fn run(&self, run: ProgramRun) -> PortFuture<'_, Result<ProgramEnd, String>>;
}

/// Runs no program.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoPrograms;

impl ProgramRunner for NoPrograms {
    fn run(&self, _run: ProgramRun) -> PortFuture<'_, Result<ProgramEnd, String>> {
        Box::pin(std::future::ready(Err("no program is started here".to_owned())))
    }
}

/// A file that a message names and that is still to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct PartFile {
    /// The part that names it, but for its source.
    pub part: Part,
    /// Its path, as the prompt or the input writes it.
    pub path: String,
    /// Who names it.
    pub whose: PartOrigin,
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    /// Where it is looked for.
    pub folders: PartFolders,
    /// The bytes it may have, at most.
    pub most: u64,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadPart {
    pub attachment: Attachment,
    /// What a person should know of where it was read.
    pub notice: Option<String>,
}

/// The files that messages name. What may not be read is refused by its name, and nothing of it is read.
pub trait PartReader: Send + Sync + 'static {
    /// Reads a file; the error in words if it is not there, may not be read, or is nothing that is sent.
    fn read(&self, file: PartFile) -> PortFuture<'_, Result<ReadPart, String>>;
}

/// Reads no file.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoParts;

impl PartReader for NoParts {
    fn read(&self, file: PartFile) -> PortFuture<'_, Result<ReadPart, String>> {
        Box::pin(std::future::ready(Err(format!("{} is not read here", file.path))))
    }
}

/// An answer that was asked for elsewhere, as it is told.
pub struct AnswerAtHand {
    /// What the provider said, or why there is no answer.
    pub events: WireStream,
    /// Whether it is paid for at half the price.
    pub half_price: bool,
}

/// Answers to cells that were asked for elsewhere: in a job of the provider's batch API.
pub trait AnswersAtHand: Send + Sync + 'static {
    /// Tells whether there is an answer to a cell, be it an error.
    fn has(&self, cell: &CellRef) -> bool;

    /// Tells it as the wire of the target would; an error where there is none.
    fn answer(&self, cell: &CellRef, target: &Target) -> AnswerAtHand;

    /// Tells whether a cell is asked live where there is none, or it is an error that may be another one next time.
    fn then_live(&self) -> bool;
}

/// Time and chance.
pub trait World: Send + Sync + 'static {
    /// The time of day.
    fn timestamp(&self) -> Timestamp;

    /// A number from 0 (included) to 1 (excluded), for jitter.
    fn chance(&self) -> f64;

    /// A fresh run id.
    fn run_id(&self) -> RunId;
}

/// The cache that keeps nothing, for when there is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

impl Cache for NoCache {
    fn get<'a>(&'a self, _key: &'a str) -> PortFuture<'a, Option<Cached>> {
        Box::pin(std::future::ready(None))
    }

    fn put(&self, _key: String, _cached: Cached) {}
}
