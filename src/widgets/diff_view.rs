//! Two answers as one text to read, what differs between them marked, how much that is, and a window on it.

pub(crate) mod json;

use std::{ops::Range, sync::Arc};

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    text::Span,
};
use serde_json::Value;

use crate::{
    eval::{FoundJson, JsonDiff, JsonTypes, extract},
    model::Outcome,
    present::tool_calls::compared_calls,
    text::{LineChange, SanitizedText, TextDiff, clean, diff::Grain},
    widgets::{
        answer_view,
        answer_view::AnswerView,
        frame::{FlowItem, gutter, rows},
        theme::{Role, Theme},
    },
};

/// One side of a comparison: a whole answer, or another text.
#[derive(Debug, Clone, PartialEq)]
pub struct DiffSide {
    /// The text as it can be shown.
    pub text: SanitizedText,
    /// The object or array it holds, if it is compared as JSON.
    pub json: Option<Value>,
    /// The arguments of the calls of tools, by the tool and its number; null where there are none.
    calls: Value,
}

impl DiffSide {
    /// Makes a side of an answer and the JSON that was found in it. An answer that is nothing but
    /// JSON is compared as JSON also where none was asked for.
    #[must_use]
    pub fn of(raw: &str, json: Option<&Value>) -> Self {
        let read = || extract(raw, JsonTypes::OBJECT).ok();
        let whole = || read().filter(|(_, how)| how.found == FoundJson::Whole).map(|(value, _)| value);
        let json = json.cloned().or_else(whole).filter(|value| value.is_object() || value.is_array());
        Self { text: clean(raw), json, calls: Value::Null }
    }

    /// Makes a side of what came of a run: its answer, and the calls of tools that it made.
    #[must_use]
    pub fn of_outcome(outcome: &Outcome) -> Self {
        Self { calls: compared_calls(outcome), ..Self::of(&outcome.text, outcome.json.as_deref()) }
    }
}

/// How much two texts differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// Not at all, but for white space.
    Same,
    /// The same JSON, with other white space, another order of keys, or other spelling.
    SameJson,
    /// In some fields of all that either holds.
    Fields {
        /// Fields that differ.
        differ: usize,
        /// Fields of both together.
        of: usize,
    },
    /// In the calls of tools that were made, and perhaps in the answers.
    Calls {
        /// Arguments that differ.
        fields: usize,
        /// Whether the answers differ too.
        answers: bool,
    },
    /// In some words.
    Words {
        /// Words that differ.
        differ: usize,
        /// Whether some were compared line by line, the texts being too large and too different.
        by_lines: bool,
    },
}

impl Summary {
    /// Tells whether there is nothing to see.
    #[must_use]
    pub fn is_same(self) -> bool {
        matches!(self, Self::Same | Self::SameJson)
    }
}

/// A place that both sides have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiffAnchor {
    /// A JSON pointer into the new side, or for what is gone into the old one.
    Path(String),
    /// Bytes of the old side's text.
    Byte(usize),
}

/// Where the lines of what is shown come from.
#[derive(Debug, Clone)]
enum Origins {
    /// The JSON pointer of the line that starts at a byte of what is shown.
    Paths(Vec<(usize, String)>),
    /// The byte of the old text that stands where a byte of what is shown does.
    Bytes(Vec<(usize, usize)>),
}

