//! The prompts of a config: texts, files of texts, and chats as JSON or YAML write them.

pub(crate) mod earlier;
pub(crate) mod parts;
mod yaml_chat;

use std::path::Path;

use serde_json::Value;

use crate::{
    dataset::yaml::{
        document,
        tree::{YamlNode, YamlTree},
    },
    model::{Format, Params, Part, Prompt, Response, Role, Turn, error::StoreError},
    promptfoo::{
        File, ending, nunjucks, plain,
        providers::{config, config::ProviderConfig},
    },
    template,
    template::part_shapes::{self, MessageContent},
    text::{json::ExactJson, suggest::quoted},
};

/// Forms of prompts that run code or ask another service.
const NOT_HERE: &[&str] = &["exec:", "langfuse://", "portkey://", "helicone://", "python:"];

/// The endings of files that are programs.
pub(crate) const PROGRAMS: &[&str] =
    &["js", "cjs", "mjs", "ts", "cts", "mts", "py", "sh", "rb", "go", "pl", "exe", "bat", "ps1"];

pub(crate) fn read(file: &mut File<'_>, node: &YamlNode) -> Result<Vec<(String, Prompt)>, StoreError> {
    let mut found: Vec<(String, Prompt)> = Vec::new();
    let entries: Vec<&YamlNode> = match &node.tree {
        YamlTree::List(items) => items.iter().collect(),
        YamlTree::One(ExactJson::Null) => Vec::new(),
        YamlTree::One(_) => vec![node],
        YamlTree::Fields(_) => {
            return Err(file.error_at(node.line, "prompts: expected a list; write each as `- label: …` and `raw: …`"));
        }
    };
    for entry in entries {
        let (raw, label) = entry_of(file, entry)?;
        let config = entry.get("config").map(|node| config_of(file, node)).transpose()?;
        for (name, mut prompt) in one(file, raw.0, &raw.1)? {
            placed(file, raw.0, &mut prompt);
            if let Some((params, response)) = &config {
                prompt.params = params.clone();
                prompt.response = response.clone().unwrap_or(prompt.response);
            }
            let wanted = match &label {
                Some(label) => label.clone(),
                None => name.unwrap_or_else(|| format!("prompt-{}", found.len() + 1)),
            };
            let mut name = wanted.clone();
            for again in 2.. {
                if found.iter().all(|(known, _)| *known != name) {
                    break;
                }
                name = format!("{wanted}-{again}");
            }
            found.push((name, prompt));
        }
    }
    Ok(found)
}

/// Names the files of a prompt's parts by where they lie, from the config's folder: the prompt may be kept elsewhere.
fn placed(file: &File<'_>, line: usize, prompt: &mut Prompt) {
    let mut turns = prompt.turns();
    if turns.iter().all(|turn| turn.parts.is_empty()) {
        return;
    }
    for part in turns.iter_mut().flat_map(|turn| &mut turn.parts) {
        // One that leads outside without a yes is asked for, and the prompt is not used.
        if let Some(real) = part.own_path().and_then(|path| file.admit(line, &file.beside(path))) {
            part.source = real.display().to_string();
        }
    }
    prompt.set_turns(turns);
}

type PromptEntryYaml = ((usize, String), Option<String>);

fn entry_of(file: &File<'_>, entry: &YamlNode) -> Result<PromptEntryYaml, StoreError> {
    if let YamlTree::Fields(_) = entry.tree {
        let fields = file.fields(entry, "a prompt", &["id", "label", "raw", "display", "config"])?;
        let get = |key: &str| fields.iter().find(|field| field.key == key).map(|field| &field.node);
        let label = get("label").or(get("display")).map(|node| file.text(node, "label")).transpose()?.flatten();
        let Some(raw) = get("raw").or(get("id")) else {
            return Err(file.error_at(entry.line, "a prompt needs `raw`, its text, or `id`, its file"));
        };
        let id = get("id").filter(|_| get("raw").is_some()).map(|node| file.text(node, "id")).transpose()?.flatten();
        let text = file.text(raw, "raw")?.unwrap_or_default();
        return Ok(((raw.line, text), label.or(id)));
    }
    let text = file.text(entry, "a prompt")?.unwrap_or_default();
    Ok(((entry.line, text), None))
}

