//! The command line: commands, options, and the words that explain them.

pub(crate) mod batch;
pub(crate) mod blind;
pub(crate) mod drift;
pub(crate) mod experiment;
pub(crate) mod export;
pub(crate) mod history;
pub(crate) mod replay;
pub(crate) mod review;
pub(crate) mod rows;
pub(crate) mod schema;
pub(crate) mod serve;

use std::path::PathBuf;

use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue},
};
use clap_complete::Shell;

pub use crate::cli::args::{
    batch::BatchArgs,
    blind::BlindArgs,
    drift::DriftArgs,
    experiment::{AblateArgs, BisectArgs, ExperimentArgs, ImproveArgs},
    export::{ExportArgs, ExportForm},
    history::{CalibrateArgs, GroupingArg, HistoryAction, HistoryArgs, QualityArgs, ScoreArgs},
    replay::ReplayArgs,
    review::ReviewArgs,
    rows::RowsAction,
    schema::{SchemaAction, SchemaSourceArg},
    serve::{ServeArgs, TrafficArgs},
};
use crate::{cli::Exit, model::catalog::nearest};

/// The version, and how it was built.
pub const BUILD: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    "\ncommit    ",
    env!("BUILT_COMMIT"),
    "\ntarget    ",
    env!("BUILT_TARGET"),
    "\nprofile   ",
    env!("BUILT_PROFILE"),
    "\nfeatures  ",
    env!("BUILT_FEATURES"),
);

/// A terminal workbench for developing LLM prompts.
#[derive(Debug, Parser)]
#[command(
    name = "retort",
    version,
    long_version = BUILD,
    about,
    long_about = "A terminal workbench for developing LLM prompts.\n\nWithout a command, retort opens the workbench: edit a prompt, run it on an input, watch the answer stream, see what it cost and whether it is good enough. The commands do the same without a screen.",
    after_long_help = EXAMPLES,
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

    /// Prints for a screen reader, a fact a line.
    ///
    /// Each fact has its label, marks are words, nothing stands in columns, and no line is written over.
    #[arg(long, global = true)]
    pub plain: bool,

    /// Draws the workbench for a screen reader.
    ///
    /// It is drawn in ASCII with words for marks, nothing moves by itself, and the cursor is on the row that has the
    /// focus.
    #[arg(long)]
    pub accessible: bool,

    /// How much goes into the log file: off, error, warn, info, debug, trace.
    ///
    /// It is warn where neither this nor `RETORT_LOG` says.
    #[arg(long, global = true, value_name = "LEVEL", value_enum, hide_possible_values = true)]
    pub log_level: Option<LogLevel>,
}

impl Cli {
    /// Reads the command line. A command that is mistyped is told with the nearest there is.
    ///
    /// # Errors
    ///
    /// Returns what the command line is wrong in, or the help that it asks for.
    pub fn read() -> Result<Self, clap::Error> {
        Self::parsed().map_err(|mut error| {
            let command = Self::command();
            let known = command.get_subcommands().map(clap::Command::get_name);
            if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand)
                && error.get(ContextKind::SuggestedSubcommand).is_none()
                && let Some(near) = nearest(word, known)
            {
                let near = ContextValue::Strings(vec![near]);
                error.insert(ContextKind::SuggestedSubcommand, near);
            }
            // A text where the name of a file belongs.
            if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg)
                && !word.starts_with('-')
                && let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage)
                && usage.to_string().contains("retort run")
            {
                let tip = "the input is a file's, `--input FILE`, or comes from standard input: `--input -`";
                error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
            }
            error
        })
    }

    fn parsed() -> Result<Self, clap::Error> {
        Self::from_arg_matches(&with_pointers(Self::command(), "").try_get_matches()?)
    }
}

/// Points from the short help of a command to the long one, where that has more.
fn with_pointers(command: clap::Command, path: &str) -> clap::Command {
    let path = format!("{path} {}", command.get_name());
    let long = format!("{} --help", path.trim_start());
    let further = command.get_after_long_help().is_some() && command.get_after_help().is_none() && path != " retort";
    let command =
        if further { command.after_help(format!("`{long}` has all options, and examples.")) } else { command };
    command.mut_subcommands(|inner| with_pointers(inner, path.trim_start()))
}

