//! The providers of a config: promptfoo's ids read as models, with the hosts that requests go to and the variables that
//! are sent with them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::{
    config::trust::{ExternalAccess, Host},
    dataset::yaml::{
        document,
        tree::{YamlField, YamlNode, YamlTree},
    },
    eval::JsonTypes,
    model::{Format, KeySource, Params, Response, Wire, error::StoreError, header, prompt::reserved, vendor::Vendor},
    promptfoo::{File, Suite, SuiteTarget, nunjucks, shown},
    text::suggest::quoted,
};

const KEYS: &[&str] = &["id", "label", "config", "prompts", "delay", "transform", "env"];

const CONFIG: &[&str] = &[
    "temperature",
    "max_tokens",
    "max_completion_tokens",
    "num_predict",
    "top_p",
    "stop",
    "seed",
    "reasoning_effort",
    "response_format",
    "apiBaseUrl",
    "apiHost",
    "apiKey",
    "apiKeyEnvar",
    "headers",
    "passthrough",
    "presence_penalty",
    "frequency_penalty",
    "top_k",
    "cost",
    "showThinking",
];

pub(crate) fn read(file: &mut File<'_>, node: &YamlNode) -> Result<Vec<SuiteTarget>, StoreError> {
    let mut found: Vec<SuiteTarget> = Vec::new();
    let entries: Vec<&YamlNode> = match &node.tree {
        YamlTree::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    for entry in entries {
        let target = one(file, entry)?;
        if found.iter().any(|known| known.name == target.name) {
            let what =
                format!("two providers are called {}; give one of them a `label` of its own", quoted(&target.name));
            return Err(file.error_at(entry.line, what));
        }
        found.push(target);
    }
    Ok(found)
}

fn one(file: &mut File<'_>, entry: &YamlNode) -> Result<SuiteTarget, StoreError> {
    let YamlTree::Fields(fields) = &entry.tree else {
        let id = file.text(entry, "a provider")?.unwrap_or_default();
        return of_id(file, entry.line, &id);
    };
    // `- openai:gpt-4o: {config: …}` names the provider by its key.
    let (id, line, fields): (String, usize, &[YamlField]) = match fields.as_slice() {
        [YamlField { key, line, node }] if key != "id" => (key.clone(), *line, file.fields(node, "a provider", KEYS)?),
        _ => {
            let fields = file.fields(entry, "a provider", KEYS)?;
            let Some(id) = entry.get("id") else {
                return Err(file.error_at(entry.line, "a provider needs an `id`, such as `openai:gpt-4o`"));
            };
            (file.text(id, "id")?.unwrap_or_default(), id.line, fields)
        }
    };
    let mut target = of_id(file, line, &id)?;
    for field in fields {
        match field.key.as_str() {
            "label" => target.name = file.text(&field.node, "label")?.unwrap_or(target.name),
            "prompts" => target.prompts = file.texts(&field.node, "prompts")?,
            "config" => config(file, &field.node, &mut target)?,
            "transform" if !field.node.is_null() => {
                let what = "`transform` runs code and is not supported; judge the answer as it comes";
                return Err(file.error_at(field.line, what));
            }
            "delay" | "env" => file.notice(field.line, &format!("a provider's `{}` has no effect here", field.key)),
            _ => {}
        }
    }
    Ok(target)
}

/// Reads an id: a model at one of our kinds of provider, or a name of retort's own.
fn of_id(file: &File<'_>, line: usize, id: &str) -> Result<SuiteTarget, StoreError> {
    let rest_of = |prefix: &str| id.strip_prefix(prefix).filter(|rest| !rest.is_empty());
    let kinds = Wire::ALL.iter().flat_map(|wire| wire.info().promptfoo.iter().map(|prefix| (*prefix, *wire)));
    let refused = |what: String| Err(file.error_at(line, what));
    // `openai:responses:` begins as `openai:` does.
    let own = kinds.filter_map(|(prefix, kind)| Some((prefix.len(), kind, rest_of(prefix)?)));
    let model = own.max_by_key(|(length, ..)| *length).map(|(_, kind, model)| (kind, model.to_owned()));
    if let Some((_, model)) = &model {
        let other = ["completion:", "embedding:", "embeddings:", "assistant:", "image:", "moderation:", "realtime:"];
        let other = other.iter().find(|other| model.starts_with(**other));
        if let Some(other) = other {
            return refused(format!(
                "{}: `{}` is not supported; write `openai:chat:MODEL` or `openai:responses:MODEL`",
                quoted(id),
                other.trim_end_matches(':')
            ));
        }
    } else if id.is_empty() {
        return refused("a provider's id is empty; write one such as `openai:gpt-4o`".to_owned());
    } else if id == "echo"
        || ["file://", "exec:", "python:", "http:", "https:", "package:", "webhook:"]
            .iter()
            .any(|form| id.starts_with(form))
    {
        return refused(format!(
            "the provider {} is not supported; add a command or an endpoint as [providers.NAME] in config.toml and write NAME/MODEL",
            quoted(id)
        ));
    } else if let Some(vendor) = VENDORS.iter().find(|vendor| id.split(':').next() == Some(**vendor)) {
        return refused(format!(
            "the provider `{vendor}` is not supported; if it has an OpenAI-compatible endpoint, write \
             `openai:chat:MODEL` with `config: {{apiBaseUrl: …, apiKeyEnvar: …}}`"
        ));
    }
    Ok(SuiteTarget {
        name: id.to_owned(),
        id: id.to_owned(),
        model,
        base_url: None,
        key: None,
        headers: BTreeMap::new(),
        params: Params::default(),
        response: Response { format: Format::Text, ..Response::default() },
        prompts: Vec::new(),
    })
}

/// Providers of promptfoo's that speak another wire format.
const VENDORS: &[&str] = &[
    "vertex",
    "palm",
    "bedrock",
    "azure",
    "azureopenai",
    "mistral",
    "cohere",
    "replicate",
    "huggingface",
    "openrouter",
    "groq",
    "together",
    "togetherai",
    "deepseek",
    "xai",
    "perplexity",
    "cerebras",
    "fireworks",
    "watsonx",
    "cloudflare-ai",
    "databricks",
    "ai21",
    "voyage",
    "localai",
    "llama",
    "vllm",
    "litellm",
    "sagemaker",
    "promptfoo",
];

/// Refuses fields of a request that are retort's to set, as those of a prompt's further parameters are.
fn unreserved(file: &File<'_>, fields: &[YamlField], whose: &str) -> Result<(), StoreError> {
    let found = fields.iter().find_map(|field| Some((field.line, reserved(&field.key)?)));
    found.map_or(Ok(()), |(line, field)| Err(file.error_at(line, format!("{whose}: {}", field.refusal()))))
}

fn config(file: &mut File<'_>, node: &YamlNode, target: &mut SuiteTarget) -> Result<(), StoreError> {
    // The variables that are sent, and the address they go to, each with its line.
    let (mut sent, mut address) = (Vec::new(), node.line);
    if let YamlTree::Fields(fields) = &node.tree {
        unreserved(file, fields, "config")?;
    }
    for field in file.fields(node, "a provider's `config`", CONFIG)? {
        let (key, value) = (field.key.as_str(), &field.node);
        if !matches!(key, "headers" | "apiKey") && templates(&value.value()) {
            let what = format!("config.{key}: a template is not filled here; write what it comes to");
            return Err(file.error_at(field.line, what));
        }
        let params = &mut target.params;
        match key {
            "temperature" => params.temperature = file.number(value, key)?,
            "top_p" => params.top_p = file.number(value, key)?,
            "max_tokens" | "max_completion_tokens" | "num_predict" => params.max_tokens = file.whole(value, key)?,
            "seed" => {
                params.seed = match value.value() {
                    Value::Null => None,
                    other => Some(other.as_i64().ok_or_else(|| file.wrong(value, key, "a whole number"))?),
                };
            }
            "stop" => params.stop = file.texts(value, key)?,
            "reasoning_effort" => params.reasoning_effort = file.text(value, key)?,
            "presence_penalty" | "frequency_penalty" | "top_k" => {
                params.extra.insert(key.to_owned(), value.value());
            }
            "passthrough" => {
                let fields = file.mapping(value, key)?;
                unreserved(file, fields, "config.passthrough")?;
                params.extra.extend(fields.iter().map(|field| (field.key.clone(), field.node.value())));
            }
            "response_format" => target.response = response(file, value)?,
            "apiBaseUrl" => (address, target.base_url) = (field.line, file.text(value, key)?),
            "apiHost" => {
                address = field.line;
                target.base_url = file.text(value, key)?.map(|host| format!("https://{host}/v1"));
            }
            "apiKeyEnvar" => {
                if let Some(variable) = file.text(value, key)? {
                    if !header::is_variable(&variable) {
                        let what = format!("apiKeyEnvar: {} is not the name of a variable", quoted(&variable));
                        return Err(file.error_at(field.line, what));
                    }
                    sent.push((field.line, variable.clone()));
                    target.key = Some(variable);
                }
            }
            "headers" => {
                for header in file.mapping(value, key)? {
                    let text = file.text(&header.node, &header.key)?.unwrap_or_default();
                    let Some((text, variables)) = nunjucks::environment(&text) else {
                        let what = format!(
                            "the header {} has a template, of which only `{{{{env.NAME}}}}` is filled here",
                            quoted(&header.key)
                        );
                        return Err(file.error_at(header.line, what));
                    };
                    if let Some(wrong) = refused(&header.key, &text) {
                        return Err(file.error_at(header.line, format!("the header {} {wrong}", quoted(&header.key))));
                    }
                    target.headers.insert(header.key.clone(), text);
                    file.header_variables.extend(variables.iter().cloned());
                    sent.extend(variables.into_iter().map(|variable| (header.line, variable)));
                }
            }
            "apiKey" => {
                let text = file.text(value, key)?.unwrap_or_default();
                match nunjucks::environment(&text) {
                    Some((whole, names))
                        if names.first().is_some_and(|name| whole == format!("{{{{env.{name}}}}}")) =>
                    {
                        sent.extend(names.iter().map(|variable| (field.line, variable.clone())));
                        target.key = names.into_iter().next();
                    }
                    _ => file.notice(
                        field.line,
                        "`apiKey` is not taken over; name a variable with `apiKeyEnvar`, or set the key in config.toml",
                    ),
                }
            }
            _ => file.notice(field.line, &format!("`config.{key}` has no effect here")),
        }
    }
    let url = target.base_url.as_deref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://"));
    if let Some(url) = url {
        return Err(file.error_at(
            node.line,
            format!("apiBaseUrl: expected a URL with http:// or https://, found {}", quoted(url)),
        ));
    }
    note(file, target, address, sent)
}

/// Says why a header of a config's is not taken: it is the key's, a secret in plain text, or names a source, which
/// only the user's own settings may.
fn refused(name: &str, text: &str) -> Option<&'static str> {
    if ["authorization", "proxy-authorization", "x-api-key", "api-key"].contains(&name.to_ascii_lowercase().as_str()) {
        return Some("may be a key; name its variable with `apiKeyEnvar`");
    }
    if KeySource::is_meant_by(text.trim()) {
        return Some("names a source of a secret, as only config.toml may; write {{env.NAME}}");
    }
    let plain = header::secrets(text).next().is_none();
    (plain && header::looks_secret(name, text).is_some()).then_some("looks like a secret; write {{env.NAME}}")
}

