//! What the calls of a batch may use together: each sets the most it may take aside before it is made, so
//! that none is begun that may pass a limit, however many are under way.
//!
//! The most a call may take follows from what is sent, from what limits the answer, and from what was seen of others.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    model::{
        Cost, Message, PicoDollars, Price, Target, Usage,
        batch::{BatchLimits, Cap},
        media::MediaKind,
    },
    pipeline::prepare::{PreparedRequest, USUAL},
    provider::WireFormat,
};

/// Tokens, money and calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Amount {
    /// In and out.
    pub tokens: u64,
    /// As far as prices are known.
    pub cost: PicoDollars,
    /// Calls that are made.
    pub calls: u64,
}

impl Amount {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            cost: PicoDollars(self.cost.0.saturating_add(other.cost.0)),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            cost: PicoDollars(self.cost.0.saturating_sub(other.cost.0)),
            calls: self.calls.saturating_sub(other.calls),
        }
    }

    fn least(self, other: Self) -> Self {
        let (tokens, cost) = (self.tokens.min(other.tokens), self.cost.min(other.cost));
        Self { tokens, cost, calls: self.calls.min(other.calls) }
    }
}

/// Why a call is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The cap that it may pass; none where nothing more can be recorded.
    pub cap: Option<Cap>,
    /// In words, with the numbers.
    pub why: String,
}

#[derive(Debug, Default)]
struct State {
    tokens: Option<u64>,
    cost: Option<PicoDollars>,
    calls: Option<u64>,
    spent: Amount,
    /// Of calls under way, and of judges that are still to be asked.
    set_aside: Amount,
    reservations: usize,
    /// Targets whose first call is under way: others wait to see what one takes.
    probed: BTreeSet<String>,
    refused: Option<Refusal>,
    closed: Option<Refusal>,
}

impl State {
    fn hold(&mut self, caps: BatchLimits) {
        self.tokens = caps.tokens;
        self.cost = caps.cost.map(|dollars| PicoDollars((dollars * 1e12).round().max(0.0) as u64));
        self.refused = None;
    }

    /// Says which cap stands in the way of a further amount on top of what is `used`.
    fn obstacle(&self, used: Amount, more: Amount) -> Option<Cap> {
        let after = used.plus(more);
        let tokens = self.tokens.is_some_and(|most| after.tokens > most && more.tokens > 0);
        let cost = self.cost.is_some_and(|most| after.cost > most && more.cost.0 > 0);
        let calls = self.calls.is_some_and(|most| after.calls > most && more.calls > 0);
        tokens.then_some(Cap::Tokens).or(cost.then_some(Cap::Cost)).or(calls.then_some(Cap::Calls))
    }

