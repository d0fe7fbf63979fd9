//! From a template to the code that writes the same: what retort's rendering makes of a value decides, and what a program
//! could do otherwise is refused.

use crate::{
    present::program::code::{
        CodeLoop, CodeStep, MessageCode, NumberKind, ProgramVariable, TextCode, ValueCode, owner,
    },
    template::{
        expression::{LoopField, TemplateExpr, Unwritable, unwritable},
        tree::{self, CodePlace, ConditionalBranch, NamedValue, TemplateLoop, TemplateNode, UnwritableCode},
        value_filters::{ListFilter, ValueFilter},
    },
};

/// Loops in each other, at most: Python has no more.
const MOST_LOOPS: usize = 20;

/// What is said of what was rounded: whether it has a fraction is seen where it is written alone.
pub(super) const ROUNDED: &str =
    "a program writes what `round` makes, and does no more with it; `|int` or `|float` behind it can be counted with";

/// What a name of the template stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LocalKind {
    /// A value as it is used.
    Value,
    /// A list that the template makes: so many lists in each other, which is not written as it was given.
    Made(u8),
    /// What was counted.
    Number(NumberKind),
    /// What an input gives, which is read where it is used as a value.
    Given,
    /// What a condition comes to.
    Truth,
}

/// A name of the template where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalName {
    pub(super) name: String,
    pub(super) place: usize,
    pub(super) kind: LocalKind,
}

/// Writes a message's template as code, with the fields that its input must have. Lists what has no place there.
pub(crate) fn message_code(
    template: &str,
    variables: &[ProgramVariable],
    fields: &[String],
) -> Result<MessageCode, Vec<UnwritableCode>> {
    let nodes = tree::nodes(template)?;
    let mut writer = CodeWriter {
        variables,
        message: MessageCode::default(),
        locals: Vec::new(),
        loops: Vec::new(),
        made: 0,
        picked: None,
        used: Vec::new(),
        unbegun: Vec::new(),
        blocks: Vec::new(),
        odd: Vec::new(),
    };
    for field in fields {
        if let Some((place, _)) = owner(variables, field) {
            writer.take(place);
            writer.message.fields.push((place, field.clone()));
        }
    }
    let mut steps = Vec::new();
    writer.scope(&nodes, &mut steps);
    (writer.message.steps, writer.message.loops) = (steps, writer.made);
    writer.message.unread = (0..writer.message.names.len()).filter(|place| !writer.used.contains(place)).collect();
    if writer.odd.is_empty() { Ok(writer.message) } else { Err(writer.odd) }
}

pub(super) struct CodeWriter<'a> {
    pub(super) variables: &'a [ProgramVariable],
    message: MessageCode,
    /// The names that hold, the innermost last.
    pub(super) locals: Vec<LocalName>,
    /// The loops that are open: their numbers, and whether their places and items were asked for.
    pub(super) loops: Vec<(usize, bool, bool)>,
    /// How many loops there were.
    made: usize,
    /// The place of the name of an item that is picked, once there is one.
    picked: Option<usize>,
    /// The places of names that are read.
    pub(super) used: Vec<usize>,
    /// The places of names that are begun where they are first set.
    unbegun: Vec<usize>,
    /// The numbers of the blocks whose text an expression may read, the innermost last.
    pub(super) blocks: Vec<usize>,
    odd: Vec<UnwritableCode>,
}

