//! Batch APIs of providers as a server on this machine: they keep files and batches, answer by a script, and can be made
//! to fail, to be late, to forget, and to end the program that asks.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Without the query.
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// Names it as the log does.
    pub(crate) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Json(u16, Value),
    Lines(String),
    /// The connection is closed without a word.
    HangUp,
}

/// What becomes of one request of a batch.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    Answer(String),
    /// An error of its own, within the line of a result.
    Error(u16, Value),
    Expired,
    /// It is in no file.
    Missing,
}

/// A batch that was made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) id: String,
    /// Its requests, in the vendor's form.
    pub(crate) lines: Arc<Vec<Value>>,
    pub(crate) tag: Option<String>,
    /// How often it was asked after.
    pub(crate) polls: usize,
    /// The state it ends in, once it has.
    pub(crate) end: Option<String>,
    pub(crate) cancelled: bool,
    created: i64,
}

/// What the server has done so far.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) batches: Vec<Made>,
    pub(crate) log: Vec<String>,
    /// Live calls.
    pub(crate) live: usize,
}

type Fates = dyn Fn(&str, usize) -> Fate + Send + Sync;
type Trick = dyn Fn(&Asked, &mut Kept) -> Option<Reply> + Send + Sync;

/// How it behaves.
pub(crate) struct Behaviour {
    /// What becomes of a request, by what its user says, and the batch it is in, counted from 0.
    pub(crate) fate: Box<Fates>,
    /// Answers in place of the server, and before it has done anything.
    pub(crate) before: Box<Trick>,
    /// Answers in its place when it has.
    pub(crate) after: Box<Trick>,
    /// The state that batches end in, in the vendor's word.
    pub(crate) end: &'static str,
    /// How often a batch is asked after before it ends.
    pub(crate) polls: usize,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            fate: Box::new(|said, _| Fate::Answer(format!("answer to {said}"))),
            before: Box::new(|_, _| None),
            after: Box::new(|_, _| None),
            end: "",
            polls: 1,
        }
    }
}

/// The server.
pub(crate) struct Batches {
    pub(crate) url: String,
    pub(crate) kept: Arc<Mutex<Kept>>,
}

impl Batches {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::new(Mutex::new(Kept::default()));
        let behaviour = Arc::new(behaviour);
        let known = Arc::clone(&kept);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, behaviour) = (Arc::clone(&known), Arc::clone(&behaviour));
                thread::spawn(move || serve(stream, &kept, &behaviour));
            }
        });
        Self { url, kept }
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.kept.lock().unwrap().log.clone()
    }

    /// Counts the requests of a method and the beginning of a path.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.log().iter().filter(|asked| asked.starts_with(line)).count()
    }

    pub(crate) fn made(&self) -> Vec<Made> {
        self.kept.lock().unwrap().batches.clone()
    }
}

/// Ends a program at once.
pub(crate) fn kill(pid: u32) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    let _ = kill_process(pid, Signal::KILL);
}

fn serve(stream: TcpStream, kept: &Mutex<Kept>, behaviour: &Behaviour) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let Some(asked) = read(&mut reader) else { return };
    let mut kept = kept.lock().unwrap();
    kept.log.push(asked.line());
    let reply = (behaviour.before)(&asked, &mut kept).unwrap_or_else(|| {
        let own = answer(&asked, &mut kept, behaviour);
        (behaviour.after)(&asked, &mut kept).unwrap_or(own)
    });
    drop(kept);
    let (status, kind, body) = match reply {
        Reply::Json(status, value) => (status, "application/json", value.to_string()),
        Reply::Lines(text) => (200, "application/octet-stream", text),
        Reply::HangUp => return,
    };
    let mut stream = stream;
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let mut words = first.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path: target.split('?').next()?.to_owned(), body })
}

