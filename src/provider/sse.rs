//! Server-sent events: a push decoder for the WHATWG format.
//!
//! It differs from the standard where a provider's stream asks for it: an event without data is a
//! sign of life and not an event, a last event without its blank line is delivered at a clean end,
//! one whose data is `[DONE]` at once, and bytes that are not UTF-8 are an error instead of
//! replacement characters.

use crate::provider::ndjson::{Frame, FramingError, LineDecoder};

/// The data of the event that ends a stream.
const DONE: &str = "[DONE]";

/// The decoder. After an error it must not be fed any further.
#[derive(Debug)]
pub struct Sse {
    lines: LineDecoder,
    block: Block,
}

/// The event under way.
#[derive(Debug)]
struct Block {
    event: String,
    data: String,
    has_data: bool,
    begun: bool,
    cap: usize,
}

impl Sse {
    /// Makes a decoder that refuses events of more than `cap` bytes of data.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        let block = Block { event: String::new(), data: String::new(), has_data: false, begun: false, cap };
        Self { lines: LineDecoder::new(cap), block }
    }

    /// Takes more bytes and appends what they complete. Frames before an error are in `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FramingError> {
        let Self { lines, block } = self;
        lines.push(bytes, |line| block.line(line, out))
    }

    /// Ends the stream cleanly: a last event that lacks its blank line is delivered.
    pub fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), FramingError> {
        let Self { lines, block } = self;
        lines.finish(|line| block.line(line, out))?;
        block.dispatch(out);
        Ok(())
    }
}

impl Block {
    fn line(&mut self, line: &str, out: &mut Vec<Frame>) -> Result<(), FramingError> {
        if line.is_empty() {
            self.dispatch(out);
            return Ok(());
        }
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" => {
                out.push(Frame::Alive);
                return Ok(());
            }
            "data" => {
                if self.data.len() + value.len() >= self.cap {
                    return Err(FramingError::TooLarge(self.cap));
                }
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.event),
            _ => {}
        }
        self.begun = true;
        if self.data == DONE {
            // Nothing follows it, on some servers not even the blank line.
            self.dispatch(out);
        }
        Ok(())
    }

    fn dispatch(&mut self, out: &mut Vec<Frame>) {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        self.has_data = false;
        if !data.trim().is_empty() {
            out.push(Frame::Message { event, data });
        } else if self.begun {
            out.push(Frame::Alive);
        }
        self.begun = false;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(parts: &[&[u8]]) -> (Vec<Frame>, Result<(), FramingError>) {
        let mut sse = Sse::new(64);
        let mut out = Vec::new();
        for part in parts {
            if let Err(broken) = sse.push(part, &mut out) {
                return (out, Err(broken));
            }
        }
        let end = sse.finish(&mut out);
        (out, end)
    }

    fn message(event: &str, data: &str) -> Frame {
        Frame::Message { event: event.to_owned(), data: data.to_owned() }
    }

    type Case = (&'static [u8], &'static [(&'static str, &'static str)]);

    const CASES: &[Case] = &[
        (b"data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]),
        (b"data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]),
        (b"data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]),
        (b"\xef\xbb\xbfdata: a\n\n", &[("", "a")]),
        (b"event: x\ndata: 1\ndata: 2\n\n", &[("x", "1\n2")]),
        (b"data:\ndata: 2\n\n", &[("", "\n2")]),
        (b"data:a\n\ndata:  b\n\n", &[("", "a"), ("", " b")]),
        (b": ping\n\n:\n\nid: 1\nretry: 5\n\ndata:\n\nevent: x\n\n", &[]),
        (b"event: x\n\ndata: a\n\n", &[("", "a")]),
        (b"data: last", &[("", "last")]),
        (b"data: last\n", &[("", "last")]),
        (b"data\n\nnonsense: 1\n\n", &[]),
        (b"data:\n\ndata\ndata\n\ndata: \ndata:\t\n\ndata: a\n\n", &[("", "a")]),
        (b"data: [DONE]\ndata: b\n\n", &[("", "[DONE]"), ("", "b")]),
        ("data: {\"a\":\"ü€😀\"}\n\n".as_bytes(), &[("", "{\"a\":\"ü€😀\"}")]),
    ];

    #[test]
    fn events_are_what_the_format_says_however_the_bytes_are_split() {
        for (bytes, expected) in CASES {
            let (whole, end) = decode(&[bytes]);
            assert_eq!(end, Ok(()));
            let messages: Vec<Frame> = whole.iter().filter(|frame| **frame != Frame::Alive).cloned().collect();
            let expected: Vec<Frame> = expected.iter().map(|(event, data)| message(event, data)).collect();
            assert_eq!(messages, expected, "{:?}", String::from_utf8_lossy(bytes));
            for cut in 0..=bytes.len() {
                let (left, right) = bytes.split_at(cut);
                assert_eq!(decode(&[left, right]).0, whole, "cut at {cut}");
            }
        }
    }

    #[test]
    fn comments_and_empty_events_are_signs_of_life() {
        assert_eq!(decode(&[b": ping\n\n"]).0, [Frame::Alive]);
        assert_eq!(decode(&[b"data:\n\n"]).0, [Frame::Alive]);
        assert_eq!(decode(&[b"\n\n\n"]).0, []);
    }

    #[test]
    fn events_before_a_bad_byte_are_delivered_and_then_the_error() {
        assert_eq!(
            decode(&[b"data: a\n\ndata: \xff\n\ndata: b\n\n"]),
            (vec![message("", "a")], Err(FramingError::Utf8))
        );
    }

    #[test]
    fn the_cap_holds_over_many_lines_of_one_event() {
        let many = "data: 0123456789\n".repeat(10);
        assert_eq!(decode(&[many.as_bytes()]).1, Err(FramingError::TooLarge(64)));
        let apart = "data: 0123456789\n\n".repeat(10);
        assert_eq!(decode(&[apart.as_bytes()]).0.len(), 10);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_whole(
            pieces in proptest::collection::vec("(data: ?|event:|: |\u{feff})?[a-zä😀]{0,5}(\n|\r|\r\n)?", 0..20),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        ) {
            let bytes = pieces.concat().into_bytes();
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.sort_unstable();
            let mut parts = Vec::new();
            let mut from = 0;
            for cut in at {
                parts.push(&bytes[from..cut]);
                from = cut;
            }
            parts.push(&bytes[from..]);
            prop_assert_eq!(decode(&parts), decode(&[&bytes]));
        }
    }
}
