//! Checks that nothing is known of until a model or a program was asked: what each is, and its verdict until then.

use serde_json::Value;

use crate::eval::{
    best_choice::BestChoice, check::transform::written, embedding::SimilarityCheck, moderation::ModerationCheck,
    program_check::ProgramCheck, rubric::Rubric,
};

/// A check that waits for a model or a program.
#[derive(Debug, Clone, PartialEq)]
pub enum PendingCheck {
    /// A model judges.
    Judge(Rubric),
    /// The best of the answers of a row is found, by a model or by their scores.
    Best(BestChoice),
    /// A model embeds the answer and what it is compared with.
    Similarity(SimilarityCheck),
    /// A service looks at the answer for harm.
    Moderation(ModerationCheck),
    /// A program judges.
    Program(ProgramCheck),
}

impl PendingCheck {
    /// Has it judge a part of the answer. The answers of a row are compared whole.
    pub(crate) fn on(mut self, part: &Value) -> Self {
        match &mut self {
            Self::Judge(rubric) => rubric.part = Some(written(part)),
            Self::Similarity(check) => check.part = Some(written(part)),
            Self::Moderation(check) => check.part = Some(written(part)),
            Self::Program(check) => check.part = Some(part.clone()),
            Self::Best(_) => {}
        }
        self
    }

    /// Says why nothing is known yet.
    #[must_use]
    pub fn waits(&self) -> &'static str {
        match self {
            Self::Judge(_) => "no judge model was asked",
            Self::Best(_) => "it compares answers that are asked for together, and there is no other one",
            Self::Similarity(_) => "no model was asked for embeddings",
            Self::Moderation(_) => "no moderation service was asked",
            Self::Program(_) => "its program was not run",
        }
    }
}
