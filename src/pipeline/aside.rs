//! Work of the processor, such as judging an answer, on a thread of its own: no other run waits for it, and nor
//! does a stop or a deadline.

use std::panic::resume_unwind;

use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

/// Does work elsewhere; none where the deadline passes first. What is given up ends by itself, as its work is
/// bounded, and is thrown away.
pub(super) async fn aside<T: Send + 'static>(
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    match timeout_at(deadline, spawn_blocking(work)).await {
        Ok(Ok(done)) => Some(done),
        Ok(Err(broken)) => match broken.try_into_panic() {
            Ok(cause) => resume_unwind(cause),
            // The program ends, and with it whoever waits.
            Err(_) => std::future::pending().await,
        },
        Err(_) => None,
    }
}
