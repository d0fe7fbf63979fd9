//! The sessions that can be opened.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Action,
        context::Scene,
        intent::{Intent, SessionIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        overlays::{confirm::Confirm, lists, lists::NameList},
    },
    store::api::SessionEntry,
    widgets::{interactive::Interactive, line_input::LineInput, pick_list::PickItem},
};

/// The list of sessions.
#[derive(Debug, Clone, Default)]
pub struct SessionList {
    /// Their names.
    pub list: NameList,
}

impl SessionList {
    /// Takes in what the store has; the session that is on the bench is marked.
    pub fn fill(&mut self, entries: &[SessionEntry], present: &str) {
        let items = entries.iter().map(|entry| {
            let mark = if entry.name == present { "present · " } else { "" };
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
        vec![hint(scene, Action::Accept, "opens it"), arrows("choose")]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.list.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.list.choice)
    }

    fn accept(&mut self, cx: OverlayCx<'_>) -> After {
        let Some(name) = self.list.choice.chosen().map(|item| item.value.clone()) else {
            return After::Stay;
        };
        if name == cx.bench.session {
            return After::Close;
        }
        let open = Intent::Session(SessionIntent::Open(name));
        if cx.bench.busy() {
            let text = "Runs are under way. Stop them?";
            return After::CloseAnd(Intent::open(Confirm::new(text, "stops them and opens the session", open)));
        }
        After::CloseAnd(open)
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        self.list.draw("sessions", scene, body, buffer);
    }
}
