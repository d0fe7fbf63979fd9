//! The stream decoder: many small events, and one line of a mebibyte in kibibyte chunks.

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use retort::{
    model::Wire,
    provider::{ndjson::EVENT_CAP, response_reader::Reader, sse::Sse},
};

const EVENTS: usize = 1000;

/// A stream of chunks such as a provider sends, one token each.
fn small_events() -> Vec<u8> {
    let event = "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1795365799,\"model\":\"m\",\
        \"choices\":[{\"index\":0,\"delta\":{\"content\":\" token\"},\"finish_reason\":null}]}\n\n";
    event.repeat(EVENTS).into_bytes()
}

#[divan::bench]
fn small_events_to_frames(bencher: Bencher<'_, '_>) {
    let bytes = small_events();
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        let (mut sse, mut out) = (Sse::new(EVENT_CAP), Vec::new());
        for chunk in divan::black_box(&bytes).chunks(1400) {
            sse.push(chunk, &mut out).ok();
        }
        out
    });
}

#[divan::bench]
fn small_events_to_wire_events(bencher: Bencher<'_, '_>) {
    let bytes = small_events();
    bencher.counter(ItemsCount::new(EVENTS)).bench(|| {
        let mut reader = Reader::new(Wire::OpenAi, Some("text/event-stream".to_owned()));
        let mut out = Vec::new();
        for chunk in divan::black_box(&bytes).chunks(1400) {
            reader.push(chunk, &mut out).ok();
        }
        out
    });
}

#[divan::bench(args = [1, 4, 8])]
fn one_line_of_mebibytes_in_kibibyte_chunks(bencher: Bencher<'_, '_>, mebibytes: usize) {
    let mut bytes = b"data: ".to_vec();
    bytes.resize(bytes.len() + (mebibytes << 20), b'a');
    bytes.extend_from_slice(b"\n\n");
    bencher.counter(BytesCount::new(bytes.len())).bench(|| {
        let (mut sse, mut out) = (Sse::new(EVENT_CAP), Vec::new());
        for chunk in divan::black_box(&bytes).chunks(1024) {
            sse.push(chunk, &mut out).ok();
        }
        out
    });
}
