//! A request of a program that is passed on: made ready for a target that takes its bytes, or for one that takes what it
//! says.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::{
    model::{CallError, ErrorKind, Input, Message, Target, ToolSet, id::hex_of_parts, quirk::ModelQuirk},
    pipeline::{
        cache_key, prepare,
        prepare::PreparedRequest,
        run::{PreparedTarget, RunContext},
    },
    provider::{Forward, WireFormat},
};

impl RunContext {
    /// Makes a target ready to be asked with a program's request. One of another wire is asked only where it can be
    /// sent all that the request says.
    pub(crate) fn prepare_forward(
        &self,
        forward: &Arc<Forward>,
        messages: &[Message],
        target: Target,
        quirks: Vec<ModelQuirk>,
    ) -> PreparedTarget {
        let request = self.fit_forward(forward, messages, &target);
        let cache_key = self.forward_key(forward, &target, &request);
        let preflight = if forward.goes_to(&target) {
            let today = self.shared.ports.world.timestamp().to_zoned(TimeZone::UTC).date();
            prepare::check(&target, &[], &ToolSet::default(), today, self.shared.rules.allow_retired)
        } else {
            carried(forward, &target).and_then(|()| self.preflight(&target, &request.messages))
        };
        PreparedTarget { target, request, cache_key, quirks, preflight }
    }

    /// Fits a program's request to a target.
    pub(crate) fn fit_forward(&self, forward: &Forward, messages: &[Message], target: &Target) -> PreparedRequest {
        let prompt = &self.request.prompt;
        if forward.goes_to(target) {
            return PreparedRequest {
                messages: messages.to_vec(),
                params: prompt.params.clone(),
                format: WireFormat::Text,
                tools: prompt.tool_set(),
                words: String::new(),
                notices: Vec::new(),
            };
        }
        let mut request = prepare::fit(prompt, &self.request.params, messages, target);
        if !forward.request.tempered {
            // The program left it to the model, whatever it is that prompts do.
            request.params.temperature = target.options.params.temperature;
            request.notices.retain(|notice| !notice.contains("default temperature"));
        }
        request
    }

    /// Makes the cache key of a program's request for a target.
    pub(crate) fn forward_key(&self, forward: &Forward, target: &Target, request: &PreparedRequest) -> String {
        if forward.goes_to(target) {
            cache_key::of_forward(forward, target, self.request.sample)
        } else {
            // What is sent is made of the messages, and those are all in it.
            let input = Input::of(serde_json::to_string(&request.messages).unwrap_or_default());
            let translated = cache_key::key(&self.request.prompt, &input, target, request, self.request.sample);
            hex_of_parts([translated.as_str(), ":", &forward.digest()])
        }
    }
}

/// Fails where a target speaks another wire than a request, and the request has what that wire has no place for.
fn carried(forward: &Forward, target: &Target) -> Result<(), CallError> {
    let fields = &forward.request.untranslatable;
    if fields.is_empty() {
        return Ok(());
    }
    let (own, other) = (forward.request.wire, target.kind);
    let text = format!(
        "{} is asked over the wire `{other}`, which cannot be sent all of this request of the wire `{own}`: {}",
        target.name,
        fields.join(", ")
    );
    let mut error = CallError::new(ErrorKind::CallerFault, text);
    error.param = fields.first().cloned();
    Err(error)
}
