//! Numbers from events: the state of one run.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    model::{
        Cost, Outcome, Price, Target, ToolSet, Usage, Wire,
        message::sent_tokens,
        usage::{estimate_tokens_of, tokens_per_second},
    },
    pipeline::event::{Lookup, NextStep, RunEvent, TimedEvent},
};

/// What a run is doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing has been told yet, or nothing has been sent.
    #[default]
    Preparing,
    /// Waiting for a key or for the same request of another run.
    Queued,
    /// A call is made; its response has not begun.
    Sending,
    /// The response has begun; no text has come.
    Waiting,
    /// Text comes.
    Streaming,
    /// Waiting before the next attempt.
    Backoff,
    /// It has ended.
    Ended,
}

/// The state of one run, folded from its events. Times count from the run's start.
#[derive(Debug, Clone, Default)]
pub struct RunMeter {
    prices: BTreeMap<String, Option<Price>>,
    /// The wire and the model that the prompt's tokens are estimated for.
    head: Option<(Wire, String)>,
    tools: ToolSet,
    prompt: u64,
    phase: Phase,
    attempt: u32,
    target: Option<String>,
    served: Option<String>,
    key: Option<String>,
    sent: Option<Duration>,
    first: Option<Duration>,
    last: Option<Duration>,
    chars: u64,
    usage: Usage,
    deadline: Option<Duration>,
    lookup: Option<Lookup>,
    outcome: Option<Box<Outcome>>,
}

/// A number of tokens, and whether it was counted or estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TokenCount {
    /// How many.
    pub count: u64,
    /// True when the provider has not said so.
    pub estimated: bool,
}

impl RunMeter {
    /// Makes the meter of a run that may ask these targets and sends these tools.
    #[must_use]
    pub fn new(targets: &[Target], tools: ToolSet) -> Self {
        let prices = targets.iter().map(|target| (target.name.clone(), target.card.price.clone())).collect();
        let head = targets.first().map(|target| (target.kind, target.model.clone()));
        Self { prices, head, tools, ..Self::default() }
    }

    /// Takes the next event in.
    pub fn take(&mut self, timed: &TimedEvent) {
        match &timed.event {
            RunEvent::Prepared { messages, .. } => {
                let head = self.head.as_ref();
                self.prompt = head.map_or(0, |(wire, model)| sent_tokens(messages, &self.tools, *wire, model));
            }
            RunEvent::Judged { .. }
            | RunEvent::Checked { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Notice { .. }
            | RunEvent::Called { .. } => {}
            RunEvent::Replied { .. } | RunEvent::NextTurn { .. } => self.phase = Phase::Preparing,
            RunEvent::Cache { lookup } => {
                self.phase = if *lookup == Lookup::Joined { Phase::Queued } else { Phase::Preparing };
                self.lookup = Some(lookup.clone());
            }
            RunEvent::Queued { wait, .. } => {
                self.phase = Phase::Queued;
                self.deadline = wait.map(|wait| timed.at.saturating_add(wait));
            }
            RunEvent::Attempt { number, target, key, .. } => {
                *self = Self {
                    prices: std::mem::take(&mut self.prices),
                    head: self.head.take(),
                    tools: std::mem::take(&mut self.tools),
                    prompt: self.prompt,
                    lookup: self.lookup.take(),
                    phase: Phase::Sending,
                    attempt: *number,
                    target: Some(target.clone()),
                    key: key.clone(),
                    sent: Some(timed.at),
                    ..Self::default()
                };
            }
            RunEvent::Headers { .. } => self.phase = Phase::Waiting,
            RunEvent::Delta { text, .. } => {
                self.phase = Phase::Streaming;
                self.first.get_or_insert(timed.at);
                self.last = Some(timed.at);
                self.chars += text.chars().count() as u64;
            }
            RunEvent::CallDelta { piece, .. } => {
                self.phase = Phase::Streaming;
                self.first.get_or_insert(timed.at);
                self.last = Some(timed.at);
                self.chars += piece.arguments.chars().count() as u64;
            }
            RunEvent::Usage { usage, .. } => self.usage = *usage,
            RunEvent::Served { model, .. } => self.served = Some(model.clone()),
            RunEvent::AttemptFailed { next, .. } => match next {
                NextStep::Retry { wait } | NextStep::NextKey { wait, .. } => {
                    self.phase = Phase::Backoff;
                    self.deadline = Some(timed.at.saturating_add(*wait));
                }
                NextStep::NextModel { .. } => self.phase = Phase::Preparing,
                NextStep::GiveUp => {}
            },
            RunEvent::Ended { outcome } => {
                self.phase = Phase::Ended;
                self.deadline = None;
                self.served.clone_from(&outcome.served);
                self.target = Some(outcome.target.clone());
                self.outcome = Some(outcome.clone());
            }
        }
    }

    /// Returns what the run is doing.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Returns the number of the attempt under way or made last; 0 before the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns the target asked last.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// Returns the model that says it answers, if it has another name than the one asked for.
    #[must_use]
    pub fn served(&self) -> Option<&str> {
        self.served.as_deref()
    }

    /// Returns the label of the key used last.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Returns what the cache said last.
    #[must_use]
    pub fn lookup(&self) -> Option<&Lookup> {
        self.lookup.as_ref()
    }

    /// Returns the end, once there is one.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_deref()
    }

