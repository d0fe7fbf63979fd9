//! Every benchmark, one binary: `cargo bench` runs all, `cargo bench -- NAME` some.
#![allow(missing_docs, reason = "benchmarks are named by their functions")]

fn main() {
    divan::main();
}
