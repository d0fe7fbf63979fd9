//! The first call of a run, prepared as the run would and not made: what a job of a provider's batch API sends.

use std::sync::Arc;

use tokio::time::Instant;

use crate::{
    model::{CallError, RunRequest},
    pipeline::{
        PipelineState,
        run::{Plan, RunContext},
        timeouts,
    },
    provider::Call,
};

/// A call that was not made.
#[derive(Debug, Clone)]
pub struct UnsentCall {
    pub call: Call,
    /// Whether the prompt goes on after the answer: it has further turns.
    pub goes_on: bool,
    /// The tokens of its messages, as we estimate them.
    pub tokens: u64,
}

/// Prepares the first call of a run; none where the cache has its answer.
pub(crate) async fn prepared(
    shared: &Arc<PipelineState>,
    mut request: RunRequest,
) -> Result<Option<UnsentCall>, CallError> {
    let Some(head) = request.targets.first().cloned() else { return Ok(None) };
    if request.prompt.response.format.is_auto() {
        request.prompt = Arc::new(request.prompt.settled());
    }
    let world = &shared.ports.world;
    let (id, started, start) = (world.run_id(), world.timestamp(), Instant::now());
    let (total, deadline) = timeouts::run_limit(&shared.rules, Some(&head), start, start);
    let shared = Arc::clone(shared);
    let context = RunContext::unwatched(shared, request, (id, started, start), (total, deadline));
    let Plan { messages, turns, .. } = context.plan().await?;
    let ports = &context.shared.ports;
    context.shared.quirks.read(ports.quirks.as_ref(), ports.world.timestamp()).await;
    let prepared = context.prepare(&messages, &head);
    if context.bypass(&head).is_none() && ports.cache.get(&prepared.cache_key).await.is_some() {
        return Ok(None);
    }
    prepared.preflight?;
    let call = context.call(&prepared.target, None, &prepared.request);
    Ok(Some(UnsentCall { call, goes_on: !turns.is_empty(), tokens: prepared.request.tokens(&prepared.target) }))
}
