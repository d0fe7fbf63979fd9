//! A diff as rows of a width: the lines that differ, words gone and words new marked, the rest folded.

use crate::text::{
    clean_line,
    diff::{LineChange, TextDiff},
    width,
};

/// Lines shown before and after one that differs.
const AROUND: usize = 1;

/// A piece of a row, fit for the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffPiece {
    /// Whether it is in the old text, the new one, or both.
    pub change: LineChange,
    /// The text, with `[-` and `-]` round what is gone and `{+` and `+}` round what is new.
    pub text: String,
}

/// Sets what differs between two texts into rows of at most `columns`; none if nothing does.
///
/// A line of either text is taken whole, with the words of both; lines without a difference that
/// are not beside one are told by their number.
#[must_use]
pub fn rows(old: &str, new: &str, columns: usize) -> Vec<Vec<DiffPiece>> {
    let diff = TextDiff::new(old, new);
    let mut rows = Vec::new();
    if diff.is_same() {
        return rows;
    }
    let lines = lines(&diff, old, new, None);
    let differs: Vec<bool> =
        lines.iter().map(|line| line.iter().any(|piece| piece.change != LineChange::Same)).collect();
    let near = |at: usize| {
        let from = at.saturating_sub(AROUND);
        differs.iter().skip(from).take(at - from + AROUND + 1).any(|differs| *differs)
    };
    let mut folded = 0;
    for (at, line) in lines.iter().enumerate() {
        if near(at) {
            rows.extend(fold(folded));
            folded = 0;
            wrap(line, columns.max(1), &mut rows);
        } else {
            folded += 1;
        }
    }
    rows.extend(fold(folded));
    rows
}

/// Sets two texts into rows of at most `columns` each, to stand beside each other: what is gone is marked in the old one,
/// what is new in the other. Nothing is folded.
#[must_use]
pub fn sides(old: &str, new: &str, columns: usize) -> [Vec<Vec<DiffPiece>>; 2] {
    let diff = TextDiff::new(old, new);
    [LineChange::Added, LineChange::Removed].map(|other| {
        let mut rows = Vec::new();
        for line in lines(&diff, old, new, Some(other)) {
            wrap(&line, columns.max(1), &mut rows);
        }
        rows
    })
}

fn fold(lines: usize) -> Option<Vec<DiffPiece>> {
    let text = match lines {
        0 => return None,
        1 => "… 1 line the same".to_owned(),
        lines => format!("… {lines} lines the same"),
    };
    Some(vec![DiffPiece { change: LineChange::Same, text }])
}

/// Cuts both texts, laid into one, into lines; what is of one side alone may be left out.
fn lines(diff: &TextDiff, old: &str, new: &str, without: Option<LineChange>) -> Vec<Vec<DiffPiece>> {
    let mut lines = vec![Vec::new()];
    for segment in diff.segments().iter().filter(|segment| Some(segment.change) != without) {
        // White space may differ where the words are the same.
        let of_old = segment.change == LineChange::Removed || without == Some(LineChange::Added);
        let text = if of_old { old.get(segment.old.clone()) } else { new.get(segment.new.clone()) };
        for (at, part) in text.unwrap_or_default().split('\n').enumerate() {
            if at > 0 {
                lines.push(Vec::new());
            }
            let shown = clean_line(part);
            let blank = shown.as_str().trim().is_empty();
            let change = if blank { LineChange::Same } else { segment.change };
            let text = change.marked(shown.as_str());
            if let Some(line) = lines.last_mut().filter(|_| !text.is_empty()) {
                line.push(DiffPiece { change: segment.change, text });
            }
        }
    }
    lines
}

/// Breaks a line between words, and words that are longer than a row.
fn wrap(line: &[DiffPiece], columns: usize, rows: &mut Vec<Vec<DiffPiece>>) {
    let mut row: Vec<DiffPiece> = Vec::new();
    let mut used = 0;
    for piece in line {
        for word in piece.text.split_inclusive(' ') {
            let mut rest = word;
            loop {
                let fits = columns.saturating_sub(used);
                if width(rest.trim_end()) <= fits {
                    used += width(rest);
                    put(&mut row, piece.change, rest);
                    break;
                }
                let cut = if used == 0 { head(rest, columns) } else { 0 };
                let (first, last) = rest.split_at(cut);
                put(&mut row, piece.change, first);
                rows.push(std::mem::take(&mut row));
                (rest, used) = (last, 0);
            }
        }
    }
    rows.push(row);
}

fn put(row: &mut Vec<DiffPiece>, change: LineChange, text: &str) {
    match row.last_mut() {
        Some(last) if last.change == change => last.text.push_str(text),
        _ => row.push(DiffPiece { change, text: text.to_owned() }),
    }
}

/// Counts the bytes of a text that fit so many columns, those of one character at least.
fn head(text: &str, columns: usize) -> usize {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    let first = text.chars().next().map_or(0, char::len_utf8);
    ends.take_while(|end| text.get(..*end).is_some_and(|head| width(head) <= columns)).last().unwrap_or(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(old: &str, new: &str, columns: usize) -> Vec<String> {
        let text =
            |row: Vec<DiffPiece>| row.into_iter().map(|piece| piece.text).collect::<String>().trim_end().to_owned();
        rows(old, new, columns).into_iter().map(text).collect()
    }

    #[test]
    fn lines_that_differ_are_shown_with_their_neighbours_and_the_rest_is_folded() {
        let old = "one\ntwo\nthree\nAnswer briefly please.\nfive\nsix\nseven";
        let new = old.replace("briefly", "in full");
        assert_eq!(
            shown(old, &new, 80),
            ["… 2 lines the same", "three", "Answer [-briefly-]{+in full+} please.", "five", "… 2 lines the same"]
        );
        assert!(shown(old, old, 80).is_empty());
        assert_eq!(shown("a\n", "a\nb\n", 80), ["a", "{+b+}", ""]);
    }

    #[test]
    fn beside_each_other_each_side_has_its_own_words() {
        let texts = |rows: Vec<Vec<DiffPiece>>| -> Vec<String> {
            rows.into_iter().map(|row| row.into_iter().map(|piece| piece.text).collect()).collect()
        };
        let [old, new] = sides("one\ntwo three", "one\nand\ntwo four", 80);
        assert_eq!(
            (texts(old), texts(new)),
            (
                vec!["one".to_owned(), "two [-three-]".into()],
                vec!["one".to_owned(), "{+and+}".into(), "two {+four+}".into()]
            )
        );
    }

    #[test]
    fn a_row_is_never_wider_than_it_may_be_and_no_word_is_lost() {
        let old = "The parcel 日本語の名前 did not arrive aaaaaaaaaaaaaaaaaaaaaaaaa";
        let new = "The parcel did indeed never\tarrive bbbbbbbbbbbbbbbbbbbbbbbbbbbb\u{1b}[2J";
        let words = |rows: Vec<String>| rows.concat().replace(' ', "");
        for columns in 1..40 {
            let rows = shown(old, new, columns);
            assert!(rows.iter().all(|row| width(row) <= columns.max(2)), "{columns}: {rows:?}");
            assert_eq!(words(rows), words(shown(old, new, 1000)));
        }
    }
}
