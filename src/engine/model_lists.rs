//! What providers serve: asked of those that have a key, kept for a day, and joined with what else orders the list of
//! models.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use futures_util::stream::{FuturesUnordered, Stream};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    config::{atomic_file, favourites},
    engine::Workspace,
    model::{
        CallError, ErrorKind, Key, KeySource, Target,
        error::StoreError,
        id,
        model_list::{ModelFacts, ServedModel},
        settings::ProviderSettings,
        vendor::Vendor,
    },
    provider::Providers,
    store::{
        Store,
        api::{StoreReply, StoreRequest},
    },
    text::clean_line,
};

/// How long a list counts as what a provider serves.
const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// The most models that are taken of one list, and the longest name in bytes.
const MOST_MODELS: usize = 5000;
const LONGEST_NAME: usize = 200;

/// Which providers are asked what they serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListScope {
    /// Those whose list is missing or older than a day, if their keys can be read without running a program.
    Stale,
    /// Those whose keys can be read without running a program.
    Quiet,
    /// All of them.
    Configured,
}

/// What a provider answered that was asked what it serves.
#[derive(Debug)]
pub struct ListAnswer {
    /// The provider, or the vendor of a server on this machine that is not configured.
    pub provider: String,
    /// What it serves.
    pub list: Result<Vec<ServedModel>, NoList>,
}

/// Why a provider did not say what it serves.
#[derive(Debug)]
pub struct NoList {
    /// The reason, in words.
    pub why: String,
    /// Whether that is an error and not just something that is not set up or not running.
    pub is_error: bool,
}

/// A list as it is kept: by the address, for every provider there.
#[derive(Serialize, Deserialize)]
struct CachedList {
    base_url: String,
    asked: Timestamp,
    models: Vec<ServedModel>,
}

/// Runs on record among which the models are that were asked lately, and how many of those come first.
const RECENT_RUNS: usize = 50;
const RECENT_MODELS: usize = 5;

/// Lists the targets that were asked lately, the last one first; none where there is no record of runs.
pub async fn recent_targets(store: &Store) -> Vec<String> {
    let request = StoreRequest::History { query: Box::default(), after: None, limit: RECENT_RUNS };
    let Ok(StoreReply::History(page)) = store.ask(request).await else {
        return Vec::new();
    };
    let mut recent: Vec<String> = Vec::new();
    for run in page.runs {
        if !recent.contains(&run.requested) && recent.len() < RECENT_MODELS {
            recent.push(run.requested);
        }
    }
    recent
}

impl Workspace {
    /// Returns what orders the list of models and needs no answer of anybody: the keys that are missing, the lists that
    /// were kept, the favourites. Favourites that cannot be read are told apart; no file is written.
    #[must_use]
    pub fn model_facts(&self) -> (ModelFacts, Option<StoreError>) {
        let served =
            self.list_targets().filter_map(|(name, target, _)| Some((name, self.cached_list(&target)?.models)));
        let (favourites, error) = match favourites::read(&self.places) {
            Ok(favourites) => (favourites, None),
            Err(error) => (BTreeSet::new(), Some(error)),
        };
        let facts =
            ModelFacts { missing_keys: self.missing_keys(), served: served.collect(), favourites, recent: Vec::new() };
        (facts, error)
    }

    /// Names the variable to set for each provider that needs a key and has none, and for each vendor that is not
    /// configured.
    #[must_use]
    pub fn missing_keys(&self) -> BTreeMap<String, String> {
        let mut missing = BTreeMap::new();
        for vendor in Vendor::all().iter().filter(|vendor| vendor.needs_key() && vendor.makes_answers()) {
            if let (None, Some(variable)) = (self.settings.providers.get(&vendor.name), vendor.key_env.first()) {
                missing.insert(vendor.name.clone(), variable.clone());
            }
        }
        for (name, target, provider) in self.list_targets() {
            // An address of one's own may answer without a key; one that is named all the same is wanted there.
            let wanted = target.needs_key() || !(provider.usual_key || provider.api_keys.is_empty());
            if wanted && !self.has_key(provider) {
                let named = provider.api_keys.iter().find_map(|source| match source {
                    KeySource::Env(variable) => Some(variable.clone()),
                    KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => None,
                });
                let usual = || target.vendor().and_then(|vendor| vendor.key_env.first().cloned());
                missing.extend(named.or_else(usual).map(|variable| (name, variable)));
            }
        }
        missing
    }

