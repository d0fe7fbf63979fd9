//! What models were seen to refuse: learnt from one run, known to all until the program ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::model::{Class, Fault, ProviderKind, Target};

/// What is known of one model at one provider.
#[derive(Debug, Clone, Default)]
struct Known {
    refused: BTreeSet<String>,
    completion_tokens: Option<bool>,
}

/// What was learnt, by the provider's name and the model's.
#[derive(Debug, Default)]
pub(super) struct Learnt {
    known: Mutex<BTreeMap<(String, String), Known>>,
}

/// What a fault about a parameter teaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lesson {
    /// The parameter is to be left out.
    Drop(String),
    /// The token limit goes by its other name: whether that is `max_completion_tokens`.
    Rename(bool),
}

impl Learnt {
    fn known(&self) -> MutexGuard<'_, BTreeMap<(String, String), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a lesson.
    pub(super) fn keep(&self, target: &Target, lesson: &Lesson) {
        let mut all = self.known();
        let known = all.entry((target.provider.clone(), target.model.clone())).or_default();
        match lesson {
            Lesson::Drop(param) => drop(known.refused.insert(param.clone())),
            Lesson::Rename(completion) => known.completion_tokens = Some(*completion),
        }
    }

    /// Returns the parameters a target was seen to refuse.
    pub(super) fn refused(&self, target: &Target) -> BTreeSet<String> {
        let place = (target.provider.clone(), target.model.clone());
        self.known().get(&place).map(|known| known.refused.clone()).unwrap_or_default()
    }

    /// Returns a target with the name of its token limit as it was seen to be.
    pub(super) fn corrected(&self, mut target: Target) -> Target {
        let place = (target.provider.clone(), target.model.clone());
        if let Some(name) = self.known().get(&place).and_then(|known| known.completion_tokens) {
            target.card.completion_tokens = name;
        }
        target
    }
}

/// Reads what a fault teaches about a target; `None` if it is not about a parameter. A limit is
/// renamed once: refused under both names, it is left out.
pub(super) fn lesson(fault: &Fault, target: &Target, renamed: bool) -> Option<Lesson> {
    let param = fault.param.as_ref().filter(|_| fault.class == Class::ParamRejected)?;
    let now = target.card.completion_tokens;
    let sent = if now { "max_completion_tokens" } else { "max_tokens" };
    if target.kind != ProviderKind::OpenAi || !matches!(param.as_str(), "max_tokens" | "max_completion_tokens") {
        return Some(Lesson::Drop(param.clone()));
    }
    let other = if now { "max_tokens" } else { "max_completion_tokens" };
    // A server that knows the new name says so; one that does not know it was made before it.
    let known = fault.message.contains(other) || (now && param == sent);
    Some(if known && !renamed { Lesson::Rename(!now) } else { Lesson::Drop("max_tokens".to_owned()) })
}
