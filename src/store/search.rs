//! Finding runs by the texts of their inputs and answers, and by the tools they called.
//!
//! The index `run_text` holds words; of scripts written without blanks between words, and of Hangul, each
//! character is one, so that any part of such a text is found as words that follow each other. A part of a
//! word is first looked up among the words there are, in `word`, whose own index is of three characters at
//! a time. A prompt is the same in many runs: it is looked for among the prompt versions.

use std::{collections::HashSet, hash::BuildHasher};

use rusqlite::{Connection, Transaction, functions::FunctionFlags, params, types::ValueRef};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    model::{Input, Message, Outcome, Prompt, ToolCall, VarValue, tool::answer_in_brief},
    store::columns::json,
    text::{holds, lower, prefix},
};

/// Words that hold a part of one, at most, that are looked for by the index. A part that more words hold is
/// in so many runs that reading the newest ones finds a page of them.
const MOST_WORDS: usize = 256;

/// Characters of a part of a word, at least, that can be looked up among the words.
const SHORTEST: usize = 3;

/// Words this program knows to be on record, at most.
const MOST_KNOWN: usize = 200_000;

/// Words that need not be looked up before they are noted, and those that are still to be.
#[derive(Debug, Default)]
pub(crate) struct IndexedWords {
    /// Those that are on record, or about to be, by their hashes.
    known: HashSet<u64>,
    /// What [`note`] has found that may be new.
    found: Vec<String>,
}

impl IndexedWords {
    /// Forgets all: what was noted last may not have reached the disk.
    pub(crate) fn clear(&mut self) {
        self.known.clear();
        self.found.clear();
    }

    /// Notes the words of all texts that went into the index since the last time: in one statement, as each that has
    /// a trigger makes SQLite write the index of texts as far as it has come.
    pub(crate) fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if self.found.is_empty() {
            return Ok(());
        }
        let sql = "INSERT INTO word (text) SELECT value FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING";
        db.prepare_cached(sql)?.execute([json(&self.found)?])?;
        self.found.clear();
        Ok(())
    }

    fn find(&mut self, word: &str) {
        if self.known.len() >= MOST_KNOWN {
            self.known.clear();
        }
        let word = word.to_lowercase();
        let hash = self.known.hasher().hash_one(&word);
        if self.known.insert(hash) {
            self.found.push(word);
        }
    }
}

/// Words of old runs that are noted in one statement.
const TOGETHER: usize = 10_000;

/// How a text is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    /// By an expression of the index.
    Index(String),
    /// By reading the texts, in lower case, of the runs that an expression of the index finds; of all without one.
    Read(Option<String>, String),
    /// In no run.
    Nowhere,
}

/// Makes the functions that texts are looked into by known to a connection: `found_in(input, answer, outcome, text)` for
/// the texts of a run and `holds(whole, text)` for any, both for a text in lower case and for upper and lower case alike.
pub(crate) fn define(db: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    db.create_scalar_function("found_in", 4, flags, |args| {
        let [input, answer, outcome, wanted] = [0, 1, 2, 3].map(|at| readable(args.get_raw(at)));
        // An input that cannot be read holds nothing.
        let input: Input = serde_json::from_str(input).unwrap_or_default();
        Ok(texts(&input, answer, &Called::read(outcome).text()).into_iter().any(|text| holds(text, wanted)))
    })?;
    db.create_scalar_function("holds", 2, flags, |args| {
        let [text, wanted] = [0, 1].map(|at| readable(args.get_raw(at)));
        Ok(holds(text, wanted))
    })
}

/// Returns a value's text; an empty one where it has none that can be read.
fn readable(value: ValueRef<'_>) -> &str {
    value.as_str().unwrap_or_default()
}

/// Bytes of each text, at most, that are found: the beginning of a longer one.
const INDEXED: usize = 256 * 1024;

/// Puts the texts of a run into the index, each as far as [`INDEXED`]; [`IndexedWords::write`] notes their words.
pub(crate) fn note(db: &Connection, known: &mut IndexedWords, seq: i64, texts: &[&str]) -> rusqlite::Result<()> {
    let mut whole = String::with_capacity(texts.iter().map(|text| text.len().min(INDEXED) + 1).sum());
    for text in texts {
        spaced(prefix(text, INDEXED), &mut whole);
        whole.push('\n');
    }
    db.prepare_cached("INSERT OR REPLACE INTO run_text (rowid, text) VALUES (?1, ?2)")?.execute(params![seq, whole])?;
    tokens(&whole).filter(|word| !is_alone(word)).for_each(|word| known.find(word));
    Ok(())
}

