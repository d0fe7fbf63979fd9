//! The prompt as a list of messages: added, moved, muted, removed, brought back, sent in order.

use retort::{
    app::{Effect, Event, event::FieldId, workbench::Focus},
    model::{Prompt, Role, Turn},
};

use crate::support::bench::Bench;

/// A bench with a prompt of a system message, an example and the user template.
fn examples() -> Bench {
    let mut bench = Bench::new();
    let mut prompt = Prompt { system: "label".to_owned(), user: "{{ input }}".to_owned(), ..Prompt::default() };
    prompt.messages = vec![Turn::of(Role::User, "good"), Turn::of(Role::Assistant, "positive")];
    bench.app.bench.put(Some("shots".to_owned()), &prompt);
    bench.send(Event::Resized);
    bench.take();
    bench
}

fn said(bench: &Bench) -> Vec<String> {
    let turns = bench.app.bench.messages.turns();
    turns
        .iter()
        .map(|turn| format!("{}:{}{}", turn.role.name(), turn.content, if turn.muted { "~" } else { "" }))
        .collect()
}

#[test]
fn an_example_is_added_and_sent_where_it_stands() {
    let mut bench = examples();
    bench.keys("<prompt><a-up>a");
    assert_eq!(bench.app.bench.focus, Focus::Message(3));
    bench.keys("{{{{ tone }}<esc>");
    assert_eq!(
        said(&bench),
        ["system:label", "user:good", "user:{{ input }}", "assistant:{{{{ tone }}", "assistant:positive"]
    );
    bench.keys("<a-up>");
    bench.take();
    bench.keys("<f5>");
    let (_, request) = bench.started().remove(0);
    let sent: Vec<_> = request.prompt.spoken().map(|(role, text)| format!("{} {text}", role.name())).collect();
    assert_eq!(sent, ["system label", "user good", "assistant {{{{ tone }}", "user {{ input }}", "assistant positive"]);
    assert!(bench.app.bench.dirty());
}

#[test]
fn a_muted_message_stays_and_is_neither_sent_nor_asked_for() {
    let mut bench = examples();
    bench.app.bench.messages.field_mut(1).unwrap().set("{{ nothing }}{% if %}");
    bench.send(Event::Resized);
    assert_eq!(bench.app.bench.template_errors().len(), 1);
    bench.app.bench.focus_on(Focus::Message(1));
    bench.keys(" ");
    assert!(bench.says().contains("muted"), "{}", bench.says());
    assert!(bench.app.bench.missing().is_empty() && bench.app.bench.template_errors().is_empty());
    bench.take();
    bench.keys("<f5>");
    let (_, request) = bench.started().remove(0);
    assert_eq!(request.prompt.spoken().count(), 3);
    assert_eq!(request.prompt.messages.len(), 2);
}

#[test]
fn a_removed_message_comes_back_by_undo() {
    let mut bench = examples();
    let before = said(&bench);
    bench.app.bench.focus_on(Focus::Message(2));
    bench.keys("X");
    assert_eq!(said(&bench).len(), 3);
    bench.keys("u");
    assert_eq!((said(&bench), bench.app.bench.focus), (before, Focus::Message(2)));
    bench.keys("XXXX");
    assert_eq!(said(&bench).len(), 1);
    assert!(bench.says().contains("keeps one"), "{}", bench.says());
}

#[test]
fn tab_walks_the_messages_and_the_editor_opens_the_one_with_the_focus() {
    let mut bench = examples();
    bench.app.bench.focus_on(Focus::Message(0));
    bench.keys("<tab><tab><c-p>message-role<enter>");
    assert_eq!(said(&bench)[2], "system:positive");
    bench.take();
    bench.keys("<f4>");
    assert!(
        matches!(bench.take().as_slice(), [Effect::Edit { field: FieldId::Message(2), text, .. }] if text == "positive")
    );
    bench.send(Event::Edited(FieldId::Message(2), Ok("neutral\n".to_owned())));
    bench.send(Event::Edited(FieldId::Message(9), Ok("gone".to_owned())));
    assert_eq!(said(&bench)[2], "system:neutral");
    bench.keys("<tab><tab>");
    assert_eq!(bench.app.bench.focus, Focus::Input);
    bench.keys("<prompt>");
    assert_eq!(bench.app.bench.focus, Focus::Message(3));
}
