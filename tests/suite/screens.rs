//! What the screen shows, in every state and at every size.

mod diff;
mod prompt;
/// Versions, grades and groups of answers.
mod versions;

use ratatui::buffer::Buffer;
use retort::{
    app::Msg,
    model::{Class, Cost, End, Fault, Outcome, Provenance, settings::AccountLimits},
    pipeline::{
        AccountState, KeyState, Readiness,
        event::{Next, RunEvent},
    },
};

use crate::support::stage::{Stage, answered, failed, judged, rate_limited, retry_in};

const ANSWER: &str = "{\n  \"sentiment\": \"negative\",\n  \"confidence_score\": 0.92\n}";

/// The letters of a screen, a row a line.
pub(crate) fn text(buffer: &Buffer) -> String {
    let mut out = String::new();
    for row in buffer.area.rows() {
        let mut line = String::new();
        let mut skip = 0;
        for place in row.positions() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[place].symbol();
            skip = retort::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Where the snapshots lie, and that they show nothing of how they were made.
fn insta_settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/suite/snapshots/screens"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// Snapshots a state at a large screen, a small one, and one that is too small.
pub(crate) fn snapshot(name: &str, stage: &mut Stage) {
    for (width, height) in [(120, 40), (80, 24)] {
        insta_settings().bind(|| {
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), text(&stage.screen(width, height)));
        });
    }
}

fn streaming() -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini", "claude-haiku-4-5", "local"]);
    stage.run();
    stage.wait(30).begins("gpt-4o-mini").begins("claude-haiku-4-5").begins("local");
    stage.wait(210).says("gpt-4o-mini", 1, "{\n  \"senti");
    stage.wait(300).says("gpt-4o-mini", 1, "ment\": \"negative\",\n");
    stage.says("local", 1, "{");
    stage.wait(100);
    stage
}

fn done() -> Stage {
    let mut stage = streaming();
    let outcome = |target: &str, confidence, first| Outcome {
        quality: Some(judged(confidence)),
        ..answered(target, &ANSWER.replace("0.92", &confidence.to_string()), 940, first, (212, 18))
    };
    stage.ends("gpt-4o-mini", outcome("gpt-4o-mini", 0.92, 210));
    stage.wait(100).ends("claude-haiku-4-5", outcome("claude-haiku-4-5", 0.55, 480));
    let cached = Outcome {
        provenance: Provenance::Cached { stored: "2026-06-12T06:30:00Z".parse().unwrap() },
        served: Some("qwen2.5-0.5b-instruct-q4_k_m.gguf".to_owned()),
        ..outcome("local", 0.81, 120)
    };
    stage.ends("local", cached);
    stage
}

/// A lane that waits for its second attempt, one that failed, one that fell back.
fn troubled() -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini", "claude-haiku-4-5", "local"]);
    stage.run();
    stage.wait(30).begins("gpt-4o-mini").begins("claude-haiku-4-5").begins("local");
    stage.wait(400).tell("gpt-4o-mini", retry_in(1, rate_limited(4), 4));
    let refused = Fault { status: Some(401), ..Fault::new(Class::Credential, "invalid x-api-key") };
    stage.ends("claude-haiku-4-5", failed("claude-haiku-4-5", vec![("claude-haiku-4-5", refused)]));
    let down = Fault::new(Class::Transient, "connection refused by 127.0.0.1:8080");
    let next = Next::NextModel { to: "gpt-4".to_owned() };
    stage.tell("local", RunEvent::AttemptFailed { attempt: 1, fault: down, next });
    stage.attempt("local", 2, "gpt-4").wait(500).says("local", 2, "{\n  \"sentiment\": \"nega");
    stage.wait(300);
    stage
}

/// One lane whose answer broke off.
fn cut() -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.run().wait(30).begins("gpt-4o-mini").wait(250).says("gpt-4o-mini", 1, "{\n  \"sentiment\": \"neg");
    let fault = Fault::new(Class::Interrupted, "the connection closed before the answer was complete");
    let outcome = Outcome {
        end: End::Interrupted { fault },
        cost: Cost::Unknown,
        finish: None,
        ..answered("gpt-4o-mini", "{\n  \"sentiment\": \"neg", 700, 250, (212, 7))
    };
    stage.wait(450).ends("gpt-4o-mini", outcome);
    stage
}

