//! The frames of an event stream that are not a program's: the counts that were asked for beside what it asked.

use bytes::Bytes;
use serde_json::Value;

/// The longest frame that is looked at whole; a longer one is none of counts.
const LONGEST: usize = 64 * 1024;

/// Takes the last chunk of chat completions out that has the counts and no choice.
#[derive(Debug, Default)]
pub(crate) struct CountsFilter {
    held: Vec<u8>,
}

impl CountsFilter {
    /// Takes more of the stream and gives the frames that are whole by now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.held.extend_from_slice(bytes);
        let mut out = Vec::new();
        while let Some(end) = frame_end(&self.held) {
            let rest = self.held.split_off(end);
            let frame = std::mem::replace(&mut self.held, rest);
            if !is_counts(&frame) {
                out.extend_from_slice(&frame);
            }
        }
        if self.held.len() > LONGEST {
            out.append(&mut self.held);
        }
        out.into()
    }

    /// Gives what is left at the end.
    pub(crate) fn finish(&mut self) -> Bytes {
        let rest = std::mem::take(&mut self.held);
        if is_counts(&rest) { Bytes::new() } else { rest.into() }
    }
}

/// Finds the end of the first frame: behind its empty line.
fn frame_end(bytes: &[u8]) -> Option<usize> {
    let mut line = 0;
    for at in memchr::memchr_iter(b'\n', bytes) {
        let text = bytes.get(line..at).unwrap_or_default();
        if (text.is_empty() || text == b"\r") && line > 0 {
            return Some(at + 1);
        }
        line = at + 1;
    }
    None
}

fn is_counts(frame: &[u8]) -> bool {
    if memchr::memmem::find(frame, b"\"usage\"").is_none() {
        return false;
    }
    let Some(data) = std::str::from_utf8(frame).ok().and_then(|frame| frame.trim().strip_prefix("data:")) else {
        return false;
    };
    let Ok(event) = serde_json::from_str::<Value>(data) else { return false };
    let choices = event.get("choices").and_then(Value::as_array).is_some_and(Vec::is_empty);
    choices && event.get("usage").is_some_and(|usage| !usage.is_null())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const STREAM: &str = ": hi\n\ndata: {\"choices\":[{\"delta\":{}}],\"usage\":null}\r\n\r\ndata: {\"choices\":[],\"usage\":{\"a\":1}}\n\n\
                          data: {\"choices\":[],\"usage\":null}\n\ndata: [DONE]\n\n";

    proptest! {
        #[test]
        fn the_counts_are_taken_out_wherever_a_stream_is_split(cuts in prop::collection::vec(0_usize..STREAM.len(), 0..6)) {
            let mut cuts = cuts;
            cuts.push(STREAM.len());
            cuts.sort_unstable();
            let (mut filter, mut from, mut out) = (CountsFilter::default(), 0, Vec::new());
            for cut in cuts {
                out.extend_from_slice(&filter.push(&STREAM.as_bytes()[from..cut]));
                from = cut;
            }
            out.extend_from_slice(&filter.finish());
            let wanted = STREAM.replace("data: {\"choices\":[],\"usage\":{\"a\":1}}\n\n", "");
            prop_assert_eq!(String::from_utf8(out).unwrap(), wanted);
        }
    }
}
