//! What the screen shows, in every state and at every size.

/// The batch screen.
mod batch;
/// The checks of the prompt.
mod checks;
mod diff;
/// The history screen.
mod history;
mod lanes;
mod looks;
mod overlays;
mod paired_comparison;
mod prompt;
/// The quality screen.
mod quality;
mod states;
mod tools;
/// The traffic screen.
mod traffic;
/// Versions, grades and groups of answers.
mod versions;
/// The what-if of the quality screen.
mod whatif;
/// The X-ray, and verdicts in a lane.
mod xray;

use ratatui::buffer::Buffer;
use retort::{
    model::{CallError, Cost, ErrorKind, Outcome, Provenance, RunEnd},
    pipeline::event::{NextStep, RunEvent},
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

/// Snapshots a state at a large screen and a small one.
pub(crate) fn snapshot(name: &str, stage: &mut Stage) {
    snapshot_at(name, stage, &[(120, 40), (80, 24)]);
}

/// Snapshots the rows of a screen of this size.
pub(crate) fn snapshot_rows(name: &str, (width, height): (u16, u16), rows: &[String]) {
    let text = rows.iter().map(|row| row.trim_end()).collect::<Vec<_>>().join("\n");
    insta_settings().bind(|| insta::assert_snapshot!(format!("{name}-{width}x{height}"), text));
}

fn snapshot_at(name: &str, stage: &mut Stage, sizes: &[(u16, u16)]) {
    for &(width, height) in sizes {
        insta_settings().bind(|| {
            insta::assert_snapshot!(format!("{name}-{width}x{height}"), text(&stage.screen(width, height)));
        });
        has_an_ascii_form(&format!("{name}-{width}x{height}"), stage, (width, height));
    }
}

/// Draws the same screen without Unicode: of what is not ASCII nothing is left but the letters of somebody's text.
fn has_an_ascii_form(name: &str, stage: &mut Stage, (width, height): (u16, u16)) {
    let look = stage.app.shared.look;
    stage.app.shared.look.unicode = false;
    let screen = text(&stage.screen(width, height));
    let left: String = screen.chars().filter(|c| !c.is_ascii() && !c.is_alphanumeric()).collect();
    assert!(left.is_empty(), "{name}: {left:?} in\n{screen}");
    stage.app.shared.look = look;
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
    let refused = CallError { status: Some(401), ..CallError::new(ErrorKind::Credential, "invalid x-api-key") };
    stage.ends("claude-haiku-4-5", failed("claude-haiku-4-5", vec![("claude-haiku-4-5", refused)]));
    let down = CallError::new(ErrorKind::Transient, "connection refused by 127.0.0.1:8080");
    let next = NextStep::NextModel { to: "gpt-4".to_owned() };
    stage.tell("local", RunEvent::AttemptFailed { attempt: 1, error: down, next });
    stage.attempt("local", 2, "gpt-4").wait(500).says("local", 2, "{\n  \"sentiment\": \"nega");
    stage.wait(300);
    stage
}

/// One lane whose answer broke off.
fn cut() -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.run().wait(30).begins("gpt-4o-mini").wait(250).says("gpt-4o-mini", 1, "{\n  \"sentiment\": \"neg");
    let error = CallError::new(ErrorKind::Interrupted, "the connection closed before the answer was complete");
    let outcome = Outcome {
        end: RunEnd::Interrupted { error },
        cost: Cost::Unknown,
        finish: None,
        ..answered("gpt-4o-mini", "{\n  \"sentiment\": \"neg", 700, 250, (212, 7))
    };
    stage.wait(450).ends("gpt-4o-mini", outcome);
    stage
}
