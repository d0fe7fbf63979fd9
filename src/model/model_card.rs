//! What is known of a model: sizes, price, what it rejects, when it goes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::model::{cost::PicoDollars, media::MediaKind, wire::Wire};

/// Price per token in classes, with the day it was read. Zero is free; a missing price is unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// One input token.
    pub input: PicoDollars,
    /// One output token, reasoning included.
    pub output: PicoDollars,
    /// One input token read from the provider's cache, if priced apart.
    pub cache_read: Option<PicoDollars>,
    /// One input token written to the provider's cache, if priced apart.
    pub cache_write: Option<PicoDollars>,
    /// One input token of a recording, if priced apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<PicoDollars>,
    /// One output token of a recording, if priced apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<PicoDollars>,
    /// The day the price was read, `YYYY-MM-DD`; empty for one from the settings.
    pub as_of: String,
    /// Where it was read.
    #[serde(default, skip_serializing_if = "PriceSource::is_table")]
    pub source: PriceSource,
}

/// Where a price was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PriceSource {
    /// The built-in table of models.
    #[default]
    Table,
    /// A price list that the user had read, by its name.
    List(String),
    Settings,
    /// The model runs on this machine.
    ThisMachine,
}

impl PriceSource {
    /// Tells whether it is the built-in table.
    #[must_use]
    pub fn is_table(&self) -> bool {
        matches!(self, Self::Table)
    }
}

impl Price {
    /// Tells whether nothing is paid for, whatever is sent and comes.
    #[must_use]
    pub fn is_free(&self) -> bool {
        let Self { input, output, cache_read, cache_write, audio_input, audio_output, as_of: _, source: _ } = self;
        let all = [Some(*input), Some(*output), *cache_read, *cache_write, *audio_input, *audio_output];
        all.into_iter().flatten().all(|price| price.0 == 0)
    }

    /// Halves it: what the providers' batch APIs ask for.
    #[must_use]
    pub fn halved(&self) -> Self {
        let half = |price: PicoDollars| PicoDollars(price.0.div_ceil(2));
        let Self { input, output, cache_read, cache_write, audio_input, audio_output, as_of, source } = self.clone();
        Self {
            input: half(input),
            output: half(output),
            cache_read: cache_read.map(half),
            cache_write: cache_write.map(half),
            audio_input: audio_input.map(half),
            audio_output: audio_output.map(half),
            as_of,
            source,
        }
    }

    /// Says where and when it was read: `2026-11-22`, `LiteLLM 2026-11-29`, `settings`, `this machine`.
    #[must_use]
    pub fn origin(&self) -> String {
        match &self.source {
            PriceSource::Table => self.as_of.clone(),
            PriceSource::List(name) => format!("{name} {}", self.as_of),
            PriceSource::Settings => "settings".to_owned(),
            PriceSource::ThisMachine => "this machine".to_owned(),
        }
    }
}

/// How far a provider's model goes to answer in JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JsonSupport {
    /// Only by asking for it in words.
    None,
    /// A JSON object, but no schema.
    Object,
    /// A JSON Schema, and a plain JSON object.
    #[default]
    Schema,
    /// A JSON Schema only; a plain JSON object must be asked for in words.
    SchemaOnly,
}

/// The facts of one model. The default is "nothing known": everything is sent as the user set it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelCard {
    /// The name on the wire.
    pub id: String,
    /// True when the facts below were looked up and not assumed.
    pub known: bool,
    /// Input and output tokens together, at most.
    pub context: Option<u64>,
    /// Output tokens, at most.
    pub max_output: Option<u64>,
    /// Price per token; `None` is unknown.
    pub price: Option<Price>,
    /// Parameters the model answers with an error: `temperature`, `top_p`, `stop`, …
    pub rejects: Vec<String>,
    /// True when the model wants `max_completion_tokens` instead of `max_tokens`.
    pub completion_tokens: bool,
    /// The largest token limit it was seen to take; a larger one is lowered to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u64>,
    /// The wire that alone serves it at the vendor's own endpoint, where that is another than the provider's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
    /// How far it goes to answer in JSON.
    pub json: JsonSupport,
    /// What it takes beside text, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<BTreeSet<MediaKind>>,
    /// True when it reasons before it answers.
    pub reasons: bool,
    /// The day the provider stops serving it, `YYYY-MM-DD`; in the past for a retired model.
    pub shutdown: Option<String>,
    /// What the provider names as its successor.
    pub successor: Option<String>,
}

impl ModelCard {
    /// Tells whether the model rejects a parameter.
    #[must_use]
    pub fn rejects(&self, param: &str) -> bool {
        self.rejects.iter().any(|name| name == param)
    }

    /// Tells whether it is known to take a kind of part, or not to; none where nobody knows.
    #[must_use]
    pub fn takes(&self, kind: MediaKind) -> Option<bool> {
        self.takes.as_ref().map(|takes| takes.contains(&kind))
    }

    /// Tells whether the model is gone on a day (`YYYY-MM-DD`; such dates sort as text).
    #[must_use]
    pub fn retired_on(&self, today: &str) -> bool {
        self.shutdown.as_deref().is_some_and(|day| day <= today)
    }
}
