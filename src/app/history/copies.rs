//! What of a run, and of the question, can be copied.

use super::History;
use crate::app::overlay::{CopyAs, copy::quoted};

/// Writes the run under the cursor in a form; none if there is nothing to write.
#[must_use]
pub fn text(form: CopyAs, history: &History) -> Option<String> {
    let record = &history.shown()?.record;
    let outcome = &record.outcome;
    match form {
        CopyAs::Answer => Some(outcome.text.clone()).filter(|text| !text.is_empty()),
        CopyAs::Json => outcome.json.as_ref().and_then(|json| serde_json::to_string_pretty(json).ok()),
        CopyAs::RunId => Some(record.run.to_string()),
        CopyAs::Record => record.shown().and_then(|record| serde_json::to_string_pretty(&record)).ok(),
        CopyAs::Query => Some(history.asking.line.text()).filter(|line| !line.trim().is_empty()),
        CopyAs::Value | CopyAs::Markdown | CopyAs::CommandLine | CopyAs::Curl | CopyAs::Python | CopyAs::Promptfoo => {
            None
        }
    }
}

impl History {
    /// Returns the command line that writes every run the line asks for, a line of JSON each.
    #[must_use]
    pub fn command(&self) -> String {
        let line = self.asking.line.text();
        match line.trim() {
            "" => "retort history --all --json".to_owned(),
            line => format!("retort history --all --json -- {}", quoted(line)),
        }
    }
}
