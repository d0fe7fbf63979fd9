//! What differs between two JSON values, by key: the order of keys and the spelling of numbers are no difference.
//!
//! The elements of arrays are matched by content and in order.

use std::{
    collections::{BTreeMap, HashSet},
    fmt::Write as _,
    ops::Range,
};

use serde_json::{Map, Number, Value};
use similar::DiffOp;

use crate::text::diff::stretches;

/// Bytes that may be read, over and over, to match the elements of arrays; past them they are matched in order.
const WORK: usize = 32 << 20;

/// A value and how it stands to the other one.
#[derive(Debug, Clone, PartialEq)]
pub enum DiffNode {
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
    root: DiffNode,
    fields: usize,
    differing: usize,
}

impl JsonDiff {
    /// Compares two values.
    #[must_use]
    pub fn new(old: &Value, new: &Value) -> Self {
        let root = compare(old, new, &mut { WORK });
        let mut diff = Self { root: DiffNode::Array(Vec::new()), fields: 0, differing: 0 };
        diff.count(&root);
        diff.root = root;
        diff
    }

    fn count(&mut self, node: &DiffNode) {
        let differing = match node {
            DiffNode::Same(value) => {
                self.fields += leaves(value);
                0
            }
            DiffNode::Added(value) | DiffNode::Removed(value) => leaves(value),
            DiffNode::Changed { from, to } => leaves(from).max(leaves(to)),
            DiffNode::Object(members) => {
                for (_, node) in members {
                    self.count(node);
                }
                0
            }
            DiffNode::Array(elements) => {
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
    pub fn root(&self) -> &DiffNode {
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
fn compare(old: &Value, new: &Value, left: &mut usize) -> DiffNode {
    match (old, new) {
        _ if same(old, new) => DiffNode::Same(new.clone()),
        (Value::Object(old), Value::Object(new)) => members(old, new, left),
        (Value::Array(old), Value::Array(new)) => DiffNode::Array(
            align(old, new, left)
                .into_iter()
                .map(|pair| match pair {
                    ElementPair::Both(old, new) => compare(old, new, left),
                    ElementPair::Old(old) => DiffNode::Removed(old.clone()),
                    ElementPair::New(new) => DiffNode::Added(new.clone()),
                })
                .collect(),
        ),
        _ => DiffNode::Changed { from: old.clone(), to: new.clone() },
    }
}

fn members(old: &Map<String, Value>, new: &Map<String, Value>, left: &mut usize) -> DiffNode {
    let mut gone: BTreeMap<Option<&str>, Vec<(String, DiffNode)>> = BTreeMap::new();
    let mut behind = None;
    for (key, value) in old {
        if new.contains_key(key) {
            behind = Some(key.as_str());
        } else {
            gone.entry(behind).or_default().push((key.clone(), DiffNode::Removed(value.clone())));
        }
    }
    let mut all = gone.remove(&None).unwrap_or_default();
    for (key, value) in new {
        let node = old.get(key).map_or_else(|| DiffNode::Added(value.clone()), |old| compare(old, value, left));
        all.push((key.clone(), node));
        all.extend(gone.remove(&Some(key.as_str())).unwrap_or_default());
    }
    DiffNode::Object(all)
}

/// Counts the values inside a value, itself included, that hold no others.
fn leaves(value: &Value) -> usize {
    match value {
        Value::Array(elements) => elements.iter().map(leaves).sum::<usize>().max(1),
        Value::Object(members) => members.values().map(leaves).sum::<usize>().max(1),
        _ => 1,
    }
}

/// Elements of two arrays that stand for each other, or one that stands alone.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ElementPair<'a> {
    /// In both.
    Both(&'a Value, &'a Value),
    /// In the old one alone.
    Old(&'a Value),
    /// In the new one alone.
    New(&'a Value),
}

/// How many comparisons of elements a stretch without equal ones may cost; a larger one is matched
/// in order.
const MOST: usize = 4096;

/// Matches the elements of two arrays: equal ones first, then in each stretch between them those
/// that are most alike. What is read for that is taken from the bytes that are left; where they are too few,
/// elements are matched in order.
pub(crate) fn align<'a>(old: &'a [Value], new: &'a [Value], left: &mut usize) -> Vec<ElementPair<'a>> {
    let key = |values: &[Value]| values.iter().map(canonical).collect::<Vec<_>>();
    let mut pairs = Vec::new();
    if !take(left, total(old).saturating_add(total(new))) {
        in_order(old, new, &mut pairs);
        return pairs;
    }
    for op in stretches(&key(old), &key(new)) {
        let (old, new) = (part(old, op.old_range()), part(new, op.new_range()));
        match op {
            DiffOp::Equal { .. } => pairs.extend(old.iter().zip(new).map(|(old, new)| ElementPair::Both(old, new))),
            // Each is compared with each.
            _ if old.len() * new.len() > MOST
                || !take(
                    left,
                    (total(old).saturating_mul(new.len())).saturating_add(total(new).saturating_mul(old.len())),
                ) =>
            {
                in_order(old, new, &mut pairs);
            }
            _ => alike(old, new, &mut pairs),
        }
    }
    pairs
}

/// Takes bytes from those that are left; none where they are too few.
fn take(left: &mut usize, bytes: usize) -> bool {
    left.checked_sub(bytes).is_some_and(|rest| {
        *left = rest;
        true
    })
}

/// The bytes of values, about as JSON writes them.
fn total(values: &[Value]) -> usize {
    values.iter().map(size).sum()
}

fn size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => 8 + text.len(),
        Value::Array(items) => 8 + total(items),
        Value::Object(members) => 8 + members.iter().map(|(name, value)| 8 + name.len() + size(value)).sum::<usize>(),
    }
}

fn part(values: &[Value], at: Range<usize>) -> &[Value] {
    values.get(at).unwrap_or_default()
}

fn in_order<'a>(old: &'a [Value], new: &'a [Value], pairs: &mut Vec<ElementPair<'a>>) {
    let both = old.len().min(new.len());
    pairs.extend(old.iter().zip(new).map(|(old, new)| ElementPair::Both(old, new)));
    pairs.extend(old.iter().skip(both).map(ElementPair::Old));
    pairs.extend(new.iter().skip(both).map(ElementPair::New));
}

/// Matches two stretches so that the likeness of the pairs, summed up, is greatest.
fn alike<'a>(old: &'a [Value], new: &'a [Value], pairs: &mut Vec<ElementPair<'a>>) {
    let columns = new.len() + 1;
    let likeness: Vec<u32> = old.iter().flat_map(|old| new.iter().map(move |new| likeness(old, new))).collect();
    let like = |i: usize, j: usize| likeness.get(i * new.len() + j).copied().unwrap_or(0);
    // best[i * columns + j]: the greatest sum for the elements from i and from j on.
    let mut best = vec![0_u32; (old.len() + 1) * columns];
    let sum = |best: &[u32], i: usize, j: usize| best.get(i * columns + j).copied().unwrap_or(0);
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let pair = like(i, j) + sum(&best, i + 1, j + 1);
            let most = pair.max(sum(&best, i + 1, j)).max(sum(&best, i, j + 1));
            if let Some(cell) = best.get_mut(i * columns + j) {
                *cell = most;
            }
        }
    }
    let (mut i, mut j) = (0, 0);
    loop {
        let most = sum(&best, i, j);
        match (old.get(i), new.get(j)) {
            (Some(was), Some(is)) if like(i, j) > 0 && most == like(i, j) + sum(&best, i + 1, j + 1) => {
                pairs.push(ElementPair::Both(was, is));
                (i, j) = (i + 1, j + 1);
            }
            (Some(was), is) if is.is_none() || most == sum(&best, i + 1, j) => {
                pairs.push(ElementPair::Old(was));
                i += 1;
            }
            (_, Some(is)) => {
                pairs.push(ElementPair::New(is));
                j += 1;
            }
            _ => return,
        }
    }
}

