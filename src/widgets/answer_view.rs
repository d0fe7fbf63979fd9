//! A window on an answer: on its text as it grows, or on its JSON once that is whole; and what was searched in it.

pub(crate) mod draw;
pub(crate) mod json_view;

use std::ops::Range;

pub(crate) use crate::widgets::answer_view::draw::draw;
pub use crate::widgets::answer_view::json_view::JsonView;
use crate::{
    eval::{FoundJson, JsonTypes, locate},
    model::{Format, Quality, Response, Rule},
    text::{
        SanitizedText, Wrapped, WrappedRow,
        budget::bounded,
        clean,
        json::{Highlight, NodeShape, TokenKind, Tree},
        search::{paragraph, paragraph_at},
        width,
    },
    widgets::{motion::Motion, theme::Role},
};

/// Where a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowPlace {
    follow: bool,
    top: usize,
    /// In a text the paragraph that the top row is in, counted from 0, and its rows above the window.
    paragraph: Option<(usize, usize)>,
}

/// A text cut into rows, or its JSON, and the part of it that is seen.
#[derive(Debug, Clone)]
pub struct AnswerView {
    wrapped: Wrapped,
    form: AnswerDisplay,
    follow: bool,
    top: usize,
    /// Where the top row starts, in bytes: its number does not survive another width.
    anchor: usize,
    height: usize,
    found: Option<SearchHits>,
    searched: usize,
    /// Parts that stand out, in bytes of the text, in order.
    marked: Vec<(Range<usize>, Role)>,
    /// Where the answer begins, in bytes: rounds of tools stand before it.
    begins: usize,
}

impl Default for AnswerView {
    fn default() -> Self {
        Self {
            wrapped: Wrapped::new(80),
            form: AnswerDisplay::default(),
            follow: true,
            top: 0,
            anchor: 0,
            height: 0,
            found: None,
            searched: 0,
            marked: Vec::new(),
            begins: 0,
        }
    }
}

impl AnswerView {
    /// Appends to the text.
    pub fn push(&mut self, more: &SanitizedText) {
        self.wrapped.push(more);
        self.form.grow(self.wrapped.text());
    }

    /// Appends to the text a part that stands out in a role.
    pub(crate) fn push_marked(&mut self, more: &SanitizedText, role: Role) {
        let start = self.len();
        self.push(more);
        if self.len() > start {
            self.marked.push((start..self.len(), role));
        }
    }

    /// Notes that what is pushed from now on is the answer: what was before stands above it.
    pub(crate) fn begin_answer(&mut self) {
        self.begins = self.len();
    }

