//! The columns of a list of runs: one table for the workbench and for `retort history`.
//!
//! A new column is a variant, its [`ColumnSpec`] and a place in [`RunColumn::ALL`].

use std::time::Duration;

use jiff::Timestamp;

use crate::{
    model::{Grade, RunStatus, Thumb, VersionId, verdict::MAX_STARS},
    present::Width,
    store::api::HistoryEntry,
    text::format::{age, duration, spent, tokens},
};

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RunColumn {
    /// How long ago the run started.
    Age,
    /// When it started.
    Started,
    /// How it came out in few columns: the checks that failed, or how it ended.
    Outcome,
    /// How it ended.
    End,
    /// The verdict, and the checks that failed.
    Verdict,
    Prompt,
    /// The target; what was asked for before it where another answered.
    Target,
    /// The prompt version.
    Version,
    Provider,
    Session,
    /// Tokens in and out.
    Tokens,
    Cost,
    /// What its judges took.
    Judges,
    /// How long its answer took.
    Took,
    /// How long retort itself waited.
    Waited,
    /// The time to the first token.
    First,
    Attempts,
    Grade,
    /// The last digits of the run's id.
    Run,
    /// The beginning of the input.
    Input,
    /// The beginning of the answer.
    Answer,
}

/// What a cell stands for, from which a screen takes its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellTone {
    /// A text.
    Plain,
    /// What is seldom looked at, or is not there.
    Quiet,
    Number,
    /// Something else than was asked for.
    Origin,
    /// What a demonstration said.
    Demo,
    /// A run under way.
    Running,
    /// How a run came out.
    Status(RunStatus),
}

/// A cell of a column. Its text is raw: whoever shows it sanitizes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunCell {
    /// The text, which may be of several lines.
    pub text: String,
    /// What it stands for.
    pub tone: CellTone,
}

/// Where a column can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shells {
    /// On the screen and by `retort history`.
    Both,
    /// On the screen alone.
    Screen,
    /// By `retort history` alone.
    Commands,
}

/// All there is to say about a column.
#[derive(Debug)]
pub struct ColumnSpec {
    /// Its name on the command line; in capitals its head there.
    pub name: &'static str,
    /// Its head on the screen.
    pub heading: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Its width on the screen.
    pub width: Width,
    /// Whether it is set right.
    pub right: bool,
    /// Where it can be shown.
    pub shells: Shells,
    /// Writes the cell of a run.
    pub cell: fn(&HistoryEntry, Timestamp) -> RunCell,
}

const AGE: ColumnSpec = ColumnSpec {
    name: "age",
    heading: "age",
    about: "how long ago the run started",
    width: Width::Fixed(6),
    right: true,
    shells: Shells::Both,
    cell: |run, now| quiet(age(run.started, now)),
};

const STARTED: ColumnSpec = ColumnSpec {
    name: "started",
    heading: "started",
    about: "when the run started",
    width: Width::Fixed(20),
    right: false,
    shells: Shells::Commands,
    cell: |run, _| quiet(run.started.to_string()),
};

const OUTCOME: ColumnSpec = ColumnSpec {
    name: "outcome",
    heading: "verdict",
    about: "the checks that failed, or how it ended",
    width: Width::Fixed(14),
    right: false,
    shells: Shells::Screen,
    cell: |run, _| outcome(run),
};

const END: ColumnSpec = ColumnSpec {
    name: "end",
    heading: "end",
    about: "how it ended",
    width: Width::Fixed(14),
    right: false,
    shells: Shells::Commands,
    cell: |run, _| {
        plain(match &run.class {
            Some(class) => format!("{}: {class}", run.end),
            None if run.cached => "cached".to_owned(),
            None => run.end.clone(),
        })
    },
};

const VERDICT: ColumnSpec = ColumnSpec {
    name: "verdict",
    heading: "checks",
    about: "the verdict, and the checks that failed",
    width: Width::Fixed(14),
    right: false,
    shells: Shells::Commands,
    cell: |run, _| match run.status {
        None => quiet("–"),
        Some(status) => {
            let text = match status {
                RunStatus::Failed => format!("✗ {}", run.failed.join(", ")),
                RunStatus::Passed => "✓".to_owned(),
                RunStatus::Inconclusive | RunStatus::Unchecked | RunStatus::Error | RunStatus::Cancelled => {
                    status.word().to_owned()
                }
            };
            RunCell { text, tone: CellTone::Status(status) }
        }
    },
};

const PROMPT: ColumnSpec = ColumnSpec {
    name: "prompt",
    heading: "prompt",
    about: "the prompt's name",
    width: Width::Fixed(14),
    right: false,
    shells: Shells::Both,
    cell: |run, _| run.prompt_name.as_ref().map_or_else(|| quiet("–"), plain),
};

