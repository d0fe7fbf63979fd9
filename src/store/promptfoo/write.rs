//! A suite written as a config of promptfoo's.

use serde_json::{Map, Value, json};

use super::{Suite, Test, Tests, nunjucks, prompts, targets};
use crate::{
    model::{Check, CheckKind, Prompt, Role, VarValue},
    store::yaml,
    text::json::ExactJson,
};

/// Writes the config. Read again it is the same suite.
#[must_use]
pub fn write(suite: &Suite) -> String {
    let mut root = Map::new();
    if let Some(description) = &suite.description {
        root.insert("description".to_owned(), json!(description));
    }
    let all = suite.prompts.iter().map(|(name, prompt)| json!({ "label": name, "raw": raw(prompt) }));
    root.insert("prompts".to_owned(), all.collect());
    if !suite.targets.is_empty() {
        root.insert("providers".to_owned(), suite.targets.iter().map(targets::write).collect());
    }
    let options = &suite.options;
    let mut run = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            run.insert(key.to_owned(), value);
        }
    };
    set("maxConcurrency", options.concurrency.map(Value::from));
    set("repeat", options.samples.map(Value::from));
    set("cache", options.cache.map(Value::from));
    set("maxEvalTimeMs", options.time.map(|time| json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))));
    if !run.is_empty() {
        root.insert("evaluateOptions".to_owned(), Value::Object(run));
    }
    let default = test(&suite.default_test);
    if default.as_object().is_some_and(|fields| !fields.is_empty()) {
        root.insert("defaultTest".to_owned(), default);
    }
    let dir = suite.source.parent();
    let tests = suite.tests.iter().map(|tests| match tests {
        Tests::Inline(own) => test(own),
        Tests::File(path) => {
            let beside = dir.and_then(|dir| path.strip_prefix(dir).ok()).unwrap_or(path);
            json!(format!("file://{}", beside.display()))
        }
    });
    let tests: Vec<Value> = tests.collect();
    if !tests.is_empty() {
        root.insert("tests".to_owned(), Value::Array(tests));
    }
    yaml::write(&Value::Object(root))
}

/// A prompt as one text: its user message if that is all, else its messages as JSON.
fn raw(prompt: &Prompt) -> String {
    let turns = prompt.turns();
    if let [turn] = turns.as_slice()
        && turn.role == Role::User
        && !turn.muted
    {
        let text = nunjucks::theirs(&turn.content);
        let path = text.contains("://")
            || text.starts_with("exec:")
            || text.starts_with("python:")
            || !text.contains(['\n', ' ', '{']);
        if !path && !text.trim().is_empty() && prompts::chat(&text).is_ok_and(|chat| chat.is_none()) {
            return text;
        }
    }
    let sent = turns.iter().filter(|turn| !turn.muted);
    let message = |role: &str, content: &str| json!({ "role": role, "content": nunjucks::theirs(content) });
    sent.map(|turn| message(turn.role.name(), &turn.content)).collect::<Value>().to_string()
}

fn test(test: &Test) -> Value {
    let mut fields = Map::new();
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            fields.insert(key.to_owned(), value);
        }
    };
    set("description", test.description.clone().map(Value::from));
    let one = |value: &VarValue| match value {
        VarValue::Text(text) => json!(text),
        VarValue::Json(json) => serde_json::from_str(json).unwrap_or_else(|_| json!(json)),
    };
    let values = |values: &Vec<VarValue>| match values.as_slice() {
        [value] => one(value),
        many => many.iter().map(one).collect(),
    };
    let vars: Map<String, Value> = test.vars.iter().map(|(name, all)| (name.clone(), values(all))).collect();
    set("vars", (!vars.is_empty()).then_some(Value::Object(vars)));
    set("assert", (!test.checks.is_empty()).then(|| test.checks.iter().map(check).collect()));
    set("threshold", test.min_score.map(Value::from));
    set("metadata", (!test.metadata.is_empty()).then(|| json!(test.metadata)));
    let mut options = Map::new();
    for (key, text) in [("prefix", &test.prefix), ("suffix", &test.suffix)] {
        if !text.is_empty() {
            options.insert(key.to_owned(), json!(nunjucks::theirs(text)));
        }
    }
    options.extend(test.judge.clone().map(|judge| ("provider".to_owned(), json!(judge))));
    set("options", (!options.is_empty()).then_some(Value::Object(options)));
    if fields.is_empty() && test.line > 0 {
        fields.insert("vars".to_owned(), json!({}));
    }
    Value::Object(fields)
}

/// Writes a check as an entry of an `assert` list that is read as the same check.
pub(super) fn check(check: &Check) -> Value {
    if check.kind.kind == CheckKind::Unsupported
        && let Some(value) = &check.value
    {
        return value.clone();
    }
    let mut value = serde_json::to_value(check).unwrap_or_default();
    if let Value::Object(fields) = &mut value {
        fields.shift_remove("exact");
        if let Some(judge) = fields.shift_remove("judge") {
            fields.insert("provider".to_owned(), judge);
        }
    }
    value
}

/// Writes a check in the same way, and its numbers with all their digits.
pub(super) fn exact_check(written: &Check) -> ExactJson {
    let mut whole = ExactJson::from(check(written));
    let exact = written.exact.as_deref().and_then(|exact| ExactJson::parse(exact).ok());
    if let (ExactJson::Fields(fields), Some(exact)) = (&mut whole, exact) {
        fields.iter_mut().filter(|(key, _)| key == "value").for_each(|(_, value)| *value = exact.clone());
    }
    whole
}
