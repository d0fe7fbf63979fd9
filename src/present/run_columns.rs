//! The columns of the list of runs: which there are, and which are shown.

use crate::widgets::{table, table::Width};

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunColumn {
    /// How long ago the run started.
    Age,
    /// How it came out: its end, its verdict.
    End,
    /// The prompt.
    Prompt,
    /// The target; what was asked for where another answered.
    Target,
    /// The prompt version.
    Version,
    /// The provider.
    Provider,
    /// The session.
    Session,
    /// Tokens in and out.
    Tokens,
    /// What it cost.
    Cost,
    /// How long it took.
    Took,
    /// The time to the first token.
    First,
    /// Attempts.
    Attempts,
    /// The grade.
    Grade,
    /// The last digits of the run's id.
    Run,
    /// The beginning of the input.
    Input,
    /// The beginning of the answer.
    Answer,
}

impl RunColumn {
    /// Every column, in the order in which they stand.
    pub const ALL: &[Self] = &[
        Self::Age,
        Self::End,
        Self::Prompt,
        Self::Target,
        Self::Version,
        Self::Provider,
        Self::Session,
        Self::Tokens,
        Self::Cost,
        Self::Took,
        Self::First,
        Self::Attempts,
        Self::Grade,
        Self::Run,
        Self::Input,
        Self::Answer,
    ];

    /// Returns its head.
    #[must_use]
    pub fn head(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::End => "verdict",
            Self::Prompt => "prompt",
            Self::Target => "model",
            Self::Version => "version",
            Self::Provider => "provider",
            Self::Session => "session",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
            Self::Took => "took",
            Self::First => "first",
            Self::Attempts => "tries",
            Self::Grade => "grade",
            Self::Run => "run",
            Self::Input => "input",
            Self::Answer => "answer",
        }
    }

    /// Says what it shows.
    #[must_use]
    pub fn says(self) -> &'static str {
        match self {
            Self::Age => "how long ago the run started",
            Self::End => "the checks that failed, or how it ended",
            Self::Prompt => "the prompt's name",
            Self::Target => "the model, and the one it fell back to",
            Self::Version => "the version of the prompt",
            Self::Provider => "the provider",
            Self::Session => "the session",
            Self::Tokens => "tokens in and out",
            Self::Cost => "what it cost",
            Self::Took => "how long it took",
            Self::First => "the time to the first token",
            Self::Attempts => "attempts made",
            Self::Grade => "what a person said of it",
            Self::Run => "the end of the run's id",
            Self::Input => "the beginning of the input",
            Self::Answer => "the beginning of the answer",
        }
    }

    /// Lists those that are shown at a width where none were chosen.
    #[must_use]
    pub fn usual(width: u16) -> Vec<Self> {
        let narrow = [Self::Age, Self::End, Self::Target, Self::Took, Self::Cost, Self::Answer];
        let wide = [
            Self::Age,
            Self::End,
            Self::Prompt,
            Self::Target,
            Self::Tokens,
            Self::Cost,
            Self::Took,
            Self::Grade,
            Self::Answer,
        ];
        if width < 110 { narrow.to_vec() } else { wide.to_vec() }
    }

    /// Returns the column as a table lays it out.
    #[must_use]
    pub fn laid_out(self) -> table::TableColumn {
        let width = match self {
            Self::Age | Self::Grade => Width::Fixed(6),
            Self::End | Self::Prompt => Width::Fixed(14),
            Self::Target => Width::Fixed(18),
            Self::Version | Self::Took | Self::First => Width::Fixed(7),
            Self::Provider | Self::Session => Width::Fixed(10),
            Self::Tokens => Width::Fixed(11),
            Self::Cost => Width::Fixed(9),
            Self::Attempts => Width::Fixed(5),
            Self::Run => Width::Fixed(8),
            Self::Input => Width::Share(2, 12),
            Self::Answer => Width::Share(3, 12),
        };
        let right = matches!(self, Self::Age | Self::Tokens | Self::Cost | Self::Took | Self::First | Self::Attempts);
        table::TableColumn { title: self.head().to_owned(), width, right }
    }
}
