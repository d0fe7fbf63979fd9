//! Anthropic messages: the request body, the part of a JSON Schema that its constrained output takes, and the events of
//! its stream.
//!
//! What it does not take of a schema is left out of what is sent, never out of what the answer is checked against.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};

use crate::{
    model::{
        Attachment, CallError, Finish, MediaKind, Message, Role, Tool, ToolChoice, ToolSet, Usage, schema_rules,
        tool::CallPiece,
    },
    provider::{
        Call, WireEvent, WireFormat, classify, token_counts,
        token_counts::{count, split},
        wires::{
            DeltaKind, HttpWire, SideTurn, StreamDecoder, StreamProgress, alternating, joined, text,
            tool_calls::{CallKey, arguments, with_tools},
        },
    },
};

/// The version of the API this is written for.
const VERSION: &str = "2023-06-01";

/// Output tokens asked for where nothing says how many.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// Output tokens asked for, at most, where only the model's own limit is known.
const MODEST_MAX_TOKENS: u64 = 8192;

/// The wire of Anthropic messages.
pub(crate) struct AnthropicWire;

impl HttpWire for AnthropicWire {
    fn path(&self, _call: &Call) -> Cow<'static, str> {
        "/v1/messages".into()
    }

    fn body(&self, call: &Call) -> Value {
        body(call)
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", VERSION)]
    }

    fn schema(&self, schema: &Value) -> Value {
        schema_rules::for_anthropic(schema).0
    }

    fn effort_instead(&self, _model: &str, effort: &str) -> Option<Cow<'static, str>> {
        match effort {
            NO_EFFORT => Some("no effort is sent, and how much it thinks is left to it".into()),
            other => (lowest(other) != other).then(|| format!("{} is sent", lowest(other)).into()),
        }
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-api-key", "")
    }

    fn decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(MessageDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        "/v1/models?limit=1000"
    }
}

/// Builds the body of `POST {base}/v1/messages`.
fn body(call: &Call) -> Value {
    let params = &call.params;
    let mut body = params.extra.clone();
    let output = output_config(call, body.remove("output_config"));
    body.insert("model".to_owned(), call.target.model.as_str().into());
    body.insert("max_tokens".to_owned(), max_tokens(call).into());
    let (system, turns) = alternating(&call.messages);
    let turns = turns.iter().map(|turn| json!({ "role": turn.role, "content": content(turn, &call.target.name) }));
    body.insert("messages".to_owned(), turns.collect());
    let tools = with_tools(body.remove("tools"), call.tools.tools.iter().map(tool));
    body.insert("stream".to_owned(), true.into());
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("system", system_content(&system));
    set("temperature", params.temperature.map(|temperature| temperature.min(1.0).into()));
    set("top_p", params.top_p.map(Value::from));
    set("stop_sequences", (!params.stop.is_empty()).then(|| json!(params.stop)));
    set("output_config", output);
    set("tools", tools);
    set("tool_choice", tool_choice(&call.tools));
    Value::Object(body)
}

/// Writes the system messages: as one text, or as blocks where one of them is to be cached.
fn system_content(messages: &[&Message]) -> Option<Value> {
    if messages.iter().all(|message| message.cache.is_none()) {
        return joined(messages).map(Value::from);
    }
    let blocks = messages.iter().filter(|message| !message.content.trim().is_empty());
    Some(blocks.map(|message| marked(json!({ "type": "text", "text": message.content }), message)).collect())
}

/// Marks a block as the last one of what is to be cached, if its message is.
fn marked(mut block: Value, message: &Message) -> Value {
    if let (Some(lifetime), Some(fields)) = (message.cache, block.as_object_mut()) {
        fields.insert("cache_control".to_owned(), lifetime.cache_control());
    }
    block
}

/// Writes the content of a turn: a text, or blocks where there is more. Results of tools come before any text.
fn content(turn: &SideTurn<'_>, target: &str) -> Value {
    if turn.messages.iter().all(|message| message.cache.is_none())
        && let Some(text) = turn.text()
    {
        return text.into();
    }
    let (results, others): (Vec<_>, Vec<_>) = turn.messages.iter().partition(|message| message.role == Role::Tool);
    results.into_iter().chain(others).flat_map(|message| blocks(message, target)).collect()
}

fn blocks(message: &Message, target: &str) -> Vec<Value> {
    if let Some(reply) = &message.reply {
        let mut block = json!({ "type": "tool_result", "tool_use_id": reply.id, "content": message.content });
        if reply.failed
            && let Some(fields) = block.as_object_mut()
        {
            fields.insert("is_error".to_owned(), true.into());
        }
        return vec![marked(block, message)];
    }
    let mut blocks = message.kept_by(target).to_vec();
    // What a text speaks of stands before it.
    blocks.extend(message.attachments.iter().map(attached));
    if !message.content.trim().is_empty() {
        blocks.push(json!({ "type": "text", "text": message.content }));
    }
    let calls = message.tool_calls.iter();
    blocks.extend(
        calls.map(|call| json!({ "type": "tool_use", "id": call.id, "name": call.name, "input": arguments(call) })),
    );
    // A block of reasoning, which is never the last beside others, takes no mark.
    if let Some(last) = blocks.pop_if(|_| message.cache.is_some()) {
        blocks.push(marked(last, message));
    }
    blocks
}

