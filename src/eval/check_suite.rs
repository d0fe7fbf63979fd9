//! The rules of one prompt, compiled once and applied to any number of answers; a rule that cannot be applied is refused.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use crate::{
    eval::{
        JsonTypes,
        answer::Answer,
        check::{CheckInput, Checks, answer, is_compiled},
        confidence::Confidence,
        extract,
        extract::{ExtractError, Extraction},
        pending::PendingCheck,
        reason::{BadRule, inconclusive, share},
        required_fields::RequiredFields,
        schema,
        schema::Schema,
        tool_calls,
    },
    model::{Check, CheckKind, Format, Input, Quality, Response, ResponseRule, Rule, Verdict},
    text::budget::WorkBudget,
};

/// The longest answer that may be judged at once, in bytes.
const SHORT: usize = 16 * 1024;

/// The rules of one prompt.
#[derive(Debug)]
pub struct CheckSuite {
    format: Format,
    finish: bool,
    /// What the JSON may be, where the format is JSON.
    types: JsonTypes,
    schema: Option<Schema>,
    fields: RequiredFields,
    confidence: Option<Confidence>,
    checks: Checks,
    min_score: Option<f64>,
}

/// What came of judging an answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgement {
    /// The JSON that was found, where JSON is expected.
    pub json: Option<Arc<Value>>,
    /// How it was found.
    pub extraction: Option<Extraction>,
    /// Why none was found, where JSON is expected.
    pub error: Option<ExtractError>,
    /// The verdicts: format, finish, schema, required, completeness, confidence, then the checks in the
    /// prompt's order.
    pub quality: Quality,
    /// The checks that wait for a model or a program, each with the place of its verdict, which is
    /// inconclusive until then.
    pub pending: Vec<(usize, PendingCheck)>,
}

impl CheckSuite {
    /// Compiles the rules, and refuses those that could never be applied.
    pub fn new(response: &Response, checks: &[Check]) -> Result<Self, BadRule> {
        if response.format == Format::Schema && response.schema.is_none() {
            return Err(BadRule::new("response.schema", "a JSON Schema, because the format is `schema`", "nothing"));
        }
        Ok(Self {
            format: response.format,
            finish: response.finish && response.format == Format::Text && !checks.iter().any(of_finish),
            types: JsonTypes::of(response),
            schema: (response.schema.as_ref().filter(|_| response.applies(ResponseRule::Schema)))
                .map(|schema| Schema::new("response.schema", schema))
                .transpose()?,
            fields: RequiredFields::new(response)?,
            confidence: Confidence::new(response)?.filter(|_| response.applies(ResponseRule::Confidence)),
            checks: Checks::new(checks)?,
            min_score: share("response.min_score", response.min_score)?,
        })
    }

