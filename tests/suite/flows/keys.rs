//! What keys mean where: text first while typing, esc that never quits, the mouse.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use retort::app::{
    Effect, Event, Keymap, ScreenId,
    intent::ModelFor,
    layout::Shape,
    overlays::{Overlay, xray::XrayTab},
    workbench::Focus,
};

use crate::support::bench::{Bench, attempt, delta, ended, outcome, start};

#[test]
fn plain_characters_are_text_while_typing_and_actions_otherwise() {
    let mut bench = Bench::new();
    bench.keys("<input>i").app.bench.input.set("");
    bench.keys("q?mx1/ G");
    assert_eq!(bench.app.bench.input.text(), "q?mx1/ G");
    assert!(bench.app.overlays.is_empty() && !bench.quits());
    bench.keys("<esc>?");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Help(_))));
}

#[test]
fn keys_with_ctrl_alt_or_f_work_while_typing() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("i<c-r>");
    assert_eq!(bench.started().len(), 1);
    bench.keys("<a-enter>");
    assert_eq!(bench.started().len(), 1);
    assert!(bench.app.bench.typing);
    for (key, title) in [("<c-p>", "All actions"), ("<f2>", "All actions"), ("<f1>", "Help"), ("<a-m>", "Models")] {
        bench.keys(key);
        assert_eq!(bench.app.overlay().map(|overlay| overlay.part().title()), Some(title), "{key}");
        bench.keys("<esc>");
    }
}

#[test]
fn esc_leaves_the_field_then_closes_then_clears_and_never_quits() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, "one two one"));
    bench.keys("<answers>/one<enter>");
    assert!(bench.shown(0).answer.found().is_some());
    bench.keys("<prompt>i<c-p><f1>");
    assert_eq!(bench.app.overlays.len(), 2);
    bench.take();
    bench.keys("<esc>");
    assert_eq!(bench.app.overlays.len(), 1);
    bench.keys("<esc>");
    assert!(bench.app.overlays.is_empty() && bench.app.bench.typing);
    bench.keys("<esc>");
    assert!(!bench.app.bench.typing && bench.shown(0).answer.found().is_some());
    bench.keys("<esc>");
    assert!(bench.shown(0).answer.found().is_none());
    for _ in 0..10 {
        bench.keys("<esc>");
    }
    assert!(!bench.quits());
}

#[test]
fn q_goes_back_and_twice_quits_at_the_bench_and_asks_while_something_runs() {
    let mut bench = Bench::new();
    bench.keys("?<esc>");
    assert!(bench.app.overlays.is_empty() && !bench.quits());
    bench.run();
    bench.keys("q");
    assert!(bench.app.overlays.is_empty() && bench.says() == "q again quits", "{}", bench.says());
    bench.keys("q");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Confirm(_))));
    bench.keys("<esc>");
    assert!(!bench.quits());
    bench.keys("qq<enter>");
    let effects = bench.take();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Stop(_))));
    bench.effects.extend(effects);
    assert!(bench.quits());

    let mut idle = Bench::new();
    idle.keys("3q");
    assert!(!idle.quits() && idle.app.screen == ScreenId::Bench, "it goes back first");
    idle.keys("q");
    idle.pass(Duration::from_secs(3));
    idle.keys("q");
    assert!(!idle.quits(), "the first was long ago");
    idle.keys("q");
    assert!(idle.quits());
}

#[test]
fn digits_are_screens_and_panes_are_reached_by_tab() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    assert_eq!((bench.app.bench.focus, bench.app.bench.typing), (Focus::Lane(0), false), "it starts on the answers");
    for (key, screen) in [
        ("2", ScreenId::Batch),
        ("3", ScreenId::History),
        ("4", ScreenId::Quality),
        ("5", ScreenId::Traffic),
        ("1", ScreenId::Bench),
        ("<f8>", ScreenId::History),
        ("<a-1>", ScreenId::Bench),
    ] {
        bench.keys(key);
        assert_eq!(bench.app.screen, screen, "{key}");
    }
    let mut walked = Vec::new();
    for _ in 0..6 {
        walked.push((bench.app.bench.focus, bench.app.bench.typing));
        bench.keys("<tab>");
    }
    let all = [
        (Focus::Lane(0), false),
        (Focus::Lane(1), false),
        (Focus::Metrics, false),
        (Focus::Message(1), true),
        (Focus::Input, true),
        (Focus::Lane(0), false),
    ];
    assert_eq!(walked, all);
    bench.keys("<s-tab>");
    assert_eq!(bench.app.bench.focus, Focus::Lane(0));
}

