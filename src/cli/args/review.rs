//! The options of `retort review`.

use clap::Args;

pub(crate) const EXAMPLES: &str = "Examples:
  retort batch sentiment reviews.csv && retort review sentiment --all     the first baseline
  retort batch sentiment reviews.csv --against-baseline                  what got worse
  retort review sentiment                                                row by row
  retort review sentiment --accept cff4adda1234@local
  retort review sentiment --reject cff4adda1234 --why 'a refund was promised'
  retort review --check                                                  for CI: writes nothing

The baseline is prompts/NAME.baseline.jsonl, beside the prompt: a line for each row and target, for a pull request.
Keys: a accept, r reject, x flaky, p pin as a test, s skip, A R S all the rest, u undo, q quit.";

/// `retort review`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
pub struct ReviewArgs {
    /// The prompt: its name, or the path of its file; all that have a baseline are listed where none is given.
    pub prompt: Option<String>,

    /// Takes these rows as they came out: ROW or ROW@TARGET, as they are listed.
    #[arg(long, value_name = "ID", num_args = 1.., requires = "prompt")]
    pub accept: Vec<String>,

    /// Holds these rows to what they were; they fail until they are so again.
    #[arg(long, value_name = "ID", num_args = 1.., requires = "prompt")]
    pub reject: Vec<String>,

    /// Says why they are rejected.
    #[arg(long, value_name = "TEXT", requires = "reject")]
    pub why: Option<String>,

    /// Calls these rows flaky: they are asked five times, and judged by how often they pass.
    #[arg(long, value_name = "ID", num_args = 1.., requires = "prompt")]
    pub flaky: Vec<String>,

    /// Pins these rows as tests: each answer to them has to pass.
    #[arg(long, value_name = "ID", num_args = 1.., requires = "prompt")]
    pub pin: Vec<String>,

    /// Takes all that is another way as it came out.
    #[arg(long, requires = "prompt", conflicts_with_all = ["accept", "reject", "flaky", "pin"])]
    pub all: bool,

    /// Writes nothing, and fails where something got worse that nobody has accepted.
    #[arg(long, conflicts_with_all = ["accept", "reject", "flaky", "pin", "all"])]
    pub check: bool,

    /// Prints each change as a line of JSON.
    #[arg(long)]
    pub json: bool,
}
