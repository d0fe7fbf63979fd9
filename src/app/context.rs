//! What every part of the screen is drawn from: the app, the theme, and the words for its keys.

use std::cell::Cell;

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
    text::Span,
};

use crate::{
    app::{App, action::Action, event::Now, workbench::Focus},
    text::clean_line,
    widgets::{
        frame::Hold,
        line_input,
        line_input::{LineInput, LineStyle},
        theme::{Role, Theme},
    },
};

/// Writes a key as keyboards name it: `F5`, else as in the key map.
#[must_use]
pub fn key_name(chord: &str) -> String {
    let function = chord.strip_prefix('f').is_some_and(|number| number.parse::<u8>().is_ok());
    if function { chord.to_uppercase() } else { chord.to_owned() }
}

/// The app as it is drawn, with the theme it is drawn in.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What is drawn.
    pub app: &'a App,
    /// How.
    pub theme: Theme,
    /// Where the caret stands, once what is typed into was drawn.
    pub caret: &'a Cell<Option<Position>>,
}

impl<'a> Scene<'a> {
    /// Makes the scene of an app.
    #[must_use]
    pub fn new(app: &'a App, caret: &'a Cell<Option<Position>>) -> Self {
        Self { app, theme: Theme::new(app.look), caret }
    }

    /// Returns the time for which the frame was prepared.
    #[must_use]
    pub fn now(&self) -> Now {
        self.app.now
    }

    /// Styles a text that is the program's own.
    #[must_use]
    pub fn span(&self, text: impl Into<String>, role: Role) -> Span<'static> {
        Span::styled(text.into(), self.theme.style(role))
    }

    /// Styles a text that comes from outside: a name, a model's word, a provider's message.
    #[must_use]
    pub fn foreign(&self, text: &str, role: Role) -> Span<'static> {
        Span::styled(clean_line(text).as_str().to_owned(), self.theme.style(role))
    }

    /// Writes the key of an action as it can be pressed now; empty where it has none.
    #[must_use]
    pub fn key(&self, action: Action) -> String {
        self.app.key_of(action).map(|chord| key_name(&chord.to_string())).unwrap_or_default()
    }

    /// Writes the key of an action where a text is or is not being edited.
    #[must_use]
    pub fn key_where(&self, action: Action, typing: bool) -> String {
        self.app.keymap.shown(action, typing).map(|chord| key_name(&chord.to_string())).unwrap_or_default()
    }

    /// Makes a key with what it does.
    #[must_use]
    pub fn hint(&self, action: Action, does: &str) -> Vec<Span<'static>> {
        vec![self.span(self.key(action), Role::Key), self.span(format!(" {does}"), Role::Text)]
    }

    /// Draws a line that is being typed.
    pub fn line(&self, line: &LineInput, lead: &str, empty: &str, area: Rect, buffer: &mut Buffer) {
        line_input::draw(line, LineStyle { lead, empty, theme: self.theme }, area, self.caret, buffer);
    }

    /// Tells whether a pane has the keys.
    #[must_use]
    pub fn hold(&self, of: impl Fn(Focus) -> bool) -> Hold {
        let bench = &self.app.bench;
        match (of(bench.focus), bench.typing) {
            (false, _) => Hold::Away,
            (true, true) => Hold::Typing,
            (true, false) => Hold::Focused,
        }
    }
}
