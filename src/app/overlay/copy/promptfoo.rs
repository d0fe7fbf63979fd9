//! A prompt's rules on one input as a test case of promptfoo.
//!
//! The form is that of <https://www.promptfoo.dev/docs/configuration/test-cases/>. Texts are written
//! as JSON writes them, which YAML reads as they are.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::{
    eval::template,
    model::{Check, Format, Input, Prompt, Response},
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
    let mut asserted = response(&prompt.response);
    asserted.extend(prompt.checks.iter().map(check));
    if !asserted.is_empty() {
        out.push_str("  assert:\n");
    }
    for fields in asserted {
        for (at, (name, value)) in fields.iter().enumerate() {
            let _ = writeln!(out, "    {} {name}: {value}", if at == 0 { "-" } else { " " });
        }
    }
    out
}

type Fields = Vec<(&'static str, Value)>;

fn response(response: &Response) -> Vec<Fields> {
    let mut asserted: Vec<Fields> = Vec::new();
    let schema = response.schema.clone().filter(|_| response.format == Format::Schema);
    match (response.format, schema) {
        (Format::Text, _) => {}
        (_, Some(schema)) => asserted.push(vec![("type", "is-json".into()), ("value", schema)]),
        (_, None) => {
            let names: Vec<&str> = response.required.iter().map(|name| name.trim_start_matches('/')).collect();
            let mut fields: Fields = vec![("type", "is-json".into())];
            if !names.is_empty() && names.iter().all(|name| !name.contains('/')) {
                fields.push(("value", json!({ "type": "object", "required": names })));
            }
            asserted.push(fields);
        }
    }
    if let (Some(pointer), Some(least)) = (&response.confidence, response.min_confidence) {
        let path: Vec<String> = pointer
            .split('/')
            .skip(1)
            .map(|step| format!("?.[{}]", Value::from(step.replace("~1", "/").replace("~0", "~"))))
            .collect();
        let code = format!("JSON.parse(output){} >= {least}", path.concat());
        asserted.push(vec![("type", "javascript".into()), ("value", code.into())]);
    }
    asserted
}

fn check(check: &Check) -> Fields {
    let mut fields: Fields = vec![("type", check.kind.to_string().into())];
    fields.extend(check.value.clone().map(|value| ("value", value)));
    fields.extend(check.threshold.map(|threshold| ("threshold", threshold.into())));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckKind;

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
}
