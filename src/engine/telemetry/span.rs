//! A run as a span of OpenTelemetry, by the conventions for generative AI as backends know them (1.41), with what Phoenix and
//! Langfuse look for beside them: <https://github.com/open-telemetry/semantic-conventions/tree/v1.41.0/docs/gen-ai>.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    engine::telemetry::protobuf::ProtobufMessage,
    model::{Cost, Finish, Format, Outcome, Provenance, Role, RunEnd, RunId, Vendor, Verdict, VersionId},
    pipeline::event::RunEvent,
    pipeline::ports::RunRecord,
};

/// The kinds of a span that is within the program, and of one that asks another.
const INTERNAL: i64 = 1;
const CLIENT: i64 = 3;

/// The status of a span that failed.
const ERROR: i64 = 2;

/// What providers are called there, where it is another name.
const PROVIDERS: &[(&str, &str)] = &[
    ("gemini", "gcp.gemini"),
    ("mistral", "mistral_ai"),
    ("xai", "x_ai"),
    ("azure", "azure.ai.openai"),
    ("bedrock", "aws.bedrock"),
];

/// What an attribute holds, in one of the kinds that OTLP knows.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum AttributeValue {
    Text(String),
    Texts(Vec<String>),
    Whole(i64),
    Fraction(f64),
    Truth(bool),
}

/// Attributes, by name.
pub(crate) type SpanAttributes = Vec<(&'static str, AttributeValue)>;

/// Writes an attribute.
pub(crate) fn attribute(name: &str, value: &AttributeValue) -> ProtobufMessage {
    let one = |value: &AttributeValue| match value {
        AttributeValue::Text(text) => ProtobufMessage::default().bytes(1, text),
        AttributeValue::Truth(truth) => ProtobufMessage::default().int(2, i64::from(*truth)),
        AttributeValue::Whole(whole) => ProtobufMessage::default().int(3, *whole),
        AttributeValue::Fraction(fraction) => ProtobufMessage::default().double(4, *fraction),
        AttributeValue::Texts(texts) => {
            let list = texts.iter().fold(ProtobufMessage::default(), |list, text| {
                list.message(1, &ProtobufMessage::default().bytes(1, text))
            });
            ProtobufMessage::default().message(5, &list)
        }
    };
    ProtobufMessage::default().bytes(1, name).message(2, &one(value))
}

/// Where providers are reached, by their names: host and port.
#[derive(Debug, Default)]
pub(crate) struct ServerAddresses(BTreeMap<String, (String, i64)>);

impl ServerAddresses {
    /// Reads them of base URLs; of a provider that is not asked over HTTP nothing is known.
    pub(crate) fn of<'a>(providers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let all = providers.into_iter().filter_map(|(name, url)| {
            let (scheme, rest) = url.split_once("://")?;
            let usual = if scheme.eq_ignore_ascii_case("https") { 443 } else { 80 };
            let authority = rest.split(['/', '?', '#']).next()?;
            // Who logs in there is nobody's business.
            let place = authority.rsplit('@').next()?;
            let (host, port) = match place.rsplit_once(':') {
                Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
                Some(_) | None => (place, usual),
            };
            let host = host.trim_start_matches('[').trim_end_matches(']');
            (!host.is_empty()).then(|| (name.to_owned(), (host.to_owned(), port)))
        });
        Self(all.collect())
    }

    /// Lists what is said of where a provider is.
    fn attributes(&self, provider: &str) -> SpanAttributes {
        let known = self.0.get(provider).into_iter();
        known
            .flat_map(|(host, port)| {
                [("server.address", AttributeValue::Text(host.clone())), ("server.port", AttributeValue::Whole(*port))]
            })
            .collect()
    }
}

/// Returns the id of the span of an attempt of a run: the same for ever.
fn attempt_id(run: RunId, number: u32) -> [u8; 8] {
    let digest = Sha256::new().chain_update(run.0.as_bytes()).chain_update(number.to_be_bytes()).finalize();
    digest.last_chunk().copied().unwrap_or_default()
}

/// Returns the ids of a run's trace and span: the same for ever.
pub(crate) fn ids(run: RunId) -> ([u8; 16], [u8; 8]) {
    let digest = Sha256::digest(run.0.as_bytes());
    (digest.first_chunk().copied().unwrap_or_default(), digest.last_chunk().copied().unwrap_or_default())
}

