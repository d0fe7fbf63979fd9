//! What is filtered, ordered and counted of a run, in narrow tables beside its row, which takes many times as long to
//! read. `run_fact` has a row for each run on record; what many runs share stands once, in `run_config` (what was run, on
//! what) and `run_outcome` (how it came out). Whoever writes to a run or its grades calls [`note`] in the same
//! transaction; a run that is removed takes its row along.

use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hasher},
    sync::LazyLock,
    time::Duration,
};

use rusqlite::{
    Connection, OptionalExtension, Row, Transaction, params, params_from_iter,
    types::{Value, ValueRef},
};

use serde::Deserialize;

use crate::{
    model::{
        CacheSaving, Cost, ErrorKind, Grade, ModalityTokens, PicoDollars, Quality, RunStatus, Spent, Status, Thumb,
        Usage, Verdict,
        outcome::Judging,
        query::Query,
        run_facts::{EndingWord, Name, Names, RunFacts, TargetSpent},
    },
    store::{
        columns::{json, parsed, whole},
        history, search,
    },
};

/// What is read of runs and their grades.
const RUNS: &str = "SELECT seq, started, session, prompt_name, prompt_hash, params, target, model, provider, end,
        error_class,
        CASE WHEN attempts > 1 OR end <> 'done' THEN (
            SELECT group_concat(DISTINCT class) FROM attempt WHERE attempt.seq = run.seq) END,
        status, marks, took_us, first_token_us, tokens_input, tokens_cache_read, tokens_cache_write, tokens_output,
        tokens_reasoning, tokens_estimated, tokens_partial, cost, cost_state, attempts, requested <> target,
        provenance IS 'cached', demo, pinned = 1, score, input_hash,
        (SELECT json_array(stars, thumb, comment) FROM grade WHERE grade.run = run.seq ORDER BY grade.seq DESC LIMIT 1),
        waited_us, judge, judging,
        CASE WHEN attempts > 1 OR end <> 'done' THEN (
            SELECT json_group_array(json_array(provider, model, json_array(tokens_input, tokens_cache_read,
                tokens_cache_write, tokens_output, tokens_reasoning), tokens_estimated, tokens_partial, cost,
                cost_state))
            FROM attempt WHERE attempt.seq = run.seq) END,
        tokens
    FROM run";

/// One call of a run as [`RUNS`] reads it: its provider and model, the five classes of tokens, whether they are
/// estimated and partial, the cost and how sure it is.
type Call = (String, String, [Option<i64>; 5], i64, i64, Option<i64>, Option<String>);

/// Columns of `run_config` but its id.
const CONFIG: [&str; 6] = ["prompt_hash", "target", "params", "prompt_name", "model", "provider"];

/// Columns of `run_outcome` but its id.
const OUTCOME: [&str; 17] = [
    "status",
    "checks",
    "end",
    "error_class",
    "faults",
    "attempts",
    "fell_back",
    "cached",
    "demo",
    "judge",
    "pinned",
    "tokens_estimated",
    "tokens_partial",
    "cost_state",
    "stars",
    "thumb",
    "graded",
];

/// A check as it stands in the column `checks`: its rule, and how it came out.
type Check = (String, Status);

/// What one of the targets of a run took, as it stands in the column `by_target`: its provider, its model, and that.
type TargetEntry = (Option<String>, String, Spent);

/// The indexes of `run_fact`, made once it is filled. Those that end with `config` and `outcome` hold all that most
/// filters ask of a run.
const INDEXES: &str = "
    CREATE INDEX run_fact_config ON run_fact (config);
    CREATE INDEX run_fact_outcome ON run_fact (outcome, config);
    CREATE INDEX run_fact_started ON run_fact (started);
    CREATE INDEX run_fact_session ON run_fact (session);
    CREATE INDEX run_fact_cost ON run_fact (cost, config, outcome);
    CREATE INDEX run_fact_took ON run_fact (took_us, config, outcome);
    CREATE INDEX run_fact_tokens ON run_fact (tokens, config, outcome);
";

/// Writes the facts of a run as its row and its grades have them now.
pub(crate) fn note(db: &Connection, seq: i64) -> rusqlite::Result<()> {
    db.prepare_cached("DELETE FROM run_fact WHERE run = ?1")?.execute([seq])?;
    add(db, seq, &mut LastFact::default())
}

