//! Configs as people write them: what becomes of them, and what is refused.

mod judges;

use proptest::prelude::*;
use serde_json::json;

use crate::{
    model::{Check, CheckKind, DatasetRow, KeySource, Settings, ToolChoice, Wire},
    promptfoo::{nunjucks, prompts, *},
};

fn suite(text: &str) -> Suite {
    parse(text, Path::new("c.yaml")).unwrap()
}

fn error(text: &str) -> String {
    parse(text, Path::new("c.yaml")).unwrap_err().message
}

fn rows(suite: &Suite) -> Vec<DatasetRow> {
    suite.rows().collect::<Result<_, _>>().unwrap()
}

/// What is left of a suite without its lines, its notices and the files it is made of.
fn bare(mut suite: Suite) -> Suite {
    suite.notices.clear();
    suite.content = Content::default();
    suite.default_test.line = 0;
    for tests in &mut suite.tests {
        if let Tests::Inline(test) = tests {
            test.line = 0;
        }
    }
    suite
}

const WHOLE: &str = r#"
description: Translations
prompts:
  - 'Convert to {{language}}: {{input}}'
  - label: chat
    raw: |
      [{"role": "system", "content": "Be {{ tone }}."}, {"role": "user", "content": "{{input}}"}]
providers:
  - openai:gpt-4o
  - id: openai:chat:small
    label: local
    prompts: [chat]
    config:
      apiBaseUrl: http://127.0.0.1:9/v1/
      temperature: 0.5
      max_tokens: 20
      stop: [END]
      response_format: {type: json_object}
  - id: anthropic:messages:claude-x
    config: {top_k: 4}
defaultTest:
  vars: {tone: kind}
  assert:
    - {type: latency, threshold: 5000}
  options: {provider: "openai:gpt-4o"}
evaluateOptions: {maxConcurrency: 3, repeat: 2, cache: false}
tests:
  - description: both
    vars:
      language: [French, German]
      input: ["Hello", "Bye\n"]
    assert:
      - {type: not-contains, value: sorry, weight: 2, metric: polite}
      - {type: llm-rubric, value: is polite}
      - {type: javascript, value: output.length > 1}
    threshold: 0.5
  - vars: {language: Dutch, input: "a: {\"b\": 1}", n: 5}
    metadata: {kind: odd}
outputPath: out.html
"#;

#[test]
fn a_whole_config_becomes_prompts_by_target_and_rows() {
    let suite = suite(WHOLE);
    assert_eq!(
        (suite.options.concurrency, suite.options.samples, suite.options.cache),
        (Some(3), Some(2), Some(false))
    );
    assert_eq!(suite.notices, ["c.yaml:39: `outputPath` has no effect here"]);
    let rows = rows(&suite);
    let found: Vec<_> =
        rows.iter().map(|row| (row.number, row.input.vars["language"].as_str(), row.input.text.as_str())).collect();
    assert_eq!(
        found,
        [
            (1, "French", "Hello"),
            (2, "French", "Bye"),
            (3, "German", "Hello"),
            (4, "German", "Bye"),
            (5, "Dutch", "a: {\"b\": 1}")
        ]
    );
    let kinds: Vec<String> = rows[0].checks.iter().map(|check| check.kind.to_string()).collect();
    assert_eq!(kinds, ["latency", "not-contains", "llm-rubric", "exec"]);
    assert_eq!(rows[0].checks[2].judge.as_deref(), Some("openai:gpt-4o"));
    assert_eq!((rows[0].min_score, rows[4].min_score, rows[4].line), (Some(0.5), None, Some(37)));
    assert_eq!(rows[4].input.value("tone"), Some("kind"));
    let lanes = suite.lanes().unwrap();
    let found: Vec<_> = lanes.iter().map(|(name, prompt)| (name.as_str(), prompt.targets.clone())).collect();
    assert_eq!(found[0], ("prompt-1 · openai:gpt-4o", vec!["openai:gpt-4o".to_owned()]));
    assert_eq!(found[3], ("chat · local", vec!["local".to_owned()]));
    assert_eq!((lanes[3].1.params.temperature, lanes[3].1.params.max_tokens), (Some(0.5), Some(20)));
    let settings = suite.settle(&Settings::default());
    assert_eq!(settings.models["local"].model, "small");
    assert_eq!(settings.providers["local"].base_url.as_deref(), Some("http://127.0.0.1:9/v1"));
    assert!(settings.providers["local"].api_keys.is_empty(), "a key of the vendor's goes to no other address");
}

#[test]
fn an_id_is_read_by_its_longest_beginning() {
    let suite = suite("prompts: ['{{ a }}']\nproviders: ['openai:responses:gpt-x', 'openai:gpt-x', 'google:gemini-x']");
    let kinds: Vec<_> = suite.targets.iter().map(|target| target.model.clone().unwrap()).collect();
    let at = |vendor: &str, wire, model: &str| SuiteModel {
        vendor: Some(vendor.to_owned()),
        wire,
        name: model.to_owned(),
        command: Vec::new(),
    };
    let gpt = [
        at("openai", Wire::Responses, "gpt-x"),
        at("openai", Wire::OpenAi, "gpt-x"),
        at("google", Wire::Gemini, "gemini-x"),
    ];
    assert_eq!(kinds, gpt);
    let settings = suite.settle(&Settings::default());
    let provider = &settings.providers[&settings.models["openai:responses:gpt-x"].provider];
    assert_eq!((provider.kind, &provider.base_url), (Wire::Responses, &None));
    assert_eq!(provider.api_keys, [KeySource::Env("OPENAI_API_KEY".to_owned())]);
}

