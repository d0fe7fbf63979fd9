//! A YAML or JSON file as a tree that knows the line of everything in it (YAML 1.2.2).
//!
//! Aliases are written out within a bound, `<<` takes over the fields of other mappings, and of the tags those of the JSON
//! and the core schema are read. JSON pasted into YAML is taken where YAML forbids it (section 7.4): lines of a `{…}` or
//! `[…]` that stand no further right than their key are moved to the right.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use saphyr_parser::{Event, Parser};
use serde_json::Value;

pub(crate) use crate::dataset::yaml::write::write;
use crate::{
    dataset::yaml::scalar,
    text::{json::ExactJson, suggest::quoted},
};

/// How deep lists and mappings may lie in each other.
const DEEPEST: usize = 64;

/// Bytes of texts a file may come to once its aliases are written out.
const HEAVIEST: usize = 8 * 1024 * 1024;

/// Values that a file or a row may hold, keys included, once its aliases are written out. A value takes some hundred
/// bytes of memory, however short it is.
pub(crate) const MOST_VALUES: usize = 250_000;

/// How much values hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) values: usize,
    /// Bytes of texts.
    pub(crate) bytes: usize,
}

impl Load {
    /// One value with a text of so many bytes.
    pub(crate) fn one(bytes: usize) -> Self {
        Self { values: 1, bytes }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self { values: self.values.saturating_add(other.values), bytes: self.bytes.saturating_add(other.bytes) }
    }

    pub(crate) fn add(&mut self, other: Self) {
        *self = self.plus(other);
    }
}

/// A value and the line it begins on, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) line: usize,
    pub(crate) tree: Tree,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Tree {
    /// A text, a number, a truth value or nothing.
    One(ExactJson),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in its order.
    Fields(Vec<Field>),
}

/// A key with its line, and what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) node: Node,
}

/// What is wrong, and on which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Broken {
    pub(crate) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}

impl Node {
    /// Returns it without its lines, and without the spelling of its numbers.
    pub(crate) fn value(&self) -> Value {
        self.exact().to_value()
    }

    /// Returns it without its lines.
    pub(crate) fn exact(&self) -> ExactJson {
        match &self.tree {
            Tree::One(value) => value.clone(),
            Tree::List(items) => ExactJson::List(items.iter().map(Self::exact).collect()),
            Tree::Fields(fields) => {
                ExactJson::Fields(fields.iter().map(|field| (field.key.clone(), field.node.exact())).collect())
            }
        }
    }

    /// Finds what a key of a mapping stands for.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.tree {
            Tree::Fields(fields) => fields.iter().find(|field| field.key == key).map(|field| &field.node),
            _ => None,
        }
    }

    /// Tells whether nothing is there.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.tree, Tree::One(ExactJson::Null))
    }

    fn load(&self) -> Load {
        match &self.tree {
            Tree::One(ExactJson::Text(text)) => Load::one(text.len()),
            Tree::One(_) => Load::one(0),
            Tree::List(items) => items.iter().map(Self::load).fold(Load::one(0), Load::plus),
            Tree::Fields(fields) => {
                let loads = fields.iter().map(|field| field.node.load().plus(Load::one(field.key.len())));
                loads.fold(Load::one(0), Load::plus)
            }
        }
    }
}

/// Reads a text of one document as a value whose numbers stay as they are written. The error names the line.
pub fn read(text: &str) -> Result<ExactJson, String> {
    parse(text).map(|node| node.exact()).map_err(|Broken { line, what }| format!("line {line}: {what}"))
}

/// Reads a text of one document; an empty one is null.
pub(crate) fn parse(text: &str) -> Result<Node, Broken> {
    let mut building = Building::default();
    let mut whole: Option<Node> = None;
    let text = indented(text);
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
    anchors: HashMap<usize, (Node, Load)>,
    spent: Load,
}

struct Frame {
    anchor: usize,
    line: usize,
    kind: NodeKind,
}

enum NodeKind {
    List(Vec<Node>),
    Fields { fields: Vec<Field>, names: HashSet<String>, key: Option<(String, usize)>, merged: Vec<Field> },
}

/// The key that takes over the fields of other mappings (YAML 1.1, `tag:yaml.org,2002:merge`).
const MERGE: &str = "<<";