    /// Says why a call with what follows it is refused: what it may take, and what is left.
    fn refusal(&self, cap: Cap, amount: Amount, bound: &SpendingBound) -> Refusal {
        let (takes, judges, left) = match cap {
            Cap::Cost => {
                let [own, all, spent, most] =
                    [bound.amount().cost, amount.cost, self.spent.cost, self.cost.unwrap_or_default()];
                let judges = (all > own).then(|| PicoDollars(all.0 - own.0).to_string());
                let left = PicoDollars(most.0.saturating_sub(spent.0));
                (format!("cost up to {all}"), judges, format!("{left} of {most} is left"))
            }
            Cap::Calls => {
                let (all, most) = (amount.calls, self.calls.unwrap_or_default());
                let left = most.saturating_sub(self.spent.calls);
                let why = format!(
                    "the next call to {} and its judges are {all} of the calls of models, and {left} of {most} are left",
                    bound.target
                );
                return Refusal { cap: Some(cap), why };
            }
            Cap::Tokens | Cap::Time | Cap::Account => {
                let [own, all, spent, most] =
                    [bound.amount().tokens, amount.tokens, self.spent.tokens, self.tokens.unwrap_or_default()];
                let judges = (all > own).then(|| (all - own).to_string());
                let left = most.saturating_sub(spent);
                (format!("take up to {all} tokens"), judges, format!("{left} of {most} are left"))
            }
        };
        let judges = judges.map(|judges| format!(", its judges {judges}")).unwrap_or_default();
        let why = format!("the next call to {} may {takes} ({bound}{judges}), and {left}", bound.target);
        Refusal { cap: Some(cap), why }
    }
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

/// What a batch may use and has used. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spending(Arc<Shared>);

impl Spending {
    /// Begins with what was spent before.
    pub(crate) fn new(caps: BatchLimits, spent: Amount) -> Self {
        let spending = Self::default();
        let mut state = spending.state();
        state.hold(caps);
        state.spent = spent;
        drop(state);
        spending
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with nothing spent; at most so many calls are made.
    pub(crate) fn with_calls(caps: BatchLimits, calls: Option<u64>) -> Self {
        let spending = Self::new(caps, Amount::default());
        spending.state().calls = calls;
        spending
    }

    /// Adds what was spent elsewhere, as before the program began.
    pub(crate) fn add(&self, amount: Amount) {
        let mut state = self.state();
        state.spent = state.spent.plus(amount);
    }

    /// Counts the calls that were made.
    pub(crate) fn calls(&self) -> u64 {
        self.state().spent.calls
    }

    /// Changes the caps; what was refused may be asked for again.
    pub(crate) fn set_caps(&self, caps: BatchLimits) {
        self.state().hold(caps);
        self.0.changed.notify_waiters();
    }

    /// Lets no further call be made.
    pub(crate) fn close(&self, why: &str) {
        self.state().closed.get_or_insert_with(|| Refusal { cap: None, why: why.to_owned() });
        self.0.changed.notify_waiters();
    }

    /// Returns why a call was refused since the caps were changed last.
    pub(crate) fn refused(&self) -> Option<Refusal> {
        self.state().refused.clone()
    }

    /// Tells whether anything is limited.
    pub(crate) fn is_limited(&self) -> bool {
        let state = self.state();
        state.tokens.is_some() || state.cost.is_some() || state.calls.is_some()
    }

    /// Tells why no further call is made, if none is.
    pub(crate) fn closed(&self) -> Option<Refusal> {
        self.state().closed.clone()
    }

    fn ask(&self, pot: Option<&Reservation>, amount: Amount, bound: &SpendingBound) -> Answer {
        let mut state = self.state();
        if let Some(closed) = &state.closed {
            return Answer::Refused(closed.clone());
        }
        // A provider may count more than what is sent, for what it adds itself.
        if !bound.known && state.probed.contains(&bound.target) {
            return Answer::Wait;
        }
        let from_pot = pot.map_or_else(Amount::default, |pot| pot.amount().least(amount));
        let more = amount.minus(from_pot);
        if let Some(cap) = state.obstacle(state.spent.plus(state.set_aside), more) {
            let refusal = state.refusal(cap, amount, bound);
            // Others under way may take less than they set aside; whoever has something set aside himself does
            // not wait for them, or two might wait for each other.
            let hopeless = state.reservations == 0 || pot.is_some() || state.obstacle(state.spent, more).is_some();
            if hopeless {
                state.refused.get_or_insert_with(|| refusal.clone());
                return Answer::Refused(refusal);
            }
            return Answer::Wait;
        }
        if let Some(pot) = pot {
            pot.take(from_pot);
        }
        state.set_aside = state.set_aside.plus(more);
        state.reservations += 1;
        let probe = (!bound.known).then(|| bound.target.clone());
        state.probed.extend(probe.clone());
        drop(state);
        Answer::Granted(Reservation {
            spending: self.clone(),
            reserved: Mutex::new(Reserved { amount, sent: false }),
            probe: Mutex::new(probe),
        })
    }
}

enum Answer {
    Granted(Reservation),
    /// What others have set aside stands in the way: they may take less.
    Wait,
    Refused(Refusal),
}

/// What a run of a batch may use: a part of what the batch may, beginning with what is set aside for it.
#[derive(Debug, Clone)]
pub(crate) struct Purse {
    spending: Spending,
    pot: Option<Arc<Reservation>>,
}

impl Purse {
    /// Makes the purse of a cell.
    pub(crate) fn new(spending: Spending) -> Self {
        Self { spending, pot: None }
    }

