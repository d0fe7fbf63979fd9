//! The `config` of a provider: each key is a setting of ours, a field of the request, without effect, or refused by its
//! name.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::{
    dataset::yaml::{
        document,
        tree::{YamlField, YamlNode},
    },
    model::{Format, KeySource, Params, Response, ToolSet, Wire, error::StoreError, header, prompt::reserved},
    promptfoo::{
        File, nunjucks,
        providers::{tools, tools::Definitions},
        shown,
    },
    text::suggest::{quoted, slip},
};

/// What a `config` sets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ProviderConfig {
    pub(crate) base_url: Option<String>,
    /// Whether the address is a host alone: what follows it is the vendor's.
    pub(crate) host_alone: bool,
    /// The environment variable of the key.
    pub(crate) key: Option<String>,
    pub(crate) headers: BTreeMap<String, String>,
    /// What follows the `?` of the address.
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) params: Params,
    pub(crate) tools: ToolSet,
    pub(crate) response: Option<Response>,
    /// Whether the answer is streamed.
    pub(crate) stream: Option<bool>,
    /// The system message that goes before the prompt.
    pub(crate) system: Option<String>,
    /// The line of the address.
    pub(crate) address: usize,
    /// The variables that are sent, each with its line.
    pub(crate) sent: Vec<(usize, String)>,
}

/// What becomes of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Temperature,
    TopP,
    MaxTokens,
    Stop,
    Seed,
    Stream,
    Effort,
    /// `reasoning`, whose `effort` is a setting.
    Reasoning,
    Verbosity,
    ResponseFormat,
    /// A JSON Schema by itself, as Google's `responseSchema`.
    Schema,
    /// `response_mime_type`, Google's word for JSON.
    MimeType,
    /// Google's group of settings.
    Group,
    BaseUrl,
    Host,
    ApiVersion,
    Organization,
    ApiKeyVariable,
    ApiKey,
    Headers,
    Passthrough,
    System,
    /// A field of the request's body.
    Body,
    Ignored,
    Tools,
    ToolChoice,
    ParallelToolCalls,
    /// What would have retort run code, or servers of others.
    ToolCode,
}

/// The keys, grouped by what becomes of them.
const KEYS: &[(Effect, &[&str])] = &[
    (Effect::Temperature, &["temperature"]),
    (Effect::TopP, &["top_p", "topP"]),
    (
        Effect::MaxTokens,
        &[
            "max_tokens",
            "max_completion_tokens",
            "max_output_tokens",
            "maxOutputTokens",
            "maxTokens",
            "num_predict",
            "n_predict",
        ],
    ),
    (Effect::Stop, &["stop", "stop_sequences", "stopSequences"]),
    (Effect::Seed, &["seed", "random_seed"]),
    (Effect::Stream, &["stream"]),
    (Effect::Effort, &["reasoning_effort", "reasoningEffort"]),
    (Effect::Reasoning, &["reasoning"]),
    (Effect::Verbosity, &["verbosity"]),
    (Effect::ResponseFormat, &["response_format", "responseFormat"]),
    (Effect::Schema, &["responseSchema", "response_schema"]),
    (Effect::MimeType, &["responseMimeType", "response_mime_type"]),
    (Effect::Group, &["generationConfig", "generation_config"]),
    (Effect::BaseUrl, &["apiBaseUrl", "baseUrl", "baseURL", "workspaceUrl"]),
    (Effect::Host, &["apiHost"]),
    (Effect::ApiVersion, &["apiVersion"]),
    (Effect::Organization, &["organization"]),
    (Effect::ApiKeyVariable, &["apiKeyEnvar"]),
    (Effect::ApiKey, &["apiKey"]),
    (Effect::Headers, &["headers"]),
    (Effect::Passthrough, &["passthrough", "extra_body"]),
    (Effect::System, &["instructions", "systemInstruction", "system_instruction"]),
    (
        Effect::Body,
        &[
            "presence_penalty",
            "frequency_penalty",
            "repeat_penalty",
            "repetition_penalty",
            "top_k",
            "topK",
            "min_p",
            "num_ctx",
            "keep_alive",
            "think",
            "logit_bias",
            "logprobs",
            "top_logprobs",
            "prediction",
            "user",
            "store",
            "metadata",
            "service_tier",
            "truncation",
            "include",
            "thinking",
            "thinkingConfig",
            "safetySettings",
            "reasoning_format",
            "include_reasoning",
            "safe_prompt",
            "search_parameters",
            "search_domain_filter",
            "search_recency_filter",
            "search_after_date_filter",
            "search_before_date_filter",
            "search_context_size",
            "web_search_options",
            "return_images",
            "return_related_questions",
            "usage_tier",
            "prompt_truncation",
            "connectors",
            "documents",
            "transforms",
            "models",
            "route",
            "provider",
            "aggregation_strategy",
        ],
    ),
    (
        Effect::Ignored,
        &[
            "cost",
            "inputCost",
            "outputCost",
            "showThinking",
            "timeout",
            "timeoutMs",
            "retries",
            "maxRetries",
            "retryOptions",
            "delay",
            "debug",
            "verbose",
            "apiKeyRequired",
            "isReasoningModel",
            "deploymentName",
            "isPayPerToken",
            "usageContext",
            "showSearchQueries",
            "use_cache",
            "wait_for_model",
            "showDocuments",
            "loggingConfig",
            "projectId",
            "region",
        ],
    ),
    (Effect::Tools, &["tools", "functions"]),
    (Effect::ToolChoice, &["tool_choice", "toolChoice", "tool_config", "toolConfig", "function_call"]),
    (Effect::ParallelToolCalls, &["parallel_tool_calls"]),
    (Effect::ToolCode, &["tool_resources", "functionToolCallbacks", "mcp", "mcp_servers", "max_tool_calls"]),
];

