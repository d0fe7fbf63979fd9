//! Every benchmark, one binary: `cargo bench` runs all, `cargo bench -- NAME` some.
#![allow(missing_docs, reason = "benchmarks are named by their functions")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing benchmark should panic")]

/// Servers with limits, made up.
#[path = "../tests/support/limited.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
#[allow(clippy::indexing_slicing, clippy::panic, reason = "a failing benchmark should panic")]
mod limited;
/// Batch APIs, scripted, as the tests have them.
#[cfg(target_os = "linux")]
#[path = "../tests/support/providers.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
#[allow(clippy::indexing_slicing, clippy::string_slice, clippy::panic, reason = "a failing benchmark should panic")]
#[allow(clippy::disallowed_methods, reason = "batches say when they were made")]
mod providers;
/// Runs as they are recorded and cached, made up.
#[path = "../tests/support/record.rs"]
mod record;
/// A scripted server, as the tests have it.
#[path = "../tests/support/server.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
#[allow(clippy::indexing_slicing, reason = "a failing benchmark should panic")]
mod server;

mod bench {
    /// What a batch adds to its runs.
    mod batch;
    /// Bytes of a stream into events.
    mod decoder;
    /// A record of a hundred thousand runs, or of many more.
    #[allow(clippy::panic, clippy::indexing_slicing, reason = "a failing benchmark should panic")]
    #[allow(clippy::disallowed_methods, reason = "the environment says how many runs there are")]
    mod filled;
    /// A frame of a large and busy screen.
    mod frame;
    /// The history of many runs: pages, filters, searches, stored answers.
    #[allow(clippy::panic, reason = "a failing benchmark should panic")]
    mod history;
    /// Four lanes at full speed, and how soon a key is answered meanwhile.
    #[allow(clippy::panic, clippy::indexing_slicing, clippy::string_slice, reason = "a failing benchmark should panic")]
    #[allow(clippy::disallowed_methods, clippy::print_stderr, reason = "it reads the clock and tells what it read")]
    mod lanes;
    /// A thousand servers with limits, and a batch on each.
    #[allow(clippy::indexing_slicing, reason = "a failing benchmark should panic")]
    #[allow(clippy::disallowed_methods, clippy::print_stderr, reason = "it tells what it read")]
    mod limits;
    /// A batch of a million rows on the screen: its memory, and the longest a key waits.
    #[cfg(target_os = "linux")]
    #[allow(clippy::disallowed_methods, clippy::print_stderr, reason = "it reads the clock and tells what it read")]
    mod million;
    /// What a run adds to the call it makes.
    mod pipeline;
    /// What many runs come to.
    #[allow(clippy::panic, reason = "a failing benchmark should panic")]
    mod quality;
    /// A batch through a provider's batch API, from end to end: its time, its CPU time, its memory.
    #[cfg(target_os = "linux")]
    #[allow(clippy::disallowed_methods, clippy::print_stderr, reason = "it reads the clock and tells what it read")]
    mod remote;
    /// A batch from end to end: its time beside the ideal, its CPU time, its memory.
    #[cfg(target_os = "linux")]
    #[allow(clippy::indexing_slicing, reason = "a failing benchmark should panic")]
    #[allow(clippy::disallowed_methods, clippy::print_stderr, reason = "it reads the clock and tells what it read")]
    mod rows;
    /// What the endpoint for programs adds to a call.
    #[cfg(target_os = "linux")]
    #[allow(clippy::disallowed_methods, clippy::print_stderr, reason = "it reads the clock and tells what it read")]
    mod serve;
    /// From starting the program to its first painted frame.
    mod start;
    /// The disk, as a run meets it.
    mod store;
    /// A batch of a hundred thousand rows on the screen.
    mod table;
    /// A prompt and an input of ten megabytes.
    #[allow(clippy::disallowed_methods, reason = "an instant can only be had from the clock")]
    mod text;
    /// The workbench as it starts.
    mod workbench;
    /// A stream's text, wrapped as it grows.
    mod wrapped;
}

fn main() {
    divan::main();
}
