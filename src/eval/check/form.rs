//! The form of a check: its fields as lines, read from it and written back, and the rule in short.

use std::fmt::Write as _;

use serde_json::Value;

use crate::{
    eval::{
        check::{
            field::{CheckField, ValueForm},
            source::{separated, text_of},
            spec::CheckSpec,
            table::spec,
            threshold::{Movable, PassingSide, Unit},
        },
        reason::{brief, pointer},
        rubric::MOST,
    },
    model::{Check, CheckProgram, check::JsonComparison},
    text::shell,
};

/// One line of the form of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleField {
    /// The key in the prompt's file, by which mistakes name it.
    pub key: &'static str,
    /// Its name on the screen.
    pub label: &'static str,
    /// What is filled in, on one line.
    pub text: String,
    /// What may be filled in, and what an empty line means.
    pub hint: String,
    /// What may be filled in, where that is one of a few words; empty where it is anything.
    pub choices: &'static [&'static str],
}

impl RuleField {
    pub(crate) fn new(key: &'static str, label: &'static str, text: String, hint: impl Into<String>) -> Self {
        Self { key, label, text, hint: hint.into(), choices: &[] }
    }

    pub(crate) fn of_choices(
        key: &'static str,
        label: &'static str,
        text: &str,
        choices: &'static [&'static str],
        hint: impl Into<String>,
    ) -> Self {
        Self { choices, ..Self::new(key, label, text.to_owned(), hint) }
    }
}

