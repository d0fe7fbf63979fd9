//! The embedding of a text: OpenAI's `/embeddings`, which llama.cpp and others have as well, Ollama's `/api/embed`, and others. It is
//! an answer like any other, whose text is the vector as JSON.

use serde_json::{Value, json};

use crate::{
    model::{CallError, ErrorKind, Finish},
    provider::{
        Call, WireEvent,
        wires::{DeltaKind, StreamProgress, last_text},
    },
};

/// Writes the body of a request for the embedding of the last message.
pub(crate) fn body(call: &Call) -> Value {
    json!({ "model": call.target.model, "input": last_text(call) })
}

/// Says the vector of a response. What is no list of numbers is an error.
pub(crate) fn say(
    progress: &mut StreamProgress,
    body: &Value,
    vector: &Value,
    out: &mut Vec<WireEvent>,
) -> Result<(), CallError> {
    let numbers = vector.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_number));
    if !numbers {
        return Err(CallError::new(ErrorKind::Transient, "the provider sent an embedding that is no list of numbers"));
    }
    progress.begun = true;
    progress.model(body, "model", out);
    progress.say(DeltaKind::Text, vector.to_string(), out);
    progress.finish(Finish::Stop, out);
    progress.mark(out)
}
