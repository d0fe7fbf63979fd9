//! The one pipeline: every request of the workbench, the command line and the batch goes through
//! [`Pipeline::run`].

pub mod event;
pub mod port;

pub use event::{RunEvent, Told};
