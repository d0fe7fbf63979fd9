//! Where everything is on the bench: every rectangle, for drawing and for the mouse alike.

use ratatui::layout::{Constraint, Layout as Split, Position, Rect};

use crate::{
    app::{
        action::Pane,
        layout::Shape,
        workbench::{Focus, lane_run::Card},
    },
    model::session::{DetailSize, PaneSizes},
    widgets::frame::text_area,
};

/// The least width at which a lane is of use, without the line to its left.
pub const LANE: u16 = 29;

/// The least width at which prompt and input stand at the left.
const COLUMN: u16 = 34;

/// Rows of the band with prompt and input over the lanes.
const BAND: u16 = 11;

/// Rows of the metrics' pane, and of the same with its charts.
const SLIM: u16 = 3;
const CHARTS: u16 = 12;

/// Columns of the screen from which on the detail column stands at its right.
pub const DETAIL_FROM: u16 = 180;

/// The least width of the detail column, and of the lanes beside it: sooner than that there is none.
const DETAIL: u16 = 44;
const DETAIL_LANE: u16 = 40;

/// How much of the width the prompt has while it is typed into, in hundredths.
const WRITING: i16 = 58;

/// Rows of a terminal from which on the metrics have a pane; below it their sums have a line.
pub const METRICS_FROM: u16 = 34;

/// One lane's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneArea {
    /// With its rule and the line to its left.
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
    /// The line that names the providers that were found, while there is something to say of them.
    pub banner: Rect,
    /// The prompt's pane with its rule.
    pub prompt: Rect,
    /// The prompt's document.
    pub prompt_text: Rect,
    /// The input's pane with its rule.
    pub input: Rect,
    /// The input's variables and its text.
    pub input_text: Rect,
    /// The bar that names every lane while not all of them are in sight.
    pub strip: Rect,
    /// The lanes, from left to right; lanes that are not shown have empty areas.
    pub lanes: Vec<LaneArea>,
    /// The metrics' pane with its rule.
    pub metrics: Rect,
    /// The column at the right with its rule: the checks and the times of the lane that had the focus last.
    pub detail: Rect,
}

