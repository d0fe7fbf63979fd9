//! A stored prompt as a module of a program: a function that makes the request, with a parameter for each variable, and
//! one that asks. The request is the one that retort would send, whatever wire its target speaks.

mod python;
mod rust;
mod typescript;

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    model::{Wire, transport::TransportSettings},
    pipeline::PlainRequest,
    present::snippets::{HeaderPart, divided, header_parts},
    text::json,
};

/// What begins and what ends the mark of a variable in a request: characters of nobody's.
const MARK: (char, char) = ('\u{10fffc}', '\u{10fffd}');

/// A language that a program is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProgramLanguage {
    Python,
    TypeScript,
    Rust,
}

/// What a program is made of.
#[derive(Debug)]
pub(crate) struct PromptProgram {
    /// The prompt's name.
    pub name: String,
    /// What it was written of, in a line.
    pub about: String,
    pub wire: Wire,
    /// The request, in which [`mark`] stands for each variable.
    pub request: PlainRequest,
    /// The environment variable that the key is in.
    pub key: Option<String>,
    /// The way to the provider.
    pub transport: TransportSettings,
    /// The variables, in the order of the parameters.
    pub variables: Vec<String>,
    /// Whether the answer is read as JSON.
    pub is_json: bool,
}

/// Returns what stands in a request for a variable, by its place among them.
pub(crate) fn mark(place: usize) -> String {
    format!("{}{place}{}", MARK.0, MARK.1)
}

/// Tells whether a text could be taken for one with marks.
pub(crate) fn is_marked(text: &str) -> bool {
    text.contains([MARK.0, MARK.1])
}

/// Puts something else in the place of each mark of a text.
pub(crate) fn unmarked(text: &str, name: impl Fn(usize) -> String) -> String {
    let part = |part: TextPart<'_>| match part {
        TextPart::Text(text) => text.to_owned(),
        TextPart::Variable(place) => name(place),
    };
    text_parts(text).into_iter().map(part).collect()
}

impl PromptProgram {
    /// Writes the module in a language.
    pub(crate) fn write(&self, language: ProgramLanguage) -> String {
        match language {
            ProgramLanguage::Python => python::write(self),
            ProgramLanguage::TypeScript => typescript::write(self),
            ProgramLanguage::Rust => rust::write(self),
        }
    }

    /// Tells whether the model may call tools.
    pub(crate) fn has_tools(&self) -> bool {
        self.request.body.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty())
    }

    /// Names the function that asks, and the parameters, none of which is one of the words that are `taken`.
    fn names(&self, taken: &[&str]) -> (String, Vec<String>) {
        let own = identifier(&self.name, taken, &[]);
        let mut names: Vec<String> = Vec::new();
        for variable in &self.variables {
            let name = identifier(variable, taken, &names);
            names.push(name);
        }
        (own, names)
    }

    /// Lists the headers of the request, its key's among them, each with the parts of its value.
    fn headers(&self) -> Vec<(String, Vec<HeaderPart<'_>>)> {
        let mut headers = vec![("content-type".to_owned(), vec![HeaderPart::Text("application/json".into())])];
        headers.extend(self.request.headers.iter().map(|(name, value)| (name.clone(), header_parts(name, value))));
        headers.extend(self.key.as_ref().map(|key| {
            let before = Some(self.request.key.1.as_str()).filter(|before| !before.is_empty());
            let parts = before
                .map(|before| HeaderPart::Text(before.into()))
                .into_iter()
                .chain([HeaderPart::Variable(key.clone())]);
            (self.request.key.0.clone(), parts.collect())
        }));
        headers
    }

    /// Writes the address as parts; what is in a variable is to be escaped.
    fn address(&self) -> Vec<HeaderPart<'static>> {
        let (plain, secret) = divided(&self.request);
        let mut before = if plain.contains('?') { '&' } else { '?' };
        let mut parts = vec![(false, plain)];
        for (name, value) in secret {
            parts.push((false, format!("{before}{name}=")));
            before = '&';
            parts.extend(value.into_iter().map(|part| match part {
                HeaderPart::Text(text) => (false, text.into_owned()),
                HeaderPart::Variable(variable) => (true, variable),
            }));
        }
        let mut joined: Vec<HeaderPart<'static>> = Vec::new();
        let mut text = String::new();
        for (is_variable, part) in parts {
            if !is_variable {
                text.push_str(&part);
                continue;
            }
            joined.push(HeaderPart::Text(std::mem::take(&mut text).into()));
            joined.push(HeaderPart::Variable(part));
        }
        if !text.is_empty() || joined.is_empty() {
            joined.push(HeaderPart::Text(text.into()));
        }
        joined
    }
}

