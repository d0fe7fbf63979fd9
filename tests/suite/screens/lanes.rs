//! One to four lanes beside each other, in every state, at three sizes.

use retort::{
    model::{
        CallError, Cost, ErrorKind, Grade, LaneSpec, Outcome, Params, Pinned, Provenance, RunEnd, RunId, VersionId,
    },
    pipeline::ports::RunRecord,
    store::api::{StoreReply, StoreRequest, StoredAnswer},
};

use super::{ANSWER, snapshot_at, text};
use crate::support::stage::{Stage, answered, failed, judged, rate_limited, retry_in, sentiment};

const TARGETS: [&str; 4] = ["gpt-4o-mini", "claude-haiku-4-5", "local", "gpt-4"];
const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

/// As many lanes, the last of which has the focus and came to this; those before it are answered or
/// still stream.
fn lanes(count: usize, last: impl Fn(&mut Stage, &str)) -> Stage {
    let targets = &TARGETS[..count];
    let mut stage = Stage::open(targets);
    stage.run().wait(30);
    for target in targets {
        stage.begins(target);
    }
    stage.wait(210);
    for target in targets {
        stage.says(target, 1, "{\n  \"sentiment\": \"neg");
    }
    let (target, before) = targets.split_last().unwrap();
    for (at, target) in before.iter().enumerate() {
        let ttft = 210;
        let whole = answered(target, ANSWER, 940 + 100 * at as u64, ttft, (212, 18));
        if at == 0 {
            stage.wait(700).ends(target, Outcome { quality: Some(judged(0.92)), ..whole });
        } else {
            stage.says(target, 1, "ative\",\n");
        }
    }
    stage.wait(60);
    last(&mut stage, target);
    stage.keys("answers");
    for _ in 1..count {
        stage.keys("l");
    }
    stage
}

fn each(name: &str, last: impl Fn(&mut Stage, &str)) {
    for count in 1..=4 {
        snapshot_at(&format!("lanes-{count}-{name}"), &mut lanes(count, &last), &SIZES);
    }
}

#[test]
fn streaming() {
    each("streaming", |stage, target| {
        stage.says(target, 1, "ative\",\n  \"confid").wait(150);
    });
}

#[test]
fn failed_after_three_tries() {
    each("failed", |stage, target| {
        for number in 1..=2 {
            stage.tell(target, retry_in(number, rate_limited(4), 4)).wait(4000).attempt(target, number + 1, target);
        }
        stage.wait(400).ends(target, failed(target, vec![(target, rate_limited(4))]));
    });
}

#[test]
fn cached() {
    each("cached", |stage, target| {
        let stored = "2026-06-12T06:30:00Z".parse().unwrap();
        let whole = answered(target, ANSWER, 940, 210, (212, 18));
        let provenance = Provenance::Cached { stored };
        stage.ends(target, Outcome { provenance, quality: Some(judged(0.55)), ..whole });
    });
}

#[test]
fn cut() {
    each("cut", |stage, target| {
        let error = CallError::new(ErrorKind::Interrupted, "the connection closed before the answer was complete");
        let end = RunEnd::Interrupted { error };
        let partial = answered(target, "{\n  \"sentiment\": \"neg", 700, 210, (212, 7));
        stage.ends(target, Outcome { end, cost: Cost::Unknown, finish: None, ..partial });
    });
}

#[test]
fn what_is_a_lanes_own_and_its_samples_stand_above_and_below_the_answer() {
    let mut stage = Stage::open(&["gpt-4o-mini", "gpt-4o-mini"]);
    let pinned =
        Pinned { hash: "3fa9c2d17e".to_owned(), name: Some("terse".to_owned()), prompt: Box::new(sentiment()) };
    let params = Params { temperature: Some(1.2), max_tokens: Some(200), ..Params::default() };
    let spec = LaneSpec { target: "gpt-4o-mini".to_owned(), params, pinned: Some(pinned) };
    stage.app.bench.put_lane(1, spec);
    stage.app.bench.set_samples(3);
    stage.run().wait(40);
    for (sample, millis) in [("gpt-4o-mini", 300), ("gpt-4o-mini#1", 200)] {
        stage.attempt(sample, 1, "gpt-4o-mini").wait(millis);
        let whole = answered("gpt-4o-mini", ANSWER, 300, 120, (212, 18));
        stage.ends(sample, Outcome { quality: Some(judged(0.92)), ..whole });
    }
    stage.attempt("gpt-4o-mini#2", 1, "gpt-4o-mini").says("gpt-4o-mini#2", 1, "{");
    stage.keys("answers l . .");
    snapshot_at("lanes-own", &mut stage, &SIZES);
}