fn answer(asked: &Asked, kept: &mut Kept, behaviour: &Behaviour) -> Reply {
    let parts: Vec<&str> = asked.path.split('/').filter(|part| !part.is_empty()).collect();
    let get = asked.method == "GET";
    match parts.as_slice() {
        ["v1", "files"] => {
            let id = format!("file-{}", kept.files.len() + 1);
            kept.files.insert(id.clone(), of_form(&asked.body));
            Reply::Json(200, json!({ "id": id, "object": "file" }))
        }
        ["v1", "files", name, "content"] => openai_results(name, kept, behaviour),
        ["v1", "batches"] if get => {
            let all: Vec<Value> = (0..kept.batches.len()).rev().map(|at| openai_state(&kept.batches[at])).collect();
            Reply::Json(200, json!({ "data": all, "has_more": false }))
        }
        ["v1", "batches"] => {
            let body = asked.json();
            let file = kept.files.get(body["input_file_id"].as_str().unwrap()).unwrap();
            let lines = file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
            let lines = lines.map(|line| serde_json::from_slice(line).unwrap()).collect();
            let tag = body["metadata"]["retort_job"].as_str().map(str::to_owned);
            Reply::Json(200, openai_state(make(kept, lines, tag)))
        }
        ["v1", "batches", id] => match poll(kept, id, behaviour, "completed") {
            Some(batch) => Reply::Json(200, openai_state(&batch)),
            None => missing(),
        },
        ["v1", "batches", id, "cancel"] => cancel(kept, id, openai_state),
        ["v1", "messages", "batches"] if get => {
            let all: Vec<Value> = kept.batches.iter().rev().map(anthropic_state).collect();
            Reply::Json(200, json!({ "data": all, "has_more": false }))
        }
        ["v1", "messages", "batches"] => {
            let lines = list(asked.json()["requests"].take());
            Reply::Json(200, anthropic_state(make(kept, lines, None)))
        }
        ["v1", "messages", "batches", id] => match poll(kept, id, behaviour, "ended") {
            Some(batch) => Reply::Json(200, anthropic_state(&batch)),
            None => missing(),
        },
        ["v1", "messages", "batches", id, "cancel"] => cancel(kept, id, anthropic_state),
        ["v1", "messages", "batches", id, "results"] => anthropic_results(id, kept, behaviour),
        ["v1beta", "models", call] if call.ends_with(":batchGenerateContent") => {
            let mut body = asked.json();
            let lines = list(body["batch"]["input_config"]["requests"]["requests"].take());
            let tag = body["batch"]["display_name"].as_str().map(str::to_owned);
            let made = make(kept, lines, tag).clone();
            Reply::Json(200, gemini_state(&made, 0, kept, behaviour))
        }
        ["v1beta", "batches"] => {
            let all: Vec<Value> =
                kept.batches.iter().rev().map(|made| gemini_state(made, 0, kept, behaviour)).collect();
            Reply::Json(200, json!({ "operations": all }))
        }
        ["v1beta", "batches", id] if get => match poll(kept, id, behaviour, "BATCH_STATE_SUCCEEDED") {
            Some(batch) => {
                let at = kept.batches.iter().position(|made| made.id == batch.id).unwrap();
                Reply::Json(200, gemini_state(&batch, at, kept, behaviour))
            }
            None => missing(),
        },
        ["v1beta", "batches", id] => {
            let id = id.trim_end_matches(":cancel").to_owned();
            cancel(kept, &id, |_| json!({}))
        }
        ["v1", "chat", "completions"] => {
            kept.live += 1;
            let said = asked.json()["messages"][0]["content"].as_str().unwrap_or_default().to_owned();
            Reply::Json(200, completion(&format!("live answer to {said}")))
        }
        _ => missing(),
    }
}

fn missing() -> Reply {
    Reply::Json(404, json!({ "error": { "message": "No batch found with that id", "type": "invalid_request_error" } }))
}

