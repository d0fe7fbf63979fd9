//! The traffic screen: keys in, state and effects out.

use retort::{
    app::{
        Effect, Event, FieldId, ScreenId,
        event::{RowsWritten, TrafficCommand},
    },
    model::VersionId,
    model::traffic::{FailRule, HeldAnswer, LiveCall, LiveState, LiveTexts, LiveTraffic},
    pipeline::ports::RunRecord,
    store::api::{HistoryPage, StoreReply, StoreRequest},
};

use super::history::{asked, is_page};
use crate::support::{
    bench::{Bench, outcome},
    history::{page, record},
};

fn now() -> jiff::Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) const BODY: &str =
    "{\"model\":\"m-a\",\"messages\":[{\"role\":\"user\",\"content\":\"Where is my order?\"}]}";

/// A call of this number.
pub(crate) fn call(id: u64, state: LiveState, status: Option<u16>) -> LiveCall {
    LiveCall {
        id,
        // Two seconds before the screens are looked at.
        began: "2026-06-12T09:29:58Z".parse().unwrap(),
        path: "/v1/chat/completions".to_owned(),
        route: "chat".to_owned(),
        model: Some("m-a".to_owned()),
        target: (state == LiveState::Over).then(|| "m-b".to_owned()),
        state,
        status,
        took: 1234,
        run: None,
        cost: None,
        cached: false,
        attempts: 1,
        outcome: None,
        says: format!("Where is order {id}?"),
    }
}

pub(crate) fn live(revision: u64, hold: Option<&str>, calls: Vec<LiveCall>) -> Event {
    Event::Traffic(Ok(LiveTraffic { revision, hold: hold.map(str::to_owned), fail: None, calls }))
}

/// The screen with a call that runs, one that is held and one that failed, and three on record.
fn listed() -> Bench {
    let mut bench = Bench::new();
    bench.take();
    bench.keys("<a-5>");
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::WatchTraffic(true))));
    stored(&mut bench, recorded());
    bench.send(live(
        1,
        Some("order"),
        vec![call(1, LiveState::Over, Some(429)), call(2, LiveState::Running, None), call(3, LiveState::Held, None)],
    ));
    stored(&mut bench, recorded());
    bench
}

/// Three calls of one prompt.
fn recorded() -> HistoryPage {
    let mut page = page(now(), 1..=3, false);
    for run in &mut page.runs {
        run.version = Some(VersionId("7".repeat(64)));
    }
    page
}

fn stored(bench: &mut Bench, page: HistoryPage) {
    let (ticket, _) = asked(bench, is_page);
    bench.answer(ticket, Ok(StoreReply::History(page)));
}

fn commands(bench: &mut Bench) -> Vec<TrafficCommand> {
    let all = bench.take().into_iter().filter_map(|effect| match effect {
        Effect::Traffic(command) => Some(command),
        _ => None,
    });
    all.filter(|command| !matches!(command, TrafficCommand::Texts(_))).collect()
}

#[test]
fn calls_under_way_stand_above_those_on_record_and_leaving_ends_the_watching() {
    let mut bench = listed();
    assert_eq!((bench.app.screen, bench.app.traffic.rows().len()), (ScreenId::Traffic, 6));
    let screen = bench.screen().join("\n");
    for words in ["held", "running", "429", "holds calls with “order”: 1 held"] {
        assert!(screen.contains(words), "{words}:\n{screen}");
    }
    bench.take();
    bench.keys("1");
    assert!(bench.effects.iter().any(|effect| matches!(effect, Effect::WatchTraffic(false))));
}

#[test]
fn a_held_call_is_let_go_failed_or_changed_and_no_other() {
    let mut bench = listed();
    bench.take();
    bench.keys("c");
    assert_eq!(commands(&mut bench), [TrafficCommand::Answer(3, HeldAnswer::Go)]);
    bench.keys("x");
    assert_eq!(commands(&mut bench), [TrafficCommand::Answer(3, HeldAnswer::Fail { status: 503 })]);
    bench.keys("e");
    assert!(bench.says().contains("still being read"), "{}", bench.says());
    bench.send(Event::TrafficTexts(3, LiveTexts { request: BODY.to_owned(), ..LiveTexts::default() }));
    bench.keys("e");
    assert!(matches!(bench.effects.last(), Some(Effect::Edit { field: FieldId::Call(3), .. })));
    bench.take();
    bench.send(Event::Edited(FieldId::Call(3), Ok("{".to_owned())));
    assert!(bench.says().contains("no JSON any more") && commands(&mut bench).is_empty(), "{}", bench.says());
    bench.send(Event::Edited(FieldId::Call(3), Ok("{}".to_owned())));
    assert_eq!(commands(&mut bench), [TrafficCommand::Answer(3, HeldAnswer::Edited { body: "{}".to_owned() })]);
}

