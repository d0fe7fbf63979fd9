//! Where everything is on the bench: every rectangle, for drawing and for the mouse alike.
//!
//! How the messages of a prompt share its pane: the one with the focus gets the room it needs first.

use ratatui::layout::{Constraint, Layout as Split, Margin, Position, Rect};

use crate::app::{
    layout::Shape,
    workbench::{Focus, lane_run::Card},
};

/// The least width at which a lane is of use.
pub const LANE: u16 = 28;

/// One lane's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneArea {
    /// With its border.
    pub pane: Rect,
    /// Inside it, the rows above the answer: what the lane has of its own, which sample is shown.
    pub head: Rect,
    /// Inside it, the row over an old answer that says what it is from.
    pub strip: Rect,
    /// Inside it, where the answer goes.
    pub text: Rect,
    /// Inside it, where the error card goes: in place of the answer, or below it.
    pub card: Rect,
    /// Inside it, the row that says how the lane's samples stand, where it has several.
    pub tally: Rect,
    /// The rows below: verdicts, and numbers.
    pub foot: Rect,
}

impl LaneArea {
    /// Gives the foot its rows; what it leaves of its place is the answer's.
    pub fn make_foot(&mut self, rows: u16) {
        let both = Rect { height: self.text.height + self.foot.height, ..self.text };
        [self.text, self.foot] = split(both, [Constraint::Fill(1), Constraint::Length(rows)], true);
    }

    /// Makes room above the answer, by rows, as long as some is left for the answer.
    pub fn make_head(&mut self, rows: u16) {
        let rows = rows.min(self.text.height.saturating_sub(4));
        [self.head, self.text] = split(self.text, [Constraint::Length(rows), Constraint::Fill(1)], true);
    }

    /// Makes room over an old answer for what it is from, whatever room is left for the answer.
    pub fn make_strip(&mut self, old: bool) {
        let rows = u16::from(old && self.text.height > 1);
        [self.strip, self.text] = split(self.text, [Constraint::Length(rows), Constraint::Fill(1)], true);
    }

    /// Makes room below the answer for what there is to say of several samples.
    pub fn make_tally(&mut self, several: bool) {
        let rows = u16::from(several && self.text.height > 4);
        [self.text, self.tally] = split(self.text, [Constraint::Fill(1), Constraint::Length(rows)], true);
    }

    /// Makes room for an error card: all of it where there is no answer, at most half of it beside one.
    pub fn make_room(&mut self, card: Option<&Card>, answer: bool) {
        let Some(card) = card else {
            return;
        };
        let rows = if answer { card.height(self.text.width).min(self.text.height / 2) } else { self.text.height };
        let [text, shown] = split(self.text, [Constraint::Fill(1), Constraint::Length(rows)], true);
        (self.text, self.card) = (text, shown);
    }
}

/// Every rectangle of the bench. A part that is not shown is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BenchLayout {
    /// The bar of tabs of [`Shape::Tabs`].
    pub tabs: Rect,
    /// The line that names the providers that were found, while there is something to say of them.
    pub banner: Rect,
    /// The prompt's pane with its border.
    pub prompt: Rect,
    /// The prompt's messages; those that are not shown have empty areas.
    pub messages: Vec<MessageArea>,
    /// The row below them that names the prompt's variables.
    pub variables: Rect,
    /// The input's pane with its border.
    pub input: Rect,
    /// The input's text.
    pub input_text: Rect,
    /// The bar that names every lane while not all of them are in sight.
    pub strip: Rect,
    /// The lanes, from left to right; lanes that are not shown have empty areas.
    pub lanes: Vec<LaneArea>,
    /// The metrics' pane with its border.
    pub metrics: Rect,
}

