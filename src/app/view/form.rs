//! Which form of an answer is shown: its text, coloured where it is JSON, or the JSON as a tree.

use std::ops::Range;

use super::{JsonView, View};
use crate::{
    eval::{Found, JsonTypes, extract::bounded, locate},
    model::{Format, Quality, Response, Rule},
    text::{
        clean,
        json::{Highlight, Kind, Shape, Tree},
        width,
    },
};

/// What is known of the JSON of an answer, and what of it is wished for.
#[derive(Debug, Clone, Default)]
pub(super) struct Form {
    /// The JSON that the prompt asks for, if it does.
    expected: Option<JsonTypes>,
    /// What each piece of the text is in JSON, where there may be some.
    highlight: Option<Highlight>,
    /// The JSON, once the answer is whole.
    json: Option<Box<JsonView>>,
    /// Whether it is shown where nobody has chosen.
    first: bool,
    /// What was chosen: the JSON, or the text.
    chosen: Option<bool>,
    /// Where the text stops being JSON, in bytes.
    broken: Option<usize>,
}

impl Form {
    /// Forgets the answer, keeps what is expected and what was chosen.
    pub(super) fn cleared(self) -> Self {
        Self { expected: self.expected, chosen: self.chosen, ..Self::default() }
    }

    /// Takes in what the text has grown by.
    pub(super) fn grow(&mut self, text: &str) {
        if self.highlight.is_none() && (self.expected.is_some() || text.trim_start().starts_with(['{', '['])) {
            self.highlight = Some(Highlight::default());
        }
        if let Some(highlight) = &mut self.highlight {
            highlight.grow(text);
        }
    }

    pub(super) fn fit(&mut self, width: u16, height: u16) {
        if let Some(json) = &mut self.json {
            json.fit(width, height);
        }
    }

    fn shows_json(&self) -> bool {
        self.chosen.unwrap_or(self.first)
    }

    /// Returns the JSON where it is shown, or wherever there is some.
    pub(super) fn json_mut(&mut self, hidden_too: bool) -> Option<&mut JsonView> {
        let wanted = hidden_too || self.shows_json();
        self.json.as_deref_mut().filter(|_| wanted)
    }
}

impl View {
    /// Says what the text that is to come is to be.
    pub fn expect(&mut self, response: &Response) {
        self.form.expected = (response.format != Format::Text).then(|| JsonTypes::of(response));
    }

    /// Returns the answer's JSON if that is what is shown.
    #[must_use]
    pub fn json(&self) -> Option<&JsonView> {
        self.form.json.as_deref().filter(|_| self.form.shows_json())
    }

    /// The same, to be moved in and folded.
    pub fn json_mut(&mut self) -> Option<&mut JsonView> {
        self.form.json_mut(false)
    }

    /// Returns what the pieces of the text in sight are in JSON, each with its row, counted from the
    /// window's top, and its columns; nothing where the text is none.
    pub fn coloured(&self) -> impl Iterator<Item = (usize, Range<usize>, Kind)> {
        let end = (self.top + self.height).min(self.wrapped.rows());
        let seen = self.wrapped.anchor_of(self.top)..self.wrapped.anchor_of(end);
        let text = self.wrapped.text();
        let tokens = self.form.highlight.iter().flat_map(move |highlight| highlight.tokens(text, seen.clone()));
        let coloured = tokens.filter(|token| !matches!(token.kind, Kind::Blank | Kind::Prose));
        let mut row = self.top;
        coloured.flat_map(move |token| {
            while row + 1 < end && self.wrapped.anchor_of(row + 1) <= token.bytes.start {
                row += 1;
            }
            let rows = (row..end).take_while({
                let stop = token.bytes.end;
                move |row| self.wrapped.anchor_of(*row) < stop
            });
            rows.filter_map(move |row| Some((row - self.top, self.wrapped.columns(row, &token.bytes)?, token.kind)))
        })
    }

