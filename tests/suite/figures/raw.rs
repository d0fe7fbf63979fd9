//! The rows of the record, as plain SQL reads them.

use std::collections::BTreeSet;

use rusqlite::{Connection, OpenFlags, Row};
use serde_json::Value;

use super::sum::Sum;
use crate::support::home::Home;

/// A call on record.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) target: String,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) took: Sum,
    tokens_in: u64,
    tokens_out: u64,
    class: Option<String>,
}

/// A run on record.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    seq: i64,
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) started: i64,
    pub(crate) prompt: String,
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) requested: String,
    pub(crate) target: String,
    pub(crate) end: String,
    pub(crate) status: String,
    pub(crate) cached: bool,
    pub(crate) demo: bool,
    pub(crate) attempts: u32,
    took_us: u64,
    pub(crate) waited_us: u64,
    pub(crate) first_token_us: Option<u64>,
    pub(crate) judge: bool,
    pub(crate) judging: Option<Sum>,
    pub(crate) class: Option<String>,
    pub(crate) sample: u64,
    pub(crate) input: String,
    pub(crate) calls: Vec<Call>,
    /// Rule and mark of each verdict.
    pub(crate) verdicts: Vec<(String, String)>,
    /// Row, prompt, target and sample.
    pub(crate) cell: Option<(u64, u32, u32, u32)>,
    /// What its calls took: nothing where the answer came from the cache.
    pub(crate) took: Sum,
    pub(crate) tokens_in: u64,
    pub(crate) tokens_out: u64,
    /// The classes of all errors it met.
    pub(crate) classes: BTreeSet<String>,
}

/// All of it.
pub(crate) struct Raw {
    pub(crate) runs: Vec<Run>,
}

impl Raw {
    pub(crate) fn read(home: &Home) -> Self {
        let file = home.dir("data").join("retort.db");
        let db = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut runs: Vec<Run> = rows(
            &db,
            "SELECT run.seq, lower(hex(id)), started / 1000000000, prompt_name, provider, model, requested, target, end,
                 status, provenance = 'cached', demo, attempts, took_us, waited_us, first_token_us, judge, judging,
                 error_class, sample, input ->> '$.text'
             FROM run LEFT JOIN run_body USING (seq) ORDER BY run.seq",
            run,
        );
        let all = |sql: &str, take: &mut dyn FnMut(&mut Run, &Row<'_>)| {
            let mut statement = db.prepare(sql).unwrap();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                let seq: i64 = row.get(0).unwrap();
                take(runs.iter_mut().find(|run| run.seq == seq).unwrap(), row);
            }
        };
        let mut all = all;
        all(
            "SELECT seq, target, provider, model, class,
                 coalesce(tokens_input, 0) + coalesce(tokens_cache_read, 0) + coalesce(tokens_cache_write, 0),
                 coalesce(tokens_output, 0) + coalesce(tokens_reasoning, 0), tokens_estimated, tokens_partial,
                 coalesce(cost, 0), cost_state
             FROM attempt ORDER BY seq, number",
            &mut |run, row| run.calls.push(call(row)),
        );
        all("SELECT seq, rule, mark FROM verdict ORDER BY seq, place", &mut |run, row| {
            run.verdicts.push((row.get(1).unwrap(), row.get(2).unwrap()));
        });
        all("SELECT run, row, prompt, target, sample FROM cell", &mut |run, row| {
            run.cell = Some((whole(row, 1).unwrap(), row.get(2).unwrap(), row.get(3).unwrap(), row.get(4).unwrap()));
        });
        for run in &mut runs {
            run.add_up();
        }
        Self { runs }
    }

    /// The runs that are no judges'.
    pub(crate) fn answers(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| !run.judge)
    }

    pub(crate) fn run(&self, id: &str) -> &Run {
        let id = id.replace('-', "");
        self.runs.iter().find(|run| run.id == id).unwrap()
    }
}

impl Run {
    fn add_up(&mut self) {
        self.took = match self.end.as_str() {
            _ if self.cached || self.demo => Sum::default(),
            // Its process was gone before it could say what it had sent.
            "crashed" => Sum::UNKNOWN,
            _ => Sum::all(self.calls.iter().map(|call| call.took)),
        };
        self.tokens_in = self.calls.iter().map(|call| call.tokens_in).sum();
        self.tokens_out = self.calls.iter().map(|call| call.tokens_out).sum();
        self.classes = self.calls.iter().filter_map(|call| call.class.clone()).chain(self.class.clone()).collect();
    }

