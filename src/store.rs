//! The disk: settings, prompts, sessions, the record of runs and the response cache.
//!
//! Settings, keys and places are read by whoever starts the program. Everything else is asked of
//! a [`Store`], which works on threads of its own: no run, no key press and no frame waits for it.

pub mod api;
pub mod baselines;
pub mod key_memory;
pub mod llm_log;
pub mod maintenance;
pub mod observer;
pub mod part_files;
pub mod prompts;
pub mod quirk_memory;
pub mod remote_answers;
pub mod remote_jobs;
pub mod sessions;

pub(crate) mod analysis;
pub(crate) mod attachments;
pub(crate) mod batches;
pub(crate) mod blind;
pub(crate) mod cache;
pub(crate) mod columns;
pub(crate) mod database;
pub(crate) mod facts;
pub(crate) mod history;
pub(crate) mod migration;
pub(crate) mod prompt_edit;
pub(crate) mod prompt_merge;
pub(crate) mod prompt_move;
pub(crate) mod prompt_rename;
pub(crate) mod record;
pub(crate) mod renamed_prompts;
pub(crate) mod reports;
pub(crate) mod runs;
pub(crate) mod schema;
pub(crate) mod search;
pub(crate) mod shared_file;
pub(crate) mod verdicts;
pub(crate) mod versions;
pub(crate) mod worker;

