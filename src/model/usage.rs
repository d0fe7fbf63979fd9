//! Token counts: saturating integers, unknown kept apart from zero; and the rate and estimate of tokens.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::{
    cost::{CacheSaving, Cost, PicoDollars},
    model_card::Price,
};

/// Tokens of one answer in classes that do not overlap. `None` is "the provider did not say".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Usage {
    /// Input tokens read at full price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<u64>,
    /// Input tokens read from the provider's prompt cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<u64>,
    /// Input tokens written to the provider's prompt cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<u64>,
    /// Output tokens of the visible answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Output tokens spent on reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning: Option<u64>,
    /// How many of the input tokens are of recordings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<u64>,
    /// How many of the input tokens are of pictures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<u64>,
    /// How many of the output tokens are of a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<u64>,
    /// True when any count is our own estimate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// True when more may have been taken than is counted: a call was sent of which nobody told all counts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

/// Tokens that no single count reaches; what does is no count, and is left out of every sum.
pub const IMPOSSIBLE_TOKENS: u64 = 100_000_000;

impl Usage {
    /// Adds up everything that went in; `None` if nothing is known of it.
    #[must_use]
    pub fn total_input(&self) -> Option<u64> {
        sum([self.input, self.cache_read, self.cache_write])
    }

    /// Adds up everything that came out; `None` if nothing is known of it.
    #[must_use]
    pub fn total_output(&self) -> Option<u64> {
        sum([self.output, self.reasoning])
    }

    /// Adds up all classes; `None` if nothing is known.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        sum([self.total_input(), self.total_output()])
    }

    /// Leaves out counts that cannot be, as [`IMPOSSIBLE_TOKENS`] says; the rest is partial then.
    #[must_use]
    pub fn possible(self) -> Self {
        let can_be = |count: &u64| *count < IMPOSSIBLE_TOKENS;
        let Self { input, cache_read, cache_write, output, reasoning, audio, image, audio_output, estimated, partial } =
            self;
        let [input, cache_read, cache_write, output, reasoning, audio, image, audio_output] =
            [input, cache_read, cache_write, output, reasoning, audio, image, audio_output]
                .map(|count| count.filter(can_be));
        let possible =
            Self { input, cache_read, cache_write, output, reasoning, audio, image, audio_output, estimated, partial };
        Self { partial: self.partial || possible != self, ..possible }
    }

    /// Adds two usages class by class. What nobody counted in one of them is left out.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            input: sum([self.input, other.input]),
            cache_read: sum([self.cache_read, other.cache_read]),
            cache_write: sum([self.cache_write, other.cache_write]),
            output: sum([self.output, other.output]),
            reasoning: sum([self.reasoning, other.reasoning]),
            audio: sum([self.audio, other.audio]),
            image: sum([self.image, other.image]),
            audio_output: sum([self.audio_output, other.audio_output]),
            estimated: self.estimated || other.estimated,
            partial: self.partial || other.partial,
        }
    }

    /// Says how sure the counts are, in the words of [`Cost::sureness`].
    #[must_use]
    pub fn sureness(&self) -> &'static str {
        match (self.total(), self.partial, self.estimated) {
            (None | Some(0), true, _) => "unknown",
            (_, true, _) => "at_least",
            (_, false, true) => "estimated",
            (_, false, false) => "known",
        }
    }

    /// Says what the provider's cache saved: what its tokens would have cost at the price of the input, less what they
    /// did cost. `None` where it was not used, or one of its prices is unknown.
    #[must_use]
    pub fn cache_saving(&self, price: Option<&Price>) -> Option<CacheSaving> {
        let price = price?;
        let part = |count: Option<u64>, own: Option<PicoDollars>| match count.unwrap_or(0) {
            0 => Some(0),
            count => Some(i128::from(count) * (i128::from(price.input.0) - i128::from(own?.0))),
        };
        let saved = part(self.cache_read, price.cache_read)? + part(self.cache_write, price.cache_write)?;
        let used = self.cache_read.unwrap_or(0).saturating_add(self.cache_write.unwrap_or(0)) > 0;
        used.then(|| CacheSaving(i64::try_from(saved).unwrap_or(if saved < 0 { i64::MIN } else { i64::MAX })))
    }

    /// Prices the usage. An unknown price or an unknown count makes an unknown cost, never zero.
    ///
    /// Tokens of the provider's cache and of recordings that have no price of their own are taken at that of the others,
    /// which makes the cost an estimate.
    #[must_use]
    pub fn cost(&self, price: Option<&Price>) -> Cost {
        let Some(price) = price else {
            return Cost::Unknown;
        };
        let (Some(_), Some(_)) = (self.total_input(), self.total_output()) else {
            return Cost::Unknown;
        };
        let part = |count: Option<u64>, each: PicoDollars| each.0.saturating_mul(count.unwrap_or(0));
        let heard = self.audio.unwrap_or(0).min(self.input.unwrap_or(0));
        let spoken = self.audio_output.unwrap_or(0).min(self.output.unwrap_or(0));
        let besides = |count: Option<u64>, own: u64| count.map(|count| count.saturating_sub(own));
        let amount = part(besides(self.input, heard), price.input)
            .saturating_add(part(Some(heard), price.audio_input.unwrap_or(price.input)))
            .saturating_add(part(Some(spoken), price.audio_output.unwrap_or(price.output)))
            .saturating_add(part(self.cache_read, price.cache_read.unwrap_or(price.input)))
            .saturating_add(part(self.cache_write, price.cache_write.unwrap_or(price.input)))
            .saturating_add(part(besides(self.output, spoken), price.output))
            .saturating_add(part(self.reasoning, price.output));
        let guessed = |count: Option<u64>, own: Option<PicoDollars>| {
            own.is_none() && price.input.0 > 0 && count.is_some_and(|count| count > 0)
        };
        let guessed = guessed(self.cache_read, price.cache_read)
            || guessed(self.cache_write, price.cache_write)
            || guessed(Some(heard), price.audio_input)
            || guessed(Some(spoken), price.audio_output);
        if self.estimated || guessed { Cost::Estimated(PicoDollars(amount)) } else { Cost::Known(PicoDollars(amount)) }
    }
}

