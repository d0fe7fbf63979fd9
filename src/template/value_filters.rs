//! The filters of templates that can be written in another language, with what each is given.

/// A filter that can be written in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueFilter {
    Upper,
    Lower,
    Trim,
    Length,
    Default,
    Join,
    First,
    Last,
    Replace,
    /// As JSON, with the white space of a level if it is given.
    Json,
    Text,
    Title,
    Capitalize,
    /// With the white space of a level, whether before the first line too, and whether before blank ones.
    Indent,
    Absolute,
    /// To a whole number, with what stands where there is none.
    Whole,
    /// To a number with a fraction, likewise.
    Fraction,
    /// To so many digits.
    Round,
    Total,
    Smallest,
    Largest,
    Listed,
    /// By a field of the items, and whether from the last on.
    Sorted,
    Unique,
    Reversed,
    /// The names and values of an object.
    Pairs,
    /// A field of each item.
    Mapped,
    /// Lists of so many items.
    Batches,
}

impl ValueFilter {
    /// Tells whether it gives an item of what it is given, and nothing where there is none.
    pub(crate) fn picks(self) -> bool {
        matches!(self, Self::First | Self::Last | Self::Smallest | Self::Largest)
    }

    /// Tells whether it writes a text.
    pub(crate) fn writes(self) -> bool {
        match self {
            Self::Upper
            | Self::Lower
            | Self::Trim
            | Self::Replace
            | Self::Join
            | Self::Json
            | Self::Text
            | Self::Title
            | Self::Capitalize
            | Self::Indent => true,
            Self::Length
            | Self::Default
            | Self::First
            | Self::Last
            | Self::Absolute
            | Self::Whole
            | Self::Fraction
            | Self::Round
            | Self::Total
            | Self::Smallest
            | Self::Largest
            | Self::Listed
            | Self::Sorted
            | Self::Unique
            | Self::Reversed
            | Self::Pairs
            | Self::Mapped
            | Self::Batches => false,
        }
    }
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
    filter("upper", ValueFilter::Upper, (0, 0), &[]),
    filter("lower", ValueFilter::Lower, (0, 0), &[]),
    filter("title", ValueFilter::Title, (0, 0), &[]),
    filter("capitalize", ValueFilter::Capitalize, (0, 0), &[]),
    filter("trim", ValueFilter::Trim, (0, 0), &[]),
    filter("string", ValueFilter::Text, (0, 0), &[]),
    filter("length", ValueFilter::Length, (0, 0), &[]),
    filter("count", ValueFilter::Length, (0, 0), &[]),
    filter("default", ValueFilter::Default, (0, 2), &[]),
    filter("d", ValueFilter::Default, (0, 2), &[]),
    filter("join", ValueFilter::Join, (0, 1), &["d"]),
    filter("first", ValueFilter::First, (0, 0), &[]),
    filter("last", ValueFilter::Last, (0, 0), &[]),
    filter("replace", ValueFilter::Replace, (2, 2), &[]),
    filter("tojson", ValueFilter::Json, (0, 1), &["indent"]),
    filter("dump", ValueFilter::Json, (0, 1), &["indent"]),
    filter("indent", ValueFilter::Indent, (0, 3), &["width", "first", "blank"]),
    filter("abs", ValueFilter::Absolute, (0, 0), &[]),
    filter("int", ValueFilter::Whole, (0, 1), &["default"]),
    filter("float", ValueFilter::Fraction, (0, 1), &["default"]),
    filter("round", ValueFilter::Round, (0, 1), &["precision"]),
    filter("sum", ValueFilter::Total, (0, 0), &[]),
    filter("min", ValueFilter::Smallest, (0, 0), &[]),
    filter("max", ValueFilter::Largest, (0, 0), &[]),
    filter("list", ValueFilter::Listed, (0, 0), &[]),
    filter("sort", ValueFilter::Sorted, (0, 0), &["attribute", "reverse"]),
    filter("unique", ValueFilter::Unique, (0, 0), &[]),
    filter("reverse", ValueFilter::Reversed, (0, 0), &[]),
    filter("items", ValueFilter::Pairs, (0, 0), &[]),
    filter("map", ValueFilter::Mapped, (0, 0), &["attribute"]),
    filter("batch", ValueFilter::Batches, (1, 1), &[]),
];
