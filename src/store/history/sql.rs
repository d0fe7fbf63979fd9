//! What filters ask of the tables of facts, in SQL, with the index that answers it best; what runs are ordered by, and the
//! places they have in an order.

use rusqlite::{Connection, params_from_iter, types::Value};

use crate::{
    model::query::{CompareSign, Query, QueryBound, Sort, SortBy, What},
    store::{
        api::PageStart,
        columns::{microseconds, nanoseconds},
    },
};

/// A condition in SQL, its values as `?`; several of them joined by `AND`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) values: Vec<Value>,
}

impl Condition {
    pub(crate) fn of(sql: impl Into<String>, values: impl IntoIterator<Item = Value>) -> Self {
        Self { sql: sql.into(), values: values.into_iter().collect() }
    }

    /// Adds a condition that has to hold too, if it says anything.
    pub(crate) fn and(&mut self, other: Self) {
        if !self.sql.is_empty() && !other.sql.is_empty() {
            self.sql.push_str(" AND ");
        }
        self.sql.push_str(&other.sql);
        self.values.extend(other.values);
    }

    /// Turns it round: what is not known satisfies no condition, and so every one that is turned round.
    fn negated(self) -> Self {
        Self { sql: format!("NOT coalesce(({}), 0)", self.sql), ..self }
    }
}

/// The table whose rows tell whether a filter holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Table {
    /// What was run, on what: `run_config`.
    Config,
    /// How it came out: `run_outcome`.
    Outcome,
    /// The run itself, by a column of `run_fact`.
    Fact(Column),
}

/// A column of `run_fact` that filters ask for and lists are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Run,
    Started,
    Session,
    Cost,
    Took,
    Tokens,
}

impl Column {
    /// Returns the index of it.
    fn access(self) -> ScanPath {
        ScanPath::Index(match self {
            Self::Run => return ScanPath::Number,
            Self::Started => "run_fact_started",
            Self::Session => "run_fact_session",
            Self::Cost => "run_fact_cost",
            Self::Took => "run_fact_took",
            Self::Tokens => "run_fact_tokens",
        })
    }

    /// Tells whether its index holds what was run and how it came out as well.
    fn is_wide(self) -> bool {
        match self {
            Self::Cost | Self::Took | Self::Tokens => true,
            Self::Run | Self::Started | Self::Session => false,
        }
    }
}

