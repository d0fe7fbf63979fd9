//! Thresholds at the command line: what another one would do, of one prompt, from its file.

use std::fs;

use serde_json::Value;

use crate::support::home::Home;

const TRIAGE: &str = r#"system = "Label the message."

[response]
format = "schema"
required = ["sentiment", "confidence"]
confidence = "/confidence"
min_confidence = 0.75 # agreed on
schema = { type = "object", required = ["sentiment", "confidence"], properties = { sentiment = { enum = ["good", "bad"] }, confidence = { type = "number", minimum = 0, maximum = 1 } } }
"#;

#[test]
fn another_threshold_is_told_without_a_call_and_the_file_says_which_is_the_present_one() {
    let home = Home::new();
    let file = home.file("work/prompts/triage.toml", TRIAGE);
    home.file("work/retort.toml", "");
    for input in ["one", "two", "three", "four", "five", "six"] {
        let ran = home.run_on(&["run", "triage", "-m", "demo"], input);
        assert!(matches!(ran.code, Some(0 | 100)), "{}", ran.err);
    }
    let run: Value = serde_json::from_str(home.run(&["history", "--json", "-n", "1"]).out.trim()).unwrap();
    let graded = home.run(&["history", "grade", run["run"].as_str().unwrap(), "--up"]);
    assert_eq!(graded.code, Some(0), "{}", graded.err);
    let answer = |args: &[&str]| -> Value {
        let ran = home.run(&[&["quality", "--what-if", "confidence", "--json"], args].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    };
    let all = answer(&["--at", "0", "--at", "1.01"]);
    assert_eq!((all["prompt"].as_str(), all["side"].as_str()), (Some("triage"), Some("at_least")));
    assert_eq!((all["answers"].as_u64(), all["measured"].as_u64()), (Some(6), Some(6)));
    assert_eq!(
        (all["graded"].as_u64(), all["right"].as_u64(), all["present"].as_f64()),
        (Some(1), Some(1), Some(0.75))
    );
    let rows = all["thresholds"].as_array().unwrap();
    let passes: Vec<u64> = rows.iter().map(|row| row["passes"]["part"].as_u64().unwrap()).collect();
    assert_eq!((passes.len(), passes[0], passes[2]), (3, 6, 0));
    assert_eq!(rows[0]["fixed"].as_u64().unwrap() + passes[1], 6);
    assert_eq!(rows[0]["recall"]["part"].as_u64(), Some(1));

    // what the file says by now is the present one
    fs::write(&file, TRIAGE.replace("0.75", "0.1")).unwrap();
    let ran = home.run(&["quality", "prompt:triage", "--what-if", "confidence"]);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with("confidence of triage: at least, now 0.10 (") && lines[0].ends_with("triage.toml)"));
    assert_eq!(lines[1], "6 answers, 6 the threshold decides on, 1 graded");
    assert!(lines[3].starts_with("THRESHOLD"), "{}", ran.out);
    assert!(lines.iter().any(|line| line.starts_with("0.10 now") && line.contains("100%")), "{}", ran.out);
    fs::remove_file(&file).unwrap();
    assert_eq!(answer(&[])["present"].as_f64(), Some(0.75), "the version that was run last");
}

#[test]
fn what_cannot_be_told_is_said_with_the_next_step() {
    let home = Home::new();
    home.file("work/prompts/triage.toml", TRIAGE);
    home.file("work/prompts/other.toml", TRIAGE);
    home.file("work/retort.toml", "");
    let refused = |args: &[&str], code: i32| {
        let ran = home.run(&[&["quality"], args].concat());
        assert_eq!(ran.code, Some(code), "{}", ran.err);
        ran.err
    };
    let none = refused(&["--what-if", "confidence"], 1);
    assert!(none.contains("no judged answer matches"), "{none}");
    for prompt in ["triage", "other"] {
        home.run_on(&["run", prompt, "-m", "demo"], "one");
    }
    let several = refused(&["--what-if", "confidence"], 2);
    assert!(several.contains("of several prompts, other (1), triage (1); add prompt:NAME"), "{several}");
    let unknown = refused(&["prompt:triage", "--what-if", "cost"], 2);
    assert!(unknown.contains("no threshold `cost`; it has `confidence`, `completeness`"), "{unknown}");
    assert!(refused(&["--at", "1"], 2).contains("--what-if"));
    assert!(refused(&["--what-if", "confidence", "--at", "nan"], 2).contains("a number is wanted"));
}
