//! A prompt's rules on one input as a test case of promptfoo.
//!
//! The form is that of <https://www.promptfoo.dev/docs/configuration/test-cases/>. Texts are written
//! as JSON writes them, which YAML reads as they are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    eval::template,
    model::{Check, CheckKind, Format, Input, Prompt, Response, check::Comparison},
};

/// Writes the test case, an item of a `tests:` list.
pub(super) fn test(name: Option<&str>, prompt: &Prompt, input: &Input) -> String {
    let mut out = format!("- description: {}\n", Value::from(name.unwrap_or("from retort")));
    let (asks, _) = template::asks_of(&prompt.turns());
    let mut names = asks.names;
    names.sort_unstable();
    let vars: Vec<String> = names
        .into_iter()
        .filter_map(|name| Some(format!("    {}: {}\n", Value::from(name.as_str()), Value::from(input.value(&name)?))))
        .collect();
    if !vars.is_empty() {
        let _ = write!(out, "  vars:\n{}", vars.concat());
    }
    if let Some(least) = prompt.response.min_score {
        let _ = writeln!(out, "  threshold: {}", Value::from(least));
    }
    let mut asserted: Vec<Result<Fields, String>> = response(&prompt.response).into_iter().map(Ok).collect();
    asserted.extend(prompt.checks.iter().map(check));
    if !asserted.is_empty() {
        out.push_str("  assert:\n");
    }
    for fields in asserted {
        match fields {
            Ok(fields) => {
                for (at, (name, value)) in fields.iter().enumerate() {
                    let _ = writeln!(out, "    {} {name}: {value}", if at == 0 { "-" } else { " " });
                }
            }
            Err(left_out) => {
                let _ = writeln!(out, "    # left out: {left_out}");
            }
        }
    }
    out
}

type Fields = Vec<(String, Value)>;

