//! Each format in a small record of its own, and what is hostile in files.

use super::{scan::MOST_BYTES, *};
use crate::model::{TraceFormat, Usage};

/// Reads a file whole; its calls, its steps left out.
fn calls(text: &str) -> Result<Vec<TraceRecord>, String> {
    let layout = TraceLayout::of_beginning(text.as_bytes())?;
    let mut calls = Vec::new();
    for record in layout.scan(text.as_bytes()) {
        let record = record.map_err(|error| error.to_string())?;
        let format = layout.format(&record.value).ok_or("of no known format")?;
        if let Traced::Call(call) = read(format, record) {
            calls.push(*call);
        }
    }
    Ok(calls)
}

const OTLP: &str = r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"spans":[
 {"spanId":"0b","name":"chat m1","kind":3,"startTimeUnixNano":"1790000000000000000","endTimeUnixNano":"1790000001500000000",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
   {"key":"gen_ai.request.model","value":{"stringValue":"m1"}},
   {"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},
   {"key":"app.secret","value":{"stringValue":"x"}},
   {"key":"gen_ai.input.messages","value":{"stringValue":"[{\"role\":\"user\",\"parts\":[{\"type\":\"text\",\"content\":\"Name a colour\"}]}]"}},
   {"key":"gen_ai.output.messages","value":{"stringValue":"[{\"role\":\"assistant\",\"parts\":[{\"type\":\"text\",\"content\":\"Teal\"}]}]"}}]},
 {"spanId":"0c","name":"execute_tool","attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"execute_tool"}}]}]}]}]}"#;

const FORMATS: &[(TraceFormat, &str)] = &[
    (TraceFormat::Otlp, OTLP),
    (
        TraceFormat::Phoenix,
        r#"{"data":[{"context":{"span_id":"s1"},"span_kind":"LLM","attributes":{"llm.model_name":"m1","llm.input_messages.0.message.role":"user","llm.input_messages.0.message.content":"Name a colour","llm.output_messages.0.message.role":"assistant","llm.output_messages.0.message.content":"Teal"}}]}"#,
    ),
    (
        TraceFormat::Langfuse,
        r#"{"id":"o1","trace_id":"t1","type":"GENERATION","provided_model_name":"m1","input":[{"role":"user","content":"Name a colour"}],"output":"Teal","usage_details":{"input":8,"input_cached_tokens":4},"start_time":"2026-11-01 10:00:00.000000"}"#,
    ),
    (
        TraceFormat::Openai,
        r#"{"messages":[{"role":"user","content":"Name a colour"},{"role":"assistant","content":"Teal"}],"model":"m1"}"#,
    ),
    (
        TraceFormat::Litellm,
        r#"{"id":"c1","call_type":"acompletion","model":"m1","messages":[{"role":"user","content":"Name a colour"}],"response":{"choices":[{"message":{"content":"Teal"},"finish_reason":"stop"}]},"response_cost":1e-5,"startTime":1790000000.0}"#,
    ),
    (
        TraceFormat::Llm,
        r#"[{"id":"01x","model":"m1","system":"S","prompt":"Name a colour","response":"Teal","duration_ms":105,"conversation_id":"01y"}]"#,
    ),
    (
        TraceFormat::Helicone,
        r#"{"model":"m1","request_body":{"messages":[{"role":"user","content":"Name a colour"}]},"response_body":{"choices":[{"message":{"content":"Teal"}}]},"cost":1e-5}"#,
    ),
    (
        TraceFormat::Promptfoo,
        r#"{"evalId":"e","results":{"version":3,"results":[{"provider":{"id":"m1"},"prompt":{"raw":"Name a colour"},"vars":{"tone":"dry"},"response":{"output":"Teal"},"score":1}]}}"#,
    ),
    (
        TraceFormat::Inspect,
        r#"{"version":2,"status":"success","eval":{},"samples":[{"id":"q1","epoch":1,"input":"Name a colour","target":"Teal","output":{"model":"m1","choices":[{"message":{"content":"Teal"}}]},"scores":{"match":{"value":"C"}}}]}"#,
    ),
];

#[test]
fn each_format_is_known_by_its_content() {
    for (format, text) in FORMATS {
        let calls = calls(text).unwrap_or_else(|error| panic!("{format}: {error}"));
        let [call] = calls.as_slice() else { panic!("{format}: {calls:?}") };
        let read = (call.format, call.input.as_str(), call.answer.as_str(), call.model.as_str());
        assert_eq!(read, (*format, "Name a colour", "Teal", "m1"));
    }
}

#[test]
fn figures_are_kept_and_what_is_not_is_named() {
    let one = |at: usize| calls(FORMATS[at].1).unwrap().remove(0);
    let otlp = one(0);
    assert_eq!(otlp.took.map(|took| took.as_millis()), Some(1500));
    assert_eq!(otlp.lost.iter().collect::<Vec<_>>(), ["app.secret"]);
    let langfuse = one(2);
    assert_eq!(langfuse.usage, Usage { input: Some(8), cache_read: Some(4), ..Usage::default() });
    assert_eq!(langfuse.started.unwrap().to_string(), "2026-11-01T10:00:00Z");
    assert_eq!(one(4).cost.map(|cost| cost.0), Some(10_000_000));
    let llm = one(5);
    assert_eq!((llm.turns[0].content.as_str(), llm.session.as_deref()), ("S", Some("01y")));
    let promptfoo = one(7);
    assert_eq!(promptfoo.vars["tone"].as_str(), "dry");
    assert!(promptfoo.lost.contains("score"), "{:?}", promptfoo.lost);
    let inspect = one(8);
    assert_eq!(inspect.expected.as_deref(), Some("Teal"));
    assert!(inspect.lost.contains("scores"), "{:?}", inspect.lost);
}

#[test]
fn what_is_broken_is_told_with_its_line() {
    let good = FORMATS[2].1;
    for (text, says) in [
        (format!("{good}\n{{\"a\": }}\n"), "line 2: broken JSON"),
        (format!("{good}\n\n{good}\n{{\"a\": [1"), "line 4: the file ends within JSON"),
        (format!("{good}\nnonsense"), "line 2: this is no JSON"),
        (format!("{{\"a\": {}1", "[".repeat(100_000)), "nested deeper"),
        (format!("{{\"a\": \"{}\"}}", "x".repeat(MOST_BYTES + 1)), "a record is larger than 16 MB"),
        ("id,prompt\n".to_owned(), "this is no JSON"),
    ] {
        let error = calls(&text).unwrap_err();
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn numbers_that_are_not_finite_are_none_and_named() {
    let text = FORMATS[8]
        .1
        .replace(r#""value":"C""#, r#""value":NaN,"all":[-Infinity,Infinity],"said":"\"NaN\" and Infinity""#);
    let call = calls(&text).unwrap().remove(0);
    assert_eq!(call.answer, "Teal");
    assert!(call.lost.contains("numbers that are not finite"), "{:?}", call.lost);
    let said = text.replace("Name a colour", "Name NaN");
    assert_eq!(calls(&said).unwrap()[0].input, "Name NaN");
    // What is broken otherwise stays broken.
    assert!(calls(&text.replace("NaN,", "NaN-1,")).unwrap_err().contains("broken JSON"));
}

#[test]
fn a_record_may_stand_on_many_lines_and_hold_braces() {
    let text = format!("\u{feff}{}", FORMATS[5].1.replace(',', ",\r\n").replace("Teal", "}]\\\"{["));
    assert_eq!(calls(&text).unwrap()[0].answer, "}]\"{[");
}
