//! Gemini's own `generateContent`: the request body, the part of a JSON Schema that it takes, and the chunks of its stream.
//!
//! The model is in the path, and nothing marks the end of a stream but the reason to stop.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::{
    model::{
        Attachment, CallError, ErrorKind, Finish, Message, Role, TextService, Tool, ToolChoice, ToolSet, Usage,
        schema_rules, tool::CallPiece,
    },
    provider::{
        Call, WireEvent, WireFormat, classify, request, token_counts,
        token_counts::{count, part_of, split},
        wires::{
            DeltaKind, HttpWire, SideTurn, StreamDecoder, StreamProgress, alternating, embeddings, joined, last_text,
            text,
            tool_calls::{CallKey, arguments, with_tools},
        },
    },
};

/// The wire of Gemini's `generateContent`.
pub(crate) struct GenerateContent;

impl HttpWire for GenerateContent {
    fn path(&self, call: &Call) -> Cow<'static, str> {
        let model = call.target.model.as_str();
        let (kind, name) = model.split_once('/').filter(|(kind, _)| KINDS.contains(kind)).unwrap_or((MODELS, model));
        let method = match call.target.options.service {
            Some(TextService::Embedding) if predicts(call) => "predict",
            Some(TextService::Embedding) => "embedContent",
            Some(TextService::Moderation | TextService::Classification) | None if call.target.options.whole => {
                "generateContent"
            }
            Some(TextService::Moderation | TextService::Classification) | None => "streamGenerateContent?alt=sse",
        };
        format!("/{kind}/{}:{method}", request::escaped(name, b"")).into()
    }

    fn body(&self, call: &Call) -> Value {
        match call.target.options.service {
            Some(TextService::Embedding) if predicts(call) => json!({ "instances": [{ "content": last_text(call) }] }),
            Some(TextService::Embedding) => json!({ "content": { "parts": [{ "text": last_text(call) }] } }),
            Some(TextService::Moderation | TextService::Classification) | None => body(call),
        }
    }

    fn schema(&self, schema: &Value) -> Value {
        schema_rules::for_gemini(schema).0
    }

    fn effort_instead(&self, model: &str, effort: &str) -> Option<Cow<'static, str>> {
        instead(model, effort)
    }

    fn key_header(&self) -> (&'static str, &'static str) {
        ("x-goog-api-key", "")
    }

    fn decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(CandidateDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        "/models?pageSize=1000"
    }

    fn listed<'a>(&self, row: &'a Value) -> Option<&'a str> {
        let name = text(row, "name")?;
        let methods = row.get("supportedGenerationMethods").and_then(Value::as_array);
        let answers = methods.is_none_or(|methods| methods.iter().any(|method| method == "generateContent"));
        answers.then(|| name.strip_prefix("models/").unwrap_or(name))
    }
}

/// What a model's name begins with where it says which kind of model it is, and the kind of those that do not.
const KINDS: &[&str] = &[MODELS, "tunedModels"];
const MODELS: &str = "models";

/// Tells whether a model embeds by Vertex AI's `predict`: those at a publisher there do, but the later ones of Gemini.
fn predicts(call: &Call) -> bool {
    let (model, at) = (call.target.model.as_str(), request::base(&call.target).unwrap_or_default());
    at.contains("/publishers/") && (!model.contains("gemini") || model.ends_with("gemini-embedding-001"))
}

/// Fields a user may set that stand beside `generationConfig`; all others stand in it. The API takes either spelling.
const BESIDE: &[&str] = &[
    "safetySettings",
    "safety_settings",
    "tools",
    "toolConfig",
    "tool_config",
    "cachedContent",
    "cached_content",
    "labels",
    "store",
    "serviceTier",
    "service_tier",
];

