//! The options of `retort drift`.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::cli::args::batch::dollars;

pub(crate) const EXAMPLES: &str = "Examples:
  retort drift                              what is on a model that goes within 90 days
  retort drift --within 30d --fail          for CI: exits with 100 where something is
  retort drift --run reply --max-cost 1     the rows of the baseline on the model and on its successor, today
  retort drift --run --accept --max-cost 5  and writes the successor into the prompts that are not worse with it";

/// `retort drift`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct DriftArgs {
    /// These prompts alone.
    #[arg(value_name = "PROMPT")]
    pub prompts: Vec<String>,

    /// Looks so many days ahead: `30d`.
    #[arg(long, value_name = "DAYS", default_value = "90d", value_parser = days)]
    pub within: i64,

    /// Exits with 100 where something is on a model that goes.
    #[arg(long, conflicts_with = "run")]
    pub fail: bool,

    /// Asks the rows of the baseline of each prompt, on its model and on the successor; and each judge that goes and its
    /// successor about the answers of the baseline.
    #[arg(long)]
    pub run: bool,

    /// Tries this model, and not the successor that is recommended.
    #[arg(long, value_name = "MODEL", requires = "run")]
    pub to: Option<String>,

    /// Asks the rows of this data set; that of the newest batch where none is given.
    #[arg(long, value_name = "DATA", requires = "run")]
    pub data: Option<PathBuf>,

    /// Writes the successor into the prompts that no loss is shown for, and into the checks of which it judges alike;
    /// comments stay.
    #[arg(long, requires = "run")]
    pub accept: bool,

    /// Stops before a call that may bring the cost beyond so many US dollars; every model needs a price.
    #[arg(long, value_name = "DOLLARS", value_parser = dollars, requires = "run")]
    pub max_cost: Option<f64>,

    /// Looks from this day, and not from today.
    #[arg(long, value_name = "YYYY-MM-DD", conflicts_with = "run")]
    pub on: Option<Date>,

    /// Prints each finding as a line of JSON.
    #[arg(long)]
    pub json: bool,
}

fn days(text: &str) -> Result<i64, String> {
    let number = text.trim().trim_end_matches('d').parse::<i64>().ok();
    number.filter(|days| (0..=3650).contains(days)).ok_or_else(|| "write days such as 30d".to_owned())
}
