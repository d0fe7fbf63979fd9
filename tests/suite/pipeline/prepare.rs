//! What is refused or changed before anything is sent.

use std::sync::Arc;

use retort::{
    model::{Check, CheckKind, ErrorKind, Format, Prompt, Role, RunEnd, RunRequest, RunStatus},
    pipeline::{PipelineConfig, RunEvent, TimedEvent, event::NextStep},
    provider::WireFormat,
};
use serde_json::json;

use crate::support::script::{Bench, answer, ended, keys, request};

fn with_prompt(change: impl FnOnce(&mut Prompt)) -> RunRequest {
    let mut request = request(&["a", "b"]);
    change(Arc::make_mut(&mut request.prompt));
    request
}

fn notices(timeline: &[TimedEvent]) -> Vec<String> {
    match &timeline[0].event {
        RunEvent::Prepared { notices, .. } => notices.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_design_defaults_are_sent() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    bench.end(request(&["a"])).await;
    let call = bench.last_call();
    assert_eq!((call.params.temperature, call.format), (Some(0.3), WireFormat::JsonObject));
    let words: Vec<_> = call.messages.iter().map(|message| (message.role, message.content.as_str())).collect();
    assert_eq!(words, [(Role::System, "Answer in JSON."), (Role::User, "hello")]);
}

#[tokio::test(start_paused = true)]
async fn an_array_is_asked_for_and_taken_where_the_schema_wants_one() {
    for format in [Format::Json, Format::Schema] {
        let bench = Bench::new(|_, _| answer(&["Of {\"b\": 1}: [1, 2]"]));
        let outcome = bench
            .end(with_prompt(|prompt| {
                prompt.system = String::new();
                prompt.response.format = format;
                prompt.response.schema = Some(json!({"type": "array", "items": {"type": "integer"}}));
            }))
            .await;
        assert_eq!(
            (outcome.json, outcome.quality.unwrap().status()),
            (Some(Arc::new(json!([1, 2]))), RunStatus::Passed)
        );
        let call = bench.last_call();
        assert_ne!(call.format, WireFormat::JsonObject);
        let requests = &call.messages[0].content;
        assert!(requests.starts_with("Answer with ") && requests.contains("array"), "{requests}");
        assert!(!requests.contains("JSON object"), "{requests}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_schema_that_cannot_be_compiled_ends_the_run_before_anything_is_sent() {
    for (schema, words) in [
        (json!({"$ref": "http://example.com/s.json"}), "a `$ref` to `http://example.com/s.json`"),
        (json!({"properties": {"a": {"$schema": "http://example.com/mine"}}}), "`http://example.com/mine`"),
        (json!({"prefixItems": [{}], "additionalItems": false}), "`additionalItems` (up to draft 2019-09)"),
        (json!({"$ref": "#/$defs/a"}), "/$defs/a"),
    ] {
        let by_schema = with_prompt(|prompt| prompt.response.schema = Some(schema.clone()));
        let by_check =
            with_prompt(|prompt| prompt.checks.push(Check::of(CheckKind::ContainsJson).with(schema.clone())));
        for (request, key) in [(by_schema, "response.schema"), (by_check, "check[0].value")] {
            let bench = Bench::new(|_, _| answer(&["{}"]));
            let RunEnd::Failed { reasons } = bench.end(request).await.end else { panic!("{schema}") };
            let text = &reasons[0].error.message;
            assert!(text.contains(words) && text.contains(key), "{text}");
            assert_eq!(bench.calls().len(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_users_mistakes_end_the_run_before_anything_is_sent() {
    let unfilled = with_prompt(|prompt| prompt.user.push_str("{{ name }}"));
    let unruled = with_prompt(|prompt| prompt.response.format = Format::Schema);
    for (request, words) in [(unfilled, "no value for variable `name`"), (unruled, "response.schema")] {
        let bench = Bench::new(|_, _| answer(&["{}"]));
        let timeline = bench.events(request).await;
        assert_eq!(timeline.len(), 1);
        let RunEnd::Failed { reasons } = &ended(&timeline).end else { panic!() };
        assert_eq!((reasons.len(), reasons[0].error.class), (1, ErrorKind::InvalidPrompt));
        assert!(reasons[0].error.message.contains(words), "{}", reasons[0].error);
        assert_eq!((bench.calls().len(), bench.record.ended.lock().unwrap().len()), (0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_retired_model_is_passed_over_for_the_next_with_its_date_and_successor() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let retired = || {
        let mut request = request(&["a", "b"]);
        request.targets[0].card.shutdown = Some("2025-07-21".to_owned());
        request.targets[0].card.successor = Some("b".to_owned());
        request
    };
    let timeline = bench.events(retired()).await;
    let skipped = timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Skipped { error, next, .. } => Some((error.class, error.message.clone(), next.clone())),
        _ => None,
    });
    let words = "a-1 was shut down on 2025-07-21; its successor is b".to_owned();
    assert_eq!(skipped.unwrap(), (ErrorKind::ModelGone, words, NextStep::NextModel { to: "b".to_owned() }));
    assert_eq!((ended(&timeline).target.as_str(), bench.calls().len()), ("b", 1));
    let rules =
        PipelineConfig { allow_retired: true, keys: keys("openai", &[("env:K", "k")]), ..PipelineConfig::default() };
    let all_the_same = Bench::with(rules, |_, _| answer(&["{}"]));
    let timeline = all_the_same.events(retired()).await;
    assert_eq!(ended(&timeline).target, "a");
    assert_eq!(notices(&timeline), ["a-1 was shut down on 2025-07-21; its successor is b"]);
}

#[tokio::test(start_paused = true)]
async fn a_model_about_to_go_is_asked_with_a_warning() {
    let bench = Bench::new(|_, _| answer(&["{}"]));
    let mut request = request(&["a"]);
    request.targets[0].card.shutdown = Some("2027-01-14".to_owned());
    let timeline = bench.events(request).await;
    assert_eq!(notices(&timeline), ["a-1 will be shut down on 2027-01-14"]);
    assert_eq!(ended(&timeline).end, RunEnd::Done);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_tells_what_it_changes_when_it_is_asked() {
    let bench = Bench::new(|call, _| {
        if call.target.name == "a" { crate::support::script::fails(ErrorKind::Unknown) } else { answer(&["{}"]) }
    });
    let mut request = request(&["a", "b"]);
    request.targets[1].card.rejects = vec!["temperature".to_owned()];
    let timeline = bench.events(request).await;
    assert!(notices(&timeline).is_empty());
    let words = timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Attempt { number: 2, notices, .. } => Some(notices.clone()),
        _ => None,
    });
    assert_eq!(words.unwrap(), ["the default temperature, 0.3, is not accepted by b-1; left out"]);
    assert_eq!(bench.last_call().params.temperature, None);
}