#[test]
fn what_is_typed_at_the_start_opens_nothing_and_a_text_is_typed_in_at_once() {
    let mut bench = Bench::new();
    bench.keys("<tab><tab>hello");
    assert!(bench.app.overlays.is_empty());
    assert!(bench.app.bench.messages.get(1).unwrap().field.text().contains("hello"));
    bench.keys("<esc>");
    for (key, says) in
        [("Y", "Not editing. i edit"), ("x", "Not editing. i edit; x closes this lane: go to the answers first")]
    {
        bench.keys(key);
        assert_eq!(bench.says(), says);
    }
    assert_eq!(bench.app.bench.lanes.len(), 1);
    bench.keys("<answers>X");
    assert_eq!(bench.says(), "X removes this message: go to the prompt first");
    bench.keys("i!");
    assert!(bench.app.bench.typing && matches!(bench.app.bench.focus, Focus::Message(_)));
}

#[test]
fn a_lane_that_was_closed_and_a_model_that_was_changed_come_back() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.keys("<answers>");
    let ticket = bench.run_first();
    bench.tell(ticket, ended(outcome("kept")));
    bench.keys("x");
    assert_eq!(
        (bench.app.bench.targets(), bench.says()),
        (vec!["demo:slow".to_owned()], "Closed the lane; u undoes it")
    );
    bench.keys("mdemo:cut<enter>");
    assert_eq!(bench.app.bench.targets(), ["demo:cut"]);
    bench.keys("u");
    assert_eq!(bench.app.bench.targets(), ["demo:slow"]);
    bench.keys("u");
    assert_eq!(
        (bench.app.bench.targets(), bench.answer_of(0).as_str()),
        (vec!["demo".to_owned(), "demo:slow".to_owned()], "kept")
    );
    bench.keys("UU");
    assert_eq!(bench.app.bench.targets(), ["demo:cut"]);
    bench.keys("U");
    assert_eq!(bench.says(), "Nothing to redo");
}

#[test]
fn tab_goes_on_typing_in_the_next_field_and_stops_before_the_lanes() {
    let mut bench = Bench::new();
    bench.keys("i<tab>");
    assert_eq!((bench.app.bench.focus, bench.app.bench.typing), (Focus::Input, true));
    bench.keys("<tab>");
    assert_eq!((bench.app.bench.focus, bench.app.bench.typing), (Focus::Lane(0), false));
}

#[test]
fn a_users_own_keys_are_used_and_shown() {
    let mut start = start();
    start.settings.keys.insert("run".to_owned(), vec!["ctrl-g".to_owned()]);
    start.keymap = Keymap::new(&start.settings.keys).unwrap();
    let mut bench = Bench::with(start);
    bench.take();
    bench.keys("<f5>");
    assert!(bench.started().is_empty());
    bench.keys("<c-g>");
    assert_eq!(bench.started().len(), 1);
    assert!(bench.app.shared.keymap.table().contains("| run | `ctrl-g` |"));
}

