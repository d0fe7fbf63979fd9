//! A message with conditions, loops or filters as code that any language has: each expression by what comes of it, a text,
//! a truth, a number or a value.

use crate::template::expression::{SumSign, ValueComparison, ValueTest};

/// A parameter of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProgramVariable {
    /// The variable's name in the prompt.
    pub name: String,
    /// Whether it may be more than a text.
    pub is_value: bool,
    /// Whether it may be left out.
    pub is_optional: bool,
}

/// Code whose outcome is written into a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TextCode {
    Quoted(String),
    /// A parameter that is a text, by its place.
    Parameter(usize),
    /// What stands in a prompt for a value: nothing for null.
    Of(ValueCode),
    /// The same where filters and `~` take it for a text: null has a name there.
    Spelled(ValueCode),
    OfTruth(Box<TruthCode>),
    OfNumber(NumberCode),
    /// What was counted, and how it is written.
    OfCounted(NumberCode, NumberKind),
    /// What was written into the block of a number.
    Block(usize),
    Call(Box<CodeCall>),
    Upper(Box<Self>),
    Lower(Box<Self>),
    Trim(Box<Self>),
    /// A text, what is replaced in it, and what stands there instead.
    Replace(Box<Self>, Box<Self>, Box<Self>),
    /// A value, and what stands between its items.
    Join(ValueCode, Box<Self>),
    Json(ValueCode),
    Joined(Vec<Self>),
    Choice(Box<TruthCode>, Box<Self>, Box<Self>),
}

/// Code that a branch is taken by: it holds or does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TruthCode {
    Constant(bool),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    /// Whether a value is anything but nothing.
    Holds(ValueCode),
    Filled(TextCode),
    /// Whether two values are the same, numbers by what they are worth. One that is missing is no text, and is refused beside
    /// anything else by [`ValueCode::Given`].
    Same(ValueCode, ValueCode),
    SameText(TextCode, TextCode),
    /// Whether a value is worth a number; a text that writes it is, too.
    Worth(ValueCode, NumberCode),
    /// How a value compares with a number.
    Ordered(ValueCode, ValueComparison, NumberCode),
    Numbers(NumberCode, ValueComparison, NumberCode),
    /// Whether the second is in the first.
    Contains(ValueCode, ValueCode),
    Is(ValueCode, ValueTest),
    /// Whether the loop of a number is at its first, or at its last item.
    First(usize),
    Last(usize),
}

/// Code that counts, or is written in digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NumberCode {
    Literal(String),
    /// The place of the item that the loop of a number is at, counted from this.
    Index(usize, u8),
    /// How many items the loop of a number has.
    LoopLength(usize),
    Length(Box<ValueCode>),
    Sum(Box<Self>, SumSign, Box<Self>),
    /// A value that has to be a number.
    Counted(Box<ValueCode>),
    /// A value that has to be one, or a text that writes one.
    Numeral(Box<ValueCode>),
    /// A name of the template that stands for what was counted.
    Local(usize),
    Call(Box<CodeCall>),
}

impl NumberCode {
    /// Tells whether it was counted by what is given, so that it may be of any kind.
    pub(crate) fn is_counted(&self) -> bool {
        match self {
            Self::Literal(_) | Self::Index(..) | Self::LoopLength(_) | Self::Length(_) => false,
            Self::Sum(..) | Self::Counted(_) | Self::Numeral(_) | Self::Local(_) | Self::Call(_) => true,
        }
    }
}

/// What is known of a number before it is counted, for languages that write `2` and `2.0` alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberKind {
    Whole,
    /// It has a fraction, be it nought.
    Fraction,
    /// It has one unless what was rounded was whole.
    Rounded,
    /// What is given decides.
    Either,
}

