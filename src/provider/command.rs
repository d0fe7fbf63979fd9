//! External commands as providers: a JSON request on standard input, the answer on standard output.
//!
//! The program is started without a shell, in a process group of its own, with the environment it
//! is given and, where the provider has a key, `RETORT_API_KEY`. It reads one object: `model`,
//! `messages` (each `role` and `content`), `params` and `format` (`"text"`, `"json"`, or a JSON
//! Schema). What it may print, [`transcript`] says.
//! Exit codes are those of sysexits: 0 is an answer, 64 and 65 a wrong request, 69 and 75 a passing
//! fault, 77 a refused key, 124 and 137 a timeout.

mod transcript;

use std::{collections::VecDeque, io, process::Stdio, time::Duration};

use futures_util::stream;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
};

use super::{
    Call, WireFormat, WireStream, providers::Variables, reader::RESPONSE_CAP, redact::Redact, wire::WireEvent,
};
use crate::model::{Class, Fault, Timer};
use transcript::Transcript;

/// What a stopped command is given to end by itself.
const GRACE: Duration = Duration::from_secs(2);

/// The end of standard error that is kept, in bytes.
const STDERR_TAIL: usize = 8 * 1024;

/// Makes the stream of a call. Nothing is started before it is polled; dropping it stops the
/// command and everything it started.
pub(super) fn run(call: Call, environment: Variables, redact: Redact) -> WireStream {
    let run = Run { redact, stage: Stage::Start(Box::new(call), environment), ready: VecDeque::new() };
    Box::pin(stream::unfold(run, Run::next))
}

struct Run {
    redact: Redact,
    stage: Stage,
    ready: VecDeque<Result<WireEvent, Fault>>,
}

enum Stage {
    Start(Box<Call>, Variables),
    Read(Box<Running>),
    Over,
}

/// A command under way.
struct Running {
    group: Group,
    stdout: ChildStdout,
    stderr: JoinHandle<String>,
    transcript: Transcript,
    taken: usize,
    buffer: Vec<u8>,
}

impl Run {
    async fn next(mut self) -> Option<(Result<WireEvent, Fault>, Self)> {
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
            if let Err(fault) = done {
                self.redact.rest(&mut self.ready);
                self.ready.push_back(Err(self.redact.fault(fault)));
            }
        }
    }

    async fn read(&mut self, mut running: Box<Running>) -> Result<(), Fault> {
        let mut told = Vec::new();
        running.buffer.clear();
        let read = running.stdout.read_buf(&mut running.buffer).await;
        if !read.is_ok_and(|count| count > 0) {
            let ended = running.transcript.finish(&mut told);
            self.tell(told);
            ended?;
            let told = exited(*running).await?;
            self.tell(told);
            return Ok(());
        }
        running.taken = running.taken.saturating_add(running.buffer.len());
        if running.taken > RESPONSE_CAP {
            let text = format!("the command printed more than {} MiB", RESPONSE_CAP / (1024 * 1024));
            return Err(Fault::new(Class::TooLarge, text));
        }
        let Running { transcript, buffer, .. } = &mut *running;
        let pushed = transcript.push(buffer, &mut told);
        if told.is_empty() {
            told.push(WireEvent::Alive);
        }
        self.tell(told);
        pushed?;
        self.stage = Stage::Read(running);
        Ok(())
    }

    fn tell(&mut self, told: Vec<WireEvent>) {
        self.redact.events(told, &mut self.ready);
    }
}

