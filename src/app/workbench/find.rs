//! Finding a text in the prompt or in the input, and replacing it.

use std::ops::Range;

use crate::{
    app::{
        action::Pane,
        context::Cx,
        notices::Tone,
        workbench::{Focus, Workbench},
    },
    widgets::text_editor::{TextEditor, search::find},
};

/// A place that was found: in which text, and where.
type Hit = (Focus, Range<usize>);

/// What is looked for in the texts of a pane.
#[derive(Debug, Clone)]
pub(crate) struct Find {
    pub(crate) text: String,
    hits: Vec<Hit>,
    /// Which of them the cursor stands at.
    at: usize,
    /// Where the cursor was when the search began.
    from: (Focus, usize),
}

impl Find {
    /// Tells whether a hit is the one the cursor stands at.
    pub(crate) fn is_at(&self, focus: Focus, hit: &Range<usize>) -> bool {
        self.hits.get(self.at).is_some_and(|(of, here)| *of == focus && here.start == hit.start)
    }

    /// Returns the place of the present hit, counted from 1, and how many there are.
    pub(crate) fn count(&self) -> (usize, usize) {
        (self.at + 1, self.hits.len())
    }
}

impl Workbench {
    /// Begins to search from where the cursor is.
    pub(crate) fn begin_find(&mut self) {
        let from = (self.focus, self.field().map_or(0, TextEditor::cursor));
        self.find = Some(Find { text: String::new(), hits: Vec::new(), at: 0, from });
    }

    /// Lists where a text stands in the pane with the focus.
    fn hits(&self, text: &str) -> Vec<Hit> {
        let of = |focus: Focus, rope: &ropey::Rope| -> Vec<Hit> {
            find(rope, text).into_iter().map(|hit| (focus, hit)).collect()
        };
        match self.focus.pane() {
            Pane::Prompt => {
                let messages = self.messages.iter().enumerate();
                messages.flat_map(|(at, message)| of(Focus::Message(at), message.field.rope())).collect()
            }
            Pane::Input => {
                let fields = self.fields.iter().enumerate();
                let mut hits: Vec<Hit> =
                    fields.flat_map(|(at, field)| of(Focus::Variable(at), field.editor.rope())).collect();
                hits.extend(of(Focus::Input, self.input.rope()));
                hits
            }
            Pane::Answers | Pane::Metrics => Vec::new(),
        }
    }

    /// Shows where a text is, the first place after where the search began; an empty one ends the search.
    pub(crate) fn find_text(&mut self, text: &str) {
        let Some(from) = self.find.as_ref().map(|find| find.from) else {
            return;
        };
        if text.is_empty() {
            self.find = None;
            self.go_to_place(from);
            return;
        }
        let hits = self.hits(text);
        let place = |focus: Focus, at: usize| (self.block_of(focus), at);
        let start = place(from.0, from.1);
        let at = hits.iter().position(|(focus, hit)| place(*focus, hit.start) >= start).unwrap_or(0);
        self.find = Some(Find { text: text.to_owned(), hits, at, from });
        self.go_to_hit();
    }

    fn go_to_place(&mut self, (focus, at): (Focus, usize)) {
        self.focus_on(focus);
        if let Some(field) = self.field_mut() {
            field.put_cursor(at);
        }
    }

    fn go_to_hit(&mut self) {
        let hit = self.find.as_ref().and_then(|find| find.hits.get(find.at));
        if let Some((focus, hit)) = hit.cloned() {
            self.go_to_place((focus, hit.start));
        }
    }

    /// Keeps the search for walking, or says that there is nothing.
    pub(crate) fn keep_find(&mut self, text: &str, cx: &mut Cx<'_, Self>) {
        if self.find.as_ref().is_none_or(|find| find.text != text) {
            self.find_text(text);
        }
        if self.find.as_ref().is_some_and(|find| find.hits.is_empty()) {
            self.find = None;
            cx.say(Tone::Warning, &format!("`{text}` is not in this text"));
        }
    }

    /// Goes to the next hit or the one before, round the end; the texts may have changed since.
    pub(crate) fn next_found(&mut self, forward: bool, cx: &mut Cx<'_, Self>) {
        let Some(text) = self.find.as_ref().map(|find| find.text.clone()) else {
            cx.say(Tone::Info, "nothing was searched yet");
            return;
        };
        let hits = self.hits(&text);
        let here = (self.block_of(self.focus), self.field().map_or(0, TextEditor::cursor));
        let places: Vec<_> = hits.iter().map(|(focus, hit)| (self.block_of(*focus), hit.start)).collect();
        let at = if forward {
            places.iter().position(|place| *place > here).unwrap_or(0)
        } else {
            places.iter().rposition(|place| *place < here).unwrap_or(places.len().saturating_sub(1))
        };
        let count = hits.len();
        if let Some(find) = &mut self.find {
            (find.hits, find.at) = (hits, at);
        }
        self.go_to_hit();
        cx.say(
            Tone::Info,
            &if count == 0 { format!("`{text}` is not in this text") } else { format!("{}/{count}", at + 1) },
        );
    }

    /// Puts a text in place of the present hit and goes to the next, or in place of all. Undo takes it back in one step.
    pub(crate) fn replace(&mut self, with: &str, all: bool, cx: &mut Cx<'_, Self>) {
        let Some(find) = self.find.clone() else {
            return;
        };
        let hits = self.hits(&find.text);
        let chosen: Vec<Hit> = if all {
            hits
        } else {
            find.hits.get(find.at).filter(|hit| hits.contains(hit)).cloned().into_iter().collect()
        };
        let count = chosen.len();
        let in_prompt = self.focus.pane() == Pane::Prompt;
        if in_prompt && count > 0 {
            self.begin_change();
        }
        let mut by_text: Vec<(Focus, Vec<Range<usize>>)> = Vec::new();
        for (focus, hit) in chosen {
            match by_text.last_mut().filter(|(last, _)| *last == focus) {
                Some((_, hits)) => hits.push(hit),
                None => by_text.push((focus, vec![hit])),
            }
        }
        for (focus, hits) in by_text {
            if let Some(field) = self.field_of(focus) {
                field.replace(&hits, with);
                if !all {
                    self.focus_on(focus);
                }
            }
        }
        if in_prompt {
            self.end_change();
        }
        if all {
            cx.say(Tone::Info, &format!("replaced {count}"));
        }
        let from = (self.focus, self.field().map_or(0, TextEditor::cursor));
        self.find = Some(Find { from, ..find });
        let text = self.find.as_ref().map(|find| find.text.clone()).unwrap_or_default();
        self.find_text(&text);
    }
}
