//! Telling the answer from the reasoning that some models, or the servers before them, leave in its text.
//!
//! A mark counts wherever it stands outside of JSON, so that no JSON inside reasoning is ever the
//! answer: reasoning that ends and never began began with the text, and what follows reasoning that
//! never ends is part of it.

mod conventions;
mod harmony;

use std::{borrow::Cow, ops::Range};

use self::conventions::{ANSWERED, ANSWERS, AROUND, CONVENTIONS, Convention, Kind, Mark};
use super::{is_blank, scan, trim};

/// What is put in the place of reasoning between two parts of an answer: no character of JSON.
pub(super) const BLANK: &str = "\0";

/// An answer inside the text it came in.
#[derive(Debug, Clone)]
pub(super) struct Bare<'a> {
    /// Where it starts in the text, in bytes.
    pub(super) start: usize,
    /// The answer, trimmed; reasoning inside it is blanked out, byte by byte.
    pub(super) text: Cow<'a, str>,
    /// True when reasoning was taken away.
    pub(super) thought: bool,
    /// Where reasoning begins that never ends, in bytes of the whole text.
    pub(super) unended: Option<usize>,
}

/// Something that a text begins with; the length is that of its mark.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// Reasoning begins, which ends as its convention says.
    Begin(&'static Convention, usize),
    /// A channel begins that is not the answer.
    Channel(usize),
    /// Reasoning ends, and all before it was some.
    End(usize),
    /// The answer begins.
    Answer(usize),
    /// A model's turn begins: what stands before is no answer, unless it was marked as one.
    Turn(usize),
    /// A mark that says nothing.
    Aside(usize),
}

/// Returns the answer without the reasoning before it; nothing if that never ends. A text that only
/// begins as reasoning may, in words of the language, is all answer.
#[must_use]
pub fn answer(text: &str) -> &str {
    let parts = Parts::of(text);
    let first = parts.kept.first().map_or(text.len(), |first| first.start);
    let last = parts.kept.last().map_or(0, |last| last.end);
    let range = if parts.in_words {
        0..text.len()
    } else if parts.unended.is_some() && !parts.kept.is_empty() {
        // A mark further on may be the answer's own.
        first..text.len()
    } else if parts.thought {
        within_tags(text, first..last)
    } else {
        first..last
    };
    trim(text.get(range).unwrap_or_default())
}

/// Takes all reasoning away.
pub(super) fn without(text: &str) -> Bare<'_> {
    let Parts { kept, thought, unended, .. } = Parts::of(text);
    let (answer, start) = match kept.as_slice() {
        [] => (Cow::Borrowed(""), text.len()),
        [only] => {
            let only = if thought { within_tags(text, only.clone()) } else { only.clone() };
            (Cow::Borrowed(text.get(only.clone()).unwrap_or_default()), only.start)
        }
        [first, ..] => {
            let (mut blanked, mut at) = (String::new(), first.start);
            for part in &kept {
                blanked.push_str(&BLANK.repeat(part.start - at));
                blanked.push_str(text.get(part.clone()).unwrap_or_default());
                at = part.end;
            }
            (Cow::Owned(blanked), first.start)
        }
    };
    Bare { start, text: answer, thought, unended }
}

/// Takes away the tags around the whole of an answer.
fn within_tags(text: &str, answer: Range<usize>) -> Range<usize> {
    let whole = text.get(answer.clone()).unwrap_or_default();
    let inside = AROUND.iter().find_map(|name| {
        let begin = Mark::Open(name).at(whole)?;
        let inside = whole.get(begin..)?;
        let end = inside.rfind('<').filter(|last| {
            let length = inside.get(*last..).and_then(|rest| Mark::Close(name).at(rest));
            length.is_some_and(|length| last + length == inside.len())
        });
        Some(answer.start + begin..end.map_or(answer.end, |end| answer.start + begin + end))
    });
    match inside {
        Some(inside) => trimmed(text, inside.clone()).unwrap_or(inside.end..inside.end),
        None => answer,
    }
}

/// Leaves out the white space around a part of a text; none where nothing else is in it.
fn trimmed(text: &str, part: Range<usize>) -> Option<Range<usize>> {
    let whole = text.get(part.clone())?;
    let (head, tail) = (whole.trim_start_matches(is_blank), whole.trim_end_matches(is_blank));
    (!head.is_empty()).then(|| part.end - head.len()..part.start + tail.len())
}

/// Places at which a mark may begin, above which a text is taken as it is: each is read for every mark.
const MOST_PLACES: usize = 100_000;

/// What is answer in a text and what is not.
#[derive(Debug, Default)]
struct Parts {
    /// The parts of the answer in order, each trimmed and with something in it.
    kept: Vec<Range<usize>>,
    thought: bool,
    unended: Option<usize>,
    /// True when all of it may be reasoning, by words that are no mark.
    in_words: bool,
}

