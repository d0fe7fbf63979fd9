//! The values of variables as the library has them: with their types, and with the spelling of their numbers.

use std::{cmp::Ordering, collections::BTreeMap, fmt, fmt::Write as _, sync::Arc};

use minijinja::{
    Error, ErrorKind, State,
    value::{DynObject, Enumerator, Kwargs, Object, ObjectRepr, Value, ValueKind},
};
use serde_json::Value as Json;

use crate::{
    model::VarValue,
    text::{
        budget::{TooMuch, bounded},
        json::{ExactJson, compare_numbers},
    },
};

/// The filter that makes the items of a loop with one name.
pub(crate) const ITEMS: &str = "__items";
/// That for a loop with two.
pub(crate) const PAIRS: &str = "__pairs";
/// The filter that takes a number for its value, whatever its spelling.
pub(crate) const NUMBER: &str = "__number";
/// That which takes a text of digits for a number as well.
pub(crate) const NUMERAL: &str = "__numeral";
/// And that to which a text which is no number is a mistake.
pub(crate) const STRICT: &str = "__strict";
/// The filter that makes all numbers of a list of one kind, so that they can be compared.
pub(crate) const ALIKE: &str = "__alike";

/// Bytes of values for which the library counts one step of work.
const BYTES_OF_STEP: usize = 64;

/// Bytes that the values inside a value may take, each with all that lies in it.
const LARGEST: usize = 48 << 20;

/// Returns the value of the variable of a name. A text is one, but the items and fields of one that is a JSON array
/// or object can be read. The error says that it holds too much for that.
pub(crate) fn value(name: &str, given: Option<&VarValue>, text: &str) -> Result<Value, TooMuch> {
    let raw = match given {
        Some(VarValue::Json(json)) => json,
        Some(VarValue::Text(_)) | None if text.trim_start().starts_with(['[', '{']) => text,
        Some(VarValue::Text(_)) | None => return Ok(Value::from(text)),
    };
    bounded(&format!("`{name}`"), raw)?;
    let Ok(exact) = ExactJson::parse(raw) else { return Ok(Value::from(raw)) };
    let mut bytes = 0;
    add_sizes(&exact, &mut bytes);
    if bytes > LARGEST {
        return Err(TooMuch::new(format!("`{name}` holds long values too deep in each other")));
    }
    Ok(match exact {
        ExactJson::List(_) | ExactJson::Fields(_) => grown(&exact, Some(raw.to_owned()), Numbers::Written),
        other => grown(&other, None, Numbers::Written),
    })
}

/// Returns the bytes of a value, and adds to `taken` those of each value in it, as every list and object has what
/// lies in it once more.
fn add_sizes(json: &ExactJson, bytes: &mut usize) -> usize {
    let inside = match json {
        ExactJson::Null | ExactJson::Bool(_) => 0,
        ExactJson::Number(text) | ExactJson::Text(text) => text.len(),
        ExactJson::List(items) => items.iter().map(|item| add_sizes(item, bytes)).sum(),
        ExactJson::Fields(fields) => fields.iter().map(|(name, value)| 2 * name.len() + add_sizes(value, bytes)).sum(),
    };
    let whole = size_of::<ExactJson>() + inside;
    *bytes = bytes.saturating_add(whole);
    whole
}

/// What the numbers of a value are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    /// The library's own where it would write them the same, others [`Numeral`]s.
    Written,
    /// All [`Numeral`]s, so that each can be compared with each.
    Alike,
    /// All the library's own, and so are truth values.
    Plain,
}

fn grown(json: &ExactJson, written: Option<String>, numbers: Numbers) -> Value {
    let tree = |parts: Parts| Value::from_object(Tree { parts, json: json.clone(), written });
    match json {
        ExactJson::Null => Value::from(()),
        ExactJson::Bool(truth) if numbers == Numbers::Plain => Value::from(*truth),
        ExactJson::Bool(truth) => Value::from_object(Truth(*truth)),
        ExactJson::Number(digits) => match numbers {
            Numbers::Written => number(digits),
            Numbers::Alike => Value::from_object(Numeral(digits.clone())),
            Numbers::Plain => counted(digits),
        },
        ExactJson::Text(text) => Value::from(text.as_str()),
        ExactJson::List(items) => tree(Parts::List(items.iter().map(|item| grown(item, None, numbers)).collect())),
        ExactJson::Fields(fields) => {
            let names = fields.iter().map(|(name, _)| name.clone()).collect();
            let values = fields.iter().map(|(name, value)| (name.clone(), grown(value, None, numbers))).collect();
            tree(Parts::Fields { names, values })
        }
    }
}

