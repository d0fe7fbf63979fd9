//! How a run ended, with everything that is worth keeping of it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    cost::{CacheSaving, Cost},
    error::ErrorKind,
    finish::Finish,
    id::RunId,
    imported::TraceFormat,
    message::Message,
    run_end::{Reason, RunEnd},
    tool::ToolCall,
    usage::{Spent, Usage},
    verdict::{Quality, RunStatus},
};

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Provenance {
    /// Asked just now.
    Live,
    /// Taken from the cache; the timing is that of the original.
    Cached {
        /// When the original was stored.
        stored: Timestamp,
    },
    /// Asked in a job of the provider's batch API, which answers when it likes: how long it took says nothing, so it has
    /// no times.
    Batch,
    /// Made by another program, and read from its log.
    Imported {
        /// What wrote the log.
        source: TraceFormat,
        /// Whether it says how long the call took.
        timed: bool,
    },
}

impl Provenance {
    /// Tells whether its times say how fast the model was.
    #[must_use]
    pub fn is_timed(self) -> bool {
        match self {
            Self::Live | Self::Cached { .. } => true,
            Self::Batch => false,
            Self::Imported { timed, .. } => timed,
        }
    }
}

/// How long the parts of a run took. A cached answer keeps the original's times; what it waited is its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Timing {
    /// From the run's start to its end, waits and failed attempts included.
    pub total: Duration,
    /// From sending the answering attempt to the end of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Duration>,
    /// Time retort itself waited: for limits, between tries, for a free place.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub waited: Duration,
    /// From sending the answering attempt to its headers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_byte: Option<Duration>,
    /// From sending the answering attempt to its first piece of text or reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_token: Option<Duration>,
    /// From the first piece to the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Duration>,
    /// What the server itself says of its time, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ServerTiming>,
}

/// The answering attempt's time as the server measured it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ServerTiming {
    /// Loading the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Duration>,
    /// Reading the prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Duration>,
    /// Writing the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<Duration>,
}

impl Timing {
    /// Returns the time that is told of the run wherever one number is: the answering attempt's; that of the whole
    /// run where none answered.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.response.unwrap_or(self.total)
    }
}

/// What one attempt of a run took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AttemptUsage {
    /// Its number, counted from 1 over the whole run.
    pub attempt: u32,
    /// The target it asked.
    pub target: String,
    /// The target's provider.
    pub provider: String,
    /// The model's name on the wire.
    pub model: String,
    /// Its tokens, and what it cost.
    #[serde(flatten)]
    pub spent: Spent,
    /// From sending it to its end.
    pub took: Duration,
    /// Whether the answer of the run is this one's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub answered: bool,
}

/// What the models took that judged an answer by its rubrics: apart from what the answer itself took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Judging {
    /// What they cost.
    pub cost: Cost,
    /// Their tokens in and out, as far as they are known; those of cached answers left out.
    pub tokens: u64,
    /// True when any of their counts is our own estimate.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub estimated: bool,
    /// True when they may have taken more tokens than are counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partial: bool,
}

impl Default for Judging {
    /// Nothing.
    fn default() -> Self {
        Self { cost: Cost::NOTHING, tokens: 0, estimated: false, partial: false }
    }
}

impl Judging {
    /// Takes what the run of a judge took; one that was answered from the cache took nothing.
    #[must_use]
    pub fn of(outcome: &Outcome) -> Self {
        let Spent { usage, cost } = outcome.spent();
        Self { cost, tokens: usage.total().unwrap_or(0), estimated: usage.estimated, partial: usage.partial }
    }

    /// Adds what others took.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cost: self.cost.plus(other.cost),
            tokens: self.tokens.saturating_add(other.tokens),
            estimated: self.estimated || other.estimated,
            partial: self.partial || other.partial,
        }
    }

    /// Returns it as tokens whose kind nobody asks for, and money.
    #[must_use]
    pub fn spent(&self) -> Spent {
        let Self { cost, tokens, estimated, partial } = *self;
        Spent { usage: Usage { input: Some(tokens), estimated, partial, ..Usage::default() }, cost }
    }
}

