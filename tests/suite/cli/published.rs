//! What the program prints as JSON fits the schemas that are published with it, and it writes those where editors look.

use std::{fs, path::Path};

use serde_json::Value;

use crate::support::home::Home;

/// Holds lines against the schema of a file, and returns how many there were.
pub(crate) fn fits(file: &str, lines: &[Value]) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/schema").join(file);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for line in lines {
        let wrong: Vec<String> =
            validator.iter_errors(line).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{file}: {line:#}\n{}", wrong.join("\n"));
        // What is written wrong is seen, wherever it stands at the top.
        let mut slip = line.clone();
        let fields = slip.as_object_mut().unwrap();
        let (name, value) = fields.iter().next().map(|(name, value)| (name.clone(), value.clone())).unwrap();
        fields.insert(format!("{name}x"), value);
        assert!(!validator.is_valid(&slip), "{file} takes {name}x");
    }
    lines.len()
}

fn home() -> Home {
    let home = Home::new();
    home.file("work/in.txt", "The parcel never came.");
    home.file("config/config.toml", "[retry]\nmin_wait = \"1ms\"\nmax_wait = \"1ms\"\n");
    home.file(
        "config/prompts/p.toml",
        "user = \"{{ input }} {{ tone }}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"contains\"\nvalue = \"e\"\nmetric = \"right\"\n",
    );
    home.file("work/rows.csv", "input,tone\none,kind\ntwo,curt\n");
    home
}

#[test]
fn the_events_of_runs_fit_their_schema() {
    let home = home();
    for more in [
        &["-m", "demo"][..],
        &["-m", "demo", "--live"],
        &["-m", "demo", "-m", "demo:weak", "--samples", "2"],
        &["-m", "demo:flaky"],
        &["-m", "demo:down"],
        &["-m", "demo:cut"],
        &["-m", "demo:bad-json"],
    ] {
        let ran = home.run(&[&["run", "sentiment", "-i", "in.txt", "--json"], more].concat());
        assert!(fits("run-event.json", &ran.lines()) > 2, "{more:?}: {ran:?}");
    }
}

#[test]
fn a_batch_its_reports_and_the_record_fit_their_schemas() {
    let home = home();
    let ran = home.run(&[
        "batch",
        "p",
        "rows.csv",
        "-m",
        "demo",
        "-m",
        "demo:weak",
        "--json",
        "--out",
        "out.jsonl",
        "--min-pass-rate",
        "10%",
    ]);
    assert_eq!(fits("batch-event.json", &ran.lines()), 5, "{ran:?}");
    let estimate = home.run(&["batch", "p", "rows.csv", "-m", "demo", "--json", "--dry-run"]);
    assert_eq!(fits("batch-event.json", &estimate.lines()), 1, "{estimate:?}");
    let report = fs::read_to_string(home.dir("work").join("out.jsonl")).unwrap();
    let report: Vec<Value> = report.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(fits("report.json", &report), 4);
    home.run(&["run", "sentiment", "-i", "in.txt", "-m", "demo"]);
    let history = home.run(&["history", "--json"]);
    assert_eq!(fits("history.json", &history.lines()), 5, "{history:?}");
    for line in history.lines() {
        let shown = home.run(&["show", line["run"].as_str().unwrap(), "--json"]);
        assert_eq!(fits("record.json", &shown.lines()), 1, "{shown:?}");
    }
}

/// A home with a prompt that the demonstration answers poorly unless it is told to read twice, and rows for it.
fn lab() -> Home {
    let home = home();
    home.file("work/retort.toml", "");
    home.file(
        "work/prompts/mood.toml",
        "system = \"Label the message. Read it twice. Answer as a JSON object.\"\nuser = \"{{ input }}\"\ntargets = [\"demo:weak\"]\n\
         [response]\nformat = \"schema\"\nschema = { type = \"object\", required = [\"sentiment\"], properties = { sentiment = { \
         type = \"string\", enum = [\"positive\", \"neutral\", \"negative\"] } } }\n",
    );
    let row = |at: usize| match at % 2 {
        0 => format!("Order {at} is great and I am happy.,\"{{\"\"sentiment\"\":\"\"positive\"\"}}\"\n"),
        _ => format!("Order {at} never came and I am angry.,\"{{\"\"sentiment\"\":\"\"negative\"\"}}\"\n"),
    };
    home.file("work/mood.csv", &format!("input,expected\n{}", (0..60).map(row).collect::<String>()));
    home
}

