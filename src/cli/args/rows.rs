//! The options of `retort rows`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::cli::args::{batch::dollars, whole};

pub(crate) const EXAMPLES: &str = "Examples:
  retort rows from-history 'prompt:reply grade:<=2 since:30d' --out cases.jsonl
  retort rows generate reply cases.jsonl --from gaps --n 20 --max-cost 0.50
  retort rows review reply.proposals.jsonl --into cases.jsonl
  retort rows review reply.proposals.jsonl --into cases.jsonl --accept 1 4 7

No row of a model's enters a data set before a person has taken it; each says where it comes from.";

/// `retort rows`.
#[derive(Debug, Subcommand)]
pub enum RowsAction {
    /// Make rows of the inputs of runs on record; nothing is asked.
    FromHistory(RowsFromHistoryArgs),
    /// Have a model propose rows: for what the rows there are do not cover, or like those that failed.
    Generate(RowsGenerateArgs),
    /// Go through proposed rows, and put those you take into a data set.
    Review(RowsReviewArgs),
}

/// `retort rows from-history`.
#[derive(Debug, Args)]
pub struct RowsFromHistoryArgs {
    /// Which runs, as `retort history` takes them.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,

    /// Adds the rows to this file, .jsonl or .csv; they are printed where there is none.
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Takes so many rows at most.
    #[arg(short, long, value_name = "N", default_value_t = 100, value_parser = |text: &str| whole::<usize>(text, 1, 10_000))]
    pub n: usize,
}

/// What rows are proposed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RowSourceArg {
    /// What the prompt asks.
    Task,
    /// What the rows there are do not cover.
    Gaps,
    /// The rows that failed in the newest batch.
    Failures,
}

/// `retort rows generate`.
#[derive(Debug, Args)]
pub struct RowsGenerateArgs {
    /// The prompt: its name, or the path of its file.
    pub prompt: String,

    /// The data set there is: what nearly equals one of its rows is not proposed.
    pub data: Option<PathBuf>,

    /// Asks this model; the one that judges where none is given.
    #[arg(long, value_name = "MODEL")]
    pub by: Option<String>,

    /// What the rows come from.
    #[arg(long, value_name = "WHAT", value_enum, default_value = "task")]
    pub from: RowSourceArg,

    /// Asks for so many rows.
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = |text: &str| whole::<usize>(text, 1, 200))]
    pub n: usize,

    /// Reads the rules of the prompt from a text file, one on each line, and does not ask for them.
    #[arg(long, value_name = "FILE")]
    pub rules: Option<PathBuf>,

    /// Stops before a call that may bring the cost beyond so many US dollars; the model needs a price.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub max_cost: Option<f64>,

    /// Makes so many calls at most.
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = |text: &str| whole::<u64>(text, 1, 1000))]
    pub max_calls: u64,

    /// Writes the proposals to this file, or adds them to it; PROMPT.proposals.jsonl where none is given.
    #[arg(short, long, value_name = "FILE.jsonl")]
    pub out: Option<PathBuf>,
}

/// `retort rows review`.
#[derive(Debug, Args)]
pub struct RowsReviewArgs {
    /// The file of proposals.
    pub file: PathBuf,

    /// The data set that rows are added to, .jsonl or .csv; it is made where it is not there.
    #[arg(long, value_name = "DATA")]
    pub into: Option<PathBuf>,

    /// Takes these proposals, by the numbers they are listed with.
    #[arg(long, value_name = "N", num_args = 1.., requires = "into")]
    pub accept: Vec<usize>,

    /// Takes the answers that are proposed for them, too, as what is expected.
    #[arg(long, requires = "accept")]
    pub with_expected: bool,

    /// Refuses these proposals.
    #[arg(long, value_name = "N", num_args = 1..)]
    pub reject: Vec<usize>,
}
