//! A YAML list, item by item as its events come (YAML 1.2.2); aliases are bounded.

pub mod document;

pub(crate) mod scalar;
pub(crate) mod write;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

use saphyr_parser::{BufferedInput, Event, Parser};

use crate::{
    dataset::{
        folder::{DatasetError, Lines},
        row::{Record, Records},
        yaml::document::{Flow, Load, MOST_VALUES},
    },
    text::{json::ExactJson, suggest::quoted},
};

/// How deep lists and mappings may lie in each other.
const DEEPEST: usize = 128;

/// What the reader of the characters tells that of the events.
#[derive(Debug, Default)]
struct Told {
    /// Why there are no further characters.
    trouble: Option<DatasetError>,
    /// Bytes read since the last row.
    read: usize,
}

/// The characters of a source, line by line.
struct Chars {
    lines: Lines,
    line: std::vec::IntoIter<char>,
    told: Arc<Mutex<Told>>,
    flow: Flow,
}

impl Iterator for Chars {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(c) = self.line.next() {
            return Some(c);
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.trouble.is_some() {
            return None;
        }
        match self.lines.next() {
            Ok(line) => {
                let line = line?;
                told.read += line.len();
                self.line = self.flow.line(line).chars().collect::<Vec<_>>().into_iter();
            }
            Err(trouble) => told.trouble = Some(trouble),
        }
        if told.read > self.lines.longest() {
            let (number, longest) = (self.lines.number(), self.lines.longest());
            told.trouble = Some(DatasetError::long(number, "the row that reaches to here", longest));
            return None;
        }
        self.line.next()
    }
}

/// A value that a name stands for, and how much it holds.
type Anchored = (ExactJson, Load);

/// The items of one list.
pub(crate) struct YamlList {
    parser: Parser<'static, BufferedInput<Chars>>,
    told: Arc<Mutex<Told>>,
    anchors: HashMap<usize, Anchored>,
    /// What all anchors hold together.
    kept: Load,
    longest: usize,
    started: bool,
}

type YamlStep = (Event<'static>, u64);

impl YamlList {
    pub(crate) fn new(lines: Lines) -> Self {
        let (told, longest) = (Arc::new(Mutex::new(Told::default())), lines.longest());
        let chars = Chars { lines, line: Vec::new().into_iter(), told: Arc::clone(&told), flow: Flow::default() };
        let (anchors, kept) = (HashMap::new(), Load::default());
        Self { parser: Parser::new_from_iter(chars), told, anchors, kept, longest, started: false }
    }

    fn told(&self) -> std::sync::MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&mut self) -> Result<YamlStep, DatasetError> {
        let found = self.parser.next_event();
        if let Some(trouble) = self.told().trouble.clone() {
            return Err(trouble);
        }
        match found {
            None => Ok((Event::StreamEnd, 0)),
            Some(Ok((event, span))) => Ok((event, span.start.line() as u64)),
            Some(Err(fault)) => {
                let line = fault.marker().line() as u64;
                Err(DatasetError::new(
                    line,
                    format!("it is not YAML: {} at column {}", fault.info(), fault.marker().col() + 1),
                ))
            }
        }
    }

    fn start(&mut self) -> Result<bool, DatasetError> {
        self.started = true;
        loop {
            match self.step()? {
                (Event::SequenceStart(_, None), _) => return Ok(true),
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => return Ok(false),
                (_, line) => return Err(DatasetError::new(line, "it is not a YAML list; begin each row with `- `")),
            }
        }
    }

    /// Sees that nothing follows the list.
    fn end(&mut self) -> Result<(), DatasetError> {
        loop {
            match self.step()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd | Event::Nothing, _) => {}
                (_, line) => {
                    return Err(DatasetError::new(line, "a second document begins here; a data set is one list"));
                }
            }
        }
    }

    /// Builds the value that begins with an event, and tells the lines of its keys.
    fn value(&mut self, first: YamlStep) -> Result<(ExactJson, Vec<u64>), DatasetError> {
        let mut building = Building { longest: self.longest, ..Building::default() };
        let (mut event, mut line) = first;
        loop {
            let done = match event {
                Event::Scalar(text, style, anchor, tag) => {
                    building.spend(Load::one(text.len()), line)?;
                    let value =
                        scalar::read(&text, style, tag.as_deref()).map_err(|what| DatasetError::new(line, what))?;
                    self.keep(anchor, &value, line)?;
                    building.put(value, line)?
                }
                Event::Alias(anchor) => {
                    let Some((value, load)) = self.anchors.get(&anchor) else {
                        return Err(DatasetError::new(line, "an alias of what it is itself a part of"));
                    };
                    building.spend(*load, line)?;
                    let value = value.clone();
                    building.put(value, line)?
                }
                Event::SequenceStart(anchor, tag) => {
                    scalar::collection(tag.as_deref(), "seq").map_err(|what| DatasetError::new(line, what))?;
                    building.open(Frame { anchor, kind: FrameKind::List(Vec::new()) }, line)?;
                    None
                }
                Event::MappingStart(anchor, tag) => {
                    scalar::collection(tag.as_deref(), "map").map_err(|what| DatasetError::new(line, what))?;
                    building.open(Frame { anchor, kind: FrameKind::Fields(Fields::default()) }, line)?;
                    None
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    let Some(frame) = building.frames.pop() else {
                        return Err(DatasetError::new(line, "a list ends that never began"));
                    };
                    let value = frame.kind.value();
                    self.keep(frame.anchor, &value, line)?;
                    building.put(value, line)?
                }
                Event::StreamEnd | Event::DocumentEnd | Event::DocumentStart(_) => {
                    return Err(DatasetError::new(line, "the row breaks off"));
                }
                Event::StreamStart | Event::Nothing => None,
            };
            if let Some(value) = done {
                return Ok((value, building.keys));
            }
            (event, line) = self.step()?;
        }
    }

    fn keep(&mut self, anchor: usize, value: &ExactJson, line: u64) -> Result<(), DatasetError> {
        if anchor > 0 {
            let load = load(value);
            self.kept.add(load);
            if self.kept.bytes > self.longest {
                return Err(DatasetError::long(line, "what the anchors up to here hold", self.longest));
            }
            if self.kept.values > MOST_VALUES {
                return Err(DatasetError::new(
                    line,
                    format!("the anchors up to here hold more than {MOST_VALUES} values"),
                ));
            }
            self.anchors.insert(anchor, (value.clone(), load));
        }
        Ok(())
    }
}

