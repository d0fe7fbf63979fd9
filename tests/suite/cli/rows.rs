//! What a person writes in a prompt and in rows: sent as written, refused before the first call, or noted.

use serde_json::Value;

use crate::support::home::{Home, Ran};

/// A home whose prompt `p` is this.
fn home(user: &str, data: &str, rows: &str) -> Home {
    let home = Home::new();
    home.file("config/prompts/p.toml", &format!("user = '''{user}'''\n[response]\nformat = \"text\"\n"));
    home.file(&format!("work/{data}"), rows);
    home
}

fn batch(home: &Home, data: &str, more: &[&str]) -> Ran {
    home.run(&[&["batch", "p", data, "-m", "demo", "--json"], more].concat())
}

fn cells(ran: &Ran) -> Vec<Value> {
    ran.lines().into_iter().filter(|line| line["event"] == "cell").collect()
}

#[test]
fn a_rows_mistaken_check_is_refused_with_its_line_before_the_first_call() {
    for (rows, line, words) in [
        ("input,__expected\na,contains: a\nb,contains:\n", "(line 3)", "value"),
        ("input,__expected\na,contains: a\n\"b\nc\",regex: (?=x)\n", "(line 3)", "look-around"),
        ("input,__expected\na,contains: a\nb,contians: b\n", "line 3", "did you mean `contains`"),
    ] {
        let home = home("{{ input }}", "r.csv", rows);
        let ran = batch(&home, "r.csv", &[]);
        assert!(cells(&ran).is_empty() && matches!(ran.code, Some(1 | 2)), "{}", ran.err);
        assert!(ran.err.contains(line) && ran.err.contains(words), "{}", ran.err);
        let going_on = cells(&batch(&home, "r.csv", &["--keep-going"]));
        assert_eq!(going_on.len(), 2, "{rows}");
        assert_eq!(going_on[1]["standing"], "inconclusive", "{}", going_on[1]);
        assert!(going_on[1]["why"].as_str().unwrap().contains("cannot be used"), "{}", going_on[1]);
    }
}

#[test]
fn what_rows_have_and_lack_is_noted_once() {
    let home = home("{{ input }} {{ b }} {{ a b }}", "r.csv", "sep=;\ninput;b\n;\nhi\n;2\n;\n");
    let ran = batch(&home, "r.csv", &[]);
    assert_eq!(cells(&ran).len(), 2, "{}", ran.err);
    for note in [
        "`{{ a b }}` is no expression and stays as text",
        "2 rows of nothing but separators were left out",
        "1 row has fewer fields than the header",
        "1 row has an empty `input`",
    ] {
        assert_eq!(ran.err.matches(note).count(), 1, "{note}: {}", ran.err);
    }
    let refused = batch(&home, "r.csv", &["--refuse-short-rows"]);
    assert!(refused.err.contains("the row has 1 field, the header has 2"), "{}", refused.err);
    home.file("work/r.csv", "input\nhi\n");
    home.file("config/prompts/p.toml", "user = 'Say hello.'\n[response]\nformat = \"text\"\n");
    assert!(batch(&home, "r.csv", &[]).err.contains("no prompt uses a variable"), "an unused data set is noted");
}

#[test]
fn a_batch_that_goes_on_announces_the_cells_that_it_asks() {
    let row = |number: u64| format!("text {number}\n");
    let whole: String = (1..=6).map(row).collect();
    let home = home("{{ input }}", "r.csv", &format!("input\n{whole}"));
    assert_eq!(cells(&batch(&home, "r.csv", &["--only", "1-4"])).len(), 4);
    // With a row on top every row is another.
    home.file("work/r.csv", &format!("input\nnew\n{whole}"));
    let ran = batch(&home, "r.csv", &["--dry-run"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = home.run(&["batch", "p", "r.csv", "-m", "demo"]);
    assert!(ran.err.contains("0 of 7 cells are done") && ran.err.contains("7 cells: ~"), "{}", ran.err);
}

#[test]
fn an_unused_input_and_a_misspelt_variable_are_noted() {
    let home = home("Say {{ word }} {{ input }", "i.txt", "hello");
    let ran = home.run(&["run", "p", "-m", "demo", "-i", "i.txt", "--var", "word=x", "--var", "wrod=y"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    for note in ["`{{ input }` lacks a brace", "p never uses {{ input }}", "p never uses {{ wrod }}"] {
        assert_eq!(ran.err.matches(note).count(), 1, "{note}: {}", ran.err);
    }
    home.file("config/prompts/my prompt.toml", "user = 'x'\n");
    let listed = home.run(&["prompts"]);
    assert!(listed.err.contains("my prompt.toml is not listed"), "{}", listed.err);
}
