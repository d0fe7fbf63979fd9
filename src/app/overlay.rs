//! What lies over the bench: one enum, a stack of them, the last on top.
//!
//! Inside its border an overlay with a list has the query in its first row, a hint in its last, and
//! the list between ([`Overlay::body`]); the others use all rows but the last, which is the hint.

pub mod accounts;
pub mod against;
pub mod alike;
pub mod confirm;
pub mod copy;
pub mod form;
pub mod grade;
pub mod help;
pub mod judges;
pub mod models;
pub mod params;
pub mod versions;
pub mod xray;

use ratatui::layout::{Margin, Rect};

use super::{action::Action, choice::Choice, chord::Chord, history::column::Column, line::Line};
use crate::store::names;
pub use against::Bases;
pub use alike::Alike;
pub use confirm::{Confirm, Then};
pub use copy::CopyAs;
pub use form::Form;
pub use grade::Grading;
pub use help::Help;
pub use models::Models;
pub use versions::Versions;
pub use xray::Xray;

/// One overlay.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The keys for what has the focus.
    Help(Help),
    /// Every action.
    Palette(Choice<Action>),
    /// The models a lane can have.
    Models(Models),
    /// Parameters and response.
    Params(Form),
    /// Parameters of a lane's own, by the lane's place.
    LaneParams(usize, Form),
    /// How many samples each lane makes.
    Samples(Form),
    /// The values of the prompt's variables.
    Variables(Form),
    /// The prompts.
    Prompts(List),
    /// The sessions.
    Sessions(List),
    /// The rows of a data set.
    Rows(List),
    /// What the lanes can be compared with.
    Against(Bases),
    /// The versions of the prompt.
    Versions(Box<Versions>),
    /// What can be said of an answer.
    Grade(Grading),
    /// A lane's answers in groups.
    Groups(Alike),
    /// One name, to be typed.
    Name(Name),
    /// A run step by step.
    Xray(Xray),
    /// In what form to copy.
    Copy(Choice<CopyAs>),
    /// The columns of the history, and which are shown.
    Columns(Choice<Option<Column>>),
    /// A text to be searched while it is typed; it lies on the status line.
    Search(Line),
    /// A question.
    Confirm(Confirm),
}

/// A list that the store is asked for.
#[derive(Debug, Clone)]
pub struct List {
    /// The names of what can be opened.
    pub choice: Choice<String>,
    /// True until the store has answered.
    pub loading: bool,
}

impl Default for List {
    fn default() -> Self {
        Self { choice: Choice::new(Vec::new()), loading: true }
    }
}

/// What a name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameFor {
    /// The prompt's file.
    Prompt,
    /// A session that has one already.
    RenameSession,
    /// A session that begins.
    NewSession,
    /// A version of the prompt; it can be any line.
    Version,
    /// A prompt that begins from a version.
    Fork,
    /// None: what is typed is a comment on an answer.
    Comment,
    /// The input on the bench.
    Input,
    /// The file an input is in.
    InputFile,
}

/// One name being typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// What it is for.
    pub what: NameFor,
    /// The name so far.
    pub line: Line,
    /// Why it cannot be used, once that was tried.
    pub fault: Option<String>,
}

impl Name {
    /// Returns the name if it can be what it is for, or why not.
    pub fn checked(&self) -> Result<String, String> {
        let name = self.line.text().trim().to_owned();
        match self.what {
            NameFor::InputFile if name.is_empty() => return Err("type the path of a file".to_owned()),
            NameFor::Version | NameFor::Comment | NameFor::Input | NameFor::InputFile => return Ok(name),
            NameFor::Prompt | NameFor::Fork | NameFor::RenameSession | NameFor::NewSession => {}
        }
        let what = if matches!(self.what, NameFor::Prompt | NameFor::Fork) { "prompt" } else { "session" };
        match names::check(what, &name) {
            Ok(()) => Ok(name),
            Err(_) if name.is_empty() => Err("type a name".to_owned()),
            Err(fault) => Err(fault.message),
        }
    }

    /// Says what is asked for.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.what {
            NameFor::Prompt => "Save the prompt as",
            NameFor::RenameSession => "Rename the session",
            NameFor::NewSession => "Name the new session",
            NameFor::Version => "Name the version",
            NameFor::Fork => "Begin a prompt from the version as",
            NameFor::Comment => "Comment on the answer",
            NameFor::Input => "Name the input",
            NameFor::InputFile => "Load an input",
        }
    }
}