const TARGET: ColumnSpec = ColumnSpec {
    name: "target",
    heading: "model",
    about: "the model, and the one it fell back to",
    width: Width::Fixed(18),
    right: false,
    shells: Shells::Both,
    cell: |run, _| {
        if run.requested == run.target {
            plain(&run.target)
        } else {
            RunCell { text: answered_by(run), tone: CellTone::Origin }
        }
    },
};

const VERSION: ColumnSpec = ColumnSpec {
    name: "version",
    heading: "version",
    about: "the version of the prompt",
    width: Width::Fixed(7),
    right: false,
    shells: Shells::Both,
    cell: |run, _| quiet(run.version.as_ref().map_or_else(|| "–".to_owned(), VersionId::short)),
};

const PROVIDER: ColumnSpec = ColumnSpec {
    name: "provider",
    heading: "provider",
    about: "the provider",
    width: Width::Fixed(10),
    right: false,
    shells: Shells::Both,
    cell: |run, _| plain(&run.provider),
};

const SESSION: ColumnSpec = ColumnSpec {
    name: "session",
    heading: "session",
    about: "the session",
    width: Width::Fixed(10),
    right: false,
    shells: Shells::Both,
    cell: |run, _| plain(run.session.as_deref().unwrap_or("–")),
};

const TOKENS: ColumnSpec = ColumnSpec {
    name: "tokens",
    heading: "tokens",
    about: "tokens in and out",
    width: Width::Fixed(11),
    right: true,
    shells: Shells::Both,
    cell: |run, _| number(tokens(&run.tokens())),
};

const COST: ColumnSpec = ColumnSpec {
    name: "cost",
    heading: "cost",
    about: "what it cost",
    width: Width::Fixed(9),
    right: true,
    shells: Shells::Both,
    cell: |run, _| number(run.cost.to_string()),
};

const JUDGES: ColumnSpec = ColumnSpec {
    name: "judges",
    heading: "judges",
    about: "what its judges took",
    width: Width::Fixed(20),
    right: false,
    shells: Shells::Commands,
    cell: |run, _| number(run.judging.map_or_else(|| "–".to_owned(), |judging| spent(&judging.spent()))),
};

const TOOK: ColumnSpec = ColumnSpec {
    name: "took",
    heading: "took",
    about: "how long it took",
    width: Width::Fixed(7),
    right: true,
    shells: Shells::Both,
    cell: |run, _| time(run.took),
};

const WAITED: ColumnSpec = ColumnSpec {
    name: "waited",
    heading: "waited",
    about: "how long retort itself waited",
    width: Width::Fixed(7),
    right: true,
    shells: Shells::Commands,
    cell: |run, _| time(Some(run.waited)),
};

const FIRST: ColumnSpec = ColumnSpec {
    name: "first",
    heading: "first",
    about: "time to the first token",
    width: Width::Fixed(7),
    right: true,
    shells: Shells::Both,
    cell: |run, _| time(run.first_token),
};

const ATTEMPTS: ColumnSpec = ColumnSpec {
    name: "attempts",
    heading: "tries",
    about: "attempts made",
    width: Width::Fixed(5),
    right: true,
    shells: Shells::Both,
    cell: |run, _| number(run.attempts.to_string()),
};

const GRADE: ColumnSpec = ColumnSpec {
    name: "grade",
    heading: "grade",
    about: "what a person said of it",
    width: Width::Fixed(6),
    right: false,
    shells: Shells::Both,
    cell: |run, _| number(run.grade.as_ref().map_or_else(|| "–".to_owned(), grade)),
};

const RUN: ColumnSpec = ColumnSpec {
    name: "run",
    heading: "run",
    about: "the end of the run's id",
    width: Width::Fixed(8),
    right: false,
    shells: Shells::Both,
    cell: |run, _| quiet(run.run.short()),
};

const INPUT: ColumnSpec = ColumnSpec {
    name: "input",
    heading: "input",
    about: "the beginning of the input",
    width: Width::Share(2, 12),
    right: false,
    shells: Shells::Both,
    cell: |run, _| plain(&run.input),
};

const ANSWER: ColumnSpec = ColumnSpec {
    name: "answer",
    heading: "answer",
    about: "the beginning of the answer",
    width: Width::Share(3, 12),
    right: false,
    shells: Shells::Both,
    cell: |run, _| RunCell { text: run.answer.clone(), tone: if run.demo { CellTone::Demo } else { CellTone::Plain } },
};

fn plain(text: impl AsRef<str>) -> RunCell {
    RunCell { text: text.as_ref().to_owned(), tone: CellTone::Plain }
}

fn quiet(text: impl Into<String>) -> RunCell {
    RunCell { text: text.into(), tone: CellTone::Quiet }
}

fn number(text: String) -> RunCell {
    RunCell { text, tone: CellTone::Number }
}

fn time(time: Option<Duration>) -> RunCell {
    number(time.map_or_else(|| "–".to_owned(), duration))
}

/// Names who answered; who was asked before them, where that is another.
#[must_use]
pub fn answered_by(run: &HistoryEntry) -> String {
    if run.requested == run.target { run.target.clone() } else { format!("{} → {}", run.requested, run.target) }
}

