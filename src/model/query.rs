//! A question about the runs on record, written on one line: words to find, filters, an order.
//!
//! ```text
//! parcel "never came" C++ model:gpt-4o-mini failed:confidence since:7d cost:>0.01 -cached:yes sort:cost
//! ```

pub(crate) mod complete;
pub(crate) mod parse;

use std::time::Duration;

use jiff::{Timestamp, Zoned, tz::TimeZone};

pub use crate::model::query::{
    complete::{Vocabulary, complete, with_filter, with_sort, without_filters},
    parse::{BadQuery, FILTERS},
};
use crate::model::verdict::RunStatus;

/// A question about runs. Every part of it has to hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// Texts to be found in prompt, input or answer, as they are written.
    pub words: Vec<String>,
    /// What else has to hold.
    pub filters: Vec<Filter>,
    /// The order; the newest first where unset.
    pub sort: Sort,
    /// The time zone whose days are meant; UTC where unset.
    pub zone: Option<TimeZone>,
}

/// Something that has to hold of a run, or must not.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// Whether it must not hold.
    pub not: bool,
    pub what: What,
}

/// What can be asked of a run.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The model's name on the wire, or the target's.
    Model(String),
    /// The name of the target that answered, or was asked last.
    Target(String),
    /// The provider's name.
    Provider(String),
    /// A parameter as it was sent.
    Param {
        /// Its name, of the usual ones or of the further fields.
        key: String,
        /// Its value, as a person writes it; any where there is none.
        value: Option<String>,
    },
    /// All parameters as they were sent, in the record's own spelling; this has no word on the query line.
    Params(String),
    /// The prompt's name.
    Prompt(String),
    /// The beginning of the prompt version's hash, or its name.
    Version(String),
    /// The session's name.
    Session(String),
    /// The end of the batch's id.
    Batch(String),
    /// The end of the run's id.
    Run(String),
    /// How it ended: `done`, `failed`, `interrupted`, `cancelled`, `crashed`, `running`.
    End(String),
    /// How the run came out.
    Status(RunStatus),
    /// A check that failed.
    Failed(String),
    /// The class of the error, in words; any error where it is empty.
    Error(String),
    /// Whether the answer came from the cache.
    Cached(bool),
    /// Whether it is a demonstration.
    Demo(bool),
    /// Whether it is the run of a judge.
    Judge(bool),
    /// Whether another target than the requested one answered.
    FellBack(bool),
    /// Whether more than one attempt was made.
    Retried(bool),
    /// Whether it is kept when others are pruned.
    Pinned(bool),
    /// Started at this time or later.
    Since(Timestamp),
    /// Started before this time.
    Until(Timestamp),
    /// What it cost, in US dollars.
    Cost(QueryBound<f64>),
    /// How long it took.
    Took(QueryBound<Duration>),
    /// Tokens, in and out.
    Tokens(QueryBound<u64>),
    /// The stars it was given.
    Stars(QueryBound<u8>),
    /// Whether anybody graded it.
    Graded(bool),
}

/// A number and how it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct QueryBound<T> {
    /// How.
    pub sign: CompareSign,
    pub limit: T,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompareSign {
    Equal,
    Less,
    /// Less or equal.
    AtMost,
    Greater,
    /// Greater or equal.
    AtLeast,
}

impl CompareSign {
    /// Returns it as it is written: `=`, `<`, `<=`, `>`, `>=`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// In which order runs are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sort {
    pub by: SortBy,
    /// Whether the smallest come first, and the oldest.
    pub ascending: bool,
}

/// What runs can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    /// When they came on record.
    #[default]
    Time,
    /// What they cost; unknown last.
    Cost,
    /// How long their answers took; unknown last.
    Took,
    /// Tokens, in and out; unknown last.
    Tokens,
    /// How they came out, the worst first; those under way last.
    Verdict,
    /// The stars they were given, a thumb alone as four or two; those without a grade last.
    Grade,
}

impl SortBy {
    /// Every order, with its name on the query line.
    pub const ALL: &[(Self, &'static str)] = &[
        (Self::Time, "time"),
        (Self::Cost, "cost"),
        (Self::Took, "took"),
        (Self::Tokens, "tokens"),
        (Self::Verdict, "verdict"),
        (Self::Grade, "grade"),
    ];
}

impl Query {
    /// Reads a query line; `now` is what ages such as `7d` count back from, and the days and times that name no zone
    /// are those of its time zone.
    ///
    /// # Errors
    ///
    /// A key or a value that means nothing, with its place and what could stand there.
    pub fn parse(line: &str, now: &Zoned) -> Result<Self, BadQuery> {
        let zone = Some(now.time_zone().clone()).filter(|zone| *zone != TimeZone::UTC);
        Ok(Self { zone, ..parse::parse(line, now)? })
    }

    /// Returns the time zone whose days are meant.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// Narrows the question to the answers to a prompt, the newest first.
    #[must_use]
    pub fn answers_to(mut self, prompt: &str) -> Self {
        let filter = |what| Filter { not: false, what };
        self.filters.extend([filter(What::Prompt(prompt.to_owned())), filter(What::End("done".to_owned()))]);
        self.sort = Sort::default();
        self
    }

    /// Tells whether every run is meant.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.words.is_empty() && self.filters.is_empty()
    }
}
