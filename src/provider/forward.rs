//! A request that a program wrote itself, on its way to a provider: its own bytes go out but for what has to be another's,
//! and the bytes of the answer come back beside the events that are read of them.

use std::{
    collections::BTreeMap,
    fmt,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::{
    model::{Message, Target, Wire, id::hex_of_parts, target_settings::SystemRole},
    provider::headers::Headers,
};

/// The bytes of an answer that are kept for the cache, at most; a longer one is asked for again.
const MOST_KEPT: usize = 4 * 1024 * 1024;

/// Pieces of an answer that wait for whoever reads them. The provider is read no faster than they are.
pub const PIECES: usize = 16;

/// The field that asks for counts at the end of a stream of chat completions.
const COUNTS: &str = "stream_options";

/// What a program asked, as it came.
pub struct ProgramRequest {
    /// The wire it is written in.
    pub wire: Wire,
    /// Whether it asks for a stream.
    pub streams: bool,
    pub body: ForwardBody,
    /// Headers that go along: names in lower case.
    pub headers: Vec<(String, String)>,
    /// The program's own key, where that is to be sent in place of one of the settings.
    pub own_key: Option<SecretString>,
    /// The fields that no other wire has a place for, by their paths.
    pub untranslatable: Vec<String>,
    /// Its messages, as far as they are texts, files and calls of tools.
    pub messages: Vec<Message>,
    /// Whether a temperature was asked for: where none was, none is sent.
    pub tempered: bool,
}

/// What a program asked, on its way, and where its answer is read.
pub struct Forward {
    pub request: ProgramRequest,
    tapped: Mutex<TappedAnswer>,
    tap: mpsc::Sender<ForwardEvent>,
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ProgramRequest { wire, streams, .. } = &self.request;
        f.debug_struct("Forward").field("wire", wire).field("streams", streams).finish_non_exhaustive()
    }
}

/// What comes back of a request that is passed on, in order.
#[derive(Debug)]
pub enum ForwardEvent {
    /// A response began; what came of earlier ones is void.
    Began {
        status: u16,
        headers: Headers,
        /// Whether counts were asked for that the program did not ask for.
        added_counts: bool,
    },
    /// More of its body, unpacked.
    Bytes(Bytes),
}

/// An answer's bytes, as the cache keeps them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RawAnswer {
    pub content_type: String,
    pub body: String,
}

#[derive(Debug, Default)]
struct TappedAnswer {
    content_type: String,
    body: Vec<u8>,
    too_long: bool,
}

impl Forward {
    /// Makes one, and where its answer is read.
    #[must_use]
    pub fn new(request: ProgramRequest) -> (Self, mpsc::Receiver<ForwardEvent>) {
        let (tap, events) = mpsc::channel(PIECES);
        (Self { request, tapped: Mutex::default(), tap }, events)
    }

    /// Tells whether its bytes go to a target: one that speaks its wire, and of which the settings do not want another form.
    #[must_use]
    pub fn goes_to(&self, target: &Target) -> bool {
        let options = &target.options;
        let other_form = (options.whole && self.request.streams)
            || options.system == SystemRole::Fold
            || options.drop.iter().chain(options.rename.keys()).any(|name| name.contains('.'));
        target.kind == self.request.wire && !other_form
    }

    /// Tells whether a target is asked for counts that the program did not ask for.
    #[must_use]
    pub fn adds_counts(&self, target: &Target) -> bool {
        self.request.wire == Wire::OpenAi
            && self.request.streams
            && !self.request.body.has(COUNTS)
            && target.options.drop.iter().all(|name| name != COUNTS)
    }

    /// Writes the body for a target.
    #[must_use]
    pub fn body_for(&self, target: &Target) -> Vec<u8> {
        let counts = self.adds_counts(target).then_some((COUNTS, "{\"include_usage\":true}"));
        self.request.body.written(&target.model, &target.options.drop, &target.options.rename, counts)
    }