#[test]
fn a_call_that_is_not_held_cannot_be_let_go() {
    let mut bench = listed();
    bench.take();
    bench.keys("jc");
    assert!(bench.says().contains("not held") && commands(&mut bench).is_empty(), "{}", bench.says());
}

#[test]
fn a_call_is_sent_again_as_it_was_or_changed() {
    let mut bench = listed();
    bench.keys("jj");
    bench.send(Event::TrafficTexts(1, LiveTexts { request: BODY.to_owned(), ..LiveTexts::default() }));
    bench.take();
    let path = "/v1/chat/completions".to_owned();
    bench.keys("R");
    assert_eq!(commands(&mut bench), [TrafficCommand::Ask { path: path.clone(), body: BODY.to_owned() }]);
    bench.send(Event::Edited(FieldId::Call(1), Ok("{\"model\": \"m-b\"}".to_owned())));
    assert_eq!(commands(&mut bench), [TrafficCommand::Ask { path, body: "{\"model\": \"m-b\"}".to_owned() }]);
    bench.keys("jR");
    assert!(bench.says().contains("known only of calls"), "of one on record: {}", bench.says());
}

#[test]
fn calls_are_held_by_a_text_and_filtered_by_words() {
    let mut bench = listed();
    bench.take();
    bench.keys("p");
    assert_eq!(commands(&mut bench), [TrafficCommand::Hold(None)], "they were held: none is now");
    bench.send(live(2, None, vec![call(1, LiveState::Over, Some(429))]));
    bench.keys("prefund<enter>");
    assert_eq!(commands(&mut bench), [TrafficCommand::Hold(Some("refund".to_owned()))]);
    bench.keys("/429");
    assert_eq!(bench.app.traffic.rows().len(), 1);
    bench.keys("<enter><esc>");
    assert_eq!((bench.app.traffic.rows().len(), bench.app.screen), (4, ScreenId::Traffic));
}

#[test]
fn an_endpoint_that_is_not_there_is_said_and_its_calls_on_record_stay() {
    let mut bench = listed();
    bench.send(Event::Traffic(Err("no endpoint answers programs: `retort serve` starts one".to_owned())));
    let screen = bench.screen().join("\n");
    assert!(screen.contains("`retort serve` starts one"), "{screen}");
    assert_eq!(bench.app.traffic.rows().len(), 3);
}

/// A call on record whose program asked this.
fn asked_of(number: u64, text: &str) -> RunRecord {
    let mut record = record(number, now(), outcome("{}"));
    "{{ input }}".clone_into(&mut record.prompt.user);
    text.clone_into(&mut record.input.text);
    record
}

#[test]
fn a_call_comes_to_the_bench_with_the_template_that_others_share_once_that_is_agreed_to() {
    let mut bench = guessed();
    let screen = bench.screen().join("\n");
    assert!(screen.contains("3 calls share all of their text but one place"), "{screen}");
    assert!(screen.contains("input = broken link"), "{screen}");
    bench.keys("<enter>");
    let prompt = taken(&mut bench);
    assert_eq!(prompt, "Summarise this ticket:\n\na {{ input }}\n\nAnswer in JSON.");
    assert_eq!(bench.app.bench.input().text, "broken link");
}

#[test]
fn a_guessed_template_is_changed_before_it_is_taken_and_has_to_be_one_of_the_call() {
    let mut bench = guessed();
    bench.keys("<down><down><down><down><end><left><left><left><left><left>{{ form }}!");
    let screen = bench.screen().join("\n");
    assert!(screen.contains("does not have “!JSON.”"), "{screen}");
    bench.keys("<enter>");
    assert_eq!(bench.app.screen, ScreenId::Traffic, "what does not make the text of the call is not taken");
    bench.keys("<backspace><delete><delete><delete><delete>");
    let screen = bench.screen().join("\n");
    assert!(screen.contains("form = JSON") && screen.contains("input = broken link"), "{screen}");
    bench.keys("<enter>");
    assert_eq!(taken(&mut bench), "Summarise this ticket:\n\na {{ input }}\n\nAnswer in {{ form }}.");
    let input = bench.app.bench.input();
    assert_eq!((input.text.as_str(), input.value("form")), ("broken link", Some("JSON")));
}

