//! The runs on record, asked for by a query: a page at a time, whatever their number, and the names that filters can have.
//! A page never reads more than it must: what few runs have (a class of error, a grade, a rare model) is looked up first
//! and the rest checked on those few; what many have is checked while walking from the newest run on, until a page is full.

pub(crate) mod sql;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rusqlite::{Connection, Row, params_from_iter, types::Value};
use uuid::Uuid;

use crate::{
    model::{
        Cost, Grade, PicoDollars, RunId, RunStatus, Thumb, Usage, VersionId,
        query::{Query, Sort, SortBy, Vocabulary},
    },
    store::{
        api::{HistoryEntry, HistoryPage, PageStart},
        columns::timestamp,
        history::sql::{Condition, ScanPath, Selection, SortKey, beyond, order_column},
        search,
        search::Way,
    },
};

/// Runs that words alone find are counted up to this many, before a count says "or more".
const COUNTED: usize = 10_000;

/// One way to runs that are asked for: every run there is is on at least one of them.
#[derive(Debug, Clone)]
struct Route {
    /// The expression the text index is asked for; none where it is not.
    matching: Option<String>,
    /// Texts that are read: none of the index tells whether they are there.
    read: Condition,
    /// What filters ask.
    selection: Selection,
}

impl Route {
    /// Writes what it comes by with what is needed for an order, and what has to hold: a statement from `FROM` on.
    fn from(&self, access: ScanPath, by: SortBy, beyond: Option<Condition>) -> Condition {
        let mut all = Condition::default();
        let (before, access) = match &self.matching {
            None => ("", access),
            Some(expression) => {
                all.and(Condition::of("run_text MATCH ?", [Value::Text(expression.clone())]));
                if let Some((first, last)) = self.selection.span() {
                    all.and(Condition::of("run_text.rowid BETWEEN ? AND ?", [first.into(), last.into()]));
                }
                all.and(Condition::of("run_fact.run = run_text.rowid", []));
                ("run_text CROSS JOIN ", ScanPath::Number)
            }
        };
        all.and(self.selection.condition(access));
        all.and(self.read.clone());
        all.and(beyond.unwrap_or_default());
        let holds = if all.sql.is_empty() { String::new() } else { format!(" WHERE {}", all.sql) };
        Condition { sql: format!("{before}{}{holds}", access.ordered(by)), ..all }
    }

    /// Writes the numbers of all its runs.
    fn numbers(&self) -> Condition {
        let Condition { sql, values } = self.from(self.selection.at_once(), SortBy::Time, None);
        let number = if self.matching.is_some() { "run_text.rowid" } else { "run_fact.run" };
        Condition { sql: format!("SELECT {number} FROM {sql}"), values }
    }
}

/// Reads a page of the runs a query asks for, those after another if one is given.
pub(crate) fn page(
    db: &Connection,
    query: &Query,
    after: Option<&PageStart>,
    limit: usize,
) -> rusqlite::Result<HistoryPage> {
    let found = first(db, query, after, limit.saturating_add(1))?;
    let more = found.len() > limit;
    let runs = found.into_values().take(limit).map(|seq| entry(db, seq)).collect::<rusqlite::Result<_>>()?;
    Ok(HistoryPage { runs, more })
}

/// Finds the first runs in the order asked for: at least as many as are wanted, if there are so many.
fn first(
    db: &Connection,
    query: &Query,
    after: Option<&PageStart>,
    wanted: usize,
) -> rusqlite::Result<BTreeMap<SortKey, i64>> {
    let mut found = BTreeMap::new();
    for route in routes(db, query)? {
        found.extend(walk(db, query.sort, &route, after.map(|after| beyond(query, after)), wanted)?);
    }
    Ok(found)
}

