//! What every overlay is: one interface, and what its hints and sizes are made with.

use std::{fmt::Debug, sync::Arc, time::Instant};

use crossterm::event::KeyCode;
use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::{Action, OverlayAction, Verb},
        context::{Scene, Shared},
        intent::Intent,
    },
    model::{AnswerSource, Outcome, Quality},
    pipeline::TimedEvent,
    widgets::{
        document::{DocumentBlock, DocumentView, caret, draw_text},
        form::Form,
        interactive::Interactive,
        key::Chord,
        line_input::LineInput,
        text_editor::TextEditor,
        theme::Role,
    },
};

/// What becomes of an overlay after something was done in it.
#[derive(Debug, Clone)]
pub enum After {
    Stay,
    /// It stays, and something follows elsewhere.
    StayAnd(Intent),
    Close,
    /// It closes, and something follows elsewhere.
    CloseAnd(Intent),
}

/// What an overlay can read. It changes nothing elsewhere: it returns an [`Intent`].
#[derive(Clone, Copy)]
pub struct OverlayCx<'a> {
    /// What all screens share.
    pub shared: &'a Shared,
    /// What goes on at the bench below it.
    pub below: &'a Below<'a>,
}

/// What goes on at the bench while an overlay lies over it.
#[derive(Debug, Clone, Default)]
pub struct Below<'a> {
    /// The run that each lane shows.
    pub runs: Vec<LiveRun<'a>>,
    /// Where the text that is searched was found: the place of the hit, counted from 1, and how many there are.
    pub found: Option<(usize, usize)>,
    /// Whether what is searched is a text that can be changed.
    pub replaceable: bool,
    /// The target of each lane and the answer that it shows, once that is there.
    pub outcomes: Vec<(&'a str, Option<&'a Outcome>)>,
}

/// What a lane shows of a run, which may be under way, or what it would run.
#[derive(Debug, Clone, Default)]
pub struct LiveRun<'a> {
    pub target: &'a str,
    /// The name of the prompt it was asked with, if it has one.
    pub prompt_name: Option<&'a str>,
    /// When it began; none where nothing was run.
    pub started: Option<Instant>,
    /// What has happened so far.
    pub events: &'a [TimedEvent],
    /// What it was asked with; where nothing was run, what would be asked.
    pub source: Option<&'a Arc<AnswerSource>>,
    /// The verdicts that count now.
    pub quality: Option<&'a Quality>,
    /// Whether it is under way.
    pub is_running: bool,
    /// How much of the answer has come, in bytes.
    pub raw_len: usize,
    /// Whether its answer is an old one.
    pub is_old: bool,
    /// What an old answer is from, or since when one is on record.
    pub note: String,
}

/// A key, or keys, with what they do.
pub type Hint = (String, String);

/// One overlay: its state, what is done in it, and how it is drawn.
pub trait OverlayPart: Debug {
    /// Returns the title of the frame.
    fn title(&self) -> &'static str;

    /// Returns what stands at the left of the frame, in so many columns.
    fn heading(&self, scene: Scene<'_>, _width: u16) -> Line<'static> {
        Line::from(scene.span(self.title(), Role::Title))
    }

    /// Tells whether it takes the place of the screen it lies over: all between header and status, its keys in the
    /// footer.
    fn is_screen(&self) -> bool {
        false
    }

    /// Tells whether the screen says nothing of models, prompts, cost or time as long as it is open: an answer is judged
    /// without knowing whose it is.
    fn hides_names(&self) -> bool {
        false
    }

    /// Returns what stands at the right of the frame: how many there are, which lane it is.
    fn beside(&self, _scene: Scene<'_>) -> Line<'static> {
        Line::default()
    }

    /// Returns width and height wished for, border included; none for what has no frame and takes the status line.
    fn size(&self) -> Option<(u16, u16)>;

    /// Returns its keys, without the way out.
    fn hints(&self, scene: Scene<'_>) -> Vec<Hint>;

    /// Returns what the key does that closes it.
    fn way_out(&self) -> &'static str {
        "back"
    }

    /// Returns the line that its list is narrowed by.
    fn query(&self) -> Option<&LineInput> {
        None
    }

    /// Returns the part of it that has the keys.
    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        None
    }

    /// Takes a key before the key map does; none where the key is for the key map.
    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        self.interactive().is_some_and(|part| part.key(chord)).then_some(After::Stay)
    }

    /// Takes a paste into the line being typed.
    fn paste(&mut self, text: &str) -> After {
        if let Some(part) = self.interactive() {
            part.paste(text);
        }
        After::Stay
    }

    /// Moves the choice, or the window, by rows.
    fn step(&mut self, by: isize) {
        if let Some(part) = self.interactive() {
            part.step(by);
        }
    }

    /// Moves by a page, given in rows.
    fn page(&mut self, by: isize) {
        self.step(by);
    }

    /// Takes a click on a row and a column of the body. Tells whether something was chosen that is to be accepted.
    fn click(&mut self, row: usize, _column: usize) -> bool {
        self.interactive().is_some_and(|part| part.click(row))
    }

