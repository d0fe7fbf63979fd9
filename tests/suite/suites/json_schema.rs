//! JSON-Schema-Test-Suite: answers judged by schemas of every draft that is read, formats included.
//! <https://github.com/json-schema-org/JSON-Schema-Test-Suite>
//!
//! A schema stands alone here, so that those which lead to others are refused: these are counted by
//! reason and are not wrong. A format is asserted here, which the suite has an annotation by default.

use std::{fs, path::Path};

use retort::{
    eval::{Answer, CheckSuite},
    model::{Cost, Finish, Format, Response, Rule, Status},
};
use serde::Deserialize;
use serde_json::Value;

use super::{Outcomes, files, suite};

/// Each folder of the suite with the address of its draft.
const DRAFTS: &[(&str, &str)] = &[
    ("draft4", "http://json-schema.org/draft-04/schema#"),
    ("draft6", "http://json-schema.org/draft-06/schema#"),
    ("draft7", "http://json-schema.org/draft-07/schema#"),
    ("draft2019-09", "https://json-schema.org/draft/2019-09/schema"),
    ("draft2020-12", "https://json-schema.org/draft/2020-12/schema"),
];

#[derive(Deserialize)]
struct Group {
    description: String,
    schema: Value,
    tests: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    description: String,
    data: Value,
    valid: bool,
}

/// What ends the name of a case in which a format is to assert nothing.
const ANNOTATION: &str = "is only an annotation by default";

/// The rules of an answer that a schema judges, or why it is refused.
fn judge(schema: Value) -> Result<CheckSuite, String> {
    let response = Response { format: Format::Schema, schema: Some(schema), ..Response::default() };
    CheckSuite::new(&response, &[]).map_err(|bad| match bad.found.split_once("http://localhost:1234/") {
        Some((before, _)) if before.starts_with("a `$ref` to") => "a `$ref` to another document".to_owned(),
        Some(_) => "a `$schema` that is another document".to_owned(),
        None => bad.to_string(),
    })
}

fn holds(judge: &CheckSuite, data: &Value) -> bool {
    let text = data.to_string();
    let answer = Answer {
        text: &text,
        finish: Some(&Finish::Stop),
        latency: None,
        cost: Cost::Unknown,
        tools: retort::eval::ToolTrace::NONE,
    };
    let verdicts = judge.judge(&answer).quality.verdicts;
    let schema: Vec<_> = verdicts.iter().filter(|verdict| verdict.rule == Rule::Schema).collect();
    assert!(
        !schema.is_empty() && schema.iter().all(|verdict| verdict.status != Status::Inconclusive),
        "{text}: {verdicts:?}"
    );
    schema.iter().all(|verdict| verdict.status == Status::Passed)
}

/// Runs the files of a folder. A schema that names no draft is given the address of `draft`, as the
/// folder means it; without one, its draft is told from its forms.
fn run(folder: &Path, draft: Option<&str>) -> Outcomes {
    let mut outcomes = Outcomes::default();
    for (file, path) in files(folder, "json") {
        let groups: Vec<Group> = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        for Group { description, mut schema, tests } in groups {
            if let (Value::Object(fields), Some(draft)) = (&mut schema, draft) {
                fields.entry("$schema").or_insert_with(|| draft.into());
            }
            let judge = judge(schema);
            for case in tests {
                let name = format!("{file}: {description}: {}", case.description);
                match &judge {
                    Ok(judge) => {
                        let valid = case.valid && !case.description.ends_with(ANNOTATION);
                        let expected = if valid { "valid" } else { "invalid" };
                        outcomes.take(name, holds(judge, &case.data) == valid, expected);
                    }
                    Err(why) => outcomes.refuse(name, why),
                }
            }
        }
    }
    outcomes
}

#[test]
#[ignore = "needs data: tests/suites/run.sh runs it"]
fn the_json_schema_test_suite_has_nothing_wrong() {
    let tests = suite("json-schema/tests");
    let mut wrong = Vec::new();
    for (draft, address) in DRAFTS {
        for (title, folder, address) in [
            ("required", "", Some(*address)),
            ("required, as it is", "", None),
            ("optional formats", "optional/format", Some(*address)),
        ] {
            let outcomes = run(&tests.join(draft).join(folder), address);
            outcomes.print(&format!("JSON-Schema-Test-Suite {draft}, {title}"));
            assert!(outcomes.right > 50, "{draft} {title}: {}", outcomes.right);
            wrong.extend(outcomes.wrong);
        }
    }
    assert!(wrong.is_empty(), "{} are wrong", wrong.len());
}
