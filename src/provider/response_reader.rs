//! From a response's bytes to wire events: which shape the body has, and what it says.
//!
//! Headers whose values are secrets get them as a request goes out, and nowhere else.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
};

use secrecy::{ExposeSecret, SecretString};
use serde::de::IgnoredAny;

use crate::{
    model::{CallError, ErrorKind, Key, Target, Wire, header, header::HeaderPiece, target_settings::SecretPlace},
    provider::{
        WireEvent, classify, json,
        json::Balance,
        ndjson::{BOM, EVENT_CAP, Frame, FramingError, Ndjson},
        request,
        sse::Sse,
        token_counts, wires,
        wires::{Framing, HttpWire, StreamDecoder, empty, not_json, openai::ChatCompletions},
    },
};

/// The largest response taken, in bytes.
pub const RESPONSE_CAP: usize = 64 * 1024 * 1024;

/// What ends a stream of chat completions, and what gateways end others with.
const DONE: &str = "[DONE]";

/// What the names of events have in them that are nothing but a sign of life.
const HEARTBEATS: &[&str] = &["ping", "pong", "beat", "alive", "noop"];

/// Reads one successful response of a provider. It does no IO: bytes are pushed in pieces of any
/// size, and the events are the same however they are split.
pub struct Reader {
    decoder: Box<dyn StreamDecoder>,
    lines: bool,
    media_type: Option<String>,
    body: Body,
    balance: Balance,
    response_bytes: usize,
    /// Bytes of the events read so far.
    data_bytes: usize,
    frames: Vec<Frame>,
}

/// The shape of a body. Servers lie about it, so its first bytes decide.
enum Body {
    Unknown(Vec<u8>),
    Events(Sse),
    Lines(Ndjson),
    Whole(Vec<u8>),
}

enum Shape {
    Events,
    Json,
    Page,
    Foreign,
}

impl Reader {
    /// Makes a reader for a response of a media type; what is not asked over HTTP is read as a chat completion.
    #[must_use]
    pub fn new(wire: Wire, media_type: Option<String>) -> Self {
        let wire = wires::http(wire).unwrap_or(&ChatCompletions);
        Self::speaking(wire, wire.framing(), media_type)
    }

    /// Makes a reader for a response of a wire, where a body of JSON is framed in this way.
    pub(crate) fn speaking(wire: &dyn HttpWire, framing: Framing, media_type: Option<String>) -> Self {
        Self {
            decoder: wire.decoder(),
            lines: framing == Framing::Lines,
            media_type,
            body: Body::Unknown(Vec::new()),
            balance: Balance::default(),
            response_bytes: 0,
            data_bytes: 0,
            frames: Vec::new(),
        }
    }

    /// Tells whether the end was said; nothing more is of interest then.
    #[must_use]
    pub fn ended(&self) -> bool {
        self.decoder.progress().ended
    }

    /// Returns the path that the rest of a response is got from which was not ready; none where it is complete.
    pub(crate) fn again(&self) -> Option<String> {
        self.decoder.again()
    }

    /// Takes a body that broke off. After its finish reason an answer is whole all the same; before,
    /// the error stands.
    pub fn broke_off(&mut self, error: CallError, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if self.finished() { self.decoder.progress_mut().end(out) } else { Err(error) }
    }

    /// Tells whether a reason to stop was given: only counts and marks follow then.
    fn finished(&self) -> bool {
        let progress = self.decoder.progress();
        progress.finished && !progress.resumed
    }

