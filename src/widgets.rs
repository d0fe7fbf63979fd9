//! Pieces that more than one view is drawn with.

pub mod answer_view;
pub mod buffer_guard;
pub mod charts;
pub mod diff_view;
pub mod document;
pub mod form;
pub mod frame;
pub mod interactive;
pub mod key;
pub mod line_input;
pub mod motion;
pub mod pick_list;
pub mod query_bar;
pub mod table;
pub mod text_editor;
pub mod theme;
pub mod verdict_chips;
