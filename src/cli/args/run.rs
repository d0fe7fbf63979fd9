//! `retort run` on the command line.

use std::path::PathBuf;

use clap::Args;

use super::{PARAM_HELP, pair, whole};
use crate::cli::Exit;

const EXAMPLES: &str = "Examples:
  retort run sentiment -i mail.txt
  echo 'Where is my parcel?' | retort run sentiment
  retort run ./prompts/triage.toml -i mail.txt -m gpt-4o-mini -m claude-haiku-4-5
  retort run sentiment -i mail.txt -m gpt-4o-mini -m local --samples 5 --diff
  retort run sentiment -i mail.txt -m gpt-4o-mini -m local --md >> notes.md
  retort run reply -i mail.txt --var tone=friendly --param temperature=0.7
  retort run sentiment -i mail.txt --json | jq -r 'select(.event == \"ended\").outcome.text'

The answer goes to standard output, byte for byte where that is a file or a pipe; everything else
goes to standard error.";

/// What stands below the options.
pub(super) fn after_help() -> String {
    format!("{EXAMPLES}\n\n{}", Exit::help())
}

/// `retort run`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct RunArgs {
    /// The prompt: a name that `retort prompts` lists, or the path of a .toml file.
    pub prompt: String,

    /// Reads the input from a file, or from standard input with `-`.
    #[arg(short, long, value_name = "FILE|-")]
    pub input: Option<PathBuf>,

    /// Runs on this model; given several times, on each, side by side.
    #[arg(short, long, value_name = "MODEL")]
    pub model: Vec<String>,

    /// Sets a variable of the prompt.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,

    /// Sets a parameter of the prompt.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair, help = PARAM_HELP)]
    pub params: Vec<(String, String)>,

    /// Asks each model this many times, to see how much the answers vary.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = |text: &str| whole::<u32>(text, 1, 100))]
    pub samples: u32,

    /// Shows only what differs from the first model's answer.
    #[arg(long, conflicts_with = "json")]
    pub diff: bool,

    /// Prints a table in Markdown: a column for each model, a row for each figure and each field.
    #[arg(long, conflicts_with = "json")]
    pub md: bool,

    /// Prints every event of each run as a line of JSON; the last one of a run is `ended`.
    #[arg(long)]
    pub json: bool,
    /// With `--json`, prints the answer as it comes and not once it is whole; what was printed
    /// cannot be taken back, so the run does not start over after the first text.
    #[arg(long, requires = "json")]
    pub live: bool,

    /// Judges by this model where a rubric names none.
    #[arg(long, value_name = "MODEL")]
    pub judge: Option<String>,

    /// Agrees, for this run, to what the project's prompt asks for; `retort trust` shows it.
    #[arg(long)]
    pub trust: bool,

    /// Exits with 0 also where a check could not run.
    #[arg(long)]
    pub allow_inconclusive: bool,

    /// Neither reads nor writes the response cache.
    #[arg(long, conflicts_with = "fresh")]
    pub no_cache: bool,

    /// Asks again and stores the new answer.
    #[arg(long)]
    pub fresh: bool,
}
