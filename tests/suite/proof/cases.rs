//! The streaming errors every client meets, on every wire format: what a person sees of each.
//!
//! `RETORT_REWRITE=1 cargo nextest run proof` writes the table anew. What must come of a case is
//! said here, apart from the table, so that no wrong table can be written.

mod endings;
mod errors;
mod framing;
mod odd;
mod silence;
mod table;
mod tools;

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use retort::{
    model::{
        ErrorKind,
        Wire::{
            Anthropic, Gemini, Ollama, OpenAi, Responses, {self},
        },
    },
    provider::Providers,
};

use super::played::{Play, Seen, play};

const ALL: &[Wire] = &[OpenAi, Responses, Anthropic, Gemini, Ollama];
/// Those whose stream is one of events.
const EVENTS: &[Wire] = &[OpenAi, Responses, Anthropic, Gemini];
/// Those that mark the end of a stream.
const MARKED: &[Wire] = &[OpenAi, Responses, Anthropic, Ollama];
/// Those whose mark of the end is not the reason to stop.
const APART: &[Wire] = &[OpenAi, Anthropic, Ollama];
const CHAT: &[Wire] = &[OpenAi];
const MESSAGES: &[Wire] = &[Anthropic];

/// A case on one wire format. Its number is its own in the list of streaming errors.
struct Row {
    number: u8,
    what: &'static str,
    kind: Wire,
    play: Play,
    must: Must,
}

/// What must come of a case.
#[derive(Debug, Clone, Copy)]
struct Must {
    end: &'static str,
    class: Option<ErrorKind>,
    attempts: u32,
    text: &'static str,
    tokens: Option<(u64, u64)>,
    cached: bool,
    batch: (&'static str, u32),
}

/// A complete answer at the first attempt, kept in the cache.
const fn done(text: &'static str) -> Must {
    Must { end: "done", class: None, attempts: 1, text, tokens: None, cached: true, batch: ("done", 1) }
}

/// Nothing was shown yet, so it is tried again, this many times in all; a server that is well
/// again answers the second.
const fn retried(class: ErrorKind, attempts: u32) -> Must {
    Must { end: "failed", class: Some(class), attempts, text: "", tokens: None, cached: false, batch: ("done", 2) }
}

/// What was shown is kept, and the run broken off; where nobody watches it starts over.
const fn broken(class: ErrorKind, text: &'static str) -> Must {
    let batch = ("done", 2);
    Must { end: "interrupted", class: Some(class), attempts: 1, text, tokens: None, cached: false, batch }
}

/// Asking again would not help.
const fn hopeless(class: ErrorKind) -> Must {
    Must { batch: ("failed", 1), ..retried(class, 1) }
}

impl Must {
    const fn uncached(self) -> Self {
        Self { cached: false, ..self }
    }

    const fn counted(self, input: u64, output: u64) -> Self {
        Self { tokens: Some((input, output)), ..self }
    }

    const fn in_a_batch(self, end: &'static str, attempts: u32) -> Self {
        Self { batch: (end, attempts), ..self }
    }
}

/// Lists a case on each of its wires.
fn rows(number: u8, what: &'static str, kinds: &[Wire], must: Must, play: impl Fn(Wire) -> Play) -> Vec<Row> {
    kinds.iter().map(|kind| Row { number, what, kind: *kind, play: play(*kind), must }).collect()
}

fn all() -> Vec<Row> {
    let mut all: Vec<Row> =
        [framing::rows(), endings::rows(), errors::rows(), silence::rows(), odd::rows(), tools::rows()]
            .into_iter()
            .flatten()
            .flatten()
            .collect();
    all.sort_by_key(|row| row.number);
    all
}

async fn both(providers: &Arc<Providers>, row: &Row) -> [Seen; 2] {
    let watched = play(providers, row.kind, &row.play, false).await;
    [watched, play(providers, row.kind, &row.play, true).await]
}

/// Says what is not as it must be.
fn slips(row: &Row, [watched, batch]: &[Seen; 2]) -> Vec<String> {
    let Row { number, what, kind, must, .. } = row;
    let class = watched.error.as_ref().map(|(class, _)| *class);
    let well = if row.play.json { "{\"a\":1}" } else { "Hi" };
    let (input, output, estimated) = watched.tokens;
    let held = [
        ("end", (watched.end, class) == (must.end, must.class)),
        ("attempts", watched.attempts == must.attempts),
        ("text", watched.text == must.text),
        ("cached", watched.cached == must.cached),
        ("tokens", must.tokens.is_none_or(|(i, o)| (input, output, estimated) == (Some(i), Some(o), false))),
        ("batch", (batch.end, batch.attempts) == must.batch),
        ("nothing of the first try is left", must.batch != ("done", 2) || (batch.text == well && batch.cached)),
    ];
    let slips = held.into_iter().filter(|(_, held)| !held);
    slips.map(|(which, _)| format!("{number} {what} ({kind}): {which}: {watched:?}, {batch:?}")).collect()
}

#[tokio::test]
async fn each_streaming_case_shows_what_the_table_says() {
    let (providers, rows) = (Arc::new(Providers::default()), all());
    let numbers: Vec<u8> = rows.iter().map(|row| row.number).collect();
    assert!((1..=70).all(|number| numbers.contains(&number)), "a case is missing");
    let mut seen: Vec<Option<[Seen; 2]>> = Vec::new();
    for row in &rows {
        seen.push(if row.play.silent { None } else { Some(both(&providers, row).await) });
    }
    // Those that wait for a timer wait together.
    let waiting = stream::iter(rows.iter().enumerate().filter(|(_, row)| row.play.silent))
        .map(|(place, row)| {
            let providers = &providers;
            async move { (place, both(providers, row).await) }
        })
        .buffer_unordered(32);
    for (place, both) in waiting.collect::<Vec<_>>().await {
        seen[place] = Some(both);
    }
    let seen: Vec<_> = rows.iter().zip(seen.into_iter().map(Option::unwrap)).collect();
    let slips: Vec<String> = seen.iter().flat_map(|(row, seen)| slips(row, seen)).collect();
    assert!(slips.is_empty(), "{}", slips.join("\n"));
    table::compare(&seen);
}