/// Puts the texts of all runs of a database into the index that had none.
pub(crate) fn of_old_runs(db: &Transaction<'_>) -> rusqlite::Result<()> {
    index(db, |_| true)
}

/// Puts the texts of those runs into the index again that called tools, which it left out.
pub(crate) fn of_old_calls(db: &Transaction<'_>) -> rusqlite::Result<()> {
    index(db, |texts| texts.last().is_some_and(|called| !called.is_empty()))
}

/// Puts those texts into the index again in which signs stood that it took for letters, glued to the words beside them.
pub(crate) fn of_old_signs(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let glues = |c: char| !c.is_ascii() && !is_letter(c) && !stands_alone(c);
    index(db, |texts| texts.iter().any(|text| text.contains(glues)))
}

fn index(db: &Transaction<'_>, wanted: impl Fn(&[&str]) -> bool) -> rusqlite::Result<()> {
    let mut known = IndexedWords::default();
    let mut statement = db.prepare("SELECT seq, input, text, outcome FROM run_body ORDER BY seq")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (input, answer) = (readable(row.get_ref(1)?), readable(row.get_ref(2)?));
        // An input that cannot be read stays where it is, and is not found.
        let input = serde_json::from_str::<Input>(input).unwrap_or_default();
        let called = Called::read(readable(row.get_ref(3)?)).text();
        let texts = texts(&input, answer, &called);
        if wanted(&texts) {
            note(db, &mut known, row.get(0)?, &texts)?;
            if known.found.len() >= TOGETHER {
                known.write(db)?;
            }
        }
    }
    known.write(db)
}

/// Lists the texts of a run in which others are found: those of its input, its answer, and last what it called.
pub(crate) fn texts<'a>(input: &'a Input, answer: &'a str, called: &'a str) -> Vec<&'a str> {
    let of_input = std::iter::once(input.text.as_str()).chain(input.vars.values().map(VarValue::as_str));
    of_input.chain([answer, called]).collect()
}

/// The calls of tools on record of a run, and its rounds, as far as they are looked into.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Called {
    rounds: Vec<Message>,
    calls: Vec<ToolCall>,
}

impl Called {
    /// Reads them off an outcome as it is on record; none where it cannot be read.
    pub(crate) fn read(outcome: &str) -> Self {
        // Most runs called nothing.
        let any = ["\"calls\":", "\"rounds\":"].into_iter().any(|key| outcome.contains(key));
        if any { serde_json::from_str(outcome).unwrap_or_default() } else { Self::default() }
    }

    /// Takes them from an outcome.
    pub(crate) fn of(outcome: &Outcome) -> Self {
        Self { rounds: outcome.rounds.clone(), calls: outcome.calls.clone() }
    }

    /// Writes the calls that the answer ended with on one line.
    pub(crate) fn in_brief(&self) -> String {
        answer_in_brief("", &self.calls)
    }

    /// Writes them as a text: what was said between, the name and the arguments of each call, and the results. A turn of
    /// the user stands there, too.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for message in &self.rounds {
            line(&message.content, &mut out);
            message.tool_calls.iter().for_each(|call| called(call, &mut out));
        }
        self.calls.iter().for_each(|call| called(call, &mut out));
        out
    }
}

