//! The fields a prompt asks for in words, as a JSON Schema.

use serde_json::{Map, Value, json};

/// Fields taken at most from one text.
const MOST: usize = 20;
/// Bytes behind a field's name that are read as its description, at most.
const DESCRIPTION: usize = 200;

/// Reads the fields out of an instruction: the keys of a JSON example, else names in quotes or
/// backticks, else the words after "fields" or "keys". None if it names none.
pub(super) fn named(instruction: &str) -> Option<Value> {
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
pub(super) fn named_among_input(text: &str) -> Option<Value> {
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
    let told = match rest.trim_start().strip_prefix('(') {
        Some(inside) => inside.split(')').next().unwrap_or_default(),
        None => rest.split_once("one of").map(|(_, after)| after)?.split('.').next().unwrap_or_default(),
    };
    if told.contains("true or false") || told.contains("boolean") {
        return Some(json!({ "type": "boolean" }));
    }
    if let Some(schema) = choice(told.trim_start_matches("one of").replace(" or ", ",").split([',', '|', '/', ':'])) {
        return Some(schema);
    }
    let is = |word: &str| told.contains(word);
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
}
