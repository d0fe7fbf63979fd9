//! When the pieces of an answer came: kept with a run in a few hundred bytes, so that it can be played again in its own time.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::pipeline::event::DeltaPart;

/// Pieces that are kept apart, at most: neighbours are joined beyond.
const MOST: usize = 512;

/// A piece of an answer: how long after the one before, which part, and how many characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacedPiece {
    pub after: Duration,
    pub part: DeltaPart,
    pub chars: usize,
}

/// The pieces of an answer: for each the milliseconds since the one before (the first: since its attempt began) and its length
/// in characters, doubled and one more where it is reasoning. Numbers of seven bits a byte, the lowest first (LEB128), as
/// base64 without padding: 2 to 4 bytes a piece, at most about 3 kB.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct AnswerPace(String);

impl AnswerPace {
    /// Takes it as the record has it.
    pub(crate) fn stored(text: String) -> Self {
        Self(text)
    }

    /// Returns it as it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(pieces: &[PacedPiece]) -> Option<Self> {
        if pieces.is_empty() {
            return None;
        }
        let mut bytes = Vec::new();
        for piece in pieces {
            put(&mut bytes, u64::try_from(piece.after.as_millis()).unwrap_or(u64::MAX));
            put(&mut bytes, (piece.chars as u64) << 1 | u64::from(piece.part == DeltaPart::Reasoning));
        }
        Some(Self(STANDARD_NO_PAD.encode(bytes)))
    }

    /// Returns the pieces; none of what cannot be read.
    #[must_use]
    pub fn pieces(&self) -> Vec<PacedPiece> {
        let bytes = STANDARD_NO_PAD.decode(&self.0).unwrap_or_default();
        let (mut rest, mut pieces) = (bytes.as_slice(), Vec::new());
        while let (Some(after), Some(length)) = (take(&mut rest), take(&mut rest)) {
            let part = if length & 1 == 1 { DeltaPart::Reasoning } else { DeltaPart::Text };
            let chars = usize::try_from(length >> 1).unwrap_or(usize::MAX);
            pieces.push(PacedPiece { after: Duration::from_millis(after), part, chars });
        }
        pieces
    }
}

fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Notes the pieces of the answer under way.
#[derive(Debug, Default)]
pub(crate) struct PaceRecorder {
    pieces: Vec<PacedPiece>,
    last: Duration,
}

impl PaceRecorder {
    /// Begins with an attempt, at a time since the run's start: what came of one before is void.
    pub(crate) fn begin(&mut self, at: Duration) {
        self.pieces.clear();
        self.last = at;
    }

    /// Notes a piece.
    pub(crate) fn take(&mut self, at: Duration, part: DeltaPart, text: &str) {
        let after = at.saturating_sub(self.last);
        self.last = self.last.max(at);
        self.pieces.push(PacedPiece { after, part, chars: text.chars().count() });
        if self.pieces.len() > MOST {
            self.join();
        }
    }

    /// Joins neighbours of one part, each two to one that came when the second did.
    fn join(&mut self) {
        let mut joined: Vec<PacedPiece> = Vec::with_capacity(MOST);
        let mut open = false;
        for piece in std::mem::take(&mut self.pieces) {
            if let Some(last) = joined.last_mut().filter(|last| open && last.part == piece.part) {
                last.after += piece.after;
                last.chars += piece.chars;
                open = false;
            } else {
                joined.push(piece);
                open = true;
            }
        }
        self.pieces = joined;
    }

    /// Returns what was noted; none where nothing came.
    pub(crate) fn pace(&self) -> Option<AnswerPace> {
        AnswerPace::of(&self.pieces)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(pieces: usize, text: &str) -> PaceRecorder {
        let mut recorder = PaceRecorder::default();
        recorder.begin(Duration::from_millis(5));
        for at in 0..pieces {
            let part = if at < pieces / 4 { DeltaPart::Reasoning } else { DeltaPart::Text };
            recorder.take(Duration::from_millis(300 + at as u64 * 25), part, text);
        }
        recorder
    }

    #[test]
    fn pieces_come_back_as_they_were_noted() {
        let recorder = recorded(8, "größe");
        let pieces = recorder.pace().unwrap().pieces();
        assert_eq!(pieces, recorder.pieces);
        assert_eq!(pieces[0], PacedPiece { after: Duration::from_millis(295), part: DeltaPart::Reasoning, chars: 5 });
        assert_eq!(pieces[2].part, DeltaPart::Text);
        assert_eq!(PaceRecorder::default().pace(), None);
        for damaged in ["", "!", "gA", "gICAgICAgICAgICA"] {
            assert!(AnswerPace::stored(damaged.to_owned()).pieces().len() < 2, "{damaged}");
        }
    }

    #[test]
    fn a_long_answer_keeps_its_length_and_time_in_little_room() {
        // An answer of 120 tokens, four characters each, and one of 100,000.
        let usual = recorded(120, "word").pace().unwrap();
        assert!(usual.as_str().len() <= 324, "{}", usual.as_str().len());
        let recorder = recorded(100_000, "word");
        let pace = recorder.pace().unwrap();
        assert!(pace.as_str().len() < 4_200, "{}", pace.as_str().len());
        let pieces = pace.pieces();
        let chars: usize = pieces.iter().map(|piece| piece.chars).sum();
        let time: Duration = pieces.iter().map(|piece| piece.after).sum();
        assert_eq!((chars, time), (400_000, Duration::from_millis(295 + 99_999 * 25)));
        let thought: usize =
            pieces.iter().filter(|piece| piece.part == DeltaPart::Reasoning).map(|piece| piece.chars).sum();
        assert_eq!(thought, 100_000, "parts are not mixed");
    }
}
