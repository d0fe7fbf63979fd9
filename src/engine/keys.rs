//! Keys and secret headers, read when the first run needs them: those of the providers that it uses, and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::join_all;
use tokio::{sync::OnceCell, task};

use crate::{
    config::{
        api_keys,
        api_keys::{Holds, KeyReadError},
    },
    engine::{Engine, Environment, Workspace, environment::Child},
    model::{Key, KeySource, Target, header, settings::ProviderSettings},
    provider::response_reader::HeaderSecret,
};

/// A provider's keys and secret headers, as they could be read.
#[derive(Debug, Default)]
pub struct Keys {
    /// The keys that can be used.
    pub usable: Vec<Key>,
    /// Why the others that are named cannot.
    pub faults: Vec<KeyReadError>,
    /// The vendor's usual variable, where it is not set and nobody named a key: nothing is wrong then.
    pub unset: Vec<KeyReadError>,
    /// The secrets of its headers.
    pub headers: Vec<HeaderSecret>,
    /// Why some of its headers cannot be had, in words. Without one of them the provider is not asked.
    pub header_faults: Vec<String>,
}

/// What reads keys and headers, whatever the provider.
#[derive(Clone)]
struct Reader {
    environment: Environment,
    /// The variables that texts in headers may be filled from.
    header_variables: BTreeSet<String>,
}

impl Reader {
    fn of(setup: &Workspace) -> Self {
        Self { environment: setup.environment.clone(), header_variables: setup.header_variables.clone() }
    }

    fn read(&self, name: &str, provider: &ProviderSettings) -> Keys {
        let headers = self.headers(provider);
        let in_headers = headers.iter().map(|(_, source)| (Holds::Header, source.clone()));
        let sources: Vec<_> =
            provider.api_keys.iter().map(|source| (Holds::Key, source.clone())).chain(in_headers).collect();
        let seen = self.environment.of(Child::Command(provider));
        let mut texts = api_keys::read(&sources, &|name| self.environment.value(name), &seen).into_iter();
        let mut read = Keys::default();
        for key in texts.by_ref().take(provider.api_keys.len()) {
            match key {
                Ok(key) => read.usable.push(key),
                Err(fault) if fault.absent && provider.usual_key => read.unset.push(fault),
                Err(fault) => read.faults.push(fault),
            }
        }
        for (secret, (header, _)) in texts.zip(headers) {
            match secret {
                Ok(secret) => read.headers.push(HeaderSecret { header, secret }),
                Err(KeyReadError { label, message, absent: _ }) => read.header_faults.push(format!(
                    "the header `{header}` of provider `{name}` cannot be had from {label}: {message}; see `headers` under [providers.{name}] in config.toml"
                )),
            }
        }
        read
    }

    /// Lists what is secret in a provider's headers: the header's name and where the secret is read from.
    fn headers(&self, provider: &ProviderSettings) -> Vec<(String, KeySource)> {
        let whole = provider.secret_headers.iter().map(|(name, source)| (name.clone(), source.clone()));
        let within = provider.headers.iter().flat_map(|(name, value)| {
            let agreed = |source: &KeySource| {
                matches!(source, KeySource::Env(variable) if self.header_variables.contains(variable))
            };
            header::secrets(value).filter(agreed).map(|source| (name.clone(), source)).collect::<Vec<_>>()
        });
        whole.chain(within).collect()
    }
}

impl Workspace {
    /// Reads a provider's keys, in the user's order, and the secrets of its headers: those that can be used, and
    /// why the others cannot. Blocks while commands that print them run.
    #[must_use]
    pub fn keys(&self, name: &str, provider: &ProviderSettings) -> Keys {
        Reader::of(self).read(name, provider)
    }
}

/// What came of reading the keys and headers that are named for a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKeys {
    /// Why some cannot be had, in words.
    pub faults: Vec<String>,
    /// Why the provider is not asked, in words: none of the keys that are named can be had, or one of its headers
    /// cannot.
    pub refusal: Option<String>,
}

/// Reads each provider's keys and headers once, and hands them to those that send them.
pub(crate) struct KeyReader {
    reader: Reader,
    providers: BTreeMap<String, ProviderSettings>,
    read: Mutex<BTreeMap<String, Arc<OnceCell<NamedKeys>>>>,
}

impl KeyReader {
    pub(crate) fn new(setup: &Workspace) -> Self {
        Self { reader: Reader::of(setup), providers: setup.settings.providers.clone(), read: Mutex::default() }
    }

    /// Reads the keys of these targets' providers, all at once and off the async threads; returns what came of it by
    /// provider.
    pub(crate) async fn read<'a>(
        &self,
        engine: &Engine,
        targets: impl IntoIterator<Item = &'a Target>,
    ) -> BTreeMap<String, NamedKeys> {
        let names: BTreeSet<&str> = targets.into_iter().map(|target| target.provider.as_str()).collect();
        let read = names.into_iter().filter_map(|name| {
            let provider = self.providers.get(name)?;
            let mut all = self.read.lock().unwrap_or_else(PoisonError::into_inner);
            let cell = Arc::clone(all.entry(name.to_owned()).or_default());
            Some(async move {
                let named = cell.get_or_init(|| self.hand_over(engine, name, provider)).await;
                (name.to_owned(), named.clone())
            })
        });
        join_all(read).await.into_iter().collect()
    }

    async fn hand_over(&self, engine: &Engine, name: &str, provider: &ProviderSettings) -> NamedKeys {
        let (reader, provider, of) = (self.reader.clone(), provider.clone(), name.to_owned());
        let read = task::spawn_blocking(move || reader.read(&of, &provider)).await;
        let read = read.unwrap_or_else(|_| Keys {
            header_faults: vec!["reading the keys failed by a defect in retort".to_owned()],
            ..Keys::default()
        });
        if !read.header_faults.is_empty() {
            // Without keys the pipeline sends nothing, and says why.
            engine.pipeline.add_keys(name, Vec::new(), read.header_faults.clone());
            return NamedKeys { refusal: Some(read.header_faults.join("; ")), faults: read.header_faults };
        }
        let faults: Vec<String> = read.faults.iter().map(ToString::to_string).collect();
        let none = read.usable.is_empty() && !faults.is_empty();
        engine.providers.set_header_secrets(name, read.headers);
        engine.pipeline.add_keys(name, read.usable, faults.clone());
        let refusal = none.then(|| format!("no key for {name} can be had: {}", faults.join("; ")));
        NamedKeys { faults, refusal }
    }
}
