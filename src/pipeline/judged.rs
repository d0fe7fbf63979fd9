//! The rules of prompts that were compiled last: a batch judges many answers by the same ones.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use crate::{eval::Judge, model::Prompt};

/// Prompts whose rules are kept, at most.
const MOST: usize = 16;

/// Compiled rules, each with the prompt they are of.
#[derive(Debug, Default)]
pub(super) struct Compiled(Mutex<VecDeque<(Arc<Prompt>, Arc<Judge>)>>);

impl Compiled {
    /// Returns the rules of a prompt, if they were compiled lately.
    pub(super) fn at_hand(&self, prompt: &Arc<Prompt>) -> Option<Arc<Judge>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().find(|(known, _)| Arc::ptr_eq(known, prompt)).map(|(_, judge)| Arc::clone(judge))
    }

    /// Returns the rules of a prompt, compiled by `compile` where they are not at hand. Prompts are told apart by
    /// where they are: a copy is another one.
    pub(super) fn of<E>(
        &self,
        prompt: &Arc<Prompt>,
        compile: impl FnOnce() -> Result<Judge, E>,
    ) -> Result<Arc<Judge>, E> {
        if let Some(judge) = self.at_hand(prompt) {
            return Ok(judge);
        }
        let judge = Arc::new(compile()?);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(MOST - 1);
        kept.push_front((Arc::clone(prompt), Arc::clone(&judge)));
        Ok(judge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_prompt_is_compiled_once_and_a_copy_by_itself() {
        let compiled = Compiled::default();
        let prompt = Arc::new(Prompt::default());
        let mut times = 0;
        let mut of = |prompt: &Arc<Prompt>| {
            compiled.of(prompt, || {
                times += 1;
                Judge::new(&prompt.response, &prompt.checks)
            })
        };
        let (one, same) = (of(&prompt).unwrap(), of(&prompt).unwrap());
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &of(&Arc::new(Prompt::default())).unwrap()));
        for _ in 0..MOST {
            of(&Arc::new(Prompt::default())).unwrap();
        }
        assert!(!Arc::ptr_eq(&one, &of(&prompt).unwrap()), "what was not used for long is let go");
        assert_eq!(times, 2 + MOST + 1);
    }
}
