//! What counts as passed at the command line: judges, expected values, gates and exit codes.

use serde_json::Value;

use crate::support::home::{Home, Ran};

/// What the model `m` answers; it is JSON, too.
const ANSWER: &str = r#"{"a": 1, "b": [2], "hello": 3}"#;

/// A home whose model `m` says [`ANSWER`], and whose judge `j` says yes, no, or nothing that can be used.
fn home(judge: &str) -> Home {
    let home = Home::new();
    let model = |name: &str, script: &str| {
        format!(
            "[providers.{name}]\nkind = \"command\"\ncommand = [\"sh\", \"-c\", '''{script}''']\n\
             [models.{name}]\nprovider = \"{name}\"\nmodel = \"{name}-1\"\n"
        )
    };
    let says = format!("cat > /dev/null; printf %s '{ANSWER}'");
    let judged = format!("cat > /dev/null; {judge}");
    let settings = "default_model = \"m\"\njudge = \"j\"\n[retry]\nattempts = 1\n";
    home.file("config/config.toml", &(settings.to_owned() + &model("m", &says) + &model("j", &judged)));
    home.file("config/prompts/plain.toml", "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n");
    home.file(
        "config/prompts/kind.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"llm-rubric\"\nvalue = \"Is it kind?\"\n",
    );
    home.file("config/prompts/json.toml", "user = \"{{ input }}\"\n[response]\nformat = \"json\"\n");
    home
}

const YES: &str = r#"echo '{"reason": "Kind.", "pass": true, "score": 1}'"#;
const NO: &str = r#"echo '{"reason": "Cold.", "pass": false, "score": 0}'"#;
const HM: &str = "echo 'Hard to say.'";

fn status(ran: &Ran) -> String {
    let lines = ran.lines();
    let ended = lines.iter().find(|line| line["event"] == "ended").unwrap();
    ended["status"].as_str().unwrap().to_owned()
}

