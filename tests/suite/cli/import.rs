//! `retort import`: looked at, put on record once, written as rows.

use std::fs;

use crate::support::home::Home;

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
