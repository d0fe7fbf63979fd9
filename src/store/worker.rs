//! The threads that touch the disk, and the ports through which runs reach the cache and the record: quick to take, never
//! failing a run.

pub(crate) mod files;
pub(crate) mod queue;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time, time::Instant};

pub(crate) use crate::store::worker::files::files;
use crate::{
    model::{BatchId, CellIndex, Prompt, RunId, batch::Cell, error::StoreError, settings::Places},
    pipeline::ports::{Cache, Cached, CellPages, PortFuture, Recorder, RunRecord, RunStart},
    store::{
        api::{StoreReply, StoreRequest},
        cache::{CacheDb, CacheStats},
        observer::RunObserver,
        record::{RecordState, RunDatabase, Write},
        reports::{Reports, StoreFailure},
        worker::queue::{NotQueued, Popped, Queue},
    },
};

/// Where a task's answer goes. Nobody may be waiting for it any more.
pub(crate) type ReplySender<T> = oneshot::Sender<T>;

/// Work for the thread of files.
#[derive(Debug)]
pub(crate) struct FileTask {
    pub(crate) job: StoreRequest,
    pub(crate) reply: ReplySender<Result<StoreReply, StoreError>>,
}

/// Work for the thread of the record.
#[derive(Debug)]
pub(crate) enum RecordTask {
    Started(RunStart),
    Ended(Box<RunRecord>),
    Ask(StoreRequest, ReplySender<Result<StoreReply, StoreError>>),
    /// Tells once a run that has ended is on the disk.
    Settle(RunId, ReplySender<Result<(), String>>),
}

impl RecordTask {
    /// Tells whether somebody waits for an answer, rather than for the disk: it is not done together with others.
    pub(crate) fn is_question(&self) -> bool {
        matches!(self, Self::Ask(..))
    }
}

/// Work for the thread of the cache.
#[derive(Debug)]
pub(crate) enum CacheTask {
    Get(String, ReplySender<Option<Cached>>),
    Put(String, Box<Cached>),
    Stats(ReplySender<Result<CacheStats, StoreError>>),
    Clear(ReplySender<Result<u64, StoreError>>),
}

/// Says why something could not be queued.
pub(crate) fn refused(why: NotQueued) -> StoreError {
    StoreError::new(match why {
        NotQueued::Full => "the disk is too slow: too much is waiting to be written; try again in a moment",
        NotQueued::Closed => "the store is closed: the program is about to end",
    })
}

/// How long a thread without work sleeps between looks; it is woken for work.
const IDLE: Duration = Duration::from_secs(3600);

/// Pieces of work that are done together, at most.
const TOGETHER: usize = 256;

/// How long writes that come thick are gathered: a cell of a batch waits that long for the disk, and no call
/// for the cell. What many of them change, such as the ends of indexes, is written once for all.
const LINGER: Duration = Duration::from_millis(25);

/// How long the start of a run waits for its end, to be written with it: a run that a crash cuts off within that time
/// leaves no trace, and a short one waits for the disk once.
const START_WAIT: Duration = Duration::from_millis(100);

/// How often writes that are held back are tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Starts the thread of the record.
pub(crate) fn record(queue: Arc<Queue<RecordTask>>, places: Arc<Places>, reports: Reports) {
    start("retort-record", queue, move |queue| {
        let mut record = RunDatabase::new(&places.data, reports);
        let mut settling = Settling::default();
        let mut gathered = Gathered::default();
        loop {
            let patience = gathered.wait().unwrap_or(if record.holds() { RETRY } else { IDLE });
            // While ends of runs are gathered, nothing that comes is done any sooner but a question.
            let many = if gathered.ends { TOGETHER.saturating_sub(gathered.writes.len()).max(1) } else { 1 };
            let (due, closed) = match queue.pop_of(many, patience) {
                Popped::Piece(RecordTask::Ask(job, reply), _) => {
                    // What came before the question is found by it.
                    gathered.write(&mut record);
                    drop(reply.send(record.answer(&job)));
                    (false, false)
                }
                Popped::Piece(first, weight) => {
                    let more = queue.pop_ready(TOGETHER, |task| !task.is_question());
                    for (task, weight) in std::iter::once((first, weight)).chain(more) {
                        match task {
                            RecordTask::Started(run) => {
                                gathered.push(Write::Started(run), weight);
                                // While the model answers there is time.
                                record.prepare();
                            }
                            RecordTask::Ended(run) => gathered.push(Write::Ended(run), weight),
                            RecordTask::Settle(run, reply) => settling.0.push((run, reply)),
                            RecordTask::Ask(..) => {}
                        }
                    }
                    (gathered.wait() == Some(Duration::ZERO), false)
                }
                Popped::Nothing if gathered.writes.is_empty() => {
                    record.retry();
                    (false, false)
                }
                Popped::Nothing => (true, false),
                Popped::Closed => (true, true),
            };
            if due {
                gathered.write(&mut record);
            }
            if closed {
                record.close();
                settling.answer(&record);
                queue.done();
                return;
            }
            if !gathered.ends {
                settling.answer(&record);
            }
        }
    });
}

