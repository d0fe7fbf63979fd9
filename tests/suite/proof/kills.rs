//! Two processes on one data directory, one of them killed again and again at any point.
//!
//! `RETORT_KILL_SECONDS=60 cargo nextest run kill` goes on for as long as that.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command},
    time::{Duration, Instant},
};

use retort::{
    model::settings::Places,
    store::{
        Store,
        job::{Job, Reply},
    },
};
use rusqlite::Connection;

use super::flaky::{Fate, Flaky};
use crate::support::home::Home;

/// A run tells about as many lines before its end.
const LINES: usize = 9;

const CAPACITY: i64 = 5;

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

fn count(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_process_killed_at_any_point_leaves_nothing_half_done() {
    let home = Home::new();
    home.file("config/config.toml", &format!("[cache]\ncapacity = {CAPACITY}\n"));
    home.file("config/prompts/plain.toml", "user = \"{{ input }}\"\n");
    let server = Flaky::start(|_, _| Fate::Well, Duration::from_millis(3)).await;
    let url = server.url.clone();
    let least = Duration::from_secs(std::env::var("RETORT_KILL_SECONDS").map_or(0, |s| s.parse().expect("seconds")));
    let (home, rounds) = tokio::task::spawn_blocking(move || {
        let (begin, mut rounds) = (Instant::now(), 0);
        while rounds < 2 * LINES || begin.elapsed() < least {
            let other = start(&home, &url, 2 * rounds);
            let mut victim = start(&home, &url, 2 * rounds + 1);
            let lines = BufReader::new(victim.stdout.take().unwrap()).lines();
            lines.take(rounds % LINES + 1).for_each(|line| drop(line.unwrap()));
            victim.kill().unwrap();
            victim.wait().unwrap();
            let ended = other.wait_with_output().unwrap();
            assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
            rounds += 1;
        }
        (home, rounds)
    })
    .await
    .unwrap();
    let cache = open(&home, "cache/cache.db");
    let kept = count(&cache, "SELECT count(*) FROM entry");
    assert!((1..=CAPACITY).contains(&kept), "{kept} answers in a cache of {CAPACITY}");
    assert_eq!(count(&cache, "SELECT count(*) FROM entry WHERE NOT json_valid(value)"), 0, "half an entry");
    // The next process that looks marks what the killed ones left behind.
    let places = Places {
        config: home.dir("config"),
        data: home.dir("data"),
        cache: home.dir("cache"),
        state: home.dir("state"),
        project: None,
    };
    let store = Store::open(places, 5);
    let Ok(Reply::Runs(_)) = store.ask(Job::RecentRuns { limit: 10 }).await else { panic!("no list of runs") };
    store.close(Duration::from_secs(30)).unwrap();
    let record = open(&home, "data/retort.db");
    let ends = |word: &str| count(&record, &format!("SELECT count(*) FROM run WHERE end = '{word}'"));
    let (done, crashed) = (ends("done"), ends("crashed"));
    assert_eq!(ends("running"), 0, "a killed run still runs");
    assert!(done >= i64::try_from(rounds).unwrap(), "{done} done of {rounds} that were let alone");
    assert!(crashed > 0 && done + crashed <= i64::try_from(2 * rounds).unwrap(), "{done} done, {crashed} crashed");
    assert_eq!(count(&record, "SELECT count(*) FROM run"), done + crashed);
    let halves = "SELECT count(*) FROM run LEFT JOIN run_body USING (seq) WHERE end = 'done' AND run_body.seq IS NULL";
    assert_eq!(count(&record, halves), 0, "half a record");
}
