//! What the mouse does on the bench: a click gives the focus, a second one goes further; the wheel scrolls.

use std::cell::Cell;

use crate::app::{
    action::Pane,
    context::{Cx, Scene},
    intent::ModelFor,
    screen::Pointer,
    workbench::{Focus, Workbench, layout::PaneHit, view},
};

impl Workbench {
    /// Does what a click or a turn of the wheel means at its place.
    pub(crate) fn point(&mut self, pointer: Pointer, cx: &mut Cx<'_, Self>) {
        let caret = Cell::new(None);
        let scene = Scene::new(cx.shared, None, &caret);
        if pointer.wheel.is_none()
            && let Some(lane) = view::lane_named_at(scene, self, pointer.at)
        {
            return self.click_name(lane, cx);
        }
        match (self.layout.hit(pointer.at), pointer.wheel) {
            (None, _) => {}
            (Some(hit), None) => self.click(hit),
            (Some(PaneHit { focus: Focus::Lane(at), .. }), Some(by)) => self.scroll_lane(at, |view| view.scroll(by)),
            (Some(PaneHit { focus, .. }), Some(by)) => self.scroll_document(focus.pane(), by),
        }
    }

    /// Gives the lane whose name is clicked the focus; a second click lists the models it can have.
    fn click_name(&mut self, lane: usize, cx: &mut Cx<'_, Self>) {
        if self.focus == Focus::Lane(lane) {
            self.open_models(ModelFor::Lane(lane), cx);
        } else {
            self.focus_on(Focus::Lane(lane));
        }
    }

    /// Gives what is clicked the focus; a second click into a text begins to edit it.
    fn click(&mut self, PaneHit { focus, row, column }: PaneHit) {
        match focus.pane() {
            pane @ (Pane::Prompt | Pane::Input) => self.click_document(pane, row, column),
            Pane::Answers => {
                self.focus_on(focus);
                if let Some(json) = self.lane_mut().and_then(|lane| lane.shown_mut().view_mut().json_mut()) {
                    json.click(usize::from(row));
                }
            }
            Pane::Metrics => self.focus_on(focus),
        }
    }
}
