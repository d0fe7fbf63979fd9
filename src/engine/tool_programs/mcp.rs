//! An MCP server on standard input and output: JSON-RPC, a message on each line.
//!
//! Of the protocol (modelcontextprotocol.io, revision 2025-06-18) a client needs three requests here: `initialize`,
//! `tools/list` and `tools/call`. What a server asks in turn is answered with an error, but for `ping`; its notifications,
//! and lines that are no JSON, are passed over.

use serde_json::{Map, Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    task::JoinHandle,
};

use crate::{
    model::Tool,
    provider::{
        programs::{Group, Process, ProgramInput, ProgramOutput},
        wires::CommandEnvironment,
    },
};

/// The revision of the protocol that is spoken.
const REVISION: &str = "2025-06-18";

/// The longest message of a server, in bytes.
const LONGEST: usize = 4 * 1024 * 1024;

/// Messages that are passed over while one is waited for, at most.
const MOST_PASSED: usize = 10_000;

/// Pages of a list of tools, and tools, at most.
const MOST_PAGES: usize = 50;
const MOST_TOOLS: usize = 1000;

/// A server under way. Dropping it ends it with everything it started.
#[derive(Debug)]
pub struct McpServer {
    program: String,
    stdin: ProgramInput,
    stdout: BufReader<ProgramOutput>,
    stderr: Option<JoinHandle<String>>,
    _group: Group,
    next: u64,
    /// Whether nothing that it was asked is left without an answer.
    settled: bool,
}

impl McpServer {
    /// Starts a server and greets it. The error says in words why it is of no use.
    pub async fn start(argv: &[String], environment: &CommandEnvironment) -> Result<Self, String> {
        let Some((program, arguments)) = argv.split_first() else { return Err("no program is named".to_owned()) };
        let Process { group, stdin, stdout, stderr } = Process::start(program, arguments, environment, None)?;
        let mut server = Self {
            program: program.clone(),
            stdin,
            stdout: BufReader::new(stdout),
            stderr: Some(stderr),
            _group: group,
            next: 0,
            settled: true,
        };
        let client = json!({ "name": "retort", "version": env!("CARGO_PKG_VERSION") });
        let hello = json!({ "protocolVersion": REVISION, "capabilities": {}, "clientInfo": client });
        server.request("initialize", hello).await?;
        server.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" })).await?;
        Ok(server)
    }

    /// Tells whether it can be asked again: it answered all it was asked.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.settled
    }

    /// Lists its tools, each with itself as the source of results. Fails where it has none, or says no list.
    pub async fn tools(&mut self) -> Result<Vec<Tool>, String> {
        let (mut tools, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..MOST_PAGES {
            let asked = cursor.take().map_or_else(|| json!({}), |cursor| json!({ "cursor": cursor }));
            let page = self.request("tools/list", asked).await?;
            let rows = page.get("tools").and_then(Value::as_array).into_iter().flatten();
            tools.extend(rows.filter_map(crate::model::tool::read_listed));
            cursor = page.get("nextCursor").and_then(Value::as_str).map(str::to_owned);
            if cursor.is_none() || tools.len() >= MOST_TOOLS {
                break;
            }
        }
        tools.truncate(MOST_TOOLS);
        if tools.is_empty() { Err(format!("`{}` lists no tools", self.program)) } else { Ok(tools) }
    }

    /// Calls a tool. The error is what the tool or the server says of its failure.
    pub async fn call(&mut self, name: &str, arguments: &Map<String, Value>) -> Result<String, String> {
        let result = self.request("tools/call", json!({ "name": name, "arguments": arguments })).await?;
        let text = text_of(&result);
        if result.get("isError") == Some(&Value::Bool(true)) { Err(text) } else { Ok(text) }
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Value, String> {
        self.next += 1;
        let id = self.next;
        self.settled = false;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await?;
        for _ in 0..MOST_PASSED {
            let message = self.message().await?;
            let (own, asks) = (message.get("id"), message.get("method").and_then(Value::as_str));
            match (own, asks) {
                (Some(own), Some(asked)) => {
                    let reply = if asked == "ping" {
                        json!({ "jsonrpc": "2.0", "id": own, "result": {} })
                    } else {
                        let error = json!({ "code": -32601, "message": "retort answers no requests but ping" });
                        json!({ "jsonrpc": "2.0", "id": own, "error": error })
                    };
                    self.send(&reply).await?;
                }
                (Some(own), None) if own.as_u64() == Some(id) => {
                    self.settled = true;
                    if let Some(error) = message.get("error") {
                        let words = error.get("message").and_then(Value::as_str).unwrap_or("it says no reason");
                        return Err(format!("`{}` refused {method}: {words}", self.program));
                    }
                    return Ok(message.get("result").cloned().unwrap_or(Value::Null));
                }
                // Notifications, and answers to what was given up.
                (Some(_) | None, _) => {}
            }
        }
        Err(format!("`{}` said much and did not answer {method}", self.program))
    }

    async fn send(&mut self, message: &Value) -> Result<(), String> {
        let line = format!("{message}\n");
        let sent = async {
            self.stdin.write_all(line.as_bytes()).await?;
            self.stdin.flush().await
        };
        if sent.await.is_ok() { Ok(()) } else { Err(self.gone().await) }
    }

    /// Reads the next message; lines that are no JSON object are passed over.
    async fn message(&mut self) -> Result<Value, String> {
        for _ in 0..MOST_PASSED {
            let mut line = Vec::new();
            let mut limited = (&mut self.stdout).take(LONGEST as u64 + 1);
            let read = limited.read_until(b'\n', &mut line).await;
            if !read.is_ok_and(|count| count > 0) {
                return Err(self.gone().await);
            }
            if line.len() > LONGEST {
                return Err(format!("`{}` sent a message of more than {} MiB", self.program, LONGEST >> 20));
            }
            if let Ok(message @ Value::Object(_)) = serde_json::from_slice(&line) {
                return Ok(message);
            }
        }
        Err(format!("`{}` prints lines that are no JSON; is it an MCP server?", self.program))
    }

    /// Says that it is no longer there, with the end of what it said.
    async fn gone(&mut self) -> String {
        let words = match self.stderr.take() {
            Some(stderr) => {
                let patience = std::time::Duration::from_millis(500);
                tokio::time::timeout(patience, stderr).await.ok().and_then(Result::ok).unwrap_or_default()
            }
            None => String::new(),
        };
        let last: String =
            words.lines().last().unwrap_or("it said nothing on standard error").chars().take(300).collect();
        format!("`{}` ended without an answer: {last}", self.program)
    }
}

/// Writes a result as text: its texts, and of anything else what it is.
fn text_of(result: &Value) -> String {
    let parts = result.get("content").and_then(Value::as_array).into_iter().flatten();
    let part = |part: &Value| match part.get("type").and_then(Value::as_str) {
        Some("text") => part.get("text").and_then(Value::as_str).map(str::to_owned),
        Some("resource") => part.pointer("/resource/text").and_then(Value::as_str).map(str::to_owned),
        Some(kind) => Some(format!("[{kind}]")),
        None => None,
    };
    let text = parts.filter_map(part).collect::<Vec<_>>().join("\n");
    match result.get("structuredContent") {
        Some(structured) if text.is_empty() => structured.to_string(),
        _ => text,
    }
}