/// Writes a call: its name, its arguments as they came, and their texts as they are read where JSON writes them otherwise.
fn called(call: &ToolCall, out: &mut String) {
    line(&call.name, out);
    line(&call.arguments, out);
    if call.arguments.contains('\\') {
        let mut rest: Vec<Value> = serde_json::from_str(&call.arguments).into_iter().collect();
        while let Some(value) = rest.pop() {
            match value {
                Value::String(text) => line(&text, out),
                Value::Array(items) => rest.extend(items),
                Value::Object(fields) => rest.extend(fields.into_iter().map(|(_, value)| value)),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }
}

fn line(text: &str, out: &mut String) {
    if !text.is_empty() {
        out.push_str(text);
        out.push('\n');
    }
}

/// Says how a text is found. One word is found whatever marks are on its letters, as far as the index goes; any other
/// text as it is written, but for upper and lower case.
pub(crate) fn way(db: &Connection, text: &str) -> rusqlite::Result<Way> {
    let read = |expression| Way::Read(expression, lower(text));
    let pieces = pieces(text);
    let words = match pieces.as_slice() {
        // Signs alone are in no index.
        [] => return Ok(read(None)),
        [only] if only.text == text && is_alone(text) => return Ok(Way::Index(quoted(text))),
        [first, ..] if first.begins => None,
        // The marks on letters are in no index.
        [first, ..] if first.text.chars().filter(|c| !is_mark(*c)).count() < SHORTEST => None,
        [first, ..] => match holding(db, first.text)? {
            none if none.is_empty() => return Ok(Way::Nowhere),
            many if many.len() > MOST_WORDS => None,
            words => Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" OR ")),
        },
    };
    if let ([only], Some(words)) = (pieces.as_slice(), &words)
        && only.text == text
    {
        return Ok(Way::Index(words.clone()));
    }
    // Those that begin with a word follow each other; the last may be the beginning of a longer one.
    let whole: Vec<&str> = pieces.iter().filter(|piece| piece.begins).map(|piece| piece.text).collect();
    let open = pieces.last().is_some_and(|last| last.begins && !last.ends);
    let phrase = (!whole.is_empty()).then(|| format!("{}{}", quoted(&whole.join(" ")), if open { " *" } else { "" }));
    let both: Vec<String> = words.into_iter().chain(phrase).map(|part| format!("({part})")).collect();
    Ok(read((!both.is_empty()).then(|| both.join(" AND "))))
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A part of a text that is a word of the index, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece<'a> {
    text: &'a str,
    /// Whether the word begins with it: something stands before it that is in no word.
    begins: bool,
    /// Whether the word ends with it.
    ends: bool,
}

/// Takes a text apart into words, of which the first and the last may be parts of longer ones.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut all: Vec<Piece<'_>> = Vec::new();
    let mut from: Option<usize> = None;
    let mut push = |start: usize, end: usize| {
        if let Some(piece) = text.get(start..end) {
            let alone = is_alone(piece);
            all.push(Piece { text: piece, begins: alone || start > 0, ends: alone || end < text.len() });
        }
    };
    for (at, c) in text.char_indices() {
        let alone = stands_alone(c);
        if !alone && is_letter(c) {
            from.get_or_insert(at);
            continue;
        }
        if let Some(start) = from.take() {
            push(start, at);
        }
        if alone {
            push(at, at + c.len_utf8());
        }
    }
    if let Some(start) = from {
        push(start, text.len());
    }
    all
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
pub(crate) fn versions(db: &Connection, text: &str) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT hash, content FROM prompt_version WHERE holds(content, ?1)";
    let wanted = lower(text);
    // The content is JSON, in which some characters are written otherwise, and which has keys of its own.
    let written = serde_json::to_string(&wanted).unwrap_or_default();
    let inner = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([inner])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let content: String = row.get(1)?;
        let prompt: Option<Prompt> = serde_json::from_str(&content).ok();
        let mut turns = prompt.iter().flat_map(Prompt::turns);
        if turns.any(|turn| holds(&turn.content, &wanted)) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

/// Writes a text with blanks around every character that is a word by itself, and in place of every one that is in no
/// word: the index has its own opinion of many signs.
fn spaced(text: &str, out: &mut String) {
    for c in text.chars() {
        if stands_alone(c) {
            out.push(' ');
            out.push(c);
            out.push(' ');
        } else {
            out.push(if is_letter(c) { c } else { ' ' });
        }
    }
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c| !is_letter(c)).filter(|token| !token.is_empty())
}

/// Tells whether a character is part of a word.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || is_mark(c)
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
    fn what_stands_beside_a_word_says_whether_it_may_go_on() {
        let of =
            |text| pieces(text).into_iter().map(|piece| (piece.text, piece.begins, piece.ends)).collect::<Vec<_>>();
        assert_eq!(of("C++"), [("C", false, true)]);
        assert_eq!(of("-x"), [("x", true, false)]);
        assert_eq!(of("a_b"), [("a", false, true), ("b", true, false)]);
        assert_eq!(of("GPTは本 x"), [("GPT", false, true), ("は", true, true), ("本", true, true), ("x", true, false)]);
        assert_eq!(of("😀%\"\\"), []);
    }
}
