//! Whether stated confidence holds, at the command line.

use serde_json::Value;

use crate::support::home::Home;

const TRIAGE: &str = r#"system = "Label the message."

[response]
format = "json"
confidence = "/confidence"
min_confidence = 0

[[check]]
type = "contains"
value = "refund"
"#;

/// Records answers of stated confidence, so many with the word and so many without it.
fn recorded(home: &Home, stated: &[(&str, usize, usize)]) {
    home.file("config/config.toml", "[providers.local]\nkind = \"command\"\ncommand = [\"cat\", \"answer\"]\n\n[models.said]\nprovider = \"local\"\nmodel = \"said\"\n");
    home.file("work/retort.toml", "");
    home.file("work/prompts/triage.toml", TRIAGE);
    for (confidence, right, wrong) in stated {
        for at in 0..right + wrong {
            let word = if at < *right { "refund" } else { "other" };
            let answer = format!("{{\\\"label\\\": \\\"{word}\\\", \\\"confidence\\\": {confidence}}}");
            home.file("work/answer", &answer.replace('\\', ""));
            let ran =
                home.run_on(&["run", "triage", "-m", "said", "--trust", "--no-cache"], &format!("{confidence} {at}"));
            assert!(matches!(ran.code, Some(0 | 100)), "{} {}", ran.out, ran.err);
        }
    }
}

#[test]
fn stated_confidence_is_weighed_against_a_check_and_against_grades() {
    let home = Home::new();
    let nothing = home.run(&["calibrate"]);
    assert!(nothing.code == Some(1) && nothing.err.contains("no answer matches"), "{}", nothing.err);
    recorded(&home, &[("0.9", 4, 1), ("0.5", 1, 2)]);

    let ran = home.run(&["calibrate", "prompt:triage", "--by", "contains"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(
        ran.out.starts_with("confidence by contains: 8 answers, 5 right; 0 not judged by contains, 0 state nothing"),
        "{}",
        ran.out
    );
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines.iter().any(|line| line.starts_with("0.90    5") && line.contains("80%")), "{}", ran.out);
    assert!(ran.out.contains("precision 0.9 is not shown for any threshold"), "{}", ran.out);

    let ran = home.run(&["calibrate", "--by", "contains", "--precision", "0.2", "--json"]);
    let line: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!((line["answers"].as_u64(), line["right"].as_u64()), (Some(8), Some(5)));
    assert_eq!(line["groups"].as_array().unwrap().len(), 2);
    let near =
        |name: &str, expected: f64| assert!((line[name].as_f64().unwrap() - expected).abs() < 1e-9, "{name}: {line}");
    near("ece", (5.0 * 0.1 + 3.0 * (0.5 - 1.0 / 3.0)) / 8.0);
    near("brier", (4.0 * 0.01 + 0.81 + 3.0 * 0.25) / 8.0);
    assert_eq!(line["threshold"]["kept"].as_u64(), Some(8), "{line}");

    let ungraded = home.run(&["calibrate", "prompt:triage"]);
    assert!(
        ungraded.code == Some(1) && ungraded.err.contains("none of 8 answers that state it is graded"),
        "{}",
        ungraded.err
    );
    let run: Value = serde_json::from_str(home.run(&["history", "--json", "-n", "1"]).out.trim()).unwrap();
    home.run(&["history", "grade", run["run"].as_str().unwrap(), "--up"]);
    let graded = home.run(&["calibrate", "prompt:triage"]);
    assert!(graded.out.starts_with("confidence by grade: 1 answer, 1 right; 7 without a grade"), "{}", graded.out);

    for (args, words) in [
        (&["calibrate", "--by", "nonsense"][..], "the check `nonsense` decided on none of 8 answers"),
        (&["calibrate", "--of", "latency"][..], "none of 8 answers has a score of `latency`"),
    ] {
        let ran = home.run(args);
        assert!(ran.code == Some(1) && ran.err.contains(words), "{}", ran.err);
    }
    assert_eq!(home.run(&["calibrate", "--precision", "1.5"]).code, Some(2));
}
