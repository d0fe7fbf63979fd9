//! Two answers as one text to read, what differs between them marked, and a window on it.

mod json;
mod prose;

use std::{ops::Range, sync::Arc};

use serde_json::Value;

use super::view::View;
use crate::{
    eval::{Found, JsonDiff, JsonTypes, extract},
    text::{Change, Safe, clean},
};

/// One side of a comparison: a whole answer, or another text.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The text as it can be shown.
    pub text: Safe,
    /// The object or array it holds, if it is compared as JSON.
    pub json: Option<Value>,
}

impl Side {
    /// Makes a side of an answer and the JSON that was found in it. An answer that is nothing but
    /// JSON is compared as JSON also where none was asked for.
    #[must_use]
    pub fn of(raw: &str, json: Option<&Value>) -> Self {
        let read = || extract(raw, JsonTypes::OBJECT).ok();
        let whole = || read().filter(|(_, how)| how.found == Found::Whole).map(|(value, _)| value);
        let json = json.cloned().or_else(whole).filter(|value| value.is_object() || value.is_array());
        Self { text: clean(raw), json }
    }
}

/// How much two texts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// Not at all, but for white space.
    Same,
    /// The same JSON, with other white space, another order of keys, or other spelling.
    SameJson,
    /// In some fields of all that either holds.
    Fields {
        /// Fields that differ.
        differ: usize,
        /// Fields of both together.
        of: usize,
    },
    /// In some words.
    Words {
        /// Words that differ.
        differ: usize,
        /// Whether some were compared line by line, the texts being too large and too different.
        by_lines: bool,
    },
}

impl Summary {
    /// Tells whether there is nothing to see.
    #[must_use]
    pub fn is_same(self) -> bool {
        matches!(self, Self::Same | Self::SameJson)
    }
}

/// A place that both sides have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A JSON pointer into the new side, or for what is gone into the old one.
    Path(String),
    /// Bytes of the old side's text.
    Byte(usize),
}

/// Where the lines of what is shown come from.
#[derive(Debug, Clone)]
enum Origins {
    /// The JSON pointer of the line that starts at a byte of what is shown.
    Paths(Vec<(usize, String)>),
    /// The byte of the old text that stands where a byte of what is shown does.
    Bytes(Vec<(usize, usize)>),
}

/// What differs between two sides, ready to be read.
#[derive(Debug, Clone)]
pub struct Difference {
    /// The sides it was made of, the old one first.
    sides: (Arc<Side>, Arc<Side>),
    view: View,
    summary: Summary,
    /// What is marked, in bytes of what is shown, in order.
    marks: Vec<(Range<usize>, Change)>,
    /// The places that differ: which marks belong to one.
    hunks: Vec<Range<usize>>,
    at: Option<usize>,
    origins: Origins,
}

impl Difference {
    /// Compares two sides: as JSON if both hold some, else word by word.
    #[must_use]
    pub fn new(old: &Arc<Side>, new: &Arc<Side>) -> Self {
        let sides = (Arc::clone(old), Arc::clone(new));
        let written = match (&old.json, &new.json) {
            (Some(was), Some(is)) => json::write(&JsonDiff::new(was, is), old.text == new.text),
            _ => prose::write(&old.text, &new.text),
        };
        let Written { view, marks, hunks, origins, summary } = written;
        Self { sides, view, summary, marks, hunks, at: None, origins }
    }

    /// Compares two texts word by word.
    #[must_use]
    pub fn of_texts(old: &str, new: &str) -> Self {
        let side = |text| Arc::new(Side { text: clean(text), json: None });
        Self::new(&side(old), &side(new))
    }

    /// Tells whether it was made of these very sides.
    #[must_use]
    pub fn is_of(&self, old: &Arc<Side>, new: &Arc<Side>) -> bool {
        Arc::ptr_eq(&self.sides.0, old) && Arc::ptr_eq(&self.sides.1, new)
    }

    /// Returns how much the sides differ.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// Returns the window.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The same, to be fitted, scrolled and searched.
    pub fn view_mut(&mut self) -> &mut View {
        &mut self.view
    }

