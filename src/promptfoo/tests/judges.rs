//! The models that judge, and the prompts they are asked by.

use super::*;

#[test]
fn models_that_judge_have_settings_of_their_own() {
    let suite = suite(
        "prompts: ['{{ a }}']\nproviders: [openai:y]\ndefaultTest:\n  options:\n    provider:\n      text: {id: groq:llama-x, config: {temperature: 0, apiKeyEnvar: MY_KEY}}\n      embedding: openai:embedding:e\ntests:\n  - vars: {a: x}\n    assert:\n      - {type: llm-rubric, value: good}\n      - {type: llm-rubric, value: good, provider: {id: 'mistral:m', config: {max_tokens: 9}}}\n      - {type: llm-rubric, value: good, provider: 'openai:y'}\n      - {type: llm-rubric, value: good, provider: 'xai:g'}\n      - {type: llm-rubric, value: good, provider: 'bedrock:g'}",
    );
    let row = rows(&suite).remove(0);
    let judges: Vec<_> = row.checks.iter().map(|check| check.judge.as_deref()).collect();
    assert_eq!(
        judges,
        [Some("groq:llama-x (judge)"), Some("mistral:m (judge)"), Some("openai:y"), Some("xai/g"), None]
    );
    assert_eq!(row.checks[4].kind.kind, CheckKind::Unsupported);
    assert!(row.checks[4].value.as_ref().unwrap()["mistake"].as_str().unwrap().contains("`bedrock` is not supported"));
    assert!(
        suite.notices.iter().any(|notice| notice.starts_with("c.yaml:7: the provider for `embedding`")),
        "{:?}",
        suite.notices
    );
    assert!(
        suite.notices.iter().any(|notice| notice.starts_with("c.yaml:15: ")
            && notice.contains("`bedrock`")
            && notice.contains("inconclusive")),
        "{:?}",
        suite.notices
    );
    let settings = suite.settle(&Settings::default());
    let judge = &settings.models["groq:llama-x (judge)"];
    assert_eq!(judge.requests.params.temperature, Some(0.0));
    assert_eq!(settings.providers[&judge.provider].api_keys, [KeySource::Env("MY_KEY".to_owned())]);
    // They read the same when they are written, and so does a check that cannot run.
    let again = parse(&write(&suite), Path::new("c.yaml")).unwrap();
    assert_eq!(rows(&again).remove(0).checks, row.checks);
    let read = crate::eval::check::promptfoo::of_exact(&suite::exact_check(&row.checks[4])).unwrap();
    assert_eq!(read, row.checks[4]);
}

#[test]
fn a_rubric_prompt_of_a_config_is_what_the_judge_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("grade.yaml", "- {role: system, content: Grade.}\n- role: user\n  content: 'Is {{ output }} {{ tone }}?'\n");
    file("grade.txt", "{{ rubric }}: {{ output }}\n");
    let text = "prompts: [a b]
defaultTest: {options: {rubricPrompt: 'By all: {{ output }}'}}
tests:
  - vars: {tone: warm}
    assert:
      - {type: llm-rubric}
      - {type: llm-rubric, value: kind, config: {temperature: 0}, rubricPrompt: 'file://grade.yaml'}
      - {type: factuality, value: x, rubricPrompt: 'file://grade.txt'}
      - {type: model-graded-closedqa, value: x, rubricPrompt: [{role: user, content: '{{ criteria }} {{ completion }}'}]}
      - {type: g-eval, value: x}
      - {type: llm-rubric, value: x, rubricPrompt: 'file://grade.js'}
  - assert: [{type: llm-rubric, value: y}]
    options: {rubricPrompt: '[{\"role\": \"user\", \"content\": \"{{ output }} {{ rubric }}\"}]'}
  - assert: [{type: llm-rubric, value: y, rubricPrompt: '{{ output | shout }}'}]
";
    let path = folder.path().join("c.yaml");
    let suite = parse(text, &path).unwrap();
    let said = |check: &Check| check.judge_prompt.iter().map(|turn| turn.content.clone()).collect::<Vec<_>>().join("/");
    let asked = rows(&suite);
    let prompts: Vec<String> = asked[0].checks.iter().map(said).collect();
    let wanted = [
        "By all: {{ output }}",
        "Grade./Is {{ output }} {{ tone }}?",
        "{{ rubric }}: {{ output }}",
        "{{ criteria }} {{ completion }}",
    ];
    assert_eq!(prompts[..4], wanted);
    assert_eq!(said(&asked[1].checks[0]), "{{ output }} {{ rubric }}", "that of the test goes over that of all");
    let open: Vec<_> = asked.iter().flat_map(|row| &row.checks).filter_map(crate::eval::check::unsupported).collect();
    assert_eq!(open, ["g-eval", "llm-rubric", "llm-rubric"]);
    let notices = suite.notices.join("\n");
    for part in
        [":7: assert: the `config`", ":11: assert: `rubricPrompt`: `file://grade.js` is a program", "no filter `shout`"]
    {
        assert!(notices.contains(part), "{part}: {notices}");
    }
    // It is the same when it is written, as a config and as rows.
    assert_eq!(rows(&parse(&write(&suite), &path).unwrap()), asked);
    for check in &asked[0].checks {
        assert_eq!(crate::eval::check::promptfoo::of_exact(&suite::exact_check(check)).as_ref(), Ok(check));
    }
}
