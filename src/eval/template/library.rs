//! The template library at work on a composed template.

use std::{collections::BTreeMap, fmt, sync::Arc};

use minijinja::{
    Environment, Error, ErrorKind, UndefinedBehavior,
    syntax::SyntaxConfig,
    value::{Enumerator, Object, ObjectRepr, Value},
};
use serde_json::Value as Json;

use super::{
    Asks, Mistake, Unfilled,
    compose::{Composed, ITEMS, Mention, VALUES, tokens},
    pieces::is_in_name,
    push_new,
};
use crate::model::Input;

/// What a template may do, in the library's measure: one for a step or for 64 bytes of text.
const FUEL: u64 = 500_000;

/// Lists what a composed template asks for.
pub(super) fn asks(template: &str, composed: &Composed<'_>) -> Result<Asks, Mistake> {
    let environment = environment();
    let told = |error: Error| mistake(template, composed, &error);
    let asked = environment.template_from_str(&composed.source).map_err(told)?.undeclared_variables(false);
    let is_global = |name: &str| environment.globals().any(|(global, _)| global == name);
    let mut asks = Asks::default();
    for mention in &composed.mentions {
        match mention {
            Mention::Variable(name) => push_new(&mut asks.names, name),
            Mention::Tag(tag) => {
                let words: Vec<&str> = tokens(tag).map(|(_, token)| token).collect();
                let named = |word: &str| asked.contains(word) && !is_global(word);
                for (place, name) in words.iter().enumerate().filter(|(_, word)| named(word)) {
                    push_new(&mut asks.names, name);
                    if asks_whether(words.get(place + 1..).unwrap_or_default()) {
                        push_new(&mut asks.optional, name);
                    }
                }
            }
        }
    }
    Ok(asks)
}

/// Tells whether what follows a name asks if it has a value.
fn asks_whether(after: &[&str]) -> bool {
    matches!(
        after,
        ["is", "defined" | "undefined", ..] | ["is", "not", "defined" | "undefined", ..] | ["|", "default" | "d", ..]
    )
}

/// Fills a composed template from an input.
pub(super) fn fill(template: &str, composed: &Composed<'_>, input: &Input) -> Result<String, Unfilled> {
    let asks = asks(template, composed).map_err(Unfilled::Mistake)?;
    let missing = asks.missing(|name| input.value(name).is_some());
    if !missing.is_empty() {
        return Err(Unfilled::Missing(missing));
    }
    let values = || asks.names.iter().filter_map(|name| input.value(name).map(|value| (name.as_str(), value)));
    let literal: BTreeMap<&str, Value> = values().map(|(name, text)| (name, Value::from(text))).collect();
    let mut known: BTreeMap<&str, Value> = values().map(|(name, text)| (name, structured(text))).collect();
    known.insert(VALUES, Value::from(literal));
    let environment = environment();
    let told = |error: Error| Unfilled::Mistake(mistake(template, composed, &error));
    environment.template_from_str(&composed.source).and_then(|ready| ready.render(known)).map_err(told)
}

fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_debug(true);
    environment.set_fuel(Some(FUEL));
    environment.add_filter(ITEMS, items);
    environment.set_formatter(
        |out, _, value| if value.is_none() { Ok(out.write_str("null")?) } else { Ok(write!(out, "{value}")?) },
    );
    environment
}

/// Puts an error of the library's into words, at its place in the template.
fn mistake(template: &str, composed: &Composed<'_>, error: &Error) -> Mistake {
    let at = composed.place(error.range().map_or(0, |range| range.start));
    let said = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let message = match error.kind() {
        ErrorKind::OutOfFuel => "the template repeats too much and was stopped".to_owned(),
        ErrorKind::UndefinedError => {
            let rest = template.get(at..).unwrap_or_default();
            let name = rest.split(|c: char| !is_in_name(c)).next().unwrap_or_default();
            format!("`{name}` has no value")
        }
        _ => said,
    };
    Mistake::at(template, at, message)
}

/// What a loop runs over: the lines of a text that are not blank, and whatever else has items.
fn items(value: Value) -> Value {
    match value.as_str() {
        Some(text) => text.lines().filter(|line| !line.trim().is_empty()).map(Value::from).collect(),
        None => value,
    }
}

/// A JSON array or object as itself, anything else as a text.
fn structured(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(tree @ (Json::Array(_) | Json::Object(_))) if text.trim_start().starts_with(['[', '{']) => grown(tree),
        _ => Value::from(text),
    }
}

fn grown(json: Json) -> Value {
    match json {
        Json::Null => Value::from(()),
        Json::Bool(yes) => Value::from(yes),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => Value::from(whole),
            (None, Some(whole)) => Value::from(whole),
            (None, None) => number.as_f64().map_or_else(|| Value::from(number.to_string()), Value::from),
        },
        Json::String(text) => Value::from(text),
        Json::Array(items) => Value::from_object(Tree::List(items.into_iter().map(grown).collect())),
        Json::Object(fields) => {
            let names = fields.keys().cloned().collect();
            let values = fields.into_iter().map(|(name, value)| (name, grown(value))).collect();
            Value::from_object(Tree::Fields { names, values })
        }
    }
}

/// A JSON array or object that is written as JSON.
#[derive(Debug)]
enum Tree {
    List(Vec<Value>),
    Fields { names: Vec<String>, values: BTreeMap<String, Value> },
}

impl Object for Tree {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        match **self {
            Self::List(_) => ObjectRepr::Seq,
            Self::Fields { .. } => ObjectRepr::Map,
        }
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        match &**self {
            Self::List(items) => items.get(key.as_usize()?).cloned(),
            Self::Fields { values, .. } => values.get(key.as_str()?).cloned(),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        match &**self {
            Self::List(items) => Enumerator::Seq(items.len()),
            Self::Fields { names, .. } => Enumerator::Values(names.iter().map(Value::from).collect()),
        }
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let separated = |f: &mut fmt::Formatter<'_>, place: usize| f.write_str(if place > 0 { "," } else { "" });
        match &**self {
            Self::List(items) => {
                f.write_str("[")?;
                for (place, item) in items.iter().enumerate() {
                    separated(f, place)?;
                    write_json(f, item)?;
                }
                f.write_str("]")
            }
            Self::Fields { names, values } => {
                f.write_str("{")?;
                for (place, name) in names.iter().enumerate() {
                    separated(f, place)?;
                    write!(f, "{}:", Json::from(name.as_str()))?;
                    write_json(f, values.get(name).unwrap_or(&Value::UNDEFINED))?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_json(f: &mut fmt::Formatter<'_>, value: &Value) -> fmt::Result {
    match value.as_str() {
        Some(text) => write!(f, "{}", Json::from(text)),
        None if value.is_none() => f.write_str("null"),
        None => write!(f, "{value}"),
    }
}
