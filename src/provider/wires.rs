//! The table of wires behind one backend, and the HTTP request of a call as a person may repeat it: everything but the key.
//!
//! A call is one machine: `request` makes a request of what a wire wrote, `http` sends it, `unpack` takes the packing off
//! the body, and `response_reader` hands the events to the wire's decoder. `batch_api` sends many calls at once by the same parts.

pub mod demo;

pub(crate) mod anthropic;
pub(crate) mod classifications;
pub(crate) mod command;
pub(crate) mod embeddings;
pub(crate) mod gemini;
pub(crate) mod inference;
pub(crate) mod moderations;
pub(crate) mod ollama;
pub(crate) mod openai;
pub(crate) mod replicate;
pub(crate) mod responses;
pub(crate) mod tool_calls;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ffi::OsString,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::{
    model::{
        Attachment, CallError, ErrorKind, Finish, Key, Message, Role, Target, Wire, target_settings::SecretPlace,
        tool::CallPiece,
    },
    provider::{
        Backend, Call, ProviderTransport, ProxyVariables, WireEvent, WireStream,
        classify::refusals,
        http::{AskAgain, Http, Outgoing, Tap, exchange},
        json::{Halves, Parsed},
        redaction::Redact,
        request,
        response_reader::{Filling, RequestSecret},
        wires::{
            demo::Demo,
            tool_calls::{CallKey, OpenCalls},
        },
    },
};

/// How a wire is spoken over HTTP; what is known of it without a call stands in [`WireInfo`](crate::model::wire::WireInfo).
pub(crate) trait HttpWire: Sync {
    /// Returns the path under the base URL that a call is posted to, with its query.
    fn path(&self, call: &Call) -> Cow<'static, str>;

    /// Writes the body of a call.
    fn body(&self, call: &Call) -> Value;

    /// Lists the headers that every request has, but that of the key.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Reduces a JSON Schema to what the wire takes of it.
    fn schema(&self, schema: &Value) -> Value {
        schema.clone()
    }

    /// Says what is sent in the place of a reasoning effort that the wire or the model has not, to follow the model's
    /// name and the effort; none where the effort is sent as it is.
    fn effort_instead(&self, _model: &str, _effort: &str) -> Option<Cow<'static, str>> {
        None
    }

    /// Names the header that carries the key, and what stands in it before the key.
    fn key_header(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer ")
    }

    /// Tells how a body of JSON is framed: as lines, each an event, or as one value.
    fn framing(&self) -> Framing {
        Framing::Whole
    }

    /// Makes a decoder for one response.
    fn decoder(&self) -> Box<dyn StreamDecoder>;

    /// Returns the path under the base URL that lists the models.
    fn models_path(&self) -> &'static str;

    /// Names the model of a row of that list; none where it cannot be asked for an answer.
    fn listed<'a>(&self, row: &'a Value) -> Option<&'a str> {
        ["id", "model", "name"].into_iter().find_map(|name| row.get(name)?.as_str())
    }
}

/// How a body of JSON that is no event stream is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// It is one value.
    Whole,
    /// Every line is an event.
    Lines,
}

/// How a wire is spoken.
enum Spoken {
    Http(&'static dyn HttpWire),
    Command,
    Demo,
}

/// The table of wires.
fn spoken(wire: Wire) -> Spoken {
    match wire {
        Wire::OpenAi => Spoken::Http(&openai::ChatCompletions),
        Wire::Responses => Spoken::Http(&responses::Responses),
        Wire::Anthropic => Spoken::Http(&anthropic::AnthropicWire),
        Wire::Gemini => Spoken::Http(&gemini::GenerateContent),
        Wire::Ollama => Spoken::Http(&ollama::Chat),
        Wire::Inference => Spoken::Http(&inference::Inference),
        Wire::Replicate => Spoken::Http(&replicate::Predictions),
        Wire::Command => Spoken::Command,
        Wire::Demo => Spoken::Demo,
    }
}

/// Finds how a wire is spoken over HTTP; none where it is not.
pub(crate) fn http(wire: Wire) -> Option<&'static dyn HttpWire> {
    match spoken(wire) {
        Spoken::Http(wire) => Some(wire),
        Spoken::Command | Spoken::Demo => None,
    }
}

