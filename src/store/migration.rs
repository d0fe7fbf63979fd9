//! Migrations: the numbered steps of a schema, how they are taken, and what a database defines beyond them.
//!
//! A trigger, a view or a table that somebody else put there would work on the runs, or answer in their place.

use std::collections::BTreeSet;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::{store::search, text::suggest::quoted};

/// One step: the tables it makes, and what then fills them from those before.
pub(crate) struct Migration {
    pub(crate) tables: &'static str,
    pub(crate) fill: fn(&Transaction<'_>) -> rusqlite::Result<()>,
}

impl Migration {
    /// Makes a step that fills nothing.
    pub(crate) const fn tables(tables: &'static str) -> Self {
        Self { tables, fill: |_| Ok(()) }
    }
}

/// Takes the missing steps in one transaction and returns how many have been taken in all.
pub(crate) fn migrate(connection: &mut Connection, schema: &[Migration]) -> rusqlite::Result<usize> {
    let version = |connection: &Connection| -> rusqlite::Result<usize> {
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(usize::try_from(version).unwrap_or(usize::MAX))
    };
    if version(connection)? >= schema.len() {
        return version(connection);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let applied = version(&transaction)?;
    for step in schema.iter().skip(applied) {
        transaction.execute_batch(step.tables)?;
        (step.fill)(&transaction)?;
    }
    let applied = applied.max(schema.len());
    transaction.pragma_update(None, "user_version", i64::try_from(applied).unwrap_or(i64::MAX))?;
    transaction.commit()?;
    Ok(applied)
}

/// Tables that SQLite itself may add.
const SQLITES: &[&str] = &["sqlite_sequence", "sqlite_stat1", "sqlite_stat4"];

/// Finds a trigger, a view or a virtual table that no step makes, and names it. Quick enough for every start.
pub(crate) fn active(db: &Connection, schema: &[Migration]) -> rusqlite::Result<Option<String>> {
    let steps: String = schema.iter().map(|step| plain(step.tables)).collect();
    let sql = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema \
               WHERE type IN ('trigger', 'view') OR (type = 'table' AND sql LIKE 'CREATE VIRTUAL%')";
    Ok(defined(db, sql)?.into_iter().find(|own| !steps.contains(&own.sql)).map(|own| own.to_string()))
}

/// Finds what a database that took the first `applied` steps defines and they do not, or does not and they do. Tables of
/// these `further` definitions may be there.
pub(crate) fn differs(
    db: &Connection,
    schema: &[Migration],
    applied: usize,
    further: &[&str],
) -> rusqlite::Result<Option<String>> {
    let mut reference = Connection::open_in_memory()?;
    search::define(&reference)?;
    let transaction = reference.transaction()?;
    for step in schema.iter().take(applied) {
        transaction.execute_batch(step.tables)?;
        (step.fill)(&transaction)?;
    }
    transaction.commit()?;
    let all = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema";
    let (wanted, found) = (defined(&reference, all)?, defined(db, all)?);
    let added = |own: &&Defined| {
        !further.contains(&own.sql.as_str()) && (own.kind != "table" || !SQLITES.contains(&own.name.as_str()))
    };
    let more = found.difference(&wanted).find(added).map(|own| format!("it has {own}, which no retort makes"));
    Ok(more.or_else(|| wanted.difference(&found).next().map(|own| format!("it lacks {own}"))))
}

/// Something a database defines.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Defined {
    kind: String,
    name: String,
    table: String,
    sql: String,
}

impl std::fmt::Display for Defined {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the {} {}", self.kind, quoted(&self.name))
    }
}

fn defined(db: &Connection, sql: &str) -> rusqlite::Result<BTreeSet<Defined>> {
    let mut statement = db.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let sql: String = row.get(3)?;
        Ok(Defined { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: plain(&sql) })
    })?;
    rows.collect()
}

/// Leaves out what does not matter in a definition: how its words are set apart.
fn plain(sql: &str) -> String {
    sql.split_whitespace().collect::<Vec<_>>().join(" ")
}
