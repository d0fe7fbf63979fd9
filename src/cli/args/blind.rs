//! The options of `retort blind`.

use std::path::PathBuf;

use clap::Args;

pub(crate) const EXAMPLES: &str = "Examples:
  retort batch sentiment reviews.csv -m gpt-5.4-mini -m local && retort blind
  retort blind 3f2a91c0 77ab12de                   two batches of the same rows
  retort blind --results                           what the votes come to, without the names
  retort blind --reveal --export votes.csv         shows the names, and ends the voting

At a terminal the answers are shown two by two: 1 left, 2 right, = as good, 0 neither will do, s skip, u undo, R reveal.
Names, cost and times stay hidden until then. The votes are on record: the same command goes on.";

/// `retort blind`.
#[derive(Debug, Clone, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct BlindArgs {
    /// The batches: their ids or last digits, as the list of batches has them; the newest with two models or prompts where
    /// none is given.
    #[arg(value_name = "BATCH", num_args = 0..=8)]
    pub batches: Vec<String>,

    /// Shows the pairs in the order of this seed.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Begins another comparison of them, and leaves the votes of the last one as they are.
    #[arg(long, conflicts_with_all = ["results", "reveal", "export"])]
    pub new: bool,

    /// Prints what the votes come to. Names stay hidden until they were revealed.
    #[arg(long)]
    pub results: bool,

    /// Shows the names and ends the voting.
    #[arg(long)]
    pub reveal: bool,

    /// Writes the votes to a new file, .csv or .jsonl; the names have to be revealed.
    #[arg(long, value_name = "FILE")]
    pub export: Option<PathBuf>,

    /// Prints the result as a line of JSON.
    #[arg(long)]
    pub json: bool,
}

impl BlindArgs {
    /// Tells whether a person is to vote, and nothing is printed.
    #[must_use]
    pub fn votes(&self) -> bool {
        !(self.results || self.reveal || self.json || self.export.is_some())
    }
}
