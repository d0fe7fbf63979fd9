//! An answer as it is judged.

use std::time::Duration;

use crate::{
    eval::tool_calls::ToolTrace,
    model::{Cost, Finish},
};

/// An answer as far as the rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The text exactly as the model sent it.
    pub text: &'a str,
    /// Why the model stopped, if it said so.
    pub finish: Option<&'a Finish>,
    /// How long the run took; none where that says nothing, as for a cached answer.
    pub latency: Option<Duration>,
    pub cost: Cost,
    /// The calls of tools, those of the rounds before it included.
    pub tools: ToolTrace<'a>,
}