/// Reads what a prompt sets of every provider's `config`.
fn config_of(file: &mut File<'_>, node: &YamlNode) -> Result<(Params, Option<Response>), StoreError> {
    let mut config = ProviderConfig::default();
    config::read(file, node, None, &mut config)?;
    let ProviderConfig { params, response, .. } = &config;
    let plain = ProviderConfig { params: params.clone(), response: response.clone(), ..ProviderConfig::default() };
    if (ProviderConfig { address: 0, ..config.clone() }) != plain {
        let what = "a prompt's `config` takes parameters and `response_format` alone; the rest is a provider's";
        return Err(file.error_at(node.line, what));
    }
    Ok((config.params, config.response))
}

/// Reads what one entry stands for: prompts with the names their files give them.
fn one(file: &File<'_>, line: usize, raw: &str) -> Result<Vec<(Option<String>, Prompt)>, StoreError> {
    if let Some(form) = NOT_HERE.iter().find(|form| raw.starts_with(**form)) {
        let what = format!("a prompt that begins with `{form}` is made by another program; write its text here");
        return Err(file.error_at(line, what));
    }
    if raw.trim().is_empty() {
        return Err(file.error_at(line, "a prompt is empty; write its text"));
    }
    let name =
        raw.strip_prefix("file://").or_else(|| (!raw.contains(['\n', ' ', '{']) && is_file(file, raw)).then_some(raw));
    let Some(name) = name else {
        return Ok(vec![(None, prompt(raw).map_err(|(below, what)| file.error_at(line + below, what))?)]);
    };
    let mut all = Vec::new();
    for path in file.files(line, name)? {
        all.extend(of_file(file, line, &path)?);
    }
    Ok(all)
}

fn is_file(file: &File<'_>, raw: &str) -> bool {
    let path = file.beside(raw);
    (raw.contains('*') && raw.contains('.'))
        || path.is_file()
        || ["txt", "md", "json", "yaml", "yml", "j2", "jsonl"].contains(&ending(&path).as_str())
}

fn of_file(file: &File<'_>, line: usize, path: &Path) -> Result<Vec<(Option<String>, Prompt)>, StoreError> {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let form = ending(path);
    if PROGRAMS.contains(&form.split(':').next().unwrap_or_default()) {
        return Err(file.error_at(line, format!("{} is a program; write the prompt it makes", path.display())));
    }
    let Some(text) = file.open(line, path)? else { return Ok(Vec::new()) };
    let inside = |at: usize, (below, what): (usize, String)| {
        StoreError::new(format!("{}:{}: {what}", path.display(), at + below))
    };
    let texts: Vec<(usize, String)> = match form.as_str() {
        "txt" => parted(&text),
        "md" | "j2" | "json" => vec![(1, text)],
        // A template writes it.
        "yaml" | "yml" if yaml_chat::is_chat(&text) => vec![(1, text)],
        "yaml" | "yml" => {
            let tree = document::parse(&text).map_err(|error| inside(error.line, (0, error.what)))?;
            vec![(1, plain(&tree.exact()))]
        }
        "jsonl" => {
            let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
            lines.map(|(at, line)| (at + 1, line.to_owned())).collect()
        }
        _ => {
            let what =
                format!("{}: prompts are read from .txt, .md, .j2, .json, .jsonl and .yaml files", path.display());
            return Err(file.error_at(line, what));
        }
    };
    let texts: Vec<_> = texts.into_iter().filter(|(_, text)| !text.trim().is_empty()).collect();
    if texts.is_empty() {
        return Err(file.error_at(line, format!("{} has no prompt", path.display())));
    }
    texts.into_iter().map(|(at, text)| Ok((stem.clone(), prompt(&text).map_err(|odd| inside(at, odd))?))).collect()
}

