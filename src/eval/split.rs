//! Which rows of a data set are held out: by the hash of what is asked, never by their order, so that adding rows moves none.
//!
//! The key of a row is the first eight bytes of the SHA-256 of `retort-split-1`, a zero byte and what is asked: the text,
//! then each variable but the expected value in the order of its name, and each part, with a zero byte before every piece.
//! Rows that ask the same are on the same side, and one whose expected value is corrected stays where it is.

use sha2::{Digest as _, Sha256};

use crate::model::{Input, expected::EXPECTED, id::hex};

/// The fewest rows that may be held out: with fewer only a difference shows that needs no test.
pub const FEWEST_HELD_OUT: usize = 20;

/// The rows of a data set beyond which a smaller share is held out.
const MANY: usize = 400;

/// What is hashed first, so that a later way of splitting is told apart.
const SCHEME: &str = "retort-split-1";

/// Returns the key that decides on which side of the split an input is.
#[must_use]
pub fn split_key(input: &Input) -> u64 {
    let mut hash = Sha256::new();
    hash.update(SCHEME);
    let mut piece = |text: &str| {
        hash.update([0]);
        hash.update(text);
    };
    piece(&input.text);
    for (name, value) in input.vars.iter().filter(|(name, _)| name.as_str() != EXPECTED) {
        piece(name);
        piece(value.as_str());
    }
    for part in &input.parts {
        piece(&part.source);
    }
    hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Returns the share of so many rows that is held out, from 0 to 1.
#[must_use]
pub fn held_out_share(rows: usize) -> f64 {
    if rows > MANY { 0.2 } else { 0.5 }
}

/// Tells whether an input is held out where this share is.
#[must_use]
pub fn is_held_out(input: &Input, share: f64) -> bool {
    (split_key(input) as f64) / 2_f64.powi(64) < share
}

/// The rows of a data set on both sides of the split, by their places, counted from 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowSplit {
    /// The share that is held out, from 0 to 1.
    pub share: f64,
    /// Those that candidates are tried on.
    pub tune: Vec<usize>,
    /// Those that nobody looks at before the end.
    pub held_out: Vec<usize>,
    /// Names the held-out rows, whatever their order: SHA-256 in hex.
    pub digest: String,
}

impl RowSplit {
    /// Splits the inputs of a data set.
    pub fn of<'a>(inputs: impl IntoIterator<Item = &'a Input>) -> Self {
        let inputs: Vec<&Input> = inputs.into_iter().collect();
        let share = held_out_share(inputs.len());
        let (held_out, tune): (Vec<usize>, Vec<usize>) =
            (0..inputs.len()).partition(|at| inputs.get(*at).is_some_and(|input| is_held_out(input, share)));
        let mut keys: Vec<u64> = held_out.iter().filter_map(|at| Some(split_key(inputs.get(*at)?))).collect();
        keys.sort_unstable();
        let digest = hex(&keys.iter().flat_map(|key| key.to_be_bytes()).collect::<Vec<u8>>());
        Self { share, tune, held_out, digest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `hashlib.sha256(b"retort-split-1\0" + text).hexdigest()[:16]` of Python.
    #[test]
    fn a_row_keeps_its_side_for_ever() {
        for (text, key, held_out) in [
            ("message 7", 0x376f_706c_a169_102e, true),
            ("message 5", 0x686d_2f16_87e0_55e2, true),
            ("message 6", 0x8423_587f_596c_7d94, false),
        ] {
            let input = Input::of(text);
            assert_eq!((split_key(&input), is_held_out(&input, 0.5)), (key, held_out), "{text}");
        }
    }

    #[test]
    fn adding_or_moving_rows_moves_none_and_a_corrected_label_stays() {
        let inputs: Vec<Input> = (0..100).map(|at| Input::of(format!("row {at}"))).collect();
        let few = RowSplit::of(inputs.iter().take(60));
        let all = RowSplit::of(&inputs);
        let first: Vec<usize> = all.held_out.iter().copied().filter(|at| *at < 60).collect();
        assert_eq!(few.held_out, first);
        assert_eq!(RowSplit::of(inputs.iter().rev()).digest, all.digest);
        assert_ne!(few.digest, all.digest);
        assert!((35..65).contains(&all.held_out.len()) && all.held_out.len() + all.tune.len() == 100);
        let mut labelled = inputs[0].clone();
        labelled.vars.insert(EXPECTED.to_owned(), "positive".into());
        assert_eq!(split_key(&labelled), split_key(&inputs[0]));
        labelled.vars.insert("language".to_owned(), "de".into());
        assert_ne!(split_key(&labelled), split_key(&inputs[0]));
    }

    #[test]
    fn of_many_rows_a_fifth_of_them_is_held_out_all_of_which_were_before() {
        let inputs: Vec<Input> = (0..1000).map(|at| Input::of(format!("row {at}"))).collect();
        let (some, all) = (RowSplit::of(inputs.iter().take(400)), RowSplit::of(&inputs));
        assert!((some.share, all.share) == (0.5, 0.2) && (150..250).contains(&all.held_out.len()));
        let still = all.held_out.iter().filter(|at| **at < 400);
        assert!(still.clone().count() > 0 && still.into_iter().all(|at| some.held_out.contains(at)));
    }
}
