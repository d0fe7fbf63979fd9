//! Price lists that others publish, read into a table of the user's own that lies over the built-in one.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    fs,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    config::{atomic_file, builtin},
    model::{
        MediaKind, ModelCard, PicoDollars, Price, Wire, error::StoreError, model_card::PriceSource, settings::Places,
        vendor::Vendor,
    },
};

/// The table's name in the config directory.
pub const PRICES_FILE: &str = "models.json";

/// The largest list that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024 * 1024;

/// A price above this, in picodollars per token, is a mistake: 10,000 US dollars for a million tokens.
const MOST: PicoDollars = PicoDollars(10_000_000_000);

/// More tokens than any model takes.
const MOST_TOKENS: u64 = 1_000_000_000;

/// The user's table: what a price list says of the models of known vendors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// Whose list it was.
    pub source: String,
    /// The day the list's file was last changed, `YYYY-MM-DD`.
    pub as_of: String,
    /// The models, by vendor and name.
    pub models: Vec<PriceRow>,
}

/// What a list says of a model; what it does not say is absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRow {
    /// The vendor, by its name in the table of vendors.
    pub vendor: String,
    /// The name on the wire.
    pub id: String,
    /// US dollars for a million tokens.
    #[serde(default, with = "per_million", skip_serializing_if = "Option::is_none")]
    pub input: Option<PicoDollars>,
    /// The same of output.
    #[serde(default, with = "per_million", skip_serializing_if = "Option::is_none")]
    pub output: Option<PicoDollars>,
    /// The same of input read from the vendor's cache.
    #[serde(default, with = "per_million", skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<PicoDollars>,
    /// The same of input written to it.
    #[serde(default, with = "per_million", skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<PicoDollars>,
    /// The same of input that is a recording.
    #[serde(default, with = "per_million", skip_serializing_if = "Option::is_none")]
    pub audio_input: Option<PicoDollars>,
    /// The same of output that is one.
    #[serde(default, with = "per_million", skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<PicoDollars>,
    /// Input and output tokens together, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// Output tokens, at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_output: Option<u64>,
    /// Whether it reasons before it answers.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reasons: bool,
    /// What it takes beside text, where the list says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takes: Option<BTreeSet<MediaKind>>,
    /// The wire that alone serves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<Wire>,
    /// The day it is shut down, `YYYY-MM-DD`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<String>,
}

/// Prices in the table: decimal text, so that none is changed by being written and read.
mod per_million {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::model::PicoDollars;

    #[allow(clippy::ref_option, reason = "serde hands the field over as it is")]
    pub(super) fn serialize<S: Serializer>(price: &Option<PicoDollars>, to: S) -> Result<S::Ok, S::Error> {
        match price {
            Some(price) => to.serialize_str(&price.per_million_text()),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PicoDollars>, D::Error> {
        let text = String::deserialize(from)?;
        let price = PicoDollars::from_decimal(&text, 6).filter(|price| *price <= super::MOST);
        price.map(Some).ok_or_else(|| Error::custom(format!("`{text}` is no price")))
    }
}

/// What of a list did not come into the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many models of each vendor that is not known.
    pub unknown_vendors: BTreeMap<String, usize>,
    /// Entries that cannot be right, each with the reason.
    pub refused: Vec<(String, String)>,
    /// How many models that answer no chat.
    pub no_chat: usize,
}

/// Reads a list from its file: LiteLLM's `model_prices_and_context_window.json` or models.dev's `api.json`, whichever it
/// is. Fails on a file that is neither.
pub fn read_list(path: &Path, now: Timestamp) -> Result<(PriceTable, LeftOut), StoreError> {
    let failed = |error: &std::io::Error| atomic_file::error_of("read", path, error);
    let about = fs::metadata(path).map_err(|error| failed(&error))?;
    if !about.is_file() {
        return Err(StoreError::new(format!("cannot read {}: it is {}", path.display(), atomic_file::kind_of(&about))));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| failed(&error))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        let shown = path.display();
        return Err(StoreError::new(format!(
            "cannot read {shown}: it is larger than 64 MiB, more than a price list is"
        )));
    }
    let changed = about.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
    let day = changed.map_or(now, |changed| changed.min(now)).strftime("%Y-%m-%d").to_string();
    parse_list(&String::from_utf8_lossy(&bytes), &day)
        .map_err(|message| StoreError::new(format!("{}: {message}", path.display())))
}