fn response(response: &Response) -> Vec<Fields> {
    let mut asserted: Vec<Fields> = Vec::new();
    let schema = response.schema.clone().filter(|_| response.format == Format::Schema);
    match (response.format, schema) {
        (Format::Text, _) => {}
        (_, Some(schema)) => asserted.push(fields([("type", "is-json".into()), ("value", schema)])),
        (_, None) => {
            let names: Vec<&str> = response.required.iter().map(|name| name.trim_start_matches('/')).collect();
            let mut asserts = fields([("type", "is-json".into())]);
            if !names.is_empty() && names.iter().all(|name| !name.contains('/')) {
                asserts.push(("value".to_owned(), json!({ "type": "object", "required": names })));
            }
            asserted.push(asserts);
        }
    }
    if let (Some(pointer), Some(least)) = (&response.confidence, response.min_confidence) {
        let code = format!("JSON.parse(output){} >= {least}", steps(pointer));
        asserted.push(fields([("type", "javascript".into()), ("value", code.into())]));
    }
    asserted
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Writes a JSON pointer as steps of JavaScript into a value.
fn steps(pointer: &str) -> String {
    let step = |step: &str| format!("?.[{}]", Value::from(step.replace("~1", "/").replace("~0", "~")));
    pointer.split('/').skip(1).map(step).collect()
}

/// Writes a check as an assertion; the error names one that promptfoo has no word for.
fn check(check: &Check) -> Result<Fields, String> {
    let kind = check.kind;
    let mut written = match (kind.kind, &check.path) {
        (CheckKind::Unsupported, _) => match &check.value {
            Some(Value::Object(members)) => return Ok(members.clone().into_iter().collect()),
            _ => return Err(format!("a check of type {kind}")),
        },
        (CheckKind::Confidence, Some(path)) => {
            javascript(check, &format!("JSON.parse(output){} >= {}", steps(path), check.threshold.unwrap_or(0.0)))
        }
        (CheckKind::JsonPath, Some(path)) => match compared(check) {
            Some((sign, value)) => javascript(check, &format!("JSON.parse(output){} {sign} {value}", steps(path))),
            None => return Err(format!("a check of type {kind} at {}", Value::from(path.as_str()))),
        },
        (
            CheckKind::Format
            | CheckKind::Required
            | CheckKind::Completeness
            | CheckKind::Confidence
            | CheckKind::JsonPath,
            _,
        ) => {
            return Err(format!("a check of type {kind}, which promptfoo has not"));
        }
        _ => {
            let mut written = fields([("type", kind.to_string().into())]);
            written.extend(check.value.clone().map(|value| ("value".to_owned(), value)));
            written.extend(check.threshold.map(|threshold| ("threshold".to_owned(), threshold.into())));
            written
        }
    };
    written.extend(check.weight.map(|weight| ("weight".to_owned(), weight.into())));
    written.extend(check.metric.clone().map(|metric| ("metric".to_owned(), metric.into())));
    Ok(written)
}

fn javascript(check: &Check, code: &str) -> Fields {
    let kind = if check.kind.not { "not-javascript" } else { "javascript" };
    fields([("type", kind.into()), ("value", code.into())])
}

/// The comparison of a value that JavaScript compares in the same way: a plain one that holds no variable.
fn compared(check: &Check) -> Option<(&'static str, &Value)> {
    let value = check.value.as_ref()?;
    let plain = match value {
        Value::Number(_) | Value::Bool(_) => true,
        // A text that writes a number or a truth value equals one.
        Value::String(text) => !text.contains("{{") && serde_json::from_str::<Value>(text.trim()).is_err(),
        _ => false,
    };
    let sign = match check.comparison.unwrap_or_default() {
        Comparison::Equal => "===",
        // What is not there is not unequal, and no number that is a text is compared.
        Comparison::Unequal | Comparison::Less | Comparison::AtMost | Comparison::Greater | Comparison::AtLeast => {
            return None;
        }
    };
    plain.then_some((sign, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_rules_of_a_prompt_become_assertions_and_its_variables_values() {
        let prompt = Prompt {
            user: "{{ input }} in {{ tone }}".to_owned(),
            response: Response {
                required: vec!["mood".to_owned()],
                confidence: Some("/who/sure".to_owned()),
                min_confidence: Some(0.7),
                ..Response::default()
            },
            checks: vec![Check::of(CheckKind::Latency).within(2000.0)],
            ..Prompt::default()
        };
        let mut input = Input::of("It's: \"late\"\n- again");
        input.vars.insert("tone".to_owned(), "calm".to_owned());
        let want = "- description: \"mood\"\n  vars:\n    \"input\": \"It's: \\\"late\\\"\\n- again\"\n    \"tone\": \"calm\"\n  \
                    assert:\n    - type: \"is-json\"\n      value: {\"type\":\"object\",\"required\":[\"mood\"]}\n    \
                    - type: \"javascript\"\n      value: \"JSON.parse(output)?.[\\\"who\\\"]?.[\\\"sure\\\"] >= 0.7\"\n    \
                    - type: \"latency\"\n      threshold: 2000.0\n";
        assert_eq!(test(Some("mood"), &prompt, &input), want);
    }

    #[test]
    fn every_check_is_exported_by_promptfoos_name_or_left_out_in_words() {
        let path = |kind, path: &str| Check { path: Some(path.to_owned()), ..Check::of(kind) };
        let checks = vec![
            Check {
                weight: Some(0.5),
                metric: Some("tone".to_owned()),
                ..Check::of(CheckKind::Icontains).negated().with("x")
            },
            Check::of(CheckKind::WordCount).with(json!({"min": 2, "max": 4})),
            path(CheckKind::Confidence, "/c").within(0.5),
            path(CheckKind::JsonPath, "/a~1b/0").with("x").negated(),
            Check { comparison: Some(Comparison::Less), ..path(CheckKind::JsonPath, "/a").with(3) },
            Check::of(CheckKind::Required).with("a"),
            Check::of(CheckKind::Unsupported).with(json!({"type": "python", "value": "True"})),
        ];
        let response = Response { format: Format::Text, min_score: Some(0.75), ..Response::default() };
        let prompt = Prompt { user: "hello".to_owned(), response, checks, ..Prompt::default() };
        let want = "- description: \"from retort\"\n  threshold: 0.75\n  assert:\n    \
                    - type: \"not-icontains\"\n      value: \"x\"\n      weight: 0.5\n      metric: \"tone\"\n    \
                    - type: \"word-count\"\n      value: {\"min\":2,\"max\":4}\n    \
                    - type: \"javascript\"\n      value: \"JSON.parse(output)?.[\\\"c\\\"] >= 0.5\"\n    \
                    - type: \"not-javascript\"\n      value: \"JSON.parse(output)?.[\\\"a/b\\\"]?.[\\\"0\\\"] === \\\"x\\\"\"\n    \
                    # left out: a check of type json-path at \"/a\"\n    \
                    # left out: a check of type required, which promptfoo has not\n    \
                    - type: \"python\"\n      value: \"True\"\n";
        assert_eq!(test(None, &prompt, &Input::default()), want);
    }
}