/// How many tokens are of pictures and of recordings: parts of other counts, and none of their own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModalityTokens {
    /// Of those that went in, how many are of recordings.
    #[serde(rename = "audio_tokens", default, skip_serializing_if = "Option::is_none")]
    pub audio: Option<u64>,
    /// Likewise of pictures.
    #[serde(rename = "image_tokens", default, skip_serializing_if = "Option::is_none")]
    pub image: Option<u64>,
    /// Of those that came out, how many are of a recording.
    #[serde(rename = "audio_output_tokens", default, skip_serializing_if = "Option::is_none")]
    pub audio_output: Option<u64>,
}

impl ModalityTokens {
    /// Takes them out of a usage, as far as somebody counted them.
    #[must_use]
    pub fn of(usage: &Usage) -> Self {
        Self { audio: usage.audio, image: usage.image, audio_output: usage.audio_output }
    }

    /// Puts them into a usage that knows of none.
    #[must_use]
    pub fn within(self, usage: Usage) -> Usage {
        let Self { audio, image, audio_output } = self;
        Usage { audio, image, audio_output, ..usage }
    }

    /// Adds those of others.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            audio: sum([self.audio, other.audio]),
            image: sum([self.image, other.image]),
            audio_output: sum([self.audio_output, other.audio_output]),
        }
    }

    /// Tells whether there are none, as far as anybody knows.
    #[must_use]
    pub fn is_none(&self) -> bool {
        [self.audio, self.image, self.audio_output].iter().all(|count| count.unwrap_or(0) == 0)
    }
}

fn sum<const N: usize>(parts: [Option<u64>; N]) -> Option<u64> {
    parts.into_iter().flatten().reduce(u64::saturating_add)
}

/// Tokens from which on a rate says something.
const LEAST_TOKENS: u64 = 10;

/// The stretch of time from which on a rate says something.
const LEAST_STRETCH: Duration = Duration::from_millis(100);

/// Tokens per second of the stretch after the first token; `None` below ten tokens or a tenth of a second.
#[must_use]
pub fn tokens_per_second(output: u64, generation: Duration) -> Option<f64> {
    (output >= LEAST_TOKENS && generation >= LEAST_STRETCH).then(|| (output - 1) as f64 / generation.as_secs_f64())
}

/// Estimates the tokens of a text where the provider does not count: a quarter of its characters.
///
/// On English prose this is near; on code and CJK it is low. It is always shown as an estimate.
#[must_use]
pub fn estimate_tokens(text: &str) -> u64 {
    estimate_tokens_of(text.chars().count() as u64)
}

/// Estimates the tokens of a text of so many characters, as [`estimate_tokens`] does.
#[must_use]
pub fn estimate_tokens_of(chars: u64) -> u64 {
    chars.div_ceil(4)
}

/// What calls took together: tokens, and money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Spent {
    /// Their tokens.
    pub usage: Usage,
    /// What they cost.
    pub cost: Cost,
}

impl Default for Spent {
    /// Nothing.
    fn default() -> Self {
        Self { usage: Usage::default(), cost: Cost::NOTHING }
    }
}

