//! A prompt on its way to another tool, and one on its way from there.

use crate::model::{Params, Prompt, Target, prompt::DEFAULT_TEMPERATURE};

/// What is written for another tool.
pub(crate) struct ExportedPrompt<'a> {
    pub(crate) name: &'a str,
    pub(crate) prompt: &'a Prompt,
    /// The target it is written for.
    pub(crate) target: &'a Target,
}

impl ExportedPrompt<'_> {
    /// Returns its parameters as retort sends them.
    pub(crate) fn params(&self) -> Params {
        let params = self.prompt.params.clone();
        Params { temperature: params.temperature.or(Some(DEFAULT_TEMPERATURE)), ..params }
    }
}

/// What another tool's file came to.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ReadPrompt {
    /// What it is called there; empty where it has no name.
    pub(crate) name: String,
    pub(crate) prompt: Prompt,
    /// What it says of itself that has no effect on what is sent.
    pub(crate) left_out: Vec<String>,
}
