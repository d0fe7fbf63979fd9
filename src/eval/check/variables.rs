//! Filling the variables of a check from an input.

use serde_json::Value;

use crate::{
    eval::check::{spec::VariablePlaces, table::spec},
    model::{Check, Input},
    template,
    template::{FillBudget, TemplateError, Unfilled},
};

/// Fills the variables in the value, the path and the metric of a check. The error tells in words
/// why it cannot be filled, as that a variable has no value.
///
/// Values stand as they are, in a regular expression too, and are not read as templates again. What
/// is inside a JSON Schema is no template.
pub(crate) fn filled(check: &Check, input: &Input, budget: &mut FillBudget) -> Result<Check, String> {
    let mut filled = check.clone();
    if let Some(value) = filled.value.as_mut().filter(|_| has_texts(check)) {
        fill(value, input, budget)?;
    }
    for text in [&mut filled.path, &mut filled.metric, &mut filled.exact].into_iter().flatten() {
        *text = text_filled(text, input, budget)?;
    }
    Ok(filled)
}

/// Tells whether a check that is on holds a variable.
#[must_use]
pub fn uses(check: &Check, name: &str) -> bool {
    check.enabled
        && texts(check).into_iter().any(|(_, text)| template::asks(text).names.iter().any(|known| known == name))
}

/// Tells whether a check holds variables. The error is the first text that makes no sense, after its key.
pub(crate) fn asks(check: &Check) -> Result<bool, (&'static str, &str, TemplateError)> {
    let mut asks = false;
    for (key, text) in texts(check) {
        let found = template::asks(text);
        if let Some(mistake) = found.mistake {
            return Err((key, text, mistake));
        }
        asks |= !found.names.is_empty();
    }
    Ok(asks)
}

/// Returns the bytes of the texts of a check that are templates.
pub(crate) fn length(check: &Check) -> usize {
    texts(check).iter().map(|(_, text)| text.len()).sum()
}

/// Returns a check in which each variable stands for `1`.
pub(crate) fn with_placeholders(check: &Check, budget: &mut FillBudget) -> Check {
    let names = texts(check).into_iter().flat_map(|(_, text)| template::asks(text).names);
    let input =
        Input { text: "1".to_owned(), vars: names.map(|name| (name, "1".into())).collect(), ..Input::default() };
    filled(check, &input, budget).unwrap_or_else(|_| check.clone())
}

fn has_texts(check: &Check) -> bool {
    match spec(check.kind.kind).variables {
        VariablePlaces::Everywhere => true,
        VariablePlaces::TextAlone => check.value.as_ref().is_some_and(Value::is_string),
        VariablePlaces::Nowhere => false,
    }
}

fn texts(check: &Check) -> Vec<(&'static str, &str)> {
    let plain = [("path", &check.path), ("metric", &check.metric)];
    let mut found: Vec<_> = plain.into_iter().filter_map(|(key, text)| Some((key, text.as_deref()?))).collect();
    let mut left: Vec<&Value> = check.value.iter().filter(|_| has_texts(check)).collect();
    while let Some(value) = left.pop() {
        match value {
            Value::String(text) => found.push(("value", text)),
            Value::Array(items) => left.extend(items),
            Value::Object(members) => left.extend(members.values()),
            _ => {}
        }
    }
    found
}

fn fill(value: &mut Value, input: &Input, budget: &mut FillBudget) -> Result<(), String> {
    match value {
        Value::String(text) => *text = text_filled(text, input, budget)?,
        Value::Array(items) => items.iter_mut().try_for_each(|item| fill(item, input, budget))?,
        Value::Object(members) => members.values_mut().try_for_each(|member| fill(member, input, budget))?,
        _ => {}
    }
    Ok(())
}

fn text_filled(text: &str, input: &Input, budget: &mut FillBudget) -> Result<String, String> {
    template::fill(text, input, budget).map_err(|unfilled| match unfilled {
        Unfilled::Missing(names) => {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            format!("{} has no value in this input", names.join(", "))
        }
        Unfilled::Mistake(mistake) => format!("its value cannot be filled: {mistake}"),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::CheckKind;

    fn fill(check: &Check, input: &Input) -> Result<Check, String> {
        filled(check, input, &mut FillBudget::new(length(check), input))
    }

    fn input() -> Input {
        let vars = [("expected", "a.b {{ x }}"), ("team", "billing")];
        Input {
            text: "hello".to_owned(),
            vars: vars.map(|(name, value)| (name.to_owned(), value.into())).into_iter().collect(),
            ..Input::default()
        }
    }

    #[test]
    fn values_stand_as_they_are_wherever_the_variable_is() {
        for (kind, value, want) in [
            (CheckKind::Equals, json!("{{ expected }}"), json!("a.b {{ x }}")),
            (CheckKind::ContainsAny, json!(["{{ input }}", "x"]), json!(["hello", "x"])),
            (CheckKind::Equals, json!({"team": "{{ team }}", "n": 1}), json!({"team": "billing", "n": 1})),
            (CheckKind::Regex, json!("^\\d{4}{{ team }}$"), json!("^\\d{4}billing$")),
            (CheckKind::IsJson, json!({"const": "{{ team }}"}), json!({"const": "{{ team }}"})),
            (
                CheckKind::Unsupported,
                json!({"type": "javascript", "value": "{{ nope }}"}),
                json!({"type": "javascript", "value": "{{ nope }}"}),
            ),
        ] {
            assert_eq!(fill(&Check::of(kind).with(value), &input()).unwrap().value, Some(want));
        }
        let metric = Check { metric: Some("{{ team }} ok".to_owned()), ..Check::of(CheckKind::IsRefusal) };
        assert_eq!(fill(&metric, &input()).unwrap().metric.as_deref(), Some("billing ok"));
    }

    #[test]
    fn what_has_no_value_is_named() {
        let check = Check::of(CheckKind::Contains).with("{{ who }} and {{ what }}");
        assert_eq!(fill(&check, &input()).unwrap_err(), "`who`, `what` has no value in this input");
        assert_eq!(asks(&check), Ok(true));
        assert_eq!(asks(&Check::of(CheckKind::Contains).with("{ } {{}} {{{{ x }}")), Ok(false));
        assert!(asks(&Check::of(CheckKind::Contains).with("{% if x %}")).is_err());
    }
}