#[test]
fn a_small_screen_shows_text_and_answer_and_zoom_shows_one_pane_on_any() {
    let mut bench = Bench::new();
    assert_eq!(bench.app.layout.shape, Shape::Wide);
    let zoomed = |bench: &Bench| {
        let layout = &bench.app.bench.layout;
        layout.prompt.is_empty() && layout.input.is_empty() && !layout.lanes[0].pane.is_empty()
    };
    bench.keys("<answers>z");
    assert!(zoomed(&bench));
    bench.keys("z");
    bench.resize(80, 24);
    assert_eq!(bench.app.layout.shape, Shape::Tabs);
    let heights = |bench: &Bench| {
        let layout = &bench.app.bench.layout;
        (layout.prompt.height, layout.input.height, layout.lanes[0].pane.height)
    };
    assert_eq!(heights(&bench), (8, 0, 13));
    bench.keys("<prompt>");
    assert_eq!(heights(&bench), (13, 0, 8));
    bench.keys("<input>");
    assert_eq!(heights(&bench), (0, 13, 8));
    bench.keys("<answers>");
    assert_eq!(heights(&bench), (0, 8, 13), "what was looked at last stays");
    bench.keys("z");
    assert!(zoomed(&bench));
    bench.resize(59, 15);
    assert_eq!(bench.app.layout.shape, Shape::Tiny);
    bench.keys("<f5>ab<esc>G?<esc>");
}

#[test]
fn the_prompt_takes_most_of_the_width_while_it_is_typed_into() {
    let mut bench = Bench::new();
    let width = |bench: &Bench| bench.app.bench.layout.prompt.width;
    bench.keys("<prompt>");
    let before = width(&bench);
    bench.keys("i");
    assert!(bench.app.typing() && width(&bench) > before && width(&bench) * 100 / 120 == 57);
    assert!(!bench.app.bench.layout.lanes[0].pane.is_empty());
    bench.keys("<esc>");
    assert_eq!(width(&bench), before);
}

#[test]
fn the_metrics_open_into_charts_and_close_again() {
    let mut bench = Bench::new();
    let height = |bench: &Bench| bench.app.bench.layout.metrics.height;
    assert_eq!(height(&bench), 3);
    bench.keys("<metrics>+");
    assert_eq!(height(&bench), 12);
    bench.keys("-");
    assert_eq!(height(&bench), 3);
}

#[test]
fn sizes_come_back_with_the_session() {
    let mut bench = Bench::new();
    bench.keys("<answers>--<prompt>+<metrics>+<answers>H");
    assert!(bench.says().contains("180 columns"), "{}", bench.says());
    bench.resize(200, 50);
    bench.keys("H");
    let session = bench.app.bench.session(bench.app.shared.now);
    assert_eq!((session.sizes.left, session.sizes.prompt, session.sizes.charts), (2, 1, true));
    assert_eq!(session.sizes.detail, retort::model::session::DetailSize::Wide);
    let again = retort::app::workbench::Workbench::restored(&session, "demo");
    assert_eq!(again.session(bench.app.shared.now).sizes, session.sizes);
}

#[test]
fn themes_are_walked_live_and_come_round() {
    use retort::{
        app::action::GlobalAction,
        model::theme::{Rgb, ThemeName, ThemeRole, ThemeSetting},
    };
    let mut bench = Bench::new();
    let mut seen = Vec::new();
    for _ in 0..4 {
        bench.send(Event::Do(GlobalAction::NextTheme.into()));
        seen.push(bench.app.shared.settings.theme.to_string());
    }
    assert_eq!(seen, ["dark", "light", "high-contrast", "terminal"]);
    let own = ThemeSetting::Custom { base: ThemeName::default(), colours: [(ThemeRole::Focus, Rgb(1, 2, 3))].into() };
    bench.app.shared.own_theme = own.clone();
    for _ in 0..4 {
        bench.send(Event::Do(GlobalAction::NextTheme.into()));
    }
    assert_eq!(bench.app.shared.settings.theme, own);
    bench.app.shared.look.colour = false;
    bench.send(Event::Do(GlobalAction::NextTheme.into()));
    assert_eq!(bench.app.shared.settings.theme, own, "where there are no colours there is nothing to walk");
}

#[test]
fn the_pane_with_the_focus_grows_and_shrinks() {
    let mut bench = Bench::new();
    let before = bench.app.bench.layout.lanes[0].pane.width;
    bench.keys("<answers>+");
    assert!(bench.app.bench.layout.lanes[0].pane.width > before);
    bench.keys("--");
    assert!(bench.app.bench.layout.lanes[0].pane.width < before);
}

