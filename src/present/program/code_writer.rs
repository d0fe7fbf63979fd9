//! From a template to the code that writes the same: what retort's rendering makes of a value decides, and what a program
//! could do otherwise is refused.

use crate::{
    present::program::code::{
        CodeLoop, CodeStep, MessageCode, NumberCode, ProgramVariable, TextCode, TruthCode, ValueCode, owner,
    },
    template::{
        expression::{
            LoopField, TemplateExpr, Unwritable, ValueComparison, ValueFilter, ValueTest, place_key, unwritable,
        },
        tree::{self, ConditionalBranch, TemplateLoop, TemplateNode, UnwritableCode},
    },
};

/// Loops in each other, at most: Python has no more.
const MOST_LOOPS: usize = 20;

/// What a name of the template stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LocalKind {
    /// A value as it is used.
    Value,
    /// What an input gives, which is read where it is used as a value.
    Given,
    /// What a condition comes to.
    Truth,
}

/// A name of the template where it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
struct LocalName {
    name: String,
    place: usize,
    kind: LocalKind,
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
    if writer.odd.is_empty() { Ok(writer.message) } else { Err(writer.odd) }
}

struct CodeWriter<'a> {
    variables: &'a [ProgramVariable],
    message: MessageCode,
    /// The names that hold, the innermost last.
    locals: Vec<LocalName>,
    /// The loops that are open: their numbers, and whether their places and items were asked for.
    loops: Vec<(usize, bool, bool)>,
    /// How many loops there were.
    made: usize,
    odd: Vec<UnwritableCode>,
}

