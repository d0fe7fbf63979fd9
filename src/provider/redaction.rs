//! Takes secrets out of provider text before it becomes part of an error, in every form in which programs say one back.

pub(crate) mod answer;
pub(crate) mod raw;

use std::{
    collections::{BTreeSet, VecDeque},
    ops::Range,
};

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    model::{CallError, ErrorKind, Finish, Key, api_key::looks_like_key, tool::CallPiece},
    provider::{
        WireEvent,
        redaction::{answer::StreamRedactor, raw::ByteRedactor},
    },
};

/// What of a message is looked at for an error, in characters: more than it carries, whatever is taken out.
const LOOKED_AT: usize = 16_000;

/// The longest message an error carries, in characters.
const LONGEST: usize = 500;

const GONE: &str = "[key]";

/// Names that are followed by a key.
const NAMES: &[&str] = &["x-api-key", "api-key", "api_key", "apikey", "x-goog-api-key", "authorization"];

/// Knows the key of one call, and the shapes of others.
#[derive(Debug)]
pub struct Redact {
    key: Option<Key>,
    /// What is secret of the request, each with its label: the key and what headers are filled with.
    secrets: Vec<(String, SecretString)>,
    provider: String,
    text: StreamRedactor,
    reasoning: StreamRedactor,
    /// The arguments of the call under way, with its place.
    arguments: (usize, StreamRedactor),
    /// The labels of those that an answer has said back.
    noted: BTreeSet<String>,
}

impl Redact {
    /// Makes a redactor for a call with this key to a provider of the settings.
    #[must_use]
    pub fn new(key: Option<Key>, provider: &str) -> Self {
        let secrets = key.iter().map(|key| (format!("key {}", key.label), key.secret.clone())).collect();
        let (text, reasoning, arguments) = Default::default();
        let (provider, noted) = (provider.to_owned(), BTreeSet::new());
        let redact = Self { key, secrets, provider, text, reasoning, arguments, noted };
        redact.hiding(Vec::new())
    }

    /// Takes out these values as well, each named as its label says.
    #[must_use]
    pub(crate) fn hiding(mut self, values: Vec<(String, SecretString)>) -> Self {
        self.secrets.extend(values);
        self.text = StreamRedactor::new(self.secrets.iter().map(|(_, secret)| secret.expose_secret().trim()));
        self.reasoning = self.text.clone();
        self.arguments = (0, self.text.clone());
        self
    }

    /// Makes what takes the same secrets out of the bytes of a body.
    pub(crate) fn of_bytes(&self) -> ByteRedactor {
        ByteRedactor::new(self.secrets.iter().map(|(_, secret)| secret.expose_secret().trim()))
    }

