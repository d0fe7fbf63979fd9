//! Why the disk could not do what it was asked.

/// Why the disk could not do what it was asked, in words with the next step.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StoreFault {
    /// What happened: the file, the line and the key where there is one, and what to do.
    pub message: String,
    /// What kind it is.
    pub kind: FaultKind,
}

/// What kind of fault the disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// It could not be done.
    Failed,
    /// A file of that name is already there.
    Exists,
    /// A file is not as it was known: somebody else has written it.
    Changed,
    /// What was asked for is not there or makes no sense: a name, a prompt, a template.
    Wrong,
}

impl StoreFault {
    /// Makes a fault of words alone.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: FaultKind::Failed }
    }

    /// Makes a fault of something that was asked for and is not there, or makes no sense.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self { message: message.into(), kind: FaultKind::Wrong }
    }
}
