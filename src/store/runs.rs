//! Runs in `retort.db`: written when they start and end, and read back whole.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, named_params, params};
use serde::de::DeserializeOwned;

use crate::{
    eval::rubric::is_judge,
    model::{
        AnswerSource, BatchId, CellIndex, Input, Outcome, Params, Prompt, Provenance, Quality, RunId, Spent, VersionId,
        error::StoreError, outcome::AttemptUsage,
    },
    pipeline::{
        event::{NextStep, RunEvent, TimedEvent},
        ports::{AnswerPace, RunRecord, RunStart},
    },
    store::{
        api::{AnswerQuestion, RunTexts, StoredAnswer},
        attachments, batches,
        columns::{json, microseconds, nanoseconds, parsed, timestamp, whole},
        facts,
        facts::LastFact,
        search,
        search::IndexedWords,
        verdicts,
        verdicts::StoredOutcome,
        versions,
        versions::Origin,
    },
};

/// How the row of a run under way is marked.
pub(crate) const RUNNING: &str = "running";

/// What the runs that are written in one transaction mostly share: it is found once.
#[derive(Debug, Default)]
pub(crate) struct LastRun {
    version: Option<(Prompt, VersionId)>,
    fact: LastFact,
}

impl LastRun {
    /// Notes the prompt of a run as a version, unless the last run had the same.
    fn version(&mut self, db: &Connection, prompt: &Prompt, origin: &Origin<'_>) -> rusqlite::Result<VersionId> {
        if let Some((_, version)) = self.version.as_ref().filter(|(of, _)| of == prompt) {
            return Ok(version.clone());
        }
        let version = versions::note(db, prompt, origin)?;
        self.version = Some((prompt.clone(), version.clone()));
        Ok(version)
    }
}

/// Notes the prompt of a run that has started as a version.
pub(crate) fn version_of_start(db: &Connection, run: &RunStart, last: &mut LastRun) -> rusqlite::Result<VersionId> {
    let origin = Origin {
        made: run.started,
        prompt_name: run.prompt_name.as_deref(),
        session: run.session.as_deref(),
        parent: run.parent.as_ref(),
    };
    last.version(db, &run.prompt, &origin)
}

/// Writes the row of a run that has started, and its prompt as a version.
pub(crate) fn started(
    db: &Connection,
    run: &RunStart,
    owner: Option<&str>,
    last: &mut LastRun,
) -> rusqlite::Result<()> {
    let version = version_of_start(db, run, last)?;
    let sql = "INSERT INTO run (id, started, session, prompt_name, prompt_hash, requested, target, model, end, owner,
                   provider, sample, judge)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, 'running', ?8, ?9, ?10, ?11) ON CONFLICT (id) DO NOTHING RETURNING seq";
    let values = params![
        run.run.0.as_bytes(),
        nanoseconds(run.started),
        run.session,
        run.prompt_name,
        version.0,
        run.target,
        run.model,
        owner,
        run.provider,
        run.sample,
        is_judge(run.prompt_name.as_deref(), &run.prompt)
    ];
    let seq: Option<i64> = db.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
    seq.map_or(Ok(()), |seq| facts::add(db, seq, &mut last.fact))
}