/// Tells whether a wire takes less of a JSON Schema than there is.
pub(crate) fn reduces_schema(wire: Wire, schema: &Value) -> bool {
    http(wire).is_some_and(|wire| wire.schema(schema) != *schema)
}

/// Says what a target is sent in the place of a reasoning effort that it has not; none where it has it.
pub(crate) fn effort_instead(target: &Target, effort: &str) -> Option<Cow<'static, str>> {
    http(target.kind)?.effort_instead(&target.model, effort)
}

/// Reads the events of one response. It sees whole events that are JSON and no errors, never bytes.
pub(crate) trait StreamDecoder: Send {
    /// Takes one event of a stream.
    fn event(&mut self, name: &str, event: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError>;

    /// Takes an event that brings a piece of text and says nothing else, as nearly all of a stream do, without building
    /// its tree; false, and nothing done, where it may say more.
    fn text_event(&mut self, _data: &str, _out: &mut Vec<WireEvent>) -> bool {
        false
    }

    /// Takes a complete response, sent although a stream was asked for.
    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError>;

    /// Returns the path under the base URL that the rest of a whole response is got from, a while later; none where it is
    /// complete.
    fn again(&self) -> Option<String> {
        None
    }

    /// Says how far the stream has come.
    fn progress(&self) -> &StreamProgress;

    /// Lets the reader say what all formats have in common.
    fn progress_mut(&mut self) -> &mut StreamProgress;
}

/// The fields of a part that hold its reasoning, and those that hold what it says.
const THOUGHT: &[&str] = &["thinking", "reasoning", "reasoning_content", "summary"];
const SAID: &[&str] = &["text", "content", "value", "refusal"];

/// Which text a piece belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DeltaKind {
    /// The answer.
    Text,
    Reasoning,
    /// A refusal in place of the answer.
    Refusal,
}

/// How far a stream has come: what every format must know to tell an end from a cut.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a mark of its own")]
pub(crate) struct StreamProgress {
    /// Something of the format was said.
    pub(crate) begun: bool,
    /// A reason to stop was given.
    pub(crate) finished: bool,
    /// The end was said.
    pub(crate) ended: bool,
    /// A tool was called.
    pub(crate) called: bool,
    /// Text came after the reason to stop, which so proves nothing.
    pub(crate) resumed: bool,
    /// The texts of the event at hand hold halves of characters.
    halved: bool,
    text: Halves,
    reasoning: Halves,
    calls: OpenCalls,
    model: Option<String>,
}

impl StreamProgress {
    /// Begins with an event that was read.
    pub(crate) fn take(&mut self, parsed: &Parsed) {
        self.halved = parsed.halved;
    }

    /// Says the piece of text of an event that holds nothing else, and perhaps the model that answers; such an event is
    /// JSON as it is. Without text it is a sign of life.
    pub(crate) fn text_event(&mut self, model: Option<&str>, text: String, out: &mut Vec<WireEvent>) {
        let before = out.len();
        self.halved = false;
        self.name_model(model, out);
        self.say(DeltaKind::Text, text, out);
        if out.len() == before {
            out.push(WireEvent::Alive);
        }
    }

    /// Says a piece of a text, if it is not empty.
    pub(crate) fn say(&mut self, piece: DeltaKind, text: impl Into<String>, out: &mut Vec<WireEvent>) {
        let text = text.into();
        if text.is_empty() {
            return;
        }
        self.resumed |= self.finished && piece != DeltaKind::Reasoning;
        let halves = if piece == DeltaKind::Reasoning { &mut self.reasoning } else { &mut self.text };
        let text = halves.join(text, self.halved);
        out.push(match piece {
            DeltaKind::Text => WireEvent::Text(text),
            DeltaKind::Reasoning => WireEvent::Reasoning(text),
            DeltaKind::Refusal => WireEvent::Refusal(text),
        });
    }

