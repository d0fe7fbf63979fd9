//! A list narrowed by what is typed, with one entry chosen.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    text::word_match::best_matches,
    widgets::{interactive::Interactive, key::Chord, line_input::LineInput, theme::Theme},
};

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct PickItem<T> {
    /// What is chosen with it.
    pub value: T,
    /// Its first column, matched against the query.
    pub label: String,
    /// Its second column, matched against the query too.
    pub detail: String,
    /// False where it can be seen but not used as it is.
    pub usable: bool,
    /// Whether it is left out while nothing is typed.
    pub only_when_searched: bool,
    /// Whether it is left out once something is typed: it stands for others.
    pub only_unsearched: bool,
    /// Whether it comes after all that fit and are not.
    pub last: bool,
}

impl<T> PickItem<T> {
    /// Makes a usable entry.
    pub fn new(value: T, label: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            value,
            label: label.into(),
            detail: detail.into(),
            usable: true,
            only_when_searched: false,
            only_unsearched: false,
            last: false,
        }
    }
}

/// A list, its query, and which of its entries is chosen.
#[derive(Debug, Clone)]
pub struct PickList<T> {
    pub query: LineInput,
    /// Whether keys go into the query.
    narrows: bool,
    items: Vec<PickItem<T>>,
    shown: Vec<usize>,
    at: usize,
    top: usize,
}

impl<T> PickList<T> {
    /// Makes a list with all entries shown and the first chosen.
    #[must_use]
    pub fn new(items: Vec<PickItem<T>>) -> Self {
        let mut list = Self { query: LineInput::default(), narrows: true, items, shown: Vec::new(), at: 0, top: 0 };
        list.narrow();
        list
    }

    /// Makes a list that is not narrowed: keys are not for it.
    #[must_use]
    pub fn menu(items: Vec<PickItem<T>>) -> Self {
        Self { narrows: false, ..Self::new(items) }
    }

    /// Puts other entries in the place of the list's, under the same query.
    pub fn refill(&mut self, items: Vec<PickItem<T>>) {
        self.items = items;
        self.narrow();
    }

    /// Lists what the query leaves, the best match first.
    pub fn shown(&self) -> impl Iterator<Item = &PickItem<T>> {
        self.shown.iter().filter_map(|at| self.items.get(*at))
    }

    /// Counts all entries that stand for themselves.
    #[must_use]
    pub fn total(&self) -> usize {
        self.items.iter().filter(|item| !item.only_unsearched).count()
    }

    /// Counts what the query leaves.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.len()
    }

    /// Tells whether the query leaves nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Returns the chosen entry.
    #[must_use]
    pub fn chosen(&self) -> Option<&PickItem<T>> {
        self.shown.get(self.at).and_then(|at| self.items.get(*at))
    }

    /// Returns the place of the chosen entry among those shown.
    #[must_use]
    pub fn at(&self) -> usize {
        self.at
    }

    /// Returns the first entry on screen, as [`Interactive::fit`] set it.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// Chooses an entry by its place among those shown.
    pub fn choose(&mut self, at: usize) {
        self.at = at.min(self.shown.len().saturating_sub(1));
    }

    /// Chooses the first entry that fits a condition, if there is one.
    pub fn choose_where(&mut self, fits: impl Fn(&T) -> bool) {
        let found = self.shown().position(|item| fits(&item.value));
        if let Some(at) = found {
            self.at = at;
        }
    }

    fn narrow(&mut self) {
        let query = self.query.text();
        self.at = 0;
        self.top = 0;
        if query.trim().is_empty() {
            let shown = self.items.iter().enumerate().filter(|(_, item)| !item.only_when_searched);
            self.shown = shown.map(|(at, _)| at).collect();
        } else {
            self.shown = best_matches(&query, self.items.iter().map(|item| (&*item.label, &*item.detail)));
            self.shown.retain(|at| self.items.get(*at).is_some_and(|item| !item.only_unsearched));
        }
        self.shown.sort_by_key(|at| self.items.get(*at).is_some_and(|item| item.last));
    }
}

