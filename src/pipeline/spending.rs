//! What the calls of a batch may use together: each sets the most it may take aside before it is made, so
//! that none is begun that may pass a cap, however many are under way.

pub(super) mod bound;

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::model::{
    Cost, PicoDollars, Usage,
    batch::{Cap, Caps},
};
use bound::Bound;

/// Tokens and money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Amount {
    /// In and out.
    pub tokens: u64,
    /// As far as prices are known.
    pub cost: PicoDollars,
}

impl Amount {
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_add(other.tokens),
            cost: PicoDollars(self.cost.0.saturating_add(other.cost.0)),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            tokens: self.tokens.saturating_sub(other.tokens),
            cost: PicoDollars(self.cost.0.saturating_sub(other.cost.0)),
        }
    }

    fn least(self, other: Self) -> Self {
        Self { tokens: self.tokens.min(other.tokens), cost: self.cost.min(other.cost) }
    }
}

/// Why a call is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The cap that it may pass; none where nothing more can be recorded.
    pub cap: Option<Cap>,
    /// In words, with the numbers.
    pub why: String,
}

#[derive(Debug, Default)]
struct State {
    tokens: Option<u64>,
    cost: Option<PicoDollars>,
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
    fn hold(&mut self, caps: Caps) {
        self.tokens = caps.tokens;
        self.cost = caps.cost.map(|dollars| PicoDollars((dollars * 1e12).round().max(0.0) as u64));
        self.refused = None;
    }

    /// Says which cap stands in the way of a further amount on top of what is `used`.
    fn obstacle(&self, used: Amount, more: Amount) -> Option<Cap> {
        let after = used.plus(more);
        let tokens = self.tokens.is_some_and(|most| after.tokens > most && more.tokens > 0);
        let cost = self.cost.is_some_and(|most| after.cost > most && more.cost.0 > 0);
        tokens.then_some(Cap::Tokens).or(cost.then_some(Cap::Cost))
    }

    /// Says why a call with what follows it is refused: what it may take, and what is left.
    fn refusal(&self, cap: Cap, amount: Amount, bound: &Bound) -> Refusal {
        let (takes, judges, left) = match cap {
            Cap::Cost => {
                let [own, all, spent, most] =
                    [bound.amount().cost, amount.cost, self.spent.cost, self.cost.unwrap_or_default()];
                let judges = (all > own).then(|| PicoDollars(all.0 - own.0).to_string());
                let left = PicoDollars(most.0.saturating_sub(spent.0));
                (format!("cost up to {all}"), judges, format!("{left} of {most} is left"))
            }
            Cap::Tokens | Cap::Time => {
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
pub(super) struct Spending(Arc<Shared>);

impl Spending {
    /// Begins with what was spent before.
    pub(super) fn new(caps: Caps, spent: Amount) -> Self {
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

    /// Changes the caps; what was refused may be asked for again.
    pub(super) fn set_caps(&self, caps: Caps) {
        self.state().hold(caps);
        self.0.changed.notify_waiters();
    }

    /// Lets no further call be made.
    pub(super) fn close(&self, why: &str) {
        self.state().closed.get_or_insert_with(|| Refusal { cap: None, why: why.to_owned() });
        self.0.changed.notify_waiters();
    }

    /// Returns why a call was refused since the caps were changed last.
    pub(super) fn refused(&self) -> Option<Refusal> {
        self.state().refused.clone()
    }

    /// Tells whether anything is limited.
    pub(super) fn is_limited(&self) -> bool {
        let state = self.state();
        state.tokens.is_some() || state.cost.is_some()
    }

    /// Tells why no further call is made, if none is.
    pub(super) fn closed(&self) -> Option<Refusal> {
        self.state().closed.clone()
    }

    fn ask(&self, pot: Option<&Reservation>, amount: Amount, bound: &Bound) -> Answer {
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
            kept: Mutex::new(Kept { amount, sent: false }),
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
pub(super) struct Purse {
    spending: Spending,
    pot: Option<Arc<Reservation>>,
}

impl Purse {
    /// Makes the purse of a cell.
    pub(super) fn new(spending: Spending) -> Self {
        Self { spending, pot: None }
    }

    /// Makes the purse of a run for which something is set aside already.
    pub(super) fn within(&self, pot: Option<Arc<Reservation>>) -> Self {
        Self { spending: self.spending.clone(), pot }
    }

    /// Returns what the batch may use.
    pub(super) fn spending(&self) -> &Spending {
        &self.spending
    }

    /// Sets an amount aside for the call of a bound, as soon as there is room; fails if there will be none. Both
    /// are asked for again after each wait, for more is known then of what calls take.
    pub(super) async fn reserve<T>(
        &self,
        need: impl Fn() -> (Amount, Bound, T),
    ) -> Result<(Reservation, Bound, T), Refusal> {
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
struct Kept {
    amount: Amount,
    sent: bool,
}

/// An amount that is set aside. Dropping it gives back what was not sent; a call that was sent and is not
/// settled has taken all of it, as far as anybody knows.
#[derive(Debug)]
pub(super) struct Reservation {
    spending: Spending,
    kept: Mutex<Kept>,
    /// The target whose first call it is, if it is one.
    probe: Mutex<Option<String>>,
}

impl Reservation {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn amount(&self) -> Amount {
        self.kept().amount
    }

    /// Ends the wait of others for what the first call takes.
    fn probed(&self, state: &mut State) {
        if let Some(target) = self.probe.lock().unwrap_or_else(PoisonError::into_inner).take() {
            state.probed.remove(&target);
        }
    }

    fn take(&self, amount: Amount) {
        let mut kept = self.kept();
        kept.amount = kept.amount.minus(amount);
    }

    /// Notes that the call is made.
    pub(super) fn send(&self) {
        self.kept().sent = true;
    }

    /// Sets more aside for a call that takes longer than was expected, if there is room.
    pub(super) fn extend(&self, more: Amount, bound: &Bound) -> Result<(), Refusal> {
        let mut state = self.spending.state();
        if let Some(cap) = state.obstacle(state.spent.plus(state.set_aside), more) {
            let refusal = state.refusal(cap, more, bound);
            state.refused.get_or_insert_with(|| refusal.clone());
            return Err(refusal);
        }
        state.set_aside = state.set_aside.plus(more);
        drop(state);
        let mut kept = self.kept();
        kept.amount = kept.amount.plus(more);
        Ok(())
    }

    /// Puts what the call took in the place of what was set aside for it; `rest` stays set aside for what
    /// follows. Without a usage it has taken all of it, if it may have been billed at all.
    pub(super) fn settle(self, usage: Option<Usage>, price: Cost, rest: Amount) -> Option<Arc<Self>> {
        let own = self.amount().minus(rest);
        let took = usage.map_or(own, |usage| Amount {
            tokens: usage.total().unwrap_or(0),
            cost: price.amount().unwrap_or_default(),
        });
        let mut state = self.spending.state();
        state.spent = state.spent.plus(took);
        state.set_aside = state.set_aside.minus(own);
        self.probed(&mut state);
        drop(state);
        *self.kept() = Kept { amount: rest, sent: false };
        self.spending.0.changed.notify_waiters();
        (rest != Amount::default()).then(|| Arc::new(self))
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        let Kept { amount, sent } = *self.kept();
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
