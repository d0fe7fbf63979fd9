//! The types of a paste, put together to one schema: the one that no other names stands at the top, the others in
//! `$defs`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::eval::schema_infer::InferredSchema;

/// Types in each other, at most; what is deeper may be anything.
const DEEP: usize = 48;

/// Notes that are given, at most.
const NOTES: usize = 40;

/// The members of an object.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    properties: Map<String, Value>,
    required: Vec<Value>,
    /// What further members may be; none where there may be none.
    others: Option<Value>,
}

impl Fields {
    /// Adds a member.
    pub(super) fn add(&mut self, name: String, schema: Value, required: bool) {
        self.required.retain(|known| known.as_str() != Some(&name));
        if required {
            self.required.push(name.clone().into());
        }
        self.properties.insert(name, schema);
    }

    /// Lets there be members of any name.
    pub(super) fn allow(&mut self, others: Value) {
        self.others = Some(others);
    }

    /// Takes over what another object has and this one has not.
    pub(super) fn inherit(&mut self, schema: &Value) {
        let own: BTreeSet<String> = self.properties.keys().cloned().collect();
        let inherited = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (name, schema) in inherited.filter(|(name, _)| !own.contains(*name)) {
            properties.insert(name.clone(), schema.clone());
        }
        let names = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        required.extend(names.filter(|name| name.as_str().is_some_and(|name| !own.contains(name))).cloned());
        properties.append(&mut self.properties);
        required.append(&mut self.required);
        (self.properties, self.required) = (properties, required);
    }

    /// Makes the schema of the object.
    pub(super) fn schema(self) -> Value {
        json!({
            "type": "object", "properties": self.properties, "required": self.required,
            "additionalProperties": self.others.unwrap_or(Value::Bool(false)),
        })
    }
}

/// What was read so far.
#[derive(Debug, Default)]
pub(super) struct Declarations {
    types: Vec<(String, Value)>,
    notes: Vec<String>,
    depth: usize,
}

impl Declarations {
    /// Notes what could not be read as it was meant.
    pub(super) fn note(&mut self, words: impl Into<String>) {
        let words = words.into();
        if self.notes.len() < NOTES && !self.notes.contains(&words) {
            self.notes.push(words);
        }
    }

    /// Takes anything for what could not be read.
    pub(super) fn unknown(&mut self, what: &str) -> Value {
        self.note(format!("{what} is not understood: it may be anything"));
        json!({})
    }

    /// Adds a type; a second one of a name takes the place of the first.
    pub(super) fn add(&mut self, name: String, schema: Value) {
        match self.types.iter_mut().find(|(known, _)| *known == name) {
            Some((_, held)) => *held = schema,
            None => self.types.push((name, schema)),
        }
    }

    /// Finds a type that was read before.
    pub(super) fn find(&self, name: &str) -> Option<&Value> {
        self.types.iter().find(|(known, _)| known == name).map(|(_, schema)| schema)
    }

    /// Reads a type within another one, unless they are too deep in each other.
    pub(super) fn within(&mut self, read: impl FnOnce(&mut Self) -> Value) -> Option<Value> {
        if self.depth >= DEEP {
            self.note(format!("what lies more than {DEEP} types deep may be anything"));
            return None;
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        Some(read)
    }

    /// Makes the schema of all; none where there is no type.
    pub(super) fn finish(mut self) -> Option<InferredSchema> {
        let known: BTreeSet<String> = self.types.iter().map(|(name, _)| name.clone()).collect();
        let mut named: BTreeSet<String> = BTreeSet::new();
        for (name, schema) in &self.types {
            let mut inside = BTreeSet::new();
            names_in(schema, &mut inside);
            inside.remove(name);
            named.extend(inside);
        }
        let tops: Vec<String> =
            self.types.iter().map(|(name, _)| name.clone()).filter(|n| !named.contains(n)).collect();
        let top = tops.first().or_else(|| self.types.first().map(|(name, _)| name))?.clone();
        if tops.len() > 1 {
            let others: Vec<String> = tops.iter().skip(1).map(|name| format!("`{name}`")).collect();
            self.note(format!("the schema is that of `{top}`; {} left out", others_are(&others)));
        }
        let mut missing = BTreeSet::new();
        let mut types = std::mem::take(&mut self.types);
        for (_, schema) in &mut types {
            point(schema, &top, &known, &mut missing);
        }
        for name in missing {
            self.note(format!("`{name}` is not in the paste: it may be anything"));
        }
        let schema_of = |name: &str| types.iter().find(|(known, _)| known == name).map(|(_, schema)| schema);
        // What the top one leads to, in the order of the paste.
        let (mut reached, mut left) = (BTreeSet::new(), vec![top.clone()]);
        while let Some(name) = left.pop() {
            let mut inside = BTreeSet::new();
            if let Some(schema) = schema_of(&name) {
                names_in(schema, &mut inside);
            }
            left.extend(inside.into_iter().filter(|name| *name != top && reached.insert(name.clone())));
        }
        let mut schema = Map::new();
        schema.insert("title".to_owned(), top.as_str().into());
        if let Some(Value::Object(fields)) = schema_of(&top) {
            schema.extend(fields.clone());
        }
        let defs: Map<String, Value> = types.iter().filter(|(name, _)| reached.contains(name)).cloned().collect();
        if !defs.is_empty() {
            schema.insert("$defs".to_owned(), Value::Object(defs));
        }
        Some(InferredSchema { schema: Value::Object(schema), notes: self.notes })
    }
}

fn others_are(others: &[String]) -> String {
    let listed = others.join(", ");
    if others.len() == 1 { format!("{listed} is") } else { format!("{listed} are") }
}

const DEFS: &str = "#/$defs/";

/// Names a type of the paste.
pub(super) fn named(name: &str) -> Value {
    json!({ "$ref": format!("{DEFS}{name}") })
}

fn names_in(schema: &Value, names: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix(DEFS));
            names.extend(name.map(str::to_owned));
            fields.values().for_each(|part| names_in(part, names));
        }
        Value::Array(parts) => parts.iter().for_each(|part| names_in(part, names)),
        _ => {}
    }
}