/// The rows that the last run shares with others. They hold within a transaction: a process that removes runs removes
/// those that no run shares any more.
#[derive(Debug, Default)]
pub(crate) struct LastFact {
    config: Option<([Value; CONFIG.len()], i64)>,
    outcome: Option<([Value; OUTCOME.len()], i64)>,
}

/// Returns the row with these values: that of the last run if it has the same, or else the one that `find` finds.
fn same_or<const N: usize>(
    last: &mut Option<([Value; N], i64)>,
    values: &[Value; N],
    find: impl FnOnce() -> rusqlite::Result<i64>,
) -> rusqlite::Result<i64> {
    if let Some((_, id)) = last.as_ref().filter(|(of, _)| of == values) {
        return Ok(*id);
    }
    let id = find()?;
    *last = Some((values.clone(), id));
    Ok(id)
}

/// Writes the facts of a run that has none.
pub(crate) fn add(db: &Connection, seq: i64, last: &mut LastFact) -> rusqlite::Result<()> {
    static ONE: LazyLock<String> = LazyLock::new(|| format!("{RUNS} WHERE seq = ?1"));
    static RARE_ONE: LazyLock<String> = LazyLock::new(|| format!("{RARE} AND seq = ?1)"));
    let fact = db.prepare_cached(&ONE)?.query_row([seq], fact)?;
    let config = same_or(&mut last.config, &fact.config, || CONFIGS.find(db, &fact.config))?;
    let outcome = same_or(&mut last.outcome, &fact.outcome, || OUTCOMES.find(db, &fact.outcome))?;
    insert(db, &fact, config, outcome)?;
    db.prepare_cached(&RARE_ONE)?.execute([seq]).map(drop)
}

/// Writes what a run took of pictures and recordings; none where nobody counted any.
pub(crate) fn modalities(usage: &Usage) -> rusqlite::Result<Option<String>> {
    let of = ModalityTokens::of(usage);
    (!of.is_none()).then(|| json(&of)).transpose()
}

