//! Prompts and tests from promptfoo's configs, and to them.

use std::fs;

use crate::support::home::Home;

const CONFIG: &str = "prompts:\n  - 'Say {{ word }}'\nproviders: [demo]\ntests:\n  - vars: {word: [a, b]}\n    assert: [{type: contains, value: x}]\noutputPath: o.json\n";

#[test]
fn a_config_becomes_prompts_and_a_data_set_and_a_prompt_a_config() {
    let home = Home::new();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("pf.yaml");
    fs::write(&config, CONFIG).unwrap();
    let config = config.to_str().unwrap();
    let ran = home.run(&["prompts", "import", config]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("pf.yaml:7: `outputPath` has no effect here"), "{}", ran.err);
    let data = dir.path().join("pf.tests.jsonl");
    assert!(ran.out.contains("prompt-1.toml") && ran.out.contains("pf.tests.jsonl"), "{}", ran.out);
    assert_eq!(fs::read_to_string(&data).unwrap().lines().count(), 2);

    let again = home.run(&["prompts", "import", config]);
    assert!(again.code != Some(0) && again.err.contains("--replace"), "{}", again.err);
    assert_eq!(home.run(&["prompts", "import", config, "--replace"]).code, Some(0));

    let out = home.run(&["prompts", "export", "prompt-1", "--data", data.to_str().unwrap()]);
    assert_eq!(out.code, Some(0), "{}", out.err);
    assert!(out.out.contains("raw: \"Say {{ word }}\"") && out.out.contains("word: \"b\""), "{}", out.out);
}
