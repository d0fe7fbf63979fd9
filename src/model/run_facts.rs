//! What is counted of a run: narrow facts, without its texts.

use std::{collections::HashMap, sync::Arc, time::Duration};

use crate::model::{
    cost::CacheSaving,
    error::ErrorKind,
    outcome::{Judging, Outcome, Provenance},
    run_end::RunEnd,
    usage::Spent,
    verdict::{RunStatus, Status},
};

/// A name's number among [`Names`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(u32);

impl Name {
    /// Returns its place among all names, counted from 0.
    #[must_use]
    pub fn place(self) -> usize {
        self.0 as usize
    }
}

/// Names that many runs have, each kept once and known by a number.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Names {
    numbers: HashMap<Arc<str>, Name>,
    texts: Vec<Arc<str>>,
}

impl Names {
    /// Returns the number of a name, a new one where it has none.
    pub fn of(&mut self, text: &str) -> Name {
        if let Some(known) = self.numbers.get(text) {
            return *known;
        }
        let name = Name(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, name);
        name
    }

    /// Returns a name by its number; empty for a number of others.
    #[must_use]
    pub fn text(&self, name: Name) -> &str {
        self.texts.get(name.place()).map_or("", |text| text)
    }

    /// Finds the number of a name, if it has one.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied()
    }
}

/// How a run ended, in a word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EndingWord {
    /// With a complete answer.
    #[default]
    Done,
    /// The answer broke off.
    Interrupted,
    /// No target answered.
    Failed,
    /// The user stopped it.
    Cancelled,
    /// Its process went away.
    Crashed,
}

impl EndingWord {
    /// Reads the word of [`RunEnd::word`], or `crashed`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Some(match word {
            "done" => Self::Done,
            "interrupted" => Self::Interrupted,
            "failed" => Self::Failed,
            "cancelled" => Self::Cancelled,
            "crashed" => Self::Crashed,
            _ => return None,
        })
    }
}

/// What a run took of one of the targets it asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TargetSpent {
    /// The target's provider.
    pub provider: Option<Name>,
    /// Its model's name on the wire.
    pub model: Option<Name>,
    /// What it took.
    pub spent: Spent,
}

/// The facts of one run that has ended.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunFacts {
    /// When it started, in seconds since 1970.
    pub started: i64,
    /// The prompt's name, if it has one.
    pub prompt: Option<Name>,
    /// The prompt version's hash.
    pub version: Option<Name>,
    /// The effective parameters, as JSON.
    pub params: Option<Name>,
    /// The target that answered, or was asked last.
    pub target: Option<Name>,
    /// Its model's name on the wire.
    pub model: Option<Name>,
    pub provider: Option<Name>,
    /// How it ended.
    pub end: EndingWord,
    /// The class of the error it ended with, in words.
    pub class: Option<Name>,
    /// The classes of all errors it met, each once, in words: those of attempts that failed and of the end.
    pub errors: Vec<Name>,
    /// How it came out.
    pub status: RunStatus,
    /// How it counts where answers are compared, as [`RunStatus::compared`] says.
    pub compared: Option<bool>,
    /// The score of the answer, from 0 to 1, if it has one.
    pub score: Option<f64>,
    /// Each rule's verdict, with what it measured.
    pub marks: Vec<(Name, Status, Option<f64>)>,
    /// How long it took, as [`Timing::took`](crate::model::outcome::Timing::took) says; the original's for a cached answer.
    pub took: Option<Duration>,
    /// Time retort itself waited.
    pub waited: Duration,
    /// The time to the first token.
    pub first_token: Option<Duration>,
    /// What its calls took now, of the tokens the sums in and out and those of pictures and recordings; nothing for a
    /// cached answer.
    pub spent: Spent,
    /// What the provider's cache of prompts saved of that; none where it was not used.
    pub cache_saving: Option<CacheSaving>,
    /// What each target took, where it was not the answering one alone: all of it is part of `spent`.
    pub by_target: Vec<TargetSpent>,
    /// What its judges took.
    pub judging: Option<Judging>,
    /// Whether it is itself the run of a judge, which is no answer.
    pub judge: bool,
    /// Attempts made, those of rounds of tools left out.
    pub attempts: u32,
    /// Whether another target than the requested one answered.
    pub fell_back: bool,
    /// Whether the answer came from the cache.
    pub cached: bool,
    /// Whether its numbers are a demonstration.
    pub demo: bool,
    /// The stars a person gave, from 1 to 5.
    pub stars: Option<u8>,
    /// Whether a person found it right, if anybody said so: four stars or more, or a thumb up.
    pub right: Option<bool>,
    /// The hash of its input; equal inputs have equal ones.
    pub input: Option<i64>,
}

impl RunFacts {
    /// Reads the facts of a run off its outcome, as far as that tells them.
    #[must_use]
    pub fn of(outcome: &Outcome, started: i64, names: &mut Names) -> Self {
        let quality = outcome.quality.as_ref();
        let verdicts = quality.map(|quality| quality.verdicts.as_slice()).unwrap_or_default();
        let marks = verdicts.iter().map(|made| (names.of(&made.rule.to_string()), made.status, made.score)).collect();
        let class = outcome.end.class().map(|class| names.of(&class.to_string()));
        let by_target = outcome.by_target();
        let alone = by_target.iter().all(|(attempt, _)| attempt.target == outcome.target);
        let by_target = by_target.into_iter().filter(|_| !alone).map(|(attempt, spent)| TargetSpent {
            provider: None,
            model: Some(names.of(&attempt.model)),
            spent,
        });
        let by_target = by_target.collect();
        Self {
            started,
            target: Some(names.of(&outcome.target)),
            model: Some(names.of(&outcome.model)),
            end: match outcome.end {
                RunEnd::Done => EndingWord::Done,
                RunEnd::Interrupted { .. } => EndingWord::Interrupted,
                RunEnd::Failed { .. } => EndingWord::Failed,
                RunEnd::Cancelled => EndingWord::Cancelled,
            },
            class,
            errors: class.into_iter().collect(),
            status: outcome.status(),
            compared: outcome.status().compared(outcome.end.class().is_some_and(ErrorKind::is_of_the_answer)),
            score: quality.and_then(crate::model::Quality::score),
            marks,
            took: outcome.took(),
            waited: outcome.timing.waited,
            first_token: outcome.timing.first_token,
            spent: outcome.spent(),
            cache_saving: outcome.cache_saving.filter(|_| outcome.provenance == Provenance::Live),
            by_target,
            judging: outcome.judging,
            attempts: outcome.tries(),
            fell_back: outcome.requested != outcome.target,
            cached: matches!(outcome.provenance, Provenance::Cached { .. }),
            demo: outcome.demo,
            ..Self::default()
        }
    }
}