/// Copies what few runs have, and what the statements of earlier steps of the schema cannot name, from the row of a run.
const RARE: &str = "UPDATE run_fact SET (modalities, cache_saving) =
        (SELECT modalities, cache_saving FROM run WHERE run.seq = run_fact.run)
    WHERE run IN (SELECT seq FROM run WHERE (modalities IS NOT NULL OR cache_saving IS NOT NULL)";

/// What [`RARE`] is written of, as it stands in an outcome on record.
#[derive(Deserialize)]
struct RareOutcome {
    #[serde(default)]
    usage: Usage,
    #[serde(default)]
    cache_saving: Option<CacheSaving>,
}

/// Writes what old runs have of it on record in their outcomes, and puts into the index of texts what they called.
pub(crate) fn of_old_outcomes(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let sql = "SELECT seq, outcome FROM run_body
               WHERE instr(outcome, '\"audio') OR instr(outcome, '\"image\"') OR instr(outcome, '\"cache_saving\"')";
    let mut note = db.prepare("UPDATE run SET modalities = ?2, cache_saving = ?3 WHERE seq = ?1")?;
    let mut outcomes = db.prepare(sql)?;
    let mut rows = outcomes.query([])?;
    while let Some(row) = rows.next()? {
        let Ok(Some(text)) = row.get_ref(1)?.as_str_or_null() else { continue };
        // One that cannot be read stays where it is, and counts nothing.
        let Ok(outcome) = serde_json::from_str::<RareOutcome>(text) else { continue };
        let saved = outcome.cache_saving.map(|saved| saved.0);
        note.execute(params![row.get::<_, i64>(0)?, modalities(&outcome.usage)?, saved])?;
    }
    db.execute_batch(&format!("{RARE})"))?;
    search::of_old_calls(db)
}

/// Writes the facts of all runs of a database that had none.
pub(crate) fn of_old_runs(db: &Transaction<'_>) -> rusqlite::Result<()> {
    let (mut configs, mut outcomes) = (HashMap::new(), HashMap::new());
    let mut runs = db.prepare(&format!("{RUNS} ORDER BY seq"))?;
    let mut rows = runs.query([])?;
    while let Some(row) = rows.next()? {
        let fact = fact(row)?;
        let config = known(&mut configs, &fact.config, || CONFIGS.find(db, &fact.config))?;
        let outcome = known(&mut outcomes, &fact.outcome, || OUTCOMES.find(db, &fact.outcome))?;
        insert(db, &fact, config, outcome)?;
    }
    db.execute_batch(INDEXES)
}

/// Rows that are remembered while old runs are read, at most.
const MOST_KNOWN: usize = 100_000;

fn known(
    ids: &mut HashMap<String, i64>,
    values: &[Value],
    find: impl FnOnce() -> rusqlite::Result<i64>,
) -> rusqlite::Result<i64> {
    let key = format!("{values:?}");
    if let Some(id) = ids.get(&key) {
        return Ok(*id);
    }
    if ids.len() >= MOST_KNOWN {
        ids.clear();
    }
    let id = find()?;
    ids.insert(key, id);
    Ok(id)
}

/// Gives the facts of a prompt's runs its new name, but for some runs, whose numbers are a list in JSON.
pub(crate) fn rename_prompt(db: &Connection, from: &str, to: &str, kept: &str) -> rusqlite::Result<()> {
    let columns = CONFIG.join(", ");
    let mut found = db.prepare(&format!("SELECT id, {columns} FROM run_config WHERE prompt_name = ?1"))?;
    let configs: Vec<(i64, Vec<Value>)> = found
        .query_map([from], |row| {
            let values = (1..=CONFIG.len()).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?;
            Ok((row.get(0)?, values))
        })?
        .collect::<rusqlite::Result<_>>()?;
    for (old, mut values) in configs {
        for (column, value) in CONFIG.iter().zip(&mut values) {
            if *column == "prompt_name" {
                *value = Value::Text(to.to_owned());
            }
        }
        let new = CONFIGS.find(db, &values)?;
        let sql = "UPDATE run_fact SET config = ?2 WHERE config = ?1
                   AND run NOT IN (SELECT value FROM json_each(?3))";
        db.prepare_cached(sql)?.execute(params![old, new, kept])?;
    }
    tidy(db)
}

/// Removes what no run shares any more.
pub(crate) fn tidy(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "DELETE FROM run_config WHERE NOT EXISTS (SELECT 1 FROM run_fact WHERE config = run_config.id);
         DELETE FROM run_outcome WHERE NOT EXISTS (SELECT 1 FROM run_fact WHERE outcome = run_outcome.id);",
    )
}

/// A table of what many runs share.
struct SharedTable {
    find: String,
    insert: String,
}

static CONFIGS: LazyLock<SharedTable> = LazyLock::new(|| SharedTable::new("run_config", &CONFIG));

static OUTCOMES: LazyLock<SharedTable> = LazyLock::new(|| SharedTable::new("run_outcome", &OUTCOME));

impl SharedTable {
    fn new(table: &str, columns: &[&str]) -> Self {
        let same: Vec<String> = columns.iter().map(|column| format!("{column} IS ?")).collect();
        let places = vec!["?"; columns.len()].join(", ");
        Self {
            find: format!("SELECT id FROM {table} WHERE {}", same.join(" AND ")),
            insert: format!("INSERT INTO {table} ({}) VALUES ({places}) RETURNING id", columns.join(", ")),
        }
    }

    /// Finds the row with these values, or makes it.
    fn find(&self, db: &Connection, values: &[Value]) -> rusqlite::Result<i64> {
        let found = db.prepare_cached(&self.find)?.query_row(params_from_iter(values), |row| row.get(0)).optional()?;
        match found {
            Some(id) => Ok(id),
            None => db.prepare_cached(&self.insert)?.query_row(params_from_iter(values), |row| row.get(0)),
        }
    }
}

fn insert(db: &Connection, fact: &Fact, config: i64, outcome: i64) -> rusqlite::Result<()> {
    let sql = "INSERT INTO run_fact (run, started, session, config, outcome, cost, took_us, tokens,
                   tokens_input, tokens_output, first_token_us, waited_us, input_hash, score, scores, judging, by_target)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    db.prepare_cached(sql)?
        .execute(params![
            fact.seq,
            fact.started,
            fact.session,
            config,
            outcome,
            fact.cost,
            fact.took,
            fact.tokens,
            fact.tokens_in,
            fact.tokens_out,
            fact.first_token,
            fact.waited,
            fact.input,
            fact.score,
            fact.scores,
            fact.judging,
            fact.by_target,
        ])
        .map(drop)
}

