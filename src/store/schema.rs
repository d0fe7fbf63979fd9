//! The tables of both databases, as numbered steps: a database's `user_version` counts those taken.

use crate::store::{facts, migration::Migration, runs, search, versions};

/// `retort.db`. A step that is out in the world is never changed; new ones follow.
///
/// `run` is narrow, so that lists and sums read little; `run_body` holds the texts under the same
/// `seq`, where a full-text index can find them. Times of day are nanoseconds since 1970 in UTC,
/// lengths of time microseconds, money pico-dollars. `run.tokens` and `run.took_us` are the numbers that lists show:
/// all tokens of all attempts, and the time of the answering one.
///
/// Nothing in `prompt_version`, `version_name` and `grade` is ever overwritten: a version is its
/// content, and of several names or grades the last one counts. `run.prompt_hash` names the version
/// that was run.
///
/// `attachment` names the files that went with a run: their bytes lie under their SHA-256 in `attachments/` beside the
/// database, once for all runs, and go when no row names them.
///
/// `blind` is a blind comparison of the answers of batches, `blind_vote` what was said of its pairs, as they stood.
///
/// `run_fact`, `run_config` and `run_outcome` repeat what lists and reports ask of runs, as [`facts`] says.
pub(crate) const RECORD: &[Migration] = &[
    Migration::tables(
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
    Migration {
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
    Migration::tables(
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
    Migration {
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
    Migration::tables(
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
    Migration {
        tables: "
    ALTER TABLE run ADD COLUMN input_hash INTEGER;
    ALTER TABLE run ADD COLUMN score REAL;
        ",
        fill: runs::of_old_runs,
    },
    Migration::tables(
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
    Migration::tables(
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
    Migration {
        tables: "
    ALTER TABLE attempt ADD COLUMN tokens_input INTEGER;
    ALTER TABLE attempt ADD COLUMN tokens_cache_read INTEGER;
    ALTER TABLE attempt ADD COLUMN tokens_cache_write INTEGER;
    ALTER TABLE attempt ADD COLUMN tokens_output INTEGER;
    ALTER TABLE attempt ADD COLUMN tokens_reasoning INTEGER;
    ALTER TABLE attempt ADD COLUMN tokens_estimated INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempt ADD COLUMN tokens_partial INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE attempt ADD COLUMN cost INTEGER;
    ALTER TABLE attempt ADD COLUMN cost_state TEXT;
    ALTER TABLE attempt ADD COLUMN took_us INTEGER;
    ALTER TABLE attempt ADD COLUMN answered INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN tokens INTEGER;
    ALTER TABLE run ADD COLUMN tokens_partial INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN took_us INTEGER;
    ALTER TABLE run ADD COLUMN waited_us INTEGER;
    ALTER TABLE run ADD COLUMN judge INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE run ADD COLUMN judging TEXT;
    DELETE FROM fact_block;
    UPDATE run SET
        tokens = (SELECT sum(count) FROM (SELECT tokens_input AS count UNION ALL SELECT tokens_cache_read
                UNION ALL SELECT tokens_cache_write UNION ALL SELECT tokens_output UNION ALL SELECT tokens_reasoning)
            WHERE count < 100000000),
        took_us = total_us,
        judge = prompt_name IS 'judge' AND EXISTS (SELECT 1 FROM prompt_version WHERE hash = prompt_hash
            AND content LIKE '%You judge the answer of a program by a rubric.%'),
        judging = CASE WHEN marks LIKE '%llm-rubric%' THEN (SELECT outcome -> '$.judging' FROM run_body
            WHERE run_body.seq = run.seq AND json_valid(outcome)) END;
    DROP INDEX run_took;
    DROP INDEX run_output;
    CREATE INDEX run_took ON run (took_us);
    CREATE INDEX run_tokens ON run (tokens);
    CREATE INDEX run_judge ON run (judge) WHERE judge = 1;
    ",
        fill: search::of_old_signs,
    },
    Migration {
        tables: "
    DROP TRIGGER fact_of_run;
    DROP TRIGGER fact_of_changed;
    DROP TRIGGER fact_of_gone;
    DROP TRIGGER fact_of_graded;
    DROP TRIGGER fact_of_graded_again;
    DROP TRIGGER fact_of_ungraded;
    DROP TABLE fact_block;
    DROP INDEX run_started;
    DROP INDEX run_target;
    DROP INDEX run_provider;
    DROP INDEX run_session;
    DROP INDEX run_cost;
    DROP INDEX run_took;
    DROP INDEX run_tokens;
    DROP INDEX run_error;
    DROP INDEX run_unfinished;
    DROP INDEX run_status;
    DROP INDEX run_pinned;
    DROP INDEX run_judge;
    CREATE TABLE run_config (
        id INTEGER PRIMARY KEY,
        prompt_hash TEXT,
        target TEXT NOT NULL,
        params TEXT,
        prompt_name TEXT,
        model TEXT NOT NULL,
        provider TEXT
    );
    CREATE INDEX run_config_of ON run_config (prompt_hash, target, params, prompt_name, model, provider);
    CREATE INDEX run_config_target ON run_config (target);
    CREATE INDEX run_config_model ON run_config (model);
    CREATE INDEX run_config_provider ON run_config (provider);
    CREATE TABLE run_outcome (
        id INTEGER PRIMARY KEY,
        status TEXT,
        checks TEXT NOT NULL,
        end TEXT NOT NULL,
        error_class TEXT,
        faults TEXT NOT NULL,
        attempts INTEGER NOT NULL,
        fell_back INTEGER NOT NULL,
        cached INTEGER NOT NULL,
        demo INTEGER NOT NULL,
        judge INTEGER NOT NULL,
        pinned INTEGER NOT NULL,
        tokens_estimated INTEGER NOT NULL,
        tokens_partial INTEGER NOT NULL,
        cost_state TEXT NOT NULL,
        stars INTEGER,
        thumb TEXT,
        graded INTEGER NOT NULL
    );
    CREATE INDEX run_outcome_of ON run_outcome (status, checks, end, error_class, faults, attempts, fell_back, cached,
        demo, judge, pinned, tokens_estimated, tokens_partial, cost_state, stars, thumb, graded);
    CREATE TABLE run_fact (
        run INTEGER PRIMARY KEY REFERENCES run (seq) ON DELETE CASCADE,
        started INTEGER NOT NULL,
        config INTEGER NOT NULL REFERENCES run_config (id),
        outcome INTEGER NOT NULL REFERENCES run_outcome (id),
        cost INTEGER,
        took_us INTEGER,
        tokens INTEGER,
        tokens_input INTEGER,
        tokens_output INTEGER,
        first_token_us INTEGER,
        waited_us INTEGER,
        input_hash INTEGER,
        score REAL,
        scores BLOB,
        judging TEXT,
        by_target TEXT,
        session TEXT
    );
    ",
        fill: facts::of_old_runs,
    },
    Migration::tables(
        "
    DROP INDEX run_version;
    CREATE INDEX run_request ON run (prompt_hash, input_hash, requested, sample);
    ",
    ),
    Migration::tables(
        "
    CREATE TABLE prompt_rename (
        seq INTEGER PRIMARY KEY,
        old TEXT NOT NULL,
        new TEXT NOT NULL,
        kept_runs TEXT NOT NULL,
        kept_versions TEXT NOT NULL
    );
    ",
    ),
    Migration::tables(
        "
    CREATE TABLE attachment (
        run INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        sha256 TEXT NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (run, sha256, path)
    ) WITHOUT ROWID;
    CREATE INDEX attachment_bytes ON attachment (sha256);
    CREATE INDEX attachment_path ON attachment (path, run);
    ",
    ),
    Migration::tables(
        "
    ALTER TABLE batch ADD COLUMN why TEXT;
    ALTER TABLE batch ADD COLUMN gates TEXT;
    ALTER TABLE prompt_rename ADD COLUMN kept_batches TEXT NOT NULL DEFAULT '[]';
    ",
    ),
    Migration {
        tables: "
    ALTER TABLE run ADD COLUMN modalities TEXT;
    ALTER TABLE run ADD COLUMN cache_saving INTEGER;
    ALTER TABLE run_fact ADD COLUMN modalities TEXT;
    ALTER TABLE run_fact ADD COLUMN cache_saving INTEGER;
    ",
        fill: facts::of_old_outcomes,
    },
    Migration::tables(
        "
    CREATE TABLE blind (
        seq INTEGER PRIMARY KEY,
        batches TEXT NOT NULL,
        seed INTEGER NOT NULL,
        started INTEGER NOT NULL,
        revealed INTEGER
    );
    CREATE INDEX blind_of ON blind (batches);
    CREATE TABLE blind_vote (
        seq INTEGER PRIMARY KEY,
        blind INTEGER NOT NULL REFERENCES blind (seq) ON DELETE CASCADE,
        left_run INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        right_run INTEGER NOT NULL REFERENCES run (seq) ON DELETE CASCADE,
        choice TEXT NOT NULL,
        voted INTEGER NOT NULL
    );
    CREATE INDEX blind_vote_of ON blind_vote (blind);
    CREATE INDEX blind_vote_left ON blind_vote (left_run);
    CREATE INDEX blind_vote_right ON blind_vote (right_run);
    ALTER TABLE run_body ADD COLUMN pace TEXT;
    ",
    ),
];

/// `cache.db`. `used` grows with every use, so the smallest is the least recently used.
pub(crate) const CACHE: &[Migration] = &[Migration::tables(
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
mod tests;