    /// Returns the parts of a row that stand out, in columns.
    pub(crate) fn marked(&self, row: usize) -> impl Iterator<Item = (Range<usize>, Role)> + '_ {
        let bytes = self.bytes(row);
        let first = self.marked.partition_point(|(part, _)| part.end <= bytes.start);
        let here = self.marked.iter().skip(first).take_while(move |(part, _)| part.start < bytes.end);
        here.filter_map(move |(part, role)| Some((self.columns(row, part)?, *role)))
    }

    /// Forgets the text and the search, keeps the window and the form that was chosen.
    #[must_use]
    pub fn cleared(mut self) -> Self {
        self.wrapped.clear();
        Self { wrapped: self.wrapped, form: self.form.cleared(), height: self.height, ..Self::default() }
    }

    /// Tells whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.wrapped.rows() == 0
    }

    /// Counts the rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.json().map_or_else(|| self.wrapped.rows(), JsonView::rows)
    }

    /// Returns the first row that is seen.
    #[must_use]
    pub fn top(&self) -> usize {
        self.json().map_or(self.top, JsonView::top)
    }

    /// Returns the number of rows below the window.
    #[must_use]
    pub fn below(&self) -> usize {
        self.rows().saturating_sub(self.top() + self.height)
    }

    /// Tells whether the window follows the end of the text.
    #[must_use]
    pub fn follows(&self) -> bool {
        self.follow && self.json().is_none()
    }

    /// Returns the rows of the text that are seen, each with its number.
    pub fn seen(&self) -> impl Iterator<Item = (usize, WrappedRow<'_>)> {
        (self.top..self.wrapped.rows().min(self.top + self.height)).map(|row| (row, self.wrapped.row(row)))
    }

    /// Returns the columns of a row that show what was searched, and whether it is the present hit.
    pub fn hits(&self, row: usize) -> impl Iterator<Item = (Range<usize>, bool)> + '_ {
        let (start, end) = (self.wrapped.anchor_of(row), self.wrapped.anchor_of(row + 1));
        let found = self.found.as_ref();
        let hits = found.map_or(&[][..], |found| found.hits.as_slice());
        let present = found.map(|found| found.at);
        let first = hits.partition_point(|hit| hit.end <= start);
        hits.iter()
            .enumerate()
            .skip(first)
            .take_while(move |(_, hit)| hit.start < end)
            .filter_map(move |(at, hit)| Some((self.wrapped.columns(row, hit)?, present == Some(at))))
    }

    /// Returns what was searched, if anything.
    #[must_use]
    pub fn found(&self) -> Option<&SearchHits> {
        self.json().map_or(self.found.as_ref(), JsonView::found)
    }

    /// Gives the window a size, before drawing.
    pub fn fit(&mut self, width: u16, height: u16) {
        let columns = usize::from(width).max(1);
        if self.wrapped.width() != columns {
            self.wrapped.set_width(columns);
            self.top = self.wrapped.row_at(self.anchor);
        }
        self.height = usize::from(height);
        self.refresh();
        self.place(self.top);
        self.form.fit(width, height);
    }

    fn last_top(&self) -> usize {
        self.wrapped.rows().saturating_sub(self.height)
    }

    /// Puts the window on a row, or on the end while it follows that.
    fn place(&mut self, top: usize) {
        self.top = if self.follow { self.last_top() } else { top.min(self.last_top()) };
        self.anchor = self.wrapped.anchor_of(self.top);
    }

    /// Moves up or down by what a single key moves: the window by a row, in JSON the cursor by a line.
    pub fn step(&mut self, down: bool) {
        match self.json_mut() {
            Some(json) => json.step(down),
            None => self.scroll(if down { 1 } else { -1 }),
        }
    }

    /// Moves the window; reaching the end of a text makes it follow the end.
    pub fn scroll(&mut self, by: isize) {
        if let Some(json) = self.json_mut() {
            return json.scroll(by);
        }
        let top = self.top.saturating_add_signed(by).min(self.last_top());
        self.follow = by > 0 && top == self.last_top();
        self.place(top);
    }

    /// Moves the window by a share of its height: 1 for a page, 2 for half a page.
    pub fn page(&mut self, down: bool, parts: usize) {
        if let Some(json) = self.json_mut() {
            return json.page(down, parts);
        }
        let by = isize::try_from((self.height / parts.max(1)).max(1)).unwrap_or(1);
        self.scroll(if down { by } else { -by });
    }

    /// Goes to the first row.
    pub fn to_top(&mut self) {
        if let Some(json) = self.json_mut() {
            return json.to_top();
        }
        self.follow = false;
        self.place(0);
    }

    /// Goes to the end; that of a text is followed.
    pub fn to_end(&mut self) {
        if let Some(json) = self.json_mut() {
            return json.to_end();
        }
        self.follow = true;
        self.place(self.top);
    }

    /// Moves the window; there is no way to the side.
    pub fn go(&mut self, motion: Motion) {
        match motion {
            Motion::Up => self.step(false),
            Motion::Down => self.step(true),
            Motion::HalfUp => self.page(false, 2),
            Motion::HalfDown => self.page(true, 2),
            Motion::PageUp => self.page(false, 1),
            Motion::PageDown => self.page(true, 1),
            Motion::Top => self.to_top(),
            Motion::Bottom => self.to_end(),
            Motion::Left | Motion::Right => {}
        }
    }

    /// Tells where the window stands, for another one to stand there too.
    #[must_use]
    pub fn window_place(&self) -> WindowPlace {
        let (number, start) = paragraph_at(self.wrapped.text(), self.anchor);
        let paragraph = (number, self.top.saturating_sub(self.wrapped.row_at(start)));
        WindowPlace { follow: self.follows(), top: self.top(), paragraph: self.json().is_none().then_some(paragraph) }
    }

    /// Puts the window where another one stands: in the same paragraph, as many rows down in it as
    /// it has.
    pub fn align(&mut self, other: WindowPlace) {
        if let Some(json) = self.json_mut() {
            return json.place(other.top);
        }
        self.follow = other.follow;
        let row = other.paragraph.map_or(other.top, |(number, above)| {
            let (start, end) = paragraph(self.wrapped.text(), number);
            let (first, next) = (self.wrapped.row_at(start), self.wrapped.row_at(end));
            (first + above).min(next.saturating_sub(1).max(first))
        });
        self.place(row);
    }

    /// Puts the row that holds a byte at the top.
    pub fn align_to(&mut self, byte: usize) {
        self.follow = false;
        self.place(self.wrapped.row_at(byte));
    }

    /// Brings a byte in sight, a third of the window down if it is not.
    pub fn show(&mut self, byte: usize) {
        self.bring(self.wrapped.row_at(byte));
    }

    /// Brings a row of the text into sight.
    fn bring(&mut self, row: usize) {
        if row < self.top || row >= self.top + self.height.max(1) {
            self.follow = false;
            self.place(row.saturating_sub(self.height / 3));
        }
    }

    /// Returns all it shows, before it was wrapped.
    #[must_use]
    pub(crate) fn text(&self) -> &str {
        self.wrapped.text()
    }

    /// Returns the length of the text, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wrapped.text().len()
    }

    #[must_use]
    pub fn bytes(&self, row: usize) -> Range<usize> {
        self.wrapped.anchor_of(row)..self.wrapped.anchor_of(row + 1)
    }

    /// Returns the columns of a row that bytes of the text cover, if they cover any.
    #[must_use]
    pub fn columns(&self, row: usize, bytes: &Range<usize>) -> Option<Range<usize>> {
        self.wrapped.columns(row, bytes)
    }

    /// Searches a text without regard to case and goes to the first hit from the window's top on.
    /// An empty text ends the search.
    pub fn search(&mut self, query: &str) {
        if let Some(json) = self.form.json_mut(query.is_empty()) {
            json.search(query);
        }
        if query.is_empty() {
            self.found = None;
            return;
        } else if self.json().is_some() {
            return;
        }
        let hits = self.wrapped.find_all(query, true);
        self.searched = self.wrapped.text().len();
        let from = self.wrapped.anchor_of(self.top);
        let at = hits.iter().position(|hit| hit.start >= from).unwrap_or(0);
        self.found = Some(SearchHits { query: query.to_owned(), hits, at });
        self.show_hit();
    }

    /// Goes to the next hit or the one before, round the end.
    pub fn next_hit(&mut self, forward: bool) {
        if let Some(json) = self.json_mut() {
            return json.next_hit(forward);
        }
        if let Some(found) = &mut self.found {
            found.step(forward);
            self.show_hit();
        }
    }

    fn show_hit(&mut self) {
        let Some(hit) = self.found.as_ref().and_then(|found| found.hits.get(found.at)).cloned() else {
            return;
        };
        self.show(hit.start);
    }

    /// Finds what came since the last search.
    fn refresh(&mut self) {
        let length = self.wrapped.text().len();
        if let Some(found) = &mut self.found
            && length != self.searched
        {
            self.searched = length;
            found.hits = self.wrapped.find_all(&found.query, true);
            found.at = found.at.min(found.hits.len().saturating_sub(1));
        }
    }
}