/// Names the provider as the conventions do.
pub(crate) fn provider_name(provider: &str) -> String {
    let vendor = Vendor::named(provider).map_or(provider, |vendor| vendor.name.as_str());
    PROVIDERS.iter().find(|(own, _)| *own == vendor).map_or(vendor, |(_, name)| name).to_owned()
}

/// Tells whether the answer is from the cache: no provider was asked then.
pub(crate) fn is_cached(outcome: &Outcome) -> bool {
    matches!(outcome.provenance, Provenance::Cached { .. })
}

/// Returns the name of the model on the wire that was asked last.
pub(crate) fn model(record: &RunRecord) -> &str {
    let outcome = &record.outcome;
    if outcome.model.is_empty() { &outcome.requested } else { &outcome.model }
}

/// Names the class of the error that a run ended with.
pub(crate) fn error_type(outcome: &Outcome) -> Option<String> {
    match &outcome.end {
        RunEnd::Done => None,
        RunEnd::Cancelled => Some("cancelled".to_owned()),
        RunEnd::Interrupted { .. } | RunEnd::Failed { .. } => {
            Some(outcome.end.class().map_or_else(|| "_OTHER".to_owned(), |class| class.to_string().replace(' ', "_")))
        }
    }
}

/// Lists what is said of a run; of what was asked and answered only where `content` is set.
fn attributes(record: &RunRecord, content: bool) -> SpanAttributes {
    use AttributeValue::{Fraction, Text, Texts, Truth, Whole};
    let outcome = &record.outcome;
    let whole = |count: u64| Whole(i64::try_from(count).unwrap_or(i64::MAX));
    let mut all: SpanAttributes = vec![
        ("gen_ai.operation.name", Text("chat".to_owned())),
        ("gen_ai.provider.name", Text(provider_name(&record.provider))),
        ("gen_ai.request.model", Text(model(record).to_owned())),
        ("openinference.span.kind", Text("LLM".to_owned())),
        ("retort.run", Text(record.run.to_string())),
        ("retort.target", Text(outcome.target.clone())),
        ("retort.attempts", whole(u64::from(outcome.attempts))),
        ("retort.status", Text(outcome.status().word().to_owned())),
        ("gen_ai.prompt.version", Text(VersionId::of(&record.prompt).0)),
    ];
    let mut add = |name: &'static str, value: Option<AttributeValue>| all.extend(value.map(|value| (name, value)));
    add("retort.cache.hit", is_cached(outcome).then_some(Truth(true)));
    add("error.type", error_type(outcome).map(Text));
    add("gen_ai.prompt.name", record.prompt_name.clone().map(Text));
    add("session.id", record.session.clone().map(Text));
    add("gen_ai.response.model", outcome.served.clone().map(Text));
    let finish = outcome.finish.as_ref().map(|finish| match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter | Finish::Refusal => "content_filter",
        Finish::ContextWindow | Finish::Unknown | Finish::Other(_) => "error",
    });
    add("gen_ai.response.finish_reasons", finish.map(|finish| Texts(vec![finish.to_owned()])));
    let format = record.prompt.format().0;
    add("gen_ai.output.type", Some(Text(if format == Format::Text { "text" } else { "json" }.to_owned())));
    if let Some(params) = record.sent_params() {
        add("gen_ai.request.temperature", params.temperature.map(Fraction));
        add("gen_ai.request.top_p", params.top_p.map(Fraction));
        add("gen_ai.request.max_tokens", params.max_tokens.map(whole));
        add("gen_ai.request.seed", params.seed.map(Whole));
        add("gen_ai.request.stop_sequences", (!params.stop.is_empty()).then(|| Texts(params.stop.clone())));
    }
    let usage = outcome.usage;
    add("gen_ai.usage.input_tokens", usage.total_input().map(whole));
    add("gen_ai.usage.output_tokens", usage.total_output().map(whole));
    add("gen_ai.usage.cache_read.input_tokens", usage.cache_read.map(whole));
    add("gen_ai.usage.cache_creation.input_tokens", usage.cache_write.map(whole));
    if let Cost::Known(cost) | Cost::Estimated(cost) = outcome.spent().cost {
        add("gen_ai.usage.cost", Some(Fraction(cost.dollars())));
    }
    add("gen_ai.response.time_to_first_chunk", outcome.timing.first_token.map(|first| Fraction(first.as_secs_f64())));
    if content {
        let (system, input) = request_messages(record);
        let output = json!([{ "role": "assistant", "parts": [{ "type": "text", "content": outcome.text }] }]);
        add(
            "gen_ai.system_instructions",
            system.map(|text| Text(json!([{ "type": "text", "content": text }]).to_string())),
        );
        add("gen_ai.input.messages", Some(Text(input.to_string())));
        add("gen_ai.output.messages", Some(Text(output.to_string())));
        add("input.value", Some(Text(record.input.text.clone())));
        add("output.value", Some(Text(outcome.text.clone())));
    }
    all
}

