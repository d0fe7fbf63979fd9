//! Every benchmark, one binary: `cargo bench` runs all, `cargo bench -- NAME` some.
#![allow(missing_docs, reason = "benchmarks are named by their functions")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a failing benchmark should panic")]

/// Runs as they are recorded and cached, made up.
#[path = "../tests/support/record.rs"]
mod record;

mod bench {
    /// Bytes of a stream into events.
    mod decoder;
    /// A frame of a large and busy screen.
    mod frame;
    /// What a run adds to the call it makes.
    mod pipeline;
    /// From starting the program to its first painted frame.
    mod start;
    /// The disk, as a run meets it.
    mod store;
    /// A stream's text, wrapped as it grows.
    mod wrapped;
}

fn main() {
    divan::main();
}
