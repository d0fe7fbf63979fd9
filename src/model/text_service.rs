//! What a model is asked for in place of an answer.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What is asked of a model that makes no answers, at an address of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TextService {
    /// The embedding of a text.
    Embedding,
    /// Whether a text is harmful, and in what way.
    Moderation,
    /// Which labels a text has, each with a score.
    Classification,
}

impl TextService {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Embedding, Self::Moderation, Self::Classification];

    /// Returns its name: that of its runs on record, and that of promptfoo's map of models by what they are for.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Moderation => "moderation",
            Self::Classification => "classification",
        }
    }

    /// Returns the model that is asked where a check names none, as promptfoo has it; none where one has to be named.
    #[must_use]
    pub fn usual_model(self) -> Option<&'static str> {
        match self {
            Self::Embedding => Some("openai/text-embedding-3-large"),
            Self::Moderation => Some("openai/omni-moderation-latest"),
            Self::Classification => None,
        }
    }
}

impl fmt::Display for TextService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for TextService {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            // It was the only one, and is on record as a flag.
            Self::Embedding => serializer.serialize_bool(true),
            Self::Moderation | Self::Classification => serializer.serialize_str(self.name()),
        }
    }
}

impl<'de> Deserialize<'de> for TextService {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Flag(bool),
            Name(String),
        }
        match Written::deserialize(deserializer)? {
            Written::Flag(true) => Ok(Self::Embedding),
            Written::Flag(false) => Err(de::Error::custom("expected a service")),
            Written::Name(name) => {
                let known = Self::ALL.into_iter().find(|service| service.name() == name);
                known.ok_or_else(|| de::Error::custom(format!("there is no service `{name}`")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_on_record_is_read_as_it_was() {
        for service in TextService::ALL {
            let written = serde_json::to_string(&service).unwrap();
            assert_eq!(serde_json::from_str::<TextService>(&written).unwrap(), service);
        }
        assert_eq!(serde_json::to_string(&TextService::Embedding).unwrap(), "true");
    }
}
