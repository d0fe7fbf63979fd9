//! A request as a `curl` command line, as a Python program that needs nothing but Python, and as a promptfoo test case.
//!
//! The form of a test case is that of <https://www.promptfoo.dev/docs/configuration/test-cases/>. Texts are written
//! as JSON writes them, which YAML reads as they are.

use std::{borrow::Cow, fmt::Write as _};

use serde_json::Value;

use crate::{
    eval::check::promptfoo,
    model::{
        Attachment, Input, KeySource, Prompt, Settings, Target, header,
        header::HeaderPiece,
        transport::{ProxySetting, TransportSettings},
    },
    pipeline::PlainRequest,
    present::tool_loop,
    template,
    text::{clean_line, json, shell},
};

/// Returns the way to a target's provider.
pub(crate) fn transport(target: &Target, settings: &Settings) -> TransportSettings {
    settings.providers.get(&target.provider).map(|provider| provider.transport.clone()).unwrap_or_default()
}

/// Names the environment variable that the key is in: the first that the settings name for the
/// provider, else one that a person can fill; none where the provider has no keys.
pub(crate) fn key_variable(target: &Target, settings: &Settings) -> Option<String> {
    let Some(provider) = settings.providers.get(&target.provider) else {
        return target.vendor().filter(|_| target.needs_key())?.key_env.first().cloned();
    };
    let sources = &provider.api_keys;
    let named = sources.iter().find_map(|source| match source {
        KeySource::Env(name) if header::is_variable(name) => Some(name.clone()),
        KeySource::Env(_) | KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => None,
    });
    named.or_else(|| (!sources.is_empty()).then(|| "API_KEY".to_owned()))
}

/// Writes the command, which goes the provider's own way. The key is taken from an environment variable, where one is
/// named. The body goes in as a here-document, so that no character of it matters to the shell; none of its lines
/// can end that document, because JSON writes line breaks of texts as `\n`. An exclamation mark is an
/// escape there: bash 3.2, which macOS has, takes it for its history in a here-document too.
pub(crate) fn curl(request: &PlainRequest, key: Option<&str>, transport: &TransportSettings) -> String {
    let mut lines =
        vec![format!("curl -sS -N {}", shell_url(request)), "  -H 'content-type: application/json'".to_owned()];
    lines.extend(request.headers.iter().map(|(name, value)| format!("  -H {}", shell_header(name, value))));
    lines.extend(key.map(|key| format!("  -H \"{}: {}${key}\"", request.key.0, request.key.1)));
    let TransportSettings { ca_file, client_cert, client_key, proxy } = transport;
    lines.extend(proxy.as_ref().map(|proxy| match proxy {
        ProxySetting::Direct => "  --noproxy '*'".to_owned(),
        ProxySetting::At(address) => format!("  --proxy {}", shell::word(address.label())),
        ProxySetting::Source(source) => format!("  --proxy \"${}\"", header::variable("proxy", source)),
    }));
    let files = [("--cacert", ca_file), ("--cert", client_cert), ("--key", client_key)];
    lines.extend(files.into_iter().filter_map(|(name, path)| Some(format!("  {name} {}", shell_path(path.as_ref()?)))));
    let body = json::to_pretty(&request.body).unwrap_or_default();
    let body = json::escape(&body, |c| c == '!');
    let left_out = left_out(request);
    format!("{left_out}{} \\\n  --data-binary @- <<'JSON'\n{body}\nJSON\n", lines.join(" \\\n"))
}

/// Says, in lines of comment, how the bytes of files come into the body, which names the files in their place.
fn left_out(request: &PlainRequest) -> String {
    let files = request.attachments.iter().filter(|attachment| attachment.url().is_none());
    let line = |attachment: &Attachment| {
        let (stands, name) = (clean_line(&attachment.base64()).to_string(), clean_line(&attachment.name).to_string());
        format!("# In the place of `{stands}` put what this prints: base64 < {} | tr -d '\\n'\n", shell::word(&name))
    };
    files.map(line).collect()
}

/// Writes a path of the settings as one word of a shell's, which knows where the home folder is.
fn shell_path(path: &str) -> String {
    let path = path.trim();
    path.strip_prefix("~/").map_or_else(|| shell::word(path), |rest| format!("~/{}", shell::word(rest)))
}

