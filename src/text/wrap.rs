//! A growing text cut into rows of a width, so that drawing costs what is seen and pushing what is new.

use std::{borrow::Cow, ops::Range};

use unicode_segmentation::UnicodeSegmentation;

use crate::text::{
    sanitize::{SanitizedText, clean_line},
    search::find_all,
    width::{grapheme_width, width},
};

/// Columns between tab stops.
const TAB: usize = 4;

/// A text that only grows, with its rows at one width.
///
/// Lines are broken between words, before and after wide characters, and inside a word that is
/// longer than a row; never inside a grapheme. White space at a row's end hangs over the edge
/// unseen. A line break that ends the text opens no row. A grapheme wider than the width has a row
/// to itself. Pushing re-wraps at most the last two rows, however long their line is.
#[derive(Debug, Clone)]
pub struct Wrapped {
    text: String,
    /// Where each row starts. A row ends where the next one starts.
    starts: Vec<usize>,
    width: usize,
}

/// One row, ready to be drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedRow<'a> {
    /// What is drawn: tabs are spaces, what hangs over the edge is cut.
    pub text: Cow<'a, str>,
    /// True when the row goes on with the line of the row before.
    pub continued: bool,
    /// Where in the text the row starts, in bytes.
    pub start: usize,
}

impl Default for Wrapped {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Wrapped {
    /// Makes an empty text for rows of so many columns; 0 is taken as 1.
    #[must_use]
    pub fn new(width: usize) -> Self {
        Self { text: String::new(), starts: Vec::new(), width: width.max(1) }
    }

    /// Appends to the text.
    pub fn push(&mut self, more: &SanitizedText) {
        self.push_str(more);
    }

    fn push_str(&mut self, more: &str) {
        if more.is_empty() {
            return;
        }
        // More text can change the last grapheme, and with it whether it fits the row before.
        let mut from = self.starts.pop().unwrap_or(0);
        if self.is_continued(from) {
            from = self.starts.pop().unwrap_or(0);
        }
        self.text.push_str(more);
        self.wrap_from(from);
    }

    /// Changes the width and wraps everything anew, if it is another.
    pub fn set_width(&mut self, width: usize) {
        if width.max(1) != self.width {
            self.width = width.max(1);
            self.starts.clear();
            self.wrap_from(0);
        }
    }

    /// Forgets the text.
    pub fn clear(&mut self) {
        self.text.clear();
        self.starts.clear();
    }

    /// Returns the columns of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Returns the whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Counts the rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.starts.len()
    }

    /// Returns a row, counted from 0; an empty one past the end.
    #[must_use]
    pub fn row(&self, row: usize) -> WrappedRow<'_> {
        let raw = self.raw(row);
        let start = self.anchor_of(row);
        let text = if raw.contains('\t') {
            Cow::Owned(expand(raw, self.width))
        } else if raw.ends_with(' ') && width(raw) > self.width {
            Cow::Borrowed(raw.trim_end_matches(' '))
        } else {
            Cow::Borrowed(raw)
        };
        WrappedRow { text, continued: self.is_continued(start), start }
    }

    /// Returns where in the text a row starts, in bytes; the text's end for a row past the end.
    /// Unlike the row's number this keeps its meaning when the width changes.
    #[must_use]
    pub fn anchor_of(&self, row: usize) -> usize {
        self.starts.get(row).copied().unwrap_or(self.text.len())
    }

    /// Returns the row that holds a byte of the text; the last row for one past the end.
    #[must_use]
    pub fn row_at(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).saturating_sub(1)
    }

    /// Returns the columns of a row that bytes of the text cover, if they cover any: where a row
    /// shows a match.
    #[must_use]
    pub fn columns(&self, row: usize, bytes: &Range<usize>) -> Option<Range<usize>> {
        let (raw, start) = (self.raw(row), self.anchor_of(row));
        if raw.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            let (from, to) = (bytes.start.max(start), bytes.end.min(start + raw.len().min(self.width)));
            return (from < to).then(|| from - start..to - start);
        }
        let mut covered: Option<Range<usize>> = None;
        let mut column = 0;
        for (at, grapheme) in raw.grapheme_indices(true) {
            let at = start + at;
            let end = (column + columns_of(grapheme, column)).min(self.width.max(column));
            if at < bytes.end && at + grapheme.len() > bytes.start && end > column {
                covered = Some(covered.map_or(column, |covered| covered.start)..end);
            }
            column = end;
        }
        covered
    }

    /// Finds a text wherever it is, from the start, without overlaps, also across rows. Returns
    /// byte ranges of [`Wrapped::text`].
    #[must_use]
    pub fn find_all(&self, needle: &str, case_insensitive: bool) -> Vec<Range<usize>> {
        find_all(&self.text, needle, case_insensitive)
    }

    /// The bytes of a row without its line break.
    fn raw(&self, row: usize) -> &str {
        let raw = self.text.get(self.anchor_of(row)..self.anchor_of(row.saturating_add(1))).unwrap_or_default();
        raw.strip_suffix('\n').unwrap_or(raw)
    }

    fn is_continued(&self, start: usize) -> bool {
        self.text.get(..start).is_some_and(|before| !before.is_empty() && !before.ends_with('\n'))
    }

    fn wrap_from(&mut self, mut start: usize) {
        while start < self.text.len() {
            self.starts.push(start);
            start = row_end(&self.text, start, self.width);
        }
    }
}

