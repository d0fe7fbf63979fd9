//! The threads that touch the disk, and the ports through which runs reach them.

mod files;
mod ports;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    cache::{CacheDb, CacheStats},
    job::{Job, Reply, StoreFault},
    queue::{Popped, Queue, Refused},
    record::{Calm, Record, Standing, Write},
};
use crate::{
    model::{RunId, settings::Places},
    pipeline::port::{Cached, RunRecord, RunStart},
};
pub(super) use files::files;
pub(super) use ports::{CachePort, RecordPort};

/// Where a task's answer goes. Nobody may be waiting for it any more.
pub(super) type Tell<T> = oneshot::Sender<T>;

/// Work for the thread of files.
#[derive(Debug)]
pub(super) struct FileTask {
    pub(super) job: Job,
    pub(super) tell: Tell<Result<Reply, StoreFault>>,
}

/// Work for the thread of the record.
#[derive(Debug)]
pub(super) enum RecordTask {
    Started(RunStart),
    Ended(Box<RunRecord>),
    Ask(Job, Tell<Result<Reply, StoreFault>>),
    /// Tells once a run that has ended is on the disk.
    Settle(RunId, Tell<Result<(), String>>),
}

impl RecordTask {
    /// Tells whether it can be done together with others before it.
    fn goes_along(&self) -> bool {
        !matches!(self, Self::Ask(..))
    }
}

/// Work for the thread of the cache.
#[derive(Debug)]
pub(super) enum CacheTask {
    Get(String, Tell<Option<Cached>>),
    Put(String, Box<Cached>),
    Stats(Tell<Result<CacheStats, StoreFault>>),
    Clear(Tell<Result<u64, StoreFault>>),
}

/// A kind of trouble in work nobody asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// Runs wait for the record to come into reach.
    Record,
    /// A run could not be recorded.
    RecordLost,
    /// The record is too far behind.
    RecordFull,
    /// The cache could not be used.
    Cache,
    /// The cache is too far behind.
    CacheFull,
}

/// Why runs cannot be written at the moment.
#[derive(Debug, Clone)]
pub(super) struct Blocked {
    /// In words, with the file and the next step.
    pub(super) why: String,
    /// Until when it is worth waiting.
    pub(super) until: Instant,
}

impl Blocked {
    /// Tells whether it has taken longer than is waited for.
    pub(super) fn is_over(&self) -> bool {
        self.until <= Instant::now()
    }
}

/// Tells of each kind of trouble once, and whether runs can be written.
#[derive(Debug, Clone)]
pub(super) struct Reports {
    told: Arc<Mutex<BTreeSet<Trouble>>>,
    faults: mpsc::UnboundedSender<StoreFault>,
    blocked: Arc<watch::Sender<Option<Blocked>>>,
}

impl Reports {
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<StoreFault>) {
        let (faults, receiver) = mpsc::unbounded_channel();
        (Self { told: Arc::default(), faults, blocked: Arc::default() }, receiver)
    }

    /// Notes that runs cannot be written, and how long that is worth waiting for from its beginning on.
    pub(super) fn block(&self, why: String, patience: Duration) {
        self.blocked.send_modify(|blocked| {
            let until = blocked.as_ref().map_or_else(|| Instant::now() + patience, |known| known.until);
            *blocked = Some(Blocked { why, until });
        });
    }

    /// Notes that runs can be written again.
    pub(super) fn unblock(&self) {
        self.blocked.send_replace(None);
    }

    /// Follows whether runs can be written.
    pub(super) fn blocked(&self) -> watch::Receiver<Option<Blocked>> {
        self.blocked.subscribe()
    }

    pub(super) fn tell(&self, trouble: Trouble, fault: StoreFault) {
        if self.told.lock().unwrap_or_else(PoisonError::into_inner).insert(trouble) {
            // Nobody may be listening, as at the program's end.
            drop(self.faults.send(fault));
        }
    }
}

/// Says why something could not be queued.
pub(super) fn refused(why: Refused) -> StoreFault {
    StoreFault::new(match why {
        Refused::Full => "the disk is too slow: too much is waiting to be written; try again in a moment",
        Refused::Closed => "the store is closed: the program is about to end",
    })
}

/// How long a thread without work sleeps between looks; it is woken for work.
const IDLE: Duration = Duration::from_secs(3600);

/// Pieces of work that are done together, at most.
const TOGETHER: usize = 256;

/// How long writes that come thick are gathered: a cell of a batch waits that long for the disk, and no call
/// for the cell.
const LINGER: Duration = Duration::from_millis(10);

