//! `retort batch --github`: annotations at the rows, a summary of the job, and nothing of a row that a runner would obey.

use std::fs;

use crate::support::home::{Home, Ran};

/// A text that would be a command wherever it began a line, and break out of wherever it stands.
const HOSTILE: &str = "::error file=x::owned\r\n::stop-commands::t ##[add-mask]s, a: 100%25 | <img src=x> `b`";

fn home(rows: &[&str]) -> Home {
    let home = Home::new();
    home.file(
        "config/prompts/p.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"equals\"\nvalue = \"not {{ want }}\"\n",
    );
    let lines: Vec<String> =
        rows.iter().map(|row| serde_json::json!({ "input": row, "want": row }).to_string()).collect();
    home.file("work/data/rows.jsonl", &(lines.join("\n") + "\n"));
    home
}

fn batch(home: &Home, more: &[&str]) -> Ran {
    let arguments =
        [&["batch", "p", "data/rows.jsonl", "-m", "demo", "--no-cache", "--new", "--github"], more].concat();
    let mut command = home.command(&arguments);
    command.env("GITHUB_STEP_SUMMARY", home.dir("work").join("summary.md")).env("GITHUB_WORKSPACE", home.dir("work"));
    Ran::of(command.output().unwrap())
}

/// Lists the lines that GitHub's runner obeys.
fn commands(text: &str) -> Vec<&str> {
    let lines = text.split(['\n', '\r']);
    lines.filter(|line| line.trim_start().starts_with("::") || line.contains("##[")).collect()
}

#[test]
fn rows_that_failed_are_annotated_and_the_job_is_summed_up() {
    let home = home(&["one", "two"]);
    let ran = batch(&home, &["--min-pass-rate", "90%"]);
    assert_eq!(ran.code, Some(100), "{ran:?}");
    let told = commands(&ran.err);
    assert_eq!(told.len(), 2, "{}", ran.err);
    for (line, told) in ["1", "2"].into_iter().zip(told) {
        let begins = format!("::error file=data/rows.jsonl,line={line},title=row {line}::failed: ");
        assert!(told.starts_with(&begins), "{told}");
    }
    let summary = fs::read_to_string(home.dir("work").join("summary.md")).unwrap();
    assert!(
        summary.starts_with("## ❌ retort: rows.jsonl\n") || summary.starts_with("## ❌ retort: rows"),
        "{summary}"
    );
    assert!(summary.contains("| **not reached** |") && summary.contains("| prompt | target | cells |"), "{summary}");
    assert!(summary.contains("| row 1 | p | demo | failed |"), "{summary}");
    let again = batch(&home, &["--min-pass-rate", "0%"]);
    assert_eq!(again.code, Some(0), "{again:?}");
    let both = fs::read_to_string(home.dir("work").join("summary.md")).unwrap();
    assert!(both.starts_with(&summary) && both.contains("## ✅ retort"), "it is added: {both}");
}

#[test]
fn at_most_ten_rows_are_annotated_and_twenty_listed() {
    let rows: Vec<String> = (0..25).map(|row| format!("text {row}")).collect();
    let home = home(&rows.iter().map(String::as_str).collect::<Vec<_>>());
    let ran = batch(&home, &[]);
    assert_eq!(commands(&ran.err).len(), 10, "{}", ran.err);
    let summary = fs::read_to_string(home.dir("work").join("summary.md")).unwrap();
    assert_eq!(summary.lines().filter(|line| line.starts_with("| row ")).count(), 20, "{summary}");
    assert!(summary.contains("\nand 5 more that did not pass\n"), "{summary}");
}

#[test]
fn no_row_and_no_answer_is_a_command() {
    let home = home(&[HOSTILE, "plain"]);
    for form in [&["--json"][..], &[], &["--plain"]] {
        let ran = batch(&home, form);
        assert_eq!(commands(&ran.out), Vec::<&str>::new(), "{form:?}");
        let told = commands(&ran.err);
        assert_eq!(told.len(), 2, "{form:?}: {}", ran.err);
        for line in told {
            assert!(line.starts_with("::error file=data/rows.jsonl,line="), "{line}");
            let (_, message) = line.trim_start_matches("::error ").split_once("::").unwrap();
            assert!(!message.contains("##["), "{line}");
        }
        if form == ["--json"] {
            let cells: Vec<_> = ran.lines().into_iter().filter(|line| line["event"] == "cell").collect();
            assert_eq!(cells[0]["input"], HOSTILE, "a line of JSON says the same as ever");
        }
    }
    let summary = fs::read_to_string(home.dir("work").join("summary.md")).unwrap();
    assert!(!summary.replace("\\<img", "").contains("<img") && summary.contains("\\<img"), "{summary}");
    assert!(
        summary.lines().filter(|line| line.starts_with("| row 1 ")).all(|line| line.matches(" | ").count() == 6),
        "{summary}"
    );
}

#[test]
fn without_github_the_annotations_are_there_and_the_summary_is_missed() {
    let home = home(&["one"]);
    let ran = home.run(&["batch", "p", "data/rows.jsonl", "-m", "demo", "--github"]);
    assert!(ran.err.contains("note: GITHUB_STEP_SUMMARY is not set") && commands(&ran.err).len() == 1, "{ran:?}");
    home.file("work/in.txt", "x");
    let piped = Ran::of(
        home.command(&["batch", "p", "data/rows.jsonl", "-m", "demo", "--github", "--new"])
            .env("GITHUB_STEP_SUMMARY", home.dir("work").join("no/such/folder"))
            .output()
            .unwrap(),
    );
    assert!(piped.code == Some(1) && piped.err.contains("cannot write the job's summary"), "{piped:?}");
}
