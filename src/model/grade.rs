//! A grade: a person's judgement of one answer.

use serde::{Deserialize, Serialize};

/// The most stars an answer can get.
pub const MAX_STARS: u8 = 5;

/// Stars from which on an answer counts as right.
const RIGHT: u8 = 4;

/// Whether an answer will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Thumb {
    /// It will.
    Up,
    /// It will not.
    Down,
}

/// What a person says of an answer; each part may be left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grade {
    /// One to [`MAX_STARS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stars: Option<u8>,
    /// Up or down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumb: Option<Thumb>,
    /// A remark.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
}

impl Grade {
    /// Tells whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Tells whether the answer was found right, if that is said: by the thumb, else by four stars or more.
    #[must_use]
    pub fn right(&self) -> Option<bool> {
        self.thumb.map(|thumb| thumb == Thumb::Up).or(self.stars.map(|stars| stars >= RIGHT))
    }
}
