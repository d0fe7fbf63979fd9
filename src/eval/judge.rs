//! The rules of one prompt, compiled once and applied to any number of answers.

use std::time::Duration;

use serde_json::Value;

use super::{
    check::{Checks, Seen},
    confidence::Confidence,
    extract::{self, ExtractError, Extraction},
    fields::Fields,
    form,
    rubric::Rubric,
    rule::{BadRule, inconclusive, share},
    schema::Schema,
};
use crate::model::{Check, CheckKind, Cost, Finish, Format, Input, Quality, Response, Rule, Verdict};

/// The rules of one prompt.
#[derive(Debug)]
pub struct Judge {
    format: Format,
    finish: bool,
    schema: Option<Schema>,
    fields: Fields,
    confidence: Option<Confidence>,
    checks: Checks,
    min_score: Option<f64>,
}

/// An answer as far as the rules look at it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// The text exactly as the model sent it.
    pub text: &'a str,
    /// Why the model stopped, if it said so.
    pub finish: Option<&'a Finish>,
    /// How long the run took; none where that says nothing, as for a cached answer.
    pub latency: Option<Duration>,
    /// What it cost.
    pub cost: Cost,
}

/// What came of judging an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// The JSON that was found, where JSON is expected.
    pub json: Option<Value>,
    /// How it was found.
    pub extraction: Option<Extraction>,
    /// Why none was found, where JSON is expected.
    pub error: Option<ExtractError>,
    /// The verdicts: format, finish, schema, required, completeness, confidence, then the checks in the
    /// prompt's order.
    pub quality: Quality,
    /// The rubrics, which a model has to apply, each with the place of its verdict, which is
    /// inconclusive until then.
    pub rubrics: Vec<(usize, Rubric)>,
}

impl Judge {
    /// Compiles the rules, and refuses those that could never be applied.
    pub fn new(response: &Response, checks: &[Check]) -> Result<Self, BadRule> {
        if response.format == Format::Schema && response.schema.is_none() {
            return Err(BadRule::new("response.schema", "a JSON Schema, because the format is `schema`", "nothing"));
        }
        Ok(Self {
            format: response.format,
            finish: response.finish && response.format == Format::Text && !checks.iter().any(of_finish),
            schema: response.schema.as_ref().map(|schema| Schema::new("response.schema", schema)).transpose()?,
            fields: Fields::new(response)?,
            confidence: Confidence::new(response)?,
            checks: Checks::new(checks)?,
            min_score: share("response.min_score", response.min_score)?,
        })
    }

    /// Applies the rules to an answer. The same answer always gets the same verdicts. A check with
    /// variables is inconclusive: see [`Judge::judge_on`].
    #[must_use]
    pub fn judge(&self, answer: &Answer<'_>) -> Judgement {
        self.apply(answer, None)
    }

    /// Applies the rules to the answer to an input, from which the variables in the checks are filled.
    #[must_use]
    pub fn judge_on(&self, answer: &Answer<'_>, input: &Input) -> Judgement {
        self.apply(answer, Some(input))
    }

    fn apply(&self, answer: &Answer<'_>, input: Option<&Input>) -> Judgement {
        let (mut judgement, form) = match self.format {
            Format::Text => (Judgement::default(), form::text(answer)),
            Format::Json | Format::Schema => Self::read(self.format, answer),
        };
        let judged = self.checks.judge(&Seen::new(answer, &form, judgement.json.as_ref()), input);
        judgement.quality.min_score = self.min_score;
        let verdicts = &mut judgement.quality.verdicts;
        verdicts.push(form);
        verdicts.extend(answer.finish.filter(|_| self.finish).map(form::finish));
        if let Some(json) = &judgement.json {
            verdicts.extend(self.schema.iter().flat_map(|schema| schema.judge(json)));
            verdicts.extend(self.fields.judge(json));
            verdicts.extend(self.confidence.iter().map(|confidence| confidence.judge(json)));
        } else {
            let why = if self.format == Format::Text { "the format is text" } else { "no JSON was found" };
            verdicts.extend(self.json_rules().map(|rule| inconclusive(rule, why)));
        }
        let before = verdicts.len();
        judgement.rubrics = judged.rubrics.into_iter().map(|(place, rubric)| (before + place, rubric)).collect();
        verdicts.extend(judged.verdicts);
        judgement
    }

    /// Looks for the JSON of an answer, and judges its form.
    fn read(format: Format, answer: &Answer<'_>) -> (Judgement, Verdict) {
        match extract::extract(answer.text) {
            Ok((json, extraction)) => {
                let form = form::json(format, answer, &json, &extraction);
                (Judgement { json: Some(json), extraction: Some(extraction), ..Judgement::default() }, form)
            }
            Err(error) => {
                let form = form::none(answer, &error);
                (Judgement { error: Some(error), ..Judgement::default() }, form)
            }
        }
    }

    /// The rules that look at JSON.
    fn json_rules(&self) -> impl Iterator<Item = Rule> {
        let schema = self.schema.is_some().then_some(Rule::Schema);
        let confidence = self.confidence.is_some().then_some(Rule::Confidence);
        schema.into_iter().chain(self.fields.rules()).chain(confidence)
    }
}

