//! The record of runs: its database, opened when first needed, and writes. What a lock or a full disk keeps out is held
//! back in order, tried again, and lost only at the end.

use std::{
    collections::{HashSet, VecDeque},
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};

use crate::{
    config::atomic_file,
    eval::Review,
    model::{RunId, error::StoreError, query::Query},
    pipeline::ports::{RunRecord, RunStart},
    store::{
        analysis,
        api::{FoundRows, HistoryPage, PastLengths, Pruned, StoreReply, StoreRequest, StoredBatch, of_files},
        attachments, batches,
        batches::Own,
        blind, database,
        database::{Alive, DbError},
        history, maintenance, prompt_rename,
        remote_jobs::RemoteJobs,
        reports::{Blocked, Reports, StoreFailure},
        runs,
        runs::LastRun,
        schema,
        search::IndexedWords,
        verdicts, versions,
        worker::queue::Load,
    },
};

/// How long another process's lock is waited for by a question.
const QUESTION_PATIENCE: Duration = Duration::from_secs(5);

/// How long by a write, which is not lost if it is held back.
const WRITE_PATIENCE: Duration = Duration::from_secs(1);

/// How long by a write while others are held back already.
const HELD_PATIENCE: Duration = Duration::from_millis(50);

/// Statements that stay prepared.
const STATEMENTS: usize = 64;

/// A write to the record.
#[derive(Debug)]
pub(crate) enum Write {
    Started(RunStart),
    Ended(Box<RunRecord>),
}

impl Write {
    /// Returns the run whose end it writes.
    fn ended(&self) -> Option<&RunRecord> {
        match self {
            Self::Started(_) => None,
            Self::Ended(record) => Some(record),
        }
    }
}

/// `retort.db` and this process's sign of life beside it, in `running/`.
#[derive(Debug)]
pub(crate) struct RunDatabase {
    path: PathBuf,
    signs: PathBuf,
    /// The jobs at providers, which batches may be.
    jobs: RemoteJobs,
    /// The folder of the bytes that went with runs.
    files: PathBuf,
    open: Option<Open>,
    held: Held,
    reports: Reports,
}

/// How a run that has ended stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RecordState {
    /// It is on the disk.
    Stored,
    /// It waits to be written.
    Held,
    /// It is not written, and not soon: for this reason.
    Lost(String),
}

#[derive(Debug)]
struct Open {
    db: Connection,
    /// None where the directory knows no locks; such runs are never taken for crashed.
    alive: Option<Alive>,
    known: IndexedWords,
}

impl RunDatabase {
    pub(crate) fn new(data: &Path, reports: Reports) -> Self {
        let (path, signs, files) = (data.join("retort.db"), data.join("running"), attachments::folder(data));
        Self { path, signs, jobs: RemoteJobs::at(data), files, open: None, held: Held::default(), reports }
    }

