//! What can be asked of the disk, and what it answers: pure data, shared with the workbench. It speaks of batches, prompts,
//! sessions, rows and versions as they are listed, and of what saving may write over.

pub(crate) mod results;

use std::{
    collections::{BTreeSet, HashSet},
    path::PathBuf,
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    dataset::Loaded,
    eval::{
        Baseline, BlindComparison, Gate, Review, blind::BlindVote, quality::QualityReport, schema_infer::InferredSchema,
    },
    model::{
        Attachment, BatchId, CellIndex, Grade, Input, NamedInput, Outcome, Part, PicoDollars, Prompt, Quality, RunId,
        Session, VersionId,
        attachment::PartOrigin,
        batch::{BatchSpec, Cell, ExperimentPart, ResumeMode},
        error::StoreError,
        query::{Query, Vocabulary},
        remote_job::RemoteJob,
    },
    pipeline::ports::RunRecord,
};
pub use crate::{
    dataset::RowEntry,
    store::api::results::{
        AnswerQuestion, Answers, FoundPrompt, FoundRows, HistoryEntry, HistoryPage, LISTED, NewThreshold, PageStart,
        PairedComparison, Points, PromptFile, Pruned, Scored, ScoredRun, SideRuns, StatedAnswers, StoredAnswer,
        StoredRow, ToJudge, ToScore, Turned,
    },
    store::blind::WantedBlind,
};

