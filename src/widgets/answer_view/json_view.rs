//! A window on an answer's JSON: what is folded, which line the keys act on, and what failed a check beside its node.

use std::{collections::BTreeMap, ops::Range};

use crate::{
    eval::{FoundJson as Stands, FoundJson},
    model::Quality,
    text::{
        clean_line,
        json::{JsonRow, JsonRows, NodeEdge, NodeNote, NodeShape, RowPiece, Tree},
    },
    widgets::answer_view::SearchHits,
};

/// Lines up to which nothing is folded from the start.
const SHORT: usize = 200;

/// Items from which an array of a long answer starts folded.
const MANY: usize = 20;

/// Levels below which everything of a long answer starts folded.
const DEEP: usize = 4;

/// An answer's JSON and the part of it that is seen.
#[derive(Debug, Clone)]
pub struct JsonView {
    tree: Tree,
    /// Which nodes are folded, by node.
    folded: Vec<bool>,
    notes: BTreeMap<usize, Vec<NodeNote>>,
    rows: JsonRows,
    width: usize,
    height: usize,
    top: usize,
    /// The line the keys act on.
    cursor: (usize, NodeEdge),
    found: Option<SearchHits>,
}

impl JsonView {
    /// Opens a window on the beginning of a tree. Long arrays and deep levels of a long one start
    /// folded, but never what failed a check.
    #[must_use]
    pub fn new(tree: Tree, stands: &Stands, quality: Option<&Quality>) -> Self {
        let notes = notes(&tree, stands, quality);
        let long = tree.len() > SHORT;
        let starts_folded = |node: &usize| {
            let (items, depth) = (tree.count(*node), tree.depth(*node));
            long && items > 0
                && depth > 0
                && (depth >= DEEP || items > MANY && tree.shape(*node) == Some(NodeShape::Array))
        };
        let folded = (0..tree.len()).map(|node| starts_folded(&node)).collect();
        let mut view = Self {
            tree,
            folded,
            notes,
            rows: JsonRows::default(),
            width: 0,
            height: 0,
            top: 0,
            cursor: (0, NodeEdge::Open),
            found: None,
        };
        for node in view.failed() {
            view.open_around(node);
        }
        view
    }

    /// Returns the JSON.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Counts the rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Returns the first row that is seen.
    #[must_use]
    pub fn top(&self) -> usize {
        self.top
    }

    /// Returns the number of rows below the window.
    #[must_use]
    pub fn below(&self) -> usize {
        self.rows().saturating_sub(self.top + self.height)
    }

    /// Returns the rows that are seen.
    pub fn seen(&self) -> impl Iterator<Item = &JsonRow> {
        (self.top..self.top + self.height).map_while(|row| self.rows.row(row))
    }

