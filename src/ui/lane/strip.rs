//! The names of all lanes with their states in one line, for where not every lane is in sight.

use ratatui::text::Span;

use super::state::mark;
use crate::{
    text::{clean_line, truncate, width},
    ui::{scene::Scene, theme::Role},
};

/// Names every lane with the mark of its state in at most so many columns, the one that is meant in
/// brackets; long names are cut so that all have a place.
pub(crate) fn names(scene: Scene<'_>, room: usize) -> Vec<Span<'static>> {
    let bench = &scene.app.bench;
    let several = bench.lanes.len() > 1;
    let marks: Vec<Span<'static>> = bench.lanes.iter().map(|lane| mark(scene, lane.shown())).collect();
    // Where there are several each has brackets or blanks in their place; a blank is before its mark.
    let around = if several { 2 } else { 0 };
    let fixed: usize = marks.iter().map(|mark| around + usize::from(mark.width() > 0) + mark.width()).sum();
    let names: Vec<String> = bench.lanes.iter().map(|lane| clean_line(&lane.spec.target).as_str().to_owned()).collect();
    let each = shares(&names.iter().map(|name| width(name)).collect::<Vec<_>>(), room.saturating_sub(fixed));
    let mut spans = Vec::new();
    for (at, ((name, mark), each)) in names.iter().zip(marks).zip(each).enumerate() {
        let here = several && at == bench.lane_at();
        let (role, (open, close)) = match (several, here) {
            (_, true) => (Role::Title, ("[", "]")),
            (true, false) => (Role::Text, (" ", " ")),
            (false, false) => (Role::Text, ("", "")),
        };
        spans.push(scene.span(open, Role::Focus));
        spans.push(scene.span(truncate(name, each).into_owned(), role));
        if mark.width() > 0 {
            spans.push(Span::raw(" "));
            spans.push(mark);
        }
        spans.push(scene.span(close, Role::Focus));
    }
    spans
}

/// Shares columns out: who needs less than an even share leaves the rest to the others.
fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut most = wanted.iter().copied().max().unwrap_or_default();
    while most > 1 && wanted.iter().map(|wide| (*wide).min(most)).sum::<usize>() > room {
        most -= 1;
    }
    wanted.iter().map(|wide| (*wide).min(most)).collect()
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn a_short_name_leaves_its_room_to_the_long_ones() {
        assert_eq!(shares(&[3, 20, 20], 30), [3, 13, 13]);
        assert_eq!(shares(&[3, 5], 30), [3, 5]);
        assert_eq!(shares(&[30, 30], 1), [1, 1]);
    }
}
