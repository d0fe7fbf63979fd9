//! Every object and array of a text in one pass, and whether it is a part of something that is not
//! JSON: `{'x': {"a": 1}}`, `[3[4]]`, `{"a": 1}}`, `"x": {"a": 1}, "y": 2}`.

use std::ops::Range;

use serde_json::Value;

use super::{Broken, Kind, budget, leading};

/// An object or array in a text, in no other one.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) value: Value,
    pub(super) bytes: Range<usize>,
    /// True when it is a part of something that is not JSON.
    pub(super) is_part: bool,
    /// The innermost bracket that it stands in.
    inside: Option<usize>,
}

/// A bracket that is not JSON's.
#[derive(Debug)]
struct Bracket {
    kind: u8,
    /// The one that it stands in.
    inside: Option<usize>,
    /// True when it begins like a value of some language, and not like prose.
    is_literal: bool,
    is_closed: bool,
}

/// What a walk through a text has found.
#[derive(Debug, Default)]
pub(super) struct Walk {
    pub(super) hits: Vec<Hit>,
    /// The first that begins like JSON and is none, with its place.
    pub(super) broken: Option<(usize, Broken)>,
    /// True when it was given up, as too much would have to be read over and over.
    pub(super) given_up: bool,
}

/// What is open at a place of a text.
#[derive(Debug, Default)]
struct Open {
    brackets: Vec<Bracket>,
    stack: Vec<usize>,
    /// How many of each kind are on the stack, so that one that closes nothing is known at once.
    round: usize,
    square: usize,
    curly: usize,
    /// The last that closes nothing.
    stray: Option<usize>,
}

impl Walk {
    /// Walks through a text; `first` tells to stop at what is broken if there is nothing before it.
    pub(super) fn of(text: &str, first: bool) -> Self {
        let (mut walk, mut open) = (Self::default(), Open::default());
        let (mut at, mut left) = (0, budget(text));
        while let Some(found) = text.get(at..).and_then(|rest| rest.find(['{', '}', '[', ']', '(', ')'])) {
            at += found;
            let rest = text.get(at..).unwrap_or_default();
            let bracket = rest.bytes().next().unwrap_or_default();
            if matches!(bracket, b'}' | b']' | b')') {
                open.close(bracket, at, text, &mut walk.hits);
            } else if may_begin(rest) {
                match leading(rest) {
                    Ok((value, length)) => {
                        let is_part = open.after_stray(text, at);
                        let bytes = at..at + length;
                        at = bytes.end;
                        walk.hits.push(Hit { value, bytes, is_part, inside: open.stack.last().copied() });
                        continue;
                    }
                    Err(broken) => {
                        let (read, is_like_json) = (broken.at + 1, broken.is_like_json(rest));
                        if is_like_json && walk.broken.is_none() {
                            walk.broken = Some((at, broken));
                            if first && walk.hits.is_empty() {
                                return walk;
                            }
                        }
                        let Some(still) = left.checked_sub(read) else {
                            walk.given_up = true;
                            break;
                        };
                        left = still;
                        open.open(bracket, is_like_json || is_literal(text, at));
                    }
                }
            } else {
                open.open(bracket, is_literal(text, at));
            }
            at += 1;
        }
        walk.find_parts(text, &open);
        walk
    }

    /// Marks the hits that are parts of something that is not JSON.
    fn find_parts(&mut self, text: &str, open: &Open) {
        // Whether each bracket, or one around it, is that of a literal, and whether it is closed.
        let mut literals: Vec<(bool, bool)> = Vec::with_capacity(open.brackets.len());
        for bracket in &open.brackets {
            let (closed, unclosed) =
                bracket.inside.and_then(|inside| literals.get(inside).copied()).unwrap_or_default();
            let own = bracket.is_literal;
            literals.push((closed || (own && bracket.is_closed), unclosed || (own && !bracket.is_closed)));
        }
        for hit in &mut self.hits {
            let before = text.get(..hit.bytes.start).unwrap_or_default().trim_end();
            let next = unquoted(text.get(hit.bytes.end..).unwrap_or_default()).chars().next();
            let follows = before.ends_with(['{', '[', ',', ':', '=']);
            let ends = matches!(next, None | Some(',' | '}' | ']'));
            let key = before.strip_suffix(':').is_some_and(|key| key.trim_end().ends_with(['"', '\'']));
            let within = hit.inside.and_then(|inside| open.brackets.get(inside));
            let (closed, unclosed) = hit.inside.and_then(|inside| literals.get(inside).copied()).unwrap_or_default();
            let listed = within.is_some_and(|bracket| bracket.is_closed && bracket.kind != b'(') && follows && ends;
            let cut_off = next == Some(',') && open.stray.is_some_and(|stray| stray >= hit.bytes.end);
            hit.is_part |= closed || (unclosed && follows) || (key && ends) || listed || cut_off;
        }
    }
}

