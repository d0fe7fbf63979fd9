//! What follows from a failed attempt: one table from the class of the fault, and the budgets.

use std::time::Duration;

use super::{backoff, event::Next};
use crate::model::{Class, Fault, Target, Timer, settings::Retry};

/// Whether the same target is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// It would fail the same way.
    Never,
    /// One more time.
    Once,
    /// One more time, without the parameter the fault names.
    Altered,
    /// As often as the user's retries allow.
    Budget,
}

/// Whether another key helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// No.
    Stay,
    /// One that has not been tried on this target.
    Untried,
    /// Any that is not dead, after a wait if its account cools.
    Any,
}

/// Which other target helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Onward {
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
pub(super) type Rule = (Again, Walk, Onward);

/// The table.
pub(super) fn rule(fault: &Fault) -> Rule {
    match fault.class {
        Class::RateLimited => (Again::Budget, Walk::Any, Onward::Any),
        Class::Overloaded
        | Class::Transient
        | Class::Interrupted
        | Class::Timeout(Timer::Connect | Timer::FirstByte) => (Again::Budget, Walk::Stay, Onward::Any),
        Class::Timeout(Timer::FirstToken | Timer::Idle | Timer::Progress) => (Again::Once, Walk::Stay, Onward::Any),
        Class::Quota | Class::Credential => (Again::Never, Walk::Any, Onward::Any),
        // A 403 says that this account may not use the model; another one may.
        Class::ModelGone if fault.status == Some(403) => (Again::Never, Walk::Untried, Onward::Any),
        Class::ParamRejected => (Again::Altered, Walk::Stay, Onward::Any),
        Class::Region => (Again::Never, Walk::Stay, Onward::OtherProvider),
        Class::ContextTooLong => (Again::Never, Walk::Stay, Onward::LargerContext),
        // What one endpoint refuses another takes.
        Class::ModelGone
        | Class::ContentPolicy
        | Class::CallerFault
        | Class::NotAnApi
        | Class::Truncated
        | Class::BadOutput
        | Class::TooLarge
        | Class::Unknown => (Again::Never, Walk::Stay, Onward::Any),
        // A mistake of one's own is one everywhere, and falling back would hide it.
        Class::InvalidPrompt | Class::Cancelled | Class::Timeout(Timer::Total) => {
            (Again::Never, Walk::Stay, Onward::Never)
        }
    }
}

/// Tells whether a server's `x-should-retry: true` counts for a class.
fn may_be_overruled(class: Class) -> bool {
    !matches!(
        class,
        Class::Cancelled
            | Class::Quota
            | Class::Credential
            | Class::ModelGone
            | Class::ContentPolicy
            | Class::CallerFault
            | Class::InvalidPrompt
            | Class::Timeout(Timer::Total)
    )
}

