//! A stored prompt as a module of a program: a function that makes the request, with a parameter for each variable, and
//! one that asks. The request is the one that retort would send, whatever wire its target speaks.

pub(crate) mod code;
mod code_expressions;
mod code_language;
mod code_numbers;
mod code_printer;
mod code_writer;
pub(crate) mod messages;
mod python;
mod python_code;
mod python_helpers;
mod rust;
mod rust_code;
mod rust_helpers;
mod typescript;
mod typescript_code;
mod typescript_helpers;
mod variable_uses;
pub(crate) mod variants;

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    model::{Wire, transport::TransportSettings},
    pipeline::PlainRequest,
    present::{
        program::{
            code::{MessageCode, ProgramVariable},
            code_language::CodeLanguage,
            variants::{BodyVariants, OptionalItem},
        },
        snippets::{HeaderPart, divided, header_parts},
    },
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
    /// The request, its body aside.
    pub request: PlainRequest,
    /// The body, in which [`mark`] stands for each variable, and after them for each message that is written by code.
    pub variants: BodyVariants,
    /// The environment variable that the key is in.
    pub key: Option<String>,
    /// The way to the provider.
    pub transport: TransportSettings,
    /// The variables, in the order of the parameters.
    pub variables: Vec<ProgramVariable>,
    /// The messages that are written by code.
    pub messages: Vec<ProgramMessage>,
    /// The names of the files beside the program whose bytes are sent, whose marks follow those of the messages.
    pub files: Vec<String>,
    /// Whether the answer is read as JSON.
    pub is_json: bool,
}

/// A message with conditions, loops or filters.
#[derive(Debug)]
pub(crate) struct ProgramMessage {
    /// Its place among the messages that are sent, counted from 1.
    pub number: usize,
    /// Who says it, in a word.
    pub role: &'static str,
    pub code: MessageCode,
}

/// What is raised where nothing is left to send.
const NOTHING: &str = "there is nothing to send: the prompt and the input are empty";

/// A function of a program that the code of messages stands on.
struct Helper {
    name: &'static str,
    code: &'static str,
}

/// What a module's functions and parameters are called, in a spelling that its language takes.
struct ProgramNames {
    /// The function that asks.
    own: String,
    /// What stands for each mark: the parameters, and the texts of the messages that are written by code.
    values: Vec<String>,
    /// The functions that write these.
    writers: Vec<String>,
    /// What no other name may be.
    taken: Vec<&'static str>,
}

impl ProgramNames {
    /// Returns what stands for a mark.
    fn value(&self, place: usize) -> &str {
        self.values.get(place).map_or("", String::as_str)
    }

    /// Writes when an item is left out: `blank` writes that a text is, and the signs are those of `and` and `not`.
    fn left_out(&self, item: &OptionalItem, blank: impl Fn(&str) -> String, and: &str, not: &str) -> String {
        let own = blank(self.value(item.mark));
        let others: Vec<String> = item.kept_alone.iter().map(|mark| blank(self.value(*mark))).collect();
        match others.as_slice() {
            [] => own,
            [only] => format!("{own} {and} {not}{only}"),
            others => format!("{own} {and} {not}({})", others.join(&format!(" {and} "))),
        }
    }

    /// Writes when an item is sent, with the signs of `and`, `or` and `not`.
    fn sent(&self, item: &OptionalItem, blank: impl Fn(&str) -> String, [and, or, not]: [&str; 3]) -> String {
        let own = format!("{not}{}", blank(self.value(item.mark)));
        let others: Vec<String> = item.kept_alone.iter().map(|mark| blank(self.value(*mark))).collect();
        match others.as_slice() {
            [] => own,
            [only] => format!("{own} {or} {only}"),
            others => format!("{own} {or} ({})", others.join(&format!(" {and} "))),
        }
    }

