//! What the terminal reports, as a stream that can be let go while another program reads.

#[cfg(unix)]
mod decoder;

#[cfg(unix)]
pub(super) use unix::{Input, discard_pending};
#[cfg(not(unix))]
pub(super) use windows::{Input, discard_pending};

#[cfg(unix)]
mod unix {
    use std::{
        collections::VecDeque,
        io::{self, PipeReader, PipeWriter},
        os::fd::{AsFd as _, OwnedFd},
        thread::{self, JoinHandle},
    };

    use crossterm::{event::Event, terminal};
    use rustix::{
        event::{PollFd, PollFlags, poll},
        io::Errno,
        termios::{QueueSelector, tcflush},
    };
    use tokio::{
        signal::unix::{Signal, SignalKind, signal},
        sync::mpsc,
        time::Instant,
    };

    use super::decoder::Decoder;
    use crate::tui::at;

    /// Bytes that are read at once.
    const BUFFER: usize = 64 * 1024;

    /// Pieces that may wait for the loop; the terminal keeps what is beyond.
    const PIECES: usize = 16;

    /// The terminal's reports. While let go, nothing is read and no report comes.
    ///
    /// crossterm's own reader is not used: it waits for the rest of a sequence inside a read, for ever
    /// and with its lock held, and it never comes back from a terminal that is gone.
    #[derive(Default)]
    pub(in crate::tui) struct Input {
        reader: Option<Reader>,
    }

    struct Reader {
        thread: Thread,
        resized: Signal,
        decoder: Decoder,
        events: VecDeque<Event>,
    }

    impl Input {
        /// Begins to read.
        pub(in crate::tui) fn listen(&mut self) -> io::Result<()> {
            self.reader = Some(Reader {
                thread: Thread::start()?,
                resized: signal(SignalKind::window_change())?,
                decoder: Decoder::default(),
                events: VecDeque::new(),
            });
            Ok(())
        }

        /// Lets standard input go. When it returns, nothing is read any more.
        pub(in crate::tui) fn let_go(&mut self) {
            self.reader = None;
        }

        /// Waits for the next report; for ever while let go. None when the terminal is gone. A wait that is
        /// dropped loses nothing.
        pub(in crate::tui) async fn next(&mut self) -> Option<io::Result<Event>> {
            match &mut self.reader {
                Some(reader) => reader.next().await,
                None => std::future::pending().await,
            }
        }
    }

    impl Reader {
        async fn next(&mut self) -> Option<io::Result<Event>> {
            loop {
                if let Some(event) = self.events.pop_front() {
                    return Some(Ok(event));
                }
                let due = self.decoder.deadline().map(Instant::from_std);
                let events = tokio::select! {
                    biased;
                    piece = self.thread.pieces.recv() => match piece? {
                        Ok(bytes) if bytes.is_empty() => return None,
                        Ok(bytes) => self.decoder.feed(&bytes, Instant::now().into_std()),
                        Err(fault) => return Some(Err(fault)),
                    },
                    _ = self.resized.recv() => {
                        let (columns, rows) = terminal::size().unwrap_or_default();
                        return Some(Ok(Event::Resize(columns, rows)));
                    }
                    () = at(due) => self.decoder.expire(Instant::now().into_std()),
                };
                self.events.extend(events);
            }
        }
    }

    /// The thread that reads, and what ends it.
    struct Thread {
        pieces: mpsc::Receiver<io::Result<Vec<u8>>>,
        /// The thread sees the other end of it close.
        stop: Option<PipeWriter>,
        handle: Option<JoinHandle<()>>,
    }

    impl Thread {
        fn start() -> io::Result<Self> {
            let terminal = io::stdin().as_fd().try_clone_to_owned()?;
            let (stopped, stop) = io::pipe()?;
            let (tell, pieces) = mpsc::channel(PIECES);
            let handle = thread::Builder::new()
                .name("retort-input".to_owned())
                .spawn(move || read(&terminal, &stopped, &tell))?;
            Ok(Self { pieces, stop: Some(stop), handle: Some(handle) })
        }
    }

    impl Drop for Thread {
        fn drop(&mut self) {
            // It may be waiting for room as well as for a key.
            self.pieces.close();
            self.stop = None;
            if let Some(handle) = self.handle.take() {
                let _ = handle.join();
            }
        }
    }

    /// Reads until told to stop. An empty piece or a fault is the last one: the terminal is gone.
    ///
    /// The descriptor stays a blocking one, as it is shared with every program on the terminal: it is looked
    /// at before each read.
    fn read(terminal: &OwnedFd, stopped: &PipeReader, tell: &mpsc::Sender<io::Result<Vec<u8>>>) {
        let mut buffer = vec![0; BUFFER];
        loop {
            let mut fds = [PollFd::new(terminal, PollFlags::IN), PollFd::new(stopped, PollFlags::IN)];
            let read = poll(&mut fds, None).and_then(|_| {
                let [input, stop] = &fds;
                if !stop.revents().is_empty() {
                    return Ok(None);
                }
                if input.revents().is_empty() {
                    return Err(Errno::INTR);
                }
                rustix::io::read(terminal, &mut buffer).map(Some)
            });
            let piece = match read {
                Ok(None) => return,
                Ok(Some(count)) => Ok(buffer.get(..count).unwrap_or_default().to_vec()),
                Err(Errno::INTR) => continue,
                Err(fault) => Err(fault.into()),
            };
            let last = piece.as_ref().map_or(true, Vec::is_empty);
            if tell.blocking_send(piece).is_err() || last {
                return;
            }
        }
    }

    /// Throws away what was typed while another program had the terminal, and its late answers to it.
    pub(in crate::tui) fn discard_pending() {
        let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    }
}

#[cfg(not(unix))]
mod windows {
    use std::io;

    use crossterm::event::{Event, EventStream};
    use futures_util::StreamExt as _;

    /// The terminal's reports, which Windows delivers whole. While let go, no report comes.
    #[derive(Default)]
    pub(in crate::tui) struct Input {
        stream: Option<EventStream>,
    }

    impl Input {
        /// Begins to read.
        pub(in crate::tui) fn listen(&mut self) -> io::Result<()> {
            self.stream = Some(EventStream::new());
            Ok(())
        }

        /// Lets the console go.
        pub(in crate::tui) fn let_go(&mut self) {
            self.stream = None;
        }

        /// Waits for the next report; for ever while let go. None when the terminal is gone.
        pub(in crate::tui) async fn next(&mut self) -> Option<io::Result<Event>> {
            match &mut self.stream {
                Some(stream) => stream.next().await,
                None => std::future::pending().await,
            }
        }
    }

    /// Has nothing to throw away.
    pub(in crate::tui) fn discard_pending() {}
}
