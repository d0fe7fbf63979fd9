//! A tree as rows of a width: one member or item a row, folded where that is asked for.

use std::{borrow::Cow, collections::BTreeMap, ops::Range};

use crate::text::{
    SanitizedText,
    json::{
        lex::TokenKind,
        tree::{NodeShape, Tree},
    },
    width,
    wrap::breaks,
};

/// Columns a level is set in.
const INDENT: usize = 2;

/// Columns between a line and the note beside it.
const GAP: usize = 2;

/// Columns of the mark before a note.
const MARK: usize = 2;

/// A remark on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeNote {
    /// Whether it says that something is wrong.
    pub wrong: bool,
    /// What it says, on one line.
    pub text: SanitizedText,
}

/// Which line of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeEdge {
    /// The line that shows it, or opens it.
    Open,
    /// The line that closes it.
    Close,
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonRow {
    /// The node it belongs to.
    pub node: usize,
    /// Which of the node's lines.
    pub side: NodeEdge,
    /// Columns before the text.
    pub indent: usize,
    /// The remark that the row shows: beside the line's text, or alone where that is empty.
    pub note: Option<usize>,
    /// What is shown of the line's text, or of the remark's where [`JsonRow::alone`].
    bytes: Range<usize>,
    /// Whether the row shows a remark and nothing else.
    pub alone: bool,
}

/// A piece of a row and what it is; [`TokenKind::Prose`] is what stands for something folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowPiece<'a> {
    pub kind: TokenKind,
    /// What is drawn.
    pub text: Cow<'a, str>,
}

/// The rows of a tree at one width.
#[derive(Debug, Clone, Default)]
pub struct JsonRows {
    rows: Vec<JsonRow>,
}

impl JsonRows {
    /// Cuts a tree into rows of so many columns. What is marked in `folded`, by node, has one line;
    /// remarks stand beside their node's line if there is room for it, else below.
    #[must_use]
    pub fn new(tree: &Tree, folded: &[bool], notes: &BTreeMap<usize, Vec<NodeNote>>, width: usize) -> Self {
        let mut rows = Self::default();
        let mut open: Vec<usize> = Vec::new();
        let mut node = 0;
        while node < tree.len() {
            while let Some(last) = open.pop_if(|last| tree.behind(*last) <= node) {
                rows.line(tree, last, NodeEdge::Close, false, &[], width);
            }
            let is_folded = is_folded(folded, node);
            let own = notes.get(&node).map_or(&[][..], Vec::as_slice);
            rows.line(tree, node, NodeEdge::Open, is_folded, own, width);
            if tree.count(node) > 0 && !is_folded {
                open.push(node);
                node += 1;
            } else {
                node = tree.behind(node);
            }
        }
        for last in open.into_iter().rev() {
            rows.line(tree, last, NodeEdge::Close, false, &[], width);
        }
        rows
    }

    fn line(&mut self, tree: &Tree, node: usize, side: NodeEdge, folded: bool, notes: &[NodeNote], columns: usize) {
        let line = JsonLine::of(tree, node, side, folded);
        let indent = (tree.depth(node) * INDENT).min(columns / 3);
        let room = columns.saturating_sub(indent).max(1);
        let wide = width(line.head) + width(&line.tail);
        let row = JsonRow { node, side, indent, note: None, bytes: 0..line.len(), alone: false };
        if wide > room {
            let text = line.head.to_owned() + &line.tail;
            let mut at = indent;
            for bytes in breaks(&text, room.saturating_sub(INDENT)) {
                self.rows.push(JsonRow { indent: at, bytes, ..row.clone() });
                at = indent + INDENT;
            }
        } else if let [note] = notes
            && !note.wrong
            && wide + GAP + MARK + width(&note.text) <= room
        {
            self.rows.push(JsonRow { note: Some(0), ..row });
            return;
        } else {
            self.rows.push(row.clone());
        }
        let indent = indent + INDENT;
        for (at, note) in notes.iter().enumerate() {
            for bytes in breaks(&note.text, columns.saturating_sub(indent + MARK)) {
                self.rows.push(JsonRow { note: Some(at), indent, bytes, alone: true, ..row.clone() });
            }
        }
    }

    /// Counts the rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Tells whether there are none, as before the first width is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns a row, counted from 0.
    #[must_use]
    pub fn row(&self, row: usize) -> Option<&JsonRow> {
        self.rows.get(row)
    }

    /// Returns the first row of a node's line; of the innermost node around it where that is folded
    /// away.
    #[must_use]
    pub fn row_of(&self, tree: &Tree, node: usize, side: NodeEdge) -> usize {
        let mut sought = (node, side);
        loop {
            if let Some(row) = self.rows.iter().position(|row| (row.node, row.side) == sought) {
                return row;
            }
            match tree.parent(sought.0) {
                _ if sought.1 == NodeEdge::Close => sought.1 = NodeEdge::Open,
                Some(parent) => sought.0 = parent,
                None => return 0,
            }
        }
    }
}