    /// Takes more bytes and appends what they say. Events before an error are in `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        self.response_bytes = self.response_bytes.saturating_add(bytes.len());
        if self.response_bytes > RESPONSE_CAP {
            let text = format!("the response is larger than {} MiB", RESPONSE_CAP / (1024 * 1024));
            return Err(CallError::new(ErrorKind::TooLarge, text));
        }
        let Body::Unknown(head) = &mut self.body else {
            return self.feed(bytes, out);
        };
        head.extend_from_slice(bytes);
        let Some(shape) = shape(head, self.media_type.as_deref(), false) else {
            return Ok(());
        };
        self.settle(&shape, out)
    }

    /// Takes the clean end of the body.
    pub fn finish(&mut self, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if let Body::Unknown(head) = &self.body {
            let Some(shape) = shape(head, self.media_type.as_deref(), true) else {
                return Err(empty());
            };
            self.settle(&shape, out)?;
        }
        let ended = match &mut self.body {
            Body::Events(sse) => sse.finish(&mut self.frames),
            Body::Lines(ndjson) => ndjson.finish(&mut self.frames),
            Body::Unknown(_) | Body::Whole(_) => Ok(()),
        };
        self.frames(out)?;
        ended.or_else(|error| self.broke_off(broken(error), out))?;
        if !self.ended() {
            self.whole(out)?;
        }
        if self.ended() { Ok(()) } else { self.decoder.progress_mut().end(out) }
    }

    /// Reads a body that is one value.
    fn whole(&mut self, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let Body::Whole(bytes) = &self.body else { return Ok(()) };
        let text = std::str::from_utf8(bytes).ok().map(|text| text.trim_start_matches(BOM));
        few(text.unwrap_or_default())?;
        let length = text.unwrap_or_default().trim_end().len();
        let Some(parsed) = text.and_then(json::read) else {
            let text = format!("the response should be JSON and is not: {}", head_of(bytes));
            return Err(CallError::new(ErrorKind::Transient, text));
        };
        if let Some(error) = classify::within(&parsed.value, false) {
            return Err(error);
        }
        self.decoder.progress_mut().take(&parsed);
        let before = out.len();
        let read = self.decoder.whole(&parsed.value, out);
        token_counts::within(length, out, before);
        read
    }

    fn settle(&mut self, shape: &Shape, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let body = match shape {
            Shape::Events => Body::Events(Sse::new(EVENT_CAP)),
            Shape::Json if self.lines => Body::Lines(Ndjson::new(EVENT_CAP)),
            Shape::Json => Body::Whole(Vec::new()),
            Shape::Page | Shape::Foreign => return Err(self.foreign(shape)),
        };
        if let Body::Unknown(head) = std::mem::replace(&mut self.body, body) {
            self.feed(&head, out)?;
        }
        Ok(())
    }

    fn feed(&mut self, bytes: &[u8], out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let mut complete = false;
        let fed = match &mut self.body {
            Body::Events(sse) => sse.push(bytes, &mut self.frames),
            Body::Lines(ndjson) => ndjson.push(bytes, &mut self.frames),
            Body::Unknown(held) | Body::Whole(held) => {
                if held.len().saturating_add(bytes.len()) > EVENT_CAP {
                    return Err(broken(FramingError::TooLarge(EVENT_CAP)));
                }
                let closed = self.balance.closes(bytes).map(|end| held.len().saturating_add(end));
                held.extend_from_slice(bytes);
                if let Some(end) = closed
                    && held.get(..end).is_some_and(is_complete)
                {
                    held.truncate(end);
                    complete = true;
                }
                Ok(())
            }
        };
        self.frames(out)?;
        if complete {
            // What follows is not part of it, and some servers do not close the connection.
            self.whole(out)?;
        }
        match fed {
            Err(error) if !self.ended() => self.broke_off(broken(error), out),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn frames(&mut self, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        for frame in std::mem::take(&mut self.frames) {
            match frame {
                _ if self.ended() => break,
                Frame::Alive => out.push(WireEvent::Alive),
                Frame::Message { event, data } => self.event(&event, &data, out)?,
            }
        }
        Ok(())
    }

    fn event(&mut self, name: &str, data: &str, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if data.trim_start_matches([' ', '"']).starts_with(DONE) {
            return self.decoder.progress_mut().mark(out);
        }
        if name != "error" && self.decoder.text_event(data, out) {
            self.data_bytes = self.data_bytes.saturating_add(data.len());
            return Ok(());
        }
        few(data)?;
        let Some(parsed) = json::read(data) else {
            return self.stray(name, data, out);
        };
        if let Some(error) = classify::within(&parsed.value, name == "error") {
            return Err(error);
        }
        self.decoder.progress_mut().take(&parsed);
        // What came with it in one piece is not counted, so that the count is the same however the response is cut.
        self.data_bytes = self.data_bytes.saturating_add(data.len());
        let before = out.len();
        let read = self.decoder.event(name, &parsed.value, out);
        token_counts::within(self.data_bytes, out, before);
        read
    }

    /// Takes an event that is no JSON: an error, a sign of life, or a piece of the answer that is
    /// lost. What may be the last is an error, or the answer would lack it.
    fn stray(&self, name: &str, data: &str, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let heartbeat = HEARTBEATS.iter().any(|beat| name.to_ascii_lowercase().contains(beat));
        let fragment = data.contains(['{', '}', '"']) || self.lines;
        if name == "error" {
            Err(classify::event(data))
        } else if heartbeat || self.finished() {
            out.push(WireEvent::Alive);
            Ok(())
        } else if fragment {
            Err(not_json(data))
        } else {
            out.push(WireEvent::Alive);
            classify::words(data).map_or(Ok(()), Err)
        }
    }

    fn foreign(&self, shape: &Shape) -> CallError {
        let Body::Unknown(head) = &self.body else {
            return empty();
        };
        let kind = self.media_type.as_deref().unwrap_or("no content type");
        let what = if matches!(shape, Shape::Page) { "a web page" } else { "something that is no answer" };
        let text = format!("{what} came back ({kind}), not the API; is base_url right? It begins: {}", head_of(head));
        CallError::new(ErrorKind::NotAnApi, text)
    }
}

fn broken(broken: FramingError) -> CallError {
    let class = match broken {
        FramingError::Utf8 => ErrorKind::Transient,
        FramingError::TooLarge(_) => ErrorKind::TooLarge,
    };
    CallError::new(class, broken.to_string())
}

/// Refuses JSON of more values than a response has, before they are built.
fn few(text: &str) -> Result<(), CallError> {
    if json::is_heavy(text) {
        let words = format!("one event of the response holds more than {} values of JSON", json::MOST_VALUES);
        return Err(CallError::new(ErrorKind::TooLarge, words));
    }
    Ok(())
}

/// Tells whether a body is one JSON value from its start to its end.
fn is_complete(body: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(body).is_ok()
}

/// The first 200 bytes as text.
fn head_of(bytes: &[u8]) -> String {
    let (head, _) = bytes.split_at(bytes.len().min(200));
    String::from_utf8_lossy(head).trim().to_owned()
}

/// Tells a body's shape by its first bytes; `None` while they are too few.
fn shape(head: &[u8], media_type: Option<&str>, over: bool) -> Option<Shape> {
    if media_type == Some("text/html") {
        return (over || head.len() >= 200).then_some(Shape::Page);
    }
    let bom = b"\xef\xbb\xbf";
    if !over && bom.starts_with(head) {
        return None;
    }
    let start = head.strip_prefix(bom).unwrap_or(head).trim_ascii_start();
    let first = start.first()?;
    match first {
        b'{' | b'[' => return Some(Shape::Json),
        b'<' if over || start.len() >= 200 => return Some(Shape::Page),
        b'<' => return None,
        b':' => return Some(Shape::Events),
        _ => {}
    }
    let fields: [&[u8]; 4] = [b"data:", b"event:", b"id:", b"retry:"];
    if media_type == Some("text/event-stream") || fields.iter().any(|field| start.starts_with(field)) {
        return Some(Shape::Events);
    }
    if !over && fields.iter().any(|field| field.starts_with(start)) {
        return None;
    }
    if media_type == Some("application/x-ndjson") {
        return Some(Shape::Json);
    }
    (over || start.len() >= 200).then_some(Shape::Foreign)
}

/// The secret that stands in the place of its label in the requests to a provider.
#[derive(Debug, Clone)]
pub struct RequestSecret {
    /// Where it stands.
    pub place: SecretPlace,
    /// The name of the header or of the query value.
    pub name: String,
    pub secret: Key,
}

/// The secrets of the requests to every provider, as far as they were read. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filling(Arc<RwLock<BTreeMap<String, Vec<RequestSecret>>>>);

/// The headers and the query of one request.
#[derive(Debug, Default)]
pub(crate) struct Filled {
    /// The headers that hold no secret.
    pub(crate) plain: Vec<(String, String)>,
    /// Those that hold one, or are one.
    pub(crate) secret: Vec<(String, SecretString)>,
    query: Vec<(String, SecretString)>,
    /// Whether it holds a secret.
    pub(crate) secret_query: bool,
    /// What was put in, each with the words that name it.
    pub(crate) used: Vec<(String, SecretString)>,
}

impl Filled {
    /// Writes the query after an address.
    pub(crate) fn url(&self, url: &str) -> String {
        request::with_query(url, self.query.iter().map(|(name, value)| (name.as_str(), value.expose_secret())))
    }
}

impl Filling {
    /// Sets the secrets of a provider's requests.
    pub(crate) fn set(&self, provider: &str, secrets: Vec<RequestSecret>) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(provider.to_owned(), secrets);
    }

    /// Fills the headers and the query of a request. Fails where what stands for a secret has none: that is never sent
    /// in its place.
    pub(crate) fn fill(
        &self,
        target: &Target,
        values: Vec<(SecretPlace, String, String)>,
    ) -> Result<Filled, CallError> {
        let all = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = all.get(&target.provider).map_or(&[][..], Vec::as_slice);
        let mut filled = Filled::default();
        for (place, name, text) in values {
            let (mut value, mut secret) = (String::with_capacity(text.len()), false);
            for part in header::parts(&text) {
                let source = match part {
                    HeaderPiece::Text(text) => {
                        value.push_str(text);
                        continue;
                    }
                    HeaderPiece::Secret(source) => source.label(),
                };
                let fits =
                    |known: &&RequestSecret| known.place == place && known.name == name && known.secret.label == source;
                let Some(found) = known.iter().find(fits) else {
                    let text = unread(place, &name, &source, &target.provider);
                    return Err(CallError::new(ErrorKind::CallerFault, text));
                };
                let words = format!("{} {name} ({source})", place.noun());
                filled.used.extend(pieces(&found.secret.secret).into_iter().map(|piece| (words.clone(), piece)));
                value.push_str(found.secret.secret.expose_secret());
                secret = true;
            }
            match place {
                SecretPlace::Query => {
                    filled.secret_query |= secret;
                    filled.query.push((name, value.into()));
                }
                SecretPlace::Header if secret => filled.secret.push((name, value.into())),
                SecretPlace::Header => filled.plain.push((name, value)),
            }
        }
        Ok(filled)
    }
}

