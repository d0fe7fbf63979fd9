//! `retort batch` on the command line.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use crate::{
    cli::{
        Exit,
        args::{PARAM_HELP, pair, whole},
    },
    dataset,
    model::{
        dataset::{DatasetFormat, RowRanges},
        expected::{Expected, UnknownExpected},
        remote_job::JobRest,
    },
};

const EXAMPLES: &str = "Examples:
  retort batch sentiment reviews.csv
  retort batch sentiment reviews.csv -m gpt-5.4-mini -m local -j 16 --samples 3
  retort batch ./prompts/a.toml ./prompts/b.toml rows.jsonl --map body=input
  retort batch sentiment reviews.csv --max-cost 2 --dry-run
  retort batch sentiment reviews.csv --min-pass-rate 95% --junit junit.xml --out report.html
  retort batch sentiment reviews.csv --min-pass-rate 95% --github
  retort batch sentiment reviews.csv --against-baseline
  retort batch sentiment reviews.csv --retry-failed
  retort batch sentiment reviews.csv -m gpt-5.4-mini --via openai-batch
  retort batch -c promptfooconfig.yaml
  cat lines.txt | retort batch sentiment - --json | jq 'select(.standing == \"failed\")'

DATA is a .csv, .tsv, .jsonl, .json or .yaml file, a folder of texts, or - for lines of standard input.
A batch that was stopped goes on: what was answered is not asked again. Ctrl-c stops it, twice at once.

The results go to standard output, everything else to standard error.
With --min-pass-rate or --min-score cells may fail as long as these are reached.";

/// What stands below the options.
pub(crate) fn after_long_help() -> String {
    format!("{EXAMPLES}\n\n{}", Exit::help())
}

