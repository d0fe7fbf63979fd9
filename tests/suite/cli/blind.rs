//! Blind comparison as a process: voted on at a terminal, counted, revealed and exported without one.

use serde_json::Value;

use super::published::fits;
use crate::support::{
    home::{Home, PROGRAM},
    pty::Pty,
};

/// A batch of two models of the demonstration over some rows.
fn batch(home: &Home) {
    home.file("work/retort.toml", "");
    let rows: Vec<String> = (1..=12).map(|at| format!("order {at} is late")).collect();
    home.file("work/rows.csv", &format!("input\n{}\n", rows.join("\n")));
    let ran = home.run(&["batch", "sentiment", "rows.csv", "-m", "demo", "-m", "demo:weak", "--no-cache"]);
    assert!(matches!(ran.code, Some(0 | 100)), "{}", ran.err);
}

#[test]
fn votes_at_a_terminal_are_on_record_and_come_out_with_the_names_after_the_reveal() {
    let home = Home::new();
    let nothing = home.run(&["blind"]);
    assert!(nothing.code == Some(2) && nothing.err.contains("no batch of two models"), "{}", nothing.err);
    batch(&home);

    let mut pty = Pty::start(&home, &[PROGRAM, "blind"], &[], 120, 40);
    pty.wait_for("pair 1 of");
    pty.wait_for("order ");
    let screen = pty.text();
    assert!(!screen.contains("demo"), "a name is seen:\n{screen}");
    pty.send("1");
    pty.wait_for("pair 2 of");
    pty.wait_for("order ");
    pty.send("=");
    pty.wait_for("pair 3 of");
    pty.send("u");
    pty.wait_for("pair 2 of");
    pty.send("2");
    pty.wait_for("pair 3 of");
    pty.send("\x1b");
    pty.wait_until("the comparison is left", |pty| !pty.text().contains("pair "));
    pty.send("qqq");
    assert!(pty.wait_for_exit().success());

    let hidden = home.run(&["blind", "--results"]);
    assert_eq!(hidden.code, Some(0), "{}", hidden.err);
    assert!(hidden.out.starts_with("rows.csv: 2 votes"), "{}", hidden.out);
    assert!(hidden.out.contains("contender A") && !hidden.out.contains("demo"), "{}", hidden.out);
    let early = home.run(&["blind", "--export", "votes.csv"]);
    assert!(early.code == Some(2) && early.err.contains("--reveal"), "{}", early.err);

    let shown = home.run(&["blind", "--reveal", "--export", "votes.jsonl", "--json"]);
    assert_eq!(shown.code, Some(0), "{}", shown.err);
    let summary: Value = serde_json::from_str(&shown.out).unwrap();
    let names: Vec<&str> =
        summary["contenders"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"demo") && names.contains(&"demo:weak"), "{names:?}");
    let votes = std::fs::read_to_string(home.dir("work").join("votes.jsonl")).unwrap();
    let votes: Vec<Value> = votes.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(fits("blind-vote.json", &votes), 2);
    assert_eq!((&votes[0]["choice"], &votes[0]["preferred"]), (&Value::from("left"), &votes[0]["left"]));
    assert_eq!((&votes[1]["choice"], &votes[1]["preferred"]), (&Value::from("right"), &votes[1]["right"]));

    let sheet = home.run(&["blind", "--export", "votes.csv"]);
    assert_eq!(sheet.code, Some(0), "{}", sheet.err);
    let sheet = std::fs::read_to_string(home.dir("work").join("votes.csv")).unwrap();
    assert!(sheet.starts_with("row,left,right,choice,preferred,again,left_run,right_run,at\n"), "{sheet}");
    let again = home.run(&["blind", "--export", "votes.csv"]);
    assert!(again.code == Some(2) && again.err.contains("cannot write"), "a file is not written over: {}", again.err);
}

#[test]
fn batches_are_named_by_their_digits_and_what_is_none_is_told() {
    let home = Home::new();
    batch(&home);
    for (arguments, says) in [
        (&["blind", "zz", "--results"][..], "is no batch"),
        (&["blind", "abcdef01", "--results"], "no batch on record ends in"),
        (&["blind", "--export", "votes.txt", "--reveal"], ".csv or .jsonl"),
    ] {
        let ran = home.run(arguments);
        assert!(ran.code == Some(2) && ran.err.contains(says), "{arguments:?}: {}", ran.err);
    }
    let ran = home.run(&["blind"]);
    assert!(ran.code == Some(0) && ran.err.contains("at a terminal"), "{}", ran.err);
    let one = home.run(&["batch", "sentiment", "rows.csv", "-m", "demo", "--json"]);
    let id = one.lines()[0]["batch"].as_str().unwrap_or_default().to_owned();
    if !id.is_empty() {
        let ran = home.run(&["blind", &id, "--results"]);
        assert!(ran.code == Some(2) && ran.err.contains("one prompt on one model"), "{}", ran.err);
    }
}
