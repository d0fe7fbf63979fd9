//! The timers of one attempt: which runs out next, and what its running out is called.

use std::time::Duration;

use tokio::time::Instant;

use super::Rules;
use crate::model::{Class, Fault, Target, Timer};

/// Adds a wait of anybody's choosing to an instant: a century stands for all that is longer.
pub(super) fn after(instant: Instant, wait: Duration) -> Instant {
    instant + wait.min(Duration::from_secs(100 * 366 * 24 * 3600))
}

/// How long a target may be silent where no timer says otherwise.
pub(super) fn silence(rules: &Rules, target: &Target) -> Duration {
    let timeouts = &rules.timeouts;
    let usual = if target.is_local() { timeouts.local_answer } else { timeouts.answer };
    rules.provider_timeouts.get(&target.provider).copied().unwrap_or(usual)
}

/// How long an attempt may be silent, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    first_byte: Duration,
    idle: Duration,
    first_token: Duration,
    progress: Duration,
    total: Duration,
    deadline: Instant,
    quiet: Instant,
    began: Option<Instant>,
    content: Option<Instant>,
}

impl Limits {
    /// Starts the timers of an attempt on a target; `deadline` is the run's.
    pub(super) fn new(rules: &Rules, target: &Target, deadline: Instant) -> Self {
        let (timeouts, silence) = (&rules.timeouts, silence(rules, target));
        // A model that reasons in silence is not stuck.
        let first_token = if target.card.reasons { silence.max(timeouts.progress) } else { silence };
        let idle = timeouts.idle.unwrap_or(silence);
        Self {
            first_byte: timeouts.first_byte.unwrap_or(silence),
            idle,
            first_token: timeouts.first_token.unwrap_or(first_token),
            progress: idle.max(timeouts.progress),
            total: timeouts.total,
            deadline,
            quiet: Instant::now(),
            began: None,
            content: None,
        }
    }

    /// Notes that listening goes on, after something of the answer if `content`.
    pub(super) fn heard(&mut self, content: bool) {
        let now = Instant::now();
        self.quiet = now;
        self.began.get_or_insert(now);
        if content {
            self.content = Some(now);
        }
    }

    /// Returns the timer that runs out first, and when.
    pub(super) fn next(&self) -> (Timer, Instant) {
        let own = match (self.began, self.content) {
            (None, _) => (Timer::FirstByte, after(self.quiet, self.first_byte)),
            (Some(began), None) => (Timer::FirstToken, after(began, self.first_token)),
            (Some(_), Some(content)) => {
                let (idle, progress) = (after(self.quiet, self.idle), after(content, self.progress));
                if idle <= progress { (Timer::Idle, idle) } else { (Timer::Progress, progress) }
            }
        };
        if self.deadline <= own.1 { (Timer::Total, self.deadline) } else { own }
    }

    /// Says that a timer ran out.
    pub(super) fn fault(&self, timer: Timer) -> Fault {
        let message = match timer {
            Timer::Connect | Timer::FirstByte => format!("no response within {:?}", self.first_byte),
            Timer::FirstToken => format!("the response began, but no text came within {:?}", self.first_token),
            Timer::Idle => format!("nothing more came for {:?}", self.idle),
            Timer::Progress => format!("only keep-alives came for {:?}", self.progress),
            Timer::Total => format!("the run took longer than {:?}", self.total),
        };
        Fault::new(Class::Timeout(timer), message)
    }
}
