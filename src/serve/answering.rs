//! An answer on its way to a program: the provider's own bytes where its wire is the program's, else events written from
//! what the run tells.
//!
//! Nothing is sent before the first piece of an answer has come, so that everything before can be tried again; from then on
//! nothing is. Whoever reads slowly is sent nothing faster, and the provider is read no faster than that. Dropping it stops
//! the run and closes the provider's connection.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, timeout_at},
};

use crate::{
    model::{ErrorKind, Outcome, Quality, RunEnd, RunStatus, Wire},
    pipeline::{
        RunEvent, RunStream,
        event::{DeltaPart, Lookup},
    },
    provider::{forward::ForwardEvent, headers::Headers},
    serve::{
        answer,
        answer::{AnswerHead, AnswerWriter},
        frames::CountsFilter,
        ledger::CallLedger,
        refusal::ServeRefusal,
    },
};

/// How long a program that waits for a stream hears nothing, before it is told that it is waited for.
pub(crate) const SILENCE: Duration = Duration::from_secs(15);

/// The headers of a provider's response that a program sees, but for those of its limits.
const PASSED: &[&str] = &["content-type", "x-request-id", "request-id", "retry-after", "retry-after-ms"];

/// What a response begins with.
#[derive(Debug)]
pub(crate) struct AnswerStart {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The whole body; none where it follows in pieces.
    pub(crate) body: Option<Bytes>,
}

/// The bytes of a response.
#[derive(Debug)]
struct Raw {
    status: u16,
    headers: Headers,
    added_counts: bool,
    held: Vec<Bytes>,
}

impl Raw {
    fn passed(&self) -> Vec<(String, String)> {
        passed(&self.headers)
    }
}

