//! One call of a model as another program logged it, read into what retort keeps of a run.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::{
    model::{Params, PicoDollars, Role, ToolCall, TraceFormat, Turn, Usage, VarValue, finish::Finish},
    traces::{
        attributes,
        fields::{FieldTable, Fields},
        messages::{LoggedAnswer, answered, asked, text_of},
        options::{LoggedOptions, logged_options},
        scan::{JsonRecord, MOST_BYTES},
    },
};

/// A call that another program made.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceRecord {
    pub format: TraceFormat,
    /// Its id in that program, or its text where it has none: what it is known by when it comes again.
    pub identity: String,
    pub started: Option<Timestamp>,
    /// The messages that were sent, the last of the person's left out.
    pub turns: Vec<Turn>,
    /// The last message of the person's.
    pub input: String,
    pub vars: BTreeMap<String, VarValue>,
    /// The parameters that were asked for, as far as the log says.
    pub params: Params,
    /// Whether the log says that a JSON object was asked for.
    pub is_json: bool,
    pub answer: String,
    pub reasoning: String,
    pub calls: Vec<ToolCall>,
    pub finish: Option<Finish>,
    /// The model that was asked; empty where nobody says.
    pub model: String,
    pub served: Option<String>,
    pub usage: Usage,
    /// What the program says it cost.
    pub cost: Option<PicoDollars>,
    pub took: Option<Duration>,
    /// The time to the first token.
    pub first_token: Option<Duration>,
    pub session: Option<String>,
    pub prompt: Option<String>,
    /// What the answer should have been.
    pub expected: Option<String>,
    /// What went wrong, in the program's words.
    pub error: Option<String>,
    /// What of it cannot be kept, by name.
    pub lost: BTreeSet<String>,
}

impl TraceRecord {
    /// Counts the bytes of what was said in it.
    #[must_use]
    pub fn text_bytes(&self) -> usize {
        let turns: usize = self.turns.iter().map(|turn| turn.content.len()).sum();
        let calls: usize = self.calls.iter().map(|call| call.arguments.len()).sum();
        let vars: usize = self.vars.values().map(|value| value.as_str().len()).sum();
        turns + self.input.len() + vars + self.answer.len() + self.reasoning.len() + calls
    }
}

/// What a record came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Traced {
    /// A call of a model.
    Call(Box<TraceRecord>),
    /// A step of another kind, such as a tool, which is no run.
    Step,
    /// A call of which neither question nor answer was logged.
    Bare,
}

/// Names the fields of a call that no run has a place for; of `asked` messages it knows already.
fn note_lost(
    format: TraceFormat,
    (table, fields): (&FieldTable, &mut Fields),
    asked: usize,
    lost: &mut BTreeSet<String>,
) {
    for name in table.told {
        fields.take(&[name]);
    }
    for (name, usual) in table.usual {
        let is_usual = |value: &Value| match value {
            Value::String(text) => text.eq_ignore_ascii_case(usual),
            other => serde_json::from_str(usual).is_ok_and(|usual: Value| usual == *other),
        };
        if fields.take(&[name]).is_some_and(|value| !is_usual(&value)) {
            lost.insert((*name).to_owned());
        }
    }
    // What inspect logs as the whole talk is more than question and answer where tools were called in between.
    if format == TraceFormat::Inspect {
        let more = fields.take(&["messages"]);
        if more.as_ref().and_then(Value::as_array).is_some_and(|all| all.len() > asked + 1) {
            lost.insert("messages between question and answer".to_owned());
        }
    }
    lost.extend(fields.left().map(str::to_owned));
}

