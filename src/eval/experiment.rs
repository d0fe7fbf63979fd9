//! What an experiment on a prompt may take, and what it tells while it goes on: an improvement, an ablation or a bisection, all
//! as data.

use std::time::Duration;

use serde::Serialize;

use crate::{
    eval::improve::FlipCounts,
    model::{PicoDollars, Prompt},
};

/// What an experiment may use; unset is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ExperimentLimits {
    /// US dollars.
    pub cost: Option<f64>,
    /// Tokens, in and out.
    pub tokens: Option<u64>,
    /// Calls of models.
    pub calls: Option<u64>,
    /// From its start, or from where it goes on.
    pub time: Option<Duration>,
}

/// What an experiment took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExperimentSpent {
    /// Answers that are there, those of earlier commands as well.
    pub cells: u64,
    /// Those of them that this command has asked.
    pub asked: u64,
    pub tokens: u64,
    /// As far as prices are known.
    pub cost: PicoDollars,
    /// Answers whose price is unknown.
    pub unpriced: u64,
}

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
        /// What all parts have taken so far; not written down for each answer.
        #[serde(skip)]
        spent: ExperimentSpent,
        /// Calls of models, as the limit on them counts; likewise.
        #[serde(skip)]
        calls: u64,
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
        /// The prompt that it makes; not written down, as its version is on record.
        #[serde(skip)]
        prompt: Box<Prompt>,
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
