//! The built-in tables: the models of `assets/models.toml`, and the starter prompts with an input each.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::model::{
    MediaKind, ModelCard, PicoDollars, Price, Prompt, Wire,
    model_card::{JsonSupport, PriceSource},
    vendor::Vendor,
};

/// `assets/models.toml`, as the build wrote it.
const TABLE: &str = include_str!(concat!(env!("OUT_DIR"), "/models.json"));

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: String,
    #[serde(rename = "model")]
    models: Vec<ModelCardRow>,
}

/// One model of the table; prices are US dollars for a million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelCardRow {
    id: String,
    vendor: String,
    context: Option<u64>,
    max_output: Option<u64>,
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    audio_input: Option<f64>,
    audio_output: Option<f64>,
    #[serde(default)]
    rejects: Vec<String>,
    #[serde(default)]
    completion_tokens: bool,
    wire: Option<Wire>,
    json: Option<JsonSupport>,
    takes: Option<BTreeSet<MediaKind>>,
    #[serde(default)]
    reasons: bool,
    /// The day it was read, where that is not the table's.
    as_of: Option<String>,
    shutdown: Option<String>,
    successor: Option<String>,
}

/// Returns the table's models, each with the name of the vendor that serves it.
///
/// The table is part of the program and a test reads it; should it be broken all the same, there
/// are no cards, and every model counts as unknown.
#[must_use]
pub fn cards() -> Vec<(String, ModelCard)> {
    let table: Table = serde_json::from_str(TABLE).unwrap_or_default();
    table.models.into_iter().map(|row| row.card(&table.as_of)).collect()
}

impl ModelCardRow {
    fn card(self, as_of: &str) -> (String, ModelCard) {
        let price = self.input.zip(self.output).map(|(input, output)| Price {
            input: PicoDollars::per_million(input),
            output: PicoDollars::per_million(output),
            cache_read: self.cache_read.map(PicoDollars::per_million),
            cache_write: self.cache_write.map(PicoDollars::per_million),
            audio_input: self.audio_input.map(PicoDollars::per_million),
            audio_output: self.audio_output.map(PicoDollars::per_million),
            as_of: self.as_of.unwrap_or_else(|| as_of.to_owned()),
            source: PriceSource::Table,
        });
        let of_vendor = || Vendor::named(&self.vendor)?.json;
        let card = ModelCard {
            id: self.id,
            known: true,
            context: self.context,
            max_output: self.max_output,
            price,
            rejects: self.rejects,
            completion_tokens: self.completion_tokens,
            max_tokens: None,
            wire: self.wire,
            json: self.json.or_else(of_vendor).unwrap_or_default(),
            takes: self.takes,
            reasons: self.reasons,
            shutdown: self.shutdown,
            successor: self.successor,
        };
        (self.vendor, card)
    }
}

const STARTERS: &[(&str, &str, &str)] = &[
    (
        "sentiment",
        include_str!("../../assets/prompts/sentiment.toml"),
        include_str!("../../assets/inputs/sentiment.txt"),
    ),
    ("extract", include_str!("../../assets/prompts/extract.toml"), include_str!("../../assets/inputs/extract.txt")),
    ("summary", include_str!("../../assets/prompts/summary.toml"), include_str!("../../assets/inputs/summary.txt")),
];

/// The sample data set for the first starter prompt: two dozen messages as CSV, with what is expected of each.
pub const SAMPLE_DATA: &str = include_str!("../../assets/samples/messages.csv");

/// The files of the sample project whose prompt calls tools and looks at pictures, by their paths in its folder.
pub const SUPPORT_SAMPLE: &[(&str, &[u8])] = &[
    ("retort.toml", include_bytes!("../../assets/support/retort.toml")),
    ("prompts/support.toml", include_bytes!("../../assets/support/support.toml")),
    ("messages.csv", include_bytes!("../../assets/support/messages.csv")),
    ("photos/whole.png", include_bytes!("../../assets/support/whole.png")),
    ("photos/torn.png", include_bytes!("../../assets/support/torn.png")),
    ("photos/wet.png", include_bytes!("../../assets/support/wet.png")),
];

