//! OpenAI chat completions: the request body, and the chunks of its stream, as OpenAI and everyone compatible sends them.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};

use crate::{
    model::{
        Attachment, CallError, ErrorKind, Finish, MediaKind, MediaType, Message, Role, TextService, ToolCall,
        ToolChoice, Usage, schema_rules,
        tool::{CallPiece, as_listed},
    },
    provider::{
        Call, WireEvent, WireFormat, classify, token_counts,
        token_counts::{count, first, part_of, split},
        wires::{
            DeltaKind, HttpWire, StreamDecoder, StreamProgress, embeddings, moderations, text,
            tool_calls::{CallKey, with_tools, written},
        },
    },
};

/// The longest schema name the API takes, in characters.
const LONGEST_NAME: usize = 64;

/// The wire of OpenAI chat completions.
pub(crate) struct ChatCompletions;

impl HttpWire for ChatCompletions {
    fn path(&self, call: &Call) -> Cow<'static, str> {
        match call.target.options.service {
            None | Some(TextService::Classification) => "/chat/completions".into(),
            Some(TextService::Embedding) => "/embeddings".into(),
            Some(TextService::Moderation) => "/moderations".into(),
        }
    }

    fn body(&self, call: &Call) -> Value {
        match call.target.options.service {
            None | Some(TextService::Classification) => body(call),
            Some(TextService::Embedding) => embeddings::body(call),
            Some(TextService::Moderation) => moderations::body(call),
        }
    }

    fn decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(CompletionDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        "/models"
    }
}

/// Builds the body of `POST {base}/chat/completions`.
fn body(call: &Call) -> Value {
    let card = &call.target.card;
    let params = &call.params;
    let mut body = params.extra.clone();
    let tools = with_tools(body.remove("tools"), call.tools.tools.iter().map(as_listed));
    body.insert("model".to_owned(), call.target.model.as_str().into());
    body.insert("messages".to_owned(), messages(call));
    body.insert("stream".to_owned(), true.into());
    body.insert("stream_options".to_owned(), json!({ "include_usage": true }));
    let limit = if card.completion_tokens { "max_completion_tokens" } else { "max_tokens" };
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("temperature", params.temperature.map(Value::from));
    set("top_p", params.top_p.map(Value::from));
    set(limit, params.max_tokens.map(Value::from));
    set("stop", (!params.stop.is_empty()).then(|| json!(params.stop)));
    set("seed", params.seed.map(Value::from));
    set("reasoning_effort", params.reasoning_effort.as_deref().map(Value::from));
    set("response_format", response_format(&call.format));
    set("tools", tools);
    set("tool_choice", call.tools.choice.as_ref().map(tool_choice));
    set("parallel_tool_calls", call.tools.parallel.map(Value::from));
    Value::Object(body)
}

fn messages(call: &Call) -> Value {
    let card = &call.target.card;
    let instructions = if card.reasons && card.completion_tokens { "developer" } else { "system" };
    let role = |role: Role| match role {
        Role::System => instructions,
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => "tool",
    };
    let written = |message: &Message| {
        let mut fields = Map::new();
        fields.insert("role".to_owned(), role(message.role).into());
        let silent = message.content.is_empty() && !message.tool_calls.is_empty();
        fields.insert("content".to_owned(), if silent { Value::Null } else { content(message, call) });
        if !message.tool_calls.is_empty() {
            fields.insert("tool_calls".to_owned(), message.tool_calls.iter().map(tool_call).collect());
        }
        if let Some(reply) = &message.reply {
            fields.insert("tool_call_id".to_owned(), reply.id.as_str().into());
        }
        for kept in message.kept_by(&call.target.name).iter().filter_map(Value::as_object) {
            fields.extend(kept.clone());
        }
        Value::Object(fields)
    };
    call.messages.iter().map(written).collect()
}

/// Writes what a message says: its text, or parts where something goes with it.
fn content(message: &Message, call: &Call) -> Value {
    if message.attachments.is_empty() {
        return message.content.as_str().into();
    }
    let text = (!message.content.trim().is_empty()).then(|| json!({ "type": "text", "text": message.content }));
    let document = call.target.options.rename.get("file").map(String::as_str);
    text.into_iter().chain(message.attachments.iter().map(|sent| part(sent, document))).collect()
}