    /// Answers a question about runs.
    #[allow(clippy::too_many_lines, reason = "an arm for each request")]
    pub(crate) fn answer(&mut self, job: &StoreRequest) -> Result<StoreReply, StoreError> {
        // What was just written must be found; if it cannot be written the rest still is.
        self.retry();
        let (path, signs, files) = (self.path.clone(), self.signs.clone(), self.files.clone());
        let jobs = self.jobs.clone();
        let store_error = |error: rusqlite::Error| database::error_of(&path, &error).error;
        if self.open.is_none()
            && self.path.try_exists().is_ok_and(|exists| !exists)
            && !matches!(job, StoreRequest::KeepVersion { .. } | StoreRequest::BeginBatch { .. })
        {
            // A question makes no files.
            return nothing(job);
        }
        self.sweep();
        let open = self.open(QUESTION_PATIENCE).map_err(|failed| failed.error)?;
        match job {
            StoreRequest::OpenRun(run) => {
                runs::open(&open.db, *run).map_err(store_error)?.map(|run| StoreReply::Run(Box::new(run)))
            }
            StoreRequest::KnownRuns(ids) => runs::known(&open.db, ids).map(StoreReply::KnownRuns).map_err(store_error),
            StoreRequest::RunTexts(ids) => runs::texts(&open.db, ids).map(StoreReply::RunTexts).map_err(store_error),
            StoreRequest::ListVersions { of, limit } => {
                versions::list(&open.db, of, *limit).map(StoreReply::Versions).map_err(store_error)
            }
            StoreRequest::KeepVersion { prompt, of, parent, at } => {
                versions::keep(&open.db, prompt, of, parent.as_ref(), *at)
                    .map(StoreReply::VersionKept)
                    .map_err(store_error)
            }
            StoreRequest::NameVersion { version, name, at } => versions::name(&open.db, version, name, *at)
                .map_err(store_error)?
                .map(|()| StoreReply::VersionNamed(version.clone())),
            StoreRequest::GradeRun { run, grade, at } => {
                verdicts::give(&mut open.db, *run, grade, *at).map_err(store_error)?.map(|()| StoreReply::Graded(*run))
            }
            StoreRequest::Grades(runs) => verdicts::of(&open.db, runs).map(StoreReply::Grades).map_err(store_error),
            StoreRequest::StoredAnswers(questions) => {
                runs::stored_answers(&open.db, questions).map(StoreReply::StoredAnswers).map_err(store_error)
            }
            StoreRequest::VersionOrder(of) => {
                versions::order(&open.db, of).map(StoreReply::VersionOrder).map_err(store_error)
            }
            StoreRequest::History { query, after, limit } => {
                history::page(&open.db, query, after.as_ref(), *limit).map(StoreReply::History).map_err(store_error)
            }
            StoreRequest::CountRuns(query) => history::count(&open.db, query)
                .map(|(runs, more)| StoreReply::Counted { runs, more })
                .map_err(store_error),
            StoreRequest::Vocabulary => {
                history::vocabulary(&open.db).map(|names| StoreReply::Vocabulary(Box::new(names))).map_err(store_error)
            }
            StoreRequest::PinRuns { runs, pinned } => {
                maintenance::pin(&mut open.db, runs, *pinned).map(StoreReply::Pinned).map_err(store_error)
            }
            StoreRequest::MoveRuns { from, to } => {
                maintenance::move_runs(&mut open.db, from, to).map(StoreReply::RunsMoved).map_err(store_error)
            }
            StoreRequest::RemoveRuns(runs) => {
                let pruned = maintenance::remove(&mut open.db, runs).map_err(store_error)?;
                attachments::sweep(&open.db, &files).map_err(store_error)?;
                Ok(StoreReply::Pruned(pruned))
            }
            StoreRequest::RenameRuns { from, to } => {
                prompt_rename::rename(&mut open.db, from, to).map(StoreReply::RunsRenamed).map_err(store_error)
            }
            StoreRequest::PruneRuns { before, keep_pinned, dry } => {
                let pruned = maintenance::prune(&mut open.db, *before, *keep_pinned, *dry).map_err(store_error)?;
                if !dry {
                    attachments::sweep(&open.db, &files).map_err(store_error)?;
                }
                Ok(StoreReply::Pruned(pruned))
            }
            StoreRequest::BeginBatch { spec, how, at } => {
                let own = Own { owner: open.alive.as_ref().map(|alive| alive.owner.as_str()), signs: &signs };
                let begun = batches::begin(&mut open.db, &own, spec, *how, *at).map_err(store_error)?;
                begun.map(|state| StoreReply::Batch(Box::new(StoredBatch { job: jobs.of_id(state.id), ..state })))
            }
            StoreRequest::EndBatch { batch, end, why, at } => {
                let ended = batches::end(&open.db, *batch, (end, why.as_deref()), *at);
                ended.map(|()| StoreReply::BatchEnded(*batch)).map_err(store_error)
            }
            StoreRequest::NoteGates { batch, gates } => {
                let noted = batches::note_gates(&open.db, *batch, gates);
                noted.map(|()| StoreReply::BatchEnded(*batch)).map_err(store_error)
            }
            StoreRequest::Cells { batch, after, limit } => {
                batches::page(&open.db, *batch, *after, *limit).map(StoreReply::Cells).map_err(store_error)
            }
            StoreRequest::SentFiles(batch) => {
                attachments::sent(&open.db, *batch).map(StoreReply::SentFiles).map_err(store_error)
            }
            StoreRequest::CellRuns { batch, after, limit } => {
                runs::of_batch(&open.db, *batch, *after, *limit).map_err(store_error)?.map(StoreReply::CellRuns)
            }
            StoreRequest::CellTexts { batch, rows } => {
                batches::texts(&open.db, *batch, rows).map(StoreReply::CellTexts).map_err(store_error)
            }
            StoreRequest::FindRows { batch, text, after, limit } => {
                batches::find(&open.db, *batch, text, *after, *limit).map(StoreReply::FoundRows).map_err(store_error)
            }
            StoreRequest::Batches { limit } => {
                let own = Own { owner: open.alive.as_ref().map(|alive| alive.owner.as_str()), signs: &signs };
                let mut entries = batches::list(&open.db, &own, *limit).map_err(store_error)?;
                let jobs = jobs.list().0;
                for entry in &mut entries {
                    entry.job = jobs.iter().find(|job| job.batch == entry.id).cloned().map(Box::new);
                }
                Ok(StoreReply::Batches(entries))
            }
            StoreRequest::ExperimentParts { experiment, held_out } => {
                batches::parts(&open.db, experiment, held_out).map(StoreReply::ExperimentParts).map_err(store_error)
            }
            StoreRequest::PastLengths { version, model, demo } => {
                batches::past(&open.db, version, model, *demo).map(StoreReply::PastLengths).map_err(store_error)
            }
            StoreRequest::CountAnswers(query) => {
                analysis::answers_to_score(&open.db, query).map(StoreReply::Answers).map_err(store_error)
            }
            StoreRequest::ScoreRuns(page) => analysis::score(&mut open.db, page)
                .map_err(store_error)?
                .map(|scored| StoreReply::Scored(Box::new(scored))),
            StoreRequest::InferSchema(query) => {
                let (inferred, answers) = analysis::infer_schema(&open.db, query).map_err(store_error)?;
                Ok(StoreReply::Inferred { inferred: Box::new(inferred), answers })
            }
            StoreRequest::JudgeAnswers(answers) => analysis::judge(answers).map(StoreReply::Judged),
            StoreRequest::Judgements(run) => {
                verdicts::all(&open.db, *run).map(StoreReply::Judgements).map_err(store_error)
            }
            StoreRequest::Review(query) => analysis::review(&open.db, query)
                .map(|review| StoreReply::Review(Box::new(review)))
                .map_err(store_error),
            StoreRequest::Report(query) => analysis::report(&open.db, query)
                .map(|report| StoreReply::Report(Box::new(report)))
                .map_err(store_error),
            StoreRequest::ComparePaired { a, b } => analysis::paired_comparison(&open.db, a, b)
                .map_err(store_error)?
                .map(|all| StoreReply::Compared(Box::new(all))),
            StoreRequest::Points { query, rule, scores } => analysis::points(&open.db, query, rule, *scores)
                .map(|points| StoreReply::Points(Box::new(points)))
                .map_err(store_error),
            StoreRequest::StatedAnswers { query, stated, truth } => {
                analysis::stated_answers(&open.db, query, stated, truth.as_deref())
                    .map(|found| StoreReply::Stated(Box::new(found)))
                    .map_err(store_error)
            }
            StoreRequest::Entries(runs) => {
                analysis::entries(&open.db, runs).map(StoreReply::Entries).map_err(store_error)
            }
            StoreRequest::OpenBlind(wanted) => blind::open(&open.db, wanted)
                .map_err(store_error)?
                .map(|comparison| StoreReply::Blind(Box::new(comparison))),
            StoreRequest::VoteBlind { id, vote } => {
                blind::vote(&open.db, *id, vote).map_err(store_error)?.map(|()| StoreReply::BlindNoted(*id))
            }
            StoreRequest::UndoBlind(id) => {
                blind::undo(&open.db, *id).map(|()| StoreReply::BlindNoted(*id)).map_err(store_error)
            }
            StoreRequest::RevealBlind { id, at } => {
                blind::reveal(&open.db, *id, *at).map(|()| StoreReply::BlindNoted(*id)).map_err(store_error)
            }
            StoreRequest::Backup(to) => {
                maintenance::backup(&open.db, &files, to).map_err(store_error)?.map(StoreReply::BackedUp)
            }
            of_files!() => Err(not_here()),
        }
    }