impl CodeWriter<'_> {
    fn take(&mut self, place: usize) {
        if !self.message.takes.contains(&place) {
            self.message.takes.push(place);
            self.message.takes.sort_unstable();
        }
    }

    fn read(&mut self, place: usize) {
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

    fn local(&self, name: &str) -> Option<&LocalName> {
        self.locals.iter().rev().find(|local| local.name == name)
    }

    /// What a name stands for that is set to this.
    fn kind_of(&self, value: &TemplateExpr) -> LocalKind {
        let both = |one: LocalKind, other: LocalKind| if one == other { one } else { LocalKind::Value };
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
            | TemplateExpr::Choice(..) => LocalKind::Value,
        }
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
        sets_of(nodes, false, &mut sets);
        let mut begun: Vec<&str> = Vec::new();
        for (place, name, _, _) in &sets {
            if begun.contains(name) {
                continue;
            }
            begun.push(name);
            let own: Vec<_> = sets.iter().filter(|(_, other, ..)| other == name).collect();
            let kinds = own.iter().map(|(_, _, value, _)| self.kind_of(value));
            let kind = kinds.reduce(|one, other| if one == other { one } else { LocalKind::Value });
            let kind = kind.unwrap_or(LocalKind::Value);
            let (before, variable) = (self.local(name).cloned(), owner(self.variables, name));
            let first = match (&before, variable) {
                (Some(before), _) => ValueCode::Local(before.place),
                (None, Some((at, 1))) => ValueCode::Parameter(at),
                (None, _) => ValueCode::Missing,
            };
            let mixed = kind != LocalKind::Given && own.iter().any(|(_, _, value, _)| self.reads_given(value));
            // What is set under a condition alone may be what it was before.
            let observed = own.first().is_none_or(|(.., conditional)| *conditional)
                && match (&before, &first) {
                    (Some(before), _) => before.kind != kind,
                    (None, ValueCode::Parameter(_)) => kind != LocalKind::Given,
                    (None, _) => false,
                };
            if mixed || observed {
                self.odd.push(UnwritableCode {
                    place: (*place).clone(),
                    why: Unwritable(format!("`{name}` stands for what is given and for something else")),
                });
            }
            if let ValueCode::Parameter(at) = first {
                self.take(at);
            }
            let place = self.name(name, kind);
            steps.push(CodeStep::Begin(place, first));
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
            }
        }
    }

    fn add(&mut self, place: &tree::CodePlace, code: Result<CodeStep, Unwritable>, steps: &mut Vec<CodeStep>) {
        match code {
            Ok(step) => steps.push(step),
            Err(why) => self.odd.push(UnwritableCode { place: place.clone(), why }),
        }
    }

    fn set(&mut self, name: &str, value: &TemplateExpr) -> Result<CodeStep, Unwritable> {
        let Some(local) = self.local(name).cloned() else { return unwritable(format!("`{name}` is not set here")) };
        // What stands behind is what the name was before.
        let code = match local.kind {
            LocalKind::Given => self.given(value)?,
            LocalKind::Value | LocalKind::Truth => self.value(value)?,
        };
        Ok(CodeStep::Set(local.place, code))
    }

    fn loop_code(&mut self, whole: &TemplateLoop) -> Result<CodeLoop, Unwritable> {
        if self.loops.len() >= MOST_LOOPS {
            return unwritable(format!("more than {MOST_LOOPS} loops in each other"));
        }
        let over = self.value(&whole.over)?;
        let outside = self.locals.len();
        let names: Vec<usize> = whole.names.iter().map(|name| self.name(name, LocalKind::Value)).collect();
        let only = whole.only.as_ref().map(|only| self.truth(only)).transpose();
        let number = self.made;
        self.made += 1;
        self.loops.push((number, false, false));
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

    /// Writes an expression as what stands for it in a prompt.
    fn text(&mut self, expr: &TemplateExpr) -> Result<TextCode, Unwritable> {
        Ok(match expr {
            TemplateExpr::Null => TextCode::Quoted(String::new()),
            TemplateExpr::Truth(truth) => TextCode::Quoted(truth.to_string()),
            TemplateExpr::Choice(one, condition, other) => {
                let other = match other {
                    Some(other) => self.text(other)?,
                    None => TextCode::Quoted(String::new()),
                };
                TextCode::Choice(Box::new(self.truth(condition)?), Box::new(self.text(one)?), Box::new(other))
            }
            TemplateExpr::Not(_) | TemplateExpr::Compare(..) | TemplateExpr::In(..) | TemplateExpr::Is(..) => {
                TextCode::OfTruth(Box::new(self.truth(expr)?))
            }
            TemplateExpr::Loop(LoopField::First | LoopField::Last) => TextCode::OfTruth(Box::new(self.truth(expr)?)),
            TemplateExpr::Group(of) => self.text(of)?,
            TemplateExpr::And(..) | TemplateExpr::Or(..) | TemplateExpr::Filtered(_, ValueFilter::Default, _) => {
                self.chosen_text(expr, Self::text)?
            }
            TemplateExpr::Variable(_) | TemplateExpr::Local(_) => match self.given(expr)? {
                ValueCode::Parameter(place) if self.is_text(place) => TextCode::Parameter(place),
                given => TextCode::Of(given),
            },
            TemplateExpr::List(_) => return unwritable("a program does not write a list as a text"),
            TemplateExpr::Item(..) | TemplateExpr::Filtered(_, ValueFilter::First | ValueFilter::Last, _) => {
                TextCode::Of(self.value(expr)?)
            }
            TemplateExpr::Text(_)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Decimal(_)
            | TemplateExpr::Loop(_)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Filtered(..) => self.spelled(expr)?,
        })
    }

    /// Writes an expression as filters and `~` take it for a text.
    fn spelled(&mut self, expr: &TemplateExpr) -> Result<TextCode, Unwritable> {
        let boxed = |code: Result<TextCode, Unwritable>| code.map(Box::new);
        Ok(match expr {
            TemplateExpr::Text(text) => TextCode::Quoted(text.clone()),
            TemplateExpr::Whole(number) => TextCode::Quoted(number.to_string()),
            TemplateExpr::Decimal(number) => {
                return unwritable(format!("a program does not write the number {number}"));
            }
            TemplateExpr::Null | TemplateExpr::Truth(_) => return unwritable("a program takes no constant for a text"),
            TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last) => {
                return unwritable("a program takes nothing that is true or not for a text");
            }
            TemplateExpr::List(_) => return unwritable("a program does not write a list as a text"),
            TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length) => {
                TextCode::OfNumber(self.number(expr)?)
            }
            TemplateExpr::Group(of) => self.spelled(of)?,
            TemplateExpr::Variable(_) | TemplateExpr::Local(_) => match self.given(expr)? {
                ValueCode::Parameter(place) if self.is_text(place) => TextCode::Parameter(place),
                ValueCode::Local(place) if self.is_truth(place) => {
                    return unwritable("a program takes nothing that is true or not for a text");
                }
                given => TextCode::Spelled(given),
            },
            TemplateExpr::Item(..) => TextCode::Spelled(self.value(expr)?),
            TemplateExpr::And(..) | TemplateExpr::Or(..) => self.chosen_text(expr, Self::spelled)?,
            TemplateExpr::Choice(one, condition, other) => {
                let Some(other) = other else { return unwritable("a program has no `if` without `else` here") };
                let condition = Box::new(self.truth(condition)?);
                TextCode::Choice(condition, boxed(self.spelled(one))?, boxed(self.spelled(other))?)
            }
            TemplateExpr::Joined(parts) => {
                TextCode::Joined(parts.iter().map(|part| self.spelled(part)).collect::<Result<_, _>>()?)
            }
            TemplateExpr::Filtered(of, filter, given) => match (filter, given.as_slice()) {
                (ValueFilter::Upper, _) => TextCode::Upper(boxed(self.spelled(of))?),
                (ValueFilter::Lower, _) => TextCode::Lower(boxed(self.spelled(of))?),
                (ValueFilter::Trim, _) => TextCode::Trim(boxed(self.spelled(of))?),
                (ValueFilter::Replace, [one, other]) => {
                    let of = boxed(self.spelled(of))?;
                    TextCode::Replace(of, boxed(self.spelled(one))?, boxed(self.spelled(other))?)
                }
                (ValueFilter::Replace, _) => return unwritable("`replace` takes two texts"),
                (ValueFilter::Join, between) => {
                    let of = self.value(of)?;
                    let between = between.first().map_or(Ok(TextCode::Quoted(String::new())), |one| self.spelled(one));
                    TextCode::Join(of, boxed(between)?)
                }
                (ValueFilter::Json, _) => TextCode::Json(self.value(of)?),
                (ValueFilter::Length, _) => TextCode::OfNumber(self.number(expr)?),
                (ValueFilter::First | ValueFilter::Last, _) => TextCode::Spelled(self.value(expr)?),
                (ValueFilter::Default, _) => self.chosen_text(expr, Self::spelled)?,
            },
        })
    }

    /// Writes `and`, `or` and `default` as the choice that they are.
    fn chosen_text(
        &mut self,
        expr: &TemplateExpr,
        write: impl Fn(&mut Self, &TemplateExpr) -> Result<TextCode, Unwritable>,
    ) -> Result<TextCode, Unwritable> {
        let (condition, one, other) = self.choice(expr)?;
        Ok(TextCode::Choice(Box::new(condition), Box::new(write(self, &one)?), Box::new(write(self, &other)?)))
    }

    /// Returns the condition of `and`, `or` and `default`, what is taken where it holds, and what is where it does not.
    fn choice(&mut self, expr: &TemplateExpr) -> Result<(TruthCode, TemplateExpr, TemplateExpr), Unwritable> {
        match expr {
            TemplateExpr::And(one, other) => Ok((self.truth(one)?, (**other).clone(), (**one).clone())),
            TemplateExpr::Or(one, other) => Ok((self.truth(one)?, (**one).clone(), (**other).clone())),
            TemplateExpr::Filtered(of, ValueFilter::Default, given) => {
                let other = given.first().cloned().unwrap_or_else(|| TemplateExpr::Text(String::new()));
                let condition = match given.get(1) {
                    None | Some(TemplateExpr::Truth(false)) => {
                        self.truth(&TemplateExpr::Is(of.clone(), ValueTest::Defined))?
                    }
                    Some(TemplateExpr::Truth(true)) => self.truth(of)?,
                    Some(_) => return unwritable("`default` takes true or false beside a value"),
                };
                Ok((condition, (**of).clone(), other))
            }
            _ => unwritable("a choice of values"),
        }
    }

    fn is_text(&self, place: usize) -> bool {
        self.variables.get(place).is_some_and(|variable| !variable.is_value && !variable.is_optional)
    }

    fn is_truth(&self, place: usize) -> bool {
        self.locals.iter().any(|local| local.place == place && local.kind == LocalKind::Truth)
    }

    fn truth(&mut self, expr: &TemplateExpr) -> Result<TruthCode, Unwritable> {
        Ok(match expr {
            TemplateExpr::Truth(truth) => TruthCode::Constant(*truth),
            TemplateExpr::Null => TruthCode::Constant(false),
            TemplateExpr::Group(of) => self.truth(of)?,
            TemplateExpr::Not(of) => TruthCode::Not(Box::new(self.truth(of)?)),
            TemplateExpr::And(one, other) => TruthCode::And(Box::new(self.truth(one)?), Box::new(self.truth(other)?)),
            TemplateExpr::Or(one, other) => TruthCode::Or(Box::new(self.truth(one)?), Box::new(self.truth(other)?)),
            TemplateExpr::Compare(one, how, other) => self.compared(one, *how, other)?,
            TemplateExpr::In(one, other) => {
                if [one, other].into_iter().any(|side| matches!(**side, TemplateExpr::Truth(_))) {
                    return unwritable("a program has no true or false beside `in`");
                }
                TruthCode::Contains(self.value(other)?, self.value(one)?)
            }
            TemplateExpr::Is(of, test) => match test {
                ValueTest::Defined | ValueTest::Undefined => TruthCode::Is(self.given(of)?, *test),
                ValueTest::Number => TruthCode::Is(self.there(of)?, *test),
                ValueTest::Null | ValueTest::Text | ValueTest::List | ValueTest::Object => {
                    TruthCode::Is(self.value(of)?, *test)
                }
            },
            TemplateExpr::Loop(field @ (LoopField::First | LoopField::Last)) => {
                let number = self.in_loop(*field)?;
                if *field == LoopField::First { TruthCode::First(number) } else { TruthCode::Last(number) }
            }
            TemplateExpr::Loop(_) | TemplateExpr::Whole(_) | TemplateExpr::Filtered(_, ValueFilter::Length, _) => {
                TruthCode::Numbers(self.number(expr)?, ValueComparison::Unequal, NumberCode::Literal("0".to_owned()))
            }
            TemplateExpr::Text(text) => TruthCode::Constant(!text.is_empty()),
            TemplateExpr::Decimal(_) | TemplateExpr::List(_) => {
                return unwritable("a program has no condition that is always the same");
            }
            TemplateExpr::Joined(_)
            | TemplateExpr::Filtered(
                _,
                ValueFilter::Upper
                | ValueFilter::Lower
                | ValueFilter::Trim
                | ValueFilter::Replace
                | ValueFilter::Join
                | ValueFilter::Json,
                _,
            ) => TruthCode::Filled(self.spelled(expr)?),
            TemplateExpr::Variable(_)
            | TemplateExpr::Local(_)
            | TemplateExpr::Item(..)
            | TemplateExpr::Choice(..)
            | TemplateExpr::Filtered(_, ValueFilter::First | ValueFilter::Last | ValueFilter::Default, _) => {
                TruthCode::Holds(self.value(expr)?)
            }
        })
    }

    fn compared(
        &mut self,
        one: &TemplateExpr,
        how: ValueComparison,
        other: &TemplateExpr,
    ) -> Result<TruthCode, Unwritable> {
        let is_number = |expr: &TemplateExpr| {
            matches!(
                expr,
                TemplateExpr::Whole(_)
                    | TemplateExpr::Decimal(_)
                    | TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length)
                    | TemplateExpr::Filtered(_, ValueFilter::Length, _)
            )
        };
        // A text of digits is a number beside one that is written out.
        let is_written = |expr: &TemplateExpr| matches!(expr, TemplateExpr::Whole(_) | TemplateExpr::Decimal(_));
        let equal = matches!(how, ValueComparison::Equal | ValueComparison::Unequal);
        let negated = |truth: TruthCode| {
            if how == ValueComparison::Unequal { TruthCode::Not(Box::new(truth)) } else { truth }
        };
        match (is_number(one), is_number(other)) {
            (true, true) => Ok(TruthCode::Numbers(self.number(one)?, how, self.number(other)?)),
            (false, true) if equal && is_written(other) => {
                Ok(negated(TruthCode::Worth(self.there(one)?, self.number(other)?)))
            }
            (true, false) if equal && is_written(one) => {
                Ok(negated(TruthCode::Worth(self.there(other)?, self.number(one)?)))
            }
            (false, true) if !equal && is_written(other) => {
                Ok(TruthCode::Ordered(self.there(one)?, how, self.number(other)?))
            }
            (true, false) if !equal && is_written(one) => {
                Ok(TruthCode::Ordered(self.there(other)?, how.mirrored(), self.number(one)?))
            }
            (false, false) if equal => match (one, other) {
                (TemplateExpr::Text(_), TemplateExpr::Text(_)) => {
                    Ok(negated(TruthCode::SameText(self.spelled(one)?, self.spelled(other)?)))
                }
                (TemplateExpr::List(_), _) | (_, TemplateExpr::List(_)) => {
                    unwritable(format!("a program has no list beside `{}`", how.sign()))
                }
                (TemplateExpr::Text(_), _) | (_, TemplateExpr::Text(_)) => {
                    Ok(negated(TruthCode::Same(self.found(one)?, self.found(other)?)))
                }
                _ => Ok(negated(TruthCode::Same(self.there(one)?, self.there(other)?))),
            },
            _ if equal => Ok(negated(TruthCode::Same(self.there(one)?, self.there(other)?))),
            _ => unwritable(format!("a program has `{}` beside a number that is written out alone", how.sign())),
        }
    }

    fn in_loop(&mut self, field: LoopField) -> Result<usize, Unwritable> {
        let Some((number, is_counted, is_kept)) = self.loops.last_mut() else {
            return unwritable("`loop` outside of a loop");
        };
        *is_counted |= field != LoopField::Length;
        *is_kept |= matches!(field, LoopField::Last | LoopField::Length);
        Ok(*number)
    }

    fn number(&mut self, expr: &TemplateExpr) -> Result<NumberCode, Unwritable> {
        Ok(match expr {
            TemplateExpr::Whole(number) => NumberCode::Literal(number.to_string()),
            TemplateExpr::Decimal(number) => NumberCode::Literal(number.clone()),
            TemplateExpr::Loop(field @ LoopField::Index) => NumberCode::Index(self.in_loop(*field)?, 1),
            TemplateExpr::Loop(field @ LoopField::Index0) => NumberCode::Index(self.in_loop(*field)?, 0),
            TemplateExpr::Loop(field @ LoopField::Length) => NumberCode::LoopLength(self.in_loop(*field)?),
            TemplateExpr::Filtered(of, ValueFilter::Length, _) => NumberCode::Length(Box::new(self.value(of)?)),
            _ => return unwritable("a number that is not understood"),
        })
    }

    /// Writes an expression as a value that is what was given, where it is that.
    fn given(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        match expr {
            TemplateExpr::Group(of) => self.given(of),
            TemplateExpr::Variable(parts) => {
                let name = parts.join(".");
                match owner(self.variables, &name) {
                    Some((place, count)) if count == parts.len() => {
                        self.take(place);
                        Ok(ValueCode::Parameter(place))
                    }
                    Some(_) => self.value(expr),
                    None => unwritable(format!("`{name}`, which is no variable of the prompt")),
                }
            }
            TemplateExpr::Local(name) => {
                let local = self.local(name).cloned();
                match (local, owner(self.variables, name)) {
                    (Some(local), _) => Ok(ValueCode::Local(local.place)),
                    // It is set further on, or elsewhere.
                    (None, Some((place, 1))) => {
                        self.take(place);
                        Ok(ValueCode::Parameter(place))
                    }
                    (None, _) => Ok(ValueCode::Missing),
                }
            }
            TemplateExpr::And(..) | TemplateExpr::Or(..) | TemplateExpr::Filtered(_, ValueFilter::Default, _) => {
                let (condition, one, other) = self.choice(expr)?;
                let (one, other) = (self.given(&one)?, self.given(&other)?);
                Ok(ValueCode::Choice(Box::new(condition), Box::new(one), Box::new(other)))
            }
            TemplateExpr::Choice(one, condition, Some(other)) => {
                let condition = self.truth(condition)?;
                let (one, other) = (self.given(one)?, self.given(other)?);
                Ok(ValueCode::Choice(Box::new(condition), Box::new(one), Box::new(other)))
            }
            _ => self.value(expr),
        }
    }

    /// Writes an expression as a value that is looked up in another only if it is there. A variable may be missing.
    fn found(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        let value = self.value(expr)?;
        Ok(if is_looked_up(&value) { ValueCode::Given(Box::new(value)) } else { value })
    }

    /// Writes an expression as a value that must not be missing.
    fn there(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        let value = self.value(expr)?;
        let is_there = match &value {
            ValueCode::Null
            | ValueCode::OfText(_)
            | ValueCode::OfTruth(_)
            | ValueCode::OfNumber(_)
            | ValueCode::List(_)
            | ValueCode::Given(_) => true,
            ValueCode::Parameter(place) | ValueCode::Read(place) => {
                self.variables.get(*place).is_some_and(|variable| !variable.is_optional)
            }
            ValueCode::Local(_)
            | ValueCode::ReadLocal(_)
            | ValueCode::Item(..)
            | ValueCode::First(_)
            | ValueCode::Last(_)
            | ValueCode::Choice(..)
            | ValueCode::Missing => false,
        };
        Ok(if is_there { value } else { ValueCode::Given(Box::new(value)) })
    }

    fn value(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        Ok(match expr {
            TemplateExpr::Null => ValueCode::Null,
            TemplateExpr::Text(_) | TemplateExpr::Joined(_) => ValueCode::OfText(Box::new(self.spelled(expr)?)),
            TemplateExpr::Whole(_)
            | TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length)
            | TemplateExpr::Filtered(_, ValueFilter::Length, _) => ValueCode::OfNumber(self.number(expr)?),
            TemplateExpr::Decimal(number) => return unwritable(format!("the number {number} as a value")),
            TemplateExpr::Truth(_)
            | TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last) => ValueCode::OfTruth(Box::new(self.truth(expr)?)),
            TemplateExpr::List(items) => {
                let plain = |item: &TemplateExpr| matches!(item, TemplateExpr::Text(_) | TemplateExpr::Whole(_));
                if !items.iter().all(plain) {
                    return unwritable("a program has lists of texts and whole numbers alone");
                }
                ValueCode::List(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)
            }
            TemplateExpr::Group(of) => self.value(of)?,
            TemplateExpr::Variable(parts) => {
                let name = parts.join(".");
                let Some((place, count)) = owner(self.variables, &name) else {
                    return unwritable(format!("`{name}`, which is no variable of the prompt"));
                };
                self.read(place);
                parts.iter().skip(count).try_fold(ValueCode::Read(place), |of, part| {
                    let is_place = part.bytes().all(|byte| byte.is_ascii_digit());
                    let key = if is_place { place_key(part)? } else { TemplateExpr::Text(part.clone()) };
                    Ok(ValueCode::Item(Box::new(of), Box::new(self.value(&key)?)))
                })?
            }
            TemplateExpr::Local(_) => match self.given(expr)? {
                ValueCode::Parameter(place) => {
                    self.read(place);
                    ValueCode::Read(place)
                }
                ValueCode::Local(place)
                    if self.locals.iter().any(|local| local.place == place && local.kind == LocalKind::Given) =>
                {
                    ValueCode::ReadLocal(place)
                }
                given => given,
            },
            TemplateExpr::Item(of, key) => ValueCode::Item(Box::new(self.value(of)?), Box::new(self.value(key)?)),
            TemplateExpr::And(..) | TemplateExpr::Or(..) | TemplateExpr::Filtered(_, ValueFilter::Default, _) => {
                let (condition, one, other) = self.choice(expr)?;
                let (one, other) = (self.value(&one)?, self.value(&other)?);
                ValueCode::Choice(Box::new(condition), Box::new(one), Box::new(other))
            }
            TemplateExpr::Choice(one, condition, other) => {
                let Some(other) = other else { return unwritable("a program has no `if` without `else` here") };
                let condition = self.truth(condition)?;
                ValueCode::Choice(Box::new(condition), Box::new(self.value(one)?), Box::new(self.value(other)?))
            }
            TemplateExpr::Filtered(of, filter, _) => match filter {
                ValueFilter::First => ValueCode::First(Box::new(self.value(of)?)),
                ValueFilter::Last => ValueCode::Last(Box::new(self.value(of)?)),
                ValueFilter::Upper
                | ValueFilter::Lower
                | ValueFilter::Trim
                | ValueFilter::Replace
                | ValueFilter::Join
                | ValueFilter::Json
                | ValueFilter::Length
                | ValueFilter::Default => ValueCode::OfText(Box::new(self.spelled(expr)?)),
            },
        })
    }
}

