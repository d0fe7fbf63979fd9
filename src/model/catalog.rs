//! From a target's name, as the user writes it, to the target.

use std::{borrow::Cow, collections::BTreeMap};

use crate::model::{
    media::MediaKind,
    model_card::{JsonSupport, ModelCard, Price, PriceSource},
    settings::{ModelSettings, ProviderSettings, Settings},
    target::Target,
    target_settings::{TargetOptions, TargetSettings},
    vendor::Vendor,
    wire::Carries,
};

/// Models that are named as takers of a kind of part, at most.
const MOST_TAKERS: usize = 8;

/// Every model that can be named: the user's, the table's, and any at a configured provider.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// By the name on the wire, with the vendor that serves it, in the order of the vendors.
    cards: BTreeMap<String, Vec<(String, ModelCard)>>,
    providers: BTreeMap<String, ProviderSettings>,
    models: BTreeMap<String, ModelSettings>,
}

/// A name that leads to no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownTarget {
    /// Neither a configured model, nor one of the table, nor `provider/model`.
    #[error("no model is called `{name}`{}; `retort models` lists them, and [models.{}] in config.toml adds it", hint(.nearest.as_slice()), key(.name))]
    Model {
        name: String,
        /// The nearest known name, if one is near.
        nearest: Vec<String>,
    },
    /// A model at a provider, as `provider/model` says, that is not configured.
    #[error("no model is called `{name}`, and no provider `{provider}`{}: the providers are {}; [providers.{}] in config.toml adds one", hint(.nearest.as_slice()), .known.join(", "), key(.provider))]
    At {
        name: String,
        /// The provider's part of it.
        provider: String,
        /// The names that may be meant, the likeliest first.
        nearest: Vec<String>,
        /// The configured providers.
        known: Vec<String>,
    },
    /// A configured model at a provider that is not configured.
    #[error("model `{model}` is at provider `{provider}`, which config.toml does not configure; add [providers.{}]", key(.provider))]
    Provider {
        /// The model's name.
        model: String,
        /// The provider's.
        provider: String,
    },
}

/// Writes a name as a key in TOML.
fn key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if bare { name.to_owned() } else { format!("{name:?}") }
}

fn hint(nearest: &[String]) -> String {
    let names: Vec<String> = nearest.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { String::new() } else { format!(" (did you mean {}?)", names.join(" or ")) }
}

impl Catalog {
    /// Joins the built-in table with what the settings configure.
    ///
    /// `cards` names each model of the table with the vendor that serves it.
    #[must_use]
    pub fn new(cards: Vec<(String, ModelCard)>, settings: &Settings) -> Self {
        let mut of_model: BTreeMap<String, Vec<(String, ModelCard)>> = BTreeMap::new();
        for (vendor, card) in cards {
            of_model.entry(card.id.clone()).or_default().push((vendor, card));
        }
        for same in of_model.values_mut() {
            same.sort_by_key(|(vendor, _)| Vendor::all().iter().position(|known| known.name == *vendor));
        }
        Self { cards: of_model, providers: settings.providers.clone(), models: settings.models.clone() }
    }

    /// Joins the same table with other settings.
    pub fn configure(&mut self, settings: &Settings) {
        self.providers.clone_from(&settings.providers);
        self.models.clone_from(&settings.models);
    }

