//! Whether a text is harmful: OpenAI's `/moderations`, which Mistral has as well. It is an answer like any other, whose text is
//! the result as JSON.

use serde_json::{Value, json};

use crate::{
    model::{CallError, Finish},
    provider::{
        Call, WireEvent,
        wires::{DeltaKind, StreamProgress, last_text},
    },
};

/// Writes the body of a request for the moderation of the last message.
pub(crate) fn body(call: &Call) -> Value {
    json!({ "model": call.target.model, "input": last_text(call) })
}

/// Finds the result in a response; none where it is no moderation.
pub(crate) fn result(body: &Value) -> Option<&Value> {
    body.pointer("/results/0").filter(|result| result.get("categories").is_some_and(Value::is_object))
}

/// Says the result of a response.
pub(crate) fn say(
    progress: &mut StreamProgress,
    body: &Value,
    result: &Value,
    out: &mut Vec<WireEvent>,
) -> Result<(), CallError> {
    progress.begun = true;
    progress.model(body, "model", out);
    progress.say(DeltaKind::Text, result.to_string(), out);
    progress.finish(Finish::Stop, out);
    progress.mark(out)
}
