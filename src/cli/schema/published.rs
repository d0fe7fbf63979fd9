//! The published schemas: made of the types, and held against every example there is.
//!
//! `RETORT_REWRITE=1 cargo nextest run published` writes `assets/schema` anew.

use std::{
    fs,
    path::{Path, PathBuf},
};

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    cli::{
        ablate::AblatedLine,
        batch::{
            progress::CellLine,
            summary::{EstimateLine, SummaryLine},
        },
        bisect::BisectedLine,
        calibrate::CalibrationLine,
        compare::ComparedLine,
        drift::{DriftLine, judges::JudgeTrialLine, trial::TrialLine},
        history::export::RunRecordLine,
        improve::ResultLine,
        quality::{ComparisonRecord, ThresholdTable},
        rescore::{ScoreLine, ScoreSummary},
        run_output::JsonLine,
    },
    config::{
        file::ConfigFile,
        project::ProjectFile,
        schemas::{PublishedSchema, SCHEMAS},
        setting_table::FILE_SETTINGS,
        target_table::{PROVIDER_SETTINGS, SETTINGS},
    },
    dataset::row::{KEPT, KEYS, SPECIAL},
    eval::{experiment::ExperimentEvent, quality::QualityReport},
    model::{CheckKind, Grade, Prompt},
    pipeline::ports::RunRecord,
    present::{
        baseline::ChangeRecord,
        blind::{BlindRecord, BlindSummary},
        report::rows::CellRecord,
    },
};

/// A run on record with what a person said of it.
#[derive(Serialize, JsonSchema)]
struct ShownRun {
    #[serde(flatten)]
    record: RunRecord,
    /// What a person said of the answer; left out where nobody did.
    #[serde(skip_serializing_if = "Option::is_none")]
    grade: Option<Grade>,
}

