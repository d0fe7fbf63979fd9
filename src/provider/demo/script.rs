//! An answer in pieces, each with the wait before it, told well or badly.

use std::time::Duration;

use super::{
    compose,
    reading::Reading,
    recording::{self, Recording},
};
use crate::{
    model::{Fault, Finish, Role, Usage, usage::estimate_tokens},
    provider::{Call, WireEvent},
};

/// One thing the stream says, and how long after the one before.
pub(super) type Step = (Duration, Result<WireEvent, Fault>);

/// From the request to the headers, where no recording says.
const FIRST_BYTE: Duration = Duration::from_millis(8);
/// `demo:slow`: from the headers to the first token, and between two tokens.
const SLOW: (Duration, Duration) = (Duration::from_secs(4), Duration::from_millis(333));
/// A token of a composed answer, in characters at most.
const TOKEN: usize = 6;

/// One call that ends well.
pub(super) struct Script {
    first_byte: Duration,
    pieces: Vec<(Duration, String)>,
    finish: Finish,
    usage: Usage,
}

impl Script {
    /// Plays a recording if there is one of this call, else composes an answer. Output limit and
    /// stop texts are kept in both.
    pub(super) fn of(call: &Call) -> Self {
        let script = match recording::find(call) {
            Some(recording) => Self::played(recording),
            None => Self::composed(call),
        };
        script.limited(call)
    }

    fn played(recording: &Recording) -> Self {
        Self {
            first_byte: recording.first_byte,
            pieces: recording.pieces.clone(),
            finish: recording.finish.clone(),
            usage: recording.usage,
        }
    }

    fn composed(call: &Call) -> Self {
        let text = compose::answer(call);
        let hash = Reading::of(&text).hash("pace");
        let first_token = Duration::from_millis(150 + hash % 150);
        let waits = std::iter::once(first_token).chain(recording::pace(hash));
        let pieces: Vec<_> = waits.zip(tokens(&text)).collect();
        let input = call.messages.iter().map(|message| estimate_tokens(&message.content)).sum();
        let usage = Usage { input: Some(input), output: None, estimated: true, ..Usage::default() };
        Self { first_byte: FIRST_BYTE, finish: Finish::Stop, usage, pieces }.counted()
    }

    /// Counts the pieces as output tokens: right for a composed answer, an estimate for a part of a recorded one.
    fn counted(mut self) -> Self {
        self.usage.output = Some(self.pieces.len() as u64);
        self.usage.estimated = true;
        self
    }

    fn limited(mut self, call: &Call) -> Self {
        let text: String = self.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
        if let Some(at) =
            call.params.stop.iter().filter(|stop| !stop.is_empty()).filter_map(|stop| text.find(stop)).min()
        {
            self.keep(at);
            self = self.counted();
        }
        let limit = call.params.max_tokens.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        if self.pieces.len() > limit {
            self.pieces.truncate(limit);
            self.finish = Finish::Length;
            self = self.counted();
        }
        self
    }

    /// Keeps so many bytes of the text.
    fn keep(&mut self, bytes: usize) {
        let mut left = bytes;
        self.pieces.retain_mut(|(_, piece)| {
            piece.truncate(left.min(piece.len()));
            left -= piece.len();
            !piece.is_empty()
        });
    }

    /// Tells the same at the pace of `demo:slow`.
    pub(super) fn slowed(mut self) -> Self {
        for (place, (wait, _)) in self.pieces.iter_mut().enumerate() {
            *wait = if place == 0 { SLOW.0 } else { SLOW.1 };
        }
        self
    }

    /// Leaves the JSON open, with a comma after its last value; prose becomes such JSON first.
    pub(super) fn spoilt(mut self) -> Self {
        let text: String = self.pieces.iter().map(|(_, piece)| piece.as_str()).collect();
        match text.trim_end().strip_suffix(['}', ']']) {
            Some(open) => self.keep(open.trim_end().len()),
            None => self
                .pieces
                .insert(0, (self.pieces.first().map_or(FIRST_BYTE, |(wait, _)| *wait), "{\"answer\": \"".to_owned())),
        }
        self.pieces.push((FIRST_BYTE, ",".to_owned()));
        self.counted()
    }

    /// Tells the first half and ends without a word.
    pub(super) fn cut(mut self) -> Vec<Step> {
        let half = self.pieces.len().div_ceil(2);
        self.pieces.truncate(half);
        self.told()
    }

    /// Tells everything, to the end mark.
    pub(super) fn steps(self) -> Vec<Step> {
        let tail = [WireEvent::Finish(self.finish.clone()), WireEvent::Usage(self.usage), WireEvent::End];
        let mut steps = self.told();
        steps.extend(tail.map(|event| (Duration::ZERO, Ok(event))));
        steps
    }

    fn told(self) -> Vec<Step> {
        let headers = WireEvent::Headers { status: 200, request_id: None };
        let mut steps = vec![(self.first_byte, Ok(headers))];
        steps.extend(self.pieces.into_iter().map(|(wait, piece)| (wait, Ok(WireEvent::Text(piece)))));
        steps
    }
}

/// A call that fails before any answer.
pub(super) fn failure(fault: Fault) -> Vec<Step> {
    vec![(FIRST_BYTE, Err(fault))]
}

/// The text the prompt is run on, as far as the messages tell: the last user message.
pub(super) fn input(call: &Call) -> &str {
    call.messages.iter().rev().find(|message| message.role == Role::User).map_or("", |message| message.content.as_str())
}

/// Cuts a text where a tokenizer might: before a space, around punctuation, within long words.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for c in text.chars() {
        let joins = tokens.last().is_some_and(|last| {
            let tail = last.chars().next_back().unwrap_or(' ');
            let both_words = tail.is_alphanumeric() && c.is_alphanumeric() && last.chars().count() < TOKEN;
            let both_blank = tail.is_whitespace() && c.is_whitespace();
            both_words || both_blank || (tail == ' ' && last.len() == 1 && c.is_alphanumeric())
        });
        match tokens.last_mut() {
            Some(last) if joins => last.push(c),
            _ => tokens.push(c.to_string()),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_join_to_the_text_and_are_short() {
        for text in ["", "{\n  \"sentiment\": \"negative\"\n}", "Straßenbahnhaltestelle, 14 Uhr — naïve  日本語"]
        {
            let tokens = tokens(text);
            assert_eq!(tokens.concat(), text);
            assert!(tokens.iter().all(|token| token.chars().count() <= TOKEN + 1), "{tokens:?}");
        }
        assert_eq!(tokens("My parcel never"), ["My", " parce", "l", " never"]);
    }
}