    /// Replaces the call's secrets in every form in which servers say one back, and everything shaped like a key, then
    /// cuts the text to 500 characters.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let known = self.secrets.iter().map(|(_, secret)| secret.expose_secret().trim());
        let known = known.filter(|secret| !secret.is_empty());
        let text =
            known.fold(text.chars().take(LOOKED_AT).collect::<String>(), |text, secret| without_key(&text, secret));
        shorten(&without_shapes(&text))
    }

    /// Makes what a provider says fit to be shown and stored: the names it gives itself, its reasons, and an
    /// answer that says a secret of the call back, of which a notice tells. Of an answer nothing else is taken out.
    pub(crate) fn events(&mut self, events: Vec<WireEvent>, out: &mut VecDeque<Result<WireEvent, CallError>>) {
        for event in events {
            let event = match event {
                WireEvent::Text(text) => WireEvent::Text(self.text.push(text, GONE)),
                WireEvent::Refusal(text) => WireEvent::Refusal(self.text.push(text, GONE)),
                WireEvent::Reasoning(text) => WireEvent::Reasoning(self.reasoning.push(text, GONE)),
                WireEvent::Call(piece) => WireEvent::Call(self.call(piece, out)),
                WireEvent::Kept(item) => WireEvent::Kept(self.item(item)),
                WireEvent::Model(name) => WireEvent::Model(self.text(&name)),
                WireEvent::Finish(Finish::Other(reason)) => {
                    self.rest(out);
                    WireEvent::Finish(Finish::Other(self.text(&reason)))
                }
                WireEvent::Finish(_) | WireEvent::End => {
                    self.rest(out);
                    event
                }
                WireEvent::Headers { .. }
                | WireEvent::Usage(_)
                | WireEvent::ServerTiming { .. }
                | WireEvent::Exhausted(_)
                | WireEvent::Notice(_)
                | WireEvent::Alive => event,
            };
            for place in &(self.text.found() | self.reasoning.found()) | self.arguments.1.found() {
                let Some((label, _)) = self.secrets.get(place) else { continue };
                if self.noted.insert(label.clone()) {
                    let words = format!("the answer says the {label} back; {GONE} stands for it");
                    out.push_back(Ok(WireEvent::Notice(words)));
                }
            }
            // A piece that is held back is a sign of life all the same.
            let held = matches!(&event, WireEvent::Text(text) | WireEvent::Refusal(text) | WireEvent::Reasoning(text) if text.is_empty());
            out.push_back(Ok(if held { WireEvent::Alive } else { event }));
        }
    }

    /// Gives what was held back of an answer, before what ends it.
    pub(crate) fn rest(&mut self, out: &mut VecDeque<Result<WireEvent, CallError>>) {
        let rests = [WireEvent::Reasoning(self.reasoning.finish()), WireEvent::Text(self.text.finish())];
        let rests = rests
            .into_iter()
            .filter(|rest| !matches!(rest, WireEvent::Text(text) | WireEvent::Reasoning(text) if text.is_empty()));
        out.extend(rests.map(Ok));
        self.rest_of_call(out);
    }

    /// Takes the secrets out of a piece of a call. What was held back of another call comes before it.
    fn call(&mut self, piece: CallPiece, out: &mut VecDeque<Result<WireEvent, CallError>>) -> CallPiece {
        if piece.place != self.arguments.0 {
            self.rest_of_call(out);
            self.arguments.0 = piece.place;
        }
        let short = |text: Option<String>| text.map(|text| self.text(&text));
        let (id, name) = (short(piece.id), short(piece.name));
        let redactor = &mut self.arguments.1;
        let arguments = if piece.whole {
            drop(redactor.finish());
            redactor.push(piece.arguments, GONE) + &redactor.finish()
        } else {
            redactor.push(piece.arguments, GONE)
        };
        CallPiece { id, name, arguments, ..piece }
    }

    fn rest_of_call(&mut self, out: &mut VecDeque<Result<WireEvent, CallError>>) {
        let (place, arguments) = (self.arguments.0, self.arguments.1.finish());
        if !arguments.is_empty() {
            out.push_back(Ok(WireEvent::Call(CallPiece { place, arguments, ..CallPiece::default() })));
        }
    }

    /// Takes the secrets out of the texts of what a provider wants back: it is recorded until then.
    fn item(&self, item: Value) -> Value {
        match item {
            Value::String(text) => {
                let mut redactor = self.text.clone();
                drop(redactor.finish());
                Value::String(redactor.push(text, GONE) + &redactor.finish())
            }
            Value::Array(items) => items.into_iter().map(|item| self.item(item)).collect(),
            Value::Object(fields) => fields.into_iter().map(|(name, item)| (name, self.item(item))).collect(),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
        }
    }

    /// Makes an error fit to be shown: its texts redacted, the rejected key named by its label; a refusal
    /// of a request without a key says that one is missing.
    #[must_use]
    pub fn error(&self, mut error: CallError) -> CallError {
        error.message = self.text(&error.message);
        if error.class == ErrorKind::Credential {
            if let Some(key) = &self.key {
                error.message = format!("key {}: {}", key.label, error.message);
            } else {
                error.class = ErrorKind::MissingKey;
                error.message = format!(
                    "provider `{0}` wants a key, and none is set for it; `api_keys` under [providers.{0}] in config.toml names one: {1}",
                    self.provider, error.message
                );
            }
        }
        error.hint = error.hint.map(|hint| self.text(&hint));
        error.param = error.param.map(|param| self.text(&param));
        error.request_id = error.request_id.map(|id| self.text(&id));
        error
    }
}

