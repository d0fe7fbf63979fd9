//! The cache and the record as the pipeline sees them: quick to take, never failing a run.

use std::{sync::Arc, time::Duration};

use tokio::{sync::oneshot, time};

use super::{CacheTask, RecordTask, Reports, Trouble, refused};
use crate::{
    model::Prompt,
    pipeline::port::{Cache, Cached, PortFuture, Recorder, RunRecord, RunStart},
    store::{job::StoreFault, queue::Queue},
};

/// How long a lookup may take before the answer is asked for instead.
const LOOKUP_LIMIT: Duration = Duration::from_secs(1);

/// The record of runs.
#[derive(Debug)]
pub(in crate::store) struct RecordPort {
    pub(in crate::store) queue: Arc<Queue<RecordTask>>,
    pub(in crate::store) reports: Reports,
}

impl RecordPort {
    fn push(&self, task: RecordTask, weight: usize) {
        if let Err(why) = self.queue.push(task, weight) {
            let message = format!("runs are not recorded: {}", refused(why));
            self.reports.tell(Trouble::RecordFull, StoreFault::new(message));
        }
    }
}

/// The bytes of a prompt's messages.
fn length(prompt: &Prompt) -> usize {
    let between: usize = prompt.messages.iter().map(|turn| turn.content.len()).sum();
    prompt.system.len() + between + prompt.user.len()
}

impl Recorder for RecordPort {
    fn started(&self, record: &RunStart) {
        self.push(RecordTask::Started(record.clone()), length(&record.prompt));
    }

    fn ended(&self, record: RunRecord) {
        let prompt = length(&record.prompt) + record.input.text.len();
        let answer = record.outcome.text.len() + record.outcome.reasoning.len();
        self.push(RecordTask::Ended(Box::new(record)), prompt + answer);
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
