//! Where everything is on the screen: every rectangle, for drawing and for the mouse alike.

mod stack;

use ratatui::layout::{Constraint, Layout as Split, Margin, Position, Rect};

pub use self::stack::MessageArea;
use super::{lane::Card, workbench::Focus};

/// The least width and height at which anything but one line is drawn.
pub const SMALLEST: (u16, u16) = (60, 16);

/// The least width and height at which all panes are side by side.
pub const WIDE: (u16, u16) = (100, 28);

/// The least width at which a lane is of use.
pub const LANE: u16 = 28;

/// How the panes share the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// Too small: one line says so, in [`Layout::title`].
    #[default]
    Tiny,
    /// One pane at a time under a bar of tabs.
    Tabs,
    /// All panes at once.
    Wide,
}

/// One lane's place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LaneArea {
    /// With its border.
    pub pane: Rect,
    /// Inside it, the rows above the answer: what the lane has of its own, which sample is shown.
    pub head: Rect,
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
    /// Makes room above the answer, by rows, as long as some is left for the answer.
    pub fn make_head(&mut self, rows: u16) {
        let rows = rows.min(self.text.height.saturating_sub(4));
        [self.head, self.text] = split(self.text, [Constraint::Length(rows), Constraint::Fill(1)], true);
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

/// Every rectangle of the screen. A part that is not shown is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The whole screen.
    pub area: Rect,
    /// How the panes share it.
    pub shape: Shape,
    /// The title line; the only line of [`Shape::Tiny`].
    pub title: Rect,
    /// The bar of tabs of [`Shape::Tabs`].
    pub tabs: Rect,
    /// The line that tells which providers were found, while there is something to tell.
    pub banner: Rect,
    /// All between title and status, on a screen beside the bench.
    pub body: Rect,
    /// The prompt's pane with its border.
    pub prompt: Rect,
    /// The prompt's messages; those that are not shown have empty areas.
    pub messages: Vec<MessageArea>,
    /// The row below them that tells of the prompt's variables.
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
    /// The status line.
    pub status: Rect,
    /// The footer.
    pub footer: Rect,
    /// The topmost overlay with its border.
    pub overlay: Rect,
}

/// What the layout depends on besides the size.
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
    /// Steps by which the left column is wider than usual, negative for narrower.
    pub left: i16,
    /// Steps by which the prompt is taller than usual against the input.
    pub prompt: i16,
    /// Whether there is a banner.
    pub banner: bool,
    /// Width and height an overlay wishes for, its border included.
    pub overlay: Option<(u16, u16)>,
    /// Whether it is another screen than the bench.
    pub beside: bool,
}

/// What lies under a place of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A text or a lane; row and column inside it.
    Pane {
        /// Which.
        focus: Focus,
        /// Row inside the text.
        row: u16,
        /// Column inside the text.
        column: u16,
    },
    /// The overlay; the row inside its border.
    Overlay {
        /// Row inside the border.
        row: u16,
    },
    /// The body of a screen beside the bench.
    Body {
        /// Row inside it.
        row: u16,
        /// Column inside it.
        column: u16,
    },
    /// Nothing that answers.
    Nothing,
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

impl Layout {
    /// Lays the screen out.
    #[must_use]
    pub fn new(area: Rect, wish: &Wish) -> Self {
        let mut layout = Self { area, lanes: vec![LaneArea::default(); wish.lanes], ..Self::default() };
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            layout.title = Rect { height: area.height.min(1), ..area };
            return layout;
        }
        let wide = area.width >= WIDE.0 && area.height >= WIDE.1;
        layout.shape = if wide { Shape::Wide } else { Shape::Tabs };
        let one = |yes: bool| Constraint::Length(u16::from(yes));
        let [title, tabs, banner, body, status, footer] = split(
            area,
            [one(true), one(!wide && !wish.beside), one(wish.banner), Constraint::Fill(1), one(true), one(true)],
            true,
        );
        (layout.title, layout.tabs, layout.banner) = (title, tabs, banner);
        (layout.status, layout.footer) = (status, footer);
        if wish.beside {
            layout.body = body;
        } else if wish.zoom || !wide {
            layout.one_pane(body, wish);
        } else {
            layout.all_panes(body, wish);
        }
        if let Some((width, height)) = wish.overlay {
            let [_, middle, _] = split(
                area.inner(Margin::new(2, 1)),
                [Constraint::Fill(1), Constraint::Length(width.min(area.width)), Constraint::Fill(1)],
                false,
            );
            let [_, overlay, _] = split(
                middle,
                [Constraint::Fill(1), Constraint::Length(height.min(area.height)), Constraint::Fill(2)],
                true,
            );
            layout.overlay = overlay;
        }
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
        let left = share(top.width, usual + wish.left * 4, 24);
        let [column, lanes] = split(top, [Constraint::Length(left), Constraint::Fill(1)], false);
        let prompt = share(column.height, 64 + wish.prompt * 6, 6);
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
        self.messages = stack::stack(texts, rows, at);
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

    /// Tells what lies under a place of the screen.
    #[must_use]
    pub fn hit(&self, column: u16, row: u16) -> Hit {
        let place = Position::new(column, row);
        if !self.overlay.is_empty() {
            let inner = inside(self.overlay);
            return if inner.contains(place) { Hit::Overlay { row: row - inner.y } } else { Hit::Nothing };
        }
        if self.body.contains(place) {
            return Hit::Body { row: row - self.body.y, column: column - self.body.x };
        }
        let messages = self.messages.iter().enumerate().map(|(at, message)| (message.text, Focus::Message(at)));
        let texts = messages.chain([(self.input_text, Focus::Input)]);
        let lanes = self.lanes.iter().enumerate().map(|(at, lane)| (lane.text, Focus::Lane(at)));
        if let Some((text, focus)) = texts.chain(lanes).find(|(text, _)| text.contains(place)) {
            return Hit::Pane { focus, row: row - text.y, column: column - text.x };
        }
        let labels = self.messages.iter().enumerate().map(|(at, message)| (message.label, Focus::Message(at)));
        let panes = [(self.input, Focus::Input), (self.metrics, Focus::Metrics), (self.prompt, Focus::Message(0))];
        let lanes = self.lanes.iter().enumerate().map(|(at, lane)| (lane.pane, Focus::Lane(at)));
        labels
            .chain(panes)
            .chain(lanes)
            .find(|(pane, _)| pane.contains(place))
            .map_or(Hit::Nothing, |(_, focus)| Hit::Pane { focus, row: 0, column: 0 })
    }
}

#[cfg(test)]
mod tests;
