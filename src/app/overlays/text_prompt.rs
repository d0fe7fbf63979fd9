//! One text to be typed: a name, the path of a file, a comment.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        action::Verb,
        context::Scene,
        intent::{BenchIntent, InboxStep, Intent, OncePut, OverlayIntent, SessionIntent, TrafficIntent},
        overlay::{After, Hint, OverlayCx, OverlayPart, hint},
        prompt_version::PlacedVersion,
    },
    config::names,
    model::{Grade, RunId, VersionId},
    store::api::PromptMove,
    text::wrapped_lines,
    widgets::{interactive::Interactive, key::Chord, line_input::LineInput, theme::Role},
};

/// What the words that are typed are used for.
#[derive(Debug, Clone, PartialEq)]
pub enum TextFor {
    /// The name of the prompt's file.
    Prompt,
    /// The new name of a prompt.
    RenamePrompt(String),
    /// The name of a copy of a prompt.
    DuplicatePrompt(String),
    /// The name of a session that has one already.
    RenameSession,
    /// The name of a session that begins.
    NewSession,
    /// The name of a version of the prompt; it can be any line.
    Version(VersionId),
    /// The name of a prompt that begins from a version.
    Fork(Box<PlacedVersion>),
    /// A comment on the answer of a run, beside the rest of its grade.
    Comment {
        run: RunId,
        /// Its grade so far.
        grade: Grade,
    },
    /// The name of the input on the bench.
    Input,
    /// The path of the file an input is in.
    InputFile,
    /// The path of the data set that rows of these runs are added to.
    RowsOfCalls(Vec<RunId>),
    /// Why what changed is rejected: one row, or all the rest.
    Rejection { rest: bool },
}

/// The text being typed.
#[derive(Debug, Clone, PartialEq)]
pub struct TextPrompt {
    pub what: TextFor,
    /// The text so far.
    pub line: LineInput,
    /// Why it cannot be used, once that was tried.
    pub error: Option<String>,
}

impl TextPrompt {
    /// Begins with a text.
    #[must_use]
    pub fn new(what: TextFor, text: &str) -> Self {
        Self { what, line: LineInput::of(text), error: None }
    }

    /// Returns the text if it can be what it is for, or why not.
    fn checked(&self) -> Result<String, String> {
        let text = self.line.text().trim().to_owned();
        let what = match self.what {
            TextFor::InputFile | TextFor::RowsOfCalls(_) if text.is_empty() => {
                return Err("type the path of a file".to_owned());
            }
            TextFor::Version(_)
            | TextFor::Comment { .. }
            | TextFor::Input
            | TextFor::InputFile
            | TextFor::Rejection { .. }
            | TextFor::RowsOfCalls(_) => return Ok(text),
            TextFor::Prompt | TextFor::Fork(_) | TextFor::RenamePrompt(_) | TextFor::DuplicatePrompt(_) => "prompt",
            TextFor::RenameSession | TextFor::NewSession => "session",
        };
        match names::check(what, &text) {
            Ok(()) => Ok(text),
            Err(_) if text.is_empty() => Err("type a name".to_owned()),
            Err(error) => Err(error.message),
        }
    }

    /// Returns what follows once the text can be used.
    fn leads_to(&self, text: String) -> After {
        let to_bench = |intent| After::CloseAnd(Intent::Bench(intent));
        match &self.what {
            TextFor::Prompt => to_bench(BenchIntent::SavePrompt(text)),
            TextFor::RenamePrompt(from) => {
                to_bench(BenchIntent::MovePrompt(PromptMove::Rename { from: from.clone(), to: text }))
            }
            TextFor::DuplicatePrompt(from) => {
                to_bench(BenchIntent::MovePrompt(PromptMove::Duplicate { from: from.clone(), to: text }))
            }
            TextFor::Version(version) => to_bench(BenchIntent::NameVersion { version: version.clone(), name: text }),
            TextFor::Fork(version) => {
                to_bench(BenchIntent::PutVersion { version: version.clone(), then: OncePut::SaveAs(text) })
            }
            TextFor::Comment { run, grade } => {
                After::CloseAnd(Intent::Grade { run: *run, grade: Grade { comment: text, ..grade.clone() } })
            }
            TextFor::Input => to_bench(BenchIntent::NameInput(text)),
            TextFor::InputFile => to_bench(BenchIntent::LoadInput(text)),
            TextFor::RowsOfCalls(runs) => {
                After::CloseAnd(Intent::Traffic(TrafficIntent::WriteRows { runs: runs.clone(), file: text }))
            }
            TextFor::Rejection { rest } => {
                After::CloseAnd(Intent::Overlay(OverlayIntent::Inbox(InboxStep::Reject { why: text, rest: *rest })))
            }
            TextFor::RenameSession => After::CloseAnd(Intent::Session(SessionIntent::Rename(text))),
            TextFor::NewSession => After::CloseAnd(Intent::Session(SessionIntent::New(text))),
        }
    }

