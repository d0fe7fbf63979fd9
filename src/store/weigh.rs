//! The runs of two queries paired by their inputs and targets, and what they say of each other.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::{
    job::{LISTED, StoreFault, Turned, Weighed, Weighted},
    review,
};
use crate::{
    eval::{
        Evidence,
        evidence::{Pair, SEED, Samples},
    },
    model::{
        RunId,
        facts::{Name, Names},
        query::Query,
    },
};

/// Characters of an input's text that are told.
const TOLD: i64 = 200;

/// What one side makes of one input.
#[derive(Debug, Clone, Copy, Default)]
struct Side {
    samples: Samples,
    /// The newest run that passed.
    passed: Option<i64>,
    /// The newest run that did not.
    failed: Option<i64>,
}

/// A run that was judged or scored.
struct Run {
    seq: i64,
    input: i64,
    target: Option<Name>,
    passed: Option<bool>,
    score: Option<f64>,
}

impl Side {
    fn take(&mut self, run: &Run) {
        self.samples.take(run.passed, run.score);
        let newest = match run.passed {
            Some(true) => &mut self.passed,
            Some(false) => &mut self.failed,
            None => return,
        };
        *newest = (*newest).max(Some(run.seq));
    }
}

/// Weighs nothing.
pub(super) fn of_none() -> Weighed {
    let (evidence, none) = (Evidence::of([], SEED), Weighted::default());
    Weighed { evidence, a: none, b: none, inputs: 0, fixed: Vec::new(), broken: Vec::new() }
}

/// Weighs the runs of B against those of A. Two queries that find the same run are refused: a run says nothing
/// against itself.
pub(super) fn weigh(db: &Connection, a: &Query, b: &Query) -> rusqlite::Result<Result<Weighed, StoreFault>> {
    let mut names = Names::default();
    let (mut old, mut weight_a) = each(db, a, &mut names)?;
    let (new, mut weight_b) = each(db, b, &mut names)?;
    old.sort_unstable_by_key(|run| run.seq);
    let both = new.iter().filter(|run| old.binary_search_by_key(&run.seq, |run| run.seq).is_ok());
    if let Some(run) = both.clone().next_back() {
        return Ok(Err(overlap(both.count() as u64, id(db, run.seq)?)));
    }
    // One model against another is compared by the inputs; otherwise each model with itself.
    let one = |runs: &[Run]| runs.windows(2).all(|pair| matches!(pair, [one, other] if one.target == other.target));
    let across = one(&old) && one(&new);
    let mut inputs: BTreeMap<(i64, Option<Name>), (Side, Side)> = BTreeMap::new();
    let key = |run: &Run| (run.input, run.target.filter(|_| !across));
    for run in &old {
        inputs.entry(key(run)).or_default().0.take(run);
    }
    for run in &new {
        inputs.entry(key(run)).or_default().1.take(run);
    }
    let (mut pairs, mut fixed, mut broken) = (Vec::new(), Vec::new(), Vec::new());
    for (a, b) in inputs.values() {
        if a.samples.is_empty() {
            weight_b.alone += 1;
        } else if b.samples.is_empty() {
            weight_a.alone += 1;
        } else {
            let pair = Pair::of(a.samples, b.samples);
            match (pair.a, pair.b) {
                (Some(false), Some(true)) => fixed.extend(a.failed.zip(b.passed)),
                (Some(true), Some(false)) => broken.extend(a.passed.zip(b.failed)),
                _ => {}
            }
            pairs.push(pair);
        }
    }
    Ok(Ok(Weighed {
        inputs: pairs.len() as u64,
        evidence: Evidence::of(pairs, SEED),
        a: weight_a,
        b: weight_b,
        fixed: turned(db, fixed)?,
        broken: turned(db, broken)?,
    }))
}

/// Finds the runs of a query that say something of their answer, as [`RunStatus::compared`] has it, and counts them
/// and the others.
///
/// [`RunStatus::compared`]: crate::model::RunStatus::compared
fn each(db: &Connection, query: &Query, names: &mut Names) -> rusqlite::Result<(Vec<Run>, Weighted)> {
    let (mut runs, mut weight) = (Vec::new(), Weighted::default());
    review::answers(db, query, names, |seq, facts| {
        let passed = facts.compared;
        match facts.input {
            Some(input) if passed.is_some() => {
                weight.runs += 1;
                runs.push(Run { seq, input, target: facts.target, passed, score: facts.score });
            }
            _ => weight.unjudged += 1,
        }
    })?;
    Ok((runs, weight))
}

fn overlap(runs: u64, example: RunId) -> StoreFault {
    let (what, it) = if runs == 1 { ("run is", "it is") } else { ("runs are", "they are") };
    StoreFault::new(format!(
        "{runs} {what} on both sides, such as run {}: a run says nothing against itself; narrow one of the queries so \
         that {it} on one side alone",
        example.short()
    ))
}

/// Names the newest runs that show what turned.
fn turned(db: &Connection, mut runs: Vec<(i64, i64)>) -> rusqlite::Result<Vec<Turned>> {
    runs.sort_unstable_by_key(|(_, b)| std::cmp::Reverse(*b));
    let sql = "SELECT CASE WHEN json_valid(input) THEN substr(coalesce(nullif(input ->> 'text', ''), input -> 'vars'), 1, ?2) END
               FROM run_body WHERE seq = ?1";
    let one = |(a, b): (i64, i64)| {
        let text: Option<Option<String>> = db.prepare_cached(sql)?.query_row((b, TOLD), |row| row.get(0)).optional()?;
        Ok(Turned { a: id(db, a)?, b: id(db, b)?, input: text.flatten().unwrap_or_default() })
    };
    runs.into_iter().take(LISTED).map(one).collect()
}

fn id(db: &Connection, seq: i64) -> rusqlite::Result<RunId> {
    db.prepare_cached("SELECT id FROM run WHERE seq = ?1")?
        .query_row([seq], |row| Ok(RunId(Uuid::from_bytes(row.get(0)?))))
}
