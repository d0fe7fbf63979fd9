//! Judging an answer: pure functions from text and rules to verdicts.