/// What is wrong with what was filled in: the key of the field, and what is allowed there.
pub type FieldError = (&'static str, String);

const NO_YES: &[&str] = &["no", "yes"];
const CASES: &[&str] = &["exact", "ignore"];
const COMPARISONS: &[(&str, JsonComparison)] = &[
    ("==", JsonComparison::Equal),
    ("!=", JsonComparison::Unequal),
    ("<", JsonComparison::Less),
    ("<=", JsonComparison::AtMost),
    (">", JsonComparison::Greater),
    (">=", JsonComparison::AtLeast),
];
const SIGNS: &[&str] = &["==", "!=", "<", "<=", ">", ">="];

impl CheckField {
    /// Writes the field of a check as a line of its form; none of what stands in no form.
    fn line(self, check: &Check) -> Option<RuleField> {
        let kind = spec(check.kind.kind);
        Some(match self {
            Self::Value(form) => form.line(check),
            Self::Threshold => RuleField::new(
                "threshold",
                "threshold",
                check.threshold.map(|number| number.to_string()).unwrap_or_default(),
                threshold_hint(kind),
            ),
            Self::Path => RuleField::new(
                "path",
                "in",
                escaped(check.path.as_deref().unwrap_or_default()),
                "a JSON pointer: /a/b is field b of field a, /list/0 the first item",
            ),
            Self::Comparison => {
                RuleField::of_choices("op", "compare", sign(check.comparison), SIGNS, "space changes it")
            }
            Self::Judge => RuleField::new(
                "judge",
                "judge",
                escaped(check.judge.as_deref().unwrap_or_default()),
                "the model that judges; empty is the judge of the settings",
            ),
            Self::Repeat => RuleField::new(
                "repeat",
                "repeat",
                check.repeat.map(|times| times.to_string()).unwrap_or_default(),
                format!("how often the judge is asked, 1 to {MOST}; empty is once"),
            ),
            Self::Case(_, ignoring) => {
                let chosen = if check.kind.kind == ignoring { "ignore" } else { "exact" };
                RuleField::of_choices("case", "case", chosen, CASES, "space changes it")
            }
            Self::JudgePrompt | Self::FirstPrompt | Self::Context | Self::Foreign(_) => return None,
        })
    }

    /// Reads the field from the text of its line into a check. An error says what is allowed.
    fn put(self, check: &mut Check, text: &str) -> Result<(), String> {
        let filled = Some(text.trim()).filter(|text| !text.is_empty());
        match self {
            Self::Value(form) => {
                check.value = form.read(text)?;
                check.exact = None;
            }
            Self::Threshold => {
                check.threshold = filled.map(|text| threshold(spec(check.kind.kind), text)).transpose()?;
            }
            Self::Path => check.path = filled.map(json_pointer).transpose()?,
            Self::Comparison => {
                let known = COMPARISONS.iter().find(|(sign, _)| *sign == text.trim());
                let known = known.ok_or_else(|| format!("one of {} is expected", SIGNS.join("  ")))?;
                check.comparison = Some(known.1);
            }
            Self::Judge => check.judge = filled.map(unescaped),
            Self::Repeat => {
                let times = |text: &str| text.parse().ok().filter(|times| (1..=MOST).contains(times));
                let read = |text| times(text).ok_or_else(|| format!("a whole number from 1 to {MOST} is expected"));
                check.repeat = filled.map(read).transpose()?;
            }
            Self::Case(exact, ignoring) => check.kind.kind = if text.trim() == "ignore" { ignoring } else { exact },
            Self::JudgePrompt | Self::FirstPrompt | Self::Context | Self::Foreign(_) => {}
        }
        Ok(())
    }

    /// Says the field in the short form of the rule.
    fn brief(self, check: &Check) -> Option<String> {
        match self {
            Self::Value(form) => form.brief(check),
            Self::Threshold => threshold_brief(check),
            Self::Path => check.path.as_deref().map(shortened),
            Self::Comparison => Some(sign(check.comparison).to_owned()),
            Self::Case(_, ignoring) => (check.kind.kind == ignoring).then(|| "any case".to_owned()),
            Self::Judge => check.judge.as_deref().map(|judge| format!("by {}", shortened(judge))),
            Self::JudgePrompt => (!check.judge_prompt.is_empty()).then(|| "by a prompt of its own".to_owned()),
            Self::FirstPrompt => (!check.first_prompt.is_empty()).then(|| "asked twice".to_owned()),
            Self::Context => check.context.is_some().then(|| "context by a program".to_owned()),
            Self::Repeat => check.repeat.filter(|times| *times > 1).map(|times| format!("{times} times")),
            Self::Foreign("value") => check.value.as_ref().map(|value| shortened(&brief(value))),
            Self::Foreign(_) => None,
        }
    }
}

impl ValueForm {
    fn label(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Texts(_) => "texts",
            Self::Pattern => "pattern",
            Self::Words => "words",
            Self::Choice(_) => "reason",
            Self::Schema => "schema",
            Self::Json => "JSON",
            Self::Names => "fields",
            Self::Rubric(label, _) => label,
            Self::Program => "program",
        }
    }

    fn hint(self) -> &'static str {
        match self {
            Self::Text => "a text, with variables: {{ expected }}; \\n is a line break",
            Self::Texts(_) => "texts separated by commas, or a JSON list of them",
            Self::Pattern => "a regular expression without look-around and backreferences",
            Self::Words => "a number, a range such as 20-100, or {\"min\": 20}",
            Self::Choice(_) => "space changes it",
            Self::Schema => "a JSON Schema; empty is any JSON",
            Self::Json => "JSON; what is no JSON is a text, with variables: {{ expected }}",
            Self::Names => "names or JSON pointers, separated by commas",
            Self::Rubric(_, hint) => hint,
            Self::Program => "a program and its arguments, or a JSON table: {\"python\": \"len(output) < 99\"}",
        }
    }

    fn line(self, check: &Check) -> RuleField {
        let choices = if let Self::Choice(words) = self { words } else { &[] };
        let text = check.value.as_ref().map(|value| self.written(value, check.exact.as_deref())).unwrap_or_default();
        RuleField { choices, ..RuleField::new("value", self.label(), text, self.hint()) }
    }

    /// Writes a value on one line, so that [`ValueForm::read`] reads it back.
    fn written(self, value: &Value, exact: Option<&str>) -> String {
        let json = || exact.map_or_else(|| value.to_string(), str::to_owned);
        match self {
            Self::Text | Self::Rubric(..) => text_of(value).map_or_else(json, |text| escaped(&text)),
            Self::Program => command_line(value).unwrap_or_else(json),
            // in a pattern a line break may be written the same way
            Self::Pattern => text_of(value).map_or_else(json, |text| text.replace('\n', "\\n").replace('\t', "\\t")),
            Self::Choice(_) | Self::Words => text_of(value).unwrap_or_else(json),
            Self::Texts(_) | Self::Names => match value {
                Value::Array(items) => {
                    names_line(items.iter().map(text_of).collect::<Option<Vec<_>>>()).unwrap_or_else(json)
                }
                value => text_of(value).map_or_else(json, |text| escaped(&text)),
            },
            Self::Schema => match value {
                Value::String(text) => escaped(text),
                _ => json(),
            },
            Self::Json => match value {
                // what would be read as something else is quoted
                Value::String(text) if serde_json::from_str::<Value>(text).is_err() && !text.trim().is_empty() => {
                    escaped(text)
                }
                _ => json(),
            },
        }
    }

    /// Reads a value from its line; none where nothing is filled in.
    fn read(self, text: &str) -> Result<Option<Value>, String> {
        let trimmed = text.trim();
        let json = |text: &str| serde_json::from_str::<Value>(text);
        if trimmed.is_empty() {
            return Ok(None);
        }
        Ok(Some(match self {
            Self::Rubric(..) if trimmed.starts_with('[') => json(trimmed).unwrap_or_else(|_| unescaped(text).into()),
            Self::Text | Self::Rubric(..) => Value::String(unescaped(text)),
            Self::Program if trimmed.starts_with(['[', '{']) => {
                json(trimmed).map_err(|why| format!("not JSON: {why}"))?
            }
            Self::Program => shell::words(trimmed).into_iter().map(Value::String).collect(),
            Self::Pattern => Value::String(text.to_owned()),
            Self::Choice(_) => Value::String(trimmed.to_owned()),
            Self::Words if trimmed.starts_with('{') && !trimmed.starts_with("{{") => json(trimmed)
                .map_err(|_not_json| "a number, a range such as 20-100, or {\"min\": 20} is expected".to_owned())?,
            Self::Words => trimmed.parse::<u64>().map_or_else(|_| Value::String(trimmed.to_owned()), Value::from),
            Self::Texts(_) | Self::Names => names(trimmed)?.into_iter().map(Value::String).collect(),
            Self::Schema if trimmed.starts_with("{{") => Value::String(unescaped(text)),
            Self::Schema => schema(trimmed)?,
            Self::Json => json(trimmed).unwrap_or_else(|_| Value::String(unescaped(text))),
        }))
    }

    fn brief(self, check: &Check) -> Option<String> {
        let Some(value) = &check.value else {
            return (self == Self::Schema).then(|| "any schema".to_owned());
        };
        let quoted = |text: &str| format!("\"{}\"", shortened(text));
        Some(match self {
            Self::Text | Self::Rubric(..) => {
                text_of(value).map_or_else(|| shortened(&brief(value)), |text| quoted(&text))
            }
            Self::Program => match CheckProgram::of(value) {
                Ok(program) => shortened(&program.words().join(" ")),
                Err(_) => shortened(&brief(value)),
            },
            Self::Pattern | Self::Words | Self::Choice(_) => {
                text_of(value).map_or_else(|| shortened(&brief(value)), |text| shortened(&text))
            }
            Self::Texts(of) => format!("{of} {}", listed(value, quoted)),
            Self::Names => listed(value, shortened),
            Self::Schema => "a schema".to_owned(),
            Self::Json => shortened(&brief(value)),
        })
    }
}

