//! Batches in `retort.db`: what was asked, and the run that fills each cell.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;

use crate::{
    eval::Gate,
    model::{
        BatchId, CellIndex, CellRef, DatasetRow, Input, VersionId,
        batch::{BatchSpec, Cell, ExperimentPart, ResumeMode},
        dataset::RowText,
        error::StoreError,
    },
    pipeline::ports::RunRecord,
    store::{
        api::{BatchEntry, CellRow, FoundRows, PastLengths, StoredBatch, StoredRow},
        columns::{json, nanoseconds, parsed, timestamp},
        database,
    },
    text::holds,
};

/// Past answers that lengths are taken from, at most, the newest.
const PAST: usize = 1000;

/// Who a process is in the record, and where processes give signs of life.
pub(crate) struct Own<'a> {
    pub(crate) owner: Option<&'a str>,
    pub(crate) signs: &'a Path,
}

/// A batch on record: its number, id and start, whose it is, and whether it was broken off.
type Found = (i64, [u8; 16], i64, Option<String>, bool);

/// Begins a batch, or goes on with one; both are this process's own until they end.
pub(crate) fn begin(
    db: &mut Connection,
    own: &Own<'_>,
    spec: &BatchSpec,
    how: ResumeMode,
    at: Timestamp,
) -> rusqlite::Result<Result<StoredBatch, StoreError>> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let fingerprint = spec.fingerprint();
    let which = match how {
        ResumeMode::Anew => None,
        ResumeMode::Resume => Some("end IS NOT 'complete'"),
        ResumeMode::RetryFailed => Some("1"),
    };
    let found: Option<Found> = match which {
        None => None,
        Some(which) => {
            let sql = format!(
                "SELECT seq, id, started, owner, end IS NULL FROM batch WHERE fingerprint = ?1 AND {which} ORDER BY seq DESC LIMIT 1"
            );
            transaction
                .query_row(&sql, [&fingerprint], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?))
                })
                .optional()?
        }
    };
    let state = if let Some((seq, id, started, owner, crashed)) = found {
        if let Some(owner) = owner.filter(|owner| Some(owner.as_str()) != own.owner)
            && !database::is_gone(own.signs, &owner)
        {
            let message = format!(
                "another retort is running this batch ({}); wait for it, stop it, or begin a new one",
                BatchId(Uuid::from_bytes(id)).short()
            );
            return Ok(Err(StoreError::new(message)));
        }
        let sql = "UPDATE batch SET owner = ?2, end = NULL, ended = NULL, why = NULL, gates = NULL WHERE seq = ?1";
        transaction.execute(sql, params![seq, own.owner])?;
        let id = BatchId(Uuid::from_bytes(id));
        let started = timestamp(started);
        StoredBatch { id, spec: spec.clone(), started, resumed: true, crashed, job: None }
    } else {
        let id = BatchId(Uuid::now_v7());
        let sql = "INSERT INTO batch (id, started, name, spec, fingerprint, owner) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let values = params![id.0.as_bytes(), nanoseconds(at), spec.name, json(spec)?, fingerprint, own.owner];
        transaction.execute(sql, values)?;
        StoredBatch { id, spec: spec.clone(), started: at, resumed: false, crashed: false, job: None }
    };
    transaction.commit()?;
    Ok(Ok(state))
}

/// Notes how a batch ended, and why; it is nobody's any more.
pub(crate) fn end(
    db: &Connection,
    batch: BatchId,
    (end, why): (&str, Option<&str>),
    at: Timestamp,
) -> rusqlite::Result<()> {
    let sql = "UPDATE batch SET end = ?2, ended = ?3, why = ?4, owner = NULL WHERE id = ?1";
    db.prepare_cached(sql)?.execute(params![batch.0.as_bytes(), end, nanoseconds(at), why]).map(drop)
}

