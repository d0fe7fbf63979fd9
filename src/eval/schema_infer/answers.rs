//! What many answers have in common: the fields all of them have, the types of each, the few words one is made of.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::InferredSchema;
use crate::model::schema_rules::nullable;

/// Texts of a field that are told apart, at most: with more of them it is no choice between words.
const WORDS: usize = 8;

/// Answers from which on a few texts that come again are a choice.
const ENOUGH: u64 = 10;

/// The longest text that can be one of a choice, in characters.
const WORD: usize = 60;

/// Fields of an object that are told apart, at most.
const FIELDS: usize = 300;

/// Values in each other that are looked at.
const DEEP: usize = 64;

/// Fields and lists that are looked at in all.
const PLACES: usize = 5_000;

/// What the answers are that it was shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AnswerShape {
    answers: u64,
    places: usize,
    cut: bool,
    root: ValueShape,
}

/// What the values at a place are.
#[derive(Debug, Clone, Default, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a type that was seen")]
struct ValueShape {
    nulls: bool,
    bools: bool,
    integers: bool,
    fractions: bool,
    texts: TextShape,
    lists: bool,
    items: Option<Box<Self>>,
    objects: u64,
    /// The members with their number, in the order in which they came first.
    members: Vec<(String, u64, Self)>,
    /// Whether there are more members than are told apart.
    open: bool,
}

/// What the texts at a place are.
#[derive(Debug, Clone, Default, PartialEq)]
struct TextShape {
    count: u64,
    /// The answers that have one here.
    answers: u64,
    last: u64,
    words: Vec<String>,
    /// Whether there are too many, or too long ones, to be a choice.
    free: bool,
    formats: Option<BTreeSet<&'static str>>,
}

impl AnswerShape {
    /// Looks at a further answer.
    pub fn take(&mut self, answer: &Value) {
        self.answers += 1;
        let mut places = self.places;
        let whole = self.root.take(answer, self.answers, DEEP, &mut places);
        self.places = places;
        self.cut |= !whole;
    }

    /// Counts the answers.
    #[must_use]
    pub fn answers(&self) -> u64 {
        self.answers
    }

    /// Makes the schema that all of them are valid against.
    #[must_use]
    pub fn inferred(&self) -> InferredSchema {
        let mut notes = Vec::new();
        if self.cut {
            notes.push(
                "the answers have more fields, or deeper ones, than are looked at: those may be anything".to_owned(),
            );
        }
        let schema = if self.answers == 0 { json!({}) } else { self.root.schema("", &mut notes) };
        InferredSchema { schema, notes }
    }
}

impl ValueShape {
    /// Takes a value in; false where it is not looked at as a whole.
    fn take(&mut self, value: &Value, answer: u64, deep: usize, places: &mut usize) -> bool {
        match value {
            Value::Null => self.nulls = true,
            Value::Bool(_) => self.bools = true,
            Value::Number(number) if number.is_i64() || number.is_u64() => self.integers = true,
            Value::Number(_) => self.fractions = true,
            Value::String(text) => self.texts.take(text, answer),
            Value::Array(items) => {
                self.lists = true;
                let Some(deep) = deep.checked_sub(1) else { return items.is_empty() };
                let mut whole = true;
                for item in items {
                    let inner = self.items.get_or_insert_default();
                    whole &= inner.take(item, answer, deep, places);
                }
                return whole;
            }
            Value::Object(members) => {
                self.objects += 1;
                let Some(deep) = deep.checked_sub(1) else {
                    self.open |= !members.is_empty();
                    return members.is_empty();
                };
                let mut whole = true;
                for (name, value) in members {
                    let known = self.members.iter().position(|(known, ..)| known == name);
                    if known.is_none() && (self.members.len() >= FIELDS || *places >= PLACES) {
                        (self.open, whole) = (true, false);
                        continue;
                    }
                    if known.is_none() {
                        *places += 1;
                        self.members.push((name.clone(), 0, Self::default()));
                    }
                    let place = known.unwrap_or(self.members.len() - 1);
                    if let Some((_, count, inner)) = self.members.get_mut(place) {
                        *count += 1;
                        whole &= inner.take(value, answer, deep, places);
                    }
                }
                return whole;
            }
        }
        true
    }