fn key(name: &str) -> Option<Effect> {
    KEYS.iter().find(|(_, names)| names.contains(&name)).map(|(key, _)| *key)
}

/// Tells whether a `config` may have a key.
pub(crate) fn is_known(name: &str) -> bool {
    key(name).is_some()
}

fn names() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(|(key, _)| *key != Effect::ToolCode).flat_map(|(_, names)| names.iter().copied())
}

/// Refuses fields of a request that are retort's to set, as those of a prompt's further parameters are.
fn unreserved(file: &File<'_>, fields: &[YamlField], whose: &str) -> Result<(), StoreError> {
    let found = fields.iter().find_map(|field| Some((field.line, reserved(&field.key)?)));
    found.map_or(Ok(()), |(line, field)| Err(file.error_at(line, format!("{whose}: {}", field.refusal()))))
}

/// Reads a provider's `config`; the wire says how some fields are written.
pub(crate) fn read(
    file: &mut File<'_>,
    node: &YamlNode,
    wire: Option<Wire>,
    config: &mut ProviderConfig,
) -> Result<(), StoreError> {
    config.address = node.line;
    group(file, node, wire, config)?;
    let url = config.base_url.as_deref().filter(|url| !url.starts_with("http://") && !url.starts_with("https://"));
    match url {
        None => Ok(()),
        Some(url) => Err(file.error_at(
            config.address,
            format!("apiBaseUrl: expected a URL with http:// or https://, found {}", quoted(url)),
        )),
    }
}

/// Reads the config of a provider that is code, which is given to it as JSON. What promptfoo would fill or read in is
/// refused by its key.
pub(crate) fn of_code(file: &File<'_>, node: &YamlNode) -> Result<String, StoreError> {
    for field in file.mapping(node, "a provider's `config`")? {
        let value = field.node.value();
        if templates(&value) {
            let what = format!("config.{}: a template is not filled here; write what it comes to", field.key);
            return Err(file.error_at(field.line, what));
        }
        if names_file(&value) {
            let what = format!("config.{}: a file is not read into it here; write what is in it", field.key);
            return Err(file.error_at(field.line, what));
        }
    }
    Ok(if node.is_null() { "{}".to_owned() } else { node.exact().to_string() })
}

