//! The built-in table of models: `assets/models.toml`, read into cards.

use serde::Deserialize;

use crate::model::{ModelCard, PicoDollars, Price, ProviderKind, card::JsonSupport};

const TABLE: &str = include_str!("../../assets/models.toml");

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    as_of: String,
    #[serde(rename = "model")]
    models: Vec<Row>,
}

/// One model of the table; prices are US dollars for a million tokens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: String,
    kind: ProviderKind,
    context: Option<u64>,
    max_output: Option<u64>,
    input: Option<f64>,
    output: Option<f64>,
    cache_read: Option<f64>,
    cache_write: Option<f64>,
    #[serde(default)]
    rejects: Vec<String>,
    #[serde(default)]
    completion_tokens: bool,
    json: JsonSupport,
    #[serde(default)]
    reasons: bool,
    shutdown: Option<String>,
    successor: Option<String>,
}

/// Returns the table's models, each with the kind of provider that serves it.
///
/// The table is part of the program and a test reads it; should it be broken all the same, there
/// are no cards, and every model counts as unknown.
#[must_use]
pub fn cards() -> Vec<(ProviderKind, ModelCard)> {
    let table: Table = toml::from_str(TABLE).unwrap_or_default();
    table.models.into_iter().map(|row| row.card(&table.as_of)).collect()
}

impl Row {
    fn card(self, as_of: &str) -> (ProviderKind, ModelCard) {
        let price = self.input.zip(self.output).map(|(input, output)| Price {
            input: PicoDollars::per_million(input),
            output: PicoDollars::per_million(output),
            cache_read: self.cache_read.map(PicoDollars::per_million),
            cache_write: self.cache_write.map(PicoDollars::per_million),
            as_of: as_of.to_owned(),
        });
        let card = ModelCard {
            id: self.id,
            known: true,
            context: self.context,
            max_output: self.max_output,
            price,
            rejects: self.rejects,
            completion_tokens: self.completion_tokens,
            json: self.json,
            reasons: self.reasons,
            shutdown: self.shutdown,
            successor: self.successor,
        };
        (self.kind, card)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::Date;

    use super::*;

    fn table() -> BTreeMap<String, (ProviderKind, ModelCard)> {
        cards().into_iter().map(|(kind, card)| (card.id.clone(), (kind, card))).collect()
    }

    #[test]
    fn the_table_reads_without_a_fault_and_names_each_model_once() {
        let read: Table = toml::from_str(TABLE).unwrap();
        assert!(read.models.len() > 100, "{} models", read.models.len());
        assert_eq!(table().len(), read.models.len());
    }

    #[test]
    fn every_day_is_a_day_and_every_successor_outlives_the_model() {
        let table = table();
        for (id, (kind, card)) in &table {
            if let Some(day) = &card.shutdown {
                assert!(day.parse::<Date>().is_ok() && day.len() == 10, "{id}: {day}");
                assert!(card.successor.is_some(), "{id} goes without a successor");
            }
            if let Some(name) = &card.successor {
                let (successor_kind, successor) = &table[name];
                assert_eq!((kind, &successor.shutdown), (successor_kind, &None), "{id} -> {name}");
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
        let (kind, mini) = &table()["gpt-4o-mini"];
        assert_eq!(*kind, ProviderKind::OpenAi);
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
}
