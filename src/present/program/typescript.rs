//! The program in TypeScript, which needs nothing but `fetch`.

use std::fmt::Write as _;

use crate::{
    model::Wire,
    present::{
        program::{
            LiteralStyle, NOTHING, ProgramNames, PromptProgram, code::ProgramVariable, quoted,
            typescript_code::TypeScriptCode, variants::OptionalItem,
        },
        snippets::HeaderPart,
        tool_loop,
    },
};

const STYLE: LiteralStyle = LiteralStyle { null: "null", truth: ("true", "false"), indent: "  " };

/// Words of the language, and names of the program's own.
const TAKEN: &[&str] = &[
    "any",
    "arguments",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "answer",
    "process",
    "request",
    "response",
    "text",
    "variables",
    "Variables",
];

/// Reads a file that is sent.
const FILE_BESIDE: &str = r#"import { readFileSync } from "node:fs";

/** Returns the bytes of a file beside this program, in base64. */
function fileBeside(name: string): string {
  return readFileSync(new URL(encodeURIComponent(name), import.meta.url)).toString("base64");
}

"#;

/// Returns the expression that is true of an answer that was cut off, and that of its text.
fn reading(wire: Wire) -> (&'static str, &'static str) {
    match wire {
        Wire::OpenAi | Wire::Inference | Wire::Replicate | Wire::Command | Wire::Demo => {
            ("answer.choices[0].finish_reason === \"length\"", "answer.choices[0].message.content")
        }
        Wire::Responses => (
            "answer.status === \"incomplete\"",
            "answer.output\n    .filter((item: any) => item.type === \"message\")\n    .flatMap((item: any) => item.content)\n    \
             .filter((part: any) => part.type === \"output_text\")\n    .map((part: any) => part.text)\n    .join(\"\")",
        ),
        Wire::Anthropic => (
            "answer.stop_reason === \"max_tokens\"",
            "answer.content\n    .filter((part: any) => part.type === \"text\")\n    .map((part: any) => part.text)\n    .join(\"\")",
        ),
        Wire::Gemini => (
            "answer.candidates[0].finishReason === \"MAX_TOKENS\"",
            "answer.candidates[0].content.parts\n    .filter((part: any) => !part.thought)\n    .map((part: any) => part.text ?? \"\")\n    .join(\"\")",
        ),
        Wire::Ollama => ("answer.done_reason === \"length\"", "answer.message.content"),
    }
}

fn joined(parts: &[HeaderPart<'_>], escapes: bool) -> String {
    let variable = |name: &str| format!("process.env[{}]", quoted(name));
    let part = |part: &HeaderPart<'_>| match part {
        HeaderPart::Text(text) => quoted(text),
        HeaderPart::Variable(name) if escapes => format!("encodeURIComponent({} ?? \"\")", variable(name)),
        HeaderPart::Variable(name) => variable(name),
    };
    let mut parts: Vec<String> = parts.iter().map(part).collect();
    if !parts.iter().any(|part| part.starts_with('"')) {
        parts.insert(0, "\"\"".to_owned());
    }
    parts.join(" + ")
}