    /// Says a piece of a call; which call it belongs to, the key and the piece tell.
    pub(crate) fn call(&mut self, key: CallKey<'_>, piece: CallPiece, out: &mut Vec<WireEvent>) {
        self.called = true;
        out.push(WireEvent::Call(self.calls.placed(key, piece)));
    }

    /// Counts the calls so far.
    pub(crate) fn calls(&self) -> usize {
        self.calls.count()
    }

    /// Says content however it is nested: a text, a part with a text, a list of parts. Parts of
    /// thinking are reasoning, and so is all within them.
    pub(crate) fn content(&mut self, content: &Value, piece: DeltaKind, out: &mut Vec<WireEvent>) {
        match content {
            Value::String(text) => self.say(piece, text.as_str(), out),
            Value::Array(parts) => parts.iter().for_each(|part| self.content(part, piece, out)),
            Value::Object(fields) => {
                let piece = match text(content, "type") {
                    Some("thinking" | "reasoning" | "reasoning_content" | "thought") => DeltaKind::Reasoning,
                    Some("refusal") => DeltaKind::Refusal,
                    _ => piece,
                };
                let names = [THOUGHT, SAID].into_iter().skip(usize::from(piece != DeltaKind::Reasoning)).flatten();
                let mut held = names.filter_map(|name| fields.get(*name));
                if let Some(inner) = held.find(|inner| !is_blank(inner)) {
                    self.content(inner, piece, out);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Says the first model that a field names.
    pub(crate) fn model(&mut self, value: &Value, field: &str, out: &mut Vec<WireEvent>) {
        self.name_model(text(value, field), out);
    }

    fn name_model(&mut self, model: Option<&str>, out: &mut Vec<WireEvent>) {
        if let Some(model) = model.filter(|model| !model.is_empty())
            && self.model.is_none()
        {
            self.model = Some(model.to_owned());
            out.push(WireEvent::Model(model.to_owned()));
        }
    }

    /// Says the first reason to stop. Some servers call a tool and say that they were just done.
    pub(crate) fn finish(&mut self, finish: Finish, out: &mut Vec<WireEvent>) {
        if !std::mem::replace(&mut self.finished, true) {
            let done = matches!(finish, Finish::Stop | Finish::Unknown);
            out.push(WireEvent::Finish(if self.called && done { Finish::ToolCalls } else { finish }));
        }
    }

    /// Says the end at the format's own mark. A mark after nothing at all is an empty stream.
    pub(crate) fn mark(&mut self, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if !self.begun {
            return Err(empty());
        }
        self.finish(Finish::Unknown, out);
        self.over(out);
        Ok(())
    }

    /// Says the end at a clean end of the body, if a reason to stop was given.
    pub(crate) fn end(&mut self, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if !self.begun {
            return Err(empty());
        }
        if self.finished && !self.ended {
            self.over(out);
        }
        Ok(())
    }

    fn over(&mut self, out: &mut Vec<WireEvent>) {
        out.extend(self.reasoning.rest().map(WireEvent::Reasoning));
        out.extend(self.text.rest().map(WireEvent::Text));
        self.ended = true;
        out.push(WireEvent::End);
    }
}

/// Neighbouring messages of one side of a conversation: the person's, results of tools among them, or the model's.
pub(crate) struct SideTurn<'m> {
    /// The side: [`Role::User`] or [`Role::Assistant`].
    pub(crate) role: Role,
    pub(crate) messages: Vec<&'m Message>,
}

impl SideTurn<'_> {
    /// Returns its texts, joined; none where it has more than texts.
    pub(crate) fn text(&self) -> Option<String> {
        if self.messages.iter().all(|message| message.is_plain()) { joined(&self.messages) } else { None }
    }
}

/// Joins the texts of messages; none where there is no message.
pub(crate) fn joined(messages: &[&Message]) -> Option<String> {
    let texts = || messages.iter().map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n\n");
    (!messages.is_empty()).then(texts)
}

/// Splits a conversation into its system messages and the turns. Sides alternate, so neighbours of one side are
/// one turn.
pub(crate) fn alternating(messages: &[Message]) -> (Vec<&Message>, Vec<SideTurn<'_>>) {
    let side = |message: &Message| if message.role == Role::Assistant { Role::Assistant } else { Role::User };
    let (system, spoken): (Vec<_>, Vec<_>) = messages.iter().partition(|message| message.role == Role::System);
    let turns = spoken.chunk_by(|one, next| side(one) == side(next));
    let turns =
        turns.filter_map(|turn| Some(SideTurn { role: side(turn.first()?), messages: turn.to_vec() })).collect();
    (system, turns)
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(_) | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns the text of the last message: all that is sent for what is no answer.
pub(crate) fn last_text(call: &Call) -> &str {
    call.messages.last().map_or("", |message| message.content.as_str())
}

/// The error of a stream that ended before it began.
pub(crate) fn empty() -> CallError {
    CallError::new(ErrorKind::Transient, "empty stream: the provider closed it without an answer or an error")
}

/// The error of an event that should be JSON and is not.
pub(crate) fn not_json(data: &str) -> CallError {
    let head: String = data.chars().take(80).collect();
    CallError::new(ErrorKind::Transient, format!("an event of the stream is not JSON: {head}"))
}

/// Returns a field's text unless it is empty.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A `POST` with a body of JSON, its key left out.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainRequest {
    /// Where to, without the query.
    pub url: String,
    /// What follows the `?`. A secret stands in it by the label of its source.
    pub query: Vec<(String, String)>,
    /// The headers, none of them secret.
    pub headers: Vec<(String, String)>,
    /// The header that carries the key, and what stands in it before the key.
    pub key: (String, String),
    /// The body; in place of the bytes of files it names them.
    pub body: Value,
    /// What goes with the messages, its bytes left out.
    pub attachments: Vec<Attachment>,
}

impl PlainRequest {
    /// Writes its address with a query.
    pub fn url_with<'a>(&self, query: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
        request::with_query(&self.url, query)
    }

    /// Writes a call as a request; none where the target is not asked over HTTP or has no address.
    #[must_use]
    pub fn of(call: &Call) -> Option<Self> {
        let (wire, target) = (http(call.target.kind)?, &call.target);
        let (mut headers, mut query) = (Vec::new(), Vec::new());
        for (place, name, value) in request::named_values(wire, target) {
            match place {
                SecretPlace::Header => headers.push((name, value)),
                SecretPlace::Query => query.push((name, value)),
            }
        }
        Some(Self {
            url: request::call_url(wire, call).ok()?,
            query,
            headers,
            key: request::key_header(wire, target),
            attachments: call
                .messages
                .iter()
                .flat_map(|message| &message.attachments)
                .cloned()
                .map(Attachment::without_bytes)
                .collect(),
            body: request::body(wire, &call.without_bytes()),
        })
    }
}

/// The whole environment of a command, by name.
pub type CommandEnvironment = BTreeMap<OsString, OsString>;

/// All providers. Cheap to make: a client is built when the first call needs it.
#[derive(Debug, Clone, Default)]
pub struct Providers {
    pub(crate) http: Arc<Http>,
    environments: Arc<BTreeMap<String, CommandEnvironment>>,
    filling: Filling,
    transports: Transports,
    demo: Arc<Demo>,
}

/// The way to each provider that has settings of it; none until they are read. Clones share them.
#[derive(Debug, Clone, Default)]
struct Transports(Arc<RwLock<BTreeMap<String, Option<Arc<ProviderTransport>>>>>);

impl Transports {
    fn set(&self, provider: &str, transport: ProviderTransport) {
        let transport = Some(Arc::new(transport));
        self.0.write().unwrap_or_else(PoisonError::into_inner).insert(provider.to_owned(), transport);
    }

