//! Rows of the inputs of runs on record, none nearly the same as another.

use crate::{
    dataset::proposals::{ORIGIN, compared},
    eval::NearDuplicates,
    model::{DatasetRow, expected::EXPECTED},
    pipeline::ports::RunRecord,
};

/// Rows while they are made.
#[derive(Debug, Default)]
pub struct RowsOfRuns {
    /// What is known already: an input that is nearly the same is left out.
    pub known: NearDuplicates,
    /// The rows so far, in the order of their runs.
    pub rows: Vec<DatasetRow>,
    /// Runs left out as their input is nearly the same as one there is.
    pub alike: u64,
    /// Runs left out as nothing was asked.
    pub empty: u64,
}

impl RowsOfRuns {
    /// Makes a row of the input of a run, or counts why there is none.
    pub fn take(&mut self, run: &RunRecord) {
        let mut row = DatasetRow { input: run.input.clone(), ..DatasetRow::default() };
        // It was expected of another row, perhaps by another check.
        row.input.vars.remove(EXPECTED);
        let text = compared(&row.input);
        if text.trim().is_empty() && row.input.parts.is_empty() {
            self.empty += 1;
        } else if self.known.take(&run.run.short(), &text).is_some() {
            self.alike += 1;
        } else {
            let prompt = run.prompt_name.as_deref().unwrap_or("a prompt without a name");
            let origin = format!("run {} of {prompt}, {}", run.run, run.started.strftime("%Y-%m-%d"));
            row.metadata.insert(ORIGIN.to_owned(), origin);
            self.rows.push(row);
        }
    }
}
