//! Token counts and money: saturating integers, unknown kept apart from zero.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};

use super::card::Price;

/// Tokens of one answer in classes that do not overlap. `None` is "the provider did not say".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// True when any count is our own estimate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
}

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

    /// Prices the usage. An unknown price or an unknown count makes an unknown cost, never zero.
    #[must_use]
    pub fn cost(&self, price: Option<&Price>) -> Cost {
        let Some(price) = price else {
            return Cost::Unknown;
        };
        let (Some(_), Some(_)) = (self.total_input(), self.total_output()) else {
            return Cost::Unknown;
        };
        let part = |count: Option<u64>, each: PicoDollars| each.0.saturating_mul(count.unwrap_or(0));
        let amount = part(self.input, price.input)
            .saturating_add(part(self.cache_read, price.cache_read.unwrap_or(price.input)))
            .saturating_add(part(self.cache_write, price.cache_write.unwrap_or(price.input)))
            .saturating_add(part(self.output, price.output))
            .saturating_add(part(self.reasoning, price.output));
        if self.estimated { Cost::Estimated(PicoDollars(amount)) } else { Cost::Known(PicoDollars(amount)) }
    }
}

fn sum<const N: usize>(parts: [Option<u64>; N]) -> Option<u64> {
    parts.into_iter().flatten().reduce(u64::saturating_add)
}

/// Money in units of 1e-12 US dollar, so that a price per token is a whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PicoDollars(pub u64);

impl PicoDollars {
    /// Converts for display and for JSON.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / 1e12
    }

    /// Converts a price in US dollars per million tokens into one per token.
    #[must_use]
    pub fn per_million(dollars: f64) -> Self {
        Self((dollars * 1e6).round().max(0.0) as u64)
    }
}

impl fmt::Display for PicoDollars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dollars = self.dollars();
        match dollars {
            0.0 => f.write_str("$0"),
            d if d < 0.000_001 => f.write_str("<$0.000001"),
            d if d < 0.01 => write!(f, "${d:.6}"),
            d if d < 1.0 => write!(f, "${d:.4}"),
            d => write!(f, "${d:.2}"),
        }
    }
}

/// What an answer cost, and how sure that is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state", content = "amount")]
pub enum Cost {
    /// No price or no token count: shown as `?`, never as `$0`.
    #[default]
    Unknown,
    /// From the provider's counts and a dated price.
    Known(PicoDollars),
    /// From estimated counts.
    Estimated(PicoDollars),
    /// A lower bound: some attempts may have been billed without saying so.
    AtLeast(PicoDollars),
}

impl Cost {
    /// Returns the amount, if there is one.
    #[must_use]
    pub fn amount(self) -> Option<PicoDollars> {
        match self {
            Self::Unknown => None,
            Self::Known(amount) | Self::Estimated(amount) | Self::AtLeast(amount) => Some(amount),
        }
    }

    /// Says how sure it is, in one word: `known`, `estimated`, `at_least`, `unknown`.
    #[must_use]
    pub fn sureness(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Known(_) => "known",
            Self::Estimated(_) => "estimated",
            Self::AtLeast(_) => "at_least",
        }
    }

    /// Adds two costs. With one of them unknown the sum is a lower bound, or unknown too if the other is nothing.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |one: PicoDollars, other: PicoDollars| PicoDollars(one.0.saturating_add(other.0));
        match (self, other) {
            (Self::Unknown, Self::Unknown) => Self::Unknown,
            (Self::Unknown, known) | (known, Self::Unknown) => known.at_least(),
            (Self::Known(one), Self::Known(other)) => Self::Known(sum(one, other)),
            (one @ Self::AtLeast(_), other) | (one, other @ Self::AtLeast(_)) => {
                Self::AtLeast(sum(one.amount().unwrap_or_default(), other.amount().unwrap_or_default()))
            }
            (one, other) => Self::Estimated(sum(one.amount().unwrap_or_default(), other.amount().unwrap_or_default())),
        }
    }

    /// Weakens a known cost to a lower bound; that it is no less than nothing says nothing.
    #[must_use]
    pub fn at_least(self) -> Self {
        match self {
            Self::Unknown => Self::Unknown,
            Self::Known(PicoDollars(0)) | Self::Estimated(PicoDollars(0)) | Self::AtLeast(PicoDollars(0)) => {
                Self::Unknown
            }
            Self::Known(amount) | Self::Estimated(amount) | Self::AtLeast(amount) => Self::AtLeast(amount),
        }
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown | Self::AtLeast(PicoDollars(0)) => f.write_str("?"),
            Self::Known(amount) => amount.fmt(f),
            Self::Estimated(amount) => write!(f, "~{amount}"),
            Self::AtLeast(amount) => write!(f, "≥{amount}"),
        }
    }
}

/// Tokens per second of the stretch after the first token; `None` below two tokens or without time.
#[must_use]
pub fn tokens_per_second(output: u64, generation: Duration) -> Option<f64> {
    let seconds = generation.as_secs_f64();
    (output > 1 && seconds > 0.0).then(|| (output - 1) as f64 / seconds)
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
    fn a_sum_with_an_unknown_part_is_a_lower_bound_or_unknown_and_never_at_least_nothing() {
        let (free, five) = (Cost::Known(PicoDollars(0)), Cost::Known(PicoDollars(5)));
        for (sum, is) in [
            (Cost::Unknown.plus(Cost::Unknown), Cost::Unknown),
            (Cost::Unknown.plus(free), Cost::Unknown),
            (free.plus(Cost::Unknown).plus(five), Cost::AtLeast(PicoDollars(5))),
            (five.plus(Cost::Unknown).plus(free), Cost::AtLeast(PicoDollars(5))),
            (free.plus(free), free),
            (free.at_least(), Cost::Unknown),
        ] {
            assert_eq!(sum, is);
        }
        assert_eq!(Cost::AtLeast(PicoDollars(0)).to_string(), "?", "as older records have it");
    }

    #[test]
    fn a_price_per_million_is_exact_per_token() {
        assert_eq!(PicoDollars::per_million(0.15), PicoDollars(150_000));
        assert_eq!(PicoDollars::per_million(0.01), PicoDollars(10_000));
    }
}
