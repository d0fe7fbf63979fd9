//! What can be read out of a text without understanding it: words, sentences, names, numbers, tone; and the fields that a
//! prompt asks for in words.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// Fields taken at most from one text.
const MOST: usize = 20;
/// Bytes behind a field's name that are read as its description, at most.
const DESCRIPTION: usize = 200;

/// Reads the fields out of an instruction: the keys of a JSON example, else names in quotes or
/// backticks, else the words after "fields" or "keys". None if it names none.
pub(crate) fn named(instruction: &str) -> Option<Value> {
    let mut properties = example(instruction);
    let names: Vec<String> = if properties.is_empty() { quoted(instruction) } else { Vec::new() };
    let names = if names.is_empty() && properties.is_empty() { listed(instruction) } else { names };
    for name in names.into_iter().take(MOST) {
        properties.insert(name, json!({}));
    }
    for (name, property) in &mut properties {
        if let Some(described) = described(instruction, name) {
            *property = described;
        }
    }
    (!properties.is_empty()).then(|| json!({ "type": "object", "properties": properties }))
}

/// Reads the fields out of a text that may be instruction and input in one: only a JSON example
/// and "fields" or "keys" count.
pub(crate) fn named_among_input(text: &str) -> Option<Value> {
    let mut properties = example(text);
    if properties.is_empty() {
        properties = listed(text).into_iter().take(MOST).map(|name| (name, json!({}))).collect();
    }
    (!properties.is_empty()).then(|| json!({ "type": "object", "properties": properties }))
}

/// The properties of the first JSON object in the text.
fn example(text: &str) -> Map<String, Value> {
    for (at, _) in text.match_indices('{') {
        let rest = text.get(at..).unwrap_or_default();
        let first = serde_json::Deserializer::from_str(rest).into_iter::<Value>().next();
        if let Some(Ok(Value::Object(object))) = first
            && !object.is_empty()
        {
            return object.iter().take(MOST).map(|(name, value)| (name.clone(), like(value))).collect();
        }
    }
    Map::new()
}

/// The schema of values like this one.
fn like(value: &Value) -> Value {
    match value {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(text) => choice(text.split('|')).unwrap_or_else(|| json!({})),
        Value::Array(items) => json!({ "type": "array", "items": items.first().map_or_else(|| json!({}), like) }),
        Value::Object(object) => {
            let properties: Map<String, Value> =
                object.iter().take(MOST).map(|(name, value)| (name.clone(), like(value))).collect();
            json!({ "type": "object", "properties": properties })
        }
    }
}

/// Names in quotes or backticks, but not those that are a field's choices: in brackets, or after "one of".
fn quoted(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for line in text.split(['\n', ';']).flat_map(|line| line.split(". ")) {
        let mut depth = 0_usize;
        let mut rest = line.split("one of").next().unwrap_or(line);
        while let Some((before, after)) = rest.split_once(['"', '`', '(', ')']) {
            let mark = rest.get(before.len()..).and_then(|at| at.chars().next()).unwrap_or(' ');
            rest = after;
            match mark {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                quote => {
                    if let Some((inside, after)) = rest.split_once(quote) {
                        rest = after;
                        if depth == 0 && is_name(inside) && !names.iter().any(|name| name == inside) {
                            names.push(inside.to_owned());
                        }
                    }
                }
            }
        }
    }
    names
}

