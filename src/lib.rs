//! retort is a terminal workbench for people who develop LLM prompts. This page is its
//! architecture: the floors, what each may do, and what holds everywhere.
//!
//! # Floors
//!
//! One crate: a library and a thin binary. A floor names only floors below it, and a test
//! (`tests/suite/layers.rs`) holds the building to it.
//!
//! ```text
//!                main                    parses, wires, exits
//!         ┌────────┴────────┐
//!     terminal             cli            shells: the event loop · the headless commands
//!         │                 ├── serve      the endpoint for programs
//!        app                │             the workbench: state, messages in, effects out, drawing
//!         │                 │
//!      widgets              │             parts with state and drawing
//!         ├──── present ────┤             how results read: tables, figures, reports as data
//!         └──── engine ─────┘             wiring for both shells
//!                  │
//!     store · promptfoo · dataset · config      the record of runs · foreign configs · rows · settings
//!                  │
//!              pipeline                   a request becomes events
//!            ┌─────┴──────┐
//!         provider       eval             wires and the HTTP client · is an answer good, is B better
//!            │            │
//!            │         template           prompt templates
//!            │            │
//!            │          text              pure text
//!            └── model ───┘               pure data
//! ```
//!
//! | floor | holds | touches |
//! |---|---|---|
//! | [`model`] | prompts, inputs, targets, outcomes: what the program talks about | serde |
//! | [`text`] | width, sanitizing, wrapping, JSON as it was written, diffs, figures in words, work budgets | unicode tables, a JSON parser, a diff |
//! | [`template`] | prompt templates: what they ask for, and filled | a template library |
//! | [`eval`] | JSON extraction, checks, verdicts, statistics, what-if, quality figures | a JSON Schema validator |
//! | [`provider`] | wires, decoders, the classifier of errors, redaction of secrets | reqwest in `http`, `client`, `proxy`; processes in `wires/command` |
//! | [`pipeline`] | the stages of a run, retry policy, rate limiter, key pool, timeouts, single flight, metrics, batches | tokio's time and channels |
//! | [`config`] | settings, paths, API keys, built-in tables, trust in the content of others | files, environment, keyring |
//! | [`dataset`] | rows of CSV, JSON, YAML, JSON Lines and folders, streamed | files |
//! | [`promptfoo`] | promptfoo's configs, in and out | files |
//! | [`traces`] | what other programs logged of their calls, record by record | nothing |
//! | [`store`] | prompts, sessions, the SQLite record of runs, the cache, history queries | files, SQLite, threads |
//! | [`engine`] | environment, workspace, batch requests: wiring for both shells | environment, tokio |
//! | [`present`] | columns, X-ray steps, snippets, comparison tables, reports as data | nothing |
//! | [`widgets`] | text editor, pick list, table, query bar, answer and diff view, charts, theme | ratatui |
//! | [`app`] | the workbench: actions, key map, screens, overlays | ratatui's buffer, crossterm's events |
//! | [`terminal`] | the event loop; the terminal claimed and given back; clipboard, editor, signals | crossterm, signals |
//! | [`serve`] | the endpoint for programs: requests read, answers passed on or written | sockets, hyper |
//! | [`cli`] | the headless commands | clap, a `Write` handed in |
//!
//! The words are in the [`glossary`].
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
//! **A screen owns itself, and so does an overlay.** Its state, what is done on it and how it is drawn stand in its folder,
//! behind [`app::screen::Screen`] or [`app::overlay::OverlayPart`]. It names no other screen, and an overlay none at all;
//! what it wants of one it sends as an [`app::intent::Intent`], and what it asks of the store it asks with the shape of
//! the reply.
//!
//! **Drawing is a function of the app.** What it needs is computed just before, in
//! [`app::App::prepare`]. Work is proportional to the screen or to the change, never to the length
//! of the output.
//!
//! **Raw text is what is stored, checked, cached and piped.** Only [`text::SanitizedText`], which only the
//! cleaner can make, reaches a terminal.
//!
//! **A secret is a `SecretString` from the moment it is read.** It is never stored, logged or
//! shown; everywhere its label stands for it.
//!
//! **Content of others asks first.** A promptfoo config, a project's prompts and a data set send no variable, reach
//! no host and read no file outside their folder that the user's settings do not name or the user has not agreed to:
//! the list is made while they are read, and [`config::trust`] alone decides.
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
//!   stream. What follows from a class stands in one table, `crate::pipeline::retry_policy`.
//! - Fallback covers every refusal and every answer of the wrong form; a mistake found before sending
//!   ends the run ([`model::ErrorKind::InvalidPrompt`]). The best answer of the wrong form is kept.
//! - Each call of a batch sets the most it may take aside before it is made, and waits until the
//!   record has room for it ([`pipeline::ports::Recorder::room`]).
//! - Who may see partial text decides whether a run may start over: [`model::Commit`].
//! - The cache key is `sha256(text ":" hex(sha256(spec)))`; the spec holds everything that can
//!   change the answer and is built by exhaustive destructuring, so that a new field that is
//!   forgotten does not compile.
//! - Metrics are a pure fold over events, [`pipeline::meter`]: one definition of time to first
//!   token, tokens per second and cost.
//!
//! # How to add …
//!
//! `CONTRIBUTING.md` has the table, with the files that each addition touches.

#[doc = include_str!("../docs/glossary.md")]
pub mod glossary {}

pub mod model;
pub mod text;

pub mod template;

pub mod eval;

pub mod provider;

pub mod pipeline;

pub mod config;
pub mod dataset;
pub mod promptfoo;
pub mod store;
pub mod traces;

pub mod engine;
pub mod present;

pub mod widgets;

pub mod app;

pub mod serve;

pub mod cli;
pub mod log;
pub mod terminal;
