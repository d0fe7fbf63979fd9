//! What the accounts of a provider use of their limits, in words, and how the limits are moved.

use std::fmt::Write as _;

use jiff::Timestamp;

use crate::pipeline::AccountState;

/// Returns how many calls each account may have under way after a step up or down, at least one;
/// `None` where there is no account, or no limit and nothing to take away from. Without a limit a
/// step down begins from what is under way.
#[must_use]
pub fn changed(accounts: &[&mut AccountState], by: isize) -> Option<usize> {
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
    let mut said = if account.is_empty() { String::new() } else { format!("{account} ") };
    let _ = match concurrency {
        Some(room) => write!(said, "{under_way} of {room} at once"),
        None => write!(said, "{under_way} at once, no limit"),
    };
    if let Some(most) = limits.concurrency.filter(|most| Some(*most) != *concurrency) {
        let _ = write!(said, " (of {most}: it was overrun)");
    }
    if *waiting > 0 {
        let _ = write!(said, ", {waiting} waiting");
    }
    if let Some(most) = limits.requests_per_minute {
        let left = u64::from(most).saturating_sub(*requests as u64);
        let _ = write!(said, ", {left} of {most} requests left");
    }
    if let Some(most) = limits.tokens_per_minute {
        let _ = write!(said, ", {} of {most} tokens left", most.saturating_sub(*tokens));
    }
    if let Some(until) = rests {
        let _ = write!(said, ", rests {} s", until.as_second().saturating_sub(now.as_second()).max(0));
    }
    said
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
        let said = "env:K 3 of 4 at once (of 8: it was overrun), 2 waiting, 48 of 60 requests left, \
                    0 of 1000 tokens left, rests 42 s";
        assert_eq!(usage(&overrun, now), said);
    }

    #[test]
    fn the_limit_moves_by_one_and_never_below_one() {
        let moved =
            |concurrency, by| changed(&[&mut state(AccountLimits { concurrency, ..AccountLimits::default() })], by);
        assert_eq!([moved(Some(4), 1), moved(Some(4), -1), moved(Some(1), -1)], [Some(5), Some(3), Some(1)]);
        assert_eq!([moved(None, 1), moved(None, -1)], [None, Some(3)], "from no limit to what is under way");
        assert_eq!(changed(&[], -1), None);
    }
}
