//! The facts on record are those of the runs, whatever becomes of these, and a query finds in them what reading every
//! run finds.

use std::time::Duration;

use jiff::Timestamp;
use proptest::{prelude::*, sample::select};
use rusqlite::{Connection, params};
use uuid::Uuid;

use crate::{
    model::{
        Grade, Quality, Rule, RunId, RunStatus, Status, Verdict, VersionId,
        query::{CompareSign, Filter, QueryBound, Sort, SortBy, What},
    },
    store::{
        api::{
            PageStart,
            results::{status_rank, thumb_rank},
        },
        database,
        facts::*,
        history, maintenance, runs, schema, search,
        search::IndexedWords,
        verdicts,
        verdicts::NewVerdicts,
    },
    text,
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
    note(db, seq).unwrap();
}

/// A record of so many runs, and the directory it is in.
fn record(runs: i64) -> (Connection, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let db = open(&dir.path().join("retort.db"));
    let all = db.unchecked_transaction().unwrap();
    for seq in 1..=runs {
        insert(&db, seq, "done");
    }
    all.commit().unwrap();
    (db, dir)
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

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// What is done to the record, and what its facts say of the changed run then.
type Change<'a> = (&'a str, &'a dyn Fn(&mut Connection), &'a dyn Fn(&RunFacts) -> bool);

#[test]
fn a_change_to_a_run_is_seen_in_its_facts_at_once_and_in_those_of_no_other() {
    let quality = Quality::of(vec![Verdict::new(Rule::Format, Status::Failed, "no JSON")]);
    let version = VersionId("v".to_owned());
    let judged = [NewVerdicts { run: id(13), quality: &quality, version: &version }];
    let at = Timestamp::UNIX_EPOCH;
    let stars = Grade { stars: Some(5), ..Grade::default() };
    let changes: [Change<'_>; 5] = [
        ("graded", &|db| verdicts::give(db, id(13), &stars, at).unwrap().unwrap(), &|facts| {
            (facts.stars, facts.right) == (Some(5), Some(true))
        }),
        ("judged", &|db| assert_eq!(verdicts::judge(db, &judged, at).unwrap(), Ok(())), &|facts| {
            facts.status == RunStatus::Failed && facts.marks.iter().any(|(_, mark, _)| *mark == Status::Failed)
        }),
        ("pinned", &|db| assert_eq!(maintenance::pin(db, &[id(13)], true).unwrap(), 1), &|_| true),
        ("ungraded", &|db| verdicts::give(db, id(13), &Grade::default(), at).unwrap().unwrap(), &|facts| {
            facts.right.is_none()
        }),
        ("removed", &|db| assert_eq!(maintenance::remove(db, &[id(13)]).unwrap().runs, 1), &|_| false),
    ];
    let (mut db, _dir) = record(20);
    let others = |db: &Connection| all(db).into_iter().filter(|(seq, _)| *seq != 13).collect::<Vec<_>>();
    let before = others(&db);
    for (what, change, shows) in changes {
        change(&mut db);
        let facts = all(&db);
        let changed = facts.iter().find(|(seq, _)| *seq == 13);
        assert_eq!(changed.is_some_and(|(_, facts)| shows(facts)), what != "removed", "{what}");
        assert_eq!(of(&db, "pinned:yes").len(), usize::from(matches!(what, "pinned" | "ungraded")), "{what}");
        assert_eq!(others(&db), before, "{what}");
    }
}

#[test]
fn what_no_run_shares_any_more_goes_with_the_last() {
    let (mut db, _dir) = record(3);
    verdicts::give(&mut db, id(2), &Grade { stars: Some(1), ..Grade::default() }, Timestamp::UNIX_EPOCH)
        .unwrap()
        .unwrap();
    db.execute("UPDATE run SET prompt_name = 'secret' WHERE seq = 2", []).unwrap();
    note(&db, 2).unwrap();
    let rows = |db: &Connection| {
        ["run_config", "run_outcome", "run_fact"].map(|table| count(db, &format!("SELECT count(*) FROM {table}")))
    };
    assert_eq!(rows(&db), [2, 2, 3]);
    maintenance::remove(&mut db, &[id(2)]).unwrap();
    assert_eq!(rows(&db), [1, 1, 2]);
    maintenance::prune(&mut db, Timestamp::from_second(100).unwrap(), true, false).unwrap();
    assert_eq!(rows(&db), [0, 0, 0]);
}

