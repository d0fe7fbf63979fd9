//! A request as a `curl` command line.

use super::{HeaderPart, header_parts};
use crate::{
    pipeline::PlainRequest,
    text::{json, shell},
};

/// Writes the command. The key is taken from an environment variable, where one is named. The body
/// goes in as a here-document, so that no character of it matters to the shell; none of its lines
/// can end that document, because JSON writes line breaks of texts as `\n`. An exclamation mark is an
/// escape there: bash 3.2, which macOS has, takes it for its history in a here-document too.
pub(super) fn curl(request: &PlainRequest, key: Option<&str>) -> String {
    let mut lines = vec![
        format!("curl -sS -N {}", shell::quoted(&request.url)),
        "  -H 'content-type: application/json'".to_owned(),
    ];
    lines.extend(request.headers.iter().map(|(name, value)| format!("  -H {}", header(name, value))));
    lines.extend(key.map(|key| format!("  -H \"{}: {}${key}\"", request.key.0, request.key.1)));
    let body = json::to_pretty(&request.body).unwrap_or_default();
    let body = json::escape(&body, |c| c == '!');
    format!("{} \\\n  --data-binary @- <<'JSON'\n{body}\nJSON\n", lines.join(" \\\n"))
}

/// Writes a header as one word of a shell's, with a variable for every secret.
fn header(name: &str, value: &str) -> String {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_shell_sees_one_command_whatever_is_in_the_body() {
        let request = PlainRequest {
            url: "http://127.0.0.1:8080/v1/chat/completions".to_owned(),
            headers: vec![("x-team".to_owned(), "it's us".to_owned())],
            key: ("authorization", "Bearer "),
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
            assert_eq!(header(name, value), want);
        }
    }
}
