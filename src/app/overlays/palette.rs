//! Every action, narrowed by what is typed; the chosen one is done on the screen it belongs to.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{ACTIONS, Action, ActionInfo, GlobalAction, Verb, When},
        context::Scene,
        intent::Intent,
        keymap::Keymap,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        screen_id::ScreenId,
    },
    widgets::{
        interactive::Interactive,
        line_input::LineInput,
        pick_list::{PickItem, PickList, list},
        table::{left, right},
        theme::Role,
    },
};

/// The list of actions.
#[derive(Debug, Clone)]
pub struct Palette {
    /// The actions, those of the present screen first.
    pub choice: PickList<Action>,
}

impl Palette {
    /// Lists every action that is not an overlay's own, with its keys.
    #[must_use]
    pub fn new(keymap: &Keymap, screen: ScreenId) -> Self {
        let listed = ACTIONS.iter().filter(|entry| {
            !matches!(entry.when, When::Overlay | When::Moving | When::Focus)
                && entry.action != Action::Global(GlobalAction::Palette)
        });
        let (here, elsewhere): (Vec<&ActionInfo>, Vec<&ActionInfo>) = listed.partition(|entry| entry.works_on(screen));
        let items = here.into_iter().chain(elsewhere).map(|entry| {
            let keys: Vec<String> = keymap.chords(entry.action).iter().map(ToString::to_string).collect();
            let keys = if keys.is_empty() { String::new() } else { format!(" [{}]", keys.join(" ")) };
            PickItem::new(entry.action, entry.name, format!("{}{keys}", entry.doc))
        });
        Self { choice: PickList::new(items.collect()) }
    }
}

/// Columns of an action's name and of its key.
const NAME: usize = 22;
const KEY: usize = 11;

impl OverlayPart for Palette {
    fn title(&self) -> &'static str {
        "All actions"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.span(self.choice.len().to_string(), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((96, 30))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        vec![hint(scene, Verb::Accept, "does it"), arrows("choose")]
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        self.choice.chosen().map_or(After::Close, |item| After::CloseAnd(Intent::Do(item.value)))
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        list(&self.choice, body, scene.theme, buffer, |item, room| {
            let key = scene.key(item.value);
            let name = NAME.min(room);
            let doc = room.saturating_sub(name + KEY + 2);
            Line::from(vec![
                scene.span(left(&item.label, name), Role::Title),
                scene.span(format!(" {} ", left(item.value.entry().doc, doc)), Role::Text),
                scene.span(right(&key, KEY), Role::Key),
            ])
        });
    }
}
