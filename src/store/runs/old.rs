//! What runs are paired and compared by, worked out for a database that did not keep it.

use rusqlite::{Row, Transaction, params};
use serde::de::DeserializeOwned;

use crate::{
    model::{Input, Quality},
    store::judgements::First,
};

/// Notes the hash of the input and the score of every run whose texts can be read.
pub(in crate::store) fn of_old_runs(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "SELECT seq, input, outcome,
                   (SELECT quality FROM judgement WHERE judgement.run = run_body.seq ORDER BY judgement.seq DESC LIMIT 1)
               FROM run_body";
    let mut note = db.prepare("UPDATE run SET input_hash = ?2, score = ?3 WHERE seq = ?1")?;
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let hash = read::<Input>(row, 1).map(|input| input.hash());
        let first = || read::<First>(row, 2).and_then(|first| first.quality);
        let score = read::<Quality>(row, 3).or_else(first).and_then(|quality| quality.score());
        note.execute(params![row.get::<_, i64>(0)?, hash, score])?;
    }
    Ok(())
}

/// Reads a column of JSON, if it can be read.
fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Option<T> {
    serde_json::from_str(row.get_ref(column).ok()?.as_str().ok()?).ok()
}
