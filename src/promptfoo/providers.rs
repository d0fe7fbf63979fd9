//! The providers of a config: promptfoo's ids read as models, with the hosts that requests go to and the variables that
//! are sent with them.

pub(crate) mod config;
pub(crate) mod http;
pub(crate) mod ids;
pub(crate) mod tools;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use crate::promptfoo::providers::ids::SuiteModel;
use crate::{
    config::trust::{ExternalAccess, Host},
    dataset::yaml::{
        document,
        tree::{YamlField, YamlNode, YamlTree},
    },
    eval::JsonTypes,
    model::{Format, Params, TextService, error::StoreError, header},
    promptfoo::{File, Suite, SuiteTarget, ending, nunjucks, providers::config::ProviderConfig},
    text::suggest::quoted,
};

const KEYS: &[&str] = &["id", "label", "config", "prompts", "delay", "transform", "env"];

/// Files in files of providers that are followed, at most.
const MOST_NESTED: usize = 8;

/// Reads the list of providers.
pub(crate) fn read(file: &mut File<'_>, node: &YamlNode) -> Result<Vec<SuiteTarget>, StoreError> {
    let mut found: Vec<SuiteTarget> = Vec::new();
    list(file, node, &mut found, MOST_NESTED)?;
    Ok(found)
}

fn list(file: &mut File<'_>, node: &YamlNode, found: &mut Vec<SuiteTarget>, nested: usize) -> Result<(), StoreError> {
    let entries: Vec<&YamlNode> = match &node.tree {
        YamlTree::List(items) => items.iter().collect(),
        _ => vec![node],
    };
    for entry in entries {
        let id = match &entry.tree {
            YamlTree::Fields(_) | YamlTree::List(_) => None,
            YamlTree::One(_) => file.text(entry, "a provider")?,
        };
        let path = id.as_deref().and_then(|id| id.strip_prefix("file://"));
        if let Some(path) = path.filter(|path| ["yaml", "yml", "json"].contains(&ending(path.as_ref()).as_str())) {
            if nested == 0 {
                return Err(file.error_at(entry.line, "files of providers that name further ones go too deep"));
            }
            of_file(file, (entry.line, path), found, nested - 1)?;
            continue;
        }
        let mut target = one(file, entry, None)?;
        if target.model.as_ref().is_some_and(SuiteModel::is_code) {
            file.notice(entry.line, "a provider that is code is given no variables here: its `context.vars` is empty");
        }
        let wanted = target.name.clone();
        for again in 2.. {
            if found.iter().all(|known| known.name != target.name) {
                break;
            }
            target.name = format!("{wanted} ({again})");
        }
        if target.name != wanted {
            let what = format!(
                "two providers are called {}; this one is listed as {}, a `label` gives it another name",
                quoted(&wanted),
                quoted(&target.name)
            );
            file.notice(entry.line, &what);
        }
        found.push(target);
    }
    Ok(())
}

/// Reads a file of one provider, or of a list of them.
fn of_file(
    file: &mut File<'_>,
    (line, name): (usize, &str),
    found: &mut Vec<SuiteTarget>,
    nested: usize,
) -> Result<(), StoreError> {
    for path in file.files(line, name)? {
        let Some(text) = file.open(line, &path)? else { continue };
        let mut other = file.other(&path);
        let tree = document::parse(&text).map_err(|error| other.error_at(error.line, error.what))?;
        let whole = tree.get("providers").or_else(|| tree.get("targets")).unwrap_or(&tree);
        list(&mut other, whole, found, nested)?;
        file.join(other);
    }
    Ok(())
}