/// Writes a request's address as one word of a shell's, with a variable for every secret in its query.
fn shell_url(request: &PlainRequest) -> String {
    let (plain, secret) = divided(request);
    let mut word = shell::quoted(&plain);
    for (at, (name, parts)) in secret.into_iter().enumerate() {
        let before = if at == 0 && !plain.contains('?') { '?' } else { '&' };
        word.push_str(&shell::quoted(&format!("{before}{name}=")));
        word.extend(parts.into_iter().map(|part| match part {
            HeaderPart::Text(text) => shell::quoted(&text),
            HeaderPart::Variable(variable) => format!("\"${variable}\""),
        }));
    }
    word
}

/// Writes a request's address with what of its query is plain, and lists the rest.
pub(crate) fn divided(request: &PlainRequest) -> (String, Vec<(&str, Vec<HeaderPart<'_>>)>) {
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
#[derive(Debug)]
pub(crate) enum HeaderPart<'a> {
    Text(Cow<'a, str>),
    /// The environment variable that the secret is in.
    Variable(String),
}

/// Writes a header's value with a variable for every secret: the one it is read from, else one named like the header,
/// which a person can fill.
pub(crate) fn header_parts<'a>(name: &str, value: &'a str) -> Vec<HeaderPart<'a>> {
    let part = |part| match part {
        HeaderPiece::Text(text) => HeaderPart::Text(text.into()),
        HeaderPiece::Secret(source) => HeaderPart::Variable(header::variable(name, &source)),
    };
    header::parts(value).into_iter().map(part).collect()
}