/// Reads a list from its text.
fn parse_list(text: &str, day: &str) -> Result<(PriceTable, LeftOut), String> {
    let forms = "a price list is LiteLLM's model_prices_and_context_window.json or models.dev's api.json";
    let quoted = quote_non_numbers(text.trim_start_matches('\u{feff}'));
    let list: Value = serde_json::from_str(&quoted).map_err(|error| format!("this is no JSON ({error}); {forms}"))?;
    let Value::Object(list) = list else {
        return Err(format!("this is no JSON object; {forms}"));
    };
    let (mut rows, mut left_out) = (BTreeMap::new(), LeftOut::default());
    let has = |field: &str| list.values().any(|entry| entry.get(field).is_some());
    let source = if has("litellm_provider") {
        litellm(&list, &mut rows, &mut left_out);
        "LiteLLM"
    } else if list.values().any(|entry| entry.get("models").is_some_and(Value::is_object)) {
        models_dev(&list, &mut rows, &mut left_out);
        "models.dev"
    } else {
        return Err(format!("this is no price list that retort knows; {forms}"));
    };
    let models = rows.into_values().collect();
    Ok((PriceTable { source: source.to_owned(), as_of: day.to_owned(), models }, left_out))
}

type Rows = BTreeMap<(String, String), PriceRow>;

/// LiteLLM's form: an entry by the model's name, in most with the provider before it, prices in dollars per token.
fn litellm(list: &Map<String, Value>, rows: &mut Rows, left_out: &mut LeftOut) {
    for (key, entry) in list.iter().filter(|(key, _)| *key != "sample_spec") {
        let Some(provider) = entry.get("litellm_provider").and_then(Value::as_str) else {
            left_out.refused.push((key.clone(), "it names no `litellm_provider`".to_owned()));
            continue;
        };
        let mode = entry.get("mode").and_then(Value::as_str).unwrap_or("chat");
        if !["chat", "responses"].contains(&mode) || key.starts_with("ft:") {
            left_out.no_chat += 1;
            continue;
        }
        let Some(vendor) = Vendor::named(provider) else {
            *left_out.unknown_vendors.entry(provider.to_owned()).or_default() += 1;
            continue;
        };
        let id = key.strip_prefix(provider).and_then(|rest| rest.strip_prefix('/')).unwrap_or(key);
        let fields = Fields { entry, places: 12 };
        let row = fields
            .row(
                ["input_cost_per_token", "output_cost_per_token"],
                ["cache_read_input_token_cost", "cache_creation_input_token_cost"],
                ["input_cost_per_audio_token", "output_cost_per_audio_token"],
                ["max_input_tokens", "max_output_tokens"],
            )
            .map(|row| PriceRow {
                reasons: entry.get("supports_reasoning") == Some(&Value::Bool(true)),
                takes: litellm_takes(entry),
                wire: (mode == "responses" && vendor.takes(Wire::Responses)).then_some(Wire::Responses),
                shutdown: day(entry.get("deprecation_date")),
                ..row
            });
        put(key, (vendor, id), row, rows, left_out);
    }
}

/// models.dev's form: providers with their models, prices in dollars per million tokens.
fn models_dev(list: &Map<String, Value>, rows: &mut Rows, left_out: &mut LeftOut) {
    for (provider, about) in list {
        let Some(models) = about.get("models").and_then(Value::as_object) else {
            left_out.refused.push((provider.clone(), "it has no `models`".to_owned()));
            continue;
        };
        let Some(vendor) = Vendor::named(provider) else {
            *left_out.unknown_vendors.entry(provider.clone()).or_default() += models.len();
            continue;
        };
        for (id, entry) in models {
            let answers = entry.pointer("/modalities/output").and_then(Value::as_array);
            if answers.is_some_and(|kinds| !kinds.iter().any(|kind| kind == "text")) {
                left_out.no_chat += 1;
                continue;
            }
            let fields = Fields { entry, places: 6 };
            let row = fields
                .row(
                    ["/cost/input", "/cost/output"],
                    ["/cost/cache_read", "/cost/cache_write"],
                    ["/cost/input_audio", "/cost/output_audio"],
                    ["/limit/context", "/limit/output"],
                )
                .map(|row| PriceRow {
                    reasons: entry.get("reasoning") == Some(&Value::Bool(true)),
                    takes: entry.pointer("/modalities/input").and_then(Value::as_array).map(|all| takes(all)),
                    ..row
                });
            put(&format!("{provider}/{id}"), (vendor, id), row, rows, left_out);
        }
    }
}

