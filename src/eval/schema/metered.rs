//! Bounds on the work of a JSON Schema: of what it asks for at any one value, and of how often a validator looks.
//!
//! The validator takes values by a trait, and cannot be asked to stop. It looks at the value over and over,
//! so every look takes steps from a meter, and one too many unwinds the stack up to [`within`]: nothing was
//! wrong, so no panic hook runs. A schema is applied to a value together with all that it combines (`allOf`, `$ref`,
//! `if`), which in a tower of them doubles with every floor. How many there are, and how deep they lie in each other, does
//! not depend on the value: it is found before the schema is compiled, and taken with each value that the validator steps
//! into.

use std::{
    borrow::Cow,
    cell::Cell,
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
    ops::ControlFlow,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

use jsonschema::{
    Draft, JsonType,
    json::{Array, Json, Node, NodeIdentity, Object, cmp},
};
use serde_json::{Map, Number, Value};

use crate::{
    eval::{pattern, reason::quote},
    text::{budget::TooMuch, format::thousands},
};

/// Steps of one look at a value.
const LOOK: u64 = 4;

/// Steps of an error, beside one for each byte of the longest path in the value.
const ERROR: u64 = 500;

/// Bytes that are compared, hashed or counted in one step.
const BYTES: u64 = 16;

/// The steps that are left for a validation.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    left: Cell<u64>,
    work: &'a Work,
    /// The bytes of the longest path in the value.
    longest: u64,
}

/// What a validation that takes too many steps unwinds with.
struct Exhausted;

/// Runs a validation within so many steps, and returns what came of it with the steps it took; none where they
/// were not enough.
pub(crate) fn within<T>(
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
pub(crate) struct Counted;

/// A JSON value whose looks are counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metered<'a> {
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
pub(crate) struct Members<'a> {
    members: &'a Map<String, Value>,
    node: Metered<'a>,
}

/// The members of an object one by one, each of which takes the steps of its name and of its value.
pub(crate) struct MembersIter<'a> {
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
pub(crate) struct Elements<'a> {
    elements: &'a [Value],
    node: Metered<'a>,
}

/// The elements of an array one by one.
pub(crate) struct ElementsIter<'a> {
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

/// Schemas that may be applied to one value.
const VISITS: u64 = 100_000;

/// Schemas that may be applied inside each other to one value.
const DEEP: usize = 250;

/// How often a pattern with look-around or backreferences may step back on one text.
pub(crate) const BACKTRACKS: usize = 20_000;

/// Bytes that a compiled pattern may take.
pub(crate) const PATTERN_SIZE: usize = pattern::LARGEST;

/// Bytes that all compiled patterns may take.
const PATTERNS_SIZE: usize = 16 << 20;

/// Bytes of a compiled pattern for which reading a byte of a text takes one step.
const SIZE_OF_STEP: usize = 512;

/// What takes the place of a schema that is not in the document: the published schema of a draft.
const PUBLISHED: Cost = Cost { visits: 200, unseen: 20, deep: 8 };

/// Lists of schemas that are applied to the value itself.
const LISTS: &[&str] = &["allOf", "anyOf", "oneOf"];

/// Schemas that are applied to the value itself.
const SINGLES: &[&str] = &["not", "if", "then", "else"];

/// Schemas by the names of members, which are applied to the value itself.
const NAMED: &[&str] = &["dependentSchemas", "dependencies"];

/// Keywords that go over what others have looked at once more.
const AGAIN: &[&str] = &["unevaluatedItems", "unevaluatedProperties"];

/// References to a schema, which is applied to the value itself.
const REFERENCES: &[&str] = &["$ref", "$dynamicRef", "$recursiveRef"];

/// Keywords that look at the value before any other schema is applied.
const LOOKS: &[&str] = &[
    "const",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maximum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "minimum",
    "pattern",
    "type",
];

/// The most work that a schema asks for at any one value.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    /// Schemas that are applied without a look at the value.
    pub(crate) unseen: u64,
    /// Schemas that are applied inside each other.
    pub(crate) deep: usize,
    /// Patterns that are tried on one name.
    pub(crate) patterns: u64,
    /// Steps for each byte that a pattern reads.
    pub(crate) byte: u64,
    /// Whether a pattern has look-around or backreferences.
    pub(crate) backtracks: bool,
}

impl Work {
    /// Measures a schema and every schema in it.
    pub(crate) fn of(schema: &Value) -> Result<Self, TooMuch> {
        let document = Document::of(schema);
        let mut costs = Costs { document: &document, known: HashMap::new() };
        let mut work = patterns(&document.schemas)?;
        for schema in &document.schemas {
            let cost = costs.of(schema, 0)?;
            work.unseen = work.unseen.max(cost.unseen);
            work.deep = work.deep.max(cost.deep);
        }
        Ok(work)
    }
}

