//! The rules of one prompt, compiled once and applied to any number of answers; a rule that cannot be applied is refused.

use std::{collections::BTreeMap, fmt, fmt::Write as _, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::Value;

use crate::{
    eval::{
        JsonTypes,
        check::{CheckInput, Checks, answer, is_compiled},
        confidence::Confidence,
        extract,
        extract::{ExtractError, Extraction},
        required_fields::RequiredFields,
        rubric::Rubric,
        schema,
        schema::Schema,
    },
    model::{Check, CheckKind, Cost, Finish, Format, Input, Quality, Response, Rule, Status, Verdict},
    text::{budget::WorkBudget, clean_line, prefix, truncate},
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
    pub json: Option<Arc<Value>>,
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
            schema: response.schema.as_ref().map(|schema| Schema::new("response.schema", schema)).transpose()?,
            fields: RequiredFields::new(response)?,
            confidence: Confidence::new(response)?,
            checks: Checks::new(checks)?,
            min_score: share("response.min_score", response.min_score)?,
        })
    }

    /// Tells whether the rules are compiled at once: they hold no pattern and no large schema, which may take long.
    #[must_use]
    pub fn compiles_at_once<'a>(response: &Response, checks: impl IntoIterator<Item = &'a Check>) -> bool {
        response.schema.as_ref().is_none_or(schema::is_small)
            && checks.into_iter().all(|check| !is_compiled(check.kind.kind))
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
        verdicts.extend(answer.finish.filter(|_| self.finish).map(answer::finish));
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
        judgement.rubrics = judged.rubrics.into_iter().map(|(place, rubric)| (before + place, rubric)).collect();
        verdicts.extend(judged.verdicts);
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
    check.kind.kind == CheckKind::FinishReason
}

/// A rule of a prompt that could never be applied.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{key}`: expected {expected}, found {found}")]
pub struct BadRule {
    /// The key in the prompt: `response.schema`, `check[1].threshold` (checks counted from 0).
    pub key: String,
    /// What the key should hold.
    pub expected: String,
    /// What it holds.
    pub found: String,
}

impl BadRule {
    pub(crate) fn new(key: impl Into<String>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { key: key.into(), expected: expected.into(), found: found.into() }
    }
}

/// Refuses what is no share from 0 to 1.
pub(crate) fn share(key: &str, value: Option<f64>) -> Result<Option<f64>, BadRule> {
    match value {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(BadRule::new(key, "a number from 0 to 1", value.to_string()))
        }
        value => Ok(value),
    }
}

/// Refuses what is no JSON pointer (RFC 6901) to something inside the answer.
pub(crate) fn pointer(key: &str, pointer: &str) -> Result<(), BadRule> {
    let bad = |expected: String| Err(BadRule::new(key, expected, format!("`{pointer}`")));
    if !pointer.starts_with('/') {
        return bad(format!("a JSON pointer, such as `{}`", suggested(pointer)));
    }
    if pointer.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
        return bad("a JSON pointer, in which `~` is written `~0` and `/` in a name `~1`".to_owned());
    }
    Ok(())
}

/// Writes a path of another form, such as that of `JSONPath` (`$.a[0]['b c']`, `a.b`), as a JSON pointer.
fn suggested(path: &str) -> String {
    let rest = path.trim().trim_start_matches('$');
    let parts = rest.split(['.', '[', ']', '/']).map(|part| part.trim().trim_matches(['\'', '"']));
    let escaped = |part: &str| format!("/{}", part.replace('~', "~0").replace('/', "~1"));
    let pointer: String = parts.filter(|part| !part.is_empty()).map(escaped).collect();
    if pointer.is_empty() { "/confidence".to_owned() } else { pointer }
}

/// Makes a verdict that has no score and no place.
pub(crate) fn verdict(rule: Rule, holds: bool, reason: impl Into<String>) -> Verdict {
    let mark = if holds { Status::Passed } else { Status::Failed };
    Verdict::new(rule, mark, reason)
}

/// Makes the verdict of a rule that was not applied.
pub(crate) fn inconclusive(rule: Rule, why: &str) -> Verdict {
    Verdict::new(rule, Status::Inconclusive, format!("not applied: {why}"))
}

/// Writes two numbers with so many digits, or as many as tell them apart.
pub fn apart(one: f64, other: f64, least: usize) -> (String, String) {
    let differ = |digits: &usize| format!("{one:.digits$}") != format!("{other:.digits$}");
    let digits = (least..=17).find(differ).unwrap_or(least);
    (format!("{one:.digits$}"), format!("{other:.digits$}"))
}

/// Columns of a quotation.
const QUOTED: usize = 48;

/// Bytes of a text from outside that are looked at to show its beginning.
const BRIEF: usize = 4096;

/// Quotes the beginning of a text from outside on one line, fit to be shown.
pub(crate) fn quote(text: &str) -> String {
    format!("`{}`", head(text, QUOTED))
}

/// Quotes the beginning of what is written, as [`quote()`] does.
pub(crate) fn quote_of(written: &impl fmt::Display) -> String {
    quote(&brief(written))
}

/// Writes something until it is longer than can be shown.
pub(crate) fn brief(written: &impl fmt::Display) -> String {
    /// Breaks off what is written where it is long enough.
    struct Brief(String);
    impl fmt::Write for Brief {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.push_str(prefix(text, BRIEF + 1));
            if self.0.len() > BRIEF { Err(fmt::Error) } else { Ok(()) }
        }
    }
    let mut out = Brief(String::new());
    // The error is that of breaking off.
    let _ = write!(out, "{written}");
    out.0
}

/// Returns the first so many columns of a text from outside on one line, however long it is.
pub(crate) fn head(text: &str, columns: usize) -> String {
    let text = text.trim();
    let seen = prefix(text, BRIEF);
    let mut shown = truncate(clean_line(seen).as_str(), columns).into_owned();
    if seen.len() < text.len() && !shown.ends_with('…') {
        shown.push('…');
    }
    shown
}

/// Names a JSON value: `an object`, `the number 85`, `the string "0.9"`.
pub(crate) fn name(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string {}", quote(text)),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Reasons that are told apart.
const MOST: usize = 50;

/// A check that could not run, how often, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