/// Writes a header as one word of a shell's, with a variable for every secret.
fn shell_header(name: &str, value: &str) -> String {
    let mut parts = header_parts(name, value);
    let name = format!("{name}: ");
    parts.insert(0, HeaderPart::Text(name.as_str().into()));
    let secret = parts.iter().any(|part| matches!(part, HeaderPart::Variable(_)));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ':' | '/' | ',' | ';' | '=');
    let simple = parts.iter().all(|part| match part {
        HeaderPart::Text(text) => text.chars().all(plain),
        HeaderPart::Variable(_) => true,
    });
    let written = parts.iter().enumerate().map(|(at, part)| match part {
        HeaderPart::Text(text) if secret && simple => text.clone().into_owned(),
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

/// Writes the program, which goes the provider's own way. The key is taken from an environment variable, where one is
/// named.
///
/// Calls of tools are answered by a function of it that a person fills in.
///
/// The body stands in it as JSON in a raw text: JSON has no three quotation marks in a row, and
/// escapes its line breaks.
pub(crate) fn python(request: &PlainRequest, key: Option<&str>, transport: &TransportSettings) -> String {
    let text = |text: &str| json::to_line(text).unwrap_or_default();
    let mut headers = vec![("content-type".to_owned(), text("application/json"))];
    let value = |name: &str, value: &str| {
        let parts = header_parts(name, value).into_iter().map(|part| match part {
            HeaderPart::Text(part) => text(&part),
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
            HeaderPart::Text(part) => text(&part),
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
    let left_out = left_out(request);
    let (opener, open) = python_opener(transport);
    let ssl = if opener.contains("ssl.") { "import ssl\n" } else { "" };
    if let Some(answered) = tool_loop::python(request) {
        return format!(
            "{left_out}import json\nimport os\n{ssl}{parse}import urllib.request\n\nbody = json.loads(r\"\"\"\n{body}\n\"\"\")\n\
             body[\"stream\"] = False  # the whole answer at once\nbody.pop(\"stream_options\", None)\n{opener}\n\n\
             def call(name, arguments):\n    return f\"the result of {{name}}\"  # yours goes here\n\n\n\
             def ask():\n    request = urllib.request.Request(\n        {url},\n        data=json.dumps(body).encode(),\n        \
             headers={{\n{}        }},\n    )\n    with {open}(request) as response:\n        return json.load(response)\n\n\n\
             {answered}print(json.dumps(answer, indent=2, ensure_ascii=False))\n",
            headers.concat().replace("        ", "            "),
        );
    }
    format!(
        "{left_out}import json\nimport os\n{ssl}{parse}import urllib.request\n\nbody = json.loads(r\"\"\"\n{body}\n\"\"\")\n\
         body[\"stream\"] = False  # the whole answer at once\nbody.pop(\"stream_options\", None)\n\n\
         request = urllib.request.Request(\n    {},\n    data=json.dumps(body).encode(),\n    headers={{\n{}    }},\n)\n\
         {opener}with {open}(request) as response:\n    \
         print(json.dumps(json.load(response), indent=2, ensure_ascii=False))\n",
        url,
        headers.concat(),
    )
}

/// Writes what a program opens its request with: the lines that make it, and its name.
pub(crate) fn python_opener(transport: &TransportSettings) -> (String, &'static str) {
    if transport.is_empty() {
        return (String::new(), "urllib.request.urlopen");
    }
    let text = |text: &str| json::to_line(&text).unwrap_or_default();
    let path = |path: &str| match path.trim() {
        home if home.starts_with("~/") => format!("os.path.expanduser({})", text(home)),
        path => text(path),
    };
    let TransportSettings { ca_file, client_cert, client_key, proxy } = transport;
    let mut lines = String::new();
    let mut handlers = Vec::new();
    if ca_file.is_some() || client_cert.is_some() {
        lines.push_str("tls = ssl.create_default_context()\n");
        if let Some(file) = ca_file {
            let _ = writeln!(lines, "tls.load_verify_locations({})", path(file));
        }
        if let Some(file) = client_cert {
            let key = client_key.as_ref().map_or_else(String::new, |key| format!(", {}", path(key)));
            let _ = writeln!(lines, "tls.load_cert_chain({}{key})", path(file));
        }
        handlers.push("urllib.request.HTTPSHandler(context=tls)");
    }
    let address = proxy.as_ref().map(|proxy| match proxy {
        ProxySetting::Direct => None,
        ProxySetting::At(address) => Some(text(address.label())),
        ProxySetting::Source(source) => Some(format!("os.environ[{}]", text(&header::variable("proxy", source)))),
    });
    match address {
        None => {}
        Some(None) => handlers.push("urllib.request.ProxyHandler({})"),
        Some(Some(address)) => {
            // Past a proxy of another kind urllib would fail in words that do not name it.
            let _ = writeln!(lines, "proxy = {address}");
            lines.push_str("if \"://\" in proxy and not proxy.startswith(\"http\"):\n");
            lines.push_str("    raise SystemExit(\"urllib speaks to no proxy but http ones\")\n");
            handlers.push("urllib.request.ProxyHandler({\"http\": proxy, \"https\": proxy})");
        }
    }
    let _ = writeln!(lines, "opener = urllib.request.build_opener({})", handlers.join(", "));
    (lines, "opener.open")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Check, CheckKind, Format, Response, check::JsonComparison, transport::ProxyAddress};

    #[test]
    fn the_shell_sees_one_command_whatever_is_in_the_body() {
        let request = PlainRequest {
            url: "http://127.0.0.1:8080/v1/chat/completions".to_owned(),
            query: Vec::new(),
            headers: vec![("x-team".to_owned(), "it's us".to_owned())],
            key: ("authorization".to_owned(), "Bearer ".to_owned()),
            attachments: Vec::new(),
            body: json!({ "messages": [{ "content": "a\nJSON\n$(rm) 'b' !!" }] }),
        };
        let text = curl(&request, Some("MY_KEY"), &TransportSettings::default());
        assert!(text.contains("-H \"authorization: Bearer $MY_KEY\" \\\n"), "{text}");
        assert!(text.contains(r"-H 'x-team: it'\''s us'"), "{text}");
        assert_eq!(text.lines().filter(|line| *line == "JSON").count(), 1, "{text}");
        assert!(text.contains(r"$(rm) 'b' \u0021\u0021"), "{text}");
        assert!(!curl(&request, None, &TransportSettings::default()).contains("authorization"));
    }

    #[test]
    fn a_program_with_tools_answers_the_calls_as_the_provider_takes_results() {
        let request = |url: &str, body: Value| PlainRequest {
            url: url.to_owned(),
            query: Vec::new(),
            attachments: Vec::new(),
            headers: vec![("x-team".to_owned(), "us".to_owned())],
            key: ("authorization".to_owned(), "Bearer ".to_owned()),
            body,
        };
        let function = json!([{ "type": "function", "function": { "name": "f", "parameters": {} } }]);
        for (url, body, result) in [
            (
                "https://a/v1/chat/completions",
                json!({ "messages": [], "tools": function }),
                "\"tool_call_id\": one[\"id\"]",
            ),
            ("http://a/api/chat", json!({ "messages": [], "tools": function }), "\"tool_name\""),
            (
                "https://a/v1/messages",
                json!({ "messages": [], "tools": [{ "name": "f", "input_schema": {} }] }),
                "\"tool_result\"",
            ),
            ("https://a/v1/responses", json!({ "input": [], "tools": [{ "name": "f" }] }), "\"function_call_output\""),
            (
                "https://a/v1beta/m",
                json!({ "contents": [], "tools": [{ "functionDeclarations": [] }] }),
                "\"functionResponse\"",
            ),
        ] {
            let program = python(&request(url, body), Some("KEY"), &TransportSettings::default());
            assert!(program.contains(result) && program.contains("def call(name, arguments):"), "{program}");
            assert!(program.contains("\n            \"x-team\": \"us\",\n"), "{program}");
            let mut python = std::process::Command::new("python3");
            // Where there is a Python, it reads the program as one.
            if let Ok(read) = python.args(["-c", "import ast, sys; ast.parse(sys.argv[1])", &program]).status() {
                assert!(read.success(), "{program}");
            }
        }
        let without = python(&request("https://a", json!({ "messages": [] })), None, &TransportSettings::default());
        assert!(!without.contains("def call"), "{without}");
    }

    /// Runs a program of Python with what answers its requests in their place, and returns the bodies that it sent; none
    /// where there is no Python.
    fn sent(program: &str, answers: &Value) -> Option<Vec<Value>> {
        let played = "import io, json, os, sys, urllib.request\nos.environ['KEY'] = 'k'\nanswers = json.loads(sys.argv[2])\nsent = []\n\
                      def play(request):\n    sent.append(json.loads(request.data))\n    \
                      return io.BytesIO(json.dumps(answers[min(len(sent), len(answers)) - 1]).encode())\n\
                      urllib.request.urlopen = play\nout, sys.stdout = sys.stdout, io.StringIO()\nexec(sys.argv[1])\n\
                      print(json.dumps(sent), file=out)\n";
        let run = std::process::Command::new("python3").args(["-c", played, program, &answers.to_string()]).output();
        let run = run.ok()?;
        assert!(run.status.success(), "{program}\n{}", String::from_utf8_lossy(&run.stderr));
        Some(serde_json::from_slice(&run.stdout).unwrap())
    }

    #[test]
    fn a_program_forces_a_tool_once() {
        let function = json!([{ "type": "function", "function": { "name": "f", "parameters": {} } }]);
        let named = json!({ "type": "function", "function": { "name": "f" } });
        let call = json!({ "id": "1", "type": "function", "function": { "name": "f", "arguments": "{}" } });
        let chat = json!([
            { "choices": [{ "message": { "role": "assistant", "tool_calls": [call] } }] },
            { "choices": [{ "message": { "role": "assistant", "content": "done" } }] }
        ]);
        let claude = json!([
            { "content": [{ "type": "tool_use", "id": "1", "name": "f", "input": {} }] },
            { "content": [{ "type": "text", "text": "done" }] }
        ]);
        let gemini = json!([
            { "candidates": [{ "content": { "role": "model", "parts": [{ "functionCall": { "name": "f", "args": {} } }] } }] },
            { "candidates": [{ "content": { "role": "model", "parts": [{ "text": "done" }] } }] }
        ]);
        let schema = json!([{ "name": "f", "input_schema": {} }]);
        let declared = json!([{ "functionDeclarations": [{ "name": "f" }] }]);
        for (body, answers, at, then) in [
            (
                json!({ "messages": [], "tools": function, "tool_choice": "required" }),
                &chat,
                "/tool_choice",
                json!("auto"),
            ),
            (json!({ "messages": [], "tools": function, "tool_choice": named }), &chat, "/tool_choice", json!("auto")),
            (
                json!({ "messages": [], "tools": schema, "tool_choice": { "type": "tool", "name": "f" } }),
                &claude,
                "/tool_choice",
                json!({ "type": "auto" }),
            ),
            (
                json!({ "messages": [], "tools": schema, "tool_choice": { "type": "any", "disable_parallel_tool_use": true } }),
                &claude,
                "/tool_choice",
                json!({ "type": "auto", "disable_parallel_tool_use": true }),
            ),
            (
                json!({ "contents": [], "tools": declared, "toolConfig": { "functionCallingConfig": { "mode": "ANY" } } }),
                &gemini,
                "/toolConfig/functionCallingConfig/mode",
                json!("AUTO"),
            ),
            (json!({ "messages": [], "tools": function, "tool_choice": "none" }), &chat, "/tool_choice", json!("none")),
        ] {
            let request = PlainRequest {
                url: "https://a/v1/chat".to_owned(),
                query: Vec::new(),
                attachments: Vec::new(),
                headers: Vec::new(),
                key: ("authorization".to_owned(), "Bearer ".to_owned()),
                body: body.clone(),
            };
            let program = python(&request, Some("KEY"), &TransportSettings::default());
            let Some(sent) = sent(&program, answers) else { return };
            assert_eq!(sent.len(), 2, "{program}");
            assert_eq!((sent[0].pointer(at), sent[1].pointer(at)), (body.pointer(at), Some(&then)), "{program}");
        }
    }

    #[test]
    fn a_copy_goes_the_providers_own_way() {
        let request = PlainRequest {
            url: "https://llm.lab/v1/chat/completions".to_owned(),
            query: Vec::new(),
            headers: Vec::new(),
            key: ("authorization".to_owned(), "Bearer ".to_owned()),
            attachments: Vec::new(),
            body: json!({}),
        };
        let proxy = |text: &str| Some(ProxySetting::At(ProxyAddress::parse(text).unwrap()));
        let source = |source| Some(ProxySetting::Source(source));
        let file = |path: &str| Some(path.to_owned());
        for (ca_file, client_cert, client_key, proxy, shell, program) in [
            (
                None,
                None,
                None,
                proxy("proxy.lan:3128"),
                "--proxy http://proxy.lan:3128",
                "proxy = \"http://proxy.lan:3128\"",
            ),
            (None, None, None, proxy("socks5h://127.0.0.1"), "--proxy socks5h://127.0.0.1:1080", "raise SystemExit("),
            (
                None,
                None,
                None,
                source(KeySource::Env("LAB".to_owned())),
                "--proxy \"$LAB\"",
                "proxy = os.environ[\"LAB\"]",
            ),
            (
                None,
                None,
                None,
                source(KeySource::Command("pass".to_owned())),
                "--proxy \"$PROXY\"",
                "os.environ[\"PROXY\"]",
            ),
            (
                None,
                None,
                None,
                Some(ProxySetting::Direct),
                "--noproxy '*'",
                "build_opener(urllib.request.ProxyHandler({}))",
            ),
            (
                file("~/my lab/ca.pem"),
                None,
                None,
                None,
                "--cacert ~/'my lab/ca.pem'",
                "tls.load_verify_locations(os.path.expanduser(\"~/my lab/ca.pem\"))",
            ),
            (None, file("me.pem"), None, None, "--cert me.pem", "tls.load_cert_chain(\"me.pem\")"),
            (
                None,
                file("me.pem"),
                file("/k/me.key"),
                None,
                "--cert me.pem \\\n  --key /k/me.key",
                "tls.load_cert_chain(\"me.pem\", \"/k/me.key\")",
            ),
        ] {
            let tls = ca_file.is_some() || client_cert.is_some();
            let transport = TransportSettings { ca_file, client_cert, client_key, proxy };
            let (command, text) = (curl(&request, None, &transport), python(&request, None, &transport));
            assert!(command.contains(&format!("\n  {shell} \\\n")), "{shell}: {command}");
            assert!(text.contains(program) && text.contains("with opener.open(request) as response:"), "{text}");
            assert_eq!((text.contains("import ssl\n"), text.contains("context=tls")), (tls, tls), "{text}");
        }
        let plain = TransportSettings::default();
        assert!(!curl(&request, None, &plain).contains("proxy"));
        assert!(python(&request, None, &plain).contains("with urllib.request.urlopen(request) as response:"));
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
            attachments: Vec::new(),
            body: json!({ "": "", "content": "\"\"\" + evil()\n\\" }),
        };
        let text = python(&request, Some("MY_KEY"), &TransportSettings::default());
        assert_eq!(text.matches("\"\"\"").count(), 2, "{text}");
        let address = r#""https://api.example.com/v1/messages?v=2024-10-21" + "&code=" + urllib.parse.quote(os.environ["CODE"], safe=""),"#;
        assert!(text.contains(address) && text.contains("import urllib.parse\n"), "{text}");
        let shell = curl(&request, None, &TransportSettings::default());
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
