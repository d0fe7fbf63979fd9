//! A text in rows of a width: the one place that decides where a row ends, for drawing, for the caret and for the
//! keys that go up and down.
//!
//! A line is wrapped in chunks of bounded length, so that no work grows with the text, not even with one line of ten
//! megabytes.

use std::{borrow::Cow, ops::Range};

use ropey::Rope;
use unicode_segmentation::UnicodeSegmentation;

use crate::text::{clean_line, width};

/// Characters of a line that are wrapped together.
const CHUNK: usize = 4096;

/// Characters by which a chunk is longer where its end would divide a word.
const WORD: usize = 200;

/// Columns of a tab.
const TAB: usize = 4;

/// One row of a wrapped text. Places are in characters of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextRow {
    /// The line it is of, counted from 0.
    pub line: usize,
    /// Where it begins.
    pub start: usize,
    /// Where it ends, the line break left out.
    pub end: usize,
    /// Whether it is the first of its line.
    pub is_first: bool,
    /// Whether it is the last of its line.
    pub is_last: bool,
}

impl TextRow {
    /// Tells whether a cursor at a place stands in this row.
    #[must_use]
    pub fn holds(&self, place: usize) -> bool {
        self.start <= place && (place < self.end || (place == self.end && self.is_last))
    }
}

/// Returns where a line begins and ends, without its line break.
#[must_use]
pub fn line_range(rope: &Rope, line: usize) -> Range<usize> {
    let line = line.min(rope.len_lines().saturating_sub(1));
    let start = rope.line_to_char(line);
    let next = if line + 1 < rope.len_lines() { rope.line_to_char(line + 1) - 1 } else { rope.len_chars() };
    start..next.max(start)
}

/// Returns where the chunk `number` of a line begins.
fn chunk_start(rope: &Rope, line: &Range<usize>, number: usize) -> usize {
    if number == 0 {
        return line.start;
    }
    let wanted = line.start.saturating_add(number.saturating_mul(CHUNK));
    if wanted >= line.end {
        return line.end;
    }
    let most = line.end.min(wanted + WORD);
    let mut chars = rope.chars_at(wanted).enumerate().take(most - wanted);
    match chars.find(|(_, c)| c.is_whitespace()) {
        Some((at, _)) => (wanted + at + 1).min(line.end),
        None => wanted,
    }
}

/// Returns the chunk of its line that a place is in.
#[must_use]
pub fn chunk_at(rope: &Rope, place: usize) -> Range<usize> {
    let line = line_range(rope, rope.char_to_line(place.min(rope.len_chars())));
    let mut number = place.saturating_sub(line.start) / CHUNK;
    let mut start = chunk_start(rope, &line, number);
    // The end of the line belongs to the chunk before it.
    while number > 0 && (start > place || start >= line.end) {
        number -= 1;
        start = chunk_start(rope, &line, number);
    }
    start..chunk_start(rope, &line, number + 1).max(start)
}

/// Lists the rows of the chunk that a place is in.
#[must_use]
pub fn rows_around(rope: &Rope, place: usize, wide: usize) -> Vec<TextRow> {
    let chunk = chunk_at(rope, place);
    let number = rope.char_to_line(chunk.start);
    let line = line_range(rope, number);
    let text = Cow::<str>::from(rope.slice(chunk.clone()));
    let ends = wrapped(&text, chunk.start, wide.max(1));
    let mut start = chunk.start;
    let row = |end: usize| {
        let row = TextRow { line: number, start, end, is_first: start == line.start, is_last: end == line.end };
        start = end;
        row
    };
    ends.into_iter().map(row).collect()
}

/// Finds the row of a cursor: at the end of a line its last one, else the one that goes on with the character there.
#[must_use]
pub fn row_at(rope: &Rope, place: usize, wide: usize) -> TextRow {
    let place = place.min(rope.len_chars());
    let rows = rows_around(rope, place, wide);
    let found = rows.iter().find(|row| row.holds(place)).or(rows.last());
    found.copied().unwrap_or(TextRow { line: 0, start: 0, end: 0, is_first: true, is_last: true })
}

