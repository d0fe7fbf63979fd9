//! The tables of both databases, as numbered steps: a database's `user_version` counts those taken.

/// `retort.db`. A step that is out in the world is never changed; new ones follow.
///
/// `run` is narrow, so that lists and sums read little; `run_body` holds the texts under the same
/// `seq`, where a full-text index can find them. Times of day are nanoseconds since 1970 in UTC,
/// lengths of time microseconds, money pico-dollars.
pub(super) const RECORD: &[&str] = &["
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
"];

/// `cache.db`. `used` grows with every use, so the smallest is the least recently used.
pub(super) const CACHE: &[&str] = &["
    CREATE TABLE entry (
        key TEXT PRIMARY KEY,
        used INTEGER NOT NULL,
        value TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX entry_used ON entry (used);
"];
