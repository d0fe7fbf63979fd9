//! What both shells start from: environment, paths and settings, the clock and the random source, and the pipeline wired
//! from them.

pub mod ablate;
pub mod baselines;
pub mod batch;
pub mod bisect;
pub mod check_programs;
pub mod detect;
pub mod drift;
pub mod environment;
pub mod experiment;
pub mod improve;
pub mod keys;
pub mod model_lists;
pub(crate) mod recorded;
pub mod replay;
pub mod row_proposals;
pub mod rows_of_runs;
pub mod telemetry;
pub mod tool_programs;
pub mod traffic;

use std::{
    collections::{BTreeMap, BTreeSet, hash_map::RandomState},
    hash::{BuildHasher as _, Hasher as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use jiff::Timestamp;
use uuid::Uuid;

pub use crate::engine::environment::Environment;
use crate::{
    config,
    config::{paths, price_list},
    engine::{
        check_programs::CheckPrograms,
        environment::Child,
        keys::{KeyReader, NamedKeys},
        recorded::RecordedProviders,
        telemetry::Telemetry,
        tool_programs::{PersonalResults, ToolPrograms},
    },
    model::{
        Catalog, RunId, Settings, Target, Transport, error::StoreError, model_list::successor_on, settings::Places,
    },
    pipeline::{Pipeline, PipelineConfig, Ports, ports::World},
    provider::{Providers, ProxyVariables},
    store::{Store, key_memory::KeyFile, observer::RunObserver, part_files::PartFiles, quirk_memory::QuirkFile},
};

/// All that is known before a database, a key or the network is touched.
#[derive(Debug, Clone)]
pub struct Workspace {
    pub environment: Environment,
    /// The directories.
    pub places: Places,
    pub settings: Settings,
    /// Every model that can be named.
    pub catalog: Catalog,
    /// When this run began; its day is the one on which models are served or retired.
    pub started: Timestamp,
    /// That the default model is another one by now, in words; none where it is not, or the user named it.
    pub default_note: Option<String>,
    /// The environment variables that headers of this run are filled from, agreed to by the user.
    pub header_variables: BTreeSet<String>,
}

impl Workspace {
    /// Finds the places and reads the settings and the user's table of prices.
    pub fn read(environment: Environment, cwd: &Path, started: Timestamp) -> Result<Self, StoreError> {
        let value = |name: &str| environment.value(name);
        let places = paths::places(&value, cwd)?;
        let mut settings = config::load(&places, &value)?;
        let catalog = Catalog::new(price_list::cards(price_list::read(&places)?.as_ref()), &settings);
        let default_note = outlive(&mut settings, &catalog, &day(started));
        let header_variables = BTreeSet::new();
        Ok(Self { environment, places, settings, catalog, started, default_note, header_variables })
    }

    /// Returns the day of this run, `YYYY-MM-DD`, in UTC.
    #[must_use]
    pub fn today(&self) -> String {
        day(self.started)
    }

    /// Takes other settings for this run, and names the models that they have.
    pub fn settle(&mut self, settings: Settings) {
        self.catalog.configure(&settings);
        self.settings = settings;
    }

    /// Returns the log's path.
    #[must_use]
    pub fn log(places: &Places) -> PathBuf {
        places.state.join("retort.log")
    }

    /// Starts the store. Nothing is opened before it is needed.
    #[must_use]
    pub fn store(&self) -> Store {
        let telemetry = self.telemetry().map(|telemetry| telemetry as Arc<dyn RunObserver>);
        Store::open(self.places.clone(), self.settings.cache.capacity).observed(telemetry)
    }

    /// Begins to tell runs to the collector that the settings name, if they name one.
    fn telemetry(&self) -> Option<Arc<Telemetry>> {
        let settings = &self.settings.telemetry;
        let filled = |(name, value): &(String, String)| {
            let value = match value.strip_prefix("env:") {
                Some(variable) => self.environment.value(variable).unwrap_or_default(),
                None => value.clone(),
            };
            (name.clone(), value)
        };
        let providers = self.catalog.providers();
        let addressed = providers.filter_map(|(name, provider)| Some((name, provider.address()?)));
        Telemetry::start(settings, settings.headers.iter().map(filled).collect(), addressed)
    }

    /// Makes the providers. The HTTP client behind them is built when it is needed.
    #[must_use]
    pub fn providers(&self) -> Providers {
        let commands =
            self.settings.providers.iter().filter(|(_, provider)| provider.kind.info().transport == Transport::Process);
        let seen = |provider| self.environment.of(Child::Command(provider));
        let environments = commands.map(|(name, provider)| (name.clone(), seen(provider))).collect();
        let proxies = ProxyVariables::read(|name| self.environment.value_lossy(name));
        let own = self.settings.providers.iter().filter(|(_, provider)| !provider.transport.is_empty());
        Providers::new(environments, self.settings.demo_speed)
            .with_transports(proxies, own.map(|(name, _)| name.clone()))
    }
}

fn day(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d").to_string()
}

/// Has the default model's successor be the default once that one is shut down, unless the user named it; says so.
fn outlive(settings: &mut Settings, catalog: &Catalog, today: &str) -> Option<String> {
    if settings.default_is_set {
        return None;
    }
    let gone = catalog.resolve(&settings.default_model).ok()?;
    let next = successor_on(catalog, &gone, today)?.id.clone();
    let note = format!(
        "the default model {} was shut down on {}; {next} is asked in its place (`default_model` in config.toml sets another)",
        settings.default_model,
        gone.card.shutdown.as_deref().unwrap_or_default(),
    );
    settings.default_model = next;
    Some(note)
}

/// The pipeline, ready to run once it has the keys of what it is to ask.
pub struct Engine {
    pub pipeline: Pipeline,
    /// The providers behind it.
    pub providers: Providers,
    /// Where a person gives results of tools.
    pub people: PersonalResults,
    keys: KeyReader,
}

impl Engine {
    /// Wires the pipeline. No key is read yet.
    #[must_use]
    pub fn start(setup: &Workspace, store: &Store) -> Self {
        let providers = setup.providers();
        let settings = &setup.settings;
        let rules = PipelineConfig {
            retry: settings.retry,
            timeouts: settings.timeouts,
            limits: settings.providers.iter().map(|(name, provider)| (name.clone(), provider.limits)).collect(),
            keys: BTreeMap::new(),
            intake: settings.intake,
            cache: settings.cache.enabled,
            takers: setup.catalog.takers(&setup.settings.default_model),
            allow_retired: false,
        };
        let people = PersonalResults::default();
        let ports = Ports {
            backend: Arc::new(RecordedProviders::over(
                Arc::new(providers.clone()),
                setup.places.config.clone(),
                setup.environment.value("HOME"),
                settings.demo_speed,
            )),
            cache: store.cache(),
            recorder: store.recorder(),
            keys: Arc::new(KeyFile::of(&setup.places)),
            quirks: Arc::new(QuirkFile::of(&setup.places)),
            tools: Arc::new(ToolPrograms::new(setup.environment.of(Child::Tool(settings)), people.clone())),
            parts: Arc::new(PartFiles::of(&setup.places)),
            programs: Arc::new(CheckPrograms::new(&setup.places, setup.environment.of(Child::Tool(settings)))),
            world: Arc::new(Machine::default()),
        };
        Self { pipeline: Pipeline::new(ports, rules), providers, people, keys: KeyReader::new(setup) }
    }

    /// Reads the keys of the providers that these targets are at, each provider's once, before they are asked;
    /// returns what came of it by provider. Waits while commands that print keys run.
    pub async fn read_keys<'a>(&self, targets: impl IntoIterator<Item = &'a Target>) -> BTreeMap<String, NamedKeys> {
        self.keys.read(self, targets).await
    }
}

/// The machine's clock and randomness.
#[derive(Debug, Default)]
pub struct Machine {
    state: RandomState,
    count: AtomicU64,
}

impl World for Machine {
    fn timestamp(&self) -> Timestamp {
        Timestamp::now()
    }

    fn chance(&self) -> f64 {
        let mut hasher = self.state.build_hasher();
        hasher.write_u64(self.count.fetch_add(1, Ordering::Relaxed));
        // The upper 53 bits are all that a float from 0 to 1 can hold.
        (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn run_id(&self) -> RunId {
        RunId(Uuid::now_v7())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chance_spreads_and_ids_sort_by_time() {
        let world = Machine::default();
        let draws: Vec<f64> = (0..1000).map(|_| world.chance()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        let mean = draws.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
        let ids: Vec<RunId> = (0..100).map(|_| world.run_id()).collect();
        assert!(ids.is_sorted());
    }
}