/// Reads one entry; of a model that is asked for something else than an answer, by its id for that.
pub(crate) fn one(
    file: &mut File<'_>,
    entry: &YamlNode,
    service: Option<TextService>,
) -> Result<SuiteTarget, StoreError> {
    let YamlTree::Fields(fields) = &entry.tree else {
        let id = file.text(entry, "a provider")?.unwrap_or_default();
        let mut target = of_id(file, entry.line, &id, service)?;
        without_config(&mut target);
        note(file, &target, &ProviderConfig { address: entry.line, ..ProviderConfig::default() })?;
        return Ok(target);
    };
    // `- openai:gpt-4o: {config: …}` names the provider by its key.
    let (id, line, fields): (String, usize, &[YamlField]) = match fields.as_slice() {
        [YamlField { key, line, node }] if !KEYS.contains(&key.as_str()) => {
            (key.clone(), *line, file.fields(node, "a provider", KEYS)?)
        }
        _ => {
            let fields = file.fields(entry, "a provider", KEYS)?;
            let Some(id) = entry.get("id") else {
                return Err(file.error_at(entry.line, "a provider needs an `id`, such as `openai:gpt-4o`"));
            };
            (file.text(id, "id")?.unwrap_or_default(), id.line, fields)
        }
    };
    let mut config = ProviderConfig { address: line, ..ProviderConfig::default() };
    let mut fields = fields.to_vec();
    let mut written = None;
    if http::is_http(&id) {
        let nothing = YamlNode { line, tree: YamlTree::Fields(Vec::new()) };
        let own = fields.iter().find(|field| field.key == "config").map_or(&nothing, |field| &field.node);
        let endpoint = http::chat(file, &id, line, own)?;
        config.system = endpoint.system;
        for field in fields.iter_mut().filter(|field| field.key == "config") {
            field.node = endpoint.config.clone();
        }
        written = Some(endpoint.id);
    }
    let mut target = of_id(file, line, written.as_deref().unwrap_or(&id), service)?;
    if written.is_some() {
        target.name.clone_from(&id);
    }
    for field in &fields {
        match field.key.as_str() {
            "label" => target.name = file.text(&field.node, "label")?.unwrap_or(target.name),
            "prompts" => target.prompts = file.texts(&field.node, "prompts")?,
            "config" if target.model.as_ref().is_some_and(SuiteModel::is_code) => {
                let given = config::of_code(file, &field.node)?;
                for word in target.model.iter_mut().flat_map(|model| &mut model.command) {
                    if word == ids::CONFIG {
                        word.clone_from(&given);
                    }
                }
            }
            "config" => config::read(file, &field.node, target.model.as_ref().map(|model| model.wire), &mut config)?,
            "transform" if !field.node.is_null() => {
                let what = "`transform` runs code and is not supported; judge the answer as it comes";
                return Err(file.error_at(field.line, what));
            }
            "delay" | "env" => file.notice(field.line, &format!("a provider's `{}` has no effect here", field.key)),
            _ => {}
        }
    }
    without_config(&mut target);
    if config.host_alone
        && target.model.as_ref().and_then(SuiteModel::vendor).is_none_or(|vendor| vendor.prefix.is_none())
    {
        config.base_url = config.base_url.map(|host| format!("{host}/v1"));
    }
    note(file, &target, &config)?;
    let ProviderConfig { base_url, key, headers, query, params, tools, response, system, stream, .. } = config;
    target.response = response.unwrap_or(target.response);
    Ok(SuiteTarget { base_url, key, headers, query, system, params, tools, stream, ..target })
}

/// What a model of promptfoo's map of models may be for.
const PURPOSES: &[&str] = &["text", "embedding", "classification", "moderation"];

/// The models that a test's checks ask: the one that judges, and those that do something else.
pub(crate) type AskedModels = (Option<String>, BTreeMap<TextService, String>);

/// Reads the `provider` of a test's options: the model that judges, or promptfoo's map of models by what they are for, or such
/// a map beside the id.
pub(crate) fn asked(file: &mut File<'_>, node: &YamlNode) -> Result<AskedModels, StoreError> {
    let mut services = BTreeMap::new();
    let YamlTree::Fields(fields) = &node.tree else {
        let id = file.text(node, "provider")?.unwrap_or_default();
        let Some(service) = ids::service_of(&id) else { return Ok((judge(file, node, None)?, services)) };
        services.extend(judge(file, node, Some(service))?.map(|name| (service, name)));
        return Ok((None, services));
    };
    for service in TextService::ALL {
        if let Some(own) = node.get(service.name()).filter(|own| !own.is_null()) {
            services.extend(judge(file, own, Some(service))?.map(|name| (service, name)));
        }
    }
    if !fields.is_empty() && fields.iter().all(|field| PURPOSES.contains(&field.key.as_str())) {
        let text = node.get("text").map_or(Ok(None), |text| judge(file, text, None))?;
        return Ok((text, services));
    }
    let id = node.get("id").map(|id| file.text(id, "id")).transpose()?.flatten();
    let service = id.as_deref().and_then(ids::service_of);
    let own = judge(file, node, service)?;
    match service {
        Some(service) => {
            services.extend(own.map(|name| (service, name)));
            Ok((None, services))
        }
        None => Ok((own, services)),
    }
}

/// Reads a model that judges, or is asked for something else: an id, or a provider with settings of its own. None where it
/// names no model. One that cannot be reached is no mistake here: what it is asked for is inconclusive.
pub(crate) fn judge(
    file: &mut File<'_>,
    node: &YamlNode,
    service: Option<TextService>,
) -> Result<Option<String>, StoreError> {
    let own;
    let (node, id) = if let YamlTree::Fields(fields) = &node.tree {
        let fields: Vec<YamlField> =
            fields.iter().filter(|field| !PURPOSES.contains(&field.key.as_str())).cloned().collect();
        let named = match fields.as_slice() {
            [YamlField { key, .. }] if !KEYS.contains(&key.as_str()) => Some(key.clone()),
            _ => node.get("id").map(|id| file.text(id, "id")).transpose()?.flatten(),
        };
        let Some(id) = named else {
            file.notice(node.line, "a provider without an `id` names no model that judges, and has no effect here");
            return Ok(None);
        };
        own = YamlNode { line: node.line, tree: YamlTree::Fields(fields) };
        (&own, id)
    } else {
        let Some(id) = file.text(node, "provider")?.filter(|id| !id.is_empty()) else { return Ok(None) };
        (node, id)
    };
    // A request that is written out has its model in it.
    let written_out = http::is_http(&id) && matches!(node.tree, YamlTree::Fields(_));
    let plain = if written_out { None } else { Some(of_id(file, node.line, &id, service)) };
    let read = match &plain {
        Some(Err(error)) => Err(error.clone()),
        Some(Ok(_)) => Ok(one(file, node, service)?),
        None => one(file, node, service),
    };
    let mut target = match read {
        Ok(target) => target,
        Err(error) => {
            file.unreachable(&error);
            return Ok(Some(id));
        }
    };
    let is_program = target.model.as_ref().is_some_and(|model| !model.command.is_empty());
    if !is_program && plain.is_some_and(|plain| plain.is_ok_and(|plain| plain == target)) {
        return Ok(Some(id));
    }
    if target.system.take().is_some() {
        file.notice(node.line, "`instructions` has no effect on a model that judges");
    }
    target.name = format!("{} (judge)", target.name);
    let wanted = target.name.clone();
    for again in 2.. {
        match file.judges.iter().find(|known| known.name == target.name) {
            Some(known) if *known == target => return Ok(Some(target.name)),
            Some(_) => target.name = format!("{wanted} {again}"),
            None => break,
        }
    }
    let name = target.name.clone();
    file.judges.push(target);
    Ok(Some(name))
}