    /// Writes all in one transaction. One that cannot be written is lost and no other with it; where a lock
    /// or a full disk is in the way all are given back.
    fn attempt(&mut self, writes: Vec<(Write, usize)>) -> Result<(), (DbError, Vec<(Write, usize)>)> {
        let path = self.path.clone();
        let patience = if self.holds() { HELD_PATIENCE } else { WRITE_PATIENCE };
        let mut lost = Vec::new();
        let written = self.open(patience).and_then(|open| {
            let owner = open.alive.as_ref().map(|alive| alive.owner.clone());
            let done = together(&mut open.db, &mut open.known, owner.as_deref(), &writes, &mut lost);
            if done.is_err() || !lost.is_empty() {
                open.known.clear();
            }
            done.map_err(|error| database::error_of(&path, &error))
        });
        match written {
            Ok(()) => {
                for (at, error) in lost {
                    if let Some((write, _)) = writes.get(at) {
                        self.lose(write, &database::error_of(&path, &error).error);
                    }
                }
                Ok(())
            }
            Err(failed) if failed.passing.is_some() => Err((failed, writes)),
            Err(failed) => {
                for (write, _) in &writes {
                    self.lose(write, &failed.error);
                }
                Ok(())
            }
        }
    }

    /// Opens the database, which will be written to. Whatever is wrong with it, the write meets again.
    pub(crate) fn prepare(&mut self) {
        drop(self.open(HELD_PATIENCE));
    }

