//! What goes on from a batch at the command line: the command for its prompt and its rows, to be copied.

use crate::{
    app::{
        batch::{Batches, Page},
        context::Cx,
        intent::Intent,
    },
    model::batch::BatchSpec,
    text::{clean_line, shell},
};

/// A command that takes a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabCommand {
    Improve,
}

impl LabCommand {
    /// Writes it for the first prompt of a batch.
    fn line(self, spec: &BatchSpec) -> Option<String> {
        let (prompt, _) = spec.prompts.first()?;
        let prompt = shell::word(prompt);
        Some(match self {
            Self::Improve => format!("retort improve {prompt} {}", shell::word(&spec.data)),
        })
    }

    fn does(self) -> &'static str {
        match self {
            Self::Improve => {
                "looks for a better prompt with these rows, and shows whether it is; it says first what that takes, and asks \
                 nothing with --dry-run"
            }
        }
    }
}

impl Batches {
    /// Returns what the batch asks that is shown, or is chosen in the list.
    pub(crate) fn chosen_spec(&self) -> Option<&BatchSpec> {
        match self.page {
            Page::Table => self.shown.as_ref().map(|shown| &shown.request.spec),
            Page::List => self.list.chosen().and_then(|item| self.entries.get(item.value)).map(|entry| &entry.spec),
            Page::Form => None,
        }
    }

    /// Offers to copy a command for the batch that is shown, or is chosen in the list.
    pub(crate) fn offer(&self, command: LabCommand, cx: &mut Cx<'_, Self>) {
        let Some(line) = self.chosen_spec().and_then(|spec| command.line(spec)) else { return };
        let words = format!("At the command line, {} {}.", clean_line(&line), command.does());
        cx.confirm(&words, "Copy the command", Intent::CopyText { what: "command", text: line });
    }
}
