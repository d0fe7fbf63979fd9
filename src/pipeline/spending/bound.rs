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
    /// Whether any call has shown what one takes, by an estimate of ours where the provider does not count.
    known: bool,
}

impl Default for Taken {
    fn default() -> Self {
        Self { input: 1.0, output: 0, answers: 0, known: false }
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

    /// Takes in what the provider counted of a call. An estimate of ours says nothing of other calls.
    pub(in crate::pipeline) fn learn(&self, bound: &Bound, usage: &Usage) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = known.entry(bound.target.clone()).or_default();
        own.known = true;
        if usage.estimated {
            return;
        }
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
    /// Whether a call of the target has shown what one takes.
    pub(in crate::pipeline) known: bool,
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
        let counted = (sent as f64 * taken.input).ceil() as u64;
        let input = if taken.input > 1.0 { counted } else { within(sent) };
        let likely = USUAL.max(taken.output.saturating_mul(2));
        let output = limit.map_or(likely, |limit| within(limit).max(taken.output));
        // What a person has set holds; what a model is able to is far more than it does.
        let guess = if taken.answers < ENOUGH { output } else { taken.output.saturating_mul(2) };
        let usual = if max_tokens.is_some() { output } else { guess.min(output) };
        let (target, price) = (target.name.clone(), card.price.clone());
        Self { target, sent, input, output, usual, limited: limit.is_some(), known: taken.known, price }
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{ModelCard, ProviderKind};

    fn target(max_output: Option<u64>, context: Option<u64>) -> Target {
        let price = Price { input: PicoDollars(2), output: PicoDollars(10), ..Price::default() };
        Target {
            name: "m".to_owned(),
            provider: "own".to_owned(),
            kind: ProviderKind::OpenAi,
            base_url: None,
            custom_endpoint: true,
            model: "m".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            card: ModelCard { max_output, context, price: Some(price), ..ModelCard::default() },
        }
    }

    fn counted(input: u64, output: u64) -> Usage {
        Usage { input: Some(input), output: Some(output), ..Usage::default() }
    }

    #[test]
    fn what_limits_an_answer_bounds_it_and_a_guess_is_told_as_one() {
        let (usages, words) = (Usages::default(), |bound: &Bound| bound.to_string());
        for (max_output, context, max_tokens, input, output, limited) in [
            (None, None, Some(50), 300, 50, true),
            (Some(4000), None, Some(50), 300, 50, true),
            (Some(4000), None, None, 300, 4000, true),
            (Some(4000), Some(200), None, 200, 200, true),
            (None, Some(2000), None, 300, 2000, true),
            (None, None, None, 300, 1000, false),
        ] {
            let bound = Bound::of(&target(max_output, context), 300, max_tokens, &usages);
            let cost = PicoDollars(2 * input + 10 * output);
            assert_eq!(bound.amount(), Amount { tokens: input + output, cost }, "{max_output:?} {context:?}");
            assert_eq!(words(&bound).contains("a guess"), !limited, "{}", words(&bound));
        }
    }

    #[test]
    fn what_a_provider_counts_beyond_the_bound_holds_from_the_next_call_on() {
        let (usages, target) = (Usages::default(), target(None, None));
        let of = |max_tokens| Bound::of(&target, 100, max_tokens, &usages);
        usages.learn(&of(Some(50)), &Usage { estimated: true, ..counted(9000, 9000) });
        assert_eq!(of(Some(50)).amount().tokens, 150, "our own estimate teaches nothing");
        assert!(of(None).known, "but it is all there will be");
        usages.learn(&of(Some(50)), &counted(300, 70));
        assert_eq!(of(Some(50)).amount().tokens, 300 + 70);
        assert_eq!(of(None).amount().tokens, 300 + 1000);
        usages.learn(&of(None), &counted(10, 800));
        assert_eq!(of(None).amount().tokens, 300 + 1600, "an answer may be twice as long as the longest");
    }

    #[test]
    fn a_rate_counts_with_what_answers_have_been_once_enough_have_come() {
        let (usages, target) = (Usages::default(), target(Some(16_000), None));
        let usual = || Bound::of(&target, 100, None, &usages).usual();
        for _ in 0..ENOUGH {
            assert_eq!(usual(), 16_100);
            usages.learn(&Bound::of(&target, 100, None, &usages), &counted(40, 60));
        }
        assert_eq!(usual(), 100 + 120);
        assert_eq!(Bound::of(&target, 100, Some(500), &usages).usual(), 600, "what a person has set holds");
        assert_eq!(Bound::of(&target, 100, None, &usages).amount().tokens, 16_100, "a cap counts with the most");
    }

    #[test]
    fn an_answer_outgrows_a_guess_alone() {
        let usages = Usages::default();
        let mut guess = Bound::of(&target(None, None), 100, None, &usages);
        assert_eq!(guess.outgrown(999), None);
        assert_eq!(guess.outgrown(1000), Some(Amount { tokens: 1000, cost: PicoDollars(10_000) }));
        assert_eq!((guess.outgrown(1999), guess.amount().tokens), (None, 2100));
        assert_eq!(guess.outgrown(9000).map(|more| more.tokens), Some(7001));
        let mut limited = Bound::of(&target(Some(10), None), 100, None, &usages);
        assert_eq!(limited.outgrown(1_000_000), None, "the provider ends it");
    }
}