    /// Returns the text of a row piece by piece.
    #[must_use]
    pub fn pieces(&self, row: &JsonRow) -> Vec<RowPiece<'_>> {
        row.pieces(&self.tree, &self.folded, &self.notes)
    }

    /// Returns the remark that a row shows.
    #[must_use]
    pub fn note(&self, row: &JsonRow) -> Option<&NodeNote> {
        self.notes.get(&row.node)?.get(row.note?)
    }

    /// Tells whether the keys act on a row's line.
    #[must_use]
    pub fn is_cursor(&self, row: &JsonRow) -> bool {
        (row.node, row.side) == self.cursor
    }

    /// Tells whether a row begins the line of something that failed a check, or hides such a thing.
    #[must_use]
    pub fn is_failed(&self, row: &JsonRow) -> bool {
        let hides = self.folded.get(row.node).copied().unwrap_or_default();
        let end = if hides { self.tree.behind(row.node) } else { row.node + 1 };
        let wrong = |notes: &Vec<NodeNote>| notes.iter().any(|note| note.wrong);
        row.side == NodeEdge::Open
            && !row.alone
            && !row.continued()
            && self.notes.range(row.node..end).any(|(_, notes)| wrong(notes))
    }

    /// Returns the columns of a row that show what was searched, and whether it is the present hit.
    pub fn hits(&self, row: &JsonRow) -> impl Iterator<Item = (Range<usize>, bool)> {
        let line = self.tree.line_bytes(row.node);
        let hits = self.found.as_ref().map_or(&[][..], |found| found.hits.as_slice());
        let present = self.found.as_ref().map(|found| found.at);
        let first = hits.partition_point(|hit| hit.end <= line.start);
        let own = hits.iter().enumerate().skip(first).take_while(|(_, hit)| hit.start < line.end);
        let columns = own.filter_map(|(at, hit)| Some((row.columns(&self.tree, hit)?, present == Some(at))));
        columns.collect::<Vec<_>>().into_iter()
    }

    /// Returns what was searched, if anything.
    #[must_use]
    pub fn found(&self) -> Option<&SearchHits> {
        self.found.as_ref()
    }

    /// Returns the value under the cursor: its JSON pointer, and its text as the model wrote it.
    #[must_use]
    pub fn value_at_cursor(&self) -> (String, &str) {
        (self.tree.pointer(self.cursor.0), self.tree.raw(self.cursor.0))
    }

    /// Gives the window a size, before drawing.
    pub fn fit(&mut self, width: u16, height: u16) {
        let width = usize::from(width).max(1);
        self.height = usize::from(height);
        if self.rows.is_empty() || self.width != width {
            self.width = width;
            self.lay();
        }
        self.top = self.top.min(self.last_top());
    }

    /// Cuts the rows anew; the window stays on its first line.
    fn lay(&mut self) {
        if self.width == 0 {
            return;
        }
        let first = self.rows.row(self.top).map(|row| (row.node, row.side));
        self.rows = JsonRows::new(&self.tree, &self.folded, &self.notes, self.width);
        if let Some((node, side)) = first {
            self.top = self.rows.row_of(&self.tree, node, side).min(self.last_top());
        }
    }

    fn last_top(&self) -> usize {
        self.rows().saturating_sub(self.height)
    }

    /// Returns the rows of the cursor's line.
    fn own_rows(&self) -> Range<usize> {
        let start = self.rows.row_of(&self.tree, self.cursor.0, self.cursor.1);
        let own = (start..self.rows()).take_while(|row| self.rows.row(*row).is_some_and(|row| self.is_cursor(row)));
        start..start + own.count().max(1)
    }

    fn put_cursor(&mut self, row: usize) {
        if let Some(row) = self.rows.row(row) {
            self.cursor = (row.node, row.side);
        }
    }

    /// Moves the cursor a line up or down; within a line that is longer than the window, the window.
    pub fn step(&mut self, down: bool) {
        let own = self.own_rows();
        let bottom = self.top + self.height;
        if down && own.end > bottom && own.start < bottom {
            self.top = (self.top + 1).min(self.last_top());
        } else if !down && own.start < self.top && own.end > self.top {
            self.top -= 1;
        } else {
            self.put_cursor(if down { own.end } else { own.start.saturating_sub(1) });
            self.show_cursor(0);
        }
    }

    /// Brings the cursor into sight, so many rows below the window's top if it was out of it.
    fn show_cursor(&mut self, below: usize) {
        let own = self.own_rows();
        let bottom = self.top + self.height;
        if own.start < self.top || (below > 0 && own.start >= bottom) {
            self.top = own.start.saturating_sub(below);
        } else if own.end > bottom {
            self.top = own.end.saturating_sub(self.height).min(own.start);
        }
        self.top = self.top.min(self.last_top());
    }

    /// Moves the window; the cursor stays in it.
    pub fn scroll(&mut self, by: isize) {
        self.place(self.top.saturating_add_signed(by));
    }

    /// Puts the window's top on a row; the cursor stays in the window.
    pub fn place(&mut self, top: usize) {
        self.top = top.min(self.last_top());
        let own = self.own_rows();
        let last = (self.top + self.height).min(self.rows()).saturating_sub(1);
        if own.end <= self.top {
            self.put_cursor(self.top);
        } else if own.start > last {
            self.put_cursor(last);
        }
    }

    /// Returns the JSON pointer of the value that the first row in sight shows.
    #[must_use]
    pub fn top_path(&self) -> String {
        self.rows.row(self.top).map(|row| self.tree.pointer(row.node)).unwrap_or_default()
    }

    /// Puts the value a JSON pointer leads to on the first row, or the nearest one on the way there.
    pub fn align(&mut self, pointer: &str) {
        self.place(self.rows.row_of(&self.tree, self.tree.find(pointer).0, NodeEdge::Open));
    }

    /// Moves the window and the cursor by a share of the window's height.
    pub fn page(&mut self, down: bool, parts: usize) {
        let by = (self.height / parts.max(1)).max(1);
        let row = self.own_rows().start;
        let (top, row) = if down {
            (self.top + by, (row + by).min(self.rows().saturating_sub(1)))
        } else {
            (self.top.saturating_sub(by), row.saturating_sub(by))
        };
        self.put_cursor(row);
        self.place(top);
    }

    /// Goes to the first line.
    pub fn to_top(&mut self) {
        self.put_cursor(0);
        self.place(0);
    }

    /// Goes to the last line.
    pub fn to_end(&mut self) {
        self.put_cursor(self.rows().saturating_sub(1));
        self.place(self.last_top());
    }

    /// Goes to a node and opens what hides it.
    pub fn go_to(&mut self, node: usize) {
        self.open_around(node);
        self.lay();
        self.cursor = (node, NodeEdge::Open);
        self.show_cursor(self.height / 3);
    }

    /// Opens everything that a node is in.
    fn open_around(&mut self, node: usize) {
        let mut at = self.tree.parent(node);
        while let Some(around) = at {
            if let Some(folded) = self.folded.get_mut(around) {
                *folded = false;
            }
            at = self.tree.parent(around);
        }
    }

    /// Folds or opens what the cursor is on; a value that holds nothing folds what it is in, unless
    /// that is all there is.
    pub fn toggle_fold(&mut self) {
        let node = self.cursor.0;
        let own = (self.tree.count(node) > 0).then_some(node);
        let Some(node) = own.or_else(|| self.tree.parent(node).filter(|around| *around > 0)) else {
            return;
        };
        if let Some(folded) = self.folded.get_mut(node) {
            *folded = !*folded;
        }
        self.cursor = (node, NodeEdge::Open);
        self.lay();
        self.show_cursor(0);
    }

    /// Folds or opens the node under the cursor; on the first line all of it.
    pub fn fold_or_all(&mut self) {
        if self.cursor.0 > 0 {
            self.toggle_fold();
        } else {
            self.fold_all(!self.folded.contains(&true));
        }
    }

    /// Folds everything but the value itself, or opens everything.
    pub fn fold_all(&mut self, fold: bool) {
        for (node, folded) in self.folded.iter_mut().enumerate() {
            *folded = fold && node > 0 && self.tree.count(node) > 0;
        }
        let mut seen = self.cursor.0;
        while let Some(around) = self.tree.parent(seen).filter(|around| fold && *around > 0) {
            seen = around;
        }
        if seen != self.cursor.0 || fold && seen > 0 {
            self.cursor = (seen, NodeEdge::Open);
        }
        self.lay();
        self.show_cursor(0);
    }

    /// Puts the cursor on a row, counted from the window's top; a second time folds or opens it.
    pub fn click(&mut self, row: usize) {
        let before = self.cursor;
        self.put_cursor(self.top + row);
        if self.cursor == before {
            self.toggle_fold();
        }
    }

    /// Returns the nodes that failed a check, in the order of the text.
    fn failed(&self) -> Vec<usize> {
        let wrong = |(_, notes): &(&usize, &Vec<NodeNote>)| notes.iter().any(|note| note.wrong);
        self.notes.iter().filter(wrong).map(|(node, _)| *node).collect()
    }

    /// Goes to the next node that failed a check or the one before, round the end. Tells whether there is one.
    pub fn step_failed(&mut self, forward: bool) -> bool {
        let failed = self.failed();
        let next = if forward {
            failed.iter().find(|node| **node > self.cursor.0).or(failed.first())
        } else {
            failed.iter().rfind(|node| **node < self.cursor.0).or(failed.last())
        };
        if let Some(node) = next {
            self.go_to(*node);
        }
        next.is_some()
    }

    /// Searches a text without regard to case, also in what is folded, and goes to the first hit
    /// from the cursor on. An empty text ends the search.
    pub fn search(&mut self, query: &str) {
        if query.is_empty() {
            self.found = None;
            return;
        }
        let hits = self.tree.find_all(query);
        let from = self.tree.line_bytes(self.cursor.0).start;
        let at = hits.iter().position(|hit| hit.start >= from).unwrap_or(0);
        self.found = Some(SearchHits { query: query.to_owned(), hits, at });
        self.show_hit();
    }

    /// Goes to the next hit or the one before, round the end.
    pub fn next_hit(&mut self, forward: bool) {
        if let Some(found) = &mut self.found {
            found.step(forward);
            self.show_hit();
        }
    }

    fn show_hit(&mut self) {
        if let Some(hit) = self.found.as_ref().and_then(|found| found.hits.get(found.at)) {
            self.go_to(self.tree.at_line_byte(hit.start));
        }
    }
}