/// Reads a whole number within limits.
fn whole<T: TryFrom<u64>>(text: &str, from: u64, to: u64) -> Result<T, String> {
    let number = text.trim().parse().ok().filter(|number| (from..=to).contains(number));
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| format!("write a whole number from {from} to {to}"))
}

const EXAMPLES: &str = "Examples:
  retort                                      open the workbench
  retort run sentiment -m demo <<< 'Too late' one answer, no key needed
  retort run sentiment -i mail.txt            a file as the input
  retort doctor                               what is set up, what is missing

Files: `retort paths` prints where settings, prompts, runs, cache and log are.
Keys: OPENAI_API_KEY and ANTHROPIC_API_KEY work without any configuration.";

const PARAM_HELP: &str = "Sets a parameter: temperature, top_p, max_tokens, seed, reasoning_effort, stop, or \
                          any field the provider knows";

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a prompt on one input and print the answer.
    #[command(after_long_help = after_long_help())]
    Run(RunArgs),

    /// Hold a conversation: each line is a turn, and each answer becomes a message.
    #[command(
        after_long_help = "Examples:\n  retort chat summary -m demo\n  printf 'Hello\\nAnd now?\\n' | retort chat reply\n\n/model NAME, /undo, /save NAME and /quit are commands."
    )]
    Chat(ChatArgs),

    /// Run prompts over a data set, and check every answer.
    #[command(after_long_help = batch::after_long_help())]
    Batch(Box<BatchArgs>),

    /// Have a model propose edits of a prompt, and test the best one on held-out rows.
    #[command(after_long_help = experiment::IMPROVE_EXAMPLES)]
    Improve(Box<ImproveArgs>),

    /// Tell which parts of a prompt matter: it is asked without each of them.
    #[command(after_long_help = experiment::ABLATE_EXAMPLES)]
    Ablate(Box<AblateArgs>),

    /// Find the version of a prompt that broke it.
    #[command(after_long_help = experiment::BISECT_EXAMPLES)]
    Bisect(Box<BisectArgs>),

    /// Answer programs as OpenAI and Anthropic do, through the pipeline and the record.
    #[command(after_long_help = serve::EXAMPLES)]
    Serve(ServeArgs),

    /// List the calls that programs made through `retort serve`, or follow them.
    #[command(
        after_long_help = "Examples:\n  retort traffic\n  retort traffic -f error:any\n  retort traffic --json | jq -r .answer"
    )]
    Traffic(TrafficArgs),

    /// List the runs on record, those a query asks for, or look after them.
    #[command(after_long_help = history::EXAMPLES, args_conflicts_with_subcommands = true)]
    History(HistoryArgs),

    /// Show a run step by step: its texts, every attempt, every check.
    #[command(after_long_help = "Examples:\n  retort show 3f2a91c0\n  retort show 3f2a91c0 --json | jq .outcome.usage")]
    Show {
        /// The run's id, or its last digits as `retort history` lists them.
        run: String,
        /// Prints the whole record as JSON.
        #[arg(long)]
        json: bool,
    },

    /// Play a run again as it was recorded, faster or with faults laid over it; nobody is asked.
    #[command(after_long_help = replay::EXAMPLES)]
    Replay(ReplayArgs),

    /// Sum the runs on record up: pass rates, times, cost, errors, what got worse.
    #[command(
        after_long_help = "Examples:\n  retort quality --since 7d\n  retort quality prompt:sentiment --by version\n  retort quality prompt:sentiment --what-if confidence --at 0.6 --at 0.8\n  retort quality --prometheus > /var/lib/node_exporter/retort.prom\n\nRates have 95 % intervals (Wilson). Cached answers and demonstrations are left out of times, tokens and cost."
    )]
    Quality(QualityArgs),

    /// Tell whether the confidence that answers state holds.
    #[command(
        after_long_help = "Examples:\n  retort calibrate prompt:triage\n  retort calibrate prompt:triage --by equals --precision 0.95\n  retort calibrate prompt:triage --of llm-rubric\n\nAn answer is right by its grade (`retort history grade RUN --up`), or by a check where `--by` names one. No model is asked."
    )]
    Calibrate(CalibrateArgs),

    /// Judge stored answers by a prompt's checks as they are now, without a call.
    #[command(
        after_long_help = "Examples:\n  retort score sentiment --dry-run\n  retort score sentiment since:7d model:gpt-5.4-mini\n\nThe verdicts before are kept. What a judge model said of an answer is not asked again.\nIt exits as `retort batch` does: 0 where every answer passes."
    )]
    Score(ScoreArgs),

    /// Take over what other programs logged of their calls: as runs on record, or as rows of a data set.
    #[command(
        after_long_help = "Examples:\n  retort import spans.jsonl --preview\n  retort import langfuse.jsonl --yes\n  retort import results.json --rows rows.jsonl\n\nRead by content: OTLP JSON (gen_ai, OpenInference), Phoenix, Langfuse, LiteLLM, Helicone, OpenAI (stored completions, evals, fine-tuning), llm (`logs.db`, `llm logs --json`), promptfoo results, inspect logs (`.eval`, JSON). What cannot be kept is named. Importing a file again adds nothing."
    )]
    Import(ImportArgs),
    /// Go through the rows that came out another way than the baseline has them.
    #[command(after_long_help = review::EXAMPLES)]
    Review(ReviewArgs),

    /// Vote on the answers of a batch two by two, without the names of who gave them.
    #[command(after_long_help = blind::EXAMPLES)]
    Blind(BlindArgs),

    /// Make rows of a data set, from runs on record or proposed by a model.
    #[command(after_long_help = rows::EXAMPLES)]
    Rows {
        /// What to do.
        #[command(subcommand)]
        action: RowsAction,
    },

    /// List what is on a model that goes soon, and try it on the successor.
    #[command(after_long_help = drift::EXAMPLES)]
    Drift(DriftArgs),

    /// List the prompts, or show one.
    Prompts {
        /// What to do with them.
        #[command(subcommand)]
        action: Option<PromptsAction>,
    },

    /// Make a JSON Schema of an answer or a type, or see what a model is sent of one.
    #[command(after_long_help = schema::EXAMPLES)]
    Schema {
        /// What to do.
        #[command(subcommand)]
        action: SchemaAction,
    },

    /// List the models that can be named, with context, price and shutdown.
    Models(ModelsArgs),

    /// List the workbench's actions and the keys they are on.
    Keys,

    /// Print where everything is kept.
    Paths,

    /// Check terminal, directories, settings, keys, providers and databases.
    Doctor,

    /// Show what a config, a project or a folder asks for, and agree to it.
    #[command(after_long_help = TRUST_EXAMPLES)]
    Trust(TrustArgs),

    /// Look at the response cache, or empty it.
    Cache {
        /// What to do with it.
        #[command(subcommand)]
        action: CacheAction,
    },

    /// Print a completion script for a shell.
    #[command(
        after_long_help = "Example:\n  retort completions bash > ~/.local/share/bash-completion/completions/retort"
    )]
    Completions {
        /// Which shell.
        shell: Shell,
    },

    /// Print a manual page, or write all of them to a folder.
    #[command(after_long_help = "Examples:\n  retort man batch | man -l -\n  retort man --dir ~/.local/share/man/man1")]
    Man {
        /// The command the page is of; retort itself where none is given.
        #[arg(value_name = "COMMAND")]
        of: Vec<String>,
        /// Writes the pages of all commands to this folder, as `retort-COMMAND.1`.
        #[arg(long, value_name = "FOLDER", conflicts_with = "of")]
        dir: Option<PathBuf>,
    },
}

