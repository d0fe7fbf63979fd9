//! The demonstration: answers without a key or a network, and misbehaves when told to.
//!
//! For a starter prompt on its sample input it plays what a real model answered, in that model's
//! own time. For anything else it composes an answer from the format that is asked for and from
//! the input, the same one each time.

pub(crate) mod input_reading;
pub(crate) mod proposals;
pub(crate) mod recording;
pub mod replay;
pub(crate) mod synthesis;
pub(crate) mod tool_use;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::{StreamExt, stream};

use crate::{
    model::{
        CallError, ErrorKind, Finish, Role, ToolCall, Usage, message::sent_tokens, model_list::DEMO_MODELS,
        tool::CallPiece,
    },
    provider::{
        Backend, Call, WireEvent, WireStream,
        wires::demo::{input_reading::InputWords, recording::Recording, synthesis::Skill},
    },
};

/// The model that waits.
const SLOW_MODEL: &str = "demo:slow";

/// What `demo:flaky` asks a client to wait after its 429.
const FLAKY_WAIT: Duration = Duration::from_secs(2);
/// What `demo:weak` asks a client to wait after its one 429.
const WEAK_WAIT: Duration = Duration::from_secs(1);
/// Which call of `demo:weak` is limited, counted from zero.
const WEAK_LIMITED: u32 = 1;

/// Estimates the tokens of what was sent, as those of any request are.
fn input_tokens(call: &Call) -> u64 {
    sent_tokens(&call.messages, &call.tools, call.target.kind, &call.target.model)
}

/// How often the models were called that answer by turns.
#[derive(Debug, Default)]
struct Calls {
    flaky: AtomicU32,
    weak: AtomicU32,
}

/// The demonstration provider. It remembers nothing but how often `demo:flaky` and `demo:weak` were called.
#[derive(Debug)]
pub struct Demo {
    calls: Arc<Calls>,
    /// How many times as fast it answers, at least once; `demo:slow` stays slow.
    speed: u32,
}

impl Demo {
    /// Makes a demonstration that answers so many times as fast as the recordings.
    pub(crate) fn new(speed: u32) -> Self {
        Self { calls: Arc::default(), speed: speed.max(1) }
    }
}

impl Default for Demo {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Backend for Demo {
    fn call(&self, call: Call) -> WireStream {
        let calls = Arc::clone(&self.calls);
        let speed = if call.target.model == SLOW_MODEL { 1 } else { self.speed };
        stream::once(async move { stream::iter(answer(&call, &calls)) })
            .flatten()
            .then(move |(wait, item)| async move {
                tokio::time::sleep(wait / speed).await;
                item
            })
            .boxed()
    }
}

/// Everything a call will tell, each with the wait before it.
fn answer(call: &Call, calls: &Calls) -> Vec<ScriptStep> {
    let name = call.target.model.as_str();
    match name.strip_prefix("demo:").unwrap_or(name) {
        "demo" => Script::of(call).steps(),
        "slow" => Script::of(call).slowed().steps(),
        "weak" => match calls.weak.fetch_add(1, Ordering::Relaxed) {
            WEAK_LIMITED => failure(rate_limited(name, WEAK_WAIT)),
            _ => Script::weak(call).steps(),
        },
        "cut" => Script::of(call).cut(),
        "bad-json" => Script::of(call).spoilt().steps(),
        "echo" => Script::echo(call).steps(),
        "down" => failure(overloaded("demo:down never answers; that is what it is for")),
        "flaky" => match calls.flaky.fetch_add(1, Ordering::Relaxed) % 3 {
            0 => failure(rate_limited(name, FLAKY_WAIT)),
            1 => failure(overloaded("demo:flaky is overloaded this time; the next call succeeds")),
            _ => Script::of(call).steps(),
        },
        other => failure(unknown_model(other)),
    }
}

pub(crate) fn rate_limited(name: &str, wait: Duration) -> CallError {
    let message = format!("{name} takes no more requests for {} s", wait.as_secs());
    CallError { status: Some(429), retry_after: Some(wait), ..CallError::new(ErrorKind::RateLimited, message) }
}

pub(crate) fn overloaded(message: &str) -> CallError {
    CallError { status: Some(503), ..CallError::new(ErrorKind::Overloaded, message) }
}

fn unknown_model(name: &str) -> CallError {
    let known: Vec<&str> = DEMO_MODELS.iter().map(|(name, _)| *name).collect();
    let message = format!("the demonstration has no model `{name}`; it has {}", known.join(", "));
    CallError { status: Some(404), ..CallError::new(ErrorKind::ModelGone, message) }
}

/// One thing the stream says, and how long after the one before.
pub(crate) type ScriptStep = (Duration, Result<WireEvent, CallError>);

/// From the request to the headers, where no recording says.
const FIRST_BYTE: Duration = Duration::from_millis(8);
/// `demo:slow`: from the headers to the first token, and between two tokens.
const SLOW: (Duration, Duration) = (Duration::from_secs(4), Duration::from_millis(333));
/// A token of a composed answer, in characters at most.
const TOKEN: usize = 6;

/// One call that ends well.
pub(crate) struct Script {
    first_byte: Duration,
    pieces: Vec<(Duration, String)>,
    /// The tool that is called in place of an answer.
    calls: Option<ToolCall>,
    finish: Finish,
    usage: Usage,
}

impl Script {
    /// Plays a recording if there is one of this call, else composes an answer. Output limit and
    /// stop texts are kept in both.
    pub(crate) fn of(call: &Call) -> Self {
        let script = match recording::find(call).filter(|_| call.tools.is_empty()) {
            Some(recording) => Self::played(recording),
            None => Self::composed(call, Skill::Able),
        };
        script.limited(call)
    }

