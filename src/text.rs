//! Pure text: cleaning, width, wrapping, JSON, difference.
//!
//! [`Safe`] is text that may reach a terminal, and only the [`Cleaner`] makes it. [`width()`] is the
//! one definition of how many columns a text takes. [`Wrapped`] keeps a growing text cut into rows, [`json`]
//! a text as the JSON it is. [`Pasted`] is text that may reach a clipboard, and [`shell`] quotes words for a shell.
//! [`TextDiff`] says which words two texts differ in.

pub mod clean;
pub mod diff;
mod escape;
pub mod graphemes;
pub mod json;
pub mod paragraph;
mod pasted;
mod prefix;
#[cfg(test)]
mod samples;
mod search;
pub mod shell;
pub mod width;
pub mod wrap;

pub use clean::{Cleaner, Safe, clean, clean_line, reorders};
pub use diff::{Change, TextDiff};
pub use pasted::Pasted;
pub use prefix::prefix;
pub use search::{holds, lower};
pub use width::{truncate, width};
pub use wrap::{Row, Wrapped};