impl CodeWriter<'_> {
    pub(super) fn take(&mut self, place: usize) {
        if !self.message.takes.contains(&place) {
            self.message.takes.push(place);
            self.message.takes.sort_unstable();
        }
    }

    pub(super) fn read(&mut self, place: usize) {
        self.take(place);
        if !self.message.reads.contains(&place) {
            self.message.reads.push(place);
        }
    }

    /// Makes a name of the template's.
    fn name(&mut self, name: &str, kind: LocalKind) -> usize {
        let place = self.message.names.len();
        self.message.names.push(name.to_owned());
        self.locals.push(LocalName { name: name.to_owned(), place, kind });
        place
    }

    /// Has a name stand for an item of a value that is picked. It is the same for all of a message: none is picked within another.
    pub(super) fn picked_item(&mut self, of: &TemplateExpr, name: &str) -> usize {
        let kind = self.made_items(of).map_or(LocalKind::Value, LocalKind::Made);
        let place = match self.picked {
            Some(place) => {
                self.locals.push(LocalName { name: name.to_owned(), place, kind });
                place
            }
            None => self.name(name, kind),
        };
        self.picked = Some(place);
        place
    }

    pub(super) fn local(&self, name: &str) -> Option<&LocalName> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    /// What a name stands for that is set to this.
    fn kind_of(&self, value: &TemplateExpr) -> LocalKind {
        let both = |one: LocalKind, other: LocalKind| if one == other { one } else { LocalKind::Value };
        if let Some(depth) = self.made_lists(value) {
            return LocalKind::Made(depth);
        }
        if let Some(kind) = self.number_kind(value).filter(|kind| *kind != NumberKind::Whole) {
            return LocalKind::Number(kind);
        }
        match value {
            TemplateExpr::Variable(parts) => match owner(self.variables, &parts.join(".")) {
                Some((_, count)) if count == parts.len() => LocalKind::Given,
                Some(_) | None => LocalKind::Value,
            },
            TemplateExpr::Local(name) => self.local(name).map_or(LocalKind::Value, |local| local.kind),
            // Read, such a text would be something else.
            TemplateExpr::Text(text) if !text.trim_start().starts_with(['[', '{']) => LocalKind::Given,
            TemplateExpr::Group(of) => self.kind_of(of),
            TemplateExpr::And(one, other) | TemplateExpr::Or(one, other) => {
                both(self.kind_of(one), self.kind_of(other))
            }
            TemplateExpr::Choice(one, _, Some(other)) => both(self.kind_of(one), self.kind_of(other)),
            TemplateExpr::Filtered(of, ValueFilter::Default, given) => {
                // Where nothing is named, it is the empty text.
                both(self.kind_of(of), given.first().map_or(LocalKind::Given, |other| self.kind_of(other)))
            }
            TemplateExpr::Truth(_)
            | TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last) => LocalKind::Truth,
            TemplateExpr::Text(_)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Decimal(_)
            | TemplateExpr::Null
            | TemplateExpr::List(_)
            | TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length)
            | TemplateExpr::Item(..)
            | TemplateExpr::Filtered(..)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Sum(..)
            | TemplateExpr::Counted(..)
            | TemplateExpr::Block
            | TemplateExpr::Choice(..) => LocalKind::Value,
        }
    }

    /// How many lists in each other a value is that the template makes; none where it is, or may be, what is given.
    pub(super) fn made_lists(&self, value: &TemplateExpr) -> Option<u8> {
        match value {
            TemplateExpr::List(_) => Some(1),
            TemplateExpr::Local(name) => match self.local(name)?.kind {
                LocalKind::Made(depth) => Some(depth),
                LocalKind::Value | LocalKind::Number(_) | LocalKind::Given | LocalKind::Truth => None,
            },
            TemplateExpr::Group(of) | TemplateExpr::Counted(of, _) => self.made_lists(of),
            TemplateExpr::And(one, other) | TemplateExpr::Or(one, other) => {
                self.made_lists(one).max(self.made_lists(other))
            }
            TemplateExpr::Choice(one, _, other) => {
                self.made_lists(one).max(other.as_deref().and_then(|other| self.made_lists(other)))
            }
            TemplateExpr::Item(of, _) => self.made_items(of),
            TemplateExpr::Filtered(of, filter, given) => match filter {
                ValueFilter::List(ListFilter::Pairs | ListFilter::SortedPairs | ListFilter::Grouped) => Some(2),
                ValueFilter::List(ListFilter::Batches | ListFilter::Slices) => {
                    Some(self.made_lists(of).unwrap_or(1).saturating_add(1))
                }
                ValueFilter::List(
                    ListFilter::Listed
                    | ListFilter::Sorted
                    | ListFilter::Unique
                    | ListFilter::Reversed
                    | ListFilter::Picked(_),
                ) => Some(self.made_lists(of).unwrap_or(1)),
                ValueFilter::List(ListFilter::Mapped | ListFilter::Split) => Some(1),
                ValueFilter::Item(_) => self.made_items(of),
                ValueFilter::Default => self.made_lists(of).max(given.first().and_then(|other| self.made_lists(other))),
                ValueFilter::Text(_) | ValueFilter::Number(_) => None,
            },
            TemplateExpr::Text(_)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Decimal(_)
            | TemplateExpr::Truth(_)
            | TemplateExpr::Null
            | TemplateExpr::Variable(_)
            | TemplateExpr::Loop(_)
            | TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Sum(..)
            | TemplateExpr::Block => None,
        }
    }

    /// How many lists in each other an item of a list is that the template makes.
    fn made_items(&self, of: &TemplateExpr) -> Option<u8> {
        self.made_lists(of).and_then(|depth| depth.checked_sub(1)).filter(|left| *left > 0)
    }

    /// Tells whether what a name is set to may be what an input gives.
    fn reads_given(&self, value: &TemplateExpr) -> bool {
        match value {
            TemplateExpr::Group(of) | TemplateExpr::Filtered(of, ValueFilter::Default, _) => self.reads_given(of),
            TemplateExpr::And(one, other) | TemplateExpr::Or(one, other) => {
                self.reads_given(one) || self.reads_given(other)
            }
            TemplateExpr::Choice(one, _, other) => {
                self.reads_given(one) || other.as_deref().is_some_and(|other| self.reads_given(other))
            }
            // A text that was written out is none.
            TemplateExpr::Text(_) => false,
            other => self.kind_of(other) == LocalKind::Given,
        }
    }

    /// Writes what has names of its own: the template, or what is in a loop.
    fn scope(&mut self, nodes: &[TemplateNode], steps: &mut Vec<CodeStep>) {
        let outside = self.locals.len();
        let mut sets = Vec::new();
        sets_of(nodes, &[], false, &mut sets);
        let mut begun: Vec<&str> = Vec::new();
        for NameSet { place, name, .. } in &sets {
            if begun.contains(name) {
                continue;
            }
            begun.push(name);
            let own: Vec<_> = sets.iter().filter(|set| set.name == *name).collect();
            let kinds: Vec<LocalKind> = own.iter().map(|set| self.kind_of(set.value)).collect();
            let is_one = kinds.windows(2).all(|pair| pair.first() == pair.last());
            let kind = kinds.first().copied().filter(|_| is_one).unwrap_or(LocalKind::Value);
            // Of these it has to be known how they are written.
            let is_odd = |kind: &LocalKind| matches!(kind, LocalKind::Made(_) | LocalKind::Number(_));
            let unlike = !is_one && kinds.iter().any(is_odd);
            let (before, variable) = (self.local(name).cloned(), owner(self.variables, name));
            let first = match (&before, variable) {
                (Some(before), _) => ValueCode::Local(before.place),
                (None, Some((at, 1))) => ValueCode::Parameter(at),
                (None, _) => ValueCode::Missing,
            };
            let mixed = kind != LocalKind::Given && own.iter().any(|set| self.reads_given(set.value));
            // What is set under a condition alone may be what it was before.
            let is_conditional = own.first().is_none_or(|set| set.conditional);
            let observed = is_conditional
                && match (&before, &first) {
                    (Some(before), _) => before.kind != kind,
                    (None, ValueCode::Parameter(_)) => kind != LocalKind::Given,
                    (None, _) => false,
                };
            if mixed || observed || unlike {
                self.mixed(place, name);
            } else if is_conditional && before.is_none() && matches!(kind, LocalKind::Number(_)) {
                let why = Unwritable(format!("`{name}` is counted under a condition alone"));
                self.odd.push(UnwritableCode { place: (*place).clone(), why });
            }
            let place = self.name(name, kind);
            // What is set whatever the values are is not needed before.
            let reads = |expr: &TemplateExpr| matches!(expr, TemplateExpr::Local(read) if read == name);
            let is_set = |set: &&NameSet<'_>| !set.conditional && !tree::any_in(set.block, &reads);
            if before.is_none() && own.first().is_some_and(is_set) {
                self.unbegun.push(place);
            } else {
                match (before, &first) {
                    (Some(before), _) => self.used.push(before.place),
                    (None, ValueCode::Parameter(at)) => self.take(*at),
                    (None, _) => {}
                }
                steps.push(CodeStep::Begin(place, first));
            }
        }
        self.steps(nodes, steps);
        self.locals.truncate(outside);
    }

    fn steps(&mut self, nodes: &[TemplateNode], steps: &mut Vec<CodeStep>) {
        for node in nodes {
            match node {
                TemplateNode::Text(text) => steps.push(CodeStep::Write(TextCode::Quoted(text.clone()))),
                TemplateNode::Output(place, expr) => {
                    let code = self.text(expr).map(CodeStep::Write);
                    self.add(place, code, steps);
                }
                TemplateNode::If { branches, otherwise } => {
                    let mut written = Vec::new();
                    for ConditionalBranch { place, condition, body } in branches {
                        let mut inside = Vec::new();
                        match self.truth(condition) {
                            Ok(truth) => {
                                self.steps(body, &mut inside);
                                written.push((truth, inside));
                            }
                            Err(why) => self.odd.push(UnwritableCode { place: place.clone(), why }),
                        }
                    }
                    let mut inside = Vec::new();
                    self.steps(otherwise, &mut inside);
                    steps.push(CodeStep::If { branches: written, otherwise: inside });
                }
                TemplateNode::For(whole) => {
                    let code = self.loop_code(whole).map(|code| CodeStep::Loop(Box::new(code)));
                    self.add(&whole.place, code, steps);
                }
                TemplateNode::Set { place, name, value } => {
                    let code = self.set(name, value);
                    self.add(place, code, steps);
                }
                TemplateNode::With { names, body } => self.with(names, body, steps),
                TemplateNode::Block { body, then } => {
                    let number = self.message.blocks;
                    self.message.blocks += 1;
                    let mut inside = Vec::new();
                    self.steps(body, &mut inside);
                    steps.push(CodeStep::Block(number, inside));
                    self.blocks.push(number);
                    self.steps(std::slice::from_ref(&**then), steps);
                    self.blocks.pop();
                }
            }
        }
    }

    /// Writes what has names of its own that are given in a tag.
    fn with(&mut self, names: &[NamedValue], body: &[TemplateNode], steps: &mut Vec<CodeStep>) {
        let outside = self.locals.len();
        for NamedValue { place, name, value } in names {
            let kind = self.kind_of(value);
            if kind != LocalKind::Given && self.reads_given(value) {
                self.mixed(place, name);
            }
            match self.of_kind(kind, value) {
                Ok(code) => {
                    let place = self.name(name, kind);
                    steps.push(CodeStep::Begin(place, code));
                }
                Err(why) => self.odd.push(UnwritableCode { place: place.clone(), why }),
            }
        }
        self.scope(body, steps);
        self.locals.truncate(outside);
    }

    /// Refuses a name that stands for what is given and for something else: it would have to be read and not.
    fn mixed(&mut self, place: &CodePlace, name: &str) {
        let why = Unwritable(format!("`{name}` stands for what is given and for something else"));
        self.odd.push(UnwritableCode { place: place.clone(), why });
    }

    fn add(&mut self, place: &CodePlace, code: Result<CodeStep, Unwritable>, steps: &mut Vec<CodeStep>) {
        match code {
            Ok(step) => steps.push(step),
            Err(why) => self.odd.push(UnwritableCode { place: place.clone(), why }),
        }
    }

    fn set(&mut self, name: &str, value: &TemplateExpr) -> Result<CodeStep, Unwritable> {
        let Some(local) = self.local(name).cloned() else { return unwritable(format!("`{name}` is not set here")) };
        // What stands behind is what the name was before.
        let code = self.of_kind(local.kind, value)?;
        let is_new = self.unbegun.contains(&local.place);
        self.unbegun.retain(|place| *place != local.place);
        Ok(if is_new { CodeStep::Begin(local.place, code) } else { CodeStep::Set(local.place, code) })
    }

    /// Writes what a name stands for that is of a kind.
    fn of_kind(&mut self, kind: LocalKind, value: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        match kind {
            LocalKind::Given => self.given(value),
            LocalKind::Value | LocalKind::Made(_) | LocalKind::Truth => self.value(value),
            LocalKind::Number(NumberKind::Rounded) => unwritable(ROUNDED),
            LocalKind::Number(_) => Ok(ValueCode::OfNumber(self.number(value)?)),
        }
    }

    fn loop_code(&mut self, whole: &TemplateLoop) -> Result<CodeLoop, Unwritable> {
        if self.loops.len() >= MOST_LOOPS {
            return unwritable(format!("more than {MOST_LOOPS} loops in each other"));
        }
        let groups = match (&whole.over, whole.names.as_slice()) {
            (TemplateExpr::Filtered(of, ValueFilter::List(ListFilter::Grouped), given), [_, _]) => Some((of, given)),
            (_, _) => None,
        };
        let (over, kinds) = if let Some((of, given)) = groups {
            // A group has the items of a list of its own.
            let group = LocalKind::Made(self.made_items(of).unwrap_or(0).saturating_add(1));
            (self.grouped(of, given)?, vec![LocalKind::Value, group])
        } else {
            // The parts of a pair lie one list deeper.
            let lists = self.made_items(&whole.over).map(|depth| if whole.names.len() > 1 { depth - 1 } else { depth });
            let item = lists.filter(|depth| *depth > 0).map_or(LocalKind::Value, LocalKind::Made);
            (self.value(&whole.over)?, vec![item; whole.names.len()])
        };
        let outside = self.locals.len();
        let names: Vec<usize> = whole.names.iter().zip(kinds).map(|(name, kind)| self.name(name, kind)).collect();
        let only = whole.only.as_ref().map(|only| self.truth(only)).transpose();
        let number = self.made;
        self.made += 1;
        self.loops.push((number, false, false));
        // What the condition reads are the items as they are picked.
        self.used.retain(|place| !names.contains(place));
        let mut body = Vec::new();
        self.scope(&whole.body, &mut body);
        let (_, is_counted, asked) = self.loops.pop().unwrap_or((number, false, false));
        self.locals.truncate(outside);
        let mut otherwise = Vec::new();
        self.scope(&whole.otherwise, &mut otherwise);
        let only = only?;
        let is_kept = asked || only.is_some() || !otherwise.is_empty();
        Ok(CodeLoop { number, names, over, only, is_counted, is_kept, body, otherwise })
    }
}

/// Where a name is set.
struct NameSet<'a> {
    place: &'a CodePlace,
    name: &'a str,
    value: &'a TemplateExpr,
    /// The block that its value is made of; empty where that is none.
    block: &'a [TemplateNode],
    /// Whether it is set under a condition.
    conditional: bool,
}

/// Lists what is set outside of loops and of tags that have names of their own, to what these enclose if they are blocks.
fn sets_of<'a>(nodes: &'a [TemplateNode], block: &'a [TemplateNode], conditional: bool, found: &mut Vec<NameSet<'a>>) {
    for node in nodes {
        match node {
            TemplateNode::Set { place, name, value } => {
                found.push(NameSet { place, name, value, block, conditional });
            }
            TemplateNode::If { branches, otherwise } => {
                for branch in branches {
                    sets_of(&branch.body, &[], true, found);
                }
                sets_of(otherwise, &[], true, found);
            }
            TemplateNode::Block { body, then } => {
                sets_of(body, &[], conditional, found);
                sets_of(std::slice::from_ref(&**then), body, conditional, found);
            }
            TemplateNode::Text(_) | TemplateNode::Output(..) | TemplateNode::For(_) | TemplateNode::With { .. } => {}
        }
    }
}