    /// Says what may be typed.
    fn may_be(&self) -> &'static str {
        match self.what {
            TextFor::Version(_) | TextFor::Comment { .. } | TextFor::Input | TextFor::Rejection { .. } => "any words",
            TextFor::InputFile => "FILE, or FILE:ROW of a data set",
            TextFor::RowsOfCalls(_) => "NAME.jsonl or NAME.csv",
            TextFor::Prompt
            | TextFor::Fork(_)
            | TextFor::RenamePrompt(_)
            | TextFor::DuplicatePrompt(_)
            | TextFor::RenameSession
            | TextFor::NewSession => "letters, digits, - _ .",
        }
    }

    /// Says what becomes of it.
    fn becomes(&self) -> &'static str {
        match self.what {
            TextFor::Version(_) => "Leave empty to remove the name",
            TextFor::Comment { .. } => "is kept with the run",
            TextFor::Rejection { .. } => "stands in the baseline: the row fails until it is as it was",
            TextFor::Input => "stands in the title of its pane",
            TextFor::InputFile => "a text, or rows of .csv .tsv .jsonl .json",
            TextFor::RowsOfCalls(_) => "is made, or the rows are added at its end",
            TextFor::RenamePrompt(_) => "Its runs and versions go with it",
            TextFor::Prompt | TextFor::Fork(_) | TextFor::DuplicatePrompt(_) => "becomes prompts/NAME.toml",
            TextFor::RenameSession | TextFor::NewSession => "is found again under this name",
        }
    }
}

impl OverlayPart for TextPrompt {
    fn title(&self) -> &'static str {
        match self.what {
            TextFor::Prompt => "Save prompt as",
            TextFor::RenamePrompt(_) => "Rename prompt",
            TextFor::DuplicatePrompt(_) => "Duplicate prompt as",
            TextFor::RenameSession => "Rename session",
            TextFor::NewSession => "New session",
            TextFor::Version(_) => "Name version",
            TextFor::Fork(_) => "Fork version as",
            TextFor::Comment { .. } => "Comment on the answer",
            TextFor::Input => "Rename input",
            TextFor::InputFile => "Load input",
            TextFor::RowsOfCalls(_) => "Write rows of calls to",
            TextFor::Rejection { rest: false } => "Reject: why",
            TextFor::Rejection { rest: true } => "Reject all that is left: why",
        }
    }

    fn size(&self) -> Option<(u16, u16)> {
        Some((60, 7))
    }

    fn hints(&self, scene: Scene<'_>) -> Vec<Hint> {
        let accept = if matches!(self.what, TextFor::Rejection { .. }) { "Reject" } else { "Save" };
        vec![hint(scene, Verb::Accept, accept)]
    }

    fn interactive(&mut self) -> Option<&mut dyn Interactive> {
        Some(&mut self.line)
    }

    fn key(&mut self, chord: Chord, _cx: OverlayCx<'_>) -> Option<After> {
        Interactive::key(&mut self.line, chord).then(|| {
            self.error = None;
            After::Stay
        })
    }

    fn accept(&mut self, _cx: OverlayCx<'_>) -> After {
        match self.checked() {
            Ok(text) => self.leads_to(text),
            Err(error) => {
                self.error = Some(error);
                After::Stay
            }
        }
    }

    fn draw(&self, scene: Scene<'_>, body: Rect, buffer: &mut Buffer) {
        scene.line(&self.line, "› ", self.may_be(), Rect { height: 1, ..body }, buffer);
        let below = Rect { y: body.y.saturating_add(1), height: body.height.saturating_sub(1), ..body };
        let Some(error) = &self.error else {
            buffer.set_line(below.x, below.y, &Line::from(scene.span(self.becomes(), Role::Quiet)), below.width);
            return;
        };
        for (line, row) in wrapped_lines(&format!("✗ {error}"), below.width).into_iter().zip(below.rows()) {
            buffer.set_line(row.x, row.y, &Line::from(scene.span(line, Role::Fail)), row.width);
        }
    }
}
