//! Runs told to a collector over OTLP/HTTP, where the settings name one: traces and metrics by the conventions for generative
//! AI. <https://opentelemetry.io/docs/specs/otlp/#otlphttp>
//!
//! A run is written when it ends and put into a queue of a thread of its own. A queue that is full loses it, which is counted and
//! told; no run waits, and the end waits for a moment alone.

mod measures;
mod protobuf;
mod span;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    engine::telemetry::{
        measures::{MeasuredRuns, RunMeasures},
        protobuf::ProtobufMessage,
        span::{AttributeValue, ServerAddresses, attribute, nanoseconds},
    },
    model::{Provenance, error::StoreError, settings::TelemetrySettings},
    pipeline::ports::RunRecord,
    provider::http::{Http, Outgoing},
    store::observer::RunObserver,
};

/// Runs that wait to be sent, at most.
const WAITING: usize = 2048;

/// The longest a run may be, in bytes, as it is sent.
const LONGEST: usize = 1024 * 1024;

/// Runs that are sent together, and bytes of them, at most.
const TOGETHER: (usize, usize) = (256, 4 * 1024 * 1024);

/// How long a run may wait for others to be sent with.
const GATHER: Duration = Duration::from_secs(1);

/// How long connecting to the collector, and its answer, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often it is tried to send the same, and the first wait between two tries.
const TRIES: (u32, Duration) = (3, Duration::from_millis(300));

/// How long the end waits for what is still to be sent.
const ENDING: Duration = Duration::from_secs(3);

/// A run on its way.
#[derive(Debug)]
struct QueuedRun {
    /// Its span, and those of its attempts.
    spans: Vec<ProtobufMessage>,
    measures: Option<RunMeasures>,
}

/// What is shared with the thread that sends.
#[derive(Debug, Default)]
struct Losses {
    /// Runs that were lost.
    lost: AtomicU64,
    /// Why the collector did not take the last ones.
    why: Mutex<Option<String>>,
}

impl Losses {
    fn lose(&self, runs: u64, why: String) {
        self.lost.fetch_add(runs, Ordering::Relaxed);
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = Some(why);
    }

    /// Says what was lost; none where nothing was.
    fn to_error(&self, endpoint: &str) -> Option<StoreError> {
        let lost = self.lost.load(Ordering::Relaxed);
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
        let runs = if lost == 1 { "1 run was".to_owned() } else { format!("{lost} runs were") };
        (lost > 0).then(|| StoreError::new(format!("{runs} not told to the collector at {endpoint}: {why}")))
    }
}

/// Tells runs to a collector.
#[derive(Debug)]
pub struct Telemetry {
    settings: TelemetrySettings,
    queue: Mutex<Option<SyncSender<QueuedRun>>>,
    done: Mutex<Option<Receiver<()>>>,
    losses: Arc<Losses>,
    addresses: ServerAddresses,
}

impl Telemetry {
    /// Starts the thread that sends; none where the settings name no collector. `headers` have their secrets filled in;
    /// `providers` are named with their base URLs.
    #[must_use]
    pub fn start<'a>(
        settings: &TelemetrySettings,
        headers: Vec<(String, String)>,
        providers: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Option<Arc<Self>> {
        let endpoint = settings.endpoint.clone()?;
        let (queue, runs) = sync_channel(WAITING);
        let (tell, done) = sync_channel(1);
        let losses = Arc::new(Losses::default());
        let sender = OtlpSender { endpoint, service: settings.service.clone(), headers, losses: Arc::clone(&losses) };
        thread::Builder::new()
            .name("retort-otlp".to_owned())
            .spawn(move || {
                sender.run(&runs);
                let _ = tell.send(());
            })
            .ok()?;
        let (queue, done) = (Mutex::new(Some(queue)), Mutex::new(Some(done)));
        let addresses = ServerAddresses::of(providers);
        Some(Arc::new(Self { settings: settings.clone(), queue, done, losses, addresses }))
    }

    fn endpoint(&self) -> &str {
        self.settings.endpoint.as_deref().unwrap_or_default()
    }
}

impl RunObserver for Telemetry {
    fn ended(&self, record: &RunRecord) -> Result<(), StoreError> {
        if matches!(record.outcome.provenance, Provenance::Imported { .. }) || record.outcome.demo {
            return Ok(());
        }
        let spans = span::spans(record, self.settings.content, &self.addresses);
        let is_long = spans.iter().map(ProtobufMessage::len).sum::<usize>() > LONGEST;
        let spans = if is_long { span::spans(record, false, &self.addresses) } else { spans };
        let run = QueuedRun { spans, measures: RunMeasures::of(record) };
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.as_ref().is_some_and(|queue| queue.try_send(run).is_err()) {
            self.losses.lose(1, "it does not take them as fast as they come".to_owned());
        }
        drop(queue);
        self.losses.to_error(self.endpoint()).map_or(Ok(()), Err)
    }

    fn lost(&self) -> u64 {
        self.losses.lost.load(Ordering::Relaxed)
    }

