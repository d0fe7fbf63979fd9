//! Calls of programs through the endpoint, as it tells whoever watches: those under way, those that are held, and the newest
//! that are over.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{cost::Cost, id::RunId};

/// How far a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LiveState {
    /// It waits until somebody lets it go.
    Held,
    Running,
    Over,
}

impl LiveState {
    /// Returns its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Running => "running",
            Self::Over => "over",
        }
    }
}

/// A call of a program.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LiveCall {
    /// Its number since the endpoint began.
    pub id: u64,
    pub began: Timestamp,
    /// The path that was asked, such as `/v1/chat/completions`.
    pub path: String,
    /// What the path is, in a word: `chat`, `responses`, `messages`.
    pub route: String,
    /// The model as the program named it, if it came that far.
    #[serde(default)]
    pub model: Option<String>,
    /// The target that answered, or was asked last.
    #[serde(default)]
    pub target: Option<String>,
    pub state: LiveState,
    /// The HTTP status, once it is over.
    #[serde(default)]
    pub status: Option<u16>,
    /// How long it took or has taken, in milliseconds.
    pub took: u64,
    /// The run on record.
    #[serde(default)]
    pub run: Option<RunId>,
    #[serde(default)]
    pub cost: Option<Cost>,
    #[serde(default)]
    pub cached: bool,
    /// Attempts made.
    #[serde(default)]
    pub attempts: u32,
    /// How the run came out, in one word.
    #[serde(default)]
    pub outcome: Option<String>,
    /// The beginning of the last text that the program sent.
    pub says: String,
}

/// All that the endpoint tells of its calls.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LiveTraffic {
    /// Grows with every change.
    pub revision: u64,
    /// The text whose calls are held; none where none are.
    #[serde(default)]
    pub hold: Option<String>,
    /// The calls, the oldest first.
    pub calls: Vec<LiveCall>,
}

/// What a call asked and was answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTexts {
    /// The body as the program sent it.
    pub request: String,
    /// What was answered so far.
    pub response: String,
    /// Whether the end of one of them is missing, as there is too much of it.
    #[serde(default)]
    pub cut: bool,
}

/// What becomes of a call that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do", deny_unknown_fields)]
pub enum HeldAnswer {
    /// It goes on as it is.
    Go,
    /// It goes on with another body.
    Edited {
        /// The body, which is JSON.
        body: String,
    },
    /// The program is told this status, from 400 to 599, and nothing is asked.
    Fail { status: u16 },
}
