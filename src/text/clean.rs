//! The cleaner: the only way from any text to text that may reach a terminal.

use std::{fmt, ops::Deref};

use unicode_segmentation::UnicodeSegmentation;

use super::escape::Escapes;

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
pub struct Safe(String);

impl Safe {
    /// Shows it as a plain string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Safe {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Safe {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Safe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Cleans a text that comes in pieces. The pieces cleaned one after the other, and then what
/// [`Cleaner::finish`] gives, are the whole text cleaned, wherever it is cut.
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
pub struct Cleaner {
    escapes: Escapes,
    policy: Policy,
}

impl Cleaner {
    /// Starts at the beginning of a text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cleans the next piece. What may turn out to be part of a sequence is held back.
    pub fn push(&mut self, piece: &str) -> Safe {
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
        Safe(out)
    }

    /// Ends the text and gives what was held back. The next piece starts a new text.
    pub fn finish(&mut self) -> Safe {
        let mut out = String::new();
        let Self { escapes, policy } = self;
        escapes.finish(&mut |c| policy.show(c, &mut out));
        self.policy = Policy::default();
        Safe(out)
    }
}

/// Cleans a whole text.
#[must_use]
pub fn clean(text: &str) -> Safe {
    let mut cleaner = Cleaner::new();
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
pub fn clean_line(text: &str) -> Safe {
    Safe(clean(text).0.replace(['\n', '\t'], " "))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::samples::{cut, hostile};

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
        let mut cleaner = Cleaner::new();
        assert_eq!(cleaner.push("a\x1b]held").as_str(), "a");
        assert_eq!(cleaner.finish().as_str(), "held");
        assert_eq!(cleaner.push("b\r").as_str(), "b\n");
        assert_eq!(cleaner.finish().as_str(), "");
        assert_eq!(cleaner.push("\nc").as_str(), "\nc");
    }

    proptest! {
        #[test]
        fn pieces_are_the_whole(text in hostile(), sizes in prop::collection::vec(0usize..5, 0..60)) {
            let mut cleaner = Cleaner::new();
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
}