/// How often writes that are held back are tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Starts the thread of the record.
pub(super) fn record(queue: Arc<Queue<RecordTask>>, places: Arc<Places>, reports: Reports) {
    start("retort-record", queue, move |queue| {
        let mut record = Record::new(&places.data, reports);
        let mut settling = Settling::default();
        let mut written: Option<Instant> = None;
        let mut calm = Calm::disturbed();
        loop {
            let popped = queue.pop(if record.holds() { RETRY } else { calm.wait });
            calm = match popped {
                Popped::Nothing if !record.holds() => calm.go_on(&record, IDLE),
                _ => Calm::disturbed(),
            };
            match popped {
                Popped::Piece(RecordTask::Ask(job, tell), _) => drop(tell.send(record.answer(&job))),
                Popped::Piece(first, weight) => {
                    // One that comes by itself is written at once.
                    let since = written.map(|written| written.elapsed());
                    thread::sleep(since.map_or(Duration::ZERO, |since| LINGER.saturating_sub(since)));
                    // What has come meanwhile is written with it: one transaction, one wait for the disk.
                    let mut writes = Vec::new();
                    let more = queue.pop_ready(TOGETHER, RecordTask::goes_along);
                    for (task, weight) in std::iter::once((first, weight)).chain(more) {
                        match task {
                            RecordTask::Started(run) => writes.push((Write::Started(run), weight)),
                            RecordTask::Ended(run) => writes.push((Write::Ended(run), weight)),
                            RecordTask::Settle(run, tell) => settling.0.push((run, tell)),
                            RecordTask::Ask(..) => {}
                        }
                    }
                    record.write(writes);
                    written = Some(Instant::now());
                }
                Popped::Nothing => record.retry(),
                Popped::Closed => {
                    record.close();
                    settling.tell(&record);
                    queue.done();
                    return;
                }
            }
            settling.tell(&record);
        }
    });
}

/// Those who wait for a run to be on the disk: which run, and where to tell.
#[derive(Default)]
struct Settling(Vec<(RunId, Tell<Result<(), String>>)>);

impl Settling {
    /// Answers those whose run is there or lost.
    fn tell(&mut self, record: &Record) {
        let told = |(run, tell): (RunId, Tell<Result<(), String>>)| {
            let word = match record.standing(run) {
                Standing::Held => return Some((run, tell)),
                Standing::Lost(why) => Err(why),
                Standing::Kept => Ok(()),
            };
            drop(tell.send(word));
            None
        };
        self.0 = std::mem::take(&mut self.0).into_iter().filter_map(told).collect();
    }
}

/// Starts the thread of the cache.
pub(super) fn cache(queue: Arc<Queue<CacheTask>>, places: Arc<Places>, capacity: usize, reports: Reports) {
    start("retort-cache", queue, move |queue| {
        let mut cache = CacheDb::new(&places.cache, capacity);
        let report = |fault| reports.tell(Trouble::Cache, StoreFault::new(format!("answers are not cached: {fault}")));
        let mut waiting: Vec<(String, Box<Cached>)> = Vec::new();
        let mut stored: Option<Instant> = None;
        loop {
            // One that comes by itself is stored at once. Those that come thick are stored together, but before
            // one of them is looked up.
            let since = stored.map_or(LINGER, |stored| stored.elapsed());
            let popped = queue.pop(if waiting.is_empty() { IDLE } else { LINGER.saturating_sub(since) });
            let goes_along = match &popped {
                Popped::Piece(CacheTask::Put(..), _) => waiting.len() < TOGETHER,
                Popped::Piece(CacheTask::Get(wanted, _), _) => waiting.iter().all(|(key, _)| key != wanted),
                _ => false,
            };
            let due = stored.map_or(LINGER, |stored| stored.elapsed()) >= LINGER;
            if !waiting.is_empty() && (due || !goes_along) {
                cache.put(&std::mem::take(&mut waiting)).unwrap_or_else(&report);
                stored = Some(Instant::now());
            }
            match popped {
                Popped::Piece(CacheTask::Get(key, tell), _) => {
                    drop(tell.send(cache.get(&key).unwrap_or_else(|fault| {
                        report(fault);
                        None
                    })));
                }
                Popped::Piece(CacheTask::Put(key, cached), _) => waiting.push((key, cached)),
                Popped::Piece(CacheTask::Stats(tell), _) => drop(tell.send(cache.stats())),
                Popped::Piece(CacheTask::Clear(tell), _) => drop(tell.send(cache.clear())),
                Popped::Nothing => {}
                Popped::Closed => {
                    queue.done();
                    return;
                }
            }
        }
    });
}

/// Runs `work` on a thread of its own and marks the queue ended after it, however it ends. If no
/// thread can be started the queue is ended at once, and everything put in is refused.
fn start<T: Send + 'static>(name: &str, queue: Arc<Queue<T>>, work: impl FnOnce(&Queue<T>) + Send + 'static) {
    struct End<T>(Arc<Queue<T>>);
    impl<T> Drop for End<T> {
        fn drop(&mut self) {
            self.0.end();
        }
    }
    let end = End(queue);
    // An error drops the closure, and with it `end`.
    drop(thread::Builder::new().name(name.to_owned()).spawn(move || work(&end.0)));
}
