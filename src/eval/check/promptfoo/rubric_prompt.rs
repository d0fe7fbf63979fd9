//! `rubricPrompt`: the prompt of a judge as promptfoo has it, of an assertion or of the options of a test.
//!
//! Which form a kind takes is what its matcher in promptfoo's `src/matchers/` reads: `g-eval` an object of `steps` and `evaluate`,
//! `context-faithfulness` a list of two texts, each other kind a text or messages.

use serde_json::{Map, Value, json};

use crate::{
    eval::judge_prompt::OwnPrompt,
    model::{Check, CheckKind, Role, Turn},
};

/// The prompt of a judge, in one of the forms that promptfoo has for it.
#[derive(Debug, Clone, PartialEq)]
pub enum RubricPrompt {
    /// A text, or messages.
    Messages(Vec<Turn>),
    /// An object of `steps` and `evaluate`, either of which may be left out.
    Steps { steps: Vec<Turn>, evaluate: Vec<Turn> },
    /// A list of two texts.
    Two([Vec<Turn>; 2]),
}

/// What a judge is asked for its steps where a `rubricPrompt` has none, as promptfoo has a text of its own for that.
const USUAL_STEPS: &str = "\
An answer is to be scored by these criteria:\n{{ criteria }}\n\n\
Write three or four short steps by which a careful reader checks an answer against them. \
Answer with a JSON object and nothing else: {\"steps\": [\"…\", \"…\"]}";

/// Tells whether a kind takes a prompt of its own for its judge.
pub(crate) fn takes_prompt(kind: CheckKind) -> bool {
    OwnPrompt::of(kind).is_some()
}

impl RubricPrompt {
    /// Reads one that is a text, or an object or a list of texts and messages; none of any other, and of one that is a file.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        if let Value::Object(fields) = value {
            if fields.is_empty() || fields.keys().any(|key| !STEP_KEYS.contains(&key.as_str())) {
                return None;
            }
            let of = |key: &str| fields.get(key).map_or_else(|| Some(Vec::new()), messages);
            return Some(Self::Steps { steps: of(STEP_KEYS[0])?, evaluate: of(STEP_KEYS[1])? });
        }
        match value.as_array().map(Vec::as_slice) {
            Some([one @ Value::String(_), other @ Value::String(_)]) => {
                Some(Self::Two([messages(one)?, messages(other)?]))
            }
            _ => messages(value).map(Self::Messages),
        }
    }

    /// Has a check judged by it. What promptfoo leaves out of it is left out: `g-eval` looks at no text, and steps that are
    /// not named move nothing. The error says why the check cannot be.
    pub(crate) fn put(&self, check: &mut Check) -> Result<(), String> {
        let kind = check.kind.kind;
        if kind == CheckKind::Relevance {
            let why = "it asks for questions, of which promptfoo compares the embeddings with the input; a judge scores it here";
            return Err(why.to_owned());
        }
        if !takes_prompt(kind) {
            return Err("no judge decides it".to_owned());
        }
        // What the judge is asked first moves nothing where it is not told what came of it.
        let names_list = |then: &[Turn]| OwnPrompt::of(kind).is_some_and(|own| own.names_list(then));
        let first_of = |first: &[Turn], then: &[Turn]| if names_list(then) { first.to_vec() } else { Vec::new() };
        let (first, then) = match (kind, self) {
            (CheckKind::GEval, Self::Messages(_) | Self::Two(_)) => return Ok(()),
            (CheckKind::GEval, Self::Steps { evaluate, .. }) if evaluate.is_empty() => {
                return Err("it has no `evaluate`, and the built-in judge is told no steps".to_owned());
            }
            (CheckKind::GEval, Self::Steps { steps, evaluate }) => {
                let usual = [Turn::of(Role::User, USUAL_STEPS)];
                let steps = if steps.is_empty() { &usual } else { steps.as_slice() };
                (first_of(steps, evaluate), evaluate.clone())
            }
            (CheckKind::Faithfulness, Self::Two([first, then])) => (first_of(first, then), then.clone()),
            // promptfoo takes the first two messages for the two texts.
            (CheckKind::Faithfulness, Self::Messages(turns)) if turns.len() == 2 => {
                let of = |turn: &Turn| vec![Turn { role: Role::User, ..turn.clone() }];
                let mut each = turns.iter().map(of);
                let (first, then) = (each.next().unwrap_or_default(), each.next().unwrap_or_default());
                (first_of(&first, &then), then)
            }
            (CheckKind::Faithfulness, Self::Messages(_) | Self::Steps { .. }) => {
                return Err("it is no list of two texts, for the statements and for the verdicts".to_owned());
            }
            (_, Self::Messages(turns)) => (Vec::new(), turns.clone()),
            (_, Self::Steps { .. }) => return Err("`steps` and `evaluate` are of `g-eval` alone".to_owned()),
            (_, Self::Two(_)) => return Err("a list of two texts is of `context-faithfulness` alone".to_owned()),
        };
        (check.first_prompt, check.judge_prompt) = (first, then);
        Ok(())
    }

    /// Returns that of a check that is judged by a prompt of its own; none where promptfoo has no form for it.
    pub(crate) fn of_check(check: &Check) -> Option<Self> {
        let (first, then) = (check.first_prompt.clone(), check.judge_prompt.clone());
        let kind = check.kind.kind;
        if then.is_empty() || kind == CheckKind::Faithfulness && first.is_empty() {
            return None;
        }
        Some(if kind == CheckKind::GEval {
            Self::Steps { steps: first, evaluate: then }
        } else if kind == CheckKind::Faithfulness {
            Self::Two([first, then])
        } else {
            Self::Messages(then)
        })
    }

    /// Writes it, its messages by `write`; none where that has no words for one of them.
    pub(crate) fn write(&self, write: impl Fn(&[Turn]) -> Option<Value>) -> Option<Value> {
        match self {
            Self::Messages(turns) => write(turns),
            Self::Steps { steps, evaluate } => {
                let mut fields = Map::new();
                for (key, turns) in STEP_KEYS.iter().zip([steps, evaluate]) {
                    if !turns.is_empty() {
                        fields.insert((*key).to_owned(), write(turns)?);
                    }
                }
                Some(Value::Object(fields))
            }
            Self::Two(both) => both.iter().map(|turns| write(turns).map(text)).collect(),
        }
    }
}

