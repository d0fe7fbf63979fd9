//! The help: the keys for what has the focus first, then all others, from the one table of actions.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{ACTIONS, Action, ActionInfo, BenchAction, GlobalAction, Verb, When},
        context::{Scene, key_name},
        keymap::Keymap,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, framed, hint},
        screen_id::ScreenId,
    },
    text::wrapped_lines,
    widgets::{motion::Motion, table::left, theme::Role},
};

/// One row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HelpRow {
    /// A heading.
    Title(String),
    /// An action.
    Key {
        /// Its keys, separated by spaces.
        keys: String,
        /// What it does; in [`Help::seen`] as much of it as fits the line.
        doc: String,
    },
    /// A remark.
    Note(String),
}

/// Columns before what a key does.
pub const KEYS: u16 = 25;

/// The help, and the row it is scrolled to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// All rows.
    pub rows: Vec<HelpRow>,
    /// The first line that is seen.
    pub top: usize,
    /// The rows as lines of the present width; one that goes on has no keys.
    lines: Vec<HelpRow>,
}

const IN_TEXT: &[Action] = &[
    Action::Bench(BenchAction::Edit),
    Action::Verb(Verb::Leave),
    Action::Bench(BenchAction::Editor),
    Action::Bench(BenchAction::Undo),
    Action::Bench(BenchAction::Redo),
    Action::Bench(BenchAction::Save),
    Action::Verb(Verb::Run),
];

const IN_MESSAGE: &[Action] = &[
    Action::Bench(BenchAction::Edit),
    Action::Bench(BenchAction::Editor),
    Action::Bench(BenchAction::Undo),
    Action::Verb(Verb::Run),
    Action::Bench(BenchAction::AddMessage),
    Action::Bench(BenchAction::RemoveMessage),
    Action::Bench(BenchAction::MuteMessage),
    Action::Bench(BenchAction::MessageRole),
    Action::Bench(BenchAction::MessageUp),
    Action::Bench(BenchAction::MessageDown),
    Action::Bench(BenchAction::Save),
];

const IN_INPUT: &[Action] = &[
    Action::Bench(BenchAction::Edit),
    Action::Bench(BenchAction::Editor),
    Action::Bench(BenchAction::Undo),
    Action::Verb(Verb::Run),
    Action::Bench(BenchAction::NextInput),
    Action::Bench(BenchAction::PreviousInput),
    Action::Bench(BenchAction::AddInput),
    Action::Bench(BenchAction::LoadInput),
    Action::Bench(BenchAction::RenameInput),
    Action::Bench(BenchAction::RemoveInput),
];

const IN_LANE: &[Action] = &[
    Action::Verb(Verb::Run),
    Action::Bench(BenchAction::RunFresh),
    Action::Global(GlobalAction::Stop),
    Action::Bench(BenchAction::RetryNow),
    Action::Bench(BenchAction::Models),
    Action::Bench(BenchAction::LaneParams),
    Action::Bench(BenchAction::NextModel),
    Action::Bench(BenchAction::Keep),
    Action::Verb(Verb::Xray),
    Action::Verb(Verb::Copy),
    Action::Bench(BenchAction::Search),
    Action::Motion(Motion::Bottom),
    Action::Bench(BenchAction::ToggleReasoning),
    Action::Bench(BenchAction::ToggleJson),
    Action::Bench(BenchAction::Fold),
    Action::Bench(BenchAction::FoldAll),
    Action::Bench(BenchAction::UnfoldAll),
    Action::Bench(BenchAction::NextFailed),
];

const IN_METRICS: &[Action] =
    &[Action::Verb(Verb::Run), Action::Verb(Verb::NextPane), Action::Global(GlobalAction::Help)];

fn key(keymap: &Keymap, action: Action) -> HelpRow {
    let keys: Vec<String> = keymap.chords(action).iter().map(ToString::to_string).collect();
    let keys = if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") };
    HelpRow::Key { keys, doc: action.entry().doc.to_owned() }
}

/// What of the bench the help is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenchTopic {
    /// A text that is being edited.
    Typing,
    /// A message of the prompt.
    Message,
    Input,
    Lane,
    Metrics,
}

