//! The screens: which there are, how one is reached and left, and what all of them answer to.
//!
//! The bench is one of them. Leaving a screen stops nothing that runs.

use ratatui::layout::Rect;

use crate::{
    app::{
        Action, App, Effect,
        action::{ACTIONS, ActionInfo},
        keymap::KeyContext,
    },
    widgets::key::Chord,
};

/// One screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// The workbench.
    #[default]
    Bench,
    /// The batch.
    Batch,
    /// The runs on record.
    History,
    /// What the runs on record come to.
    Quality,
}

impl Screen {
    /// Every screen, in the order of their keys.
    pub const ALL: &[Self] = &[Self::Bench, Self::Batch, Self::History, Self::Quality];

    /// Returns its name in the title.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bench => "Workbench",
            Self::Batch => "Batch",
            Self::History => "History",
            Self::Quality => "Quality",
        }
    }

    /// Returns its name in a sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Batch => "batch",
            Self::History => "history",
            Self::Quality => "quality screen",
        }
    }

    /// Returns the action that goes there.
    #[must_use]
    pub fn action(self) -> Action {
        match self {
            Self::Bench => Action::ScreenBench,
            Self::Batch => Action::ScreenBatch,
            Self::History => Action::ScreenHistory,
            Self::Quality => Action::ScreenQuality,
        }
    }
}

impl App {
    /// Goes to a screen; overlays close.
    pub(crate) fn go_to(&mut self, screen: Screen) {
        self.overlays.clear();
        if self.screen == screen {
            return;
        }
        self.screen = screen;
        match screen {
            Screen::Bench => {}
            Screen::Batch => self.enter_batch(),
            Screen::History => self.enter_history(),
            Screen::Quality => self.enter_quality(),
        }
    }

    /// Does an action where no overlay is open.
    pub(crate) fn on_screen(&mut self, action: Action) {
        match action {
            Action::ScreenBench => self.go_to(Screen::Bench),
            Action::ScreenBatch => self.go_to(Screen::Batch),
            Action::ScreenHistory => self.go_to(Screen::History),
            Action::ScreenQuality => self.go_to(Screen::Quality),
            Action::Palette => self.open_palette(),
            Action::Help | Action::ScreenHelp => self.open_help(),
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Quit if self.screen != Screen::Bench => self.go_to(Screen::Bench),
            Action::Quit => self.ask_quit(),
            action => match self.screen {
                Screen::Bench => self.at_bench(action),
                Screen::Batch => self.on_batch(action),
                Screen::History => self.on_history(action),
                Screen::Quality => self.on_quality(action),
            },
        }
    }

    /// Does an action that was chosen from a list, on the screen it belongs to.
    pub(crate) fn act_there(&mut self, action: Action) {
        let entry = action.entry();
        if !entry.works_on(self.screen) {
            self.go_to(entry.home());
        }
        self.act(action);
    }

    /// Takes a key on a screen beside the bench: its line first where the key is text, then the key map.
    pub(crate) fn screen_key(&mut self, chord: Chord) {
        let taken = match self.screen {
            Screen::Bench => false,
            Screen::Batch => self.batch.typing() && chord.edits_line() && self.batch_key(chord),
            Screen::History => self.history.typing() && chord.edits_line() && self.history_key(chord),
            Screen::Quality => self.quality.typing() && chord.edits_line() && self.quality_key(chord),
        };
        if taken {
            return;
        }
        if let Some(action) = self.keymap.action(chord, KeyContext::Screen(self.screen)) {
            self.act(action);
        }
    }

    /// Takes a paste on a screen beside the bench.
    pub(crate) fn screen_paste(&mut self, text: &str) {
        match self.screen {
            Screen::Bench => {}
            Screen::Batch => self.batch_paste(text),
            Screen::History => self.history_paste(text),
            Screen::Quality => self.quality_paste(text),
        }
    }

    /// Takes a click, or a turn of the wheel by some rows, at a place of the screen's body.
    pub(crate) fn screen_mouse(&mut self, column: u16, row: u16, wheel: Option<isize>) {
        match self.screen {
            Screen::Bench => {}
            Screen::Batch => self.batch_mouse(column, row, wheel),
            Screen::History => self.history_mouse(column, row, wheel),
            Screen::Quality => self.quality_mouse(column, row, wheel),
        }
    }

    /// Computes what a screen beside the bench needs.
    pub(crate) fn prepare_screen(&mut self, body: Rect) {
        match self.screen {
            Screen::Bench => {}
            Screen::Batch => self.prepare_batch(body),
            Screen::History => self.prepare_history(body),
            Screen::Quality => self.prepare_quality(body),
        }
    }

    /// Tells whether letters go into a text.
    #[must_use]
    pub fn typing(&self) -> bool {
        match self.screen {
            Screen::Bench => self.bench.typing,
            Screen::Batch => self.batch.typing(),
            Screen::History => self.history.typing(),
            Screen::Quality => self.quality.typing(),
        }
    }

    /// Returns the key to show for an action as it can be pressed now.
    #[must_use]
    pub fn key_of(&self, action: Action) -> Option<Chord> {
        if self.screen == Screen::Bench {
            return self.keymap.shown(action, self.bench.typing);
        }
        let typing = self.typing();
        self.keymap.chords(action).iter().find(|chord| !typing || !chord.edits_line()).copied()
    }

    /// Lists the actions for the footer of the present screen, the most useful first.
    #[must_use]
    pub fn footer(&self) -> Vec<&'static ActionInfo> {
        let mut usual: Vec<(u8, &ActionInfo)> = ACTIONS
            .iter()
            .filter_map(|entry| Some((entry.footer_on(self.screen)?, entry)))
            .filter(|(_, entry)| self.is_useful(entry.action))
            .collect();
        usual.sort_by_key(|(place, _)| *place);
        usual.into_iter().map(|(_, entry)| entry).collect()
    }

    /// Says in a word what an action does just now, where that is not what it is called.
    #[must_use]
    pub fn said_here(&self, action: Action) -> Option<&'static str> {
        match self.screen {
            Screen::Bench => None,
            Screen::Batch => self.batch.said(action),
            Screen::History => self.history.said(action),
            Screen::Quality => self.quality.said(action),
        }
    }

    /// Tells whether an action is worth its place in the footer just now.
    fn is_useful(&self, action: Action) -> bool {
        match self.screen {
            Screen::Bench => self.bench.lanes.len() > 1 || action != Action::Diff,
            Screen::Batch => self.batch.is_useful(action),
            Screen::History => self.history.is_useful(action),
            Screen::Quality => self.quality.is_useful(action),
        }
    }
}
