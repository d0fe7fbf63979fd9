//! Keys read when the first run needs them: those of the providers that it uses, and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::join_all;
use tokio::{sync::OnceCell, task};

use super::{Environment, Setup};
use crate::{
    model::{Key, Target, settings::ProviderSettings},
    pipeline::Pipeline,
    store::keys::{self, KeyFault},
};

/// A provider's keys as they could be read.
#[derive(Debug, Default)]
pub struct Keys {
    /// Those that can be used.
    pub usable: Vec<Key>,
    /// Why the others that are named cannot.
    pub faults: Vec<KeyFault>,
    /// The vendor's usual variable, where it is not set and nobody named a key: nothing is wrong then.
    pub unset: Vec<KeyFault>,
}

impl Keys {
    fn read(environment: &Environment, provider: &ProviderSettings) -> Self {
        let mut read = Self::default();
        for key in keys::read(&provider.api_keys, &|name| environment.value(name)) {
            match key {
                Ok(key) => read.usable.push(key),
                Err(fault) if fault.absent && provider.usual_key => read.unset.push(fault),
                Err(fault) => read.faults.push(fault),
            }
        }
        read
    }
}

impl Setup {
    /// Reads a provider's keys, in the user's order: those that can be used, and why the others
    /// cannot. Blocks while commands that print keys run.
    #[must_use]
    pub fn keys(&self, provider: &ProviderSettings) -> Keys {
        Keys::read(&self.environment, provider)
    }
}

/// What came of reading the keys that are named for a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKeys {
    /// Why some cannot be had, in words.
    pub faults: Vec<String>,
    /// Whether none can, though some are named.
    pub none: bool,
}

/// Reads each provider's keys once, and hands them to the pipeline.
pub(super) struct KeyReader {
    environment: Environment,
    providers: BTreeMap<String, ProviderSettings>,
    read: Mutex<BTreeMap<String, Arc<OnceCell<NamedKeys>>>>,
}

impl KeyReader {
    pub(super) fn new(setup: &Setup) -> Self {
        let (environment, providers) = (setup.environment.clone(), setup.settings.providers.clone());
        Self { environment, providers, read: Mutex::default() }
    }

    /// Reads the keys of these targets' providers, all at once and off the async threads; returns what came of it by
    /// provider.
    pub(super) async fn read<'a>(
        &self,
        pipeline: &Pipeline,
        targets: impl IntoIterator<Item = &'a Target>,
    ) -> BTreeMap<String, NamedKeys> {
        let names: BTreeSet<&str> = targets.into_iter().map(|target| target.provider.as_str()).collect();
        let read = names.into_iter().filter_map(|name| {
            let provider = self.providers.get(name)?;
            let mut all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            let cell = Arc::clone(all.entry(name.to_owned()).or_default());
            Some(async move {
                let named = cell.get_or_init(|| self.hand_over(pipeline, name, provider)).await;
                (name.to_owned(), named.clone())
            })
        });
        join_all(read).await.into_iter().collect()
    }

    async fn hand_over(&self, pipeline: &Pipeline, name: &str, provider: &ProviderSettings) -> NamedKeys {
        let (environment, provider) = (self.environment.clone(), provider.clone());
        let read = task::spawn_blocking(move || Keys::read(&environment, &provider)).await;
        let (usable, faults) = match read {
            Ok(keys) => (keys.usable, keys.faults.iter().map(ToString::to_string).collect()),
            Err(_) => (Vec::new(), vec!["reading the keys failed by a defect in retort".to_owned()]),
        };
        let named = NamedKeys { none: usable.is_empty() && !faults.is_empty(), faults };
        pipeline.add_keys(name, usable, named.faults.clone());
        named
    }
}