fn statuses(ran: &Ran) -> Vec<String> {
    let cells = ran.lines().into_iter().filter(|line| line["event"] == "cell");
    cells.map(|cell: Value| cell["standing"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_rubric_is_asked_by_a_run_as_by_a_batch_and_what_it_leaves_open_is_no_pass() {
    for (judge, word, code) in [(YES, "passed", 0), (NO, "failed", 100), (HM, "inconclusive", 100)] {
        let home = home(judge);
        home.file("work/rows.csv", "input\nhello\n");
        let ran = home.run_on(&["run", "kind", "--json", "--no-cache"], "hello");
        assert_eq!((ran.code, status(&ran)), (Some(code), word.to_owned()), "{}", ran.err);
        let both = home.run_on(&["run", "kind", "-m", "m", "-m", "m", "--json", "--no-cache"], "hello");
        assert_eq!((both.code, status(&both)), (Some(code), word.to_owned()), "{}", both.err);
        let batch = home.run(&["batch", "kind", "rows.csv", "--json", "--no-cache"]);
        assert_eq!((batch.code, statuses(&batch)), (Some(code), vec![word.to_owned()]), "{}", batch.err);
        let listed = home.run(&["history", &format!("verdict:{word}"), "prompt:kind", "--json"]);
        assert_eq!(listed.lines().len(), 4, "{}", listed.err);
        let unrun = if word == "inconclusive" { 4 } else { 0 };
        let reviewed = |form: &[&str]| home.run(&[&["quality", "prompt:kind"], form].concat());
        let counted = &reviewed(&["--json"]).lines()[0]["unrun"];
        let counts: Vec<u64> = counted.as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).collect();
        assert_eq!(counts.iter().sum::<u64>(), unrun, "{counted}");
        for form in [&[][..], &["--md"]] {
            let words = reviewed(form).out.lines().filter(|line| line.starts_with("not run: ")).count();
            assert_eq!(words, counts.len(), "{form:?}");
        }
    }
}

#[test]
fn what_is_inconclusive_is_let_through_on_purpose_alone() {
    let home = home(HM);
    home.file("work/rows.csv", "input,__expected\nhello,contains: hell\nworld,llm-rubric: kind\n");
    for (args, code) in [
        (&[][..], 100),
        (&["--min-pass-rate", "0.5"], 100),
        (&["--allow-inconclusive"], 0),
        (&["--allow-inconclusive", "--min-pass-rate", "0.5"], 0),
        (&["--allow-inconclusive", "--min-pass-rate", "0.6"], 100),
    ] {
        let ran = home.run(&[&["batch", "plain", "rows.csv", "--json", "--new"], args].concat());
        assert_eq!(ran.code, Some(code), "{args:?}: {}", ran.err);
        assert_eq!(statuses(&ran), ["passed", "inconclusive"], "{args:?}");
        assert!(ran.err.contains("not run: 1 × llm-rubric") && ran.err.contains("--allow-inconclusive"), "{}", ran.err);
        let summary = ran.lines().pop().unwrap();
        assert_eq!(
            (summary["pass_rate"].as_f64(), summary["unrun"][0]["rule"].as_str()),
            (Some(0.5), Some("llm-rubric"))
        );
    }
    let run = |args: &[&str]| home.run_on(&[&["run", "kind", "--no-cache"], args].concat(), "hello").code;
    assert_eq!((run(&[]), run(&["--allow-inconclusive"])), (Some(100), Some(0)));
}

#[test]
fn rows_without_a_check_are_fine_only_where_no_row_has_one() {
    let home = home(YES);
    home.file("work/none.csv", "input\nhello\nworld\n");
    home.file("work/some.csv", "input,__expected\nhello,contains: hell\nworld,\n");
    let none = home.run(&["batch", "plain", "none.csv", "--json"]);
    assert_eq!((none.code, statuses(&none)), (Some(0), vec!["unchecked".to_owned(); 2]), "{}", none.err);
    let some = home.run(&["batch", "plain", "some.csv", "--json"]);
    assert_eq!((some.code, statuses(&some)), (Some(100), vec!["passed".to_owned(), "unchecked".to_owned()]));
    assert!(some.err.contains("unchecked while others have checks"), "{}", some.err);
}

#[test]
fn what_a_row_expects_is_compared_or_said_to_be_left_out() {
    let home = home(YES);
    let row = |expected: &str| serde_json::json!({"input": "x", "expected": expected}).to_string() + "\n";
    home.file("work/json.jsonl", &(row(r#"{"b": [2.0], "a": 1}"#) + &row(r#"{"a": 2, "z": 1}"#)));
    let text = |expected: &str| format!("x,\"{}\"\n", expected.replace('"', "\"\""));
    home.file("work/text.csv", &("input,expected\n".to_owned() + &text(ANSWER) + &text("World")));
    let by_itself = home.run(&["batch", "json", "json.jsonl", "--json"]);
    assert_eq!((by_itself.code, statuses(&by_itself)), (Some(100), vec!["passed".to_owned(), "failed".to_owned()]));
    assert!(by_itself.err.contains("2 rows have an `expected` value in JSON"), "{}", by_itself.err);
    let why = by_itself.lines()[1]["why"].as_str().unwrap().to_owned();
    assert!(why.contains("0 of 2 fields agree") && why.contains("`/z`: missing, expected `1`"), "{why}");
    let off = home.run(&["batch", "json", "json.jsonl", "--json", "--expected", "off"]);
    assert_eq!((off.code, statuses(&off)), (Some(0), vec!["passed".to_owned(); 2]), "{}", off.err);
    let whole = home.run(&["batch", "json", "json.jsonl", "--json", "--expected", "json"]);
    assert_eq!(statuses(&whole), ["failed", "failed"], "{}", whole.err);

    let text = home.run(&["batch", "plain", "text.csv", "--json"]);
    assert_eq!((text.code, statuses(&text)), (Some(0), vec!["unchecked".to_owned(); 2]), "{}", text.err);
    assert!(text.err.contains("2 rows have an `expected` value that no check uses"), "{}", text.err);
    let equal = home.run(&["batch", "plain", "text.csv", "--json", "--expected", "equals"]);
    assert_eq!((equal.code, statuses(&equal)), (Some(100), vec!["passed".to_owned(), "failed".to_owned()]));
    assert!(!equal.err.contains("no check uses"), "{}", equal.err);
}

#[test]
fn exit_codes_mean_the_same_in_every_command() {
    let home = home(YES);
    home.file("work/rows.csv", "input\nhello\n");
    home.file("config/prompts/open.toml", "user = \"{% if input %}\"\n[response]\nformat = \"text\"\n");
    home.file(
        "config/prompts/lost.toml",
        "user = \"{{ input }}\"\ntargets = [\"nobody\"]\n[response]\nformat = \"text\"\n",
    );
    home.file("config/prompts/bad.toml", "usr = \"{{ input }}\"\n");
    for args in [
        &["run", "nothing", "-i", "rows.csv"][..],
        &["run", "plain", "-i", "rows.csv", "-m", "nobody"],
        &["run", "plain", "-i", "rows.csv", "--judge", "nobody"],
        &["run", "lost", "-i", "rows.csv"],
        &["run", "open", "-i", "rows.csv"],
        &["run", "bad", "-i", "rows.csv"],
        &["batch", "nothing", "rows.csv"],
        &["batch", "plain", "rows.csv", "-m", "nobody"],
        &["batch", "plain", "rows.csv", "--judge", "nobody"],
        &["batch", "lost", "rows.csv"],
        &["batch", "open", "rows.csv"],
        &["batch", "bad", "rows.csv"],
        &["score", "nothing"],
        &["prompts", "show", "nothing"],
        &["quality", "vrdict:passed"],
        &["show", "00000000"],
    ] {
        let ran = home.run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}{}", ran.out, ran.err);
        assert!(!ran.err.is_empty(), "{args:?}");
    }
    assert_eq!(home.run(&["score", "plain"]).code, Some(1), "there is no answer to judge");
}

#[test]
fn the_models_of_one_run_are_compared_with_each_other() {
    let home = home(YES);
    home.file(
        "config/prompts/p.toml",
        "user = \"{{ input }}\"\n[response]\nformat = \"text\"\n[[check]]\ntype = \"contains\"\nvalue = \"hello\"\n\
         [[check]]\ntype = \"max-score\"\n",
    );
    let ran = home.run_on(&["run", "p", "-m", "j", "-m", "m", "--samples", "6", "--json"], "x");
    let verdicts: Vec<String> = ran
        .lines()
        .iter()
        .filter(|line| line["event"] == "ended")
        .map(|line| line["outcome"]["quality"]["verdicts"].as_array().unwrap().last().unwrap()["reason"].to_string())
        .collect();
    let count = |words: &str| verdicts.iter().filter(|reason| reason.contains(words)).count();
    let counts = (count("1.00 is the highest score of 2 answers"), count("that of m has 1.00"));
    assert_eq!(counts, (6, 6), "each sample by itself: {verdicts:?} {}", ran.err);
    let alone = home.run_on(&["run", "p", "-m", "m", "--json"], "x");
    assert!(alone.out.contains("there is no other one"), "{}", alone.out);
}
