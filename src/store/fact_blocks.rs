//! What is counted of runs, kept in blocks of [`BLOCK`] beside their rows, which take twenty times as long to read.
//!
//! A block is a copy of rows that have ended. It is written when its last run is, by whoever reads the rows next,
//! and a change to one of its rows or their grades drops it; where it is missing, or cannot be read, the rows are.

pub(crate) mod block;
pub(crate) mod codec;
pub(crate) mod query;

use std::{ops::RangeInclusive, time::Duration};

use rusqlite::{Connection, OptionalExtension, params};

pub(crate) use crate::store::fact_blocks::{
    codec::marks,
    query::{Matched, Plan, count, page},
};
use crate::{
    model::{
        query::Query,
        run_facts::{Names, RunFacts},
    },
    store::fact_blocks::{
        block::{Block, Builder},
        codec::Told,
        query::Matcher,
    },
};

/// Runs of a block, by their numbers on record: as many as the schema's triggers say.
const BLOCK: i64 = 1024;

/// Blocks that are written in one transaction: others wait as long for their turn.
const TOGETHER: usize = 16;

/// Blocks that are made between two questions.
const BETWEEN: usize = 4;

/// Hands over the facts of each run a query asks for with its number on record; those under way are left out.
pub(crate) fn each(
    db: &Connection,
    query: &Query,
    names: &mut Names,
    take: impl FnMut(i64, &RunFacts),
) -> rusqlite::Result<()> {
    follow(db, Plan::of(db, query)?, names, take)
}

fn follow(
    db: &Connection,
    plan: Plan,
    names: &mut Names,
    mut take: impl FnMut(i64, &RunFacts),
) -> rusqlite::Result<()> {
    let mut facts = RunFacts::default();
    read(db, plan, |block, picks| {
        let mut told = Told::of(block, names);
        for (at, picked) in picks.iter().enumerate() {
            if !picked {
                told.skip(at);
            } else if told.tell(at, &mut facts) {
                take(block.seq(at), &facts);
            }
        }
        true
    })
}

/// Reads all that is planned, block by block.
fn read(
    db: &Connection,
    Plan { few, matcher }: Plan,
    take: impl FnMut(&Block<'_>, &[bool]) -> bool,
) -> rusqlite::Result<()> {
    let mut reader = Reader { matcher, picks: Vec::new(), take };
    let Some(few) = few else {
        return walk(db, &mut reader, i64::MIN..=i64::MAX, false);
    };
    for some in few.chunks(usize::try_from(BLOCK).unwrap_or(usize::MAX)) {
        let list = serde_json::to_string(some).unwrap_or_default();
        let (rows, _) = codec::read(db, "seq IN (SELECT value FROM json_each(?1))", &[&list])?;
        reader.built(db, &rows.bytes());
    }
    Ok(())
}

/// Reads blocks, and the rows of those that are missing, which are kept as blocks if that can be done: from the
/// first of them to the last, or the other way, until the reader has enough.
fn walk<F: FnMut(&Block<'_>, &[bool]) -> bool>(
    db: &Connection,
    reader: &mut Reader<F>,
    within: RangeInclusive<i64>,
    newest_first: bool,
) -> rusqlite::Result<()> {
    let mut transaction = db.unchecked_transaction()?;
    let Some((first, last)) = ends(db)? else {
        return Ok(());
    };
    let (low, high) = ((*within.start()).max(first.div_euclid(BLOCK)), (*within.end()).min(last.div_euclid(BLOCK)));
    let (mut keeps, mut kept) = (true, 0);
    for step in 0..=high.saturating_sub(low) {
        let block = if newest_first { high - step } else { low + step };
        if high < low || reader.is_beside(db, block)? {
            continue;
        }
        let (bytes, made) = match reader.stored(db, block)? {
            Some(true) => continue,
            Some(false) => break,
            None => of_block(db, block).map(|(rows, under_way)| (rows.bytes(), (rows, under_way)))?,
        };
        let enough = reader.built(db, &bytes) == Some(false);
        let (rows, under_way) = made;
        if keeps && !under_way && is_full(block, last) {
            // What was read and what is written are of one transaction: nothing can have changed between them.
            kept += 1;
            let done = keep(db, block, &rows, &bytes)?;
            if !done || kept % TOGETHER == 0 {
                // Without a place to write, or a turn, the answer is the same.
                keeps = if done {
                    transaction.commit().is_ok()
                } else {
                    drop(transaction.rollback());
                    false
                };
                transaction = db.unchecked_transaction()?;
            }
        }
        if enough {
            break;
        }
    }
    drop(transaction.commit());
    Ok(())
}

/// Makes some of the blocks that are missing below one, the newest first. Returns the block below which others may
/// be missing; none if none are.
pub(crate) fn mend(db: &Connection, below: i64) -> rusqlite::Result<Option<i64>> {
    let transaction = db.unchecked_transaction()?;
    let Some((first, last)) = ends(db)? else {
        return Ok(None);
    };
    let (first, full) = (first.div_euclid(BLOCK), last.saturating_add(1).div_euclid(BLOCK));
    let mut next = below.min(full);
    let mut missing = Vec::new();
    {
        let mut there = db.prepare_cached("SELECT block FROM fact_block WHERE block < ?1 ORDER BY block DESC")?;
        let mut there = there.query([next])?;
        while next > first && missing.len() < BETWEEN {
            let known: i64 = there.next()?.map_or(Ok(first - 1), |row| row.get(0))?;
            missing.extend((known.max(first - 1) + 1..next).rev().take(BETWEEN - missing.len()));
            next = missing.last().copied().filter(|_| missing.len() == BETWEEN).unwrap_or(known);
        }
    }
    for block in &missing {
        let (rows, under_way) = of_block(db, *block)?;
        if !under_way && !keep(db, *block, &rows, &rows.bytes())? {
            return Ok(None);
        }
    }
    transaction.commit()?;
    Ok((next > first).then_some(next))
}

/// Returns the numbers of the first run and the last.
fn ends(db: &Connection) -> rusqlite::Result<Option<(i64, i64)>> {
    let both = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?));
    let (first, last) =
        db.prepare_cached("SELECT (SELECT min(seq) FROM run), (SELECT max(seq) FROM run)")?.query_row([], both)?;
    Ok(first.zip(last))
}

