//! Takes keys out of provider text before it becomes part of a fault.

mod answer;
mod find;

use std::collections::{BTreeSet, VecDeque};

use secrecy::{ExposeSecret, SecretString};

use answer::StreamRedactor;
use find::find;

use super::wire::WireEvent;
use crate::model::{Class, Fault, Finish, Key, key::looks_like_key};

/// What of a message is looked at for a fault, in characters: more than it carries, whatever is taken out.
const LOOKED_AT: usize = 16_000;

/// The longest message a fault carries, in characters.
const LONGEST: usize = 500;

const GONE: &str = "[key]";

/// Names that are followed by a key.
const NAMES: &[&str] = &["x-api-key", "api-key", "api_key", "apikey", "x-goog-api-key", "authorization"];

/// Knows the key of one call, and the shapes of others.
#[derive(Debug)]
pub struct Redact {
    key: Option<Key>,
    /// What is secret of the request, each with its label: the key and what headers are filled with.
    secrets: Vec<(String, SecretString)>,
    provider: String,
    text: StreamRedactor,
    reasoning: StreamRedactor,
    /// The labels of those that an answer has said back.
    told: BTreeSet<String>,
}

impl Redact {
    /// Makes a redactor for a call with this key to a provider of the settings.
    #[must_use]
    pub fn new(key: Option<Key>, provider: &str) -> Self {
        let secrets = key.iter().map(|key| (format!("key {}", key.label), key.secret.clone())).collect();
        let (text, reasoning) = Default::default();
        let redact = Self { key, secrets, provider: provider.to_owned(), text, reasoning, told: BTreeSet::new() };
        redact.hiding(Vec::new())
    }

    /// Takes out these values as well, each named as its label says.
    #[must_use]
    pub(super) fn hiding(mut self, values: Vec<(String, SecretString)>) -> Self {
        self.secrets.extend(values);
        self.text = StreamRedactor::new(self.secrets.iter().map(|(_, secret)| secret.expose_secret().trim()));
        self.reasoning = self.text.clone();
        self
    }

    /// Replaces the call's secrets in every form in which servers say one back, and everything shaped like a key, then
    /// cuts the text to 500 characters.
    #[must_use]
    pub fn text(&self, text: &str) -> String {
        let known = self.secrets.iter().map(|(_, secret)| secret.expose_secret().trim());
        let known = known.filter(|secret| !secret.is_empty());
        let text =
            known.fold(text.chars().take(LOOKED_AT).collect::<String>(), |text, secret| without_key(&text, secret));
        shorten(&without_shapes(&text))
    }

    /// Makes what a provider says fit to be shown and stored: the names it gives itself, its reasons, and an
    /// answer that says a secret of the call back, of which a notice tells. Of an answer nothing else is taken out.
    pub(super) fn events(&mut self, events: Vec<WireEvent>, out: &mut VecDeque<Result<WireEvent, Fault>>) {
        for event in events {
            let event = match event {
                WireEvent::Text(text) => WireEvent::Text(self.text.push(text, GONE)),
                WireEvent::Refusal(text) => WireEvent::Refusal(self.text.push(text, GONE)),
                WireEvent::Reasoning(text) => WireEvent::Reasoning(self.reasoning.push(text, GONE)),
                WireEvent::Model(name) => WireEvent::Model(self.text(&name)),
                WireEvent::Finish(Finish::Other(reason)) => {
                    self.rest(out);
                    WireEvent::Finish(Finish::Other(self.text(&reason)))
                }
                WireEvent::Finish(_) | WireEvent::End => {
                    self.rest(out);
                    event
                }
                WireEvent::Headers { .. }
                | WireEvent::Usage(_)
                | WireEvent::ServerTiming { .. }
                | WireEvent::Exhausted(_)
                | WireEvent::Notice(_)
                | WireEvent::Alive => event,
            };
            for place in self.text.found() | self.reasoning.found() {
                let Some((label, _)) = self.secrets.get(place) else { continue };
                if self.told.insert(label.clone()) {
                    let words = format!("the answer says the {label} back; {GONE} stands for it");
                    out.push_back(Ok(WireEvent::Notice(words)));
                }
            }
            // A piece that is held back is a sign of life all the same.
            let held = matches!(&event, WireEvent::Text(text) | WireEvent::Refusal(text) | WireEvent::Reasoning(text) if text.is_empty());
            out.push_back(Ok(if held { WireEvent::Alive } else { event }));
        }
    }

    /// Gives what was held back of an answer, before what ends it.
    pub(super) fn rest(&mut self, out: &mut VecDeque<Result<WireEvent, Fault>>) {
        let rests = [WireEvent::Reasoning(self.reasoning.finish()), WireEvent::Text(self.text.finish())];
        let rests = rests
            .into_iter()
            .filter(|rest| !matches!(rest, WireEvent::Text(text) | WireEvent::Reasoning(text) if text.is_empty()));
        out.extend(rests.map(Ok));
    }