/// The one target of a config whose provider has this `config`.
fn configured(id: &str, config: &str) -> (SuiteTarget, Vec<String>) {
    let text = format!("prompts: [a b]\nproviders:\n  - id: {id}\n    label: it\n    config: {config}");
    let mut suite = suite(&text);
    (suite.targets.remove(0), suite.notices)
}

#[test]
fn the_keys_of_a_config_become_settings_and_fields_of_the_request() {
    for (id, config, wanted) in [
        ("openai:x", "{max_output_tokens: 5, topP: 0.5}", json!({"max_tokens": 5, "top_p": 0.5})),
        (
            "openai:x",
            "{max_completion_tokens: 5, seed: 3, stop: [a]}",
            json!({"max_tokens": 5, "seed": 3, "stop": ["a"]}),
        ),
        ("openai:x", "{reasoning_effort: low, verbosity: low}", json!({"reasoning_effort": "low", "verbosity": "low"})),
        (
            "openai:responses:x",
            "{reasoning: {effort: high, summary: auto}, verbosity: low}",
            json!({"reasoning_effort": "high", "reasoning": {"summary": "auto"}, "text": {"verbosity": "low"}}),
        ),
        (
            "google:x",
            "{generationConfig: {maxOutputTokens: 7, topK: 4, stopSequences: [b]}, safetySettings: []}",
            json!({"max_tokens": 7, "topK": 4, "stop": ["b"], "safetySettings": []}),
        ),
        (
            "anthropic:messages:x",
            "{thinking: {type: enabled, budget_tokens: 2000}}",
            json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}),
        ),
        ("openai:x", "{passthrough: {user: me}, extra_body: {a: 1}}", json!({"user": "me", "a": 1})),
        ("perplexity:sonar", "{search_recency_filter: week}", json!({"search_recency_filter": "week"})),
    ] {
        let (target, notices) = configured(id, config);
        let mut params = json!(target.params);
        let extra = params.as_object_mut().and_then(|fields| fields.shift_remove("extra")).unwrap_or_default();
        params.as_object_mut().unwrap().extend(extra.as_object().cloned().unwrap_or_default());
        assert_eq!(params, wanted, "{config}");
        assert!(notices.is_empty(), "{notices:?}");
    }
    let (target, _) = configured("google:x", "{response_mime_type: application/json, responseSchema: {type: object}}");
    assert_eq!((target.response.format, target.response.schema), (Format::Schema, Some(json!({"type": "object"}))));
    let (target, _) = configured("openai:responses:x", "{instructions: 'Be {{ tone }}.', stream: false}");
    assert_eq!((target.system.as_deref(), target.stream), (Some("Be {{ tone }}."), Some(false)));
    let (target, notices) = configured("openai:x", "{apiKey: sk-secret-1234, timeoutMs: 5, cost: 1}");
    assert!(target.key.is_none() && !format!("{target:?}").contains("sk-secret"), "{target:?}");
    assert!(notices[0].starts_with("c.yaml:5: `apiKey` is not taken over"), "{notices:?}");
    assert!(notices[1].contains("`config.timeoutMs` has no effect here"), "{notices:?}");
}

#[test]
fn a_vendor_is_asked_where_its_row_says() {
    let settled = |id: &str, config: &str| {
        let (target, _) = configured(id, config);
        let suite = Suite { targets: vec![target], ..Suite::default() };
        let settings = suite.settle(&Settings::default());
        settings.providers[&settings.models["it"].provider].clone()
    };
    let groq = settled("groq:llama-x", "{}");
    assert_eq!(groq.address(), Some("https://api.groq.com/openai/v1"));
    assert_eq!(groq.api_keys, [KeySource::Env("GROQ_API_KEY".to_owned())]);
    let azure =
        settled("azure:chat:d", "{apiHost: a.openai.azure.com, apiVersion: 2024-10-21, apiKeyEnvar: AZURE_API_KEY}");
    assert_eq!(azure.address(), Some("https://a.openai.azure.com"));
    assert_eq!(
        (azure.vendor().unwrap().name.as_str(), azure.requests.query["api-version"].as_str()),
        ("azure", "2024-10-21")
    );
    assert_eq!(settled("mistral:m", "{apiHost: m.example}").address(), Some("https://m.example/v1"));
    assert_eq!(settled("llama:m", "{}").address(), Some("http://127.0.0.1:8080/v1"));
    let xai = settled("xai:responses:m", "{}");
    assert_eq!((xai.address(), xai.kind), (Some("https://api.x.ai/v1"), Wire::Responses));
    assert_eq!(settled("echo", "{}").kind, Wire::Demo);
    // Of several that are configured the one of the vendor is taken.
    let mut own = Settings::default();
    own.providers.insert(
        "groq".to_owned(),
        crate::model::settings::ProviderSettings { api_keys: vec![KeySource::Env("MINE".to_owned())], ..groq },
    );
    let suite = Suite { targets: vec![configured("groq:llama-x", "{}").0], ..Suite::default() };
    assert_eq!(suite.settle(&own).models["it"].provider, "groq");
}