/// Says which table a filter asks, and what.
fn clause(what: &What) -> (Table, Condition) {
    let text = |text: &str| Value::Text(text.to_owned());
    let config = |sql: &str, value: &str| (Table::Config, Condition::of(sql, [text(value)]));
    let flag = |name: &str, yes: bool| (Table::Outcome, Condition::of(format!("{name} = ?"), [yes.into()]));
    let fact = |column, sql: &str, values: Vec<Value>| (Table::Fact(column), Condition::of(sql, values));
    match what {
        What::Model(name) => (Table::Config, Condition::of("model = ? OR target = ?", [text(name), text(name)])),
        What::Target(name) => config("target = ?", name),
        What::Provider(name) => config("provider = ?", name),
        What::Param { key, value } => (Table::Config, param(key, value.as_deref())),
        What::Params(all) => config("params = ?", all),
        What::Prompt(name) => config("prompt_name = ?", name),
        What::Session(name) => fact(Column::Session, "run_fact.session = ?", vec![text(name)]),
        What::Version(name) => {
            let sql = "prompt_hash >= lower(?) AND prompt_hash < lower(?) || 'g'
                       OR prompt_hash IN (SELECT hash FROM version_name WHERE name = ?)";
            (Table::Config, Condition::of(sql, [text(name), text(name), text(name)]))
        }
        What::Run(end) => (Table::Fact(Column::Run), run(end)),
        What::Batch(end) => {
            let sql = "run_fact.run IN (SELECT cell.run FROM cell JOIN batch ON batch.seq = cell.batch
                       WHERE lower(hex(batch.id)) LIKE ?)";
            fact(Column::Run, sql, vec![tail(end)])
        }
        What::End(end) => (Table::Outcome, Condition::of("end = ?", [text(end)])),
        What::Status(status) => (Table::Outcome, Condition::of("status = ?", [text(status.word())])),
        What::Failed(rule) if rule.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-') => {
            let sql = "EXISTS (SELECT 1 FROM json_each(checks) WHERE value ->> 0 = ? AND value ->> 1 = 'failed')";
            (Table::Outcome, Condition::of(sql, [text(rule)]))
        }
        // Among the checks of an outcome blanks of a name are written otherwise.
        What::Failed(rule) => {
            let sql = "run_fact.run IN (SELECT seq FROM verdict WHERE rule = ? AND mark = 'fail')";
            fact(Column::Run, sql, vec![text(rule)])
        }
        What::Error(class) if class.is_empty() => (Table::Outcome, Condition::of("error_class IS NOT NULL", [])),
        What::Error(class) => (Table::Outcome, Condition::of("error_class = ?", [text(class)])),
        What::Cached(yes) => flag("cached", *yes),
        What::Demo(yes) => flag("demo", *yes),
        What::Judge(yes) => flag("judge", *yes),
        What::FellBack(yes) => flag("fell_back", *yes),
        What::Retried(yes) => flag("(attempts > 1)", *yes),
        What::Pinned(yes) => flag("pinned", *yes),
        What::Graded(yes) => flag("graded", *yes),
        What::Since(time) => fact(Column::Started, "run_fact.started >= ?", vec![Value::Integer(nanoseconds(*time))]),
        What::Until(time) => fact(Column::Started, "run_fact.started < ?", vec![Value::Integer(nanoseconds(*time))]),
        What::Cost(QueryBound { sign, limit }) => {
            let amount = Value::Integer((limit * 1e12).round() as i64);
            fact(Column::Cost, &format!("run_fact.cost {} ?", sign.word()), vec![amount])
        }
        What::Took(QueryBound { sign, limit }) => {
            let length = Value::Integer(microseconds(*limit));
            fact(Column::Took, &format!("run_fact.took_us {} ?", sign.word()), vec![length])
        }
        What::Tokens(QueryBound { sign, limit }) => {
            // What was not counted is taken for none.
            let none = match sign {
                CompareSign::Equal | CompareSign::AtLeast => *limit == 0,
                CompareSign::Less => *limit > 0,
                CompareSign::AtMost => true,
                CompareSign::Greater => false,
            };
            let column = if none { "coalesce(run_fact.tokens, 0)" } else { "run_fact.tokens" };
            let count = Value::Integer(i64::try_from(*limit).unwrap_or(i64::MAX));
            fact(Column::Tokens, &format!("{column} {} ?", sign.word()), vec![count])
        }
        What::Stars(QueryBound { sign, limit }) => {
            let stars = Value::Integer(i64::from(*limit));
            (Table::Outcome, Condition::of(format!("stars {} ?", sign.word()), [stars]))
        }
    }
}

/// A parameter by its name, among the usual ones or the further fields: its value equal as a number, or as
/// text or other JSON, alone or as all of a list; any where none is given.
fn param(key: &str, value: Option<&str>) -> Condition {
    let json = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let number = value.and_then(|value| value.parse().map(Value::Integer).or(value.parse().map(Value::Real)).ok());
    let number = number.unwrap_or(Value::Null);
    let (mut sql, mut values) = (Vec::new(), Vec::new());
    for place in ["$", "$.extra"] {
        let path = Value::Text(format!("{place}.{}", json(key)));
        let Some(value) = value else {
            sql.push("params -> ? IS NOT NULL");
            values.push(path);
            continue;
        };
        let word = json(value);
        let other: Option<serde_json::Value> = serde_json::from_str(value).ok();
        let other = other.map_or_else(|| word.clone(), |other| other.to_string());
        sql.push("params ->> ? = ? OR params -> ? IN (?, ?, ?)");
        values.extend([path.clone(), number.clone(), path]);
        values.extend([format!("[{word}]"), word, other].map(Value::Text));
    }
    Condition::of(format!("CASE WHEN json_valid(params) THEN {} END", sql.join(" OR ")), values)
}

