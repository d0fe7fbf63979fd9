//! Tokens and money added up by hand, with how sure they are.

use retort::model::{Cost, PicoDollars};

/// What calls took.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sum {
    /// In and out, as far as they are known.
    pub(crate) tokens: u64,
    /// Whether some of these are guessed.
    pub(crate) tokens_guessed: bool,
    /// Whether there may be more.
    pub(crate) tokens_more: bool,
    /// Money, as far as it is known.
    pub(crate) pico: u64,
    /// Whether some of it is guessed.
    pub(crate) pico_guessed: bool,
    /// Whether there may be more.
    pub(crate) pico_more: bool,
}

impl Sum {
    /// Something was taken, and nobody knows what.
    pub(crate) const UNKNOWN: Self =
        Self { tokens: 0, tokens_guessed: false, tokens_more: true, pico: 0, pico_guessed: false, pico_more: true };

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens + other.tokens,
            tokens_guessed: self.tokens_guessed || other.tokens_guessed,
            tokens_more: self.tokens_more || other.tokens_more,
            pico: self.pico + other.pico,
            pico_guessed: self.pico_guessed || other.pico_guessed,
            pico_more: self.pico_more || other.pico_more,
        }
    }

    pub(crate) fn all(sums: impl IntoIterator<Item = Self>) -> Self {
        sums.into_iter().fold(Self::default(), Self::plus)
    }

    pub(crate) fn tokens_is(&self) -> &'static str {
        word(self.tokens, self.tokens_guessed, self.tokens_more)
    }

    pub(crate) fn cost_is(&self) -> &'static str {
        word(self.pico, self.pico_guessed, self.pico_more)
    }

    pub(crate) fn dollars(&self) -> Option<f64> {
        (self.cost_is() != "unknown").then(|| self.pico as f64 / 1e12)
    }

    pub(crate) fn tokens_shown(&self) -> String {
        let digits = match self.tokens {
            0..=999 => self.tokens.to_string(),
            1000..=9999 => format!("{},{:03}", self.tokens / 1000, self.tokens % 1000),
            many => format!("{}k", (many + 500) / 1000),
        };
        shown(self.tokens_is(), &digits)
    }

    pub(crate) fn cost_shown(&self) -> String {
        // How an amount is written is not what is tried here.
        shown(self.cost_is(), &Cost::Known(PicoDollars(self.pico)).to_string())
    }
}

impl PartialEq for Sum {
    /// Sums are alike that are shown alike.
    fn eq(&self, other: &Self) -> bool {
        let shown = |sum: &Self| (sum.tokens, sum.tokens_is(), sum.pico, sum.cost_is());
        shown(self) == shown(other)
    }
}

fn word(amount: u64, guessed: bool, more: bool) -> &'static str {
    match (more, amount, guessed) {
        (true, 0, _) => "unknown",
        (true, ..) => "at_least",
        (false, _, true) => "estimated",
        (false, _, false) => "known",
    }
}

fn shown(word: &str, digits: &str) -> String {
    match word {
        "unknown" => "?".to_owned(),
        "at_least" => format!("≥{digits}"),
        "estimated" => format!("~{digits}"),
        _ => digits.to_owned(),
    }
}
