//! A provider that fails by plan: what each attempt of each run meets follows from their numbers.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use retort::model::Wire::{
    Anthropic, Ollama, OpenAi, {self},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::wires::{ends, says, stops, stream, stream_head};
use crate::support::server::{chunk, json, last_chunk, read_request};

/// What an attempt meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// A whole answer.
    Well,
    /// 429.
    Limited,
    /// 500.
    Broken,
    /// The connection ends in the middle of the answer.
    Cut,
    /// The head, and then nothing.
    Stall,
    /// An event in the middle of the answer that is none.
    Malformed,
}

/// Decides by two numbers, evenly: 10 % limited, 5 % broken, 3 % cut, 2 % stalled, 1 % malformed.
pub(crate) fn by_chance(run: u64, attempt: u64) -> Fate {
    let mut mixed = (run << 8 | attempt).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    match (mixed ^ (mixed >> 31)) % 100 {
        0..10 => Fate::Limited,
        10..15 => Fate::Broken,
        15..18 => Fate::Cut,
        18..20 => Fate::Stall,
        20 => Fate::Malformed,
        _ => Fate::Well,
    }
}

/// The answer to a run, whose number is its input.
pub(crate) fn answer(run: u64) -> String {
    format!("{{\"run\":{run}}}")
}

/// The server. It ends with its runtime.
pub(crate) struct Flaky {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    requests: Arc<Mutex<HashMap<u64, u64>>>,
}

impl Flaky {
    /// Starts it. `pace` is what it waits between the pieces of an answer.
    pub(crate) async fn start(fate: fn(u64, u64) -> Fate, pace: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(HashMap::new()));
        let counts = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, fate, pace, Arc::clone(&counts)));
            }
        });
        Self { url, requests }
    }

    /// How often each run has asked.
    pub(crate) fn requested(&self) -> HashMap<u64, u64> {
        self.requests.lock().unwrap().clone()
    }
}

/// Which wire a path belongs to.
fn spoken(path: &str) -> Wire {
    match path {
        path if path.ends_with("/messages") => Anthropic,
        path if path.ends_with("/api/chat") => Ollama,
        _ => OpenAi,
    }
}

async fn serve(
    mut socket: TcpStream,
    fate: fn(u64, u64) -> Fate,
    pace: Duration,
    requests: Arc<Mutex<HashMap<u64, u64>>>,
) {
    socket.set_nodelay(true).unwrap();
    while let Some(request) = read_request(&mut socket).await {
        let run: u64 = request.json()["messages"].as_array().unwrap().last().unwrap()["content"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();
        let attempt = {
            let mut requests = requests.lock().unwrap();
            let count = requests.entry(run).or_default();
            *count += 1;
            *count - 1
        };
        let kind = spoken(&request.path);
        let error = r#"{"error":{"message":"not now","type":"server_error"}}"#;
        let text = answer(run);
        let (left, right) = text.split_at(text.len() / 2);
        let begun = [stream_head(kind), chunk(says(kind, left))].concat();
        let mut rest = Vec::new();
        let sent = match fate(run, attempt) {
            Fate::Limited => socket.write_all(&json("429 Too Many Requests", &[], error)).await,
            Fate::Broken => socket.write_all(&json("500 Internal Server Error", &[], error)).await,
            Fate::Cut => {
                drop(socket.write_all(&begun).await);
                drop(socket.shutdown().await);
                return;
            }
            Fate::Stall => {
                drop(socket.write_all(&stream_head(kind)).await);
                drop(socket.read_to_end(&mut rest).await);
                return;
            }
            Fate::Malformed => socket.write_all(&stream(kind, says(kind, left) + "data: {oops\n\n")).await,
            Fate::Well if pace.is_zero() => {
                let last = says(kind, right) + &stops(kind, "stop") + &ends(kind);
                socket.write_all(&[begun, chunk(last), last_chunk()].concat()).await
            }
            Fate::Well => {
                let mut pieces = vec![stream_head(kind)];
                pieces.extend(text.chars().map(|letter| chunk(says(kind, &letter.to_string()))));
                pieces.extend([chunk(stops(kind, "stop")), chunk(ends(kind))]);
                let mut sent = Ok(());
                for piece in pieces {
                    tokio::time::sleep(pace).await;
                    sent = sent.and(socket.write_all(&piece).await);
                }
                sent.and(socket.write_all(&last_chunk()).await)
            }
        };
        if sent.is_err() {
            return;
        }
    }
}
