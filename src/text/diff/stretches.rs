//! Two sequences matched within a bound of work.

use std::{collections::HashMap, hash::Hash};

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Steps that looking for the shortest difference may take.
const STEPS: usize = 10_000_000;

/// Finds what two sequences have in common, in order, and what lies between. Of sequences so long and so
/// different that this would take too much work, only how they begin and end is in common.
pub fn stretches<T: Eq + Hash>(old: &[T], new: &[T]) -> Vec<DiffOp> {
    let mut numbers: HashMap<&T, usize> = HashMap::new();
    for part in old.iter().chain(new) {
        let next = numbers.len();
        numbers.entry(part).or_insert(next);
    }
    let numbered = |parts: &[T]| parts.iter().map(|part| numbers.get(part).copied().unwrap_or(0)).collect::<Vec<_>>();
    let (was, is) = (numbered(old), numbered(new));
    let same = |(one, other): &(&usize, &usize)| one == other;
    let head = was.iter().zip(&is).take_while(same).count();
    let (old_rest, new_rest) = (was.get(head..).unwrap_or_default(), is.get(head..).unwrap_or_default());
    let tail = old_rest.iter().rev().zip(new_rest.iter().rev()).take_while(same).count();
    let (old_len, new_len) = (old_rest.len() - tail, new_rest.len() - tail);
    let between = (old_rest.get(..old_len).unwrap_or_default(), new_rest.get(..new_len).unwrap_or_default());
    if is_near(between.0, between.1) {
        return capture_diff_slices(Algorithm::Myers, &was, &is);
    }
    let equal = |old_index, new_index, len| DiffOp::Equal { old_index, new_index, len };
    let ops = [
        equal(0, 0, head),
        DiffOp::Replace { old_index: head, old_len, new_index: head, new_len },
        equal(head + old_len, head + new_len, tail),
    ];
    ops.into_iter().filter(|op| !op.old_range().is_empty() || !op.new_range().is_empty()).collect()
}

/// Tells whether the shortest difference is found in a bounded number of steps, by the greedy algorithm (Myers,
/// "An O(ND) Difference Algorithm and Its Variations", 1986) without keeping the way to it.
fn is_near(old: &[usize], new: &[usize]) -> bool {
    let most = old.len() + new.len();
    let mut steps = 0;
    // The row that ways of so many edits reach on each diagonal, which is numbered by its column less its row, and
    // so many edits up.
    let mut reached: Vec<usize> = vec![0];
    for edits in 0..=most {
        let mut next = Vec::with_capacity(reached.len() + 1);
        for place in 0..=edits {
            let below = place.checked_sub(1).and_then(|before| reached.get(before)).copied();
            let above = reached.get(place).filter(|_| edits > 0).copied();
            // Down an edge takes an element away, along one puts an element in.
            let mut row = above.map(|row| row + 1).max(below).unwrap_or(0);
            let column = |row: usize| (row + 2 * place).checked_sub(edits);
            while column(row).is_some_and(|column| old.get(row).is_some_and(|one| new.get(column) == Some(one))) {
                row += 1;
                steps += 1;
            }
            if row >= old.len() && column(row).is_some_and(|column| column >= new.len()) {
                return true;
            }
            next.push(row);
        }
        steps += edits + 1;
        if steps > STEPS {
            return false;
        }
        reached = next;
    }
    true
}

#[cfg(test)]
mod tests {
    use similar::DiffTag;

    use super::*;

    fn kinds(old: &[u32], new: &[u32]) -> Vec<(DiffTag, usize, usize)> {
        stretches(old, new).iter().map(|op| (op.tag(), op.old_range().len(), op.new_range().len())).collect()
    }

    #[test]
    fn what_is_far_apart_is_in_common_at_its_ends_alone() {
        let many: Vec<u32> = (0..50_000).collect();
        let mut edited = many.clone();
        edited.insert(9, 1_000_000);
        edited.remove(40_000);
        assert_eq!(
            kinds(&many, &edited),
            [
                (DiffTag::Equal, 9, 9),
                (DiffTag::Insert, 0, 1),
                (DiffTag::Equal, 39_990, 39_990),
                (DiffTag::Delete, 1, 0),
                (DiffTag::Equal, 10_000, 10_000)
            ]
        );
        let turned: Vec<u32> = [0].into_iter().chain((1..49_999).rev()).chain([49_999]).collect();
        assert_eq!(
            kinds(&many, &turned),
            [(DiffTag::Equal, 1, 1), (DiffTag::Replace, 49_998, 49_998), (DiffTag::Equal, 1, 1)]
        );
        assert_eq!(kinds(&[1, 2], &[1, 2]), [(DiffTag::Equal, 2, 2)]);
        assert_eq!(kinds(&[], &[]), []);
    }
}
