//! A JSON value that counts how often a validator looks at it, and ends the validation when that is too often.
//!
//! The validator takes values by a trait, and cannot be asked to stop. It looks at the value over and over,
//! so every look takes steps from a meter, and one too many unwinds the stack up to [`within`]: nothing was
//! wrong, so no panic hook runs. Schemas that are applied without a look at the value are counted beforehand
//! ([`super::work`]), and their number is taken with each value that the validator steps into.

use std::{
    borrow::Cow,
    cell::Cell,
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use jsonschema::{
    JsonType,
    json::{Array, Json, Node, NodeIdentity, Object, cmp},
};
use serde_json::{Map, Number, Value};

use super::work::{BACKTRACKS, Work};

/// Steps of one look at a value.
const LOOK: u64 = 4;

/// Steps of an error, beside one for each byte of the longest path in the value.
const ERROR: u64 = 500;

/// Bytes that are compared, hashed or counted in one step.
const BYTES: u64 = 16;

/// The steps that are left for a validation.
#[derive(Debug)]
pub(super) struct Meter<'a> {
    left: Cell<u64>,
    work: &'a Work,
    /// The bytes of the longest path in the value.
    longest: u64,
}

/// What a validation that takes too many steps unwinds with.
struct Exhausted;

/// Runs a validation within so many steps, and returns what came of it with the steps it took; none where they
/// were not enough.
pub(super) fn within<T>(
    steps: u64,
    work: &Work,
    value: &Value,
    run: impl FnOnce(Metered<'_>) -> T,
) -> Option<(T, u64)> {
    let meter = Meter { left: Cell::new(steps), work, longest: longest_path(value) };
    match catch_unwind(AssertUnwindSafe(|| run(Metered { value, meter: Some(&meter) }))) {
        Ok(done) => Some((done, steps - meter.left.get())),
        Err(cause) if cause.is::<Exhausted>() => None,
        Err(cause) => resume_unwind(cause),
    }
}

impl Meter<'_> {
    fn take(&self, steps: u64) {
        match self.left.get().checked_sub(steps) {
            Some(left) => self.left.set(left),
            None => resume_unwind(Box::new(Exhausted)),
        }
    }

    /// Takes the steps of going into a value: it is about to be looked at by schemas that may not look.
    fn enter(&self) {
        self.take(LOOK + self.work.unseen);
    }

    /// Takes the steps of reading a text, and of matching the patterns that may be tried on it.
    fn text(&self, text: &str, patterns: u64) {
        let length = text.len() as u64;
        let matching = match patterns {
            0 => 0,
            many if self.work.backtracks => many.saturating_mul(BACKTRACKS as u64 * (3 + length / BYTES)),
            many => many.saturating_mul(length).saturating_mul(self.work.byte),
        };
        self.take(LOOK + (length / BYTES).saturating_add(matching));
    }
}

/// The representation of JSON that [`Metered`] is a value of.
pub(super) struct Counted;

/// A JSON value whose looks are counted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Metered<'a> {
    value: &'a Value,
    meter: Option<&'a Meter<'a>>,
}

impl<'a> Metered<'a> {
    fn look(&self) -> &'a Value {
        self.take(LOOK);
        self.value
    }

    fn take(&self, steps: u64) {
        if let Some(meter) = self.meter {
            meter.take(steps);
        }
    }

    /// Compares values step by step.
    fn equal(&self, one: &Value, other: &Value) -> bool {
        self.take(1);
        match (one, other) {
            (Value::String(one), Value::String(other)) => {
                self.take(one.len().min(other.len()) as u64 / BYTES);
                one == other
            }
            (Value::Array(one), Value::Array(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| self.equal(one, other))
            }
            (Value::Object(one), Value::Object(other)) => {
                one.len() == other.len()
                    && one.iter().all(|(name, one)| other.get(name).is_some_and(|other| self.equal(one, other)))
            }
            _ => cmp::equal(one, other),
        }
    }

    fn inside(&self, value: &'a Value) -> Self {
        if let Some(meter) = self.meter {
            meter.enter();
        }
        Self { value, meter: self.meter }
    }
}

impl Json for Counted {
    type Node<'a> = Metered<'a>;
    type PreparedKey = String;
    type StringBuffer = ();

    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> String {
        key.to_owned()
    }

    /// The names of an object come by [`Object::try_for_each_name_node`], which has the meter.
    fn with_string_node<T>((): &mut (), string: &str, f: impl FnOnce(Metered<'_>) -> T) -> T {
        f(Metered { value: &Value::String(string.to_owned()), meter: None })
    }
}

impl<'a> Node<'a, Counted> for Metered<'a> {
    type Object = Members<'a>;
    type Array = Elements<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Members<'a>> {
        let members = self.look().as_object()?;
        Some(Members { members, node: *self })
    }

    fn as_array(&self) -> Option<Elements<'a>> {
        let elements = self.look().as_array()?;
        Some(Elements { elements, node: *self })
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        let text = self.value.as_str();
        match (self.meter, text) {
            (Some(meter), Some(text)) => meter.text(text, u64::from(meter.work.patterns > 0)),
            _ => self.take(LOOK),
        }
        text.map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        self.look().as_number()
    }

    fn as_boolean(&self) -> Option<bool> {
        self.look().as_bool()
    }

    fn is_null(&self) -> bool {
        self.look().is_null()
    }

    fn json_type(&self) -> JsonType {
        match self.look() {
            Value::Null => JsonType::Null,
            Value::Bool(_) => JsonType::Boolean,
            Value::Number(_) => JsonType::Number,
            Value::String(_) => JsonType::String,
            Value::Array(_) => JsonType::Array,
            Value::Object(_) => JsonType::Object,
        }
    }

    fn string_length(&self) -> Option<u64> {
        let text = self.look().as_str()?;
        self.take(text.len() as u64 / BYTES);
        Some(text.chars().count() as u64)
    }

    fn equals_value(&self, expected: &Value) -> bool {
        self.take(LOOK);
        self.equal(self.value, expected)
    }

    /// Asked for where an error is made, which holds the path to the value.
    fn to_value(&self) -> Cow<'a, Value> {
        self.take(self.meter.map_or(ERROR, |meter| ERROR + meter.longest));
        Cow::Borrowed(self.value)
    }

    /// Asked for where a reference may lead back to itself.
    fn identity(&self) -> Option<NodeIdentity> {
        if let Some(meter) = self.meter {
            meter.enter();
        }
        Some(NodeIdentity::new(std::ptr::from_ref(self.value) as usize))
    }
}

