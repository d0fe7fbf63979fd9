//! How a verdict with evidence looks.

use crate::{app::weighing::Weighed, eval::evidence::Shown, ui::theme::Role};

/// Returns the role of what runs say of each other: that of a pass where B is better, of a failure where it is worse.
#[must_use]
pub fn role(weighed: &Weighed) -> Role {
    match weighed.evidence.shown {
        Shown::Better => Role::Pass,
        Shown::Worse => Role::Fail,
        Shown::NoDifference => Role::Quiet,
    }
}
