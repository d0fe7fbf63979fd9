//! Why the disk could not do what it was asked.

/// Why the disk could not do what it was asked, in words with the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreFault {
    /// What happened: the file, the line and the key where there is one, and what to do.
    pub message: String,
    /// True when it failed because a file of that name is already there.
    pub exists: bool,
}

impl StoreFault {
    /// Makes a fault of words alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), exists: false }
    }
}