#[test]
fn instructions_go_before_the_prompts_of_their_provider_alone() {
    let suite = suite(
        "prompts: ['{{ a }}']\nproviders:\n  - id: openai:responses:x\n    config: {instructions: 'Be {{ tone }}'}\n  - openai:y\ntests:\n  - vars: {a: x}",
    );
    let lanes = suite.lanes().unwrap();
    let turns: Vec<Vec<_>> =
        lanes.iter().map(|(_, prompt)| prompt.turns().iter().map(|turn| turn.content.clone()).collect()).collect();
    assert_eq!(turns, [vec!["Be {{ tone }}", "{{ a }}"], vec!["{{ a }}"]]);
    let missing = suite.rows().next().unwrap().unwrap_err().message;
    assert!(missing.contains("`tone`"), "{missing}");
}

#[test]
fn a_prompt_has_its_own_part_of_the_config() {
    let suite = suite(
        "prompts:\n  - raw: '{{ a }}'\n    config: {temperature: 1, response_format: {type: json_object}}\nproviders:\n  - id: openai:y\n    config: {temperature: 0.5, max_tokens: 3}",
    );
    let (_, prompt) = suite.lanes().unwrap().remove(0);
    assert_eq!((prompt.params.temperature, prompt.params.max_tokens), (Some(1.0), Some(3)));
    assert_eq!(prompt.response.format, Format::Json);
}

#[test]
fn what_code_would_change_first_is_inconclusive() {
    let kinds = |text: &str| -> Vec<String> {
        rows(&suite(text)).iter().flat_map(|row| row.checks.iter().map(|check| check.kind.to_string())).collect()
    };
    let tests = "tests:\n  - vars: {a: x}\n    assert:\n      - {type: equals, value: x}\n      - {type: latency, threshold: 5}\n      - {type: llm-rubric, value: good}";
    let head = "prompts: ['{{ a }}']\n";
    assert_eq!(
        kinds(&format!("{head}{tests}\n    options: {{transform: 'output.split()'}}")),
        ["unsupported", "latency", "unsupported"]
    );
    assert_eq!(
        kinds(&format!("{head}defaultTest: {{options: {{transform: 'output.split()'}}}}\n{tests}")),
        ["unsupported", "latency", "unsupported"]
    );
    assert_eq!(
        kinds(&format!("{head}{tests}\n    options: {{rubricPrompt: 'file://x.js'}}")),
        ["equals", "latency", "unsupported"]
    );
    assert_eq!(
        kinds(&format!("{head}{tests}\n    assertScoringFunction: file://x.js")),
        ["equals", "latency", "llm-rubric", "unsupported"]
    );
    let notices = suite(&format!("{head}{tests}\n    options: {{transform: 'output.split()'}}")).notices;
    assert!(
        notices[0].starts_with("c.yaml:8: `options.transform`") && notices[0].contains("inconclusive"),
        "{notices:?}"
    );
}

#[test]
fn a_part_of_the_answer_is_what_its_checks_look_at() {
    let tests = "tests:\n  - vars: {a: x}\n    assert:\n      - {type: equals, value: x}\n      - {type: latency, threshold: 5}\n      - {type: contains, value: y, transform: output.b.trim()}\n      - {type: tool-called, value: t}";
    let parts = |text: &str| -> Vec<String> {
        let row = rows(&suite(text)).remove(0);
        let part = |check: &Check| match &check.transform {
            Some(part) => format!("{} of {part}", check.kind),
            None => check.kind.to_string(),
        };
        row.checks.iter().map(part).collect()
    };
    let head = "prompts: ['{{ a }}']\n";
    assert_eq!(
        parts(&format!("{head}{tests}\n    options: {{transform: 'JSON.parse(output).a'}}")),
        ["equals of JSON.parse(output).a", "latency", "contains of JSON.parse(output).a.b.trim()", "unsupported"]
    );
    let default = format!(
        "{head}defaultTest: {{assert: [{{type: equals, value: z}}], options: {{transform: output.trim()}}}}\n{tests}"
    );
    assert_eq!(
        parts(&default),
        [
            "equals of output.trim()",
            "equals of output.trim()",
            "latency",
            "contains of output.trim().b.trim()",
            "unsupported"
        ]
    );
    assert_eq!(parts(&format!("{default}\n    options: {{transform: output.c}}"))[..2], ["equals of output.c"; 2]);
    let words = suite(&default).not_judged().unwrap();
    assert!(words.contains("1 of 5 assertions") && words.ends_with("1 × tool-called"), "{words}");
    let again = parse(&write(&suite(&default)), Path::new("c.yaml")).unwrap();
    assert_eq!(rows(&again).remove(0).checks, rows(&suite(&default)).remove(0).checks);
}