/// Reads what a model takes by LiteLLM's marks. What has none of them is not known.
fn litellm_takes(entry: &Value) -> Option<BTreeSet<MediaKind>> {
    let marked = |name: &str| entry.get(name) == Some(&Value::Bool(true));
    let marks = ["supports_vision", "supports_pdf_input", "supports_audio_input"];
    let kinds = MediaKind::ALL.into_iter().zip(marks).filter(|(_, mark)| marked(mark)).map(|(kind, _)| kind);
    let takes: BTreeSet<MediaKind> = kinds.collect();
    takes.contains(&MediaKind::Image).then_some(takes)
}

/// Reads what a model takes by the names of models.dev.
fn takes(names: &[Value]) -> BTreeSet<MediaKind> {
    let kind = |name: &Value| match name.as_str()? {
        "image" => Some(MediaKind::Image),
        "pdf" => Some(MediaKind::File),
        "audio" => Some(MediaKind::Audio),
        _ => None,
    };
    names.iter().filter_map(kind).collect()
}

fn put(
    key: &str,
    (vendor, id): (&Vendor, &str),
    row: Result<PriceRow, String>,
    rows: &mut Rows,
    left_out: &mut LeftOut,
) {
    let fits = !id.is_empty() && id.len() <= 200 && !id.contains(|c: char| c.is_whitespace() || c.is_control());
    match row {
        Ok(row) if fits => {
            let row = PriceRow { vendor: vendor.name.clone(), id: id.to_owned(), ..row };
            rows.insert((vendor.name.clone(), id.to_owned()), row);
        }
        Ok(_) => left_out.refused.push((key.to_owned(), "this is no model's name".to_owned())),
        Err(why) => left_out.refused.push((key.to_owned(), why)),
    }
}

/// An entry of a list, whose fields are read by name or JSON pointer.
struct Fields<'a> {
    entry: &'a Value,
    /// How many decimal places a price is moved to be in picodollars per token.
    places: i32,
}

impl Fields<'_> {
    fn row(
        &self,
        price: [&str; 2],
        cached: [&str; 2],
        audio: [&str; 2],
        tokens: [&str; 2],
    ) -> Result<PriceRow, String> {
        let [input, output] = price.map(|name| self.price(name));
        let [cache_read, cache_write] = cached.map(|name| self.price(name));
        let [audio_input, audio_output] = audio.map(|name| self.price(name));
        let [context, max_output] = tokens.map(|name| self.tokens(name));
        Ok(PriceRow {
            input: input?,
            output: output?,
            cache_read: cache_read?,
            cache_write: cache_write?,
            audio_input: audio_input?,
            audio_output: audio_output?,
            context: context?,
            max_output: max_output?,
            ..PriceRow::default()
        })
    }

    /// Returns the text of a number; none where there is none.
    fn number(&self, name: &str) -> Result<Option<String>, String> {
        let value = if name.starts_with('/') { self.entry.pointer(name) } else { self.entry.get(name) };
        match value {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_)) => {
                Err(format!("`{}` is no number", name.trim_start_matches('/')))
            }
        }
    }

    fn price(&self, name: &str) -> Result<Option<PicoDollars>, String> {
        let Some(text) = self.number(name)? else {
            return Ok(None);
        };
        let shown = name.trim_start_matches('/');
        let price = PicoDollars::from_decimal(&text, self.places)
            .ok_or_else(|| format!("`{shown}` is {text}, which is no price"))?;
        if price > MOST {
            return Err(format!("`{shown}` is {text}, more than $10,000 for a million tokens"));
        }
        Ok(Some(price))
    }

    fn tokens(&self, name: &str) -> Result<Option<u64>, String> {
        let Some(text) = self.number(name)? else {
            return Ok(None);
        };
        let whole = text.trim().strip_suffix(".0").unwrap_or(text.trim());
        let tokens = whole.parse::<u64>().ok().filter(|tokens| *tokens <= MOST_TOKENS);
        let tokens = tokens
            .ok_or_else(|| format!("`{}` is {text}, which is no number of tokens", name.trim_start_matches('/')))?;
        Ok(Some(tokens).filter(|tokens| *tokens > 0))
    }
}

