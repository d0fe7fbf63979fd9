//! The options of `retort schema`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};

use crate::eval::schema_infer::SchemaLanguage;

pub(crate) const EXAMPLES: &str = "Examples:
  retort schema infer answer.json
  retort schema infer --from rust src/triage.rs > schema.json
  retort schema infer --prompt sentiment
  retort schema check sentiment -m gpt-5.4-mini -m claude-haiku-4-5
  retort schema export schema";

/// `retort schema`.
#[derive(Debug, Subcommand)]
pub enum SchemaAction {
    /// Print a JSON Schema made of an example answer, of a type, or of the answers on record.
    ///
    /// What could not be read goes to standard error, and may be anything in the schema.
    #[command(after_long_help = EXAMPLES)]
    Infer {
        /// A file with an answer in JSON, or with a type as Rust, TypeScript or Python declare it; `-` for standard input.
        #[arg(value_name = "FILE|-", required_unless_present = "prompt")]
        file: Option<PathBuf>,
        /// What the file is; found out where it is not said.
        #[arg(long, value_name = "KIND", value_enum)]
        from: Option<SchemaSourceArg>,
        /// Makes it of the newest answers on record to this prompt, 500 at most.
        #[arg(long, value_name = "NAME", conflicts_with_all = ["file", "from"])]
        prompt: Option<String>,
    },
    /// Say what each model is sent of a prompt's schema, and why that is not all of it.
    #[command(after_long_help = EXAMPLES)]
    Check {
        /// The prompt: a name that `retort prompts` lists, or the path of a .toml file.
        name: String,
        /// The models; those of the prompt where none is named.
        #[arg(short, long = "model", value_name = "MODEL")]
        models: Vec<String>,
    },
    /// Write the JSON Schemas of retort's own files to a folder, for editors and for scripts.
    #[command(after_long_help = EXAMPLES)]
    Export {
        /// The folder; `schema` beside the settings where none is named.
        #[arg(value_name = "FOLDER")]
        folder: Option<PathBuf>,
    },
}

/// What a schema is made of, as an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaSourceArg {
    /// Structs and enums, by serde's rules.
    Rust,
    /// Interfaces, types and enums.
    Typescript,
    /// Dataclasses, `TypedDict`s, enums and pydantic models.
    Python,
    /// An answer as an example.
    Json,
}

impl From<SchemaSourceArg> for SchemaLanguage {
    fn from(kind: SchemaSourceArg) -> Self {
        match kind {
            SchemaSourceArg::Rust => Self::Rust,
            SchemaSourceArg::Typescript => Self::TypeScript,
            SchemaSourceArg::Python => Self::Python,
            SchemaSourceArg::Json => Self::Json,
        }
    }
}
