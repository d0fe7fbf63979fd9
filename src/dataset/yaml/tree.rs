//! YAML as a tree that knows the line of everything in it, built of events as they come (YAML 1.2.2).
//!
//! Aliases are written out within bounds, `<<` takes over the fields of other mappings, and of the tags those of the JSON
//! and the core schema are read.

use std::collections::{HashMap, HashSet};

use saphyr_parser::Event;
use serde_json::Value;

use crate::{
    dataset::{source::DatasetError, yaml::scalar},
    text::{json::ExactJson, suggest::quoted},
};

/// Values that a file or a row may hold, keys included, once its aliases are written out. A value takes some hundred
/// bytes of memory, however short it is.
pub(crate) const MOST_VALUES: usize = 250_000;

/// The key that takes over the fields of other mappings (YAML 1.1, `tag:yaml.org,2002:merge`).
const MERGE: &str = "<<";

/// A value and the line it begins on, counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct YamlNode {
    pub(crate) line: usize,
    pub(crate) tree: YamlTree,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum YamlTree {
    /// A text, a number, a truth value or nothing.
    One(ExactJson),
    List(Vec<YamlNode>),
    /// A mapping, in its order; what `<<` took over comes last.
    Fields(Vec<YamlField>),
}

/// A key with its line, and what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct YamlField {
    pub(crate) key: String,
    pub(crate) line: usize,
    pub(crate) node: YamlNode,
}

/// What is wrong, and on which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl YamlError {
    pub(crate) fn at(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }

    /// What the parser found, with its column.
    pub(crate) fn syntax(error: &saphyr_parser::ScanError) -> Self {
        let at = error.marker();
        Self::at(at.line(), format!("it is not YAML: {} at column {}", error.info(), at.col() + 1))
    }
}

impl From<YamlError> for DatasetError {
    fn from(YamlError { line, what }: YamlError) -> Self {
        Self::new(line as u64, what)
    }
}

impl YamlNode {
    /// Returns it without its lines, and without the spelling of its numbers.
    pub(crate) fn value(&self) -> Value {
        self.exact().to_value()
    }

    /// Returns it without its lines.
    pub(crate) fn exact(&self) -> ExactJson {
        self.clone().into_exact()
    }

    /// Makes it a value without lines.
    pub(crate) fn into_exact(self) -> ExactJson {
        match self.tree {
            YamlTree::One(value) => value,
            YamlTree::List(items) => ExactJson::List(items.into_iter().map(Self::into_exact).collect()),
            YamlTree::Fields(fields) => {
                ExactJson::Fields(fields.into_iter().map(|field| (field.key, field.node.into_exact())).collect())
            }
        }
    }

    /// Finds what a key of a mapping stands for.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.tree {
            YamlTree::Fields(fields) => fields.iter().find(|field| field.key == key).map(|field| &field.node),
            YamlTree::One(_) | YamlTree::List(_) => None,
        }
    }

    /// Tells whether nothing is there.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self.tree, YamlTree::One(ExactJson::Null))
    }

    fn load(&self) -> Load {
        match &self.tree {
            YamlTree::One(ExactJson::Text(text) | ExactJson::Number(text)) => Load::one(text.len()),
            YamlTree::One(_) => Load::one(0),
            YamlTree::List(items) => items.iter().map(Self::load).fold(Load::one(0), Load::plus),
            YamlTree::Fields(fields) => {
                let loads = fields.iter().map(|field| field.node.load().plus(Load::one(field.key.len())));
                loads.fold(Load::one(0), Load::plus)
            }
        }
    }

    /// Reads it as a key.
    fn key(self) -> Result<String, YamlError> {
        match self.tree {
            YamlTree::One(ExactJson::Text(text)) => Ok(text),
            YamlTree::One(ExactJson::Null) => Ok(String::new()),
            YamlTree::One(other) => Ok(other.to_string()),
            YamlTree::List(_) | YamlTree::Fields(_) => Err(YamlError::at(self.line, NO_KEY)),
        }
    }
}

const NO_KEY: &str = "a key is a list or a mapping; quote a text that begins with `{` or `[`";

/// How much values hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Load {
    values: usize,
    /// Bytes of texts.
    bytes: usize,
}

