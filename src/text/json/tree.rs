//! One whole JSON value as it was written: its nodes in order, and where each stands in the text; a string or a number is
//! what RFC 8259 (sections 6 and 7) says.

use std::ops::Range;

use crate::text::{
    clean_line,
    json::lex::{Lexer, TokenKind},
    search::find_all,
};

/// Tells whether a token with its quotation marks is a string.
pub(crate) fn is_string(token: &str) -> bool {
    let Some(inner) = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return false;
    };
    let mut bytes = inner.bytes();
    while let Some(byte) = bytes.next() {
        let holds = match byte {
            b'\\' => match bytes.next() {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
                Some(b'u') => (0..4).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
                _ => false,
            },
            b'"' => false,
            byte => byte >= b' ',
        };
        if !holds {
            return false;
        }
    }
    true
}

/// Tells whether a token is a number.
pub(crate) fn is_number(token: &str) -> bool {
    let rest = token.strip_prefix('-').unwrap_or(token);
    let (whole, rest) = digits(rest);
    if whole == 0 || (whole > 1 && token.trim_start_matches('-').starts_with('0')) {
        return false;
    }
    let rest = match rest.strip_prefix('.').map(digits) {
        Some((0, _)) => return false,
        Some((_, rest)) => rest,
        None => rest,
    };
    match rest.strip_prefix(['e', 'E']) {
        Some(power) => {
            let (power, rest) = digits(power.strip_prefix(['+', '-']).unwrap_or(power));
            power > 0 && rest.is_empty()
        }
        None => rest.is_empty(),
    }
}

/// Counts the digits a text begins with, and returns what follows.
fn digits(text: &str) -> (usize, &str) {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    (text.len() - rest.len(), rest)
}