fn start(call: &Call, environment: &Variables) -> Result<Running, Fault> {
    let Some((program, arguments)) = call.target.command.split_first() else {
        let text = format!("provider `{}` names no command; set command = [\"PROGRAM\", …]", call.target.provider);
        return Err(Fault::new(Class::CallerFault, text));
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(environment);
    if let Some(key) = &call.key {
        command.env("RETORT_API_KEY", key.secret.expose_secret());
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| {
        let why = match error.kind() {
            io::ErrorKind::NotFound => "there is no such program".to_owned(),
            io::ErrorKind::PermissionDenied => "it is no program that may be started".to_owned(),
            _ => error.to_string(),
        };
        let place = &call.target.provider;
        let text = format!("`{program}` could not be started: {why}; see `command` under [providers.{place}]");
        Fault::new(Class::NotAnApi, text)
    })?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let group = Group { child: Some(child) };
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (stdin, stdout, stderr) else {
        return Err(Fault::new(Class::Unknown, format!("`{program}` has no standard streams")));
    };
    let request = request(call).to_string();
    tokio::spawn(async move {
        // A command may well not read its input; that is no fault.
        drop(stdin.write_all(request.as_bytes()).await);
    });
    let stderr = tokio::spawn(tail(stderr));
    let buffer = Vec::with_capacity(STDERR_TAIL);
    Ok(Running { group, stdout, stderr, transcript: Transcript::default(), taken: 0, buffer })
}

fn request(call: &Call) -> Value {
    let format = match &call.format {
        WireFormat::Text => "text".into(),
        WireFormat::JsonObject => "json".into(),
        WireFormat::JsonSchema(schema) => schema.clone(),
    };
    json!({ "model": call.target.model, "messages": call.messages, "params": call.params, "format": format })
}

async fn tail(mut stderr: impl AsyncRead + Unpin) -> String {
    let (mut kept, mut cut) = (Vec::new(), false);
    while stderr.read_buf(&mut kept).await.is_ok_and(|count| count > 0) {
        let over = kept.len().saturating_sub(STDERR_TAIL);
        kept.drain(..over);
        cut |= over > 0;
    }
    if cut {
        // The first word is the end of one, which could be a key.
        let word = kept.iter().position(u8::is_ascii_whitespace).unwrap_or(kept.len());
        kept.drain(..word);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// Waits for the command's end, ends what it left behind, and says what its exit means.
async fn exited(running: Running) -> Result<Vec<WireEvent>, Fault> {
    let Running { mut group, stderr, mut transcript, .. } = running;
    let Some(child) = &mut group.child else {
        return Ok(Vec::new());
    };
    let id = child.id();
    let status = child.wait().await;
    group.child = None;
    drop(Members::of(id));
    let code = status.as_ref().ok().and_then(std::process::ExitStatus::code);
    if code == Some(0) {
        return transcript.end();
    }
    let class = match code {
        Some(64 | 65) => Class::CallerFault,
        Some(69 | 75) => Class::Transient,
        Some(77) => Class::Credential,
        Some(124 | 137) => Class::Timeout(Timer::Total),
        None if status.is_ok() => Class::Timeout(Timer::Total),
        _ => Class::Unknown,
    };
    let how = code.map_or_else(|| "was killed by a signal".to_owned(), |code| format!("ended with exit code {code}"));
    let said = stderr.await.unwrap_or_default();
    let said = if said.is_empty() { "it said nothing on standard error".to_owned() } else { said };
    Err(Fault::new(class, format!("the command {how}: {said}")))
}

/// A command with everything it started. Dropping it asks them to end, and after a while makes them.
struct Group {
    child: Option<Child>,
}

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else {
            return;
        };
        let Some(members) = Members::of(child.id()) else {
            return;
        };
        members.ask();
        // Without a runtime there is nobody to wait, and `members` makes them end at once.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                drop(tokio::time::timeout(GRACE, child.wait()).await);
                drop(members);
            });
        }
    }
}

/// The processes of a group. Dropping it kills those that are left.
struct Members {
    #[cfg(unix)]
    group: rustix::process::Pid,
}

#[cfg(unix)]
impl Members {
    fn of(leader: Option<u32>) -> Option<Self> {
        let group = i32::try_from(leader?).ok().and_then(rustix::process::Pid::from_raw)?;
        Some(Self { group })
    }

    fn ask(&self) {
        let _gone = rustix::process::kill_process_group(self.group, rustix::process::Signal::TERM);
    }
}

#[cfg(unix)]
impl Drop for Members {
    fn drop(&mut self) {
        let _gone = rustix::process::kill_process_group(self.group, rustix::process::Signal::KILL);
    }
}

#[cfg(not(unix))]
impl Members {
    fn of(leader: Option<u32>) -> Option<Self> {
        leader.map(|_| Self {})
    }

    fn ask(&self) {}
}