/// The row of a run in `run_fact`, and the rows it shares with others.
struct Fact {
    seq: i64,
    started: i64,
    session: Option<String>,
    config: [Value; CONFIG.len()],
    outcome: [Value; OUTCOME.len()],
    cost: Option<i64>,
    took: Option<i64>,
    tokens: Option<i64>,
    tokens_in: Option<i64>,
    tokens_out: Option<i64>,
    first_token: Option<i64>,
    waited: Option<i64>,
    input: Option<i64>,
    score: Option<f64>,
    scores: Option<Vec<u8>>,
    judging: Option<String>,
    by_target: Option<String>,
}

/// Reads a row of [`RUNS`].
fn fact(row: &Row<'_>) -> rusqlite::Result<Fact> {
    let text = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
    let word = |text: Option<&str>| text.map_or(Value::Null, |text| Value::Text(text.to_owned()));
    let class = text(10)?;
    let mut errors: Vec<&str> = text(11)?.into_iter().flat_map(|all| all.split(',')).collect();
    errors.extend(class.filter(|class| !errors.contains(class)));
    let grade: Option<(Option<u8>, Option<Thumb>, String)> =
        text(32)?.and_then(|grade| serde_json::from_str(grade).ok());
    let grade = grade.map(|(stars, thumb, comment)| Grade { stars, thumb, comment }).unwrap_or_default();
    let thumb = grade.thumb.map(|thumb| if thumb == Thumb::Up { "up" } else { "down" });
    let counts = [row.get(16)?, row.get(17)?, row.get(18)?, row.get(19)?, row.get(20)?];
    let counted = spent(counts, row.get(21)?, row.get(22)?, row.get(23)?, text(24)?.unwrap_or_default());
    // What ended with an answer that nobody counted, or without an end, took something all the same.
    let partial = counted.usage.partial || (counted.usage.total().is_none() && counted.cost != Cost::NOTHING);
    let (marks, values): (Vec<Check>, Vec<Option<f64>>) = text(13)?
        .unwrap_or_default()
        .split(' ')
        .filter_map(one)
        .map(|(rule, status, score)| ((rule.to_owned(), status), score))
        .unzip();
    let judging = text(35)?.filter(|judging| serde_json::from_str::<Judging>(judging).is_ok());
    let calls: Option<Vec<Call>> = text(36)?.and_then(|calls| serde_json::from_str(calls).ok());
    let (target, model, provider) = (text(6)?, text(7)?, text(8)?);
    let by_target = by_target(&calls.unwrap_or_default(), provider, model);
    let flag = |column: usize| row.get::<_, bool>(column).map(Value::from);
    Ok(Fact {
        seq: row.get(0)?,
        started: row.get(1)?,
        session: text(2)?.map(str::to_owned),
        config: [word(text(4)?), word(target), word(text(5)?), word(text(3)?), word(model), word(provider)],
        outcome: [
            word(text(12)?),
            Value::Text(json(&marks)?),
            word(text(9)?),
            word(class),
            Value::Text(json(&errors)?),
            row.get(25)?,
            flag(26)?,
            flag(27)?,
            flag(28)?,
            flag(34)?,
            flag(29)?,
            counted.usage.estimated.into(),
            partial.into(),
            word(Some(counted.cost.sureness())),
            grade.stars.map_or(Value::Null, |stars| i64::from(stars).into()),
            word(thumb),
            (!grade.is_empty()).into(),
        ],
        cost: row.get(23)?,
        took: row.get(14)?,
        tokens: row.get(37)?,
        tokens_in: whole(counted.usage.total_input()),
        tokens_out: whole(counted.usage.total_output()),
        first_token: row.get(15)?,
        waited: row.get(33)?,
        input: row.get(31)?,
        score: row.get(30)?,
        scores: values.iter().any(Option::is_some).then(|| bytes(&values)),
        judging: judging.map(str::to_owned),
        by_target: (!by_target.is_empty()).then(|| json(&by_target)).transpose()?,
    })
}

