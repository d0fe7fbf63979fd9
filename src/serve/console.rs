//! Calls as they come, for whoever watches: listed, held where a text matches, let go, changed or failed on purpose.
//!
//! Nothing is kept while nobody watches, and what was held is let go when nobody does any more.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use hyper::Uri;
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, timeout},
};

use crate::{
    model::traffic::{FailRule, HeldAnswer, LiveCall, LiveState, LiveTexts, LiveTraffic},
    serve::{refusal::ServeRefusal, report::CallReport},
};

/// Calls that are kept, at most.
const MOST: usize = 200;

/// Bytes that are kept of a request, and of an answer.
const KEPT: usize = 256 * 1024;

/// Characters that are kept of a call's last text.
const SAID: usize = 200;

/// How long somebody counts as watching after asking.
const WATCHED: Duration = Duration::from_secs(10);

/// How long a question for news waits for some.
const NEWS: Duration = Duration::from_secs(3);

/// What the endpoint knows of its calls.
#[derive(Debug)]
pub(crate) struct ServeConsole {
    calls: Mutex<Calls>,
    revision: watch::Sender<u64>,
    began: Instant,
    /// Until when somebody watches, in milliseconds since the beginning.
    watched: AtomicU64,
}

#[derive(Debug, Default)]
struct Calls {
    all: VecDeque<ConsoleEntry>,
    next: u64,
    hold: Option<String>,
    fail: Option<FailRule>,
}

impl Calls {
    /// Returns the status with which a call fails by the rule, and counts it.
    fn fails(&mut self, body: &[u8]) -> Option<u16> {
        let rule = self.fail.as_mut().filter(|rule| has(body, &rule.text))?;
        let status = rule.status;
        rule.next = rule.next.map(|next| next.saturating_sub(1));
        if rule.next == Some(0) {
            self.fail = None;
        }
        Some(status)
    }
}

#[derive(Debug)]
struct ConsoleEntry {
    call: LiveCall,
    started: Instant,
    texts: LiveTexts,
    held: Option<oneshot::Sender<HeldAnswer>>,
}

impl Default for ServeConsole {
    fn default() -> Self {
        let (revision, _) = watch::channel(0);
        Self { calls: Mutex::default(), revision, began: Instant::now(), watched: AtomicU64::new(0) }
    }
}

impl ServeConsole {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.revision.send_modify(|revision| *revision += 1);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn is_watched(&self) -> bool {
        self.now() < self.watched.load(Ordering::Relaxed)
    }

    /// Takes a call up; none while nobody watches.
    pub(crate) fn begin(self: &Arc<Self>, route: &str, path: &str, body: &Bytes) -> Option<WatchedCall> {
        if !self.is_watched() {
            return None;
        }
        let (model, says) = summary(body);
        let mut calls = self.calls();
        calls.next += 1;
        let id = calls.next;
        let (request, cut) = beginning(body);
        let call = LiveCall {
            id,
            began: Timestamp::now(),
            path: path.to_owned(),
            route: route.to_owned(),
            model,
            target: None,
            state: LiveState::Running,
            status: None,
            took: 0,
            run: None,
            cost: None,
            cached: false,
            attempts: 0,
            outcome: None,
            says,
        };
        let texts = LiveTexts { request, response: String::new(), cut };
        calls.all.push_back(ConsoleEntry { call, started: Instant::now(), texts, held: None });
        while calls.all.len() > MOST {
            let over = calls.all.iter().position(|entry| entry.call.state == LiveState::Over).unwrap_or(0);
            calls.all.remove(over);
        }
        drop(calls);
        self.changed();
        Some(WatchedCall { console: Arc::clone(self), id })
    }

    fn with(&self, id: u64, act: impl FnOnce(&mut ConsoleEntry)) {
        let mut calls = self.calls();
        if let Some(entry) = calls.all.iter_mut().find(|entry| entry.call.id == id) {
            act(entry);
        }
        drop(calls);
        self.changed();
    }

    /// Lists the calls, at once or when something has changed since a revision.
    pub(crate) async fn list(&self, uri: &Uri) -> LiveTraffic {
        let until = self.now().saturating_add(u64::try_from(WATCHED.as_millis()).unwrap_or_default());
        self.watched.store(until, Ordering::Relaxed);
        let after = uri.query().and_then(|query| query.strip_prefix("after=")).and_then(|after| after.parse().ok());
        if let Some(after) = after {
            let mut changes = self.revision.subscribe();
            let _none = timeout(NEWS, changes.wait_for(|revision| *revision > after)).await;
        }
        let revision = *self.revision.borrow();
        let calls = self.calls();
        let all = calls.all.iter().map(|entry| {
            let took = u64::try_from(entry.started.elapsed().as_millis()).unwrap_or_default();
            let took = if entry.call.state == LiveState::Over { entry.call.took } else { took };
            LiveCall { took, ..entry.call.clone() }
        });
        LiveTraffic { revision, hold: calls.hold.clone(), fail: calls.fail.clone(), calls: all.collect() }
    }

    /// Returns what a call asked and was answered.
    pub(crate) fn texts(&self, id: u64) -> Option<LiveTexts> {
        self.calls().all.iter().find(|entry| entry.call.id == id).map(|entry| entry.texts.clone())
    }

    /// Holds calls from now on whose body has a text, or none. What is held is let go where none are any more.
    pub(crate) fn hold(&self, text: Option<String>) {
        let mut calls = self.calls();
        calls.hold = text.filter(|text| !text.is_empty());
        if calls.hold.is_none() {
            for held in calls.all.iter_mut().filter_map(|entry| entry.held.take()) {
                let _gone = held.send(HeldAnswer::Go);
            }
        }
        drop(calls);
        self.changed();
    }