impl Records for YamlList {
    fn read(&mut self) -> Result<Option<Record>, DatasetError> {
        if !self.started && !self.start()? {
            return Ok(None);
        }
        self.told().read = 0;
        match self.step()? {
            (Event::SequenceEnd, _) => {
                self.end()?;
                Ok(None)
            }
            (event, line) => {
                let (value, at) = self.value((event, line))?;
                Ok(Some(Record { at, ..Record::of(line, value) }))
            }
        }
    }
}

/// A value under construction.
#[derive(Default)]
struct Building {
    frames: Vec<Frame>,
    spent: Load,
    longest: usize,
    /// The lines of the keys of the whole.
    keys: Vec<u64>,
}

struct Frame {
    anchor: usize,
    kind: FrameKind,
}

enum FrameKind {
    List(Vec<ExactJson>),
    Fields(Fields),
}

#[derive(Default)]
struct Fields {
    all: Vec<(String, ExactJson)>,
    names: HashSet<String>,
    key: Option<String>,
    /// What `<<` takes over where the mapping says nothing itself.
    merged: Vec<Vec<(String, ExactJson)>>,
}

/// The key that takes over the fields of other mappings (YAML 1.1, `tag:yaml.org,2002:merge`).
const MERGE: &str = "<<";

impl Building {
    fn open(&mut self, frame: Frame, line: u64) -> Result<(), DatasetError> {
        if self.frames.len() == DEEPEST {
            return Err(DatasetError::new(
                line,
                format!("lists and mappings lie more than {DEEPEST} deep in each other"),
            ));
        }
        if let Some(Frame { kind: FrameKind::Fields(Fields { key: None, .. }), .. }) = self.frames.last() {
            return Err(DatasetError::new(line, "a key is a list or a mapping; a key is a text"));
        }
        self.spend(Load::one(0), line)?;
        self.frames.push(frame);
        Ok(())
    }

    /// Counts what is about to be built, before it is.
    fn spend(&mut self, load: Load, line: u64) -> Result<(), DatasetError> {
        self.spent.add(load);
        if self.spent.bytes > self.longest {
            return Err(DatasetError::long(line, "the row, its aliases written out,", self.longest));
        }
        if self.spent.values > MOST_VALUES {
            let what = format!("the row, its aliases written out, holds more than {MOST_VALUES} values; split it up");
            return Err(DatasetError::new(line, what));
        }
        Ok(())
    }

    /// Puts a value where it belongs; returns it if it is the whole.
    fn put(&mut self, value: ExactJson, line: u64) -> Result<Option<ExactJson>, DatasetError> {
        let outermost = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut() else { return Ok(Some(value)) };
        match &mut frame.kind {
            FrameKind::List(items) => items.push(value),
            FrameKind::Fields(fields) => match fields.key.take() {
                None => {
                    let key = key(value, line)?;
                    if outermost && key != MERGE {
                        self.keys.push(line);
                    }
                    fields.key = Some(key);
                }
                Some(key) if key == MERGE => fields.merge(value, line)?,
                Some(key) if fields.has(&key) => {
                    return Err(DatasetError::new(line, format!("the key {} is there twice", quoted(&key))));
                }
                Some(key) => fields.add(key, value),
            },
        }
        Ok(None)
    }
}

impl Fields {
    fn has(&self, key: &str) -> bool {
        self.names.contains(key)
    }

