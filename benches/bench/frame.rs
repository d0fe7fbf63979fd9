//! A frame of a large screen with four lanes of a hundred thousand tokens each.

use divan::Bencher;
use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, layout::Rect};
use retort::{
    app::{App, Keymap, Msg, Now, Start, Ticket, lane::Lane},
    model::{Catalog, Look, Prompt, ProviderKind, Settings, settings::ProviderSettings},
    pipeline::{
        Told,
        event::{Part, RunEvent},
    },
};

/// Tokens of each lane: about 530 KB of text.
const TOKENS: usize = 100_000;

/// The least screen on which four lanes are of use to anybody.
const SCREEN: Rect = Rect::new(0, 0, 200, 60);

fn now() -> Now {
    Now { at: tokio::time::Instant::now().into_std(), time: Timestamp::UNIX_EPOCH }
}

fn told(text: String) -> Told {
    let event = RunEvent::Delta { attempt: 1, part: Part::Text, text };
    Told { at: std::time::Duration::from_millis(300), event }
}

/// A bench whose four lanes are in the middle of their answers, and the tickets of their runs.
fn bench() -> (App, Vec<Ticket>) {
    let mut settings = Settings::default();
    settings.providers.insert("demo".to_owned(), ProviderSettings::of(ProviderKind::Demo));
    let start = Start {
        keymap: Keymap::default(),
        catalog: Catalog::new(Vec::new(), &settings),
        settings,
        starters: vec![(
            "p".to_owned(),
            Prompt { user: "{{ input }}".to_owned(), ..Prompt::default() },
            "x".to_owned(),
        )],
        session: None,
        found: Vec::new(),
        default_target: "demo".to_owned(),
        look: Look::default(),
        notices: Vec::new(),
    };
    let (mut app, _) = App::new(start, now());
    for _ in 0..3 {
        app.bench.lanes.push(Lane::new("demo"));
    }
    app.update(Msg::Do(retort::app::Action::Run), now());
    let tickets: Vec<Ticket> = app.bench.lanes.iter().filter_map(|lane| lane.shown().ticket).collect();
    let words = ["The ", "parcel ", "of ", "order ", "日本 ", "is ", "late, ", "and ", "nobody ", "answers.\n"];
    for ticket in &tickets {
        for token in 0..TOKENS / 10 {
            let piece: String = (0..10).filter_map(|word| words.get((token + word) % words.len())).copied().collect();
            app.update(Msg::Run(*ticket, told(piece)), now());
        }
    }
    (app, tickets)
}

#[divan::bench]
fn four_lanes_of_100k_tokens(bencher: Bencher<'_, '_>) {
    let (mut app, _) = bench();
    let mut terminal = Terminal::new(TestBackend::new(SCREEN.width, SCREEN.height)).unwrap();
    bencher.bench_local(|| {
        app.prepare(SCREEN, now());
        terminal.draw(|frame| retort::ui::draw(&app, frame)).unwrap();
    });
}

#[divan::bench]
fn four_lanes_a_token_each(bencher: Bencher<'_, '_>) {
    let (mut app, tickets) = bench();
    let mut terminal = Terminal::new(TestBackend::new(SCREEN.width, SCREEN.height)).unwrap();
    bencher.bench_local(|| {
        for ticket in &tickets {
            app.update(Msg::Run(*ticket, told(" token\n".to_owned())), now());
        }
        app.prepare(SCREEN, now());
        terminal.draw(|frame| retort::ui::draw(&app, frame)).unwrap();
    });
}
