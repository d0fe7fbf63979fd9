//! Models that go: said with their day, tried on the successor, and written into the prompt once a person says so.

use std::fs;

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::json;

use super::published::fits;
use crate::support::{
    home::{Home, Ran},
    server::{Script, Server, event_stream, response},
};

/// The day from which the tests look where they can name one.
const TODAY: &str = "2026-11-30";

/// An answer to which the provider counts 100 tokens in and 20 out.
fn answer(text: &str) -> Script {
    let text = serde_json::to_string(text).unwrap();
    Script::answer(event_stream(format!(
        "data: {{\"choices\":[{{\"delta\":{{\"content\":{text}}}}}]}}\n\ndata: {{\"choices\":[{{\"delta\":{{}},\
         \"finish_reason\":\"stop\"}}],\"usage\":{{\"prompt_tokens\":100,\"completion_tokens\":20}}}}\n\ndata: [DONE]\n\n",
    )))
}

/// A home whose price list says when `old-model` goes.
fn home(settings: &str, day: &str) -> Home {
    let home = Home::new();
    home.file("config/config.toml", &format!("{settings}[retry]\nattempts = 1\n"));
    let list = json!({
        "gpt-4o-mini": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "deprecation_date": day},
    });
    home.file("work/prices.json", &list.to_string());
    let ran = home.run(&["models", "--update", "prices.json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    home
}

/// A day so many days from the real today, which `doctor` and the list of prompts look from.
fn in_days(days: i64) -> String {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    today.checked_add(days.days()).unwrap().to_string()
}

async fn run(home: &Home, arguments: &[&str]) -> Ran {
    let mut command = home.command(arguments);
    tokio::task::spawn_blocking(move || Ran::of(command.output().unwrap())).await.unwrap()
}

const PROMPT: &str = "# what support asks\ntargets = [\"gpt-4o-mini\"] # cheap\nuser = \"{{ input }}\"\n[params]\nmax_tokens = 20\ntemperature = \
                      0.3\n[response]\nformat = \"text\"\n[[check]]\ntype = \"contains\"\nvalue = \"yes\"\n";

#[test]
fn what_is_on_a_model_that_goes_is_listed_with_its_day_and_its_successor() {
    let home =
        home("judge = \"gpt-4o-mini\"\n[models.small]\nprovider = \"openai\"\nmodel = \"gpt-4o-mini\"\n", "2027-01-14");
    home.file("config/prompts/p.toml", PROMPT);
    home.file(
        "config/prompts/q.toml",
        "targets = [\"demo\"]\nfallback = [\"small\"]\nuser = \"{{ input }}\"\n[[check]]\ntype = \"llm-rubric\"\nvalue = \"kind\"\njudge = \"gpt-4o-mini\"\n",
    );
    home.file("config/prompts/fine.toml", "targets = [\"demo\"]\nuser = \"{{ input }}\"\n");
    let ran = home.run(&["drift", "--on", TODAY, "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    let found: Vec<(String, String)> = ran
        .lines()
        .iter()
        .map(|line| {
            assert_eq!(
                (&line["day"], &line["days"], line["successor"].is_string()),
                (&json!("2027-01-14"), &json!(45), true),
                "{line}"
            );
            (line["place"].as_str().unwrap().to_owned(), line["role"].as_str().unwrap().to_owned())
        })
        .collect();
    let wanted = [
        ("[models.small] in config.toml", "setting"),
        ("judge in config.toml", "setting"),
        ("p", "target"),
        ("q", "fallback"),
        ("q", "judge"),
    ];
    assert_eq!(found, wanted.map(|(place, role)| (place.to_owned(), role.to_owned())));
    for (arguments, code, words) in [
        (
            &["drift", "--on", TODAY, "--within", "30d", "--fail"][..],
            0,
            "nothing is on a model that goes within 30 days",
        ),
        (&["drift", "--on", TODAY, "--fail"], 100, "2027-01-14"),
        (&["drift", "--on", "2027-02-01"], 0, "gone"),
        (&["drift", "--on", TODAY, "fine", "--fail"], 0, "nothing is on a model"),
    ] {
        let ran = home.run(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {} {}", ran.out, ran.err);
        assert!(ran.out.contains(words), "{arguments:?}: {}", ran.out);
    }
    let ran = home.run(&["drift", "--on", TODAY]);
    assert!(ran.err.contains("q: its judge goes, too: gpt-4o-mini goes in 45 days"), "{}", ran.err);
    assert!(ran.err.contains("`retort drift --run q` asks both"), "{}", ran.err);
    for arguments in
        [&["drift", "fnie"][..], &["drift", "--within", "soon"], &["drift", "--on", "tomorrow"], &["drift", "--accept"]]
    {
        assert_eq!(home.run(arguments).code, Some(2), "{arguments:?}");
    }
}

#[test]
fn doctor_and_the_list_of_prompts_say_it_and_a_model_that_stays_is_not_named() {
    for (days, said) in [(20, true), (400, false)] {
        let home = home("", &in_days(days));
        home.file("config/prompts/p.toml", PROMPT);
        let list = home.run(&["prompts", "list"]);
        assert_eq!(list.err.contains("gpt-4o-mini goes in"), said, "{}", list.err);
        let doctor = home.run(&["doctor"]);
        assert_eq!(doctor.out.contains("(in p); `retort drift` tries it"), said, "{}", doctor.out);
    }
}

/// A server whose own list says that `old-model` goes, and a home with a prompt on it whose baseline has `rows` rows that pass.
async fn tried(rows: usize, answers: &[&str]) -> (Home, Server) {
    prompt_tried(&PROMPT.replace("gpt-4o-mini", "old"), rows, &vec!["yes"; rows], answers).await
}

/// The same of a prompt whose batch gets the answers of `first`.
async fn prompt_tried(prompt: &str, rows: usize, first: &[&str], answers: &[&str]) -> (Home, Server) {
    let list = format!(
        "{{\"data\": [{{\"id\": \"old-model\", \"shutdown_date\": \"{}\"}}, {{\"id\": \"new-model\"}}]}}",
        in_days(20)
    );
    let scripts = std::iter::once(Script::answer(response("200 OK", &[("connection", "close")], list)));
    let server = Server::start(scripts.chain(first.iter().chain(answers).map(|text| answer(text)))).await;
    let home = Home::new();
    let model = |name: &str| {
        format!("[models.{name}]\nprovider = \"own\"\nmodel = \"{name}-model\"\ninput_price = 1\noutput_price = 2\n")
    };
    home.file(
        "config/config.toml",
        &format!(
            "[retry]\nattempts = 1\n[batch]\nconcurrency = 1\n[providers.own]\nkind = \"openai\"\nbase_url = \"{}/v1\"\n{}{}[models.dear]\nprovider = \"own\"\nmodel = \"dear\"\n",
            server.url,
            model("old"),
            model("new")
        ),
    );
    home.file("config/prompts/p.toml", prompt);
    let lines: Vec<String> = (1..=rows).map(|row| format!("{{\"input\": \"row {row}\"}}")).collect();
    home.file("work/rows.jsonl", &(lines.join("\n") + "\n"));
    let ran = run(&home, &["models", "--check"]).await;
    assert!(ran.err.contains("own: serves 2 models"), "{}", ran.err);
    let ran = run(&home, &["batch", "p", "rows.jsonl", "--no-cache"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert_eq!(run(&home, &["review", "p", "--all"]).await.code, Some(0));
    (home, server)
}

fn prompt(home: &Home) -> String {
    fs::read_to_string(home.dir("config").join("prompts/p.toml")).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_is_tried_on_another_model_over_its_baseline_and_edited_with_its_comments() {
    let (home, server) = tried(3, &["yes"; 12]).await;
    let ran = run(&home, &["drift", "--run"]).await;
    assert!(ran.code == Some(100) && ran.err.contains("--to MODEL names one"), "nobody recommends one: {}", ran.err);
    let asked = server.requests().len();
    let ran = run(&home, &["drift", "--run", "--to", "new"]).await;
    assert_eq!((ran.code, server.requests().len() - asked), (Some(0), 6), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("p: old → new: no difference shown: 0 fixed, 0 broken"), "{}", ran.out);
    assert!(ran.out.contains("new: 100% passed, $0.000420"), "{}", ran.out);
    assert!(prompt(&home).contains("\"old\""), "nobody has said yes");
    let ran = run(&home, &["drift", "--run", "--to", "new", "--accept", "--json"]).await;
    assert_eq!(ran.code, Some(0), "{} {}", ran.out, ran.err);
    assert!(fits("drift.json", &ran.lines()) > 0, "{ran:?}");
    let line = &ran.lines()[0];
    assert_eq!(
        (&line["event"], &line["shown"], &line["evidence"]["unchanged"]),
        (&json!("trial"), &json!("no_difference"), &json!(3))
    );
    let after = PROMPT.replace("gpt-4o-mini", "new");
    assert_eq!(prompt(&home), after, "comments and all else stay");
    assert!(run(&home, &["drift", "p"]).await.out.contains("baseline"), "the baseline is still of the model that goes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prompt_that_gets_worse_is_not_edited() {
    let answers = ["yes", "no"].repeat(8);
    let (home, _server) = tried(8, &answers).await;
    let ran = run(&home, &["drift", "--run", "--to", "new", "--accept"]).await;
    assert_eq!(ran.code, Some(100), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("the successor is worse: 0 fixed, 8 broken"), "{}", ran.out);
    assert!(prompt(&home).contains("\"old\"") && !prompt(&home).contains("\"new\""), "{}", prompt(&home));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trial_goes_past_a_cap_and_without_rows_nothing_is_asked() {
    let (home, server) = tried(8, &["yes"; 40]).await;
    let asked = server.requests().len();
    // A call costs 140 millionths.
    let ran = run(&home, &["drift", "--run", "--to", "new", "--max-cost", "0.0005", "--accept"]).await;
    let made = server.requests().len() - asked;
    assert!(ran.code == Some(1) && (1..=3).contains(&made), "{made}: {}", ran.err);
    assert!(prompt(&home).contains("\"old\""), "half a trial is none");
    let asked = server.requests().len();
    let ran = run(&home, &["drift", "--run", "--to", "dear", "--max-cost", "1"]).await;
    assert!(ran.code == Some(2) && ran.err.contains("input_price"), "{}", ran.err);
    fs::remove_file(home.dir("config").join("prompts/p.baseline.jsonl")).unwrap();
    let ran = run(&home, &["drift", "--run", "--to", "new"]).await;
    assert!(ran.code == Some(100) && ran.err.contains("`retort review p --all`"), "{}", ran.err);
    assert_eq!(server.requests().len(), asked);
}

#[tokio::test(flavor = "multi_thread")]
async fn pinned_rows_are_tried_where_the_data_set_is_gone() {
    let (home, server) = tried(3, &["no", "yes", "yes", "yes", "yes"]).await;
    let rows = ["batch", "p", "rows.jsonl", "--no-cache", "--new"];
    run(&home, &rows).await;
    let id = run(&home, &["review", "p", "--json"]).await.lines()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(run(&home, &["review", "p", "--pin", &id]).await.code, Some(0));
    fs::remove_file(home.dir("work").join("rows.jsonl")).unwrap();
    let asked = server.requests().len();
    let ran = run(&home, &["drift", "--run", "--to", "new"]).await;
    assert_eq!((ran.code, server.requests().len() - asked), (Some(0), 2), "{} {}", ran.out, ran.err);
    let body = server.requests().last().unwrap().json();
    assert_eq!(body["messages"][0]["content"], "row 1");
}

const GOOD: &str = r#"{"reason": "It does.", "pass": true, "score": 1}"#;
const BAD: &str = r#"{"reason": "It does not.", "pass": false, "score": 0}"#;

/// A prompt on a model that stays, whose judge goes, with a baseline of so many rows; and what both judges say then.
async fn judge_tried(rows: usize, said: &[&str]) -> (Home, Server, String) {
    let judged = "# who judges\n[[check]]\ntype = \"llm-rubric\"\nvalue = \"Is it a yes?\"\njudge = \"old\" # cheap\n";
    let prompt = PROMPT.replace("gpt-4o-mini", "new").replace("[[check]]", &format!("{judged}[[check]]"));
    let first = ["yes", GOOD].repeat(rows);
    let (home, server) = prompt_tried(&prompt, rows, &first, said).await;
    (home, server, prompt)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_is_tried_on_the_answers_of_the_baseline_and_its_checks_edited_where_it_judges_alike() {
    let (home, server, before) = judge_tried(16, &[GOOD; 64]).await;
    let asked = server.requests().len();
    let ran = run(&home, &["drift", "--run", "--to", "new", "--json"]).await;
    assert_eq!((ran.code, server.requests().len() - asked), (Some(0), 32), "{} {}", ran.out, ran.err);
    assert!(fits("drift.json", &ran.lines()) > 0, "{ran:?}");
    let line = &ran.lines()[0];
    assert_eq!(
        (&line["event"], &line["shown"], &line["both"], &line["agreed"], &line["kappa"]),
        (&json!("judge_trial"), &json!("alike"), &json!(16), &json!(1.0), &json!(null))
    );
    let bodies: Vec<String> = server.requests()[asked..].iter().map(|request| request.json().to_string()).collect();
    assert!(bodies.iter().all(|body| body.contains("Is it a yes?") && body.contains("row ")), "{}", bodies[0]);
    assert_eq!(prompt(&home), before, "nobody has said yes");
    let ran = run(&home, &["drift", "--run", "--to", "new", "--accept"]).await;
    assert!(ran.out.contains("p: judge old → new: alike: 100% of 16 verdicts the same (81 to 100)"), "{}", ran.out);
    assert_eq!(prompt(&home), before.replace("judge = \"old\"", "judge = \"new\""), "comments and all else stay");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_judge_that_says_something_else_or_of_too_few_answers_is_not_put_in_the_place_of_another() {
    let said: Vec<&str> = [GOOD; 8].into_iter().chain([BAD; 8]).collect();
    let (home, _server, before) = judge_tried(8, &said).await;
    let ran = run(&home, &["drift", "--run", "--to", "new", "--accept"]).await;
    assert_eq!(ran.code, Some(100), "{} {}", ran.out, ran.err);
    assert!(ran.out.contains("not alike: 0% of 8 verdicts the same"), "{}", ran.out);
    assert!(ran.err.contains("its checks stay as they are") && prompt(&home) == before, "{}", ran.err);

    let (home, server, before) = judge_tried(3, &[GOOD; 6]).await;
    let asked = server.requests().len();
    let ran = run(&home, &["drift", "--run", "--to", "new", "--max-cost", "0.0000001"]).await;
    assert_eq!((ran.code, server.requests().len() - asked), (Some(1), 0), "{} {}", ran.out, ran.err);
    let ran = run(&home, &["drift", "--run", "--to", "new", "--accept"]).await;
    assert!(ran.code == Some(0) && ran.out.contains("too few answers to say"), "{} {}", ran.out, ran.err);
    assert_eq!(prompt(&home), before);
    fs::remove_file(home.dir("config").join("prompts/p.baseline.jsonl")).unwrap();
    let ran = run(&home, &["drift", "--run", "--to", "new"]).await;
    assert!(ran.code == Some(100) && ran.err.contains("no answer of a baseline is at hand"), "{}", ran.err);
}
