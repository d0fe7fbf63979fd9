//! Blind comparisons in `retort.db`: the answers of batches, and the votes on pairs of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use crate::{
    eval::blind::{BlindAnswer, BlindChoice, BlindComparison, BlindContender, BlindVote},
    model::{BatchId, CheckKind, RunId, VersionId, batch::BatchSpec, error::StoreError},
    store::columns::{json, nanoseconds, parsed, timestamp},
};

/// Batches among which the newest with two contenders is looked for.
const NEWEST: usize = 200;

/// The seed of the first comparison of some batches.
const SEED: u64 = 1;

/// A comparison that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantedBlind {
    /// The batches; the newest with two contenders where there is none.
    pub batches: Vec<BatchId>,
    /// The seed of the order; any where it is unset.
    pub seed: Option<u64>,
    /// Whether another one is begun although there is one.
    pub anew: bool,
    /// The present time.
    pub at: Timestamp,
}

/// Opens the newest comparison of some batches, or begins one.
pub(crate) fn open(db: &Connection, wanted: &WantedBlind) -> rusqlite::Result<Result<BlindComparison, StoreError>> {
    let mut specs: Vec<(BatchId, BatchSpec)> = Vec::new();
    for batch in &wanted.batches {
        match spec(db, *batch)? {
            Some(spec) => specs.push((*batch, spec)),
            None => return Ok(Err(StoreError::wrong(format!("no batch {} is on record", batch.short())))),
        }
    }
    if specs.is_empty() {
        match newest(db)? {
            Some(found) => specs.push(found),
            None => return Ok(Err(none_to_compare())),
        }
    }
    specs.sort_by_key(|(id, _)| *id);
    specs.dedup_by_key(|(id, _)| *id);
    let mut contenders = contenders(&specs);
    if contenders.len() < 2 {
        let (id, spec) = specs.swap_remove(0);
        return Ok(Err(StoreError::wrong(format!(
            "batch {} of {} asked one prompt on one model: name a second batch of the same rows, or run \
             `retort batch` with two models",
            id.short(),
            spec.name
        ))));
    }
    let answers = answers(db, &specs, &mut contenders)?;
    let batches: Vec<BatchId> = specs.iter().map(|(id, _)| *id).collect();
    let (id, seed, revealed) = session(db, &batches, wanted)?;
    let names: BTreeSet<&str> = specs.iter().map(|(_, spec)| spec.name.as_str()).collect();
    let name = names.into_iter().collect::<Vec<_>>().join(", ");
    let votes = votes(db, id)?;
    Ok(Ok(BlindComparison { id, seed, name, batches, contenders, answers, votes, revealed }))
}

/// What is said where no batch has two contenders.
pub(crate) fn none_to_compare() -> StoreError {
    StoreError::wrong(
        "no batch of two models or two prompts is on record: `retort batch PROMPT DATA -m ONE -m OTHER` makes one",
    )
}

fn spec(db: &Connection, batch: BatchId) -> rusqlite::Result<Option<BatchSpec>> {
    let sql = "SELECT spec FROM batch WHERE id = ?1";
    db.prepare_cached(sql)?.query_row([batch.0.as_bytes()], |row| parsed(row, 0)).optional()
}

/// Finds the newest batch of its own that asks two prompts or two targets.
fn newest(db: &Connection) -> rusqlite::Result<Option<(BatchId, BatchSpec)>> {
    let sql = "SELECT id, spec FROM batch WHERE spec -> '$.part' IS NULL AND spec -> '$.again' IS NULL
               ORDER BY seq DESC LIMIT ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([i64::try_from(NEWEST).unwrap_or(i64::MAX)])?;
    while let Some(row) = rows.next()? {
        let spec: BatchSpec = parsed(row, 1)?;
        if spec.cells(1) / u64::from(spec.samples.max(1)) > 1 {
            return Ok(Some((BatchId(Uuid::from_bytes(row.get(0)?)), spec)));
        }
    }
    Ok(None)
}