/// Replaces a key in every form in which servers say it back, its longer beginnings and ends as well.
fn without_key(text: &str, key: &str) -> String {
    let mut out = text.to_owned();
    for range in find(text, key).into_iter().rev() {
        out.replace_range(range, GONE);
    }
    out
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.pop();
        short.push('…');
    }
    short
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*' | '+' | '/' | '~')
}

/// Walks over words and what is between them; a key's name makes the word after it a key.
fn without_shapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut named = false;
    let mut bearer = false;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let end = after.find(is_word).unwrap_or(after.len());
        let (between, after) = after.split_at(end);
        rest = after;
        let lower = word.to_ascii_lowercase();
        let scheme = matches!(lower.as_str(), "bearer" | "basic");
        let secret = !scheme && ((named && word.len() >= 4) || (bearer && word.len() >= 8) || looks_like_key(word));
        out.push_str(if secret { GONE } else { word });
        out.push_str(between);
        if !word.is_empty() {
            named = (scheme && named) || (NAMES.contains(&lower.as_str()) && between.contains([':', '=']));
            bearer = scheme;
        }
    }
    out
}

/// The shortest beginning or end of a secret that is one of its forms, in bytes.
const PART: usize = 8;

/// How often a text is decoded: a link in a JSON string in a JSON string takes three turns.
const TURNS: usize = 3;

/// Writes a secret in the forms in which a model says one back: as it is, with the escapes of JSON, percent-encoded in
/// either case, and in base64.
pub(crate) fn forms(secret: &str) -> Vec<Vec<u8>> {
    let percent = |upper: bool| {
        let write = |byte: u8| match byte {
            b'-' | b'_' | b'.' | b'~' => vec![byte],
            byte if byte.is_ascii_alphanumeric() => vec![byte],
            byte if upper => format!("%{byte:02X}").into_bytes(),
            byte => format!("%{byte:02x}").into_bytes(),
        };
        secret.bytes().flat_map(write).collect::<Vec<u8>>()
    };
    let mut forms =
        vec![secret.as_bytes().to_vec(), secret.replace('/', "\\/").into_bytes(), percent(true), percent(false)];
    forms.extend((0..3).flat_map(|offset| [b"+/", b"-_"].map(|two| base64(secret.as_bytes(), offset, *two))));
    forms.sort_unstable();
    forms.dedup();
    forms
}