/// Tells whether a check names the finish reasons it takes itself.
fn of_finish(check: &Check) -> bool {
    check.kind.kind == CheckKind::FinishReason
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{RunStatus, Status};

    fn answer(text: &str) -> Answer<'_> {
        Answer { text, finish: Some(&Finish::Stop), latency: Some(Duration::from_millis(900)), cost: Cost::Unknown }
    }

    fn sentiment() -> Response {
        Response {
            format: Format::Json,
            required: vec!["sentiment".into(), "confidence_score".into()],
            schema: Some(json!({"properties": {"sentiment": {"enum": ["positive", "neutral", "negative"]}}})),
            confidence: Some("/confidence_score".into()),
            min_confidence: Some(0.7),
            min_completeness: None,
            min_score: None,
            finish: true,
        }
    }

    fn told(judgement: &Judgement) -> Vec<(String, Status, &str)> {
        judgement.quality.verdicts.iter().map(|v| (v.rule.to_string(), v.status, v.reason.as_str())).collect()
    }

    fn format_of(format: Format, finish: &Finish, text: &str) -> (Status, String) {
        let judge = Judge::new(&Response { format, schema: Some(json!({})), ..Response::default() }, &[]).unwrap();
        let judgement = judge.judge(&Answer { finish: Some(finish), ..answer(text) });
        let verdict = judgement.quality.verdicts.into_iter().next().unwrap();
        assert_eq!(verdict.rule, Rule::Format);
        (verdict.status, verdict.reason)
    }

    #[test]
    fn a_good_answer_passes_every_rule_with_its_numbers() {
        let checks = [Check::of(CheckKind::Latency).within(2000.0)];
        let judge = Judge::new(&sentiment(), &checks).unwrap();
        let judgement = judge.judge(&answer(r#"{"sentiment": "negative", "confidence_score": 0.92}"#));
        assert!(judgement.quality.status() == RunStatus::Passed);
        assert_eq!(judgement.json.as_ref().unwrap()["sentiment"], "negative");
        assert_eq!(judgement.extraction.as_ref().unwrap().found, crate::eval::Found::Whole);
        let pass = |rule: &str, reason| (rule.to_owned(), Status::Passed, reason);
        assert_eq!(
            told(&judgement),
            [
                pass("format", "JSON: an object"),
                pass("schema", "valid against the schema"),
                pass("required", "filled: `sentiment`, `confidence_score`"),
                pass("completeness", "2 of 2 filled: 1.00 ≥ minimum 1.00"),
                pass("confidence", "0.92 ≥ minimum 0.70 (self-reported)"),
                pass("latency", "900 ms ≤ maximum 2000 ms"),
            ]
        );
    }

    #[test]
    fn a_bad_answer_fails_each_rule_for_its_reason() {
        let judge = Judge::new(&sentiment(), &[]).unwrap();
        let judgement = judge.judge(&answer(r#"{"sentiment": "sad"}"#));
        let fail = |rule: &str, reason| (rule.to_owned(), Status::Failed, reason);
        assert_eq!(
            told(&judgement)[1..],
            [
                fail("schema", "/sentiment: \"sad\" is not one of \"positive\", \"neutral\" or \"negative\""),
                fail("required", "`confidence_score` is missing"),
                fail("completeness", "1 of 2 filled: 0.50 < minimum 1.00"),
                fail("confidence", "not usable: the answer states no confidence at `/confidence_score`"),
            ]
        );
    }

    #[test]
    fn without_json_its_rules_are_inconclusive_and_never_passed() {
        let judge = Judge::new(&sentiment(), &[]).unwrap();
        let judgement = judge.judge(&answer("I cannot help."));
        let marks: Vec<_> = told(&judgement).into_iter().map(|(rule, mark, _)| (rule, mark)).collect();
        let skipped = |rule: &str| (rule.to_owned(), Status::Inconclusive);
        assert_eq!(
            marks,
            [
                ("format".to_owned(), Status::Failed),
                skipped("schema"),
                skipped("required"),
                skipped("completeness"),
                skipped("confidence"),
            ]
        );
        assert_eq!((judgement.json, judgement.extraction), (None, None));
        assert_eq!(judgement.error.unwrap().step, crate::eval::Step::Find);
    }

    #[test]
    fn a_text_is_not_read_as_json() {
        let response = Response { format: Format::Text, schema: None, ..sentiment() };
        let judgement = Judge::new(&response, &[]).unwrap().judge(&answer(r#"{"sentiment": "sad"}"#));
        let skipped = |rule: &str| (rule.to_owned(), Status::Inconclusive, "not applied: the format is text");
        assert_eq!(
            told(&judgement),
            [
                ("format".to_owned(), Status::Passed, "text of 20 characters"),
                ("finish".to_owned(), Status::Passed, "the model was done"),
                skipped("required"),
                skipped("completeness"),
                skipped("confidence"),
            ]
        );
        assert_eq!(judgement.json, None);
        let bare = Response { format: Format::Text, ..Response::default() };
        let empty = Judge::new(&bare, &[]).unwrap().judge(&answer(" \n"));
        assert_eq!(told(&empty)[0], ("format".to_owned(), Status::Failed, "the answer is empty"));
    }

    #[test]
    fn a_text_that_was_cut_off_fails_unless_the_prompt_takes_it() {
        let text = Response { format: Format::Text, ..Response::default() };
        let passed = |response: &Response, checks: &[Check], finish: &Finish| {
            let judge = Judge::new(response, checks).unwrap();
            judge.judge(&Answer { finish: Some(finish), ..answer("so far") }).quality.status() != RunStatus::Failed
        };
        let plain = Judge::new(&text, &[]).unwrap().judge(&answer("so far")).quality.status();
        assert_eq!(plain, RunStatus::Unchecked, "it is no check that anybody asked for");
        assert!(passed(&text, &[], &Finish::Unknown), "its end mark came");
        for finish in [Finish::Length, Finish::ToolCalls, Finish::ContextWindow, Finish::read("abort")] {
            assert!(!passed(&text, &[], &finish), "{finish}");
            let weighed = Response { min_score: Some(0.0), ..text.clone() };
            let good = Check::of(CheckKind::Contains).with("so");
            assert!(!passed(&weighed, &[good], &finish), "no score makes up for it: {finish}");
            assert!(passed(&Response { finish: false, ..text.clone() }, &[], &finish), "{finish}");
        }
        let own = Check::of(CheckKind::FinishReason).with("length");
        assert!(passed(&text, &[own], &Finish::Length), "a check of one's own stands in its place");
        let json = Response { format: Format::Json, ..Response::default() };
        let judgement =
            Judge::new(&json, &[]).unwrap().judge(&Answer { finish: Some(&Finish::Length), ..answer("{}") });
        assert_eq!(judgement.quality.status(), RunStatus::Passed, "JSON that is whole is whole");
    }

    #[test]
    fn the_form_is_judged_and_told() {
        use Finish::{ContentFilter, Length, Refusal, Stop};
        use Format::{Json, Schema};
        for (format, finish, text, mark, reason) in [
            (Json, Stop, "[1]", Status::Failed, "expected a JSON object, found an array"),
            (Json, Stop, "85", Status::Failed, "expected a JSON object, found the number 85"),
            (Schema, Stop, "[1]", Status::Passed, "JSON: an array"),
            (Json, Stop, "```json\n{}\n```", Status::Passed, "JSON: an object, in a Markdown fence"),
            (
                Json,
                Stop,
                "Sure:\n```json\n{}\n```\nBye",
                Status::Passed,
                "JSON: an object, in a Markdown fence, after `Sure:`, before `Bye`",
            ),
            (Json, Stop, "It is {} now", Status::Passed, "JSON: an object, in other text, after `It is`, before `now`"),
            (Json, Stop, "<think>x</think>{}", Status::Passed, "JSON: an object, after reasoning that was taken away"),
            (
                Json,
                Stop,
                r#"{"a":1,"a":2}"#,
                Status::Passed,
                "JSON: an object, with repeated keys of which the last counts: `/a`",
            ),
            (Json, Length, "{}", Status::Passed, "the answer was cut at the token limit: JSON: an object"),
            (
                Json,
                Length,
                "It is {} and",
                Status::Failed,
                "the answer was cut at the token limit: JSON: an object, in other text, after `It is`, before `and`",
            ),
            (
                Json,
                Length,
                r#"{"a": "#,
                Status::Failed,
                "the answer was cut at the token limit: reading the answer: the text ends inside the JSON (EOF while parsing a value) at line 1, column 6, near `{\"a\":`",
            ),
            (
                Json,
                Refusal,
                "No.",
                Status::Failed,
                "the model declined: looking for JSON: there is no JSON object or array at line 1, column 1, near `No.`",
            ),
            (
                Json,
                ContentFilter,
                "",
                Status::Failed,
                "the answer was cut by a content filter: looking for JSON: the answer is empty at line 1, column 1, near ``",
            ),
        ] {
            assert_eq!(format_of(format, &finish, text), (mark, reason.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn a_bad_rule_is_named_by_its_key() {
        let schema = Response { format: Format::Schema, ..Response::default() };
        let error = Judge::new(&schema, &[]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "`response.schema`: expected a JSON Schema, because the format is `schema`, found nothing"
        );
        let remote = Response { schema: Some(json!({"$ref": "http://127.0.0.1/x"})), ..sentiment() };
        assert_eq!(Judge::new(&remote, &[]).unwrap_err().key, "response.schema");
        let minimum = Response { min_confidence: Some(7.0), ..sentiment() };
        assert_eq!(Judge::new(&minimum, &[]).unwrap_err().key, "response.min_confidence");
        let checks = [Check::of(CheckKind::Equals)];
        assert_eq!(Judge::new(&sentiment(), &checks).unwrap_err().key, "check[0].value");
    }
}