/// The functions of a program that make something of what they are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeFunction {
    // Texts.
    /// What stands in a prompt for a value: nothing for null.
    TextOf,
    /// The same where filters and `~` take it for a text: null has a name there.
    Spelled,
    /// A value, and what stands between its items.
    Joined,
    Json,
    Title,
    Capitalized,
    /// A text, the width, whether before the first line, and whether before blank ones.
    Indented,
    /// As JSON, with the white space of a level.
    Pretty,
    // What holds or does not.
    Holds,
    Same,
    Contains,
    // Numbers.
    Length,
    /// What a number, or a text that writes one, is worth; none for anything else.
    AsNumber,
    /// How a value compares with a number.
    OrderOf,
    /// The number that a text writes, and everything else as it is.
    Numeral,
    /// A value that has to be a number.
    Counted,
    Absolute,
    /// A whole number, or what stands there where there is none.
    Whole,
    /// A number with a fraction, likewise.
    Fraction,
    /// A number, and how many digits are left of its fraction.
    Rounded,
    Total,
    // Values.
    /// A text that is a JSON list or object as such.
    Read,
    /// A value that must not be missing.
    Given,
    Item,
    First,
    Last,
    /// The sum of two numbers, or two texts one behind the other.
    Added,
    Smallest,
    Largest,
    Listed,
    /// A value, the names of the fields that its items are sorted by, and whether from the last on.
    Sorted,
    Unique,
    Reversed,
    FieldPairs,
    /// An object, whether its pairs are sorted by their values, and whether from the last on.
    SortedPairs,
    /// A value, and the name of a field of its items.
    Mapped,
    /// The same: the values of the field, each with the items that have it.
    Grouped,
    /// A value, and how many items a list has.
    Batches,
    /// A value, and how many lists there are.
    Slices,
    /// A text, and where it is cut.
    Split,
    /// A text, which is cut at white space.
    Words,
}

impl CodeFunction {
    /// What it is called in Python, in TypeScript and in Rust.
    pub(crate) fn names(self) -> [&'static str; 3] {
        match self {
            Self::TextOf => ["text", "textOf", "text"],
            Self::Spelled => ["spelled", "spelled", "spelled"],
            Self::Joined => ["joined", "joined", "joined"],
            Self::Json => ["as_json", "asJson", "as_json"],
            Self::Title => ["title_case", "titleCase", "title_case"],
            Self::Capitalized => ["capitalized", "capitalized", "capitalized"],
            Self::Indented => ["indented", "indented", "indented"],
            Self::Pretty => ["pretty_json", "prettyJson", "pretty_json"],
            Self::Holds => ["holds", "holds", "holds"],
            Self::Same => ["same", "same", "same"],
            Self::Contains => ["contains", "contains", "contains"],
            Self::Length => ["length_of", "lengthOf", "length_of"],
            Self::AsNumber => ["as_number", "numberOf", "as_number"],
            Self::OrderOf => ["order_of", "orderOf", "order_of"],
            Self::Numeral => ["as_number", "numberOf", "numeral"],
            Self::Counted => ["counted", "counted", "counted"],
            Self::Absolute => ["absolute", "absolute", "absolute"],
            Self::Whole => ["whole_of", "wholeOf", "whole_of"],
            Self::Fraction => ["fraction_of", "madeNumber", "fraction_of"],
            Self::Rounded => ["rounded", "rounded", "rounded"],
            Self::Total => ["total_of", "totalOf", "total_of"],
            Self::Read => ["read", "read", "read"],
            Self::Given => ["given", "given", "given"],
            Self::Item => ["item_of", "itemOf", "item_of"],
            Self::First => ["first_of", "firstOf", "first_of"],
            Self::Last => ["last_of", "lastOf", "last_of"],
            Self::Added => ["added", "added", "added"],
            Self::Smallest => ["smallest_of", "smallestOf", "smallest_of"],
            Self::Largest => ["largest_of", "largestOf", "largest_of"],
            Self::Listed => ["list_of", "listOf", "list_of"],
            Self::Sorted => ["sorted_by", "sortedBy", "sorted_by"],
            Self::Unique => ["unique_of", "uniqueOf", "unique_of"],
            Self::Reversed => ["reversed_of", "reversedOf", "reversed_of"],
            Self::FieldPairs => ["pairs_of", "fieldPairs", "field_pairs"],
            Self::SortedPairs => ["sorted_pairs", "sortedPairs", "sorted_pairs"],
            Self::Mapped => ["field_of_each", "fieldOfEach", "field_of_each"],
            Self::Grouped => ["grouped_by", "groupedBy", "grouped_by"],
            Self::Batches => ["batches_of", "batchesOf", "batches_of"],
            Self::Slices => ["slices_of", "slicesOf", "slices_of"],
            Self::Split => ["split_at", "splitAt", "split_at"],
            Self::Words => ["words_of", "wordsOf", "words_of"],
        }
    }
}

/// A call of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeCall {
    pub function: CodeFunction,
    pub given: Vec<CallArgument>,
}

/// What a function is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CallArgument {
    Value(ValueCode),
    Text(TextCode),
    Count(u8),
    Flag(bool),
}

