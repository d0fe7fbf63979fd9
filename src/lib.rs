//! retort: a terminal workbench for developing LLM prompts.

pub mod model;
pub mod text;

pub mod eval;

pub mod provider;

pub mod pipeline;
pub mod store;

pub mod app;

pub mod ui;

pub mod cli;
pub mod tui;
