//! The sessions that can be opened.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{Intent, SessionIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::{lists, lists::NameList},
    },
    store::api::SessionEntry,
    widgets::{interactive::Interactive, line_input::LineInput, pick_list::PickItem},
};

/// Chooses a saved session to open.
#[derive(Debug, Clone)]
pub struct SessionList {
    /// Their names.
    pub list: NameList,
    /// The session that is on the bench.
    present: String,
}

impl SessionList {
    /// Begins with no names and the session that is on the bench.
    #[must_use]
    pub fn new(present: &str) -> Self {
        Self { list: NameList::default(), present: present.to_owned() }
    }

    /// Takes in what the store has; the session that is on the bench is marked.
    pub fn fill(&mut self, entries: &[SessionEntry]) {
        let items = entries.iter().map(|entry| {
            let mark = if entry.name == self.present { "present · " } else { "" };
            let saved = entry.saved.to_string().chars().take(16).collect::<String>().replace('T', " ");
            PickItem::new(entry.name.clone(), &entry.name, format!("{mark}saved {saved} UTC"))
        });
        self.list.fill(items.collect());
    }
}

impl OverlayPart for SessionList {
    fn title(&self) -> &'static str {
        "Sessions"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        self.list.beside(scene)
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some(lists::SIZE)
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Open"), arrows("choose")]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.list.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.list.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.list.choice.chosen() {
            Some(item) => After::CloseAnd(Intent::Session(SessionIntent::Open(item.value.clone()))),
            None => After::Stay,
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        self.list.draw("sessions", scene, body, buffer);
    }
}
