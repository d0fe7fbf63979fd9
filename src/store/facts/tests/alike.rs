//! Blocks find exactly the runs that a query finds in the rows, whatever runs and queries there are.

use std::collections::BTreeSet;

use proptest::{prelude::*, sample::select};
use rusqlite::params_from_iter;

use super::*;
use crate::{
    model::{
        RunStatus,
        query::{Bound, Filter, Sign, What},
    },
    store::search::{self, Known},
};

const NAMES: [&str; 4] = ["a", "b", "A", ""];
const HASHES: [&str; 5] = ["ab12", "ab13", "ac", "abg", "b"];
const ENDS: [&str; 7] = ["done", "done", "failed", "interrupted", "cancelled", "crashed", "running"];
const RULES: [&str; 6] = ["format", "confidence", "not-contains", "a b", "a_b", "a"];
const CLASSES: [&str; 3] = ["rate limited", "timeout", "refused"];
const PARAMS: [&str; 4] = [r#"{"temperature":0.5}"#, r#"{"temperature":1,"extra":{"k":"v"}}"#, "{}", "[1"];
const TEXTS: [&str; 5] = ["parcel never came", "tea", "Parcels!", "荷物 tea", ""];

#[derive(Debug, Clone)]
pub(in crate::store) struct Made {
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

pub(in crate::store) fn made() -> impl Strategy<Value = Made> {
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

pub(in crate::store) fn put(db: &Connection, runs: &[Made]) {
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

pub(in crate::store) fn asked() -> impl Strategy<Value = Query> {
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
        let text = |name: Option<crate::model::facts::Name>| name.map(|name| names.text(name).to_owned());
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
