//! The options of `retort history` and `retort score`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::{cli::args::whole, present::run_columns::RunColumn};

/// The columns that are shown where none are chosen.
const USUAL: &str = "run,age,prompt,target,end,verdict,tokens,cost,took,grade,answer";

fn columns_help() -> String {
    let names: Vec<&str> = RunColumn::by_commands().map(|column| column.spec().name).collect();
    format!("Shows these columns: {}", names.join(", "))
}

pub(crate) const EXAMPLES: &str = "Examples:
  retort history parcel                          runs with the text in prompt, input or answer
  retort history '\"never came\" verdict:failed since:7d -cached:yes'
  retort history model:gpt-5.4-mini 'cost:>0.01' sort:cost --columns run,target,cost,input
  retort history error:any --json | jq -r .class
  retort history prune --older 90d

A query is words, \"phrases\" and filters, all of which have to hold; `-` before a filter turns it round (a query that
begins with one comes after `--`):
  model: target: provider: prompt: version: session: batch: run:   names, ids by their end
  param:KEY=VALUE   a parameter as it was sent, as in param:temperature=0.7; param:KEY where any value will do
  end:done|failed|interrupted|cancelled|crashed|running    failed:CHECK
  verdict:passed|failed|inconclusive|unchecked|error|cancelled
  error:any|CLASS   cached: demo: judge: fallback: retried: pinned: yes|no
  since: until:     2026-11-25, 2026-11-25T09:30, 7d, 12h, yesterday
  cost: took: tokens: grade:    with < <= > >= =, as in cost:>0.01 took:>2s grade:<=2; grade:none
  sort:time|cost|took|tokens|verdict|grade    -cost for the smallest first, unknown ones left out";

/// `retort history`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct HistoryArgs {
    /// What to do with the runs.
    #[command(subcommand)]
    pub action: Option<HistoryAction>,

    /// Words and filters; every run where there are none.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,

    /// Lists so many runs at most.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub limit: usize,

    /// Lists all runs.
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,

    /// Shows these columns.
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', value_parser = RunColumn::named,
        default_value = USUAL, help = columns_help(), conflicts_with_all = ["json", "csv", "md"])]
    pub columns: Vec<RunColumn>,

    /// Writes a line of JSON for each run, its texts whole.
    #[arg(long, group = "form")]
    pub json: bool,

    /// Writes comma-separated values, the texts whole.
    #[arg(long, group = "form")]
    pub csv: bool,

    /// Writes a table in Markdown, the texts whole.
    #[arg(long, group = "form")]
    pub md: bool,
}

/// What can be done with runs on record.
#[derive(Debug, Subcommand)]
pub enum HistoryAction {
    /// Keep runs when others are pruned.
    Pin {
        /// The runs, by their ids or the ends of them.
        #[arg(required = true)]
        runs: Vec<String>,
    },
    /// Let pinned runs be pruned with the others.
    Unpin {
        /// The runs.
        #[arg(required = true)]
        runs: Vec<String>,
    },
    /// Say how good an answer is; the last grade of a run counts.
    Grade {
        /// The run.
        run: String,
        /// One to five stars.
        #[arg(long, value_parser = |text: &str| whole::<u8>(text, 1, 5))]
        stars: Option<u8>,
        /// It will do.
        #[arg(long, conflicts_with = "down")]
        up: bool,
        /// It will not do.
        #[arg(long)]
        down: bool,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        comment: Option<String>,
    },
    /// Remove runs for good.
    Delete {
        /// The runs.
        #[arg(required = true)]
        runs: Vec<String>,
        /// Removes them; without it, it is only told.
        #[arg(long)]
        yes: bool,
    },
    /// Tell what removing old runs would free, or remove them.
    Prune {
        /// Removes what is older than an age (90d, 12w) or than a day (2026-01-31).
        #[arg(long, value_name = "AGE|DAY")]
        older: String,
        /// Keeps pinned runs; the default.
        #[arg(long, conflicts_with = "drop_pinned")]
        keep_pinned: bool,
        /// Removes pinned runs too.
        #[arg(long)]
        drop_pinned: bool,
        /// Removes them; without it, it is only told.
        #[arg(long)]
        yes: bool,
    },
    /// Write a copy of the record of runs to a new file.
    Backup {
        /// The file.
        file: PathBuf,
        /// Replaces the file whatever it holds, but none of retort's own.
        #[arg(long)]
        force: bool,
    },
    /// Put a copy in the record's place; what was there is moved aside.
    Restore {
        /// The copy.
        file: PathBuf,
    },
}

