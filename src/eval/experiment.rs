//! What an experiment on a prompt tells while it goes on: an improvement, an ablation or a bisection, all as data.

use serde::Serialize;

use crate::eval::improve::FlipCounts;

/// Something that has happened in an experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum ExperimentEvent {
    /// It has a name.
    Began {
        /// What it is called, and what its versions are called after.
        name: String,
        /// Whether a command before this one has begun it.
        resumed: bool,
    },
    /// Something that a person should know.
    Note { words: String },
    /// Answers have come in.
    Progress {
        /// What is asked.
        part: String,
        /// Answers that are there.
        done: u64,
        /// All that are asked in this part.
        cells: u64,
    },
    /// The prompt as it is has answered.
    Baseline {
        /// Rows that passed.
        passed: u64,
        /// Rows that were judged.
        judged: u64,
    },
    /// An edit was proposed and is tried.
    Candidate {
        /// What its version is called.
        name: String,
        version: String,
        /// The version it was edited from.
        parent: String,
        /// Why it was proposed, in the proposer's words.
        reason: String,
        /// What it changes: `[-gone-]` and `{+new+}` in a few words around.
        change: String,
    },
    /// An edit was proposed and is not tried.
    Rejected {
        /// Why it was proposed, in the proposer's words; empty where it said nothing.
        reason: String,
        why: String,
    },
    /// A rung of the race is over.
    Rung {
        /// Tune rows that every candidate in it has answered.
        rows: usize,
        /// How each stands, by name.
        standings: Vec<RungResult>,
    },
    /// The held-out rows are looked at.
    Look {
        /// Whose answers are tested.
        name: String,
        rows: usize,
        /// Which look at these rows it is, counted from 1.
        look: u32,
    },
    /// A unit of the prompt was left out.
    Unit {
        /// Its number, counted from 1 in the order of the prompt.
        number: usize,
        /// Rows that both have answered.
        rows: usize,
        #[serde(flatten)]
        standing: FlipCounts,
    },
    /// A version was tried.
    Step {
        /// Its number among the versions, counted from 1.
        number: usize,
        version: String,
        /// `good`, `bad` or `undecided`.
        verdict: &'static str,
        /// Rows that both ends and it have answered.
        rows: usize,
        /// Against the good end.
        #[serde(flatten)]
        standing: FlipCounts,
        p: f64,
    },
}

/// How a candidate stands after a rung.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RungResult {
    pub name: String,
    #[serde(flatten)]
    pub standing: FlipCounts,
    /// Whether it is out.
    pub dropped: bool,
}