    /// Returns the way to a provider. Fails where it has settings that were not read: no request goes another way.
    fn of(&self, provider: &str) -> Result<Option<Arc<ProviderTransport>>, CallError> {
        match self.0.read().unwrap_or_else(PoisonError::into_inner).get(provider) {
            None => Ok(None),
            Some(Some(transport)) => Ok(Some(Arc::clone(transport))),
            Some(None) => {
                let text = format!(
                    "`ca_file`, `client_cert` or `proxy` of [providers.{provider}] was not read, so no request goes out"
                );
                Err(CallError::new(ErrorKind::CallerFault, text))
            }
        }
    }
}

impl Providers {
    /// Makes the providers, with the environment of each that is a command, by its name, and how many times as fast
    /// the demonstration answers. A command without an environment has an empty one.
    #[must_use]
    pub fn new(environments: BTreeMap<String, CommandEnvironment>, demo_speed: u32) -> Self {
        Self { environments: Arc::new(environments), demo: Arc::new(Demo::new(demo_speed)), ..Self::default() }
    }

    /// Takes the proxies of the environment, and the names of the providers that have settings of the way to them: none
    /// of these is asked before [`Self::set_transport`].
    #[must_use]
    pub fn with_transports(self, proxies: ProxyVariables, names: impl IntoIterator<Item = String>) -> Self {
        let unread = names.into_iter().map(|name| (name, None)).collect();
        Self { http: Arc::new(Http::new(proxies)), transports: Transports(Arc::new(RwLock::new(unread))), ..self }
    }

