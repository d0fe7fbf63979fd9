//! The terminal shell of the workbench.

pub mod clipboard;
pub mod crash;
pub mod editor;
pub mod frames;
pub mod input;
pub mod screen;
