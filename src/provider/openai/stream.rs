//! Chat completion chunks, as OpenAI and everyone compatible with it sends them.

use std::time::Duration;

use serde_json::Value;

use crate::model::{Class, Fault, Finish, Usage};
use crate::provider::{
    classify,
    counts::{self, count, first, split},
    dialect::{Dialect, Piece, Progress, holds, text},
    wire::WireEvent,
};

/// A completion under way.
#[derive(Debug, Default)]
pub(in crate::provider) struct Completion {
    progress: Progress,
    refused: bool,
    said: bool,
}

impl Dialect for Completion {
    fn event(&mut self, _name: &str, chunk: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if !chunk.is_object() {
            out.push(WireEvent::Alive);
            return Ok(());
        }
        self.chunk(chunk, "delta", out)
    }

    fn whole(&mut self, body: &Value, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if body.get("choices").is_none_or(Value::is_null) {
            return Err(classify::event(&body.to_string()));
        }
        self.chunk(body, "message", out)?;
        self.progress.mark(out)
    }

    fn progress(&self) -> &Progress {
        &self.progress
    }

    fn progress_mut(&mut self) -> &mut Progress {
        &mut self.progress
    }
}

impl Completion {
    fn chunk(&mut self, chunk: &Value, part: &str, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        let before = out.len();
        self.progress.begun = true;
        self.progress.model(chunk, out);
        let choices = chunk.get("choices").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let choice = choices.iter().find(|choice| count(choice, "/index").unwrap_or(0) == 0);
        if let Some(choice) = choice {
            // Some servers send a stream of one event that is a whole answer, and some repeat the answer beside
            // each piece of it.
            let whole = || choice.get("message").filter(|_| !self.said);
            let piece = choice.get(part).filter(|piece| !piece.is_null()).or_else(whole);
            self.delta(piece.unwrap_or(&Value::Null), out);
            match text(choice, "finish_reason") {
                Some("error") => return Err(Fault::new(Class::Transient, "the provider ended the answer in an error")),
                Some(reason) => {
                    let finish = if self.refused { Finish::Refusal } else { Finish::read(reason) };
                    self.progress.finish(finish, out);
                }
                None => {}
            }
        }
        let beside =
            [chunk.get("usage"), choice.and_then(|choice| choice.get("usage")), chunk.pointer("/x_groq/usage")];
        if let Some(field) = beside.into_iter().flatten().find(|usage| usage.is_object()) {
            counts::say(field, usage(field), out);
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
        let before = out.len();
        let progress = &mut self.progress;
        progress.called |= holds(delta, "tool_calls") || holds(delta, "function_call");
        for name in ["reasoning_content", "reasoning", "reasoning_text", "thinking", "reasoning_details"] {
            let thought = out.len();
            progress.content(delta.get(name).unwrap_or(&Value::Null), Piece::Reasoning, out);
            if out.len() > thought {
                break;
            }
        }
        // Gemini marks its thoughts beside the content.
        let thought = delta.pointer("/extra_content/google/thought") == Some(&Value::Bool(true));
        let piece = if thought { Piece::Reasoning } else { Piece::Text };
        progress.content(delta.get("content").unwrap_or(&Value::Null), piece, out);
        progress.content(delta.get("refusal").unwrap_or(&Value::Null), Piece::Refusal, out);
        self.said |= out.len() > before;
        self.refused |= out.iter().skip(before).any(|event| matches!(event, WireEvent::Refusal(_)));
    }
}

/// Reads the counts. Cached and reasoning tokens are within the totals here, and apart in
/// [`Usage`]; a provider whose grand total shows that its reasoning is not within is believed.
fn usage(usage: &Value) -> Usage {
    let prompt = first(usage, &["/prompt_tokens", "/input_tokens"]);
    let cached = [
        "/prompt_tokens_details/cached_tokens",
        "/input_tokens_details/cached_tokens",
        "/cached_tokens",
        "/prompt_cache_hit_tokens",
    ];
    let (rest, cache_read) = split(prompt, first(usage, &cached));
    let (input, cache_write) = split(rest, count(usage, "/prompt_tokens_details/cache_write_tokens"));
    let completion = first(usage, &["/completion_tokens", "/output_tokens"]);
    let thought =
        first(usage, &["/completion_tokens_details/reasoning_tokens", "/output_tokens_details/reasoning_tokens"]);
    let sum = [prompt, completion, thought].into_iter().flatten().fold(0, u64::saturating_add);
    let beside = thought.is_some_and(|thought| thought > 0) && count(usage, "/total_tokens") == Some(sum);
    let (output, reasoning) = if beside { (completion, thought) } else { split(completion, thought) };
    Usage { input, cache_read, cache_write, output, reasoning, ..Usage::default() }
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
        assert_eq!(told.total(), Some(35));
    }

    #[test]
    fn a_subset_larger_than_its_total_never_goes_below_zero() {
        let told = usage(&json!({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 99}}));
        assert_eq!((told.input, told.cache_read, told.output), (Some(10), None, None));
        assert_eq!(usage(&json!({})), Usage::default());
        assert_eq!(usage(&json!({"prompt_tokens": -1})), Usage::default());
    }

    #[test]
    fn cached_tokens_are_found_wherever_they_are_told() {
        for field in [
            json!({"prompt_tokens": 100, "cached_tokens": 60}),
            json!({"prompt_tokens": 100, "prompt_cache_hit_tokens": 60}),
            json!({"input_tokens": "100", "input_tokens_details": {"cached_tokens": 60.0}}),
        ] {
            let told = usage(&field);
            assert_eq!((told.input, told.cache_read), (Some(40), Some(60)), "{field}");
        }
    }
}
