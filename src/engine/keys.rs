//! Keys and secret headers, read when the first run needs them: those of the providers that it uses, and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::future::join_all;
use secrecy::ExposeSecret;
use tokio::{sync::OnceCell, task};

use crate::{
    config::{
        api_keys,
        api_keys::{Holds, KeyReadError},
        transport,
    },
    engine::{Engine, Environment, Workspace, environment::Child},
    model::{
        Key, KeySource, Target, header,
        settings::{ModelSettings, ProviderSettings},
        target_settings::{SecretPlace, TargetSettings},
        transport::{NO_PROXY, ProxyAddress, ProxyRule, ProxySetting, TransportFiles, TransportSettings},
        vendor::Vendor,
    },
    provider::{ProviderTransport, Providers, response_reader::RequestSecret},
};

/// A provider's keys and secret headers, as they could be read.
#[derive(Debug, Default)]
pub struct Keys {
    /// The keys that can be used.
    pub usable: Vec<Key>,
    /// Why the others that are named cannot.
    pub errors: Vec<KeyReadError>,
    /// The vendor's usual variable, where it is not set and nobody named a key: nothing is wrong then.
    pub unset: Vec<KeyReadError>,
    /// The secrets of its headers and of what follows the `?` of its address.
    pub secrets: Vec<RequestSecret>,
    /// Why some of them cannot be had, in words. Without one of them the provider is not asked.
    pub secret_errors: Vec<String>,
    /// The way to it, where its settings have any.
    pub transport: Option<ProviderTransport>,
    /// Why it cannot be gone, in words. The provider is not asked then.
    pub transport_errors: Vec<String>,
}

impl Keys {
    /// Returns why the provider is not asked whatever its keys, in words.
    #[must_use]
    pub fn obstacles(&self) -> Vec<String> {
        self.secret_errors.iter().chain(&self.transport_errors).cloned().collect()
    }

    /// Hands what its requests need beside a key to those that send them.
    pub fn hand_over(&mut self, name: &str, providers: &Providers) {
        providers.set_secrets(name, std::mem::take(&mut self.secrets));
        if let Some(transport) = self.transport.take() {
            providers.set_transport(name, transport);
        }
    }
}

/// What reads keys and headers, whatever the provider.
#[derive(Clone)]
struct Reader {
    environment: Environment,
    /// The variables that texts in headers may be filled from.
    header_variables: BTreeSet<String>,
    /// The models, which may have secrets of their own.
    models: BTreeMap<String, ModelSettings>,
    /// Where paths of the settings begin that begin nowhere.
    folder: PathBuf,
}

impl Reader {
    fn of(setup: &Workspace) -> Self {
        Self {
            environment: setup.environment.clone(),
            header_variables: setup.header_variables.clone(),
            models: setup.settings.models.clone(),
            folder: setup.places.config.clone(),
        }
    }

    fn read(&self, name: &str, provider: &ProviderSettings) -> Keys {
        let secrets = self.secrets(name, provider);
        let alike = alike(&secrets);
        if !alike.is_empty() {
            let secret_errors =
                alike.into_iter().map(|(place, of, label)| ambiguous(name, place, of, &label)).collect();
            return Keys { secret_errors, ..Keys::default() };
        }
        let sources = sources(provider, &secrets);
        let seen = self.environment.of(Child::Command(provider));
        let mut texts = api_keys::read(&sources, &|name| self.environment.value(name), &seen, &self.folder).into_iter();
        let mut read = Keys::default();
        for key in texts.by_ref().take(provider.api_keys.len()) {
            match key {
                Ok(key) => read.usable.push(key),
                Err(error) if error.absent && provider.usual_key => read.unset.push(error),
                Err(error) => read.errors.push(error),
            }
        }
        for (secret, (place, of, _)) in texts.by_ref().take(secrets.len()).zip(secrets) {
            match secret {
                Ok(secret) => read.secrets.push(RequestSecret { place, name: of, secret }),
                Err(KeyReadError { label, message, absent: _ }) => {
                    let (noun, setting) = (place.noun(), place.setting());
                    read.secret_errors.push(format!(
                        "the {noun} `{of}` of provider `{name}` cannot be had from {label}: {message}; see `{setting}` under [providers.{name}] in config.toml"
                    ));
                }
            }
        }
        match self.transport(&provider.transport, texts.next()) {
            Ok(transport) => read.transport = transport,
            Err(errors) => {
                let whole = |error| format!("{error}; see [providers.{name}] in config.toml");
                read.transport_errors = errors.into_iter().map(whole).collect();
            }
        }
        read
    }

