//! Parses the arguments, wires the floors together, and exits.

fn main() {}
