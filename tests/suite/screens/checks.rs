//! The checks as they are seen: the list, the form, the kinds of a new one, mistakes, the answers that change.

use retort::model::{Check, CheckKind, Input, Prompt, Response, RunId};

use super::{done, snapshot, text};
use crate::support::{
    checks::Stored,
    stage::{Stage, answered, sentiment},
};

/// Twelve stored answers of all kinds.
fn stored() -> Vec<Stored> {
    let answer = |number: u32| {
        let mood = if number.is_multiple_of(3) { "negative" } else { "neutral" };
        let text = match number {
            5 => "I cannot say.".to_owned(),
            number => format!("{{\"sentiment\": \"{mood}\", \"confidence_score\": 0.{}}}", 99 - number * 5),
        };
        let outcome = answered("gpt-4o-mini", &text, 900, 200, (212, 18));
        (RunId(uuid::Uuid::from_u128(u128::from(number) + 0x62_19_2c_40)), outcome, Input::of("It never came"))
    };
    (0..12).map(answer).collect()
}

/// The sentiment prompt with two more checks, one of them off.
fn prompt() -> Prompt {
    let mut prompt = sentiment();
    prompt.checks.push(Check { enabled: false, ..Check::of(CheckKind::Latency).within(800.0) });
    prompt.checks.push(Check { weight: Some(2.0), ..Check::of(CheckKind::Icontains).with("Negative") });
    prompt
}

/// The bench with a prompt and answers in three lanes, after keys.
fn of(prompt: &Prompt, keys: &str) -> Stage {
    let mut stage = done();
    stage.screen(120, 40);
    stage.app.bench.put(Some("sentiment".to_owned()), prompt);
    stage.keys("C").judges(&stored()).keys(keys).judges(&stored());
    stage
}

#[test]
fn the_list_with_what_came_of_the_chosen_one() {
    snapshot("checks-list", &mut of(&prompt(), "G"));
    snapshot("checks-list-confidence", &mut of(&prompt(), "down down down down"));
}

#[test]
fn the_form_of_a_check_and_a_mistake_in_it() {
    let mut stage = of(&prompt(), "G enter");
    snapshot("checks-form", &mut stage);
    stage.keys("tab tab tab").types("many").keys("enter");
    snapshot("checks-form-mistake", &mut stage);
}

#[test]
fn the_kinds_of_a_new_check() {
    let mut stage = of(&prompt(), "a");
    snapshot("checks-kinds", &mut stage);
    stage.types("json");
    snapshot("checks-kinds-found", &mut stage);
    stage.types("xyz");
    assert!(text(&stage.screen(80, 24)).contains("No check is called so"));
}

#[test]
fn a_new_check_what_changes_and_a_threshold_that_is_moved() {
    let mut stage = of(&prompt(), "a");
    stage.types("contains").keys("enter").types("neutral").judges(&stored());
    snapshot("checks-new-form", &mut stage);
    stage.keys("enter").judges(&stored());
    snapshot("checks-new", &mut stage);
    stage.keys("t");
    snapshot("checks-changes", &mut stage);
    let mut stage = of(&prompt(), "down down down down w .");
    stage.judges(&stored());
    snapshot("checks-what-if", &mut stage);
}

#[test]
fn a_prompt_without_checks_and_an_error_of_the_record() {
    let bare = Prompt { response: Response { finish: false, ..Response::default() }, ..Prompt::default() };
    let mut stage = of(&bare, "");
    snapshot("checks-none", &mut stage);
    let mut stage = done();
    stage.screen(120, 40);
    stage.keys("C");
    let job = |job: &retort::store::api::StoreRequest| matches!(job, retort::store::api::StoreRequest::JudgeAnswers(_));
    stage.refuse(job, retort::model::error::StoreError::new("the record is locked by another program"));
    snapshot("checks-error", &mut stage);
}

#[test]
fn hostile_checks_and_answers_are_drawn_clean() {
    let nasty = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{202e}evil\u{9b}31m\r\n";
    let mut prompt = sentiment();
    prompt.checks.push(Check { metric: Some(nasty.to_owned()), ..Check::of(CheckKind::Contains).with(nasty) });
    prompt.checks.push(Check::unusable(nasty, nasty));
    let answers: Vec<Stored> = stored()
        .into_iter()
        .map(|(run, outcome, input)| (run, retort::model::Outcome { text: nasty.repeat(20), ..outcome }, input))
        .collect();
    for keys in ["G", "G up", "G up enter", "up up t"] {
        let mut stage = done();
        stage.screen(120, 40);
        stage.app.bench.put(Some(nasty.to_owned()), &prompt);
        stage.keys("C").judges(&answers).keys(keys).judges(&answers);
        for (width, height) in [(120, 40), (80, 24), (60, 16)] {
            let seen = text(&stage.screen(width, height));
            assert!(!seen.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{keys}: {seen:?}");
        }
    }
}
