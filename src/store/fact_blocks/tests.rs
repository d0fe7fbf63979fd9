//! Blocks tell what the rows tell, whatever became of both.
//!
//! Blocks find exactly the runs that a query finds in the rows, whatever runs and queries there are.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use proptest::{prelude::*, sample::select};
use rusqlite::{Connection, params, params_from_iter};
use uuid::Uuid;

use crate::{
    model::{
        Grade, Quality, Rule, RunId, RunStatus, Status, Verdict, VersionId,
        query::{Bound, Filter, Sign, What},
    },
    store::{database, fact_blocks::*, history, schema, search, search::Known, verdicts, verdicts::Judged},
};

fn open(path: &std::path::Path) -> Connection {
    database::open(path, schema::RECORD, Duration::from_secs(1)).unwrap()
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
pub(crate) fn record(runs: i64) -> (Connection, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("retort.db"));
    let all = db.unchecked_transaction().unwrap();
    for seq in 1..=runs {
        insert(&db, seq, "done");
    }
    all.commit().unwrap();
    (db, dir)
}

pub(crate) fn blocks(db: &Connection) -> Vec<i64> {
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
        ("graded", &|db| verdicts::give(db, id(1030), &stars, at).unwrap().unwrap(), &|facts| {
            facts.right == Some(true)
        }),
        ("judged", &|db| assert_eq!(verdicts::judge(db, &judged, at).unwrap(), Ok(())), &|facts| {
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
        verdicts::give(&other, id(seq), &grade, Timestamp::UNIX_EPOCH).unwrap().unwrap();
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

const NAMES: [&str; 4] = ["a", "b", "A", ""];
const HASHES: [&str; 5] = ["ab12", "ab13", "ac", "abg", "b"];
const ENDS: [&str; 7] = ["done", "done", "failed", "interrupted", "cancelled", "crashed", "running"];
const RULES: [&str; 6] = ["format", "confidence", "not-contains", "a b", "a_b", "a"];
const CLASSES: [&str; 3] = ["rate limited", "timeout", "refused"];
const PARAMS: [&str; 4] = [r#"{"temperature":0.5}"#, r#"{"temperature":1,"extra":{"k":"v"}}"#, "{}", "[1"];
const TEXTS: [&str; 5] = ["parcel never came", "tea", "Parcels!", "荷物 tea", ""];

#[derive(Debug, Clone)]
pub(crate) struct Made {
    gap: i64,
    started: i64,
    /// Session, prompt, provider.
    names: [Option<&'static str>; 3],
    version: Option<&'static str>,
    params: Option<&'static str>,
    /// Requested, target, model.
    targets: [&'static str; 3],
    end: &'static str,
    status: RunStatus,
    provenance: Option<&'static str>,
    demo: bool,
    pinned: bool,
    attempts: i64,
    class: Option<&'static str>,
    /// The five counts of tokens, the cost, the length.
    numbers: [Option<i64>; 7],
    marks: Vec<(&'static str, &'static str, Option<f64>)>,
    grades: Vec<(Option<u8>, Option<&'static str>, &'static str)>,
    text: &'static str,
    batch: bool,
}

fn name() -> impl Strategy<Value = &'static str> {
    select(&NAMES[..3])
}

pub(crate) fn made() -> impl Strategy<Value = Made> {
    let some = |of: &'static [&'static str]| proptest::option::of(select(of));
    let places = (1..400_i64, 0..6_i64, [some(&NAMES), some(&NAMES), some(&NAMES)], some(&HASHES), some(&PARAMS));
    let ends =
        (select(&ENDS[..]), select(&RunStatus::ALL[..]), some(&["live", "cached"]), any::<bool>(), any::<bool>());
    let counts = (0..3_i64, some(&CLASSES), std::array::from_fn(|_| proptest::option::of(0..5_i64)));
    let mark = (select(&RULES[..]), select(&["pass", "fail", "skipped"][..]), proptest::option::of(-1.0..1.0));
    let grade = (proptest::option::of(1..=5_u8), some(&["up", "down"]), select(&["", "good"][..]));
    let lists = (proptest::collection::vec(mark, 0..3), proptest::collection::vec(grade, 0..3));
    (places, [name(), name(), name()], ends, counts, lists, (select(&TEXTS[..]), any::<bool>())).prop_map(
        |(
            (gap, started, names, version, params),
            targets,
            ends,
            (attempts, class, numbers),
            (marks, grades),
            (text, batch),
        )| {
            let (end, status, provenance, demo, pinned) = ends;
            Made {
                gap,
                started,
                names,
                version,
                params,
                targets,
                end,
                status,
                provenance,
                demo,
                pinned,
                attempts,
                class,
                numbers,
                marks,
                grades,
                text,
                batch,
            }
        },
    )
}

pub(crate) fn put(db: &Connection, runs: &[Made]) {
    for (at, hash) in HASHES.iter().enumerate() {
        let content = format!(r#"{{"system": "Sort the {}."}}"#, TEXTS[at]);
        let sql = "INSERT INTO prompt_version (hash, made, content) VALUES (?1, 0, ?2)";
        db.execute(sql, params![hash, content]).unwrap();
    }
    for (hash, name) in [("b", "ab"), ("ac", "first"), ("ab13", "ab12")] {
        db.execute("INSERT INTO version_name (hash, named, name) VALUES (?1, 0, ?2)", [hash, name]).unwrap();
    }
    let sql = "INSERT INTO batch (seq, id, started, name, spec, fingerprint) VALUES (1, x'00ab', 0, '', '', '')";
    db.execute(sql, []).unwrap();
    let (mut seq, mut known) = (0, Known::default());
    for run in runs {
        seq += run.gap;
        put_one(db, seq, run);
        search::note(db, &mut known, seq, &[run.text]).unwrap();
    }
}

fn put_one(db: &Connection, seq: i64, run: &Made) {
    insert(db, seq, run.end);
    let sign = |mark: &str| match mark {
        "pass" => '+',
        "fail" => '-',
        _ => '?',
    };
    let mark = |(rule, mark, score): &(&str, &str, Option<f64>)| {
        format!("{}{}{}", rule.replace(' ', "_"), sign(mark), score.map_or_else(String::new, |score| score.to_string()))
    };
    let marks = run.marks.iter().map(mark).collect::<Vec<_>>().join(" ");
    let [session, prompt, provider] = run.names;
    let [requested, target, model] = run.targets;
    let [input, read, write, output, reasoning, cost, took] = run.numbers;
    let sql = "UPDATE run SET started = ?2, session = ?3, prompt_name = ?4, provider = ?5, prompt_hash = ?6,
                   requested = ?7, target = ?8, model = ?9, status = ?10, provenance = ?11, demo = ?12, pinned = ?13,
                   attempts = ?14, error_class = ?15, tokens_input = ?16, tokens_cache_read = ?17,
                   tokens_cache_write = ?18, tokens_output = ?19, tokens_reasoning = ?20, cost = ?21, took_us = ?22,
                   marks = ?23, params = ?24, tokens = ?25, cost_state = iif(?21 IS NULL, 'unknown', 'at_least'),
                   waited_us = ?22, judge = ?13, judging = ?26 WHERE seq = ?1";
    db.prepare_cached(sql)
        .unwrap()
        .execute(params![
            seq,
            run.started * 1_000_000_000,
            session,
            prompt,
            provider,
            run.version,
            requested,
            target,
            model,
            run.status.word(),
            run.provenance,
            run.demo,
            run.pinned,
            run.attempts,
            run.class,
            input,
            read,
            write,
            output,
            reasoning,
            cost.map(|cost| cost * 1_000_000_000_000),
            took.map(|took| took * 1_000_000),
            marks,
            run.params,
            run.numbers[..5].iter().flatten().copied().reduce(|one, other| one + other),
            run.pinned.then_some(r#"{"cost":{"state":"known","amount":3},"tokens":7,"partial":true}"#),
        ])
        .unwrap();
    db.execute("UPDATE run_body SET text = ?2 WHERE seq = ?1", params![seq, run.text]).unwrap();
    for (place, (rule, mark, score)) in (0_i64..).zip(&run.marks) {
        let sql = "INSERT INTO verdict VALUES (?1, ?2, ?3, ?4, ?5, '')";
        db.execute(sql, params![seq, place, rule, mark, score]).unwrap();
    }
    for (stars, thumb, comment) in &run.grades {
        let sql = "INSERT INTO grade (run, given, stars, thumb, comment) VALUES (?1, 0, ?2, ?3, ?4)";
        db.execute(sql, params![seq, stars, thumb, comment]).unwrap();
    }
    for number in 1..=run.attempts {
        let sql = "INSERT INTO attempt (seq, number, target, model, class, provider, tokens_input, tokens_output, cost,
                       cost_state)
                   VALUES (?1, ?2, 'm', ?3, ?4, ?5, ?6, ?7, ?8, iif(?8 IS NULL, 'unknown', 'known'))";
        let (model, class) =
            (if number == 1 { requested } else { model }, CLASSES.get(usize::try_from(number).unwrap()));
        let provider = provider.unwrap_or_default();
        db.execute(sql, params![seq, number, model, class, provider, input, output, cost]).unwrap();
    }
    if run.batch {
        db.execute("INSERT INTO cell VALUES (1, ?1, 0, 0, 0, 0, ?1, '')", [seq]).unwrap();
    }
}

fn bound<T: std::fmt::Debug>(limit: impl Strategy<Value = T>) -> impl Strategy<Value = Bound<T>> {
    let sign = select(&[Sign::Equal, Sign::Less, Sign::AtMost, Sign::Greater, Sign::AtLeast][..]);
    (sign, limit).prop_map(|(sign, limit)| Bound { sign, limit })
}

fn what() -> impl Strategy<Value = What> {
    let text = |of: &'static [&'static str]| select(of).prop_map(str::to_owned);
    let time = || (0..6_i64).prop_map(|second| Timestamp::from_second(second).unwrap());
    let yes = any::<bool>;
    prop_oneof![
        text(&NAMES).prop_map(What::Model),
        text(&NAMES).prop_map(What::Target),
        text(&PARAMS).prop_map(What::Params),
        (text(&["temperature", "k", "none"]), proptest::option::of(text(&["0.5", "1", "v"])))
            .prop_map(|(key, value)| What::Param { key, value }),
        text(&NAMES).prop_map(What::Provider),
        text(&NAMES).prop_map(What::Prompt),
        text(&NAMES).prop_map(What::Session),
        text(&["a", "AB", "ab12", "first", "b", "x", "", "ab1z"]).prop_map(What::Version),
        text(&["ab", "", "00AB", "ff"]).prop_map(What::Batch),
        text(&["1", "a", "00", ""]).prop_map(What::Run),
        text(&ENDS).prop_map(What::End),
        select(&RunStatus::ALL[..]).prop_map(What::Status),
        text(&RULES).prop_map(What::Failed),
        text(&["", "rate limited", "timeout", "none"]).prop_map(What::Error),
        (0..6_u8, yes()).prop_map(|(which, yes)| match which {
            0 => What::Cached(yes),
            1 => What::Demo(yes),
            2 => What::FellBack(yes),
            3 => What::Retried(yes),
            4 => What::Judge(yes),
            _ => What::Pinned(yes),
        }),
        time().prop_map(What::Since),
        time().prop_map(What::Until),
        bound((0..5_u8).prop_map(f64::from)).prop_map(What::Cost),
        bound((0..5_u64).prop_map(Duration::from_secs)).prop_map(What::Took),
        bound(0..12_u64).prop_map(What::Tokens),
        bound(0..6_u8).prop_map(What::Stars),
        yes().prop_map(What::Graded),
    ]
}

pub(crate) fn asked() -> impl Strategy<Value = Query> {
    let filter = (any::<bool>(), what()).prop_map(|(not, what)| Filter { not, what });
    let word = select(&["parcel", "arc", "te", "tea", "parcel never", "sort", "荷物", "!", "s!", "gone"][..])
        .prop_map(str::to_owned);
    (proptest::collection::vec(filter, 0..4), proptest::collection::vec(word, 0..2))
        .prop_map(|(filters, words)| Query { words, filters, ..Query::default() })
}

/// Finds the runs in their rows.
fn in_rows(db: &Connection, query: &Query) -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    for (condition, values) in history::conditions(db, query).unwrap() {
        let sql = format!("SELECT seq FROM run WHERE end <> 'running'{condition}");
        let mut statement = db.prepare(&sql).unwrap();
        let list = statement.query_map(params_from_iter(values), |row| row.get::<_, i64>(0)).unwrap();
        found.extend(list.map(Result::unwrap));
    }
    found
}

/// Finds them by a plan, each once.
fn by(db: &Connection, plan: Plan) -> Vec<(i64, String)> {
    let (mut found, mut names) = (Vec::new(), Names::default());
    // Names are numbered as they are met, which depends on what is read: what they stand for does not.
    let mut facts = Vec::new();
    follow(db, plan, &mut names, |seq, one| facts.push((seq, one.clone()))).unwrap();
    for (seq, one) in facts {
        let text = |name: Option<crate::model::run_facts::Name>| name.map(|name| names.text(name).to_owned());
        let named = [one.session, one.prompt, one.version, one.target, one.model, one.provider, one.class].map(text);
        let faults: Vec<&str> = one.faults.iter().map(|name| names.text(*name)).collect();
        let marks: Vec<_> = one.marks.iter().map(|(rule, mark, score)| (names.text(*rule), mark, score)).collect();
        let numbers = (one.spent, one.judging, one.took, one.waited, one.attempts, one.stars, one.right);
        let spent =
            one.by_target.iter().map(|own| (text(own.provider), text(own.model), own.spent)).collect::<Vec<_>>();
        found.push((
            seq,
            format!(
                "{named:?} {faults:?} {marks:?} {numbers:?} {spent:?} {:?} {:?} {}",
                one.end, one.status, one.judge
            ),
        ));
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn blocks_and_rows_find_the_same_runs(
        runs in proptest::collection::vec(made(), 1..30),
        queries in proptest::collection::vec(asked(), 24),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir.path().join("retort.db"));
        let all = db.unchecked_transaction().unwrap();
        put(&db, &runs);
        all.commit().unwrap();
        for query in &queries {
            let want = in_rows(&db, query);
            let few = by(&db, Plan::of(&db, query).unwrap());
            prop_assert_eq!(few.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), Vec::from_iter(want), "{:?}", query);
            for turn in 0..2 {
                let walked = by(&db, Plan::of(&db, query).unwrap().in_blocks());
                prop_assert_eq!(&walked, &few, "{} {:?}", turn, query);
            }
        }
    }
}