#[test]
fn the_mouse_is_the_terminals_until_asked_for_then_clicks_focus_and_wheels_scroll() {
    let mut bench = Bench::new();
    assert!(!bench.app.shared.mouse);
    bench.take();
    bench.keys("M");
    assert!(matches!(bench.take().as_slice(), [Effect::SetMouse(true)]));
    let at = |kind, column, row| Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
    let text = bench.app.bench.layout.input_text;
    bench.send(at(MouseEventKind::Down(MouseButton::Left), text.x, text.y));
    assert_eq!((bench.app.bench.focus, bench.app.bench.typing), (Focus::Input, false));
    bench.send(at(MouseEventKind::Down(MouseButton::Left), text.x, text.y));
    assert!(bench.app.bench.typing);

    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, &"line\n".repeat(200)));
    let lane = bench.app.bench.layout.lanes[0].text;
    let end = bench.shown(0).answer.top();
    bench.send(at(MouseEventKind::ScrollUp, lane.x, lane.y));
    assert_eq!(bench.shown(0).answer.top(), end - 3);
}

#[test]
fn every_key_of_the_footer_and_every_entry_of_a_list_can_be_clicked() {
    let mut bench = Bench::new();
    bench.keys("M");
    let click = |bench: &mut Bench, text: &str| {
        let screen = bench.screen();
        let (row, line) = screen
            .iter()
            .enumerate()
            .rfind(|(_, line)| line.contains(text))
            .unwrap_or_else(|| panic!("no {text} in\n{}", screen.join("\n")));
        let column = line.split(text).next().unwrap().chars().count();
        let kind = MouseEventKind::Down(MouseButton::Left);
        let (column, row) = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
        bench.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
    };
    bench.take();
    click(&mut bench, "F5 run");
    assert_eq!(bench.started().len(), 1);
    click(&mut bench, "help");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Help(_))));
    click(&mut bench, "esc Close");
    assert!(bench.app.overlays.is_empty());
    // In three columns, one in the last of them; then what stands across below them.
    click(&mut bench, "help");
    click(&mut bench, "Go to history");
    assert!(bench.app.overlays.is_empty());
    assert_eq!(bench.app.screen, ScreenId::History);
    // The screens in the header, over what is open too.
    for (name, screen) in [("2 Batch", ScreenId::Batch), ("4 Quality", ScreenId::Quality), ("1 Bench", ScreenId::Bench)]
    {
        click(&mut bench, name);
        assert_eq!(bench.app.screen, screen);
    }
    bench.keys("?");
    click(&mut bench, "3 History");
    assert!(bench.app.overlays.is_empty() && bench.app.screen == ScreenId::History);
    click(&mut bench, "1 Bench");
    click(&mut bench, "all actions");
    bench.keys("zoom p");
    click(&mut bench, "Zoom pane");
    assert!(bench.app.overlays.is_empty() && bench.app.bench.zoom);
    bench.keys("zmslow");
    click(&mut bench, "demo:slow");
    assert_eq!(bench.app.bench.targets(), ["demo:slow"]);
    // Each key that the footer shows does what it says: it is bound there.
    for screen in ["1", "2", "3", "4"] {
        bench.keys(screen);
        for (entry, _) in bench.app.footer() {
            let keys = bench.app.shared.keymap.chords(entry.action);
            assert!(keys.is_empty() || entry.works_on(bench.app.screen), "{}", entry.name);
        }
    }
}

#[test]
fn a_prompt_is_begun_by_one_key_and_the_one_before_comes_back() {
    let mut bench = Bench::new();
    let (before, input) = (bench.app.bench.prompt(), bench.app.bench.input.text());
    bench.keys("<c-n>Be brief.");
    let (prompt, name) = (bench.app.bench.prompt(), bench.app.bench.prompt_name.clone());
    assert_eq!((prompt.system.as_str(), prompt.user.as_str(), name), ("Be brief.", "{{ input }}", None));
    assert_eq!((bench.app.bench.input.text(), bench.app.bench.lanes.len()), (input, 1));
    bench.keys("<c-s>");
    assert_eq!(bench.app.overlay().map(|overlay| overlay.part().title()), Some("Save prompt as"));
    bench.keys("<esc><esc><answers>uuu");
    assert_eq!(bench.app.bench.prompt(), before);
}

