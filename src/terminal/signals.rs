//! The signals the workbench answers, and stopping itself as job control wants it.

pub(crate) use unix::Signals;

/// What a signal asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignalRequest {
    /// To end: SIGTERM, SIGHUP, SIGINT.
    Quit,
    /// To take the terminal again: SIGCONT.
    Continue,
}

#[cfg(unix)]
mod unix {
    use std::{io, time::Duration};

    use rustix::process::{Signal, kill_current_process_group};
    use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

    use super::SignalRequest;

    /// The signals, as they come.
    pub(crate) struct Signals {
        term: Stream,
        hup: Stream,
        int: Stream,
        cont: Stream,
    }

    /// How long a stop may take to come into effect. It never does in a group without a parent
    /// shell, where the system ignores it.
    const STOPPING: Duration = Duration::from_millis(300);

    impl Signals {
        /// Begins to listen.
        pub(crate) fn listen() -> io::Result<Self> {
            Ok(Self {
                term: signal(SignalKind::terminate())?,
                hup: signal(SignalKind::hangup())?,
                int: signal(SignalKind::interrupt())?,
                cont: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
            })
        }

        /// Waits for the next one.
        pub(crate) async fn next(&mut self) -> SignalRequest {
            tokio::select! {
                _ = self.term.recv() => SignalRequest::Quit,
                _ = self.hup.recv() => SignalRequest::Quit,
                _ = self.int.recv() => SignalRequest::Quit,
                _ = self.cont.recv() => SignalRequest::Continue,
            }
        }

        /// Waits until it is asked to end.
        pub(crate) async fn asked_to_quit(&mut self) {
            while self.next().await != SignalRequest::Quit {}
        }

        /// Stops this process and its group, and returns when it is continued.
        pub(crate) async fn suspend(&mut self) {
            if kill_current_process_group(Signal::TSTP).is_ok() {
                let _ = tokio::time::timeout(STOPPING, self.cont.recv()).await;
            }
        }
    }
}

#[cfg(not(unix))]
mod unix {
    use std::io;

    use super::SignalRequest;

    /// There are none.
    pub(crate) struct Signals;

    impl Signals {
        /// Has nothing to listen to.
        pub(crate) fn listen() -> io::Result<Self> {
            Ok(Self)
        }

        /// Waits for ever.
        pub(crate) async fn next(&mut self) -> SignalRequest {
            std::future::pending().await
        }

        /// Waits for ever.
        pub(crate) async fn asked_to_quit(&mut self) {
            std::future::pending().await
        }

        /// Does nothing: there is no job control.
        pub(crate) async fn suspend(&mut self) {
            std::future::ready(()).await;
        }
    }
}