/// A run by the end of its id. Most are told apart by their last bytes, without a word of hex.
fn run(end: &str) -> Condition {
    let hex: Vec<u8> = end.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or_default(), 16).unwrap_or_default();
    let last: Vec<u8> = hex.rchunks_exact(2).map(byte).rev().collect();
    if last.is_empty() {
        return Condition::of("run_fact.run IN (SELECT seq FROM run WHERE lower(hex(id)) LIKE ?)", [tail(end)]);
    }
    let from = Value::Integer(-i64::try_from(last.len()).unwrap_or(i64::MAX));
    let sql = "run_fact.run IN (SELECT seq FROM run WHERE substr(id, ?) = ? AND lower(hex(id)) LIKE ?)";
    Condition::of(sql, [from, Value::Blob(last), tail(end)])
}

/// The pattern of ids in hex that end so.
fn tail(end: &str) -> Value {
    let hex: String = end.chars().filter(char::is_ascii_hexdigit).collect();
    Value::Text(format!("%{hex}"))
}

/// How rows of `run_fact` are come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScanPath {
    /// By their numbers: all of them in order, or those looked up.
    Number,
    /// By an index, whose rows hold all that is asked for.
    Index(&'static str),
}

impl ScanPath {
    /// Returns the table with a hint: no statistics tell the planner what is rare.
    pub(crate) fn table(self) -> String {
        match self {
            Self::Number => "run_fact NOT INDEXED".to_owned(),
            Self::Index(name) => format!("run_fact INDEXED BY {name}"),
        }
    }

    pub(crate) fn ordered(self, by: SortBy) -> String {
        let table = self.table();
        match by {
            SortBy::Time | SortBy::Cost | SortBy::Took | SortBy::Tokens => table,
            SortBy::Verdict | SortBy::Grade if self == OUTCOME => {
                format!("run_outcome CROSS JOIN {table} ON run_fact.outcome = run_outcome.id")
            }
            SortBy::Verdict | SortBy::Grade => {
                format!("{table} CROSS JOIN run_outcome ON run_outcome.id = run_fact.outcome")
            }
        }
    }
}

/// The index of what was run.
const CONFIG: ScanPath = ScanPath::Index("run_fact_config");

/// The index of how it came out, and of what was run.
const OUTCOME: ScanPath = ScanPath::Index("run_fact_outcome");

/// Runs that are few enough to be looked up one by one.
const FEW: i64 = 2000;

/// Runs that started in a stretch of time, at most, for which their first and last number are looked up.
const SPAN: i64 = 100_000;

/// What filters ask, all of it, by the tables that tell.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    config: Condition,
    outcome: Condition,
    facts: Vec<(Column, Condition)>,
    /// Lists in JSON of the only runs that some of it can hold of.
    few: Vec<String>,
    /// The first and the last number of the runs it can hold of.
    span: Option<(i64, i64)>,
}

impl Selection {
    /// Puts the filters of a query together, and looks up what is rare.
    pub(crate) fn of(db: &Connection, query: &Query) -> rusqlite::Result<Self> {
        let mut all = Self::default();
        let mut started = Condition::default();
        for filter in &query.filters {
            let (table, condition) = clause(&filter.what);
            let condition = if filter.not {
                condition.negated()
            } else {
                Condition { sql: format!("({})", condition.sql), ..condition }
            };
            match table {
                Table::Config => all.config.and(condition),
                Table::Outcome => all.outcome.and(condition),
                Table::Fact(Column::Started) if !filter.not => {
                    started.and(condition.clone());
                    all.facts.push((Column::Started, condition));
                }
                Table::Fact(column) if filter.not => all.facts.push((column, condition)),
                Table::Fact(column) => match few(db, column.access(), &condition)? {
                    Some(list) => all.few.push(list),
                    None => all.facts.push((column, condition)),
                },
            }
        }
        if !started.sql.is_empty() {
            all.span = span(db, &started)?;
        }
        if !all.outcome.sql.is_empty() {
            all.few.extend(few(db, OUTCOME, &all.of_outcome(""))?);
        }
        all.look_up_configs(db)?;
        Ok(all)
    }