/// What the layout depends on besides the room.
#[derive(Debug, Clone, Copy)]
pub struct Wish {
    /// How many lanes there are, at least one.
    pub lanes: usize,
    /// The lane that has the focus, or had it last.
    pub lane: usize,
    /// Whether that lane is shown by itself.
    pub solo: bool,
    /// What has the focus.
    pub focus: Focus,
    /// Whether the pane with the focus has the whole screen.
    pub zoom: bool,
    /// By how many steps the panes are other than usual.
    pub sizes: PaneSizes,
    /// Whether there is a banner.
    pub banner: bool,
}

/// Steps by which panes are bigger than usual, negative for smaller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PaneSizes {
    /// The left column is wider.
    pub left: i16,
    /// The prompt is taller against the input.
    pub prompt: i16,
}

/// What of the bench lies under a place: row and column inside a text or a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaneHit {
    /// Which pane.
    pub focus: Focus,
    /// Row inside the text.
    pub row: u16,
    /// Column inside the text.
    pub column: u16,
}

fn inside(pane: Rect) -> Rect {
    pane.inner(Margin::new(1, 1))
}

/// Cuts a height into a first part and the rest, both at least `least` where there is room.
fn share(total: u16, percent: i16, least: u16) -> u16 {
    let wanted = u32::from(total) * u32::try_from(percent.clamp(10, 90)).unwrap_or(50) / 100;
    let most = total.saturating_sub(least);
    u16::try_from(wanted).unwrap_or(total).clamp(least.min(most), most.max(least.min(most)))
}

fn split<const N: usize>(area: Rect, constraints: [Constraint; N], down: bool) -> [Rect; N] {
    if down { Split::vertical(constraints).areas(area) } else { Split::horizontal(constraints).areas(area) }
}

impl BenchLayout {
    /// Lays the bench out in a room.
    #[must_use]
    pub fn new(body: Rect, shape: Shape, wish: &Wish) -> Self {
        let mut layout = Self { lanes: vec![LaneArea::default(); wish.lanes], ..Self::default() };
        let one = |yes: bool| Constraint::Length(u16::from(yes));
        let [tabs, banner, panes] =
            split(body, [one(shape == Shape::Tabs), one(wish.banner), Constraint::Fill(1)], true);
        match shape {
            Shape::Tiny => return layout,
            Shape::Wide if !wish.zoom => layout.all_panes(panes, wish),
            Shape::Wide | Shape::Tabs => layout.one_pane(panes, wish),
        }
        (layout.tabs, layout.banner) = (tabs, banner);
        layout
    }

    fn all_panes(&mut self, body: Rect, wish: &Wish) {
        let [top, metrics] = split(body, [Constraint::Fill(1), Constraint::Length(4)], true);
        self.metrics = metrics;
        let usual = match wish.lanes {
            0 | 1 => 42,
            2 => 34,
            3 => 30,
            _ => 26,
        };
        let left = share(top.width, usual + wish.sizes.left * 4, 24);
        let [column, lanes] = split(top, [Constraint::Length(left), Constraint::Fill(1)], false);
        let prompt = share(column.height, 64 + wish.sizes.prompt * 6, 6);
        let [prompt, input] = split(column, [Constraint::Length(prompt), Constraint::Fill(1)], true);
        self.prompt = prompt;
        self.input_pane(input);
        let fit = usize::from(lanes.width / LANE).max(1);
        let count = if wish.solo { 1 } else { wish.lanes.min(fit) };
        // Whole lanes, with the one that has the focus as near to the middle as the ends allow.
        let first = if wish.solo { wish.lane } else { wish.lane.saturating_sub(count / 2).min(wish.lanes - count) };
        let bar = u16::from(count < wish.lanes);
        let [strip, lanes] = split(lanes, [Constraint::Length(bar), Constraint::Fill(1)], true);
        self.strip = strip;
        self.lane_panes(lanes, first, count);
    }

    fn one_pane(&mut self, body: Rect, wish: &Wish) {
        match wish.focus {
            Focus::Message(_) => self.prompt = body,
            Focus::Input => self.input_pane(body),
            Focus::Lane(lane) => self.lane_panes(body, lane, 1),
            Focus::Metrics => self.metrics = body,
        }
    }

