//! Ollama's own chat API: the request body, and its lines.

use std::{borrow::Cow, time::Duration};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value, json};

use crate::{
    model::{
        Attachment, CallError, Finish, Message, TextService, Tool, ToolCall, ToolChoice, Usage,
        tool::{CallPiece, as_listed},
    },
    provider::{
        Call, WireEvent, WireFormat, classify, token_counts,
        token_counts::count,
        wires::{
            DeltaKind, Framing, HttpWire, StreamDecoder, StreamProgress, embeddings, text,
            tool_calls::{CallKey, arguments, with_tools},
        },
    },
};

/// Fields a user may set for the request that belong among the model's runtime options.
const OPTIONS: &[&str] = &[
    "num_ctx",
    "num_keep",
    "num_batch",
    "num_gpu",
    "num_thread",
    "num_predict",
    "top_k",
    "min_p",
    "typical_p",
    "repeat_last_n",
    "repeat_penalty",
    "presence_penalty",
    "frequency_penalty",
    "mirostat",
    "mirostat_tau",
    "mirostat_eta",
];

/// The wire of Ollama's `/api/chat`.
pub(crate) struct Chat;

impl HttpWire for Chat {
    fn path(&self, call: &Call) -> Cow<'static, str> {
        match call.target.options.service {
            Some(TextService::Embedding) => "/api/embed".into(),
            Some(TextService::Moderation | TextService::Classification) | None => "/api/chat".into(),
        }
    }

    fn body(&self, call: &Call) -> Value {
        match call.target.options.service {
            Some(TextService::Embedding) => embeddings::body(call),
            Some(TextService::Moderation | TextService::Classification) | None => body(call),
        }
    }

    fn effort_instead(&self, _model: &str, effort: &str) -> Option<Cow<'static, str>> {
        (nearest(effort) != effort).then(|| format!("{} is sent", nearest(effort)).into())
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(ChatDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        "/api/tags"
    }
}

/// Builds the body of `POST {base}/api/chat`.
fn body(call: &Call) -> Value {
    let params = &call.params;
    let mut options = Map::new();
    let mut body = Map::new();
    for (name, value) in &params.extra {
        match value {
            Value::Object(more) if name == "options" => options.extend(more.clone()),
            value if OPTIONS.contains(&name.as_str()) => drop(options.insert(name.clone(), value.clone())),
            value => drop(body.insert(name.clone(), value.clone())),
        }
    }
    let mut option = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            options.insert(name.to_owned(), value);
        }
    };
    option("temperature", params.temperature.map(Value::from));
    option("top_p", params.top_p.map(Value::from));
    option("num_predict", params.max_tokens.map(Value::from));
    option("seed", params.seed.map(Value::from));
    option("stop", (!params.stop.is_empty()).then(|| json!(params.stop)));
    let tools = body.remove("tools");
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            body.insert(name.to_owned(), value);
        }
    };
    set("model", Some(call.target.model.as_str().into()));
    set("messages", Some(call.messages.iter().map(message).collect()));
    // There is no field for the choice: a model that is to call nothing is offered nothing.
    let offered = (call.tools.choice != Some(ToolChoice::None)).then_some(&call.tools.tools).into_iter().flatten();
    set("tools", with_tools(tools, offered.map(tool)));
    set("stream", Some(true.into()));
    set("options", (!options.is_empty()).then_some(Value::Object(options)));
    set(
        "format",
        match &call.format {
            WireFormat::Text => None,
            WireFormat::JsonObject => Some("json".into()),
            WireFormat::JsonSchema(schema) => Some(schema.clone()),
        },
    );
    set(
        "think",
        params
            .reasoning_effort
            .as_deref()
            .map(|effort| if effort == "none" { false.into() } else { nearest(effort).into() }),
    );
    Value::Object(body)
}

fn message(message: &Message) -> Value {
    let mut fields = Map::new();
    fields.insert("role".to_owned(), message.role.name().into());
    fields.insert("content".to_owned(), message.content.as_str().into());
    if !message.attachments.is_empty() {
        // Pictures alone are taken; all else is refused before.
        fields.insert("images".to_owned(), message.attachments.iter().map(Attachment::base64).collect::<Value>());
    }
    if !message.tool_calls.is_empty() {
        let call = |call: &ToolCall| json!({ "function": { "name": call.name, "arguments": arguments(call) } });
        fields.insert("tool_calls".to_owned(), message.tool_calls.iter().map(call).collect());
    }
    if let Some(reply) = &message.reply {
        fields.insert("tool_name".to_owned(), reply.name.as_str().into());
        fields.insert("tool_call_id".to_owned(), reply.id.as_str().into());
    }
    Value::Object(fields)
}

