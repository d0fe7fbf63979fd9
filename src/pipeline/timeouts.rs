//! The timers of one attempt: which runs out next, and what its running out is called.

use std::time::Duration;

use tokio::time::Instant;

use crate::{
    model::{CallError, ErrorKind, Target, Timer, settings::Timeouts},
    pipeline::PipelineConfig,
};

/// How long a stream may stay open after the finish reason: counts and the end mark are there at
/// once, or never come.
const LINGER: Duration = Duration::from_millis(1500);

/// Adds a wait of anybody's choosing to an instant: a century stands for all that is longer.
pub(crate) fn after(instant: Instant, wait: Duration) -> Instant {
    instant + wait.min(Duration::from_secs(100 * 366 * 24 * 3600))
}

/// How long a target may take until it answers at all, the loading of its model included: what is
/// configured, whatever the target; else longer where that is to be expected.
pub(crate) fn patience(rules: &PipelineConfig, target: &Target) -> Duration {
    let (own, all) = (&target.options.timeouts, &rules.timeouts);
    chosen(rules, target, own.first_byte, all.first_byte).unwrap_or(first(target))
}

/// Chooses a wait: what is set for the target wins over what is set for all, and a timer's own over the general silence.
fn chosen(rules: &PipelineConfig, target: &Target, own: Option<Duration>, all: Option<Duration>) -> Option<Duration> {
    let silence = |answer: Option<Duration>, local: Option<Duration>| local.filter(|_| target.is_local()).or(answer);
    let (options, general) = (&target.options.timeouts, &rules.timeouts);
    own.or(all).or(silence(options.answer, options.local_answer)).or(silence(general.answer, general.local_answer))
}

/// How long the first token may take where nothing is configured: a server here may load its model,
/// and a model that reasons in silence, or sends its answer whole, is not stuck.
fn first(target: &Target) -> Duration {
    if target.is_local() {
        Timeouts::LOADING
    } else if target.card.reasons || target.options.whole {
        Timeouts::REASONING
    } else {
        Timeouts::SILENCE
    }
}

/// How long an attempt may be silent, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct AttemptTimers {
    first_byte: Duration,
    idle: Duration,
    first_token: Duration,
    progress: Duration,
    total: Duration,
    deadline: Instant,
    quiet: Instant,
    began: Option<Instant>,
    content: Option<Instant>,
    finished: Option<Instant>,
}

/// How long a run may take while a target is asked, and when it must have ended then: a time of the target's own counts
/// from when it is first asked, at `now`, that of all from the run's `start`.
pub(crate) fn run_limit(
    rules: &PipelineConfig,
    target: Option<&Target>,
    start: Instant,
    now: Instant,
) -> (Duration, Instant) {
    match target.and_then(|target| target.options.timeouts.total) {
        Some(own) => (own, after(now, own)),
        None => (rules.timeouts.total, after(start, rules.timeouts.total)),
    }
}

/// Says that a run took longer than it may.
pub(crate) fn late(total: Duration) -> CallError {
    CallError::new(ErrorKind::Timeout(Timer::Total), format!("the run took longer than {total:?}"))
}

impl AttemptTimers {
    /// Starts the timers of an attempt on a target; `deadline` is the run's.
    pub(crate) fn new(rules: &PipelineConfig, target: &Target, deadline: Instant) -> Self {
        let (own, all) = (&target.options.timeouts, &rules.timeouts);
        let chosen = |own, all| chosen(rules, target, own, all);
        let idle = chosen(own.idle, all.idle).unwrap_or(Timeouts::SILENCE);
        Self {
            first_byte: patience(rules, target),
            idle,
            first_token: chosen(own.first_token, all.first_token).unwrap_or(first(target)),
            progress: own.progress.or(all.progress).unwrap_or(idle.max(Timeouts::REASONING)),
            total: own.total.unwrap_or(all.total),
            deadline,
            quiet: Instant::now(),
            began: None,
            content: None,
            finished: None,
        }
    }

    /// Notes that listening goes on, after something of the answer if `content`, and for nothing but
    /// counts and the end mark if `finished`.
    pub(crate) fn progressed(&mut self, content: bool, finished: bool) {
        let now = Instant::now();
        self.quiet = now;
        self.began.get_or_insert(now);
        if content {
            self.content = Some(now);
        }
        self.finished = finished.then(|| self.finished.unwrap_or(now));
    }

    /// Returns the timer that runs out first, and when.
    pub(crate) fn next(&self) -> (Timer, Instant) {
        let own = match (self.finished, self.began, self.content) {
            (Some(finished), ..) => (Timer::Idle, after(finished, LINGER)),
            (None, None, _) => (Timer::FirstByte, after(self.quiet, self.first_byte)),
            (None, Some(began), None) => (Timer::FirstToken, after(began, self.first_token)),
            (None, Some(_), Some(content)) => {
                let (idle, progress) = (after(self.quiet, self.idle), after(content, self.progress));
                if idle <= progress { (Timer::Idle, idle) } else { (Timer::Progress, progress) }
            }
        };
        if self.deadline <= own.1 { (Timer::Total, self.deadline) } else { own }
    }

    /// Says that a timer ran out.
    pub(crate) fn error(&self, timer: Timer) -> CallError {
        let message = match timer {
            Timer::Total => return late(self.total),
            Timer::Connect | Timer::FirstByte => format!("no response within {:?}", self.first_byte),
            Timer::FirstToken => format!("the response began, but no text came within {:?}", self.first_token),
            Timer::Idle => format!("nothing more came for {:?}", self.idle),
            Timer::Progress => format!("only keep-alives came for {:?}", self.progress),
        };
        CallError::new(ErrorKind::Timeout(timer), message)
    }
}
