//! A place in an answer, as a person finds it: line, column and the text around.

use super::{ExtractError, Step};
use crate::text::{clean_line, prefix};

/// Characters of an excerpt on each side of its place.
const AROUND: usize = 24;

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    before: &'a str,
    after: &'a str,
}

impl<'a> Place<'a> {
    /// Takes a byte offset; one inside a character means the character.
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        let (before, after) = text.split_at(prefix(text, at).len());
        Self { before, after }
    }

    pub(super) fn error(self, step: Step, problem: impl Into<String>) -> ExtractError {
        let line_start = self.before.rfind('\n').map_or(0, |at| at + 1);
        ExtractError {
            step,
            problem: problem.into(),
            at: self.before.len(),
            line: self.before.matches('\n').count() + 1,
            column: self.before.get(line_start..).unwrap_or_default().chars().count() + 1,
            excerpt: self.excerpt(),
            cut: false,
        }
    }

    fn excerpt(self) -> String {
        let head = self.before.char_indices().rev().nth(AROUND - 1).map_or(0, |(at, _)| at);
        let tail = self.after.char_indices().nth(AROUND).map_or(self.after.len(), |(at, _)| at);
        let mark = |cut: bool| if cut { "…" } else { "" };
        let part = |text: Option<&str>| clean_line(text.unwrap_or_default());
        let (before, after) = (part(self.before.get(head..)), part(self.after.get(..tail)));
        format!("{}{before}{after}{}", mark(head > 0), mark(tail < self.after.len())).trim().to_owned()
    }
}