#[test]
fn lists_stay_lists_where_they_are_not_to_be_expanded() {
    let suite = suite("prompts: ['{{ a }}']\ntests:\n  - vars: {a: [x, y]}\n    options: {disableVarExpansion: true}");
    let rows = rows(&suite);
    assert_eq!((rows.len(), rows[0].input.vars["a"].as_str()), (1, "[\"x\",\"y\"]"));
}

#[test]
fn a_value_is_filled_from_the_variables_it_names() {
    let filled = suite("prompts: ['{{ a }}']\ntests:\n  - vars: {a: 'x {{ b }}', b: '{{ c }}y', c: [z, w]}");
    let values: Vec<_> = rows(&filled).iter().map(|row| row.input.vars["a"].as_str().to_owned()).collect();
    assert_eq!(values, ["x zy", "x wy"]);
    for (vars, part) in [("{a: '{{ a }}'}", "`a` name one another, or themselves"), ("{a: '{{ b }}'}", "names `b`")] {
        let odd = suite(&format!("prompts: ['{{{{ a }}}}']\ntests:\n  - vars: {vars}"));
        let words = odd.rows().next().unwrap().unwrap_err().message;
        assert!(words.starts_with("c.yaml:3: ") && words.contains(part), "{words}");
    }
}

#[test]
fn scenarios_are_every_test_with_every_entry() {
    let suite = suite(
        "prompts: ['{{ l }} {{ t }}']\ndefaultTest: {vars: {t: none}}\nscenarios:\n  - config:\n      - {vars: {l: de, t: x}, \
         assert: [{type: contains, value: de}]}\n      - {vars: {l: fr}, metadata: {k: v}, options: {prefix: p}}\n    tests:\n      \
         - {vars: {t: a}, assert: [{type: is-json}], threshold: 0.5}\n      - {description: second}\n  - config: [{vars: {l: nl}}]",
    );
    let rows = rows(&suite);
    let vars = |row: &DatasetRow| ["l", "t"].map(|name| row.input.vars[name].as_str().to_owned()).concat();
    assert_eq!(rows.iter().map(vars).collect::<Vec<_>>(), ["dea", "dex", "fra", "frnone", "nlnone"]);
    let kinds = |row: &DatasetRow| row.checks.iter().map(|check| check.kind.to_string()).collect::<Vec<_>>();
    assert_eq!((kinds(&rows[0]), kinds(&rows[3])), (vec!["contains".to_owned(), "is-json".to_owned()], vec![]));
    assert_eq!((rows[0].min_score, rows[1].description.as_deref()), (Some(0.5), Some("second")));
    assert_eq!(rows[3].metadata["k"], "v");
    assert!(suite.notices[0].contains("`options` of an entry"), "{:?}", suite.notices);
}

#[test]
fn what_promptfoo_does_not_know_either_is_noted_and_passes_nothing() {
    let suite = suite(
        "prompts: [a b]\nshelf: {kind: {type: contains, value: a}}\ntests:\n  - options: {includeMetrics: true}\n    assert:\n      \
         - {type: min-length, value: 3}\n      - {type: contains, value: a, because: x}\n      - {$ref: '#/shelf/kind'}\n",
    );
    let kinds: Vec<_> = rows(&suite)[0].checks.iter().map(|check| check.kind.kind).collect();
    assert_eq!(kinds, [CheckKind::Unsupported, CheckKind::Contains, CheckKind::Contains]);
    for (notice, part) in
        suite.notices.iter().zip([":2: unknown key `shelf`", "`includeMetrics`", "`min-length`", "no key `because`"])
    {
        assert!(notice.contains(part), "{:?}", suite.notices);
    }
    assert_eq!(suite.notices.len(), 4);
}

#[test]
fn attacks_that_promptfoo_made_are_run_as_tests() {
    let suite = suite("prompts: ['{{ a }}']\nredteam: {purpose: x}\ntests:\n  - vars: {a: x}");
    assert_eq!(suite.notices, ["c.yaml:2: `redteam` has no effect here; the tests in `tests` are run"]);
}

