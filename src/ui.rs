//! Drawing: a function of the app that cannot fail, block or change anything.

pub mod ascii;
pub mod theme;
