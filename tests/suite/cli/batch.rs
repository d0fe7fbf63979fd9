//! `retort batch` as a script and a person meet it: results in order, gates, reports, and going on.

use std::fs;

use serde_json::Value;

use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream},
};

/// Accepts the answers that the row says.
const RULES: &str =
    "[response]\nformat = \"text\"\n[[check]]\ntype = \"regex\"\nvalue = \"{{ expected }}\"\nmetric = \"right\"\n";

fn home() -> Home {
    let home = Home::new();
    home.file(
        "config/prompts/p.toml",
        &format!("system = \"{{{{ expected }}}}\"\nuser = \"{{{{ input }}}}\"\n{RULES}"),
    );
    home.file("config/config.toml", "[retry]\nattempts = 1\n");
    home
}

fn rows(home: &Home, count: u64) {
    let lines = (1..=count).map(|row| format!("text {row},{}\n", if row % 2 == 0 { "." } else { "zebra" }));
    home.file("work/rows.csv", &("text,expected\n".to_owned() + &lines.collect::<String>()));
}

fn batch(home: &Home, more: &[&str]) -> Ran {
    home.run(&[&["batch", "p", "rows.csv", "-m", "demo", "--no-cache"], more].concat())
}

fn cells(ran: &Ran) -> Vec<Value> {
    ran.lines().into_iter().filter(|line| line["event"] == "cell").collect()
}

#[test]
fn cells_come_in_the_order_of_the_rows_and_the_last_line_sums_them_up() {
    let home = home();
    rows(&home, 12);
    let ran = batch(&home, &["-j", "6", "--samples", "2", "--json"]);
    let cells = cells(&ran);
    let places: Vec<_> =
        cells.iter().map(|cell| (cell["row"].as_u64().unwrap(), cell["sample"].as_u64().unwrap())).collect();
    let wanted: Vec<_> = (1..=12).flat_map(|row| [(row, 1), (row, 2)]).collect();
    assert_eq!(places, wanted, "{}", ran.err);
    let lines = ran.lines();
    let summary = lines.last().unwrap();
    assert_eq!((summary["event"].as_str(), summary["end"].as_str()), (Some("summary"), Some("complete")));
    assert_eq!(summary["cells"], 24);
    let sum = ["passed", "failed", "inconclusive", "unchecked", "errors"]
        .map(|name| summary[name].as_u64().unwrap())
        .iter()
        .sum::<u64>();
    assert_eq!(sum, 24);
    assert!(summary["cost"] == 0.0 && summary["cost_is"] == "known", "a demonstration costs nothing: {summary}");
}

#[test]
fn gates_decide_over_the_exit_where_there_are_any() {
    let home = home();
    rows(&home, 4);
    let failing = batch(&home, &["--json"]);
    let rate = failing.lines().last().unwrap()["pass_rate"].as_f64().unwrap();
    assert!(rate > 0.0 && rate < 1.0, "the demonstration says no zebra: {rate}");
    assert_eq!(failing.code, Some(100));
    for (gate, code) in [("0.1", 0), ("99%", 100)] {
        let ran = batch(&home, &["--min-pass-rate", gate]);
        assert_eq!(ran.code, Some(code), "{gate}: {}", ran.err);
        assert!(ran.err.contains("pass rate ") && ran.err.contains('%'), "{}", ran.err);
    }
    let ran = batch(&home, &["--min-score", "0.99"]);
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    assert!(ran.out.contains("row 1") && ran.out.contains("right"), "{}", ran.out);
}