    /// Returns the time from sending the attempt to its first token: the original's for a cached answer.
    #[must_use]
    pub fn first_token(&self) -> Option<Duration> {
        match &self.outcome {
            Some(outcome) => outcome.timing.first_token,
            None => self.first?.checked_sub(self.sent?),
        }
    }

    /// Returns the time since the run's start; once it has ended, that of its answer, as [`Timing::took`] says.
    ///
    /// [`Timing::took`]: crate::model::outcome::Timing::took
    #[must_use]
    pub fn elapsed(&self, now: Duration) -> Duration {
        self.outcome.as_ref().map_or(now, |outcome| outcome.timing.took())
    }

    /// Returns the time until the wait the run is in is over.
    #[must_use]
    pub fn wait_left(&self, now: Duration) -> Option<Duration> {
        let waiting = matches!(self.phase, Phase::Backoff | Phase::Queued);
        self.deadline.filter(|_| waiting).map(|deadline| deadline.saturating_sub(now))
    }

    /// Returns the output tokens so far.
    #[must_use]
    pub fn tokens(&self) -> TokenCount {
        let usage = self.outcome.as_ref().map_or(self.usage, |outcome| outcome.usage);
        let guess = estimate_tokens_of(self.chars);
        match usage.total_output() {
            Some(count) if self.outcome.is_some() || count >= guess => TokenCount { count, estimated: usage.estimated },
            _ => TokenCount { count: guess, estimated: true },
        }
    }

    /// Returns tokens per second after the first token.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let generation = match &self.outcome {
            Some(outcome) => outcome.timing.generation,
            None => self.last.zip(self.first).map(|(last, first)| last.saturating_sub(first)),
        };
        let count = match &self.outcome {
            Some(outcome) => outcome.answer_usage().total_output()?,
            None => self.tokens().count,
        };
        tokens_per_second(count, generation?)
    }

    /// Returns the cost of the attempt under way, as an estimate; the run's once it has ended.
    #[must_use]
    pub fn cost(&self) -> Cost {
        if let Some(outcome) = &self.outcome {
            return outcome.cost;
        }
        let price = self.target.as_ref().and_then(|target| self.prices.get(target)).and_then(Option::as_ref);
        let input = self.usage.input.or_else(|| self.usage.total_input().is_none().then_some(self.prompt));
        let output = Some(self.tokens().count);
        Usage { input, output, reasoning: None, estimated: true, ..self.usage }.cost(price)
    }
}
