//! The numbers of a template as code: what is counted, compared and rounded, and of what kind it is.

use crate::{
    present::program::{
        code::{CallArgument, CodeCall, CodeFunction, NumberCode, NumberKind, TruthCode, ValueCode},
        code_expressions::count_of,
        code_writer::{CodeWriter, LocalKind, ROUNDED},
    },
    template::{
        expression::{LoopField, SumSign, TemplateExpr, Unwritable, ValueComparison, unwritable},
        tokens::Operand,
        value_filters::{NumberFilter, ValueFilter},
    },
};

impl CodeWriter<'_> {
    pub(super) fn compared(
        &mut self,
        one: &TemplateExpr,
        how: ValueComparison,
        other: &TemplateExpr,
    ) -> Result<TruthCode, Unwritable> {
        let equal = matches!(how, ValueComparison::Equal | ValueComparison::Unequal);
        let negated = |truth: TruthCode| {
            if how == ValueComparison::Unequal { TruthCode::Not(Box::new(truth)) } else { truth }
        };
        match (self.number_kind(one).is_some(), self.number_kind(other).is_some()) {
            (true, true) => Ok(TruthCode::Numbers(self.number(one)?, how, self.number(other)?)),
            (false, true) if equal && is_written(other, false) => {
                Ok(negated(TruthCode::Worth(self.there(one)?, self.number(other)?)))
            }
            (true, false) if equal && is_written(one, true) => {
                Ok(negated(TruthCode::Worth(self.there(other)?, self.number(one)?)))
            }
            (false, true) if !equal && is_written(other, false) => {
                Ok(TruthCode::Ordered(self.there(one)?, how, self.number(other)?))
            }
            (true, false) if !equal && is_written(one, true) => {
                Ok(TruthCode::Ordered(self.there(other)?, how.mirrored(), self.number(one)?))
            }
            (false, false) if equal => {
                let sides = [one, other];
                if sides.iter().all(|side| matches!(side, TemplateExpr::Text(_))) {
                    return Ok(negated(TruthCode::SameText(self.spelled(one)?, self.spelled(other)?)));
                }
                if sides.iter().any(|side| matches!(side, TemplateExpr::List(_))) {
                    return unwritable(format!("a program has no list beside `{}`", how.sign()));
                }
                if sides.iter().any(|side| matches!(side, TemplateExpr::Text(_))) {
                    return Ok(negated(TruthCode::Same(self.found(one)?, self.found(other)?)));
                }
                Ok(negated(TruthCode::Same(self.there(one)?, self.there(other)?)))
            }
            _ if equal => Ok(negated(TruthCode::Same(self.there(one)?, self.there(other)?))),
            _ => unwritable(format!("a program has `{}` beside a number that is written out alone", how.sign())),
        }
    }

    pub(super) fn in_loop(&mut self, field: LoopField) -> Result<usize, Unwritable> {
        let Some((number, is_counted, is_kept)) = self.loops.last_mut() else {
            return unwritable("`loop` outside of a loop");
        };
        *is_counted |= field != LoopField::Length;
        *is_kept |= matches!(field, LoopField::Last | LoopField::Length);
        Ok(*number)
    }

    /// Writes an expression as a number.
    pub(super) fn number(&mut self, expr: &TemplateExpr) -> Result<NumberCode, Unwritable> {
        Ok(match expr {
            TemplateExpr::Whole(number) => NumberCode::Literal(number.to_string()),
            TemplateExpr::Decimal(number) => NumberCode::Literal(number.clone()),
            TemplateExpr::Loop(field @ LoopField::Index) => NumberCode::Index(self.in_loop(*field)?, 1),
            TemplateExpr::Loop(field @ LoopField::Index0) => NumberCode::Index(self.in_loop(*field)?, 0),
            TemplateExpr::Loop(field @ LoopField::Length) => NumberCode::LoopLength(self.in_loop(*field)?),
            TemplateExpr::Group(of) => self.number(of)?,
            TemplateExpr::Counted(of, _) if self.number_kind(of).is_some() => self.number(of)?,
            TemplateExpr::Counted(of, Operand::Number) => NumberCode::Counted(Box::new(self.value(of)?)),
            TemplateExpr::Counted(of, Operand::Numeral | Operand::Strict) => {
                NumberCode::Numeral(Box::new(self.value(of)?))
            }
            TemplateExpr::Local(name) => {
                let local = self.local(name).filter(|local| matches!(local.kind, LocalKind::Number(_)));
                let Some(place) = local.map(|local| local.place) else {
                    return unwritable(format!("`{name}` as a number"));
                };
                self.used.push(place);
                NumberCode::Local(place)
            }
            TemplateExpr::Sum(one, sign, other) => {
                if [one, other].into_iter().any(|side| self.number_kind(side) == Some(NumberKind::Rounded)) {
                    return unwritable(ROUNDED);
                }
                let one = self.number(one)?;
                NumberCode::Sum(Box::new(one), *sign, Box::new(self.number(other)?))
            }
            TemplateExpr::Filtered(of, ValueFilter::Number(filter), given) => {
                self.filtered_number(of, *filter, given)?
            }
            TemplateExpr::Filtered(
                _,
                ValueFilter::Default | ValueFilter::Text(_) | ValueFilter::Item(_) | ValueFilter::List(_),
                _,
            )
            | TemplateExpr::Text(_)
            | TemplateExpr::Truth(_)
            | TemplateExpr::Null
            | TemplateExpr::List(_)
            | TemplateExpr::Variable(_)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last)
            | TemplateExpr::Item(..)
            | TemplateExpr::Not(_)
            | TemplateExpr::And(..)
            | TemplateExpr::Or(..)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Block
            | TemplateExpr::Choice(..) => return unwritable(UNKNOWN),
        })
    }

    /// Writes what a filter counts of a value.
    fn filtered_number(
        &mut self,
        of: &TemplateExpr,
        filter: NumberFilter,
        given: &[TemplateExpr],
    ) -> Result<NumberCode, Unwritable> {
        match filter {
            NumberFilter::Length => Ok(NumberCode::Length(Box::new(self.value(of)?))),
            NumberFilter::Absolute => self.number_call(CodeFunction::Absolute, of, None),
            NumberFilter::Total => self.number_call(CodeFunction::Total, of, None),
            NumberFilter::Round => {
                let digits = CallArgument::Count(count_of("round", given.first(), 0)?);
                self.number_call(CodeFunction::Rounded, of, Some(digits))
            }
            NumberFilter::Whole | NumberFilter::Fraction => {
                let is_whole = filter == NumberFilter::Whole;
                let otherwise = match given.first() {
                    None | Some(TemplateExpr::Null) => ValueCode::Missing,
                    Some(number @ TemplateExpr::Whole(_)) if is_whole => ValueCode::OfNumber(self.number(number)?),
                    Some(number @ TemplateExpr::Decimal(_)) if !is_whole => ValueCode::OfNumber(self.number(number)?),
                    Some(_) => return unwritable("a program gives `int` and `float` a number of their own kind"),
                };
                let function = if is_whole { CodeFunction::Whole } else { CodeFunction::Fraction };
                self.number_call(function, of, Some(CallArgument::Value(otherwise)))
            }
        }
    }

    fn number_call(
        &mut self,
        function: CodeFunction,
        of: &TemplateExpr,
        more: Option<CallArgument>,
    ) -> Result<NumberCode, Unwritable> {
        if self.number_kind(of) == Some(NumberKind::Rounded)
            && !matches!(function, CodeFunction::Whole | CodeFunction::Fraction)
        {
            return unwritable(ROUNDED);
        }
        let of = if self.number_kind(of).is_some() { ValueCode::OfNumber(self.number(of)?) } else { self.value(of)? };
        let given = [CallArgument::Value(of)].into_iter().chain(more).collect();
        Ok(NumberCode::Call(Box::new(CodeCall { function, given })))
    }

    /// Writes an expression as a number with its kind, if it is one that is counted.
    pub(super) fn counted(&mut self, expr: &TemplateExpr) -> Result<Option<(NumberCode, NumberKind)>, Unwritable> {
        let Some(kind) = self.number_kind(expr) else { return Ok(None) };
        let number = self.number(expr)?;
        Ok(number.is_counted().then_some((number, kind)))
    }

    /// Tells of what kind a number is; none where an expression need not be one.
    pub(super) fn number_kind(&self, expr: &TemplateExpr) -> Option<NumberKind> {
        match expr {
            TemplateExpr::Whole(_) | TemplateExpr::Loop(LoopField::Index | LoopField::Index0 | LoopField::Length) => {
                Some(NumberKind::Whole)
            }
            TemplateExpr::Decimal(_) => Some(NumberKind::Fraction),
            TemplateExpr::Group(of) | TemplateExpr::Counted(of, _) => self.number_kind(of),
            TemplateExpr::Local(name) => match self.local(name)?.kind {
                LocalKind::Number(kind) => Some(kind),
                LocalKind::Value | LocalKind::Made(_) | LocalKind::Given | LocalKind::Truth => None,
            },
            TemplateExpr::Sum(one, sign, other) => {
                let is_number = |side: &TemplateExpr| {
                    matches!(side, TemplateExpr::Counted(_, Operand::Strict)) || self.number_kind(side).is_some()
                };
                if *sign == SumSign::Add && !is_number(one) && !is_number(other) {
                    return None;
                }
                let kinds = [one, other].map(|side| self.number_kind(side).unwrap_or(NumberKind::Either));
                Some(match kinds {
                    _ if *sign == SumSign::Divide => NumberKind::Fraction,
                    [NumberKind::Whole, NumberKind::Whole] => NumberKind::Whole,
                    [NumberKind::Fraction, _] | [_, NumberKind::Fraction] => NumberKind::Fraction,
                    [_, _] => NumberKind::Either,
                })
            }
            TemplateExpr::Filtered(of, ValueFilter::Number(filter), _) => Some(match filter {
                NumberFilter::Length | NumberFilter::Whole => NumberKind::Whole,
                NumberFilter::Fraction => NumberKind::Fraction,
                NumberFilter::Total => NumberKind::Either,
                NumberFilter::Absolute => self.number_kind(of).unwrap_or(NumberKind::Either),
                NumberFilter::Round => match self.number_kind(of) {
                    Some(kind @ (NumberKind::Whole | NumberKind::Fraction)) => kind,
                    Some(NumberKind::Rounded | NumberKind::Either) | None => NumberKind::Rounded,
                },
            }),
            TemplateExpr::Filtered(
                _,
                ValueFilter::Default | ValueFilter::Text(_) | ValueFilter::Item(_) | ValueFilter::List(_),
                _,
            )
            | TemplateExpr::Text(_)
            | TemplateExpr::Truth(_)
            | TemplateExpr::Null
            | TemplateExpr::List(_)
            | TemplateExpr::Variable(_)
            | TemplateExpr::Loop(LoopField::First | LoopField::Last)
            | TemplateExpr::Item(..)
            | TemplateExpr::Not(_)
            | TemplateExpr::And(..)
            | TemplateExpr::Or(..)
            | TemplateExpr::Compare(..)
            | TemplateExpr::In(..)
            | TemplateExpr::Is(..)
            | TemplateExpr::Joined(_)
            | TemplateExpr::Block
            | TemplateExpr::Choice(..) => None,
        }
    }
}

/// What is said of what is no number.
const UNKNOWN: &str = "a number that is not understood";

/// Tells whether what stands beside a sign, at the end or the beginning of its side, is a number that is written out.
fn is_written(expr: &TemplateExpr, at_end: bool) -> bool {
    if let TemplateExpr::Sum(one, _, other) = expr {
        return is_written(if at_end { other } else { one }, at_end);
    }
    matches!(expr, TemplateExpr::Whole(_) | TemplateExpr::Decimal(_))
}
