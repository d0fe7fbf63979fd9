//! Errors in a TOML file, by file, line and column, with what was expected; and where its keys and values stand.

use std::{fmt::Write, ops::Range};

use serde::de::DeserializeOwned;
use toml_edit::{Document, TableLike, Value};

use crate::{
    config::target_table::PROVIDER_SETTINGS,
    model::{CheckKind, error::StoreError},
    text::suggest::{quoted, slip},
};

/// Reads a TOML text into its form; `label` names the file in the error.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, label: &str) -> Result<T, StoreError> {
    toml::from_str(text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let path = Outline::of(text).path_at(start);
        located(text, label, start, &path, &in_words(error.message(), &path))
    })
}

/// Tells of a mistake in the value at a path of keys and of places in lists; if nothing is
/// there, the nearest table around it is shown.
pub(crate) fn at(text: &str, label: &str, path: &[&str], message: &str) -> StoreError {
    let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
    let start = Outline::of(text).start_of(&path);
    located(text, label, start, &path, message)
}

fn located(text: &str, label: &str, start: usize, path: &[String], message: &str) -> StoreError {
    let before = text.get(..start).unwrap_or(text);
    let line = 1 + before.matches('\n').count();
    let column = 1 + before.rsplit('\n').next().unwrap_or(before).chars().count();
    let (first, rest) = message.split_once('\n').map_or((message, None), |(first, rest)| (first, Some(rest)));
    let mut words = format!("{label}:{line}:{column}: {first}");
    if let Some(source) = text.lines().nth(line - 1).filter(|source| !source.trim().is_empty()) {
        let _ = write!(words, "\n  {line} | {}", shown(source, path));
    }
    if let Some(rest) = rest {
        let _ = write!(words, "\n  {rest}");
    }
    StoreError::new(words)
}

/// Names that say that what stands under them is secret.
const SECRET_NAMES: &[&str] = &["key", "secret", "token", "password", "auth", "header", "credential", "env"];

/// The longest unbroken text that is shown without knowing what it is.
const SHOWN_LENGTH: usize = 24;

/// Shows a line of the file with a `…` for whatever could be a secret.
fn shown(line: &str, path: &[String]) -> String {
    let line: String = line.trim_end().chars().take(160).map(|c| if c.is_control() { ' ' } else { c }).collect();
    let even = |name: &str| name.matches(['"', '\'']).count().is_multiple_of(2);
    let Some((name, value)) = line.split_once('=').filter(|(name, _)| even(name)) else {
        return masked(&line, path.iter().any(|part| is_secret(part)));
    };
    // `[keys]` binds the keyboard's.
    let bindings = path.first().is_some_and(|first| first == "keys");
    let proxy = name.trim() == "proxy" || path.last().is_some_and(|last| last == "proxy");
    let hidden = !bindings && (proxy || is_secret(name) || path.iter().any(|part| is_secret(part)));
    format!("{}={}", masked(name, false), masked(value, hidden))
}

/// Tells whether what stands under a name is secret.
fn is_secret(name: &str) -> bool {
    SECRET_NAMES.iter().any(|word| name.to_lowercase().contains(word))
}

/// Replaces whatever could be a secret, or if `hidden` every word that does not say where one is.
fn masked(text: &str, hidden: bool) -> String {
    let in_word = |c: char| c.is_ascii_alphanumeric() || "-_+/.:@%&?".contains(c);
    let (mut out, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| !in_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(if length == 0 { first.len_utf8() } else { length });
        rest = after;
        if word.contains(['@', '?']) {
            // A password or a query: nothing up to the closing quote is shown.
            rest = after.find(['"', '\'']).and_then(|quote| after.get(quote..)).unwrap_or_default();
            out.push('…');
        } else if length > 0 && !is_source(word) && (hidden || length > SHOWN_LENGTH || word.starts_with("sk-")) {
            out.push('…');
        } else {
            out.push_str(word);
        }
    }
    out
}

/// Tells whether a word says where a key is, and is not the key.
fn is_source(word: &str) -> bool {
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    word.strip_prefix("env:").is_some_and(plain) || word.starts_with("file:") || word.starts_with("cmd:")
}

/// What stands between the two halves of a message of serde's.
const EXPECTED: &str = ", expected ";