/// A request to the store's worker.
#[derive(Debug, Clone, PartialEq)]
pub enum StoreRequest {
    /// Lists the prompts, the project's and the user's.
    ListPrompts,
    /// Reads a prompt.
    OpenPrompt(String),
    /// Writes a prompt.
    SavePrompt {
        /// Its name, also its file's.
        name: String,
        prompt: Box<Prompt>,
        /// What it may be written over.
        over: Over,
    },
    /// Renames, copies or moves a prompt's file.
    MovePrompt(PromptMove),
    /// Finds a prompt's own file.
    PromptFile(String),
    /// Writes one value to a prompt's file and leaves everything else in it as it is.
    SetThreshold(Box<NewThreshold>),
    /// Writes a baseline whole, in place of the file that is there.
    WriteBaseline { path: PathBuf, baseline: Box<Baseline> },
    /// Lists the sessions, the last saved first.
    ListSessions,
    /// Reads a session.
    OpenSession(String),
    /// Writes a session.
    SaveSession(Box<Session>),
    /// Writes a session that cannot be saved wherever else there is a place.
    RescueSession(Box<Session>),
    /// Gives a session another name.
    RenameSession {
        /// Its name.
        from: String,
        /// Its new name, not yet in use.
        to: String,
    },
    /// Has the runs of a session, and the versions its prompt had without a name, belong to another name.
    MoveRuns { from: String, to: String },
    /// Reads an input from a file, `FILE`, or from a row of a data set, `FILE:ROW`.
    ReadInput(String),
    /// Reads what a part names as it would be sent.
    LookAtPart(Box<PartQuestion>),
    /// Reads a run's record.
    OpenRun(RunId),
    /// Finds out which of some runs are on record.
    KnownRuns(Vec<RunId>),
    /// Reads what was said in runs: in as many of the first as have some megabytes of texts together, at least one.
    RunTexts(Vec<RunId>),
    /// Lists the newest versions of a prompt and those they were edited from, the newest first.
    ListVersions {
        /// Whose.
        of: Lineage,
        /// How many at most.
        limit: usize,
    },
    /// Keeps a prompt as a version although it was not run.
    KeepVersion {
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
        version: VersionId,
        name: String,
        /// The present time.
        at: Timestamp,
    },
    /// Grades a run; of several grades the last one counts.
    GradeRun {
        run: RunId,
        /// The whole grade; an empty one takes it back.
        grade: Grade,
        /// The present time.
        at: Timestamp,
    },
    /// Reads the grades of runs.
    Grades(Vec<RunId>),
    /// Finds the answers on record to what is asked on the bench, in the order of the questions.
    StoredAnswers(Vec<AnswerQuestion>),
    /// Lists the versions that a prompt has, the oldest first: a version's number is its place, counted from 1.
    VersionOrder(Lineage),
    /// Reads a page of the runs that a query asks for.
    History {
        /// What is asked for.
        query: Box<Query>,
        /// The run it comes after; the first page where there is none.
        after: Option<PageStart>,
        /// How many runs at most.
        limit: usize,
    },
    /// Counts the runs that a query asks for, up to some ten thousand.
    CountRuns(Box<Query>),
    /// Lists the names that values of filters can have.
    Vocabulary,
    /// Keeps runs when others are pruned, or no longer.
    PinRuns {
        runs: Vec<RunId>,
        /// Whether they are kept.
        pinned: bool,
    },
    /// Removes runs with all that is known of them.
    RemoveRuns(Vec<RunId>),
    /// Gives the runs and versions of a prompt its new name.
    RenameRuns {
        /// The prompt's name so far.
        from: String,
        /// Its new name.
        to: String,
    },
    /// Removes the runs that started before a time, or tells what that would free.
    PruneRuns {
        /// The time.
        before: Timestamp,
        /// Whether pinned runs are kept.
        keep_pinned: bool,
        /// Whether it is only to be told.
        dry: bool,
    },
    /// Counts the answers among the runs that a query asks for, by the prompt they were given to.
    CountAnswers(Box<Query>),
    /// Judges a page of answers again.
    ScoreRuns(Box<ToScore>),
    /// Makes a schema that the newest answers in JSON are valid against, of the runs that a query asks for.
    InferSchema(Box<Query>),
    /// Judges answers that are at hand, whatever is on record.
    JudgeAnswers(Box<ToJudge>),
    /// Lists all verdicts that were given on a run.
    Judgements(RunId),
    /// Folds the facts of the runs that a query asks for.
    Review(Box<Query>),
    /// Works out the report of the runs that a query asks for.
    Report(Box<Query>),
    /// Weighs the runs that one query asks for against those of another, paired by their inputs. Refused where
    /// a run is on both sides.
    ComparePaired {
        /// The baseline.
        a: Box<Query>,
        /// What is compared with it.
        b: Box<Query>,
    },
    /// Finds what the threshold of a rule sees of the judged runs that a query asks for.
    Points {
        /// What is asked for.
        query: Box<Query>,
        /// The rule, by its name as in verdicts; `latency#2` for the second of its name.
        rule: String,
        /// Whether the scores are wanted too, for which every run's verdicts are read with their weights.
        scores: bool,
    },
    /// Finds what the answers that a query asks for state of themselves, and which of them are right.
    StatedAnswers {
        /// What is asked for.
        query: Box<Query>,
        /// The rule that measures what is stated, by its name as in verdicts.
        stated: String,
        /// The rule by which an answer is right; none where a person's grade says so.
        truth: Option<String>,
    },
    /// Reads what a list shows of runs, by their numbers on record.
    Entries(Vec<i64>),
    /// Writes the record as it stands to a new file.
    Backup(PathBuf),
    /// Begins a batch, or goes on with one.
    BeginBatch {
        /// What it asks.
        spec: Box<BatchSpec>,
        /// Which batch is meant.
        how: ResumeMode,
        /// The present time.
        at: Timestamp,
    },
    /// Notes how a batch ended.
    EndBatch {
        batch: BatchId,
        /// How, in one word.
        end: String,
        /// Why, in words, where the word does not say it all.
        why: Option<String>,
        /// The present time.
        at: Timestamp,
    },
    /// Notes which gates a batch that ended has reached.
    NoteGates { batch: BatchId, gates: Vec<Gate> },
    /// Lists the files that went with the cells of a batch.
    SentFiles(BatchId),
    /// Reads a page of a batch's cells in the order of their places.
    Cells {
        batch: BatchId,
        /// The place before the page; the first page where there is none.
        after: Option<CellIndex>,
        /// How many cells at most.
        limit: usize,
    },
    /// Reads the runs that fill a page of a batch's cells, likewise.
    CellRuns {
        batch: BatchId,
        /// The place before the page.
        after: Option<CellIndex>,
        /// How many at most.
        limit: usize,
    },
    /// Reads what some rows of a batch and their cells say, in the order of the rows' numbers.
    CellTexts { batch: BatchId, rows: Vec<u64> },
    /// Looks for the rows of a page of a batch's cells that hold a text, upper and lower case alike: in what they ask or in
    /// the beginning of an answer.
    FindRows {
        batch: BatchId,
        /// In lower case, as [`lower`](crate::text::lower) writes it.
        text: String,
        /// The place before the page.
        after: Option<CellIndex>,
        /// How many cells are looked at, at most.
        limit: usize,
    },
    /// Lists the newest batches, the newest first.
    Batches {
        /// How many at most.
        limit: usize,
    },
    /// Lists the parts of an experiment, and those of others that have looked at the same held-out rows, the oldest first.
    ExperimentParts { experiment: String, held_out: String },
    /// Opens a blind comparison of the answers of batches, or begins one.
    OpenBlind(WantedBlind),
    /// Notes a vote on two answers of a blind comparison.
    VoteBlind {
        /// The comparison's number.
        id: i64,
        vote: BlindVote,
    },
    /// Takes the last vote of a blind comparison back.
    UndoBlind(i64),
    /// Notes that the names of a blind comparison were shown.
    RevealBlind {
        /// The comparison's number.
        id: i64,
        /// The present time.
        at: Timestamp,
    },
    /// Measures past answers to a prompt version on a model.
    PastLengths {
        version: VersionId,
        /// The model's name on the wire.
        model: String,
        /// Whether it is one of the demo.
        demo: bool,
    },
}