impl JsonRow {
    /// Tells whether the row goes on with the line or the remark of the row before.
    #[must_use]
    pub fn continued(&self) -> bool {
        self.bytes.start > 0
    }

    /// Returns the text of a row, piece by piece, without its indentation and without a remark
    /// beside it.
    #[must_use]
    pub fn pieces<'a>(
        &self,
        tree: &'a Tree,
        folded: &[bool],
        notes: &'a BTreeMap<usize, Vec<NodeNote>>,
    ) -> Vec<RowPiece<'a>> {
        if self.alone {
            let note = self.note.and_then(|note| notes.get(&self.node)?.get(note));
            let text = note.and_then(|note| note.text.get(self.bytes.clone())).unwrap_or_default();
            return vec![RowPiece { kind: TokenKind::Wrong, text: text.trim_end().into() }];
        }
        let line = JsonLine::of(tree, self.node, self.side, is_folded(folded, self.node));
        line.pieces(&self.bytes)
    }

    /// Returns the columns of the row that bytes found by [`Tree::find_all`] cover, if they cover any.
    #[must_use]
    pub fn columns(&self, tree: &Tree, bytes: &Range<usize>) -> Option<Range<usize>> {
        let (line, base) = (tree.line(self.node), tree.line_bytes(self.node).start);
        let start = bytes.start.saturating_sub(base).max(self.bytes.start);
        let end = bytes.end.saturating_sub(base).min(self.bytes.end);
        if self.alone || self.side == NodeEdge::Close || start >= end {
            return None;
        }
        let from = self.indent + width(line.get(self.bytes.start..start)?);
        Some(from..from + width(line.get(start..end)?))
    }
}

fn is_folded(folded: &[bool], node: usize) -> bool {
    folded.get(node).copied().unwrap_or_default()
}

/// One line before it is cut into rows.
struct JsonLine<'a> {
    /// How much of the head is the name.
    name: usize,
    kind: TokenKind,
    head: &'a str,
    /// What follows: what stands for something folded, what closes it, a comma.
    tail: String,
    /// How much of the tail stands for something folded.
    summary: usize,
}

impl<'a> JsonLine<'a> {
    fn of(tree: &'a Tree, node: usize, side: NodeEdge, folded: bool) -> Self {
        let shape = tree.shape(node);
        let closing = if shape == Some(NodeShape::Object) { "}" } else { "]" };
        let comma = if tree.goes_on(node) { "," } else { "" };
        if side == NodeEdge::Close {
            return JsonLine { name: 0, kind: TokenKind::Mark, head: closing, tail: comma.to_owned(), summary: 0 };
        }
        let (head, name) = (tree.line(node), tree.name_shown(node));
        let kind = match shape {
            Some(NodeShape::String) => TokenKind::String,
            Some(NodeShape::Number) => TokenKind::Number,
            Some(NodeShape::Word) => TokenKind::Word,
            Some(NodeShape::Object | NodeShape::Array) | None => TokenKind::Mark,
        };
        let opens = tree.count(node) > 0;
        let summary = if folded && opens { summary(shape, tree.count(node)) } else { String::new() };
        let tail = match (opens, folded) {
            (true, true) => format!("{summary}{closing}{comma}"),
            (true, false) => String::new(),
            (false, _) => comma.to_owned(),
        };
        JsonLine { name, kind, head, tail, summary: summary.len() }
    }

    fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    fn pieces(&self, bytes: &Range<usize>) -> Vec<RowPiece<'a>> {
        let named = if self.name > 0 { self.name + ": ".len() } else { 0 };
        let (head, all) = (self.head.len(), self.len());
        let parts = [
            (TokenKind::Name, 0..self.name),
            (TokenKind::Mark, self.name..named),
            (self.kind, named..head),
            (TokenKind::Prose, head..head + self.summary),
            (TokenKind::Mark, head + self.summary..all),
        ];
        let cut = |(kind, part): (TokenKind, Range<usize>)| {
            let part = part.start.max(bytes.start)..part.end.min(bytes.end);
            let text: Cow<'a, str> = match part.start.checked_sub(head) {
                _ if part.is_empty() => return None,
                Some(start) => self.tail.get(start..part.end - head)?.to_owned().into(),
                None => self.head.get(part)?.into(),
            };
            Some(RowPiece { kind, text })
        };
        parts.into_iter().filter_map(cut).collect()
    }
}

