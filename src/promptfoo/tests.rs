//! Configs as people write them: what becomes of them, and what is refused.

use proptest::prelude::*;
use serde_json::json;

use crate::{
    model::{CheckKind, DatasetRow, KeySource, Settings, Wire},
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
    assert_eq!(kinds, ["latency", "not-contains", "llm-rubric", "unsupported"]);
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
    let at = |kind, model: &str| (kind, model.to_owned());
    let gpt = [at(Wire::Responses, "gpt-x"), at(Wire::OpenAi, "gpt-x"), at(Wire::Gemini, "gemini-x")];
    assert_eq!(kinds, gpt);
    let settings = suite.settle(&Settings::default());
    let provider = &settings.providers[&settings.models["openai:responses:gpt-x"].provider];
    assert_eq!((provider.kind, &provider.base_url), (Wire::Responses, &None));
    assert_eq!(provider.api_keys, [KeySource::Env("OPENAI_API_KEY".to_owned())]);
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
        ("prompts: [a b]\nproviders:\n  - vertex:gemini-pro", 3, "`vertex` is not supported"),
        (
            "prompts: [a b]\nproviders:\n  - id: openai:x\n    config:\n      temprature: 1",
            5,
            "did you mean `temperature`",
        ),
        ("prompts: [a b]\ntests:\n  - vars: {}\n    assert:\n      - type: contians\n        value: x", 5, "contains"),
        ("prompts: [a b]\ntests:\n  - options:\n      transform: output.x", 4, "transform"),
        ("prompts: [a b]\nscenarios:\n  - {}", 2, "scenarios"),
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
        ("prompts: [a b]\nproviders:\n  - id: openai:x\n    config: {stream: false}", 4, "`stream` is set by retort"),
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
    let again = crate::dataset::open(&path.to_string_lossy(), &crate::dataset::ReadOptions::default()).unwrap();
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
        (target.model, target.params.temperature) = (Some((Wire::OpenAi, "x".to_owned())), temperature);
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
