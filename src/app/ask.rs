//! What a screen asks of the store: each request with the shape of its reply, and who waits for it.
//!
//! A continuation is given the [`Cx`] of its screen, and the `Cx` holds the continuations: this file and
//! [`context`](crate::app::context) name each other.

use std::{collections::BTreeMap, fmt, fmt::Debug, path::PathBuf};

use jiff::Timestamp;

use crate::{
    app::{
        context::Cx,
        event::{Effect, Ticket},
    },
    eval::{
        Baseline, BlindComparison, Gate, Review, blind::BlindVote, quality::QualityReport, schema_infer::InferredSchema,
    },
    model::{
        Attachment, BatchId, CellIndex, Grade, NamedInput, Part, Prompt, Quality, RunId, Session, VersionId,
        error::StoreError,
        query::{Query, Vocabulary},
    },
    pipeline::ports::RunRecord,
    store::api::{
        AnswerQuestion, Answers, BatchEntry, CellRow, FoundRows, HistoryEntry, HistoryPage, Lineage, NewThreshold,
        Over, PageStart, PairedComparison, PartQuestion, Points, PromptEntry, PromptFile, PromptMove, RowEntry, Scored,
        SessionEntry, StatedAnswers, StoreReply, StoreRequest, StoredAnswer, StoredRow, ToJudge, ToScore, VersionEntry,
        WantedBlind,
    },
};

/// A request with the shape of its reply.
#[derive(Debug)]
pub(crate) struct Ask<R> {
    request: StoreRequest,
    read: fn(StoreReply) -> Option<R>,
}

