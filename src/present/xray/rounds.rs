//! The rounds of a run: what is asked from one request to the results of its calls, or to the user's next turn, with every
//! attempt that took.

use crate::{
    model::{Outcome, Spent},
    pipeline::{TimedEvent, event::RunEvent},
    text::format::{counted, spent},
};

/// One round.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunRound {
    /// The place of its first event.
    pub first: usize,
    /// The numbers of its attempts.
    pub attempts: Vec<u32>,
    /// The calls of tools that it ended with.
    pub calls: u64,
}

/// Finds the rounds of a run among its events; none where it had only one and called no tool.
#[must_use]
pub fn rounds(events: &[TimedEvent]) -> Vec<RunRound> {
    let mut all: Vec<RunRound> = Vec::new();
    let mut is_over = true;
    for (first, timed) in events.iter().enumerate() {
        let event = &timed.event;
        let asks = matches!(event, RunEvent::Queued { .. } | RunEvent::Skipped { .. } | RunEvent::Attempt { .. });
        if asks && is_over {
            all.push(RunRound { first, ..RunRound::default() });
            is_over = false;
        }
        if matches!(event, RunEvent::Replied { .. } | RunEvent::NextTurn { .. }) {
            is_over = true;
        }
        let Some(round) = all.last_mut() else { continue };
        if let RunEvent::Attempt { number, .. } = event {
            round.attempts.push(*number);
        }
        round.calls += u64::from(matches!(event, RunEvent::Called { .. }));
    }
    if all.len() > 1 || all.iter().any(|round| round.calls > 0) { all } else { Vec::new() }
}

impl RunRound {
    /// Says what it took, as far as that is known: tokens, cost, attempts where there were several, calls.
    #[must_use]
    pub fn words(&self, outcome: Option<&Outcome>) -> String {
        let own = outcome.into_iter().flat_map(|outcome| &outcome.by_attempt);
        let own = own.filter(|attempt| self.attempts.contains(&attempt.attempt)).map(|attempt| attempt.spent);
        let mut parts: Vec<String> = own.reduce(Spent::plus).map(|own| spent(&own)).into_iter().collect();
        let tries = self.attempts.len() as u64;
        parts.extend((tries > 1).then(|| counted(tries, "attempt")));
        parts.extend((self.calls > 0).then(|| counted(self.calls, "call")));
        parts.join(" · ")
    }
}
