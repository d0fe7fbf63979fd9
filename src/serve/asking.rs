//! A question of a program: its target found, its checks added, its run started.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use hyper::{HeaderMap, http::request::Parts};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    engine::Machine,
    eval::CheckSuite,
    model::{
        CacheMode, Check, Commit, Format, Params, PartFolders, Response, RunRequest, Target, Wire,
        target_settings::TargetOptions, trace_parent::TraceParent,
    },
    pipeline::ports::World as _,
    provider::forward::{Forward, ForwardBody, ProgramRequest},
    serve::{
        SESSION, ServeState,
        answer::AnswerHead,
        answering::{Answering, AnsweringParts},
        ledger::CallLedger,
        question::ProgramQuestion,
        refusal::ServeRefusal,
        stored,
    },
};

/// What a stored prompt is asked by, in the place of a model.
pub(crate) const STORED: &str = "prompt:";

/// The headers of a request that go on to a provider, but for those of Anthropic's, which all do.
const PASSED_ON: &[&str] = &["openai-beta", "idempotency-key", "traceparent", "tracestate"];

/// Starts the run of a question. Nothing is asked before the answer is waited for.
pub(crate) async fn ask(
    state: &Arc<ServeState>,
    wire: Wire,
    (parts, body): (&Parts, &Bytes),
    mut ledger: CallLedger,
    started: Instant,
) -> Result<Answering, (ServeRefusal, CallLedger)> {
    match begin(state, wire, (parts, body), &mut ledger).await {
        Ok(Begun { request, forward, head, streams, own_key }) => {
            let (run, tap) = match forward {
                Some(forward) => {
                    let (forward, tap) = Forward::new(forward);
                    (state.engine.pipeline.forward(request, Arc::new(forward)), Some(tap))
                }
                None => (state.engine.pipeline.run(request), None),
            };
            let enforces = state.settings.enforce;
            let parts = AnsweringParts { run, tap, wire, head, streams, enforces, started, own_key, ledger };
            Ok(Answering::new(parts))
        }
        Err(refusal) => Err((refusal, ledger)),
    }
}

/// A run that is ready to be started.
struct Begun {
    request: RunRequest,
    /// The program's own bytes, where they may go on.
    forward: Option<ProgramRequest>,
    head: AnswerHead,
    streams: bool,
    own_key: bool,
}

async fn begin(
    state: &ServeState,
    wire: Wire,
    (parts, body): (&Parts, &Bytes),
    ledger: &mut CallLedger,
) -> Result<Begun, ServeRefusal> {
    let (body, fields) = ForwardBody::read(body).map_err(|bad| ServeRefusal::new(400, bad.to_string()))?;
    let question = ProgramQuestion::read(wire, &fields).map_err(|words| ServeRefusal::new(400, words))?;
    ledger.model(&question.model);
    let cache = cache_mode(state.cache, &parts.headers);
    let streams = question.streams;
    let head = AnswerHead {
        run: Machine::default().run_id(),
        model: question.model.clone(),
        created: Timestamp::now().as_second(),
        counts: question.counts,
    };
    let commit = if streams && !state.settings.enforce { Commit::Live } else { Commit::Buffered };
    if let Some(name) = question.model.strip_prefix(STORED) {
        let request = stored::request(state, name, &question, &fields).await?;
        let request = RunRequest { cache, commit, trace: trace_parent(&parts.headers), ..request };
        state.engine.read_keys(request.targets.iter().chain(request.judges.values())).await;
        return Ok(Begun { request, forward: None, head, streams, own_key: false });
    }
    let targets = targets(state, wire, &question.model)?;
    let (mut prompt, input) = question.prompt();
    if let Some(checks) = &state.checks {
        prompt.checks.extend(checks.checks.iter().cloned());
        if prompt.response.format == Format::Text {
            let format = checks.format().0;
            prompt.response = Response { format, ..checks.response.clone() };
        }
    }
    // What a schema of the program's says that no checker knows is for its provider to refuse.
    if CheckSuite::new(&prompt.response, &prompt.checks).is_err() {
        prompt.response = Response { format: Format::Text, finish: false, ..Response::default() };
    }
    let own_key = if state.forwards_keys { client_key(&parts.headers) } else { None };
    let judges = judges(state, &prompt.checks)?;
    let read: Vec<&Target> = targets.iter().filter(|_| own_key.is_none()).chain(judges.values()).collect();
    state.engine.read_keys(read).await;
    let has_own_key = own_key.is_some();
    let forward = ProgramRequest {
        wire,
        streams,
        body,
        headers: passed_on(&parts.headers),
        own_key,
        tempered: question.params.temperature.is_some(),
        messages: question.messages,
        untranslatable: question.left,
    };
    let request = RunRequest {
        prompt_name: None,
        prompt: Arc::new(prompt),
        params: Params::default(),
        input,
        targets,
        cache,
        commit,
        sample: 0,
        session: Some(SESSION.to_owned()),
        parent: None,
        checks: Vec::new(),
        min_score: None,
        judges,
        folders: PartFolders::default(),
        cell: None,
        trace: trace_parent(&parts.headers),
    };
    Ok(Begun { request, forward: Some(forward), head, streams, own_key: has_own_key })
}

