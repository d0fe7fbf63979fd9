//! A JSON value whose numbers stay as they were written, and are compared by their exact value.

use std::{cmp::Ordering, fmt};

use serde_json::{Map, Value};

use crate::text::json::tree::{JsonSyntaxError, NodeShape, Tree, is_number, unescaped};

/// A JSON value that keeps the digits of its numbers, whatever their length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExactJson {
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as JSON writes it, such as `1.10` or `1e3`.
    Number(String),
    /// A text, its escapes resolved.
    Text(String),
    /// An array.
    List(Vec<Self>),
    /// An object, its members in the order of the text.
    Fields(Vec<(String, Self)>),
}

impl ExactJson {
    /// Reads a text that is one JSON value (RFC 8259), at most 128 levels deep.
    pub fn parse(text: &str) -> Result<Self, JsonSyntaxError> {
        let tree = Tree::parse(text)?;
        Ok(Self::of(&tree, 0))
    }

    fn of(tree: &Tree, node: usize) -> Self {
        let raw = tree.raw(node);
        match tree.shape(node) {
            Some(NodeShape::Object) => Self::Fields(
                tree.children(node)
                    .map(|child| (tree.name(child).unwrap_or_default(), Self::of(tree, child)))
                    .collect(),
            ),
            Some(NodeShape::Array) => Self::List(tree.children(node).map(|child| Self::of(tree, child)).collect()),
            Some(NodeShape::String) => Self::Text(unescaped(raw)),
            Some(NodeShape::Number) => Self::Number(raw.to_owned()),
            Some(NodeShape::Word) if raw != "null" => Self::Bool(raw == "true"),
            Some(NodeShape::Word) | None => Self::Null,
        }
    }

    /// Makes a number of a text that JSON would read as one.
    #[must_use]
    pub fn number(text: &str) -> Option<Self> {
        is_number(text).then(|| Self::Number(text.to_owned()))
    }

    /// Returns the value without what [`Value`] cannot hold: the spelling of numbers, and their digits past
    /// those of 64 bits.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(truth) => Value::Bool(*truth),
            // 1e999 is no number there
            Self::Number(digits) => serde_json::from_str(digits).unwrap_or_else(|_| Value::String(digits.clone())),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.iter().map(Self::to_value).collect(),
            Self::Fields(fields) => Value::Object(
                fields.iter().map(|(name, value)| (name.clone(), value.to_value())).collect::<Map<_, _>>(),
            ),
        }
    }

    /// Tells whether [`Self::to_value`] would lose digits of a number.
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Text(_) => false,
            Self::Number(digits) => {
                let kept = self.to_value().to_string();
                !is_number(&kept) || compare_numbers(digits, &kept) != Ordering::Equal
            }
            Self::List(items) => items.iter().any(Self::is_lossy),
            Self::Fields(fields) => fields.iter().any(|(_, value)| value.is_lossy()),
        }
    }

    /// Tells whether two values are equal: numbers by value, objects whatever the order of their members.
    #[must_use]
    pub fn equals(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => compare_numbers(one, other) == Ordering::Equal,
            (Self::List(one), Self::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.equals(other))
            }
            (Self::Fields(one), Self::Fields(other)) => {
                let found = |(name, value): &(String, Self)| {
                    other.iter().rev().find(|(known, _)| known == name).is_some_and(|(_, other)| value.equals(other))
                };
                one.len() == other.len() && one.iter().all(found)
            }
            _ => self == other,
        }
    }
}

impl From<Value> for ExactJson {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(truth) => Self::Bool(truth),
            Value::Number(number) => Self::Number(number.to_string()),
            Value::String(text) => Self::Text(text),
            Value::Array(items) => Self::List(items.into_iter().map(Self::from).collect()),
            Value::Object(fields) => {
                Self::Fields(fields.into_iter().map(|(name, value)| (name, Self::from(value))).collect())
            }
        }
    }
}

