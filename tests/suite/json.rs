//! JSON shown as JSON: coloured while it comes, folded and marked once it is whole.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::style::{Color, Modifier};
use retort::{
    app::Event,
    eval::{Answer, CheckSuite},
    model::{Cost, Finish, Format, Outcome, Quality, Response, Rule, Status, Verdict},
};
use serde_json::json;

use super::screens::{snapshot, text};
use crate::support::stage::{Stage, answered, verdict};

const MODEL: &str = "gpt-4o-mini";

const ANSWER: &str = r#"{"sentiment": "very negative", "confidence_score": 0.550, "topics": ["delivery", "support"],
"customer": {"name": "A. Müller", "orders": [{"id": 4711123456789012345678, "late": true}, {"id": 4712, "late": null}]},
"summary": "The parcel never came, nobody answers the telephone, and the customer wants the money back before Friday or else."}"#;

fn response() -> Response {
    Response {
        format: Format::Schema,
        schema: Some(json!({
            "type": "object",
            "required": ["language"],
            "properties": {"sentiment": {"enum": ["negative", "neutral", "positive"]}},
        })),
        confidence: Some("/confidence_score".to_owned()),
        min_confidence: Some(0.7),
        ..Response::default()
    }
}

/// What comes of an answer to a prompt that asks for the response above.
fn outcome(text: &str) -> Outcome {
    let answer = Answer {
        text,
        finish: Some(&Finish::Stop),
        latency: None,
        cost: Cost::Unknown,
        tools: retort::eval::ToolTrace::NONE,
    };
    let judged = CheckSuite::new(&response(), &[]).unwrap().judge(&answer);
    Outcome { json: judged.json, quality: Some(judged.quality), ..answered(MODEL, text, 940, 210, (212, 180)) }
}

fn asked(format: Format) -> Stage {
    let mut stage = Stage::open(&[MODEL]);
    stage.app.bench.response = Response { format, ..response() };
    stage.app.bench.touch();
    stage.screen(120, 40);
    stage.run().wait(30).begins(MODEL).wait(210);
    stage
}

/// A lane with the focus and an answer.
fn done(text: &str) -> Stage {
    let mut stage = asked(Format::Schema);
    stage.says(MODEL, 1, text).wait(300).ends(MODEL, outcome(text));
    stage.keys("answers").screen(120, 40);
    stage
}

fn lane(stage: &mut Stage) -> String {
    text(&stage.screen(120, 40))
}

#[test]
fn json_that_is_still_coming() {
    let mut stage = asked(Format::Schema);
    stage
        .says(MODEL, 1, "```json\n{\n  \"sentiment\": \"negative\",\n  \"late\": true, \"score\": 0.9")
        .keys("answers");
    let buffer = stage.screen(120, 40);
    let at = |text: &str| {
        let row = (0..40).find_map(|y| {
            let lane: String = (52..120).map(|x| buffer[(x, y)].symbol()).collect();
            lane.find(text).map(|byte| (52 + lane[..byte].chars().count() as u16, y))
        });
        buffer[row.unwrap()].fg
    };
    assert_eq!(at("```json"), Color::Reset);
    assert_eq!(at("\"sentiment\""), Color::Cyan);
    assert_eq!(at("\"negative\""), Color::Green);
    assert_eq!(at("true"), Color::Yellow);
    assert_eq!(at("0.9"), Color::Magenta);
    snapshot("json-streaming", &mut stage);
}

#[test]
fn whole_json_with_what_failed_marked_where_it_stands() {
    snapshot("json", &mut done(ANSWER));
    let mut fenced = done(&format!("Here you are:\n```json\n{ANSWER}\n```"));
    assert!(lane(&mut fenced).contains("in a Markdown fence, with text around it"));
}

#[test]
fn json_is_folded_walked_through_and_searched() {
    let mut stage = done(ANSWER);
    stage.keys("n");
    assert_eq!(stage.app.bench.lanes[0].shown().answer.json().unwrap().value_at_cursor().0, "/sentiment");
    stage.keys("n");
    let json = stage.app.bench.lanes[0].shown().answer.json().unwrap();
    assert_eq!(json.value_at_cursor(), ("/confidence_score".to_owned(), "0.550"));
    stage.types("j jjj ");
    snapshot("json-folded", &mut stage);
    stage.keys("ctrl-p").types("unfold-all").keys("enter");
    stage.types("/MÜLLER");
    stage.keys("enter");
    assert_eq!(stage.app.bench.lanes[0].shown().answer.json().unwrap().value_at_cursor().1, "\"A. Müller\"");
    stage.keys("ctrl-p").types("fold-all").keys("enter");
    assert!(lane(&mut stage).contains("\"customer\": {… 2 keys}"), "{}", lane(&mut stage));
    stage.types("n");
    assert!(lane(&mut stage).contains("\"A. Müller\""));
}

