//! Two processes on one data directory, one of them killed again and again at any point.
//!
//! `RETORT_KILL_SECONDS=60 cargo nextest run kill` goes on for as long as that.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command},
    time::{Duration, Instant},
};

use retort::store::{
    Store,
    api::{StoreReply, StoreRequest},
};
use rusqlite::Connection;

use super::flaky::{Fate, Flaky};
use crate::support::home::Home;

/// A run tells about as many lines before its end.
const LINES: usize = 9;

const CAPACITY: usize = 5;

/// Keeps a list of everything that happens to the cache, in the order in which it does.
const WATCH: &str = "
    CREATE TABLE seen (at INTEGER PRIMARY KEY, what TEXT NOT NULL, key TEXT NOT NULL);
    CREATE TRIGGER seen_put AFTER INSERT ON entry BEGIN INSERT INTO seen (what, key) VALUES ('used', new.key); END;
    CREATE TRIGGER seen_use AFTER UPDATE ON entry BEGIN INSERT INTO seen (what, key) VALUES ('used', new.key); END;
    CREATE TRIGGER seen_out AFTER DELETE ON entry BEGIN INSERT INTO seen (what, key) VALUES ('out', old.key); END;";

fn start(home: &Home, url: &str, input: usize) -> Child {
    let input = home.file(&format!("work/{input}.txt"), &input.to_string());
    let mut command: Command = home.command(&["run", "plain", "-m", "gpt-4o-mini", "--json", "-i"]);
    command.arg(input).env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", format!("{url}/v1"));
    command.spawn().unwrap()
}

fn open(home: &Home, database: &str) -> Connection {
    let db = Connection::open(home.dir(database.split('/').next().unwrap()).parent().unwrap().join(database)).unwrap();
    let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok", "{database}");
    db
}

fn texts(db: &Connection, sql: &str) -> Vec<(String, String)> {
    let mut rows = db.prepare(sql).unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Plays what happened to the cache again on a list: the least recently used leaves, and only when
/// there is one too many. Returns how many uses and how many leavings there were.
fn assert_lru(cache: &Connection) -> (usize, usize) {
    let (mut list, mut uses, mut outs) = (Vec::<String>::new(), 0, 0);
    for (at, (what, key)) in texts(cache, "SELECT what, key FROM seen ORDER BY at").into_iter().enumerate() {
        if what == "out" {
            assert_eq!((list.len(), list.first()), (CAPACITY + 1, Some(&key)), "what leaves at {at}");
            list.remove(0);
            outs += 1;
        } else {
            list.retain(|known| *known != key);
            list.push(key);
            uses += 1;
        }
        assert!(list.len() <= CAPACITY + 1, "{} answers at {at}", list.len());
    }
    let left: Vec<String> =
        texts(cache, "SELECT key, key FROM entry ORDER BY used").into_iter().map(|(key, _)| key).collect();
    assert_eq!(left, list, "what is left, the least recently used first");
    (uses, outs)
}

/// What a killed run had told: its id, and whether its end.
fn told(line: &str, run: &mut String) -> bool {
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    if let Some(id) = line["run"].as_str() {
        id.clone_into(run);
    }
    line["event"] == "ended"
}

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[allow(clippy::print_stderr, reason = "the numbers of a long loop")]
async fn a_process_killed_at_any_point_leaves_nothing_half_done() {
    let home = Home::new();
    home.file("config/config.toml", &format!("[cache]\ncapacity = {CAPACITY}\n"));
    home.file("config/prompts/plain.toml", "user = \"{{ input }}\"\n");
    let server = Flaky::start(|_, _| Fate::Well, Duration::from_millis(25)).await;
    let url = server.url.clone();
    let least = Duration::from_secs(std::env::var("RETORT_KILL_SECONDS").map_or(0, |s| s.parse().expect("seconds")));
    let (home, rounds, over) = tokio::task::spawn_blocking(move || {
        let (begin, mut rounds, mut over) = (Instant::now(), 0, Vec::new());
        assert!(start(&home, &url, 0).wait_with_output().unwrap().status.success());
        open(&home, "cache/cache.db").execute_batch(WATCH).unwrap();
        open(&home, "cache/cache.db")
            .execute("INSERT INTO seen (what, key) SELECT 'used', key FROM entry", [])
            .unwrap();
        while rounds < 2 * LINES || begin.elapsed() < least {
            // Every other answer of the one that is let alone is in the cache, or was.
            let other = start(&home, &url, 2 * (rounds % 4));
            let mut victim = start(&home, &url, 2 * rounds + 1);
            let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
            let mut run = String::new();
            let ended = lines.take(rounds % LINES + 1).any(|line| told(&line.unwrap(), &mut run));
            victim.kill().unwrap();
            over.extend(ended.then_some(run));
            victim.wait().unwrap();
            let ended = other.wait_with_output().unwrap();
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            rounds += 1;
        }
        (home, rounds, over)
    })
    .await
    .unwrap();
    let cache = open(&home, "cache/cache.db");
    let kept = count(&cache, "SELECT count(*) FROM entry");
    assert!((1..=CAPACITY).contains(&usize::try_from(kept).unwrap()), "{kept} answers in a cache of {CAPACITY}");
    assert_eq!(count(&cache, "SELECT count(*) FROM entry WHERE NOT json_valid(value)"), 0, "half an entry");
    let (uses, outs) = assert_lru(&cache);
    assert!(uses > rounds && outs > 0, "{uses} uses, {outs} left");
    // The next process that looks marks what the killed ones left behind.
    let store = Store::open(home.places(), CAPACITY);
    let Ok(StoreReply::Grades(_)) = store.ask(StoreRequest::Grades(Vec::new())).await else {
        panic!("no grades of runs")
    };
    store.close(Duration::from_secs(30)).unwrap();
    let record = open(&home, "data/retort.db");
    let ends = |word: &str| count(&record, &format!("SELECT count(*) FROM run WHERE end = '{word}'"));
    let (done, crashed) = (ends("done"), ends("crashed"));
    assert_eq!(ends("running"), 0, "a killed run still runs");
    assert!(done > i64::try_from(rounds).unwrap(), "{done} done of {rounds} that were let alone");
    assert!(crashed > 0 && done + crashed <= i64::try_from(2 * rounds + 1).unwrap(), "{done} done, {crashed} crashed");
    assert!(!over.is_empty(), "some are killed after they have told their end");
    for run in &over {
        let id = run.replace('-', "").to_uppercase();
        let sql = format!("SELECT count(*) FROM run WHERE end = 'done' AND hex(id) = '{id}'");
        assert_eq!(count(&record, &sql), 1, "{run} has told its end and is not on record as done");
    }
    assert_eq!(count(&record, "SELECT count(*) FROM run"), done + crashed);
    let halves = "SELECT count(*) FROM run LEFT JOIN run_body USING (seq) WHERE end = 'done' AND run_body.seq IS NULL";
    assert_eq!(count(&record, halves), 0, "half a record");
    eprintln!(
        "{rounds} killed of {} runs: {done} done, {crashed} crashed, {} killed after their end was told and all of \
         them done; cache: {uses} uses, {outs} left it, {kept} of {CAPACITY} in it, equal to the list",
        2 * rounds + 1,
        over.len()
    );
}
