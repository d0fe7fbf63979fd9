//! The channels of gpt-oss (harmony), where a server leaves them in the text:
//! `<|start|>ROLE<|channel|>NAME<|message|>TEXT<|end|>`, of which the channel `final` is the answer.
//! <https://developers.openai.com/cookbook/articles/openai-harmony>

use super::Event;

const START: &str = "<|start|>";
const CHANNEL: &str = "<|channel|>";
const MESSAGE: &str = "<|message|>";
const ENDS: [&str; 3] = ["<|end|>", "<|return|>", "<|call|>"];

/// Reads a mark that a text begins with, with what belongs to it.
pub(super) fn event(text: &str) -> Option<Event> {
    if text.starts_with(CHANNEL) {
        let (name, length) = head(text, CHANNEL.len());
        return Some(if name == "final" { Event::Answer(length) } else { Event::Channel(length) });
    }
    if text.starts_with(START) {
        let (role, length) = head(text, START.len());
        return Some(if role == "assistant" { Event::Turn(length) } else { Event::Channel(length) });
    }
    let aside = ENDS.into_iter().chain([MESSAGE]).find(|mark| text.starts_with(mark))?;
    Some(Event::Aside(aside.len()))
}

/// Returns the length of the mark that ends what a channel says: of none where it begins another.
pub(super) fn end(text: &str) -> Option<usize> {
    if text.starts_with(START) || text.starts_with(CHANNEL) {
        return Some(0);
    }
    ENDS.iter().find(|mark| text.starts_with(**mark)).map(|mark| mark.len())
}

/// Returns the first word in the head of a message after its mark, and the length of the head: up to
/// what is said, or up to the next mark if nothing is.
fn head(text: &str, from: usize) -> (&str, usize) {
    let rest = text.get(from..).unwrap_or_default();
    let named = rest.trim_start();
    let word = named.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
    let mut at = from + rest.find("<|").unwrap_or(rest.len());
    // `<|constrain|>json` may stand between the name and what is said.
    if let Some(constrained) = text.get(at..).and_then(|rest| rest.strip_prefix("<|constrain|>")) {
        at = text.len() - constrained.len() + constrained.find("<|").unwrap_or(constrained.len());
    }
    let next = text.get(at..).unwrap_or_default();
    if next.starts_with(MESSAGE) {
        (word, at + MESSAGE.len())
    } else if next.starts_with(CHANNEL) {
        (word, at)
    } else {
        // Without its mark, what is said begins after the word.
        (word, from + rest.len() - named.len() + word.len())
    }
}