/// Writes what verdicts measured, eight bytes each.
fn bytes(values: &[Option<f64>]) -> Vec<u8> {
    values.iter().flat_map(|value| value.map_or(NO_VALUE, f64::to_bits).to_le_bytes()).collect()
}

/// Stands for a verdict that measured nothing: a pattern that no arithmetic makes.
const NO_VALUE: u64 = u64::MAX;

/// Puts what was taken together as it is on record. A count that cannot be is none, and its price means nothing.
fn spent(counts: [Option<i64>; 5], estimated: bool, partial: bool, cost: Option<i64>, sureness: &str) -> Spent {
    let [input, cache_read, cache_write, output, reasoning] = counts.map(|count| count.map(i64::unsigned_abs));
    let written = Usage { input, cache_read, cache_write, output, reasoning, estimated, partial, ..Usage::default() };
    let usage = written.possible();
    let amount = cost.map(|cost| PicoDollars(cost.unsigned_abs()));
    let cost = if usage == written { Cost::of(amount, sureness) } else { Cost::Unknown };
    Spent { usage, cost }
}

/// Sums calls up by provider and model; nothing if they are all those of one, or some are of an earlier build that
/// did not keep it.
fn by_target(calls: &[Call], provider: Option<&str>, model: Option<&str>) -> Vec<TargetEntry> {
    let own = |call: &Call| (Some(call.0.as_str()), Some(call.1.as_str())) == (provider, model);
    if calls.iter().all(own) || calls.iter().any(|call| call.6.is_none()) {
        return Vec::new();
    }
    let mut sums: Vec<TargetEntry> = Vec::new();
    for (provider, model, counts, estimated, partial, cost, sureness) in calls {
        let took = spent(*counts, *estimated != 0, *partial != 0, *cost, sureness.as_deref().unwrap_or_default());
        match sums.iter_mut().find(|(known, other, _)| known.as_ref() == Some(provider) && other == model) {
            Some((.., sum)) => *sum = sum.plus(took),
            None => sums.push((Some(provider.clone()), model.clone(), took)),
        }
    }
    for (.., Spent { usage, .. }) in &mut sums {
        *usage = in_and_out(usage.total_input(), usage.total_output(), usage.estimated, usage.partial);
    }
    sums
}

/// A usage of which the sums in and out alone are known.
fn in_and_out(input: Option<u64>, output: Option<u64>, estimated: bool, partial: bool) -> Usage {
    Usage { input, output, estimated, partial, ..Usage::default() }
}

/// Writes the verdicts of a run on one line: `format+ confidence-0.42 latency?`.
pub(crate) fn marks(quality: &Quality) -> String {
    let mark = |mark| match mark {
        Status::Passed => '+',
        Status::Failed => '-',
        Status::Inconclusive => '?',
    };
    let one = |verdict: &Verdict| {
        let score = verdict.score.map_or_else(String::new, |score| score.to_string());
        format!("{}{}{score}", verdict.rule.to_string().replace(' ', "_"), mark(verdict.status))
    };
    quality.verdicts.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads one verdict as [`marks`] writes it.
fn one(part: &str) -> Option<(&str, Status, Option<f64>)> {
    // A rule has no sign at its end but the mark; names such as `not-contains` have one inside.
    let at = part.rfind(['+', '?']).or_else(|| minus(part))?;
    let (rule, rest) = part.split_at_checked(at)?;
    let (mark, score) = rest.split_at_checked(1)?;
    let mark = match mark {
        "+" => Status::Passed,
        "-" => Status::Failed,
        _ => Status::Inconclusive,
    };
    Some((rule, mark, score.parse().ok()))
}

/// Finds the minus that marks a failure: the last one that nothing but a number, or nothing, comes after.
fn minus(part: &str) -> Option<usize> {
    part.match_indices('-').map(|(at, _)| at).find(|at| {
        let rest = part.get(at + 1..).unwrap_or_default();
        rest.is_empty() || rest.parse::<f64>().is_ok()
    })
}

/// What [`each`] reads of a run.
const FACTS: &str =
    "run, started, config, outcome, cost, took_us, tokens_input, tokens_output, first_token_us, waited_us,
    input_hash, score, scores, judging, by_target, modalities, cache_saving";

/// Hands over the facts of each run a query asks for with its number on record, in the order of these; those under way
/// are left out.
pub(crate) fn each(
    db: &Connection,
    query: &Query,
    names: &mut Names,
    mut take: impl FnMut(i64, &RunFacts),
) -> rusqlite::Result<()> {
    let (sql, values) = history::every(db, query, FACTS)?;
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut reader = Reader { db, names, configs: ById::default(), outcomes: ById::default(), lookups: 0 };
    let mut facts = RunFacts::default();
    while let Some(row) = rows.next()? {
        if reader.read(row, &mut facts)? {
            take(row.get(0)?, &facts);
        }
    }
    Ok(())
}

/// Reads rows of [`FACTS`]; what many of them share it reads once.
struct Reader<'a> {
    db: &'a Connection,
    names: &'a mut Names,
    configs: ById<Config>,
    outcomes: ById<Option<Outcome>>,
    /// How many configs were looked up one by one.
    lookups: usize,
}