    /// Resolves a name: a configured model, `provider/model` or `provider:model`, or a model of the table at the first
    /// vendor that serves it and is configured, else at the first that serves it.
    pub fn resolve(&self, name: &str) -> Result<Target, UnknownTarget> {
        if let Some(own) = self.models.get(name) {
            let (provider_name, provider) = self
                .provider(&own.provider)
                .ok_or_else(|| UnknownTarget::Provider { model: name.to_owned(), provider: own.provider.clone() })?;
            return Ok(self.target(name, provider_name, &provider, &own.model, Some(own)));
        }
        if let Some((provider_name, provider)) = self.provider_of_model(name) {
            return Ok(self.target(name, provider_name, &provider, name, None));
        }
        if let Some((provider_name, model)) = name.split_once(['/', ':'])
            && !model.is_empty()
            && let Some(provider) = self.providers.get(provider_name)
        {
            return Ok(self.target(name, provider_name, provider, model, None));
        }
        if let Some(provider) = self.providers.get(name)
            && !provider.kind.is_http()
        {
            return Ok(self.target(name, name, provider, name, None));
        }
        if let Some((vendor, model)) = name.split_once('/')
            && !model.is_empty()
            && let Some((provider_name, provider)) = self.provider(vendor)
        {
            return Ok(self.target(name, provider_name, &provider, model, None));
        }
        let (nearest, owned) = (self.nearest(name), name.to_owned());
        Err(match name.split_once(['/', ':']) {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => UnknownTarget::At {
                name: owned,
                provider: provider.to_owned(),
                nearest,
                known: self.providers.keys().cloned().collect(),
            },
            _ => UnknownTarget::Model { name: owned, nearest },
        })
    }