/// The end of a run and all that came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcome {
    pub run: RunId,
    /// How it ended.
    #[serde(flatten)]
    pub end: RunEnd,
    /// The answer's text exactly as the model sent it; what came of it if it broke off.
    pub text: String,
    /// The model's reasoning, if it showed any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// The calls of tools that the answer ended with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// The rounds before it: each answer that called tools, followed by their results.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rounds: Vec<Message>,
    /// The JSON found in the text, where the prompt asks for JSON and there is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<Arc<serde_json::Value>>,
    /// The target that was asked for.
    pub requested: String,
    /// The target that answered, or was tried last.
    pub target: String,
    /// The model's name on the wire.
    pub model: String,
    /// The model that says it answered, if it says so and it is another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub served: Option<String>,
    /// Where the answer comes from.
    pub provenance: Provenance,
    /// True when the numbers are a demonstration.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub demo: bool,
    /// Attempts made, over all targets; none for a cached answer.
    pub attempts: u32,
    /// Why the model stopped, if it said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finish: Option<Finish>,
    /// Tokens of every attempt that may have been billed; of a cached answer, those of the original.
    pub usage: Usage,
    /// What all attempts cost.
    pub cost: Cost,
    /// What the provider's cache of prompts saved of that; none where it was not used, or its prices are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_saving: Option<CacheSaving>,
    /// What each attempt took, in their order; nothing of a cached answer, and in records of earlier builds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_attempt: Vec<AttemptUsage>,
    /// How long it took.
    pub timing: Timing,
    /// The verdicts, once there was an answer to judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// What its judges took, if any was asked; not part of the cost and the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judging: Option<Judging>,
    /// Each target whose answer was not taken, in order, with its last error; empty where the run failed, whose
    /// end names them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given_up: Vec<Reason>,
}

impl Outcome {
    /// Tells how the run came out.
    #[must_use]
    pub fn status(&self) -> RunStatus {
        RunStatus::of(&self.end, self.quality.as_ref())
    }

    /// Returns what the run took now: nothing where the answer came from the cache.
    #[must_use]
    pub fn spent(&self) -> Spent {
        match self.provenance {
            Provenance::Live | Provenance::Batch | Provenance::Imported { .. } => {
                Spent { usage: self.usage, cost: self.cost }
            }
            Provenance::Cached { .. } => Spent::default(),
        }
    }

    /// Returns the time that is told of it, as [`Timing::took`] says; none where it came from a provider's batch, or from
    /// a log without times.
    #[must_use]
    pub fn took(&self) -> Option<Duration> {
        self.provenance.is_timed().then(|| self.timing.took())
    }

    /// Returns the tokens of the answering attempt alone, by which its speed is told.
    #[must_use]
    pub fn answer_usage(&self) -> Usage {
        let answering = self.by_attempt.iter().find(|attempt| attempt.answered);
        answering.map_or(self.usage, |attempt| attempt.spent.usage)
    }

    /// Sums up what each target took, in the order in which they were asked first.
    #[must_use]
    pub fn by_target(&self) -> Vec<(&AttemptUsage, Spent)> {
        let mut all: Vec<(&AttemptUsage, Spent)> = Vec::new();
        for attempt in &self.by_attempt {
            match all.iter_mut().find(|(known, _)| known.target == attempt.target) {
                Some((_, spent)) => *spent = spent.plus(attempt.spent),
                None => all.push((attempt, attempt.spent)),
            }
        }
        all
    }

    /// Counts the rounds of tools: the answers whose calls were answered.
    #[must_use]
    pub fn answered_rounds(&self) -> u32 {
        let rounds = self.rounds.iter().filter(|message| !message.tool_calls.is_empty()).count();
        u32::try_from(rounds).unwrap_or(u32::MAX)
    }

    /// Counts the attempts with those of rounds of tools left out: more than one were made where something failed.
    #[must_use]
    pub fn tries(&self) -> u32 {
        self.attempts.saturating_sub(self.answered_rounds())
    }

    /// Tells whether nothing came: no text, and no call of a tool.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.is_empty() && self.calls.is_empty()
    }

    /// Tells whether the answer ended before it was whole: it broke off, was given up for that, or was kept and
    /// failed its `finish` check.
    #[must_use]
    pub fn cut_off(&self) -> bool {
        match &self.end {
            RunEnd::Done => self.quality.as_ref().is_some_and(Quality::cut_off),
            RunEnd::Interrupted { .. } => true,
            RunEnd::Failed { .. } => matches!(self.end.class(), Some(ErrorKind::Truncated | ErrorKind::Interrupted)),
            RunEnd::Cancelled => false,
        }
    }

    /// Tells whether the requested target is the only one that was tried.
    #[must_use]
    pub fn attempted_alone(&self) -> bool {
        let failed = match &self.end {
            RunEnd::Failed { reasons } => reasons.len() < 2,
            RunEnd::Done | RunEnd::Interrupted { .. } | RunEnd::Cancelled => true,
        };
        failed && self.given_up.is_empty() && !self.fell_back()
    }

    /// Tells whether another target than the requested one answered.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.requested != self.target
    }
}
