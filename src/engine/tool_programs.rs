//! What answers calls of tools outside of a run: programs, MCP servers, and a person.
//!
//! A program is started once for each call, without a shell: it reads one JSON object, `tool`, `id` and `arguments`, and
//! what it prints is the result. An MCP server is started once for each run and ended with it. A person is asked where one
//! is there.

pub mod mcp;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::{Mutex as AsyncMutex, oneshot},
};

use crate::{
    engine::tool_programs::mcp::McpServer,
    model::{RunId, ToolCall, tool::ToolSource},
    pipeline::ports::{AskedTool, PortFuture, ToolRunner},
    provider::{programs::Process, wires::CommandEnvironment},
};

/// The longest result of a program, in bytes.
const LONGEST: usize = 1024 * 1024;

/// Characters of a program's standard error that a failure tells.
const WORDS: usize = 500;

/// Results that a person gives: the calls that wait for one.
#[derive(Debug, Clone, Default)]
pub struct PersonalResults(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    /// Whether somebody is there to ask.
    attended: bool,
    calls: BTreeMap<(RunId, String), oneshot::Sender<String>>,
}

impl PersonalResults {
    /// Says that somebody is there: calls wait for what they type.
    pub fn attend(&self) {
        self.waiting().attended = true;
    }

    /// Answers a call. Tells whether it still waited.
    #[must_use]
    pub fn answer(&self, run: RunId, call: &str, result: String) -> bool {
        let sender = self.waiting().calls.remove(&(run, call.to_owned()));
        sender.is_some_and(|sender| sender.send(result).is_ok())
    }

    async fn of(&self, run: RunId, call: &ToolCall) -> Result<String, String> {
        let (sender, receiver) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if !waiting.attended {
                let name = &call.name;
                return Err(format!(
                    "a person gives the result of {name}, and nobody is asked here; run it at the bench"
                ));
            }
            waiting.calls.insert((run, call.id.clone()), sender);
        }
        receiver.await.map_err(|_gone| "nobody answered".to_owned())
    }

    fn forget(&self, run: RunId) {
        self.waiting().calls.retain(|(of, _), _| *of != run);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The servers of a run, by their command lines.
type Servers = Arc<AsyncMutex<BTreeMap<Vec<String>, McpServer>>>;

/// Answers calls by programs, servers and a person.
#[derive(Debug, Default)]
pub struct ToolPrograms {
    environment: CommandEnvironment,
    people: PersonalResults,
    servers: Mutex<BTreeMap<RunId, Servers>>,
}

impl ToolPrograms {
    /// Starts programs with this environment.
    #[must_use]
    pub fn new(environment: CommandEnvironment, people: PersonalResults) -> Self {
        Self { environment, people, servers: Mutex::default() }
    }

    fn servers(&self) -> std::sync::MutexGuard<'_, BTreeMap<RunId, Servers>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn ask_server(
        &self,
        run: RunId,
        argv: &[String],
        name: &str,
        arguments: &Map<String, Value>,
    ) -> Result<String, String> {
        let servers = Arc::clone(self.servers().entry(run).or_default());
        let mut servers = servers.lock().await;
        // A server that a call left halfway is started anew: what it says next belongs to that call.
        let mut server = match servers.remove(argv) {
            Some(server) => server,
            None => McpServer::start(argv, &self.environment).await?,
        };
        let result = server.call(name, arguments).await;
        if server.is_usable() {
            servers.insert(argv.to_vec(), server);
        }
        result
    }
}

impl ToolRunner for ToolPrograms {
    fn call<'a>(&'a self, asked: AskedTool<'a>) -> PortFuture<'a, Result<String, String>> {
        let AskedTool { run, tool, call, arguments } = asked;
        Box::pin(async move {
            match tool.source() {
                Some(ToolSource::Command(argv)) => run_program(argv, &self.environment, call, arguments).await,
                Some(ToolSource::Mcp(argv)) => self.ask_server(run, argv, &tool.name, arguments).await,
                Some(ToolSource::Person) => self.people.of(run, call).await,
                Some(ToolSource::Text(_) | ToolSource::Column(_)) | None => {
                    Err(format!("{} has no result outside of the run", tool.name))
                }
            }
        })
    }

    fn ended(&self, run: RunId) {
        self.people.forget(run);
        // Dropping a server ends it with everything it started.
        drop(self.servers().remove(&run));
    }
}

async fn run_program(
    argv: &[String],
    environment: &CommandEnvironment,
    call: &ToolCall,
    arguments: &Map<String, Value>,
) -> Result<String, String> {
    let Some((program, rest)) = argv.split_first() else { return Err("no program is named".to_owned()) };
    let Process { group, mut stdin, mut stdout, stderr } = Process::start(program, rest, environment, None)?;
    let request = json!({ "tool": call.name, "id": call.id, "arguments": arguments }).to_string();
    tokio::spawn(async move {
        // A program may well not read its input; that is no error.
        drop(stdin.write_all(request.as_bytes()).await);
    });
    let mut output = Vec::new();
    while stdout.read_buf(&mut output).await.is_ok_and(|count| count > 0) {
        if output.len() > LONGEST {
            return Err(format!("`{program}` printed more than {} MiB and was stopped", LONGEST >> 20));
        }
    }
    let Some(end) = group.ended().await else { return Err(format!("`{program}` was stopped")) };
    if end.code != Some(0) {
        let how =
            end.code.map_or_else(|| "was killed by a signal".to_owned(), |code| format!("ended with exit code {code}"));
        let words: String = stderr.await.unwrap_or_default().chars().take(WORDS).collect();
        let words = if words.is_empty() { "it said nothing on standard error".to_owned() } else { words };
        return Err(format!("`{program}` {how}: {words}"));
    }
    let text = String::from_utf8(output).map_err(|_wrong| format!("what `{program}` printed is not UTF-8"))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}