fn is_full(block: i64, last: i64) -> bool {
    block < last.saturating_add(1).div_euclid(BLOCK)
}

fn of_block(db: &Connection, block: i64) -> rusqlite::Result<(Builder, bool)> {
    let from = block * BLOCK;
    codec::read(db, "seq BETWEEN ?1 AND ?2", &[&from, &(from + BLOCK - 1)])
}

/// Keeps a block, if it can be written at once: another program may have its turn, the disk may be full.
fn keep(db: &Connection, block: i64, rows: &Builder, bytes: &[u8]) -> rusqlite::Result<bool> {
    let (first, last) = rows.span().unwrap_or_default();
    let patience: u32 = db.pragma_query_value(None, "busy_timeout", |row| row.get(0))?;
    db.busy_timeout(Duration::ZERO)?;
    let sql = "INSERT OR REPLACE INTO fact_block (block, first, last, facts) VALUES (?1, ?2, ?3, ?4)";
    let done = db.prepare_cached(sql).and_then(|mut insert| insert.execute(params![block, first, last, bytes]));
    db.busy_timeout(Duration::from_millis(patience.into()))?;
    Ok(done.is_ok())
}

/// Hands one block after the other over with a note of each of its runs, whether it is asked for.
struct Reader<F> {
    matcher: Matcher,
    picks: Vec<bool>,
    /// Returns false when it has enough.
    take: F,
}

impl<F: FnMut(&Block<'_>, &[bool]) -> bool> Reader<F> {
    /// Tells whether no run of a block that is kept started when it is asked for.
    fn is_beside(&self, db: &Connection, block: i64) -> rusqlite::Result<bool> {
        if !self.matcher.asks_when() {
            return Ok(false);
        }
        let mut span = db.prepare_cached("SELECT first, last FROM fact_block WHERE block = ?1")?;
        let span = span.query_row([block], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(span.is_some_and(|span| !self.matcher.may_hold(span)))
    }

    /// Hands a block over that is kept; none if it is not, or cannot be read.
    fn stored(&mut self, db: &Connection, block: i64) -> rusqlite::Result<Option<bool>> {
        let mut statement = db.prepare_cached("SELECT facts FROM fact_block WHERE block = ?1")?;
        let mut rows = statement.query([block])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        Ok(row.get_ref(0)?.as_blob().ok().and_then(|bytes| self.built(db, bytes)))
    }

    /// Hands a block over; none if it cannot be read.
    fn built(&mut self, db: &Connection, bytes: &[u8]) -> Option<bool> {
        let block = Block::of(bytes)?;
        self.matcher.pick(db, &block, &mut self.picks);
        Some(!self.picks.contains(&true) || (self.take)(&block, &self.picks))
    }
}

#[cfg(test)]
pub(crate) mod tests;
