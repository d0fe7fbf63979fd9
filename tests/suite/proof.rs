//! What the design promises, shown through the whole pipeline over a real socket.

/// The streaming faults every client meets, on every wire format: what a person sees of each.
mod cases;
/// One scripted run from socket to record, counted in every place that counts.
mod played;
/// The words of each wire format.
mod wires;
