//! One run, asked for: a prompt, an input, and the targets that may answer.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::model::{
    attachment::PartFolders,
    check::Check,
    id::CellRef,
    input::Input,
    prompt::{Params, Prompt},
    target::Target,
    trace_parent::TraceParent,
    version::VersionId,
};

/// How a run uses the response cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CacheMode {
    /// Reads and writes.
    #[default]
    On,
    /// Neither reads nor writes.
    Off,
    /// Writes a fresh answer over the stored one.
    Refresh,
}

/// Who has seen what when a stream breaks: decides whether a run may start over by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Commit {
    /// Nobody sees anything before the end: it may start over at any time.
    Buffered,
    /// A screen that can be cleared: by itself only before the first token, later when asked.
    #[default]
    Resettable,
    /// Text already on standard output: never after the first byte.
    Live,
}

/// One run, fully resolved.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    pub prompt: Arc<Prompt>,
    /// Parameters that hold for this run in place of the prompt's; what they leave open, the prompt decides.
    pub params: Params,
    /// What it is run on.
    pub input: Input,
    /// The target, then its fallbacks in order. Never empty; each at most once.
    pub targets: Vec<Target>,
    /// How it uses the cache.
    pub cache: CacheMode,
    /// What may happen when the stream breaks.
    pub commit: Commit,
    /// Which of several samples of the same request this is.
    pub sample: u32,
    /// The session it belongs to, for the record.
    pub session: Option<String>,
    /// The version the prompt was edited from, for the record.
    pub parent: Option<VersionId>,
    /// Checks beside the prompt's, as a row of a data set has them.
    pub checks: Vec<Check>,
    /// The least score that passes, in place of the prompt's.
    pub min_score: Option<f64>,
    /// The models that judge by rubrics, by the names checks give them; the default one by the empty name.
    pub judges: BTreeMap<String, Target>,
    /// Where the files of its parts are looked for.
    pub folders: PartFolders,
    /// The cell of a batch it fills.
    pub cell: Option<CellRef>,
    /// The span of the program that asks for it, for telemetry.
    pub trace: Option<TraceParent>,
}
