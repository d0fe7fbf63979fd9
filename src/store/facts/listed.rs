//! A page of the runs that many satisfy, and how many do, out of blocks.

use std::{collections::BTreeMap, ops::RangeInclusive};

use rusqlite::Connection;

use super::{
    BLOCK, Plan, Reader,
    block::{Block, Of},
    read, walk,
};
use crate::{
    model::query::{Sort, SortBy},
    store::history::Key,
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
    let column = match sort.by {
        SortBy::Time => Of::Seq,
        SortBy::Cost => Of::Cost,
        SortBy::Took => Of::Took,
        SortBy::Tokens => Of::Output,
    };
    let mut found = BTreeMap::new();
    let take = |block: &Block<'_>, picks: &[bool]| {
        let values = block.column(column);
        for (at, _) in picks.iter().enumerate().filter(|(_, picked)| **picked) {
            let seq = block.seq(at);
            let value = if by_time { Some(seq) } else { values.get(at) };
            let key = Key::of(value, seq, sort);
            let beyond = after.is_none_or(|after| after < key);
            let asked = if by_time { within.contains(&seq) } else { value.is_some() || !sort.ascending };
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
