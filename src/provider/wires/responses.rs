//! OpenAI Responses: the request body, and the events of its stream.
//!
//! Whatever comes in pieces comes again whole, when its part ends and when the answer does. The pieces are the answer; the
//! whole counts only where they are missing, as some servers leave them out.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};

use crate::{
    model::{Attachment, CallError, ErrorKind, Finish, MediaKind, Message, Role, Tool, ToolChoice, tool::CallPiece},
    provider::{
        Call, WireEvent, WireFormat, classify, token_counts,
        token_counts::count,
        wires::{
            DeltaKind, HttpWire, StreamDecoder, StreamProgress,
            openai::{named_schema, usage},
            text,
            tool_calls::{CallKey, with_tools, written},
        },
    },
};

/// The wire of OpenAI Responses.
pub(crate) struct Responses;

impl HttpWire for Responses {
    fn path(&self, _call: &Call) -> Cow<'static, str> {
        "/responses".into()
    }

    fn body(&self, call: &Call) -> Value {
        body(call)
    }

    fn decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(ResponseDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        "/models"
    }
}

/// Builds the body of `POST {base}/responses`. Nothing of it is stored at the provider, and no padding is asked for
/// around the pieces of the stream.
fn body(call: &Call) -> Value {
    let params = &call.params;
    let mut body = params.extra.clone();
    let reasoning = params.reasoning_effort.as_deref().map(|effort| ("effort", effort.into()));
    let reasoning = with(body.remove("reasoning"), reasoning);
    let format = with(body.remove("text"), format(&call.format).map(|format| ("format", format)));
    let (instructions, input) = conversation(call);
    body.entry("store").or_insert(false.into());
    let tools = with_tools(body.remove("tools"), call.tools.tools.iter().map(tool));
    let include = with_tools(body.get("include").cloned(), std::iter::once(ENCRYPTED.into())).unwrap_or_default();
    body.insert("model".to_owned(), call.target.model.as_str().into());
    body.insert("input".to_owned(), input);
    body.insert("stream".to_owned(), true.into());
    body.insert("stream_options".to_owned(), json!({ "include_obfuscation": false }));
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("instructions", instructions.map(Value::from));
    set("temperature", params.temperature.map(Value::from));
    set("top_p", params.top_p.map(Value::from));
    set("max_output_tokens", params.max_tokens.map(Value::from));
    set("reasoning", reasoning);
    set("text", format);
    if !call.tools.is_empty() && call.target.card.reasons {
        // Nothing is stored there, so the reasoning goes to and fro with the calls.
        set("include", Some(include));
    }
    set("tools", tools);
    set("tool_choice", call.tools.choice.as_ref().map(tool_choice));
    set("parallel_tool_calls", call.tools.parallel.map(Value::from));
    Value::Object(body)
}

/// What is asked for so that reasoning can be sent back.
const ENCRYPTED: &str = "reasoning.encrypted_content";

/// Writes a tool, whose fields stand flat here.
fn tool(tool: &Tool) -> Value {
    json!({
        "type": "function", "name": tool.name, "description": tool.description, "parameters": tool.schema(),
        "strict": tool.strict,
    })
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => choice.word().into(),
        ToolChoice::Named(name) => json!({ "type": "function", "name": name }),
    }
}