/// Writes a part. `document` is what a vendor calls a document's part that has its `data:` URI alone.
fn part(attachment: &Attachment, document: Option<&str>) -> Value {
    match attachment.kind {
        MediaKind::Image => {
            let mut image = Map::new();
            image.insert("url".to_owned(), attachment.uri().into());
            if let Some(detail) = attachment.detail {
                image.insert("detail".to_owned(), detail.word().into());
            }
            json!({ "type": "image_url", "image_url": image })
        }
        MediaKind::File => {
            if let Some(name) = document {
                return json!({ "type": name, name: attachment.uri() });
            }
            json!({ "type": "file", "file": { "filename": attachment.name, "file_data": attachment.uri() } })
        }
        MediaKind::Audio => {
            let format = attachment.media_type.unwrap_or(MediaType::Wav).short();
            json!({ "type": "input_audio", "input_audio": { "data": attachment.base64(), "format": format } })
        }
    }
}

fn tool_choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => choice.word().into(),
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
    }
}

/// Writes a call as it stands in a conversation: its arguments are a text here.
pub(crate) fn tool_call(call: &ToolCall) -> Value {
    json!({ "id": call.id, "type": "function", "function": { "name": call.name, "arguments": written(call) } })
}

fn response_format(format: &WireFormat) -> Option<Value> {
    match format {
        WireFormat::Text => None,
        WireFormat::JsonObject => Some(json!({ "type": "json_object" })),
        WireFormat::JsonSchema(schema) => Some(json!({ "type": "json_schema", "json_schema": named_schema(schema) })),
    }
}

/// Writes a schema with its name, and asks for strict mode where it is within it.
pub(crate) fn named_schema(schema: &Value) -> Map<String, Value> {
    let mut named = Map::new();
    named.insert("name".to_owned(), name(schema).into());
    named.insert("schema".to_owned(), schema.clone());
    if schema_rules::outside_strict(schema).is_empty() {
        named.insert("strict".to_owned(), true.into());
    }
    named
}

/// Names a schema by its title, in the letters the API allows.
fn name(schema: &Value) -> String {
    let title = schema.get("title").and_then(Value::as_str).unwrap_or_default();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = title.chars().take(LONGEST_NAME).map(allowed).collect();
    if name.is_empty() { "answer".to_owned() } else { name }
}

/// A chunk with a piece of text and nothing else that counts. Null stands for a field that is not there; any other field,
/// and any of these in another shape, is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "that the others are there is known, and what they say is not needed")]
struct TextChunk<'c> {
    choices: [TextChoice; 1],
    model: Option<&'c str>,
    object: Option<&'c str>,
    #[serde(default)]
    id: IgnoredAny,
    #[serde(default)]
    created: IgnoredAny,
    #[serde(default)]
    system_fingerprint: IgnoredAny,
    #[serde(default)]
    service_tier: IgnoredAny,
    #[serde(default)]
    obfuscation: IgnoredAny,
    #[serde(default)]
    provider: IgnoredAny,
    usage: Option<()>,
}

/// The choice of such a chunk.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "they are there to be refused unless they are null")]
struct TextChoice {
    index: Option<u64>,
    delta: TextDelta,
    finish_reason: Option<()>,
    native_finish_reason: Option<()>,
    stop_reason: Option<()>,
    logprobs: Option<()>,
    token_ids: Option<()>,
}

/// The delta of such a choice.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code, reason = "they are there to be refused unless they are null")]
struct TextDelta {
    content: Option<String>,
    #[serde(default)]
    role: IgnoredAny,
    refusal: Option<()>,
    tool_calls: Option<()>,
    function_call: Option<()>,
    reasoning: Option<()>,
    reasoning_content: Option<()>,
}

/// A completion under way.
#[derive(Debug, Default)]
pub(crate) struct CompletionDecoder {
    progress: StreamProgress,
    refused: bool,
    streamed: bool,
    /// The reasoning so far, where it comes in the field that some vendors want back with calls.
    thought: String,
}

impl StreamDecoder for CompletionDecoder {
    fn event(&mut self, _name: &str, chunk: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if !chunk.is_object() {
            out.push(WireEvent::Alive);
            return Ok(());
        }
        self.chunk(chunk, "delta", out)
    }

    fn text_event(&mut self, data: &str, out: &mut Vec<WireEvent>) -> bool {
        let Ok(TextChunk { object: None | Some("chat.completion.chunk"), model, choices: [choice], .. }) =
            serde_json::from_str(data)
        else {
            return false;
        };
        let TextChoice { index: None | Some(0), delta, .. } = choice else {
            return false;
        };
        let text = delta.content.unwrap_or_default();
        self.progress.begun = true;
        self.streamed |= !text.is_empty();
        self.progress.text_event(model, text, out);
        true
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if let Some(vector) = body.pointer("/data/0/embedding") {
            if let Some(field) = body.get("usage").filter(|usage| usage.is_object()) {
                // Voyage counts in total alone, which is what was read.
                let own = usage(field);
                let input = own.input.or_else(|| count(field, "/total_tokens"));
                token_counts::say(field, Usage { input, ..own }, out);
            }
            return embeddings::say(&mut self.progress, body, vector, out);
        }
        if let Some(result) = moderations::result(body) {
            return moderations::say(&mut self.progress, body, result, out);
        }
        if body.get("choices").is_none_or(Value::is_null) {
            return Err(classify::event(&body.to_string()));
        }
        self.chunk(body, "message", out)?;
        self.progress.mark(out)
    }