#[test]
fn a_number_that_is_given_again_has_the_facts_of_its_new_run() {
    let (mut db, _dir) = record(9);
    maintenance::remove(&mut db, &[id(9)]).unwrap();
    assert_eq!(all(&db).len(), 8);
    insert(&db, 9, "failed");
    assert_eq!(all(&db)[8].1.end, EndingWord::Failed);
}

#[test]
fn a_run_under_way_is_listed_and_is_a_fact_when_it_has_ended() {
    let (mut db, _dir) = record(2);
    insert(&db, 3, "running");
    let listed = |db: &Connection| history::page(db, &Query::default(), None, 10).unwrap().runs.len();
    assert_eq!((listed(&db), all(&db).len()), (3, 2));
    db.execute("UPDATE run SET owner = 'gone' WHERE seq = 3", []).unwrap();
    runs::crashed(&mut db, "gone").unwrap();
    assert_eq!((listed(&db), all(&db).len()), (3, 3));
    assert_eq!(all(&db)[2].1.end, EndingWord::Crashed);
}

#[test]
fn what_another_program_changes_is_seen_at_once() {
    let (db, dir) = record(8);
    let mut other = open(&dir.path().join("retort.db"));
    assert_eq!(all(&db), all(&other));
    for (seq, right) in [(3, Some(true)), (4, Some(false))] {
        let grade = Grade { stars: Some(if right == Some(true) { 4 } else { 1 }), ..Grade::default() };
        verdicts::give(&mut other, id(seq), &grade, Timestamp::UNIX_EPOCH).unwrap().unwrap();
        assert_eq!(all(&db)[usize::try_from(seq).unwrap() - 1].1.right, right);
        assert_eq!(all(&db), all(&other));
    }
    maintenance::remove(&mut other, &[id(5)]).unwrap();
    assert_eq!(all(&db).len(), 7);
}

#[test]
fn words_alone_are_counted_up_to_a_number_and_with_a_filter_to_the_end() {
    let (db, _dir) = record(1);
    db.execute_batch(
        "INSERT INTO run (seq, id, started, requested, target, model, end, attempts)
             WITH RECURSIVE one (seq) AS (SELECT 2 UNION ALL SELECT seq + 1 FROM one WHERE seq < 10001)
             SELECT seq, CAST(seq AS BLOB), seq, 'm', 'm', 'm', 'done', 1 FROM one;
         INSERT INTO run_fact (run, started, config, outcome) SELECT seq, started, 1, 1 FROM run WHERE seq > 1;
         INSERT INTO run_text (rowid, text) SELECT seq, 'tea' FROM run;
         INSERT INTO word (text) VALUES ('tea');",
    )
    .unwrap();
    let counted = |line: &str| {
        let query = Query::parse(line, &Timestamp::UNIX_EPOCH.to_zoned(jiff::tz::TimeZone::UTC)).unwrap();
        history::count(&db, &query).unwrap()
    };
    assert_eq!(counted("tea"), (10_000, true));
    assert_eq!(counted("tea end:done"), (10_001, false));
    assert_eq!(counted("end:done"), (10_001, false));
}

