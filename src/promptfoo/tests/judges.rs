//! The models that judge, and the prompts they are asked by.

use super::*;

fn checks_of(rows: &[DatasetRow]) -> Vec<&Vec<Check>> {
    rows.iter().map(|row| &row.checks).collect()
}

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
fn models_that_embed_and_moderate_are_named_apart_from_the_one_that_judges() {
    let text = "prompts: ['{{ a }}']
providers: [openai:y]
defaultTest:
  options:
    provider:
      id: mistral:large
      embedding: {id: 'mistral:embedding:e'}
      moderation: openai:moderation:omni
tests:
  - vars: {a: x}
    assert:
      - {type: llm-rubric, value: good}
      - {type: similar, value: good}
      - {type: moderation, value: [hate]}
      - {type: similar, value: good, provider: {id: 'azure:embeddings:ada', config: {apiHost: own.openai.azure.com}}}
      - {type: similar, value: good, provider: 'google:embedding:text-embedding-004'}
      - {type: similar, value: good, provider: 'voyage:voyage-2'}
      - {type: moderation, provider: 'replicate:moderation:meta/llama-guard'}
      - {type: classifier, value: calm, provider: 'huggingface:text-classification:a/b'}
      - {type: similar, value: good, provider: ./embed.js}
      - {type: llm-rubric, value: good, provider: 'exec: grade --all'}
      - type: llm-rubric
        value: good
        provider:
          id: https://own.example/v1/chat/completions
          config: {body: {model: m, messages: [{role: user, content: '{{prompt}}'}]}, transformResponse: 'json.choices[0].message.content'}
  - vars: {a: y}
    options: {provider: 'openai:embeddings:small'}
    assert: [{type: similar, value: good}, {type: llm-rubric, value: good}]
";
    let read = suite(text);
    let asked = rows(&read);
    let judges: Vec<_> = asked[0].checks.iter().map(|check| check.judge.as_deref().unwrap_or("none")).collect();
    let wanted = [
        "mistral/large",
        "mistral/e",
        "openai/omni",
        "azure:embeddings:ada (judge)",
        "google/text-embedding-004",
        "voyage/voyage-2",
        "replicate/meta/llama-guard",
        "hfinference/a/b",
        "none",
        "exec: grade --all (judge)",
        "https://own.example/v1/chat/completions (judge)",
    ];
    assert_eq!(judges, wanted, "{:?}", read.notices);
    let second: Vec<_> = asked[1].checks.iter().map(|check| check.judge.as_deref()).collect();
    assert_eq!(second, [Some("openai/small"), Some("mistral/large")]);
    let open: Vec<_> = asked[0].checks.iter().filter_map(crate::eval::check::unsupported).collect();
    assert_eq!(open, ["similar"], "there is no such file");
    let settings = read.settle(&Settings::default());
    assert!(settings.models.contains_key("exec: grade --all (judge)"));
    assert_eq!(settings.models["azure:embeddings:ada (judge)"].model, "ada");
    let again = rows(&parse(&write(&read), Path::new("c.yaml")).unwrap());
    assert_eq!(checks_of(&again), checks_of(&asked));
}

#[test]
fn a_judge_that_is_not_reached_is_left_to_whoever_names_one() {
    let text = "prompts: [a b]\nproviders: [openai:y]\ntests:\n  - assert:\n      - {type: llm-rubric, value: good, provider: 'bedrock:x'}\n      - {type: similar, value: good, provider: 'bedrock:x'}";
    let mut read = suite(text);
    assert!(read.not_judged().unwrap().contains("2 of 2 assertions"));
    read.stand_in = true;
    assert!(read.not_judged().unwrap().contains("1 of 2 assertions"), "{:?}", read.not_judged());
    let checks = rows(&read).remove(0).checks;
    assert_eq!((checks[0].kind.kind, checks[0].judge.as_deref()), (CheckKind::LlmRubric, None));
}

#[test]
fn a_rubric_prompt_of_a_config_is_what_the_judge_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("grade.yaml", "- {role: system, content: Grade.}\n- role: user\n  content: 'Is {{ output }} {{ tone }}?'\n");
    file("steps.txt", "{{ steps }}: {{ output }}\n");
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
      - {type: g-eval, value: x, rubricPrompt: {evaluate: 'file://steps.txt'}}
      - {type: context-faithfulness, rubricPrompt: ['{{ answer }}', '{{ statements }} {{ context }}']}
      - {type: select-best, value: x, rubricPrompt: '{{ outputs | length }} {{ criteria }}'}
      - {type: answer-relevance, rubricPrompt: x}
      - {type: context-faithfulness}
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
    assert_eq!(
        prompts[4..8],
        ["", "{{ steps }}: {{ output }}", "{{ statements }} {{ context }}", "{{ outputs | length }} {{ criteria }}"]
    );
    let first = |at: usize| asked[0].checks[at].first_prompt[0].content.as_str();
    assert!(first(5).contains("{{ criteria }}") && first(6) == "{{ answer }}");
    let open: Vec<_> = asked.iter().flat_map(|row| &row.checks).filter_map(crate::eval::check::unsupported).collect();
    assert_eq!(
        open,
        ["answer-relevance", "faithfulness", "llm-rubric", "llm-rubric"],
        "what its prompt cannot be used for"
    );
    let notices = suite.notices.join("\n");
    for part in
        [":7: assert: the `config`", ":16: assert: `rubricPrompt`: `grade.js` is a program", "no filter `shout`"]
    {
        assert!(notices.contains(part), "{part}: {notices}");
    }
    // It is the same when it is written, as a config and as rows.
    assert_eq!(checks_of(&rows(&parse(&write(&suite), &path).unwrap())), checks_of(&asked));
    for check in &asked[0].checks {
        assert_eq!(crate::eval::check::promptfoo::of_exact(&suite::exact_check(check)).as_ref(), Ok(check));
    }
}
