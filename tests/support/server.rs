//! A scripted TCP server: it can split, stall, drip, cut, reset and lie.
//!
//! Each connection plays one script. Time is under the test's control: a script waits at a
//! [`Gate`] until the test opens it, and only a drip goes by the clock.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, watch},
};

/// A point that a script waits at and the test opens. Opened once, it lets one waiter through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<Notify>);

impl Gate {
    /// Lets the waiter through, now or when it comes.
    pub(crate) fn open(&self) {
        self.0.notify_one();
    }

    /// Waits until the gate is open.
    pub(crate) async fn passed(&self) {
        self.0.notified().await;
    }
}

/// What a connection does next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Reads one whole request and records it.
    Expect,
    /// Sends bytes at once.
    Send(Vec<u8>),
    /// Waits until the test opens the gate.
    Wait(Gate),
    /// Sends the same bytes every few milliseconds until the peer closes.
    Drip(Vec<u8>),
    /// Sends nothing more, and waits until the peer closes.
    Stall,
    /// Closes with a reset instead of an end.
    Reset,
}

/// What one connection does. It closes properly at the end, unless it was reset.
#[derive(Debug, Clone, Default)]
pub(crate) struct Script(Vec<Step>);

impl Script {
    /// Reads a request, sends bytes, closes.
    pub(crate) fn answer(bytes: impl Into<Vec<u8>>) -> Self {
        Self::default().then(Step::Expect).send(bytes)
    }

    /// Adds a step.
    pub(crate) fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// Adds bytes to send.
    pub(crate) fn send(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.then(Step::Send(bytes.into()))
    }
}

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    /// Which connection it came on, counted from 0.
    pub(crate) connection: usize,
    /// `POST`, `GET`.
    pub(crate) method: String,
    /// The path with its query.
    pub(crate) path: String,
    /// Names in lower case, in order.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Returns the first value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Parses the body.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Request>,
    connections: usize,
    closed: Vec<usize>,
}

/// The server. It ends with the test's runtime.
#[derive(Debug)]
pub(crate) struct Server {
    /// `http://127.0.0.1:PORT`.
    pub(crate) url: String,
    seen: watch::Receiver<()>,
    state: Arc<Mutex<Seen>>,
}

impl Server {
    /// Starts a server whose connections play the scripts in turn. A connection beyond the last
    /// script is closed at once, and counted.
    pub(crate) async fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, seen) = watch::channel(());
        let state = Arc::new(Mutex::new(Seen::default()));
        let mut scripts: Vec<Script> = scripts.into_iter().collect();
        scripts.reverse();
        let shared = Arc::clone(&state);
        let tell = Arc::new(tell);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let connection = {
                    let mut seen = shared.lock().unwrap();
                    seen.connections += 1;
                    seen.connections - 1
                };
                let script = scripts.pop().unwrap_or_default();
                let (shared, tell) = (Arc::clone(&shared), Arc::clone(&tell));
                tokio::spawn(async move {
                    play(socket, connection, script, &shared, &tell).await;
                    shared.lock().unwrap().closed.push(connection);
                    tell.send_replace(());
                });
            }
        });
        Self { url, seen, state }
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }

    /// The connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Waits until a connection is over; a stalled one is when the peer has closed it.
    pub(crate) async fn closed(&self, connection: usize) {
        let mut seen = self.seen.clone();
        while !self.state.lock().unwrap().closed.contains(&connection) {
            seen.changed().await.unwrap();
        }
    }
}

async fn play(mut socket: TcpStream, connection: usize, script: Script, state: &Mutex<Seen>, tell: &watch::Sender<()>) {
    socket.set_nodelay(true).unwrap();
    for step in script.0 {
        match step {
            Step::Expect => {
                let Some(mut request) = read_request(&mut socket).await else {
                    return;
                };
                request.connection = connection;
                state.lock().unwrap().requests.push(request);
                tell.send_replace(());
            }
            Step::Send(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Wait(gate) => gate.passed().await,
            Step::Drip(bytes) => {
                while socket.write_all(&bytes).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                return;
            }
            Step::Stall => {
                let mut rest = Vec::new();
                drop(socket.read_to_end(&mut rest).await);
                return;
            }
            Step::Reset => {
                socket.set_zero_linger().unwrap();
                return;
            }
        }
    }
    drop(socket.shutdown().await);
    // Closing with unread bytes would be a reset: the peer's end is read first.
    let mut rest = Vec::new();
    drop(socket.read_to_end(&mut rest).await);
}

/// Reads one whole request; `None` once the peer has closed.
pub(crate) async fn read_request(socket: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.lines();
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let pair = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.filter_map(pair).collect();
    let mut request = Request { connection: 0, method, path, headers, body: bytes.split_off(head) };
    let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
    while request.body.len() < length {
        if socket.read_buf(&mut request.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(request)
}

/// A response with its length.
pub(crate) fn response(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut bytes = head(status, headers);
    bytes.truncate(bytes.len() - 2);
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// A JSON response with its length.
pub(crate) fn json(status: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let all: Vec<(&str, &str)> = [("content-type", "application/json")].iter().chain(headers).copied().collect();
    response(status, &all, body)
}

/// The head of an event stream, whose body follows in chunks.
pub(crate) fn stream_head() -> Vec<u8> {
    head("200 OK", &[("content-type", "text/event-stream"), ("transfer-encoding", "chunked")])
}

/// A whole event stream.
pub(crate) fn event_stream(body: impl AsRef<[u8]>) -> Vec<u8> {
    // A script is mostly over with it, and so is its connection: nobody may count on it for another request.
    let headers = [("content-type", "text/event-stream"), ("transfer-encoding", "chunked"), ("connection", "close")];
    [head("200 OK", &headers), chunk(body), last_chunk()].concat()
}

/// A response's head alone.
pub(crate) fn head(status: &str, headers: &[(&str, &str)]) -> Vec<u8> {
    let lines: String = headers.iter().map(|(name, value)| [name, ": ", value, "\r\n"].concat()).collect();
    format!("HTTP/1.1 {status}\r\n{lines}\r\n").into_bytes()
}

/// One chunk of a chunked body.
pub(crate) fn chunk(body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    if body.is_empty() {
        return Vec::new();
    }
    [format!("{:x}\r\n", body.len()).as_bytes(), body, b"\r\n"].concat()
}

/// The end of a chunked body.
pub(crate) fn last_chunk() -> Vec<u8> {
    b"0\r\n\r\n".to_vec()
}
