//! The models a lane can have: names, prices, what is gone, and any `provider/model` that is typed.

use jiff::Timestamp;

use crate::{
    app::choice::{Choice, Item},
    model::{Catalog, PicoDollars, ProviderKind, Target},
    pipeline::{KeyState, Readiness},
};

/// What the chosen model is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// A lane that is there, by its place.
    Lane(usize),
    /// A new lane.
    NewLane,
}

/// The list of models.
#[derive(Debug, Clone)]
pub struct Models {
    /// What the chosen one is for.
    pub what: For,
    /// The names of targets.
    pub choice: Choice<String>,
}

/// Ways in which the demonstration can be told to misbehave.
const DEMO_MODES: [&str; 5] = ["slow", "flaky", "cut", "bad-json", "down"];

/// Where a model stands in the list: what is the user's own first, what is gone last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Own,
    Demo,
    Served,
    Gone,
}

fn rank(target: &Target, present: &str, catalog: &Catalog, today: &str) -> Rank {
    if is_gone(target, today) {
        Rank::Gone
    } else if target.is_demo() {
        Rank::Demo
    } else if target.name == present || catalog.card(&target.name).is_none() {
        Rank::Own
    } else {
        Rank::Served
    }
}

impl Models {
    /// Lists every model that can be named, with the present one chosen: the user's own, the
    /// demonstrations, what is served with every dated name after its alias, and last what is gone.
    #[must_use]
    pub fn new(what: For, catalog: &Catalog, present: &str, today: &str) -> Self {
        let mut names: Vec<String> = catalog.names().into_iter().map(str::to_owned).collect();
        for (provider, settings) in catalog.providers() {
            match settings.kind {
                ProviderKind::Demo => {
                    names.push(provider.to_owned());
                    names.extend(DEMO_MODES.iter().map(|mode| format!("{provider}:{mode}")));
                }
                ProviderKind::Command => names.push(provider.to_owned()),
                ProviderKind::OpenAi | ProviderKind::Anthropic | ProviderKind::Ollama => {}
            }
        }
        if !names.iter().any(|name| name == present) {
            names.insert(0, present.to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        names.retain(|name| seen.insert(name.clone()));
        let mut targets: Vec<Target> = names.iter().filter_map(|name| catalog.resolve(name).ok()).collect();
        targets.sort_by_key(|target| rank(target, present, catalog, today));
        let mut choice = Choice::new(targets.iter().map(|target| item(target, today)).collect());
        choice.choose_where(|name| name == present);
        Self { what, choice }
    }

    /// Says what is asked for.
    #[must_use]
    pub fn title(&self) -> &'static str {
        match self.what {
            For::Lane(_) => "Model of this lane",
            For::NewLane => "Model of the new lane",
        }
    }

    /// Returns the name that is taken: the chosen one, or what was typed where the list has nothing
    /// like it or that is a whole `provider/model`.
    #[must_use]
    pub fn taken(&self) -> Option<String> {
        let typed = self.choice.query.text().trim().to_owned();
        let whole = typed.contains(['/', ':']) && !self.choice.shown().any(|item| item.value == typed);
        match self.choice.chosen() {
            Some(item) if !whole => Some(item.value.clone()),
            _ => Some(typed).filter(|typed| !typed.is_empty()),
        }
    }
}

fn item(target: &Target, today: &str) -> Item<String> {
    let mut parts = vec![target.provider.clone()];
    if target.is_demo() {
        parts.push("demonstration, no key and no network".to_owned());
    } else if let Some(price) = &target.card.price {
        parts.push(format!("{} in, {} out per million", per_million(price.input), per_million(price.output)));
    } else {
        parts.push("price ?".to_owned());
    }
    if let Some(context) = target.card.context {
        parts.push(format!("{}k context", context / 1000));
    }
    let gone = is_gone(target, today);
    parts.extend(warning(target, today));
    Item { usable: !gone, ..Item::new(target.name.clone(), target.name.clone(), parts.join(" · ")) }
}

fn per_million(price: PicoDollars) -> String {
    let dollars = price.0 as f64 / 1e6;
    if dollars == 0.0 { "free".to_owned() } else { format!("${dollars}") }
}

/// Tells whether the provider no longer serves a target. Another endpoint may still do.
#[must_use]
pub fn is_gone(target: &Target, today: &str) -> bool {
    !target.custom_endpoint && target.card.retired_on(today)
}

/// Says what should be known of a target before it is asked: that it is gone or going, and what follows it.
#[must_use]
pub fn warning(target: &Target, today: &str) -> Option<String> {
    if target.custom_endpoint {
        return None;
    }
    let day = target.card.shutdown.as_deref()?;
    let successor = target.card.successor.as_ref().map_or_else(String::new, |next| format!("; {next} follows it"));
    let when = if target.card.retired_on(today) { "retired" } else { "to be shut down" };
    Some(format!("{when} on {day}{successor}"))
}

/// Says in words how a key stands: its label, its account where that has another name, and its state.
#[must_use]
pub fn standing(key: &KeyState, now: Timestamp) -> String {
    let account = if key.account == key.label { String::new() } else { format!(" (account {})", key.account) };
    let left = |until: Timestamp| until.as_second().saturating_sub(now.as_second()).max(0);
    let state = match &key.state {
        Readiness::Ready => "ready".to_owned(),
        Readiness::Cooling { until } => format!("rests {} s", left(*until)),
        Readiness::Retired { until, why } if *until > now => format!("rests {} s: {why}", left(*until)),
        Readiness::Retired { why, .. } => format!("is tried again: {why}"),
    };
    format!("{}{account} {state}", key.label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        app::line::Line,
        model::{ModelCard, Settings, settings::ProviderSettings},
    };

    fn catalog() -> Catalog {
        let mut settings = Settings::default();
        for (name, kind) in [("openai", ProviderKind::OpenAi), ("demo", ProviderKind::Demo)] {
            settings.providers.insert(name.to_owned(), ProviderSettings::of(kind));
        }
        let card = |id: &str, shutdown: Option<&str>| ModelCard {
            id: id.to_owned(),
            known: true,
            shutdown: shutdown.map(str::to_owned),
            successor: shutdown.map(|_| "newer".to_owned()),
            ..ModelCard::default()
        };
        let cards = [card("older", Some("2024-01-01")), card("present", None), card("leaving", Some("2027-01-01"))];
        let cards = cards.into_iter().chain([card("leaving-2026-01-01", None)]);
        Catalog::new(cards.map(|card| (ProviderKind::OpenAi, card)).collect(), &settings)
    }

    #[test]
    fn gone_models_come_last_and_say_what_follows_them() {
        let models = Models::new(For::Lane(0), &catalog(), "present", "2026-01-01");
        assert_eq!(models.choice.chosen().map(|item| item.value.as_str()), Some("present"));
        let last = models.choice.shown().last().unwrap().clone();
        assert!(!last.usable && last.detail.contains("retired on 2024-01-01; newer follows it"), "{last:?}");
        let leaving = models.choice.shown().find(|item| item.value == "leaving").unwrap();
        assert!(leaving.usable && leaving.detail.contains("to be shut down on 2027-01-01"));
        let order: Vec<&str> = models.choice.shown().map(|item| item.value.as_str()).collect();
        let demo = ["demo", "demo:slow", "demo:flaky", "demo:cut", "demo:bad-json", "demo:down"];
        assert_eq!(order, [&["present"][..], &demo, &["leaving", "leaving-2026-01-01", "older"]].concat());
    }

    #[test]
    fn a_key_is_said_by_its_label_with_its_state() {
        let now = Timestamp::from_second(100).unwrap();
        let said = |account: &str, state| {
            let (provider, label) = ("openai".to_owned(), "env:K".to_owned());
            standing(&KeyState { provider, label, account: account.to_owned(), state }, now)
        };
        assert_eq!(said("env:K", Readiness::Ready), "env:K ready");
        let until = Timestamp::from_second(142).unwrap();
        assert_eq!(said("team", Readiness::Cooling { until }), "env:K (account team) rests 42 s");
        let refused = |until| Readiness::Retired { until, why: "key refused".to_owned() };
        assert_eq!(said("env:K", refused(until)), "env:K rests 42 s: key refused");
        assert_eq!(said("env:K", refused(now)), "env:K is tried again: key refused");
    }

    #[test]
    fn a_model_that_is_typed_whole_is_taken_as_it_is() {
        let mut models = Models::new(For::NewLane, &catalog(), "present", "2026-01-01");
        models.choice.query = Line::default();
        models.choice.paste("openai/present");
        assert_eq!(models.taken().as_deref(), Some("openai/present"));
        models.choice.key("ctrl-u".parse().unwrap());
        models.choice.paste("demo:cut");
        assert_eq!(models.taken().as_deref(), Some("demo:cut"));
    }
}
