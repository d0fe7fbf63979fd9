//! Taking away the reasoning that some models write before their answer.

use super::{ExtractError, Step, place::Place};

const START: &str = "<think>";
const END: &str = "</think>";

/// An answer inside the text it came in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare<'a> {
    /// Where it starts in the text, in bytes.
    pub(super) start: usize,
    /// The answer, trimmed.
    pub(super) trimmed: &'a str,
    /// True when reasoning was taken away.
    pub(super) thought: bool,
}

/// Returns the answer without the reasoning before it; the whole text if the reasoning never ends.
#[must_use]
pub fn answer(text: &str) -> &str {
    without(text).map_or(text, |bare| bare.trimmed)
}

/// Takes reasoning away from the front: whole blocks, and all up to an end mark whose start the
/// chat template has swallowed.
pub(super) fn without(text: &str) -> Result<Bare<'_>, ExtractError> {
    let text = text.trim_end_matches(blank);
    let mut bare = trim(text, 0, false);
    let mut swallowed = !bare.trimmed.starts_with(['{', '[', '"', '`']);
    loop {
        let opened = bare.trimmed.starts_with(START);
        match bare.trimmed.find(END) {
            Some(at) if opened || swallowed => {
                bare = trim(text, bare.start + at + END.len(), true);
                swallowed = false;
            }
            None if opened => {
                let error = Place::new(text, bare.start).error(Step::Reasoning, "the reasoning is never closed");
                return Err(ExtractError { cut: true, ..error });
            }
            _ => return Ok(bare),
        }
    }
}

fn trim(text: &str, from: usize, thought: bool) -> Bare<'_> {
    let trimmed = text.get(from..).unwrap_or_default().trim_start_matches(blank);
    Bare { start: text.len() - trimmed.len(), trimmed, thought }
}

fn blank(c: char) -> bool {
    c.is_whitespace() || c == '\u{feff}'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasoning_is_taken_away() {
        for (text, want, thought) in [
            ("<think>is it {\"b\":2}?</think>\n{}", "{}", true),
            ("\n<think></think> <think>more</think>yes ", "yes", true),
            ("so {\"b\":2} it is\n</think>\nyes", "yes", true),
            ("yes", "yes", false),
            ("the tag <think> is open", "the tag <think> is open", false),
            ("{\"a\":\"</think>\"}", "{\"a\":\"</think>\"}", false),
            ("<think>x</think>{\"a\":\"</think>\"}", "{\"a\":\"</think>\"}", true),
        ] {
            let bare = without(text).unwrap();
            assert_eq!((bare.trimmed, bare.thought), (want, thought), "{text:?}");
            assert!(text.get(bare.start..).unwrap().starts_with(want));
        }
        assert_eq!(answer("<think>never closed"), "<think>never closed");
    }
}
