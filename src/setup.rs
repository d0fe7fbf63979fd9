//! What both shells start from: environment, places, settings, and the engine wired from them.

pub mod batch;
pub mod found;
pub mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    model::{
        Catalog, Look, ProviderKind, Settings, Target,
        settings::{Places, ProviderSettings},
    },
    pipeline::{Pipeline, Ports, Rules},
    provider::{Backend, Call, Providers, WireStream, demo::Demo},
    store::{
        Store, cards,
        job::StoreFault,
        key_memory::KeyFile,
        keys::{self, KeyFault},
        places, settings,
    },
};
use world::Machine;

/// The environment, read once.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// Reads this process's own. What is not Unicode is left out.
    #[must_use]
    pub fn read() -> Self {
        let text = |text: std::ffi::OsString| text.into_string().ok();
        Self(std::env::vars_os().filter_map(|(name, value)| Some((text(name)?, text(value)?))).collect())
    }

    /// Looks a variable up.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// Chooses what the terminal can show.
    #[must_use]
    pub fn look(&self, theme: &str) -> Look {
        let set = |name: &str| self.0.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set).unwrap_or_default();
        Look::choose(theme, set("NO_COLOR").is_some(), set("TERM").unwrap_or_default(), locale)
    }
}

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
}

impl Setup {
    /// Finds the places and reads the settings.
    pub fn read(environment: Environment, cwd: &Path) -> Result<Self, StoreFault> {
        let value = |name: &str| environment.value(name);
        let places = places::places(&value, cwd)?;
        let settings = settings::load(&places, &value)?;
        let catalog = Catalog::new(cards::cards(), &settings);
        Ok(Self { environment, places, settings, catalog })
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

    /// Reads a provider's keys, in the user's order: those that can be used, and why the others
    /// cannot. Blocks while commands that print keys run.
    #[must_use]
    pub fn keys(&self, provider: &ProviderSettings) -> Keys {
        let mut read = Keys::default();
        for key in keys::read(&provider.api_keys, &|name| self.environment.value(name)) {
            match key {
                Ok(key) => read.usable.push(key),
                Err(fault) if fault.absent && provider.usual_key => read.unset.push(fault),
                Err(fault) => read.faults.push(fault),
            }
        }
        read
    }

    /// Makes the providers. The HTTP client behind them is built when it is needed.
    #[must_use]
    pub fn providers(&self) -> Providers {
        Providers::new(self.environment.0.clone())
    }

    /// Tells whether a target's provider asks for a key.
    #[must_use]
    pub fn needs_key(&self, target: &Target) -> bool {
        target.kind.needs_key() && !target.custom_endpoint
    }
}

/// A provider's keys as they could be read.
#[derive(Debug, Default)]
pub struct Keys {
    /// Those that can be used.
    pub usable: Vec<crate::model::Key>,
    /// Why the others that are named cannot.
    pub faults: Vec<KeyFault>,
    /// The vendor's usual variable, where it is not set and nobody named a key: nothing is wrong then.
    pub unset: Vec<KeyFault>,
}

/// The pipeline, ready to run, with what went wrong while its keys were read.
pub struct Engine {
    /// The pipeline.
    pub pipeline: Pipeline,
    /// The providers behind it.
    pub providers: Providers,
    /// Why keys that are named could not be read, by provider.
    pub unreadable_keys: BTreeMap<String, Vec<String>>,
    /// The providers of whose named keys none could be read.
    pub keyless: BTreeSet<String>,
}

impl Engine {
    /// Wires the pipeline. Blocks while keys are read.
    #[must_use]
    pub fn start(setup: &Setup, store: &Store) -> Self {
        let (mut usable, mut unreadable, mut keyless) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        for (name, provider) in &setup.settings.providers {
            let keys = setup.keys(provider);
            if keys.usable.is_empty() && !keys.faults.is_empty() {
                keyless.insert(name.clone());
            }
            usable.insert(name.clone(), keys.usable);
            unreadable.insert(name.clone(), keys.faults.iter().map(ToString::to_string).collect());
        }
        let providers = setup.providers();
        let settings = &setup.settings;
        let timeouts = settings.providers.iter().filter_map(|(name, provider)| Some((name.clone(), provider.timeout?)));
        let rules = Rules {
            retry: settings.retry,
            timeouts: settings.timeouts,
            provider_timeouts: timeouts.collect(),
            limits: settings.providers.iter().map(|(name, provider)| (name.clone(), provider.limits)).collect(),
            keys: usable,
            unreadable_keys: unreadable.clone(),
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
        Self { pipeline: Pipeline::new(ports, rules), providers, unreadable_keys: unreadable, keyless }
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
