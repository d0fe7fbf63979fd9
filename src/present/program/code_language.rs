//! What a language says in its own way of the code of messages: its signs, its brackets, its functions and its lines. All
//! else is the same in each, and is in `code_printer.rs`.

use crate::{
    present::program::{
        Helper,
        code::{CodeFunction, NumberKind},
        quoted,
    },
    template::expression::{SumSign, ValueComparison, ValueTest},
};

/// How tightly what is written holds together, from what has to stand in brackets almost everywhere to what never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Binding {
    /// One of two, by a condition.
    Choice,
    /// What holds together by `and` or `or`.
    Either,
    Negation,
    Comparison,
    Sum,
    Product,
    /// A name, a call, something in brackets.
    Unit,
}

/// A part of a line as it was written.
#[derive(Debug, Clone)]
pub(super) struct Written {
    /// It, where whoever takes it owns it.
    pub text: String,
    pub binding: Binding,
    /// It, where it is only lent, if that is written otherwise than [`Self::lent`] would.
    pub borrowed: Option<String>,
    /// It as a number with a fraction, if that is written otherwise than [`Self::fraction`] would.
    pub digits: Option<String>,
}

impl Written {
    pub(super) fn new(text: impl Into<String>, binding: Binding) -> Self {
        Self { text: text.into(), binding, borrowed: None, digits: None }
    }

    /// Makes what never stands in brackets.
    pub(super) fn unit(text: impl Into<String>) -> Self {
        Self::new(text, Binding::Unit)
    }

    /// Writes it where what binds less than this stands in brackets.
    pub(super) fn at(&self, least: Binding) -> String {
        if self.binding < least { format!("({})", self.text) } else { self.text.clone() }
    }

    /// Writes a sum with another as most languages have it.
    pub(super) fn infix(&self, sign: SumSign, other: &Self) -> Self {
        let (own, more) = match sign {
            SumSign::Add | SumSign::Subtract => (Binding::Sum, Binding::Product),
            SumSign::Multiply | SumSign::Divide | SumSign::DivideDown | SumSign::Remainder => {
                (Binding::Product, Binding::Unit)
            }
        };
        Self::new(format!("{} {} {}", self.at(own), sign.sign(), other.at(more)), own)
    }

    /// Writes it where something is read of it.
    pub(super) fn owner(&self) -> String {
        self.borrowed.clone().unwrap_or_else(|| self.at(Binding::Unit))
    }

    /// Writes it where it is lent, as Rust does.
    pub(super) fn lent(&self) -> String {
        self.borrowed.clone().unwrap_or_else(|| format!("&{}", self.at(Binding::Unit)))
    }

    /// Writes it as a number with a fraction, as Rust does.
    pub(super) fn fraction(&self) -> String {
        self.digits.clone().unwrap_or_else(|| format!("({} as f64)", self.at(Binding::Unit)))
    }
}

/// What a number was counted of, as it was given.
#[derive(Debug, Clone)]
pub(super) enum CountedPart {
    One(Written),
    /// All items of a value.
    Each(Written),
}

/// A part of a text that is joined.
#[derive(Debug, Clone)]
pub(super) enum JoinedPart {
    /// A text that is written out: as it is, and as the language writes it.
    Quoted(String, Written),
    Other(Written),
}

impl JoinedPart {
    pub(super) fn written(&self) -> &Written {
        let (Self::Quoted(_, written) | Self::Other(written)) = self;
        written
    }
}

/// What a function is given.
#[derive(Debug, Clone)]
pub(super) enum WrittenArgument {
    /// A text or a value.
    Of(Written),
    Count(u8),
    Flag(bool),
}

/// An item of a list that is written out.
#[derive(Debug, Clone)]
pub(super) enum ListItem {
    Text(Written),
    Number(Written),
    Value(Written),
}

impl ListItem {
    /// Writes it where all items are of one kind.
    pub(super) fn text(&self) -> &str {
        let (Self::Text(written) | Self::Number(written) | Self::Value(written)) = self;
        &written.text
    }
}

