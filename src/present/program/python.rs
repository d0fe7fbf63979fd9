//! The program in Python, which needs nothing but Python.

use std::fmt::Write as _;

use crate::{
    model::Wire,
    present::{
        program::{
            LiteralStyle, NOTHING, ProgramNames, PromptProgram, python_code::PythonCode, quoted, variants::OptionalItem,
        },
        snippets::{HeaderPart, python_opener},
        tool_loop,
    },
};

const STYLE: LiteralStyle = LiteralStyle { null: "None", truth: ("True", "False"), indent: "    " };

/// Words of the language, and names of the program's own.
const TAKEN: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "answer", "ask", "asked", "body", "call",
    "json", "opener", "os", "proxy", "request", "response", "ssl", "text", "tls", "urllib",
];

/// Reads a file that is sent.
const FILE_BESIDE: &str = r#"

def file_beside(name):
    """Returns the bytes of a file beside this program, in base64."""
    return base64.b64encode((pathlib.Path(__file__).parent / name).read_bytes()).decode()
"#;

/// Seconds that an answer is waited for.
const PATIENCE: u32 = 120;

/// Returns the expression that is true of an answer that was cut off, and that of its text.
fn reading(wire: Wire) -> (&'static str, &'static str) {
    match wire {
        Wire::OpenAi | Wire::Inference | Wire::Replicate | Wire::Command | Wire::Demo => (
            "answer[\"choices\"][0].get(\"finish_reason\") == \"length\"",
            "answer[\"choices\"][0][\"message\"][\"content\"]",
        ),
        Wire::Responses => (
            "answer.get(\"status\") == \"incomplete\"",
            "\"\".join(\n        part[\"text\"]\n        for item in answer[\"output\"]\n        if item[\"type\"] == \"message\"\n        \
             for part in item[\"content\"]\n        if part[\"type\"] == \"output_text\"\n    )",
        ),
        Wire::Anthropic => (
            "answer.get(\"stop_reason\") == \"max_tokens\"",
            "\"\".join(part[\"text\"] for part in answer[\"content\"] if part[\"type\"] == \"text\")",
        ),
        Wire::Gemini => (
            "answer[\"candidates\"][0].get(\"finishReason\") == \"MAX_TOKENS\"",
            "\"\".join(\n        part.get(\"text\", \"\")\n        for part in answer[\"candidates\"][0][\"content\"][\"parts\"]\n        \
             if not part.get(\"thought\")\n    )",
        ),
        Wire::Ollama => ("answer.get(\"done_reason\") == \"length\"", "answer[\"message\"][\"content\"]"),
    }
}

fn joined(parts: &[HeaderPart<'_>], escapes: bool) -> String {
    let part = |part: &HeaderPart<'_>| match part {
        HeaderPart::Text(text) => quoted(text),
        HeaderPart::Variable(variable) if escapes => {
            format!("urllib.parse.quote(os.environ[{}], safe=\"\")", quoted(variable))
        }
        HeaderPart::Variable(variable) => format!("os.environ[{}]", quoted(variable)),
    };
    let parts: Vec<String> = parts.iter().map(part).collect();
    if parts.is_empty() { "\"\"".to_owned() } else { parts.join(" + ") }
}

