//! JSON as providers write it, which is not always JSON, and when a body that is one value is whole.
//!
//! What RFC 8259 takes is read as it is. What it refuses is put right where that loses nothing:
//! `NaN`, `Infinity` and numbers beyond a double become null, control characters inside a string
//! are taken as they stand, and half of a surrogate pair is kept until its other half comes, in
//! this event or the next.

use std::fmt::Write as _;

use serde_json::Value;

/// Follows the brackets of a body, so that it is looked at as a whole once and not at every piece of it.
#[derive(Debug, Default)]
pub(crate) struct Balance {
    depth: usize,
    text: bool,
    escaped: bool,
    closed: bool,
}

impl Balance {
    /// Takes the next bytes; returns how many of them end with the close of the body's first bracket.
    pub(crate) fn closes(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.closed {
            return None;
        }
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.text => self.escaped = true,
                b'"' => self.text = !self.text,
                _ if self.text => {}
                b'[' | b'{' => self.depth += 1,
                b']' | b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.closed = self.depth == 0;
                    if self.closed {
                        return Some(at.saturating_add(1));
                    }
                }
                _ => {}
            }
        }
        None
    }
}

/// A half of a surrogate pair stands as the private character this far above it: no text that
/// holds such a character itself is read so.
const SHIFT: u32 = 0x10_F800 - 0xD800;

/// A value, and whether its texts hold halves of surrogate pairs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// Whether its texts have to be read by [`Halves::join`].
    pub(crate) halved: bool,
}

/// Values of JSON that one event may hold: some hundred bytes of memory each, however short they are.
pub(crate) const MOST_VALUES: usize = 250_000;

/// Tells whether a text holds more values than [`MOST_VALUES`], without reading them.
pub(crate) fn is_heavy(text: &str) -> bool {
    // Each value but the first needs at least two bytes.
    if text.len() / 2 < MOST_VALUES {
        return false;
    }
    let (mut values, mut inside, mut escaped) = (1_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if inside => escaped = true,
            b'"' => inside = !inside,
            b',' | b'[' | b'{' if !inside => values += 1,
            _ => {}
        }
    }
    values > MOST_VALUES
}

/// Reads a value; none where it is no JSON even so.
pub(crate) fn read(text: &str) -> Option<Parsed> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(Parsed { value, halved: false });
    }
    let mut repair = Repair { rest: text, out: String::with_capacity(text.len() + 16), halved: false };
    repair.run();
    let value = serde_json::from_str(&repair.out).ok()?;
    Some(Parsed { value, halved: repair.halved })
}

/// Rewrites a text from outside into JSON.
struct Repair<'a> {
    rest: &'a str,
    out: String,
    halved: bool,
}