/// Lists who is compared, each with what tells it from the others.
fn contenders(specs: &[(BatchId, BatchSpec)]) -> Vec<BlindContender> {
    let mut lanes = Vec::new();
    for (batch, spec) in specs {
        for (prompt, ((name, targets), (_, text))) in spec.lanes().into_iter().zip(&spec.prompts).enumerate() {
            for (target, model) in targets.iter().enumerate() {
                let version = VersionId::of(text).short();
                lanes.push((*batch, prompt, target, [name.to_owned(), version, model.clone(), batch.short()]));
            }
        }
    }
    let differs = |part: usize| {
        let all: BTreeSet<Option<&String>> = lanes.iter().map(|(.., parts)| parts.get(part)).collect();
        all.len() > 1
    };
    let [mut by_name, mut by_version, by_model, by_batch] = [0, 1, 2, 3].map(differs);
    // What one part tells, another need not say again.
    by_version &= !by_name;
    by_name |= !(by_version || by_model || by_batch);
    let by_batch = by_batch && !(by_name || by_version || by_model);
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let each = lanes.iter().map(|(batch, prompt, target, [name, version, model, id])| {
        let parts = [(by_name, name.clone()), (by_version, format!("version {version}")), (by_model, model.clone())];
        let mut label: Vec<String> = parts.into_iter().filter(|(tells, _)| *tells).map(|(_, part)| part).collect();
        if by_batch {
            label.push(format!("batch {id}"));
        }
        let names = if by_model { vec![model.clone()] } else { Vec::new() };
        BlindContender {
            batch: *batch,
            prompt: place(*prompt),
            target: place(*target),
            label: label.join(" on "),
            names,
        }
    });
    let mut all: Vec<BlindContender> = each.collect();
    let labels: Vec<String> = all.iter().map(|contender| contender.label.clone()).collect();
    for contender in &mut all {
        if labels.iter().filter(|label| **label == contender.label).count() > 1 {
            contender.label = format!("{} in {}", contender.label, contender.batch.short());
        }
    }
    all
}

/// The words by which a model is known, of its name on the wire and its provider's.
fn given_away(model: &str, provider: Option<&str>) -> Vec<String> {
    /// The fewest letters that are a name and not a part of a word.
    const FEWEST: usize = 3;
    let own = model.rsplit('/').next().unwrap_or(model);
    let family: String = own.chars().take_while(|c| c.is_alphabetic()).collect();
    let words = [model, own, family.as_str(), provider.unwrap_or_default()];
    words.into_iter().filter(|word| word.chars().count() >= FEWEST).map(str::to_owned).collect()
}

/// Reads the answers of all contenders, one for each row.
fn answers(
    db: &Connection,
    specs: &[(BatchId, BatchSpec)],
    contenders: &mut [BlindContender],
) -> rusqlite::Result<Vec<BlindAnswer>> {
    let sql = "SELECT cell.row, cell.prompt, cell.target, run.seq, run.id, run.input_hash, run.model, run.served,
                   run.provider, run_body.text
               FROM cell JOIN run ON run.seq = cell.run JOIN run_body ON run_body.seq = run.seq
               WHERE cell.batch = (SELECT seq FROM batch WHERE id = ?1) AND cell.sample = 0 AND run.end = 'done'
               ORDER BY cell.row, cell.prompt, cell.target";
    let (mut statement, mut found) = (db.prepare_cached(sql)?, Vec::new());
    let mut met: BTreeMap<(usize, i64), u32> = BTreeMap::new();
    for (batch, _) in specs {
        let mut rows = statement.query([batch.0.as_bytes()])?;
        while let Some(row) = rows.next()? {
            let (prompt, target): (u32, u32) = (row.get(1)?, row.get(2)?);
            let own = |one: &BlindContender| one.batch == *batch && one.prompt == prompt && one.target == target;
            let text: String = row.get(9)?;
            let Some(at) = contenders.iter().position(own).filter(|_| !text.trim().is_empty()) else { continue };
            let number: i64 = row.get(0)?;
            let input = row.get::<_, Option<i64>>(5)?.unwrap_or(number);
            let again = met.entry((at, input)).or_default();
            let mut digest = DefaultHasher::new();
            text.trim().hash(&mut digest);
            found.push(BlindAnswer {
                run: RunId(Uuid::from_bytes(row.get(4)?)),
                row: number.unsigned_abs(),
                input: (input, *again),
                contender: at,
                digest: digest.finish(),
                length: text.chars().count() as u64,
                judged: judged(db, row.get(3)?)?,
            });
            *again += 1;
            let (model, served, provider): (String, Option<String>, Option<String>) =
                (row.get(6)?, row.get(7)?, row.get(8)?);
            if let Some(contender) = contenders.get_mut(at).filter(|one| !one.names.is_empty()) {
                let words = given_away(&model, provider.as_deref()).into_iter().chain(served);
                for word in words {
                    if !contender.names.contains(&word) {
                        contender.names.push(word);
                    }
                }
            }
        }
    }
    Ok(found)
}

