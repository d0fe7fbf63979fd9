//! promptfoo's `http` provider, where what it writes out is a request of chat completions: it is asked as such a provider
//! is. Any other request is refused by the part that is not one.

use serde_json::Value;

use crate::{
    dataset::yaml::tree::{YamlField, YamlNode, YamlTree},
    model::error::StoreError,
    promptfoo::{
        File,
        providers::config::{is_known, templates},
    },
    text::{json::ExactJson, suggest::quoted},
};

/// The end of an address that chats are posted to.
const PATH: &str = "/chat/completions";

/// Where chat completions have the answer, as `transformResponse` writes it.
const ANSWER: &str = "choices[0].message.content";

/// Headers that every request has.
const USUAL: &[&str] = &["content-type", "accept"];

/// What to do about a request of another kind.
const INSTEAD: &str = "of requests that are written out, only those of chat completions are sent; write a program that \
                       asks it, as `python:FILE` or `exec: PROGRAM`";

/// Tells whether an id is that of a provider whose request is written out.
pub(crate) fn is_http(id: &str) -> bool {
    matches!(id, "http" | "https") || id.starts_with("http://") || id.starts_with("https://")
}

/// A provider of chat completions, as its entry would have been written.
#[derive(Debug)]
pub(crate) struct ChatEndpoint {
    /// `openai:chat:MODEL`.
    pub(crate) id: String,
    /// The settings of its entry: the address, the key, the headers and the fields of the body.
    pub(crate) config: YamlNode,
    /// The system message that goes before the prompt.
    pub(crate) system: Option<String>,
}

/// Reads the `config` of one, or says which part of it is no request of chat completions.
pub(crate) fn chat(file: &mut File<'_>, id: &str, line: usize, config: &YamlNode) -> Result<ChatEndpoint, StoreError> {
    let refused = |file: &File<'_>, line: usize, what: &str| file.error_at(line, format!("{what}: {INSTEAD}"));
    let known = ["url", "method", "headers", "body", "transformResponse", "responseParser", "maxRetries", "timeout"];
    let url = config.get("url").map(|url| file.text(url, "url")).transpose()?.flatten();
    let url = url.unwrap_or_else(|| id.to_owned());
    let Some(base) = url.strip_suffix(PATH).filter(|base| base.contains("://") && !base.contains("{{")) else {
        return Err(refused(file, line, &format!("the address {} does not end with {PATH}", quoted(&url))));
    };
    let mut fields = vec![field("apiBaseUrl", line, base)];
    let (mut model, mut system) = (None, None);
    let (mut further, mut has_messages) = (Vec::new(), false);
    for part in file.mapping(config, "a provider's `config`")? {
        let (name, node) = (part.key.as_str(), &part.node);
        match name {
            _ if node.is_null() => {}
            "url" => {}
            "method" if file.text(node, name)?.is_some_and(|method| method.eq_ignore_ascii_case("post")) => {}
            "headers" => fields.extend(headers(file, node)?),
            "transformResponse" | "responseParser" => {
                let text = file.text(node, name)?.unwrap_or_default();
                let path = text.trim().trim_start_matches("json.").trim_start_matches("$.");
                if path != ANSWER {
                    return Err(refused(file, part.line, &format!("config.{name}: it is not `json.{ANSWER}`")));
                }
            }
            "body" => {
                for inner in file.mapping(node, "body")? {
                    match inner.key.as_str() {
                        "model" => model = file.text(&inner.node, "model")?,
                        "messages" => {
                            has_messages = true;
                            let before = messages(&inner.node).ok_or_else(|| {
                                refused(
                                    file,
                                    inner.line,
                                    "config.body.messages: it is not `{{prompt}}` after at most a system message",
                                )
                            })?;
                            system = Some(before).filter(|text| !text.is_empty());
                        }
                        "stream" => {}
                        name if is_known(name) => fields.push(inner.clone()),
                        _ => further.push(inner.clone()),
                    }
                }
            }
            "maxRetries" | "timeout" => file.notice(part.line, &format!("`config.{name}` has no effect here")),
            _ => {
                let what = format!("config.{name}: it is none of {}", known.join(", "));
                return Err(refused(file, part.line, &what));
            }
        }
    }
    let model = model.filter(|model| has_messages && !model.contains("{{"));
    let Some(model) = model else {
        return Err(refused(file, line, "its `body` has no `model` and `messages`"));
    };
    if !further.is_empty() {
        let node = YamlNode { line, tree: YamlTree::Fields(further) };
        fields.push(YamlField { key: "passthrough".to_owned(), line, node });
    }
    let config = YamlNode { line: config.line, tree: YamlTree::Fields(fields) };
    Ok(ChatEndpoint { id: format!("openai:chat:{model}"), config, system })
}

fn field(key: &str, line: usize, text: &str) -> YamlField {
    let node = YamlNode { line, tree: YamlTree::One(ExactJson::Text(text.to_owned())) };
    YamlField { key: key.to_owned(), line, node }
}

/// Takes the key out of the headers, and leaves out those that every request has.
fn headers(file: &File<'_>, node: &YamlNode) -> Result<Vec<YamlField>, StoreError> {
    let mut found = Vec::new();
    let mut others = Vec::new();
    for header in file.mapping(node, "headers")? {
        let name = header.key.to_ascii_lowercase();
        if name == "authorization" {
            let text = file.text(&header.node, &header.key)?.unwrap_or_default();
            let key = text.trim().strip_prefix("Bearer ").map(str::trim).filter(|key| key.starts_with("{{"));
            let Some(key) = key else {
                let what = "the header `Authorization` is taken as `Bearer {{env.NAME}}` alone; name the variable so";
                return Err(file.error_at(header.line, what));
            };
            found.push(field("apiKey", header.line, key));
        } else if !USUAL.contains(&name.as_str()) {
            others.push(header.clone());
        }
    }
    if !others.is_empty() {
        let node = YamlNode { line: node.line, tree: YamlTree::Fields(others) };
        found.push(YamlField { key: "headers".to_owned(), line: node.line, node });
    }
    Ok(found)
}

/// Reads the messages of a body: the system message before the prompt, empty where there is none. None where they are
/// other messages.
fn messages(node: &YamlNode) -> Option<String> {
    let is_prompt = |value: Option<&Value>| {
        let text = value.and_then(Value::as_str).and_then(|text| text.trim().strip_prefix("{{"));
        text.and_then(|text| text.strip_suffix("}}")).is_some_and(|name| name.trim() == "prompt")
    };
    let value = node.value();
    if is_prompt(Some(&value)) {
        return Some(String::new());
    }
    let says = |message: &Value, role: &str| message.get("role").and_then(Value::as_str) == Some(role);
    match value.as_array()?.as_slice() {
        [user] if says(user, "user") && is_prompt(user.get("content")) => Some(String::new()),
        [system, user] if says(system, "system") && says(user, "user") && is_prompt(user.get("content")) => {
            let text = system.get("content").filter(|text| !templates(text))?;
            text.as_str().map(str::to_owned)
        }
        _ => None,
    }
}