#[test]
fn an_action_gets_another_key_from_the_list_of_actions() {
    let mut bench = Bench::new();
    bench.keys("<c-p>zoom p<c-k>");
    bench.keys("m");
    let Some(Overlay::Palette(palette)) = bench.app.overlay() else { panic!("no palette") };
    let conflict = palette.conflict.as_deref().unwrap_or_default();
    assert_eq!(conflict, "m already calls Change model (Bench): press another key");
    bench.take();
    bench.keys("Y");
    assert_eq!(bench.says(), "Zoom pane: Y alt-z");
    let effects = bench.take();
    assert!(
        matches!(&effects[..], [Effect::SetKeys { action, chords }] if action == "zoom" && *chords == ["Y", "alt-z"]),
        "{effects:?}"
    );
    bench.keys("<esc>Y");
    assert!(bench.app.bench.zoom, "it works at once");
}

#[test]
fn notices_leave_the_status_line_by_themselves() {
    let mut bench = Bench::new();
    bench.keys("S");
    assert_eq!(bench.says(), "lanes scroll together");
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.says(), "");
}

#[test]
fn a_mouse_that_only_moves_draws_nothing() {
    let mut bench = Bench::new();
    bench.app.take_dirty();
    let event = MouseEvent { kind: MouseEventKind::Moved, column: 3, row: 3, modifiers: KeyModifiers::NONE };
    bench.send(Event::Mouse(event));
    assert!(!bench.app.take_dirty());
}

/// Clicks on the first place of the screen where a text stands, from the top.
fn click_on(bench: &mut Bench, text: &str) {
    let screen = bench.screen();
    let found = screen.iter().enumerate().find(|(_, line)| line.contains(text));
    let (row, line) = found.unwrap_or_else(|| panic!("no {text} in\n{}", screen.join("\n")));
    let column = line.split(text).next().unwrap().chars().count();
    let kind = MouseEventKind::Down(MouseButton::Left);
    let (column, row) = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    bench.send(Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }));
}

#[test]
fn the_name_of_a_lane_is_clicked_for_the_focus_and_then_for_its_models() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut bench = Bench::new();
        bench.resize(width, height);
        bench.keys("Mcdemo:slow<enter><prompt>");
        assert_eq!(bench.app.bench.lanes.len(), 2);
        click_on(&mut bench, "2 demo:slow");
        assert_eq!((bench.app.bench.focus, bench.app.overlay().is_some()), (Focus::Lane(1), false), "{width}");
        click_on(&mut bench, "1 demo");
        assert_eq!((bench.app.bench.focus, bench.app.overlay().is_some()), (Focus::Lane(0), false), "{width}");
        click_on(&mut bench, "1 demo");
        let Some(Overlay::Models(models)) = bench.app.overlay() else { panic!("{:?}", bench.app.overlay()) };
        assert_eq!(models.what, ModelFor::Lane(0));
        assert_eq!(models.chosen_model().map(|entry| entry.target.name.as_str()), Some("demo"));
    }
}

#[test]
fn the_tabs_of_the_x_ray_are_clicked_wherever_they_stand() {
    for (width, height) in [(120, 40), (80, 24)] {
        let mut bench = Bench::new();
        bench.resize(width, height);
        bench.keys("Mo");
        for (name, tab) in [
            (" Response ", XrayTab::Response),
            (" Checks ", XrayTab::Checks),
            (" Timeline ", XrayTab::Timeline),
            (" Request ", XrayTab::Request),
        ] {
            click_on(&mut bench, name);
            let Some(Overlay::Xray(xray)) = bench.app.overlay() else { panic!("no X-ray at {width}") };
            assert_eq!(xray.tab, tab, "{width}");
        }
    }
}