    /// Returns how wide the prompt's messages are.
    #[must_use]
    pub fn message_width(&self) -> u16 {
        inside(self.prompt).width
    }

    /// Places the prompt's messages, whose texts have so many `rows`, and below them a row for its
    /// variables where it has any. The message `at` a place has the focus, or had it last.
    pub fn place_messages(&mut self, rows: &[u16], at: usize, variables: bool) {
        let inner = inside(self.prompt);
        let [texts, foot] = split(inner, [Constraint::Fill(1), Constraint::Length(u16::from(variables))], true);
        self.variables = foot;
        self.messages = stack(texts, rows, at);
    }

    fn input_pane(&mut self, pane: Rect) {
        self.input = pane;
        self.input_text = inside(pane);
    }

    /// Places `count` lanes from the `first` on.
    fn lane_panes(&mut self, area: Rect, first: usize, count: usize) {
        let parts = Split::horizontal(vec![Constraint::Fill(1); count]).split(area);
        for (lane, pane) in self.lanes.iter_mut().skip(first).zip(parts.iter()) {
            // Verdicts and numbers need a second row each where a lane is narrow.
            let rows = match (pane.width < 60, pane.height > 20) {
                (true, true) => 5,
                (true, false) => 4,
                (false, _) => 2,
            };
            let [text, foot] = split(inside(*pane), [Constraint::Fill(1), Constraint::Length(rows)], true);
            *lane = LaneArea { pane: *pane, text, foot, ..LaneArea::default() };
        }
    }

    /// Finds the pane under a place of the screen.
    #[must_use]
    pub fn hit(&self, place: Position) -> Option<PaneHit> {
        let messages = self.messages.iter().enumerate().map(|(at, message)| (message.text, Focus::Message(at)));
        let texts = messages.chain([(self.input_text, Focus::Input)]);
        let lanes = self.lanes.iter().enumerate().map(|(at, lane)| (lane.text, Focus::Lane(at)));
        if let Some((text, focus)) = texts.chain(lanes).find(|(text, _)| text.contains(place)) {
            return Some(PaneHit { focus, row: place.y - text.y, column: place.x - text.x });
        }
        let labels = self.messages.iter().enumerate().map(|(at, message)| (message.label, Focus::Message(at)));
        let panes = [(self.input, Focus::Input), (self.metrics, Focus::Metrics), (self.prompt, Focus::Message(0))];
        let lanes = self.lanes.iter().enumerate().map(|(at, lane)| (lane.pane, Focus::Lane(at)));
        let mut panes = labels.chain(panes).chain(lanes);
        panes.find(|(pane, _)| pane.contains(place)).map(|(_, focus)| PaneHit { focus, row: 0, column: 0 })
    }
}

/// One message's place; empty where it is not shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageArea {
    /// The row that says whose it is.
    pub label: Rect,
    /// Its text; empty where there is room for the label alone.
    pub text: Rect,
}

/// The rows that the message with the focus gets before any other gets one, and those it keeps free
/// below its text.
const AT_LEAST: u16 = 4;
const FREE: u16 = 2;

/// Shares a pane's inside among messages whose texts have so many `rows`; the one `at` a place has
/// the focus.
#[must_use]
pub(crate) fn stack(area: Rect, rows: &[u16], at: usize) -> Vec<MessageArea> {
    let heights = match rows {
        [_, _] => two(area.height.saturating_sub(2), rows),
        _ => shared(area.height, rows, at),
    };
    let mut y = area.y;
    let place = |height: Option<u16>| {
        let Some(height) = height else {
            return MessageArea::default();
        };
        let part = |y: u16, height: u16| Rect { y, height, ..area }.intersection(area);
        let placed = MessageArea { label: part(y, 1), text: part(y + 1, height) };
        y = y.saturating_add(height + 1);
        placed
    };
    heights.into_iter().map(place).collect()
}

