//! External commands as providers: a JSON request on standard input, the answer on standard output.
//!
//! The program is started without a shell, in a process group of its own, with the environment it
//! is given and, where the provider has a key, `RETORT_API_KEY`. It reads one object: `model`,
//! `messages` (each `role` and `content`, with `tool_calls` and `reply` where there are tools), `params`, `format`
//! (`"text"`, `"json"`, or a JSON Schema) and, where the prompt has some, `tools`, `tool_choice` and
//! `parallel_tool_calls` as chat completions have them. Where it is asked for something else than an answer, `service` names
//! that: `embedding` (a list of numbers as JSON is printed), `classification` (`{"classification": {LABEL: SCORE}}`) or
//! `moderation` (`{"categories": {NAME: true | false}}`). Exit codes are those of sysexits: 0 is an answer, 64 and 65 a wrong request, 69 and 75 a passing
//! error, 77 a refused key, 124 and 137 a timeout.
//!
//! An argument `{prompt}` stands for the prompt: the text of its one message, or its messages as JSON where it has several.
//!
//! It prints plain text, or events one a line; the first line decides. If it is a JSON object with one key out of `text`,
//! `reasoning`, `tool_call`, `usage`, `model`, `finish` and `error`, every line is such an event; anything else is the answer itself,
//! streamed as it comes. So an answer that is JSON needs no events around it.

use std::collections::VecDeque;

use futures_util::stream;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    task::JoinHandle,
};

use crate::{
    model::{
        CallError, ErrorKind, Finish, Timer, ToolChoice, Usage,
        tool::{CallPiece, as_listed},
    },
    provider::{
        Call, WireEvent, WireFormat, WireStream, classify, json,
        ndjson::{EVENT_CAP, Frame, FramingError, Ndjson},
        programs::{Group, Process, ProcessEnd, ProgramOutput},
        redaction::Redact,
        response_reader::RESPONSE_CAP,
        wires::{CommandEnvironment, DeltaKind, StreamProgress, not_json, text, tool_calls::CallKey},
    },
};

/// The argument that stands for the prompt's text.
const PROMPT: &str = "{prompt}";

/// How much of the output is read at once, in bytes.
const PIECE: usize = 8 * 1024;

/// Makes the stream of a call. Nothing is started before it is polled; dropping it stops the
/// command and everything it started.
pub(crate) fn run(call: Call, environment: CommandEnvironment, redact: Redact) -> WireStream {
    let run = CommandRun { redact, stage: Stage::Start(Box::new(call), environment), ready: VecDeque::new() };
    Box::pin(stream::unfold(run, CommandRun::next))
}

struct CommandRun {
    redact: Redact,
    stage: Stage,
    ready: VecDeque<Result<WireEvent, CallError>>,
}

enum Stage {
    Start(Box<Call>, CommandEnvironment),
    Read(Box<Running>),
    Over,
}

/// A command under way.
struct Running {
    group: Group,
    stdout: ProgramOutput,
    stderr: JoinHandle<String>,
    transcript: Transcript,
    taken: usize,
    buffer: Vec<u8>,
}

impl CommandRun {
    async fn next(mut self) -> Option<(Result<WireEvent, CallError>, Self)> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some((item, self));
            }
            let done = match std::mem::replace(&mut self.stage, Stage::Over) {
                Stage::Over => return None,
                Stage::Start(call, environment) => start(&call, &environment).map(|running| {
                    self.ready.push_back(Ok(WireEvent::Headers { status: 200, request_id: None }));
                    self.stage = Stage::Read(Box::new(running));
                }),
                Stage::Read(running) => self.read(running).await,
            };
            if let Err(error) = done {
                self.redact.rest(&mut self.ready);
                self.ready.push_back(Err(self.redact.error(error)));
            }
        }
    }

    async fn read(&mut self, mut running: Box<Running>) -> Result<(), CallError> {
        let mut events = Vec::new();
        running.buffer.clear();
        let read = running.stdout.read_buf(&mut running.buffer).await;
        if !read.is_ok_and(|count| count > 0) {
            let ended = running.transcript.finish(&mut events);
            self.push(events);
            ended?;
            let events = exited(*running).await?;
            self.push(events);
            return Ok(());
        }
        running.taken = running.taken.saturating_add(running.buffer.len());
        if running.taken > RESPONSE_CAP {
            let text = format!("the command printed more than {} MiB", RESPONSE_CAP / (1024 * 1024));
            return Err(CallError::new(ErrorKind::TooLarge, text));
        }
        let Running { transcript, buffer, .. } = &mut *running;
        let pushed = transcript.push(buffer, &mut events);
        if events.is_empty() {
            events.push(WireEvent::Alive);
        }
        self.push(events);
        pushed?;
        self.stage = Stage::Read(running);
        Ok(())
    }

    fn push(&mut self, events: Vec<WireEvent>) {
        self.redact.events(events, &mut self.ready);
    }
}