    /// Returns the part of a cache key that its bytes and headers make; the target's is another.
    #[must_use]
    pub fn digest(&self) -> String {
        use secrecy::ExposeSecret as _;
        let headers: Vec<String> =
            self.request.headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let key = self.request.own_key.as_ref().map_or("", |key| key.expose_secret());
        let (before, after) = self.request.body.around_model();
        hex_of_parts([before, "\u{0}", after, "\u{0}", &headers.concat(), "\u{0}", key])
    }

    /// Tells that a response begins.
    pub(crate) async fn began(&self, status: u16, headers: &Headers, added_counts: bool) {
        let content_type = headers.value("content-type").unwrap_or_default().to_owned();
        *self.tapped() = TappedAnswer { content_type, ..TappedAnswer::default() };
        let _gone = self.tap.send(ForwardEvent::Began { status, headers: headers.clone(), added_counts }).await;
    }

    /// Passes bytes of a body on, once there is room for them.
    pub(crate) async fn bytes(&self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        {
            let mut answer = self.tapped();
            if answer.body.len() + bytes.len() > MOST_KEPT {
                *answer = TappedAnswer { too_long: true, ..TappedAnswer::default() };
            } else if !answer.too_long {
                answer.body.extend_from_slice(&bytes);
            }
        }
        let _gone = self.tap.send(ForwardEvent::Bytes(bytes)).await;
    }

    /// Takes the answer's bytes out, if they are all there and are text.
    pub(crate) fn take_answer(&self) -> Option<RawAnswer> {
        let TappedAnswer { content_type, body, too_long } = std::mem::take(&mut *self.tapped());
        let body = String::from_utf8(body).ok().filter(|body| !too_long && !body.is_empty())?;
        Some(RawAnswer { content_type, body })
    }

    /// Plays an answer again.
    pub(crate) async fn replay(&self, answer: RawAnswer, target: &Target) {
        let headers = Headers::new([("content-type", answer.content_type)]);
        let added_counts = self.adds_counts(target);
        let _gone = self.tap.send(ForwardEvent::Began { status: 200, headers, added_counts }).await;
        let _gone = self.tap.send(ForwardEvent::Bytes(answer.body.into())).await;
    }

    fn tapped(&self) -> MutexGuard<'_, TappedAnswer> {
        self.tapped.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A JSON object as it was written, with the places of its members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardBody {
    text: String,
    members: Vec<Member>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Member {
    name: String,
    key: Range<usize>,
    value: Range<usize>,
}

/// Why a body is not passed on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBody {
    #[error("the body is not JSON: {0}")]
    NotJson(String),
    #[error("the body is not a JSON object")]
    NotAnObject,
    #[error("`{0}` stands twice in the body: which one counts is not for us to say")]
    Twice(String),
}

impl ForwardBody {
    /// Reads a body. Refuses what is no JSON object, nests too deep, or has a member twice.
    pub fn read(bytes: &[u8]) -> Result<(Self, serde_json::Map<String, serde_json::Value>), BadBody> {
        let text = std::str::from_utf8(bytes).map_err(|error| BadBody::NotJson(error.to_string()))?;
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| BadBody::NotJson(without_text(&error)))?;
        let serde_json::Value::Object(fields) = value else { return Err(BadBody::NotAnObject) };
        let members = members(text);
        if let Some(twice) = members.iter().enumerate().find_map(|(at, member)| {
            members.iter().take(at).any(|other| other.name == member.name).then_some(&member.name)
        }) {
            return Err(BadBody::Twice(twice.chars().take(64).collect()));
        }
        Ok((Self { text: text.to_owned(), members }, fields))
    }

    fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }

    fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Returns the text before the model's name and that after it.
    fn around_model(&self) -> (&str, &str) {
        match self.member("model") {
            Some(Member { value, .. }) => (self.slice(0..value.start), self.slice(value.end..self.text.len())),
            None => (&self.text, ""),
        }
    }

    /// Writes it with another model, without members or with other names of them, and with one more.
    #[must_use]
    pub fn written(
        &self,
        model: &str,
        drop: &[String],
        rename: &BTreeMap<String, String>,
        more: Option<(&str, &str)>,
    ) -> Vec<u8> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let mut out = String::with_capacity(self.text.len() + 64);
        let mut dropped_before = false;
        let (mut from, mut any) = (0, false);
        for member in &self.members {
            if drop.contains(&member.name) {
                // What stands before it goes with it: the comma, or the space at the start.
                if !any && from == 0 {
                    let brace = self.text.find('{').map_or(0, |at| at + 1);
                    out.push_str(self.slice(0..brace));
                }
                (from, dropped_before) = (member.value.end, true);
                continue;
            }
            let between = self.slice(from..member.key.start);
            // The first that is left has no comma before it.
            let between =
                if dropped_before && !any { between.trim_start_matches([',', ' ', '\n', '\r', '\t']) } else { between };
            out.push_str(between);
            match rename.get(&member.name) {
                Some(new) => out.push_str(&quoted(new)),
                None => out.push_str(self.slice(member.key.clone())),
            }
            out.push_str(self.slice(member.key.end..member.value.start));
            if member.name == "model" {
                out.push_str(&quoted(model));
            } else {
                out.push_str(self.slice(member.value.clone()));
            }
            (from, any, dropped_before) = (member.value.end, true, false);
        }
        if let Some((name, value)) = more {
            if any {
                out.push(',');
            } else if from == 0 {
                from = self.text.find('{').map_or(0, |at| at + 1);
                out.push_str(self.slice(0..from));
            }
            out.push_str(&quoted(name));
            out.push(':');
            out.push_str(value);
        }
        out.push_str(self.slice(from..self.text.len()));
        out.into_bytes()
    }
}

/// Says what is wrong with JSON and where, and nothing of what it holds.
fn without_text(error: &serde_json::Error) -> String {
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "it ends too soon",
        serde_json::error::Category::Syntax | serde_json::error::Category::Data | serde_json::error::Category::Io => {
            "it cannot be read"
        }
    };
    format!("{kind} at line {}, column {}", error.line(), error.column())
}

/// Finds the members of an object that is known to be JSON.
fn members(text: &str) -> Vec<Member> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = skip(bytes, 0) + 1;
    loop {
        at = skip(bytes, at);
        if bytes.get(at) != Some(&b'"') {
            return found;
        }
        let key = at..string_end(bytes, at);
        let value = skip(bytes, skip(bytes, key.end) + 1);
        let value = value..value_end(bytes, value);
        let name = text.get(key.clone()).and_then(|quoted| serde_json::from_str(quoted).ok()).unwrap_or_default();
        at = skip(bytes, value.end);
        found.push(Member { name, key, value });
        if bytes.get(at) != Some(&b',') {
            return found;
        }
        at += 1;
    }
}

fn skip(bytes: &[u8], mut at: usize) -> usize {
    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
        at += 1;
    }
    at
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'\\') => at += 2,
            Some(b'"') => return at + 1,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