/// `retort import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The log: JSON, JSON Lines, an `.eval` of inspect, the `logs.db` of llm.
    pub file: PathBuf,
    /// Shows what would be imported and what would be lost, and imports nothing.
    #[arg(long, conflicts_with = "yes")]
    pub preview: bool,
    /// Imports without asking.
    #[arg(long)]
    pub yes: bool,
    /// Writes the calls as rows of a data set to this new file, in JSON Lines; nothing goes on record.
    #[arg(long, value_name = "FILE")]
    pub rows: Option<PathBuf>,
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
    /// List the built-in judges, or write the prompt of one as a prompt of your own, to be opened at the bench.
    Judge {
        /// The judge: the name of its check, such as `factuality`; all are listed where none is given.
        name: Option<String>,
        /// The name of the new prompt; `judge-NAME` where it is unset.
        #[arg(long = "as", value_name = "PROMPT", conflicts_with = "test")]
        to: Option<String>,
        /// Tries whether wrong answers can talk it into a verdict: about ten calls of a model.
        #[arg(long, requires = "name")]
        test: bool,
        /// Has this model judge in the trial; without it, the model that judges by default.
        #[arg(short, long, value_name = "MODEL", requires = "test")]
        model: Option<String>,
        /// Stops before a call that may bring the cost beyond so many US dollars; the model needs a price.
        #[arg(long, value_name = "DOLLARS", value_parser = batch::dollars, requires = "test")]
        max_cost: Option<f64>,
    },
    /// Make prompts of a promptfoo config, whose tests become a data set beside it, a dotprompt file or a prompt of Langfuse's.
    Import {
        /// The config (.yaml or .json), the dotprompt (.prompt) or Langfuse's JSON.
        file: PathBuf,
        /// Writes over prompts and a data set of the same names.
        #[arg(long)]
        replace: bool,
        /// Lets the config read, this once, what lies outside its folder.
        #[arg(long)]
        trust: bool,
    },
    /// Print the tools of a prompt as JSON, or take tools into its file.
    Tools {
        /// The prompt's name.
        name: String,
        /// A list of tools as OpenAI, Anthropic, Gemini or an MCP server write it; `-` for standard input.
        #[arg(long, value_name = "FILE", conflicts_with = "mcp")]
        from: Option<PathBuf>,
        /// An MCP server to list the tools of, and to answer their calls: a program and its arguments, last of all.
        #[arg(long, value_name = "PROGRAM", num_args = 1.., allow_hyphen_values = true)]
        mcp: Vec<String>,
    },
    /// Write a sample project: a prompt with two tools and a picture, thirty rows, three photos.
    Sample {
        /// The folder to write it into; it is made where it is not there.
        #[arg(default_value = "support")]
        folder: PathBuf,
    },
    /// Print a prompt as what a program, a library or another tool takes.
    #[command(after_long_help = export::EXAMPLES)]
    Export(ExportArgs),
}

