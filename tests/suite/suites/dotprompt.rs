//! dotprompt's specs of rendering: a template of variables alone is filled as theirs; what Handlebars' helpers
//! make is refused. <https://github.com/google/dotprompt>

use std::fs;

use retort::{
    dataset::yaml::document,
    model::{Input, VarValue},
    template,
    template::FillBudget,
    text::json::ExactJson,
};

use super::{Outcomes, field, files, suite, text};

/// The variables of a test: its own, over the defaults.
fn input(group: &ExactJson, test: &ExactJson) -> Input {
    let defaults = field(test, "options").and_then(|of| field(of, "input")).and_then(|of| field(of, "default"));
    let of_data = |of: &'_ ExactJson| field(of, "data").and_then(|data| field(data, "input")).cloned();
    let mut input = Input::default();
    for fields in [defaults.cloned(), of_data(group), of_data(test)].into_iter().flatten() {
        let ExactJson::Fields(fields) = fields else { continue };
        input.vars.extend(fields.into_iter().map(|(name, value)| match value {
            ExactJson::Text(text) => (name, VarValue::Text(text)),
            other => (name, VarValue::Json(other.to_string())),
        }));
    }
    input
}

/// The text of the one user message that is expected.
fn expected(test: &ExactJson) -> Option<&str> {
    let first = |value: Option<&'_ ExactJson>| match value {
        Some(ExactJson::List(items)) if items.len() == 1 => items.first().cloned(),
        _ => None,
    };
    let ExactJson::List(messages) = field(field(test, "expect")?, "messages")? else { return None };
    first(Some(&ExactJson::List(messages.clone())))?;
    let message = messages.first().filter(|message| text(message, "role") == Some("user"))?;
    let ExactJson::List(content) = field(message, "content")? else { return None };
    content.first().filter(|_| content.len() == 1).and_then(|part| text(part, "text"))
}

#[test]
#[ignore = "needs data: tests/suites/run.sh runs it"]
fn the_dotprompt_specs_have_nothing_wrong() {
    let folder = suite("dotprompt/spec");
    let mut outcomes = Outcomes::default();
    for (file, path) in files(&folder, "yaml").into_iter().chain(files(&folder.join("helpers"), "yaml")) {
        let groups = match document::read(&fs::read_to_string(&path).unwrap()) {
            Ok(ExactJson::List(groups)) => groups,
            other => {
                outcomes.refuse(file, format!("it is no list of specs: {other:?}"));
                continue;
            }
        };
        for group in &groups {
            let Some(ExactJson::List(tests)) = field(group, "tests") else { continue };
            let source = text(group, "template").unwrap_or_default();
            for test in tests {
                let name =
                    format!("{file}/{} {}", text(group, "name").unwrap_or("-"), text(test, "desc").unwrap_or("-"));
                if source.trim_start().starts_with("---") {
                    outcomes.refuse(name, "it has front matter");
                } else if [
                    "{{#",
                    "{{>",
                    "{{~",
                    "~}}",
                    "{{{",
                    "{{@",
                    "{{!",
                    "{{/",
                    "{{history",
                    "{{\"",
                    "{{json ",
                    "{{role ",
                    "{{media ",
                    "{{section ",
                    "{{else",
                ]
                .iter()
                .any(|sign| source.contains(sign))
                {
                    outcomes.refuse(name, "it uses what Handlebars alone has");
                } else if let Some(expected) = expected(test) {
                    let input = input(group, test);
                    let found = template::fill(source, &input, &mut FillBudget::new(0, &input));
                    outcomes.take(name, found.as_deref() == Ok(expected), &format!("{expected:?}, found {found:?}"));
                } else {
                    outcomes.refuse(name, "it expects something else than one text of the user");
                }
            }
        }
    }
    outcomes.print("dotprompt (rendering)");
    assert!(outcomes.wrong.is_empty(), "{:#?}", outcomes.wrong);
}
