//! What a threshold sees of one stored answer: what was measured, and whether everything else passes.

use crate::{
    eval::{
        rubric,
        whatif::{AnswerPoint, Threshold, threshold},
    },
    model::{Quality, Rule, RunStatus, Status},
};

/// One stored answer, as a threshold sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// The run's number on record.
    pub seq: i64,
    /// What was measured, if anything was.
    pub value: Option<f64>,
    /// Whether the threshold decides on it.
    pub decides: bool,
    /// Whether everything else passes.
    pub rest: bool,
    /// Whether a person found it right, if anybody said so.
    pub right: Option<bool>,
    /// The score of the answer where the threshold is not reached, and where it is, from 0 to 1; none where it was not
    /// asked for, or the threshold does not bear on it.
    pub scores: Option<[f64; 2]>,
}

impl Measured {
    /// Returns it as a [`crate::eval::whatif::WhatIf`] counts it.
    #[must_use]
    pub fn point(&self) -> AnswerPoint {
        AnswerPoint { value: self.value.filter(|_| self.decides), rest: self.rest, right: self.right }
    }
}

/// What the verdicts on one answer say of a rule and of all others.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Seen {
    /// The rule's verdict: its place among all, how it came out, what was measured.
    found: Option<(usize, Status, Option<f64>)>,
    /// Failures of required fields before it.
    fields: u32,
    /// All other checks that failed or could not run.
    failed: u32,
}

impl Seen {
    /// Looks for the rule of a name, for the first or a later one of that name; `required` is the name of the
    /// rule on required fields.
    pub fn of<N: Copy + PartialEq>(rule: N, nth: usize, required: N, marks: &[(N, Status, Option<f64>)]) -> Self {
        let (mut seen, mut met) = (Self::default(), 0);
        for (place, &(name, status, value)) in marks.iter().enumerate() {
            let fails = u32::from(status != Status::Passed);
            met += usize::from(name == rule);
            if name == rule && met == nth {
                seen.found = Some((place, status, value));
            } else if name == required && seen.found.is_none() {
                seen.fields += fails;
            } else {
                seen.failed += fails;
            }
        }
        seen
    }

    /// Says what a threshold sees of the answer, as `(value, decides, rest)`. `said` is asked for the reason
    /// of the verdict at a place, where a rubric failed.
    pub fn by(&self, knob: &Threshold, words: impl FnOnce(usize) -> String) -> (Option<f64>, bool, bool) {
        let (name, _) = threshold::split(&knob.rule);
        // without a least completeness each field that lacks something has a verdict of its own
        let own = knob.is_of_response() && name == "completeness" && self.found.is_some();
        let rest = self.failed == 0 && (own || self.fields == 0);
        match self.found {
            None | Some((_, Status::Passed, None)) => (None, false, rest),
            // what could not be used or did not run passes no threshold
            Some((_, Status::Failed, None) | (_, Status::Inconclusive, _)) => (None, false, false),
            Some((place, Status::Failed, Some(value)))
                if name == "llm-rubric" && refused(knob, value, || words(place)) =>
            {
                (Some(value), false, false)
            }
            Some((_, _, Some(value))) => (Some(value), !knob.weightless, rest),
        }
    }
}

/// Takes the number off a rule's name, as in `latency#2`; 1 where there is none.
#[must_use]
pub fn name_of(rule: &str) -> (&str, usize) {
    threshold::split(rule)
}

/// Tells whether the judge refused an answer, whatever the score it gave.
fn refused(knob: &Threshold, score: f64, words: impl FnOnce() -> String) -> bool {
    knob.present.is_none_or(|least| score >= least) || rubric::refused(&words())
}

/// The quality of an answer with one verdict turned.
struct Turned<'a> {
    quality: &'a Quality,
    place: usize,
    /// What was measured.
    value: f64,
    /// Whether a judge refused the answer, whatever its score.
    refused: bool,
}

