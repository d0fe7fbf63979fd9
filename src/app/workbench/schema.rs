//! The schema of the answer, as the prompt has it.

use crate::app::{context::Cx, workbench::Workbench};

impl Workbench {
    /// Opens the schema of the answer.
    pub(crate) fn open_schema(&mut self, _cx: &mut Cx<'_, Self>) {}

    /// Puts the text of a schema in place of the one there is.
    pub(crate) fn set_schema(&mut self, _text: &str) {}
}