/// Returns what was sent, as the conventions write it: the instructions, and the messages.
fn request_messages(record: &RunRecord) -> (Option<String>, Value) {
    let sent = record.timeline.iter().find_map(|timed| match &timed.event {
        RunEvent::Prepared { messages, .. } => Some(messages),
        _ => None,
    });
    let (mut system, mut messages) = (Vec::new(), Vec::new());
    for message in sent.into_iter().flatten() {
        match message.role {
            Role::System => system.push(message.content.clone()),
            Role::User | Role::Assistant | Role::Tool => messages.push(json!({
                "role": message.role.name(),
                "parts": [{ "type": "text", "content": message.content }],
            })),
        }
    }
    (Some(system.join("\n\n")).filter(|text| !text.is_empty()), Value::Array(messages))
}

/// Writes the verdict of a check as an event. Its reason may quote the answer.
fn verdict_event(verdict: &Verdict, at: u64, content: bool) -> ProtobufMessage {
    let text = |text: &str| AttributeValue::Text(text.to_owned());
    let mut event = ProtobufMessage::default()
        .fixed(1, at)
        .bytes(2, "gen_ai.evaluation.result")
        .message(3, &attribute("gen_ai.evaluation.name", &text(&verdict.rule.to_string())))
        .message(3, &attribute("gen_ai.evaluation.score.label", &text(verdict.status.word())));
    if content {
        event = event.message(3, &attribute("gen_ai.evaluation.explanation", &text(&verdict.reason)));
    }
    event
}

/// Writes nanoseconds since 1970.
pub(crate) fn nanoseconds(time: Timestamp) -> u64 {
    u64::try_from(time.as_nanosecond()).unwrap_or_default()
}

/// Writes a run as a `Span`, and each of its attempts as one within it.
pub(crate) fn spans(record: &RunRecord, content: bool, addresses: &ServerAddresses) -> Vec<ProtobufMessage> {
    let (own, id) = ids(record.run);
    let trace = record.trace.map_or(own, |parent| parent.trace);
    let mut all = vec![span(record, (trace, id), content, addresses)];
    all.extend(attempts(record).iter().map(|attempt| attempt_span(record, attempt, (trace, id), addresses)));
    all
}

/// A call of a provider within a run.
struct AttemptFacts<'a> {
    number: u32,
    target: &'a str,
    provider: &'a str,
    model: &'a str,
    /// When it began and ended, since the run's start.
    times: (Duration, Duration),
    /// The HTTP status, once there was one.
    status: Option<u16>,
    error: Option<String>,
}

/// Reads the attempts off a run's timeline. One ends where it fails, or where what follows it begins.
fn attempts(record: &RunRecord) -> Vec<AttemptFacts<'_>> {
    let whole = record.outcome.timing.total;
    let mut all: Vec<AttemptFacts<'_>> = Vec::new();
    let mut open = false;
    for timed in &record.timeline {
        let last = all.last_mut().filter(|_| open);
        match &timed.event {
            RunEvent::Attempt { number, target, provider, model, .. } => {
                if let Some(last) = last {
                    last.times.1 = timed.at;
                }
                let times = (timed.at, whole.max(timed.at));
                all.push(AttemptFacts { number: *number, target, provider, model, times, status: None, error: None });
                open = true;
            }
            RunEvent::Headers { status, .. } => {
                if let Some(last) = last {
                    last.status = Some(*status);
                }
            }
            RunEvent::AttemptFailed { error, .. } => {
                if let Some(last) = last {
                    (last.times.1, last.error) = (timed.at, Some(error.class.to_string().replace(' ', "_")));
                }
                open = false;
            }
            RunEvent::Replied { .. }
            | RunEvent::NextTurn { .. }
            | RunEvent::Judged { .. }
            | RunEvent::Checked { .. } => {
                if let Some(last) = last {
                    last.times.1 = timed.at.min(last.times.1);
                }
                open = false;
            }
            RunEvent::Prepared { .. }
            | RunEvent::Cache { .. }
            | RunEvent::Queued { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Delta { .. }
            | RunEvent::CallDelta { .. }
            | RunEvent::Called { .. }
            | RunEvent::Usage { .. }
            | RunEvent::Served { .. }
            | RunEvent::Notice { .. }
            | RunEvent::Ended { .. } => {}
        }
    }
    all
}

