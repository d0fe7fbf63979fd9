//! Newline-delimited JSON: every line that is not blank is an event without a name.

use super::lines::{Broken, Frame, Lines};

/// The decoder. After an error it must not be fed any further.
#[derive(Debug)]
pub struct Ndjson {
    lines: Lines,
}

impl Ndjson {
    /// Makes a decoder that refuses lines of more than `cap` bytes.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self { lines: Lines::new(cap) }
    }

    /// Takes more bytes and appends what they complete. Frames before an error are in `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), Broken> {
        self.lines.push(bytes, |line| {
            out.push(frame(line));
            Ok(())
        })
    }

    /// Ends the stream cleanly: a last line that lacks its end is delivered.
    pub fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), Broken> {
        self.lines.finish(|line| {
            out.push(frame(line));
            Ok(())
        })
    }
}

fn frame(line: &str) -> Frame {
    if line.trim().is_empty() {
        return Frame::Alive;
    }
    Frame::Message { event: String::new(), data: line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_events_however_they_are_split() {
        let whole = "{\"a\":\"ü\"}\r\n\n{\"b\":1}".as_bytes();
        for cut in 0..=whole.len() {
            let (left, right) = whole.split_at(cut);
            let (mut ndjson, mut out) = (Ndjson::new(64), Vec::new());
            ndjson.push(left, &mut out).unwrap();
            ndjson.push(right, &mut out).unwrap();
            ndjson.finish(&mut out).unwrap();
            let message = |data: &str| Frame::Message { event: String::new(), data: data.to_owned() };
            assert_eq!(out, [message("{\"a\":\"ü\"}"), Frame::Alive, message("{\"b\":1}")]);
        }
    }
}
