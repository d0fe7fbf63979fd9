//! The model a first start begins on, and what was found to begin with.

use futures_util::future::join_all;

use crate::{
    engine::Workspace,
    model::{KeySource, settings::ProviderSettings, vendor::Vendor},
    provider::Providers,
};

/// The model that answers without a key or a network.
pub const DEMO: &str = "demo";

impl Workspace {
    /// Returns the model to begin on: the default one if it can be asked as far as that is known
    /// without reading a key, else the demonstration.
    #[must_use]
    pub fn first_target(&self) -> &str {
        let name = self.settings.default_model.as_str();
        let ready = self.catalog.resolve(name).is_ok_and(|target| {
            !target.needs_key()
                || self.settings.providers.get(&target.provider).is_some_and(|provider| self.has_key(provider))
        });
        if ready { name } else { DEMO }
    }

    /// Lists the providers that have a key, each with the key's name.
    #[must_use]
    pub fn found_keys(&self) -> Vec<String> {
        let answering = |provider: &ProviderSettings| provider.vendor().is_none_or(Vendor::makes_answers);
        let providers = self.settings.providers.iter().filter(|(_, provider)| answering(provider));
        let with_key = providers.filter_map(|(name, provider)| {
            let source = provider.api_keys.iter().find(|source| self.is_there(source))?;
            Some(format!("{name} ({})", source.label()))
        });
        with_key.collect()
    }

    /// Asks for the servers that usually run on this machine, each where the settings or its own variable say that it is,
    /// all at once, and lists those that answer with what they serve.
    pub async fn local_servers(&self, providers: &Providers) -> Vec<String> {
        let local = Vendor::all().iter().filter(|vendor| vendor.local);
        let own = |vendor: &Vendor| self.settings.providers.get(&vendor.name).and_then(ProviderSettings::address);
        let probes = local.filter_map(|vendor| Some((vendor, own(vendor).or(vendor.base_url.as_deref())?))).map(
            |(vendor, url)| async move {
                let list = providers.probe(vendor.wire, url).await?;
                let models: Vec<&str> = list.iter().map(|listed| listed.id.as_str()).take(3).collect();
                let more = if list.len() > models.len() { ", …" } else { "" };
                Some(format!("{} at {url} ({}{more})", vendor.title, models.join(", ")))
            },
        );
        join_all(probes).await.into_iter().flatten().collect()
    }

    pub(crate) fn has_key(&self, provider: &ProviderSettings) -> bool {
        provider.api_keys.iter().any(|source| self.is_there(source))
    }

    /// Whether there is something at the source; whether it is a key shows when it is read.
    fn is_there(&self, source: &KeySource) -> bool {
        match source {
            KeySource::Env(name) => self.environment.value(name).is_some_and(|value| !value.trim().is_empty()),
            KeySource::File(_) | KeySource::Command(_) | KeySource::Keyring { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn setup_on(time: &str, variables: &[(&str, &str)], settings: &str) -> Workspace {
        let dir = tempfile::tempdir().unwrap();
        let places = ["CONFIG", "DATA", "CACHE", "STATE"].map(|name| format!("RETORT_{name}_DIR"));
        let own = places.map(|name| (name, dir.path().display().to_string()));
        let given = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        std::fs::write(dir.path().join("config.toml"), settings).unwrap();
        let environment = own.into_iter().chain(given).collect();
        Workspace::read(environment, Path::new("/"), time.parse().unwrap()).unwrap()
    }

    fn setup(variables: &[(&str, &str)]) -> Workspace {
        setup_on("2026-11-29T12:00:00Z", variables, "")
    }

    #[test]
    fn the_default_model_is_followed_by_its_successor_from_the_day_it_is_shut_down() {
        let on = |time: &str, variables: &[(&str, &str)], settings: &str| {
            let setup = setup_on(time, variables, settings);
            (setup.settings.default_model.clone(), setup.default_note.is_some())
        };
        let last = "2027-01-13T23:59:59Z";
        let first = "2027-01-14T00:00:00Z";
        assert_eq!(on(last, &[], ""), ("gpt-4o-mini".to_owned(), false));
        assert_eq!(on(first, &[], ""), ("gpt-6-luna".to_owned(), true));
        let note = setup_on(first, &[], "").default_note.unwrap();
        assert!(note.contains("gpt-4o-mini was shut down on 2027-01-14; gpt-6-luna is asked in its place"), "{note}");
        // Who names it gets it, and the refusal that says what follows it; an endpoint of one's own may still serve it.
        let named = "default_model = \"gpt-4o-mini\"\n";
        assert_eq!(on(first, &[], named), ("gpt-4o-mini".to_owned(), false));
        let own = [("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")];
        assert_eq!(on(first, &own, ""), ("gpt-4o-mini".to_owned(), false));
        assert_eq!(setup_on(first, &[("OPENAI_API_KEY", "k")], "").first_target(), "gpt-6-luna");
    }

    #[test]
    fn without_a_key_the_demonstration_is_first() {
        assert_eq!(setup(&[]).first_target(), DEMO);
        assert_eq!(setup(&[("OPENAI_API_KEY", " ")]).first_target(), DEMO);
        assert_eq!(setup(&[("ANTHROPIC_API_KEY", "k")]).first_target(), DEMO);
    }

    #[test]
    fn with_a_key_or_an_endpoint_of_ones_own_the_default_model_is_first() {
        let with_key = setup(&[("OPENAI_API_KEY", "k")]);
        assert_eq!(with_key.first_target(), "gpt-4o-mini");
        assert_eq!(with_key.found_keys(), ["openai (env:OPENAI_API_KEY)"]);
        assert_eq!(setup(&[("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")]).first_target(), "gpt-4o-mini");
    }
}
