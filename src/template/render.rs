//! The template library at work on a composed template.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashSet, btree_map::Entry},
    sync::LazyLock,
};

use minijinja::{
    Environment, Error, ErrorKind, State, UndefinedBehavior,
    syntax::SyntaxConfig,
    value::{Rest, Value, ValueKind},
};

use crate::{
    model::Input,
    template::{
        Composed, MOST_NAMES, TemplateError, TemplateVariables, Unfilled, VALUES, push_new,
        tokens::{KEYWORDS, is_in_name},
        too_many, values,
    },
};

/// What a template may do, in the library's measure: one for a step or for 64 bytes of text.
pub(crate) const FUEL: u64 = 500_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(environment);

/// Tells whether a text can stand between the braces of an expression.
pub(crate) fn is_expression(text: &str) -> bool {
    !text.trim().is_empty() && ENVIRONMENT.compile_expression(text).is_ok()
}

/// Lists what a composed template asks for.
pub(crate) fn asks(template: &str, composed: &Composed) -> Result<TemplateVariables, TemplateError> {
    let template_error = |error: Error| mistake(template, composed, &error);
    let names: HashSet<String> =
        ENVIRONMENT.template_from_str(&composed.source).map_err(template_error)?.undeclared_variables(false);
    let is_global = |name: &str| ENVIRONMENT.globals().any(|(global, _)| global == name);
    let mut asks = TemplateVariables::default();
    let mut met = HashSet::new();
    for mention in composed.mentions.iter().filter(|mention| met.insert(*mention)) {
        let root = mention.name.split('.').next().unwrap_or_default();
        if mention.loose && (!names.contains(root) || is_global(root)) {
            continue;
        }
        push_new(&mut asks.names, &mention.name);
        if asks.names.len() > MOST_NAMES {
            return Err(TemplateError::at(template, 0, too_many()));
        }
        if mention.optional {
            push_new(&mut asks.optional, &mention.name);
        }
    }
    Ok(asks)
}

/// Fills a composed template from an input, which has what the template `asks` for. Returns the text, and what it took
/// in the library's measure.
pub(crate) fn fill(
    template: &str,
    composed: &Composed,
    asks: &TemplateVariables,
    input: &Input,
) -> Result<(String, u64), Unfilled> {
    let mut whole: BTreeMap<String, Value> = BTreeMap::new();
    for name in &asks.names {
        for prefix in prefixes(name) {
            if let Some(text) = input.value(prefix)
                && let Entry::Vacant(place) = whole.entry(prefix.to_owned())
            {
                let value = values::value(prefix, input.vars.get(prefix), text);
                place
                    .insert(value.map_err(|much| Unfilled::Mistake(TemplateError::at(template, 0, much.to_string())))?);
            }
        }
    }
    let mut known = whole.clone();
    known.insert(VALUES.to_owned(), Value::from(whole));
    let template_error = |error: Error| Unfilled::Mistake(mistake(template, composed, &error));
    let ready = ENVIRONMENT.template_from_str(&composed.source).map_err(template_error)?;
    let done = ready.render_captured(Value::from(known)).map_err(template_error)?;
    let fuel = done.state().fuel_levels().map_or(FUEL, |(fuel, _)| fuel);
    Ok((done.into_output(), fuel))
}

/// A name, and what stands before its dots: `a.b.c`, `a.b`, `a`.
pub(crate) fn prefixes(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| name.rsplit_once('.').map(|(before, _)| before))
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // A condition may ask for a field that an object lacks; nothing else may.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    if let Ok(syntax) = SyntaxConfig::builder().keep_trailing_newline(true).build() {
        environment.set_syntax(syntax);
    }
    environment.set_debug(true);
    environment.set_fuel(Some(FUEL));
    environment.add_filter(values::ITEMS, values::items);
    environment.add_filter(values::PAIRS, values::pairs);
    environment.add_filter(values::NUMBER, values::as_number);
    environment.add_filter(values::NUMERAL, values::as_numeral);
    environment.add_filter(values::STRICT, values::as_strict);
    environment.add_filter(values::ALIKE, values::alike);
    for (name, passing) in [("select", true), ("reject", false)] {
        let picked = move |state: &mut State<'_, '_>, value: Value, test: Option<Cow<'_, str>>, given: Rest<Value>| {
            values::picked(state, &value, None, test.as_deref(), &given, passing)
        };
        environment.add_filter(name, picked);
    }
    for (name, passing) in [("selectattr", true), ("rejectattr", false)] {
        let picked = move |state: &mut State<'_, '_>,
                           value: Value,
                           field: Cow<'_, str>,
                           test: Option<Cow<'_, str>>,
                           given: Rest<Value>| {
            values::picked(state, &value, Some(&field), test.as_deref(), &given, passing)
        };
        environment.add_filter(name, picked);
    }
    environment.add_filter("tojson", values::json);
    environment.add_filter("dump", values::json);
    environment.set_formatter(|out, _, value| match value.kind() {
        ValueKind::None => Ok(()),
        // As JSON has it, and not as Python.
        ValueKind::Bool => Ok(out.write_str(if value.is_true() { "true" } else { "false" })?),
        _ => Ok(write!(out, "{value}")?),
    });
    environment
}

/// Puts an error of the library's into words, at its place in the template.
fn mistake(template: &str, composed: &Composed, error: &Error) -> TemplateError {
    let at = composed.place(error.range().map_or(0, |range| range.start));
    let words = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    let message = match error.kind() {
        ErrorKind::OutOfFuel => "too much work: the template repeats too much and was stopped".to_owned(),
        ErrorKind::UndefinedError => {
            let rest = template.get(at..).unwrap_or_default();
            let name = rest.split(|c: char| !is_in_name(c)).next().unwrap_or_default();
            // A condition is found by its tag alone.
            if name.is_empty() || KEYWORDS.contains(&name) || matches!(name, "elif" | "for" | "set" | "with") {
                "a field that is read here has no value".to_owned()
            } else {
                format!("`{name}` has no value")
            }
        }
        _ => words,
    };
    TemplateError::at(template, at, message)
}
