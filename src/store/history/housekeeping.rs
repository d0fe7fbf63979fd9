//! Keeping runs, removing them, and copies of the whole record.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior, params};

use crate::{
    model::RunId,
    store::{
        job::{FaultKind, Pruned, StoreFault},
        runs::nanoseconds,
    },
};

/// Keeps runs when others are pruned, or no longer; tells how many there were.
pub(in crate::store) fn pin(db: &Connection, runs: &[RunId], pinned: bool) -> rusqlite::Result<u64> {
    let mut statement = db.prepare_cached("UPDATE run SET pinned = ?2 WHERE id = ?1")?;
    let mut count = 0;
    for run in runs {
        count += statement.execute(params![run.0.as_bytes(), pinned])? as u64;
    }
    Ok(count)
}

/// Removes runs with all that is known of them. Those under way stay.
pub(in crate::store) fn remove(db: &mut Connection, runs: &[RunId]) -> rusqlite::Result<Pruned> {
    let before = size(db)?;
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut count = 0;
    {
        let mut statement = transaction.prepare_cached("DELETE FROM run WHERE id = ?1 AND end <> 'running'")?;
        for run in runs {
            count += statement.execute([run.0.as_bytes()])? as u64;
        }
    }
    transaction.commit()?;
    Ok(Pruned { runs: count, texts: 0, before, after: size(db)? })
}

/// Removes the runs that started before a time, or tells what that would free. Runs under way stay, and so do
/// the prompt versions and what was said of them.
pub(in crate::store) fn prune(
    db: &mut Connection,
    before: Timestamp,
    keep_pinned: bool,
    dry: bool,
) -> rusqlite::Result<Pruned> {
    let which = if keep_pinned {
        "started < ?1 AND end <> 'running' AND pinned = 0"
    } else {
        "started < ?1 AND end <> 'running'"
    };
    let time = nanoseconds(before);
    let sql = format!(
        "SELECT count(*), total(coalesce(octet_length(prompt), 0) + coalesce(octet_length(input), 0)
             + coalesce(octet_length(text), 0) + coalesce(octet_length(reasoning), 0)
             + coalesce(octet_length(outcome), 0) + coalesce(octet_length(timeline), 0))
         FROM run LEFT JOIN run_body USING (seq) WHERE {which}"
    );
    let (runs, texts): (i64, f64) = db.query_row(&sql, [time], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let size_before = size(db)?;
    let told =
        Pruned { runs: runs.unsigned_abs(), texts: texts.max(0.0) as u64, before: size_before, after: size_before };
    if dry || runs == 0 {
        return Ok(told);
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(&format!("DELETE FROM run WHERE {which}"), [time])?;
    transaction.execute("INSERT INTO run_text (run_text) VALUES ('optimize')", [])?;
    transaction.commit()?;
    // The pages that are free now go back to the disk.
    db.execute_batch("VACUUM")?;
    Ok(Pruned { after: size(db)?, ..told })
}

/// Writes the record as it stands to a file that is empty or not there yet, and returns its size in bytes.
pub(in crate::store) fn backup(db: &Connection, to: &Path) -> rusqlite::Result<Result<u64, StoreFault>> {
    let Some(path) = to.to_str() else {
        return Ok(Err(StoreFault::new(format!("the name {} is not Unicode; choose another", to.display()))));
    };
    if std::fs::metadata(to).is_ok_and(|there| there.len() > 0) {
        let message = format!("{} is there already; choose another name, or move it away", to.display());
        return Ok(Err(StoreFault { message, kind: FaultKind::Exists }));
    }
    db.execute("VACUUM INTO ?1", [path])?;
    Ok(std::fs::metadata(to)
        .map(|file| file.len())
        .map_err(|fault| StoreFault::new(format!("cannot read {} back: {fault}", to.display()))))
}

/// Returns the size of the database, in bytes, as SQLite counts its pages.
fn size(db: &Connection) -> rusqlite::Result<u64> {
    let pages: i64 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let each: i64 = db.pragma_query_value(None, "page_size", |row| row.get(0))?;
    Ok(pages.unsigned_abs().saturating_mul(each.unsigned_abs()))
}