#[test]
fn verdicts_are_read_as_they_were_written() {
    let verdict = |rule: &str, mark, score| Verdict { score, ..Verdict::new(Rule::Check(rule.to_owned()), mark, "") };
    let all = vec![
        verdict("format", Status::Passed, None),
        verdict("not-contains", Status::Failed, None),
        verdict("confidence", Status::Failed, Some(0.42)),
        verdict("rouge-n", Status::Passed, Some(1e-7)),
        verdict("cost", Status::Failed, Some(-0.5)),
        verdict("llm-rubric", Status::Inconclusive, None),
    ];
    let line = marks(&Quality::of(all.clone()));
    let read: Vec<_> =
        line.split(' ').filter_map(one).map(|(rule, mark, score)| (rule.to_owned(), mark, score)).collect();
    let want: Vec<_> = all.iter().map(|made| (made.rule.to_string(), made.status, made.score)).collect();
    assert_eq!(read, want);
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
const VERSIONS: [(&str, &str); 3] = [("b", "ab"), ("ac", "first"), ("ab13", "ab12")];
const TEXTS: [&str; 5] = ["parcel never came", "tea", "Parcels!", "荷物 tea", ""];

#[derive(Debug, Clone)]
struct Made {
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

fn made() -> impl Strategy<Value = Made> {
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

/// Puts runs on record, and returns their numbers.
fn put(db: &Connection, runs: &[Made]) -> Vec<i64> {
    for (at, hash) in HASHES.iter().enumerate() {
        let content = format!(r#"{{"system": "Sort the {}."}}"#, TEXTS[at]);
        let sql = "INSERT INTO prompt_version (hash, made, content) VALUES (?1, 0, ?2)";
        db.execute(sql, params![hash, content]).unwrap();
    }
    for (hash, name) in VERSIONS {
        db.execute("INSERT INTO version_name (hash, named, name) VALUES (?1, 0, ?2)", [hash, name]).unwrap();
    }
    let sql = "INSERT INTO batch (seq, id, started, name, spec, fingerprint) VALUES (1, x'00ab', 0, '', '', '')";
    db.execute(sql, []).unwrap();
    let (mut seq, mut known) = (0, IndexedWords::default());
    let one = |run: &Made| {
        seq += run.gap;
        put_one(db, seq, run);
        search::note(db, &mut known, seq, &[run.text]).unwrap();
        known.write(db).unwrap();
        seq
    };
    runs.iter().map(one).collect()
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
    note(db, seq).unwrap();
    if run.batch {
        db.execute("INSERT INTO cell VALUES (1, ?1, 0, 0, 0, 0, ?1, '')", [seq]).unwrap();
    }
}

fn bound<T: std::fmt::Debug>(limit: impl Strategy<Value = T>) -> impl Strategy<Value = QueryBound<T>> {
    let sign = select(
        &[CompareSign::Equal, CompareSign::Less, CompareSign::AtMost, CompareSign::Greater, CompareSign::AtLeast][..],
    );
    (sign, limit).prop_map(|(sign, limit)| QueryBound { sign, limit })
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

fn asked() -> impl Strategy<Value = Query> {
    let filter = (any::<bool>(), what()).prop_map(|(not, what)| Filter { not, what });
    let word = select(&["parcel", "arc", "te", "tea", "parcel never", "sort", "荷物", "!", "s!", "gone"][..])
        .prop_map(str::to_owned);
    (proptest::collection::vec(filter, 0..4), proptest::collection::vec(word, 0..2))
        .prop_map(|(filters, words)| Query { words, filters, ..Query::default() })
}

impl Made {
    /// The grade that counts.
    fn grade(&self) -> Grade {
        let grade = self.grades.last().map(|(stars, thumb, comment)| Grade {
            stars: *stars,
            thumb: thumb.map(|word| if word == "up" { Thumb::Up } else { Thumb::Down }),
            comment: (*comment).to_owned(),
        });
        grade.unwrap_or_default()
    }

    fn usage(&self) -> Usage {
        let [input, cache_read, cache_write, output, reasoning, ..] =
            self.numbers.map(|number| number.map(i64::unsigned_abs));
        Usage { input, cache_read, cache_write, output, reasoning, ..Usage::default() }
    }

    fn tokens(&self) -> Option<i64> {
        self.numbers[..5].iter().flatten().copied().reduce(|one, other| one + other)
    }

    fn cost(&self) -> Option<i64> {
        self.numbers[5].map(|cost| cost * 1_000_000_000_000)
    }

    /// What it is ordered by.
    fn rank(&self, by: SortBy) -> Option<i64> {
        match by {
            SortBy::Time => None,
            SortBy::Cost => self.cost(),
            SortBy::Took => self.numbers[6].map(|took| took * 1_000_000),
            SortBy::Tokens => self.tokens(),
            SortBy::Verdict => Some(status_rank(self.status)),
            SortBy::Grade => {
                let Grade { stars, thumb, .. } = self.grade();
                stars.map(i64::from).or(thumb.map(|thumb| thumb_rank(thumb == Thumb::Up)))
            }
        }
    }
}

fn holds<T: PartialOrd>(sign: CompareSign, value: &T, limit: &T) -> bool {
    match sign {
        CompareSign::Equal => value == limit,
        CompareSign::Less => value < limit,
        CompareSign::AtMost => value <= limit,
        CompareSign::Greater => value > limit,
        CompareSign::AtLeast => value >= limit,
    }
}

/// Reads off a run whether a filter holds.
fn is_so(seq: i64, run: &Made, what: &What) -> bool {
    let [session, prompt, provider] = run.names;
    let [requested, target, model] = run.targets;
    let end_of = |whole: &str, end: &str| {
        let end: String = end.chars().filter(char::is_ascii_hexdigit).collect();
        whole.ends_with(&end.to_ascii_lowercase())
    };
    match what {
        What::Model(name) => model == name || target == name,
        What::Target(name) => target == name,
        What::Provider(name) => provider == Some(name),
        What::Param { key, value } => {
            let params: Option<serde_json::Value> = run.params.and_then(|text| serde_json::from_str(text).ok());
            let found = params.iter().flat_map(|all| [all.get(key), all.get("extra").and_then(|extra| extra.get(key))]);
            found.flatten().any(|found| match value {
                None => true,
                Some(value) => {
                    found.as_str() == Some(value) || found.as_f64().is_some_and(|is| value.parse() == Ok(is))
                }
            })
        }
        What::Params(all) => run.params == Some(all),
        What::Prompt(name) => prompt == Some(name),
        What::Session(name) => session == Some(name),
        What::Version(name) => run.version.is_some_and(|hash| {
            let from = name.to_ascii_lowercase();
            let named = VERSIONS.iter().any(|(known, given)| *known == hash && given == name);
            named || (from.as_str()..format!("{from}g").as_str()).contains(&hash)
        }),
        What::Run(end) => end_of(&id(seq).0.simple().to_string(), end),
        What::Batch(end) => run.batch && end_of("00ab", end),
        What::End(end) => run.end == end,
        What::Status(status) => run.status == *status,
        What::Failed(rule) => run.marks.iter().any(|(known, mark, _)| known == rule && *mark == "fail"),
        What::Error(class) if class.is_empty() => run.class.is_some(),
        What::Error(class) => run.class == Some(class),
        What::Cached(yes) => (run.provenance == Some("cached")) == *yes,
        What::Demo(yes) => run.demo == *yes,
        What::Judge(yes) | What::Pinned(yes) => run.pinned == *yes,
        What::FellBack(yes) => (requested != target) == *yes,
        What::Retried(yes) => (run.attempts > 1) == *yes,
        What::Since(time) => run.started >= time.as_second(),
        What::Until(time) => run.started < time.as_second(),
        What::Cost(QueryBound { sign, limit }) => {
            run.numbers[5].is_some_and(|cost| holds(*sign, &(cost as f64), limit))
        }
        What::Took(QueryBound { sign, limit }) => {
            run.numbers[6].is_some_and(|took| holds(*sign, &Duration::from_secs(took.unsigned_abs()), limit))
        }
        What::Tokens(QueryBound { sign, limit }) => {
            holds(*sign, &run.tokens().unwrap_or_default().unsigned_abs(), limit)
        }
        What::Stars(QueryBound { sign, limit }) => run.grade().stars.is_some_and(|stars| holds(*sign, &stars, limit)),
        What::Graded(yes) => run.grade().is_empty() != *yes,
    }
}

/// Reads off a run whether a query asks for it.
fn is_asked_for(seq: i64, run: &Made, query: &Query) -> bool {
    let prompt = HASHES.iter().position(|hash| run.version == Some(hash)).map(|at| format!("Sort the {}.", TEXTS[at]));
    let has = |word: &String| {
        let word = text::lower(word);
        [Some(run.text), prompt.as_deref()].into_iter().flatten().any(|text| text::holds(text, &word))
    };
    query.words.iter().all(has) && query.filters.iter().all(|Filter { not, what }| is_so(seq, run, what) != *not)
}

/// Writes the facts of a run out, names as texts: as they are on record.
fn shown(facts: &RunFacts, names: &Names) -> String {
    let text = |name: Option<Name>| name.map(|name| names.text(name).to_owned());
    let named = [facts.prompt, facts.version, facts.params, facts.target, facts.model, facts.provider];
    let marks: Vec<_> = facts.marks.iter().map(|(rule, mark, score)| (names.text(*rule), mark, score)).collect();
    format!(
        "{:?} {:?} {:?} {:?} {marks:?} {:?} {:?} {:?} {:?} {:?}",
        named.map(text),
        facts.end,
        facts.status,
        text(facts.class),
        facts.took.zip(Some(facts.waited)),
        facts.spent,
        (facts.judging, facts.judge, facts.attempts, facts.fell_back, facts.cached, facts.demo),
        (facts.stars, facts.right),
        facts.started,
    )
}

/// Writes them out as they were made up.
fn wanted(run: &Made) -> String {
    let [_, prompt, provider] = run.names;
    let [requested, target, model] = run.targets;
    let named = [prompt, run.version, run.params, Some(target), Some(model), provider];
    let status = |mark: &str| match mark {
        "pass" => Status::Passed,
        "fail" => Status::Failed,
        _ => Status::Inconclusive,
    };
    let marks: Vec<_> =
        run.marks.iter().map(|(rule, mark, score)| (rule.replace(' ', "_"), status(mark), score)).collect();
    let took = run.numbers[6].map(|took| Duration::from_secs(took.unsigned_abs()));
    let usage = run.usage();
    let cost = run.cost().map(|cost| PicoDollars(cost.unsigned_abs()));
    let usage = in_and_out(usage.total_input(), usage.total_output(), false, usage.total().is_none());
    let cached = run.provenance == Some("cached");
    let spent =
        if cached { Spent::default() } else { Spent { usage, cost: cost.map_or(Cost::Unknown, Cost::AtLeast) } };
    let judging = Judging { cost: Cost::Known(PicoDollars(3)), tokens: 7, estimated: false, partial: true };
    let attempts = u32::try_from(run.attempts).unwrap();
    let grade = run.grade();
    format!(
        "{:?} {:?} {:?} {:?} {marks:?} {:?} {:?} {:?} {:?} {:?}",
        named.map(|name| name.map(str::to_owned)),
        EndingWord::of_word(run.end).unwrap(),
        run.status,
        run.class.map(str::to_owned),
        took.zip(took),
        spent,
        (run.pinned.then_some(judging), run.pinned, attempts, requested != target, cached, run.demo),
        (grade.stars, grade.right()),
        run.started,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn facts_are_those_of_the_runs_and_a_query_finds_in_them_what_reading_every_run_finds(
        runs in proptest::collection::vec(made(), 1..30),
        queries in proptest::collection::vec((asked(), select(SortBy::ALL), any::<bool>()), 24),
        limit in 1..6_usize,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let db = open(&dir.path().join("retort.db"));
        let all = db.unchecked_transaction().unwrap();
        let numbers = put(&db, &runs);
        all.commit().unwrap();
        let numbered: Vec<(i64, &Made)> = numbers.into_iter().zip(&runs).collect();
        for (mut query, (by, _), ascending) in queries {
            query.sort = Sort { by, ascending };
            let mut asked: Vec<(i64, &Made)> =
                numbered.iter().copied().filter(|(seq, run)| is_asked_for(*seq, run, &query)).collect();
            let (mut names, mut found) = (Names::default(), Vec::new());
            each(&db, &query, &mut names, |seq, facts| found.push((seq, facts.clone()))).unwrap();
            let found: Vec<_> = found.iter().map(|(seq, facts)| (*seq, shown(facts, &names))).collect();
            let ended = asked.iter().filter(|(_, run)| run.end != "running");
            let want: Vec<_> = ended.map(|(seq, run)| (*seq, wanted(run))).collect();
            prop_assert_eq!(found, want, "{:?}", &query);
            prop_assert_eq!(history::count(&db, &query).unwrap(), (asked.len() as u64, false), "{:?}", &query);
            // What is not known comes last either way.
            let sign = if ascending { 1 } else { -1 };
            asked.sort_by_key(|(seq, run)| {
                let rank = run.rank(by);
                (rank.is_none(), rank.map(|rank| rank * sign), seq * sign)
            });
            let (mut pages, mut after) = (Vec::new(), None);
            loop {
                let page = history::page(&db, &query, after.as_ref(), limit).unwrap();
                pages.extend(page.runs.iter().map(|run| run.seq));
                let Some(last) = page.runs.last().filter(|_| page.more) else { break };
                let run = numbered.iter().find(|(seq, _)| *seq == last.seq).unwrap().1;
                after = Some(PageStart { seq: last.seq, value: run.rank(by) });
            }
            prop_assert_eq!(pages, asked.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), "{:?}", &query);
        }
    }
}