/// Matches every request that files answer, and no other.
macro_rules! of_files {
    () => {
        $crate::store::api::StoreRequest::ListPrompts
            | $crate::store::api::StoreRequest::OpenPrompt(_)
            | $crate::store::api::StoreRequest::ReadInput(_)
            | $crate::store::api::StoreRequest::LookAtPart(_)
            | $crate::store::api::StoreRequest::SavePrompt { .. }
            | $crate::store::api::StoreRequest::PromptFile(_)
            | $crate::store::api::StoreRequest::SetThreshold(_)
            | $crate::store::api::StoreRequest::WriteBaseline { .. }
            | $crate::store::api::StoreRequest::ListSessions
            | $crate::store::api::StoreRequest::OpenSession(_)
            | $crate::store::api::StoreRequest::SaveSession(_)
            | $crate::store::api::StoreRequest::RescueSession(_)
            | $crate::store::api::StoreRequest::MovePrompt(_)
            | $crate::store::api::StoreRequest::RenameSession { .. }
    };
}

/// Matches every request that the record of runs answers, and no other.
macro_rules! of_record {
    () => {
        $crate::store::api::StoreRequest::OpenRun(_)
            | $crate::store::api::StoreRequest::KnownRuns(_)
            | $crate::store::api::StoreRequest::RunTexts(_)
            | $crate::store::api::StoreRequest::ListVersions { .. }
            | $crate::store::api::StoreRequest::KeepVersion { .. }
            | $crate::store::api::StoreRequest::NameVersion { .. }
            | $crate::store::api::StoreRequest::GradeRun { .. }
            | $crate::store::api::StoreRequest::Grades(_)
            | $crate::store::api::StoreRequest::StoredAnswers(_)
            | $crate::store::api::StoreRequest::VersionOrder(_)
            | $crate::store::api::StoreRequest::History { .. }
            | $crate::store::api::StoreRequest::CountRuns(_)
            | $crate::store::api::StoreRequest::Vocabulary
            | $crate::store::api::StoreRequest::PinRuns { .. }
            | $crate::store::api::StoreRequest::MoveRuns { .. }
            | $crate::store::api::StoreRequest::RemoveRuns(_)
            | $crate::store::api::StoreRequest::RenameRuns { .. }
            | $crate::store::api::StoreRequest::PruneRuns { .. }
            | $crate::store::api::StoreRequest::Backup(_)
            | $crate::store::api::StoreRequest::Review(_)
            | $crate::store::api::StoreRequest::Points { .. }
            | $crate::store::api::StoreRequest::StatedAnswers { .. }
            | $crate::store::api::StoreRequest::Entries(_)
            | $crate::store::api::StoreRequest::Report(_)
            | $crate::store::api::StoreRequest::ComparePaired { .. }
            | $crate::store::api::StoreRequest::CountAnswers(_)
            | $crate::store::api::StoreRequest::ScoreRuns(_)
            | $crate::store::api::StoreRequest::InferSchema(_)
            | $crate::store::api::StoreRequest::JudgeAnswers(_)
            | $crate::store::api::StoreRequest::Judgements(_)
            | $crate::store::api::StoreRequest::BeginBatch { .. }
            | $crate::store::api::StoreRequest::EndBatch { .. }
            | $crate::store::api::StoreRequest::NoteGates { .. }
            | $crate::store::api::StoreRequest::Cells { .. }
            | $crate::store::api::StoreRequest::SentFiles(_)
            | $crate::store::api::StoreRequest::CellRuns { .. }
            | $crate::store::api::StoreRequest::CellTexts { .. }
            | $crate::store::api::StoreRequest::FindRows { .. }
            | $crate::store::api::StoreRequest::Batches { .. }
            | $crate::store::api::StoreRequest::ExperimentParts { .. }
            | $crate::store::api::StoreRequest::OpenBlind(_)
            | $crate::store::api::StoreRequest::VoteBlind { .. }
            | $crate::store::api::StoreRequest::UndoBlind(_)
            | $crate::store::api::StoreRequest::RevealBlind { .. }
            | $crate::store::api::StoreRequest::PastLengths { .. }
    };
}

