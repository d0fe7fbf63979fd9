//! A prompt and an input of ten megabytes: opened, typed in, scrolled, taken back, drawn.

use divan::Bencher;
use ratatui::{buffer::Buffer, layout::Rect};
use retort::{
    app::{App, Event, Now, Start, draw_on, workbench::Focus},
    config::builtin,
    model::{Catalog, Input, Prompt, Settings},
    widgets::key::Chord,
};

use super::workbench::demo_start;

const SIZE: usize = 10 << 20;

/// Lines of a report, or one line.
fn text(lines: bool) -> String {
    let line = "The quick brown fox jumps over the lazy dog, and the report goes on and on";
    let end = if lines { "\n" } else { " " };
    format!("{line}{end}").repeat(SIZE / (line.len() + 1))
}

struct Bench {
    app: App,
    now: Now,
}

impl Bench {
    fn new(in_prompt: bool, lines: bool) -> Self {
        let settings = Settings::default();
        let start = Start { catalog: Catalog::new(builtin::cards(), &settings), settings, ..demo_start() };
        let now = Now { at: std::time::Instant::now(), time: jiff::Timestamp::UNIX_EPOCH };
        let (app, _) = App::new(start, now);
        let mut bench = Self { app, now };
        let text = text(lines);
        if in_prompt {
            bench.app.bench.put(None, &Prompt { system: text, ..Prompt::default() });
            bench.app.bench.focus_on(Focus::Message(0));
        } else {
            bench.app.bench.input.set(&Input::of(text).text);
            bench.app.bench.focus_on(Focus::Input);
        }
        bench.keys(&["i"]);
        bench.frame();
        bench
    }

    fn keys(&mut self, keys: &[&str]) {
        for key in keys {
            let chord: Chord = key.parse().unwrap();
            self.app.update(Event::Key(chord.event()), self.now);
        }
    }

    fn frame(&mut self) {
        let area = Rect::new(0, 0, 120, 40);
        self.app.prepare(area, self.now);
        let mut buffer = Buffer::empty(area);
        draw_on(&self.app, &mut buffer);
        divan::black_box(buffer);
    }
}

/// Each key with the frame that follows it.
const KEYS: [(&str, &str); 6] = [
    ("key", "x"),
    ("middle", "x"),
    ("newline", "enter"),
    ("scroll", "pagedown"),
    ("end", "ctrl-end"),
    ("undo", "alt-u"),
];

fn one(bencher: Bencher<'_, '_>, in_prompt: bool, lines: bool, (what, key): (&str, &str)) {
    let mut bench = Bench::new(in_prompt, lines);
    if what == "middle" {
        bench.app.bench.field_mut().unwrap().put_cursor(SIZE / 2);
    }
    bench.keys(&["y"]);
    bencher.bench_local(|| {
        bench.keys(&[key]);
        bench.frame();
    });
}

/// The name of a key stands for itself: `key`, `middle`, `newline`, `scroll`, `end`, `undo`.
fn of(name: &str) -> (&'static str, &'static str) {
    KEYS.into_iter().find(|(known, _)| *known == name).unwrap()
}

const NAMES: [&str; 6] = ["key", "middle", "newline", "scroll", "end", "undo"];

#[divan::bench(args = NAMES, sample_count = 20, sample_size = 1)]
fn prompt_10mb(bencher: Bencher<'_, '_>, name: &str) {
    one(bencher, true, true, of(name));
}

#[divan::bench(args = NAMES, sample_count = 20, sample_size = 1)]
fn prompt_10mb_one_line(bencher: Bencher<'_, '_>, name: &str) {
    one(bencher, true, false, of(name));
}

#[divan::bench(args = NAMES, sample_count = 20, sample_size = 1)]
fn input_10mb(bencher: Bencher<'_, '_>, name: &str) {
    one(bencher, false, true, of(name));
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn prompt_10mb_open(bencher: Bencher<'_, '_>) {
    bencher
        .with_inputs(|| text(true))
        .bench_local_values(|text| divan::black_box(retort::widgets::text_editor::TextEditor::of(&text)));
}
