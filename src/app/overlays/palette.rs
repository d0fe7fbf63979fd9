//! Every action by its title, narrowed by what is typed; the chosen one is done on the screen it belongs to. What cannot
//! be done now comes last, with the reason.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{ACTIONS, Action, ActionInfo, GlobalAction, OverlayAction, Verb, When},
        context::{Scene, key_name},
        intent::Intent,
        keymap::KeyContext,
        overlay::{After, Hint, OverlayCx, OverlayPart, arrows, hint},
        screen_id::ScreenId,
    },
    widgets::{
        interactive::Interactive,
        key::Chord,
        line_input::LineInput,
        pick_list::{PickItem, PickList, pick_row},
        table::{fitted, left, right},
        theme::Role,
    },
};

/// What stands in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaletteRow {
    pub action: Action,
    /// Why it cannot be done now.
    pub reason: Option<&'static str>,
}

/// The list of actions.
#[derive(Debug, Clone)]
pub struct Palette {
    /// The actions: those used last first, then those of what has the focus, of the screen, and all others.
    pub choice: PickList<PaletteRow>,
    /// The action that is given another key: the next key is it.
    pub rebinding: Option<Action>,
    /// Why the key that was pressed cannot be the action's.
    pub conflict: Option<String>,
}

impl Palette {
    /// Lists every action that is not an overlay's own, the `used` first; `refused` says why one cannot be done now.
    #[must_use]
    pub fn new(
        used: &[Action],
        screen: ScreenId,
        place: KeyContext,
        refused: impl Fn(Action) -> Option<&'static str>,
    ) -> Self {
        let listed = ACTIONS.iter().filter(|entry| {
            !matches!(entry.when, When::Overlay | When::Moving | When::Focus)
                && entry.action != Action::Global(GlobalAction::Palette)
        });
        let mut listed: Vec<&ActionInfo> = listed.collect();
        let last = |entry: &ActionInfo| used.iter().position(|action| *action == entry.action);
        let in_focus = |entry: &ActionInfo| match place {
            KeyContext::Bench(pane) | KeyContext::Typing(pane) => entry.panes.contains(&pane),
            KeyContext::Overlay | KeyContext::Screen(_) => false,
        };
        listed.sort_by_key(|entry| (last(entry).unwrap_or(usize::MAX), !in_focus(entry), !entry.works_on(screen)));
        let items = listed.into_iter().map(|entry| {
            let reason = if entry.works_on(screen) { refused(entry.action) } else { None };
            let detail = format!("{} {} {}", entry.group, entry.name, entry.doc);
            let usable = reason.is_none();
            let row = PaletteRow { action: entry.action, reason };
            PickItem { usable, last: !usable, ..PickItem::new(row, entry.title, detail) }
        });
        Self { choice: PickList::new(items.collect()), rebinding: None, conflict: None }
    }

    /// Returns the place of the first action that cannot be done now, if one is shown.
    fn first_refused(&self) -> Option<usize> {
        self.choice.shown().position(|item| !item.usable)
    }

    /// Takes the key that an action gets.
    fn rebind(&mut self, action: Action, chord: Chord, cx: OverlayCx<'_>) -> After {
        match cx.shared.keymap.rebound(action, chord) {
            Ok(chords) => {
                (self.rebinding, self.conflict) = (None, None);
                After::StayAnd(Intent::Rebind { action, chords })
            }
            Err(conflict) => {
                self.conflict = Some(conflict);
                After::Stay
            }
        }
    }
}

/// Rows of the heading above what cannot be done now.
const HEADING: usize = 2;

