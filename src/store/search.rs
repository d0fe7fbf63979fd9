//! Finding runs by the texts of their inputs and answers.
//!
//! The index `run_text` holds words; of scripts written without blanks between words, and of Hangul, each
//! character is one, so that any part of such a text is found as words that follow each other. A part of a
//! word is first looked up among the words there are, in `word`, whose own index is of three characters at
//! a time. A prompt is the same in many runs: it is looked for among the prompt versions.

use std::{collections::HashSet, hash::BuildHasher};

use rusqlite::{Connection, Transaction, params};

use crate::model::{Input, Prompt, VarValue, query::Word};

/// Words that hold a part of one, at most, that are looked for by the index. A part that more words hold is
/// in so many runs that reading the newest ones finds a page of them.
const MOST_WORDS: usize = 256;

/// Characters of a part of a word, at least, that can be looked up among the words.
const SHORTEST: usize = 3;

/// Words this program knows to be on record, at most.
const MOST_KNOWN: usize = 200_000;

/// Words that need not be looked up before they are noted, by their hashes.
#[derive(Debug, Default)]
pub(super) struct Known(HashSet<u64>);

impl Known {
    /// Forgets all: what was noted last may not have reached the disk.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn is_new(&mut self, word: &str) -> bool {
        if self.0.len() >= MOST_KNOWN {
            self.0.clear();
        }
        let hash = self.0.hasher().hash_one(word);
        self.0.insert(hash)
    }
}

/// How a text is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// By an expression of the index.
    Index(String),
    /// By reading the texts.
    Read(String),
    /// In no run.
    Nowhere,
}

/// Bytes of each text, at most, that are found: the beginning of a longer one.
const INDEXED: usize = 256 * 1024;

/// Puts the texts of a run into the index, each as far as [`INDEXED`].
pub(super) fn note(db: &Connection, known: &mut Known, seq: i64, texts: &[&str]) -> rusqlite::Result<()> {
    let mut whole = String::with_capacity(texts.iter().map(|text| text.len().min(INDEXED) + 1).sum());
    for text in texts {
        let most = INDEXED.min(text.len());
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
        spaced(text.get(..end).unwrap_or_default(), &mut whole);
        whole.push('\n');
    }
    db.prepare_cached("INSERT OR REPLACE INTO run_text (rowid, text) VALUES (?1, ?2)")?.execute(params![seq, whole])?;
    let mut insert = db.prepare_cached("INSERT INTO word (text) VALUES (?1) ON CONFLICT DO NOTHING")?;
    for word in tokens(&whole).filter(|word| !is_alone(word)) {
        let word = word.to_lowercase();
        if known.is_new(&word) {
            insert.execute([word])?;
        }
    }
    Ok(())
}

/// Puts the texts of all runs of a database into the index that had none.
pub(super) fn of_old_runs(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut known = Known::default();
    let mut statement = db.prepare("SELECT seq, input, text FROM run_body ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (seq, input, text): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // An input that cannot be read stays where it is, and is not found.
        let input = serde_json::from_str::<Input>(&input).unwrap_or_default();
        note(db, &mut known, seq, &texts(&input, &text))?;
    }
    Ok(())
}

/// Lists the texts of a run in which others are found.
pub(super) fn texts<'a>(input: &'a Input, answer: &'a str) -> Vec<&'a str> {
    std::iter::once(input.text.as_str()).chain(input.vars.values().map(VarValue::as_str)).chain([answer]).collect()
}

/// Says how a text is found.
pub(super) fn way(db: &Connection, word: &Word) -> rusqlite::Result<Way> {
    let mut text = String::new();
    spaced(&word.text, &mut text);
    let found: Vec<&str> = tokens(&text).collect();
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    Ok(match found.as_slice() {
        // Signs alone are in no index.
        [] => Way::Read(word.text.clone()),
        [one] if is_alone(one) => Way::Index(quoted(one)),
        [one] if one.chars().count() < SHORTEST => Way::Read((*one).to_owned()),
        [one] if word.phrase => Way::Index(format!("{} *", quoted(one))),
        [one] => match holding(db, one)?.as_slice() {
            [] => Way::Nowhere,
            many if many.len() > MOST_WORDS => Way::Read((*one).to_owned()),
            words => Way::Index(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" OR ")),
        },
        [.., last] => {
            let end = if is_alone(last) { "" } else { " *" };
            Way::Index(format!("{}{end}", quoted(&found.join(" "))))
        }
    })
}

/// Lists the words that hold a part of one, one more than are of use at most.
fn holding(db: &Connection, part: &str) -> rusqlite::Result<Vec<String>> {
    let sql =
        "SELECT word.text FROM word_part JOIN word ON word.seq = word_part.rowid WHERE word_part MATCH ?1 LIMIT ?2";
    let most = i64::try_from(MOST_WORDS + 1).unwrap_or(i64::MAX);
    let quoted = format!("\"{}\"", part.to_lowercase());
    db.prepare_cached(sql)?.query_map(params![quoted, most], |row| row.get(0))?.collect()
}

/// Lists the prompt versions with a message that holds a text, upper and lower case alike.
pub(super) fn versions(db: &Connection, text: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT hash, content FROM prompt_version WHERE content LIKE ?1 ESCAPE '\\'";
    // The content is JSON, in which some characters are written otherwise, and which has keys of its own.
    let written = serde_json::to_string(text).unwrap_or_default();
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    let wanted = text.to_lowercase();
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([pattern(inner)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let content: String = row.get(1)?;
        let prompt: Option<Prompt> = serde_json::from_str(&content).ok();
        let mut turns = prompt.iter().flat_map(Prompt::turns);
        if turns.any(|turn| turn.content.to_lowercase().contains(&wanted)) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Returns the pattern of LIKE, with `\` as its escape, of texts that hold another.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Writes a text with blanks around every character that is a word by itself.
fn spaced(text: &str, out: &mut String) {
    for c in text.chars() {
        if stands_alone(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(c);
        }
    }
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || is_mark(c))).filter(|token| !token.is_empty())
}

/// Tells whether a character goes with the letter before it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

fn is_alone(token: &str) -> bool {
    token.chars().next().is_some_and(stands_alone)
}

/// Tells whether a character is a word by itself: Han, Hiragana, Katakana, Bopomofo, Hangul.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{30ff}'
        | '\u{3100}'..='\u{318f}' | '\u{31a0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_of_a_script_without_blanks_is_a_word() {
        let mut text = String::new();
        spaced("GPTは日本語, 한국", &mut text);
        assert_eq!(tokens(&text).collect::<Vec<_>>(), ["GPT", "は", "日", "本", "語", "한", "국"]);
    }

    #[test]
    fn signs_of_patterns_are_taken_as_they_are() {
        assert_eq!(pattern("100%_a\\"), "%100\\%\\_a\\\\%");
    }
}
