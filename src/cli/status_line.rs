//! The last line on standard error while something goes on.

use super::Io;
use crate::text::{clean_line, truncate};

/// A line that is written over until it is taken away. Only a terminal is shown one.
#[derive(Debug, Default)]
pub(super) struct StatusLine {
    shown: String,
}

impl StatusLine {
    /// Shows a text, cut to the terminal's width. Writes nothing if it stands there already.
    pub(super) fn show(&mut self, text: &str, io: &mut Io<'_>) {
        let line = clean_line(text);
        let line = truncate(line.as_str(), io.columns.saturating_sub(1));
        if line != self.shown {
            let _ = write!(io.painted_err, "\r{line}\x1b[K");
            let _ = io.painted_err.flush();
            self.shown = line.into_owned();
        }
    }

    /// Takes the line away, so that another can be written.
    pub(super) fn clear(&mut self, io: &mut Io<'_>) {
        if !std::mem::take(&mut self.shown).is_empty() {
            let _ = write!(io.painted_err, "\r\x1b[K");
        }
    }
}
