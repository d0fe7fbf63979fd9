//! The runs on record, asked for by a query: a page at a time, whatever their number.
//!
//! A page never reads more than it must. What few runs have (a class of fault, a grade, a rare model) is
//! looked up first and the rest checked on those few; what many have is checked while walking down from the
//! newest run, until a page is full. Which of both is found out by counting up to [`FEW`].
//!
//! The names that values of filters can have, found without reading every run.

pub(crate) mod sql;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use rusqlite::{Connection, Row, ToSql, params_from_iter, types::Value};
use uuid::Uuid;

pub(crate) use crate::store::{
    history::sql::{Key, every, few_of, found, is_few, status_rank, suits, thumb_rank},
    maintenance::{backup, pin, prune, remove},
};
use crate::{
    model::{
        Cost, Grade, PicoDollars, RunId, RunStatus, Thumb, Usage, VersionId,
        query::{Query, SortBy, Vocabulary},
    },
    store::{
        api::{After, HistoryEntry, HistoryPage},
        history::sql::{Clause, ScanStep, beyond, clause, order_column},
        runs::timestamp,
        search,
        search::Way,
    },
};

/// Runs that are few enough to be looked up one by one.
const FEW: i64 = 2000;

/// Prompt versions whose runs are walked each by itself; those of more are met while walking all runs.
const MOST_LINES: usize = 32;

/// Runs that are counted, at most, before a count says "or more".
const COUNTED: i64 = 10_000;

/// A condition in SQL on the row `run`, with its values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    sql: String,
    values: Vec<Value>,
}

impl Condition {
    fn and(&mut self, sql: &str, values: impl IntoIterator<Item = Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(sql);
        self.values.extend(values);
    }
}

/// One way to runs that are asked for: every run there is is on at least one of them.
#[derive(Debug, Clone)]
struct Route {
    /// The expression the text index is asked for; none where it is not.
    matching: Option<String>,
    condition: Condition,
}

/// Reads a page of the runs a query asks for, those after another if one is given.
pub(crate) fn page(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
    limit: usize,
) -> rusqlite::Result<HistoryPage> {
    let wanted = limit.saturating_add(1);
    let found = if sql::is_better(db, query, query.sort.by)? {
        sql::page(db, query, after, wanted)?
    } else {
        sparse(db, query, after, wanted, None)?
    };
    let more = found.len() > limit;
    let runs = found.into_values().take(limit).map(|seq| entry(db, seq)).collect::<rusqlite::Result<_>>()?;
    Ok(HistoryPage { runs, more })
}

/// Finds the first runs by their rows, those within a part of the record if one is given.
fn sparse(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
    wanted: usize,
    part: Option<&ScanStep>,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    let mut found = BTreeMap::new();
    for mut route in routes(db, query)? {
        if let Some(after) = after {
            beyond(&mut route.condition, query, after);
        }
        let number = if route.matching.is_some() { "run_text.rowid" } else { "run.seq" };
        match part {
            Some(ScanStep::Among(list)) => {
                let sql = format!("{number} IN (SELECT value FROM json_each(?))");
                route.condition.and(&sql, [Value::Text(list.clone())]);
            }
            Some(ScanStep::Within(numbers)) => {
                let bounds = [*numbers.start(), *numbers.end()].map(Value::Integer);
                route.condition.and(&format!("{number} BETWEEN ? AND ?"), bounds);
            }
            None => {}
        }
        found.extend(walk(db, query, &route, wanted)?);
    }
    Ok(found)
}

/// Counts the runs a query asks for, in some cases up to [`COUNTED`] alone; tells whether there may be more.
pub(crate) fn count(db: &Connection, query: &Query) -> rusqlite::Result<(u64, bool)> {
    if query.is_everything() {
        let all: i64 = db.prepare_cached("SELECT count(*) FROM run")?.query_row([], |row| row.get(0))?;
        return Ok((all.unsigned_abs(), false));
    }
    if sql::is_better(db, query, SortBy::Time)? {
        return sql::count(db, query).map(|runs| (runs, false));
    }
    let mut seen = BTreeSet::new();
    for route in routes(db, query)? {
        for (_, seq) in walk(db, &Query::default(), &route, usize::try_from(COUNTED).unwrap_or(usize::MAX))? {
            seen.insert(seq);
        }
    }
    let runs = seen.len() as u64;
    Ok((runs, runs >= COUNTED.unsigned_abs()))
}

