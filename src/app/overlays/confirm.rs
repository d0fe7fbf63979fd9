//! A question with a yes and a no, and what a yes leads to.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, Intent},
        overlay::{After, Hint, OverlayCx, OverlayPart, framed, hint},
    },
    eval::whatif::Threshold,
    store::api::{NewThreshold, PromptMove},
    text::{Wrapped, clean},
    widgets::{key::Chord, theme::Role},
};

/// Columns that a row of the question has for sure.
const ROOM: usize = 54;

/// How long a question that comes by itself takes no key: it must not be answered by what is being typed.
const UNSEEN: Duration = Duration::from_millis(300);

/// A question with its two answers.
#[derive(Debug, Clone)]
pub struct Confirm {
    /// The question.
    pub text: String,
    /// What enter does, in words.
    pub yes: &'static str,
    /// What follows a yes.
    pub then: Intent,
    /// What else can be answered: the letter, what it does, and what follows.
    pub others: Vec<(char, &'static str, Intent)>,
    /// When the question came, if it came by itself.
    pub since: Option<Instant>,
}

impl Confirm {
    /// Makes a question that somebody's own action has led to.
    #[must_use]
    pub fn new(text: impl Into<String>, yes: &'static str, then: Intent) -> Self {
        Self { text: text.into(), yes, then, others: Vec::new(), since: None }
    }

    /// Tells whether it has only just come, so that a key was not meant for it.
    fn is_unseen(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.saturating_duration_since(since) < UNSEEN)
    }

    /// Breaks the question into rows of a width.
    fn wrapped(&self, width: usize) -> Wrapped {
        let mut rows = Wrapped::new(width);
        rows.push(&clean(&self.text));
        rows
    }
}

/// Asks whether a prompt is deleted.
pub(crate) fn delete_prompt(name: String) -> Confirm {
    let text = format!("Delete prompt {name}? Its file is moved aside; its runs stay.");
    Confirm::new(text, "Delete", Intent::Bench(BenchIntent::MovePrompt(PromptMove::Remove(name))))
}

impl OverlayPart for Confirm {
    fn title(&self) -> &'static str {
        "Confirm"
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((64, framed(self.wrapped(ROOM).rows(), 7) - 1))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let others = self.others.iter().map(|(key, does, _)| (key.to_string(), (*does).to_owned()));
        [hint(scene, Verb::Accept, self.yes)].into_iter().chain(others).collect()
    }

    fn way_out(&self) -> &'static str {
        "Cancel"
    }

    fn key(&mut self, chord: Chord, cx: OverlayCx<'_>) -> Option<After> {
        if self.is_unseen(cx.shared.now.at) {
            return Some(After::Stay);
        }
        let key = chord.text()?;
        let answer = self.others.iter().find(|(own, ..)| *own == key);
        answer.map(|(.., then)| After::CloseAnd(then.clone()))
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        After::CloseAnd(self.then.clone())
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        let rows = self.wrapped(usize::from(body.width));
        for (row, place) in (0..rows.rows()).zip(body.rows()) {
            let line = Line::from(scene.span(rows.row(row).text, Role::Text));
            buffer.set_line(place.x, place.y, &line, place.width);
        }
    }
}

/// Returns the question whether a threshold is to be written to a prompt's file, and what is written after a yes.
pub(crate) fn threshold_question(name: &str, knob: &Threshold, chosen: f64, file: &Path) -> (String, NewThreshold) {
    let key = knob.key.last().map(String::as_str).unwrap_or_default();
    let of = if knob.is_of_response() { String::new() } else { format!(" of the check {}", knob.rule) };
    let weight = if knob.weightless { " The check has weight 0 and goes on failing nothing." } else { "" };
    let text = format!("Write {key} = {chosen}{of} to {}? It is {} now.{weight}", file.display(), knob.shown_present());
    (text, NewThreshold { name: name.to_owned(), rule: knob.rule.clone(), before: knob.present, value: chosen })
}
