//! `retort schema`: made of a type, an example and the record, and what vendors are sent of one.

use serde_json::{Value, json};

use crate::support::home::Home;

fn printed(out: &str) -> Value {
    serde_json::from_str(out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

#[test]
fn a_schema_is_made_of_a_type_or_an_example() {
    let home = Home::new();
    home.file("work/a.rs", "struct A { name: String, far: Foreign }");
    let rust = home.run(&["schema", "infer", "a.rs"]);
    assert_eq!(rust.code, Some(0), "{rust:?}");
    assert_eq!(printed(&rust.out)["properties"]["name"], json!({"type": "string"}));
    assert!(rust.err.contains("note: `Foreign` is not in the paste"), "{}", rust.err);
    let piped = home.run_on(&["schema", "infer", "-"], "{\"a\": [1, 2.5]}");
    assert_eq!(printed(&piped.out)["properties"]["a"]["items"], json!({"type": "number"}));
    let neither = home.run_on(&["schema", "infer", "-"], "hello");
    assert!(neither.code == Some(2) && neither.err.contains("--from"), "{neither:?}");
    let said = home.run_on(&["schema", "infer", "-", "--from", "python"], "hello");
    assert!(said.code == Some(2) && said.err.contains("a Python type is not in the text"), "{said:?}");
}

#[test]
fn a_schema_is_made_of_the_answers_on_record() {
    let home = Home::new();
    home.file("work/retort.toml", "");
    home.file(
        "work/prompts/label.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"json\"\nrequired = [\"label\"]\n",
    );
    let none = home.run(&["schema", "infer", "--prompt", "label"]);
    assert!(none.code == Some(1) && none.err.contains("no answer in JSON to `label`"), "{none:?}");
    assert!(home.run_on(&["run", "label", "-m", "demo"], "one").code.is_some());
    let made = home.run(&["schema", "infer", "--prompt", "label"]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(printed(&made.out)["properties"].get("answer").is_some(), "{}", made.out);
    assert!(made.err.contains("made of 1 answers on record"), "{}", made.err);
}

#[test]
fn each_model_says_what_it_is_sent_of_a_schema() {
    let home = Home::new();
    home.file("work/retort.toml", "");
    home.file(
        "work/prompts/label.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"schema\"\nschema = { type = \"object\", properties = { a = { type = \"number\", \
         minimum = 0 } }, additionalProperties = false }\n",
    );
    let told = home.run(&["schema", "check", "label", "-m", "gpt-4o-mini", "-m", "claude-haiku-4-5"]);
    assert_eq!(told.code, Some(0), "{told:?}");
    let lines: Vec<&str> = told.out.lines().collect();
    assert_eq!(
        lines,
        [
            "gpt-4o-mini: OpenAI strict: no",
            "  /properties/a is not required",
            "claude-haiku-4-5: Anthropic: sent in part",
            "  /properties/a/minimum is left out",
        ]
    );
    let unnamed = home.run(&["schema", "check", "label"]);
    assert!(unnamed.code == Some(2) && unnamed.err.contains("name one with -m"), "{unnamed:?}");
}