/// Writes a command as one line that is split at its blanks; none where that would be read as something else.
fn command_line(value: &Value) -> Option<String> {
    let words: Vec<&str> = value.as_array()?.iter().map(Value::as_str).collect::<Option<_>>()?;
    let plain = |word: &&str| {
        !word.is_empty()
            && !word.starts_with(['[', '{'])
            && !word.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '\''))
    };
    words.iter().all(plain).then(|| words.join(" "))
}

/// Characters of a text that the short form of a rule shows.
const SHOWN: usize = 60;

/// Texts of a list that the short form of a rule shows.
const LISTED: usize = 3;

/// Shortens a text for the short form of a rule. It is still what somebody wrote, and cleaned where it is drawn.
pub(crate) fn shortened(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(SHOWN).collect();
    if chars.next().is_some() { start + "…" } else { start }
}

fn listed(value: &Value, show: impl Fn(&str) -> String) -> String {
    let Value::Array(items) = value else {
        return text_of(value).map(|text| shortened(&text)).unwrap_or_default();
    };
    let shown =
        items.iter().take(LISTED).map(|item| text_of(item).map_or_else(|| shortened(&brief(item)), |text| show(&text)));
    let more = items.len().saturating_sub(LISTED);
    let shown = shown.collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

fn sign(comparison: Option<JsonComparison>) -> &'static str {
    let present = comparison.unwrap_or_default();
    COMPARISONS.iter().find(|(_, known)| *known == present).map_or("==", |(sign, _)| sign)
}

