//! The columns of the list of models, what a million tokens cost among them, and which of them there is room for.

use std::fmt::Write as _;

use crate::{
    model::Target,
    text::format::per_million,
    widgets::table::{left, right},
};

/// Columns of the provider, of either price, and of the context.
const PROVIDER: usize = 12;
const PRICE: usize = 8;
const CONTEXT: usize = 8;

/// Columns of what the record has of a model, or of why it cannot be asked.
const NOTE: usize = 26;

/// Which columns there is room for. Name and note are always there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ModelColumns {
    pub(crate) name: usize,
    provider: bool,
    prices: bool,
    context: bool,
}

impl ModelColumns {
    /// Gives the note its room first, then the prices, the provider, the context.
    pub(crate) fn new(room: usize) -> Self {
        let name = room.saturating_sub(NOTE + 4).clamp(12, 24);
        let mut left = room.saturating_sub(name + 4 + NOTE);
        let mut has = |columns: usize| {
            let fits = left >= columns;
            left = if fits { left - columns } else { 0 };
            fits
        };
        let (prices, provider) = (has(2 * PRICE + 2), has(PROVIDER + 1));
        let context = has(CONTEXT + 1);
        Self { name: name + left.min(8), provider, prices, context }
    }

    /// Sets the cells that there is room for.
    pub(crate) fn set(self, [provider, price_in, price_out, context]: [&str; 4]) -> String {
        let mut out = String::new();
        if self.provider {
            let _ = write!(out, " {}", left(provider, PROVIDER));
        }
        if self.prices {
            let _ = write!(out, " {} {}", right(price_in, PRICE), right(price_out, PRICE));
        }
        if self.context {
            let _ = write!(out, " {}", right(context, CONTEXT));
        }
        out
    }
}

/// What the cells are headed.
pub(crate) const HEADS: [&str; 4] = ["provider", "$/M in", "$/M out", "context"];

/// Writes what a million tokens cost, in and out, in dollars.
pub(crate) fn prices(target: &Target) -> [String; 2] {
    match &target.card.price {
        _ if target.is_demo() => ["free".to_owned(), String::new()],
        None => ["$?".to_owned(), "$?".to_owned()],
        Some(price) if price.is_free() => ["free".to_owned(), String::new()],
        Some(price) => [price.input, price.output].map(|each| per_million(Some(each))),
    }
}

/// Writes what a million tokens of recordings cost where that is something else than of text: `audio $/M  32 in  64 out`.
pub(crate) fn audio_prices(target: &Target) -> Option<String> {
    let price = target.card.price.as_ref()?;
    let each = [(price.audio_input, "in"), (price.audio_output, "out")];
    let told = each.into_iter().filter_map(|(each, way)| Some(format!("  {} {way}", per_million(Some(each?)))));
    let told: String = told.collect();
    (!told.is_empty()).then(|| format!("audio $/M{told}"))
}
