//! The runs, versions and batches of a prompt under its new name, and back under the old one.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::{
    model::batch::BatchSpec,
    store::{columns::json, facts},
};

/// The condition that a batch asks a prompt: a name is written down as it is.
const ASKS: &str = "instr(spec, json_quote(?1)) > 0";

/// Gives the runs, versions and batches on record of a prompt another name, and tells how many runs that are.
///
/// What has the new name already, as the runs of a prompt that was deleted, is noted: where the renaming is undone, by
/// the same with the names changed round, that stays. The newest such note counts, once.
pub(crate) fn rename(db: &mut Connection, from: &str, to: &str) -> rusqlite::Result<u64> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let undone: Option<(i64, String, String, String)> = transaction
        .query_row(
            "SELECT seq, kept_runs, kept_versions, kept_batches FROM prompt_rename WHERE old = ?1 AND new = ?2
             ORDER BY seq DESC LIMIT 1",
            [to, from],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .optional()?;
    let (runs, versions, batches) = if let Some((seq, runs, versions, batches)) = undone {
        transaction.execute("DELETE FROM prompt_rename WHERE seq = ?1", [seq])?;
        (runs, versions, batches)
    } else {
        let kept: String =
            transaction
                .query_row(&format!("SELECT json_group_array(seq) FROM batch WHERE {ASKS}"), [to], |row| row.get(0))?;
        let sql = "INSERT INTO prompt_rename (old, new, kept_runs, kept_versions, kept_batches) VALUES (?1, ?2,
                (SELECT json_group_array(seq) FROM run WHERE prompt_name = ?2),
                (SELECT json_group_array(seq) FROM prompt_version WHERE prompt_name = ?2), ?3)";
        transaction.execute(sql, [from, to, &kept])?;
        ("[]".to_owned(), "[]".to_owned(), "[]".to_owned())
    };
    let moved = |table: &str| {
        format!(
            "UPDATE {table} SET prompt_name = ?2 WHERE prompt_name = ?1 AND seq NOT IN (SELECT value FROM json_each(?3))"
        )
    };
    let count = transaction.execute(&moved("run"), params![from, to, runs])?;
    transaction.execute(&moved("prompt_version"), params![from, to, versions])?;
    facts::rename_prompt(&transaction, from, to, &runs)?;
    rename_in_batches(&transaction, (from, to), &batches)?;
    transaction.commit()?;
    Ok(count as u64)
}

/// Has batches ask a prompt by its new name, so that the same batch under that name goes on where they stopped. One that
/// cannot be read stays as it is.
fn rename_in_batches(db: &Connection, (from, to): (&str, &str), kept: &str) -> rusqlite::Result<()> {
    let sql = format!("SELECT seq, spec FROM batch WHERE {ASKS} AND seq NOT IN (SELECT value FROM json_each(?2))");
    let found: Vec<(i64, String)> =
        db.prepare(&sql)?.query_map([from, kept], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
    for (seq, text) in found {
        let Ok(mut spec) = serde_json::from_str::<BatchSpec>(&text) else { continue };
        if spec.rename_prompt(from, to) {
            let sql = "UPDATE batch SET spec = ?2, fingerprint = ?3 WHERE seq = ?1";
            db.prepare_cached(sql)?.execute(params![seq, json(&spec)?, spec.fingerprint()])?;
        }
    }
    Ok(())
}
