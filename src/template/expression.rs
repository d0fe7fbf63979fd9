//! The expressions of templates as a tree, as far as they can be written in another language: what is not known is refused
//! by its name, and not guessed at.

use std::fmt;

use crate::template::{
    tokens::{CONSTANTS, KEYWORDS, ORDERS, Operand, TemplateToken, TemplateTokenKind, operands, tokens},
    value_filters::{FILTERS, FilterName, ValueFilter},
};

/// An expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TemplateExpr {
    Text(String),
    /// A whole number.
    Whole(i64),
    /// A number with a fraction, as it was written.
    Decimal(String),
    Truth(bool),
    Null,
    List(Vec<Self>),
    /// What an input gives: a name, and what is read of it: `a.b` is `["a", "b"]`.
    Variable(Vec<String>),
    /// A name that the template gives itself.
    Local(String),
    /// What the loop knows of itself.
    Loop(LoopField),
    /// A field or an item of a value.
    Item(Box<Self>, Box<Self>),
    /// Something in brackets.
    Group(Box<Self>),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Compare(Box<Self>, ValueComparison, Box<Self>),
    /// Whether the first is in the second.
    In(Box<Self>, Box<Self>),
    Is(Box<Self>, ValueTest),
    Filtered(Box<Self>, ValueFilter, Vec<Self>),
    /// Texts that are joined by `~`.
    Joined(Vec<Self>),
    /// What two sides come to that are counted together.
    Sum(Box<Self>, SumSign, Box<Self>),
    /// A side of a sum, made ready to be counted with.
    Counted(Box<Self>, Operand),
    /// What the tags of a block enclose.
    Block,
    /// What is so where something holds, that, and what is so where it does not: nothing is written where that is missing.
    Choice(Box<Self>, Box<Self>, Option<Box<Self>>),
}

/// The signs that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SumSign {
    Add,
    Subtract,
    Multiply,
    /// To a number with a fraction, even where there is none.
    Divide,
    /// Down to a whole.
    DivideDown,
    /// What is left of that: it has the sign of what it is divided by.
    Remainder,
}

impl SumSign {
    /// The sign as templates have it.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::DivideDown => "//",
            Self::Remainder => "%",
        }
    }
}

/// The signs that bind less, and those that bind more.
const SUM_SIGNS: [&[SumSign]; 2] = [
    &[SumSign::Add, SumSign::Subtract],
    &[SumSign::Multiply, SumSign::Divide, SumSign::DivideDown, SumSign::Remainder],
];

/// What a loop knows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoopField {
    /// Counted from 1.
    Index,
    /// Counted from 0.
    Index0,
    First,
    Last,
    Length,
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueComparison {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

impl ValueComparison {
    /// The comparison that holds of what is equal, or of what is not.
    pub(crate) fn equal(is_equal: bool) -> Self {
        if is_equal { Self::Equal } else { Self::Unequal }
    }

    /// The sign of it, which many languages share.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::Unequal => "!=",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
        }
    }

    /// What holds of two numbers where this does not.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::Unequal,
            Self::Unequal => Self::Equal,
            Self::Less => Self::AtLeast,
            Self::AtMost => Self::Greater,
            Self::Greater => Self::AtMost,
            Self::AtLeast => Self::Less,
        }
    }

    /// The comparison with its sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::Unequal => self,
            Self::Less => Self::Greater,
            Self::AtMost => Self::AtLeast,
            Self::Greater => Self::Less,
            Self::AtLeast => Self::AtMost,
        }
    }
}

/// The tests that can be written in another language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ValueTest {
    Defined,
    Undefined,
    Null,
    Text,
    Number,
    List,
    Object,
    Truth,
    Odd,
    Even,
}

pub(crate) const TESTS: &[(&str, ValueTest)] = &[
    ("defined", ValueTest::Defined),
    ("undefined", ValueTest::Undefined),
    ("none", ValueTest::Null),
    ("string", ValueTest::Text),
    ("number", ValueTest::Number),
    ("sequence", ValueTest::List),
    ("mapping", ValueTest::Object),
    ("boolean", ValueTest::Truth),
    ("odd", ValueTest::Odd),
    ("even", ValueTest::Even),
];

