//! yaml-test-suite: a text with a form in JSON gives that value, or is refused.
//! <https://github.com/yaml/yaml-test-suite>

use std::fs;

use retort::{dataset::yaml::document, text::json::ExactJson};

use super::{Outcomes, field, files, suite, text};

/// Puts the characters back that the suite writes so that they are seen.
fn unmasked(text: &str) -> String {
    let tabs = ["————»", "———»", "——»", "—»", "»"];
    let text = tabs.iter().fold(text.replace('␣', " "), |text, tab| text.replace(tab, "\t"));
    text.replace('←', "\r").replace('⇔', "\u{feff}").replace('↵', "").replace("∎\n", "")
}

/// Tells whether a value is the expected one, but for numbers that JSON would write otherwise: those stay texts.
fn alike(found: &ExactJson, expected: &ExactJson) -> bool {
    match (found, expected) {
        (ExactJson::Text(_), ExactJson::Number(_)) => true,
        (ExactJson::List(found), ExactJson::List(expected)) => {
            found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| alike(found, expected))
        }
        (ExactJson::Fields(found), ExactJson::Fields(expected)) => {
            found.len() == expected.len()
                && found.iter().all(|(name, value)| {
                    expected.iter().any(|(known, expected)| known == name && alike(value, expected))
                })
        }
        (found, expected) => found.equals(expected),
    }
}

#[test]
#[ignore = "needs data: tests/suites/run.sh runs it"]
fn the_yaml_test_suite_has_nothing_wrong() {
    let folder = suite("yaml/src");
    let (mut good, mut broken) = (Outcomes::default(), Outcomes::default());
    for (name, path) in files(&folder, "yaml") {
        let whole = match document::read(&fs::read_to_string(&path).unwrap()) {
            Ok(ExactJson::List(cases)) => cases,
            other => {
                good.refuse(name, format!("the case itself cannot be read: {other:?}"));
                continue;
            }
        };
        // What a case does not say is as in the one before it.
        let (mut source, mut json) = (String::new(), None);
        for (place, case) in whole.iter().enumerate() {
            let name = format!("{name}/{place}");
            if let Some(own) = text(case, "yaml") {
                source = unmasked(own);
            }
            if field(case, "yaml").is_some() || field(case, "json").is_some() {
                json = text(case, "json").map(str::to_owned);
            }
            let read = document::read(&source);
            if field(case, "fail") == Some(&ExactJson::Bool(true)) {
                match read {
                    Err(_) => broken.right += 1,
                    Ok(_) => broken.refuse(name, "read although it is no YAML"),
                }
                continue;
            }
            match (read, json.as_deref().map(ExactJson::parse)) {
                (_, None) => good.refuse(name, "it has no form in JSON"),
                (_, Some(Err(_))) => good.refuse(name, "its form in JSON is none or several values"),
                (Err(why), Some(Ok(_))) => good.refuse(name, why),
                (Ok(found), Some(Ok(expected))) => {
                    good.take(name, alike(&found, &expected), &format!("{expected}, found {found}"));
                }
            }
        }
    }
    good.print("yaml-test-suite (with a form in JSON)");
    broken.print("yaml-test-suite (no YAML)");
    assert!(good.wrong.is_empty(), "{:#?}", good.wrong);
    assert!(good.right > 150 && broken.right > 40, "{} and {}", good.right, broken.right);
}
