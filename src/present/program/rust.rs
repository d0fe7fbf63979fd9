//! The program in Rust, which needs `serde_json`; it is sent with whatever HTTP client there is.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    model::Wire,
    present::{
        program::{
            NOTHING, ProgramNames, PromptProgram, TextPart, code::ProgramVariable, identifier, lines,
            rust_code::RustCode, text_parts, variants::BodyVariants,
        },
        snippets::HeaderPart,
        tool_loop,
    },
    text::json,
};

/// Words of the language, and names of the program's own.
const TAKEN: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "gen", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self",
    "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while", "abstract", "become",
    "box", "do", "final", "macro", "override", "priv", "try", "typeof", "unsized", "virtual", "yield", "body",
    "request", "answer", "headers", "url", "response", "value", "text",
];

/// Writes the bytes of a file that is sent.
const BASE64: &str = r#"/// Writes bytes in base64.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain(&[0, 0]).take(3).fold(0, |word, byte| word << 8 | usize::from(*byte));
        for at in 0..4 {
            out.push(if at > chunk.len() { '=' } else { char::from(LETTERS[word >> (18 - 6 * at) & 63]) });
        }
    }
    out
}

"#;

/// Returns the expression that is true of a response that was cut off, and that of its text, an `Option<String>`.
fn reading(wire: Wire) -> (&'static str, &'static str) {
    match wire {
        Wire::OpenAi | Wire::Inference | Wire::Replicate | Wire::Command | Wire::Demo => (
            "response[\"choices\"][0][\"finish_reason\"] == \"length\"",
            "response[\"choices\"][0][\"message\"][\"content\"].as_str().map(str::to_owned)",
        ),
        Wire::Responses => (
            "response[\"status\"] == \"incomplete\"",
            "Some(\n        response[\"output\"]\n            .as_array()?\n            .iter()\n            .filter_map(|item| item[\"content\"].as_array())\n            \
             .flatten()\n            .filter_map(|part| part[\"text\"].as_str())\n            .collect(),\n    )",
        ),
        Wire::Anthropic => (
            "response[\"stop_reason\"] == \"max_tokens\"",
            "Some(response[\"content\"].as_array()?.iter().filter_map(|part| part[\"text\"].as_str()).collect())",
        ),
        Wire::Gemini => (
            "response[\"candidates\"][0][\"finishReason\"] == \"MAX_TOKENS\"",
            "Some(\n        response[\"candidates\"][0][\"content\"][\"parts\"]\n            .as_array()?\n            .iter()\n            \
             .filter(|part| part[\"thought\"] != true)\n            .filter_map(|part| part[\"text\"].as_str())\n            .collect(),\n    )",
        ),
        Wire::Ollama => (
            "response[\"done_reason\"] == \"length\"",
            "response[\"message\"][\"content\"].as_str().map(str::to_owned)",
        ),
    }
}

/// Writes a text as the language does.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// Writes a text with marks as a `String`.
fn filled(text: &str, names: &[String]) -> String {
    let part = |part: &TextPart<'_>| match part {
        TextPart::Text(text) => quoted(text),
        TextPart::Variable(place) => names.get(*place).cloned().unwrap_or_default(),
    };
    let lines: Vec<String> =
        lines(text).iter().map(|line| line.iter().map(part).collect::<Vec<_>>().join(", ")).collect();
    match lines.as_slice() {
        [only] if !only.contains(", ") && !only.starts_with('"') => format!("{only}.to_owned()"),
        [only] => format!("[{only}].concat()"),
        _ => format!("[\n        {},\n    ]\n    .concat()", lines.join(",\n        ")),
    }
}