    /// Makes the purse of a run for which something is set aside already.
    pub(crate) fn within(&self, pot: Option<Arc<Reservation>>) -> Self {
        Self { spending: self.spending.clone(), pot }
    }

    /// Returns what the batch may use.
    pub(crate) fn spending(&self) -> &Spending {
        &self.spending
    }

    /// Sets an amount aside for the call of a bound, as soon as there is room; fails if there will be none. Both
    /// are asked for again after each wait, for more is known then of what calls take.
    pub(crate) async fn reserve<T>(
        &self,
        need: impl Fn() -> (Amount, SpendingBound, T),
    ) -> Result<(Reservation, SpendingBound, T), Refusal> {
        loop {
            // Listening begins before asking, or a change between the two would go unheard.
            let mut changed = std::pin::pin!(self.spending.0.changed.notified());
            changed.as_mut().enable();
            let (amount, bound, more) = need();
            match self.spending.ask(self.pot.as_deref(), amount, &bound) {
                Answer::Granted(reservation) => return Ok((reservation, bound, more)),
                Answer::Refused(refusal) => return Err(refusal),
                Answer::Wait => changed.await,
            }
        }
    }
}

#[derive(Debug)]
struct Reserved {
    amount: Amount,
    sent: bool,
}

/// An amount that is set aside. Dropping it gives back what was not sent; a call that was sent and is not
/// settled has taken all of it, as far as anybody knows.
#[derive(Debug)]
pub(crate) struct Reservation {
    spending: Spending,
    reserved: Mutex<Reserved>,
    /// The target whose first call it is, if it is one.
    probe: Mutex<Option<String>>,
}

impl Reservation {
    fn reserved(&self) -> MutexGuard<'_, Reserved> {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn amount(&self) -> Amount {
        self.reserved().amount
    }

    /// Ends the wait of others for what the first call takes.
    fn probed(&self, state: &mut State) {
        if let Some(target) = self.probe.lock().unwrap_or_else(PoisonError::into_inner).take() {
            state.probed.remove(&target);
        }
    }

    fn take(&self, amount: Amount) {
        let mut reserved = self.reserved();
        reserved.amount = reserved.amount.minus(amount);
    }

    /// Notes that the call is made.
    pub(crate) fn send(&self) {
        self.reserved().sent = true;
    }

    /// Sets more aside for a call that takes longer than was expected, if there is room.
    pub(crate) fn extend(&self, more: Amount, bound: &SpendingBound) -> Result<(), Refusal> {
        let mut state = self.spending.state();
        if let Some(cap) = state.obstacle(state.spent.plus(state.set_aside), more) {
            let refusal = state.refusal(cap, more, bound);
            state.refused.get_or_insert_with(|| refusal.clone());
            return Err(refusal);
        }
        state.set_aside = state.set_aside.plus(more);
        drop(state);
        let mut reserved = self.reserved();
        reserved.amount = reserved.amount.plus(more);
        Ok(())
    }

    /// Puts what the call took in the place of what was set aside for it; `rest` stays set aside for what
    /// follows. Without a usage it has taken all of it, if it may have been billed at all.
    pub(crate) fn settle(self, usage: Option<Usage>, price: Cost, rest: Amount) -> Option<Arc<Self>> {
        let own = self.amount().minus(rest);
        let took = usage.map_or(own, |usage| Amount {
            tokens: usage.total().unwrap_or(0),
            cost: price.amount().unwrap_or_default(),
            calls: own.calls,
        });
        let mut state = self.spending.state();
        state.spent = state.spent.plus(took);
        state.set_aside = state.set_aside.minus(own);
        self.probed(&mut state);
        drop(state);
        *self.reserved() = Reserved { amount: rest, sent: false };
        self.spending.0.changed.notify_waiters();
        (rest != Amount::default()).then(|| Arc::new(self))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Reserved { amount, sent } = *self.reserved();
        let mut state = self.spending.state();
        state.set_aside = state.set_aside.minus(amount);
        state.reservations -= 1;
        self.probed(&mut state);
        if sent {
            state.spent = state.spent.plus(amount);
        }
        drop(state);
        self.spending.0.changed.notify_waiters();
    }
}

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
pub(crate) struct Usages(Mutex<BTreeMap<String, Taken>>);

impl Usages {
    fn of(&self, target: &Target) -> Taken {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&target.name).copied().unwrap_or_default()
    }