/// Joins what the user set of an object and the field of it that is set here.
fn with(extra: Option<Value>, own: Option<(&str, Value)>) -> Option<Value> {
    let mut fields = match extra {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    (!fields.is_empty()).then_some(Value::Object(fields))
}

/// Splits the conversation into the instructions, which are the system messages at its start, and the input, which may
/// not be empty.
fn conversation(call: &Call) -> (Option<String>, Value) {
    let system = if call.target.card.reasons { "developer" } else { "system" };
    let role = |role: Role| match role {
        Role::System => system,
        // A result is an item of its own, without a role.
        Role::User | Role::Tool => "user",
        Role::Assistant => "assistant",
    };
    let opening = call.messages.iter().take_while(|message| message.role == Role::System).count();
    let (opening, rest) = call.messages.split_at(if opening < call.messages.len() { opening } else { 0 });
    let instructions: Vec<&str> = opening.iter().map(|message| message.content.as_str()).collect();
    let said = |message: &Message| json!({ "role": role(message.role), "content": content(message) });
    let items = |message: &Message| {
        if let Some(reply) = &message.reply {
            return vec![json!({ "type": "function_call_output", "call_id": reply.id, "output": message.content })];
        }
        let silent = message.content.is_empty() && !message.tool_calls.is_empty();
        let calls = message.tool_calls.iter().map(
            |call| json!({ "type": "function_call", "call_id": call.id, "name": call.name, "arguments": written(call) }),
        );
        let kept = message.kept_by(&call.target.name).iter().cloned();
        kept.chain((!silent).then(|| said(message))).chain(calls).collect()
    };
    ((!instructions.is_empty()).then(|| instructions.join("\n\n")), rest.iter().flat_map(items).collect())
}

/// Writes what a message says: its text, or parts where something goes with it.
fn content(message: &Message) -> Value {
    if message.attachments.is_empty() {
        return message.content.as_str().into();
    }
    let text = (!message.content.trim().is_empty()).then(|| json!({ "type": "input_text", "text": message.content }));
    text.into_iter().chain(message.attachments.iter().map(part)).collect()
}

/// Writes a part. The API has none for recordings, which are refused before.
fn part(attachment: &Attachment) -> Value {
    match attachment.kind {
        MediaKind::Image => {
            let mut part = json!({ "type": "input_image", "image_url": attachment.uri() });
            if let (Some(detail), Some(fields)) = (attachment.detail, part.as_object_mut()) {
                fields.insert("detail".to_owned(), detail.word().into());
            }
            part
        }
        MediaKind::File | MediaKind::Audio => match attachment.url() {
            Some(url) => json!({ "type": "input_file", "file_url": url }),
            None => json!({ "type": "input_file", "filename": attachment.name, "file_data": attachment.uri() }),
        },
    }
}

/// Asks for a format; the schema stands flat beside its name here.
fn format(format: &WireFormat) -> Option<Value> {
    match format {
        WireFormat::Text => None,
        WireFormat::JsonObject => Some(json!({ "type": "json_object" })),
        WireFormat::JsonSchema(schema) => {
            let mut named = named_schema(schema);
            named.insert("type".to_owned(), "json_schema".into());
            Some(Value::Object(named))
        }
    }
}

/// The items of an answer that ask the client for something and wait for it.
const CALLS: &[&str] = &[
    "function_call",
    "custom_tool_call",
    "computer_call",
    "local_shell_call",
    "shell_call",
    "apply_patch_call",
    "mcp_approval_request",
];

/// The events that hold text, up to their last word: which text it is, and the field of the whole.
const TEXTS: &[(&str, DeltaKind, &str)] = &[
    ("response.output_text.", DeltaKind::Text, "text"),
    ("response.refusal.", DeltaKind::Refusal, "refusal"),
    ("response.reasoning_summary_text.", DeltaKind::Reasoning, "text"),
    ("response.reasoning_text.", DeltaKind::Reasoning, "text"),
];

/// An event with a piece of text and nothing else that counts; any other field is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextEvent<'c> {
    #[serde(rename = "type")]
    kind: &'c str,
    delta: String,
    output_index: Option<u64>,
    content_index: Option<u64>,
    #[serde(rename = "item_id", default)]
    _item_id: IgnoredAny,
    #[serde(rename = "sequence_number", default)]
    _sequence_number: IgnoredAny,
    #[serde(rename = "logprobs", default)]
    _logprobs: IgnoredAny,
    #[serde(rename = "obfuscation", default)]
    _obfuscation: IgnoredAny,
}

/// A response under way.
#[derive(Debug, Default)]
pub(crate) struct ResponseDecoder {
    progress: StreamProgress,
    /// The parts that were said: which text, the item's place in the output, and the part's in the item.
    streamed: BTreeSet<(DeltaKind, u64, u64)>,
    /// The places of the items of reasoning that were kept.
    kept: BTreeSet<u64>,
}

impl StreamDecoder for ResponseDecoder {
    fn event(&mut self, name: &str, event: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let before = out.len();
        let kind = text(event, "type").unwrap_or(name);
        let response = event.get("response").unwrap_or(&Value::Null);
        match kind {
            "response.created" | "response.queued" | "response.in_progress" => {
                self.progress.begun = true;
                self.progress.model(response, "model", out);
            }
            "response.output_item.added" | "response.output_item.done" => {
                self.progress.begun = true;
                let (item, place) = (event.get("item").unwrap_or(&Value::Null), count(event, "/output_index"));
                self.item(item, place, kind.ends_with("done"), out);
            }
            "response.function_call_arguments.delta" => {
                let piece = CallPiece {
                    arguments: text(event, "delta").unwrap_or_default().to_owned(),
                    ..CallPiece::default()
                };
                self.progress.begun = true;
                self.progress.call(CallKey { id: None, index: count(event, "/output_index") }, piece, out);
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                return self.end(response, kind.trim_start_matches("response."), out);
            }
            _ => self.piece(kind, event, out),
        }
        if out.len() == before {
            out.push(WireEvent::Alive);
        }
        Ok(())
    }

    fn text_event(&mut self, data: &str, out: &mut Vec<WireEvent>) -> bool {
        let Ok(TextEvent { kind: "response.output_text.delta", delta, output_index, content_index, .. }) =
            serde_json::from_str(data)
        else {
            return false;
        };
        self.progress.begun = true;
        if !delta.is_empty() {
            self.streamed.insert((DeltaKind::Text, output_index.unwrap_or(0), content_index.unwrap_or(0)));
        }
        self.progress.text_event(None, delta, out);
        true
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if !body.get("output").is_some_and(Value::is_array) {
            return Err(classify::event(&body.to_string()));
        }
        self.end(body, "completed", out)
    }

