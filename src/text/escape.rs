//! Takes terminal control sequences out of a stream of characters, wherever the stream is cut.
//!
//! The grammar is that of ECMA-48: CSI, the string sequences OSC, DCS, SOS, PM and APC, two-byte
//! escapes with and without intermediates, and the eight-bit (C1) form of each.

/// Bytes a sequence may take before what follows is text again.
const LIMIT: usize = 4096;

const BEL: char = '\u{7}';
const CAN: char = '\u{18}';
const SUB: char = '\u{1a}';
const ESC: char = '\u{1b}';
const ST: char = '\u{9c}';

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate.
    Intermediate,
    /// Inside CSI.
    Control,
    /// Inside OSC, DCS, SOS, PM or APC.
    String,
    /// After an ESC inside one of those.
    StringEscape,
}

/// The place in the grammar where the last character left off.
///
/// A string sequence that never ends (a line break, the limit or the end of the text comes first)
/// was no sequence: only its introducer is taken out and its content is shown. So an U+009D from
/// a wrongly decoded quotation mark costs no text.
#[derive(Debug, Clone, Default)]
pub(super) struct Escapes {
    state: State,
    taken: usize,
    held: String,
}

impl Escapes {
    /// Tells whether the next character is outside of any sequence.
    pub(super) fn in_text(&self) -> bool {
        self.state == State::Text
    }

    /// Takes one character, and shows those that belong to no sequence.
    pub(super) fn feed(&mut self, c: char, show: &mut impl FnMut(char)) {
        match self.state {
            State::Text => self.text(c, show),
            State::Escape => match c {
                ESC => {}
                '[' => self.enter(State::Control),
                ']' | 'P' | 'X' | '^' | '_' => self.enter(State::String),
                ' '..='/' => self.enter(State::Intermediate),
                '0'..='~' => self.enter(State::Text),
                _ => self.text(c, show),
            },
            State::Intermediate => match c {
                ' '..='/' if self.may_take() => {}
                '0'..='~' => self.enter(State::Text),
                _ => self.text(c, show),
            },
            State::Control => match c {
                ' '..='?' if self.may_take() => {}
                '@'..='~' => self.enter(State::Text),
                ESC | CAN | SUB | '\n' | '\r' => self.text(c, show),
                c if c.is_ascii_control() && self.may_take() => {}
                _ => self.text(c, show),
            },
            State::String => match c {
                BEL | CAN | SUB | ST => self.enter(State::Text),
                ESC => self.state = State::StringEscape,
                '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
                    self.finish(show);
                    self.text(c, show);
                }
                _ => {
                    self.held.push(c);
                    if self.held.len() >= LIMIT {
                        self.finish(show);
                    }
                }
            },
            State::StringEscape if c == '\\' => self.enter(State::Text),
            State::StringEscape => {
                self.finish(show);
                self.state = State::Escape;
                self.feed(c, show);
            }
        }
    }

    /// Ends the text: shows what an unfinished string sequence held.
    pub(super) fn finish(&mut self, show: &mut impl FnMut(char)) {
        let held = std::mem::take(&mut self.held);
        self.enter(State::Text);
        held.chars().for_each(show);
    }

    fn text(&mut self, c: char, show: &mut impl FnMut(char)) {
        match c {
            ESC => self.enter(State::Escape),
            '\u{9b}' => self.enter(State::Control),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => self.enter(State::String),
            _ => {
                self.enter(State::Text);
                show(c);
            }
        }
    }

    fn enter(&mut self, state: State) {
        self.state = state;
        self.taken = 0;
        self.held.clear();
    }

    fn may_take(&mut self) -> bool {
        self.taken += 1;
        self.taken < LIMIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(text: &str) -> String {
        let (mut escapes, mut out) = (Escapes::default(), String::new());
        let mut show = |c| out.push(c);
        text.chars().for_each(|c| escapes.feed(c, &mut show));
        escapes.finish(&mut show);
        out
    }

    #[test]
    fn sequences_are_taken_out_whole() {
        for (sequence, kind) in [
            ("\x1b[31m", "CSI"),
            ("\x1b[?1049h", "private CSI"),
            ("\x1b[38;2;1;2;3m", "CSI with parameters"),
            ("\x1b[ q", "CSI with an intermediate"),
            ("\x1b[3\x071m", "CSI around a bell"),
            ("\u{9b}31m", "C1 CSI"),
            ("\x1b]0;title\x07", "OSC ended by BEL"),
            ("\x1b]8;;http://x\x1b\\", "OSC ended by ST"),
            ("\x1b]52;c;aGk=\u{9c}", "OSC ended by C1 ST"),
            ("\u{9d}0;title\u{9c}", "C1 OSC"),
            ("\x1bPq#0;2\x1b\\", "DCS"),
            ("\u{90}q\u{9c}", "C1 DCS"),
            ("\x1bXsos\x1b\\", "SOS"),
            ("\x1b^pm\x1b\\", "PM"),
            ("\x1b_Gapc\x1b\\", "APC"),
            ("\u{9f}apc\u{9c}", "C1 APC"),
            ("\x1b]cancelled\x18", "OSC cancelled"),
            ("\x1bc", "full reset"),
            ("\x1b7", "save cursor"),
            ("\x1b(0", "character set"),
            ("\x1b#8", "screen alignment"),
            ("\x1b\x1b[0m", "doubled ESC"),
        ] {
            assert_eq!(strip(&format!("a{sequence}b")), "ab", "{kind}");
        }
    }

    #[test]
    fn what_never_ends_is_text() {
        assert_eq!(strip("a\x1b]0;title\nb"), "a0;title\nb");
        assert_eq!(strip("a\u{9d} mojibake"), "a mojibake");
        assert_eq!(strip("a\x1b]0;t\x1b[1mb"), "a0;tb");
        assert_eq!(strip("\x1b[31\nb"), "\nb");
        assert_eq!(strip("a\x1b[3é"), "aé");
        assert_eq!(strip("a\x1b"), "a");
        let endless = "x".repeat(3 * LIMIT);
        assert_eq!(strip(&format!("\x1b]{endless}")), endless);
        let digits = "1".repeat(3 * LIMIT);
        assert!(strip(&format!("\x1b[{digits}")).len() > LIMIT);
    }
}
