//! What can be done with a message of the prompt.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{BenchAction, Verb},
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, framed, hint},
    },
    model::{PromptCaching, Role as Said},
    widgets::{
        interactive::Interactive,
        pick_list::{PickItem, PickList, list},
        table::left,
        theme::Role,
    },
};

/// One thing that can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageStep {
    SetRole(Said),
    /// An action of the bench on the message with the focus.
    Do(BenchAction),
}

/// The list that enter on the heading of a message opens: roles, muting, caching, moving, removing.
#[derive(Debug, Clone)]
pub struct MessageMenu {
    /// The place of the message.
    at: usize,
    choice: PickList<MessageStep>,
}

impl MessageMenu {
    /// Lists what can be done with the message at a place.
    #[must_use]
    pub fn new(at: usize, role: Said, muted: bool, cache: Option<PromptCaching>) -> Self {
        let role = |said: Said| {
            let does = if said == role { "as it is" } else { "change the role" };
            PickItem::new(MessageStep::SetRole(said), format!("Role: {}", said.name()), does)
        };
        let does = |action, label: &str, detail: &str| PickItem::new(MessageStep::Do(action), label, detail);
        let mute = if muted { ("Unmute", "send it again") } else { ("Mute", "keep it, do not send it") };
        let caching = match PromptCaching::after(cache) {
            None => "stop: the provider keeps nothing",
            Some(PromptCaching::FiveMinutes) => "up to here, for 5 minutes",
            Some(PromptCaching::OneHour) => "up to here, for an hour",
        };
        let mut items: Vec<PickItem<MessageStep>> = Said::WRITTEN.into_iter().map(role).collect();
        items.extend([
            does(BenchAction::MuteMessage, mute.0, mute.1),
            does(BenchAction::Attach, "Attach", "an image, a PDF or audio"),
            does(BenchAction::CacheMessage, "Prompt caching", caching),
            does(BenchAction::MessageUp, "Move up", "before the message above"),
            does(BenchAction::MessageDown, "Move down", "after the message below"),
            does(BenchAction::AddMessage, "Add a message", "below this one"),
            does(BenchAction::RemoveMessage, "Remove", "undo brings it back"),
        ]);
        Self { at, choice: PickList::menu(items) }
    }
}

impl OverlayPart for MessageMenu {
    fn title(&self) -> &'static str {
        "Message"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.span(format!("{}", self.at + 1), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((52, framed(self.choice.len(), 6)))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "Use"), arrows("choose")]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.choice.chosen().map(|item| item.value) {
            None => After::Close,
            Some(MessageStep::SetRole(role)) => {
                After::CloseAnd(Intent::Bench(BenchIntent::SetRole { message: self.at, role }))
            }
            Some(MessageStep::Do(action)) => After::CloseAnd(Intent::Do(action.into())),
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        list(&self.choice, body, scene.theme, buffer, |item, room| {
            Line::from(vec![
                scene.span(left(&item.label, 18.min(room)), Role::Title),
                scene.span(item.detail.clone(), Role::Text),
            ])
        });
    }
}
