//! Where in a TOML text each key and value stands.

use std::ops::Range;

use toml_edit::{Document, TableLike, Value};

/// Every key and list entry of a text with its path and the stretches it covers.
#[derive(Debug, Default)]
pub(super) struct Outline {
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    path: Vec<String>,
    key: Option<Range<usize>>,
    value: Option<Range<usize>>,
}

impl Outline {
    /// Reads the outline; that of a text which is not TOML is empty.
    pub(super) fn of(text: &str) -> Self {
        let mut outline = Self::default();
        if let Ok(document) = Document::parse(text) {
            outline.table(document.as_table(), &[]);
        }
        outline
    }

    /// Finds the path of whatever stands at a byte; a place in a list counts from 0.
    pub(super) fn path_at(&self, byte: usize) -> Vec<String> {
        let covers = |range: &Option<Range<usize>>| range.as_ref().is_some_and(|range| range.contains(&byte));
        let hits = self.entries.iter().filter(|entry| covers(&entry.key) || covers(&entry.value));
        hits.max_by_key(|entry| entry.path.len()).map(|entry| entry.path.clone()).unwrap_or_default()
    }

    /// Finds the stretch that the value at a path covers, if there is one.
    pub(super) fn value_of(&self, path: &[String]) -> Option<Range<usize>> {
        self.entries.iter().find(|entry| entry.path == path).and_then(|entry| entry.value.clone())
    }

    /// Finds the byte where the value at a path stands, or what is nearest around it.
    pub(super) fn start_of(&self, path: &[String]) -> usize {
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
            self.entries.push(Entry { path: path.clone(), key, value: item.span() });
            if let Some(inner) = item.as_table_like() {
                self.table(inner, &path);
            }
            if let Some(tables) = item.as_array_of_tables() {
                for (place, inner) in tables.iter().enumerate() {
                    let path = below(&path, place.to_string());
                    self.entries.push(Entry { path: path.clone(), key: None, value: inner.span() });
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
            self.entries.push(Entry { path: path.clone(), key: None, value: inner.span() });
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