/// Tells whether a value is, or may be, looked up in another.
fn is_looked_up(value: &ValueCode) -> bool {
    match value {
        ValueCode::Item(..) | ValueCode::First(_) | ValueCode::Last(_) => true,
        ValueCode::Choice(_, one, other) => is_looked_up(one) || is_looked_up(other),
        ValueCode::Null
        | ValueCode::OfText(_)
        | ValueCode::OfTruth(_)
        | ValueCode::OfNumber(_)
        | ValueCode::List(_)
        | ValueCode::Given(_)
        | ValueCode::Parameter(_)
        | ValueCode::Read(_)
        | ValueCode::Local(_)
        | ValueCode::ReadLocal(_)
        | ValueCode::Missing => false,
    }
}

/// A name that is set, where, to what, and whether under a condition.
type SetOf<'a> = (&'a tree::CodePlace, &'a str, &'a TemplateExpr, bool);

/// Lists what is set outside of loops.
fn sets_of<'a>(nodes: &'a [TemplateNode], conditional: bool, found: &mut Vec<SetOf<'a>>) {
    for node in nodes {
        match node {
            TemplateNode::Set { place, name, value } => found.push((place, name, value, conditional)),
            TemplateNode::If { branches, otherwise } => {
                for branch in branches {
                    sets_of(&branch.body, true, found);
                }
                sets_of(otherwise, true, found);
            }
            TemplateNode::Text(_) | TemplateNode::Output(..) | TemplateNode::For(_) => {}
        }
    }
}
