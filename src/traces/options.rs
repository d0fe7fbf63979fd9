//! The options of a call as `llm` logs them, read into parameters: each model of it has some of its own.
//! <https://llm.datasette.io/en/stable/usage.html#model-options>

use std::collections::BTreeSet;

use serde_json::Value;

use crate::model::Params;

/// What a call was asked for beside its messages.
#[derive(Debug, Default)]
pub(crate) struct LoggedOptions {
    pub params: Params,
    /// Whether the answer was to be a JSON object.
    pub is_json: bool,
}

/// Options that are fields of a request's body by the same name.
const BODY_FIELDS: &[&str] =
    &["frequency_penalty", "presence_penalty", "logit_bias", "top_k", "min_p", "repeat_penalty", "verbosity"];

/// Reads options: an object, or a text that is one's JSON. What has no place among parameters goes to `lost` by its name.
pub(crate) fn logged_options(value: Value, lost: &mut BTreeSet<String>) -> LoggedOptions {
    let mut found = LoggedOptions::default();
    let read = match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or_default(),
        other => other,
    };
    let Value::Object(options) = read else {
        lost.insert("options_json".to_owned());
        return found;
    };
    for (name, value) in options.into_iter().filter(|(_, value)| !value.is_null()) {
        if !found.take(&name, &value) {
            lost.insert(format!("option {name}"));
        }
    }
    found
}

impl LoggedOptions {
    /// Takes an option over, and tells whether it has a place.
    fn take(&mut self, name: &str, value: &Value) -> bool {
        let params = &mut self.params;
        // Some are logged as they were typed.
        let typed = value.as_str().map(str::trim);
        let number = || value.as_f64().or_else(|| typed?.parse().ok()).filter(|number: &f64| number.is_finite());
        let count = || value.as_u64().or_else(|| typed?.parse().ok());
        let whole = || value.as_i64().or_else(|| typed?.parse().ok());
        let put = |place: &mut Option<f64>, number: Option<f64>| {
            *place = number;
            number.is_some()
        };
        match name {
            "temperature" => put(&mut params.temperature, number()),
            "top_p" => put(&mut params.top_p, number()),
            // OpenAI's and Anthropic's, Gemini's, Ollama's.
            "max_tokens" | "max_output_tokens" | "num_predict" => {
                params.max_tokens = count();
                params.max_tokens.is_some()
            }
            "seed" => {
                params.seed = whole();
                params.seed.is_some()
            }
            "stop" | "stop_sequences" => {
                params.stop = match value {
                    Value::String(text) => vec![text.clone()],
                    Value::Array(texts) => texts.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
                };
                !params.stop.is_empty()
            }
            "reasoning_effort" => {
                params.reasoning_effort = value.as_str().map(str::to_owned);
                params.reasoning_effort.is_some()
            }
            "json_object" => {
                self.is_json = value == &Value::Bool(true) || typed == Some("true");
                self.is_json || value == &Value::Bool(false)
            }
            name if BODY_FIELDS.contains(&name) => {
                params.extra.insert(name.to_owned(), value.clone());
                true
            }
            _ => false,
        }
    }
}
