//! An answer made up from the format that is asked for, or a value that a JSON Schema allows, filled from the input.

use serde_json::{Map, Value, json};

use crate::{
    model::Role,
    provider::{
        Call, WireFormat,
        wires::{
            demo,
            demo::{input_reading, input_reading::InputWords, proposals},
        },
    },
};

/// How well a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Skill {
    /// As well as the input can be read without understanding it.
    Able,
    /// Some inputs get a wrong choice, some a low confidence, texts are cut to a sentence: always the same ones.
    Weak,
    /// The same with a prompt that says what helps it: no choice is wrong.
    Careful,
}

impl Skill {
    /// Returns how well it answers a prompt that says this.
    fn instructed(self, instruction: &str) -> Self {
        if self == Self::Weak && proposals::helps(instruction) { Self::Careful } else { self }
    }

    /// Tells whether the choices for an input are wrong ones.
    fn errs(self, input: &InputWords<'_>) -> bool {
        self == Self::Weak && input.hash("slip").is_multiple_of(4)
    }

    /// Tells whether an input is answered with a low confidence.
    fn doubts(self, input: &InputWords<'_>) -> bool {
        matches!(self, Self::Weak | Self::Careful) && input.hash("doubt").is_multiple_of(3)
    }
}

/// Tells whether the choices for an input are wrong ones.
pub(crate) fn errs(skill: Skill, input: &InputWords<'_>) -> bool {
    skill.errs(input)
}

/// Composes the answer to a call: the same for the same messages, format and skill.
pub(crate) fn answer(call: &Call, skill: Skill) -> String {
    let (input, skill) = (InputWords::of(demo::input(call)), skill.instructed(&instruction(call)));
    match &call.format {
        WireFormat::Text => prose(&instruction(call), &input, skill),
        WireFormat::JsonObject => {
            let schema = input_reading::named(&instruction(call))
                .or_else(|| input_reading::named_among_input(demo::input(call)));
            let schema = schema.unwrap_or_else(|| json!({ "type": "object", "properties": { "answer": {} } }));
            pretty(&fill(&schema, &input, skill))
        }
        WireFormat::JsonSchema(asked) => {
            pretty(&proposals::edits(asked, demo::input(call)).unwrap_or_else(|| fill(asked, &input, skill)))
        }
    }
}

/// Everything that is said in system messages.
fn instruction(call: &Call) -> String {
    let words =
        call.messages.iter().filter(|message| message.role == Role::System).map(|message| message.content.as_str());
    words.collect::<Vec<_>>().join("\n")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// The weightiest sentences of the input: as many as asked for, as a list if a list is asked for.
fn prose(instruction: &str, input: &InputWords<'_>, skill: Skill) -> String {
    let instruction = instruction.to_lowercase();
    let count = match skill {
        Skill::Able => sentences_asked(&instruction).unwrap_or(2),
        Skill::Weak | Skill::Careful => 1,
    };
    let gist = input.gist(count);
    match gist.as_slice() {
        [] => "There is no text to work on.".to_owned(),
        _ if input.asks() && input.sentences().len() <= count => NO_ANSWERS.to_owned(),
        gist if instruction.contains("bullet") || instruction.contains("a list") => {
            gist.iter().map(|sentence| format!("- {sentence}")).collect::<Vec<_>>().join("\n")
        }
        gist => gist.join(" "),
    }
}

/// How many sentences, bullets or points an instruction asks for.
fn sentences_asked(instruction: &str) -> Option<usize> {
    const NUMBERS: &[&str] = &["one", "two", "three", "four", "five", "six", "seven"];
    let mut number = None;
    for word in InputWords::of(instruction).words() {
        let named = NUMBERS.iter().position(|name| name == word).map(|place| place + 1);
        let counted = named.or_else(|| word.parse().ok().filter(|count| (1..=20).contains(count)));
        number = counted.or(number);
        if ["sentence", "sentences", "bullet", "bullets", "points", "lines"].contains(&word.as_str())
            && number.is_some()
        {
            return number;
        }
    }
    None
}

/// Nesting that is filled; below it values are null.
const DEPTH: usize = 8;
/// Items put into an array, if its schema wants no other number.
const ITEMS: u64 = 3;

/// Fills a schema from an input. Follows local references only; keywords it does not know are left alone.
pub(crate) fn fill(schema: &Value, input: &InputWords<'_>, skill: Skill) -> Value {
    Filling { root: schema, input, skill, always: false }.value(schema, "", 0)
}

/// Fills the schema of a tool's arguments from an input: a text that the input has nothing for gets its weightiest words,
/// as a tool is not called with nothing.
pub(crate) fn arguments(schema: &Value, input: &InputWords<'_>, skill: Skill) -> Value {
    Filling { root: schema, input, skill, always: true }.value(schema, "", 0)
}

/// The words that an argument has where the input has nothing of its kind.
const WORDS: usize = 3;

struct Filling<'a> {
    root: &'a Value,
    input: &'a InputWords<'a>,
    skill: Skill,
    /// Whether no text is left empty.
    always: bool,
}

