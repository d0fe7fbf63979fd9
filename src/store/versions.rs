//! Prompt versions in `retort.db`: every prompt that was run or kept, once, never overwritten.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use crate::{
    model::{PicoDollars, Prompt, VersionId, error::StoreError},
    store::{
        api::{Lineage, Results, VersionEntry},
        columns::{json, nanoseconds, parsed, timestamp},
    },
};

/// The longest name of a version, in characters.
const MAX_NAME: usize = 64;

/// How a prompt came to be a version.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) made: Timestamp,
    pub(crate) prompt_name: Option<&'a str>,
    pub(crate) session: Option<&'a str>,
    /// What it was edited from; where nobody says, a named prompt's last run stands for it.
    pub(crate) parent: Option<&'a VersionId>,
}

/// Notes a prompt as a version, unless it is one already, and names it.
pub(crate) fn note(db: &Connection, prompt: &Prompt, origin: &Origin<'_>) -> rusqlite::Result<VersionId> {
    let version = VersionId::of(prompt);
    let known = db.prepare_cached("SELECT 1 FROM prompt_version WHERE hash = ?1")?.exists([&version.0])?;
    if known {
        return Ok(version);
    }
    let sql = "INSERT INTO prompt_version (hash, made, content, prompt_name, session, parent)
               VALUES (?1, ?2, ?3, ?4, ?5, coalesce(?6, (
                   SELECT hash FROM run JOIN prompt_version ON hash = prompt_hash WHERE run.prompt_name = ?4
                   ORDER BY run.seq DESC LIMIT 1)))
               ON CONFLICT (hash) DO NOTHING";
    db.prepare_cached(sql)?.execute(params![
        version.0,
        nanoseconds(origin.made),
        json(&prompt.version())?,
        origin.prompt_name,
        origin.session,
        origin.parent.filter(|parent| **parent != version).map(|parent| &parent.0),
    ])?;
    Ok(version)
}

/// Notes the prompts of all runs of a database that knew no versions.
pub(crate) fn of_old_runs(db: &Transaction<'_>) -> rusqlite::Result<()> {
    type Old = (i64, String, i64, Option<String>, Option<String>);
    let sql = "SELECT seq, prompt_hash, started, prompt_name, session FROM run WHERE prompt_hash IS NOT NULL
               ORDER BY started, seq";
    let old: Vec<Old> = db
        .prepare(sql)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?
        .collect::<Result<_, _>>()?;
    let mut renamed: HashMap<String, Option<VersionId>> = HashMap::new();
    let mut last: HashMap<(Option<String>, Option<String>), VersionId> = HashMap::new();
    for (seq, hash, started, prompt_name, session) in old {
        let line = (prompt_name.clone(), session.clone().filter(|_| prompt_name.is_none()));
        if !renamed.contains_key(&hash) {
            let prompt: Option<String> = db
                .prepare_cached("SELECT prompt FROM run_body WHERE seq = ?1")?
                .query_row([seq], |row| row.get(0))
                .optional()?;
            // A prompt that cannot be read stays where it is, and is no version.
            let prompt = prompt.and_then(|text| serde_json::from_str::<Prompt>(&text).ok());
            let origin = Origin {
                made: timestamp(started),
                prompt_name: prompt_name.as_deref(),
                session: session.as_deref(),
                parent: last.get(&line),
            };
            let version = prompt.map(|prompt| note(db, &prompt, &origin)).transpose()?;
            renamed.insert(hash.clone(), version);
        }
        if let Some(Some(version)) = renamed.get(&hash) {
            let sql = "UPDATE run SET prompt_hash = ?2 WHERE seq = ?1";
            db.prepare_cached(sql)?.execute(params![seq, version.0])?;
            last.insert(line, version.clone());
        }
    }
    Ok(())
}

/// Keeps a prompt that was not run.
pub(crate) fn keep(
    db: &Connection,
    prompt: &Prompt,
    of: &Lineage,
    parent: Option<&VersionId>,
    made: Timestamp,
) -> rusqlite::Result<VersionId> {
    let (prompt_name, session) = match of {
        Lineage::Prompt(name) => (Some(name.as_str()), None),
        Lineage::Session(name) => (None, Some(name.as_str())),
    };
    note(db, prompt, &Origin { made, prompt_name, session, parent })
}

