//! The help: the keys for what has the focus first, then all others, from the one table of actions.

use crate::app::{
    action::{ACTIONS, Action, When},
    keymap::Keymap,
    workbench::Focus,
};

/// One row of the help.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A heading.
    Title(String),
    /// An action.
    Key {
        /// Its keys, separated by spaces.
        keys: String,
        /// What it does.
        doc: &'static str,
    },
    /// A remark.
    Note(&'static str),
}

/// The help, and the row it is scrolled to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// All rows.
    pub rows: Vec<Row>,
    /// The first row that is seen.
    pub top: usize,
}

const IN_TEXT: &[Action] = &[
    Action::Edit,
    Action::Leave,
    Action::Editor,
    Action::Undo,
    Action::Redo,
    Action::Variables,
    Action::Save,
    Action::Run,
];

const IN_LANE: &[Action] = &[
    Action::Run,
    Action::RunFresh,
    Action::Stop,
    Action::RetryNow,
    Action::Models,
    Action::Xray,
    Action::Copy,
    Action::Search,
    Action::Bottom,
    Action::ToggleReasoning,
];

const IN_METRICS: &[Action] = &[Action::Run, Action::NextPane, Action::Help];

impl Help {
    /// Writes the help for what has the focus.
    #[must_use]
    pub fn new(keymap: &Keymap, focus: Focus, typing: bool) -> Self {
        let (title, first, note) = match focus {
            Focus::System | Focus::User | Focus::Input if typing => (
                "Typing",
                IN_TEXT,
                Some("ctrl-a ctrl-e ctrl-k ctrl-u ctrl-w edit as in a shell; plain keys are text until esc"),
            ),
            Focus::System => ("System message", IN_TEXT, Some("{{ name }} is replaced by the variable's value")),
            Focus::User => ("User template", IN_TEXT, Some("{{ input }} is replaced by the input")),
            Focus::Input => ("Input", IN_TEXT, None),
            Focus::Lane(_) => ("Lane", IN_LANE, None),
            Focus::Metrics => {
                ("Metrics", IN_METRICS, Some("cached answers count in no time; `?` is unknown, never nothing"))
            }
        };
        let row = |action: Action| {
            let keys: Vec<String> = keymap.chords(action).iter().map(ToString::to_string).collect();
            let keys = if keys.is_empty() { "palette".to_owned() } else { keys.join(" ") };
            Row::Key { keys, doc: action.entry().doc }
        };
        let mut rows = vec![Row::Title(title.to_owned())];
        rows.extend(note.map(Row::Note));
        rows.extend(first.iter().map(|action| row(*action)));
        for (title, kinds) in [
            ("Everywhere", &[When::Always][..]),
            ("At the bench, while typing too", &[When::Bench, When::Focus]),
            ("At the bench, while not typing", &[When::Normal, When::Moving]),
            ("In an overlay", &[When::Overlay]),
        ] {
            rows.push(Row::Title(title.to_owned()));
            let rest = ACTIONS.iter().filter(|entry| kinds.contains(&entry.when) && !first.contains(&entry.action));
            rows.extend(rest.map(|entry| row(entry.action)));
        }
        Self { rows, top: 0 }
    }
}
