//! What can be asked of the disk, and what it answers: pure data, shared with the workbench.

mod history;

use std::{path::PathBuf, time::Duration};

use jiff::Timestamp;

use crate::model::{
    Grade, NamedInput, PicoDollars, Prompt, RunId, Session, VersionId,
    query::{Query, Vocabulary},
};
use crate::pipeline::port::RunRecord;
pub use history::{After, HistoryEntry, HistoryPage, Pruned};

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
    /// Reads an input from a file, `FILE`, or from a row of a data set, `FILE:ROW`.
    ReadInput(String),
    /// Lists the newest runs, the newest first.
    RecentRuns {
        /// How many at most.
        limit: usize,
    },
    /// Reads a run's record.
    OpenRun(RunId),
    /// Sums up every run on record.
    Totals,
    /// Lists the newest versions of a prompt and those they were edited from, the newest first.
    ListVersions {
        /// Whose.
        of: Lineage,
        /// How many at most.
        limit: usize,
    },
    /// Keeps a prompt as a version although it was not run.
    KeepVersion {
        /// The prompt.
        prompt: Box<Prompt>,
        /// Whose version it is.
        of: Lineage,
        /// The version it was edited from.
        parent: Option<VersionId>,
        /// The present time.
        at: Timestamp,
    },
    /// Gives a version a name; an empty one takes its name away.
    NameVersion {
        /// Which.
        version: VersionId,
        /// Its name.
        name: String,
        /// The present time.
        at: Timestamp,
    },
    /// Grades a run; of several grades the last one counts.
    GradeRun {
        /// Which.
        run: RunId,
        /// The whole grade; an empty one takes it back.
        grade: Grade,
        /// The present time.
        at: Timestamp,
    },
    /// Reads the grades of runs.
    Grades(Vec<RunId>),
    /// Reads a page of the runs that a query asks for.
    History {
        /// What is asked for.
        query: Box<Query>,
        /// The run it comes after; the first page where there is none.
        after: Option<After>,
        /// How many runs at most.
        limit: usize,
    },
    /// Counts the runs that a query asks for, up to some ten thousand.
    CountRuns(Box<Query>),
    /// Lists the names that values of filters can have.
    Vocabulary,
    /// Keeps runs when others are pruned, or no longer.
    PinRuns {
        /// Which.
        runs: Vec<RunId>,
        /// Whether they are kept.
        pinned: bool,
    },
    /// Removes runs with all that is known of them.
    RemoveRuns(Vec<RunId>),
    /// Removes the runs that started before a time, or tells what that would free.
    PruneRuns {
        /// The time.
        before: Timestamp,
        /// Whether pinned runs are kept.
        keep_pinned: bool,
        /// Whether it is only to be told.
        dry: bool,
    },
    /// Writes the record as it stands to a new file.
    Backup(PathBuf),
}

impl Job {
    /// Tells whether the record of runs does it, and not the files.
    pub(super) fn is_of_record(&self) -> bool {
        match self {
            Self::ListPrompts
            | Self::OpenPrompt(_)
            | Self::ReadInput(_)
            | Self::SavePrompt { .. }
            | Self::ListSessions
            | Self::OpenSession(_)
            | Self::SaveSession(_)
            | Self::RenameSession { .. } => false,
            Self::RecentRuns { .. }
            | Self::OpenRun(_)
            | Self::Totals
            | Self::ListVersions { .. }
            | Self::KeepVersion { .. }
            | Self::NameVersion { .. }
            | Self::GradeRun { .. }
            | Self::Grades(_)
            | Self::History { .. }
            | Self::CountRuns(_)
            | Self::Vocabulary
            | Self::PinRuns { .. }
            | Self::RemoveRuns(_)
            | Self::PruneRuns { .. }
            | Self::Backup(_) => true,
        }
    }
}

/// Whose versions are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lineage {
    /// A prompt's, by its name.
    Prompt(String),
    /// Those of a session's prompt while it has no name.
    Session(String),
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
    /// An input that was read.
    Input(Box<NamedInput>),
    /// The first rows of a data set, to choose an input from.
    Rows {
        /// Its file.
        file: String,
        /// The rows.
        rows: Vec<RowEntry>,
        /// Whether there are further ones.
        more: bool,
    },
    /// The newest runs.
    Runs(Vec<RunEntry>),
    /// A run's record.
    Run(Box<RunRecord>),
    /// The sums.
    Totals(Totals),
    /// The versions of a prompt.
    Versions(Vec<VersionEntry>),
    /// A version was kept.
    VersionKept(VersionId),
    /// A version has its name.
    VersionNamed(VersionId),
    /// A run has its grade.
    Graded(RunId),
    /// The grades of those runs that have one.
    Grades(Vec<(RunId, Grade)>),
    /// A page of runs.
    History(HistoryPage),
    /// How many runs there are.
    Counted {
        /// How many were counted.
        runs: u64,
        /// Whether there may be more.
        more: bool,
    },
    /// The names that values of filters can have.
    Vocabulary(Box<Vocabulary>),
    /// So many runs are kept, or no longer.
    Pinned(u64),
    /// What was removed, or would be.
    Pruned(Pruned),
    /// The record was written to a file of so many bytes.
    BackedUp(u64),
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

/// A row of a data set in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowEntry {
    /// Its number, counted from 1.
    pub number: u64,
    /// Its text and its variables, as far as a line goes.
    pub summary: String,
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

/// A prompt version in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionEntry {
    /// Its hash.
    pub id: VersionId,
    /// When it was run first, or kept.
    pub made: Timestamp,
    /// The name a person gave it.
    pub name: Option<String>,
    /// The version it was edited from, if that is known.
    pub parent: Option<VersionId>,
    /// The prompt, without what is no part of a version.
    pub prompt: Prompt,
    /// What came of it.
    pub results: Results,
}

/// What came of a prompt version, over all its runs on record that have ended.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Results {
    /// Runs; none for a version that was only kept.
    pub runs: u64,
    /// Those whose answer was judged.
    pub judged: u64,
    /// Those that passed every check.
    pub passed: u64,
    /// The mean cost of those with a known one that were neither cached nor a demonstration.
    pub cost: Option<PicoDollars>,
    /// The mean length of those that are done and were neither cached nor a demonstration.
    pub latency: Option<Duration>,
    /// The mean of the stars that were given.
    pub stars: Option<f64>,
    /// When the last one started.
    pub last: Option<Timestamp>,
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
