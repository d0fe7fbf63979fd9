//! A YAML list, item by item as its events come (YAML 1.2.2); aliases are bounded.

pub mod document;

pub(crate) mod scalar;
pub(crate) mod tree;
pub(crate) mod write;

use std::sync::{Arc, Mutex, PoisonError};

use saphyr_parser::{BufferedInput, Event, Parser};

use crate::dataset::{
    row::{Records, SourceRecord},
    source::{DatasetError, SourceLines},
    yaml::{
        document::Flow,
        tree::{Bounds, Builder, YamlError, YamlNode, YamlTree},
    },
};

/// What the reader of the characters shares with that of the events.
#[derive(Debug, Default)]
struct Progress {
    /// Why there are no further characters.
    error: Option<DatasetError>,
    /// Bytes read since the last row.
    read: usize,
}

/// The characters of a source, line by line.
struct Chars {
    lines: SourceLines,
    line: std::vec::IntoIter<char>,
    progress: Arc<Mutex<Progress>>,
    flow: Flow,
}

impl Iterator for Chars {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(c) = self.line.next() {
            return Some(c);
        }
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.error.is_some() {
            return None;
        }
        match self.lines.next() {
            Ok(line) => {
                let line = line?;
                progress.read += line.len();
                self.line = self.flow.line(line).chars().collect::<Vec<_>>().into_iter();
            }
            Err(error) => progress.error = Some(error),
        }
        if progress.read > self.lines.longest() {
            let (number, longest) = (self.lines.number(), self.lines.longest());
            progress.error = Some(DatasetError::long(number, "the row that reaches to here", longest));
            return None;
        }
        self.line.next()
    }
}

/// The items of one list.
pub(crate) struct YamlList {
    parser: Parser<'static, BufferedInput<Chars>>,
    progress: Arc<Mutex<Progress>>,
    builder: Builder,
    started: bool,
}

type YamlStep = (Event<'static>, usize);

impl YamlList {
    pub(crate) fn new(lines: SourceLines) -> Self {
        let (progress, longest) = (Arc::new(Mutex::new(Progress::default())), lines.longest());
        let chars =
            Chars { lines, line: Vec::new().into_iter(), progress: Arc::clone(&progress), flow: Flow::default() };
        let builder = Builder::new(Bounds::Rows(longest));
        Self { parser: Parser::new_from_iter(chars), progress, builder, started: false }
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn step(&mut self) -> Result<YamlStep, DatasetError> {
        let found = self.parser.next_event();
        if let Some(error) = self.progress().error.clone() {
            return Err(error);
        }
        match found {
            None => Ok((Event::StreamEnd, 0)),
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => Err(YamlError::syntax(&error).into()),
        }
    }

    fn start(&mut self) -> Result<bool, DatasetError> {
        self.started = true;
        loop {
            match self.step()? {
                (Event::SequenceStart(_, None), _) => return Ok(true),
                (Event::StreamStart | Event::DocumentStart(_) | Event::Nothing, _) => {}
                (Event::StreamEnd, _) => return Ok(false),
                (_, line) => return Err(YamlError::at(line, "it is not a YAML list; begin each row with `- `").into()),
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
                    return Err(YamlError::at(line, "a second document begins here; a data set is one list").into());
                }
            }
        }
    }

    /// Builds the value that begins with an event.
    fn value(&mut self, first: YamlStep) -> Result<YamlNode, DatasetError> {
        let (mut event, mut line) = first;
        loop {
            if let Event::StreamEnd | Event::DocumentEnd | Event::DocumentStart(_) = event {
                return Err(YamlError::at(line, "the row breaks off").into());
            }
            if let Some(node) = self.builder.push(event, line)? {
                return Ok(node);
            }
            (event, line) = self.step()?;
        }
    }
}

impl Records for YamlList {
    fn read(&mut self) -> Result<Option<SourceRecord>, DatasetError> {
        if !self.started && !self.start()? {
            return Ok(None);
        }
        self.progress().read = 0;
        match self.step()? {
            (Event::SequenceEnd, _) => {
                self.end()?;
                Ok(None)
            }
            first => {
                let node = self.value(first)?;
                let at = match &node.tree {
                    YamlTree::Fields(fields) => fields.iter().map(|field| field.line as u64).collect(),
                    YamlTree::One(_) | YamlTree::List(_) => Vec::new(),
                };
                Ok(Some(SourceRecord { at, ..SourceRecord::of(node.line as u64, node.into_exact()) }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{dataset::row::RecordFields as Found, text::json::ExactJson};

    fn all(text: &str) -> Result<Vec<(u64, Value)>, DatasetError> {
        let mut list =
            YamlList::new(SourceLines::new(Box::new(std::io::Cursor::new(text.as_bytes().to_vec())), 16 << 20));
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
    fn each_key_of_a_row_knows_its_line_also_one_that_is_taken_over() {
        let text = "- &base\n  a: 1\n- c:\n    d: 2\n  <<: *base\n  e: 3\n";
        let mut list = YamlList::new(SourceLines::new(Box::new(std::io::Cursor::new(text)), 1 << 20));
        let lines: Vec<_> =
            std::iter::from_fn(|| list.read().unwrap()).map(|record| (record.line, record.at)).collect();
        assert_eq!(lines, [(Some(1), vec![2]), (Some(3), vec![3, 6, 2])]);
    }

    #[test]
    fn a_broken_list_is_told_by_its_line() {
        let bomb = (1..40).fold("- &a0 [lol,lol]\n".to_owned(), |text, n| {
            let before = n - 1;
            format!("{text}- &a{n} [*a{before},*a{before}]\n")
        });
        let inside = format!("- x: &a {}\n  y: [{}]\n", "x".repeat(100_000), "*a,".repeat(1000));
        let deep = "- ".repeat(200);
        for (text, words) in [
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
            let error = all(text).unwrap_err();
            assert!(error.what.contains(words), "{start}: {error:?}");
            assert!(error.line.is_some(), "{start}");
        }
        assert_eq!(all("- a: 1\n  a: 2\n").unwrap_err().line, Some(2));
        assert!(all(&"[".repeat(100_000)).unwrap_err().what.contains("recursion limit"));
        assert!(all("- a\n- b: \"x\n").unwrap_err().what.contains("not YAML"));
    }
}
