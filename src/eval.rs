//! Judging an answer: pure functions from text and rules to verdicts.
//!
//! A [`Judge`] is made of what a prompt expects, and refuses rules that could never be applied. It
//! finds the JSON of an answer ([`extract()`]) and gives one verdict per rule, each with its reason.
//! [`figures`] writes the numbers of a run as a person reads them, on every screen and in every report.
//! A [`Tally`] is what the cells of a batch come to, and [`report`] writes them all as a file.
//! A [`JsonDiff`] says which values two answers differ in, [`Groups`] which of many are the same.
//! [`Evidence`] says whether one of two is better over the same rows, by the tests of [`stats`].
//! A [`Budget`] bounds the work of it all: what exceeds it is inconclusive.
//! [`again()`] judges an answer on record by the checks of today, and [`Again`] sums up many.
//! A [`WhatIf`] says what another threshold would do to answers that are there already.

mod again;
pub mod budget;
pub mod check;
pub mod comparison;
mod confidence;
pub mod evidence;
pub mod extract;
mod fields;
pub mod figures;
mod form;
pub mod groups;
pub mod json_diff;
pub mod judge;
pub mod report;
pub mod review;
pub mod rubric;
pub mod rule;
mod schema;
pub mod stats;
pub mod tally;
pub mod template;
mod unrun;
pub mod whatif;

pub use again::{Again, again};
pub use budget::Budget;
pub use comparison::Comparison;
pub use evidence::{Evidence, Pair};
pub use extract::{ExtractError, Extraction, Found, Step, extract, locate};
pub use groups::Groups;
pub use json_diff::JsonDiff;
pub use judge::{Answer, Judge, Judgement};
pub use review::Review;
pub use rubric::{Opinion, Rubric};
pub use rule::BadRule;
pub use schema::JsonTypes;
pub use tally::Tally;
pub use unrun::{Unrun, UnrunCounts};
pub use whatif::WhatIf;