/// What differs between two sides, ready to be read.
#[derive(Debug, Clone)]
pub struct DiffView {
    /// The sides it was made of, the old one first.
    sides: (Arc<DiffSide>, Arc<DiffSide>),
    view: AnswerView,
    summary: Summary,
    /// What is marked, in bytes of what is shown, in order.
    marks: Vec<(Range<usize>, LineChange)>,
    /// The signs of whole lines, each with the byte at which its line starts, in order.
    signs: Vec<(usize, &'static str, Role)>,
    /// The places that differ: which marks belong to one.
    hunks: Vec<Range<usize>>,
    at: Option<usize>,
    origins: Origins,
}

impl DiffView {
    /// Compares two sides: as JSON if both hold some, else word by word.
    #[must_use]
    pub fn new(old: &Arc<DiffSide>, new: &Arc<DiffSide>) -> Self {
        let sides = (Arc::clone(old), Arc::clone(new));
        let answers = || match (&old.json, &new.json) {
            (Some(was), Some(is)) => json::write(&JsonDiff::new(was, is), old.text == new.text),
            _ => write(&old.text, &new.text),
        };
        let (was_called, is_called) = called(old, new);
        let calls = JsonDiff::new(&was_called, &is_called);
        let alone = |side: &DiffSide| !side.calls.is_null() && side.text.trim().is_empty();
        let written = if alone(old) && alone(new) {
            json::write(&calls, was_called == is_called)
        } else if calls.differing() > 0 {
            json::write(&calls, false).followed_by(answers())
        } else {
            answers()
        };
        let Written { view, marks, signs, hunks, origins, summary } = written;
        Self { sides, view, summary, marks, signs, hunks, at: None, origins }
    }

    /// Compares two texts word by word.
    #[must_use]
    pub fn of_texts(old: &str, new: &str) -> Self {
        let side = |text| Arc::new(DiffSide { text: clean(text), json: None, calls: Value::Null });
        Self::new(&side(old), &side(new))
    }

    /// Tells whether it was made of these very sides.
    #[must_use]
    pub fn is_of(&self, old: &Arc<DiffSide>, new: &Arc<DiffSide>) -> bool {
        Arc::ptr_eq(&self.sides.0, old) && Arc::ptr_eq(&self.sides.1, new)
    }

    /// Returns how much the sides differ.
    #[must_use]
    pub fn summary(&self) -> Summary {
        self.summary
    }

    /// Returns the window.
    #[must_use]
    pub fn view(&self) -> &AnswerView {
        &self.view
    }

    /// The same, to be fitted, scrolled and searched.
    pub fn view_mut(&mut self) -> &mut AnswerView {
        &mut self.view
    }

    /// Returns the columns of a row that are marked: as what, and whether the present difference is there.
    pub fn marks(&self, row: usize) -> impl Iterator<Item = (Range<usize>, LineChange, bool)> + '_ {
        let bytes = self.view.bytes(row);
        let first = self.marks.partition_point(|(mark, _)| mark.end <= bytes.start);
        let here = self.at.and_then(|at| self.hunks.get(at)).cloned().unwrap_or_default();
        let seen = self.marks.iter().skip(first).take_while(move |(mark, _)| mark.start < bytes.end);
        seen.filter_map(move |(mark, change)| {
            Some((self.view.columns(row, mark)?, *change, here.contains(&mark.start)))
        })
    }

    /// Returns the sign that stands beside a row: that of the line that begins there; of words, of every row that has
    /// some that differ.
    fn sign(&self, row: usize) -> Option<(&'static str, Role)> {
        if matches!(self.origins, Origins::Bytes(_)) {
            return self.marks(row).next().map(|_| ("~", Role::Differs));
        }
        let start = self.view.bytes(row).start;
        let at = self.signs.binary_search_by_key(&start, |(line, ..)| *line).ok()?;
        self.signs.get(at).map(|(_, sign, role)| (*sign, *role))
    }

    /// Returns the number of the present difference, counted from 1, and how many there are.
    #[must_use]
    pub fn count(&self) -> (Option<usize>, usize) {
        (self.at.map(|at| at + 1), self.hunks.len())
    }

    /// Goes to the next difference or the one before, round the end; the first time to the first
    /// one that is in sight or below, or above.
    pub fn step(&mut self, forward: bool) {
        let count = self.hunks.len();
        if count == 0 {
            return;
        }
        let top = self.view.bytes(self.view.top()).start;
        let near = self.hunks.partition_point(|hunk| hunk.start < top);
        let at = match (self.at, forward) {
            (Some(at), true) => (at + 1) % count,
            (Some(at), false) => (at + count - 1) % count,
            (None, true) => near % count,
            (None, false) => (near + count - 1) % count,
        };
        self.at = Some(at);
        if let Some(hunk) = self.hunks.get(at) {
            self.view.show(hunk.start);
        }
    }