/// Cuts a text that stands still into rows of a width, by the rules of [`Wrapped`]. Returns their bytes.
pub(crate) fn breaks(text: &str, width: usize) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let row = start..row_end(text, start, width.max(1));
        start = row.end;
        (!row.is_empty()).then_some(row)
    })
}

/// Returns where the row that starts at `start` ends, its line break included.
fn row_end(text: &str, start: usize, width: usize) -> usize {
    let (mut at, mut column, mut hanging) = (start, 0, 0);
    let mut may_break = None;
    while let Some((grapheme, columns)) = next(text, at, column) {
        let end = at + grapheme.len();
        match grapheme {
            "\n" => return end,
            // As much white space as a row holds may hang, so that endless space has rows too.
            " " | "\t" if column >= width => {
                hanging += 1;
                may_break = Some(end);
                if hanging > width {
                    return at;
                }
            }
            " " | "\t" => {
                column = (column + columns).min(width);
                may_break = Some(end);
            }
            _ => {
                if column + columns > width && at > start {
                    return if columns > 1 { at } else { may_break.unwrap_or(at) };
                }
                column += columns;
                if columns > 1 {
                    may_break = Some(end);
                }
            }
        }
        at = end;
    }
    text.len()
}

/// Returns the grapheme at a boundary and its columns.
fn next(text: &str, at: usize, column: usize) -> Option<(&str, usize)> {
    let bytes = text.as_bytes();
    let plain = |at: usize| bytes.get(at).is_none_or(u8::is_ascii);
    // What follows ASCII joins it only if it is not ASCII itself.
    let end = at + 1;
    if let Some(grapheme) = text.get(at..end).filter(|_| plain(end)) {
        return Some((grapheme, columns_of(grapheme, column)));
    }
    let grapheme = text.get(at..)?.graphemes(true).next()?;
    Some((grapheme, columns_of(grapheme, column)))
}

/// Counts the columns of a grapheme that starts at a column.
fn columns_of(grapheme: &str, column: usize) -> usize {
    if grapheme == "\t" { TAB - column % TAB } else { grapheme_width(grapheme) }
}

/// Replaces the tabs of a row by spaces, and cuts the white space that hangs over the edge.
fn expand(raw: &str, width: usize) -> String {
    let (mut out, mut column) = (String::with_capacity(raw.len() + 2 * TAB), 0);
    for grapheme in raw.graphemes(true) {
        let columns = columns_of(grapheme, column);
        if matches!(grapheme, " " | "\t") {
            let spaces = columns.min(width.saturating_sub(column));
            out.extend(std::iter::repeat_n(' ', spaces));
            column += spaces;
        } else {
            out.push_str(grapheme);
            column += columns;
        }
    }
    out
}