/// Returns what a string says, its escapes resolved; what stands between its marks where half a
/// surrogate pair says nothing.
pub(crate) fn unescaped(token: &str) -> String {
    serde_json::from_str(token).unwrap_or_else(|_| token.trim_matches('"').to_owned())
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NodeShape {
    /// Members with names.
    Object,
    /// Items without.
    Array,
    /// A text.
    String,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

/// Why a text is not one JSON value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at byte {at}")]
pub struct JsonSyntaxError {
    /// Where it breaks, in bytes.
    pub at: usize,
    /// What is wrong, in words.
    pub problem: &'static str,
}

/// A JSON value as it was written. Nodes are counted from 0 in the order of the text: the value
/// itself first, each member or item before its own.
#[derive(Debug, Clone)]
pub struct Tree {
    text: String,
    nodes: Vec<Node>,
    /// The first line of every node, cleaned, one below the other.
    shown: String,
}

#[derive(Debug, Clone)]
struct Node {
    shape: NodeShape,
    depth: usize,
    parent: Option<usize>,
    /// Members or items of its own.
    children: usize,
    /// The first node behind it and all its own.
    behind: usize,
    /// The name's token, empty where it has none.
    name: Range<usize>,
    value: Range<usize>,
    /// Its line in `shown`, and how much of that is the name.
    line: Range<usize>,
    name_shown: usize,
}

/// Bytes of a text for each node, about: so much room is made for them at once.
const TYPICAL: usize = 16;

impl Tree {
    /// Reads a text that is one JSON value (RFC 8259), at most 128 levels deep, and nothing else.
    pub fn parse(text: &str) -> Result<Self, JsonSyntaxError> {
        let mut tree = Self {
            text: text.to_owned(),
            nodes: Vec::with_capacity(text.len() / TYPICAL),
            shown: String::with_capacity(text.len()),
        };
        let (mut open, mut name) = (Vec::new(), 0..0);
        for token in Lexer::alone().tokens(text) {
            let words = text.get(token.bytes.clone()).unwrap_or_default();
            let broken = |problem| Err(JsonSyntaxError { at: token.bytes.start, problem });
            let shape = match (token.kind, words) {
                (TokenKind::Blank, _) | (TokenKind::Mark, "," | ":") => continue,
                (TokenKind::Mark, "{") => NodeShape::Object,
                (TokenKind::Mark, "[") => NodeShape::Array,
                (TokenKind::Mark, closing) => {
                    tree.close(&mut open, closing, token.bytes.end);
                    continue;
                }
                (TokenKind::Name | TokenKind::String, words) if !is_string(words) => {
                    return broken("a string is not well formed");
                }
                (TokenKind::Name, _) => {
                    name = token.bytes;
                    continue;
                }
                (TokenKind::String, _) => NodeShape::String,
                (TokenKind::Number, words) if is_number(words) => NodeShape::Number,
                (TokenKind::Number, _) => return broken("a number is not well formed"),
                (TokenKind::Word, "true" | "false" | "null") => NodeShape::Word,
                (TokenKind::Word | TokenKind::Wrong | TokenKind::Prose, _) => return broken("this cannot stand here"),
            };
            tree.add(&mut open, shape, std::mem::replace(&mut name, 0..0), token.bytes);
        }
        if tree.nodes.is_empty() || !open.is_empty() {
            return Err(JsonSyntaxError { at: text.len(), problem: "the text ends inside the JSON" });
        }
        Ok(tree)
    }

    fn add(&mut self, open: &mut Vec<usize>, shape: NodeShape, name: Range<usize>, value: Range<usize>) {
        if !self.nodes.is_empty() {
            self.shown.push('\n');
        }
        let (at, start) = (self.nodes.len(), self.shown.len());
        if !name.is_empty() {
            show(self.text.get(name.clone()).unwrap_or_default(), &mut self.shown);
        }
        let name_shown = self.shown.len() - start;
        if name_shown > 0 {
            self.shown.push_str(": ");
        }
        show(self.text.get(value.clone()).unwrap_or_default(), &mut self.shown);
        let parent = open.last().copied();
        if let Some(parent) = parent.and_then(|parent| self.nodes.get_mut(parent)) {
            parent.children += 1;
        }
        let line = start..self.shown.len();
        let depth = open.len();
        self.nodes.push(Node { shape, depth, parent, children: 0, behind: at + 1, name, value, line, name_shown });
        if matches!(shape, NodeShape::Object | NodeShape::Array) {
            open.push(at);
        }
    }

    fn close(&mut self, open: &mut Vec<usize>, closing: &str, end: usize) {
        let behind = self.nodes.len();
        if let Some(node) = open.pop().and_then(|at| self.nodes.get_mut(at)) {
            node.value.end = end;
            node.behind = behind;
            if node.children == 0 {
                self.shown.push_str(closing);
                node.line.end = self.shown.len();
            }
        }
    }

    /// Counts the nodes; there is at least one.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "there is always a node")]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns what a node is.
    #[must_use]
    pub fn shape(&self, node: usize) -> Option<NodeShape> {
        self.nodes.get(node).map(|node| node.shape)
    }

    /// Counts the levels above a node.
    #[must_use]
    pub fn depth(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.depth)
    }

    /// Returns the object or array that holds a node.
    #[must_use]
    pub fn parent(&self, node: usize) -> Option<usize> {
        self.nodes.get(node)?.parent
    }

    /// Returns the nodes that a node holds, in their order.
    pub fn children(&self, node: usize) -> impl Iterator<Item = usize> {
        let end = self.behind(node);
        let mut next = node + 1;
        std::iter::from_fn(move || {
            let child = next;
            next = self.behind(child);
            (child < end).then_some(child)
        })
    }

    /// Counts the nodes that a node holds itself.
    #[must_use]
    pub fn count(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.children)
    }

    /// Returns the first node behind a node and everything in it.
    #[must_use]
    pub fn behind(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(self.nodes.len(), |node| node.behind)
    }

    /// Returns a member's name, its escapes resolved.
    #[must_use]
    pub fn name(&self, node: usize) -> Option<String> {
        let node = self.nodes.get(node).filter(|node| !node.name.is_empty())?;
        self.text.get(node.name.clone()).map(unescaped)
    }

    /// Returns a node's value exactly as it was written.
    #[must_use]
    pub fn raw(&self, node: usize) -> &str {
        self.nodes.get(node).and_then(|node| self.text.get(node.value.clone())).unwrap_or_default()
    }

    /// Returns the innermost node that stands at a byte of the text; the value itself outside of any.
    #[must_use]
    pub fn at_byte(&self, byte: usize) -> usize {
        let starts = |node: &Node| if node.name.is_empty() { node.value.start } else { node.name.start };
        self.nodes.partition_point(|node| starts(node) <= byte).saturating_sub(1)
    }

    /// Returns the JSON pointer (RFC 6901) of a node.
    #[must_use]
    pub fn pointer(&self, node: usize) -> String {
        let mut steps = Vec::new();
        let mut at = node;
        while let Some(parent) = self.parent(at) {
            let step = self
                .name(at)
                .unwrap_or_else(|| self.children(parent).position(|child| child == at).unwrap_or_default().to_string());
            steps.push(step.replace('~', "~0").replace('/', "~1"));
            at = parent;
        }
        steps.iter().rev().fold(String::new(), |pointer, step| pointer + "/" + step)
    }

    /// Returns the node that a JSON pointer leads to, of repeated names the last; else the nearest
    /// node on the way there, and false.
    #[must_use]
    pub fn find(&self, pointer: &str) -> (usize, bool) {
        let mut at = 0;
        for step in pointer.split('/').skip(1) {
            let step = step.replace("~1", "/").replace("~0", "~");
            let child = match self.shape(at) {
                Some(NodeShape::Object) => {
                    self.children(at).filter(|child| self.name(*child).as_ref() == Some(&step)).last()
                }
                Some(NodeShape::Array) => step.parse().ok().and_then(|index| self.children(at).nth(index)),
                _ => None,
            };
            match child {
                Some(child) => at = child,
                None => return (at, false),
            }
        }
        (at, true)
    }

    /// Returns the line that shows a node, or opens it. It is cleaned and has no line break, no
    /// indentation and no comma.
    #[must_use]
    pub fn line(&self, node: usize) -> &str {
        self.shown.get(self.line_bytes(node)).unwrap_or_default()
    }

    /// Returns where a node's line stands in what [`Tree::find_all`] searches.
    #[must_use]
    pub fn line_bytes(&self, node: usize) -> Range<usize> {
        self.nodes.get(node).map_or(0..0, |node| node.line.clone())
    }

    /// Counts the bytes of a node's line that are the name.
    pub(crate) fn name_shown(&self, node: usize) -> usize {
        self.nodes.get(node).map_or(0, |node| node.name_shown)
    }

    /// Finds a text in the lines of all nodes, without overlaps and without regard to case. Returns
    /// byte ranges of the lines one below the other.
    #[must_use]
    pub fn find_all(&self, needle: &str) -> Vec<Range<usize>> {
        find_all(&self.shown, needle, true)
    }

    /// Returns the node whose line holds a byte of the lines one below the other.
    #[must_use]
    pub fn at_line_byte(&self, byte: usize) -> usize {
        self.nodes.partition_point(|node| node.line.start <= byte).saturating_sub(1)
    }

    /// Tells whether a node is followed by another one of the same parent.
    #[must_use]
    pub fn goes_on(&self, node: usize) -> bool {
        self.parent(node).is_some_and(|parent| self.behind(node) < self.behind(parent))
    }
}