impl Open {
    fn count(&mut self, kind: u8) -> &mut usize {
        match kind {
            b'(' => &mut self.round,
            b'[' => &mut self.square,
            _ => &mut self.curly,
        }
    }

    fn open(&mut self, kind: u8, is_literal: bool) {
        let inside = self.stack.last().copied();
        self.stack.push(self.brackets.len());
        self.brackets.push(Bracket { kind, inside, is_literal, is_closed: false });
        *self.count(kind) += 1;
    }

    fn close(&mut self, bracket: u8, at: usize, text: &str, hits: &mut [Hit]) {
        let innermost = self.stack.last().and_then(|top| self.brackets.get(*top)).map(|bracket| bracket.kind);
        let kind = match bracket {
            // `[0, 1)` is how an interval is written.
            b')' if innermost == Some(b'[') => b'[',
            b')' => b'(',
            b']' => b'[',
            _ => b'{',
        };
        if *self.count(kind) == 0 {
            if kind != b'(' {
                self.stray = Some(at);
                if let Some(hit) = hits.last_mut()
                    && text.get(hit.bytes.end..at).is_some_and(|between| between.trim().is_empty())
                {
                    hit.is_part = true;
                }
            }
            return;
        }
        while let Some(top) = self.stack.pop() {
            let Some(top) = self.brackets.get_mut(top) else { break };
            let found = top.kind;
            top.is_closed = found == kind;
            *self.count(found) -= 1;
            if found == kind {
                break;
            }
        }
    }

    /// Tells whether a place follows what closes nothing: `1}, {"a": 1}`.
    fn after_stray(&self, text: &str, at: usize) -> bool {
        self.stray.and_then(|stray| text.get(stray + 1..at)).is_some_and(|between| between.trim() == ",")
    }
}

impl Broken {
    /// Tells whether what was read is no prose: it held an object or a string before it broke.
    fn is_like_json(&self, text: &str) -> bool {
        self.kind != Kind::Wrong || text.bytes().take(self.at).any(|byte| matches!(byte, b'{' | b'"'))
    }
}

/// Tells whether an object or array may begin a text.
pub(super) fn may_begin(text: &str) -> bool {
    let next = |rest: &str| rest.trim_start().chars().next();
    if let Some(inside) = text.strip_prefix('{') {
        return matches!(next(inside), Some('"' | '}') | None);
    }
    text.strip_prefix('[').is_some_and(|inside| {
        matches!(next(inside), Some('"' | '{' | '[' | ']' | '-' | '0'..='9' | 't' | 'f' | 'n') | None)
    })
}

/// Leaves out white space and the marks of a Markdown quotation.
fn unquoted(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_whitespace() || c == '>')
}

/// Tells whether a bracket begins a value as Python, JavaScript and others write it.
fn is_literal(text: &str, at: usize) -> bool {
    let (before, from) = text.split_at_checked(at).unwrap_or_default();
    let inside = unquoted(from.get(1..).unwrap_or_default());
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-');
    let named = inside.trim_start_matches(word);
    let begins_with_word = named.len() < inside.len();
    let name = inside.strip_suffix(named).unwrap_or_default();
    let then = named.trim_start();
    let quoted = inside.starts_with(['"', '\'', '“', '‘', '\\']);
    match from.bytes().next() {
        Some(b'{') => {
            let comment = ["//", "/*", "#", "...", "…"].iter().any(|mark| inside.starts_with(mark));
            quoted
                || comment
                || inside.starts_with(['{', '[', '}'])
                || (begins_with_word && then.starts_with([':', '=']))
        }
        Some(b'[') => {
            let number = name.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
            let value = ["None", "True", "False", "NaN", "Infinity", "-Infinity", "undefined", "true", "false", "null"];
            quoted
                || inside.starts_with(['{', '[', '('])
                || number
                || value.contains(&name)
                || (begins_with_word && named.starts_with('('))
        }
        // A call as Python shows a value: `Answer(data={"a": 1})`.
        _ => {
            let call = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
            inside.starts_with('\'') || (call && begins_with_word && then.starts_with('=') && !then.starts_with("=="))
        }
    }
}
