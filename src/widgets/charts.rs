//! Charts: upright bars that grow by eighths of a row, lying ones that fill by columns, and a row of bars for the eye.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

/// The parts of a row a bar can fill.
const EIGHTHS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws upright bars from the left, each so many columns wide, its height the share from 0 to 1 of the area.
/// What is more than nothing shows; nothing is a dot at the bottom, an unknown value is left blank.
pub fn upright(shares: impl Iterator<Item = (Option<f64>, Style)>, each: u16, area: Rect, buffer: &mut Buffer) {
    let area = area.intersection(buffer.area);
    let levels = usize::from(area.height) * EIGHTHS.len();
    let mut x = area.x;
    // From three columns on there is a gap between two bars.
    let wide = if each > 2 { each - 1 } else { each };
    for (share, style) in shares {
        if let Some(share) = share {
            let filled = if share > 0.0 { ((share * levels as f64).round() as usize).max(1).min(levels) } else { 0 };
            for (above, row) in area.rows().rev().enumerate() {
                let symbol = match filled.saturating_sub(above * EIGHTHS.len()) {
                    0 if above == 0 => Some('·'),
                    0 => None,
                    part => EIGHTHS.get(part.min(EIGHTHS.len()) - 1).copied(),
                };
                let Some(symbol) = symbol else { break };
                for column in x..x.saturating_add(wide).min(area.right()) {
                    if let Some(cell) = buffer.cell_mut((column, row.y)) {
                        cell.set_char(symbol).set_style(style);
                    }
                }
            }
        }
        x = x.saturating_add(each);
    }
}

/// Writes a lying bar of so many columns: the filled part, and the rest of it.
#[must_use]
pub fn lying(share: f64, columns: usize) -> (String, String) {
    let filled = ((share.clamp(0.0, 1.0) * columns as f64).round() as usize).min(columns);
    ("█".repeat(filled), "░".repeat(columns - filled))
}

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Draws the last numbers, one bar each, as many as fit into a width. The largest in sight is a whole bar and
/// nothing is the lowest; a number that is missing is a blank.
pub fn spark(values: &[Option<f64>], width: usize) -> String {
    let shown = values.get(values.len().saturating_sub(width)..).unwrap_or_default();
    let most = shown.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |value: f64| {
        let part = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
        let step = (part * (BARS.len() - 1) as f64).round() as usize;
        BARS.get(step).copied().unwrap_or(' ')
    };
    shown.iter().map(|value| value.map_or(' ', bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(shares: &[Option<f64>], each: u16, rows: u16) -> Vec<String> {
        let area = Rect::new(0, 0, 6, rows);
        let mut buffer = Buffer::empty(area);
        upright(shares.iter().map(|share| (*share, Style::new())), each, area, &mut buffer);
        let row = |y| (0..area.width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..rows).map(|y| row(y).trim_end().to_owned()).collect()
    }

    #[test]
    fn a_bar_is_as_high_as_its_share_and_nothing_is_not_unknown() {
        let shares = [Some(0.0), None, Some(0.001), Some(0.5), Some(0.75), Some(1.0)];
        assert_eq!(drawn(&shares, 1, 2), ["    ▄█", "· ▁███"]);
        assert_eq!(drawn(&[Some(1.0), Some(0.5)], 3, 1), ["██ ▄▄"]);
        assert_eq!(drawn(&[Some(7.0), Some(f64::NAN), Some(-1.0)], 2, 1), ["██····"]);
        assert!(drawn(&shares, 1, 0).is_empty());
    }

    #[test]
    fn a_lying_bar_has_its_width_whatever_its_share() {
        for (share, filled) in [(0.0, 0), (0.5, 4), (1.0, 8), (9.0, 8), (-1.0, 0), (f64::NAN, 0)] {
            let (full, rest) = lying(share, 8);
            assert_eq!((full.chars().count(), rest.chars().count()), (filled, 8 - filled), "{share}");
        }
    }

    #[test]
    fn the_largest_is_a_whole_bar_and_the_newest_stay() {
        let values = [Some(100.0), Some(0.0), Some(4.0), None, Some(8.0)];
        assert_eq!(spark(&values, 4), "▁▅ █");
        assert_eq!(spark(&values, 9), "█▁▁ ▂");
        assert_eq!((spark(&[], 4), spark(&[Some(0.0)], 4)), (String::new(), "▁".to_owned()));
    }
}