    /// Lists the files beside the program, each with what stands for its bytes.
    fn files<'n>(&'n self, program: &'n PromptProgram) -> impl Iterator<Item = (&'n str, &'n str)> {
        let before = program.variables.len() + program.messages.len();
        program.files.iter().map(String::as_str).zip(self.values.iter().skip(before).map(String::as_str))
    }

    /// Lists the messages that are written by code: what stands for the text of each, what writes it, and what that is given,
    /// each as `given` writes it.
    fn messages<'n>(
        &'n self,
        program: &'n PromptProgram,
        given: impl Fn(usize) -> String + 'n,
    ) -> impl Iterator<Item = (&'n str, &'n str, String)> {
        let texts = self.values.iter().skip(program.variables.len()).map(String::as_str);
        program.messages.iter().zip(&self.writers).zip(texts).map(move |((message, writer), text)| {
            let given: Vec<String> = message.code.takes.iter().map(|place| given(*place)).collect();
            (text, writer.as_str(), given.join(", "))
        })
    }

    /// Writes that some texts are blank and others are not: `blank` writes that one is, and the signs are those of `and` and
    /// `not`.
    fn blank(&self, [empty, filled]: [&[usize]; 2], blank: impl Fn(&str) -> String, and: &str, not: &str) -> String {
        let is = |place: &usize| blank(self.value(*place));
        let all: Vec<String> =
            empty.iter().map(is).chain(filled.iter().map(|place| not.to_owned() + &is(place))).collect();
        all.join(&format!(" {and} "))
    }
}

/// The names in the code of a message.
struct CodeNames {
    parameters: Vec<String>,
    reads: Vec<String>,
    locals: Vec<String>,
    loops: Vec<(String, String)>,
    blocks: Vec<String>,
}

impl CodeNames {
    /// Makes the names of a message's code: what stands before one that nothing reads is given.
    fn of(names: &ProgramNames, code: &MessageCode, variables: usize, unread: &str) -> Self {
        let parameters = names.values.get(..variables).unwrap_or_default().to_vec();
        let mut known = parameters.clone();
        let mut named = |wished: &str| {
            let name = identifier(wished, &names.taken, &known);
            known.push(name.clone());
            name
        };
        let reads = parameters.iter().map(|name| named(&format!("{name}_value"))).collect();
        let mark = |place: usize| if code.unread.contains(&place) { unread } else { "" };
        let locals = code.names.iter().enumerate().map(|(at, name)| format!("{}{}", mark(at), named(name))).collect();
        let loops =
            (1..=code.loops).map(|number| (named(&format!("loop_{number}")), named(&format!("index_{number}"))));
        let loops = loops.collect();
        let blocks = (1..=code.blocks).map(|number| named(&format!("block_{number}"))).collect();
        Self { parameters, reads, locals, loops, blocks }
    }

    fn parameter(&self, place: usize) -> &str {
        self.parameters.get(place).map_or("", String::as_str)
    }

    /// The name of a parameter's value as it was read.
    fn read(&self, place: usize) -> &str {
        self.reads.get(place).map_or("", String::as_str)
    }

    fn local(&self, place: usize) -> &str {
        self.locals.get(place).map_or("", String::as_str)
    }

    /// The name of what is written into a block.
    fn block(&self, number: usize) -> &str {
        self.blocks.get(number).map_or("", String::as_str)
    }

    /// The name of what a loop runs over.
    fn items(&self, number: usize) -> String {
        self.loops.get(number).map(|(items, _)| items.clone()).unwrap_or_default()
    }

    /// The name of the place that a loop is at.
    fn index(&self, number: usize) -> String {
        self.loops.get(number).map(|(_, index)| index.clone()).unwrap_or_default()
    }
}

/// Returns those of the functions that a code stands on that it needs, in order.
fn helpers_of(all: &'static [Helper], code: &str) -> Vec<&'static Helper> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let names = |code: &str, name: &str, is_call: bool| {
        code.match_indices(name).any(|(at, _)| {
            let (before, after) = (code.get(..at).unwrap_or_default(), code.get(at + name.len()..).unwrap_or_default());
            !before.ends_with(is_part) && if is_call { after.starts_with('(') } else { !after.starts_with(is_part) }
        })
    };
    let mut needed: Vec<&'static Helper> = Vec::new();
    for helper in all.iter().rev() {
        // Outside of the functions themselves the name may be a word of a prompt.
        let is_constant = helper.name.starts_with(|c: char| c.is_ascii_uppercase());
        if names(code, helper.name, !is_constant) || needed.iter().any(|other| names(other.code, helper.name, false)) {
            needed.push(helper);
        }
    }
    needed.reverse();
    needed
}