impl Load {
    /// One value with a text of so many bytes.
    fn one(bytes: usize) -> Self {
        Self { values: 1, bytes }
    }

    fn plus(self, other: Self) -> Self {
        Self { values: self.values.saturating_add(other.values), bytes: self.bytes.saturating_add(other.bytes) }
    }
}

/// How much is built, at most.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Bounds {
    /// One document of 8 MB, what its aliases and anchors hold included.
    File,
    /// Value after value of so many bytes, and anchors that together hold as much.
    Rows(usize),
}

/// Bytes of texts a file may come to once its aliases are written out.
const HEAVIEST: usize = 8 * 1024 * 1024;

impl Bounds {
    /// How deep lists and mappings may lie in each other.
    fn depth(self) -> usize {
        match self {
            Self::File => 64,
            Self::Rows(_) => 128,
        }
    }

    /// Bytes of texts that a value, or all anchors, may come to.
    fn bytes(self) -> usize {
        match self {
            Self::File => HEAVIEST,
            Self::Rows(longest) => longest,
        }
    }

    /// Says that a value comes to more bytes or values than these.
    fn check(self, load: Load, line: usize) -> Result<(), YamlError> {
        let what = match self {
            _ if load.bytes <= self.bytes() && load.values <= MOST_VALUES => return Ok(()),
            Self::File if load.bytes > self.bytes() => {
                "the file is larger than 8 MB once its aliases are written out".to_owned()
            }
            Self::File => format!("the file holds more than {MOST_VALUES} values once its aliases are written out"),
            Self::Rows(longest) if load.bytes > longest => {
                DatasetError::long(None, "the row, its aliases written out,", longest).what
            }
            Self::Rows(_) => {
                format!("the row, its aliases written out, holds more than {MOST_VALUES} values; split it up")
            }
        };
        Err(YamlError::at(line, what))
    }

    /// Says that the anchors together come to more bytes or values than these.
    fn check_anchors(self, load: Load, line: usize) -> Result<(), YamlError> {
        let what = "what the anchors up to here hold";
        if load.bytes > self.bytes() {
            Err(YamlError::at(line, DatasetError::long(None, what, self.bytes()).what))
        } else if load.values > MOST_VALUES {
            Err(YamlError::at(line, format!("the anchors up to here hold more than {MOST_VALUES} values")))
        } else {
            Ok(())
        }
    }
}

/// Builds values of the events of a parser.
pub(crate) struct Builder {
    bounds: Bounds,
    frames: Vec<Frame>,
    /// What names stand for, and how much it holds.
    anchors: HashMap<usize, (YamlNode, Load)>,
    anchored: Load,
    /// What was built of the value under construction.
    built: Load,
}

/// A list or a mapping that is open.
struct Frame {
    anchor: usize,
    line: usize,
    kind: FrameKind,
}

enum FrameKind {
    List(Vec<YamlNode>),
    Fields(OpenFields),
}

#[derive(Default)]
struct OpenFields {
    fields: Vec<YamlField>,
    names: HashSet<String>,
    key: Option<(String, usize)>,
    /// What `<<` takes over where the mapping says nothing itself.
    merged: Vec<YamlField>,
}

