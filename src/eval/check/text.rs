//! Checks on the text of an answer: what it is, what it holds, how it begins, how long it is.

use serde_json::Value;

use crate::{
    eval::{
        check::{
            CheckResult, Finding, apart,
            field::{CheckField, ValueForm},
            input::CheckInput,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, NOTHING_MEASURED},
        },
        pattern::Pattern,
        reason::{BadRule, name, quote, quote_of},
    },
    model::CheckKind,
    text::{format, json::ExactJson},
};

/// Steps of reading a byte in lower case, and of looking for the first few texts there.
const SEARCH: u64 = 2;

/// Texts that are looked for at a byte in one step.
const PARTS: u64 = 8;

/// What is said where a text is looked for and is there in other white space.
const BUT_FOR_UNSEEN: &str = "; without white space and characters that are not seen, it does";

/// Texts that are named one by one.
const NAMED: usize = 5;

pub(crate) const EQUALS: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Text)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: TextTest::equals,
    imported: ImportedValue::TextOrJson,
    export: Export::Same,
};

pub(crate) const CONTAINS: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Text), CheckField::Case(CheckKind::Contains, CheckKind::Icontains)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::holds(vec![source.part()?], true, false))),
    imported: ImportedValue::Text,
    export: Export::Same,
};

pub(crate) const ICONTAINS: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Text), CheckField::Case(CheckKind::Contains, CheckKind::Icontains)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::holds(vec![source.part()?], true, true))),
    imported: ImportedValue::Text,
    export: Export::Same,
};

pub(crate) const CONTAINS_ANY: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Texts("any of")),
        CheckField::Case(CheckKind::ContainsAny, CheckKind::IcontainsAny),
    ],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::holds(source.parts()?, false, false))),
    imported: ImportedValue::Texts,
    export: Export::Same,
};

pub(crate) const CONTAINS_ALL: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Texts("all of")),
        CheckField::Case(CheckKind::ContainsAll, CheckKind::IcontainsAll),
    ],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::holds(source.parts()?, true, false))),
    imported: ImportedValue::Texts,
    export: Export::Same,
};

pub(crate) const ICONTAINS_ANY: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Texts("any of")),
        CheckField::Case(CheckKind::ContainsAny, CheckKind::IcontainsAny),
    ],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::holds(source.parts()?, false, true))),
    imported: ImportedValue::Texts,
    export: Export::Same,
};

pub(crate) const ICONTAINS_ALL: CheckSpec = CheckSpec {
    fields: &[
        CheckField::Value(ValueForm::Texts("all of")),
        CheckField::Case(CheckKind::ContainsAll, CheckKind::IcontainsAll),
    ],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::holds(source.parts()?, true, true))),
    imported: ImportedValue::Texts,
    export: Export::Same,
};

pub(crate) const STARTS_WITH: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Text)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::Begins(source.part()?))),
    imported: ImportedValue::Text,
    export: Export::Same,
};

pub(crate) const REGEX: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Pattern)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: true,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(TextTest::Matches(regex(source)?))),
    imported: ImportedValue::Text,
    export: Export::Same,
};

pub(crate) const WORD_COUNT: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Words)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::None("a number of words has two bounds"),
    compile: |source| Ok(Box::new(words(source)?)),
    imported: ImportedValue::Count,
    export: Export::Same,
};

#[derive(Debug)]
enum TextTest {
    Equals(String),
    /// As JSON, whatever the order of keys and the spelling of numbers.
    EqualsJson(ExactJson),
    Holds {
        parts: Vec<TextPattern>,
        all: bool,
        fold: bool,
    },
    Begins(String),
    Matches(Pattern),
    Words {
        least: Option<u64>,
        most: Option<u64>,
    },
}

/// A text that is looked for.
#[derive(Debug)]
struct TextPattern {
    written: String,
    /// As it is looked for: in lower case where case is no matter.
    sought: String,
}

impl TextTest {
    fn equals(source: &CheckSource<'_>) -> Compiled {
        Ok(Box::new(match &source.check.value {
            Some(value @ (Value::Array(_) | Value::Object(_))) => {
                if let Some(exact) = &source.check.exact {
                    source.bounded("value", exact)?;
                }
                let exact = source.check.exact.as_deref().and_then(|exact| ExactJson::parse(exact).ok());
                Self::EqualsJson(exact.unwrap_or_else(|| value.clone().into()))
            }
            _ => Self::Equals(source.text()?),
        }))
    }

    /// Looks for texts: for all or any of them, in lower case where `fold` is set.
    fn holds(parts: Vec<String>, all: bool, fold: bool) -> Self {
        let part =
            |text: String| TextPattern { sought: if fold { text.to_lowercase() } else { text.clone() }, written: text };
        Self::Holds { parts: parts.into_iter().map(part).collect(), all, fold }
    }
}

impl CheckTest for TextTest {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        let text = seen.text;
        seen.spend(1, "reading")?;
        Ok(match self {
            Self::Equals(value) if text == value => Finding::new(true, format!("the answer is {}", quote(value))),
            Self::Equals(value) => {
                let words = |found: &str, wanted: &str| format!("the answer is {found}, not {wanted}");
                Finding::new(false, apart::describe(text, value, words))
            }
            Self::EqualsJson(value) => {
                seen.read()?;
                equals_json(text, value)
            }
            Self::Holds { parts, all, fold } => {
                let steps = SEARCH + parts.len() as u64 / PARTS;
                seen.spend(steps, &format!("looking for {} texts in", parts.len()))?;
                holds(text, parts, *all, *fold)
            }
            Self::Begins(value) if text.starts_with(value.as_str()) => {
                Finding::new(true, format!("the answer begins with {}", quote(value)))
            }
            Self::Begins(value) => {
                let start: String = text.chars().take(value.chars().count()).collect();
                let words = |found: &str, wanted: &str| format!("the answer begins with {found}, not {wanted}");
                let mut words = apart::describe(&start, value, words);
                if apart::unseen(&start, value).is_none()
                    && apart::bare(text, value, |text, value| text.starts_with(value))
                {
                    words.push_str(BUT_FOR_UNSEEN);
                }
                Finding::new(false, words)
            }
            Self::Matches(pattern) => match pattern.find(text, seen.budget).map_err(|much| much.to_string())? {
                Some(found) => Finding::new(true, format!("{} matches {}", quote(pattern.as_str()), quote(found))),
                None => Finding::new(false, format!("{} matches nowhere", quote(pattern.as_str()))),
            },
            Self::Words { least, most } => counted(text, *least, *most),
        })
    }
}

