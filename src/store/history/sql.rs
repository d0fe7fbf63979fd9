//! What a filter asks, in SQL.
//!
//! Pages and counts where no index says that the runs asked for are few.
//!
//! A page of the newest of them is mostly found among the newest rows. Where it is not, as with filters that
//! seldom hold together, the blocks of facts are read, which take a small part of the time that rows do.
//!
//! Lists of all runs that something is asked of, not a page of them.
//!
//! What runs are ordered by, and the places they have in an order.

use std::{collections::BTreeMap, ops::RangeInclusive};

use rusqlite::{Connection, params_from_iter, types::Value};

use crate::{
    model::{
        RunStatus,
        query::{Bound, Query, Sort, SortBy, What},
    },
    store::{
        api::After,
        fact_blocks,
        fact_blocks::{Matched, Plan},
        history::{Condition, FEW, Route, by_words, few, sparse, walk},
        runs::{microseconds, nanoseconds},
    },
};

/// A condition on the row `run`.
#[derive(Debug, Clone)]
pub(crate) struct Clause {
    /// The condition, its values as `?`.
    pub(crate) sql: String,
    /// Its values.
    pub(crate) values: Vec<Value>,
    /// What finds the runs without reading all of them, as `seq FROM …` with the same values.
    pub(crate) index: Option<String>,
}

/// Writes what a filter asks in SQL.
pub(crate) fn clause(what: &What) -> Clause {
    let text = |text: &str| Value::Text(text.to_owned());
    let flag = |sql: &str, yes: bool| plain(if yes { sql.to_owned() } else { format!("NOT ({sql})") }, []);
    match what {
        What::Model(name) => lookup(
            "+run.model = ? OR +run.target = ?",
            "seq FROM run WHERE model = ? OR target = ?",
            [text(name), text(name)],
        ),
        What::Target(name) => column("target", text(name)),
        What::Provider(name) => column("provider", text(name)),
        What::Param { key, value } => param(key, value.as_deref()),
        What::Params(all) => plain("run.params = ?", [text(all)]),
        What::Prompt(name) => column("prompt_name", text(name)),
        What::Session(name) => column("session", text(name)),
        What::Version(name) => lookup(
            "+run.prompt_hash >= lower(?) AND +run.prompt_hash < lower(?) || 'g' OR +run.prompt_hash IN
                 (SELECT hash FROM version_name WHERE name = ?)",
            "seq FROM run WHERE prompt_hash >= lower(?) AND prompt_hash < lower(?) || 'g' OR prompt_hash IN
                 (SELECT hash FROM version_name WHERE name = ?)",
            [text(name), text(name), text(name)],
        ),
        What::Run(end) => run(end),
        What::Batch(end) => lookup(
            "run.seq IN (SELECT cell.run FROM cell JOIN batch ON batch.seq = cell.batch WHERE lower(hex(batch.id)) LIKE ?)",
            "cell.run AS seq FROM cell JOIN batch ON batch.seq = cell.batch WHERE lower(hex(batch.id)) LIKE ?",
            [tail(end)],
        ),
        What::End(end) if end == "done" => plain("run.end = 'done'", []),
        What::End(end) => lookup("+run.end = ?", "seq FROM run WHERE end = ? AND end <> 'done'", [text(end)]),
        What::Status(RunStatus::Passed) => plain("run.status = 'passed'", []),
        What::Status(status) => {
            lookup("+run.status = ?", "seq FROM run WHERE status = ? AND status <> 'passed'", [text(status.word())])
        }
        What::Failed(rule) => lookup(
            "EXISTS (SELECT 1 FROM verdict WHERE verdict.seq = run.seq AND rule = ? AND mark = 'fail')",
            "seq FROM verdict WHERE rule = ? AND mark = 'fail'",
            [text(rule)],
        ),
        What::Error(class) if class.is_empty() => {
            lookup("+run.error_class IS NOT NULL", "seq FROM run WHERE error_class IS NOT NULL", [])
        }
        What::Error(class) => lookup("+run.error_class = ?", "seq FROM run WHERE error_class = ?", [text(class)]),
        What::Cached(yes) => flag("run.provenance IS 'cached'", *yes),
        What::Demo(yes) => flag("run.demo", *yes),
        What::Judge(true) => lookup("+run.judge = 1", "seq FROM run WHERE judge = 1", []),
        What::Judge(false) => plain("run.judge = 0", []),
        What::FellBack(yes) => flag("run.requested <> run.target", *yes),
        What::Retried(yes) => flag("run.attempts > 1", *yes),
        What::Pinned(true) => lookup("+run.pinned = 1", "seq FROM run WHERE pinned = 1", []),
        What::Pinned(false) => plain("run.pinned = 0", []),
        What::Since(time) => {
            lookup("+run.started >= ?", "seq FROM run WHERE started >= ?", [Value::Integer(nanoseconds(*time))])
        }
        What::Until(time) => {
            lookup("+run.started < ?", "seq FROM run WHERE started < ?", [Value::Integer(nanoseconds(*time))])
        }
        What::Cost(Bound { sign, limit }) => {
            let amount = Value::Integer((limit * 1e12).round() as i64);
            let sign = sign.word();
            lookup(&format!("+run.cost {sign} ?"), &format!("seq FROM run WHERE cost {sign} ?"), [amount])
        }
        What::Took(Bound { sign, limit }) => {
            let length = Value::Integer(microseconds(*limit));
            let sign = sign.word();
            lookup(&format!("+run.took_us {sign} ?"), &format!("seq FROM run WHERE took_us {sign} ?"), [length])
        }
        What::Tokens(Bound { sign, limit }) => plain(
            format!("coalesce(run.tokens, 0) {} ?", sign.word()),
            [Value::Integer(i64::try_from(*limit).unwrap_or(i64::MAX))],
        ),
        What::Stars(Bound { sign, limit }) => {
            let stars = format!("{LAST} AND grade.stars {} ?", sign.word());
            lookup(
                &format!("EXISTS (SELECT 1 FROM grade WHERE grade.run = run.seq AND {stars})"),
                &format!("grade.run AS seq FROM grade WHERE {stars}"),
                [Value::Integer(i64::from(*limit))],
            )
        }
        What::Graded(true) => lookup(
            &format!("EXISTS (SELECT 1 FROM grade WHERE grade.run = run.seq AND {LAST} AND {SAID})"),
            &format!("grade.run AS seq FROM grade WHERE {LAST} AND {SAID}"),
            [],
        ),
        What::Graded(false) => {
            plain(format!("NOT EXISTS (SELECT 1 FROM grade WHERE grade.run = run.seq AND {LAST} AND {SAID})"), [])
        }
    }
}