    /// Returns the proxies of the environment.
    #[must_use]
    pub fn proxies(&self) -> &ProxyVariables {
        self.http.proxies()
    }

    /// Sets the way to a provider, for every clone.
    pub fn set_transport(&self, provider: &str, transport: ProviderTransport) {
        self.transports.set(provider, transport);
    }

    /// Sets the secrets of a provider's requests, for every clone. Until then no request that needs one goes out.
    pub fn set_secrets(&self, provider: &str, secrets: Vec<RequestSecret>) {
        self.filling.set(provider, secrets);
    }

    /// Makes a request to a target ready, and a redactor that knows all that is secret in it.
    pub(crate) fn outgoing(
        &self,
        wire: &dyn HttpWire,
        (target, key): (&Target, Option<&Key>),
        (url, body): (String, Option<Vec<u8>>),
        connect: Duration,
    ) -> Result<(Outgoing, Redact), CallError> {
        let filled = self.filling.fill(target, request::named_values(wire, target))?;
        let url = SecretString::from(filled.url(&url));
        let transport = self.transports.of(&target.provider)?;
        let mut secrets = filled.secret;
        secrets.extend(key.map(|key| {
            let (name, before) = request::key_header(wire, target);
            (name, SecretString::from(format!("{before}{}", key.secret.expose_secret().trim())))
        }));
        let outgoing = Outgoing {
            url,
            body,
            fresh: false,
            upload: None,
            headers: filled.plain,
            secrets,
            secret_url: filled.secret_query,
            allow_http: target.options.allow_http,
            provider: target.provider.clone(),
            destination: request::destination(target, transport.as_deref()),
            transport,
            connect,
        };
        let mut hidden = filled.used;
        hidden.extend(self.http.secrets(&outgoing));
        Ok((outgoing, Redact::new(key.cloned(), &target.provider).hiding(hidden)))
    }

    /// Makes what asks again for a response that was not ready, by the path that the response names.
    fn asks_again(&self, wire: &'static dyn HttpWire, call: &Call) -> AskAgain {
        let (providers, target, key, connect) = (self.clone(), call.target.clone(), call.key.clone(), call.connect);
        Box::new(move |path| {
            let url = request::beside_url(&target, path)?;
            let (outgoing, _) = providers.outgoing(wire, (&target, key.as_ref()), (url, None), connect)?;
            Ok(outgoing)
        })
    }