/// Writes a run that has ended, over the row of its start if there is one. That keeps the prompt's name, which may be
/// another by now.
///
/// None of the statements takes a journal of its own, for which SQLite would copy every page it changes and write the
/// index of texts as far as it has come: none returns what it wrote, and none replaces a row that refers to others.
#[allow(clippy::too_many_lines, reason = "a value for each column")]
pub(crate) fn ended(
    db: &Connection,
    record: &RunRecord,
    known: &mut IndexedWords,
    last: &mut LastRun,
) -> rusqlite::Result<()> {
    let outcome = &record.outcome;
    let sql = "INSERT INTO run (id, started, session, prompt_name, prompt_hash, requested, target, model, served, end,
                   status, provenance, cached_at, demo, attempts, finish, error_class, tokens_input, tokens_cache_read,
                   tokens_cache_write, tokens_output, tokens_reasoning, tokens_estimated, cost, cost_state, total_us,
                   first_byte_us, first_token_us, generation_us, provider, sample, params, input_hash, tokens,
                   tokens_partial, took_us, waited_us, judge, judging, modalities, cache_saving, marks, score)
               VALUES (:id, :started, :session, :prompt_name, :prompt_hash, :requested, :target, :model, :served, :end,
                   :status, :provenance, :cached_at, :demo, :attempts, :finish, :error_class, :input, :cache_read,
                   :cache_write, :output, :reasoning, :estimated, :cost, :cost_state, :total, :first_byte,
                   :first_token, :generation, :provider, :sample, :params, :input_hash, :tokens, :partial, :took,
                   :waited, :judge, :judging, :modalities, :cache_saving, :marks, :score)
               ON CONFLICT (id) DO UPDATE SET
                   started = excluded.started, session = excluded.session,
                   prompt_hash = excluded.prompt_hash, requested = excluded.requested, target = excluded.target,
                   model = excluded.model, served = excluded.served, end = excluded.end, status = excluded.status,
                   provenance = excluded.provenance, cached_at = excluded.cached_at, demo = excluded.demo,
                   attempts = excluded.attempts, finish = excluded.finish, error_class = excluded.error_class,
                   tokens_input = excluded.tokens_input, tokens_cache_read = excluded.tokens_cache_read,
                   tokens_cache_write = excluded.tokens_cache_write, tokens_output = excluded.tokens_output,
                   tokens_reasoning = excluded.tokens_reasoning, tokens_estimated = excluded.tokens_estimated,
                   cost = excluded.cost, cost_state = excluded.cost_state, total_us = excluded.total_us,
                   first_byte_us = excluded.first_byte_us, first_token_us = excluded.first_token_us,
                   generation_us = excluded.generation_us, provider = excluded.provider, sample = excluded.sample,
                   params = excluded.params, input_hash = excluded.input_hash, tokens = excluded.tokens,
                   tokens_partial = excluded.tokens_partial, took_us = excluded.took_us,
                   waited_us = excluded.waited_us, judge = excluded.judge, judging = excluded.judging,
                   modalities = excluded.modalities, cache_saving = excluded.cache_saving,
                   marks = excluded.marks, score = excluded.score, owner = NULL";
    let origin = Origin {
        made: record.started,
        prompt_name: record.prompt_name.as_deref(),
        session: record.session.as_deref(),
        parent: None,
    };
    let version = last.version(db, &record.prompt, &origin)?;
    let (provenance, cached_at) = match outcome.provenance {
        Provenance::Live => ("live", None),
        Provenance::Cached { stored } => ("cached", Some(nanoseconds(stored))),
        Provenance::Batch => ("batch", None),
        Provenance::Imported { .. } => ("imported", None),
    };
    let (usage, timing) = (&outcome.usage, &outcome.timing);
    let values = named_params! {
        ":id": record.run.0.as_bytes(),
        ":started": nanoseconds(record.started),
        ":session": record.session,
        ":prompt_name": record.prompt_name,
        ":prompt_hash": version.0,
        ":requested": outcome.requested,
        ":target": outcome.target,
        ":model": outcome.model,
        ":served": outcome.served,
        ":end": outcome.end.word(),
        ":status": outcome.status().word(),
        ":provenance": provenance,
        ":cached_at": cached_at,
        ":demo": outcome.demo,
        ":attempts": outcome.tries(),
        ":finish": outcome.finish.as_ref().map(ToString::to_string),
        ":error_class": outcome.end.class().map(|class| class.to_string()),
        ":input": whole(usage.input),
        ":cache_read": whole(usage.cache_read),
        ":cache_write": whole(usage.cache_write),
        ":output": whole(usage.output),
        ":reasoning": whole(usage.reasoning),
        ":estimated": usage.estimated,
        ":cost": whole(outcome.cost.amount().map(|amount| amount.0)),
        ":cost_state": outcome.cost.sureness(),
        ":total": microseconds(timing.total),
        ":first_byte": timing.first_byte.map(microseconds),
        ":first_token": timing.first_token.map(microseconds),
        ":generation": timing.generation.map(microseconds),
        ":provider": record.provider,
        ":sample": record.sample,
        ":params": record.sent_params().map(json).transpose()?,
        ":input_hash": record.input.hash(),
        ":tokens": whole(usage.total()),
        ":partial": usage.partial,
        ":took": outcome.took().map(microseconds),
        ":waited": microseconds(timing.waited),
        ":judge": is_judge(record.prompt_name.as_deref(), &record.prompt),
        ":modalities": facts::modalities(usage)?,
        ":cache_saving": outcome.cache_saving.map(|saved| saved.0),
        ":judging": outcome.judging.map(|judging| json(&judging)).transpose()?,
        ":marks": outcome.quality.as_ref().map(facts::marks),
        ":score": outcome.quality.as_ref().and_then(Quality::score),
    };
    let before = number(db, record.run)?;
    before.map_or(Ok(()), |seq| forget(db, seq))?;
    db.prepare_cached(sql)?.execute(values)?;
    let seq = before.unwrap_or_else(|| db.last_insert_rowid());
    // The texts are kept once, in columns of their own.
    let bare = json(&Outcome { text: String::new(), reasoning: String::new(), ..outcome.clone() })?;
    // So is the prompt, with its version; what is no part of that stands beside it.
    let sql = "INSERT INTO run_body (seq, prompt, beside, input, text, reasoning, outcome, timeline, pace)
               VALUES (?1, '', ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    db.prepare_cached(sql)?.execute(params![
        seq,
        beside(&record.prompt)?,
        json(&record.input)?,
        outcome.text,
        outcome.reasoning,
        bare,
        json(&record.timeline)?,
        record.pace.as_ref().map(AnswerPace::as_str)
    ])?;
    batches::fill(db, record, seq)?;
    let called = search::Called::of(outcome).text();
    search::note(db, known, seq, &search::texts(&record.input, &outcome.text, &called))?;
    note_attempts(db, seq, record)?;
    attachments::add(db, seq, record)?;
    outcome.quality.as_ref().map_or(Ok(()), |quality| verdicts::add(db, seq, quality))?;
    facts::add(db, seq, &mut last.fact)
}

