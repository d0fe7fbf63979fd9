//! The machine against the program: killed in the middle, no disk, a full disk, a locked database.
//! What is asked is still answered, what cannot be kept is said once, and nothing is damaged.

use std::{fs, path::Path, process::Command};

use rusqlite::Connection;
use rustix::process::Signal;

use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
    server::{Script, Server, Step, chunk, stream_head},
};

const F5: &str = "\x1b[15~";
const CONFIDENCE: &str = "\"confidence_score\"";

/// The arguments of a run of the demonstration that is cached.
fn run(home: &Home) -> Vec<String> {
    let input = home.file("work/input.txt", "I love it, thank you!").display().to_string();
    ["run", "sentiment", "-m", "demo", "-i", &input].map(str::to_owned).to_vec()
}

/// Runs with one variable of the environment set anew.
fn ran(home: &Home, variable: (&str, &str)) -> (Option<i32>, String, String) {
    let arguments = run(home);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = home.command(&arguments).env(variable.0, variable.1).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[track_caller]
fn said_once(text: &str, words: &str) {
    let lines = text.lines().filter(|line| line.contains(words)).count();
    assert_eq!(lines, 1, "`{words}` in: {text}");
}

/// Fails unless both databases are sound; gives how each run on record ended.
#[track_caller]
fn sound(home: &Home) -> Vec<String> {
    for path in [home.dir("data").join("retort.db"), home.dir("cache").join("cache.db")] {
        if path.exists() {
            let db = Connection::open(&path).unwrap();
            let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(verdict, "ok", "{}", path.display());
        }
    }
    ends(home)
}

fn ends(home: &Home) -> Vec<String> {
    let Ok(db) = Connection::open(home.dir("data").join("retort.db")) else { return Vec::new() };
    let Ok(mut statement) = db.prepare("SELECT end FROM run ORDER BY seq") else { return Vec::new() };
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_while_streaming_leaves_a_crashed_run_and_the_bench_as_it_was() {
    let home = Home::new();
    let delta = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"streaming away\"}}]}\n\n";
    let script = Script::default().then(Step::Expect).send(stream_head()).send(chunk(delta)).then(Step::Stall);
    let server = Server::start([script]).await;
    let text = "default_model = \"s/m\"\n[providers.s]\nkind = \"openai\"\nbase_url = \"";
    home.file("config/config.toml", &format!("{text}{}\"\n", server.url));
    tokio::task::spawn_blocking(move || {
        let mut pty = Pty::workbench(&home);
        pty.wait_for("sentiment");
        pty.wait_until("raw keys", Pty::is_raw);
        pty.send("\x1b[Z");
        pty.send("typed before ");
        pty.wait_for("typed before");
        pty.send("\x1b");
        pty.wait_for("NORMAL");
        pty.send(F5);
        pty.wait_for("streaming away");
        let session = home.dir("config").join("sessions/default.toml");
        let saved = |_: &Pty| fs::read_to_string(&session).is_ok_and(|text| text.contains("typed before"));
        pty.wait_until("the autosave", saved);
        pty.wait_until("the record", |_| ends(&home) == ["running"]);
        pty.signal(Signal::KILL);
        pty.wait_for_exit();
        assert_eq!(sound(&home), ["running"]);

        let mut again = Pty::workbench(&home);
        again.wait_for("typed before");
        again.wait_until("the mark", |_| ends(&home) == ["crashed"]);
        again.send("qq");
        assert!(again.wait_for_exit().success());
        assert_eq!(sound(&home), ["crashed"]);
    })
    .await
    .unwrap();
}

#[test]
fn without_a_place_for_data_a_run_answers_and_says_so_once() {
    let home = Home::new();
    let file = home.file("work/file", "").display().to_string();
    for place in [file.as_str(), "/proc/retort", "/dev/null/retort"] {
        let (code, out, words) = ran(&home, ("RETORT_DATA_DIR", place));
        assert_eq!(code, Some(0), "{words}");
        assert!(out.contains(CONFIDENCE), "{out}");
        said_once(&words, "not recorded");
        let (code, out, words) = ran(&home, ("RETORT_CACHE_DIR", place));
        assert!(code == Some(0) && out.contains(CONFIDENCE), "{words}");
        said_once(&words, "not cached");
        let (code, out, words) = ran(&home, ("RETORT_STATE_DIR", place));
        assert!(code == Some(0) && out.contains(CONFIDENCE), "{words}");
        let doctor = home.command(&["doctor"]).env("RETORT_DATA_DIR", place).output().unwrap();
        let found = String::from_utf8(doctor.stdout).unwrap();
        assert!(found.lines().any(|line| line.starts_with("FAIL") && line.contains(place)), "{found}");
    }
}

#[test]
fn without_a_place_for_data_the_bench_works_and_says_so() {
    for (variable, words) in [("RETORT_DATA_DIR", "not recorded"), ("RETORT_CACHE_DIR", "not cached")] {
        let home = Home::new();
        let file = home.file("work/file", "").display().to_string();
        let mut pty = Pty::start(&home, &[PROGRAM], &[(variable, &file)], 160, 50);
        pty.wait_for("sentiment");
        pty.wait_until("raw keys", Pty::is_raw);
        pty.send(F5);
        pty.wait_for(words);
        pty.wait_for(CONFIDENCE);
        pty.wait_until("an answer that passed", |pty| pty.passed() > 0);
        pty.send("qq");
        pty.wait_for_exit();
        pty.assert_sane();
    }
}

#[test]
fn a_bench_whose_session_cannot_be_saved_says_so_and_goes_on() {
    let home = Home::new();
    home.file("config/sessions", "in the way");
    let mut pty = Pty::workbench(&home);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send("2ixyz");
    pty.wait_for("a file, not a directory");
    pty.send("\x1b");
    pty.wait_for("NORMAL");
    pty.send(F5);
    pty.wait_for(CONFIDENCE);
}

#[test]
fn a_locked_database_keeps_nobody_from_an_answer() {
    let home = Home::new();
    assert_eq!(ran(&home, ("A", "")).0, Some(0));
    let locked = |path: &Path| {
        let db = Connection::open(path).unwrap();
        db.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
        db
    };
    let record = locked(&home.dir("data").join("retort.db"));
    let cache = locked(&home.dir("cache").join("cache.db"));
    let (code, out, words) = ran(&home, ("A", ""));
    assert!(code == Some(0) && out.contains(CONFIDENCE), "{words}");
    said_once(&words, "not cached");
    assert!(words.contains("retort.db is locked by another program"), "{words}");
    drop((record, cache));
    let (code, _, words) = ran(&home, ("A", ""));
    assert!(code == Some(0) && words.contains("from the cache"), "{words}");
    assert_eq!(sound(&home), ["done", "done"]);
}

#[test]
fn a_full_disk_is_said_once_and_damages_nothing() {
    let home = Home::new();
    // Files may not grow beyond a few blocks: what a full disk does, for one process alone.
    for blocks in [1, 8, 24, 64, 128] {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh", PROGRAM]);
        shell.args(run(&home)).env_clear().envs(home.environment()).current_dir(home.dir("work"));
        let output = shell.output().unwrap();
        let (out, text) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{blocks}: {text}");
        assert!(out.contains(CONFIDENCE), "{blocks}: {out}");
        for words in ["not recorded yet", "not recorded:", "not cached"] {
            assert!(text.lines().filter(|line| line.contains(words)).count() <= 1, "{blocks}: {text}");
        }
        if blocks == 1 {
            assert!(text.contains("not recorded") && text.contains("not cached"), "{text}");
        }
        sound(&home);
    }
    assert_eq!(ran(&home, ("A", "")).0, Some(0));
    assert_eq!(sound(&home).last().map(String::as_str), Some("done"));
}