/// Builds the body of `POST {base}/models/{model}:streamGenerateContent`.
fn body(call: &Call) -> Value {
    let params = &call.params;
    let (mut body, mut config) = (Map::new(), Map::new());
    for (name, value) in &params.extra {
        match value {
            Value::Object(more) if matches!(name.as_str(), "generationConfig" | "generation_config") => {
                config.extend(more.clone());
            }
            value if BESIDE.contains(&name.as_str()) => drop(body.insert(name.clone(), value.clone())),
            value => drop(config.insert(name.clone(), value.clone())),
        }
    }
    let thinking = thinking(call, config.remove("thinkingConfig").or_else(|| config.remove("thinking_config")));
    let mut set = |name: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(name.to_owned(), value);
        }
    };
    set("temperature", params.temperature.map(Value::from));
    set("topP", params.top_p.map(Value::from));
    set("maxOutputTokens", params.max_tokens.map(Value::from));
    set("stopSequences", (!params.stop.is_empty()).then(|| json!(params.stop)));
    set("seed", params.seed.map(Value::from));
    set("thinkingConfig", thinking);
    set("responseMimeType", (call.format != WireFormat::Text).then(|| "application/json".into()));
    if let WireFormat::JsonSchema(schema) = &call.format {
        set("responseJsonSchema", Some(schema_rules::for_gemini(schema).0));
    }
    let (system, turns) = alternating(&call.messages);
    let turn = |turn: &SideTurn<'_>| {
        let role = if turn.role == Role::Assistant { "model" } else { "user" };
        json!({ "role": role, "parts": parts(turn, call) })
    };
    if let Some(system) = joined(&system) {
        body.insert("systemInstruction".to_owned(), json!({ "parts": [{ "text": system }] }));
    }
    body.insert("contents".to_owned(), turns.iter().map(turn).collect());
    let declared: Vec<Value> = call.tools.tools.iter().map(tool).collect();
    let declared = (!declared.is_empty()).then(|| json!({ "functionDeclarations": declared }));
    if let Some(tools) = with_tools(body.remove("tools"), declared.into_iter()) {
        body.insert("tools".to_owned(), tools);
    }
    if let Some(config) = calling(&call.tools) {
        body.insert("toolConfig".to_owned(), json!({ "functionCallingConfig": config }));
    }
    if !config.is_empty() {
        body.insert("generationConfig".to_owned(), Value::Object(config));
    }
    Value::Object(body)
}

/// What stands in for the signature of a call that this model did not make.
const UNSIGNED: &str = "skip_thought_signature_validator";

/// Writes the parts of a turn.
fn parts(turn: &SideTurn<'_>, call: &Call) -> Vec<Value> {
    if let Some(text) = turn.text() {
        return vec![json!({ "text": text })];
    }
    turn.messages.iter().flat_map(|message| message_parts(message, call)).collect()
}

fn message_parts(message: &Message, call: &Call) -> Vec<Value> {
    if let Some(reply) = &message.reply {
        let key = if reply.failed { "error" } else { "output" };
        return vec![json!({ "functionResponse": { "name": reply.name, "response": { key: message.content } } })];
    }
    // What a text speaks of stands before it.
    let mut parts: Vec<Value> = message.attachments.iter().map(attached).collect();
    if !message.content.trim().is_empty() {
        parts.push(json!({ "text": message.content }));
    }
    let own = message.kept.as_ref().is_some_and(|kept| kept.target == call.target.name);
    let signs = !budgeted(&call.target.model);
    for (place, made) in message.tool_calls.iter().enumerate() {
        let mut part = json!({ "functionCall": { "name": made.name, "args": arguments(made) } });
        let unsigned = (!own && signs && place == 0).then(|| UNSIGNED.to_owned());
        let signature = made.signature.clone().filter(|_| own).or(unsigned);
        if let (Some(signature), Some(fields)) = (signature, part.as_object_mut()) {
            fields.insert("thoughtSignature".to_owned(), signature.into());
        }
        parts.push(part);
    }
    parts
}

fn attached(attachment: &Attachment) -> Value {
    match attachment.url() {
        Some(url) => json!({ "fileData": { "fileUri": url, "mimeType": attachment.media_name() } }),
        None => json!({ "inlineData": { "mimeType": attachment.media_name(), "data": attachment.base64() } }),
    }
}

