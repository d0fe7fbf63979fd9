//! The wire: what providers send, however it arrives, becomes the right events or the right error.

mod attachments;
mod bodies;
mod captures;
mod cases;
mod classes;
mod command;
#[cfg(unix)]
mod keys;
mod requests;
mod sockets;
mod tools;
mod vendors;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures_util::StreamExt;
use retort::{
    model::{CallError, Key, Message, ModelCard, Params, Role, Target, ToolCall, Usage, Wire},
    provider::{Backend, Call, Providers, WireEvent, WireFormat, response_reader::Reader},
};

/// A key that must never be seen anywhere.
const SENTINEL: &str = "sentinel-0f2a.9c41-planted";

fn target(kind: Wire, base_url: &str) -> Target {
    Target {
        name: "lane".to_owned(),
        provider: "test".to_owned(),
        kind,
        base_url: Some(base_url.to_owned()),
        custom_endpoint: true,
        model: "some-model".to_owned(),
        command: Vec::new(),
        headers: BTreeMap::new(),
        options: retort::model::TargetOptions::default(),
        card: ModelCard::default(),
    }
}

fn key() -> Key {
    Key { label: "env:TEST_KEY".to_owned(), account: "a".to_owned(), secret: SENTINEL.into(), left_out: None }
}

fn call(target: Target) -> Call {
    let message = |role, content: &str| Message::of(role, content);
    Call {
        target,
        key: Some(key()),
        messages: vec![message(Role::System, "Be brief."), message(Role::User, "Hi")],
        params: Params::default(),
        format: WireFormat::Text,
        tools: retort::model::ToolSet::default(),
        connect: Duration::from_secs(5),
        forward: None,
    }
}

fn providers() -> Arc<Providers> {
    Arc::new(Providers::default())
}

/// Reads a call to its end.
async fn ask(call: Call) -> (Vec<WireEvent>, Option<CallError>) {
    listen(&providers(), call).await
}

/// Reads a call of one of several to the same providers.
async fn listen(providers: &Providers, call: Call) -> (Vec<WireEvent>, Option<CallError>) {
    let mut stream = providers.call(call);
    let (mut events, mut error) = (Vec::new(), None);
    while let Some(item) = stream.next().await {
        assert!(error.is_none(), "{item:?} follows the fault");
        assert!(events.last() != Some(&WireEvent::End), "{item:?} follows the end");
        match item {
            Ok(event) => events.push(event),
            Err(last) => error = Some(last),
        }
    }
    (events, error)
}

/// Reads bytes in parts without a socket.
fn read(kind: Wire, media_type: Option<&str>, parts: &[&[u8]]) -> (Vec<WireEvent>, Option<CallError>) {
    let mut reader = Reader::new(kind, media_type.map(str::to_owned));
    let mut events = Vec::new();
    for part in parts {
        if let Err(error) = reader.push(part, &mut events) {
            return (events, Some(error));
        }
        if reader.ended() {
            return (events, None);
        }
    }
    let error = reader.finish(&mut events).err();
    (events, error)
}

/// Writes down what came, without signs of life, texts of one kind joined: how it ended is last.
fn summary(events: &[WireEvent], error: Option<&CallError>) -> String {
    let mut parts: Vec<(&str, String)> = Vec::new();
    let mut calls: Vec<ToolCall> = Vec::new();
    for event in events {
        let (kind, text) = match event {
            WireEvent::Headers { .. } | WireEvent::Alive => continue,
            WireEvent::Text(text) => ("text", text.clone()),
            WireEvent::Reasoning(text) => ("think", text.clone()),
            WireEvent::Refusal(text) => ("refuse", text.clone()),
            WireEvent::Call(piece) => {
                piece.add_to(&mut calls);
                continue;
            }
            WireEvent::Kept(item) => ("kept", item.to_string()),
            WireEvent::Usage(usage) => ("usage", counts(usage)),
            WireEvent::Model(model) => ("model", model.clone()),
            WireEvent::Finish(finish) => ("finish", finish.to_string()),
            WireEvent::ServerTiming { .. } => ("timing", String::new()),
            WireEvent::Exhausted(wait) => ("exhausted", format!("{wait:?}")),
            WireEvent::Notice(notice) => ("notice", notice.clone()),
            WireEvent::End => ("end", String::new()),
        };
        match parts.last_mut() {
            Some((last, held)) if *last == kind && matches!(kind, "text" | "think" | "refuse") => held.push_str(&text),
            _ => parts.push((kind, text)),
        }
    }
    let end = parts.len() - usize::from(parts.last().is_some_and(|(kind, _)| *kind == "end"));
    let called = calls.iter().map(|call| ("call", format!("{} {} {}", call.id, call.name, call.arguments)));
    parts.splice(end..end, called);
    match error {
        Some(error) => parts.push(("fault", error.class.to_string())),
        None if events.last() != Some(&WireEvent::End) => parts.push(("cut", String::new())),
        None => {}
    }
    let written =
        parts.iter().map(|(kind, text)| if text.is_empty() { (*kind).to_owned() } else { format!("{kind} {text}") });
    written.collect::<Vec<_>>().join(" | ")
}

fn counts(usage: &Usage) -> String {
    let classes = [
        ("in", usage.input),
        ("read", usage.cache_read),
        ("written", usage.cache_write),
        ("out", usage.output),
        ("thought", usage.reasoning),
    ];
    let known = classes.iter().filter_map(|(name, count)| count.map(|count| format!("{name}={count}")));
    known.collect::<Vec<_>>().join(" ")
}