impl Filling<'_> {
    fn value(&self, schema: &Value, name: &str, depth: usize) -> Value {
        if depth > DEPTH {
            return Value::Null;
        }
        if let Some(local) = schema.get("$ref").and_then(Value::as_str).and_then(|link| link.strip_prefix('#')) {
            return self.root.pointer(local).map_or(Value::Null, |target| self.value(target, name, depth + 1));
        }
        if let Some(only) = schema.get("const") {
            return only.clone();
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            return self.choose(choices, name);
        }
        for several in ["anyOf", "oneOf", "allOf"] {
            if let Some(first) = schema.get(several).and_then(Value::as_array).and_then(|list| list.first()) {
                return self.value(first, name, depth + 1);
            }
        }
        match kind(schema) {
            Some("object") => self.object(schema, depth),
            Some("array") => self.array(schema, name, depth),
            Some("number") => self.number(schema, name, false),
            Some("integer") => self.number(schema, name, true),
            Some("boolean") => self.flag(name),
            Some("null") => Value::Null,
            Some("string") => Value::String(within_length(self.text_or_words(name), schema)),
            _ => self.by_name(name),
        }
    }

    /// Fills the properties, the required ones first and in the order they are required in.
    fn object(&self, schema: &Value, depth: usize) -> Value {
        let mut object = Map::new();
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            return Value::Object(object);
        };
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        for name in required.chain(properties.keys().map(String::as_str)) {
            if let Some(property) = properties.get(name)
                && !object.contains_key(name)
            {
                object.insert(name.to_owned(), self.value(property, name, depth + 1));
            }
        }
        Value::Object(object)
    }

    fn array(&self, schema: &Value, name: &str, depth: usize) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_u64);
        let least = bound("minItems").unwrap_or(0).min(20);
        let wanted = ITEMS.clamp(least, bound("maxItems").unwrap_or(ITEMS).max(least));
        let any = json!({});
        let items = schema.get("items").unwrap_or(&any);
        let plain = matches!(kind(items), None | Some("string")) && items.get("enum").is_none();
        if plain {
            let topics = self.input.topics();
            let mut list: Vec<Value> =
                topics.into_iter().take(usize::try_from(wanted).unwrap_or(0)).map(Value::from).collect();
            while (list.len() as u64) < least {
                list.push(Value::from(""));
            }
            return Value::Array(list);
        }
        let count = wanted.min(least.max(1));
        Value::Array((0..count).map(|_| self.value(items, name, depth + 1)).collect())
    }

    fn number(&self, schema: &Value, name: &str, whole: bool) -> Value {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let low = bound("minimum").or_else(|| bound("exclusiveMinimum"));
        let high = bound("maximum").or_else(|| bound("exclusiveMaximum"));
        let share = (self.input.hash(name) % 1000) as f64 / 1000.0;
        if is_share(name) || (!whole && low.is_none_or(|low| low >= 0.0) && high == Some(1.0)) {
            let (low, high) = (low.unwrap_or(0.0), high.unwrap_or(1.0));
            let part = if self.skill.doubts(self.input) { 0.55 + share * 0.14 } else { 0.55 + share * 0.42 };
            let sure = low + part * (high - low);
            return if whole { json!(sure.round() as i64) } else { json!(round(sure, 100.0)) };
        }
        let inside = |number: f64| low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high);
        let least = low.unwrap_or(0.0);
        let most = high.unwrap_or(least + 10.0);
        let guess = self.input.number().filter(|number| inside(*number)).unwrap_or(least + share * (most - least));
        if whole { json!(guess.round() as i64) } else { json!(round(guess, 100.0)) }
    }

    fn flag(&self, name: &str) -> Value {
        let name = name.to_lowercase();
        let topic = InputWords::of(&name.replace('_', " ")).words().iter().any(|word| {
            let stem: String = word.chars().take(5).collect();
            word.chars().count() > 3 && self.input.words().iter().any(|other| other.starts_with(&stem))
        });
        let pressing = ["urgent", "negative", "complain", "escalat", "angry"].iter().any(|word| name.contains(word));
        let asking = name.contains("question");
        Value::Bool(topic || (pressing && self.input.tone() < 0) || (asking && self.input.asks()))
    }

    /// Chooses the value that the input speaks of most; where it speaks of none, the input's hash decides.
    fn choose(&self, choices: &[Value], name: &str) -> Value {
        let weights: Vec<i32> =
            choices.iter().map(|choice| choice.as_str().map_or(0, |word| self.weight(word))).collect();
        let most = weights.iter().copied().max().unwrap_or(0);
        let errs = self.skill.errs(self.input) && weights.iter().any(|weight| *weight < most);
        let best: Vec<&Value> = choices
            .iter()
            .zip(&weights)
            .filter(|(_, weight)| (**weight == most) != errs)
            .map(|(choice, _)| choice)
            .collect();
        let place = usize::try_from(self.input.hash(name) % best.len().max(1) as u64).unwrap_or(0);
        best.get(place).map_or(Value::Null, |choice| (*choice).clone())
    }

    fn weight(&self, choice: &str) -> i32 {
        let choice = choice.to_lowercase();
        let tone = self.input.tone();
        let is = |words: &[&str]| words.iter().any(|word| choice.contains(word));
        let stem: String = choice.chars().take(5).collect();
        let named = choice.chars().count() > 2 && self.input.words().iter().any(|word| word.starts_with(&stem));
        let spoken = TOPICS.iter().filter(|(topic, _)| choice.contains(topic)).flat_map(|(_, words)| *words);
        let spoken = spoken.filter(|word| self.input.words().iter().any(|other| other.starts_with(**word))).count();
        let mood = match () {
            () if is(&["positive", "happy", "good", "praise", "satisfied"]) => tone * 2,
            () if is(&["negative", "unhappy", "bad", "angry", "complain", "urgent", "high"]) => -tone * 2,
            () if is(&["neutral", "mixed", "medium", "normal"]) => i32::from(tone.abs() < 2),
            () if is(&["question", "inquiry"]) => i32::from(self.input.asks()) * 2,
            () => 0,
        };
        mood + i32::from(named) * 2 + i32::try_from(spoken).unwrap_or(0)
    }

    fn by_name(&self, name: &str) -> Value {
        let lower = name.to_lowercase();
        let is = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        match () {
            () if is_share(&lower) => self.number(&json!({}), name, false),
            () if is(&["count", "quantity", "amount", "total", "price", "age", "year"]) => {
                self.number(&json!({}), name, true)
            }
            () if lower.starts_with("is_") || lower.starts_with("has_") || is(&["urgent"]) => self.flag(name),
            () if is(&["tags", "keywords", "topics", "items", "points", "entities"]) => self.array(&json!({}), name, 0),
            () => Value::String(self.text_or_words(name)),
        }
    }

    /// Copies what [`text`](Self::text) does, or the weightiest words where that is nothing and nothing is not taken.
    fn text_or_words(&self, name: &str) -> String {
        let text = self.text(name);
        if !text.is_empty() || !self.always {
            return text;
        }
        self.input.topics().into_iter().take(WORDS).collect::<Vec<_>>().join(" ")
    }

    /// Copies the part of the input that a field of this name is likely to want; empty if it has none.
    fn text(&self, name: &str) -> String {
        let lower = name.to_lowercase();
        let is = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        let owned = |piece: Option<&str>| piece.unwrap_or_default().to_owned();
        let digits = |piece: &str| piece.chars().filter(char::is_ascii_digit).count();
        match () {
            () if is(&["email", "mail"]) => owned(self.input.piece(|piece| piece.contains('@'))),
            () if is(&["phone", "telephone"]) => owned(self.input.piece(|piece| digits(piece) > 6)),
            () if is(&["address", "street"]) => self.input.address().unwrap_or_default(),
            () if is(&["order", "number", "reference", "code", "invoice"]) || lower.ends_with("id") => {
                owned(self.input.piece(|piece| digits(piece) > 2))
            }
            () if is(&["date", "day", "when"]) => owned(self.input.piece(is_day)),
            () if is(&["name", "customer", "author", "person", "who"]) => self.input.name().unwrap_or_default(),
            () if is(&["sentiment", "mood", "tone"]) => match self.input.tone() {
                tone if tone > 0 => "positive".to_owned(),
                0 => "neutral".to_owned(),
                _ => "negative".to_owned(),
            },
            () if is(&["city", "country", "place", "location"]) => self.input.proper().unwrap_or_default(),
            () if self.input.asks() && is(&["answer", "reply", "response"]) => NO_ANSWERS.to_owned(),
            () if is(SENTENCES) => owned(self.input.gist(1).first().copied()),
            () => self.input.topics().into_iter().take(2).collect::<Vec<_>>().join(" "),
        }
    }
}

