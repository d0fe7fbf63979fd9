//! Lists of all runs that something is asked of, not a page of them.

use rusqlite::{Connection, params_from_iter, types::Value};

use super::{Clause, Condition, FEW, Route, by_words, clause, few, walk};
use crate::{
    model::query::{Query, What},
    store::facts::Found,
};

/// Tells whether so many runs are looked up one by one.
pub(in crate::store) fn is_few(runs: usize) -> bool {
    i64::try_from(runs).is_ok_and(|runs| runs < FEW)
}

/// Lists the runs that a filter leaves, if an index tells that they are few.
pub(in crate::store) fn few_of(db: &Connection, what: &What) -> rusqlite::Result<Option<Vec<i64>>> {
    let Clause { values, index, .. } = clause(what);
    let list = index.map(|from| few(db, &from, &values)).transpose()?.flatten();
    Ok(list.and_then(|list| serde_json::from_str(&list).ok()))
}

/// Lists the runs that a filter leaves, ascending.
pub(in crate::store) fn every(db: &Connection, what: &What) -> rusqlite::Result<Vec<i64>> {
    let Clause { sql, values, index } = clause(what);
    let from = index.unwrap_or_else(|| format!("seq FROM run WHERE {sql}"));
    // Without an order it may be read off an index that holds all it takes.
    let mut statement = db.prepare_cached(&format!("SELECT {from}"))?;
    let list = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let mut list: Vec<i64> = list.collect::<rusqlite::Result<_>>()?;
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// Tells whether a filter on the parameters of a run holds where they are these.
pub(in crate::store) fn suits(db: &Connection, what: &What, params: &str) -> rusqlite::Result<bool> {
    let Clause { sql, mut values, .. } = clause(what);
    values.push(Value::Text(params.to_owned()));
    let sql = format!("SELECT coalesce(({sql}), 0) FROM (SELECT ? AS params) AS run");
    db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
}

/// Lists the runs that hold all words, by the ways they are found.
pub(in crate::store) fn found(db: &Connection, words: &[String]) -> rusqlite::Result<Vec<Found>> {
    let list = |route: &Route| -> rusqlite::Result<Option<Vec<i64>>> {
        let Route { matching, condition } = route;
        match matching {
            None if condition.sql.is_empty() => Ok(None),
            Some(expression) if condition.sql.is_empty() => {
                let sql = "SELECT rowid FROM run_text WHERE run_text MATCH ?1 ORDER BY rowid";
                db.prepare_cached(sql)?.query_map([expression], |row| row.get(0))?.collect::<Result<_, _>>().map(Some)
            }
            _ => {
                let mut all: Vec<i64> =
                    walk(db, &Query::default(), route, usize::MAX)?.into_iter().map(|(_, seq)| seq).collect();
                all.sort_unstable();
                Ok(Some(all))
            }
        }
    };
    let ways = by_words(db, words, &Condition::default())?;
    ways.into_iter().map(|way| Ok(Found { list: list(&way.route)?, versions: way.versions })).collect()
}
