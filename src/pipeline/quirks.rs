//! What models were seen to refuse: learnt from one run, known to all until the program ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::model::{CallError, ErrorKind, Target};

/// What is known of one model at one provider.
#[derive(Debug, Clone, Default)]
struct Known {
    refused: BTreeSet<String>,
    completion_tokens: Option<bool>,
}

/// What was learnt, by the provider's name and the model's.
#[derive(Debug, Default)]
pub(crate) struct ModelQuirks {
    known: Mutex<BTreeMap<(String, String), Known>>,
}

/// What an error about a parameter teaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ModelQuirk {
    /// The parameter is to be left out.
    Drop(String),
    /// The token limit goes by its other name: whether that is `max_completion_tokens`.
    Rename(bool),
}

impl ModelQuirks {
    fn known(&self) -> MutexGuard<'_, BTreeMap<(String, String), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a lesson.
    pub(crate) fn keep(&self, target: &Target, lesson: &ModelQuirk) {
        let mut all = self.known();
        let known = all.entry((target.provider.clone(), target.model.clone())).or_default();
        match lesson {
            ModelQuirk::Drop(param) => drop(known.refused.insert(param.clone())),
            ModelQuirk::Rename(completion) => known.completion_tokens = Some(*completion),
        }
    }

    /// Returns the parameters a target was seen to refuse.
    pub(crate) fn refused(&self, target: &Target) -> BTreeSet<String> {
        let place = (target.provider.clone(), target.model.clone());
        self.known().get(&place).map(|known| known.refused.clone()).unwrap_or_default()
    }

    /// Returns a target with the name of its token limit as it was seen to be.
    pub(crate) fn corrected(&self, mut target: Target) -> Target {
        let place = (target.provider.clone(), target.model.clone());
        if let Some(name) = self.known().get(&place).and_then(|known| known.completion_tokens) {
            target.card.completion_tokens = name;
        }
        target
    }
}

/// Reads what an error teaches about a target; `None` if it is not about a parameter. A limit is
/// renamed once: refused under both names, it is left out.
pub(crate) fn lesson(error: &CallError, target: &Target, renamed: bool) -> Option<ModelQuirk> {
    let param = error.param.as_ref().filter(|_| error.class == ErrorKind::ParamRejected)?;
    let now = target.card.completion_tokens;
    let sent = if now { "max_completion_tokens" } else { "max_tokens" };
    if !target.kind.info().two_token_limits || !matches!(param.as_str(), "max_tokens" | "max_completion_tokens") {
        return Some(ModelQuirk::Drop(param.clone()));
    }
    let other = if now { "max_tokens" } else { "max_completion_tokens" };
    // A server that knows the new name says so; one that does not know it was made before it.
    let known = error.message.contains(other) || (now && param == sent);
    Some(if known && !renamed { ModelQuirk::Rename(!now) } else { ModelQuirk::Drop("max_tokens".to_owned()) })
}
