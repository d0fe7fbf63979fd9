//! How a run ended, and why one failed.

use std::{collections::BTreeSet, fmt};

use serde::{Deserialize, Serialize};

use crate::model::error::{CallError, ErrorKind};

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum RunEnd {
    /// A complete answer. Whether it is good enough, its quality says.
    Done,
    /// The answer broke off; the part that came is kept.
    Interrupted {
        /// What broke it.
        #[serde(rename = "fault")]
        error: CallError,
    },
    /// No target answered.
    Failed {
        /// Each target that was tried, in order, with its last error.
        reasons: Vec<Reason>,
    },
    /// The user stopped it; the part that came is kept.
    Cancelled,
}

impl RunEnd {
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

    /// Lists the next steps that its errors name, each once.
    #[must_use]
    pub fn hints(&self) -> BTreeSet<String> {
        let errors: Vec<&CallError> = match self {
            Self::Done | Self::Cancelled => Vec::new(),
            Self::Interrupted { error } => vec![error],
            Self::Failed { reasons } => reasons.iter().map(|reason| &reason.error).collect(),
        };
        errors.into_iter().filter_map(|error| error.hint.clone()).collect()
    }

    /// Returns the class of the error it ended with, if it ended with one.
    #[must_use]
    pub fn class(&self) -> Option<ErrorKind> {
        match self {
            Self::Interrupted { error } => Some(error.class),
            Self::Failed { reasons } => reasons.last().map(|reason| reason.error.class),
            Self::Done | Self::Cancelled => None,
        }
    }
}

impl fmt::Display for RunEnd {
    /// Says it in a sentence; a failure names every target that was tried with its reason.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Interrupted { error } => write!(f, "the answer was interrupted: {error}"),
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reason {
    /// The target's name.
    pub target: String,
    /// Its last error.
    #[serde(rename = "fault")]
    pub error: CallError,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.target, self.error)
    }
}
