//! What can be asked of the disk, and what it answers: pure data, shared with the workbench.

use std::path::PathBuf;

use jiff::Timestamp;

use crate::model::{Prompt, RunId, Session};
use crate::pipeline::port::RunRecord;

/// A request to the store's worker.
#[derive(Debug, Clone, PartialEq)]
pub enum Job {
    /// Lists the prompts, the project's and the user's.
    ListPrompts,
    /// Reads a prompt.
    OpenPrompt(String),
    /// Writes a prompt.
    SavePrompt {
        /// Its name, also its file's.
        name: String,
        /// The prompt.
        prompt: Box<Prompt>,
        /// Whether a file of that name may be replaced.
        replace: bool,
    },
    /// Lists the sessions, the last saved first.
    ListSessions,
    /// Reads a session.
    OpenSession(String),
    /// Writes a session.
    SaveSession(Box<Session>),
    /// Gives a session another name.
    RenameSession {
        /// Its name.
        from: String,
        /// Its new name, not yet in use.
        to: String,
    },
    /// Lists the newest runs, the newest first.
    RecentRuns {
        /// How many at most.
        limit: usize,
    },
    /// Reads a run's record.
    OpenRun(RunId),
    /// Sums up every run on record.
    Totals,
}

/// The worker's answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The prompts.
    Prompts(Vec<PromptEntry>),
    /// A prompt that was read.
    Prompt {
        /// Its name.
        name: String,
        /// The prompt.
        prompt: Box<Prompt>,
    },
    /// A prompt was written.
    PromptSaved {
        /// Its name.
        name: String,
        /// Its file.
        path: PathBuf,
    },
    /// The sessions.
    Sessions(Vec<SessionEntry>),
    /// A session that was read.
    Session(Box<Session>),
    /// A session was written, under another name if another program had written the file of its own
    /// since this one knew it.
    SessionSaved(String),
    /// A session has its new name.
    SessionRenamed(String),
    /// The newest runs.
    Runs(Vec<RunEntry>),
    /// A run's record.
    Run(Box<RunRecord>),
    /// The sums.
    Totals(Totals),
}

/// A prompt in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptEntry {
    /// Its name.
    pub name: String,
    /// Its one-line description; the reason in words if the file cannot be read.
    pub description: String,
    /// Whether it lies in the project's `prompts/` and not in the user's.
    pub project: bool,
    /// Whether it comes with the program: it can be opened, and is saved as the user's own.
    pub built_in: bool,
    /// Whether the file can be used.
    pub valid: bool,
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    /// Its name.
    pub name: String,
    /// When it was last saved.
    pub saved: Timestamp,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEntry {
    /// The run's id.
    pub run: RunId,
    /// When it started.
    pub started: Timestamp,
    /// The prompt's name, if it has one.
    pub prompt_name: Option<String>,
    /// The requested target.
    pub target: String,
    /// Its end in one word; `running`, or `crashed` if its process is gone.
    pub end: String,
    /// Whether every check passed; none if nothing was judged.
    pub passed: Option<bool>,
}

/// Sums over all runs on record; runs still under way are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Runs.
    pub runs: u64,
    /// Runs that failed, broke off or crashed; those a person stopped are no errors.
    pub errors: u64,
    /// Tokens, in and out, of answers that were neither cached nor a demonstration.
    pub tokens: u64,
    /// Known cost, in pico-dollars, of the same answers.
    pub cost: u64,
    /// Those among them whose cost is not known, but for runs that failed before any answer.
    pub unpriced: u64,
    /// Runs answered from the cache.
    pub cached: u64,
    /// Runs of the demonstration.
    pub demo: u64,
}

/// Why the disk could not do what it was asked, in words with the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreFault {
    /// What happened: the file, the line and the key where there is one, and what to do.
    pub message: String,
    /// True when it failed because a file of that name is already there.
    pub exists: bool,
}

impl StoreFault {
    /// Makes a fault of words alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), exists: false }
    }
}
