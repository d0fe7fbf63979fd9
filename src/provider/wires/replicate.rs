//! Replicate's predictions, as far as moderation needs them: a Llama Guard is given a text, and says `safe`, or `unsafe` and in
//! which of its categories. A prediction that is not ready when it is created is asked for again until it is. What is said is
//! an answer like any other, whose text is a moderation as OpenAI has it.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::{
    model::{CallError, ErrorKind, Finish},
    provider::{
        Call, WireEvent, request,
        wires::{DeltaKind, HttpWire, StreamDecoder, StreamProgress, last_text, text},
    },
};

/// The categories of Llama Guard 3 and 4, by their codes.
const CATEGORIES: &[(&str, &str)] = &[
    ("S1", "violent crimes"),
    ("S2", "non-violent crimes"),
    ("S3", "sex crimes"),
    ("S4", "child exploitation"),
    ("S5", "defamation"),
    ("S6", "specialized advice"),
    ("S7", "privacy"),
    ("S8", "intellectual property"),
    ("S9", "indiscriminate weapons"),
    ("S10", "hate"),
    ("S11", "self-harm"),
    ("S12", "sexual content"),
    ("S13", "elections"),
    ("S14", "code interpreter abuse"),
];

/// The longest id of a prediction that is asked for again.
const LONGEST_ID: usize = 64;

/// The wire of Replicate's predictions.
pub(crate) struct Predictions;

impl HttpWire for Predictions {
    fn path(&self, call: &Call) -> Cow<'static, str> {
        match version(&call.target.model) {
            Some(_) => "/predictions".into(),
            None => format!("/models/{}/predictions", request::escaped(&call.target.model, b"/")).into(),
        }
    }

    fn body(&self, call: &Call) -> Value {
        let mut input = call.params.extra.clone();
        input.insert("prompt".to_owned(), last_text(call).into());
        let mut body = Map::new();
        if let Some(version) = version(&call.target.model) {
            body.insert("version".to_owned(), version.into());
        }
        body.insert("input".to_owned(), Value::Object(input));
        Value::Object(body)
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        // In seconds; what takes longer is asked for again.
        &[("prefer", "wait=10")]
    }

    fn decoder(&self) -> Box<dyn StreamDecoder> {
        Box::new(PredictionDecoder::default())
    }

    fn models_path(&self) -> &'static str {
        "/models"
    }
}

/// Returns what stands after the `:` of a model's name.
fn version(model: &str) -> Option<&str> {
    model.split_once(':').map(|(_, version)| version)
}

/// What a prediction has come to, ready or not.
#[derive(Debug, Default)]
struct PredictionDecoder {
    progress: StreamProgress,
    /// The id of one that is not ready.
    open: Option<String>,
}

impl StreamDecoder for PredictionDecoder {
    fn event(&mut self, _name: &str, _event: &Value, _out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        Err(CallError::new(ErrorKind::Transient, "the provider sent an event where a prediction was asked for"))
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        self.progress.begun = true;
        match text(body, "status").unwrap_or_default() {
            "succeeded" => {
                let output = body.get("output").unwrap_or(&Value::Null);
                let said = guarded(output).map_err(|why| CallError::new(ErrorKind::BadOutput, why))?;
                self.progress.model(body, "model", out);
                self.progress.say(DeltaKind::Text, said.to_string(), out);
                self.progress.finish(Finish::Stop, out);
                self.progress.mark(out)
            }
            "starting" | "processing" => {
                let plain = |id: &&str| id.len() <= LONGEST_ID && id.chars().all(|c| c.is_ascii_alphanumeric());
                self.open = text(body, "id").filter(plain).map(str::to_owned);
                if self.open.is_none() {
                    let lost = "the prediction is not ready and has no id";
                    return Err(CallError::new(ErrorKind::Transient, lost));
                }
                out.push(WireEvent::Alive);
                // Nothing more of this response is of interest, and what it is about has not ended.
                self.progress.ended = true;
                Ok(())
            }
            state @ ("failed" | "canceled" | "aborted") => {
                Err(CallError::new(ErrorKind::Transient, format!("the prediction was {state}")))
            }
            other => {
                let state: String = other.chars().take(40).collect();
                Err(CallError::new(
                    ErrorKind::Unknown,
                    format!("the prediction is in a state that is not known: {state:?}"),
                ))
            }
        }
    }

