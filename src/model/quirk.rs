//! What models do otherwise than their wire has it, as refusals have taught: each quirk with what it changes and
//! how it is called.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::{model_card::JsonSupport, target::Target, target_settings::SystemRole, wire::Wire};

/// How long a quirk is remembered: models are changed, and so are the accounts that ask them.
pub const QUIRK_LASTS: SignedDuration = SignedDuration::from_hours(30 * 24);

/// One thing that a model, or the account that asks it, does not take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "quirk", content = "value")]
pub enum ModelQuirk {
    /// Its answers come whole and are not streamed.
    NoStream,
    /// It takes no `stream_options`, and says nothing of usage while it streams.
    NoStreamOptions,
    /// It takes no system messages.
    NoSystemRole,
    /// It takes no parameter of this name, by the names that all wires share.
    NoParam(String),
    /// Its token limit is called `max_completion_tokens` if true, else `max_tokens`.
    CompletionTokens(bool),
    /// It takes token limits up to this one.
    MaxTokens(u64),
    /// It takes no more than this to ask for JSON.
    Json(JsonSupport),
    /// It is served by the Responses API alone.
    ResponsesOnly,
}

impl ModelQuirk {
    /// Tells whether both are about the same thing, so that the later one stands for both.
    #[must_use]
    pub fn is_about_the_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::NoParam(name), Self::NoParam(other)) => name == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }

    /// Adds it to others, in the place of one about the same thing.
    pub fn add_to(self, quirks: &mut Vec<Self>) {
        quirks.retain(|other| !self.is_about_the_same(other));
        quirks.push(self);
    }

    /// Changes how a target is asked.
    pub fn apply(&self, target: &mut Target) {
        let Target { kind, options, card, .. } = target;
        match self {
            Self::NoStream => options.whole = true,
            Self::NoStreamOptions => options.drop.push("stream_options".to_owned()),
            Self::NoSystemRole => options.system = SystemRole::Fold,
            Self::NoParam(name) => card.rejects.push(name.clone()),
            Self::CompletionTokens(completion) => card.completion_tokens = *completion,
            Self::MaxTokens(most) => {
                card.max_tokens = Some(*most);
                card.max_output = Some(card.max_output.map_or(*most, |known| known.min(*most)));
            }
            Self::Json(support) => card.json = *support,
            Self::ResponsesOnly => *kind = Wire::Responses,
        }
    }

    /// Says what the model does, to follow its name: `takes no temperature`.
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::NoStream => "is not streamed, its answers come whole".to_owned(),
            Self::NoStreamOptions => "takes no stream_options".to_owned(),
            Self::NoSystemRole => "takes no system messages".to_owned(),
            Self::NoParam(name) => format!("takes no {name}"),
            Self::CompletionTokens(completion) => format!("calls the token limit {}", limit_name(*completion)),
            Self::MaxTokens(most) => format!("takes max_tokens up to {most}"),
            Self::Json(JsonSupport::None) => "takes no response_format".to_owned(),
            Self::Json(JsonSupport::Object) => "takes a JSON object as response_format, and no JSON Schema".to_owned(),
            Self::Json(JsonSupport::Schema) => "takes a JSON Schema as response_format".to_owned(),
            Self::Json(JsonSupport::SchemaOnly) => "takes JSON Schemas alone as response_format".to_owned(),
            Self::ResponsesOnly => "is served by the Responses API alone".to_owned(),
        }
    }

    /// Says what is sent otherwise because a request was just refused.
    #[must_use]
    pub fn notice(&self, model: &str) -> String {
        match self {
            Self::NoStreamOptions => left_out("stream_options", model),
            Self::NoParam(name) => left_out(name, model),
            Self::CompletionTokens(completion) => {
                format!("{model} calls the token limit {}; renamed", limit_name(*completion))
            }
            Self::MaxTokens(most) => lowered(*most, model),
            Self::Json(JsonSupport::None) => left_out("response_format", model),
            Self::Json(JsonSupport::Object) => {
                format!("a JSON Schema was refused by {model}; a JSON object is asked for")
            }
            Self::Json(JsonSupport::Schema | JsonSupport::SchemaOnly) => {
                format!("a JSON object without a schema was refused by {model}; JSON is asked for in words")
            }
            Self::NoStream | Self::NoSystemRole | Self::ResponsesOnly => self.known_notice(model).unwrap_or_default(),
        }
    }

    /// Says what is sent otherwise because of what was known before; none where fitting the request to the model says
    /// it, or where nothing of what the user set is changed.
    #[must_use]
    pub fn known_notice(&self, model: &str) -> Option<String> {
        match self {
            Self::NoStream => Some(format!("{model} was not allowed to stream; the answer comes whole")),
            Self::NoSystemRole => {
                Some(format!("{model} takes no system messages; they go in front of the first user message"))
            }
            Self::ResponsesOnly => Some(format!(
                "{model} is served by the Responses API alone, and asked there; wire = \"responses\" in config.toml says so"
            )),
            Self::NoStreamOptions
            | Self::NoParam(_)
            | Self::CompletionTokens(_)
            | Self::MaxTokens(_)
            | Self::Json(_) => None,
        }
    }
}

/// Returns what a token limit is called: `max_completion_tokens` if `completion`, else `max_tokens`.
#[must_use]
pub fn limit_name(completion: bool) -> &'static str {
    if completion { "max_completion_tokens" } else { "max_tokens" }
}

fn left_out(name: &str, model: &str) -> String {
    format!("{name} was refused by {model}; left out")
}

/// Says that a token limit is lowered to the most that a model takes.
#[must_use]
pub fn lowered(most: u64, model: &str) -> String {
    format!("max_tokens lowered to {most}: {model} takes no more")
}

