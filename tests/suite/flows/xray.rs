//! Seeing why: what a lane says of its failures, and the X-ray of its run.

use std::time::Duration;

use retort::{
    app::{
        Effect, Event,
        overlays::{
            Overlay,
            xray::{Xray, XrayTab},
        },
        workbench::Focus,
    },
    model::{CallError, ErrorKind, KeySource, Message, Outcome, Params, Quality, Role, Rule, Status, Verdict},
    pipeline::event::{Lookup, NextStep, RunEvent},
    store::api::{StoreReply, StoreRequest},
};

use crate::support::{
    bench::{Bench, attempt, delta, ended, failed, outcome, prepared, start},
    history,
};

fn xray(bench: &Bench) -> &Xray {
    let Some(Overlay::Xray(xray)) = bench.app.overlay() else { panic!("no X-ray") };
    xray
}

fn shown(bench: &Bench) -> String {
    xray(bench).lines().join("\n")
}

fn failing() -> Quality {
    let schema = Verdict {
        at: Some("/severity".to_owned()),
        ..Verdict::new(Rule::Schema, Status::Failed, "/severity: \"urgent\" is not one of 4 allowed values")
    };
    Quality::of(vec![
        Verdict::new(Rule::Format, Status::Passed, "a JSON object"),
        schema,
        Verdict { score: Some(0.71), ..Verdict::new(Rule::Confidence, Status::Failed, "0.71 < minimum 0.80\u{1b}[2J") },
        Verdict::new(Rule::Completeness, Status::Inconclusive, "no field is required"),
    ])
}

/// A bench whose answer failed two checks, seen at the lane.
fn failed_checks() -> Bench {
    let mut bench = Bench::of(&["demo"]);
    bench.app.bench.focus_on(Focus::Lane(0));
    let ticket = bench.run();
    bench.tell(ticket, prepared(history::id(1)));
    bench.tell(ticket, attempt(1, "demo"));
    let text = "{\"severity\": \"urgent\", \"confidence\": 0.71}";
    bench.tell(ticket, delta(1, text));
    bench.tell(ticket, RunEvent::Checked { quality: failing() });
    bench.tell(ticket, ended(Outcome { quality: Some(failing()), ..outcome(text) }));
    bench.take();
    bench
}

#[test]
fn the_xray_shows_the_run_as_it_goes() {
    let mut bench = Bench::new();
    let ticket = bench.run();
    bench.tell(ticket, prepared(history::id(1)));
    bench.tell(ticket, RunEvent::Cache { lookup: Lookup::Miss });
    bench.keys("o");
    assert!(shown(&bench).contains("cache") && shown(&bench).contains("miss"), "{}", shown(&bench));
    bench.tell(ticket, attempt(1, "demo"));
    bench.pass(Duration::from_millis(200));
    let error = CallError { status: Some(429), ..CallError::new(ErrorKind::RateLimited, "slowly") };
    let next = NextStep::Retry { wait: Duration::from_secs(6) };
    bench.tell(ticket, RunEvent::AttemptFailed { attempt: 1, error, next });
    bench.pass(Duration::from_secs(2));
    let waiting = shown(&bench);
    assert!(waiting.contains("429 rate limited") && waiting.contains("2.00s"), "a wait grows: {waiting}");
    bench.pass(Duration::from_secs(4));
    bench.tell(ticket, attempt(2, "demo"));
    bench.tell(ticket, delta(2, "x"));
    let verdict = Verdict::new(Rule::Confidence, Status::Failed, "0.4 < 0.7\u{1b}[2J");
    let quality = Quality::of(vec![verdict]);
    bench.tell(ticket, RunEvent::Checked { quality: quality.clone() });
    bench.tell(ticket, ended(Outcome { quality: Some(quality), ..outcome("x") }));
    let done = shown(&bench);
    for part in ["attempt 2", "first token", "streaming", "0 of 1 passed", "Total", "✗ confidence  0.4 < 0.7"] {
        assert!(done.contains(part), "{part} is not in {done}");
    }
    assert!(done.contains('╱') && !done.contains('\u{1b}'), "the wait is short: {done}");
    bench.keys("<esc><f5>o");
    assert_eq!(shown(&bench), "Preparing …", "another run");
}

#[test]
fn before_a_run_the_xray_shows_what_would_be_sent() {
    let mut begin = start();
    let openai = begin.settings.providers.get_mut("openai").unwrap();
    openai.api_keys.push(KeySource::Env("OPENAI_API_KEY".to_owned()));
    let mut bench = Bench::with(begin);
    bench.app.bench.set_lanes(["openai/gpt-4o-mini"]);
    bench.app.bench.input.set("It never came");
    bench.send(Event::Tick);
    bench.keys("o");
    assert_eq!(xray(&bench).tab, XrayTab::Request);
    let request = shown(&bench);
    for part in [
        "Not sent yet · what a run would send now",
        "POST https://api.openai.com/v1/chat/completions",
        "authorization: Bearer ••••••••  (key env:OPENAI_API_KEY)",
        "\"model\": \"gpt-4o-mini\"",
        "It never came",
        "Filled in: input = It never came",
    ] {
        assert!(request.contains(part), "{part} is not in {request}");
    }
    bench.keys("y");
    let copied = bench.take().into_iter().find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.as_str().to_owned()),
        _ => None,
    });
    let copied = copied.unwrap();
    assert!(copied.starts_with("curl ") && copied.contains("It never came"), "{copied}");
}