fn day(value: Option<&Value>) -> Option<String> {
    let day = value?.as_str()?;
    (day.len() == 10 && day.parse::<jiff::civil::Date>().is_ok()).then(|| day.to_owned())
}

/// Puts quotes around `NaN` and `Infinity`, which Python writes and JSON does not have, so that they spoil their own
/// entry and no other.
fn quote_non_numbers(text: &str) -> Cow<'_, str> {
    const WORDS: [&str; 3] = ["NaN", "-Infinity", "Infinity"];
    if !WORDS.iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let (mut in_text, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !in_text && let Some(word) = WORDS.into_iter().find(|word| rest.starts_with(word)) {
            out.push('"');
            out.push_str(word);
            out.push('"');
            rest = rest.get(word.len()..).unwrap_or_default();
            continue;
        }
        if c == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && c == '\\' && !escaped;
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    Cow::Owned(out)
}

/// Returns where the user's table is.
#[must_use]
pub fn file(places: &Places) -> PathBuf {
    places.config.join(PRICES_FILE)
}

/// Reads the user's table; without a file there is none.
pub fn read(places: &Places) -> Result<Option<PriceTable>, StoreError> {
    let file = file(places);
    let Some(text) = atomic_file::read(&file)? else {
        return Ok(None);
    };
    let table = serde_json::from_str(&text).map_err(|error| {
        let shown = file.display();
        StoreError::new(format!(
            "{shown} cannot be read ({error}); remove it, and have a price list read again: retort models --update FILE"
        ))
    })?;
    Ok(Some(table))
}

/// Writes the user's table in the place of the one before, a model a line.
pub fn write(places: &Places, table: &PriceTable) -> Result<(), StoreError> {
    let unwritten = |error: serde_json::Error| StoreError::new(format!("the prices cannot be written: {error}"));
    let head = PriceTable { models: Vec::new(), ..table.clone() };
    let head = serde_json::to_string(&head).map_err(unwritten)?;
    let rows: Vec<String> =
        table.models.iter().map(serde_json::to_string).collect::<Result<_, _>>().map_err(unwritten)?;
    let text = format!("{}\n{}\n]}}\n", head.trim_end_matches("]}"), rows.join(",\n"));
    atomic_file::write(&file(places), &text, true)
}

/// Lays the user's table over the built-in one: its prices and days replace the others', its sizes fill in what is not
/// known. Returns the models, each with its vendor's name.
#[must_use]
pub fn cards(table: Option<&PriceTable>) -> Vec<(String, ModelCard)> {
    let mut cards = builtin::cards();
    let Some(table) = table else {
        return cards;
    };
    let places: BTreeMap<(String, String), usize> =
        cards.iter().enumerate().map(|(at, (vendor, card))| ((vendor.clone(), card.id.clone()), at)).collect();
    for row in &table.models {
        let known = places.get(&(row.vendor.clone(), row.id.clone())).and_then(|at| cards.get_mut(*at));
        if let Some((_, card)) = known {
            row.lay_over(card, table);
        } else {
            let json = Vendor::named(&row.vendor).and_then(|vendor| vendor.json).unwrap_or_default();
            let mut card = ModelCard { id: row.id.clone(), known: true, json, ..ModelCard::default() };
            row.lay_over(&mut card, table);
            cards.push((row.vendor.clone(), card));
        }
    }
    cards
}