/// What the demonstration says to a question.
pub(crate) const NO_ANSWERS: &str =
    "This is the demonstration: it labels, copies and shortens, but it has no answers. Choose a real model for them.";

/// Parts of the names of fields that want a sentence.
const SENTENCES: &[&str] = &[
    "answer",
    "reply",
    "response",
    "summary",
    "reason",
    "explanation",
    "description",
    "request",
    "text",
    "message",
    "rationale",
    "comment",
    "quote",
    "problem",
    "issue",
    "action",
    "content",
];

/// What an input speaks of when it speaks of a topic, as beginnings of words.
const TOPICS: &[(&str, &[&str])] = &[
    ("deliver", &["parcel", "package", "ship", "deliver", "arriv", "courier", "came"]),
    ("ship", &["parcel", "package", "ship", "deliver", "arriv", "courier"]),
    ("billing", &["invoice", "charg", "pay", "money", "price", "refund", "bill"]),
    ("refund", &["money", "refund", "back"]),
    ("technical", &["error", "crash", "bug", "login", "password", "app", "screen"]),
    ("account", &["login", "password", "account", "email"]),
];

fn kind(schema: &Value) -> Option<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ if schema.get("properties").is_some() => Some("object"),
        _ if schema.get("items").is_some() => Some("array"),
        _ => None,
    }
}