/// Writes the module: the request as a function, and what sends or reads it.
pub(super) fn write(program: &PromptProgram) -> String {
    let names = program.names(TAKEN, &PythonCode);
    let (own, request) = (&names.own, request(program, &names));
    let (needed, optional) = parameters(program, &names);
    let parameters = [needed.clone(), optional.clone()].concat().join(", ");
    let request = format!("def request({parameters}):\n    \"\"\"Returns the body of the request.\"\"\"\n{request}");
    let code = program.functions(&names, &PythonCode, &request);
    let code: String = code.iter().flat_map(|part| ["\n\n", part.as_str()]).collect();
    let url = joined(&program.address(), true);
    let headers: Vec<String> = program
        .headers()
        .iter()
        .map(|(name, parts)| format!("            {}: {},\n", quoted(name), joined(parts, false)))
        .collect();
    let headers = headers.concat();
    let (opener, open) = python_opener(&program.transport);
    let answered = tool_loop::python(&program.request);
    let mut out = format!("\"\"\"{}\"\"\"\n\n", program.about.replace('\\', "").replace('"', "'"));
    if !program.files.is_empty() {
        out.push_str("import base64\n");
    }
    out.push_str("import json\n");
    if headers.contains("os.environ") || url.contains("os.environ") || opener.contains("os.") {
        out.push_str("import os\n");
    }
    if !program.files.is_empty() {
        out.push_str("import pathlib\n");
    }
    if ["re.fullmatch(", "re.split(", "re.sub("].iter().any(|call| code.contains(call)) {
        out.push_str("import re\n");
    }
    if opener.contains("ssl.") {
        out.push_str("import ssl\n");
    }
    if url.contains("urllib.parse") {
        out.push_str("import urllib.parse\n");
    }
    out.push_str("import urllib.request\n");
    if !opener.is_empty() {
        let _ = write!(out, "\n{opener}");
    }
    let given = names.values.get(..program.variables.len()).unwrap_or_default().join(", ");
    if !program.files.is_empty() {
        out.push_str(FILE_BESIDE);
    }
    let _ = write!(out, "{code}\n\n{request}");
    let ask = |body: &str| {
        format!(
            "    asked = urllib.request.Request(\n        {url},\n        data=json.dumps({body}).encode(),\n        headers={{\n{headers}        }},\n    )\n    \
             with {open}(asked, timeout={PATIENCE}) as response:\n        "
        )
    };
    let (cut, text) = reading(program.wire);
    let what = if program.is_json { "the value that the answer is the JSON of" } else { "the text of the answer" };
    let _ = match answered {
        None => write!(
            out,
            "\n\ndef {own}({parameters}):\n    \"\"\"Asks, and returns {what}.\"\"\"\n{}answer = json.load(response)\n",
            ask(&format!("request({given})"))
        ),
        Some(answered) => {
            // What has a value of its own stands behind what has none.
            let more = [needed, vec!["call".to_owned()], optional].concat().join(", ");
            let ask = indented(&format!("def ask():\n{}return json.load(response)\n", ask("body")));
            write!(
                out,
                "\n\ndef {own}({more}):\n    \"\"\"Asks, and returns {what}.\n\n    call(name, arguments) returns what a tool returns for its arguments: a text.\n    \
                 \"\"\"\n    body = request({given})\n\n{ask}\n{}",
                indented(&answered)
            )
        }
    };
    let value = if program.is_json { "json.loads(text)" } else { "text" };
    let _ = write!(
        out,
        "    if {cut}:\n        raise ValueError(\"the answer was cut off at the token limit\")\n    text = {text}\n    return {value}\n"
    );
    out
}

/// Lists the parameters that are needed, and those that have a value of their own.
fn parameters(program: &PromptProgram, names: &ProgramNames) -> (Vec<String>, Vec<String>) {
    let (mut needed, mut optional) = (Vec::new(), Vec::new());
    for (variable, name) in program.variables.iter().zip(&names.values) {
        if variable.is_optional {
            optional.push(format!("{name}=MISSING"));
        } else {
            needed.push(name.clone());
        }
    }
    (needed, optional)
}

/// Writes what makes the body.
fn request(program: &PromptProgram, names: &ProgramNames) -> String {
    let variants = &program.variants;
    let blank = |name: &str| format!("blank({name})");
    let mut out = String::new();
    for (text, writer, given) in names.messages(program, |place| names.value(place).to_owned()) {
        let _ = writeln!(out, "    {text} = {writer}({given})");
    }
    for (file, name) in names.files(program) {
        let _ = writeln!(out, "    {name} = file_beside({})", quoted(file));
    }
    if !variants.needed.is_empty() {
        let empty = names.blank([&variants.needed, &[]], blank, "and", "not ");
        let _ = writeln!(out, "    if {empty}:\n        raise ValueError({})", quoted(NOTHING));
    }
    let optional = |written: &str, item: &OptionalItem| {
        format!("*([] if {} else [{written}])", names.left_out(item, blank, "and", "not "))
    };
    let body = STYLE.body(variants, &names.values, optional);
    if variants.fields.is_empty() {
        let _ = writeln!(out, "    return {body}");
        return out;
    }
    let _ = writeln!(out, "    body = {body}");
    for field in &variants.fields {
        let all = names.blank([&field.empty, &field.filled], blank, "and", "not ");
        let name = quoted(&field.name);
        let _ = match &field.value {
            Some(value) => {
                writeln!(out, "    if {all}:\n        body[{name}] = {}", STYLE.value(value, 2, &names.values))
            }
            None => writeln!(out, "    if {all}:\n        del body[{name}]"),
        };
    }
    out.push_str("    return body\n");
    out
}

/// Moves lines a level to the right.
fn indented(lines: &str) -> String {
    lines.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}