/// A line of `retort run --json`: an event of one of the runs, or last, of several, how they compare.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is made")]
enum RunLine<'a> {
    Event(JsonLine<'a>),
    Compared(ComparedLine<'a>),
}

/// A line of `retort batch --json`: a cell, one whose record could not be written (`unrecorded`), the estimate of
/// `--dry-run`, or last, the summary.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is made")]
#[allow(clippy::large_enum_variant, reason = "it is described alone, and never made")]
enum BatchLine<'a> {
    Cell(CellLine<'a>),
    Estimate(EstimateLine<'a>),
    Summary(SummaryLine<'a>),
}

/// A line of `retort improve --json`, `ablate --json` or `bisect --json`: what happens, and last what came of it.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is made")]
#[allow(clippy::large_enum_variant, reason = "it is described alone, and never made")]
enum ExperimentLine<'a> {
    Event(ExperimentEvent),
    Improved(ResultLine<'a>),
    Ablated(AblatedLine<'a>),
    Bisected(BisectedLine<'a>),
}

/// A line of `retort drift --json`: what is on a model that goes, or with `--run` what came of a prompt, or of its judge, on the successor.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is made")]
#[allow(clippy::large_enum_variant, reason = "it is described alone, and never made")]
enum DriftEvent<'a> {
    Leaving(DriftLine<'a>),
    Trial(TrialLine<'a>),
    Judge(JudgeTrialLine<'a>),
}

/// The line of `retort quality --json`: the report, with `--against` the comparison, with `--what-if` the table of thresholds.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is made")]
#[allow(clippy::large_enum_variant, reason = "it is described alone, and never made")]
enum QualityLine<'a> {
    Report(QualityReport),
    Comparison(ComparisonRecord<'a>),
    Thresholds(ThresholdTable<'a>),
}

/// A line of `retort score --json`: an answer that was judged again, or last, the sums.
#[derive(Serialize, JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is made")]
#[allow(clippy::large_enum_variant, reason = "it is described alone, and never made")]
enum ScoreEvent<'a> {
    Answer(ScoreLine<'a>),
    Summary(ScoreSummary),
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Makes the schema in a file.
fn made(file: &str) -> Value {
    match file {
        "settings.json" => read::<ConfigFile>(),
        "prompt.json" => read::<Prompt>(),
        "project.json" => read::<ProjectFile>(),
        "row.json" => row(),
        "record.json" => written::<ShownRun>(),
        "history.json" => written::<RunRecordLine<'_>>(),
        "report.json" => written::<CellRecord<'_>>(),
        "run-event.json" => events(written::<RunLine<'_>>()),
        "batch-event.json" => events(written::<BatchLine<'_>>()),
        "experiment-event.json" => events(written::<ExperimentLine<'_>>()),
        "calibration.json" => written::<CalibrationLine<'_>>(),
        "review.json" => events(written::<ChangeRecord<'_>>()),
        "blind.json" => written::<BlindSummary>(),
        "blind-vote.json" => written::<BlindRecord>(),
        "drift.json" => events(written::<DriftEvent<'_>>()),
        "quality.json" => written::<QualityLine<'_>>(),
        "score.json" => written::<ScoreEvent<'_>>(),
        other => panic!("assets/schema/{other} is made of nothing"),
    }
}

/// Makes the schema of what retort reads, which is TOML and has no null.
fn read<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    without_null(&mut schema);
    schema
}

/// Takes the null away that a type has where a key may be left out.
fn without_null(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("default").is_some_and(Value::is_null) {
                fields.shift_remove("default");
            }
            if let Some(Value::Array(types)) = fields.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = types.as_slice() {
                    let only = only.clone();
                    fields.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(forms)) = fields.get_mut("anyOf") {
                forms.retain(|form| form.get("type").is_none_or(|name| name != "null"));
                if let [Value::Object(only)] = forms.as_slice() {
                    let only = only.clone();
                    fields.shift_remove("anyOf");
                    for (key, value) in only {
                        fields.entry(key).or_insert(value);
                    }
                }
            }
            fields.values_mut().for_each(without_null);
        }
        Value::Array(all) => all.iter_mut().for_each(without_null),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Makes the schema of what retort writes, which holds no further fields.
fn written<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    close(&mut schema, false);
    schema
}

/// Says that objects have no further fields. Those that are parts of others leave that to the whole.
fn close(schema: &mut Value, part: bool) {
    let Some(fields) = schema.as_object_mut() else { return };
    // What is left out where it has its usual value says nothing of what it is then.
    fields.shift_remove("default");
    let composed = ["oneOf", "anyOf", "allOf", "$ref"].iter().any(|key| fields.contains_key(*key));
    let whole = fields.contains_key("properties");
    if whole && !part && !fields.contains_key("additionalProperties") {
        fields.insert(if composed { "unevaluatedProperties" } else { "additionalProperties" }.to_owned(), false.into());
    }
    for (key, inner) in fields.iter_mut() {
        match (key.as_str(), inner) {
            ("oneOf" | "anyOf" | "allOf", Value::Array(all)) => {
                for inner in all {
                    close(inner, part || whole);
                }
            }
            ("properties" | "$defs", Value::Object(all)) => all.values_mut().for_each(|inner| close(inner, false)),
            ("items" | "additionalProperties", inner) => close(inner, false),
            ("prefixItems", Value::Array(all)) => all.iter_mut().for_each(|inner| close(inner, false)),
            _ => {}
        }
    }
}

/// Names what stands under `event` in lines that have a word of their own there.
fn events(mut schema: Value) -> Value {
    let words: [(&str, &[&str]); 10] = [
        ("ComparedLine", &["compared"]),
        ("CellLine", &["cell", "unrecorded"]),
        ("EstimateLine", &["estimate"]),
        ("SummaryLine", &["summary"]),
        ("ResultLine", &["improved"]),
        ("AblatedLine", &["ablated"]),
        ("BisectedLine", &["bisected"]),
        ("DriftLine", &["leaving"]),
        ("TrialLine", &["trial"]),
        ("JudgeTrialLine", &["judge_trial"]),
    ];
    if let Some(line) = schema.pointer_mut("/$defs/JsonLine") {
        // What is called `status` in the last line of a run is another thing in that of a response's head.
        let status = line["properties"].as_object_mut().unwrap().shift_remove("status").unwrap();
        let mut forms = line["oneOf"].as_array_mut().unwrap().iter_mut();
        let ended = forms.find(|form| form["properties"]["event"]["const"] == "ended").unwrap();
        ended["properties"]["status"] = status;
    }
    for (of, words) in words {
        if let Some(event) = schema.pointer_mut(&format!("/$defs/{of}/properties/event")) {
            *event = json!({ "description": "What the line is.", "enum": words });
        }
    }
    schema
}

/// Writes the schema of a row: its columns are anybody's, but for those with a meaning of their own.
fn row() -> Value {
    let special = SPECIAL.iter().map(|name| match *name {
        "__expected" => r"expected[0-9]*".to_owned(),
        "__metadata:" => r"metadata:.*".to_owned(),
        "__config:" => r"config:__expected[0-9]*:threshold".to_owned(),
        plain => plain.trim_start_matches('_').to_owned(),
    });
    let special = special.collect::<Vec<_>>().join("|");
    let kept = KEPT.iter().map(|name| name.trim_start_matches('_')).collect::<Vec<_>>().join("|");
    let value = |description: &str| json!({ "description": description });
    let mut test = Map::new();
    for key in KEYS {
        let form = match *key {
            "vars" => {
                json!({ "type": "object", "description": "The values of the prompt's variables, by their names. A list makes a row of each of its values." })
            }
            "assert" => {
                json!({ "type": "array", "items": { "type": "object" }, "description": "promptfoo's assertions: the row's own checks." })
            }
            "metadata" => json!({ "type": "object", "description": "What reports say of the row." }),
            "description" => json!({ "type": "string", "description": "What the row is called." }),
            "threshold" => json!({ "type": "number", "minimum": 0, "description": "The lowest score that passes." }),
            other => panic!("row.json says nothing of {other}"),
        };
        test.insert((*key).to_owned(), form);
    }
    json!({
        "description": "A row of a data set: columns, a test of promptfoo's, or a text, which is the input; or a list of rows.",
        "anyOf": [{ "$ref": "#/$defs/Row" }, { "type": "array", "items": { "$ref": "#/$defs/Row" } }],
        "$defs": {
            "Row": {
                "description": "One test case.",
                "if": { "type": "object", "anyOf": [
                    { "required": ["vars"], "properties": { "vars": { "type": "object" } } },
                    { "required": ["assert"], "properties": { "assert": { "type": "array" } } },
                ] },
                "then": { "$ref": "#/$defs/TestCase" },
                "else": { "if": { "type": "object" }, "then": { "$ref": "#/$defs/Columns" }, "else": { "not": { "type": "array" } } },
            },
            "Columns": {
                "description": "The values of the prompt's variables by their names, and what begins with `__`.",
                "type": "object",
                "properties": {
                    "input": value("The input, which a prompt has as `{{ input }}`."),
                    "text": value("The input, where there is no `input`."),
                    "expected": value("The answer that is expected; `--expected` says how it is compared."),
                    "__description": value("What the row is called."),
                    "__expected": value("A check of promptfoo's, such as `contains: Paris`; a plain text is what the answer equals. Further ones are `__expected2`, `__expected3`."),
                    "__metric": value("The name under which the row's checks are summed up."),
                    "__threshold": value("The lowest score that passes."),
                },
                "propertyNames": {
                    "if": { "pattern": "^__" },
                    "then": { "pattern": format!("^__({special})$") },
                    "else": { "not": { "pattern": format!("^_({kept}|expected[0-9]+)$") } },
                },
            },
            "TestCase": { "description": "A test as promptfoo's configs have it.", "type": "object", "properties": test, "additionalProperties": false },
        },
    })
}

/// Turns what documentation of code has into words for anybody.
fn plain(text: &str) -> String {
    text.replace("[`", "`").replace("`]", "`").replace("`Self::", "`").replace('\n', " ")
}

/// Brings a schema into its published form: words without links, formats that JSON Schema has, no floats for whole numbers.
fn publish(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields
                .get("format")
                .and_then(Value::as_str)
                .is_some_and(|format| format != "uuid" && format != "date-time")
            {
                fields.shift_remove("format");
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = plain(text);
            }
            fields.values_mut().for_each(publish);
        }
        Value::Array(all) => all.iter_mut().for_each(publish),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn text_of(schema: &PublishedSchema) -> String {
    let mut whole = made(schema.file);
    publish(&mut whole);
    let mut ordered = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("retort: {}", schema.of),
    });
    for (key, value) in whole.as_object().unwrap() {
        if !["$schema", "title"].contains(&key.as_str()) {
            ordered[key] = value.clone();
        }
    }
    serde_json::to_string_pretty(&ordered).unwrap() + "\n"
}

#[test]
fn every_schema_is_that_of_its_types() {
    for schema in SCHEMAS {
        let text = text_of(schema);
        if std::env::var_os("RETORT_REWRITE").is_some() {
            fs::write(root().join("assets/schema").join(schema.file), text).unwrap();
        } else {
            let stale = "is stale: RETORT_REWRITE=1 cargo nextest run published";
            assert!(text == schema.text, "assets/schema/{} {stale}", schema.file);
        }
    }
}

fn validator(file: &str) -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(PublishedSchema::in_file(file).unwrap().text).unwrap();
    jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{file}: {error}"));
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// Holds a value against a schema.
fn fits(validator: &jsonschema::Validator, value: &Value, place: &str) {
    let wrong: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(wrong.is_empty(), "{place}:\n{}", wrong.join("\n"));
}

fn toml_value(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Value>(text).unwrap()).unwrap()
}

/// Lists the files under a folder whose names end so.
fn files(dir: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|own| own == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_example_of_settings_and_prompts_fits_its_schema() {
    let (settings, prompt) = (validator("settings.json"), validator("prompt.json"));
    let mut pages = files(&root().join("docs"), "md");
    pages.push(root().join("README.md"));
    let mut seen = [0, 0];
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for block in text.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
            let place = format!("{}: {block}", page.display());
            if block.starts_with("# config.toml") {
                fits(&settings, &toml_value(block), &place);
                seen[0] += 1;
            } else {
                fits(&prompt, &toml_value(block), &place);
                seen[1] += 1;
            }
        }
    }
    assert!(seen[0] > 20 && seen[1] > 5, "{seen:?}");
    let golden = root().join("tests/fixtures/golden/prompt.toml");
    let prompts = files(&root().join("assets/prompts"), "toml").into_iter().chain([golden]);
    for file in prompts.chain(files(&root().join("assets/walkthrough"), "toml")) {
        if file.file_name().is_some_and(|name| name == "retort.toml" || name == "config.toml") {
            continue;
        }
        fits(&prompt, &toml_value(&fs::read_to_string(&file).unwrap()), &file.display().to_string());
    }
}

#[test]
fn every_event_on_record_fits_its_schema() {
    let event = validator("run-event.json");
    let kept = fs::read_to_string(root().join("tests/fixtures/golden/events.jsonl")).unwrap();
    for line in kept.lines() {
        let mut value: Value = serde_json::from_str(line).unwrap();
        (value["lane"], value["sample"]) = (0.into(), 1.into());
        fits(&event, &value, line);
    }
}

/// Lists every object that a schema describes by its fields, with where it stands.
fn objects<'s>(schema: &'s Value, place: &str, found: &mut Vec<(String, &'s Map<String, Value>)>) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::Object(properties)) = fields.get("properties") {
                found.push((place.to_owned(), properties));
            }
            for (key, inner) in fields {
                objects(inner, &format!("{place}/{key}"), found);
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| objects(inner, place, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_key_of_a_file_has_words() {
    for file in ["settings.json", "prompt.json", "project.json", "row.json"] {
        let schema: Value = serde_json::from_str(PublishedSchema::in_file(file).unwrap().text).unwrap();
        let mut found = Vec::new();
        objects(&schema, "", &mut found);
        for (place, properties) in found.iter().filter(|(place, _)| !place.contains("/if/")) {
            for (key, about) in *properties {
                let said = about.get("description").or_else(|| {
                    let named = about.get("$ref")?.as_str()?.strip_prefix('#')?;
                    schema.pointer(named)?.get("description")
                });
                let said = said.and_then(Value::as_str).unwrap_or_default();
                assert!(said.len() > 5 && !said.contains("[`"), "{file}{place}: {key}: {said:?}");
            }
        }
    }
}

#[test]
fn every_key_of_the_tables_is_in_the_schema_of_the_settings() {
    let schema: Value = serde_json::from_str(PublishedSchema::in_file("settings.json").unwrap().text).unwrap();
    let resolve = |value: &Value| {
        let named = value.get("$ref").and_then(Value::as_str).and_then(|named| named.strip_prefix('#'));
        named.map_or_else(|| value.clone(), |named| schema.pointer(named).unwrap().clone())
    };
    for setting in FILE_SETTINGS {
        let table =
            if setting.table.is_empty() { schema.clone() } else { resolve(&schema["properties"][setting.table]) };
        assert!(table["properties"].get(setting.key).is_some(), "{}", setting.path());
    }
    for (of, own) in [("ProviderTable", PROVIDER_SETTINGS), ("ProviderTable", SETTINGS), ("ModelTable", SETTINGS)] {
        for setting in own {
            assert!(schema["$defs"][of]["properties"].get(setting.name).is_some(), "{of}: {}", setting.name);
        }
    }
    let prompt = PublishedSchema::in_file("prompt.json").unwrap().text;
    for kind in CheckKind::ALL {
        assert!(prompt.contains(&format!("\"const\": \"{}\"", kind.name())), "{}", kind.name());
    }
}

#[test]
fn a_slip_in_a_file_is_refused() {
    let slips = [
        ("settings.json", "defualt_model = \"demo\""),
        ("settings.json", "[retry]\natempts = 3"),
        ("settings.json", "[timeouts]\nidle = \"soon\""),
        ("settings.json", "[timeouts]\nidle = 60"),
        ("settings.json", "[providers.a]\nwire = \"opneai\""),
        ("settings.json", "[providers.a]\nbaseurl = \"x\""),
        ("settings.json", "[models.a]\nprovider = \"openai\""),
        ("settings.json", "[models.a]\nprovider = \"openai\"\nmodel = \"m\"\ntimeouts = { idel = \"4s\" }"),
        ("prompt.json", "sytem = \"x\""),
        ("prompt.json", "[params]\ntemprature = 0.1"),
        ("prompt.json", "[response]\nformat = \"jsno\""),
        ("prompt.json", "[[check]]\ntype = \"containz\"\nvalue = \"x\""),
        ("prompt.json", "[[message]]\nrole = \"usr\"\ncontent = \"x\""),
        ("prompt.json", "[[message]]\nrole = \"user\"\nparts = [{ imgae = \"a.png\" }]"),
        ("prompt.json", "[[tool]]\nname = \"a\"\nresult = { txet = \"x\" }"),
        ("project.json", "promts = \"p\""),
        ("row.json", "__expcted = \"x\""),
        ("row.json", "_expected = \"x\""),
        ("row.json", "asert = []\n[vars]\na = \"b\""),
    ];
    for (file, text) in slips {
        assert!(!validator(file).is_valid(&toml_value(text)), "{file} takes {text}");
    }
    for text in ["", "input = \"a\"\n__expected2 = \"b\"\n\"__metadata:team\" = \"c\"", "a = 1\n_b = 2"] {
        fits(&validator("row.json"), &toml_value(text), text);
    }
    fits(
        &validator("row.json"),
        &json!([{ "vars": { "a": ["b", "c"] }, "assert": [] }, "text", { "input": 1 }]),
        "rows",
    );
}