/// Puts each broken rule where it is broken, and at the beginning how the JSON stood in the answer.
pub(crate) fn notes(tree: &Tree, stands: &FoundJson, quality: Option<&Quality>) -> BTreeMap<usize, Vec<NodeNote>> {
    let mut notes: BTreeMap<usize, Vec<NodeNote>> = BTreeMap::new();
    let mut note = |node: usize, wrong: bool, text: &str| {
        let text = clean_line(text);
        let own = notes.entry(node).or_default();
        if own.iter().all(|known| known.text != text) {
            own.push(NodeNote { wrong, text });
        }
    };
    let place = match stands {
        FoundJson::Whole => None,
        FoundJson::Fenced { before, after } if before.is_empty() && after.is_empty() => Some("in a Markdown fence"),
        FoundJson::Fenced { .. } => Some("in a Markdown fence, with text around it"),
        FoundJson::Embedded { .. } => Some("in the middle of other text"),
    };
    if let Some(place) = place {
        note(0, false, place);
    }
    for verdict in quality.into_iter().flat_map(Quality::failures) {
        if let Some(at) = &verdict.at {
            let words = verdict.reason.strip_prefix(&format!("{at}: ")).unwrap_or(&verdict.reason);
            note(tree.find(at).0, true, words);
        }
    }
    notes
}