#[test]
fn tools_of_a_provider_become_those_of_its_prompts_and_what_a_vendor_runs_goes_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tools.json");
    std::fs::write(&file, r#"[{"type":"function","function":{"name":"in_file","parameters":{"type":"object"}}}]"#)
        .unwrap();
    let text = "prompts: ['{{ q }}']
providers:
  - id: openai:gpt-4o-mini
    config:
      tools:
        - file://tools.json
        - type: function
          function: {name: weather, description: Tells., parameters: {type: object, properties: {city: {type: string}}}}
        - type: web_search_preview
      tool_choice: {type: function, function: {name: weather}}
      parallel_tool_calls: false
  - id: anthropic:claude-haiku-4-5
    config:
      tools: [{name: weather, input_schema: {type: object}}]
      tool_choice: {type: any}
tests: [{vars: {q: x}, assert: [{type: tool-call-f1, value: [weather]}, {type: is-valid-openai-tools-call}]}]
";
    let suite = parse(text, &folder.path().join("c.yaml")).unwrap();
    let [openai, anthropic] = suite.targets.as_slice() else { panic!("{:?}", suite.targets) };
    let names = |target: &SuiteTarget| target.tools.tools.iter().map(|tool| tool.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(openai), ["in_file", "weather"]);
    assert_eq!(openai.params.extra.get("tools"), Some(&json!([{"type": "web_search_preview"}])));
    assert_eq!(
        (&openai.tools.choice, openai.tools.parallel),
        (&Some(ToolChoice::Named("weather".to_owned())), Some(false))
    );
    assert_eq!((names(anthropic), &anthropic.tools.choice), (vec!["weather".to_owned()], &Some(ToolChoice::Required)));
    let lanes = suite.lanes().unwrap();
    assert!(lanes.iter().all(|(_, prompt)| prompt.tools.iter().any(|tool| tool.name == "weather")), "{lanes:?}");
    let kinds: Vec<String> = rows(&suite)[0].checks.iter().map(|check| check.kind.to_string()).collect();
    assert_eq!(kinds, ["tool-call-f1", "is-valid-openai-tools-call"]);
    let again = providers::write(openai);
    assert_eq!(again.pointer("/config/tools/1/function/name"), Some(&json!("weather")), "{again}");
    assert_eq!(again.pointer("/config/tool_choice/function/name"), Some(&json!("weather")));
}

#[test]
fn providers_are_read_from_files_and_have_names_of_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let save = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    save("one.yaml", "id: openai:x\nconfig: {temperature: 1}\n");
    save("many.json", "[\"groq:a\", {\"id\": \"openai:x\"}]");
    save("bad.yaml", "- openai:x\n- bedrock:y\n");
    save(
        "c.yaml",
        "prompts: [a b]\nproviders:\n  - file://one.yaml\n  - file://many.json\ntests: [{vars: {q: file://x.sql}}]\n",
    );
    save("x.sql", "SELECT 1;\n");
    let read = |name: &str| read(&dir.path().join(name), Use::Run, &Consent::Nothing, &allowed());
    let suite = read("c.yaml").unwrap();
    let names: Vec<_> = suite.targets.iter().map(|target| target.name.as_str()).collect();
    assert_eq!(names, ["openai:x", "groq:a", "openai:x (2)"]);
    assert!(suite.notices[0].contains("many.json:1: two providers are called `openai:x`"), "{:?}", suite.notices);
    assert_eq!(rows(&suite)[0].input.vars["q"].as_str(), "SELECT 1;");
    save("c.yaml", "prompts: [a b]\nproviders: file://bad.yaml\n");
    let refused = read("c.yaml").unwrap_err().message;
    assert!(refused.contains("bad.yaml:2: the provider `bedrock`"), "{refused}");
    save("c.yaml", "prompts: [a b]\nproviders: file://c2.yaml\n");
    save("c2.yaml", "- file://c2.yaml\n");
    let refused = read("c.yaml").unwrap_err().message;
    assert!(refused.contains("c2.yaml:1: ") && refused.contains("too deep"), "{refused}");
}

/// The hosts of the vendors.
fn allowed() -> Allowed {
    let mut settings = Settings::default();
    for vendor in crate::model::Vendor::all() {
        settings.providers.insert(vendor.name.clone(), crate::model::settings::ProviderSettings::of_vendor(vendor));
    }
    Allowed::of(&settings)
}

#[test]
fn a_program_is_found_beside_the_config_and_needs_a_yes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.yaml");
    std::fs::write(&path, "prompts: [a b]\nproviders: ['exec: sh answer.sh -v']\n").unwrap();
    std::fs::write(dir.path().join("answer.sh"), "echo one").unwrap();
    let refused = read(&path, Use::Run, &Consent::Nothing, &allowed()).unwrap_err().message;
    assert!(refused.contains("c.yaml:2: start the program `sh answer.sh -v`"), "{refused}");
    let suite = read(&path, Use::Import, &Consent::Nothing, &allowed()).unwrap();
    let script = dir.path().canonicalize().unwrap().join("answer.sh");
    assert_eq!(suite.targets[0].model.as_ref().unwrap().command[1], script.to_string_lossy());
    assert!(suite.content.files().any(|file| file == script), "what it runs is part of what is agreed to");
    let settings = suite.settle(&Settings::default());
    let name = "exec: sh answer.sh -v";
    assert_eq!((settings.models[name].provider.as_str(), settings.providers[name].kind), (name, Wire::Command));
}

#[test]
fn a_file_of_code_is_asked_by_a_program_of_ours() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.yaml");
    let config = "prompts: [a b]\nproviders:\n  - id: file://p.py:ask\n    label: mine\n    config: {depth: 2}\n  - python:p.py\n";
    std::fs::write(&path, config).unwrap();
    std::fs::write(dir.path().join("p.py"), "").unwrap();
    let refused = read(&path, Use::Run, &Consent::Nothing, &allowed()).unwrap_err().message;
    assert!(refused.contains("c.yaml:3: start the program `python3 p.py:ask`"), "{refused}");
    let suite = read(&path, Use::Run, &Consent::All, &allowed()).unwrap();
    let script = dir.path().canonicalize().unwrap().join("p.py").to_string_lossy().into_owned();
    let words = |at: usize| suite.targets[at].model.as_ref().unwrap().command[3..].to_vec();
    assert_eq!(words(0), [&script, "ask", "file://p.py:ask", "{\"depth\":2}", "answer", "{prompt}"]);
    assert_eq!(words(1), [script.as_str(), "", "python:p.py", "{}", "answer", "{prompt}"]);
    assert!(suite.notices[0].contains("`context.vars` is empty"), "{:?}", suite.notices);
    for (value, part) in [("'{{env.KEY}}'", "not filled"), ("['file://x.yaml']", "write what is in it")] {
        std::fs::write(&path, config.replace('2', value)).unwrap();
        let words = read(&path, Use::Run, &Consent::All, &allowed()).unwrap_err().message;
        assert!(words.contains("c.yaml:5: config.depth: ") && words.contains(part), "{words}");
    }
}