const TRUST_EXAMPLES: &str = "Examples:
  retort trust promptfooconfig.yaml
  retort trust . --yes
  retort trust --list
  retort trust --forget promptfooconfig.yaml

A yes holds for the content as it is: where a byte of it changes, it is asked for again.";

const MODELS_EXAMPLES: &str = "\
Examples:
  retort models                          what can be asked now, then what lacks a key
  retort models mini                     those with `mini` in their name, retired ones too
  retort models --check                  asks every provider anew what it serves
  retort models --update api.json        takes the prices of a list";

/// `retort models`.
#[derive(Debug, Args)]
#[command(after_help = MODELS_EXAMPLES)]
pub struct ModelsArgs {
    /// Lists the models that have each of these words in their name or provider, retired ones too.
    #[arg(value_name = "WORD")]
    pub words: Vec<String>,

    /// Asks each configured provider anew what it serves, fails where one cannot be asked, and lists what was learnt.
    #[arg(long)]
    pub check: bool,

    /// Forgets what was learnt of a model from its refusals; of all models where none is named.
    #[arg(long, value_name = "MODEL", num_args = 0..=1, conflicts_with_all = ["words", "check", "update"])]
    pub forget: Option<Option<String>>,

    /// Reads prices from a list: LiteLLM's `model_prices_and_context_window.json` or models.dev's `api.json`.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["words", "check"])]
    pub update: Option<PathBuf>,
}

