//! JSON as a text: its tokens while it still comes, its tree once it is whole, and the rows of that.
//!
//! Nothing here reads a value: order, spelling of numbers and repeated keys stay as they were
//! written. [`Highlight`] goes along with a growing text, also with one that is broken or has prose
//! around its JSON. [`Tree`] is one whole value, and [`Rows`] is the tree folded and cut to a width.
//! [`ExactJson`] is a value taken out of its text, its numbers still as they were written. [`to_line`] and
//! [`to_pretty`] write a value so that no terminal obeys a character of it.

mod escape;
mod exact;
mod highlight;
mod lex;
mod rows;
mod spelled;
mod token;
mod tree;

pub use escape::{escape, to_line, to_pretty};
pub use exact::{ExactJson, compare_numbers};
pub use highlight::Highlight;
pub use lex::Lexer;
pub use rows::{Note, Piece, Row, Rows, Side};
pub use token::{Kind, Token, Tokens};
pub use tree::{Broken, Shape, Tree};
