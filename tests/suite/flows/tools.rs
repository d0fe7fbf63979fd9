//! Tools at the bench: edited behind their line of the document, answered by a person, and shown in a lane.

use retort::{
    app::{
        Effect, Event,
        overlays::{
            Overlay,
            tools::{ToolsEditor, ToolsMode},
        },
        workbench::{Focus, document::Section, lane::RunPhase},
    },
    model::{
        Message, Outcome, Prompt, Role, RunId, Tool, ToolCall, ToolChoice,
        tool::{CallPiece, ToolReply, ToolResult},
    },
    pipeline::event::RunEvent,
};
use serde_json::json;

use crate::support::bench::{Bench, attempt, delta, ended, outcome, prepared};

fn run_id() -> RunId {
    RunId(uuid::Uuid::from_u128(18))
}

/// A prompt whose tool is answered by a person.
fn asking() -> Prompt {
    let result = Some(ToolResult { ask: true, ..ToolResult::default() });
    let tools = vec![Tool { result, ..Tool::named("find_order") }];
    Prompt { user: "{{ input }}".to_owned(), tools, ..Prompt::default() }
}

fn call(id: &str) -> ToolCall {
    ToolCall {
        id: id.to_owned(),
        name: "find_order".to_owned(),
        arguments: r#"{"number": "4711"}"#.to_owned(),
        ..ToolCall::default()
    }
}

fn reply(id: &str, failed: bool) -> ToolReply {
    ToolReply { id: id.to_owned(), name: "find_order".to_owned(), failed }
}

fn replied(id: &str, content: &str) -> RunEvent {
    let took = std::time::Duration::from_millis(5);
    RunEvent::Replied { attempt: 1, reply: reply(id, false), content: content.to_owned(), took }
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.app.bench.put(Some("support".to_owned()), &asking());
    bench.app.bench.input.set("Where is it?");
    bench.send(Event::Tick);
    bench
}

fn editor(bench: &Bench) -> &ToolsEditor {
    match bench.app.overlay() {
        Some(Overlay::Tools(editor)) => editor,
        other => panic!("the tools are not open: {other:?}"),
    }
}

#[test]
fn a_tool_is_added_filled_in_and_undone() {
    let mut bench = bench();
    bench.app.bench.focus_on(Focus::Section(Section::Tools));
    bench.keys("<enter>aopen_ticket<tab>Opens a ticket.<enter>Once.<tab><enter>");
    bench.send(Event::Paste("{\"type\": \"array\"}".to_owned()));
    bench.keys("<esc><tab><enter>");
    assert!(matches!(editor(&bench).mode, ToolsMode::Editing(_)), "arguments are an object: {:?}", editor(&bench).mode);
    assert_eq!(bench.app.bench.tools.tools.len(), 1);
    // The line of the schema was gone to, as it is wrong.
    bench.keys("<enter><c-u><end><backspace>");
    for _ in 0..20 {
        bench.keys("<backspace>");
    }
    let schema = json!({"type": "object", "properties": {"subject": {"type": "string"}}, "required": ["subject"]});
    bench.send(Event::Paste(schema.to_string()));
    bench.keys("<esc><tab><right><enter>");
    let added = Tool {
        description: "Opens a ticket.\nOnce.".to_owned(),
        parameters: Some(schema),
        strict: true,
        ..Tool::named("open_ticket")
    };
    assert_eq!(bench.app.bench.tools.tools.get(1), Some(&added));
    assert!(bench.app.bench.dirty());
    bench.keys("<c-y>");
    assert_eq!(bench.app.bench.tools.tools[2].name, "open_ticket_2");
    bench.keys("x");
    assert_eq!(bench.app.bench.tools.tools.len(), 2);
    bench.keys("u");
    assert_eq!(bench.app.bench.tools.tools.len(), 3);
    bench.keys("U<up>x<esc>");
    assert_eq!(bench.app.bench.tools.tools.iter().map(|tool| tool.name.as_str()).collect::<Vec<_>>(), ["find_order"]);
    bench.keys("u");
    assert_eq!(bench.app.bench.tools.tools, asking().tools, "all that was edited is one change of the prompt");
}

#[test]
fn a_name_that_is_taken_and_a_choice_that_nobody_has_are_refused() {
    let mut bench = bench();
    bench.app.bench.focus_on(Focus::Section(Section::Tools));
    bench.keys("<enter>afind_order<enter>");
    assert!(matches!(&editor(&bench).mode, ToolsMode::Editing(form) if form.form.rows[0].error.is_some()));
    bench.keys("<esc><down><enter>gone<enter>");
    assert!(matches!(&editor(&bench).mode, ToolsMode::Using(form) if form.rows[0].error.is_some()));
    bench.keys("<c-u>required<tab><right><tab>3<enter>");
    let set = &bench.app.bench.tools;
    assert_eq!((set.choice.clone(), set.parallel, set.max_rounds), (Some(ToolChoice::Required), Some(true), Some(3)));
    assert_eq!(bench.app.bench.prompt().max_rounds, Some(3), "it is saved with the prompt");
}