    /// Asks what is served, all providers at once; each answer comes when it is there, and a list is kept for a day.
    /// Servers on this machine that nobody configured are looked for too. A provider without a key is not asked.
    pub fn ask_model_lists<'a>(
        &'a self,
        providers: &'a Providers,
        scope: ListScope,
        now: Timestamp,
    ) -> impl Stream<Item = ListAnswer> + 'a {
        let asked = self.list_targets().filter(move |(name, target, settings)| match scope {
            ListScope::Configured => true,
            ListScope::Quiet => self.reads_keys_quietly(name, settings),
            ListScope::Stale => self.reads_keys_quietly(name, settings) && !self.is_fresh(target, now),
        });
        let answers: FuturesUnordered<_> = asked
            .map(|(name, target, settings)| async move {
                let list = self.ask_list(providers, (&name, settings), &target, scope).await;
                if let Ok(list) = &list {
                    self.cache_list(&target, list, now);
                }
                Some(ListAnswer { provider: name, list })
            })
            .collect();
        let local = self.unconfigured_servers().map(|(vendor, url)| async move {
            let list = admitted(providers.probe(vendor.wire, url).await?);
            Some(ListAnswer { provider: vendor.name.clone(), list: Ok(list) })
        });
        let local: FuturesUnordered<_> = local.collect();
        let all = futures_util::stream::select(answers, local);
        futures_util::StreamExt::filter_map(all, |answer| async move { answer })
    }

    /// Lists the vendors' servers that may run on this machine and that no provider stands for.
    pub(crate) fn unconfigured_servers(&self) -> impl Iterator<Item = (&'static Vendor, &'static str)> {
        let taken = self.settings.providers.values().filter_map(ProviderSettings::address);
        let taken: BTreeSet<String> = taken.map(|url| url.trim_end_matches('/').to_owned()).collect();
        let local = Vendor::all().iter().filter(|vendor| vendor.local);
        let local = local.filter_map(|vendor| Some((vendor, vendor.base_url.as_deref()?)));
        local.filter(move |(vendor, url)| !taken.contains(*url) && !self.settings.providers.contains_key(&vendor.name))
    }

    /// Lists the providers that have a list, each with a target at it.
    fn list_targets(&self) -> impl Iterator<Item = (String, Target, &ProviderSettings)> {
        let listed = |settings: &ProviderSettings| {
            let answers = settings.vendor().is_none_or(Vendor::makes_answers) && settings.kind.info().answers;
            settings.kind.is_http() && answers
        };
        let over_http = self.catalog.providers().filter(move |(_, settings)| listed(settings));
        over_http.filter_map(|(name, _)| {
            let target = self.catalog.resolve(&format!("{name}/list")).ok()?;
            Some((name.to_owned(), target, self.settings.providers.get(name)?))
        })
    }

    async fn ask_list(
        &self,
        providers: &Providers,
        (name, settings): (&str, &ProviderSettings),
        target: &Target,
        scope: ListScope,
    ) -> Result<Vec<ServedModel>, NoList> {
        let mut keys = self.keys(name, settings);
        let obstacles = keys.obstacles();
        if !obstacles.is_empty() {
            return Err(NoList { why: obstacles.join("; "), is_error: true });
        }
        let named = !settings.usual_key && !settings.api_keys.is_empty() && scope != ListScope::Configured;
        if keys.usable.is_empty() && (target.needs_key() || named) {
            let why: Vec<String> = keys.errors.iter().chain(&keys.unset).map(ToString::to_string).collect();
            return Err(NoList { why: why.join("; "), is_error: false });
        }
        keys.hand_over(name, providers);
        let list = first_accepted(providers, target, &keys.usable).await.map_err(|error| NoList {
            why: if target.is_local() { format!("not running ({error})") } else { error.to_string() },
            is_error: !target.is_local(),
        })?;
        Ok(admitted(list))
    }

    fn list_file(&self, target: &Target) -> PathBuf {
        let at = format!("{} {}", target.kind, target.base_url.as_deref().unwrap_or_default());
        let digest = id::hex(at.as_bytes());
        self.places.cache.join("models").join(format!("{}.json", digest.get(..16).unwrap_or(&digest)))
    }

    /// Reads the list that was kept of an address; a file that cannot be read is no list.
    fn cached_list(&self, target: &Target) -> Option<CachedList> {
        let text = atomic_file::read(&self.list_file(target)).ok()??;
        let list: CachedList = serde_json::from_str(&text).ok()?;
        let here = Some(list.base_url.as_str()) == target.base_url.as_deref();
        here.then(|| CachedList { models: admitted(list.models), ..list })
    }

    fn is_fresh(&self, target: &Target, now: Timestamp) -> bool {
        self.cached_list(target).is_some_and(|list| {
            let age = now.duration_since(list.asked);
            age >= SignedDuration::ZERO && age < FRESH
        })
    }

    /// Keeps a list; where that fails, the provider is asked again next time.
    fn cache_list(&self, target: &Target, models: &[ServedModel], now: Timestamp) {
        let base_url = target.base_url.clone().unwrap_or_default();
        let list = CachedList { base_url, asked: now, models: models.to_vec() };
        let written = serde_json::to_string(&list).map_err(|error| error.to_string());
        let kept = written.and_then(|text| {
            atomic_file::write(&self.list_file(target), &text, true).map_err(|error| error.to_string())
        });
        if let Err(error) = kept {
            tracing::warn!(%error, provider = target.provider, "the list of models was not kept");
        }
    }
}