/// Finds the number a run has on record.
fn number(db: &Connection, run: RunId) -> rusqlite::Result<Option<i64>> {
    let sql = "SELECT seq FROM run WHERE id = ?1";
    db.prepare_cached(sql)?.query_row([run.0.as_bytes()], |row| row.get(0)).optional()
}

/// Removes what belongs to the row of a run and is written anew with its end.
fn forget(db: &Connection, seq: i64) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM run_body WHERE seq = ?1",
        "DELETE FROM attempt WHERE seq = ?1",
        "DELETE FROM attachment WHERE run = ?1",
        "DELETE FROM verdict WHERE seq = ?1",
        "DELETE FROM run_fact WHERE run = ?1",
    ] {
        db.prepare_cached(sql)?.execute([seq])?;
    }
    Ok(())
}

/// Writes the calls of a run, each with what it took.
fn note_attempts(db: &Connection, seq: i64, record: &RunRecord) -> rusqlite::Result<()> {
    let mut attempt = db.prepare_cached(
        "INSERT INTO attempt (seq, number, target, model, key_label, status, class, wait_us, provider,
             tokens_input, tokens_cache_read, tokens_cache_write, tokens_output, tokens_reasoning, tokens_estimated,
             tokens_partial, cost, cost_state, took_us, answered)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)",
    )?;
    for row in attempts(&record.timeline, &record.outcome.by_attempt) {
        let AttemptRow { number, target, provider, model, key, status, class, wait, took } = row;
        let Spent { usage, cost } = took.as_ref().map(|took| took.spent).unwrap_or_default();
        attempt.execute(params![
            seq,
            number,
            target,
            model,
            key,
            status,
            class,
            wait,
            provider,
            whole(usage.input),
            whole(usage.cache_read),
            whole(usage.cache_write),
            whole(usage.output),
            whole(usage.reasoning),
            usage.estimated,
            usage.partial,
            took.as_ref().and_then(|_| whole(cost.amount().map(|amount| amount.0))),
            took.as_ref().map(|_| cost.sureness()),
            took.as_ref().map(|took| microseconds(took.took)),
            took.as_ref().is_some_and(|took| took.answered),
        ])?;
    }
    Ok(())
}