/// Puts the parser's message into words, leaving out the value it is about: that may be a key.
fn in_words(message: &str, path: &[String]) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    let table = |path: &[String]| section(path).map_or_else(|| "the file".to_owned(), |name| name.trim().to_owned());
    let inside = section(parent(path)).map_or_else(String::new, |name| format!(" in {name}"));
    if message.starts_with("unknown field") {
        let name = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        let near = slip(name, known.iter().copied());
        let of_providers = PROVIDER_SETTINGS.iter().any(|setting| setting.name == name);
        if of_providers && path.len() == 3 && path.first().is_some_and(|first| first == "models") {
            let provider = "[providers.NAME] of the model's provider";
            return format!("{} is set for a provider and not for a model; write it in {provider}", quoted(name));
        }
        // A table's own name is unknown to what is around it.
        if path.len() <= 2 && path.first().is_some_and(|first| first == name) {
            return format!("unknown key {}{near}\nthe file takes {}", quoted(name), known.join(", "));
        }
        let takes = table(parent(path));
        return format!("unknown key {}{inside}{near}\n{takes} takes {}", quoted(name), known.join(", "));
    }
    if message.starts_with("unknown variant") {
        let name = names.next().unwrap_or_default();
        let known: Vec<&str> = names.collect();
        return format!("{} is none of {}{}", quoted(name), known.join(", "), slip(name, known.iter().copied()));
    }
    if let Some((unknown, list)) = message.split_once("; the checks are ") {
        // The one that stands for what is not known is nobody's to write.
        let known: Vec<&str> = list.split(", ").filter(|name| *name != CheckKind::Unsupported.name()).collect();
        let name = names.next().unwrap_or_default();
        let near = slip(name.strip_prefix("not-").unwrap_or(name), known.iter().copied());
        let unknown = unknown.split('`').next().unwrap_or_default();
        let known = known.join(", ");
        return format!(
            "{unknown}{}{near}\nthe checks are {known}, each with `not-` before it for its opposite",
            quoted(name)
        );
    }
    if message.starts_with("missing field") {
        return format!("{} needs the key {}", table(path), quoted(names.next().unwrap_or_default()));
    }
    let key = path.iter().rev().find(|part| part.parse::<usize>().is_err());
    let whose = key.map_or_else(String::new, |key| format!("{}{inside}: ", quoted(key)));
    if let Some((found, expected)) = message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(EXPECTED)) {
        return format!("{whose}expected {}, found {}", form(expected), kind(found));
    }
    if let Some((_, expected)) = message.strip_prefix("invalid value: ").and_then(|rest| rest.split_once(EXPECTED)) {
        return format!("{whose}expected {}", form(expected));
    }
    if message.starts_with("wanted string or table") {
        return format!("{whose}expected a text in quotes");
    }
    format!("{whose}{message}")
}

/// Names the table at a path as its header is written; none for the file itself.
fn section(path: &[String]) -> Option<String> {
    let list = path.last().is_some_and(|part| part.parse::<usize>().is_ok());
    let bare = |part: &&String| part.parse::<usize>().is_err();
    let names: Vec<String> = path.iter().filter(bare).map(|part| quoted(part).trim_matches('`').to_owned()).collect();
    let name = names.join(".");
    (!name.is_empty()).then(|| if list { format!("[[{name}]]") } else { format!("[{name}]") })
}

fn parent(path: &[String]) -> &[String] {
    path.split_last().map_or(&[], |(_, parent)| parent)
}

/// What was expected, in the words of the file and not of the program.
fn form(expected: &str) -> &str {
    match expected {
        "u16" | "u32" | "u64" | "usize" => "a whole number from 0 up",
        "i64" => "a whole number",
        "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list in [ ]",
        "a string" => "a text in quotes",
        "a map" => "a table",
        other if other.starts_with("struct") => "a table",
        other => other,
    }
}

/// The kind of what was found, without its value.
fn kind(found: &str) -> &str {
    let kinds = [
        ("string", "a text"),
        ("integer", "a whole number"),
        ("floating", "a number with a fraction"),
        ("boolean", "true or false"),
        ("sequence", "a list"),
        ("map", "a table"),
    ];
    kinds.iter().find(|(word, _)| found.starts_with(word)).map_or("something else", |(_, kind)| kind)
}