    pub(crate) fn took_ms(&self) -> u64 {
        (self.took_us + 500) / 1000
    }

    /// What it waited, if that is a tenth of a second.
    pub(crate) fn waited_ms(&self) -> Option<u64> {
        (self.waited_us >= 100_000).then_some(self.waited_us / 1000)
    }

    pub(crate) fn cost_shown(&self) -> &'static str {
        self.took.cost_is()
    }
}

/// The value that so many in a hundred do not exceed; none where that would be the largest of all.
pub(crate) fn percentile(sorted: &[u64], per_cent: usize) -> Option<u64> {
    let rank = (sorted.len() * per_cent).div_ceil(100).max(1);
    let least = if per_cent > 50 { 100 / (100 - per_cent) } else { 1 };
    sorted.get(rank - 1).copied().filter(|_| sorted.len() >= least)
}

fn rows<T>(db: &Connection, sql: &str, of: fn(&Row<'_>) -> T) -> Vec<T> {
    let mut statement = db.prepare(sql).unwrap();
    statement.query_map([], |row| Ok(of(row))).unwrap().map(Result::unwrap).collect()
}

fn whole(row: &Row<'_>, column: usize) -> Option<u64> {
    row.get::<_, Option<i64>>(column).unwrap().map(|value| u64::try_from(value).unwrap())
}

fn run(row: &Row<'_>) -> Run {
    let end: String = row.get(8).unwrap();
    let judging: Option<String> = row.get(17).unwrap();
    Run {
        seq: row.get(0).unwrap(),
        id: row.get(1).unwrap(),
        started: row.get(2).unwrap(),
        prompt: row.get(3).unwrap(),
        provider: row.get(4).unwrap(),
        model: row.get(5).unwrap(),
        requested: row.get(6).unwrap(),
        target: row.get(7).unwrap(),
        status: row.get(9).unwrap(),
        cached: row.get::<_, Option<bool>>(10).unwrap().unwrap_or(false),
        demo: row.get(11).unwrap(),
        attempts: row.get(12).unwrap(),
        took_us: whole(row, 13).unwrap_or(0),
        waited_us: whole(row, 14).unwrap_or(0),
        first_token_us: whole(row, 15),
        judge: row.get(16).unwrap(),
        judging: judging.map(|json| judged(&serde_json::from_str(&json).unwrap())),
        class: row.get(18).unwrap(),
        sample: whole(row, 19).unwrap(),
        input: row.get::<_, Option<String>>(20).unwrap().unwrap_or_default(),
        end,
        calls: Vec::new(),
        verdicts: Vec::new(),
        cell: None,
        took: Sum::default(),
        tokens_in: 0,
        tokens_out: 0,
        classes: BTreeSet::new(),
    }
}

fn call(row: &Row<'_>) -> Call {
    let (tokens_in, tokens_out) = (whole(row, 5).unwrap(), whole(row, 6).unwrap());
    let sure: String = row.get(10).unwrap();
    Call {
        target: row.get(1).unwrap(),
        provider: row.get(2).unwrap(),
        model: row.get(3).unwrap(),
        class: row.get(4).unwrap(),
        took: Sum {
            tokens: tokens_in + tokens_out,
            tokens_guessed: row.get(7).unwrap(),
            tokens_more: row.get(8).unwrap(),
            pico: whole(row, 9).unwrap(),
            pico_guessed: sure == "estimated",
            pico_more: sure == "at_least" || sure == "unknown",
        },
        tokens_in,
        tokens_out,
    }
}

fn judged(json: &Value) -> Sum {
    let sure = json["cost"]["state"].as_str().unwrap();
    Sum {
        tokens: json["tokens"].as_u64().unwrap(),
        tokens_guessed: json["estimated"] == true,
        tokens_more: json["partial"] == true,
        pico: json["cost"]["amount"].as_u64().unwrap_or(0),
        pico_guessed: sure == "estimated",
        pico_more: sure == "at_least" || sure == "unknown",
    }
}
