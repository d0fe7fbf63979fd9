//! A text of one line with a cursor: a query, a name, a number.

use std::cell::Cell;

use crossterm::event::KeyCode;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::{Line, Span},
};
use unicode_segmentation::UnicodeSegmentation;

use crate::{
    text::{clean_line, graphemes, width},
    widgets::{
        interactive::Interactive,
        key::Chord,
        theme::{Role, Theme},
    },
};

/// One line being edited. The cursor stands between characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineInput {
    before: String,
    after: String,
}

impl LineInput {
    /// Makes a line with the cursor at its end.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut line = Self::default();
        line.paste(text);
        line
    }

    /// Returns the whole text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// Returns the text before and after the cursor.
    #[must_use]
    pub fn parts(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    /// Tells whether there is no text.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Inserts a text at the cursor; line breaks and other control characters become spaces.
    pub fn paste(&mut self, text: &str) {
        self.before.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
    }

    /// Takes a key. Tells whether the text changed; `None` if the key means nothing to a line.
    pub fn key(&mut self, chord: Chord) -> Option<bool> {
        if let Some(c) = chord.text() {
            self.before.push(c);
            return Some(true);
        }
        let length = self.before.len() + self.after.len();
        match (chord.code(), chord.ctrl()) {
            (KeyCode::Backspace, false) => drop(self.take_last()),
            (KeyCode::Delete, false) => drop(self.take_after()),
            (KeyCode::Left, false) => {
                if let Some(last) = self.take_last() {
                    self.after.insert_str(0, &last);
                }
            }
            (KeyCode::Right, false) => {
                if let Some(next) = self.take_after() {
                    self.before.push_str(&next);
                }
            }
            (KeyCode::Home, false) | (KeyCode::Char('a'), true) => self.after = self.take_before() + &self.after,
            (KeyCode::End, false) | (KeyCode::Char('e'), true) => {
                self.before.push_str(&std::mem::take(&mut self.after));
            }
            (KeyCode::Char('u'), true) => self.before.clear(),
            (KeyCode::Char('k'), true) => self.after.clear(),
            (KeyCode::Char('w'), true) => {
                let kept = graphemes::word_before(&self.before, self.before.chars().count());
                self.before = self.before.chars().take(kept).collect();
            }
            _ => return None,
        }
        Some(self.before.len() + self.after.len() != length)
    }

    fn take_before(&mut self) -> String {
        std::mem::take(&mut self.before)
    }

    /// Takes the grapheme before the cursor.
    fn take_last(&mut self) -> Option<String> {
        let start = self.before.grapheme_indices(true).next_back().map(|(start, _)| start)?;
        Some(self.before.split_off(start))
    }

    /// Takes the grapheme after the cursor.
    fn take_after(&mut self) -> Option<String> {
        let end = self.after.graphemes(true).next().map(str::len)?;
        let rest = self.after.split_off(end);
        Some(std::mem::replace(&mut self.after, rest))
    }
}

impl Interactive for LineInput {
    fn key(&mut self, chord: Chord) -> bool {
        chord.edits_line() && Self::key(self, chord).is_some()
    }

    fn paste(&mut self, text: &str) {
        Self::paste(self, text);
    }
}

/// How a line is drawn while it is typed into.
#[derive(Clone, Copy)]
pub struct LineStyle<'a> {
    /// What stands before the text.
    pub lead: &'a str,
    /// What is said where nothing is typed yet.
    pub empty: &'a str,
    pub theme: Theme,
}

/// Draws a line that is being typed, its cursor in sight however long it is, and sets the caret there.
pub fn draw(line: &LineInput, style: LineStyle<'_>, area: Rect, caret: &Cell<Option<Position>>, buffer: &mut Buffer) {
    let LineStyle { lead, empty, theme } = style;
    let (before, after) = line.parts();
    let room = usize::from(area.width).saturating_sub(width(lead) + 1);
    let cleaned = clean_line(before);
    let mut shown = cleaned.as_str();
    while width(shown) > room {
        shown = shown.char_indices().nth(1).and_then(|(at, _)| shown.get(at..)).unwrap_or_default();
    }
    let mut rest = clean_line(after).as_str().to_owned();
    let left = width(lead) + width(shown);
    caret.set(u16::try_from(left).ok().map(|left| Position::new(area.x.saturating_add(left), area.y)));
    let under = if rest.is_empty() { ' ' } else { rest.remove(0) };
    let span = |text: &str, role| Span::styled(text.to_owned(), theme.style(role));
    let mut spans = vec![
        span(lead, Role::Key),
        span(shown, Role::Text),
        span(&under.to_string(), Role::Cursor),
        span(&rest, Role::Text),
    ];
    if line.is_empty() {
        spans.push(span(&format!(" {empty}"), Role::Quiet));
    }
    buffer.set_line(area.x, area.y, &Line::from(spans), area.width);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &mut LineInput, keys: &[&str]) {
        for key in keys {
            line.key(key.parse().unwrap());
        }
    }

    #[test]
    fn a_line_is_edited_around_its_cursor() {
        let mut line = LineInput::of("one two");
        typed(&mut line, &["left", "left", "left", "X", "end", "é", "backspace", "ctrl-w", "home", "delete"]);
        assert_eq!((line.parts().0, line.parts().1), ("", "ne "));
        typed(&mut line, &["ctrl-e", "ctrl-u"]);
        assert!(line.is_empty());
    }

    #[test]
    fn what_looks_like_one_character_is_taken_as_one() {
        let mut line = LineInput::of("e\u{301}👩‍👩‍👧");
        typed(&mut line, &["left", "backspace"]);
        assert_eq!(line.parts(), ("", "👩‍👩‍👧"));
        typed(&mut line, &["delete"]);
        assert!(line.is_empty());
    }

    #[test]
    fn a_pasted_line_break_becomes_a_space() {
        assert_eq!(LineInput::of("a\nb\tc").text(), "a b c");
    }
}
