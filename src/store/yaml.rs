//! A YAML or JSON file as a tree that knows the line of everything in it (YAML 1.2.2).
//!
//! Aliases are written out within a bound, `<<` takes over the fields of other mappings, and of the tags
//! those of the JSON and the core schema are read.

pub(super) mod flow;
pub(super) mod scalar;

use std::{collections::HashMap, fmt::Write as _};

use saphyr_parser::{Event, Parser};
use serde_json::{Map, Value};

use super::mistake::quoted;
use crate::text::json::ExactJson;

/// How deep lists and mappings may lie in each other.
const DEEPEST: usize = 64;

/// Values and characters a file may come to once its aliases are written out.
const HEAVIEST: usize = 8 * 1024 * 1024;

/// A value and the line it begins on, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) line: usize,
    pub(super) tree: Tree,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    /// A text, a number, a truth value or nothing.
    One(ExactJson),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in its order.
    Fields(Vec<Field>),
}

/// A key with its line, and what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) node: Node,
}

/// What is wrong, and on which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) what: String,
}

impl Broken {
    pub(super) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}

impl Node {
    /// Returns it without its lines, and without the spelling of its numbers.
    pub(super) fn value(&self) -> Value {
        self.exact().to_value()
    }

    /// Returns it without its lines.
    pub(super) fn exact(&self) -> ExactJson {
        match &self.tree {
            Tree::One(value) => value.clone(),
            Tree::List(items) => ExactJson::List(items.iter().map(Self::exact).collect()),
            Tree::Fields(fields) => {
                ExactJson::Fields(fields.iter().map(|field| (field.key.clone(), field.node.exact())).collect())
            }
        }
    }

    /// Finds what a key of a mapping stands for.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        match &self.tree {
            Tree::Fields(fields) => fields.iter().find(|field| field.key == key).map(|field| &field.node),
            _ => None,
        }
    }

    /// Tells whether nothing is there.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.tree, Tree::One(ExactJson::Null))
    }

    fn weight(&self) -> usize {
        1 + match &self.tree {
            Tree::One(ExactJson::Text(text)) => text.len(),
            Tree::One(_) => 1,
            Tree::List(items) => items.iter().map(Self::weight).sum(),
            Tree::Fields(fields) => fields.iter().map(|field| field.key.len() + field.node.weight()).sum(),
        }
    }
}

/// Reads a text of one document as a value whose numbers stay as they are written. The error names the line.
pub fn read(text: &str) -> Result<ExactJson, String> {
    parse(text).map(|node| node.exact()).map_err(|Broken { line, what }| format!("line {line}: {what}"))
}

/// Reads a text of one document; an empty one is null.
pub(super) fn parse(text: &str) -> Result<Node, Broken> {
    let mut building = Building::default();
    let mut whole: Option<Node> = None;
    let text = flow::indented(text);
    for event in Parser::new_from_str(&text) {
        let (event, span) = event.map_err(|fault| {
            let column = fault.marker().col() + 1;
            Broken::at(fault.marker().line(), format!("it is not YAML: {} at column {column}", fault.info()))
        })?;
        let line = span.start.line();
        if whole.is_some() && matches!(event, Event::DocumentStart(_)) {
            return Err(Broken::at(line, "a second document begins here; write one, without `---` in between"));
        }
        if let Some(node) = building.take(event, line)? {
            whole = Some(node);
        }
    }
    Ok(whole.unwrap_or(Node { line: 1, tree: Tree::One(ExactJson::Null) }))
}

#[derive(Default)]
struct Building {
    frames: Vec<Frame>,
    anchors: HashMap<usize, (Node, usize)>,
    spent: usize,
}

struct Frame {
    anchor: usize,
    line: usize,
    kind: Kind,
}

enum Kind {
    List(Vec<Node>),
    Fields { fields: Vec<Field>, key: Option<(String, usize)>, merged: Vec<Field> },
}

/// The key that takes over the fields of other mappings (YAML 1.1, `tag:yaml.org,2002:merge`).
const MERGE: &str = "<<";

impl Building {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<Option<Node>, Broken> {
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(1 + text.len(), line)?;
                let value = scalar::read(&text, style, tag.as_deref()).map_err(|what| Broken::at(line, what))?;
                (anchor, Node { line, tree: Tree::One(value) })
            }
            Event::Alias(anchor) => {
                let Some((node, weight)) = self.anchors.get(&anchor).cloned() else {
                    return Err(Broken::at(line, "an alias of what it is itself a part of"));
                };
                self.spend(weight, line)?;
                (0, node)
            }
            Event::SequenceStart(anchor, tag) => {
                scalar::collection(tag.as_deref(), "seq").map_err(|what| Broken::at(line, what))?;
                return self.open(Frame { anchor, line, kind: Kind::List(Vec::new()) });
            }
            Event::MappingStart(anchor, tag) => {
                scalar::collection(tag.as_deref(), "map").map_err(|what| Broken::at(line, what))?;
                let kind = Kind::Fields { fields: Vec::new(), key: None, merged: Vec::new() };
                return self.open(Frame { anchor, line, kind });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.frames.pop() else {
                    return Err(Broken::at(line, "a list ends that never began"));
                };
                let tree = match frame.kind {
                    Kind::List(items) => Tree::List(items),
                    Kind::Fields { mut fields, merged, .. } => {
                        for field in merged {
                            if fields.iter().all(|own| own.key != field.key) {
                                fields.push(field);
                            }
                        }
                        Tree::Fields(fields)
                    }
                };
                (frame.anchor, Node { line: frame.line, tree })
            }
            _ => return Ok(None),
        };
        if anchor > 0 {
            let weight = node.weight();
            self.spend(weight, line)?;
            self.anchors.insert(anchor, (node.clone(), weight));
        }
        self.put(node, line)
    }

    fn open(&mut self, frame: Frame) -> Result<Option<Node>, Broken> {
        if self.frames.len() == DEEPEST {
            let what = format!("lists and mappings lie more than {DEEPEST} deep in each other");
            return Err(Broken::at(frame.line, what));
        }
        if let Some(Frame { kind: Kind::Fields { key: None, .. }, .. }) = self.frames.last() {
            return Err(Broken::at(
                frame.line,
                "a key is a list or a mapping; quote a text that begins with `{` or `[`",
            ));
        }
        self.spend(1, frame.line)?;
        self.frames.push(frame);
        Ok(None)
    }

    fn spend(&mut self, weight: usize, line: usize) -> Result<(), Broken> {
        self.spent = self.spent.saturating_add(weight);
        if self.spent > HEAVIEST {
            return Err(Broken::at(line, "the file is larger than 8 MB once its aliases are written out"));
        }
        Ok(())
    }

    /// Puts a value where it belongs; returns it if it is the whole.
    fn put(&mut self, node: Node, line: usize) -> Result<Option<Node>, Broken> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Some(node)) };
        match &mut frame.kind {
            Kind::List(items) => items.push(node),
            Kind::Fields { fields, key, merged } => match key.take() {
                None => *key = Some((named(&node)?, line)),
                Some((name, _)) if name == MERGE => merge(node, merged)?,
                Some((name, at)) if fields.iter().any(|field| field.key == name) => {
                    return Err(Broken::at(at, format!("the key {} is there twice", quoted(&name))));
                }
                Some((key, line)) => fields.push(Field { key, line, node }),
            },
        }
        Ok(None)
    }
}

