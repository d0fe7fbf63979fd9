//! The models that can be named, in the order in which they are offered: first what can be asked now.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::{catalog::Catalog, model_card::ModelCard, target::Target, vendor::Vendor, wire::Transport};

/// The demonstration's models with what each is for, the well-behaved one first.
pub const DEMO_MODELS: &[(&str, &str)] = &[
    ("demo", "answers at once, without a key or a network"),
    ("demo:weak", "labels some inputs wrong and is unsure of others; its second call is limited once"),
    ("demo:slow", "four seconds to the first token, then three tokens a second"),
    ("demo:flaky", "fails twice with 429 and 503, then answers"),
    ("demo:cut", "breaks off in the middle of the answer"),
    ("demo:bad-json", "answers with JSON that does not parse"),
    ("demo:down", "always fails with 503"),
    ("demo:echo", "answers with the prompt: its text, or its messages as JSON where it has several"),
];

/// Words in the names of models that answer no chat; a vendor's list has them too.
const NO_CHAT: &[&str] = &[
    "audio",
    "babbage",
    "dall",
    "davinci",
    "embed",
    "embedding",
    "embeddings",
    "image",
    "imagen",
    "moderation",
    "ocr",
    "realtime",
    "rerank",
    "sora",
    "transcribe",
    "tts",
    "veo",
    "whisper",
];

/// A model in a provider's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedModel {
    /// Its name on the wire.
    pub id: String,
    /// The day the provider stops serving it, `YYYY-MM-DD`, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shutdown: Option<String>,
}

/// What is known beside the catalog of who can be asked and what the user prefers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelFacts {
    /// The variable to set, by the provider or vendor that has no key and needs one.
    pub missing_keys: BTreeMap<String, String>,
    /// What each provider serves, by its name, as far as it was asked.
    pub served: BTreeMap<String, Vec<ServedModel>>,
    /// The names of targets that come first.
    pub favourites: BTreeSet<String>,
    /// The names of targets that were asked lately, the last one first.
    pub recent: Vec<String>,
}

/// Whether a model can be asked now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    /// It can, as far as that is known.
    Ready,
    /// Its provider has no key; the variable to set.
    KeyMissing(String),
    /// Its provider's list does not have it.
    NotServed,
    /// Its vendor no longer serves it.
    Retired,
}

impl Availability {
    /// Its place in the list.
    fn rank(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::KeyMissing(_) => 1,
            Self::NotServed => 2,
            Self::Retired => 3,
        }
    }
}

/// A model that can be named.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelEntry {
    /// The target that its name leads to.
    pub target: Target,
    /// Whether it can be asked now.
    pub availability: Availability,
    /// Whether the user has it come first.
    pub favourite: bool,
    /// Whether it was asked lately.
    pub recent: bool,
    /// Whether its provider's list has it.
    pub served: bool,
}

impl ModelEntry {
    /// Tells whether it is left out of a list that nobody searches.
    #[must_use]
    pub fn only_when_searched(&self) -> bool {
        match self.availability {
            Availability::Ready | Availability::KeyMissing(_) => false,
            Availability::NotServed | Availability::Retired => true,
        }
    }
}