/// Gives a version another name.
pub(crate) fn name(
    db: &Connection,
    version: &VersionId,
    name: &str,
    at: Timestamp,
) -> rusqlite::Result<Result<(), StoreError>> {
    let name = name.trim();
    if name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        let message = format!("a version's name is one line of at most {MAX_NAME} characters");
        return Ok(Err(StoreError::new(message)));
    }
    let sql = "INSERT INTO version_name (hash, named, name) SELECT hash, ?2, ?3 FROM prompt_version WHERE hash = ?1";
    let named = db.prepare_cached(sql)?.execute(params![version.0, nanoseconds(at), name])?;
    Ok(if named == 1 { Ok(()) } else { Err(missing(version)) })
}

/// Says that there is no such version.
pub(crate) fn missing(version: &VersionId) -> StoreError {
    StoreError::new(format!("version {} is not on record", version.short()))
}

/// The hashes of a line's versions as the table `line`: its own, and those they were edited from.
fn line_of(of: &Lineage) -> (String, &str) {
    let (whose, line) = match of {
        Lineage::Prompt(name) => ("prompt_name = ?1", name),
        Lineage::Session(name) => ("prompt_name IS NULL AND session = ?1", name),
    };
    let sql = format!(
        "WITH RECURSIVE line (hash) AS (
             SELECT hash FROM prompt_version WHERE {whose}
             UNION SELECT prompt_hash FROM run WHERE {whose} AND prompt_hash IS NOT NULL
             UNION SELECT parent FROM line JOIN prompt_version USING (hash) WHERE parent IS NOT NULL
         )"
    );
    (sql, line)
}

/// Lists the versions of a line, the oldest first.
pub(crate) fn order(db: &Connection, of: &Lineage) -> rusqlite::Result<Vec<VersionId>> {
    let (versions, line) = line_of(of);
    let sql = format!("{versions} SELECT hash FROM line JOIN prompt_version USING (hash) ORDER BY made, seq");
    db.prepare_cached(&sql)?.query_map([line], |row| row.get(0).map(VersionId))?.collect()
}

/// Lists the newest versions of a line and those they were edited from, with what came of each.
pub(crate) fn list(db: &Connection, of: &Lineage, limit: usize) -> rusqlite::Result<Vec<VersionEntry>> {
    let (versions, line) = line_of(of);
    let sql = format!(
        "{versions}
         SELECT hash, made, content, parent,
             (SELECT name FROM version_name WHERE version_name.hash = version.hash ORDER BY seq DESC LIMIT 1),
             (SELECT avg(stars) FROM run JOIN grade ON grade.run = run.seq WHERE prompt_hash = hash
                 AND grade.seq = (SELECT max(seq) FROM grade AS last WHERE last.run = grade.run)),
             count(run.seq) FILTER (WHERE end <> 'running'),
             count(status) FILTER (WHERE status IN ('passed', 'failed', 'inconclusive', 'error')),
             count(status) FILTER (WHERE status = 'passed'),
             avg(cost) FILTER (WHERE provenance = 'live' AND NOT demo),
             avg(took_us) FILTER (WHERE provenance = 'live' AND NOT demo AND end = 'done'),
             max(started)
         FROM (SELECT prompt_version.* FROM line JOIN prompt_version USING (hash)
               ORDER BY made DESC, prompt_version.seq DESC LIMIT ?2) AS version
             LEFT JOIN run ON run.prompt_hash = version.hash
         GROUP BY version.seq ORDER BY made DESC, version.seq DESC"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    db.prepare_cached(&sql)?.query_map(params![line, limit], entry)?.collect()
}

fn entry(row: &Row<'_>) -> rusqlite::Result<VersionEntry> {
    let mean = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<f64>>(column)?.map(|mean| mean.max(0.0) as u64));
    Ok(VersionEntry {
        id: VersionId(row.get(0)?),
        made: timestamp(row.get(1)?),
        name: row.get::<_, Option<String>>(4)?.filter(|name| !name.is_empty()),
        parent: row.get::<_, Option<String>>(3)?.map(VersionId),
        prompt: parsed(row, 2)?,
        results: Results {
            runs: row.get::<_, i64>(6)?.unsigned_abs(),
            judged: row.get::<_, i64>(7)?.unsigned_abs(),
            passed: row.get::<_, i64>(8)?.unsigned_abs(),
            cost: mean(9)?.map(PicoDollars),
            latency: mean(10)?.map(std::time::Duration::from_micros),
            stars: row.get(5)?,
            last: row.get::<_, Option<i64>>(11)?.map(timestamp),
        },
    })
}
