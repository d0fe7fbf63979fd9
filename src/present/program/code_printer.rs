//! The code of messages, written in a language: one way through it for all of them.

use crate::{
    present::program::{
        CodeNames,
        code::{
            CallArgument, CodeCall, CodeFunction, CodeLoop, CodeStep, MessageCode, NumberCode, NumberKind, TextCode,
            TruthCode, ValueCode,
        },
        code_language::{
            Binding, CodeLanguage, CodeLine, CountedPart, JoinedPart, ListItem, LoopHead, Written, WrittenArgument,
        },
    },
    template::expression::ValueComparison,
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
    let head = language.head(name, &parameters, about, !changed.is_empty());
    let mut printer = CodePrinter { language, names, changed, out: head };
    for (place, field) in &code.fields {
        printer.line(1, &CodeLine::NeedFields(names.parameter(*place), field));
    }
    for place in &code.reads {
        printer.line(1, &CodeLine::ReadParameter(names.read(*place), names.parameter(*place)));
    }
    printer.line(1, &CodeLine::BeginText(OUT, writes(&code.steps)));
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

/// Tells whether steps may write anything into the text that they are for.
fn writes(steps: &[CodeStep]) -> bool {
    steps.iter().any(|step| match step {
        CodeStep::Write(_) => true,
        CodeStep::If { branches, otherwise } => branches.iter().any(|(_, body)| writes(body)) || writes(otherwise),
        CodeStep::Loop(whole) => writes(&whole.body) || writes(&whole.otherwise),
        CodeStep::Block(..) | CodeStep::Begin(..) | CodeStep::Set(..) => false,
    })
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
                        let line = self.language.quoted(line);
                        self.line(depth, &CodeLine::Write(text, &line));
                    }
                }
                CodeStep::Write(more) => {
                    let more = self.text(more);
                    self.line(depth, &CodeLine::Write(text, &more));
                }
                CodeStep::Block(number, body) => {
                    let name = names.block(*number);
                    self.line(depth, &CodeLine::BeginText(name, writes(body)));
                    self.steps(body, name, depth);
                }
                CodeStep::If { branches, otherwise } => {
                    for (place, (condition, body)) in branches.iter().enumerate() {
                        let condition = self.truth(condition, true);
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
            only: whole.only.as_ref().map(|only| self.truth(only, true)),
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
        let language = self.language;
        match text {
            TextCode::Quoted(text) => language.quoted(text),
            TextCode::Parameter(place) => language.parameter_text(self.names.parameter(*place)),
            TextCode::Of(sum @ ValueCode::Added(..)) | TextCode::Spelled(sum @ ValueCode::Added(..)) => {
                let mut parts = Vec::new();
                self.added_parts(sum, &mut parts);
                language.text_of_added(&self.value(sum), &parts)
            }
            TextCode::Of(value) => language.call_of(CodeFunction::TextOf, &[&self.value(value)]),
            TextCode::Spelled(value) => language.call_of(CodeFunction::Spelled, &[&self.value(value)]),
            TextCode::OfTruth(truth) => language.text_of_truth(&self.truth(truth, true)),
            TextCode::OfNumber(number) => language.text_of_number(&self.number(number)),
            TextCode::OfCounted(NumberCode::Call(call), NumberKind::Rounded) => {
                language.text_of_rounded(&self.arguments(call))
            }
            TextCode::OfCounted(number, kind) => {
                let mut parts = Vec::new();
                self.counted_parts(number, &mut parts);
                language.text_of_counted(&self.number(number), *kind, &parts)
            }
            TextCode::Block(number) => language.block(self.names.block(*number)),
            TextCode::Call(call) => self.call(call),
            TextCode::Upper(text) => language.upper(&self.text(text)),
            TextCode::Lower(text) => language.lower(&self.text(text)),
            TextCode::Trim(text) => language.trim(&self.text(text)),
            TextCode::Replace(text, one, other) => {
                language.replace(&self.text(text), &self.text(one), &self.text(other))
            }
            TextCode::Join(value, between) => {
                language.call_of(CodeFunction::Joined, &[&self.value(value), &self.text(between)])
            }
            TextCode::Json(value) => language.call_of(CodeFunction::Json, &[&self.value(value)]),
            TextCode::Joined(parts) => {
                let part = |part: &TextCode| match part {
                    TextCode::Quoted(text) => JoinedPart::Quoted(text.clone(), self.text(part)),
                    part => JoinedPart::Other(self.text(part)),
                };
                language.joined(&parts.iter().map(part).collect::<Vec<_>>())
            }
            TextCode::Choice(condition, one, other) => {
                language.choice(&self.truth(condition, true), &self.text(one), &self.text(other))
            }
        }
    }

    /// Writes what holds where a condition does, or where it does not.
    fn truth(&self, truth: &TruthCode, holds: bool) -> Written {
        let language = self.language;
        let how = |how: ValueComparison| if holds { how } else { how.opposite() };
        let written = match truth {
            TruthCode::Not(of) if holds => return self.truth(of, false),
            TruthCode::Filled(text) => return language.filled(&self.text(text), holds),
            TruthCode::Same(one, other) => return language.same(&self.value(one), &self.value(other), holds),
            TruthCode::SameText(one, other) => return language.same_text(&self.text(one), &self.text(other), holds),
            TruthCode::Worth(value, number) => {
                return language.worth(&self.value(value), &self.number(number), holds);
            }
            TruthCode::Ordered(value, order, number) => {
                return language.ordered(&self.value(value), how(*order), &self.number(number));
            }
            TruthCode::Numbers(one, order, other) => {
                return language.compared(&self.number(one), how(*order), &self.number(other));
            }
            TruthCode::First(number) => {
                let order = if holds { ValueComparison::Equal } else { ValueComparison::Greater };
                let index = self.names.index(*number);
                return Written::new(format!("{index} {} 0", language.sign(order)), Binding::Comparison);
            }
            TruthCode::Last(number) => {
                let order = if holds { ValueComparison::Equal } else { ValueComparison::Less };
                return language.at_last(&self.names.index(*number), order, &self.names.items(*number));
            }
            TruthCode::Is(value, test) => match language.opposite(*test).filter(|_| !holds) {
                Some(opposite) => return language.tested(&self.value(value), opposite),
                None => language.tested(&self.value(value), *test),
            },
            TruthCode::Not(of) => language.not(&self.truth(of, true)),
            TruthCode::Constant(truth) => Written::unit(language.signs().truth(*truth)),
            TruthCode::And(one, other) => self.both(one, language.signs().and, other),
            TruthCode::Or(one, other) => self.both(one, language.signs().or, other),
            TruthCode::Holds(value) => language.call_of(CodeFunction::Holds, &[&self.value(value)]),
            TruthCode::Contains(value, other) => {
                language.call_of(CodeFunction::Contains, &[&self.value(value), &self.value(other)])
            }
        };
        if holds { written } else { language.not(&written) }
    }

    /// Writes two conditions with the word that stands between them.
    fn both(&self, one: &TruthCode, word: &str, other: &TruthCode) -> Written {
        let [one, other] = [one, other].map(|side| self.truth(side, true).at(Binding::Negation));
        Written::new(format!("{one} {word} {other}"), Binding::Either)
    }

    fn number(&self, number: &NumberCode) -> Written {
        let language = self.language;
        match number {
            NumberCode::Literal(digits) => language.digits(digits),
            NumberCode::Index(number, 0) => Written::unit(self.names.index(*number)),
            NumberCode::Index(number, from) => {
                Written::new(format!("{} + {from}", self.names.index(*number)), Binding::Sum)
            }
            NumberCode::LoopLength(number) => language.loop_length(&self.names.items(*number)),
            NumberCode::Length(value) => language.call_of(CodeFunction::Length, &[&self.value(value)]),
            NumberCode::Sum(one, sign, other) => {
                language.number(language.sum(&self.operand(one), *sign, &self.operand(other)))
            }
            NumberCode::Counted(value) => {
                language.number(language.call_of(CodeFunction::Counted, &[&self.value(value)]))
            }
            NumberCode::Numeral(value) => {
                let numeral = language.call_of(CodeFunction::Numeral, &[&self.value(value)]);
                language.number(language.call_of(CodeFunction::Counted, &[&numeral]))
            }
            NumberCode::Local(place) => language.number(language.local(self.names.local(*place))),
            NumberCode::Call(call) => language.number(self.call(call)),
        }
    }

    /// Writes a number as a value to count with.
    fn operand(&self, number: &NumberCode) -> Written {
        let written = self.number(number);
        if number.is_counted() { written } else { self.language.value_of_plain(&written) }
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

    /// Lists the values that a sum of values is made of.
    fn added_parts(&self, value: &ValueCode, found: &mut Vec<CountedPart>) {
        if let ValueCode::Added(one, other) = value {
            self.added_parts(one, found);
            self.added_parts(other, found);
        } else {
            found.push(CountedPart::One(self.value(value)));
        }
    }

    fn arguments(&self, call: &CodeCall) -> Vec<WrittenArgument> {
        let argument = |given: &CallArgument| match given {
            CallArgument::Value(value) => WrittenArgument::Of(self.value(value)),
            CallArgument::Text(text) => WrittenArgument::Of(self.text(text)),
            CallArgument::Count(count) => WrittenArgument::Count(*count),
            CallArgument::Flag(flag) => WrittenArgument::Flag(*flag),
        };
        call.given.iter().map(argument).collect()
    }

    fn call(&self, call: &CodeCall) -> Written {
        self.language.call(call.function, &self.arguments(call))
    }

    fn value(&self, value: &ValueCode) -> Written {
        let (language, names) = (self.language, self.names);
        match value {
            ValueCode::Null => Written::unit(language.signs().null),
            ValueCode::Missing => Written::unit(language.signs().missing),
            ValueCode::OfText(text) => language.value_of_text(&self.text(text)),
            ValueCode::OfTruth(truth) => language.value_of_plain(&self.truth(truth, true)),
            ValueCode::OfNumber(number) => self.operand(number),
            ValueCode::List(items) => language.list(&items.iter().map(|item| self.list_item(item)).collect::<Vec<_>>()),
            ValueCode::Parameter(place) => language.parameter(names.parameter(*place)),
            ValueCode::Read(place) => language.local(names.read(*place)),
            ValueCode::Local(place) => language.local(names.local(*place)),
            ValueCode::ReadLocal(place) => {
                language.call_of(CodeFunction::Read, &[&language.local(names.local(*place))])
            }
            ValueCode::Item(value, key) => {
                language.call_of(CodeFunction::Item, &[&self.value(value), &self.value(key)])
            }
            ValueCode::First(value) => language.call_of(CodeFunction::First, &[&self.value(value)]),
            ValueCode::Last(value) => language.call_of(CodeFunction::Last, &[&self.value(value)]),
            ValueCode::Choice(condition, one, other) => {
                language.choice(&self.truth(condition, true), &self.value(one), &self.value(other))
            }
            ValueCode::Added(one, other) => {
                language.call_of(CodeFunction::Added, &[&self.value(one), &self.value(other)])
            }
            ValueCode::Call(call) => self.call(call),
            ValueCode::Picked(pick) => {
                let of = self.value(&pick.of);
                language.picked(&of, names.local(pick.item), &self.truth(&pick.only, true))
            }
            ValueCode::Given(value) => language.call_of(CodeFunction::Given, &[&self.value(value)]),
        }
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
            | ValueCode::Picked(_)
            | ValueCode::Missing
            | ValueCode::Given(_) => ListItem::Value(self.value(item)),
        }
    }
}