/// The members of an object.
pub(super) struct Members<'a> {
    members: &'a Map<String, Value>,
    node: Metered<'a>,
}

/// The members of an object one by one, each of which takes the steps of its name and of its value.
pub(super) struct MembersIter<'a> {
    members: serde_json::map::Iter<'a>,
    node: Metered<'a>,
}

impl<'a> Iterator for MembersIter<'a> {
    type Item = (&'a str, Metered<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.members.next()?;
        if let Some(meter) = self.node.meter {
            meter.text(name, meter.work.patterns);
        }
        Some((name, self.node.inside(value)))
    }
}

impl<'a> Object<'a, Counted> for Members<'a> {
    type Node = Metered<'a>;
    type MemberName = &'a str;
    type MembersIter = MembersIter<'a>;

    fn len(&self) -> usize {
        self.members.len()
    }

    fn get(&self, key: &String) -> Option<Metered<'a>> {
        self.node.take(LOOK + key.len() as u64 / BYTES);
        self.members.get(key).map(|value| self.node.inside(value))
    }

    fn members(&self) -> MembersIter<'a> {
        MembersIter { members: self.members.iter(), node: self.node }
    }

    fn try_for_each_name_node<B>(
        &self,
        (): &mut (),
        mut f: impl FnMut(Metered<'_>) -> ControlFlow<B>,
    ) -> ControlFlow<B> {
        self.members.keys().try_for_each(|name| {
            self.node.take(LOOK + name.len() as u64 / BYTES);
            let name = Value::String(name.clone());
            f(Metered { value: &name, meter: self.node.meter })
        })
    }
}

/// The elements of an array.
pub(super) struct Elements<'a> {
    elements: &'a [Value],
    node: Metered<'a>,
}

/// The elements of an array one by one.
pub(super) struct ElementsIter<'a> {
    elements: std::slice::Iter<'a, Value>,
    node: Metered<'a>,
}

impl<'a> Iterator for ElementsIter<'a> {
    type Item = Metered<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.elements.next().map(|value| self.node.inside(value))
    }
}

impl<'a> Array<'a, Counted> for Elements<'a> {
    type Node = Metered<'a>;
    type ElementsIter = ElementsIter<'a>;

    fn len(&self) -> usize {
        self.elements.len()
    }

    fn elements(&self) -> ElementsIter<'a> {
        ElementsIter { elements: self.elements.iter(), node: self.node }
    }

    /// The hash tells apart what the validator's own takes for the same, such as `[[], [[]]]` and `[[[]], []]`.
    fn is_unique(&self) -> bool {
        let mut seen: HashMap<u64, Vec<&Value>> = HashMap::new();
        self.elements.iter().all(|value| {
            self.node.take(LOOK + size(value));
            let mut hasher = DefaultHasher::new();
            hash(value, &mut hasher);
            let alike = seen.entry(hasher.finish()).or_default();
            let is_new = !alike.iter().any(|other| self.node.equal(value, other));
            alike.push(value);
            is_new
        })
    }
}

/// Hashes a value so that equal ones, as `1` and `1.0`, have one hash.
fn hash(value: &Value, hasher: &mut DefaultHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::Null => {}
        Value::Bool(truth) => truth.hash(hasher),
        // Adding zero makes one of the two zeros.
        Value::Number(number) => number.as_f64().map(|number| (number + 0.0).to_bits()).hash(hasher),
        Value::String(text) => text.hash(hasher),
        Value::Array(items) => {
            items.len().hash(hasher);
            for item in items {
                hash(item, hasher);
            }
        }
        Value::Object(members) => {
            // In whatever order.
            let each = members.iter().map(|(name, value)| {
                let mut hasher = DefaultHasher::new();
                name.hash(&mut hasher);
                hash(value, &mut hasher);
                hasher.finish()
            });
            each.fold(0_u64, u64::wrapping_add).hash(hasher);
        }
    }
}

/// The steps of reading a value once.
fn size(value: &Value) -> u64 {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 1,
        Value::String(text) => 1 + text.len() as u64 / BYTES,
        Value::Array(items) => items.iter().fold(1, |sum, item| sum + size(item)),
        Value::Object(members) => {
            members.iter().fold(1, |sum, (name, value)| sum + 1 + name.len() as u64 / BYTES + size(value))
        }
    }
}

/// The bytes of the longest path in a value, as a JSON pointer without escapes.
fn longest_path(value: &Value) -> u64 {
    let longest = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
        Value::Array(items) => items.iter().map(longest_path).max().map(|longest| longest + 8),
        Value::Object(members) => members.iter().map(|(name, value)| longest_path(value) + name.len() as u64 + 1).max(),
    };
    longest.unwrap_or(0)
}
