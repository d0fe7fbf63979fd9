//! The one pipeline: every request of the workbench, the command line and the batch goes through
//! [`Pipeline::run`].

pub mod batch;
pub mod compared_runs;
pub mod event;
pub mod key_pool;
pub mod meter;
pub mod pace;
pub mod ports;

pub(crate) mod cache_key;
pub(crate) mod event_sink;
pub(crate) mod intake;
pub(crate) mod prepare;
pub(crate) mod quirks;
pub(crate) mod rate_limiter;
pub(crate) mod response_accumulator;
pub(crate) mod retry_policy;
pub(crate) mod run;
pub(crate) mod spending;
pub(crate) mod throttle;
pub(crate) mod timeouts;

use std::{collections::BTreeMap, sync::Arc};

use futures_util::{Stream, StreamExt};

use crate::{
    model::{
        CallError, Key, MediaKind, Outcome, RunRequest,
        quirk::KnownQuirks,
        settings::{AccountLimits, IntakeLimits, Retry, Timeouts},
    },
    pipeline::{
        batch::comparisons::ComparedCell,
        compared_runs::ComparedRun,
        intake::AllAnswers,
        key_pool::KeyPool,
        ports::{Cache, KeyMemory, PartReader, ProgramRunner, QuirkMemory, Recorder, ToolRunner, World},
        rate_limiter::RateLimiter,
        run::{RunScope, cache_lookup::Flights, finish},
        spending::{Purse, Usages},
    },
    provider::{Backend, Forward},
};
pub use crate::{
    pipeline::{
        batch::{BatchAnswers, BatchControl, BatchEnd, BatchEvent, BatchPlan, BatchStream, KnownCells},
        event::{RunEvent, TimedEvent},
        event_sink::{RunControl, RunStream},
        key_pool::{KeyState, Readiness},
        prepare::{RequestPreview, plain_request, preview_of, sent_params, sent_request},
        rate_limiter::AccountState,
        run::unsent::UnsentCall,
    },
    provider::PlainRequest,
};

/// What the pipeline works with.
#[derive(Clone)]
pub struct Ports {
    /// Answers calls.
    pub backend: Arc<dyn Backend>,
    /// Keeps answers.
    pub cache: Arc<dyn Cache>,
    /// Keeps the record of runs.
    pub recorder: Arc<dyn Recorder>,
    /// Remembers keys.
    pub keys: Arc<dyn KeyMemory>,
    /// Remembers what models do not take.
    pub quirks: Arc<dyn QuirkMemory>,
    /// Answers calls of tools.
    pub tools: Arc<dyn ToolRunner>,
    /// Reads the files of parts.
    pub parts: Arc<dyn PartReader>,
    /// Runs the programs that judge.
    pub programs: Arc<dyn ProgramRunner>,
    /// Time of day and chance.
    pub world: Arc<dyn World>,
}

/// What the pipeline goes by.
#[derive(Debug, Clone, Default)]
pub struct PipelineConfig {
    /// When to try again.
    pub retry: Retry,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// How much of a provider each account may use at once and in a minute.
    pub limits: BTreeMap<String, AccountLimits>,
    /// Keys that are at hand from the beginning, by provider, in the user's order; see [`Pipeline::add_keys`].
    pub keys: BTreeMap<String, Vec<Key>>,
    /// How much of answers is taken in.
    pub intake: IntakeLimits,
    /// Whether the cache is used at all.
    pub cache: bool,
    /// Names of models that take a kind of part, the likeliest first.
    pub takers: BTreeMap<MediaKind, Vec<String>>,
    /// Whether a retired model is asked all the same.
    pub allow_retired: bool,
}

/// The engine. Clones share keys, cache and runs under way.
#[derive(Clone)]
pub struct Pipeline {
    shared: Arc<PipelineState>,
}

/// What all runs of a pipeline share.
pub(crate) struct PipelineState {
    ports: Ports,
    rules: PipelineConfig,
    pool: KeyPool,
    flights: Flights,
    quirks: quirks::ModelQuirks,
    gate: RateLimiter,
    usages: Usages,
    answers: AllAnswers,
    compiled: finish::CompiledChecks,
}

impl Pipeline {
    #[must_use]
    pub fn new(ports: Ports, mut rules: PipelineConfig) -> Self {
        let pool = KeyPool::new(std::mem::take(&mut rules.keys));
        let (flights, quirks) = (Flights::default(), quirks::ModelQuirks::default());
        let gate = RateLimiter::new(std::mem::take(&mut rules.limits));
        Self {
            shared: Arc::new(PipelineState {
                ports,
                rules,
                pool,
                flights,
                quirks,
                gate,
                usages: Usages::default(),
                answers: AllAnswers::default(),
                compiled: finish::CompiledChecks::default(),
            }),
        }
    }

    /// Runs a request. Nothing happens before the stream is polled; dropping it cancels the run
    /// and closes its connection. The last item, and only the last, is [`RunEvent::Ended`].
    #[must_use]
    pub fn run(&self, request: RunRequest) -> RunStream {
        RunStream::new(|line| run::drive(Arc::clone(&self.shared), request, RunScope::default(), line))
    }

