//! How a run ended, with everything that is worth keeping of it.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    fault::{Class, Fault},
    finish::Finish,
    id::RunId,
    quality::{Quality, Rule},
    status::RunStatus,
    usage::{Cost, PicoDollars, Usage},
};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum End {
    /// A complete answer. Whether it is good enough, its quality says.
    Done,
    /// The answer broke off; the part that came is kept.
    Interrupted {
        /// What broke it.
        fault: Fault,
    },
    /// No target answered.
    Failed {
        /// Each target that was tried, in order, with its last fault.
        reasons: Vec<Reason>,
    },
    /// The user stopped it; the part that came is kept.
    Cancelled,
}

impl End {
    /// Names the end in one word, as stored and as shown.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Interrupted { .. } => "interrupted",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Returns the class of the fault it ended with, if it ended with one.
    #[must_use]
    pub fn class(&self) -> Option<Class> {
        match self {
            Self::Interrupted { fault } => Some(fault.class),
            Self::Failed { reasons } => reasons.last().map(|reason| reason.fault.class),
            Self::Done | Self::Cancelled => None,
        }
    }
}

impl fmt::Display for End {
    /// Says it in a sentence; a failure names every target that was tried with its reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Interrupted { fault } => write!(f, "the answer broke off: {fault}"),
            Self::Failed { reasons } => match reasons.as_slice() {
                [] => f.write_str("no model was asked"),
                [one] => write!(f, "{one}"),
                many => {
                    f.write_str("all models failed")?;
                    many.iter().enumerate().try_for_each(|(at, reason)| {
                        let mark = if at == 0 { ": " } else { "; " };
                        write!(f, "{mark}{reason}")
                    })
                }
            },
        }
    }
}

/// Why one target of a run did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The target's name.
    pub target: String,
    /// Its last fault.
    pub fault: Fault,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.target, self.fault)
    }
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Provenance {
    /// Asked just now.
    Live,
    /// Taken from the cache; the timing is that of the original.
    Cached {
        /// When the original was stored.
        stored: Timestamp,
    },
}

/// How long the parts of a run took. A cached answer keeps the original's times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// From the run's start to its end, waits and failed attempts included.
    pub total: Duration,
    /// The part of that in which the run itself waited before its calls: for a limit, a key, a retry, the record, a
    /// cap, an identical run. What a provider took, for failed attempts too, is not in it.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub waited: Duration,
    /// From sending the answering attempt, or the last one, to its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Duration>,
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

/// What the models took that judged an answer by its rubrics: apart from what the answer itself took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judging {
    /// What they cost.
    pub cost: Cost,
    /// Their tokens in and out, as far as they are known; those of cached answers left out.
    pub tokens: u64,
}

impl Default for Judging {
    /// Nothing.
    fn default() -> Self {
        Self { cost: Cost::Known(PicoDollars(0)), tokens: 0 }
    }
}

/// The end of a run and all that came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    #[serde(flatten)]
    pub end: End,
    /// The answer's text exactly as the model sent it; what came of it if it broke off.
    pub text: String,
    /// The model's reasoning, if it showed any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reasoning: String,
    /// The JSON found in the text, where the prompt asks for JSON and there is some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub json: Option<serde_json::Value>,
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
    /// Tokens of the answering attempt.
    pub usage: Usage,
    /// What it cost.
    pub cost: Cost,
    /// How long it took.
    pub timing: Timing,
    /// The verdicts, once there was an answer to judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<Quality>,
    /// What its judges took, if any was asked; not part of the cost and the usage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judging: Option<Judging>,
    /// Each target whose answer was not taken, in order, with its last fault; empty where the run failed, whose
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

    /// Tells whether the answer is kept although it ended before it was whole: its `finish` check failed.
    #[must_use]
    pub fn cut_off(&self) -> bool {
        let unfinished = |quality: &Quality| quality.failures().any(|verdict| verdict.rule == Rule::Finish);
        self.end == End::Done && self.quality.as_ref().is_some_and(unfinished)
    }

    /// Tells whether another target than the requested one answered.
    #[must_use]
    pub fn fell_back(&self) -> bool {
        self.requested != self.target
    }
}