#[test]
fn each_attempt_has_its_request_with_what_was_left_out() {
    let mut bench = Bench::of(&["openai/gpt-4o-mini"]);
    let ticket = bench.run();
    let mut first = prepared(history::id(1));
    if let RunEvent::Prepared { messages, .. } = &mut first {
        messages.push(Message::of(Role::User, "as it was sent".to_owned()));
    }
    bench.tell(ticket, first);
    for (number, temperature) in [(1, Some(0.25)), (2, None)] {
        let mut call = attempt(number, "openai/gpt-4o-mini");
        if let RunEvent::Attempt { params, notices, key, .. } = &mut call {
            *params = Params { temperature, ..Params::default() };
            *key = Some("env:SPARE".to_owned());
            notices.extend(
                temperature.is_none().then(|| "temperature is not accepted by gpt-4o-mini; left out".to_owned()),
            );
        }
        bench.tell(ticket, call);
        if number == 1 {
            bench.tell(ticket, failed(1, ErrorKind::ParamRejected, NextStep::Retry { wait: Duration::ZERO }));
        }
    }
    bench.keys("o<tab>");
    let last = shown(&bench);
    assert!(last.contains("Attempt 2 of 2") && last.contains("as it was sent"), "{last}");
    assert!(last.contains("left out") && !last.contains("\"temperature\""), "{last}");
    assert!(last.contains("(key env:SPARE)"), "{last}");
    bench.keys(",");
    let first = shown(&bench);
    assert!(first.contains("Attempt 1 of 2") && first.contains("\"temperature\": 0.25"), "{first}");
    bench.keys(".");
    assert!(shown(&bench).contains("Attempt 2 of 2"));
}

#[test]
fn the_tabs_are_walked_round_and_the_checks_have_rule_reason_and_score() {
    let mut bench = failed_checks();
    bench.keys("o");
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(xray(&bench).tab);
        bench.keys("<tab>");
    }
    let all = [XrayTab::Timeline, XrayTab::Request, XrayTab::Response, XrayTab::Checks, XrayTab::Judge];
    assert_eq!((seen.as_slice(), xray(&bench).tab), (&all[..], XrayTab::Timeline));
    bench.keys("<s-tab><left>");
    let checks = shown(&bench);
    for part in
        ["1 of 4 checks passed", "✗ schema  failed", "at /severity", "score .71", "○ completeness  inconclusive"]
    {
        assert!(checks.contains(part), "{part} is not in {checks}");
    }
    bench.keys("<left>");
    let response = shown(&bench);
    assert!(response.contains("are not kept") && response.contains("\"severity\": \"urgent\""), "{response}");
}

#[test]
fn enter_on_a_lane_opens_all_checks() {
    let mut bench = failed_checks();
    bench.keys("<enter>");
    assert_eq!(xray(&bench).tab, XrayTab::Checks);
    bench.keys("<esc>");
    assert!(bench.app.overlays.is_empty());
}

#[test]
fn an_old_answer_is_called_old_in_the_xray_and_one_of_the_record_has_its_age() {
    let mut bench = failed_checks();
    bench.app.bench.input.set("something else");
    bench.send(Event::Tick);
    bench.keys("o");
    let title = crate::suite::screens::text(&drawn(&mut bench));
    let title = title.lines().nth(1).unwrap();
    assert!(title.contains("old answer") && title.contains("✗ 1/4"), "{title}");
    assert!(shown(&bench).starts_with("Old answer, from another input · just now"), "{}", shown(&bench));

    let mut bench = Bench::of(&["demo"]);
    bench.keys("<a-3>");
    let now = "2026-03-01T12:00:00Z".parse().unwrap();
    let (page, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::History { .. })).unwrap();
    bench.answer(page, Ok(StoreReply::History(history::page(now, 9..=9, false))));
    let (record, _) = bench.jobs().into_iter().find(|(_, job)| matches!(job, StoreRequest::OpenRun(_))).unwrap();
    let run = history::record(9, "2026-03-01T11:00:00Z".parse().unwrap(), outcome("fine"));
    bench.answer(record, Ok(StoreReply::Run(Box::new(run))));
    bench.keys("o");
    let title = crate::suite::screens::text(&drawn(&mut bench));
    let title = title.lines().nth(1).unwrap();
    assert!(title.contains("from history, 1 h ago"), "{title}");
    bench.keys("<tab>");
    assert!(shown(&bench).contains("Nothing was sent"), "a cached or refused run sent nothing: {}", shown(&bench));
}

fn drawn(bench: &mut Bench) -> ratatui::buffer::Buffer {
    bench.see();
    let mut buffer = ratatui::buffer::Buffer::empty(bench.app.layout.area);
    retort::app::draw_on(&bench.app, &mut buffer);
    buffer
}

#[test]
fn the_status_line_says_the_first_failure_until_the_answer_is_old() {
    let mut bench = failed_checks();
    let status = |bench: &mut Bench| {
        let screen = crate::suite::screens::text(&drawn(bench));
        let row = usize::from(bench.app.layout.status.y);
        screen.lines().nth(row).unwrap_or_default().to_owned()
    };
    assert!(status(&mut bench).contains("✗ schema: /severity: \"urgent\""), "{}", status(&mut bench));
    bench.app.bench.input.set("something else");
    bench.send(Event::Tick);
    assert!(!status(&mut bench).contains("schema"), "{}", status(&mut bench));
}

#[test]
fn a_run_of_another_lane_is_a_key_away_and_running_again_shows_the_new_run() {
    let mut bench = Bench::of(&["demo", "demo:slow"]);
    bench.app.bench.focus_on(Focus::Lane(0));
    bench.keys("<f5>o");
    assert_eq!((xray(&bench).lane, xray(&bench).target.as_str()), (Some(0), "demo"));
    bench.keys(".");
    assert_eq!((xray(&bench).lane, xray(&bench).target.as_str()), (Some(1), "demo:slow"));
    bench.keys(",");
    assert_eq!(xray(&bench).lane, Some(0));
}