impl PriceRow {
    fn lay_over(&self, card: &mut ModelCard, table: &PriceTable) {
        if let (Some(input), Some(output)) = (self.input, self.output) {
            card.price = Some(Price {
                input,
                output,
                cache_read: self.cache_read,
                cache_write: self.cache_write,
                audio_input: self.audio_input,
                audio_output: self.audio_output,
                as_of: table.as_of.clone(),
                source: PriceSource::List(table.source.clone()),
            });
        }
        card.context = card.context.or(self.context);
        card.max_output = card.max_output.or(self.max_output);
        card.takes = card.takes.take().or_else(|| self.takes.clone());
        card.reasons |= self.reasons;
        card.wire = card.wire.or(self.wire);
        card.shutdown = self.shutdown.clone().or(card.shutdown.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::Project;

    const LITELLM: &str = r#"{
        "sample_spec": {"litellm_provider": "one of …", "input_cost_per_token": 0.0, "mode": "…"},
        "gpt-4o-mini": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07,
            "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08, "max_input_tokens": 128000,
            "max_output_tokens": 16384, "deprecation_date": "2027-02-01"},
        "groq/llama-x": {"litellm_provider": "groq", "mode": "chat", "input_cost_per_token": 0.00000059,
            "output_cost_per_token": "7.9e-07", "max_input_tokens": 131072, "supports_reasoning": true},
        "gemini/gemini-x": {"litellm_provider": "gemini", "input_cost_per_token": 1e-07, "output_cost_per_token": 4e-07},
        "together_ai/meta-llama/L": {"litellm_provider": "together_ai", "mode": "chat", "max_input_tokens": "8192"},
        "gpt-pro-x": {"litellm_provider": "openai", "mode": "responses", "input_cost_per_token": 1e-6,
            "output_cost_per_token": 2e-6},
        "text-embedding-x": {"litellm_provider": "openai", "mode": "embedding", "input_cost_per_token": 1e-8},
        "bedrock/a": {"litellm_provider": "bedrock", "mode": "chat"},
        "bedrock/b": {"litellm_provider": "bedrock", "mode": "chat"},
        "xai/minus": {"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": -1e-6},
        "xai/nan": {"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": NaN},
        "xai/inf": {"litellm_provider": "xai", "mode": "chat", "output_cost_per_token": -Infinity, "x": "\\\" NaN"},
        "xai/absurd": {"litellm_provider": "xai", "mode": "chat", "output_cost_per_token": 0.5},
        "xai/tokens": {"litellm_provider": "xai", "mode": "chat", "max_output_tokens": -3},
        "xai/half": {"litellm_provider": "xai", "mode": "chat", "max_output_tokens": 1.5},
        "xai/odd": {"litellm_provider": "xai", "mode": "chat", "input_cost_per_token": [1]},
        "xai/a b": {"litellm_provider": "xai", "mode": "chat"},
        "nobody": {"mode": "chat"}
    }"#;

