//! The sanitizer: the only way from any text to text that may reach a terminal.
//!
//! Control sequences are taken out of a stream of characters, wherever the stream is cut. The grammar is that of ECMA-48:
//! CSI, the string sequences OSC, DCS, SOS, PM and APC, two-byte escapes with and without intermediates, and the eight-bit
//! (C1) form of each.

use std::{fmt, ops::Deref};

use unicode_segmentation::UnicodeSegmentation;

/// Combining marks a base character may carry.
const MARKS: u8 = 8;

/// Bytes one grapheme cluster may take; the longest emoji in use take 41.
const CLUSTER: usize = 128;

/// Stands for a character that would reorder the text around it.
const REORDERS: char = '␦';

const JOINER: char = '\u{200d}';

/// Text that does nothing to a terminal but be shown.
///
/// It holds no control characters but LF and TAB, no escape sequences, no character that reorders
/// or hides others, and no grapheme cluster of unbounded length. Only the cleaner makes it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SanitizedText(String);

impl SanitizedText {
    /// Shows it as a plain string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for SanitizedText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for SanitizedText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SanitizedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Cleans a text that comes in pieces. The pieces cleaned one after the other, and then what
/// [`Sanitizer::finish`] gives, are the whole text cleaned, wherever it is cut.
///
/// - Escape sequences (CSI, OSC, DCS, SOS, PM, APC, two-byte ones, C1 forms) are removed whole.
///   A string sequence that does not end within its line and within 4096 bytes is text.
/// - CRLF, lone CR, U+2028 and U+2029 become LF. TAB stays. All other control characters go.
/// - Bidirectional embeddings, overrides and isolates (U+202A–E, U+2066–9) are shown as `␦`, for
///   they make a text read as what it is not; the harmless marks U+061C and U+200E–F go.
/// - Invisible characters go: zero-width spaces and joiners, soft hyphens, fillers, annotations,
///   tags, variation selectors. Emoji keep U+200D and U+FE0E–F, other scripts keep U+200D.
/// - A base character keeps at most eight combining marks.
#[derive(Debug, Clone, Default)]
pub struct Sanitizer {
    escapes: Escapes,
    policy: Policy,
}

impl Sanitizer {
    /// Starts at the beginning of a text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cleans the next piece. What may turn out to be part of a sequence is held back.
    pub fn push(&mut self, piece: &str) -> SanitizedText {
        let mut out = String::with_capacity(piece.len());
        let Self { escapes, policy } = self;
        let mut rest = piece;
        while let Some(c) = rest.chars().next() {
            let shown = escapes.in_text();
            escapes.feed(c, &mut |c| policy.show(c, &mut out));
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            // Plain runs are copied; their first character went the long way.
            if shown && matches!(c, ' '..='~') {
                let run = rest.bytes().take_while(|byte| matches!(byte, b' '..=b'~')).count();
                let (plain, other) = rest.split_at_checked(run).unwrap_or((rest, ""));
                policy.plain(plain, &mut out);
                rest = other;
            }
        }
        SanitizedText(out)
    }

    /// Ends the text and gives what was held back. The next piece starts a new text.
    pub fn finish(&mut self) -> SanitizedText {
        let mut out = String::new();
        let Self { escapes, policy } = self;
        escapes.finish(&mut |c| policy.show(c, &mut out));
        self.policy = Policy::default();
        SanitizedText(out)
    }
}

/// Cleans a whole text.
#[must_use]
pub fn clean(text: &str) -> SanitizedText {
    let mut cleaner = Sanitizer::new();
    let mut safe = cleaner.push(text);
    safe.0.push_str(&cleaner.finish().0);
    safe
}

/// Tells whether a character reorders the text around it: a bidirectional embedding, override or isolate.
#[must_use]
pub fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Cleans a text for a place that has one line: line breaks and tabs become spaces.
#[must_use]
pub fn clean_line(text: &str) -> SanitizedText {
    SanitizedText(clean(text).0.replace(['\n', '\t'], " "))
}

/// Decides character by character what is shown, with the grapheme cluster shown last in mind.
#[derive(Debug, Clone, Default)]
struct Policy {
    after_return: bool,
    cluster: String,
    marks: u8,
}

impl Policy {
    fn show(&mut self, c: char, out: &mut String) {
        match c {
            '\n' if self.after_return => self.after_return = false,
            '\n' | '\r' | '\u{2028}' | '\u{2029}' => {
                self.cluster.clear();
                out.push('\n');
                self.after_return = c == '\r';
            }
            '\t' => {
                self.cluster.clear();
                self.after_return = false;
                out.push('\t');
            }
            c if c.is_control() || invisible(c) => {}
            JOINER if self.cluster.is_ascii() => {}
            '\u{fe0e}' | '\u{fe0f}' if self.cluster.is_empty() => {}
            c if reorders(c) => self.join(REORDERS, out),
            c => self.join(c, out),
        }
    }

