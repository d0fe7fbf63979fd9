//! The command line: commands, options, and the words that explain them.

mod batch;
mod run;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub use batch::BatchArgs;
pub use run::RunArgs;

use super::history::{Column, USUAL};

/// A terminal workbench for developing LLM prompts.
#[derive(Debug, Parser)]
#[command(
    name = "retort",
    version,
    about,
    long_about = "A terminal workbench for developing LLM prompts.\n\nWithout a command, retort opens the workbench: edit a prompt, run it on an input, watch the answer stream, see what it cost and whether it is good enough. The commands do the same without a screen.",
    after_help = EXAMPLES,
    disable_help_subcommand = true,
    propagate_version = true
)]
pub struct Cli {
    /// What to do; the workbench opens where nothing is named.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Opens the session of this name, or begins it.
    #[arg(long, value_name = "NAME")]
    pub session: Option<String>,

    /// How much goes into the log file: off, error, warn, info, debug, trace; warn where neither
    /// this nor `RETORT_LOG` says.
    #[arg(long, global = true, value_name = "LEVEL", value_enum, hide_possible_values = true)]
    pub log_level: Option<LogLevel>,
}

const EXAMPLES: &str = "Examples:
  retort                                      open the workbench
  retort run sentiment -m demo <<< 'Too late' one answer, no key needed
  retort run sentiment -i mail.txt            a file as the input
  retort run sentiment -i mail.txt --json | jq
  retort models --check                       what the configured providers serve
  retort doctor                               what is set up, what is missing

Files: `retort paths` prints where settings, prompts, runs, cache and log are.
Keys: OPENAI_API_KEY and ANTHROPIC_API_KEY work without any configuration.";

const PARAM_HELP: &str = "Sets a parameter: temperature, top_p, max_tokens, seed, reasoning_effort, stop, or \
                          any field the provider knows";

const COLUMNS_HELP: &str = "Shows these columns: run, age, started, prompt, version, target, provider, session, end, \
                            verdict, tokens, cost, took, first, attempts, grade, input, answer";

const HISTORY_EXAMPLES: &str = "Examples:
  retort history parcel                          runs with the text in prompt, input or answer
  retort history '\"never came\" verdict:failed since:7d -cached:yes'
  retort history model:gpt-4o-mini 'cost:>0.01' sort:cost --columns run,target,cost,input
  retort history error:any --json | jq -r .class
  retort history prune --older 90d

A query is words, \"phrases\" and filters, all of which have to hold; `-` before a filter turns it round (a query that
begins with one comes after `--`):
  model: provider: prompt: version: session: batch: run:   names, ids by their end
  end:done|failed|interrupted|cancelled|crashed|running    verdict:passed|failed    failed:CHECK
  error:any|CLASS   cached: demo: fallback: retried: pinned: yes|no
  since: until:     2026-11-25, 2026-11-25T09:30, 7d, 12h, yesterday
  cost: took: tokens: grade:    with < <= > >= =, as in cost:>0.01 took:>2s grade:<=2; grade:none
  sort:time|cost|took|tokens    -cost for the smallest first, unknown ones left out";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a prompt on one input and print the answer.
    #[command(after_help = run::EXAMPLES)]
    Run(RunArgs),

    /// Run prompts over a data set, and check every answer.
    #[command(after_help = batch::EXAMPLES)]
    Batch(Box<BatchArgs>),

    /// List the runs on record, those a query asks for, or look after them.
    #[command(after_help = HISTORY_EXAMPLES, args_conflicts_with_subcommands = true)]
    History(HistoryArgs),

    /// Show a run step by step: its texts, every attempt, every check.
    #[command(after_help = "Examples:\n  retort show 3f2a91c0\n  retort show 3f2a91c0 --json | jq .outcome.usage")]
    Show {
        /// The run's id, or its last digits as `retort history` lists them.
        run: String,
        /// Prints the whole record as JSON.
        #[arg(long)]
        json: bool,
    },

    /// Judge stored answers by a prompt's checks as they are now, without a call.
    #[command(
        after_help = "Examples:\n  retort score sentiment --dry-run\n  retort score sentiment since:7d model:gpt-4o-mini\n\nThe verdicts before are kept. What a judge model said of an answer is not asked again.\nExit status: 0 where every answer passes, 100 where one does not."
    )]
    Score(ScoreArgs),

    /// List the prompts, or show one.
    Prompts {
        /// What to do with them.
        #[command(subcommand)]
        action: Option<PromptsAction>,
    },

    /// List the models that can be named, with context, price and shutdown.
    Models {
        /// Asks each configured provider what it serves.
        #[arg(long)]
        check: bool,
    },

    /// List the workbench's actions and the keys they are on.
    Keys,

    /// Print where everything is kept.
    Paths,

    /// Check terminal, directories, settings, keys, providers and databases.
    Doctor,

    /// Look at the response cache, or empty it.
    Cache {
        /// What to do with it.
        #[command(subcommand)]
        action: CacheAction,
    },

    /// Print a completion script for a shell.
    #[command(after_help = "Example:\n  retort completions bash > ~/.local/share/bash-completion/completions/retort")]
    Completions {
        /// Which shell.
        shell: Shell,
    },

    /// Print the manual page.
    #[command(after_help = "Example:\n  retort man | man -l -")]
    Man,
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
}

/// `retort history`.
#[derive(Debug, Args)]
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
    #[arg(long, value_name = "COLUMN,…", value_delimiter = ',', value_enum, hide_possible_values = true,
        default_value = USUAL, help = COLUMNS_HELP, conflicts_with_all = ["json", "csv", "md"])]
    pub columns: Vec<Column>,

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
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
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
    },
    /// Put a copy in the record's place; what was there is moved aside.
    Restore {
        /// The copy.
        file: PathBuf,
    },
}

/// `retort prompts`.
#[derive(Debug, Subcommand)]
pub enum PromptsAction {
    /// List the prompts: the project's, yours, and the built-in ones.
    List,
    /// Print a prompt as its file holds it.
    Show {
        /// The prompt's name.
        name: String,
    },
    /// Print where a prompt's file is.
    Path {
        /// The prompt's name.
        name: String,
    },
    /// List the versions of a prompt that were run, with what came of each.
    Versions {
        /// The prompt's name.
        name: String,
    },
    /// Print what differs between two versions of a prompt.
    Diff {
        /// The prompt's name.
        name: String,
        /// The older version: its number, its name, or the beginning of its hash.
        from: String,
        /// The newer one; the prompt as it is saved where none is given.
        to: Option<String>,
    },
    /// Write a version over the prompt's file; what the file had becomes a version too.
    Restore {
        /// The prompt's name.
        name: String,
        /// The version: its number, its name, or the beginning of its hash.
        #[arg(value_name = "VERSION")]
        which: String,
    },
    /// Give a version a name.
    Name {
        /// The prompt's name.
        name: String,
        /// The version: its number, its name, or the beginning of its hash.
        #[arg(value_name = "VERSION")]
        which: String,
        /// Its name; an empty one takes the name away.
        to: String,
    },
}

/// `retort cache`.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum CacheAction {
    /// Print how many answers are stored, of how many that may be.
    Stats,
    /// Remove every stored answer.
    Clear,
}

/// How much goes into the log file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Nothing.
    Off,
    /// What failed for good.
    Error,
    /// Also what failed and was tried again.
    Warn,
    /// Also what was done.
    Info,
    /// Also how.
    Debug,
    /// Everything.
    Trace,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        _ => Err("write it as NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn values_may_hold_equal_signs() {
        assert_eq!(pair("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert!(pair("=x").is_err() && pair("x").is_err());
    }
}