    /// Returns where the text stops being the JSON that was asked for, if that is in sight: its row,
    /// counted from the window's top, and its column, which may be the one behind the row.
    #[must_use]
    pub fn broken(&self) -> Option<(usize, usize)> {
        let at = self.form.broken?;
        let row = self.wrapped.row_at(at);
        let behind = || width(&self.wrapped.row(row).text);
        let column = self.wrapped.columns(row, &(at..at + 1)).map_or_else(behind, |columns| columns.start);
        let offset = row.checked_sub(self.top).filter(|offset| *offset < self.height)?;
        Some((offset, column))
    }

    /// Looks for the JSON of an answer that has ended, exactly as it was sent. It is shown where
    /// the answer is complete and JSON was asked for, or is all there is.
    pub fn settle(&mut self, raw: &str, complete: bool, quality: Option<&Quality>) {
        let (tree, start, stands) = match read(raw, self.form.expected, quality) {
            Ok(read) => read,
            Err(at) => {
                let marked = complete && self.form.expected.is_some();
                self.form.broken = marked.then(|| clean(raw.get(..at).unwrap_or_default()).len());
                return;
            }
        };
        let holds = matches!(tree.shape(0), Some(Shape::Object | Shape::Array));
        if !holds && self.form.expected.is_none() {
            return;
        }
        self.form.first = complete && (self.form.expected.is_some() || stands == Found::Whole);
        let node = tree.at_byte(self.anchor.saturating_sub(start));
        let mut json = JsonView::new(tree, &stands, quality);
        json.fit(
            u16::try_from(self.wrapped.width()).unwrap_or(u16::MAX),
            u16::try_from(self.height).unwrap_or(u16::MAX),
        );
        if !self.follow {
            json.go_to(node);
        }
        let query = self.found.as_ref().map(|found| found.query.clone());
        json.search(&query.unwrap_or_default());
        self.form.json = Some(Box::new(json));
    }

    /// Shows the JSON instead of the text, or the text instead of the JSON. Tells which is shown
    /// now; nothing where there is no JSON.
    pub fn toggle_json(&mut self) -> Option<bool> {
        self.form.json.as_ref()?;
        let shown = !self.form.shows_json();
        self.choose_json(shown);
        Some(shown)
    }

    /// Chooses the form for this answer and those to come, and goes on with what was searched.
    pub fn choose_json(&mut self, shown: bool) {
        let query = self.found().map(|found| found.query.clone());
        self.form.chosen = Some(shown);
        if let Some(query) = query {
            self.search(&query);
        }
    }

    /// Goes to the next field that failed a check, or to where the text stops being JSON. Tells
    /// whether there is such a place.
    pub fn next_failed(&mut self) -> bool {
        if let Some(json) = self.json_mut() {
            return json.next_failed();
        }
        let Some(at) = self.form.broken else {
            return false;
        };
        self.bring(self.wrapped.row_at(at));
        true
    }
}

/// Reads the JSON of an answer. Returns it with its place and what stands around it, or where the
/// answer stops being JSON.
fn read(raw: &str, expected: Option<JsonTypes>, quality: Option<&Quality>) -> Result<(Tree, usize, Found), usize> {
    let rest = raw.trim_start();
    let start = raw.len() - rest.len();
    let refused = |quality: &Quality| quality.failures().any(|verdict| verdict.rule == Rule::Format);
    bounded("the answer", raw).map_err(|_much| 0_usize)?;
    // Most answers are nothing else, and are read once instead of twice.
    if rest.starts_with(['{', '['])
        && !quality.is_some_and(refused)
        && let Ok(tree) = Tree::parse(rest.trim_end())
    {
        return Ok((tree, start, Found::Whole));
    }
    let (bytes, stands) = locate(raw, expected.unwrap_or(JsonTypes::OBJECT)).map_err(|error| error.at)?;
    let tree = Tree::parse(raw.get(bytes.clone()).unwrap_or_default()).map_err(|broken| bytes.start + broken.at)?;
    Ok((tree, bytes.start, stands))
}
