//! The one door to a terminal, on standard output and on standard error: no control sequence of anybody's goes through.
//!
//! The progress line at the bottom goes through it, too.

use std::{io, io::Write};

use crate::{
    cli::Io,
    text::{Sanitizer, clean_line, truncate},
};

/// Writes to a terminal what it is given, cleaned as [`crate::text::clean()`] does it, whoever gives it. Bytes that are
/// no UTF-8 are written as U+FFFD.
pub struct Sanitized<W: Write> {
    terminal: W,
    cleaner: Sanitizer,
    /// The beginning of a character whose end is still to come.
    begun: Vec<u8>,
}

impl<W: Write> Sanitized<W> {
    /// Begins a text.
    pub fn new(terminal: W) -> Self {
        Self { terminal, cleaner: Sanitizer::new(), begun: Vec::new() }
    }

    fn clean(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut all = std::mem::take(&mut self.begun);
        all.extend_from_slice(bytes);
        for chunk in all.utf8_chunks() {
            self.terminal.write_all(self.cleaner.push(chunk.valid()).as_str().as_bytes())?;
            let broken = chunk.invalid();
            // What ends here and may go on is no error yet: no character has more than four bytes.
            if !broken.is_empty() && broken.len() < 4 && all.ends_with(broken) && is_begun(broken) {
                self.begun = broken.to_vec();
            } else if !broken.is_empty() {
                self.terminal.write_all(self.cleaner.push("\u{fffd}").as_str().as_bytes())?;
            }
        }
        Ok(())
    }
}

/// Tells whether bytes are the beginning of a character of UTF-8.
fn is_begun(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

impl<W: Write> Write for Sanitized<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.clean(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.terminal.flush()
    }
}

impl<W: Write> Drop for Sanitized<W> {
    /// Gives what was held back as the beginning of something.
    fn drop(&mut self) {
        let begun = if self.begun.is_empty() { "" } else { "\u{fffd}" };
        let rest = format!("{begun}{}", self.cleaner.finish().as_str());
        drop(self.terminal.write_all(rest.as_bytes()));
        drop(self.terminal.flush());
    }
}

/// A line that is written over until it is taken away. Only a terminal is shown one.
#[derive(Debug, Default)]
pub(crate) struct StatusLine {
    shown: String,
}

impl StatusLine {
    /// Shows a text, cut to the terminal's width. Writes nothing if it stands there already.
    pub(crate) fn show(&mut self, text: &str, io: &mut Io<'_>) {
        let line = clean_line(text);
        let line = truncate(line.as_str(), io.columns.saturating_sub(1));
        if line != self.shown {
            let _ = write!(io.painted_err, "\r{line}\x1b[K");
            let _ = io.painted_err.flush();
            self.shown = line.into_owned();
        }
    }

    /// Takes the line away, so that another can be written.
    pub(crate) fn clear(&mut self, io: &mut Io<'_>) {
        if !std::mem::take(&mut self.shown).is_empty() {
            let _ = write!(io.painted_err, "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::clean;

    fn through(pieces: &[&[u8]]) -> String {
        let mut out = Vec::new();
        let mut door = Sanitized::new(&mut out);
        for piece in pieces {
            door.write_all(piece).unwrap();
        }
        drop(door);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whatever_is_written_in_whatever_pieces_is_clean() {
        let text = "a\u{1b}]0;title\u{7}b\u{9b}2Jc\u{202e}d é 日本 👨‍👩‍👧 1\t2\n";
        let whole = clean(text).as_str().to_owned();
        assert!(!whole.contains(['\u{1b}', '\u{9b}', '\u{202e}', '\u{7}']), "{whole:?}");
        let bytes = text.as_bytes();
        for size in 1..bytes.len() {
            let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
            assert_eq!(through(&pieces), whole, "in pieces of {size}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_marked() {
        assert_eq!(through(&[b"a\xff\xfeb", b"c\xe6\x97"]), "a\u{fffd}\u{fffd}bc\u{fffd}");
    }
}
