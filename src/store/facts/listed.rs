//! A page of the runs that many satisfy, and how many do, out of blocks.

use std::{collections::BTreeMap, ops::RangeInclusive};

use rusqlite::Connection;

use super::{
    BLOCK, Plan, Reader,
    block::{Block, Of},
    flags::{Flag, status_of},
    read, walk,
};
use crate::{
    model::query::{Sort, SortBy},
    store::history::{Key, status_rank, thumb_rank},
};

/// Finds the first runs of those that come after a place in an order, as many as are wanted. Those under way are
/// left out. In the order of time only runs with numbers within bounds are looked for.
pub(in crate::store) fn page(
    db: &Connection,
    plan: Plan,
    sort: Sort,
    after: Option<Key>,
    within: RangeInclusive<i64>,
    wanted: usize,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    let by_time = sort.by == SortBy::Time;
    let mut found = BTreeMap::new();
    let take = |block: &Block<'_>, picks: &[bool]| {
        for (at, _) in picks.iter().enumerate().filter(|(_, picked)| **picked) {
            let seq = block.seq(at);
            let key = Key::of(value(block, at, sort.by), seq, sort);
            let beyond = after.is_none_or(|after| after < key);
            let asked = !by_time || within.contains(&seq);
            let last = found.last_key_value().map(|(last, _): (&Key, &i64)| *last);
            if beyond && asked && (found.len() < wanted || last.is_some_and(|last| key < last)) {
                found.insert(key, seq);
                if found.len() > wanted {
                    found.pop_last();
                }
            }
        }
        !by_time || found.len() < wanted
    };
    if plan.few.is_some() {
        read(db, plan, take)?;
        return Ok(found);
    }
    let blocks = within.start().div_euclid(BLOCK)..=within.end().div_euclid(BLOCK);
    let mut reader = Reader { matcher: plan.matcher, picks: Vec::new(), take };
    walk(db, &mut reader, blocks, !sort.ascending)?;
    Ok(found)
}

/// Returns what a run is ordered by, as `history` reads it off its row.
fn value(block: &Block<'_>, at: usize, by: SortBy) -> Option<i64> {
    let number = |of| block.column(of).get(at);
    match by {
        SortBy::Time => Some(block.seq(at)),
        SortBy::Cost => number(Of::Cost),
        SortBy::Took => number(Of::Took),
        SortBy::Tokens => match (number(Of::TokensIn), number(Of::TokensOut)) {
            (Some(into), Some(out)) => Some(into.saturating_add(out)),
            (into, out) => into.or(out),
        },
        SortBy::Verdict => Some(status_rank(status_of(block.column(Of::Flags).of(at)))),
        SortBy::Grade => number(Of::Stars).or_else(|| {
            let flags = block.column(Of::Flags).of(at);
            let has = |flag: Flag| flags & flag as i64 != 0;
            has(Flag::Weighed).then(|| thumb_rank(has(Flag::Right)))
        }),
    }
}

/// Counts the runs that are asked for, but for those under way.
pub(in crate::store) fn count(db: &Connection, plan: Plan) -> rusqlite::Result<u64> {
    let mut runs = 0;
    let take = |_: &Block<'_>, picks: &[bool]| {
        runs += picks.iter().filter(|picked| **picked).count() as u64;
        true
    };
    read(db, plan, take)?;
    Ok(runs)
}
