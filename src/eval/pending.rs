//! Checks that nothing is known of until a model or a program was asked: what each is, and its verdict until then.

use serde_json::Value;

use crate::{
    eval::{
        best_choice::BestChoice, check::transform::written, program_check::ProgramCheck, rubric::Rubric,
        service_check::ServiceCheck,
    },
    model::TextService,
};

/// A check that waits for a model or a program.
#[derive(Debug, Clone, PartialEq)]
pub enum PendingCheck {
    /// A model judges.
    Judge(Rubric),
    /// The best of the answers of a row is found, by a model or by their scores.
    Best(BestChoice),
    /// A service embeds the answer and what it is compared with, looks at it for harm, or classifies it.
    Service(ServiceCheck),
    /// A program judges.
    Program(ProgramCheck),
}

/// Says that a service was not asked.
pub(crate) fn unasked(service: TextService) -> &'static str {
    match service {
        TextService::Embedding => "no model was asked for embeddings",
        TextService::Moderation => "no moderation service was asked",
        TextService::Classification => "no classifier was asked",
    }
}

impl PendingCheck {
    /// Has it judge a part of the answer. The answers of a row are compared whole.
    pub(crate) fn on(mut self, part: &Value) -> Self {
        match &mut self {
            Self::Judge(rubric) => rubric.part = Some(written(part)),
            Self::Service(check) => check.part = Some(written(part)),
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
            Self::Service(check) => unasked(check.service()),
            Self::Program(_) => "its program was not run",
        }
    }
}
