//! retort is a terminal workbench for people who develop LLM prompts. This page is its
//! architecture: the floors, what each may do, and what holds everywhere.
//!
//! # Floors
//!
//! One crate: a library and a thin binary. A floor names only floors below it, and a test
//! (`tests/suite/layers.rs`) holds the building to it.
//!
//! ```text
//!               main.rs                 parses, wires, exits
//!           ┌──────┴───────┐
//!         tui             cli           shells: the terminal, the processes, stdout
//!       ┌──┴──┐            │
//!      ui     │            │            drawing: a function of the app
//!       └─ app┘            │            the workbench's state machine, without IO
//!          └──────┬────────┘
//!         pipeline   store              the engine behind its ports · the disk
//!             │
//!         provider                      wire formats and the one HTTP client
//!             └────┬───────┘
//!        eval                           checks and quality: pure functions
//!          └──┬──┘
//!      model · text                     pure data · pure text
//! ```
//!
//! | floor | holds | may use |
//! |---|---|---|
//! | [`model`] | prompts, inputs, targets, outcomes: what the program talks about | serde |
//! | [`text`] | width, cleaning, wrapping, JSON as it was written, difference | unicode tables, a JSON parser, a diff |
//! | [`eval`] | templates, JSON extraction, checks, verdicts, statistics, what runs come to | a template library, a JSON parser, a JSON Schema validator |
//! | [`provider`] | the wire formats, the decoders, the classifier of failures | reqwest in one file, processes in one file |
//! | [`pipeline`] | the order of a run's stages, retry, fallback, keys, the figures of a run | tokio's time and channels |
//! | [`store`] | settings, prompts, sessions, the record of runs, the cache | files, SQLite, TOML |
//! | [`app`] | the workbench's state: messages in, effects out | ratatui's text area and rectangles |
//! | [`ui`] | the frame as a function of the app | ratatui |
//! | [`tui`] | the event loop, the terminal claimed and given back | crossterm, signals, `$EDITOR` |
//! | [`cli`] | the headless commands | clap, a `Write` handed in |
//!
//! # What holds everywhere
//!
//! **The pipeline does not know who watches.** [`pipeline::Pipeline::run`] turns a request into a
//! stream of [`pipeline::RunEvent`]s; workbench, compare, batch and command line are folds over
//! that one stream. Exactly one terminal event, always last. Every delta carries its attempt's
//! number, and a new attempt voids the text before it. Dropping the stream cancels the run and
//! closes its socket. Channels are bounded.
//!
//! **[`app::App::update`] is total, synchronous and does no IO.** It takes a message and the time
//! and returns effects, so a session can be replayed from its messages. Everything asynchronous
//! carries an id; late answers are ignored.
//!
//! **Drawing is a function of the app.** What it needs is computed just before, in
//! [`app::App::prepare`]. Work is proportional to the screen or to the change, never to the length
//! of the output.
//!
//! **Raw text is what is stored, checked, cached and piped.** Only [`text::Safe`], which only the
//! cleaner can make, reaches a terminal.
//!
//! **A secret is a `SecretString` from the moment it is read.** It is never stored, logged or
//! shown; everywhere its label stands for it.
//!
//! **Content of others asks first.** A promptfoo config, a project's prompts and a data set send no variable, reach
//! no host and read no file outside their folder that the user's settings do not name or the user has not agreed to:
//! the list is made while they are read, and [`store::trust`] alone decides.
//!
//! **A provider's 200 proves nothing.** Success needs a terminal signal and a complete answer; what
//! a finish reason makes of one, [`model::Finish::ending`] alone decides.
//!
//! # How a run goes
//!
//! prepare (template → messages, effective parameters, what was dropped and why) → preflight
//! (retired model, context) → cache lookup → single-flight → key → attempt (connect, first byte,
//! first token, idle, progress and total timers) → decide (the class of failure → retry, next key,
//! next model, fail; separate budgets) → extract JSON → validate → quality → cache store → record
//! → done.
//!
//! - One classifier, [`provider::classify`], takes status, headers, and a body or an event of a
//!   stream. What follows from a class stands in one table, `pipeline::decide`.
//! - Fallback covers every refusal and every answer of the wrong form; a mistake found before sending
//!   ends the run ([`model::Class::InvalidPrompt`]). The best answer of the wrong form is kept.
//! - Each call of a batch sets the most it may take aside before it is made, and waits until the
//!   record has room for it ([`pipeline::port::Recorder::room`]).
//! - Who may see partial text decides whether a run may start over: [`model::Commit`].
//! - The cache key is `sha256(text ":" hex(sha256(spec)))`; the spec holds everything that can
//!   change the answer and is built by exhaustive destructuring, so that a new field that is
//!   forgotten does not compile.
//! - Metrics are a pure fold over events, [`pipeline::meter`]: one definition of time to first
//!   token, tokens per second and cost.
//!
//! # How to add …
//!
//! | | touch |
//! |---|---|
//! | an action | a row in `app/action.rs`, a line in `assets/keys.toml`, a `match` arm; help, palette and `docs/keys.md` follow |
//! | a provider | a file in `provider/`, a [`model::ProviderKind`], an arm in [`provider::Providers`] |
//! | a model | a row in `assets/models.toml` |
//! | a check | a [`model::CheckKind`] and its arm in `eval` |
//! | a setting | a field in [`model::Settings`] and in `store/settings.rs` |
//! | a command | a file in `cli/` and a variant in `cli/args.rs` |

pub mod model;
pub mod text;

pub mod eval;

pub mod provider;

pub mod pipeline;
pub mod store;

pub mod app;

pub mod ui;

pub mod setup;

pub mod cli;
pub mod log;
pub mod tui;