/// Says what a threshold of a kind may be.
fn threshold_range(kind: &CheckSpec) -> &'static str {
    match &kind.threshold {
        Movable::Threshold(_, Unit::Share, _) => "a number from 0 to 1",
        Movable::Threshold(_, Unit::Milliseconds, _) => "a number of milliseconds, 0 or more",
        Movable::Threshold(_, Unit::Dollars, _) => "a number of US dollars, 0 or more",
        Movable::Threshold(_, Unit::Number, _) | Movable::Value(_) | Movable::None(_) => "a number, 0 or more",
    }
}

fn threshold_hint(kind: &CheckSpec) -> String {
    let range = threshold_range(kind);
    match &kind.threshold {
        Movable::Threshold(_, _, Some(usual)) => format!("{range}; empty is {usual}"),
        Movable::Threshold(..) | Movable::Value(_) | Movable::None(_) => range.to_owned(),
    }
}

fn threshold(kind: &CheckSpec, text: &str) -> Result<f64, String> {
    let most = if matches!(kind.threshold, Movable::Threshold(_, Unit::Share, _)) { 1.0 } else { f64::MAX };
    number(text, most).ok_or_else(|| format!("{} is expected", threshold_range(kind)))
}

/// Reads a number from 0 to a most; a comma is a decimal point.
pub(crate) fn number(text: &str, most: f64) -> Option<f64> {
    text.trim().replace(',', ".").parse().ok().filter(|number: &f64| (0.0..=most).contains(number))
}

fn threshold_brief(check: &Check) -> Option<String> {
    let Movable::Threshold(side, unit, usual) = &spec(check.kind.kind).threshold else { return None };
    let limit = check.threshold.or(*usual)?;
    let sign = match side {
        PassingSide::AtLeast => "≥",
        PassingSide::AtMost => "≤",
    };
    let shown = match unit {
        Unit::Share => share(limit),
        Unit::Milliseconds => format!("{limit} ms"),
        Unit::Dollars => format!("${limit}"),
        Unit::Number => limit.to_string(),
    };
    Some(format!("{sign} {shown}"))
}

/// Writes a share with two digits, or as many as it has.
pub(crate) fn share(value: f64) -> String {
    let plain = value.to_string();
    let decimals = plain.split_once('.').map_or(0, |(_, decimals)| decimals.len());
    if decimals < 2 { format!("{value:.2}") } else { plain }
}

/// Reads a JSON Schema.
pub(crate) fn schema(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Object(_) | Value::Bool(_))) => Ok(value),
        Ok(_) => Err("a JSON Schema is an object".to_owned()),
        Err(why) => Err(format!("not JSON: {why}")),
    }
}

/// Reads a JSON pointer.
pub(crate) fn json_pointer(text: &str) -> Result<String, String> {
    let text = unescaped(text);
    match pointer("path", &text) {
        Ok(()) => Ok(text),
        Err(bad) => Err(format!("{} is expected", bad.expected)),
    }
}

/// Writes texts on one line, so that [`names`] reads them back: with commas between them, or as a JSON list where one
/// holds what would be read as something else.
pub(crate) fn names_line(texts: Option<Vec<String>>) -> Option<String> {
    let texts = texts?;
    let plain = |text: &String| {
        !text.trim().is_empty()
            && text.trim() == text
            && !text.starts_with('[')
            && !text.chars().any(|c| matches!(c, ',' | '"' | '\\') || c.is_control())
    };
    Some(if texts.iter().all(plain) { texts.join(", ") } else { Value::from(texts).to_string() })
}

/// Reads texts separated by commas, or a JSON list of them.
pub(crate) fn names(text: &str) -> Result<Vec<String>, String> {
    let expected = "texts separated by commas, or a JSON list of them, are expected";
    if text.starts_with('[') {
        return serde_json::from_str(text).map_err(|_not_json| expected.to_owned());
    }
    separated(text).map_err(|found| format!("{expected}; there is {found}"))
}

/// Writes a text on one line: line breaks and other control characters as escapes, and the backslash as two.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// Reads what [`escaped`] writes. A backslash before anything else is one.
pub(crate) fn unescaped(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let (sign, used) = match after.chars().next() {
            Some('n') => ('\n', 1),
            Some('t') => ('\t', 1),
            Some('\\') => ('\\', 1),
            Some('u') => control(after).unwrap_or(('\\', 0)),
            Some(_) | None => ('\\', 0),
        };
        out.push(sign);
        rest = after.get(used..).unwrap_or_default();
    }
    out + rest
}

