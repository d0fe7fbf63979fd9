//! A frame of a large screen with four lanes of a hundred thousand tokens each, of text and of JSON.

use divan::Bencher;
use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, layout::Rect};
use retort::{
    app::{App, Event, Now, Start, Ticket, workbench::lane::Lane},
    model::Prompt,
    pipeline::{
        TimedEvent,
        event::{DeltaPart, RunEvent},
    },
};

use super::workbench::demo_start;

/// Tokens of each lane: about 530 KB of text.
const TOKENS: usize = 100_000;

/// The least screen on which four lanes are of use to anybody.
const SCREEN: Rect = Rect::new(0, 0, 200, 60);

fn now() -> Now {
    Now { at: tokio::time::Instant::now().into_std(), time: Timestamp::UNIX_EPOCH }
}

fn told(text: String) -> TimedEvent {
    let event = RunEvent::Delta { attempt: 1, part: DeltaPart::Text, text };
    TimedEvent { at: std::time::Duration::from_millis(300), event }
}

const PROSE: &[&str] = &["The ", "parcel ", "of ", "order ", "日本 ", "is ", "late, ", "and ", "nobody ", "answers.\n"];

/// One item of a long array, in as many tokens as the prose has.
const ITEM: &[&str] =
    &["{\"id\"", ": 4711", ", \"late\"", ": true", ", \"of\"", ": \"日本", " and", " Oslo", "\"", "},\n"];

/// A bench whose four lanes are in the middle of answers made of some words, and the tickets of their runs.
fn bench(first: &str, words: &[&str]) -> (App, Vec<Ticket>) {
    let prompt = Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() };
    let start = Start { starters: vec![("p".to_owned(), prompt, "x".to_owned())], ..demo_start() };
    let (mut app, _) = App::new(start, now());
    for _ in 0..3 {
        app.bench.lanes.push(Lane::new("demo"));
    }
    app.update(Event::Do(retort::app::action::Verb::Run.into()), now());
    let tickets: Vec<Ticket> = app.bench.lanes.iter().filter_map(|lane| lane.shown().ticket).collect();
    let item = words.concat();
    for ticket in &tickets {
        app.update(Event::Run(*ticket, told(first.to_owned())), now());
        for _ in 0..TOKENS / words.len() {
            app.update(Event::Run(*ticket, told(item.clone())), now());
        }
    }
    (app, tickets)
}

fn frames(bencher: Bencher<'_, '_>, mut app: App, tickets: &[Ticket], more: &str) {
    let mut terminal = Terminal::new(TestBackend::new(SCREEN.width, SCREEN.height)).unwrap();
    bencher.bench_local(|| {
        for ticket in tickets {
            app.update(Event::Run(*ticket, told(more.to_owned())), now());
        }
        app.prepare(SCREEN, now());
        terminal.draw(|frame| retort::app::draw(&app, frame)).unwrap();
    });
}

#[divan::bench]
fn four_lanes_of_100k_tokens(bencher: Bencher<'_, '_>) {
    let (app, _) = bench("", PROSE);
    frames(bencher, app, &[], "");
}

#[divan::bench]
fn four_lanes_a_token_each(bencher: Bencher<'_, '_>) {
    let (app, tickets) = bench("", PROSE);
    frames(bencher, app, &tickets, " token\n");
}

#[divan::bench]
fn four_lanes_of_json_a_token_each(bencher: Bencher<'_, '_>) {
    let (app, tickets) = bench("[", ITEM);
    frames(bencher, app, &tickets, "{\"id\": 1},\n");
}

/// The JSON of all four lanes, complete: a frame with the cursor moved.
#[divan::bench]
fn four_lanes_of_whole_json(bencher: Bencher<'_, '_>) {
    let (mut app, _) = bench("[", ITEM);
    for lane in &mut app.bench.lanes {
        let text = format!("[{}0]", ITEM.concat().repeat(TOKENS / ITEM.len()));
        lane.shown_mut().answer.settle(&text, true, None);
    }
    let mut terminal = Terminal::new(TestBackend::new(SCREEN.width, SCREEN.height)).unwrap();
    bencher.bench_local(|| {
        app.bench.lanes.iter_mut().for_each(|lane| lane.shown_mut().answer.step(true));
        app.prepare(SCREEN, now());
        terminal.draw(|frame| retort::app::draw(&app, frame)).unwrap();
    });
}

/// What the end of an answer of 580 KB of JSON costs: finding it, reading it, cutting it into rows.
#[divan::bench]
fn json_becomes_whole(bencher: Bencher<'_, '_>) {
    let text = format!("[{}0]", ITEM.concat().repeat(TOKENS / ITEM.len()));
    let (mut app, _) = bench("[", ITEM);
    app.prepare(SCREEN, now());
    bencher.bench_local(|| {
        if let Some(lane) = app.bench.lanes.first_mut() {
            lane.shown_mut().answer.settle(&text, true, None);
        }
    });
}
