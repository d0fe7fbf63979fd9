//! Pieces that more than one view is drawn with.

pub mod bars;
pub mod chips;
pub mod column;
pub mod diff;
pub mod evidence;
pub mod flow;
pub mod hints;
pub mod list;
pub mod pane;
pub mod popup;
pub mod rows;
pub mod spark;
pub mod status;
pub mod table;