#[test]
fn an_answer_that_was_kept_is_still_marked_as_cut() {
    let mut stage = super::cut();
    let screen = text(&stage.keys("answers K").screen(120, 40));
    assert!(screen.contains("! cut off, kept") && !screen.contains("Answer cut off"), "{screen}");
    stage.app.bench.set_samples(2);
    let screen = text(&stage.screen(120, 40));
    assert!(screen.contains("0 of 2 answered"), "{screen}");
}

#[test]
fn the_model_stands_once_on_the_screen() {
    for (width, height) in [(80, 24), (120, 30), (120, 40), (200, 50)] {
        let screen = text(&Stage::open(&["here/other"]).screen(width, height));
        assert_eq!(screen.matches("here/other").count(), 1, "{screen}");
    }
}

/// Two lanes with their answers.
fn two_answered() -> Stage {
    let mut stage = Stage::open(&["gpt-4o-mini", "claude-haiku-4-5"]);
    stage.run().wait(30);
    for target in ["gpt-4o-mini", "claude-haiku-4-5"] {
        stage.begins(target).wait(300);
        let whole = answered(target, ANSWER, 940, 210, (212, 18));
        stage.ends(target, Outcome { quality: Some(judged(0.92)), ..whole });
    }
    stage.wait(180_000);
    stage
}

/// The sizes at which states of an answer are seen.
const VIEWS: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

#[test]
fn an_old_answer_is_dim_and_says_what_it_is_from() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.run().wait(30).begins("gpt-4o-mini").wait(300);
    let whole = answered("gpt-4o-mini", ANSWER, 940, 210, (212, 18));
    stage.ends("gpt-4o-mini", Outcome { quality: Some(judged(0.92)), ..whole }).wait(180_000);
    stage.keys("prompt i").types("Be brief. ").keys("esc");
    let order = vec![VersionId("0".to_owned()), VersionId::of(&sentiment())];
    stage.answer(|ask| matches!(ask, StoreRequest::VersionOrder(_)), StoreReply::VersionOrder(order));
    stage.keys("answers");
    snapshot_at("lane-old", &mut stage, &VIEWS);
    let screen = stage.look(true, true).screen(120, 40);
    let hues = screen.content().iter().filter(|cell| cell.symbol() == "✓").map(|cell| cell.fg);
    assert!(hues.into_iter().all(|hue| hue == ratatui::style::Color::Reset), "no check of an old answer is green");
    let status = text(&screen);
    assert!(status.contains("from version 2 · 3 min ago"), "{status}");
    let ascii = text(&stage.look(false, false).screen(120, 40));
    assert!(ascii.contains("Old answer: from version 2") && ascii.contains("--"), "{ascii}");
}

#[test]
fn one_lane_with_an_old_answer_beside_one_with_a_current_one() {
    let mut stage = two_answered();
    stage.app.bench.put_lane(1, LaneSpec::from("local"));
    stage.keys("answers l");
    snapshot_at("lanes-one-old", &mut stage, &VIEWS);
    let screen = text(&stage.keys("d").screen(120, 40));
    assert!(screen.contains("old answer: not compared"), "{screen}");
}

#[test]
fn an_answer_from_the_record_says_that_it_is_from_history() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    let whole = answered("gpt-4o-mini", ANSWER, 940, 210, (212, 18));
    let record = RunRecord {
        prompt: sentiment(),
        input: stage.app.bench.input(),
        outcome: Outcome { quality: Some(judged(0.92)), ..whole },
        started: "2026-06-12T09:21:00Z".parse().unwrap(),
        ..crate::support::record::record(RunId(uuid::Uuid::from_u128(7)), stage.now().time, ANSWER)
    };
    let stored = StoredAnswer { record, grade: Grade { stars: Some(4), ..Grade::default() } };
    let reply = StoreReply::StoredAnswers(vec![Some(stored)]);
    stage.answer(|ask| matches!(ask, StoreRequest::StoredAnswers(_)), reply);
    stage.keys("answers");
    snapshot_at("lane-from-history", &mut stage, &VIEWS);
}