    /// Has calls fail from now on by a rule, or none. Fails where its status is none of a failure.
    pub(crate) fn fail(&self, rule: Option<FailRule>) -> Result<(), ServeRefusal> {
        if rule.as_ref().is_some_and(|rule| !FailRule::is_failure(rule.status)) {
            return Err(no_failure());
        }
        self.calls().fail = rule.filter(|rule| rule.next != Some(0));
        self.changed();
        Ok(())
    }

    /// Says what becomes of a call that is held. Fails where it is not.
    pub(crate) fn answer(&self, id: u64, answer: HeldAnswer) -> Result<(), ServeRefusal> {
        if let HeldAnswer::Fail { status } = &answer
            && !FailRule::is_failure(*status)
        {
            return Err(no_failure());
        }
        let mut calls = self.calls();
        let held = calls.all.iter_mut().find(|entry| entry.call.id == id).and_then(|entry| entry.held.take());
        drop(calls);
        let sent = held.is_some_and(|held| held.send(answer).is_ok());
        if sent { Ok(()) } else { Err(ServeRefusal::new(409, "this call is not held")) }
    }
}

/// A call that somebody sees, by its number.
#[derive(Debug, Clone)]
pub(crate) struct WatchedCall {
    console: Arc<ServeConsole>,
    id: u64,
}

impl WatchedCall {
    /// Waits until the call may go on, if it is held; returns the body that goes on. Fails where it is to fail.
    pub(crate) async fn admitted(&self, body: Bytes) -> Result<Bytes, ServeRefusal> {
        let fails = self.console.calls().fails(&body);
        if let Some(status) = fails {
            self.console.changed();
            return Err(failed_on_purpose(status));
        }
        let waits = {
            let mut calls = self.console.calls();
            let matches = calls.hold.as_ref().is_some_and(|text| has(&body, text));
            let entry = calls.all.iter_mut().find(|entry| entry.call.id == self.id);
            entry.filter(|_| matches).map(|entry| {
                let (sender, receiver) = oneshot::channel();
                (entry.held, entry.call.state) = (Some(sender), LiveState::Held);
                receiver
            })
        };
        let Some(mut waits) = waits else { return Ok(body) };
        self.console.changed();
        let answer = loop {
            match timeout(WATCHED / 4, &mut waits).await {
                Ok(answer) => break answer.unwrap_or(HeldAnswer::Go),
                Err(_elapsed) if self.console.is_watched() => {}
                // Whoever held it is gone.
                Err(_elapsed) => break HeldAnswer::Go,
            }
        };
        self.console.with(self.id, |entry| {
            entry.call.state = LiveState::Running;
            entry.held = None;
            if let HeldAnswer::Edited { body } = &answer {
                (entry.texts.request, entry.texts.cut) = beginning(body.as_bytes());
            }
        });
        match answer {
            HeldAnswer::Go => Ok(body),
            HeldAnswer::Edited { body } => Ok(body.into()),
            HeldAnswer::Fail { status } => Err(failed_on_purpose(status)),
        }
    }

    /// Takes a piece of the answer.
    pub(crate) fn answered(&self, piece: &[u8]) {
        self.console.with(self.id, |entry| {
            let room = KEPT.saturating_sub(entry.texts.response.len());
            let (text, cut) = beginning(piece.get(..room).unwrap_or(piece));
            entry.texts.response.push_str(&text);
            entry.texts.cut |= cut || piece.len() > room;
        });
    }

    /// Takes what is known of it once it is over.
    pub(crate) fn over(&self, report: &CallReport) {
        self.console.with(self.id, |entry| {
            let call = &mut entry.call;
            (call.state, call.status) = (LiveState::Over, Some(report.status));
            call.took = u64::try_from(report.took.as_millis()).unwrap_or_default();
            (call.run, call.cost, call.cached) = (report.run, report.cost, report.cached);
            (call.attempts, call.outcome) = (report.attempts, report.outcome.map(str::to_owned));
            call.target.clone_from(&report.target);
            entry.held = None;
        });
    }
}

fn no_failure() -> ServeRefusal {
    ServeRefusal::new(400, "a call fails with a status from 400 to 599")
}

fn failed_on_purpose(status: u16) -> ServeRefusal {
    let words = "it was made to fail at the traffic screen";
    ServeRefusal { tried: false, code: Some("failed_on_purpose"), ..ServeRefusal::new(status, words) }
}

/// Reads the model and the beginning of the last text of a body, as far as it is one.
fn summary(body: &[u8]) -> (Option<String>, String) {
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return (None, String::new()) };
    let model = value.get("model").and_then(Value::as_str).map(|model| model.chars().take(128).collect());
    let last = value.get("messages").or_else(|| value.get("input"));
    let text = last.map(last_text).unwrap_or_default();
    (model, text.chars().take(SAID).collect())
}

fn last_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().rev().map(last_text).find(|text| !text.is_empty()).unwrap_or_default(),
        Value::Object(fields) => {
            fields.get("content").or_else(|| fields.get("text")).map(last_text).unwrap_or_default()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// Returns the beginning of a text, as long as one is held, and whether there are more.
fn beginning(bytes: &[u8]) -> (String, bool) {
    let some = bytes.get(..KEPT).unwrap_or(bytes);
    (String::from_utf8_lossy(some).into_owned(), some.len() < bytes.len())
}

/// Tells whether bytes have a text, whatever the case of its letters.
fn has(bytes: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(bytes).to_lowercase().contains(&text.to_lowercase())
}
