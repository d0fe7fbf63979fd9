//! One run from request to end.

use std::{sync::Arc, time::Duration};

use super::{RunEvent, Shared, Told, stream::Line};
use crate::model::{
    Class, Cost, End, Fault, Outcome, Provenance, RunRequest, Usage,
    outcome::{Reason, Timing},
};

/// Runs a request; the result is the last event.
pub(super) async fn drive(shared: Arc<Shared>, request: RunRequest, line: Line) -> Told {
    let head = request.targets.first();
    let name = head.map_or_else(String::new, |target| target.name.clone());
    let fault = Fault::new(Class::Unknown, "this build cannot send requests");
    let outcome = Outcome {
        run: shared.ports.world.run_id(),
        end: End::Failed { reasons: vec![Reason { target: name.clone(), fault }] },
        text: String::new(),
        reasoning: String::new(),
        json: None,
        requested: name.clone(),
        target: name,
        model: head.map_or_else(String::new, |target| target.model.clone()),
        served: None,
        provenance: Provenance::Live,
        demo: false,
        attempts: 0,
        finish: None,
        usage: Usage::default(),
        cost: Cost::Unknown,
        timing: Timing::default(),
        quality: None,
    };
    let _ = line;
    Told { at: Duration::ZERO, event: RunEvent::Ended { outcome: Box::new(outcome) } }
}
