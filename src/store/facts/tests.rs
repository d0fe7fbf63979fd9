//! Blocks tell what the rows tell, whatever became of both.

pub(in crate::store) mod alike;

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::*;
use crate::{
    model::{Grade, Quality, Rule, RunId, RunStatus, Status, Verdict, VersionId},
    store::{
        db, grades, history,
        judgements::{self, Judged},
        schema,
    },
};

fn open(path: &std::path::Path) -> Connection {
    db::open(path, schema::RECORD, Duration::from_secs(1)).unwrap()
}

fn id(seq: i64) -> RunId {
    RunId(Uuid::from_u128(seq.unsigned_abs().into()))
}

fn insert(db: &Connection, seq: i64, end: &str) {
    let sql = "INSERT INTO run (seq, id, started, requested, target, model, end, status, marks, attempts)
               VALUES (?1, ?2, ?3, 'm', 'm', 'm', ?4, 'passed', 'format+', 1)";
    db.prepare_cached(sql).unwrap().execute(params![seq, id(seq).0.as_bytes(), seq * 1_000_000_000, end]).unwrap();
    let sql = "INSERT INTO run_body (seq, prompt, input, text, reasoning, outcome, timeline)
               VALUES (?1, '', '{}', '', '', '{}', '[]')";
    db.prepare_cached(sql).unwrap().execute([seq]).unwrap();
}

/// A record of so many runs, and the directory it is in.
pub(in crate::store) fn record(runs: i64) -> (Connection, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("retort.db"));
    let all = db.unchecked_transaction().unwrap();
    for seq in 1..=runs {
        insert(&db, seq, "done");
    }
    all.commit().unwrap();
    (db, dir)
}

