//! What a reader of two answers expects to be told.

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
fn list<'a>(node: &'a Node, old: &mut String, new: &mut String, out: &mut Vec<JsonChange<'a>>) {
    let (was, is) = (|old: &String| Some(old.clone()), |new: &String| Some(new.clone()));
    match node {
        Node::Same(_) => {}
        Node::Added(value) => out.push(JsonChange { old: None, new: is(new), edit: Edit::Added(value) }),
        Node::Removed(value) => out.push(JsonChange { old: was(old), new: None, edit: Edit::Removed(value) }),
        Node::Changed { from, to } => {
            out.push(JsonChange { old: was(old), new: is(new), edit: Edit::Changed { from, to } });
        }
        Node::Object(members) => {
            for (key, node) in members {
                let step = key.replace('~', "~0").replace('/', "~1");
                inside(node, &step, &step, old, new, out);
            }
        }
        Node::Array(elements) => {
            let (mut before, mut after) = (0_usize, 0_usize);
            for node in elements {
                inside(node, &before.to_string(), &after.to_string(), old, new, out);
                before += usize::from(!matches!(node, Node::Added(_)));
                after += usize::from(!matches!(node, Node::Removed(_)));
            }
        }
    }
}

/// Lists what differs one step further inside.
fn inside<'a>(
    node: &'a Node,
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

fn told(old: &Value, new: &Value) -> Vec<String> {
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
    assert_eq!(told(&old, &new), ["~ /score 0.9 → 0.8", "- /gone [1,2]", "+ /new null", "~ /deep/a~1b 1 → 2"],);
    let diff = JsonDiff::new(&old, &new);
    assert_eq!((diff.differing(), diff.fields()), (5, 6));
}

#[test]
fn an_element_put_first_leaves_the_others_alone() {
    assert_eq!(told(&json!(["b", "c"]), &json!(["a", "b", "c"])), ["+ /0 \"a\""]);
    assert_eq!(told(&json!([1, 2, 3]), &json!([1, 5, 3])), ["~ /1 2 → 5"]);
    let old = json!([{"id": 1, "x": 1}, {"id": 2, "x": 2}]);
    assert_eq!(told(&old, &json!([{"id": 2, "x": 3}])), ["- /0 {\"id\":1,\"x\":1}", "~ /0/x 2 → 3"]);
    let (old, new) = (json!(["the parcel is late", "no reply"]), json!(["no answer", "the parcel is very late"]));
    assert_eq!(told(&old, &new).len(), 3);
}

#[test]
fn another_kind_of_value_is_a_change() {
    assert_eq!(told(&json!({"a": [1]}), &json!({"a": {"b": 1}})), ["~ /a [1] → {\"b\":1}"]);
    assert_eq!(told(&json!(1), &json!("1")), ["~  1 → \"1\""]);
    assert_eq!(told(&json!({"a": "x "}), &json!({"a": "x"})), ["~ /a \"x \" → \"x\""]);
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
    let words = |from: usize| (0..60_000).map(|at| format!("w{}", at * from % 59_999)).collect::<Vec<_>>().join(" ");
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