/// `retort batch`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct BatchArgs {
    /// The prompts, each a name that `retort prompts` lists or the path of a .toml file, and last the
    /// data set: a file, a folder, or - for lines of standard input.
    #[arg(required_unless_present_any = ["config", "status", "cancel"], value_name = "PROMPT… DATA")]
    pub what: Vec<String>,

    /// Runs a config of promptfoo's as it is: its prompts, providers and tests; with --model on those models in place of
    /// its providers.
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["what", "maps", "format"])]
    pub config: Option<PathBuf>,

    /// Runs on this model; given several times, on each.
    #[arg(short, long, value_name = "MODEL")]
    pub model: Vec<String>,

    /// Asks so many cells at once; fewer where a provider limits it.
    #[arg(short = 'j', long, value_name = "N", value_parser = |text: &str| whole::<u16>(text, 1, 1024))]
    pub jobs: Option<u16>,

    /// Asks each cell this many times, to see how much the answers vary; once where nothing says otherwise.
    #[arg(long, value_name = "N", value_parser = |text: &str| whole::<u32>(text, 1, 100))]
    pub samples: Option<u32>,

    /// Gives a column's values to a variable of another name; an empty one leaves the column out.
    #[arg(hide_short_help = true, long = "map", value_name = "COLUMN=VARIABLE", value_parser = pair)]
    pub maps: Vec<(String, String)>,

    /// Sets a variable for every row, whatever its columns say.
    #[arg(hide_short_help = true, long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    pub vars: Vec<(String, String)>,

    /// Sets a parameter of the prompts.
    #[arg(hide_short_help = true, long = "param", value_name = "NAME=VALUE", value_parser = pair, help = PARAM_HELP)]
    pub params: Vec<(String, String)>,

    /// Reads the data set as csv, tsv, jsonl, json, yaml, lines or text, whatever its name says.
    #[arg(hide_short_help = true, long, value_name = "FORMAT", value_parser = form)]
    pub format: Option<DatasetFormat>,

    /// Refuses rows of CSV that have fewer fields than the header; without this their other fields are empty.
    #[arg(hide_short_help = true, long)]
    pub refuse_short_rows: bool,

    /// Goes on where a row's own check cannot be read or applied: that check does not run, and says why.
    #[arg(hide_short_help = true, long)]
    pub keep_going: bool,

    /// Asks these rows alone: `3`, `10-20`, `500-`, several with commas between.
    #[arg(hide_short_help = true, long, value_name = "ROWS", value_parser = rows)]
    pub only: Option<RowRanges>,

    /// Asks those cells again that no model answered.
    #[arg(long, conflicts_with = "new")]
    pub retry_failed: bool,

    /// Begins anew and does not go on with a batch that was stopped.
    #[arg(long)]
    pub new: bool,

    /// Neither reads nor writes the response cache.
    #[arg(hide_short_help = true, long, conflicts_with = "fresh")]
    pub no_cache: bool,

    /// Asks again and stores the new answers.
    #[arg(long)]
    pub fresh: bool,

    /// Compares each answer with the `expected` value of its row: equals, json, fields (those the value has),
    /// contains, off, or auto (fields, where the prompt asks for JSON and the value is a JSON object).
    #[arg(hide_short_help = true, long, value_name = "HOW", default_value = "auto", value_parser = expected)]
    pub expected: Expected,

    /// Judges by this model where a rubric names none.
    #[arg(hide_short_help = true, long, value_name = "MODEL")]
    pub judge: Option<String>,

    /// Fails where fewer cells pass: `0.95` or `95%`. A cell without an answer did not pass.
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub min_pass_rate: Option<f64>,

    /// Fails where the mean score is lower: `0.8` or `80%`. A cell without an answer scores 0.
    #[arg(long, value_name = "SCORE", value_parser = share)]
    pub min_score: Option<f64>,

    /// Holds the answers against the prompts' baselines (`retort review`), and fails where one got worse.
    ///
    /// A row whose verdict flips is asked twice more first, a row that is known to be flaky five times. Other cells may fail.
    #[arg(hide_short_help = true, long, conflicts_with_all = ["config", "via", "dry_run"])]
    pub against_baseline: bool,

    /// Fails where more cells than this got no answer.
    #[arg(hide_short_help = true, long, value_name = "N")]
    pub max_errors: Option<u64>,

    /// Exits with 0 also where checks could not run, or where rows have no check while others do.
    #[arg(hide_short_help = true, long)]
    pub allow_inconclusive: bool,

    /// Stops before a call that may bring the cost beyond so many US dollars; every model needs a price.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars)]
    pub max_cost: Option<f64>,

    /// Lets --max-cost hold for the models whose price is known, and the others cost what they will.
    #[arg(hide_short_help = true, long, requires = "max_cost")]
    pub allow_unpriced: bool,

    /// Stops before a call that may bring the tokens, in and out, beyond this.
    #[arg(hide_short_help = true, long, value_name = "N")]
    pub max_tokens: Option<u64>,

    /// Stops after this long, and cuts off what is under way: `90s`, `10m`, `2h`.
    #[arg(hide_short_help = true, long, value_name = "TIME", value_parser = time)]
    pub max_time: Option<Duration>,

    /// Writes JUnit XML, which CI services show.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Writes a report; its ending says which: .jsonl, .csv, .md, .html, .xml (JUnit). May be given several times.
    #[arg(short, long, value_name = "FILE")]
    pub out: Vec<PathBuf>,

    /// Replaces the files at --out and --junit whatever they hold, but none of retort's own.
    #[arg(hide_short_help = true, long)]
    pub force: bool,

    /// Tells GitHub Actions: annotations at the rows that did not pass, and a summary of the job.
    ///
    /// The annotations go to standard error, at most ten errors and ten warnings, as many as a step may have. The summary
    /// goes to the file that `GITHUB_STEP_SUMMARY` names. Nothing that a row or a model says is taken for a command.
    #[arg(hide_short_help = true, long)]
    pub github: bool,

    /// Prints each cell as a line of JSON, in the order of the rows; the last line is the summary.
    #[arg(long)]
    pub json: bool,

    /// Agrees, for this run, to all that the config, the prompts or the data set ask for; `retort trust` shows it.
    #[arg(hide_short_help = true, long)]
    pub trust: bool,

    /// Hands all requests to a batch API: openai-batch, anthropic-batch, gemini-batch, or `vllm FILE`.
    ///
    /// They are answered within a day, for half the price. `vllm FILE` writes them to a file for a cluster of your own, and
    /// reads its answers.
    #[arg(long, value_name = "WAY", num_args = 1..=2, conflicts_with_all = ["max_time", "max_tokens"])]
    pub via: Vec<String>,

    /// What becomes of requests that a job brought no answer for: job (asked in a further one, up to twice), live, or
    /// leave.
    #[arg(hide_short_help = true, long, value_name = "HOW", requires = "via", value_parser = job_rest)]
    pub rest: Option<JobRest>,

    /// Hands the job over and does not wait for it; the same command without this takes it up.
    #[arg(hide_short_help = true, long, requires = "via")]
    pub no_wait: bool,

    /// Shows how the jobs at providers stand, or that of this name, and when they expire.
    #[arg(long, value_name = "JOB", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["what", "config", "via", "cancel"])]
    pub status: Option<String>,

    /// Cancels the job of this name at its provider; what was answered by then is paid for, and can be fetched.
    #[arg(hide_short_help = true, long, value_name = "JOB", conflicts_with_all = ["what", "config", "via"])]
    pub cancel: Option<String>,

    /// Says what the batch would take, and asks nothing.
    #[arg(long)]
    pub dry_run: bool,
}

