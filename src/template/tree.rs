//! A template as a tree that can be written in another language: texts with the white space that is left of them, outputs,
//! conditions, loops, names and blocks. What has no place in it is listed, each with its line.

use crate::template::{
    expression::{ExprReader, TemplateExpr, Unwritable, place_key, unwritable},
    is_alone,
    pieces::{TemplatePiece, inner, pieces},
    tokens::{TemplateTokenKind, tokens},
    without_indent,
};

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateNode {
    Text(String),
    Output(CodePlace, TemplateExpr),
    If {
        branches: Vec<ConditionalBranch>,
        otherwise: Vec<Self>,
    },
    For(Box<TemplateLoop>),
    Set {
        place: CodePlace,
        name: String,
        value: TemplateExpr,
    },
    /// Names that hold for what stands in the tag alone, each given after those before it.
    With {
        names: Vec<NamedValue>,
        body: Vec<Self>,
    },
    /// What the tags of a block enclose, and what is done with it: it is written or given a name.
    Block {
        body: Vec<Self>,
        then: Box<Self>,
    },
}

/// A name and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedValue {
    pub place: CodePlace,
    pub name: String,
    pub value: TemplateExpr,
}

/// What stands under a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConditionalBranch {
    pub place: CodePlace,
    pub condition: TemplateExpr,
    pub body: Vec<TemplateNode>,
}

/// What stands between `{% for … %}` and `{% endfor %}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TemplateLoop {
    pub place: CodePlace,
    /// One name for the items, or two for the names and values of an object.
    pub names: Vec<String>,
    pub over: TemplateExpr,
    /// What holds for the items that are taken.
    pub only: Option<TemplateExpr>,
    pub body: Vec<TemplateNode>,
    /// What is written where there are no items.
    pub otherwise: Vec<TemplateNode>,
}

/// Where a tag or an expression stands, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodePlace {
    /// The line, counted from 1.
    pub line: usize,
    pub written: String,
}

/// A part of a template that has no place in a tree, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnwritableCode {
    pub place: CodePlace,
    pub why: Unwritable,
}

/// A tag that waits for its end.
struct OpenTag {
    tag: Tag,
    /// The names it gives to what is in it.
    names: Vec<String>,
    nodes: Vec<TemplateNode>,
}

enum Tag {
    /// The template as a whole.
    Whole,
    If {
        branches: Vec<ConditionalBranch>,
        now: Option<(CodePlace, TemplateExpr)>,
    },
    For(Box<TemplateLoop>),
    /// In the part of a loop for no items.
    ForElse(Box<TemplateLoop>),
    With(Vec<NamedValue>),
    /// A block, with what is done with it: nothing is where that was not understood.
    Block(Option<Box<TemplateNode>>),
}

/// Reads a template as a tree. Of one that makes no sense the tree is empty.
pub(crate) fn nodes(template: &str) -> Result<Vec<TemplateNode>, Vec<UnwritableCode>> {
    let Ok(found) = pieces(template) else { return Ok(Vec::new()) };
    let mut reader = TreeReader {
        template,
        open: vec![OpenTag { tag: Tag::Whole, names: Vec::new(), nodes: Vec::new() }],
        odd: Vec::new(),
    };
    for (at, piece) in found.all.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| found.all.get(before));
        reader.piece(before, piece, found.all.get(at + 1));
    }
    let nodes = reader.open.into_iter().next().map(|whole| whole.nodes).unwrap_or_default();
    if reader.odd.is_empty() { Ok(nodes) } else { Err(reader.odd) }
}

/// Tells whether a template holds anything but texts, plain variables and comments.
pub(crate) fn has_code(template: &str) -> bool {
    let is_code = |piece: &TemplatePiece<'_>| matches!(piece, TemplatePiece::Output { .. } | TemplatePiece::Tag { .. });
    pieces(template).is_ok_and(|found| found.all.iter().any(is_code))
}

/// The mark for white space at the end of what stands before a text, and at the beginning of what stands behind it.
fn trims(piece: Option<&TemplatePiece<'_>>, at_end: bool) -> bool {
    match piece {
        Some(
            TemplatePiece::Output { written, .. }
            | TemplatePiece::Tag { written, .. }
            | TemplatePiece::Silent { written, .. },
        ) => {
            let place = if at_end { written.len().saturating_sub(3) } else { 2 };
            written.as_bytes().get(place) == Some(&b'-')
        }
        Some(TemplatePiece::Text { .. } | TemplatePiece::Variable { .. }) | None => false,
    }
}

