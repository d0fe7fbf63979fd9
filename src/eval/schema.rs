//! JSON Schema: the answer against the whole schema, whatever the provider promised.

pub(crate) mod draft;
pub(crate) mod metered;
pub(crate) mod types;

use std::{error::Error, sync::Arc};

use jsonschema::{
    PatternOptions, ReferencingError, Retrieve, Uri, ValidationError, ValidationOptions, Validator,
    error::ValidationErrorKind,
};
use serde_json::{Value, json};

pub use crate::eval::schema::types::JsonTypes;
use crate::{
    eval::{
        reason::{BadRule, brief, head, inconclusive, name, verdict},
        schema::{
            draft::SchemaReading,
            metered::{BACKTRACKS, Counted, Metered, PATTERN_SIZE, Work, within},
        },
    },
    model::{Rule, Verdict},
    text::{
        budget::{TooMuch, WorkBudget},
        clean_line,
    },
};

/// Violations that are told one by one.
const TOLD: usize = 5;

/// Violations that are counted.
const COUNTED: usize = 1000;

/// Steps in which the violations are looked for, of an answer that is known not to be valid.
const EXPLAINED: u64 = 10_000_000;

/// Schemas and values that may lie in each other while a value is validated: the stack is as deep.
const DEEP: usize = 1000;

/// Columns of the place of a violation in words.
const PLACE: usize = 400;

/// Columns of a violation's message, and of an address.
const MESSAGE: usize = 200;

/// What the validator puts before the address of a schema that names none of its own.
const NO_BASE: &str = "json-schema:///";

/// How a schema is compiled.
type Options<'a> = ValidationOptions<'a, Arc<dyn Retrieve>, Counted>;

/// A compiled schema, with `format` asserted. It never looks outside itself: a `$ref` to a file or
/// an address is refused.
#[derive(Debug)]
pub(crate) struct Schema {
    validator: Validator<Counted>,
    work: Work,
    /// What is written in it and checks nothing, in words.
    unchecked: Vec<String>,
}

impl Schema {
    /// Compiles a schema; `key` names it in the prompt.
    pub(crate) fn new(key: &str, schema: &Value) -> Result<Self, BadRule> {
        let bad = |expected: &str, found: String| BadRule::new(key, expected, found);
        if !schema.is_object() && !schema.is_boolean() {
            return Err(bad("a JSON Schema (a table)", name(schema)));
        }
        let work = Work::of(schema).map_err(|much| bad("a JSON Schema that can be applied", much.to_string()))?;
        let SchemaReading { draft, formats, unchecked } =
            SchemaReading::of(schema).map_err(|unreadable| bad(unreadable.expected, unreadable.found))?;
        let patterns = PatternOptions::fancy_regex().backtrack_limit(BACKTRACKS).size_limit(PATTERN_SIZE);
        let mut options = jsonschema::options_for::<Counted>()
            .with_draft(draft)
            .should_validate_formats(true)
            .with_pattern_options(patterns)
            .with_retriever(StandsAlone);
        for format in formats {
            options = with_newer_format(options, format);
        }
        match options.build(schema) {
            Ok(validator) => Ok(Self { validator, work, unchecked }),
            Err(error) => Err(match error.kind() {
                ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. }) => bad(
                    "a schema that stands alone, with each `$ref` inside it (`#/$defs/…`)",
                    format!("a `$ref` to `{}`", line(uri.strip_prefix(NO_BASE).unwrap_or(uri))),
                ),
                _ => bad("a valid JSON Schema", misplaced(&error).unwrap_or_else(|| describe(&error))),
            }),
        }
    }

    /// Gives one verdict per violation, the first five, or one that passes. What would take too much work is
    /// inconclusive, or fails without its violations where these alone would.
    pub(crate) fn judge(&self, json: &Value, budget: &WorkBudget) -> Vec<Verdict> {
        match self.violations(json, budget) {
            Ok(verdicts) => verdicts,
            Err(much) => vec![inconclusive(Rule::Schema, &much.to_string())],
        }
    }

    /// Gives the same verdicts, or says what would take too much work.
    pub(crate) fn violations(&self, json: &Value, budget: &WorkBudget) -> Result<Vec<Verdict>, TooMuch> {
        let deep = depth(json).saturating_mul(self.work.deep);
        if deep > DEEP {
            return Err(TooMuch::new(format!(
                "values and schemas lie up to {deep} deep in each other, of which at most {DEEP} can be validated"
            )));
        }
        let what = "validating against the schema";
        let valid = self.within(budget, budget.left(), json, |node| self.validator.is_valid(node));
        if valid.ok_or_else(|| budget.exceeded(what))? {
            return Ok(vec![verdict(Rule::Schema, true, self.valid())]);
        }
        // A pattern that steps back too often leaves it open whether the value is valid: the violations decide.
        let most = if self.work.backtracks { budget.left() } else { EXPLAINED };
        let all = self.within(budget, most.min(budget.left()), json, |node| {
            let mut errors = self.validator.iter_errors(node);
            let verdicts: Vec<_> = errors.by_ref().take(TOLD).map(|error| violation(&error)).collect();
            (verdicts, errors.take(COUNTED).count())
        });
        // Where there are too many to be listed, the first is told; where even it holds too many, none is.
        let all = all.or_else(|| {
            self.within(budget, EXPLAINED.min(budget.left()), json, |node| {
                (self.validator.validate(node).err().iter().map(violation).collect(), COUNTED)
            })
        });
        let (found, more) = match all {
            Some(found) => found,
            None if self.work.backtracks => return Err(budget.exceeded(what)),
            None => (Vec::new(), 0),
        };
        let (certain, open): (Vec<_>, Vec<_>) = found.into_iter().partition(Result::is_ok);
        let mut verdicts: Vec<Verdict> = certain.into_iter().flatten().collect();
        match (verdicts.last_mut(), open.into_iter().find_map(Result::err)) {
            (Some(last), _) if more > 0 => last.reason = format!("{}; and {more} more", last.reason),
            (Some(_), _) => {}
            (None, Some(much)) => return Err(much),
            (None, None) => {
                let reason = "not valid against the schema, in more ways than can be listed";
                verdicts.push(verdict(Rule::Schema, false, reason));
            }
        }
        Ok(verdicts)
    }

    /// Runs a part of a validation, and takes its steps; none where so many were not enough.
    fn within<T>(
        &self,
        budget: &WorkBudget,
        steps: u64,
        json: &Value,
        run: impl FnOnce(Metered<'_>) -> T,
    ) -> Option<T> {
        let done = within(steps, &self.work, json, run);
        let used = done.as_ref().map_or(steps, |(_, used)| *used);
        budget.take(used);
        if done.is_none() {
            budget.ran_out();
        }
        done.map(|(done, _)| done)
    }

    /// Says that an answer is valid, and what was not looked at.
    fn valid(&self) -> String {
        let mut words = "valid against the schema".to_owned();
        if !self.unchecked.is_empty() {
            words.push_str(", in which these check nothing: ");
            words.push_str(&self.unchecked.join("; "));
        }
        words
    }
}