/// The names in the list behind "fields", "keys" or "properties".
fn listed(text: &str) -> Vec<String> {
    let lower = text.to_ascii_lowercase();
    let Some(start) =
        ["fields", "keys", "properties"].iter().find_map(|word| lower.find(word).map(|at| at + word.len()))
    else {
        return Vec::new();
    };
    let list = text.get(start..).unwrap_or_default().trim_start_matches([':', ' ', '\n']);
    let list = list.split(['.', '\n', ';']).next().unwrap_or_default();
    let outside: String = list.split('(').enumerate().fold(String::new(), |all, (place, part)| {
        all + if place == 0 { part } else { part.split_once(')').map_or("", |(_, after)| after) }
    });
    outside
        .replace(" and ", ",")
        .split(',')
        .filter_map(|item| item.split_whitespace().find(|word| !["a", "an", "the", "and"].contains(word)))
        .map(|word| word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_')).to_owned())
        .filter(|word| is_name(word))
        .collect()
}

/// The schema that a field's description in words amounts to, if it amounts to one.
fn described(text: &str, name: &str) -> Option<Value> {
    let at = [format!("\"{name}\""), format!("`{name}`"), name.to_owned()]
        .iter()
        .find_map(|written| text.find(written.as_str()).map(|at| at + written.len()))?;
    let mut end = (at + DESCRIPTION).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let rest = text.get(at..end).unwrap_or_default();
    let rest = rest.split(['\n', ';']).next().unwrap_or_default();
    let words = match rest.trim_start().strip_prefix('(') {
        Some(inside) => inside.split(')').next().unwrap_or_default(),
        None => rest.split_once("one of").map(|(_, after)| after)?.split('.').next().unwrap_or_default(),
    };
    if words.contains("true or false") || words.contains("boolean") {
        return Some(json!({ "type": "boolean" }));
    }
    if let Some(schema) = choice(words.trim_start_matches("one of").replace(" or ", ",").split([',', '|', '/', ':'])) {
        return Some(schema);
    }
    let is = |word: &str| words.contains(word);
    match () {
        () if is("list") || is("array") => Some(json!({ "type": "array", "items": {} })),
        () if is("0 to 1") => Some(json!({ "type": "number", "minimum": 0, "maximum": 1 })),
        () if is("integer") || is("whole number") => Some(json!({ "type": "integer" })),
        () if is("number") => Some(json!({ "type": "number" })),
        () => None,
    }
}

/// Two or more single words to choose from.
fn choice<'a>(items: impl Iterator<Item = &'a str>) -> Option<Value> {
    let words: Vec<&str> = items
        .map(|item| item.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '`' | '\'' | '.')))
        .filter(|item| !item.is_empty())
        .collect();
    (words.len() > 1 && words.iter().all(|word| is_name(word))).then(|| json!({ "enum": words }))
}

fn is_name(word: &str) -> bool {
    word.len() <= 40
        && word.chars().next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// A text and its words.
pub(crate) struct InputWords<'a> {
    text: &'a str,
    words: Vec<String>,
}

/// Words that carry no topic.
const EMPTY: &[&str] = &[
    "about", "after", "again", "also", "and", "any", "are", "because", "been", "before", "but", "can", "could", "did",
    "does", "dont", "for", "from", "had", "has", "have", "hello", "her", "him", "his", "how", "into", "its", "just",
    "last", "like", "more", "most", "much", "not", "now", "our", "out", "over", "please", "she", "should", "some",
    "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "three",
    "times", "too", "two", "until", "very", "want", "was", "were", "what", "when", "where", "which", "while", "who",
    "will", "with", "would", "you", "your",
];

const GLAD: &[&str] = &[
    "amazing",
    "early",
    "enjoy",
    "excellent",
    "fast",
    "friendly",
    "glad",
    "good",
    "great",
    "happy",
    "helpful",
    "kind",
    "love",
    "lovely",
    "nice",
    "perfect",
    "pleased",
    "quick",
    "recommend",
    "super",
    "thank",
    "thanks",
    "well",
    "wonderful",
];

const UNHAPPY: &[&str] = &[
    "angry",
    "annoyed",
    "awful",
    "bad",
    "broken",
    "cancel",
    "complain",
    "crash",
    "crashes",
    "damaged",
    "delay",
    "disappointed",
    "error",
    "fail",
    "failed",
    "hate",
    "late",
    "lost",
    "missing",
    "never",
    "nobody",
    "poor",
    "refund",
    "rude",
    "slow",
    "terrible",
    "unhappy",
    "worst",
    "wrong",
];

impl<'a> InputWords<'a> {
    /// Reads a text.
    pub(crate) fn of(text: &'a str) -> Self {
        let words = text
            .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
            .filter(|word| !word.is_empty())
            .map(|word| word.replace(['\'', '’'], "").to_lowercase())
            .collect();
        Self { text, words }
    }

    /// The words, in lower case, in order.
    pub(crate) fn words(&self) -> &[String] {
        &self.words
    }

    /// A number that is the same for the same text and purpose (FNV-1a, 64 bits).
    pub(crate) fn hash(&self, purpose: &str) -> u64 {
        purpose
            .bytes()
            .chain([0])
            .chain(self.text.bytes())
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    }

