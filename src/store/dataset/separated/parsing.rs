//! The fields of one record (RFC 4180).

use super::{super::lines::MOST_COLUMNS, quoted};

/// Where the parser is in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quote inside a quoted field: its end, or the first of two.
    Quote,
    /// After blanks after the closing quote; they are no part of the field.
    Closed,
}

/// A record under way: lines go in until it has ended.
pub(super) struct Parsing {
    separator: char,
    at: At,
    field: String,
    pub(super) fields: Vec<String>,
}

impl Parsing {
    /// Begins a record.
    pub(super) fn new(separator: char) -> Self {
        Self { separator, at: At::Start, field: String::new(), fields: Vec::new() }
    }

    /// Tells whether nothing of a record has come.
    pub(super) fn fresh(&self) -> bool {
        self.at == At::Start && self.fields.is_empty()
    }

    /// Takes a line with its end.
    pub(super) fn take(&mut self, line: &str) -> Result<(), String> {
        let body = line.trim_end_matches(['\r', '\n']);
        for c in body.chars() {
            self.at = match (self.at, c) {
                (At::Quoted, '"') => At::Quote,
                (At::Quoted, c) => {
                    self.field.push(c);
                    At::Quoted
                }
                (At::Start, '"') => At::Quoted,
                (At::Quote, '"') => {
                    self.field.push('"');
                    At::Quoted
                }
                (_, c) if c == self.separator => {
                    self.fields.push(std::mem::take(&mut self.field));
                    if self.fields.len() >= MOST_COLUMNS {
                        // No more of it is read: it is refused.
                        return Ok(());
                    }
                    At::Start
                }
                (At::Quote | At::Closed, ' ' | '\t') => At::Closed,
                (At::Quote | At::Closed, c) => {
                    let c = quoted(&c.to_string());
                    return Err(format!("{c} after a closing quote; write \"\" for a quote inside a quoted field"));
                }
                (At::Start | At::Plain, c) => {
                    self.field.push(c);
                    At::Plain
                }
            };
        }
        if self.at == At::Quoted {
            self.field.push_str(line.get(body.len()..).unwrap_or_default());
        }
        Ok(())
    }

    /// Tells whether the record ends with the line taken last.
    pub(super) fn ended(&self) -> bool {
        self.at != At::Quoted
    }

    /// Returns the fields.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.fields.push(self.field);
        self.fields
    }
}
