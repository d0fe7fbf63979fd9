//! The workbench: keys in, state and effects out, no terminal.

mod actions;
mod compare;
mod copies;
mod keys;
mod overlays;
mod runs;
mod sessions;
mod texts;
mod versions;