/// Lists the models that can be named on a day (`YYYY-MM-DD`): what can be asked now, then what lacks a key, then what
/// its provider does not serve, then what is retired. Within each the favourites come first, then what was asked lately,
/// then the user's own, then those of the vendors in the order of their table; demonstrations come last.
#[must_use]
pub fn model_list(catalog: &Catalog, facts: &ModelFacts, today: &str) -> Vec<ModelEntry> {
    let mut names = catalog.names();
    for (provider, settings) in catalog.providers() {
        match settings.kind.info().transport {
            Transport::BuiltIn => {
                let modes = DEMO_MODELS.iter().filter_map(|(name, _)| name.strip_prefix("demo"));
                names.extend(modes.map(|mode| format!("{provider}{mode}")));
            }
            Transport::Process => names.push(provider.to_owned()),
            Transport::Http => {}
        }
    }
    let known: BTreeSet<&str> = catalog.vendors().collect();
    for vendor in Vendor::all() {
        // Of a vendor that the table has no model of and whose list is not known, the one that examples name.
        let configured = catalog.providers().any(|(name, _)| name == vendor.name);
        if (configured || facts.missing_keys.contains_key(&vendor.name))
            && !facts.served.contains_key(&vendor.name)
            && !vendor.local
            && vendor.makes_answers()
            && vendor.base_url.is_some()
            && !known.contains(vendor.name.as_str())
        {
            names.push(format!("{}/{}", vendor.name, vendor.model));
        }
    }
    let mut seen = BTreeSet::new();
    let mut reached = BTreeSet::new();
    let mut entries = Vec::new();
    let lately = Recent::of(catalog, facts);
    let mut add = |name: String, again: bool| {
        if !seen.contains(&name)
            && let Ok(target) = catalog.resolve(&name)
            && (again || !reached.contains(&(target.provider.clone(), target.model.clone())))
        {
            seen.insert(name);
            reached.insert((target.provider.clone(), target.model.clone()));
            entries.push(entry(target, catalog, facts, &lately, today));
        }
    };
    names.into_iter().chain(facts.favourites.iter().cloned()).for_each(|name| add(name, true));
    // What was asked as PROVIDER/MODEL is the model that the table has by its name alone.
    facts.recent.iter().cloned().for_each(|name| add(name, false));
    for (provider, served) in &facts.served {
        for model in served {
            let name = format!("{provider}/{}", model.id);
            if seen.contains(&name) || reached.contains(&(provider.clone(), model.id.clone())) {
                continue;
            }
            if let Ok(target) = catalog.resolve(&name)
                && (target.is_local() || answers_chat(&model.id))
            {
                entries.push(entry(target, catalog, facts, &lately, today));
            }
        }
    }
    entries.sort_by_cached_key(|entry| {
        let name = &entry.target.name;
        let lately = lately.place(&entry.target, catalog).unwrap_or(usize::MAX);
        let vendor = (!catalog.is_own(name)).then(|| Vendor::place(&entry.target.provider));
        (entry.availability.rank(), !entry.favourite, lately, entry.target.is_demo(), vendor)
    });
    entries
}

/// What was asked lately: each name, and the provider and model that it leads to where it is no name of the user's own.
struct Recent<'a>(Vec<(&'a str, Option<(String, String)>)>);

impl<'a> Recent<'a> {
    fn of(catalog: &Catalog, facts: &'a ModelFacts) -> Self {
        let of = |name: &'a String| {
            let plain = catalog.resolve(name).ok().filter(|_| !catalog.is_own(name));
            (name.as_str(), plain.map(|target| (target.provider, target.model)))
        };
        Self(facts.recent.iter().map(of).collect())
    }

    /// Returns the place of a target, 0 for the one that was asked last.
    fn place(&self, target: &Target, catalog: &Catalog) -> Option<usize> {
        let own = catalog.is_own(&target.name);
        let same = |known: &(String, String)| known.0 == target.provider && known.1 == target.model;
        self.0.iter().position(|(name, plain)| *name == target.name || (!own && plain.as_ref().is_some_and(same)))
    }
}

fn entry(mut target: Target, catalog: &Catalog, facts: &ModelFacts, lately: &Recent<'_>, today: &str) -> ModelEntry {
    // A list without a model says nothing of those that are known.
    let list = facts.served.get(&target.provider).filter(|list| !list.is_empty());
    let listed = list.and_then(|list| list.iter().find(|listed| serves(&listed.id, &target.model)));
    if let Some(day) = listed.and_then(|listed| listed.shutdown.clone()) {
        target.card.shutdown = Some(day);
    }
    let served = listed.is_some();
    // A list need not have what the user has set up.
    let not_served = list.is_some() && !served && !catalog.is_own(&target.name);
    let availability = if target.is_retired_on(today) {
        Availability::Retired
    } else if let Some(variable) = facts.missing_keys.get(&target.provider) {
        Availability::KeyMissing(variable.clone())
    } else if not_served {
        Availability::NotServed
    } else {
        Availability::Ready
    };
    ModelEntry {
        availability,
        favourite: facts.favourites.contains(&target.name),
        recent: lately.place(&target, catalog).is_some(),
        served,
        target,
    }
}

