//! Answers on record judged once more, by the checks of today, and what came of many.

use super::judge::{Answer, Judge};
use crate::model::{Input, Mark, Outcome, Provenance, Quality, Response, Rule};

/// Judges an answer on record as the pipeline did. What a judge model said of it stays: it is not asked again.
#[must_use]
pub fn again(judge: &Judge, response: &Response, outcome: &Outcome, input: &Input) -> Quality {
    let latency = matches!(outcome.provenance, Provenance::Live).then_some(outcome.timing.total);
    let answer = Answer { text: &outcome.text, finish: outcome.finish.as_ref(), latency, cost: outcome.cost };
    let judgement = judge.judge_on(&answer, input);
    let mut quality = judgement.quality;
    quality.min_score = response.min_score;
    let rubric = |rule: &Rule| matches!(rule, Rule::Check(name) if name == "llm-rubric" || name == "not-llm-rubric");
    let before = outcome.quality.iter().flat_map(|quality| &quality.verdicts);
    let mut before = before.filter(|verdict| rubric(&verdict.rule) && verdict.mark != Mark::Skipped);
    for (at, _) in judgement.rubrics {
        if let (Some(own), Some(old)) = (quality.verdicts.get_mut(at), before.next()) {
            *own = old.clone();
        }
    }
    quality
}

/// How answers stand that were judged again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Again {
    /// Answers judged.
    pub judged: u64,
    /// Those that pass.
    pub passed: u64,
    /// Those of them that failed before.
    pub fixed: u64,
    /// Those that fail and passed before.
    pub broken: u64,
    /// Runs whose answer could not be read.
    pub without_answer: u64,
}

impl Again {
    /// Counts an answer: whether it passed before, where that is known, and whether it does now.
    pub fn take(&mut self, before: Option<bool>, passed: bool) {
        self.judged += 1;
        self.passed += u64::from(passed);
        self.fixed += u64::from(passed && before == Some(false));
        self.broken += u64::from(!passed && before == Some(true));
    }

    /// Says it in a sentence without an end.
    #[must_use]
    pub fn sentence(&self) -> String {
        format!(
            "{} judged again: {} pass ({} new), {} fail ({} new)",
            self.judged,
            self.passed,
            self.fixed,
            self.judged - self.passed,
            self.broken
        )
    }
}
