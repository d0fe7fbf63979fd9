//! What follows from a failed attempt: one table from the kind of the error, the budgets, and the backoff before the next
//! try.

use std::time::Duration;

use crate::{
    model::{CallError, ErrorKind, Target, Timer, settings::Retry},
    pipeline::event::NextStep,
};

/// What is added to a server's wish at most, so that many waiters do not come back at once.
pub(crate) const JITTER: Duration = Duration::from_millis(250);

/// The wait after an error on the `tries`-th try: what the server asks for and up to a quarter of a
/// second more, never less; else two to the power of `tries` seconds within the user's limits.
pub(crate) fn wait(error: &CallError, tries: u32, retry: &Retry, chance: f64) -> Duration {
    match error.retry_after.filter(|wait| !wait.is_zero()) {
        Some(wait) => wait.saturating_add(JITTER.mul_f64(chance.clamp(0.0, 1.0))),
        None => {
            Duration::from_secs(1_u64.checked_shl(tries).unwrap_or(u64::MAX)).min(retry.max_wait).max(retry.min_wait)
        }
    }
}

/// Whether the same target is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryRule {
    /// It would fail the same way.
    Never,
    /// One more time.
    Once,
    /// As often as the user's retries allow.
    Budget,
}

/// Whether another key helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyOrder {
    /// No.
    Stay,
    /// One that has not been tried on this target.
    Untried,
    /// Any that is not dead, after a wait if its account cools.
    Any,
}

/// Which other target helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Onward {
    /// None.
    Never,
    /// The next.
    Any,
    /// The next at another provider.
    OtherProvider,
    /// The next with a larger context.
    LargerContext,
}

/// One row of the table.
pub(crate) type PolicyRow = (RetryRule, KeyOrder, Onward);

/// The table.
pub(crate) fn rule(error: &CallError) -> PolicyRow {
    match error.class {
        ErrorKind::RateLimited => (RetryRule::Budget, KeyOrder::Any, Onward::Any),
        ErrorKind::Overloaded
        | ErrorKind::Transient
        | ErrorKind::Interrupted
        | ErrorKind::Timeout(Timer::Connect | Timer::FirstByte) => (RetryRule::Budget, KeyOrder::Stay, Onward::Any),
        ErrorKind::Timeout(Timer::FirstToken | Timer::Idle | Timer::Progress) => {
            (RetryRule::Once, KeyOrder::Stay, Onward::Any)
        }
        ErrorKind::Quota | ErrorKind::MissingKey | ErrorKind::Credential => {
            (RetryRule::Never, KeyOrder::Any, Onward::Any)
        }
        // A 403 says that this account may not use the model; another one may.
        ErrorKind::ModelGone if error.status == Some(403) => (RetryRule::Never, KeyOrder::Untried, Onward::Any),
        ErrorKind::Region => (RetryRule::Never, KeyOrder::Stay, Onward::OtherProvider),
        ErrorKind::ContextTooLong => (RetryRule::Never, KeyOrder::Stay, Onward::LargerContext),
        // What one endpoint refuses another takes.
        ErrorKind::ModelGone
        | ErrorKind::ParamRejected
        | ErrorKind::ContentPolicy
        | ErrorKind::CallerFault
        | ErrorKind::NotAnApi
        | ErrorKind::Truncated
        | ErrorKind::BadOutput
        | ErrorKind::TooLarge
        | ErrorKind::Unknown => (RetryRule::Never, KeyOrder::Stay, Onward::Any),
        // A mistake of one's own is one everywhere, and falling back would hide it.
        ErrorKind::InvalidPrompt | ErrorKind::Cancelled | ErrorKind::Timeout(Timer::Total) => {
            (RetryRule::Never, KeyOrder::Stay, Onward::Never)
        }
    }
}

