//! Checks on what an answer says: its text and its JSON.

use super::*;

#[test]
fn texts_are_compared() {
    use Status::{Failed as Fail, Passed as Pass};
    for (kind, value, text, mark, reason) in [
        ("equals", json!("yes"), "yes", Pass, "the answer is `yes`"),
        ("equals", json!("yes"), "<think>no</think>\nyes\n", Pass, "the answer is `yes`"),
        ("equals", json!("yes"), "Yes", Fail, "the answer is `Yes`, not `yes`"),
        ("equals", json!("yes"), "<think>no</think>yes", Pass, "the answer is `yes`"),
        ("equals", json!(4), "4", Pass, "the answer is `4`"),
        ("equals", json!({"a": 1, "b": 2}), "{\"b\": 2.0, \"a\": 1}", Pass, "the answer is `{\"a\":1,\"b\":2}`"),
        ("equals", json!({"a": 1}), "{\"a\": 2}", Fail, "the answer is `{\"a\":2}`, not `{\"a\":1}`"),
        ("equals", json!([1]), "one", Fail, "the answer is `one`, which is not JSON"),
        (
            "equals",
            json!("{\"a\":1}"),
            "{\"a\": 1}",
            Fail,
            "the answer is `{\"a\": 1}`, not `{\"a\":1}`; they differ in white space alone: character 6 is a space in the \
             answer and `1` in what is expected",
        ),
        (
            "equals",
            json!("yes"),
            "yes ",
            Fail,
            "the answer is `yes`, not `yes`; they differ in white space alone: the answer goes on with a space at \
             character 4",
        ),
        (
            "contains",
            json!("a refund"),
            "a\nrefund",
            Fail,
            "the answer does not hold `a refund`; without white space and characters that are not seen, it does",
        ),
        (
            "icontains-any",
            json!(["X", "A  B"]),
            "a b",
            Fail,
            "the answer holds none of `X`, `A  B`; without white space and characters that are not seen, it does",
        ),
        (
            "starts-with",
            json!("Dear"),
            "\u{feff}Dear you",
            Fail,
            "the answer begins with `Dea`, not `Dear`; without white space and characters that are not seen, it does",
        ),
        (
            "starts-with",
            json!("Dear you"),
            "Dear\tyou,",
            Fail,
            "the answer begins with `Dear you`, not `Dear you`; they differ in white space alone: character 5 is a tab in \
             the answer and a space in what is expected",
        ),
        ("contains", json!("refund"), "a refund is due", Pass, "the answer holds `refund`"),
        ("contains", json!("refund"), "<think>refund</think>no", Fail, "the answer does not hold `refund`"),
        ("contains", json!("Refund"), "a refund is due", Fail, "the answer does not hold `Refund`"),
        ("contains", json!(0), "10", Pass, "the answer holds `0`"),
        ("icontains", json!("REFUND"), "a Refund is due", Pass, "the answer holds `REFUND`"),
        ("icontains", json!("ÄRGER"), "viel Ärger", Pass, "the answer holds `ÄRGER`"),
        ("contains-any", json!(["x", "due"]), "a refund is due", Pass, "the answer holds `due`"),
        ("contains-any", json!("x, due"), "a refund is due", Pass, "the answer holds `due`"),
        ("contains-any", json!(["x", "y"]), "a refund", Fail, "the answer holds none of `x`, `y`"),
        ("contains-all", json!(["a", "b"]), "ab", Pass, "the answer holds all of `a`, `b`"),
        ("contains-all", json!("\"1,000\", b"), "1,000 b", Pass, "the answer holds all of `1,000`, `b`"),
        ("contains-all", json!(["a", "b", "c"]), "a", Fail, "the answer does not hold `b`, `c`"),
        ("icontains-any", json!(["X", "DUE"]), "due", Pass, "the answer holds `DUE`"),
        ("icontains-all", json!(["A", "B"]), "a", Fail, "the answer does not hold `B`"),
        ("starts-with", json!("Dear"), "Dear you", Pass, "the answer begins with `Dear`"),
        ("starts-with", json!("Dear"), "Hello you", Fail, "the answer begins with `Hell`, not `Dear`"),
        ("regex", json!("\\d{4}"), "in 1999", Pass, "`\\d{4}` matches `1999`"),
        ("regex", json!("^\\d+$"), "in 1999", Fail, "`^\\d+$` matches nowhere"),
        ("regex", json!("(?i)YEAR"), "year", Pass, "`(?i)YEAR` matches `year`"),
        ("levenshtein", json!("sitting"), "kitten", Pass, "3 changes ≤ threshold 5"),
        ("word-count", json!(3), "one two  three\n", Pass, "3 words = 3"),
        ("word-count", json!("3"), "one two", Fail, "2 words ≠ 3"),
        ("word-count", json!({"min": 2, "max": 4}), "one", Fail, "1 word outside 2 to 4"),
        ("word-count", json!("2-4"), "one two", Pass, "2 words within 2 to 4"),
        ("word-count", json!({"min": 2}), "one", Fail, "1 word < minimum 2"),
        ("word-count", json!({"max": 2}), "one", Pass, "1 word ≤ maximum 2"),
        ("equals", json!("yes"), "<|channel|>analysis<|message|>no<|end|>yes", Pass, "the answer is `yes`"),
        ("contains", json!("yes"), "<think>yes, yes", Fail, "the answer does not hold `yes`"),
        ("format", json!(null), "<think>yes, yes", Fail, "there is nothing but reasoning"),
        ("is-refusal", json!(null), "I can't help with that.", Pass, "the answer says `can't help`"),
        ("is-refusal", json!(null), "Of course.", Fail, "no phrase of a refusal was found"),
        ("finish-reason", json!("STOP"), "x", Pass, "the model stopped for `stop`"),
        ("finish-reason", json!("length"), "x", Fail, "the model stopped for `stop`, not `length`"),
        ("format", json!(null), "x", Pass, "text of 1 characters"),
    ] {
        assert_eq!(told(&check(kind, value.clone()), text), (mark, reason.to_owned()), "{kind} {value} {text:?}");
        let flipped = if mark == Pass { Fail } else { Pass };
        let not = check(kind, value.clone()).negated();
        assert_eq!(told(&not, text), (flipped, reason.to_owned()), "not-{kind} {value} {text:?}");
        assert_eq!(of(&not, &answer(text)).rule, Rule::Check(format!("not-{kind}")));
    }
}

