//! Answers on record judged once more, by the checks of today, and what came of many.

use std::fmt::Write as _;

use crate::{
    eval::{
        answer::Answer,
        check_suite::{CheckSuite, Judgement},
        tool_calls::ToolTrace,
    },
    model::{Input, Outcome, Provenance, Quality, Response, RunStatus, Status, StatusCounts, Verdict},
};

/// Judges an answer on record as the pipeline did. What a judge model said of it stays: it is not asked again.
#[must_use]
pub fn again(judge: &CheckSuite, response: &Response, outcome: &Outcome, input: &Input) -> Quality {
    with_pending(judge.judge_on(&answer_of(outcome), input), response, outcome)
}

/// Judges an answer as [`again()`] does, where that is over at once; none where it may take longer.
#[must_use]
pub fn again_at_once(judge: &CheckSuite, response: &Response, outcome: &Outcome, input: &Input) -> Option<Quality> {
    let judgement = judge.judge_at_once(&answer_of(outcome), input)?;
    Some(with_pending(judgement, response, outcome))
}

fn answer_of(outcome: &Outcome) -> Answer<'_> {
    let timed = matches!(outcome.provenance, Provenance::Live | Provenance::Imported { timed: true, .. });
    let latency = timed.then_some(outcome.timing.total);
    let tools = ToolTrace { rounds: &outcome.rounds, calls: &outcome.calls };
    Answer { text: &outcome.text, finish: outcome.finish.as_ref(), latency, cost: outcome.cost, tools }
}

/// Puts what a judge model or a program said before in place of the checks that are not asked again: of those of one
/// name the first for the first.
fn with_pending(judgement: Judgement, response: &Response, outcome: &Outcome) -> Quality {
    let mut quality = judgement.quality;
    quality.min_score = response.min_score;
    let before = outcome.quality.iter().flat_map(|quality| &quality.verdicts);
    let mut before: Vec<&Verdict> = before.filter(|verdict| verdict.status != Status::Inconclusive).collect();
    for (at, _) in judgement.pending {
        let Some(own) = quality.verdicts.get_mut(at) else { continue };
        if let Some(place) = before.iter().position(|old| old.rule == own.rule) {
            *own = before.remove(place).clone();
        }
    }
    quality
}

/// How answers stand that were judged again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RescoreTotals {
    /// The answers that were judged, by how they come out now.
    pub counts: StatusCounts,
    /// Those of them that failed before.
    pub fixed: u64,
    /// Those that fail and passed before.
    pub broken: u64,
    /// Runs whose answer could not be read.
    pub without_answer: u64,
}

impl RescoreTotals {
    /// Counts an answer: how it came out before, where that is known, and how it does now.
    pub fn take(&mut self, before: Option<RunStatus>, now: RunStatus) {
        self.counts.add(now);
        self.fixed += u64::from(now == RunStatus::Passed && before == Some(RunStatus::Failed));
        self.broken += u64::from(now == RunStatus::Failed && before == Some(RunStatus::Passed));
    }

    /// Counts the answers that were judged.
    #[must_use]
    pub fn judged(&self) -> u64 {
        self.counts.rated() + self.counts.unchecked
    }

    /// Says it in a sentence without an end.
    #[must_use]
    pub fn sentence(&self) -> String {
        let StatusCounts { passed, failed, inconclusive, unchecked, .. } = self.counts;
        let (judged, fixed, broken) = (self.judged(), self.fixed, self.broken);
        let mut text = format!("{judged} judged again: {passed} pass ({fixed} new), {failed} fail ({broken} new)");
        for (count, word) in [(inconclusive, "inconclusive"), (unchecked, "unchecked")] {
            if count > 0 {
                let _ = write!(text, ", {count} {word}");
            }
        }
        text
    }
}