/// Returns the row below one, if there is one.
#[must_use]
pub fn row_below(rope: &Rope, row: &TextRow, wide: usize) -> Option<TextRow> {
    let next = if row.is_last { row.end + 1 } else { row.end };
    (next <= rope.len_chars()).then(|| row_at(rope, next, wide))
}

/// Returns the row above one, if there is one.
#[must_use]
pub fn row_above(rope: &Rope, row: &TextRow, wide: usize) -> Option<TextRow> {
    let before = row.start.checked_sub(1)?;
    Some(row_at(rope, before, wide))
}

/// Lists where the rows of a text end whose first character is at a place.
fn wrapped(text: &str, start: usize, wide: usize) -> Vec<usize> {
    let mut ends = Vec::new();
    let (mut begin, mut at, mut column) = (start, start, 0);
    // After the last blank of the row: the place, and its column.
    let mut blank: Option<(usize, usize)> = None;
    for cluster in text.graphemes(true) {
        let cells = cells(cluster);
        let is_blank = cluster == " " || cluster == "\t";
        // A blank hangs over the edge, so that no row begins with it.
        while !is_blank && column + cells > wide && at > begin {
            let (end, columns) = blank.take().filter(|(place, _)| *place > begin).unwrap_or((at, column));
            ends.push(end);
            (begin, column) = (end, column.saturating_sub(columns));
        }
        column += cells;
        at += cluster.chars().count();
        if is_blank {
            blank = Some((at, column));
        }
    }
    ends.push(at);
    ends
}

/// Returns the columns that a cluster takes.
#[must_use]
pub fn cells(cluster: &str) -> usize {
    match cluster.as_bytes() {
        [b'\t'] => TAB,
        [0x20..=0x7e] => 1,
        _ => width(&shown(cluster)),
    }
}

/// Returns what is drawn for a cluster: nothing that does more to a terminal than be shown.
#[must_use]
pub fn shown(cluster: &str) -> Cow<'_, str> {
    match cluster.as_bytes() {
        [b'\t'] => Cow::Borrowed("    "),
        [0x20..=0x7e] => Cow::Borrowed(cluster),
        [0..=0x1f | 0x7f] => Cow::Borrowed("␦"),
        _ => Cow::Owned(clean_line(cluster).as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, wide: usize) -> Vec<String> {
        let rope = Rope::from_str(text);
        let mut all = Vec::new();
        let mut row = Some(row_at(&rope, 0, wide));
        while let Some(here) = row {
            all.push(rope.slice(here.start..here.end).to_string());
            row = row_below(&rope, &here, wide);
        }
        all
    }

    #[test]
    fn rows_end_after_blanks_and_long_words_where_they_must() {
        assert_eq!(rows("one two three", 8), ["one two ", "three"]);
        assert_eq!(rows("one two  three", 7), ["one two  ", "three"]);
        assert_eq!(rows("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(rows("日本語 x", 4), ["日本", "語 x"]);
        assert_eq!(rows("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(rows("", 4), [""]);
        assert_eq!(rows("a\n", 4), ["a", ""]);
    }

    #[test]
    fn a_line_of_any_length_is_the_same_upwards_and_downwards() {
        let text = format!("{}\n{}\nend", "word ".repeat(3000), "x".repeat(20_000));
        let rope = Rope::from_str(&text);
        let mut down = vec![row_at(&rope, 0, 37)];
        while let Some(next) = row_below(&rope, down.last().unwrap(), 37) {
            assert_eq!(next.start, down.last().unwrap().end + usize::from(down.last().unwrap().is_last));
            down.push(next);
        }
        assert_eq!(down.last().unwrap().end, rope.len_chars());
        let mut up = vec![*down.last().unwrap()];
        while let Some(next) = row_above(&rope, up.last().unwrap(), 37) {
            up.push(next);
        }
        up.reverse();
        assert_eq!(up, down);
    }

    #[test]
    fn nothing_that_is_drawn_moves_a_cursor() {
        for cluster in ["\u{1b}", "\u{7f}", "\u{202e}", "\u{9b}"] {
            assert!(!shown(cluster).contains(['\u{1b}', '\u{7f}', '\u{202e}', '\u{9b}']), "{cluster:?}");
        }
    }
}
