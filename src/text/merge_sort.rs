//! Sorting in steps: what is large is put in order without keeping anybody waiting.

use std::{cmp::Reverse, collections::BinaryHeap, ops::Range};

/// Values that are put in order in steps: pieces are sorted as they come in, then the least value of all pieces is taken, one
/// after another. Equal values come in the order of their pieces.
#[derive(Debug, Clone)]
pub struct MergeSort<T> {
    /// The sorted pieces, one behind the other.
    values: Vec<T>,
    /// What is left of each piece behind its least value.
    rest: Vec<Range<usize>>,
    /// The least value of each piece, the least of all on top, with the place of the piece.
    least: BinaryHeap<Reverse<(T, usize)>>,
}

impl<T: Ord> Default for MergeSort<T> {
    fn default() -> Self {
        Self { values: Vec::new(), rest: Vec::new(), least: BinaryHeap::new() }
    }
}

impl<T: Ord + Copy> MergeSort<T> {
    /// Begins with room for so many values.
    #[must_use]
    pub fn with_capacity(values: usize) -> Self {
        Self { values: Vec::with_capacity(values), ..Self::default() }
    }

    /// Adds a piece. All pieces come before the first value is taken.
    pub fn add(&mut self, piece: impl IntoIterator<Item = T>) {
        let start = self.values.len();
        self.values.extend(piece);
        let Some(piece) = self.values.get_mut(start..) else { return };
        piece.sort_unstable();
        if let Some(least) = piece.first() {
            self.least.push(Reverse((*least, self.rest.len())));
            self.rest.push(start + 1..self.values.len());
        }
    }
}

impl<T: Ord + Copy> Iterator for MergeSort<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        let mut top = self.least.peek_mut()?;
        let Reverse((value, piece)) = *top;
        match self.rest.get_mut(piece).and_then(Iterator::next).and_then(|at| self.values.get(at)) {
            Some(next) => *top = Reverse((*next, piece)),
            None => drop(std::collections::binary_heap::PeekMut::pop(top)),
        }
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_come_out_as_one_order(pieces: Vec<Vec<(u8, u16)>>) {
            let mut sort = MergeSort::default();
            for piece in &pieces {
                sort.add(piece.iter().copied());
            }
            let mut wanted = pieces.concat();
            wanted.sort_unstable();
            prop_assert_eq!(sort.collect::<Vec<_>>(), wanted);
        }
    }
}
