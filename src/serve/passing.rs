//! Embeddings and counts of tokens: the bytes go through, one time, and no run is recorded.

use bytes::Bytes;
use hyper::{Response, http::request::Parts};

use crate::{
    model::{CallError, Key, RunEnd, Wire, run_end::Reason},
    pipeline::ports::World as _,
    provider::{forward::ForwardBody, passage::PassedAnswer},
    serve::{
        ServeState, answering,
        asking::{client_key, passed_on, targets},
        ledger::CallLedger,
        refusal::ServeRefusal,
        reply,
        reply::ReplyBody,
        routes::PassRoute,
    },
};

/// Passes a request on and its answer back.
pub(crate) async fn pass(
    state: &ServeState,
    wire: Wire,
    to: PassRoute,
    (parts, body): (&Parts, &Bytes),
    ledger: &mut CallLedger,
) -> Result<Response<ReplyBody>, ServeRefusal> {
    let (body, fields) = ForwardBody::read(body).map_err(|bad| ServeRefusal::new(400, bad.to_string()))?;
    let model = fields.get("model").and_then(|model| model.as_str()).map(str::trim).filter(|model| !model.is_empty());
    let model = model.ok_or_else(|| ServeRefusal::new(400, "`model` is missing"))?;
    ledger.model(model);
    let targets = targets(state, wire, model)?;
    let Some(target) = targets.first() else { return Err(ServeRefusal::new(500, "there is no target")) };
    ledger.target(&target.name);
    let path = match (to, target.kind) {
        (PassRoute::CountTokens, Wire::Anthropic) => "/v1/messages/count_tokens",
        (PassRoute::Embeddings, Wire::OpenAi | Wire::Responses) => "/embeddings",
        (PassRoute::CountTokens | PassRoute::Embeddings, _) => {
            let text = format!("{} is asked over the wire `{}`, which has no such request", target.name, target.kind);
            return Err(ServeRefusal::new(400, text));
        }
    };
    let failed = |error: CallError| {
        let run = crate::engine::Machine::default().run_id();
        let reasons = vec![Reason { target: target.name.clone(), error }];
        ServeRefusal { run: None, tried: false, ..ServeRefusal::of_run(run, &RunEnd::Failed { reasons }) }
    };
    let own = if state.forwards_keys { client_key(&parts.headers) } else { None };
    let is_own = own.is_some();
    let key = if let Some(secret) = own {
        let label = "client".to_owned();
        Some(Key { account: label.clone(), label, secret, left_out: None })
    } else {
        let named = state.engine.read_keys([target]).await;
        if let Some(why) = named.values().find_map(|named| named.refusal.clone()) {
            return Err(ServeRefusal { code: Some("provider_key"), ..ServeRefusal::new(502, why) });
        }
        state.engine.pipeline.key(&target.provider, None)
    };
    if key.is_none() && target.needs_key() {
        let text =
            format!("there is no key for the provider `{}`; `retort doctor` shows which are found", target.provider);
        return Err(ServeRefusal { code: Some("provider_key"), ..ServeRefusal::new(502, text) });
    }
    let timeouts = &state.workspace.settings.timeouts;
    let connect = target.options.timeouts.connect.unwrap_or(timeouts.connect);
    let headers = passed_on(&parts.headers);
    let passed = state.engine.providers.pass((target, key.as_ref()), path, (&body, &headers), connect);
    let passed = tokio::time::timeout(timeouts.total, passed).await;
    let passed = passed.map_err(|_elapsed| ServeRefusal::new(504, "the provider did not answer in time"))?;
    let PassedAnswer { status, headers, body } = passed.map_err(failed)?;
    if !is_own && matches!(status, 401 | 403) {
        let text = format!("the provider of {} does not take the key that is set for it", target.name);
        return Err(ServeRefusal { code: Some("provider_key"), ..ServeRefusal::new(502, text) });
    }
    ledger.answered(status);
    ledger.end();
    Ok(reply::response(status, &answering::passed(&headers), ReplyBody::Whole(Some(body))))
}