    /// Shows printable ASCII that follows printable ASCII.
    fn plain(&mut self, run: &str, out: &mut String) {
        if let Some(last) = run.chars().next_back() {
            self.cluster.clear();
            self.cluster.push(last);
            self.marks = 0;
            out.push_str(run);
        }
    }

    fn join(&mut self, c: char, out: &mut String) {
        self.after_return = false;
        let before = self.cluster.len();
        let plain = c.is_ascii() && self.cluster.is_ascii();
        self.cluster.push(c);
        if plain || self.cluster.graphemes(true).nth(1).is_some() {
            self.cluster.clear();
            self.cluster.push(c);
            self.marks = 0;
        } else if before > 0 {
            let marks = if is_mark(c) { self.marks + 1 } else { 0 };
            if marks > MARKS || self.cluster.len() > CLUSTER {
                self.cluster.truncate(before);
                return;
            }
            self.marks = marks;
        }
        out.push(c);
    }
}

/// Tells whether a character joins any base: a combining mark, a modifier, a joiner.
fn is_mark(c: char) -> bool {
    let mut buffer = [0; 5];
    let [base, mark @ ..] = &mut buffer;
    *base = b'a';
    let length = 1 + c.encode_utf8(mark).len();
    let pair = buffer.get(..length).and_then(|bytes| str::from_utf8(bytes).ok());
    pair.is_some_and(|pair| pair.graphemes(true).nth(1).is_none())
}

/// Tells whether a character takes no room, or pretends to take none, and is no part of a word.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' |
        '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' |
        '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' |
        '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' |
        '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Bytes a sequence may take before what follows is text again.
const LIMIT: usize = 4096;

const BEL: char = '\u{7}';
const CAN: char = '\u{18}';
const SUB: char = '\u{1a}';
const ESC: char = '\u{1b}';
const ST: char = '\u{9c}';

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum EscapeState {
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
pub(crate) struct Escapes {
    state: EscapeState,
    taken: usize,
    held: String,
}

impl Escapes {
    /// Tells whether the next character is outside of any sequence.
    pub(crate) fn in_text(&self) -> bool {
        self.state == EscapeState::Text
    }

    /// Takes one character, and shows those that belong to no sequence.
    pub(crate) fn feed(&mut self, c: char, show: &mut impl FnMut(char)) {
        match self.state {
            EscapeState::Text => self.text(c, show),
            EscapeState::Escape => match c {
                ESC => {}
                '[' => self.enter(EscapeState::Control),
                ']' | 'P' | 'X' | '^' | '_' => self.enter(EscapeState::String),
                ' '..='/' => self.enter(EscapeState::Intermediate),
                '0'..='~' => self.enter(EscapeState::Text),
                _ => self.text(c, show),
            },
            EscapeState::Intermediate => match c {
                ' '..='/' if self.may_take() => {}
                '0'..='~' => self.enter(EscapeState::Text),
                _ => self.text(c, show),
            },
            EscapeState::Control => match c {
                ' '..='?' if self.may_take() => {}
                '@'..='~' => self.enter(EscapeState::Text),
                ESC | CAN | SUB | '\n' | '\r' => self.text(c, show),
                c if c.is_ascii_control() && self.may_take() => {}
                _ => self.text(c, show),
            },
            EscapeState::String => match c {
                BEL | CAN | SUB | ST => self.enter(EscapeState::Text),
                ESC => self.state = EscapeState::StringEscape,
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
            EscapeState::StringEscape if c == '\\' => self.enter(EscapeState::Text),
            EscapeState::StringEscape => {
                self.finish(show);
                self.state = EscapeState::Escape;
                self.feed(c, show);
            }
        }
    }

    /// Ends the text: shows what an unfinished string sequence held.
    pub(crate) fn finish(&mut self, show: &mut impl FnMut(char)) {
        let held = std::mem::take(&mut self.held);
        self.enter(EscapeState::Text);
        held.chars().for_each(show);
    }

    fn text(&mut self, c: char, show: &mut impl FnMut(char)) {
        match c {
            ESC => self.enter(EscapeState::Escape),
            '\u{9b}' => self.enter(EscapeState::Control),
            '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => self.enter(EscapeState::String),
            _ => {
                self.enter(EscapeState::Text);
                show(c);
            }
        }
    }

    fn enter(&mut self, state: EscapeState) {
        self.state = state;
        self.taken = 0;
        self.held.clear();
    }

    fn may_take(&mut self) -> bool {
        self.taken += 1;
        self.taken < LIMIT
    }
}

/// Returns the longest beginning of a text that has at most so many bytes and cuts no character in two.
#[must_use]
pub fn prefix(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{prefix, *};
    use crate::text::hostile::{cut, hostile};

    #[test]
    fn each_rule_holds() {
        let emoji = "👩🏻\u{200d}❤\u{fe0f}\u{200d}💋\u{200d}👨🏼";
        for (raw, want) in [
            ("plain text", "plain text"),
            ("a\r\nb\rc\n\nd", "a\nb\nc\n\nd"),
            ("a\r\x1b[K\nb", "a\nb"),
            ("a\r\r\nb", "a\n\nb"),
            ("a\u{2028}b\u{2029}c", "a\nb\nc"),
            ("a\tb", "a\tb"),
            ("a\0\x08\x0b\x0c\x7f\u{85}\u{9c}b", "ab"),
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b]0;owned\x07ok", "ok"),
            ("ab\u{202e}cd\u{202c}\u{2066}e\u{2069}", "ab␦cd␦␦e␦"),
            ("\u{200e}a\u{200f}b\u{61c}c", "abc"),
            ("\u{feff}a\u{200b}b\u{2060}c\u{ad}d\u{3164}e\u{fff9}f\u{e0041}g\u{e0100}", "abcdefg"),
            (emoji, emoji),
            ("❤\u{fe0f} 1\u{fe0f}\u{20e3}", "❤\u{fe0f} 1\u{fe0f}\u{20e3}"),
            ("a\u{200d}b", "ab"),
            ("\u{fe0f}a", "a"),
            ("क\u{94d}\u{200d}ष", "क\u{94d}\u{200d}ष"),
            ("e\u{301}", "e\u{301}"),
            ("日本語 🇩🇪", "日本語 🇩🇪"),
        ] {
            assert_eq!(clean(raw).as_str(), want, "{raw:?}");
        }
    }

    #[test]
    fn no_cluster_grows_without_bound() {
        let marks = clean(&format!("a{}b", "\u{301}".repeat(500)));
        assert_eq!(marks.as_str(), format!("a{}b", "\u{301}".repeat(8)));
        for endless in ["👩\u{200d}", "\u{1100}", "\u{600}", "क\u{94d}", "🏻", "\u{fe0f}\u{301}"] {
            let safe = clean(&endless.repeat(500));
            let longest = safe.graphemes(true).map(str::len).max();
            assert!(longest.unwrap_or(0) <= CLUSTER, "{endless:?}: {longest:?}");
        }
    }

    #[test]
    fn one_line_stays_one() {
        assert_eq!(clean_line("a\r\nb\tc\u{2028}d").as_str(), "a b c d");
    }

    #[test]
    fn the_end_gives_back_what_was_held() {
        let mut cleaner = Sanitizer::new();
        assert_eq!(cleaner.push("a\x1b]held").as_str(), "a");
        assert_eq!(cleaner.finish().as_str(), "held");
        assert_eq!(cleaner.push("b\r").as_str(), "b\n");
        assert_eq!(cleaner.finish().as_str(), "");
        assert_eq!(cleaner.push("\nc").as_str(), "\nc");
    }

    proptest! {
        #[test]
        fn pieces_are_the_whole(text in hostile(), sizes in prop::collection::vec(0usize..5, 0..60)) {
            let mut cleaner = Sanitizer::new();
            let mut got: String = cut(&text, &sizes).into_iter().map(|piece| cleaner.push(piece).0).collect();
            got.push_str(&cleaner.finish());
            prop_assert_eq!(got, clean(&text).0);
        }

        #[test]
        fn clean_is_clean(text in hostile()) {
            let safe = clean(&text);
            prop_assert!(!safe.chars().any(|c| c.is_control() && c != '\n' && c != '\t'));
            prop_assert!(!safe.chars().any(invisible));
            prop_assert_eq!(clean(&safe), safe);
        }
    }

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

    #[test]
    fn no_character_is_cut_in_two() {
        for (most, want) in [(0, ""), (1, "a"), (2, "a"), (3, "aé"), (4, "aé"), (99, "aé日")] {
            assert_eq!(prefix("aé日", most), want);
        }
    }
}
