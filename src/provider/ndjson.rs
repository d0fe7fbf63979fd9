//! Newline-delimited JSON: every line that is not blank is an event without a name. The scanner of lines is that of SSE,
//! too.

/// The largest event taken, in bytes.
pub const EVENT_CAP: usize = 16 * 1024 * 1024;

pub(crate) const BOM: &str = "\u{feff}";

/// What a stream format makes of its lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// One event.
    Message {
        /// Its name; empty where the format or the event has none.
        event: String,
        /// Its data, never empty.
        data: String,
    },
    /// A sign of life: a comment, or an event without data.
    Alive,
}

/// Why a stream cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FramingError {
    /// A line is not UTF-8. Nothing is replaced and nothing withheld: the stream is over.
    #[error("the stream holds bytes that are not UTF-8")]
    Utf8,
    /// An event is over the cap.
    #[error("one event of the stream is larger than {} MiB", .0 / (1024 * 1024))]
    TooLarge(usize),
}

/// A push scanner: bytes in pieces of any size, whole lines out, in time linear to the bytes.
///
/// A line ends with LF, CR or CRLF, also split between the two. A byte order mark before the
/// first line is dropped. Lines are the same however the bytes are split.
#[derive(Debug)]
pub struct LineDecoder {
    held: Vec<u8>,
    after_cr: bool,
    started: bool,
    cap: usize,
}

impl LineDecoder {
    /// Makes a scanner that refuses lines of more than `cap` bytes.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self { held: Vec::new(), after_cr: false, started: false, cap }
    }

    /// Takes more bytes and hands out each line they complete.
    pub fn push(
        &mut self,
        mut bytes: &[u8],
        mut each: impl FnMut(&str) -> Result<(), FramingError>,
    ) -> Result<(), FramingError> {
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(rest) = bytes.strip_prefix(b"\n")
            {
                bytes = rest;
                continue;
            }
            let end = memchr::memchr2(b'\n', b'\r', bytes).unwrap_or(bytes.len());
            let (piece, rest) = bytes.split_at(end);
            if self.held.len() + piece.len() > self.cap {
                return Err(FramingError::TooLarge(self.cap));
            }
            let Some((mark, rest)) = rest.split_first() else {
                self.held.extend_from_slice(piece);
                break;
            };
            self.after_cr = *mark == b'\r';
            bytes = rest;
            let first = !std::mem::replace(&mut self.started, true);
            if self.held.is_empty() {
                each(text(piece, first)?)?;
            } else {
                self.held.extend_from_slice(piece);
                each(text(&self.held, first)?)?;
                self.held.clear();
            }
        }
        Ok(())
    }

    /// Hands out the last line if it lacks its end. To be called at a clean end only.
    pub fn finish(&mut self, mut each: impl FnMut(&str) -> Result<(), FramingError>) -> Result<(), FramingError> {
        let held = std::mem::take(&mut self.held);
        if held.is_empty() {
            return Ok(());
        }
        each(text(&held, !self.started)?)
    }
}

fn text(line: &[u8], first: bool) -> Result<&str, FramingError> {
    let Ok(line) = std::str::from_utf8(line) else {
        return Err(FramingError::Utf8);
    };
    Ok(if first { line.strip_prefix(BOM).unwrap_or(line) } else { line })
}

/// The decoder. After an error it must not be fed any further.
#[derive(Debug)]
pub struct Ndjson {
    lines: LineDecoder,
}

impl Ndjson {
    /// Makes a decoder that refuses lines of more than `cap` bytes.
    #[must_use]
    pub fn new(cap: usize) -> Self {
        Self { lines: LineDecoder::new(cap) }
    }

    /// Takes more bytes and appends what they complete. Frames before an error are in `out`.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<Frame>) -> Result<(), FramingError> {
        self.lines.push(bytes, |line| {
            out.push(frame(line));
            Ok(())
        })
    }

    /// Ends the stream cleanly: a last line that lacks its end is delivered.
    pub fn finish(&mut self, out: &mut Vec<Frame>) -> Result<(), FramingError> {
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

    fn lines(parts: &[&[u8]]) -> Result<Vec<String>, FramingError> {
        let mut scanner = LineDecoder::new(16);
        let mut out = Vec::new();
        for part in parts {
            scanner.push(part, |line| {
                out.push(line.to_owned());
                Ok(())
            })?;
        }
        scanner.finish(|line| {
            out.push(line.to_owned());
            Ok(())
        })?;
        Ok(out)
    }

    #[test]
    fn every_line_end_counts_once_however_it_is_split() {
        let whole = b"\xef\xbb\xbfa\r\nb\rc\n\r\n\r\rd\xc3\xa4";
        let expected = ["a", "b", "c", "", "", "", "dä"];
        for cut in 0..=whole.len() {
            let (left, right) = whole.split_at(cut);
            assert_eq!(lines(&[left, right]).unwrap(), expected, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(lines(&bytes).unwrap(), expected);
    }

    #[test]
    fn a_line_over_the_cap_is_refused_before_it_is_complete() {
        assert_eq!(lines(&[b"0123456789abcdef\n"]).unwrap().len(), 1);
        assert_eq!(lines(&[b"0123456789abcdef", b"g"]), Err(FramingError::TooLarge(16)));
    }

    #[test]
    fn half_a_byte_order_mark_is_no_text() {
        assert_eq!(lines(&[b"\xef", b"\xbb"]), Err(FramingError::Utf8));
    }

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