#[test]
fn empty() {
    snapshot("empty", &mut Stage::open(&["gpt-4o-mini"]));
}

#[test]
fn streaming_lanes() {
    snapshot("streaming", streaming().keys("3"));
}

#[test]
fn every_tab_of_a_small_screen_says_how_the_run_goes() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    stage.run().wait(30).begins("gpt-4o-mini").wait(210).says("gpt-4o-mini", 1, "{\n  \"senti");
    let status = |stage: &mut Stage| text(&stage.screen(80, 24)).lines().nth(22).unwrap().to_owned();
    stage.keys("1").wait(300);
    assert_eq!(status(&mut stage), " NORMAL  openai·gpt-4o-mini  ▸ streaming  0.54s  ttft 0.21s  ~3 tok  ~$0.000002");
    let outcome = Outcome { quality: Some(judged(0.55)), ..answered("gpt-4o-mini", ANSWER, 940, 210, (212, 18)) };
    stage.ends("gpt-4o-mini", outcome);
    assert!(status(&mut stage).contains("✗ check failed  0.94s"), "{}", status(&mut stage));
}

#[test]
fn the_list_of_models_says_how_keys_stand() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    let state = |label: &str, state| KeyState {
        provider: "openai".to_owned(),
        label: label.to_owned(),
        account: label.to_owned(),
        state,
    };
    let dead = Readiness::Dead { why: "key refused".to_owned() };
    let account = AccountState {
        provider: "openai".to_owned(),
        account: "env:A".to_owned(),
        under_way: 4,
        waiting: 2,
        concurrency: Some(4),
        requests: 12,
        tokens: 0,
        rests: None,
        limits: AccountLimits { concurrency: Some(8), requests_per_minute: Some(60), ..AccountLimits::default() },
    };
    let keys = vec![state("env:A", Readiness::Ready), state("env:B", dead)];
    stage.keys("m").send(Msg::Keys(keys, vec![account]));
    snapshot("overlay-models-accounts", &mut stage);
    let screen = text(&stage.screen(80, 24));
    assert!(screen.contains("keys of openai: env:A ready · env:B not used any more: key refused"), "{screen}");
}

#[test]
fn a_fallback_is_no_retry_and_a_demonstration_costs_nothing() {
    let mut stage = troubled();
    let lane = text(&stage.keys("3 L L z").screen(120, 40));
    assert!(lane.contains("fallback local → gpt-4") && !lane.contains("retried"), "{lane}");
    let mut demo = Stage::open(&["demo"]);
    demo.run().wait(30).begins("demo");
    demo.ends("demo", Outcome { demo: true, cost: Cost::Unknown, ..answered("demo", ANSWER, 940, 210, (212, 18)) });
    let screen = text(&demo.screen(120, 40));
    let session = screen.lines().find(|line| line.contains("runs 1 ")).unwrap();
    assert!(session.contains("cost –") && !session.contains('$'), "{session}");
}

#[test]
fn done_lanes() {
    snapshot("done", done().keys("3"));
}

#[test]
fn waiting_failed_and_fallen_back_lanes() {
    snapshot("troubled", troubled().keys("3"));
}

#[test]
fn a_cut_answer() {
    snapshot("cut", cut().keys("3"));
}

#[test]
fn all_models_failed() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.run().wait(30).begins("gpt-4o-mini").wait(9000);
    let reasons = vec![
        ("gpt-4o-mini", rate_limited(300)),
        ("claude-haiku-4-5", Fault { status: Some(529), ..Fault::new(Class::Overloaded, "Overloaded") }),
        ("local", Fault::new(Class::Transient, "connection refused by 127.0.0.1:8080; is the server running?")),
    ];
    stage.ends("gpt-4o-mini", failed("gpt-4o-mini", reasons));
    snapshot("all-failed", stage.keys("3"));
}

#[test]
fn a_stopped_demonstration_while_typing() {
    let mut stage = Stage::open(&["demo"]);
    stage.run().wait(30).begins("demo").wait(250).says("demo", 1, "{\n  \"sentiment\":");
    stage.keys("ctrl-c").keys("1 i").types("Be brief. ");
    snapshot("stopped-typing", &mut stage);
}