#[test]
fn a_request_of_chat_completions_that_is_written_out_is_one() {
    let written = |more: &str| {
        format!(
            "prompts: ['{{{{ a }}}}']\nproviders:\n  - id: https://x.example/v1/chat/completions\n    label: mine\n    config:\n      \
             headers: {{Content-Type: application/json, Authorization: 'Bearer {{{{env.K}}}}', x-team: blue}}\n      \
             body:\n        model: m\n        temperature: 0.5\n        depth: 3\n        messages: [{{role: system, content: Be kind.}}, {{role: user, \
             content: '{{{{prompt}}}}'}}]\n{more}"
        )
    };
    let suite = suite(&written("      transformResponse: json.choices[0].message.content\n"));
    let target = &suite.targets[0];
    assert_eq!((target.name.as_str(), target.base_url.as_deref()), ("mine", Some("https://x.example/v1")));
    assert_eq!((target.key.as_deref(), target.system.as_deref()), (Some("K"), Some("Be kind.")));
    assert_eq!((target.headers["x-team"].as_str(), target.params.temperature), ("blue", Some(0.5)));
    assert_eq!(target.params.extra["depth"], json!(3));
    assert_eq!(target.model.as_ref().map(|model| (model.wire, model.name.as_str())), Some((Wire::OpenAi, "m")));
    for (more, part) in [
        ("      transformResponse: json.output\n", "config.transformResponse: it is not `json.choices"),
        ("      transformResponse: '(json) => json.x'\n", "config.transformResponse"),
        ("      tls: {caPath: x}\n", "config.tls: it is none of"),
        ("      method: GET\n", "config.method"),
    ] {
        let words = error(&written(more));
        assert!(words.starts_with("c.yaml:12: ") && words.contains(part) && words.contains("`python:FILE`"), "{words}");
    }
    let other = error(
        "prompts: [a b]\nproviders:\n  - {id: http, config: {url: 'http://x.example/ask', body: {q: '{{prompt}}'}}}",
    );
    assert!(other.contains("does not end with /chat/completions"), "{other}");
}

#[test]
fn other_models_may_take_the_place_of_the_providers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.yaml");
    std::fs::write(&path, "prompts: [a b]\nproviders: ['bedrock:x']\n").unwrap();
    let suite = read(&path, Use::RunElsewhere, &Consent::Nothing, &Allowed::default()).unwrap();
    assert!(suite.targets.is_empty());
    assert!(read(&path, Use::Run, &Consent::Nothing, &Allowed::default()).is_err());
}

#[test]
fn import_then_export_then_import_is_the_identity() {
    for text in [
        WHOLE,
        "prompts: ['{{ a }}']",
        "prompts: |-\n  one {{ a }}\n  two\nproviders: ollama:chat:llama3\ntests:\n  - vars: {a: x}\n",
        "prompts: ['{% raw %}{{ x }}{% endraw %} {{ a.b }}', \"[{\\\"role\\\":\\\"user\\\",\\\"content\\\":\\\"[1]\\\"}]\"]\ndefaultTest: {options: {prefix: 'P: ', suffix: \"\\n- S\"}}",
    ] {
        let first = suite(text);
        let written = write(&first);
        let again = parse(&written, Path::new("c.yaml")).unwrap_or_else(|error| panic!("{}\n{written}", error.message));
        assert_eq!(bare(again.clone()), bare(first), "{written}");
        assert_eq!(write(&again), written);
    }
}

