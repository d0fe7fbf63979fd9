//! What is counted of a run: narrow facts, without its texts.

use std::{sync::Arc, time::Duration};

use super::{quality::Mark, usage::PicoDollars};

/// The facts of one run that has ended. Names are shared between runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    /// When it started, in seconds since 1970.
    pub started: i64,
    /// The prompt's name, if it has one.
    pub prompt: Option<Arc<str>>,
    /// The prompt version's hash.
    pub version: Option<Arc<str>>,
    /// The target that answered, or was asked last.
    pub target: Arc<str>,
    /// Its model's name on the wire.
    pub model: Arc<str>,
    /// Its provider.
    pub provider: Arc<str>,
    /// How it ended: `done`, `failed`, `interrupted`, `cancelled`, `crashed`.
    pub end: Arc<str>,
    /// The class of the fault it ended with, in words.
    pub class: Option<Arc<str>>,
    /// Whether the answer passed every check; none if nothing was judged.
    pub passed: Option<bool>,
    /// Each rule's verdict, with what it measured.
    pub marks: Vec<(Arc<str>, Mark, Option<f64>)>,
    /// From its start to its end; the original's for a cached answer.
    pub took: Option<Duration>,
    /// The time to the first token.
    pub first_token: Option<Duration>,
    /// Tokens in and out, if known.
    pub tokens: Option<u64>,
    /// What it cost, if known or bounded from below.
    pub cost: Option<PicoDollars>,
    /// Calls made.
    pub attempts: u32,
    /// Whether another target than the requested one answered.
    pub fell_back: bool,
    /// Whether the answer came from the cache.
    pub cached: bool,
    /// Whether its numbers are a demonstration.
    pub demo: bool,
    /// Whether a person found it right, if anybody said so: four stars or more, or a thumb up.
    pub right: Option<bool>,
}
