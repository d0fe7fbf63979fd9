//! What may be set of the requests to a provider or a model beyond what their wire says, and what becomes of it.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};

use crate::model::{api_key::KeySource, cost::PicoDollars, prompt::Params, text_service::TextService};

/// How a key is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// The header that carries it.
    pub header: String,
    /// What stands in it before the key, apart by a blank: `Bearer`; nothing where it is empty.
    #[serde(default)]
    pub scheme: String,
}

impl Auth {
    /// Returns what stands in the header before the key, the blank included.
    #[must_use]
    pub fn before(&self) -> String {
        if self.scheme.is_empty() { String::new() } else { format!("{} ", self.scheme) }
    }
}

/// What becomes of system messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SystemRole {
    /// They are sent as such.
    #[default]
    Keep,
    /// Their text goes in front of the first user message.
    Fold,
}

impl SystemRole {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    fn is_kept(&self) -> bool {
        *self == Self::Keep
    }
}

/// How long to wait for a target, in place of what holds for all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TargetTimeouts {
    /// Until the connection stands.
    pub connect: Option<Duration>,
    /// The longest silence.
    pub answer: Option<Duration>,
    /// In place of it, at an address of this machine.
    pub local_answer: Option<Duration>,
    /// Until the response begins.
    pub first_byte: Option<Duration>,
    /// From there until the first text.
    pub first_token: Option<Duration>,
    /// Between any two bytes after it.
    pub idle: Option<Duration>,
    /// Between two pieces of content while only keep-alives come.
    pub progress: Option<Duration>,
    /// A whole run that begins on the target; of one that falls back to it, what is left from there.
    pub total: Option<Duration>,
}

impl TargetTimeouts {
    /// Lays others over these: what the others leave open, these decide.
    #[must_use]
    pub fn under(self, over: Self) -> Self {
        let Self { connect, answer, local_answer, first_byte, first_token, idle, progress, total } = over;
        Self {
            connect: connect.or(self.connect),
            answer: answer.or(self.answer),
            local_answer: local_answer.or(self.local_answer),
            first_byte: first_byte.or(self.first_byte),
            first_token: first_token.or(self.first_token),
            idle: idle.or(self.idle),
            progress: progress.or(self.progress),
            total: total.or(self.total),
        }
    }
}

/// What is set for a provider or for a model; what is not, is as the wire and the vendor have it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TargetSettings {
    /// Further request headers, none of them secret.
    pub headers: BTreeMap<String, String>,
    /// Further request headers that are, and where their values are read from.
    pub secret_headers: BTreeMap<String, KeySource>,
    /// What follows the `?` of every address, none of it secret.
    pub query: BTreeMap<String, String>,
    /// What follows it and is, and where the values are read from.
    pub secret_query: BTreeMap<String, KeySource>,
    /// How the key is sent.
    pub auth: Option<Auth>,
    /// The path that calls are posted to; `{model}` stands for the model.
    pub path: Option<String>,
    /// Parameters where the prompt has none, with further fields of the body.
    pub params: Params,
    /// Fields that are never sent.
    pub drop: Vec<String>,
    /// Fields that are sent by another name.
    pub rename: BTreeMap<String, String>,
    /// Whether the answer is streamed; it is where unset.
    pub stream: Option<bool>,
    /// What becomes of system messages.
    pub system: Option<SystemRole>,
    /// Whether plain HTTP may lead beyond private networks.
    pub allow_http: Option<bool>,
    /// Price of a million input tokens; zero is free, unset is unknown.
    pub input_price: Option<PicoDollars>,
    /// Price of a million output tokens.
    pub output_price: Option<PicoDollars>,
    /// Price of a million input tokens that the provider had in its cache.
    pub cached_price: Option<PicoDollars>,
    /// Price of a million input tokens of recordings.
    pub audio_input_price: Option<PicoDollars>,
    /// Price of a million output tokens of a recording.
    pub audio_output_price: Option<PicoDollars>,
    /// Input and output tokens together, at most.
    pub context: Option<u64>,
    /// Output tokens, at most.
    pub max_output: Option<u64>,
    /// How long to wait.
    pub timeouts: TargetTimeouts,
}

impl TargetSettings {
    /// Lays others over these: what the others leave open, these decide. Lists and tables are joined.
    #[must_use]
    pub fn under(&self, over: &Self) -> Self {
        let Self {
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
            input_price,
            output_price,
            cached_price,
            audio_input_price,
            audio_output_price,
            context,
            max_output,
            timeouts,
        } = over.clone();
        let (headers, secret_headers) =
            joined((&self.headers, &self.secret_headers), (headers, secret_headers), str::to_ascii_lowercase);
        let (query, secret_query) = joined((&self.query, &self.secret_query), (query, secret_query), str::to_owned);
        let mut dropped = self.drop.clone();
        dropped.extend(drop.into_iter().filter(|name| !self.drop.contains(name)));
        Self {
            headers,
            secret_headers,
            query,
            secret_query,
            auth: auth.or_else(|| self.auth.clone()),
            path: path.or_else(|| self.path.clone()),
            params: self.params.under(&params),
            drop: dropped,
            rename: self.rename.clone().into_iter().chain(rename).collect(),
            stream: stream.or(self.stream),
            system: system.or(self.system),
            allow_http: allow_http.or(self.allow_http),
            input_price: input_price.or(self.input_price),
            output_price: output_price.or(self.output_price),
            cached_price: cached_price.or(self.cached_price),
            audio_input_price: audio_input_price.or(self.audio_input_price),
            audio_output_price: audio_output_price.or(self.audio_output_price),
            context: context.or(self.context),
            max_output: max_output.or(self.max_output),
            timeouts: self.timeouts.under(timeouts),
        }
    }

