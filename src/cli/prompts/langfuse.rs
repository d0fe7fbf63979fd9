//! Langfuse's prompts, as `POST /api/public/v2/prompts` takes them and `GET` returns them.
//!
//! <https://langfuse.com/docs/prompt-management>: texts with `{{name}}`, roles, and a `config` that is free of form; in it the
//! fields of chat completions are read and written.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::{
    cli::prompts::exchange::{ExportedPrompt, ReadPrompt},
    model::{
        Format, Prompt, Response, Role, Tool, ToolChoice, Turn,
        tool::{as_listed, read_list},
    },
    template::{
        self,
        pieces::{TemplatePiece, pieces},
    },
};

/// What Langfuse says of a prompt itself.
const ABOUT: &[&str] = &[
    "id",
    "createdAt",
    "updatedAt",
    "projectId",
    "createdBy",
    "version",
    "labels",
    "tags",
    "commitMessage",
    "isActive",
    "resolutionGraph",
];

/// Writes a prompt. Fails with what there is no place for.
pub(crate) fn write(exported: &ExportedPrompt<'_>, lost: &mut Vec<String>) -> Result<Value, Vec<String>> {
    let ExportedPrompt { name, prompt, target } = exported;
    let (mut problems, mut messages) = (Vec::new(), Vec::new());
    for (place, turn) in prompt.turns().iter().enumerate().filter(|(_, turn)| !turn.muted) {
        let whose = format!("message {} ({})", place + 1, turn.role.name());
        for part in &turn.parts {
            problems.push(format!("{whose}: the {} `{}`", part.kind.name(), part.source));
        }
        if !turn.tool_calls.is_empty() || turn.reply.is_some() {
            problems.push(format!("{whose}: calls of tools and their results"));
        }
        if turn.cache.is_some() {
            lost.push(format!("{whose}: its mark to be cached"));
        }
        match written(&turn.content) {
            Ok(text) => messages.push(json!({ "role": turn.role.name(), "content": text })),
            Err(code) => problems.extend(code.into_iter().map(|(line, code)| format!("{whose}, line {line}: {code}"))),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let params = exported.params();
    let mut config = Map::new();
    config.insert("model".to_owned(), target.model.as_str().into());
    let set = [
        ("temperature", params.temperature.map(Value::from)),
        ("top_p", params.top_p.map(Value::from)),
        ("max_tokens", params.max_tokens.map(Value::from)),
        ("stop", (!params.stop.is_empty()).then(|| json!(params.stop))),
        ("seed", params.seed.map(Value::from)),
        ("reasoning_effort", params.reasoning_effort.map(Value::from)),
        ("response_format", response_format(prompt)),
        ("tools", (!prompt.tools.is_empty()).then(|| prompt.tools.iter().map(as_listed).collect())),
        ("tool_choice", prompt.tool_choice.as_ref().map(choice)),
        ("parallel_tool_calls", prompt.parallel_tool_calls.map(Value::from)),
    ];
    config.extend(set.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    config.extend(params.extra);
    Ok(json!({ "name": name, "type": "chat", "prompt": messages, "config": config, "labels": [], "tags": [] }))
}

fn choice(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
        ToolChoice::Auto | ToolChoice::None | ToolChoice::Required => choice.word().into(),
    }
}

fn response_format(prompt: &Prompt) -> Option<Value> {
    let response = prompt.expected();
    match (response.format, response.schema) {
        (Format::Text | Format::Auto, _) => None,
        (Format::Schema, Some(schema)) => {
            Some(json!({ "type": "json_schema", "json_schema": { "name": "answer", "schema": schema } }))
        }
        (Format::Json | Format::Schema, _) => Some(json!({ "type": "json_object" })),
    }
}

/// Writes a template of variables alone. Fails with what is none, by its line.
fn written(template: &str) -> Result<String, Vec<(usize, String)>> {
    let line = |at: usize| 1 + template.get(..at).unwrap_or_default().matches('\n').count();
    let found = pieces(template).map_err(|mistake| vec![(mistake.line, mistake.message)])?;
    let (mut text, mut code) = (String::new(), Vec::new());
    for piece in found.all {
        match piece {
            TemplatePiece::Text { at, text: own } => {
                if own.contains("{{") {
                    code.push((line(at), "`{{` that is text".to_owned()));
                }
                text.push_str(own);
            }
            TemplatePiece::Variable { name, .. } => {
                let _ = write!(text, "{{{{{name}}}}}");
            }
            TemplatePiece::Output { at, written } | TemplatePiece::Tag { at, written, .. } => {
                code.push((line(at), format!("`{written}`")));
            }
            TemplatePiece::Silent { .. } => {}
        }
    }
    if code.is_empty() { Ok(text) } else { Err(code) }
}

/// Reads a prompt; none where the text is none of Langfuse's. Fails with what cannot be carried.
pub(crate) fn read(text: &str) -> Option<Result<ReadPrompt, Vec<String>>> {
    let value: Value = serde_json::from_str(text).ok()?;
    let fields = value.as_object()?;
    let kind = fields.get("type").and_then(Value::as_str);
    let own = matches!(fields.get("prompt"), Some(Value::String(_) | Value::Array(_)));
    (own && (matches!(kind, Some("chat" | "text")) || fields.contains_key("name"))).then(|| carried(fields))
}

fn carried(fields: &Map<String, Value>) -> Result<ReadPrompt, Vec<String>> {
    let (mut problems, mut left_out, mut turns) = (Vec::new(), Vec::new(), Vec::new());
    let (mut name, mut prompt) = (String::new(), Prompt::default());
    for (field, value) in fields {
        match (field.as_str(), value) {
            ("name", Value::String(own)) => name.clone_from(own),
            ("prompt", Value::String(text)) => turns.push(Turn::of(Role::User, template_of(text))),
            ("prompt", Value::Array(messages)) => {
                for (place, message) in messages.iter().enumerate() {
                    match turn(message) {
                        Ok(turn) => turns.push(turn),
                        Err(words) => problems.push(format!("message {}: {words}", place + 1)),
                    }
                }
            }
            ("config", Value::Object(config)) => configure(config, &mut prompt, &mut problems),
            ("type", _) | (_, Value::Null) => {}
            (field, _) if ABOUT.contains(&field) => {
                let empty = value.as_array().is_some_and(Vec::is_empty);
                if !empty {
                    left_out.push(format!("`{field}`"));
                }
            }
            (field, _) => problems.push(format!("`{field}` has no place in a prompt")),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    prompt.user = String::new();
    prompt.set_turns(turns);
    Ok(ReadPrompt { name, prompt, left_out })
}

fn turn(message: &Value) -> Result<Turn, String> {
    let fields = message.as_object().ok_or("it is no object")?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    if text("type") == Some("placeholder") {
        let name = text("name").unwrap_or_default();
        return Err(format!("the placeholder `{name}`: messages come with the input here, as a column `messages`"));
    }
    let role = match text("role") {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        other => return Err(format!("the role `{}`", other.unwrap_or_default())),
    };
    let known = |name: &str| matches!(name, "role" | "content" | "type");
    if let Some((name, _)) = fields.iter().find(|(name, value)| !known(name) && !value.is_null()) {
        return Err(format!("`{name}`"));
    }
    let content = text("content").ok_or("its content is no text")?;
    Ok(Turn::of(role, template_of(content)))
}

/// Makes a template of a text in which only `{{name}}` means something.
fn template_of(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let found = after.split_once("}}").filter(|(name, _)| is_name(name.trim()));
        let Some((name, tail)) = found else {
            out.push_str(&template::literal(&format!("{before}{{{{")));
            rest = after;
            continue;
        };
        out.push_str(&template::literal(before));
        let _ = write!(out, "{{{{ {} }}}}", name.trim());
        rest = tail;
    }
    out.push_str(&template::literal(rest));
    out
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_') && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// Takes over the fields of chat completions.
fn configure(config: &Map<String, Value>, prompt: &mut Prompt, problems: &mut Vec<String>) {
    for (name, value) in config {
        let odd = || format!("`config.{name}` is {value}");
        let params = &mut prompt.params;
        match (name.as_str(), value) {
            (_, Value::Null) => {}
            ("model", Value::String(model)) => prompt.targets = vec![model.clone()],
            ("temperature", Value::Number(number)) => params.temperature = number.as_f64(),
            ("top_p", Value::Number(number)) => params.top_p = number.as_f64(),
            ("max_tokens" | "max_completion_tokens", Value::Number(number)) => params.max_tokens = number.as_u64(),
            ("seed", Value::Number(number)) => params.seed = number.as_i64(),
            ("reasoning_effort", Value::String(effort)) => params.reasoning_effort = Some(effort.clone()),
            ("stop", Value::String(stop)) => params.stop = vec![stop.clone()],
            ("stop", Value::Array(stops)) => {
                params.stop = stops.iter().filter_map(Value::as_str).map(str::to_owned).collect();
            }
            ("frequency_penalty" | "presence_penalty" | "top_k" | "min_p" | "service_tier" | "verbosity", _) => {
                params.extra.insert(name.clone(), value.clone());
            }
            ("tools", Value::Array(rows)) => {
                let tools: Vec<Tool> = read_list(value);
                if tools.len() == rows.len() {
                    prompt.tools = tools;
                } else {
                    problems.push("`config.tools` has what is no tool".to_owned());
                }
            }
            ("tool_choice", Value::String(word)) => prompt.tool_choice = Some(ToolChoice::from(word.clone())),
            ("tool_choice", Value::Object(_)) => match value.pointer("/function/name").and_then(Value::as_str) {
                Some(named) => prompt.tool_choice = Some(ToolChoice::Named(named.to_owned())),
                None => problems.push(odd()),
            },
            ("parallel_tool_calls", Value::Bool(yes)) => prompt.parallel_tool_calls = Some(*yes),
            ("response_format", Value::Object(_)) => match response(value) {
                Some(response) => prompt.response = response,
                None => problems.push(odd()),
            },
            ("json_schema", Value::Object(_)) => {
                let schema = value.get("schema").unwrap_or(value).clone();
                prompt.response = Response { format: Format::Schema, schema: Some(schema), ..Response::default() };
            }
            (name, _) => {
                problems.push(format!("`config.{name}` has no place in a prompt; take it out and import again"));
            }
        }
    }
}

fn response(format: &Value) -> Option<Response> {
    match format.get("type").and_then(Value::as_str)? {
        "text" => Some(Response { format: Format::Text, ..Response::default() }),
        "json_object" => Some(Response { format: Format::Json, ..Response::default() }),
        "json_schema" => {
            let schema = Some(format.pointer("/json_schema/schema")?.clone());
            Some(Response { format: Format::Schema, schema, ..Response::default() })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_variable_of_langfuse_stays_text_here() {
        assert_eq!(template_of("{{a}} and {{ b }}"), "{{ a }} and {{ b }}");
        for text in ["{{ a.b }}", "{% if %}", "{{", "{{a b}}{#"] {
            let filled = template::fill(
                &template_of(text),
                &crate::model::Input::default(),
                &mut template::FillBudget::new(0, &crate::model::Input::default()),
            );
            assert_eq!(filled.as_deref(), Ok(text));
        }
    }

    #[test]
    fn what_cannot_be_carried_is_named() {
        let text = r#"{"name":"p","type":"chat","prompt":[{"type":"placeholder","name":"history"},{"role":"robot","content":"x"}],
            "config":{"model":"m","voice":"loud"},"labels":["production"]}"#;
        let problems = read(text).unwrap().unwrap_err().join("\n");
        for word in ["placeholder `history`", "message 2: the role `robot`", "`config.voice`"] {
            assert!(problems.contains(word), "{problems}");
        }
        assert!(read("{\"prompts\": [\"a\"]}").is_none(), "a config of promptfoo's is none of Langfuse's");
    }
}
