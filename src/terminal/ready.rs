//! The engine while it starts: what needs it waits here.

use std::sync::Arc;

use tokio::sync::watch;

use crate::engine::Engine;

/// Where the engine appears once it is up.
pub(crate) type Ready = watch::Receiver<Option<Arc<Engine>>>;

/// Waits for the engine; none if it never comes.
pub(crate) async fn ready(mut engine: Ready) -> Option<Arc<Engine>> {
    let up = engine.wait_for(Option::is_some).await.ok()?;
    up.clone()
}
