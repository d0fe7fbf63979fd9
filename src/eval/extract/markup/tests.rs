//! Every convention, in every order: what is in reasoning is never the answer.

use proptest::{prelude::*, sample::select};
use serde_json::{Value, json};

use super::*;
use crate::eval::{FoundJson, JsonTypes, extract};

/// How a mark is spelled.
#[derive(Debug, Clone, Copy)]
enum Spelling {
    Plain,
    Loud,
    Spaced,
}

const SPELLINGS: [Spelling; 3] = [Spelling::Plain, Spelling::Loud, Spelling::Spaced];

fn spelled(mark: Mark, spelling: Spelling) -> String {
    let parts: Vec<&str> = match mark {
        Mark::Open(name) => vec!["<", name, ">"],
        Mark::Close(name) => vec!["<", "/", name, ">"],
        Mark::Signs(parts) => parts.to_vec(),
        // The rest of the word that follows it.
        Mark::Glued(word) => return format!("{word}The"),
    };
    let words = parts.iter().all(|part| part.chars().next().is_some_and(char::is_alphabetic));
    match spelling {
        Spelling::Plain => parts.join(if words { " " } else { "" }),
        Spelling::Loud => parts.join(if words { " " } else { "" }).to_uppercase(),
        Spelling::Spaced => parts.join("\n "),
    }
}

/// Each convention with its marks, as texts: how it begins, how it ends, whether its end alone is a mark.
fn conventions() -> Vec<(String, String, bool)> {
    let mut all = Vec::new();
    for convention in CONVENTIONS {
        for spelling in SPELLINGS {
            for (begin, end) in convention.begins.iter().zip(convention.ends.iter().cycle()) {
                all.push((
                    spelled(*begin, spelling),
                    spelled(*end, spelling),
                    convention.kind == ConventionKind::Marks,
                ));
            }
        }
    }
    for channel in ["analysis", "commentary", "commentary to=functions.f <|constrain|>json"] {
        let end = "<|end|><|start|>assistant<|channel|>final<|message|>";
        all.push((format!("<|channel|>{channel}<|message|>"), end.to_owned(), true));
        all.push((format!("<|start|>assistant<|channel|>{channel}<|message|>"), end.to_owned(), true));
    }
    let final_json = "<|end|><|start|>assistant<|channel|>final <|constrain|>JSON<|message|>";
    all.push(("<|channel|>analysis<|message|>".to_owned(), final_json.to_owned(), true));
    all.push(("<|START_THINKING|>".to_owned(), "<|END_THINKING|><|START_RESPONSE|>".to_owned(), true));
    all.push(("<|begin_of_thought|>".to_owned(), "<|end_of_thought|>\n\n<|begin_of_solution|>".to_owned(), true));
    all.push(("<think>\n".to_owned(), "\n</think>\n<answer>\n".to_owned(), true));
    all.push(("<think type=\"deep\">".to_owned(), "</think>".to_owned(), true));
    all
}

fn json_of(text: &str) -> Option<Value> {
    extract(text, JsonTypes::OBJECT).ok().map(|(json, _)| json)
}

#[test]
fn the_answer_comes_after_the_reasoning_whatever_the_convention() {
    let a = Some(json!({"a": 1}));
    for (begin, end, alone) in conventions() {
        let thought = "so {\"b\":2}, or [{\"b\": 3}],";
        let whole = format!("{begin} {thought} it is. {end}{{\"a\":1}}");
        assert_eq!(json_of(&whole), a, "{whole}");
        assert_eq!(answer(&whole), "{\"a\":1}", "{whole}");
        let fenced = format!("\n{begin}{thought}{end}\nHere:\n```json\n{{\"a\":1}}\n```\n");
        assert_eq!(json_of(&fenced), a, "{fenced}");
        let spoken = format!("{begin}{thought}{end}\nyes\n");
        assert_eq!(answer(&spoken), "yes", "{spoken}");
        let endless = format!("{begin}{thought} it is");
        assert_eq!(json_of(&endless), None, "{endless}");
        if !alone {
            continue;
        }
        assert_eq!(answer(&endless), "", "{endless}");
        for text in [
            format!("{thought} it is.{end}{{\"a\":1}}"),
            format!("{{\"b\":2}}{end}{{\"a\":1}}"),
            format!("{begin}{thought}{end}{begin}{thought}{end}{{\"a\":1}}"),
            format!("{begin}{begin}{thought}{end}{{\"a\":1}}"),
            format!("Sure. {begin}{thought}{end} {{\"a\":1}}"),
            format!("{begin}one{end} {{\"b\":2}} {end}{{\"a\":1}}"),
            format!("{{\"b\":2}} {begin}one{end} two {end}{{\"a\":1}}"),
        ] {
            assert_eq!(json_of(&text), a, "{text}");
        }
        assert_eq!(json_of(&format!("{{\"a\":1}}{end}")), None, "{begin}");
        assert_eq!(json_of(&format!("Sure. {begin}{thought}")), None, "{begin}");
    }
}