/// Writes the module: the request as a function, and what sends or reads it.
pub(super) fn write(program: &PromptProgram) -> String {
    let names = program.names(TAKEN, &TypeScriptCode);
    let (own, request) = (&names.own, request(program, &names));
    let code = program.functions(&names, &TypeScriptCode, &request);
    let code: String = code.iter().flat_map(|part| [part.as_str(), "\n"]).collect();
    let headers: Vec<String> = program
        .headers()
        .iter()
        .map(|(name, parts)| format!("      {}: {},\n", quoted(name), joined(parts, false)))
        .collect();
    let headers = headers.concat();
    let mut out = format!("// {}\n\n", program.about);
    if !program.files.is_empty() {
        out.push_str(FILE_BESIDE);
    }
    let given: Vec<&str> = names.values.iter().take(program.variables.len()).map(String::as_str).collect();
    let (taken, given, variables) = if given.is_empty() {
        ("", "", "")
    } else {
        let field = |(variable, name): (&ProgramVariable, &&str)| {
            let kind = if variable.is_value { "unknown" } else { "string" };
            format!("{name}{}: {kind}", if variable.is_optional { "?" } else { "" })
        };
        let fields: Vec<String> = program.variables.iter().zip(&given).map(field).collect();
        let _ = write!(out, "export type Variables = {{ {} }};\n\n", fields.join("; "));
        (&*format!("{{ {} }}: Variables", given.join(", ")), "variables: Variables", "variables")
    };
    let _ = write!(
        out,
        "{code}/** Returns the body of the request. */\nexport function request({taken}) {{\n{request}}}\n\n"
    );
    let (cut, text) = reading(program.wire);
    let (what, kind, returned) = if program.is_json {
        ("the value that the answer is the JSON of", "any", "JSON.parse(text)")
    } else {
        ("the text of the answer", "string", "text")
    };
    let url = joined(&program.address(), true);
    let ask = |body: &str| {
        format!(
            "  const response = await fetch({url}, {{\n    method: \"POST\",\n    headers: {{\n{headers}    }},\n    body: JSON.stringify({body}),\n    \
             signal: AbortSignal.timeout(120_000),\n  }});\n  if (!response.ok) throw new Error(`HTTP ${{response.status}}: ${{await response.text()}}`);\n"
        )
    };
    let _ = match tool_loop::typescript(&program.request) {
        None => write!(
            out,
            "/** Asks, and returns {what}. */\nexport async function {own}({given}): Promise<{kind}> {{\n{}  const answer: any = await response.json();\n",
            ask(&format!("request({variables})"))
        ),
        Some(answered) => {
            let more = if given.is_empty() { "call: Call".to_owned() } else { format!("{given}, call: Call") };
            let ask: String = ask("body").lines().flat_map(|line| ["  ", line, "\n"]).collect();
            write!(
                out,
                "/** Returns what a tool returns for its arguments. */\nexport type Call = (name: string, args: any) => string | Promise<string>;\n\n\
                 /** Asks, answers what is called, and returns {what}. */\nexport async function {own}({more}): Promise<{kind}> {{\n  \
                 const body: any = request({variables});\n  const ask = async (): Promise<any> => {{\n{ask}    return await response.json();\n  }};\n{answered}"
            )
        }
    };
    let _ = write!(
        out,
        "  if ({cut}) throw new Error(\"the answer was cut off at the token limit\");\n  const text: string = {text};\n  return {returned};\n}}\n"
    );
    out
}

/// Writes what makes the body.
fn request(program: &PromptProgram, names: &ProgramNames) -> String {
    let variants = &program.variants;
    let blank = |name: &str| format!("blank({name})");
    let mut out = String::new();
    for (text, writer, given) in names.messages(program, |place| names.value(place).to_owned()) {
        let _ = writeln!(out, "  const {text} = {writer}({given});");
    }
    for (file, name) in names.files(program) {
        let _ = writeln!(out, "  const {name} = fileBeside({});", quoted(file));
    }
    if !variants.needed.is_empty() {
        let empty = names.blank([&variants.needed, &[]], blank, "&&", "!");
        let _ = writeln!(out, "  if ({empty}) throw new Error({});", quoted(NOTHING));
    }
    let optional = |written: &str, item: &OptionalItem| {
        format!("...({} ? [] : [{written}])", names.left_out(item, blank, "&&", "!"))
    };
    let body = STYLE.body(variants, &names.values, optional);
    if variants.fields.is_empty() {
        let _ = writeln!(out, "  return {body};");
        return out;
    }
    let _ = writeln!(out, "  const body: any = {body};");
    for field in &variants.fields {
        let all = names.blank([&field.empty, &field.filled], blank, "&&", "!");
        let name = quoted(&field.name);
        let _ = match &field.value {
            Some(value) => {
                writeln!(out, "  if ({all}) {{\n    body[{name}] = {};\n  }}", STYLE.value(value, 2, &names.values))
            }
            None => writeln!(out, "  if ({all}) delete body[{name}];"),
        };
    }
    out.push_str("  return body;\n");
    out
}