/// Marks the runs a process left behind as crashed.
pub(crate) fn crashed(db: &mut Connection, owner: &str) -> rusqlite::Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sql = "UPDATE run SET end = 'crashed', status = 'cancelled', owner = NULL WHERE end = 'running' AND owner = ?1
               RETURNING seq";
    let left: Vec<i64> = transaction.prepare(sql)?.query_map([owner], |row| row.get(0))?.collect::<Result<_, _>>()?;
    left.into_iter().try_for_each(|seq| facts::note(&transaction, seq))?;
    transaction.commit()
}

/// Lists the processes that have runs under way.
pub(crate) fn owners(db: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut statement =
        db.prepare_cached("SELECT DISTINCT owner FROM run WHERE end = 'running' AND owner IS NOT NULL")?;
    statement.query_map([], |row| row.get(0))?.collect()
}

/// Reads a run back as it was written.
pub(crate) fn open(db: &Connection, run: RunId) -> rusqlite::Result<Result<RunRecord, StoreError>> {
    let sql = "SELECT started, session, prompt_name, end, prompt, input, text, reasoning, outcome, timeline, sample,
                   provider, (SELECT content FROM prompt_version WHERE hash = prompt_hash), beside, seq, pace
               FROM run LEFT JOIN run_body USING (seq) WHERE id = ?1";
    let row = db.prepare_cached(sql)?.query_row([run.0.as_bytes()], |row| {
        let end: String = row.get(3)?;
        if row.get_ref(4)?.as_str_or_null()?.is_none() {
            return Ok(Err(StoreError::new(match end.as_str() {
                RUNNING => format!("run {} is still under way; look again when it has ended", run.short()),
                _ => format!("run {} crashed: nothing is on record but its start", run.short()),
            })));
        }
        let mut outcome: Outcome = parsed(row, 8)?;
        outcome.text = row.get(6)?;
        outcome.reasoning = row.get(7)?;
        if let Some(quality) = verdicts::last(db, row.get(14)?)? {
            outcome.quality = Some(quality);
        }
        Ok(Ok(RunRecord {
            run,
            started: timestamp(row.get(0)?),
            session: row.get(1)?,
            prompt_name: row.get(2)?,
            prompt: prompt(row)?,
            sample: row.get(10)?,
            provider: row.get::<_, Option<String>>(11)?.unwrap_or_default(),
            input: parsed(row, 5)?,
            outcome,
            timeline: parsed(row, 9)?,
            pace: row.get::<_, Option<String>>(15)?.map(AnswerPace::stored),
            cell: batches::cell(db, row.get(14)?)?,
            trace: None,
        }))
    });
    Ok(row.optional()?.unwrap_or_else(|| Err(verdicts::missing(run))))
}

/// Finds those of some runs that are on record.
pub(crate) fn known(db: &Connection, runs: &[RunId]) -> rusqlite::Result<HashSet<RunId>> {
    let mut statement = db.prepare_cached("SELECT 1 FROM run WHERE id = ?1")?;
    let mut known = HashSet::new();
    for run in runs {
        if statement.exists([run.0.as_bytes()])? {
            known.insert(*run);
        }
    }
    Ok(known)
}