impl Overlay {
    /// Returns the title of the frame.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Help(_) => "Help",
            Self::Palette(_) => "All actions",
            Self::Models(models) => models.title(),
            Self::Params(_) => "Parameters",
            Self::LaneParams(..) => "Parameters of this lane",
            Self::Samples(_) => "Samples",
            Self::Variables(_) => "Variables",
            Self::Prompts(_) => "Prompts",
            Self::Sessions(_) => "Sessions",
            Self::Rows(_) => "Rows",
            Self::Against(_) => "Compare with",
            Self::Versions(_) => "Versions",
            Self::Grade(_) => "Grade",
            Self::Groups(_) => "Groups",
            Self::Name(name) => name.title(),
            Self::Xray(xray) => xray.title(),
            Self::Copy(_) => "Copy",
            Self::Columns(_) => "Columns",
            Self::Search(_) => "Search",
            Self::Confirm(_) => "Sure?",
        }
    }

    /// Returns width and height wished for, border included; none for what has no frame.
    #[must_use]
    pub fn size(&self) -> Option<(u16, u16)> {
        let rows = |rows: usize, least: u16| u16::try_from(rows + 4).unwrap_or(u16::MAX).max(least);
        match self {
            Self::Help(help) => Some((108, rows(help.rows.len(), 8))),
            Self::Palette(_) => Some((96, 30)),
            Self::Models(_) => Some((110, 30)),
            Self::Prompts(_) | Self::Sessions(_) | Self::Rows(_) | Self::Against(_) => Some((80, 22)),
            Self::Params(form) | Self::LaneParams(_, form) | Self::Samples(form) | Self::Variables(form) => {
                Some((88, rows(form.rows.len() + 2, 8)))
            }
            Self::Name(_) => Some((60, 6)),
            Self::Xray(xray) => Some((110, rows(xray.lines(), 12))),
            Self::Copy(choice) => Some((60, rows(choice.len(), 6))),
            Self::Columns(choice) => Some((60, rows(choice.len(), 6) - 1)),
            Self::Versions(_) => Some((116, 34)),
            Self::Grade(grading) => Some((44, rows(grading.choice.len(), 6) - 1)),
            Self::Groups(alike) => Some((100, rows(alike.lines(), 6))),
            Self::Search(_) => None,
            Self::Confirm(confirm) => Some((64, rows(confirm.rows(), 7) - 1)),
        }
    }

    /// Returns the rows between the query and the hint, given the overlay's whole area.
    #[must_use]
    pub fn body(&self, area: Rect) -> Rect {
        let inner = area.inner(Margin::new(1, 1));
        let query = u16::from(self.has_query()).min(inner.height);
        Rect { y: inner.y + query, height: inner.height.saturating_sub(query + 1), ..inner }
    }

    fn has_query(&self) -> bool {
        matches!(
            self,
            Self::Palette(_)
                | Self::Models(_)
                | Self::Prompts(_)
                | Self::Sessions(_)
                | Self::Rows(_)
                | Self::Against(_)
        )
    }

    /// Returns the line being typed into, if there is one.
    pub fn line_mut(&mut self) -> Option<&mut Line> {
        match self {
            Self::Palette(choice) => Some(&mut choice.query),
            Self::Models(models) => Some(&mut models.choice.query),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => Some(&mut list.choice.query),
            Self::Against(bases) => Some(&mut bases.choice.query),
            Self::Params(form) | Self::LaneParams(_, form) | Self::Samples(form) | Self::Variables(form) => {
                form.line_mut()
            }
            Self::Name(name) => Some(&mut name.line),
            Self::Search(line) => Some(line),
            Self::Help(_)
            | Self::Xray(_)
            | Self::Copy(_)
            | Self::Columns(_)
            | Self::Confirm(_)
            | Self::Versions(_)
            | Self::Grade(_)
            | Self::Groups(_) => None,
        }
    }

    /// Takes a key into the line being typed. Tells whether it meant anything to it.
    pub fn key(&mut self, chord: Chord) -> bool {
        match self {
            Self::Palette(choice) => choice.key(chord),
            Self::Models(models) => models.choice.key(chord),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.key(chord),
            Self::Against(bases) => bases.choice.key(chord),
            Self::Params(form) | Self::LaneParams(_, form) | Self::Samples(form) | Self::Variables(form) => {
                form.key(chord)
            }
            Self::Name(name) => {
                name.fault = None;
                name.line.key(chord).is_some()
            }
            Self::Search(line) => line.key(chord).is_some(),
            Self::Help(_)
            | Self::Xray(_)
            | Self::Copy(_)
            | Self::Columns(_)
            | Self::Confirm(_)
            | Self::Versions(_)
            | Self::Grade(_)
            | Self::Groups(_) => false,
        }
    }

    /// Takes a paste into the line being typed.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Palette(choice) => choice.paste(text),
            Self::Models(models) => models.choice.paste(text),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.paste(text),
            Self::Against(bases) => bases.choice.paste(text),
            other => {
                if let Some(line) = other.line_mut() {
                    line.paste(text);
                }
            }
        }
    }

    /// Moves the choice or the window by rows.
    pub fn step(&mut self, by: isize) {
        match self {
            Self::Help(help) => help.scroll(by),
            Self::Xray(xray) => xray.scroll(by),
            Self::Palette(choice) => choice.step(by),
            Self::Models(models) => models.choice.step(by),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.step(by),
            Self::Against(bases) => bases.choice.step(by),
            Self::Copy(choice) => choice.step(by),
            Self::Columns(choice) => choice.step(by),
            Self::Versions(versions) => versions.choice.step(by),
            Self::Grade(grading) => grading.choice.step(by),
            Self::Groups(alike) => alike.choice.step(by),
            Self::Params(form) | Self::LaneParams(_, form) | Self::Samples(form) | Self::Variables(form) => {
                form.step(by);
            }
            Self::Name(_) | Self::Search(_) | Self::Confirm(_) => {}
        }
    }

    /// Chooses by a row of the body, as a click does. Tells whether there was something to choose.
    pub fn choose_row(&mut self, row: usize) -> bool {
        match self {
            Self::Palette(choice) => choose(choice, row),
            Self::Models(models) => row.checked_sub(1).is_some_and(|row| choose(&mut models.choice, row)),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => choose(&mut list.choice, row),
            Self::Against(bases) => choose(&mut bases.choice, row),
            Self::Copy(choice) => choose(choice, row),
            Self::Columns(choice) => choose(choice, row),
            Self::Versions(versions) => {
                choose(&mut versions.choice, row);
                false
            }
            Self::Grade(grading) => choose(&mut grading.choice, row),
            Self::Groups(alike) => choose(&mut alike.choice, row),
            Self::Params(form) | Self::LaneParams(_, form) | Self::Samples(form) | Self::Variables(form) => {
                form.go(row);
                false
            }
            _ => false,
        }
    }

    /// Keeps what is chosen in sight, before drawing.
    pub fn fit(&mut self, area: Rect) {
        let body = self.body(area);
        let (width, height) = (body.width.saturating_sub(2), usize::from(body.height));
        match self {
            Self::Help(help) => help.fit(width, height),
            Self::Xray(xray) => xray.fit(width, height),
            Self::Palette(choice) => choice.fit(height),
            // The heads of the columns, the line on keys and the one on accounts take a row each.
            Self::Models(models) => models.choice.fit(height.saturating_sub(3)),
            Self::Prompts(list) | Self::Sessions(list) | Self::Rows(list) => list.choice.fit(height),
            Self::Against(bases) => bases.choice.fit(height),
            Self::Copy(choice) => choice.fit(height),
            Self::Columns(choice) => choice.fit(height),
            Self::Versions(versions) => versions.fit(body.inner(Margin::new(1, 0))),
            Self::Grade(grading) => grading.choice.fit(height),
            Self::Groups(alike) => alike.fit(height),
            Self::Params(_)
            | Self::LaneParams(..)
            | Self::Samples(_)
            | Self::Variables(_)
            | Self::Name(_)
            | Self::Search(_)
            | Self::Confirm(_) => {}
        }
    }
}

fn choose<T>(choice: &mut Choice<T>, row: usize) -> bool {
    let at = choice.top() + row;
    choice.choose(at);
    at < choice.len()
}
