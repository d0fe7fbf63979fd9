//! How a verdict with evidence looks.

use crate::{eval::evidence::Shown, ui::theme::Role};

/// Returns the role of a verdict: that of a pass where B is better, of a failure where it is worse.
#[must_use]
pub fn role(shown: Shown) -> Role {
    match shown {
        Shown::Better => Role::Pass,
        Shown::Worse => Role::Fail,
        Shown::NoDifference => Role::Quiet,
    }
}
