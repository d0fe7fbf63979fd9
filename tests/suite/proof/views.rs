//! One engine, two views: the bench and the command line.

use rusqlite::Connection;

use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
};

/// What is on record of a home's only run, but for its number, its times and its places.
fn recorded(home: &Home) -> serde_json::Value {
    let db = Connection::open(home.dir("data").join("retort.db")).unwrap();
    let text: String = db.query_row("SELECT outcome FROM run_body", [], |row| row.get(0)).unwrap();
    let mut outcome: serde_json::Value = serde_json::from_str(&text).unwrap();
    for own in ["run", "timing"] {
        outcome.as_object_mut().unwrap().remove(own).unwrap();
    }
    for attempt in outcome["by_attempt"].as_array_mut().unwrap() {
        attempt.as_object_mut().unwrap().remove("took").unwrap();
    }
    outcome
}

#[test]
fn the_bench_and_the_command_line_record_the_same_outcome() {
    let (bench, line) = (Home::new(), Home::new());
    let mut pty = Pty::workbench(&bench);
    pty.wait_for("sentiment");
    pty.wait_until("raw keys", Pty::is_raw);
    pty.send("\x1b[15~");
    pty.wait_for("✓ 5/5");
    pty.send("qq");
    assert!(pty.wait_for_exit().success(), "{PROGRAM}");
    let input = include_str!("../../../assets/inputs/sentiment.txt");
    let ran = line.run_on(&["run", "sentiment", "-m", "demo"], input);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(recorded(&bench), recorded(&line));
}