/// Returns what judges say of an answer, from 0 to 1: the mean of all that spoke.
fn judged(db: &Connection, seq: i64) -> rusqlite::Result<Option<f64>> {
    let mut statement =
        db.prepare_cached("SELECT rule, mark, score FROM verdict WHERE seq = ?1 AND mark IN ('pass', 'fail')")?;
    let mut rows = statement.query([seq])?;
    let (mut sum, mut count) = (0.0, 0_u32);
    while let Some(row) = rows.next()? {
        let rule: String = row.get(0)?;
        let kind = rule.split('#').next().unwrap_or(&rule);
        let kind = kind.strip_prefix("not-").unwrap_or(kind);
        if CheckKind::ALL.iter().any(|known| known.is_judged() && known.name() == kind) {
            let passed = row.get_ref(1)?.as_str()? == "pass";
            sum += row.get::<_, Option<f64>>(2)?.unwrap_or(f64::from(u8::from(passed)));
            count += 1;
        }
    }
    Ok((count > 0).then(|| sum / f64::from(count)))
}

/// Finds the newest comparison of some batches, or begins one: its number, its seed, and when it was revealed.
fn session(
    db: &Connection,
    batches: &[BatchId],
    wanted: &WantedBlind,
) -> rusqlite::Result<(i64, u64, Option<Timestamp>)> {
    let of = json(&batches)?;
    let sql = "SELECT seq, seed, revealed FROM blind WHERE batches = ?1 AND (?2 IS NULL OR seed = ?2)
               ORDER BY seq DESC LIMIT 1";
    let seed = wanted.seed.map(u64::cast_signed);
    let known: Option<(i64, i64, Option<i64>)> = db
        .prepare_cached(sql)?
        .query_row(params![of, seed], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if let Some((id, seed, revealed)) = known.filter(|_| !wanted.anew) {
        return Ok((id, seed.cast_unsigned(), revealed.map(timestamp)));
    }
    // The next one shows them in another order.
    let next = known.map_or(SEED, |(_, seed, _)| seed.cast_unsigned().wrapping_add(1));
    let seed = wanted.seed.unwrap_or(next);
    let sql = "INSERT INTO blind (batches, seed, started) VALUES (?1, ?2, ?3)";
    db.execute(sql, params![of, seed.cast_signed(), nanoseconds(wanted.at)])?;
    Ok((db.last_insert_rowid(), seed, None))
}

/// Reads the votes of a comparison in the order in which they were given.
fn votes(db: &Connection, id: i64) -> rusqlite::Result<Vec<BlindVote>> {
    let sql = "SELECT one.id, other.id, choice, voted FROM blind_vote
               JOIN run AS one ON one.seq = left_run JOIN run AS other ON other.seq = right_run
               WHERE blind = ?1 ORDER BY blind_vote.seq";
    let read = |row: &rusqlite::Row<'_>| {
        let choice: String = row.get(2)?;
        let run = |at: usize| row.get(at).map(|id| RunId(Uuid::from_bytes(id)));
        // A word that a later program wrote says nothing here.
        let choice = BlindChoice::ALL.into_iter().find(|own| own.name() == choice).unwrap_or(BlindChoice::Skip);
        Ok(BlindVote { left: run(0)?, right: run(1)?, choice, at: timestamp(row.get(3)?) })
    };
    db.prepare_cached(sql)?.query_map([id], read)?.collect()
}

/// Notes a vote. None is taken once the names were shown.
pub(crate) fn vote(db: &Connection, id: i64, vote: &BlindVote) -> rusqlite::Result<Result<(), StoreError>> {
    let sql = "INSERT INTO blind_vote (blind, left_run, right_run, choice, voted)
               SELECT blind.seq, one.seq, other.seq, ?4, ?5 FROM blind, run AS one, run AS other
               WHERE blind.seq = ?1 AND revealed IS NULL AND one.id = ?2 AND other.id = ?3";
    let values = params![id, vote.left.0.as_bytes(), vote.right.0.as_bytes(), vote.choice.name(), nanoseconds(vote.at)];
    let noted = db.prepare_cached(sql)?.execute(values)?;
    Ok(if noted == 1 { Ok(()) } else { Err(StoreError::wrong("the names were shown already: no vote is taken")) })
}

/// Takes the last vote back, if there is one and the names were not shown.
pub(crate) fn undo(db: &Connection, id: i64) -> rusqlite::Result<()> {
    let sql = "DELETE FROM blind_vote WHERE seq = (SELECT max(seq) FROM blind_vote WHERE blind = ?1)
               AND EXISTS (SELECT 1 FROM blind WHERE seq = ?1 AND revealed IS NULL)";
    db.prepare_cached(sql)?.execute([id]).map(drop)
}

/// Notes that the names were shown.
pub(crate) fn reveal(db: &Connection, id: i64, at: Timestamp) -> rusqlite::Result<()> {
    let sql = "UPDATE blind SET revealed = ?2 WHERE seq = ?1 AND revealed IS NULL";
    db.prepare_cached(sql)?.execute(params![id, nanoseconds(at)]).map(drop)
}