impl Building {
    fn take(&mut self, event: Event<'_>, line: usize) -> Result<Option<Node>, Broken> {
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(Load::one(text.len()), line)?;
                let value = scalar::read(&text, style, tag.as_deref()).map_err(|what| Broken::at(line, what))?;
                (anchor, Node { line, tree: Tree::One(value) })
            }
            Event::Alias(anchor) => {
                let lost = || Broken::at(line, "an alias of what it is itself a part of");
                let load = self.anchors.get(&anchor).map(|(_, load)| *load).ok_or_else(lost)?;
                self.spend(load, line)?;
                (0, self.anchors.get(&anchor).map(|(node, _)| node.clone()).ok_or_else(lost)?)
            }
            Event::SequenceStart(anchor, tag) => {
                scalar::collection(tag.as_deref(), "seq").map_err(|what| Broken::at(line, what))?;
                return self.open(Frame { anchor, line, kind: NodeKind::List(Vec::new()) });
            }
            Event::MappingStart(anchor, tag) => {
                scalar::collection(tag.as_deref(), "map").map_err(|what| Broken::at(line, what))?;
                let kind =
                    NodeKind::Fields { fields: Vec::new(), names: HashSet::new(), key: None, merged: Vec::new() };
                return self.open(Frame { anchor, line, kind });
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.frames.pop() else {
                    return Err(Broken::at(line, "a list ends that never began"));
                };
                let tree = match frame.kind {
                    NodeKind::List(items) => Tree::List(items),
                    NodeKind::Fields { mut fields, mut names, merged, .. } => {
                        for field in merged {
                            if names.insert(field.key.clone()) {
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
            let load = node.load();
            self.spend(load, line)?;
            self.anchors.insert(anchor, (node.clone(), load));
        }
        self.put(node, line)
    }

    fn open(&mut self, frame: Frame) -> Result<Option<Node>, Broken> {
        if self.frames.len() == DEEPEST {
            let what = format!("lists and mappings lie more than {DEEPEST} deep in each other");
            return Err(Broken::at(frame.line, what));
        }
        if let Some(Frame { kind: NodeKind::Fields { key: None, .. }, .. }) = self.frames.last() {
            return Err(Broken::at(
                frame.line,
                "a key is a list or a mapping; quote a text that begins with `{` or `[`",
            ));
        }
        self.spend(Load::one(0), frame.line)?;
        self.frames.push(frame);
        Ok(None)
    }

    /// Counts what is about to be built, before it is.
    fn spend(&mut self, load: Load, line: usize) -> Result<(), Broken> {
        self.spent.add(load);
        if self.spent.bytes > HEAVIEST {
            return Err(Broken::at(line, "the file is larger than 8 MB once its aliases are written out"));
        }
        if self.spent.values > MOST_VALUES {
            let what = format!("the file holds more than {MOST_VALUES} values once its aliases are written out");
            return Err(Broken::at(line, what));
        }
        Ok(())
    }

    /// Puts a value where it belongs; returns it if it is the whole.
    fn put(&mut self, node: Node, line: usize) -> Result<Option<Node>, Broken> {
        let Some(frame) = self.frames.last_mut() else { return Ok(Some(node)) };
        match &mut frame.kind {
            NodeKind::List(items) => items.push(node),
            NodeKind::Fields { fields, names, key, merged } => match key.take() {
                None => *key = Some((named(&node)?, line)),
                Some((name, _)) if name == MERGE => merge(node, merged)?,
                Some((name, at)) if !names.insert(name.clone()) => {
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

/// Moves the lines of a whole text.
pub(crate) fn indented(text: &str) -> Cow<'_, str> {
    let mut flow = Flow::default();
    let lines: Vec<Cow<'_, str>> = text.split_inclusive('\n').map(|line| flow.line(line)).collect();
    if lines.iter().all(|line| matches!(line, Cow::Borrowed(_))) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(lines.concat())
    }
}

/// Where a reader of lines is.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    /// The brackets that are open, the column at which the first of them stands, and that of its key.
    depth: usize,
    column: usize,
    key: Option<usize>,
    /// The quote that is open.
    quote: Option<char>,
    /// The column that the lines of a block of text stand right of.
    block: Option<usize>,
}

impl Flow {
    /// Takes the next line, and returns it as it is to be read.
    pub(crate) fn line<'a>(&mut self, line: &'a str) -> Cow<'a, str> {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let rest = line.get(indent..).unwrap_or_default();
        if let Some(column) = self.block {
            if rest.trim().is_empty() || indent > column {
                return Cow::Borrowed(line);
            }
            self.block = None;
        }
        if self.quote.is_some() || self.depth > 0 {
            let moved = self.quote.is_none()
                && self.key.is_some_and(|key| indent <= key)
                && rest.starts_with(['}', ']', '{', '[', '"', ',']);
            self.inside(rest);
            return if moved {
                Cow::Owned(format!("{}{line}", " ".repeat(self.column + 1)))
            } else {
                Cow::Borrowed(line)
            };
        }
        self.begin(indent, rest);
        Cow::Borrowed(line)
    }

    /// Finds the value that a line of a block begins: behind its `- `, its keys, its tag and its anchor.
    fn begin(&mut self, indent: usize, line: &str) {
        let (mut column, mut rest, mut key) = (indent, line, None);
        loop {
            let blanks = rest.len() - rest.trim_start_matches(' ').len();
            (column, rest) = (column + blanks, rest.get(blanks..).unwrap_or_default());
            let skipped = if let Some(after) = rest.strip_prefix("- ") {
                key = Some(column);
                rest.len() - after.len()
            } else if rest.starts_with(['!', '&']) {
                rest.find(' ').unwrap_or(rest.len())
            } else if let Some(length) = key_length(rest) {
                key = Some(column);
                length
            } else {
                break;
            };
            (column, rest) = (column + skipped, rest.get(skipped..).unwrap_or_default());
        }
        match rest.chars().next() {
            Some('{' | '[' | '"' | '\'') => {
                (self.column, self.key) = (column, key);
                self.inside(rest);
            }
            Some('|' | '>') => self.block = key,
            _ => {}
        }
    }

    /// Follows brackets and quotes to the end of a line.
    fn inside(&mut self, text: &str) {
        let (mut before, mut skip) = (' ', false);
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match self.quote {
                Some(_) if skip => skip = false,
                Some('"') if c == '\\' => skip = true,
                Some('\'') if c == '\'' && chars.peek() == Some(&'\'') => skip = true,
                Some(quote) if c == quote => self.quote = None,
                Some(_) => {}
                None => match c {
                    '"' | '\'' if self.depth == 0 || matches!(before, ' ' | '{' | '[' | ',' | ':') => {
                        self.quote = Some(c);
                    }
                    '{' | '[' => self.depth += 1,
                    '}' | ']' => self.depth = self.depth.saturating_sub(1),
                    '#' if before == ' ' => return,
                    _ => {}
                },
            }
            if self.quote.is_none() && self.depth == 0 {
                return;
            }
            before =
                if c.is_whitespace() { if matches!(before, '{' | '[' | ',' | ':') { before } else { ' ' } } else { c };
        }
    }
}

/// The length of a key with its `:`, where a line begins with one.
fn key_length(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''));
    let from = match quote {
        Some(quote) => 2 + text.get(1..)?.find(quote)?,
        None if text.starts_with(['{', '[', '|', '>', '#', '*', '%', '@', '`']) => return None,
        None => 0,
    };
    let rest = text.get(from..)?;
    let at = rest.match_indices(':').find_map(|(at, _)| {
        let after = rest.get(at + 1..)?;
        (after.is_empty() || after.starts_with([' ', '\n', '\r'])).then_some(at)
    })?;
    let plain = quote.is_none() || rest.get(..at)?.trim().is_empty();
    (plain && !rest.get(..at)?.contains(" #")).then_some(from + at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_brackets_that_stand_too_far_left_are_moved() {
        let moved = |text: &str| indented(text).into_owned();
        assert_eq!(
            moved("a:\n  v: {\n    \"x\": 1\n  }\nb: 1\n"),
            "a:\n  v: {\n    \"x\": 1\n       }\nb: 1\n".replace("       }", "        }")
        );
        for same in [
            "a: |\n  v: {\n  }\nb: [1,\n  2]\n",
            "a: 'it''s {\n  }'\nb: \"\\\"{\n }\"\n",
            "a: b {\n  c\nd: x # {\ne: 1\n",
            "- a: {x: don't}\n- b: [\"}\"]\n- c\n",
        ] {
            assert_eq!(moved(same), same);
        }
        assert!(matches!(indented("- v: {\n  a: 1}\n"), Cow::Borrowed(_)));
    }
}
