//! The headless commands.

pub mod args;