/// Counts the runs a query asks for, those of words alone up to [`COUNTED`]; tells whether there may be more.
pub(crate) fn count(db: &Connection, query: &Query) -> rusqlite::Result<(u64, bool)> {
    let routes = routes(db, query)?;
    if query.filters.is_empty() && !query.words.is_empty() {
        let mut found = BTreeSet::new();
        for route in &routes {
            found.extend(walk(db, Sort::default(), route, None, COUNTED)?.into_iter().map(|(_, seq)| seq));
        }
        return Ok((found.len() as u64, found.len() >= COUNTED));
    }
    let Condition { sql, values } = match routes.as_slice() {
        [route] => {
            let Condition { sql, values } = route.from(route.selection.at_once(), SortBy::Time, None);
            Condition { sql: format!("SELECT count(*) FROM {sql}"), values }
        }
        routes => {
            let Condition { sql, values } = numbers(routes);
            Condition { sql: format!("SELECT count(*) FROM ({sql})"), values }
        }
    };
    let runs: i64 = db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))?;
    Ok((runs.unsigned_abs(), false))
}

/// Writes the statement that reads columns of `run_fact` of each run a query asks for, once and in the order of their
/// numbers, and its values.
pub(crate) fn every(db: &Connection, query: &Query, columns: &str) -> rusqlite::Result<(String, Vec<Value>)> {
    let routes = routes(db, query)?;
    let Condition { sql, values } = match routes.as_slice() {
        [route] if query.words.is_empty() => route.from(ScanPath::Number, SortBy::Time, None),
        routes => {
            let Condition { sql, values } = numbers(routes);
            Condition { sql: format!("{} WHERE run_fact.run IN ({sql})", ScanPath::Number.table()), values }
        }
    };
    Ok((format!("SELECT {columns} FROM {sql} ORDER BY run_fact.run"), values))
}

/// Writes the numbers of all runs of ways to them, each once.
fn numbers(routes: &[Route]) -> Condition {
    let mut all = Condition { sql: "SELECT NULL WHERE 0".to_owned(), values: Vec::new() };
    for Condition { sql, values } in routes.iter().map(Route::numbers) {
        all.sql.push_str(" UNION ");
        all.sql.push_str(&sql);
        all.values.extend(values);
    }
    all
}

/// Finds the ways to what a query asks for.
fn routes(db: &Connection, query: &Query) -> rusqlite::Result<Vec<Route>> {
    let selection = Selection::of(db, query)?;
    if query.words.is_empty() {
        return Ok(vec![Route { matching: None, read: Condition::default(), selection }]);
    }
    by_words(db, &query.words, &selection)
}

/// Finds the ways to runs that hold all words: each word in the run's own texts, or in its prompt.
fn by_words(db: &Connection, words: &[String], selection: &Selection) -> rusqlite::Result<Vec<Route>> {
    let ways = words.iter().map(|word| search::way(db, word)).collect::<rusqlite::Result<Vec<_>>>()?;
    // Which words each prompt version holds.
    let mut held: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for (at, word) in words.iter().enumerate() {
        for version in search::versions(db, word)? {
            if let Some(holds) = held.entry(version).or_insert_with(|| vec![false; words.len()]).get_mut(at) {
                *holds = true;
            }
        }
    }
    let mut groups: BTreeMap<Vec<bool>, BTreeSet<String>> = BTreeMap::new();
    for (version, holds) in held {
        groups.entry(holds).or_default().insert(version);
    }
    let mut all = Vec::new();
    if let Some((matching, read)) = in_texts(&ways, &vec![false; words.len()]) {
        all.push(Route { matching, read, selection: selection.clone() });
    }
    for (holds, versions) in groups {
        if let Some((matching, read)) = in_texts(&ways, &holds) {
            let versions = serde_json::to_string(&versions).unwrap_or_default();
            let selection = selection.of_versions(db, versions, matching.is_some())?;
            all.push(Route { matching, read, selection });
        }
    }
    Ok(all)
}

