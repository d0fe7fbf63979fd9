//! Judging an answer: pure functions from text and rules to verdicts.
//!
//! A [`Judge`] is made of what a prompt expects, and refuses rules that could never be applied. It
//! finds the JSON of an answer ([`extract()`]) and gives one verdict per rule, each with its reason.

mod check;
mod confidence;
pub mod extract;
mod fields;
mod form;
pub mod judge;
pub mod rule;
mod schema;

pub use extract::{ExtractError, Extraction, Found, Step, extract};
pub use judge::{Answer, Judge, Judgement};
pub use rule::BadRule;
