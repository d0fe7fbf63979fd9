//! The options of `retort serve`.

use clap::Args;

/// What stands below the options.
pub(crate) const EXAMPLES: &str = "Examples:
  retort serve
  retort serve --port 9000 --fallback claude-haiku-4-5
  retort serve --checks support --enforce

A program sets its base URL to the address that is printed (with /v1 for OpenAI's libraries, without
it for Anthropic's) and its API key to the token. `prompt:NAME` as the model asks a stored prompt,
`prompt:NAME@VERSION` one of its versions. The settings are in [serve] of config.toml; `retort
traffic` lists the calls.";

/// The options of `retort serve`.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch")]
pub struct ServeArgs {
    /// Listens on this port; 0 takes one that is free.
    #[arg(short, long, value_name = "PORT")]
    pub port: Option<u16>,

    /// Listens on this address.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<std::net::IpAddr>,

    /// Agrees that others can reach the address: whoever has the token spends on your keys.
    #[arg(long)]
    pub expose: bool,

    /// Asks this model where the one that is named does not answer; several in turn.
    #[arg(long, value_name = "MODEL")]
    pub fallback: Vec<String>,

    /// Judges every answer by the checks of this prompt.
    #[arg(long, value_name = "PROMPT")]
    pub checks: Option<String>,

    /// Withholds answers that do not pass their checks.
    #[arg(long)]
    pub enforce: bool,

    /// Neither reads nor writes the response cache.
    #[arg(long)]
    pub no_cache: bool,

    /// Sends the key that a program has to its provider; the token goes into the header `x-retort-token` then.
    #[arg(long)]
    pub forward_key: bool,

    /// Prints a line of JSON for each call.
    #[arg(long)]
    pub json: bool,
}

/// The options of `retort traffic`.
#[derive(Debug, Args)]
pub struct TrafficArgs {
    /// Lists the calls that a query asks for, as that of `retort history`.
    #[arg(value_name = "QUERY")]
    pub query: Vec<String>,

    /// Goes on with calls as they come, until ctrl-c.
    #[arg(short, long)]
    pub follow: bool,

    /// Lists so many of the newest.
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,

    /// Writes a line of JSON for each call, its texts whole.
    #[arg(long)]
    pub json: bool,
}
