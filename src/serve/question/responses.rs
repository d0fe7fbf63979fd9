//! Requests of OpenAI Responses.

use serde_json::{Map, Value};

use crate::{
    model::{Format, Message, Role, ToolChoice, media::MediaKind, tool::ToolReply},
    serve::question::{ProgramQuestion, attachment, called, read_tools, text, texts, tool_call},
};

/// The members that are read here, and those that speak to the provider about the account alone.
const KNOWN: &[&str] = &[
    "model",
    "input",
    "instructions",
    "stream",
    "temperature",
    "top_p",
    "max_output_tokens",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "reasoning",
    "text",
    "store",
    "metadata",
    "user",
    "prompt_cache_key",
    "safety_identifier",
    "include",
    "truncation",
];

/// Reads a request.
pub(crate) fn read(question: &mut ProgramQuestion, fields: &Map<String, Value>) -> Result<(), String> {
    question.leave_others("", fields, KNOWN);
    question.read_params(fields, "stop", &["max_output_tokens"]);
    if fields.get("include").and_then(Value::as_array).is_some_and(|all| !all.is_empty()) {
        question.leave("include");
    }
    if fields.get("truncation").is_some_and(|value| !value.is_null() && value != "disabled") {
        question.leave("truncation");
    }
    if let Some(Value::Object(reasoning)) = fields.get("reasoning") {
        question.leave_others("reasoning.", reasoning, &["effort"]);
        question.params.reasoning_effort = reasoning.get("effort").and_then(Value::as_str).map(str::to_owned);
    }
    if let Some(Value::Object(form)) = fields.get("text") {
        question.leave_others("text.", form, &["format"]);
        match form.get("format").map(|format| (text(format, "type"), format.get("schema"))) {
            None | Some((Some("text"), _)) => {}
            Some((Some("json_object"), _)) => question.response.format = Format::Json,
            Some((Some("json_schema"), Some(schema))) => {
                question.response.format = Format::Schema;
                question.response.schema = Some(schema.clone());
            }
            Some(_) => question.leave("text.format"),
        }
    }
    read_tools(question, fields, "function");
    question.tools.parallel = fields.get("parallel_tool_calls").and_then(Value::as_bool);
    question.tools.choice = match fields.get("tool_choice") {
        None | Some(Value::Null) => None,
        Some(Value::String(word)) if matches!(word.as_str(), "auto" | "none" | "required") => {
            Some(ToolChoice::from(word.clone()))
        }
        Some(choice) => {
            let name = text(choice, "name").filter(|_| text(choice, "type") == Some("function"));
            if name.is_none() {
                question.leave("tool_choice");
            }
            name.map(|name| ToolChoice::Named(name.to_owned()))
        }
    };
    match fields.get("instructions") {
        None | Some(Value::Null) => {}
        Some(instructions) => {
            let said = texts(question, "instructions", instructions, &["input_text"]);
            question.say(Message::of(Role::System, said));
        }
    }
    match fields.get("input") {
        Some(Value::String(text)) => question.say(Message::of(Role::User, text.clone())),
        Some(Value::Array(items)) => {
            for (place, item) in items.iter().enumerate() {
                read_item(question, &format!("input[{place}]"), item);
            }
        }
        _ => return Err("`input` is a text or a list of items".to_owned()),
    }
    Ok(())
}

fn read_item(question: &mut ProgramQuestion, at: &str, item: &Value) {
    match text(item, "type").unwrap_or("message") {
        "message" => read_message(question, at, item),
        "function_call" => {
            let (id, name) = (text(item, "call_id").unwrap_or_default(), text(item, "name").unwrap_or_default());
            let call = tool_call(id, name, text(item, "arguments").unwrap_or_default().to_owned());
            // Calls that follow each other are of one answer.
            match question.messages.last_mut().filter(|last| last.role == Role::Assistant) {
                Some(last) => last.tool_calls.push(call),
                None => question.messages.push(Message { tool_calls: vec![call], ..Message::of(Role::Assistant, "") }),
            }
        }
        "function_call_output" => {
            let id = text(item, "call_id").unwrap_or_default();
            let reply = ToolReply { id: id.to_owned(), name: called(question, id).to_owned(), failed: false };
            let output = item.get("output").unwrap_or(&Value::Null);
            let said = texts(question, &format!("{at}.output"), output, &["input_text", "output_text"]);
            question.messages.push(Message::reply(reply, said));
        }
        _ => question.leave(at),
    }
}

fn read_message(question: &mut ProgramQuestion, at: &str, item: &Value) {
    if let Value::Object(fields) = item {
        question.leave_others(&format!("{at}."), fields, &["type", "role", "content", "id", "status"]);
    }
    let role = match text(item, "role") {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => return question.leave(format!("{at}.role")),
    };
    let mut message = Message::of(role, "");
    let content = item.get("content").unwrap_or(&Value::Null);
    match (role, content) {
        (Role::User, Value::Array(parts)) => {
            let mut said = Vec::new();
            for (place, part) in parts.iter().enumerate() {
                let attached = match text(part, "type") {
                    Some("input_text") => {
                        said.push(text(part, "text").unwrap_or_default().to_owned());
                        continue;
                    }
                    Some("input_image") => text(part, "image_url")
                        .and_then(|url| attachment(MediaKind::Image, url, None, part.get("detail"))),
                    Some("input_file") => text(part, "file_data")
                        .or_else(|| text(part, "file_url"))
                        .and_then(|data| attachment(MediaKind::File, data, text(part, "filename"), None)),
                    _ => None,
                };
                match attached {
                    Some(attached) => message.attachments.push(attached),
                    None => question.leave(format!("{at}.content[{place}]")),
                }
            }
            message.content = said.join("\n\n");
        }
        _ => message.content = texts(question, &format!("{at}.content"), content, &["input_text", "output_text"]),
    }
    question.say(message);
}
