//! The tables `[providers.NAME]` and `[models.NAME]` of `config.toml`, and their way into the settings.
//!
//! What both may have stands in one list, with the words and the examples of its page in the documentation.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    config,
    config::{
        durations::{Wait, zero},
        setting_table::TimeoutsTable,
        transport,
    },
    model::{
        KeySource, Params,
        cost::PicoDollars,
        prompt,
        settings::{AccountLimits, ModelSettings, ProviderSettings},
        target_settings::{Auth, SystemRole, TargetSettings, TargetTimeouts},
        vendor::Vendor,
        wire::{Transport, Wire},
    },
    text::suggest::{quoted, slip},
};

/// A setting as its documentation has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingInfo {
    /// Its key.
    pub name: &'static str,
    pub does: &'static str,
    /// A line of TOML that sets it.
    pub example: &'static str,
}

macro_rules! settings {
    (
        both { $($(#[doc = $doc:literal])+ $name:ident: $type:ty = $example:literal;)* }
        provider { $($(#[doc = $own_doc:literal])+ $own:ident: $own_type:ty = $own_example:literal;)* }
    ) => {
        /// What a provider and a model may set; the model's wins.
        pub const SETTINGS: &[SettingInfo] = &[
            $(SettingInfo { name: stringify!($name), does: concat!($($doc),+), example: $example },)*
        ];

        /// What a provider alone may set.
        pub const PROVIDER_SETTINGS: &[SettingInfo] = &[
            $(SettingInfo { name: stringify!($own), does: concat!($($own_doc),+), example: $own_example },)*
        ];

        /// What both tables have.
        #[derive(Debug)]
        struct Shared { $($name: $type,)* }

        /// `[providers.NAME]`.
        #[derive(Debug, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub(crate) struct ProviderTable {
            $($(#[doc = $own_doc])+ #[serde(default)] $own: $own_type,)*
            $($(#[doc = $doc])+ #[serde(default)] $name: $type,)*
        }

        /// `[models.NAME]`.
        #[derive(Debug, Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        #[serde(deny_unknown_fields)]
        pub(crate) struct ModelTable {
            /// The provider: one of `[providers.NAME]`, or a vendor.
            provider: String,
            /// The model's name at the provider.
            model: String,
            $($(#[doc = $doc])+ #[serde(default)] $name: $type,)*
        }

        impl ProviderTable {
            fn shared(&mut self) -> Shared {
                Shared { $($name: std::mem::take(&mut self.$name),)* }
            }
        }

        impl ModelTable {
            fn shared(&mut self) -> Shared {
                Shared { $($name: std::mem::take(&mut self.$name),)* }
            }
        }
    };
}

settings! {
    both {
        /// How requests are written and answers read: `openai`, `anthropic`, `ollama`, … (see concepts.md).
        wire: Option<Wire> = "wire = \"openai\"";
        /// Further request headers; a value is plain, or read from `env:NAME`, `file:PATH`, `cmd:COMMAND`.
        headers: BTreeMap<String, String> = "headers = { x-team = \"eval\", x-gateway-token = \"env:GATEWAY_TOKEN\" }";
        /// What follows the `?` of every address; values as in `headers`.
        query: BTreeMap<String, String> = "query = { api-version = \"2024-10-21\", code = \"env:GATEWAY_CODE\" }";
        /// The header that carries the key and the word before it; an empty `scheme` sends the key alone.
        auth: Option<Auth> = "auth = { header = \"api-key\", scheme = \"\" }";
        /// What is posted to under `base_url`, with `{model}` for the model's name.
        path: Option<String> = "path = \"/models/{model}/chat/completions\"";
        /// Parameters for prompts that do not set them, as in a prompt's `[params]`.
        params: Option<Params> = "params = { temperature = 1.0, max_tokens = 2000 }";
        /// Further fields of the request's body, sent as they are; a prompt's own win.
        extra: Map<String, Value> = "extra = { top_k = 20, chat_template_kwargs = { enable_thinking = false } }";
        /// Fields that are never sent; a field within another after a dot: `options.seed`.
        drop: Vec<String> = "drop = [\"stream_options\", \"seed\"]";
        /// Fields that are sent by another name.
        rename: BTreeMap<String, String> = "rename = { max_tokens = \"max_completion_tokens\" }";
        /// `false` asks for the answer in one piece.
        stream: Option<bool> = "stream = false";
        /// `"fold"` puts system messages in front of the first user message, for models without a system role.
        system: Option<SystemRole> = "system = \"fold\"";
        /// `true` sends prompts and keys over plain http to the internet, where anyone on the way can read them.
        allow_http: Option<bool> = "allow_http = true";
        /// US dollars per million input tokens; 0 is free, unset is unknown.
        input_price: Option<f64> = "input_price = 0.15";
        /// US dollars per million output tokens.
        output_price: Option<f64> = "output_price = 0.60";
        /// US dollars per million input tokens that the provider had in its cache.
        cached_price: Option<f64> = "cached_price = 0.075";
        /// US dollars per million input tokens of recordings; unset, they are taken at `input_price`, and the cost is an estimate.
        audio_input_price: Option<f64> = "audio_input_price = 32";
        /// US dollars per million output tokens of a recording; unset, likewise at `output_price`.
        audio_output_price: Option<f64> = "audio_output_price = 64";
        /// The most tokens in and out together.
        context: Option<u64> = "context = 131072";
        /// The most tokens of an answer.
        max_output: Option<u64> = "max_output = 8192";
        /// In place of the top-level `[timeouts]`, with the same keys.
        timeouts: TimeoutsTable = "timeouts = { first_byte = \"120s\", idle = \"60s\" }";
    }
    provider {
        /// The vendor, where the provider has a name of its own.
        vendor: Option<String> = "vendor = \"azure\"";
        /// The same as `wire`.
        kind: Option<Wire> = "kind = \"openai\"";
        /// The address; the vendor's own where unset.
        base_url: Option<String> = "base_url = \"https://gateway.example.com/v1\"";
        /// Where its keys are read from: `env:NAME`, `file:PATH`, `cmd:COMMAND`, `keyring:SERVICE`.
        api_keys: Vec<String> = "api_keys = [\"env:TEAM_KEY\"]";
        /// The program and its arguments, for `kind = "command"`.
        command: Vec<String> = "command = [\"python3\", \"my_model.py\"]";
        /// The recording, or the folder of them, that `kind = "demo"` plays (see lab.md); beside this file where it is relative.
        recordings: Option<String> = "recordings = \"fixtures\"";
        /// Variables that its commands see beyond the usual ones.
        env: Vec<String> = "env = [\"MY_MODEL_DIR\"]";
        /// A PEM file of authorities whose certificates are trusted beside the system's: those of a company or a lab.
        ca_file: Option<String> = "ca_file = \"~/lab/ca.pem\"";
        /// A PEM file with the certificate that is shown to the server, perhaps with its key in the same file.
        client_cert: Option<String> = "client_cert = \"~/lab/me.pem\"";
        /// The key of `client_cert`, where it has a PEM file of its own.
        client_key: Option<String> = "client_key = \"~/lab/me.key\"";
        /// Its proxy: `http://`, `https://`, `socks5://` or `socks5h://` (the proxy looks names up), `none`, or where the whole address is read from.
        proxy: Option<String> = "proxy = \"env:LAB_PROXY\"";
        /// The longest silence: short for `answer` in `timeouts`.
        timeout: Option<Wait> = "timeout = \"60s\"";
        /// The most parallel calls for each key.
        concurrency: Option<usize> = "concurrency = 8";
        /// The most requests in any sixty seconds, for each key.
        requests_per_minute: Option<u32> = "requests_per_minute = 500";
        /// The most tokens, in and out, in any sixty seconds, for each key.
        tokens_per_minute: Option<u64> = "tokens_per_minute = 200000";
    }
}

/// A mistake in a table: the keys and places in lists below it that lead to it, and the words.
#[derive(Debug)]
pub(crate) struct TableError {
    /// The path below the table.
    pub(crate) path: Vec<String>,
    /// The words.
    pub(crate) message: String,
}

impl TableError {
    fn at(key: &str, message: impl Into<String>) -> Self {
        Self { path: vec![key.to_owned()], message: message.into() }
    }

    fn within(key: &str, part: &str, message: impl Into<String>) -> Self {
        Self { path: vec![key.to_owned(), part.to_owned()], message: message.into() }
    }
}

/// Reads the table of a provider.
pub(crate) fn provider(name: &str, mut table: ProviderTable) -> Result<ProviderSettings, TableError> {
    let shared = table.shared();
    let (kind, vendor) = kind(name, shared.wire, &table)?;
    let timeout = table.timeout.map(|wait| wait.0);
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(TableError::at("timeout", zero("timeout")));
    }
    let mut requests = requests(shared)?;
    requests.timeouts.answer = requests.timeouts.answer.or(timeout);
    let mut api_keys = Vec::new();
    for (place, text) in table.api_keys.iter().enumerate() {
        let source = config::key_source(text);
        api_keys.push(source.map_err(|message| TableError::within("api_keys", &place.to_string(), message))?);
    }
    if let Some(url) = &table.base_url {
        config::base_url(url).map_err(|message| TableError::at("base_url", message))?;
    }
    let program = table.command.first().is_some_and(|program| !program.trim().is_empty());
    let message = match kind.info().transport {
        Transport::Process if !program => "a provider of kind `command` needs `command = [\"program\", \"argument\"]`",
        Transport::Http | Transport::BuiltIn if !table.command.is_empty() => {
            "`command` goes with `kind = \"command\"` alone"
        }
        Transport::Process | Transport::Http | Transport::BuiltIn => "",
    };
    if !message.is_empty() {
        return Err(TableError::at("command", message));
    }
    if table.recordings.is_some() && kind != Wire::Demo {
        return Err(TableError::at("recordings", "`recordings` goes with `kind = \"demo\"` alone"));
    }
    let transport = transport::settings([table.ca_file, table.client_cert, table.client_key, table.proxy])
        .map_err(|(key, message)| TableError::at(key, message))?;
    if !kind.is_http() && !transport.is_empty() {
        let message = "`ca_file`, `client_cert`, `client_key` and `proxy` go with a provider that is asked over HTTP";
        return Err(TableError { path: Vec::new(), message: message.to_owned() });
    }
    for (place, name) in table.env.iter().enumerate() {
        config::variable(name).map_err(|message| TableError::within("env", &place.to_string(), message))?;
    }
    for (key, zero) in [
        ("concurrency", table.concurrency == Some(0)),
        ("requests_per_minute", table.requests_per_minute == Some(0)),
        ("tokens_per_minute", table.tokens_per_minute == Some(0)),
    ] {
        if zero {
            return Err(TableError::at(key, format!("`{key}` must be at least 1")));
        }
    }
    Ok(ProviderSettings {
        vendor,
        kind,
        base_url: table.base_url,
        api_keys,
        usual_key: false,
        command: table.command,
        recordings: table.recordings,
        requests,
        transport,
        env: table.env,
        limits: AccountLimits {
            concurrency: table.concurrency,
            requests_per_minute: table.requests_per_minute,
            tokens_per_minute: table.tokens_per_minute,
        },
    })
}

/// Finds a provider's wire and vendor: those that are named, else those that its name says.
fn kind(name: &str, wire: Option<Wire>, table: &ProviderTable) -> Result<(Wire, Option<String>), TableError> {
    if let (Some(wire), Some(kind)) = (wire, table.kind)
        && wire != kind
    {
        return Err(TableError::at("kind", format!("`kind` is {kind} and `wire` is {wire}; keep one of them")));
    }
    let wire = wire.or(table.kind);
    let own = |vendor: &'static Vendor| {
        let kind = wire.unwrap_or(vendor.wire);
        let of_wire = Vendor::of_wire(kind).is_some_and(|of_wire| of_wire.name == vendor.name);
        (kind, (!of_wire).then(|| vendor.name.clone()))
    };
    match (&table.vendor, wire, Vendor::named(name)) {
        (Some(named), ..) => {
            let Some(vendor) = Vendor::named(named) else {
                let known = Vendor::all().iter().map(|vendor| vendor.name.as_str());
                let near = Vendor::suggest(named).first().map(|near| format!("; did you mean `{near}`?"));
                let near = near.unwrap_or_else(|| slip(named, known));
                return Err(TableError::at(
                    "vendor",
                    format!(
                        "there is no vendor {}{near}\ndocs/vendors.md lists them; one that is missing is reached by `wire` and `base_url`",
                        quoted(named)
                    ),
                ));
            };
            if wire.is_some_and(|wire| !wire.is_http()) {
                return Err(TableError::at("vendor", "`vendor` goes with a wire that is asked over HTTP"));
            }
            Ok(own(vendor))
        }
        // With a wire and an address of its own, a provider is no more than these.
        (None, Some(wire), Some(vendor)) if vendor.takes(wire) && table.base_url.is_none() => Ok(own(vendor)),
        (None, Some(wire), _) => Ok((wire, None)),
        (None, None, Some(vendor)) => Ok(own(vendor)),
        (None, None, None) => {
            let near = Vendor::suggest(name).first().map(|near| format!("; did you mean [providers.{near}]?"));
            Err(TableError {
                path: Vec::new(),
                message: format!(
                    "[providers.{name}] needs the key `wire`, or `vendor` with a name from docs/vendors.md{}",
                    near.unwrap_or_default()
                ),
            })
        }
    }
}

/// Reads the table of a model.
pub(crate) fn model(mut table: ModelTable) -> Result<ModelSettings, TableError> {
    if table.model.trim().is_empty() {
        return Err(TableError::at("model", "`model` must be the model's name at the provider"));
    }
    let shared = table.shared();
    let wire = shared.wire;
    if let Some(wire) = wire.filter(|wire| !wire.is_http()) {
        return Err(TableError::at("wire", format!("a model is not asked by `{wire}` alone; name a provider of it")));
    }
    Ok(ModelSettings { wire, requests: requests(shared)?, provider: table.provider, model: table.model })
}

/// Values by their names, the plain ones and those that are read from somewhere.
type Values = (BTreeMap<String, String>, BTreeMap<String, KeySource>);

fn values(
    key: &str,
    table: BTreeMap<String, String>,
    read: fn(&str, &str) -> Result<Option<KeySource>, String>,
) -> Result<Values, TableError> {
    let mut all = Values::default();
    for (name, value) in table {
        match read(&name, &value).map_err(|message| TableError::within(key, &name, message))? {
            Some(source) => drop(all.1.insert(name, source)),
            None => drop(all.0.insert(name, value)),
        }
    }
    Ok(all)
}

/// Checks what a provider and a model may set alike.
fn requests(table: Shared) -> Result<TargetSettings, TableError> {
    let Shared {
        wire: _,
        headers,
        query,
        auth,
        path,
        params,
        extra,
        drop,
        rename,
        stream,
        system,
        allow_http,
        input_price,
        output_price,
        cached_price,
        audio_input_price,
        audio_output_price,
        context,
        max_output,
        timeouts,
    } = table;
    let (headers, secret_headers) = values("headers", headers, config::header)?;
    let (query, secret_query) = values("query", query, config::query)?;
    if let Some(Auth { header, scheme }) = &auth {
        config::header_name(header).map_err(|message| TableError::within("auth", "header", message))?;
        if !scheme.chars().all(|c| c.is_ascii_graphic()) {
            let message = "`scheme` is the word before the key, such as \"Bearer\", or nothing";
            return Err(TableError::within("auth", "scheme", message));
        }
    }
    if let Some(path) = path.as_deref().filter(|path| !path.starts_with('/') || path.contains(['?', '#'])) {
        let message = format!("`path` begins with a / and has no ? (that is `query`): {}", quoted(path));
        return Err(TableError::at("path", message));
    }
    let mut params = params.unwrap_or_default();
    prompt::refuse(&params.extra).map_err(|message| TableError::at("params", message))?;
    for name in extra.keys() {
        let key = |message: String| TableError::within("extra", name, message);
        if let Some(field) = prompt::reserved(name) {
            return Err(key(field.refusal()));
        }
        if prompt::Param::named(name).is_some() {
            return Err(key(format!("`{name}` is a parameter; write it in `params`")));
        }
    }
    params.extra.extend(extra);
    if drop.iter().chain(rename.keys()).chain(rename.values()).any(|name| name.trim().is_empty()) {
        let key = if drop.iter().any(|name| name.trim().is_empty()) { "drop" } else { "rename" };
        return Err(TableError::at(key, format!("`{key}` has an empty name")));
    }
    for (key, zero) in [("context", context == Some(0)), ("max_output", max_output == Some(0))] {
        if zero {
            return Err(TableError::at(key, format!("`{key}` must be at least 1")));
        }
    }
    Ok(TargetSettings {
        headers,
        secret_headers,
        query,
        secret_query,
        auth,
        path,
        params,
        drop,
        rename,
        stream,
        system,
        allow_http,
        input_price: price("input_price", input_price)?,
        output_price: price("output_price", output_price)?,
        cached_price: price("cached_price", cached_price)?,
        audio_input_price: price("audio_input_price", audio_input_price)?,
        audio_output_price: price("audio_output_price", audio_output_price)?,
        context,
        max_output,
        timeouts: waits(&timeouts)?,
    })
}

fn price(key: &str, dollars: Option<f64>) -> Result<Option<PicoDollars>, TableError> {
    match dollars {
        Some(dollars) if !(0.0..=1e6).contains(&dollars) => {
            Err(TableError::at(key, format!("`{key}` must be US dollars per million tokens, from 0 up")))
        }
        dollars => Ok(dollars.map(PicoDollars::per_million)),
    }
}

fn waits(table: &TimeoutsTable) -> Result<TargetTimeouts, TableError> {
    let wait = |key: &str, wait: Option<Wait>| -> Result<Option<Duration>, TableError> {
        match wait {
            Some(Wait(Duration::ZERO)) => Err(TableError::within("timeouts", key, zero(key))),
            wait => Ok(wait.map(|wait| wait.0)),
        }
    };
    let TimeoutsTable { connect, answer, local_answer, first_byte, first_token, idle, progress, total } = table.clone();
    Ok(TargetTimeouts {
        connect: wait("connect", connect)?,
        answer: wait("answer", answer)?,
        local_answer: wait("local_answer", local_answer)?,
        first_byte: wait("first_byte", first_byte)?,
        first_token: wait("first_token", first_token)?,
        idle: wait("idle", idle)?,
        progress: wait("progress", progress)?,
        total: wait("total", total)?,
    })
}