    fn progress(&self) -> &StreamProgress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut StreamProgress {
        &mut self.progress
    }
}

impl ResponseDecoder {
    /// Says the text of an event that holds one: a piece, or the whole of a part that had no pieces.
    fn piece(&mut self, kind: &str, event: &Value, out: &mut Vec<WireEvent>) {
        let held = TEXTS.iter().find_map(|(start, piece, whole)| Some((kind.strip_prefix(start)?, *piece, *whole)));
        let Some((end, piece, whole)) = held else { return };
        self.progress.begun = true;
        let part = token_counts::first(event, &["/content_index", "/summary_index"]).unwrap_or(0);
        let place = (piece, count(event, "/output_index").unwrap_or(0), part);
        match end {
            "delta" => self.say(place, text(event, "delta"), out),
            "done" if !self.streamed.contains(&place) => self.say(place, text(event, whole), out),
            _ => {}
        }
    }

    /// Says a text of a part. Parts of the reasoning are paragraphs.
    fn say(&mut self, place: (DeltaKind, u64, u64), piece: Option<&str>, out: &mut Vec<WireEvent>) {
        let Some(piece) = piece else { return };
        let first = !self.has_streamed(place.0);
        if self.streamed.insert(place) && !first && place.0 == DeltaKind::Reasoning {
            self.progress.say(place.0, "\n\n", out);
        }
        self.progress.say(place.0, piece, out);
    }

    fn has_streamed(&self, kind: DeltaKind) -> bool {
        self.streamed.iter().any(|(streamed, ..)| *streamed == kind)
    }

    /// Takes a response as it ended: what no piece said of it, the counts, and why it ended.
    fn end(&mut self, response: &Value, status: &str, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        self.progress.begun = true;
        self.progress.model(response, "model", out);
        self.output(response, out);
        if let Some(field) = response.get("usage").filter(|usage| usage.is_object()) {
            token_counts::say(field, usage(field), out);
        }
        let finish = match text(response, "status").unwrap_or(status) {
            "failed" => return Err(failure(response)),
            "incomplete" => {
                let reason = response.pointer("/incomplete_details/reason").and_then(Value::as_str);
                Finish::read(reason.unwrap_or("incomplete"))
            }
            "completed" if self.has_streamed(DeltaKind::Refusal) => Finish::Refusal,
            other => Finish::read(other),
        };
        self.progress.finish(finish, out);
        self.progress.mark(out)
    }

    /// Takes an item of the answer that is no text: a call, or reasoning that is wanted back with calls. What an item
    /// has when it is done is all of it.
    fn item(&mut self, item: &Value, place: Option<u64>, done: bool, out: &mut Vec<WireEvent>) {
        self.progress.called |= is_call(item);
        match text(item, "type") {
            Some("function_call") => {
                let arguments = text(item, "arguments").unwrap_or_default().to_owned();
                let id = text(item, "call_id").or_else(|| text(item, "id"));
                let piece = CallPiece {
                    id: id.map(str::to_owned),
                    name: text(item, "name").map(str::to_owned),
                    whole: done && !arguments.is_empty(),
                    arguments,
                    ..CallPiece::default()
                };
                self.progress.call(CallKey { id, index: place }, piece, out);
            }
            Some("reasoning") if done && text(item, "encrypted_content").is_some() => {
                let new = place.is_none_or(|place| self.kept.insert(place));
                out.extend(new.then(|| WireEvent::Kept(item.clone())));
            }
            _ => {}
        }
    }

    fn output(&mut self, response: &Value, out: &mut Vec<WireEvent>) {
        let items = response.get("output").and_then(Value::as_array).into_iter().flatten();
        let answered = self.has_streamed(DeltaKind::Text) || self.has_streamed(DeltaKind::Refusal);
        let thought = self.has_streamed(DeltaKind::Reasoning);
        for (item, place) in items.zip(0..) {
            self.item(item, Some(place), true, out);
            let parts = |list: &str| item.get(list).and_then(Value::as_array).into_iter().flatten();
            let thinks = text(item, "type") == Some("reasoning");
            for (part, index) in parts("summary").chain(parts("content")).zip(0..) {
                let (kind, field) = match text(part, "type") {
                    _ if thinks => (DeltaKind::Reasoning, "text"),
                    Some("refusal") => (DeltaKind::Refusal, "refusal"),
                    _ => (DeltaKind::Text, "text"),
                };
                if !(if thinks { thought } else { answered }) {
                    self.say((kind, place, index), text(part, field), out);
                }
            }
        }
    }
}

fn is_call(item: &Value) -> bool {
    text(item, "type").is_some_and(|kind| CALLS.contains(&kind))
}

/// Reads why a response failed.
fn failure(response: &Value) -> CallError {
    match response.get("error").filter(|error| !error.is_null()) {
        Some(error) => classify::event(&json!({ "error": error }).to_string()),
        None => CallError::new(ErrorKind::Transient, "the provider ended the answer in an error"),
    }
}
