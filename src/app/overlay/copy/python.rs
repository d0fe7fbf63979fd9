//! A request as a Python program that needs nothing but Python.

use super::{HeaderPart, header_parts};
use crate::{pipeline::PlainRequest, text::json};

/// Writes the program. The key is taken from an environment variable, where one is named.
///
/// The body stands in it as JSON in a raw text: JSON has no three quotation marks in a row, and
/// escapes its line breaks.
pub(super) fn python(request: &PlainRequest, key: Option<&str>) -> String {
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
    headers.extend(request.headers.iter().map(|(name, own)| (name.clone(), value(name, own))));
    headers.extend(key.map(|key| {
        let before = if request.key.1.is_empty() { String::new() } else { format!("{} + ", text(request.key.1)) };
        (request.key.0.to_owned(), format!("{before}os.environ[{}]", text(key)))
    }));
    let headers: Vec<String> =
        headers.into_iter().map(|(name, value)| format!("        {}: {value},\n", text(&name))).collect();
    let body = json::to_pretty(&request.body).unwrap_or_default();
    format!(
        "import json\nimport os\nimport urllib.request\n\nbody = json.loads(r\"\"\"\n{body}\n\"\"\")\n\
         body[\"stream\"] = False  # the whole answer at once\nbody.pop(\"stream_options\", None)\n\n\
         request = urllib.request.Request(\n    {},\n    data=json.dumps(body).encode(),\n    headers={{\n{}    }},\n)\n\
         with urllib.request.urlopen(request) as response:\n    \
         print(json.dumps(json.load(response), indent=2, ensure_ascii=False))\n",
        text(&request.url),
        headers.concat(),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_of_the_body_ends_the_literal_it_stands_in() {
        let request = PlainRequest {
            url: "https://api.example.com/v1/messages".to_owned(),
            headers: [("anthropic-version", "2023-06-01"), ("x-team", "env:TEAM"), ("x-b", "b {{env.A}}.")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .to_vec(),
            key: ("x-api-key", ""),
            body: json!({ "": "", "content": "\"\"\" + evil()\n\\" }),
        };
        let text = python(&request, Some("MY_KEY"));
        assert_eq!(text.matches("\"\"\"").count(), 2, "{text}");
        let (_, rest) = text.split_once("r\"\"\"").unwrap();
        let (body, _) = rest.split_once("\"\"\"").unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), request.body);
        assert!(text.contains("\"x-api-key\": os.environ[\"MY_KEY\"],"), "{text}");
        assert!(text.contains("\"anthropic-version\": \"2023-06-01\","), "{text}");
        assert!(text.contains("\"x-team\": os.environ[\"TEAM\"],"), "{text}");
        assert!(text.contains("\"x-b\": \"b \" + os.environ[\"A\"] + \".\","), "{text}");
    }
}