impl Parts {
    fn of(text: &str) -> Self {
        let mut parts = Self::default();
        if text.matches(['<', '[', '◁']).nth(MOST_PLACES).is_some() {
            parts.keep(text, 0..text.len());
            return parts;
        }
        let mut at = text.len() - text.trim_start_matches(is_blank).len();
        let (mut from, mut answered) = (at, false);
        let mut next = words(text, at).map(|event| (at, event)).or_else(|| event(text, at));
        while let Some((found, event)) = next {
            match event {
                Event::Begin(..) | Event::Channel(_) => {
                    parts.keep(text, from..found);
                    parts.thought = true;
                    let Some(end) = end(text, found, event) else {
                        parts.unended = Some(found);
                        parts.in_words = matches!(event, Event::Begin(convention, _) if convention.kind == Kind::Words);
                        return parts;
                    };
                    at = end;
                }
                Event::End(length) => {
                    parts.kept.clear();
                    parts.thought = true;
                    at = found + length;
                }
                Event::Answer(length) => {
                    parts.thought |= found > from || !parts.kept.is_empty();
                    parts.kept.clear();
                    (answered, at) = (true, found + length);
                }
                Event::Turn(length) if !answered => {
                    parts.thought |= found > from || !parts.kept.is_empty();
                    parts.kept.clear();
                    at = found + length;
                }
                Event::Turn(length) | Event::Aside(length) => {
                    parts.keep(text, from..found);
                    at = found + length;
                }
            }
            from = at;
            next = self::event(text, at);
        }
        parts.keep(text, from..text.len());
        parts
    }

    fn keep(&mut self, text: &str, part: Range<usize>) {
        self.kept.extend(trimmed(text, part));
    }
}

/// Reads the words that begin reasoning where they begin a text.
fn words(text: &str, at: usize) -> Option<Event> {
    let rest = text.get(at..)?;
    let by_words = CONVENTIONS.iter().filter(|convention| convention.kind == Kind::Words);
    by_words.into_iter().find_map(|convention| Some(Event::Begin(convention, length(convention.begins, rest)?)))
}

/// Finds the next mark outside of JSON, with its place.
fn event(text: &str, from: usize) -> Option<(usize, Event)> {
    let rest = text.get(from..)?;
    let may = |c| matches!(c, '<' | '[' | '◁');
    // Most texts hold no mark at all, and are not read for it.
    let mut places = rest.match_indices(may);
    places.find(|(at, _)| rest.get(*at..).is_some_and(|rest| mark(rest).is_some()))?;
    // A text in quotes is JSON where nothing follows it.
    let trimmed = trim(rest);
    if trimmed.starts_with('"') && scan::whole(trimmed).is_ok() {
        return None;
    }
    outside_json(text, from, may, mark)
}

/// Finds where reasoning that begins at a place ends, the mark that ends it included.
fn end(text: &str, begins: usize, event: Event) -> Option<usize> {
    let (length, convention) = match event {
        Event::Begin(convention, length) => (length, Some(convention)),
        Event::Channel(length) => (length, None),
        Event::End(_) | Event::Answer(_) | Event::Turn(_) | Event::Aside(_) => return None,
    };
    let ends = convention.map_or(&[][..], |convention| convention.ends);
    let first: Vec<char> = ends.iter().filter_map(|mark| mark.first()).chain(['<']).collect();
    let read = |rest: &str| {
        let own = match convention {
            Some(convention) => self::length(convention.ends, rest),
            None => harmony::end(rest),
        };
        // Whatever has begun, it is over where the answer begins.
        own.or_else(|| matches!(mark(rest), Some(Event::Answer(_))).then_some(0))
    };
    let begins = begins + length;
    outside_json(text, begins, |c| first.contains(&c.to_ascii_lowercase()), read).map(|(at, length)| at + length)
}

/// Reads the mark that a text begins with.
fn mark(rest: &str) -> Option<Event> {
    let marks = || CONVENTIONS.iter().filter(|convention| convention.kind == Kind::Marks);
    let begin = || marks().find_map(|convention| Some(Event::Begin(convention, length(convention.begins, rest)?)));
    let end = || marks().find_map(|convention| length(convention.ends, rest).map(Event::End));
    let answer = || length(ANSWERS, rest).map(Event::Answer).or_else(|| length(ANSWERED, rest).map(Event::Aside));
    harmony::event(rest).or_else(begin).or_else(end).or_else(answer)
}

/// The length of the mark, of some, that a text begins with.
fn length(marks: &[Mark], rest: &str) -> Option<usize> {
    marks.iter().find_map(|mark| mark.at(rest))
}

/// Finds the first place from `from` on, outside of JSON, where `read` finds something; it is asked
/// at the characters that `may` allows.
fn outside_json<T>(
    text: &str,
    mut from: usize,
    may: impl Fn(char) -> bool,
    read: impl Fn(&str) -> Option<T>,
) -> Option<(usize, T)> {
    let mut again = scan::budget(text);
    loop {
        let rest = text.get(from..)?;
        let at = from + rest.find(|c| may(c) || matches!(c, '{' | '['))?;
        let rest = text.get(at..)?;
        if let Some(found) = read(rest) {
            return Some((at, found));
        }
        let json = scan::length(rest, &mut again);
        from = at + json.unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
    }
}

#[cfg(test)]
mod tests;