fn attached(attachment: &Attachment) -> Value {
    let source = match attachment.url() {
        Some(url) => json!({ "type": "url", "url": url }),
        None => json!({ "type": "base64", "media_type": attachment.media_name(), "data": attachment.base64() }),
    };
    match attachment.kind {
        MediaKind::Image => json!({ "type": "image", "source": source }),
        // There is no block for recordings, which are refused before.
        MediaKind::File | MediaKind::Audio => json!({ "type": "document", "title": attachment.name, "source": source }),
    }
}

fn tool(tool: &Tool) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), tool.name.as_str().into());
    if !tool.description.is_empty() {
        fields.insert("description".to_owned(), tool.description.as_str().into());
    }
    let mut schema = tool.schema();
    if let Some(fields) = schema.as_object_mut() {
        fields.entry("type").or_insert_with(|| "object".into());
    }
    fields.insert("input_schema".to_owned(), schema);
    if tool.strict {
        fields.insert("strict".to_owned(), true.into());
    }
    fields.extend(tool.cache.map(|mark| ("cache_control".to_owned(), mark.cache_control())));
    Value::Object(fields)
}

/// Writes the choice; that a model calls one tool at most is said within it.
fn tool_choice(tools: &ToolSet) -> Option<Value> {
    let single = tools.parallel == Some(false);
    let choice = match tools.choice.as_ref() {
        None if !single => return None,
        None => ToolChoice::Auto,
        Some(choice) => choice.clone(),
    };
    let mut fields = match &choice {
        ToolChoice::Auto => json!({ "type": "auto" }),
        ToolChoice::None => return Some(json!({ "type": "none" })),
        ToolChoice::Required => json!({ "type": "any" }),
        ToolChoice::Named(name) => json!({ "type": "tool", "name": name }),
    };
    if single && let Some(fields) = fields.as_object_mut() {
        fields.insert("disable_parallel_tool_use".to_owned(), true.into());
    }
    Some(fields)
}

fn max_tokens(call: &Call) -> u64 {
    let most = call.target.card.max_output;
    match (call.params.max_tokens, most) {
        (Some(wanted), Some(most)) => wanted.min(most),
        (Some(wanted), None) => wanted,
        (None, Some(most)) => most.min(MODEST_MAX_TOKENS),
        (None, None) => DEFAULT_MAX_TOKENS,
    }
}

/// The effort for which the field is left out: the API has no word for it.
const NO_EFFORT: &str = "none";

/// Writes an effort as the API has it, whose lowest is `low`.
fn lowest(effort: &str) -> &str {
    if effort == "minimal" { "low" } else { effort }
}

/// Joins what the user set, the effort and the schema. A plain JSON object has no field here.
fn output_config(call: &Call, extra: Option<Value>) -> Option<Value> {
    let mut output = match extra {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    match call.params.reasoning_effort.as_deref() {
        None | Some(NO_EFFORT) => {}
        Some(effort) => drop(output.insert("effort".to_owned(), lowest(effort).into())),
    }
    if let WireFormat::JsonSchema(full) = &call.format {
        output.insert(
            "format".to_owned(),
            json!({ "type": "json_schema", "schema": schema_rules::for_anthropic(full).0 }),
        );
    }
    (!output.is_empty()).then_some(Value::Object(output))
}

/// An event with a piece of text and nothing else that counts; any other field is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextEvent<'c> {
    #[serde(rename = "type")]
    kind: &'c str,
    #[serde(rename = "index", default)]
    _index: IgnoredAny,
    delta: TextDelta<'c>,
}

/// The delta of such an event.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextDelta<'c> {
    #[serde(rename = "type")]
    kind: &'c str,
    text: String,
}

/// A message under way.
#[derive(Debug, Default)]
pub(crate) struct MessageDecoder {
    progress: StreamProgress,
    /// The blocks of tools that the provider runs itself: a call to one asks nothing of us.
    served: BTreeSet<u64>,
    /// The block of reasoning under way, which is wanted back with calls as it was.
    thinking: Option<Thinking>,
}

/// A block of reasoning.
#[derive(Debug, Default)]
struct Thinking {
    text: String,
    signature: String,
}

impl StreamDecoder for MessageDecoder {
    fn event(&mut self, name: &str, event: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let before = out.len();
        match text(event, "type").unwrap_or(name) {
            "message_start" => self.message(event.get("message").unwrap_or(&Value::Null), out),
            "content_block_start" => self.block(event, "content_block", out),
            "content_block_delta" => self.block(event, "delta", out),
            "content_block_stop" => self.thought(out),
            "message_delta" => {
                self.progress.begun = true;
                if let Some(reason) = event.get("delta").and_then(|delta| text(delta, "stop_reason")) {
                    self.progress.finish(Finish::read(reason), out);
                }
                counted(event, out);
            }
            "message_stop" => return self.progress.mark(out),
            _ => {}
        }
        if out.len() == before {
            out.push(WireEvent::Alive);
        } else {
            self.progress.begun = true;
        }
        Ok(())
    }

