//! An answer as the checks see it: its text, its form, and the JSON in it.

use std::cell::OnceCell;

use serde_json::Value;

use crate::{
    eval::{
        Budget, JsonTypes,
        extract::{self},
        judge::Answer,
    },
    model::Verdict,
};

/// An answer as the checks see it.
#[derive(Debug)]
pub(in crate::eval) struct Seen<'a> {
    pub(super) answer: &'a Answer<'a>,
    /// The answer as it is; where reasoning came before it, without that and trimmed.
    pub(super) text: &'a str,
    /// The verdict on its form.
    pub(super) form: &'a Verdict,
    /// The work that is left for the checks.
    pub(super) budget: &'a Budget,
    found: Option<&'a Value>,
    looked: OnceCell<Result<Value, String>>,
}

impl<'a> Seen<'a> {
    /// Takes the answer, the verdict on its form, and the JSON if it was looked for and found.
    pub(in crate::eval) fn new(
        answer: &'a Answer<'a>,
        form: &'a Verdict,
        found: Option<&'a Value>,
        budget: &'a Budget,
    ) -> Self {
        let bare = extract::answer(answer.text);
        let text = if bare == extract::trim(answer.text) { answer.text } else { bare };
        Self { answer, text, form, budget, found, looked: OnceCell::new() }
    }

    /// Takes the work of reading the answer as JSON.
    pub(super) fn read(&self) -> Result<(), String> {
        extract::spend(self.answer.text, self.budget).map_err(|much| much.to_string())
    }

    /// Takes work of so many steps for each byte of the answer.
    pub(super) fn spend(&self, steps: u64, what: &str) -> Result<(), String> {
        let length = self.text.len();
        let taken = self.budget.spend((length as u64).saturating_mul(steps), || format!("{what} {length} bytes"));
        taken.map_err(|much| much.to_string())
    }

    /// Returns the JSON of the answer, as where the format is JSON.
    pub(super) fn json(&self) -> Result<&Value, String> {
        if let Some(found) = self.found {
            return Ok(found);
        }
        let look = || {
            self.read()?;
            match extract::extract(self.answer.text, JsonTypes::OBJECT) {
                Ok((_, how)) if how.others > 0 => {
                    Err("it holds JSON that differs: which is meant is not clear".to_owned())
                }
                Ok((json, _)) => Ok(json),
                Err(error) => Err(format!("no JSON was found: {}", error.problem)),
            }
        };
        self.looked.get_or_init(look).as_ref().map_err(String::clone)
    }
}