    /// Resolves the models that judge, by the names of [`Check::judge_name`]; the empty one is `default`'s.
    ///
    /// [`Check::judge_name`]: crate::model::Check::judge_name
    pub fn judges<'a>(
        &self,
        names: impl Iterator<Item = &'a str>,
        default: &str,
    ) -> impl Iterator<Item = Result<(String, Target), UnknownTarget>> {
        let resolve = |name: &str| self.resolve(if name.is_empty() { default } else { name });
        names.map(move |name| Ok((name.to_owned(), resolve(name)?)))
    }

    /// Lists the names by which the known models are reached: the user's first, then the table's, those of one vendor of
    /// several with the vendor before a `/`.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.models.keys().cloned().collect();
        for (id, same) in &self.cards {
            let bare = self.provider_of_model(id).map(|(provider, _)| provider.to_owned());
            if bare.is_some() && !self.models.contains_key(id) {
                names.push(id.clone());
            }
            for (vendor, _) in same {
                let provider = match self.provider_of(vendor) {
                    Some((provider, _)) => provider,
                    // The vendor's name leads to somebody else's provider.
                    None if self.providers.contains_key(vendor) => continue,
                    None => vendor,
                };
                if Some(provider) != bare.as_deref() {
                    names.push(format!("{provider}/{id}"));
                }
            }
        }
        names
    }

    /// Names, for each kind of part, models that take it and are not about to go: the user's own, the default one, then
    /// those of the table at configured providers.
    #[must_use]
    pub fn takers(&self, default: &str) -> BTreeMap<MediaKind, Vec<String>> {
        let own = self.models.keys().cloned().chain([default.to_owned()]);
        let configured =
            |name: &str| self.resolve(name).ok().filter(|target| self.providers.contains_key(&target.provider));
        let mut takers: BTreeMap<MediaKind, Vec<String>> = BTreeMap::new();
        for name in own.chain(self.names()) {
            let Some(target) = configured(&name).filter(|target| target.card.shutdown.is_none()) else { continue };
            for kind in MediaKind::ALL {
                let carried = target.kind.info().carries(kind) != Carries::Nothing;
                let names = takers.entry(kind).or_default();
                let wanted = carried && target.card.takes(kind) == Some(true) && names.len() < MOST_TAKERS;
                if wanted && !names.contains(&name) {
                    names.push(name.clone());
                }
            }
        }
        takers
    }

    /// Lists the vendors that the table has models of; some more than once.
    pub fn vendors(&self) -> impl Iterator<Item = &str> {
        self.cards.values().flatten().map(|(vendor, _)| vendor.as_str())
    }

    /// Tells whether a name is that of a model of the user's own.
    #[must_use]
    pub fn is_own(&self, name: &str) -> bool {
        self.models.contains_key(name)
    }

    /// Lists the configured providers.
    pub fn providers(&self) -> impl Iterator<Item = (&str, &ProviderSettings)> {
        self.providers.iter().map(|(name, provider)| (name.as_str(), provider))
    }

    /// Returns the table's card of a vendor's model.
    #[must_use]
    pub fn card(&self, vendor: &str, model: &str) -> Option<&ModelCard> {
        self.cards.get(model)?.iter().find(|(known, _)| known == vendor).map(|(_, card)| card)
    }

    /// Finds the provider of a model of the table that is named without one.
    fn provider_of_model(&self, name: &str) -> Option<(&str, Cow<'_, ProviderSettings>)> {
        // With a `/` or `:` in it, what stands before may name a provider.
        let same = self.cards.get(name).filter(|_| !name.contains(['/', ':']))?;
        let configured = same.iter().find_map(|(vendor, _)| self.provider_of(vendor));
        configured.map(|(name, provider)| (name, Cow::Borrowed(provider))).or_else(|| {
            // A provider of the vendor's name that is somebody else's is not asked in its place.
            let free = same.iter().find(|(vendor, _)| !self.providers.contains_key(vendor))?;
            let vendor = Vendor::named(&free.0)?;
            Some((&vendor.name, Cow::Owned(ProviderSettings::of_vendor(vendor))))
        })
    }

    /// Finds a provider: a configured one, else a vendor by any of its names, as it is without settings where it is not
    /// configured either.
    fn provider(&self, name: &str) -> Option<(&str, Cow<'_, ProviderSettings>)> {
        let configured = |name: &str| self.providers.get_key_value(name);
        if let Some((name, provider)) = configured(name) {
            return Some((name, Cow::Borrowed(provider)));
        }
        let vendor = Vendor::named(name)?;
        let provider = configured(&vendor.name).map(|(_, provider)| Cow::Borrowed(provider));
        Some((&vendor.name, provider.unwrap_or_else(|| Cow::Owned(ProviderSettings::of_vendor(vendor)))))
    }

    /// The configured provider of the vendor's name if there is one, else the first that is the vendor's.
    fn provider_of(&self, vendor: &str) -> Option<(&str, &ProviderSettings)> {
        let is = |provider: &ProviderSettings| provider.vendor().is_some_and(|own| own.name == vendor);
        let eponymous = self.providers.get_key_value(vendor).filter(|(_, provider)| is(provider));
        eponymous
            .or_else(|| self.providers.iter().find(|(_, provider)| is(provider)))
            .map(|(name, provider)| (name.as_str(), provider))
    }

    fn target(
        &self,
        name: &str,
        provider_name: &str,
        provider: &ProviderSettings,
        model: &str,
        own: Option<&ModelSettings>,
    ) -> Target {
        let vendor = provider.vendor();
        let base_url = provider.address().map(|url| url.trim_end_matches('/').to_owned());
        let official = vendor.and_then(|vendor| vendor.base_url.as_deref());
        let custom_endpoint = base_url.as_deref() != official && (official.is_some() || vendor.is_none());
        let mut settings = vendor.map(Vendor::requests).unwrap_or_default().under(&provider.requests);
        if let Some(own) = own {
            settings = settings.under(&own.requests);
        }
        let card = self.card_of(model, provider, custom_endpoint, &settings);
        let chosen = card.wire.filter(|_| !custom_endpoint);
        let kind = own.and_then(|own| own.wire).or(chosen).unwrap_or(provider.kind);
        let mut headers = settings.headers.clone();
        headers.extend(settings.secret_headers.iter().map(|(name, source)| (name.clone(), source.label())));
        Target {
            name: name.to_owned(),
            provider: provider_name.to_owned(),
            kind,
            base_url,
            custom_endpoint,
            model: model.to_owned(),
            command: provider.command.clone(),
            headers,
            options: options(provider, settings),
            card,
        }
    }

    /// Joins what the table knows of a model with what is set.
    fn card_of(
        &self,
        model: &str,
        provider: &ProviderSettings,
        custom_endpoint: bool,
        settings: &TargetSettings,
    ) -> ModelCard {
        let vendor = provider.vendor();
        let own = vendor.and_then(|vendor| self.card(&vendor.name, model));
        let mut card = own.cloned().unwrap_or_else(|| {
            // What the vendor that the wire was made for says of a model of that name is true of the model elsewhere too,
            // but not its retirements, and the wire that it needs there.
            let of_wire = Vendor::of_wire(provider.kind).and_then(|vendor| self.card(&vendor.name, model));
            let known = of_wire.cloned().unwrap_or_else(|| ModelCard { id: model.to_owned(), ..ModelCard::default() });
            let json = vendor.and_then(|vendor| vendor.json).unwrap_or(known.json);
            ModelCard { price: None, shutdown: None, successor: None, wire: None, json, ..known }
        });
        if custom_endpoint {
            // A vendor's price list does not bind somebody else's endpoint.
            card.price = None;
        }
        if vendor.zip(provider.address()).is_some_and(|(vendor, address)| vendor.is_free(model, address)) {
            card.price = Some(Price { source: PriceSource::ThisMachine, ..Price::default() });
        }
        if settings.drop.iter().any(|name| name == "response_format") {
            card.json = JsonSupport::None;
        }
        card.context = settings.context.or(card.context);
        card.max_output = settings.max_output.or(card.max_output);
        if let (Some(input), Some(output)) = (settings.input_price, settings.output_price) {
            let (as_of, source) = (String::new(), PriceSource::Settings);
            card.price = Some(Price { input, output, as_of, source, ..Price::default() });
        }
        if let Some(price) = &mut card.price {
            price.cache_read = settings.cached_price.or(price.cache_read);
            price.audio_input = settings.audio_input_price.or(price.audio_input);
            price.audio_output = settings.audio_output_price.or(price.audio_output);
        }
        card
    }

    fn nearest(&self, name: &str) -> Vec<String> {
        let names = self.names();
        let known = names.iter().chain(self.providers.keys()).map(String::as_str);
        let mut found: Vec<String> = nearest(name, known).into_iter().collect();
        if let Some((provider, model)) = name.split_once(['/', ':']) {
            let own = nearest(provider, self.providers.keys().map(String::as_str));
            let vendors = Vendor::suggest(provider).into_iter().map(str::to_owned);
            for provider in own.into_iter().chain(vendors) {
                let whole = format!("{provider}/{model}");
                if !found.contains(&whole) {
                    found.push(whole);
                }
            }
        }
        found
    }
}

