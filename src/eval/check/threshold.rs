//! The threshold of a check, as far as it can be moved over answers that are there already.

use serde::{Deserialize, Serialize};

use crate::model::Check;

/// The unit a threshold is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A share or a score from 0 to 1.
    Share,
    Milliseconds,
    /// US dollars.
    Dollars,
    /// A number of something.
    Number,
}

/// Which values pass.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum PassingSide {
    /// The threshold and what is above it, as with a minimum confidence.
    #[default]
    AtLeast,
    /// The threshold and what is below it, as with a longest time.
    AtMost,
}

/// Whether a kind of check has a threshold that can be moved.
#[derive(Debug)]
pub(crate) enum Movable {
    /// Its key `threshold`, with the value that counts where none is set.
    Threshold(PassingSide, Unit, Option<f64>),
    /// The number in its `value`, if the check compares with one; the error says why it cannot be moved.
    Value(fn(&Check) -> Result<(PassingSide, f64), &'static str>),
    /// None, and why.
    None(&'static str),
}

/// What is said of a check that measures nothing.
pub(crate) const NOTHING_MEASURED: Movable = Movable::None("it holds or does not, and measures nothing");
