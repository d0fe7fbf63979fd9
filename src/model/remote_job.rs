//! Jobs of the providers' batch APIs: which API, and how far each part of a job has come, as its state file keeps it.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{cost::PicoDollars, id::BatchId};

/// A way for a batch to go other than call by call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum BatchWay {
    #[serde(rename = "openai-batch")]
    OpenAi,
    #[serde(rename = "anthropic-batch")]
    Anthropic,
    #[serde(rename = "gemini-batch")]
    Gemini,
    /// Files for a cluster of one's own, which `vllm run_batch` reads and writes.
    #[serde(rename = "vllm")]
    Vllm,
}

impl BatchWay {
    /// Every way, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Anthropic, Self::Gemini, Self::Vllm];

    /// Returns its name on the command line and in state files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai-batch",
            Self::Anthropic => "anthropic-batch",
            Self::Gemini => "gemini-batch",
            Self::Vllm => "vllm",
        }
    }

    /// Tells whether half the price is asked for.
    #[must_use]
    pub fn is_half_price(self) -> bool {
        self != Self::Vllm
    }
}

impl fmt::Display for BatchWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for BatchWay {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let all = || Self::ALL.map(Self::name).join(", ");
        Self::ALL.into_iter().find(|way| way.name() == name).ok_or_else(|| format!("write one of {}", all()))
    }
}

/// What becomes of cells that a job brought no answer for, though another try may: what expired, or failed at the provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JobRest {
    /// They are asked in a further job, a few times.
    #[default]
    Job,
    /// They are asked live, at the full price.
    Live,
    /// They have failed.
    Leave,
}

/// A job: all of a batch that was given to a provider at once, in parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemoteJob {
    /// Of the form of this file.
    pub version: u32,
    /// Eight hex digits by which it is named.
    pub id: String,
    pub way: BatchWay,
    /// The batch that its answers belong to.
    pub batch: BatchId,
    /// The batch's name.
    pub name: String,
    pub made: Timestamp,
    /// Which time its cells are asked, counted from 1.
    pub round: u32,
    /// Whether the parts of this round are all made.
    pub built: bool,
    /// In the order in which they are sent.
    pub parts: Vec<RemotePart>,
    /// When it was told to be cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Timestamp>,
    /// Batches at the provider that were taken for ours by their size and are others'.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<String>,
    /// What its cells are estimated to cost, at the batch price.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<PicoDollars>,
}

/// The form of state files that this program writes.
pub const JOB_VERSION: u32 = 1;

/// One batch at the provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemotePart {
    /// Counted from 1 over all rounds.
    pub number: u32,
    pub round: u32,
    /// The target that is asked, by its name.
    pub target: String,
    /// The target's provider.
    pub provider: String,
    /// The model's name on the wire.
    pub model: String,
    /// The label of the key that it was made with: another account does not find it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Requests in it.
    pub lines: u64,
    /// The bytes of its file.
    pub bytes: u64,
    /// The tokens that go in, as we estimate them.
    pub tokens: u64,
    #[serde(flatten)]
    pub step: RemotePartStep,
    /// What the provider said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<ReportedStatus>,
    /// How often the provider has refused it for want of room.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refused: u32,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// How far a part has come. What is begun is noted before it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum RemotePartStep {
    /// Its file lies ready.
    Built,
    /// Its file is sent: sent twice it costs nothing.
    Uploading,
    /// Its file is at the provider, under this name.
    Uploaded { file: String },
    /// It is handed over: whether that has come through, the provider's list of batches says.
    Creating {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
        at: Timestamp,
    },
    /// It is the provider's, under this id. `sure` is false where it was found by its size alone.
    Running {
        id: String,
        #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
        sure: bool,
    },
    /// It has ended, and its answers are here.
    Fetched { id: String, answers: u64 },
    /// It came to nothing: the provider refused it as a whole.
    Refused { why: String },
}

fn yes() -> bool {
    true
}

impl RemotePartStep {
    /// Returns its id at the provider, once it has one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        match self {
            Self::Running { id, .. } | Self::Fetched { id, .. } => Some(id),
            Self::Built | Self::Uploading | Self::Uploaded { .. } | Self::Creating { .. } | Self::Refused { .. } => {
                None
            }
        }
    }

    /// Tells whether nothing more is to be done about it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Fetched { .. } | Self::Refused { .. })
    }
}

/// What a provider says of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportedStatus {
    /// The state, in the provider's own word.
    pub word: String,
    /// Requests that are done and that failed, and all; none where the provider does not say before the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<[u64; 3]>,
    /// When it expires, what is not done by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// When it said so.
    pub at: Timestamp,
}

impl RemoteJob {
    /// Names a part to the provider.
    #[must_use]
    pub fn tag(&self, part: u32) -> String {
        format!("{}/{part}", self.id)
    }

    /// Returns why the provider refused parts of it, each with the part's target.
    pub fn refusals(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parts.iter().filter_map(|part| match &part.step {
            RemotePartStep::Refused { why } => Some((part.target.as_str(), why.as_str())),
            _ => None,
        })
    }

    /// Tells whether answers of any part are here.
    #[must_use]
    pub fn has_answers(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.step, RemotePartStep::Fetched { .. }))
    }

    /// Tells whether all of it is here, or came to nothing.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.built && self.parts.iter().all(|part| part.step.is_over())
    }

    /// Counts the requests of the round that is under way.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.parts.iter().filter(|part| part.round == self.round).map(|part| part.lines).sum()
    }

    /// Returns when the first of its parts expires that is not over.
    #[must_use]
    pub fn expires(&self) -> Option<Timestamp> {
        let open = self.parts.iter().filter(|part| !part.step.is_over());
        open.filter_map(|part| part.reported.as_ref()?.expires).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_written_flat_and_read_again() {
        let part = RemotePart {
            number: 1,
            round: 1,
            target: "a".to_owned(),
            provider: "openai".to_owned(),
            model: "m".to_owned(),
            key: None,
            lines: 3,
            bytes: 9,
            tokens: 2,
            step: RemotePartStep::Running { id: "batch_1".to_owned(), sure: true },
            reported: None,
            refused: 0,
        };
        let text = serde_json::to_string(&part).unwrap();
        assert!(text.contains(r#""step":"running","id":"batch_1""#), "{text}");
        assert_eq!(serde_json::from_str::<RemotePart>(&text).unwrap(), part);
    }
}
