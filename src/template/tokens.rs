//! The words and signs of an expression or a tag, and the filters and tests that templates know.

use crate::model::catalog::nearest;

/// The kinds of words and signs of a template, by how they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TemplateTokenKind {
    Word,
    Number,
    String,
    Sign,
}

/// A word or a sign, with the byte at which it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TemplateToken<'a> {
    pub at: usize,
    pub kind: TemplateTokenKind,
    pub text: &'a str,
}

impl TemplateToken<'_> {
    /// The byte behind it.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }

    fn is(&self, sign: &str) -> bool {
        self.kind == TemplateTokenKind::Sign && self.text == sign
    }

    fn is_word(&self, words: &[&str]) -> bool {
        self.kind == TemplateTokenKind::Word && words.contains(&self.text)
    }
}

/// The signs of two characters.
const PAIRS: [&str; 6] = ["==", "!=", "<=", ">=", "//", "**"];

/// The words that are no names.
pub(crate) const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "is", "if", "else", "recursive"];

/// The signs that compare.
pub(crate) const ORDERS: [&str; 4] = ["<", ">", "<=", ">="];
const EQUALS: [&str; 2] = ["==", "!="];
/// The signs that count.
const SUMS: [&str; 7] = ["+", "-", "*", "/", "//", "%", "**"];

/// Cuts a text into its tokens; the bytes are counted from its beginning.
pub(crate) fn tokens(text: &str) -> Vec<TemplateToken<'_>> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (mut tokens, mut at) = (Vec::new(), 0);
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let (kind, length) = if first.is_ascii_digit() {
            (TemplateTokenKind::Number, number_end(rest))
        } else if is_word(first) {
            (TemplateTokenKind::Word, rest.find(|c| !is_word(c)).unwrap_or(rest.len()))
        } else if first == '"' || first == '\'' {
            (TemplateTokenKind::String, quoted_end(rest).unwrap_or(rest.len()))
        } else if PAIRS.iter().any(|pair| rest.starts_with(pair)) {
            (TemplateTokenKind::Sign, 2)
        } else {
            (TemplateTokenKind::Sign, first.len_utf8())
        };
        if !first.is_whitespace() {
            tokens.push(TemplateToken { at, kind, text: rest.get(..length).unwrap_or(rest) });
        }
        at += length;
    }
    tokens
}

fn number_end(text: &str) -> usize {
    let mut last = ' ';
    let end = text.find(|c: char| {
        let goes_on = c.is_ascii_alphanumeric() || matches!(c, '_' | '.') || (matches!(c, '+' | '-') && last == 'e');
        last = c.to_ascii_lowercase();
        !goes_on
    });
    end.unwrap_or(text.len())
}

/// The length of the quoted text that a text begins with, its quotes with it.
pub(crate) fn quoted_end(text: &str) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// A name and what is read of it: `a.b.c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path<'a> {
    /// The place of its first token, and the number of its tokens.
    pub first: usize,
    pub tokens: usize,
    pub at: usize,
    /// The names between its dots.
    pub parts: Vec<&'a str>,
}

/// Finds the names of an expression in order: no keyword, no filter, no test, no function, no name of an
/// argument. Of a method that is called the last part is left out.
pub(crate) fn paths<'a>(tokens: &[TemplateToken<'a>]) -> Vec<Path<'a>> {
    let get = |place: usize| tokens.get(place);
    let is = |place: usize, sign: &str| get(place).is_some_and(|token| token.is(sign));
    let before = |place: usize, back: usize| place.checked_sub(back).and_then(get);
    let (mut found, mut place) = (Vec::new(), 0);
    while let Some(token) = get(place) {
        let first = place;
        place += 1;
        let follows = before(first, 1).is_some_and(|token| token.is(".") || token.is("|") || token.is_word(&["is"]))
            || (before(first, 1).is_some_and(|token| token.is_word(&["not"]))
                && before(first, 2).is_some_and(|token| token.is_word(&["is"])));
        let argument = is(place, "=") && before(first, 1).is_some_and(|token| token.is("(") || token.is(","));
        let keyword = KEYWORDS.contains(&token.text) || CONSTANTS.contains(&token.text);
        if token.kind != TemplateTokenKind::Word || follows || argument || keyword || is(place, "(") {
            continue;
        }
        let mut parts = vec![token.text];
        while is(place, ".")
            && let Some(part) =
                get(place + 1).filter(|token| matches!(token.kind, TemplateTokenKind::Word | TemplateTokenKind::Number))
            && !is(place + 2, "(")
        {
            parts.push(part.text);
            place += 2;
        }
        found.push(Path { first, tokens: place - first, at: token.at, parts });
    }
    found
}

