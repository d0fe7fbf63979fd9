//! The query line: typed, completed and read; its errors are known while it is typed.

use jiff::Zoned;

use crate::{
    model::query::{BadQuery, Query, Sort, SortBy, Vocabulary, complete, with_sort},
    widgets::{key::Chord, line_input::LineInput},
};

/// The lines a line can become by completing its last part.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Turns {
    all: Vec<String>,
    at: usize,
}

/// The query line.
#[derive(Debug, Clone, Default)]
pub struct QueryBar {
    /// What is typed.
    pub line: LineInput,
    /// Whether letters go into it.
    pub typing: bool,
    /// What it means: the last line that meant something.
    pub query: Query,
    /// What is wrong with it.
    pub mistake: Option<BadQuery>,
    turns: Option<Turns>,
}

impl QueryBar {
    /// Takes a key into the line. Tells whether it meant anything to it.
    pub fn key(&mut self, chord: Chord, now: &Zoned) -> bool {
        let changed = self.line.key(chord);
        if changed == Some(true) {
            self.turns = None;
            self.read(now);
        }
        changed.is_some()
    }

    /// Takes a paste into the line.
    pub fn paste(&mut self, text: &str, now: &Zoned) {
        self.line.paste(text);
        self.turns = None;
        self.read(now);
    }

    /// Puts another line in its place.
    pub fn put(&mut self, line: &str, now: &Zoned) {
        self.line = LineInput::of(line);
        self.turns = None;
        self.read(now);
    }

    /// Reads the line anew, as ages count back from now. What means nothing leaves the query as it was.
    pub fn read(&mut self, now: &Zoned) {
        match Query::parse(&self.line.text(), now) {
            Ok(query) => {
                self.query = query;
                self.mistake = None;
            }
            Err(bad) => self.mistake = Some(bad),
        }
    }

    /// Lists the lines that the line could become, given the names that the values of filters can have.
    #[must_use]
    pub fn completions(&self, names: &Vocabulary) -> Vec<String> {
        let (before, after) = self.line.parts();
        if after.is_empty() { complete(before, names) } else { Vec::new() }
    }

    /// Tells whether the part that is being typed may well go on: as it stands it could find too little.
    #[must_use]
    pub fn is_unfinished(&self, names: &Vocabulary) -> bool {
        let (before, _) = self.line.parts();
        self.typing && !before.ends_with(char::is_whitespace) && !self.completions(names).is_empty()
    }

    /// Completes the last part of the line, each time otherwise. Tells whether there is a way to.
    pub fn complete(&mut self, forward: bool, names: &Vocabulary, now: &Zoned) -> bool {
        let turns = match self.turns.take() {
            Some(Turns { all, at }) => {
                let count = all.len().max(1);
                let at = (at + if forward { 1 } else { count - 1 }) % count;
                Turns { all, at }
            }
            None => Turns { all: self.completions(names), at: 0 },
        };
        let Some(line) = turns.all.get(turns.at) else {
            return false;
        };
        self.line = LineInput::of(line);
        // A part that has but one way to go on is done: the next time its value is completed.
        self.turns = Some(turns).filter(|turns| turns.all.len() > 1);
        self.read(now);
        true
    }

    /// Ends the typing of the line. One with a mistake goes on being typed; the mistake is returned.
    pub fn keep(&mut self) -> Option<&BadQuery> {
        self.typing = self.mistake.is_some();
        self.mistake.as_ref()
    }

    /// Orders the runs by the next thing, or turns the order round; the line says so.
    pub fn sort(&mut self, turn: bool, now: &Zoned) {
        let Sort { by, ascending } = self.query.sort;
        let sort = if turn {
            Sort { by, ascending: !ascending }
        } else {
            let at = SortBy::ALL.iter().position(|(known, _)| *known == by).map_or(0, |at| at + 1);
            let by = SortBy::ALL.get(at).map_or(SortBy::Time, |(by, _)| *by);
            Sort { by, ascending: false }
        };
        let line = with_sort(&self.line.text(), sort);
        self.put(&line, now);
    }
}