/// Reads an id: a model at one of the vendors, or a name of retort's own.
fn of_id(file: &File<'_>, line: usize, id: &str, service: Option<TextService>) -> Result<SuiteTarget, StoreError> {
    let mut model = ids::model_for(id, service).map_err(|what| file.error_at(line, what))?;
    if let Some(model) = model.as_mut().filter(|model| model.command.is_empty()) {
        let Some((name, variables)) = nunjucks::environment(&model.name) else {
            let what =
                format!("the provider {} has a template, of which only `{{{{env.NAME}}}}` is filled here", quoted(id));
            return Err(file.error_at(line, what));
        };
        if let Some(secret) = variables.iter().find(|variable| header::looks_secret(variable, "").is_some()) {
            let what = format!(
                "the provider {} is filled from {secret}, which looks like a key, and a model's name is shown and recorded",
                quoted(id)
            );
            return Err(file.error_at(line, what));
        }
        model.name = name;
    }
    // promptfoo starts a program in the config's folder: its files are found there.
    let code = model.as_ref().and_then(SuiteModel::code_file);
    for word in model.iter_mut().flat_map(|model| &mut model.command) {
        if word.contains('\n') {
            continue;
        }
        let path = file.beside(word);
        if code.as_deref() == Some(word.as_str()) && !path.is_file() {
            return Err(file.error_at(line, format!("there is no file {}", path.display())));
        }
        if path.is_file()
            && let Some(real) = file.rows(line, &path)
        {
            *word = real.to_string_lossy().into_owned();
        }
    }
    Ok(SuiteTarget { model, ..SuiteTarget::named(id) })
}

/// Gives a program an empty config, where it was given none.
fn without_config(target: &mut SuiteTarget) {
    let words = target.model.iter_mut().flat_map(|model| &mut model.command);
    words.filter(|word| *word == ids::CONFIG).for_each(|word| "{}".clone_into(word));
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
    set("apiVersion", target.query.get("api-version").cloned().map(Value::from));
    set("instructions", target.system.clone().map(Value::from));
    set("headers", (!target.headers.is_empty()).then(|| Value::from_iter(target.headers.clone())));
    set("stream", target.stream.map(Value::from));
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
    for (name, value) in tools::write(&target.tools) {
        set(&name, Some(value));
    }
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
fn note(file: &File<'_>, target: &SuiteTarget, config: &ProviderConfig) -> Result<(), StoreError> {
    let Some(model) = &target.model else { return Ok(()) };
    if !model.command.is_empty() {
        let command = match (model.is_code(), model.command.first()) {
            (true, Some(program)) => format!("{program} {}", model.name),
            _ => target.id.strip_prefix("exec:").unwrap_or(&target.id).trim().to_owned(),
        };
        file.ask(config.address, ExternalAccess::Start { command });
    }
    // A vendor may know how its model is called; what else listens need not.
    let named = if config.base_url.is_some() { model.variables() } else { Vec::new() };
    let named = named.into_iter().map(|variable| (config.address, variable));
    let sent: Vec<(usize, String)> = config.sent.iter().cloned().chain(named).collect();
    let vendor = model.vendor().and_then(|vendor| vendor.base_url.as_deref());
    let Some(url) = config.base_url.as_deref().or(vendor) else {
        // Where they would go is known to the user's settings alone.
        return match sent.first() {
            None => Ok(()),
            Some((line, variable)) => Err(file.error_at(
                *line,
                format!("the variable {variable} goes with requests whose address is not here; add `apiHost` or `apiBaseUrl`"),
            )),
        };
    };
    let host =
        Host::of(url).map_err(|why| file.error_at(config.address, format!("the address {}: {why}", quoted(url))))?;
    file.ask(config.address, ExternalAccess::Reach { host: host.origin().to_owned() });
    for (line, variable) in &sent {
        let access = ExternalAccess::SendVariable { variable: variable.clone(), host: host.origin().to_owned() };
        file.ask(*line, access);
    }
    Ok(())
}
