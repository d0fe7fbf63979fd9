//! Output for screen readers: one fact a line with its label, marks as words, nothing in columns and nothing that moves.

use std::{io, io::Write};

/// The marks of the program, each with the word that stands in for it.
const WORDS: &[(char, &str)] = &[
    ('✓', "passed"),
    ('✗', "failed"),
    ('○', "inconclusive"),
    ('■', "stopped"),
    ('◆', "baseline"),
    ('▸', "running"),
    ('⟳', "retry"),
    ('→', "to"),
    ('≥', "at least"),
    ('≤', "at most"),
    ('≈', "about"),
    ('≠', "differs"),
    ('▲', "good"),
    ('▼', "bad"),
    ('★', "stars"),
    ('·', ","),
];

/// Writes words for the marks of a text; what is no mark stays as it is.
pub(crate) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut after_word = false;
    for letter in text.chars() {
        if let Some((_, word)) = WORDS.iter().find(|(mark, _)| *mark == letter) {
            if out.chars().next_back().is_some_and(|before| !before.is_whitespace()) && *word != "," {
                out.push(' ');
            }
            if *word == "," {
                out.truncate(out.trim_end_matches(' ').len());
            }
            out.push_str(word);
            after_word = true;
        } else {
            if after_word && !letter.is_whitespace() && !letter.is_ascii_punctuation() {
                out.push(' ');
            }
            out.push(letter);
            after_word = false;
        }
    }
    out
}

/// Passes what it is given on with words for its marks.
pub struct Worded<W: Write>(pub W);

impl<W: Write> Write for Worded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.0.write_all(words(text).as_bytes())?,
            Err(_) => self.0.write_all(bytes)?,
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Writes labels with their values, a fact a line.
pub(crate) fn facts(out: &mut dyn Write, facts: &[Vec<String>]) -> io::Result<()> {
    for fact in facts {
        if let [label, values @ ..] = fact.as_slice() {
            writeln!(out, "{}: {}", words(label.trim()), words(values.join(", ").trim()))?;
        }
    }
    Ok(())
}

/// Writes rows of cells one fact a line, each with its heading, and a blank line between two rows. Cells without text
/// are left out.
pub(crate) fn rows(out: &mut dyn Write, heading: &[&str], rows: &[Vec<String>]) -> io::Result<()> {
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            writeln!(out)?;
        }
        for (place, cell) in row.iter().enumerate() {
            let (head, cell) = (heading.get(place).copied().unwrap_or_default(), words(cell.trim()));
            match (head.trim(), cell.as_str()) {
                (_, "" | "–") => {}
                ("", cell) => writeln!(out, "{cell}")?,
                (head, cell) => writeln!(out, "{}: {cell}", head.to_lowercase())?,
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_words_and_stand_apart_from_what_is_beside_them() {
        for (text, expected) in [
            ("json ✓  schema ✗", "json passed  schema failed"),
            ("212→18 tok", "212 to 18 tok"),
            ("✓3 ✗1", "passed 3 failed 1"),
            ("a · b", "a, b"),
            ("no mark: naïve 日本", "no mark: naïve 日本"),
        ] {
            assert_eq!(words(text), expected);
        }
    }

    #[test]
    fn a_fact_has_its_label() {
        let mut out = Vec::new();
        facts(&mut out, &[vec!["passed".to_owned(), "68% (64 to 72)".to_owned()]]).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "passed: 68% (64 to 72)\n");
    }

    #[test]
    fn a_row_is_a_fact_a_line_with_its_label() {
        let mut out = Vec::new();
        let cells = [vec!["a".to_owned(), "✓".to_owned(), String::new()], vec!["b".to_owned(), "–".to_owned()]];
        rows(&mut out, &["NAME", "VERDICT", "COST"], &cells).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "name: a\nverdict: passed\n\nname: b\n");
    }
}
