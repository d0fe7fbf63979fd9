//! The one integration binary; each file says what it is for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::disallowed_methods,
    reason = "a failing test should panic"
)]

mod support;

mod suite {
    /// What reaches the terminal: nothing that it would obey, and hues by their roles.
    mod bytes;
    /// The command line: outputs, exit codes, words.
    mod cli;
    /// Several models at the command line: at once, in columns, in Markdown, in JSON lines.
    #[cfg(unix)]
    mod compare;
    /// The demonstration: what it answers, when, and how it misbehaves.
    mod demo;
    /// The demonstration through the whole pipeline: what a person sees of retry, fallback and checks.
    mod demo_runs;
    /// The documentation: its tables, its examples, its links.
    mod docs;
    /// Every figure again, recomputed from the rows of the record.
    #[cfg(unix)]
    mod figures;
    /// The workbench: keys in, state and effects out, no terminal.
    mod flows;
    /// What is on the disk of every user: forms to the letter, and the hashes made of them.
    mod golden;
    /// Hostile text at the command line: a terminal obeys none of it, a pipe gets all of it.
    #[cfg(unix)]
    mod hostile;
    /// No telemetry: whatever is done, the configured hosts are talked to and no other.
    #[cfg(unix)]
    mod hosts;
    /// JSON shown as JSON: coloured while it comes, folded and marked once it is whole.
    mod json;
    /// Who may name whom, who may touch the world, and how long a file may be.
    mod layers;
    /// The log: a line for each failed try and for each run that failed, and nothing of what was said.
    #[cfg(unix)]
    mod log;
    /// How much memory a server can make the program take.
    #[cfg(target_os = "linux")]
    mod memory;
    /// The list of models, checked with one key after the other.
    #[cfg(unix)]
    mod models;
    /// What is installed with the program: packages, completions, manual pages, and what they are made of.
    mod packaging;
    /// What is copied, pasted into a shell: nothing of it runs.
    #[cfg(unix)]
    mod pasted;
    /// The pictures of the bench in the documentation, which are never out of date.
    mod pictures;
    /// The pipeline on a scripted backend and a paused clock: every budget, wait and end.
    mod pipeline;
    /// What promptfoo says of answers, beside what the checks here say of them.
    mod promptfoo;
    /// What the design promises, shown through the whole pipeline over a real socket.
    mod proof;
    /// A real model behind a real server, over both wire formats; skipped unless tests/real/run.sh runs it.
    mod real;
    /// What the screen shows, in every state and at every size.
    mod screens;
    /// Keys from every source, said back by a hostile server, and found nowhere.
    #[cfg(unix)]
    mod secrets;
    /// The endpoint for programs: bytes that go through, other wires, the cache, checks, attacks.
    #[cfg(unix)]
    mod serve;
    /// The disk: settings and keys, prompts and sessions, the record of runs, the cache.
    mod store;
    /// Test suites of others, where a copy of them is: JSON, JSON Schema.
    mod suites;
    /// Runs told to a collector of OpenTelemetry.
    #[cfg(unix)]
    mod telemetry;
    /// The workbench in a terminal: start, edit, lend, suspend, signals, restart.
    mod terminal;
    /// The program against servers of others, which a script starts: aimock, LiteLLM's proxy.
    #[cfg(unix)]
    mod third_party;
    /// Programs, servers and people that answer calls of tools.
    #[cfg(unix)]
    mod tools;
    /// Killed in the middle, no disk, a full disk, a locked database: still usable, nothing damaged.
    #[cfg(unix)]
    mod trouble;
    /// The wire: what providers send, however it arrives, becomes the right events or the right error.
    mod wire;
}
