//! What promptfoo itself said of recorded answers, and what the checks here say of them.
#![allow(clippy::print_stdout, reason = "a test that is skipped, or that compares, says so")]

use std::{collections::BTreeMap, path::Path, process::Command, time::Duration};

use retort::{
    eval::{Answer, CheckSuite, check::promptfoo},
    model::{Check, Cost, Finish, Format, Input, Response, RunStatus},
    promptfoo::{parse, write},
};
use serde::Deserialize;
use serde_json::Value;

use crate::support::home::PROGRAM;

/// One test as promptfoo 0.121.20 judged it; `pass` is null where it could not.
#[derive(Deserialize)]
struct Recorded {
    description: String,
    vars: BTreeMap<String, String>,
    assert: Vec<Value>,
    threshold: Option<f64>,
    pass: Option<bool>,
}

/// Where the verdict here is another on purpose: the type without `not-`, the answer, and why.
const OTHERWISE: &[(&str, &str, &str)] = &[
    ("contains-json", "{broken", "JSON that is broken is not mended here: whoever reads the answer would not either"),
    ("contains-json", "a {b} c", "what is between braces is no JSON, and is not mended into some"),
];

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/promptfoo").join(name)
}

/// Judges as a batch does; none where a check is refused or could not run. Without a check promptfoo passes.
fn ours(recorded: &Recorded) -> Option<bool> {
    let checks: Result<Vec<Check>, _> = recorded.assert.iter().map(promptfoo::of_json).collect();
    let response = Response { format: Format::Text, min_score: recorded.threshold, ..Response::default() };
    let judge = CheckSuite::new(&response, &checks.ok()?).ok()?;
    // promptfoo takes the last line break from a variable before the model is asked
    let sent = &recorded.vars["answer"];
    let text = sent.strip_suffix('\n').unwrap_or(sent);
    let finish = if text.contains("[cut]") { Finish::Length } else { Finish::Stop };
    let took = Some(Duration::from_millis(20));
    let answer = Answer {
        text,
        finish: Some(&finish),
        latency: took,
        cost: Cost::Unknown,
        tools: retort::eval::ToolTrace::NONE,
    };
    let vars = recorded.vars.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
    let input = Input { text: String::new(), vars, ..Input::default() };
    let quality = judge.judge_on(&answer, &input).quality;
    match quality.status() {
        RunStatus::Passed | RunStatus::Unchecked => Some(true),
        RunStatus::Failed => Some(false),
        RunStatus::Inconclusive | RunStatus::Error | RunStatus::Cancelled => None,
    }
}

#[test]
fn recorded_answers_pass_and_fail_as_promptfoo_says() {
    let recorded: Vec<Recorded> =
        serde_json::from_str(&std::fs::read_to_string(fixture("verdicts.json")).unwrap()).unwrap();
    assert!(recorded.len() > 250, "{}", recorded.len());
    let (mut wrong, mut used) = (Vec::new(), vec![false; OTHERWISE.len()]);
    for one in &recorded {
        let our = ours(one);
        if our == one.pass {
            continue;
        }
        let kind = one.assert.first().and_then(|first| first["type"].as_str()).unwrap_or_default();
        let kind = kind.strip_prefix("not-").unwrap_or(kind);
        let known = OTHERWISE.iter().position(|(of, answer, _)| *of == kind && one.vars["answer"] == *answer);
        match known {
            Some(at) => used[at] = true,
            None => wrong.push(format!(
                "{} on {:?}: promptfoo {:?}, here {our:?}",
                one.description, one.vars["answer"], one.pass
            )),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(used.iter().all(|used| *used), "a difference that is none any more: {used:?}");
}

#[test]
fn examples_of_configs_read_and_written_and_read_again_are_the_same() {
    let mut found = 0;
    for entry in std::fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "yaml") {
            continue;
        }
        found += 1;
        let read = |text: &str| {
            let mut suite = parse(text, &path).unwrap_or_else(|error| panic!("{}", error.message));
            suite.notices.clear();
            suite.default_test.line = 0;
            for tests in &mut suite.tests {
                if let retort::promptfoo::Tests::Inline(test) = tests {
                    test.line = 0;
                }
            }
            suite
        };
        let once = read(&std::fs::read_to_string(&path).unwrap());
        let written = write(&once);
        let again = read(&written);
        assert_eq!(again, once, "{}\n{written}", path.display());
        assert_eq!(write(&again), written, "{}", path.display());
        let rows: Result<Vec<_>, _> = once.rows().collect();
        assert!(!rows.unwrap_or_else(|error| panic!("{}", error.message)).is_empty(), "{}", path.display());
        assert!(!once.lanes().unwrap().is_empty());
    }
    assert!(found >= 6, "{found}");
}

#[test]
#[ignore = "needs promptfoo, with which PROMPTFOO=… tests/promptfoo/compare.sh runs"]
fn the_same_config_run_by_both_programs_passes_and_fails_alike() {
    let promptfoo = std::env::var("PROMPTFOO").expect("PROMPTFOO names the program; see tests/promptfoo/compare.sh");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promptfoo/compare.sh");
    let ran = Command::new(script).env("PROMPTFOO", promptfoo).env("RETORT", PROGRAM).output().unwrap();
    let words = String::from_utf8_lossy(&ran.stdout);
    println!("{words}");
    assert!(ran.status.success(), "{words}{}", String::from_utf8_lossy(&ran.stderr));
}
