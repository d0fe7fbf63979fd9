//! The rules of one prompt, compiled once and applied to any number of answers.

use std::time::Duration;

use serde_json::Value;

use super::{
    check::Checks,
    confidence::Confidence,
    extract::{self, ExtractError, Extraction},
    fields::Fields,
    form,
    rule::{BadRule, skipped},
    schema::Schema,
};
use crate::model::{Check, Cost, Finish, Format, Quality, Response, Rule};

/// The rules of one prompt.
#[derive(Debug)]
pub struct Judge {
    format: Format,
    schema: Option<Schema>,
    fields: Fields,
    confidence: Option<Confidence>,
    checks: Checks,
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
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The JSON that was found, where JSON is expected.
    pub json: Option<Value>,
    /// How it was found.
    pub extraction: Option<Extraction>,
    /// Why none was found, where JSON is expected.
    pub error: Option<ExtractError>,
    /// The verdicts: format, schema, required, completeness, confidence, then the checks in the
    /// prompt's order.
    pub quality: Quality,
}

impl Judge {
    /// Compiles the rules, and refuses those that could never be applied.
    pub fn new(response: &Response, checks: &[Check]) -> Result<Self, BadRule> {
        if response.format == Format::Schema && response.schema.is_none() {
            return Err(BadRule::new("response.schema", "a JSON Schema, because the format is `schema`", "nothing"));
        }
        Ok(Self {
            format: response.format,
            schema: response.schema.as_ref().map(Schema::new).transpose()?,
            fields: Fields::new(response)?,
            confidence: Confidence::new(response)?,
            checks: Checks::new(checks)?,
        })
    }

    /// Applies the rules to an answer. The same answer always gets the same verdicts.
    #[must_use]
    pub fn judge(&self, answer: &Answer<'_>) -> Judgement {
        let mut judgement = match self.format {
            Format::Text => Judgement {
                json: None,
                extraction: None,
                error: None,
                quality: Quality { verdicts: vec![form::text(answer)] },
            },
            Format::Json | Format::Schema => Self::read(self.format, answer),
        };
        let verdicts = &mut judgement.quality.verdicts;
        if let Some(json) = &judgement.json {
            verdicts.extend(self.schema.iter().flat_map(|schema| schema.judge(json)));
            verdicts.extend(self.fields.judge(json));
            verdicts.extend(self.confidence.iter().map(|confidence| confidence.judge(json)));
        } else {
            let why = if self.format == Format::Text { "the format is text" } else { "no JSON was found" };
            verdicts.extend(self.json_rules().map(|rule| skipped(rule, why)));
        }
        verdicts.extend(self.checks.judge(answer));
        judgement
    }

    fn read(format: Format, answer: &Answer<'_>) -> Judgement {
        match extract::extract(answer.text) {
            Ok((json, extraction)) => Judgement {
                quality: Quality { verdicts: vec![form::json(format, answer, &json, &extraction)] },
                json: Some(json),
                extraction: Some(extraction),
                error: None,
            },
            Err(error) => Judgement {
                quality: Quality { verdicts: vec![form::none(answer, &error)] },
                json: None,
                extraction: None,
                error: Some(error),
            },
        }
    }

    /// The rules that look at JSON.
    fn json_rules(&self) -> impl Iterator<Item = Rule> {
        let schema = self.schema.is_some().then_some(Rule::Schema);
        let confidence = self.confidence.is_some().then_some(Rule::Confidence);
        schema.into_iter().chain(self.fields.rules()).chain(confidence)
    }
}