/// Takes a file out of the form it was sent in.
fn of_form(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(body.to_vec()).unwrap();
    let from = text.rfind("\r\n\r\n").unwrap() + 4;
    let to = text.rfind("\r\n--").unwrap();
    assert!(text.contains("name=\"purpose\"\r\n\r\nbatch\r\n"), "{text}");
    text.as_bytes()[from..to].to_vec()
}

fn list(value: Value) -> Vec<Value> {
    let Value::Array(list) = value else { panic!("{value} is no list") };
    list
}

fn make(kept: &mut Kept, lines: Vec<Value>, tag: Option<String>) -> &Made {
    let id = format!("batch_{}", kept.batches.len() + 1);
    let created = jiff::Timestamp::now().as_second();
    kept.batches.push(Made { id, lines: Arc::new(lines), tag, polls: 0, end: None, cancelled: false, created });
    kept.batches.last().unwrap()
}

fn poll(kept: &mut Kept, id: &str, behaviour: &Behaviour, usual: &str) -> Option<Made> {
    let made = kept.batches.iter_mut().find(|made| made.id == id)?;
    made.polls += 1;
    if made.polls > behaviour.polls {
        let end = if behaviour.end.is_empty() { usual } else { behaviour.end };
        made.end.get_or_insert(end.to_owned());
    }
    Some(made.clone())
}

fn cancel(kept: &mut Kept, id: &str, state: impl Fn(&Made) -> Value) -> Reply {
    let Some(made) = kept.batches.iter_mut().find(|made| made.id == id) else { return missing() };
    made.cancelled = true;
    Reply::Json(200, state(made))
}

fn openai_state(made: &Made) -> Value {
    let Made { id, lines, tag, end, cancelled, created, .. } = made;
    let total = lines.len();
    let end = end.as_ref().map(|end| if *cancelled { "cancelled" } else { end });
    let status = end.unwrap_or(if *cancelled { "cancelling" } else { "in_progress" });
    let is_over = matches!(status, "completed" | "expired" | "cancelled");
    let errors = (status == "failed").then(
        || json!({ "data": [{ "code": "token_limit_exceeded", "message": "Enqueued token limit reached for m." }] }),
    );
    let completed = if is_over { total } else { 0 };
    json!({
        "id": id, "object": "batch", "status": status, "created_at": created, "expires_at": created + 86400,
        "output_file_id": is_over.then(|| format!("out-{id}")), "error_file_id": is_over.then(|| format!("err-{id}")),
        "errors": errors, "metadata": { "retort_job": tag },
        "request_counts": { "total": total, "completed": completed, "failed": 0 },
    })
}

