//! Numbers from events: the state of one run, and the sums of many.

use std::{collections::BTreeMap, time::Duration};

use super::event::{Lookup, Next, RunEvent, Told};
use crate::eval::stats::percentile;
use crate::model::{
    Cost, End, Outcome, PicoDollars, Price, Provenance, Target, Usage,
    usage::{estimate_tokens, estimate_tokens_of, tokens_per_second},
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
pub struct Tokens {
    /// How many.
    pub count: u64,
    /// True when the provider has not said so.
    pub estimated: bool,
}

impl RunMeter {
    /// Makes the meter of a run that may ask these targets.
    #[must_use]
    pub fn new(targets: &[Target]) -> Self {
        let prices = targets.iter().map(|target| (target.name.clone(), target.card.price.clone())).collect();
        Self { prices, ..Self::default() }
    }

    /// Takes the next event in.
    pub fn take(&mut self, told: &Told) {
        match &told.event {
            RunEvent::Prepared { messages, .. } => {
                self.prompt = messages.iter().map(|message| estimate_tokens(&message.content)).sum();
            }
            RunEvent::Judged { .. } | RunEvent::Checked { .. } | RunEvent::Skipped { .. } => {}
            RunEvent::Cache { lookup } => {
                self.phase = if *lookup == Lookup::Joined { Phase::Queued } else { Phase::Preparing };
                self.lookup = Some(lookup.clone());
            }
            RunEvent::Queued { wait, .. } => {
                self.phase = Phase::Queued;
                self.deadline = wait.map(|wait| told.at.saturating_add(wait));
            }
            RunEvent::Attempt { number, target, key, .. } => {
                *self = Self {
                    prices: std::mem::take(&mut self.prices),
                    prompt: self.prompt,
                    lookup: self.lookup.take(),
                    phase: Phase::Sending,
                    attempt: *number,
                    target: Some(target.clone()),
                    key: key.clone(),
                    sent: Some(told.at),
                    ..Self::default()
                };
            }
            RunEvent::Headers { .. } => self.phase = Phase::Waiting,
            RunEvent::Delta { text, .. } => {
                self.phase = Phase::Streaming;
                self.first.get_or_insert(told.at);
                self.last = Some(told.at);
                self.chars += text.chars().count() as u64;
            }
            RunEvent::Usage { usage, .. } => self.usage = *usage,
            RunEvent::Served { model, .. } => self.served = Some(model.clone()),
            RunEvent::AttemptFailed { next, .. } => match next {
                Next::Retry { wait } | Next::NextKey { wait, .. } => {
                    self.phase = Phase::Backoff;
                    self.deadline = Some(told.at.saturating_add(*wait));
                }
                Next::NextModel { .. } => self.phase = Phase::Preparing,
                Next::GiveUp => {}
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

    /// Returns the time since the run's start; its whole length once it has ended.
    #[must_use]
    pub fn elapsed(&self, now: Duration) -> Duration {
        self.outcome.as_ref().map_or(now, |outcome| outcome.timing.total)
    }

    /// Returns the time until the wait the run is in is over.
    #[must_use]
    pub fn wait_left(&self, now: Duration) -> Option<Duration> {
        let waiting = matches!(self.phase, Phase::Backoff | Phase::Queued);
        self.deadline.filter(|_| waiting).map(|deadline| deadline.saturating_sub(now))
    }

    /// Returns the output tokens so far.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        let usage = self.outcome.as_ref().map_or(self.usage, |outcome| outcome.usage);
        let guess = estimate_tokens_of(self.chars);
        match usage.total_output() {
            Some(count) if self.outcome.is_some() || count >= guess => Tokens { count, estimated: usage.estimated },
            _ => Tokens { count: guess, estimated: true },
        }
    }

    /// Returns tokens per second after the first token.
    #[must_use]
    pub fn tokens_per_second(&self) -> Option<f64> {
        let generation = match &self.outcome {
            Some(outcome) => outcome.timing.generation,
            None => self.last.zip(self.first).map(|(last, first)| last.saturating_sub(first)),
        };
        tokens_per_second(self.tokens().count, generation?)
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

/// Sums over runs that have ended.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    /// Runs.
    pub runs: u64,
    /// Runs that failed or broke off.
    pub errors: u64,
    /// Runs the user stopped.
    pub cancelled: u64,
    /// Runs answered from the cache.
    pub cached: u64,
    /// Runs whose numbers are a demonstration; counted in everything else but the cost.
    pub demo: u64,
    /// Tokens in and out, those of cached answers left out.
    pub tokens: u64,
    /// The sum of all costs that are known or bounded from below.
    pub cost: PicoDollars,
    /// Runs whose cost is unknown; those that failed before any answer cost nothing that one could know.
    pub unpriced: u64,
    /// Answers that were judged.
    pub judged: u64,
    /// Those among them that broke no rule.
    pub passed: u64,
    times: Vec<Duration>,
    first_tokens: Vec<Duration>,
}

impl Metrics {
    /// Takes the end of a run in. Cached answers count in no time and no token sum.
    pub fn take(&mut self, outcome: &Outcome) {
        self.runs += 1;
        match outcome.end {
            End::Failed { .. } | End::Interrupted { .. } => self.errors += 1,
            End::Cancelled => self.cancelled += 1,
            End::Done => {}
        }
        self.demo += u64::from(outcome.demo);
        match outcome.cost.amount() {
            _ if outcome.demo => {}
            None if matches!(outcome.end, End::Failed { .. }) && outcome.usage.total_output().is_none() => {}
            Some(amount) => self.cost = PicoDollars(self.cost.0.saturating_add(amount.0)),
            None => self.unpriced += 1,
        }
        if let Some(quality) = &outcome.quality {
            self.judged += 1;
            self.passed += u64::from(quality.passed());
        }
        if matches!(outcome.provenance, Provenance::Cached { .. }) {
            self.cached += 1;
            return;
        }
        self.tokens = self.tokens.saturating_add(outcome.usage.total().unwrap_or(0));
        if outcome.end == End::Done {
            insert(&mut self.times, outcome.timing.total);
            if let Some(first) = outcome.timing.first_token {
                insert(&mut self.first_tokens, first);
            }
        }
    }

    /// Returns the share of runs that ended with an answer, from 0 to 1; `None` without runs.
    #[must_use]
    pub fn success(&self) -> Option<f64> {
        share(self.runs.saturating_sub(self.errors + self.cancelled), self.runs)
    }

    /// Returns the share of runs answered from the cache, from 0 to 1; `None` without runs.
    #[must_use]
    pub fn cache_share(&self) -> Option<f64> {
        share(self.cached, self.runs)
    }

    /// Returns how many response times were measured.
    #[must_use]
    pub fn measured(&self) -> usize {
        self.times.len()
    }

    /// Returns the response time that a share of the runs (from 0 to 1) stayed within.
    #[must_use]
    pub fn response_time(&self, share: f64) -> Option<Duration> {
        percentile(&self.times, share)
    }

    /// Returns the time to the first token that a share of the runs (from 0 to 1) stayed within.
    #[must_use]
    pub fn first_token(&self, share: f64) -> Option<Duration> {
        percentile(&self.first_tokens, share)
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn insert(sorted: &mut Vec<Duration>, value: Duration) {
    sorted.insert(sorted.partition_point(|known| *known <= value), value);
}