/// A line of code, or those that begin or end a block.
#[derive(Debug, Clone)]
pub(super) enum CodeLine<'a> {
    /// Makes sure that a parameter has fields: its name, and the field's.
    NeedFields(&'a str, &'a str),
    /// Reads a parameter: what it is called then, and its name.
    ReadParameter(&'a str, &'a str),
    /// Begins a text that is written piece by piece, and tells whether anything may be.
    BeginText(&'a str, bool),
    /// Writes more of a text of this name.
    Write(&'a str, &'a Written),
    /// Returns a text of this name.
    Return(&'a str),
    If(&'a Written),
    ElseIf(&'a Written),
    Else,
    Loop(LoopHead<'a>),
    /// Begins what is done where these items are none.
    IfNone(&'a str),
    End,
    /// What stands where nothing is done.
    Nothing,
    /// Begins a name with a value, and tells whether it is set again.
    Begin(&'a str, &'a Written, bool),
    Set(&'a str, &'a Written),
}

/// The beginning of a loop.
#[derive(Debug, Clone)]
pub(super) struct LoopHead<'a> {
    /// What an item is called, or the two parts of one.
    pub names: Vec<&'a str>,
    pub over: Written,
    /// What holds for the items that are taken.
    pub only: Option<Written>,
    /// What the items are called, where they are asked for beside it.
    pub items: Option<&'a str>,
    /// What the place of an item is called, where it is asked for.
    pub index: Option<&'a str>,
}

/// The words and signs of a language.
#[derive(Debug)]
pub(super) struct CodeSigns {
    pub and: &'static str,
    pub or: &'static str,
    /// What is false, and what is true.
    pub truths: [&'static str; 2],
    pub null: &'static str,
    /// What is not given.
    pub missing: &'static str,
}

impl CodeSigns {
    pub(super) fn truth(&self, truth: bool) -> &'static str {
        let [no, yes] = self.truths;
        if truth { yes } else { no }
    }
}

/// A language that the code of messages is written in. What most of them write alike is written here.
pub(super) trait CodeLanguage {
    /// The white space of one level.
    fn indent(&self) -> &'static str;

    /// The functions that the code may need, each after those that it needs itself.
    fn helpers(&self) -> &'static [Helper];

    fn signs(&self) -> &'static CodeSigns;

    /// What a function is called.
    fn name(&self, function: CodeFunction) -> &'static str;

    /// Writes a line, or a few; none where the language has nothing there. Those of a block that it ends are a level less deep.
    fn line(&self, line: &CodeLine<'_>) -> Option<String>;

    /// Writes the first lines of a function that writes what it is `about`, and may set a name again.
    fn head(&self, name: &str, parameters: &[&str], about: &str, sets_again: bool) -> String;

    /// What stands before a name that nothing reads.
    fn unread(&self) -> &'static str {
        ""
    }

    /// Writes a text or a value that a function is given.
    fn passed(&self, written: &Written) -> String {
        written.text.clone()
    }

    /// Writes what a function is given.
    fn arguments(&self, given: &[WrittenArgument]) -> String {
        let argument = |given: &WrittenArgument| match given {
            WrittenArgument::Of(written) => self.passed(written),
            WrittenArgument::Count(count) => count.to_string(),
            WrittenArgument::Flag(flag) => self.signs().truth(*flag).to_owned(),
        };
        given.iter().map(argument).collect::<Vec<_>>().join(", ")
    }

    fn call(&self, function: CodeFunction, given: &[WrittenArgument]) -> Written {
        Written::unit(format!("{}({})", self.name(function), self.arguments(given)))
    }

    /// Calls a function with texts and values alone.
    fn call_of(&self, function: CodeFunction, given: &[&Written]) -> Written {
        let given: Vec<WrittenArgument> = given.iter().map(|written| WrittenArgument::Of((*written).clone())).collect();
        self.call(function, &given)
    }

    // Texts.

    fn quoted(&self, text: &str) -> Written {
        Written::unit(quoted(text))
    }

    /// Writes a parameter that is a text.
    fn parameter_text(&self, name: &str) -> Written {
        Written::unit(name)
    }

    /// Writes what was written into a block of a name.
    fn block(&self, name: &str) -> Written {
        Written::unit(name)
    }

    /// Writes what stands in a prompt for a sum of values, which is a number or a text, given what it is a sum of.
    fn text_of_added(&self, sum: &Written, _parts: &[CountedPart]) -> Written {
        self.call_of(CodeFunction::TextOf, &[sum])
    }

    fn text_of_truth(&self, truth: &Written) -> Written;

    fn text_of_number(&self, number: &Written) -> Written;

    /// Writes the text of a number of a kind that was counted of some parts.
    fn text_of_counted(&self, number: &Written, kind: NumberKind, parts: &[CountedPart]) -> Written;

    /// Writes the text of a number that is rounded: given are it, and the digits that are left.
    fn text_of_rounded(&self, given: &[WrittenArgument]) -> Written {
        self.text_of_counted(&self.call(CodeFunction::Rounded, given), NumberKind::Rounded, &[])
    }

    fn upper(&self, text: &Written) -> Written;

    fn lower(&self, text: &Written) -> Written;

    fn trim(&self, text: &Written) -> Written;

    /// Writes a text in which one is replaced by another.
    fn replace(&self, text: &Written, one: &Written, other: &Written) -> Written;

    fn joined(&self, parts: &[JoinedPart]) -> Written {
        let parts: Vec<String> = parts.iter().map(|part| part.written().at(Binding::Sum)).collect();
        Written::new(parts.join(" + "), Binding::Sum)
    }

    /// Writes what is taken where a condition holds, or else what is where it does not.
    fn choice(&self, condition: &Written, one: &Written, other: &Written) -> Written;

    // What holds or does not.

    fn not(&self, truth: &Written) -> Written {
        Written::new(format!("!{}", truth.at(Binding::Unit)), Binding::Negation)
    }

    fn sign(&self, how: ValueComparison) -> &'static str {
        how.sign()
    }

    /// Writes whether a text has anything in it, or has not.
    fn filled(&self, text: &Written, is_filled: bool) -> Written {
        let sign = self.sign(ValueComparison::equal(!is_filled));
        Written::new(format!("{} {sign} \"\"", text.at(Binding::Sum)), Binding::Comparison)
    }

    /// Writes whether two values are the same, or are not.
    fn same(&self, one: &Written, other: &Written, is_same: bool) -> Written {
        let same = self.call_of(CodeFunction::Same, &[one, other]);
        if is_same { same } else { self.not(&same) }
    }

    /// Writes whether two texts are the same, or are not.
    fn same_text(&self, one: &Written, other: &Written, is_same: bool) -> Written {
        let sign = self.sign(ValueComparison::equal(is_same));
        let (one, other) = (one.at(Binding::Sum), other.at(Binding::Sum));
        Written::new(format!("{one} {sign} {other}"), Binding::Comparison)
    }

    /// Writes whether a value is worth a number, or is not.
    fn worth(&self, value: &Written, number: &Written, is_worth: bool) -> Written {
        let (own, sign) = (self.call_of(CodeFunction::AsNumber, &[value]), self.sign(ValueComparison::equal(is_worth)));
        Written::new(format!("{} {sign} {}", own.text, number.text), Binding::Comparison)
    }

    fn ordered(&self, value: &Written, how: ValueComparison, number: &Written) -> Written {
        let order = self.call_of(CodeFunction::OrderOf, &[value, number]);
        Written::new(format!("{} {} 0", order.text, self.sign(how)), Binding::Comparison)
    }

    fn compared(&self, one: &Written, how: ValueComparison, other: &Written) -> Written {
        Written::new(format!("{} {} {}", one.text, self.sign(how), other.text), Binding::Comparison)
    }

    fn tested(&self, value: &Written, test: ValueTest) -> Written;

    /// The test that holds where another does not, if there is one.
    fn opposite(&self, _test: ValueTest) -> Option<ValueTest> {
        None
    }

    /// Writes how the place of an item compares with that of the last of some items.
    fn at_last(&self, index: &str, how: ValueComparison, items: &str) -> Written {
        let length = self.loop_length(items);
        Written::new(format!("{index} {} {} - 1", self.sign(how), length.text), Binding::Comparison)
    }

    // Numbers.

    fn digits(&self, digits: &str) -> Written {
        Written::unit(digits)
    }

    /// Writes how many items a loop has.
    fn loop_length(&self, items: &str) -> Written;

    /// Writes what two values come to that are counted together.
    fn sum(&self, one: &Written, sign: SumSign, other: &Written) -> Written;

    /// Writes what was counted where a number is wanted.
    fn number(&self, counted: Written) -> Written {
        counted
    }

    // Values.

    /// Writes a parameter that is a value.
    fn parameter(&self, name: &str) -> Written {
        Written::unit(name)
    }

    /// Writes a name that stands for a value.
    fn local(&self, name: &str) -> Written {
        Written::unit(name)
    }

    fn value_of_text(&self, text: &Written) -> Written {
        text.clone()
    }

    /// Writes a number or a truth as a value.
    fn value_of_plain(&self, plain: &Written) -> Written {
        plain.clone()
    }

    /// Writes the items of a value, each with a name, for which something holds.
    fn picked(&self, of: &Written, item: &str, only: &Written) -> Written;

    fn list(&self, items: &[ListItem]) -> Written {
        Written::unit(format!("[{}]", items.iter().map(ListItem::text).collect::<Vec<_>>().join(", ")))
    }
}