    fn open(&mut self, patience: Duration) -> Result<&mut Open, DbError> {
        if self.open.is_none() {
            let db = database::open(&self.path, schema::RECORD, patience)?;
            // With a write-ahead log this syncs once for each transaction: what is committed outlasts a loss of
            // power, and many writes share the wait.
            db.pragma_update(None, "synchronous", "FULL").map_err(|error| database::error_of(&self.path, &error))?;
            // What a savepoint would take back, and the pages of a large group, stay in memory.
            db.pragma_update(None, "temp_store", "MEMORY").map_err(|error| database::error_of(&self.path, &error))?;
            db.pragma_update(None, "cache_size", -16_384).map_err(|error| database::error_of(&self.path, &error))?;
            // A run is written by more statements than are remembered by default.
            db.set_prepared_statement_cache_capacity(STATEMENTS);
            // Pages that many transactions change go to their places once for all of them: 16 MB of log.
            db.pragma_update(None, "wal_autocheckpoint", 2048)
                .map_err(|error| database::error_of(&self.path, &error))?;
            let alive = atomic_file::make_dir(&self.signs).ok().and_then(|()| Alive::begin(&self.signs).ok());
            self.open = Some(Open { db, alive, known: IndexedWords::default() });
            self.sweep();
        }
        match &mut self.open {
            Some(open) => {
                drop(open.db.busy_timeout(patience));
                Ok(open)
            }
            None => Err(DbError { error: StoreError::new("the record is closed"), passing: None, damaged: false }),
        }
    }

