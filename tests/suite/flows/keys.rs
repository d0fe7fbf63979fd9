//! What keys mean where: text first while typing, esc that never quits, the mouse.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use retort::app::{Effect, Event, Keymap, layout::Shape, overlays::Overlay, workbench::Focus};

use crate::support::bench::{Bench, attempt, delta, start};

#[test]
fn plain_characters_are_text_while_typing_and_actions_otherwise() {
    let mut bench = Bench::new();
    bench.keys("2i").app.bench.input.set("");
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
    for (key, title) in
        [("<c-p>", "All actions"), ("<f2>", "All actions"), ("<f1>", "Help"), ("<a-m>", "Model of this lane")]
    {
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
    bench.keys("3/one<enter>");
    assert!(bench.shown(0).answer.found().is_some());
    bench.keys("1i<c-p><f1>");
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
fn q_goes_back_or_quits_and_asks_while_something_runs() {
    let mut bench = Bench::new();
    bench.keys("?q");
    assert!(bench.app.overlays.is_empty() && !bench.quits());
    bench.run();
    bench.keys("q");
    assert!(matches!(bench.app.overlay(), Some(Overlay::Confirm(_))));
    bench.keys("<esc>");
    assert!(!bench.quits());
    bench.keys("q<enter>");
    let effects = bench.take();
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Stop(_))));
    bench.effects.extend(effects);
    assert!(bench.quits());

    let mut idle = Bench::new();
    idle.keys("q");
    assert!(idle.quits());
}

#[test]
fn panes_are_reached_by_number_and_by_tab() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    for (key, focus) in [("2", Focus::Input), ("3", Focus::Lane(0)), ("4", Focus::Metrics), ("1", Focus::Message(1))] {
        bench.keys(key);
        assert_eq!(bench.app.bench.focus, focus, "{key}");
    }
    let mut walked = Vec::new();
    for _ in 0..6 {
        walked.push(bench.app.bench.focus);
        bench.keys("<tab>");
    }
    let all = [Focus::Message(1), Focus::Input, Focus::Lane(0), Focus::Lane(1), Focus::Metrics, Focus::Message(1)];
    assert_eq!(walked, all);
    bench.keys("<s-tab>");
    assert_eq!(bench.app.bench.focus, Focus::Message(1));
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
fn a_small_screen_shows_one_pane_and_zoom_does_so_on_any() {
    let mut bench = Bench::new();
    assert_eq!(bench.app.layout.shape, Shape::Wide);
    bench.keys("3z");
    assert!(bench.app.bench.layout.prompt.is_empty() && !bench.app.bench.layout.lanes[0].pane.is_empty());
    bench.keys("z");
    bench.resize(80, 24);
    assert_eq!(bench.app.layout.shape, Shape::Tabs);
    bench.keys("1");
    assert!(bench.app.bench.layout.lanes[0].pane.is_empty() && !bench.app.bench.layout.prompt.is_empty());
    bench.resize(59, 15);
    assert_eq!(bench.app.layout.shape, Shape::Tiny);
    bench.keys("<f5>ab<esc>G?<esc>");
}

#[test]
fn the_pane_with_the_focus_grows_and_shrinks() {
    let mut bench = Bench::new();
    let before = bench.app.bench.layout.lanes[0].pane.width;
    bench.keys("3+");
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
