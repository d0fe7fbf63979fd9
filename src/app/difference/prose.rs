//! Two texts written as one: what was removed in brackets before what was added in its place.

use super::{Origins, Summary, Written};
use crate::text::{Change, TextDiff, diff::Grain};

/// Writes two texts as one.
pub(super) fn write(old: &str, new: &str) -> Written {
    let diff = TextDiff::new(old, new);
    let summary = match diff.words() {
        0 => Summary::Same,
        differ => Summary::Words { differ, by_lines: diff.grain() == Grain::Lines },
    };
    let mut out = Written::new(summary, Origins::Bytes(Vec::new()));
    let mut places = Vec::new();
    let mut hunk = None;
    for (segment, piece) in diff.read_segments(old, new) {
        let here = out.view.len();
        places.push((here, segment.old.start));
        if segment.change == Change::Same {
            if let Some(start) = hunk.take() {
                out.differs_since(start);
            }
            out.put(piece);
        } else {
            hunk.get_or_insert(here);
            out.bracketed(piece, segment.change);
        }
    }
    if let Some(start) = hunk {
        out.differs_since(start);
    }
    out.origins = Origins::Bytes(places);
    out
}
