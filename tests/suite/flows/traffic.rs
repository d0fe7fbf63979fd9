//! The traffic screen: keys in, state and effects out.

use retort::{
    app::{Effect, Event, FieldId, ScreenId, event::TrafficCommand},
    model::VersionId,
    model::traffic::{HeldAnswer, LiveCall, LiveState, LiveTexts, LiveTraffic},
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
        began: now(),
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
    Event::Traffic(Ok(LiveTraffic { revision, hold: hold.map(str::to_owned), calls }))
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
    let screen = bench.screen().join("\n");
    assert!(screen.contains("3 calls share all of their text but one place"), "{screen}");
    bench.pass(std::time::Duration::from_secs(1));
    bench.keys("<enter>");
    assert_eq!(bench.app.screen, ScreenId::Bench);
    let (keep, job) = asked(&mut bench, |job| matches!(job, StoreRequest::KeepVersion { .. }));
    assert!(matches!(job, StoreRequest::KeepVersion { .. }), "what was on the bench is kept first");
    bench.answer(keep, Ok(StoreReply::VersionKept(VersionId("1".repeat(64)))));
    let prompt = bench.app.bench.prompt();
    assert_eq!(prompt.user, "Summarise this ticket:\n\na {{ input }}\n\nAnswer in JSON.");
    assert_eq!(bench.app.bench.input().text, "broken link");
}

#[test]
fn rows_are_made_of_the_marked_calls() {
    let mut bench = listed();
    bench.send(live(2, None, Vec::new()));
    bench.keys("  ");
    bench.take();
    bench.keys("D");
    let copied = bench.take().into_iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert_eq!(copied.matches("retort rows from-history run:").count(), 2, "{copied}");
}
