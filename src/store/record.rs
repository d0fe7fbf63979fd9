//! The record of runs: its database, opened when first needed, and writes that wait out a lock.

mod calm;
mod held;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};

use super::{
    alive::{self, Alive},
    atomic,
    batches::{self, Own},
    db::{self, DbFault},
    grades, history,
    job::{HistoryPage, Job, PastLengths, Pruned, Reply, StoreFault},
    judgements, points, review, runs, schema, score,
    search::Known,
    versions, weigh,
    worker::Reports,
};
use crate::{
    eval::Review,
    model::query::Query,
    pipeline::port::{RunRecord, RunStart},
};
pub(super) use calm::Calm;
use held::Held;

/// How long another process's lock is waited for by a question.
const QUESTION_PATIENCE: Duration = Duration::from_secs(5);

/// How long by a write, which is not lost if it is held back.
const WRITE_PATIENCE: Duration = Duration::from_secs(1);

/// How long by a write while others are held back already.
const HELD_PATIENCE: Duration = Duration::from_millis(50);

/// A write to the record.
#[derive(Debug)]
pub(super) enum Write {
    Started(RunStart),
    Ended(Box<RunRecord>),
}

/// `retort.db` and this process's sign of life beside it, in `running/`.
#[derive(Debug)]
pub(super) struct Record {
    path: PathBuf,
    signs: PathBuf,
    open: Option<Open>,
    held: Held,
    reports: Reports,
}

/// How a run that has ended stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is on the disk.
    Kept,
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
    known: Known,
}

impl Record {
    pub(super) fn new(data: &Path, reports: Reports) -> Self {
        Self { path: data.join("retort.db"), signs: data.join("running"), open: None, held: Held::default(), reports }
    }

    /// Answers a question about runs.
    pub(super) fn answer(&mut self, job: &Job) -> Result<Reply, StoreFault> {
        // What was just written must be found; if it cannot be written the rest still is.
        self.retry();
        let (path, signs) = (self.path.clone(), self.signs.clone());
        let told = |error: rusqlite::Error| db::fault(&path, &error).fault;
        if self.open.is_none()
            && !self.path.exists()
            && !matches!(job, Job::KeepVersion { .. } | Job::BeginBatch { .. })
        {
            // A question makes no files.
            return nothing(job);
        }
        self.sweep();
        let open = self.open(QUESTION_PATIENCE).map_err(|failed| failed.fault)?;
        match job {
            Job::OpenRun(run) => runs::open(&open.db, *run).map_err(told)?.map(|run| Reply::Run(Box::new(run))),
            Job::ListVersions { of, limit } => versions::list(&open.db, of, *limit).map(Reply::Versions).map_err(told),
            Job::KeepVersion { prompt, of, parent, at } => {
                versions::keep(&open.db, prompt, of, parent.as_ref(), *at).map(Reply::VersionKept).map_err(told)
            }
            Job::NameVersion { version, name, at } => versions::name(&open.db, version, name, *at)
                .map_err(told)?
                .map(|()| Reply::VersionNamed(version.clone())),
            Job::GradeRun { run, grade, at } => {
                grades::give(&open.db, *run, grade, *at).map_err(told)?.map(|()| Reply::Graded(*run))
            }
            Job::Grades(runs) => grades::of(&open.db, runs).map(Reply::Grades).map_err(told),
            Job::History { query, after, limit } => {
                history::page(&open.db, query, after.as_ref(), *limit).map(Reply::History).map_err(told)
            }
            Job::CountRuns(query) => {
                history::count(&open.db, query).map(|(runs, more)| Reply::Counted { runs, more }).map_err(told)
            }
            Job::Vocabulary => {
                history::vocabulary(&open.db).map(|names| Reply::Vocabulary(Box::new(names))).map_err(told)
            }
            Job::PinRuns { runs, pinned } => history::pin(&open.db, runs, *pinned).map(Reply::Pinned).map_err(told),
            Job::RemoveRuns(runs) => history::remove(&mut open.db, runs).map(Reply::Pruned).map_err(told),
            Job::PruneRuns { before, keep_pinned, dry } => {
                history::prune(&mut open.db, *before, *keep_pinned, *dry).map(Reply::Pruned).map_err(told)
            }
            Job::BeginBatch { spec, how, at } => {
                let own = Own { owner: open.alive.as_ref().map(|alive| alive.owner.as_str()), signs: &signs };
                let begun = batches::begin(&mut open.db, &own, spec, *how, *at).map_err(told)?;
                begun.map(|state| Reply::Batch(Box::new(state)))
            }
            Job::EndBatch { batch, end, at } => {
                batches::end(&open.db, *batch, end, *at).map(|()| Reply::BatchEnded(*batch)).map_err(told)
            }
            Job::Cells { batch, after, limit } => {
                batches::page(&open.db, *batch, *after, *limit).map(Reply::Cells).map_err(told)
            }
            Job::CellRuns { batch, after, limit } => {
                batches::runs(&open.db, *batch, *after, *limit).map_err(told)?.map(Reply::CellRuns)
            }
            Job::Batches { limit } => {
                let own = Own { owner: open.alive.as_ref().map(|alive| alive.owner.as_str()), signs: &signs };
                batches::list(&open.db, &own, *limit).map(Reply::Batches).map_err(told)
            }
            Job::PastLengths { version, model } => {
                batches::past(&open.db, version, model).map(Reply::PastLengths).map_err(told)
            }
            Job::CountAnswers(query) => score::answers(&open.db, query).map(Reply::Answers).map_err(told),
            Job::ScoreRuns(page) => {
                score::score(&mut open.db, page).map_err(told)?.map(|scored| Reply::Scored(Box::new(scored)))
            }
            Job::Judgements(run) => judgements::all(&open.db, *run).map(Reply::Judgements).map_err(told),
            Job::Review(query) => {
                review::review(&open.db, query).map(|review| Reply::Review(Box::new(review))).map_err(told)
            }
            Job::Report(query) => {
                review::report(&open.db, query).map(|report| Reply::Report(Box::new(report))).map_err(told)
            }
            Job::Weigh { a, b } => weigh::weigh(&open.db, a, b).map_err(told)?.map(|all| Reply::Weighed(Box::new(all))),
            Job::Points { .. } | Job::Entries(_) => points::answer(&open.db, job).map_err(told),
            Job::Backup(to) => history::backup(&open.db, to).map_err(told)?.map(Reply::BackedUp),
            _ => nothing(job),
        }
    }

