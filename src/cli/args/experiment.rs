//! `retort improve`, `retort ablate` and `retort bisect` on the command line: what they ask of which rows, and within which
//! limits.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    cli::args::{
        batch::{dollars, expected, form, time},
        pair, whole,
    },
    model::{dataset::DatasetFormat, expected::Expected},
};

/// The rows, the models and the limits of an experiment.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct ExperimentArgs {
    /// The prompt's name, or the path of its file.
    #[arg(value_name = "PROMPT")]
    pub prompt: String,

    /// The data set: .csv, .tsv, .jsonl, .json, .yaml, or a folder of texts.
    #[arg(value_name = "DATA")]
    pub data: PathBuf,

    /// Asks this model; without it, the prompt's first target, or the default model.
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<String>,

    /// Stops before a call that may bring the cost beyond so many US dollars; every model needs a price.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub max_cost: Option<f64>,

    /// Stops before a call that may bring the tokens, in and out, beyond this.
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,

    /// Stops before more calls of models than this, those of judges and proposers included.
    #[arg(long, value_name = "N")]
    pub max_calls: Option<u64>,

    /// Stops after this long, and cuts off what is under way: `90s`, `10m`, `2h`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub max_time: Option<Duration>,

    /// Draws by another seed: the order of rows, and what is shown of them.
    #[arg(hide_short_help = true, long, value_name = "N", default_value_t = 1)]
    pub seed: u64,

    /// Asks so many cells at once; fewer where a provider limits it.
    #[arg(hide_short_help = true, short = 'j', long, value_name = "N", value_parser = |text: &str| whole::<u16>(text, 1, 1024))]
    pub jobs: Option<u16>,

    /// Gives a column's values to a variable of another name; an empty one leaves the column out.
    #[arg(hide_short_help = true, long = "map", value_name = "COLUMN=VARIABLE", value_parser = pair)]
    pub maps: Vec<(String, String)>,

    /// Sets a variable for every row, whatever its columns say.
    #[arg(hide_short_help = true, long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,

    /// Reads the data set as csv, tsv, jsonl, json, yaml, lines or text, whatever its name says.
    #[arg(hide_short_help = true, long, value_name = "FORMAT", value_parser = form)]
    pub format: Option<DatasetFormat>,

    /// Compares each answer with the `expected` value of its row: equals, json, fields (those the value has),
    /// contains, off, or auto (fields, where the prompt asks for JSON and the value is a JSON object).
    #[arg(hide_short_help = true, long, value_name = "HOW", default_value = "auto", value_parser = expected)]
    pub expected: Expected,

    /// Judges by this model where a rubric names none.
    #[arg(hide_short_help = true, long, value_name = "MODEL")]
    pub judge: Option<String>,

    /// Begins anew, and does not take up what was asked before.
    #[arg(long)]
    pub new: bool,

    /// Agrees, for this run, to all that the prompt or the data set ask for; `retort trust` shows it.
    #[arg(hide_short_help = true, long)]
    pub trust: bool,

    /// Says what it would take and what it can show, and asks nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Prints each event as a line of JSON; the last line is the result.
    #[arg(long)]
    pub json: bool,
}

pub(crate) const IMPROVE_EXAMPLES: &str = "Examples:
  retort improve sentiment reviews.csv --max-cost 2 --dry-run
  retort improve sentiment reviews.csv --max-cost 2
  retort improve sentiment reviews.csv --by gpt-5.4 --candidates 4
  retort improve sentiment reviews.csv --max-cost 2 --accept

A model proposes edits from what failed; they are raced on a part of the rows, and the best one is tested once on rows that
nobody has looked at. Which rows are held out follows from their hash. Nothing is written but by --accept, or a yes.
What was answered is on record: the same command goes on, and with --accept writes what it has found.";

/// `retort improve`.
#[derive(Debug, Args)]
pub struct ImproveArgs {
    #[command(flatten)]
    pub common: ExperimentArgs,

    /// Has this model propose the edits; without it, the model that judges by default.
    #[arg(long, value_name = "MODEL")]
    pub by: Option<String>,

    /// Tries so many edits.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = |text: &str| whole::<u8>(text, 1, 24))]
    pub candidates: u8,

    /// Writes the prompt's file if an edit is shown to be better.
    #[arg(long)]
    pub accept: bool,
}

pub(crate) const ABLATE_EXAMPLES: &str = "Examples:
  retort ablate sentiment reviews.csv --dry-run
  retort ablate sentiment reviews.csv --max-cost 2

Parts are sentences, list items, and examples of a question with its answer; never a part of JSON, or one with a variable or a tag.
A prompt that is worse without a part is helped by it. What is not shown is not useless: the rows may be too few.";

/// `retort ablate`.
#[derive(Debug, Args)]
pub struct AblateArgs {
    #[command(flatten)]
    pub common: ExperimentArgs,
}

pub(crate) const BISECT_EXAMPLES: &str = "Examples:
  retort prompts versions sentiment
  retort bisect sentiment reviews.csv --good 3 --bad 9 --dry-run
  retort bisect sentiment reviews.csv --good before --bad 9 --max-cost 2

A version is named by its number, its name, or the beginning of its hash. Each is judged by the checks that the prompt has now.";

/// `retort bisect`.
#[derive(Debug, Args)]
pub struct BisectArgs {
    #[command(flatten)]
    pub common: ExperimentArgs,

    /// A version that was good.
    #[arg(long, value_name = "VERSION")]
    pub good: String,

    /// A later version that is bad.
    #[arg(long, value_name = "VERSION")]
    pub bad: String,
}