/// What applying one schema to a value takes.
#[derive(Debug, Clone, Copy)]
struct Cost {
    visits: u64,
    unseen: u64,
    deep: usize,
}

/// The schemas of a document, and the names that some of them have.
struct Document<'a> {
    root: &'a Value,
    schemas: Vec<&'a Value>,
    /// Those that have an address.
    addressed: Vec<(&'a str, &'a Value)>,
    anchored: HashMap<&'a str, Vec<&'a Value>>,
    /// Those that `$recursiveRef` may lead to.
    recursive: Vec<&'a Value>,
}

impl<'a> Document<'a> {
    fn of(root: &'a Value) -> Self {
        let mut document =
            Self { root, schemas: Vec::new(), addressed: Vec::new(), anchored: HashMap::new(), recursive: vec![root] };
        let (mut left, mut met) = (vec![root], HashSet::new());
        while let Some(schema) = left.pop() {
            if !met.insert(std::ptr::from_ref(schema)) {
                continue;
            }
            document.schemas.push(schema);
            let Some(fields) = schema.as_object() else { continue };
            document.name(schema, fields);
            // The keywords that hold schemas, those of later drafts included.
            left.extend(Draft::Draft4.subresources_of(schema));
            // What stands elsewhere is a schema if something refers to it.
            left.extend(references(fields).filter_map(|to| root.pointer(&pointer(to.strip_prefix('#')?))));
        }
        document
    }

    fn name(&mut self, schema: &'a Value, fields: &'a Map<String, Value>) {
        for (key, value) in fields {
            match (key.as_str(), value) {
                ("$id" | "id", Value::String(id)) => match id.split_once('#') {
                    Some((_, anchor)) if !anchor.is_empty() => self.anchored.entry(anchor).or_default().push(schema),
                    _ => self.addressed.push((id, schema)),
                },
                ("$anchor" | "$dynamicAnchor", Value::String(anchor)) => {
                    self.anchored.entry(anchor).or_default().push(schema);
                }
                ("$recursiveAnchor", Value::Bool(true)) => self.recursive.push(schema),
                _ => {}
            }
        }
    }