/// Of several grades the last one counts.
const LAST: &str = "grade.seq = (SELECT max(seq) FROM grade AS later WHERE later.run = grade.run)";

/// A grade that says something.
const SAID: &str = "(grade.stars IS NOT NULL OR grade.thumb IS NOT NULL OR grade.comment <> '')";

fn plain(sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Clause {
    Clause { sql: sql.into(), values: values.into_iter().collect(), index: None }
}

fn lookup(sql: &str, index: &str, values: impl IntoIterator<Item = Value>) -> Clause {
    Clause { sql: sql.to_owned(), values: values.into_iter().collect(), index: Some(index.to_owned()) }
}

fn column(name: &str, value: Value) -> Clause {
    lookup(&format!("+run.{name} = ?"), &format!("seq FROM run WHERE {name} = ?"), [value])
}

/// A parameter by its name, among the usual ones or the further fields: its value equal as a number, or as
/// text or other JSON, alone or as all of a list; any where none is given.
fn param(key: &str, value: Option<&str>) -> Clause {
    let json = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let number = value.and_then(|value| value.parse().map(Value::Integer).or(value.parse().map(Value::Real)).ok());
    let number = number.unwrap_or(Value::Null);
    let (mut sql, mut values) = (Vec::new(), Vec::new());
    for place in ["$", "$.extra"] {
        let path = Value::Text(format!("{place}.{}", json(key)));
        let Some(value) = value else {
            sql.push("run.params -> ? IS NOT NULL");
            values.push(path);
            continue;
        };
        let word = json(value);
        let other: Option<serde_json::Value> = serde_json::from_str(value).ok();
        let other = other.map_or_else(|| word.clone(), |other| other.to_string());
        sql.push("run.params ->> ? = ? OR run.params -> ? IN (?, ?, ?)");
        values.extend([path.clone(), number.clone(), path]);
        values.extend([format!("[{word}]"), word, other].map(Value::Text));
    }
    plain(format!("CASE WHEN json_valid(run.params) THEN {} END", sql.join(" OR ")), values)
}

/// A run by the end of its id. Most are told apart by their last bytes, without a word of hex.
fn run(end: &str) -> Clause {
    let hex: Vec<u8> = end.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
    let last: Vec<u8> = hex.rchunks_exact(2).map(byte).rev().collect();
    if last.is_empty() {
        return plain("lower(hex(run.id)) LIKE ?", [tail(end)]);
    }
    let from = Value::Integer(-i64::try_from(last.len()).unwrap_or(i64::MAX));
    plain("substr(run.id, ?) = ? AND lower(hex(run.id)) LIKE ?", [from, Value::Blob(last), tail(end)])
}

/// The pattern of ids in hex that end so.
fn tail(end: &str) -> Value {
    let hex: String = end.chars().filter(char::is_ascii_hexdigit).collect();
    Value::Text(format!("%{hex}"))
}

/// Rows that are looked at before blocks are.
const ROWS: i64 = 4096;

/// A part of the record.
pub(crate) enum ScanStep {
    /// Runs with these numbers, a list in JSON.
    Among(String),
    /// Those whose numbers are within bounds.
    Within(RangeInclusive<i64>),
}

/// Tells whether a query is answered here: it filters, or it orders what words find, and what is left is not few.
pub(crate) fn is_better(db: &Connection, query: &Query, by: SortBy) -> rusqlite::Result<bool> {
    // No index has the order of these, and a block has their values at hand.
    let unindexed = matches!(by, SortBy::Verdict | SortBy::Grade);
    if query.filters.is_empty() && !unindexed && (query.words.is_empty() || by == SortBy::Time) {
        return Ok(false);
    }
    for filter in query.filters.iter().filter(|filter| !filter.not) {
        if few_of(db, &filter.what)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Finds the first runs.
pub(crate) fn page(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
    wanted: usize,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    if query.sort.by != SortBy::Time {
        return planned(db, query, Plan::of(db, query)?, after, wanted, i64::MIN..=i64::MAX);
    }
    let Some((near, rest)) = near(db, query, after)? else {
        return Ok(BTreeMap::new());
    };
    let mut found = sparse(db, query, after, wanted, Some(&ScanStep::Within(near)))?;
    if found.len() < wanted {
        found.extend(planned(db, query, Plan::of(db, query)?, after, wanted, rest)?);
    }
    Ok(found)
}

/// Finds the first runs by a plan, in the order of time those with numbers within bounds.
fn planned(
    db: &Connection,
    query: &Query,
    plan: Plan,
    after: Option<&After>,
    wanted: usize,
    within: RangeInclusive<i64>,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    let by_time = query.sort.by == SortBy::Time;
    let key = after.map(|after| Key::of(if by_time { Some(after.seq) } else { after.value }, after.seq, query.sort));
    let mut found = fact_blocks::page(db, plan, query.sort, key, within, wanted)?;
    found.extend(under_way(db, query, after, wanted)?);
    Ok(found)
}

/// Finds the first runs of those under way, which are in no block.
fn under_way(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
    wanted: usize,
) -> rusqlite::Result<BTreeMap<Key, i64>> {
    let sql = "SELECT json_group_array(seq), count(*) FROM run WHERE end = 'running'";
    let (list, count): (String, i64) = db.prepare_cached(sql)?.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count == 0 {
        return Ok(BTreeMap::new());
    }
    sparse(db, query, after, wanted, Some(&ScanStep::Among(list)))
}

/// Counts the runs.
pub(crate) fn count(db: &Connection, query: &Query) -> rusqlite::Result<u64> {
    let running = under_way(db, query, None, usize::MAX)?.len() as u64;
    Ok(fact_blocks::count(db, Plan::of(db, query)?)? + running)
}

/// Returns the numbers of the rows that come first, and of those after them; none without any.
fn near(
    db: &Connection,
    query: &Query,
    after: Option<&After>,
) -> rusqlite::Result<Option<(RangeInclusive<i64>, RangeInclusive<i64>)>> {
    let end = if query.sort.ascending { "min" } else { "max" };
    let first = db.prepare_cached(&format!("SELECT {end}(seq) FROM run"))?.query_row([], |row| row.get(0))?;
    let Some(from) = after.map(|after| after.seq).or(first) else {
        return Ok(None);
    };
    Ok(Some(if query.sort.ascending {
        let to = from.saturating_add(ROWS);
        (from..=to, to.saturating_add(1)..=i64::MAX)
    } else {
        let to = from.saturating_sub(ROWS);
        (to..=from, i64::MIN..=to.saturating_sub(1))
    }))
}

/// Tells whether so many runs are looked up one by one.
pub(crate) fn is_few(runs: usize) -> bool {
    i64::try_from(runs).is_ok_and(|runs| runs < FEW)
}

/// Lists the runs that a filter leaves, if an index tells that they are few.
pub(crate) fn few_of(db: &Connection, what: &What) -> rusqlite::Result<Option<Vec<i64>>> {
    let Clause { values, index, .. } = clause(what);
    let list = index.map(|from| few(db, &from, &values)).transpose()?.flatten();
    Ok(list.and_then(|list| serde_json::from_str(&list).ok()))
}

/// Lists the runs that a filter leaves, ascending.
pub(crate) fn every(db: &Connection, what: &What) -> rusqlite::Result<Vec<i64>> {
    let Clause { sql, values, index } = clause(what);
    let from = index.unwrap_or_else(|| format!("seq FROM run WHERE {sql}"));
    // Without an order it may be read off an index that holds all it takes.
    let mut statement = db.prepare_cached(&format!("SELECT {from}"))?;
    let list = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    let mut list: Vec<i64> = list.collect::<rusqlite::Result<_>>()?;
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// Tells whether a filter on the parameters of a run holds where they are these.
pub(crate) fn suits(db: &Connection, what: &What, params: &str) -> rusqlite::Result<bool> {
    let Clause { sql, mut values, .. } = clause(what);
    values.push(Value::Text(params.to_owned()));
    let sql = format!("SELECT coalesce(({sql}), 0) FROM (SELECT ? AS params) AS run");
    db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get(0))
}

/// Lists the runs that hold all words, by the ways they are found.
pub(crate) fn found(db: &Connection, words: &[String]) -> rusqlite::Result<Vec<Matched>> {
    let list = |route: &Route| -> rusqlite::Result<Option<Vec<i64>>> {
        let Route { matching, condition } = route;
        match matching {
            None if condition.sql.is_empty() => Ok(None),
            Some(expression) if condition.sql.is_empty() => {
                let sql = "SELECT rowid FROM run_text WHERE run_text MATCH ?1 ORDER BY rowid";
                db.prepare_cached(sql)?.query_map([expression], |row| row.get(0))?.collect::<Result<_, _>>().map(Some)
            }
            _ => {
                let mut all: Vec<i64> =
                    walk(db, &Query::default(), route, usize::MAX)?.into_iter().map(|(_, seq)| seq).collect();
                all.sort_unstable();
                Ok(Some(all))
            }
        }
    };
    let ways = by_words(db, words, &Condition::default())?;
    ways.into_iter().map(|way| Ok(Matched { list: list(&way.route)?, versions: way.versions })).collect()
}

/// The place of a run in the order asked for, the first the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key(pub(crate) bool, pub(crate) i64, i64);

impl Key {
    /// Makes the place of a run by what it is ordered by, and its number.
    pub(crate) fn of(value: Option<i64>, seq: i64, sort: Sort) -> Self {
        let sign = if sort.ascending { 1 } else { -1 };
        Self(value.is_none(), value.unwrap_or_default().saturating_mul(sign), seq.saturating_mul(sign))
    }
}

/// Returns what runs are ordered by, in SQL.
pub(crate) fn order_column(by: SortBy) -> &'static str {
    match by {
        SortBy::Time => "run.seq",
        SortBy::Cost => "run.cost",
        SortBy::Took => "run.took_us",
        SortBy::Tokens => "run.tokens",
        SortBy::Verdict => VERDICT,
        SortBy::Grade => GRADE,
    }
}

/// What [`status_rank`] says, in SQL.
const VERDICT: &str = "CASE run.status WHEN 'error' THEN 5 WHEN 'failed' THEN 4 WHEN 'inconclusive' THEN 3
    WHEN 'unchecked' THEN 2 WHEN 'passed' THEN 1 WHEN 'cancelled' THEN 0 END";

/// The stars of the last grade; what [`thumb_rank`] says where it has none.
const GRADE: &str = "(SELECT coalesce(stars, CASE thumb WHEN 'up' THEN 4 WHEN 'down' THEN 2 END) FROM grade
    WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1)";

/// Returns the place of a status among all, the greater the worse.
pub(crate) fn status_rank(status: RunStatus) -> i64 {
    RunStatus::ALL.iter().rev().position(|known| *known == status).and_then(|at| i64::try_from(at).ok()).unwrap_or(0)
}

/// Returns the stars that a thumb alone is taken for.
pub(crate) fn thumb_rank(up: bool) -> i64 {
    if up { 4 } else { 2 }
}

/// Leaves out what comes before a run in the order asked for, and the run itself.
pub(crate) fn beyond(condition: &mut Condition, query: &Query, after: &After) {
    let (less, seq) = (if query.sort.ascending { ">" } else { "<" }, Value::Integer(after.seq));
    let by = order_column(query.sort.by);
    match (query.sort.by, after.value) {
        (SortBy::Time, _) => condition.and(&format!("run.seq {less} ?"), [seq]),
        (_, None) => condition.and(&format!("({by} IS NULL AND run.seq {less} ?)"), [seq]),
        (_, Some(value)) => {
            let value = Value::Integer(value);
            let sql = format!("({by} {less} ? OR ({by} = ? AND run.seq {less} ?) OR {by} IS NULL)");
            condition.and(&sql, [value.clone(), value, seq]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        model::query::Sort,
        store::{
            database,
            fact_blocks::tests::{asked, made, put},
            schema,
        },
    };

    fn first(found: BTreeMap<Key, i64>, limit: usize) -> Vec<(Key, i64)> {
        found.into_iter().take(limit).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn blocks_have_the_pages_that_rows_have(
            runs in proptest::collection::vec(made(), 1..40),
            queries in proptest::collection::vec((asked(), 0..SortBy::ALL.len(), any::<bool>()), 16),
            limit in 1..6_usize,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let db = database::open(&dir.path().join("retort.db"), schema::RECORD, std::time::Duration::from_secs(1)).unwrap();
            let all = db.unchecked_transaction().unwrap();
            put(&db, &runs);
            all.commit().unwrap();
            for (mut query, by, ascending) in queries {
                query.sort = Sort { by: SortBy::ALL[by].0, ascending };
                let (mut after, mut whole) = (None, 0);
                loop {
                    let rows = first(sparse(&db, &query, after.as_ref(), limit, None).unwrap(), limit);
                    let plan = Plan::of(&db, &query).unwrap().in_blocks();
                    let blocks = planned(&db, &query, plan, after.as_ref(), limit, i64::MIN..=i64::MAX).unwrap();
                    prop_assert_eq!(&first(blocks, limit), &rows, "{:?} after {:?}", &query, after);
                    let near = page(&db, &query, after.as_ref(), limit).unwrap();
                    prop_assert_eq!(&first(near, limit), &rows, "{:?} after {:?}", &query, after);
                    whole += rows.len() as u64;
                    let Some((key, seq)) = rows.last() else { break };
                    let value = (!key.0 && by != 0).then(|| if ascending { key.1 } else { -key.1 });
                    after = Some(After { seq: *seq, value });
                }
                if by == 0 {
                    prop_assert_eq!(count(&db, &query).unwrap(), whole);
                }
            }
        }
    }
}