    /// Narrows it to runs of some prompt versions, a list in JSON. Unless the text index finds the runs, it is seen
    /// whether they are few.
    pub(crate) fn of_versions(&self, db: &Connection, versions: String, indexed: bool) -> rusqlite::Result<Self> {
        let mut all = self.clone();
        all.config.and(Condition::of("prompt_hash IN (SELECT value FROM json_each(?))", [Value::Text(versions)]));
        if !indexed {
            all.look_up_configs(db)?;
        }
        Ok(all)
    }

    fn look_up_configs(&mut self, db: &Connection) -> rusqlite::Result<()> {
        if !self.config.sql.is_empty() {
            self.few.extend(few(db, CONFIG, &self.of_config(""))?);
        }
        Ok(())
    }

    fn of_config(&self, sign: &str) -> Condition {
        let sql = format!("{sign}run_fact.config IN (SELECT id FROM run_config WHERE {})", self.config.sql);
        Condition::of(sql, self.config.values.iter().cloned())
    }

    fn of_outcome(&self, sign: &str) -> Condition {
        let sql = format!("{sign}run_fact.outcome IN (SELECT id FROM run_outcome WHERE {})", self.outcome.sql);
        Condition::of(sql, self.outcome.values.iter().cloned())
    }

    /// Writes it as one condition on rows of `run_fact` that are come by so.
    pub(crate) fn condition(&self, access: ScanPath) -> Condition {
        let mut all = Condition::default();
        for list in &self.few {
            let sql = "run_fact.run IN (SELECT value FROM json_each(?))";
            all.and(Condition::of(sql, [Value::Text(list.clone())]));
        }
        if let Some((first, last)) = self.span {
            all.and(Condition::of("run_fact.run BETWEEN ? AND ?", [first.into(), last.into()]));
        }
        // The sign keeps a column from being looked up in an index that is there for another.
        if !self.config.sql.is_empty() {
            all.and(self.of_config(if access == CONFIG { "" } else { "+" }));
        }
        if !self.outcome.sql.is_empty() {
            all.and(self.of_outcome(if access == OUTCOME { "" } else { "+" }));
        }
        for (_, condition) in &self.facts {
            all.and(condition.clone());
        }
        all
    }

    /// Returns the first and the last number that the runs can have, where that says something.
    pub(crate) fn span(&self) -> Option<(i64, i64)> {
        self.span
    }

    /// Returns how the runs are listed in an order.
    pub(crate) fn in_order(&self, by: SortBy) -> ScanPath {
        let listed = !self.few.is_empty() || self.span.is_some();
        match by {
            SortBy::Time => ScanPath::Number,
            SortBy::Verdict | SortBy::Grade if listed || !self.facts.is_empty() => ScanPath::Number,
            SortBy::Verdict | SortBy::Grade => OUTCOME,
            SortBy::Cost => self.by(Column::Cost, listed),
            SortBy::Took => self.by(Column::Took, listed),
            SortBy::Tokens => self.by(Column::Tokens, listed),
        }
    }

    /// Returns how they are counted.
    pub(crate) fn at_once(&self) -> ScanPath {
        let listed = !self.few.is_empty() || self.span.is_some();
        match (self.facts.first(), self.config.sql.is_empty(), self.outcome.sql.is_empty()) {
            (None, _, true) if !listed => CONFIG,
            (None, _, false) if !listed => OUTCOME,
            (Some((column, _)), true, true) => self.by(*column, listed),
            (Some((column, _)), ..) if column.is_wide() => self.by(*column, listed),
            (None | Some(_), ..) => ScanPath::Number,
        }
    }

