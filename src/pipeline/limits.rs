//! The timers of one attempt: which runs out next, and what its running out is called.

use std::time::Duration;

use tokio::time::Instant;

use super::Rules;
use crate::model::{Class, Fault, Target, Timer};

/// Adds a wait of anybody's choosing to an instant: a century stands for all that is longer.
pub(super) fn after(instant: Instant, wait: Duration) -> Instant {
    instant + wait.min(Duration::from_secs(100 * 366 * 24 * 3600))
}

/// How long an attempt may be silent, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    silence: Duration,
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
        let timeouts = &rules.timeouts;
        let usual = if target.is_local() { timeouts.local_answer } else { timeouts.answer };
        let silence = rules.provider_timeouts.get(&target.provider).copied().unwrap_or(usual);
        Self {
            silence,
            // A model that reasons in silence is not stuck.
            first_token: if target.card.reasons { silence.max(timeouts.progress) } else { silence },
            progress: silence.max(timeouts.progress),
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
            (None, _) => (Timer::FirstByte, after(self.quiet, self.silence)),
            (Some(began), None) => (Timer::FirstToken, after(began, self.first_token)),
            (Some(_), Some(content)) => {
                let (idle, progress) = (after(self.quiet, self.silence), after(content, self.progress));
                if idle <= progress { (Timer::Idle, idle) } else { (Timer::Progress, progress) }
            }
        };
        if self.deadline <= own.1 { (Timer::Total, self.deadline) } else { own }
    }

    /// Says that a timer ran out.
    pub(super) fn fault(&self, timer: Timer) -> Fault {
        let message = match timer {
            Timer::Connect | Timer::FirstByte => format!("no response within {:?}", self.silence),
            Timer::FirstToken => format!("the response began, but no text came within {:?}", self.first_token),
            Timer::Idle => format!("nothing more came for {:?}", self.silence),
            Timer::Progress => format!("only keep-alives came for {:?}", self.progress),
            Timer::Total => format!("the run took longer than {:?}", self.total),
        };
        Fault::new(Class::Timeout(timer), message)
    }
}
