//! Finding the JSON of an answer: the whole text, one Markdown fence, or the first object in prose.
//!
//! Nothing is ever repaired. What stands around the JSON is reported, and so is every key that an
//! object holds twice.

mod error;
mod fence;
mod place;
mod reasoning;
mod scan;

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use error::{ExtractError, Step};
use place::Place;
pub use reasoning::answer;

/// Levels of nesting that are still read.
pub const MAX_DEPTH: usize = 128;

/// How the JSON of an answer was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extraction {
    /// Where it stood.
    pub found: Found,
    /// True when reasoning between `<think>` and `</think>` stood before it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thought: bool,
    /// JSON pointers to keys that their object holds more than once (the last one counts); the
    /// first sixteen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub duplicates: Vec<String>,
}

/// Where the JSON of an answer stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum Found {
    /// The answer is nothing else.
    Whole,
    /// In the only Markdown fence that can hold it.
    Fenced {
        /// The text before the fence, trimmed.
        before: String,
        /// The text after the fence, trimmed.
        after: String,
    },
    /// In the middle of other text.
    Embedded {
        /// The text before it, trimmed.
        before: String,
        /// The text after it, trimmed.
        after: String,
    },
}

/// Finds the JSON of an answer.
pub fn extract(text: &str) -> Result<(Value, Extraction), ExtractError> {
    let Read { value, found, thought, bytes } = read(text)?;
    let duplicates = scan::duplicates(text.get(bytes).unwrap_or_default());
    Ok((value, Extraction { found, thought, duplicates }))
}

/// Lists every object and array in a text, in order, none inside another. The error tells that the
/// text holds too much that begins like JSON and is none.
pub(super) fn all(text: &str) -> Result<Vec<Value>, String> {
    scan::all(text).ok_or_else(|| "it holds too much that begins like JSON and is none".to_owned())
}

/// Finds where the JSON of an answer stands, in bytes of the answer, and what stands around it.
pub fn locate(text: &str) -> Result<(Range<usize>, Found), ExtractError> {
    read(text).map(|read| (read.bytes, read.found))
}

/// The JSON of an answer.
struct Read {
    value: Value,
    found: Found,
    thought: bool,
    bytes: Range<usize>,
}