/// Writes an attempt. What it used is said by the run's span alone, so that nobody counts it twice.
fn attempt_span(
    record: &RunRecord,
    attempt: &AttemptFacts<'_>,
    (trace, parent): ([u8; 16], [u8; 8]),
    addresses: &ServerAddresses,
) -> ProtobufMessage {
    use AttributeValue::{Text, Whole};
    let start = nanoseconds(record.started);
    let at = |since: Duration| start.saturating_add(u64::try_from(since.as_nanos()).unwrap_or_default());
    let mut span = ProtobufMessage::default()
        .bytes(1, trace)
        .bytes(2, attempt_id(record.run, attempt.number))
        .bytes(4, parent)
        .bytes(5, format!("attempt {} {}", attempt.number, attempt.model))
        .int(6, CLIENT)
        .fixed(7, at(attempt.times.0))
        .fixed(8, at(attempt.times.1));
    let mut all: SpanAttributes = vec![
        ("retort.attempt", Whole(i64::from(attempt.number))),
        ("retort.target", Text(attempt.target.to_owned())),
        ("retort.model", Text(attempt.model.to_owned())),
    ];
    all.extend(attempt.status.map(|status| ("http.response.status_code", Whole(i64::from(status)))));
    all.extend(attempt.error.clone().map(|error| ("error.type", Text(error))));
    all.extend(addresses.attributes(attempt.provider));
    for (name, value) in &all {
        span = span.message(9, &attribute(name, value));
    }
    if attempt.error.is_some() {
        span = span.message(15, &ProtobufMessage::default().int(3, ERROR));
    }
    span
}

/// Writes a run as a `Span`.
fn span(
    record: &RunRecord,
    (trace, id): ([u8; 16], [u8; 8]),
    content: bool,
    addresses: &ServerAddresses,
) -> ProtobufMessage {
    let start = nanoseconds(record.started);
    let took = u64::try_from(record.outcome.timing.total.as_nanos()).unwrap_or_default();
    let end = start.saturating_add(if is_cached(&record.outcome) { 0 } else { took });
    // One that asked no provider is within the program alone.
    let kind = if is_cached(&record.outcome) { INTERNAL } else { CLIENT };
    let mut span = ProtobufMessage::default().bytes(1, trace).bytes(2, id);
    if let Some(parent) = record.trace {
        span = span.bytes(4, parent.span);
    }
    span = span.bytes(5, format!("chat {}", model(record))).int(6, kind).fixed(7, start).fixed(8, end);
    let addressed = if kind == CLIENT { addresses.attributes(&record.provider) } else { Vec::new() };
    for (name, value) in attributes(record, content).into_iter().chain(addressed) {
        span = span.message(9, &attribute(name, &value));
    }
    for verdict in record.outcome.quality.iter().flat_map(|quality| &quality.verdicts) {
        span = span.message(11, &verdict_event(verdict, end, content));
    }
    if error_type(&record.outcome).is_some() {
        span = span.message(15, &ProtobufMessage::default().int(3, ERROR));
    }
    span
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_a_provider_is_is_read_off_its_base_url() {
        let known = |url: &str| {
            let addresses = ServerAddresses::of([("a", url)]);
            addresses.0.get("a").map(|(host, port)| (host.clone(), *port))
        };
        let at = |host: &str, port: i64| Some((host.to_owned(), port));
        assert_eq!(known("https://api.example/v1"), at("api.example", 443));
        assert_eq!(known("http://127.0.0.1:8080"), at("127.0.0.1", 8080));
        assert_eq!(known("http://[::1]:81/v1"), at("::1", 81));
        assert_eq!(known("http://[::1]/v1"), at("::1", 80));
        assert_eq!(known("https://name:secret@api.example?x"), at("api.example", 443));
        assert_eq!(known("demo"), None);
    }
}