pub(crate) use of_files;
pub(crate) use of_record;

impl StoreRequest {
    /// Tells whether the record of runs does it, and not the files.
    pub(crate) fn is_of_record(&self) -> bool {
        match self {
            of_files!() => false,
            of_record!() => true,
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
pub enum StoreReply {
    Prompts(Vec<PromptEntry>),
    /// A prompt that was read.
    Prompt {
        name: String,
        prompt: Box<Prompt>,
        /// The digest of its file's text; none where no file holds it.
        file: Option<String>,
    },
    /// A prompt was written.
    PromptSaved {
        name: String,
        /// Its file.
        path: PathBuf,
        /// The digest of the file's text.
        file: String,
    },
    /// A baseline was written to this file.
    BaselineWritten(PathBuf),
    /// A part as it is written, and what is sent of it; nothing while a variable has no value.
    Part(Box<(Part, Option<Attachment>)>),
    /// A prompt's file was moved or copied to this one.
    PromptMoved(PathBuf),
    /// So many runs have the prompt's new name.
    RunsRenamed(u64),
    /// A prompt's own file.
    PromptFile(Box<PromptFile>),
    /// A value was written to a prompt's file, which holds this by now.
    ThresholdSet(Box<PromptFile>),
    Sessions(Vec<SessionEntry>),
    /// A session that was read.
    Session(Box<Session>),
    /// A session was written, under another name if another program had written the file of its own
    /// since this one knew it.
    SessionSaved(String),
    /// A session that could not be saved was written to this file.
    SessionRescued(PathBuf),
    /// A session has its new name.
    SessionRenamed(String),
    /// An input that was read.
    Input(Box<NamedInput>),
    /// The first rows of a data set, to choose an input from.
    Rows {
        file: String,
        rows: Vec<RowEntry>,
        /// Whether there are further ones.
        more: bool,
    },
    /// A run's record.
    Run(Box<RunRecord>),
    /// Those runs that are on record.
    KnownRuns(HashSet<RunId>),
    /// What was said in runs, in their order; none of one that has left no texts.
    RunTexts(Vec<Option<RunTexts>>),
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
    /// The answers to the questions, none where there is none.
    StoredAnswers(Vec<Option<StoredAnswer>>),
    /// The versions of a prompt, the oldest first.
    VersionOrder(Vec<VersionId>),
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
    /// So many runs belong to another session now.
    RunsMoved(u64),
    /// What was removed, or would be.
    Pruned(Pruned),
    /// The answers by prompt, the most first.
    Answers(Vec<Answers>),
    /// A page of answers was judged again.
    Scored(Box<Scored>),
    /// A schema that so many answers are valid against.
    Inferred {
        inferred: Box<InferredSchema>,
        /// The answers it is made of.
        answers: u64,
    },
    /// The verdicts on answers that were at hand, in their order.
    Judged(Vec<Quality>),
    /// All verdicts on a run with the time of each, those that came with the answer first; none where it was
    /// judged but once.
    Judgements(Vec<(Timestamp, Quality)>),
    /// What runs come to, to be taken further.
    Review(Box<Review>),
    /// What runs come to, as it is read.
    Report(Box<QualityReport>),
    /// What runs say of each other.
    Compared(Box<PairedComparison>),
    /// What a threshold sees.
    Points(Box<Points>),
    Stated(Box<StatedAnswers>),
    /// Runs by their numbers on record; those that are gone are left out.
    Entries(Vec<HistoryEntry>),
    /// The record was written to a file of so many bytes.
    BackedUp(u64),
    /// A batch that was begun.
    Batch(Box<StoredBatch>),
    /// The end of a batch is noted.
    BatchEnded(BatchId),
    /// Cells of a batch.
    Cells(Vec<CellRow>),
    /// The files that went with cells.
    SentFiles(Vec<SentFile>),
    /// Runs that fill cells.
    CellRuns(Vec<RunRecord>),
    /// What rows and their cells say.
    CellTexts(Vec<StoredRow>),
    /// Rows that hold a text.
    FoundRows(FoundRows),
    Batches(Vec<BatchEntry>),
    ExperimentParts(Vec<(BatchId, ExperimentPart)>),
    /// The lengths of past answers.
    PastLengths(PastLengths),
    Blind(Box<BlindComparison>),
    /// What was said of the blind comparison of this number is noted.
    BlindNoted(i64),
}

/// A batch that was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredBatch {
    pub id: BatchId,
    /// What it asks.
    pub spec: BatchSpec,
    /// When it was begun first.
    pub started: Timestamp,
    /// Whether it goes on.
    pub resumed: bool,
    /// Whether its last run was broken off without an end, perhaps with calls under way.
    pub crashed: bool,
    /// The job at a provider that it is, if it is one.
    pub job: Option<Box<RemoteJob>>,
}

/// A file that went with a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentFile {
    pub path: String,
    /// The SHA-256 of its bytes as they were sent, in hex.
    pub sha256: String,
    /// Where the cell stands that was answered with them.
    pub place: CellIndex,
}

/// A file that holds other bytes by now than a batch has sent of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedFile {
    pub path: String,
    /// The rows whose cells were answered with the former bytes.
    pub rows: BTreeSet<u64>,
}

