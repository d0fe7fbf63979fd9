//! A check by a program: what the program is told, and how what it says becomes a verdict.

use serde_json::{Map, Value};

use crate::{
    eval::{
        check,
        reason::{apart, inconclusive, name, quote, verdict},
        rubric::said_by,
    },
    model::{Check, CheckProgram, Verdict},
};

/// The version of what a program reads and writes.
pub const PROTOCOL: u64 = 1;

/// The exit code of a program that cannot tell: that of `git bisect run`.
const CANNOT_TELL: i32 = 125;

/// A check by a program, on one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct ProgramCheck {
    pub program: CheckProgram,
    /// Which of the checks of the prompt and then of the row it is, from 0.
    pub place: usize,
    /// The part of the answer that it judges, where its check names one.
    pub(crate) part: Option<Value>,
    check: Check,
}

/// A program that takes the context out of an answer, for a check that a model judges by it.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextProgram {
    pub program: CheckProgram,
    /// Which of the checks of the prompt and then of the row its check is, from 0.
    pub place: usize,
}

impl ContextProgram {
    /// Writes what it reads: what a program that judges reads, and that it is asked for a context.
    #[must_use]
    pub fn asks(&self, facts: &Map<String, Value>) -> String {
        let mut case = case(facts, &self.program);
        case.insert("asks".to_owned(), CONTEXT.into());
        Value::Object(case).to_string()
    }

    /// Reads the context that it wrote; an error says why there is none.
    pub fn read(end: &ProgramEnd) -> Result<String, String> {
        if end.code != 0 {
            let words = if end.complaint.is_empty() { String::new() } else { format!(": {}", end.complaint) };
            return Err(format!("the program that takes out the context ended with exit code {}{words}", end.code));
        }
        let said: Value = serde_json::from_str(end.text.trim()).unwrap_or_default();
        let context = match said.get(CONTEXT) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(Value::Array(parts)) => {
                parts.iter().map(Value::as_str).collect::<Option<Vec<_>>>().map(|parts| parts.join("\n\n"))
            }
            _ => None,
        };
        let none = "the program that takes out the context wrote none: {\"context\": \"TEXT\"}, or a list of texts";
        let context = context.ok_or(none)?;
        if context.trim().is_empty() {
            Err("the context that was taken out of the answer is empty".to_owned())
        } else {
            Ok(context)
        }
    }
}

/// What a program is asked for that takes out a context, and the key under which it writes that.
const CONTEXT: &str = "context";

/// Writes what every program reads.
fn case(facts: &Map<String, Value>, program: &CheckProgram) -> Map<String, Value> {
    let mut case = Map::new();
    case.insert("v".to_owned(), PROTOCOL.into());
    case.extend(facts.clone());
    case.insert("config".to_owned(), program.config.clone().unwrap_or_default());
    case
}

/// How a program ended, and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgramEnd {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub text: String,
    /// The end of its standard error.
    pub complaint: String,
}

/// What a program says of an answer.
#[derive(Debug, Clone, PartialEq)]
struct ProgramOpinion {
    pass: Option<bool>,
    score: Option<f64>,
    reason: String,
    named: Vec<(String, f64)>,
}

impl ProgramCheck {
    pub(crate) fn of(check: &Check, program: CheckProgram, place: usize) -> Self {
        Self { program, place, part: None, check: check.clone() }
    }

    /// Writes what its program reads: the facts of the answer, the version of the protocol before and the check's `config`
    /// after them.
    #[must_use]
    pub fn asks(&self, facts: &Map<String, Value>) -> String {
        let mut case = case(facts, &self.program);
        case.extend(self.part.clone().map(|part| ("output".to_owned(), part)));
        Value::Object(case).to_string()
    }