    fn schema(&self, at: &str, notes: &mut Vec<String>) -> Value {
        let mut kinds = Vec::new();
        if self.bools {
            kinds.push(json!({ "type": "boolean" }));
        }
        if self.fractions {
            kinds.push(json!({ "type": "number" }));
        } else if self.integers {
            kinds.push(json!({ "type": "integer" }));
        }
        if self.texts.count > 0 {
            kinds.push(self.texts.schema());
        }
        if self.lists {
            kinds.push(match &self.items {
                Some(items) => json!({ "type": "array", "items": items.schema(&format!("{at}/-"), notes) }),
                None => json!({ "type": "array" }),
            });
        }
        if self.objects > 0 {
            kinds.push(self.object(at, notes));
        }
        if kinds.len() > 1 {
            let place = if at.is_empty() { "the answer" } else { at };
            notes.push(format!("{place} is of {} types in turn", kinds.len()));
        }
        let whole = match kinds.len() {
            0 => return json!({ "type": "null" }),
            1 => kinds.swap_remove(0),
            _ => json!({ "anyOf": kinds }),
        };
        if self.nulls { nullable(whole) } else { whole }
    }

    fn object(&self, at: &str, notes: &mut Vec<String>) -> Value {
        let mut properties = Map::new();
        for (name, _, inner) in &self.members {
            let escaped = name.replace('~', "~0").replace('/', "~1");
            properties.insert(name.clone(), inner.schema(&format!("{at}/{escaped}"), notes));
        }
        let required: Vec<&String> =
            self.members.iter().filter(|(_, count, _)| *count == self.objects).map(|(name, ..)| name).collect();
        json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": self.open,
        })
    }
}

impl TextShape {
    fn take(&mut self, text: &str, answer: u64) {
        self.count += 1;
        if self.last != answer {
            (self.last, self.answers) = (answer, self.answers + 1);
        }
        let formats = self.formats.get_or_insert_with(|| FORMATS.iter().map(|(name, _)| *name).collect());
        formats.retain(|name| FORMATS.iter().any(|(known, is)| known == name && is(text)));
        if self.free || self.words.iter().any(|word| word == text) {
            return;
        }
        self.free = self.words.len() >= WORDS || text.is_empty() || text.chars().count() > WORD;
        if self.free {
            self.words.clear();
        } else {
            self.words.push(text.to_owned());
        }
    }

    fn schema(&self) -> Value {
        if let Some(format) = self.formats.iter().flatten().next() {
            return json!({ "type": "string", "format": format });
        }
        // One word alone is not a choice yet.
        if !self.free && self.answers >= ENOUGH && self.words.len() > 1 {
            return json!({ "type": "string", "enum": self.words });
        }
        json!({ "type": "string" })
    }
}

/// Tells whether a text is in a format.
type IsFormat = fn(&str) -> bool;

/// The formats that are told, each with what is one: rather too few than a text that is none.
const FORMATS: &[(&str, IsFormat)] =
    &[("date", is_date), ("date-time", is_date_time), ("email", is_email), ("uri", is_uri), ("uuid", is_uuid)];

fn is_date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

fn is_date_time(text: &str) -> bool {
    text.as_bytes().get(10) == Some(&b'T')
        && (text.ends_with('Z') || text.get(19..).is_some_and(|rest| rest.contains(['+', '-']) && rest.contains(':')))
        && !text.contains('[')
        && text.parse::<jiff::Timestamp>().is_ok()
}

fn is_email(text: &str) -> bool {
    let plain = |part: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
        let ends = |c: char| c.is_ascii_alphanumeric();
        part.starts_with(ends) && part.ends_with(ends) && part.chars().all(allowed) && !part.contains("..")
    };
    text.split_once('@').is_some_and(|(name, host)| {
        plain(name) && plain(host) && host.contains('.') && !host.contains(['_', '+']) && text.len() < 200
    })
}

fn is_uri(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/?#@!$&'()*+,;=".contains(c);
    rest.is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphanumeric()) && rest.chars().all(allowed) && !rest.contains(':')
    })
}

fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}