fn response(file: &File<'_>, node: &YamlNode) -> Result<Response, StoreError> {
    let value = match node.value() {
        Value::String(name) if name.starts_with("file://") => {
            let path = file.beside(name.trim_start_matches("file://"));
            let Some(text) = file.open(node.line, &path)? else { return Ok(Response::default()) };
            document::parse(&text)
                .map_err(|error| file.error_at(node.line, format!("{}: {}", path.display(), error.what)))?
                .value()
        }
        other => other,
    };
    let schema = value.pointer("/json_schema/schema").or_else(|| value.get("schema"));
    let response = |format, schema: Option<&Value>| Response { format, schema: schema.cloned(), ..Response::default() };
    match (value.get("type").and_then(Value::as_str), schema) {
        (Some("text"), None) => Ok(response(Format::Text, None)),
        (Some("json_object"), None) => Ok(response(Format::Json, None)),
        (Some("json_schema"), Some(schema)) => Ok(response(Format::Schema, Some(schema))),
        _ => Err(file.error_at(
            node.line,
            format!(
                "response_format: expected `type: text`, `json_object`, or `json_schema` with a `schema`, found {}",
                shown(&value)
            ),
        )),
    }
}

/// Sees that the prompts that providers name are there.
pub(crate) fn known_prompts(file: &File<'_>, suite: &Suite) -> Result<(), StoreError> {
    for target in &suite.targets {
        if let Some(lost) = target.prompts.iter().find(|name| suite.prompts.iter().all(|(known, _)| known != *name)) {
            let near = crate::text::suggest::slip(lost, suite.prompts.iter().map(|(name, _)| name.as_str()));
            return Err(file.error_at(
                1,
                format!(
                    "the provider {} names the prompt {}, which is not there{near}",
                    quoted(&target.name),
                    quoted(lost)
                ),
            ));
        }
    }
    Ok(())
}