impl ChangedFile {
    /// Says which rows are asked again, and why.
    #[must_use]
    pub fn note(&self) -> String {
        const NAMED: usize = 8;
        let numbers: Vec<String> = self.rows.iter().take(NAMED).map(u64::to_string).collect();
        let more = self.rows.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let (word, verb) = if self.rows.len() == 1 { ("row", "is") } else { ("rows", "are") };
        format!("{} has changed since: {word} {}{more} {verb} asked again", self.path, numbers.join(", "))
    }
}

/// A cell on record.
#[derive(Debug, Clone, PartialEq)]
pub struct CellRow {
    /// What came of it.
    pub cell: Cell,
    /// The fingerprint of its row as it was then.
    pub fingerprint: u64,
    /// The number on record of its run.
    pub seq: i64,
}

/// A batch in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchEntry {
    pub id: BatchId,
    /// When it was begun first.
    pub started: Timestamp,
    pub name: String,
    /// What it asks.
    pub spec: BatchSpec,
    /// How it ended, in one word; none while it runs, or if its process is gone.
    pub end: Option<String>,
    /// When it ended last.
    pub ended: Option<Timestamp>,
    /// Why it ended, in words, where `end` does not say it all.
    pub why: Option<String>,
    /// The gates that it had at its end, and which of them it reached.
    pub gates: Vec<Gate>,
    /// Cells that have ended: those that were stopped or broke off are still to be asked.
    pub cells: u64,
    /// Those of them that a model answered.
    pub answered: u64,
    /// Those of them that failed a check.
    pub failed: u64,
    /// Whether a process has it under way.
    pub running: bool,
    /// The job at a provider that it is, if it is one, as it stood when it was asked after last.
    pub job: Option<Box<RemoteJob>>,
}

