//! Checks on markup: whether the answer is XML or HTML, or holds some.

use serde_json::Value;

use crate::{
    eval::{
        check::{
            CheckResult, Finding,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::{CheckSource, text_of},
            spec::{CheckSpec, CheckTest, Export, ImportedValue, VariablePlaces},
            threshold::NOTHING_MEASURED,
        },
        reason::{BadRule, quote},
    },
    text::{
        html,
        xml::{self, XmlFault},
    },
};

/// Steps of reading a byte of markup.
const STEPS: u64 = 4;

pub(crate) const IS_XML: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Json)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(XmlTest { wanted: wanted(source)?, whole: true })),
    imported: ImportedValue::AsItIs,
    export: Export::Same,
};

pub(crate) const CONTAINS_XML: CheckSpec =
    CheckSpec { compile: |source| Ok(Box::new(XmlTest { wanted: wanted(source)?, whole: false })), ..IS_XML };

pub(crate) const IS_HTML: CheckSpec = CheckSpec {
    fields: &[],
    compile: |_| Ok(Box::new(HtmlTest { whole: true })),
    imported: ImportedValue::Nothing,
    ..IS_XML
};

pub(crate) const CONTAINS_HTML: CheckSpec =
    CheckSpec { compile: |_| Ok(Box::new(HtmlTest { whole: false })), ..IS_HTML };

/// Reads the elements that have to be there: a list, a text with commas, or promptfoo's table with `requiredElements`.
fn wanted(source: &CheckSource<'_>) -> Result<Vec<String>, BadRule> {
    let Some(value) = &source.check.value else { return Ok(Vec::new()) };
    let Value::Object(fields) = value else { return source.parts() };
    let listed = match (fields.get("requiredElements"), fields.len()) {
        (Some(Value::Array(items)), 1) => items.iter().map(text_of).collect::<Option<Vec<String>>>(),
        _ => None,
    };
    let expected = "a list of elements, as `root.child`, or a table with `requiredElements` alone";
    listed.ok_or_else(|| source.bad("value", expected, "another table"))
}

/// XML, with elements that have to be in it.
#[derive(Debug)]
struct XmlTest {
    wanted: Vec<String>,
    /// Whether it has to be all of the answer.
    whole: bool,
}

impl CheckTest for XmlTest {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        seen.spend(STEPS.saturating_mul(1 + self.wanted.len() as u64), "reading the tags of")?;
        if self.whole {
            return self.judge(seen.text);
        }
        let found = xml::elements(seen.text);
        let mut best = None;
        for (start, end) in &found {
            let finding = self.judge(seen.text.get(*start..*end).unwrap_or_default())?;
            if finding.holds {
                return Ok(finding);
            }
            best = best.or(Some(finding));
        }
        Ok(best.unwrap_or_else(|| Finding::new(false, "there is no XML element in it that is closed")))
    }
}

impl XmlTest {
    fn judge(&self, text: &str) -> CheckResult {
        match xml::document(text, &self.wanted) {
            Ok(missing) if missing.is_empty() => Ok(Finding::new(true, "well-formed XML")),
            Ok(missing) => {
                let names: Vec<String> = missing.iter().map(|path| quote(path)).collect();
                Ok(Finding::new(false, format!("XML without {}", names.join(", "))))
            }
            Err(XmlFault::Bad(at, what)) => {
                let line = text.get(..at).unwrap_or(text).matches('\n').count() + 1;
                let what = crate::text::clean_line(&what);
                Ok(Finding::new(false, format!("no XML, line {line}: {}", crate::text::truncate(what.as_str(), 120))))
            }
            Err(XmlFault::Declares) => Err("it has a DOCTYPE that declares something, which is not read".to_owned()),
        }
    }
}

/// Whether there is HTML, or nothing else.
#[derive(Debug)]
struct HtmlTest {
    /// Whether it has to be all of the answer.
    whole: bool,
}

impl CheckTest for HtmlTest {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        seen.spend(STEPS, "reading the tags of")?;
        if !self.whole {
            let holds = html::has_element(seen.text);
            let words = if holds { "there is an element of HTML in it" } else { "there is no element of HTML in it" };
            return Ok(Finding::new(holds, words));
        }
        Ok(match html::is_all(seen.text) {
            Ok(()) => Finding::new(true, "HTML and nothing else"),
            Err(what) => {
                let what = crate::text::clean_line(&what);
                Finding::new(false, format!("not HTML alone: {}", crate::text::truncate(what.as_str(), 120)))
            }
        })
    }
}