fn is_share(name: &str) -> bool {
    ["confidence", "score", "probability", "certainty", "likelihood"].iter().any(|word| name.contains(word))
}

fn is_day(piece: &str) -> bool {
    const DAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    DAYS.contains(&piece.to_lowercase().as_str())
        || piece.split(['-', '/', '.']).filter(|part| part.parse::<u32>().is_ok()).count() == 3
}

fn within_length(text: String, schema: &Value) -> String {
    match schema.get("maxLength").and_then(Value::as_u64).and_then(|most| usize::try_from(most).ok()) {
        Some(most) if text.chars().count() > most => text.chars().take(most).collect(),
        _ => text,
    }
}

fn round(number: f64, steps: f64) -> f64 {
    (number * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_has_as_many_sentences_as_asked_for() {
        let text = "The bridge is closed. A pier has a crack. Buses take the old bridge.";
        let input = InputWords::of(text);
        assert_eq!(prose("Write one short, plain sentence.", &input, Skill::Able).matches('.').count(), 1);
        assert_eq!(
            prose("Write 3 bullets.", &input, Skill::Able).lines().filter(|line| line.starts_with("- ")).count(),
            3
        );
        assert_eq!(prose("", &input, Skill::Able).matches('.').count(), 2);
        assert_eq!(prose("", &InputWords::of(""), Skill::Able), "There is no text to work on.");
        assert_eq!(prose("", &InputWords::of("What is the capital of France?"), Skill::Able), NO_ANSWERS);
    }

    fn filled(schema: &str, input: &str) -> Value {
        fill(&serde_json::from_str(schema).unwrap(), &InputWords::of(input), Skill::Able)
    }

    #[test]
    fn an_argument_is_never_empty_where_the_input_says_anything() {
        let schema = json!({"type": "object", "properties": {"number": {"type": "string"}}});
        let input = InputWords::of("The kettle is broken.");
        assert_eq!(fill(&schema, &input, Skill::Able), json!({"number": ""}), "a fact is not made up");
        assert_eq!(arguments(&schema, &input, Skill::Able), json!({"number": "kettle broken"}));
        let numbered = InputWords::of("The kettle of order 40117 is broken.");
        assert_eq!(arguments(&schema, &numbered, Skill::Able), json!({"number": "40117"}));
    }

    #[test]
    fn a_choice_follows_what_the_input_says() {
        let schema = r#"{"enum": ["positive", "neutral", "negative"]}"#;
        assert_eq!(filled(schema, "Thanks, I love it, great!"), "positive");
        assert_eq!(filled(schema, "It never came, I am angry."), "negative");
        assert_eq!(filled(schema, "The manual has forty pages."), "neutral");
        let teams = r#"{"enum": ["billing", "delivery", "technical"]}"#;
        assert_eq!(filled(teams, "My parcel has not arrived."), "delivery");
        assert_eq!(filled(teams, "The app shows an error."), "technical");
    }

    #[test]
    fn every_type_gets_a_value_of_its_type_within_its_bounds() {
        let schema = r##"{"type": "object", "required": ["b", "a"], "properties": {
            "a": {"type": "string", "maxLength": 5}, "b": {"type": "integer", "minimum": 7, "maximum": 9},
            "c": {"type": ["null", "number"], "minimum": 0, "maximum": 1}, "d": {"type": "boolean"},
            "e": {"type": "array", "items": {"type": "string"}, "maxItems": 2},
            "f": {"$ref": "#/$defs/part"}, "g": {"const": 4}},
            "$defs": {"part": {"properties": {"n": {"type": "null"}}}}}"##;
        let value = filled(schema, "A grey bridge was closed on Monday, 1200 lorries wait.");
        assert_eq!(value.as_object().unwrap().keys().next().unwrap(), "b");
        assert!((7..=9).contains(&value["b"].as_i64().unwrap()));
        assert!(value["a"].as_str().unwrap().len() <= 5);
        assert!((0.55..=0.97).contains(&value["c"].as_f64().unwrap()));
        assert!(value["d"].is_boolean());
        assert_eq!(value["e"].as_array().unwrap().len(), 2);
        assert_eq!((&value["f"], &value["g"]), (&json!({"n": null}), &json!(4)));
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let value = filled(r##"{"properties": {"next": {"$ref": "#"}}}"##, "x");
        assert!(value.to_string().ends_with("null}}}}}"), "{value}");
    }
}
