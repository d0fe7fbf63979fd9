//! What the screen shows of a difference: text in two lanes, JSON in four, without colour.

use ratatui::style::{Color, Modifier};

use super::{has_an_ascii_form, insta_settings, text};
use crate::support::stage::{Stage, answered, judged};

const OLD: &str = "Your parcel was sent on Monday and is late.\n\nWe are sorry for the delay. It should reach you by \
                   Friday.\n\nIf it does not, write to us again and we send a new one at no cost.\n\nKind regards";
const NEW: &str = "Your parcel was sent on Monday, but it is late.\n\nWe are sorry. It should reach you by \
                   Thursday.\n\nKind regards\n\nThe parcel team";

const JSON: [&str; 4] = [
    r#"{"sentiment": "negative", "confidence_score": 0.92, "reason": "the parcel is late and nobody answered", "tags": ["delay", "service"], "order": {"id": 1041, "open": true}}"#,
    r#"{"confidence_score": 0.92, "sentiment": "negative", "reason": "the parcel is late and nobody answered", "tags": ["delay", "service"], "order": {"open": true, "id": 1041}}"#,
    r#"{"sentiment": "negative", "confidence_score": 0.81, "reason": "the parcel is very late and nobody has answered", "tags": ["late", "delay", "service"], "order": {"id": 1041, "open": true}}"#,
    r#"{"sentiment": "neutral", "confidence_score": 0.55, "tags": ["delay", "service"], "order": {"id": "1041", "open": true}, "language": "en"}"#,
];

fn snapshot(name: &str, stage: &mut Stage) {
    for (width, height) in [(120, 40), (80, 24), (200, 60)] {
        insta_settings().bind(|| {
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), text(&stage.screen(width, height)));
        });
        has_an_ascii_form(name, stage, (width, height));
    }
}

fn stage(targets: &[&str], answers: &[&str]) -> Stage {
    let mut stage = Stage::open(targets);
    stage.screen(120, 40);
    stage.run().wait(30);
    for (target, answer) in targets.iter().zip(answers) {
        stage.begins(target).wait(200);
        let mut outcome = answered(target, answer, 940, 210, (212, 48));
        outcome.quality = answer.starts_with('{').then(|| judged(0.92));
        stage.ends(target, outcome);
    }
    stage
}

fn prose() -> Stage {
    stage(&["gpt-4o-mini", "claude-haiku-4-5"], &[OLD, NEW])
}

fn json() -> Stage {
    stage(&["gpt-4o-mini", "claude-haiku-4-5", "local", "gpt-4"], &JSON)
}

#[test]
fn two_texts() {
    let mut stage = prose();
    stage.keys("answers d l").screen(120, 40);
    snapshot("diff-text", stage.keys("n n"));
}

#[test]
fn four_answers_in_json() {
    let mut stage = json();
    stage.keys("answers d l l").screen(120, 40);
    snapshot("diff-json", stage.keys("n"));
    snapshot("diff-json-other-baseline", stage.keys("b l"));
}

#[test]
fn what_can_be_compared_with() {
    snapshot("overlay-compare-with", json().keys("answers B"));
}

#[test]
fn without_colour_and_unicode_a_difference_is_still_to_be_seen() {
    let mut stage = prose();
    stage.look(false, false).keys("answers d l");
    let buffer = stage.screen(120, 40);
    let shown = text(&buffer);
    assert!(shown.is_ascii() && shown.contains("{+Thursday+}") && shown.contains("! "), "{shown}");
    let has = |modifier: Modifier| buffer.content.iter().any(|cell| cell.modifier.contains(modifier));
    assert!(has(Modifier::CROSSED_OUT) && has(Modifier::UNDERLINED));
    assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset));
}
