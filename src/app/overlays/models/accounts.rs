//! How the keys and the accounts of a provider stand, in words: under the list of models.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::{
    app::context::Shared,
    pipeline::{AccountState, KeyState, Readiness},
    text::{SanitizedText, clean_line},
};

/// Returns how many calls each account may have under way after a step up or down, at least one;
/// `None` where there is no account, or no limit and nothing to take away from. Without a limit a
/// step down begins from what is under way.
pub(crate) fn changed(accounts: &[&AccountState], by: isize) -> Option<usize> {
    let now = accounts.first()?.limits.concurrency;
    let most = match now {
        Some(most) => most.saturating_add_signed(by),
        None if by < 0 => accounts.iter().map(|account| account.under_way).max()?,
        None => return None,
    };
    Some(most.max(1))
}

/// Says in words what an account uses: calls under way and waiting, what is left of the minute,
/// how long it rests.
#[must_use]
pub fn usage(state: &AccountState, now: Timestamp) -> String {
    let AccountState { account, under_way, waiting, concurrency, requests, tokens, rests, limits, provider: _ } = state;
    let mut text = if account.is_empty() { String::new() } else { format!("{account} ") };
    let _ = match concurrency {
        Some(room) => write!(text, "{under_way} of {room} at once"),
        None => write!(text, "{under_way} at once, no limit"),
    };
    if let Some(most) = limits.concurrency.filter(|most| Some(*most) != *concurrency) {
        let _ = write!(text, " (of {most}: it was overrun)");
    }
    if *waiting > 0 {
        let _ = write!(text, ", {waiting} waiting");
    }
    if let Some(most) = limits.requests_per_minute {
        let left = u64::from(most).saturating_sub(*requests as u64);
        let _ = write!(text, ", {left} of {most} requests left");
    }
    if let Some(most) = limits.tokens_per_minute {
        let _ = write!(text, ", {} of {most} tokens left", most.saturating_sub(*tokens));
    }
    if let Some(until) = rests {
        let _ = write!(text, ", rests {} s", until.as_second().saturating_sub(now.as_second()).max(0));
    }
    text
}

/// Says in words how a key stands: its label, its account where that has another name, and its state.
#[must_use]
pub fn key_status(key: &KeyState, now: Timestamp) -> String {
    let account = if key.account == key.label { String::new() } else { format!(" (account {})", key.account) };
    let left = |until: Timestamp| until.as_second().saturating_sub(now.as_second()).max(0);
    let state = match &key.state {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Cooling { until } => format!("rests {} s", left(*until)),
        Readiness::Retired { until, why } if *until > now => format!("rests {} s: {why}", left(*until)),
        Readiness::Retired { why, .. } => format!("is tried again: {why}"),
    };
    format!("{}{account} {state}", key.label)
}

/// Says how the keys of a provider stand; nothing where it has none.
#[must_use]
pub fn keys_of(shared: &Shared, provider: &str) -> Option<SanitizedText> {
    let own = shared.key_states.iter().filter(|key| key.provider == provider);
    let states: Vec<String> = own.map(|key| key_status(key, shared.now.time)).collect();
    (!states.is_empty()).then(|| clean_line(&states.join(" · ")))
}

/// Says what the accounts of a provider use of their limits; nothing where it has none.
#[must_use]
pub fn accounts_of(shared: &Shared, provider: &str) -> Option<SanitizedText> {
    let own = shared.accounts.iter().filter(|account| account.provider == provider);
    let used: Vec<String> = own.map(|account| usage(account, shared.now.time)).collect();
    (!used.is_empty()).then(|| clean_line(&used.join(" · ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::AccountLimits;

    fn state(limits: AccountLimits) -> AccountState {
        AccountState {
            provider: "openai".to_owned(),
            account: "env:K".to_owned(),
            under_way: 3,
            waiting: 0,
            concurrency: limits.concurrency,
            requests: 12,
            tokens: 1500,
            rests: None,
            limits,
        }
    }

    #[test]
    fn what_is_used_is_said_with_what_is_left() {
        let now = Timestamp::from_second(100).unwrap();
        assert_eq!(usage(&state(AccountLimits::default()), now), "env:K 3 at once, no limit");
        let limits =
            AccountLimits { concurrency: Some(8), requests_per_minute: Some(60), tokens_per_minute: Some(1000) };
        let overrun = AccountState {
            concurrency: Some(4),
            waiting: 2,
            rests: Some(Timestamp::from_second(142).unwrap()),
            ..state(limits)
        };
        let shown = "env:K 3 of 4 at once (of 8: it was overrun), 2 waiting, 48 of 60 requests left, \
                    0 of 1000 tokens left, rests 42 s";
        assert_eq!(usage(&overrun, now), shown);
    }

    #[test]
    fn the_limit_moves_by_one_and_never_below_one() {
        let moved = |concurrency, by| changed(&[&state(AccountLimits { concurrency, ..AccountLimits::default() })], by);
        assert_eq!([moved(Some(4), 1), moved(Some(4), -1), moved(Some(1), -1)], [Some(5), Some(3), Some(1)]);
        assert_eq!([moved(None, 1), moved(None, -1)], [None, Some(3)], "from no limit to what is under way");
        assert_eq!(changed(&[], -1), None);
    }

    #[test]
    fn a_key_is_said_by_its_label_with_its_state() {
        let now = Timestamp::from_second(100).unwrap();
        let shown = |account: &str, state| {
            let (provider, label) = ("openai".to_owned(), "env:K".to_owned());
            key_status(&KeyState { provider, label, account: account.to_owned(), state }, now)
        };
        assert_eq!(shown("env:K", Readiness::Ready), "env:K ready");
        let until = Timestamp::from_second(142).unwrap();
        assert_eq!(shown("team", Readiness::Cooling { until }), "env:K (account team) rests 42 s");
        let refused = |until| Readiness::Retired { until, why: "API key rejected".to_owned() };
        assert_eq!(shown("env:K", refused(until)), "env:K rests 42 s: API key rejected");
        assert_eq!(shown("env:K", refused(now)), "env:K is tried again: API key rejected");
    }
}