/// The keys of an object of two prompts.
pub(crate) const STEP_KEYS: [&str; 2] = ["steps", "evaluate"];

/// Writes a check's own prompt of its judge. An error says what promptfoo has no word for.
pub(crate) fn written(check: &Check) -> Result<Option<Value>, String> {
    if check.judge_prompt.is_empty() {
        return Ok(None);
    }
    let kind = check.kind;
    let prompt = RubricPrompt::of_check(check)
        .ok_or_else(|| format!("a check of type {kind} with a `judge_prompt` and no `first_prompt`"))?;
    prompt
        .write(plain)
        .map(Some)
        .ok_or_else(|| format!("a check of type {kind} whose `judge_prompt` is more than texts"))
}

/// Messages as they stand in JSON: a single one of the user as its text.
fn plain(turns: &[Turn]) -> Option<Value> {
    let turns = turns.iter().filter(|turn| !turn.muted);
    let written = turns.map(|turn| {
        let plain = turn.is_plain() && turn.cache.is_none();
        plain.then(|| json!({"role": turn.role.name(), "content": turn.content}))
    });
    written.collect()
}

/// Makes one text of a prompt, as a list of two has it.
fn text(written: Value) -> Value {
    let alone = |value: &Value| match value.as_array().map(Vec::as_slice) {
        Some([one]) if one.get("role") == Some(&json!(Role::User.name())) => one.get("content").cloned(),
        _ => None,
    };
    match written {
        Value::String(_) => written,
        other => alone(&other).unwrap_or_else(|| Value::String(other.to_string())),
    }
}

/// Reads messages: a text, messages that are texts, or these as JSON in a text.
fn messages(value: &Value) -> Option<Vec<Turn>> {
    let of = |message: &Value| {
        let fields = message.as_object().filter(|fields| fields.keys().all(|key| key == "role" || key == "content"))?;
        let role = serde_json::from_value(fields.get("role")?.clone()).ok()?;
        Some(Turn::of(role, fields.get("content")?.as_str()?))
    };
    match value {
        Value::Array(messages) if !messages.is_empty() => messages.iter().map(of).collect(),
        Value::String(text) if text.trim_start().starts_with('[') => match serde_json::from_str(text).ok()? {
            inner @ Value::Array(_) => messages(&inner),
            _ => None,
        },
        Value::String(text) if !text.starts_with("file://") => Some(vec![Turn::of(Role::User, text)]),
        _ => None,
    }
}
