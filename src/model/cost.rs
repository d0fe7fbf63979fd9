//! What was spent: token counts with their cost, in US dollars that add up exactly.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Money in units of 1e-12 US dollar, so that a price per token is a whole number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

    /// Reads a price per token from decimal text, as JSON has numbers: `0.15` in dollars per million tokens with `places`
    /// 6, `1.5e-07` in dollars per token with 12. Digits below a picodollar are rounded. Fails on what is no decimal
    /// number, is negative, or is more than fits.
    #[must_use]
    pub fn from_decimal(text: &str, places: i32) -> Option<Self> {
        let (mantissa, exponent) = match text.trim().split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text.trim(), 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = format!("{whole}{fraction}");
        if whole.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Some(Self(0));
        }
        let shift = exponent.checked_add(places)?.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let value: u128 = digits.get(..digits.len().min(30))?.parse().ok()?;
        let shift = shift.checked_add(i32::try_from(digits.len().saturating_sub(30)).ok()?)?;
        let power = 10_u128.checked_pow(shift.unsigned_abs());
        let picodollars = if shift >= 0 {
            value.checked_mul(power?)?
        } else {
            power.map_or(0, |power| value / power + u128::from(value % power >= power.div_ceil(2)))
        };
        u64::try_from(picodollars).ok().map(Self)
    }

    /// Writes an estimated amount with two digits that tell anything: `$0.0029`, `$0.13`, `$1.20`, `$120`.
    #[must_use]
    pub fn rough(self) -> String {
        let dollars = self.dollars();
        if dollars < 1e-6 {
            return self.to_string();
        }
        let power = dollars.log10().floor() as i32;
        let step = 10_f64.powi(power - 1);
        let rounded = (dollars / step).round() * step;
        let places = if dollars < 1.0 { usize::try_from(1 - power).unwrap_or(0) } else { 2 * usize::from(power == 0) };
        format!("${rounded:.places$}")
    }

    /// Writes a price per token as decimal text in dollars per million tokens: `0.15`.
    #[must_use]
    pub fn per_million_text(self) -> String {
        let (whole, fraction) = (self.0 / 1_000_000, self.0 % 1_000_000);
        let text = format!("{whole}.{fraction:06}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
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

/// What a provider's cache of prompts saved, in units of 1e-12 US dollar; below zero where writing to it cost more than
/// reading from it gained.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CacheSaving(pub i64);

impl CacheSaving {
    /// Adds what others saved.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for CacheSaving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = PicoDollars(self.0.unsigned_abs());
        if self.0 < 0 { write!(f, "cost {amount} more") } else { write!(f, "saved {amount}") }
    }
}

/// What an answer cost, and how sure that is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// What is free, or was not asked for.
    pub const NOTHING: Self = Self::Known(PicoDollars(0));

    /// Puts a cost together from an amount and the word of [`Cost::sureness`].
    #[must_use]
    pub fn of(amount: Option<PicoDollars>, sureness: &str) -> Self {
        match (amount, sureness) {
            (Some(amount), "known") => Self::Known(amount),
            (Some(amount), "estimated") => Self::Estimated(amount),
            (Some(amount), "at_least") => Self::AtLeast(amount),
            _ => Self::Unknown,
        }
    }

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
        let (Some(one), Some(more)) = (self.amount(), other.amount()) else {
            return if self == Self::Unknown { other.at_least() } else { self.at_least() };
        };
        let Some(sum) = one.0.checked_add(more.0).map(PicoDollars) else {
            return Self::AtLeast(PicoDollars(u64::MAX));
        };
        match (self, other) {
            (Self::Known(_), Self::Known(_)) => Self::Known(sum),
            (Self::AtLeast(_), _) | (_, Self::AtLeast(_)) => Self::AtLeast(sum),
            (Self::Known(_) | Self::Estimated(_) | Self::Unknown, _) => Self::Estimated(sum),
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
            // What is free costs nothing, however many tokens it takes.
            Self::Known(amount) | Self::Estimated(amount @ PicoDollars(0)) => amount.fmt(f),
            Self::Estimated(amount) => write!(f, "~{}", amount.rough()),
            Self::AtLeast(amount) => write!(f, "≥{amount}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_estimated_amount_has_two_digits() {
        for (pico, text) in [
            (0, "$0"),
            (9, "<$0.000001"),
            (1_240_000, "$0.0000012"),
            (2_880_000_000, "$0.0029"),
            (19_400_000_000, "$0.019"),
            (127_000_000_000, "$0.13"),
            (1_234_000_000_000, "$1.20"),
            (12_340_000_000_000, "$12"),
            (123_400_000_000_000, "$120"),
        ] {
            assert_eq!(PicoDollars(pico).rough(), text, "{pico}");
        }
        assert_eq!(Cost::Estimated(PicoDollars(1_276_000_000)).to_string(), "~$0.0013");
    }

    #[test]
    fn a_sum_with_an_unknown_part_is_a_lower_bound_or_unknown_and_never_at_least_nothing() {
        let (free, five) = (Cost::NOTHING, Cost::Known(PicoDollars(5)));
        for (sum, is) in [
            (Cost::Unknown.plus(Cost::Unknown), Cost::Unknown),
            (Cost::Unknown.plus(free), Cost::Unknown),
            (free.plus(Cost::Unknown).plus(five), Cost::AtLeast(PicoDollars(5))),
            (five.plus(Cost::Unknown).plus(free), Cost::AtLeast(PicoDollars(5))),
            (free.plus(free), free),
            (free.at_least(), Cost::Unknown),
            (five.plus(Cost::Known(PicoDollars(u64::MAX))), Cost::AtLeast(PicoDollars(u64::MAX))),
        ] {
            assert_eq!(sum, is);
        }
        assert_eq!(Cost::AtLeast(PicoDollars(0)).to_string(), "?", "as older records have it");
        assert_eq!(Cost::Estimated(PicoDollars(0)).to_string(), "$0", "what is free is no guess");
    }

    #[test]
    fn a_price_is_read_from_its_text_without_a_float_between() {
        for (text, places, is) in [
            ("1.5e-07", 12, Some(150_000)),
            ("1.5E-7", 12, Some(150_000)),
            ("0.00000015", 12, Some(150_000)),
            ("6e-07", 12, Some(600_000)),
            ("2.5e-06", 12, Some(2_500_000)),
            ("1.0000000000000002e-06", 12, Some(1_000_000)),
            ("1.2345675e-07", 12, Some(123_457)),
            ("0.15", 6, Some(150_000)),
            ("15", 6, Some(15_000_000)),
            ("0", 6, Some(0)),
            ("0.0", 12, Some(0)),
            ("0e-400", 12, Some(0)),
            ("1e-400", 12, Some(0)),
            ("1e400", 12, None),
            ("99999999999", 12, None),
            ("-1e-07", 12, None),
            ("NaN", 12, None),
            ("inf", 12, None),
            ("", 12, None),
            (".5", 6, None),
            ("1e", 12, None),
            ("1e99999999999", 12, None),
            ("0x10", 6, None),
        ] {
            assert_eq!(PicoDollars::from_decimal(text, places), is.map(PicoDollars), "{text}");
        }
    }

    fn cost() -> impl Strategy<Value = Cost> {
        let amount = prop_oneof![Just(0), 0..9_u64, Just(u64::MAX)].prop_map(PicoDollars);
        prop_oneof![
            Just(Cost::Unknown),
            amount.clone().prop_map(Cost::Known),
            amount.clone().prop_map(Cost::Estimated),
            amount.prop_map(|amount| Cost::AtLeast(amount).plus(Cost::Unknown)),
        ]
    }

    proptest! {
        #[test]
        fn a_sum_of_costs_is_the_same_in_any_order(one in cost(), other in cost(), third in cost()) {
            prop_assert_eq!(one.plus(other), other.plus(one));
            prop_assert_eq!(one.plus(other).plus(third), one.plus(other.plus(third)));
            prop_assert_eq!(one.plus(Cost::NOTHING), one);
        }

        #[test]
        fn a_price_per_million_is_read_back_as_it_was_written(price in 0..1_000_000_000_000_u64) {
            let price = PicoDollars(price);
            prop_assert_eq!(PicoDollars::from_decimal(&price.per_million_text(), 6), Some(price));
        }
    }
}