fn tool(tool: &Tool) -> Value {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), tool.name.as_str().into());
    if !tool.description.is_empty() {
        fields.insert("description".to_owned(), tool.description.as_str().into());
    }
    fields.insert("parametersJsonSchema".to_owned(), schema_rules::for_gemini(&tool.schema()).0);
    Value::Object(fields)
}

/// Writes the choice. The API holds a model to its schemas by a word of it, for all tools together.
fn calling(tools: &ToolSet) -> Option<Value> {
    let strict = tools.tools.iter().any(|tool| tool.strict);
    match tools.choice.as_ref() {
        None | Some(ToolChoice::Auto) if strict => Some(json!({ "mode": "VALIDATED" })),
        None => None,
        Some(ToolChoice::Auto) => Some(json!({ "mode": "AUTO" })),
        Some(ToolChoice::None) => Some(json!({ "mode": "NONE" })),
        Some(ToolChoice::Required) => Some(json!({ "mode": "ANY" })),
        Some(ToolChoice::Named(name)) => Some(json!({ "mode": "ANY", "allowedFunctionNames": [name] })),
    }
}

fn budgeted(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    BUDGETED.iter().any(|start| name.starts_with(start))
}

/// The beginnings of the names of models whose thinking is measured in tokens; that of the later ones has levels.
const BUDGETED: &[&str] = &["gemini-2.", "gemini-robotics-er-1."];

/// The efforts in tokens of thinking, for the smaller models and for the `pro` ones, which cannot do without.
const BUDGETS: &[(&str, i64, i64)] = &[
    ("none", 0, 128),
    ("minimal", 1024, 1024),
    ("low", 1024, 1024),
    ("medium", 8192, 8192),
    ("high", 24_576, 24_576),
    ("xhigh", 24_576, 32_768),
    ("max", 24_576, 32_768),
];

/// The budget that leaves it to the model.
const AUTO: i64 = -1;

/// Joins what the user set of the thinking and the effort. The thoughts themselves are asked for where the model thinks.
fn thinking(call: &Call, extra: Option<Value>) -> Option<Value> {
    let mut config = match extra {
        Some(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let effort = call.params.reasoning_effort.as_deref();
    if let Some(effort) = effort {
        let (name, value) = amount(&call.target.model, effort);
        config.insert(name.to_owned(), value);
    }
    if effort.map_or(call.target.card.reasons, |effort| effort != "none") {
        config.entry("includeThoughts").or_insert(true.into());
    }
    (!config.is_empty()).then_some(Value::Object(config))
}

/// Writes an effort as a model of its generation takes it.
fn amount(model: &str, effort: &str) -> (&'static str, Value) {
    let name = model.rsplit('/').next().unwrap_or(model);
    if budgeted(model) {
        let known = BUDGETS.iter().find(|(word, ..)| *word == effort);
        let budget = known.map_or(AUTO, |(_, small, pro)| if name.contains("-pro") { *pro } else { *small });
        return ("thinkingBudget", budget.into());
    }
    let level = match effort {
        "none" | "minimal" => "MINIMAL".to_owned(),
        "high" | "xhigh" | "max" => "HIGH".to_owned(),
        other => other.to_ascii_uppercase(),
    };
    ("thinkingLevel", level.into())
}

/// Says what a model that has no such effort is sent in its place.
fn instead(model: &str, effort: &str) -> Option<Cow<'static, str>> {
    let (_, amount) = amount(model, effort);
    // Two efforts that are written alike are one to the model, and it is called by the plainer word.
    let plain = ["low", "medium", "high"];
    let same = plain.iter().find(|plain| **plain != effort && self::amount(model, plain).1 == amount);
    match (&amount, effort) {
        (_, effort) if plain.contains(&effort) => None,
        (Value::Number(tokens), "none") => {
            (tokens.as_i64() != Some(0)).then(|| format!("it thinks for {tokens} tokens at the least").into())
        }
        (Value::String(_), "none") => Some("minimal is sent, its least".into()),
        (Value::Number(tokens), _) if tokens.as_i64() == Some(AUTO) => Some("how much it thinks is left to it".into()),
        _ => same.map(|same| format!("{same} is sent").into()),
    }
}

/// What a chunk has, any of it.
const FIELDS: &[&str] = &["candidates", "promptFeedback", "usageMetadata", "modelVersion"];

/// An answer under way.
#[derive(Debug, Default)]
pub(crate) struct CandidateDecoder {
    progress: StreamProgress,
}

impl StreamDecoder for CandidateDecoder {
    fn event(&mut self, _name: &str, chunk: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let before = out.len();
        if FIELDS.iter().any(|name| chunk.get(name).is_some()) {
            self.chunk(chunk, out)?;
        }
        if out.len() == before {
            out.push(WireEvent::Alive);
        }
        Ok(())
    }

    /// Takes one answer, or the list of its chunks that comes where no event stream was asked for.
    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if let Some(vector) = body.pointer("/embedding/values") {
            return embeddings::say(&mut self.progress, body, vector, out);
        }
        if let Some(prediction) = body.pointer("/predictions/0/embeddings") {
            let input = count(prediction, "/statistics/token_count");
            token_counts::say(prediction, Usage { input, ..Usage::default() }, out);
            let vector = prediction.get("values").unwrap_or(&Value::Null);
            return embeddings::say(&mut self.progress, body, vector, out);
        }
        let chunks = body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice);
        if !chunks.iter().any(|chunk| chunk.get("candidates").or_else(|| chunk.get("promptFeedback")).is_some()) {
            return Err(classify::event(&body.to_string()));
        }
        chunks.iter().try_for_each(|chunk| self.chunk(chunk, out))?;
        self.progress.mark(out)
    }

    fn progress(&self) -> &StreamProgress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut StreamProgress {
        &mut self.progress
    }
}

