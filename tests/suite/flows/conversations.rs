//! Conversations at the bench: an answer becomes a message, and the user's turns are said again to every lane.

use retort::{
    app::workbench::Focus,
    model::{Prompt, Role},
};

use crate::support::bench::{Bench, ended, outcome};

fn said(bench: &Bench) -> Vec<(Role, String)> {
    bench.app.bench.messages.turns().into_iter().map(|turn| (turn.role, turn.content)).collect()
}

/// A bench of two lanes whose first answered.
fn answered() -> Bench {
    let mut bench = Bench::of(&["gpt-4o-mini", "claude-haiku-4-5"]);
    let prompt = Prompt { system: "Be brief.".to_owned(), user: "{{ input }}".to_owned(), ..Prompt::default() };
    bench.app.bench.put(Some("talk".to_owned()), &prompt);
    bench.keys("<input>iHello<esc><answers>");
    bench.take();
    let ticket = bench.run_first();
    bench.tell(ticket, ended(outcome("{{ Hi }}")));
    bench.take();
    bench
}

#[test]
fn one_key_makes_the_answer_a_message_and_begins_the_next_turn() {
    let mut bench = answered();
    bench.keys("<answers>a");
    assert_eq!(bench.app.bench.focus, Focus::Message(3));
    assert!(bench.app.bench.typing, "the next turn is typed at once");
    bench.keys("And now?<esc>");
    let roles: Vec<Role> = said(&bench).iter().map(|(role, _)| *role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::User]);
    assert!(bench.app.bench.missing().is_empty(), "an answer is no template: {:?}", said(&bench));
    bench.take();
    bench.keys("<f5>");
    let (_, request) = bench.started().remove(0);
    assert_eq!(request.prompt.spoken().last().map(|turn| turn.content), Some("And now?"));
    bench.keys("<prompt>uuuu");
    assert_eq!(said(&bench).len(), 2, "and it is taken back: {:?}", said(&bench));
}

#[test]
fn without_an_answer_there_is_nothing_to_go_on_from() {
    let mut bench = Bench::new();
    bench.keys("<answers>a");
    assert!(bench.says().contains("no answer"), "{}", bench.says());
    bench.keys("A");
    assert!(bench.says().contains("no further turn"), "{}", bench.says());
    assert!(bench.started().is_empty());
}

#[test]
fn the_turns_are_said_again_in_every_lane_with_its_own_answers() {
    let mut bench = answered();
    bench.keys("<answers>aAnd now?<esc><answers>");
    bench.take();
    bench.keys("A");
    let started = bench.started();
    assert_eq!(started.len(), 2, "{}", bench.says());
    for (_, request) in &started {
        assert_eq!(request.prompt.spoken().count(), 2, "the first question alone: no answer of another lane");
        assert_eq!(request.input.vars["turns"].as_str(), r#"["And now?"]"#);
        assert!(request.input.text.starts_with("Hello"), "{}", request.input.text);
    }
}
