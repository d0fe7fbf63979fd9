//! Conversations that an input brings along: a history before the question, and turns after each answer.

use std::sync::Arc;

use retort::{
    model::{CacheMode, Commit, ErrorKind, Format, Input, Role, RunEnd, RunRequest, VarValue},
    pipeline::RunEvent,
    provider::Call,
    template::conversation::continued,
};

use crate::support::script::{Bench, Step, answer, ended, request};

fn asks(vars: &[(&str, &str)], text: &str, targets: &[&str]) -> RunRequest {
    let mut request = RunRequest { commit: Commit::Buffered, cache: CacheMode::On, ..request(targets) };
    let mut prompt = (*request.prompt).clone();
    prompt.response.format = Format::Text;
    request.prompt = prompt.into();
    let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), VarValue::Json((*value).to_owned())));
    request.input = Input { text: text.to_owned(), vars: vars.collect(), ..Input::default() };
    request
}

fn said(call: &Call) -> Vec<(Role, String)> {
    call.messages.iter().map(|message| (message.role, message.content.clone())).collect()
}

fn messages(all: &[(Role, &str)]) -> Vec<(Role, String)> {
    all.iter().map(|(role, text)| (*role, (*text).to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn each_turn_is_asked_after_the_answer_to_the_one_before() {
    let bench = Bench::new(|_, call| answer(&[["one", "two", "three"][call]]));
    let request = asks(&[("turns", r#"["And then?", " ", "{{ end }}"]"#)], "Begin.", &["m"]);
    let events = bench.events(request.clone()).await;
    let outcome = ended(&events);
    assert_eq!((&outcome.end, outcome.text.as_str(), outcome.attempts), (&RunEnd::Done, "three", 3));
    let expected = messages(&[
        (Role::System, "Answer in JSON."),
        (Role::User, "Begin."),
        (Role::Assistant, "one"),
        (Role::User, "And then?"),
        (Role::Assistant, "two"),
        (Role::User, "{{ end }}"),
    ]);
    assert_eq!(said(&bench.last_call()), expected, "a turn is no template");
    let turns = events.iter().filter(|timed| matches!(timed.event, RunEvent::NextTurn { .. })).count();
    assert_eq!(turns, 2);
    let again = bench.end(request).await;
    assert_eq!((again.text.as_str(), bench.calls().len()), ("three", 3), "the whole of it comes from the cache");
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_fails_is_retried_and_falls_back_with_what_was_said() {
    let bench = Bench::new(|call, _| {
        let second = call.messages.iter().any(|message| message.role == Role::Assistant);
        match call.target.name.as_str() {
            "m" if second => vec![Step::Fail(retort::model::CallError::new(ErrorKind::Overloaded, "busy"))],
            _ => answer(&["fine"]),
        }
    });
    let outcome = bench.end(asks(&[("turns", r#"["And then?"]"#)], "Begin.", &["m", "other"])).await;
    assert_eq!((&outcome.end, outcome.target.as_str()), (&RunEnd::Done, "other"));
    let roles: Vec<Role> = bench.last_call().messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User, Role::Assistant, Role::User]);
}

#[tokio::test(start_paused = true)]
async fn a_history_stands_before_the_question_and_in_its_place_where_there_is_none() {
    let history =
        r#"[{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, {"role": "assistant", "content": "Hello"}]"#;
    for (text, last) in [("And you?", Some("And you?")), ("", None)] {
        let bench = Bench::new(|_, _| answer(&["fine"]));
        let outcome = bench.end(asks(&[("messages", history)], text, &["m"])).await;
        assert_eq!(outcome.end, RunEnd::Done);
        let mut expected =
            messages(&[(Role::System, "Answer in JSON."), (Role::User, "Hi"), (Role::Assistant, "Hello")]);
        expected.extend(last.map(|last| (Role::User, last.to_owned())));
        assert_eq!(said(&bench.last_call()), expected);
    }
    let bench = Bench::new(|_, _| answer(&["fine"]));
    let wrong = bench.end(asks(&[("messages", r#"[{"role": "nobody", "content": "x"}]"#)], "x", &["m"])).await;
    assert!(wrong.end.to_string().contains("message 1: `role` is"), "{}", wrong.end);
}

#[tokio::test(start_paused = true)]
async fn a_prompt_that_uses_the_variables_itself_has_them_as_any_other() {
    let bench = Bench::new(|_, _| answer(&["fine"]));
    let mut request = asks(&[("turns", r#"["a", "b"]"#), ("messages", "[1, 2]")], "x", &["m"]);
    let mut prompt = (*request.prompt).clone();
    prompt.user = "{% for turn in turns %}{{ turn }};{% endfor %}".to_owned();
    request.prompt = Arc::new(prompt);
    let outcome = bench.end(request).await;
    assert_eq!((outcome.end, bench.calls().len()), (RunEnd::Done, 1));
    assert_eq!(bench.last_call().messages[1].content, "a;b;");
}

#[tokio::test(start_paused = true)]
async fn an_answer_becomes_a_message_of_a_prompt_that_says_the_same() {
    let bench = Bench::new(|_, call| answer(&[["{{ not a variable }}", "fine"][call]]));
    let request = asks(&[], "Begin.", &["m"]);
    let outcome = bench.end(request.clone()).await;
    let prompt = continued(&request.prompt, &outcome, "And {% then %}?");
    let next = bench.end(RunRequest { prompt: prompt.into(), ..request }).await;
    assert_eq!(next.end, RunEnd::Done);
    let expected = messages(&[
        (Role::System, "Answer in JSON."),
        (Role::User, "Begin."),
        (Role::Assistant, "{{ not a variable }}"),
        (Role::User, "And {% then %}?"),
    ]);
    assert_eq!(said(&bench.last_call()), expected);
}
