//! Pure text: cleaning, width, wrapping, JSON, difference, order.
//!
//! [`SanitizedText`] is text that may reach a terminal, and only the [`Sanitizer`] makes it. [`width()`] is the
//! one definition of how many columns a text takes. [`Wrapped`] keeps a growing text cut into rows, [`json`]
//! a text as the JSON it is. [`Pasted`] is text that may reach a clipboard, and [`shell`] quotes words for a shell.
//! [`TextDiff`] says which words two texts differ in. [`MergeSort`] puts what is large in order in steps.

pub mod budget;
pub mod diff;
pub mod format;
pub mod graphemes;
pub mod html;
pub mod json;
pub mod sanitize;
pub mod search;
pub mod shell;
pub mod suggest;
pub mod width;
pub mod word_match;
pub mod wrap;
pub mod xml;

pub(crate) mod merge_sort;
pub(crate) mod pasted;

pub use crate::text::{
    diff::{LineChange, TextDiff},
    merge_sort::MergeSort,
    pasted::Pasted,
    sanitize::{SanitizedText, Sanitizer, clean, clean_line, prefix, reorders},
    search::{holds, lower},
    width::{truncate, width},
    wrap::{Wrapped, WrappedRow, wrapped_lines},
};

#[cfg(test)]
mod hostile;