/// Tells whether a target is worth asking after a fault of another.
pub(super) fn suits(fault: &Fault, from: &Target, to: &Target) -> bool {
    match rule(fault).2 {
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
pub(super) struct Offered {
    /// Its label.
    pub label: String,
    /// Whether it is the one that was just used.
    pub same: bool,
    /// How long its account still cools.
    pub wait: Duration,
}

/// Where a run stands when an attempt has failed.
#[derive(Debug, Clone)]
pub(super) struct Standing<'a> {
    /// The user's limits.
    pub retry: &'a Retry,
    /// Tries on this target, free walks from key to key not counted.
    pub tries: u32,
    /// Tries over all targets, counted the same way.
    pub spent: u32,
    /// Whether the one retry of [`Again::Once`] has been used on this target.
    pub once_used: bool,
    /// Whether the parameter the fault names can still be left out.
    pub alterable: bool,
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
    /// How long to wait, by [`backoff::wait`].
    pub wait: Duration,
}

/// Decides what follows. Only a walk to an untried, ready key is free; all else is counted.
pub(super) fn decide(fault: &Fault, standing: &Standing<'_>) -> Next {
    let (again, walk, onward) = rule(fault);
    if standing.committed {
        return Next::GiveUp;
    }
    if walk != Walk::Stay
        && let Some(key) = &standing.untried
    {
        return Next::NextKey { key: key.clone(), wait: Duration::ZERO };
    }
    let more = standing.spent < standing.retry.total_attempts;
    let tries_left = more && standing.tries < standing.retry.attempts;
    let fits = |wait: Duration| wait <= longest(standing.retry) && wait < standing.left;
    let again = match (fault.should_retry, again) {
        (_, Again::Altered) => standing.alterable,
        (Some(false), _) | (None, Again::Never) => false,
        (Some(true), Again::Never) => may_be_overruled(fault.class),
        (_, Again::Once) => !standing.once_used,
        (_, Again::Budget) => true,
    };
    if tries_left {
        match standing.best.as_ref().filter(|_| walk == Walk::Any) {
            Some(best) if !best.same && fits(best.wait) => {
                return Next::NextKey { key: best.label.clone(), wait: best.wait };
            }
            Some(best) if best.same && again && fits(best.wait.max(standing.wait)) => {
                return Next::Retry { wait: best.wait.max(standing.wait) };
            }
            None if again && fault.class == Class::ParamRejected => return Next::Retry { wait: Duration::ZERO },
            None if again && fits(standing.wait) => return Next::Retry { wait: standing.wait },
            _ => {}
        }
    }
    match &standing.next {
        Some(to) if more && onward != Onward::Never => Next::NextModel { to: to.clone() },
        _ => Next::GiveUp,
    }
}

/// The longest wait worth making, a server's wish with its jitter included.
pub(super) fn longest(retry: &Retry) -> Duration {
    retry.max_retry_after.max(retry.max_wait).saturating_add(backoff::JITTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        attempts: 3,
        min_wait: Duration::from_secs(4),
        max_wait: Duration::from_secs(10),
        max_retry_after: Duration::from_secs(120),
        total_attempts: 8,
        quality: None,
    };
    const WAIT: Duration = Duration::from_secs(4);

    fn standing() -> Standing<'static> {
        Standing {
            retry: &RETRY,
            tries: 1,
            spent: 1,
            once_used: false,
            alterable: true,
            committed: false,
            left: Duration::from_secs(600),
            untried: Some("env:B".to_owned()),
            best: Some(Offered { label: "env:A".to_owned(), same: true, wait: WAIT }),
            next: Some("other".to_owned()),
            wait: WAIT,
        }
    }

    fn fault(class: Class) -> Fault {
        Fault::new(class, "x")
    }

    fn key(label: &str, wait: Duration) -> Next {
        Next::NextKey { key: label.to_owned(), wait }
    }

    fn onward() -> Next {
        Next::NextModel { to: "other".to_owned() }
    }

    /// One row per class: with an untried key, without one, with the tries used up.
    #[test]
    fn every_row_of_the_table() {
        let retry = || Next::Retry { wait: WAIT };
        let now = || Next::Retry { wait: Duration::ZERO };
        let b = || key("env:B", Duration::ZERO);
        let rows = [
            (Class::Cancelled, Next::GiveUp, Next::GiveUp, Next::GiveUp),
            (Class::Quota, b(), onward(), onward()),
            (Class::RateLimited, b(), retry(), onward()),
            (Class::Overloaded, retry(), retry(), onward()),
            (Class::Transient, retry(), retry(), onward()),
            (Class::Timeout(Timer::Connect), retry(), retry(), onward()),
            (Class::Timeout(Timer::FirstByte), retry(), retry(), onward()),
            (Class::Timeout(Timer::FirstToken), retry(), retry(), onward()),
            (Class::Timeout(Timer::Idle), retry(), retry(), onward()),
            (Class::Timeout(Timer::Progress), retry(), retry(), onward()),
            (Class::Timeout(Timer::Total), Next::GiveUp, Next::GiveUp, Next::GiveUp),
            (Class::Region, onward(), onward(), onward()),
            (Class::Credential, b(), onward(), onward()),
            (Class::ModelGone, onward(), onward(), onward()),
            (Class::ContextTooLong, onward(), onward(), onward()),
            (Class::ParamRejected, now(), now(), onward()),
            (Class::ContentPolicy, onward(), onward(), onward()),
            (Class::CallerFault, onward(), onward(), onward()),
            (Class::InvalidPrompt, Next::GiveUp, Next::GiveUp, Next::GiveUp),
            (Class::NotAnApi, onward(), onward(), onward()),
            (Class::Interrupted, retry(), retry(), onward()),
            (Class::Truncated, onward(), onward(), onward()),
            (Class::BadOutput, onward(), onward(), onward()),
            (Class::TooLarge, onward(), onward(), onward()),
            (Class::Unknown, onward(), onward(), onward()),
        ];
        for (class, with_key, without, used_up) in rows {
            let fault = fault(class);
            // A dead key is not offered again.
            let best = standing().best.filter(|_| !matches!(class, Class::Quota | Class::Credential));
            let with = Standing { best: best.clone(), ..standing() };
            assert_eq!(decide(&fault, &with), with_key, "{class:?} with a key");
            let alone = Standing { untried: None, best, ..standing() };
            assert_eq!(decide(&fault, &alone), without, "{class:?} without a key");
            let last = Standing { tries: 3, ..alone };
            assert_eq!(decide(&fault, &last), used_up, "{class:?} used up");
            let committed = Standing { committed: true, ..standing() };
            assert_eq!(decide(&fault, &committed), Next::GiveUp, "{class:?} after text was shown");
        }
    }

    #[test]
    fn a_stall_is_retried_once() {
        let used = Standing { once_used: true, ..standing() };
        assert_eq!(decide(&fault(Class::Timeout(Timer::Idle)), &used), onward());
    }

    #[test]
    fn all_budgets_end_it() {
        let transient = fault(Class::Transient);
        let spent = Standing { spent: 8, ..standing() };
        assert_eq!(decide(&transient, &spent), Next::GiveUp, "total attempts");
        let late = Standing { left: WAIT, ..standing() };
        assert_eq!(decide(&transient, &late), onward(), "a wait that ends with the deadline is not made");
        let last = Standing { tries: 3, next: None, ..standing() };
        assert_eq!(decide(&transient, &last), Next::GiveUp, "no target left");
    }

    #[test]
    fn a_wait_longer_than_we_wait_leads_on() {
        let long = Duration::from_secs(121);
        let limited = Standing {
            untried: None,
            best: Some(Offered { label: "env:A".to_owned(), same: true, wait: long }),
            wait: long,
            ..standing()
        };
        assert_eq!(decide(&fault(Class::RateLimited), &limited), onward());
        let sooner = Standing {
            best: Some(Offered { label: "env:B".to_owned(), same: false, wait: Duration::from_secs(3) }),
            ..limited
        };
        assert_eq!(decide(&fault(Class::RateLimited), &sooner), key("env:B", Duration::from_secs(3)));
    }

    #[test]
    fn the_servers_word_counts_where_a_retry_can_heal() {
        let no = Fault { should_retry: Some(false), ..fault(Class::Transient) };
        assert_eq!(decide(&no, &standing()), onward());
        let yes = Fault { should_retry: Some(true), ..fault(Class::Unknown) };
        assert_eq!(decide(&yes, &standing()), Next::Retry { wait: WAIT });
        let quota = Fault { should_retry: Some(true), ..fault(Class::Quota) };
        let alone = Standing { untried: None, best: None, ..standing() };
        assert_eq!(decide(&quota, &alone), onward());
    }

    #[test]
    fn a_model_closed_to_one_account_may_be_open_to_another() {
        let closed = Fault { status: Some(403), ..fault(Class::ModelGone) };
        assert_eq!(decide(&closed, &standing()), key("env:B", Duration::ZERO));
    }
}
