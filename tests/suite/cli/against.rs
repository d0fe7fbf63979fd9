//! `retort quality QUERY --against QUERY` as a script and a person meet it: a verdict, its numbers, its runs.

use serde_json::Value;

use crate::support::home::{Home, Ran};

/// A prompt that passes where the answer holds what a pattern says.
fn prompt(home: &Home, name: &str, pattern: &str) {
    let rules = format!("[response]\nformat = \"text\"\n[[check]]\ntype = \"regex\"\nvalue = \"{pattern}\"\n");
    let text = format!("system = \"{name}\"\nuser = \"{{{{ input }}}}\"\n{rules}");
    home.file(&format!("config/prompts/{name}.toml"), &text);
}

/// Twenty rows with two prompts: the first fails on every second of them, the other on none.
fn home() -> Home {
    let home = Home::new();
    prompt(&home, "first", "{{ expected }}");
    prompt(&home, "second", ".");
    let lines = (1..=20).map(|row| format!("text {row},{}\n", if row % 2 == 0 { "." } else { "zebra" }));
    home.file("work/rows.csv", &("text,expected\n".to_owned() + &lines.collect::<String>()));
    let ran = home.run(&["batch", "first", "second", "rows.csv", "-m", "demo", "--json"]);
    assert_eq!(ran.lines().last().unwrap()["end"], "complete", "{}", ran.err);
    home
}

fn quality(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&["quality"], more].concat())
}

#[test]
fn the_verdict_comes_with_its_numbers_and_the_runs_that_show_it() {
    let home = home();
    let ran = quality(&home, &["prompt:second", "--against", "prompt:first"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let mut lines = ran.out.lines();
    let sentence = lines.next().unwrap();
    assert!(sentence.starts_with("B better: 10 fixed, 0 broken, p=0.002, +50 points ("), "{sentence}");
    assert_eq!(lines.next(), Some("over 20 inputs that both were run with"));
    assert!(ran.out.contains("\nA     20    0           0                  prompt:first\n"), "{}", ran.out);
    assert!(ran.out.contains("FAILED WITH A  PASSED WITH B  FIXED\n") && !ran.out.contains("BROKEN"), "{}", ran.out);
    assert!(ran.err.contains("retort show RUN"), "{}", ran.err);
    let run = ran.out.lines().last().unwrap().split_whitespace().next().unwrap();
    assert!(home.run(&["show", run]).out.contains("first"), "a run of A is named");
}

#[test]
fn a_worse_side_fails_where_that_is_asked_for() {
    let home = home();
    let line = ["prompt:first", "--against", "prompt:second", "--json"];
    let ran = quality(&home, &line);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let answer: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((&answer["shown"], &answer["broken"], &answer["inputs"]), (&"worse".into(), &10.into(), &20.into()));
    assert_eq!((&answer["a"]["query"], &answer["b"]["runs"]), (&"prompt:second".into(), &20.into()));
    assert_eq!(answer["inputs_broken"].as_array().unwrap().len(), 10);
    assert!(answer["inputs_broken"][0]["input"].as_str().unwrap().starts_with("text "), "{answer}");
    assert!(answer["sentence"].as_str().unwrap().starts_with("B worse: 0 fixed, 10 broken"));
    let failed = quality(&home, &[&line[..], &["--fail-if-worse"]].concat());
    assert_eq!((failed.code, failed.out), (Some(100), ran.out), "{}", failed.err);
    let better = quality(&home, &["prompt:second", "--against", "prompt:first", "--fail-if-worse", "--md"]);
    assert_eq!(better.code, Some(0), "{}", better.err);
    assert!(better.out.starts_with("# B against A\n\nB better: 10 fixed"), "{}", better.out);
    assert!(better.out.contains("\n| SIDE | RUNS | NOT JUDGED | INPUTS OF ITS OWN | QUERY |\n|---|"), "{}", better.out);
}

#[test]
fn sides_that_cannot_be_weighed_are_named() {
    let home = home();
    for (args, code, words) in [
        (&["prompt:first", "--against", "verdict:passed"][..], 1, "runs are on both sides, such as run "),
        (&["prompt:first", "--against", "modle:x"], 2, "there is no filter `modle`"),
        (&["prompt:first", "--against", "prompt:nobody"], 0, "A, `prompt:nobody`, finds no run"),
        (&["prompt:first", "--against", "prompt:nobody", "--fail-if-worse"], 1, "the gate says nothing"),
        (&["prompt:frist", "--against", "prompt:first", "--fail-if-worse"], 1, "B, `prompt:frist`, finds no run"),
        (&["--fail-if-worse"], 2, "--against"),
        (&["prompt:first", "--against", "prompt:second", "--by", "model"], 2, "cannot be used with"),
    ] {
        let ran = quality(&home, args);
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(words), "{args:?}: {}", ran.err);
    }
    let nothing = quality(&home, &["prompt:first", "--against", "prompt:nobody"]);
    assert!(nothing.out.starts_with("not comparable: no common inputs\n"), "{}", nothing.out);
}