/// A stretch of a text of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextPart<'a> {
    Text(&'a str),
    /// A variable, by its place.
    Variable(usize),
}

/// Cuts a text at its marks.
fn text_parts(text: &str) -> Vec<TextPart<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(MARK.0) {
        let Some((place, tail)) = after.split_once(MARK.1) else { break };
        if !before.is_empty() {
            parts.push(TextPart::Text(before));
        }
        parts.extend(place.parse().ok().map(TextPart::Variable));
        rest = tail;
    }
    if !rest.is_empty() || parts.is_empty() {
        parts.push(TextPart::Text(rest));
    }
    parts
}

/// How a language writes values. Its texts are those of JSON, joined by `+`.
struct LiteralStyle {
    null: &'static str,
    truth: (&'static str, &'static str),
    /// The white space of one level.
    indent: &'static str,
}

impl LiteralStyle {
    /// Writes a value as an expression that begins on a line of this depth.
    fn value(&self, value: &Value, depth: usize, names: &[String]) -> String {
        let inner = self.indent.repeat(depth + 1);
        let end = self.indent.repeat(depth);
        match value {
            Value::Null => self.null.to_owned(),
            Value::Bool(true) => self.truth.0.to_owned(),
            Value::Bool(false) => self.truth.1.to_owned(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => self.text(text, depth, names),
            Value::Array(items) if items.is_empty() => "[]".to_owned(),
            Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
            Value::Array(items) => {
                let mut out = "[\n".to_owned();
                for item in items {
                    let _ = writeln!(out, "{inner}{},", self.value(item, depth + 1, names));
                }
                out + &end + "]"
            }
            Value::Object(fields) => {
                let mut out = "{\n".to_owned();
                for (name, value) in fields {
                    let _ = writeln!(out, "{inner}{}: {},", quoted(name), self.value(value, depth + 1, names));
                }
                out + &end + "}"
            }
        }
    }

    /// Writes a text, each of its lines on one of its own.
    fn text(&self, text: &str, depth: usize, names: &[String]) -> String {
        let lines: Vec<String> = lines(text)
            .iter()
            .map(|line| {
                let part = |part: &TextPart<'_>| match part {
                    TextPart::Text(text) => quoted(text),
                    TextPart::Variable(place) => names.get(*place).cloned().unwrap_or_default(),
                };
                line.iter().map(part).collect::<Vec<_>>().join(" + ")
            })
            .collect();
        if let [only] = lines.as_slice() {
            return only.clone();
        }
        let (inner, end) = (self.indent.repeat(depth + 1), self.indent.repeat(depth));
        format!("(\n{inner}{}\n{end})", lines.join(&format!("\n{inner}+ ")))
    }
}

/// Cuts a text into its lines, and these at their marks.
fn lines(text: &str) -> Vec<Vec<TextPart<'_>>> {
    if text.is_empty() {
        return vec![text_parts(text)];
    }
    text.split_inclusive('\n').map(text_parts).collect()
}

/// Writes a text as JSON does, which Python and JavaScript read the same.
fn quoted(text: &str) -> String {
    json::to_line(text).unwrap_or_default()
}

/// Makes a name that a language takes out of any, and none of the words that are `taken` or `known`.
fn identifier(text: &str, taken: &[&str], known: &[String]) -> String {
    let mut name: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        name.insert_str(0, "v_");
    }
    while taken.contains(&name.as_str()) || known.contains(&name) {
        name.push('_');
    }
    name
}