/// Says how runs are found whose own texts hold the words that their prompt does not: by an expression of the text
/// index, by reading; none if no run's do.
fn in_texts(ways: &[Way], held: &[bool]) -> Option<(Option<String>, Condition)> {
    let (mut expressions, mut reading) = (Vec::new(), Condition::default());
    for (way, _) in ways.iter().zip(held).filter(|(_, held)| !**held) {
        match way {
            Way::Nowhere => return None,
            Way::Index(expression) => expressions.push(format!("({expression})")),
            Way::Read(expression, text) => {
                expressions.extend(expression.iter().map(|expression| format!("({expression})")));
                let sql = "EXISTS (SELECT 1 FROM run_body WHERE run_body.seq = run_fact.run
                           AND found_in(run_body.input, run_body.text, run_body.outcome, ?))";
                reading.and(Condition::of(sql, [Value::Text(text.clone())]));
            }
        }
    }
    let matching = (!expressions.is_empty()).then(|| expressions.join(" AND "));
    Some((matching, reading))
}

/// Walks a way in an order, from what is beyond a place on, until enough runs are found.
fn walk(
    db: &Connection,
    sort: Sort,
    route: &Route,
    beyond: Option<Condition>,
    wanted: usize,
) -> rusqlite::Result<Vec<(SortKey, i64)>> {
    let by = order_column(sort.by);
    let direction = if sort.ascending { "ASC" } else { "DESC" };
    let order = match (sort.by, &route.matching) {
        (SortBy::Time, None) => format!("{by} {direction}"),
        (SortBy::Time, Some(_)) => format!("run_text.rowid {direction}"),
        // What is not known comes last either way.
        _ => format!("{by} {direction} NULLS LAST, run_fact.run {direction}"),
    };
    let Condition { sql, mut values } = route.from(route.selection.in_order(sort.by), sort.by, beyond);
    values.push(Value::Integer(i64::try_from(wanted).unwrap_or(i64::MAX)));
    db.prepare_cached(&format!("SELECT run_fact.run, {by} FROM {sql} ORDER BY {order} LIMIT ?"))?
        .query_map(params_from_iter(values), |row| {
            let (seq, value): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok((SortKey::of(value, seq, sort), seq))
        })?
        .collect()
}

/// Reads what a list shows of a run.
pub(crate) fn entry(db: &Connection, seq: i64) -> rusqlite::Result<HistoryEntry> {
    let sql = format!(
        "SELECT id, started, session, prompt_name, prompt_hash, requested, target, model, served, end, status,
                   provenance, demo, attempts, error_class, tokens_input, tokens_cache_read, tokens_cache_write,
                   tokens_output, tokens_reasoning, cost, cost_state, took_us, first_token_us, provider, pinned,
                   substr(iif(json_extract(input, '$.text') <> '', json_extract(input, '$.text'), input), 1, 400), substr(text, 1, {ANSWER}), sample,
                   (SELECT json_group_array(rule) FROM verdict WHERE verdict.seq = run.seq AND mark = 'fail'),
                   tokens_estimated, tokens_partial, waited_us, judge, judging, iif(trim(text) = '', outcome, NULL)
               FROM run LEFT JOIN run_body USING (seq) WHERE seq = ?1"
    );
    let mut entry = db.prepare_cached(&sql)?.query_row([seq], |row| read(row, seq))?;
    let grade = "SELECT stars, thumb, comment FROM grade WHERE run = ?1 ORDER BY seq DESC LIMIT 1";
    let last = db
        .prepare_cached(grade)?
        .query_map([seq], |row| {
            let thumb: Option<String> = row.get(1)?;
            let thumb = thumb.map(|word| if word == "up" { Thumb::Up } else { Thumb::Down });
            Ok(Grade { stars: row.get(0)?, thumb, comment: row.get(2)? })
        })?
        .next()
        .transpose()?;
    entry.grade = last.filter(|grade| !grade.is_empty());
    Ok(entry)
}

