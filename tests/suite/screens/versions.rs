//! Versions, grades and groups of answers as they are seen.

use retort::{
    model::{Cost, Outcome, PicoDollars, Prompt, Status, Verdict, VersionId},
    store::api::{Results, StoreReply, StoreRequest, VersionEntry},
};

use super::{ANSWER, done, snapshot};
use crate::support::{
    history::paired,
    stage::{Stage, answered, judged, sentiment},
};

fn version(system: &str, hours: i64, name: Option<&str>, results: Results) -> VersionEntry {
    let prompt = Prompt { system: system.to_owned(), ..sentiment() }.version();
    VersionEntry {
        id: VersionId::of(&prompt),
        made: "2026-06-12T09:30:00Z".parse::<jiff::Timestamp>().unwrap() - jiff::SignedDuration::from_hours(hours),
        name: name.map(str::to_owned),
        parent: None,
        prompt,
        results,
    }
}

fn versions() -> Vec<VersionEntry> {
    let present = sentiment().system;
    let tried = |runs, passed| Results { runs, judged: runs, passed, ..Results::default() };
    let measured = Results {
        cost: Some(PicoDollars(43_000_000)),
        latency: Some(std::time::Duration::from_millis(940)),
        stars: Some(4.25),
        ..tried(41, 38)
    };
    vec![
        version(&present, 0, None, Results::default()),
        version(&present.replace("customer", "shop customer's"), 2, Some("with the shop"), measured),
        version(&format!("{present}\nAnswer in one line."), 3, None, tried(4, 1)),
        version("Say how the writer feels.", 60, None, tried(1, 0)),
    ]
}

fn listed() -> Stage {
    let mut stage = done();
    stage.screen(120, 40);
    stage.keys("V");
    stage.answer(|job| matches!(job, StoreRequest::ListVersions { .. }), StoreReply::Versions(versions()));
    for comparison in [paired(14, 1, 20), paired(3, 2, 15)] {
        let reply = StoreReply::Compared(Box::new(comparison));
        stage.answer(|job| matches!(job, StoreRequest::ComparePaired { .. }), reply);
    }
    stage
}

#[test]
fn versions_with_what_came_of_them_and_what_they_say() {
    snapshot("versions", listed().keys("down"));
    snapshot("versions-present", &mut listed());
    let mut stage = listed();
    stage.keys("down down down enter");
    snapshot("version-on-the-bench", &mut stage);
}

#[test]
fn grades_in_their_overlay_and_below_the_answer() {
    let mut stage = done();
    stage.screen(120, 40);
    stage.keys("answers v metrics v +");
    snapshot("graded", &mut stage);
    snapshot("overlay-grade", stage.keys("v"));
    snapshot("overlay-comment", stage.keys("c").types("fine, but wordy"));
}

#[test]
fn samples_in_groups() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.app.bench.set_samples(6);
    stage.run().begins("gpt-4o-mini");
    stage.wait(900);
    for (sample, confidence) in [0.92, 0.92, 0.81, 0.92, 0.81].into_iter().enumerate() {
        let text = ANSWER.replace("0.92", &confidence.to_string());
        let outcome = Outcome {
            quality: Some(judged(confidence)),
            json: serde_json::from_str(&text).ok().map(std::sync::Arc::new),
            cost: Cost::Unknown,
            ..answered("gpt-4o-mini", &text, 940, 210, (212, 18))
        };
        stage.ends_sample(sample, outcome);
    }
    let mut quality = judged(0.9);
    quality.verdicts = vec![Verdict { status: Status::Failed, ..quality.verdicts.remove(0) }];
    stage.ends_sample(
        5,
        Outcome { quality: Some(quality), ..answered("gpt-4o-mini", "Sure! It is", 700, 200, (212, 9)) },
    );
    stage.screen(120, 40);
    snapshot("groups", &mut stage);
    snapshot("overlay-groups", stage.keys("="));
}