#[test]
fn a_long_answer_scrolled_back_and_searched() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.run().wait(30).begins("gpt-4o-mini").wait(250);
    for line in 0..200 {
        stage.says("gpt-4o-mini", 1, &format!("{line}. The parcel of order {} is 日本語 late.\n", 1000 + line));
    }
    stage.screen(120, 40);
    stage.keys("3 k k k /").types("order 11").wait(100);
    stage.says("gpt-4o-mini", 1, "one more line\n");
    snapshot("searched", &mut stage);
}

#[test]
fn reasoning_before_the_answer() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage
        .run()
        .wait(30)
        .begins("gpt-4o-mini")
        .wait(250)
        .thinks("gpt-4o-mini", "The writer is angry: three letters, no answer.");
    snapshot("reasoning", stage.wait(800).keys("3"));
}

#[test]
fn metrics_with_the_whole_screen() {
    snapshot("metrics", done().keys("4 z"));
}

#[test]
fn overlays() {
    let open = |keys: &str| {
        let mut stage = done();
        stage.screen(120, 40);
        stage.keys(keys);
        stage
    };
    snapshot("overlay-help", &mut open("f1"));
    snapshot("overlay-palette", open("ctrl-p").types("sa"));
    snapshot("overlay-models", &mut open("m"));
    snapshot("overlay-models-typed", open("m").types("here/other"));
    snapshot("overlay-params", open("p").keys("down down"));
    snapshot("overlay-prompts", open("ctrl-o").lists_prompts());
    snapshot("overlay-prompts-loading", &mut open("ctrl-o"));
    snapshot("overlay-sessions", open("s").lists_sessions());
    snapshot("overlay-save-as", open("W").types("bad name").keys("enter"));
    snapshot("overlay-xray", &mut open("o"));
    snapshot("overlay-copy", &mut open("y"));
    let mut stage = streaming();
    snapshot("overlay-confirm", stage.keys("q"));
    let mut stage = troubled();
    snapshot("overlay-xray-troubled", stage.keys("3 o"));
}

#[test]
fn too_small_a_terminal_says_so_and_none_is_too_small_to_draw() {
    let mut stage = done();
    assert_eq!(text(&stage.screen(59, 20)).trim_end(), "retort needs 60×16; this is 59×20.");
    assert_eq!(text(&stage.screen(20, 5)).trim_end(), "retort needs 60×16;\nthis is 20×5.");
    for keys in ["", "m", "p", "f1", "o", "ctrl-p", "y", "/"] {
        let mut stage = done();
        stage.screen(120, 40);
        stage.keys(keys);
        for width in [0, 1, 2, 7, 60, 61, 100, 300] {
            for height in [0, 1, 2, 5, 16, 17, 28, 90] {
                stage.screen(width, height);
            }
        }
    }
}

#[test]
fn on_a_small_screen_a_run_comes_into_sight_unless_somebody_types() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    stage.run().begins("gpt-4o-mini").says("gpt-4o-mini", 1, "an answer");
    assert!(text(&stage.screen(80, 24)).contains("an answer"));
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    stage.keys("1 i").run().begins("gpt-4o-mini").says("gpt-4o-mini", 1, "an answer").types("xyz");
    let seen = text(&stage.screen(80, 24));
    assert!(seen.contains("xyz") && seen.contains("▸ streaming") && !seen.contains("an answer"), "{seen}");
}

#[test]
fn without_unicode_the_screen_is_ascii() {
    let mut stage = troubled();
    stage.look(true, false).keys("3 o");
    let buffer = stage.screen(120, 40);
    assert!(text(&buffer).is_ascii(), "{}", text(&buffer));
    snapshot("ascii", stage.keys("esc"));
}

#[test]
fn a_screen_of_another_size_than_prepared_is_left_to_the_next_frame() {
    let mut stage = done();
    stage.screen(120, 40);
    let mut smaller = Buffer::empty(ratatui::layout::Rect::new(0, 0, 40, 10));
    retort::ui::draw_on(&stage.app, &mut smaller);
    assert_eq!(text(&smaller).trim(), "");
}