/// Finds the models that judge by rubrics.
pub(crate) fn judges(state: &ServeState, checks: &[Check]) -> Result<BTreeMap<String, Target>, ServeRefusal> {
    let workspace = &state.workspace;
    let names = checks.iter().filter_map(Check::judge_name);
    let judges = workspace.catalog.judges(names, workspace.settings.judge_model()).collect::<Result<_, _>>();
    judges.map_err(|error| ServeRefusal::new(500, format!("the judge cannot be asked: {error}")))
}

/// Finds the target of a name and those that are asked in turn after it.
pub(crate) fn targets(state: &ServeState, wire: Wire, model: &str) -> Result<Vec<Target>, ServeRefusal> {
    let first = state.workspace.catalog.resolve(model).map_err(|_unknown| unknown(model))?;
    with_fallback(state, wire, first, &state.settings.fallback)
}

/// Adds the targets of these names, each once.
pub(crate) fn with_fallback(
    state: &ServeState,
    wire: Wire,
    first: Target,
    fallback: &[String],
) -> Result<Vec<Target>, ServeRefusal> {
    let mut targets = vec![spoken_to(first, wire)];
    for name in fallback {
        let next = state.workspace.catalog.resolve(name);
        let next = next.map_err(|error| ServeRefusal::new(500, format!("`fallback`: {error}")))?;
        if targets.iter().all(|known| known.name != next.name) {
            targets.push(spoken_to(next, wire));
        }
    }
    Ok(targets)
}

/// Has OpenAI's own API, which speaks two wires, be asked in the one that the program speaks.
fn spoken_to(target: Target, wire: Wire) -> Target {
    let both = |wire: Wire| matches!(wire, Wire::OpenAi | Wire::Responses);
    let own = !target.custom_endpoint && target.vendor().is_some_and(|vendor| vendor.name == "openai");
    let plain = TargetOptions { timeouts: target.options.timeouts, ..TargetOptions::default() } == target.options;
    if own && plain && both(wire) && both(target.kind) { Target { kind: wire, ..target } } else { target }
}

/// Refuses a model that nobody knows.
pub(crate) fn unknown(model: &str) -> ServeRefusal {
    let name: String = model.chars().filter(|c| !c.is_control()).take(128).collect();
    ServeRefusal {
        code: Some("model_not_found"),
        param: Some("model".to_owned()),
        ..ServeRefusal::new(404, format!("there is no model `{name}` here; `retort models` lists those there are"))
    }
}

/// Reads how the cache is used.
fn cache_mode(usual: CacheMode, headers: &HeaderMap) -> CacheMode {
    let says = |name: &str, word: &str| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
    };
    if usual == CacheMode::Off || says("cache-control", "no-store") || says("x-retort-cache", "off") {
        CacheMode::Off
    } else if says("cache-control", "no-cache") || says("x-retort-cache", "refresh") {
        CacheMode::Refresh
    } else {
        usual
    }
}

/// Lists the headers that go on to a provider. No other does: neither a key, nor anything that says where to.
pub(crate) fn passed_on(headers: &HeaderMap) -> Vec<(String, String)> {
    let mut passed: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in headers {
        let name = name.as_str();
        if !name.starts_with("anthropic-") && !PASSED_ON.contains(&name) {
            continue;
        }
        let Ok(value) = value.to_str() else { continue };
        passed
            .entry(name.to_owned())
            .and_modify(|all| {
                all.push_str(", ");
                all.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    passed.into_iter().collect()
}

/// Returns the span of the program's that a call is a part of; none where two are named.
fn trace_parent(headers: &HeaderMap) -> Option<TraceParent> {
    let mut named = headers.get_all("traceparent").iter();
    let parent = named.next()?.to_str().ok()?;
    if named.next().is_some() { None } else { TraceParent::read(parent.trim()) }
}

/// Returns a program's own key.
pub(crate) fn client_key(headers: &HeaderMap) -> Option<SecretString> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let bearer = || {
        let (scheme, key) = text("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key)
    };
    let key = text("x-api-key").or_else(bearer)?.trim();
    (!key.is_empty()).then(|| SecretString::from(key.to_owned()))
}

/// Lists the models that can be asked, as both OpenAI's and Anthropic's lists have them.
pub(crate) fn models(state: &ServeState) -> Value {
    let names = state.workspace.catalog.names();
    let all: Vec<Value> = names.iter().filter_map(|name| model(state, name)).collect();
    let end = |model: Option<&Value>| model.map(|model| model["id"].clone());
    json!({
        "object": "list",
        "has_more": false,
        "first_id": end(all.first()),
        "last_id": end(all.last()),
        "data": all,
    })
}

/// Returns what is said of a model; none where there is none of that name.
pub(crate) fn model(state: &ServeState, name: &str) -> Option<Value> {
    let target = state.workspace.catalog.resolve(name).ok()?;
    if target.is_retired_on(&state.workspace.today()) {
        return None;
    }
    Some(json!({
        "id": name,
        "object": "model",
        "type": "model",
        "display_name": name,
        "created": 0,
        "created_at": "1970-01-01T00:00:00Z",
        "owned_by": target.provider,
    }))
}