fn start(call: &Call, environment: &CommandEnvironment) -> Result<Running, CallError> {
    let Some((program, arguments)) = call.target.command.split_first() else {
        let text = format!("provider `{}` names no command; set command = [\"PROGRAM\", …]", call.target.provider);
        return Err(CallError::new(ErrorKind::CallerFault, text));
    };
    let filled = |argument: &String| if argument == PROMPT { call.prompt_text() } else { argument.clone() };
    let arguments: Vec<String> = arguments.iter().map(filled).collect();
    let mut environment = environment.clone();
    if let Some(key) = &call.key {
        environment.insert("RETORT_API_KEY".into(), key.secret.expose_secret().into());
    }
    let started = Process::start(program, &arguments, &environment, None).map_err(|why| {
        let place = &call.target.provider;
        CallError::new(ErrorKind::NotAnApi, format!("{why}; see `command` under [providers.{place}]"))
    })?;
    let Process { group, mut stdin, stdout, stderr } = started;
    let request = request(call).to_string();
    tokio::spawn(async move {
        // A command may well not read its input; that is no error.
        drop(stdin.write_all(request.as_bytes()).await);
    });
    let buffer = Vec::with_capacity(PIECE);
    Ok(Running { group, stdout, stderr, transcript: Transcript::default(), taken: 0, buffer })
}

fn request(call: &Call) -> Value {
    let format = match &call.format {
        WireFormat::Text => "text".into(),
        WireFormat::JsonObject => "json".into(),
        WireFormat::JsonSchema(schema) => schema.clone(),
    };
    let mut request =
        json!({ "model": call.target.model, "messages": messages(call), "params": call.params, "format": format });
    if let (Some(service), Some(fields)) = (call.target.options.service, request.as_object_mut()) {
        fields.insert("service".to_owned(), service.name().into());
    }
    if !call.tools.is_empty()
        && let Some(fields) = request.as_object_mut()
    {
        fields.insert("tools".to_owned(), call.tools.tools.iter().map(as_listed).collect());
        let choice = call.tools.choice.as_ref().map(ToolChoice::word);
        fields.extend(choice.map(|choice| ("tool_choice".to_owned(), choice.into())));
        fields.extend(call.tools.parallel.map(|parallel| ("parallel_tool_calls".to_owned(), parallel.into())));
    }
    request
}

/// Writes the messages, and with each of what goes with them its bytes in base64 as `data`, where it has some.
fn messages(call: &Call) -> Value {
    let mut messages = json!(call.messages);
    for (at, message) in call.messages.iter().enumerate() {
        for (place, attachment) in message.attachments.iter().enumerate().filter(|(_, one)| one.url().is_none()) {
            if let Some(Value::Object(fields)) = messages.pointer_mut(&format!("/{at}/attachments/{place}")) {
                fields.insert("data".to_owned(), attachment.base64().into());
            }
        }
    }
    messages
}

/// Waits for the command's end, ends what it left behind, and says what its exit means.
async fn exited(running: Running) -> Result<Vec<WireEvent>, CallError> {
    let Running { group, stderr, mut transcript, .. } = running;
    let Some(ProcessEnd { code, signalled }) = group.ended().await else {
        return Ok(Vec::new());
    };
    if code == Some(0) {
        return transcript.end();
    }
    let class = match code {
        Some(64 | 65) => ErrorKind::CallerFault,
        Some(69 | 75) => ErrorKind::Transient,
        Some(77) => ErrorKind::Credential,
        Some(124 | 137) => ErrorKind::Timeout(Timer::Total),
        None if signalled => ErrorKind::Timeout(Timer::Total),
        _ => ErrorKind::Unknown,
    };
    let how = code.map_or_else(|| "was killed by a signal".to_owned(), |code| format!("ended with exit code {code}"));
    let words = stderr.await.unwrap_or_default();
    let words = if words.is_empty() { "it said nothing on standard error".to_owned() } else { words };
    Err(CallError::new(class, format!("the command {how}: {words}")))
}