/// Points what names the top type to the whole schema, and lets be anything what names none.
fn point(schema: &mut Value, top: &str, known: &BTreeSet<String>, missing: &mut BTreeSet<String>) {
    match schema {
        Value::Object(fields) => {
            let name = fields.get("$ref").and_then(Value::as_str).and_then(|place| place.strip_prefix(DEFS));
            match name.map(str::to_owned) {
                Some(name) if name == top => drop(fields.insert("$ref".to_owned(), "#".into())),
                Some(name) if !known.contains(&name) => {
                    fields.remove("$ref");
                    missing.insert(name);
                }
                _ => fields.values_mut().for_each(|part| point(part, top, known, missing)),
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(|part| point(part, top, known, missing)),
        _ => {}
    }
}

fn of_members<const N: usize>(members: [(&str, Value); N]) -> Value {
    Value::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Makes the schema of a list.
pub(super) fn list_of(items: Value) -> Value {
    of_members([("type", "array".into()), ("items", items)])
}

/// Makes the schema of an object whose members have names of their own.
pub(super) fn map_of(values: Value) -> Value {
    of_members([("type", "object".into()), ("additionalProperties", values)])
}

/// Makes the schema of a list with a place for each type.
pub(super) fn tuple_of(parts: Vec<Value>) -> Value {
    let count = parts.len();
    let (least, most) = (("minItems", count.into()), ("maxItems", count.into()));
    of_members([("type", "array".into()), ("prefixItems", parts.into()), least, most])
}

/// Makes the schema of one text out of several.
pub(super) fn one_of(words: Vec<Value>) -> Value {
    let kind = |value: &Value| match value {
        Value::String(_) => Some("string"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::Bool(_) => Some("boolean"),
        _ => None,
    };
    let first = words.first().and_then(kind);
    match first.filter(|first| words.iter().all(|word| kind(word) == Some(first))) {
        Some(kind) => of_members([("type", kind.into()), ("enum", words.into())]),
        None => of_members([("enum", words.into())]),
    }
}

/// Makes the schema of one of several types: constants together, null as a further type where that can be.
pub(super) fn any_of(parts: Vec<Value>) -> Value {
    let (mut words, mut others, mut nullable) = (Vec::new(), Vec::new(), false);
    for part in parts {
        match part.get("enum").and_then(Value::as_array) {
            Some(values) if part.get("description").is_none() => words.extend(values.clone()),
            _ if part.get("type").and_then(Value::as_str) == Some("null") => nullable = true,
            _ if others.contains(&part) => {}
            _ => others.push(part),
        }
    }
    if !words.is_empty() {
        others.insert(0, one_of(words));
    }
    let whole = match others.len() {
        0 => return json!({ "type": "null" }),
        1 => others.swap_remove(0),
        _ => json!({ "anyOf": others }),
    };
    if nullable { crate::model::schema_rules::nullable(whole) } else { whole }
}

/// Adds what is said of a type, unless it says something already.
pub(super) fn described(schema: Value, words: &[String]) -> Value {
    let words = words.iter().map(|words| words.trim()).filter(|words| !words.is_empty()).collect::<Vec<_>>().join(" ");
    match schema {
        Value::Object(mut fields) if !words.is_empty() && !fields.contains_key("description") => {
            fields.insert("description".to_owned(), words.into());
            Value::Object(fields)
        }
        schema => schema,
    }
}