#[test]
fn what_cannot_run_is_a_mistake_with_its_line() {
    for (text, line, part) in [
        ("prompts: [a b]\nprovidrs: x", 2, "did you mean `providers`"),
        ("prompts:\n  - a b\n  - |\n    x\n    {{ y | shout }}", 5, "no filter `shout`"),
        ("prompts: [a b]\nproviders:\n  - vertex:claude-x", 3, "only Gemini is reached"),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config:\n      temprature: 1",
            5,
            "did you mean `temperature`",
        ),
        ("prompts: [a b]\ntests:\n  - vars: {}\n    assert:\n      - type: contians\n        value: x", 5, "contains"),
        ("prompts: [a b]\ntests:\n  - options:\n      transformVars: x", 4, "transformVars"),
        ("prompts: [a b]\nextensions: ['file://x.js:hook']", 2, "`extensions` runs code"),
        ("prompts: [a b]\nredteam: {purpose: x}", 2, "promptfoo redteam generate"),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config:\n      functionToolCallbacks: {f: 'async () => 1'}",
            5,
            "`config.functionToolCallbacks` is not supported",
        ),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config:\n      tool_choice: 3",
            5,
            "config.tool_choice: expected auto",
        ),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config:\n      tools:\n        - name: f{{ x }}",
            6,
            "a template is not filled",
        ),
        ("prompts: [a b]\nproviders:\n  - id: openai:x\n    transform: output.x", 4, "`transform` runs code"),
        ("prompts: [a b]\nproviders:\n  - file://provider.rb", 3, "kind = \"command\""),
        ("prompts: [a b]\nproviders:\n  - file://none.py", 3, "there is no file"),
        ("prompts: [a b]\nproviders:\n  - file://none.yaml", 3, "there is no file"),
        (
            "prompts: [a b]\nproviders:\n  - id: azure:chat:x\n    config: {apiKeyEnvar: K}",
            4,
            "add `apiHost` or `apiBaseUrl`",
        ),
        ("prompts: [a b]\nproviders:\n  - id: openai:x\n    config: {apiHost: 'a b'}", 4, "the address"),
        ("prompts:\n  - raw: a\n    config: {apiHost: x.example}", 3, "the rest is a provider's"),
        ("prompts: [a b]\ntests:\n  - vars: {a: file://x.py}", 3, "a program, which is not run"),
        ("prompts: [a b]\ntests:\n  - vars: {a: file://x.docx}", 3, "is no text"),
        ("prompts: [a b]\ntests:\n  - providerOutput: x", 3, "`providerOutput` in a test is not supported"),
        ("prompts: [a b]\nscenarios:\n  - file://x.yaml", 3, "a file of scenarios is not read"),
        ("prompts: [a b]\nscenarios:\n  - config: [{vars: {}}]\n    tests: file://c.csv", 4, "there is no file"),
        ("prompts: [a b]\ntests: https://x.example/a.csv", 2, "download it first"),
        ("prompts: [a b]\ntests:\n  - assert: [{$ref: '#/templates/x'}]", 3, "leads to no place"),
        ("prompts: [a b]\ntests:\n  - vars: {a: '{{ b | shout }}'}", 3, "no filter `shout`"),
        ("prompts: [a b]\ntests: file://none.csv", 2, "there is no file"),
        ("prompts: [a b]\na: &x [*x]", 2, "alias"),
        ("prompts: [a b]\nprompts: [c]", 2, "twice"),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config:\n      top_k: 1\n      n: 100",
            6,
            "config: `n` is set by retort and cannot be a further parameter; ask several times with --samples",
        ),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config:\n      passthrough:\n        user: me\n        Model: o3",
            7,
            "config.passthrough: `model` is set by retort",
        ),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config: {passthrough: {messages: []}}",
            4,
            "`messages` is set",
        ),
        ("prompts: [a b]\nproviders:\n  - id: openai:x\n    config: {passthrough: {input: x}}", 4, "`input` is set"),
        ("prompts: exec:./run.sh", 1, "another program"),
    ] {
        let words = error(text);
        assert!(words.starts_with(&format!("c.yaml:{line}: ")) && words.contains(part), "{words}");
    }
}

#[test]
fn a_variable_without_a_value_names_its_test() {
    let suite = suite("prompts: ['{{ a }} {{ b }}']\ntests:\n  - vars: {a: 1, b: 2}\n  - vars: {a: 1}");
    let found: Vec<_> = suite.rows().collect();
    let words = &found[1].as_ref().unwrap_err().message;
    assert!(found.len() == 2 && words.contains("c.yaml:4: test 2 gives no value to `b`"), "{words}");
}

#[test]
fn files_are_read_beside_the_config_and_rows_streamed_after_one_another() {
    let dir = tempfile::tempdir().unwrap();
    let save = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    save("p.txt", "One {{ q }}\n---\nTwo {{ q }}\n");
    save("t.csv", "q,__expected\nx,contains: y\n");
    save("long.txt", "from a file\n");
    save("s.json", "{\"type\": \"object\"}");
    save(
        "c.yaml",
        "prompts: file://p.txt\ntests:\n  - file://t.csv\n  - vars: {q: file://long.txt}\n    assert:\n      - {type: is-json, value: file://s.json}\n",
    );
    let suite = read(&dir.path().join("c.yaml"), Use::Run, &Consent::Nothing, &Allowed::default()).unwrap();
    let names: Vec<_> = suite.prompts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["p", "p-2"]);
    let rows = rows(&suite);
    assert_eq!(rows[0].checks[0].kind.kind, CheckKind::Contains);
    assert_eq!((rows[1].number, rows[1].input.vars["q"].as_str()), (2, "from a file"));
    assert_eq!(rows[1].checks[0].value, Some(json!({"type": "object"})));
    let again = parse(&write(&suite), &dir.path().join("c.yaml")).unwrap();
    assert_eq!(bare(again), bare(suite));
}