    /// Tells which place the first row in sight shows.
    #[must_use]
    pub fn place(&self) -> DiffAnchor {
        let top = self.view.bytes(self.view.top()).start;
        match &self.origins {
            Origins::Paths(lines) => {
                let line = lines.partition_point(|(start, _)| *start <= top).checked_sub(1);
                DiffAnchor::Path(
                    line.and_then(|line| lines.get(line)).map(|(_, path)| path.clone()).unwrap_or_default(),
                )
            }
            Origins::Bytes(pieces) => DiffAnchor::Byte(across(pieces, |piece| piece.0, |piece| piece.1, top)),
        }
    }

    /// Puts a place on the first row, the nearest path around it where that path is not here. Tells
    /// whether it is a place of this kind of text.
    pub fn align(&mut self, place: &DiffAnchor) -> bool {
        let byte = match (&self.origins, place) {
            (Origins::Paths(lines), DiffAnchor::Path(path)) => nearest(lines, path),
            (Origins::Bytes(pieces), DiffAnchor::Byte(byte)) => {
                Some(across(pieces, |piece| piece.1, |piece| piece.0, *byte))
            }
            _ => None,
        };
        if let Some(byte) = byte {
            self.view.align_to(byte);
        }
        byte.is_some()
    }
}

/// Returns the calls of both sides as objects, which are empty where there are none. Where both made the same calls one
/// after the other in another way, each says in which order.
fn called(old: &DiffSide, new: &DiffSide) -> (Value, Value) {
    let calls = |side: &DiffSide| side.calls.as_object().cloned().unwrap_or_default();
    let (mut old, mut new) = (calls(old), calls(new));
    let same_calls = old.len() == new.len() && old.keys().all(|name| new.contains_key(name));
    if same_calls && !old.keys().eq(new.keys()) {
        for calls in [&mut old, &mut new] {
            let order = calls.keys().cloned().collect::<Vec<_>>().join(", ");
            calls.insert(ORDER.to_owned(), order.into());
        }
    }
    (old.into(), new.into())
}

/// What stands before the order of calls; no tool has a blank in its name.
const ORDER: &str = "in the order";

/// Finds what stands as far behind the start of its piece as a byte does, from one side to another.
fn across(
    pieces: &[(usize, usize)],
    from: impl Fn(&(usize, usize)) -> usize,
    to: impl Fn(&(usize, usize)) -> usize,
    byte: usize,
) -> usize {
    let at = pieces.partition_point(|piece| from(piece) <= byte).saturating_sub(1);
    let Some(piece) = pieces.get(at) else {
        return 0;
    };
    let end = pieces.get(at + 1).map_or(usize::MAX, &to);
    to(piece).saturating_add(byte.saturating_sub(from(piece))).min(end)
}

/// Finds the first line of a path, or of the innermost path around it.
fn nearest(lines: &[(usize, String)], path: &str) -> Option<usize> {
    let mut path = path;
    loop {
        if let Some((start, _)) = lines.iter().find(|(_, own)| own == path) {
            return Some(*start);
        }
        path = path.rsplit_once('/')?.0;
    }
}

/// A difference as it is being written.
pub(crate) struct Written {
    view: AnswerView,
    marks: Vec<(Range<usize>, LineChange)>,
    signs: Vec<(usize, &'static str, Role)>,
    hunks: Vec<Range<usize>>,
    origins: Origins,
    summary: Summary,
}

impl Written {
    fn new(summary: Summary, origins: Origins) -> Self {
        let mut view = AnswerView::default();
        view.to_top();
        Self { view, marks: Vec::new(), signs: Vec::new(), hunks: Vec::new(), origins, summary }
    }