    fn played(recording: &Recording) -> Self {
        Self {
            first_byte: recording.first_byte,
            pieces: recording.pieces.clone(),
            calls: None,
            finish: recording.finish.clone(),
            usage: recording.usage,
        }
    }

    /// Composes an answer as a poor model would give it; no recording is played.
    fn weak(call: &Call) -> Self {
        Self::composed(call, Skill::Weak).limited(call)
    }

    fn composed(call: &Call, skill: Skill) -> Self {
        if let Some(next) = tool_use::next_call(call, skill) {
            return Self::calling(call, next);
        }
        let text = synthesis::answer(tool_use::with_results(call).as_ref().unwrap_or(call), skill);
        let hash = InputWords::of(&text).hash("pace");
        let first_token = Duration::from_millis(150 + hash % 150);
        let waits = std::iter::once(first_token).chain(recording::pace(hash));
        let pieces: Vec<_> = waits.zip(tokens(&text)).collect();
        let input = input_tokens(call);
        let usage = Usage { input: Some(input), output: None, estimated: true, ..Usage::default() };
        Self { first_byte: FIRST_BYTE, calls: None, finish: Finish::Stop, usage, pieces }.counted()
    }

    /// Calls a tool, its arguments in pieces.
    fn calling(call: &Call, next: ToolCall) -> Self {
        let hash = InputWords::of(&next.arguments).hash("pace");
        let waits = std::iter::once(Duration::from_millis(150 + hash % 150)).chain(recording::pace(hash));
        let pieces: Vec<_> = waits.zip(tokens(&next.arguments)).collect();
        let input = input_tokens(call);
        let usage = Usage { input: Some(input), ..Usage::default() };
        Self { first_byte: FIRST_BYTE, calls: Some(next), finish: Finish::ToolCalls, usage, pieces }.counted()
    }

    /// Gives the prompt back at once: the text of its one message, else its messages as JSON. Limits and stop texts do
    /// not cut it.
    fn echo(call: &Call) -> Self {
        let text = call.prompt_text();
        let pieces: Vec<_> = tokens(&text).into_iter().map(|piece| (Duration::ZERO, piece)).collect();
        let input = input_tokens(call);
        let usage = Usage { input: Some(input), ..Usage::default() };
        Self { first_byte: Duration::ZERO, calls: None, finish: Finish::Stop, usage, pieces }.counted()
    }

    /// Counts the pieces as output tokens: right for a composed answer, an estimate for a part of a recorded one.
    fn counted(mut self) -> Self {
        self.usage.output = Some(self.pieces.len() as u64);
        self.usage.estimated = true;
        self
    }