/// Turns what a log says of one call into a call; a record of something else is a step, one that says nothing is bare.
#[must_use]
pub fn read(format: TraceFormat, record: JsonRecord) -> Traced {
    let own_text = || text_of(Value::Object(record.value.clone()));
    let left_out = record.left_out.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let named = ["uuid", "id", "spanId", "request_id"].iter().any(|key| record.value.contains_key(*key));
    let own_text = if named { String::new() } else { own_text() };
    let map = match format {
        TraceFormat::Otlp | TraceFormat::Phoenix => match attributes::flat(record.value) {
            Some(map) => map,
            None => return Traced::Step,
        },
        TraceFormat::Langfuse if record.value.get("type").is_none_or(|kind| kind != "GENERATION") => {
            return Traced::Step;
        }
        TraceFormat::Inspect => with_attachments(record.value),
        TraceFormat::Langfuse
        | TraceFormat::Openai
        | TraceFormat::Litellm
        | TraceFormat::Llm
        | TraceFormat::Helicone
        | TraceFormat::Promptfoo => record.value,
    };
    let (table, mut fields, mut lost) = (FieldTable::of(format), Fields(map), BTreeSet::new());
    let epoch = fields.0.get("epoch").map(ToString::to_string).unwrap_or_default();
    let system = fields.take(table.system).map(|system| asked(system, &mut lost)).unwrap_or_default();
    let asked = fields.take(table.messages).map(|value| asked(value, &mut lost)).unwrap_or_default();
    let as_system = system.into_iter().map(|turn| Turn::of(Role::System, turn.content));
    let mut turns: Vec<Turn> = as_system.chain(asked).collect();
    let said = fields.take(table.answer).map(|value| answered(value, &mut lost));
    let said = said.or_else(|| last_answer(&mut turns)).unwrap_or_default();
    let at = turns.iter().rposition(|turn| turn.role == Role::User).filter(|at| at + 1 == turns.len());
    let input = at.map(|at| turns.remove(at).content).unwrap_or_default();
    let error = fields.text(table.error);
    if input.is_empty() && turns.is_empty() && said.text.is_empty() && said.calls.is_empty() && error.is_none() {
        return Traced::Bare;
    }
    let (id, started) = (fields.text(table.id), fields.time(table.started));
    let between = |from: Option<Timestamp>, to: Option<Timestamp>| to?.duration_since(from?).try_into().ok();
    let seconds = |count: f64| Duration::try_from_secs_f64(count).ok();
    let ended = fields.time(table.ended);
    let told = fields.number(table.took_ms).and_then(|count| seconds(count / 1e3));
    let told = told.or_else(|| fields.number(table.took_s).and_then(seconds));
    let first = fields.number(table.first_token_s).and_then(seconds);
    let first_at = fields.time(table.first_token_at);
    let model = fields.text(table.model).unwrap_or_default();
    let served = fields.text(table.served).filter(|served| *served != model);
    let count = |number: f64| number as u64;
    let cache_read = fields.number(table.cache_read).map(count);
    let within = cache_read.filter(|_| table.cache_within).unwrap_or(0);
    let tokens_in = fields.number(table.tokens_in).map(|number| count(number).saturating_sub(within));
    let usage =
        Usage { input: tokens_in, cache_read, output: fields.number(table.tokens_out).map(count), ..Usage::default() };
    let cost = fields.text(table.cost).and_then(|cost| PicoDollars::from_decimal(&cost, 12));
    let expected = fields.take(table.expected).map(text_of).filter(|expected| !expected.is_empty());
    let (session, prompt) = (fields.text(table.session), fields.text(table.prompt));
    let vars = match fields.take(table.vars) {
        Some(Value::Object(vars)) => vars.into_iter().map(variable).collect(),
        _ => BTreeMap::new(),
    };
    let options = fields.take(table.options).map(|options| logged_options(options, &mut lost));
    let LoggedOptions { params, is_json } = options.unwrap_or_default();
    let asked = turns.len() + usize::from(!input.is_empty());
    note_lost(format, (&table, &mut fields), asked, &mut lost);
    lost.extend(left_out);
    if prompt.is_some() {
        lost.insert("the prompt's name".to_owned());
    }
    let LoggedAnswer { text: answer, reasoning, calls, finish } = said;
    Traced::Call(Box::new(TraceRecord {
        format,
        identity: id.map_or(own_text, |id| format!("{id} {epoch}")),
        started,
        turns,
        input,
        vars,
        params,
        is_json,
        answer,
        reasoning,
        calls,
        finish,
        model,
        served,
        usage,
        cost,
        took: told.or_else(|| between(started, ended)),
        first_token: first.or_else(|| between(started, first_at)),
        session,
        prompt,
        expected,
        error,
        lost,
    }))
}

/// Puts the long texts back of a sample of inspect's, which has each of them once and names it where it stands.
fn with_attachments(mut sample: Map<String, Value>) -> Map<String, Value> {
    let Some(Value::Object(texts)) = sample.shift_remove("attachments") else { return sample };
    let mut room = MOST_BYTES;
    for name in ["input", "messages", "output", "target"] {
        if let Some(value) = sample.get_mut(name) {
            put_back(value, &texts, &mut room);
        }
    }
    sample
}

fn put_back(value: &mut Value, texts: &Map<String, Value>, room: &mut usize) {
    match value {
        Value::String(text) => {
            let long = text.strip_prefix("attachment://").and_then(|name| texts.get(name)?.as_str());
            if let Some(long) = long
                && let Some(left) = room.checked_sub(long.len())
            {
                *room = left;
                long.clone_into(text);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put_back(item, texts, room)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put_back(field, texts, room)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Takes the answer from the end of messages, where a format has it nowhere else.
fn last_answer(turns: &mut Vec<Turn>) -> Option<LoggedAnswer> {
    let last = turns.pop_if(|turn| turn.role == Role::Assistant)?;
    Some(LoggedAnswer { text: last.content, ..LoggedAnswer::default() })
}

fn variable((name, value): (String, Value)) -> (String, VarValue) {
    match value {
        Value::String(text) => (name, VarValue::Text(text)),
        other => (name, VarValue::Json(text_of(other))),
    }
}