#[test]
fn when_no_row_can_be_answered_it_could_not_run() {
    let home = home();
    rows(&home, 3);
    let ran = home.run(&["batch", "p", "rows.csv", "-m", "demo:down", "--no-cache", "--min-pass-rate", "0", "--json"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let cells = cells(&ran);
    assert_eq!(cells.len(), 3, "failures are values: {}", ran.err);
    assert!(cells.iter().all(|cell| cell["standing"] == "error" && cell["class"].is_string()));
    assert!(ran.err.contains("--retry-failed"), "{}", ran.err);
}

#[test]
fn reports_are_written_in_every_form() {
    let home = home();
    rows(&home, 3);
    let outs = ["--out", "a.html", "--out", "a.csv", "--out", "a.md", "--out", "a.jsonl", "--junit", "a.xml"];
    let ran = batch(&home, &outs);
    assert_eq!(ran.code, Some(100), "{}", ran.err);
    let read = |name: &str| fs::read_to_string(home.dir("work").join(name)).unwrap();
    assert!(read("a.html").contains("Content-Security-Policy") && !read("a.html").contains("http:"));
    assert_eq!(read("a.jsonl").lines().count(), 3);
    assert!(read("a.csv").starts_with("row,line,") && read("a.md").contains("| p | demo | 3 |"));
    let xml = read("a.xml");
    assert_eq!((xml.matches("<testcase").count(), xml.matches("<failure").count()), (3, 2), "{xml}");
    let bad = batch(&home, &["--out", "a.pdf"]);
    assert_eq!(bad.code, Some(2));
    assert!(bad.err.contains(".html"), "{}", bad.err);
}

#[test]
#[cfg(target_os = "linux")]
fn a_report_that_cannot_be_written_costs_no_second_call() {
    let home = home();
    rows(&home, 3);
    let ran = batch(&home, &["--junit", "/dev/full"]);
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let ran = batch(&home, &["--out", "a.csv"]);
    assert!(ran.err.contains("3 of 3 cells are done"), "{}", ran.err);
    assert_eq!(fs::read_to_string(home.dir("work").join("a.csv")).unwrap().lines().count(), 4);
    assert!(!batch(&home, &[]).err.contains("going on with batch"), "now it is complete");
}

#[test]
fn a_variable_without_a_column_is_refused_before_the_first_call_and_its_column_named() {
    let home = home();
    home.file("work/rows.csv", "text,Expected,n\na,zebra,3\n");
    let ran = batch(&home, &[]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{}", ran.err);
    for word in ["`expected`", "--map Expected=expected", "whole number", "zebra"] {
        assert!(ran.err.contains(word), "{word}: {}", ran.err);
    }
    assert_eq!(batch(&home, &["--map", "Expected=expected"]).code, Some(100));
    let ran = batch(&home, &["--var", "expected=.", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(cells(&ran)[0]["vars"]["expected"], ".");
}

#[test]
fn a_bad_row_is_named_by_its_line_before_the_first_call() {
    let home = home();
    home.file("work/rows.csv", "text,expected\na,b\n\"two\nlines\",b\nc,d,too many\n");
    let ran = batch(&home, &["--json"]);
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{}", ran.err);
    assert!(ran.err.contains("line 5"), "{}", ran.err);
}

#[test]
fn what_is_wrong_with_the_command_line_is_said_with_the_way_out() {
    let home = home();
    rows(&home, 1);
    for (arguments, word) in [
        (&["p"][..], "name a data set after the prompt"),
        (&["rows.csv"], "name a prompt before the data set"),
        (&["p", "nowhere.csv"], "there is no data set"),
        (&["p", "rows.csv", "-m", "no-such-model"], "no-such-model"),
        (&["p", "rows.csv", "--only", "x"], "--only"),
        (&["p", "rows.csv", "--min-pass-rate", "95"], "0.95"),
        (&["p", "rows.csv", "--out", "no/such/a.csv"], "there is no folder"),
    ] {
        let ran = home.run(&[&["batch"], arguments].concat());
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.err);
        assert!(ran.err.contains(word), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn a_dry_run_says_what_it_would_take_and_asks_nothing() {
    let home = home();
    rows(&home, 50);
    let ran = batch(&home, &["--dry-run", "--samples", "2"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.out.starts_with("100 cells: ~") && ran.out.contains("guessed"), "{}", ran.out);
    let json = batch(&home, &["--dry-run", "--json"]).lines();
    assert_eq!((json[0]["event"].as_str(), json[0]["cells"].as_u64()), (Some("estimate"), Some(50)));
}

#[test]
fn rows_of_standard_input_are_asked_and_counted_too() {
    let home = home();
    let ran = home.run_on(
        &["batch", "p", "-", "-m", "demo", "--var", "expected=.", "--json", "--only", "2-3"],
        "one\ntwo\n\nthree\n",
    );
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let inputs: Vec<_> = cells(&ran).iter().map(|cell| cell["input"].as_str().unwrap().to_owned()).collect();
    assert_eq!(inputs, ["two", "three"]);
}

fn answer() -> Vec<u8> {
    event_stream(
        "data: {\"choices\":[{\"delta\":{\"content\":\"zebra\"}}]}\n\ndata: {\"choices\":[{\"delta\":{},\
         \"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1000000,\"completion_tokens\":10}}\n\ndata: [DONE]\n\n",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_stops_it_and_the_same_command_with_a_higher_one_goes_on() {
    let home = home();
    rows(&home, 20);
    // The client may open a connection that it then has no use for.
    let server = Server::start((0..60).map(|_| Script::answer(answer()))).await;
    let run = |cap: &str| {
        let arguments = ["batch", "p", "rows.csv", "-m", "gpt-4o-mini", "-j", "1", "--no-cache", "--json"];
        let mut command = home.command(&[&arguments[..], &["--max-tokens", cap]].concat());
        command.env("OPENAI_API_KEY", "k").env("OPENAI_BASE_URL", format!("{}/v1", server.url));
        tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap()))
    };
    // Each cell takes 1,000,010.
    let ran = run("6500000").await.unwrap();
    assert_eq!(ran.code, Some(1), "{}", ran.err);
    let first = cells(&ran).len();
    assert!((5..=7).contains(&first), "{first}: {}", ran.err);
    assert!(ran.err.contains("--max-tokens") && ran.err.contains("goes on"), "{}", ran.err);
    assert_eq!(ran.lines().last().unwrap()["end"].as_str().map(|end| end.starts_with("stopped")), Some(true));
    let sent = server.requests().len();
    let ran = run("6500000").await.unwrap();
    assert_eq!((ran.code, cells(&ran).len(), server.requests().len()), (Some(1), first, sent), "{}", ran.err);
    assert!(ran.err.contains("stopped by a cap"), "what it took before counts: {}", ran.err);
    let ran = run("100000000").await.unwrap();
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(ran.err.contains("going on with batch"), "{}", ran.err);
    assert!(ran.err.contains(&format!("{first} of 20 cells are done")), "{}", ran.err);
    assert_eq!((cells(&ran).len(), server.requests().len()), (20, 20), "what was answered is not asked again");
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let home = home();
    rows(&home, 30);
    let mut child =
        home.command(&["batch", "p", "rows.csv", "-m", "demo", "--no-cache", "--json", "-j", "4"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = Ran::of(child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let ran = batch(&home, &["--json"]);
    assert!(ran.err.contains("going on with batch"), "{}", ran.err);
    assert_eq!(cells(&ran).len(), 30);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_judge_or_another_model_behind_a_name_begins_anew() {
    let home = home();
    rows(&home, 3);
    let server = Server::start((0..60).map(|_| Script::answer(answer()))).await;
    let settings = |model: &str| {
        let url = &server.url;
        home.file(
            "config/config.toml",
            &format!(
                "[retry]\nattempts = 1\n[providers.own]\nkind = \"openai\"\nbase_url = \"{url}/v1\"\n\
                 [models.mine]\nprovider = \"own\"\nmodel = \"{model}\"\n\
                 [models.judge]\nprovider = \"own\"\nmodel = \"large\"\n"
            ),
        );
    };
    let rubric = format!("user = \"{{{{ input }}}}\"\n{RULES}[[check]]\ntype = \"llm-rubric\"\nvalue = \"polite\"\n");
    home.file("config/prompts/p.toml", &rubric);
    let run = |judge: &str| {
        let most = ["batch", "p", "rows.csv", "-m", "mine", "-j", "1", "--no-cache", "--max-tokens", "1", "--judge"];
        let mut command = home.command(&[&most[..], &[judge]].concat());
        tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap()))
    };
    settings("one");
    for (model, judge, goes_on) in [
        ("one", "judge", false),
        ("one", "judge", true),
        ("one", "mine", false),
        ("two", "judge", false),
        ("two", "judge", true),
        ("one", "judge", true),
    ] {
        settings(model);
        let ran = run(judge).await.unwrap();
        assert_eq!(ran.code, Some(1), "{}", ran.err);
        assert_eq!(ran.err.contains("going on with batch"), goes_on, "{model}, judged by {judge}: {}", ran.err);
    }
}

#[test]
fn the_sample_data_tells_a_weak_model_from_a_good_one() {
    let home = Home::new();
    home.file("work/messages.csv", retort::config::builtin::SAMPLE_DATA);
    let against = ["-m", "demo", "-m", "demo:weak", "--no-cache", "--json"];
    let ran = home.run(&[&["batch", "sentiment", "messages.csv"], &against[..]].concat());
    let passed = |model: &str| {
        let all = cells(&ran).into_iter().filter(|cell| cell["target"] == model);
        all.filter(|cell| cell["standing"] == "passed").map(|cell| cell["row"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let (able, weak) = (passed("demo"), passed("demo:weak"));
    assert_eq!((able.len(), weak.len()), (23, 14), "{}", ran.err);
    assert!(weak.iter().all(|row| able.contains(row)), "weak answers no row that the other does not");
}