impl Help {
    /// Writes the help for what has the focus at the bench.
    #[must_use]
    pub fn of_bench(keymap: &Keymap, topic: BenchTopic) -> Self {
        let (title, first, note) = match topic {
            BenchTopic::Typing => (
                "Typing",
                IN_TEXT,
                Some("ctrl-a ctrl-e ctrl-k ctrl-u ctrl-w edit as in a shell; plain keys are text until esc"),
            ),
            BenchTopic::Message => (
                "Message",
                IN_MESSAGE,
                Some("{{ name }} is replaced by the variable's value, {{ input }} by the input"),
            ),
            BenchTopic::Input => ("Input", IN_INPUT, None),
            BenchTopic::Lane => ("Lane", IN_LANE, None),
            BenchTopic::Metrics => {
                ("Metrics", IN_METRICS, Some("cached answers count in no time; `?` is unknown, never nothing"))
            }
        };
        let mut rows = vec![HelpRow::Title(title.to_owned())];
        rows.extend(note.map(|note| HelpRow::Note(note.to_owned())));
        rows.extend(first.iter().map(|action| key(keymap, *action)));
        for (title, kinds) in [
            ("Everywhere", &[When::Always][..]),
            ("At the bench, while typing too", &[When::Bench, When::Focus]),
            ("At the bench, while not typing", &[When::Normal, When::Moving]),
            ("In an overlay", &[When::Overlay]),
        ] {
            rows.push(HelpRow::Title(title.to_owned()));
            let rest = ACTIONS.iter().filter(|entry| kinds.contains(&entry.when) && !first.contains(&entry.action));
            rows.extend(rest.map(|entry| key(keymap, entry.action)));
        }
        for screen in ScreenId::ALL.iter().filter(|screen| **screen != ScreenId::Bench) {
            rows.push(HelpRow::Title(screen.name().to_owned()));
            let own = ACTIONS.iter().filter(|entry| entry.when == When::On(*screen));
            rows.extend(own.map(|entry| key(keymap, entry.action)));
        }
        Self { lines: rows.clone(), rows, top: 0 }
    }

    /// Writes the help for a screen beside the bench.
    #[must_use]
    pub fn of_screen(keymap: &Keymap, screen: ScreenId) -> Self {
        let is_own = |entry: &&ActionInfo| {
            entry.works_on(screen) && !matches!(entry.when, When::Always | When::Moving | When::Focus)
        };
        let mut rows = vec![HelpRow::Title(screen.name().to_owned())];
        rows.extend(ACTIONS.iter().filter(is_own).map(|entry| key(keymap, entry.action)));
        for (title, kinds) in [("Everywhere", &[When::Always][..]), ("Moving", &[When::Moving, When::Focus])] {
            rows.push(HelpRow::Title(title.to_owned()));
            let rest = ACTIONS.iter().filter(|entry| kinds.contains(&entry.when));
            rows.extend(rest.map(|entry| key(keymap, entry.action)));
        }
        Self { lines: rows.clone(), rows, top: 0 }
    }

    /// Lists the lines from the first that is seen on.
    pub fn seen(&self) -> impl Iterator<Item = &HelpRow> {
        self.lines.iter().skip(self.top)
    }
}

impl OverlayPart for Help {
    fn title(&self) -> &'static str {
        "Help"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((108, framed(self.rows.len(), 8)))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![arrows("scroll"), hint(scene, GlobalAction::Palette, "all actions")]
    }

    fn step(&mut self, by: isize) {
        self.top = self.top.saturating_add_signed(by).min(self.lines.len().saturating_sub(1));
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::Close
    }

    /// Breaks the rows into lines of the body's width.
    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        self.lines.clear();
        for row in &self.rows {
            match row {
                HelpRow::Title(_) => self.lines.push(row.clone()),
                HelpRow::Key { keys, doc } => {
                    let parts = wrapped_lines(doc, body.width.saturating_sub(KEYS)).into_iter().enumerate();
                    let keys = |at| if at == 0 { keys.clone() } else { String::new() };
                    self.lines.extend(parts.map(|(at, doc)| HelpRow::Key { keys: keys(at), doc }));
                }
                HelpRow::Note(note) => {
                    self.lines.extend(wrapped_lines(note, body.width.saturating_sub(2)).into_iter().map(HelpRow::Note));
                }
            }
        }
        self.top = self.top.min(self.lines.len().saturating_sub(usize::from(body.height)));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        for (row, place) in self.seen().zip(body.rows()) {
            let line = match row {
                HelpRow::Title(title) => Line::from(scene.span(title.clone(), Role::Title)),
                HelpRow::Key { keys, doc } => Line::from(vec![
                    scene.span(format!("  {} ", left(&named(keys), 22)), Role::Key),
                    scene.span(doc.clone(), Role::Text),
                ]),
                HelpRow::Note(note) => Line::from(scene.span(format!("  {note}"), Role::Quiet)),
            };
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}

fn named(keys: &str) -> String {
    keys.split(' ').map(key_name).collect::<Vec<_>>().join(" ")
}