    const MODELS_DEV: &str = r#"{
        "groq": {"id": "groq", "env": ["GROQ_API_KEY"], "models": {
            "llama-x": {"id": "llama-x", "reasoning": false, "cost": {"input": 0.59, "output": 0.79},
                "limit": {"context": 131072, "output": 32768}, "modalities": {"output": ["text"]}},
            "whisper": {"id": "whisper", "cost": {"input": 1, "output": 1}, "modalities": {"output": ["audio"]}}}},
        "moonshotai": {"id": "moonshotai", "models": {
            "kimi-x": {"reasoning": true, "cost": {"input": 0.6, "output": 2.5, "cache_read": 0.15},
                "limit": {"context": 262144, "output": 0}}}},
        "someone": {"id": "someone", "models": {"a": {}, "b": {}}},
        "broken": {"id": "broken"}
    }"#;

    fn row<'a>(table: &'a PriceTable, vendor: &str, id: &str) -> Option<&'a PriceRow> {
        table.models.iter().find(|row| row.vendor == vendor && row.id == id)
    }

    #[test]
    fn litellms_list_is_read_exactly_and_each_bad_entry_is_refused_by_name() {
        let (table, left_out) = parse_list(LITELLM, "2026-11-29").unwrap();
        assert_eq!((table.source.as_str(), table.as_of.as_str()), ("LiteLLM", "2026-11-29"));
        let mini = row(&table, "openai", "gpt-4o-mini").unwrap();
        assert_eq!((mini.input, mini.output), (Some(PicoDollars(150_000)), Some(PicoDollars(600_000))));
        assert_eq!((mini.cache_read, mini.shutdown.as_deref()), (Some(PicoDollars(75_000)), Some("2027-02-01")));
        let llama = row(&table, "groq", "llama-x").unwrap();
        assert_eq!((llama.input, llama.output), (Some(PicoDollars(590_000)), Some(PicoDollars(790_000))));
        assert!(llama.reasons && llama.context == Some(131_072));
        assert!(row(&table, "google", "gemini-x").is_some());
        assert_eq!(row(&table, "together", "meta-llama/L").unwrap().context, Some(8192));
        assert_eq!(row(&table, "openai", "gpt-pro-x").unwrap().wire, Some(Wire::Responses));
        assert_eq!(table.models.len(), 5);
        assert_eq!((left_out.no_chat, left_out.unknown_vendors), (1, [("bedrock".to_owned(), 2)].into()));
        let refused: Vec<&str> = left_out.refused.iter().map(|(key, _)| key.as_str()).collect();
        let names = ["minus", "nan", "inf", "absurd", "tokens", "half", "odd", "a b"].map(|name| format!("xai/{name}"));
        assert_eq!(refused, [names.each_ref().map(String::as_str).as_slice(), &["nobody"]].concat());
        assert_eq!(left_out.refused[1].1, "`input_cost_per_token` is NaN, which is no price");
    }

    #[test]
    fn models_devs_list_is_read_by_its_shape() {
        let (table, left_out) = parse_list(MODELS_DEV, "2026-11-29").unwrap();
        assert_eq!(table.source, "models.dev");
        let llama = row(&table, "groq", "llama-x").unwrap();
        assert_eq!((llama.input, llama.output), (Some(PicoDollars(590_000)), Some(PicoDollars(790_000))));
        let kimi = row(&table, "moonshot", "kimi-x").unwrap();
        assert!(kimi.reasons && kimi.max_output.is_none() && kimi.cache_read == Some(PicoDollars(150_000)));
        assert_eq!((table.models.len(), left_out.no_chat), (2, 1));
        assert_eq!(left_out.unknown_vendors, [("someone".to_owned(), 2)].into());
        assert_eq!(left_out.refused, [("broken".to_owned(), "it has no `models`".to_owned())]);
    }

    #[test]
    fn what_is_no_price_list_is_refused_with_what_one_is() {
        for text in ["", "[]", "{}", "<html>", r#"{"a": 1}"#, r#"{"openai": {"models": ["gpt"]}}"#] {
            let error = parse_list(text, "2026-11-29").unwrap_err();
            assert!(error.contains("model_prices_and_context_window.json or models.dev's api.json"), "{text}: {error}");
        }
    }

    #[test]
    fn the_users_table_is_read_as_it_was_written_and_lies_over_the_built_in_one() {
        let dir = tempfile::tempdir().unwrap();
        let here = || dir.path().to_path_buf();
        let places = Places { config: here(), data: here(), cache: here(), state: here(), project: Project::Absent };
        assert_eq!(read(&places).unwrap(), None);
        let (mut table, _) = parse_list(LITELLM, "2026-11-29").unwrap();
        if let Some(mini) = table.models.iter_mut().find(|row| row.id == "gpt-4o-mini") {
            mini.input = Some(PicoDollars(123_457));
        }
        write(&places, &table).unwrap();
        assert_eq!(read(&places).unwrap().as_ref(), Some(&table));
        let cards = cards(Some(&table));
        let card = |vendor: &str, id: &str| &cards.iter().find(|(of, card)| of == vendor && card.id == id).unwrap().1;
        let mini = card("openai", "gpt-4o-mini");
        let price = mini.price.as_ref().unwrap();
        assert_eq!((price.input, price.origin().as_str()), (PicoDollars(123_457), "LiteLLM 2026-11-29"));
        assert_eq!((mini.shutdown.as_deref(), mini.successor.as_deref()), (Some("2027-02-01"), Some("gpt-6-luna")));
        assert!(card("groq", "llama-x").known);
        fs::write(file(&places), "{").unwrap();
        let error = read(&places).unwrap_err().message;
        assert!(error.contains("models.json cannot be read") && error.contains("--update FILE"), "{error}");
    }

    #[test]
    fn a_list_of_ten_megabytes_is_read() {
        let entry = |at: usize| {
            let pad = "x".repeat(900);
            format!(r#""groq/m-{at}": {{"litellm_provider": "groq", "input_cost_per_token": 1e-07, "pad": "{pad}"}}"#)
        };
        let entries: Vec<String> = (0..11_000).map(entry).collect();
        let text = format!("{{{}}}", entries.join(","));
        assert!(text.len() > 10_000_000);
        assert_eq!(parse_list(&text, "2026-11-29").unwrap().0.models.len(), 11_000);
    }
}
