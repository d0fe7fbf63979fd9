//! A request as a `curl` command line, as a Python program that needs nothing but Python, and as a promptfoo test case.
//!
//! The form of a test case is that of <https://www.promptfoo.dev/docs/configuration/test-cases/>. Texts are written
//! as JSON writes them, which YAML reads as they are.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    eval::check::promptfoo,
    model::{Input, Prompt, header, header::HeaderPiece},
    pipeline::PlainRequest,
    template,
    text::{clean_line, json, shell},
};

/// Writes the command. The key is taken from an environment variable, where one is named. The body
/// goes in as a here-document, so that no character of it matters to the shell; none of its lines
/// can end that document, because JSON writes line breaks of texts as `\n`. An exclamation mark is an
/// escape there: bash 3.2, which macOS has, takes it for its history in a here-document too.
pub(crate) fn curl(request: &PlainRequest, key: Option<&str>) -> String {
    let mut lines =
        vec![format!("curl -sS -N {}", shell_url(request)), "  -H 'content-type: application/json'".to_owned()];
    lines.extend(request.headers.iter().map(|(name, value)| format!("  -H {}", shell_header(name, value))));
    lines.extend(key.map(|key| format!("  -H \"{}: {}${key}\"", request.key.0, request.key.1)));
    let body = json::to_pretty(&request.body).unwrap_or_default();
    let body = json::escape(&body, |c| c == '!');
    format!("{} \\\n  --data-binary @- <<'JSON'\n{body}\nJSON\n", lines.join(" \\\n"))
}

/// Writes a request's address as one word of a shell's, with a variable for every secret in its query.
fn shell_url(request: &PlainRequest) -> String {
    let (plain, secret) = divided(request);
    let mut word = shell::quoted(&plain);
    for (at, (name, parts)) in secret.into_iter().enumerate() {
        let before = if at == 0 && !plain.contains('?') { '?' } else { '&' };
        word.push_str(&shell::quoted(&format!("{before}{name}=")));
        word.extend(parts.into_iter().map(|part| match part {
            HeaderPart::Text(text) => shell::quoted(text),
            HeaderPart::Variable(variable) => format!("\"${variable}\""),
        }));
    }
    word
}

/// Writes a request's address with what of its query is plain, and lists the rest.
fn divided(request: &PlainRequest) -> (String, Vec<(&str, Vec<HeaderPart<'_>>)>) {
    let (mut plain, mut secret) = (Vec::new(), Vec::new());
    for (name, value) in &request.query {
        let parts = header_parts(name, value);
        if parts.iter().any(|part| matches!(part, HeaderPart::Variable(_))) {
            secret.push((name.as_str(), parts));
        } else {
            plain.push((name.as_str(), value.as_str()));
        }
    }
    (request.url_with(plain), secret)
}

/// A part of a header's value as a person may repeat it.
enum HeaderPart<'a> {
    Text(&'a str),
    /// The environment variable that the secret is in.
    Variable(String),
}

/// Writes a header's value with a variable for every secret: the one it is read from, else one named like the header,
/// which a person can fill.
fn header_parts<'a>(name: &str, value: &'a str) -> Vec<HeaderPart<'a>> {
    let part = |part| match part {
        HeaderPiece::Text(text) => HeaderPart::Text(text),
        HeaderPiece::Secret(source) => HeaderPart::Variable(header::variable(name, &source)),
    };
    header::parts(value).into_iter().map(part).collect()
}

/// Writes a header as one word of a shell's, with a variable for every secret.
fn shell_header(name: &str, value: &str) -> String {
    let mut parts = header_parts(name, value);
    let name = format!("{name}: ");
    parts.insert(0, HeaderPart::Text(&name));
    let secret = parts.iter().any(|part| matches!(part, HeaderPart::Variable(_)));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '/' | ',' | ';' | '=');
    let simple = parts.iter().all(|part| match part {
        HeaderPart::Text(text) => text.chars().all(plain),
        HeaderPart::Variable(_) => true,
    });
    let written = parts.iter().enumerate().map(|(at, part)| match part {
        HeaderPart::Text(text) if secret && simple => (*text).to_owned(),
        HeaderPart::Text(text) => shell::quoted(text),
        HeaderPart::Variable(variable) if simple && at + 1 == parts.len() => format!("${variable}"),
        HeaderPart::Variable(variable) if simple => format!("${{{variable}}}"),
        HeaderPart::Variable(variable) => format!("\"${variable}\""),
    });
    if secret {
        let word: String = written.collect();
        return if simple { format!("\"{word}\"") } else { word };
    }
    shell::quoted(&format!("{name}{value}"))
}

