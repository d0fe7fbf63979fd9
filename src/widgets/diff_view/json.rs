//! Two JSON values written as one, a member or element a line: what is gone stays as a line of its own.

use std::fmt::Write as _;

use serde_json::{Value, map::Map};

use crate::{
    eval::{JsonDiff, json_diff::DiffNode},
    text::{LineChange, TextDiff},
    widgets::{
        diff_view::{Origins, Summary, Written},
        theme::Role,
    },
};

/// How many equal members or elements in a row are shown whole, and how many at either end of more.
const RUN: (usize, usize) = (12, 3);

/// Bytes of the paths of lines: with long names each would hold them all.
const PATHS: usize = 8 << 20;

/// Writes two values as one. `alike` tells whether their texts are the same.
pub(crate) fn write(diff: &JsonDiff, alike: bool) -> Written {
    let summary = match diff.differing() {
        0 if alike => Summary::Same,
        0 => Summary::SameJson,
        differ => Summary::Fields { differ, of: diff.fields() },
    };
    let mut writer = Writer {
        out: Written::new(summary, Origins::Paths(Vec::new())),
        lines: Vec::new(),
        path: String::new(),
        room: PATHS,
    };
    let place = JsonPosition { depth: 0, name: None, comma: false };
    match diff.root() {
        DiffNode::Same(value) => writer.value(place, value, Sign::Same),
        node => writer.node(place, node),
    }
    writer.out.origins = Origins::Paths(writer.lines);
    writer.out
}

/// What a line is to either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Same,
    Added,
    Removed,
    Changed,
}

/// Where a value stands in the text.
#[derive(Debug, Clone, Copy)]
struct JsonPosition<'a> {
    depth: usize,
    name: Option<&'a str>,
    comma: bool,
}

struct Writer {
    out: Written,
    lines: Vec<(usize, String)>,
    path: String,
    /// The bytes of paths that may still be kept.
    room: usize,
}

impl Writer {
    /// Begins a line with its sign, which stands in the gutter and says without colour too what it is, and its name.
    fn begin(&mut self, place: JsonPosition<'_>, sign: Sign) {
        // Lines past the room are found by the last one before them.
        if let Some(room) = self.room.checked_sub(self.path.len()) {
            self.room = room;
            self.lines.push((self.out.view.len(), self.path.clone()));
        }
        match sign {
            Sign::Same => {}
            Sign::Changed => self.out.sign("~", Role::Differs),
            Sign::Added => self.out.sign("+", Role::Added),
            Sign::Removed => self.out.sign("-", Role::Removed),
        }
        self.out.put(&"  ".repeat(place.depth));
        if let Some(name) = place.name {
            self.piece(&format!("{}: ", Value::from(name)), sign);
        }
    }

    fn piece(&mut self, text: &str, sign: Sign) {
        match sign {
            Sign::Added => self.out.mark(text, LineChange::Added),
            Sign::Removed => self.out.mark(text, LineChange::Removed),
            Sign::Same | Sign::Changed => self.out.put(text),
        }
    }

    fn end(&mut self, place: JsonPosition<'_>, text: &str, sign: Sign) {
        self.piece(&format!("{text}{}", if place.comma { "," } else { "" }), sign);
        self.out.put("\n");
    }

    /// Writes a value that is as it is on one side or on both.
    fn value(&mut self, place: JsonPosition<'_>, value: &Value, sign: Sign) {
        let inside =
            |at: usize, count: usize, name| JsonPosition { depth: place.depth + 1, name, comma: at + 1 < count };
        self.begin(place, sign);
        match value {
            Value::Object(members) if !members.is_empty() => {
                self.piece("{", sign);
                self.out.put("\n");
                for (at, (name, value)) in members.iter().enumerate() {
                    self.within(name, |writer| writer.value(inside(at, members.len(), Some(name)), value, sign));
                }
                self.begin(JsonPosition { name: None, ..place }, sign);
                self.end(place, "}", sign);
            }
            Value::Array(elements) if !elements.is_empty() => {
                self.piece("[", sign);
                self.out.put("\n");
                for (at, value) in elements.iter().enumerate() {
                    self.within(&at.to_string(), |writer| writer.value(inside(at, elements.len(), None), value, sign));
                }
                self.begin(JsonPosition { name: None, ..place }, sign);
                self.end(place, "]", sign);
            }
            scalar => self.end(place, &scalar.to_string(), sign),
        }
    }

    /// Writes what is inside a value, at one more step of its path.
    fn within(&mut self, step: &str, write: impl FnOnce(&mut Self)) {
        let before = self.path.len();
        let _ = write!(self.path, "/{}", step.replace('~', "~0").replace('/', "~1"));
        write(self);
        self.path.truncate(before);
    }