/// The keys that make a line an event.
const EVENTS: &[&str] = &["text", "reasoning", "tool_call", "usage", "model", "finish", "error"];

/// A command's output, read piece by piece.
pub(crate) struct Transcript {
    form: TranscriptFormat,
    progress: StreamProgress,
}

enum TranscriptFormat {
    Unknown(Vec<u8>),
    /// With the bytes of a character that is not complete yet.
    Plain(Vec<u8>),
    Events(Ndjson),
}

impl Default for Transcript {
    fn default() -> Self {
        Self { form: TranscriptFormat::Unknown(Vec::new()), progress: StreamProgress::default() }
    }
}

impl Transcript {
    /// Takes more output and appends what it says.
    pub(crate) fn push(&mut self, bytes: &[u8], out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        let TranscriptFormat::Unknown(head) = &mut self.form else {
            return self.feed(bytes, out);
        };
        head.extend_from_slice(bytes);
        let head = std::mem::take(head);
        if let Some(events) = has_events(&head, false) {
            return self.settle(events, &head, out);
        }
        self.form = TranscriptFormat::Unknown(head);
        Ok(())
    }

    /// Takes the end of the output.
    pub(crate) fn finish(&mut self, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        if let TranscriptFormat::Unknown(head) = &mut self.form {
            let head = std::mem::take(head);
            self.settle(has_events(&head, true).unwrap_or(false), &head, out)?;
        }
        let mut frames = Vec::new();
        let ended = match &mut self.form {
            TranscriptFormat::Events(ndjson) => ndjson.finish(&mut frames),
            TranscriptFormat::Plain(held) if !held.is_empty() => Err(FramingError::Utf8),
            TranscriptFormat::Unknown(_) | TranscriptFormat::Plain(_) => Ok(()),
        };
        self.events(frames, out)?;
        ended.map_err(broken)
    }

    /// Says the end of a command that exited well.
    pub(crate) fn end(&mut self) -> Result<Vec<WireEvent>, CallError> {
        let mut out = Vec::new();
        if !self.progress.begun {
            return Err(CallError::new(ErrorKind::Transient, "the command printed no answer"));
        }
        self.progress.finish(Finish::Stop, &mut out);
        self.progress.mark(&mut out)?;
        Ok(out)
    }

    fn settle(&mut self, events: bool, head: &[u8], out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        self.form =
            if events { TranscriptFormat::Events(Ndjson::new(EVENT_CAP)) } else { TranscriptFormat::Plain(Vec::new()) };
        self.feed(head, out)
    }

    fn feed(&mut self, bytes: &[u8], out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        match &mut self.form {
            TranscriptFormat::Unknown(_) => Ok(()),
            TranscriptFormat::Plain(held) => {
                held.extend_from_slice(bytes);
                let whole = match std::str::from_utf8(held) {
                    Ok(_) => held.len(),
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    Err(_) => return Err(broken(FramingError::Utf8)),
                };
                let rest = held.split_off(whole);
                let text = String::from_utf8(std::mem::replace(held, rest)).unwrap_or_default();
                if !text.is_empty() {
                    self.progress.begun = true;
                    out.push(WireEvent::Text(text));
                }
                Ok(())
            }
            TranscriptFormat::Events(ndjson) => {
                let mut frames = Vec::new();
                let pushed = ndjson.push(bytes, &mut frames);
                self.events(frames, out)?;
                pushed.map_err(broken)
            }
        }
    }

    fn events(&mut self, frames: Vec<Frame>, out: &mut Vec<WireEvent>) -> Result<(), CallError> {
        for frame in frames {
            let Frame::Message { data, .. } = frame else {
                continue;
            };
            let Some(parsed) = json::read(&data) else {
                return Err(not_json(&data));
            };
            let event = &parsed.value;
            if event.get("error").is_some() {
                return Err(classify::event(&data));
            }
            self.progress.take(&parsed);
            self.progress.begun = true;
            self.progress.model(event, "model", out);
            self.progress.say(DeltaKind::Reasoning, text(event, "reasoning").unwrap_or_default(), out);
            self.progress.say(DeltaKind::Text, text(event, "text").unwrap_or_default(), out);
            if let Some(call) = event.get("tool_call").filter(|call| call.is_object()) {
                let arguments = match call.get("arguments") {
                    Some(Value::String(text)) => text.clone(),
                    Some(object @ Value::Object(_)) => object.to_string(),
                    _ => String::new(),
                };
                let id = text(call, "id").map(str::to_owned);
                let name = text(call, "name").map(str::to_owned);
                let piece = CallPiece { id, name, arguments, whole: true, ..CallPiece::default() };
                self.progress.call(CallKey::NEW, piece, out);
            }
            if let Some(usage) = event.get("usage") {
                let Ok(usage) = serde_json::from_value::<Usage>(usage.clone()) else {
                    return Err(not_json(&data));
                };
                out.push(WireEvent::Usage(usage));
            }
            if let Some(reason) = text(event, "finish") {
                self.progress.finish(Finish::read(reason), out);
            }
        }
        Ok(())
    }
}