    /// Writes all in one transaction. One that cannot be written is lost and no other with it; where a lock
    /// or a full disk is in the way all are given back.
    fn attempt(&mut self, writes: Vec<(Write, usize)>) -> Result<(), (DbFault, Vec<(Write, usize)>)> {
        let path = self.path.clone();
        let patience = if self.holds() { HELD_PATIENCE } else { WRITE_PATIENCE };
        let mut lost = Vec::new();
        let written = self.open(patience).and_then(|open| {
            let owner = open.alive.as_ref().map(|alive| alive.owner.clone());
            let done = together(&mut open.db, &mut open.known, owner.as_deref(), &writes, &mut lost);
            if done.is_err() || !lost.is_empty() {
                open.known.clear();
            }
            done.map_err(|error| db::fault(&path, &error))
        });
        match written {
            Ok(()) => {
                for (at, error) in lost {
                    if let Some((write, _)) = writes.get(at) {
                        self.lose(write, &db::fault(&path, &error).fault);
                    }
                }
                Ok(())
            }
            Err(failed) if failed.passing.is_some() => Err((failed, writes)),
            Err(failed) => {
                for (write, _) in &writes {
                    self.lose(write, &failed.fault);
                }
                Ok(())
            }
        }
    }

    fn open(&mut self, patience: Duration) -> Result<&mut Open, DbFault> {
        if self.open.is_none() {
            let db = db::open(&self.path, schema::RECORD, patience)?;
            // With a write-ahead log this syncs once for each transaction: what is committed outlasts a loss of
            // power, and many writes share the wait.
            db.pragma_update(None, "synchronous", "FULL").map_err(|error| db::fault(&self.path, &error))?;
            // What a savepoint would take back, and the pages of a large group, stay in memory.
            db.pragma_update(None, "temp_store", "MEMORY").map_err(|error| db::fault(&self.path, &error))?;
            db.pragma_update(None, "cache_size", -16_384).map_err(|error| db::fault(&self.path, &error))?;
            // Pages that many transactions change go to their places once for all of them: 16 MB of log.
            db.pragma_update(None, "wal_autocheckpoint", 4096).map_err(|error| db::fault(&self.path, &error))?;
            let alive = atomic::make_dir(&self.signs).ok().and_then(|()| Alive::begin(&self.signs).ok());
            self.open = Some(Open { db, alive, known: Known::default() });
            self.sweep();
        }
        match &mut self.open {
            Some(open) => {
                drop(open.db.busy_timeout(patience));
                Ok(open)
            }
            None => Err(DbFault { fault: StoreFault::new("the record is closed"), passing: None, damaged: false }),
        }
    }

