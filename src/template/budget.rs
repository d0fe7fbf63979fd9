//! A bound on what filling templates may take, in text and in steps of the template library.

use crate::{
    model::{Input, settings::byte_size},
    template::{TemplateError, render::FUEL},
};

/// Bytes that templates may be filled to beyond what they and the values of their input are together.
const BEYOND: usize = 16 << 20;

/// Steps of judging that the library's measure stands for.
const STEPS: u64 = 25;

/// Bytes of a text that are written in one step of judging.
const BYTES_OF_STEP: u64 = 16;

/// What is left for filling the templates of one prompt, or of one check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillBudget {
    bytes: usize,
    most: usize,
    fuel: u64,
}

impl FillBudget {
    /// Has room for templates of so many bytes and each value of an input once, for 16 MB beyond that, and for
    /// as much work as two templates may take.
    #[must_use]
    pub fn new(templates: usize, input: &Input) -> Self {
        let values: usize = input.vars.values().map(|value| value.as_str().len()).sum();
        let most = templates.saturating_add(input.text.len()).saturating_add(values).saturating_add(BEYOND);
        Self { bytes: most, most, fuel: 2 * FUEL }
    }

    /// Returns what was taken, in steps of judging.
    #[must_use]
    pub fn steps(&self) -> u64 {
        (2 * FUEL - self.fuel) * STEPS + (self.most - self.bytes) as u64 / BYTES_OF_STEP
    }

    /// Takes the bytes of a text that is written at a place of a template.
    pub(crate) fn write(&mut self, template: &str, at: usize, bytes: usize) -> Result<(), TemplateError> {
        let Some(left) = self.bytes.checked_sub(bytes) else {
            let most = byte_size((self.most >> 20 << 20) as u64);
            return Err(TemplateError::at(template, at, format!("too much work: this fills more than {most}")));
        };
        self.bytes = left;
        Ok(())
    }

    /// Takes what the library has counted. A template begins as long as anything is left.
    pub(crate) fn burn(&mut self, fuel: u64) {
        self.fuel = self.fuel.saturating_sub(fuel);
    }

    /// Refuses a template for which no work is left.
    pub(crate) fn begin(&self, template: &str) -> Result<(), TemplateError> {
        if self.fuel > 0 {
            return Ok(());
        }
        Err(TemplateError::at(template, 0, "too much work: the templates before this one took all there is"))
    }
}