impl Spent {
    /// Adds what others took.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { usage: self.usage.plus(other.usage), cost: self.cost.plus(other.cost) }
    }

    /// Counts all tokens, as far as they are known.
    #[must_use]
    pub fn tokens(&self) -> u64 {
        self.usage.total().unwrap_or(0)
    }

    /// Tells whether nothing was taken, or nothing is known of it but that.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_never_zero() {
        let usage = Usage { input: Some(10), output: Some(5), ..Usage::default() };
        assert_eq!(usage.cost(None), Cost::Unknown);
        let price = Price { input: PicoDollars(2), output: PicoDollars(3), ..Price::default() };
        assert_eq!(usage.cost(Some(&price)), Cost::Known(PicoDollars(35)));
        let unsaid = Usage { output: None, ..usage };
        assert_eq!(unsaid.cost(Some(&price)), Cost::Unknown);
        assert_eq!(Cost::Unknown.to_string(), "?");
    }

    #[test]
    fn tokens_of_the_providers_cache_have_their_own_price_or_make_an_estimate() {
        let usage = Usage { input: Some(10), cache_read: Some(100), output: Some(5), ..Usage::default() };
        let price = Price { input: PicoDollars(20), output: PicoDollars(3), ..Price::default() };
        let own = Price { cache_read: Some(PicoDollars(2)), ..price.clone() };
        assert_eq!(usage.cost(Some(&own)), Cost::Known(PicoDollars(200 + 200 + 15)));
        assert_eq!(usage.cost(Some(&price)), Cost::Estimated(PicoDollars(200 + 2000 + 15)));
        let free = Price { input: PicoDollars(0), ..price };
        assert_eq!(usage.cost(Some(&free)), Cost::Known(PicoDollars(15)), "what costs nothing costs less nowhere");
    }

    #[test]
    fn recordings_have_a_price_of_their_own_or_make_the_cost_an_estimate() {
        let usage = Usage {
            input: Some(100),
            output: Some(10),
            audio: Some(60),
            audio_output: Some(4),
            image: Some(30),
            ..Usage::default()
        };
        let price = Price { input: PicoDollars(2), output: PicoDollars(3), ..Price::default() };
        assert_eq!(usage.cost(Some(&price)), Cost::Estimated(PicoDollars(230)));
        let own = Price { audio_input: Some(PicoDollars(20)), audio_output: Some(PicoDollars(30)), ..price };
        let (heard, spoken) = (60 * 20, 4 * 30);
        assert_eq!(usage.cost(Some(&own)), Cost::Known(PicoDollars(40 * 2 + heard + 6 * 3 + spoken)));
        let silent = Usage { audio: Some(0), audio_output: None, ..usage };
        assert_eq!(silent.cost(Some(&own)), Cost::Known(PicoDollars(230)));
        let both = usage.plus(usage);
        assert_eq!((both.audio, both.image, both.audio_output), (Some(120), Some(60), Some(8)));
    }

    #[test]
    fn the_providers_cache_saves_when_it_is_read_and_costs_when_it_is_written() {
        let price = Price {
            input: PicoDollars(20),
            cache_read: Some(PicoDollars(2)),
            cache_write: Some(PicoDollars(25)),
            ..Price::default()
        };
        let used = |read, written| Usage { cache_read: read, cache_write: written, ..Usage::default() };
        for (read, written, saved) in [
            (Some(100), None, Some(1800)),
            (None, Some(100), Some(-500)),
            (Some(100), Some(100), Some(1300)),
            (Some(0), None, None),
            (None, None, None),
        ] {
            assert_eq!(used(read, written).cache_saving(Some(&price)), saved.map(CacheSaving), "{read:?} {written:?}");
        }
        assert_eq!(used(Some(1), None).cache_saving(None), None);
        let unpriced = Price { cache_write: None, ..price };
        assert_eq!(used(Some(1), Some(1)).cache_saving(Some(&unpriced)), None, "one price is not known");
        assert_eq!(CacheSaving(1_800_000_000).to_string(), "saved $0.001800");
        assert_eq!(CacheSaving(-500_000_000).to_string(), "cost $0.000500 more");
        assert_eq!(CacheSaving(i64::MAX).plus(CacheSaving(1)), CacheSaving(i64::MAX));
    }

    #[test]
    fn counts_that_cannot_be_are_in_no_sum() {
        let usage = Usage { input: Some(u64::MAX), output: Some(7), ..Usage::default() }.possible();
        assert_eq!((usage.input, usage.output, usage.sureness()), (None, Some(7), "at_least"));
        let none = Usage { input: Some(u64::MAX), ..Usage::default() }.possible();
        assert_eq!((none.total(), none.sureness()), (None, "unknown"));
        let fine = Usage { input: Some(9), ..Usage::default() };
        assert_eq!(fine.possible(), fine);
    }

    #[test]
    fn a_rate_of_next_to_nothing_is_none() {
        let rate = |tokens, millis| tokens_per_second(tokens, Duration::from_millis(millis));
        assert_eq!((rate(9, 5000), rate(11, 99), rate(11, 100), rate(11, 5000)), (None, None, Some(100.0), Some(2.0)));
    }

    #[test]
    fn a_price_per_million_is_exact_per_token() {
        assert_eq!(PicoDollars::per_million(0.15), PicoDollars(150_000));
        assert_eq!(PicoDollars::per_million(0.01), PicoDollars(10_000));
    }
}