impl<'a> Turned<'a> {
    /// Looks for the verdict of the threshold's rule; none where there is none that measured anything.
    fn of(knob: &Threshold, quality: &'a Quality) -> Option<Self> {
        let (name, nth) = threshold::split(&knob.rule);
        let named = |rule: &Rule| rule.to_string() == name;
        let (place, verdict) =
            quality.verdicts.iter().enumerate().filter(|(_, verdict)| named(&verdict.rule)).nth(nth - 1)?;
        let value = verdict.score.filter(|_| verdict.status != Status::Inconclusive)?;
        let refused =
            name == "llm-rubric" && verdict.status == Status::Failed && refused(knob, value, || verdict.reason.clone());
        Some(Self { quality, place, value, refused })
    }

    /// Returns the quality with the threshold reached, or not.
    fn with(&self, reached: bool) -> Quality {
        let mut quality = self.quality.clone();
        if let Some(verdict) = quality.verdicts.get_mut(self.place) {
            verdict.status = if reached && !self.refused { Status::Passed } else { Status::Failed };
        }
        quality
    }
}

/// Finds the same where a least score decides: what the whole comes to with the rule held and broken.
#[must_use]
pub fn of_score(knob: &Threshold, quality: &Quality) -> (Option<f64>, bool, bool) {
    let Some(turned) = Turned::of(knob, quality) else {
        return (None, false, passes(quality));
    };
    let (held, broken) = (passes(&turned.with(true)), passes(&turned.with(false)));
    (Some(turned.value), held != broken, held)
}

/// Returns the score of an answer where the threshold is not reached, and where it is; none where it bears on neither.
#[must_use]
pub fn scores(knob: &Threshold, quality: &Quality) -> Option<[f64; 2]> {
    let turned = Turned::of(knob, quality)?;
    Some([turned.with(false).score()?, turned.with(true).score()?])
}

