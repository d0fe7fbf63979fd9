//! Requests of Anthropic messages.

use serde_json::{Map, Value};

use crate::{
    model::{Attachment, Format, Message, Role, ToolChoice, media::MediaKind, tool::ToolReply},
    serve::question::{ProgramQuestion, attachment, called, marked, read_tools, text, texts, tool_call},
};

/// The members that are read here, and those that speak to the provider about the account alone.
const KNOWN: &[&str] = &[
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "temperature",
    "top_p",
    "stop_sequences",
    "tools",
    "tool_choice",
    "metadata",
    "thinking",
    "output_config",
];

/// Reads a request.
pub(crate) fn read(question: &mut ProgramQuestion, fields: &Map<String, Value>) -> Result<(), String> {
    question.leave_others("", fields, KNOWN);
    question.read_params(fields, "stop_sequences", &["max_tokens"]);
    if fields.get("thinking").is_some_and(|thinking| !thinking.is_null() && text(thinking, "type") != Some("disabled"))
    {
        question.leave("thinking");
    }
    if let Some(Value::Object(config)) = fields.get("output_config") {
        question.leave_others("output_config.", config, &["effort", "format"]);
        question.params.reasoning_effort = config.get("effort").and_then(Value::as_str).map(str::to_owned);
        if let Some(format) = config.get("format").filter(|format| !format.is_null()) {
            match (text(format, "type"), format.get("schema")) {
                (Some("json_schema"), Some(schema)) => {
                    question.response.format = Format::Schema;
                    question.response.schema = Some(schema.clone());
                }
                _ => question.leave("output_config.format"),
            }
        }
    }
    read_tools(question, fields, "custom");
    if let Some(choice) = fields.get("tool_choice").filter(|choice| !choice.is_null()) {
        question.tools.choice = match (text(choice, "type"), text(choice, "name")) {
            (Some("auto"), _) => Some(ToolChoice::Auto),
            (Some("any"), _) => Some(ToolChoice::Required),
            (Some("none"), _) => Some(ToolChoice::None),
            (Some("tool"), Some(name)) => Some(ToolChoice::Named(name.to_owned())),
            _ => {
                question.leave("tool_choice");
                None
            }
        };
        let single = choice.get("disable_parallel_tool_use").and_then(Value::as_bool);
        question.tools.parallel = single.map(|single| !single);
    }
    match fields.get("system") {
        None | Some(Value::Null) => {}
        Some(system) => {
            let blocks = system.as_array().into_iter().flatten();
            let cache = blocks
                .enumerate()
                .fold(None, |mark, (place, block)| marked(question, &format!("system[{place}]"), block).or(mark));
            let said = texts(question, "system", system, &["text"]);
            question.say(Message { cache, ..Message::of(Role::System, said) });
        }
    }
    let messages = fields.get("messages").and_then(Value::as_array).filter(|messages| !messages.is_empty());
    for (place, message) in messages.ok_or("`messages` is a list of messages")?.iter().enumerate() {
        read_message(question, &format!("messages[{place}]"), message)?;
    }
    Ok(())
}

fn read_message(question: &mut ProgramQuestion, at: &str, row: &Value) -> Result<(), String> {
    let Value::Object(fields) = row else { return Err(format!("`{at}` is no message")) };
    question.leave_others(&format!("{at}."), fields, &["role", "content"]);
    let role = match text(row, "role") {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("system") => Role::System,
        _ => return Err(format!("`{at}.role` is user or assistant")),
    };
    let mut message = Message::of(role, "");
    match fields.get("content") {
        Some(Value::String(text)) => message.content.clone_from(text),
        Some(Value::Array(blocks)) => {
            let mut said = Vec::new();
            for (place, block) in blocks.iter().enumerate() {
                let at = format!("{at}.content[{place}]");
                let mark = marked(question, &at, block);
                match text(block, "type") {
                    Some("text") => {
                        if block.get("citations").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
                            question.leave(format!("{at}.citations"));
                        }
                        said.push(text(block, "text").unwrap_or_default().to_owned());
                        message.cache = mark.or(message.cache);
                    }
                    Some("tool_use") if role == Role::Assistant => {
                        let (id, name) =
                            (text(block, "id").unwrap_or_default(), text(block, "name").unwrap_or_default());
                        let input = block.get("input").map(ToString::to_string).unwrap_or_default();
                        message.tool_calls.push(tool_call(id, name, input));
                    }
                    Some("tool_result") if role == Role::User => {
                        let id = text(block, "tool_use_id").unwrap_or_default();
                        let failed = block.get("is_error") == Some(&Value::Bool(true));
                        let reply = ToolReply { id: id.to_owned(), name: called(question, id).to_owned(), failed };
                        let content = block.get("content").unwrap_or(&Value::Null);
                        let said = texts(question, &format!("{at}.content"), content, &["text"]);
                        question.messages.push(Message { cache: mark, ..Message::reply(reply, said) });
                    }
                    Some(kind @ ("image" | "document")) if role == Role::User => match read_source(kind, block) {
                        Some(attached) => {
                            message.attachments.push(attached);
                            message.cache = mark.or(message.cache);
                        }
                        None => question.leave(at),
                    },
                    _ => question.leave(at),
                }
            }
            message.content = said.join("\n\n");
        }
        _ => return Err(format!("`{at}.content` is a text or a list of blocks")),
    }
    question.say(message);
    Ok(())
}

fn read_source(kind: &str, block: &Value) -> Option<Attachment> {
    let source = block.get("source")?;
    let address = match text(source, "type")? {
        "base64" => format!("data:{};base64,{}", text(source, "media_type")?, text(source, "data")?),
        "url" => text(source, "url")?.to_owned(),
        _ => return None,
    };
    let kind = if kind == "image" { MediaKind::Image } else { MediaKind::File };
    let told = ["citations", "context"].iter().any(|name| block.get(*name).is_some_and(|value| !value.is_null()));
    if told { None } else { attachment(kind, &address, text(block, "title"), None) }
}
