//! Where models put their JSON, and what is never taken for it.

use proptest::prelude::*;
use serde_json::json;

use crate::eval::extract::*;

const OBJECT: JsonTypes = JsonTypes::OBJECT;

fn fenced(before: &str, after: &str) -> FoundJson {
    FoundJson::Fenced { before: before.to_owned(), after: after.to_owned() }
}

fn embedded(before: &str, after: &str) -> FoundJson {
    FoundJson::Embedded { before: before.to_owned(), after: after.to_owned() }
}

#[test]
fn json_is_found_where_models_put_it() {
    let a = json!({"a": 1});
    for (text, value, found) in [
        (r#"{"a":1}"#, &a, FoundJson::Whole),
        ("\u{feff} \n{\"a\":1}\r\n ", &a, FoundJson::Whole),
        (r#""{\"a\":1}""#, &json!("{\"a\":1}"), FoundJson::Whole),
        ("42", &json!(42), FoundJson::Whole),
        ("```json\n{\"a\":1}\n```", &a, fenced("", "")),
        ("Sure:\n```\n{\"a\":1}\n```\nAnything else?", &a, fenced("Sure:", "Anything else?")),
        ("```json\n42\n```", &json!(42), fenced("", "")),
        ("```json\n{\"a\":1}", &a, embedded("```json", "")),
        ("```json {\"a\":1}```", &a, embedded("```json", "```")),
        ("```json\n{\"a\":1}\n```\n```json\n{\"b\":1}\n```", &a, embedded("```json", "```\n```json\n{\"b\":1}\n```")),
        (r#"The answer is {"a":1}."#, &a, embedded("The answer is", ".")),
        (r#"{"a":1} and {"b":2}"#, &a, embedded("", r#"and {"b":2}"#)),
        (r#"With {x} and \frac{1}{2}: {"a":1}"#, &a, embedded(r"With {x} and \frac{1}{2}:", "")),
        (r#"[1] and [see] say {"a":1}"#, &a, embedded("[1] and [see] say", "")),
        (r#"[1: Smith] says {"a":1}"#, &a, embedded("[1: Smith] says", "")),
        (r#"- {"a":1}"#, &a, embedded("-", "")),
        (r#"1. `{"a":1}`"#, &a, embedded("1. `", "`")),
        (r#"- [x] done: {"a":1}"#, &a, embedded("- [x] done:", "")),
        (r#"(see {"a":1})"#, &a, embedded("(see", ")")),
        (r#"<answer>{"a":1}</answer>"#, &a, embedded("<answer>", "</answer>")),
        (r#"const r = {"a":1};"#, &a, embedded("const r =", ";")),
        (r#"print({"a":1})"#, &a, embedded("print(", ")")),
        (r#"For x in [0, 1): {"a":1}"#, &a, embedded("For x in [0, 1):", "")),
        (r#"[2026-11-28 10:00] {"a":1}"#, &a, embedded("[2026-11-28 10:00]", "")),
        (r#"[Note: see {"a":1} first]"#, &a, embedded("[Note: see", "first]")),
        (r#"f() { return {"a":1}; }"#, &a, embedded("f() { return", "; }")),
        (r#"{{ name }} and {% if x %}: {"a":1}"#, &a, embedded("{{ name }} and {% if x %}:", "")),
        ("{\"a\":1}, which is all", &a, embedded("", ", which is all")),
        (r#"No :[ but {"a":1}"#, &a, embedded("No :[ but", "")),
        (r#"A list: [{"b":1}, {"a":1}]"#, &json!([{"b": 1}, {"a": 1}]), embedded("A list:", "")),
        (r#"x {"a":"} ] \" {"} y"#, &json!({"a": "} ] \" {"}), embedded("x", "y")),
        ("Result: [1, 2]", &json!([1, 2]), embedded("Result:", "")),
    ] {
        let (got, how) = extract(text, OBJECT).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!((&got, &how.found), (value, &found), "{text:?}");
        let (bytes, found_too) = locate(text, OBJECT).unwrap();
        assert_eq!((serde_json::from_str(text.get(bytes).unwrap()).ok(), found_too), (Some(got), found), "{text:?}");
        assert!(!how.thought);
    }
}

#[test]
fn reasoning_is_taken_away_first() {
    for (text, found) in [
        ("<think>is it {\"b\":2}?</think>\n{\"a\":1}", FoundJson::Whole),
        ("\n<think></think><think>more</think>{\"a\":1}", FoundJson::Whole),
        ("so {\"b\":2} it is\n</think>\n{\"a\":1}", FoundJson::Whole),
        ("<think>x</think>```json\n{\"a\":1}\n```", fenced("", "")),
    ] {
        let (value, how) = extract(text, OBJECT).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!((value, how.found, how.thought), (json!({"a": 1}), found, true), "{text:?}");
    }
}

#[test]
fn a_failure_says_which_step_failed_where_and_on_what() {
    for (text, step, at, cut, message) in [
        ("", ExtractStep::Find, (1, 1), false, "looking for JSON: the answer is empty at line 1, column 1, near ``"),
        (
            "I cannot\nhelp with that.",
            ExtractStep::Find,
            (1, 1),
            false,
            "looking for JSON: there is no JSON object or array at line 1, column 1, near `I cannot help with that.`",
        ),
        (
            "{\"a\": 1,\n \"ü\": tru}",
            ExtractStep::Whole,
            (2, 10),
            false,
            "reading the answer: expected `true`, `false` or `null` at line 2, column 10, near `{\"a\": 1,  \"ü\": tru}`",
        ),
        (
            r#"{"a": 1,}"#,
            ExtractStep::Whole,
            (1, 9),
            false,
            r#"reading the answer: trailing comma at line 1, column 9, near `{"a": 1,}`"#,
        ),
        (
            "{'a': 1}",
            ExtractStep::Whole,
            (1, 2),
            false,
            "reading the answer: `'` is not JSON, which has texts in double quotes at line 1, column 2, near `{'a': 1}`",
        ),
        (
            r#"{"sentiment": "neg"#,
            ExtractStep::Whole,
            (1, 19),
            true,
            "reading the answer: the text ends inside the JSON (EOF while parsing a string) at line 1, column 19, near `{\"sentiment\": \"neg`",
        ),
        (
            "Sure:\n```json\n{\"a\": NaN}\n```",
            ExtractStep::Fence,
            (3, 7),
            false,
            "reading the Markdown fence: `NaN` is not JSON, which has a number or `null` at line 3, column 7, near `Sure: ```json {\"a\": NaN} ````",
        ),
        (
            "Sure! {\"a\": [1, 2",
            ExtractStep::Embedded,
            (1, 18),
            true,
            "reading the JSON after the text: the text ends inside the JSON (EOF while parsing a list) at line 1, column 18, near `Sure! {\"a\": [1, 2`",
        ),
        (
            "<think>hm {\"a\":1}",
            ExtractStep::Reasoning,
            (1, 1),
            true,
            "taking away the reasoning: the reasoning is never closed at line 1, column 1, near `<think>hm {\"a\":1}`",
        ),
    ] {
        let error = extract(text, OBJECT).unwrap_err();
        assert_eq!((error.step, (error.line, error.column), error.cut), (step, at, cut), "{text:?}: {error}");
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn a_part_of_something_that_is_not_json_is_never_taken() {
    for text in [
        // JSON that is broken, or breaks off.
        r#"{"a": {"b": 1}, oops}"#,
        r#"Here: {"a": {"b": 1}, oops} and {"c": 1}"#,
        r#"[{"a": 1}, {"b": 2"#,
        r#"[[{"a": 1}], {"b": 2"#,
        r#"[1, {"a": 1}, oops]"#,
        r#"["x", {"a": 1}, oops]"#,
        r#"{"x": {"a": 1},}"#,
        r#"It is [{"a": 1},]."#,
        r#"{"x": {"a": 1}, "y": "#,
        "```json\n{\"a\": {\"b\": 1}, oops}\n```",
        "{\"x\": {\"a\": 1}, // one\n\"y\": 2}",
        // Numbers in brackets.
        "[3[4]]",
        "It is [3[4]].",
        "[1, 2, [3]",
        // Python.
        r#"{'x': {"a": 1}}"#,
        r#"It is {'x': {"a": 1}}, I think."#,
        r#"{'x': [{"a": 1}]}"#,
        r#"{'x': '}', 'y': {"a": 1}}"#,
        r#"{'x': '}', 'y': {"a": 1}, 'z': 2}"#,
        r#"{'x': {"a": 1}, 'y': "#,
        r#"[{'x': 1}, {"a": 1}]"#,
        r#"[{"a": 1}, {'x': 1}]"#,
        r#"[('x', {"a": 1})]"#,
        r#"('x', {"a": 1})"#,
        r#"[None, {"a": 1}]"#,
        r#"Answer(data={"a": 1}, n=2)"#,
        r#"[Answer({"a": 1})]"#,
        r#"{1: {"a": 1}}"#,
        // JavaScript, JSON5, Ruby.
        r#"{x: {"a": 1}}"#,
        r#"{ x : [{"a": 1}] }"#,
        "{\n  // the answer\n  x: {\"a\": 1}\n}",
        "{ /* the answer */ {\"a\": 1} }",
        r#"[x, {"a": 1}]"#,
        r#"{...rest, "x": {"a": 1}}"#,
        r#"{x => {"a": 1}}"#,
        r#"{x = {"a": 1}}"#,
        // Braces of a template, brackets that do not balance, members without their object.
        r#"{{"a": 1}}"#,
        r#"The answer: {{"a": 1}}"#,
        r#"{ {"a": 1} }"#,
        r#"{"a": 1}}"#,
        r#"{"a": 1}]"#,
        r#"Done: {"a": {"b": 1}}}"#,
        r#"{"a": {"b": 1}}, "c": 2}"#,
        r#""x": {"a": 1}"#,
        r#""x": {"a": 1}, "y": 2}"#,
        r#""x": 1, "y": {"a": 1}}"#,
        r#"1}, {"a": 1}]"#,
        // Escaped once too often.
        r#"{\"x\": {"a": 1}}"#,
        "> {\n> \"x\": {\"a\": 1}\n> }",
    ] {
        let found = extract(text, OBJECT);
        assert!(found.is_err(), "{text}: {found:?}");
        assert!(locate(text, OBJECT).is_err(), "{text}");
    }
    let error = extract(r#"It is {'x': {"a": 1}}."#, OBJECT).unwrap_err();
    assert_eq!(
        error.to_string(),
        "reading the JSON after the text: it is a part of something that is not JSON at line 1, column 13, near `It is {'x': {\"a\": 1}}.`"
    );
    let bare = extract(r#"{'x': {"a": 1}}"#, OBJECT).unwrap_err();
    assert_eq!(
        (bare.step, bare.problem.as_str()),
        (ExtractStep::Whole, "`'` is not JSON, which has texts in double quotes")
    );
}

#[test]
fn objects_that_differ_are_counted_and_the_first_is_taken() {
    for (text, value, others) in [
        (r#"{"a":1} {"a":1}"#, json!({"a": 1}), 0),
        (r#"{"a":1}, {"a":2}"#, json!({"a": 1}), 1),
        ("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n", json!({"a": 1}), 2),
        ("- {\"a\":1}\n- {\"b\":1}", json!({"a": 1}), 1),
        ("```json\n{\"a\":1}\n```\nor\n```json\n{\"b\":1}\n```", json!({"a": 1}), 1),
        (r#"See [1] and [2]: {"a":1} [3]"#, json!({"a": 1}), 0),
        ("Of {\"b\":1}:\n```json\n{\"a\":1}\n```", json!({"a": 1}), 0),
        ("[1] or [2]", json!([1]), 1),
        (r#"{"a":1} <think>or {"b":1}?</think>"#, json!({"a": 1}), 0),
        (r#"{"a":1} <think>or {"b":1}?</think> {"c":1}"#, json!({"a": 1}), 1),
    ] {
        let (found, how) = extract(text, OBJECT).unwrap_or_else(|error| panic!("{text:?}: {error}"));
        assert_eq!((found, how.others), (value, others), "{text}");
    }
}

#[test]
fn the_types_that_are_wanted_come_first() {
    let wanted = |schema| {
        let response = crate::model::Response { schema: Some(schema), ..crate::model::Response::default() };
        JsonTypes::of(&response)
    };
    let (array, either) = (wanted(json!({"type": "array"})), wanted(json!({"type": ["array", "object"]})));
    let string = wanted(json!({"enum": ["yes", "no"]}));
    for (text, types, value) in [
        (r#"For {"b":1}: ["a"]"#, array, json!(["a"])),
        (r#"For {"b":1}: ["a"]"#, OBJECT, json!({"b": 1})),
        (r#"For {"b":1}: ["a"]"#, either, json!({"b": 1})),
        (r#"["a"] of {"b":1}"#, either, json!(["a"])),
        (r#"It is {"b":1}"#, array, json!({"b": 1})),
        (r#""yes""#, string, json!("yes")),
        ("<think>no?</think>\n\"yes\"", string, json!("yes")),
        ("<think>no?</think>\n\"</think>\"", string, json!("</think>")),
        ("<think>no?</think><answer>\n\"yes\"\n</answer>", string, json!("yes")),
        ("```json\n\"yes\"\n```", string, json!("yes")),
        ("null", string, json!(null)),
    ] {
        assert_eq!(extract(text, types).map(|(value, _)| value), Ok(value), "{text}");
    }
    assert!(extract("yes", string).is_err());
    assert!(extract(r#"It is "yes"."#, string).is_err());
}

#[test]
fn the_spellings_of_other_languages_are_named() {
    for (text, problem) in [
        (r#"{"a": NaN}"#, "`NaN` is not JSON, which has a number or `null`"),
        (r#"{"a": [1, nan]}"#, "`nan` is not JSON, which has a number or `null`"),
        (r#"{"a": Infinity}"#, "`Infinity` is not JSON, which has a number or `null`"),
        (r#"{"a": -Infinity}"#, "`-Infinity` is not JSON, which has a number or `null`"),
        (r#"{"a": None}"#, "`None` is not JSON, which has `null`"),
        (r#"{"a": True, "b": 1}"#, "`True` is not JSON, which has `true`"),
        (r#"{"a": undefined}"#, "`undefined` is not JSON, which has `null`"),
        (r#"{"a": 'b'}"#, "`'` is not JSON, which has texts in double quotes"),
        (r#"{"a": Nancy}"#, "expected value"),
    ] {
        assert_eq!(extract(text, OBJECT).unwrap_err().problem, problem, "{text}");
    }
}

#[test]
fn depth_is_limited_and_stacks_are_safe() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(extract(&nested(MAX_DEPTH - 1), OBJECT).is_ok());
    let deep = |depth: usize| format!("{{\"a\":{}}}", nested(depth));
    let error = extract(&deep(MAX_DEPTH), OBJECT).unwrap_err();
    assert_eq!(error.problem, "it is nested deeper than 128 levels");
    assert!(extract(&deep(100_000), OBJECT).is_err());
    assert!(extract(&"[".repeat(100_000), OBJECT).is_err());
    assert!(extract(&r#"{"a":"#.repeat(100_000), OBJECT).is_err());
}

#[test]
fn repeated_keys_are_reported() {
    let (value, how) = extract(r#"It is {"a":1,"b":{"c":1,"c":2},"a":3}"#, OBJECT).unwrap();
    assert_eq!(value, json!({"a": 3, "b": {"c": 2}}));
    assert_eq!(how.duplicates, ["/b/c", "/a"]);
}

#[test]
fn an_excerpt_is_short_and_safe() {
    let text = format!("{}\u{1b}[2J\n{{\"a\": \u{202e}}} {}", "x".repeat(500), "y".repeat(500));
    let error = extract(&text, OBJECT).unwrap_err();
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
            if let Err(error) = extract(&text, OBJECT) {
                prop_assert!(error.line >= 1 && error.column >= 1);
                prop_assert!(error.line <= text.matches('\n').count() + 1);
            }
        }
    }

    #[test]
    fn any_object_in_prose_is_found(value in object(), before in "[A-Za-z ,.:!\n]{0,40}", after in "[A-Za-z ,.!\n]{0,40}") {
        for json in [value.to_string(), format!("{value:#}")] {
            let (found, how) = extract(&format!("{before}{json}{after}"), OBJECT).unwrap();
            prop_assert_eq!(&found, &value);
            let around = match how.found {
                FoundJson::Whole => String::new(),
                FoundJson::Embedded { before, after } | FoundJson::Fenced { before, after } => before + &after,
            };
            prop_assert_eq!(around, before.trim().to_owned() + after.trim());
            let (found, _) = extract(&format!("{before}\n```json\n{json}\n```\n{after}"), OBJECT).unwrap();
            prop_assert_eq!(&found, &value);
        }
    }

    #[test]
    fn any_array_of_objects_is_found(values in prop::collection::vec(object(), 1..4)) {
        let value = Value::from(values);
        let (found, _) = extract(&format!("Here it is: {value} Done."), OBJECT).unwrap();
        prop_assert_eq!(found, value);
    }

    #[test]
    fn a_cut_object_is_never_taken(value in object(), cut in any::<prop::sample::Index>()) {
        let json = value.to_string();
        let ends: Vec<usize> = json.char_indices().map(|(at, _)| at).filter(|at| *at > 0).collect();
        let end = ends[cut.index(ends.len())];
        prop_assert!(extract(json.get(..end).unwrap(), OBJECT).is_err());
    }
}