/// Bytes of texts that are read at once.
const TEXTS: usize = 4 << 20;

/// Reads what was said in runs: in as many of the first as have so many bytes together, at least one.
pub(crate) fn texts(db: &Connection, runs: &[RunId]) -> rusqlite::Result<Vec<Option<RunTexts>>> {
    let sql = "SELECT input, text, reasoning, outcome, seq FROM run LEFT JOIN run_body USING (seq)
               WHERE id = ?1 AND prompt IS NOT NULL";
    let (mut statement, mut bytes, mut read) = (db.prepare_cached(sql)?, 0, Vec::new());
    for run in runs {
        if bytes >= TEXTS {
            break;
        }
        let texts = statement.query_row([run.0.as_bytes()], |row| {
            for column in 0..4 {
                bytes += row.get_ref(column)?.as_bytes_or_null()?.map_or(0, <[u8]>::len);
            }
            let mut outcome: Outcome = parsed(row, 3)?;
            outcome.text = row.get(1)?;
            outcome.reasoning = row.get(2)?;
            if let Some(quality) = verdicts::last(db, row.get(4)?)? {
                outcome.quality = Some(quality);
            }
            Ok(RunTexts { input: parsed(row, 0)?, outcome })
        });
        // One that cannot be read takes none of the others along.
        read.push(texts.ok());
    }
    Ok(read)
}

/// The runs that were given to a version, an input and a target as one of so many samples, whole answers alone, the
/// newest first. Found along the index `run_request`.
const OF_REQUEST: &str = "SELECT id, params FROM run
     WHERE prompt_hash = ?1 AND input_hash = ?2 AND requested = ?3 AND sample = ?4 AND end = 'done' ORDER BY seq DESC";

/// Finds an answer for each question.
pub(crate) fn stored_answers(
    db: &Connection,
    questions: &[AnswerQuestion],
) -> rusqlite::Result<Vec<Option<StoredAnswer>>> {
    questions.iter().map(|question| stored_answer(db, question)).collect()
}

fn stored_answer(db: &Connection, question: &AnswerQuestion) -> rusqlite::Result<Option<StoredAnswer>> {
    let of_run = question.run.map(|run| readable(db, run)).transpose()?.flatten();
    let record = match of_run {
        Some(record) => Some(record),
        None => newest_of(db, question)?.map(|run| readable(db, run)).transpose()?.flatten(),
    };
    let Some(record) = record else {
        return Ok(None);
    };
    let grade = verdicts::of(db, &[record.run])?.pop().map(|(_, grade)| grade).unwrap_or_default();
    Ok(Some(StoredAnswer { record, grade }))
}

/// Reads a run back; none where it is gone, under way or beyond reading.
fn readable(db: &Connection, run: RunId) -> rusqlite::Result<Option<RunRecord>> {
    open(db, run).map(Result::ok)
}

/// Finds the newest whole answer to what a question asks, sent with the same parameters.
fn newest_of(db: &Connection, question: &AnswerQuestion) -> rusqlite::Result<Option<RunId>> {
    let AnswerQuestion { run: _, source, sample } = question;
    let mut statement = db.prepare_cached(OF_REQUEST)?;
    let mut rows = statement.query(params![source.version().0, source.input.hash(), source.target, sample])?;
    while let Some(row) = rows.next()? {
        let Some(sent) = read::<Params>(row, 1) else { continue };
        if (AnswerSource { sent, ..(**source).clone() }).is_sent_as(source) {
            return Ok(Some(RunId(uuid::Uuid::from_bytes(row.get(0)?))));
        }
    }
    Ok(None)
}

/// Writes what a prompt has beside what is part of its version.
fn beside(prompt: &Prompt) -> rusqlite::Result<String> {
    let Prompt { description, targets, fallback, .. } = prompt;
    json(&(description, targets, fallback))
}