    /// Runs a request whose answer is compared with those of the runs that [`compare_runs`] has it wait for, if there are any.
    ///
    /// [`compare_runs`]: crate::pipeline::compared_runs::compare_runs
    #[must_use]
    pub fn run_compared(&self, request: RunRequest, beside: Option<ComparedRun>) -> RunStream {
        let compared = beside.as_ref().map(|beside| beside.cell.clone());
        let (shared, scope) = (Arc::clone(&self.shared), RunScope { compared, ..RunScope::default() });
        RunStream::new(|line| async move {
            let last = run::drive(shared, request, scope, line).await;
            // The others need not wait any more.
            drop(beside);
            last
        })
    }

    /// Runs a request whose bytes are a program's own: they go to each target that speaks their wire, and those of the
    /// answer come back where the [`Forward`] was made, before the events that are read of them. A target of another
    /// wire is sent what the request says, or passed over where it cannot be.
    #[must_use]
    pub fn forward(&self, request: RunRequest, forward: Arc<Forward>) -> RunStream {
        let scope = RunScope { forward: Some(forward), ..RunScope::default() };
        RunStream::new(|line| run::drive(Arc::clone(&self.shared), request, scope, line))
    }

    /// Runs a request of a batch: within what the batch may use, by the answers that are at hand, beside the other cells of
    /// its row.
    fn run_within(
        &self,
        request: RunRequest,
        purse: Purse,
        (answers, compared): (Option<BatchAnswers>, Option<ComparedCell>),
    ) -> RunStream {
        let scope = RunScope { purse: Some(purse), answers, compared, forward: None };
        RunStream::new(|line| run::drive(Arc::clone(&self.shared), request, scope, line))
    }

    /// Prepares the first call that a run would make, and makes none: the call, with the notices of its request; none
    /// where the answer is in the cache. The error that would keep the run from asking, if there is one.
    pub async fn unsent(&self, request: RunRequest) -> Result<Option<UnsentCall>, CallError> {
        run::unsent::prepared(&self.shared, request).await
    }

    /// Runs many requests, at most `concurrency` at a time, and yields how each ended with its
    /// place, in the order they came. A failure stops no other; dropping the stream cancels all.
    pub fn many(
        &self,
        requests: impl Stream<Item = RunRequest> + Send,
        concurrency: usize,
    ) -> impl Stream<Item = (usize, Outcome)> + Send {
        many(self.clone(), requests, concurrency)
    }

    /// Returns what is known of models, once what other runs of the program have learnt is read.
    pub async fn read_quirks(&self) -> KnownQuirks {
        let ports = &self.shared.ports;
        self.shared.quirks.read(ports.quirks.as_ref(), ports.world.timestamp()).await;
        self.quirks()
    }

    /// Returns what is known of models, as far as this run of the program has read or learnt it.
    #[must_use]
    pub fn quirks(&self) -> KnownQuirks {
        self.shared.quirks.all()
    }

    /// Lists every account that has a key or was called, with its limits and what it uses of them.
    #[must_use]
    pub fn accounts(&self) -> Vec<AccountState> {
        self.shared.gate.states(&self.shared.pool.accounts(), self.shared.ports.world.timestamp())
    }

    /// Changes how many calls each account of a provider may have under way, from the next call
    /// on; `None` is any number, and zero is one.
    pub fn set_concurrency(&self, provider: &str, most: Option<usize>) {
        self.shared.gate.set_concurrency(provider, most);
    }

    /// Takes the keys of a provider, in the user's order, and why others that are named cannot be had. Where none
    /// can though some are named, no request goes to it.
    pub fn add_keys(&self, provider: &str, keys: Vec<Key>, unreadable: Vec<String>) {
        self.shared.pool.add(provider, keys, unreadable);
    }

    /// Sends nothing to a provider, for these reasons in words: something beside its keys is missing that its requests
    /// need.
    pub fn refuse(&self, provider: &str, why: Vec<String>) {
        self.shared.pool.refuse(provider, why);
    }

    /// Returns the key of a provider that has this label; the one that is ready first where none is named.
    #[must_use]
    pub fn key(&self, provider: &str, label: Option<&str>) -> Option<Key> {
        self.shared.pool.key(provider, label)
    }

    /// Lists every key that was read, with its state, by provider.
    #[must_use]
    pub fn keys(&self) -> Vec<KeyState> {
        self.shared.pool.states(self.shared.ports.world.timestamp())
    }
}

/// Runs each request to its end, `concurrency` of them at a time.
pub(crate) fn many(
    pipeline: Pipeline,
    requests: impl Stream<Item = RunRequest> + Send,
    concurrency: usize,
) -> impl Stream<Item = (usize, Outcome)> + Send {
    requests
        .enumerate()
        .map(move |(place, request)| {
            let mut timed = pipeline.run(request);
            async move {
                while let Some(timed) = timed.next().await {
                    if let RunEvent::Ended { outcome } = timed.event {
                        return Some((place, *outcome));
                    }
                }
                None
            }
        })
        .buffered(concurrency.max(1))
        .filter_map(std::future::ready)
}