impl Builder {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let (frames, anchors) = (Vec::new(), HashMap::new());
        Self { bounds, frames, anchors, anchored: Load::default(), built: Load::default() }
    }

    /// Takes an event in; returns the outermost value that ends with it.
    pub(crate) fn push(&mut self, event: Event<'_>, line: usize) -> Result<Option<YamlNode>, YamlError> {
        let at = |what| YamlError::at(line, what);
        let (anchor, node) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.spend(Load::one(text.len()), line)?;
                let value = scalar::read(&text, style, tag.as_deref()).map_err(at)?;
                (anchor, YamlNode { line, tree: YamlTree::One(value) })
            }
            Event::Alias(anchor) => {
                let lost = || YamlError::at(line, "an alias of what it is itself a part of");
                let load = self.anchors.get(&anchor).map(|(_, load)| *load).ok_or_else(lost)?;
                self.spend(load, line)?;
                (0, self.anchors.get(&anchor).map(|(node, _)| node.clone()).ok_or_else(lost)?)
            }
            Event::SequenceStart(anchor, tag) => {
                scalar::collection(tag.as_deref(), "seq").map_err(at)?;
                self.open(Frame { anchor, line, kind: FrameKind::List(Vec::new()) })?;
                return Ok(None);
            }
            Event::MappingStart(anchor, tag) => {
                scalar::collection(tag.as_deref(), "map").map_err(at)?;
                self.open(Frame { anchor, line, kind: FrameKind::Fields(OpenFields::default()) })?;
                return Ok(None);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let Some(frame) = self.frames.pop() else {
                    return Err(YamlError::at(line, "a list ends that never began"));
                };
                (frame.anchor, YamlNode { line: frame.line, tree: frame.kind.close() })
            }
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {
                return Ok(None);
            }
        };
        if anchor > 0 {
            self.anchor(anchor, &node, line)?;
        }
        self.put(node, line)
    }

    fn open(&mut self, frame: Frame) -> Result<(), YamlError> {
        let depth = self.bounds.depth();
        if self.frames.len() == depth {
            let what = format!("lists and mappings lie more than {depth} deep in each other");
            return Err(YamlError::at(frame.line, what));
        }
        if let Some(Frame { kind: FrameKind::Fields(OpenFields { key: None, .. }), .. }) = self.frames.last() {
            return Err(YamlError::at(frame.line, NO_KEY));
        }
        self.spend(Load::one(0), frame.line)?;
        self.frames.push(frame);
        Ok(())
    }

    /// Counts what is about to be built, before it is.
    fn spend(&mut self, load: Load, line: usize) -> Result<(), YamlError> {
        self.built = self.built.plus(load);
        self.bounds.check(self.built, line)
    }

    /// Keeps what a name stands for.
    fn anchor(&mut self, anchor: usize, node: &YamlNode, line: usize) -> Result<(), YamlError> {
        let load = node.load();
        match self.bounds {
            Bounds::File => self.spend(load, line)?,
            Bounds::Rows(_) => {
                self.anchored = self.anchored.plus(load);
                self.bounds.check_anchors(self.anchored, line)?;
            }
        }
        self.anchors.insert(anchor, (node.clone(), load));
        Ok(())
    }

    /// Puts a value where it belongs; returns it if it is the outermost.
    fn put(&mut self, node: YamlNode, line: usize) -> Result<Option<YamlNode>, YamlError> {
        let Some(frame) = self.frames.last_mut() else {
            if let Bounds::Rows(_) = self.bounds {
                self.built = Load::default();
            }
            return Ok(Some(node));
        };
        match &mut frame.kind {
            FrameKind::List(items) => items.push(node),
            FrameKind::Fields(open) => open.put(node, line)?,
        }
        Ok(None)
    }
}

impl OpenFields {
    fn put(&mut self, node: YamlNode, line: usize) -> Result<(), YamlError> {
        match self.key.take() {
            None => self.key = Some((node.key()?, line)),
            Some((key, _)) if key == MERGE => self.merge(node)?,
            Some((key, at)) if !self.names.insert(key.clone()) => {
                return Err(YamlError::at(at, format!("the key {} is there twice", quoted(&key))));
            }
            Some((key, line)) => self.fields.push(YamlField { key, line, node }),
        }
        Ok(())
    }

    fn merge(&mut self, node: YamlNode) -> Result<(), YamlError> {
        match node.tree {
            YamlTree::Fields(fields) => self.merged.extend(fields),
            YamlTree::List(items) if items.iter().all(|item| matches!(item.tree, YamlTree::Fields(_))) => {
                items.into_iter().try_for_each(|item| self.merge(item))?;
            }
            YamlTree::One(_) | YamlTree::List(_) => {
                return Err(YamlError::at(node.line, "`<<` takes a mapping, or a list of them"));
            }
        }
        Ok(())
    }
}

impl FrameKind {
    fn close(self) -> YamlTree {
        match self {
            Self::List(items) => YamlTree::List(items),
            Self::Fields(OpenFields { mut fields, mut names, key: _, merged }) => {
                fields.extend(merged.into_iter().filter(|field| names.insert(field.key.clone())));
                YamlTree::Fields(fields)
            }
        }
    }
}
