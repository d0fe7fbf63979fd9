//! What promptfoo writes, read as ours.

pub mod assertion;