/// Returns the starter prompts: name, prompt, and a sample input without its last line end. The
/// first is the one for a first start.
///
/// They are part of the program and a test reads them; one that is broken all the same is left out.
#[must_use]
pub fn starters() -> Vec<(&'static str, Prompt, &'static str)> {
    STARTERS
        .iter()
        .filter_map(|(name, prompt, input)| Some((*name, toml::from_str(prompt).ok()?, input.trim_end())))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::Date;

    use super::*;
    use crate::{model::Format, template::asks};

    fn table() -> BTreeMap<String, (String, ModelCard)> {
        cards().into_iter().map(|(vendor, card)| (card.id.clone(), (vendor, card))).collect()
    }

    #[test]
    fn the_table_reads_without_an_error_and_names_each_model_once() {
        let read: Table = serde_json::from_str(TABLE).unwrap();
        assert!(read.models.len() > 100, "{} models", read.models.len());
        assert_eq!(table().len(), read.models.len());
        let written: Table = toml::from_str(include_str!("../../assets/models.toml")).unwrap();
        let written: Vec<_> = written.models.into_iter().map(|row| row.card(&written.as_of)).collect();
        assert_eq!(cards(), written);
    }

    #[test]
    fn every_day_is_a_day_and_every_successor_outlives_the_model() {
        let table = table();
        for (id, (vendor, card)) in &table {
            assert!(Vendor::named(vendor).is_some_and(|known| known.name == *vendor), "{id}: {vendor}");
            if let Some(day) = &card.shutdown {
                assert!(day.parse::<Date>().is_ok() && day.len() == 10, "{id}: {day}");
                assert!(card.successor.is_some(), "{id} goes without a successor");
            }
            if let Some(name) = &card.successor {
                let (successor_vendor, successor) = &table[name];
                assert_eq!((vendor, &successor.shutdown), (successor_vendor, &None), "{id} -> {name}");
            }
            if let Some(price) = &card.price {
                assert!(price.as_of.parse::<Date>().is_ok());
                assert!(price.input.0 > 0 && price.output >= price.input, "{id}: {price:?}");
            }
            assert!(card.max_output <= card.context || card.context.is_none(), "{id}");
        }
    }

    #[test]
    fn the_default_model_is_priced_and_its_end_is_announced() {
        let (vendor, mini) = &table()["gpt-4o-mini"];
        assert_eq!(vendor, "openai");
        assert_eq!(mini.shutdown.as_deref(), Some("2027-01-14"));
        assert_eq!(mini.successor.as_deref(), Some("gpt-6-luna"));
        let price = mini.price.as_ref().unwrap();
        assert_eq!((price.input, price.output), (PicoDollars(150_000), PicoDollars(600_000)));
        assert_eq!(price.cache_read, Some(PicoDollars(75_000)));
        assert!(!mini.rejects("temperature"));
    }

    #[test]
    fn models_gone_before_this_table_are_in_it_with_their_successor() {
        let table = table();
        for id in ["claude-2", "claude-2.1", "claude-instant-1.2", "claude-3-opus-20240229", "gpt-4", "o1-mini"] {
            let (_, card) = &table[id];
            assert!(card.retired_on("2026-11-22"), "{id} still counts as served");
            assert!(card.successor.is_some());
        }
        assert!(!table["claude-sonnet-4-5"].1.retired_on("2026-11-29"));
        assert!(table["claude-sonnet-4-5"].1.retired_on("2026-11-30"));
    }

    #[test]
    fn models_that_reject_sampling_say_so() {
        let table = table();
        for id in ["o1", "o3-mini", "o4-mini", "gpt-5", "gpt-6-luna", "claude-opus-4-7", "claude-haiku-5-5"] {
            assert!(table[id].1.rejects("temperature"), "{id}");
        }
        for id in ["gpt-4o", "gpt-4.1-mini", "gpt-5-chat-latest", "claude-haiku-4-5", "claude-sonnet-4-6"] {
            assert!(!table[id].1.rejects("temperature"), "{id}");
        }
        assert!(table["o3"].1.rejects("stop") && table["o3"].1.completion_tokens);
    }

    #[test]
    fn an_unknown_price_is_absent_and_not_zero() {
        assert_eq!(table()["claude-1.3"].1.price, None);
    }

    #[test]
    fn every_starter_reads_and_needs_nothing_but_its_input() {
        assert_eq!(starters().len(), STARTERS.len());
        for (name, prompt, input) in starters() {
            assert!(!prompt.description.is_empty() && !input.is_empty(), "{name}");
            assert!(prompt.targets.is_empty(), "{name} must run on whatever is selected");
            assert_eq!(asks(&prompt.system).names, [""; 0], "{name}");
            assert_eq!(asks(&prompt.user).names, ["input"], "{name}");
        }
    }

    #[test]
    fn the_first_starter_judges_its_own_confidence() {
        let (name, prompt, _) = starters().swap_remove(0);
        assert_eq!((name, prompt.response.format), ("sentiment", Format::Schema));
        assert_eq!(prompt.response.required, ["sentiment", "confidence_score"]);
        assert_eq!(prompt.response.confidence.as_deref(), Some("/confidence_score"));
        assert_eq!(prompt.response.min_confidence, Some(0.7));
    }
}
