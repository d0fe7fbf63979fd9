//! The code of messages, written in a language: one way through it for all of them.

use crate::present::program::{
    CodeNames,
    code::{
        CallArgument, CodeCall, CodeFunction, CodeLoop, CodeStep, MessageCode, NumberCode, NumberKind, TextCode,
        TruthCode, ValueCode,
    },
    code_language::{
        CodeForm, CodeLanguage, CodeLine, CountedPart, JoinedPart, ListItem, LoopHead, Written, WrittenArgument,
    },
};

/// The text that a function returns.
const OUT: &str = "out";

/// Writes a function that writes a message.
pub(super) fn function(
    language: &dyn CodeLanguage,
    code: &MessageCode,
    names: &CodeNames,
    name: &str,
    about: &str,
) -> String {
    let parameters: Vec<&str> = code.takes.iter().map(|place| names.parameter(*place)).collect();
    let mut changed = Vec::new();
    changed_names(&code.steps, &mut changed);
    let mut printer = CodePrinter { language, names, changed, out: language.head(name, &parameters, about) };
    for (place, field) in &code.fields {
        printer.line(1, &CodeLine::NeedFields(names.parameter(*place), field));
    }
    for place in &code.reads {
        printer.line(1, &CodeLine::ReadParameter(names.read(*place), names.parameter(*place)));
    }
    printer.line(1, &CodeLine::BeginText(OUT));
    printer.steps(&code.steps, OUT, 1);
    printer.line(1, &CodeLine::Return(OUT));
    printer.line(0, &CodeLine::End);
    printer.out
}

struct CodePrinter<'a> {
    language: &'a dyn CodeLanguage,
    names: &'a CodeNames,
    /// The places of the names that are set after they were begun.
    changed: Vec<usize>,
    out: String,
}

fn changed_names(steps: &[CodeStep], found: &mut Vec<usize>) {
    for step in steps {
        match step {
            CodeStep::Set(place, _) => found.push(*place),
            CodeStep::If { branches, otherwise } => {
                for (_, body) in branches {
                    changed_names(body, found);
                }
                changed_names(otherwise, found);
            }
            CodeStep::Loop(whole) => {
                changed_names(&whole.body, found);
                changed_names(&whole.otherwise, found);
            }
            CodeStep::Block(_, body) => changed_names(body, found),
            CodeStep::Write(_) | CodeStep::Begin(..) => {}
        }
    }
}

