//! What the endpoint for programs adds to a call: one after the other, and many at once, over kept connections to a server
//! on this machine that answers at once. `RETORT_BENCH_CALLS` says how many.

use std::{
    env,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    runtime::Builder,
};

const TOKEN: &str = "retort-bench-token-0123456789";
const BODY: &str = "{\"model\":\"m\",\"temperature\":0.5,\"messages\":[{\"role\":\"system\",\"content\":\"You answer briefly.\"},{\"role\":\"user\",\"content\":\"My parcel never came, and nobody answers the telephone.\"}]}";
const ANSWER: &str = "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"We are sorry to hear that, and look for it.\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":12,\"total_tokens\":42}}";

/// The endpoint, killed at the end.
struct Endpoint {
    child: Child,
    address: String,
    _home: tempfile::TempDir,
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers every request of every connection at once.
async fn upstream() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            socket.set_nodelay(true).unwrap();
            tokio::spawn(async move { while exchange(&mut socket, &response()).await.is_some() {} });
        }
    });
    address
}

fn response() -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{ANSWER}", ANSWER.len())
        .into()
}

/// Reads one message, then writes another.
async fn exchange(socket: &mut TcpStream, answer: &[u8]) -> Option<()> {
    message(socket).await?;
    socket.write_all(answer).await.ok()
}

/// Reads one message of HTTP with its length; the status, if it is a response.
async fn message(socket: &mut TcpStream) -> Option<u16> {
    let mut bytes = Vec::with_capacity(2048);
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
        if bytes.len() >= end + 4 + length {
            return Some(head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0));
        }
    }
}

fn request(host: &str, path: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {TOKEN}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    )
    .into()
}

fn endpoint(upstream: &str) -> Endpoint {
    let home = tempfile::tempdir().unwrap();
    let dir = |name: &str| home.path().join(name);
    std::fs::create_dir_all(dir("config")).unwrap();
    let settings = format!(
        "[providers.p]\nkind = \"openai\"\nbase_url = \"http://{upstream}/v1\"\n[models.m]\nprovider = \"p\"\nmodel = \"m\"\n"
    );
    std::fs::write(dir("config").join("config.toml"), settings).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_retort"));
    command.args(["serve", "--port", "0", "--json", "--no-cache"]).stdout(Stdio::piped()).stderr(Stdio::null());
    for (name, folder) in [
        ("RETORT_CONFIG_DIR", "config"),
        ("RETORT_DATA_DIR", "data"),
        ("RETORT_CACHE_DIR", "cache"),
        ("RETORT_STATE_DIR", "state"),
    ] {
        command.env(name, dir(folder));
    }
    let mut child = command.env("RETORT_SERVE_TOKEN", TOKEN).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    let address = first.split("http://").nth(1).unwrap().split('"').next().unwrap().to_owned();
    std::thread::spawn(move || lines.lines().for_each(drop));
    Endpoint { child, address, _home: home }
}

/// Asks one call after the other over one connection, and returns how long each took, the shortest first.
async fn one_by_one(address: &str, path: &str, calls: usize) -> Vec<Duration> {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.set_nodelay(true).unwrap();
    let request = request(address, path);
    let mut took = Vec::with_capacity(calls);
    for _ in 0..calls {
        let began = Instant::now();
        socket.write_all(&request).await.unwrap();
        assert_eq!(message(&mut socket).await, Some(200));
        took.push(began.elapsed());
    }
    took.sort_unstable();
    took
}

async fn at_once(address: &str, connections: usize, calls: usize) -> f64 {
    let request = Arc::new(request(address, "/v1/chat/completions"));
    let began = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (request, address) = (Arc::clone(&request), address.to_owned());
            tokio::spawn(async move {
                let mut socket = TcpStream::connect(address).await.unwrap();
                for _ in 0..calls / connections {
                    socket.write_all(&request).await.unwrap();
                    assert_eq!(message(&mut socket).await, Some(200));
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    calls as f64 / began.elapsed().as_secs_f64()
}

/// The resident memory of a process, in KiB.
fn memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
    line.unwrap_or(0)
}

/// The time of a call through the endpoint beside that of one straight to the server, and how many it answers in a second.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn serve_added() {
    let calls = env::var("RETORT_BENCH_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(4000_usize);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let upstream = upstream().await;
        let endpoint = tokio::task::block_in_place(|| endpoint(&upstream));
        one_by_one(&endpoint.address, "/v1/chat/completions", 200).await;
        let (before, mut rows) = (memory(endpoint.child.id()), Vec::new());
        for (name, address) in [("direct", &upstream), ("serve", &endpoint.address)] {
            let took = one_by_one(address, "/v1/chat/completions", calls).await;
            let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
            eprintln!("{name:<7} median {:?}, p99 {:?}", at(50), at(99));
            rows.push(at(50));
        }
        let [direct, through] = <[Duration; 2]>::try_from(rows).unwrap();
        eprintln!(
            "added   {:?} by call, {:.1} times as long",
            through.saturating_sub(direct),
            through.as_secs_f64() / direct.as_secs_f64()
        );
        let rate = at_once(&endpoint.address, 32, calls).await;
        eprintln!("at once {rate:.0} calls a second over 32 connections");
        eprintln!("memory  {before} KiB before, {} KiB after {} calls", memory(endpoint.child.id()), 2 * calls);
    });
}