fn merge(node: Node, merged: &mut Vec<Field>) -> Result<(), Broken> {
    let line = node.line;
    match node.tree {
        Tree::Fields(fields) => merged.extend(fields),
        Tree::List(items) if items.iter().all(|item| matches!(item.tree, Tree::Fields(_))) => {
            items.into_iter().try_for_each(|item| merge(item, merged))?;
        }
        _ => return Err(Broken::at(line, "`<<` takes a mapping, or a list of them")),
    }
    Ok(())
}

fn named(node: &Node) -> Result<String, Broken> {
    match &node.tree {
        Tree::One(ExactJson::Text(text)) => Ok(text.clone()),
        Tree::One(ExactJson::Null) => Ok(String::new()),
        Tree::One(other) => Ok(other.to_string()),
        _ => Err(Broken::at(node.line, "a key is a list or a mapping; a key is a text")),
    }
}

/// Writes a value as YAML in lines: mappings and lists open, texts as JSON writes them, or as a block
/// where they have several lines and a block gives them back exactly.
pub(super) fn write(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::Object(fields) if !fields.is_empty() => write_fields(fields, 0, &mut out),
        Value::Array(items) if !items.is_empty() => write_items(items, 0, &mut out),
        other => {
            out.push_str(&flow(other));
            out.push('\n');
        }
    }
    out
}

fn write_fields(fields: &Map<String, Value>, depth: usize, out: &mut String) {
    for (at, (key, value)) in fields.iter().enumerate() {
        if at > 0 {
            out.push_str(&"  ".repeat(depth));
        }
        let plain =
            !matches!(key.to_lowercase().as_str(), "y" | "n" | "yes" | "no" | "on" | "off" | "null" | "true" | "false")
                && key.starts_with(|c: char| c.is_ascii_alphabetic())
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        out.push_str(&if plain { key.clone() } else { text(key) });
        out.push(':');
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                out.push('\n');
                out.push_str(&"  ".repeat(depth + 1));
                write_fields(inner, depth + 1, out);
            }
            Value::Array(items) if !items.is_empty() => {
                out.push('\n');
                out.push_str(&"  ".repeat(depth + 1));
                write_items(items, depth + 1, out);
            }
            other => {
                out.push(' ');
                write_one(other, depth + 1, out);
            }
        }
    }
}

fn write_items(items: &[Value], depth: usize, out: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push_str(&"  ".repeat(depth));
        }
        out.push_str("- ");
        match item {
            Value::Object(inner) if !inner.is_empty() => write_fields(inner, depth + 1, out),
            Value::Array(inner) if !inner.is_empty() => write_items(inner, depth + 1, out),
            other => write_one(other, depth + 1, out),
        }
    }
}

fn write_one(value: &Value, depth: usize, out: &mut String) {
    match value {
        Value::String(text) if blocks(text) => {
            out.push_str("|-\n");
            for line in text.split('\n') {
                if !line.is_empty() {
                    out.push_str(&"  ".repeat(depth));
                    out.push_str(line);
                }
                out.push('\n');
            }
        }
        other => {
            out.push_str(&flow(other));
            out.push('\n');
        }
    }
}

/// Tells whether a literal block gives a text back exactly.
fn blocks(text: &str) -> bool {
    let odd = |c: char| {
        (c.is_control() && c != '\n') || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
    };
    text.contains('\n')
        && !text.starts_with([' ', '\n', '\t'])
        && !text.ends_with('\n')
        && !text.split('\n').any(|line| line.ends_with([' ', '\t']))
        && !text.chars().any(odd)
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(inner) => text(inner),
        other => other.to_string(),
    }
}

/// Writes a text as JSON does, with an escape for what YAML does not print.
fn text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    for c in Value::from(text).to_string().chars() {
        let code = u32::from(c);
        if (0x7f..=0x9f).contains(&code) || matches!(code, 0x2028 | 0x2029 | 0xfeff | 0xfffe | 0xffff) {
            let _ = write!(out, "\\u{code:04x}");
        } else {
            out.push(c);
        }
    }
    out
}