    /// Takes in what the provider counted of a call. An estimate of ours says nothing of other calls.
    pub(crate) fn learn(&self, bound: &SpendingBound, usage: &Usage) {
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
pub(crate) struct SpendingBound {
    /// The name of its target.
    pub(crate) target: String,
    /// The bytes that are sent.
    sent: u64,
    input: u64,
    output: u64,
    /// The most that answers have, as far as those that came tell.
    usual: u64,
    /// Whether anything limits the answer; else `output` is a guess.
    limited: bool,
    /// Whether a call of the target has shown what one takes.
    pub(crate) known: bool,
    price: Option<Price>,
}

/// Counts the bytes of what is sent: no text has more tokens than bytes.
///
/// Of what goes with them, twice the tokens of the vendor's own formula.
pub(crate) fn sent(fitted: &PreparedRequest, target: &Target) -> u64 {
    let attached = |message: &Message| message.attached_tokens(target.kind, &target.model).saturating_mul(2);
    let of_message = |message: &Message| message.content.len() as u64 + AROUND + attached(message);
    let input: u64 = fitted.messages.iter().map(of_message).sum();
    let form = match &fitted.format {
        WireFormat::Text | WireFormat::JsonObject => 0,
        WireFormat::JsonSchema(schema) => length(schema),
    };
    let extra: u64 = fitted.params.extra.values().map(length).sum();
    input + form + extra + AROUND
}

impl SpendingBound {
    /// Bounds a call that sends so many bytes and sets this limit to the answer.
    pub(crate) fn of(target: &Target, sent: u64, max_tokens: Option<u64>, usages: &Usages) -> Self {
        let (card, usage) = (&target.card, usages.of(target));
        let limit = max_tokens.or(card.max_output).or(card.context);
        let within = |tokens: u64| tokens.min(card.context.unwrap_or(u64::MAX));
        let counted = (sent as f64 * usage.input).ceil() as u64;
        let input = if usage.input > 1.0 { counted } else { within(sent) };
        let likely = USUAL.max(usage.output.saturating_mul(2));
        let output = limit.map_or(likely, |limit| within(limit).max(usage.output));
        // What a person has set holds; what a model is able to is far more than it does.
        let guess = if usage.answers < ENOUGH { output } else { usage.output.saturating_mul(2) };
        let usual = if max_tokens.is_some() { output } else { guess.min(output) };
        let (target, price) = (target.name.clone(), card.price.clone());
        Self { target, sent, input, output, usual, limited: limit.is_some(), known: usage.known, price }
    }

    /// Counts with the prices of recordings where some go with the call, or may come back.
    pub(crate) fn with_audio(mut self, fitted: &PreparedRequest) -> Self {
        let mut attached = fitted.messages.iter().flat_map(|message| &message.attachments);
        let heard = attached.any(|attachment| attachment.kind == MediaKind::Audio);
        let spoken = fitted.params.extra.keys().any(|name| name == "audio" || name == "modalities");
        if let Some(price) = &mut self.price {
            price.input = price.input.max(price.audio_input.filter(|_| heard).unwrap_or_default());
            price.output = price.output.max(price.audio_output.filter(|_| spoken).unwrap_or_default());
        }
        self
    }

    /// Returns the tokens in and out together, and what they cost at the highest price that may be asked.
    pub(crate) fn amount(&self) -> Amount {
        Amount { calls: 1, ..self.amount_of(self.input, self.output) }
    }

    /// Returns the tokens that it counts with at a limit by the minute until it is known what it took.
    pub(crate) fn usual(&self) -> u64 {
        self.input.saturating_add(self.usual)
    }

    fn amount_of(&self, input: u64, output: u64) -> Amount {
        let cost = self.price.as_ref().map_or(0, |price| {
            let each = price.input.max(price.cache_write.unwrap_or_default());
            each.0.saturating_mul(input).saturating_add(price.output.0.saturating_mul(output))
        });
        Amount { tokens: input.saturating_add(output), cost: PicoDollars(cost), calls: 0 }
    }

    /// Returns the tokens that the answer has, at most, where another model reads it: no two of them count
    /// twice as differently.
    pub(crate) fn read_by_another(&self) -> u64 {
        self.output.saturating_mul(2)
    }

    /// Grows with an answer that nothing limits, once it has so many tokens; the amount that comes on top.
    pub(crate) fn outgrown(&mut self, output: u64) -> Option<Amount> {
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

impl fmt::Display for SpendingBound {
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
    use crate::model::{ModelCard, Wire};

    fn target(max_output: Option<u64>, context: Option<u64>) -> Target {
        let price = Price { input: PicoDollars(2), output: PicoDollars(10), ..Price::default() };
        Target {
            name: "m".to_owned(),
            provider: "own".to_owned(),
            kind: Wire::OpenAi,
            base_url: None,
            custom_endpoint: true,
            model: "m".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            options: crate::model::TargetOptions::default(),
            card: ModelCard { max_output, context, price: Some(price), ..ModelCard::default() },
        }
    }

    fn counted(input: u64, output: u64) -> Usage {
        Usage { input: Some(input), output: Some(output), ..Usage::default() }
    }

    #[test]
    fn what_limits_an_answer_bounds_it_and_a_guess_is_told_as_one() {
        let (usages, words) = (Usages::default(), |bound: &SpendingBound| bound.to_string());
        for (max_output, context, max_tokens, input, output, limited) in [
            (None, None, Some(50), 300, 50, true),
            (Some(4000), None, Some(50), 300, 50, true),
            (Some(4000), None, None, 300, 4000, true),
            (Some(4000), Some(200), None, 200, 200, true),
            (None, Some(2000), None, 300, 2000, true),
            (None, None, None, 300, 1000, false),
        ] {
            let bound = SpendingBound::of(&target(max_output, context), 300, max_tokens, &usages);
            let cost = PicoDollars(2 * input + 10 * output);
            assert_eq!(bound.amount(), Amount { tokens: input + output, cost, calls: 1 }, "{max_output:?} {context:?}");
            assert_eq!(words(&bound).contains("a guess"), !limited, "{}", words(&bound));
        }
    }

    #[test]
    fn what_a_provider_counts_beyond_the_bound_holds_from_the_next_call_on() {
        let (usages, target) = (Usages::default(), target(None, None));
        let of = |max_tokens| SpendingBound::of(&target, 100, max_tokens, &usages);
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
        let usual = || SpendingBound::of(&target, 100, None, &usages).usual();
        for _ in 0..ENOUGH {
            assert_eq!(usual(), 16_100);
            usages.learn(&SpendingBound::of(&target, 100, None, &usages), &counted(40, 60));
        }
        assert_eq!(usual(), 100 + 120);
        assert_eq!(SpendingBound::of(&target, 100, Some(500), &usages).usual(), 600, "what a person has set holds");
        assert_eq!(
            SpendingBound::of(&target, 100, None, &usages).amount().tokens,
            16_100,
            "a cap counts with the most"
        );
    }

    #[test]
    fn an_answer_outgrows_a_guess_alone() {
        let usages = Usages::default();
        let mut guess = SpendingBound::of(&target(None, None), 100, None, &usages);
        assert_eq!(guess.outgrown(999), None);
        assert_eq!(guess.outgrown(1000), Some(Amount { tokens: 1000, cost: PicoDollars(10_000), calls: 0 }));
        assert_eq!((guess.outgrown(1999), guess.amount().tokens), (None, 2100));
        assert_eq!(guess.outgrown(9000).map(|more| more.tokens), Some(7001));
        let mut limited = SpendingBound::of(&target(Some(10), None), 100, None, &usages);
        assert_eq!(limited.outgrown(1_000_000), None, "the provider ends it");
    }
}