/// Tells whether a value has the name of a file in it.
fn names_file(value: &Value) -> bool {
    match value {
        Value::String(text) => text.starts_with("file://"),
        Value::Array(items) => items.iter().any(names_file),
        Value::Object(fields) => fields.values().any(names_file),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn group(
    file: &mut File<'_>,
    node: &YamlNode,
    wire: Option<Wire>,
    config: &mut ProviderConfig,
) -> Result<(), StoreError> {
    for field in file.mapping(node, "a provider's `config`")? {
        let (name, value) = (field.key.as_str(), &field.node);
        let Some(key) = key(name) else {
            unreserved(file, std::slice::from_ref(field), "config")?;
            let what = format!(
                "unknown key {} in a provider's `config`{}\n  a field of the request itself goes into `passthrough`; it takes {}",
                quoted(name),
                slip(name, names()),
                names().collect::<Vec<_>>().join(", ")
            );
            return Err(file.error_at(field.line, what));
        };
        if !matches!(key, Effect::Headers | Effect::ApiKey | Effect::System | Effect::Ignored | Effect::Tools)
            && templates(&value.value())
        {
            let what = format!("config.{name}: a template is not filled here; write what it comes to");
            return Err(file.error_at(field.line, what));
        }
        one(file, field, (key, wire), config)?;
    }
    Ok(())
}

#[allow(clippy::too_many_lines, reason = "an arm for each key")]
fn one(
    file: &mut File<'_>,
    field: &YamlField,
    (key, wire): (Effect, Option<Wire>),
    config: &mut ProviderConfig,
) -> Result<(), StoreError> {
    let (name, value) = (field.key.as_str(), &field.node);
    let params = &mut config.params;
    match key {
        Effect::Temperature => params.temperature = file.number(value, name)?,
        Effect::TopP => params.top_p = file.number(value, name)?,
        Effect::MaxTokens => params.max_tokens = file.whole(value, name)?,
        Effect::Seed => {
            params.seed = match value.value() {
                Value::Null => None,
                other => Some(other.as_i64().ok_or_else(|| file.wrong(value, name, "a whole number"))?),
            };
        }
        Effect::Stop => params.stop = file.texts(value, name)?,
        Effect::Stream => config.stream = file.flag(value, name)?,
        Effect::Effort => params.reasoning_effort = file.text(value, name)?,
        Effect::Reasoning => {
            let mut more = Map::new();
            for inner in file.mapping(value, name)? {
                match inner.key.as_str() {
                    "effort" => params.reasoning_effort = file.text(&inner.node, "reasoning.effort")?,
                    other => drop(more.insert(other.to_owned(), inner.node.value())),
                }
            }
            if !more.is_empty() {
                params.extra.insert(name.to_owned(), Value::Object(more));
            }
        }
        Effect::Verbosity => {
            let (name, value) = match wire {
                Some(Wire::Responses) => ("text", json!({ "verbosity": value.value() })),
                _ => (name, value.value()),
            };
            params.extra.insert(name.to_owned(), value);
        }
        Effect::ResponseFormat => config.response = Some(response(file, value)?),
        Effect::Schema => {
            let schema = named_file(file, value)?;
            config.response =
                schema.map(|schema| Response { format: Format::Schema, schema: Some(schema), ..Response::default() });
        }
        Effect::MimeType => match file.text(value, name)?.as_deref() {
            Some("application/json") if config.response.is_none() => {
                config.response = Some(Response { format: Format::Json, ..Response::default() });
            }
            None | Some("application/json" | "text/plain") => {}
            Some(_) => return Err(file.wrong(value, name, "`application/json` or `text/plain`")),
        },
        Effect::Group => group(file, value, wire, config)?,
        Effect::BaseUrl => {
            (config.address, config.base_url, config.host_alone) = (field.line, file.text(value, name)?, false);
        }
        Effect::Host => {
            config.address = field.line;
            config.base_url = file.text(value, name)?.map(|host| {
                let host = host.trim_end_matches('/');
                if host.contains("://") { host.to_owned() } else { format!("https://{host}") }
            });
            config.host_alone = true;
        }
        Effect::ApiVersion => {
            if let Some(version) = file.text(value, name)? {
                config.query.insert("api-version".to_owned(), version);
            }
        }
        Effect::Organization => {
            if let Some(organization) = file.text(value, name)? {
                config.headers.insert("OpenAI-Organization".to_owned(), organization);
            }
        }
        Effect::ApiKeyVariable => {
            if let Some(variable) = file.text(value, name)? {
                if !header::is_variable(&variable) {
                    let what = format!("apiKeyEnvar: {} is not the name of a variable", quoted(&variable));
                    return Err(file.error_at(field.line, what));
                }
                config.sent.push((field.line, variable.clone()));
                config.key = Some(variable);
            }
        }
        Effect::ApiKey => api_key(file, field, config)?,
        Effect::Headers => headers(file, value, config)?,
        Effect::Passthrough => {
            let fields = file.mapping(value, name)?;
            unreserved(file, fields, &format!("config.{name}"))?;
            params.extra.extend(fields.iter().map(|field| (field.key.clone(), field.node.value())));
        }
        Effect::System => config.system = system(file, field)?,
        Effect::Body | Effect::Tools | Effect::ToolChoice | Effect::ParallelToolCalls | Effect::ToolCode
            if value.is_null() => {}
        Effect::Tools => define(file, field, config)?,
        Effect::ToolChoice => config.tools.choice = Some(tools::choice(file, field)?),
        Effect::ParallelToolCalls => config.tools.parallel = value.value().as_bool(),
        Effect::Body => drop(params.extra.insert(name.to_owned(), value.value())),
        Effect::Ignored => file.notice(field.line, &format!("`config.{name}` has no effect here")),
        Effect::ToolCode => {
            let what = format!(
                "`config.{name}` is not supported: a config's tools run no code here; `retort prompts import` and a `result` in the prompt's file do"
            );
            return Err(file.error_at(field.line, what));
        }
    }
    Ok(())
}

fn define(file: &mut File<'_>, field: &YamlField, config: &mut ProviderConfig) -> Result<(), StoreError> {
    let Definitions { tools, foreign } = tools::read(file, field)?;
    config.tools.tools.extend(tools);
    if !foreign.is_empty() {
        config.params.extra.insert("tools".to_owned(), foreign.into());
    }
    Ok(())
}

fn headers(file: &mut File<'_>, node: &YamlNode, config: &mut ProviderConfig) -> Result<(), StoreError> {
    for header in file.mapping(node, "headers")? {
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
        config.headers.insert(header.key.clone(), text);
        file.header_variables.extend(variables.iter().cloned());
        config.sent.extend(variables.into_iter().map(|variable| (header.line, variable)));
    }
    Ok(())
}

fn api_key(file: &mut File<'_>, field: &YamlField, config: &mut ProviderConfig) -> Result<(), StoreError> {
    let text = file.text(&field.node, "apiKey")?.unwrap_or_default();
    match nunjucks::environment(&text) {
        Some((whole, names)) if names.first().is_some_and(|name| whole == format!("{{{{env.{name}}}}}")) => {
            config.sent.extend(names.iter().map(|variable| (field.line, variable.clone())));
            config.key = names.into_iter().next();
        }
        _ => file.notice(
            field.line,
            "`apiKey` is not taken over; name a variable with `apiKeyEnvar`, or set the key in config.toml",
        ),
    }
    Ok(())
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

/// Reads the message that goes before the prompt: a text, a file of one, or Google's form with parts.
fn system(file: &File<'_>, field: &YamlField) -> Result<Option<String>, StoreError> {
    let name = field.key.as_str();
    let parts = field.node.value();
    let text = match parts.pointer("/parts").and_then(Value::as_array) {
        Some(parts) => {
            let texts = parts.iter().map(|part| part.get("text").and_then(Value::as_str)).collect::<Option<Vec<_>>>();
            texts.map(|texts| texts.concat()).ok_or_else(|| file.wrong(&field.node, name, "parts of text"))?
        }
        None => file.text(&field.node, name)?.unwrap_or_default(),
    };
    let text = match text.strip_prefix("file://") {
        Some(path) => match file.open(field.line, &file.beside(path))? {
            Some(text) => text.trim().to_owned(),
            None => return Ok(None),
        },
        None => text,
    };
    let ours = nunjucks::ours(&text).map_err(|odd| file.error_at(field.line + odd.below, odd.what))?;
    Ok(Some(ours).filter(|text| !text.trim().is_empty()))
}

/// Reads a value, or the file of JSON or YAML that it names; none where the user has not agreed to that.
fn named_file(file: &File<'_>, node: &YamlNode) -> Result<Option<Value>, StoreError> {
    let value = node.value();
    let Some(name) = value.as_str().and_then(|name| name.strip_prefix("file://")) else { return Ok(Some(value)) };
    let path = file.beside(name);
    let Some(text) = file.open(node.line, &path)? else { return Ok(None) };
    let tree = document::parse(&text)
        .map_err(|error| file.error_at(node.line, format!("{}: {}", path.display(), error.what)))?;
    Ok(Some(tree.value()))
}

fn response(file: &File<'_>, node: &YamlNode) -> Result<Response, StoreError> {
    let Some(value) = named_file(file, node)? else { return Ok(Response::default()) };
    let schema = value.pointer("/json_schema/schema").or_else(|| value.get("schema"));
    // A schema may have a file of its own.
    let read = match schema.and_then(Value::as_str).and_then(|name| name.strip_prefix("file://")) {
        Some(name) => {
            let path = file.beside(name);
            let Some(text) = file.open(node.line, &path)? else { return Ok(Response::default()) };
            let tree = document::parse(&text)
                .map_err(|error| file.error_at(node.line, format!("{}: {}", path.display(), error.what)))?;
            Some(tree.value())
        }
        None => schema.cloned(),
    };
    let response = |format, schema: Option<Value>| Response { format, schema, ..Response::default() };
    match (value.get("type").and_then(Value::as_str), read) {
        (Some("text"), None) => Ok(response(Format::Text, None)),
        (Some("json_object"), None) => Ok(response(Format::Json, None)),
        (Some("json_object" | "json_schema"), Some(schema)) => Ok(response(Format::Schema, Some(schema))),
        _ => Err(file.error_at(
            node.line,
            format!(
                "response_format: expected `type: text`, `json_object`, or `json_schema` with a `schema`, found {}",
                shown(&value)
            ),
        )),
    }
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