fn value_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0_usize);
    loop {
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') => {
                at = string_end(bytes, at);
                if depth == 0 {
                    return at;
                }
            }
            Some(b'{' | b'[') => {
                depth += 1;
                at += 1;
            }
            Some(b'}' | b']') if depth <= 1 => return at + depth,
            Some(b'}' | b']') => {
                depth -= 1;
                at += 1;
            }
            Some(b',') if depth == 0 => return at,
            Some(byte) if depth == 0 && byte.is_ascii_whitespace() => return at,
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> ForwardBody {
        ForwardBody::read(text.as_bytes()).unwrap().0
    }

    fn written(text: &str, drop: &[&str], rename: &[(&str, &str)], more: Option<(&str, &str)>) -> String {
        let drop: Vec<String> = drop.iter().map(|name| (*name).to_owned()).collect();
        let rename: BTreeMap<String, String> =
            rename.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned())).collect();
        String::from_utf8(read(text).written("m\"2", &drop, &rename, more)).unwrap()
    }

    #[test]
    fn all_but_the_model_is_as_it_was_written() {
        let body = " {\n \"x\" : 1.0e+2, \"model\":\"a\" ,\"y\":{\"model\":\"b\",\"z\":[1,{\"q\":\"}\\\"\"}]},\t\"é\\u00e9\":null }\n";
        assert_eq!(written(body, &[], &[], None), body.replace("\"model\":\"a\"", "\"model\":\"m\\\"2\""));
        assert_eq!(written("{}", &[], &[], None), "{}");
    }

    #[test]
    fn members_go_change_their_name_and_are_added() {
        let body = r#"{"a":1, "model":"x", "b":[2], "c":3}"#;
        assert_eq!(written(body, &["a"], &[], None), r#"{"model":"m\"2", "b":[2], "c":3}"#);
        assert_eq!(written(body, &["c"], &[], None), r#"{"a":1, "model":"m\"2", "b":[2]}"#);
        assert_eq!(written(body, &["b", "c"], &[("a", "d")], None), r#"{"d":1, "model":"m\"2"}"#);
        assert_eq!(written(body, &["a", "model", "b", "c"], &[], None), "{}");
        assert_eq!(written(body, &["a", "model", "b", "c"], &[], Some(("s", "{}"))), r#"{"s":{}}"#);
        assert_eq!(written(r#"{"model":"x"}"#, &[], &[], Some(("s", "{}"))), r#"{"model":"m\"2","s":{}}"#);
    }

    #[test]
    fn what_is_no_object_or_has_two_models_is_refused_and_nothing_of_it_is_said() {
        assert_eq!(
            ForwardBody::read(b"{\"model\":\"a\",\"mod\\u0065l\":\"b\"}").unwrap_err(),
            BadBody::Twice("model".to_owned())
        );
        assert_eq!(ForwardBody::read(b"[1]").unwrap_err(), BadBody::NotAnObject);
        for bad in ["{\"a\":\"secret", "{\"a\":secret}", "", "{\"a\":1}x"] {
            let words = ForwardBody::read(bad.as_bytes()).unwrap_err().to_string();
            assert!(!words.contains("secret"), "{words}");
        }
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
        assert!(matches!(ForwardBody::read(deep.as_bytes()), Err(BadBody::NotJson(_))));
    }

    proptest! {
        #[test]
        fn a_body_without_changes_is_itself_and_each_member_is_found(
            values in prop::collection::btree_map("[a-z\"\\\\é ]{0,5}", prop_oneof![
                Just("[1,{\"a\":\"]\"}]".to_owned()), Just("\"x\\\\\"".to_owned()), Just("-1.5".to_owned()), Just("{}".to_owned())
            ], 0..6),
            space in "[ \n\t]{0,2}",
        ) {
            let members: Vec<String> = values
                .iter()
                .map(|(name, value)| format!("{space}{}{space}:{space}{value}{space}", serde_json::Value::from(name.as_str())))
                .collect();
            let text = format!("{space}{{{}}}{space}", if members.is_empty() { space.clone() } else { members.join(",") });
            let body = read(&text);
            let names: Vec<&String> = body.members.iter().map(|member| &member.name).collect();
            prop_assert_eq!(names, values.keys().collect::<Vec<_>>());
            let none: BTreeMap<String, String> = BTreeMap::new();
            prop_assert_eq!(String::from_utf8(body.written("m", &[], &none, None)).unwrap(), text);
            let all: Vec<String> = values.keys().cloned().collect();
            let emptied = body.written("m", &all, &none, Some(("s", "1")));
            let json: serde_json::Value = serde_json::from_slice(&emptied).unwrap();
            prop_assert_eq!(json, serde_json::json!({ "s": 1 }));
        }
    }
}
