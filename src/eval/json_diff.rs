//! What differs between two JSON values, by key: the order of keys and the spelling of numbers are no difference.

mod align;

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Map, Number, Value};

use align::{Pair, align};

/// Bytes that may be read, over and over, to match the elements of arrays; past them they are matched in order.
const WORK: usize = 32 << 20;

/// A value and how it stands to the other one.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// In both, and equal.
    Same(Value),
    /// In the new one alone.
    Added(Value),
    /// In the old one alone.
    Removed(Value),
    /// In both, and not equal; at least one of the two has nothing inside that could be compared.
    Changed {
        /// What it was.
        from: Value,
        /// What it is.
        to: Value,
    },
    /// An object in both, and not equal: the members in the new one's order, those that are gone
    /// after the member they stood behind.
    Object(Vec<(String, Self)>),
    /// An array in both, and not equal: the elements in order, those that are gone where they were.
    Array(Vec<Self>),
}

/// What differs between an old value and a new one.
///
/// Objects are compared by key, whatever the order. Arrays are compared by content: the longest run
/// of equal elements in common stays, and what lies between is matched with what is most like it, in
/// order, so that an element put first does not make all that follow differ; where that would take too much work,
/// elements are matched in order. Numbers are equal if
/// their values are. Strings are equal if every character is.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonDiff {
    root: Node,
    fields: usize,
    differing: usize,
}

impl JsonDiff {
    /// Compares two values.
    #[must_use]
    pub fn new(old: &Value, new: &Value) -> Self {
        let root = compare(old, new, &mut { WORK });
        let mut diff = Self { root: Node::Array(Vec::new()), fields: 0, differing: 0 };
        diff.count(&root);
        diff.root = root;
        diff
    }

    fn count(&mut self, node: &Node) {
        let differing = match node {
            Node::Same(value) => {
                self.fields += leaves(value);
                0
            }
            Node::Added(value) | Node::Removed(value) => leaves(value),
            Node::Changed { from, to } => leaves(from).max(leaves(to)),
            Node::Object(members) => {
                for (_, node) in members {
                    self.count(node);
                }
                0
            }
            Node::Array(elements) => {
                for node in elements {
                    self.count(node);
                }
                0
            }
        };
        self.fields += differing;
        self.differing += differing;
    }

    /// Returns both values as one.
    #[must_use]
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// Tells whether the values are equal.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differing == 0
    }

    /// Counts the fields of both values together: values that hold no others.
    #[must_use]
    pub fn fields(&self) -> usize {
        self.fields
    }

    /// Counts the fields that differ.
    #[must_use]
    pub fn differing(&self) -> usize {
        self.differing
    }
}

/// Tells whether two values are equal: objects whatever the order of their keys, numbers by value.
#[must_use]
pub fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || plain(one) == plain(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let found = |(key, value): (&String, &Value)| other.get(key).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(found)
        }
        _ => one == other,
    }
}

/// Writes a value so that equal values are written alike: keys in order, numbers by value.
#[must_use]
pub fn canonical(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Number(number) => out.push_str(&plain(number)),
        Value::Array(elements) => {
            out.push('[');
            for element in elements {
                write(element, out);
                out.push(',');
            }
            out.push(']');
        }
        Value::Object(members) => {
            out.push('{');
            let sorted: BTreeMap<_, _> = members.iter().collect();
            for (key, value) in sorted {
                let _ = write!(out, "{}:", Value::from(key.as_str()));
                write(value, out);
                out.push(',');
            }
            out.push('}');
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {
            let _ = write!(out, "{value}");
        }
    }
}

/// Writes a number so that equal numbers are written alike: `1.0` as `1`.
fn plain(number: &Number) -> String {
    /// The largest whole number from which on a double skips some.
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    match number.as_f64() {
        Some(value) if number.is_f64() && value.fract() == 0.0 && value.abs() < WHOLE => format!("{}", value as i64),
        _ => number.to_string(),
    }
}

/// Compares two values with so many bytes left that may be read to match the elements of arrays.
fn compare(old: &Value, new: &Value, left: &mut usize) -> Node {
    match (old, new) {
        _ if same(old, new) => Node::Same(new.clone()),
        (Value::Object(old), Value::Object(new)) => members(old, new, left),
        (Value::Array(old), Value::Array(new)) => Node::Array(
            align(old, new, left)
                .into_iter()
                .map(|pair| match pair {
                    Pair::Both(old, new) => compare(old, new, left),
                    Pair::Old(old) => Node::Removed(old.clone()),
                    Pair::New(new) => Node::Added(new.clone()),
                })
                .collect(),
        ),
        _ => Node::Changed { from: old.clone(), to: new.clone() },
    }
}

fn members(old: &Map<String, Value>, new: &Map<String, Value>, left: &mut usize) -> Node {
    let mut gone: BTreeMap<Option<&str>, Vec<(String, Node)>> = BTreeMap::new();
    let mut behind = None;
    for (key, value) in old {
        if new.contains_key(key) {
            behind = Some(key.as_str());
        } else {
            gone.entry(behind).or_default().push((key.clone(), Node::Removed(value.clone())));
        }
    }
    let mut all = gone.remove(&None).unwrap_or_default();
    for (key, value) in new {
        let node = old.get(key).map_or_else(|| Node::Added(value.clone()), |old| compare(old, value, left));
        all.push((key.clone(), node));
        all.extend(gone.remove(&Some(key.as_str())).unwrap_or_default());
    }
    Node::Object(all)
}

/// Counts the values inside a value, itself included, that hold no others.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(leaves).sum::<usize>().max(1),
        Value::Object(members) => members.values().map(leaves).sum::<usize>().max(1),
        _ => 1,
    }
}

#[cfg(test)]
mod tests;
