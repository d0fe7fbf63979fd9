//! The work that a schema asks for at any one value, found before the schema is compiled.
//!
//! A schema is applied to a value together with all that it combines (`allOf`, `$ref`, `if`), which in a tower
//! of them doubles with every floor. How many there are, and how deep they lie in each other, does not depend
//! on the value.

use std::collections::{HashMap, HashSet};

use jsonschema::Draft;
use serde_json::{Map, Value};

use crate::eval::{budget::TooMuch, check::pattern, figures::thousands, rule::quote};

/// Schemas that may be applied to one value.
const VISITS: u64 = 100_000;

/// Schemas that may be applied inside each other to one value.
const DEEP: usize = 250;

/// How often a pattern with look-around or backreferences may step back on one text.
pub(super) const BACKTRACKS: usize = 20_000;

/// Bytes that a compiled pattern may take.
pub(super) const PATTERN_SIZE: usize = pattern::LARGEST;

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
pub(super) struct Work {
    /// Schemas that are applied without a look at the value.
    pub(super) unseen: u64,
    /// Schemas that are applied inside each other.
    pub(super) deep: usize,
    /// Patterns that are tried on one name.
    pub(super) patterns: u64,
    /// Steps for each byte that a pattern reads.
    pub(super) byte: u64,
    /// Whether a pattern has look-around or backreferences.
    pub(super) backtracks: bool,
}

impl Work {
    /// Measures a schema and every schema in it.
    pub(super) fn of(schema: &Value) -> Result<Self, TooMuch> {
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
    for fields in schemas.iter().filter_map(|schema| schema.as_object()) {
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