    /// Reads and checks the way to a provider; `proxy` is what its source holds, where it has one.
    fn transport(
        &self,
        settings: &TransportSettings,
        proxy: Option<Result<Key, KeyReadError>>,
    ) -> Result<Option<ProviderTransport>, Vec<String>> {
        if settings.is_empty() {
            return Ok(None);
        }
        let read = transport::read(settings, &self.folder, self.environment.value("HOME").as_deref());
        let proxy = match (&settings.proxy, proxy) {
            (None, _) => Ok(None),
            (Some(ProxySetting::Direct), _) => Ok(Some(ProxyRule::Direct)),
            (Some(ProxySetting::At(address)), _) => Ok(Some(ProxyRule::Through(address.clone()))),
            (Some(ProxySetting::Source(source)), Some(Ok(key))) => {
                let text = key.secret.expose_secret();
                let rule = if text.eq_ignore_ascii_case(NO_PROXY) {
                    Ok(ProxyRule::Direct)
                } else {
                    ProxyAddress::parse(text).map(ProxyRule::Through)
                };
                rule.map(Some).map_err(|message| format!("`proxy` from {} cannot be used: {message}", source.label()))
            }
            (Some(ProxySetting::Source(source)), other) => {
                let why =
                    other.and_then(Result::err).map_or_else(|| "it was not read".to_owned(), |error| error.message);
                Err(format!("`proxy` cannot be had from {}: {why}", source.label()))
            }
        };
        match (read, proxy) {
            (Ok(files), Ok(proxy)) => ProviderTransport::new(TransportFiles { proxy, ..files }).map(Some),
            (Err(errors), Ok(_)) => Err(errors),
            (read, Err(error)) => Err(read.err().into_iter().flatten().chain([error]).collect()),
        }
    }

    /// Lists what is secret in the requests to a provider, whatever the model: where it stands, its name, and where it
    /// is read from.
    fn secrets(&self, name: &str, provider: &ProviderSettings) -> Vec<(SecretPlace, String, KeySource)> {
        let models =
            self.models.values().filter(|model| model.provider == name || aliased(&model.provider) == Some(name));
        let settings = models.map(|model| &model.requests).chain([&provider.requests]);
        let whole = settings.flat_map(TargetSettings::secrets);
        let mut all: Vec<(SecretPlace, String, KeySource)> = Vec::new();
        for (place, name, source) in whole {
            let secret = (place, name.to_owned(), source.clone());
            if !all.contains(&secret) {
                all.push(secret);
            }
        }
        let within = provider.requests.headers.iter().flat_map(|(name, value)| {
            let agreed = |source: &KeySource| {
                matches!(source, KeySource::Env(variable) if self.header_variables.contains(variable))
            };
            let secrets = header::secrets(value).filter(agreed);
            secrets.map(|source| (SecretPlace::Header, name.clone(), source)).collect::<Vec<_>>()
        });
        all.extend(within);
        all
    }
}

/// Lists where everything is read from that requests to a provider need: its keys, then the secrets, then the proxy.
fn sources(provider: &ProviderSettings, secrets: &[(SecretPlace, String, KeySource)]) -> Vec<(Holds, KeySource)> {
    let keys = provider.api_keys.iter().map(|source| (Holds::Key, source.clone()));
    let beside = secrets.iter().map(|(_, _, source)| (Holds::Header, source.clone()));
    let proxy = match &provider.transport.proxy {
        Some(ProxySetting::Source(source)) => Some((Holds::Proxy, source.clone())),
        None | Some(ProxySetting::Direct | ProxySetting::At(_)) => None,
    };
    keys.chain(beside).chain(proxy).collect()
}