/// Which model, where, and over which wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ModelPlace {
    /// The provider's name in the settings.
    pub provider: String,
    /// The address it is asked at, without what may be secret of it; none where it is the vendor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The wire of the settings.
    pub wire: Wire,
    /// The model's name on the wire.
    pub model: String,
}

impl ModelPlace {
    /// Names the model of a target.
    #[must_use]
    pub fn of(target: &Target) -> Self {
        let Target { provider, base_url, kind, model, .. } = target;
        Self { provider: provider.clone(), base_url: base_url.as_deref().map(bare), wire: *kind, model: model.clone() }
    }

    /// Names it as a model is named in commands: `provider/model`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}

/// Takes the user's name and password, the query and the fragment out of an address.
fn bare(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    }
}

/// The quirks that were learnt so far, each under the place where its model is asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownQuirks(BTreeMap<ModelPlace, Vec<ModelQuirk>>);

impl KnownQuirks {
    /// Adds a quirk, in the place of one about the same thing.
    pub fn add(&mut self, place: ModelPlace, quirk: ModelQuirk) {
        quirk.add_to(self.0.entry(place).or_default());
    }

    /// Lists what is known of a target's model.
    #[must_use]
    pub fn of(&self, target: &Target) -> Vec<ModelQuirk> {
        if self.0.is_empty() { Vec::new() } else { self.0.get(&ModelPlace::of(target)).cloned().unwrap_or_default() }
    }

    /// Returns a target as its model is asked.
    #[must_use]
    pub fn corrected(&self, mut target: Target) -> Target {
        for quirk in self.of(&target) {
            quirk.apply(&mut target);
        }
        target
    }
}

impl FromIterator<LearntQuirk> for KnownQuirks {
    fn from_iter<T: IntoIterator<Item = LearntQuirk>>(learnt: T) -> Self {
        let mut known = Self::default();
        for LearntQuirk { place, quirk, .. } in learnt {
            known.add(place, quirk);
        }
        known
    }
}

/// A quirk of a model, with when and from which words it was learnt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearntQuirk {
    /// Whose it is.
    #[serde(flatten)]
    pub place: ModelPlace,
    #[serde(flatten)]
    pub quirk: ModelQuirk,
    /// When it was learnt.
    pub learnt: Timestamp,
    /// What the server said, without keys.
    pub message: String,
}

impl LearntQuirk {
    /// Tells whether it still counts.
    #[must_use]
    pub fn lasts_at(&self, now: Timestamp) -> bool {
        now.duration_since(self.learnt) < QUIRK_LASTS
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::{ModelCard, TargetOptions};

    #[test]
    fn what_may_be_secret_of_an_address_is_left_out() {
        for (url, bared) in [
            ("https://user:pass@host:8/v1?key=1#x", "https://host:8/v1"),
            ("https://host/a@b", "https://host/a@b"),
            ("https://token@host", "https://host"),
            ("host/v1?k=1", "host/v1"),
        ] {
            assert_eq!(bare(url), bared);
        }
    }

    #[test]
    fn each_quirk_changes_its_target_and_is_read_as_it_was_written() {
        let plain = Target {
            name: "m".to_owned(),
            provider: "p".to_owned(),
            kind: Wire::OpenAi,
            base_url: None,
            custom_endpoint: true,
            model: "m-1".to_owned(),
            command: Vec::new(),
            headers: BTreeMap::new(),
            options: TargetOptions::default(),
            card: ModelCard::default(),
        };
        for quirk in [
            ModelQuirk::NoStream,
            ModelQuirk::NoStreamOptions,
            ModelQuirk::NoSystemRole,
            ModelQuirk::NoParam("seed".to_owned()),
            ModelQuirk::CompletionTokens(true),
            ModelQuirk::MaxTokens(7),
            ModelQuirk::Json(JsonSupport::None),
            ModelQuirk::Json(JsonSupport::Object),
            ModelQuirk::ResponsesOnly,
        ] {
            let mut target = plain.clone();
            quirk.apply(&mut target);
            assert_ne!(target, plain, "{quirk:?}");
            assert!(!quirk.notice("m-1").is_empty() && !quirk.description().is_empty());
            let place = ModelPlace::of(&plain);
            let learnt = LearntQuirk { place, quirk, learnt: Timestamp::UNIX_EPOCH, message: "no".to_owned() };
            let written = serde_json::to_string(&learnt).unwrap();
            assert_eq!(serde_json::from_str::<LearntQuirk>(&written).unwrap(), learnt, "{written}");
        }
    }

    #[test]
    fn the_later_of_two_about_the_same_stands() {
        let mut all = Vec::new();
        let none = |name: &str| ModelQuirk::NoParam(name.to_owned());
        for quirk in [ModelQuirk::MaxTokens(9), none("seed"), ModelQuirk::MaxTokens(7), none("stop"), none("seed")] {
            quirk.add_to(&mut all);
        }
        assert_eq!(all, [ModelQuirk::MaxTokens(7), none("stop"), none("seed")]);
    }

    #[test]
    fn a_quirk_is_forgotten_after_a_month() {
        let place = ModelPlace { provider: "p".to_owned(), base_url: None, wire: Wire::OpenAi, model: "m".to_owned() };
        let learnt =
            LearntQuirk { place, quirk: ModelQuirk::NoStream, learnt: Timestamp::UNIX_EPOCH, message: String::new() };
        let at = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        assert!(learnt.lasts_at(at(30 * 24 - 1)) && !learnt.lasts_at(at(30 * 24)));
    }
}