/// Tells whether a name in a provider's list stands for a model: as it is, or with the tag or the day behind it that the
/// model's name leaves out.
fn serves(listed: &str, model: &str) -> bool {
    listed.strip_prefix(model).is_some_and(|rest| {
        let day = rest.strip_prefix('-').is_some_and(|day| {
            day.len() >= 4 && day.chars().all(|c| c.is_ascii_digit() || c == '-') && !day.ends_with('-')
        });
        rest.is_empty() || rest == ":latest" || day
    })
}

/// Tells whether a model of a vendor's list may answer a chat, by its name.
fn answers_chat(id: &str) -> bool {
    !id.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| NO_CHAT.contains(&word.to_ascii_lowercase().as_str()))
}

/// Finds the model that is asked in the place of a vendor's from the day on which that one is shut down: its successor,
/// or the successor's. None while it is served, and where no successor is known.
#[must_use]
pub fn successor_on<'a>(catalog: &'a Catalog, target: &Target, today: &str) -> Option<&'a ModelCard> {
    if !target.is_retired_on(today) {
        return None;
    }
    let vendor = target.vendor().map_or("", |vendor: &Vendor| vendor.name.as_str());
    let mut passed = BTreeSet::new();
    let mut next = target.card.successor.as_deref()?;
    while passed.insert(next) {
        let card = catalog.card(vendor, next)?;
        if !card.retired_on(today) {
            return Some(card);
        }
        next = card.successor.as_deref()?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        Settings, Wire,
        settings::{ModelSettings, ProviderSettings},
    };

    fn card(id: &str, shutdown: Option<(&str, &str)>) -> ModelCard {
        ModelCard {
            id: id.to_owned(),
            known: true,
            shutdown: shutdown.map(|(day, _)| day.to_owned()),
            successor: shutdown.map(|(_, next)| next.to_owned()),
            ..ModelCard::default()
        }
    }

    /// OpenAI with a key, Groq without one, a server of one's own, a model of one's own there, and the demonstration.
    fn catalog() -> Catalog {
        let mut settings = Settings::default();
        for (name, kind) in [("openai", Wire::OpenAi), ("demo", Wire::Demo), ("here", Wire::OpenAi)] {
            settings.providers.insert(name.to_owned(), ProviderSettings::of(kind));
        }
        if let Some(here) = settings.providers.get_mut("here") {
            here.base_url = Some("http://127.0.0.1:8080/v1".to_owned());
        }
        let own = ModelSettings { provider: "here".to_owned(), model: "qwen".to_owned(), ..ModelSettings::default() };
        settings.models.insert("mine".to_owned(), own);
        let cards = [
            ("openai", card("gpt-a", None)),
            ("openai", card("gpt-b", Some(("2027-01-14", "gpt-a")))),
            ("openai", card("gpt-old", Some(("2024-01-01", "gpt-b")))),
            ("groq", card("llama", None)),
            ("groq", card("openai/gpt-a", None)),
        ];
        Catalog::new(cards.map(|(vendor, card)| (vendor.to_owned(), card)).into(), &settings)
    }

    fn served(ids: &[&str]) -> Vec<ServedModel> {
        ids.iter().map(|id| ServedModel { id: (*id).to_owned(), shutdown: None }).collect()
    }

    /// The models of the catalog above; those that stand for vendors which it has no model of are left out.
    fn names(facts: &ModelFacts, today: &str) -> Vec<(String, Availability)> {
        let entries = model_list(&catalog(), facts, today).into_iter();
        let known = |target: &Target| ["openai", "groq", "here"].contains(&target.provider.as_str());
        entries.filter(|entry| known(&entry.target)).map(|entry| (entry.target.name, entry.availability)).collect()
    }

    #[test]
    fn what_can_be_asked_now_comes_first_and_what_is_gone_last() {
        let missing_keys = [("groq".to_owned(), "GROQ_API_KEY".to_owned())].into();
        let facts = ModelFacts { missing_keys, ..ModelFacts::default() };
        let key = Availability::KeyMissing("GROQ_API_KEY".to_owned());
        let is = [
            ("mine", Availability::Ready),
            ("gpt-a", Availability::Ready),
            ("gpt-b", Availability::Ready),
            ("llama", key.clone()),
            ("groq/openai/gpt-a", key),
            ("gpt-old", Availability::Retired),
        ];
        let mut listed = names(&facts, "2026-11-29");
        listed.sort_by_key(|(name, _)| is.iter().position(|(known, _)| known == name));
        assert_eq!(listed, is.clone().map(|(name, availability)| (name.to_owned(), availability)));
        assert!(names(&facts, "2026-11-29").is_sorted_by_key(|(_, availability)| availability.rank()));
        let whole = model_list(&catalog(), &facts, "2026-11-29");
        let demo = whole.iter().rposition(|entry| entry.target.is_demo()).unwrap();
        let next = whole.get(demo + 1).unwrap();
        assert_ne!(next.availability, Availability::Ready, "demonstrations come last of what can be asked");
        assert_eq!(whole.iter().filter(|entry| entry.target.is_demo()).count(), DEMO_MODELS.len());
    }

    #[test]
    fn a_vendor_that_the_table_has_no_model_of_stands_there_with_the_model_of_its_examples() {
        let names = ["together", "groq", "azure", "xai"];
        let missing_keys = names.map(|name| (name.to_owned(), "KEY".to_owned())).into();
        let facts = ModelFacts { missing_keys, ..ModelFacts::default() };
        let list = model_list(&catalog(), &facts, "2026-11-29");
        let of = |provider: &str| list.iter().filter(|entry| entry.target.provider == provider).count();
        assert!(list.iter().any(|entry| entry.target.name == "together/meta-llama/Llama-3.3-70B-Instruct-Turbo"));
        assert_eq!([of("together"), of("groq"), of("azure"), of("mistral")], [1, 2, 0, 0]);

        let mut settings = Settings::default();
        settings.providers.insert("groq".to_owned(), ProviderSettings::of(Wire::OpenAi));
        let with_key = Catalog::new(Vec::new(), &settings);
        let example = |facts: &ModelFacts| {
            model_list(&with_key, facts, "2026-11-29").iter().any(|entry| entry.target.name.starts_with("groq/llama"))
        };
        assert!(example(&ModelFacts::default()), "with a key and without a list there is one to begin with");
        let lists = [("groq".to_owned(), served(&["other"]))].into();
        assert!(!example(&ModelFacts { served: lists, ..ModelFacts::default() }));
    }

    #[test]
    fn what_was_asked_by_its_providers_name_is_listed_once() {
        let facts = ModelFacts { recent: vec!["openai/gpt-b".to_owned()], ..ModelFacts::default() };
        let list = model_list(&catalog(), &facts, "2026-11-29");
        let found: Vec<_> = list.iter().filter(|entry| entry.target.model == "gpt-b").collect();
        assert_eq!((found.len(), found[0].recent, found[0].target.name.as_str()), (1, true, "gpt-b"));
        assert_eq!(list[0].target.name, "gpt-b", "it comes first");
    }

    #[test]
    fn a_list_without_a_model_says_nothing_of_the_known_ones() {
        let facts = ModelFacts { served: [("openai".to_owned(), Vec::new())].into(), ..ModelFacts::default() };
        let of = |facts: &ModelFacts| {
            let list = model_list(&catalog(), facts, "2026-11-29");
            list.into_iter().find(|entry| entry.target.name == "gpt-a").map(|entry| entry.availability)
        };
        assert_eq!(of(&facts), Some(Availability::Ready));
        let served = [("openai".to_owned(), served(&["gpt-b"]))].into();
        assert_eq!(of(&ModelFacts { served, ..ModelFacts::default() }), Some(Availability::NotServed));
    }

    #[test]
    fn favourites_stand_before_recent_ones_and_those_before_the_rest() {
        let facts = ModelFacts {
            favourites: ["gpt-b".to_owned(), "here/extra".to_owned()].into(),
            recent: vec!["gpt-a".to_owned()],
            ..ModelFacts::default()
        };
        let order: Vec<String> = names(&facts, "2026-11-29").into_iter().map(|(name, _)| name).take(4).collect();
        assert_eq!(order, ["gpt-b", "here/extra", "gpt-a", "mine"]);
        assert_eq!(names(&facts, "2027-01-14")[0].0, "here/extra", "a favourite that is gone is no longer first");
    }

    #[test]
    fn a_list_adds_what_is_served_and_hides_what_is_not() {
        let mut facts = ModelFacts::default();
        facts.served.insert("openai".to_owned(), served(&["gpt-a-2026-01-02", "gpt-new", "text-embedding-3", "tts-1"]));
        facts.served.insert("here".to_owned(), served(&["qwen", "my-image-captioner"]));
        facts.served.insert("vllm".to_owned(), served(&["Qwen/Qwen3-8B"]));
        let list = model_list(&catalog(), &facts, "2026-11-29");
        let find = |name: &str| list.iter().find(|entry| entry.target.name == name);
        assert!(find("gpt-a").unwrap().served, "its dated name stands for it");
        assert_eq!(find("gpt-b").unwrap().availability, Availability::NotServed);
        assert!(find("gpt-b").unwrap().only_when_searched());
        for name in ["openai/gpt-new", "here/my-image-captioner", "vllm/Qwen/Qwen3-8B"] {
            assert_eq!(find(name).unwrap().availability, Availability::Ready, "{name}");
        }
        assert!(find("openai/text-embedding-3").is_none() && find("openai/tts-1").is_none());
        assert!(find("here/qwen").is_none() && find("mine").unwrap().served, "named once, by the user's name");
    }

    #[test]
    fn a_providers_own_day_counts_before_the_tables() {
        let mut facts = ModelFacts::default();
        let shutdown = Some("2026-11-01".to_owned());
        facts.served.insert("openai".to_owned(), vec![ServedModel { id: "gpt-a".to_owned(), shutdown }]);
        let list = model_list(&catalog(), &facts, "2026-11-29");
        let retired = list.iter().find(|entry| entry.target.name == "gpt-a").unwrap();
        assert_eq!(retired.availability, Availability::Retired);
    }

    #[test]
    fn names_in_lists_stand_for_models() {
        for (listed, model, is) in [
            ("llama3.2:latest", "llama3.2", true),
            ("claude-haiku-4-5-20251001", "claude-haiku-4-5", true),
            ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", true),
            ("gpt-4-0613", "gpt-4", true),
            ("gpt-4o-mini", "gpt-4o", false),
            ("gpt-4o", "gpt-4", false),
            ("grok-4-1", "grok-4", false),
            ("gpt-4", "gpt-4-0613", false),
        ] {
            assert_eq!(serves(listed, model), is, "{listed} for {model}");
        }
    }

    #[test]
    fn the_successor_of_the_successor_follows_once_that_one_is_gone_too() {
        let catalog = catalog();
        let old = catalog.resolve("gpt-old").unwrap();
        let next = |today| successor_on(&catalog, &old, today).map(|card| card.id.as_str());
        assert_eq!([next("2023-12-31"), next("2024-01-01"), next("2027-01-14")], [None, Some("gpt-b"), Some("gpt-a")]);
        let circle =
            [("openai", card("x", Some(("2020-01-01", "y")))), ("openai", card("y", Some(("2020-01-01", "x"))))];
        let catalog = Catalog::new(circle.map(|(vendor, card)| (vendor.to_owned(), card)).into(), &Settings::default());
        let x = catalog.resolve("x").unwrap();
        assert!(successor_on(&catalog, &x, "2026-01-01").is_none());
    }
}
