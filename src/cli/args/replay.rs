//! The options of `retort replay`.

use std::path::PathBuf;

use clap::Args;

use crate::provider::wires::demo::replay::ReplayFault;

pub(crate) const EXAMPLES: &str = "Examples:
  retort replay 3f2a91c0                              in its own time, nobody is asked
  retort replay 3f2a91c0 --speed 10 --fault 429       and what if the first call were refused?
  retort replay 3f2a91c0 --fault cut --fault slow     the first answer breaks off, the second comes slowly
  retort replay 3f2a91c0 --fault down -m one -m two   does the fallback hold?
  retort replay 3f2a91c0 --write parcel.jsonl         a recording, to be kept with tests
  retort replay parcel.jsonl --checks sentiment --speed max

A run goes through the pipeline again, retries, fallback and checks included; its calls come from the record. Nothing is asked, and
nothing goes on record. A recording is what `retort run --json --live` prints, and what the demonstration plays.";

/// `retort replay`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct ReplayArgs {
    /// The run's id, or its last digits as `retort history` lists them; or the file of a recording.
    #[arg(value_name = "RUN|FILE")]
    pub run: String,

    /// Plays it so many times as fast: `0.5`, `10`, or `max` for at once.
    #[arg(long, value_name = "N", default_value = "1", value_parser = speed)]
    pub speed: f64,

    /// Lays a fault over a call, the first over the first: 429, 503, cut, slow, down (this and all that follow).
    #[arg(long = "fault", value_name = "FAULT")]
    pub faults: Vec<ReplayFault>,

    /// Asks these models, the first with the others as fallback, in place of the recorded ones.
    #[arg(short, long = "model", value_name = "MODEL")]
    pub models: Vec<String>,

    /// Judges by the response and the checks that this prompt has now.
    #[arg(long, value_name = "PROMPT")]
    pub checks: Option<String>,

    /// Writes the run to a new file as a recording, and plays nothing.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "live", "faults", "checks", "models"])]
    pub write: Option<PathBuf>,

    /// Prints each event as a line of JSON.
    #[arg(long)]
    pub json: bool,

    /// Shows the answer as it comes: what breaks off then stays as it is.
    #[arg(long)]
    pub live: bool,

    /// Exits with 0 where a check could not run and none failed.
    #[arg(long)]
    pub allow_inconclusive: bool,
}

fn speed(text: &str) -> Result<f64, String> {
    if text.trim() == "max" {
        return Ok(f64::INFINITY);
    }
    let number = text.trim().parse::<f64>().ok().filter(|speed| (0.01..=1000.0).contains(speed));
    number.ok_or_else(|| "write a number from 0.01 to 1000, or max".to_owned())
}