/// `retort trust`.
#[derive(Debug, Args)]
pub struct TrustArgs {
    /// A promptfoo config, a project's folder or retort.toml, or a folder of texts.
    #[arg(value_name = "FILE|FOLDER", required_unless_present_any = ["list", "forget"])]
    pub path: Option<PathBuf>,

    /// Agrees without asking.
    #[arg(long, requires = "path")]
    pub yes: bool,

    /// Lists what was agreed to.
    #[arg(long, conflicts_with_all = ["path", "forget"])]
    pub list: bool,

    /// Forgets what was agreed to for a file or folder.
    #[arg(long, value_name = "FILE|FOLDER", conflicts_with = "path")]
    pub forget: Option<PathBuf>,
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

const RUN_EXAMPLES: &str = "Examples:
  retort run sentiment -i mail.txt
  echo 'Where is my parcel?' | retort run sentiment
  retort run ./prompts/triage.toml -i mail.txt -m gpt-5.4-mini -m claude-haiku-4-5
  retort run sentiment -i mail.txt -m gpt-5.4-mini -m local --samples 5 --diff
  retort run sentiment -i mail.txt -m gpt-5.4-mini -m local --md >> notes.md
  retort run reply -i mail.txt --var tone=friendly --param temperature=0.7
  retort run sentiment -i mail.txt --json | jq -r 'select(.event == \"ended\").outcome.text'

The answer goes to standard output, byte for byte where that is a file or a pipe; everything else
goes to standard error.";

/// What stands below the options.
pub(crate) fn after_long_help() -> String {
    format!("{RUN_EXAMPLES}\n\n{}", Exit::help())
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

    /// Sends a picture with the last message: a file, or an address that the provider fetches.
    #[arg(long = "image", value_name = "FILE|URL")]
    pub images: Vec<String>,

    /// Sends a PDF with it.
    #[arg(hide_short_help = true, long = "file", value_name = "FILE|URL")]
    pub files: Vec<String>,

    /// Sends a recording with it.
    #[arg(hide_short_help = true, long = "audio", value_name = "FILE|URL")]
    pub audio: Vec<String>,

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
    #[arg(hide_short_help = true, long, conflicts_with = "json")]
    pub md: bool,

    /// Prints every event of each run as a line of JSON; the last one of a run is `ended`.
    #[arg(long)]
    pub json: bool,
    /// With `--json`, prints the answer as it comes and not once it is whole; what was printed
    /// cannot be taken back, so the run does not start over after the first text.
    #[arg(hide_short_help = true, long, requires = "json")]
    pub live: bool,

    /// Judges by this model where a rubric names none.
    #[arg(hide_short_help = true, long, value_name = "MODEL")]
    pub judge: Option<String>,

    /// Agrees, for this run, to what the project's prompt asks for; `retort trust` shows it.
    #[arg(hide_short_help = true, long)]
    pub trust: bool,

    /// Exits with 0 also where a check could not run.
    #[arg(hide_short_help = true, long)]
    pub allow_inconclusive: bool,

    /// Neither reads nor writes the response cache.
    #[arg(long, conflicts_with = "fresh")]
    pub no_cache: bool,

    /// Asks again and stores the new answer.
    #[arg(long)]
    pub fresh: bool,
}

/// The options of `retort chat`.
#[derive(Debug, Args)]
pub struct ChatArgs {
    /// The prompt: a name that `retort prompts` lists, or the path of a .toml file.
    pub prompt: String,

    /// Talks to this model.
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<String>,

    /// Sets a variable of the prompt; the first line is the input.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,

    /// Sets a parameter of the prompt.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = pair, help = PARAM_HELP)]
    pub params: Vec<(String, String)>,

    /// Neither reads nor writes the response cache.
    #[arg(long)]
    pub no_cache: bool,

    /// Agrees, for this conversation, to what the project's prompt asks for; `retort trust` shows it.
    #[arg(hide_short_help = true, long)]
    pub trust: bool,
}

#[cfg(test)]
mod tests {
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
