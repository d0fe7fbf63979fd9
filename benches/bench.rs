//! Every benchmark, one binary: `cargo bench` runs all, `cargo bench -- NAME` some.
#![allow(missing_docs, reason = "benchmarks are named by their functions")]
#![allow(clippy::unwrap_used, reason = "a failing benchmark should panic")]

mod bench {
    /// What a run adds to the call it makes.
    mod pipeline;
}

#[path = "bench/wrapped.rs"]
mod wrapped;

fn main() {
    divan::main();
}
