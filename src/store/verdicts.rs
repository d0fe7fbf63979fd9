//! What is said of answers in `retort.db`: grades by people, and verdicts of checks applied again. The last counts, and none
//! that was ever given is lost.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use crate::{
    model::{Grade, Quality, RunId, Status, Thumb, VersionId, batch::failures, error::StoreError},
    store::{
        columns::{json, nanoseconds, parsed, timestamp},
        facts,
    },
};

/// Grades a run.
pub(crate) fn give(
    db: &mut Connection,
    run: RunId,
    grade: &Grade,
    at: Timestamp,
) -> rusqlite::Result<Result<(), StoreError>> {
    let sql = "INSERT INTO grade (run, given, stars, thumb, comment)
               SELECT seq, ?2, ?3, ?4, ?5 FROM run WHERE id = ?1 RETURNING run";
    let thumb = grade.thumb.map(|thumb| match thumb {
        Thumb::Up => "up",
        Thumb::Down => "down",
    });
    let values = params![run.0.as_bytes(), nanoseconds(at), grade.stars, thumb, grade.comment];
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let seq: Option<i64> = transaction.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    let Some(seq) = seq else {
        return Ok(Err(missing(run)));
    };
    facts::note(&transaction, seq)?;
    transaction.commit()?;
    Ok(Ok(()))
}

/// Reads the grades of runs; those that have none are left out.
pub(crate) fn of(db: &Connection, runs: &[RunId]) -> rusqlite::Result<Vec<(RunId, Grade)>> {
    let sql = "SELECT stars, thumb, comment FROM grade JOIN run ON grade.run = run.seq WHERE run.id = ?1
               ORDER BY grade.seq DESC LIMIT 1";
    let mut statement = db.prepare_cached(sql)?;
    let mut grades = Vec::new();
    for run in runs {
        let last = statement.query_row([run.0.as_bytes()], |row| {
            let thumb: Option<String> = row.get(1)?;
            let thumb = thumb.map(|word| if word == "up" { Thumb::Up } else { Thumb::Down });
            Ok(Grade { stars: row.get(0)?, thumb, comment: row.get(2)? })
        });
        grades.extend(last.optional()?.filter(|grade| !grade.is_empty()).map(|grade| (*run, grade)));
    }
    Ok(grades)
}

/// New verdicts on a run.
pub(crate) struct NewVerdicts<'a> {
    pub(crate) run: RunId,
    /// The verdicts.
    pub(crate) quality: &'a Quality,
    /// The prompt version whose checks gave them.
    pub(crate) version: &'a VersionId,
}

/// Puts new verdicts in place of those that count, which are kept.
pub(crate) fn judge(
    db: &mut Connection,
    judged: &[NewVerdicts<'_>],
    at: Timestamp,
) -> rusqlite::Result<Result<(), StoreError>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for NewVerdicts { run, quality, version } in judged {
        let sql = "SELECT run.seq, started, prompt_hash, outcome FROM run JOIN run_body USING (seq) WHERE id = ?1";
        let found: Option<(i64, i64, Option<String>, String)> = transaction
            .prepare_cached(sql)?
            .query_row([run.0.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
            .optional()?;
        let Some((seq, started, hash, outcome)) = found else {
            return Ok(Err(missing(*run)));
        };
        let insert = "INSERT INTO judgement (run, judged, prompt_hash, quality) VALUES (?1, ?2, ?3, ?4)";
        // The verdicts that came with the answer are the first.
        let first: Option<Quality> =
            serde_json::from_str::<StoredOutcome>(&outcome).ok().and_then(|first| first.quality);
        let known = transaction.prepare_cached("SELECT 1 FROM judgement WHERE run = ?1")?.exists([seq])?;
        if let Some(first) = first.filter(|_| !known) {
            transaction.prepare_cached(insert)?.execute(params![seq, started, hash, json(&first)?])?;
        }
        transaction.prepare_cached(insert)?.execute(params![seq, nanoseconds(at), version.0, json(quality)?])?;
        replace(&transaction, seq, quality)?;
        let status = quality.status().word();
        let (failed, reason) = failures(quality);
        let cell = "UPDATE cell SET content = json_set(content, '$.status', ?2, '$.score', ?3, '$.failed', json(?4),
                        '$.reason', ?5) WHERE run = ?1";
        transaction.prepare_cached(cell)?.execute(params![seq, status, quality.score(), json(&failed)?, reason])?;
        facts::note(&transaction, seq)?;
    }
    transaction.commit()?;
    Ok(Ok(()))
}

/// What is read of an outcome.
#[derive(serde::Deserialize)]
pub(crate) struct StoredOutcome {
    /// The verdicts that came with the answer.
    #[serde(default)]
    pub(crate) quality: Option<Quality>,
}

/// Reads the verdicts on a run that count, where it was judged again.
pub(crate) fn last(db: &Connection, seq: i64) -> rusqlite::Result<Option<Quality>> {
    let sql = "SELECT quality FROM judgement WHERE run = ?1 ORDER BY seq DESC LIMIT 1";
    db.prepare_cached(sql)?.query_row([seq], |row| parsed(row, 0)).optional()
}

/// Reads the verdicts on a run that count, with all that belongs to them.
pub(crate) fn counting(db: &Connection, seq: i64) -> rusqlite::Result<Option<Quality>> {
    if let Some(quality) = last(db, seq)? {
        return Ok(Some(quality));
    }
    let sql = "SELECT outcome FROM run_body WHERE seq = ?1";
    let outcome: Option<String> = db.prepare_cached(sql)?.query_row([seq], |row| row.get(0)).optional()?;
    Ok(outcome.and_then(|text| serde_json::from_str::<StoredOutcome>(&text).ok()).and_then(|first| first.quality))
}

/// Lists all verdicts that were given on a run, those that came with the answer first; none where it was
/// judged but once.
pub(crate) fn all(db: &Connection, run: RunId) -> rusqlite::Result<Vec<(Timestamp, Quality)>> {
    let sql = "SELECT judged, quality FROM judgement JOIN run ON run.seq = judgement.run WHERE run.id = ?1
               ORDER BY judgement.seq";
    db.prepare_cached(sql)?
        .query_map([run.0.as_bytes()], |row| Ok((timestamp(row.get(0)?), parsed(row, 1)?)))?
        .collect()
}

/// Says that there is no such run.
pub(crate) fn missing(run: RunId) -> StoreError {
    StoreError::new(format!("run {run} is not on record"))
}

/// Writes the verdicts on a run in place of those there are, and what they come to.
fn replace(db: &Connection, seq: i64, quality: &Quality) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM verdict WHERE seq = ?1")?.execute([seq])?;
    add(db, seq, quality)?;
    let sql = "UPDATE run SET status = ?2, marks = ?3, score = ?4 WHERE seq = ?1";
    let values = params![seq, quality.status().word(), facts::marks(quality), quality.score()];
    db.prepare_cached(sql)?.execute(values).map(drop)
}

/// Writes the verdicts on a run that has none.
pub(crate) fn add(db: &Connection, seq: i64, quality: &Quality) -> rusqlite::Result<()> {
    let mut verdict = db.prepare_cached("INSERT INTO verdict VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    for (place, made) in (0_i64..).zip(&quality.verdicts) {
        verdict.execute(params![seq, place, made.rule.to_string(), mark(made.status), made.score, made.reason])?;
    }
    Ok(())
}

/// Names how a check came out in the column `verdict.mark`.
fn mark(status: Status) -> &'static str {
    match status {
        Status::Passed => "pass",
        Status::Failed => "fail",
        Status::Inconclusive => "skipped",
    }
}
