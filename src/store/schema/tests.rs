//! Records of every earlier form are brought to the last one, and nothing in them is lost.

use std::{path::Path, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use rusqlite::Connection;

use crate::{
    model::{Cost, Input, PicoDollars, query::Query},
    store::{analysis, database, history, runs, schema::*},
    text::format,
};

/// What the runs of the first form are on.
fn input() -> Input {
    Input::of("My parcel never came\n")
}

/// A record with three runs and a crash as the first form had it, brought to a later form.
fn of_form(path: &Path, form: usize) {
    let mut old = Connection::open(path).unwrap();
    old.pragma_update(None, "foreign_keys", false).unwrap();
    old.execute_batch(include_str!("../../../tests/fixtures/store/form1.sql")).unwrap();
    let transaction = old.transaction().unwrap();
    for step in &RECORD[1..form] {
        transaction.execute_batch(step.tables).unwrap();
        (step.fill)(&transaction).unwrap();
    }
    transaction.pragma_update(None, "user_version", i64::try_from(form).unwrap()).unwrap();
    transaction.commit().unwrap();
}

#[test]
fn a_record_of_every_earlier_form_keeps_all_its_runs_and_finds_them() {
    for form in 1..=RECORD.len() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("retort.db");
        of_form(&path, form);
        let db = database::open(&path, RECORD, Duration::from_secs(1)).unwrap();
        let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, i64::try_from(RECORD.len()).unwrap(), "form {form}");
        let page = |line: &str| {
            let query = Query::parse(line, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)).unwrap();
            history::page(&db, &query, None, 10).unwrap().runs
        };
        let all = page("");
        let ends: Vec<&str> = all.iter().map(|run| run.end.as_str()).collect();
        assert_eq!(ends, ["crashed", "done", "done", "done"], "form {form}");
        assert_eq!(page("\"parcel never came\"").len(), 3, "form {form}");
        let shown = (format::tokens(&all[1].tokens()), all[1].took, all[1].waited, all[1].judge);
        let took = Some(Duration::from_micros(463_058));
        assert_eq!(shown, ("~22→16".to_owned(), took, Duration::ZERO, false), "form {form}");
        assert_eq!(
            (all[0].took, all[0].cost, format::tokens(&all[0].tokens())),
            (None, Cost::Unknown, "?→?".to_owned())
        );
        assert_eq!(page("sort:tokens").first().map(|run| run.seq), Some(3), "form {form}");
        let report = analysis::report(&db, &Query::default()).unwrap();
        assert_eq!((report.runs, report.spent.cost, report.unpriced, report.attempts), (4, Cost::Unknown, 1, 3));
        assert_eq!(page("failed:required").len(), 3, "form {form}");
        let paired = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let alike = paired("SELECT count(*) FROM run WHERE input_hash = (SELECT input_hash FROM run WHERE seq = 1)");
        assert_eq!((alike, paired("SELECT input_hash FROM run WHERE seq = 1")), (3, input().hash()), "form {form}");
        assert_eq!(paired("SELECT count(*) FROM run WHERE score BETWEEN 0 AND 1"), 3, "form {form}");
        let run = runs::open(&db, all[3].run).unwrap().unwrap();
        assert_eq!((run.prompt.description.as_str(), run.timeline.len()), ("Sort a message", 6), "form {form}");
    }
}

#[test]
fn what_cannot_be_read_in_an_old_record_is_paired_with_nothing_and_the_verdicts_that_count_are_scored() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("retort.db");
    of_form(&path, 5);
    let passed = r#"{"verdicts":[{"rule":"required","mark":"pass","reason":""}]}"#;
    let half = r#"{"verdicts":[{"rule":"required","mark":"fail","reason":"","credit":0.5}]}"#;
    let old = Connection::open(&path).unwrap();
    old.execute_batch(&format!(
        "UPDATE run_body SET input = x'ff', outcome = '[1' WHERE seq = 1;
         UPDATE run_body SET input = '{{\"texts\": 1}}' WHERE seq = 2;
         INSERT INTO judgement (run, judged, quality) VALUES (2, 0, '{passed}'), (2, 1, '{half}'), (3, 0, '{{');"
    ))
    .unwrap();
    drop(old);
    let db = database::open(&path, RECORD, Duration::from_secs(1)).unwrap();
    let mut statement = db.prepare("SELECT input_hash, score FROM run ORDER BY seq").unwrap();
    let found: Vec<(Option<i64>, Option<f64>)> =
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let own = found[2].1.unwrap();
    assert_eq!(found, [(None, None), (None, Some(0.5)), (Some(input().hash()), Some(own)), (None, None)]);
}

