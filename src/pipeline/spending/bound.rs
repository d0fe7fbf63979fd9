//! The most a call may take: from what is sent, from what limits the answer, and from what was seen of others.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use super::Amount;
use crate::{
    model::{PicoDollars, Price, Target, Usage},
    pipeline::prepare::{Fitted, USUAL},
    provider::WireFormat,
};

/// Tokens that a wire adds to each message, at most, and to the call.
const AROUND: u64 = 16;

/// Answers that must have come before their lengths say what others may have.
const ENOUGH: u64 = 5;

/// What calls of a target took, as the provider counted them.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Taken {
    /// The tokens in of the call that was counted highest, for each byte that was sent, if that is more than one.
    input: f64,
    /// The longest answer.
    output: u64,
    /// Answers.
    answers: u64,
}

impl Default for Taken {
    fn default() -> Self {
        Self { input: 1.0, output: 0, answers: 0 }
    }
}

/// What calls took, by target: known to all runs until the program ends.
#[derive(Debug, Default)]
pub(in crate::pipeline) struct Usages(Mutex<BTreeMap<String, Taken>>);

impl Usages {
    fn of(&self, target: &Target) -> Taken {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&target.name).copied().unwrap_or_default()
    }

    /// Takes in what the provider counted of a call.
    pub(in crate::pipeline) fn learn(&self, bound: &Bound, usage: &Usage) {
        if usage.estimated {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = known.entry(bound.target.clone()).or_default();
        if let Some(input) = usage.total_input() {
            own.input = own.input.max(input as f64 / bound.sent.max(1) as f64);
        }
        if let Some(output) = usage.total_output() {
            own.output = own.output.max(output);
            own.answers += 1;
        }
    }
}

/// The most a call may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pipeline) struct Bound {
    /// The name of its target.
    pub(in crate::pipeline) target: String,
    /// The bytes that are sent.
    sent: u64,
    input: u64,
    output: u64,
    /// The most that answers have, as far as those that came tell.
    usual: u64,
    /// Whether anything limits the answer; else `output` is a guess.
    limited: bool,
    price: Option<Price>,
}

/// Counts the bytes of what is sent: no text has more tokens than bytes.
pub(in crate::pipeline) fn sent(fitted: &Fitted) -> u64 {
    let said: u64 = fitted.messages.iter().map(|message| message.content.len() as u64 + AROUND).sum();
    let form = match &fitted.format {
        WireFormat::Text | WireFormat::JsonObject => 0,
        WireFormat::JsonSchema(schema) => length(schema),
    };
    let extra: u64 = fitted.params.extra.values().map(length).sum();
    said + form + extra + AROUND
}

impl Bound {
    /// Bounds a call that sends so many bytes and sets this limit to the answer.
    pub(in crate::pipeline) fn of(target: &Target, sent: u64, max_tokens: Option<u64>, usages: &Usages) -> Self {
        let (card, taken) = (&target.card, usages.of(target));
        let limit = max_tokens.or(card.max_output).or(card.context);
        let within = |tokens: u64| tokens.min(card.context.unwrap_or(u64::MAX));
        let input = within(sent).max((sent as f64 * taken.input).ceil() as u64);
        let likely = USUAL.max(taken.output.saturating_mul(2));
        let output = limit.map_or(likely, |limit| within(limit).max(taken.output));
        // What a person has set holds; what a model is able to is far more than it does.
        let guess = if taken.answers < ENOUGH { output } else { taken.output.saturating_mul(2) };
        let usual = if max_tokens.is_some() { output } else { guess.min(output) };
        let (target, price) = (target.name.clone(), card.price.clone());
        Self { target, sent, input, output, usual, limited: limit.is_some(), price }
    }

    /// Returns the tokens in and out together, and what they cost at the highest price that may be asked.
    pub(in crate::pipeline) fn amount(&self) -> Amount {
        self.amount_of(self.input, self.output)
    }

    /// Returns the tokens that it counts with at a limit by the minute until it is known what it took.
    pub(in crate::pipeline) fn usual(&self) -> u64 {
        self.input.saturating_add(self.usual)
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