/// Returns where a text holds a secret, in order and apart from each other: as it is, percent-encoded in either
/// case, with the escapes of JSON or HTML, in base64 by itself or within something longer (`Bearer KEY`, `:KEY`),
/// and its beginnings and ends of 8 bytes or more in each of these but base64.
pub(crate) fn find(text: &str, secret: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    if secret.is_empty() {
        return found;
    }
    let mut view = View::of(text);
    for _ in 0..=TURNS {
        view.find(secret.as_bytes(), &mut found);
        let Some(decoded) = view.decoded() else { break };
        view = decoded;
    }
    // No part of a character is cut off.
    for range in &mut found {
        range.start = (0..=range.start).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        range.end = (range.end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
    found
}

/// A text as bytes, each with the place in the first text that it stands for.
struct View {
    bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl View {
    fn of(text: &str) -> Self {
        Self { bytes: text.as_bytes().to_vec(), places: (0..text.len()).map(|at| at..at + 1).collect() }
    }

    /// Decodes one layer of escapes; none if there is none.
    fn decoded(&self) -> Option<Self> {
        if !self.bytes.iter().any(|byte| matches!(byte, b'%' | b'\\' | b'&')) {
            return None;
        }
        let mut decoded = Self { bytes: Vec::new(), places: Vec::new() };
        let mut rest = self.bytes.as_slice();
        while let Some(byte) = rest.first() {
            let at = self.bytes.len() - rest.len();
            let (length, c) = escape(rest).unwrap_or((1, Decoded::Byte(*byte)));
            let place = self.place(at..at + length);
            match c {
                Decoded::Byte(byte) => decoded.push(byte, &place),
                Decoded::Char(c) => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| decoded.push(byte, &place)),
            }
            rest = rest.get(length..).unwrap_or_default();
        }
        (decoded.bytes.len() < self.bytes.len()).then_some(decoded)
    }

    fn push(&mut self, byte: u8, place: &Range<usize>) {
        self.bytes.push(byte);
        self.places.push(place.clone());
    }

    /// Returns the place in the first text of a stretch of this one.
    fn place(&self, stretch: Range<usize>) -> Range<usize> {
        let places = self.places.get(stretch).unwrap_or_default();
        places.first().map_or(0, |place| place.start)..places.last().map_or(0, |place| place.end)
    }

    fn find(&self, secret: &[u8], found: &mut Vec<Range<usize>>) {
        let Some((head, tail)) = secret.first_chunk::<PART>().zip(secret.last_chunk::<PART>()) else {
            let whole = memchr::memmem::find_iter(&self.bytes, secret);
            found.extend(whole.map(|at| self.place(at..at + secret.len())));
            return;
        };
        for at in memchr::memmem::find_iter(&self.bytes, head) {
            let from = self.bytes.get(at..).unwrap_or_default();
            let length = from.iter().zip(secret).take_while(|(a, b)| a == b).count();
            found.push(self.place(at..at + length));
        }
        for at in memchr::memmem::find_iter(&self.bytes, tail) {
            let end = at + PART;
            let until = self.bytes.get(..end).unwrap_or_default();
            let length = until.iter().rev().zip(secret.iter().rev()).take_while(|(a, b)| a == b).count();
            found.push(self.place(end - length..end));
        }
        for digits in (0..3).flat_map(|offset| [base64(secret, offset, *b"+/"), base64(secret, offset, *b"-_")]) {
            for at in memchr::memmem::find_iter(&self.bytes, &digits) {
                let (before, from) = self.bytes.split_at_checked(at).unwrap_or_default();
                let start = at - before.iter().rev().take_while(|byte| is_digit(**byte)).count();
                let end = at + from.iter().take_while(|byte| is_digit(**byte)).count();
                found.push(self.place(start..end));
            }
        }
    }
}

/// What an escape stands for.
enum Decoded {
    /// A byte of some character.
    Byte(u8),
    Char(char),
}

/// Reads the escape that bytes begin with: how long it is, and what it stands for.
fn escape(bytes: &[u8]) -> Option<(usize, Decoded)> {
    let hex = |range: Range<usize>| {
        let digits = std::str::from_utf8(bytes.get(range)?).ok()?;
        digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(())?;
        u32::from_str_radix(digits, 16).ok()
    };
    match bytes {
        [b'%', ..] => Some((3, Decoded::Byte(u8::try_from(hex(1..3)?).ok()?))),
        [b'\\', b'u', ..] => Some((6, Decoded::Char(char::from_u32(hex(2..6)?)?))),
        [b'\\', c @ (b'/' | b'"' | b'\\'), ..] => Some((2, Decoded::Byte(*c))),
        [b'&', b'#', digits @ ..] => {
            let length = digits.iter().take(8).position(|byte| *byte == b';')?;
            let number = std::str::from_utf8(digits.get(..length)?).ok()?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(number) => u32::from_str_radix(number, 16),
                None => number.parse(),
            };
            Some((length + 3, Decoded::Char(char::from_u32(code.ok()?)?)))
        }
        [b'&', b'a', b'm', b'p', b';', ..] => Some((5, Decoded::Byte(b'&'))),
        _ => None,
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_' | b'=')
}

/// Writes in base64 what stands for these bytes alone, `offset` bytes after the beginning of a group of three
/// (RFC 4648, 4). The digits at either end that other bytes have a part in are left away.
fn base64(bytes: &[u8], offset: usize, last_two: [u8; 2]) -> Vec<u8> {
    let digit = |six: u32| match six & 63 {
        six @ 0..=25 => b'A' + six as u8,
        six @ 26..=51 => b'a' + (six - 26) as u8,
        six @ 52..=61 => b'0' + (six - 52) as u8,
        62 => last_two[0],
        _ => last_two[1],
    };
    let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(bytes.iter().copied()).collect();
    let digits = padded.chunks(3).flat_map(|three| {
        let bits = three.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        [bits >> 18, bits >> 12, bits >> 6, bits].map(digit)
    });
    let (first, end) = ((offset * 8).div_ceil(6), padded.len() * 8 / 6);
    digits.take(end).skip(first).collect()
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn redact() -> Redact {
        let secret = SecretString::from("planted-sentinel.4711");
        Redact::new(
            Some(Key { label: "env:KEY".to_owned(), account: "a".to_owned(), secret, left_out: None }),
            "openai",
        )
    }

    #[test]
    fn the_calls_own_key_is_gone_whatever_it_looks_like() {
        let text = redact().text("bad key \"planted-sentinel.4711\" (planted-sentinel.4711)");
        assert_eq!(text, "bad key \"[key]\" ([key])");
    }

    #[test]
    fn the_calls_own_key_is_gone_encoded_and_cut_off_too() {
        for text in [
            "in base64: cGxhbnRlZC1zZW50aW5lbC40NzEx",
            "a page that begins: <p>planted-sentin",
            "it ends in sentinel.4711",
        ] {
            let clean = redact().text(text);
            assert!(clean.ends_with(GONE) && !clean.contains("sentin") && !clean.contains("cGxh"), "{clean}");
        }
        assert_eq!(redact().text("a plant"), "a plant");
    }

    #[test]
    fn names_that_servers_give_themselves_are_looked_through() {
        let mut out = VecDeque::new();
        redact().events(vec![WireEvent::Model("m planted-sentinel.4711".to_owned())], &mut out);
        assert_eq!(out, [Ok(WireEvent::Model("m [key]".to_owned()))]);
    }

    #[test]
    fn an_answer_that_says_the_key_back_is_told_of_without_it() {
        let text = |text: &str| WireEvent::Text(text.to_owned());
        let (mut redact, mut out) = (redact(), VecDeque::new());
        redact.events(vec![text("it is planted-"), text("sentinel.4711, or plant"), WireEvent::End], &mut out);
        let notice = WireEvent::Notice("the answer says the key env:KEY back; [key] stands for it".to_owned());
        let want = [text("it is "), notice, text("[key], or "), text("plant"), WireEvent::End];
        assert_eq!(out, want.map(Ok));
    }

    #[test]
    fn everything_shaped_like_a_key_is_gone() {
        for text in [
            "Incorrect API key provided: sk-proj-abcDEF123456. You can find it",
            "Incorrect API key provided: sk-l****1234",
            "Authorization: Bearer abcdef0123456789",
            "{\"authorization\":\"Bearer abcdef0123456789\"}",
            "x-api-key: abc123def",
            "https://host/v1?api_key=abc123def&x=1",
            "AIzaSyD-1234567890abcdefghij",
        ] {
            let clean = redact().text(text);
            assert!(clean.contains(GONE), "{clean}");
            for part in ["abcDEF", "1234", "abcdef0123", "abc123def"] {
                assert!(!clean.contains(part), "{clean}");
            }
        }
    }

    #[test]
    fn plain_words_stay() {
        for text in ["Invalid bearer token", "the api_key is missing", "task-force of 12 at gpt-4o-mini", "ä b  c"] {
            assert_eq!(redact().text(text), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_after_its_keys_are_gone() {
        let text = format!("{}planted-sentinel.4711", "x ".repeat(245));
        let clean = redact().text(&format!("{text}{}", "y".repeat(900)));
        assert_eq!(clean.chars().count(), LONGEST);
        assert!(!clean.contains("planted"), "{clean}");
    }

    #[test]
    fn a_refused_key_is_named_by_its_label() {
        let error = redact().error(CallError::new(ErrorKind::Credential, "wrong: planted-sentinel.4711"));
        assert_eq!(error.message, "key env:KEY: wrong: [key]");
    }
    const SECRET: &str = "odd/key+of=>>>?4711\"x";

    /// Takes the secret out of a text.
    fn without(text: &str) -> String {
        let mut out = text.to_owned();
        for range in find(text, SECRET).into_iter().rev() {
            out.replace_range(range, "#");
        }
        out
    }

    #[test]
    fn a_secret_is_found_in_every_form() {
        for (text, clean) in [
            ("a odd/key+of=>>>?4711\"x z", "a # z"),
            ("odd%2Fkey%2Bof%3D%3E%3E%3E%3F4711%22x", "#"),
            ("odd%2fkey%2bof%3d%3e%3E%3e%3f4711%22x.", "#."),
            (r#"{"k":"odd\/key+of=>>>?4711\"x"}"#, r##"{"k":"#"}"##),
            (r#""odd\u002Fkey\u002bof=\u003e>>?4711\u0022x""#, r##""#""##),
            (r#"\"odd\\/key+of=>>>?4711\\\"x\""#, r##"\"#\""##),
            ("odd&#47;key&#x2B;of=&#x3e;>>?4711&#34;x;", "#;"),
            ("odd%252Fkey%252Bof%253D>>>?4711\"x", "#"),
            // base64 of the secret, of `Bearer SECRET`, of `:SECRET`, of `ab:SECRET` and of `SECRET:`
            ("k=b2RkL2tleStvZj0+Pj4/NDcxMSJ4;", "#;"),
            ("(b2RkL2tleStvZj0-Pj4_NDcxMSJ4)", "(#)"),
            ("QmVhcmVyIG9kZC9rZXkrb2Y9Pj4+PzQ3MTEieA== z", "# z"),
            ("Basic Om9kZC9rZXkrb2Y9Pj4+PzQ3MTEieA==", "Basic #"),
            ("Basic YWI6b2RkL2tleStvZj0+Pj4/NDcxMSJ4", "Basic #"),
            ("Basic b2RkL2tleStvZj0+Pj4/NDcxMSJ4Og==", "Basic #"),
            // parts
            ("begins with odd/key+ and", "begins with # and"),
            ("odd/key+of…?4711\"x", "#…?4711\"x"),
            ("ends with >>?4711\"x.", "ends with #."),
            ("odd%2fkey%2b…", "#…"),
            ("odd/key is too short, and so is 4711\"x", "odd/key is too short, and so is 4711\"x"),
            ("nothing of it", "nothing of it"),
        ] {
            assert_eq!(without(text), clean, "{text}");
        }
    }

    #[test]
    fn a_short_secret_is_found_whole() {
        assert_eq!(find("a k1 b k12", "k1"), [2..4, 7..9]);
        assert!(find("anything", "").is_empty());
    }

    #[test]
    fn no_character_is_cut() {
        let text = "é12345678é123";
        for range in find(text, "x12345678\u{00e8}") {
            assert!(text.get(range).is_some());
        }
    }
}
