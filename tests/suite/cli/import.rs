//! `retort import`: looked at, put on record once, written as rows.

use std::fs;

use crate::support::home::Home;
#[cfg(unix)]
use crate::support::{home::PROGRAM, pty::Pty};

/// Two calls, of which the second has no times, and a step that is none.
const LOG: &str = concat!(
    r#"{"id":"o1","trace_id":"t1","type":"GENERATION","model":"m1","input":[{"role":"system","content":"Say {{ x }}"},{"role":"user","content":"Name a colour"}],"output":"Teal","latency":1.5,"startTime":"2026-11-01T10:00:00Z","totalCost":0.25,"sessionId":"s-1","metadata":{"k":1}}"#,
    "\n",
    r#"{"id":"o2","trace_id":"t1","type":"GENERATION","model":"m1","input":"Another","output":"Red"}"#,
    "\n",
    r#"{"id":"o3","trace_id":"t1","type":"SPAN"}"#,
    "\n",
);

#[test]
fn a_log_is_previewed_then_imported_once() {
    let home = Home::new();
    home.file("work/log.jsonl", LOG);
    let seen = home.run(&["import", "log.jsonl", "--preview"]);
    assert_eq!(seen.code, Some(0), "{seen:?}");
    for part in ["2 calls of langfuse", "m1: Name a colour -> Teal", "latency: 1", "1 step", "not kept: metadata (1)"] {
        assert!(seen.out.contains(part), "{part}: {}", seen.out);
    }
    assert_eq!(home.run(&["history", "--json"]).lines().len(), 0);
    let unasked = home.run(&["import", "log.jsonl"]);
    assert!(unasked.code == Some(2) && unasked.err.contains("--yes imports"), "{unasked:?}");

    let first = home.run(&["import", "log.jsonl", "--yes"]);
    assert!(first.code == Some(0) && first.err.contains("imported 2 runs"), "{first:?}");
    let again = home.run(&["import", "log.jsonl", "--yes"]);
    assert!(again.err.contains("imported 0 runs; 2 on record already"), "{again:?}");
    assert_eq!(home.run(&["history", "--json"]).lines().len(), 2);
    assert_eq!(home.run(&["history", "provider:langfuse", "session:langfuse:s-1", "--json"]).lines().len(), 1);

    let runs = home.run(&["history", "cost:>0.1", "--json"]).lines();
    let shown = home.run(&["show", runs[0]["run"].as_str().unwrap(), "--json"]).lines();
    let outcome = &shown[0]["outcome"];
    assert_eq!(outcome["provenance"], serde_json::json!({"from": "imported", "source": "langfuse", "timed": true}));
    assert_eq!(outcome["text"], "Teal");
    // What looks like a template in a message of others is its text.
    assert_eq!(shown[0]["prompt"]["system"], "{% raw %}Say {{ x }}{% endraw %}");
}

#[test]
fn a_log_becomes_rows_of_a_new_file() {
    let home = Home::new();
    home.file("work/log.jsonl", LOG);
    let wrote = home.run(&["import", "log.jsonl", "--rows", "rows.jsonl"]);
    assert!(wrote.code == Some(0) && wrote.err.contains("wrote 2 rows"), "{wrote:?}");
    let text = fs::read_to_string(home.dir("work").join("rows.jsonl")).unwrap();
    let row: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!((&row["input"], &row["answer"]), (&"Name a colour".into(), &"Teal".into()));
    let over = home.run(&["import", "log.jsonl", "--rows", "rows.jsonl"]);
    assert!(over.code == Some(2) && over.err.contains("is there already"), "{over:?}");
    assert_eq!(home.run(&["history", "--json"]).lines().len(), 0);
}

#[test]
fn a_broken_log_leaves_nothing_and_names_its_line() {
    let home = Home::new();
    home.file("work/log.jsonl", &format!("{LOG}{{\"id\": oops}}\n"));
    let broken = home.run(&["import", "log.jsonl", "--yes"]);
    assert!(broken.code == Some(2) && broken.err.contains("log.jsonl:4: broken JSON"), "{broken:?}");
    assert_eq!(home.run(&["history", "--json"]).lines().len(), 0);
}

#[test]
fn what_is_not_kept_is_named_and_what_says_nothing_is_not() {
    let home = Home::new();
    let otlp = r#"{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[{"traceId":"0a","spanId":"0b","parentSpanId":"0c","name":"chat m1","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},{"key":"gen_ai.request.model","value":{"stringValue":"m1"}},{"key":"gen_ai.prompt.name","value":{"stringValue":"triage"}},{"key":"input.value","value":{"stringValue":"Q"}},{"key":"output.value","value":{"stringValue":"A"}}]}]}]}]}"#;
    let langfuse = |level: &str| {
        format!(
            r#"{{"id":"o1","trace_id":"t1","type":"GENERATION","model":"m1","input":"Q","output":"A","level":"{level}"}}"#
        )
    };
    let litellm = |hit: &str| {
        format!(
            r#"{{"id":"c1","call_type":"acompletion","model":"m1","messages":[{{"role":"user","content":"Q"}}],"response":{{"choices":[{{"message":{{"content":"A"}}}}]}},"cache_hit":"{hit}","startTime":1790000000.0}}"#
        )
    };
    for (text, named, unnamed) in [
        (
            otlp.to_owned(),
            vec!["resource attributes (1)", "parentSpanId (1)", "the prompt's name (1)"],
            vec!["service.name"],
        ),
        (langfuse("WARNING"), vec!["level (1)"], vec![]),
        (langfuse("DEFAULT"), vec![], vec!["level"]),
        (litellm("True"), vec!["cache_hit (1)"], vec![]),
        (litellm("False"), vec![], vec!["cache_hit"]),
    ] {
        home.file("work/log.jsonl", &text);
        let seen = home.run(&["import", "log.jsonl", "--preview"]);
        assert_eq!(seen.code, Some(0), "{seen:?}");
        assert!(named.iter().all(|name| seen.out.contains(name)), "{named:?}: {}", seen.out);
        assert!(unnamed.iter().all(|name| !seen.out.contains(name)), "{unnamed:?}: {}", seen.out);
    }
}

#[cfg(unix)]
#[test]
fn an_import_that_is_stopped_in_the_middle_goes_on_with_the_same_command() {
    let home = Home::new();
    let call = |at: usize| {
        format!(
            "{{\"id\":\"o{at}\",\"trace_id\":\"t1\",\"type\":\"GENERATION\",\"model\":\"m1\",\"input\":\"Q{at}\",\"output\":\"A\"}}\n"
        )
    };
    let all = 6000;
    home.file("work/log.jsonl", &(0..all).map(call).collect::<String>());
    let mut pty = Pty::start(&home, &[PROGRAM, "import", "log.jsonl", "--yes"], &[], 100, 30);
    pty.wait_for("importing");
    pty.send("\u{3}");
    assert_eq!(pty.wait_for_exit().exit_code(), 130, "{}", pty.text());
    assert!(pty.text().contains("stopped: the same command goes on"), "{}", pty.text());
    let some = home.run(&["history", "--all", "--json"]).lines().len();
    assert!(some > 0 && some < all, "{some}");
    let rest = home.run(&["import", "log.jsonl", "--yes"]);
    assert_eq!(rest.code, Some(0), "{}", rest.err);
    assert!(rest.err.contains("on record already"), "{}", rest.err);
    assert_eq!(home.run(&["history", "--all", "--json"]).lines().len(), all);
}