    /// Makes a fault fit to be shown: its texts redacted, the refused key named by its label.
    #[must_use]
    pub fn fault(&self, mut fault: Fault) -> Fault {
        fault.message = self.text(&fault.message);
        if fault.class == Class::Credential {
            fault.message = match &self.key {
                Some(key) => format!("the key {} was refused: {}", key.label, fault.message),
                None => format!(
                    "provider `{0}` wants a key, and none is set for it; `api_keys` under [providers.{0}] in config.toml names one: {1}",
                    self.provider, fault.message
                ),
            };
        }
        fault.param = fault.param.map(|param| self.text(&param));
        fault.request_id = fault.request_id.map(|id| self.text(&id));
        fault
    }
}

/// Replaces a key in every form in which servers say it back, its longer beginnings and ends as well.
fn without_key(text: &str, key: &str) -> String {
    let mut out = text.to_owned();
    for range in find(text, key).into_iter().rev() {
        out.replace_range(range, GONE);
    }
    out
}

fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(LONGEST).collect();
    if short.len() < text.len() {
        short.pop();
        short.push('…');
    }
    short
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*' | '+' | '/' | '~')
}

/// Walks over words and what is between them; a key's name makes the word after it a key.
fn without_shapes(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut named = false;
    let mut bearer = false;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        let end = after.find(is_word).unwrap_or(after.len());
        let (between, after) = after.split_at(end);
        rest = after;
        let lower = word.to_ascii_lowercase();
        let scheme = matches!(lower.as_str(), "bearer" | "basic");
        let secret = !scheme && ((named && word.len() >= 4) || (bearer && word.len() >= 8) || looks_like_key(word));
        out.push_str(if secret { GONE } else { word });
        out.push_str(between);
        if !word.is_empty() {
            named = (scheme && named) || (NAMES.contains(&lower.as_str()) && between.contains([':', '=']));
            bearer = scheme;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn redact() -> Redact {
        let secret = SecretString::from("planted-sentinel.4711");
        Redact::new(Some(Key { label: "env:KEY".to_owned(), account: "a".to_owned(), secret }), "openai")
    }

    #[test]
    fn the_calls_own_key_is_gone_whatever_it_looks_like() {
        let text = redact().text("bad key \"planted-sentinel.4711\" (planted-sentinel.4711)");
        assert_eq!(text, "bad key \"[key]\" ([key])");
    }

    #[test]
    fn the_calls_own_key_is_gone_encoded_and_cut_off_too() {
        for text in [
            "in base64: cGxhbnRlZC1zZW50aW5lbC40NzEx",
            "a page that begins: <p>planted-sentin",
            "it ends in sentinel.4711",
        ] {
            let clean = redact().text(text);
            assert!(clean.ends_with(GONE) && !clean.contains("sentin") && !clean.contains("cGxh"), "{clean}");
        }
        assert_eq!(redact().text("a plant"), "a plant");
    }

    #[test]
    fn names_that_servers_give_themselves_are_looked_through() {
        let mut out = VecDeque::new();
        redact().events(vec![WireEvent::Model("m planted-sentinel.4711".to_owned())], &mut out);
        assert_eq!(out, [Ok(WireEvent::Model("m [key]".to_owned()))]);
    }

    #[test]
    fn an_answer_that_says_the_key_back_is_told_of_without_it() {
        let text = |text: &str| WireEvent::Text(text.to_owned());
        let (mut redact, mut out) = (redact(), VecDeque::new());
        redact.events(vec![text("it is planted-"), text("sentinel.4711, or plant"), WireEvent::End], &mut out);
        let notice = WireEvent::Notice("the answer says the key env:KEY back; [key] stands for it".to_owned());
        let want = [text("it is "), notice, text("[key], or "), text("plant"), WireEvent::End];
        assert_eq!(out, want.map(Ok));
    }

    #[test]
    fn everything_shaped_like_a_key_is_gone() {
        for text in [
            "Incorrect API key provided: sk-proj-abcDEF123456. You can find it",
            "Incorrect API key provided: sk-l****1234",
            "Authorization: Bearer abcdef0123456789",
            "{\"authorization\":\"Bearer abcdef0123456789\"}",
            "x-api-key: abc123def",
            "https://host/v1?api_key=abc123def&x=1",
            "AIzaSyD-1234567890abcdefghij",
        ] {
            let clean = redact().text(text);
            assert!(clean.contains(GONE), "{clean}");
            for part in ["abcDEF", "1234", "abcdef0123", "abc123def"] {
                assert!(!clean.contains(part), "{clean}");
            }
        }
    }

    #[test]
    fn plain_words_stay() {
        for text in ["Invalid bearer token", "the api_key is missing", "task-force of 12 at gpt-4o-mini", "ä b  c"] {
            assert_eq!(redact().text(text), text);
        }
    }

    #[test]
    fn a_long_text_is_cut_after_its_keys_are_gone() {
        let text = format!("{}planted-sentinel.4711", "x ".repeat(245));
        let clean = redact().text(&format!("{text}{}", "y".repeat(900)));
        assert_eq!(clean.chars().count(), LONGEST);
        assert!(!clean.contains("planted"), "{clean}");
    }

    #[test]
    fn a_refused_key_is_named_by_its_label() {
        let fault = redact().fault(Fault::new(Class::Credential, "wrong: planted-sentinel.4711"));
        assert_eq!(fault.message, "the key env:KEY was refused: wrong: [key]");
    }
}