/// What makes a value, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueCode {
    Null,
    OfText(Box<TextCode>),
    OfTruth(Box<TruthCode>),
    OfNumber(NumberCode),
    List(Vec<Self>),
    /// A parameter as it was given, by its place.
    Parameter(usize),
    /// The same, read: a text that is a JSON list or object is one.
    Read(usize),
    /// A name of the template, by its place among the names.
    Local(usize),
    /// The same, read.
    ReadLocal(usize),
    Item(Box<Self>, Box<Self>),
    First(Box<Self>),
    Last(Box<Self>),
    Choice(Box<TruthCode>, Box<Self>, Box<Self>),
    /// The sum of two numbers, or two texts one behind the other.
    Added(Box<Self>, Box<Self>),
    Call(Box<CodeCall>),
    Picked(Box<CodePick>),
    /// Nothing that was ever given.
    Missing,
    /// A value that must not be missing.
    Given(Box<Self>),
}

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueOrigin<'a> {
    /// The code makes it, or has seen that it is there.
    Made,
    /// The code adds two.
    Added,
    /// It is looked for in another, and may not be there.
    Found,
    /// It is given, by the place of the parameter.
    Parameter(usize),
    /// A name of the template stands for it.
    Named,
    Missing,
    /// It is one of two.
    Chosen(&'a ValueCode, &'a ValueCode),
}

impl ValueCode {
    pub(crate) fn origin(&self) -> ValueOrigin<'_> {
        match self {
            Self::Null
            | Self::OfText(_)
            | Self::OfTruth(_)
            | Self::OfNumber(_)
            | Self::List(_)
            | Self::Picked(_)
            | Self::Given(_) => ValueOrigin::Made,
            Self::Call(call) => {
                let is_item = matches!(call.function, CodeFunction::Smallest | CodeFunction::Largest);
                if is_item { ValueOrigin::Found } else { ValueOrigin::Made }
            }
            Self::Added(..) => ValueOrigin::Added,
            Self::Item(..) | Self::First(_) | Self::Last(_) => ValueOrigin::Found,
            Self::Parameter(place) | Self::Read(place) => ValueOrigin::Parameter(*place),
            Self::Local(_) | Self::ReadLocal(_) => ValueOrigin::Named,
            Self::Missing => ValueOrigin::Missing,
            Self::Choice(_, one, other) => ValueOrigin::Chosen(one, other),
        }
    }
}

/// The items of a value for which something holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodePick {
    pub of: ValueCode,
    /// The place of an item's name among the names.
    pub item: usize,
    pub only: TruthCode,
}

/// A step of the code that writes a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CodeStep {
    Write(TextCode),
    If {
        branches: Vec<(TruthCode, Vec<Self>)>,
        otherwise: Vec<Self>,
    },
    Loop(Box<CodeLoop>),
    /// Begins a name, by its place among the names.
    Begin(usize, ValueCode),
    Set(usize, ValueCode),
    /// Writes into the block of a number.
    Block(usize, Vec<Self>),
}

/// Steps that are taken for each item of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CodeLoop {
    /// Its number among the message's loops.
    pub number: usize,
    /// The places of its names among the names.
    pub names: Vec<usize>,
    pub over: ValueCode,
    pub only: Option<TruthCode>,
    /// Whether the place of an item is asked for.
    pub is_counted: bool,
    /// Whether the items are asked for beside it.
    pub is_kept: bool,
    pub body: Vec<CodeStep>,
    pub otherwise: Vec<CodeStep>,
}

/// The code that writes a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MessageCode {
    /// The places of the parameters that it takes.
    pub takes: Vec<usize>,
    /// The places of those that are read as values.
    pub reads: Vec<usize>,
    /// The variables that are fields of a parameter, with its place: it must be one that has fields.
    pub fields: Vec<(usize, String)>,
    /// The names that the template gives, as they are wished for.
    pub names: Vec<String>,
    /// The places of those that nothing reads where they hold.
    pub unread: Vec<usize>,
    /// How many loops it has.
    pub loops: usize,
    /// How many blocks it has whose text is needed.
    pub blocks: usize,
    pub steps: Vec<CodeStep>,
}

/// Finds the variable that a name is, or is a field of, by its place; and how many parts of the name it is.
pub(crate) fn owner(variables: &[ProgramVariable], name: &str) -> Option<(usize, usize)> {
    let parts: Vec<&str> = name.split('.').collect();
    (1..=parts.len()).rev().find_map(|count| {
        let whole = parts.get(..count)?.join(".");
        Some((variables.iter().position(|variable| variable.name == whole)?, count))
    })
}
