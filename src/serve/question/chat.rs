//! Requests of chat completions.

use serde_json::{Map, Value};

use crate::{
    model::{Format, Message, Role, ToolChoice, media::MediaKind, tool, tool::ToolReply},
    serve::question::{ProgramQuestion, attachment, called, marked, read_tools, text, texts},
};

/// The members that are read here, and those that speak to the provider about the account alone.
const KNOWN: &[&str] = &[
    "model",
    "messages",
    "stream",
    "stream_options",
    "temperature",
    "top_p",
    "max_tokens",
    "max_completion_tokens",
    "stop",
    "seed",
    "reasoning_effort",
    "response_format",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "n",
    "user",
    "metadata",
    "store",
    "prompt_cache_key",
    "safety_identifier",
];

/// Reads a request.
pub(crate) fn read(question: &mut ProgramQuestion, fields: &Map<String, Value>) -> Result<(), String> {
    question.leave_others("", fields, KNOWN);
    question.read_params(fields, "stop", &["max_completion_tokens", "max_tokens"]);
    if fields.get("n").is_some_and(|n| !n.is_null() && n.as_u64() != Some(1)) {
        question.leave("n");
    }
    question.params.reasoning_effort = fields.get("reasoning_effort").and_then(Value::as_str).map(str::to_owned);
    question.counts =
        fields.get("stream_options").and_then(|options| options.get("include_usage")) == Some(&true.into());
    match fields.get("response_format") {
        None | Some(Value::Null) => {}
        Some(format) => match (text(format, "type"), format.pointer("/json_schema/schema")) {
            (Some("text"), _) => {}
            (Some("json_object"), _) => question.response.format = Format::Json,
            (Some("json_schema"), Some(schema)) => {
                question.response.format = Format::Schema;
                question.response.schema = Some(schema.clone());
            }
            _ => question.leave("response_format"),
        },
    }
    read_tools(question, fields, "function");
    question.tools.parallel = fields.get("parallel_tool_calls").and_then(Value::as_bool);
    question.tools.choice = match fields.get("tool_choice") {
        None | Some(Value::Null) => None,
        Some(Value::String(word)) if matches!(word.as_str(), "auto" | "none" | "required") => {
            Some(ToolChoice::from(word.clone()))
        }
        Some(choice) => {
            let name = choice.get("function").or(Some(choice)).and_then(|function| text(function, "name"));
            if name.is_none() {
                question.leave("tool_choice");
            }
            name.map(|name| ToolChoice::Named(name.to_owned()))
        }
    };
    let messages = fields.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    for (place, message) in messages.ok_or("`messages` is a list of messages")?.iter().enumerate() {
        read_message(question, &format!("messages[{place}]"), message)?;
    }
    Ok(())
}

fn read_message(question: &mut ProgramQuestion, at: &str, row: &Value) -> Result<(), String> {
    let Value::Object(fields) = row else { return Err(format!("`{at}` is no message")) };
    let own = ["role", "content", "tool_calls", "tool_call_id", "cache_control", "refusal", "annotations", "audio"];
    question.leave_others(&format!("{at}."), fields, &own);
    for name in ["refusal", "audio"] {
        if fields.get(name).is_some_and(|value| !value.is_null()) {
            question.leave(format!("{at}.{name}"));
        }
    }
    let content = fields.get("content").unwrap_or(&Value::Null);
    let at_content = format!("{at}.content");
    let role = match text(row, "role") {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => {
            let id = text(row, "tool_call_id").unwrap_or_default();
            let reply = ToolReply { id: id.to_owned(), name: called(question, id).to_owned(), failed: false };
            let said = texts(question, &at_content, content, &["text"]);
            question.messages.push(Message::reply(reply, said));
            return Ok(());
        }
        _ => {
            question.leave(format!("{at}.role"));
            return Ok(());
        }
    };
    let mut message = Message::of(role, "");
    message.cache = marked(question, at, row);
    match (role, content) {
        (Role::User, Value::Array(parts)) => {
            let mut said = Vec::new();
            for (place, part) in parts.iter().enumerate() {
                let at = format!("{at_content}[{place}]");
                message.cache = marked(question, &at, part).or(message.cache);
                match read_part(part) {
                    Some(ReadPart::Said(text)) => said.push(text),
                    Some(ReadPart::Attached(attached)) => message.attachments.push(*attached),
                    None => question.leave(at),
                }
            }
            message.content = said.join("\n\n");
        }
        _ => message.content = texts(question, &at_content, content, &["text"]),
    }
    for (place, call) in fields.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
        match tool::read_call(call) {
            Some(call) if role == Role::Assistant => message.tool_calls.push(call),
            _ => question.leave(format!("{at}.tool_calls[{place}]")),
        }
    }
    question.say(message);
    Ok(())
}

enum ReadPart {
    Said(String),
    Attached(Box<crate::model::Attachment>),
}

fn read_part(part: &Value) -> Option<ReadPart> {
    let attached = |kind, source: &str, name, detail| {
        attachment(kind, source, name, detail).map(|attached| ReadPart::Attached(Box::new(attached)))
    };
    match text(part, "type")? {
        "text" => text(part, "text").map(|text| ReadPart::Said(text.to_owned())),
        "image_url" => {
            let image = part.get("image_url")?;
            let url = image.as_str().or_else(|| text(image, "url"))?;
            attached(MediaKind::Image, url, None, image.get("detail"))
        }
        "file" => {
            let file = part.get("file")?;
            attached(MediaKind::File, text(file, "file_data")?, text(file, "filename"), None)
        }
        "input_audio" => {
            let audio = part.get("input_audio")?;
            let media = match text(audio, "format")? {
                "wav" => "audio/wav",
                "mp3" => "audio/mpeg",
                _ => return None,
            };
            attached(MediaKind::Audio, &format!("data:{media};base64,{}", text(audio, "data")?), None, None)
        }
        _ => None,
    }
}
