//! What of an answer a check looks at, in the words of promptfoo's `transform`: `output`, steps into its JSON, and a few
//! functions. It is no JavaScript: what else may stand there is refused.
//!
//! Where promptfoo's provider hands over JSON or calls of tools, there is text here: a step into a text reads the JSON in it.
//! Calls have the form of chat completions, and are found under the names of Gemini, of the Responses API, and of the one call
//! of earlier models as well.

use std::fmt;

use serde_json::{Value, json};

use crate::eval::{JsonTypes, WorkBudget, extract};

/// The steps from an answer to what a check looks at; without one it is the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerPart(Vec<AnswerStep>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum AnswerStep {
    /// The member of this name.
    Member(String),
    /// The item at this place, from 0.
    Item(usize),
    /// The JSON in a text.
    Parsed,
    Trimmed,
    LowerCase,
    UpperCase,
}

/// The functions that may be called, by their names.
const CALLS: &[(&str, AnswerStep)] =
    &[("trim", AnswerStep::Trimmed), ("toLowerCase", AnswerStep::LowerCase), ("toUpperCase", AnswerStep::UpperCase)];

impl AnswerPart {
    /// Reads one. The error says in words what may stand there.
    pub(crate) fn of(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        let rest = expression(text.trim(), &mut steps).filter(|rest| rest.is_empty());
        rest.map(|_| Self(steps)).ok_or_else(|| {
            "`output` with steps into its JSON, such as `JSON.parse(output).name`, `output[0].text` or `output.trim()`"
                .to_owned()
        })
    }

    /// Puts another one's steps after its own.
    pub(crate) fn then(mut self, next: Self) -> Self {
        self.0.extend(next.0);
        self
    }

    /// Takes the part out of an answer. The error says why it is not there.
    pub(crate) fn taken(&self, answer: &str, budget: &WorkBudget) -> Result<Value, String> {
        let mut value = Value::from(answer);
        for step in &self.0 {
            value = match step {
                AnswerStep::Parsed => json_of(value, budget)?,
                AnswerStep::Member(name) => member(json_of(value, budget)?, name)?,
                AnswerStep::Item(place) => item(json_of(value, budget)?, *place)?,
                AnswerStep::Trimmed => text_in(value, |text| text.trim().to_owned())?,
                AnswerStep::LowerCase => text_in(value, str::to_lowercase)?,
                AnswerStep::UpperCase => text_in(value, str::to_uppercase)?,
            };
        }
        Ok(value)
    }
}

impl fmt::Display for AnswerPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = "output".to_owned();
        for step in &self.0 {
            text = match step {
                AnswerStep::Member(name) if is_name(name) => format!("{text}.{name}"),
                AnswerStep::Member(name) => format!("{text}[{}]", json!(name)),
                AnswerStep::Item(place) => format!("{text}[{place}]"),
                AnswerStep::Parsed => format!("JSON.parse({text})"),
                AnswerStep::Trimmed => format!("{text}.trim()"),
                AnswerStep::LowerCase => format!("{text}.toLowerCase()"),
                AnswerStep::UpperCase => format!("{text}.toUpperCase()"),
            };
        }
        f.write_str(&text)
    }
}

/// Writes a part as the text that checks look at.
pub(crate) fn written(part: &Value) -> String {
    part.as_str().map_or_else(|| part.to_string(), str::to_owned)
}

/// Reads an expression at the beginning of a text, and returns what follows it.
fn expression<'a>(text: &'a str, steps: &mut Vec<AnswerStep>) -> Option<&'a str> {
    let mut rest = match text.strip_prefix("JSON.parse(") {
        Some(inner) => {
            let rest = expression(inner.trim_start(), steps)?.trim_start().strip_prefix(')')?;
            steps.push(AnswerStep::Parsed);
            rest
        }
        None => text.strip_prefix("output")?,
    };
    loop {
        if let Some(inner) = rest.strip_prefix("?.[").or_else(|| rest.strip_prefix('[')) {
            let (step, after) = inner.split_once(']')?;
            let quoted = |mark: char| step.strip_prefix(mark)?.strip_suffix(mark);
            steps.push(match quoted('"').or_else(|| quoted('\'')) {
                Some(name) if !name.contains(['"', '\'', '\\']) => AnswerStep::Member(name.to_owned()),
                Some(_) => return None,
                None => AnswerStep::Item(step.parse().ok()?),
            });
            rest = after;
        } else if let Some(inner) = rest.strip_prefix("?.").or_else(|| rest.strip_prefix('.')) {
            let end = inner.find(|c: char| !is_part_of_name(c)).unwrap_or(inner.len());
            let (name, after) = inner.split_at_checked(end)?;
            if let Some(after) = after.strip_prefix("()") {
                steps.push(CALLS.iter().find(|(known, _)| *known == name)?.1.clone());
                rest = after;
            } else {
                steps.push(AnswerStep::Member(Some(name).filter(|name| is_name(name))?.to_owned()));
                rest = after;
            }
        } else {
            return Some(rest);
        }
    }
}

