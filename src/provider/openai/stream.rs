//! Chat completion chunks, as OpenAI and everyone compatible with it sends them.

use std::time::Duration;

use serde_json::Value;

use crate::model::{Class, Fault, Finish, Usage};
use crate::provider::{
    classify,
    dialect::{Dialect, Progress, count, error_in, holds, not_json, split, text},
    wire::WireEvent,
};

/// A completion under way.
#[derive(Debug, Default)]
pub(in crate::provider) struct Completion {
    progress: Progress,
    refused: bool,
}

impl Dialect for Completion {
    fn event(&mut self, name: &str, data: &str, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if data.trim_start().starts_with("[DONE]") {
            return self.progress.mark(out);
        }
        let Ok(chunk) = serde_json::from_str::<Value>(data) else {
            return Err(if name == "error" { classify::event(data) } else { not_json(data) });
        };
        if let Some(fault) = error_in(name, &chunk) {
            return Err(fault);
        }
        if !chunk.is_object() {
            out.push(WireEvent::Alive);
            return Ok(());
        }
        self.chunk(&chunk, "delta", out)
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if let Some(fault) = error_in("", body) {
            return Err(fault);
        }
        if body.get("choices").is_none() {
            return Err(classify::event(&body.to_string()));
        }
        self.chunk(body, "message", out)?;
        self.progress.mark(out)
    }

    fn end(&mut self, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        self.progress.end(out)
    }

    fn ended(&self) -> bool {
        self.progress.ended
    }
}

impl Completion {
    fn chunk(&mut self, chunk: &Value, part: &str, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        let before = out.len();
        self.progress.begun = true;
        self.progress.model(chunk, out);
        let choices = chunk.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let first = |choice: &&Value| count(choice, "/index").unwrap_or(0) == 0;
        if let Some(choice) = choices.iter().find(first) {
            self.delta(choice.get(part).unwrap_or(&Value::Null), out);
            match text(choice, "finish_reason") {
                Some("error") => return Err(Fault::new(Class::Transient, "the provider ended the answer in an error")),
                Some(reason) => {
                    let finish = if self.refused { Finish::Refusal } else { Finish::read(reason) };
                    self.progress.finish(finish, out);
                }
                None => {}
            }
        }
        if let Some(usage) = chunk.get("usage").and_then(usage) {
            out.push(WireEvent::Usage(usage));
        }
        if let Some(timing) = chunk.get("timings").and_then(timing) {
            out.push(timing);
        }
        if out.len() == before {
            out.push(WireEvent::Alive);
        }
        Ok(())
    }

    fn delta(&mut self, delta: &Value, out: &mut Vec<WireEvent>) {
        self.progress.called |= holds(delta, "tool_calls") || holds(delta, "function_call");
        if let Some(reasoning) = text(delta, "reasoning_content").or_else(|| text(delta, "reasoning")) {
            out.push(WireEvent::Reasoning(reasoning.to_owned()));
        } else if let Some(Value::Array(details)) = delta.get("reasoning_details") {
            let told = details.iter().filter_map(|detail| text(detail, "text").or_else(|| text(detail, "summary")));
            out.extend(told.map(|told| WireEvent::Reasoning(told.to_owned())));
        }
        match delta.get("content") {
            Some(Value::String(content)) if !content.is_empty() => out.push(WireEvent::Text(content.clone())),
            Some(Value::Array(parts)) => {
                let told = parts.iter().filter_map(|part| text(part, "text"));
                out.extend(told.map(|told| WireEvent::Text(told.to_owned())));
            }
            _ => {}
        }
        if let Some(refusal) = text(delta, "refusal") {
            self.refused = true;
            out.push(WireEvent::Refusal(refusal.to_owned()));
        }
    }
}

/// Reads the counts. Cached and reasoning tokens are within the totals here, and apart in
/// [`Usage`]; a provider whose grand total shows that its reasoning is not within is believed.
fn usage(usage: &Value) -> Option<Usage> {
    let prompt = count(usage, "/prompt_tokens");
    let (rest, cache_read) = split(prompt, count(usage, "/prompt_tokens_details/cached_tokens"));
    let (input, cache_write) = split(rest, count(usage, "/prompt_tokens_details/cache_write_tokens"));
    let completion = count(usage, "/completion_tokens");
    let thought = count(usage, "/completion_tokens_details/reasoning_tokens");
    let sum = [prompt, completion, thought].into_iter().flatten().fold(0, u64::saturating_add);
    let beside = thought.is_some_and(|thought| thought > 0) && count(usage, "/total_tokens") == Some(sum);
    let (output, reasoning) = if beside { (completion, thought) } else { split(completion, thought) };
    let usage = Usage { input, cache_read, cache_write, output, reasoning, estimated: false };
    (usage != Usage::default()).then_some(usage)
}

/// Reads llama.cpp's own measurements.
fn timing(timings: &Value) -> Option<WireEvent> {
    let millis = |name: &str| {
        let millis = timings.get(name).and_then(Value::as_f64)?;
        Duration::try_from_secs_f64(millis / 1000.0).ok()
    };
    let (prompt, generation) = (millis("prompt_ms"), millis("predicted_ms"));
    (prompt.is_some() || generation.is_some()).then_some(WireEvent::ServerTiming { load: None, prompt, generation })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn classes_add_up_to_the_providers_total() {
        let told = usage(&json!({"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
            "prompt_tokens_details": {"cached_tokens": 60}, "completion_tokens_details": {"reasoning_tokens": 20}}));
        let told = told.unwrap();
        assert_eq!(
            (told.input, told.cache_read, told.output, told.reasoning),
            (Some(40), Some(60), Some(30), Some(20))
        );
        assert_eq!(told.total(), Some(150));
    }

    #[test]
    fn reasoning_beside_the_completion_is_not_taken_from_it() {
        let told = usage(&json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 35,
            "completion_tokens_details": {"reasoning_tokens": 20}}));
        assert_eq!(told.unwrap().total(), Some(35));
    }

    #[test]
    fn a_subset_larger_than_its_total_never_goes_below_zero() {
        let told = usage(&json!({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}})).unwrap();
        assert_eq!((told.input, told.cache_read, told.output), (Some(0), Some(10), None));
        assert_eq!(usage(&json!({})), None);
        assert_eq!(usage(&json!({"prompt_tokens": -1})), None);
    }
}
