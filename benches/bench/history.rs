//! The history of many runs: pages, filters, searches, stored answers.

use std::sync::Arc;

use divan::{Bencher, black_box};
use retort::{
    model::{AnswerSource, RunId},
    store::api::{AnswerQuestion, PageStart, StoreReply, StoreRequest},
};
use uuid::Uuid;

use super::filled::FILLED;

/// The first page, as the history opens with it.
#[divan::bench]
fn opens(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    bencher.bench_local(|| assert_eq!(filled.page(black_box(""), None).runs.len(), 50));
}

/// A page from the middle.
#[divan::bench]
fn pages(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    let middle = PageStart { seq: (filled.runs / 2).cast_signed(), value: None };
    bencher.bench_local(|| assert_eq!(filled.page("", Some(black_box(middle))).runs.len(), 50));
}

/// A page of what a filter leaves, few and many.
#[divan::bench(args = [
    "model:gpt-4.1",
    "prompt:prompt-3 verdict:failed",
    "failed:confidence cost:>0.019",
    "error:any session:session-7",
    "took:>4.1s",
    "cached:yes since:2023-11-20 until:2023-11-21",
    "model:nobody",
    "sort:cost",
    "sort:took model:local",
    "sort:cost -cached:yes prompt:prompt-3",
    "verdict:passed error:any",
    "run:000001",
])]
fn filters(bencher: Bencher<'_, '_>, line: &str) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.page(black_box(line), None));
}

/// A page of what a search finds: rare, common, a prefix, a part of words, Japanese, a phrase, two words.
#[divan::bench(args = [
    "xylophone",
    "negative",
    "parc",
    "arcel",
    "テキスト",
    "本語",
    "\"the 1\"",
    "parcels negative",
    "version xylophone",
    "ba",
    "absent",
    "parcels model:gpt-4.1",
    "negative model:gpt-4.1 until:2023-11-21",
    "negative sort:cost",
])]
fn searches(bencher: Bencher<'_, '_>, line: &str) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.page(black_box(line), None));
}

/// The names that complete a query.
#[divan::bench]
fn completes(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.ask(StoreRequest::Vocabulary));
}

/// The answers on record to what two lanes are asked; one of them showed a run that is gone.
#[divan::bench]
fn recalls(bencher: Bencher<'_, '_>) {
    let filled = &*FILLED;
    let question = |run: RunId| {
        let StoreReply::Run(record) = filled.ask(StoreRequest::OpenRun(run)) else { panic!("a run that is listed") };
        let source = AnswerSource {
            sent: record.sent_params().cloned().unwrap_or_default(),
            prompt: Arc::new(record.prompt),
            input: Arc::new(record.input),
            target: record.outcome.requested,
            model: record.outcome.model,
            ..AnswerSource::default()
        };
        AnswerQuestion { run: None, source: Arc::new(source), sample: record.sample }
    };
    let done = filled.page("end:done", None);
    let mut questions: Vec<AnswerQuestion> = done.runs.iter().take(2).map(|entry| question(entry.run)).collect();
    if let Some(last) = questions.last_mut() {
        last.run = Some(RunId(Uuid::from_u128(1)));
    }
    bencher.bench_local(|| filled.ask(StoreRequest::StoredAnswers(black_box(questions.clone()))));
}

/// How many runs a query finds, up to the number that is counted.
#[divan::bench(args = ["", "verdict:failed", "parcels", "-cached:yes cost:<0.015"])]
fn counts(bencher: Bencher<'_, '_>, line: &str) {
    let filled = &*FILLED;
    bencher.bench_local(|| filled.count(black_box(line)));
}