/// Rows by their ids.
type ById<T> = HashMap<i64, T, BuildHasherDefault<IdHasher>>;

/// Hashes a number that no stranger chose: two of them are looked up for every run.
#[derive(Debug, Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_i64(&mut self, id: i64) {
        self.0 = id.cast_unsigned();
    }

    fn finish(&self) -> u64 {
        self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }
}

/// Configs that are looked up one by one before all of them are read.
const MOST_LOOKUPS: usize = 64;

/// A row of `run_config`.
#[derive(Clone, Copy)]
struct Config {
    prompt: Option<Name>,
    version: Option<Name>,
    params: Option<Name>,
    target: Option<Name>,
    model: Option<Name>,
    provider: Option<Name>,
}

impl Config {
    fn read(row: &Row<'_>, names: &mut Names) -> rusqlite::Result<Self> {
        let mut name = |column: usize| -> rusqlite::Result<Option<Name>> {
            Ok(row.get_ref(column)?.as_str_or_null()?.map(|text| names.of(text)))
        };
        Ok(Self {
            prompt: name(1)?,
            version: name(2)?,
            params: name(3)?,
            target: name(4)?,
            model: name(5)?,
            provider: name(6)?,
        })
    }
}

/// A row of `run_outcome`.
struct Outcome {
    /// What it says of a run; the rest is as of none.
    facts: RunFacts,
    /// The checks, each with how it came out.
    checks: Vec<(Name, Status)>,
    estimated: bool,
    partial: bool,
    cost_state: String,
}