pub(in crate::store) fn blocks(db: &Connection) -> Vec<i64> {
    let mut statement = db.prepare("SELECT block FROM fact_block ORDER BY block").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Reads the facts of all runs.
fn all(db: &Connection) -> Vec<(i64, RunFacts)> {
    of(db, "")
}

fn of(db: &Connection, line: &str) -> Vec<(i64, RunFacts)> {
    let query = Query::parse(line, &Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
    let mut all = Vec::new();
    each(db, &query, &mut Names::default(), |seq, facts| all.push((seq, facts.clone()))).unwrap();
    all
}

#[test]
fn what_is_full_is_kept_by_whoever_reads_it_and_the_rest_is_read_from_its_rows() {
    let (db, _dir) = record(2 * BLOCK + 300);
    let first = all(&db);
    assert_eq!((first.len(), blocks(&db)), (2348, vec![0, 1]));
    assert_eq!(all(&db), first);
    assert_eq!(first.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), (1..=2348).collect::<Vec<i64>>());
}

/// What is done to the record, and what is told of the changed run then.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Connection), &'a dyn Fn(&RunFacts) -> bool);

#[test]
fn a_change_to_a_run_drops_its_block_alone_and_the_next_reader_makes_it_anew() {
    let quality = Quality::of(vec![Verdict::new(Rule::Format, Status::Failed, "no JSON")]);
    let version = VersionId("v".to_owned());
    let judged = [Judged { run: id(1030), quality: &quality, version: &version }];
    let at = Timestamp::UNIX_EPOCH;
    let stars = Grade { stars: Some(5), ..Grade::default() };
    let changes: [Change<'_>; 5] = [
        ("graded", &|db| grades::give(db, id(1030), &stars, at).unwrap().unwrap(), &|facts| facts.right == Some(true)),
        ("judged", &|db| assert_eq!(judgements::judge(db, &judged, at).unwrap(), Ok(())), &|facts| {
            facts.status == RunStatus::Failed && facts.marks.iter().any(|(_, mark, _)| *mark == Status::Failed)
        }),
        ("pinned", &|db| assert_eq!(history::pin(db, &[id(1030)], true).unwrap(), 1), &|_| true),
        ("ungraded", &|db| assert_eq!(db.execute("DELETE FROM grade", []).unwrap(), 1), &|facts| facts.right.is_none()),
        ("removed", &|db| assert_eq!(history::remove(db, &[id(1030)]).unwrap().runs, 1), &|_| false),
    ];
    let (mut db, _dir) = record(3 * BLOCK);
    all(&db);
    assert_eq!(blocks(&db), [0, 1, 2]);
    insert(&db, 4 * BLOCK, "done");
    all(&db);
    for (what, change, shows) in changes {
        assert_eq!(blocks(&db), [0, 1, 2, 3], "{what}");
        change(&mut db);
        assert_eq!(blocks(&db), [0, 2, 3], "{what}");
        for _ in 0..2 {
            let told = all(&db);
            let changed = told.iter().find(|(seq, _)| *seq == 1030);
            assert_eq!(changed.is_some_and(|(_, facts)| shows(facts)), what != "removed", "{what}");
        }
    }
    assert_eq!(of(&db, "pinned:yes").len(), 0);
    let early = Timestamp::from_second(BLOCK + 100).unwrap();
    history::prune(&mut db, early, true, false).unwrap();
    assert_eq!((blocks(&db), all(&db).len()), (vec![2, 3], 1948 + 2));
}

#[test]
fn a_number_that_is_given_again_is_not_missed() {
    let (mut db, _dir) = record(2 * BLOCK);
    history::remove(&mut db, &[id(BLOCK - 1)]).unwrap();
    assert_eq!(all(&db).len(), 2047);
    assert_eq!(blocks(&db), [0, 1]);
    let newer: Vec<RunId> = (BLOCK..=2 * BLOCK).map(id).collect();
    history::remove(&mut db, &newer).unwrap();
    assert_eq!((all(&db).len(), blocks(&db)), (1022, vec![0]));
    insert(&db, BLOCK - 1, "done");
    assert_eq!(all(&db).len(), 1023);
}

#[test]
fn a_run_under_way_is_in_no_block_and_its_own_is_kept_when_it_has_ended() {
    let (db, _dir) = record(BLOCK - 2);
    insert(&db, BLOCK - 1, "running");
    insert(&db, BLOCK, "done");
    assert_eq!((all(&db).len(), blocks(&db)), (1023, vec![]));
    assert_eq!(mend(&db, i64::MAX).unwrap(), None);
    assert_eq!(blocks(&db), [0_i64; 0]);
    db.execute("UPDATE run SET end = 'crashed' WHERE end = 'running'", []).unwrap();
    assert_eq!((all(&db).len(), blocks(&db)), (1024, vec![0]));
}

#[test]
fn a_block_that_cannot_be_read_is_made_anew() {
    for damage in
        ["x''", "x'00'", "zeroblob(5000)", "substr(facts, 1, 300)", "x'01' || substr(facts, 2)", "'text'", "7"]
    {
        let (db, _dir) = record(2 * BLOCK);
        let whole = all(&db);
        let read = || -> Vec<u8> {
            db.query_row("SELECT CAST(facts AS BLOB) FROM fact_block WHERE block = 1", [], |row| row.get(0)).unwrap()
        };
        let sound = read();
        db.execute(&format!("UPDATE fact_block SET facts = {damage} WHERE block = 1"), []).unwrap();
        assert_ne!(read(), sound, "{damage}");
        assert_eq!(all(&db), whole, "{damage}");
        assert_eq!(read(), sound, "{damage}");
    }
}

#[test]
fn missing_blocks_are_made_the_newest_first_some_at_a_time() {
    let (db, _dir) = record(0);
    for block in 1..11 {
        insert(&db, block * BLOCK, "done");
    }
    insert(&db, 11 * BLOCK - 1, "done");
    assert_eq!((mend(&db, i64::MAX).unwrap(), blocks(&db)), (Some(7), (7..11).collect()));
    db.execute("DELETE FROM fact_block WHERE block = 8", []).unwrap();
    assert_eq!(mend(&db, 7).unwrap(), Some(3));
    assert_eq!((mend(&db, 3).unwrap(), blocks(&db)), (None, vec![1, 2, 3, 4, 5, 6, 7, 9, 10]));
    assert_eq!((mend(&db, i64::MAX).unwrap(), blocks(&db)), (None, (1..11).collect()));
}

#[test]
fn what_cannot_be_written_is_read_all_the_same() {
    let (db, dir) = record(2 * BLOCK);
    let other = open(&dir.path().join("retort.db"));
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    assert_eq!((all(&db).len(), blocks(&db)), (2048, vec![]), "another program is writing");
    assert_eq!((mend(&db, i64::MAX).unwrap(), blocks(&db)), (None, vec![]), "another program is writing");
    let patience: i64 = db.pragma_query_value(None, "busy_timeout", |row| row.get(0)).unwrap();
    assert_eq!(patience, 1000, "others are waited for as before");
    other.execute_batch("ROLLBACK").unwrap();
    db.pragma_update(None, "query_only", true).unwrap();
    assert_eq!((all(&db).len(), blocks(&db)), (2048, vec![]), "nothing can be written");
    db.pragma_update(None, "query_only", false).unwrap();
    assert_eq!((all(&db).len(), blocks(&db)), (2048, vec![0, 1]));
}

#[test]
fn what_another_program_changes_is_seen_at_once() {
    let (db, dir) = record(2 * BLOCK);
    let mut other = open(&dir.path().join("retort.db"));
    assert_eq!(all(&db), all(&other));
    for (seq, right) in [(3, Some(true)), (4, Some(false))] {
        let grade = Grade { stars: Some(if right == Some(true) { 4 } else { 1 }), ..Grade::default() };
        grades::give(&other, id(seq), &grade, Timestamp::UNIX_EPOCH).unwrap().unwrap();
        assert_eq!(all(&db)[usize::try_from(seq).unwrap() - 1].1.right, right);
        assert_eq!(all(&db), all(&other));
    }
    history::remove(&mut other, &[id(5)]).unwrap();
    assert_eq!((all(&db).len(), blocks(&db)), (2047, vec![0, 1]));
}

#[test]
fn a_run_is_found_by_any_end_of_its_id() {
    let (db, _dir) = record(600);
    let hex = |seq: i64| id(seq).0.simple().to_string();
    let whole = hex(300);
    for length in 1..=whole.len() {
        let (_, end) = whole.split_at(whole.len() - length);
        let want: Vec<i64> = (1..=600).filter(|seq| hex(*seq).ends_with(end)).collect();
        for end in [end.to_owned(), end.to_uppercase()] {
            let found: Vec<i64> = of(&db, &format!("run:{end}")).iter().map(|(seq, _)| *seq).collect();
            assert_eq!(found, want, "{end}");
        }
    }
    assert_eq!(of(&db, "run:ffff").len(), 0);
}
