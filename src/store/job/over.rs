//! What saving may write over.

/// What a prompt may be written over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Over {
    /// Nothing: a file of that name stays.
    Nothing,
    /// A file whose text has this digest. Another text tells that somebody else has written it.
    Known(String),
    /// Whatever is there.
    Anything,
}