fn is_part_of_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn is_name(name: &str) -> bool {
    // `length` is a number that JavaScript makes, and no member of any JSON.
    name.chars().all(is_part_of_name) && name.starts_with(|c: char| !c.is_ascii_digit()) && name != "length"
}

/// Reads the JSON in a text; what is no text is it.
fn json_of(value: Value, budget: &WorkBudget) -> Result<Value, String> {
    let Value::String(text) = value else { return Ok(value) };
    extract::spend(&text, budget).map_err(|much| much.to_string())?;
    if let Ok(json @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(&text) {
        return Ok(json);
    }
    let found = extract(&text, JsonTypes::OBJECT);
    found.map(|(json, _)| json).map_err(|error| format!("no JSON was found: {}", error.problem))
}

fn member(value: Value, name: &str) -> Result<Value, String> {
    let missing = || format!("the answer has no `{name}` there");
    match value {
        Value::Object(mut members) => match (members.swap_remove(name), name) {
            (Some(found), _) => Ok(found),
            // A call as the Responses API has it.
            (None, "name" | "arguments") => {
                let call = members.get_mut("function").and_then(|call| call.get_mut(name));
                call.map(Value::take).ok_or_else(missing)
            }
            // A call as Gemini has it.
            (None, "functionCall") => {
                let call = members.swap_remove("function").ok_or_else(missing)?;
                let arguments = call.get("arguments").and_then(Value::as_str).unwrap_or("{}");
                let arguments: Value = serde_json::from_str(arguments).map_err(|_no_json| missing())?;
                Ok(json!({"name": call.get("name"), "args": arguments}))
            }
            (None, _) => Err(missing()),
        },
        // The one call of models before there could be several.
        Value::Array(mut items) if matches!(name, "name" | "arguments") && items.len() == 1 => {
            let call = items.pop().and_then(|mut call| call.get_mut("function").map(Value::take));
            call.and_then(|mut call| call.get_mut(name).map(Value::take)).ok_or_else(missing)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(missing()),
    }
}

fn item(value: Value, place: usize) -> Result<Value, String> {
    let missing = || format!("the answer has no item {place} there");
    match value {
        Value::Array(mut items) if place < items.len() => Ok(items.swap_remove(place)),
        _ => Err(missing()),
    }
}

fn text_in(value: Value, change: impl Fn(&str) -> String) -> Result<Value, String> {
    match value {
        Value::String(text) => Ok(change(&text).into()),
        _ => Err("what it takes of the answer is no text".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(text: &str, answer: &str) -> Result<String, String> {
        let part = AnswerPart::of(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        part.taken(answer, &WorkBudget::default()).map(|value| written(&value))
    }

    #[test]
    fn a_part_is_found_as_promptfoo_finds_it() {
        let calls = r#"[{"id":"1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Oslo\"}"}}]"#;
        for (text, answer, part) in [
            ("output", " a ", " a "),
            ("output.trim()", " a ", "a"),
            ("output.trim().toLowerCase()", " A ", "a"),
            ("JSON.parse(output).tweet", r#"{"tweet": "hi"}"#, "hi"),
            ("JSON.parse( output.trim() )['a b'][1]", r#"{"a b": [1, {"c": true}]}"#, r#"{"c":true}"#),
            ("output?.list?.[0]", "Here: {\"list\": [3]}", "3"),
            ("output[0].function.name", calls, "weather"),
            ("JSON.parse(output[0].function.arguments).city", calls, "Oslo"),
            ("output[0].functionCall.args.city", calls, "Oslo"),
            ("output[0].functionCall.name", calls, "weather"),
            ("output.name", calls, "weather"),
            ("output[0].name", calls, "weather"),
            ("JSON.parse(output.arguments).city", calls, "Oslo"),
        ] {
            assert_eq!(taken(text, answer).as_deref(), Ok(part), "{text}");
        }
    }

    #[test]
    fn what_is_not_there_is_said() {
        for (text, answer, words) in [
            ("output.name", r#"{"a": 1}"#, "has no `name`"),
            ("output[2]", "[1]", "has no item 2"),
            ("output.name", "nothing", "no JSON was found"),
            ("output.a.trim()", r#"{"a": 1}"#, "no text"),
        ] {
            let error = taken(text, answer).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    #[test]
    fn code_is_refused_and_what_is_read_is_written_the_same() {
        for code in [
            "output + 1",
            "file://a.js",
            "output.length",
            "output.split(',')[0]",
            "context.vars.x",
            "output.",
            "output[x]",
            "JSON.parse(output",
            "outputs",
            "(output) => output",
            "",
        ] {
            assert!(AnswerPart::of(code).is_err(), "{code}");
        }
        for text in ["output", "JSON.parse(output.trim()).a[0][\"b c\"]", "output.toUpperCase()"] {
            assert_eq!(AnswerPart::of(text).unwrap().to_string(), text);
        }
        let both = AnswerPart::of("JSON.parse(output).a").unwrap().then(AnswerPart::of("output.b").unwrap());
        assert_eq!(both.to_string(), "JSON.parse(output).a.b");
    }
}
