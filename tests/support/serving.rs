//! The program as an endpoint, spoken to over raw sockets.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, ChildStdout},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{home::Home, server::Server};

/// The token that the tests give it.
pub(crate) const TOKEN: &str = "retort-test-token-0123456789";

/// The key of every provider in the tests.
pub(crate) const KEY: &str = "sk-upstream-0123456789abcdef";

/// An endpoint that listens, killed at the end.
pub(crate) struct Serving {
    pub(crate) home: Home,
    pub(crate) child: Child,
    pub(crate) address: String,
    pub(crate) lines: BufReader<ChildStdout>,
}

/// A response as it arrived.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// Settings with a provider for each server: its name, its wire, itself. The model of provider `a` is `m-a`.
pub(crate) fn settings(providers: &[(&str, &str, &Server)]) -> String {
    let provider = |(name, wire, server): &(&str, &str, &Server)| {
        let base = if *wire == "anthropic" { "" } else { "/v1" };
        format!(
            "[providers.{name}]\nkind = \"{wire}\"\nbase_url = \"{}{base}\"\napi_keys = [\"env:KEY\"]\n[models.m-{name}]\n\
             provider = \"{name}\"\nmodel = \"up-{name}\"\n",
            server.url
        )
    };
    providers.iter().map(provider).collect()
}

/// Retries that wait for nothing.
pub(crate) const AT_ONCE: &str = "[retry]\nmin_wait = \"1ms\"\nmax_wait = \"1ms\"\n";

impl Serving {
    /// Starts it on a home with these settings.
    pub(crate) async fn start(home: Home, settings: &str, arguments: &[&str]) -> Self {
        home.file("config/config.toml", settings);
        let all = [&["serve", "--port", "0", "--json"], arguments].concat();
        let mut command = home.command(&all);
        command.env("RETORT_SERVE_TOKEN", TOKEN).env("KEY", KEY);
        let (child, lines, first) = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap());
            let mut first = String::new();
            lines.read_line(&mut first).unwrap();
            if first.is_empty() {
                let output = child.wait_with_output().unwrap();
                panic!("it did not start: {}", String::from_utf8_lossy(&output.stderr));
            }
            (child, lines, first)
        })
        .await
        .unwrap();
        let first: Value = serde_json::from_str(&first).unwrap();
        let address = first["url"].as_str().unwrap().trim_start_matches("http://").to_owned();
        Self { home, child, address, lines }
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).await.unwrap()
    }

    /// Writes a request with the token, of these headers and this body.
    pub(crate) fn request(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
        let mut all = vec![("host", self.address.as_str()), ("connection", "close")];
        if !headers.iter().any(|(name, _)| matches!(*name, "authorization" | "x-api-key" | "x-retort-token")) {
            all.push(("authorization", concat!("Bearer ", "retort-test-token-0123456789")));
        }
        all.extend(headers);
        let lines = all.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect::<Vec<_>>().concat();
        let length = if method == "POST" { format!("content-length: {}\r\n", body.len()) } else { String::new() };
        format!("{method} {path} HTTP/1.1\r\n{lines}{length}\r\n{body}").into_bytes()
    }

    /// Sends bytes and reads all that comes back.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Response {
        let mut socket = self.connect().await;
        // It may have answered, and closed, before it has read all.
        let _ = socket.write_all(bytes.as_ref()).await;
        read_response(&mut socket).await
    }

    /// Posts a body.
    pub(crate) async fn post(&self, path: &str, body: &str) -> Response {
        self.send(self.request("POST", path, &[], body)).await
    }

    /// Gets a path.
    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(self.request("GET", path, &[], "")).await
    }

    /// Returns the next line that it prints.
    pub(crate) fn line(&mut self) -> Value {
        tokio::task::block_in_place(|| {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            serde_json::from_str(&line).unwrap_or_else(|_| panic!("no JSON: {line}"))
        })
    }

    /// Ends it as a supervisor does, and returns what it printed to standard error.
    #[cfg(unix)]
    pub(crate) fn end(mut self) -> (Option<i32>, String, Home) {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        tokio::task::block_in_place(|| {
            let mut err = String::new();
            std::io::Read::read_to_string(&mut self.child.stderr.take().unwrap(), &mut err).unwrap();
            let status = self.child.wait().unwrap();
            (status.code(), err, std::mem::replace(&mut self.home, Home::new()))
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads a response to its end.
pub(crate) async fn read_response(socket: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    let _ = socket.read_to_end(&mut bytes).await;
    parse(&bytes)
}

/// Takes a response apart.
pub(crate) fn parse(bytes: &[u8]) -> Response {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Response { status: 0, head: String::from_utf8_lossy(bytes).into_owned(), body: Vec::new() };
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut response = Response { status, head, body: bytes[end + 4..].to_vec() };
    if response.header("transfer-encoding") == Some("chunked") {
        response.body = unchunked(&response.body);
    }
    response
}

/// Joins the chunks of a body, as many as have come whole.
pub(crate) fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let Ok(length) = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).unwrap(), 16) else { break };
        let start = end + 2;
        let Some(chunk) = bytes.get(start..start + length) else { break };
        out.extend_from_slice(chunk);
        bytes = bytes.get(start + length + 2..).unwrap_or_default();
    }
    out
}
