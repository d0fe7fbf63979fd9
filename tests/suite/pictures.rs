//! The pictures of the bench in the README and in docs/workbench.md, drawn by the program itself and kept up to date.
//!
//! `RETORT_PICTURES=write cargo nextest run pictures` draws it anew.

use std::{fs, path::Path, time::Duration};

use retort::model::{Outcome, Usage, outcome::Timing};

use crate::support::{
    picture::svg,
    stage::{Stage, answered, judged, rate_limited, retry_in},
};

fn label(sentiment: &str, confidence: f64) -> String {
    format!("{{\n  \"sentiment\": \"{sentiment}\",\n  \"confidence_score\": {confidence}\n}}")
}

/// Three models on one prompt: one is done, one was retried and is less sure than asked for, one streams.
fn scene() -> Stage {
    let (fast, careful, local) = ("gpt-4o-mini", "claude-haiku-4-5", "local");
    let mut stage = Stage::open(&[fast, careful, local]);
    stage.run().wait(20).begins(fast).begins(careful);
    stage.wait(180).tell(careful, retry_in(1, rate_limited(4), 4));
    stage.wait(560);
    let done = Outcome { quality: Some(judged(0.92)), ..answered(fast, &label("negative", 0.92), 760, 214, (148, 21)) };
    stage.ends(fast, done);
    stage.wait(3460).attempt(careful, 2, careful);
    let took = answered(careful, &label("negative", 0.61), 1090, 402, (156, 24)).timing;
    let unsure = Outcome {
        quality: Some(judged(0.61)),
        attempts: 2,
        timing: Timing { total: Duration::from_millis(5310), ..took },
        ..answered(careful, &label("negative", 0.61), 5310, 402, (156, 24))
    };
    stage.wait(1090).ends(careful, unsure);
    stage.begins(local).wait(190);
    for piece in ["{\n", "  \"", "sent", "iment", "\":", " \"", "neg", "ative", "\",\n", "  \"", "conf", "idence"] {
        stage.wait(16).says(local, 1, piece);
    }
    let usage = Usage { input: Some(151), output: Some(14), ..Usage::default() };
    stage.tell(local, retort::pipeline::event::RunEvent::Usage { attempt: 1, usage });
    stage.keys("answers l");
    stage
}

fn longer(sentiment: &str, confidence: f64, reason: &str) -> String {
    format!(
        "{{\n  \"sentiment\": \"{sentiment}\",\n  \"confidence_score\": {confidence},\n  \"reason\": \"{reason}\",\n  \
         \"tags\": [\"delivery\", \"refund\"]\n}}"
    )
}

/// Four models against the first: the same in another order, less sure and in other words, and one
/// that streams.
fn four() -> Stage {
    let (fast, careful, local, old) = ("gpt-4o-mini", "claude-haiku-4-5", "local", "gpt-4");
    let mut stage = Stage::open(&[fast, careful, local, old]);
    stage.run().wait(20).begins(fast).begins(careful).begins(local).begins(old);
    let ends = |stage: &mut Stage, target: &str, text: &str, confidence: f64, millis: u64, tokens: (u64, u64)| {
        let quality = Some(judged(confidence));
        stage.ends(target, Outcome { quality, ..answered(target, text, millis, 210, tokens) });
    };
    let base = longer("negative", 0.92, "the parcel never came and nobody answers");
    stage.wait(760);
    ends(&mut stage, fast, &base, 0.92, 760, (148, 41));
    let other = "{\n  \"confidence_score\": 0.92,\n  \"sentiment\": \"negative\",\n  \"tags\": [\"delivery\", \"refund\"],\n  \
                 \"reason\": \"the parcel never came and nobody answers\"\n}";
    stage.wait(330);
    ends(&mut stage, careful, other, 0.92, 1090, (156, 44));
    stage.wait(700);
    ends(&mut stage, local, &longer("neutral", 0.61, "the parcel is late and nobody answers"), 0.61, 1790, (151, 39));
    for piece in
        ["{\n", "  \"sentiment\": ", "\"negative\",\n", "  \"confidence_score\": 0.9,\n", "  \"reason\": \"no par"]
    {
        stage.wait(40).says(old, 1, piece);
    }
    stage.keys("answers d");
    stage
}

/// Draws a picture, and fails where the one that is kept is another.
fn kept_as(file: &str, drawn: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets").join(file);
    if std::env::var_os("RETORT_PICTURES").is_some_and(|word| word == "write") {
        fs::write(&path, drawn).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == drawn, "assets/{file} is stale: RETORT_PICTURES=write cargo nextest run pictures");
}

#[test]
fn the_readme_shows_the_bench_as_it_is() {
    kept_as("bench.svg", &svg(&scene().screen(120, 37), "retort — the same prompt on three models"));
}

#[test]
fn the_page_of_the_workbench_shows_four_lanes_and_what_differs() {
    kept_as("lanes.svg", &svg(&four().screen(200, 60), "retort — four models, and what differs from the first"));
}