/// Joins a vendor's row with what is set, as requests need it.
fn options(provider: &ProviderSettings, settings: TargetSettings) -> TargetOptions {
    let TargetSettings {
        query,
        secret_query,
        auth,
        path,
        params,
        drop,
        rename,
        stream,
        system,
        allow_http,
        timeouts,
        ..
    } = settings;
    let dated = query.get("api-version").is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    let (prefix, models_prefix) = provider.vendor().map_or((None, None), |vendor| {
        let dated = vendor.dated_prefix.as_ref().zip(vendor.dated_models_prefix.as_ref()).filter(|_| dated);
        dated.map_or((vendor.prefix.clone(), vendor.prefix.clone()), |(of_calls, of_models)| {
            (Some(of_calls.clone()), Some(of_models.clone()))
        })
    });
    let mut whole_query = query;
    whole_query.extend(secret_query.into_iter().map(|(name, source)| (name, source.label())));
    TargetOptions {
        vendor: provider.vendor.clone(),
        query: whole_query,
        auth,
        path,
        prefix,
        models_prefix,
        params,
        drop,
        rename,
        whole: stream == Some(false),
        system: system.unwrap_or_default(),
        allow_http: allow_http.unwrap_or_default(),
        service: None,
        recordings: provider.recordings.clone(),
        timeouts,
    }
}