/// What the layout depends on besides the room.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
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
    /// Whether the text with the focus is being edited.
    pub typing: bool,
    /// Whether the input had the focus after the prompt.
    pub input: bool,
    /// Whether the metrics have a pane of their own.
    pub metrics: bool,
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
        let [banner, panes] = split(body, [one(wish.banner), Constraint::Fill(1)], true);
        match shape {
            Shape::Tiny => return layout,
            Shape::Wide | Shape::Tabs if wish.zoom => layout.one_pane(panes, wish),
            Shape::Wide => layout.all_panes(panes, wish),
            Shape::Tabs => layout.two_panes(panes, wish),
        }
        layout.banner = banner;
        layout
    }

    /// Cuts the metrics' pane off, and returns the rest: charts take a share of the room, the slim pane its two rows.
    fn metrics_pane(&mut self, body: Rect, wish: &Wish) -> Rect {
        let rows = match (wish.sizes.charts, wish.metrics || wish.focus == Focus::Metrics) {
            (true, _) => CHARTS.min(body.height / 2),
            (false, true) => SLIM,
            (false, false) => 0,
        };
        let [rest, metrics] = split(body, [Constraint::Fill(1), Constraint::Length(rows)], true);
        self.metrics = metrics;
        rest
    }

    /// Prompt and input at the left and the lanes at the right; where that would leave the lanes too narrow, prompt and
    /// input in a band over them.
    fn all_panes(&mut self, body: Rect, wish: &Wish) {
        let rest = self.metrics_pane(body, wish);
        let usual = match wish.lanes {
            0 | 1 => 42,
            2 => 33,
            3 => 30,
            _ => 26,
        };
        let writing = wish.typing && wish.focus.pane() == Pane::Prompt;
        let side = if writing { WRITING } else { usual };
        // Who writes needs the room more.
        let rest = if writing { rest } else { self.detail_column(rest, wish) };
        let shown = if wish.solo { 1 } else { u16::try_from(wish.lanes).unwrap_or(u16::MAX) };
        // What lanes of the least width leave.
        let most = rest.width.saturating_sub(shown.saturating_mul(LANE + 1));
        if most >= COLUMN {
            let left = share(rest.width, side + wish.sizes.left * 4, 24);
            // Who writes needs the room more than lanes that were beside each other a key ago.
            let left = if writing { left } else { left.min(most) };
            let [column, lanes] = split(rest, [Constraint::Length(left), Constraint::Fill(1)], false);
            let prompt = share(column.height, 64 + wish.sizes.prompt * 6, 6);
            let [prompt, input] = split(column, [Constraint::Length(prompt), Constraint::Fill(1)], true);
            self.prompt_pane(prompt);
            self.input_pane(input);
            self.lanes_in_sight(lanes, wish);
            return;
        }
        let typing = wish.typing && matches!(wish.focus.pane(), Pane::Prompt | Pane::Input);
        let rows = if typing { rest.height * 3 / 5 } else { BAND };
        let rows = rows.saturating_add_signed(wish.sizes.left * 2).clamp(6, rest.height.saturating_sub(8).max(6));
        let [band, lanes] = split(rest, [Constraint::Length(rows), Constraint::Fill(1)], true);
        let prompt = share(band.width, 50 + wish.sizes.prompt * 6, 24);
        let [prompt, input] = split(band, [Constraint::Length(prompt), Constraint::Fill(1)], false);
        self.prompt_pane(prompt);
        self.input_pane(input);
        self.lanes_in_sight(lanes, wish);
    }

    /// Cuts the detail column off, and returns the rest: there is one where it takes neither prompt nor lanes the room
    /// they need.
    fn detail_column(&mut self, rest: Rect, wish: &Wish) -> Rect {
        let share = match wish.sizes.detail {
            DetailSize::Usual => 4,
            DetailSize::Wide => 3,
            DetailSize::Hidden => return rest,
        };
        let shown = if wish.solo { 1 } else { u16::try_from(wish.lanes).unwrap_or(u16::MAX) };
        let most = rest.width.saturating_sub(COLUMN.saturating_add(shown.saturating_mul(DETAIL_LANE)));
        if rest.width < DETAIL_FROM || most < DETAIL {
            return rest;
        }
        let columns = Constraint::Length((rest.width / share).clamp(DETAIL, most));
        let [left, detail] = split(rest, [Constraint::Fill(1), columns], false);
        self.detail = detail;
        left
    }

    /// Prompt or input above, and below it the answer, or the metrics while they have the focus; the half with the focus
    /// is the larger one.
    fn two_panes(&mut self, body: Rect, wish: &Wish) {
        let rest = if wish.metrics { self.metrics_pane(body, wish) } else { body };
        let above = matches!(wish.focus.pane(), Pane::Prompt | Pane::Input);
        let small = (rest.height * 8 / 21).max(6);
        let rows = if above { rest.height.saturating_sub(small) } else { small };
        let [top, below] = split(rest, [Constraint::Length(rows), Constraint::Fill(1)], true);
        if wish.focus.pane() == Pane::Input || (!above && wish.input) {
            self.input_pane(top);
        } else {
            self.prompt_pane(top);
        }
        if wish.focus == Focus::Metrics && !wish.metrics {
            self.metrics = below;
        } else {
            self.lane_panes(below, wish.lane, 1);
        }
    }

    /// Places the lanes there is room for.
    fn lanes_in_sight(&mut self, lanes: Rect, wish: &Wish) {
        let fit = usize::from(lanes.width / (LANE + 1)).max(1);
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
            Focus::Message(_) | Focus::Heading(_) | Focus::Section(_) => self.prompt_pane(body),
            Focus::Input | Focus::Variable(_) => self.input_pane(body),
            Focus::Lane(lane) => self.lane_panes(body, lane, 1),
            Focus::Metrics => self.metrics = body,
        }
    }

    fn prompt_pane(&mut self, pane: Rect) {
        self.prompt = pane;
        self.prompt_text = text_area(pane);
    }

    fn input_pane(&mut self, pane: Rect) {
        self.input = pane;
        self.input_text = text_area(pane);
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
            let [text, foot] = split(text_area(*pane), [Constraint::Fill(1), Constraint::Length(rows)], true);
            *lane = LaneArea { pane: *pane, text, foot, ..LaneArea::default() };
        }
    }

    /// Finds the pane under a place of the screen.
    #[must_use]
    pub fn hit(&self, place: Position) -> Option<PaneHit> {
        let texts = [(self.prompt_text, Focus::Message(0)), (self.input_text, Focus::Input)].into_iter();
        let lanes = self.lanes.iter().enumerate().map(|(at, lane)| (lane.text, Focus::Lane(at)));
        if let Some((text, focus)) = texts.chain(lanes).find(|(text, _)| text.contains(place)) {
            return Some(PaneHit { focus, row: place.y - text.y, column: place.x - text.x });
        }
        let panes = [(self.input, Focus::Input), (self.metrics, Focus::Metrics), (self.prompt, Focus::Message(0))];
        let lanes = self.lanes.iter().enumerate().map(|(at, lane)| (lane.pane, Focus::Lane(at)));
        let mut panes = panes.into_iter().chain(lanes);
        panes.find(|(pane, _)| pane.contains(place)).map(|(_, focus)| PaneHit { focus, row: 0, column: 0 })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::app::layout::Layout;

    fn wish(lanes: usize) -> Wish {
        Wish {
            lanes,
            lane: 0,
            solo: false,
            focus: Focus::Message(0),
            zoom: false,
            sizes: PaneSizes::default(),
            banner: false,
            typing: false,
            input: false,
            metrics: true,
        }
    }

    fn laid_out(width: u16, height: u16, wish: &Wish) -> BenchLayout {
        let layout = Layout::new(Rect::new(0, 0, width, height), false, None);
        BenchLayout::new(layout.body, layout.shape, wish)
    }

    #[test]
    fn a_large_screen_shows_everything() {
        let layout = laid_out(120, 40, &wish(2));
        for part in [layout.prompt_text, layout.input_text, layout.metrics] {
            assert!(!part.is_empty());
        }
        assert!(layout.lanes.iter().all(|lane| lane.text.width > 20 && lane.text.height > 20));
        assert!(layout.prompt.right() <= layout.lanes[0].pane.x && layout.prompt.bottom() <= layout.input.y);
        assert_eq!(layout.metrics.height, SLIM);
    }

    #[test]
    fn where_lanes_would_be_too_narrow_prompt_and_input_lie_over_them() {
        let beside = |width, lanes| {
            let layout = laid_out(width, 40, &wish(lanes));
            assert!(layout.lanes.iter().all(|lane| lane.pane.width > LANE || lane.pane.x == 0), "{width} {lanes}");
            assert!(layout.strip.is_empty(), "{width} {lanes}");
            layout.prompt.y == layout.lanes[0].pane.y
        };
        for (width, lanes, expected) in
            [(120, 1, true), (120, 2, true), (120, 3, false), (120, 4, false), (160, 4, true)]
        {
            assert_eq!(beside(width, lanes), expected, "{width} {lanes}");
        }
        let band = laid_out(120, 40, &wish(4));
        assert_eq!((band.prompt.height, band.input.height, band.prompt.width), (BAND, BAND, 60));
        let typed = laid_out(120, 40, &Wish { typing: true, ..wish(4) });
        assert_eq!(typed.prompt.height, 20);
    }

    #[test]
    fn who_writes_the_prompt_has_most_of_the_width() {
        for lanes in [1, 2] {
            let typed = laid_out(120, 40, &Wish { typing: true, ..wish(lanes) });
            assert_eq!(typed.prompt.width, 69);
            assert!(!typed.lanes[0].pane.is_empty());
            let input = laid_out(120, 40, &Wish { typing: true, focus: Focus::Input, ..wish(lanes) });
            assert_eq!(input.prompt.width, laid_out(120, 40, &wish(lanes)).prompt.width);
        }
    }

    #[test]
    fn lanes_that_are_too_narrow_pass_by_as_whole_ones_around_the_one_with_the_focus() {
        let seen = |lane, lanes| {
            let layout = laid_out(100, 40, &Wish { lane, ..wish(lanes) });
            let seen = layout.lanes.iter().map(|lane| !lane.pane.is_empty()).collect::<Vec<_>>();
            (layout.strip.height, seen)
        };
        assert_eq!(seen(0, 3), (0, vec![true; 3]));
        assert_eq!(seen(0, 4), (1, vec![true, true, true, false]));
        assert_eq!(seen(3, 4), (1, vec![false, true, true, true]));
        let alone = laid_out(200, 60, &Wish { lane: 2, solo: true, ..wish(4) });
        assert!(alone.strip.height == 1 && alone.lanes[2].pane.width > 100 && alone.lanes[1].pane.is_empty());
    }

    #[test]
    fn a_small_screen_shows_text_and_answer_and_the_half_with_the_focus_is_larger() {
        let halves = |focus, input| {
            let layout = laid_out(80, 24, &Wish { focus, input, lane: 1, metrics: false, ..wish(2) });
            assert!(layout.lanes[0].pane.is_empty());
            (layout.prompt.height, layout.input.height, layout.lanes[1].pane.height, layout.metrics.height)
        };
        assert_eq!(halves(Focus::Message(0), false), (13, 0, 8, 0));
        assert_eq!(halves(Focus::Input, true), (0, 13, 8, 0));
        assert_eq!(halves(Focus::Lane(1), false), (8, 0, 13, 0));
        assert_eq!(halves(Focus::Lane(1), true), (0, 8, 13, 0));
        assert_eq!(halves(Focus::Metrics, false), (8, 0, 0, 13));
    }

    #[test]
    fn a_wide_screen_has_a_detail_column_where_it_leaves_the_lanes_their_room() {
        let columns = |width, lanes, detail| {
            let sizes = PaneSizes { detail, ..PaneSizes::default() };
            let layout = laid_out(width, 50, &Wish { sizes, ..wish(lanes) });
            assert!(layout.lanes.iter().all(|lane| lane.pane.right() <= width - layout.detail.width), "{layout:?}");
            layout.detail.width
        };
        assert_eq!(columns(179, 1, DetailSize::Usual), 0);
        assert_eq!(columns(180, 1, DetailSize::Usual), 45);
        assert_eq!(columns(200, 2, DetailSize::Usual), 50);
        assert_eq!(columns(200, 2, DetailSize::Wide), 66);
        assert_eq!(columns(200, 2, DetailSize::Hidden), 0);
        assert_eq!(columns(200, 4, DetailSize::Usual), 0);
        assert_eq!(columns(250, 4, DetailSize::Usual), 56);
        let typed = laid_out(200, 50, &Wish { typing: true, ..wish(1) });
        assert!(typed.detail.is_empty());
    }

    #[test]
    fn the_metrics_open_into_charts() {
        let sizes = PaneSizes { charts: true, ..PaneSizes::default() };
        assert_eq!(laid_out(120, 40, &Wish { sizes, ..wish(1) }).metrics.height, CHARTS);
        let low = Wish { metrics: false, ..wish(1) };
        assert!(laid_out(120, 30, &low).metrics.is_empty());
        assert_eq!(laid_out(120, 30, &Wish { focus: Focus::Metrics, ..low }).metrics.height, SLIM);
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
            left in -9..9_i16, prompt in -9..9_i16, focus in 0..5_usize, charts: bool, typing: bool, metrics: bool,
            detail in 0..3_usize,
        ) {
            let focus = [Focus::Message(0), Focus::Message(1), Focus::Input, Focus::Lane(lanes - 1), Focus::Metrics][focus];
            let detail = [DetailSize::Usual, DetailSize::Wide, DetailSize::Hidden][detail];
            let sizes = PaneSizes { left, prompt, charts, detail };
            let lane = lanes - 1;
            let wish = Wish { lanes, lane, solo, focus, zoom, sizes, banner, typing, input: solo, metrics };
            let layout = laid_out(width, height, &wish);
            let mut parts = vec![
                layout.banner, layout.prompt, layout.prompt_text, layout.input, layout.input_text, layout.metrics, layout.strip,
                layout.detail,
            ];
            parts.extend(layout.lanes.iter().flat_map(|lane| [lane.pane, lane.text, lane.foot]));
            let area = Rect::new(0, 0, width, height);
            for part in parts {
                prop_assert_eq!(part.intersection(area), part);
            }
        }
    }
}
