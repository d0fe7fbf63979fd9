//! The names that values of filters can have, found without reading every run.

use rusqlite::Connection;

use crate::model::query::Vocabulary;

/// Names of one kind, at most.
const MOST: usize = 500;

/// Lists the names on record.
pub(in crate::store) fn vocabulary(db: &Connection) -> rusqlite::Result<Vocabulary> {
    let mut models = distinct(db, "run", "model", "1")?;
    models.extend(distinct(db, "run", "target", "1")?);
    models.sort();
    models.dedup();
    Ok(Vocabulary {
        models,
        providers: distinct(db, "run", "provider", "1")?,
        prompts: distinct(db, "run", "prompt_name", "1")?,
        sessions: distinct(db, "run", "session", "1")?,
        versions: distinct(db, "version_name", "name", "name <> ''")?,
        checks: distinct(db, "verdict", "rule", "mark = 'fail'")?,
        classes: distinct(db, "run", "error_class", "error_class IS NOT NULL")?,
    })
}

/// Lists the values of a column that has an index, from each to the next larger one.
fn distinct(db: &Connection, table: &str, column: &str, among: &str) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "WITH RECURSIVE value (it) AS (
             SELECT min({column}) FROM {table} WHERE {among}
             UNION ALL
             SELECT (SELECT min({column}) FROM {table} WHERE {column} > it AND {among}) FROM value WHERE it IS NOT NULL
         )
         SELECT it FROM value WHERE it IS NOT NULL AND it <> '' LIMIT {MOST}"
    );
    db.prepare_cached(&sql)?.query_map([], |row| row.get(0))?.collect()
}