#[test]
fn what_experiments_print_fits_their_schema() {
    let home = lab();
    let ran = home.run(&["ablate", "mood", "mood.csv", "--json", "-j", "16"]);
    assert!(fits("experiment-event.json", &ran.lines()) > 3, "{ran:?}");
    let text = fs::read_to_string(home.dir("work").join("prompts/mood.toml")).unwrap();
    for words in [
        "Label the message. Read it twice. Answer as JSON.",
        "Label it! Read it twice. Answer as JSON.",
        "Label it! Answer as JSON.",
    ] {
        let told = text.replace("Label the message. Read it twice. Answer as a JSON object.", words);
        home.file("work/prompts/mood.toml", &told);
        assert_eq!(home.run_on(&["run", "mood"], "Order 1 is great.").code, Some(0));
    }
    let ran = home.run(&["bisect", "mood", "mood.csv", "--good", "1", "--bad", "3", "--json", "-j", "16"]);
    assert!(fits("experiment-event.json", &ran.lines()) > 1, "{ran:?}");
    let ran = home.run(&["improve", "mood", "mood.csv", "--by", "demo", "--json", "-j", "16"]);
    assert!(fits("experiment-event.json", &ran.lines()) > 3, "{ran:?}");
}

#[test]
fn what_is_told_of_the_record_fits_its_schemas() {
    let home = lab();
    let ran = home.run(&["batch", "sentiment", "rows.csv", "-m", "demo", "-m", "demo:weak", "--no-cache", "--json"]);
    assert!(matches!(ran.code, Some(0 | 100)), "{ran:?}");
    for line in home.run(&["history", "--json"]).lines() {
        let id = line["run"].as_str().unwrap().to_owned();
        assert_eq!(home.run(&["history", "grade", &id, "--up"]).code, Some(0));
    }
    let ran = home.run(&["calibrate", "prompt:sentiment", "--json"]);
    assert_eq!(fits("calibration.json", &ran.lines()), 1, "{ran:?}");
    for more in
        [&[][..], &["prompt:sentiment", "--what-if", "confidence"], &["model:demo", "--against", "model:demo:weak"]]
    {
        let ran = home.run(&[&["quality"], more, &["--json"]].concat());
        assert_eq!(fits("quality.json", &ran.lines()), 1, "{more:?} {ran:?}");
    }
    let ran = home.run(&["score", "sentiment", "--json"]);
    assert_eq!(fits("score.json", &ran.lines()), 5, "{ran:?}");
    let ran = home.run(&["blind", "--reveal", "--json"]);
    assert_eq!(fits("blind.json", &ran.lines()), 1, "{ran:?}");
    let ran = home.run(&["drift", "--json", "--within", "100000"]);
    fits("drift.json", &ran.lines());
}

#[test]
fn the_schemas_are_written_where_they_are_asked_for_and_over_nothing_else() {
    let home = home();
    let ran = home.run(&["schema", "export"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.out.contains("settings.json: the settings"), "{}", ran.out);
    let settings = home.dir("config").join("schema/settings.json");
    let text = fs::read_to_string(&settings).unwrap();
    fs::write(&settings, text.replacen("\"type\"", "\"typ\"", 1)).unwrap();
    assert_eq!(home.run(&["schema", "export"]).code, Some(0), "one of another version is replaced");
    assert_eq!(fs::read_to_string(&settings).unwrap(), text);
    let mine = home.file("work/mine/record.json", "{\"mine\": true}\n");
    let refused = home.run(&["schema", "export", "mine"]);
    assert!(refused.code == Some(2) && refused.err.contains("record.json is there"), "{refused:?}");
    assert_eq!(fs::read_to_string(mine).unwrap(), "{\"mine\": true}\n");
}

#[test]
fn a_new_prompt_of_the_user_names_its_schema_and_one_of_a_project_does_not() {
    let home = home();
    home.file("work/suite.yaml", "prompts: ['Say {{a}}']\nproviders: ['echo']\ntests: [{vars: {a: b}}]\n");
    let ran = home.run(&["prompts", "import", "suite.yaml"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let file = std::path::PathBuf::from(ran.out.lines().last().unwrap());
    assert!(file.starts_with(home.dir("config").join("prompts")), "{ran:?}");
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().next().unwrap();
    let schema = file.parent().unwrap().join(line.strip_prefix("#:schema ").unwrap());
    let schema = fs::read_to_string(schema).unwrap_or_else(|error| panic!("{line}: {error}"));
    assert!(schema.contains("\"title\": \"retort: a prompt"), "{schema}");
    // It stays where the prompt is changed, and is no part of the prompt.
    let shown = home.run(&["prompts", "show", &file.file_stem().unwrap().to_string_lossy()]);
    assert!(shown.out.contains("Say {{"), "{shown:?}");
    home.file("work/project/retort.toml", "");
    home.file("work/project/prompts/x.toml", "user = \"{{ input }}\"\n");
    home.file("work/project/suite.yaml", "prompts: ['Say {{a}}']\nproviders: ['echo']\ntests: [{vars: {a: b}}]\n");
    let mut command = home.command(&["prompts", "import", "suite.yaml"]);
    let ran = crate::support::home::Ran::of(command.current_dir(home.dir("work/project")).output().unwrap());
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let text = fs::read_to_string(ran.out.lines().last().unwrap()).unwrap();
    assert!(!text.contains("#:schema") && !home.dir("work/project").join("schema").exists(), "{text}");
}
