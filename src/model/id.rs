//! Identifiers: sortable by time, printable, parseable; and the SHA-256 by which content is found.

use std::{fmt, fmt::Write as _, io, io::Read, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Returns the SHA-256 of bytes, in hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    hex_of_parts([bytes])
}

/// Returns the SHA-256 of texts or bytes that follow each other, in hex.
#[must_use]
pub fn hex_of_parts(parts: impl IntoIterator<Item = impl AsRef<[u8]>>) -> String {
    let hash = parts.into_iter().fold(Sha256::new(), Sha256::chain_update);
    shown(&hash.finalize())
}

/// Returns the SHA-256 of all that can be read, in hex.
pub fn hex_of(mut from: impl Read) -> io::Result<String> {
    let (mut hash, mut chunk) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return Ok(shown(&hash.finalize())),
            Ok(read) => hash.update(chunk.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn shown(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(64), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Names one run for ever: a UUID version 7, so that ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct RunId(pub Uuid);

impl RunId {
    /// Shows the last eight digits: enough to tell runs of one day apart on a screen.
    #[must_use]
    pub fn short(self) -> String {
        let full = self.0.simple().to_string();
        full.chars().skip(full.len().saturating_sub(8)).collect()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// Names one batch for ever: a UUID version 7, so that ids sort by the time they were made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct BatchId(pub Uuid);

impl BatchId {
    /// Shows the last eight digits: enough to tell batches apart on a screen.
    #[must_use]
    pub fn short(self) -> String {
        RunId(self.0).short()
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for BatchId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::parse_str(text).map(Self)
    }
}

/// Where a cell is in its batch. Cells are asked, listed and reported in the order of their places.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CellIndex {
    /// The row's number in its data set, counted from 1.
    pub row: u64,
    /// The prompt, counted from 0.
    pub prompt: u32,
    /// The target, counted from 0.
    pub target: u32,
    /// The sample, counted from 0.
    pub sample: u32,
}

/// The cell a run belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CellRef {
    pub batch: BatchId,
    /// Its place there.
    pub place: CellIndex,
    /// The [`DatasetRow::fingerprint`](crate::model::DatasetRow::fingerprint) of its row, by which a changed row is known.
    pub row: u64,
}

#[cfg(test)]
mod tests {

    #[test]
    fn a_digest_is_that_of_fips_180() {
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(super::hex(b"abc"), abc);
        assert_eq!(super::hex_of(&b"abc"[..]).unwrap(), abc);
    }
}