    /// Marks as crashed what processes that are gone have left running. This is help for the
    /// reader alone: if it fails, the rows still say `running`, and the next sweep sees them.
    fn sweep(&mut self) {
        let Some(open) = &self.open else {
            return;
        };
        let own = open.alive.as_ref().map(|alive| alive.owner.as_str());
        for owner in runs::owners(&open.db).unwrap_or_default() {
            if Some(owner.as_str()) != own && alive::is_gone(&self.signs, &owner) {
                drop(runs::crashed(&open.db, &owner));
            }
        }
    }
}

/// Writes all in one transaction; those that cannot be written are named with the reason.
fn together(
    db: &mut Connection,
    known: &mut Known,
    owner: Option<&str>,
    writes: &[(Write, usize)],
    lost: &mut Vec<(usize, rusqlite::Error)>,
) -> rusqlite::Result<()> {
    let mut transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for (at, (write, _)) in writes.iter().enumerate() {
        let savepoint = transaction.savepoint()?;
        let done = match write {
            Write::Started(run) => runs::started(&savepoint, run, owner),
            Write::Ended(record) => runs::ended(&savepoint, record, known),
        };
        match done {
            Ok(()) => savepoint.commit()?,
            // What keeps one out keeps all out.
            Err(error) if db::is_passing(&error) => return Err(error),
            Err(error) => {
                drop(savepoint);
                lost.push((at, error));
            }
        }
    }
    transaction.commit()
}

/// Answers out of an empty record.
fn nothing(job: &Job) -> Result<Reply, StoreFault> {
    match job {
        Job::OpenRun(run) | Job::GradeRun { run, .. } => Err(runs::missing(*run)),
        Job::ListVersions { .. } => Ok(Reply::Versions(Vec::new())),
        Job::NameVersion { version, .. } => Err(versions::missing(version)),
        Job::Grades(_) => Ok(Reply::Grades(Vec::new())),
        Job::History { .. } => Ok(Reply::History(HistoryPage::default())),
        Job::CountRuns(_) => Ok(Reply::Counted { runs: 0, more: false }),
        Job::Vocabulary => Ok(Reply::Vocabulary(Box::default())),
        Job::PinRuns { .. } => Ok(Reply::Pinned(0)),
        Job::RemoveRuns(_) | Job::PruneRuns { .. } => Ok(Reply::Pruned(Pruned::default())),
        Job::EndBatch { batch, .. } => Ok(Reply::BatchEnded(*batch)),
        Job::Cells { .. } => Ok(Reply::Cells(Vec::new())),
        Job::CellRuns { .. } => Ok(Reply::CellRuns(Vec::new())),
        Job::Batches { .. } => Ok(Reply::Batches(Vec::new())),
        Job::PastLengths { .. } => Ok(Reply::PastLengths(PastLengths::default())),
        Job::CountAnswers(_) => Ok(Reply::Answers(Vec::new())),
        Job::ScoreRuns(_) => Ok(Reply::Scored(Box::default())),
        Job::Judgements(_) => Ok(Reply::Judgements(Vec::new())),
        Job::Review(_) => Ok(Reply::Review(Box::default())),
        Job::Report(_) => Ok(Reply::Report(Box::new(Review::default().report(&Query::default().time_zone())))),
        Job::Weigh { .. } => Ok(Reply::Weighed(Box::new(weigh::of_none()))),
        Job::Points { rule, .. } => Ok(points::of_none(rule)),
        Job::Entries(_) => Ok(Reply::Entries(Vec::new())),
        Job::Backup(_) => Err(StoreFault::new("there is no record of runs to copy")),
        _ => Err(StoreFault::new("the record of runs was asked for something else")),
    }
}

impl Drop for Record {
    /// Clears the directory of signs away if this was the last.
    fn drop(&mut self) {
        self.open = None;
        drop(fs::remove_dir(&self.signs));
    }
}