fn read(row: &Row<'_>, seq: i64) -> rusqlite::Result<HistoryEntry> {
    let length = |column| {
        Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(|us| Duration::from_micros(us.unsigned_abs())))
    };
    let count = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(i64::unsigned_abs));
    let amount = row.get::<_, Option<i64>>(20)?.map(|amount| PicoDollars(amount.unsigned_abs()));
    let usage = Usage {
        input: count(15)?,
        cache_read: count(16)?,
        cache_write: count(17)?,
        output: count(18)?,
        reasoning: count(19)?,
        estimated: row.get(30)?,
        partial: row.get(31)?,
        ..Usage::default()
    };
    let judging: Option<String> = row.get(34)?;
    let failed: Option<String> = row.get(29)?;
    Ok(HistoryEntry {
        seq,
        run: RunId(Uuid::from_bytes(row.get(0)?)),
        started: timestamp(row.get(1)?),
        session: row.get(2)?,
        prompt_name: row.get(3)?,
        version: row.get::<_, Option<String>>(4)?.map(VersionId),
        requested: row.get(5)?,
        target: row.get(6)?,
        model: row.get(7)?,
        served: row.get(8)?,
        end: row.get(9)?,
        status: row.get::<_, Option<String>>(10)?.as_deref().and_then(RunStatus::of_word),
        cached: row.get::<_, Option<String>>(11)?.as_deref() == Some("cached"),
        demo: row.get(12)?,
        attempts: row.get(13)?,
        class: row.get(14)?,
        tokens_in: usage.total_input(),
        tokens_out: usage.total_output(),
        tokens_is: usage.sureness().to_owned(),
        cost: Cost::of(amount, &row.get::<_, String>(21)?),
        took: length(22)?,
        waited: length(32)?.unwrap_or_default(),
        judge: row.get(33)?,
        judging: judging.and_then(|judging| serde_json::from_str(&judging).ok()),
        first_token: length(23)?,
        provider: row.get::<_, Option<String>>(24)?.unwrap_or_default(),
        pinned: row.get(25)?,
        input: row.get::<_, Option<String>>(26)?.unwrap_or_default(),
        answer: answer(row)?,
        sample: row.get::<_, u32>(28)?.saturating_add(1),
        failed: failed.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default(),
        grade: None,
    })
}

/// Reads the beginning of an answer; of one without a text, the calls of tools that it consists of.
fn answer(row: &Row<'_>) -> rusqlite::Result<String> {
    if let Some(outcome) = row.get_ref(35)?.as_str_or_null().unwrap_or_default() {
        let calls = search::Called::read(outcome).in_brief();
        if !calls.is_empty() {
            return Ok(calls.chars().take(ANSWER).collect());
        }
    }
    Ok(row.get::<_, Option<String>>(27)?.unwrap_or_default())
}

/// Characters of an answer that a list has.
const ANSWER: usize = 200;

/// Names of one kind, at most.
const MOST: usize = 500;

/// Lists the names on record.
pub(crate) fn vocabulary(db: &Connection) -> rusqlite::Result<Vocabulary> {
    let mut models = distinct(db, "run_config", "model", "1")?;
    models.extend(distinct(db, "run_config", "target", "1")?);
    models.sort();
    models.dedup();
    Ok(Vocabulary {
        models,
        providers: distinct(db, "run_config", "provider", "1")?,
        prompts: distinct(db, "run", "prompt_name", "1")?,
        sessions: distinct(db, "run_fact", "session", "1")?,
        versions: distinct(db, "version_name", "name", "name <> ''")?,
        checks: distinct(db, "verdict", "rule", "mark = 'fail'")?,
        classes: distinct(db, "run_outcome", "error_class", "1")?,
    })
}

/// Lists the values of a column that has an index, or of a small table, from each to the next larger one.
fn distinct(db: &Connection, table: &str, column: &str, among: &str) -> rusqlite::Result<Vec<String>> {
    let sql = format!(
        "WITH RECURSIVE value (it) AS (
             SELECT min({column}) FROM {table} WHERE {among}
             UNION ALL
             SELECT (SELECT min({column}) FROM {table} WHERE {column} > it AND {among}) FROM value WHERE it IS NOT NULL
         )
         SELECT it FROM value WHERE it IS NOT NULL AND it <> '' LIMIT {MOST}"
    );
    db.prepare_cached(&sql)?.query_map([], |row| row.get(0))?.collect()
}
