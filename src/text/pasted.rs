//! What may go to the clipboard: it does nothing but arrive where it is pasted.

use crate::text::sanitize::{Escapes, reorders};

/// A text for the clipboard. Only here is one made, and only [`Pasted::raw`] leaves in it what a
/// terminal would obey when it is pasted there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pasted {
    text: String,
    left_out: usize,
}

impl Pasted {
    /// Takes a text without its control characters and escape sequences, all but LF and TAB, and
    /// without characters that reorder what is read. CR becomes LF, as a terminal reads it.
    #[must_use]
    pub fn new(text: String) -> Self {
        if !text.contains(obeyed) {
            return Self { text, left_out: 0 };
        }
        let (mut escapes, mut out, mut after_return) = (Escapes::default(), String::with_capacity(text.len()), false);
        let mut show = |c| {
            match c {
                '\n' if after_return => {}
                '\r' => out.push('\n'),
                c if obeyed(c) => {}
                c => out.push(c),
            }
            after_return = c == '\r';
        };
        text.chars().for_each(|c| escapes.feed(c, &mut show));
        escapes.finish(&mut show);
        // The CR of a CRLF is no loss.
        let had = text.chars().count() - text.matches("\r\n").count();
        Self { left_out: had.saturating_sub(out.chars().count()), text: out }
    }

    /// Takes a text as it is: for someone who asked for just that.
    #[must_use]
    pub fn raw(text: String) -> Self {
        Self { text, left_out: 0 }
    }

    /// Shows the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns how many characters are not in it that the text had.
    #[must_use]
    pub fn left_out(&self) -> usize {
        self.left_out
    }
}

/// Tells whether a terminal, or a line editor in one, would obey a character.
fn obeyed(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t')) || reorders(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_left_out_and_counted() {
        for (text, pasted, left_out) in [
            ("plain\n\ttext é 👩‍👩‍👧 می‌روم", "plain\n\ttext é 👩‍👩‍👧 می‌روم", 0),
            ("a\x03\x1b[201~\ntouch x\n", "a\ntouch x\n", 7),
            ("a\u{9b}31mb\u{202e}c\x7f", "abc", 6),
            ("one\r\ntwo\rthree", "one\ntwo\nthree", 0),
            ("\x1b]52;c;aGk=\x07b\x1b", "b", 13),
            ("\x1b]never ends", "never ends", 2),
        ] {
            let made = Pasted::new(text.to_owned());
            assert_eq!((made.as_str(), made.left_out()), (pasted, left_out), "{text:?}");
            assert_eq!(Pasted::new(pasted.to_owned()).as_str(), pasted);
        }
        assert_eq!(Pasted::raw("\x1b[1m".to_owned()).as_str(), "\x1b[1m");
    }
}