impl CandidateDecoder {
    fn chunk(&mut self, chunk: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        self.progress.begun = true;
        self.progress.model(chunk, "modelVersion", out);
        let candidates = chunk.get("candidates").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        if let Some(candidate) = candidates.iter().find(|candidate| count(candidate, "/index").unwrap_or(0) == 0) {
            let parts = candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten();
            parts.for_each(|part| self.part(part, out));
            if let Some(reason) = reason(candidate.get("finishReason")) {
                self.progress.finish(Finish::read(reason), out);
            }
        }
        if let Some(field) = chunk.get("usageMetadata").filter(|usage| usage.is_object()) {
            token_counts::say(field, usage(field), out);
        }
        let feedback = chunk.get("promptFeedback").unwrap_or(&Value::Null);
        reason(feedback.get("blockReason")).map_or(Ok(()), |reason| Err(blocked(reason, feedback)))
    }

    fn part(&mut self, part: &Value, out: &mut Vec<WireEvent>) {
        if let Some(call) = part.get("functionCall").filter(|call| call.is_object()) {
            let piece = CallPiece {
                id: text(call, "id").map(str::to_owned),
                name: text(call, "name").map(str::to_owned),
                arguments: call.get("args").filter(|args| args.is_object()).map_or_else(String::new, Value::to_string),
                whole: true,
                signature: text(part, "thoughtSignature").map(str::to_owned),
                ..CallPiece::default()
            };
            self.progress.call(CallKey::NEW, piece, out);
        }
        let thought = part.get("thought") == Some(&Value::Bool(true));
        let piece = if thought { DeltaKind::Reasoning } else { DeltaKind::Text };
        self.progress.say(piece, text(part, "text").unwrap_or_default(), out);
    }
}

/// Reads a reason; one that is not specified is none.
fn reason(field: Option<&Value>) -> Option<&str> {
    field?.as_str().filter(|reason| !reason.is_empty() && !reason.ends_with("_UNSPECIFIED"))
}