    /// Marks as crashed what processes that are gone have left running. This is help for the
    /// reader alone: if it fails, the rows still say `running`, and the next sweep sees them.
    fn sweep(&mut self) {
        let Some(open) = &mut self.open else {
            return;
        };
        let own = open.alive.as_ref().map(|alive| alive.owner.clone());
        for owner in runs::owners(&open.db).unwrap_or_default() {
            if Some(&owner) != own.as_ref() && database::is_gone(&self.signs, &owner) {
                drop(runs::crashed(&mut open.db, &owner));
            }
        }
    }
}

/// Writes all in one transaction; those that cannot be written are named with the reason.
fn together(
    db: &mut Connection,
    known: &mut IndexedWords,
    owner: Option<&str>,
    writes: &[(Write, usize)],
    lost: &mut Vec<(usize, rusqlite::Error)>,
) -> rusqlite::Result<()> {
    let mut last = LastRun::default();
    let one = |db: &Connection, write: &Write, known: &mut IndexedWords, last: &mut LastRun| match write {
        Write::Started(run) => runs::started(db, run, owner, last),
        Write::Ended(record) => runs::ended(db, record, known, last),
    };
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let ended: HashSet<RunId> = writes.iter().filter_map(|(write, _)| write.ended()).map(|run| run.run).collect();
    let all = writes.iter().try_for_each(|(write, _)| match write {
        // Its end writes its row.
        Write::Started(run) if ended.contains(&run.run) => {
            runs::version_of_start(&transaction, run, &mut last).map(drop)
        }
        Write::Started(_) | Write::Ended(_) => one(&transaction, write, known, &mut last),
    });
    match all.and_then(|()| known.write(&transaction)) {
        Ok(()) => return transaction.commit(),
        Err(error) if database::is_passing(&error) => return Err(error),
        Err(_) => transaction.rollback()?,
    }
    // One of them cannot be written. Each is taken back by itself now, which costs the index of words a flush.
    known.clear();
    let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (at, (write, _)) in writes.iter().enumerate() {
        let savepoint = transaction.savepoint()?;
        match one(&savepoint, write, known, &mut LastRun::default()).and_then(|()| known.write(&savepoint)) {
            Ok(()) => savepoint.commit()?,
            // What keeps one out keeps all out.
            Err(error) if database::is_passing(&error) => return Err(error),
            Err(error) => {
                drop(savepoint);
                known.clear();
                lost.push((at, error));
            }
        }
    }
    transaction.commit()
}

fn not_here() -> StoreError {
    StoreError::new("the record of runs was asked for something else")
}

