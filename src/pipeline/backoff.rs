//! How long to wait before the next try.

use std::time::Duration;

use crate::model::{Fault, settings::Retry};

/// What is added to a server's wish at most, so that many waiters do not come back at once.
pub(super) const JITTER: Duration = Duration::from_millis(250);

/// The wait after a fault on the `tries`-th try: what the server asks for and up to a quarter of a
/// second more, never less; else two to the power of `tries` seconds within the user's limits.
pub(super) fn wait(fault: &Fault, tries: u32, retry: &Retry, chance: f64) -> Duration {
    match fault.retry_after.filter(|asked| !asked.is_zero()) {
        Some(asked) => asked.saturating_add(JITTER.mul_f64(chance.clamp(0.0, 1.0))),
        None => {
            Duration::from_secs(1_u64.checked_shl(tries).unwrap_or(u64::MAX)).min(retry.max_wait).max(retry.min_wait)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Class;

    #[test]
    fn our_own_waits_double_between_the_limits() {
        let fault = Fault::new(Class::Transient, "");
        let waits: Vec<u64> = (1..6).map(|tries| wait(&fault, tries, &Retry::default(), 0.9).as_secs()).collect();
        assert_eq!(waits, [4, 4, 8, 10, 10]);
        assert_eq!(wait(&fault, 200, &Retry::default(), 0.0).as_secs(), 10);
    }

    #[test]
    fn a_server_is_never_asked_again_too_early() {
        let fault = Fault { retry_after: Some(Duration::from_secs(2)), ..Fault::new(Class::RateLimited, "") };
        for chance in [0.0, 0.5, 0.999] {
            let wait = wait(&fault, 1, &Retry::default(), chance);
            assert!(wait >= Duration::from_secs(2) && wait < Duration::from_millis(2250), "{wait:?}");
        }
        let zero = Fault { retry_after: Some(Duration::ZERO), ..fault };
        assert_eq!(wait(&zero, 1, &Retry::default(), 0.0), Duration::from_secs(4), "no wish is no wish");
    }
}