impl Reader<'_> {
    /// Writes the facts of a run over others. False if it has not ended.
    fn read(&mut self, row: &Row<'_>, facts: &mut RunFacts) -> rusqlite::Result<bool> {
        let number = |column: usize| match row.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Some(number),
            _ => None,
        };
        let length = |column: usize| number(column).map(|us| Duration::from_micros(us.unsigned_abs()));
        let config = self.config(row.get(2)?)?;
        let outcome = match self.outcomes.entry(row.get(3)?) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let outcome = Outcome::find(self.db, *new.key(), self.names)?;
                new.insert(outcome)
            }
        };
        let Some(outcome) = outcome else {
            return Ok(false);
        };
        let shared = &outcome.facts;
        facts.started = number(1).unwrap_or_default().div_euclid(1_000_000_000);
        facts.prompt = config.prompt;
        facts.version = config.version;
        facts.params = config.params;
        facts.target = config.target;
        facts.model = config.model;
        facts.provider = config.provider;
        facts.end = shared.end;
        facts.class = shared.class;
        facts.errors.clone_from(&shared.errors);
        facts.status = shared.status;
        facts.compared = shared.compared;
        facts.score = row.get(11)?;
        facts.marks.clear();
        let mut scores = row.get_ref(12)?.as_blob_or_null()?.unwrap_or_default().as_chunks::<8>().0.iter();
        facts.marks.extend(outcome.checks.iter().map(|(rule, status)| {
            let bits = scores.next().map_or(NO_VALUE, |bytes| u64::from_le_bytes(*bytes));
            (*rule, *status, (bits != NO_VALUE).then(|| f64::from_bits(bits)))
        }));
        facts.took = length(5);
        facts.waited = length(9).unwrap_or_default();
        facts.first_token = length(8);
        facts.cached = shared.cached;
        facts.spent = if shared.cached {
            Spent::default()
        } else {
            let count = |column: usize| number(column).map(i64::unsigned_abs);
            let own = row.get_ref(15)?.as_str_or_null()?.and_then(|own| serde_json::from_str(own).ok());
            let own: ModalityTokens = own.unwrap_or_default();
            let amount = number(4).map(|cost| PicoDollars(cost.unsigned_abs()));
            Spent {
                usage: own.within(in_and_out(count(6), count(7), outcome.estimated, outcome.partial)),
                cost: Cost::of(amount, &outcome.cost_state),
            }
        };
        facts.cache_saving = number(16).filter(|_| !shared.cached).map(CacheSaving);
        facts.judging = row.get_ref(13)?.as_str_or_null()?.and_then(|judging| serde_json::from_str(judging).ok());
        facts.by_target.clear();
        if let Some(list) = row.get_ref(14)?.as_str_or_null()? {
            let list: Vec<TargetEntry> = serde_json::from_str(list).unwrap_or_default();
            facts.by_target.extend(list.iter().map(|(provider, model, spent)| TargetSpent {
                provider: provider.as_deref().map(|name| self.names.of(name)),
                model: Some(self.names.of(model)),
                spent: *spent,
            }));
        }
        facts.judge = shared.judge;
        facts.attempts = shared.attempts;
        facts.fell_back = shared.fell_back;
        facts.demo = shared.demo;
        facts.stars = shared.stars;
        facts.right = shared.right;
        facts.input = number(10);
        Ok(true)
    }

    fn config(&mut self, id: i64) -> rusqlite::Result<Config> {
        if let Some(config) = self.configs.get(&id) {
            return Ok(*config);
        }
        self.lookups += 1;
        let wanted = if self.lookups > MOST_LOOKUPS { "1" } else { "id = ?1" };
        let sql = format!(
            "SELECT id, prompt_name, prompt_hash, params, target, model, provider FROM run_config WHERE {wanted}"
        );
        let mut statement = self.db.prepare_cached(&sql)?;
        let mut rows = if self.lookups > MOST_LOOKUPS { statement.query([])? } else { statement.query([id])? };
        while let Some(row) = rows.next()? {
            let config = Config::read(row, self.names)?;
            self.configs.insert(row.get(0)?, config);
        }
        self.configs.get(&id).copied().ok_or(rusqlite::Error::QueryReturnedNoRows)
    }
}

impl Outcome {
    /// Reads an outcome; none of runs that have not ended.
    fn find(db: &Connection, id: i64, names: &mut Names) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT end, status, error_class, faults, checks, attempts, fell_back, cached, demo, judge,
                       tokens_estimated, tokens_partial, cost_state, stars, thumb FROM run_outcome WHERE id = ?1";
        db.prepare_cached(sql)?.query_row([id], |row| {
            let text = |column: usize| row.get_ref(column)?.as_str_or_null().map_err(rusqlite::Error::from);
            let Some(end) = text(0)?.and_then(EndingWord::of_word) else {
                return Ok(None);
            };
            let class = text(2)?;
            let status = text(1)?.and_then(RunStatus::of_word).unwrap_or_default();
            let errors: Vec<String> = parsed(row, 3)?;
            let checks: Vec<Check> = parsed(row, 4)?;
            let thumb = text(14)?.map(|word| if word == "up" { Thumb::Up } else { Thumb::Down });
            let grade = Grade { stars: row.get(13)?, thumb, ..Grade::default() };
            let facts = RunFacts {
                end,
                class: class.map(|class| names.of(class)),
                errors: errors.iter().map(|class| names.of(class)).collect(),
                status,
                compared: status.compared(
                    class.is_some_and(|class| ErrorKind::OF_THE_ANSWER.iter().any(|own| own.to_string() == class)),
                ),
                attempts: row.get(5)?,
                fell_back: row.get(6)?,
                cached: row.get(7)?,
                demo: row.get(8)?,
                judge: row.get(9)?,
                stars: grade.stars,
                right: grade.right(),
                ..RunFacts::default()
            };
            Ok(Some(Self {
                facts,
                checks: checks.iter().map(|(rule, status)| (names.of(rule), *status)).collect(),
                estimated: row.get(10)?,
                partial: row.get(11)?,
                cost_state: row.get(12)?,
            }))
        })
    }
}

#[cfg(test)]
mod tests;
