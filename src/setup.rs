//! What both shells start from: environment, places, settings, and the engine wired from them.

pub mod batch;
pub mod environment;
pub mod found;
pub mod keys;
pub mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    model::{Catalog, ProviderKind, Settings, Target, settings::Places},
    pipeline::{Pipeline, Ports, Rules},
    provider::{Backend, Call, Providers, WireStream, demo::Demo},
    store::{Store, cards, job::StoreFault, key_memory::KeyFile, places, settings},
};
use environment::Child;
pub use environment::Environment;
use keys::{KeyReader, NamedKeys};
use world::Machine;

/// All that is known before a database, a key or the network is touched.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The environment.
    pub environment: Environment,
    /// The directories.
    pub places: Places,
    /// The settings.
    pub settings: Settings,
    /// Every model that can be named.
    pub catalog: Catalog,
    /// The environment variables that headers of this run are filled from, agreed to by the user.
    pub header_variables: BTreeSet<String>,
}

impl Setup {
    /// Finds the places and reads the settings.
    pub fn read(environment: Environment, cwd: &Path) -> Result<Self, StoreFault> {
        let value = |name: &str| environment.value(name);
        let places = places::places(&value, cwd)?;
        let settings = settings::load(&places, &value)?;
        let catalog = Catalog::new(cards::cards(), &settings);
        Ok(Self { environment, places, settings, catalog, header_variables: BTreeSet::new() })
    }

    /// Takes other settings for this run, and names the models that they have.
    pub fn settle(&mut self, settings: Settings) {
        self.catalog = Catalog::new(cards::cards(), &settings);
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
        Store::open(self.places.clone(), self.settings.cache.capacity)
    }

    /// Makes the providers. The HTTP client behind them is built when it is needed.
    #[must_use]
    pub fn providers(&self) -> Providers {
        let commands = self.settings.providers.iter().filter(|(_, provider)| provider.kind == ProviderKind::Command);
        let seen = |provider| self.environment.of(Child::Command(provider));
        Providers::new(commands.map(|(name, provider)| (name.clone(), seen(provider))).collect())
    }

    /// Tells whether a target's provider asks for a key.
    #[must_use]
    pub fn needs_key(&self, target: &Target) -> bool {
        target.kind.needs_key() && !target.custom_endpoint
    }
}

/// The pipeline, ready to run once it has the keys of what it is to ask.
pub struct Engine {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The providers behind it.
    pub providers: Providers,
    keys: KeyReader,
}

impl Engine {
    /// Wires the pipeline. No key is read yet.
    #[must_use]
    pub fn start(setup: &Setup, store: &Store) -> Self {
        let providers = setup.providers();
        let settings = &setup.settings;
        let timeouts = settings.providers.iter().filter_map(|(name, provider)| Some((name.clone(), provider.timeout?)));
        let rules = Rules {
            retry: settings.retry,
            timeouts: settings.timeouts,
            provider_timeouts: timeouts.collect(),
            limits: settings.providers.iter().map(|(name, provider)| (name.clone(), provider.limits)).collect(),
            keys: BTreeMap::new(),
            intake: settings.intake,
            cache: settings.cache.enabled,
            allow_retired: false,
        };
        let ports = Ports {
            backend: Arc::new(Backends { providers: providers.clone(), demo: Demo::default() }),
            cache: store.cache(),
            recorder: store.recorder(),
            keys: Arc::new(KeyFile::of(&setup.places)),
            world: Arc::new(Machine::default()),
        };
        Self { pipeline: Pipeline::new(ports, rules), providers, keys: KeyReader::new(setup) }
    }

    /// Reads the keys of the providers that these targets are at, each provider's once, before they are asked;
    /// returns what came of it by provider. Waits while commands that print keys run.
    pub async fn read_keys<'a>(&self, targets: impl IntoIterator<Item = &'a Target>) -> BTreeMap<String, NamedKeys> {
        self.keys.read(self, targets).await
    }
}

/// The real providers and the demonstration.
struct Backends {
    providers: Providers,
    demo: Demo,
}

impl Backend for Backends {
    fn call(&self, call: Call) -> WireStream {
        match call.target.kind {
            ProviderKind::Demo => self.demo.call(call),
            _ => self.providers.call(call),
        }
    }
}