    fn post(&self, wire: &'static dyn HttpWire, call: &Call) -> WireStream {
        let forward = call.forward.as_ref().filter(|forward| forward.goes_to(&call.target));
        let ready = request::call_url(wire, call).and_then(|url| {
            let body = match forward {
                Some(forward) => forward.body_for(&call.target),
                None => request::body(wire, call).to_string().into_bytes(),
            };
            let ready = self.outgoing(wire, (&call.target, call.key.as_ref()), (url, Some(body)), call.connect);
            let own = forward.map_or(&[][..], |forward| forward.request.headers.as_slice());
            ready.map(|(outgoing, redact)| (outgoing.adding(own), redact))
        });
        let framing = if call.target.options.whole { Framing::Whole } else { wire.framing() };
        match ready {
            Ok((outgoing, redact)) => {
                let tap = forward.map(|forward| Tap {
                    to: Arc::clone(forward),
                    added_counts: forward.adds_counts(&call.target),
                    redact: redact.of_bytes(),
                });
                let again = self.asks_again(wire, call);
                let answers = exchange(Arc::clone(&self.http), (wire, framing), outgoing, redact, (tap, again));
                if call.target.options.rename.is_empty() {
                    return answers;
                }
                let rename = call.target.options.rename.clone();
                answers.map(move |item| item.map_err(|error| refusals::renamed_back(error, &rename))).boxed()
            }
            Err(error) => Box::pin(stream::iter([Err(error)])),
        }
    }
}

impl Backend for Providers {
    fn call(&self, call: Call) -> WireStream {
        match spoken(call.target.kind) {
            Spoken::Http(wire) => self.post(wire, &call),
            Spoken::Command => {
                let redact = Redact::new(call.key.clone(), &call.target.provider);
                let environment = self.environments.get(&call.target.provider).cloned().unwrap_or_default();
                command::run(call, environment, redact)
            }
            Spoken::Demo => self.demo.call(call),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effort_that_is_sent_as_another_is_named_with_it() {
        for (wire, model, effort, instead) in [
            (Wire::OpenAi, "gpt-6-luna", "minimal", None),
            (Wire::Responses, "gpt-6-luna", "none", None),
            (Wire::Anthropic, "claude-opus-5", "xhigh", None),
            (Wire::Anthropic, "claude-opus-5", "minimal", Some("low is sent")),
            (Wire::Anthropic, "claude-opus-5", "none", Some("no effort is sent, and how much it thinks is left to it")),
            (Wire::Gemini, "gemini-2.5-flash", "none", None),
            (Wire::Gemini, "gemini-2.5-flash", "minimal", Some("low is sent")),
            (Wire::Gemini, "gemini-2.5-flash", "xhigh", Some("high is sent")),
            (Wire::Gemini, "gemini-2.5-flash", "huge", Some("how much it thinks is left to it")),
            (Wire::Gemini, "gemini-2.5-pro", "none", Some("it thinks for 128 tokens at the least")),
            (Wire::Gemini, "gemini-2.5-pro", "xhigh", None),
            (Wire::Gemini, "gemini-3.8-flash", "none", Some("minimal is sent, its least")),
            (Wire::Gemini, "gemini-3.8-flash", "minimal", None),
            (Wire::Gemini, "gemini-3.8-flash", "high", None),
            (Wire::Gemini, "gemini-3.8-flash", "max", Some("high is sent")),
            (Wire::Ollama, "qwen3", "none", None),
            (Wire::Ollama, "qwen3", "minimal", Some("low is sent")),
            (Wire::Ollama, "qwen3", "xhigh", Some("max is sent")),
        ] {
            let words = http(wire).and_then(|wire| wire.effort_instead(model, effort));
            assert_eq!(words.as_deref(), instead, "{wire} {model} {effort}");
        }
    }
}
