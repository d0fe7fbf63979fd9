//! The screens: which there are, how one is reached and left, and what all of them answer to.
//!
//! The bench is one of them. Leaving a screen stops nothing that runs.

use ratatui::layout::Rect;

use crate::{
    app::{
        Action, App, Effect,
        action::{ACTIONS, ActionInfo, GlobalAction, Verb},
        input::edits_a_line,
        keymap::KeyContext,
    },
    widgets::key::Chord,
};

/// One screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScreenId {
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

impl ScreenId {
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
        Action::Global(match self {
            Self::Bench => GlobalAction::ScreenBench,
            Self::Batch => GlobalAction::ScreenBatch,
            Self::History => GlobalAction::ScreenHistory,
            Self::Quality => GlobalAction::ScreenQuality,
        })
    }
}

impl App {
    /// Goes to a screen; overlays close.
    pub(crate) fn go_to(&mut self, screen: ScreenId) {
        self.overlays.clear();
        if self.screen == screen {
            return;
        }
        self.screen = screen;
        match screen {
            ScreenId::Bench => {}
            ScreenId::Batch => self.enter_batch(),
            ScreenId::History => self.enter_history(),
            ScreenId::Quality => self.enter_quality(),
        }
    }

    /// Does an action where no overlay is open; one that belongs to another screen means nothing here.
    pub(crate) fn on_screen(&mut self, action: Action) {
        match action {
            Action::Global(action) => self.global(action),
            Action::Motion(motion) => match self.screen {
                ScreenId::Bench => self.bench_go(motion),
                ScreenId::Batch => self.batch_go(motion),
                ScreenId::History => self.history_go(motion),
                ScreenId::Quality => self.quality_go(motion),
            },
            Action::Verb(verb) => match self.screen {
                ScreenId::Bench => self.bench_verb(verb),
                ScreenId::Batch => self.batch_verb(verb),
                ScreenId::History => self.history_verb(verb),
                ScreenId::Quality => self.quality_verb(verb),
            },
            Action::Bench(action) if self.screen == ScreenId::Bench => self.bench_act(action),
            Action::Batch(action) if self.screen == ScreenId::Batch => self.batch_act(action),
            Action::History(action) if self.screen == ScreenId::History => self.history_act(action),
            Action::Quality(action) if self.screen == ScreenId::Quality => self.quality_act(action),
            Action::Overlay(_) | Action::Bench(_) | Action::Batch(_) | Action::History(_) | Action::Quality(_) => {}
        }
    }

    /// Does what works on every screen.
    pub(crate) fn global(&mut self, action: GlobalAction) {
        match action {
            GlobalAction::Stop => self.stop(),
            GlobalAction::ScreenBench => self.go_to(ScreenId::Bench),
            GlobalAction::ScreenBatch => self.go_to(ScreenId::Batch),
            GlobalAction::ScreenHistory => self.go_to(ScreenId::History),
            GlobalAction::ScreenQuality => self.go_to(ScreenId::Quality),
            GlobalAction::Palette => self.open_palette(),
            GlobalAction::Help | GlobalAction::ScreenHelp => self.open_help(),
            GlobalAction::Redraw => self.effects.push(Effect::Redraw),
            GlobalAction::Suspend => self.effects.push(Effect::Suspend),
            GlobalAction::Quit if self.screen != ScreenId::Bench => self.go_to(ScreenId::Bench),
            GlobalAction::Quit => self.ask_quit(),
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
            ScreenId::Bench => false,
            ScreenId::Batch => self.batch.typing() && edits_a_line(chord) && self.batch_key(chord),
            ScreenId::History => self.history.typing() && edits_a_line(chord) && self.history_key(chord),
            ScreenId::Quality => self.quality.typing() && edits_a_line(chord) && self.quality_key(chord),
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
            ScreenId::Bench => {}
            ScreenId::Batch => self.batch_paste(text),
            ScreenId::History => self.history_paste(text),
            ScreenId::Quality => self.quality_paste(text),
        }
    }

    /// Takes a click, or a turn of the wheel by some rows, at a place of the screen's body.
    pub(crate) fn screen_mouse(&mut self, column: u16, row: u16, wheel: Option<isize>) {
        match self.screen {
            ScreenId::Bench => {}
            ScreenId::Batch => self.batch_mouse(column, row, wheel),
            ScreenId::History => self.history_mouse(column, row, wheel),
            ScreenId::Quality => self.quality_mouse(column, row, wheel),
        }
    }

    /// Computes what a screen beside the bench needs.
    pub(crate) fn prepare_screen(&mut self, body: Rect) {
        match self.screen {
            ScreenId::Bench => {}
            ScreenId::Batch => self.prepare_batch(body),
            ScreenId::History => self.prepare_history(body),
            ScreenId::Quality => self.prepare_quality(body),
        }
    }

    /// Tells whether letters go into a text.
    #[must_use]
    pub fn typing(&self) -> bool {
        match self.screen {
            ScreenId::Bench => self.bench.typing,
            ScreenId::Batch => self.batch.typing(),
            ScreenId::History => self.history.typing(),
            ScreenId::Quality => self.quality.typing(),
        }
    }

    /// Returns the key to show for an action as it can be pressed now.
    #[must_use]
    pub fn key_of(&self, action: impl Into<Action>) -> Option<Chord> {
        if self.screen == ScreenId::Bench {
            return self.keymap.shown(action, self.bench.typing);
        }
        let typing = self.typing();
        self.keymap.chords(action).iter().find(|chord| !typing || !edits_a_line(**chord)).copied()
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
            ScreenId::Bench => None,
            ScreenId::Batch => self.batch.said(action),
            ScreenId::History => self.history.said(action),
            ScreenId::Quality => self.quality.said(action),
        }
    }

    /// Tells whether an action is worth its place in the footer just now.
    fn is_useful(&self, action: Action) -> bool {
        match self.screen {
            ScreenId::Bench => self.bench.lanes.len() > 1 || action != Action::Verb(Verb::Diff),
            ScreenId::Batch => self.batch.is_useful(action),
            ScreenId::History => self.history.is_useful(action),
            ScreenId::Quality => self.quality.is_useful(action),
        }
    }
}
