//! The options of `retort prompts export`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What stands below the options.
pub(crate) const EXAMPLES: &str = "Examples:
  retort prompts export triage --as python > triage.py
  retort prompts export triage --as rust -m local > src/triage.rs
  retort prompts export triage --as langfuse
  retort prompts export triage --data rows.csv     a config of promptfoo's, with tests

A program has a function with a parameter for each variable, and sends what retort would send. What
a form has no place for is listed on standard error, or refused where it would be another prompt.";

/// The options of `retort prompts export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The prompt's name.
    pub name: String,

    /// What it is written as.
    #[arg(long = "as", value_enum, default_value_t = ExportForm::Promptfoo, value_name = "FORM")]
    pub form: ExportForm,

    /// The model that it is written for; the prompt's first one where none is named.
    #[arg(short, long, value_name = "MODEL")]
    pub model: Option<String>,

    /// A data set that becomes the tests of a config.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
}

/// What a prompt is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportForm {
    /// A config of promptfoo's.
    Promptfoo,
    /// A module that needs nothing but Python.
    Python,
    /// A module that needs nothing but `fetch`.
    Typescript,
    /// A module that needs `serde_json`, and an HTTP client of yours.
    Rust,
    /// The prompt's file as JSON, with its version and variables.
    Json,
    /// A `.prompt` file.
    Dotprompt,
    /// A prompt as Langfuse's API takes it.
    Langfuse,
    /// The body of a request of chat completions, with `{{name}}` for variables.
    Openai,
}