    /// Returns the index of a column where it holds all that is asked.
    fn by(&self, column: Column, listed: bool) -> ScanPath {
        let covered = self.facts.iter().all(|(asked, _)| *asked == column);
        if covered && !listed { column.access() } else { ScanPath::Number }
    }
}

/// Lists in JSON the runs of which a condition holds, if they are few.
fn few(db: &Connection, access: ScanPath, condition: &Condition) -> rusqlite::Result<Option<String>> {
    let Condition { sql, values } = condition;
    let sql = format!(
        "SELECT json_group_array(run), count(*) FROM (SELECT run FROM {} WHERE {sql} LIMIT {FEW})",
        access.table()
    );
    let (list, count): (String, i64) =
        db.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok((count < FEW).then_some(list))
}

/// Finds the first and the last number of the runs that started when a condition says, unless they are many.
fn span(db: &Connection, started: &Condition) -> rusqlite::Result<Option<(i64, i64)>> {
    let Condition { sql, values } = started;
    let sql = format!(
        "SELECT coalesce(min(run), 1), coalesce(max(run), 0), count(*)
         FROM (SELECT run FROM {} WHERE {sql} LIMIT {SPAN})",
        Column::Started.access().table()
    );
    let (first, last, count): (i64, i64, i64) = db
        .prepare_cached(&sql)?
        .query_row(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok((count < SPAN).then_some((first, last)))
}

/// The place of a run in the order asked for, the first the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SortKey(pub(crate) bool, pub(crate) i64, i64);

impl SortKey {
    /// Makes the place of a run by what it is ordered by, and its number.
    pub(crate) fn of(value: Option<i64>, seq: i64, sort: Sort) -> Self {
        let sign = if sort.ascending { 1 } else { -1 };
        Self(value.is_none(), value.unwrap_or_default().saturating_mul(sign), seq.saturating_mul(sign))
    }
}

/// Returns what runs are ordered by, in SQL.
pub(crate) fn order_column(by: SortBy) -> &'static str {
    match by {
        SortBy::Time => "run_fact.run",
        SortBy::Cost => "run_fact.cost",
        SortBy::Took => "run_fact.took_us",
        SortBy::Tokens => "run_fact.tokens",
        SortBy::Verdict => VERDICT,
        SortBy::Grade => GRADE,
    }
}

/// What [`status_rank`](crate::store::api::results::status_rank) says, in SQL.
const VERDICT: &str = "CASE run_outcome.status WHEN 'error' THEN 5 WHEN 'failed' THEN 4 WHEN 'inconclusive' THEN 3
    WHEN 'unchecked' THEN 2 WHEN 'passed' THEN 1 WHEN 'cancelled' THEN 0 END";

/// The stars of the last grade; what [`thumb_rank`](crate::store::api::results::thumb_rank) says where it has none.
const GRADE: &str = "coalesce(run_outcome.stars, CASE run_outcome.thumb WHEN 'up' THEN 4 WHEN 'down' THEN 2 END)";

/// Leaves out what comes before a run in the order asked for, and the run itself.
pub(crate) fn beyond(query: &Query, after: &PageStart) -> Condition {
    let (less, seq) = (if query.sort.ascending { ">" } else { "<" }, Value::Integer(after.seq));
    let by = order_column(query.sort.by);
    match (query.sort.by, after.value) {
        (SortBy::Time, _) => Condition::of(format!("run_fact.run {less} ?"), [seq]),
        (_, None) => Condition::of(format!("({by} IS NULL AND run_fact.run {less} ?)"), [seq]),
        (_, Some(value)) => {
            let value = Value::Integer(value);
            let sql = format!("({by} {less} ? OR ({by} = ? AND run_fact.run {less} ?) OR {by} IS NULL)");
            Condition::of(sql, [value.clone(), value, seq])
        }
    }
}