    /// Puts a difference of answers below this one of calls. Its places are those that are found again on the other side.
    fn followed_by(mut self, answers: Self) -> Self {
        let fields = match self.summary {
            Summary::Fields { differ, .. } => differ,
            Summary::Same | Summary::SameJson | Summary::Words { .. } | Summary::Calls { .. } => 0,
        };
        self.put("\n");
        let below = self.view.len();
        let moved = |part: Range<usize>| part.start + below..part.end + below;
        self.view.push(&clean(answers.view.text()));
        self.marks.extend(answers.marks.into_iter().map(|(part, change)| (moved(part), change)));
        self.signs.extend(answers.signs.into_iter().map(|(line, sign, role)| (line + below, sign, role)));
        self.hunks.extend(answers.hunks.into_iter().map(moved));
        self.origins = match answers.origins {
            Origins::Paths(lines) => Origins::Paths(lines.into_iter().map(|(at, path)| (at + below, path)).collect()),
            Origins::Bytes(pieces) => Origins::Bytes(pieces.into_iter().map(|(at, old)| (at + below, old)).collect()),
        };
        self.summary = Summary::Calls { fields, answers: !answers.summary.is_same() };
        self.view.to_top();
        self
    }

    /// Appends a text as it is, cleaned.
    fn put(&mut self, text: &str) {
        self.view.push(&clean(text));
    }

    /// Gives the line that begins here a sign.
    fn sign(&mut self, sign: &'static str, role: Role) {
        self.signs.push((self.view.len(), sign, role));
    }

    /// Appends a text that is marked.
    fn mark(&mut self, text: &str, change: LineChange) {
        let start = self.view.len();
        self.put(text);
        if self.view.len() > start {
            self.marks.push((start..self.view.len(), change));
        }
    }

    /// Appends a text between brackets that say without colour what happened to it.
    fn bracketed(&mut self, text: &str, change: LineChange) {
        self.mark(&change.marked(text), change);
    }

