//! Editing, pasting, undoing, the user's editor, scrolling and searching.

use retort::app::{Effect, Event, FieldId, workbench::Focus};

use crate::support::bench::{Bench, attempt, delta};

#[test]
fn an_edit_marks_the_prompt_and_undoing_it_unmarks_it() {
    let mut bench = Bench::new();
    assert!(!bench.app.bench.dirty());
    bench.keys("<prompt>iHello ");
    assert!(bench.app.bench.dirty());
    assert!(bench.app.bench.messages.get(1).unwrap().field.text().starts_with("Hello {{ input }}"));
    bench.keys("<a-u>");
    assert!(!bench.app.bench.dirty());
    bench.keys("<esc>U");
    assert!(bench.app.bench.dirty());
    bench.keys("uu");
    assert_eq!(bench.says(), "Nothing to undo");
}

#[test]
fn the_input_is_not_part_of_the_prompt() {
    let mut bench = Bench::new();
    bench.keys("<input>ix");
    assert!(!bench.app.bench.dirty());
}

#[test]
fn a_paste_is_one_undo_step_and_begins_the_editing() {
    let mut bench = Bench::new();
    bench.keys("<input>").app.bench.input.set("");
    bench.send(Event::Paste("one\r\ntwo\rq".to_owned()));
    assert_eq!(bench.app.bench.input.text(), "one\ntwo\nq");
    assert!(bench.app.bench.typing);
    bench.keys("<a-u>");
    assert_eq!(bench.app.bench.input.text(), "");
}

#[test]
fn a_paste_too_long_for_a_text_changes_nothing_and_says_what_fits() {
    let mut bench = Bench::new();
    let before = bench.app.bench.messages.get(1).unwrap().field.text();
    bench.keys("<prompt>").send(Event::Paste("x".repeat(65 << 20)));
    assert_eq!(bench.app.bench.messages.get(1).unwrap().field.text(), before);
    assert!(bench.says().contains("64 MB"), "{}", bench.says());
}

#[test]
fn the_editor_gets_the_text_with_the_focus_and_gives_it_back_as_one_step() {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<input><f4>");
    let sample = bench.app.bench.input.text();
    assert!(
        matches!(bench.take().as_slice(), [Effect::Edit { field: FieldId::Input, text, suffix: ".md" }] if *text == sample)
    );
    bench.send(Event::Edited(FieldId::Input, Ok("from the editor\n".to_owned())));
    assert_eq!(bench.app.bench.input.text(), "from the editor");
    bench.keys("u");
    assert_eq!(bench.app.bench.input.text(), sample);
    bench.send(Event::Edited(FieldId::Input, Err("the editor `vim` could not be started".to_owned())));
    assert_eq!(bench.app.bench.input.text(), sample);
    assert!(bench.says().contains("vim"));
}

#[test]
fn an_answer_can_be_looked_at_in_the_editor_but_not_changed_by_it() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, delta(1, "{}"));
    bench.keys("<answers>e");
    assert!(
        matches!(bench.take().as_slice(), [Effect::Edit { field: FieldId::Answer, text, suffix: ".json" }] if text == "{}")
    );
    bench.send(Event::Edited(FieldId::Answer, Ok("other".to_owned())));
    assert_eq!(bench.shown(0).raw(), "{}");
}

#[test]
fn a_very_long_text_is_edited_here_like_any_other() {
    let mut bench = Bench::new();
    let long = "a line of the report\n".repeat(50_000) + "its end";
    bench.send(Event::Edited(FieldId::Input, Ok(long.clone())));
    bench.keys("<input>i<c-end>!<esc>");
    assert_eq!(bench.app.bench.input.line(), 50_000);
    bench.take();
    bench.keys("<f5>");
    assert!(bench.started().remove(0).1.input.text == format!("{long}!"));
}

fn streaming() -> Bench {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.take();
    bench.keys("<f5>");
    let tickets: Vec<_> = bench.started().into_iter().map(|(ticket, _)| ticket).collect();
    for ticket in tickets {
        bench.tell(ticket, attempt(1, "demo"));
        for line in 0..300 {
            bench.tell(ticket, delta(1, &format!("line {line}\n")));
        }
    }
    bench
}

#[test]
fn a_lane_follows_its_end_until_it_is_scrolled() {
    let mut bench = streaming();
    bench.keys("<answers>");
    let end = bench.shown(0).answer.top();
    assert!(bench.shown(0).answer.follows() && bench.answer_of(0).ends_with("line 299"));
    bench.keys("k<c-u>");
    assert!(!bench.shown(0).answer.follows() && bench.shown(0).answer.top() < end - 5);
    bench.keys("g");
    assert!(bench.answer_of(0).starts_with("line 0\n"));
    bench.keys("G");
    assert!(bench.shown(0).answer.follows());
    assert_eq!(bench.shown(0).answer.top(), end);
}

#[test]
fn lanes_scroll_together_when_asked_to() {
    let mut bench = streaming();
    bench.keys("<answers>g");
    assert!(bench.shown(1).answer.follows());
    bench.keys("Sjj");
    assert_eq!((bench.shown(0).answer.top(), bench.shown(1).answer.top()), (2, 2));
}

#[test]
fn a_search_shows_while_it_is_typed_and_walks_afterwards() {
    let mut bench = streaming();
    bench.keys("<answers>g/line 29");
    assert_eq!(bench.shown(0).answer.found().map(|found| found.hits.len()), Some(11));
    bench.keys("<enter>n");
    assert_eq!(bench.shown(0).answer.found().map(|found| found.at), Some(1));
    bench.keys("NN");
    assert_eq!(bench.shown(0).answer.found().map(|found| found.at), Some(10));
    bench.keys("/nowhere<enter>");
    assert!(bench.shown(0).answer.found().is_none() && bench.says().contains("nowhere"));
    bench.keys("/line<esc>");
    assert!(bench.shown(0).answer.found().is_none());
}

#[test]
fn a_search_from_the_metrics_goes_to_the_lane() {
    let mut bench = streaming();
    bench.keys("<metrics>/line<enter>");
    assert_eq!(bench.app.bench.focus, Focus::Lane(0));
}
