//! A prompt's rules on one input as a test case of promptfoo.
//!
//! The form is that of <https://www.promptfoo.dev/docs/configuration/test-cases/>. Texts are written
//! as JSON writes them, which YAML reads as they are.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    eval::template,
    model::{Input, Prompt},
    store::promptfoo,
    text::{clean_line, json},
};

/// Writes the test case, an item of a `tests:` list.
pub(super) fn test(name: Option<&str>, prompt: &Prompt, input: &Input) -> String {
    let mut out = format!("- description: {}\n", written(&Value::from(name.unwrap_or("from retort"))));
    let (asks, _) = template::asks_of(&prompt.turns());
    let mut names = asks.names;
    names.sort_unstable();
    let vars: Vec<String> = names
        .into_iter()
        .filter_map(|name| {
            Some(format!(
                "    {}: {}\n",
                written(&Value::from(name.as_str())),
                written(&Value::from(input.value(&name)?))
            ))
        })
        .collect();
    if !vars.is_empty() {
        let _ = write!(out, "  vars:\n{}", vars.concat());
    }
    if let Some(least) = prompt.response.min_score {
        let _ = writeln!(out, "  threshold: {}", written(&Value::from(least)));
    }
    let asserted = promptfoo::asserted(&prompt.expected(), &prompt.checks);
    if !asserted.is_empty() {
        out.push_str("  assert:\n");
    }
    for fields in asserted {
        match fields {
            Ok(fields) => {
                for (at, (name, value)) in fields.iter().enumerate() {
                    let _ = writeln!(out, "    {} {name}: {}", if at == 0 { "-" } else { " " }, written(value));
                }
            }
            Err(left_out) => {
                let _ = writeln!(out, "    # left out: {}", clean_line(&left_out));
            }
        }
    }
    out
}

fn written(value: &Value) -> String {
    json::to_line(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Check, CheckKind, Format, Response, check::Comparison};

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
        input.vars.insert("tone".to_owned(), "calm".into());
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
            Check::of(CheckKind::Format),
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
                    - type: \"javascript\"\n      value: \"[JSON.parse(output)?.[\\\"a\\\"]].filter((v) => v != null && \
                    (typeof v === 'string' ? v.trim() !== '' : typeof v !== 'object' || Object.keys(v).length > 0)).length \
                    / 1 >= 1\"\n    \
                    # left out: a check of type format, which promptfoo has not\n    \
                    - type: \"python\"\n      value: \"True\"\n";
        assert_eq!(test(None, &prompt, &Input::default()), want);
    }
}
