//! Where the caret can stand in a line: between what a reader takes for characters, and between words.
//!
//! Columns count `char`s, as editors of lines do. Characters are the extended grapheme clusters of Unicode
//! Standard Annex 29; words are its words, divided further at punctuation, so that `foo.bar` is three.

use unicode_segmentation::UnicodeSegmentation as _;

/// Returns where the character before a column begins; 0 at the start of the line.
#[must_use]
pub fn before(line: &str, column: usize) -> usize {
    if line.is_ascii() {
        return column.saturating_sub(1);
    }
    starts(line).take_while(|start| *start < column).last().unwrap_or(0)
}

/// Returns where the character after a column ends; the line's length at its end.
#[must_use]
pub fn after(line: &str, column: usize) -> usize {
    if line.is_ascii() {
        return line.len().min(column + 1);
    }
    starts(line).find(|start| *start > column).unwrap_or_else(|| line.chars().count())
}

/// Returns the nearest place at or before a column that is not within a character.
#[must_use]
pub fn settled(line: &str, column: usize) -> usize {
    if line.is_ascii() {
        return column;
    }
    let end = line.chars().count();
    if column >= end {
        return end;
    }
    starts(line).take_while(|start| *start <= column).last().unwrap_or(0)
}

/// Returns where the word before a column begins, blanks after it included.
#[must_use]
pub fn word_before(line: &str, column: usize) -> usize {
    let words = words(line);
    let mut earlier = words.iter().rev().filter(|word| word.start < column);
    let first = earlier.next();
    let found = if first.is_some_and(|word| word.kind == Kind::Blank) { earlier.next() } else { first };
    found.map_or(0, |word| word.start)
}

/// Returns where the word after a column ends, blanks before it included.
#[must_use]
pub fn word_end_after(line: &str, column: usize) -> usize {
    let words = words(line);
    let found = words.iter().find(|word| word.end > column && word.kind != Kind::Blank);
    found.map_or_else(|| line.chars().count(), |word| word.end)
}

/// Returns where the next word after a column begins; the line's length where there is none.
#[must_use]
pub fn next_word(line: &str, column: usize) -> usize {
    let words = words(line);
    let found = words.iter().find(|word| word.start > column && word.kind != Kind::Blank);
    found.map_or_else(|| line.chars().count(), |word| word.start)
}

fn starts(line: &str) -> impl Iterator<Item = usize> {
    line.graphemes(true).scan(0, |column, cluster| {
        let start = *column;
        *column += cluster.chars().count();
        Some(start)
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Blank,
    /// Letters, digits and what joins them.
    Letters,
    /// Marks that stand together.
    Punctuation,
    /// An emoji or another sign that stands for itself.
    Sign,
}

struct Word {
    start: usize,
    end: usize,
    kind: Kind,
}

fn words(line: &str) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut column = 0;
    for bounded in line.split_word_bounds() {
        let mut first = true;
        for cluster in bounded.graphemes(true) {
            let (start, kind) = (column, kind(cluster));
            column += cluster.chars().count();
            match words.last_mut() {
                // Within a word of the standard, or marks that follow each other.
                Some(last)
                    if last.kind == kind
                        && match kind {
                            Kind::Letters => !first,
                            Kind::Blank | Kind::Punctuation => true,
                            Kind::Sign => false,
                        } =>
                {
                    last.end = column;
                }
                _ => words.push(Word { start, end: column, kind }),
            }
            first = false;
        }
    }
    words
}

fn kind(cluster: &str) -> Kind {
    match cluster.chars().next() {
        Some(c) if c.is_whitespace() => Kind::Blank,
        Some(c) if c.is_alphanumeric() || matches!(c, '_' | '\'' | '’') => Kind::Letters,
        Some(c) if c >= '\u{1f000}' || cluster.contains('\u{fe0f}') => Kind::Sign,
        _ => Kind::Punctuation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_what_a_reader_takes_for_a_character() {
        for cluster in ["a", "é", "e\u{301}", "👨‍👩‍👧‍👦", "🇩🇪", "👍🏽", "1️⃣", "⚠️", "각", "क्ष", "\u{1100}\u{1161}"]
        {
            let line = format!("x{cluster}y");
            let length = cluster.chars().count();
            assert_eq!(after(&line, 1), 1 + length, "{cluster}");
            assert_eq!(before(&line, 1 + length), 1, "{cluster}");
            for inside in 1..=length {
                assert_eq!(settled(&line, inside), 1, "{cluster}");
            }
            assert_eq!(settled(&line, 1 + length), 1 + length, "{cluster}");
            assert_eq!((before(&line, 1), before(&line, 0), after(&line, length + 2)), (0, 0, length + 2));
        }
        assert_eq!(after("🇩🇪🇫🇷", 0), 2);
    }

    /// Takes words away from the end, one by one.
    fn taken(line: &str) -> Vec<String> {
        let mut line = line.to_owned();
        let mut all = Vec::new();
        while !line.is_empty() {
            let start = word_before(&line, line.chars().count());
            line = line.chars().take(start).collect();
            all.push(line.clone());
        }
        all
    }

    #[test]
    fn words_end_at_punctuation_and_where_scripts_end_them() {
        assert_eq!(taken("one  two "), ["one  ", ""]);
        assert_eq!(taken("foo.bar(baz)"), ["foo.bar(baz", "foo.bar(", "foo.bar", "foo.", "foo", ""]);
        assert_eq!(taken("{{ user_name }}"), ["{{ user_name ", "{{ ", ""]);
        assert_eq!(taken("don't stop"), ["don't ", ""]);
        assert_eq!(taken("你好，世界"), ["你好，世", "你好，", "你好", "你", ""]);
        assert_eq!(taken("日本語のテキスト"), ["日本語の", "日本語", "日本", "日", ""]);
        assert_eq!(taken("한국어 문장."), ["한국어 문장", "한국어 ", ""]);
        assert_eq!(taken("ok 👨‍👩‍👧🇩🇪"), ["ok 👨‍👩‍👧", "ok ", ""]);
    }

    #[test]
    fn words_are_gone_through_forwards_too() {
        let line = "one  two.three";
        assert_eq!((word_end_after(line, 0), word_end_after(line, 3), word_end_after(line, 8)), (3, 8, 9));
        assert_eq!((next_word(line, 0), next_word(line, 5), next_word(line, 9)), (5, 8, 14));
        assert_eq!((word_end_after("  ", 0), next_word("", 0)), (2, 0));
    }
}