impl OverlayPart for Palette {
    fn title(&self) -> &'static str {
        "All actions"
    }

    fn beside(&self, scene: Scene<'_>) -> Line<'static> {
        Line::from(scene.span(format!("{} of {}", self.choice.len(), self.choice.total()), Role::Quiet))
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((76, 24))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        if self.rebinding.is_some() {
            return vec![("any key".to_owned(), "Use".to_owned())];
        }
        vec![hint(scene, Verb::Accept, "Run"), arrows("choose"), hint(scene, OverlayAction::Rebind, "change key")]
    }

    fn way_out(&self) -> &'static str {
        "Cancel"
    }

    fn query(&self) -> Option<&LineInput> {
        Some(&self.choice.query)
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.choice)
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        if let Some(action) = self.rebinding {
            if cx.shared.keymap.chords(Verb::Leave).contains(&chord) {
                (self.rebinding, self.conflict) = (None, None);
                return Some(After::Stay);
            }
            return Some(self.rebind(action, chord, cx));
        }
        if cx.shared.keymap.chords(OverlayAction::Rebind).contains(&chord) {
            self.rebinding = self.choice.chosen().map(|item| item.value.action);
            return Some(After::Stay);
        }
        Interactive::key(&mut self.choice, chord).then_some(After::Stay)
    }

    fn click(&mut self, row: usize, _column: usize) -> bool {
        let line = self.choice.top() + row;
        let at = match self.first_refused() {
            Some(first) if line >= first + HEADING => line - HEADING,
            Some(first) if line >= first => return false,
            Some(_) | None => line,
        };
        self.choice.choose(at);
        at < self.choice.len()
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        let Some(item) = self.choice.chosen() else {
            return After::Stay;
        };
        match &item.value.reason {
            Some(reason) => {
                let says = format!("{}: {reason}", item.label);
                After::StayAnd(Intent::Say(crate::app::notices::Tone::Info, says))
            }
            None => After::CloseAnd(Intent::Do(item.value.action)),
        }
    }

    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        let heading = if self.first_refused().is_some() { HEADING } else { 0 };
        self.choice.fit(usize::from(body.height).saturating_sub(heading));
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        if let Some(action) = self.rebinding {
            let title = action.entry().title;
            let asks = Line::from(scene.span(format!("Press the new key for {title}."), Role::Text));
            buffer.set_line(body.x, body.y, &asks, body.width);
            if let Some(conflict) = &self.conflict {
                for (row, text) in crate::text::wrapped_lines(conflict, body.width).into_iter().enumerate() {
                    let y = body.y.saturating_add(2).saturating_add(u16::try_from(row).unwrap_or(u16::MAX));
                    if y < body.bottom() {
                        buffer.set_line(body.x, y, &Line::from(scene.span(text, Role::Fail)), body.width);
                    }
                }
            }
            return;
        }
        if self.choice.is_empty() {
            let line = Line::from(scene.span("No action matches.", Role::Quiet));
            buffer.set_line(body.x, body.y, &line, body.width);
            return;
        }
        let room = usize::from(body.width).saturating_sub(2);
        let name = (room / 2).min(40);
        let mut places = body.rows();
        for (at, item) in self.choice.shown().enumerate().skip(self.choice.top()) {
            if Some(at) == self.first_refused() {
                let heading = Line::from(scene.span("Not now", Role::Quiet));
                if at > self.choice.top() {
                    places.next();
                }
                let Some(place) = places.next() else { return };
                buffer.set_line(place.x.saturating_add(2), place.y, &heading, place.width.saturating_sub(2));
            }
            let Some(place) = places.next() else { return };
            let entry = item.value.action.entry();
            let line = if let Some(reason) = &item.value.reason {
                Line::from(vec![
                    scene.span(left(&item.label, name), Role::Quiet),
                    scene.foreign(&format!(" {}", fitted(reason, room.saturating_sub(name + 1))), Role::Quiet),
                ])
            } else {
                let chord = scene.shared.keymap.chords(item.value.action).first();
                let key = chord.map(|chord| key_name(&chord.to_string())).unwrap_or_default();
                Line::from(vec![
                    scene.span(left(&item.label, name), Role::Title),
                    scene.span(format!(" {}", left(entry.group, 12)), Role::Quiet),
                    scene.span(right(&key, room.saturating_sub(name + 14).min(11)), Role::Key),
                ])
            };
            pick_row(&line, place, at == self.choice.at(), scene.theme, buffer);
        }
    }
}
