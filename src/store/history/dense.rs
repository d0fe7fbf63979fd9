//! Pages and counts where no index says that the runs asked for are few.
//!
//! A page of the newest of them is mostly found among the newest rows. Where it is not, as with filters that
//! seldom hold together, the blocks of facts are read, which take a small part of the time that rows do.

use std::{collections::BTreeMap, ops::RangeInclusive};

use rusqlite::Connection;

use super::{Key, few_of, sparse};
use crate::{
    model::query::{Query, SortBy},
    store::{
        facts::{self, Plan},
        job::After,
    },
};

/// Rows that are looked at before blocks are.
const ROWS: i64 = 4096;

/// A part of the record.
pub(super) enum Part {
    /// Runs with these numbers, a list in JSON.
    Among(String),
    /// Those whose numbers are within bounds.
    Within(RangeInclusive<i64>),
}

/// Tells whether a query is answered here: it filters, or it orders what words find, and what is left is not few.
pub(super) fn is_better(db: &Connection, query: &Query, by: SortBy) -> rusqlite::Result<bool> {
    // No index has the order of these, and a block has their values at hand.
    let unindexed = matches!(by, SortBy::Verdict | SortBy::Grade);
    if query.filters.is_empty() && !unindexed && (query.words.is_empty() || by == SortBy::Time) {
        return Ok(false);
    }
    for filter in query.filters.iter().filter(|filter| !filter.not) {
        if few_of(db, &filter.what)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Finds the first runs.
pub(super) fn page(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
    wanted: usize,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    if query.sort.by != SortBy::Time {
        return planned(db, query, Plan::of(db, query)?, after, wanted, i64::MIN..=i64::MAX);
    }
    let Some((near, rest)) = near(db, query, after)? else {
        return Ok(BTreeMap::new());
    };
    let mut found = sparse(db, query, after, wanted, Some(&Part::Within(near)))?;
    if found.len() < wanted {
        found.extend(planned(db, query, Plan::of(db, query)?, after, wanted, rest)?);
    }
    Ok(found)
}

/// Finds the first runs by a plan, in the order of time those with numbers within bounds.
fn planned(
    db: &Connection,
    query: &Query,
    plan: Plan,
    after: Option<&After>,
    wanted: usize,
    within: RangeInclusive<i64>,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    let by_time = query.sort.by == SortBy::Time;
    let key = after.map(|after| Key::of(if by_time { Some(after.seq) } else { after.value }, after.seq, query.sort));
    let mut found = facts::page(db, plan, query.sort, key, within, wanted)?;
    found.extend(under_way(db, query, after, wanted)?);
    Ok(found)
}

/// Finds the first runs of those under way, which are in no block.
fn under_way(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
    wanted: usize,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    let sql = "SELECT json_group_array(seq), count(*) FROM run WHERE end = 'running'";
    let (list, count): (String, i64) = db.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count == 0 {
        return Ok(BTreeMap::new());
    }
    sparse(db, query, after, wanted, Some(&Part::Among(list)))
}

/// Counts the runs.
pub(super) fn count(db: &Connection, query: &Query) -> rusqlite::Result<u64> {
    let running = under_way(db, query, None, usize::MAX)?.len() as u64;
    Ok(facts::count(db, Plan::of(db, query)?)? + running)
}

/// Returns the numbers of the rows that come first, and of those after them; none without any.
fn near(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
) -> rusqlite::Result<Option<(RangeInclusive<i64>, RangeInclusive<i64>)>> {
    let end = if query.sort.ascending { "min" } else { "max" };
    let first = db.prepare_cached(&format!("SELECT {end}(seq) FROM run"))?.query_row([], |row| row.get(0))?;
    let Some(from) = after.map(|after| after.seq).or(first) else {
        return Ok(None);
    };
    Ok(Some(if query.sort.ascending {
        let to = from.saturating_add(ROWS);
        (from..=to, to.saturating_add(1)..=i64::MAX)
    } else {
        let to = from.saturating_sub(ROWS);
        (to..=from, i64::MIN..=to.saturating_sub(1))
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::query::Sort,
        store::{
            db,
            facts::tests::alike::{asked, made, put},
            schema,
        },
    };

    fn first(found: BTreeMap<Key, i64>, limit: usize) -> Vec<(Key, i64)> {
        found.into_iter().take(limit).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn blocks_have_the_pages_that_rows_have(
            runs in proptest::collection::vec(made(), 1..40),
            queries in proptest::collection::vec((asked(), 0..SortBy::ALL.len(), any::<bool>()), 16),
            limit in 1..6_usize,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let db = db::open(&dir.path().join("retort.db"), schema::RECORD, std::time::Duration::from_secs(1)).unwrap();
            let all = db.unchecked_transaction().unwrap();
            put(&db, &runs);
            all.commit().unwrap();
            for (mut query, by, ascending) in queries {
                query.sort = Sort { by: SortBy::ALL[by].0, ascending };
                let (mut after, mut whole) = (None, 0);
                loop {
                    let rows = first(sparse(&db, &query, after.as_ref(), limit, None).unwrap(), limit);
                    let plan = Plan::of(&db, &query).unwrap().in_blocks();
                    let blocks = planned(&db, &query, plan, after.as_ref(), limit, i64::MIN..=i64::MAX).unwrap();
                    prop_assert_eq!(&first(blocks, limit), &rows, "{:?} after {:?}", &query, after);
                    let near = page(&db, &query, after.as_ref(), limit).unwrap();
                    prop_assert_eq!(&first(near, limit), &rows, "{:?} after {:?}", &query, after);
                    whole += rows.len() as u64;
                    let Some((key, seq)) = rows.last() else { break };
                    let value = (!key.0 && by != 0).then(|| if ascending { key.1 } else { -key.1 });
                    after = Some(After { seq: *seq, value });
                }
                if by == 0 {
                    prop_assert_eq!(count(&db, &query).unwrap(), whole);
                }
            }
        }
    }
}
