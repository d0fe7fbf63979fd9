//! A batch killed again and again at any point until it is done: the report is that of an undisturbed one.
//!
//! `RETORT_KILL_SECONDS=60 cargo nextest run batch_kill` makes it long enough for that.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs,
    process::Command,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use serde_json::Value;

use super::flaky::{Fate, Flaky};
use crate::support::home::Home;

/// Rows, in a short test.
const ROWS: u64 = 60;

fn command(home: &Home, url: &str, rows: &str, more: &[&str]) -> Command {
    let mut arguments = vec!["batch", "plain", rows, "-m", "gpt-4o-mini", "-j", "4", "--no-cache", "--json"];
    arguments.extend(more);
    let mut command = home.command(&arguments);
    command.env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", format!("{url}/v1"));
    command
}

/// The rows whose cells are on record as answered, whichever batch they are of.
fn journalled(home: &Home) -> Vec<u64> {
    let path = home.dir("data").join("retort.db");
    if !path.exists() {
        return Vec::new();
    }
    let db = Connection::open(path).unwrap();
    let whole: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
    let Ok(mut cells) = db.prepare("SELECT row FROM cell JOIN run ON run.seq = cell.run WHERE run.end = 'done'") else {
        return Vec::new();
    };
    let rows = cells.query_map([], |row| row.get::<_, i64>(0)).unwrap();
    rows.map(|row| u64::try_from(row.unwrap()).unwrap()).collect()
}

/// Whether the batch is noted as complete: its report is written by then, and the same command begins another.
fn is_over(home: &Home) -> bool {
    let path = home.dir("data").join("retort.db");
    let count = |db: &Connection| {
        db.query_row("SELECT count(*) FROM batch WHERE end = 'complete'", [], |row| row.get::<_, i64>(0))
    };
    path.exists() && Connection::open(path).and_then(|db| count(&db)).is_ok_and(|complete| complete > 0)
}

/// The cells of a report, without what no two runs have in common.
fn cells(report: &str) -> Vec<Value> {
    let lines = report.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let cells = lines.map(|mut line| {
        let own = line.as_object_mut().unwrap();
        for passing in ["run", "seconds", "waited"] {
            own.remove(passing).unwrap();
        }
        line
    });
    cells.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_killed_at_any_point_ends_as_if_it_had_not_been() {
    let least = std::env::var("RETORT_KILL_SECONDS").map_or(0, |seconds| seconds.parse().unwrap());
    let count = ROWS * (1 + least);
    let server = Flaky::start(|_, _| Fate::Well, Duration::from_millis(3)).await;
    let undisturbed = Flaky::start(|_, _| Fate::Well, Duration::from_millis(0)).await;
    let (url, other_url) = (server.url.clone(), undisturbed.url.clone());
    let mut rows = String::new();
    (1..=count).for_each(|row| writeln!(rows, "{row}").unwrap());
    let (mut seen, mut kills) = (HashMap::<u64, u64>::new(), 0_u64);
    let home = Home::new();
    home.file("config/prompts/plain.toml", "[response]\nformat = \"text\"\n");
    let data = home.file("work/rows.txt", &rows).to_string_lossy().into_owned();
    let form = ["--format", "lines"];
    // What it takes to come back to where it was killed grows with what was done: a round that brought nothing
    // is followed by longer ones.
    let mut patience = Duration::ZERO;
    loop {
        let mut child = command(&home, &url, &data, &[&form[..], &["--out", "killed.jsonl"]].concat()).spawn().unwrap();
        // What it prints is read, or it would wait for its reader.
        let mut out = child.stdout.take().unwrap();
        let reader = std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()).unwrap());
        let until = Instant::now() + patience + Duration::from_millis(60 + kills * 37 % 400);
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if Instant::now() >= until {
                child.kill().unwrap();
                child.wait().unwrap();
                break None;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        reader.join().unwrap();
        let (requests, before) = (server.requested(), seen.len());
        for row in journalled(&home) {
            let times = *requests.get(&row).expect("a cell on record was asked");
            assert_eq!(*seen.entry(row).or_insert(times), times, "row {row} was on record and asked again");
        }
        if let Some(status) = ended {
            assert!(status.success(), "{status}");
            break;
        }
        kills += 1;
        if is_over(&home) {
            break;
        }
        if seen.len() == before {
            patience = patience * 5 / 4 + Duration::from_millis(50);
        }
    }
    let requests = server.requested();
    assert_eq!((seen.len() as u64, requests.len() as u64), (count, count), "a row is lost");
    let other = Home::new();
    other.file("config/prompts/plain.toml", "[response]\nformat = \"text\"\n");
    let calm = [&form[..], &["--out", "calm.jsonl"]].concat();
    let ran = command(&other, &other_url, &data, &calm).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let report = |home: &Home, name: &str| fs::read_to_string(home.dir("work").join(name)).unwrap();
    let (killed, calm) = (cells(&report(&home, "killed.jsonl")), cells(&report(&other, "calm.jsonl")));
    assert_eq!(killed.len() as u64, count);
    assert_eq!(killed, calm);
    assert!(kills >= 3, "it was over before it could be killed: {kills} kills");
}
