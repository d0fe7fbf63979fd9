//! The workflows on the page about continuous integration: read as YAML, and their shell steps run on the demonstration.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use saphyr_parser::{Event, Parser, ScalarStyle};
use serde_json::{Map, Value};

use super::{examples::furnished, parts, read, root};
use crate::support::home::Ran;

/// Reads YAML without anchors and tags.
pub(crate) fn yaml(text: &str) -> Value {
    fn value(events: &mut impl Iterator<Item = Event<'static>>, first: Event<'static>) -> Value {
        match first {
            Event::Scalar(text, ScalarStyle::Plain, ..) if text == "true" => true.into(),
            Event::Scalar(text, ScalarStyle::Plain, ..) if text == "false" => false.into(),
            Event::Scalar(text, ..) => text.into_owned().into(),
            Event::SequenceStart(..) => {
                let mut all = Vec::new();
                loop {
                    match events.next().unwrap() {
                        Event::SequenceEnd => return all.into(),
                        next => all.push(value(events, next)),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut all = Map::new();
                loop {
                    match events.next().unwrap() {
                        Event::MappingEnd => return all.into(),
                        Event::Scalar(key, ..) => {
                            let next = events.next().unwrap();
                            let before = all.insert(key.clone().into_owned(), value(events, next));
                            assert!(before.is_none(), "{key} stands there twice");
                        }
                        other => panic!("{other:?} as a key"),
                    }
                }
            }
            other => panic!("{other:?}"),
        }
    }
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    let mut events = Parser::new_from_str(text)
        .map(|event| event.unwrap().0)
        .filter(|event| !matches!(event, Event::StreamStart | Event::DocumentStart(_)));
    let first = events.next().unwrap();
    value(&mut events, first)
}

/// Lists the commands that a workflow runs, in order: GitHub's steps, or GitLab's script.
fn commands(workflow: &Value, found: &mut Vec<String>) {
    match workflow {
        Value::Object(fields) => {
            for (key, inner) in fields {
                match (key.as_str(), inner) {
                    ("run", Value::String(line)) => found.push(line.clone()),
                    ("script", Value::Array(lines)) => {
                        found.extend(lines.iter().map(|line| line.as_str().unwrap().to_owned()));
                    }
                    (_, inner) => commands(inner, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| commands(inner, found)),
        _ => {}
    }
}

#[test]
fn the_steps_of_every_workflow_run() {
    let blocks = parts(&read(Path::new("docs/ci.md"))).1;
    let workflows: Vec<_> = blocks.iter().filter(|block| block.language == "yaml").collect();
    assert_eq!(workflows.len(), 2);
    for block in workflows {
        assert!(block.text.lines().count() <= 24, "a workflow is short enough to copy: line {}", block.line);
        let mut steps = Vec::new();
        commands(&yaml(&block.text), &mut steps);
        assert!(steps.iter().any(|step| step.starts_with("retort batch")), "{steps:?}");
        let home = furnished();
        let summary = home.file("work/summary.md", "");
        for step in steps {
            let mut command = Command::new("sh");
            command.args(["-e", "-c", &step]).env_clear().envs(home.environment()).current_dir(home.dir("work"));
            command.env("PATH", format!("{}:/usr/bin:/bin", home.dir("bin").display()));
            command.env("GITHUB_STEP_SUMMARY", &summary).env("GITHUB_WORKSPACE", home.dir("work"));
            let ended = Ran::of(command.stdin(Stdio::null()).output().unwrap());
            assert!(matches!(ended.code, Some(0 | 100)), "{step}: {}", ended.err);
            if step.contains("--github") {
                assert!(fs::read_to_string(&summary).unwrap().starts_with("## "), "{step}");
                assert!(home.dir("work").join("report.html").exists());
            } else if step.contains("--junit") {
                assert!(fs::read_to_string(home.dir("work").join("junit.xml")).unwrap().contains("<testsuites"));
            }
        }
    }
}

#[test]
fn the_release_workflow_is_read_and_names_what_is_there() {
    let text = read(Path::new(".github/workflows/release.yml"));
    let workflow = yaml(&text);
    let targets: Vec<_> =
        workflow["jobs"]["build"]["strategy"]["matrix"]["include"].as_array().unwrap().iter().collect();
    for target in ["x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "aarch64-apple-darwin"] {
        assert!(targets.iter().any(|row| row["target"] == target), "{target}");
    }
    let mut steps = Vec::new();
    commands(&workflow, &mut steps);
    for step in &steps {
        let syntax = Command::new("sh").args(["-n", "-c", step]).status().unwrap();
        assert!(syntax.success(), "{step}");
        // What GitHub fills in is data of others: it comes through variables.
        assert!(!step.contains("${{"), "{step}");
    }
    let words = steps.iter().flat_map(|step| step.split_whitespace());
    let named: Vec<_> = words.filter(|word| word.starts_with("packaging/")).collect();
    assert!(named.len() > 2, "{named:?}");
    for path in named {
        assert!(root().join(path).exists(), "{path}");
    }
}
