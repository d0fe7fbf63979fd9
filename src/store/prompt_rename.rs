//! The runs and versions of a prompt under its new name, and back under the old one.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::store::facts;

/// Gives the runs and versions on record of a prompt another name, and tells how many runs that are.
///
/// What has the new name already, as the runs of a prompt that was deleted, is noted: where the renaming is undone, by
/// the same with the names changed round, that stays. The newest such note counts, once.
pub(crate) fn rename(db: &mut Connection, from: &str, to: &str) -> rusqlite::Result<u64> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let undone: Option<(i64, String, String)> = transaction
        .query_row(
            "SELECT seq, kept_runs, kept_versions FROM prompt_rename WHERE old = ?1 AND new = ?2 ORDER BY seq DESC LIMIT 1",
            [to, from],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (runs, versions) = if let Some((seq, runs, versions)) = undone {
        transaction.execute("DELETE FROM prompt_rename WHERE seq = ?1", [seq])?;
        (runs, versions)
    } else {
        let sql = "INSERT INTO prompt_rename (old, new, kept_runs, kept_versions) VALUES (?1, ?2,
                (SELECT json_group_array(seq) FROM run WHERE prompt_name = ?2),
                (SELECT json_group_array(seq) FROM prompt_version WHERE prompt_name = ?2))";
        transaction.execute(sql, [from, to])?;
        ("[]".to_owned(), "[]".to_owned())
    };
    let moved = |table: &str| {
        format!(
            "UPDATE {table} SET prompt_name = ?2 WHERE prompt_name = ?1 AND seq NOT IN (SELECT value FROM json_each(?3))"
        )
    };
    let count = transaction.execute(&moved("run"), params![from, to, runs])?;
    transaction.execute(&moved("prompt_version"), params![from, to, versions])?;
    facts::rename_prompt(&transaction, from, to, &runs)?;
    transaction.commit()?;
    Ok(count as u64)
}