/// Finds the candidate with the fewest edits to `name`, if they are few enough to be a slip.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::levenshtein(name, candidate), candidate))
        .filter(|(edits, candidate)| *edits * 3 <= candidate.chars().count().max(3))
        .min()
        .map(|(_, candidate)| candidate.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Wire;

    fn settings() -> Settings {
        let mut settings = Settings::default();
        let mut local = ProviderSettings::of(Wire::OpenAi);
        local.base_url = Some("http://127.0.0.1:8080/v1/".to_owned());
        settings.providers.insert("local".to_owned(), local);
        settings.providers.insert("openai".to_owned(), ProviderSettings::of(Wire::OpenAi));
        settings.providers.insert("demo".to_owned(), ProviderSettings::of(Wire::Demo));
        settings.models.insert(
            "small".to_owned(),
            ModelSettings { provider: "local".to_owned(), model: "qwen".to_owned(), ..ModelSettings::default() },
        );
        settings.models.insert(
            "lost".to_owned(),
            ModelSettings { provider: "nowhere".to_owned(), model: "x".to_owned(), ..ModelSettings::default() },
        );
        settings
    }

    fn catalog() -> Catalog {
        let card = ModelCard {
            id: "gpt-4o-mini".to_owned(),
            known: true,
            price: Some(Price::default()),
            ..ModelCard::default()
        };
        Catalog::new(vec![("openai".to_owned(), card)], &settings())
    }

    #[test]
    fn a_table_model_goes_to_the_provider_named_like_its_kind() {
        let target = catalog().resolve("gpt-4o-mini").unwrap();
        assert_eq!((target.provider.as_str(), target.custom_endpoint), ("openai", false));
        assert!(target.card.known);
    }

    #[test]
    fn a_model_that_one_wire_alone_serves_is_asked_by_it_at_the_vendors_own_endpoint() {
        let card = ModelCard { id: "gpt-pro".to_owned(), wire: Some(Wire::Responses), ..ModelCard::default() };
        let mut settings = settings();
        settings.providers.insert("mine".to_owned(), ProviderSettings::of(Wire::Responses));
        let catalog = Catalog::new(vec![("openai".to_owned(), card)], &settings);
        for (name, kind, provider) in [
            ("gpt-pro", Wire::Responses, "openai"),
            ("openai/gpt-pro", Wire::Responses, "openai"),
            ("local/gpt-pro", Wire::OpenAi, "local"),
            ("openai/gpt-other", Wire::OpenAi, "openai"),
            ("mine/gpt-pro", Wire::Responses, "mine"),
        ] {
            let target = catalog.resolve(name).unwrap();
            assert_eq!((target.kind, target.provider.as_str()), (kind, provider), "{name}");
            assert_eq!(target.custom_endpoint, provider == "local");
        }
        assert_eq!(catalog.resolve("mine/gpt-pro").unwrap().card.id, "gpt-pro", "the table is the vendor's");
    }

    #[test]
    fn a_vendors_price_does_not_bind_another_endpoint() {
        let target = catalog().resolve("local/gpt-4o-mini").unwrap();
        assert_eq!(target.base_url.as_deref(), Some("http://127.0.0.1:8080/v1"));
        assert!(target.custom_endpoint && target.card.price.is_none());
    }

    #[test]
    fn a_model_that_a_server_runs_on_this_machine_is_free() {
        let price = |catalog: &Catalog, name: &str| catalog.resolve(name).unwrap().card.price;
        for name in ["llamacpp/m", "ollama/qwen3:8b", "vllm/m", "sglang/m", "lmstudio/m", "docker/m"] {
            let price = price(&catalog(), name).unwrap_or_default();
            assert!(price.is_free() && price.source == PriceSource::ThisMachine, "{name}");
        }
        // A gateway on this machine asks others, and so does Ollama for models of its cloud.
        for name in ["litellm/m", "local/m", "ollama/gpt-oss:120b-cloud", "ollama/glm-4.6:cloud"] {
            assert_eq!(price(&catalog(), name), None, "{name}");
        }
        let mut settings = settings();
        let mut other = ProviderSettings::of(Wire::OpenAi);
        (other.vendor, other.base_url) = (Some("llamacpp".to_owned()), Some("http://192.168.1.7:8080/v1".to_owned()));
        settings.providers.insert("lan".to_owned(), other);
        assert_eq!(price(&Catalog::new(Vec::new(), &settings), "lan/m"), None, "another machine's power is not known");
    }

    #[test]
    fn a_vendor_is_reached_by_its_name_and_its_row_alone() {
        let target = catalog().resolve("groq/openai/gpt-oss-120b").unwrap();
        assert_eq!((target.provider.as_str(), target.model.as_str()), ("groq", "openai/gpt-oss-120b"));
        assert_eq!(target.base_url.as_deref(), Some("https://api.groq.com/openai/v1"));
        assert!(target.needs_key() && !target.custom_endpoint);
        assert_eq!(target.card.json, JsonSupport::Object);
        assert_eq!(catalog().resolve("groq/gpt-4o-mini").unwrap().card.price, None, "another's price");
        assert!(!catalog().resolve("vllm/m").unwrap().needs_key());
        assert_eq!(catalog().resolve("togetherai/m").unwrap().provider, "together");
        // With a colon it is the name of a model that Ollama may have.
        assert!(catalog().resolve("qwen:7b").is_err());
        let plain = catalog().resolve("openai/x").unwrap();
        assert!(plain.options.is_default(), "a wire's own vendor needs no options: {:?}", plain.options);
    }

    #[test]
    fn a_dated_api_version_leads_to_azures_deployments() {
        let mut settings = settings();
        let mut azure = ProviderSettings::of_vendor(Vendor::named("azure").unwrap());
        azure.base_url = Some("https://x.openai.azure.com/".to_owned());
        settings.providers.insert("work".to_owned(), azure.clone());
        azure.requests.query.insert("api-version".to_owned(), "2024-10-21".to_owned());
        settings.providers.insert("dated".to_owned(), azure);
        let catalog = Catalog::new(Vec::new(), &settings);
        let path = |name: &str| catalog.resolve(name).unwrap().options.prefix.unwrap();
        assert_eq!(path("work/m"), "/openai/v1");
        assert_eq!(path("dated/m"), "/openai/deployments/{model}");
        assert!(catalog.resolve("work/m").unwrap().needs_key());
    }

    #[test]
    fn names_resolve_or_say_what_to_do() {
        let catalog = catalog();
        assert_eq!(catalog.resolve("small").unwrap().model, "qwen");
        assert_eq!(catalog.resolve("demo").unwrap().model, "demo");
        assert_eq!(catalog.resolve("demo:slow").unwrap().model, "slow");
        let slip = catalog.resolve("gpt-4o-mni").unwrap_err().to_string();
        assert!(slip.contains("did you mean `gpt-4o-mini`?"), "{slip}");
        for (name, words) in [
            ("gpt-4.1-x", "[models.\"gpt-4.1-x\"] in config.toml adds it"),
            ("foo/bar", "and no provider `foo`: the providers are "),
            ("grok/x", "(did you mean `xai/x` or `groq/x`?)"),
            ("locl/x", "(did you mean `local/x`?)"),
            ("a b:c", "[providers.\"a b\"] in config.toml adds one"),
        ] {
            let text = catalog.resolve(name).unwrap_err().to_string();
            assert!(text.contains(words), "{text}");
        }
        let lost = catalog.resolve("lost").unwrap_err().to_string();
        assert!(lost.contains("[providers.nowhere]"), "{lost}");
    }
}
