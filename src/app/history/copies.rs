//! What of a run, and of the question, can be copied.

use super::History;
use crate::{
    app::overlay::{CopyAs, copy::raw_answer},
    text::{Pasted, json, shell},
};

/// Writes the run under the cursor in a form; none if there is nothing to write.
#[must_use]
pub fn text(form: CopyAs, history: &History) -> Option<Pasted> {
    let record = &history.shown()?.record;
    let outcome = &record.outcome;
    let text = match form {
        CopyAs::Answer => Some(outcome.text.clone()).filter(|text| !text.is_empty()),
        CopyAs::RawAnswer => return raw_answer(&outcome.text),
        CopyAs::Json => outcome.json.as_deref().and_then(|json| json::to_pretty(json).ok()),
        CopyAs::RunId => Some(record.run.to_string()),
        CopyAs::Record => record.shown().and_then(|record| json::to_pretty(&record)).ok(),
        CopyAs::Query => Some(history.asking.line.text()).filter(|line| !line.trim().is_empty()),
        CopyAs::Value | CopyAs::Markdown | CopyAs::CommandLine | CopyAs::Curl | CopyAs::Python | CopyAs::Promptfoo => {
            None
        }
    };
    text.map(Pasted::new)
}

impl History {
    /// Returns the command line that writes every run the line asks for, a line of JSON each.
    #[must_use]
    pub fn command(&self) -> String {
        let line = self.asking.line.text();
        match line.trim() {
            "" => "retort history --all --json".to_owned(),
            line => format!("retort history --all --json -- {}", shell::word(line)),
        }
    }
}