impl CodePrinter<'_> {
    fn line(&mut self, depth: usize, line: &CodeLine<'_>) {
        let indent = self.language.indent().repeat(depth);
        for line in self.language.line(line).iter().flat_map(|lines| lines.lines()) {
            self.out.extend([&indent, line, "\n"]);
        }
    }

    /// Writes the steps of a block.
    fn block(&mut self, steps: &[CodeStep], text: &str, depth: usize) {
        if steps.is_empty() {
            self.line(depth, &CodeLine::Nothing);
        }
        self.steps(steps, text, depth);
    }

    /// Writes steps that write a text of this name.
    fn steps(&mut self, steps: &[CodeStep], text: &str, depth: usize) {
        let names = self.names;
        for step in steps {
            match step {
                CodeStep::Write(TextCode::Quoted(quoted)) => {
                    for line in quoted.split_inclusive('\n') {
                        let line = self.language.form(&CodeForm::Quoted(line.to_owned()));
                        self.line(depth, &CodeLine::Write(text, &line));
                    }
                }
                CodeStep::Write(more) => {
                    let more = self.text(more);
                    self.line(depth, &CodeLine::Write(text, &more));
                }
                CodeStep::Block(number, body) => {
                    let name = names.block(*number);
                    self.line(depth, &CodeLine::BeginText(name));
                    self.steps(body, name, depth);
                }
                CodeStep::If { branches, otherwise } => {
                    for (place, (condition, body)) in branches.iter().enumerate() {
                        let condition = self.truth(condition);
                        let begin = if place == 0 { CodeLine::If(&condition) } else { CodeLine::ElseIf(&condition) };
                        self.line(depth, &begin);
                        self.block(body, text, depth + 1);
                    }
                    if !otherwise.is_empty() {
                        self.line(depth, &CodeLine::Else);
                        self.block(otherwise, text, depth + 1);
                    }
                    self.line(depth, &CodeLine::End);
                }
                CodeStep::Loop(whole) => self.whole_loop(whole, text, depth),
                CodeStep::Begin(place, value) => {
                    let value = self.value(value);
                    let changes = self.changed.contains(place);
                    self.line(depth, &CodeLine::Begin(names.local(*place), &value, changes));
                }
                CodeStep::Set(place, value) => {
                    let value = self.value(value);
                    self.line(depth, &CodeLine::Set(names.local(*place), &value));
                }
            }
        }
    }

    fn whole_loop(&mut self, whole: &CodeLoop, text: &str, depth: usize) {
        let names = self.names;
        let (items, index) = (names.items(whole.number), names.index(whole.number));
        let head = LoopHead {
            names: whole.names.iter().map(|place| names.local(*place)).collect(),
            over: self.value(&whole.over),
            only: whole.only.as_ref().map(|only| self.truth(only)),
            items: Some(&*items).filter(|_| whole.is_kept),
            index: Some(&*index).filter(|_| whole.is_counted),
        };
        self.line(depth, &CodeLine::Loop(head));
        self.block(&whole.body, text, depth + 1);
        self.line(depth, &CodeLine::End);
        if !whole.otherwise.is_empty() {
            self.line(depth, &CodeLine::IfNone(&items));
            self.block(&whole.otherwise, text, depth + 1);
            self.line(depth, &CodeLine::End);
        }
    }

    fn text(&self, text: &TextCode) -> Written {
        self.language.form(&match text {
            TextCode::Quoted(text) => CodeForm::Quoted(text.clone()),
            TextCode::Parameter(place) => CodeForm::ParameterText(self.names.parameter(*place).to_owned()),
            TextCode::Of(ValueCode::Added(one, other)) | TextCode::Spelled(ValueCode::Added(one, other)) => {
                CodeForm::TextOfAdded(self.value(one), self.value(other))
            }
            TextCode::Of(value) => CodeForm::TextOf(self.value(value)),
            TextCode::Spelled(value) => CodeForm::Spelled(self.value(value)),
            TextCode::OfTruth(truth) => CodeForm::TextOfTruth(self.truth(truth)),
            TextCode::OfNumber(number) => CodeForm::TextOfNumber(self.number(number)),
            TextCode::OfCounted(NumberCode::Call(call), NumberKind::Rounded) => {
                CodeForm::TextOfRounded(self.arguments(call))
            }
            TextCode::OfCounted(number, kind) => {
                let mut parts = Vec::new();
                self.counted_parts(number, &mut parts);
                CodeForm::TextOfCounted(self.number(number), *kind, parts)
            }
            TextCode::Block(number) => CodeForm::Block(self.names.block(*number).to_owned()),
            TextCode::Call(call) => CodeForm::TextCall(call.function, self.arguments(call)),
            TextCode::Upper(text) => CodeForm::Upper(self.text(text)),
            TextCode::Lower(text) => CodeForm::Lower(self.text(text)),
            TextCode::Trim(text) => CodeForm::Trim(self.text(text)),
            TextCode::Replace(text, one, other) => CodeForm::Replace(self.text(text), self.text(one), self.text(other)),
            TextCode::Join(value, between) => CodeForm::Join(self.value(value), self.text(between)),
            TextCode::Json(value) => CodeForm::Json(self.value(value)),
            TextCode::Joined(parts) => {
                let part = |part: &TextCode| match part {
                    TextCode::Quoted(text) => JoinedPart::Quoted(text.clone(), self.text(part)),
                    part => JoinedPart::Other(self.text(part)),
                };
                CodeForm::Joined(parts.iter().map(part).collect())
            }
            TextCode::Choice(condition, one, other) => {
                CodeForm::ChosenText(self.truth(condition), self.text(one), self.text(other))
            }
        })
    }

    fn truth(&self, truth: &TruthCode) -> Written {
        let TruthCode::Not(of) = truth else { return self.language.form(&self.truth_form(truth)) };
        let form = self.truth_form(of);
        let negated = || self.language.form(&CodeForm::Not(self.language.form(&form)));
        self.language.negated(&form).unwrap_or_else(negated)
    }

    fn truth_form(&self, truth: &TruthCode) -> CodeForm {
        match truth {
            TruthCode::Constant(truth) => CodeForm::Constant(*truth),
            TruthCode::Not(of) => CodeForm::Not(self.truth(of)),
            TruthCode::And(one, other) => CodeForm::And(self.truth(one), self.truth(other)),
            TruthCode::Or(one, other) => CodeForm::Or(self.truth(one), self.truth(other)),
            TruthCode::Holds(value) => CodeForm::Holds(self.value(value)),
            TruthCode::Filled(text) => CodeForm::Filled(self.text(text)),
            TruthCode::Same(one, other) => CodeForm::Same(self.value(one), self.value(other)),
            TruthCode::SameText(one, other) => CodeForm::SameText(self.text(one), self.text(other)),
            TruthCode::Worth(value, number) => CodeForm::Worth(self.value(value), self.number(number)),
            TruthCode::Ordered(value, how, number) => CodeForm::Ordered(self.value(value), *how, self.number(number)),
            TruthCode::Numbers(one, how, other) => CodeForm::Numbers(self.number(one), *how, self.number(other)),
            TruthCode::Contains(value, other) => CodeForm::Contains(self.value(value), self.value(other)),
            TruthCode::Is(value, test) => CodeForm::Is(self.value(value), *test),
            TruthCode::First(number) => CodeForm::AtFirst(self.names.index(*number)),
            TruthCode::Last(number) => CodeForm::AtLast(self.names.index(*number), self.names.items(*number)),
        }
    }

    fn number(&self, number: &NumberCode) -> Written {
        self.language.form(&match number {
            NumberCode::Literal(digits) => CodeForm::Digits(digits.clone()),
            NumberCode::Index(number, from) => CodeForm::Index(self.names.index(*number), *from),
            NumberCode::LoopLength(number) => CodeForm::LoopLength(self.names.items(*number)),
            NumberCode::Length(value) => CodeForm::Length(self.value(value)),
            NumberCode::Sum(one, sign, other) => CodeForm::Sum(self.operand(one), *sign, self.operand(other)),
            NumberCode::Counted(value) => CodeForm::Counted(self.value(value)),
            NumberCode::Numeral(value) => CodeForm::CountedNumeral(self.value(value)),
            NumberCode::Local(place) => CodeForm::LocalNumber(self.names.local(*place).to_owned()),
            NumberCode::Call(call) => CodeForm::NumberCall(call.function, self.arguments(call)),
        })
    }

    /// Writes a number as a value to count with.
    fn operand(&self, number: &NumberCode) -> Written {
        let written = self.number(number);
        if number.is_counted() { written } else { self.language.form(&CodeForm::ValueOfNumber(written)) }
    }

    /// Lists what a number is counted of that is given.
    fn counted_parts(&self, number: &NumberCode, found: &mut Vec<CountedPart>) {
        match number {
            NumberCode::Literal(_) | NumberCode::Index(..) | NumberCode::LoopLength(_) | NumberCode::Length(_) => {}
            NumberCode::Sum(one, _, other) => {
                self.counted_parts(one, found);
                self.counted_parts(other, found);
            }
            NumberCode::Counted(value) | NumberCode::Numeral(value) => found.push(CountedPart::One(self.value(value))),
            NumberCode::Local(_) => found.push(CountedPart::One(self.number(number))),
            NumberCode::Call(call) => {
                for given in &call.given {
                    match (given, call.function) {
                        (CallArgument::Value(value), CodeFunction::Total) => {
                            found.push(CountedPart::Each(self.value(value)));
                        }
                        (CallArgument::Value(ValueCode::OfNumber(number)), _) => self.counted_parts(number, found),
                        (CallArgument::Value(value), CodeFunction::Absolute) => {
                            found.push(CountedPart::One(self.value(value)));
                        }
                        (
                            CallArgument::Value(_)
                            | CallArgument::Text(_)
                            | CallArgument::Count(_)
                            | CallArgument::Flag(_),
                            _,
                        ) => {}
                    }
                }
            }
        }
    }

    fn arguments(&self, call: &CodeCall) -> Vec<WrittenArgument> {
        let argument = |given: &CallArgument| match given {
            CallArgument::Value(value) => WrittenArgument::Value(self.value(value)),
            CallArgument::Text(text) => WrittenArgument::Text(self.text(text)),
            CallArgument::Count(count) => WrittenArgument::Count(*count),
            CallArgument::Flag(flag) => WrittenArgument::Flag(*flag),
        };
        call.given.iter().map(argument).collect()
    }

    fn value(&self, value: &ValueCode) -> Written {
        if let ValueCode::OfNumber(number) = value {
            return self.operand(number);
        }
        self.language.form(&match value {
            ValueCode::Null => CodeForm::Null,
            ValueCode::OfText(text) => CodeForm::ValueOfText(self.text(text)),
            ValueCode::OfTruth(truth) => CodeForm::ValueOfTruth(self.truth(truth)),
            ValueCode::OfNumber(number) => CodeForm::ValueOfNumber(self.number(number)),
            ValueCode::List(items) => CodeForm::List(items.iter().map(|item| self.list_item(item)).collect()),
            ValueCode::Parameter(place) => CodeForm::Parameter(self.names.parameter(*place).to_owned()),
            ValueCode::Read(place) => CodeForm::Read(self.names.read(*place).to_owned()),
            ValueCode::Local(place) => CodeForm::Local(self.names.local(*place).to_owned()),
            ValueCode::ReadLocal(place) => CodeForm::ReadLocal(self.names.local(*place).to_owned()),
            ValueCode::Item(value, key) => CodeForm::Item(self.value(value), self.value(key)),
            ValueCode::First(value) => CodeForm::FirstOf(self.value(value)),
            ValueCode::Last(value) => CodeForm::LastOf(self.value(value)),
            ValueCode::Choice(condition, one, other) => {
                CodeForm::ChosenValue(self.truth(condition), self.value(one), self.value(other))
            }
            ValueCode::Added(one, other) => CodeForm::Added(self.value(one), self.value(other)),
            ValueCode::Call(call) => CodeForm::ValueCall(call.function, self.arguments(call)),
            ValueCode::Missing => CodeForm::Missing,
            ValueCode::Given(value) => CodeForm::Given(self.value(value)),
        })
    }

    fn list_item(&self, item: &ValueCode) -> ListItem {
        match item {
            ValueCode::OfText(text) => ListItem::Text(self.text(text)),
            ValueCode::OfNumber(number) => ListItem::Number(self.number(number)),
            ValueCode::Null
            | ValueCode::OfTruth(_)
            | ValueCode::List(_)
            | ValueCode::Parameter(_)
            | ValueCode::Read(_)
            | ValueCode::Local(_)
            | ValueCode::ReadLocal(_)
            | ValueCode::Item(..)
            | ValueCode::First(_)
            | ValueCode::Last(_)
            | ValueCode::Choice(..)
            | ValueCode::Added(..)
            | ValueCode::Call(_)
            | ValueCode::Missing
            | ValueCode::Given(_) => ListItem::Value(self.value(item)),
        }
    }
}