    fn node(&mut self, place: JsonPosition<'_>, node: &DiffNode) {
        let start = self.out.view.len();
        match node {
            DiffNode::Same(value) => {
                self.begin(place, Sign::Same);
                self.end(place, &folded(value), Sign::Same);
            }
            DiffNode::Added(value) => self.value(place, value, Sign::Added),
            DiffNode::Removed(value) => self.value(place, value, Sign::Removed),
            DiffNode::Changed { from, to } if is_scalar(from) && is_scalar(to) => {
                self.begin(place, Sign::Changed);
                self.changed(from, to);
                self.end(place, "", Sign::Changed);
            }
            DiffNode::Changed { from, to } => {
                self.value(place, from, Sign::Removed);
                self.value(place, to, Sign::Added);
            }
            DiffNode::Object(members) => {
                let named =
                    members.iter().map(|(name, node)| (name.clone(), Some(name.as_str()), node)).collect::<Vec<_>>();
                self.all(place, ["{", "}"], &named);
            }
            DiffNode::Array(elements) => {
                let mut new = 0;
                let numbered = elements.iter().map(|node| {
                    let at = new;
                    new += usize::from(!matches!(node, DiffNode::Removed(_)));
                    (at.to_string(), None, node)
                });
                let numbered: Vec<_> = numbered.collect();
                self.all(place, ["[", "]"], &numbered);
            }
        }
        if !matches!(node, DiffNode::Same(_) | DiffNode::Object(_) | DiffNode::Array(_)) {
            self.out.differs_since(start);
        }
    }

    /// Writes the members or elements of a value, long runs of equal ones but for their ends.
    fn all(
        &mut self,
        place: JsonPosition<'_>,
        [open, close]: [&str; 2],
        children: &[(String, Option<&str>, &DiffNode)],
    ) {
        self.begin(place, Sign::Same);
        self.out.put(open);
        self.out.put("\n");
        let count = children.len();
        let mut left_out = 0..0;
        for (at, (step, name, node)) in children.iter().enumerate() {
            if matches!(node, DiffNode::Same(_)) && at >= left_out.end {
                let run = children.iter().skip(at).take_while(|(.., node)| matches!(node, DiffNode::Same(_))).count();
                // A run is looked at once, at its start.
                left_out = if run > RUN.0 { at + RUN.1..at + run - RUN.1 } else { at + run..at + run };
            }
            if at == left_out.start && !left_out.is_empty() {
                self.begin(JsonPosition { depth: place.depth + 1, name: None, comma: false }, Sign::Same);
                self.end(
                    JsonPosition { comma: false, ..place },
                    &format!("… {} more that are the same", left_out.len()),
                    Sign::Same,
                );
            }
            if left_out.contains(&at) {
                continue;
            }
            let inside = JsonPosition { depth: place.depth + 1, name: *name, comma: at + 1 < count };
            self.within(step, |writer| writer.node(inside, node));
        }
        self.begin(JsonPosition { name: None, ..place }, Sign::Same);
        self.end(place, close, Sign::Same);
    }

    /// Writes a scalar that is another one now; of two strings that share words, the words that differ.
    fn changed(&mut self, from: &Value, to: &Value) {
        if let (Value::String(from), Value::String(to)) = (from, to) {
            let diff = TextDiff::new(from, to);
            let shares = diff.segments().iter().any(|segment| {
                segment.change == LineChange::Same
                    && to.get(segment.new.clone()).is_some_and(|text| text.contains(char::is_alphanumeric))
            });
            if shares && !diff.is_same() {
                self.out.put("\"");
                for (change, text) in diff.read(from, to) {
                    match change {
                        LineChange::Same => self.out.put(&escaped(text)),
                        change => self.out.bracketed(&escaped(text), change),
                    }
                }
                self.out.put("\"");
                return;
            }
        }
        self.out.bracketed(&from.to_string(), LineChange::Removed);
        self.out.bracketed(&to.to_string(), LineChange::Added);
    }
}

fn is_scalar(value: &Value) -> bool {
    match value {
        Value::Object(members) => Map::is_empty(members),
        Value::Array(elements) => elements.is_empty(),
        _ => true,
    }
}

/// Writes a part of a string as JSON does, without the quotes.
fn escaped(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default().to_owned()
}

/// Writes a value that is the same on both sides in one line.
fn folded(value: &Value) -> String {
    let counted = |open, count: usize, what, close| {
        let many = if count == 1 { "" } else { "s" };
        format!("{open}… {count} {what}{many}{close}")
    };
    match value {
        Value::Object(members) if !members.is_empty() => counted("{", members.len(), "key", "}"),
        Value::Array(elements) if !elements.is_empty() => counted("[", elements.len(), "item", "]"),
        scalar => scalar.to_string(),
    }
}
