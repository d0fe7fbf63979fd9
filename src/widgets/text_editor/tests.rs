//! Keys, undo steps and characters of several parts in a text that is edited.

use crate::widgets::text_editor::*;

fn typed(field: &mut TextEditor, text: &str) {
    for c in text.chars() {
        let name = if c == '\n' { "enter".to_owned() } else { c.to_string() };
        let name = if c == ' ' { "space".to_owned() } else { name };
        assert!(field.key(name.parse().unwrap(), 40));
    }
}

#[test]
fn a_word_is_one_undo_step() {
    let mut field = TextEditor::default();
    typed(&mut field, "one two");
    assert!(field.undo());
    assert_eq!(field.text(), "one ");
    assert!(field.undo() && !field.undo());
    assert_eq!(field.text(), "");
    assert!(field.redo() && field.redo() && !field.redo());
    assert_eq!(field.text(), "one two");
}

#[test]
fn a_paste_is_one_undo_step_and_loses_its_carriage_returns() {
    let mut field = TextEditor::of("x");
    assert!(field.paste("a\r\nb\rc"));
    assert_eq!(field.text(), "a\nb\ncx");
    assert!(field.undo());
    assert_eq!(field.text(), "x");
    assert!(!field.undo());
}

#[test]
fn another_text_is_one_undo_step() {
    let mut field = TextEditor::of("old\ntext");
    field.set("new");
    assert_eq!(field.text(), "new");
    assert!(field.undo());
    assert_eq!(field.text(), "old\ntext");
    field.redo();
    field.set("");
    assert!(field.is_empty());
    field.undo();
    assert_eq!(field.text(), "new");
}

#[test]
fn the_shells_editing_keys_edit() {
    let mut field = TextEditor::default();
    typed(&mut field, "one two three");
    for (key, left) in [("ctrl-w", "one two "), ("ctrl-a", "one two "), ("ctrl-k", "")] {
        assert!(field.key(key.parse().unwrap(), 40));
        assert_eq!(field.text(), left, "{key}");
    }
    assert!(!field.key("ctrl-g".parse().unwrap(), 40));
}

#[test]
fn what_looks_like_one_character_is_taken_as_one() {
    for cluster in ["👨‍👩‍👧‍👦", "🇩🇪", "e\u{301}", "👍🏽", "⚠️"] {
        let mut field = TextEditor::default();
        assert!(field.paste(&format!("a{cluster}")));
        assert!(field.key("backspace".parse().unwrap(), 40));
        assert_eq!(field.text(), "a", "{cluster}");
        assert!(field.undo());
        assert_eq!(field.text(), format!("a{cluster}"), "{cluster}");
        for key in ["left", "x", "delete"] {
            field.key(key.parse().unwrap(), 40);
        }
        assert_eq!(field.text(), "ax", "{cluster}");
    }
    let mut field = TextEditor::of("🇩🇪🇫🇷\nabc");
    for key in ["down", "right", "up", "X"] {
        field.key(key.parse().unwrap(), 40);
    }
    assert_eq!(field.text(), "X🇩🇪🇫🇷\nabc", "up does not lead into the middle of a flag");
}

#[test]
fn a_line_break_is_deleted_from_both_sides() {
    let mut field = TextEditor::of("one\ntwo\nthree");
    for key in ["down", "backspace", "end", "delete"] {
        field.key(key.parse().unwrap(), 40);
    }
    assert_eq!(field.text(), "onetwothree");
}

#[test]
fn the_caret_stands_after_what_is_shown_before_it() {
    let mut field = TextEditor::of("a👨‍👩‍👧日x");
    for (column, key) in [(0, "right"), (1, "right"), (3, "right"), (5, "right"), (6, "end")] {
        assert_eq!(field.column(40), column);
        field.key(key.parse().unwrap(), 40);
    }
}

#[test]
fn a_very_long_text_is_edited_like_any_other() {
    let text = "word ".repeat(1 << 20);
    let mut field = TextEditor::of(&text);
    for key in ["ctrl-end", "x", "up", "y", "ctrl-home", "z"] {
        field.key(key.parse().unwrap(), 40);
    }
    assert_eq!(field.rope().len_bytes(), text.len() + 3);
    assert!(field.text().starts_with("zword") && field.text().ends_with("word x"));
    while field.undo() {}
    assert_eq!(field.text(), text);
    assert!(!field.paste(&"x".repeat(MOST_BYTES)));
}

#[test]
fn parts_are_replaced_as_one_step() {
    let mut field = TextEditor::of("one two one");
    let hits = search::find(field.rope(), "one");
    field.replace(&hits, "three");
    assert_eq!((field.text().as_str(), field.cursor()), ("three two three", 5));
    assert!(field.undo() && !field.undo());
    assert_eq!(field.text(), "one two one");
}

#[test]
fn up_and_down_keep_the_column_and_stop_at_the_ends() {
    let mut field = TextEditor::of("a long first line\nb\na third line");
    field.put_cursor(9);
    assert!(field.step_row(true, 40) && field.step_row(true, 40) && !field.step_row(true, 40));
    assert_eq!(field.cursor(), 20 + 9);
    assert!(field.step_row(false, 40) && field.step_row(false, 40) && !field.step_row(false, 40));
    assert_eq!(field.cursor(), 9);
    assert!(field.step_row(true, 8) && field.cursor() > 9, "a wrapped line has rows of its own");
}
