//! The elements of two arrays, matched by content and in order.

use std::{collections::HashSet, ops::Range};

use serde_json::Value;
use similar::DiffOp;

use super::{canonical, same};
use crate::text::diff::stretches::stretches;

/// Elements of two arrays that stand for each other, or one that stands alone.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pair<'a> {
    /// In both.
    Both(&'a Value, &'a Value),
    /// In the old one alone.
    Old(&'a Value),
    /// In the new one alone.
    New(&'a Value),
}

/// How many comparisons of elements a stretch without equal ones may cost; a larger one is matched
/// in order.
const MOST: usize = 4096;

/// Matches the elements of two arrays: equal ones first, then in each stretch between them those
/// that are most alike. What is read for that is taken from the bytes that are left; where they are too few,
/// elements are matched in order.
pub(super) fn align<'a>(old: &'a [Value], new: &'a [Value], left: &mut usize) -> Vec<Pair<'a>> {
    let key = |values: &[Value]| values.iter().map(canonical).collect::<Vec<_>>();
    let mut pairs = Vec::new();
    if !take(left, total(old).saturating_add(total(new))) {
        in_order(old, new, &mut pairs);
        return pairs;
    }
    for op in stretches(&key(old), &key(new)) {
        let (old, new) = (part(old, op.old_range()), part(new, op.new_range()));
        match op {
            DiffOp::Equal { .. } => pairs.extend(old.iter().zip(new).map(|(old, new)| Pair::Both(old, new))),
            // Each is compared with each.
            _ if old.len() * new.len() > MOST
                || !take(
                    left,
                    (total(old).saturating_mul(new.len())).saturating_add(total(new).saturating_mul(old.len())),
                ) =>
            {
                in_order(old, new, &mut pairs);
            }
            _ => alike(old, new, &mut pairs),
        }
    }
    pairs
}

/// Takes bytes from those that are left; none where they are too few.
fn take(left: &mut usize, bytes: usize) -> bool {
    left.checked_sub(bytes).is_some_and(|rest| {
        *left = rest;
        true
    })
}

/// The bytes of values, about as JSON writes them.
fn total(values: &[Value]) -> usize {
    values.iter().map(size).sum()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => 8 + text.len(),
        Value::Array(items) => 8 + total(items),
        Value::Object(members) => 8 + members.iter().map(|(name, value)| 8 + name.len() + size(value)).sum::<usize>(),
    }
}

fn part(values: &[Value], at: Range<usize>) -> &[Value] {
    values.get(at).unwrap_or_default()
}

fn in_order<'a>(old: &'a [Value], new: &'a [Value], pairs: &mut Vec<Pair<'a>>) {
    let both = old.len().min(new.len());
    pairs.extend(old.iter().zip(new).map(|(old, new)| Pair::Both(old, new)));
    pairs.extend(old.iter().skip(both).map(Pair::Old));
    pairs.extend(new.iter().skip(both).map(Pair::New));
}

/// Matches two stretches so that the likeness of the pairs, summed up, is greatest.
fn alike<'a>(old: &'a [Value], new: &'a [Value], pairs: &mut Vec<Pair<'a>>) {
    let columns = new.len() + 1;
    let likeness: Vec<u32> = old.iter().flat_map(|old| new.iter().map(move |new| likeness(old, new))).collect();
    let like = |i: usize, j: usize| likeness.get(i * new.len() + j).copied().unwrap_or(0);
    // best[i * columns + j]: the greatest sum for the elements from i and from j on.
    let mut best = vec![0_u32; (old.len() + 1) * columns];
    let sum = |best: &[u32], i: usize, j: usize| best.get(i * columns + j).copied().unwrap_or(0);
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let pair = like(i, j) + sum(&best, i + 1, j + 1);
            let most = pair.max(sum(&best, i + 1, j)).max(sum(&best, i, j + 1));
            if let Some(cell) = best.get_mut(i * columns + j) {
                *cell = most;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    loop {
        let most = sum(&best, i, j);
        match (old.get(i), new.get(j)) {
            (Some(was), Some(is)) if like(i, j) > 0 && most == like(i, j) + sum(&best, i + 1, j + 1) => {
                pairs.push(Pair::Both(was, is));
                (i, j) = (i + 1, j + 1);
            }
            (Some(was), is) if is.is_none() || most == sum(&best, i + 1, j) => {
                pairs.push(Pair::Old(was));
                i += 1;
            }
            (_, Some(is)) => {
                pairs.push(Pair::New(is));
                j += 1;
            }
            _ => return,
        }
    }
}

/// Says how alike two values are that are not equal, from 1 up: values of one kind more than others,
/// objects by the members they share.
fn likeness(old: &Value, new: &Value) -> u32 {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let shared = old.iter().filter_map(|(key, value)| Some((value, new.get(key)?)));
            let (mut keys, mut equal) = (0_usize, 0_usize);
            for (one, other) in shared {
                keys += 1;
                equal += usize::from(same(one, other));
            }
            10 + share(10 * equal + keys, old.len().max(new.len()))
        }
        (Value::String(old), Value::String(new)) => {
            let (words, many): (HashSet<&str>, usize) =
                (old.split_whitespace().collect(), old.split_whitespace().count());
            let common = new.split_whitespace().filter(|word| words.contains(word)).count();
            10 + share(10 * common, many.max(1))
        }
        _ if std::mem::discriminant(old) == std::mem::discriminant(new) => 10,
        _ => 1,
    }
}

/// Returns a part of a whole in tenths, at most 1000.
fn share(part: usize, whole: usize) -> u32 {
    u32::try_from(10 * part / whole.max(1)).unwrap_or(1000).min(1000)
}