/// Writes it as JSON without white space.
impl fmt::Display for ExactJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => write!(f, "{}", Value::from(text.as_str())),
            Self::List(items) => {
                f.write_str("[")?;
                for (place, item) in items.iter().enumerate() {
                    f.write_str(if place > 0 { "," } else { "" })?;
                    write!(f, "{item}")?;
                }
                f.write_str("]")
            }
            Self::Fields(fields) => {
                f.write_str("{")?;
                for (place, (name, value)) in fields.iter().enumerate() {
                    f.write_str(if place > 0 { "," } else { "" })?;
                    write!(f, "{}:{value}", Value::from(name.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}

/// Compares two numbers as JSON writes them, exactly, whatever their length.
#[must_use]
pub fn compare_numbers(one: &str, other: &str) -> Ordering {
    let (one, other) = (Decimal::of(one), Decimal::of(other));
    match (one.sign(), other.sign()) {
        (a, b) if a != b => a.cmp(&b),
        (0, _) => Ordering::Equal,
        (sign, _) => {
            let size = one.magnitude.cmp(&other.magnitude).then_with(|| one.digits.cmp(&other.digits));
            if sign < 0 { size.reverse() } else { size }
        }
    }
}

/// A number as `0.digits × 10^magnitude`, without zeros at either end; zero has no digits.
struct Decimal {
    negative: bool,
    digits: Vec<u8>,
    magnitude: i64,
}

impl Decimal {
    fn of(text: &str) -> Self {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, power) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // A power of more digits than fit is as good as endless.
        let endless = if power.starts_with('-') { i64::MIN / 2 } else { i64::MAX / 2 };
        let power = power.parse::<i64>().unwrap_or(endless).clamp(i64::MIN / 2, i64::MAX / 2);
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let zeros = all.iter().take_while(|digit| **digit == b'0').count();
        let mut digits = all.get(zeros..).unwrap_or_default().to_vec();
        while digits.last() == Some(&b'0') {
            digits.pop();
        }
        let length = |count: usize| i64::try_from(count).unwrap_or(i64::MAX / 4);
        let magnitude = power.saturating_add(length(whole.len())).saturating_sub(length(zeros));
        Self { negative, digits, magnitude }
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_spelling_and_compare_by_their_value() {
        let text = r#"{"a":[1.10,1e3,12345678901234567890123,-0],"b":{"c":null,"d":"é\n","e":true}}"#;
        assert_eq!(ExactJson::parse(text).unwrap().to_string(), text);
        for (one, other, order) in [
            ("1.10", "1.1", Ordering::Equal),
            ("1e3", "1000", Ordering::Equal),
            ("1E+3", "1000.00", Ordering::Equal),
            ("-0", "0.0e5", Ordering::Equal),
            ("12345678901234567890123", "12345678901234567890124", Ordering::Less),
            ("-12345678901234567890123", "-12345678901234567890124", Ordering::Greater),
            ("9", "10", Ordering::Less),
            ("0.05", "0.5", Ordering::Less),
            ("-1", "0", Ordering::Less),
            ("1e99999999999999999999", "1e9", Ordering::Greater),
            ("1e-99999999999999999999", "0", Ordering::Greater),
            ("123", "12", Ordering::Greater),
        ] {
            assert_eq!(compare_numbers(one, other), order, "{one} and {other}");
        }
    }

    #[test]
    fn values_are_equal_whatever_the_order_of_their_members() {
        let equal = |one, other| ExactJson::parse(one).unwrap().equals(&ExactJson::parse(other).unwrap());
        assert!(equal(r#"{"a":1.0,"b":[1e3]}"#, r#"{"b":[1000],"a":1}"#));
        assert!(!equal(r#"{"a":12345678901234567890124}"#, r#"{"a":12345678901234567890123}"#));
        assert!(!equal(r#"{"a":1,"b":2}"#, r#"{"a":1,"c":2}"#) && !equal("1", "\"1\"") && !equal("[1]", "[1,1]"));
    }

    #[test]
    fn what_a_plain_value_would_lose_is_known() {
        let lossy = |text| ExactJson::parse(text).unwrap().is_lossy();
        assert!(lossy("[12345678901234567890123]") && lossy("1e999") && lossy("{\"a\":0.12345678901234567890}"));
        assert!(!lossy("[1.10, 1e3, 9007199254740993, 18446744073709551615, -1, 0.1]") && !lossy("\"1e999\""));
    }
}
