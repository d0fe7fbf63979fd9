//! What stands around an answer in its text: Markdown fences, and the reasoning that models or servers leave there.
//!
//! A mark counts wherever it stands outside of JSON, so that no JSON inside reasoning is ever the
//! answer: reasoning that ends and never began began with the text, and what follows reasoning that
//! never ends is part of it. One table has the marks, and the channels of gpt-oss (harmony) are read as
//! `<|start|>ROLE<|channel|>NAME<|message|>TEXT<|end|>`, of which the channel `final` is the answer
//! (<https://developers.openai.com/cookbook/articles/openai-harmony>).

use std::{borrow::Cow, ops::Range};

use crate::eval::extract::{is_blank, scan, trim};

/// A fenced block and what stands around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fence<'a> {
    pub(crate) before: &'a str,
    pub(crate) content: &'a str,
    pub(crate) after: &'a str,
    /// Where the content starts, in bytes.
    pub(crate) start: usize,
}

/// Returns the only closed fence of a text that says it holds JSON, or says nothing and begins
/// like JSON; none if there are several.
pub(crate) fn only(text: &str) -> Option<Fence<'_>> {
    let mut fences = closed(text).filter(|(info, fence)| {
        let info = info.to_ascii_lowercase();
        info.starts_with("json") || (info.is_empty() && fence.content.starts_with(['{', '[']))
    });
    let (_, fence) = fences.next()?;
    fences.next().is_none().then_some(fence)
}

/// An opening line: its mark, its length and its info string.
fn opening(line: &str) -> Option<(char, usize, &str)> {
    let line = line.trim();
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = line.trim_start_matches(mark);
    let length = line.len() - info.len();
    (length >= 3 && !info.contains('`')).then_some((mark, length, info.trim()))
}

fn closed(text: &str) -> impl Iterator<Item = (&str, Fence<'_>)> {
    let mut lines = text.split_inclusive('\n').scan(0, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    });
    std::iter::from_fn(move || {
        let (opened_at, line, (mark, length, info)) =
            lines.find_map(|(at, line)| opening(line).map(|opening| (at, line, opening)))?;
        let from = opened_at + line.len();
        let (closed_at, last) = lines.find(|(_, line)| {
            opening(line).is_some_and(|(other, long, info)| other == mark && long >= length && info.is_empty())
        })?;
        let raw = text.get(from..closed_at)?;
        let content = raw.trim();
        let fence = Fence {
            before: text.get(..opened_at)?.trim(),
            content,
            after: text.get(closed_at + last.len()..)?.trim(),
            start: from + (raw.len() - raw.trim_start().len()),
        };
        Some((info, fence))
    })
}

/// What is put in the place of reasoning between two parts of an answer: no character of JSON.
pub(crate) const BLANK: &str = "\0";

/// An answer inside the text it came in.
#[derive(Debug, Clone)]
pub(crate) struct Bare<'a> {
    /// Where it starts in the text, in bytes.
    pub(crate) start: usize,
    /// The answer, trimmed; reasoning inside it is blanked out, byte by byte.
    pub(crate) text: Cow<'a, str>,
    /// True when reasoning was taken away.
    pub(crate) thought: bool,
    /// Where reasoning begins that never ends, in bytes of the whole text.
    pub(crate) unended: Option<usize>,
}