/// Answers out of an empty record.
fn nothing(job: &StoreRequest) -> Result<StoreReply, StoreError> {
    match job {
        StoreRequest::OpenRun(run) | StoreRequest::GradeRun { run, .. } => Err(verdicts::missing(*run)),
        StoreRequest::KnownRuns(_) => Ok(StoreReply::KnownRuns(HashSet::new())),
        StoreRequest::RunTexts(runs) => Ok(StoreReply::RunTexts(runs.iter().map(|_| None).collect())),
        StoreRequest::ListVersions { .. } => Ok(StoreReply::Versions(Vec::new())),
        StoreRequest::NameVersion { version, .. } => Err(versions::missing(version)),
        StoreRequest::Grades(_) => Ok(StoreReply::Grades(Vec::new())),
        StoreRequest::StoredAnswers(questions) => Ok(StoreReply::StoredAnswers(vec![None; questions.len()])),
        StoreRequest::VersionOrder(_) => Ok(StoreReply::VersionOrder(Vec::new())),
        StoreRequest::History { .. } => Ok(StoreReply::History(HistoryPage::default())),
        StoreRequest::CountRuns(_) => Ok(StoreReply::Counted { runs: 0, more: false }),
        StoreRequest::Vocabulary => Ok(StoreReply::Vocabulary(Box::default())),
        StoreRequest::PinRuns { .. } => Ok(StoreReply::Pinned(0)),
        StoreRequest::MoveRuns { .. } => Ok(StoreReply::RunsMoved(0)),
        StoreRequest::RenameRuns { .. } => Ok(StoreReply::RunsRenamed(0)),
        StoreRequest::RemoveRuns(_) | StoreRequest::PruneRuns { .. } => Ok(StoreReply::Pruned(Pruned::default())),
        StoreRequest::EndBatch { batch, .. } | StoreRequest::NoteGates { batch, .. } => {
            Ok(StoreReply::BatchEnded(*batch))
        }
        StoreRequest::Cells { .. } => Ok(StoreReply::Cells(Vec::new())),
        StoreRequest::SentFiles(_) => Ok(StoreReply::SentFiles(Vec::new())),
        StoreRequest::CellRuns { .. } => Ok(StoreReply::CellRuns(Vec::new())),
        StoreRequest::CellTexts { .. } => Ok(StoreReply::CellTexts(Vec::new())),
        StoreRequest::FindRows { .. } => Ok(StoreReply::FoundRows(FoundRows::default())),
        StoreRequest::Batches { .. } => Ok(StoreReply::Batches(Vec::new())),
        StoreRequest::ExperimentParts { .. } => Ok(StoreReply::ExperimentParts(Vec::new())),
        StoreRequest::PastLengths { .. } => Ok(StoreReply::PastLengths(PastLengths::default())),
        StoreRequest::OpenBlind(_)
        | StoreRequest::VoteBlind { .. }
        | StoreRequest::UndoBlind(_)
        | StoreRequest::RevealBlind { .. } => Err(blind::none_to_compare()),
        StoreRequest::CountAnswers(_) => Ok(StoreReply::Answers(Vec::new())),
        StoreRequest::JudgeAnswers(answers) => analysis::judge(answers).map(StoreReply::Judged),
        StoreRequest::ScoreRuns(_) => Ok(StoreReply::Scored(Box::default())),
        StoreRequest::InferSchema(_) => Ok(StoreReply::Inferred { inferred: Box::default(), answers: 0 }),
        StoreRequest::Judgements(_) => Ok(StoreReply::Judgements(Vec::new())),
        StoreRequest::Review(_) => Ok(StoreReply::Review(Box::default())),
        StoreRequest::Report(_) => {
            Ok(StoreReply::Report(Box::new(Review::default().report(&Query::default().time_zone()))))
        }
        StoreRequest::ComparePaired { .. } => Ok(StoreReply::Compared(Box::new(analysis::of_none()))),
        StoreRequest::Points { rule, .. } => Ok(analysis::no_points(rule)),
        StoreRequest::StatedAnswers { .. } => Ok(StoreReply::Stated(Box::default())),
        StoreRequest::Entries(_) => Ok(StoreReply::Entries(Vec::new())),
        StoreRequest::Backup(_) => Err(StoreError::new("there is no record of runs to copy")),
        // These make the record, and are not asked of one that is missing.
        StoreRequest::KeepVersion { .. } | StoreRequest::BeginBatch { .. } => {
            Err(StoreError::new("the record of runs was not made"))
        }
        of_files!() => Err(not_here()),
    }
}

impl Drop for RunDatabase {
    /// Clears the directory of signs away if this was the last.
    fn drop(&mut self) {
        self.open = None;
        drop(fs::remove_dir(&self.signs));
    }
}

/// Writes that are held back, at most: of bytes only beyond a first write.
const MOST: Load = Load { pieces: 4096, weight: 64 * 1024 * 1024 };

/// Runs that are remembered as lost, at most.
const MOST_LOST: usize = 4096;

/// What is held back, and what could not be.
#[derive(Debug, Default)]
pub(crate) struct Held {
    writes: VecDeque<(Write, usize)>,
    weight: usize,
    /// Runs that are not on record and will not be, the last of them, with the reason.
    lost: VecDeque<(RunId, String)>,
}

impl RunDatabase {
    /// Tells whether writes are held back.
    pub(crate) fn holds(&self) -> bool {
        !self.held.writes.is_empty()
    }