fn broken(broken: FramingError) -> CallError {
    let class = if broken == FramingError::Utf8 { ErrorKind::Transient } else { ErrorKind::TooLarge };
    CallError::new(class, format!("the command's output cannot be read: {broken}"))
}

/// Tells whether output consists of events, by its first line; `None` while that is not complete.
fn has_events(head: &[u8], over: bool) -> Option<bool> {
    let start = head.trim_ascii_start();
    if start.is_empty() {
        return over.then_some(false);
    }
    let Some(rest) = start.strip_prefix(b"{") else {
        return Some(false);
    };
    // An object whose first key is no event's is the answer, and need not be held back.
    let rest = rest.trim_ascii_start();
    let possible = |event: &str| {
        let key = format!("\"{event}\"");
        rest.starts_with(key.as_bytes()) || key.as_bytes().starts_with(rest)
    };
    if !EVENTS.iter().any(|event| possible(event)) {
        return Some(false);
    }
    let line = match memchr::memchr(b'\n', start) {
        Some(end) => start.split_at(end).0,
        None if over => start,
        None => return None,
    };
    let Ok(Value::Object(keys)) = serde_json::from_slice(line) else {
        return Some(false);
    };
    Some(keys.len() == 1 && keys.keys().all(|key| EVENTS.contains(&key.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&[u8]]) -> Result<Vec<WireEvent>, CallError> {
        let (mut transcript, mut out) = (Transcript::default(), Vec::new());
        for part in parts {
            transcript.push(part, &mut out)?;
        }
        transcript.finish(&mut out)?;
        out.extend(transcript.end()?);
        Ok(out)
    }

    /// Joins neighbouring pieces of text.
    fn joined(events: Vec<WireEvent>) -> Vec<WireEvent> {
        let mut out: Vec<WireEvent> = Vec::new();
        for event in events {
            match (out.last_mut(), event) {
                (Some(WireEvent::Text(held)), WireEvent::Text(more)) => held.push_str(&more),
                (_, event) => out.push(event),
            }
        }
        out
    }

    #[test]
    fn any_split_reads_the_same() {
        let usage = Usage { output: Some(3), ..Usage::default() };
        let text = |text: &str| WireEvent::Text(text.to_owned());
        let end = || [WireEvent::Finish(Finish::Stop), WireEvent::End];
        let cases: [(&str, Vec<WireEvent>); 5] = [
            ("plain ü\ntext\n", vec![text("plain ü\ntext\n")]),
            ("{\"mood\": \"ü\"}\n", vec![text("{\"mood\": \"ü\"}\n")]),
            ("{\n \"text\": 1,\n \"b\": 2}", vec![text("{\n \"text\": 1,\n \"b\": 2}")]),
            ("{\"text\": \"a\", \"b\": 2}\n", vec![text("{\"text\": \"a\", \"b\": 2}\n")]),
            ("{\"text\":\"aü\"}\n{\"usage\":{\"output\":3}}", vec![text("aü"), WireEvent::Usage(usage)]),
        ];
        for (output, mut expected) in cases {
            expected.extend(end());
            for cut in 0..=output.len() {
                let (left, right) = output.as_bytes().split_at(cut);
                assert_eq!(joined(read(&[left, right]).unwrap()), expected, "{output} cut at {cut}");
            }
        }
    }

    #[test]
    fn an_error_event_is_classified_and_silence_is_no_answer() {
        let error = read(&[b"{\"error\":\"rate limit exceeded\"}\n"]).unwrap_err();
        assert_eq!(error.class, ErrorKind::RateLimited);
        assert_eq!(read(&[b""]).unwrap_err().class, ErrorKind::Transient);
        assert_eq!(read(&[b"\xff"]).unwrap_err().class, ErrorKind::Transient);
    }
}
