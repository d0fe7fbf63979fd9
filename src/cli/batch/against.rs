//! Each lane of a batch against the first, over the rows both have.

use crate::eval::{
    Evidence,
    evidence::{Lanes, SEED},
    report::Whole,
};

/// Weighs each lane but the first against the first, with the names of both.
pub(super) fn evidence(lanes: &Lanes, whole: &Whole) -> Vec<(String, String, Evidence)> {
    let name = |prompt: &str, target: &str| format!("{prompt} on {target}");
    let Some(first) = whole.lanes.first() else {
        return Vec::new();
    };
    let others = whole.lanes.iter().skip(1);
    others
        .map(|lane| {
            let pairs = lanes.pairs((lane.prompt, lane.target), lanes, (first.prompt, first.target));
            let [one, other] = [first, lane].map(|lane| name(&lane.prompt_name, &lane.target_name));
            (one, other, Evidence::of(pairs, SEED))
        })
        .collect()
}