/// Tells whether a server's `x-should-retry: true` counts for a class.
fn may_be_overruled(class: ErrorKind) -> bool {
    !matches!(
        class,
        ErrorKind::Cancelled
            | ErrorKind::Quota
            | ErrorKind::MissingKey
            | ErrorKind::Credential
            | ErrorKind::ModelGone
            | ErrorKind::ParamRejected
            | ErrorKind::ContentPolicy
            | ErrorKind::CallerFault
            | ErrorKind::InvalidPrompt
            | ErrorKind::Timeout(Timer::Total)
    )
}

/// Tells whether a target is worth asking after an error of another.
pub(crate) fn suits(error: &CallError, from: &Target, to: &Target) -> bool {
    match rule(error).2 {
        Onward::Never => false,
        Onward::Any => true,
        Onward::OtherProvider => to.provider != from.provider,
        Onward::LargerContext => match (from.card.context, to.card.context) {
            (Some(from), Some(to)) => to > from,
            _ => true,
        },
    }
}

/// A key the pool offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Offered {
    pub label: String,
    /// Whether it is the one that was just used.
    pub same: bool,
    /// How long its account still cools.
    pub wait: Duration,
}

/// Where a run stands when an attempt has failed.
#[derive(Debug, Clone)]
pub(crate) struct RetryFacts<'a> {
    /// The user's limits.
    pub retry: &'a Retry,
    /// Tries on this target, free walks from key to key not counted.
    pub tries: u32,
    /// Tries over all targets, counted the same way.
    pub spent: u32,
    /// Whether the one retry of [`RetryRule::Once`] has been used on this target.
    pub once_used: bool,
    /// Whether what was shown forbids starting over.
    pub committed: bool,
    /// Until the run's deadline.
    pub left: Duration,
    /// A key that has not been tried on this target and is ready.
    pub untried: Option<String>,
    /// The living key that is ready first.
    pub best: Option<Offered>,
    /// The next target that is worth asking.
    pub next: Option<String>,
    /// How long to wait, by [`wait`].
    pub wait: Duration,
}

/// Decides what follows. Only a walk to an untried, ready key is free; all else is counted.
pub(crate) fn decide(error: &CallError, facts: &RetryFacts<'_>) -> NextStep {
    let (again, walk, onward) = rule(error);
    if facts.committed {
        return NextStep::GiveUp;
    }
    if walk != KeyOrder::Stay
        && let Some(key) = &facts.untried
    {
        return NextStep::NextKey { key: key.clone(), wait: Duration::ZERO };
    }
    let more = facts.spent < facts.retry.total_attempts;
    let tries_left = more && facts.tries < facts.retry.attempts;
    let fits = |wait: Duration| wait <= longest(facts.retry) && wait < facts.left;
    let again = match (error.should_retry, again) {
        (Some(false), _) | (None, RetryRule::Never) => false,
        (Some(true), RetryRule::Never) => may_be_overruled(error.class),
        (_, RetryRule::Once) => !facts.once_used,
        (_, RetryRule::Budget) => true,
    };
    if tries_left {
        match facts.best.as_ref().filter(|_| walk == KeyOrder::Any) {
            Some(best) if !best.same && fits(best.wait) => {
                return NextStep::NextKey { key: best.label.clone(), wait: best.wait };
            }
            Some(best) if best.same && again && fits(best.wait.max(facts.wait)) => {
                return NextStep::Retry { wait: best.wait.max(facts.wait) };
            }
            None if again && fits(facts.wait) => return NextStep::Retry { wait: facts.wait },
            _ => {}
        }
    }
    match &facts.next {
        Some(to) if more && onward != Onward::Never => NextStep::NextModel { to: to.clone() },
        _ => NextStep::GiveUp,
    }
}