/// Returns what stands in a request for a variable, by its place among them.
pub(crate) fn mark(place: usize) -> String {
    format!("{}{place}{}", MARK.0, MARK.1)
}

/// Tells whether a text could be taken for one with marks.
pub(crate) fn is_marked(text: &str) -> bool {
    text.contains([MARK.0, MARK.1]) || variants::is_blank_mark(text)
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

    /// Names the function that asks, the parameters and what is written by code, none of which is one of the words that are
    /// `taken` or, where there is code, the name of a function that it stands on.
    fn names(&self, taken: &[&'static str], language: &dyn CodeLanguage) -> ProgramNames {
        let mut taken = taken.to_vec();
        if !self.files.is_empty() {
            taken.extend(["base64", "pathlib", "file_beside", "readFileSync", "fileBeside"]);
        }
        if self.messages.is_empty() {
            return self.names_beside(taken);
        }
        taken.extend(["out", "re", "Value", "blank", "MISSING", "WHITE", "trimmed"]);
        // Which functions the code stands on, it says when it is written.
        let all = language.helpers().iter().map(|helper| helper.name);
        let tried = self.names_beside(taken.iter().copied().chain(all).collect());
        let needed = helpers_of(language.helpers(), &self.written(&tried, language).concat());
        taken.extend(needed.iter().map(|helper| helper.name));
        self.names_beside(taken)
    }

    fn names_beside(&self, taken: Vec<&'static str>) -> ProgramNames {
        let own = identifier(&self.name, &taken, &[]);
        let mut values: Vec<String> = Vec::new();
        for variable in &self.variables {
            let name = identifier(&variable.name, &taken, &values);
            values.push(name);
        }
        let mut writers = Vec::new();
        for message in &self.messages {
            let text = identifier(&format!("message_{}", message.number), &taken, &values);
            values.push(text);
            writers.push(identifier(&format!("write_message_{}", message.number), &taken, &values));
        }
        for file in &self.files {
            values.push(identifier(file, &taken, &values));
        }
        ProgramNames { own, values, writers, taken }
    }

    /// Writes the functions that write messages, and before them those that they and the `rest` of the program stand on.
    fn functions(&self, names: &ProgramNames, language: &dyn CodeLanguage, rest: &str) -> Vec<String> {
        let written = self.written(names, language);
        let needed = helpers_of(language.helpers(), &(written.concat() + rest));
        let needed = needed.into_iter().filter(|_| !written.is_empty()).map(|helper| helper.code.to_owned());
        needed.chain(written.iter().cloned()).collect()
    }

    /// Writes the functions that write messages.
    fn written(&self, names: &ProgramNames, language: &dyn CodeLanguage) -> Vec<String> {
        let function = |(message, name): (&ProgramMessage, &String)| {
            let about = format!("message {}, of the role {}", message.number, message.role);
            let own = CodeNames::of(names, &message.code, self.variables.len(), language.unread());
            code_printer::function(language, &message.code, &own, name, &about)
        };
        self.messages.iter().zip(&names.writers).map(function).collect()
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

    /// Writes a body as an expression on the second level; `optional` writes an item that goes with its message.
    fn body(
        &self,
        variants: &BodyVariants,
        names: &[String],
        optional: impl Fn(&str, &OptionalItem) -> String,
    ) -> String {
        let (inner, deeper) = (self.indent.repeat(2), self.indent.repeat(3));
        let mut out = "{\n".to_owned();
        for (name, value) in &variants.body {
            let own = |at: usize| variants.items.iter().find(|item| item.field == *name && item.item == at);
            let written = match value {
                Value::Array(items) if (0..items.len()).any(|at| own(at).is_some()) => {
                    let item = |(at, item): (usize, &Value)| {
                        let written = self.value(item, 3, names);
                        let written = own(at).map_or(written.clone(), |item| optional(&written, item));
                        format!("{deeper}{written},\n")
                    };
                    let items: String = items.iter().enumerate().map(item).collect();
                    format!("[\n{items}{inner}]")
                }
                value => self.value(value, 2, names),
            };
            let _ = writeln!(out, "{inner}{}: {written},", quoted(name));
        }
        out + self.indent + "}"
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
