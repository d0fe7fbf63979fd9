//! What the terminal reports, as a stream that can be let go while another program reads.

use std::io;

use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_util::StreamExt as _;

/// The terminal's reports. While let go, nothing is read and no report comes.
#[derive(Default)]
pub struct Input {
    stream: Option<EventStream>,
}

impl Input {
    /// Begins to read.
    pub fn listen(&mut self) {
        self.stream = Some(EventStream::new());
    }

    /// Lets standard input go. Not polling is not enough: the reader would still take what is
    /// typed into the other program.
    pub fn let_go(&mut self) {
        self.stream = None;
    }

    /// Waits for the next report; for ever while let go. None when the terminal is gone.
    pub async fn next(&mut self) -> Option<io::Result<Event>> {
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
pub fn discard_pending() {
    #[cfg(unix)]
    let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
}