/// Notes which gates a batch has reached.
pub(crate) fn note_gates(db: &Connection, batch: BatchId, gates: &[Gate]) -> rusqlite::Result<()> {
    let gates = if gates.is_empty() { None } else { Some(json(&gates)?) };
    db.prepare_cached("UPDATE batch SET gates = ?2 WHERE id = ?1")?
        .execute(params![batch.0.as_bytes(), gates])
        .map(drop)
}

/// Fills a run's cell with it, in place of a run that filled it before. A batch that is not on record has no
/// cells to fill.
pub(crate) fn fill(db: &Connection, record: &RunRecord, seq: i64) -> rusqlite::Result<()> {
    let Some(cell) = &record.cell else {
        return Ok(());
    };
    let CellIndex { row, prompt, target, sample } = cell.place;
    let sql = "SELECT seq FROM batch WHERE id = ?1";
    let batch: Option<i64> =
        db.prepare_cached(sql)?.query_row([cell.batch.0.as_bytes()], |row| row.get(0)).optional()?;
    let Some(batch) = batch else {
        return Ok(());
    };
    let row = i64::try_from(row).unwrap_or(i64::MAX);
    let sql = "DELETE FROM cell WHERE batch = ?1 AND row = ?2 AND prompt = ?3 AND target = ?4 AND sample = ?5";
    db.prepare_cached(sql)?.execute(params![batch, row, prompt, target, sample])?;
    let sql = "INSERT INTO cell (batch, row, prompt, target, sample, fingerprint, run, content)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let content = json(&Cell::of(cell.place, &record.outcome))?;
    let values = params![batch, row, prompt, target, sample, cell.row.cast_signed(), seq, content];
    db.prepare_cached(sql)?.execute(values).map(drop)
}

/// Finds the cell that a run fills, if it fills one.
pub(crate) fn cell(db: &Connection, seq: i64) -> rusqlite::Result<Option<CellRef>> {
    let sql = "SELECT batch.id, row, prompt, target, sample, cell.fingerprint
               FROM cell JOIN batch ON batch.seq = cell.batch WHERE cell.run = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(CellRef {
            batch: BatchId(Uuid::from_bytes(row.get(0)?)),
            place: CellIndex {
                row: row.get::<_, i64>(1)?.unsigned_abs(),
                prompt: row.get(2)?,
                target: row.get(3)?,
                sample: row.get(4)?,
            },
            row: row.get::<_, i64>(5)?.cast_unsigned(),
        })
    };
    db.prepare_cached(sql)?.query_row([seq], read).optional()
}

/// What comes after a place, as a condition with five values.
const AFTER: &str = "batch.id = ?1 AND (cell.row, cell.prompt, cell.target, cell.sample) > (?2, ?3, ?4, ?5)";

/// The five values of [`AFTER`]; those before the first place where there is none.
fn after_values(batch: BatchId, after: Option<CellIndex>) -> ([u8; 16], i64, i64, i64, i64) {
    let id = *batch.0.as_bytes();
    after.map_or((id, -1, -1, -1, -1), |place| {
        let row = i64::try_from(place.row).unwrap_or(i64::MAX);
        (id, row, place.prompt.into(), place.target.into(), place.sample.into())
    })
}

/// Reads a page of a batch's cells in the order of their places, those after a place if one is given.
pub(crate) fn page(
    db: &Connection,
    batch: BatchId,
    after: Option<CellIndex>,
    limit: usize,
) -> rusqlite::Result<Vec<CellRow>> {
    let sql = format!(
        "SELECT cell.content, cell.fingerprint, cell.run FROM cell JOIN batch ON batch.seq = cell.batch WHERE {AFTER}
         ORDER BY cell.row, cell.prompt, cell.target, cell.sample LIMIT ?6"
    );
    let (id, row, prompt, target, sample) = after_values(batch, after);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(&sql)?
        .query_map(params![id, row, prompt, target, sample, limit], |row| {
            let fingerprint = row.get::<_, i64>(1)?.cast_unsigned();
            Ok(CellRow { cell: parsed(row, 0)?, fingerprint, seq: row.get(2)? })
        })?
        .collect()
}

