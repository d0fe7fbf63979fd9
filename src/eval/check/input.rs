//! An answer as the checks see it.

use std::cell::OnceCell;

use serde_json::Value;

use crate::{
    eval::{JsonTypes, WorkBudget, answer::Answer, extract},
    model::Verdict,
};

/// An answer as the checks see it.
#[derive(Debug)]
pub(crate) struct CheckInput<'a> {
    pub(crate) answer: &'a Answer<'a>,
    /// The answer as it is; where reasoning came before it, without that and trimmed.
    pub(crate) text: &'a str,
    pub(crate) form: &'a Verdict,
    /// The work that is left for the checks.
    pub(crate) budget: &'a WorkBudget,
    found: Option<&'a Value>,
    looked: OnceCell<Result<Value, String>>,
}

impl<'a> CheckInput<'a> {
    /// Takes the answer with its text without reasoning, the verdict on its form, and the JSON if it was looked for
    /// and found.
    pub(crate) fn new(
        (answer, bare): (&'a Answer<'a>, &'a str),
        form: &'a Verdict,
        found: Option<&'a Value>,
        budget: &'a WorkBudget,
    ) -> Self {
        let text = if bare == extract::trim(answer.text) { answer.text } else { bare };
        Self { answer, text, form, budget, found, looked: OnceCell::new() }
    }

    /// Takes the work of reading the answer as JSON.
    pub(crate) fn read(&self) -> Result<(), String> {
        extract::spend(self.answer.text, self.budget).map_err(|much| much.to_string())
    }

    /// Takes work of so many steps for each byte of the answer.
    pub(crate) fn spend(&self, steps: u64, what: &str) -> Result<(), String> {
        let length = self.text.len();
        let taken = self.budget.spend((length as u64).saturating_mul(steps), || format!("{what} {length} bytes"));
        taken.map_err(|much| much.to_string())
    }

    /// Returns the JSON of the answer, as where the format is JSON.
    pub(crate) fn json(&self) -> Result<&Value, String> {
        if let Some(found) = self.found {
            return Ok(found);
        }
        let look = || {
            self.read()?;
            match extract(self.answer.text, JsonTypes::OBJECT) {
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