/// Writes the test case, an item of a `tests:` list.
pub(crate) fn test(name: Option<&str>, prompt: &Prompt, input: &Input) -> String {
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

/// Writes the program. The key is taken from an environment variable, where one is named.
///
/// The body stands in it as JSON in a raw text: JSON has no three quotation marks in a row, and
/// escapes its line breaks.
pub(crate) fn python(request: &PlainRequest, key: Option<&str>) -> String {
    let text = |text: &str| json::to_line(text).unwrap_or_default();
    let mut headers = vec![("content-type".to_owned(), text("application/json"))];
    let value = |name: &str, value: &str| {
        let parts = header_parts(name, value).into_iter().map(|part| match part {
            HeaderPart::Text(part) => text(part),
            HeaderPart::Variable(variable) => format!("os.environ[{}]", text(&variable)),
        });
        let parts: Vec<String> = parts.collect();
        if parts.is_empty() { text("") } else { parts.join(" + ") }
    };
    let (plain, secret) = divided(request);
    let mut url = text(&plain);
    for (at, (name, parts)) in secret.into_iter().enumerate() {
        let before = if at == 0 && !plain.contains('?') { '?' } else { '&' };
        let parts = parts.into_iter().map(|part| match part {
            HeaderPart::Text(part) => text(part),
            HeaderPart::Variable(variable) => format!("urllib.parse.quote(os.environ[{}], safe=\"\")", text(&variable)),
        });
        let _ = write!(url, " + {} + {}", text(&format!("{before}{name}=")), parts.collect::<Vec<_>>().join(" + "));
    }
    let parse = if url.contains("urllib.parse") { "import urllib.parse\n" } else { "" };
    headers.extend(request.headers.iter().map(|(name, own)| (name.clone(), value(name, own))));
    headers.extend(key.map(|key| {
        let before = if request.key.1.is_empty() { String::new() } else { format!("{} + ", text(&request.key.1)) };
        (request.key.0.clone(), format!("{before}os.environ[{}]", text(key)))
    }));
    let headers: Vec<String> =
        headers.into_iter().map(|(name, value)| format!("        {}: {value},\n", text(&name))).collect();
    let body = json::to_pretty(&request.body).unwrap_or_default();
    format!(
        "import json\nimport os\n{parse}import urllib.request\n\nbody = json.loads(r\"\"\"\n{body}\n\"\"\")\n\
         body[\"stream\"] = False  # the whole answer at once\nbody.pop(\"stream_options\", None)\n\n\
         request = urllib.request.Request(\n    {},\n    data=json.dumps(body).encode(),\n    headers={{\n{}    }},\n)\n\
         with urllib.request.urlopen(request) as response:\n    \
         print(json.dumps(json.load(response), indent=2, ensure_ascii=False))\n",
        url,
        headers.concat(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Check, CheckKind, Format, Response, check::JsonComparison};

    #[test]
    fn the_shell_sees_one_command_whatever_is_in_the_body() {
        let request = PlainRequest {
            url: "http://127.0.0.1:8080/v1/chat/completions".to_owned(),
            query: Vec::new(),
            headers: vec![("x-team".to_owned(), "it's us".to_owned())],
            key: ("authorization".to_owned(), "Bearer ".to_owned()),
            body: json!({ "messages": [{ "content": "a\nJSON\n$(rm) 'b' !!" }] }),
        };
        let text = curl(&request, Some("MY_KEY"));
        assert!(text.contains("-H \"authorization: Bearer $MY_KEY\" \\\n"), "{text}");
        assert!(text.contains(r"-H 'x-team: it'\''s us'"), "{text}");
        assert_eq!(text.lines().filter(|line| *line == "JSON").count(), 1, "{text}");
        assert!(text.contains(r"$(rm) 'b' \u0021\u0021"), "{text}");
        assert!(!curl(&request, None).contains("authorization"));
    }

    #[test]
    fn a_secret_header_is_a_variable() {
        for (name, value, want) in [
            ("x-team", "bench", "'x-team: bench'"),
            ("x-team", "env:TEAM", "\"x-team: $TEAM\""),
            ("x-team", "env:not a name", "\"x-team: $X_TEAM\""),
            ("x-team", "file:/secret/path", "\"x-team: $X_TEAM\""),
            ("x-team", "cmd:pass", "\"x-team: $X_TEAM\""),
            ("x-team", "Bearer {{env.A}}", "\"x-team: Bearer $A\""),
            ("x-team", "{{env.A}}b{{env.B}}", "\"x-team: ${A}b$B\""),
            ("x-team", "$(id) {{env.A}}`x`", "'x-team: ''$(id) '\"$A\"'`x`'"),
            ("x-`id`", "env:A", "'x-`id`: '\"$A\""),
        ] {
            assert_eq!(shell_header(name, value), want);
        }
    }
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
            Check { comparison: Some(JsonComparison::Less), ..path(CheckKind::JsonPath, "/a").with(3) },
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
    #[test]
    fn no_text_of_the_body_ends_the_literal_it_stands_in() {
        let request = PlainRequest {
            url: "https://api.example.com/v1/messages".to_owned(),
            headers: [("anthropic-version", "2023-06-01"), ("x-team", "env:TEAM"), ("x-b", "b {{env.A}}.")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            query: [("v", "2024-10-21"), ("code", "env:CODE")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            key: ("x-api-key".to_owned(), String::new()),
            body: json!({ "": "", "content": "\"\"\" + evil()\n\\" }),
        };
        let text = python(&request, Some("MY_KEY"));
        assert_eq!(text.matches("\"\"\"").count(), 2, "{text}");
        let address = r#""https://api.example.com/v1/messages?v=2024-10-21" + "&code=" + urllib.parse.quote(os.environ["CODE"], safe=""),"#;
        assert!(text.contains(address) && text.contains("import urllib.parse\n"), "{text}");
        let shell = curl(&request, None);
        assert!(
            shell.starts_with("curl -sS -N 'https://api.example.com/v1/messages?v=2024-10-21''&code='\"$CODE\" \\\n"),
            "{shell}"
        );
        let (_, rest) = text.split_once("r\"\"\"").unwrap();
        let (body, _) = rest.split_once("\"\"\"").unwrap();
        assert_eq!(serde_json::from_str::<Value>(body).unwrap(), request.body);
        assert!(text.contains("\"x-api-key\": os.environ[\"MY_KEY\"],"), "{text}");
        assert!(text.contains("\"anthropic-version\": \"2023-06-01\","), "{text}");
        assert!(text.contains("\"x-team\": os.environ[\"TEAM\"],"), "{text}");
        assert!(text.contains("\"x-b\": \"b \" + os.environ[\"A\"] + \".\","), "{text}");
    }
}
