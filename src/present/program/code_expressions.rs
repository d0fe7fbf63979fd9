//! The expressions of a template as code, each by what comes of it: a text, a truth or a value.

use crate::{
    present::program::{
        code::{CallArgument, CodeCall, CodeFunction, NumberCode, NumberKind, TextCode, TruthCode, ValueCode, owner},
        code_writer::{CodeWriter, LocalKind},
    },
    template::{
        expression::{LoopField, TemplateExpr, Unwritable, ValueComparison, ValueTest, place_key, unwritable},
        tokens::Operand,
        value_filters::ValueFilter,
    },
};

impl CodeWriter<'_> {
    /// Writes an expression as what stands for it in a prompt.
    pub(super) fn text(&mut self, expr: &TemplateExpr) -> Result<TextCode, Unwritable> {
        if let Some((number, kind)) = self.counted(expr)? {
            return Ok(TextCode::OfCounted(number, kind));
        }
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
            TemplateExpr::List(_) => return unwritable(LISTED),
            _ if self.made_lists(expr).is_some() => return unwritable(LISTED),
            TemplateExpr::Counted(of, _) => self.text(of)?,
            TemplateExpr::Item(..) | TemplateExpr::Sum(..) => TextCode::Of(self.value(expr)?),
            TemplateExpr::Filtered(_, filter, _) if filter.picks() => TextCode::Of(self.value(expr)?),
            TemplateExpr::Text(_)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Decimal(_)
            | TemplateExpr::Loop(_)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Block
            | TemplateExpr::Filtered(..) => self.spelled(expr)?,
        })
    }

    /// Writes an expression as filters and `~` take it for a text.
    pub(super) fn spelled(&mut self, expr: &TemplateExpr) -> Result<TextCode, Unwritable> {
        let boxed = |code: Result<TextCode, Unwritable>| code.map(Box::new);
        if let Some((number, kind)) = self.counted(expr)? {
            return Ok(TextCode::OfCounted(number, kind));
        }
        Ok(match expr {
            TemplateExpr::Text(text) => TextCode::Quoted(text.clone()),
            TemplateExpr::Whole(number) => TextCode::Quoted(number.to_string()),
            TemplateExpr::Decimal(number) => TextCode::Quoted(fraction(number)),
            TemplateExpr::Block => match self.blocks.last() {
                Some(number) => TextCode::Block(*number),
                None => return unwritable("a block that is not there"),
            },
            TemplateExpr::Counted(of, _) => self.spelled(of)?,
            TemplateExpr::Null | TemplateExpr::Truth(_) => return unwritable("a program takes no constant for a text"),
            TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last) => {
                return unwritable("a program takes nothing that is true or not for a text");
            }
            TemplateExpr::List(_) => return unwritable(LISTED),
            _ if self.made_lists(expr).is_some() => return unwritable(LISTED),
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
            TemplateExpr::Item(..) | TemplateExpr::Sum(..) => TextCode::Spelled(self.value(expr)?),
            TemplateExpr::And(..) | TemplateExpr::Or(..) => self.chosen_text(expr, Self::spelled)?,
            TemplateExpr::Choice(one, condition, other) => {
                let Some(other) = other else { return unwritable("a program has no `if` without `else` here") };
                let condition = Box::new(self.truth(condition)?);
                TextCode::Choice(condition, boxed(self.spelled(one))?, boxed(self.spelled(other))?)
            }
            TemplateExpr::Joined(parts) => {
                TextCode::Joined(parts.iter().map(|part| self.spelled(part)).collect::<Result<_, _>>()?)
            }
            TemplateExpr::Filtered(of, filter, given) => self.filtered_text(expr, of, *filter, given)?,
        })
    }

    /// Writes what a filter makes of a value as a text.
    fn filtered_text(
        &mut self,
        expr: &TemplateExpr,
        of: &TemplateExpr,
        filter: ValueFilter,
        given: &[TemplateExpr],
    ) -> Result<TextCode, Unwritable> {
        let boxed = |code: Result<TextCode, Unwritable>| code.map(Box::new);
        Ok(match (filter, given) {
            (ValueFilter::Upper, _) => TextCode::Upper(boxed(self.spelled(of))?),
            (ValueFilter::Lower, _) => TextCode::Lower(boxed(self.spelled(of))?),
            (ValueFilter::Trim, _) => TextCode::Trim(boxed(self.spelled(of))?),
            (ValueFilter::Text, _) => self.spelled(of)?,
            (ValueFilter::Title, _) => text_call(CodeFunction::Title, vec![CallArgument::Text(self.spelled(of)?)]),
            (ValueFilter::Capitalize, _) => {
                text_call(CodeFunction::Capitalized, vec![CallArgument::Text(self.spelled(of)?)])
            }
            (ValueFilter::Indent, given) => {
                let of = self.spelled(of)?;
                let width = CallArgument::Count(count_of("indent", given.first(), INDENT)?);
                let (first, blank) = (flag_of("indent", given.get(1))?, flag_of("indent", given.get(2))?);
                let missing = if let TextCode::Spelled(value) = &of { Some(value.clone()) } else { None };
                let missing = missing.filter(|value| !self.is_there(value));
                let indented = text_call(CodeFunction::Indented, vec![CallArgument::Text(of), width, first, blank]);
                match missing {
                    // What is not there is nothing to this filter alone.
                    Some(value) => {
                        let (is_missing, nothing) =
                            (TruthCode::Is(value, ValueTest::Undefined), TextCode::Quoted(String::new()));
                        TextCode::Choice(Box::new(is_missing), Box::new(nothing), Box::new(indented))
                    }
                    None => indented,
                }
            }
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
            (ValueFilter::Json, given) => {
                let of = self.value(of)?;
                match count_of("tojson", given.first(), 0)? {
                    0 => TextCode::Json(of),
                    width => text_call(CodeFunction::Pretty, vec![CallArgument::Value(of), CallArgument::Count(width)]),
                }
            }
            (ValueFilter::Length, _) => TextCode::OfNumber(self.number(expr)?),
            (ValueFilter::Default, _) => self.chosen_text(expr, Self::spelled)?,
            // Lists and numbers that are counted were seen to before.
            (
                ValueFilter::First
                | ValueFilter::Last
                | ValueFilter::Smallest
                | ValueFilter::Largest
                | ValueFilter::Absolute
                | ValueFilter::Whole
                | ValueFilter::Fraction
                | ValueFilter::Round
                | ValueFilter::Total
                | ValueFilter::Listed
                | ValueFilter::Sorted
                | ValueFilter::Unique
                | ValueFilter::Reversed
                | ValueFilter::Pairs
                | ValueFilter::Mapped
                | ValueFilter::Batches,
                _,
            ) => TextCode::Spelled(self.value(expr)?),
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

    pub(super) fn truth(&mut self, expr: &TemplateExpr) -> Result<TruthCode, Unwritable> {
        if let Some((number, _)) = self.counted(expr)? {
            return Ok(TruthCode::Numbers(number, ValueComparison::Unequal, NumberCode::Literal("0".to_owned())));
        }
        Ok(match expr {
            TemplateExpr::Truth(truth) => TruthCode::Constant(*truth),
            TemplateExpr::Null => TruthCode::Constant(false),
            TemplateExpr::Group(of) | TemplateExpr::Counted(of, _) => self.truth(of)?,
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
                ValueTest::Null
                | ValueTest::Text
                | ValueTest::List
                | ValueTest::Object
                | ValueTest::Truth
                | ValueTest::Odd
                | ValueTest::Even => TruthCode::Is(self.value(of)?, *test),
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
            TemplateExpr::Joined(_) | TemplateExpr::Block => TruthCode::Filled(self.spelled(expr)?),
            TemplateExpr::Filtered(_, filter, _) if filter.writes() => TruthCode::Filled(self.spelled(expr)?),
            TemplateExpr::Variable(_)
            | TemplateExpr::Local(_)
            | TemplateExpr::Item(..)
            | TemplateExpr::Sum(..)
            | TemplateExpr::Choice(..)
            | TemplateExpr::Filtered(..) => TruthCode::Holds(self.value(expr)?),
        })
    }

    /// Writes an expression as a value that is what was given, where it is that.
    pub(super) fn given(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
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
    pub(super) fn found(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        let value = self.value(expr)?;
        Ok(if is_looked_up(&value) { ValueCode::Given(Box::new(value)) } else { value })
    }

    /// Writes an expression as a value that must not be missing.
    pub(super) fn there(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        let value = self.value(expr)?;
        Ok(if self.is_there(&value) { value } else { ValueCode::Given(Box::new(value)) })
    }

    /// Tells whether a value is never missing.
    fn is_there(&self, value: &ValueCode) -> bool {
        match value {
            ValueCode::Null
            | ValueCode::OfText(_)
            | ValueCode::OfTruth(_)
            | ValueCode::OfNumber(_)
            | ValueCode::List(_)
            | ValueCode::Added(..)
            | ValueCode::Given(_) => true,
            ValueCode::Call(call) => !picks(call.function),
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
        }
    }

    pub(super) fn value(&mut self, expr: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        if let Some((number, kind)) = self.counted(expr)? {
            return match kind {
                NumberKind::Whole | NumberKind::Either => Ok(ValueCode::OfNumber(number)),
                NumberKind::Fraction | NumberKind::Rounded => {
                    unwritable("a program counts with a number that has a fraction, or writes it, and no more")
                }
            };
        }
        Ok(match expr {
            TemplateExpr::Null => ValueCode::Null,
            TemplateExpr::Counted(of, _) | TemplateExpr::Group(of) => self.value(of)?,
            TemplateExpr::Sum(one, _, other) => self.added(one, other)?,
            TemplateExpr::Text(_) | TemplateExpr::Joined(_) | TemplateExpr::Block => {
                ValueCode::OfText(Box::new(self.spelled(expr)?))
            }
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
            TemplateExpr::Filtered(of, filter, given) => self.filtered_value(expr, of, *filter, given)?,
        })
    }

    /// Writes what a filter makes of a value as a value.
    fn filtered_value(
        &mut self,
        expr: &TemplateExpr,
        of: &TemplateExpr,
        filter: ValueFilter,
        given: &[TemplateExpr],
    ) -> Result<ValueCode, Unwritable> {
        let call =
            |function: CodeFunction, given: Vec<CallArgument>| ValueCode::Call(Box::new(CodeCall { function, given }));
        let plain = match filter {
            ValueFilter::First => return Ok(ValueCode::First(Box::new(self.value(of)?))),
            ValueFilter::Last => return Ok(ValueCode::Last(Box::new(self.value(of)?))),
            ValueFilter::Smallest => CodeFunction::Smallest,
            ValueFilter::Largest => CodeFunction::Largest,
            ValueFilter::Listed => CodeFunction::Listed,
            ValueFilter::Unique => CodeFunction::Unique,
            ValueFilter::Reversed => CodeFunction::Reversed,
            ValueFilter::Pairs => CodeFunction::FieldPairs,
            ValueFilter::Sorted => {
                let field = CallArgument::Text(TextCode::Quoted(field_of("sort", given.first())?));
                let (value, backwards) = (CallArgument::Value(self.value(of)?), flag_of("sort", given.get(1))?);
                return Ok(call(CodeFunction::Sorted, vec![value, field, backwards]));
            }
            ValueFilter::Mapped => {
                let field = field_of("map", given.first())?;
                if field.is_empty() {
                    return unwritable("a program has `map` with the name of an attribute alone");
                }
                let field = CallArgument::Text(TextCode::Quoted(field));
                return Ok(call(CodeFunction::Mapped, vec![CallArgument::Value(self.value(of)?), field]));
            }
            ValueFilter::Batches => {
                let count = match count_of("batch", given.first(), 0)? {
                    0 => return unwritable("a program has `batch` of one item or more"),
                    count => CallArgument::Count(count),
                };
                return Ok(call(CodeFunction::Batches, vec![CallArgument::Value(self.value(of)?), count]));
            }
            ValueFilter::Upper
            | ValueFilter::Lower
            | ValueFilter::Trim
            | ValueFilter::Replace
            | ValueFilter::Join
            | ValueFilter::Json
            | ValueFilter::Text
            | ValueFilter::Title
            | ValueFilter::Capitalize
            | ValueFilter::Indent
            | ValueFilter::Length
            | ValueFilter::Default
            | ValueFilter::Absolute
            | ValueFilter::Whole
            | ValueFilter::Fraction
            | ValueFilter::Round
            | ValueFilter::Total => return Ok(ValueCode::OfText(Box::new(self.spelled(expr)?))),
        };
        Ok(call(plain, vec![CallArgument::Value(self.value(of)?)]))
    }

    /// Writes what `+` makes of two sides of which none is known to be a number.
    fn added(&mut self, one: &TemplateExpr, other: &TemplateExpr) -> Result<ValueCode, Unwritable> {
        let sides = [one, other];
        if sides.iter().any(|side| matches!(side, TemplateExpr::Counted(_, Operand::Numeral | Operand::Strict))) {
            return unwritable("a program has no sum of two values beside a sign and a number; brackets make one");
        }
        if sides.iter().any(|side| self.made_lists(side).is_some()) {
            return unwritable("a program does not add lists");
        }
        Ok(ValueCode::Added(Box::new(self.value(one)?), Box::new(self.value(other)?)))
    }
}

/// What is said of a list that the template made.
const LISTED: &str = "a program does not write a list as a text";

/// The white space that `indent` puts before a line where nothing is said.
const INDENT: u8 = 4;

fn text_call(function: CodeFunction, given: Vec<CallArgument>) -> TextCode {
    TextCode::Call(Box::new(CodeCall { function, given }))
}

/// Tells whether a function gives an item of what it is given, and nothing where there is none.
fn picks(function: CodeFunction) -> bool {
    matches!(function, CodeFunction::Smallest | CodeFunction::Largest)
}

/// Reads what a filter is given as a small number that is written out.
pub(super) fn count_of(filter: &str, given: Option<&TemplateExpr>, unsaid: u8) -> Result<u8, Unwritable> {
    match given {
        None | Some(TemplateExpr::Null) => Ok(unsaid),
        Some(TemplateExpr::Whole(count)) if (0..=MOST_COUNT).contains(count) => {
            Ok(u8::try_from(*count).unwrap_or(unsaid))
        }
        Some(_) => {
            unwritable(format!("a program gives `{filter}` a number from 0 to {MOST_COUNT} that is written out"))
        }
    }
}

/// The most that is given to a filter.
const MOST_COUNT: i64 = 100;

/// Reads what a filter is given as true or false, which it is not where nothing is said.
fn flag_of(filter: &str, given: Option<&TemplateExpr>) -> Result<CallArgument, Unwritable> {
    match given {
        None | Some(TemplateExpr::Null) => Ok(CallArgument::Flag(false)),
        Some(TemplateExpr::Truth(truth)) => Ok(CallArgument::Flag(*truth)),
        Some(_) => unwritable(format!("a program gives `{filter}` true or false")),
    }
}

/// Reads what a filter is given as the name of a field; empty where nothing is said.
fn field_of(filter: &str, given: Option<&TemplateExpr>) -> Result<String, Unwritable> {
    match given {
        None | Some(TemplateExpr::Null) => Ok(String::new()),
        Some(TemplateExpr::Text(name))
            if name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_alphanumeric() || c == '_') =>
        {
            Ok(name.clone())
        }
        Some(_) => unwritable(format!("a program gives `{filter}` the name of a field that is written out")),
    }
}

/// Writes a number with a fraction as templates do.
fn fraction(digits: &str) -> String {
    let written = digits.parse::<f64>().unwrap_or_default().to_string();
    if written.contains('.') { written } else { written + ".0" }
}

/// Tells whether a value is, or may be, looked up in another.
fn is_looked_up(value: &ValueCode) -> bool {
    match value {
        ValueCode::Item(..) | ValueCode::First(_) | ValueCode::Last(_) => true,
        ValueCode::Call(call) => picks(call.function),
        ValueCode::Choice(_, one, other) => is_looked_up(one) || is_looked_up(other),
        ValueCode::Null
        | ValueCode::OfText(_)
        | ValueCode::OfTruth(_)
        | ValueCode::OfNumber(_)
        | ValueCode::List(_)
        | ValueCode::Added(..)
        | ValueCode::Given(_)
        | ValueCode::Parameter(_)
        | ValueCode::Read(_)
        | ValueCode::Local(_)
        | ValueCode::ReadLocal(_)
        | ValueCode::Missing => false,
    }
}
