//! When to draw: at once if the last frame is old enough, else as soon as it is, and never idly.
//! What a person did is answered sooner than what streams by.
//!
//! What the terminal reports, as a stream that can be let go while another program reads.

use std::time::Duration;

use crossterm::event::Event;
use tokio::time::Instant;
#[cfg(unix)]
pub(crate) use unix::TerminalInput;
#[cfg(unix)]
pub(crate) use unix::discard_pending;
#[cfg(not(unix))]
pub(crate) use windows::TerminalInput;
#[cfg(not(unix))]
pub(crate) use windows::discard_pending;

use crate::model::theme::Rgb;

/// The shortest time between two frames: sixty a second.
const INTERVAL: Duration = Duration::from_micros(16_667);

/// The shortest time before a frame that answers a key: a whole interval would be felt on top of
/// what the key takes to come and the frame to be painted.
const ANSWER: Duration = Duration::from_millis(4);

/// What the terminal says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TerminalReport {
    /// A key, a paste, the mouse, another size.
    Event(Event),
    /// The background it has, where it was asked.
    #[cfg_attr(not(unix), expect(dead_code, reason = "Windows is not asked"))]
    Background(Rgb),
    /// What it is, where it was asked: whether it takes sixels.
    #[cfg_attr(not(unix), expect(dead_code, reason = "Windows is not asked"))]
    Kind { sixel: bool },
}

/// Collects wishes for a frame and says when one is due.
#[derive(Debug, Default)]
pub(crate) struct FrameClock {
    wanted: Option<Instant>,
    drawn: Option<Instant>,
    hurried: bool,
}

impl FrameClock {
    /// Wishes for a frame at a time, or earlier if one is wished for already.
    pub(crate) fn want(&mut self, at: Instant) {
        self.wanted = Some(self.wanted.map_or(at, |known| known.min(at)));
    }

    /// Notes that the next frame answers a person, if anybody wants one.
    pub(crate) fn hurry(&mut self) {
        self.hurried = true;
    }

    /// Returns when the next frame is due; none while nobody wants one.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let wanted = self.wanted?;
        let interval = if self.hurried { ANSWER } else { INTERVAL };
        Some(self.drawn.map_or(wanted, |drawn| wanted.max(drawn + interval)))
    }

    /// Tells whether a frame is due.
    pub(crate) fn due(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|at| at <= now)
    }

    /// Notes that a frame was drawn, which grants every wish.
    pub(crate) fn drawn(&mut self, now: Instant) {
        self.drawn = Some(now);
        self.wanted = None;
        self.hurried = false;
    }
}