/// What was said in a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunTexts {
    /// What it was run on.
    pub input: Input,
    /// Its end, as its checks have judged it last.
    pub outcome: Outcome,
}

/// How many tokens past requests and answers had: one in ten fewer, half fewer, nine in ten fewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PastLengths {
    /// Answers that were measured; none if there are none.
    pub runs: u64,
    /// Tokens in.
    pub input: [u64; 3],
    /// Tokens out.
    pub output: [u64; 3],
    /// Milliseconds that the runs took.
    pub took: [u64; 3],
    /// Whether they are those of the same prompt version.
    pub same_prompt: bool,
}

/// A prompt in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptEntry {
    pub name: String,
    /// Its one-line description; the reason in words if the file cannot be read.
    pub description: String,
    /// Whether it lies in the project's `prompts/` and not in the user's.
    pub project: bool,
    /// Whether it comes with the program: it can be opened, and is saved as the user's own.
    pub built_in: bool,
    /// Whether the file can be used.
    pub valid: bool,
    /// When the file was changed last, if there is one.
    pub changed: Option<Timestamp>,
}

/// A part of a message or of an input, to be looked at before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartQuestion {
    /// The part, its source filled in.
    pub part: Part,
    /// Who names its file.
    pub whose: PartOrigin,
    /// The name of the prompt on the bench, if it has one.
    pub prompt: Option<String>,
    /// Whether a person has just typed its source: its kind follows from what it is then, and its path is written as it
    /// counts from where the prompt's file lies.
    pub typed: bool,
}

/// What is done with a prompt's file; its runs stay on record as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptMove {
    /// It gets another name, not yet in use.
    Rename { from: String, to: String },
    /// It is copied to a name not yet in use.
    Duplicate { from: String, to: String },
    /// It is moved aside, out of every list.
    Remove(String),
    /// It comes back to where it was moved from.
    Restore {
        name: String,
        /// Where it was moved to.
        aside: PathBuf,
        /// Where it was.
        home: PathBuf,
    },
}

impl PromptMove {
    /// Returns the name of the prompt whose file it is.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Rename { from: name, .. }
            | Self::Duplicate { from: name, .. }
            | Self::Remove(name)
            | Self::Restore { name, .. } => name,
        }
    }
}

impl StoreReply {
    /// What a file held from which an input was wanted.
    pub(crate) fn of_file(loaded: Loaded) -> Self {
        match loaded {
            Loaded::Input(named) => Self::Input(Box::new(named)),
            Loaded::Rows { file, rows, more } => Self::Rows { file, rows, more },
        }
    }
}

/// A session in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEntry {
    pub name: String,
    /// When it was last saved.
    pub saved: Timestamp,
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

impl VersionEntry {
    /// Finds a version in a list of all that a prompt has, the newest first: by its name, its number, or the beginning of
    /// its hash.
    pub fn pick<'a>(found: &'a [Self], prompt: &str, wanted: &str) -> Result<&'a Self, StoreError> {
        let by_name = found.iter().find(|entry| entry.name.as_deref() == Some(wanted));
        let number: Option<usize> = wanted.parse().ok().filter(|_| wanted.len() < 4);
        let by_number = || found.len().checked_sub(number?).and_then(|at| found.get(at));
        if let Some(entry) = by_name.or_else(by_number) {
            return Ok(entry);
        }
        let mut begins = found.iter().filter(|entry| !wanted.is_empty() && entry.id.0.starts_with(wanted));
        match (begins.next(), begins.next()) {
            (Some(entry), None) => Ok(entry),
            (Some(_), Some(_)) => {
                Err(StoreError::wrong(format!("`{wanted}` begins more than one version of `{prompt}`")))
            }
            _ => Err(StoreError::wrong(format!(
                "`{prompt}` has no version `{wanted}`; `retort prompts versions {prompt}` lists them"
            ))),
        }
    }
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

/// What a prompt may be written over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Nothing: a file of that name stays.
    Nothing,
    /// A file whose text has this digest. Another text tells that somebody else has written it.
    Known(String),
    /// Whatever is there.
    Anything,
}