/// The error of a prompt that a filter kept from the model.
fn blocked(reason: &str, feedback: &Value) -> CallError {
    let more = text(feedback, "blockReasonMessage").map_or_else(String::new, |words| format!(": {words}"));
    CallError::new(ErrorKind::ContentPolicy, format!("the provider's filter blocked the prompt ({reason}){more}"))
}

/// Reads the counts. What is cached is within the prompt; thoughts, and what tools put into the prompt, are beside.
fn usage(usage: &Value) -> Usage {
    let prompt = count(usage, "/promptTokenCount");
    let (input, cache_read) = split(prompt, count(usage, "/cachedContentTokenCount"));
    let tools = count(usage, "/toolUsePromptTokenCount");
    let of_modality = |list: &str, modality: &str, total: Option<u64>| {
        let all = usage.get(list).and_then(Value::as_array).into_iter().flatten();
        let own = all.filter(|one| one.get("modality").and_then(Value::as_str) == Some(modality));
        part_of(total, own.filter_map(|one| count(one, "/tokenCount")).reduce(u64::saturating_add))
    };
    Usage {
        input: input.map(|input| input.saturating_add(tools.unwrap_or(0))).or(tools),
        cache_read,
        output: count(usage, "/candidatesTokenCount"),
        reasoning: count(usage, "/thoughtsTokenCount"),
        audio: of_modality("promptTokensDetails", "AUDIO", prompt),
        image: of_modality("promptTokensDetails", "IMAGE", prompt),
        audio_output: of_modality("candidatesTokensDetails", "AUDIO", count(usage, "/candidatesTokenCount")),
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effort_is_written_as_the_models_generation_takes_it() {
        for (model, effort, expected) in [
            ("gemini-2.5-flash", "none", ("thinkingBudget", json!(0))),
            ("models/gemini-2.5-pro", "none", ("thinkingBudget", json!(128))),
            ("gemini-2.5-pro", "max", ("thinkingBudget", json!(32_768))),
            ("gemini-2.5-flash", "a new word", ("thinkingBudget", json!(-1))),
            ("gemini-3.8-flash", "none", ("thinkingLevel", json!("MINIMAL"))),
            ("gemini-4-argon", "medium", ("thinkingLevel", json!("MEDIUM"))),
            ("gemma-4-31b-it", "xhigh", ("thinkingLevel", json!("HIGH"))),
        ] {
            assert_eq!(amount(model, effort), expected, "{model}, {effort}");
        }
    }

    #[test]
    fn a_model_is_one_segment_of_the_path() {
        assert_eq!(request::escaped("gemini-2.5-flash", b""), "gemini-2.5-flash");
        assert_eq!(request::escaped("a/../b?c#d:é %", b""), "a%2F..%2Fb%3Fc%23d%3A%C3%A9%20%25");
    }

    #[test]
    fn what_is_said_of_pictures_and_recordings_is_a_part_of_the_counts() {
        let usage_read = usage(&json!({"promptTokenCount": 600, "candidatesTokenCount": 5, "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": 22}, {"modality": "IMAGE", "tokenCount": 258},
            {"modality": "AUDIO", "tokenCount": 300}, {"modality": "IMAGE", "tokenCount": 20}]}));
        assert_eq!(
            (usage_read.input, usage_read.image, usage_read.audio, usage_read.audio_output),
            (Some(600), Some(278), Some(300), None)
        );
        let more = json!({"promptTokenCount": 6, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 7}]});
        assert_eq!(usage(&more).audio, None, "a part is not more than its whole");
    }

    #[test]
    fn thoughts_are_beside_the_candidates_and_the_cached_within_the_prompt() {
        let usage_read =
            usage(&json!({"promptTokenCount": 100, "cachedContentTokenCount": 60, "candidatesTokenCount": 5,
            "thoughtsTokenCount": 30, "toolUsePromptTokenCount": 7, "totalTokenCount": 142}));
        assert_eq!(
            (usage_read.input, usage_read.cache_read, usage_read.output, usage_read.reasoning, usage_read.total()),
            (Some(47), Some(60), Some(5), Some(30), Some(142))
        );
    }
}
