//! The expressions of a template as code, each by what comes of it: a text, a truth or a value.

use crate::{
    present::program::{
        code::{
            CallArgument, CodeCall, CodeFunction, CodePick, NumberCode, NumberKind, TextCode, TruthCode, ValueCode,
            ValueOrigin, owner,
        },
        code_writer::{CodeWriter, LocalKind},
    },
    template::{
        expression::{LoopField, TESTS, TemplateExpr, Unwritable, ValueComparison, ValueTest, place_key, unwritable},
        tokens::Operand,
        value_filters::{ItemFilter, ItemTest, ListFilter, TextFilter, ValueFilter},
    },
};

impl CodeWriter<'_> {
    /// Writes an expression as what stands for it in a prompt.
    pub(super) fn text(&mut self, expr: &TemplateExpr) -> Result<TextCode, Unwritable> {
        if let Some((number, kind)) = self.counted(expr)? {
            return Ok(TextCode::OfCounted(number, kind));
        }
        if self.made_lists(expr).is_some() {
            return unwritable(LISTED);
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
            TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last) => TextCode::OfTruth(Box::new(self.truth(expr)?)),
            TemplateExpr::Group(of) | TemplateExpr::Counted(of, _) => self.text(of)?,
            TemplateExpr::And(one, other) => self.chosen_text([one, other, one], Self::text)?,
            TemplateExpr::Or(one, other) => self.chosen_text([one, one, other], Self::text)?,
            TemplateExpr::Filtered(of, ValueFilter::Default, given) => {
                let (condition, other) = default_of(of, given)?;
                self.chosen_text([&condition, of, &other], Self::text)?
            }
            TemplateExpr::Variable(_) | TemplateExpr::Local(_) => match self.given_text(expr)? {
                GivenText::Text(place) => TextCode::Parameter(place),
                GivenText::Value(given) => TextCode::Of(given),
            },
            TemplateExpr::Item(..) | TemplateExpr::Sum(..) | TemplateExpr::Filtered(_, ValueFilter::Item(_), _) => {
                TextCode::Of(self.value(expr)?)
            }
            TemplateExpr::Text(_)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Decimal(_)
            | TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length)
            | TemplateExpr::List(_)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Block
            | TemplateExpr::Filtered(_, ValueFilter::Text(_) | ValueFilter::Number(_) | ValueFilter::List(_), _) => {
                self.spelled(expr)?
            }
        })
    }

    /// Writes an expression as filters and `~` take it for a text.
    pub(super) fn spelled(&mut self, expr: &TemplateExpr) -> Result<TextCode, Unwritable> {
        if let Some((number, kind)) = self.counted(expr)? {
            return Ok(TextCode::OfCounted(number, kind));
        }
        if self.made_lists(expr).is_some() {
            return unwritable(LISTED);
        }
        Ok(match expr {
            TemplateExpr::Text(text) => TextCode::Quoted(text.clone()),
            TemplateExpr::Whole(number) => TextCode::Quoted(number.to_string()),
            TemplateExpr::Decimal(number) => TextCode::Quoted(fraction(number)),
            TemplateExpr::Block => match self.blocks.last() {
                Some(number) => TextCode::Block(*number),
                None => return unwritable("a block that is not there"),
            },
            TemplateExpr::Group(of) | TemplateExpr::Counted(of, _) => self.spelled(of)?,
            TemplateExpr::Null | TemplateExpr::Truth(_) => return unwritable("a program takes no constant for a text"),
            TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last) => return unwritable(TRUTH),
            TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length)
            | TemplateExpr::Filtered(_, ValueFilter::Number(_), _) => TextCode::OfNumber(self.number(expr)?),
            TemplateExpr::Variable(_) | TemplateExpr::Local(_) => match self.given_text(expr)? {
                GivenText::Text(place) => TextCode::Parameter(place),
                GivenText::Value(ValueCode::Local(place)) if self.is_truth(place) => return unwritable(TRUTH),
                GivenText::Value(given) => TextCode::Spelled(given),
            },
            TemplateExpr::And(one, other) => self.chosen_text([one, other, one], Self::spelled)?,
            TemplateExpr::Or(one, other) => self.chosen_text([one, one, other], Self::spelled)?,
            TemplateExpr::Filtered(of, ValueFilter::Default, given) => {
                let (condition, other) = default_of(of, given)?;
                self.chosen_text([&condition, of, &other], Self::spelled)?
            }
            TemplateExpr::Choice(one, condition, other) => {
                self.chosen_text([condition, one, otherwise(other.as_deref())?], Self::spelled)?
            }
            TemplateExpr::Joined(parts) => {
                TextCode::Joined(parts.iter().map(|part| self.spelled(part)).collect::<Result<_, _>>()?)
            }
            TemplateExpr::Filtered(of, ValueFilter::Text(filter), given) => self.filtered_text(of, *filter, given)?,
            TemplateExpr::List(_)
            | TemplateExpr::Item(..)
            | TemplateExpr::Sum(..)
            | TemplateExpr::Filtered(_, ValueFilter::Item(_) | ValueFilter::List(_), _) => {
                TextCode::Spelled(self.value(expr)?)
            }
        })
    }

    /// Writes what a filter makes of a value as a text.
    fn filtered_text(
        &mut self,
        of: &TemplateExpr,
        filter: TextFilter,
        given: &[TemplateExpr],
    ) -> Result<TextCode, Unwritable> {
        let boxed = |code: Result<TextCode, Unwritable>| code.map(Box::new);
        let text_call =
            |function: CodeFunction, given: Vec<CallArgument>| TextCode::Call(Box::new(CodeCall { function, given }));
        Ok(match filter {
            TextFilter::Upper => TextCode::Upper(boxed(self.spelled(of))?),
            TextFilter::Lower => TextCode::Lower(boxed(self.spelled(of))?),
            TextFilter::Trim => TextCode::Trim(boxed(self.spelled(of))?),
            TextFilter::Whole => self.spelled(of)?,
            TextFilter::Title => text_call(CodeFunction::Title, vec![CallArgument::Text(self.spelled(of)?)]),
            TextFilter::Capitalize => text_call(CodeFunction::Capitalized, vec![CallArgument::Text(self.spelled(of)?)]),
            TextFilter::Indent => {
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
            TextFilter::Replace => {
                let [one, other] = given else { return unwritable("`replace` takes two texts") };
                let of = boxed(self.spelled(of))?;
                TextCode::Replace(of, boxed(self.spelled(one))?, boxed(self.spelled(other))?)
            }
            TextFilter::Join => {
                let of = self.value(of)?;
                let between = given.first().map_or(Ok(TextCode::Quoted(String::new())), |one| self.spelled(one));
                TextCode::Join(of, boxed(between)?)
            }
            TextFilter::Json => {
                let of = self.value(of)?;
                if is_added(&of) {
                    return unwritable("a program does not write a sum of two values as JSON; with a number it does");
                }
                match count_of("tojson", given.first(), 0)? {
                    0 => TextCode::Json(of),
                    width => text_call(CodeFunction::Pretty, vec![CallArgument::Value(of), CallArgument::Count(width)]),
                }
            }
        })
    }

    /// Writes a condition, what is taken where it holds, and what is where it does not.
    fn chosen<T>(
        &mut self,
        [condition, one, other]: [&TemplateExpr; 3],
        write: ExprWriter<Self, T>,
    ) -> Result<Chosen<T>, Unwritable> {
        let condition = self.truth(condition)?;
        Ok((Box::new(condition), Box::new(write(self, one)?), Box::new(write(self, other)?)))
    }

    fn chosen_text(
        &mut self,
        parts: [&TemplateExpr; 3],
        write: ExprWriter<Self, TextCode>,
    ) -> Result<TextCode, Unwritable> {
        let (condition, one, other) = self.chosen(parts, write)?;
        Ok(TextCode::Choice(condition, one, other))
    }

    fn chosen_value(
        &mut self,
        parts: [&TemplateExpr; 3],
        write: ExprWriter<Self, ValueCode>,
    ) -> Result<ValueCode, Unwritable> {
        let (condition, one, other) = self.chosen(parts, write)?;
        Ok(ValueCode::Choice(condition, one, other))
    }

    /// Writes a name where it stands for a text.
    fn given_text(&mut self, expr: &TemplateExpr) -> Result<GivenText, Unwritable> {
        Ok(match self.given(expr)? {
            ValueCode::Parameter(place) if self.is_text(place) => GivenText::Text(place),
            given => GivenText::Value(given),
        })
    }

    fn is_text(&self, place: usize) -> bool {
        self.variables.get(place).is_some_and(|variable| !variable.is_value && !variable.is_optional)
    }

    fn is_truth(&self, place: usize) -> bool {
        self.locals.iter().any(|local| local.place == place && local.kind == LocalKind::Truth)
    }

    pub(super) fn truth(&mut self, expr: &TemplateExpr) -> Result<TruthCode, Unwritable> {
        if let Some((number, _)) = self.counted(expr)? {
            return Ok(is_not_0(number));
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
            TemplateExpr::Loop(LoopField::First) => TruthCode::First(self.in_loop(LoopField::First)?),
            TemplateExpr::Loop(LoopField::Last) => TruthCode::Last(self.in_loop(LoopField::Last)?),
            TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Filtered(_, ValueFilter::Number(_), _) => is_not_0(self.number(expr)?),
            TemplateExpr::Text(text) => TruthCode::Constant(!text.is_empty()),
            TemplateExpr::Decimal(_) | TemplateExpr::List(_) => {
                return unwritable("a program has no condition that is always the same");
            }
            TemplateExpr::Joined(_) | TemplateExpr::Block | TemplateExpr::Filtered(_, ValueFilter::Text(_), _) => {
                TruthCode::Filled(self.spelled(expr)?)
            }
            TemplateExpr::Variable(_)
            | TemplateExpr::Local(_)
            | TemplateExpr::Item(..)
            | TemplateExpr::Sum(..)
            | TemplateExpr::Choice(..)
            | TemplateExpr::Filtered(_, ValueFilter::Default | ValueFilter::Item(_) | ValueFilter::List(_), _) => {
                TruthCode::Holds(self.value(expr)?)
            }
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
                    (Some(local), _) => {
                        self.used.push(local.place);
                        Ok(ValueCode::Local(local.place))
                    }
                    // It is set further on, or elsewhere.
                    (None, Some((place, 1))) => {
                        self.take(place);
                        Ok(ValueCode::Parameter(place))
                    }
                    (None, _) => Ok(ValueCode::Missing),
                }
            }
            TemplateExpr::And(one, other) => self.chosen_value([one, other, one], Self::given),
            TemplateExpr::Or(one, other) => self.chosen_value([one, one, other], Self::given),
            TemplateExpr::Filtered(of, ValueFilter::Default, given) => {
                let (condition, other) = default_of(of, given)?;
                self.chosen_value([&condition, of, &other], Self::given)
            }
            TemplateExpr::Choice(one, condition, other) => {
                self.chosen_value([condition, one, otherwise(other.as_deref())?], Self::given)
            }
            TemplateExpr::Text(_)
            | TemplateExpr::Whole(_)
            | TemplateExpr::Decimal(_)
            | TemplateExpr::Truth(_)
            | TemplateExpr::Null
            | TemplateExpr::List(_)
            | TemplateExpr::Loop(_)
            | TemplateExpr::Item(..)
            | TemplateExpr::Not(_)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Filtered(
                _,
                ValueFilter::Text(_) | ValueFilter::Number(_) | ValueFilter::Item(_) | ValueFilter::List(_),
                _,
            )
            | TemplateExpr::Joined(_)
            | TemplateExpr::Sum(..)
            | TemplateExpr::Counted(..)
            | TemplateExpr::Block => self.value(expr),
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
        match value.origin() {
            ValueOrigin::Made | ValueOrigin::Added => true,
            ValueOrigin::Parameter(place) => self.variables.get(place).is_some_and(|variable| !variable.is_optional),
            ValueOrigin::Found | ValueOrigin::Named | ValueOrigin::Missing | ValueOrigin::Chosen(..) => false,
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
            TemplateExpr::Text(_)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Block
            | TemplateExpr::Filtered(_, ValueFilter::Text(_), _) => ValueCode::OfText(Box::new(self.spelled(expr)?)),
            TemplateExpr::Whole(_)
            | TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length)
            | TemplateExpr::Filtered(_, ValueFilter::Number(_), _) => ValueCode::OfNumber(self.number(expr)?),
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
            TemplateExpr::And(one, other) => self.chosen_value([one, other, one], Self::value)?,
            TemplateExpr::Or(one, other) => self.chosen_value([one, one, other], Self::value)?,
            TemplateExpr::Filtered(of, ValueFilter::Default, given) => {
                let (condition, other) = default_of(of, given)?;
                self.chosen_value([&condition, of, &other], Self::value)?
            }
            TemplateExpr::Choice(one, condition, other) => {
                self.chosen_value([condition, one, otherwise(other.as_deref())?], Self::value)?
            }
            TemplateExpr::Filtered(of, ValueFilter::Item(filter), _) => {
                let of = self.value(of)?;
                match filter {
                    ItemFilter::First => ValueCode::First(Box::new(of)),
                    ItemFilter::Last => ValueCode::Last(Box::new(of)),
                    ItemFilter::Smallest => value_call(CodeFunction::Smallest, of, []),
                    ItemFilter::Largest => value_call(CodeFunction::Largest, of, []),
                }
            }
            TemplateExpr::Filtered(of, ValueFilter::List(filter), given) => self.filtered_list(of, *filter, given)?,
        })
    }

    /// Writes the list that a filter makes of a value.
    fn filtered_list(
        &mut self,
        of: &TemplateExpr,
        filter: ListFilter,
        given: &[TemplateExpr],
    ) -> Result<ValueCode, Unwritable> {
        let value = self.value(of)?;
        let named = |field: String| CallArgument::Text(TextCode::Quoted(field));
        Ok(match filter {
            ListFilter::Listed => value_call(CodeFunction::Listed, value, []),
            ListFilter::Unique => value_call(CodeFunction::Unique, value, []),
            ListFilter::Reversed => value_call(CodeFunction::Reversed, value, []),
            ListFilter::Pairs => value_call(CodeFunction::FieldPairs, value, []),
            ListFilter::Sorted => {
                let fields = fields_of("sort", given.first())?.join(",");
                value_call(CodeFunction::Sorted, value, [named(fields), flag_of("sort", given.get(1))?])
            }
            ListFilter::SortedPairs => {
                let by_value = match given.first() {
                    None | Some(TemplateExpr::Null) => false,
                    Some(TemplateExpr::Text(by)) => by == "value",
                    Some(_) => return unwritable("a program gives `dictsort` a `by` that is written out"),
                };
                let backwards = flag_of("dictsort", given.get(1))?;
                value_call(CodeFunction::SortedPairs, value, [CallArgument::Flag(by_value), backwards])
            }
            ListFilter::Mapped => value_call(CodeFunction::Mapped, value, [named(field_of("map", given.first())?)]),
            ListFilter::Grouped => {
                return unwritable(
                    "a program has `groupby` where a loop with two names runs over it, and nowhere else",
                );
            }
            ListFilter::Batches => {
                value_call(CodeFunction::Batches, value, [CallArgument::Count(some_of("batch", given.first())?)])
            }
            ListFilter::Slices => {
                value_call(CodeFunction::Slices, value, [CallArgument::Count(some_of("slice", given.first())?)])
            }
            ListFilter::Split => match given.first() {
                None | Some(TemplateExpr::Null) => value_call(CodeFunction::Words, value, []),
                Some(TemplateExpr::Text(at)) if !at.is_empty() => {
                    value_call(CodeFunction::Split, value, [named(at.clone())])
                }
                Some(_) => return unwritable("a program gives `split` a text that is written out"),
            },
            ListFilter::Picked(test) => self.picked(of, value, test, given)?,
        })
    }

    /// Writes what `groupby` makes of a value.
    pub(super) fn grouped(&mut self, of: &TemplateExpr, given: &[TemplateExpr]) -> Result<ValueCode, Unwritable> {
        let field = CallArgument::Text(TextCode::Quoted(field_of("groupby", given.first())?));
        Ok(value_call(CodeFunction::Grouped, self.value(of)?, [field]))
    }

    /// Writes the items of a value that a filter picks by a test: given are the field that is tested, if one is, the test's name,
    /// and what that is given.
    fn picked(
        &mut self,
        of: &TemplateExpr,
        value: ValueCode,
        filter: ItemTest,
        given: &[TemplateExpr],
    ) -> Result<ValueCode, Unwritable> {
        const ITEM: &str = "item";
        let item = TemplateExpr::Local(ITEM.to_owned());
        let (tested, given) = match given {
            [field, given @ ..] if filter.by_field => {
                let field = TemplateExpr::Text(field_of(filter.name, Some(field))?);
                (TemplateExpr::Item(Box::new(item), Box::new(field)), given)
            }
            given => (item, given),
        };
        let item = self.picked_item(of, ITEM);
        let passes = self.passes(&tested, filter.name, given);
        self.locals.pop();
        let only = if filter.passing { passes? } else { TruthCode::Not(Box::new(passes?)) };
        Ok(ValueCode::Picked(Box::new(CodePick { of: value, item, only })))
    }

    /// Writes whether a value passes a test.
    fn passes(&mut self, value: &TemplateExpr, filter: &str, given: &[TemplateExpr]) -> Result<TruthCode, Unwritable> {
        let value = self.value(value)?;
        match given {
            [] => Ok(TruthCode::Holds(value)),
            [TemplateExpr::Text(name)] => match TESTS.iter().find(|(known, _)| known == name) {
                Some((_, test)) => Ok(TruthCode::Is(value, *test)),
                None => unwritable(format!("a program has no test `{name}` in `{filter}`")),
            },
            [TemplateExpr::Text(name), other @ (TemplateExpr::Text(_) | TemplateExpr::Whole(_))] => {
                let same = TruthCode::Same(value, self.value(other)?);
                match name.as_str() {
                    "eq" | "equalto" | "==" => Ok(same),
                    "ne" | "!=" => Ok(TruthCode::Not(Box::new(same))),
                    name => unwritable(format!("a program has no test `{name}` in `{filter}`")),
                }
            }
            _ => unwritable(format!(
                "a program gives the test of `{filter}` a text or a whole number that is written out"
            )),
        }
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

/// What is said of a condition that a text is to be made of.
const TRUTH: &str = "a program takes nothing that is true or not for a text";

/// Writes an expression as code of a kind.
type ExprWriter<W, T> = fn(&mut W, &TemplateExpr) -> Result<T, Unwritable>;

/// A condition, what is taken where it holds, and what is where it does not.
type Chosen<T> = (Box<TruthCode>, Box<T>, Box<T>);

/// What a name stands for where a text is wanted.
enum GivenText {
    /// A parameter that is a text, by its place.
    Text(usize),
    Value(ValueCode),
}

/// Calls a function with a value and what else it is given.
fn value_call(function: CodeFunction, of: ValueCode, more: impl IntoIterator<Item = CallArgument>) -> ValueCode {
    let given = [CallArgument::Value(of)].into_iter().chain(more).collect();
    ValueCode::Call(Box::new(CodeCall { function, given }))
}

/// Writes that a number is not 0.
fn is_not_0(number: NumberCode) -> TruthCode {
    TruthCode::Numbers(number, ValueComparison::Unequal, NumberCode::Literal("0".to_owned()))
}

/// Returns the condition of `default` and what is taken where it does not hold.
fn default_of(of: &TemplateExpr, given: &[TemplateExpr]) -> Result<(TemplateExpr, TemplateExpr), Unwritable> {
    let condition = match given.get(1) {
        None | Some(TemplateExpr::Truth(false)) => TemplateExpr::Is(Box::new(of.clone()), ValueTest::Defined),
        Some(TemplateExpr::Truth(true)) => of.clone(),
        Some(_) => return unwritable("`default` takes true or false beside a value"),
    };
    Ok((condition, given.first().cloned().unwrap_or_else(|| TemplateExpr::Text(String::new()))))
}

/// Returns what stands behind the `else` of an expression.
fn otherwise(other: Option<&TemplateExpr>) -> Result<&TemplateExpr, Unwritable> {
    match other {
        Some(other) => Ok(other),
        None => unwritable("a program has no `if` without `else` here"),
    }
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

/// Reads what a filter is given as a number of items or lists.
fn some_of(filter: &str, given: Option<&TemplateExpr>) -> Result<u8, Unwritable> {
    match count_of(filter, given, 0)? {
        0 => unwritable(format!("a program has `{filter}` of one or more")),
        count => Ok(count),
    }
}

/// Reads what a filter is given as the names of fields, between commas; none where nothing is said.
fn fields_of(filter: &str, given: Option<&TemplateExpr>) -> Result<Vec<String>, Unwritable> {
    let odd = || unwritable(format!("a program gives `{filter}` the name of a field that is written out"));
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    match given {
        None | Some(TemplateExpr::Null) => Ok(Vec::new()),
        Some(TemplateExpr::Text(names)) => {
            let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
            if names.iter().all(|name| is_name(name)) { Ok(names) } else { odd() }
        }
        Some(_) => odd(),
    }
}

/// Reads what a filter is given as the name of one field.
fn field_of(filter: &str, given: Option<&TemplateExpr>) -> Result<String, Unwritable> {
    match fields_of(filter, given)?.as_slice() {
        [field] => Ok(field.clone()),
        _ => unwritable(format!("a program has `{filter}` with the name of an attribute alone")),
    }
}

/// Writes a number with a fraction as templates do.
fn fraction(digits: &str) -> String {
    let written = digits.parse::<f64>().unwrap_or_default().to_string();
    if written.contains('.') { written } else { written + ".0" }
}

/// Tells whether a value is, or may be, the sum of two, of which it is not known whether it has a fraction.
fn is_added(value: &ValueCode) -> bool {
    match value.origin() {
        ValueOrigin::Added => true,
        ValueOrigin::Chosen(one, other) => is_added(one) || is_added(other),
        ValueOrigin::Made
        | ValueOrigin::Found
        | ValueOrigin::Parameter(_)
        | ValueOrigin::Named
        | ValueOrigin::Missing => false,
    }
}

/// Tells whether a value is, or may be, looked up in another.
fn is_looked_up(value: &ValueCode) -> bool {
    match value.origin() {
        ValueOrigin::Found => true,
        ValueOrigin::Chosen(one, other) => is_looked_up(one) || is_looked_up(other),
        ValueOrigin::Made
        | ValueOrigin::Added
        | ValueOrigin::Parameter(_)
        | ValueOrigin::Named
        | ValueOrigin::Missing => false,
    }
}
