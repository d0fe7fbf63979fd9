//! A provider's response, whatever it is and however it is cut, says the same and never panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use retort::{
    model::{ErrorKind, Wire},
    provider::{WireEvent, response_reader::Reader},
};

const KINDS: [Wire; 7] = [
    Wire::OpenAi,
    Wire::Anthropic,
    Wire::Ollama,
    Wire::Responses,
    Wire::Gemini,
    Wire::Inference,
    Wire::Replicate,
];
const TYPES: [Option<&str>; 4] =
    [Some("text/event-stream"), Some("application/json"), Some("application/x-ndjson"), None];

fn read(kind: Wire, media_type: Option<&str>, pieces: &[&[u8]]) -> (Vec<WireEvent>, Option<ErrorKind>) {
    let (mut reader, mut out) = (Reader::new(kind, media_type.map(str::to_owned)), Vec::new());
    let pushed = pieces.iter().try_for_each(|piece| if reader.ended() { Ok(()) } else { reader.push(piece, &mut out) });
    let read = pushed.and_then(|()| if reader.ended() { Ok(()) } else { reader.finish(&mut out) });
    (out, read.err().map(|error| error.class))
}

fuzz_target!(|input: (u8, u8, u16, &[u8])| {
    let (kind, media_type, cut, bytes) = input;
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    let media_type = TYPES[usize::from(media_type) % TYPES.len()];
    let (left, right) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let whole = read(kind, media_type, &[bytes]);
    assert_eq!(whole, read(kind, media_type, &[left, right]));
    assert_eq!(whole, read(kind, media_type, &bytes.chunks(1).collect::<Vec<_>>()));
});