/// Lists conditions on `run` that together find each run a query asks for exactly once, each as SQL to be
/// appended with its values.
pub(crate) fn conditions(db: &Connection, query: &Query) -> rusqlite::Result<Vec<(String, Vec<Value>)>> {
    if query.words.is_empty() {
        let routes = routes(db, query)?.into_iter();
        return Ok(routes.map(|route| (route.condition.sql, route.condition.values)).collect());
    }
    let mut all = BTreeSet::new();
    for route in routes(db, query)? {
        all.extend(walk(db, &Query::default(), &route, usize::MAX)?.into_iter().map(|(_, seq)| seq));
    }
    let list = serde_json::to_string(&all).unwrap_or_default();
    Ok(vec![(" AND run.seq IN (SELECT value FROM json_each(?))".to_owned(), vec![Value::Text(list)])])
}

/// Finds the ways to what a query asks for.
fn routes(db: &Connection, query: &Query) -> rusqlite::Result<Vec<Route>> {
    let mut base = Condition::default();
    for filter in &query.filters {
        let Clause { sql, values, index } = clause(&filter.what);
        let driven = if filter.not || index.is_none() {
            None
        } else {
            index.map(|from| few(db, &from, &values)).transpose()?.flatten()
        };
        match (driven, filter.not) {
            // Looked up once, and then the only runs that are read.
            (Some(numbers), _) => base.and("run.seq IN (SELECT value FROM json_each(?))", [Value::Text(numbers)]),
            (None, true) => base.and(&format!("NOT coalesce(({sql}), 0)"), values),
            (None, false) => base.and(&format!("({sql})"), values),
        }
    }
    if query.words.is_empty() {
        return Ok(vec![Route { matching: None, condition: base }]);
    }
    let ways = by_words(db, &query.words, &base)?;
    Ok(ways.into_iter().flat_map(ByWords::of_versions).collect())
}

/// Lists as JSON the runs that a lookup finds, if they are few.
fn few(db: &Connection, from: &str, values: &[Value]) -> rusqlite::Result<Option<String>> {
    let sql = format!("SELECT json_group_array(seq), count(*) FROM (SELECT {from} LIMIT {FEW})");
    let (numbers, count): (String, i64) =
        db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((count < FEW).then_some(numbers))
}

/// A way to runs of some prompt versions; of all where none are named.
struct ByWords {
    versions: Option<BTreeSet<String>>,
    route: Route,
}

impl ByWords {
    /// Puts the versions into the condition.
    fn of_versions(self) -> Vec<Route> {
        let Self { versions, route } = self;
        let with = |sql: &str, value: String| {
            let mut route = route.clone();
            route.condition.and(sql, [Value::Text(value)]);
            route
        };
        match versions {
            None => vec![route],
            Some(versions) if versions.len() <= MOST_LINES => {
                versions.into_iter().map(|version| with("run.prompt_hash = ?", version)).collect()
            }
            Some(versions) => {
                let list = serde_json::to_string(&versions).unwrap_or_default();
                vec![with("+run.prompt_hash IN (SELECT value FROM json_each(?))", list)]
            }
        }
    }
}

/// Finds the ways to runs that hold all words: each word in the run's own texts, or in its prompt.
fn by_words(db: &Connection, words: &[String], base: &Condition) -> rusqlite::Result<Vec<ByWords>> {
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
    let own = route(&ways, &vec![false; words.len()], base.clone());
    let mut all: Vec<ByWords> = own.into_iter().map(|route| ByWords { versions: None, route }).collect();
    for (holds, versions) in groups {
        let route = route(&ways, &holds, base.clone());
        all.extend(route.map(|route| ByWords { versions: Some(versions), route }));
    }
    Ok(all)
}