/// Returns the lines that a text takes at a width, without the white space at their ends; line breaks in it are
/// spaces.
#[must_use]
pub fn wrapped_lines(text: &str, width: u16) -> Vec<String> {
    let mut rows = Wrapped::new(usize::from(width.max(1)));
    rows.push(&clean_line(text));
    (0..rows.rows()).map(|row| rows.row(row).text.trim_end().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::{
        clean,
        hostile::{cut, hostile},
    };

    fn wrapped(text: &str, width: usize) -> Wrapped {
        let mut wrapped = Wrapped::new(width);
        wrapped.push(&clean(text));
        wrapped
    }

    fn rows(wrapped: &Wrapped) -> Vec<String> {
        (0..wrapped.rows()).map(|row| wrapped.row(row).text.into_owned()).collect()
    }

    #[test]
    fn lines_break_where_a_reader_expects() {
        for (text, width, want) in [
            ("", 10, &[][..]),
            ("hello world", 11, &["hello world"]),
            ("hello world", 10, &["hello ", "world"]),
            ("hello world", 5, &["hello", "world"]),
            ("hello   world", 5, &["hello", "world"]),
            ("abcdefgh", 3, &["abc", "def", "gh"]),
            ("a bcdefgh", 4, &["a ", "bcde", "fgh"]),
            ("a\nb\n", 5, &["a", "b"]),
            ("a\n\nb", 5, &["a", "", "b"]),
            ("\n\n", 5, &["", ""]),
            ("日本語日本", 5, &["日本", "語日", "本"]),
            ("ab日本", 3, &["ab", "日", "本"]),
            ("日a", 1, &["日", "a"]),
            ("a\tb", 8, &["a   b"]),
            ("abcd\te", 8, &["abcd    ", "e"]),
            ("\t\tx", 6, &["      ", "x"]),
            ("👩\u{200d}👧👩\u{200d}👧", 3, &["👩\u{200d}👧", "👩\u{200d}👧"]),
        ] {
            assert_eq!(rows(&wrapped(text, width)), want, "{text:?} at {width}");
        }
    }

    #[test]
    fn endless_space_has_rows() {
        let text = wrapped(&" ".repeat(1000), 10);
        assert_eq!(text.rows(), 50);
        assert!((0..50).all(|row| width(&text.row(row).text) <= 10));
    }

    #[test]
    fn a_row_says_whether_it_goes_on() {
        let text = wrapped("hello world\nnext", 6);
        let flags: Vec<_> = (0..3).map(|row| (text.row(row).continued, text.row(row).start)).collect();
        assert_eq!(flags, [(false, 0), (true, 6), (false, 12)]);
        assert_eq!(text.row(9), WrappedRow { text: "".into(), continued: true, start: 16 });
    }

    #[test]
    fn an_anchor_survives_another_width() {
        let mut text = wrapped(&"word ".repeat(200), 20);
        let anchor = text.anchor_of(30);
        text.set_width(7);
        let row = text.row_at(anchor);
        assert!(text.anchor_of(row) <= anchor && anchor < text.anchor_of(row + 1));
        text.set_width(20);
        assert_eq!(text.row_at(anchor), 30);
        assert_eq!(text.row_at(usize::MAX), text.rows() - 1);
        assert_eq!(Wrapped::new(5).row_at(3), 0);
    }

    #[test]
    fn a_match_has_columns_on_each_of_its_rows() {
        let text = wrapped("One one\tONE\nnext", 40);
        assert_eq!(text.columns(0, &(8..11)), Some(8..11));
        assert_eq!(text.columns(0, &(7..8)), Some(7..8));
        assert_eq!(text.columns(1, &(8..11)), None);
        let narrow = wrapped("aa日本bb", 4);
        let found = narrow.find_all("日本", false);
        assert_eq!(found.len(), 1);
        assert_eq!(narrow.columns(0, &found[0]), Some(2..4));
        assert_eq!(narrow.columns(1, &found[0]), Some(0..2));
    }

    #[test]
    fn clearing_leaves_nothing() {
        let mut text = wrapped("some text", 4);
        text.clear();
        assert_eq!((text.rows(), text.text()), (0, ""));
        text.push(&clean("ab"));
        assert_eq!(rows(&text), ["ab"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn pushed_in_pieces_is_pushed_at_once(
            text in hostile(), sizes in prop::collection::vec(0usize..6, 0..60), width in 0usize..48,
        ) {
            let safe = clean(&text);
            let mut pieces = Wrapped::new(width);
            for piece in cut(&safe, &sizes) {
                pieces.push_str(piece);
            }
            let whole = wrapped(&text, width);
            prop_assert_eq!(&pieces.starts, &whole.starts);
            prop_assert_eq!(pieces.text(), whole.text());
        }

        #[test]
        fn rows_hold_everything_and_fit(text in hostile(), width in 0usize..48) {
            let text = wrapped(&text, width);
            let all: String = (0..text.rows()).map(|row| {
                text.text().get(text.anchor_of(row)..text.anchor_of(row + 1)).unwrap()
            }).collect();
            prop_assert_eq!(&all, text.text());
            for row in 0..text.rows() {
                let shown = text.row(row).text;
                prop_assert!(!shown.contains(['\t', '\n']));
                let drawn = shown.graphemes(true).filter(|g| grapheme_width(g) > 0).count();
                prop_assert!(crate::text::width::width(&shown) <= text.width() || drawn == 1, "{:?}", shown);
            }
        }

        #[test]
        fn another_width_is_a_new_text(text in hostile(), first in 0usize..48, second in 0usize..48) {
            let mut text_at = wrapped(&text, first);
            text_at.set_width(second);
            prop_assert_eq!(text_at.starts, wrapped(&text, second).starts);
        }
    }

    #[test]
    fn a_line_without_end_costs_its_last_rows() {
        let mut text = wrapped(&"x".repeat(1_000_000), 80);
        let piece = clean_line("token ");
        for _ in 0..10_000 {
            text.push(&piece);
        }
        assert_eq!(text.text().len(), 1_060_000);
        let rows = text.rows();
        assert_eq!(rows, wrapped(text.text(), 80).rows());
    }

    #[test]
    fn lines_end_without_white_space() {
        assert_eq!(wrapped_lines("one  two\nthree", 5), ["one", "two", "three"]);
        assert_eq!(wrapped_lines("ab", 0), ["a", "b"], "no width is one column");
    }
}