/// The longest wait worth making, a server's wish with its jitter included.
pub(crate) fn longest(retry: &Retry) -> Duration {
    retry.max_retry_after.max(retry.max_wait).saturating_add(JITTER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ErrorKind;

    #[test]
    fn our_own_waits_double_between_the_limits() {
        let error = CallError::new(ErrorKind::Transient, "");
        let waits: Vec<u64> = (1..6).map(|tries| wait(&error, tries, &Retry::default(), 0.9).as_secs()).collect();
        assert_eq!(waits, [4, 4, 8, 10, 10]);
        assert_eq!(wait(&error, 200, &Retry::default(), 0.0).as_secs(), 10);
    }

    #[test]
    fn a_server_is_never_asked_again_too_early() {
        let error =
            CallError { retry_after: Some(Duration::from_secs(2)), ..CallError::new(ErrorKind::RateLimited, "") };
        for chance in [0.0, 0.5, 0.999] {
            let wait = wait(&error, 1, &Retry::default(), chance);
            assert!(wait >= Duration::from_secs(2) && wait < Duration::from_millis(2250), "{wait:?}");
        }
        let zero = CallError { retry_after: Some(Duration::ZERO), ..error };
        assert_eq!(wait(&zero, 1, &Retry::default(), 0.0), Duration::from_secs(4), "no wish is no wish");
    }
    const RETRY: Retry = Retry {
        attempts: 3,
        min_wait: Duration::from_secs(4),
        max_wait: Duration::from_secs(10),
        max_retry_after: Duration::from_secs(120),
        total_attempts: 8,
        quality: None,
    };
    const WAIT: Duration = Duration::from_secs(4);

    fn facts() -> RetryFacts<'static> {
        RetryFacts {
            retry: &RETRY,
            tries: 1,
            spent: 1,
            once_used: false,
            committed: false,
            left: Duration::from_secs(600),
            untried: Some("env:B".to_owned()),
            best: Some(Offered { label: "env:A".to_owned(), same: true, wait: WAIT }),
            next: Some("other".to_owned()),
            wait: WAIT,
        }
    }

    fn error(class: ErrorKind) -> CallError {
        CallError::new(class, "x")
    }

    fn key(label: &str, wait: Duration) -> NextStep {
        NextStep::NextKey { key: label.to_owned(), wait }
    }

    fn onward() -> NextStep {
        NextStep::NextModel { to: "other".to_owned() }
    }

    /// One row per class: with an untried key, without one, with the tries used up.
    #[test]
    fn every_row_of_the_table() {
        let retry = || NextStep::Retry { wait: WAIT };
        let b = || key("env:B", Duration::ZERO);
        let rows = [
            (ErrorKind::Cancelled, NextStep::GiveUp, NextStep::GiveUp, NextStep::GiveUp),
            (ErrorKind::Quota, b(), onward(), onward()),
            (ErrorKind::RateLimited, b(), retry(), onward()),
            (ErrorKind::Overloaded, retry(), retry(), onward()),
            (ErrorKind::Transient, retry(), retry(), onward()),
            (ErrorKind::Timeout(Timer::Connect), retry(), retry(), onward()),
            (ErrorKind::Timeout(Timer::FirstByte), retry(), retry(), onward()),
            (ErrorKind::Timeout(Timer::FirstToken), retry(), retry(), onward()),
            (ErrorKind::Timeout(Timer::Idle), retry(), retry(), onward()),
            (ErrorKind::Timeout(Timer::Progress), retry(), retry(), onward()),
            (ErrorKind::Timeout(Timer::Total), NextStep::GiveUp, NextStep::GiveUp, NextStep::GiveUp),
            (ErrorKind::Region, onward(), onward(), onward()),
            (ErrorKind::MissingKey, b(), onward(), onward()),
            (ErrorKind::Credential, b(), onward(), onward()),
            (ErrorKind::ModelGone, onward(), onward(), onward()),
            (ErrorKind::ContextTooLong, onward(), onward(), onward()),
            (ErrorKind::ParamRejected, onward(), onward(), onward()),
            (ErrorKind::ContentPolicy, onward(), onward(), onward()),
            (ErrorKind::CallerFault, onward(), onward(), onward()),
            (ErrorKind::InvalidPrompt, NextStep::GiveUp, NextStep::GiveUp, NextStep::GiveUp),
            (ErrorKind::NotAnApi, onward(), onward(), onward()),
            (ErrorKind::Interrupted, retry(), retry(), onward()),
            (ErrorKind::Truncated, onward(), onward(), onward()),
            (ErrorKind::BadOutput, onward(), onward(), onward()),
            (ErrorKind::TooLarge, onward(), onward(), onward()),
            (ErrorKind::Unknown, onward(), onward(), onward()),
        ];
        for (class, with_key, without, used_up) in rows {
            let error = error(class);
            // A dead key is not offered again.
            let best = facts()
                .best
                .filter(|_| !matches!(class, ErrorKind::Quota | ErrorKind::MissingKey | ErrorKind::Credential));
            let with = RetryFacts { best: best.clone(), ..facts() };
            assert_eq!(decide(&error, &with), with_key, "{class:?} with a key");
            let alone = RetryFacts { untried: None, best, ..facts() };
            assert_eq!(decide(&error, &alone), without, "{class:?} without a key");
            let last = RetryFacts { tries: 3, ..alone };
            assert_eq!(decide(&error, &last), used_up, "{class:?} used up");
            let committed = RetryFacts { committed: true, ..facts() };
            assert_eq!(decide(&error, &committed), NextStep::GiveUp, "{class:?} after text was shown");
        }
    }

    #[test]
    fn a_stall_is_retried_once() {
        let used = RetryFacts { once_used: true, ..facts() };
        assert_eq!(decide(&error(ErrorKind::Timeout(Timer::Idle)), &used), onward());
    }

    #[test]
    fn all_budgets_end_it() {
        let transient = error(ErrorKind::Transient);
        let spent = RetryFacts { spent: 8, ..facts() };
        assert_eq!(decide(&transient, &spent), NextStep::GiveUp, "total attempts");
        let late = RetryFacts { left: WAIT, ..facts() };
        assert_eq!(decide(&transient, &late), onward(), "a wait that ends with the deadline is not made");
        let last = RetryFacts { tries: 3, next: None, ..facts() };
        assert_eq!(decide(&transient, &last), NextStep::GiveUp, "no target left");
    }

    #[test]
    fn a_wait_longer_than_we_wait_leads_on() {
        let long = Duration::from_secs(121);
        let limited = RetryFacts {
            untried: None,
            best: Some(Offered { label: "env:A".to_owned(), same: true, wait: long }),
            wait: long,
            ..facts()
        };
        assert_eq!(decide(&error(ErrorKind::RateLimited), &limited), onward());
        let sooner = RetryFacts {
            best: Some(Offered { label: "env:B".to_owned(), same: false, wait: Duration::from_secs(3) }),
            ..limited
        };
        assert_eq!(decide(&error(ErrorKind::RateLimited), &sooner), key("env:B", Duration::from_secs(3)));
    }

    #[test]
    fn the_servers_word_counts_where_a_retry_can_heal() {
        let no = CallError { should_retry: Some(false), ..error(ErrorKind::Transient) };
        assert_eq!(decide(&no, &facts()), onward());
        let yes = CallError { should_retry: Some(true), ..error(ErrorKind::Unknown) };
        assert_eq!(decide(&yes, &facts()), NextStep::Retry { wait: WAIT });
        let quota = CallError { should_retry: Some(true), ..error(ErrorKind::Quota) };
        let alone = RetryFacts { untried: None, best: None, ..facts() };
        assert_eq!(decide(&quota, &alone), onward());
    }

    #[test]
    fn a_model_closed_to_one_account_may_be_open_to_another() {
        let closed = CallError { status: Some(403), ..error(ErrorKind::ModelGone) };
        assert_eq!(decide(&closed, &facts()), key("env:B", Duration::ZERO));
    }
}