/// Makes the way to runs whose own texts hold the words that their prompt does not; none if no run's do.
fn route(ways: &[Way], held: &[bool], mut condition: Condition) -> Option<Route> {
    let mut expressions = Vec::new();
    for (way, _) in ways.iter().zip(held).filter(|(_, held)| !**held) {
        match way {
            Way::Nowhere => return None,
            Way::Index(expression) => expressions.push(format!("({expression})")),
            Way::Read(expression, text) => {
                expressions.extend(expression.iter().map(|expression| format!("({expression})")));
                let sql = "EXISTS (SELECT 1 FROM run_body WHERE run_body.seq = run.seq
                           AND found_in(run_body.input, run_body.text, ?))";
                condition.and(sql, [Value::Text(text.clone())]);
            }
        }
    }
    let matching = (!expressions.is_empty()).then(|| expressions.join(" AND "));
    Some(Route { matching, condition })
}

/// Walks a way in the order asked for, until enough runs are found.
fn walk(db: &Connection, query: &Query, route: &Route, wanted: usize) -> rusqlite::Result<Vec<(Key, i64)>> {
    let by = order_column(query.sort.by);
    let direction = if query.sort.ascending { "ASC" } else { "DESC" };
    let mut values: Vec<Value> = Vec::new();
    let (from, order) = match &route.matching {
        None => ("run WHERE 1", by),
        Some(expression) => {
            values.push(Value::Text(expression.clone()));
            let order = if query.sort.by == SortBy::Time { "run_text.rowid" } else { by };
            ("run_text CROSS JOIN run ON run.seq = run_text.rowid WHERE run_text MATCH ?", order)
        }
    };
    let then = if query.sort.by == SortBy::Time { String::new() } else { format!(", run.seq {direction}") };
    // What is not known comes last either way.
    let nulls = if query.sort.by == SortBy::Time { "" } else { " NULLS LAST" };
    let sql = format!(
        "SELECT run.seq, {by} FROM {from}{} ORDER BY {order} {direction}{nulls}{then} LIMIT ?",
        route.condition.sql
    );
    values.extend(route.condition.values.iter().cloned());
    values.push(Value::Integer(i64::try_from(wanted).unwrap_or(i64::MAX)));
    let values = values.iter().map(|value| value as &dyn ToSql);
    db.prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| {
            let (seq, value): (i64, Option<i64>) = (row.get(0)?, row.get(1)?);
            Ok((Key::of(value, seq, query.sort), seq))
        })?
        .collect()
}

/// Reads what a list shows of a run.
pub(crate) fn entry(db: &Connection, seq: i64) -> rusqlite::Result<HistoryEntry> {
    let sql = "SELECT id, started, session, prompt_name, prompt_hash, requested, target, model, served, end, status,
                   provenance, demo, attempts, error_class, tokens_input, tokens_cache_read, tokens_cache_write,
                   tokens_output, tokens_reasoning, cost, cost_state, took_us, first_token_us, provider, pinned,
                   substr(iif(json_extract(input, '$.text') <> '', json_extract(input, '$.text'), input), 1, 400), substr(text, 1, 200), sample,
                   (SELECT json_group_array(rule) FROM verdict WHERE verdict.seq = run.seq AND mark = 'fail'),
                   tokens_estimated, tokens_partial, waited_us, judge, judging
               FROM run LEFT JOIN run_body USING (seq) WHERE seq = ?1";
    let mut entry = db.prepare_cached(sql)?.query_row([seq], |row| read(row, seq))?;
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
        answer: row.get::<_, Option<String>>(27)?.unwrap_or_default(),
        sample: row.get::<_, u32>(28)?.saturating_add(1),
        failed: failed.and_then(|list| serde_json::from_str(&list).ok()).unwrap_or_default(),
        grade: None,
    })
}

/// Names of one kind, at most.
const MOST: usize = 500;

/// Lists the names on record.
pub(crate) fn vocabulary(db: &Connection) -> rusqlite::Result<Vocabulary> {
    let mut models = distinct(db, "run", "model", "1")?;
    models.extend(distinct(db, "run", "target", "1")?);
    models.sort();
    models.dedup();
    Ok(Vocabulary {
        models,
        providers: distinct(db, "run", "provider", "1")?,
        prompts: distinct(db, "run", "prompt_name", "1")?,
        sessions: distinct(db, "run", "session", "1")?,
        versions: distinct(db, "version_name", "name", "name <> ''")?,
        checks: distinct(db, "verdict", "rule", "mark = 'fail'")?,
        classes: distinct(db, "run", "error_class", "error_class IS NOT NULL")?,
    })
}

/// Lists the values of a column that has an index, from each to the next larger one.
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