struct TreeReader<'a> {
    template: &'a str,
    open: Vec<OpenTag>,
    odd: Vec<UnwritableCode>,
}

impl TreeReader<'_> {
    fn piece(
        &mut self,
        before: Option<&TemplatePiece<'_>>,
        piece: &TemplatePiece<'_>,
        after: Option<&TemplatePiece<'_>>,
    ) {
        let alone = |piece: Option<&TemplatePiece<'_>>| piece.is_some_and(|piece| is_alone(self.template, piece));
        match *piece {
            TemplatePiece::Text { text, .. } => {
                let text = if alone(after) { without_indent(text) } else { text };
                let skipped = if alone(before) { text.find('\n').map_or(text.len(), |end| end + 1) } else { 0 };
                let text = text.get(skipped..).unwrap_or_default();
                let text = if trims(before, true) { text.trim_start() } else { text };
                let text = if trims(after, false) { text.trim_end() } else { text };
                self.text(text);
            }
            TemplatePiece::Variable { at, name } => {
                let place = self.place(at, format!("{{{{ {name} }}}}"));
                let parts: Vec<String> = name.split('.').map(str::to_owned).collect();
                match self.plain(parts) {
                    Ok(read) => self.push(TemplateNode::Output(place, read)),
                    Err(why) => self.odd.push(UnwritableCode { place, why }),
                }
            }
            TemplatePiece::Output { at, written } => {
                let place = self.place(at, written.to_owned());
                let is_local = |name: &str| is_given(&self.open, name);
                let mut reader = ExprReader::new(inner(written), &is_local);
                match reader.whole().and_then(|read| reader.end().map(|()| read)) {
                    Ok(read) => self.push(TemplateNode::Output(place, read)),
                    Err(why) => self.odd.push(UnwritableCode { place, why }),
                }
            }
            TemplatePiece::Tag { at, word, written } => {
                let place = self.place(at, written.to_owned());
                if let Err(why) = self.tag(&place, word, written) {
                    self.odd.push(UnwritableCode { place, why });
                }
            }
            TemplatePiece::Silent { .. } => {}
        }
    }

    fn place(&self, at: usize, written: String) -> CodePlace {
        CodePlace { line: 1 + self.template.get(..at).unwrap_or_default().matches('\n').count(), written }
    }

    /// Reads a plain variable, or what is read of a name that the template gives.
    fn plain(&self, parts: Vec<String>) -> Result<TemplateExpr, Unwritable> {
        match parts.split_first() {
            Some((root, rest)) if is_given(&self.open, root) => {
                if root == "loop" {
                    let text = parts.join(".");
                    return ExprReader::new(&text, &|name| name == "loop").whole();
                }
                rest.iter().try_fold(TemplateExpr::Local(root.clone()), |of, part| {
                    let is_place = part.bytes().all(|byte| byte.is_ascii_digit());
                    let key = if is_place { place_key(part)? } else { TemplateExpr::Text(part.clone()) };
                    Ok(TemplateExpr::Item(Box::new(of), Box::new(key)))
                })
            }
            _ => Ok(TemplateExpr::Variable(parts)),
        }
    }

    fn push(&mut self, node: TemplateNode) {
        if let Some(tag) = self.open.last_mut() {
            tag.nodes.push(node);
        }
    }

    fn text(&mut self, text: &str) {
        let Some(tag) = self.open.last_mut().filter(|_| !text.is_empty()) else { return };
        match tag.nodes.last_mut() {
            Some(TemplateNode::Text(before)) => before.push_str(text),
            Some(_) | None => tag.nodes.push(TemplateNode::Text(text.to_owned())),
        }
    }

    fn tag(&mut self, place: &CodePlace, word: &str, written: &str) -> Result<(), Unwritable> {
        let open = |tag: Tag, names: Vec<String>| OpenTag { tag, names, nodes: Vec::new() };
        match word {
            "if" => {
                // It is open even if it is not understood, so that its end finds it.
                self.open.push(open(Tag::If { branches: Vec::new(), now: None }, Vec::new()));
                let condition = self.condition(written)?;
                self.now(place, condition);
            }
            "elif" | "elseif" => {
                self.end_branch();
                let condition = self.condition(written)?;
                self.now(place, condition);
            }
            "else" => self.otherwise(),
            "endif" => {
                self.end_branch();
                if let Some(OpenTag { tag: Tag::If { branches, .. }, nodes, .. }) = self.open.pop() {
                    self.push(TemplateNode::If { branches, otherwise: nodes });
                }
            }
            "for" => {
                let read = self.loop_of(place, written);
                let (tag, odd) = match read {
                    Ok(read) => (read, Ok(())),
                    Err(why) => (unread_loop(place), Err(why)),
                };
                let names = tag.names.iter().cloned().chain(["loop".to_owned()]).collect();
                self.open.push(open(Tag::For(Box::new(tag)), names));
                return odd;
            }
            "endfor" => {
                let node = match self.open.pop() {
                    Some(OpenTag { tag: Tag::For(whole), nodes, .. }) => TemplateLoop { body: nodes, ..*whole },
                    Some(OpenTag { tag: Tag::ForElse(whole), nodes, .. }) => {
                        TemplateLoop { otherwise: nodes, ..*whole }
                    }
                    Some(OpenTag { tag: Tag::Whole | Tag::If { .. } | Tag::With(_) | Tag::Block(_), .. }) | None => {
                        return Ok(());
                    }
                };
                self.push(TemplateNode::For(Box::new(node)));
            }
            "set" => return self.set(place, written),
            "with" => {
                self.open.push(open(Tag::With(Vec::new()), Vec::new()));
                return self.with(place, written);
            }
            "endwith" => {
                if let Some(OpenTag { tag: Tag::With(names), nodes, .. }) = self.open.pop() {
                    self.push(TemplateNode::With { names, body: nodes });
                }
            }
            "filter" => {
                let is_local = |name: &str| is_given(&self.open, name);
                let mut reader = ExprReader::new(inner(written), &is_local);
                reader.take_word("filter");
                let read = reader.block_filters().and_then(|read| reader.end().map(|()| read));
                let (then, odd) = match read {
                    Ok(read) => (Some(Box::new(TemplateNode::Output(place.clone(), read))), Ok(())),
                    Err(why) => (None, Err(why)),
                };
                self.open.push(open(Tag::Block(then), Vec::new()));
                return odd;
            }
            "endfilter" | "endset" => {
                if let Some(OpenTag { tag: Tag::Block(Some(then)), nodes, .. }) = self.open.pop() {
                    self.push(TemplateNode::Block { body: nodes, then });
                }
            }
            _ => return unwritable(format!("a program has no tag `{word}`")),
        }
        Ok(())
    }

    fn condition(&self, written: &str) -> Result<TemplateExpr, Unwritable> {
        let is_local = |name: &str| is_given(&self.open, name);
        let mut reader = ExprReader::new(inner(written), &is_local);
        let _word = reader.take_word("if") || reader.take_word("elif") || reader.take_word("elseif");
        let condition = reader.or()?;
        reader.end()?;
        Ok(condition)
    }

    fn now(&mut self, place: &CodePlace, condition: TemplateExpr) {
        if let Some(OpenTag { tag: Tag::If { now, .. }, .. }) = self.open.last_mut() {
            *now = Some((place.clone(), condition));
        }
    }

    /// Ends what stands under the condition before this.
    fn end_branch(&mut self) {
        if let Some(OpenTag { tag: Tag::If { branches, now }, nodes, .. }) = self.open.last_mut()
            && let Some((place, condition)) = now.take()
        {
            branches.push(ConditionalBranch { place, condition, body: std::mem::take(nodes) });
        }
    }

    fn otherwise(&mut self) {
        self.end_branch();
        if let Some(open) = self.open.last_mut()
            && let Tag::For(whole) = &mut open.tag
        {
            // What a loop does without items knows none of its names.
            open.names.clear();
            let mut whole =
                std::mem::replace(&mut **whole, unread_loop(&CodePlace { line: 0, written: String::new() }));
            whole.body = std::mem::take(&mut open.nodes);
            open.tag = Tag::ForElse(Box::new(whole));
        }
    }

    fn loop_of(&self, place: &CodePlace, written: &str) -> Result<TemplateLoop, Unwritable> {
        let outside = |name: &str| is_given(&self.open, name);
        let mut reader = ExprReader::new(inner(written), &outside);
        reader.take_word("for");
        let mut names = vec![reader.name()?];
        while reader.take_sign(",") {
            names.push(reader.name()?);
        }
        if names.len() > 2 || names.iter().any(|name| name == "loop") {
            return unwritable("a program has one or two names in a loop");
        }
        if !reader.take_word("in") {
            return unwritable("`in` is missing");
        }
        let over = reader.or()?;
        if let Some(name) = names.iter().find(|name| mentions(&over, name)) {
            return unwritable(format!("`{name}` is what the loop runs over and its item"));
        }
        if !matches!(
            over,
            TemplateExpr::Variable(_)
                | TemplateExpr::Local(_)
                | TemplateExpr::Item(..)
                | TemplateExpr::Filtered(..)
                | TemplateExpr::List(_)
        ) {
            return unwritable("a program loops over a value, a list or what a filter makes");
        }
        // The condition is asked before the loop counts.
        let inside = |name: &str| name != "loop" && (names.iter().any(|own| own == name) || outside(name));
        let only = if reader.take_word("if") {
            let mut rest = reader.rest(&inside);
            let only = rest.whole()?;
            rest.end()?;
            Some(only)
        } else {
            reader.end()?;
            None
        };
        if only.as_ref().is_some_and(|only| mentions(only, "loop")) {
            return unwritable("`loop` in the condition of a loop");
        }
        Ok(TemplateLoop { names, over, only, ..unread_loop(place) })
    }

    fn set(&mut self, place: &CodePlace, written: &str) -> Result<(), Unwritable> {
        let outside = |name: &str| is_given(&self.open, name);
        let mut reader = ExprReader::new(inner(written), &outside);
        reader.take_word("set");
        let name = reader.name();
        let is_block = !written_sign(inner(written), "=");
        let set = name.and_then(|name| {
            if name == "loop" || is_block == reader.take_sign("=") {
                return unwritable("a program sets one name to one value");
            }
            let value = match is_block {
                true if reader.take_sign("|") => reader.block_filters()?,
                true => TemplateExpr::Block,
                false => reader.whole()?,
            };
            reader.end()?;
            if !outside(&name) && reads_inside(&value, &name) {
                return unwritable(format!("a field of `{name}`, which it sets"));
            }
            Ok((name, value))
        });
        let (node, odd) = match set {
            Ok((name, value)) => {
                // What a block sets is set outside of it as well.
                let is_scope = |open: &&mut OpenTag| !matches!(open.tag, Tag::If { .. } | Tag::Block(_));
                if let Some(scope) = self.open.iter_mut().rev().find(is_scope) {
                    scope.names.push(name.clone());
                }
                (Some(TemplateNode::Set { place: place.clone(), name, value }), Ok(()))
            }
            Err(why) => (None, Err(why)),
        };
        if is_block {
            self.open.push(OpenTag { tag: Tag::Block(node.map(Box::new)), names: Vec::new(), nodes: Vec::new() });
        } else if let Some(node) = node {
            self.push(node);
        }
        odd
    }

    /// Reads the names of the tag that was just opened.
    fn with(&mut self, place: &CodePlace, written: &str) -> Result<(), Unwritable> {
        let mut given: Vec<NamedValue> = Vec::new();
        let outside = |name: &str| is_given(&self.open, name);
        let mut reader = ExprReader::new(inner(written), &outside);
        reader.take_word("with");
        loop {
            let inside = |name: &str| given.iter().any(|own| own.name == name) || outside(name);
            let mut own = reader.rest(&inside);
            let name = own.name()?;
            if name == "loop" || !own.take_sign("=") {
                return unwritable("a program has names and their values in `with`");
            }
            let value = own.whole()?;
            if !inside(&name) && reads_inside(&value, &name) {
                return unwritable(format!("a field of `{name}`, which it gives"));
            }
            let (ends, at) = (!own.take_sign(","), own.place());
            if ends {
                own.end()?;
            }
            given.push(NamedValue { place: place.clone(), name, value });
            if ends {
                break;
            }
            reader.go_to(at);
        }
        if let Some(tag) = self.open.last_mut() {
            tag.names = given.iter().map(|own| own.name.clone()).collect();
            tag.tag = Tag::With(given);
        }
        Ok(())
    }
}

