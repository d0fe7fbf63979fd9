//! The rules that follow from `[response]`: the keys each is filled in by, and what turns it on and off.

use serde_json::Value;

use crate::{
    eval::check::form::{FieldError, RuleField, json_pointer, names, names_line, number, schema, share, shortened},
    model::{Format, Prompt, Response, ResponseRule, Rule},
    text::format::counted,
};

const FORMATS: &[(&str, Format)] =
    &[("auto", Format::Auto), ("text", Format::Text), ("json", Format::Json), ("schema", Format::Schema)];
const FORMAT_WORDS: &[&str] = &["auto", "text", "json", "schema"];
const ON_OFF: &[&str] = &["on", "off"];

/// Returns the rule that its verdicts speak of; none of what has no verdict of its own.
pub(crate) fn rule_of(rule: ResponseRule) -> Option<Rule> {
    match rule {
        ResponseRule::Format => Some(Rule::Format),
        ResponseRule::Finish => Some(Rule::Finish),
        ResponseRule::Schema => Some(Rule::Schema),
        ResponseRule::Required => Some(Rule::Required),
        ResponseRule::Completeness => Some(Rule::Completeness),
        ResponseRule::Confidence => Some(Rule::Confidence),
        ResponseRule::Score => None,
    }
}

/// Returns what a verdict of the response follows from; none of a check's.
pub(crate) fn of_rule(rule: &Rule) -> Option<ResponseRule> {
    match rule {
        Rule::Format => Some(ResponseRule::Format),
        Rule::Finish => Some(ResponseRule::Finish),
        Rule::Schema => Some(ResponseRule::Schema),
        Rule::Required => Some(ResponseRule::Required),
        Rule::Completeness => Some(ResponseRule::Completeness),
        Rule::Confidence => Some(ResponseRule::Confidence),
        Rule::Check(_) => None,
    }
}

/// Tells whether a response has a rule, on or off, where the answers have a form.
pub(crate) fn is_set(rule: ResponseRule, response: &Response, format: Format) -> bool {
    match rule {
        ResponseRule::Format => true,
        ResponseRule::Finish => format == Format::Text,
        ResponseRule::Schema => response.schema.is_some(),
        ResponseRule::Required => !response.required.is_empty(),
        ResponseRule::Completeness => !response.required.is_empty() || response.min_completeness.is_some(),
        ResponseRule::Confidence => response.confidence.is_some() || response.min_confidence.is_some(),
        ResponseRule::Score => response.min_score.is_some(),
    }
}

/// Turns a rule on or off.
pub(crate) fn switch(rule: ResponseRule, response: &mut Response) -> Result<(), &'static str> {
    match rule {
        ResponseRule::Format => return Err("the form of the answer is always checked: enter changes it"),
        ResponseRule::Score => return Err("min_score cannot be off: x removes it, and every check has to pass"),
        ResponseRule::Finish => response.finish = !response.finish,
        ResponseRule::Schema | ResponseRule::Required | ResponseRule::Completeness | ResponseRule::Confidence => {
            if response.applies(rule) {
                response.off.push(rule);
                response.off.sort_unstable();
            } else {
                response.off.retain(|off| *off != rule);
            }
        }
    }
    Ok(())
}

/// Removes a rule with the keys that it follows from.
pub(crate) fn remove(rule: ResponseRule, response: &mut Response) -> Result<(), &'static str> {
    match rule {
        ResponseRule::Format => return Err("the form of the answer is always checked: enter changes it"),
        ResponseRule::Finish => return Err("finish comes with the format text: space turns it off"),
        ResponseRule::Completeness if response.min_completeness.is_none() => {
            return Err("completeness comes with the required fields: space turns it off");
        }
        ResponseRule::Schema => {
            response.schema = None;
            if response.format == Format::Schema {
                response.format = Format::Json;
            }
        }
        ResponseRule::Required => (response.required, response.min_completeness) = (Vec::new(), None),
        ResponseRule::Completeness => response.min_completeness = None,
        ResponseRule::Confidence => (response.confidence, response.min_confidence) = (None, None),
        ResponseRule::Score => response.min_score = None,
    }
    response.off.retain(|off| *off != rule);
    Ok(())
}

fn format_word(format: Format) -> &'static str {
    FORMATS.iter().find(|(_, known)| *known == format).map_or("auto", |(word, _)| word)
}