    fn limited(mut self, call: &Call) -> Self {
        let text: String = self.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
        if let Some(at) =
            call.params.stop.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop)).min()
        {
            self.keep(at);
            self = self.counted();
        }
        let limit = call.params.max_tokens.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        if self.pieces.len() > limit {
            self.pieces.truncate(limit);
            self.finish = Finish::Length;
            self = self.counted();
        }
        self
    }

    /// Keeps so many bytes of the text.
    fn keep(&mut self, bytes: usize) {
        let mut left = bytes;
        self.pieces.retain_mut(|(_, piece)| {
            piece.truncate(left.min(piece.len()));
            left -= piece.len();
            !piece.is_empty()
        });
    }

    /// Tells the same at the pace of `demo:slow`.
    pub(crate) fn slowed(mut self) -> Self {
        for (place, (wait, _)) in self.pieces.iter_mut().enumerate() {
            *wait = if place == 0 { SLOW.0 } else { SLOW.1 };
        }
        self
    }

    /// Leaves the JSON open, with a comma after its last value; prose becomes such JSON first.
    pub(crate) fn spoilt(mut self) -> Self {
        let text: String = self.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
        match text.trim_end().strip_suffix(['}', ']']) {
            Some(open) => self.keep(open.trim_end().len()),
            None => self
                .pieces
                .insert(0, (self.pieces.first().map_or(FIRST_BYTE, |(wait, _)| *wait), "{\"answer\": \"".to_owned())),
        }
        self.pieces.push((FIRST_BYTE, ",".to_owned()));
        self.counted()
    }

    /// Tells the first half and ends without a word.
    pub(crate) fn cut(mut self) -> Vec<ScriptStep> {
        let half = self.pieces.len().div_ceil(2);
        self.pieces.truncate(half);
        self.body()
    }

    /// Tells everything, to the end mark.
    pub(crate) fn steps(self) -> Vec<ScriptStep> {
        let tail = [WireEvent::Finish(self.finish.clone()), WireEvent::Usage(self.usage), WireEvent::End];
        let mut steps = self.body();
        steps.extend(tail.map(|event| (Duration::ZERO, Ok(event))));
        steps
    }

    fn body(self) -> Vec<ScriptStep> {
        let headers = WireEvent::Headers { status: 200, request_id: None };
        let mut steps = vec![(self.first_byte, Ok(headers))];
        let mut begins = self.calls.as_ref().map(|call| (call.id.clone(), call.name.clone()));
        let called = self.calls.is_some();
        steps.extend(self.pieces.into_iter().map(|(wait, piece)| {
            if !called {
                return (wait, Ok(WireEvent::Text(piece)));
            }
            let (id, name) = begins.take().unzip();
            (wait, Ok(WireEvent::Call(CallPiece { id, name, arguments: piece, ..CallPiece::default() })))
        }));
        steps
    }
}

/// A call that fails before any answer.
pub(crate) fn failure(error: CallError) -> Vec<ScriptStep> {
    vec![(FIRST_BYTE, Err(error))]
}

/// The text the prompt is run on, as far as the messages tell: the last user message.
pub(crate) fn input(call: &Call) -> &str {
    call.messages.iter().rev().find(|message| message.role == Role::User).map_or("", |message| message.content.as_str())
}

/// Cuts a text where a tokenizer might: before a space, around punctuation, within long words.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for c in text.chars() {
        let joins = tokens.last().is_some_and(|last| {
            let tail = last.chars().next_back().unwrap_or(' ');
            let both_words = tail.is_alphanumeric() && c.is_alphanumeric() && last.chars().count() < TOKEN;
            let both_blank = tail.is_whitespace() && c.is_whitespace();
            both_words || both_blank || (tail == ' ' && last.len() == 1 && c.is_alphanumeric())
        });
        match tokens.last_mut() {
            Some(last) if joins => last.push(c),
            _ => tokens.push(c.to_string()),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_join_to_the_text_and_are_short() {
        for text in ["", "{\n  \"sentiment\": \"negative\"\n}", "Straßenbahnhaltestelle, 14 Uhr — naïve  日本語"]
        {
            let tokens = tokens(text);
            assert_eq!(tokens.concat(), text);
            assert!(tokens.iter().all(|token| token.chars().count() <= TOKEN + 1), "{tokens:?}");
        }
        assert_eq!(tokens("My parcel never"), ["My", " parce", "l", " never"]);
    }
}