    /// Takes a click on a row and a column of the body, and does what follows.
    fn press(&mut self, row: usize, column: usize, cx: OverlayCx<'_>) -> After {
        if self.click(row, column) { self.accept(cx) } else { After::Stay }
    }

    /// Takes a click on a column of the heading, which is so wide.
    fn press_heading(&mut self, _column: usize, _width: usize) -> After {
        After::Stay
    }

    /// Changes how many calls may be under way at once, where it is about that.
    fn change_calls(&mut self, _by: isize, _cx: OverlayCx<'_>) -> After {
        After::Stay
    }

    /// Does an action of its own. An overlay names those that it has and leaves all others to one arm that does nothing:
    /// whose an action is, the table of actions says, as its group.
    fn act(&mut self, _action: OverlayAction, _cx: OverlayCx<'_>) -> After {
        After::Stay
    }

    /// Takes what is chosen or filled in.
    fn accept(&mut self, cx: OverlayCx<'_>) -> After;

    /// Leaves it without taking anything.
    fn leave(&mut self) -> After {
        After::Close
    }

    /// Takes in what has changed elsewhere and keeps what is chosen in sight, before it is drawn on `body`.
    fn fit(&mut self, body: Rect, _cx: OverlayCx<'_>) {
        if let Some(part) = self.interactive() {
            part.fit(usize::from(body.height));
        }
    }

    /// Draws what is inside the frame; of one without a frame, the status line.
    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer);
}

/// A text of several lines that is typed in an overlay, where enter accepts and alt-enter begins a line.
#[derive(Debug, Clone)]
pub struct TextArea {
    pub editor: TextEditor,
    view: DocumentView,
}

impl TextArea {
    /// Begins with a text, the caret at its start.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self { editor: TextEditor::of(text), view: DocumentView::default() }
    }

    /// Lists what can be done: to accept, in a word of its overlay, and what every such text takes.
    pub(crate) fn hints(scene: Scene<'_>, accept: &str) -> Vec<Hint> {
        vec![
            hint(scene, Verb::Accept, accept),
            ("alt-enter".to_owned(), "new line".to_owned()),
            hint(scene, OverlayAction::UndoText, "undo"),
        ]
    }

    /// Takes a key. Tells whether it meant anything to the text.
    pub(crate) fn key(&mut self, chord: Chord) -> bool {
        if chord.code() == KeyCode::Enter {
            if chord.alt() {
                self.editor.paste("\n");
            }
            return chord.alt();
        }
        chord.is_for_fields() && self.editor.key(chord.typed(), self.view.columns(0))
    }

    /// Moves the caret by rows.
    pub(crate) fn step(&mut self, by: isize) {
        let wide = self.view.columns(0);
        for _ in 0..by.unsigned_abs() {
            if !self.editor.step_row(by > 0, wide) {
                break;
            }
        }
    }

    /// Takes the last edit back, or makes it again.
    pub(crate) fn act(&mut self, action: OverlayAction) {
        match action {
            OverlayAction::UndoText => drop(self.editor.undo()),
            OverlayAction::RedoText => drop(self.editor.redo()),
            _ => {}
        }
    }

    /// Lays the text out in an area.
    pub(crate) fn fit(&mut self, area: Rect) {
        self.view.fit(&[DocumentBlock::Text(&self.editor, 0)], 0, area.width.saturating_sub(2), area.height);
    }

    /// Draws the text with the caret in it: each row behind a mark.
    pub(crate) fn draw(&self, scene: Scene<'_>, area: Rect, buffer: &mut Buffer) {
        for (row, place) in self.view.rows().iter().zip(area.rows()) {
            let Some(row) = &row.text else { continue };
            let inside = Rect { x: place.x + 2.min(place.width), width: place.width.saturating_sub(2), ..place };
            buffer.set_line(place.x, place.y, &Line::from(scene.span("›", Role::Focus)), 1);
            draw_text(&self.editor, row, scene.theme.style(Role::Text), inside, buffer);
            if let Some(at) = caret(&self.editor, row, inside) {
                scene.caret.set(Some(at));
                buffer.set_style(Rect { x: at.x, y: at.y, width: 1, height: 1 }, scene.theme.style(Role::Cursor));
            }
        }
    }
}

/// Makes the hint of an action in an overlay.
pub(crate) fn hint(scene: Scene<'_>, action: impl Into<Action>, does: &str) -> Hint {
    (scene.key_where(action, false), does.to_owned())
}

/// Makes the hint of the keys that move.
pub(crate) fn arrows(does: &str) -> Hint {
    ("↑↓".to_owned(), does.to_owned())
}

/// Counts the rows of an overlay with its frame, given those of its body, and at least so many.
pub(crate) fn framed(rows: usize, least: u16) -> u16 {
    u16::try_from(rows + 4).unwrap_or(u16::MAX).max(least)
}

/// Returns width and height of an overlay with a form, its frame included.
pub(crate) fn form_size(form: &Form) -> (u16, u16) {
    (88, framed(form.rows.len() + 2, 8))
}
