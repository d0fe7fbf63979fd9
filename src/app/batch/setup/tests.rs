//! The form as it is filled in, read, and suited to the data.

use std::time::Duration;

use super::*;
use crate::{
    app::overlays::batch_limits::{COST, TIME, TOKENS},
    model::{
        Input,
        dataset::{ColumnKind, DatasetFormat},
    },
};

fn bench() -> OnBench {
    let vars = [("product".to_owned(), "Parcelo".into())].into();
    OnBench {
        input: Input { text: "one".to_owned(), vars, ..Input::default() },
        session: "default".to_owned(),
        ..OnBench::default()
    }
}

fn form(variables: &[&str]) -> SetupForm {
    let names = variables.iter().map(|name| (*name).to_owned()).collect();
    SetupForm::new(&names, "sentiment", &["demo".to_owned()], 5)
}

fn filled(values: &[(&str, &str)]) -> SetupForm {
    let mut form = form(&["input"]);
    for (label, value) in values {
        form.put(label, value);
    }
    form
}

fn preview(columns: &[&str]) -> DatasetPreview {
    let column = |name: &&str| DatasetColumn {
        name: (*name).to_owned(),
        kind: ColumnKind::Text,
        example: "x".to_owned(),
        variable: None,
    };
    DatasetPreview {
        form: DatasetFormat::Csv,
        columns: columns.iter().map(column).collect(),
        rows: Vec::new(),
        more: false,
    }
}

fn knows(name: &str) -> Result<(), String> {
    if name.starts_with("no") { Err(format!("no model is called `{name}`")) } else { Ok(()) }
}

fn press(form: &mut SetupForm, label: &str, keys: &[&str], columns: &[DatasetColumn]) {
    form.form.at = form.form.rows.iter().position(|row| row.label == label).unwrap();
    for key in keys {
        assert!(form.key(key.parse().unwrap(), columns, &bench()), "{key}");
    }
}

#[test]
fn a_form_is_read_as_it_is_filled_in() {
    let mut form = filled(&[
        (FILE, "data/rows.csv"),
        (PROMPTS, "sentiment, triage,sentiment"),
        (MODELS, "demo, gpt-4"),
        (SAMPLES, "3"),
        (COST, "$1.50"),
        (TOKENS, "1_000_000"),
        (TIME, "2 h"),
        (REUSE, "ask failed again"),
        (EXPECTED_COLUMN, "label"),
        (COMPARE, "fields they share"),
        (PASS_RATE, "95%"),
        (ERRORS, "2"),
    ]);
    let wanted = form.read(knows, &bench(), &[]).unwrap();
    assert_eq!(wanted.prompts, ["sentiment", "triage"]);
    let gates = Gates { pass_rate: Some(0.95), errors: Some(2), ..Gates::default() };
    assert_eq!((wanted.gates, wanted.against), (gates, None));
    let BatchRequest { spec, rows, limits, resume, concurrency, session, only, .. } = wanted.request;
    assert_eq!(spec.expected, Expected::Fields);
    assert_eq!(spec.mapping.get("label").map(String::as_str), Some("expected"));
    assert_eq!((spec.name.as_str(), spec.targets.len(), spec.samples), ("rows.csv", 2, 3));
    assert_eq!(
        (limits.cost, limits.tokens, limits.time),
        (Some(1.5), Some(1_000_000), Some(Duration::from_secs(7200)))
    );
    assert_eq!((resume, concurrency, session.as_deref()), (ResumeMode::RetryFailed, 5, Some("default")));
    assert_eq!((rows, only), (RowSource::of("data/rows.csv"), None));
}

#[test]
fn every_way_of_comparing_but_the_one_for_scripts_is_offered() {
    assert_eq!(WAYS.len(), WAY_OF.len());
    assert!(Expected::ALL.iter().all(|way| *way == Expected::Auto || WAY_OF.contains(way)));
}

#[test]
fn rows_are_all_a_range_a_sample_or_those_with_a_value() {
    assert_eq!(rows("all"), Ok((None, None)));
    assert_eq!(rows("1-3,9").unwrap().0.map(|rows| rows.to_string()).as_deref(), Some("1-3,9"));
    assert_eq!(rows("sample 50"), Ok((None, Some(RowPick::Sample(50)))));
    for (text, test) in [("lang = de", RowTest::Is), ("lang != de", RowTest::IsNot), ("lang ~ de", RowTest::Has)] {
        let pick = RowPick::Where { column: "lang".to_owned(), test, value: "de".to_owned() };
        assert_eq!(rows(text), Ok((None, Some(pick))), "{text}");
    }
    for text in ["sample", "sample 0", "0", "= de", "some"] {
        assert!(rows(text).unwrap_err().contains("sample 50"), "{text}");
    }
}

