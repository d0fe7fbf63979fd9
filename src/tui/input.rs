//! What the terminal reports, as a stream that can be let go while another program reads.

use std::{io, time::Duration};

use crossterm::event::{self, Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;

/// The terminal's reports. While let go, nothing is read and no report comes.
#[derive(Default)]
pub(super) struct Input {
    stream: Option<EventStream>,
}

impl Input {
    /// Begins to read. Called before the screen is claimed, so that no key comes yet.
    pub(super) fn listen(&mut self) {
        // A stream that was let go can leave its wake-up behind, and crossterm 0.29 loses the
        // keys it finds together with one until the next key comes. Taken alone it is harmless.
        let _ = event::poll(Duration::ZERO);
        self.stream = Some(EventStream::new());
    }

    /// Lets standard input go. Not polling is not enough: the reader would still take what is
    /// typed into the other program.
    pub(super) fn let_go(&mut self) {
        self.stream = None;
    }

    /// Waits for the next report; for ever while let go. None when the terminal is gone.
    pub(super) async fn next(&mut self) -> Option<io::Result<Event>> {
        let Some(stream) = &mut self.stream else {
            return std::future::pending().await;
        };
        loop {
            match stream.next().await {
                Some(Ok(Event::Key(key))) if key.kind == KeyEventKind::Release => {}
                other => return other,
            }
        }
    }
}

/// Throws away what was typed while another program had the terminal, and its late answers to it.
pub(super) fn discard_pending() {
    #[cfg(unix)]
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
}
