//! The cache and the record as the pipeline sees them: quick to take, never failing a run.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::oneshot, time};

use super::{CacheTask, RecordTask, Reports, Trouble, refused};
use crate::{
    model::{Prompt, RunId},
    pipeline::port::{Cache, Cached, PortFuture, Recorder, RunRecord, RunStart},
    store::{
        job::StoreFault,
        queue::{Queue, Refused},
    },
};

/// How long a lookup may take before the answer is asked for instead.
const LOOKUP_LIMIT: Duration = Duration::from_secs(1);

/// The record of runs.
#[derive(Debug)]
pub(in crate::store) struct RecordPort {
    pub(in crate::store) queue: Arc<Queue<RecordTask>>,
    pub(in crate::store) reports: Reports,
    /// Runs whose end was not taken in, the last of them.
    pub(in crate::store) refused: Mutex<VecDeque<RunId>>,
}

/// Runs that are remembered as not taken in, at most.
const MOST_REFUSED: usize = 1024;

impl RecordPort {
    /// Tells of a write that was not taken in; whether it was.
    fn taken(&self, pushed: Result<(), Refused>) -> bool {
        if let Err(why) = pushed {
            let message = format!("runs are not recorded: {}", refused(why));
            self.reports.tell(Trouble::RecordFull, StoreFault::new(message));
        }
        pushed.is_ok()
    }

    fn refused(&self) -> MutexGuard<'_, VecDeque<RunId>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bytes of a prompt's messages.
fn length(prompt: &Prompt) -> usize {
    let between: usize = prompt.messages.iter().map(|turn| turn.content.len()).sum();
    prompt.system.len() + between + prompt.user.len()
}

impl Recorder for RecordPort {
    fn started(&self, record: &RunStart) {
        self.taken(self.queue.push(RecordTask::Started(record.clone()), length(&record.prompt)));
    }

    fn ended(&self, record: RunRecord) {
        let prompt = length(&record.prompt) + record.input.text.len();
        let answer = record.outcome.text.len() + record.outcome.reasoning.len();
        let (run, of_a_batch) = (record.run, record.cell.is_some());
        let (task, weight) = (RecordTask::Ended(Box::new(record)), prompt + answer);
        // A cell was let in when there was room, and what it was answered is paid for.
        let pushed = if of_a_batch { self.queue.put(task, weight) } else { self.queue.push(task, weight) };
        if !self.taken(pushed) {
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
                    () = time::sleep_until(until.unwrap_or_else(time::Instant::now)), if until.is_some() => {}
                }
            }
        })
    }

    fn settled(&self, run: RunId) -> PortFuture<'_, Result<(), String>> {
        let (tell, told) = oneshot::channel();
        let taken = !self.refused().contains(&run);
        let asked = if taken { self.queue.push(RecordTask::Settle(run, tell), 0) } else { Err(Refused::Full) };
        Box::pin(async move {
            match asked {
                Ok(()) => told.await.unwrap_or_else(|_| Err(refused(Refused::Closed).message)),
                Err(why) => Err(refused(why).message),
            }
        })
    }
}

/// The response cache.
#[derive(Debug)]
pub(in crate::store) struct CachePort {
    pub(in crate::store) queue: Arc<Queue<CacheTask>>,
    pub(in crate::store) reports: Reports,
}

impl CachePort {
    fn behind(&self, why: &str) {
        self.reports.tell(Trouble::CacheFull, StoreFault::new(format!("answers are not cached: {why}")));
    }
}

impl Cache for CachePort {
    fn get<'a>(&'a self, key: &'a str) -> PortFuture<'a, Option<Cached>> {
        Box::pin(async move {
            let (tell, told) = oneshot::channel();
            if let Err(why) = self.queue.push(CacheTask::Get(key.to_owned(), tell), 0) {
                self.behind(&refused(why).message);
                return None;
            }
            if let Ok(answer) = time::timeout(LOOKUP_LIMIT, told).await {
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