pub(crate) fn form(text: &str) -> Result<DatasetFormat, String> {
    text.parse().map_err(|error: dataset::UnknownForm| error.to_string())
}

fn rows(text: &str) -> Result<RowRanges, String> {
    dataset::parse_rows(text).map_err(|error| error.to_string())
}

pub(crate) fn expected(text: &str) -> Result<Expected, String> {
    text.parse().map_err(|error: UnknownExpected| error.to_string())
}

fn job_rest(text: &str) -> Result<JobRest, String> {
    match text {
        "job" => Ok(JobRest::Job),
        "live" => Ok(JobRest::Live),
        "leave" => Ok(JobRest::Leave),
        _ => Err("write job, live or leave".to_owned()),
    }
}

fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |number| (number.trim_end(), 100.0));
    let share = number.parse::<f64>().map(|number| number / whole).ok();
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| "write a share such as 0.95 or 95%".to_owned())
}

pub(crate) fn dollars(text: &str) -> Result<f64, String> {
    let number = text.trim().trim_start_matches('$').parse::<f64>().ok();
    number
        .filter(|number| number.is_finite() && *number > 0.0)
        .ok_or_else(|| "write dollars such as 2 or 0.50".to_owned())
}

pub(crate) fn time(text: &str) -> Result<Duration, String> {
    let wrong = || "write a time such as 90s, 10m or 2h".to_owned();
    let text = text.trim();
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..).unwrap_or_default() {
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        _ => return Err(wrong()),
    };
    let number = digits.parse::<f64>().ok().filter(|number| *number > 0.0).ok_or_else(wrong)?;
    Duration::try_from_secs_f64(number * unit).map_err(|_too_long| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_dollars_and_times_are_read_as_people_write_them() {
        for (text, value) in [("0.95", Some(0.95)), ("95%", Some(0.95)), ("1", Some(1.0)), ("95", None), ("x", None)] {
            assert_eq!(share(text).ok(), value, "{text}");
        }
        assert_eq!((dollars("$2.50"), dollars("0").is_err(), dollars("inf").is_err()), (Ok(2.5), true, true));
        for (text, seconds) in [("90s", 90), ("10m", 600), ("2h", 7200), ("45", 45)] {
            assert_eq!(time(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for text in ["", "m", "-1s", "1d", "1e99h", "nan"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
