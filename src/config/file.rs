//! The form of `config.toml`, with durations as `500ms`, `4s`, `2m`, `1h`, and its way into the settings.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::{
    Deserialize, Deserializer,
    de::{Error, Unexpected, Visitor},
};

use crate::{
    config,
    model::{
        Settings,
        cost::PicoDollars,
        error::StoreError,
        settings::{AccountLimits, IntakeLimits, ModelSettings, ProviderSettings},
        wire::{Transport, Wire},
    },
};

/// The whole file; every key may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ConfigFile {
    default_model: Option<String>,
    judge: Option<String>,
    providers: BTreeMap<String, ProviderTable>,
    models: BTreeMap<String, ModelTable>,
    retry: RetryTable,
    timeouts: TimeoutsTable,
    batch: BatchTable,
    limits: LimitsTable,
    cache: CacheTable,
    theme: Option<String>,
    mouse: Option<bool>,
    keys: BTreeMap<String, Chords>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProviderTable {
    kind: Wire,
    base_url: Option<String>,
    #[serde(default)]
    api_keys: Vec<String>,
    #[serde(default)]
    command: Vec<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    env: Vec<String>,
    timeout: Option<Wait>,
    concurrency: Option<usize>,
    requests_per_minute: Option<u32>,
    tokens_per_minute: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelTable {
    provider: String,
    model: String,
    context: Option<u64>,
    input_price: Option<f64>,
    output_price: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RetryTable {
    attempts: Option<u32>,
    min_wait: Option<Wait>,
    max_wait: Option<Wait>,
    max_retry_after: Option<Wait>,
    total_attempts: Option<u32>,
    quality: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TimeoutsTable {
    connect: Option<Wait>,
    answer: Option<Wait>,
    local_answer: Option<Wait>,
    first_byte: Option<Wait>,
    first_token: Option<Wait>,
    idle: Option<Wait>,
    progress: Option<Wait>,
    total: Option<Wait>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct BatchTable {
    concurrency: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[allow(clippy::struct_field_names, reason = "they are the keys of the table")]
struct LimitsTable {
    max_input_bytes: Option<u64>,
    max_stdin_bytes: Option<u64>,
    max_answer_bytes: Option<u64>,
    max_answers_bytes: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CacheTable {
    enabled: Option<bool>,
    capacity: Option<usize>,
}

/// One chord, or several for one action.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a chord such as \"ctrl-r\", or a list of them")]
enum Chords {
    One(String),
    Many(Vec<String>),
}

impl ConfigFile {
    /// Checks every value and joins it with the defaults. `fault` tells of the mistake at a path.
    pub(crate) fn into_settings(self, fault: impl Fn(&[&str], &str) -> StoreError) -> Result<Settings, StoreError> {
        let mut settings = Settings::default();
        if let Some(model) = self.default_model {
            if model.trim().is_empty() {
                return Err(fault(&["default_model"], "`default_model` must name a model"));
            }
            settings.default_model = model;
        }
        if let Some(model) = self.judge {
            if model.trim().is_empty() {
                return Err(fault(&["judge"], "`judge` must name a model"));
            }
            settings.judge = Some(model);
        }
        for (name, table) in self.providers {
            config::provider_name(&name).map_err(|message| fault(&["providers", &name], &message))?;
            let provider = provider(table).map_err(|(key, index, message)| {
                let mut path = vec!["providers", name.as_str(), key];
                path.extend(index.as_deref());
                fault(&path, &message)
            })?;
            settings.providers.insert(name, provider);
        }
        for (name, table) in self.models {
            let model = model(table).map_err(|(key, message)| fault(&["models", &name, key], &message))?;
            settings.models.insert(name, model);
        }
        let retry = &mut settings.retry;
        set(&mut retry.attempts, self.retry.attempts);
        set(&mut retry.min_wait, self.retry.min_wait.map(|wait| wait.0));
        set(&mut retry.max_wait, self.retry.max_wait.map(|wait| wait.0));
        set(&mut retry.max_retry_after, self.retry.max_retry_after.map(|wait| wait.0));
        set(&mut retry.total_attempts, self.retry.total_attempts);
        retry.quality = self.retry.quality;
        if retry.quality.is_some_and(|tries| tries > 1) {
            return Err(fault(&["retry", "quality"], "`quality` must be 0 or 1"));
        }
        at_least_one(&fault, "retry", "attempts", retry.attempts)?;
        at_least_one(&fault, "retry", "total_attempts", retry.total_attempts)?;
        if retry.min_wait > retry.max_wait {
            let key = if self.retry.min_wait.is_some() { "min_wait" } else { "max_wait" };
            let message =
                format!("`min_wait` ({:?}) must not be longer than `max_wait` ({:?})", retry.min_wait, retry.max_wait);
            return Err(fault(&["retry", key], &message));
        }
        let timeouts = &mut settings.timeouts;
        for (key, place, wait) in [
            ("connect", &mut timeouts.connect, self.timeouts.connect),
            ("total", &mut timeouts.total, self.timeouts.total),
        ] {
            set(place, wait.map(|wait| wait.0));
            if place.is_zero() {
                return Err(fault(&["timeouts", key], &zero(key)));
            }
        }
        for (key, place, wait) in [
            ("answer", &mut timeouts.answer, self.timeouts.answer),
            ("local_answer", &mut timeouts.local_answer, self.timeouts.local_answer),
            ("first_byte", &mut timeouts.first_byte, self.timeouts.first_byte),
            ("first_token", &mut timeouts.first_token, self.timeouts.first_token),
            ("idle", &mut timeouts.idle, self.timeouts.idle),
            ("progress", &mut timeouts.progress, self.timeouts.progress),
        ] {
            *place = wait.map(|wait| wait.0);
            if place.is_some_and(|wait| wait.is_zero()) {
                return Err(fault(&["timeouts", key], &zero(key)));
            }
        }
        set(&mut settings.batch.concurrency, self.batch.concurrency);
        at_least_one(&fault, "batch", "concurrency", settings.batch.concurrency)?;
        let intake = &mut settings.intake;
        for (key, place, bytes) in [
            (IntakeLimits::INPUT, &mut intake.input, self.limits.max_input_bytes),
            (IntakeLimits::STDIN, &mut intake.stdin, self.limits.max_stdin_bytes),
            (IntakeLimits::ANSWER, &mut intake.answer, self.limits.max_answer_bytes),
            (IntakeLimits::ANSWERS, &mut intake.answers, self.limits.max_answers_bytes),
        ] {
            set(place, bytes);
            at_least_one(&fault, "limits", key, *place)?;
        }
        set(&mut settings.cache.enabled, self.cache.enabled);
        set(&mut settings.cache.capacity, self.cache.capacity);
        at_least_one(&fault, "cache", "capacity", settings.cache.capacity)?;
        set(&mut settings.theme, self.theme);
        set(&mut settings.mouse, self.mouse);
        let chords = |chords| match chords {
            Chords::One(chord) => vec![chord],
            Chords::Many(chords) => chords,
        };
        settings.keys = self.keys.into_iter().map(|(action, own)| (action, chords(own))).collect();
        Ok(settings)
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn zero(key: &str) -> String {
    format!("`{key}` must be longer than nothing")
}

fn at_least_one<N: Copy + PartialEq + From<u8>>(
    fault: &impl Fn(&[&str], &str) -> StoreError,
    table: &str,
    key: &str,
    value: N,
) -> Result<(), StoreError> {
    if value == N::from(0) { Err(fault(&[table, key], &format!("`{key}` must be at least 1"))) } else { Ok(()) }
}

/// A mistake in a provider's table: the key, the place in its list if it has one, and the words.
type ProviderMistake = (&'static str, Option<String>, String);

fn provider(table: ProviderTable) -> Result<ProviderSettings, ProviderMistake> {
    let mut api_keys = Vec::new();
    for (place, text) in table.api_keys.iter().enumerate() {
        let source = config::key_source(text).map_err(|message| ("api_keys", Some(place.to_string()), message))?;
        api_keys.push(source);
    }
    if let Some(url) = &table.base_url {
        config::base_url(url).map_err(|message| ("base_url", None, message))?;
    }
    let program = table.command.first().is_some_and(|program| !program.trim().is_empty());
    let message = match table.kind.info().transport {
        Transport::Process if !program => "a provider of kind `command` needs `command = [\"program\", \"argument\"]`",
        Transport::Http | Transport::BuiltIn if !table.command.is_empty() => {
            "`command` goes with `kind = \"command\"` alone"
        }
        Transport::Process | Transport::Http | Transport::BuiltIn => "",
    };
    if !message.is_empty() {
        return Err(("command", None, message.to_owned()));
    }
    let (mut headers, mut secret_headers) = (BTreeMap::new(), BTreeMap::new());
    for (name, value) in table.headers {
        match config::header(&name, &value).map_err(|message| ("headers", Some(name.clone()), message))? {
            Some(source) => drop(secret_headers.insert(name, source)),
            None => drop(headers.insert(name, value)),
        }
    }
    for (place, name) in table.env.iter().enumerate() {
        config::variable(name).map_err(|message| ("env", Some(place.to_string()), message))?;
    }
    let timeout: Option<Duration> = table.timeout.map(|wait| wait.0);
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err(("timeout", None, zero("timeout")));
    }
    for (key, zero) in [
        ("concurrency", table.concurrency == Some(0)),
        ("requests_per_minute", table.requests_per_minute == Some(0)),
        ("tokens_per_minute", table.tokens_per_minute == Some(0)),
    ] {
        if zero {
            return Err((key, None, format!("`{key}` must be at least 1")));
        }
    }
    Ok(ProviderSettings {
        kind: table.kind,
        base_url: table.base_url,
        api_keys,
        command: table.command,
        headers,
        secret_headers,
        env: table.env,
        timeout,
        usual_key: false,
        limits: AccountLimits {
            concurrency: table.concurrency,
            requests_per_minute: table.requests_per_minute,
            tokens_per_minute: table.tokens_per_minute,
        },
    })
}

fn model(table: ModelTable) -> Result<ModelSettings, (&'static str, String)> {
    let price = |key, dollars: Option<f64>| match dollars {
        Some(dollars) if !(0.0..=1e6).contains(&dollars) => {
            Err((key, format!("`{key}` must be US dollars per million tokens, from 0 up")))
        }
        dollars => Ok(dollars.map(PicoDollars::per_million)),
    };
    if table.model.trim().is_empty() {
        return Err(("model", "`model` must be the model's name at the provider".to_owned()));
    }
    if table.context == Some(0) {
        return Err(("context", "`context` must be at least 1".to_owned()));
    }
    Ok(ModelSettings {
        provider: table.provider,
        model: table.model,
        context: table.context,
        input_price: price("input_price", table.input_price)?,
        output_price: price("output_price", table.output_price)?,
    })
}

/// A length of time in the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wait(pub(crate) Duration);

impl<'de> Deserialize<'de> for Wait {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl Visitor<'_> for Text {
    type Value = Wait;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a time such as \"500ms\", \"4s\" or \"2m\"")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Wait, E> {
        parse(text).map(Wait).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// Reads a number and its unit, a blank between them allowed; a day at most.
fn parse(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit.trim_start() {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return None,
    } * number.parse::<f64>().ok()?;
    (seconds <= 86_400.0).then(|| Duration::try_from_secs_f64(seconds).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_read_and_anything_else_is_refused() {
        assert_eq!(parse("4s"), Some(Duration::from_secs(4)));
        assert_eq!(parse("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(parse("1.5 m"), Some(Duration::from_secs(90)));
        assert_eq!(parse("1h"), Some(Duration::from_secs(3600)));
        for bad in ["", "4", "s", "-4s", "4 parsecs", "1e3s", "25h", "4S", "..s"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
