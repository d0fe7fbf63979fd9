//! The one integration binary; each file says what it is for.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a failing test should panic"
)]

mod support;

mod suite {
    /// The demonstration: what it answers, when, and how it misbehaves.
    mod demo;
    /// Who may name whom, who may touch the world, and how long a file may be.
    mod layers;
    /// The pipeline on a scripted backend and a paused clock: every budget, wait and end.
    mod pipeline;
}