fn equals_json(text: &str, value: &ExactJson) -> Finding {
    match ExactJson::parse(text) {
        Ok(found) if found.equals(value) => Finding::new(true, format!("the answer is {}", quote_of(value))),
        Ok(found) => Finding::new(false, format!("the answer is {}, not {}", quote_of(&found), quote_of(value))),
        Err(_) => Finding::new(false, format!("the answer is {}, which is not JSON", quote(text))),
    }
}

fn holds(text: &str, parts: &[TextPattern], all: bool, fold: bool) -> Finding {
    let folded = fold.then(|| text.to_lowercase());
    let text = folded.as_deref().unwrap_or(text);
    let (there, gone): (Vec<&TextPattern>, Vec<&TextPattern>) =
        parts.iter().partition(|part| text.contains(&part.sought));
    let says = |says: &str, parts: &[&TextPattern]| format!("the answer {says} {}", named(parts));
    let lacks = |what: &str| {
        let holds = |part: &&&TextPattern| apart::bare(text, &part.sought, |text, sought| text.contains(sought));
        let unseen = gone.iter().take(NAMED).any(|part| holds(&part));
        Finding::new(false, says(what, &gone) + if unseen { BUT_FOR_UNSEEN } else { "" })
    };
    match (all, there.first()) {
        (true, _) if gone.is_empty() && there.len() > 1 => Finding::new(true, says("holds all of", &there)),
        (true, _) if gone.is_empty() => Finding::new(true, says("holds", &there)),
        (true, _) => lacks("does not hold"),
        (false, Some(first)) => Finding::new(true, says("holds", &[first])),
        (false, None) => lacks("holds none of"),
    }
}

fn named(parts: &[&TextPattern]) -> String {
    let names: Vec<String> = parts.iter().take(NAMED).map(|part| quote(&part.written)).collect();
    let more = parts.len().saturating_sub(NAMED);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

/// Compiles a regular expression.
fn regex(written: &CheckSource<'_>) -> Result<Pattern, BadRule> {
    let text = written.part()?;
    Pattern::new(&text).map_err(|error| {
        let found = match error {
            regex::Error::CompiledTooBig(_) => "one that grows too big".to_owned(),
            error => {
                let words = error.to_string();
                let last = words.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
                let reason = last.strip_prefix("error: ").unwrap_or(last);
                format!("{} ({reason})", quote(&text))
            }
        };
        written.bad("value", "a regular expression without look-around and backreferences", found)
    })
}

/// Reads how many words: a number, a text of one, `20-100`, or bounds `{ min, max }`.
fn words(written: &CheckSource<'_>) -> Result<TextTest, BadRule> {
    let expected = "a number of words, a range such as `20-100`, or `{ min = 20, max = 100 }`";
    let Some(value) = &written.check.value else { return Err(written.bad("value", expected, "nothing")) };
    let number = |value: &Value| match value {
        Value::String(text) => text.trim().parse::<u64>().ok(),
        value => value.as_f64().filter(|n| *n >= 0.0 && n.fract() == 0.0).map(|n| n as u64),
    };
    let bounds = match value {
        Value::Object(members) => {
            let bad =
                members.iter().any(|(key, value)| !matches!(key.as_str(), "min" | "max") || number(value).is_none());
            let bound = |key: &str| members.get(key).and_then(number);
            (!bad && !members.is_empty()).then(|| (bound("min"), bound("max")))
        }
        Value::String(text) if text.contains('-') => text
            .split_once('-')
            .and_then(|(least, most)| Some((Some(least.trim().parse().ok()?), Some(most.trim().parse().ok()?)))),
        value => number(value).map(|count| (Some(count), Some(count))),
    };
    match bounds {
        Some((least, most)) if least.zip(most).is_none_or(|(least, most)| least <= most) => {
            Ok(TextTest::Words { least, most })
        }
        Some((least, most)) => {
            let found = format!("{} to {}", least.unwrap_or_default(), most.unwrap_or_default());
            Err(written.bad("value", "a least number of words that is not above the most", found))
        }
        None => Err(written.bad("value", expected, name(value))),
    }
}

fn counted(text: &str, least: Option<u64>, most: Option<u64>) -> Finding {
    let count = text.split_whitespace().count() as u64;
    let holds = least.is_none_or(|least| count >= least) && most.is_none_or(|most| count <= most);
    let words = format::counted(count, "word");
    let message = match (least, most) {
        (Some(least), Some(most)) if least == most => format!("{words} {} {least}", if holds { "=" } else { "≠" }),
        (Some(least), Some(most)) => format!("{words} {} {least} to {most}", if holds { "within" } else { "outside" }),
        (Some(least), None) => format!("{words} {} minimum {least}", if holds { "≥" } else { "<" }),
        (None, Some(most)) => format!("{words} {} maximum {most}", if holds { "≤" } else { ">" }),
        (None, None) => words,
    };
    Finding { score: Some(count as f64), ..Finding::new(holds, message) }
}