/// Tells whether a tag has a sign in it, other than in a text.
fn written_sign(inside: &str, sign: &str) -> bool {
    tokens(inside).iter().any(|token| token.kind == TemplateTokenKind::Sign && token.text == sign)
}

/// Tells whether the template gives a name itself.
fn is_given(open: &[OpenTag], name: &str) -> bool {
    open.iter().any(|tag| tag.names.iter().any(|given| given == name))
}

fn unread_loop(place: &CodePlace) -> TemplateLoop {
    let (names, over) = (Vec::new(), TemplateExpr::Null);
    TemplateLoop { place: place.clone(), names, over, only: None, body: Vec::new(), otherwise: Vec::new() }
}

/// Tells whether an expression reads a variable of a name, or what is in it.
fn mentions(expr: &TemplateExpr, name: &str) -> bool {
    any(expr, &|expr| matches!(expr, TemplateExpr::Variable(parts) if parts.first().is_some_and(|root| root == name)))
}

/// Tells whether an expression reads what is in the variable of a name.
fn reads_inside(expr: &TemplateExpr, name: &str) -> bool {
    any(
        expr,
        &|expr| matches!(expr, TemplateExpr::Variable(parts) if parts.len() > 1 && parts.first().is_some_and(|root| root == name)),
    )
}

