//! A question with a yes and a no, and what a yes leads to.

use std::time::{Duration, Instant};

use crate::{model::RunId, store::api::NewThreshold};

/// Columns that a row of the question has for sure.
const ROOM: usize = 54;

/// How long a question that comes by itself takes no key: it must not be answered by what is being typed.
const UNSEEN: Duration = Duration::from_millis(300);

/// What a yes leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Then {
    /// Ends the program.
    Quit,
    /// Ends the program although the session is not saved.
    LeaveBehind,
    /// Asks for the name to save the prompt under.
    SavePromptAs,
    /// Opens a prompt over unsaved edits.
    OpenPrompt(String),
    /// Opens a session and stops what runs.
    OpenSession(String),
    /// Begins a session and stops what runs.
    NewSession(String),
    /// Replaces a prompt's file.
    ReplacePrompt(String),
    /// Closes a lane whose run is under way.
    CloseLane,
    /// Removes a run from the record.
    RemoveRun(RunId),
    /// Judges answers on record again.
    ScoreRuns,
    /// Writes a threshold to a prompt's file.
    SetThreshold(Box<NewThreshold>),
}

/// A question with its two answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirm {
    /// The question.
    pub text: String,
    /// What enter does, in words.
    pub yes: &'static str,
    /// What follows a yes.
    pub then: Then,
    /// What else can be answered: the letter, what it does, and what follows.
    pub others: Vec<(char, &'static str, Then)>,
    /// When the question came, if it came by itself.
    pub since: Option<Instant>,
}

impl Confirm {
    /// Makes a question that somebody's own action has led to.
    #[must_use]
    pub fn new(text: impl Into<String>, yes: &'static str, then: Then) -> Self {
        Self { text: text.into(), yes, then, others: Vec::new(), since: None }
    }

    /// Tells whether it has only just come, so that a key was not meant for it.
    #[must_use]
    pub fn is_unseen(&self, now: Instant) -> bool {
        self.since.is_some_and(|since| now.saturating_duration_since(since) < UNSEEN)
    }

    /// Returns what follows a letter.
    #[must_use]
    pub fn answer(&self, key: char) -> Option<Then> {
        self.others.iter().find(|(own, ..)| *own == key).map(|(.., then)| then.clone())
    }

    /// Returns how many rows the question takes, at most.
    pub(crate) fn rows(&self) -> usize {
        let mut rows = crate::text::Wrapped::new(ROOM);
        rows.push(&crate::text::clean(&self.text));
        rows.rows()
    }
}