    fn add(&mut self, key: String, value: ExactJson) {
        self.names.insert(key.clone());
        self.all.push((key, value));
    }

    fn merge(&mut self, value: ExactJson, line: u64) -> Result<(), DatasetError> {
        let list = match value {
            ExactJson::List(items) => items,
            one => vec![one],
        };
        for item in list {
            let ExactJson::Fields(fields) = item else {
                return Err(DatasetError::new(line, "`<<` takes a mapping, or a list of them"));
            };
            self.merged.push(fields);
        }
        Ok(())
    }
}

impl FrameKind {
    fn value(self) -> ExactJson {
        match self {
            Self::List(items) => ExactJson::List(items),
            Self::Fields(mut fields) => {
                for (key, value) in std::mem::take(&mut fields.merged).into_iter().flatten() {
                    if !fields.has(&key) {
                        fields.add(key, value);
                    }
                }
                ExactJson::Fields(fields.all)
            }
        }
    }
}

fn key(value: ExactJson, line: u64) -> Result<String, DatasetError> {
    match value {
        ExactJson::List(_) | ExactJson::Fields(_) => {
            Err(DatasetError::new(line, "a key is a list or a mapping; a key is a text"))
        }
        ExactJson::Null => Ok(String::new()),
        other => Ok(crate::dataset::row::plain(other)),
    }
}

fn load(value: &ExactJson) -> Load {
    match value {
        ExactJson::Null | ExactJson::Bool(_) => Load::one(0),
        ExactJson::Number(text) | ExactJson::Text(text) => Load::one(text.len()),
        ExactJson::List(items) => items.iter().map(load).fold(Load::one(0), Load::plus),
        ExactJson::Fields(fields) => {
            fields.iter().map(|(key, value)| load(value).plus(Load::one(key.len()))).fold(Load::one(0), Load::plus)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::dataset::row::Fields as Found;

    fn all(text: &str) -> Result<Vec<(u64, Value)>, DatasetError> {
        let mut list = YamlList::new(Lines::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), 16 << 20));
        let mut rows = Vec::new();
        while let Some(record) = list.read()? {
            let value = match record.fields {
                Found::Text(text) => Value::String(text),
                Found::Columns(columns) => ExactJson::Fields(columns).to_value(),
            };
            rows.push((record.line.unwrap(), value));
        }
        Ok(rows)
    }

    #[test]
    fn a_list_gives_its_items_with_their_lines() {
        let text = "# set\n---\n- a: 1\n  b: |\n    two\n    lines\n- &base\n  a: 01\n  b: \"7\"\n\n- <<: *base\n  a: null\n- plain text\n";
        let rows = all(text).unwrap();
        assert_eq!(
            rows,
            [
                (3, json!({"a": 1, "b": "two\nlines\n"})),
                (7, json!({"a": "01", "b": "7"})),
                (11, json!({"a": null, "b": "7"})),
                (13, json!("plain text")),
            ]
        );
        assert_eq!(all("[{a: 1.5}, 123456789012345678901234]").unwrap()[1].1, json!("123456789012345678901234"));
        assert_eq!(all("").unwrap(), []);
        assert_eq!(all("# nothing\n").unwrap(), []);
    }

    #[test]
    fn a_broken_list_is_told_by_its_line() {
        let bomb = (1..40).fold("- &a0 [lol,lol]\n".to_owned(), |text, n| {
            let before = n - 1;
            format!("{text}- &a{n} [*a{before},*a{before}]\n")
        });
        let inside = format!("- x: &a {}\n  y: [{}]\n", "x".repeat(100_000), "*a,".repeat(1000));
        let deep = "- ".repeat(200);
        for (text, said) in [
            ("a: 1\n", "not a YAML list"),
            ("- a: 1\n  a: 2\n", "`a` is there twice"),
            ("- !!python/object x\n", "the tag"),
            ("- a: !mine 5\n", "the tag"),
            ("- a: !!int five\n", "is not a number"),
            ("- a: [1\n- b\n", "not YAML"),
            ("- *gone\n", "not YAML"),
            ("- &a [*a]\n", "itself a part"),
            ("- ? [1]\n  : 2\n", "a key is a list"),
            ("- 1\n---\n- 2\n", "second document"),
            ("- <<: 5\n", "`<<` takes a mapping"),
            (&bomb, "250000 values"),
            (&inside, "16 MB"),
            (&deep, "deep"),
        ] {
            let start: String = text.chars().take(30).collect();
            let trouble = all(text).unwrap_err();
            assert!(trouble.what.contains(said), "{start}: {trouble:?}");
            assert!(trouble.line.is_some(), "{start}");
        }
        assert_eq!(all("- a: 1\n  a: 2\n").unwrap_err().line, Some(2));
        assert!(all(&"[".repeat(100_000)).unwrap_err().what.contains("recursion limit"));
        assert!(all("- a\n- b: \"x\n").unwrap_err().what.contains("not YAML"));
    }
}
