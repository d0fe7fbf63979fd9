//! What the screen needs, computed just before it is drawn: places, visible rows, what has expired.

use ratatui::layout::Rect;

use super::{App, Layout, Now, layout::Wish, overlay::Overlay, screen::Screen, workbench::Focus};

impl App {
    /// Computes what the screen needs: places, visible rows, what has expired.
    pub fn prepare(&mut self, area: Rect, now: Now) {
        self.now = now;
        self.notices.expire(now);
        let (left, prompt) = self.bigger;
        let wish = Wish {
            lanes: self.bench.lanes.len(),
            lane: self.bench.lane_at(),
            solo: self.bench.solo.is_some(),
            focus: self.bench.focus,
            zoom: self.bench.zoom,
            left,
            prompt,
            banner: self.banner.is_some() && self.screen == Screen::Bench,
            overlay: self.overlays.last().and_then(Overlay::size),
            beside: self.screen != Screen::Bench,
        };
        self.layout = Layout::new(area, &wish);
        if self.screen == Screen::Bench {
            self.prepare_bench();
        } else {
            self.prepare_screen(self.layout.body);
        }
        if let Some(top) = self.overlays.last_mut() {
            if let Overlay::Xray(xray) = top
                && let Some(lane) = xray.lane.and_then(|lane| self.bench.lanes.get(lane))
            {
                xray.refresh(lane.shown());
            }
            top.fit(self.layout.overlay);
        }
    }

    fn prepare_bench(&mut self) {
        let width = self.layout.message_width();
        let rows: Vec<u16> = self.bench.messages.iter().map(|message| message.field.rows(width)).collect();
        let variables = self.bench.variables().next().is_some();
        self.layout.place_messages(&rows, self.bench.message_at(), variables);
        for (lane, place) in self.bench.lanes.iter_mut().zip(&mut self.layout.lanes) {
            if !place.text.is_empty() {
                place.make_tally(lane.samples() > 1);
                place.make_head(lane.head_rows(place.text.width));
                let take = lane.shown_mut();
                place.make_room(take.card.as_ref(), !take.view().is_empty());
                take.fit(place.text.width, place.text.height);
            }
        }
        let editing = self.bench.typing && self.overlays.is_empty();
        let focus = self.bench.focus;
        for (at, (field, place)) in self.bench.messages.fields_mut().zip(&self.layout.messages).enumerate() {
            field.fit(place.text.width, place.text.height);
            field.show_cursor(editing && focus == Focus::Message(at));
        }
        self.bench.input.fit(self.layout.input_text.width, self.layout.input_text.height);
        self.bench.input.show_cursor(editing && focus == Focus::Input);
    }
}