    /// Above zero for a glad text, below for an unhappy one.
    pub(crate) fn tone(&self) -> i32 {
        let count = |list: &[&str]| self.words.iter().filter(|word| list.contains(&word.as_str())).count();
        i32::try_from(count(GLAD)).unwrap_or(i32::MAX) - i32::try_from(count(UNHAPPY)).unwrap_or(i32::MAX)
    }

    /// Tells whether a question is asked.
    pub(crate) fn asks(&self) -> bool {
        self.text.contains('?')
    }

    /// The words that carry the topic, the weightiest first: often used, then long, then early.
    pub(crate) fn topics(&self) -> Vec<&str> {
        let mut weights: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for (place, word) in self.words.iter().enumerate() {
            let plain = word.chars().all(char::is_alphabetic) && word.chars().count() > 2;
            if plain && !EMPTY.contains(&word.as_str()) {
                weights.entry(word).or_insert((0, place)).0 += 1;
            }
        }
        let mut topics: Vec<(&str, (usize, usize))> = weights.into_iter().collect();
        topics.sort_by_key(|(word, (count, place))| {
            (std::cmp::Reverse(count * 4 + word.chars().count().min(12)), *place)
        });
        topics.into_iter().map(|(word, _)| word).collect()
    }

    /// The sentences, trimmed, without headings that end in a colon.
    pub(crate) fn sentences(&self) -> Vec<&'a str> {
        let mut sentences = Vec::new();
        for line in self.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.ends_with(':')) {
            let mut rest = line;
            while let Some(end) = sentence_end(rest) {
                let (sentence, after) = rest.split_at(end);
                sentences.push(sentence.trim());
                rest = after.trim_start();
            }
            if !rest.is_empty() {
                sentences.push(rest);
            }
        }
        sentences
    }

    /// The sentences that hold the most topics, at most so many, in their own order.
    pub(crate) fn gist(&self, count: usize) -> Vec<&'a str> {
        let sentences = self.sentences();
        let topics = self.topics();
        let weight = |sentence: &str| {
            let words = InputWords::of(sentence).words;
            topics.iter().take(12).filter(|topic| words.iter().any(|word| word == *topic)).count()
        };
        let mut ranked: Vec<usize> = (0..sentences.len()).collect();
        ranked.sort_by_key(|place| std::cmp::Reverse(sentences.get(*place).map_or(0, |sentence| weight(sentence))));
        ranked.truncate(count);
        ranked.sort_unstable();
        ranked.into_iter().filter_map(|place| sentences.get(place).copied()).collect()
    }

    /// The first piece between blanks that `wanted` takes, without punctuation around it.
    pub(crate) fn piece(&self, wanted: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.pieces().find(|piece| wanted(piece))
    }

    /// The first number.
    pub(crate) fn number(&self) -> Option<f64> {
        self.pieces()
            .find_map(|piece| piece.trim_start_matches(['$', '€', '£']).parse().ok().filter(|n: &f64| n.is_finite()))
    }

    /// The first run of capitalised words that does not open a sentence alone.
    pub(crate) fn name(&self) -> Option<String> {
        self.runs(|piece| {
            piece.chars().next().is_some_and(char::is_uppercase) && piece.chars().all(char::is_alphabetic)
        })
        .into_iter()
        .find(|run| run.len() > 1 && run.iter().all(|word| !is_empty_word(word)))
        .map(|run| run.join(" "))
    }

    /// The last capitalised word or run of words that opens no sentence: a place, more often than not.
    pub(crate) fn proper(&self) -> Option<String> {
        let openings: Vec<&str> =
            self.sentences().iter().filter_map(|sentence| sentence.split_whitespace().next()).collect();
        self.runs(|piece| {
            piece.chars().next().is_some_and(char::is_uppercase) && piece.chars().all(char::is_alphabetic)
        })
        .into_iter()
        .rev()
        .find(|run| run.first().is_some_and(|first| !openings.contains(first)))
        .map(|run| run.join(" "))
    }

    /// The first street address: a number with the capitalised words after it, or before it.
    pub(crate) fn address(&self) -> Option<String> {
        let is_number = |piece: &str| !piece.is_empty() && piece.chars().all(|c| c.is_ascii_digit());
        let capital = |piece: &str| piece.chars().next().is_some_and(char::is_uppercase);
        self.runs(|piece| is_number(piece) || capital(piece))
            .into_iter()
            .find(|run| {
                run.len() > 1 && run.iter().any(|piece| is_number(piece)) && run.iter().any(|piece| capital(piece))
            })
            .map(|run| run.join(" "))
    }

    fn pieces(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let edge = |c: char| !(c.is_alphanumeric() || matches!(c, '$' | '€' | '£' | '%'));
        self.text.split_whitespace().map(move |piece| piece.trim_matches(edge)).filter(|piece| !piece.is_empty())
    }

    fn runs(&self, belongs: impl Fn(&str) -> bool) -> Vec<Vec<&'a str>> {
        let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
        for written in self.text.split_whitespace() {
            let piece = written.trim_matches(|c: char| !c.is_alphanumeric());
            if belongs(piece)
                && let Some(run) = runs.last_mut()
            {
                run.push(piece);
            }
            if !belongs(piece) || written.ends_with(['.', ',', ';', '!', '?', ':']) {
                runs.push(Vec::new());
            }
        }
        runs
    }
}