/// What is to be done with the operand of a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operand {
    /// A number that is written in an odd way is taken for its value.
    Number,
    /// A text of digits is taken for a number as well: it is compared with one.
    Numeral,
    /// And a text that is no number is a mistake.
    Strict,
}

/// Finds the operands of signs that compare and count, by the byte behind each.
pub(crate) fn operands(tokens: &[TemplateToken<'_>]) -> Vec<(usize, Operand)> {
    let mut found: Vec<(usize, Operand)> = Vec::new();
    for (place, sign) in tokens.iter().enumerate() {
        let signs = [&ORDERS[..], &EQUALS[..], &SUMS[..]].concat();
        let left = place.checked_sub(1).and_then(|before| tokens.get(before));
        let Some(left) =
            left.filter(|left| sign.kind == TemplateTokenKind::Sign && signs.contains(&sign.text) && ends(left))
        else {
            continue;
        };
        let mut right = place + 1;
        while tokens.get(right).is_some_and(|token| token.is("-") || token.is_word(&["not"])) {
            right += 1;
        }
        let Some(first) = tokens.get(right) else { continue };
        let last = operand_end(tokens, right);
        let is_literal = |kind: TemplateTokenKind| {
            (left.kind == kind && !is_part(tokens, place - 1), first.kind == kind && last == right)
        };
        let (text_left, text_right) = is_literal(TemplateTokenKind::String);
        if text_left || text_right {
            continue;
        }
        let (number_left, number_right) = is_literal(TemplateTokenKind::Number);
        let how = |beside: bool| match (beside, EQUALS.contains(&sign.text)) {
            (false, _) => Operand::Number,
            (true, true) => Operand::Numeral,
            (true, false) => Operand::Strict,
        };
        if !number_left {
            found.push((left.end(), how(number_right)));
        }
        if !number_right && let Some(last) = tokens.get(last) {
            found.push((last.end(), how(number_left)));
        }
    }
    found.sort_unstable();
    // Of two for one operand the stricter.
    found.dedup_by(|next, kept| {
        next.0 == kept.0 && {
            kept.1 = kept.1.max(next.1);
            true
        }
    });
    found
}

/// Tells whether a token can be the last of an operand.
fn ends(token: &TemplateToken<'_>) -> bool {
    match token.kind {
        TemplateTokenKind::Word => !KEYWORDS.contains(&token.text),
        TemplateTokenKind::Number | TemplateTokenKind::String => true,
        TemplateTokenKind::Sign => matches!(token.text, ")" | "]" | "}"),
    }
}

/// Tells whether a token goes on with what stands before it, as `0` in `list.0`.
fn is_part(tokens: &[TemplateToken<'_>], place: usize) -> bool {
    place.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| before.is(".") || before.is("|"))
}

/// The place of the last token of the operand that begins at a place.
pub(crate) fn operand_end(tokens: &[TemplateToken<'_>], first: usize) -> usize {
    let mut last = closing(tokens, first);
    loop {
        last = match tokens.get(last + 1) {
            Some(next) if next.is("(") || next.is("[") => closing(tokens, last + 1),
            Some(next) if (next.is(".") || next.is("|")) && tokens.get(last + 2).is_some() => last + 2,
            _ => return last,
        };
    }
}

/// The place of the bracket that closes the one at a place; the place itself if there is none.
fn closing(tokens: &[TemplateToken<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (place, token) in tokens.iter().enumerate().skip(open) {
        if token.kind == TemplateTokenKind::Sign {
            match token.text {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        if depth == 0 {
            return place;
        }
    }
    tokens.len().saturating_sub(1)
}

/// Finds the filters (`true`) and the tests of an expression, in order.
pub(crate) fn filters<'a>(tokens: &[TemplateToken<'a>]) -> Vec<(bool, usize, TemplateToken<'a>)> {
    let mut found = Vec::new();
    for (place, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == TemplateTokenKind::Word) {
        let before = |back: usize| place.checked_sub(back).and_then(|before| tokens.get(before));
        let is_filter = before(1).is_some_and(|token| token.is("|"));
        let is_test = before(1).is_some_and(|token| token.is_word(&["is"]))
            || (before(1).is_some_and(|token| token.is_word(&["not"]))
                && before(2).is_some_and(|token| token.is_word(&["is"])));
        if is_filter || (is_test && token.text != "not") {
            let sign = if is_filter || !before(1).is_some_and(|token| token.is_word(&["not"])) { 1 } else { 2 };
            found.push((is_filter, place - sign, *token));
        }
    }
    found
}

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
pub(crate) fn unknown(name: &str, is_filter: bool) -> Option<String> {
    let (known, what) = if is_filter { (FILTERS, "filter") } else { (TESTS, "test") };
    if known.contains(&name) {
        return None;
    }
    let near =
        nearest(name, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    Some(format!("there is no {what} `{name}`{near}"))
}

/// Tells whether a filter or a test counts with what it is given.
pub(crate) fn takes_numbers(name: &str) -> bool {
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
            | "round"
            | "sum"
    )
}

/// Tells whether a filter compares the items it is given with each other.
pub(crate) fn orders(name: &str) -> bool {
    matches!(name, "dictsort" | "groupby" | "max" | "min" | "sort" | "unique")
}

/// The words that are values.
pub(crate) const CONSTANTS: [&str; 6] = ["true", "True", "false", "False", "none", "None"];

/// Tells whether the name of a variable may go on with this.
pub(crate) fn is_in_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::Input,
        template::{FillBudget, asks, fill},
    };

    #[test]
    fn names_are_told_from_what_only_looks_like_them() {
        let names = |text: &str| {
            let tokens = tokens(text);
            paths(&tokens).iter().map(|path| path.parts.join(".")).collect::<Vec<_>>()
        };
        assert_eq!(names("a.b|join(sep, d='x y') is not none and not c[e.f] == 'g'"), ["a.b", "sep", "c", "e.f"]);
        assert_eq!(names("range(n) if x in y else s.upper()"), ["n", "x", "y", "s"]);
        assert_eq!(names("l.0 ~ 1.5e-3 ~ true"), ["l.0"]);
    }

    #[test]
    fn the_operands_of_a_sign_end_where_its_neighbour_begins() {
        let marked = |text: &str| {
            let tokens = tokens(text);
            let mut marked = text.to_owned();
            for (at, how) in operands(&tokens).into_iter().rev() {
                marked.insert_str(
                    at,
                    match how {
                        Operand::Number => "ⁿ",
                        Operand::Numeral => "⁼",
                        Operand::Strict => "!",
                    },
                );
            }
            marked
        };
        assert_eq!(marked("a.b > 5 and 3 <= c[0] and d == 1"), "a.b! > 5 and 3 <= c[0]! and d⁼ == 1");
        assert_eq!(marked("a + b|f(x, 2) == (c - 1)"), "aⁿ + b|f(x, 2)ⁿ == (c! - 1)ⁿ");
        assert_eq!(marked("a == 'x' or -n < 2 or b is c"), "a == 'x' or -n! < 2 or b is c");
        assert_eq!(marked("f(k=1) ~ a*b"), "f(k=1) ~ aⁿ*bⁿ");
    }

    #[test]
    fn the_library_knows_the_filters_and_tests_that_are_listed() {
        for (names, sign) in [(FILTERS, "|"), (TESTS, " is ")] {
            for name in names {
                let mut budget = FillBudget::new(0, &Input::default());
                let words = format!("{:?}", fill(&format!("{{{{ x{sign}{name} }}}}"), &Input::default(), &mut budget));
                assert!(!words.contains("unknown"), "{name}: {words}");
            }
        }
        let words = |template: &str| asks(template).mistake.map(|mistake| mistake.to_string());
        assert_eq!(
            words("a\n {{ x|uper }}").as_deref(),
            Some("line 2, column 7: there is no filter `uper`; did you mean `upper`?")
        );
        assert_eq!(words("{% if x is not od %}{% endif %}").as_deref().map(|s| s.contains("no test `od`")), Some(true));
        assert_eq!(words("{% filter shout %}{% endfilter %}").as_deref().map(|s| s.contains("`shout`")), Some(true));
    }
}