#[test]
fn a_row_written_as_a_line_reads_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let rows = rows(&suite(WHOLE));
    let path = dir.path().join("t.jsonl");
    std::fs::write(&path, rows.iter().map(|row| line(row) + "\n").collect::<String>()).unwrap();
    let reading = crate::dataset::ReadOptions { programs: true, ..crate::dataset::ReadOptions::default() };
    let again = crate::dataset::open(&path.to_string_lossy(), &reading).unwrap();
    for (row, again) in rows.iter().zip(again.map(Result::unwrap)) {
        assert_eq!(row.fingerprint(), again.fingerprint());
    }
}

#[test]
fn lists_of_the_default_test_are_combined_with_those_of_each_test() {
    let suite = suite(
        "prompts: ['{{ a }} {{ b }}']\ndefaultTest: {vars: {b: ['1', '2']}}\ntests:\n  - vars: {a: [x, y]}\n  - vars: {a: z, b: '3'}",
    );
    let found: Vec<String> =
        rows(&suite).iter().map(|row| format!("{}{}", row.input.vars["a"], row.input.vars["b"])).collect();
    assert_eq!(found, ["x1", "y1", "x2", "y2", "z3"]);
}

/// Any text but one that stands for a file or that promptfoo would fill or trim.
fn text() -> impl Strategy<Value = String> {
    "[ -z|~\n\t\u{7f}-\u{2fff}]{0,24}".prop_filter("plain", |text| {
        !text.starts_with("file:") && !nunjucks::is_template(text) && !text.ends_with('\n')
    })
}

fn a_test() -> impl Strategy<Value = Test> {
    let vars = proptest::collection::btree_map("[a-z]{1,6}|on|null|1", proptest::collection::vec(text(), 1..3), 0..4);
    let check = (any::<bool>(), text(), proptest::option::of(0.0..4.0f64), proptest::option::of("[a-z]{1,4}"));
    let check = check.prop_map(|(not, value, weight, metric)| {
        let check = Check { weight, metric, ..Check::of(CheckKind::Contains).with(value) };
        if not { check.negated() } else { check }
    });
    let checks = proptest::collection::vec(check, 0..3);
    (proptest::option::of(text()), vars, checks, proptest::option::of(0.0..1.0f64)).prop_map(
        |(description, vars, checks, min_score)| Test {
            line: 1,
            description,
            vars: vars.into_iter().map(|(name, all)| (name, all.into_iter().map(Into::into).collect())).collect(),
            checks,
            min_score,
            ..Test::default()
        },
    )
}

proptest! {
    #[test]
    fn any_suite_is_read_as_it_was_written(
        user in "[ -z|~\n]{0,30}",
        system in "[ -z|~\n]{0,12}",
        tests in proptest::collection::vec(a_test(), 0..4),
        temperature in proptest::option::of(0.0..2.0f64),
    ) {
        let user = nunjucks::ours(&nunjucks::theirs(&user)).unwrap();
        let mut prompt = prompts::prompt("x").unwrap();
        prompt.set_turns(vec![crate::model::Turn::of(crate::model::Role::User, user)]);
        prompt.system = nunjucks::ours(&nunjucks::theirs(&system)).unwrap();
        let mut target = SuiteTarget::of("openai:x", &prompt);
        let model = SuiteModel { vendor: Some("openai".to_owned()), wire: Wire::OpenAi, name: "x".to_owned(), command: Vec::new() };
        (target.model, target.params.temperature) = (Some(model), temperature);
        let suite = Suite {
            prompts: vec![("p 1".to_owned(), prompt)],
            targets: vec![target],
            tests: tests.into_iter().map(|test| Tests::Inline(Box::new(test))).collect(),
            source: PathBuf::from("c.yaml"),
            ..Suite::default()
        };
        let written = write(&suite);
        let again = parse(&written, Path::new("c.yaml")).map_err(|error| TestCaseError::fail(format!("{}\n{written}", error.message)))?;
        prop_assert_eq!(bare(again), bare(suite), "{}", written);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(prompts|tests|vars|providers|assert|[-:{}\\[\\]&*x \n\"'|>#?])*") {
        let _ = parse(&text, Path::new("c.yaml"));
    }
}

#[test]
fn a_models_name_is_filled_from_the_environment_and_nothing_else() {
    let mut model = providers::ids::model_for("openai:chat:{{env.FAMILY}}-{{env.SIZE}}", None).unwrap().unwrap();
    assert_eq!(model.variables(), ["FAMILY", "SIZE"]);
    // A value is no template.
    let value = |name: &str| Some(if name == "FAMILY" { "{{env.SIZE}}".to_owned() } else { "mini".to_owned() });
    model.fill(value).unwrap();
    assert_eq!(model.name, "{{env.SIZE}}-mini");
    let unset =
        providers::ids::model_for("openai:chat:{{env.FAMILY}}", None).unwrap().unwrap().fill(|_| Some(String::new()));
    assert_eq!(unset, Err("FAMILY".to_owned()));
    let of = |id: &str| error(&format!("prompts: [x]\nproviders: ['{id}']\n"));
    assert!(of("openai:chat:{{env.OPENAI_API_KEY}}").contains("looks like a key"));
    assert!(of("openai:chat:{{ model }}").contains("only `{{env.NAME}}` is filled here"));
}