/// Reads the prompt of a run: as a whole from its own text, where it has one, or else from its version and
/// what stands beside that.
fn prompt(row: &Row<'_>) -> rusqlite::Result<Prompt> {
    if row.get_ref(4)?.as_str().is_ok_and(|text| !text.is_empty()) {
        return parsed(row, 4);
    }
    let (description, targets, fallback) = parsed(row, 13)?;
    Ok(Prompt { description, targets, fallback, ..parsed(row, 12)? })
}

/// Reads the runs that fill a page of a batch's cells, likewise.
pub(crate) fn of_batch(
    db: &Connection,
    batch: BatchId,
    after: Option<CellIndex>,
    limit: usize,
) -> rusqlite::Result<Result<Vec<RunRecord>, StoreError>> {
    batches::page(db, batch, after, limit)?.into_iter().map(|row| open(db, row.cell.run)).collect()
}

/// One call of a run.
#[derive(Debug, Default)]
pub(crate) struct AttemptRow {
    pub(crate) number: u32,
    pub(crate) target: String,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) key: Option<String>,
    pub(crate) status: Option<u16>,
    pub(crate) class: Option<String>,
    pub(crate) wait: Option<i64>,
    /// What it took, where that is known.
    pub(crate) took: Option<AttemptUsage>,
}

/// Folds a timeline into its calls, each with what it took.
pub(crate) fn attempts(timeline: &[TimedEvent], took: &[AttemptUsage]) -> Vec<AttemptRow> {
    let mut rows: Vec<AttemptRow> = Vec::new();
    for timed in timeline {
        match &timed.event {
            RunEvent::Attempt { number, target, provider, model, key, .. } => rows.push(AttemptRow {
                number: *number,
                target: target.clone(),
                provider: provider.clone(),
                model: model.clone(),
                key: key.clone(),
                ..AttemptRow::default()
            }),
            RunEvent::Headers { attempt, status, .. } => {
                if let Some(row) = rows.iter_mut().find(|row| row.number == *attempt) {
                    row.status = Some(*status);
                }
            }
            RunEvent::AttemptFailed { attempt, error, next } => {
                if let Some(row) = rows.iter_mut().find(|row| row.number == *attempt) {
                    row.status = error.status.or(row.status);
                    row.class = Some(error.class.to_string());
                    row.wait = match next {
                        NextStep::Retry { wait } | NextStep::NextKey { wait, .. } => Some(microseconds(*wait)),
                        NextStep::NextModel { .. } | NextStep::GiveUp => None,
                    };
                }
            }
            _ => {}
        }
    }
    for took in took {
        match rows.iter_mut().find(|row| row.number == took.attempt) {
            Some(row) => row.took = Some(took.clone()),
            None => rows.push(AttemptRow {
                number: took.attempt,
                target: took.target.clone(),
                provider: took.provider.clone(),
                model: took.model.clone(),
                took: Some(took.clone()),
                ..AttemptRow::default()
            }),
        }
    }
    rows
}

/// Notes the hash of the input and the score of every run whose texts can be read.
pub(crate) fn of_old_runs(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "SELECT seq, input, outcome,
                   (SELECT quality FROM judgement WHERE judgement.run = run_body.seq ORDER BY judgement.seq DESC LIMIT 1)
               FROM run_body";
    let mut note = db.prepare("UPDATE run SET input_hash = ?2, score = ?3 WHERE seq = ?1")?;
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let hash = read::<Input>(row, 1).map(|input| input.hash());
        let first = || read::<StoredOutcome>(row, 2).and_then(|first| first.quality);
        let score = read::<Quality>(row, 3).or_else(first).and_then(|quality| quality.score());
        note.execute(params![row.get::<_, i64>(0)?, hash, score])?;
    }
    Ok(())
}

/// Reads a column of JSON, if it can be read.
fn read<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Option<T> {
    serde_json::from_str(row.get_ref(column).ok()?.as_str().ok()?).ok()
}