    /// Lists what a reference may lead to: which of them, the base address decides, and for a dynamic one the way
    /// to it. Nothing in the document is the published schema of a draft.
    fn targets(&self, keyword: &str, reference: &'a str) -> Vec<&'a Value> {
        if keyword == "$recursiveRef" {
            return self.recursive.clone();
        }
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        if !fragment.is_empty() && !fragment.starts_with('/') {
            return self.anchored.get(fragment).cloned().unwrap_or_default();
        }
        let last = |address: &'a str| address.trim_end_matches(['#', '/']).rsplit(['/', ':']).next().unwrap_or(address);
        let addressed = self.addressed.iter().filter(|(id, _)| address.is_empty() || last(id) == last(address));
        let root = address.is_empty().then_some(self.root);
        let within = root.into_iter().chain(addressed.map(|(_, schema)| *schema));
        within.filter_map(|schema| schema.pointer(&pointer(fragment))).collect()
    }

    /// Writes where a schema stands, as a reference to it.
    fn place(&self, schema: &Value) -> String {
        let mut left = vec![(self.root, "#".to_owned())];
        while let Some((value, place)) = left.pop() {
            if std::ptr::eq(value, schema) {
                return quote(&place);
            }
            match value {
                Value::Object(fields) => {
                    left.extend(fields.iter().map(|(name, value)| (value, format!("{place}/{name}"))));
                }
                Value::Array(items) => {
                    left.extend(items.iter().enumerate().map(|(at, value)| (value, format!("{place}/{at}"))));
                }
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        "a schema".to_owned()
    }
}

/// Writes a fragment as the JSON pointer that it stands for.
fn pointer(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let coded = (*first == b'%')
            .then(|| after.split_at_checked(2))
            .flatten()
            .and_then(|(code, after)| Some((u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok()?, after)));
        let (byte, after) = coded.unwrap_or((*first, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn references(fields: &Map<String, Value>) -> impl Iterator<Item = &str> {
    REFERENCES.iter().filter_map(|keyword| fields.get(*keyword)?.as_str())
}

/// What each schema takes, found once.
struct Costs<'a> {
    document: &'a Document<'a>,
    /// None while it is being found out: a schema that leads back to itself is applied no further.
    known: HashMap<*const Value, Option<Cost>>,
}

impl<'a> Costs<'a> {
    /// Returns what a schema takes that is applied inside so many others.
    fn of(&mut self, schema: &'a Value, inside: usize) -> Result<Cost, TooMuch> {
        if let Some(known) = self.known.get(&std::ptr::from_ref(schema)) {
            return Ok(known.unwrap_or(Cost { visits: 1, unseen: 1, deep: 1 }));
        }
        let exceeded = |what: String| Err(TooMuch::new(format!("{} {what}", self.document.place(schema))));
        if inside > DEEP {
            return exceeded(format!("is applied inside more than {DEEP} other schemas to one value"));
        }
        self.known.insert(std::ptr::from_ref(schema), None);
        let mut cost = Cost { visits: 1, unseen: 1, deep: 1 };
        if let Some(fields) = schema.as_object() {
            let again = 1 + 3 * AGAIN.iter().filter(|keyword| fields.contains_key(**keyword)).count() as u64;
            if LOOKS.iter().any(|keyword| fields.contains_key(*keyword)) {
                cost.unseen = 0;
            }
            for alternatives in self.applied(fields) {
                let mut most = if alternatives.is_empty() { PUBLISHED } else { Cost { visits: 0, unseen: 0, deep: 0 } };
                for alternative in alternatives {
                    let one = self.of(alternative, inside + 1)?;
                    most.visits = most.visits.max(one.visits);
                    most.unseen = most.unseen.max(one.unseen);
                    most.deep = most.deep.max(one.deep);
                }
                cost.visits = cost.visits.saturating_add(most.visits.saturating_mul(again));
                cost.unseen = cost.unseen.saturating_add(most.unseen.saturating_mul(again));
                cost.deep = cost.deep.max(most.deep + 1);
            }
        }
        if cost.visits > VISITS {
            return exceeded(format!("applies more than {} schemas to one value", thousands(VISITS)));
        }
        self.known.insert(std::ptr::from_ref(schema), Some(cost));
        Ok(cost)
    }

    /// Lists the schemas that one applies to the same value, each as what it may be.
    fn applied(&self, fields: &'a Map<String, Value>) -> Vec<Vec<&'a Value>> {
        let listed = LISTS.iter().filter_map(|keyword| fields.get(*keyword)?.as_array()).flatten();
        let single = SINGLES.iter().filter_map(|keyword| fields.get(*keyword));
        let named = NAMED.iter().filter_map(|keyword| fields.get(*keyword)?.as_object()).flat_map(Map::values);
        let here = listed.chain(single).chain(named.filter(|value| !value.is_array()));
        let referred = REFERENCES
            .iter()
            .filter_map(|keyword| Some(self.document.targets(keyword, fields.get(*keyword)?.as_str()?)));
        here.map(|schema| vec![schema]).chain(referred).collect()
    }
}

/// Measures the patterns of schemas.
fn patterns(schemas: &[&Value]) -> Result<Work, TooMuch> {
    let (mut work, mut met, mut size) = (Work::default(), HashSet::new(), 0);
    for fields in schemas.iter().filter_map(Node::as_object) {
        let names = fields.get("patternProperties").and_then(Value::as_object);
        let own = fields.get("pattern").and_then(Value::as_str);
        let beside = names.map_or(0, Map::len).max(usize::from(own.is_some()));
        work.patterns = work.patterns.max(beside as u64);
        for pattern in names.into_iter().flat_map(Map::keys).map(String::as_str).chain(own) {
            if !met.insert(pattern) {
                continue;
            }
            let takes = if is_linear(pattern) { measured(pattern) } else { None };
            work.backtracks |= takes.is_none();
            let takes = takes.unwrap_or(PATTERN_SIZE / 16);
            size += takes;
            work.byte = work.byte.max((takes / SIZE_OF_STEP) as u64);
            if size > PATTERNS_SIZE {
                return Err(TooMuch::new(format!(
                    "its patterns take more than {} MB when they are compiled",
                    PATTERNS_SIZE >> 20
                )));
            }
        }
    }
    Ok(work)
}

/// Tells whether a pattern has neither look-around nor backreferences.
fn is_linear(pattern: &str) -> bool {
    let escaped = pattern.as_bytes().windows(2).any(|pair| matches!(pair, [b'\\', b'1'..=b'9' | b'k']));
    !escaped && !["(?=", "(?!", "(?<=", "(?<!"].iter().any(|mark| pattern.contains(mark))
}

/// Returns the bytes a compiled pattern takes, rounded up; none if no engine of linear time takes it.
fn measured(pattern: &str) -> Option<usize> {
    match pattern::compiled(pattern) {
        Ok((_, size)) => Some(size),
        Err(regex::Error::CompiledTooBig(_)) => Some(PATTERN_SIZE),
        Err(_) => None,
    }
}