fn passes(quality: &Quality) -> bool {
    quality.status() == RunStatus::Passed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::WhatIf,
        model::{Check, CheckKind, Prompt, Response, Verdict},
    };

    fn prompt() -> Prompt {
        Prompt {
            response: Response {
                required: vec!["a".to_owned(), "b".to_owned()],
                confidence: Some("/c".to_owned()),
                min_confidence: Some(0.7),
                ..Response::default()
            },
            checks: vec![
                Check::of(CheckKind::Latency).within(2000.0),
                Check::of(CheckKind::Required).with("a"),
                Check::of(CheckKind::Latency).within(9.0),
                Check::of(CheckKind::LlmRubric).with("kind?").within(0.5),
            ],
            ..Prompt::default()
        }
    }

    /// Reads marks as they are on record, `+` `-` `?` before the value.
    fn of(rule: &str, line: &str) -> (Option<f64>, bool, bool) {
        let marks: Vec<(&str, Status, Option<f64>)> = line
            .split(' ')
            .map(|part| {
                let sign = part.find(['+', '!', '?']).unwrap();
                let (rule, rest) = part.split_at(sign);
                let (sign, value) = rest.split_at(1);
                let mark = match sign {
                    "+" => Status::Passed,
                    "!" => Status::Failed,
                    _ => Status::Inconclusive,
                };
                (rule, mark, value.parse().ok())
            })
            .collect();
        let words = |place| {
            if place == 1 { "0.40 < threshold 0.50, the judge says it fails: no" } else { "0.40 < threshold 0.50: so" }
        };
        let (name, nth) = name_of(rule);
        Seen::of(name, nth, "required", &marks)
            .by(&Threshold::find(&prompt(), rule).unwrap(), |place| words(place).to_owned())
    }

    #[test]
    fn an_answer_is_what_was_measured_and_whether_the_rest_passes() {
        for (rule, line, want) in [
            ("confidence", "format+ confidence+0.9", (Some(0.9), true, true)),
            ("confidence", "format+ confidence!0.4", (Some(0.4), true, true)),
            ("confidence", "format! confidence?", (None, false, false)),
            ("confidence", "format+ confidence?", (None, false, false)),
            ("confidence", "format+ confidence+0.9 llm-rubric?", (Some(0.9), true, false)),
            ("confidence", "format+ confidence!", (None, false, false)),
            ("confidence", "format+ confidence+0.9 latency!9000", (Some(0.9), true, false)),
            ("confidence", "format+ latency+12", (None, false, true)),
            ("latency", "format+ latency!9000 latency+9000", (Some(9000.0), true, true)),
            ("latency#2", "format+ latency!9000 latency+9", (Some(9.0), true, false)),
            // the fields that lack something follow from the least completeness
            ("completeness", "format+ required! completeness!0.5 confidence+1", (Some(0.5), true, true)),
            ("completeness", "format+ required! completeness!0.5 required!", (Some(0.5), true, false)),
            ("confidence", "format+ required! completeness!0.5 confidence+1", (Some(1.0), true, false)),
            // a judge that refuses refuses at every threshold
            ("llm-rubric", "format+ confidence+1 llm-rubric!0.4", (Some(0.4), true, true)),
            ("llm-rubric", "format+ llm-rubric!0.4", (Some(0.4), false, false)),
            ("llm-rubric", "format+ confidence+1 llm-rubric!0.6", (Some(0.6), false, false)),
            ("llm-rubric", "format+ llm-rubric+0.6", (Some(0.6), true, true)),
        ] {
            assert_eq!(of(rule, line), want, "{rule}: {line}");
        }
    }

    #[test]
    fn a_least_score_decides_by_the_weight_of_the_rule() {
        let verdict = |rule, mark, score: f64, weight| Verdict {
            score: Some(score),
            weight,
            ..Verdict::new(Rule::Check(String::from(rule)), mark, "")
        };
        let quality = |least, weight| Quality {
            verdicts: vec![
                Verdict::new(Rule::Format, Status::Passed, ""),
                verdict("latency", Status::Failed, 2500.0, weight),
                verdict("rouge-n", Status::Passed, 0.9, 1.0),
            ],
            min_score: Some(least),
        };
        let knob = Threshold::find(&prompt(), "latency").unwrap();
        for (least, weight, decides, rest) in
            [(0.6, 1.0, true, true), (0.4, 1.0, false, true), (0.4, 2.0, true, true), (0.6, 0.0, false, true)]
        {
            assert_eq!(of_score(&knob, &quality(least, weight)), (Some(2500.0), decides, rest), "{least} {weight}");
        }
        let mut none = quality(0.6, 1.0);
        assert_eq!(scores(&knob, &none), Some([0.5, 1.0]), "half of what counts is the rule's");
        assert_eq!(scores(&knob, &quality(0.6, 3.0)), Some([0.25, 1.0]), "and more where it weighs more");
        none.verdicts[0].status = Status::Failed;
        assert_eq!(of_score(&knob, &none), (Some(2500.0), false, false), "an answer without its form never passes");
        none.verdicts.remove(1);
        assert_eq!(of_score(&knob, &none), (None, false, false));
    }

    #[test]
    fn a_rule_of_weight_0_never_decides() {
        let mut prompt = prompt();
        prompt.checks[0].weight = Some(0.0);
        let knob = Threshold::find(&prompt, "latency").unwrap();
        let marks = [("format", Status::Passed, None), ("latency", Status::Passed, Some(9000.0))];
        let seen = Seen::of("latency", 1, "required", &marks);
        assert_eq!(seen.by(&knob, |_| String::new()), (Some(9000.0), false, true));
        let what = WhatIf::of(knob.side, [Measured { value: Some(9000.0), rest: true, ..Measured::default() }.point()]);
        let at = what.at(2000.0, knob.counting());
        assert_eq!((at.passes.unwrap().part, at.fixed, at.broken), (1, 0, 0), "the present threshold changes nothing");
    }

    #[test]
    fn a_point_is_counted_only_where_the_threshold_decides() {
        let measured = Measured { seq: 1, value: Some(0.5), decides: true, rest: true, ..Measured::default() };
        assert_eq!(measured.point().value, Some(0.5));
        assert_eq!(Measured { decides: false, ..measured }.point().value, None);
    }
}