    /// Lists what is secret in the requests: where it stands, by what name, and where it is read from.
    pub fn secrets(&self) -> impl Iterator<Item = (SecretPlace, &str, &KeySource)> {
        let headers = self.secret_headers.iter().map(|(name, source)| (SecretPlace::Header, name.as_str(), source));
        headers.chain(self.secret_query.iter().map(|(name, source)| (SecretPlace::Query, name.as_str(), source)))
    }
}

/// Named values, the plain ones and those that are read from somewhere.
type Named = (BTreeMap<String, String>, BTreeMap<String, KeySource>);

/// Joins named values with others that win over theirs, whether or not either is secret. `same` makes equal names equal.
fn joined(
    (plain, secret): (&BTreeMap<String, String>, &BTreeMap<String, KeySource>),
    (over_plain, over_secret): Named,
    same: impl Fn(&str) -> String,
) -> Named {
    let over: Vec<String> = over_plain.keys().chain(over_secret.keys()).map(|name| same(name)).collect();
    let is_free = |name: &str| !over.contains(&same(name));
    let mut all = (over_plain, over_secret);
    all.0.extend(plain.iter().filter(|(name, _)| is_free(name)).map(|(name, value)| (name.clone(), value.clone())));
    all.1.extend(secret.iter().filter(|(name, _)| is_free(name)).map(|(name, source)| (name.clone(), source.clone())));
    all
}

/// Where in a request something secret stands that is not its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretPlace {
    Header,
    /// In the address, after the `?`.
    Query,
}

impl SecretPlace {
    /// Names what stands there.
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Query => "query value",
        }
    }

    /// Names the setting that holds it.
    #[must_use]
    pub const fn setting(self) -> &'static str {
        match self {
            Self::Header => "headers",
            Self::Query => "query",
        }
    }
}

/// What the requests of a target have beyond their wire's own: its vendor's row with the settings of its provider and
/// its model over it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TargetOptions {
    /// The vendor, by its name in the table; none for the vendor of the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// What follows the `?` of every address. A secret stands in it by the label of its source.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// How the key is sent, where that is not the wire's way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth: Option<Auth>,
    /// The path that calls are posted to, where it is not the wire's; `{model}` stands for the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What goes before the wire's path; `{model}` stands for the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// What goes before the path that lists the models.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models_prefix: Option<String>,
    /// Parameters where the prompt has none, with further fields of the body.
    #[serde(skip_serializing_if = "Params::is_empty")]
    pub params: Params,
    /// Fields that are never sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub drop: Vec<String>,
    /// Fields that are sent by another name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub rename: BTreeMap<String, String>,
    /// Whether the answer comes whole and not as a stream.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// What becomes of system messages.
    #[serde(skip_serializing_if = "SystemRole::is_kept")]
    pub system: SystemRole,
    /// Whether plain HTTP may lead beyond private networks.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub allow_http: bool,
    /// What it is asked for in place of an answer.
    #[serde(rename = "embeds", skip_serializing_if = "Option::is_none")]
    pub service: Option<TextService>,
    /// The recording, or the folder of them, that answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recordings: Option<String>,
    /// How long to wait, where that is not as for all.
    #[serde(skip)]
    pub timeouts: TargetTimeouts,
}

impl TargetOptions {
    /// Tells whether requests are as the wire has them.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns what of it can change an answer, in a form that is the same for equal options; nothing where none can.
    #[must_use]
    pub fn answer_key(&self) -> Option<serde_json::Value> {
        let Self {
            query,
            path,
            prefix,
            params,
            drop,
            rename,
            system,
            vendor: _,
            auth: _,
            models_prefix: _,
            whole: _,
            allow_http: _,
            service,
            recordings,
            timeouts: _,
        } = self;
        let none = query.is_empty()
            && path.is_none()
            && prefix.is_none()
            && params.is_empty()
            && drop.is_empty()
            && rename.is_empty()
            && system.is_kept();
        let written = (!none).then(|| serde_json::json!([query, path, prefix, params, drop, rename, system]));
        // What is asked for an answer has the key it had before anything else was asked for.
        let written = match recordings {
            Some(path) => Some(serde_json::json!(["recordings", path, written])),
            None => written,
        };
        match service {
            Some(service) => Some(serde_json::json!([service.name(), written])),
            None => written,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_model_sets_wins_and_what_it_leaves_open_its_provider_decides() {
        let source = |name: &str| KeySource::Env(name.to_owned());
        let names = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<BTreeMap<_, _>>()
        };
        let provider = TargetSettings {
            headers: names(&[("X-Team", "a"), ("x-a", "1")]),
            secret_query: [("key".to_owned(), source("A"))].into(),
            drop: vec!["seed".to_owned()],
            stream: Some(false),
            context: Some(10),
            timeouts: TargetTimeouts { idle: Some(Duration::from_secs(1)), ..TargetTimeouts::default() },
            ..TargetSettings::default()
        };
        let model = TargetSettings {
            secret_headers: [("x-team".to_owned(), source("B"))].into(),
            query: names(&[("key", "plain")]),
            drop: vec!["seed".to_owned(), "stop".to_owned()],
            context: Some(20),
            ..TargetSettings::default()
        };
        let both = provider.under(&model);
        assert_eq!(both.headers, names(&[("x-a", "1")]));
        assert_eq!(both.secret_headers, model.secret_headers);
        assert_eq!((both.query, both.secret_query), (model.query, BTreeMap::new()));
        assert_eq!(both.drop, ["seed", "stop"]);
        assert_eq!((both.stream, both.context), (Some(false), Some(20)));
        assert_eq!(both.timeouts.idle, Some(Duration::from_secs(1)));
    }
}
