//! A YAML or JSON file as a tree (YAML 1.2.2).
//!
//! JSON pasted into YAML is taken where YAML forbids it (section 7.4): lines of a `{…}` or `[…]` that stand no further
//! right than their key are moved to the right.

use std::borrow::Cow;

use saphyr_parser::{Event, Parser};

pub(crate) use crate::dataset::yaml::write::write;
use crate::{
    dataset::yaml::tree::{Bounds, Builder, YamlError, YamlNode, YamlTree},
    text::json::ExactJson,
};

/// Reads a text of one document as a value whose numbers stay as they are written. The error names the line.
pub fn read(text: &str) -> Result<ExactJson, String> {
    parse(text).map(YamlNode::into_exact).map_err(|YamlError { line, what }| format!("line {line}: {what}"))
}

/// Reads a text of one document; an empty one is null.
pub(crate) fn parse(text: &str) -> Result<YamlNode, YamlError> {
    let mut builder = Builder::new(Bounds::File);
    let mut whole: Option<YamlNode> = None;
    let text = indented(text);
    for event in Parser::new_from_str(&text) {
        let (event, span) = event.map_err(|error| YamlError::syntax(&error))?;
        let line = span.start.line();
        if whole.is_some() && matches!(event, Event::DocumentStart(_)) {
            return Err(YamlError::at(line, "a second document begins here; write one, without `---` in between"));
        }
        if let Some(node) = builder.push(event, line)? {
            whole = Some(node);
        }
    }
    Ok(whole.unwrap_or(YamlNode { line: 1, tree: YamlTree::One(ExactJson::Null) }))
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
