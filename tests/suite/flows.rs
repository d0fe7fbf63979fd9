//! The workbench: keys in, state and effects out, no terminal.

mod actions;
mod batch;
mod checks;
mod compare;
mod copies;
mod freshness;
mod history;
mod inputs;
mod jobs;
mod judges;
mod keys;
mod lanes;
mod limits;
mod messages;
mod overlays;
mod paired_comparison;
mod quality;
mod quitting;
mod runs;
mod scoring;
mod sessions;
mod texts;
mod versions;
mod whatif;
mod writing;
mod xray;