/// Reads what a row asks from the input of a run, as a table shows it.
fn row_text(number: u64, input: &str) -> RowText {
    // One that cannot be read says nothing.
    let input: Input = serde_json::from_str(input).unwrap_or_default();
    RowText::of(&DatasetRow { number, input, ..DatasetRow::default() })
}

/// Reads what some rows of a batch and their cells say.
pub(crate) fn texts(db: &Connection, batch: BatchId, rows: &[u64]) -> rusqlite::Result<Vec<StoredRow>> {
    let sql = "SELECT cell.content, run_body.input
               FROM batch JOIN cell ON cell.batch = batch.seq AND cell.row = ?2
                   LEFT JOIN run_body ON run_body.seq = cell.run
               WHERE batch.id = ?1 ORDER BY cell.prompt, cell.target, cell.sample";
    let mut statement = db.prepare_cached(sql)?;
    let mut read = Vec::new();
    for number in rows {
        let row = i64::try_from(*number).unwrap_or(i64::MAX);
        let mut found = statement.query(params![batch.0.as_bytes(), row])?;
        let mut own: Option<StoredRow> = None;
        while let Some(row) = found.next()? {
            if own.is_none() {
                let text = row_text(*number, row.get_ref(1)?.as_str_or_null()?.unwrap_or_default());
                own = Some(StoredRow { text, cells: Vec::new() });
            }
            if let Some(own) = &mut own {
                own.cells.push(parsed(row, 0)?);
            }
        }
        read.extend(own);
    }
    Ok(read)
}

/// Looks for the rows of a page of a batch's cells that hold a text.
pub(crate) fn find(
    db: &Connection,
    batch: BatchId,
    text: &str,
    after: Option<CellIndex>,
    limit: usize,
) -> rusqlite::Result<FoundRows> {
    let sql = format!(
        "SELECT cell.row, cell.prompt, cell.target, cell.sample, cell.content ->> '$.summary', run_body.input
         FROM cell JOIN batch ON batch.seq = cell.batch LEFT JOIN run_body ON run_body.seq = cell.run
         WHERE {AFTER} ORDER BY cell.row, cell.prompt, cell.target, cell.sample LIMIT ?6"
    );
    let (id, row, prompt, target, sample) = after_values(batch, after);
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![id, row, prompt, target, sample, most])?;
    let mut found = FoundRows::default();
    // Of several cells of a row the first one says what it asks.
    let mut read = after.map(|place| place.row);
    while let Some(row) = rows.next()? {
        let number = row.get::<_, i64>(0)?.unsigned_abs();
        let place = CellIndex { row: number, prompt: row.get(1)?, target: row.get(2)?, sample: row.get(3)? };
        (found.last, found.looked) = (Some(place), found.looked + 1);
        if found.rows.last() == Some(&number) {
            continue;
        }
        let summary = row.get_ref(4)?.as_str_or_null()?.unwrap_or_default();
        let asks = read.replace(number) != Some(number) && {
            let input = row.get_ref(5)?.as_str_or_null()?.unwrap_or_default();
            holds(&row_text(number, input).text, text)
        };
        if asks || holds(summary, text) {
            found.rows.push(number);
        }
    }
    found.last = found.last.filter(|_| found.looked == limit as u64);
    Ok(found)
}