/// Takes the texts with marks out of a value, and lists their places with what they were.
fn taken_out(value: &mut Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) if text_parts(text).iter().any(|part| matches!(part, TextPart::Variable(_))) => {
            found.push((path.to_owned(), std::mem::take(text)));
        }
        Value::Array(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                taken_out(item, &format!("{path}[{at}]"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                taken_out(field, &format!("{path}[{}]", quoted(name)), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn joined(parts: &[HeaderPart<'_>]) -> String {
    let part = |part: &HeaderPart<'_>| match part {
        HeaderPart::Text(text) => quoted(text),
        HeaderPart::Variable(name) => format!("&std::env::var({})?", quoted(name)),
    };
    match parts {
        [] => "String::new()".to_owned(),
        [HeaderPart::Text(text)] => format!("{}.to_owned()", quoted(text)),
        [HeaderPart::Variable(name)] => format!("std::env::var({})?", quoted(name)),
        parts => format!("[{}].concat()", parts.iter().map(part).collect::<Vec<_>>().join(", ")),
    }
}

/// Writes a value as JSON in a text of the language.
fn raw(value: &Value) -> String {
    let body = json::to_pretty(value).unwrap_or_default();
    let fence = (1..=body.len() + 1)
        .map(|count| "#".repeat(count))
        .find(|fence| !body.contains(&format!("\"{fence}")))
        .unwrap_or_default();
    format!("r{fence}\"{body}\"{fence}")
}

/// Lists the fields of a body whose lists have items that go with their messages.
fn optional_lists(variants: &BodyVariants) -> Vec<(&String, &Vec<Value>)> {
    let has_optional = |name: &String| variants.items.iter().any(|item| item.field == *name);
    let lists = variants.body.iter().filter_map(|(name, value)| Some((name, value.as_array()?)));
    lists.filter(|(name, _)| has_optional(name)).collect()
}

/// Writes a value as `json!` takes it, from a line of this depth on.
fn json_value(value: &Value, depth: usize, names: &[String]) -> String {
    let (inner, end) = ("    ".repeat(depth + 1), "    ".repeat(depth));
    match value {
        Value::String(text) => match text_parts(text).as_slice() {
            [TextPart::Text(text)] => quoted(text),
            [TextPart::Variable(place)] => names.get(*place).cloned().unwrap_or_default(),
            _ => format!("({})", filled(text, names)),
        },
        Value::Array(items) if !items.is_empty() => {
            let items = items.iter().map(|item| format!("{inner}{},\n", json_value(item, depth + 1, names)));
            format!("[\n{}{end}]", items.collect::<String>())
        }
        Value::Object(fields) if !fields.is_empty() => {
            let field = |(name, value): (&String, &Value)| {
                format!("{inner}{}: {},\n", quoted(name), json_value(value, depth + 1, names))
            };
            format!("{{\n{}{end}}}", fields.iter().map(field).collect::<String>())
        }
        Value::Array(_) | Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Writes the function that makes the body, in which texts with marks were found by their places.
fn request(program: &PromptProgram, names: &ProgramNames, found: &[(String, String)]) -> String {
    let variants = &program.variants;
    let is_coded = !program.messages.is_empty();
    let parameter = |(variable, name): (&ProgramVariable, &String)| {
        let kind = if variable.is_value { "&Value" } else { "&str" };
        if variable.is_optional { format!("{name}: Option<{kind}>") } else { format!("{name}: {kind}") }
    };
    let parameters: Vec<String> = program.variables.iter().zip(&names.values).map(parameter).collect();
    let returned = if is_coded { "Result<Value, String>" } else { "Value" };
    let why = if is_coded { " Fails where a value is missing or of another kind than a message needs." } else { "" };
    let mut out = format!(
        "/// Returns the body of the request.{why}\npub fn request({}) -> {returned} {{\n",
        parameters.join(", ")
    );
    let given = |place: usize| {
        let name = names.value(place);
        match program.variables.get(place) {
            Some(ProgramVariable { is_value: true, is_optional: true, .. }) => format!("&{name}.cloned()"),
            Some(ProgramVariable { is_value: true, .. }) => format!("&Some({name}.clone())"),
            Some(ProgramVariable { is_optional: true, .. }) => format!("&{name}.map(Value::from)"),
            Some(ProgramVariable { .. }) | None => format!("&Some(Value::from({name}))"),
        }
    };
    for (text, writer, given) in names.messages(program, given) {
        let _ = writeln!(out, "    let {text}: &str = &{writer}({given})?;");
    }
    for (file, name) in names.files(program) {
        let _ = writeln!(out, "    let {name}: &str = &base64(include_bytes!({}));", quoted(file));
    }
    let blank = |name: &str| format!("{name}.trim().is_empty()");
    if !variants.needed.is_empty() {
        let empty = names.blank([&variants.needed, &[]], blank, "&&", "!");
        let _ = writeln!(out, "    if {empty} {{\n        return Err({NOTHING:?}.to_owned());\n    }}");
    }
    let mutable = if found.is_empty() && variants.items.is_empty() && variants.fields.is_empty() { "" } else { "mut " };
    let _ = writeln!(out, "    let {mutable}body: Value = serde_json::from_str(BODY).unwrap_or_default();");
    for (path, text) in found {
        let _ = writeln!(out, "    {path} = {}.into();", filled(text, &names.values));
    }
    for (name, items) in optional_lists(variants) {
        let list = identifier(name, &names.taken, &names.values);
        let _ = writeln!(out, "    let mut {list}: Vec<Value> = Vec::new();");
        for (at, item) in items.iter().enumerate() {
            let own = variants.items.iter().find(|own| own.field == *name && own.item == at);
            let written = |depth: usize| format!("{list}.push(json!({}));", json_value(item, depth, &names.values));
            let _ = match own {
                None => writeln!(out, "    {}", written(1)),
                Some(own) => {
                    let sent = names.sent(own, blank, ["&&", "||", "!"]);
                    writeln!(out, "    if {sent} {{\n        {}\n    }}", written(2))
                }
            };
        }
        let _ = writeln!(out, "    body[{}] = {list}.into();", quoted(name));
    }
    for field in &variants.fields {
        let all = names.blank([&field.empty, &field.filled], blank, "&&", "!");
        let _ = writeln!(out, "    if {all} {{");
        let path = format!("body[{}]", quoted(&field.name));
        match &field.value {
            None => {
                let name = quoted(&field.name);
                let _ = writeln!(out, "        body.as_object_mut().map(|fields| fields.remove({name}));");
            }
            Some(value) => {
                let (mut value, mut within) = (value.clone(), Vec::new());
                taken_out(&mut value, &path, &mut within);
                if !value.is_string() || within.is_empty() {
                    let text = raw(&value);
                    let _ = writeln!(out, "        {path} = serde_json::from_str({text}).unwrap_or_default();");
                }
                for (path, text) in within {
                    let _ = writeln!(out, "        {path} = {}.into();", filled(&text, &names.values));
                }
            }
        }
        out.push_str("    }\n");
    }
    out.push_str(if is_coded { "    Ok(body)\n}\n" } else { "    body\n}\n" });
    out
}

/// Writes the module: the request as a function, and what sends or reads it.
pub(super) fn write(program: &PromptProgram) -> String {
    let names = program.names(TAKEN, &RustCode);
    let mut fields = program.variants.body.clone();
    for (name, _) in optional_lists(&program.variants) {
        // It is built item by item.
        fields.insert(name.clone(), Value::Array(Vec::new()));
    }
    let mut body = Value::Object(fields);
    let mut found = Vec::new();
    taken_out(&mut body, "body", &mut found);
    let body = raw(&body);
    let request = request(program, &names, &found);
    let code = program.functions(&names, &RustCode, &request);
    let code: String = code.iter().flat_map(|part| [part.as_str(), "\n"]).collect();
    let headers: Vec<String> = program
        .headers()
        .iter()
        .map(|(name, parts)| format!("        ({}, {}),\n", quoted(name), joined(parts)))
        .collect();
    let headers = headers.concat();
    let reads = "Result<Vec<(&'static str, String)>, std::env::VarError>";
    let answered = tool_loop::rust(&program.request);
    let has_json = request.contains("json!(") || answered.as_ref().is_some_and(|lines| lines.contains("json!"));
    let used = if has_json { "{Value, json}" } else { "Value" };
    let mut out = format!("// {}\n\nuse serde_json::{used};\n\n", program.about);
    let _ = match program.address().as_slice() {
        [HeaderPart::Text(url)] => {
            write!(out, "/// Where the request goes, with POST.\npub const URL: &str = {};\n\n", quoted(url))
        }
        parts => write!(
            out,
            "/// Returns where the request goes, with POST. Escape what is in the environment first, if it needs to be.\n\
             pub fn url() -> Result<String, std::env::VarError> {{\n    Ok({})\n}}\n\n",
            joined(parts)
        ),
    };
    let _ = write!(
        out,
        "/// Returns the headers of the request. Fails where an environment variable is missing.\npub fn headers() -> {reads} {{\n    Ok(vec![\n{headers}    ])\n}}\n\n\
         const BODY: &str = {body};\n\n{code}"
    );
    if !program.files.is_empty() {
        out.push_str(BASE64);
    }
    out.push_str(&request);
    let (cut, text) = reading(program.wire);
    let what = if program.is_json { ", which is JSON" } else { "" };
    let _ = write!(
        out,
        "\n/// Finds the text of the answer in the response{what}; none where there is none, or it was cut off at the token limit.\n\
         pub fn answer(response: &Value) -> Option<String> {{\n    if {cut} {{\n        return None;\n    }}\n    {text}\n}}\n"
    );
    if let Some(answered) = answered {
        let _ = write!(out, "\n{answered}");
    }
    out
}
