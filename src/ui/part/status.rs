//! How a run came out, as a glyph and a colour: the same in every list.

use crate::{model::RunStatus, ui::theme::Role};

/// Returns the glyph that says it without colour.
#[must_use]
pub fn mark(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Passed => "✓",
        RunStatus::Failed => "✗",
        RunStatus::Error => "!",
        RunStatus::Inconclusive => "○",
        RunStatus::Unchecked => "–",
        RunStatus::Cancelled => "■",
    }
}

/// Returns its colour.
#[must_use]
pub fn role(status: RunStatus) -> Role {
    match status {
        RunStatus::Passed => Role::Pass,
        RunStatus::Failed => Role::Fail,
        RunStatus::Error => Role::Wait,
        RunStatus::Inconclusive | RunStatus::Unchecked | RunStatus::Cancelled => Role::Quiet,
    }
}