/// Lists the places that two sources of one label are to fill. A target names its secrets by their labels, and a
/// command's is its program alone: which of the two secrets it means cannot be told.
fn alike(secrets: &[(SecretPlace, String, KeySource)]) -> BTreeSet<(SecretPlace, &str, String)> {
    let mut first = BTreeMap::new();
    let labelled = secrets.iter().map(|(place, name, source)| ((*place, name.as_str(), source.label()), source));
    labelled.filter_map(|(at, source)| (*first.entry(at.clone()).or_insert(source) != source).then_some(at)).collect()
}

fn ambiguous(provider: &str, place: SecretPlace, name: &str, label: &str) -> String {
    let (noun, setting) = (place.noun(), place.setting());
    format!(
        "the {noun} `{name}` of provider `{provider}` comes from two commands of one program ({label}), which cannot be told apart; see `{setting}` under [providers.{provider}] and its models in config.toml, and give one of them a script of its own name, or env:NAME or file:PATH"
    )
}

/// Finds the name of the vendor that another name of its leads to.
fn aliased(name: &str) -> Option<&'static str> {
    Vendor::named(name).map(|vendor| vendor.name.as_str())
}

impl Workspace {
    /// Reads a provider's keys, in the user's order, and the secrets of its headers: those that can be used, and
    /// why the others cannot. Blocks while commands that print them run.
    #[must_use]
    pub fn keys(&self, name: &str, provider: &ProviderSettings) -> Keys {
        Reader::of(self).read(name, provider)
    }

    /// Tells whether all that [`Self::keys`] reads is read without starting a program or asking a keyring.
    #[must_use]
    pub fn reads_keys_quietly(&self, name: &str, provider: &ProviderSettings) -> bool {
        let secrets = Reader::of(self).secrets(name, provider);
        sources(provider, &secrets).iter().all(|(_, source)| match source {
            KeySource::Env(_) | KeySource::File(_) => true,
            KeySource::Command(_) | KeySource::Keyring { .. } => false,
        })
    }
}

/// What came of reading the keys and headers that are named for a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKeys {
    /// Why some cannot be had, in words.
    pub errors: Vec<String>,
    /// What was left out of keys that are used, in words.
    pub notes: Vec<String>,
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
        let mut read = read.unwrap_or_else(|_| Keys {
            secret_errors: vec!["reading the keys failed by a defect in retort".to_owned()],
            ..Keys::default()
        });
        let obstacles = read.obstacles();
        if !obstacles.is_empty() {
            engine.pipeline.refuse(name, obstacles.clone());
            return NamedKeys { refusal: Some(obstacles.join("; ")), errors: obstacles, notes: Vec::new() };
        }
        let errors: Vec<String> = read.errors.iter().map(ToString::to_string).collect();
        let note = |key: &Key| Some(format!("key {}: {} was left out", key.label, key.left_out?));
        let notes = read.usable.iter().filter_map(note).collect();
        let none = read.usable.is_empty() && !errors.is_empty();
        read.hand_over(name, &engine.providers);
        engine.pipeline.add_keys(name, read.usable, errors.clone());
        let refusal = none.then(|| format!("no key for {name} can be had: {}", errors.join("; ")));
        NamedKeys { errors, notes, refusal }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(name: &str, source: &str) -> (SecretPlace, String, KeySource) {
        (SecretPlace::Header, name.to_owned(), source.parse().unwrap())
    }

    #[test]
    fn two_commands_of_one_program_never_fill_one_place() {
        let apart = [secret("x-team", "cmd:cat a"), secret("x-org", "cmd:cat b"), secret("x-team", "env:TEAM")];
        assert!(alike(&apart).is_empty());
        let both = [secret("x-team", "cmd:cat a"), secret("x-team", "cmd:/bin/cat b"), secret("x-team", "cmd:cat a")];
        let found: Vec<_> = alike(&both).into_iter().collect();
        assert_eq!(found, [(SecretPlace::Header, "x-team", "cmd:cat".to_owned())]);
    }
}
