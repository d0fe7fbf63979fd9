//! Every benchmark, one binary: `cargo bench` runs all, `cargo bench -- NAME` some.
#![allow(missing_docs, reason = "benchmarks are named by their functions")]

#[path = "bench/wrapped.rs"]
mod wrapped;

fn main() {
    divan::main();
}