/// `retort quality`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct QualityArgs {
    /// Sums up only what a query finds, as in `retort history`.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,

    /// Leaves out what started before an age (7d, 12h), a day or a time.
    #[arg(long, value_name = "AGE|DAY")]
    pub since: Option<String>,

    /// Leaves out what started then or later.
    #[arg(long, value_name = "AGE|DAY")]
    pub until: Option<String>,

    /// Weighs the runs that QUERY finds (B) against those that this one finds (A, the baseline), over the inputs
    /// both were run with.
    #[arg(long, value_name = "QUERY", conflicts_with_all = ["by", "prometheus"])]
    pub against: Option<String>,

    /// Exits with 100 if B is shown to be worse.
    #[arg(long, requires = "against")]
    pub fail_if_worse: bool,

    /// Tells what other thresholds of a rule (confidence, latency, …) would do to the answers, without a call.
    #[arg(long, value_name = "RULE", conflicts_with_all = ["against", "by", "md", "prometheus"])]
    pub what_if: Option<String>,

    /// Tries this threshold; may be given several times. Round ones are tried where none is given.
    #[arg(long, value_name = "VALUE", requires = "what_if", value_parser = number,
        allow_negative_numbers = true)]
    pub at: Vec<f64>,

    /// Groups by this.
    #[arg(long, value_enum, default_value = "model")]
    pub by: GroupingArg,

    /// Prints the report as JSON.
    #[arg(long, group = "form")]
    pub json: bool,

    /// Prints it in Markdown.
    #[arg(long, group = "form")]
    pub md: bool,

    /// Prints it in the text format of Prometheus.
    #[arg(long, group = "form")]
    pub prometheus: bool,
}

/// `retort calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Takes only the answers that a query finds, as in `retort history`.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,

    /// The check whose score is what is stated: the confidence, or a judge's score.
    #[arg(long, value_name = "CHECK", default_value = "confidence")]
    pub of: String,

    /// The check by which an answer is right; without it, its grade says so.
    #[arg(long, value_name = "CHECK")]
    pub by: Option<String>,

    /// The share of right answers that a threshold is looked for.
    #[arg(long, value_name = "SHARE", default_value_t = 0.9, value_parser = share)]
    pub precision: f64,

    /// Prints one line of JSON.
    #[arg(long)]
    pub json: bool,
}

/// Reads a share between none and all.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| 0.0 < *share && *share < 1.0);
    share.ok_or_else(|| "a number between 0 and 1 is wanted, such as 0.9".to_owned())
}

/// Reads a number that can be a threshold.
fn number(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
    number.ok_or_else(|| "a number is wanted, such as 0.7 or 2000".to_owned())
}

/// What runs are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GroupingArg {
    /// The model.
    Model,
    /// The provider.
    Provider,
    /// The prompt.
    Prompt,
    /// The prompt version.
    Version,
    /// The parameters that were sent.
    Params,
}

/// `retort score`.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// The prompt whose checks are applied to the answers to it.
    pub prompt: String,

    /// Judges only what a query finds, as in `retort history`.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,

    /// Tells what would change, and writes nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Prints a line of JSON for each answer with its verdicts, then a summary.
    #[arg(long)]
    pub json: bool,

    /// Exits with 0 also where checks could not run.
    #[arg(long)]
    pub allow_inconclusive: bool,
}