#[test]
fn each_mistake_is_told_on_its_line() {
    for (label, value, says) in [
        (FILE, "", "name a file"),
        (ROWS, "some", "write all"),
        (PROMPTS, " , ", "name a prompt"),
        (MODELS, "", "name a model"),
        (MODELS, "demo, nope", "no model is called `nope`"),
        (SAMPLES, "0", "1 to 100"),
        (AT_ONCE, "9999", "1 to 256"),
        (COST, "-1", "above 0"),
        (COST, "inf", "above 0"),
        (TOKENS, "many", "whole number"),
        (TIME, "soon", "90s"),
        (TIME, "1e300h", "90s"),
        (PASS_RATE, "95", "0.95 or 95%"),
        (ERRORS, "few", "whole number"),
    ] {
        let mut form = filled(&[(FILE, "x.csv"), (label, value)]);
        assert!(form.read(knows, &bench(), &[]).is_none(), "{label} {value}");
        let row = form.form.rows.iter().find(|row| row.label == label).unwrap();
        assert!(row.error.as_ref().is_some_and(|error| error.contains(says)), "{row:?}");
    }
    let mut form = filled(&[(FILE, "x.csv"), (NOT_WORSE, "yes")]);
    assert!(form.read(knows, &bench(), &[]).is_none(), "there is nothing it could be worse than");
}

#[test]
fn what_nobody_has_chosen_suits_the_data() {
    let mut form = form(&["input", "product", "lang"]);
    form.put(FILE, "x.csv");
    form.suit(&preview(&["id", "text", "Lang", "Expected"]), Some(Expected::Fields), &bench());
    let source = |form: &SetupForm, name: &str| {
        let variable = form.variables.iter().find(|variable| variable.name == name).unwrap();
        (variable.source, form.form.value(&label(name)))
    };
    assert_eq!(source(&form, "input"), (Source::Column, "text".to_owned()));
    assert_eq!(source(&form, "product"), (Source::Bench, String::new()), "what the bench holds");
    assert_eq!(source(&form, "lang"), (Source::Column, "Lang".to_owned()));
    assert_eq!(
        (form.form.value(EXPECTED_COLUMN).as_str(), form.form.value(COMPARE).as_str()),
        ("Expected", "fields they share")
    );
    let columns = preview(&["id", "text", "Lang", "Expected"]).columns;
    let request = form.read(knows, &bench(), &columns).unwrap().request;
    let mapping: Vec<_> = request.spec.mapping.iter().map(|(column, name)| (column.as_str(), name.as_str())).collect();
    assert_eq!(mapping, [("Expected", "expected"), ("Lang", "lang")], "`text` is the input by itself");
    assert_eq!(request.vars.get("product").map(String::as_str), Some("Parcelo"));
}

#[test]
fn a_variable_is_a_column_the_value_on_the_bench_or_a_constant() {
    let mut form = form(&["product", "tone"]);
    form.put(FILE, "x.csv");
    let columns = preview(&["id", "name"]).columns;
    form.suit(&preview(&["id", "name"]), None, &bench());
    let open = form.form.rows.iter().find(|row| row.label == label("tone")).unwrap();
    assert!(open.error.as_ref().is_some_and(|error| error.starts_with("no value")), "{open:?}");
    let source = |form: &SetupForm, name: &str| {
        let variable = form.variables.iter().find(|variable| variable.name == name).unwrap();
        (variable.source, form.form.value(&label(name)))
    };
    press(&mut form, &label("product"), &["right"], &columns);
    assert_eq!(source(&form, "product"), (Source::Column, "id".to_owned()), "round the end");
    press(&mut form, &label("product"), &["left"], &columns);
    assert_eq!(source(&form, "product").0, Source::Bench);
    press(&mut form, &label("tone"), &["k", "i", "n", "d"], &columns);
    assert_eq!(source(&form, "tone"), (Source::Constant, "kind".to_owned()));
    let request = form.read(knows, &bench(), &columns).unwrap().request;
    assert_eq!(request.vars.len(), 2);
    form.suit(&preview(&["id", "tone"]), None, &bench());
    assert_eq!(source(&form, "tone").0, Source::Constant, "what a person has chosen stays");
    press(&mut form, &label("tone"), &["backspace", "backspace", "backspace", "backspace"], &columns);
    assert_eq!(source(&form, "tone").0, Source::Open);
}

#[test]
fn other_prompts_bring_other_variables_and_leave_the_rest() {
    let mut form = form(&["input", "tone"]);
    press(&mut form, &label("tone"), &["k"], &[]);
    form.set_variables(&["lang", "tone"].map(str::to_owned).into());
    let labels: Vec<&str> = form.form.rows.iter().map(|row| row.label.as_str()).take(6).collect();
    assert_eq!(labels, [FILE, ROWS, PROMPTS, "{{ lang }}", "{{ tone }}", EXPECTED_COLUMN]);
    assert_eq!((form.form.value("{{ tone }}").as_str(), form.here().unwrap().label.as_str()), ("k", "{{ tone }}"));
}