/// Something that a text begins with; the length is that of its mark.
#[derive(Debug, Clone, Copy)]
pub(crate) enum MarkupEvent {
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
pub(crate) fn without(text: &str) -> Bare<'_> {
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
        if places(text).nth(MOST_PLACES).is_some() {
            parts.keep(text, 0..text.len());
            return parts;
        }
        let mut at = text.len() - text.trim_start_matches(is_blank).len();
        let (mut from, mut answered) = (at, false);
        let mut next = words(text, at).map(|event| (at, event)).or_else(|| event(text, at));
        while let Some((found, event)) = next {
            match event {
                MarkupEvent::Begin(..) | MarkupEvent::Channel(_) => {
                    parts.keep(text, from..found);
                    parts.thought = true;
                    let Some(end) = end(text, found, event) else {
                        parts.unended = Some(found);
                        parts.in_words = matches!(event, MarkupEvent::Begin(convention, _) if convention.kind == ConventionKind::Words);
                        return parts;
                    };
                    at = end;
                }
                MarkupEvent::End(length) => {
                    parts.kept.clear();
                    parts.thought = true;
                    at = found + length;
                }
                MarkupEvent::Answer(length) => {
                    parts.thought |= found > from || !parts.kept.is_empty();
                    parts.kept.clear();
                    (answered, at) = (true, found + length);
                }
                MarkupEvent::Turn(length) if !answered => {
                    parts.thought |= found > from || !parts.kept.is_empty();
                    parts.kept.clear();
                    at = found + length;
                }
                MarkupEvent::Turn(length) | MarkupEvent::Aside(length) => {
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
fn words(text: &str, at: usize) -> Option<MarkupEvent> {
    let rest = text.get(at..)?;
    let by_words = CONVENTIONS.iter().filter(|convention| convention.kind == ConventionKind::Words);
    by_words.into_iter().find_map(|convention| Some(MarkupEvent::Begin(convention, length(convention.begins, rest)?)))
}

/// Finds the next mark outside of JSON, with its place.
fn event(text: &str, from: usize) -> Option<(usize, MarkupEvent)> {
    let rest = text.get(from..)?;
    // Most texts hold no mark at all, and are not read for it.
    places(rest).find(|at| rest.get(*at..).is_some_and(|rest| mark(rest).is_some()))?;
    // A text in quotes is JSON where nothing follows it.
    let trimmed = trim(rest);
    if trimmed.starts_with('"') && scan::whole(trimmed).is_ok() {
        return None;
    }
    outside_json(text, from, |c| matches!(c, '<' | '[' | '◁'), mark)
}

/// Lists the places at which a mark may begin: `<`, `[` or `◁`.
fn places(text: &str) -> impl Iterator<Item = usize> {
    let sign = '◁';
    let lead = sign.encode_utf8(&mut [0; 4]).as_bytes().first().copied().unwrap_or_default();
    memchr::memchr3_iter(b'<', b'[', lead, text.as_bytes())
        .filter(move |at| text.get(*at..).is_some_and(|rest| rest.starts_with(['<', '[', sign])))
}

/// Finds where reasoning that begins at a place ends, the mark that ends it included.
fn end(text: &str, begins: usize, event: MarkupEvent) -> Option<usize> {
    let (length, convention) = match event {
        MarkupEvent::Begin(convention, length) => (length, Some(convention)),
        MarkupEvent::Channel(length) => (length, None),
        MarkupEvent::End(_) | MarkupEvent::Answer(_) | MarkupEvent::Turn(_) | MarkupEvent::Aside(_) => return None,
    };
    let ends = convention.map_or(&[][..], |convention| convention.ends);
    let first: Vec<char> = ends.iter().filter_map(|mark| mark.first()).chain(['<']).collect();
    let read = |rest: &str| {
        let own = match convention {
            Some(convention) => self::length(convention.ends, rest),
            None => harmony_end(rest),
        };
        // Whatever has begun, it is over where the answer begins.
        own.or_else(|| matches!(mark(rest), Some(MarkupEvent::Answer(_))).then_some(0))
    };
    let begins = begins + length;
    outside_json(text, begins, |c| first.contains(&c.to_ascii_lowercase()), read).map(|(at, length)| at + length)
}

/// Reads the mark that a text begins with.
fn mark(rest: &str) -> Option<MarkupEvent> {
    let marks = || CONVENTIONS.iter().filter(|convention| convention.kind == ConventionKind::Marks);
    let begin =
        || marks().find_map(|convention| Some(MarkupEvent::Begin(convention, length(convention.begins, rest)?)));
    let end = || marks().find_map(|convention| length(convention.ends, rest).map(MarkupEvent::End));
    let answer =
        || length(ANSWERS, rest).map(MarkupEvent::Answer).or_else(|| length(ANSWERED, rest).map(MarkupEvent::Aside));
    harmony_event(rest).or_else(begin).or_else(end).or_else(answer)
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

/// A mark in a text. Upper and lower case are alike, but for [`Mark::Glued`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mark {
    /// `<name>`, with attributes or without.
    Open(&'static str),
    /// `</name>`.
    Close(&'static str),
    /// Words and signs, with any white space between one and the next.
    Signs(&'static [&'static str]),
    /// A word that a capital letter follows at once: what is left of a mark whose signs were taken out.
    Glued(&'static str),
}

/// How reasoning is marked.
#[derive(Debug)]
pub(crate) struct Convention {
    pub(crate) begins: &'static [Mark],
    pub(crate) ends: &'static [Mark],
    pub(crate) kind: ConventionKind,
}

/// What a convention's marks mean without each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConventionKind {
    /// Nobody writes them but around reasoning, wherever they stand. One that ends began with the
    /// text if nothing began it.
    Marks,
    /// Words that may as well be an answer's own: they count at the start of a text alone.
    Words,
}

const fn tag(begins: &'static [Mark], ends: &'static [Mark]) -> Convention {
    Convention { begins, ends, kind: ConventionKind::Marks }
}

/// Every convention.
pub(crate) const CONVENTIONS: &[Convention] = &[
    // Most models. Qwen, GLM, Olmo and others begin it in their prompt, so that only the end is seen.
    tag(&[Mark::Open("think")], &[Mark::Close("think")]),
    tag(&[Mark::Open("thinking")], &[Mark::Close("thinking")]),
    tag(&[Mark::Open("thought")], &[Mark::Close("thought")]),
    tag(&[Mark::Open("thoughts")], &[Mark::Close("thoughts")]),
    tag(&[Mark::Open("reasoning")], &[Mark::Close("reasoning")]),
    tag(&[Mark::Open("reflection")], &[Mark::Close("reflection")]),
    tag(&[Mark::Open("scratchpad")], &[Mark::Close("scratchpad")]),
    // Claude's own, when it is asked for reasoning in words.
    tag(&[Mark::Open("antThinking")], &[Mark::Close("antThinking")]),
    // Seed-OSS.
    tag(&[Mark::Open("seed:think")], &[Mark::Close("seed:think")]),
    // LongCat.
    tag(&[Mark::Open("longcat_think")], &[Mark::Close("longcat_think")]),
    // Magistral, Ministral.
    tag(&[Mark::Signs(&["[", "think", "]"])], &[Mark::Signs(&["[", "/", "think", "]"])]),
    // Kimi-VL.
    tag(&[Mark::Signs(&["◁", "think", "▷"])], &[Mark::Signs(&["◁", "/", "think", "▷"])]),
    // Command A, Command R7B.
    tag(&[Mark::Signs(&["<|", "start_thinking", "|>"])], &[Mark::Signs(&["<|", "end_thinking", "|>"])]),
    // Apertus.
    tag(&[Mark::Signs(&["<|", "inner_prefix", "|>"])], &[Mark::Signs(&["<|", "inner_suffix", "|>"])]),
    // Sky-T1, OpenThinker.
    tag(&[Mark::Signs(&["<|", "begin_of_thought", "|>"])], &[Mark::Signs(&["<|", "end_of_thought", "|>"])]),
    // Gemma 4; its channels other than `thought` are no answer either.
    tag(&[Mark::Signs(&["<|", "channel", ">"])], &[Mark::Signs(&["<", "channel", "|>"])]),
    // MedGemma.
    tag(&[Mark::Signs(&["<", "unused94", ">"])], &[Mark::Signs(&["<", "unused95", ">"])]),
    // gpt-oss whose marks were taken out: `analysisThe user …assistantfinal{…}`.
    Convention {
        begins: &[Mark::Glued("analysis"), Mark::Glued("commentary")],
        ends: &[Mark::Signs(&["assistantfinal"])],
        kind: ConventionKind::Words,
    },
    // Granite 3.2.
    Convention {
        begins: &[
            Mark::Signs(&["here", "is", "my", "thought", "process", ":"]),
            Mark::Signs(&["here", "'s", "my", "thought", "process", ":"]),
            Mark::Signs(&["here", "’s", "my", "thought", "process", ":"]),
        ],
        ends: &[
            Mark::Signs(&["here", "is", "my", "response", ":"]),
            Mark::Signs(&["here", "'s", "my", "response", ":"]),
            Mark::Signs(&["here", "’s", "my", "response", ":"]),
        ],
        kind: ConventionKind::Words,
    },
    // The command `ollama run`.
    Convention {
        begins: &[Mark::Signs(&["thinking", "..."])],
        ends: &[Mark::Signs(&["...done", "thinking."])],
        kind: ConventionKind::Words,
    },
];

/// The marks after which the answer comes, whatever stood before them.
pub(crate) const ANSWERS: &[Mark] =
    &[Mark::Signs(&["<|", "start_response", "|>"]), Mark::Signs(&["<|", "begin_of_solution", "|>"])];

/// The marks after an answer.
pub(crate) const ANSWERED: &[Mark] =
    &[Mark::Signs(&["<|", "end_response", "|>"]), Mark::Signs(&["<|", "end_of_solution", "|>"])];

/// The tags around the whole of an answer after reasoning: Hunyuan's, Granite's.
pub(crate) const AROUND: &[&str] = &["answer", "response"];

impl Mark {
    /// Returns the length of the mark where a text begins with it.
    pub(crate) fn at(self, text: &str) -> Option<usize> {
        match self {
            Self::Open(name) => {
                let inside = signs(text, &["<", name])?;
                let rest = text.get(inside..)?;
                let (attributes, _) = rest.split_once('>').filter(|(attributes, _)| !attributes.contains('<'))?;
                let are_some = attributes.starts_with(char::is_whitespace) && attributes.contains('=');
                (are_some || attributes.trim().is_empty()).then_some(inside + attributes.len() + 1)
            }
            Self::Close(name) => signs(text, &["<", "/", name, ">"]),
            Self::Signs(parts) => signs(text, parts),
            Self::Glued(word) => {
                let next = text.strip_prefix(word)?.chars().next();
                next.is_some_and(char::is_uppercase).then_some(word.len())
            }
        }
    }

    /// The character that a text with the mark begins with, in lower case.
    pub(crate) fn first(self) -> Option<char> {
        match self {
            Self::Open(_) | Self::Close(_) => Some('<'),
            Self::Signs(parts) => parts.first()?.chars().next(),
            Self::Glued(word) => word.chars().next(),
        }
    }
}

/// Returns the length of some signs, in order, with white space between them.
fn signs(text: &str, parts: &[&str]) -> Option<usize> {
    let mut at = 0;
    for part in parts {
        let rest = text.get(at..)?;
        // No white space stands before the first.
        let rest = if at > 0 { rest.trim_start() } else { rest };
        if !rest.get(..part.len())?.eq_ignore_ascii_case(part) {
            return None;
        }
        at = text.len() - rest.len() + part.len();
    }
    Some(at)
}

const START: &str = "<|start|>";
const CHANNEL: &str = "<|channel|>";
const MESSAGE: &str = "<|message|>";
const ENDS: [&str; 3] = ["<|end|>", "<|return|>", "<|call|>"];

/// Reads a mark that a text begins with, with what belongs to it.
pub(crate) fn harmony_event(text: &str) -> Option<MarkupEvent> {
    if text.starts_with(CHANNEL) {
        let (name, length) = head(text, CHANNEL.len());
        return Some(if name == "final" { MarkupEvent::Answer(length) } else { MarkupEvent::Channel(length) });
    }
    if text.starts_with(START) {
        let (role, length) = head(text, START.len());
        return Some(if role == "assistant" { MarkupEvent::Turn(length) } else { MarkupEvent::Channel(length) });
    }
    let aside = ENDS.into_iter().chain([MESSAGE]).find(|mark| text.starts_with(mark))?;
    Some(MarkupEvent::Aside(aside.len()))
}

/// Returns the length of the mark that ends what a channel says: of none where it begins another.
pub(crate) fn harmony_end(text: &str) -> Option<usize> {
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

#[cfg(test)]
mod tests;
