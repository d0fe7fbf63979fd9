//! The filters of templates that can be written in another language, with what each is given.

/// A filter that can be written in another language, by what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueFilter {
    /// A value, or what stands where there is none.
    Default,
    Text(TextFilter),
    Number(NumberFilter),
    Item(ItemFilter),
    List(ListFilter),
}

/// The filters that write a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextFilter {
    Upper,
    Lower,
    Trim,
    Replace,
    /// The text that a value is.
    Whole,
    Title,
    Capitalize,
    /// With the white space of a level, whether before the first line too, and whether before blank ones.
    Indent,
    Join,
    /// As JSON, with the white space of a level if it is given.
    Json,
}

impl TextFilter {
    /// Tells whether it is given a text; others are given a value.
    pub(crate) fn takes_text(self) -> bool {
        match self {
            Self::Upper
            | Self::Lower
            | Self::Trim
            | Self::Replace
            | Self::Whole
            | Self::Title
            | Self::Capitalize
            | Self::Indent => true,
            Self::Join | Self::Json => false,
        }
    }
}

/// The filters that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NumberFilter {
    Length,
    Absolute,
    /// To a whole number, with what stands where there is none.
    Whole,
    /// To a number with a fraction, likewise.
    Fraction,
    /// To so many digits.
    Round,
    Total,
}

/// The filters that give an item of what they are given, and nothing where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemFilter {
    First,
    Last,
    Smallest,
    Largest,
}

/// The filters of which a list comes out that no input gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListFilter {
    Listed,
    /// By fields of the items, and whether from the last on.
    Sorted,
    Unique,
    /// The characters of a text stay one.
    Reversed,
    /// The names and values of an object.
    Pairs,
    /// The same, sorted: by what, and whether from the last on.
    SortedPairs,
    /// A field of each item.
    Mapped,
    /// Lists of so many items.
    Batches,
    /// So many lists.
    Slices,
    /// A text, cut where another stands, or at white space.
    Split,
    /// The values of a field, each with the items that have it.
    Grouped,
    /// The items that pass a test, or hold where none is named.
    Picked(ItemTest),
}

/// How items are picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ItemTest {
    /// The filter's name.
    pub name: &'static str,
    /// Whether a field of each item is tested, which is named before the test.
    pub by_field: bool,
    /// Whether those are picked that pass.
    pub passing: bool,
}

const fn picked(name: &'static str, by_field: bool, passing: bool) -> ValueFilter {
    ValueFilter::List(ListFilter::Picked(ItemTest { name, by_field, passing }))
}

/// A filter as templates name it.
pub(crate) struct FilterName {
    pub name: &'static str,
    pub filter: ValueFilter,
    /// The fewest values that it is given, and the most that are told by their places.
    pub placed: (usize, usize),
    /// The names of what it is given, in order: those that templates may say.
    pub given: &'static [&'static str],
}

const fn filter(
    name: &'static str,
    filter: ValueFilter,
    placed: (usize, usize),
    given: &'static [&'static str],
) -> FilterName {
    FilterName { name, filter, placed, given }
}

pub(crate) const FILTERS: &[FilterName] = &[
    filter("upper", ValueFilter::Text(TextFilter::Upper), (0, 0), &[]),
    filter("lower", ValueFilter::Text(TextFilter::Lower), (0, 0), &[]),
    filter("title", ValueFilter::Text(TextFilter::Title), (0, 0), &[]),
    filter("capitalize", ValueFilter::Text(TextFilter::Capitalize), (0, 0), &[]),
    filter("trim", ValueFilter::Text(TextFilter::Trim), (0, 0), &[]),
    filter("string", ValueFilter::Text(TextFilter::Whole), (0, 0), &[]),
    filter("length", ValueFilter::Number(NumberFilter::Length), (0, 0), &[]),
    filter("count", ValueFilter::Number(NumberFilter::Length), (0, 0), &[]),
    filter("default", ValueFilter::Default, (0, 2), &[]),
    filter("d", ValueFilter::Default, (0, 2), &[]),
    filter("join", ValueFilter::Text(TextFilter::Join), (0, 1), &["d"]),
    filter("first", ValueFilter::Item(ItemFilter::First), (0, 0), &[]),
    filter("last", ValueFilter::Item(ItemFilter::Last), (0, 0), &[]),
    filter("replace", ValueFilter::Text(TextFilter::Replace), (2, 2), &[]),
    filter("tojson", ValueFilter::Text(TextFilter::Json), (0, 1), &["indent"]),
    filter("dump", ValueFilter::Text(TextFilter::Json), (0, 1), &["indent"]),
    filter("indent", ValueFilter::Text(TextFilter::Indent), (0, 3), &["width", "first", "blank"]),
    filter("abs", ValueFilter::Number(NumberFilter::Absolute), (0, 0), &[]),
    filter("int", ValueFilter::Number(NumberFilter::Whole), (0, 1), &["default"]),
    filter("float", ValueFilter::Number(NumberFilter::Fraction), (0, 1), &["default"]),
    filter("round", ValueFilter::Number(NumberFilter::Round), (0, 1), &["precision"]),
    filter("sum", ValueFilter::Number(NumberFilter::Total), (0, 0), &[]),
    filter("min", ValueFilter::Item(ItemFilter::Smallest), (0, 0), &[]),
    filter("max", ValueFilter::Item(ItemFilter::Largest), (0, 0), &[]),
    filter("list", ValueFilter::List(ListFilter::Listed), (0, 0), &[]),
    filter("sort", ValueFilter::List(ListFilter::Sorted), (0, 0), &["attribute", "reverse"]),
    filter("unique", ValueFilter::List(ListFilter::Unique), (0, 0), &[]),
    filter("reverse", ValueFilter::List(ListFilter::Reversed), (0, 0), &[]),
    filter("items", ValueFilter::List(ListFilter::Pairs), (0, 0), &[]),
    filter("map", ValueFilter::List(ListFilter::Mapped), (0, 0), &["attribute"]),
    filter("batch", ValueFilter::List(ListFilter::Batches), (1, 1), &[]),
    filter("slice", ValueFilter::List(ListFilter::Slices), (1, 1), &[]),
    filter("split", ValueFilter::List(ListFilter::Split), (0, 1), &[]),
    filter("dictsort", ValueFilter::List(ListFilter::SortedPairs), (0, 0), &["by", "reverse"]),
    filter("groupby", ValueFilter::List(ListFilter::Grouped), (0, 1), &["attribute"]),
    filter("select", picked("select", false, true), (0, 2), &[]),
    filter("reject", picked("reject", false, false), (0, 2), &[]),
    filter("selectattr", picked("selectattr", true, true), (1, 3), &[]),
    filter("rejectattr", picked("rejectattr", true, false), (1, 3), &[]),
];