/// Every key and list entry of a text with its path and the stretches it covers.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    entries: Vec<OutlineEntry>,
}

#[derive(Debug)]
struct OutlineEntry {
    path: Vec<String>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Outline {
    /// Reads the outline; that of a text which is not TOML is empty.
    pub(crate) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        if let Ok(document) = Document::parse(text) {
            outline.table(document.as_table(), &[]);
        }
        outline
    }

    /// Finds the path of whatever stands at a byte; a place in a list counts from 0.
    pub(crate) fn path_at(&self, byte: usize) -> Vec<String> {
        let covers = |range: &Option<Range<usize>>| range.as_ref().is_some_and(|range| range.contains(&byte));
        let hits = self.entries.iter().filter(|entry| covers(&entry.key) || covers(&entry.value));
        hits.max_by_key(|entry| entry.path.len()).map(|entry| entry.path.clone()).unwrap_or_default()
    }

    /// Finds the stretch that the value at a path covers, if there is one.
    pub(crate) fn value_of(&self, path: &[String]) -> Option<Range<usize>> {
        self.entries.iter().find(|entry| entry.path == path).and_then(|entry| entry.value.clone())
    }

    /// Finds the byte where the value at a path stands, or what is nearest around it.
    pub(crate) fn start_of(&self, path: &[String]) -> usize {
        let around = self.entries.iter().filter(|entry| path.starts_with(&entry.path));
        let nearest = around.max_by_key(|entry| entry.path.len());
        nearest.map_or(0, |entry| {
            let whole = entry.path.len() == path.len();
            let place = if whole { entry.value.as_ref().or(entry.key.as_ref()) } else { entry.key.as_ref() };
            place.or(entry.value.as_ref()).map_or(0, |range| range.start)
        })
    }

    fn table(&mut self, table: &dyn TableLike, above: &[String]) {
        for (name, item) in table.iter() {
            let path = below(above, name.to_owned());
            let key = table.key(name).and_then(toml_edit::Key::span);
            self.entries.push(OutlineEntry { path: path.clone(), key, value: item.span() });
            if let Some(inner) = item.as_table_like() {
                self.table(inner, &path);
            }
            if let Some(tables) = item.as_array_of_tables() {
                for (place, inner) in tables.iter().enumerate() {
                    let path = below(&path, place.to_string());
                    self.entries.push(OutlineEntry { path: path.clone(), key: None, value: inner.span() });
                    self.table(inner, &path);
                }
            }
            if let Some(value) = item.as_value() {
                self.list(value, &path);
            }
        }
    }

    fn list(&mut self, value: &Value, above: &[String]) {
        for (place, inner) in value.as_array().into_iter().flatten().enumerate() {
            let path = below(above, place.to_string());
            self.entries.push(OutlineEntry { path: path.clone(), key: None, value: inner.span() });
            match inner.as_inline_table() {
                Some(table) => self.table(table, &path),
                None => self.list(inner, &path),
            }
        }
    }
}

fn below(above: &[String], name: String) -> Vec<String> {
    let mut path = above.to_vec();
    path.push(name);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_without_its_secrets() {
        let show = |line: &str| shown(line, &[]);
        assert_eq!(show("attempts = \"three\""), "attempts = \"three\"");
        assert_eq!(show("api_keys = [\"hunter2\", \"env:NAME\"]"), "api_keys = [\"…\", \"env:NAME\"]");
        assert_eq!(show("model = \"sk-abc\""), "model = \"…\"");
        assert_eq!(show("  \"abcdefghijklmnopqrstuvwxyz\","), "  \"…\",");
        assert_eq!(show("base_url = \"http://me:pw@host\""), "base_url = \"…\"");
        assert_eq!(shown("  \"hunter2\",", &["providers".into(), "api_keys".into(), "0".into()]), "  \"…\",");
    }

    #[test]
    fn a_name_in_a_message_is_bounded_and_harmless() {
        assert_eq!(quoted("a\u{1b}[2J"), "`a\\u{1b}[2J`");
        assert!(quoted(&"x".repeat(500)).chars().count() < 70);
    }
}