/// Makes the verdict on a violation; that a pattern steps back too often says nothing of the value.
fn violation(error: &ValidationError<'_>) -> Result<Verdict, TooMuch> {
    if matches!(error.kind(), ValidationErrorKind::BacktrackLimitExceeded { .. }) {
        let at = head(&error.instance_path().to_string(), PLACE);
        return Err(TooMuch::new(format!("matching a pattern at `{at}` steps back more than {BACKTRACKS} times")));
    }
    Ok(Verdict { at: Some(error.instance_path().to_string()), ..verdict(Rule::Schema, false, describe(error)) })
}

/// Values of a schema that is compiled at once.
const FEW: usize = 256;

/// Tells whether a schema is compiled at once: it has few values, and no pattern.
pub(crate) fn is_small(schema: &Value) -> bool {
    fn counts(value: &Value, left: &mut usize) -> bool {
        let Some(less) = left.checked_sub(1) else { return false };
        *left = less;
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
            Value::Array(items) => items.iter().all(|item| counts(item, left)),
            Value::Object(members) => {
                members.iter().all(|(name, value)| !name.starts_with("pattern") && counts(value, left))
            }
        }
    }
    counts(schema, &mut FEW.clone())
}

/// How many values lie in each other at most, the whole one included.
fn depth(json: &Value) -> usize {
    let inside = match json {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(members) => members.values().map(depth).max(),
    };
    1 + inside.unwrap_or(0)
}

/// Asserts a format that the draft of the schema does not know, as the newest draft has it.
fn with_newer_format<'a>(options: Options<'a>, format: &'static str) -> Options<'a> {
    let newest = jsonschema::options().should_validate_formats(true).build(&json!({ "format": format }));
    match newest {
        Ok(newest) => options.with_format(format, move |text: &str| newest.is_valid(&text.into())),
        Err(_) => options,
    }
}

/// Fetches nothing.
struct StandsAlone;

impl Retrieve for StandsAlone {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Err("a schema stands alone".into())
    }
}

/// Says of a schema's keyword that takes one of several things what it was given, and of a type which there are.
fn misplaced(error: &ValidationError<'_>) -> Option<String> {
    let several = matches!(error.kind(), ValidationErrorKind::AnyOf { .. } | ValidationErrorKind::OneOfNotValid { .. });
    let at = error.instance_path().to_string();
    let keyword = at.rsplit('/').next().filter(|keyword| several && !keyword.is_empty())?;
    let types = if keyword == "type" {
        ": it takes array, boolean, integer, null, number, object, string, or a list of these"
    } else {
        ""
    };
    Some(format!("{} as `{}`{types}", line(&brief(error.instance())), clean_line(&at)))
}

fn describe(error: &ValidationError<'_>) -> String {
    let at = error.instance_path().to_string();
    let message = line(&brief(error));
    if at.is_empty() { message } else { format!("{}: {message}", head(&at, PLACE)) }
}

/// Puts what comes from a schema or an answer on one line, fit to be shown.
fn line(text: &str) -> String {
    head(text, MESSAGE)
}

#[cfg(test)]
mod tests;