use std::{
    future::Future,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

pub use crate::store::cache::CacheStats;
use crate::{
    model::{BatchId, error::StoreError, settings::Places},
    pipeline::ports::{Cache, CellPages, Recorder},
    store::{
        api::{StoreReply, StoreRequest},
        observer::RunObserver,
        reports::Reports,
        worker::{
            CacheTask, FileTask, RecordTask,
            queue::{Load, NotQueued, Queue},
        },
    },
};

/// What waits for one thread, at most: pieces of work, and bytes of answers beyond a first.
const MOST_WAITING: Load = Load { pieces: 1024, weight: 64 * 1024 * 1024 };

/// What may wait for the record before a batch waits too.
const BEHIND: Load = Load { pieces: 512, weight: 16 * 1024 * 1024 };

/// The disk behind four threads: one for prompts and sessions, one for inputs, one for the record of runs, one
/// for the cache.
///
/// Each works its own queue off in order. A prompt, a session or an input that cannot be reached in time is
/// answered with an error and holds nothing else up. A queue that is full refuses: [`Store::ask`] answers
/// with an error, an answer is not cached, a run of more bytes than can wait is not recorded, and the
/// latter two are told of once on [`Store::errors`]. A batch waits for a slow disk
/// ([`Recorder::room`]), and [`Store::close`] does within its bound; nothing else ever. Clones of
/// the ports outlive the store but are refused once it is closed.
#[derive(Debug)]
pub struct Store {
    files: Arc<Queue<FileTask>>,
    /// Files that somebody names: what is blocked there must not keep a session from being saved.
    inputs: Arc<Queue<FileTask>>,
    record: Arc<Queue<RecordTask>>,
    cache: Arc<Queue<CacheTask>>,
    reports: Reports,
    errors: Mutex<Option<mpsc::UnboundedReceiver<StoreError>>>,
    observer: Option<Arc<dyn RunObserver>>,
}

impl Store {
    /// Starts the threads. Nothing is opened before it is needed, and then on them.
    ///
    /// `capacity` is how many answers the cache holds.
    #[must_use]
    pub fn open(places: Places, capacity: usize) -> Self {
        let (reports, errors) = Reports::new();
        let places = Arc::new(places);
        let store = Self {
            files: Arc::new(Queue::new(MOST_WAITING, Load::ANY)),
            inputs: Arc::new(Queue::new(MOST_WAITING, Load::ANY)),
            // However many runs come, a batch waits before it brings more, and questions are few.
            record: Arc::new(
                Queue::new(Load { pieces: usize::MAX, ..MOST_WAITING }, BEHIND).hurried_by(RecordTask::is_question),
            ),
            // A batch may bring its answers faster than they are stored.
            cache: Arc::new(Queue::new(Load { pieces: 8 * MOST_WAITING.pieces, ..MOST_WAITING }, Load::ANY)),
            reports,
            errors: Mutex::new(Some(errors)),
            observer: None,
        };
        worker::files("retort-files", Arc::clone(&store.files), Arc::clone(&places));
        worker::files("retort-inputs", Arc::clone(&store.inputs), Arc::clone(&places));
        worker::record(Arc::clone(&store.record), Arc::clone(&places), store.reports.clone());
        worker::cache(Arc::clone(&store.cache), places, capacity, store.reports.clone());
        store
    }

    /// Returns how many runs that ended are not on record, as the disk does not take them as fast as they come.
    #[must_use]
    pub fn unrecorded(&self) -> u64 {
        self.reports.lost()
    }

    /// Returns how many runs that ended were lost to whoever hears of them beside the record.
    #[must_use]
    pub fn untold(&self) -> u64 {
        self.observer.as_ref().map_or(0, |observer| observer.lost())
    }

    /// Has somebody hear of every run that ends, beside the record.
    #[must_use]
    pub fn observed(mut self, observer: Option<Arc<dyn RunObserver>>) -> Self {
        self.observer = observer;
        self
    }

    /// Asks for something and answers when it is done. It is queued at once, whether or not the
    /// future is polled, so that what is saved in order is written in order.
    pub fn ask(&self, job: StoreRequest) -> impl Future<Output = Result<StoreReply, StoreError>> + Send + use<> {
        let (reply, receiver) = oneshot::channel();
        let pushed = match job {
            job if job.is_of_record() => self.record.push(RecordTask::Ask(job, reply), 0),
            job @ (StoreRequest::ReadInput(_) | StoreRequest::LookAtPart(_)) => {
                self.inputs.push(FileTask { job, reply }, 0)
            }
            job => self.files.push(FileTask { job, reply }, 0),
        };
        answer(pushed, receiver)
    }

    /// Returns the record of runs as the pipeline sees it.
    #[must_use]
    pub fn recorder(&self) -> Arc<dyn Recorder> {
        Arc::new(worker::RecordPort {
            queue: Arc::clone(&self.record),
            reports: self.reports.clone(),
            refused: Mutex::default(),
            observer: self.observer.clone(),
        })
    }

    /// Returns the cells of a batch that have ended, as the pipeline reads them when it goes on with it.
    pub(crate) fn cells(&self, batch: BatchId) -> Arc<dyn CellPages> {
        Arc::new(worker::CellPort { queue: Arc::clone(&self.record), batch })
    }

    /// Returns the response cache as the pipeline sees it.
    #[must_use]
    pub fn cache(&self) -> Arc<dyn Cache> {
        Arc::new(worker::CachePort { queue: Arc::clone(&self.cache), reports: self.reports.clone() })
    }

    /// Counts what the cache holds.
    pub fn cache_stats(&self) -> impl Future<Output = Result<CacheStats, StoreError>> + Send + use<> {
        let (reply, receiver) = oneshot::channel();
        answer(self.cache.push(CacheTask::Stats(reply), 0), receiver)
    }

    /// Empties the cache and tells how many answers it held. A damaged cache is made anew.
    pub fn clear_cache(&self) -> impl Future<Output = Result<u64, StoreError>> + Send + use<> {
        let (reply, receiver) = oneshot::channel();
        answer(self.cache.push(CacheTask::Clear(reply), 0), receiver)
    }

    /// Returns what goes wrong in work nobody asked about: each kind of failure once, what
    /// happened before included. The first caller has it; for later ones it has already ended.
    pub fn errors(&self) -> mpsc::UnboundedReceiver<StoreError> {
        let first = self.errors.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| mpsc::unbounded_channel().1)
    }

    /// Waits until every run told of so far is on record, or could not be put there; for `limit`
    /// at most.
    pub async fn recorded(&self, limit: Duration) {
        // The record is one queue in order: whoever is answered comes after all that was before.
        let _ = tokio::time::timeout(limit, self.ask(StoreRequest::Grades(Vec::new()))).await;
    }

    /// Takes no more work and blocks until everything queued is written: a slow disk may take its time, one that
    /// does nothing at all has `limit`. What is still to be read is not waited for.
    pub fn close(&self, limit: Duration) -> Result<(), StoreError> {
        self.stop();
        let until = Instant::now() + limit;
        let left = || until.saturating_duration_since(Instant::now());
        let done = self.files.ended(left()) && self.record.ended(left()) && self.cache.ended(left());
        let told = self.observer.as_ref().map_or(Ok(()), |observer| observer.close(left()));
        if done { told } else { Err(StoreError::new("the disk is too slow: what was still to be written is lost")) }
    }

    fn stop(&self) {
        self.files.close();
        self.inputs.close();
        self.record.close();
        self.cache.close();
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn answer<T>(
    pushed: Result<(), NotQueued>,
    receiver: oneshot::Receiver<Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match pushed {
        Ok(()) => receiver.await.unwrap_or_else(|_| Err(worker::refused(NotQueued::Closed))),
        Err(why) => Err(worker::refused(why)),
    }
}
