//! Everything a run tells. Workbench, command line and record are folds over these events.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{
    Attachment, CallError, Cost, Message, Outcome, Params, Quality, Rule, RunId, ToolCall, Usage,
    tool::{CallPiece, ToolReply},
};

/// An event and when it happened, counted from the start of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TimedEvent {
    /// Since the run's start.
    pub at: Duration,
    /// What happened.
    #[serde(flatten)]
    pub event: RunEvent,
}

/// Lists what was sent beside the texts of messages, as the request was prepared.
pub fn sent_with(timeline: &[TimedEvent]) -> impl Iterator<Item = &Attachment> {
    let messages = timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Prepared { messages, .. } => Some(messages),
        _ => None,
    });
    messages.into_iter().flatten().flat_map(|message| &message.attachments)
}

/// What happened in a run. `Prepared` comes first unless preparing failed; `Ended` comes exactly
/// once and last. What the cache answers belongs to attempt 0.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum RunEvent {
    /// The request is complete and its cache key known.
    Prepared {
        /// The run's id, also that of its record.
        run: RunId,
        /// When the run started.
        started: Timestamp,
        /// The cache key, in hex.
        key: String,
        /// The messages as sent.
        messages: Vec<Message>,
        /// The parameters as sent to the first target.
        params: Params,
        /// What was dropped or changed, and why; what a person should know before it is sent.
        notices: Vec<String>,
    },
    /// What the cache said.
    Cache {
        /// Hit, miss, or why it was not asked.
        #[serde(flatten)]
        lookup: Lookup,
    },
    /// Waiting before anything is sent.
    Queued {
        /// For what, in words.
        why: String,
        /// For how long at most, if known.
        wait: Option<Duration>,
    },
    /// A target is passed over before anything is sent to it.
    Skipped {
        /// The target's name.
        target: String,
        /// Why.
        #[serde(rename = "fault")]
        error: CallError,
        /// What happens next.
        next: NextStep,
    },
    /// A call starts. It voids all text of earlier attempts, but for that of rounds whose calls were answered.
    Attempt {
        /// Counted from 1 over the whole run.
        number: u32,
        /// The target's name.
        target: String,
        /// The target's provider.
        #[serde(default)]
        provider: String,
        /// The model's name on the wire.
        model: String,
        /// The key's label, if a key is used.
        key: Option<String>,
        /// The parameters as sent.
        #[serde(default)]
        params: Params,
        /// The cache key, in hex, under which an answer to what is sent would be kept; none where
        /// something else is sent than the prompt has.
        #[serde(default)]
        cache_key: Option<String>,
        /// What was dropped or changed for this target, and why.
        notices: Vec<String>,
    },
    /// The response began.
    Headers {
        attempt: u32,
        /// The HTTP status.
        status: u16,
        /// The provider's id of the request.
        request_id: Option<String>,
    },
    /// More of the answer, exactly as the model sent it.
    Delta {
        /// Which attempt it belongs to.
        attempt: u32,
        /// Which part of the answer.
        part: DeltaPart,
        text: String,
    },
    /// More of a call of a tool, as the model sends it.
    CallDelta {
        attempt: u32,
        #[serde(flatten)]
        piece: CallPiece,
    },
    /// A call of a tool is complete.
    Called {
        attempt: u32,
        /// The call, with what is wrong with it.
        call: ToolCall,
    },
    /// A call was answered; what follows is the next round.
    Replied {
        /// The attempt that called.
        attempt: u32,
        /// Which call.
        reply: ToolReply,
        /// The result as the model is sent it.
        content: String,
        /// How long the tool took.
        took: Duration,
    },
    /// The user's next turn follows an answer.
    NextTurn {
        /// The attempt that answered the turn before.
        attempt: u32,
        /// What the user says.
        content: String,
    },
    /// Token counts so far, unknown classes left out.
    Usage {
        attempt: u32,
        /// The counts.
        usage: Usage,
    },
    /// The model that says it answers, where its name is not the one asked for.
    Served {
        attempt: u32,
        /// Its name.
        model: String,
    },
    /// Something a person should know of an answer, such as counts that cannot be.
    Notice {
        attempt: u32,
        /// What, in words.
        notice: String,
    },
    AttemptFailed {
        attempt: u32,
        /// Why.
        #[serde(rename = "fault")]
        error: CallError,
        /// What happens next.
        next: NextStep,
    },
    /// A rubric was asked of its judge. It comes before the verdicts are told.
    Judged {
        /// The place of its verdict among the verdicts, counted from 0.
        verdict: usize,
        /// Its check.
        rule: Rule,
        /// The judge's runs, one for each time it was asked; each has a record of its own.
        runs: Vec<RunId>,
        /// What they cost together; not part of the run's own cost.
        cost: Cost,
    },
    /// The checks were applied.
    Checked {
        /// The verdicts.
        quality: Quality,
    },
    /// The end.
    Ended {
        /// All that came of the run.
        outcome: Box<Outcome>,
    },
}

/// What the cache said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "lookup")]
pub enum Lookup {
    /// A stored answer is used.
    Hit {
        /// When it was stored.
        stored: Timestamp,
    },
    /// Nothing is stored.
    Miss,
    /// The cache was not asked.
    Bypass {
        /// Why not.
        why: String,
    },
    /// The same request is under way; its answer is waited for.
    Joined,
}

/// Which part of an answer a delta belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeltaPart {
    /// The answer.
    Text,
    /// The reasoning before it.
    Reasoning,
}

/// What follows a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "next")]
pub enum NextStep {
    /// The same target again, after a wait that can be cut short.
    Retry {
        /// How long.
        wait: Duration,
    },
    /// The same target with another key, after a wait if the account is the same.
    NextKey {
        /// The key's label.
        key: String,
        /// How long.
        wait: Duration,
    },
    /// The next target.
    NextModel {
        /// Its name.
        to: String,
    },
    /// Nothing: the run is over.
    GiveUp,
}
