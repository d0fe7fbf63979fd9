//! Whether the answers of a batch are compared with what its rows expect, and by which check.

use super::Order;
use crate::{
    eval::check,
    model::{Expected, Format, Row, expected::EXPECTED},
};

/// How the rows of one batch are compared with what they expect.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparing {
    how: Expected,
    /// Whether every prompt asks for JSON.
    json: bool,
    /// Whether a prompt, or one of its checks, uses the value already.
    used: bool,
}

impl Comparing {
    /// Reads off an order what its prompts make of the value.
    pub(super) fn of(order: &Order) -> Self {
        let prompts = || order.spec.prompts.iter().map(|(_, prompt)| prompt);
        let asks = |text: &str| crate::eval::template::asks(text).names.iter().any(|name| name == EXPECTED);
        let used = prompts().any(|prompt| {
            prompt.spoken().any(|(_, text)| asks(text))
                || prompt.checks.iter().any(|check| check::uses(check, EXPECTED))
        });
        Self { how: order.spec.expected, json: prompts().all(|prompt| prompt.format().0 != Format::Text), used }
    }

    /// Adds the check of the answers to a row against what it expects, where they are compared, and counts it.
    pub(super) fn apply(self, row: &mut Row, counts: &mut ExpectedRows) {
        let Some(value) = row.input.vars.get(EXPECTED).filter(|value| !value.is_empty()) else {
            return;
        };
        let used = self.used || row.checks.iter().any(|check| check::uses(check, EXPECTED));
        let how = if self.how == Expected::Auto && used { Expected::Off } else { self.how };
        match how.check(value, self.json) {
            Some(check) => {
                row.checks.push(check);
                counts.compared += 1;
            }
            None if how == Expected::Auto => counts.left_out += 1,
            None => {}
        }
    }
}

/// How many rows expect a value, by what becomes of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ExpectedRows {
    /// The answers to them are compared with it by a check that no prompt and no row names.
    pub compared: u64,
    /// Nothing looks at it.
    pub left_out: u64,
}

impl ExpectedRows {
    /// Says what a person should know of it before the first call.
    #[must_use]
    pub fn note(&self, how: Expected) -> Option<String> {
        let rows = |count: u64| if count == 1 { "1 row has".to_owned() } else { format!("{count} rows have") };
        if self.left_out > 0 {
            Some(format!(
                "{} an `{EXPECTED}` value that no check uses: compare the answers with it by equals, json or fields, or \
                 turn it off (--expected)",
                rows(self.left_out)
            ))
        } else if self.compared > 0 && how == Expected::Auto {
            Some(format!(
                "{} an `{EXPECTED}` value in JSON: its fields are compared with the answers' (--expected off does not)",
                rows(self.compared)
            ))
        } else {
            None
        }
    }
}
