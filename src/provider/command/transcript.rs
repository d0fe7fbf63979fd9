//! What an external command prints: plain text, or events one a line.
//!
//! The first line decides. If it is a JSON object with one key out of `text`, `reasoning`, `usage`,
//! `model`, `finish` and `error`, every line is such an event; anything else is the answer itself,
//! streamed as it comes. So an answer that is JSON needs no events around it.

use serde_json::Value;

use crate::model::{Class, Fault, Finish, Usage};
use crate::provider::{
    classify,
    dialect::{Piece, Progress, not_json, text},
    json,
    lines::{Broken, EVENT_CAP, Frame},
    ndjson::Ndjson,
    wire::WireEvent,
};

/// The keys that make a line an event.
const EVENTS: &[&str] = &["text", "reasoning", "usage", "model", "finish", "error"];

/// A command's output, read piece by piece.
pub(super) struct Transcript {
    form: Form,
    progress: Progress,
}

enum Form {
    Unknown(Vec<u8>),
    /// With the bytes of a character that is not complete yet.
    Plain(Vec<u8>),
    Events(Ndjson),
}

impl Default for Transcript {
    fn default() -> Self {
        Self { form: Form::Unknown(Vec::new()), progress: Progress::default() }
    }
}

impl Transcript {
    /// Takes more output and appends what it says.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        let Form::Unknown(head) = &mut self.form else {
            return self.feed(bytes, out);
        };
        head.extend_from_slice(bytes);
        let head = std::mem::take(head);
        if let Some(events) = has_events(&head, false) {
            return self.settle(events, &head, out);
        }
        self.form = Form::Unknown(head);
        Ok(())
    }

    /// Takes the end of the output.
    pub(super) fn finish(&mut self, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        if let Form::Unknown(head) = &mut self.form {
            let head = std::mem::take(head);
            self.settle(has_events(&head, true).unwrap_or(false), &head, out)?;
        }
        let mut frames = Vec::new();
        let ended = match &mut self.form {
            Form::Events(ndjson) => ndjson.finish(&mut frames),
            Form::Plain(held) if !held.is_empty() => Err(Broken::Utf8),
            Form::Unknown(_) | Form::Plain(_) => Ok(()),
        };
        self.events(frames, out)?;
        ended.map_err(broken)
    }

    /// Says the end of a command that exited well.
    pub(super) fn end(&mut self) -> Result<Vec<WireEvent>, Fault> {
        let mut out = Vec::new();
        if !self.progress.begun {
            return Err(Fault::new(Class::Transient, "the command printed no answer"));
        }
        self.progress.finish(Finish::Stop, &mut out);
        self.progress.mark(&mut out)?;
        Ok(out)
    }

    fn settle(&mut self, events: bool, head: &[u8], out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        self.form = if events { Form::Events(Ndjson::new(EVENT_CAP)) } else { Form::Plain(Vec::new()) };
        self.feed(head, out)
    }

    fn feed(&mut self, bytes: &[u8], out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        match &mut self.form {
            Form::Unknown(_) => Ok(()),
            Form::Plain(held) => {
                held.extend_from_slice(bytes);
                let whole = match std::str::from_utf8(held) {
                    Ok(_) => held.len(),
                    Err(error) if error.error_len().is_none() => error.valid_up_to(),
                    Err(_) => return Err(broken(Broken::Utf8)),
                };
                let rest = held.split_off(whole);
                let told = String::from_utf8(std::mem::replace(held, rest)).unwrap_or_default();
                if !told.is_empty() {
                    self.progress.begun = true;
                    out.push(WireEvent::Text(told));
                }
                Ok(())
            }
            Form::Events(ndjson) => {
                let mut frames = Vec::new();
                let pushed = ndjson.push(bytes, &mut frames);
                self.events(frames, out)?;
                pushed.map_err(broken)
            }
        }
    }

    fn events(&mut self, frames: Vec<Frame>, out: &mut Vec<WireEvent>) -> Result<(), Fault> {
        for frame in frames {
            let Frame::Message { data, .. } = frame else {
                continue;
            };
            let Some(parsed) = json::read(&data) else {
                return Err(not_json(&data));
            };
            let event = &parsed.value;
            if event.get("error").is_some() {
                return Err(classify::event(&data));
            }
            self.progress.take(&parsed);
            self.progress.begun = true;
            self.progress.model(event, out);
            self.progress.say(Piece::Reasoning, text(event, "reasoning").unwrap_or_default(), out);
            self.progress.say(Piece::Text, text(event, "text").unwrap_or_default(), out);
            if let Some(usage) = event.get("usage") {
                let Ok(usage) = serde_json::from_value::<Usage>(usage.clone()) else {
                    return Err(not_json(&data));
                };
                out.push(WireEvent::Usage(usage));
            }
            if let Some(reason) = text(event, "finish") {
                self.progress.finish(Finish::read(reason), out);
            }
        }
        Ok(())
    }
}