    /// Writes together, after everything that is held back. What a lock or a full disk keeps out is held
    /// back and tried again later; that is told, and so is what is lost.
    pub(crate) fn write(&mut self, writes: Vec<(Write, usize)>) {
        self.keep_files(&writes);
        if self.holds() {
            self.retry();
        }
        if self.holds() {
            for (write, weight) in writes {
                self.hold(write, weight);
            }
            return;
        }
        if let Err((failed, writes)) = self.attempt(writes) {
            self.reports
                .report(StoreFailure::Record, StoreError::new(format!("runs are not recorded yet: {}", failed.error)));
            self.block(&failed);
            for (write, weight) in writes {
                self.hold(write, weight);
            }
        }
    }

    /// Keeps the bytes that went with runs. A run is on record without them, too: that is told.
    fn keep_files(&self, writes: &[(Write, usize)]) {
        for record in writes.iter().filter_map(|(write, _)| write.ended()) {
            if let Err(error) = attachments::keep(&self.files, record) {
                let words = format!("the files of runs are not kept: {error}");
                self.reports.report(StoreFailure::Attachments, StoreError::new(words));
            }
        }
    }

    /// Writes what is held back, in order, if that can be done.
    pub(crate) fn retry(&mut self) {
        let held: Vec<_> = std::mem::take(&mut self.held.writes).into();
        if held.is_empty() {
            return;
        }
        match self.attempt(held) {
            Ok(()) => {
                self.held.weight = 0;
                self.reports.unblock();
            }
            Err((failed, writes)) => {
                self.held.writes = writes.into();
                self.block(&failed);
            }
        }
    }

    fn block(&self, failed: &DbError) {
        self.reports.block(failed.error.to_string(), failed.passing.unwrap_or_default());
    }

    fn hold(&mut self, write: Write, weight: usize) {
        let heavy = self.holds() && self.held.weight.saturating_add(weight) > MOST.weight;
        if heavy || self.held.writes.len() >= MOST.pieces {
            let path = self.path.display();
            let error = StoreError::new(format!("{path} is out of reach, and no more can wait for it"));
            return self.lose(&write, &error);
        }
        self.held.weight = self.held.weight.saturating_add(weight);
        self.held.writes.push_back((write, weight));
    }

    /// Says that a run is not on record and will not be.
    pub(crate) fn lose(&mut self, write: &Write, error: &StoreError) {
        let message = format!("runs are not recorded: {error}");
        self.reports.report(StoreFailure::RecordLost, StoreError::new(message.clone()));
        if let Some(record) = write.ended() {
            if self.held.lost.len() >= MOST_LOST {
                self.held.lost.pop_front();
            }
            self.held.lost.push_back((record.run, message));
        }
    }

    /// Tells how a run that has ended stands.
    pub(crate) fn state(&self, run: RunId) -> RecordState {
        let is_held = |(write, _): &(Write, usize)| write.ended().is_some_and(|record| record.run == run);
        if let Some((_, why)) = self.held.lost.iter().find(|(lost, _)| *lost == run) {
            RecordState::Lost(why.clone())
        } else if self.held.writes.iter().any(is_held) {
            match self.reports.blocked().borrow().as_ref().filter(|blocked| blocked.is_over()) {
                Some(Blocked { why, .. }) => RecordState::Lost(format!("runs are not recorded: {why}")),
                None => RecordState::Held,
            }
        } else {
            RecordState::Stored
        }
    }

    /// Says that what is still held back is lost, if anything is: the program ends.
    pub(crate) fn close(&mut self) {
        self.retry();
        let blocked = self.reports.blocked().borrow().as_ref().map(|blocked| blocked.why.clone());
        let why = blocked.unwrap_or_else(|| format!("{} was out of reach until the end", self.path.display()));
        for (write, _) in std::mem::take(&mut self.held.writes) {
            self.lose(&write, &StoreError::new(why.clone()));
        }
        if let Some(open) = self.open.take() {
            database::close(&self.path, open.db);
        }
    }
}
