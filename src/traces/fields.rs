//! Which field of a format holds what: a table, in which paths lead through objects by dots.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde_json::{Map, Value};

use crate::model::TraceFormat;

/// Names of fields; the first one that is there counts.
type Names = &'static [&'static str];

/// Where a format keeps what a run is made of.
#[derive(Debug, Default)]
pub(crate) struct FieldTable {
    pub(crate) id: Names,
    pub(crate) started: Names,
    pub(crate) ended: Names,
    pub(crate) took_ms: Names,
    pub(crate) took_s: Names,
    pub(crate) first_token_at: Names,
    pub(crate) first_token_s: Names,
    pub(crate) model: Names,
    pub(crate) served: Names,
    pub(crate) system: Names,
    pub(crate) messages: Names,
    pub(crate) answer: Names,
    pub(crate) tokens_in: Names,
    pub(crate) tokens_out: Names,
    pub(crate) cache_read: Names,
    /// Whether `tokens_in` has those of the cache in it.
    pub(crate) cache_within: bool,
    pub(crate) cost: Names,
    pub(crate) session: Names,
    pub(crate) prompt: Names,
    pub(crate) vars: Names,
    /// Parameters under the names of the program, and whether JSON was asked for.
    pub(crate) options: Names,
    pub(crate) expected: Names,
    pub(crate) error: Names,
    /// What says nothing that is not said otherwise, or is empty of meaning outside its program.
    pub(crate) told: Names,
    /// What says something only where it has another value than this.
    pub(crate) usual: &'static [(&'static str, &'static str)],
}

impl FieldTable {
    /// Returns the table of a format.
    #[expect(clippy::too_many_lines, reason = "one table, a field a line")]
    pub(crate) fn of(format: TraceFormat) -> Self {
        match format {
            TraceFormat::Otlp | TraceFormat::Phoenix => Self::of_spans(),
            TraceFormat::Langfuse => Self {
                id: &["id"],
                started: &["start_time", "startTime"],
                ended: &["end_time", "endTime"],
                took_s: &["latency"],
                first_token_s: &["time_to_first_token", "timeToFirstToken"],
                model: &["provided_model_name", "providedModelName", "model"],
                messages: &["input"],
                answer: &["output"],
                tokens_in: &["usage_details.input", "usageDetails.input"],
                tokens_out: &["usage_details.output", "usageDetails.output"],
                cache_read: &["usage_details.input_cached_tokens", "usageDetails.input_cached_tokens"],
                cost: &["total_cost", "totalCost", "calculatedTotalCost"],
                session: &["session_id", "sessionId"],
                prompt: &["prompt_name", "promptName"],
                error: &["status_message", "statusMessage"],
                told: &["trace_id", "traceId", "type", "project_id", "projectId", "usage_details.total"],
                usual: &[("level", "DEFAULT")],
                ..Self::default()
            },
            TraceFormat::Openai => Self {
                id: &["id"],
                started: &["created", "created_at"],
                model: &["model", "sample.model"],
                messages: &["messages", "input", "item.messages", "item.input"],
                answer: &["choices", "output", "sample.choices", "sample.output_text"],
                tokens_in: &["usage.prompt_tokens", "usage.input_tokens"],
                tokens_out: &["usage.completion_tokens", "usage.output_tokens"],
                cache_read: &["usage.prompt_tokens_details.cached_tokens", "usage.input_tokens_details.cached_tokens"],
                cache_within: true,
                expected: &["item.expected", "item.ideal", "ideal"],
                vars: &["item"],
                told: &["object", "usage.total_tokens"],
                ..Self::default()
            },
            TraceFormat::Litellm => Self {
                id: &["id", "request_id"],
                started: &["startTime"],
                ended: &["endTime"],
                took_ms: &["request_duration_ms"],
                first_token_at: &["completionStartTime"],
                model: &["model"],
                messages: &["messages"],
                answer: &["response"],
                tokens_in: &["prompt_tokens"],
                tokens_out: &["completion_tokens"],
                cost: &["response_cost", "spend"],
                session: &["session_id"],
                error: &["error_str"],
                told: &["call_type", "total_tokens"],
                usual: &[("cache_hit", "false")],
                ..Self::default()
            },
            TraceFormat::Llm => Self {
                id: &["id"],
                started: &["datetime_utc"],
                took_ms: &["duration_ms"],
                model: &["model"],
                served: &["resolved_model"],
                system: &["system"],
                messages: &["prompt"],
                answer: &["response"],
                tokens_in: &["input_tokens"],
                tokens_out: &["output_tokens"],
                session: &["conversation_id"],
                options: &["options_json"],
                told: &["conversation_name", "conversation_model"],
                ..Self::default()
            },
            TraceFormat::Helicone => Self {
                id: &["request_id", "id"],
                started: &["request_created_at", "created_at"],
                took_ms: &["latency", "delay_ms"],
                model: &["model", "request_model", "request_body.model"],
                served: &["response_body.model"],
                system: &["request_body.system"],
                messages: &["request_body.messages"],
                answer: &["response_body"],
                tokens_in: &["prompt_tokens"],
                tokens_out: &["completion_tokens"],
                cost: &["cost", "costUSD"],
                told: &["total_tokens"],
                ..Self::default()
            },
            TraceFormat::Promptfoo => Self {
                id: &["id"],
                took_ms: &["latencyMs"],
                model: &["provider.id", "provider"],
                messages: &["prompt.raw"],
                answer: &["response.output"],
                tokens_in: &["response.tokenUsage.prompt"],
                tokens_out: &["response.tokenUsage.completion"],
                cost: &["cost", "response.cost"],
                prompt: &["prompt.label"],
                vars: &["vars"],
                error: &["error"],
                told: &["promptId", "promptIdx", "testIdx", "response.tokenUsage.total", "tokenUsage"],
                ..Self::default()
            },
            TraceFormat::Inspect => Self {
                id: &["uuid", "id"],
                started: &["started_at"],
                took_s: &["output.time"],
                model: &["output.model"],
                messages: &["input"],
                answer: &["output.choices", "output.completion"],
                tokens_in: &["output.usage.input_tokens"],
                tokens_out: &["output.usage.output_tokens"],
                expected: &["target"],
                error: &["error.message", "error"],
                told: &["epoch", "output"],
                ..Self::default()
            },
        }
    }

