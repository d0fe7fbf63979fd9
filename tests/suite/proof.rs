//! What the design promises, shown through the whole pipeline over a real socket.

/// A batch killed again and again at any point until it is done.
#[cfg(unix)]
mod batch_kills;
/// The streaming errors every client meets, on every wire format: what a person sees of each.
mod cases;
/// A provider that fails by plan.
mod flaky;
/// The invariants, each with the tests that hold it.
mod invariants;
/// Two processes on one data directory, one of them killed again and again at any point.
mod kills;
/// One scripted run from socket to record, counted in every place that counts.
mod played;
/// The workbench streaming for minutes on end: its memory stays what it was.
mod soak;
/// Thousands of runs through a provider that fails by plan.
mod storm;
/// One engine, two views: the bench and the command line.
mod views;
/// The words of each wire format.
mod wires;