    fn close(&self, limit: Duration) -> Result<(), StoreError> {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        let done = self.done.lock().unwrap_or_else(PoisonError::into_inner).take();
        if done.is_some_and(|done| done.recv_timeout(limit.min(ENDING)) == Err(RecvTimeoutError::Timeout)) {
            let why = "it did not answer in time at the end".to_owned();
            return Err(StoreError::new(format!(
                "the last runs were not told to the collector at {}: {why}",
                self.endpoint()
            )));
        }
        self.losses.to_error(self.endpoint()).map_or(Ok(()), Err)
    }
}

/// The thread that sends.
struct OtlpSender {
    endpoint: String,
    service: String,
    headers: Vec<(String, String)>,
    losses: Arc<Losses>,
}

impl OtlpSender {
    fn run(&self, runs: &Receiver<QueuedRun>) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else {
            return self.losses.lose(1, "the thread that sends could not be started".to_owned());
        };
        let (http, began, mut measured) = (Http::default(), nanoseconds(Timestamp::now()), MeasuredRuns::default());
        let mut more = true;
        while more {
            let (gathered, goes_on) = gather(runs);
            more = goes_on;
            if gathered.is_empty() {
                continue;
            }
            let count = gathered.len() as u64;
            for measures in gathered.iter().filter_map(|run| run.measures.as_ref()) {
                measured.add(measures);
            }
            let spans = gathered.into_iter().flat_map(|run| run.spans);
            if let Err(why) = runtime.block_on(self.send(&http, "/v1/traces", &self.traces(spans))) {
                self.losses.lose(count, why);
                continue;
            }
            // Each report has all from the beginning: one that is lost is made up for by the next. A backend of traces alone
            // takes none.
            if !measured.is_empty() {
                let metrics = measured.metrics(began, nanoseconds(Timestamp::now()));
                if let Err(why) = runtime.block_on(self.send(&http, "/v1/metrics", &self.metrics(&metrics))) {
                    tracing::debug!(%why, "the collector took no metrics");
                }
            }
        }
    }

    /// Describes this program.
    fn resource(&self) -> ProtobufMessage {
        let text = |text: &str| AttributeValue::Text(text.to_owned());
        ProtobufMessage::default()
            .message(1, &attribute("service.name", &text(&self.service)))
            .message(1, &attribute("service.version", &text(env!("CARGO_PKG_VERSION"))))
            // What Phoenix calls the project.
            .message(1, &attribute("openinference.project.name", &text(&self.service)))
    }

    fn scope() -> ProtobufMessage {
        ProtobufMessage::default().bytes(1, "retort").bytes(2, env!("CARGO_PKG_VERSION"))
    }

    fn wrapped(&self, of_scope: &ProtobufMessage) -> Vec<u8> {
        let of_resource = ProtobufMessage::default().message(1, &self.resource()).message(2, of_scope);
        ProtobufMessage::default().message(1, &of_resource).into_bytes()
    }

    fn traces(&self, spans: impl Iterator<Item = ProtobufMessage>) -> Vec<u8> {
        self.wrapped(
            &spans.fold(ProtobufMessage::default().message(1, &Self::scope()), |all, span| all.message(2, &span)),
        )
    }

    fn metrics(&self, metrics: &[ProtobufMessage]) -> Vec<u8> {
        let of_scope = ProtobufMessage::default().message(1, &Self::scope());
        self.wrapped(&metrics.iter().fold(of_scope, |all, metric| all.message(2, metric)))
    }

    /// Posts a message, and again where the collector says that it may take it later.
    async fn send(&self, http: &Http, path: &str, body: &[u8]) -> Result<(), String> {
        let (tries, mut wait) = TRIES;
        let mut last = String::new();
        for attempt in 0..tries {
            if attempt > 0 {
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            let posted = tokio::time::timeout(PATIENCE, self.post(http, path, body)).await;
            match posted.unwrap_or_else(|_elapsed| Err("it does not answer in time".to_owned())) {
                Ok(200..=299) => return Ok(()),
                Ok(status) => {
                    last = format!("it answers {status}");
                    if !matches!(status, 429 | 502 | 503 | 504) {
                        return Err(last);
                    }
                }
                Err(why) => last = why,
            }
        }
        Err(last)
    }

    async fn post(&self, http: &Http, path: &str, body: &[u8]) -> Result<u16, String> {
        let mut outgoing = Outgoing::plain(format!("{}{path}", self.endpoint.trim_end_matches('/')), PATIENCE);
        outgoing.body = Some(body.to_vec());
        outgoing.headers = vec![("content-type".to_owned(), "application/x-protobuf".to_owned())];
        // Whatever they are, nothing shows them.
        outgoing.secrets = self.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
        outgoing.allow_http = true;
        Ok(http.send(outgoing).await.map_err(|error| error.message)?.status)
    }
}

/// Waits for runs, and for those that follow within a moment. The second tells whether there may be more.
fn gather(runs: &Receiver<QueuedRun>) -> (Vec<QueuedRun>, bool) {
    let Ok(first) = runs.recv() else { return (Vec::new(), false) };
    let length = |run: &QueuedRun| run.spans.iter().map(ProtobufMessage::len).sum::<usize>();
    let (mut bytes, until) = (length(&first), Instant::now() + GATHER);
    let mut all = vec![first];
    while all.len() < TOGETHER.0 && bytes < TOGETHER.1 {
        match runs.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(next) => {
                bytes += length(&next);
                all.push(next);
            }
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return (all, false),
        }
    }
    (all, true)
}