/// Writes that wait to be done together: one transaction, one wait for the disk.
#[derive(Default)]
struct Gathered {
    writes: Vec<(Write, usize)>,
    /// When the first of them came.
    since: Option<Instant>,
    /// Whether the end of a run is among them.
    ends: bool,
    /// When others were written last.
    written: Option<Instant>,
}

impl Gathered {
    fn push(&mut self, write: Write, weight: usize) {
        self.since.get_or_insert_with(Instant::now);
        self.ends |= matches!(write, Write::Ended(_));
        self.writes.push((write, weight));
    }

    /// Returns how long they can wait still; none where there are none. An end that comes by itself does not wait.
    fn wait(&self) -> Option<Duration> {
        let since = self.since?;
        let (from, most) = if self.ends { (self.written, LINGER) } else { (Some(since), START_WAIT) };
        let full = self.writes.len() >= TOGETHER;
        Some(from.filter(|_| !full).map_or(Duration::ZERO, |from| most.saturating_sub(from.elapsed())))
    }

    fn write(&mut self, record: &mut RunDatabase) {
        if self.since.take().is_some() {
            self.ends = false;
            record.write(std::mem::take(&mut self.writes));
            self.written = Some(Instant::now());
        }
    }
}

/// Those who wait for a run to be on the disk: which run, and where the answer goes.
#[derive(Default)]
struct Settling(Vec<(RunId, ReplySender<Result<(), String>>)>);

impl Settling {
    /// Answers those whose run is there or lost.
    fn answer(&mut self, record: &RunDatabase) {
        let receiver = |(run, reply): (RunId, ReplySender<Result<(), String>>)| {
            let word = match record.state(run) {
                RecordState::Held => return Some((run, reply)),
                RecordState::Lost(why) => Err(why),
                RecordState::Stored => Ok(()),
            };
            drop(reply.send(word));
            None
        };
        self.0 = std::mem::take(&mut self.0).into_iter().filter_map(receiver).collect();
    }
}