const LOOP_FIELDS: &[(&str, LoopField)] = &[
    ("index", LoopField::Index),
    ("index0", LoopField::Index0),
    ("first", LoopField::First),
    ("last", LoopField::Last),
    ("length", LoopField::Length),
];

const COMPARISONS: &[(&str, ValueComparison)] = &[
    ("==", ValueComparison::Equal),
    ("!=", ValueComparison::Unequal),
    ("<", ValueComparison::Less),
    ("<=", ValueComparison::AtMost),
    (">", ValueComparison::Greater),
    (">=", ValueComparison::AtLeast),
];

/// Brackets, conditions and the like that may lie in each other.
const DEEP: usize = 40;

/// Words and signs of an expression, at most.
const LONG: usize = 500;

/// Why an expression cannot be written in another language, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unwritable(pub String);

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes the error of what is not there in a program.
pub(crate) fn unwritable<T>(words: impl Into<String>) -> Result<T, Unwritable> {
    Err(Unwritable(words.into()))
}

/// What an expression is read from.
pub(crate) struct ExprReader<'a> {
    tokens: Vec<TemplateToken<'a>>,
    /// How the operands of signs are made ready, by the byte behind each.
    ready: Vec<(usize, Operand)>,
    at: usize,
    depth: usize,
    /// Tells whether the template gives a name itself.
    is_local: &'a dyn Fn(&str) -> bool,
}

impl<'a> ExprReader<'a> {
    /// Reads what stands between the braces of an expression or a tag.
    pub(crate) fn new(text: &'a str, is_local: &'a dyn Fn(&str) -> bool) -> Self {
        let tokens = tokens(text);
        let ready = operands(&tokens);
        Self { tokens, ready, at: 0, depth: 0, is_local }
    }

