//! What a language says in its own way of the code of messages: its signs, its brackets, its functions and its lines. All
//! else is the same in each, and is in `code_printer.rs`.

use crate::{
    present::program::{
        Helper,
        code::{CodeFunction, NumberKind},
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

/// A piece of code with its parts written.
#[derive(Debug, Clone)]
pub(super) enum CodeForm {
    // Texts.
    Quoted(String),
    ParameterText(String),
    TextOf(Written),
    /// What stands in a prompt for the sum of two values, or for two texts.
    TextOfAdded(Written, Written),
    Spelled(Written),
    TextOfTruth(Written),
    TextOfNumber(Written),
    /// A number, its kind, and what it was counted of.
    TextOfCounted(Written, NumberKind, Vec<CountedPart>),
    /// What a number is when it was rounded: it, and the digits that are left.
    TextOfRounded(Vec<WrittenArgument>),
    /// What was written into a block of a name.
    Block(String),
    TextCall(CodeFunction, Vec<WrittenArgument>),
    Upper(Written),
    Lower(Written),
    Trim(Written),
    /// A text, what is replaced in it, and what stands there instead.
    Replace(Written, Written, Written),
    /// A value, and what stands between its items.
    Join(Written, Written),
    Json(Written),
    Joined(Vec<JoinedPart>),
    /// What is taken where the first holds, and what is where it does not.
    ChosenText(Written, Written, Written),
    // What holds or does not.
    Constant(bool),
    Not(Written),
    And(Written, Written),
    Or(Written, Written),
    Holds(Written),
    Filled(Written),
    Same(Written, Written),
    SameText(Written, Written),
    Worth(Written, Written),
    Ordered(Written, ValueComparison, Written),
    Numbers(Written, ValueComparison, Written),
    /// Whether the second is in the first.
    Contains(Written, Written),
    Is(Written, ValueTest),
    /// Whether the place of an item is the first.
    AtFirst(String),
    /// Whether it is the last of these items.
    AtLast(String, String),
    // Numbers.
    Digits(String),
    Index(String, u8),
    LoopLength(String),
    Length(Written),
    /// Two values that are counted together.
    Sum(Written, SumSign, Written),
    Counted(Written),
    /// A value to count with that may be a text which writes a number.
    CountedNumeral(Written),
    LocalNumber(String),
    NumberCall(CodeFunction, Vec<WrittenArgument>),
    // Values.
    Null,
    Missing,
    ValueOfText(Written),
    ValueOfTruth(Written),
    ValueOfNumber(Written),
    List(Vec<ListItem>),
    Parameter(String),
    Read(String),
    Local(String),
    ReadLocal(String),
    Item(Written, Written),
    FirstOf(Written),
    LastOf(Written),
    ChosenValue(Written, Written, Written),
    Added(Written, Written),
    ValueCall(CodeFunction, Vec<WrittenArgument>),
    Given(Written),
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

/// Writes what holds where a comparison of numbers does not: none of other code.
pub(super) fn negated_comparison(language: &dyn CodeLanguage, form: &CodeForm) -> Option<Written> {
    if let CodeForm::Numbers(one, how, other) = form {
        return Some(language.form(&CodeForm::Numbers(one.clone(), how.opposite(), other.clone())));
    }
    let CodeForm::Ordered(value, how, number) = form else { return None };
    Some(language.form(&CodeForm::Ordered(value.clone(), how.opposite(), number.clone())))
}

/// What a function is given.
#[derive(Debug, Clone)]
pub(super) enum WrittenArgument {
    Value(Written),
    Text(Written),
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
    /// Begins a text that is written piece by piece.
    BeginText(&'a str),
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

/// A language that the code of messages is written in.
pub(super) trait CodeLanguage {
    /// The white space of one level.
    fn indent(&self) -> &'static str;

    /// The functions that the code may need, each after those that it needs itself.
    fn helpers(&self) -> &'static [Helper];

    /// Writes a piece of code.
    fn form(&self, form: &CodeForm) -> Written;

    /// Writes what holds where a piece of code does not, if that is more than a sign before it.
    fn negated(&self, form: &CodeForm) -> Option<Written>;

    /// Writes a line, or a few; none where the language has nothing there. Those of a block that it ends are a level less deep.
    fn line(&self, line: &CodeLine<'_>) -> Option<String>;

    /// Writes the first lines of a function that writes what it is `about`.
    fn head(&self, name: &str, parameters: &[&str], about: &str) -> String;
}
