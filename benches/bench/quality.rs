//! What many runs come to: the fold that the quality screen asks for.

use divan::{Bencher, black_box};
use retort::store::api::{StoreReply, StoreRequest};

use super::filled::{FILLED, query};

/// The report of all runs, and of those that a filter or a search leaves.
#[divan::bench(args = [
    "",
    "model:gpt-4.1",
    "prompt:prompt-3",
    "since:2023-11-20 until:2023-12-20",
    "verdict:failed",
    "negative",
    "failed:confidence",
    "parcels",
    "-cached:yes cost:<0.015",
])]
fn report(bencher: Bencher<'_, '_>, line: &str) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.ask(StoreRequest::Report(Box::new(query(black_box(line))))));
}

/// All runs folded, and not yet told.
#[divan::bench]
fn fold(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.ask(StoreRequest::Review(Box::default())));
}

/// What was folded, told.
#[divan::bench]
fn tell(bencher: Bencher<'_, '_>) {
    let StoreReply::Review(review) = FILLED.ask(StoreRequest::Review(Box::default())) else { panic!("a review") };
    bencher.bench_local(|| black_box(&review).report(&jiff::tz::TimeZone::UTC));
}

/// What a threshold sees of the runs of one prompt.
#[divan::bench]
fn points(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    bencher.bench_local(|| {
        let query = Box::new(query(black_box("prompt:prompt-3")));
        filled.ask(StoreRequest::Points { query, rule: "confidence".to_owned(), scores: false })
    });
}
