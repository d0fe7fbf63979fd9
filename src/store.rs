//! The disk: settings, prompts, sessions, the record of runs and the response cache.

pub mod atomic;
mod mistake;
mod outline;

pub mod cards;
pub mod job;
pub mod keys;
pub mod places;
pub mod settings;
pub mod starters;