    fn of_spans() -> Self {
        Self {
            id: &["spanId", "context.span_id", "id"],
            started: &["startTimeUnixNano", "start_time"],
            ended: &["endTimeUnixNano", "end_time"],
            first_token_s: &["gen_ai.response.time_to_first_chunk"],
            model: &["gen_ai.request.model", "llm.model_name", "gen_ai.response.model"],
            served: &["gen_ai.response.model"],
            system: &["gen_ai.system_instructions"],
            messages: &["gen_ai.input.messages", "gen_ai.prompt", "llm.input_messages", "input.value"],
            answer: &["gen_ai.output.messages", "gen_ai.completion", "llm.output_messages", "output.value"],
            tokens_in: &["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"],
            tokens_out: &["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"],
            cache_read: &["gen_ai.usage.cache_read.input_tokens", "llm.token_count.prompt_details.cache_read"],
            cache_within: true,
            cost: &["gen_ai.usage.cost", "llm.cost.total"],
            session: &["gen_ai.conversation.id", "session.id"],
            prompt: &["gen_ai.prompt.name", "llm.prompt_template.name"],
            error: &["status.message", "status_message"],
            told: &[
                "traceId",
                "context",
                "name",
                "kind",
                "span_kind",
                "flags",
                "gen_ai.operation.name",
                "openinference.span.kind",
                "llm.token_count.total",
                "input.value",
                "output.value",
                "input.mime_type",
                "output.mime_type",
                "status",
                "status_code",
            ],
            ..Self::default()
        }
    }
}

/// The fields of a record that were not read yet.
pub(crate) struct Fields(pub(crate) Map<String, Value>);

impl Fields {
    /// Takes the first of these that is there and is not null.
    pub(crate) fn take(&mut self, names: &[&str]) -> Option<Value> {
        names.iter().find_map(|name| take(&mut self.0, name)).filter(|value| !value.is_null())
    }

    /// Takes a text; a number in its place is written out.
    pub(crate) fn text(&mut self, names: Names) -> Option<String> {
        match self.take(names)? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    /// Takes a number, written as one or as a text.
    pub(crate) fn number(&mut self, names: Names) -> Option<f64> {
        let number = match self.take(names)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        number.filter(|number| number.is_finite() && *number >= 0.0)
    }

    /// Takes a point in time: one written out, in UTC where it names no zone, or a count since 1970 in whatever unit.
    pub(crate) fn time(&mut self, names: Names) -> Option<Timestamp> {
        let text = self.text(names)?;
        let text = text.trim();
        if let Ok(count) = text.parse::<f64>() {
            let nanoseconds = match count {
                count if count < 1e11 => (count * 1e9).round() as i128,
                count if count < 1e14 => (count * 1e6).round() as i128,
                count if count < 1e17 => (count * 1e3).round() as i128,
                // So many digits are more than a fraction holds.
                count => text.parse().unwrap_or(count as i128),
            };
            return Timestamp::from_nanosecond(nanoseconds).ok();
        }
        let zoned = text.parse().ok();
        let in_utc = || text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
        zoned.or_else(in_utc)
    }

    /// Names what is left, and says something.
    pub(crate) fn left(&self) -> impl Iterator<Item = &str> {
        let says = |value: &Value| match value {
            Value::Null => false,
            Value::String(text) => !text.is_empty(),
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        };
        self.0.iter().filter(move |(_, value)| says(value)).map(|(name, _)| name.as_str())
    }
}

/// Takes a field out: by its whole name, else along the dots.
fn take(map: &mut Map<String, Value>, path: &str) -> Option<Value> {
    if let Some(value) = map.shift_remove(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(at, _)| {
        let (first, rest) = (path.get(..at)?, path.get(at + 1..)?);
        take(map.get_mut(first)?.as_object_mut()?, rest)
    })
}
