//! A version of a prompt as one that can be put on the bench, and its place among the others.

use jiff::Timestamp;

use crate::{
    model::{Prompt, VersionId},
    store::api::VersionEntry,
};

/// A version that can be put on the bench, or that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedVersion {
    /// Its hash.
    pub id: VersionId,
    /// Where it stands among the versions; none for one that was just run.
    pub place: Option<VersionPosition>,
    /// What it holds.
    pub prompt: Box<Prompt>,
    /// Whether the bench has something else by now.
    pub edited: bool,
}

/// The place of a version among all of its prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct VersionPosition {
    /// Counted from 1, the oldest.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// When it was run first.
    pub made: Timestamp,
    /// Its name, if it has one.
    pub name: Option<String>,
}

impl PlacedVersion {
    /// Makes it of an entry at a place among so many, the newest first.
    #[must_use]
    pub fn of_entry(at: usize, of: usize, entry: &VersionEntry) -> Self {
        let place = VersionPosition { number: of - at, of, made: entry.made, name: entry.name.clone() };
        Self { id: entry.id.clone(), place: Some(place), prompt: Box::new(entry.prompt.clone()), edited: false }
    }

    /// Makes it of a prompt that was run, whose place is not known.
    #[must_use]
    pub fn of_run(prompt: &Prompt) -> Self {
        Self { id: VersionId::of(prompt), place: None, prompt: Box::new(prompt.version()), edited: false }
    }
}
