//! One lane or a few in every state.

use super::*;

#[test]
fn empty() {
    snapshot("empty", &mut Stage::open(&["gpt-4o-mini"]));
}

#[test]
fn streaming_lanes() {
    snapshot("streaming", streaming().keys("answers"));
}

#[test]
fn a_fallback_is_no_retry_and_a_demonstration_costs_nothing() {
    let mut stage = troubled();
    let lane = text(&stage.keys("answers l l z").screen(120, 40));
    assert!(lane.contains("fallback local → gpt-4") && !lane.contains("retried"), "{lane}");
    let mut demo = Stage::open(&["demo"]);
    demo.run().wait(30).begins("demo");
    demo.ends("demo", Outcome { demo: true, cost: Cost::Unknown, ..answered("demo", ANSWER, 940, 210, (212, 18)) });
    let screen = text(&demo.screen(120, 40));
    let session = screen.lines().find(|line| line.contains("Session  1 run ")).unwrap();
    assert!(!session.contains('$'), "{session}");
}

#[test]
fn done_lanes() {
    snapshot("done", done().keys("answers"));
}

#[test]
fn waiting_failed_and_fallen_back_lanes() {
    snapshot("troubled", troubled().keys("answers"));
}

#[test]
fn a_cut_answer() {
    snapshot("cut", cut().keys("answers"));
}

#[test]
fn all_models_failed() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.run().wait(30).begins("gpt-4o-mini").wait(9000);
    let reasons = vec![
        ("gpt-4o-mini", rate_limited(300)),
        ("claude-haiku-4-5", CallError { status: Some(529), ..CallError::new(ErrorKind::Overloaded, "Overloaded") }),
        ("local", CallError::new(ErrorKind::Transient, "connection refused by 127.0.0.1:8080; is the server running?")),
    ];
    stage.ends("gpt-4o-mini", failed("gpt-4o-mini", reasons));
    snapshot("all-failed", stage.keys("answers"));
}

#[test]
fn a_stopped_demonstration_while_typing() {
    let mut stage = Stage::open(&["demo"]);
    stage.run().wait(30).begins("demo").wait(250).says("demo", 1, "{\n  \"sentiment\":");
    stage.keys("ctrl-c").keys("prompt i").types("Be brief. ");
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
    stage.keys("answers k k k /").types("order 11").wait(100);
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
    snapshot("reasoning", stage.wait(800).keys("answers"));
}

#[test]
fn metrics_with_the_whole_screen() {
    snapshot("metrics", done().keys("metrics z"));
}