/// Leaves out of a list what is no name: text that would do something on a terminal, and more than anybody reads.
fn admitted(mut list: Vec<ServedModel>) -> Vec<ServedModel> {
    let plain = |text: &str| {
        !text.is_empty()
            && text.len() <= LONGEST_NAME
            && !text.contains(char::is_whitespace)
            && clean_line(text).as_str() == text
    };
    let mut seen = BTreeSet::new();
    list.retain(|model| plain(&model.id) && seen.insert(model.id.clone()));
    list.truncate(MOST_MODELS);
    for model in &mut list {
        model.shutdown =
            model.shutdown.take().filter(|day| day.len() == 10 && day.parse::<jiff::civil::Date>().is_ok());
    }
    list
}

/// Asks with one key after the other, as long as the server refuses them.
async fn first_accepted(providers: &Providers, target: &Target, keys: &[Key]) -> Result<Vec<ServedModel>, CallError> {
    let mut list = providers.models(target, keys.first()).await;
    for key in keys.iter().skip(1) {
        match list {
            Err(CallError { class: ErrorKind::Credential | ErrorKind::Quota, .. }) => {}
            other => return other,
        }
        list = providers.models(target, Some(key)).await;
    }
    list
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    fn workspace(variables: &[(&str, &str)], settings: &str) -> Workspace {
        let dir = tempfile::tempdir().unwrap();
        let places = ["CONFIG", "DATA", "CACHE", "STATE"].map(|name| format!("RETORT_{name}_DIR"));
        let own = places.map(|name| (name, dir.path().display().to_string()));
        let given = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        fs::write(dir.path().join("config.toml"), settings).unwrap();
        let started = "2026-11-29T12:00:00Z".parse().unwrap();
        Workspace::read(own.into_iter().chain(given).collect(), Path::new("/"), started).unwrap()
    }

    #[test]
    fn the_variable_to_set_is_the_one_that_is_named_else_the_vendors_usual_one() {
        let settings = "[providers.openai]\napi_keys = [\"env:MINE\"]\nkind = \"openai\"\n\
            [providers.lab]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\napi_keys = [\"env:LAB\"]\n\
            [providers.open]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n\
            [providers.vault]\nkind = \"anthropic\"\napi_keys = [\"cmd:pass show key\"]\n";
        let missing = workspace(&[("MISTRAL_API_KEY", "k"), ("GROQ_API_KEY", " ")], settings).missing_keys();
        let variable = |provider: &str| missing.get(provider).map(String::as_str);
        for (provider, is) in [
            ("openai", Some("MINE")),
            ("anthropic", Some("ANTHROPIC_API_KEY")),
            ("google", Some("GOOGLE_API_KEY")),
            ("groq", Some("GROQ_API_KEY")),
            ("lab", Some("LAB")),
            ("mistral", None),
            ("open", None),
            ("vault", None),
            ("ollama", None),
            ("vllm", None),
        ] {
            assert_eq!(variable(provider), is, "{provider}");
        }
        assert_eq!(workspace(&[("LAB", "k")], settings).missing_keys().get("lab"), None);
    }

    #[test]
    fn no_program_and_no_keyring_is_asked_in_the_background() {
        for (lines, is) in [
            ("api_keys = [\"env:A\"]", true),
            ("api_keys = [\"file:/a\"]", true),
            ("", true),
            ("api_keys = [\"env:A\", \"cmd:pass a\"]", false),
            ("headers = { x-token = \"cmd:pass a\" }", false),
            ("proxy = \"cmd:pass a\"", false),
            ("[models.m]\nprovider = \"p\"\nmodel = \"m\"\nheaders = { x-token = \"cmd:pass a\" }", false),
        ] {
            let settings = format!("[providers.p]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:9/v1\"\n{lines}\n");
            let workspace = workspace(&[], &settings);
            assert_eq!(workspace.reads_keys_quietly("p", &workspace.settings.providers["p"]), is, "{lines}");
        }
    }

    #[test]
    fn a_server_that_a_provider_stands_for_is_not_looked_for_twice() {
        let all = |settings: &str| {
            let workspace = workspace(&[], settings);
            workspace.unconfigured_servers().map(|(vendor, _)| vendor.name.clone()).collect::<Vec<_>>()
        };
        assert!(all("").contains(&"vllm".to_owned()) && !all("").contains(&"ollama".to_owned()));
        let own = "[providers.mine]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:8000/v1/\"\n";
        assert!(!all(own).contains(&"vllm".to_owned()));
    }
}
