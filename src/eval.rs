//! Judging an answer: pure functions from text and rules to verdicts.
//!
//! A [`CheckSuite`] is made of what a prompt expects, and refuses rules that could never be applied. It
//! finds the JSON of an answer ([`extract()`]) and gives one verdict per rule, each with its reason.
//! A [`Tally`] is what the cells of a batch come to.
//! A [`JsonDiff`] says which values two answers differ in, [`AnswerCounts`] which of many are the same.
//! [`Evidence`] says whether one of two is better over the same rows, by the tests of [`stats`].
//! [`again()`] judges an answer on record by the checks of today, and [`RescoreTotals`] sums up many.
//! A [`Baseline`] says how rows came out when a person last looked, a [`BaselineReview`] what is another way by now.
//! A [`BlindPlan`] shows pairs of answers without the names of who gave them, a [`BlindResult`] is what the votes come to.
//! [`improve`] has the rules by which candidates of a better prompt are rejected, raced and judged on rows that [`split`]
//! holds out.
//! A [`WhatIf`] says what another threshold would do to answers that are there already.

pub mod ablate;
pub mod baseline;
pub mod best_choice;
pub mod bisect;
pub mod blind;
pub mod check;
pub mod check_suite;
pub mod embedding;
pub mod evidence;
pub mod experiment;
pub mod extract;
pub mod gates;
pub mod groups;
pub mod improve;
pub mod json_diff;
pub mod judge_attacks;
pub mod judge_change;
pub mod judge_template;
pub mod near_duplicates;
pub mod pending;
pub mod program_check;
pub mod quality;
pub mod rubric;
pub mod rules;
pub mod schema_infer;
pub mod schema_report;
pub mod schema_text;
pub mod service_check;
pub mod split;
pub mod stats;
pub mod tally;
pub mod tool_calls;
pub mod whatif;

pub(crate) mod answer;
pub(crate) mod classification;
pub(crate) mod confidence;
pub(crate) mod judge_prompt;
pub(crate) mod moderation;
pub(crate) mod pattern;
pub(crate) mod reason;
pub(crate) mod required_fields;
pub(crate) mod rescore;
pub(crate) mod schema;
pub(crate) mod service_prompt;

pub use crate::{
    eval::{
        answer::Answer,
        baseline::{Baseline, BaselineReview},
        best_choice::{BestChoice, Pick, Rival},
        blind::{BlindComparison, BlindPlan, BlindResult},
        check_suite::{CheckSuite, Judgement, Unrun, UnrunCounts},
        evidence::{Evidence, RowPair},
        extract::{ExtractError, ExtractStep, Extraction, FoundJson, extract, locate},
        gates::{Gate, Gates},
        groups::AnswerCounts,
        improve::Improvement,
        json_diff::JsonDiff,
        judge_template::{JudgeTemplate, Opinion},
        near_duplicates::NearDuplicates,
        pending::PendingCheck,
        program_check::ProgramCheck,
        quality::Review,
        reason::BadRule,
        rescore::{RescoreTotals, again, again_at_once},
        rubric::Rubric,
        schema::JsonTypes,
        tally::Tally,
        tool_calls::{ToolTrace, call_problem, calls_as_json},
        whatif::WhatIf,
    },
    text::budget::WorkBudget,
};