/// Ties requests to their replies.
macro_rules! asks {
    ($($(#[$about:meta])* $name:ident($($field:ident: $kind:ty),*) -> $reply:ty {
        $request:expr; $($answer:pat => $value:expr),+
    })*) => {
        $($(#[$about])*
        pub(crate) fn $name($($field: $kind),*) -> Ask<$reply> {
            Ask {
                request: $request,
                read: |reply| match reply {
                    $($answer => Some($value),)+
                    _ => None,
                },
            }
        })*
    };
}

asks! {
    /// Reads a run's record.
    open_run(run: RunId) -> Box<RunRecord> {
        StoreRequest::OpenRun(run); StoreReply::Run(record) => record
    }
    /// Reads every verdict that was given on a run, the earliest first.
    judgements(run: RunId) -> Vec<(Timestamp, Quality)> {
        StoreRequest::Judgements(run); StoreReply::Judgements(all) => all
    }
    /// Reads a page of the runs that a query asks for.
    history(query: Query, after: Option<PageStart>, limit: usize) -> HistoryPage {
        StoreRequest::History { query: Box::new(query), after, limit }; StoreReply::History(page) => page
    }
    /// Counts the runs that a query asks for; returns how many, and whether there may be more.
    count_runs(query: Query) -> (u64, bool) {
        StoreRequest::CountRuns(Box::new(query)); StoreReply::Counted { runs, more } => (runs, more)
    }
    /// Lists the names that values of filters can have.
    vocabulary() -> Box<Vocabulary> {
        StoreRequest::Vocabulary; StoreReply::Vocabulary(names) => names
    }
    /// Keeps a run when others are pruned, or no longer.
    pin_run(run: RunId, pinned: bool) -> u64 {
        StoreRequest::PinRuns { runs: vec![run], pinned }; StoreReply::Pinned(runs) => runs
    }
    /// Removes a run with all that is known of it.
    remove_run(run: RunId) -> () {
        StoreRequest::RemoveRuns(vec![run]); StoreReply::Pruned(_) => ()
    }
    /// Compares the runs of two queries input by input.
    compare_paired(queries: [Box<Query>; 2]) -> Box<PairedComparison> {
        { let [a, b] = queries; StoreRequest::ComparePaired { a, b } }; StoreReply::Compared(comparison) => comparison
    }
    /// Sums the runs up that a query asks for.
    report(query: Query) -> Box<QualityReport> {
        StoreRequest::Report(Box::new(query)); StoreReply::Report(report) => report
    }
    /// Reads what a threshold sees of the runs that a query asks for.
    points(query: Query, rule: String, scores: bool) -> Box<Points> {
        StoreRequest::Points { query: Box::new(query), rule, scores }; StoreReply::Points(points) => points
    }
    /// Finds a prompt's own file.
    prompt_file(name: String) -> Box<PromptFile> {
        StoreRequest::PromptFile(name); StoreReply::PromptFile(file) => file
    }
    /// Reads the rows of some runs, by their numbers.
    entries(seqs: Vec<i64>) -> Vec<HistoryEntry> {
        StoreRequest::Entries(seqs); StoreReply::Entries(entries) => entries
    }
    /// Writes a threshold to a prompt's file, and reads the file again.
    set_threshold(new: Box<NewThreshold>) -> Box<PromptFile> {
        StoreRequest::SetThreshold(new); StoreReply::ThresholdSet(file) => file
    }
    /// Finds what answers state of themselves, and which of them are right.
    stated_answers(query: Query, stated: String, truth: Option<String>) -> Box<StatedAnswers> {
        StoreRequest::StatedAnswers { query: Box::new(query), stated, truth }; StoreReply::Stated(found) => found
    }
    /// Opens a blind comparison, or begins one.
    open_blind(wanted: WantedBlind) -> Box<BlindComparison> {
        StoreRequest::OpenBlind(wanted); StoreReply::Blind(comparison) => comparison
    }
    /// Notes a vote of a blind comparison.
    vote_blind(id: i64, vote: BlindVote) -> i64 {
        StoreRequest::VoteBlind { id, vote }; StoreReply::BlindNoted(id) => id
    }
    /// Takes the last vote of a blind comparison back.
    undo_blind(id: i64) -> i64 {
        StoreRequest::UndoBlind(id); StoreReply::BlindNoted(id) => id
    }
    /// Notes that the names of a blind comparison were shown.
    reveal_blind(id: i64, at: Timestamp) -> i64 {
        StoreRequest::RevealBlind { id, at }; StoreReply::BlindNoted(id) => id
    }
    /// Lists the batches on record, the newest first.
    batches(limit: usize) -> Vec<BatchEntry> {
        StoreRequest::Batches { limit }; StoreReply::Batches(entries) => entries
    }
    /// Notes which gates a batch has reached.
    note_gates(batch: BatchId, gates: Vec<Gate>) -> BatchId {
        StoreRequest::NoteGates { batch, gates }; StoreReply::BatchEnded(batch) => batch
    }
    /// Reads a page of the cells of a batch, those after a place if one is given.
    cells(batch: BatchId, after: Option<CellIndex>, limit: usize) -> Vec<CellRow> {
        StoreRequest::Cells { batch, after, limit }; StoreReply::Cells(rows) => rows
    }
    /// Reads what rows of a batch and their cells say.
    cell_texts(batch: BatchId, rows: Vec<u64>) -> Vec<StoredRow> {
        StoreRequest::CellTexts { batch, rows }; StoreReply::CellTexts(rows) => rows
    }
    /// Looks for the rows of a page of a batch's cells that hold a text in lower case.
    find_rows(batch: BatchId, text: String, after: Option<CellIndex>, limit: usize) -> FoundRows {
        StoreRequest::FindRows { batch, text, after, limit }; StoreReply::FoundRows(found) => found
    }
    /// Reads a prompt; returns its name and the digest of its file's text, too.
    open_prompt(name: String) -> (String, Box<Prompt>, Option<String>) {
        StoreRequest::OpenPrompt(name); StoreReply::Prompt { name, prompt, file } => (name, prompt, file)
    }
    list_prompts() -> Vec<PromptEntry> {
        StoreRequest::ListPrompts; StoreReply::Prompts(entries) => entries
    }
    /// Writes a prompt; returns its name, its file and the digest of the file's text.
    save_prompt(name: String, prompt: Box<Prompt>, over: Over) -> (String, PathBuf, String) {
        StoreRequest::SavePrompt { name, prompt, over };
        StoreReply::PromptSaved { name, path, file } => (name, path, file)
    }
    /// Writes a baseline whole; returns its file.
    write_baseline(path: PathBuf, baseline: Box<Baseline>) -> PathBuf {
        StoreRequest::WriteBaseline { path, baseline }; StoreReply::BaselineWritten(path) => path
    }
    /// Renames, copies or moves a prompt's file; returns where it is now.
    move_prompt(step: PromptMove) -> PathBuf {
        StoreRequest::MovePrompt(step); StoreReply::PromptMoved(path) => path
    }
    /// Gives the runs and versions of a prompt its new name; returns how many runs there are.
    rename_runs(from: String, to: String) -> u64 {
        StoreRequest::RenameRuns { from, to }; StoreReply::RunsRenamed(runs) => runs
    }
    /// Lists the sessions, the last saved first.
    list_sessions() -> Vec<SessionEntry> {
        StoreRequest::ListSessions; StoreReply::Sessions(entries) => entries
    }
    /// Reads a session.
    open_session(name: String) -> Box<Session> {
        StoreRequest::OpenSession(name); StoreReply::Session(session) => session
    }
    /// Writes a session; returns the name it has on disk.
    save_session(session: Box<Session>) -> String {
        StoreRequest::SaveSession(session); StoreReply::SessionSaved(name) => name
    }
    /// Writes a session that cannot be saved to some other place.
    rescue_session(session: Box<Session>) -> PathBuf {
        StoreRequest::RescueSession(session); StoreReply::SessionRescued(path) => path
    }
    /// Gives a session another name.
    rename_session(from: String, to: String) -> String {
        StoreRequest::RenameSession { from, to }; StoreReply::SessionRenamed(name) => name
    }
    /// Has the runs of a session belong to another name; returns how many there are.
    move_runs(from: String, to: String) -> u64 {
        StoreRequest::MoveRuns { from, to }; StoreReply::RunsMoved(runs) => runs
    }
    /// Reads an input from a file, or the rows it can be chosen from.
    read_input(from: String) -> InputRead {
        StoreRequest::ReadInput(from);
        StoreReply::Input(named) => InputRead::One(named),
        StoreReply::Rows { file, rows, more } => InputRead::Rows { file, rows, more }
    }
    /// Reads what a part names as it would be sent; returns the part as it is written, too.
    look_at_part(asked: Box<PartQuestion>) -> Box<(Part, Option<Attachment>)> {
        StoreRequest::LookAtPart(asked); StoreReply::Part(found) => found
    }
    /// Lists the newest versions of a prompt, the newest first.
    list_versions(of: Lineage, limit: usize) -> Vec<VersionEntry> {
        StoreRequest::ListVersions { of, limit }; StoreReply::Versions(entries) => entries
    }
    /// Keeps a prompt as a version although it was not run.
    keep_version(prompt: Prompt, of: Lineage, parent: Option<VersionId>, at: Timestamp) -> VersionId {
        StoreRequest::KeepVersion { prompt: Box::new(prompt), of, parent, at }; StoreReply::VersionKept(id) => id
    }
    /// Gives a version a name; an empty one takes its name away.
    name_version(version: VersionId, name: String, at: Timestamp) -> VersionId {
        StoreRequest::NameVersion { version, name, at }; StoreReply::VersionNamed(id) => id
    }
    /// Gives a run a grade.
    grade_run(run: RunId, grade: Grade, at: Timestamp) -> RunId {
        StoreRequest::GradeRun { run, grade, at }; StoreReply::Graded(run) => run
    }
    /// Finds the answers on record to what is asked on the bench, in the order of the questions.
    stored_answers(questions: Vec<AnswerQuestion>) -> Vec<Option<StoredAnswer>> {
        StoreRequest::StoredAnswers(questions); StoreReply::StoredAnswers(found) => found
    }
    /// Lists the versions of a prompt, the oldest first.
    version_order(of: Lineage) -> Vec<VersionId> {
        StoreRequest::VersionOrder(of); StoreReply::VersionOrder(ids) => ids
    }
    /// Sums up the runs that a query asks for, as the bench shows them.
    review(query: Query) -> Box<Review> {
        StoreRequest::Review(Box::new(query)); StoreReply::Review(review) => review
    }
    /// Counts the answers that a query asks for, by their prompts.
    count_answers(query: Query) -> Vec<Answers> {
        StoreRequest::CountAnswers(Box::new(query)); StoreReply::Answers(found) => found
    }
    /// Judges answers that are at hand.
    judge_answers(answers: ToJudge) -> Vec<Quality> {
        StoreRequest::JudgeAnswers(Box::new(answers)); StoreReply::Judged(verdicts) => verdicts
    }
    /// Judges a page of answers again.
    score_runs(page: ToScore) -> Box<Scored> {
        StoreRequest::ScoreRuns(Box::new(page)); StoreReply::Scored(page) => page
    }
    /// Makes a schema of the newest answers in JSON that a query asks for, and counts them.
    infer_schema(query: Query) -> (Box<InferredSchema>, u64) {
        StoreRequest::InferSchema(Box::new(query)); StoreReply::Inferred { inferred, answers } => (inferred, answers)
    }
}

/// What was read where an input is looked for.
#[derive(Debug)]
pub(crate) enum InputRead {
    One(Box<NamedInput>),
    /// The first rows of a data set, of which one is to be chosen.
    Rows {
        file: String,
        rows: Vec<RowEntry>,
        more: bool,
    },
}

/// What is done with an answer: the screen, what the answer is wanted for, the answer, and what the screen may do.
pub(crate) type Then<S, T, R> = fn(&mut S, T, Result<R, StoreError>, &mut Cx<'_, S>);

/// An answer that is waited for.
trait Waiting<S>: Debug {
    fn finish(self: Box<Self>, screen: &mut S, answer: Result<StoreReply, StoreError>, cx: &mut Cx<'_, S>);
}

struct Question<S, T, R> {
    token: T,
    read: fn(StoreReply) -> Option<R>,
    then: Then<S, T, R>,
}

impl<S, T: Debug, R> Debug for Question<S, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.token.fmt(f)
    }
}

impl<S, T: Debug, R> Waiting<S> for Question<S, T, R> {
    fn finish(self: Box<Self>, screen: &mut S, answer: Result<StoreReply, StoreError>, cx: &mut Cx<'_, S>) {
        let defect = || StoreError::new("the record answered something else than was asked");
        let answer = answer.and_then(|reply| (self.read)(reply).ok_or_else(defect));
        (self.then)(screen, self.token, answer, cx);
    }
}

/// The answers that a screen waits for.
pub(crate) struct PendingReplies<S>(BTreeMap<Ticket, Box<dyn Waiting<S>>>);

impl<S> Default for PendingReplies<S> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<S> Debug for PendingReplies<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<S> PendingReplies<S> {
    /// Tells whether an answer is waited for.
    pub(crate) fn has(&self, ticket: Ticket) -> bool {
        self.0.contains_key(&ticket)
    }
}

impl<S: 'static> Cx<'_, S> {
    /// Asks the store; `then` gets the answer, with the token as it was when it was asked.
    pub(crate) fn ask<T: Debug + 'static, R: 'static>(&mut self, ask: Ask<R>, token: T, then: Then<S, T, R>) {
        let ticket = self.out.ticket();
        let Ask { request, read } = ask;
        self.pending.0.insert(ticket, Box::new(Question { token, read, then }));
        self.out.effects.push(Effect::Store(ticket, request));
    }

    /// Hands an answer to where it is waited for.
    pub(crate) fn answer(&mut self, screen: &mut S, ticket: Ticket, answer: Result<StoreReply, StoreError>) {
        if let Some(waiting) = self.pending.0.remove(&ticket) {
            waiting.finish(screen, answer, self);
        }
    }
}