fn broken(broken: Broken) -> Fault {
    let class = if broken == Broken::Utf8 { Class::Transient } else { Class::TooLarge };
    Fault::new(class, format!("the command's output cannot be read: {broken}"))
}

/// Tells whether output consists of events, by its first line; `None` while that is not complete.
fn has_events(head: &[u8], over: bool) -> Option<bool> {
    let start = head.trim_ascii_start();
    if start.is_empty() {
        return over.then_some(false);
    }
    let Some(rest) = start.strip_prefix(b"{") else {
        return Some(false);
    };
    // An object whose first key is no event's is the answer, and need not be held back.
    let rest = rest.trim_ascii_start();
    let possible = |event: &str| {
        let key = format!("\"{event}\"");
        rest.starts_with(key.as_bytes()) || key.as_bytes().starts_with(rest)
    };
    if !EVENTS.iter().any(|event| possible(event)) {
        return Some(false);
    }
    let line = match memchr::memchr(b'\n', start) {
        Some(end) => start.split_at(end).0,
        None if over => start,
        None => return None,
    };
    let Ok(Value::Object(keys)) = serde_json::from_slice(line) else {
        return Some(false);
    };
    Some(keys.len() == 1 && keys.keys().all(|key| EVENTS.contains(&key.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(parts: &[&[u8]]) -> Result<Vec<WireEvent>, Fault> {
        let (mut transcript, mut out) = (Transcript::default(), Vec::new());
        for part in parts {
            transcript.push(part, &mut out)?;
        }
        transcript.finish(&mut out)?;
        out.extend(transcript.end()?);
        Ok(out)
    }

    /// Joins neighbouring pieces of text.
    fn joined(events: Vec<WireEvent>) -> Vec<WireEvent> {
        let mut out: Vec<WireEvent> = Vec::new();
        for event in events {
            match (out.last_mut(), event) {
                (Some(WireEvent::Text(held)), WireEvent::Text(more)) => held.push_str(&more),
                (_, event) => out.push(event),
            }
        }
        out
    }

    #[test]
    fn any_split_reads_the_same() {
        let usage = Usage { output: Some(3), ..Usage::default() };
        let text = |text: &str| WireEvent::Text(text.to_owned());
        let end = || [WireEvent::Finish(Finish::Stop), WireEvent::End];
        let cases: [(&str, Vec<WireEvent>); 5] = [
            ("plain ü\ntext\n", vec![text("plain ü\ntext\n")]),
            ("{\"mood\": \"ü\"}\n", vec![text("{\"mood\": \"ü\"}\n")]),
            ("{\n \"text\": 1,\n \"b\": 2}", vec![text("{\n \"text\": 1,\n \"b\": 2}")]),
            ("{\"text\": \"a\", \"b\": 2}\n", vec![text("{\"text\": \"a\", \"b\": 2}\n")]),
            ("{\"text\":\"aü\"}\n{\"usage\":{\"output\":3}}", vec![text("aü"), WireEvent::Usage(usage)]),
        ];
        for (output, mut expected) in cases {
            expected.extend(end());
            for cut in 0..=output.len() {
                let (left, right) = output.as_bytes().split_at(cut);
                assert_eq!(joined(read(&[left, right]).unwrap()), expected, "{output} cut at {cut}");
            }
        }
    }

    #[test]
    fn an_error_event_is_classified_and_silence_is_no_answer() {
        let fault = read(&[b"{\"error\":\"rate limit exceeded\"}\n"]).unwrap_err();
        assert_eq!(fault.class, Class::RateLimited);
        assert_eq!(read(&[b""]).unwrap_err().class, Class::Transient);
        assert_eq!(read(&[b"\xff"]).unwrap_err().class, Class::Transient);
    }
}