/// Writes a tool in the shape of chat completions, which is this API's too.
fn tool(tool: &Tool) -> Value {
    as_listed(&Tool { strict: false, ..tool.clone() })
}

/// Writes an effort as the API has it, in the way of its own `/v1`.
fn nearest(effort: &str) -> &str {
    match effort {
        "minimal" => "low",
        "xhigh" => "max",
        other => other,
    }
}

/// A line with a piece of text and nothing else that counts; any other field is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextLine<'c> {
    message: TextMessage,
    model: Option<&'c str>,
    done: Option<bool>,
    #[serde(rename = "created_at", default)]
    _created_at: IgnoredAny,
}

/// The message of such a line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TextMessage {
    content: String,
    #[serde(rename = "role", default)]
    _role: IgnoredAny,
}

/// A chat under way.
#[derive(Debug, Default)]
pub(crate) struct ChatDecoder {
    progress: StreamProgress,
}

impl StreamDecoder for ChatDecoder {
    fn event(&mut self, _name: &str, line: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        self.whole(line, out)
    }

    fn text_event(&mut self, data: &str, out: &mut Vec<WireEvent>) -> bool {
        let Ok(TextLine { message, model, done: None | Some(false), .. }) = serde_json::from_str(data) else {
            return false;
        };
        self.progress.begun = true;
        self.progress.text_event(model, message.content, out);
        true
    }

    fn whole(&mut self, line: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let before = out.len();
        if let Some(vector) = line.pointer("/embeddings/0") {
            token_counts::say(&json!({ "prompt_eval_count": line.get("prompt_eval_count") }), usage(line), out);
            return embeddings::say(&mut self.progress, line, vector, out);
        }
        if line.get("message").is_none() && line.get("done").is_none() && line.is_object() && !self.progress.begun {
            return Err(classify::event(&line.to_string()));
        }
        if let Some(message) = line.get("message") {
            self.progress.begun = true;
            self.progress.model(line, "model", out);
            for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
                let function = call.get("function").unwrap_or(&Value::Null);
                let arguments = match function.get("arguments") {
                    Some(Value::String(text)) => text.clone(),
                    Some(object @ Value::Object(_)) => object.to_string(),
                    _ => String::new(),
                };
                let piece = CallPiece {
                    id: text(call, "id").map(str::to_owned),
                    name: text(function, "name").map(str::to_owned),
                    arguments,
                    whole: true,
                    ..CallPiece::default()
                };
                self.progress.call(CallKey::NEW, piece, out);
            }
            self.progress.content(message.get("thinking").unwrap_or(&Value::Null), DeltaKind::Reasoning, out);
            self.progress.content(message.get("content").unwrap_or(&Value::Null), DeltaKind::Text, out);
        }
        if line.get("done").and_then(Value::as_bool) == Some(true) {
            self.progress.begun = true;
            let field =
                json!({ "prompt_eval_count": line.get("prompt_eval_count"), "eval_count": line.get("eval_count") });
            token_counts::say(&field, usage(line), out);
            out.extend(timing(line));
            if let Some(reason) = text(line, "done_reason") {
                self.progress.finish(Finish::read(reason), out);
            }
            return self.progress.mark(out);
        }
        if out.len() == before {
            out.push(WireEvent::Alive);
        }
        Ok(())
    }

    fn progress(&self) -> &StreamProgress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut StreamProgress {
        &mut self.progress
    }
}

/// Reads the counts; one that is left out is unknown. A prompt wholly cached has none.
fn usage(line: &Value) -> Usage {
    Usage { input: count(line, "/prompt_eval_count"), output: count(line, "/eval_count"), ..Usage::default() }
}

fn timing(line: &Value) -> Option<WireEvent> {
    let nanos = |name: &str| line.get(name).and_then(Value::as_u64).map(Duration::from_nanos);
    let (load, prompt, generation) = (nanos("load_duration"), nanos("prompt_eval_duration"), nanos("eval_duration"));
    let known = load.or(prompt).or(generation).is_some();
    known.then_some(WireEvent::ServerTiming { load, prompt, generation })
}