impl<'a> Repair<'a> {
    fn run(&mut self) {
        // A text that holds such characters already would be read as halves.
        let taken = self.rest.chars().any(is_half);
        while let Some(c) = self.rest.chars().next() {
            match c {
                '"' => self.string(taken),
                '+' | '-' | '.' | '0'..='9' | 'A'..='Z' | 'a'..='z' => self.token(),
                _ => self.copy(c.len_utf8()),
            }
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(length).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    fn copy(&mut self, length: usize) {
        let taken = self.take(length);
        self.out.push_str(taken);
    }

    /// Takes a number or a word.
    fn token(&mut self) {
        let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
        let token = self.take(self.rest.find(|c| !inside(c)).unwrap_or(self.rest.len()));
        // A double takes the words for what is no number too, in every case.
        let lost = token.parse::<f64>().is_ok_and(|number| !number.is_finite());
        self.out.push_str(if lost { "null" } else { token });
    }

    /// Takes a string with both of its quotes, as far as they are there.
    fn string(&mut self, taken: bool) {
        self.copy(1);
        while let Some(c) = self.rest.chars().next() {
            match c {
                '"' => return self.copy(1),
                '\\' => self.escape(taken),
                c if c.is_control() && c.is_ascii() => {
                    self.take(1);
                    // Writing to a String cannot fail.
                    let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                }
                c => self.copy(c.len_utf8()),
            }
        }
    }

    fn escape(&mut self, taken: bool) {
        let Some(unit) = unit(self.rest) else {
            // The backslash, and what it escapes.
            self.copy(1);
            return self.copy(self.rest.chars().next().map_or(0, char::len_utf8));
        };
        if !(0xD800..0xE000).contains(&unit) {
            return self.copy(6);
        }
        let low = self.rest.get(6..).and_then(self::unit).filter(|low| (0xDC00..0xE000).contains(low));
        if unit < 0xDC00 && low.is_some() {
            return self.copy(12);
        }
        self.take(6);
        let half = char::from_u32(unit + SHIFT).filter(|_| !taken);
        self.halved |= half.is_some();
        self.out.push(half.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}

/// Reads the number of an escape `\uXXXX` at the start.
fn unit(text: &str) -> Option<u32> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_half(c: char) -> bool {
    u32::from(c) >= 0xD800 + SHIFT
}

/// Puts surrogate pairs together again whose halves came apart.
#[derive(Debug, Default)]
pub(crate) struct Halves {
    high: Option<u32>,
}

impl Halves {
    /// Takes the next piece of a text and returns what of it is known by now. A half whose other
    /// half is not next to it becomes U+FFFD.
    pub(crate) fn join(&mut self, text: String, halved: bool) -> String {
        if !halved && self.high.is_none() {
            return text;
        }
        let mut out = String::with_capacity(text.len() + 4);
        for c in text.chars() {
            let half = Some(u32::from(c)).filter(|_| halved && is_half(c)).map(|own| own - SHIFT);
            match (self.high.take(), half) {
                (Some(high), Some(low)) if low >= 0xDC00 => {
                    let whole = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                    out.push(char::from_u32(whole).unwrap_or(char::REPLACEMENT_CHARACTER));
                    continue;
                }
                (Some(_), _) => out.push(char::REPLACEMENT_CHARACTER),
                (None, _) => {}
            }
            match half {
                Some(high) if high < 0xDC00 => self.high = Some(high),
                Some(_) => out.push(char::REPLACEMENT_CHARACTER),
                None => out.push(c),
            }
        }
        out
    }

    /// Returns what is left of a text that is over.
    pub(crate) fn rest(&mut self) -> Option<String> {
        self.high.take().map(|_| char::REPLACEMENT_CHARACTER.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_answer_is_one_as_soon_as_its_bracket_closes_and_is_looked_at_once() {
        let mut balance = Balance::default();
        let body = br#"{"a":"}\"]","b":[1,{"c":2}]}"#;
        let closed: Vec<usize> = (0..body.len()).filter(|at| balance.closes(&body[*at..=*at]).is_some()).collect();
        assert_eq!(closed, [body.len() - 1]);
        assert_eq!(balance.closes(b"{}"), None, "what follows is no second one");
        let more = [body, &b" {}"[..]].concat();
        assert_eq!(Balance::default().closes(&more), Some(body.len()));
    }

    fn value(text: &str) -> Option<Value> {
        read(text).map(|parsed| parsed.value)
    }

    #[test]
    fn what_is_no_number_is_null() {
        let text = r#"{"a":NaN,"b":[-Infinity,Infinity,+inf,1e999,-1e999],"c":"NaN, -Infinity","d":1.5}"#;
        let expected = json!({"a": null, "b": [null, null, null, null, null], "c": "NaN, -Infinity", "d": 1.5});
        assert_eq!(value(text), Some(expected));
    }

    #[test]
    fn control_characters_in_a_string_are_taken_as_they_stand() {
        assert_eq!(value("{\"a\":\"x\ty\nz\u{1}\"}"), Some(json!({"a": "x\ty\nz\u{1}"})));
    }

    #[test]
    fn what_is_broken_stays_broken() {
        for text in ["", "{", "{oops", "{\"a\":}", "{\"a\":\"ug{\"a\":1}", "nonsense", "{\"a\": undefined}", "\"\\"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    fn joined(pieces: &[&str]) -> String {
        let mut halves = Halves::default();
        let mut out: String = pieces
            .iter()
            .map(|piece| {
                let Parsed { value, halved } = read(&format!("\"{piece}\"")).unwrap();
                halves.join(value.as_str().unwrap().to_owned(), halved)
            })
            .collect();
        out.extend(halves.rest());
        out
    }

    #[test]
    fn a_pair_whose_halves_came_apart_is_one_character() {
        assert_eq!(joined(&[r"ok \ud83d", r"\ude00 done"]), "ok 😀 done");
        assert_eq!(joined(&[r"\ud83d", "", r"\ude00"]), "😀");
        assert_eq!(joined(&[r"\ud83d\ude00\ud83d", r"\ude00"]), "😀😀");
        assert_eq!(joined(&[r"a\ud83d", "b"]), "a\u{fffd}b", "its other half never came");
        assert_eq!(joined(&[r"a\ude00b", r"\ud83d"]), "a\u{fffd}b\u{fffd}");
        assert_eq!(joined(&["\u{10f83d}", r"\ude00"]), "\u{10f83d}\u{fffd}", "a private character is itself");
        assert_eq!(joined(&["\u{10f83d}\\ude00"]), "\u{10f83d}\u{fffd}");
    }

    proptest! {
        #[test]
        fn json_is_read_as_it_is(text in "\\PC{0,40}", number in any::<f64>()) {
            let written = json!({"text": text, "number": number}).to_string();
            prop_assert_eq!(value(&written), serde_json::from_str(&written).ok());
        }

        #[test]
        fn every_text_survives_any_cut_between_its_units(text in "[a-z😀-😆𝒜-𝒵]{0,8}", cut in any::<prop::sample::Index>()) {
            let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
            let (left, right) = units.split_at(cut.index(units.len() + 1));
            prop_assert_eq!(joined(&[&left.concat(), &right.concat()]), text);
        }

        #[test]
        fn nothing_panics(text in "[\\\\\"u{}:,d8c0NI\\-\u{0}-\u{1f}😀]{0,24}") {
            let _ = read(&text);
        }
    }
}
