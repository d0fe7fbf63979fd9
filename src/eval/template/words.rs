//! The filters and tests that templates know.

use crate::model::catalog::nearest;

/// The library's filters, and our own: `dump` and `tojson` write JSON.
const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "d",
    "default",
    "dictsort",
    "dump",
    "e",
    "escape",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pprint",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "safe",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// The library's tests.
const TESTS: &[&str] = &[
    "boolean",
    "defined",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "safe",
    "sameas",
    "sequence",
    "startingwith",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// Says what is wrong with the name of a filter or a test, if nobody knows it.
pub(super) fn unknown(name: &str, is_filter: bool) -> Option<String> {
    let (known, what) = if is_filter { (FILTERS, "filter") } else { (TESTS, "test") };
    if known.contains(&name) {
        return None;
    }
    let near =
        nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Some(format!("there is no {what} `{name}`{near}"))
}

/// Tells whether a filter or a test counts with what it is given.
pub(super) fn takes_numbers(name: &str) -> bool {
    matches!(
        name,
        "abs"
            | "boolean"
            | "false"
            | "true"
            | "divisibleby"
            | "eq"
            | "equalto"
            | "even"
            | "float"
            | "ge"
            | "greaterthan"
            | "gt"
            | "int"
            | "integer"
            | "le"
            | "lessthan"
            | "lt"
            | "ne"
            | "number"
            | "odd"
            | "reject"
            | "rejectattr"
            | "round"
            | "select"
            | "selectattr"
            | "sum"
    )
}

/// Tells whether a filter compares the items it is given with each other.
pub(super) fn orders(name: &str) -> bool {
    matches!(name, "dictsort" | "groupby" | "max" | "min" | "sort" | "unique")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        eval::template::{FillBudget, asks, fill},
        model::Input,
    };

    #[test]
    fn the_library_knows_the_filters_and_tests_that_are_listed() {
        for (names, sign) in [(FILTERS, "|"), (TESTS, " is ")] {
            for name in names {
                let mut budget = FillBudget::new(0, &Input::default());
                let said = format!("{:?}", fill(&format!("{{{{ x{sign}{name} }}}}"), &Input::default(), &mut budget));
                assert!(!said.contains("unknown"), "{name}: {said}");
            }
        }
        let said = |template: &str| asks(template).mistake.map(|mistake| mistake.to_string());
        assert_eq!(
            said("a\n {{ x|uper }}").as_deref(),
            Some("line 2, column 7: there is no filter `uper`; did you mean `upper`?")
        );
        assert_eq!(said("{% if x is not od %}{% endif %}").as_deref().map(|s| s.contains("no test `od`")), Some(true));
        assert_eq!(said("{% filter shout %}{% endfilter %}").as_deref().map(|s| s.contains("`shout`")), Some(true));
    }
}