/// Lists a secret and the longer words of it: of `Bearer TOKEN` and `name=TOKEN; …` a server may say the token alone.
fn pieces(secret: &SecretString) -> Vec<SecretString> {
    const LONG: usize = 8;
    let whole = secret.expose_secret();
    let words = whole.split(|c: char| c.is_ascii_whitespace() || matches!(c, ';' | ','));
    let values = words.clone().filter_map(|word| word.split_once('=')).map(|(_, value)| value);
    let pieces = words.chain(values).filter(|piece| piece.len() >= LONG && *piece != whole);
    pieces.chain([whole]).map(SecretString::from).collect()
}

fn unread(place: SecretPlace, name: &str, source: &str, provider: &str) -> String {
    let (noun, setting) = (place.noun(), place.setting());
    format!(
        "the {noun} `{name}` of provider `{provider}` stands for a secret, {source}, that was not read, so no request \
         goes out; name it in `{setting}` under [providers.{provider}] in config.toml"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ModelCard, Wire};

    #[test]
    fn json_of_more_values_or_bytes_than_a_response_has_is_refused() {
        let reader = || (Reader::new(Wire::OpenAi, Some("application/json".to_owned())), Vec::new());
        let many = format!("{{\"choices\":[{{\"message\":{{\"content\":[{}]}}}}]}}", vec!["[]"; 300_000].join(","));
        let deep = "[".repeat(1_000_000) + &"]".repeat(1_000_000);
        let (mut own, mut out) = reader();
        let error = own.push(many.as_bytes(), &mut out).unwrap_err();
        assert!(error.class == ErrorKind::TooLarge && error.message.contains("250000 values"), "{error:?}");
        let (mut own, mut out) = reader();
        assert_eq!(own.push(deep.as_bytes(), &mut out).unwrap_err().class, ErrorKind::TooLarge);
        let (mut own, mut out) = reader();
        let text = "x".repeat(EVENT_CAP);
        let error = own.push(format!("{{\"a\":\"{text}").as_bytes(), &mut out).unwrap_err();
        assert_eq!(error.class, ErrorKind::TooLarge);
        let event = format!("data: {many}\n\n");
        let mut own = Reader::new(Wire::OpenAi, Some("text/event-stream".to_owned()));
        assert_eq!(own.push(event.as_bytes(), &mut Vec::new()).unwrap_err().class, ErrorKind::TooLarge);
    }

    #[test]
    fn a_count_of_tokens_is_weighed_the_same_however_the_response_is_cut() {
        let usage = r#"data: {"choices":[],"usage":{"completion_tokens":9000000}}"#;
        let more = r#"data: {"choices":[{"delta":{"content":"more"},"finish_reason":"stop"}]}"#;
        let bytes = format!("{usage}\n\n{more}\n\ndata: [DONE]\n\n").into_bytes();
        let read = |size: usize| {
            let mut own = Reader::new(Wire::OpenAi, Some("text/event-stream".to_owned()));
            let mut out = Vec::new();
            bytes.chunks(size).for_each(|piece| own.push(piece, &mut out).unwrap());
            out
        };
        let whole = read(bytes.len());
        assert!(whole.iter().any(|event| matches!(event, WireEvent::Notice(text) if text.contains("9000000"))));
        for size in 1..bytes.len() {
            assert_eq!(read(size), whole, "in pieces of {size}");
        }
    }

    #[test]
    fn what_follows_a_whole_body_says_nothing_however_the_response_is_cut() {
        let answer = r#"{"content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn"}"#;
        let error = r#"{"type":"error","error":{"type":"overloaded_error","message":"later"}}"#;
        for (value, more) in [(answer, "\n{}"), (answer, "}"), (error, " [1"), ("{}", "\nno JSON"), ("[]", "\u{0}")] {
            let bytes = format!("{value}{more}").into_bytes();
            let read = |pieces: &[&[u8]]| {
                let mut own = Reader::new(Wire::Anthropic, Some("application/json".to_owned()));
                let mut out = Vec::new();
                let pushed =
                    pieces.iter().try_for_each(|piece| if own.ended() { Ok(()) } else { own.push(piece, &mut out) });
                (pushed.and_then(|()| if own.ended() { Ok(()) } else { own.finish(&mut out) }), out)
            };
            let whole = read(&[&bytes]);
            assert_eq!(whole, read(&[value.as_bytes()]), "{value} and then {more:?}");
            for cut in 0..bytes.len() {
                let (left, right) = bytes.split_at(cut);
                assert_eq!(read(&[left, right]), whole, "{value}{more:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_not_ready_says_the_same_however_the_response_is_cut() {
        let bytes: &[u8] = b"{\"id\": \"a1\", \"status\": \"starting\", \"output\": null}\n{}";
        let read = |pieces: &[&[u8]]| {
            let mut own = Reader::new(Wire::Replicate, Some("application/json".to_owned()));
            let mut out = Vec::new();
            let pushed =
                pieces.iter().try_for_each(|piece| if own.ended() { Ok(()) } else { own.push(piece, &mut out) });
            let read = pushed.and_then(|()| if own.ended() { Ok(()) } else { own.finish(&mut out) });
            (read, out, own.again())
        };
        let whole = read(&[bytes]);
        assert_eq!(whole, (Ok(()), vec![WireEvent::Alive], Some("/predictions/a1".to_owned())));
        for cut in 0..bytes.len() {
            let (left, right) = bytes.split_at(cut);
            assert_eq!(read(&[left, right]), whole, "cut at {cut}");
        }
    }

    /// Events of each wire that are a piece of text, nearly one, or none.
    const NEAR_TEXT: &[(Wire, &[&str])] = &[
        (
            Wire::OpenAi,
            &[
                r#"{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":null}"#,
                r#"{"choices":[{"delta":{"content":"a\n\u00fc"}}],"model":"m","obfuscation":"x"}"#,
                r#"{"choices":[{"index":1,"delta":{"content":"b"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"c","reasoning_content":"d"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"e","tool_calls":[{"index":0,"function":{"name":"f","arguments":"{}"}}]}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":["g",{"type":"text","text":"h"}]}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":null},"finish_reason":"stop"}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"i"}},{"index":1,"delta":{"content":"j"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"k"}}],"usage":{"prompt_tokens":3,"completion_tokens":1}}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"l"}}],"error":{"message":"late"}}"#,
                r#"{"object":"error","choices":[{"index":0,"delta":{"content":"m"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"n","content":"o"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"p\ud83d"}}]}"#,
                r#"{"choices":[{"index":0,"delta":{"content":"\ude00q"}}]}"#,
                r#"{"choices":[],"model":"n"}"#,
            ],
        ),
        (
            Wire::Anthropic,
            &[
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a\n"}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":""}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"b"}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"c","thinking":"d"}}"#,
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"e"}}"#,
                r#"{"type":"message_start","message":{"model":"m","usage":{"input_tokens":2}}}"#,
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
            ],
        ),
        (
            Wire::Ollama,
            &[
                r#"{"model":"m","created_at":"t","message":{"role":"assistant","content":"a"},"done":false}"#,
                r#"{"model":"m","message":{"role":"assistant","content":""},"done":false}"#,
                r#"{"model":"m","message":{"role":"assistant","content":"b","thinking":"c"},"done":false}"#,
                r#"{"model":"m","message":{"role":"assistant","content":"d"},"done":true,"done_reason":"stop"}"#,
                r#"{"message":{"content":7}}"#,
            ],
        ),
        (
            Wire::Responses,
            &[
                r#"{"type":"response.output_text.delta","item_id":"i","output_index":0,"content_index":0,"delta":"a","sequence_number":4,"logprobs":[]}"#,
                r#"{"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":""}"#,
                r#"{"type":"response.output_text.delta","output_index":1,"content_index":2,"delta":"b"}"#,
                r#"{"type":"response.reasoning_text.delta","output_index":0,"content_index":0,"delta":"c"}"#,
                r#"{"type":"response.output_text.done","output_index":0,"content_index":0,"text":"whole"}"#,
                r#"{"type":"response.refusal.delta","output_index":0,"content_index":0,"delta":"no"}"#,
            ],
        ),
    ];

    #[test]
    fn a_piece_of_text_says_the_same_whether_its_tree_is_built_or_not() {
        for (wire, events) in NEAR_TEXT {
            let new = || Reader::new(*wire, None);
            let quick = |event: &&&str| new().decoder.text_event(event, &mut Vec::new());
            assert!(events.iter().filter(quick).count() >= 2, "{wire:?}: the quick way is taken");
            for first in *events {
                for second in *events {
                    let (mut reader, mut trees) = (new(), new());
                    let (mut out, mut by_tree) = (Vec::new(), Vec::new());
                    for event in [first, second, first] {
                        let read = reader.event("", event, &mut out);
                        let parsed = json::read(event).unwrap();
                        let built = classify::within(&parsed.value, false).map_or(Ok(()), Err).and_then(|()| {
                            trees.decoder.progress_mut().take(&parsed);
                            trees.decoder.event("", &parsed.value, &mut by_tree)
                        });
                        assert_eq!((read, &out), (built, &by_tree), "{first} {second}");
                    }
                    assert_eq!(reader.finished(), trees.finished(), "{first} {second}");
                    let ended = (reader.decoder.progress_mut().end(&mut out), out);
                    assert_eq!(ended, (trees.decoder.progress_mut().end(&mut by_tree), by_tree), "{first} {second}");
                }
            }
        }
    }

    #[test]
    fn the_shape_is_the_same_however_the_first_bytes_come() {
        let body =
            b"data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        for media_type in ["application/x-ndjson", "application/json", "text/event-stream", "text/plain"] {
            let read = |size| {
                let (mut reader, mut out) = (Reader::new(Wire::OpenAi, Some(media_type.to_owned())), Vec::new());
                body.chunks(size).for_each(|piece| reader.push(piece, &mut out).unwrap());
                out
            };
            assert!(read(body.len()).contains(&WireEvent::Text("Hi".to_owned())), "{media_type}");
            assert_eq!(read(1), read(body.len()), "{media_type}");
        }
    }

    fn target() -> Target {
        Target {
            name: "m".to_owned(),
            provider: "p".to_owned(),
            kind: Wire::OpenAi,
            base_url: None,
            custom_endpoint: false,
            model: "m".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            options: crate::model::TargetOptions::default(),
            card: ModelCard::default(),
        }
    }

    fn filled(text: &str) -> Result<Filled, CallError> {
        let filling = Filling::default();
        let secret = |header: &str, label: &str, secret: &str| {
            let (label, account) = (label.to_owned(), label.to_owned());
            let secret = Key { label, account, secret: secret.into(), left_out: None };
            RequestSecret { place: SecretPlace::Header, name: header.to_owned(), secret }
        };
        let secrets = [("x-a", "env:A", "Bearer aaaaaaaa"), ("x-a", "cmd:cat", "b"), ("x-b", "env:B", "c")];
        filling.set("p", secrets.map(|(header, label, value)| secret(header, label, value)).to_vec());
        filling.fill(&target(), vec![(SecretPlace::Header, "x-a".to_owned(), text.to_owned())])
    }

    #[test]
    fn a_place_is_filled_with_its_secret_and_text_stays() {
        for (text, want) in [
            ("env:A", "Bearer aaaaaaaa"),
            ("cmd:cat", "b"),
            ("<{{env.A}}>", "<Bearer aaaaaaaa>"),
            ("cmd:/bin/cat x", "b"),
        ] {
            let filled = filled(text).unwrap();
            assert_eq!((filled.plain.len(), filled.secret[0].1.expose_secret()), (0, want));
        }
        let plain = filled("a: b").unwrap();
        assert_eq!((plain.plain[0].1.as_str(), plain.secret.len(), plain.used.len()), ("a: b", 0, 0));
    }

    #[test]
    fn the_words_of_a_secret_are_secret_too() {
        let used = filled("env:A").unwrap().used;
        let used: Vec<_> = used.iter().map(|(label, secret)| (label.as_str(), secret.expose_secret())).collect();
        assert_eq!(used, [("header x-a (env:A)", "aaaaaaaa"), ("header x-a (env:A)", "Bearer aaaaaaaa")]);
    }

    #[test]
    fn what_was_not_read_for_this_header_is_never_sent() {
        for text in ["env:B", "env:NONE", "file:/k", "cmd:rm", "keyring:s/u", "a {{env.B}}", "{{env.x y}}"] {
            let error = filled(text).unwrap_err();
            assert_eq!(error.class, ErrorKind::CallerFault);
            assert!(
                error.message.contains("`x-a` of provider `p`") && error.message.contains("[providers.p]"),
                "{error}"
            );
        }
    }
}
