//! Many runs, some at a time, their ends in the order they were asked for.

use futures_util::{Stream, StreamExt};

use super::{Pipeline, RunEvent};
use crate::model::{Outcome, RunRequest};

/// Runs each request to its end, `concurrency` of them at a time.
pub(super) fn many(
    pipeline: Pipeline,
    requests: impl Stream<Item = RunRequest> + Send,
    concurrency: usize,
) -> impl Stream<Item = (usize, Outcome)> + Send {
    requests
        .enumerate()
        .map(move |(place, request)| {
            let mut told = pipeline.run(request);
            async move {
                while let Some(told) = told.next().await {
                    if let RunEvent::Ended { outcome } = told.event {
                        return Some((place, *outcome));
                    }
                }
                None
            }
        })
        .buffered(concurrency.max(1))
        .filter_map(std::future::ready)
}
