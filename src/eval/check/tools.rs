//! Checks on the tools that a run called: which, in which order, with which arguments.
//!
//! `tool-call-f1`, `is-valid-openai-tools-call` and `is-valid-function-call` have promptfoo's meaning, `tool-called` and
//! `tool-order` that of its `trajectory:tool-used` and `trajectory:tool-sequence`. All look at every call of the run, those
//! that were answered and those that the answer ended with.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    eval::{
        check::{
            CheckResult, Finding,
            field::{CheckField, ValueForm},
            input::CheckInput,
            json::compared,
            source::CheckSource,
            spec::{CheckSpec, CheckTest, Compiled, Export, ImportedValue, VariablePlaces},
            threshold::{Movable, NOTHING_MEASURED, PassingSide, Unit},
        },
        json_diff::same,
        reason::{apart, name, pointer, quote, quote_of},
        schema::Schema,
    },
    model::{Status, ToolCall, check::JsonComparison},
};

/// Calls that a reason names, at most.
const NAMED: usize = 8;

pub(crate) const TOOL_CALLED: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Texts("calls"))],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(ToolTest::Called { names: source.parts()?, not: source.check.kind.not })),
    imported: ImportedValue::Texts,
    export: Export::None,
};

pub(crate) const TOOL_ORDER: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Texts("calls in this order"))],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: NOTHING_MEASURED,
    compile: |source| Ok(Box::new(ToolTest::Order(source.parts()?))),
    imported: ImportedValue::Texts,
    export: Export::None,
};

pub(crate) const TOOL_ARGS: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Json)],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: true,
    threshold: NOTHING_MEASURED,
    compile: ArgumentsWanted::compile,
    imported: ImportedValue::AsItIs,
    export: Export::None,
};

pub(crate) const TOOL_CALL_F1: CheckSpec = CheckSpec {
    fields: &[CheckField::Value(ValueForm::Texts("calls")), CheckField::Threshold],
    variables: VariablePlaces::Everywhere,
    slow_to_compile: false,
    threshold: Movable::Threshold(PassingSide::AtLeast, Unit::Share, Some(1.0)),
    compile: |source| {
        let least = source.threshold("a score from 0 to 1", 1.0, Some(1.0))?;
        let names = source.parts()?.iter().map(|name| name.trim().to_owned()).collect();
        Ok(Box::new(ToolTest::F1 { names, least }))
    },
    imported: ImportedValue::Texts,
    export: Export::Same,
};

pub(crate) const IS_VALID_OPENAI_TOOLS_CALL: CheckSpec = valid();
pub(crate) const IS_VALID_FUNCTION_CALL: CheckSpec = valid();

const fn valid() -> CheckSpec {
    CheckSpec {
        fields: &[],
        variables: VariablePlaces::Everywhere,
        slow_to_compile: false,
        threshold: NOTHING_MEASURED,
        compile: |_| Ok(Box::new(ToolTest::Valid)),
        imported: ImportedValue::Nothing,
        export: Export::Same,
    }
}

/// What is asked of the calls as a whole.
#[derive(Debug)]
enum ToolTest {
    /// All of these were called; where it is turned round, one of them was.
    Called { names: Vec<String>, not: bool },
    /// These were called one after the other; others may stand between them.
    Order(Vec<String>),
    /// The F1 of the tools that were called and these is at least so much.
    F1 { names: BTreeSet<String>, least: f64 },
    /// There is a call, and each is one that its tool takes.
    Valid,
}

impl CheckTest for ToolTest {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        let calls: Vec<&ToolCall> = seen.answer.tools.all().collect();
        let called = |name: &str| calls.iter().any(|call| call.name == name);
        let listed = list(&calls);
        Ok(match self {
            Self::Called { names, not: true } => match names.iter().find(|name| called(name)) {
                Some(name) => Finding::new(true, format!("{} was called; {listed}", quote(name))),
                None => Finding::new(false, format!("none of them was called; {listed}")),
            },
            Self::Called { names, not: false } => match names.iter().find(|name| !called(name)) {
                Some(name) => Finding::new(false, format!("{} was not called; {listed}", quote(name))),
                None => Finding::new(true, listed),
            },
            Self::Order(names) => {
                let mut left = names.iter().peekable();
                for call in &calls {
                    left.next_if(|name| **name == call.name);
                }
                match left.peek() {
                    Some(name) => Finding::new(false, format!("{} was not called in its turn; {listed}", quote(name))),
                    None => Finding::new(true, listed),
                }
            }
            Self::F1 { names, least } => f1(&calls, names, *least, &listed),
            Self::Valid => match calls.iter().find_map(|call| Some((call, call.problem.as_ref()?))) {
                _ if calls.is_empty() => Finding::new(false, listed),
                Some((call, problem)) => Finding::new(false, format!("the call of {}: {problem}", quote(&call.name))),
                None => Finding::new(true, listed),
            },
        })
    }
}

fn f1(calls: &[&ToolCall], wanted: &BTreeSet<String>, least: f64, listed: &str) -> Finding {
    let called: BTreeSet<&str> = calls.iter().map(|call| call.name.as_str()).collect();
    let common = wanted.iter().filter(|name| called.contains(name.as_str())).count() as f64;
    let share = |of: usize| if of == 0 { 0.0 } else { common / of as f64 };
    let (precision, recall) = (share(called.len()), share(wanted.len()));
    let score = if common > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    let holds = score >= least;
    let (shown, limit) = apart(score, least, 2);
    let sign = if holds { "≥" } else { "<" };
    let words = format!("F1 {shown} {sign} threshold {limit} (precision {precision:.2}, recall {recall:.2}); {listed}");
    Finding { score: Some(score), credit: Some(score), ..Finding::new(holds, words) }
}

