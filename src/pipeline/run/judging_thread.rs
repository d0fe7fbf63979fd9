//! Work of the processor, such as judging an answer, on a thread of its own: no other run waits for it, and nor
//! does a stop or a deadline.

use std::panic::resume_unwind;

use tokio::{
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

/// Does work elsewhere; none where the deadline passes first. What is given up ends by itself, as its work is
/// bounded, and is thrown away.
pub(crate) async fn aside<T: Send + 'static>(
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

#[cfg(test)]
mod tests {
    use std::{
        sync::mpsc::{Receiver, Sender, channel},
        time::Duration,
    };

    use super::*;

    /// Work that has begun, and ends when the sender is dropped.
    fn blocks() -> (impl FnOnce() -> &'static str + Send, Receiver<()>, Sender<()>) {
        let ((begins, begun), (end, ended)) = (channel(), channel::<()>());
        let work = move || {
            let _ = begins.send(());
            let _ = ended.recv();
            "done"
        };
        (work, begun, end)
    }

    #[tokio::test]
    async fn what_is_given_up_is_not_waited_for() {
        let (work, begun, end) = blocks();
        let work = aside(Instant::now() + Duration::from_secs(3600), work);
        let stop = spawn_blocking(move || begun.recv());
        let is_done = tokio::select! {
            _ = work => true,
            begun = stop => begun.unwrap().is_err(),
        };
        assert!(!is_done, "it has begun, and still blocks");
        drop(end);
    }

    #[tokio::test]
    async fn a_deadline_passes_while_work_blocks() {
        let (work, begun, end) = blocks();
        assert_eq!(aside(Instant::now() + Duration::from_millis(1), work).await, None);
        begun.recv().unwrap();
        drop(end);
        let (work, _, end) = blocks();
        drop(end);
        assert_eq!(aside(Instant::now() + Duration::from_secs(3600), work).await, Some("done"));
    }
}
