//! How the screen is shared between header, body, totals, status and footer, and where the topmost overlay lies.

use ratatui::layout::{Constraint, Layout as Split, Margin, Position, Rect};

/// The least width and height at which anything but one line is drawn.
pub const SMALLEST: (u16, u16) = (60, 16);

/// The least width and height at which all panes of a screen are side by side.
pub const WIDE: (u16, u16) = (100, 28);

/// How much there is room for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    /// Too small: one line says so, in [`Layout::header`].
    #[default]
    Tiny,
    /// Few panes at once; the others behind tabs.
    Tabs,
    /// All panes at once.
    Wide,
}

/// The rectangles around a screen. A part that is not shown is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// All of it.
    pub area: Rect,
    /// How much there is room for.
    pub shape: Shape,
    /// The row that names the screens; the only one of [`Shape::Tiny`].
    pub header: Rect,
    /// All between header and totals: the screen's own.
    pub body: Rect,
    /// The row of sums, where the screen has one.
    pub totals: Rect,
    /// The status line.
    pub status: Rect,
    pub footer: Rect,
    /// The topmost overlay with its border.
    pub overlay: Rect,
}

/// What lies under a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    Overlay,
    /// The screen's body.
    Body(Position),
    /// Nothing that answers.
    Nothing,
}

impl Layout {
    /// Lays it out with or without a row of sums, given the width and height that an overlay wishes for, its border
    /// included.
    #[must_use]
    pub fn new(area: Rect, totals: bool, overlay: Option<(u16, u16)>) -> Self {
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            return Self { area, header: Rect { height: area.height.min(1), ..area }, ..Self::default() };
        }
        let (one, sums) = (Constraint::Length(1), Constraint::Length(u16::from(totals)));
        let [header, body, totals, status, footer] =
            Split::vertical([one, Constraint::Fill(1), sums, one, one]).areas(area);
        let wide = area.width >= WIDE.0 && area.height >= WIDE.1;
        let shape = if wide { Shape::Wide } else { Shape::Tabs };
        let overlay = overlay.map(|size| place_overlay(area, size)).unwrap_or_default();
        Self { area, shape, header, body, totals, status, footer, overlay }
    }

    /// Tells what lies under a place.
    #[must_use]
    pub fn hit(&self, column: u16, row: u16) -> Hit {
        let place = Position::new(column, row);
        if !self.overlay.is_empty() {
            return if self.overlay.inner(Margin::new(1, 1)).contains(place) { Hit::Overlay } else { Hit::Nothing };
        }
        if self.body.contains(place) { Hit::Body(place) } else { Hit::Nothing }
    }
}

/// Places an overlay in the middle, a little above it; one that wants all has all between the header and the status
/// line, which says what came of its keys.
fn place_overlay(area: Rect, (width, height): (u16, u16)) -> Rect {
    if (width, height) == (u16::MAX, u16::MAX) {
        return Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(3), ..area };
    }
    let [_, middle, _] =
        Split::horizontal([Constraint::Fill(1), Constraint::Length(width.min(area.width)), Constraint::Fill(1)])
            .areas(area.inner(Margin::new(2, 1)));
    let [_, overlay, _] =
        Split::vertical([Constraint::Fill(1), Constraint::Length(height.min(area.height)), Constraint::Fill(2)])
            .areas(middle);
    overlay
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_shape_follows_from_the_size() {
        for (size, shape) in [((59, 40), Shape::Tiny), ((80, 24), Shape::Tabs), ((100, 28), Shape::Wide)] {
            assert_eq!(Layout::new(Rect::new(0, 0, size.0, size.1), true, None).shape, shape, "{size:?}");
        }
    }

    #[test]
    fn what_lies_under_an_overlay_does_not_answer() {
        let over = Layout::new(Rect::new(0, 0, 120, 40), false, Some((40, 10)));
        assert_eq!(over.hit(0, 5), Hit::Nothing);
        let all = Layout::new(Rect::new(0, 0, 120, 40), false, Some((u16::MAX, u16::MAX)));
        assert!(!all.overlay.intersects(all.status), "what came of a key is seen");
        assert_eq!(over.hit(over.overlay.x + 1, over.overlay.y + 3), Hit::Overlay);
        let bare = Layout::new(Rect::new(0, 0, 120, 40), false, None);
        assert_eq!((bare.hit(0, 5), bare.hit(0, 0)), (Hit::Body(Position::new(0, 5)), Hit::Nothing));
    }

    proptest! {
        #[test]
        fn every_part_lies_on_the_screen(
            width in 0..300_u16, height in 0..120_u16, totals: bool, over in proptest::option::of((0..200_u16, 0..99_u16)),
        ) {
            let layout = Layout::new(Rect::new(0, 0, width, height), totals, over);
            for part in [layout.header, layout.body, layout.totals, layout.status, layout.footer, layout.overlay] {
                prop_assert_eq!(part.intersection(layout.area), part);
            }
        }
    }
}