/// A number of the library's own if that is written the same, else one that keeps its spelling.
fn number(digits: &str) -> Value {
    let plain = counted(digits);
    if plain.to_string() == digits { plain } else { Value::from_object(Numeral(digits.to_owned())) }
}

/// The number that digits stand for, to calculate with.
fn counted(digits: &str) -> Value {
    if let Ok(whole) = digits.parse::<i128>() {
        return Value::from(whole);
    }
    Value::from(digits.parse::<f64>().unwrap_or_default())
}

/// A number that is written otherwise than the library would write it: `1.10`, `1e3`, or of many digits.
#[derive(Debug)]
struct Numeral(String);

impl Object for Numeral {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        compare_numbers(&self.0, "0") != Ordering::Equal
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        other.downcast_ref::<Self>().map(|other| compare_numbers(&self.0, &other.0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A truth value that is written as JSON has it, and not as Python does.
#[derive(Debug)]
struct Truth(bool);

impl Object for Truth {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0
    }

    fn custom_cmp(self: &Arc<Self>, other: &DynObject) -> Option<Ordering> {
        other.downcast_ref::<Self>().map(|other| self.0.cmp(&other.0))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A JSON array or object that is written as JSON.
#[derive(Debug)]
struct Tree {
    parts: Parts,
    json: ExactJson,
    /// How it was written, where it is the whole value of a variable.
    written: Option<String>,
}

#[derive(Debug)]
enum Parts {
    List(Vec<Value>),
    Fields { names: Vec<String>, values: BTreeMap<String, Value> },
}

impl Object for Tree {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match self.parts {
            Parts::List(_) => ObjectRepr::Seq,
            Parts::Fields { .. } => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &self.parts {
            Parts::List(items) => items.get(key.as_usize()?).cloned(),
            Parts::Fields { values, .. } => values.get(key.as_str()?).cloned(),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &self.parts {
            Parts::List(items) => Enumerator::Seq(items.len()),
            Parts::Fields { names, .. } => Enumerator::Values(names.iter().map(Value::from).collect()),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.written {
            Some(written) => f.write_str(written),
            None => write!(f, "{}", self.json),
        }
    }
}

/// Takes the work of going through so many bytes of values, as the library counts that of its own filters.
fn charge(state: &State<'_, '_>, bytes: usize) -> Result<(), Error> {
    state.consume_fuel((bytes / BYTES_OF_STEP) as u64)
}

/// What a loop runs over: the lines of a text that are not blank, and whatever else has items.
pub(crate) fn items(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    Ok(match value.as_str() {
        Some(text) => {
            charge(state, text.len())?;
            text.lines().filter(|line| !line.trim().is_empty()).map(Value::from).collect()
        }
        None if value.is_none() => Value::from(Vec::<Value>::new()),
        None => value,
    })
}

/// What a loop with two names runs over: the names and values of a mapping, and whatever else has items.
pub(crate) fn pairs(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    if value.kind() != ValueKind::Map {
        return items(state, value);
    }
    state.consume_fuel(value.len().unwrap_or_default() as u64)?;
    let pair = |key: Value| value.get_item(&key).map(|of| Value::from(vec![key, of]));
    Ok(Value::from(value.try_iter()?.map(pair).collect::<Result<Vec<_>, _>>()?))
}

/// Takes a number or a truth value for the library's own, and those in a list or an object as well.
pub(crate) fn as_number(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    if let Some(numeral) = value.downcast_object_ref::<Numeral>() {
        return Ok(counted(&numeral.0));
    }
    if let Some(truth) = value.downcast_object_ref::<Truth>() {
        return Ok(Value::from(truth.0));
    }
    grown_again(state, value, Numbers::Plain)
}

/// Grows the lists and objects of a variable with other numbers; whatever else it is stays.
fn grown_again(state: &State<'_, '_>, value: Value, numbers: Numbers) -> Result<Value, Error> {
    let Some(tree) = value.downcast_object_ref::<Tree>() else { return Ok(value) };
    charge(state, add_sizes(&tree.json, &mut 0))?;
    Ok(grown(&tree.json, None, numbers))
}

/// Takes a text of digits for a number.
pub(crate) fn as_numeral(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    match value.as_str().map(str::trim).and_then(ExactJson::number) {
        Some(ExactJson::Number(digits)) => Ok(counted(&digits)),
        _ => as_number(state, value),
    }
}

/// Takes a text for the number it writes, and an empty one for nothing.
pub(crate) fn as_strict(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    match as_numeral(state, value)? {
        value if value.as_str().is_some_and(|text| text.trim().is_empty()) => Ok(Value::from(())),
        value => match value.as_str() {
            None => Ok(value),
            Some(text) => {
                let shown: String = text.chars().take(40).collect();
                let message = format!("the text `{shown}` is no number and cannot be compared with one");
                Err(Error::new(ErrorKind::InvalidOperation, message))
            }
        },
    }
}

/// Makes all numbers of a value keep their spelling, so that each can be compared with each.
pub(crate) fn alike(state: &State<'_, '_>, value: Value) -> Result<Value, Error> {
    grown_again(state, value, Numbers::Alike)
}

/// Picks the items of a value that pass a test, or those that do not: what is tested of them is a field, if one is named, and
/// where no test is, whether that holds. Numbers and truth values are tested for what they are worth, and kept as they are written.
pub(crate) fn picked(
    state: &mut State<'_, '_>,
    value: &Value,
    field: Option<&str>,
    test: Option<&str>,
    given: &[Value],
    passing: bool,
) -> Result<Value, Error> {
    if value.is_undefined() {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    let mut found = Vec::new();
    for item in value.try_iter()? {
        state.consume_fuel(1)?;
        let tested = match field {
            Some(field) => path_of(&item, field)?,
            None => item.clone(),
        };
        let tested = as_number(state, tested)?;
        let passes = match test {
            Some(test) => {
                let given: Vec<Value> = [tested].into_iter().chain(given.iter().cloned()).collect();
                state.perform_test(test, &given)?
            }
            None => tested.is_true(),
        };
        if passes == passing {
            found.push(item);
        }
    }
    Ok(Value::from(found))
}

/// Returns what a path of names and places of items leads to.
fn path_of(value: &Value, path: &str) -> Result<Value, Error> {
    path.split('.').try_fold(value.clone(), |value, part| match part.parse::<usize>() {
        Ok(place) => value.get_item_by_index(place),
        Err(_) => value.get_attr(part),
    })
}

/// Writes a value as JSON: in one line, or with so many blanks before what lies one level deeper.
#[allow(clippy::needless_pass_by_value, reason = "the library gives a filter what it owns")]
pub(crate) fn json(state: &State<'_, '_>, value: Value, indent: Option<usize>, named: Kwargs) -> Result<String, Error> {
    let indent = match indent {
        None => named.get::<Option<usize>>("indent")?,
        given => given,
    };
    named.assert_all_used()?;
    let mut out = String::new();
    write_json(state, &value, indent.filter(|indent| *indent > 0), 0, &mut out)?;
    Ok(out)
}

fn write_json(
    state: &State<'_, '_>,
    value: &Value,
    indent: Option<usize>,
    depth: usize,
    out: &mut String,
) -> Result<(), Error> {
    let line = |out: &mut String, depth: usize| -> Result<(), Error> {
        let Some(indent) = indent else { return Ok(()) };
        let blanks = indent.saturating_mul(depth);
        charge(state, blanks)?;
        out.push('\n');
        out.push_str(&" ".repeat(blanks));
        Ok(())
    };
    match value.kind() {
        ValueKind::Undefined => return Err(Error::from(ErrorKind::UndefinedError)),
        ValueKind::None => out.push_str("null"),
        ValueKind::Seq | ValueKind::Iterable => {
            out.push('[');
            let mut empty = true;
            for item in value.try_iter()? {
                out.push_str(if empty { "" } else { "," });
                empty = false;
                line(out, depth + 1)?;
                write_json(state, &item, indent, depth + 1, out)?;
            }
            if !empty {
                line(out, depth)?;
            }
            out.push(']');
        }
        ValueKind::Map => {
            out.push('{');
            let mut empty = true;
            for key in value.try_iter()? {
                out.push_str(if empty { "" } else { "," });
                empty = false;
                line(out, depth + 1)?;
                let colon = if indent.is_some() { ": " } else { ":" };
                let _ = write!(out, "{}{colon}", Json::from(key.to_string()));
                write_json(state, &value.get_item(&key)?, indent, depth + 1, out)?;
            }
            if !empty {
                line(out, depth)?;
            }
            out.push('}');
        }
        ValueKind::Bool => out.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Number => {
            let _ = write!(out, "{value}");
        }
        _ if value.downcast_object_ref::<Numeral>().is_some() || value.downcast_object_ref::<Truth>().is_some() => {
            let _ = write!(out, "{value}");
        }
        _ => {
            let _ = write!(out, "{}", Json::from(value.to_string()));
        }
    }
    Ok(())
}