#[cfg(unix)]
mod unix {
    use std::{
        collections::VecDeque,
        io::{
            PipeReader, PipeWriter, {self},
        },
        os::fd::{AsFd as _, OwnedFd},
        thread::{
            JoinHandle, {self},
        },
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

    use crate::terminal::{at, decoder::Decoder, events::TerminalReport};

    /// Bytes that are read at once.
    const BUFFER: usize = 64 * 1024;

    /// Pieces that may wait for the loop; the terminal keeps what is beyond.
    const PIECES: usize = 16;

    /// The terminal's reports. While let go, nothing is read and no report comes.
    ///
    /// crossterm's own reader is not used: it waits for the rest of a sequence inside a read, for ever
    /// and with its lock held, and it never comes back from a terminal that is gone.
    #[derive(Default)]
    pub(crate) struct TerminalInput {
        reader: Option<Reader>,
    }

    struct Reader {
        thread: Thread,
        resized: Signal,
        decoder: Decoder,
        reports: VecDeque<TerminalReport>,
    }

    impl TerminalInput {
        /// Begins to read.
        pub(crate) fn listen(&mut self) -> io::Result<()> {
            self.reader = Some(Reader {
                thread: Thread::start()?,
                resized: signal(SignalKind::window_change())?,
                decoder: Decoder::default(),
                reports: VecDeque::new(),
            });
            Ok(())
        }

        /// Lets standard input go. When it returns, nothing is read any more.
        pub(crate) fn let_go(&mut self) {
            self.reader = None;
        }

        /// Waits for the next report; for ever while let go. None when the terminal is gone. A wait that is
        /// dropped loses nothing.
        pub(crate) async fn next(&mut self) -> Option<io::Result<TerminalReport>> {
            match &mut self.reader {
                Some(reader) => reader.next().await,
                None => std::future::pending().await,
            }
        }
    }

    impl Reader {
        async fn next(&mut self) -> Option<io::Result<TerminalReport>> {
            loop {
                if let Some(report) = self.reports.pop_front() {
                    return Some(Ok(report));
                }
                let due = self.decoder.deadline().map(Instant::from_std);
                let events = tokio::select! {
                    biased;
                    piece = self.thread.pieces.recv() => match piece? {
                        Ok(bytes) if bytes.is_empty() => return None,
                        Ok(bytes) => self.decoder.feed(&bytes, Instant::now().into_std()),
                        Err(error) => return Some(Err(error)),
                    },
                    _ = self.resized.recv() => {
                        let (columns, rows) = terminal::size().unwrap_or_default();
                        return Some(Ok(TerminalReport::Event(Event::Resize(columns, rows))));
                    }
                    () = at(due) => self.decoder.expire(Instant::now().into_std()),
                };
                self.reports.extend(events.into_iter().map(TerminalReport::Event));
                self.reports.extend(self.decoder.take_background().map(TerminalReport::Background));
                self.reports.extend(self.decoder.take_sixel().map(|sixel| TerminalReport::Kind { sixel }));
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
            let (sender, pieces) = mpsc::channel(PIECES);
            let handle = thread::Builder::new()
                .name("retort-input".to_owned())
                .spawn(move || read(&terminal, &stopped, &sender))?;
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

    /// Reads until told to stop. An empty piece or an error is the last one: the terminal is gone.
    ///
    /// The descriptor stays a blocking one, as it is shared with every program on the terminal: it is looked
    /// at before each read.
    fn read(terminal: &OwnedFd, stopped: &PipeReader, sender: &mpsc::Sender<io::Result<Vec<u8>>>) {
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
                Err(error) => Err(error.into()),
            };
            let last = piece.as_ref().map_or(true, Vec::is_empty);
            if sender.blocking_send(piece).is_err() || last {
                return;
            }
        }
    }

    /// Throws away what was typed while another program had the terminal, and its late answers to it.
    pub(crate) fn discard_pending() {
        let _ = tcflush(io::stdin(), QueueSelector::IFlush);
    }
}

#[cfg(not(unix))]
mod windows {
    use std::io;

    use crossterm::event::EventStream;
    use futures_util::StreamExt as _;

    use crate::terminal::events::TerminalReport;

    /// The terminal's reports, which Windows delivers whole. While let go, no report comes.
    #[derive(Default)]
    pub(crate) struct TerminalInput {
        stream: Option<EventStream>,
    }

    impl TerminalInput {
        /// Begins to read.
        pub(crate) fn listen(&mut self) -> io::Result<()> {
            self.stream = Some(EventStream::new());
            Ok(())
        }

        /// Lets the console go.
        pub(crate) fn let_go(&mut self) {
            self.stream = None;
        }

        /// Waits for the next report; for ever while let go. None when the terminal is gone.
        pub(crate) async fn next(&mut self) -> Option<io::Result<TerminalReport>> {
            match &mut self.stream {
                Some(stream) => Some(stream.next().await?.map(TerminalReport::Event)),
                None => std::future::pending().await,
            }
        }
    }

    /// Has nothing to throw away.
    pub(crate) fn discard_pending() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_wishes_are_one_frame_and_none_is_no_frame() {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        assert_eq!(clock.deadline(), None);
        clock.want(start);
        assert!(clock.due(start));
        clock.drawn(start);
        assert_eq!(clock.deadline(), None);
        for tick in 1..100 {
            clock.want(start + Duration::from_micros(tick));
        }
        assert_eq!(clock.deadline(), Some(start + INTERVAL));
        clock.drawn(start + INTERVAL);
        assert!(!clock.due(start + INTERVAL * 100));
    }

    #[test]
    fn a_key_is_answered_before_the_interval_is_over_and_only_if_it_changed_something() {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        clock.drawn(start);
        clock.hurry();
        assert_eq!(clock.deadline(), None);
        clock.want(start);
        assert_eq!(clock.deadline(), Some(start + ANSWER));
        clock.drawn(start + ANSWER);
        clock.want(start + ANSWER);
        assert_eq!(clock.deadline(), Some(start + ANSWER + INTERVAL));
    }

    #[test]
    fn a_later_wish_does_not_put_off_an_earlier_one() {
        let start = Instant::now();
        let mut clock = FrameClock::default();
        clock.want(start + Duration::from_secs(1));
        clock.want(start + Duration::from_secs(9));
        assert_eq!(clock.deadline(), Some(start + Duration::from_secs(1)));
    }
}
