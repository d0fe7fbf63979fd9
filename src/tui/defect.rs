//! The end of a run that a defect in the program itself has ended: a lane must not wait for ever.

use std::time::Duration;

use crate::{
    model::{Class, Cost, End, Fault, Outcome, Provenance, RunRequest, Usage, outcome::Reason, outcome::Timing},
    pipeline::{RunEvent, Told, port::World as _},
    setup::world::Machine,
};

/// Makes the last event of a run that can tell none itself.
pub(super) fn ended(request: &RunRequest, words: &str) -> Told {
    let target = request.targets.first();
    let name = target.map(|target| target.name.clone()).unwrap_or_default();
    let outcome = Outcome {
        run: Machine::default().run_id(),
        end: End::Failed { reasons: vec![Reason { target: name.clone(), fault: Fault::new(Class::Unknown, words) }] },
        text: String::new(),
        reasoning: String::new(),
        json: None,
        requested: name.clone(),
        target: name,
        model: target.map(|target| target.model.clone()).unwrap_or_default(),
        served: None,
        provenance: Provenance::Live,
        demo: false,
        attempts: 0,
        finish: None,
        usage: Usage::default(),
        cost: Cost::Unknown,
        by_attempt: Vec::new(),
        timing: Timing::default(),
        quality: None,
        judging: None,
        given_up: Vec::new(),
    };
    Told { at: Duration::ZERO, event: RunEvent::Ended { outcome: Box::new(outcome) } }
}
