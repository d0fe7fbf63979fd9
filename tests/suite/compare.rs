//! `retort run` on several models: at once, in columns, in Markdown, in JSON lines.

use std::process::Command;

use crate::support::home::{Home, Ran};

/// Asks for JSON of any shape.
const PROMPT: &str = "system = \"You answer in JSON.\"\n[response]\nformat = \"json\"\n";

/// A home whose models `a` and `b` are commands that print what they are told to.
fn home(a: &str, b: &str) -> Home {
    let home = Home::new();
    home.file("config/prompts/mood.toml", PROMPT);
    let model = |name: &str, script: &str| {
        format!(
            "[providers.{name}]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", '''cat > /dev/null; {script}''']\n\
             [models.{name}]\nprovider = \"{name}\"\nmodel = \"{name}-1\"\n"
        )
    };
    home.file("config/config.toml", &(model("a", a) + &model("b", b)));
    home
}

fn run(home: &Home, more: &[&str]) -> Ran {
    let mut arguments = vec!["run", "mood", "-m", "a", "-m", "b"];
    arguments.extend(more);
    home.run_on(&arguments, "Late again.")
}

const BAD: &str = r#"echo '{"mood": "bad", "score": 0.9}'"#;
const GOOD: &str = r#"echo '{"score": 0.90, "mood": "good"}'"#;

#[test]
fn what_differs_is_marked_and_what_is_the_same_left_out() {
    let ran = run(&home(BAD, GOOD), &["--diff"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let row = |label: &str| ran.out.lines().find(|line| line.starts_with(label));
    assert!(row("mood").is_some_and(|line| line.contains("bad") && line.contains("≠ good")), "{}", ran.out);
    assert!(row("verdict").is_some_and(|line| line.matches("passed").count() == 2), "{}", ran.out);
    assert_eq!(row("score"), None, "{}", ran.out);
    let same = run(&home(BAD, BAD), &["--diff"]);
    assert!(!same.out.contains("mood") && same.err.contains("no difference"), "{}{}", same.out, same.err);
}

#[test]
fn markdown_has_a_column_for_each_model_and_a_row_for_each_field() {
    let ran = run(&home(BAD, GOOD), &["--md"]);
    let rows: Vec<Vec<&str>> = ran.out.lines().map(|line| line.split('|').map(str::trim).collect()).collect();
    assert_eq!(rows[0], ["", "", "a", "b", ""]);
    assert!(rows.contains(&vec!["", "mood", "bad", "**good**", ""]), "{}", ran.out);
    assert!(rows.contains(&vec!["", "score", "0.9", "0.9", ""]), "{}", ran.out);
}

#[test]
fn json_lines_name_lane_and_sample_and_end_with_the_comparison() {
    let lines = run(&home(BAD, GOOD), &["--json", "--samples", "2"]).lines();
    let ended: Vec<_> = lines.iter().filter(|line| line["event"] == "ended").collect();
    let places: Vec<_> = ended.iter().map(|line| (line["lane"].as_u64(), line["sample"].as_u64())).collect();
    assert_eq!(places, [(0, 1), (0, 2), (1, 1), (1, 2)].map(|(lane, sample)| (Some(lane), Some(sample))));
    let last = lines.last().unwrap();
    assert_eq!((last["event"].as_str(), last["names"][1].as_str()), (Some("compared"), Some("b")));
    let mood = last["rows"].as_array().unwrap().iter().find(|row| row["label"] == "mood").unwrap();
    assert_eq!(
        (mood["cells"][0]["differs"].as_bool(), mood["cells"][1]["differs"].as_bool()),
        (Some(false), Some(true))
    );
}

#[test]
fn a_pipe_gets_the_answers_in_order_byte_for_byte() {
    let ran = run(&home(BAD, GOOD), &[]);
    assert_eq!(ran.out, "{\"mood\": \"bad\", \"score\": 0.9}\n\n{\"score\": 0.90, \"mood\": \"good\"}\n");
    assert!(ran.err.contains("== a ==") && ran.err.contains("== b =="), "{}", ran.err);
}

#[test]
fn the_models_are_asked_at_once() {
    let home = home("read line < fifo; echo \"$line\"", "echo '{}' > fifo; echo '{}'");
    // The one end of a pipe does not open before the other: one after the other, neither would end.
    assert!(Command::new("mkfifo").arg(home.dir("work").join("fifo")).status().unwrap().success());
    let ran = run(&home, &["--no-cache", "--md"]);
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
}

#[test]
fn each_sample_is_asked_for_and_kept_by_itself() {
    let home = home("echo x >> asked; echo '{\"n\": '$(wc -l < asked)'}'", GOOD);
    let ask = || home.run_on(&["run", "mood", "-m", "a", "--samples", "3", "--md"], "Late again.");
    let first = ask();
    assert_eq!(first.code, Some(0), "{}", first.err);
    let requests = std::fs::read_to_string(home.dir("work").join("asked")).unwrap();
    assert_eq!(requests.lines().count(), 3);
    let again = ask();
    assert!(again.out.contains("cached"), "{}", again.out);
    assert_eq!(std::fs::read_to_string(home.dir("work").join("asked")).unwrap(), requests);
}

#[test]
fn one_failure_stops_no_other_and_is_the_exit_code() {
    let ran = run(&home("exit 3", GOOD), &["--md"]);
    assert_eq!(ran.code, Some(1), "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("error: ") && ran.out.contains("| good |"), "{}", ran.out);
    assert_eq!(run(&home(BAD, GOOD), &["--md", "--json"]).code, Some(2));
    assert_eq!(run(&home(BAD, GOOD), &["--samples", "0"]).code, Some(2));
}

#[test]
fn models_are_weighed_over_the_inputs_on_record_and_one_is_no_evidence() {
    let home = home("echo no json", GOOD);
    let run = |input: &str, more: &[&str]| home.run_on(&[&["run", "mood", "-m", "a", "-m", "b"], more].concat(), input);
    let alone = run("Late again.", &["--md", "--samples", "2"]);
    assert!(alone.err.ends_with("one input is no evidence of which is better; `retort batch` asks both on many\n"));
    let json = run("Late again.", &["--json"]).lines();
    assert!(json.last().unwrap()["evidence"].is_null(), "{json:?}");
    let two = run("On time.", &["--md"]);
    assert!(two.err.contains("b: no difference shown: 2 fixed, 0 broken; mean score +1.00 ("), "{}", two.err);
    assert!(two.err.ends_with(" more rows needed to see 5 points, 2 inputs\n"), "{}", two.err);
    let line = &run("On time.", &["--json"]).lines().pop().unwrap()["evidence"][0];
    assert_eq!(
        (&line["a"], &line["b"], &line["inputs"], &line["fixed"]),
        (&"a".into(), &"b".into(), &2.into(), &2.into())
    );
}