/// Writes a target as an entry of `providers`.
pub(crate) fn write(target: &SuiteTarget) -> Value {
    let mut config = Map::new();
    let Params { temperature, top_p, max_tokens, stop, seed, reasoning_effort, extra } = &target.params;
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(key.to_owned(), value);
        }
    };
    set("apiBaseUrl", target.base_url.clone().map(Value::from));
    set("apiKeyEnvar", target.key.clone().map(Value::from));
    set("headers", (!target.headers.is_empty()).then(|| Value::from_iter(target.headers.clone())));
    set("temperature", temperature.map(Value::from));
    set("top_p", top_p.map(Value::from));
    set("max_tokens", max_tokens.map(Value::from));
    set("stop", (!stop.is_empty()).then(|| Value::from(stop.clone())));
    set("seed", seed.map(Value::from));
    set("reasoning_effort", reasoning_effort.clone().map(Value::from));
    set(
        "response_format",
        match (target.response.format, &target.response.schema) {
            (Format::Schema, Some(schema)) => Some(serde_json::json!({
                "type": "json_schema", "json_schema": { "name": "answer", "schema": schema }
            })),
            (Format::Auto | Format::Json | Format::Schema, _)
                if JsonTypes::of(&target.response) == JsonTypes::OBJECT =>
            {
                Some(serde_json::json!({ "type": "json_object" }))
            }
            (Format::Auto | Format::Text | Format::Json | Format::Schema, _) => None,
        },
    );
    set("passthrough", (!extra.is_empty()).then(|| Value::Object(extra.clone())));
    let mut fields = Map::new();
    fields.insert("id".to_owned(), target.id.clone().into());
    if target.name != target.id {
        fields.insert("label".to_owned(), target.name.clone().into());
    }
    if !target.prompts.is_empty() {
        fields.insert("prompts".to_owned(), target.prompts.clone().into());
    }
    if !config.is_empty() {
        fields.insert("config".to_owned(), Value::Object(config));
    }
    if fields.len() == 1 { target.id.clone().into() } else { Value::Object(fields) }
}

/// Notes where a target's requests go, and which variables go with them.
pub(crate) fn note(
    file: &File<'_>,
    target: &SuiteTarget,
    address: usize,
    sent: Vec<(usize, String)>,
) -> Result<(), StoreError> {
    let Some(kind) = target.model.as_ref().map(|(kind, _)| *kind) else { return Ok(()) };
    let vendor = Vendor::of_wire(kind).and_then(|vendor| vendor.base_url.as_deref());
    let Some(url) = target.base_url.as_deref().or(vendor) else { return Ok(()) };
    let host = Host::of(url).map_err(|why| file.error_at(address, format!("the address {}: {why}", quoted(url))))?;
    file.ask(address, ExternalAccess::Reach { host: host.origin().to_owned() });
    for (line, variable) in sent {
        file.ask(line, ExternalAccess::SendVariable { variable, host: host.origin().to_owned() });
    }
    Ok(())
}

/// Tells whether a value has a text in it that promptfoo would fill from the environment.
pub(crate) fn templates(value: &Value) -> bool {
    match value {
        Value::String(text) => nunjucks::is_template(text) && text.contains("env"),
        Value::Array(items) => items.iter().any(templates),
        Value::Object(fields) => fields.values().any(templates),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