fn read(text: &str) -> Result<Read, ExtractError> {
    let answer = reasoning::without(text)?;
    let thought = answer.thought;
    let read = |value: Value, found: Found, start: usize, json: &str| {
        let start = answer.start + start;
        Read { value, found, thought, bytes: start..start + json.len() }
    };
    if answer.trimmed.is_empty() {
        return Err(Place::new(text, text.len()).error(Step::Find, "the answer is empty"));
    }
    let whole = match scan::whole(answer.trimmed) {
        Ok(value) => return Ok(read(value, Found::Whole, 0, answer.trimmed)),
        Err(error) => error,
    };
    if let Some(fence) = fence::only(answer.trimmed) {
        return match scan::whole(fence.content) {
            Ok(value) => {
                let around = Found::Fenced { before: fence.before.to_owned(), after: fence.after.to_owned() };
                Ok(read(value, around, fence.start, fence.content))
            }
            Err(error) => Err(error.placed(text, answer.start + fence.start, Step::Fence)),
        };
    }
    let bare = answer.trimmed.starts_with(['{', '[']);
    match scan::first(answer.trimmed) {
        Ok(Some(hit)) => {
            let around = Found::Embedded { before: hit.before.trim().to_owned(), after: hit.after.trim().to_owned() };
            Ok(read(hit.value, around, hit.before.len(), hit.json))
        }
        Ok(None) if bare => Err(whole.placed(text, answer.start, Step::Whole)),
        Ok(None) => Err(Place::new(text, answer.start).error(Step::Find, "there is no JSON object or array")),
        Err(error) => {
            let step = if bare { Step::Whole } else { Step::Embedded };
            Err(error.placed(text, answer.start, step))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fenced(before: &str, after: &str) -> Found {
        Found::Fenced { before: before.to_owned(), after: after.to_owned() }
    }

    fn embedded(before: &str, after: &str) -> Found {
        Found::Embedded { before: before.to_owned(), after: after.to_owned() }
    }

    #[test]
    fn json_is_found_where_models_put_it() {
        let a = json!({"a": 1});
        for (text, value, found) in [
            (r#"{"a":1}"#, &a, Found::Whole),
            ("\u{feff} \n{\"a\":1}\r\n ", &a, Found::Whole),
            (r#""{\"a\":1}""#, &json!("{\"a\":1}"), Found::Whole),
            ("42", &json!(42), Found::Whole),
            ("```json\n{\"a\":1}\n```", &a, fenced("", "")),
            ("Sure:\n```\n{\"a\":1}\n```\nAnything else?", &a, fenced("Sure:", "Anything else?")),
            ("```json\n42\n```", &json!(42), fenced("", "")),
            ("```json\n{\"a\":1}", &a, embedded("```json", "")),
            ("```json {\"a\":1}```", &a, embedded("```json", "```")),
            (
                "```json\n{\"a\":1}\n```\n```json\n{\"b\":1}\n```",
                &a,
                embedded("```json", "```\n```json\n{\"b\":1}\n```"),
            ),
            (r#"The answer is {"a":1}."#, &a, embedded("The answer is", ".")),
            (r#"{"a":1} and {"b":2}"#, &a, embedded("", r#"and {"b":2}"#)),
            (r#"With {x} and \frac{1}{2}: {"a":1}"#, &a, embedded(r"With {x} and \frac{1}{2}:", "")),
            (r#"[1] and [see] say {"a":1}"#, &a, embedded("[1] and [see] say", "")),
            (r#"[1: Smith] says {"a":1}"#, &a, embedded("[1: Smith] says", "")),
            (r#"{{"a":1}}"#, &a, embedded("{", "}")),
            (r#"A list: [{"b":1}, {"a":1}]"#, &json!([{"b": 1}, {"a": 1}]), embedded("A list:", "")),
            (r#"x {"a":"} ] \" {"} y"#, &json!({"a": "} ] \" {"}), embedded("x", "y")),
            ("Result: [1, 2]", &json!([1, 2]), embedded("Result:", "")),
        ] {
            let (got, how) = extract(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!((&got, &how.found), (value, &found), "{text:?}");
            let (bytes, found_too) = locate(text).unwrap();
            assert_eq!(
                (serde_json::from_str(text.get(bytes).unwrap()).ok(), found_too),
                (Some(got), found),
                "{text:?}"
            );
            assert!(!how.thought);
        }
    }

    #[test]
    fn reasoning_is_taken_away_first() {
        for (text, found) in [
            ("<think>is it {\"b\":2}?</think>\n{\"a\":1}", Found::Whole),
            ("\n<think></think><think>more</think>{\"a\":1}", Found::Whole),
            ("so {\"b\":2} it is\n</think>\n{\"a\":1}", Found::Whole),
            ("<think>x</think>```json\n{\"a\":1}\n```", fenced("", "")),
        ] {
            let (value, how) = extract(text).unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!((value, how.found, how.thought), (json!({"a": 1}), found, true), "{text:?}");
        }
    }

    #[test]
    fn a_failure_says_which_step_failed_where_and_on_what() {
        for (text, step, at, cut, message) in [
            ("", Step::Find, (1, 1), false, "looking for JSON: the answer is empty at line 1, column 1, near ``"),
            (
                "I cannot\nhelp with that.",
                Step::Find,
                (1, 1),
                false,
                "looking for JSON: there is no JSON object or array at line 1, column 1, near `I cannot help with that.`",
            ),
            (
                "{\"a\": 1,\n \"ü\": tru}",
                Step::Whole,
                (2, 10),
                false,
                "reading the answer: expected `true`, `false` or `null` at line 2, column 10, near `{\"a\": 1,  \"ü\": tru}`",
            ),
            (
                r#"{"a": 1,}"#,
                Step::Whole,
                (1, 9),
                false,
                r#"reading the answer: trailing comma at line 1, column 9, near `{"a": 1,}`"#,
            ),
            (
                "{'a': 1}",
                Step::Whole,
                (1, 2),
                false,
                "reading the answer: key must be a string at line 1, column 2, near `{'a': 1}`",
            ),
            (
                r#"{"sentiment": "neg"#,
                Step::Whole,
                (1, 19),
                true,
                "reading the answer: the text ends inside the JSON (EOF while parsing a string) at line 1, column 19, near `{\"sentiment\": \"neg`",
            ),
            (
                "Sure:\n```json\n{\"a\": NaN}\n```",
                Step::Fence,
                (3, 7),
                false,
                "reading the Markdown fence: expected value at line 3, column 7, near `Sure: ```json {\"a\": NaN} ````",
            ),
            (
                "Sure! {\"a\": [1, 2",
                Step::Embedded,
                (1, 18),
                true,
                "reading the JSON after the text: the text ends inside the JSON (EOF while parsing a list) at line 1, column 18, near `Sure! {\"a\": [1, 2`",
            ),
            (
                "<think>hm {\"a\":1}",
                Step::Reasoning,
                (1, 1),
                true,
                "taking away the reasoning: the reasoning is never closed at line 1, column 1, near `<think>hm {\"a\":1}`",
            ),
        ] {
            let error = extract(text).unwrap_err();
            assert_eq!((error.step, (error.line, error.column), error.cut), (step, at, cut), "{text:?}: {error}");
            assert_eq!(error.to_string(), message);
        }
    }

    #[test]
    fn a_part_of_broken_json_is_never_taken() {
        for text in [
            r#"{"a": {"b": 1}, oops}"#,
            r#"Here: {"a": {"b": 1}, oops} and {"c": 1}"#,
            r#"[{"a": 1}, {"b": 2"#,
            r#"[[{"a": 1}], {"b": 2"#,
            r#"[1, {"a": 1}, oops]"#,
            r#"["x", {"a": 1}, oops]"#,
            "```json\n{\"a\": {\"b\": 1}, oops}\n```",
        ] {
            assert!(extract(text).is_err(), "{text}");
        }
    }

    #[test]
    fn depth_is_limited_and_stacks_are_safe() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(extract(&nested(MAX_DEPTH - 1)).is_ok());
        let deep = |depth: usize| format!("{{\"a\":{}}}", nested(depth));
        let error = extract(&deep(MAX_DEPTH)).unwrap_err();
        assert_eq!(error.problem, "it is nested deeper than 128 levels");
        assert!(extract(&deep(100_000)).is_err());
        assert!(extract(&"[".repeat(100_000)).is_err());
        assert!(extract(&r#"{"a":"#.repeat(100_000)).is_err());
    }

    #[test]
    fn repeated_keys_are_reported() {
        let (value, how) = extract(r#"It is {"a":1,"b":{"c":1,"c":2},"a":3}"#).unwrap();
        assert_eq!(value, json!({"a": 3, "b": {"c": 2}}));
        assert_eq!(how.duplicates, ["/b/c", "/a"]);
    }

    #[test]
    fn an_excerpt_is_short_and_safe() {
        let text = format!("{}\u{1b}[2J\n{{\"a\": \u{202e}}} {}", "x".repeat(500), "y".repeat(500));
        let error = extract(&text).unwrap_err();
        assert_eq!((error.line, error.column), (2, 7));
        assert!(error.excerpt.starts_with('…') && error.excerpt.ends_with('…'), "{}", error.excerpt);
        assert!(error.excerpt.chars().count() <= 50 && !error.excerpt.contains(['\u{1b}', '\u{202e}', '\n']));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e6..1e6_f64).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn object() -> impl Strategy<Value = Value> {
        prop::collection::vec((any::<String>(), value()), 0..4)
            .prop_map(|members| Value::Object(members.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn any_text_has_an_answer(text in any::<String>(), noise in "[\\[\\]{}\"\\\\,:0-9a-z `~\n</>]{0,200}") {
            for text in [text, noise] {
                if let Err(error) = extract(&text) {
                    prop_assert!(error.line >= 1 && error.column >= 1);
                    prop_assert!(error.line <= text.matches('\n').count() + 1);
                }
            }
        }

        #[test]
        fn any_object_in_prose_is_found(value in object(), before in "[A-Za-z ,.:!\n]{0,40}", after in "[A-Za-z ,.!\n]{0,40}") {
            for json in [value.to_string(), format!("{value:#}")] {
                let (found, how) = extract(&format!("{before}{json}{after}")).unwrap();
                prop_assert_eq!(&found, &value);
                let around = match how.found {
                    Found::Whole => String::new(),
                    Found::Embedded { before, after } | Found::Fenced { before, after } => before + &after,
                };
                prop_assert_eq!(around, before.trim().to_owned() + after.trim());
                let (found, _) = extract(&format!("{before}\n```json\n{json}\n```\n{after}")).unwrap();
                prop_assert_eq!(&found, &value);
            }
        }

        #[test]
        fn any_array_of_objects_is_found(values in prop::collection::vec(object(), 1..4)) {
            let value = Value::from(values);
            let (found, _) = extract(&format!("Here it is: {value} Done.")).unwrap();
            prop_assert_eq!(found, value);
        }

        #[test]
        fn a_cut_object_is_never_taken(value in object(), cut in any::<prop::sample::Index>()) {
            let json = value.to_string();
            let ends: Vec<usize> = json.char_indices().map(|(at, _)| at).filter(|at| *at > 0).collect();
            let end = ends[cut.index(ends.len())];
            prop_assert!(extract(json.get(..end).unwrap()).is_err());
        }
    }
}
