//! The remarks on an answer's JSON: each broken rule beside the node that breaks it.

use std::collections::BTreeMap;

use crate::{
    eval::Found,
    model::Quality,
    text::{
        clean_line,
        json::{Note, Tree},
    },
};

/// Puts each broken rule where it is broken, and at the beginning how the JSON stood in the answer.
pub(super) fn notes(tree: &Tree, stands: &Found, quality: Option<&Quality>) -> BTreeMap<usize, Vec<Note>> {
    let mut notes: BTreeMap<usize, Vec<Note>> = BTreeMap::new();
    let mut note = |node: usize, wrong: bool, text: &str| {
        let text = clean_line(text);
        let own = notes.entry(node).or_default();
        if own.iter().all(|known| known.text != text) {
            own.push(Note { wrong, text });
        }
    };
    let place = match stands {
        Found::Whole => None,
        Found::Fenced { before, after } if before.is_empty() && after.is_empty() => Some("in a Markdown fence"),
        Found::Fenced { .. } => Some("in a Markdown fence, with text around it"),
        Found::Embedded { .. } => Some("in the middle of other text"),
    };
    if let Some(place) = place {
        note(0, false, place);
    }
    for verdict in quality.into_iter().flat_map(Quality::failures) {
        if let Some(at) = &verdict.at {
            let said = verdict.reason.strip_prefix(&format!("{at}: ")).unwrap_or(&verdict.reason);
            note(tree.find(at).0, true, said);
        }
    }
    notes
}
