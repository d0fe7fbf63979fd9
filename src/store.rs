//! The disk: settings, prompts, sessions, the record of runs and the response cache.

pub mod job;