/// How a run came out: what failed, or that it passed, or how it ended.
fn outcome(run: &HistoryEntry) -> RunCell {
    let from = if run.cached { "= " } else { "" };
    let Some(status) = run.status else {
        return RunCell { text: "▸ running".to_owned(), tone: CellTone::Running };
    };
    let words = match status {
        RunStatus::Failed => run.failed.join(", "),
        RunStatus::Passed => String::new(),
        RunStatus::Inconclusive | RunStatus::Unchecked => status.word().to_owned(),
        RunStatus::Error | RunStatus::Cancelled => run.class.clone().unwrap_or_else(|| run.end.clone()),
    };
    let text = format!("{from}{} {words}", mark(status)).trim_end().to_owned();
    RunCell { text, tone: CellTone::Status(status) }
}

/// Returns the glyph of a status, which says it without colour.
#[must_use]
pub fn mark(status: RunStatus) -> &'static str {
    match status {
        RunStatus::Passed => "✓",
        RunStatus::Failed => "✗",
        RunStatus::Error => "!",
        RunStatus::Inconclusive => "○",
        RunStatus::Unchecked => "–",
        RunStatus::Cancelled => "■",
    }
}

/// Writes a grade in a few columns: stars, a thumb, and whether there is a comment.
#[must_use]
pub fn grade(grade: &Grade) -> String {
    let stars = grade.stars.map(|stars| format!("{stars}/{MAX_STARS}"));
    let thumb = grade.thumb.map(|thumb| if thumb == Thumb::Up { "▲" } else { "▼" }.to_owned());
    let comment = (!grade.comment.is_empty()).then(|| "…".to_owned());
    stars.into_iter().chain(thumb).chain(comment).collect::<Vec<_>>().join(" ")
}

impl RunColumn {
    /// Every column, in the order in which they stand on the screen.
    pub const ALL: &[Self] = &[
        Self::Age,
        Self::Started,
        Self::Outcome,
        Self::End,
        Self::Verdict,
        Self::Prompt,
        Self::Target,
        Self::Version,
        Self::Provider,
        Self::Session,
        Self::Tokens,
        Self::Cost,
        Self::Judges,
        Self::Took,
        Self::Waited,
        Self::First,
        Self::Attempts,
        Self::Grade,
        Self::Run,
        Self::Input,
        Self::Answer,
    ];

    /// Looks up all there is to say about it.
    #[must_use]
    pub const fn spec(self) -> &'static ColumnSpec {
        match self {
            Self::Age => &AGE,
            Self::Started => &STARTED,
            Self::Outcome => &OUTCOME,
            Self::End => &END,
            Self::Verdict => &VERDICT,
            Self::Prompt => &PROMPT,
            Self::Target => &TARGET,
            Self::Version => &VERSION,
            Self::Provider => &PROVIDER,
            Self::Session => &SESSION,
            Self::Tokens => &TOKENS,
            Self::Cost => &COST,
            Self::Judges => &JUDGES,
            Self::Took => &TOOK,
            Self::Waited => &WAITED,
            Self::First => &FIRST,
            Self::Attempts => &ATTEMPTS,
            Self::Grade => &GRADE,
            Self::Run => &RUN,
            Self::Input => &INPUT,
            Self::Answer => &ANSWER,
        }
    }

    /// Lists the columns of the screen, in their order.
    pub fn on_screen() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|column| column.spec().shells != Shells::Commands)
    }

    /// Lists the columns of `retort history`, in their order.
    pub fn by_commands() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|column| column.spec().shells != Shells::Screen)
    }

    /// Finds the column of a name on the command line. The error lists them.
    pub fn named(name: &str) -> Result<Self, String> {
        Self::by_commands().find(|column| column.spec().name == name).ok_or_else(|| {
            let names: Vec<&str> = Self::by_commands().map(|column| column.spec().name).collect();
            format!("the columns are {}", names.join(", "))
        })
    }

    /// Lists those that are shown at a width where none were chosen.
    #[must_use]
    pub fn usual(width: u16) -> Vec<Self> {
        let narrow = [Self::Age, Self::Outcome, Self::Target, Self::Took, Self::Cost, Self::Answer];
        let wide = [
            Self::Age,
            Self::Outcome,
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_listed_once_under_a_name_of_its_own() {
        for column in RunColumn::ALL {
            let name = column.spec().name;
            assert_eq!(RunColumn::ALL.iter().filter(|other| other.spec().name == name).count(), 1, "{name}");
        }
        for name in ["run", "verdict", "end", "judges"] {
            assert_eq!(RunColumn::named(name).map(|column| column.spec().name), Ok(name));
        }
        assert!(RunColumn::named("outcome").unwrap_err().starts_with("the columns are age, started, end"));
        assert!(RunColumn::on_screen().all(|column| column.spec().shells != Shells::Commands));
    }
}