/// Says how alike two values are that are not equal, from 1 up: values of one kind more than others,
/// objects by the members they share.
fn likeness(old: &Value, new: &Value) -> u32 {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let shared = old.iter().filter_map(|(key, value)| Some((value, new.get(key)?)));
            let (mut keys, mut equal) = (0_usize, 0_usize);
            for (one, other) in shared {
                keys += 1;
                equal += usize::from(same(one, other));
            }
            10 + share(10 * equal + keys, old.len().max(new.len()))
        }
        (Value::String(old), Value::String(new)) => {
            let (words, many): (HashSet<&str>, usize) =
                (old.split_whitespace().collect(), old.split_whitespace().count());
            let common = new.split_whitespace().filter(|word| words.contains(word)).count();
            10 + share(10 * common, many.max(1))
        }
        _ if std::mem::discriminant(old) == std::mem::discriminant(new) => 10,
        _ => 1,
    }
}

/// Returns a part of a whole in tenths, at most 1000.
fn share(part: usize, whole: usize) -> u32 {
    u32::try_from(10 * part / whole.max(1)).unwrap_or(1000).min(1000)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What happened to a value.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Edit<'a> {
        /// It is new.
        Added(&'a Value),
        /// It is gone.
        Removed(&'a Value),
        /// It was one and is another.
        Changed {
            //// What it was.
            from: &'a Value,
            //// What it is.
            to: &'a Value,
        },
    }

    /// One difference and where it is.
    #[derive(Debug, Clone, PartialEq)]
    struct JsonChange<'a> {
        /// Where it was, as a JSON pointer (RFC 6901) into the old value; none for what is new.
        old: Option<String>,
        /// Where it is, as a JSON pointer into the new value; none for what is gone.
        new: Option<String>,
        //// What happened.
        edit: Edit<'a>,
    }

    /// Lists the differences in the order of [`JsonDiff::root`].
    fn changes(diff: &JsonDiff) -> Vec<JsonChange<'_>> {
        let mut changes = Vec::new();
        list(&diff.root, &mut String::new(), &mut String::new(), &mut changes);
        changes
    }

    /// Lists what differs in a node at these two places.
    fn list<'a>(node: &'a DiffNode, old: &mut String, new: &mut String, out: &mut Vec<JsonChange<'a>>) {
        let (was, is) = (|old: &String| Some(old.clone()), |new: &String| Some(new.clone()));
        match node {
            DiffNode::Same(_) => {}
            DiffNode::Added(value) => out.push(JsonChange { old: None, new: is(new), edit: Edit::Added(value) }),
            DiffNode::Removed(value) => out.push(JsonChange { old: was(old), new: None, edit: Edit::Removed(value) }),
            DiffNode::Changed { from, to } => {
                out.push(JsonChange { old: was(old), new: is(new), edit: Edit::Changed { from, to } });
            }
            DiffNode::Object(members) => {
                for (key, node) in members {
                    let step = key.replace('~', "~0").replace('/', "~1");
                    inside(node, &step, &step, old, new, out);
                }
            }
            DiffNode::Array(elements) => {
                let (mut before, mut after) = (0_usize, 0_usize);
                for node in elements {
                    inside(node, &before.to_string(), &after.to_string(), old, new, out);
                    before += usize::from(!matches!(node, DiffNode::Added(_)));
                    after += usize::from(!matches!(node, DiffNode::Removed(_)));
                }
            }
        }
    }

    /// Lists what differs one step further inside.
    fn inside<'a>(
        node: &'a DiffNode,
        before: &str,
        after: &str,
        old: &mut String,
        new: &mut String,
        out: &mut Vec<JsonChange<'a>>,
    ) {
        let (was, is) = (old.len(), new.len());
        let _ = write!(old, "/{before}");
        let _ = write!(new, "/{after}");
        list(node, old, new, out);
        old.truncate(was);
        new.truncate(is);
    }

    fn described(old: &Value, new: &Value) -> Vec<String> {
        let diff = JsonDiff::new(old, new);
        changes(&diff)
            .iter()
            .map(|change| match change.edit {
                Edit::Added(value) => format!("+ {} {value}", change.new.as_deref().unwrap()),
                Edit::Removed(value) => format!("- {} {value}", change.old.as_deref().unwrap()),
                Edit::Changed { from, to } => format!("~ {} {from} → {to}", change.new.as_deref().unwrap()),
            })
            .collect()
    }

    #[test]
    fn order_and_spelling_are_no_difference() {
        let (old, new) =
            (json!({"a": 1, "b": {"c": [1.0, 2e3], "d": null}}), json!({"b": {"d": null, "c": [1, 2000]}, "a": 1.0}));
        let diff = JsonDiff::new(&old, &new);
        assert!(diff.is_same() && changes(&diff).is_empty());
        assert_eq!(diff.fields(), 4);
        assert_eq!(canonical(&old), canonical(&new));
    }

    #[test]
    fn keys_are_told_with_their_place() {
        let old = json!({"sentiment": "positive", "score": 0.9, "gone": [1, 2], "deep": {"a/b": 1}});
        let new = json!({"score": 0.8, "sentiment": "positive", "new": null, "deep": {"a/b": 2}});
        assert_eq!(described(&old, &new), ["~ /score 0.9 → 0.8", "- /gone [1,2]", "+ /new null", "~ /deep/a~1b 1 → 2"],);
        let diff = JsonDiff::new(&old, &new);
        assert_eq!((diff.differing(), diff.fields()), (5, 6));
    }

    #[test]
    fn an_element_put_first_leaves_the_others_alone() {
        assert_eq!(described(&json!(["b", "c"]), &json!(["a", "b", "c"])), ["+ /0 \"a\""]);
        assert_eq!(described(&json!([1, 2, 3]), &json!([1, 5, 3])), ["~ /1 2 → 5"]);
        let old = json!([{"id": 1, "x": 1}, {"id": 2, "x": 2}]);
        assert_eq!(described(&old, &json!([{"id": 2, "x": 3}])), ["- /0 {\"id\":1,\"x\":1}", "~ /0/x 2 → 3"]);
        let (old, new) = (json!(["the parcel is late", "no reply"]), json!(["no answer", "the parcel is very late"]));
        assert_eq!(described(&old, &new).len(), 3);
    }

    #[test]
    fn another_kind_of_value_is_a_change() {
        assert_eq!(described(&json!({"a": [1]}), &json!({"a": {"b": 1}})), ["~ /a [1] → {\"b\":1}"]);
        assert_eq!(described(&json!(1), &json!("1")), ["~  1 → \"1\""]);
        assert_eq!(described(&json!({"a": "x "}), &json!({"a": "x"})), ["~ /a \"x \" → \"x\""]);
    }

    #[test]
    fn long_arrays_without_an_equal_element_are_compared_in_order() {
        let numbers = |from: usize| Value::from((from..from + 500).collect::<Vec<_>>());
        let diff = JsonDiff::new(&numbers(0), &numbers(1000));
        assert_eq!((diff.differing(), diff.fields()), (500, 500));
    }

    /// Carries the differences out: what is gone from the last on, what is new from the first on.
    fn applied(old: &Value, diff: &JsonDiff) -> Value {
        let split = |pointer: &str| {
            let (parent, key) = pointer.rsplit_once('/').unwrap();
            (parent.to_owned(), key.replace("~1", "/").replace("~0", "~"))
        };
        let mut value = old.clone();
        let changes = changes(diff);
        for change in changes.iter().rev().filter(|change| change.new.is_none()) {
            let (parent, key) = split(change.old.as_deref().unwrap());
            match value.pointer_mut(&parent).unwrap() {
                Value::Object(members) => drop(members.remove(&key).unwrap()),
                Value::Array(elements) => drop(elements.remove(key.parse().unwrap())),
                _ => unreachable!(),
            }
        }
        for change in &changes {
            match (change.edit, change.new.as_deref()) {
                (Edit::Added(new), Some(pointer)) => {
                    let (parent, key) = split(pointer);
                    match value.pointer_mut(&parent).unwrap() {
                        Value::Object(members) => drop(members.insert(key, new.clone())),
                        Value::Array(elements) => elements.insert(key.parse().unwrap(), new.clone()),
                        _ => unreachable!(),
                    }
                }
                (Edit::Changed { to, .. }, Some(pointer)) => *value.pointer_mut(pointer).unwrap() = to.clone(),
                _ => {}
            }
        }
        value
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..4_i64).prop_map(Value::from),
            prop::sample::select(vec![0.5, 1.0]).prop_map(Value::from),
            "[ab/~ ]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec(("[a-d/~]{1,2}", inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The same value with the keys of every object the other way round.
    fn reversed(value: &Value) -> Value {
        match value {
            Value::Array(elements) => elements.iter().map(reversed).collect(),
            Value::Object(members) => {
                Value::Object(members.iter().rev().map(|(key, value)| (key.clone(), reversed(value))).collect())
            }
            other => other.clone(),
        }
    }

    #[test]
    fn texts_and_lists_without_end_are_matched_in_bounded_work() {
        let words =
            |from: usize| (0..60_000).map(|at| format!("w{}", at * from % 59_999)).collect::<Vec<_>>().join(" ");
        let texts = |from: usize| (from..from + 60).map(words).collect::<Vec<_>>();
        let (old, new) = (json!(texts(1)), json!(texts(61)));
        let diff = JsonDiff::new(&old, &new);
        assert_eq!((diff.differing(), diff.fields()), (60, 60), "matched in order");
        let nest = |inside: &str| {
            (0..100).fold(json!(inside.repeat(100_000)), |value, at| json!([format!("{inside}{at}"), value, at]))
        };
        assert!(JsonDiff::new(&nest("a"), &nest("b")).differing() > 100);
    }

    proptest! {
        #[test]
        fn the_changes_turn_the_old_value_into_the_new_one(old in values(), new in values()) {
            let diff = JsonDiff::new(&old, &new);
            let turned = applied(&old, &diff);
            prop_assert!(same(&turned, &new), "{turned} is not {new}");
            prop_assert_eq!(diff.is_same(), changes(&diff).is_empty());
        }

        #[test]
        fn a_value_is_the_same_as_itself_whatever_the_order(value in values()) {
            prop_assert!(changes(&JsonDiff::new(&value, &reversed(&value))).is_empty());
            prop_assert_eq!(canonical(&value), canonical(&reversed(&value)));
        }
    }
}
