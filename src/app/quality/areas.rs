//! Where the parts of the quality screen are: all in sight where there is room, else one at a time under tabs.

use ratatui::layout::Rect;

/// Rows above the parts: the query line, and what is said of it.
pub(super) const HEAD: u16 = 2;

/// The width from which on all parts are shown: the figures beside as many stretches as a trend has.
const WIDE: u16 = 118;

/// The height from which on they are.
const TALL: u16 = 33;

/// Columns of the trend with its frame, at least: it has some sixty stretches.
const TREND: u16 = 64;

/// Rows of the figures with their frame.
const FIGURES: u16 = 17;

/// Changes that are in sight at once, at most.
const CHANGES: u16 = 4;

/// Rows of a frame.
const FRAME: u16 = 2;

/// Rows of the bars below the figures; on a small screen they stand beside them.
const BARS: u16 = 3;

/// A part of the screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Part {
    /// What got worse since the last version, and the figures of all runs.
    #[default]
    Report,
    /// How they go over time.
    Trend,
    /// The lines of a grouping.
    Lines,
}

impl Part {
    /// Every part, in the order of the keys.
    pub const ALL: &[Self] = &[Self::Report, Self::Trend, Self::Lines];
}

/// Where the parts are; a part that is out of sight is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Areas {
    /// The query line and what is said of it.
    pub head: Rect,
    /// The tabs.
    pub tabs: Rect,
    /// What got worse, with its frame.
    pub changes: Rect,
    /// The figures, with their frame where all parts are in sight.
    pub figures: Rect,
    /// The trend, with its frame.
    pub trend: Rect,
    /// The lines, with their frame.
    pub lines: Rect,
}

/// Tells whether all parts are shown.
#[must_use]
pub fn is_wide(body: Rect) -> bool {
    body.width >= WIDE && body.height >= TALL
}

/// Shares the body among its parts, given how many changes there are.
#[must_use]
pub fn areas(body: Rect, part: Part, changes: usize) -> Areas {
    let (head, rest) = cut(body, HEAD);
    let none = Rect { height: 0, ..rest };
    // A frame, and the heads above what changed; where nothing did, a sentence.
    let told = |most: u16| 3 + u16::try_from(changes).unwrap_or(most).min(most);
    if is_wide(body) {
        let (above, rest) = cut(rest, told(CHANGES));
        let (middle, lines) = cut(rest, FIGURES);
        let wide = TREND.max(body.width / 2);
        let figures = Rect { width: middle.width.saturating_sub(wide), ..middle };
        let trend = Rect { x: middle.x + figures.width, width: middle.width - figures.width, ..middle };
        return Areas { head, tabs: none, changes: above, figures, trend, lines };
    }
    let (tabs, rest) = cut(rest, 1);
    let shown = Areas { head, tabs, changes: none, figures: none, trend: none, lines: none };
    match part {
        Part::Report => {
            // Without their frame the figures take as many rows as there are of them, if there is room.
            let most = rest.height.saturating_sub(FIGURES + 3 - BARS - FRAME).clamp(1, CHANGES);
            let (changes, figures) = cut(rest, told(most));
            Areas { changes, figures, ..shown }
        }
        Part::Trend => Areas { trend: rest, ..shown },
        Part::Lines => Areas { lines: rest, ..shown },
    }
}

fn cut(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    (Rect { height: rows, ..area }, Rect { y: area.y + rows, height: area.height - rows, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_lies_over_another_whatever_the_size() {
        for (width, height) in [(120, 37), (200, 60), (80, 21), (60, 13), (118, 33), (117, 33), (0, 0), (9, 2)] {
            let body = Rect::new(0, 1, width, height);
            for (part, changes) in Part::ALL.iter().flat_map(|part| [(*part, 0), (*part, 2), (*part, 90)]) {
                let Areas { head, tabs, changes, figures, trend, lines } = areas(body, part, changes);
                let all = [head, tabs, changes, figures, trend, lines];
                for (at, one) in all.iter().enumerate() {
                    assert!(body.union(*one) == body || one.is_empty(), "{one} in {body}");
                    for other in all.iter().skip(at + 1) {
                        assert!(one.intersection(*other).is_empty(), "{one} {other}");
                    }
                }
            }
        }
    }
}
