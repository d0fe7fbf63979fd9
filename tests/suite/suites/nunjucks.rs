//! Prompts as people write them for promptfoo, rendered beside Nunjucks: `tests/suites/nunjucks.sh`.

use std::fs;

use retort::{
    model::{Input, VarValue},
    template,
    template::FillBudget,
};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::Outcomes;

#[derive(Deserialize)]
struct Rendered {
    vars: Map<String, Value>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    template: String,
    /// Why they differ, if they do.
    why: Option<String>,
    /// What Nunjucks made of it.
    text: Option<String>,
    error: Option<String>,
}

#[test]
#[ignore = "needs data: tests/suites/nunjucks.sh runs it"]
fn prompts_differ_from_nunjucks_only_on_purpose() {
    let path =
        std::env::var_os("RETORT_NUNJUCKS").expect("RETORT_NUNJUCKS is not set; tests/suites/nunjucks.sh sets it");
    let Rendered { vars, cases } = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let vars = vars.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, VarValue::Text(text)),
        other => (name, VarValue::Json(other.to_string())),
    });
    let input = Input { text: String::new(), vars: vars.collect(), ..Input::default() };
    let mut outcomes = Outcomes::default();
    for case in cases {
        let ours = template::fill(&case.template, &input, &mut FillBudget::new(0, &input));
        let theirs = case.text.as_deref().ok_or(case.error.unwrap_or_default());
        let same = case.text.is_some() && ours.as_deref().ok() == case.text.as_deref();
        let answer = format!("{:?}: ours {ours:?}, theirs {theirs:?}", case.template);
        match (same, case.why) {
            (true, None) => outcomes.right += 1,
            (true, Some(why)) => outcomes.wrong.push(format!("{answer}: no difference, but a reason: {why}")),
            (false, None) => outcomes.wrong.push(answer),
            (false, Some(why)) => outcomes.refuse(answer, why),
        }
    }
    outcomes.print("prompts beside Nunjucks (refused: they differ on purpose)");
    assert!(outcomes.wrong.is_empty(), "{:#?}", outcomes.wrong);
}