/// Appends a token to what is shown; cleaning what is plain would change nothing but the time it takes.
fn show(token: &str, shown: &mut String) {
    if token.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        shown.push_str(token);
    } else {
        shown.push_str(&clean_line(token));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::Value;

    use super::*;
    use crate::text::hostile::{json_like, whole_json};

    #[test]
    fn numbers_and_strings_are_those_of_the_standard() {
        for good in ["0", "-0", "10", "1.0", "0.05", "1e5", "1E+05", "-1.5e-3"] {
            assert!(is_number(good), "{good}");
        }
        for bad in ["", "-", "01", "--1", "1.", ".5", "1e", "1e+", "1.5.2", "1-2", "00"] {
            assert!(!is_number(bad), "{bad}");
        }
        for good in [r#""""#, r#""a\"\\\/\b\u00Af""#, "\"\u{7f}é\""] {
            assert!(is_string(good), "{good}");
        }
        for bad in ["\"", "\"a", "a\"", r#""\x""#, r#""\u00g0""#, r#""\u00""#, "\"\u{1}\"", r#""a\""#] {
            assert!(!is_string(bad), "{bad}");
        }
        assert_eq!(unescaped(r#""a\u00e9\n""#), "aé\n");
        assert_eq!(unescaped(r#""\ud83d""#), r"\ud83d");
    }
    const SAMPLE: &str = r#" {"a": [1.0, {"b~/": "x\ny"}, []], "dup": 1e5, "dup": {} } "#;

    #[test]
    fn nodes_stand_in_the_order_of_the_text() {
        let tree = Tree::parse(SAMPLE).unwrap();
        let shown: Vec<_> = (0..tree.len()).map(|at| (tree.pointer(at), tree.depth(at), tree.line(at))).collect();
        let shown: Vec<_> = shown.iter().map(|(pointer, depth, line)| (pointer.as_str(), *depth, *line)).collect();
        assert_eq!(
            shown,
            [
                ("", 0, "{"),
                ("/a", 1, "\"a\": ["),
                ("/a/0", 2, "1.0"),
                ("/a/1", 2, "{"),
                ("/a/1/b~0~1", 3, r#""b~/": "x\ny""#),
                ("/a/2", 2, "[]"),
                ("/dup", 1, "\"dup\": 1e5"),
                ("/dup", 1, "\"dup\": {}"),
            ]
        );
        assert_eq!(tree.raw(1), r#"[1.0, {"b~/": "x\ny"}, []]"#);
        assert_eq!((tree.raw(6), tree.raw(7)), ("1e5", "{}"));
        assert_eq!(tree.children(1).collect::<Vec<_>>(), [2, 3, 5]);
        assert_eq!((0..8).filter(|at| tree.goes_on(*at)).collect::<Vec<_>>(), [1, 2, 3, 6]);
        assert_eq!(tree.at_byte(SAMPLE.find('x').unwrap()), 4);
    }

    #[test]
    fn a_pointer_leads_to_its_node_or_near_it() {
        let tree = Tree::parse(SAMPLE).unwrap();
        for (pointer, node, exact) in [
            ("", 0, true),
            ("/a/1/b~0~1", 4, true),
            ("/dup", 7, true),
            ("/a/7", 1, false),
            ("/gone/x", 0, false),
            ("/dup/x", 7, false),
            ("/a/0/x", 2, false),
        ] {
            assert_eq!(tree.find(pointer), (node, exact), "{pointer}");
        }
    }

    #[test]
    fn a_broken_text_says_where() {
        for (text, at) in [
            ("", 0),
            ("{\"a\": 1", 7),
            ("{\"a\": tru", 6),
            ("{\"a\": 01}", 6),
            ("{\"a\": \"\\x\"}", 6),
            ("{\"a\": \"b", 6),
            ("{\"a\": 1,}", 8),
            ("[1] 2", 4),
            ("\u{feff}1", 0),
        ] {
            assert_eq!(Tree::parse(text).unwrap_err().at, at, "{text}");
        }
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_shown() {
        let tree = Tree::parse("{\"a\u{9b}31mb\": \"\u{202e}x\u{2028}y\"}").unwrap();
        assert_eq!(tree.line(1), "\"ab\": \"␦x y\"");
        assert_eq!(tree.raw(1), "\"\u{202e}x\u{2028}y\"");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_is_json_is_read(text in json_like()) {
            let read = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(Tree::parse(&text).is_ok(), read, "{:?}", Tree::parse(&text));
        }

        #[test]
        fn every_node_is_the_value_at_its_pointer(text in whole_json()) {
            let (tree, value) = (Tree::parse(&text).unwrap(), serde_json::from_str::<Value>(&text).unwrap());
            for node in 0..tree.len() {
                let pointer = tree.pointer(node);
                if tree.find(&pointer) == (node, true) {
                    let own: Value = serde_json::from_str(tree.raw(node)).unwrap();
                    prop_assert_eq!(Some(&own), value.pointer(&pointer));
                }
            }
        }
    }
}