#[test]
fn a_mark_in_a_json_text_is_part_of_the_text() {
    let tag = json!({"a": "</think>"});
    for (text, want) in [
        ("{\"a\":\"</think>\"}", Some(&tag)),
        ("It is {\"a\":\"</think>\"}.", Some(&tag)),
        ("<think>x</think>{\"a\":\"</think>\"}", Some(&tag)),
        ("<think>{\"b\":\"</think>\"}</think>{\"a\":\"</think>\"}", Some(&tag)),
        ("{\"b\":\"<think>\"} so</think>{\"a\":\"</think>\"}", Some(&tag)),
        ("<think>is it {\"b\":\"</think>\"}? or {\"b\":1}", None),
        ("[THINK][\"[/THINK]\", 1]", None),
        ("<think>{\"b\":\"</think>\"} {\"b\": 1} {'x': {\"b\": 1}</think>{\"a\":\"</think>\"}", Some(&tag)),
    ] {
        assert_eq!(json_of(text).as_ref(), want, "{text}");
    }
    let around = extract("Sure: <think>{\"b\":1}</think>\n{\"a\":1} <think>ok</think> there.", JsonTypes::OBJECT);
    let (json, how) = around.unwrap();
    assert_eq!(json, json!({"a": 1}));
    assert_eq!(how.found, FoundJson::Embedded { before: "Sure:".to_owned(), after: "there.".to_owned() });
    assert_eq!(json_of("{\"a\": <think>one</think> 1}"), None, "nothing is put together");
}

#[test]
fn a_text_without_reasoning_is_left_as_it_is() {
    for text in [
        "yes",
        "the tag <think> is open",
        "a < b and [thinking] of <b>that</b>",
        "Here is my response: yes",
        "Here is my thought process: first the one, then the other.",
        "Thinking... it is 4",
        "analysis of the text",
        "analysisThe",
        "<answer>4</answer>",
        "<thoughtful>yes</thoughtful>",
        "<think about it>",
        "{\"a\":\"<think>\"}",
    ] {
        assert_eq!(answer(text), text);
        assert!(!without(text).thought || answer(text) == text, "{text}");
    }
    for (text, want) in [
        ("<think>no</think> <think>nor</think>yes ", "yes"),
        ("<think>no</think>Use <b>, not <think>.", "Use <b>, not <think>."),
        ("<|channel|>final<|message|>yes<|return|>", "yes"),
        ("<|channel|>analysis<|message|>no<|end|>yes", "yes"),
        ("<|start|>assistant<|message|>yes<|end|>", "yes"),
        ("<think>no</think><answer></answer>", ""),
        ("<think>no</think><answer>yes", "yes"),
        ("<think>no", ""),
        ("</think>", ""),
        ("no<|end|><|start|>assistant", ""),
    ] {
        assert_eq!(answer(text), want, "{text}");
    }
}

/// A piece of an answer.
#[derive(Debug, Clone)]
enum Piece {
    Reasoning(usize),
    Prose(String),
    Answer,
}

proptest! {
    #[test]
    fn no_json_in_reasoning_is_ever_the_answer(
        pieces in prop::collection::vec(
            prop_oneof![
                any::<usize>().prop_map(Piece::Reasoning),
                "[A-Za-z ,.\n]{0,12}".prop_map(Piece::Prose),
                Just(Piece::Answer),
            ],
            0..6,
        ),
        inside in prop::collection::vec(
            select(vec!["{\"bad\":1}", "{\"bad\":\"</think> ▷ [/THINK]\"}", "[{\"bad\":2}]", "{'x': {\"bad\":3}", " hm ", "\"", "```json\n", "{", "]", "<b>"]),
            0..6,
        ),
        ended in any::<bool>(),
        begun in any::<bool>(),
    ) {
        let conventions = conventions();
        let marked: Vec<_> = conventions.iter().filter(|(_, _, alone)| *alone).collect();
        let mut text = String::new();
        for (place, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Reasoning(which) => {
                    let (begin, end, _) = marked[which % marked.len()];
                    let ends = ended || place + 1 < pieces.len();
                    // Where the text begins with reasoning, its mark may be missing.
                    if begun || !ends || place > 0 {
                        text.push_str(begin);
                    }
                    text.push_str(&inside.concat());
                    if ends {
                        text.push_str(end);
                    }
                }
                Piece::Prose(prose) => text.push_str(prose),
                Piece::Answer => text.push_str("{\"good\":1}"),
            }
        }
        if let Some(found) = json_of(&text) {
            prop_assert!(!found.to_string().contains("bad"), "{text}: {found}");
        }
    }

    #[test]
    fn any_text_has_a_part_that_is_answer(text in "([<>/|\\[\\]{}\"a ◁▷\n]|think|THINK|</think>|<\\|channel\\|>|<\\|message\\|>|final|<\\|end\\|>|analysisT){0,40}") {
        let bare = without(&text);
        prop_assert!(bare.start + bare.text.len() <= text.len());
        prop_assert!(text.contains(answer(&text)));
    }
}

#[test]
fn the_only_json_fence_is_taken() {
    for (text, content) in [
        ("```json\n{}\n```", Some("{}")),
        ("Here:\n```JSON\n{}\n```\nDone.", Some("{}")),
        ("```\n[1]\n```", Some("[1]")),
        ("~~~json\n{}\n~~~", Some("{}")),
        ("````json\n{\"a\":\"```\"}\n````", Some("{\"a\":\"```\"}")),
        ("```python\nx = {}\n```\n```json\n{}\n```", Some("{}")),
        ("  ```json\r\n  {}\r\n  ```", Some("{}")),
        ("```jsonc\nnot json\n```", Some("not json")),
        ("```\nsome text\n```", None),
        ("```json\n{}\n```\n```json\n{}\n```", None),
        ("```json\n{}", None),
        ("```json {}```", None),
        ("no fence", None),
    ] {
        assert_eq!(only(text).map(|fence| fence.content), content, "{text:?}");
    }
    let fence = only("Here:\n```json\n  {}\n```\nDone.").unwrap();
    assert_eq!((fence.before, fence.after, fence.start), ("Here:", "Done.", 16));
}