    /// Returns the columns of a row that are marked: as what, and whether the present difference is there.
    pub fn marks(&self, row: usize) -> impl Iterator<Item = (Range<usize>, Change, bool)> + '_ {
        let bytes = self.view.bytes(row);
        let first = self.marks.partition_point(|(mark, _)| mark.end <= bytes.start);
        let here = self.at.and_then(|at| self.hunks.get(at)).cloned().unwrap_or_default();
        let seen = self.marks.iter().skip(first).take_while(move |(mark, _)| mark.start < bytes.end);
        seen.filter_map(move |(mark, change)| {
            Some((self.view.columns(row, mark)?, *change, here.contains(&mark.start)))
        })
    }

    /// Returns the number of the present difference, counted from 1, and how many there are.
    #[must_use]
    pub fn count(&self) -> (Option<usize>, usize) {
        (self.at.map(|at| at + 1), self.hunks.len())
    }

    /// Goes to the next difference or the one before, round the end; the first time to the first
    /// one that is in sight or below, or above.
    pub fn step(&mut self, forward: bool) {
        let count = self.hunks.len();
        if count == 0 {
            return;
        }
        let top = self.view.bytes(self.view.top()).start;
        let near = self.hunks.partition_point(|hunk| hunk.start < top);
        let at = match (self.at, forward) {
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, true) => near % count,
            (None, false) => (near + count - 1) % count,
        };
        self.at = Some(at);
        if let Some(hunk) = self.hunks.get(at) {
            self.view.show(hunk.start);
        }
    }

    /// Tells which place the first row in sight shows.
    #[must_use]
    pub fn place(&self) -> Place {
        let top = self.view.bytes(self.view.top()).start;
        match &self.origins {
            Origins::Paths(lines) => {
                let line = lines.partition_point(|(start, _)| *start <= top).checked_sub(1);
                Place::Path(line.and_then(|line| lines.get(line)).map(|(_, path)| path.clone()).unwrap_or_default())
            }
            Origins::Bytes(pieces) => Place::Byte(across(pieces, |piece| piece.0, |piece| piece.1, top)),
        }
    }

    /// Puts a place on the first row, the nearest path around it where that path is not here. Tells
    /// whether it is a place of this kind of text.
    pub fn align(&mut self, place: &Place) -> bool {
        let byte = match (&self.origins, place) {
            (Origins::Paths(lines), Place::Path(path)) => nearest(lines, path),
            (Origins::Bytes(pieces), Place::Byte(byte)) => {
                Some(across(pieces, |piece| piece.1, |piece| piece.0, *byte))
            }
            _ => None,
        };
        if let Some(byte) = byte {
            self.view.align_to(byte);
        }
        byte.is_some()
    }
}

/// Finds what stands as far behind the start of its piece as a byte does, from one side to another.
fn across(
    pieces: &[(usize, usize)],
    from: impl Fn(&(usize, usize)) -> usize,
    to: impl Fn(&(usize, usize)) -> usize,
    byte: usize,
) -> usize {
    let at = pieces.partition_point(|piece| from(piece) <= byte).saturating_sub(1);
    let Some(piece) = pieces.get(at) else {
        return 0;
    };
    let end = pieces.get(at + 1).map_or(usize::MAX, &to);
    to(piece).saturating_add(byte.saturating_sub(from(piece))).min(end)
}

/// Finds the first line of a path, or of the innermost path around it.
fn nearest(lines: &[(usize, String)], path: &str) -> Option<usize> {
    let mut path = path;
    loop {
        if let Some((start, _)) = lines.iter().find(|(_, own)| own == path) {
            return Some(*start);
        }
        path = path.rsplit_once('/')?.0;
    }
}

/// A difference as it is being written.
struct Written {
    view: View,
    marks: Vec<(Range<usize>, Change)>,
    hunks: Vec<Range<usize>>,
    origins: Origins,
    summary: Summary,
}

impl Written {
    fn new(summary: Summary, origins: Origins) -> Self {
        let mut view = View::default();
        view.to_top();
        Self { view, marks: Vec::new(), hunks: Vec::new(), origins, summary }
    }

    /// Appends a text as it is, cleaned.
    fn put(&mut self, text: &str) {
        self.view.push(&clean(text));
    }

    /// Appends a text that is marked.
    fn mark(&mut self, text: &str, change: Change) {
        let start = self.view.len();
        self.put(text);
        if self.view.len() > start {
            self.marks.push((start..self.view.len(), change));
        }
    }

    /// Appends a text between brackets that say without colour what happened to it.
    fn bracketed(&mut self, text: &str, change: Change) {
        self.mark(&change.marked(text), change);
    }

    /// Notes that what was written since a byte is one difference.
    fn differs_since(&mut self, start: usize) {
        if self.view.len() > start {
            self.hunks.push(start..self.view.len());
        }
    }
}

#[cfg(test)]
mod tests;