#[test]
fn json_is_found_and_compared() {
    use Comparison::{AtLeast, AtMost, Equal, Greater, Less, Unequal};
    use Status::{Failed as Fail, Passed as Pass};
    let schema = json!({"type": "object", "required": ["a"]});
    let sure = |least: f64| Check { path: Some("/c".to_owned()), ..check("confidence", json!(null)).within(least) };
    let doc = r#"It is {"b": 2} or {"a": 1, "c": 0.75, "s": "5", "t": true}."#;
    let whole = r#"{"a": 1, "c": 0.75, "s": "5", "t": true, "e": ""}"#;
    for (check, text, mark, reason) in [
        (check("is-json", json!(null)), "[1]", Pass, "JSON: an array"),
        (
            check("is-json", json!(null)),
            "x",
            Fail,
            "the answer is `x`, which is not JSON: expected value at line 1, column 1",
        ),
        (check("is-json", schema.clone()), whole, Pass, "valid against the schema"),
        (check("is-json", schema.clone()), "{}", Fail, "\"a\" is a required property"),
        (check("is-json", json!(schema.to_string())), "{}", Fail, "\"a\" is a required property"),
        (check("contains-json", json!(null)), doc, Pass, "JSON: an object"),
        (check("contains-json", json!(null)), "42 {x}", Fail, "no JSON object was found"),
        (check("contains-json", schema.clone()), doc, Pass, "valid against the schema"),
        (check("contains-json", json!(null)), r#"{'x': {"a": 1}}"#, Fail, "no JSON object was found"),
        (check("contains-json", json!(null)), r#"<think>{"a": 1}</think>no"#, Fail, "no JSON object was found"),
        (check("contains-json", json!(null)), r#"no <think>{"a": 1}</think>"#, Fail, "no JSON object was found"),
        (
            check("is-json", json!(null)),
            r#"{"a": NaN}"#,
            Fail,
            "the answer is `{\"a\": NaN}`, which is not JSON: `NaN` is not JSON, which has a number or `null` at line 1, \
             column 7",
        ),
        (
            check("is-json", json!({"properties": {"d": {"format": "date"}}})),
            r#"{"d": "tomorrow"}"#,
            Fail,
            "/d: \"tomorrow\" is not a \"date\"",
        ),
        (
            check("is-json", json!({"properties": {"a": {"items": [{"type": "string"}, {"type": "string"}]}}})),
            r#"{"a": ["x", 2]}"#,
            Fail,
            "/a/1: 2 is not of type \"string\"",
        ),
        (check("contains-json", schema), "It is {\"b\": 2}", Fail, "\"a\" is a required property"),
        (check("required", json!(["a", "/c"])), whole, Pass, "filled: `a`, `/c`"),
        (check("required", json!("a, e, x")), whole, Fail, "`e` is an empty string; `x` is missing"),
        (
            check("completeness", json!(["a", "x"])).within(0.5),
            whole,
            Pass,
            "1 of 2 filled: 0.50 ≥ minimum 0.50; `x` missing",
        ),
        (check("completeness", json!(["a", "x"])), whole, Fail, "1 of 2 filled: 0.50 < minimum 1.00"),
        (sure(0.7), whole, Pass, "0.75 ≥ minimum 0.70 (self-reported)"),
        (sure(0.8), whole, Fail, "0.75 < minimum 0.80 (self-reported)"),
        (path("/c", AtLeast, json!(0.8)), whole, Fail, "`/c` is 0.75, not ≥ 0.8"),
        (path("/c", Greater, json!(0.7)), whole, Pass, "`/c` is 0.75 > 0.7"),
        (path("/c", AtMost, json!("0.75")), whole, Pass, "`/c` is 0.75 ≤ `0.75`"),
        (path("/a", Less, json!(1)), whole, Fail, "`/a` is 1, not < 1"),
        (path("/a", Equal, json!(1.0)), whole, Pass, "`/a` is 1 = 1.0"),
        (path("/a", Equal, json!("1")), whole, Pass, "`/a` is 1 = `1`"),
        (path("/t", Equal, json!("true")), whole, Pass, "`/t` is `true` = `true`"),
        (path("/s", Equal, json!(5)), whole, Fail, "`/s` is `5`, not = 5"),
        (path("/s", Less, json!(9)), whole, Fail, "`/s` is `5`, which is not a number"),
        (path("/s", Unequal, json!("6")), whole, Pass, "`/s` is `5` ≠ `6`"),
        (
            path("/s", Equal, json!("5 ")),
            whole,
            Fail,
            "`/s` is `5`, not = `5`; they differ in white space alone: the answer lacks a space at character 2",
        ),
        (path("/z", Unequal, json!("6")), whole, Fail, "there is nothing at `/z`"),
        (path("/b", Equal, json!(2)), "It is {\"b\": 2}.", Pass, "`/b` is 2 = 2"),
    ] {
        assert_eq!(told(&check, text), (mark, reason.to_owned()), "{} {:?}", check.kind, check.value);
        let flipped = if mark == Pass { Fail } else { Pass };
        assert_eq!(told(&check.clone().negated(), text).0, flipped, "not-{}", check.kind);
    }
    for kind in [check("required", json!("a")), path("/a", Equal, json!(1)), sure(0.5)] {
        for check in [kind.clone(), kind.negated()] {
            let (mark, reason) = told(&check, "no");
            assert_eq!(mark, Status::Inconclusive);
            assert!(reason.starts_with("not applied: no JSON was found:"), "{reason}");
            let (mark, reason) = told(&check, doc);
            assert_eq!(mark, Status::Inconclusive);
            assert_eq!(reason, "not applied: it holds JSON that differs: which is meant is not clear");
        }
    }
}

#[test]
fn a_distance_made_by_white_space_is_told_as_that() {
    let near = check("levenshtein", json!("hello")).within(0.0);
    assert_eq!(
        told(&near, "hello\u{a0}"),
        (
            Status::Failed,
            "1 change > threshold 0; they differ in white space alone: the answer goes on with a no-break space \
             (U+00A0) at character 6"
                .to_owned()
        )
    );
    assert_eq!(told(&near, "hallo"), (Status::Failed, "1 change > threshold 0".to_owned()));
}