fn shown(number: Option<f64>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// Lists the lines of the form of a rule.
pub(crate) fn form(rule: ResponseRule, response: &Response) -> Vec<RuleField> {
    match rule {
        ResponseRule::Format => vec![RuleField::of_choices(
            "format",
            "format",
            format_word(response.format),
            FORMAT_WORDS,
            "auto: JSON where the prompt speaks of it; space changes it",
        )],
        ResponseRule::Finish => vec![RuleField::of_choices(
            "finish",
            "finish",
            if response.finish { "on" } else { "off" },
            ON_OFF,
            "whether a text that is cut off fails; space changes it",
        )],
        ResponseRule::Schema => {
            let text = response.schema.as_ref().map(Value::to_string).unwrap_or_default();
            vec![RuleField::new("schema", "schema", text, "a JSON Schema; it is sent to models that take one")]
        }
        ResponseRule::Required => {
            let text = names_line(Some(response.required.clone())).unwrap_or_default();
            vec![RuleField::new("required", "fields", text, "names or JSON pointers, separated by commas")]
        }
        ResponseRule::Completeness => vec![RuleField::new(
            "min_completeness",
            "minimum",
            shown(response.min_completeness),
            "a share of the required fields, from 0 to 1; empty is all of them",
        )],
        ResponseRule::Confidence => vec![
            RuleField::new(
                "confidence",
                "in",
                response.confidence.clone().unwrap_or_default(),
                "a JSON pointer to it: /confidence_score",
            ),
            RuleField::new(
                "min_confidence",
                "minimum",
                shown(response.min_confidence),
                "a number from 0 to 1; empty shows it and fails none",
            ),
        ],
        ResponseRule::Score => vec![RuleField::new(
            "min_score",
            "minimum",
            shown(response.min_score),
            "a weighted mean of the checks, from 0 to 1; empty wants each to pass",
        )],
    }
}

/// Takes what was filled in over the keys of a rule; a line that says what it said before changes nothing.
pub(crate) fn fill(
    rule: ResponseRule,
    response: &mut Response,
    lines: &[(&'static str, String)],
) -> Result<(), Vec<FieldError>> {
    let mut errors = Vec::new();
    for before in form(rule, response) {
        let Some((_, text)) = lines.iter().find(|(key, _)| *key == before.key) else { continue };
        if *text != before.text {
            errors.extend(put(before.key, response, text.trim()).err().map(|error| (before.key, error)));
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Reads the text of a key.
fn put(key: &str, response: &mut Response, text: &str) -> Result<(), String> {
    let filled = Some(text).filter(|text| !text.is_empty());
    let least = |text: &str| number(text, 1.0).ok_or_else(|| "a number from 0 to 1 is expected".to_owned());
    match key {
        "format" => {
            response.format =
                FORMATS.iter().find(|(word, _)| *word == text).map_or(Format::Auto, |(_, format)| *format);
        }
        "finish" => response.finish = text == "on",
        "schema" => response.schema = filled.map(schema).transpose()?,
        "required" => response.required = filled.map(names).transpose()?.unwrap_or_default(),
        "min_completeness" => response.min_completeness = filled.map(least).transpose()?,
        "confidence" => response.confidence = filled.map(json_pointer).transpose()?,
        "min_confidence" => response.min_confidence = filled.map(least).transpose()?,
        "min_score" => response.min_score = filled.map(least).transpose()?,
        _ => {}
    }
    Ok(())
}

/// Says a rule in short, without its name.
pub(crate) fn rule_text(rule: ResponseRule, prompt: &Prompt) -> String {
    let response = &prompt.response;
    let least = |minimum: f64| format!("≥ {}", share(minimum));
    match rule {
        ResponseRule::Format => match prompt.format() {
            (Format::Json, _) => "JSON".to_owned(),
            (Format::Schema, _) => "JSON, by the schema".to_owned(),
            (Format::Text | Format::Auto, _) => "text".to_owned(),
        },
        ResponseRule::Finish => "not cut off".to_owned(),
        ResponseRule::Schema => "the schema".to_owned(),
        ResponseRule::Required => match response.required.as_slice() {
            [one] => shortened(one),
            fields => counted(fields.len() as u64, "field"),
        },
        ResponseRule::Completeness => least(response.min_completeness.unwrap_or(1.0)),
        ResponseRule::Confidence => {
            let place = shortened(response.confidence.as_deref().unwrap_or_default());
            match response.min_confidence {
                Some(minimum) => format!("{place} {}", least(minimum)),
                None => format!("{place}, no minimum"),
            }
        }
        ResponseRule::Score => response.min_score.map(least).unwrap_or_default(),
    }
}
