//! The screens there are.

/// One screen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScreenId {
    /// The workbench.
    #[default]
    Bench,
    Batch,
    /// The runs on record.
    History,
    /// What the runs on record come to.
    Quality,
    /// The calls of programs.
    Traffic,
}

impl ScreenId {
    /// Every screen, in the order of their keys.
    pub const ALL: &[Self] = &[Self::Bench, Self::Batch, Self::History, Self::Quality, Self::Traffic];

    /// Returns its name in the header.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bench => "Bench",
            Self::Batch => "Batch",
            Self::History => "History",
            Self::Quality => "Quality",
            Self::Traffic => "Traffic",
        }
    }

    /// Returns its name in a sentence.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Bench => "bench",
            Self::Batch => "batch",
            Self::History => "history",
            Self::Quality => "quality screen",
            Self::Traffic => "traffic screen",
        }
    }
}
