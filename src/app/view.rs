//! A window on an answer: on its text as it grows, or on its JSON once that is whole.

mod form;
mod found;
mod json;
mod notes;

use std::ops::Range;

use super::Action;
use crate::text::{
    Row, Safe, Wrapped,
    paragraph::{paragraph, paragraph_at},
};
use form::Form;
pub use found::Found;
pub use json::JsonView;

/// Where a window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stand {
    follow: bool,
    top: usize,
    /// In a text the paragraph that the top row is in, counted from 0, and its rows above the window.
    paragraph: Option<(usize, usize)>,
}

/// A text cut into rows, or its JSON, and the part of it that is seen.
#[derive(Debug, Clone)]
pub struct View {
    wrapped: Wrapped,
    form: Form,
    follow: bool,
    top: usize,
    /// Where the top row starts, in bytes: its number does not survive another width.
    anchor: usize,
    height: usize,
    found: Option<Found>,
    searched: usize,
}

impl Default for View {
    fn default() -> Self {
        Self {
            wrapped: Wrapped::new(80),
            form: Form::default(),
            follow: true,
            top: 0,
            anchor: 0,
            height: 0,
            found: None,
            searched: 0,
        }
    }
}

impl View {
    /// Appends to the text.
    pub fn push(&mut self, more: &Safe) {
        self.wrapped.push(more);
        self.form.grow(self.wrapped.text());
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
    pub fn seen(&self) -> impl Iterator<Item = (usize, Row<'_>)> {
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
    pub fn found(&self) -> Option<&Found> {
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

    /// Does an action that moves the window; others mean nothing to it.
    pub fn go(&mut self, action: Action) {
        match action {
            Action::Up | Action::Down => self.step(action == Action::Down),
            Action::HalfUp | Action::HalfDown => self.page(action == Action::HalfDown, 2),
            Action::PageUp | Action::PageDown => self.page(action == Action::PageDown, 1),
            Action::Top => self.to_top(),
            Action::Bottom => self.to_end(),
            _ => {}
        }
    }

    /// Tells where the window stands, for another one to stand there too.
    #[must_use]
    pub fn stand(&self) -> Stand {
        let (number, start) = paragraph_at(self.wrapped.text(), self.anchor);
        let paragraph = (number, self.top.saturating_sub(self.wrapped.row_at(start)));
        Stand { follow: self.follows(), top: self.top(), paragraph: self.json().is_none().then_some(paragraph) }
    }

    /// Puts the window where another one stands: in the same paragraph, as many rows down in it as
    /// it has.
    pub fn align(&mut self, stand: Stand) {
        if let Some(json) = self.json_mut() {
            return json.place(stand.top);
        }
        self.follow = stand.follow;
        let row = stand.paragraph.map_or(stand.top, |(number, above)| {
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

    /// Returns the length of the text, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wrapped.text().len()
    }

    /// Returns the bytes of a row.
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
        self.found = Some(Found { query: query.to_owned(), hits, at });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::clean;

    fn view(lines: usize) -> View {
        let mut view = View::default();
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
        let (mut one, mut other) = (View::default(), View::default());
        one.push(&clean(&text(40)));
        other.push(&clean(&text(10)));
        one.fit(20, 5);
        other.fit(20, 5);
        one.to_top();
        let first = |view: &View| view.seen().next().map(|(_, row)| row.text.chars().next());
        while first(&one) != Some(Some('3')) {
            one.scroll(1);
        }
        other.align(one.stand());
        assert_eq!(first(&other), Some(Some('3')));
        one.to_end();
        other.align(one.stand());
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