    /// Tells whether the rules are compiled at once: they hold no pattern and no large schema, which may take long.
    #[must_use]
    pub fn compiles_at_once<'a>(response: &Response, checks: impl IntoIterator<Item = &'a Check>) -> bool {
        response.schema.as_ref().is_none_or(schema::is_small)
            && checks.into_iter().all(|check| !check.enabled || !is_compiled(check.kind.kind))
    }

    /// Applies the rules to an answer. The same answer always gets the same verdicts. A check with
    /// variables is inconclusive: see [`CheckSuite::judge_on`].
    #[must_use]
    pub fn judge(&self, answer: &Answer<'_>) -> Judgement {
        self.apply(answer, None, &WorkBudget::default())
    }

    /// Applies the rules to the answer to an input, from which the variables in the checks are filled.
    #[must_use]
    pub fn judge_on(&self, answer: &Answer<'_>, input: &Input) -> Judgement {
        self.apply(answer, Some(input), &WorkBudget::default())
    }

    /// Applies the rules as [`CheckSuite::judge_on`] does, where that is over at once; none where it may take longer.
    #[must_use]
    pub fn judge_at_once(&self, answer: &Answer<'_>, input: &Input) -> Option<Judgement> {
        if answer.text.len() > SHORT {
            return None;
        }
        let budget = WorkBudget::few();
        let judgement = self.apply(answer, Some(input), &budget);
        (!budget.was_exceeded()).then_some(judgement)
    }

    fn apply(&self, answer: &Answer<'_>, input: Option<&Input>, budget: &WorkBudget) -> Judgement {
        if answer.text.trim().is_empty() && !answer.tools.calls.is_empty() {
            return self.apply_to_calls(answer, input, budget);
        }
        let bare = extract::answer(answer.text);
        let (mut judgement, form) = match self.format {
            Format::Text => (Judgement::default(), answer::text(answer, bare)),
            Format::Auto | Format::Json | Format::Schema => match extract::spend(answer.text, budget) {
                Ok(()) => self.read(answer),
                Err(much) => (Judgement::default(), inconclusive(Rule::Format, &much.to_string())),
            },
        };
        let found = judgement.json.as_deref();
        let judged = self.checks.judge(&CheckInput::new((answer, bare), &form, found, budget), input);
        judgement.quality.min_score = self.min_score;
        let verdicts = &mut judgement.quality.verdicts;
        verdicts.push(form);
        let finish = |finish| answer::finish(finish, answer.tools.calls);
        verdicts.extend(answer.finish.filter(|_| self.finish).map(finish));
        if let Some(json) = &judgement.json {
            budget.next_rule();
            verdicts.extend(self.schema.iter().flat_map(|schema| schema.judge(json, budget)));
            verdicts.extend(self.fields.judge(json));
            verdicts.extend(self.confidence.iter().map(|confidence| confidence.judge(json)));
        } else {
            let why = if self.format == Format::Text { "the format is text" } else { "no JSON was found" };
            verdicts.extend(self.json_rules().map(|rule| inconclusive(rule, why)));
        }
        let before = verdicts.len();
        judgement.pending = judged.pending.into_iter().map(|(place, pending)| (before + place, pending)).collect();
        verdicts.extend(judged.verdicts);
        judgement
    }

    /// Applies the checks to an answer that is calls of tools alone. It has no text that a form could be asked of; to the
    /// checks its text are the calls, as chat completions have them.
    fn apply_to_calls(&self, answer: &Answer<'_>, input: Option<&Input>, budget: &WorkBudget) -> Judgement {
        let text = tool_calls::calls_as_json(answer.tools.calls).to_string();
        let answer = Answer { text: &text, ..*answer };
        let form = tool_calls::form(answer.tools.calls);
        let judged = self.checks.judge(&CheckInput::new((&answer, &text), &form, None, budget), input);
        let mut judgement = Judgement::default();
        judgement.quality.min_score = self.min_score;
        judgement.quality.verdicts.push(form);
        judgement.pending = judged.pending.into_iter().map(|(place, pending)| (1 + place, pending)).collect();
        judgement.quality.verdicts.extend(judged.verdicts);
        judgement
    }

    /// Looks for the JSON of an answer, and judges its form.
    fn read(&self, answer: &Answer<'_>) -> (Judgement, Verdict) {
        match extract(answer.text, self.types) {
            Ok((json, extraction)) => {
                let wanted = (self.format != Format::Schema).then_some(self.types);
                let form = answer::json(wanted, answer, &json, &extraction);
                (Judgement { json: Some(Arc::new(json)), extraction: Some(extraction), ..Judgement::default() }, form)
            }
            Err(error) => {
                let form = answer::none(answer, &error);
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
    check.enabled && check.kind.kind == CheckKind::FinishReason
}

/// Reasons that are told apart.
const MOST: usize = 50;

/// A check that could not run, how often, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Unrun {
    /// The rule's name.
    pub rule: String,
    /// Why it could not run.
    pub reason: String,
    /// On how many answers.
    pub count: u64,
}

impl fmt::Display for Unrun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} × {}: {}", self.count, self.rule, self.reason)
    }
}

/// How often checks could not run, by rule and reason. Reasons beyond the first few are counted together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnrunCounts(BTreeMap<(String, String), u64>);

impl UnrunCounts {
    /// Counts checks that could not run for a reason.
    pub fn take(&mut self, rule: &str, reason: &str, count: u64) {
        let mut key = (rule.to_owned(), reason.to_owned());
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            key = (rule.to_owned(), "for other reasons".to_owned());
        }
        *self.0.entry(key).or_default() += count;
    }

    /// Takes in what another has counted.
    pub fn join(&mut self, other: &Self) {
        for ((rule, reason), count) in &other.0 {
            self.take(rule, reason, *count);
        }
    }

    /// Lists them by rule and reason.
    pub fn iter(&self) -> impl Iterator<Item = Unrun> {
        self.0.iter().map(|((rule, reason), count)| Unrun { rule: rule.clone(), reason: reason.clone(), count: *count })
    }
}

#[cfg(test)]
mod tests;
