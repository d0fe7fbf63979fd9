//! The README's picture of the bench, drawn by the program itself and kept up to date.
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
    stage.keys("3 l");
    stage
}

#[test]
fn the_readme_shows_the_bench_as_it_is() {
    let drawn = svg(&scene().screen(120, 37), "retort — the same prompt on three models");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/bench.svg");
    if std::env::var_os("RETORT_PICTURES").is_some_and(|word| word == "write") {
        fs::write(&file, &drawn).unwrap();
    }
    let kept = fs::read_to_string(&file).unwrap_or_default();
    assert!(kept == drawn, "assets/bench.svg is stale: RETORT_PICTURES=write cargo nextest run pictures");
}