    fn again(&self) -> Option<String> {
        self.open.as_ref().map(|id| format!("/predictions/{id}"))
    }

    fn progress(&self) -> &StreamProgress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut StreamProgress {
        &mut self.progress
    }
}

/// Reads what a Llama Guard says, a text or the pieces of one, as a moderation; an error says that it is nothing of the kind.
fn guarded(output: &Value) -> Result<Value, String> {
    let said = match output {
        Value::String(text) => text.clone(),
        Value::Array(pieces) => pieces.iter().filter_map(Value::as_str).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => String::new(),
    };
    let mut lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    let strange = || {
        let head: String = said.trim().chars().take(80).collect();
        format!("the model says neither `safe` nor `unsafe` with its categories, as a Llama Guard does: {head:?}")
    };
    let found: Vec<&str> = match (lines.next(), lines.next(), lines.next()) {
        (Some("safe"), None, None) => Vec::new(),
        (Some("unsafe"), Some(codes), None) => codes.split(',').map(str::trim).collect(),
        _ => return Err(strange()),
    };
    let is_code = |code: &&str| {
        code.strip_prefix('S')
            .is_some_and(|number| (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    if !found.iter().all(is_code) {
        return Err(strange());
    }
    let known = CATEGORIES.iter().map(|(code, _)| (*code).to_owned());
    let mut categories: Map<String, Value> = known.map(|code| (code, false.into())).collect();
    categories.extend(found.iter().map(|code| ((*code).to_owned(), true.into())));
    let names: Map<String, Value> =
        CATEGORIES.iter().map(|(code, name)| ((*code).to_owned(), (*name).into())).collect();
    Ok(json!({ "flagged": !found.is_empty(), "categories": categories, "category_names": names }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_llama_guard_says_is_read_and_nothing_else_is() {
        for (output, flagged) in [
            (json!("safe"), ""),
            (json!("\n\nsafe\n"), ""),
            (json!("\n\nunsafe\nS1,S10"), "S1 S10"),
            (json!(["un", "safe", "\nS14"]), "S14"),
            (json!("unsafe\nS15"), "S15"),
        ] {
            let said = guarded(&output).unwrap();
            let all = said["categories"].as_object().unwrap();
            let found: Vec<_> = all.iter().filter(|(_, flag)| **flag == true).map(|(code, _)| code.as_str()).collect();
            assert_eq!((found.join(" ").as_str(), all.len() >= 14), (flagged, true), "{output}");
        }
        for output in [
            json!(null),
            json!(""),
            json!("unsafe"),
            json!("unsafe\nhate"),
            json!("unsafe\nS1,\u{1b}[2J"),
            json!("safe\nS1"),
            json!("Safe travels!"),
            json!({"safe": true}),
            json!([1, 2]),
        ] {
            assert!(guarded(&output).is_err(), "{output}");
        }
    }

    #[test]
    fn a_state_that_is_not_known_is_no_answer() {
        for (body, why) in [
            (json!({"id": "a1", "status": "succeeded", "output": null}), "neither `safe`"),
            (json!({"id": "a1", "status": "canceled"}), "canceled"),
            (json!({"id": "a1", "status": "dreaming"}), "not known: \"dreaming\""),
            (json!({"id": "../keys", "status": "starting"}), "no id"),
            (json!({"status": "processing"}), "no id"),
            (json!({"output": "safe"}), "not known"),
            (json!("safe"), "not known"),
        ] {
            let mut decoder = PredictionDecoder::default();
            let error = decoder.whole(&body, &mut Vec::new()).unwrap_err();
            assert!(error.message.contains(why) && decoder.again().is_none(), "{body}: {error}");
        }
        let mut decoder = PredictionDecoder::default();
        decoder.whole(&json!({"id": "a1", "status": "starting", "output": null}), &mut Vec::new()).unwrap();
        assert_eq!(decoder.again().as_deref(), Some("/predictions/a1"));
    }
}
