//! What a filter asks, in SQL.

use rusqlite::types::Value;

use crate::{
    model::{
        RunStatus,
        query::{Bound, What},
    },
    store::runs::{microseconds, nanoseconds},
};

/// A condition on the row `run`.
#[derive(Debug, Clone)]
pub(super) struct Clause {
    /// The condition, its values as `?`.
    pub(super) sql: String,
    /// Its values.
    pub(super) values: Vec<Value>,
    /// What finds the runs without reading all of them, as `seq FROM …` with the same values.
    pub(super) index: Option<String>,
}

/// Writes what a filter asks in SQL.
pub(super) fn clause(what: &What) -> Clause {
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