    /// Makes the verdict of how its program ended; an error says why it could not be run.
    #[must_use]
    pub fn verdict(&self, end: Result<&ProgramEnd, &str>) -> Verdict {
        let rule = check::rule(&self.check);
        let opinion = match end.map_err(str::to_owned).and_then(read) {
            Ok(opinion) => opinion,
            Err(why) => {
                let why = said_by(&why);
                return check::with_weight(&self.check, inconclusive(rule, &why));
            }
        };
        let ProgramOpinion { pass, score, reason, named } = opinion;
        let score = score.unwrap_or_else(|| f64::from(u8::from(pass.unwrap_or(false))));
        let reaches = self.check.threshold.map(|least| score >= least);
        let holds = pass.unwrap_or(reaches.unwrap_or(score > 0.0)) && reaches.unwrap_or(true);
        let mut words = match self.check.threshold {
            Some(least) => {
                let (shown, limit) = apart(score, least, 2);
                let fails = if pass == Some(false) && score >= least { ", the program says it fails" } else { "" };
                format!("{shown} {} threshold {limit}{fails}", if score >= least { "≥" } else { "<" })
            }
            None if score > 0.0 && score < 1.0 => format!("score {score:.2}"),
            None => format!("the program says it {}", if holds { "passes" } else { "fails" }),
        };
        for (name, score) in named.iter().take(SHOWN) {
            words = format!("{words}, {} {score:.2}", said_by(name));
        }
        if !reason.is_empty() {
            words = format!("{words}: {}", said_by(&reason));
        }
        let not = self.check.kind.not;
        let share = score.clamp(0.0, 1.0);
        let credit = if not { 1.0 - share } else { share };
        let bare = verdict(rule, holds != not, words);
        check::with_weight(&self.check, Verdict { score: Some(score), credit: Some(credit), ..bare })
    }
}

/// Named scores that a verdict tells.
const SHOWN: usize = 5;

/// Reads how a program ended. The error says in words why nothing follows from it.
fn read(end: &ProgramEnd) -> Result<ProgramOpinion, String> {
    let bare = |pass| ProgramOpinion { pass: Some(pass), score: None, reason: String::new(), named: Vec::new() };
    let text = end.text.trim();
    match end.code {
        CANNOT_TELL => Err(match end.complaint.as_str() {
            "" => format!("the program cannot tell (exit code {CANNOT_TELL})"),
            words => format!("the program cannot tell: {words}"),
        }),
        0 | 1 if text.is_empty() => Ok(bare(end.code == 0)),
        0 | 1 => opinion_in(text, bare),
        code => Err(match end.complaint.as_str() {
            "" => format!("the program ended with exit code {code}"),
            words => format!("the program ended with exit code {code}: {words}"),
        }),
    }
}

fn opinion_in(text: &str, bare: impl Fn(bool) -> ProgramOpinion) -> Result<ProgramOpinion, String> {
    let json: Value = serde_json::from_str(text)
        .map_err(|_not_json| format!("the program wrote {}, which is no JSON", quote(text)))?;
    let fields = match &json {
        Value::Bool(pass) => return Ok(bare(*pass)),
        Value::Number(number) => return Ok(ProgramOpinion { pass: None, score: number.as_f64(), ..bare(false) }),
        Value::Object(fields) => fields,
        Value::Null => return Err("the program cannot tell".to_owned()),
        Value::String(_) | Value::Array(_) => {
            return Err(format!("the program wrote {}, not true or false, a number or an object", name(&json)));
        }
    };
    let given = |key: &str| fields.get(key).filter(|value| !value.is_null());
    let pass = given("pass").map(|value| value.as_bool().ok_or_else(|| wrong("pass", value))).transpose()?;
    let score = given("score").map(|value| value.as_f64().ok_or_else(|| wrong("score", value))).transpose()?;
    if pass.is_none() && score.is_none() {
        return Err("what the program wrote holds neither `pass` nor `score`".to_owned());
    }
    let reason = given("reason").map_or_else(String::new, |value| {
        value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_owned())
    });
    let named = given("named").and_then(Value::as_object);
    let named = named.into_iter().flatten().filter_map(|(name, score)| Some((name.clone(), score.as_f64()?)));
    Ok(ProgramOpinion { pass, score, reason, named: named.collect() })
}