#[test]
fn a_person_types_the_result_of_a_call() {
    let mut bench = bench();
    let ticket = bench.run();
    bench.tell(ticket, prepared(run_id()));
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, RunEvent::Called { attempt: 1, call: call("a") });
    bench.tell(ticket, RunEvent::Called { attempt: 1, call: call("b") });
    assert_eq!(bench.shown(0).state, RunPhase::Asking);
    assert!(bench.screen().iter().any(|row| row.contains("find_order waits for your result")), "{:#?}", bench.screen());
    bench.take();
    bench.keys("<answers><enter>Sent<a-enter>on Monday<enter>");
    let answered = |bench: &mut Bench| {
        bench.take().into_iter().find_map(|effect| match effect {
            Effect::AnswerCall { run, call, result } => Some((run, call, result)),
            _ => None,
        })
    };
    assert_eq!(answered(&mut bench), Some((run_id(), "a".to_owned(), "Sent\non Monday".to_owned())));
    assert_eq!(bench.shown(0).state, RunPhase::Asking, "the second call waits too");
    bench.keys("w");
    bench.send(Event::Paste("gone".to_owned()));
    bench.keys("<enter>");
    assert_eq!(answered(&mut bench), Some((run_id(), "b".to_owned(), "gone".to_owned())));
    assert_eq!(bench.shown(0).state, RunPhase::Running);
    bench.tell(ticket, replied("a", "Sent\non Monday"));
    bench.tell(ticket, replied("b", "gone"));
    bench.tell(ticket, attempt(2, "demo"));
    bench.tell(ticket, delta(2, "It was sent on Monday."));
    let text = bench.answer_of(0);
    let places = ["calls find_order", "  number: 4711", "find_order answers", "  on Monday", "It was sent on Monday."];
    let found: Vec<Option<usize>> = places.iter().map(|place| text.find(place)).collect();
    assert!(found.is_sorted() && found.iter().all(Option::is_some), "{text}");
}

#[test]
fn a_call_is_not_answered_once_its_run_is_over() {
    let mut bench = bench();
    let ticket = bench.run();
    bench.tell(ticket, prepared(run_id()));
    bench.tell(ticket, attempt(1, "demo"));
    bench.tell(ticket, RunEvent::Called { attempt: 1, call: call("a") });
    bench.keys("<answers><enter>late");
    bench.tell(ticket, ended(outcome("")));
    bench.take();
    bench.keys("<enter>");
    assert!(!bench.take().iter().any(|effect| matches!(effect, Effect::AnswerCall { .. })));
    assert!(bench.says().contains("not waited for"), "{}", bench.says());
}

#[test]
fn a_call_is_shown_as_it_comes_and_as_a_tree_once_it_is_complete() {
    let mut bench = bench();
    let ticket = bench.run();
    bench.tell(ticket, prepared(run_id()));
    bench.tell(ticket, attempt(1, "demo"));
    let piece = |name: Option<&str>, arguments: &str| RunEvent::CallDelta {
        attempt: 1,
        piece: CallPiece { name: name.map(str::to_owned), arguments: arguments.to_owned(), ..CallPiece::default() },
    };
    bench.tell(ticket, piece(Some("find_order"), ""));
    bench.tell(ticket, piece(None, "{\"num"));
    // Some servers repeat the name with every piece.
    bench.tell(ticket, piece(Some("find_order"), "ber\": \"47"));
    let text = bench.answer_of(0);
    assert_eq!(text.matches("calls find_order").count(), 1, "{text}");
    assert!(text.contains("{\"number\": \"47"), "{text}");
    let problem = Some("`number` is no number".to_owned());
    bench.tell(ticket, RunEvent::Called { attempt: 1, call: ToolCall { problem, ..call("a") } });
    let text = bench.answer_of(0);
    assert!(text.contains("  number: 4711") && text.contains("  ! `number` is no number"), "{text}");
}

/// What came of a run that called a tool once.
fn after_a_round(text: &str) -> Outcome {
    let asked = Message { tool_calls: vec![call("a")], ..Message::of(Role::Assistant, String::new()) };
    let rounds = vec![asked, Message::reply(reply("a", false), "Sent on Monday".to_owned())];
    Outcome { rounds, attempts: 2, ..outcome(text) }
}

#[test]
fn json_after_a_round_does_not_hide_the_round_and_is_a_tree_when_asked_for() {
    let mut bench = bench();
    let ticket = bench.run();
    bench.tell(ticket, prepared(run_id()));
    bench.tell(ticket, ended(after_a_round("{\"sent\": \"Monday\"}")));
    assert!(bench.shown(0).answer.json().is_none());
    let text = bench.answer_of(0);
    assert!(text.contains("find_order answers") && text.contains("{\"sent\": \"Monday\"}"), "{text}");
    bench.keys("<answers>J");
    assert!(bench.shown(0).answer.json().is_some());
}

#[test]
fn an_answer_of_calls_alone_can_be_copied_and_compared() {
    let mut bench = bench();
    for number in ["1", "2"] {
        let ticket = bench.run();
        bench.tell(ticket, prepared(run_id()));
        let called = ToolCall { arguments: format!("{{\"number\": \"{number}\"}}"), ..call("a") };
        bench.tell(ticket, ended(Outcome { calls: vec![called], json: None, ..outcome("") }));
        bench.take();
    }
    bench.keys("<answers>d");
    let difference = bench.shown(0).difference().expect("the last two are compared");
    let rows: Vec<String> = difference.view().seen().map(|(_, row)| row.text.into_owned()).collect();
    assert!(rows.iter().any(|row| row.contains("[-\"1\"-]{+\"2\"+}")), "{rows:?}");
    bench.keys("dy<enter>");
    let copied = bench.take().into_iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    });
    let copied = copied.expect("the answer is copied");
    assert!(copied.contains("\"name\":\"find_order\"") && copied.starts_with('['), "{copied}");
}

#[test]
fn rounds_are_no_retries() {
    let whole = after_a_round("It was sent.");
    assert_eq!((whole.answered_rounds(), whole.tries()), (1, 1));
    assert_eq!(retort::present::tool_calls::counts(&whole), ["1 round"]);
    let again = Outcome { attempts: 4, ..whole };
    assert_eq!(retort::present::tool_calls::counts(&again), ["1 round", "3 attempts"]);
}