/// Lists the newest batches, the newest first.
pub(crate) fn list(db: &Connection, own: &Own<'_>, limit: usize) -> rusqlite::Result<Vec<BatchEntry>> {
    // Counted in one go through the narrow tables: a batch may have a million cells.
    let sql = "SELECT id, started, name, spec, end, owner, ended, why, gates,
                   (SELECT json_array(count(*) FILTER (WHERE outcome.end IN ('done', 'failed')),
                        count(*) FILTER (WHERE outcome.end = 'done'),
                        count(*) FILTER (WHERE outcome.end = 'done' AND outcome.status = 'failed'))
                    FROM cell JOIN run_fact ON run_fact.run = cell.run
                        JOIN run_outcome AS outcome ON outcome.id = run_fact.outcome
                    WHERE cell.batch = batch.seq)
               FROM batch WHERE spec -> '$.part' IS NULL ORDER BY seq DESC LIMIT ?1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(sql)?
        .query_map([limit], |row| {
            let [cells, answered, failed]: [u64; 3] = parsed(row, 9)?;
            Ok(BatchEntry {
                id: BatchId(Uuid::from_bytes(row.get(0)?)),
                started: timestamp(row.get(1)?),
                name: row.get(2)?,
                spec: parsed(row, 3)?,
                end: row.get(4)?,
                running: row
                    .get::<_, Option<String>>(5)?
                    .is_some_and(|owner| own.owner == Some(owner.as_str()) || !database::is_gone(own.signs, &owner)),
                ended: row.get::<_, Option<i64>>(6)?.map(timestamp),
                why: row.get(7)?,
                // What cannot be read says nothing.
                gates: row
                    .get::<_, Option<String>>(8)?
                    .and_then(|text| serde_json::from_str(&text).ok())
                    .unwrap_or_default(),
                cells,
                answered,
                failed,
                job: None,
            })
        })?
        .collect()
}

/// Lists the parts of an experiment, and those of others that have looked at the same held-out rows, the oldest first.
pub(crate) fn parts(
    db: &Connection,
    experiment: &str,
    held_out: &str,
) -> rusqlite::Result<Vec<(BatchId, ExperimentPart)>> {
    let sql = "SELECT id, spec -> '$.part' FROM batch WHERE spec -> '$.part' IS NOT NULL
                   AND (spec ->> '$.part.experiment' = ?1 OR (?2 <> '' AND spec ->> '$.part.held_out' = ?2))
               ORDER BY seq";
    db.prepare_cached(sql)?
        .query_map([experiment, held_out], |row| Ok((BatchId(Uuid::from_bytes(row.get(0)?)), parsed(row, 1)?)))?
        .collect()
}

/// Measures how long past answers to a prompt version were on a model; to anything on the model where there
/// is none. Those of the demo are measured for the demo alone: its answers tell nothing of a provider's.
pub(crate) fn past(db: &Connection, version: &VersionId, model: &str, demo: bool) -> rusqlite::Result<PastLengths> {
    let of = |condition: &str| -> rusqlite::Result<PastLengths> {
        let sql = format!(
            "SELECT coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0),
                 tokens_output + coalesce(tokens_reasoning, 0), coalesce(total_us, 0) / 1000
             FROM run WHERE {condition} AND end = 'done' AND provenance = 'live' AND demo = ?3 AND attempts = 1
                 AND tokens_output IS NOT NULL
             ORDER BY seq DESC LIMIT {PAST}"
        );
        let mut statement = db.prepare_cached(&sql)?;
        let read = |row: &rusqlite::Row<'_>| {
            let number = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
            Ok([number(0)?, number(1)?, number(2)?])
        };
        let rows: Vec<[u64; 3]> =
            statement.query_map(params![version.0, model, demo], read)?.collect::<Result<_, _>>()?;
        let of = |which: fn(&[u64; 3]) -> u64| {
            let mut sorted: Vec<u64> = rows.iter().map(which).collect();
            sorted.sort_unstable();
            tenths(&sorted)
        };
        let (input, output, took) = (of(|[input, ..]| *input), of(|[_, output, _]| *output), of(|[.., took]| *took));
        Ok(PastLengths { runs: rows.len() as u64, input, output, took, same_prompt: true })
    };
    let own = of("+model = ?2 AND prompt_hash = ?1")?;
    if own.runs > 0 {
        return Ok(own);
    }
    Ok(PastLengths { same_prompt: false, ..of("model = ?2 AND ?1 = ?1")? })
}

/// The first tenth, the half and the ninth tenth of sorted numbers, by nearest rank.
fn tenths(sorted: &[u64]) -> [u64; 3] {
    [0.1, 0.5, 0.9].map(|share: f64| {
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
    })
}