    fn text_event(&mut self, data: &str, out: &mut Vec<WireEvent>) -> bool {
        let Ok(TextEvent { kind: "content_block_delta", delta: TextDelta { kind: "text_delta", text }, .. }) =
            serde_json::from_str(data)
        else {
            return false;
        };
        self.progress.begun |= !text.is_empty();
        self.progress.text_event(None, text, out);
        true
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let Some(Value::Array(blocks)) = body.get("content") else {
            return Err(classify::event(&body.to_string()));
        };
        self.message(body, out);
        for part in blocks {
            self.part(part, None, out);
            self.thought(out);
        }
        if let Some(reason) = text(body, "stop_reason") {
            self.progress.finish(Finish::read(reason), out);
        }
        self.progress.mark(out)
    }

    fn progress(&self) -> &StreamProgress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut StreamProgress {
        &mut self.progress
    }
}

impl MessageDecoder {
    fn message(&mut self, message: &Value, out: &mut Vec<WireEvent>) {
        self.progress.begun = true;
        self.progress.model(message, "model", out);
        counted(message, out);
    }

    fn block(&mut self, event: &Value, name: &str, out: &mut Vec<WireEvent>) {
        if let Some(part) = event.get(name) {
            self.part(part, count(event, "/index"), out);
        }
    }

    /// Keeps a block of reasoning that has ended. Without its signature it is not taken back.
    fn thought(&mut self, out: &mut Vec<WireEvent>) {
        if let Some(Thinking { text, signature }) = self.thinking.take().filter(|block| !block.signature.is_empty()) {
            out.push(WireEvent::Kept(json!({ "type": "thinking", "thinking": text, "signature": signature })));
        }
    }

    /// Says the text or the thinking of a block or of a part of one; both have the same fields.
    fn part(&mut self, part: &Value, index: Option<u64>, out: &mut Vec<WireEvent>) {
        match text(part, "type") {
            Some("tool_use") => {
                let id = text(part, "id");
                // Some endpoints send all arguments here, and no piece of them later.
                let input =
                    part.get("input").filter(|input| input.as_object().is_some_and(|fields| !fields.is_empty()));
                let piece = CallPiece {
                    id: id.map(str::to_owned),
                    name: text(part, "name").map(str::to_owned),
                    arguments: input.map_or_else(String::new, Value::to_string),
                    whole: input.is_some(),
                    ..CallPiece::default()
                };
                let next = self.progress.calls() as u64;
                self.progress.call(CallKey { id, index: index.or(Some(u64::MAX - next)) }, piece, out);
            }
            Some("server_tool_use" | "mcp_tool_use") => self.served.extend(index),
            Some("input_json_delta") if index.is_none_or(|index| !self.served.contains(&index)) => {
                let more = text(part, "partial_json").unwrap_or_default().to_owned();
                self.progress.call(
                    CallKey { id: None, index },
                    CallPiece { arguments: more, ..CallPiece::default() },
                    out,
                );
            }
            Some("thinking") => {
                let held = |name: &str| text(part, name).unwrap_or_default().to_owned();
                self.thinking = Some(Thinking { text: held("thinking"), signature: held("signature") });
            }
            Some("redacted_thinking") => out.push(WireEvent::Kept(part.clone())),
            Some("thinking_delta") => {
                self.thinking.get_or_insert_default().text.push_str(text(part, "thinking").unwrap_or_default());
            }
            Some("signature_delta") => {
                self.thinking.get_or_insert_default().signature.push_str(text(part, "signature").unwrap_or_default());
            }
            _ => {}
        }
        self.progress.say(DeltaKind::Text, text(part, "text").unwrap_or_default(), out);
        self.progress.content(part.get("thinking").unwrap_or(&Value::Null), DeltaKind::Reasoning, out);
    }
}

/// Says the counts in an event or a message.
fn counted(holder: &Value, out: &mut Vec<WireEvent>) {
    if let Some(field) = holder.get("usage").filter(|usage| usage.is_object()) {
        token_counts::say(field, usage(field), out);
    }
}

/// Reads the counts, which are cumulative. The input classes are apart already; thinking is within
/// the output.
fn usage(usage: &Value) -> Usage {
    let thought = count(usage, "/output_tokens_details/thinking_tokens");
    let (output, reasoning) = split(count(usage, "/output_tokens"), thought);
    Usage {
        input: count(usage, "/input_tokens"),
        cache_read: count(usage, "/cache_read_input_tokens"),
        cache_write: count(usage, "/cache_creation_input_tokens"),
        output,
        reasoning,
        ..Usage::default()
    }
}
