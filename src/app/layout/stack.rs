//! How the messages of a prompt share its pane: the one with the focus gets the room it needs first.

use ratatui::layout::Rect;

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
pub(super) fn stack(area: Rect, rows: &[u16], at: usize) -> Vec<MessageArea> {
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
}