/// Lists the headers of a provider's response that a program sees.
pub(crate) fn passed(headers: &Headers) -> Vec<(String, String)> {
    let passed = |name: &str| PASSED.contains(&name) || name.contains("ratelimit");
    let pairs = headers.iter().filter(|(name, _)| passed(name));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// What is sent, once it is decided.
enum Sending {
    /// Nothing yet.
    Nothing,
    /// The provider's bytes.
    Raw(Option<CountsFilter>),
    Written(Box<dyn AnswerWriter>),
    /// All has been sent.
    Over,
}

/// An answer under way.
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Answering {
    run: RunStream,
    tap: Option<Receiver<ForwardEvent>>,
    wire: Wire,
    head: AnswerHead,
    streams: bool,
    /// Whether an answer that fails a check is withheld, and so everything until it is checked.
    enforces: bool,
    sending: Sending,
    /// Whether the response has begun, be it with signs of life alone.
    begun: bool,
    /// The attempt under way.
    attempt: u32,
    raw: Option<Raw>,
    /// The answers of earlier attempts that may be taken in the end.
    aside: BTreeMap<u32, Raw>,
    /// What is written and not sent yet.
    ready: Vec<Bytes>,
    /// The next sign of life.
    sign: Instant,
    cache: &'static str,
    started: Instant,
    /// What retort itself took before the provider was asked, and when the provider's last bytes came.
    before: Duration,
    answered: Option<Instant>,
    /// Whether the key is the program's own: then it may know what is wrong with it.
    own_key: bool,
    ledger: CallLedger,
}

/// What an [`Answering`] is made of.
pub(crate) struct AnsweringParts {
    pub(crate) run: RunStream,
    pub(crate) tap: Option<Receiver<ForwardEvent>>,
    pub(crate) wire: Wire,
    pub(crate) head: AnswerHead,
    pub(crate) streams: bool,
    pub(crate) enforces: bool,
    pub(crate) started: Instant,
    pub(crate) own_key: bool,
    pub(crate) ledger: CallLedger,
}

/// What one step brought.
enum Step {
    More,
    Ended(Box<Outcome>),
    Gone,
}

impl Answering {
    pub(crate) fn new(parts: AnsweringParts) -> Self {
        let AnsweringParts { run, tap, wire, head, streams, enforces, started, own_key, ledger } = parts;
        Self {
            run,
            tap,
            wire,
            head,
            streams,
            enforces,
            sending: Sending::Nothing,
            begun: false,
            attempt: 0,
            raw: None,
            aside: BTreeMap::new(),
            ready: Vec::new(),
            sign: Instant::now() + SILENCE,
            cache: "off",
            started,
            before: Duration::ZERO,
            answered: None,
            own_key,
            ledger,
        }
    }

    /// Waits until it is decided what the response is.
    pub(crate) async fn start(&mut self) -> AnswerStart {
        loop {
            let step = if self.streams {
                match timeout_at(self.sign, self.step()).await {
                    Ok(step) => step,
                    Err(_elapsed) => {
                        self.alive();
                        return self.begin(200, Self::event_stream());
                    }
                }
            } else {
                self.step().await
            };
            match step {
                Step::More => {
                    if let Some(start) = self.committed() {
                        return start;
                    }
                }
                Step::Ended(outcome) => return self.conclude(&outcome),
                Step::Gone => return self.refuse(&ServeRefusal::new(500, "the run ended without an end")),
            }
        }
    }

    /// Returns more of the body; none at its end.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        loop {
            if !self.ready.is_empty() {
                let ready = std::mem::take(&mut self.ready);
                return Some(match <[Bytes; 1]>::try_from(ready) {
                    Ok([one]) => one,
                    Err(many) => many.concat().into(),
                });
            }
            let step = match &self.sending {
                Sending::Over => return None,
                Sending::Nothing => match timeout_at(self.sign, self.step()).await {
                    Ok(step) => step,
                    Err(_elapsed) => {
                        self.alive();
                        continue;
                    }
                },
                Sending::Raw(_) | Sending::Written(_) => self.step().await,
            };
            match step {
                Step::More => {}
                Step::Ended(outcome) => self.end_stream(&outcome),
                Step::Gone => self.sending = Sending::Over,
            }
        }
    }

    /// Waits for the next thing that happens, and takes it in.
    async fn step(&mut self) -> Step {
        let tapped = async {
            match &mut self.tap {
                Some(tap) => tap.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            piece = tapped => {
                match piece {
                    Some(piece) => self.tapped(piece),
                    None => self.tap = None,
                }
                Step::More
            }
            event = self.run.next() => match event {
                Some(timed) => self.apply(timed.event),
                None => Step::Gone,
            },
        }
    }

    /// Takes what the provider sent before it was read as what the run tells next.
    fn drain(&mut self) {
        while let Some(piece) = self.tap.as_mut().and_then(|tap| tap.try_recv().ok()) {
            self.tapped(piece);
        }
    }

    fn tapped(&mut self, piece: ForwardEvent) {
        if matches!(self.sending, Sending::Nothing) {
            self.answered = Some(Instant::now());
        }
        match piece {
            ForwardEvent::Began { status, headers, added_counts } => {
                if matches!(self.sending, Sending::Nothing) {
                    self.raw = Some(Raw { status, headers, added_counts, held: Vec::new() });
                }
            }
            ForwardEvent::Bytes(bytes) => match &mut self.sending {
                Sending::Raw(None) => self.ready.push(bytes),
                Sending::Raw(Some(filter)) => {
                    let bytes = filter.push(&bytes);
                    if !bytes.is_empty() {
                        self.ready.push(bytes);
                    }
                }
                Sending::Nothing => {
                    if let Some(raw) = &mut self.raw {
                        raw.held.push(bytes);
                    }
                }
                Sending::Written(_) | Sending::Over => {}
            },
        }
    }

    fn apply(&mut self, event: RunEvent) -> Step {
        self.ledger.record(&event);
        match event {
            RunEvent::Cache { lookup } => {
                self.cache = match lookup {
                    Lookup::Hit { .. } | Lookup::Joined => "hit",
                    Lookup::Miss => "miss",
                    Lookup::Bypass { .. } => "off",
                };
            }
            RunEvent::Attempt { number, .. } => {
                if number == 1 {
                    self.before = self.started.elapsed();
                }
                self.attempt = number;
                self.raw = None;
            }
            RunEvent::Delta { part, text, .. } => {
                self.drain();
                self.commit();
                if let Sending::Written(writer) = &mut self.sending {
                    let mut out = String::new();
                    match part {
                        DeltaPart::Text => writer.text(&text, &mut out),
                        DeltaPart::Reasoning => writer.reasoning(&text, &mut out),
                    }
                    if !out.is_empty() {
                        self.ready.push(out.into());
                    }
                }
            }
            RunEvent::CallDelta { .. } => {
                self.drain();
                if self.raw.is_some() {
                    self.commit();
                }
            }
            RunEvent::AttemptFailed { error, attempt, .. } => {
                self.drain();
                // The best of several answers of the wrong form may be taken in the end.
                if error.class == ErrorKind::BadOutput
                    && let Some(raw) = self.raw.take()
                {
                    self.aside.insert(attempt, raw);
                }
            }
            RunEvent::Ended { outcome } => {
                self.drain();
                self.head.run = outcome.run;
                return Step::Ended(outcome);
            }
            RunEvent::Prepared { run, .. } => self.head.run = run,
            RunEvent::Queued { .. }
            | RunEvent::Skipped { .. }
            | RunEvent::Headers { .. }
            | RunEvent::Called { .. }
            | RunEvent::Replied { .. }
            | RunEvent::NextTurn { .. }
            | RunEvent::Usage { .. }
            | RunEvent::Served { .. }
            | RunEvent::Notice { .. }
            | RunEvent::Judged { .. }
            | RunEvent::Checked { .. } => {}
        }
        Step::More
    }

    /// Decides what is sent of a stream, at the first piece of an answer.
    fn commit(&mut self) {
        if !self.streams || self.enforces || !matches!(self.sending, Sending::Nothing) {
            return;
        }
        self.send();
    }

    /// Sends what there is of the provider's bytes, or begins to write.
    fn send(&mut self) {
        if let Some(raw) = &mut self.raw {
            let mut filter = raw.added_counts.then(CountsFilter::default);
            for bytes in std::mem::take(&mut raw.held) {
                let bytes = filter.as_mut().map_or(bytes.clone(), |filter| filter.push(&bytes));
                if !bytes.is_empty() {
                    self.ready.push(bytes);
                }
            }
            self.sending = Sending::Raw(filter);
        } else {
            let mut writer = answer::writer(self.wire, self.head.clone());
            let mut out = String::new();
            writer.begin(&mut out);
            self.ready.push(out.into());
            self.sending = Sending::Written(writer);
        }
    }

    /// Begins the response of a stream, if it is decided by now what is sent.
    fn committed(&mut self) -> Option<AnswerStart> {
        match (&self.sending, &self.raw) {
            (Sending::Nothing | Sending::Over, _) => None,
            (Sending::Raw(_), Some(raw)) => Some(self.begin(raw.status, raw.passed())),
            (Sending::Raw(_) | Sending::Written(_), _) => Some(self.begin(200, Self::event_stream())),
        }
    }

    fn begin(&mut self, status: u16, headers: Vec<(String, String)>) -> AnswerStart {
        self.begun = true;
        self.ledger.answered(status);
        AnswerStart { status, headers: self.with_own(headers), body: None }
    }

    fn event_stream() -> Vec<(String, String)> {
        vec![("content-type".to_owned(), "text/event-stream; charset=utf-8".to_owned())]
    }

    /// Adds what retort says of the answer itself.
    fn with_own(&self, mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
        let overhead = match self.answered {
            Some(answered) if self.attempt > 0 => self.before + answered.elapsed(),
            Some(_) | None => self.started.elapsed(),
        };
        headers.push(("x-retort-run".to_owned(), self.head.run.to_string()));
        headers.push(("x-retort-cache".to_owned(), self.cache.to_owned()));
        headers.push(("x-retort-overhead-ms".to_owned(), format!("{:.1}", overhead.as_secs_f64() * 1000.0)));
        if self.streams {
            headers.push(("cache-control".to_owned(), "no-cache".to_owned()));
            headers.push(("x-accel-buffering".to_owned(), "no".to_owned()));
        }
        headers
    }

    /// Tells a program that it is waited for.
    fn alive(&mut self) {
        self.sign = Instant::now() + SILENCE;
        let ping = match self.wire {
            Wire::Anthropic => "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            Wire::OpenAi
            | Wire::Responses
            | Wire::Gemini
            | Wire::Ollama
            | Wire::Inference
            | Wire::Replicate
            | Wire::Command
            | Wire::Demo => ": ping\n\n",
        };
        self.ready.push(Bytes::from_static(ping.as_bytes()));
    }

    /// Chooses the provider's bytes that an outcome was read of.
    fn answering(&mut self, outcome: &Outcome) -> Option<Raw> {
        let answered = outcome.by_attempt.iter().find(|attempt| attempt.answered).map(|attempt| attempt.attempt);
        match answered {
            Some(number) if number != self.attempt => self.aside.remove(&number),
            _ => self.raw.take(),
        }
    }

    /// Says why an answer is withheld, if it is.
    fn withheld(&self, outcome: &Outcome) -> Option<ServeRefusal> {
        let status = outcome.status();
        let failed = matches!(status, RunStatus::Failed | RunStatus::Inconclusive);
        (self.enforces && failed).then(|| {
            let failures = outcome.quality.iter().flat_map(Quality::failures);
            let words: Vec<String> = failures.map(|verdict| format!("{}: {}", verdict.rule, verdict.reason)).collect();
            let words = if words.is_empty() { "a check could not run".to_owned() } else { words.join("; ") };
            ServeRefusal {
                code: Some("checks_failed"),
                run: Some(outcome.run),
                ..ServeRefusal::new(422, format!("the answer was withheld, as it does not pass its checks: {words}"))
            }
        })
    }

    /// Makes the whole response of a run that ended before anything of it was sent.
    fn conclude(&mut self, outcome: &Outcome) -> AnswerStart {
        if let Some(refusal) = self.withheld(outcome) {
            return self.refuse(&refusal);
        }
        if outcome.end == RunEnd::Done {
            self.raw = self.answering(outcome);
            if self.streams {
                self.end_stream(outcome);
                let (status, headers) = match &self.raw {
                    Some(raw) => (raw.status, raw.passed()),
                    None => (200, Self::event_stream()),
                };
                return self.begin(status, headers);
            }
            if let Some(raw) = self.raw.take() {
                return self.pass(&raw, true);
            }
            let body = answer::whole(self.wire, &self.head, outcome).to_string();
            let headers = self.with_own(vec![("content-type".to_owned(), "application/json".to_owned())]);
            self.ledger.answered(200);
            return AnswerStart { status: 200, headers, body: Some(body.into()) };
        }
        // What the provider itself said of it goes on: its refusal, or a whole answer that a filter cut.
        let whole = !self.streams
            && matches!(
                outcome.end.class(),
                Some(ErrorKind::ContentPolicy | ErrorKind::Truncated | ErrorKind::BadOutput)
            );
        // Where several were asked, each has its reason.
        let alone = matches!(&outcome.end, RunEnd::Failed { reasons } if reasons.len() == 1);
        let last = self.raw.take().filter(|raw| alone && (raw.status >= 400 || (raw.status == 200 && whole)));
        match last {
            // What is wrong with a key is nothing to a program that does not know it.
            Some(raw) if !raw.held.is_empty() && (self.own_key || !matches!(raw.status, 401 | 403)) => {
                let answered = raw.status == 200;
                self.pass(&raw, answered)
            }
            _ => self.refuse(&ServeRefusal::of_run(outcome.run, &outcome.end)),
        }
    }

    /// Passes a whole response on. One that says no is not to be asked for again: that was done here.
    fn pass(&mut self, raw: &Raw, answered: bool) -> AnswerStart {
        let mut headers = self.with_own(raw.passed());
        if !answered {
            headers.push(("x-should-retry".to_owned(), "false".to_owned()));
        }
        self.ledger.answered(raw.status);
        AnswerStart { status: raw.status, headers, body: Some(raw.held.concat().into()) }
    }

    fn refuse(&mut self, refusal: &ServeRefusal) -> AnswerStart {
        let mut headers = self.with_own(refusal_headers(refusal));
        headers.retain(|(name, _)| name != "x-accel-buffering");
        self.ledger.answered(refusal.status);
        AnswerStart { status: refusal.status, headers, body: Some(refusal.body(self.wire).to_string().into()) }
    }

    /// Ends a stream, of which nothing may have been sent yet.
    fn end_stream(&mut self, outcome: &Outcome) {
        let refusal = match (self.withheld(outcome), &outcome.end) {
            (Some(refusal), _) if matches!(self.sending, Sending::Nothing) => Some(refusal),
            (_, RunEnd::Done) => None,
            (_, end) => Some(ServeRefusal::of_run(outcome.run, end)),
        };
        if let Some(refusal) = refusal {
            if let Sending::Raw(Some(filter)) = &mut self.sending {
                self.ready.push(filter.finish());
            }
            self.ready.push(refusal.event(self.wire).into());
            self.ledger.broke_off(refusal.status);
            self.sending = Sending::Over;
            return;
        }
        if matches!(self.sending, Sending::Nothing) {
            if self.begun {
                self.raw = self.answering(outcome);
            }
            self.send();
            if let Sending::Written(writer) = &mut self.sending {
                let mut out = String::new();
                if !outcome.reasoning.is_empty() {
                    writer.reasoning(&outcome.reasoning, &mut out);
                }
                if !outcome.text.is_empty() {
                    writer.text(&outcome.text, &mut out);
                }
                self.ready.push(out.into());
            }
        }
        match std::mem::replace(&mut self.sending, Sending::Over) {
            Sending::Raw(Some(mut filter)) => self.ready.push(filter.finish()),
            Sending::Written(mut writer) => {
                let mut out = String::new();
                writer.end(outcome, &mut out);
                self.ready.push(out.into());
            }
            Sending::Raw(None) | Sending::Nothing | Sending::Over => {}
        }
        self.ready.retain(|bytes| !bytes.is_empty());
    }
}

/// Lists the headers of a refusal.
pub(crate) fn refusal_headers(refusal: &ServeRefusal) -> Vec<(String, String)> {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    if refusal.tried {
        headers.push(("x-should-retry".to_owned(), "false".to_owned()));
    }
    if let Some(wait) = refusal.retry_after {
        headers.push(("retry-after".to_owned(), wait.as_secs_f64().ceil().to_string()));
    }
    headers
}