/// A list of so many orders, one of which has no number.
fn orders(count: usize, bad: usize) -> String {
    let order = |at: usize| {
        let id = if at == bad { "null".to_owned() } else { at.to_string() };
        format!(r#"{{"id": {id}, "lines": [{{"sku": "A{at}", "parts": [1, 2]}}]}}"#)
    };
    let orders: Vec<_> = (0..count).map(order).collect();
    format!(r#"{{"orders": [{}], "language": "de"}}"#, orders.join(",\n"))
}

#[test]
fn a_long_answer_starts_folded_but_for_what_failed() {
    let whole = orders(400, usize::MAX);
    assert!(lane(&mut done(&whole)).contains("\"orders\": [… 400 items],"));
    let text = orders(400, 250);
    let mut stage = asked(Format::Schema);
    let mut outcome = outcome(&text);
    let id =
        Verdict { at: Some("/orders/250/id".to_owned()), ..verdict(Rule::Schema, Status::Failed, "no number", None) };
    outcome.quality = Some(Quality::of(vec![id]));
    stage.says(MODEL, 1, &text).ends(MODEL, outcome);
    stage.keys("answers").screen(120, 40);
    let shown = lane(stage.keys("n"));
    assert!(shown.contains("\"id\": null,") && shown.contains("✗ no number"), "{shown}");
    assert!(lane(stage.keys("ctrl-p f o l d - a l l enter")).contains("✗   \"orders\": [… 400 items],"));
    stage.keys("n");
    let json = stage.app.bench.lanes[0].shown().answer.json().unwrap();
    assert_eq!(json.value_at_cursor(), ("/orders/250/id".to_owned(), "null"));
}

#[test]
fn whoever_has_scrolled_back_stays_there_when_the_answer_is_complete() {
    let text = orders(100, usize::MAX);
    let mut stage = asked(Format::Schema);
    stage.says(MODEL, 1, &text).keys("answers").screen(120, 40);
    let first = |stage: &mut Stage| lane(stage).lines().nth(2).unwrap().to_owned();
    stage.keys("g j j j j j j j j j j j j j j j j j j j j").wait(10);
    assert!(first(&mut stage).contains("\"sku\": \"A20\""), "{}", first(&mut stage));
    stage.ends(MODEL, outcome(&text));
    let json = stage.app.bench.lanes[0].shown().answer.json().unwrap();
    assert!(json.value_at_cursor().0.starts_with("/orders/20"), "{}", json.value_at_cursor().0);
}

#[test]
fn a_string_longer_than_the_screen_is_read_row_by_row_and_a_click_folds() {
    let words: Vec<_> = (0..900).map(|at| format!("word{at}")).collect();
    let mut stage = done(&format!(r#"{{"long": "{}", "list": [1]}}"#, words.join(" ")));
    stage.keys("j");
    let pointer = |stage: &Stage| stage.app.bench.lanes[0].shown().answer.json().unwrap().value_at_cursor().0;
    let mut seen = String::new();
    for _ in 0..200 {
        seen.push_str(&lane(&mut stage));
        if pointer(&stage) != "/long" {
            break;
        }
        stage.keys("j");
    }
    let unseen: Vec<_> = words.iter().filter(|word| !seen.contains(word.as_str())).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
    assert_eq!(pointer(&stage), "/list");
    let area = stage.app.bench.layout.lanes[0].text;
    let row = lane(&mut stage).lines().position(|line| line.contains("\"list\"")).unwrap();
    let kind = MouseEventKind::Down(MouseButton::Left);
    let click = MouseEvent { kind, column: area.x + 4, row: row as u16, modifiers: KeyModifiers::NONE };
    stage.send(Event::Mouse(click));
    assert!(lane(&mut stage).contains("\"list\": [… 1 item]"));
}

#[test]
fn the_text_is_one_key_away_and_stays_for_the_next_run() {
    let mut stage = done(ANSWER);
    snapshot("json-raw", stage.keys("J"));
    stage.run().begins(MODEL).says(MODEL, 1, ANSWER).ends(MODEL, outcome(ANSWER));
    assert!(stage.app.bench.lanes[0].shown().answer.json().is_none());
    assert!(stage.keys("J").app.bench.lanes[0].shown().answer.json().is_some());
}

#[test]
fn json_that_breaks_off_or_breaks_the_rules_is_text_with_the_place_marked() {
    snapshot("json-broken", &mut done("{\"sentiment\": \"negative\",\n \"score\": NaN,\n \"late\": true}"));
    let mut cut = done("{\"sentiment\": \"neg");
    assert!(lane(&mut cut).contains("\"neg✗"), "{}", lane(&mut cut));
}

#[test]
fn prose_is_shown_as_it_came_and_json_nobody_asked_for_only_where_it_is_all() {
    for (text, tree) in [("It is [1] or {\"a\": 1}.", false), ("{\"a\": 1}", true), ("42", false)] {
        let mut stage = asked(Format::Text);
        stage.says(MODEL, 1, text).ends(MODEL, answered(MODEL, text, 940, 210, (212, 18)));
        assert_eq!(stage.app.bench.lanes[0].shown().answer.json().is_some(), tree, "{text}");
    }
}

#[test]
fn without_colour_everything_is_still_told_apart() {
    let mut stage = done(ANSWER);
    stage.look(false, true).keys("answers");
    let buffer = stage.screen(120, 40);
    let row = |text: &str| {
        let line = |y: u16| (0..120).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        let found = (0..40).find(|y| line(*y).contains(text));
        found.unwrap_or_else(|| panic!("{text} is not in\n{}", (0..40).map(line).collect::<Vec<_>>().join("\n")))
    };
    let modifiers = |y: u16| (0..120).fold(Modifier::empty(), |all, x| all | buffer[(x, y)].modifier);
    assert!(modifiers(row("│✗ {")).contains(Modifier::UNDERLINED), "the cursor");
    assert!(modifiers(row("\"topics\"")).contains(Modifier::BOLD));
    assert!((0..120).all(|x| (0..40).all(|y| buffer[(x, y)].fg == Color::Reset)));
}
