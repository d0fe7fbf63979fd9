//! What was spent: token counts with their cost, in US dollars that add up exactly.

use std::fmt;

use serde::{Deserialize, Serialize};

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
            Self::Known(amount) => amount.fmt(f),
            Self::Estimated(amount) => write!(f, "~{amount}"),
            Self::AtLeast(amount) => write!(f, "≥{amount}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
    }
}