fn summary(shape: Option<NodeShape>, count: usize) -> String {
    let what = match (shape, count) {
        (Some(NodeShape::Object), 1) => "key",
        (Some(NodeShape::Object), _) => "keys",
        (_, 1) => "item",
        _ => "items",
    };
    format!("… {count} {what}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::text::{clean_line, hostile::whole_json};

    fn shown(text: &str, folded: &[usize], notes: &[(usize, &str)], width: usize) -> Vec<String> {
        let tree = Tree::parse(text).unwrap();
        let folded: Vec<bool> = (0..tree.len()).map(|node| folded.contains(&node)).collect();
        let mut by_node: BTreeMap<usize, Vec<NodeNote>> = BTreeMap::new();
        for (node, note) in notes {
            by_node.entry(*node).or_default().push(NodeNote { wrong: true, text: clean_line(note) });
        }
        let rows = JsonRows::new(&tree, &folded, &by_node, width);
        let row = |row: &JsonRow| {
            let text: String = row.pieces(&tree, &folded, &by_node).into_iter().map(|piece| piece.text).collect();
            let mark = if row.alone && !row.continued() { "✗ " } else { "" };
            let beside = row.note.filter(|_| !row.alone).map(|at| format!("  ✗ {}", by_node[&row.node][at].text));
            format!("{}{mark}{text}{}", " ".repeat(row.indent), beside.unwrap_or_default())
        };
        rows.rows.iter().map(row).collect()
    }

    const SAMPLE: &str = r#"{"a":[1.0,{"b":null}],"long":"one two three four five six","e":{}}"#;

    #[test]
    fn a_tree_has_a_row_for_each_member_and_item() {
        assert_eq!(
            shown(SAMPLE, &[], &[], 40),
            [
                "{",
                "  \"a\": [",
                "    1.0,",
                "    {",
                "      \"b\": null",
                "    }",
                "  ],",
                "  \"long\": \"one two three four five six\",",
                "  \"e\": {}",
                "}",
            ]
        );
        assert_eq!(shown("\"x\"", &[], &[], 40), ["\"x\""]);
    }

    #[test]
    fn what_is_folded_has_one_row_that_counts_it() {
        assert_eq!(
            shown(SAMPLE, &[1], &[], 40),
            ["{", "  \"a\": [… 2 items],", "  \"long\": \"one two three four five six\",", "  \"e\": {}", "}"]
        );
        assert_eq!(shown(SAMPLE, &[0], &[], 40), ["{… 3 keys}"]);
        assert_eq!(shown(SAMPLE, &[3], &[], 40)[3], "    {… 1 key}");
    }

    #[test]
    fn a_long_string_goes_on_below_itself() {
        assert_eq!(
            shown(SAMPLE, &[1], &[], 20)[2..6],
            ["  \"long\": \"one two ", "    three four five ", "    six\",", "  \"e\": {}"]
        );
    }

    #[test]
    fn what_is_wrong_stands_below_its_line() {
        let notes = [(2, "too low"), (0, "`x` is missing"), (0, "and more")];
        assert_eq!(
            shown(r#"{"a":"b","c":0.5}"#, &[], &notes, 24),
            ["{", "  ✗ `x` is missing", "  ✗ and more", "  \"a\": \"b\",", "  \"c\": 0.5", "    ✗ too low", "}"]
        );
        assert_eq!(shown(r#"{"a":"b","c":0.5}"#, &[], &notes[..1], 14)[2..4], ["  \"c\": 0.5", "    ✗ too low"]);
    }

    #[test]
    fn a_place_in_a_line_has_columns_in_its_row() {
        let tree = Tree::parse(r#"{"é": "one two three"}"#).unwrap();
        let rows = JsonRows::new(&tree, &[], &BTreeMap::new(), 15);
        let found = tree.find_all("TWO");
        assert_eq!((found.len(), tree.at_line_byte(found[0].start)), (1, 1));
        let columns: Vec<_> = (0..rows.len()).map(|at| rows.row(at).unwrap().columns(&tree, &found[0])).collect();
        assert_eq!(columns, [None, None, Some(4..7), None]);
        assert_eq!(rows.row_of(&tree, 1, NodeEdge::Close), 1);
        assert_eq!(rows.row_of(&tree, 0, NodeEdge::Close), 3);
    }

    proptest! {
        #[test]
        fn the_rows_of_a_value_are_the_value(text in whole_json(), columns in 0_usize..60) {
            let rows: String = shown(&text, &[], &[], columns).join("\n");
            let wide = shown(&text, &[], &[], usize::MAX).join("\n");
            if clean_line(&text).as_str() == text {
                let value = serde_json::from_str::<Value>(&text).unwrap();
                prop_assert_eq!(serde_json::from_str::<Value>(&wide).unwrap(), value);
            }
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&rows), bare(&wide));
        }

        #[test]
        fn a_row_fits_its_width(text in whole_json(), columns in 12_usize..60, folds in prop::collection::vec(any::<bool>(), 40)) {
            let folded: Vec<usize> = folds.iter().enumerate().filter(|(_, fold)| **fold).map(|(at, _)| at).collect();
            for row in shown(&text, &folded, &[(0, "a remark of some length")], columns) {
                prop_assert!(width(row.trim_end()) <= columns, "{row:?}");
            }
        }
    }
}