/// Cuts a text at its lines of `---`, with the line each part begins on.
fn parted(text: &str) -> Vec<(usize, String)> {
    let mut parts = vec![(1, Vec::new())];
    for (at, line) in text.lines().enumerate() {
        if line.trim() == "---" {
            parts.push((at + 2, Vec::new()));
        } else if let Some((_, lines)) = parts.last_mut() {
            lines.push(line);
        }
    }
    let trimmed = parts.into_iter().map(|(at, lines)| {
        let text = lines.join("\n");
        let above = text.len() - text.trim_start().len();
        (at + text.get(..above).unwrap_or_default().matches('\n').count(), text.trim().to_owned())
    });
    trimmed.collect()
}

/// Reads a prompt: the messages of a chat if it is written as a list of them, else one user message.
pub(crate) fn prompt(raw: &str) -> Result<Prompt, (usize, String)> {
    let mut prompt = Prompt { response: Response { format: Format::Text, ..Response::default() }, ..Prompt::default() };
    let template = |text: &str| nunjucks::ours(text).map_err(|odd| (odd.below, odd.what));
    let Some(messages) = chat(raw)? else {
        prompt.set_turns(vec![Turn::of(Role::User, template(raw)?)]);
        return Ok(prompt);
    };
    let mut turns = Vec::new();
    for message in &messages {
        let known = |key: &String| matches!(key.as_str(), "role" | "content" | "cache_control");
        let Some(fields) = message.as_object().filter(|fields| fields.keys().all(known)) else {
            let what =
                format!("a message has `role` and `content` and nothing else, found {}", quoted(&message.to_string()));
            return Err((0, what));
        };
        let role = match fields.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => Role::System,
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => return Err((0, "the role of a message is system, user or assistant".to_owned())),
        };
        if fields.get("content").is_none_or(Value::is_null) {
            return Err((0, "a message has no `content`".to_owned()));
        }
        let MessageContent { text: content, parts, cache } = part_shapes::read(message).map_err(|what| (0, what))?;
        if role != Role::User && !parts.is_empty() {
            return Err((0, "only a message of the role user has parts that are no text".to_owned()));
        }
        let content = nunjucks::ours(&content).map_err(|odd| (0, odd.what))?;
        let mut turn = Turn { cache, ..Turn::of(role, content) };
        for part in parts {
            let source = nunjucks::ours(&part.source).map_err(|odd| (0, odd.what))?;
            turn.parts.push(Part { source, ..part });
        }
        turns.push(turn);
    }
    prompt.set_turns(turns);
    Ok(prompt)
}

/// The messages of a chat, if a text is written as one.
pub(crate) fn chat(raw: &str) -> Result<Option<Vec<Value>>, (usize, String)> {
    let trimmed = raw.trim();
    let value = if yaml_chat::is_chat(raw) {
        yaml_chat::read(raw)?
    } else if trimmed.starts_with('[') && trimmed.ends_with(']') {
        match serde_json::from_str(trimmed) {
            Ok(value) => value,
            // What does not even begin like a list of messages is a text in brackets.
            Err(_) if !trimmed.trim_start_matches(['[', ' ', '\n', '\r', '\t']).starts_with('{') => return Ok(None),
            Err(error) => {
                let odd = || (error.line().saturating_sub(1), format!("a chat that is not JSON: {error}"));
                let plain = earlier::plain(trimmed).map_err(|what| (0, what))?.ok_or_else(odd)?;
                let loops = trimmed.contains("{%");
                serde_json::from_str(&plain)
                    .map_err(|_other| if loops { (0, earlier::OTHERWISE.to_owned()) } else { odd() })?
            }
        }
    } else if template::reads_earlier(raw) && raw.contains("\"role\"") {
        return Err((
            0,
            "a chat that a template writes begins with `[`; write its messages as JSON, or with `- role:` as YAML"
                .to_owned(),
        ));
    } else {
        return Ok(None);
    };
    match value {
        Value::Array(items) if !items.is_empty() => Ok(Some(items)),
        _ => Err((0, "a chat is a list of messages".to_owned())),
    }
}