#[test]
fn the_runs_of_judges_and_what_they_took_are_told_apart_in_an_old_record_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("retort.db");
    of_form(&path, 8);
    let old = Connection::open(&path).unwrap();
    let content = r#"{"system":"You judge the answer of a program by a rubric. You are given a JSON object: …"}"#;
    old.execute(
        "INSERT INTO prompt_version (hash, made, content) VALUES ('f1', 0, ?1), ('f2', 0, '{\"system\":\"mine\"}')",
        [content],
    )
    .unwrap();
    old.execute_batch(
        r#"UPDATE run SET prompt_name = 'judge', prompt_hash = 'f1', demo = 0, cost = 7, cost_state = 'known' WHERE seq = 1;
           UPDATE run SET prompt_name = 'judge', prompt_hash = 'f2', demo = 0, tokens_input = 9223372036854775807,
               cost = 9223372036854775807, cost_state = 'known' WHERE seq = 2;
           UPDATE run SET marks = 'format+ llm-rubric-0.2', demo = 0, cost = 5, cost_state = 'known' WHERE seq = 3;
           UPDATE run_body SET outcome = json_set(outcome, '$.judging',
               json('{"cost":{"state":"known","amount":7},"tokens":38}')) WHERE seq = 3;
           DELETE FROM run WHERE seq = 4;"#,
    )
    .unwrap();
    drop(old);
    let db = database::open(&path, RECORD, Duration::from_secs(1)).unwrap();
    let report = analysis::report(&db, &Query::default()).unwrap();
    assert_eq!((report.runs, report.judges.tokens, report.judges.cost), (2, 38, Cost::Known(PicoDollars(7))));
    assert_eq!(report.spent.cost, Cost::AtLeast(PicoDollars(5)), "a price of what cannot be means nothing");
    assert_eq!((report.tokens_in, report.tokens_out, report.spent.usage.sureness()), (22, 32, "at_least"));
    let page = |line: &str| {
        let query = Query::parse(line, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)).unwrap();
        history::page(&db, &query, None, 10).unwrap().runs.iter().map(|run| run.seq).collect::<Vec<_>>()
    };
    assert_eq!((page("judge:yes"), page("judge:no"), page("prompt:judge")), (vec![1], vec![3, 2], vec![2, 1]));
    assert_eq!(page("sort:tokens"), [3, 1, 2], "what cannot be is in no order");
}

#[test]
fn what_old_runs_called_is_found_and_what_they_took_of_pictures_and_saved_is_summed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("retort.db");
    of_form(&path, 14);
    let old = Connection::open(&path).unwrap();
    old.execute_batch(
        r#"UPDATE run_body SET outcome = json_set(outcome, '$.usage.image', 258, '$.usage.audio_output', 9,
               '$.cache_saving', 1800000000, '$.calls', json('[{"id":"1","name":"find_order","arguments":"{\"n\":4711}"}]'))
               WHERE seq = 1;
           UPDATE run_body SET outcome = json_set(outcome, '$.cache_saving', -500000000) WHERE seq = 2;
           UPDATE run_body SET outcome = '{"cache_saving":' WHERE seq = 3;
           UPDATE run_outcome SET demo = 0;"#,
    )
    .unwrap();
    drop(old);
    let db = database::open(&path, RECORD, Duration::from_secs(1)).unwrap();
    for line in ["find_order", "4711", "nd_ord"] {
        let query = Query::parse(line, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)).unwrap();
        let found: Vec<i64> = history::page(&db, &query, None, 10).unwrap().runs.iter().map(|run| run.seq).collect();
        assert_eq!(found, [1], "{line}");
    }
    let report = analysis::report(&db, &Query::default()).unwrap();
    let usage = report.spent.usage;
    assert_eq!((usage.image, usage.audio, usage.audio_output), (Some(258), None, Some(9)));
    assert_eq!(report.cache_saving.map(|saved| saved.0), Some(1_300_000_000));
}

#[test]
fn words_beside_signs_that_the_index_took_for_letters_are_found_in_an_old_record_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("retort.db");
    of_form(&path, 8);
    let old = Connection::open(&path).unwrap();
    let text = "parcel\u{1f916}lost\u{1f44d}\u{1f3fd}again";
    old.execute("UPDATE run_body SET text = ?1 WHERE seq = 1", [text]).unwrap();
    old.execute("INSERT OR REPLACE INTO run_text (rowid, text) VALUES (1, ?1)", [text]).unwrap();
    drop(old);
    let db = database::open(&path, RECORD, Duration::from_secs(1)).unwrap();
    for line in ["lost", "again", "ost\u{1f44d}", "\u{1f3fd}again", "\"parcel\u{1f916}lo\""] {
        let query = Query::parse(line, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)).unwrap();
        let found: Vec<i64> = history::page(&db, &query, None, 10).unwrap().runs.iter().map(|run| run.seq).collect();
        assert_eq!(found, [1], "{line}");
    }
}