/// A system message over a user template: the template gets what it needs, at most two fifths.
fn two(texts: u16, rows: &[u16]) -> Vec<Option<u16>> {
    let wanted = rows.last().copied().unwrap_or_default().saturating_add(FREE);
    let user = wanted.clamp(3, (texts * 2 / 5).max(3)).min(texts);
    vec![Some(texts - user), Some(user)]
}

/// The rows of each text; none for a message that is not shown.
fn shared(total: u16, rows: &[u16], at: usize) -> Vec<Option<u16>> {
    let count = u16::try_from(rows.len()).unwrap_or(u16::MAX);
    // Where there is no room for every label, those around the focus are shown.
    let shown = count.min(total.saturating_sub(AT_LEAST).max(1));
    let first = at.saturating_sub(usize::from(shown) / 2).min(rows.len() - usize::from(shown));
    let is_shown = |place: usize| (first..first + usize::from(shown)).contains(&place);
    let mut left = total.saturating_sub(shown);
    let mut heights: Vec<Option<u16>> = (0..rows.len()).map(|place| is_shown(place).then_some(0)).collect();
    let mut give = |heights: &mut Vec<Option<u16>>, place: usize, up_to: u16| {
        if let Some(Some(height)) = heights.get_mut(place) {
            let more = up_to.saturating_sub(*height).min(left);
            *height += more;
            left -= more;
        }
        left > 0
    };
    let wanted = rows.get(at).copied().unwrap_or_default().saturating_add(FREE);
    give(&mut heights, at, wanted.min(AT_LEAST));
    for place in (0..rows.len()).filter(|place| *place != at) {
        give(&mut heights, place, 1);
    }
    let mut room = give(&mut heights, at, wanted);
    let tallest = rows.iter().copied().max().unwrap_or_default().min(total);
    for height in 2..=tallest {
        for (place, rows) in rows.iter().enumerate().filter(|(place, _)| *place != at) {
            room = room && give(&mut heights, place, height.min(*rows));
        }
    }
    give(&mut heights, at, u16::MAX);
    heights
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::layout::Layout;

    fn heights(height: u16, rows: &[u16], at: usize) -> Vec<u16> {
        stack(Rect::new(1, 1, 40, height), rows, at).iter().map(|place| place.text.height).collect()
    }

    #[test]
    fn the_message_with_the_focus_gets_the_room() {
        assert_eq!(heights(18, &[3, 2, 2, 2, 1], 4), [3, 2, 2, 2, 4]);
        assert_eq!(heights(18, &[30, 2, 2, 2, 1], 0), [9, 1, 1, 1, 1]);
        assert_eq!(heights(18, &[1, 1, 1, 1, 1, 1, 30, 1], 6), [1, 1, 1, 1, 1, 1, 4, 0]);
        assert_eq!(heights(10, &[9], 0), [9]);
        assert_eq!(heights(18, &[30, 1], 1), [13, 3]);
    }

    #[test]
    fn what_finds_no_room_is_left_out_around_the_focus() {
        let shown = stack(Rect::new(0, 0, 40, 10), &[5; 20], 10);
        let seen: Vec<usize> = (0..20).filter(|at| !shown[*at].label.is_empty()).collect();
        assert_eq!(seen, [7, 8, 9, 10, 11, 12]);
        assert!(shown[10].text.height >= 4);
    }

    proptest! {
        #[test]
        fn every_message_lies_inside_and_below_the_one_before(
            height in 0..60_u16, rows in prop::collection::vec(0..90_u16, 1..12), at in 0..12_usize,
        ) {
            let at = at.min(rows.len() - 1);
            let area = Rect::new(3, 5, 30, height);
            let mut below = area.y;
            for place in stack(area, &rows, at) {
                for part in [place.label, place.text] {
                    if !part.is_empty() {
                        prop_assert_eq!(part.intersection(area), part);
                        prop_assert!(part.y >= below);
                        below = part.bottom();
                    }
                }
            }
        }
    }

    fn wish(lanes: usize) -> Wish {
        let sizes = PaneSizes::default();
        Wish { lanes, lane: 0, solo: false, focus: Focus::Message(0), zoom: false, sizes, banner: false }
    }

    fn laid_out(width: u16, height: u16, wish: &Wish) -> BenchLayout {
        let layout = Layout::new(Rect::new(0, 0, width, height), None);
        BenchLayout::new(layout.body, layout.shape, wish)
    }

    #[test]
    fn a_large_screen_shows_everything() {
        let layout = laid_out(120, 40, &wish(2));
        for part in [layout.prompt, layout.input_text, layout.metrics] {
            assert!(!part.is_empty());
        }
        assert!(
            layout.tabs.is_empty() && layout.lanes.iter().all(|lane| lane.text.width > 20 && lane.text.height > 20)
        );
        assert!(layout.prompt.right() <= layout.lanes[0].pane.x && layout.prompt.bottom() <= layout.input.y);
    }

    #[test]
    fn lanes_that_are_too_narrow_pass_by_as_whole_ones_around_the_one_with_the_focus() {
        let seen = |lane, lanes| {
            let layout = laid_out(120, 40, &Wish { lane, ..wish(lanes) });
            let seen = layout.lanes.iter().map(|lane| !lane.pane.is_empty()).collect::<Vec<_>>();
            assert!(layout.lanes.iter().all(|lane| lane.pane.is_empty() || lane.pane.width >= LANE));
            (layout.strip.height, seen)
        };
        assert_eq!(seen(0, 3), (0, vec![true; 3]));
        assert_eq!(seen(0, 4), (1, vec![true, true, true, false]));
        assert_eq!(seen(3, 4), (1, vec![false, true, true, true]));
        let alone = laid_out(200, 60, &Wish { lane: 2, solo: true, ..wish(4) });
        assert!(alone.strip.height == 1 && alone.lanes[2].pane.width > 100 && alone.lanes[1].pane.is_empty());
    }

    #[test]
    fn a_small_screen_shows_the_pane_with_the_focus() {
        let layout = laid_out(80, 24, &Wish { focus: Focus::Lane(1), ..wish(2) });
        assert_eq!(layout.tabs.height, 1);
        assert!(layout.prompt.is_empty() && layout.lanes[0].pane.is_empty());
        assert_eq!(layout.lanes[1].pane.width, 80);
    }

    #[test]
    fn a_place_leads_to_what_is_drawn_there() {
        let layout = laid_out(120, 40, &wish(1));
        let text = layout.lanes[0].text;
        let hit = layout.hit(Position::new(text.x + 3, text.y + 2));
        assert_eq!(hit, Some(PaneHit { focus: Focus::Lane(0), row: 2, column: 3 }));
        assert_eq!(layout.hit(Position::new(0, 39)), None);
    }

    proptest! {
        #[test]
        fn every_part_lies_on_the_screen(
            width in 0..300_u16, height in 0..120_u16, lanes in 1..=4_usize, zoom: bool, banner: bool, solo: bool,
            left in -9..9_i16, prompt in -9..9_i16, focus in 0..5_usize,
        ) {
            let focus = [Focus::Message(0), Focus::Message(1), Focus::Input, Focus::Lane(lanes - 1), Focus::Metrics][focus];
            let sizes = PaneSizes { left, prompt };
            let layout = laid_out(width, height, &Wish { lanes, lane: lanes - 1, solo, focus, zoom, sizes, banner });
            let mut parts = vec![
                layout.tabs, layout.banner, layout.prompt, layout.input, layout.input_text, layout.metrics, layout.strip,
            ];
            parts.extend(layout.lanes.iter().flat_map(|lane| [lane.pane, lane.text, lane.foot]));
            let area = Rect::new(0, 0, width, height);
            for part in parts {
                prop_assert_eq!(part.intersection(area), part);
            }
        }
    }
}