#[test]
fn a_guessed_template_is_left() {
    let mut bench = guessed();
    bench.keys("<esc>");
    assert_eq!((bench.app.screen, bench.app.overlay().is_none()), (ScreenId::Traffic, true));
}

/// Returns the user's message of the prompt that has come to the bench.
fn taken(bench: &mut Bench) -> String {
    assert_eq!(bench.app.screen, ScreenId::Bench);
    let (keep, _) = asked(bench, |job| matches!(job, StoreRequest::KeepVersion { .. }));
    bench.answer(keep, Ok(StoreReply::VersionKept(VersionId("1".repeat(64)))));
    bench.app.bench.prompt().user
}

/// A template that was guessed of three calls.
fn guessed() -> Bench {
    let mut bench = listed();
    bench.send(live(2, None, Vec::new()));
    bench.take();
    bench.keys("E");
    let texts = ["a slow export", "a lost parcel", "a broken link"];
    for _ in 0..3 {
        let (ticket, job) = asked(&mut bench, |job| matches!(job, StoreRequest::OpenRun(_)));
        let StoreRequest::OpenRun(run) = job else { panic!("{job:?}") };
        let number = (run.0.as_u128() & 0xffff) as u64;
        let text = format!("Summarise this ticket:\n\n{}\n\nAnswer in JSON.", texts[number as usize - 1]);
        bench.answer(ticket, Ok(StoreReply::Run(Box::new(asked_of(number, &text)))));
    }
    bench
}

#[test]
fn rows_of_the_marked_calls_are_written_where_that_is_said() {
    let mut bench = listed();
    bench.send(live(2, None, Vec::new()));
    bench.keys("  ");
    bench.take();
    bench.keys("D");
    let screen = bench.screen().join("\n");
    assert!(screen.contains("Write rows of calls to") && screen.contains("calls.jsonl"), "{screen}");
    bench.keys("<ctrl-u>");
    bench.keys("data/seen.csv<enter>");
    let written = bench.take().into_iter().find_map(|effect| match effect {
        Effect::WriteRows { runs, file } => Some((runs.len(), file)),
        _ => None,
    });
    assert_eq!(written, Some((2, "data/seen.csv".to_owned())));
    assert!(bench.app.traffic.marked.is_empty());
    bench.send(Event::RowsWritten(RowsWritten { file: "data/seen.csv".to_owned(), rows: 1, alike: 1, empty: 0 }));
    let says = bench.says();
    assert!(says.contains("1 row added to data/seen.csv") && says.contains("1 call left out"), "{says}");
}

#[test]
fn calls_fail_by_a_rule_until_none_do() {
    let mut bench = listed();
    bench.take();
    bench.keys("X429 next two<enter>");
    assert!(bench.says().contains("how many") && commands(&mut bench).is_empty(), "{}", bench.says());
    bench.keys("<ctrl-u>429 next 2 refund<enter>");
    let rule = FailRule { status: 429, next: Some(2), text: "refund".to_owned() };
    assert_eq!(commands(&mut bench), [TrafficCommand::FailCalls(Some(rule.clone()))]);
    bench.send(Event::Traffic(Ok(LiveTraffic { revision: 3, fail: Some(rule), ..LiveTraffic::default() })));
    let screen = bench.screen().join("\n");
    assert!(screen.contains("fails the next 2 calls with “refund” by 429"), "{screen}");
    bench.keys("X");
    assert_eq!(commands(&mut bench), [TrafficCommand::FailCalls(None)]);
}

#[test]
fn the_time_of_a_call_goes_on_while_it_runs() {
    let mut bench = listed();
    let mut running = call(1, LiveState::Running, None);
    running.began = bench.app.shared.now.time;
    bench.send(live(2, None, vec![running]));
    let before = bench.screen().join("\n");
    assert!(before.contains("1.23s") && !before.contains("7.0"), "{before}");
    assert!(bench.wakes(), "something changes by itself");
    bench.pass(std::time::Duration::from_secs(7));
    let after = bench.screen().join("\n");
    assert!(after.contains("7.0"), "{after}");
    bench.send(live(3, None, vec![call(1, LiveState::Over, Some(200))]));
    assert!(bench.screen().join("\n").contains("1.23s"), "it is as the endpoint says in the end");
}
