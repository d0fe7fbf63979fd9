//! The record of runs: its database, opened when first needed, and writes that wait out a lock.

use std::{
    collections::VecDeque,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, TransactionBehavior};

use super::{
    alive::{self, Alive},
    atomic,
    db::{self, DbFault},
    grades, history,
    job::{HistoryPage, Job, Pruned, Reply, StoreFault, Totals},
    runs, schema,
    search::Known,
    versions,
    worker::{Reports, Trouble},
};
use crate::pipeline::port::{RunRecord, RunStart};

/// How long another process's lock is waited for by a question.
const QUESTION_PATIENCE: Duration = Duration::from_secs(5);

/// How long by a write, which is not lost if it is held back.
const WRITE_PATIENCE: Duration = Duration::from_secs(1);

/// How long by a write while others are held back already.
const HELD_PATIENCE: Duration = Duration::from_millis(50);

/// Writes that are held back, at most.
const MOST_HELD: usize = 1024;

/// Bytes that are held back, at most, beyond a first write.
const HEAVIEST_HELD: usize = 64 * 1024 * 1024;

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
    held: VecDeque<(Write, usize)>,
    held_weight: usize,
    reports: Reports,
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
        Self {
            path: data.join("retort.db"),
            signs: data.join("running"),
            open: None,
            held: VecDeque::new(),
            held_weight: 0,
            reports,
        }
    }

    /// Tells whether writes are held back.
    pub(super) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Writes, after everything that is held back. What a lock or a full disk keeps out is held
    /// back and tried again later; that is told, and so is what is lost.
    pub(super) fn write(&mut self, write: Write, weight: usize) {
        self.retry();
        if self.holds() {
            return self.hold(write, weight);
        }
        match self.attempt(&write) {
            Ok(()) => {}
            Err(failed) if failed.passing => {
                let message = format!("runs are not recorded yet: {}", failed.fault);
                self.reports.tell(Trouble::Record, StoreFault::new(message));
                self.hold(write, weight);
            }
            Err(failed) => self.lost(&failed.fault),
        }
    }

    /// Writes what is held back, in order, as far as it goes.
    pub(super) fn retry(&mut self) {
        while let Some((write, weight)) = self.held.pop_front() {
            match self.attempt(&write) {
                Err(failed) if failed.passing => {
                    self.held.push_front((write, weight));
                    return;
                }
                done => {
                    self.held_weight = self.held_weight.saturating_sub(weight);
                    if let Err(failed) = done {
                        self.lost(&failed.fault);
                    }
                }
            }
        }
    }

    /// Says that a run is not on record and will not be.
    fn lost(&self, fault: &StoreFault) {
        self.reports.tell(Trouble::RecordLost, StoreFault::new(format!("runs are not recorded: {fault}")));
    }

    /// Answers a question about runs.
    pub(super) fn answer(&mut self, job: &Job) -> Result<Reply, StoreFault> {
        // What was just written must be found; if it cannot be written the rest still is.
        self.retry();
        let path = self.path.clone();
        let told = |error: rusqlite::Error| db::fault(&path, &error).fault;
        if self.open.is_none() && !self.path.exists() && !matches!(job, Job::KeepVersion { .. }) {
            // A question makes no files.
            return nothing(job);
        }
        self.sweep();
        let open = self.open(QUESTION_PATIENCE).map_err(|failed| failed.fault)?;
        match job {
            Job::RecentRuns { limit } => runs::recent(&open.db, *limit).map(Reply::Runs).map_err(told),
            Job::OpenRun(run) => runs::open(&open.db, *run).map_err(told)?.map(|run| Reply::Run(Box::new(run))),
            Job::Totals => runs::totals(&open.db).map(Reply::Totals).map_err(told),
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
            Job::Backup(to) => history::backup(&open.db, to).map_err(told)?.map(Reply::BackedUp),
            _ => nothing(job),
        }
    }

    fn hold(&mut self, write: Write, weight: usize) {
        let heavy = self.holds() && self.held_weight.saturating_add(weight) > HEAVIEST_HELD;
        if heavy || self.held.len() >= MOST_HELD {
            let path = self.path.display();
            return self.lost(&StoreFault::new(format!("{path} is out of reach, and no more can wait for it")));
        }
        self.held_weight = self.held_weight.saturating_add(weight);
        self.held.push_back((write, weight));
    }

    /// Says that what is still held back is lost, if anything is: the program ends.
    pub(super) fn close(&mut self) {
        self.retry();
        if self.holds() {
            let path = self.path.display();
            self.lost(&StoreFault::new(format!("{path} was out of reach until the end")));
        }
    }

    fn attempt(&mut self, write: &Write) -> Result<(), DbFault> {
        let path = self.path.clone();
        let patience = if self.holds() { HELD_PATIENCE } else { WRITE_PATIENCE };
        let open = self.open(patience)?;
        let owner = open.alive.as_ref().map(|alive| alive.owner.as_str());
        let written = open.db.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|transaction| {
            match write {
                Write::Started(run) => runs::started(&transaction, run, owner)?,
                Write::Ended(record) => runs::ended(&transaction, record, &mut open.known)?,
            }
            transaction.commit()
        });
        if written.is_err() {
            open.known.clear();
        }
        written.map_err(|error| db::fault(&path, &error))
    }

    fn open(&mut self, patience: Duration) -> Result<&mut Open, DbFault> {
        if self.open.is_none() {
            let db = db::open(&self.path, schema::RECORD, patience)?;
            let alive = atomic::make_dir(&self.signs).ok().and_then(|()| Alive::begin(&self.signs).ok());
            self.open = Some(Open { db, alive, known: Known::default() });
            self.sweep();
        }
        match &mut self.open {
            Some(open) => {
                drop(open.db.busy_timeout(patience));
                Ok(open)
            }
            None => Err(DbFault { fault: StoreFault::new("the record is closed"), passing: false, damaged: false }),
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

/// Answers out of an empty record.
fn nothing(job: &Job) -> Result<Reply, StoreFault> {
    match job {
        Job::RecentRuns { .. } => Ok(Reply::Runs(Vec::new())),
        Job::OpenRun(run) | Job::GradeRun { run, .. } => Err(runs::missing(*run)),
        Job::Totals => Ok(Reply::Totals(Totals::default())),
        Job::ListVersions { .. } => Ok(Reply::Versions(Vec::new())),
        Job::NameVersion { version, .. } => Err(versions::missing(version)),
        Job::Grades(_) => Ok(Reply::Grades(Vec::new())),
        Job::History { .. } => Ok(Reply::History(HistoryPage::default())),
        Job::CountRuns(_) => Ok(Reply::Counted { runs: 0, more: false }),
        Job::Vocabulary => Ok(Reply::Vocabulary(Box::default())),
        Job::PinRuns { .. } => Ok(Reply::Pinned(0)),
        Job::RemoveRuns(_) | Job::PruneRuns { .. } => Ok(Reply::Pruned(Pruned::default())),
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