    fn progress(&self) -> &StreamProgress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut StreamProgress {
        &mut self.progress
    }
}

impl CompletionDecoder {
    fn chunk(&mut self, chunk: &Value, part: &str, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let before = out.len();
        self.progress.begun = true;
        self.progress.model(chunk, "model", out);
        let choices = chunk.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let choice = choices.iter().find(|choice| count(choice, "/index").unwrap_or(0) == 0);
        if let Some(choice) = choice {
            // Some servers send a stream of one event that is a whole answer, and some repeat the answer beside
            // each piece of it.
            let whole = || choice.get("message").filter(|_| !self.streamed);
            let piece = choice.get(part).filter(|piece| !piece.is_null()).or_else(whole);
            self.delta(piece.unwrap_or(&Value::Null), out);
            match text(choice, "finish_reason") {
                Some("error") => {
                    return Err(CallError::new(ErrorKind::Transient, "the provider ended the answer in an error"));
                }
                Some(reason) => {
                    if self.progress.called && !self.thought.is_empty() {
                        out.push(WireEvent::Kept(json!({ WANTED_BACK: std::mem::take(&mut self.thought) })));
                    }
                    let finish = if self.refused { Finish::Refusal } else { Finish::read(reason) };
                    self.progress.finish(finish, out);
                }
                None => {}
            }
        }
        let beside =
            [chunk.get("usage"), choice.and_then(|choice| choice.get("usage")), chunk.pointer("/x_groq/usage")];
        if let Some(field) = beside.into_iter().flatten().find(|usage| usage.is_object()) {
            token_counts::say(field, usage(field), out);
        }
        if let Some(timing) = chunk.get("timings").and_then(timing) {
            out.push(timing);
        }
        if out.len() == before {
            out.push(WireEvent::Alive);
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<WireEvent>) {
        let before = out.len();
        let progress = &mut self.progress;
        let calls = delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
        for call in calls {
            let function = call.get("function").unwrap_or(&Value::Null);
            let key = CallKey { id: text(call, "id"), index: count(call, "/index") };
            progress.call(key, piece(function, call), out);
        }
        if let Some(function) = delta.get("function_call").filter(|function| function.is_object()) {
            progress.call(CallKey { id: None, index: Some(0) }, piece(function, &Value::Null), out);
        }
        if let Some(thought) = text(delta, WANTED_BACK) {
            self.thought.push_str(thought);
        }
        for name in ["reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details"] {
            let thought = out.len();
            progress.content(delta.get(name).unwrap_or(&Value::Null), DeltaKind::Reasoning, out);
            if out.len() > thought {
                break;
            }
        }
        // Gemini marks its thoughts beside the content.
        let thought = delta.pointer("/extra_content/google/thought") == Some(&Value::Bool(true));
        let piece = if thought { DeltaKind::Reasoning } else { DeltaKind::Text };
        progress.content(delta.get("content").unwrap_or(&Value::Null), piece, out);
        progress.content(delta.get("refusal").unwrap_or(&Value::Null), DeltaKind::Refusal, out);
        self.streamed |= out.len() > before;
        self.refused |= out.iter().skip(before).any(|event| matches!(event, WireEvent::Refusal(_)));
    }
}

/// The field of the reasoning that `DeepSeek` and Moonshot want back with calls.
const WANTED_BACK: &str = "reasoning_content";

/// Reads a piece of a call. Most servers send the arguments as text, in pieces; some as the object they are.
fn piece(function: &Value, call: &Value) -> CallPiece {
    let (arguments, whole) = match function.get("arguments") {
        Some(Value::String(text)) => (text.clone(), false),
        Some(object @ Value::Object(_)) => (object.to_string(), true),
        _ => (String::new(), false),
    };
    CallPiece {
        name: text(function, "name").map(str::to_owned),
        arguments,
        whole,
        // Where Gemini is asked by this wire, its signature stands beside the function.
        signature: call.pointer("/extra_content/google/thought_signature").and_then(Value::as_str).map(str::to_owned),
        ..CallPiece::default()
    }
}

/// Reads the counts. Cached and reasoning tokens are within the totals here, and apart in
/// [`Usage`]; a provider whose grand total shows that its reasoning is not within is believed.
pub(crate) fn usage(usage: &Value) -> Usage {
    let prompt = first(usage, &["/prompt_tokens", "/input_tokens"]);
    let cached = [
        "/prompt_tokens_details/cached_tokens",
        "/input_tokens_details/cached_tokens",
        "/cached_tokens",
        "/prompt_cache_hit_tokens",
    ];
    let written = ["/prompt_tokens_details/cache_write_tokens", "/input_tokens_details/cache_write_tokens"];
    let (rest, cache_read) = split(prompt, first(usage, &cached));
    let (input, cache_write) = split(rest, first(usage, &written));
    let completion = first(usage, &["/completion_tokens", "/output_tokens"]);
    let thought =
        first(usage, &["/completion_tokens_details/reasoning_tokens", "/output_tokens_details/reasoning_tokens"]);
    let sum = [prompt, completion, thought].into_iter().flatten().fold(0, u64::saturating_add);
    let beside = thought.is_some_and(|thought| thought > 0) && count(usage, "/total_tokens") == Some(sum);
    let (output, reasoning) = if beside { (completion, thought) } else { split(completion, thought) };
    let of_input = |name: &str| part_of(prompt, count(usage, &format!("/prompt_tokens_details/{name}")));
    let (audio, image) = (of_input("audio_tokens"), of_input("image_tokens"));
    let audio_output = part_of(completion, count(usage, "/completion_tokens_details/audio_tokens"));
    Usage { input, cache_read, cache_write, output, reasoning, audio, image, audio_output, ..Usage::default() }
}

/// Reads llama.cpp's own measurements.
fn timing(timings: &Value) -> Option<WireEvent> {
    let millis = |name: &str| {
        let millis = timings.get(name).and_then(Value::as_f64)?;
        Duration::try_from_secs_f64(millis / 1000.0).ok()
    };
    let (prompt, generation) = (millis("prompt_ms"), millis("predicted_ms"));
    (prompt.is_some() || generation.is_some()).then_some(WireEvent::ServerTiming { load: None, prompt, generation })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_named_in_allowed_letters() {
        assert_eq!(name(&json!({"title": "Customer mood, v2"})), "Customer_mood__v2");
        assert_eq!(name(&json!({"title": "ü".repeat(90)})).len(), 64);
        assert_eq!(name(&json!({})), "answer");
    }

    #[test]
    fn classes_add_up_to_the_providers_total() {
        let usage_read = usage(&json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 60}, "completion_tokens_details": {"reasoning_tokens": 20}}));
        assert_eq!(
            (usage_read.input, usage_read.cache_read, usage_read.output, usage_read.reasoning),
            (Some(40), Some(60), Some(30), Some(20))
        );
        assert_eq!(usage_read.total(), Some(150));
    }

    #[test]
    fn pictures_and_recordings_are_parts_of_the_counts() {
        let usage_read = usage(&json!({"prompt_tokens": 100, "completion_tokens": 9,
            "prompt_tokens_details": {"audio_tokens": 60, "image_tokens": 30, "text_tokens": 10},
            "completion_tokens_details": {"audio_tokens": 4}}));
        assert_eq!(
            (usage_read.input, usage_read.audio, usage_read.image, usage_read.audio_output),
            (Some(100), Some(60), Some(30), Some(4))
        );
        let more = json!({"prompt_tokens": 10, "prompt_tokens_details": {"audio_tokens": 11}});
        assert_eq!(usage(&more).audio, None, "a part is not more than its whole");
    }

    #[test]
    fn reasoning_beside_the_completion_is_not_taken_from_it() {
        let usage_read = usage(&json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 35,
            "completion_tokens_details": {"reasoning_tokens": 20}}));
        assert_eq!(usage_read.total(), Some(35));
    }

    #[test]
    fn a_subset_larger_than_its_total_never_goes_below_zero() {
        let usage_read = usage(&json!({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}}));
        assert_eq!((usage_read.input, usage_read.cache_read, usage_read.output), (Some(10), None, None));
        assert_eq!(usage(&json!({})), Usage::default());
        assert_eq!(usage(&json!({"prompt_tokens": -1})), Usage::default());
    }

    #[test]
    fn cached_tokens_are_found_wherever_they_are_told() {
        for field in [
            json!({"prompt_tokens": 100, "cached_tokens": 60}),
            json!({"prompt_tokens": 100, "prompt_cache_hit_tokens": 60}),
            json!({"input_tokens": "100", "input_tokens_details": {"cached_tokens": 60.0}}),
        ] {
            let usage_read = usage(&field);
            assert_eq!((usage_read.input, usage_read.cache_read), (Some(40), Some(60)), "{field}");
        }
    }
}
