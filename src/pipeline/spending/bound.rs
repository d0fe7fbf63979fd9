//! The most a call may take: from what is sent, from what limits the answer, and from what was seen of others.

use std::fmt;

use super::Amount;
use crate::{
    model::{PicoDollars, Price, Target, Usage},
    pipeline::prepare::{Fitted, USUAL},
    provider::WireFormat,
};

/// Tokens that a wire adds to each message, at most, and to the call.
const AROUND: u64 = 16;

/// What calls of a target took that was more than their bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::pipeline) struct Seen {
    /// The tokens in of the call that was counted highest, for each that were thought to be the most.
    input: f64,
    /// The longest answer.
    output: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self { input: 1.0, output: 0 }
    }
}

impl Seen {
    /// Takes in what the provider counted of a call.
    pub(super) fn learn(&mut self, bound: &Bound, usage: &Usage) {
        if usage.estimated {
            return;
        }
        if let Some(input) = usage.total_input() {
            self.input = self.input.max(input as f64 / bound.sent.max(1) as f64);
        }
        self.output = self.output.max(usage.total_output().unwrap_or(0));
    }
}

/// The most a call may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pipeline) struct Bound {
    /// The name of its target.
    pub(in crate::pipeline) target: String,
    /// The bytes that are sent: no text has more tokens than bytes.
    sent: u64,
    input: u64,
    output: u64,
    /// Whether anything limits the answer; else `output` is a guess.
    limited: bool,
    price: Option<Price>,
}

impl Bound {
    /// Bounds the call that sends this.
    pub(in crate::pipeline) fn of(target: &Target, fitted: &Fitted, seen: Seen) -> Self {
        let said: u64 = fitted.messages.iter().map(|message| message.content.len() as u64 + AROUND).sum();
        let form = match &fitted.format {
            WireFormat::Text | WireFormat::JsonObject => 0,
            WireFormat::JsonSchema(schema) => length(schema),
        };
        let extra: u64 = fitted.params.extra.values().map(length).sum();
        Self::sized(target, said + form + extra + AROUND, fitted.params.max_tokens, seen)
    }

    /// Bounds a call that sends so many bytes and sets this limit to the answer.
    pub(in crate::pipeline) fn sized(target: &Target, sent: u64, max_tokens: Option<u64>, seen: Seen) -> Self {
        let card = &target.card;
        let limit = max_tokens.or(card.max_output).or(card.context);
        let within = |tokens: u64| tokens.min(card.context.unwrap_or(u64::MAX));
        let input = within(sent).max((sent as f64 * seen.input).ceil() as u64);
        let output = match limit {
            Some(limit) => within(limit).max(seen.output),
            None => USUAL.max(seen.output.saturating_mul(2)),
        };
        let (target, price) = (target.name.clone(), card.price.clone());
        Self { target, sent, input, output, limited: limit.is_some(), price }
    }

    /// Returns the tokens in and out together, and what they cost at the highest price that may be asked.
    pub(in crate::pipeline) fn amount(&self) -> Amount {
        self.amount_of(self.input, self.output)
    }

    fn amount_of(&self, input: u64, output: u64) -> Amount {
        let cost = self.price.as_ref().map_or(0, |price| {
            let each = price.input.max(price.cache_write.unwrap_or_default());
            each.0.saturating_mul(input).saturating_add(price.output.0.saturating_mul(output))
        });
        Amount { tokens: input.saturating_add(output), cost: PicoDollars(cost) }
    }

    /// Returns the tokens that the answer has, at most, where another model reads it: no two of them count
    /// twice as differently.
    pub(in crate::pipeline) fn read_by_another(&self) -> u64 {
        self.output.saturating_mul(2)
    }

    /// Grows with an answer that nothing limits, once it has so many tokens; the amount that comes on top.
    pub(in crate::pipeline) fn outgrown(&mut self, output: u64) -> Option<Amount> {
        if self.limited || output < self.output {
            return None;
        }
        let more = self.output.max(output - self.output + 1);
        self.output = self.output.saturating_add(more);
        Some(self.amount_of(0, more))
    }
}

fn length(value: &serde_json::Value) -> u64 {
    value.to_string().len() as u64
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { input, output, limited, .. } = self;
        write!(f, "{input} in, {output} out")?;
        f.write_str(if *limited {
            "; a lower max_tokens sets less aside"
        } else {
            ", a guess; max_tokens sets a limit"
        })
    }
}