fn is_empty_word(word: &str) -> bool {
    EMPTY.contains(&word.to_lowercase().as_str())
}

/// Where the first sentence ends: after a stop that a blank follows.
fn sentence_end(text: &str) -> Option<usize> {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let blank_follows = chars.peek().is_some_and(|(_, next)| next.is_whitespace());
        if matches!(c, '.' | '!' | '?') && blank_follows {
            return Some(at + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(text: &str) -> Value {
        named(text).map_or(Value::Null, |schema| schema["properties"].clone())
    }

    #[test]
    fn a_json_example_gives_names_and_types_and_the_words_give_the_choices() {
        let text =
            "Answer with \"label\" (spam or ham). Example: {\"label\": \"ham\", \"score\": 0.5, \"tags\": [\"a\"]}";
        assert_eq!(
            properties(text),
            json!({"label": {"enum": ["spam", "ham"]}, "score": {"type": "number"},
                   "tags": {"type": "array", "items": {}}})
        );
    }

    #[test]
    fn quoted_names_are_fields_and_their_choices_are_not() {
        let text = "Return \"mood\" (\"good\" or \"bad\"), `urgent` (true or false) and \"count\" (a number).";
        assert_eq!(
            properties(text),
            json!({"mood": {"enum": ["good", "bad"]}, "urgent": {"type": "boolean"}, "count": {"type": "number"}})
        );
        assert_eq!(
            properties("Set \"team\" to one of \"sales\", \"support\"."),
            json!({"team": {"enum": ["sales", "support"]}})
        );
    }

    #[test]
    fn a_list_behind_the_word_fields_is_enough() {
        assert_eq!(
            properties("Answer as JSON with the fields title, year and the author."),
            json!({"title": {}, "year": {}, "author": {}})
        );
        assert_eq!(properties("Answer as a JSON object."), Value::Null);
    }

    #[test]
    fn words_quoted_in_an_input_are_no_fields() {
        assert_eq!(named_among_input("He said \"hello\" and left."), None);
        assert!(named_among_input("Give keys: name, age\n\nAnna is 40.").is_some());
    }
    const MESSAGE: &str = "Hello, this is Maria Lindqvist. Order A-20417 cost 19.90 euros. Please send it to \
                           14 Harbour Lane, and write to m.l@example.com!";

    #[test]
    fn facts_are_copied_out_of_a_message() {
        let reading = InputWords::of(MESSAGE);
        assert_eq!(reading.name().as_deref(), Some("Maria Lindqvist"));
        assert_eq!(reading.address().as_deref(), Some("14 Harbour Lane"));
        assert_eq!(reading.piece(|piece| piece.contains('@')), Some("m.l@example.com"));
        assert_eq!(reading.number(), Some(19.9));
        assert_eq!(InputWords::of("Call Jonas Weber back, Berlin").proper().as_deref(), Some("Berlin"));
        assert_eq!(reading.sentences().len(), 3);
    }

    #[test]
    fn tone_follows_the_words() {
        assert!(InputWords::of("Thank you, it came early and works well.").tone() > 0);
        assert!(InputWords::of("It never came and I'm disappointed.").tone() < 0);
        assert_eq!(InputWords::of("Where is the manual?").tone(), 0);
    }

    #[test]
    fn the_gist_keeps_the_order_and_nothing_is_made_up() {
        let gist = InputWords::of(MESSAGE).gist(2);
        assert_eq!(gist.len(), 2);
        assert!(gist.iter().all(|sentence| MESSAGE.contains(sentence)));
        assert_eq!(InputWords::of("").gist(2), [""; 0]);
    }
}