/// Tells whether something holds for an expression of some parts of a template.
pub(crate) fn any_in(nodes: &[TemplateNode], holds: &dyn Fn(&TemplateExpr) -> bool) -> bool {
    nodes.iter().any(|node| match node {
        TemplateNode::Text(_) => false,
        TemplateNode::Output(_, expr) => any(expr, holds),
        TemplateNode::If { branches, otherwise } => {
            branches.iter().any(|branch| any(&branch.condition, holds) || any_in(&branch.body, holds))
                || any_in(otherwise, holds)
        }
        TemplateNode::For(whole) => {
            any(&whole.over, holds)
                || whole.only.as_ref().is_some_and(|only| any(only, holds))
                || any_in(&whole.body, holds)
                || any_in(&whole.otherwise, holds)
        }
        TemplateNode::Set { value, .. } => any(value, holds),
        TemplateNode::With { names, body } => names.iter().any(|own| any(&own.value, holds)) || any_in(body, holds),
        TemplateNode::Block { body, then } => any_in(body, holds) || any_in(std::slice::from_ref(&**then), holds),
    })
}

/// Tells whether something holds for an expression or for one in it.
pub(crate) fn any(expr: &TemplateExpr, holds: &dyn Fn(&TemplateExpr) -> bool) -> bool {
    let inside = |inner: &TemplateExpr| any(inner, holds);
    holds(expr)
        || match expr {
            TemplateExpr::Text(_)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Decimal(_)
            | TemplateExpr::Truth(_)
            | TemplateExpr::Null
            | TemplateExpr::Variable(_)
            | TemplateExpr::Local(_)
            | TemplateExpr::Loop(_)
            | TemplateExpr::Block => false,
            TemplateExpr::List(items) | TemplateExpr::Joined(items) => items.iter().any(inside),
            TemplateExpr::Group(of)
            | TemplateExpr::Not(of)
            | TemplateExpr::Is(of, _)
            | TemplateExpr::Counted(of, _) => inside(of),
            TemplateExpr::Item(one, other)
            | TemplateExpr::And(one, other)
            | TemplateExpr::Or(one, other)
            | TemplateExpr::Compare(one, _, other)
            | TemplateExpr::Sum(one, _, other)
            | TemplateExpr::In(one, other) => inside(one) || inside(other),
            TemplateExpr::Filtered(of, _, given) => inside(of) || given.iter().any(inside),
            TemplateExpr::Choice(one, condition, other) => {
                inside(one) || inside(condition) || other.as_deref().is_some_and(inside)
            }
        }
}