fn completion(text: &str) -> Value {
    json!({
        "id": "c", "object": "chat.completion", "model": "m", "service_tier": "default",
        "choices": [{ "index": 0, "finish_reason": "stop", "message": { "role": "assistant", "content": text } }],
        "usage": { "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100 },
    })
}

/// The results of a batch, the last request first: order is nothing to go by.
fn openai_results(name: &str, kept: &Kept, behaviour: &Behaviour) -> Reply {
    let (is_output, id) = (name.starts_with("out-"), &name[4..]);
    let at = kept.batches.iter().position(|made| made.id == id).unwrap();
    let mut out = String::new();
    for line in kept.batches[at].lines.iter().rev() {
        let said = line["body"]["messages"][0]["content"].as_str().unwrap();
        let id = &line["custom_id"];
        let written = match (behaviour.fate)(said, at) {
            Fate::Answer(text) if is_output => {
                json!({ "id": "r", "custom_id": id, "error": null,
                        "response": { "status_code": 200, "request_id": "q", "body": completion(&text) } })
            }
            Fate::Error(status, body) if !is_output => {
                json!({ "id": "r", "custom_id": id, "error": null,
                        "response": { "status_code": status, "request_id": "q", "body": { "error": body } } })
            }
            Fate::Expired if !is_output => {
                json!({ "id": "r", "custom_id": id, "response": null,
                        "error": { "code": "batch_expired", "message": "This request could not be executed before the completion window expired." } })
            }
            _ => continue,
        };
        out.push_str(&written.to_string());
        out.push('\n');
    }
    Reply::Lines(out)
}

fn anthropic_state(made: &Made) -> Value {
    let Made { id, lines, end, cancelled, created, .. } = made;
    let (over, total) = (end.is_some(), lines.len());
    let word = if over {
        "ended"
    } else if *cancelled {
        "canceling"
    } else {
        "in_progress"
    };
    let at = |second: i64| jiff::Timestamp::from_second(second).unwrap().to_string();
    json!({
        "id": id, "type": "message_batch", "processing_status": word, "created_at": at(*created),
        "expires_at": at(created + 86400), "results_url": over.then_some("https://elsewhere.example.com/steal"),
        "request_counts": { "processing": if over { 0 } else { total }, "succeeded": if over { total } else { 0 },
                            "errored": 0, "canceled": 0, "expired": 0 },
    })
}

fn anthropic_results(id: &str, kept: &Kept, behaviour: &Behaviour) -> Reply {
    let at = kept.batches.iter().position(|made| made.id == id).unwrap();
    let mut out = String::new();
    for line in kept.batches[at].lines.iter().rev() {
        let content = &line["params"]["messages"][0]["content"];
        let said = content.as_str().or_else(|| content[0]["text"].as_str()).unwrap();
        let result = match (behaviour.fate)(said, at) {
            Fate::Answer(text) => json!({ "type": "succeeded", "message": {
                "id": "msg", "type": "message", "role": "assistant", "model": "claude", "stop_reason": "end_turn",
                "content": [{ "type": "text", "text": text }],
                "usage": { "input_tokens": 1000, "output_tokens": 100, "service_tier": "batch" } } }),
            Fate::Error(_, body) => json!({ "type": "errored", "error": { "type": "error", "error": body } }),
            Fate::Expired => json!({ "type": "expired" }),
            Fate::Missing => continue,
        };
        out.push_str(&json!({ "custom_id": line["custom_id"], "result": result }).to_string());
        out.push('\n');
    }
    Reply::Lines(out)
}

fn gemini_state(made: &Made, at: usize, kept: &Kept, behaviour: &Behaviour) -> Value {
    let Made { id, lines, tag, end, cancelled, created, .. } = made;
    let _ = kept;
    let end = end.as_ref().map(|end| if *cancelled { "BATCH_STATE_CANCELLED" } else { end });
    let created = jiff::Timestamp::from_second(*created).unwrap().to_string();
    let mut state = json!({
        "name": format!("batches/{id}"), "done": end.is_some(),
        "metadata": { "displayName": tag, "state": end.unwrap_or("BATCH_STATE_PENDING"), "createTime": created,
                      "batchStats": { "requestCount": lines.len().to_string() } },
    });
    if end.is_some() {
        let answers = lines.iter().rev().filter_map(|line| {
            let said = line["request"]["contents"][0]["parts"][0]["text"].as_str().unwrap();
            let metadata = &line["metadata"];
            Some(match (behaviour.fate)(said, at) {
                Fate::Answer(text) => json!({ "metadata": metadata, "response": {
                    "candidates": [{ "finishReason": "STOP", "content": { "role": "model", "parts": [{ "text": text }] } }],
                    "usageMetadata": { "promptTokenCount": 1000, "candidatesTokenCount": 100, "totalTokenCount": 1100 } } }),
                Fate::Error(code, body) => {
                    json!({ "metadata": metadata, "error": { "code": code, "message": body["message"] } })
                }
                Fate::Expired | Fate::Missing => return None,
            })
        });
        let answers: Vec<Value> = answers.collect();
        state["response"] = json!({ "inlinedResponses": { "inlinedResponses": answers } });
    }
    state
}
