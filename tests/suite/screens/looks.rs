//! Screens of every size, and terminals that can show less.

use super::*;

#[test]
fn too_small_a_terminal_says_so_and_none_is_too_small_to_draw() {
    let mut stage = done();
    assert_eq!(
        text(&stage.screen(59, 20)).trim_end(),
        "retort needs 60×16; this is 59×20. Make the terminal\nlarger; ctrl-c twice quits."
    );
    assert_eq!(
        text(&stage.screen(20, 5)).trim_end(),
        "retort needs 60×16;\nthis is 20×5. Make\nthe terminal larger;\nctrl-c twice quits."
    );
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
    retort::app::draw_on(&stage.app, &mut smaller);
    assert_eq!(text(&smaller).trim(), "");
}

#[test]
fn every_tab_of_a_small_screen_says_how_the_run_goes() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    stage.run().wait(30).begins("gpt-4o-mini").wait(210).says("gpt-4o-mini", 1, "{\n  \"senti");
    let status = |stage: &mut Stage| text(&stage.screen(80, 24)).lines().nth(22).unwrap().to_owned();
    stage.keys("1").wait(300);
    assert_eq!(status(&mut stage), " NORMAL  openai·gpt-4o-mini  ▸ streaming  0.54s  first token 0.21s  ~3 tok  live");
    let outcome = Outcome { quality: Some(judged(0.55)), ..answered("gpt-4o-mini", ANSWER, 940, 210, (212, 18)) };
    stage.ends("gpt-4o-mini", outcome);
    assert!(status(&mut stage).contains("✗ 3/4  0.94s"), "{}", status(&mut stage));
}