/// What is known of the JSON of an answer, and what of it is wished for.
#[derive(Debug, Clone, Default)]
pub(crate) struct AnswerDisplay {
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

impl AnswerDisplay {
    /// Forgets the answer, keeps what is expected and what was chosen.
    pub(crate) fn cleared(self) -> Self {
        Self { expected: self.expected, chosen: self.chosen, ..Self::default() }
    }

    /// Takes in what the text has grown by.
    pub(crate) fn grow(&mut self, text: &str) {
        if self.highlight.is_none() && (self.expected.is_some() || text.trim_start().starts_with(['{', '['])) {
            self.highlight = Some(Highlight::default());
        }
        if let Some(highlight) = &mut self.highlight {
            highlight.grow(text);
        }
    }

    pub(crate) fn fit(&mut self, width: u16, height: u16) {
        if let Some(json) = &mut self.json {
            json.fit(width, height);
        }
    }

    fn shows_json(&self) -> bool {
        self.chosen.unwrap_or(self.first)
    }

    /// Returns the JSON where it is shown, or wherever there is some.
    pub(crate) fn json_mut(&mut self, hidden_too: bool) -> Option<&mut JsonView> {
        let wanted = hidden_too || self.shows_json();
        self.json.as_deref_mut().filter(|_| wanted)
    }
}

impl AnswerView {
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
    pub fn coloured(&self) -> impl Iterator<Item = (usize, Range<usize>, TokenKind)> {
        let end = (self.top + self.height).min(self.wrapped.rows());
        let seen = self.wrapped.anchor_of(self.top)..self.wrapped.anchor_of(end);
        let text = self.wrapped.text();
        let tokens = self.form.highlight.iter().flat_map(move |highlight| highlight.tokens(text, seen.clone()));
        let coloured = tokens.filter(|token| !matches!(token.kind, TokenKind::Blank | TokenKind::Prose));
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
    /// the answer is complete and JSON was asked for, or is all there is; not where rounds of tools stand above it.
    pub fn settle(&mut self, raw: &str, complete: bool, quality: Option<&Quality>) {
        let (tree, start, stands) = match read(raw, self.form.expected, quality) {
            Ok(read) => read,
            Err(at) => {
                let marked = complete && self.form.expected.is_some();
                self.form.broken = marked.then(|| self.begins + clean(raw.get(..at).unwrap_or_default()).len());
                return;
            }
        };
        let holds = matches!(tree.shape(0), Some(NodeShape::Object | NodeShape::Array));
        if !holds && self.form.expected.is_none() {
            return;
        }
        self.form.first = complete && self.begins == 0 && (self.form.expected.is_some() || stands == FoundJson::Whole);
        let node = tree.at_byte(self.anchor.saturating_sub(self.begins + start));
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

    /// Goes to the next field that failed a check, or the one before, or to where the text stops being JSON. Tells
    /// whether there is such a place.
    pub fn step_failed(&mut self, forward: bool) -> bool {
        if let Some(json) = self.json_mut() {
            return json.step_failed(forward);
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
fn read(raw: &str, expected: Option<JsonTypes>, quality: Option<&Quality>) -> Result<(Tree, usize, FoundJson), usize> {
    let rest = raw.trim_start();
    let start = raw.len() - rest.len();
    let refused = |quality: &Quality| quality.failures().any(|verdict| verdict.rule == Rule::Format);
    bounded("the answer", raw).map_err(|_much| 0_usize)?;
    // Most answers are nothing else, and are read once instead of twice.
    if rest.starts_with(['{', '['])
        && !quality.is_some_and(refused)
        && let Ok(tree) = Tree::parse(rest.trim_end())
    {
        return Ok((tree, start, FoundJson::Whole));
    }
    let (bytes, stands) = locate(raw, expected.unwrap_or(JsonTypes::OBJECT)).map_err(|error| error.at)?;
    let tree = Tree::parse(raw.get(bytes.clone()).unwrap_or_default()).map_err(|broken| bytes.start + broken.at)?;
    Ok((tree, bytes.start, stands))
}

/// What was searched in a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchHits {
    /// What was searched.
    pub query: String,
    /// Where it is, in bytes of the text.
    pub hits: Vec<Range<usize>>,
    /// Which of them is the present one.
    pub at: usize,
}

impl SearchHits {
    /// Goes to the next hit or the one before, round the end.
    pub(crate) fn step(&mut self, forward: bool) {
        let count = self.hits.len().max(1);
        self.at = (self.at + if forward { 1 } else { count - 1 }) % count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(lines: usize) -> AnswerView {
        let mut view = AnswerView::default();
        for line in 0..lines {
            view.push(&clean(&format!("line {line} of a text that is long enough to wrap\n")));
        }
        view.fit(80, 10);
        view
    }

    #[test]
    fn the_end_is_followed_until_one_scrolls_up_and_again_once_one_is_back() {
        let mut view = view(30);
        assert_eq!((view.top(), view.follows()), (20, true));
        view.scroll(-5);
        view.push(&clean("more\nand more\n"));
        view.fit(80, 10);
        assert_eq!((view.top(), view.follows(), view.below()), (15, false, 7));
        view.scroll(99);
        assert!(view.follows());
        view.push(&clean("and more\n"));
        view.fit(80, 10);
        assert_eq!(view.below(), 0);
    }

    #[test]
    fn the_place_survives_another_width() {
        let mut view = view(100);
        view.to_top();
        view.scroll(40);
        view.fit(20, 10);
        let (_, first) = view.seen().next().unwrap();
        assert!(first.text.starts_with("line 40"), "{first:?}");
        view.fit(80, 10);
        assert_eq!(view.top(), 40);
    }

    #[test]
    fn windows_on_two_texts_stand_in_the_same_paragraph() {
        let text =
            |long: usize| (0..9).map(|n| format!("{n} {}\n\n", "word ".repeat(long))).collect::<Vec<_>>().concat();
        let (mut one, mut other) = (AnswerView::default(), AnswerView::default());
        one.push(&clean(&text(40)));
        other.push(&clean(&text(10)));
        one.fit(20, 5);
        other.fit(20, 5);
        one.to_top();
        let first = |view: &AnswerView| view.seen().next().map(|(_, row)| row.text.chars().next());
        while first(&one) != Some(Some('3')) {
            one.scroll(1);
        }
        other.align(one.window_place());
        assert_eq!(first(&other), Some(Some('3')));
        one.to_end();
        other.align(one.window_place());
        assert!(other.follows());
    }

    #[test]
    fn hits_are_walked_round_and_kept_in_sight() {
        let mut view = view(50);
        view.to_top();
        view.search("LINE 4");
        assert_eq!(view.found().map(|found| found.hits.len()), Some(11));
        view.next_hit(true);
        assert!((31..=40).contains(&view.top()), "{}", view.top());
        assert_eq!(view.hits(40).collect::<Vec<_>>(), [(0..6, true)]);
        view.next_hit(false);
        view.next_hit(false);
        assert_eq!(view.found().map(|found| found.at), Some(10));
        view.push(&clean("line 4 again"));
        view.fit(80, 10);
        assert_eq!(view.found().map(|found| found.hits.len()), Some(12));
        view.search("");
        assert!(view.found().is_none());
    }
}
