//! The wrapped buffer: what a token costs, what a resize costs, and a line that never ends.

use divan::{Bencher, black_box, counter::BytesCount};
use retort::text::{SanitizedText, Sanitizer, Wrapped, clean};

const WIDTH: usize = 48;

/// The mixed text of 100,000 tokens, about 580 KB.
fn answer() -> SanitizedText {
    clean(
        &"The parcel never came, and the customer — 顧客 — is still waiting; naïve hope 🙂.\n  - item\tvalue\n"
            .repeat(5_600),
    )
}

fn ascii() -> SanitizedText {
    clean(&"The parcel never came, and the customer is still waiting.\n  - item\tvalue\n".repeat(8_000))
}

fn filled(text: &SanitizedText) -> Wrapped {
    let mut wrapped = Wrapped::new(WIDTH);
    wrapped.push(text);
    wrapped
}

/// A token at the end of 580 KB of prose.
#[divan::bench]
fn push_a_token(bencher: Bencher<'_, '_>) {
    let mut wrapped = filled(&answer());
    let token = clean(" token");
    bencher.bench_local(|| wrapped.push(black_box(&token)));
}

/// A token at the end of a line of 1 MB without a line break.
#[divan::bench]
fn push_a_token_onto_one_line(bencher: Bencher<'_, '_>) {
    let mut wrapped = filled(&clean(&"{\"key\":\"wert-ü\"},".repeat(60_000)));
    let token = clean("{\"k\":1},");
    bencher.bench_local(|| wrapped.push(black_box(&token)));
}

/// Everything anew at another width, as a resize does.
#[divan::bench(args = ["mixed", "ascii"])]
fn resize(bencher: Bencher<'_, '_>, kind: &str) {
    let text = if kind == "mixed" { answer() } else { ascii() };
    let mut wrapped = filled(&text);
    let mut widths = [WIDTH - 1, WIDTH].into_iter().cycle();
    bencher.counter(BytesCount::of_str(&text)).bench_local(move || {
        wrapped.set_width(widths.next().unwrap_or(WIDTH));
        wrapped.rows()
    });
}

/// The rows of a screen from the end of 580 KB.
#[divan::bench]
fn a_screen_of_rows(bencher: Bencher<'_, '_>) {
    let wrapped = filled(&answer());
    let rows = wrapped.rows();
    bencher.bench_local(|| (rows - 60..rows).map(|row| wrapped.row(row).text.len()).sum::<usize>());
}

/// Cleaning, by the kind of text.
#[divan::bench(args = ["mixed", "ascii"])]
fn cleaning(bencher: Bencher<'_, '_>, kind: &str) {
    let text = if kind == "mixed" { answer() } else { ascii() };
    bencher.counter(BytesCount::of_str(&text)).bench_local(|| Sanitizer::new().push(black_box(&text)));
}
