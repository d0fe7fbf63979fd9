//! The tables of both databases, as numbered steps: a database's `user_version` counts those taken.

use rusqlite::Transaction;

use super::{runs, search, versions};

/// One step: the tables it makes, and what then fills them from those before.
pub(super) struct Step {
    pub(super) tables: &'static str,
    pub(super) fill: fn(&Transaction<'_>) -> rusqlite::Result<()>,
}

impl Step {
    const fn tables(tables: &'static str) -> Self {
        Self { tables, fill: |_| Ok(()) }
    }
}

/// `retort.db`. A step that is out in the world is never changed; new ones follow.
///
/// `run` is narrow, so that lists and sums read little; `run_body` holds the texts under the same
/// `seq`, where a full-text index can find them. Times of day are nanoseconds since 1970 in UTC,
/// lengths of time microseconds, money pico-dollars.
///
/// Nothing in `prompt_version`, `version_name` and `grade` is ever overwritten: a version is its
/// content, and of several names or grades the last one counts. `run.prompt_hash` names the version
/// that was run.
pub(super) const RECORD: &[Step] = &[
    Step::tables(
        "
    CREATE TABLE run (
        seq INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        started INTEGER NOT NULL,
        session TEXT,
        prompt_name TEXT,
        prompt_hash TEXT,
        requested TEXT NOT NULL,
        target TEXT NOT NULL,
        model TEXT NOT NULL,
        served TEXT,
        end TEXT NOT NULL,
        passed INTEGER,
        provenance TEXT,
        cached_at INTEGER,
        demo INTEGER NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        finish TEXT,
        error_class TEXT,
        tokens_input INTEGER,
        tokens_cache_read INTEGER,
        tokens_cache_write INTEGER,
        tokens_output INTEGER,
        tokens_reasoning INTEGER,
        tokens_estimated INTEGER NOT NULL DEFAULT 0,
        cost INTEGER,
        cost_state TEXT NOT NULL DEFAULT 'unknown',
        total_us INTEGER,
        first_byte_us INTEGER,
        first_token_us INTEGER,
        generation_us INTEGER,
        owner TEXT
    );
    CREATE INDEX run_started ON run (started);
    CREATE INDEX run_running ON run (owner) WHERE end = 'running';
    CREATE TABLE run_body (
        seq INTEGER PRIMARY KEY REFERENCES run (seq) ON DELETE CASCADE,
        prompt TEXT NOT NULL,
        input TEXT NOT NULL,
        text TEXT NOT NULL,
        reasoning TEXT NOT NULL,
        outcome TEXT NOT NULL,
        timeline TEXT NOT NULL
    );
    CREATE TABLE attempt (
        seq INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        target TEXT NOT NULL,
        model TEXT NOT NULL,
        key_label TEXT,
        status INTEGER,
        class TEXT,
        wait_us INTEGER,
        PRIMARY KEY (seq, number)
    ) WITHOUT ROWID;
    CREATE TABLE verdict (
        seq INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        rule TEXT NOT NULL,
        mark TEXT NOT NULL,
        score REAL,
        reason TEXT NOT NULL,
        PRIMARY KEY (seq, place)
    ) WITHOUT ROWID;
    ",
    ),
    Step {
        tables: "
    CREATE TABLE prompt_version (
        seq INTEGER PRIMARY KEY,
        hash TEXT NOT NULL UNIQUE,
        made INTEGER NOT NULL,
        content TEXT NOT NULL,
        prompt_name TEXT,
        session TEXT,
        parent TEXT
    );
    CREATE INDEX prompt_version_of ON prompt_version (prompt_name, session);
    CREATE TABLE version_name (
        seq INTEGER PRIMARY KEY,
        hash TEXT NOT NULL REFERENCES prompt_version (hash),
        named INTEGER NOT NULL,
        name TEXT NOT NULL
    );
    CREATE INDEX version_name_of ON version_name (hash);
    CREATE TABLE grade (
        seq INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        given INTEGER NOT NULL,
        stars INTEGER CHECK (stars BETWEEN 1 AND 5),
        thumb TEXT CHECK (thumb IN ('up', 'down')),
        comment TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX grade_of ON grade (run);
    ALTER TABLE attempt ADD COLUMN provider TEXT;
    ALTER TABLE run ADD COLUMN provider TEXT;
    ALTER TABLE run ADD COLUMN sample INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN params TEXT;
    CREATE INDEX run_version ON run (prompt_hash);
    CREATE INDEX run_prompt ON run (prompt_name);
    UPDATE run SET params = (
        SELECT json_extract(told.value, '$.params') FROM run_body, json_each(run_body.timeline) AS told
        WHERE run_body.seq = run.seq AND json_extract(told.value, '$.event') = 'prepared'
    );
        ",
        fill: versions::of_old_runs,
    },
    Step::tables(
        "
    CREATE TABLE batch (
        seq INTEGER PRIMARY KEY,
        id BLOB NOT NULL UNIQUE,
        started INTEGER NOT NULL,
        ended INTEGER,
        name TEXT NOT NULL,
        spec TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        end TEXT,
        owner TEXT
    );
    CREATE INDEX batch_of ON batch (fingerprint);
    CREATE TABLE cell (
        batch INTEGER NOT NULL REFERENCES batch (seq) ON DELETE CASCADE,
        row INTEGER NOT NULL,
        prompt INTEGER NOT NULL,
        target INTEGER NOT NULL,
        sample INTEGER NOT NULL,
        fingerprint INTEGER NOT NULL,
        run INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        content TEXT NOT NULL,
        PRIMARY KEY (batch, row, prompt, target, sample)
    ) WITHOUT ROWID;
    CREATE INDEX cell_run ON cell (run);
    ALTER TABLE run_body ADD COLUMN beside TEXT;
    ",
    ),
    Step {
        tables: "
    ALTER TABLE run ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX run_model ON run (model);
    CREATE INDEX run_target ON run (target);
    CREATE INDEX run_provider ON run (provider);
    CREATE INDEX run_session ON run (session);
    CREATE INDEX run_cost ON run (cost);
    CREATE INDEX run_took ON run (total_us);
    CREATE INDEX run_output ON run (tokens_output);
    CREATE INDEX run_error ON run (error_class) WHERE error_class IS NOT NULL;
    CREATE INDEX run_unfinished ON run (end) WHERE end <> 'done';
    CREATE INDEX run_broken ON run (passed) WHERE passed = 0;
    CREATE INDEX run_pinned ON run (pinned) WHERE pinned = 1;
    CREATE INDEX verdict_failed ON verdict (rule) WHERE mark = 'fail';
    CREATE VIRTUAL TABLE run_text USING fts5 (text, content = '', contentless_delete = 1,
        tokenize = 'unicode61 remove_diacritics 2');
    CREATE TABLE word (seq INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
    CREATE VIRTUAL TABLE word_part USING fts5 (text, content = 'word', content_rowid = 'seq',
        tokenize = 'trigram remove_diacritics 1');
    CREATE TRIGGER word_noted AFTER INSERT ON word BEGIN
        INSERT INTO word_part (rowid, text) VALUES (new.seq, new.text);
    END;
    CREATE TRIGGER run_gone AFTER DELETE ON run BEGIN
        DELETE FROM run_text WHERE rowid = old.seq;
    END;
        ",
        fill: search::of_old_runs,
    },
    Step::tables(
        "
    CREATE TABLE judgement (
        seq INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        judged INTEGER NOT NULL,
        prompt_hash TEXT,
        quality TEXT NOT NULL
    );
    CREATE INDEX judgement_of ON judgement (run);
    ALTER TABLE run ADD COLUMN marks TEXT;
    UPDATE run SET marks = (
        SELECT group_concat(replace(rule, ' ', '_') || CASE mark WHEN 'pass' THEN '+' WHEN 'fail' THEN '-' ELSE '?' END
            || coalesce(score, ''), ' ') FROM verdict WHERE verdict.seq = run.seq
    );
    ",
    ),
    Step {
        tables: "
    ALTER TABLE run ADD COLUMN input_hash INTEGER;
    ALTER TABLE run ADD COLUMN score REAL;
        ",
        fill: runs::of_old_runs,
    },
    Step::tables(
        "
    CREATE TABLE fact_block (
        block INTEGER PRIMARY KEY,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        facts BLOB NOT NULL
    );
    CREATE TRIGGER fact_of_run AFTER INSERT ON run BEGIN
        DELETE FROM fact_block WHERE block = new.seq / 1024;
    END;
    CREATE TRIGGER fact_of_changed AFTER UPDATE ON run WHEN old.end <> 'running' BEGIN
        DELETE FROM fact_block WHERE block = old.seq / 1024;
    END;
    CREATE TRIGGER fact_of_gone AFTER DELETE ON run BEGIN
        DELETE FROM fact_block WHERE block = old.seq / 1024;
    END;
    CREATE TRIGGER fact_of_graded AFTER INSERT ON grade BEGIN
        DELETE FROM fact_block WHERE block = new.run / 1024;
    END;
    CREATE TRIGGER fact_of_graded_again AFTER UPDATE ON grade BEGIN
        DELETE FROM fact_block WHERE block IN (old.run / 1024, new.run / 1024);
    END;
    CREATE TRIGGER fact_of_ungraded AFTER DELETE ON grade BEGIN
        DELETE FROM fact_block WHERE block = old.run / 1024;
    END;
    ",
    ),
    Step::tables(
        "
    ALTER TABLE run ADD COLUMN status TEXT;
    UPDATE run SET status = CASE
        WHEN end IN ('failed', 'interrupted') THEN 'error'
        WHEN end IN ('cancelled', 'crashed') THEN 'cancelled'
        WHEN end = 'running' THEN NULL
        WHEN passed IS NULL THEN 'unchecked'
        WHEN passed = 0 THEN 'failed'
        WHEN EXISTS (SELECT 1 FROM verdict WHERE verdict.seq = run.seq AND mark = 'skipped') THEN 'inconclusive'
        WHEN coalesce(marks, '') = '' THEN 'unchecked'
        ELSE 'passed' END;
    DROP INDEX run_broken;
    ALTER TABLE run DROP COLUMN passed;
    CREATE INDEX run_status ON run (status) WHERE status <> 'passed';
    UPDATE cell SET content = json_set(json_remove(content, '$.passed', '$.skipped'), '$.status',
        (SELECT coalesce(status, 'error') FROM run WHERE run.seq = cell.run));
    DELETE FROM fact_block;
    ",
    ),
];

/// `cache.db`. `used` grows with every use, so the smallest is the least recently used.
pub(super) const CACHE: &[Step] = &[Step::tables(
    "
    CREATE TABLE entry (
        key TEXT PRIMARY KEY,
        used INTEGER NOT NULL,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX entry_used ON entry (used);
",
)];

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use jiff::Timestamp;
    use rusqlite::Connection;

    use super::*;
    use crate::{
        model::{Input, query::Query},
        store::{db, history},
    };

    /// What the runs of the first form are on.
    fn input() -> Input {
        Input::of("My parcel never came\n")
    }

    /// A record with three runs and a crash as the first form had it, brought to a later form.
    fn of_form(path: &Path, form: usize) {
        let mut old = Connection::open(path).unwrap();
        old.pragma_update(None, "foreign_keys", false).unwrap();
        old.execute_batch(include_str!("../../tests/fixtures/store/form1.sql")).unwrap();
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
            let db = db::open(&path, RECORD, Duration::from_secs(1)).unwrap();
            let taken: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
            assert_eq!(taken, i64::try_from(RECORD.len()).unwrap(), "form {form}");
            let page = |line: &str| {
                let query = Query::parse(line, Timestamp::UNIX_EPOCH).unwrap();
                history::page(&db, &query, None, 10).unwrap().runs
            };
            let all = page("");
            let ends: Vec<&str> = all.iter().map(|run| run.end.as_str()).collect();
            assert_eq!(ends, ["crashed", "done", "done", "done"], "form {form}");
            assert_eq!(page("\"parcel never came\"").len(), 3, "form {form}");
            assert_eq!(page("failed:required").len(), 3, "form {form}");
            let paired = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
            let alike =
                paired("SELECT count(*) FROM run WHERE input_hash = (SELECT input_hash FROM run WHERE seq = 1)");
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
        let db = db::open(&path, RECORD, Duration::from_secs(1)).unwrap();
        let mut statement = db.prepare("SELECT input_hash, score FROM run ORDER BY seq").unwrap();
        let found: Vec<(Option<i64>, Option<f64>)> =
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        let own = found[2].1.unwrap();
        assert_eq!(found, [(None, None), (None, Some(0.5)), (Some(input().hash()), Some(own)), (None, None)]);
    }
}