/// Says which tools were called.
fn list(calls: &[&ToolCall]) -> String {
    if calls.is_empty() {
        return "no tool was called".to_owned();
    }
    let names: Vec<String> = calls.iter().take(NAMED).map(|call| quote(&call.name)).collect();
    let more = calls.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("called {}{more}", names.join(", "))
}

/// The value of a `tool-args` check.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ArgumentsValue {
    tool: String,
    #[serde(default)]
    args: Option<Map<String, Value>>,
    #[serde(default)]
    only: Option<Map<String, Value>>,
    #[serde(default)]
    schema: Option<Value>,
    #[serde(default)]
    path: Option<String>,
    #[serde(default)]
    op: Option<JsonComparison>,
    #[serde(default)]
    value: Option<Value>,
}

/// What the arguments of at least one call of a tool have to be.
#[derive(Debug)]
struct ArgumentsWanted {
    tool: String,
    args: Map<String, Value>,
    only: Option<Value>,
    schema: Option<Schema>,
    at: Option<(String, JsonComparison, Value)>,
}

impl ArgumentsWanted {
    fn compile(written: &CheckSource<'_>) -> Compiled {
        const EXPECTED: &str = "an object with `tool` and `args`, `only`, `schema`, or `path`, `op` and `value`: { tool = \"f\", args = { … } }";
        let bad = |found: String| written.bad("value", EXPECTED, found);
        let value = match &written.check.value {
            None => return Err(bad("nothing".to_owned())),
            Some(Value::String(text)) => {
                written.bounded("value", text)?;
                // A name alone asks for a call that its tool takes.
                serde_json::from_str(text).unwrap_or_else(|_| serde_json::json!({ "tool": text }))
            }
            Some(value) => value.clone(),
        };
        if !value.is_object() {
            return Err(bad(name(&value)));
        }
        let read: ArgumentsValue = serde_json::from_value(value).map_err(|error| bad(error.to_string()))?;
        let ArgumentsValue { tool, args, only, schema, path, op, value } = read;
        let schema = schema.map(|schema| Schema::new(&written.key("value"), &schema)).transpose()?;
        let at = match (path, value) {
            (Some(path), Some(value)) => {
                pointer(&written.key("value"), &path)?;
                Some((path, op.unwrap_or_default(), value))
            }
            (None, None) => None,
            (Some(_), None) => return Err(bad("a `path` without a `value`".to_owned())),
            (None, Some(_)) => return Err(bad("a `value` without a `path`".to_owned())),
        };
        let only = only.map(Value::Object);
        Ok(Box::new(Self { tool, args: args.unwrap_or_default(), only, schema, at }))
    }

    /// Says what is wrong with the arguments of a call; none where nothing is.
    fn problem(&self, call: &ToolCall, seen: &CheckInput<'_>) -> Result<Option<String>, String> {
        let arguments = match call.values() {
            Ok(arguments) => Value::Object(arguments),
            Err(why) => return Ok(Some(why)),
        };
        let differs =
            self.args.iter().find(|(name, value)| arguments.get(name.as_str()).is_none_or(|found| !same(found, value)));
        if let Some((name, wanted)) = differs {
            let found = arguments.get(name.as_str()).map_or_else(|| "missing".to_owned(), quote_of);
            return Ok(Some(format!("{} is {found}, not {}", quote(name), quote_of(wanted))));
        }
        if let Some(only) = self.only.as_ref().filter(|only| !same(&arguments, only)) {
            return Ok(Some(format!("the arguments are {}, not {}", quote_of(&arguments), quote_of(only))));
        }
        if let Some(schema) = &self.schema {
            let verdicts = schema.violations(&arguments, seen.budget).map_err(|much| much.to_string())?;
            if let Some(broken) = verdicts.into_iter().find(|verdict| verdict.status != Status::Passed) {
                return Ok(Some(broken.reason));
            }
        }
        if let Some((path, comparison, value)) = &self.at {
            let finding = compared(&arguments, path, *comparison, value);
            if !finding.holds {
                return Ok(Some(finding.reason));
            }
        }
        Ok(call.problem.clone())
    }
}

impl CheckTest for ArgumentsWanted {
    fn apply(&self, seen: &CheckInput<'_>) -> CheckResult {
        let all: Vec<&ToolCall> = seen.answer.tools.all().collect();
        let own: Vec<&&ToolCall> = all.iter().filter(|call| call.name == self.tool).collect();
        let mut last = None;
        for call in &own {
            match self.problem(call, seen)? {
                None => {
                    let words = format!("{} was called with {}", quote(&self.tool), quote_of(&call.value()));
                    return Ok(Finding::new(true, words));
                }
                Some(problem) => last = Some(problem),
            }
        }
        let words = match last {
            None => format!("{} was not called; {}", quote(&self.tool), list(&all)),
            Some(problem) if own.len() == 1 => format!("{}: {problem}", quote(&self.tool)),
            Some(problem) => {
                format!("none of the {} calls of {} fits; the last: {problem}", own.len(), quote(&self.tool))
            }
        };
        Ok(Finding::new(false, words))
    }
}