impl<T> Interactive for PickList<T> {
    fn key(&mut self, chord: Chord) -> bool {
        let takes = self.narrows && chord.edits_line();
        if takes && self.query.key(chord) == Some(true) {
            self.narrow();
        }
        takes
    }

    fn paste(&mut self, text: &str) {
        if self.narrows {
            self.query.paste(text);
            self.narrow();
        }
    }

    fn step(&mut self, by: isize) {
        self.choose(self.at.saturating_add_signed(by));
    }

    fn click(&mut self, row: usize) -> bool {
        let at = self.top + row;
        self.choose(at);
        at < self.len()
    }

    fn fit(&mut self, height: usize) {
        let highest = self.at.saturating_sub(height.saturating_sub(1));
        let lowest = self.at.min(self.shown.len().saturating_sub(height));
        self.top = self.top.clamp(highest.min(self.at), lowest.max(highest));
    }
}

/// Draws the entries of a choice that are in sight, each as the given line. The chosen one is
/// bold and begins with a bar.
pub fn list<T>(
    choice: &PickList<T>,
    area: Rect,
    theme: Theme,
    buffer: &mut Buffer,
    line: impl Fn(&PickItem<T>, usize) -> Line<'static>,
) {
    let room = usize::from(area.width).saturating_sub(2);
    let rows = choice.shown().enumerate().skip(choice.top());
    for ((at, item), place) in rows.zip(area.rows()) {
        pick_row(&line(item, room), place, at == choice.at(), theme, buffer);
    }
}

/// Draws one entry of a choice, which the chosen one's bar stands before.
pub fn pick_row(line: &Line<'_>, place: Rect, chosen: bool, theme: Theme, buffer: &mut Buffer) {
    let x = place.x.saturating_add(2);
    buffer.set_line(x, place.y, line, place.width.saturating_sub(2));
    if chosen {
        theme.select(place, buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> PickList<usize> {
        PickList::new(
            names.iter().enumerate().map(|(at, name)| PickItem::new(at, *name, format!("detail {at}"))).collect(),
        )
    }

    #[test]
    fn a_query_narrows_and_ranks() {
        let mut list = list(&["search", "save-prompt", "sessions", "palette"]);
        for key in ["p", "r"] {
            assert!(list.key(key.parse().unwrap()));
        }
        assert_eq!(list.chosen().map(|item| item.label.as_str()), Some("save-prompt"));
        list.key("ctrl-u".parse().unwrap());
        assert_eq!(list.len(), 4);
        list.paste("ave");
        assert!(list.is_empty(), "letters within a word are no match");
        list.key("ctrl-u".parse().unwrap());
        list.paste("nothing like it");
        assert!(list.is_empty() && list.chosen().is_none());
    }

    #[test]
    fn some_entries_are_there_only_for_who_searches_them() {
        let hidden = PickItem { only_when_searched: true, ..PickItem::new(2, "gone-model", "") };
        let mut list = PickList::new(vec![PickItem::new(1, "model", ""), hidden]);
        assert_eq!(list.len(), 1);
        list.paste("model");
        assert_eq!(list.shown().map(|item| item.value).collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn the_choice_stops_at_the_ends_and_stays_in_sight() {
        let mut list = list(&["a", "b", "c", "d", "e"]);
        list.step(-3);
        assert_eq!(list.at(), 0);
        list.step(99);
        list.fit(2);
        assert_eq!((list.at(), list.top()), (4, 3));
        list.step(-2);
        list.fit(2);
        assert_eq!((list.at(), list.top()), (2, 2));
        list.fit(0);
        assert_eq!(list.at(), 2);
    }

    #[test]
    fn a_menu_leaves_every_key_to_the_key_map() {
        let mut menu = PickList::menu(vec![PickItem::new(1, "one", ""), PickItem::new(2, "two", "")]);
        assert!(!menu.key("t".parse().unwrap()));
        menu.paste("two");
        assert_eq!((menu.len(), menu.query.is_empty()), (2, true));
        assert!(menu.click(1) && !menu.click(2), "a click below the last entry chooses nothing to accept");
    }
}