    fn peek(&self) -> Option<&TemplateToken<'a>> {
        self.tokens.get(self.at)
    }

    fn sign(&self, sign: &str) -> bool {
        self.peek().is_some_and(|token| token.kind == TemplateTokenKind::Sign && token.text == sign)
    }

    /// Goes on over a sign, if it is the next.
    pub(crate) fn take_sign(&mut self, sign: &str) -> bool {
        let is = self.sign(sign);
        self.at += usize::from(is);
        is
    }

    /// Goes on over a word, if it is the next.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let is = self.peek().is_some_and(|token| token.kind == TemplateTokenKind::Word && token.text == word);
        self.at += usize::from(is);
        is
    }

    /// Reads a name that a tag gives.
    pub(crate) fn name(&mut self) -> Result<String, Unwritable> {
        match self.peek() {
            Some(token) if token.kind == TemplateTokenKind::Word && !KEYWORDS.contains(&token.text) => {
                let name = token.text.to_owned();
                self.at += 1;
                Ok(name)
            }
            Some(token) => unwritable(format!("`{}` is no name", token.text)),
            None => unwritable("a name is missing"),
        }
    }

    /// Goes on where it is with other names that the template gives.
    pub(crate) fn rest<'b>(&self, is_local: &'b dyn Fn(&str) -> bool) -> ExprReader<'b>
    where
        'a: 'b,
    {
        ExprReader { tokens: self.tokens.clone(), ready: self.ready.clone(), at: self.at, depth: self.depth, is_local }
    }

    /// Counts the words and signs that it went over.
    pub(crate) fn place(&self) -> usize {
        self.at
    }

    /// Goes on behind so many words and signs.
    pub(crate) fn go_to(&mut self, place: usize) {
        self.at = place;
    }

    /// Makes sure that all was read.
    pub(crate) fn end(&self) -> Result<(), Unwritable> {
        match self.peek() {
            None => Ok(()),
            Some(token) => unwritable(format!("a program has no `{}`", token.text)),
        }
    }

    /// Reads an expression.
    pub(crate) fn whole(&mut self) -> Result<TemplateExpr, Unwritable> {
        self.depth += 1;
        if self.depth > DEEP {
            return unwritable(format!("an expression more than {DEEP} deep"));
        }
        let value = self.or()?;
        let read = if self.take_word("if") {
            let condition = self.or()?;
            let otherwise = if self.take_word("else") { Some(Box::new(self.whole()?)) } else { None };
            TemplateExpr::Choice(Box::new(value), Box::new(condition), otherwise)
        } else {
            value
        };
        self.depth -= 1;
        Ok(read)
    }

    /// Reads an expression that no `if` follows: that of a condition, and what a loop runs over.
    pub(crate) fn or(&mut self) -> Result<TemplateExpr, Unwritable> {
        if self.tokens.len() > LONG {
            return unwritable(format!("an expression of more than {LONG} words and signs"));
        }
        let mut left = self.and()?;
        while self.take_word("or") {
            left = TemplateExpr::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<TemplateExpr, Unwritable> {
        let mut left = self.not()?;
        while self.take_word("and") {
            left = TemplateExpr::And(Box::new(left), Box::new(self.not()?));
        }
        Ok(left)
    }

    fn not(&mut self) -> Result<TemplateExpr, Unwritable> {
        let mut negations = 0_usize;
        while self.take_word("not") {
            negations += 1;
        }
        let mut read = self.comparison()?;
        for _ in 0..negations {
            read = TemplateExpr::Not(Box::new(read));
        }
        Ok(read)
    }

    fn comparison(&mut self) -> Result<TemplateExpr, Unwritable> {
        let left = self.sum()?;
        let Some(sign) = self.peek().map(|token| token.text) else { return Ok(left) };
        let negated = sign == "not";
        let read = if let Some((_, how)) = COMPARISONS.iter().find(|(known, _)| self.sign(known)) {
            self.at += 1;
            let right = self.sum()?;
            // What is compared is made ready by what stands beside the sign.
            if let Some(odd) = [&left, &right].into_iter().find(|side| !is_operand(side)) {
                let what = if matches!(odd, TemplateExpr::Group(_)) { "brackets" } else { "`~`" };
                return unwritable(format!("a program has no {what} beside `{sign}`"));
            }
            TemplateExpr::Compare(Box::new(left), *how, Box::new(right))
        } else if negated || sign == "in" {
            self.at += 1;
            if negated && !self.take_word("in") {
                return unwritable("a program has no `not` here");
            }
            let within = TemplateExpr::In(Box::new(left), Box::new(self.sum()?));
            if negated { TemplateExpr::Not(Box::new(within)) } else { within }
        } else {
            return Ok(left);
        };
        if self.peek().is_some_and(|token| ORDERS.contains(&token.text) || matches!(token.text, "==" | "!=" | "in")) {
            return unwritable("a program has one sign in a comparison");
        }
        Ok(read)
    }

    fn sum(&mut self) -> Result<TemplateExpr, Unwritable> {
        let [signs, _] = SUM_SIGNS;
        self.counted(signs, Self::joined)
    }

    fn joined(&mut self) -> Result<TemplateExpr, Unwritable> {
        let first = self.product()?;
        let mut parts = vec![first];
        while self.take_sign("~") {
            parts.push(self.product()?);
        }
        Ok(if let [_] = parts.as_slice() { parts.remove(0) } else { TemplateExpr::Joined(parts) })
    }

    fn product(&mut self) -> Result<TemplateExpr, Unwritable> {
        let [_, signs] = SUM_SIGNS;
        let read = self.counted(signs, Self::operand)?;
        if self.sign("**") {
            return unwritable("a program does not count: `**`");
        }
        Ok(read)
    }

    /// Reads sides that are counted together by some of the signs.
    fn counted(
        &mut self,
        signs: &[SumSign],
        side: impl Fn(&mut Self) -> Result<TemplateExpr, Unwritable>,
    ) -> Result<TemplateExpr, Unwritable> {
        let mut left = side(self)?;
        while let Some(sign) = signs.iter().find(|sign| self.sign(sign.sign())) {
            left = self.ready(left, *sign)?;
            self.at += 1;
            let right = side(self)?;
            let right = self.ready(right, *sign)?;
            left = TemplateExpr::Sum(Box::new(left), *sign, Box::new(right));
        }
        Ok(left)
    }

    /// Makes what was just read ready to be counted with.
    fn ready(&self, side: TemplateExpr, sign: SumSign) -> Result<TemplateExpr, Unwritable> {
        match side {
            // What is in it is ready.
            TemplateExpr::Sum(..) | TemplateExpr::Whole(_) | TemplateExpr::Decimal(_) => Ok(side),
            TemplateExpr::Joined(_) => unwritable(format!("a program has no `~` beside `{}`", sign.sign())),
            side => {
                let end = self.at.checked_sub(1).and_then(|last| self.tokens.get(last)).map(TemplateToken::end);
                let how = self.ready.iter().find(|(known, _)| Some(*known) == end).map(|(_, how)| *how);
                Ok(how.map_or(side.clone(), |how| TemplateExpr::Counted(Box::new(side), how)))
            }
        }
    }

    /// Reads a value with what is read of it, its filters and its tests.
    fn operand(&mut self) -> Result<TemplateExpr, Unwritable> {
        let mut read = self.postfixed()?;
        loop {
            if self.take_sign("|") {
                read = self.filtered(read)?;
            } else if self.take_word("is") {
                let negated = self.take_word("not");
                let name = self.name()?;
                let Some((_, test)) = TESTS.iter().find(|(known, _)| *known == name) else {
                    return unwritable(format!("a program has no test `{name}`"));
                };
                let tested = TemplateExpr::Is(Box::new(read), *test);
                read = if negated { TemplateExpr::Not(Box::new(tested)) } else { tested };
            } else {
                return Ok(read);
            }
        }
    }

    /// Reads the filters of what the tags of a block enclose: the first follows no sign.
    pub(crate) fn block_filters(&mut self) -> Result<TemplateExpr, Unwritable> {
        let mut read = self.filtered(TemplateExpr::Block)?;
        while self.take_sign("|") {
            read = self.filtered(read)?;
        }
        Ok(read)
    }

    /// Reads a filter of what was read.
    fn filtered(&mut self, of: TemplateExpr) -> Result<TemplateExpr, Unwritable> {
        let name = self.name()?;
        let Some(known) = FILTERS.iter().find(|known| known.name == name) else {
            return unwritable(format!("a program has no filter `{name}`"));
        };
        let given = if self.take_sign("(") { self.arguments(known)? } else { Vec::new() };
        if given.len() < known.placed.0 {
            return unwritable(format!("a program has no filter `{name}` of {} values", given.len()));
        }
        Ok(TemplateExpr::Filtered(Box::new(of), known.filter, given))
    }

    /// Reads the values that a filter is given, up to their bracket. What is not given before one that is, is null.
    fn arguments(&mut self, filter: &FilterName) -> Result<Vec<TemplateExpr>, Unwritable> {
        let FilterName { name, placed, given: names, .. } = filter;
        let (mut given, mut count, mut by_name) = (Vec::new(), 0, false);
        while !self.take_sign(")") {
            if count > 0 && !self.take_sign(",") {
                return unwritable(format!("what `{name}` is given is not understood"));
            }
            count += 1;
            let is_named = self.tokens.get(self.at + 1).is_some_and(|token| token.text == "=");
            if is_named {
                let own = self.name()?;
                self.at += 1;
                by_name = true;
                let Some(place) = names.iter().position(|known| *known == own) else {
                    return unwritable(format!("a program gives `{name}` no `{own}`"));
                };
                while given.len() <= place {
                    given.push(TemplateExpr::Null);
                }
                if let Some(at) = given.get_mut(place) {
                    *at = self.whole()?;
                }
                continue;
            }
            given.push(self.whole()?);
            if by_name || given.len() > placed.1 {
                return unwritable(format!("a program has no filter `{name}` of {} values", given.len()));
            }
        }
        Ok(given)
    }

    fn postfixed(&mut self) -> Result<TemplateExpr, Unwritable> {
        let mut read = self.primary()?;
        loop {
            if self.take_sign("[") {
                let key = self.whole()?;
                if !self.take_sign("]") {
                    return unwritable("a program has no slices");
                }
                read = TemplateExpr::Item(Box::new(read), Box::new(key));
            } else if self.sign(".") {
                self.at += 1;
                let key = self.field()?;
                read = TemplateExpr::Item(Box::new(read), Box::new(key));
            } else if self.sign("(") {
                return unwritable("a program calls no functions of templates");
            } else {
                return Ok(read);
            }
        }
    }

    /// Reads what follows a dot: a name, or the place of an item.
    fn field(&mut self) -> Result<TemplateExpr, Unwritable> {
        let token = self.peek().copied();
        self.at += 1;
        match token {
            Some(token) if token.kind == TemplateTokenKind::Word => Ok(TemplateExpr::Text(token.text.to_owned())),
            Some(token) if token.kind == TemplateTokenKind::Number => place_key(token.text),
            _ => unwritable("a dot that nothing follows"),
        }
    }

    fn primary(&mut self) -> Result<TemplateExpr, Unwritable> {
        let Some(token) = self.peek().copied() else { return unwritable("an expression breaks off") };
        self.at += 1;
        match token.kind {
            TemplateTokenKind::String => {
                if self.peek().is_some_and(|next| next.kind == TemplateTokenKind::String) {
                    return unwritable("a program has no text of two texts");
                }
                quoted(token.text).map(TemplateExpr::Text)
            }
            TemplateTokenKind::Number => number(token.text, ""),
            TemplateTokenKind::Word => self.word(token.text),
            TemplateTokenKind::Sign => match token.text {
                "(" => {
                    let inside = self.whole()?;
                    if !self.take_sign(")") {
                        return unwritable("a program has no tuples");
                    }
                    Ok(TemplateExpr::Group(Box::new(inside)))
                }
                "[" => {
                    let mut items = Vec::new();
                    while !self.take_sign("]") {
                        if !items.is_empty() && !self.take_sign(",") {
                            return unwritable("a list that is not understood");
                        }
                        items.push(self.whole()?);
                    }
                    Ok(TemplateExpr::List(items))
                }
                "-" => match self.peek().copied() {
                    Some(next) if next.kind == TemplateTokenKind::Number => {
                        self.at += 1;
                        number(next.text, "-")
                    }
                    _ => unwritable("a program does not count: `-`"),
                },
                sign => unwritable(format!("a program has no `{sign}`")),
            },
        }
    }

    fn word(&mut self, word: &str) -> Result<TemplateExpr, Unwritable> {
        if CONSTANTS.contains(&word) {
            return Ok(match word {
                "true" | "True" => TemplateExpr::Truth(true),
                "false" | "False" => TemplateExpr::Truth(false),
                _ => TemplateExpr::Null,
            });
        }
        if KEYWORDS.contains(&word) {
            return unwritable(format!("a program has no `{word}` here"));
        }
        if self.sign("(") {
            return unwritable(format!("a program has no function `{word}`"));
        }
        if (self.is_local)(word) {
            if word != "loop" {
                return Ok(TemplateExpr::Local(word.to_owned()));
            }
            if !self.take_sign(".") {
                return unwritable("a program has no `loop` as a value");
            }
            let field = self.name()?;
            return match LOOP_FIELDS.iter().find(|(known, _)| *known == field) {
                Some((_, known)) => Ok(TemplateExpr::Loop(*known)),
                None => unwritable(format!("a program has no `loop.{field}`")),
            };
        }
        let mut parts = vec![word.to_owned()];
        while self.sign(".") {
            let follows = self.tokens.get(self.at + 1).copied();
            let is_called = self.tokens.get(self.at + 2).is_some_and(|after| after.text == "(");
            let Some(part) = follows
                .filter(|part| matches!(part.kind, TemplateTokenKind::Word | TemplateTokenKind::Number) && !is_called)
            else {
                break;
            };
            parts.push(part.text.to_owned());
            self.at += 2;
        }
        Ok(TemplateExpr::Variable(parts))
    }
}

/// Tells whether a side of a comparison is one that a sign is written beside.
fn is_operand(side: &TemplateExpr) -> bool {
    match side {
        TemplateExpr::Group(of) => matches!(**of, TemplateExpr::Sum(..)),
        TemplateExpr::Joined(_) => false,
        TemplateExpr::Text(_)
        | TemplateExpr::Whole(_)
        | TemplateExpr::Decimal(_)
        | TemplateExpr::Truth(_)
        | TemplateExpr::Null
        | TemplateExpr::List(_)
        | TemplateExpr::Variable(_)
        | TemplateExpr::Local(_)
        | TemplateExpr::Loop(_)
        | TemplateExpr::Item(..)
        | TemplateExpr::Not(_)
        | TemplateExpr::And(..)
        | TemplateExpr::Or(..)
        | TemplateExpr::Compare(..)
        | TemplateExpr::In(..)
        | TemplateExpr::Is(..)
        | TemplateExpr::Filtered(..)
        | TemplateExpr::Sum(..)
        | TemplateExpr::Counted(..)
        | TemplateExpr::Block
        | TemplateExpr::Choice(..) => true,
    }
}

/// Reads the place of an item, as it follows a dot.
pub(crate) fn place_key(digits: &str) -> Result<TemplateExpr, Unwritable> {
    match digits.parse::<i64>() {
        Ok(place) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(TemplateExpr::Whole(place)),
        _ => unwritable(format!("`{digits}` is no place of an item")),
    }
}

/// Reads a number as other languages write it, too.
fn number(digits: &str, sign: &str) -> Result<TemplateExpr, Unwritable> {
    let all = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = |text: &str| all(text) && (text.len() == 1 || !text.starts_with('0')) && text.len() <= 15;
    let written = format!("{sign}{digits}");
    match digits.split_once('.') {
        None if is_plain(digits) => written.parse().map(TemplateExpr::Whole).or_else(|_| odd_number(&written)),
        Some((whole, fraction)) if is_plain(whole) && all(fraction) && fraction.len() <= 15 => {
            Ok(TemplateExpr::Decimal(written))
        }
        _ => odd_number(&written),
    }
}

fn odd_number(written: &str) -> Result<TemplateExpr, Unwritable> {
    unwritable(format!("a program has no number `{written}`"))
}

/// Reads a text in quotes.
fn quoted(written: &str) -> Result<String, Unwritable> {
    let inside = written.get(1..written.len().saturating_sub(1)).unwrap_or_default();
    let mut text = String::new();
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some(known @ ('"' | '\\' | '/' | '\'')) => text.push(known),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some(odd @ ('u' | 'x' | '0'..='7')) => return unwritable(format!("a program has no `\\{odd}` in a text")),
            Some(other) => text.extend(['\\', other]),
            None => return unwritable("a text breaks off"),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::value_filters::{ListFilter, TextFilter};

    fn read(text: &str) -> Result<TemplateExpr, String> {
        let is_local = |name: &str| matches!(name, "row" | "loop");
        let mut reader = ExprReader::new(text, &is_local);
        let read = reader.whole().and_then(|read| reader.end().map(|()| read));
        read.map_err(|error| error.0)
    }

    #[test]
    fn signs_bind_as_they_do_in_templates() {
        let variable = |name: &str| Box::new(TemplateExpr::Variable(vec![name.to_owned()]));
        let text = |text: &str| Box::new(TemplateExpr::Text(text.to_owned()));
        let upper = TemplateExpr::Filtered(variable("b"), ValueFilter::Text(TextFilter::Upper), Vec::new());
        assert_eq!(read("a ~ b|upper").unwrap(), TemplateExpr::Joined(vec![*variable("a"), upper]));
        let defined = TemplateExpr::Not(Box::new(TemplateExpr::Is(variable("a"), ValueTest::Defined)));
        assert_eq!(read("not a is defined").unwrap(), defined);
        assert_eq!(read("a is not defined").unwrap(), defined);
        let equal = TemplateExpr::Compare(variable("b"), ValueComparison::Equal, text("x\n\"\\d"));
        let either = TemplateExpr::Or(variable("a"), Box::new(TemplateExpr::And(variable("c"), Box::new(equal))));
        assert_eq!(read(r#"a or c and b == 'x\n"\d'"#).unwrap(), either);
        let field = TemplateExpr::Item(Box::new(TemplateExpr::Local("row".to_owned())), text("b"));
        assert_eq!(read("row.b").unwrap(), field);
        assert_eq!(read("a.b.0").unwrap(), TemplateExpr::Variable(["a", "b", "0"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn sides_of_sums_are_made_ready_by_their_neighbours() {
        let counted = |name: &str, how: Operand| {
            Box::new(TemplateExpr::Counted(Box::new(TemplateExpr::Variable(vec![name.to_owned()])), how))
        };
        let product =
            TemplateExpr::Sum(counted("b", Operand::Number), SumSign::Multiply, counted("c", Operand::Number));
        let sum = TemplateExpr::Sum(counted("a", Operand::Number), SumSign::Add, Box::new(product));
        assert_eq!(read("a + b * c").unwrap(), sum);
        let rest =
            TemplateExpr::Sum(counted("a", Operand::Strict), SumSign::Remainder, Box::new(TemplateExpr::Whole(2)));
        let even = TemplateExpr::Compare(Box::new(rest), ValueComparison::Equal, Box::new(TemplateExpr::Whole(0)));
        assert_eq!(read("a % 2 == 0").unwrap(), even);
        let texts = TemplateExpr::Sum(
            Box::new(TemplateExpr::Text("x".to_owned())),
            SumSign::Add,
            Box::new(TemplateExpr::Variable(vec!["a".to_owned()])),
        );
        assert_eq!(read("'x' + a").unwrap(), texts, "texts are put behind each other");
        let sorted = |given: Vec<TemplateExpr>| {
            let list = TemplateExpr::Variable(vec!["a".to_owned()]);
            TemplateExpr::Filtered(Box::new(list), ValueFilter::List(ListFilter::Sorted), given)
        };
        assert_eq!(read("a|sort(reverse=true)").unwrap(), sorted(vec![TemplateExpr::Null, TemplateExpr::Truth(true)]));
    }

    #[test]
    fn what_is_not_known_is_refused_by_its_name() {
        for (text, words) in [
            ("a|zip(b)", "filter `zip`"),
            ("a|sort(case_sensitive=true)", "gives `sort` no `case_sensitive`"),
            ("a|tojson(2, 3)", "filter `tojson` of 2 values"),
            ("a|batch", "filter `batch` of 0 values"),
            ("a is integer", "test `integer`"),
            ("a ** 2", "does not count: `**`"),
            ("-a", "does not count: `-`"),
            ("a ~ b + c", "no `~` beside `+`"),
            ("1 < a < 3", "one sign"),
            ("(a) == 5", "brackets beside `==`"),
            ("'a' ~ b == 'ab'", "`~` beside `==`"),
            ("range(3)", "function `range`"),
            ("a.b()", "functions"),
            ("a[1:2]", "slices"),
            ("{'a': 1}", "`{`"),
            ("loop", "`loop` as a value"),
            ("loop.depth", "`loop.depth`"),
            ("1e3", "number `1e3`"),
            ("'\\u00e9'", "`\\u` in a text"),
            ("a, b", "`,`"),
        ] {
            let refused = read(text).unwrap_err();
            assert!(refused.contains(words), "{text}: {refused}");
        }
        assert!(read(&"(".repeat(100)).unwrap_err().contains("deep"));
        assert!(read(&"(".repeat(5000)).unwrap_err().contains("500 words"));
    }
}
