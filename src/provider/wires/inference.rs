//! Hugging Face's inference API: a text is posted to a model by its name, and what comes back is what the model is for, its
//! embedding or its labels. Models of sentence similarity are asked for the embeddings that they compare.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::{
    model::{CallError, ErrorKind, TextService},
    provider::{
        Call, WireEvent, classify, request,
        wires::{HttpWire, StreamDecoder, StreamProgress, classifications, embeddings, last_text},
    },
};

/// The wire of Hugging Face's inference API.
pub(crate) struct Inference;

impl HttpWire for Inference {
    fn path(&self, call: &Call) -> Cow<'static, str> {
        // Models of sentence similarity have two tasks, and this names the one.
        let task = match call.target.options.service {
            Some(TextService::Embedding) => "/pipeline/feature-extraction",
            Some(TextService::Moderation | TextService::Classification) | None => "",
        };
        format!("/models/{}{task}", request::escaped(&call.target.model, b"/")).into()
    }

    fn body(&self, call: &Call) -> Value {
        let mut body = Map::new();
        body.insert("inputs".to_owned(), last_text(call).into());
        if !call.params.extra.is_empty() {
            body.insert("parameters".to_owned(), Value::Object(call.params.extra.clone()));
        }
        Value::Object(body)
    }

    fn decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(TaskDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        "/models"
    }
}

/// A response, of whichever task.
#[derive(Debug, Default)]
struct TaskDecoder {
    progress: StreamProgress,
}

impl StreamDecoder for TaskDecoder {
    fn event(&mut self, _name: &str, event: &Value, _out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        Err(classify::event(&event.to_string()))
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let Some(rows) = body.as_array() else { return Err(classify::event(&body.to_string())) };
        // Either comes in a list of one, for the one text.
        let inner = match rows.as_slice() {
            [Value::Array(inner)] if !inner.is_empty() => inner,
            _ => rows,
        };
        if inner.first().is_some_and(Value::is_number) {
            return embeddings::say(&mut self.progress, body, &json!(inner), out);
        }
        if inner.first().is_some_and(Value::is_array) {
            let words = "the model has a vector for each word, and none for the text; name one that embeds sentences";
            return Err(CallError::new(ErrorKind::BadOutput, words));
        }
        match classifications::read(inner) {
            Some(labels) => classifications::say(&mut self.progress, &labels?, out),
            None => Err(CallError::new(ErrorKind::Transient, "the provider sent neither an embedding nor labels")),
        }
    }

    fn progress(&self) -> &StreamProgress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut StreamProgress {
        &mut self.progress
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &Value) -> Result<String, CallError> {
        let mut out = Vec::new();
        TaskDecoder::default().whole(body, &mut out)?;
        let text = |event: &WireEvent| match event {
            WireEvent::Text(text) => Some(text.clone()),
            _ => None,
        };
        Ok(out.iter().filter_map(text).collect())
    }

    #[test]
    fn both_tasks_are_read_in_either_shape_and_nothing_else_is() {
        for (body, said) in [
            (json!([0.6, 0.8]), "[0.6,0.8]"),
            (json!([[0.6, 0.8]]), "[0.6,0.8]"),
            (
                json!([{"label": "a", "score": 0.9}, {"label": "b", "score": 0.1}]),
                r#"{"classification":{"a":0.9,"b":0.1}}"#,
            ),
            (json!([[{"label": "a", "score": 0.9}]]), r#"{"classification":{"a":0.9}}"#),
            (
                json!([{"entity_group": "NAME", "score": 0.5, "word": "x"}, {"entity_group": "NAME", "score": 0.9},
                    {"entity": "KEY", "score": 0.2}]),
                r#"{"classification":{"NAME":0.9,"KEY":0.2},"open":true}"#,
            ),
            (json!([]), r#"{"classification":{},"open":true}"#),
        ] {
            assert_eq!(read(&body).unwrap(), said, "{body}");
        }
        for (body, why) in [
            (json!([[[0.6, 0.8], [0.1, 0.2]]]), "a vector for each word"),
            (json!([[0.6], [0.1]]), "a vector for each word"),
            (json!([0.6, "0.8"]), "no list of numbers"),
            (json!([{"label": "a", "score": "0.9"}]), "no number"),
            (json!([{"label": 1, "score": 0.9}]), "neither"),
            (json!([{"label": "a", "score": 0.9}, {"word": "b"}]), "neither"),
            (json!(["a"]), "neither"),
            (json!({"text": "a"}), ""),
        ] {
            let error = read(&body).unwrap_err();
            assert!(error.message.contains(why), "{body}: {error}");
        }
    }
}
