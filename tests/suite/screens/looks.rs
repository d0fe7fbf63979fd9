//! Screens of every size, and terminals that can show less.

use std::fmt::Write as _;

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
fn on_a_small_screen_a_run_is_in_sight_also_while_somebody_types() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    stage.run().begins("gpt-4o-mini").says("gpt-4o-mini", 1, "an answer");
    assert!(text(&stage.screen(80, 24)).contains("an answer"));
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    stage.keys("prompt i").run().begins("gpt-4o-mini").says("gpt-4o-mini", 1, "an answer").types("xyz");
    let seen = text(&stage.screen(80, 24));
    assert!(seen.contains("xyz") && seen.contains("▸ streaming") && seen.contains("an answer"), "{seen}");
}

#[test]
fn without_unicode_the_screen_is_ascii() {
    let mut stage = troubled();
    stage.look(true, false).keys("answers o");
    let buffer = stage.screen(120, 40);
    assert!(text(&buffer).is_ascii(), "{}", text(&buffer));
    snapshot("ascii", stage.keys("esc"));
    // What each mark of the table of looks is.
    let mut stage = done();
    let screen = text(&stage.look(true, false).keys("answers").screen(120, 40));
    for said in ["= * 1 gpt-4o-mini", "ok 4/4 ", " x 3/4 ", " ok format"] {
        assert!(screen.contains(said), "{said} in\n{screen}");
    }
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
fn what_is_out_of_sight_the_status_says() {
    let mut stage = Stage::open(&["gpt-4o-mini"]);
    stage.screen(80, 24);
    stage.run().wait(30).begins("gpt-4o-mini").wait(210).says("gpt-4o-mini", 1, "{\n  \"senti");
    let status = |stage: &mut Stage| text(&stage.screen(80, 24)).lines().nth(22).unwrap().to_owned();
    stage.keys("prompt").wait(300);
    assert_eq!(status(&mut stage), " NORMAL", "the lane is in sight");
    stage.keys("z");
    assert!(status(&mut stage).starts_with(" NORMAL  ▸ streaming  zoomed  0.54s"), "{}", status(&mut stage));
    let outcome = Outcome { quality: Some(judged(0.55)), ..answered("gpt-4o-mini", ANSWER, 940, 210, (212, 18)) };
    stage.ends("gpt-4o-mini", outcome);
    assert!(status(&mut stage).contains("✗ 3/4"), "{}", status(&mut stage));
    stage.keys("z");
    assert_eq!(status(&mut stage), " NORMAL  ✗ confidence: 0.55 < minimum 0.70  0/1 passed  p50 0.94s  $0.000043");
}

#[test]
fn sums_have_a_pane_a_line_or_a_place_on_the_status_line() {
    let mut stage = done();
    for (height, row) in [(40, 36), (30, 27), (24, 22)] {
        let screen = text(&stage.screen(120, height));
        let line = screen.lines().nth(row).unwrap();
        assert!(line.contains("2/3 passed"), "{screen}");
        assert_eq!(screen.matches("2/3 passed").count(), 1, "{screen}");
    }
    snapshot_at("totals", &mut stage, &[(120, 30)]);
}

#[test]
fn the_footer_ends_with_the_keys_that_lead_to_all_others() {
    let mut stage = done();
    for width in [60, 80, 100, 120, 200] {
        let screen = text(&stage.screen(width, 40));
        assert!(screen.lines().last().unwrap().ends_with("ctrl-p all actions  ? help"), "{screen}");
    }
    stage.keys("prompt i");
    let screen = text(&stage.screen(80, 24));
    let footer = screen.lines().last().unwrap();
    assert!(footer.starts_with(" esc stop editing") && footer.ends_with("F1 help"), "{footer}");
}

#[test]
fn a_screen_reader_finds_words_and_the_row_that_has_the_focus() {
    let mut stage = done();
    stage.app.shared.look = retort::model::TerminalCaps { unicode: false, accessible: true, ..Default::default() };
    stage.keys("answers");
    let seen = |stage: &mut Stage| {
        let mut buffer = stage.screen(120, 40);
        let place = retort::app::draw_on(&stage.app, &mut buffer).unwrap();
        let row: String = (place.x..buffer.area.right()).map(|x| buffer[(x, place.y)].symbol()).collect();
        (text(&buffer), row)
    };
    let (screen, row) = seen(&mut stage);
    assert!(screen.is_ascii() && screen.contains("passed"), "{screen}");
    assert!(row.starts_with("* 1 gpt-4o-mini") || row.starts_with('>'), "{row}");
    stage.keys("m down");
    let (_, row) = seen(&mut stage);
    assert!(row.starts_with('>') && row.contains("local"), "{row}");
    snapshot("accessible", stage.keys("esc"));
}

#[test]
fn the_layouts_of_every_size() {
    const SIZES: &[(u16, u16)] = &[(80, 24), (120, 40), (200, 50)];
    let mut stage = done();
    snapshot_at("layout-typing", stage.keys("prompt i"), SIZES);
    stage.keys("esc metrics");
    snapshot_at("layout-metrics", &mut stage, SIZES);
    snapshot_at("layout-charts", stage.keys("+"), SIZES);
    let mut four = Stage::open(&["gpt-4o-mini", "claude-haiku-4-5", "local", "gpt-4"]);
    snapshot_at("layout-four", four.keys("answers"), &[(80, 24), (120, 40), (160, 40), (200, 50)]);
}

/// Every theme paints the same letters.
#[test]
fn themes_differ_in_colours_alone() {
    use retort::model::theme::{ThemeName, ThemeSetting};
    let mut stage = done();
    let letters = text(&stage.screen(120, 40));
    for name in [ThemeName::Dark, ThemeName::Light, ThemeName::HighContrast] {
        stage.app.shared.settings.theme = ThemeSetting::Named(name);
        let buffer = stage.screen(120, 40);
        assert_eq!(text(&buffer), letters, "{name:?}");
        assert!(buffer.content.iter().all(|cell| cell.bg != ratatui::style::Color::Reset), "{name:?}");
    }
}

/// Writes how the cells of a screen look: a letter for each style but that of plain blanks, and what each letter stands for.
fn colours(buffer: &Buffer) -> String {
    let style_of = |cell: &ratatui::buffer::Cell| (cell.fg, cell.bg, cell.modifier);
    let plain = buffer.content.iter().rfind(|cell| cell.symbol() == " ").map(style_of).unwrap();
    let mut styles = vec![plain];
    let mut out = String::new();
    for row in buffer.area.rows() {
        let letters = row.positions().map(|place| {
            let style = style_of(&buffer[place]);
            let at = styles.iter().position(|known| *known == style).unwrap_or_else(|| {
                styles.push(style);
                styles.len() - 1
            });
            if at == 0 { '.' } else { char::from(b'a' + u8::try_from(at - 1).unwrap()) }
        });
        out.push_str(letters.collect::<String>().trim_end_matches('.'));
        out.push('\n');
    }
    for (at, (text, under, with)) in styles.iter().enumerate() {
        let letter = if at == 0 { '.' } else { char::from(b'a' + u8::try_from(at - 1).unwrap()) };
        writeln!(out, "{letter}: {text:?} on {under:?}, {with:?}").unwrap();
    }
    out
}

#[test]
fn each_theme_has_its_colours_for_a_lane_that_failed_and_one_that_passed() {
    use retort::model::{
        TerminalCaps,
        theme::{ThemeName, ThemeSetting},
    };
    for name in ThemeName::ALL {
        let mut stage = done();
        let theme = ThemeSetting::Named(name);
        let called = format!("theme-{theme}-120x40");
        stage.app.shared.settings.theme = theme;
        stage.app.shared.look = TerminalCaps {
            colour: name != ThemeName::Mono,
            unicode: name != ThemeName::Ascii,
            ..TerminalCaps::default()
        };
        let screen = stage.keys("answers").screen(120, 40);
        insta_settings().bind(|| insta::assert_snapshot!(called, colours(&screen)));
    }
}

#[test]
fn the_names_of_the_lanes_stand_on_a_rule_of_their_own_beside_the_prompt_that_is_typed_into() {
    let mut stage = Stage::open(&["gpt-4o-mini", "claude-haiku-4-5"]);
    let screen = text(&stage.keys("prompt i").screen(120, 40));
    let rows: Vec<&str> = screen.lines().collect();
    assert!(
        rows[1].starts_with("━ Prompt") && rows[1].contains("tok ━┬─ [1 gpt-4o-mini] 2 claude-haiku-4-5  ─"),
        "{screen}"
    );
    assert!(rows[2].contains("├─ 1 gpt-4o-mini ─"), "{screen}");
}

#[test]
fn the_detail_column_has_whole_reasons_and_the_times_of_the_lane_with_the_focus() {
    let mut stage = done();
    stage.keys("answers l");
    let detail = |stage: &mut Stage, width| {
        let screen = text(&stage.screen(width, 50));
        screen
            .lines()
            .filter_map(|line| Some(line.rsplit_once(['│', '┬'])?.1.to_owned()))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let lane_2 = detail(&mut stage, 200);
    for said in ["Detail", "lane 2", "Checks  3 of 4 passed", "confidence  failed", "0.55 < minimum 0.70", "Timeline"] {
        assert!(lane_2.contains(said), "{said} in\n{lane_2}");
    }
    assert!(!detail(&mut stage, 179).contains("Detail"));
    stage.screen(200, 50);
    assert!(detail(stage.keys("l"), 200).contains("lane 3"));
}