fn wrong(key: &str, value: &Value) -> String {
    format!("the program's `{key}` is {}", name(value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{CheckKind, Status};

    fn exec() -> Check {
        Check::of(CheckKind::Exec).with(json!(["a"]))
    }

    fn verdict_of(check: &Check, code: i32, text: &str) -> Verdict {
        let program = CheckProgram::of_check(check).unwrap();
        let end = ProgramEnd { code, text: text.to_owned(), complaint: "why\u{1b}[2J".to_owned() };
        ProgramCheck::of(check, program, 0).verdict(Ok(&end))
    }

    #[test]
    fn what_a_program_says_is_the_verdict_and_what_it_does_not_say_is_never_green() {
        use Status::{Failed, Inconclusive, Passed};
        for (code, text, threshold, status, reason) in [
            (0, "", None, Passed, "the program says it passes"),
            (1, "", None, Failed, "the program says it fails"),
            (0, " true\n", None, Passed, "the program says it passes"),
            (1, "false", None, Failed, "the program says it fails"),
            (0, "0.75", None, Passed, "score 0.75"),
            (0, "0", None, Failed, "the program says it fails"),
            (0, "0.75", Some(0.8), Failed, "0.75 < threshold 0.80"),
            (0, r#"{"pass": true, "score": 0.5, "reason": " Fine. "}"#, None, Passed, "score 0.50: Fine."),
            (0, r#"{"pass": true, "score": 0.5}"#, Some(0.8), Failed, "0.50 < threshold 0.80"),
            (
                0,
                r#"{"pass": false, "score": 0.9}"#,
                Some(0.8),
                Failed,
                "0.90 ≥ threshold 0.80, the program says it fails",
            ),
            (1, r#"{"score": 0.2, "named": {"tone": 0.1}}"#, None, Passed, "score 0.20, tone 0.10"),
            (125, "true", None, Inconclusive, "not applied: the program cannot tell: why"),
            (2, "true", None, Inconclusive, "not applied: the program ended with exit code 2: why"),
            (0, "True", None, Inconclusive, "not applied: the program wrote `True`, which is no JSON"),
            (
                0,
                r#"{"reason": "x"}"#,
                None,
                Inconclusive,
                "not applied: what the program wrote holds neither `pass` nor `score`",
            ),
            (0, "null", None, Inconclusive, "not applied: the program cannot tell"),
            (0, r#"{"pass": 1}"#, None, Inconclusive, "not applied: the program's `pass` is the number 1"),
            (
                0,
                "[]",
                None,
                Inconclusive,
                "not applied: the program wrote an array, not true or false, a number or an object",
            ),
        ] {
            let check = Check { threshold, ..exec() };
            let verdict = verdict_of(&check, code, text);
            assert_eq!((verdict.status, verdict.reason.as_str()), (status, reason), "{code} {text}");
            let not = verdict_of(&check.negated(), code, text);
            let turned = match status {
                Passed => Failed,
                Failed => Passed,
                Inconclusive => Inconclusive,
            };
            assert_eq!(not.status, turned, "not- {code} {text}");
            if let (Some(credit), Some(other)) = (verdict.credit(), not.credit()) {
                assert!((credit + other - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_program_that_could_not_be_run_is_inconclusive_and_its_words_are_safe() {
        let check = exec();
        let own = ProgramCheck::of(&check, CheckProgram::of_check(&check).unwrap(), 3);
        let verdict = own.verdict(Err("`a` took longer than 10 s"));
        assert_eq!(
            (verdict.status, verdict.reason.as_str()),
            (Status::Inconclusive, "not applied: `a` took longer than 10 s")
        );
        let hostile =
            json!({"pass": true, "reason": format!("\u{1b}[2J\u{202e}{}\nline", "x".repeat(1000))}).to_string();
        let verdict = verdict_of(&check, 0, &hostile);
        assert!(verdict.reason.chars().count() < 260 && !verdict.reason.contains(['\u{1b}', '\u{202e}', '\n']));
    }

    #[test]
    fn a_program_is_told_the_version_first_and_its_config_last() {
        let check = Check::of(CheckKind::Exec).with(json!({"command": ["a"], "config": {"least": 3}}));
        let own = ProgramCheck::of(&check, CheckProgram::of_check(&check).unwrap(), 0);
        let facts = json!({"output": "x"});
        assert_eq!(own.asks(facts.as_object().unwrap()), r#"{"v":1,"output":"x","config":{"least":3}}"#);
    }
}
