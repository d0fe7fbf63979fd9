//! Checks that nothing is known of until a model or a program was asked: what each is, and its verdict until then.

use crate::eval::{best_choice::BestChoice, embedding::SimilarityCheck, program_check::ProgramCheck, rubric::Rubric};

/// A check that waits for a model or a program.
#[derive(Debug, Clone, PartialEq)]
pub enum PendingCheck {
    /// A model judges.
    Judge(Rubric),
    /// A model picks the best of the answers of a row.
    Best(BestChoice),
    /// A model embeds the answer and what it is compared with.
    Similarity(SimilarityCheck),
    /// A program judges.
    Program(ProgramCheck),
}

impl PendingCheck {
    /// Says why nothing is known yet.
    #[must_use]
    pub fn waits(&self) -> &'static str {
        match self {
            Self::Judge(_) => "no judge model was asked",
            Self::Best(_) => "it compares the answers of a row in a batch, and there is no such row",
            Self::Similarity(_) => "no model was asked for embeddings",
            Self::Program(_) => "its program was not run",
        }
    }
}