fn control(text: &str) -> Option<(char, usize)> {
    let (digits, _) = text.strip_prefix("u{")?.split_once('}')?;
    Some((char::from_u32(u32::from_str_radix(digits, 16).ok()?)?, digits.len() + 3))
}

/// Lists the lines of the form of a check: the fields of its kind, then those of every check.
pub(crate) fn form(check: &Check) -> Vec<RuleField> {
    let own = spec(check.kind.kind).fields.iter().filter_map(|field| field.line(check));
    let weight = check.weight.map(|weight| weight.to_string()).unwrap_or_default();
    let of_all = [
        RuleField::of_choices(
            "not",
            "not",
            if check.kind.not { "yes" } else { "no" },
            NO_YES,
            "yes: its opposite passes",
        ),
        RuleField::new("weight", "weight", weight, "how much it counts in the score; empty is 1, 0 never fails"),
        RuleField::new(
            "metric",
            "metric",
            escaped(check.metric.as_deref().unwrap_or_default()),
            "the name its mean is shown under; empty is none",
        ),
    ];
    own.chain(of_all).collect()
}

/// Takes what was filled in over a check; a line that says what it said before changes nothing.
pub(crate) fn filled(check: &Check, lines: &[(&'static str, String)]) -> Result<Check, Vec<FieldError>> {
    let (mut filled, mut errors) = (check.clone(), Vec::new());
    let fields = spec(check.kind.kind).fields;
    for before in form(check) {
        let Some((_, text)) = lines.iter().find(|(key, _)| *key == before.key) else { continue };
        if *text == before.text {
            continue;
        }
        let put = match before.key {
            "not" => {
                filled.kind.not = text.trim() == "yes";
                Ok(())
            }
            "weight" if text.trim().is_empty() => {
                filled.weight = None;
                Ok(())
            }
            "weight" => number(text, f64::MAX)
                .map(|weight| filled.weight = Some(weight))
                .ok_or_else(|| "a number, 0 or more, is expected".to_owned()),
            "metric" => {
                filled.metric = Some(unescaped(text.trim())).filter(|metric| !metric.is_empty());
                Ok(())
            }
            key => {
                let field = fields.iter().find(|field| field.key().unwrap_or("case") == key);
                field.map_or(Ok(()), |field| field.put(&mut filled, text))
            }
        };
        errors.extend(put.err().map(|error| (before.key, error)));
    }
    if errors.is_empty() { Ok(filled) } else { Err(errors) }
}

/// Says the rule of a check in short, without its name: `/confidence ≥ 0.80`.
pub(crate) fn rule_text(check: &Check) -> String {
    let fields = spec(check.kind.kind).fields.iter().filter_map(|field| field.brief(check));
    let part = check.transform.as_ref().map(|part| format!("of {part}"));
    fields.chain(part).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::CheckKind;

    fn samples() -> Vec<Check> {
        let path = |kind| Check { path: Some("/a b/0".to_owned()), ..Check::of(kind) };
        vec![
            Check::of(CheckKind::Equals).with("two\nlines \\ and a tab\t\u{1b}[31m"),
            Check::of(CheckKind::Contains).with("{{ expected }}").negated(),
            Check::of(CheckKind::IcontainsAny).with(serde_json::json!(["a", "b c"])),
            Check::of(CheckKind::ContainsAll).with(serde_json::json!(["a, b", "c\n"])),
            Check::of(CheckKind::ContainsAny).with("one, \"two, three\""),
            Check::of(CheckKind::Regex).with(r"\b\d{16}\b"),
            Check::of(CheckKind::WordCount).with(serde_json::json!({"min": 20})),
            Check::of(CheckKind::WordCount).with(50),
            Check::of(CheckKind::IsJson).with(serde_json::json!({"type": "object"})),
            Check { comparison: Some(JsonComparison::AtLeast), ..path(CheckKind::JsonPath) }.with(3),
            Check { weight: Some(0.0), metric: Some("m".to_owned()), ..path(CheckKind::Confidence) }.within(0.8),
            Check::of(CheckKind::JsonFields).with("{\"a\": 1}"),
            Check::of(CheckKind::JsonPath).with("5"),
            Check { repeat: Some(3), judge: Some("j".to_owned()), ..Check::of(CheckKind::LlmRubric) }.with("kind?"),
            Check::of(CheckKind::Exec).with(serde_json::json!(["python3", "checks/a.py"])),
            Check::of(CheckKind::Exec).with(serde_json::json!(["sh", "-c", "test -n \"$1\""])),
            Check::of(CheckKind::Exec).with(serde_json::json!({"python": "file://a.py:tone", "timeout": 3})),
            Check::of(CheckKind::GEval).with(serde_json::json!(["kind", "short"])),
        ]
    }

    #[test]
    fn a_form_writes_what_it_reads_whatever_was_filled_in() {
        for check in samples() {
            let lines: Vec<_> = form(&check).into_iter().map(|field| (field.key, field.text)).collect();
            assert_eq!(filled(&check, &lines), Ok(check.clone()), "nothing was changed");
            // the same texts over a check in which nothing is set
            let bare = Check::of(check.kind.kind);
            let read = filled(&bare, &lines).unwrap();
            let again: Vec<_> = form(&read).into_iter().map(|field| (field.key, field.text)).collect();
            assert_eq!(filled(&bare, &again), Ok(read), "{check:?}");
            assert!(lines.iter().all(|(_, text)| !text.chars().any(char::is_control)), "{lines:?}");
        }
    }

    #[test]
    fn every_key_that_a_kind_looks_at_has_a_line() {
        for kind in CheckKind::ALL.iter().filter(|kind| **kind != CheckKind::Unsupported) {
            let lines: Vec<_> = form(&Check::of(*kind)).into_iter().map(|field| field.key).collect();
            // Messages and programs that take out a context are written in the prompt's file.
            let mut keys = spec(*kind).keys().filter(|key| !["judge_prompt", "first_prompt", "context"].contains(key));
            assert!(keys.all(|key| lines.contains(&key)), "{}", kind.name());
        }
        let foreign: Vec<_> = form(&Check::unusable("similar", "no")).into_iter().map(|field| field.key).collect();
        assert_eq!(foreign, ["not", "weight", "metric"], "another program's rule stays as it was written");
    }

    #[test]
    fn a_mistake_says_what_is_allowed_in_its_field() {
        for (kind, key, text, expected) in [
            (CheckKind::Confidence, "threshold", "1.5", "from 0 to 1"),
            (CheckKind::Latency, "threshold", "-1", "milliseconds, 0 or more"),
            (CheckKind::Confidence, "path", "confidence", "a JSON pointer, such as `/confidence`"),
            (CheckKind::IsJson, "value", "{", "not JSON"),
            (CheckKind::IsJson, "value", "[1]", "is an object"),
            (CheckKind::LlmRubric, "repeat", "99", "from 1 to 20"),
            (CheckKind::Equals, "weight", "much", "a number, 0 or more"),
            (CheckKind::ContainsAny, "value", "\"open", "double quote"),
        ] {
            let errors = filled(&Check::of(kind), &[(key, text.to_owned())]).unwrap_err();
            assert!(matches!(&errors[..], [(at, why)] if *at == key && why.contains(expected)), "{errors:?}");
        }
    }

    #[test]
    fn case_turns_one_kind_into_the_other() {
        let check = Check::of(CheckKind::Contains).with("a");
        let read = filled(&check, &[("case", "ignore".to_owned())]).unwrap();
        assert_eq!(read, Check::of(CheckKind::Icontains).with("a"));
    }

    #[test]
    fn a_rule_is_said_in_short() {
        let all: Vec<String> = samples().iter().map(rule_text).collect();
        assert_eq!(all[2], "any of \"a\", \"b c\" any case");
        assert_eq!(all[5], r"\b\d{16}\b");
        assert_eq!(all[9], "/a b/0 >= 3");
        assert_eq!(all[10], "/a b/0 ≥ 0.80");
        assert_eq!((all[14].as_str(), all[16].as_str()), ("python3 checks/a.py", "python3 a.py:tone"));
        assert_eq!(rule_text(&Check::of(CheckKind::Latency).within(2000.0)), "≤ 2000 ms");
        assert_eq!(rule_text(&Check::of(CheckKind::Levenshtein).with("x")), "\"x\" ≤ 5");
        assert!(rule_text(&Check::of(CheckKind::Equals).with("x".repeat(10_000))).len() < 100);
    }
}