/// Starts the thread of the cache.
pub(crate) fn cache(queue: Arc<Queue<CacheTask>>, places: Arc<Places>, capacity: usize, reports: Reports) {
    start("retort-cache", queue, move |queue| {
        let mut cache = CacheDb::new(&places.cache, capacity);
        let report =
            |error| reports.report(StoreFailure::Cache, StoreError::new(format!("answers are not cached: {error}")));
        let mut waiting: Vec<(String, Box<Cached>)> = Vec::new();
        let mut stored: Option<Instant> = None;
        loop {
            // One that comes by itself is stored at once. Those that come thick are stored together, but before
            // one of them is looked up.
            let since = stored.map_or(LINGER, |stored| stored.elapsed());
            let soonest = (!waiting.is_empty()).then(|| LINGER.saturating_sub(since));
            let popped = queue.pop(soonest.or_else(|| cache.patience()).unwrap_or(IDLE));
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
            if cache.patience() == Some(Duration::ZERO) {
                cache.note_uses();
            }
            match popped {
                Popped::Piece(CacheTask::Get(key, reply), _) => {
                    drop(reply.send(cache.get(&key).unwrap_or_else(|error| {
                        report(error);
                        None
                    })));
                }
                Popped::Piece(CacheTask::Put(key, cached), _) => waiting.push((key, cached)),
                Popped::Piece(CacheTask::Stats(reply), _) => {
                    cache.note_uses();
                    drop(reply.send(cache.stats()));
                }
                Popped::Piece(CacheTask::Clear(reply), _) => drop(reply.send(cache.clear())),
                Popped::Nothing => {}
                Popped::Closed => {
                    cache.close();
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

/// How long a lookup may take before the answer is asked for instead.
const LOOKUP_LIMIT: Duration = Duration::from_secs(1);

/// The record of runs.
#[derive(Debug)]
pub(crate) struct RecordPort {
    pub(crate) queue: Arc<Queue<RecordTask>>,
    pub(crate) reports: Reports,
    /// Runs whose end was not taken in, the last of them.
    pub(crate) refused: Mutex<VecDeque<RunId>>,
    pub(crate) observer: Option<Arc<dyn RunObserver>>,
}

/// Runs that are remembered as not taken in, at most.
const MOST_REFUSED: usize = 1024;

impl RecordPort {
    /// Tells of a write that was not taken in; whether it was.
    fn taken(&self, pushed: Result<(), NotQueued>) -> bool {
        if let Err(why) = pushed {
            let message = format!("runs are not recorded: {}", refused(why));
            self.reports.report(StoreFailure::RecordFull, StoreError::new(message));
        }
        pushed.is_ok()
    }

    fn refused(&self) -> MutexGuard<'_, VecDeque<RunId>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a run that began, and one that ended, takes in memory beyond its texts while it waits: 3.6 kB were measured for both
/// of a short call. Without it many short runs would have no bound.
const BEGUN: usize = 1024;
const ENDED: usize = 3 * 1024;

/// The bytes of a prompt's messages.
fn length(prompt: &Prompt) -> usize {
    let between: usize = prompt.messages.iter().map(|turn| turn.content.len()).sum();
    prompt.system.len() + between + prompt.user.len()
}

impl Recorder for RecordPort {
    fn started(&self, record: &RunStart) {
        self.taken(self.queue.push(RecordTask::Started(record.clone()), BEGUN + length(&record.prompt)));
    }

    fn ended(&self, record: RunRecord) {
        if let Some(Err(lost)) = self.observer.as_ref().map(|observer| observer.ended(&record)) {
            self.reports.report(StoreFailure::Observer, lost);
        }
        let prompt = length(&record.prompt) + record.input.text.len();
        let answer = record.outcome.text.len() + record.outcome.reasoning.len();
        let (run, of_a_batch) = (record.run, record.cell.is_some());
        let files = record.attachments().map(|attachment| attachment.size() as usize).sum::<usize>();
        // What was asked stands in the timeline once more.
        let (task, weight) = (RecordTask::Ended(Box::new(record)), ENDED + 2 * prompt + answer + files);
        // A cell was let in when there was room, and what it was answered is paid for.
        let pushed = if of_a_batch { self.queue.put(task, weight) } else { self.queue.push(task, weight) };
        if !self.taken(pushed) {
            self.reports.lose();
            let mut refused = self.refused();
            if refused.len() >= MOST_REFUSED {
                refused.pop_front();
            }
            refused.push_back(run);
        }
    }

    fn room(&self) -> PortFuture<'_, Result<(), String>> {
        let (mut behind, mut blocked) = (self.queue.is_behind(), self.reports.blocked());
        Box::pin(async move {
            loop {
                let late = *behind.borrow_and_update();
                let until = match &*blocked.borrow_and_update() {
                    None if !late => return Ok(()),
                    None => None,
                    Some(blocked) if blocked.is_over() => return Err(blocked.why.clone()),
                    Some(blocked) => Some(blocked.until),
                };
                // Both senders live as long as the port does.
                tokio::select! {
                    _ = behind.changed() => {}
                    _ = blocked.changed() => {}
                    () = time::sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => {}
                }
            }
        })
    }

    fn settled(&self, run: RunId) -> PortFuture<'_, Result<(), String>> {
        let (reply, receiver) = oneshot::channel();
        let accepted = !self.refused().contains(&run);
        let pushed = if accepted { self.queue.push(RecordTask::Settle(run, reply), 0) } else { Err(NotQueued::Full) };
        Box::pin(async move {
            match pushed {
                Ok(()) => receiver.await.unwrap_or_else(|_| Err(refused(NotQueued::Closed).message)),
                Err(why) => Err(refused(why).message),
            }
        })
    }
}

/// The cells of a batch on record.
#[derive(Debug)]
pub(crate) struct CellPort {
    pub(crate) queue: Arc<Queue<RecordTask>>,
    pub(crate) batch: BatchId,
}

/// Cells that are read at once.
const CELLS: usize = 1024;

impl CellPages for CellPort {
    fn page(&self, after: Option<CellIndex>) -> PortFuture<'_, Result<Vec<Cell>, String>> {
        let (reply, receiver) = oneshot::channel();
        let job = StoreRequest::Cells { batch: self.batch, after, limit: CELLS };
        let pushed = self.queue.push(RecordTask::Ask(job, reply), 0);
        Box::pin(async move {
            pushed.map_err(|why| refused(why).message)?;
            match receiver.await.unwrap_or_else(|_| Err(refused(NotQueued::Closed))) {
                Ok(StoreReply::Cells(rows)) => Ok(rows.into_iter().map(|row| row.cell).collect()),
                Ok(_) => Err("the record does not say which cells have ended; please report this".to_owned()),
                Err(error) => Err(error.to_string()),
            }
        })
    }
}

/// The response cache.
#[derive(Debug)]
pub(crate) struct CachePort {
    pub(crate) queue: Arc<Queue<CacheTask>>,
    pub(crate) reports: Reports,
}

impl CachePort {
    fn behind(&self, why: &str) {
        self.reports.report(StoreFailure::CacheFull, StoreError::new(format!("answers are not cached: {why}")));
    }
}

impl Cache for CachePort {
    fn get<'a>(&'a self, key: &'a str) -> PortFuture<'a, Option<Cached>> {
        Box::pin(async move {
            let (reply, receiver) = oneshot::channel();
            if let Err(why) = self.queue.push(CacheTask::Get(key.to_owned(), reply), 0) {
                self.behind(&refused(why).message);
                return None;
            }
            if let Ok(answer) = time::timeout(LOOKUP_LIMIT, receiver).await {
                return answer.ok().flatten();
            }
            self.behind("the disk is too slow to look them up");
            None
        })
    }

    fn put(&self, key: String, cached: Cached) {
        let weight = cached.outcome.text.len() + cached.outcome.reasoning.len();
        if let Err(why) = self.queue.push(CacheTask::Put(key, Box::new(cached)), weight) {
            self.behind(&refused(why).message);
        }
    }
}