    /// Notes that what was written since a byte is one difference.
    fn differs_since(&mut self, start: usize) {
        if self.view.len() > start {
            self.hunks.push(start..self.view.len());
        }
    }
}

/// Writes two texts as one.
pub(crate) fn write(old: &str, new: &str) -> Written {
    let diff = TextDiff::new(old, new);
    let summary = match diff.words() {
        0 => Summary::Same,
        differ => Summary::Words { differ, by_lines: diff.grain() == Grain::Lines },
    };
    let mut out = Written::new(summary, Origins::Bytes(Vec::new()));
    let mut places = Vec::new();
    let mut hunk = None;
    for (segment, piece) in diff.read_segments(old, new) {
        let here = out.view.len();
        places.push((here, segment.old.start));
        if segment.change == LineChange::Same {
            if let Some(start) = hunk.take() {
                out.differs_since(start);
            }
            out.put(piece);
        } else {
            hunk.get_or_insert(here);
            out.bracketed(piece, segment.change);
        }
    }
    if let Some(start) = hunk {
        out.differs_since(start);
    }
    out.origins = Origins::Bytes(places);
    out
}

/// Draws the part of an answer that is in sight: what differs in it, where that is shown, or the answer, its text in a
/// role; `held` where it has the keys.
pub(crate) fn draw_answer(
    (view, differs): (&AnswerView, Option<&DiffView>),
    (held, role): (bool, Role),
    area: Rect,
    theme: Theme,
    buffer: &mut Buffer,
) {
    match differs {
        Some(shown) => difference(shown, theme.style(role), area, theme, buffer),
        None => answer_view::draw(view, (held, role), area, theme, buffer),
    }
}

/// Draws the rows in sight with what was added and removed marked, the present difference bold, and what happened to a
/// row in the gutter beside it.
pub fn difference(shown: &DiffView, style: Style, area: Rect, theme: Theme, buffer: &mut Buffer) {
    rows(shown.view(), style, area, theme, buffer);
    for ((number, row), place) in shown.view().seen().zip(area.rows()) {
        if let Some((sign, role)) = shown.sign(number) {
            let indent = row.text.chars().take_while(|c| *c == ' ').count();
            gutter(place, indent, &Span::styled(sign, theme.style(role)), buffer);
        }
        for (columns, change, here) in shown.marks(number) {
            let role = match change {
                LineChange::Same => Role::Text,
                LineChange::Removed => Role::Removed,
                LineChange::Added => Role::Added,
            };
            let style = theme.style(role);
            let style = if here { style.add_modifier(Modifier::BOLD) } else { style };
            let x = place.x.saturating_add(u16::try_from(columns.start).unwrap_or(u16::MAX));
            let long = u16::try_from(columns.len()).unwrap_or(u16::MAX);
            buffer.set_style(Rect { x, width: long, ..place }.intersection(place), style);
        }
    }
}

/// Says how much differs, and which difference is the present one.
#[must_use]
pub fn summary(shown: &DiffView, theme: Theme) -> Vec<FlowItem> {
    let many = |count: usize, what: &str| if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") };
    let (text, role) = match shown.summary() {
        Summary::Same => ("= same".to_owned(), Role::Quiet),
        Summary::SameJson => ("≈ same JSON".to_owned(), Role::Quiet),
        Summary::Fields { differ, of } => (format!("≠ {differ} of {}", many(of, "field")), Role::Differs),
        Summary::Calls { fields, answers } => {
            let too = if answers { ", and the answer" } else { "" };
            (format!("≠ {} of calls{too}", many(fields, "field")), Role::Differs)
        }
        Summary::Words { differ, by_lines } => {
            let how = if by_lines { ", by lines" } else { "" };
            (format!("≠ {}{how}", many(differ, "word")), Role::Differs)
        }
    };
    let mut items = vec![vec![Span::styled(text, theme.style(role))]];
    if let (Some(at), count) = shown.count() {
        items.push(vec![Span::styled(format!("{at}/{count}"), theme.style(Role::Quiet))]);
    }
    items
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::ToolCall;

    fn side(raw: &str) -> Arc<DiffSide> {
        Arc::new(DiffSide::of(raw, None))
    }

    fn shown(difference: &DiffView) -> String {
        let mut view = difference.view.clone();
        view.fit(200, 200);
        view.seen().map(|(_, row)| row.text.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// The same with what stands in the gutter.
    fn signed(difference: &DiffView) -> String {
        let mut difference = difference.clone();
        difference.view.fit(200, 200);
        let row = |number, text: &str| {
            let sign = difference.sign(number).map_or(" ", |(sign, _)| sign);
            format!("{sign}|{}", text.trim_end())
        };
        difference.view.seen().map(|(number, seen)| row(number, &seen.text)).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_order_of_the_same_calls_is_a_difference() {
        let side = |names: [&str; 3]| {
            let calls = names.iter().map(|name| (*name, json!({ "city": "Paris" })));
            let mut all = serde_json::Map::new();
            for (name, arguments) in calls {
                let name = if all.contains_key(name) { format!("{name} (2)") } else { name.to_owned() };
                all.insert(name, arguments);
            }
            Arc::new(DiffSide { calls: all.into(), ..DiffSide::of("", None) })
        };
        let difference = DiffView::new(&side(["a", "b", "a"]), &side(["a", "a", "b"]));
        assert_eq!(difference.summary(), Summary::Fields { differ: 1, of: 4 });
        assert!(shown(&difference).contains("in the order"), "{}", shown(&difference));
        let same = DiffView::new(&side(["a", "b", "a"]), &side(["a", "b", "a"]));
        assert!(same.summary().is_same(), "{:?}", same.summary());
    }

    #[test]
    fn texts_are_one_text_with_brackets() {
        let difference =
            DiffView::new(&side("The parcel is late.\n\nSorry."), &side("The parcel was late.\n\nSorry.\n\nBye."));
        assert_eq!(shown(&difference), "The parcel [-is-]{+was+} late.\n\nSorry.\n\n{+Bye.+}");
        assert_eq!(difference.summary(), Summary::Words { differ: 2, by_lines: false });
        assert_eq!(difference.count(), (None, 2));
    }

    #[test]
    fn json_is_one_value_with_signs() {
        let old = r#"{"label": "negative", "why": "the parcel came late", "tags": ["a", "b"], "gone": {"x": 1}, "deep": {"n": 1, "m": 2}}"#;
        let new = r#"{"label": "neutral", "why": "the parcel came very late", "tags": ["a", "b"], "deep": {"m": 2, "n": 1.5}, "new": [true]}"#;
        let difference = DiffView::new(&side(old), &side(new));
        assert_eq!(
            signed(&difference),
            r#" |{
~|  "label": [-"negative"-]{+"neutral"+},
~|  "why": "the parcel came {+very+} late",
 |  "tags": [… 2 items],
-|  "gone": {
-|    "x": 1
-|  },
 |  "deep": {
 |    "m": 2,
~|    "n": [-1-]{+1.5+}
 |  },
+|  "new": [
+|    true
+|  ]
 |}"#
        );
        assert_eq!(difference.summary(), Summary::Fields { differ: 5, of: 8 });
        assert_eq!(difference.count(), (None, 5));
    }

    fn called(text: &str, calls: &[(&str, &str)]) -> Arc<DiffSide> {
        let call = |(name, arguments): &(&str, &str)| ToolCall {
            name: (*name).to_owned(),
            arguments: (*arguments).to_owned(),
            ..ToolCall::default()
        };
        let outcome: Outcome = serde_json::from_value(json!({
            "run": "01890a5d-ac96-774b-bcce-b302099a8057", "end": "done", "text": text, "requested": "m", "target": "m",
            "model": "m", "provenance": {"from": "live"}, "attempts": 1, "usage": {}, "cost": {"state": "unknown"},
            "timing": {"total": {"secs": 0, "nanos": 0}},
        }))
        .unwrap();
        let calls = calls.iter().map(call).collect();
        Arc::new(DiffSide::of_outcome(&Outcome { calls, ..outcome }))
    }

    #[test]
    fn calls_are_compared_argument_by_argument_and_before_the_answers() {
        let old = called("", &[("find", r#"{"number": "1", "deep": {"a": 1}}"#), ("find", r#"{"number": "2"}"#)]);
        let new = called("", &[("find", r#"{"number": "9", "deep": {"a": 1}}"#), ("open", r#"{"subject": "x"}"#)]);
        let difference = DiffView::new(&old, &new);
        assert_eq!(
            signed(&difference),
            r#" |{
 |  "find": {
~|    "number": [-"1"-]{+"9"+},
 |    "deep": {… 1 key}
 |  },
-|  "find (2)": {
-|    "number": "2"
-|  },
+|  "open": {
+|    "subject": "x"
+|  }
 |}"#
        );
        assert_eq!(difference.count(), (None, 3));
        let same = DiffView::new(
            &old,
            &called("", &[("find", r#"{"number": "1", "deep": {"a": 1}}"#), ("find", r#"{"number": "2"}"#)]),
        );
        assert!(same.summary().is_same());
        let old = called("It is late.", &[("find", r#"{"number": "1"}"#)]);
        let mut both = DiffView::new(&old, &called("It was late.", &[("find", r#"{"number": "2"}"#)]));
        assert_eq!(both.summary(), Summary::Calls { fields: 1, answers: true });
        both.view_mut().fit(80, 40);
        let text = shown(&both);
        let (calls, answer) = text.split_once("\n\n").unwrap();
        assert!(calls.contains("[-\"1\"-]{+\"2\"+}") && answer == "It [-is-]{+was+} late.", "{text}");
        both.step(true);
        both.step(true);
        assert_eq!(both.count(), (Some(2), 2));
        let text_alone = DiffView::new(&old, &called("It was late.", &[("find", r#"{"number": "1"}"#)]));
        assert_eq!(shown(&text_alone), "It [-is-]{+was+} late.", "calls that are the same are not listed");
    }

    #[test]
    fn order_and_white_space_are_no_difference() {
        let summary = |old, new| DiffView::new(&side(old), &side(new)).summary();
        assert_eq!(summary("{\"a\": 1, \"b\": 2}", "{\"b\": 2.0, \"a\": 1}"), Summary::SameJson);
        assert_eq!(summary("{\"a\": 1}", "{\"a\": 1}"), Summary::Same);
        assert_eq!(summary("one two", "one\ntwo"), Summary::Same);
        let same = DiffView::new(&side("[1, 2]"), &side("[1,2]"));
        assert_eq!((shown(&same).as_str(), same.count()), ("[\n  1,\n  2\n]", (None, 0)));
    }

    #[test]
    fn a_long_run_of_equal_elements_is_cut_short() {
        let array = |first: usize| serde_json::to_string(&(first..first + 40).collect::<Vec<_>>()).unwrap();
        let text = signed(&DiffView::new(&side(&array(1)), &side(&array(0))));
        let rows = [" |[", "+|  0,", " |  1,", " |  2,", " |  3,", " |  … 33 more that are the same"];
        let ends = [" |  37,", " |  38,", " |  39,", "-|  40", " |]"];
        assert_eq!(text, [&rows[..], &ends[..]].concat().join("\n"));
    }

    #[test]
    fn differences_are_walked_round_from_what_is_in_sight() {
        let text = |odd: &str| {
            (0..60).map(|n| format!("line {n} {}\n", if n % 20 == 5 { odd } else { "x" })).collect::<Vec<_>>().concat()
        };
        let mut difference = DiffView::new(&side(&text("a")), &side(&text("b")));
        difference.view_mut().fit(40, 10);
        difference.view_mut().scroll(10);
        let mut seen = Vec::new();
        for _ in 0..4 {
            difference.step(true);
            seen.push(difference.count().0.unwrap());
        }
        assert_eq!(seen, [2, 3, 1, 2]);
        difference.step(false);
        assert_eq!(difference.count(), (Some(1), 3));
        let (row, _) = difference.view().seen().find(|(row, _)| difference.marks(*row).any(|(.., here)| here)).unwrap();
        let marks: Vec<_> = difference.marks(row).collect();
        assert_eq!(marks, [(7..12, LineChange::Removed, true), (12..17, LineChange::Added, true)]);
    }

    #[test]
    fn a_place_is_found_again_on_the_other_side() {
        let paragraphs = |first: &str| {
            format!("{first}\n\n") + &(0..30).map(|n| format!("paragraph {n}\n\n")).collect::<Vec<_>>().concat()
        };
        let (old, new) = (side(&paragraphs("short")), side(&paragraphs("much longer\nthan\nit\nwas")));
        let mut difference = DiffView::new(&old, &new);
        difference.view_mut().fit(40, 8);
        let byte = old.text.find("paragraph 9").unwrap();
        difference.align(&DiffAnchor::Byte(byte));
        let (_, row) = difference.view().seen().next().unwrap();
        assert_eq!(row.text, "paragraph 9");
        assert_eq!(difference.place(), DiffAnchor::Byte(byte));

        let json = |n: usize| {
            let many: Vec<usize> = (0..9).map(|m| m * n).collect();
            format!("{{\"a\": {n}, \"c\": {{\"d\": {n}}}, \"b\": {many:?}}}")
        };
        let mut difference = DiffView::new(&side(&json(1)), &side(&json(2)));
        difference.view_mut().fit(40, 5);
        assert!(difference.align(&DiffAnchor::Path("/c/d/not/there".to_owned())));
        assert_eq!(difference.place(), DiffAnchor::Path("/c/d".to_owned()));
        assert!(!difference.align(&DiffAnchor::Byte(0)));
    }
}
