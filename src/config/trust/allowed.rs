//! What the user's own settings allow without a question.

use std::collections::BTreeSet;

use crate::{
    config::trust::{content::ExternalAccess, host::Host},
    model::{KeySource, Settings, settings::ProviderSettings, vendor::Vendor},
};

/// The hosts of the user's providers, and the variables that are their keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allowed {
    hosts: BTreeSet<String>,
    pairs: BTreeSet<(String, String)>,
}

impl Allowed {
    /// Gathers it from the user's settings, before any content has added to them, and from the built-in vendors.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let mut all = Self::default();
        for vendor in Vendor::all().iter().filter(|vendor| vendor.builtin) {
            let api_keys = vendor.key_env.iter().map(|variable| KeySource::Env(variable.clone())).collect();
            all.add(&ProviderSettings { api_keys, ..ProviderSettings::of_vendor(vendor) });
        }
        settings.providers.values().for_each(|provider| all.add(provider));
        all
    }

    fn add(&mut self, provider: &ProviderSettings) {
        let address = provider.address();
        let Some(host) = address.and_then(|address| Host::of(address).ok()) else { return };
        for key in provider.api_keys.iter().chain(provider.requests.secrets().map(|(_, _, source)| source)) {
            if let KeySource::Env(variable) = key {
                self.pairs.insert((variable.clone(), host.origin().to_owned()));
            }
        }
        self.hosts.insert(host.origin().to_owned());
    }

    /// Tells whether the settings allow it.
    #[must_use]
    pub fn holds(&self, access: &ExternalAccess) -> bool {
        match access {
            ExternalAccess::SendVariable { variable, host } => self.pairs.contains(&(variable.clone(), host.clone())),
            ExternalAccess::Reach { host } => self.hosts.contains(host),
            ExternalAccess::Read { .. } | ExternalAccess::Start { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::parse;

    fn allowed(config: &str, variables: &[(&str, &str)]) -> Allowed {
        let env = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Allowed::of(&parse(config, Path::new("config.toml"), &env).unwrap())
    }

    fn sends(allowed: &Allowed, variable: &str, host: &str) -> bool {
        allowed.holds(&ExternalAccess::SendVariable { variable: variable.to_owned(), host: host.to_owned() })
    }

    fn reaches(allowed: &Allowed, host: &str) -> bool {
        allowed.holds(&ExternalAccess::Reach { host: host.to_owned() })
    }

    #[test]
    fn a_vendors_variable_goes_to_the_vendor_and_nowhere_else() {
        let none = allowed("", &[]);
        let (openai, anthropic) = ("https://api.openai.com", "https://api.anthropic.com");
        assert!(sends(&none, "OPENAI_API_KEY", openai) && sends(&none, "ANTHROPIC_API_KEY", anthropic));
        for (variable, host) in [
            ("OPENAI_API_KEY", anthropic),
            ("ANTHROPIC_API_KEY", openai),
            ("AWS_SECRET_ACCESS_KEY", openai),
            ("OPENAI_API_KEY", "http://api.openai.com"),
            ("OPENAI_API_KEY", "https://api.openai.com:8443"),
            ("OPENAI_API_KEY", "https://evil.org"),
        ] {
            assert!(!sends(&none, variable, host), "{variable} {host}");
        }
        assert!(reaches(&none, openai) && !reaches(&none, "https://evil.org"));
        assert!(!reaches(&none, "http://127.0.0.1:8080"));
    }

    #[test]
    fn what_the_user_has_paired_is_allowed() {
        let own = allowed(
            "[providers.local]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:8080/v1/\"\napi_keys = [\"env:LOCAL\"]\n\
             headers = { x-team = \"env:TEAM\" }\n",
            &[("OPENAI_BASE_URL", "https://gate.example.org/v1")],
        );
        assert!(sends(&own, "TEAM", "http://127.0.0.1:8080") && !sends(&own, "TEAM", "https://api.openai.com"));
        assert!(sends(&own, "LOCAL", "http://127.0.0.1:8080") && reaches(&own, "http://127.0.0.1:8080"));
        assert!(sends(&own, "OPENAI_API_KEY", "https://gate.example.org"));
        assert!(
            !sends(&own, "LOCAL", "https://gate.example.org")
                && !sends(&own, "OPENAI_API_KEY", "http://127.0.0.1:8080")
        );
        assert!(!reaches(&own, "http://127.0.0.1:8081"));
    }
}
